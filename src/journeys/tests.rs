//! A projection with updates equals a new build.

use std::sync::Arc;

use super::paths::PathForm;
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
fn late_and_reassigned_touchpoints_and_memberships_are_visible_and_folded_in() {
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
        reassigned: vec![OwnerReassignment {
            arrival: Arrival(1),
            from: IdentifierId::new(0, 1),
            to: Some(IdentifierId::new(0, 4)),
        }],
        members: vec![
            (IdentifierId::new(0, 2), Some(person("p"))),
            (IdentifierId::new(0, 4), Some(person("r"))),
            (IdentifierId::new(0, 3), None),
        ],
        ..Update::default()
    };
    for _ in 0..2 {
        projection.apply(&update);
        let expected = Population { customers: 2, journeys: 2, touchpoints: 5, unowned: 1, hidden_by_consent: 0 };
        assert_eq!(count(&projection), expected);
        assert_eq!(count(&projection.fold(2)), expected);
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

#[test]
fn the_touchpoints_of_two_owners_are_merged_in_order() {
    /// Owner, time, arrival and name of touchpoints, and the names in the order of the journey.
    type Case = (&'static [(i64, i64, i64, &'static str)], &'static str);
    const CASES: [Case; 6] = [
        // One owner's touchpoints after the other's, in both orders.
        (&[(1, 1, 1, "a"), (1, 2, 2, "b"), (2, 3, 3, "c"), (2, 4, 4, "d")], "a b c d"),
        (&[(2, 1, 1, "a"), (2, 2, 2, "b"), (1, 3, 3, "c"), (1, 4, 4, "d")], "a b c d"),
        // Equal times: the arrival decides.
        (&[(1, 1, 1, "a"), (1, 2, 2, "b"), (2, 2, 3, "c"), (2, 4, 4, "d")], "a b c d"),
        (&[(1, 1, 1, "a"), (1, 2, 3, "b"), (2, 2, 2, "c"), (2, 4, 4, "d")], "a c b d"),
        // Alternating, and one owner's between two of the other.
        (&[(1, 1, 1, "a"), (2, 2, 2, "b"), (1, 3, 3, "c"), (2, 4, 4, "d")], "a b c d"),
        (&[(1, 1, 1, "a"), (1, 4, 2, "d"), (2, 2, 3, "b"), (2, 3, 4, "c")], "a b c d"),
    ];
    for (touchpoints, expected) in CASES {
        // A row of an owner without a customer: before, between or after the customer's rows, or none.
        for unowned in [None, Some(0), Some(2), Some(9)] {
            let mut builder = Builder::new(Arc::new([]));
            // Leaves an identifier without touchpoints between the two.
            let place = |owner: i64| if owner == 1 { 1 } else { 3 };
            touchpoints
                .iter()
                .for_each(|(owner, at, arrival, name)| builder.row(&row(place(*owner), *at, *arrival, name)));
            if let Some(owner) = unowned {
                builder.row(&row(owner, 2, 9, "x"));
            }
            [1, 3].iter().for_each(|owner| builder.member(IdentifierId::new(0, *owner), &CustomerId("p".into())));
            let form = PathForm { to: None, within: None, collapse: false, max_length: 20 };
            let (scope, run) = (Scope::all(Duration::from_secs(1_800)), Run::on(1));
            let question = Question::Paths { form, top: 20 };
            let projection = builder.finish(1);
            let Answer::Paths(paths) = question.answer(&projection, &scope, &run).expect("an answer") else {
                panic!("not paths")
            };
            let names = paths.paths[0].values.iter().map(|value| &**value).collect::<Vec<_>>().join(" ");
            assert_eq!(names, expected, "{touchpoints:?}, unowned at {unowned:?}");
        }
    }
}

#[test]
fn ids_and_consents_are_saved_and_loaded() {
    use crate::domain::consent::ConsentStatus::{Denied, Granted};
    let ids =
        ["00000000000000000000000000000abc", "0123456789abcdef0123456789abcdef", "ffffffffffffffffffffffffffffffff"];
    // Ids as stores give them out, and with one of another form.
    for (known, other) in [(ids.to_vec(), "0"), ([&ids[..], &["FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "p"]].concat(), "q")]
    {
        let mut builder = Builder::new(Arc::new([]));
        for (n, id) in known.iter().enumerate() {
            builder.row(&row(n as i64, 1, n as i64, "a"));
            builder.member(IdentifierId::new(0, n as u32), &CustomerId((*id).into()));
            let held = |purpose: &str, status, expires: Option<i64>| HeldConsent {
                purpose: purpose.into(),
                channel: (purpose == "ads").then(|| "sms".into()),
                status,
                expires_at: expires.map(Timestamp),
            };
            let ends = (n == 1).then_some(-5);
            builder.consents(IdentifierId::new(0, n as u32), &[held("news", Granted, ends), held("ads", Denied, None)]);
        }
        let projection = builder.finish(1);
        let mut bytes = Vec::new();
        projection.write_to(&mut bytes).expect("room");
        let read = Projection::read_from(&mut &bytes[..]).expect("a projection");
        for projection in [projection, read] {
            let mut sorted = known.clone();
            sorted.sort_unstable();
            for (number, id) in sorted.iter().enumerate() {
                let id = CustomerId((*id).into());
                assert_eq!(projection.customer(number as u32), id);
                assert_eq!(projection.find_customer(&id), Some(number as u32));
            }
            assert_eq!(projection.find_customer(&CustomerId(other.into())), None);
            let held: Vec<_> = projection
                .consents()
                .map(|(_, held)| (held.purpose, held.channel, held.status, held.expires_at))
                .collect();
            let expected =
                (0..known.len()).flat_map(|n| [(0, 0, Granted, (n == 1).then_some(-5)), (1, 1, Denied, None)]);
            assert_eq!(held, expected.collect::<Vec<_>>());
        }
    }
}

#[test]
fn attribution_does_not_depend_on_the_ids_of_customers() {
    const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "won"];
    let mut rows = Vec::new();
    for n in 0..300_i64 {
        let customer = n / 6;
        rows.push(row(customer, n, n, NAMES[(n * n * 7 + n * 3 + customer) as usize % NAMES.len()]));
    }
    let goal = attribution::Goal {
        goal: Step::named("won"),
        touches: None,
        dimension: Dimension::NAME,
        lookback: Duration::from_secs(86_400),
        half_life: Duration::from_secs(3_600),
        models: credit::Model::ALL.to_vec(),
    };
    let question = Question::Attribution { goal, top: 50 };
    // Customers are scanned in the order of their ids.
    let answer = |id: fn(u32) -> u32| {
        let mut builder = Builder::new(Arc::new([]));
        rows.iter().for_each(|row| builder.row(row));
        (0..50).for_each(|n| builder.member(IdentifierId::new(0, n), &CustomerId(format!("{:02}", id(n)).into())));
        question.answer(&builder.finish(1), &Scope::all(Duration::from_secs(1_800)), &Run::on(1)).expect("an answer")
    };
    assert_eq!(answer(|n| n), answer(|n| 49 - n));
}
