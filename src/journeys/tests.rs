//! What happens to a projection is the same as building it anew.

use std::sync::Arc;

use super::*;
use crate::domain::touchpoint::Direction;
use crate::domain::{Arrival, CustomerId, Duration, IdentifierId, Timestamp};

fn kind(name: &'static str) -> TouchpointKind<'static> {
    TouchpointKind {
        name,
        kind: "other",
        channel: "website",
        direction: Direction::Inbound,
        source: "shop",
        campaign: None,
        campaign_source: None,
        campaign_medium: None,
        dimensions: &[],
    }
}

fn row(owner: i64, at: i64, arrival: i64, name: &'static str) -> Row<'static> {
    Row {
        owner: IdentifierId::new(0, owner as u32),
        at: Timestamp(at),
        arrival: Arrival(arrival),
        session: None,
        order: None,
        kind: kind(name),
    }
}

fn count(projection: &Projection) -> Population {
    population(projection, &Scope::all(Duration::from_secs(1_800)), &Run::on(2)).expect("an answer")
}

#[test]
fn what_comes_late_moves_and_changes_hands_is_seen_and_folds_in() {
    let person = |name: &str| CustomerId(name.into());
    let mut builder = Builder::new(Arc::new([]));
    [row(1, 5, 1, "a"), row(1, 3, 2, "b"), row(2, 4, 3, "a"), row(3, 9, 4, "c")]
        .iter()
        .for_each(|row| builder.row(row));
    builder.member(IdentifierId::new(0, 1), &person("p"));
    builder.member(IdentifierId::new(0, 2), &person("q"));
    let mut projection = builder.finish(2);
    let before = projection.clone();
    assert_eq!(
        count(&projection),
        Population { customers: 2, journeys: 2, touchpoints: 3, unowned: 1, hidden_by_consent: 0 }
    );

    let update = Update {
        rows: vec![row(2, 1, 5, "d"), row(4, 1, 6, "d"), row(1, 5, 1, "a")],
        moved: vec![Moved { arrival: Arrival(1), from: IdentifierId::new(0, 1), to: Some(IdentifierId::new(0, 4)) }],
        members: vec![
            (IdentifierId::new(0, 2), Some(person("p"))),
            (IdentifierId::new(0, 4), Some(person("r"))),
            (IdentifierId::new(0, 3), None),
        ],
        ..Update::default()
    };
    for _ in 0..2 {
        projection.apply(&update);
        let wanted = Population { customers: 2, journeys: 2, touchpoints: 5, unowned: 1, hidden_by_consent: 0 };
        assert_eq!(count(&projection), wanted);
        assert_eq!(count(&projection.fold(2)), wanted);
        assert_eq!(projection.fold(1).pending(), 0);
    }
    assert_eq!(count(&before).touchpoints, 3, "a clone stays as it was");

    let mut bytes = Vec::new();
    projection.write_to(&mut bytes).expect("room");
    let read = Projection::read_from(&mut &bytes[..]).expect("a projection");
    assert_eq!(count(&read), count(&projection));
    for end in 0..bytes.len() {
        assert!(Projection::read_from(&mut &bytes[..end]).is_err(), "cut at {end}");
    }
}
