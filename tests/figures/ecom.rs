//! The figures of a published data set, without a store. The data is not in this repository: see
//! tests/real_input/README.md, and set THROUGHLINE_ECOM to the file.

use std::io::BufRead;
use std::sync::Arc;

use throughline::domain::touchpoint::Direction;
use throughline::domain::{Arrival, CustomerId, Duration, IdentifierId, Timestamp};
use throughline::journeys::funnel::{FunnelSteps, funnel};
use throughline::journeys::transitions::transitions;
use throughline::journeys::{Builder, Projection, Row, Run, Scope, Step, TouchpointKind, Unit};

/// The events that `ecom_to_events.py` makes.
fn projection(path: &str) -> Projection {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("the file that THROUGHLINE_ECOM names"));
    let mut builder = Builder::new(Arc::new([]));
    let mut customers = std::collections::HashMap::new();
    for (line, arrival) in file.lines().zip(1..) {
        let event: serde_json::Value = serde_json::from_str(&line.expect("text")).expect("an event");
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        let next = customers.len() as u32 + 1;
        let owner = *customers.entry(text(&event["userId"])).or_insert(next);
        let (name, session) = (text(&event["event"]), text(&event["context"]["sessionId"]));
        builder.row(&Row {
            owner: IdentifierId::new(0, owner),
            at: Timestamp::parse(&text(&event["timestamp"])).expect("a time"),
            arrival: Arrival(arrival),
            session: Some(&session),
            order: None,
            kind: TouchpointKind {
                name: &name,
                kind: "other",
                channel: "website",
                direction: Direction::Inbound,
                source: "ecom",
                campaign: None,
                campaign_source: None,
                campaign_medium: None,
                dimensions: &[],
            },
        });
    }
    for (customer, owner) in customers {
        builder.member(IdentifierId::new(0, owner), &CustomerId(customer.into()));
    }
    builder.finish(2)
}

#[test]
fn ecom_has_the_published_figures() {
    let Ok(path) = std::env::var("THROUGHLINE_ECOM") else { return };
    let projection = projection(&path);
    let names = ["product_view", "add_to_cart", "cart", "shipping_details", "payment_details", "purchase"];
    let steps = FunnelSteps { steps: names.iter().map(|name| Step::named(name)).collect(), within: None };
    let reached = |per: Unit| -> Vec<u64> {
        let scope = Scope { per, ..Scope::all(Duration::from_secs(1_800)) };
        let answer = funnel(&projection, &scope, &steps, None, 20, true, &Run::on(2)).expect("an answer");
        answer.steps.iter().map(|step| step.reached).collect()
    };
    assert_eq!(reached(Unit::Customer), [598, 517, 429, 329, 222, 114]);
    assert_eq!(reached(Unit::Session), [2868, 944, 477, 194, 72, 15]);
    let graph =
        transitions(&projection, &Scope::all(Duration::from_secs(1_800)), 500, true, &Run::on(2)).expect("an answer");
    assert_eq!((graph.total, graph.other), (31_706, 0));
    assert_eq!(graph.links.iter().map(|link| link.count).sum::<u64>(), 31_706);
}
