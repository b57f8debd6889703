//! Decisions and shared devices, over random histories.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use throughline::domain::blocked::Blocked;
use throughline::domain::decision::DecisionKind;
use throughline::domain::fact::Fact;
use throughline::domain::rollup::Rollup;
use throughline::domain::rules::IdentityRules;
use throughline::domain::{CustomerId, IdentifierId};
use throughline::stitching::sharing::SIGHTINGS;
use throughline::stitching::{Batch, DecisionAction, DecisionOutcome};

use crate::common::facts::{event, rules};
use crate::fake::FakeStore;
use crate::worlds::{Input, inputs};

/// Something a person does, input in numbers that are taken as far as there is something to do it to.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Merge(usize, usize),
    Split(usize, usize),
    KeepApart(usize, usize),
}

pub(crate) fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Act::Merge(a, b)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Act::Split(a, b)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Act::KeepApart(a, b)),
    ];
    proptest::collection::vec(act, 1..8)
}

/// Rules with one user per customer, and devices that can be shared.
pub(crate) fn people() -> IdentityRules {
    let mut rules = rules();
    rules.kinds[1].limit = Some(2);
    rules
}

fn act(store: &mut FakeStore, rules: &IdentityRules, act: &Act) -> DecisionOutcome {
    let customers: Vec<CustomerId> = store.customers.keys().cloned().collect();
    let pick = |n: usize| customers[n % customers.len()].clone();
    match *act {
        Act::Merge(a, b) => store.decide(rules, DecisionAction::Merge(vec![pick(a), pick(b)])),
        Act::KeepApart(a, b) => store.decide(rules, DecisionAction::KeepApart(vec![pick(a), pick(b)])),
        Act::Split(a, b) => {
            let customer = pick(a);
            let held = store.identifiers.values().filter(|i| i.customer.as_ref() == Some(&customer));
            let moved = held.enumerate().filter(|(n, _)| (b >> (n % 16)) & 1 == 1).map(|(_, i)| i.key.clone());
            let moved = moved.collect();
            store.decide(rules, DecisionAction::Split(customer, moved))
        }
    }
}

/// Applies facts and decisions alternately.
pub(crate) fn live(
    store: &mut FakeStore,
    rules: &IdentityRules,
    input: &Input,
    acts: &[Act],
    mut after: impl FnMut(&FakeStore),
) {
    let mut acts = acts.iter();
    for chunk in input.facts.chunks(input.sizes.first().copied().unwrap_or(3).max(1)) {
        store.apply(rules, &Batch { facts: chunk.to_vec() });
        after(store);
        if !store.customers.is_empty()
            && let Some(next) = acts.next()
        {
            act(store, rules, next);
            after(store);
        }
    }
}

/// The invariants.
fn check(store: &FakeStore) {
    for identifier in store.identifiers.values() {
        match &identifier.customer {
            Some(customer) => {
                assert!(store.customers.contains_key(customer), "{} is of nobody who lives", identifier.key);
                let mut held = store.identifiers.values().filter(|i| i.customer.as_ref() == Some(customer));
                let is_all = held.all(|i| i.is_shared());
                assert!(!identifier.is_shared() || is_all, "{} is shared and somebody's", identifier.key);
            }
            None => assert!(identifier.rollup.channels.is_empty() || identifier.is_shared() || !listed(identifier)),
        }
    }
    assert_eq!(store.partition().len(), store.customers.len(), "nobody is left without identifiers");
    assert_eq!(store.live, store.customers.len() as i64);
    let recount = store.recount();
    for row in store.customers.values() {
        let mut sum = Rollup::default();
        let own = store.identifiers.values().filter(|i| i.customer.as_ref() == Some(&row.id));
        own.for_each(|i| sum.add(&recount[&i.id]));
        assert_eq!(row.order_count, sum.order_count());
        assert_eq!(row.spend, sum.money);
    }
    kept_apart(store);
    store.check_grants();
}

fn listed(identifier: &throughline::domain::identifier::Identifier) -> bool {
    rules().kind(&identifier.key.kind).is_some()
}

/// Identifiers that a decision separated are not in one customer, unless a later decision merged them.
fn kept_apart(store: &FakeStore) {
    let side_of = |sides: &[Vec<IdentifierId>], id| sides.iter().position(|side| side.contains(&id));
    for decision in store.decisions.iter().filter(|d| d.kind != DecisionKind::Merge) {
        let ids: Vec<IdentifierId> = decision.sides.iter().flatten().copied().collect();
        for &a in &ids {
            for &b in &ids {
                if side_of(&decision.sides, a) == side_of(&decision.sides, b) {
                    continue;
                }
                let (one, other) = (&store.identifiers[&a].customer, &store.identifiers[&b].customer);
                let together = one.is_some() && one == other;
                // A chain of merges may bring them together too.
                let merged =
                    store.decisions.iter().any(|d| d.kind == DecisionKind::Merge && d.arrival > decision.arrival);
                assert!(!together || merged, "a decision does not hold");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_invariants_hold_after_any_decisions(input in inputs(), acts in acts()) {
        let mut store = FakeStore::default();
        live(&mut store, &people(), &input, &acts, check);
        // The same facts again: nothing that was separated is joined.
        let before = store.partition();
        store.apply(&people(), &Batch { facts: input.facts.clone() });
        prop_assert_eq!(store.partition(), before);
    }

    #[test]
    fn a_split_undoes_a_merge(input in inputs(), acts in acts(), a in any::<usize>(), b in any::<usize>()) {
        let rules = people();
        let mut store = FakeStore::default();
        live(&mut store, &rules, &input, &acts, |_| {});
        let ids: Vec<CustomerId> = store.customers.keys().cloned().collect();
        prop_assume!(ids.len() > 1 && a % ids.len() != b % ids.len());
        let before = by_customer(&store);
        // A merge takes a shared device from a customer that has nothing else.
        let is_shared = |id: &CustomerId| before[id].iter().any(|identifier| store.identifiers[identifier].is_shared());
        prop_assume!(!is_shared(&ids[a % ids.len()]) && !is_shared(&ids[b % ids.len()]));
        let both = vec![ids[a % ids.len()].clone(), ids[b % ids.len()].clone()];
        let outcome = store.decide(&rules, DecisionAction::Merge(both));
        prop_assert!(outcome.done, "{:?}", outcome);
        let (survivor, absorbed) = (outcome.customer.expect("one stays"), outcome.others[0].clone());
        let moved = before[&absorbed].iter().map(|id| store.identifiers[id].key.clone()).collect();
        let outcome = store.decide(&rules, DecisionAction::Split(survivor.clone(), moved));
        prop_assert!(outcome.done, "{:?}", outcome);
        prop_assert_eq!(outcome.others, vec![absorbed]);
        prop_assert_eq!(by_customer(&store), before);
        check(&store);
    }
}

fn by_customer(store: &FakeStore) -> BTreeMap<CustomerId, BTreeSet<IdentifierId>> {
    let mut all: BTreeMap<CustomerId, BTreeSet<IdentifierId>> = BTreeMap::new();
    for identifier in store.identifiers.values() {
        if let Some(customer) = &identifier.customer {
            all.entry(customer.clone()).or_default().insert(identifier.id);
        }
    }
    all
}

fn partition(lines: &[&[&str]]) -> BTreeSet<BTreeSet<String>> {
    lines.iter().map(|line| line.iter().map(|name| name.to_string()).collect()).collect()
}

#[test]
fn a_shared_tablet_joins_nobody_and_customers_that_only_it_joined_are_split() {
    let rules = rules();
    let mut store = FakeStore::default();
    let facts = vec![
        event("1").anonymous("tablet").email("ada@example.org").into(),
        event("2").anonymous("tablet").email("ben@example.org").into(),
        event("3").user("ada").email("ada@example.org").into(),
    ];
    store.apply(&rules, &Batch { facts });
    assert_eq!(store.partition().len(), 1);
    store.apply(&rules, &Batch { facts: vec![event("4").user("ben").anonymous("tablet").into()] });
    let apart = partition(&[&["email:ada@example.org", "user_id:ada"], &["email:ben@example.org"], &["user_id:ben"]]);
    assert_eq!(store.partition(), apart);
    assert!(store.identifiers.values().any(|i| i.is_shared()));
    // Later events link the rest.
    store.apply(&rules, &Batch { facts: vec![event("5").user("ben").email("ben@example.org").into()] });
    assert_eq!(store.partition().len(), 2);
    check(&store);
}

#[test]
fn a_visitor_who_signs_in_is_one_person_and_a_decision_shares_nothing() {
    let rules = rules();
    let mut store = FakeStore::default();
    store.apply(&rules, &Batch { facts: vec![event("1").anonymous("phone").into()] });
    store.apply(&rules, &Batch { facts: vec![event("2").anonymous("phone").email("ada@example.org").into()] });
    let ada = store.customers.keys().next().expect("ada").clone();
    let phone = store.identifiers.values().find(|i| &*i.key.kind == "anonymous_id").expect("a phone").key.clone();
    assert!(store.decide(&rules, DecisionAction::Split(ada, vec![phone])).done);
    store.apply(&rules, &Batch { facts: vec![event("3").anonymous("phone").email("ada@example.org").into()] });
    assert_eq!(store.partition().len(), 2, "the two never rejoin by themselves");
    assert!(store.identifiers.values().all(|i| !i.is_shared()));
}

#[test]
fn a_blocked_value_is_nobody_that_a_device_was_seen_with() {
    let mut rules = rules();
    rules.kinds[5].merges = false;
    for is_blocked in [false, true] {
        let mut store = FakeStore::default();
        let alone = [event("1").anonymous("tablet"), event("2").user("none"), event("3").user("ada")];
        store.apply(&rules, &Batch { facts: alone.map(Fact::from).to_vec() });
        store.apply(&rules, &Batch { facts: vec![event("4").user("none").anonymous("tablet").into()] });
        let mut later = rules.clone();
        later.kinds[0].blocked = Arc::new([Blocked::Value("none".into())].iter().filter(|_| is_blocked).collect());
        store.apply(&later, &Batch { facts: vec![event("5").user("ada").anonymous("tablet").into()] });
        assert_eq!(store.shared().len(), usize::from(!is_blocked));
    }
}

#[test]
fn only_the_latest_sightings_of_a_device_are_looked_at() {
    let mut rules = rules();
    rules.kinds[5].merges = false;
    for between in [SIGHTINGS - 2, SIGHTINGS] {
        let mut store = FakeStore::default();
        let alone = [event("1").anonymous("tablet"), event("2").user("ben"), event("3").user("ada")];
        let mut facts = alone.map(Fact::from).to_vec();
        facts.push(event("4").user("ben").anonymous("tablet").into());
        facts.extend((0..between).map(|n| event(&format!("m{n}")).card(&n.to_string()).anonymous("tablet").into()));
        facts.push(event("5").user("ada").anonymous("tablet").into());
        store.take(&rules, &facts, &[7]);
        assert_eq!(store.shared().len(), usize::from(between < SIGHTINGS));
        assert_eq!(store.restitched(&rules), (store.partition(), store.shared()));
    }
}
