//! Compares MARKOV and SHAPLEY with the results of `expected.py`, which uses numpy.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use throughline::domain::touchpoint::Direction;
use throughline::domain::{Arrival, CustomerId, Duration, IdentifierId, Timestamp};
use throughline::journeys::attribution::{Goal, attribution};
use throughline::journeys::credit::Model;
use throughline::journeys::{Builder, Dimension, Row, Run, Scope, Step, TouchpointKind};

#[derive(Deserialize)]
struct Expected {
    customers: Vec<String>,
    conversions: u64,
    markov: BTreeMap<String, f64>,
    shapley: BTreeMap<String, f64>,
}

#[test]
fn markov_and_shapley_equal_the_results_of_numpy() {
    let worlds: Vec<Expected> = serde_json::from_str(include_str!("expected.json")).expect("what expected.py wrote");
    for world in worlds {
        let mut builder = Builder::new(Arc::new([]));
        for (n, touchpoints) in world.customers.iter().enumerate() {
            for (at, name) in (0..).zip(touchpoints.split(' ')) {
                builder.row(&Row {
                    owner: IdentifierId::new(0, n as u32),
                    at: Timestamp(at),
                    arrival: Arrival::new(n as i64 + 1, at as u32),
                    session: None,
                    order: None,
                    kind: TouchpointKind {
                        name,
                        kind: "other",
                        channel: "website",
                        direction: Direction::Inbound,
                        source: "shop",
                        campaign: None,
                        campaign_source: None,
                        campaign_medium: None,
                        dimensions: &[],
                    },
                });
            }
            builder.member(IdentifierId::new(0, n as u32), &CustomerId(format!("c{n}").into()));
        }
        let goal = Goal {
            goal: Step::named("!"),
            touches: None,
            dimension: Dimension::NAME,
            lookback: Duration::from_secs(1_000),
            half_life: Duration::from_secs(1),
            models: vec![Model::Markov, Model::Shapley],
        };
        let scope = Scope::all(Duration::from_secs(1_800));
        let answer = attribution(&builder.finish(2), &scope, &goal, 500, &Run::on(2)).expect("an answer");
        assert_eq!(answer.conversions, world.conversions);
        for (result, expected) in answer.models.iter().zip([&world.markov, &world.shapley]) {
            assert_eq!(result.rows.len(), expected.len());
            for row in &result.rows {
                let wanted = expected[&*row.value];
                let off = (row.conversions - wanted).abs();
                assert!(off < 1e-9, "{:?} {}: {} is not {wanted}", result.model, row.value, row.conversions);
            }
        }
    }
}
