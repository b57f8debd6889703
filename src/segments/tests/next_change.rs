//! When a verdict may change is never told too late: compared with the verdicts of every instant at which one can change.

use proptest::prelude::*;

use super::complement::{conditions, worlds};
use super::*;

const HOUR: i64 = 3_600_000;

fn hour(n: i64) -> Timestamp {
    Timestamp(time("2026-03-20T00:00:00Z").0 + n * HOUR)
}

/// The steps of a walk at whose borders verdicts differ and the moment was not told, or was told too late. Between two steps
/// nothing changes: all times, lengths and offsets are multiples of a step.
fn late(condition: &Condition, facts: &CustomerFacts, zone: &str, begin: i64, step: i64, steps: i64) -> Vec<i64> {
    let at = |n: i64| Setting { now: Timestamp(begin + n * step), ..Setting::at("2026-03-01T00:00:00Z", zone) };
    let mut wrong = Vec::new();
    for n in 0..steps {
        let (now, then) = (at(n), at(n + 1));
        let next = condition.next_change(facts, &now.frame());
        assert!(next.is_none_or(|next| next > now.now), "{next:?} is not after {:?}", now.now);
        let changes = condition.fits(facts, &now.frame()) != condition.fits(facts, &then.frame());
        if changes && next.is_none_or(|next| next > then.now) {
            wrong.push(n);
        }
    }
    wrong
}

fn time_conditions() -> impl Strategy<Value = TimeCondition> {
    let length = || (0_i64..60).prop_map(|hours| Duration(hours * HOUR));
    let unit = prop_oneof![
        Just(CalendarUnit::Day),
        Just(CalendarUnit::Week),
        Just(CalendarUnit::Month),
        Just(CalendarUnit::Quarter),
        Just(CalendarUnit::Year)
    ];
    prop_oneof![
        length().prop_map(TimeCondition::Last),
        length().prop_map(TimeCondition::OlderThan),
        length().prop_map(TimeCondition::Next),
        (length(), length()).prop_map(|(a, b)| TimeCondition::Between { from: a.max(b), to: a.min(b) }),
        (0_i64..300, 0_i64..300).prop_map(|(a, b)| TimeCondition::Fixed { since: Some(hour(a)), until: Some(hour(b)) }),
        (unit, 0_i64..3, 1_i64..3).prop_map(|(unit, back, count)| TimeCondition::Calendar { unit, back, count }),
        (-3_i64..3, 0_i64..3).prop_map(|(from, more)| TimeCondition::Anniversary { from, to: from + more }),
    ]
}

/// Where a time can be in a condition.
#[derive(Clone, Copy, Debug)]
enum Place {
    Said,
    Value,
    Property,
    When,
    ThenProperty,
    Orders,
    Spend,
    Product,
    FirstSeen,
    LastSeen,
    Inside,
}

const PLACES: [Place; 11] = [
    Place::Said,
    Place::Value,
    Place::Property,
    Place::When,
    Place::ThenProperty,
    Place::Orders,
    Place::Spend,
    Place::Product,
    Place::FirstSeen,
    Place::LastSeen,
    Place::Inside,
];

/// A condition with the time at this place.
fn asks(place: Place, time: TimeCondition, zone: &str) -> Condition {
    let some = Range { min: Some(1), max: None };
    let seen = SeenCondition { first: None, last: None, channels: None, devices: None };
    let done = |condition| Condition::Did(Box::new(condition));
    match place {
        Place::Said => Condition::Trait(TraitCondition {
            name: "t".into(),
            is: ValueCondition::Exists(true),
            of: TraitValues::Any,
            provenance: vec![],
            said: Some(time),
        }),
        Place::Value => is(ValueCondition::Time(time)),
        Place::Property => done(TouchpointCondition {
            wheres: vec![property("properties.at", ValueCondition::Time(time))],
            ..did("a")
        }),
        Place::When => done(TouchpointCondition { when: Some(time), ..did("a") }),
        Place::ThenProperty => {
            let wheres = vec![property("properties.at", ValueCondition::Time(time))];
            done(TouchpointCondition { then: vec![ThenCondition { wheres, ..then("b", None, true) }], ..did("a") })
        }
        Place::Orders => Condition::Orders(OrdersCondition {
            count: some,
            when: Some(time),
            currency: None,
            net: None,
            gross: None,
            return_rate: None,
            containing: None,
        }),
        Place::Spend => Condition::Spend(SpendCondition {
            currency: gbp(),
            net: None,
            gross: None,
            returned: None,
            return_rate: None,
            when: Some(time),
        }),
        Place::Product => Condition::Product(ProductCondition {
            relation: ProductRelation::Bought,
            is: None,
            when: Some(time),
            count: some,
        }),
        Place::FirstSeen => Condition::Seen(SeenCondition { first: Some(time), ..seen }),
        Place::LastSeen => Condition::Seen(SeenCondition { last: Some(time), ..seen }),
        // The zone of the segment counts, not that of the question.
        Place::Inside => Condition::Segment(SegmentCondition {
            name: "s".into(),
            zone: TimeZone::get(zone).expect("a zone"),
            members: Arc::new(asks(Place::When, time, zone)),
        }),
    }
}

/// Everything of this customer happened at these hours.
fn happened(hours: &[i64]) -> CustomerFacts {
    let mut facts = one_identifier();
    let text = |n: i64| jiff::Timestamp::from_millisecond(hour(n).0).expect("a time").to_string();
    facts.touchpoints = (1..)
        .zip(hours)
        .flat_map(|(n, at)| {
            let of = |name| {
                let properties = json!({"at": [text(at + 5), text(at - 7)]});
                Touchpoint { at: hour(*at), ..touchpoint(2 * n, 0, name, properties) }
            };
            [of("a"), Touchpoint { arrival: Arrival(2 * n + 1), ..of("b") }]
        })
        .collect();
    facts.orders = (1..)
        .zip(hours)
        .map(|(n, at)| order(&i64::to_string(&n), &text(*at), "10", "0", OrderStatus::Placed))
        .collect();
    let (first, last) = (hours.iter().min().copied().unwrap_or(0), hours.iter().max().copied().unwrap_or(0));
    let own = view(&mut facts);
    own.claims = hours.iter().map(|at| claim(*at, "t", &json!(text(*at)), Provenance::Declared, &text(*at))).collect();
    own.identifiers[0].first_seen_at = hour(first);
    own.identifiers[0].last_seen_at = hour(last);
    facts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_time_in_any_place_is_told_in_time(
        place in prop::sample::select(PLACES.to_vec()),
        time in time_conditions(),
        mut hours in prop::collection::vec(0_i64..300, 1..4),
        zone in prop::sample::select(vec!["UTC", "Europe/London", "Asia/Kolkata", "America/New_York"]),
    ) {
        hours.sort_unstable();
        let condition = asks(place, time, zone);
        // Half hours: the offset of Kolkata. The clocks of London and New York change in these days or before.
        let wrong = late(&condition, &happened(&hours), zone, hour(-80).0, HOUR / 2, 800);
        prop_assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn counts_and_chains_are_told_in_time(condition in conditions(), world in worlds()) {
        let begin = time("2026-03-01T00:00:00Z").0 - 5 * HOUR;
        let wrong = late(&condition.condition(), &world.facts(), "UTC", begin, HOUR, 150);
        prop_assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn a_consent_is_told_when_it_ends() {
    let mut facts = one_identifier();
    let given = |n: i64, status, end: i64| ConsentGiven {
        identifier: Arrival(1),
        consent: Arc::new(Consent {
            arrival: Arrival(n),
            owner: Arrival(1),
            fact: ConsentFact { purpose: "marketing".into(), channel: None, status, expires_at: Some(hour(end)) },
            at: hour(0),
            source: "shop".into(),
        }),
    };
    view(&mut facts).consents = Some(vec![given(1, ConsentStatus::Granted, 40), given(2, ConsentStatus::Granted, 20)]);
    let asks = |purpose: &str, status| {
        Condition::Consent(ConsentCondition { purpose: purpose.into(), channel: None, status: vec![status] })
    };
    let granted = asks("marketing", ConsentStatus::Granted);
    assert_eq!(late(&granted, &facts, "UTC", hour(0).0, HOUR, 50), [] as [i64; 0]);
    let next = |condition: &Condition, at: i64| {
        let setting = Setting { now: hour(at), ..usual() };
        condition.next_change(&facts, &setting.frame())
    };
    assert_eq!([next(&granted, 0), next(&granted, 20), next(&granted, 40)], [Some(hour(20)), Some(hour(40)), None]);
    assert_eq!(next(&asks("research", ConsentStatus::Granted), 0), None, "another purpose");
}

#[test]
fn what_no_time_changes_is_never_told() {
    let facts = with_touchpoints(&[(0, "a", json!({}))]);
    let never = |condition: Condition| condition.next_change(&facts, &usual().frame());
    assert_eq!(never(Condition::All(vec![])), None);
    assert_eq!(never(Condition::Not(Box::new(Condition::Did(Box::new(did("a")))))), None);
    assert_eq!(
        never(Condition::Did(Box::new(TouchpointCondition { then: vec![then("b", Some(5), true)], ..did("a") }))),
        None
    );
    // A window that is over, and a touchpoint that another condition asks for.
    let last = |name, count| TouchpointCondition { when: Some(TimeCondition::Last(days(count))), ..did(name) };
    assert_eq!(never(Condition::Did(Box::new(last("a", 3)))), None);
    assert_eq!(never(Condition::Did(Box::new(last("b", 300)))), None);
    let end = Timestamp(facts.touchpoints[0].at.0 + 300 * DAY);
    assert_eq!(never(Condition::Did(Box::new(last("a", 300)))), Some(end));
}
