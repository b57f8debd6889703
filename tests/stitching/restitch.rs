//! Replays under the current rules and under others, over random histories.

use proptest::prelude::*;
use throughline::domain::rules::IdentityRules;
use throughline::stitching::Batch;

use crate::common::facts::{event, rules};
use crate::decisions::{acts, live, people};
use crate::fake::FakeStore;
use crate::worlds::inputs;

/// Rules that differ in limits, the cap, which kinds merge, which kinds are devices, the order of kinds, and a kind that is
/// no longer listed.
fn other_rules() -> impl Strategy<Value = IdentityRules> {
    let limits = prop::collection::vec(prop::option::of(1..4_usize), 6);
    let flags = prop::collection::vec((any::<bool>(), any::<bool>()), 6);
    (limits, flags, 2..12_usize, Just((0..6).collect::<Vec<usize>>()).prop_shuffle(), 4..=6_usize).prop_map(
        |(limits, flags, cap, order, listed)| {
            let mut rules = rules();
            rules.max_identifiers = cap;
            for ((kind, limit), (device, merges)) in rules.kinds.iter_mut().zip(limits).zip(flags) {
                (kind.limit, kind.device, kind.merges) = (limit, device, merges);
            }
            rules.kinds = order.iter().take(listed).map(|&n| rules.kinds[n].clone()).collect();
            rules
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_replay_of_the_evidence_gives_the_current_state(input in inputs(), acts in acts(), cap in 3..9_usize) {
        let mut rules = people();
        for tight in [false, true] {
            if tight {
                rules.max_identifiers = cap;
                rules.kinds[2].merges = false;
                rules.kinds[3].limit = Some(1);
                rules.kinds[5].merges = cap % 2 == 0;
            }
            let mut store = FakeStore::default();
            live(&mut store, &rules, &input, &acts, |store| {
                assert_eq!(store.restitched(&rules), (store.partition(), store.shared()));
            });
            prop_assert_eq!(store.difference(&rules).pieces.len(), 0);
        }
    }

    #[test]
    fn a_restitch_gives_the_state_of_the_new_rules_and_every_id_finds_a_customer(
        input in inputs(), acts in acts(), other in other_rules(),
    ) {
        let mut store = FakeStore::default();
        live(&mut store, &people(), &input, &acts, |_| {});
        let before = store.partition();
        let trial = store.difference(&other);
        prop_assert_eq!(trial.customers_now, store.customers.len());
        let done = store.apply_moves(&other);
        prop_assert_eq!(&done, &trial, "a trial equals its save");
        store.check_grants();
        prop_assert_eq!(store.customers.len(), trial.customers_after);
        prop_assert_eq!(store.live, store.customers.len() as i64);
        prop_assert_eq!(store.partition().len(), store.customers.len(), "nobody is left without identifiers");
        prop_assert_eq!(store.difference(&other).pieces, vec![], "nothing is left to do");
        for id in store.ids() {
            let now = store.living(&id).expect("an id that was given out");
            prop_assert!(store.customers.contains_key(&now), "{:?}", id);
        }
        let recount = store.recount();
        for row in store.customers.values() {
            let own = store.identifiers.values().filter(|i| i.customer.as_ref() == Some(&row.id));
            let orders: i64 = own.map(|i| recount[&i.id].order_count()).sum();
            prop_assert_eq!(row.order_count, orders);
        }
        // And back: the same people as before. Who had no customer then and was given an id meanwhile keeps it.
        store.apply_moves(&people());
        let after = store.partition();
        prop_assert!(before.is_subset(&after), "{:?} is not in {:?}", before, after);
        prop_assert!(after.difference(&before).all(|set| set.len() == 1));
        prop_assert_eq!(store.difference(&people()).pieces, vec![]);
    }

    #[test]
    fn a_replay_includes_facts_after_a_change_of_rules(input in inputs(), other in other_rules()) {
        let mut store = FakeStore::default();
        let (first, then) = input.facts.split_at(input.facts.len() / 2);
        store.take(&people(), first, &input.sizes);
        let settled = store.apply_moves(&other);
        // A customer that would be left with nothing keeps what a replay gives to nobody: that tells later.
        prop_assume!(store.restitched(&other).0 == store.partition());
        for fact in then {
            store.apply(&other, &Batch { facts: vec![fact.clone()] });
            prop_assert_eq!(store.restitched(&other), (store.partition(), store.shared()), "{:?}", settled);
        }
    }
}

#[test]
fn a_stricter_limit_splits_and_a_wider_one_joins_again() {
    let (mut strict, wide) = (rules(), rules());
    strict.kinds[1].limit = Some(1);
    let mut store = FakeStore::default();
    let facts = vec![
        event("1").email("ada@example.org").anonymous("a").into(),
        event("2").email("ben@example.org").view().into(),
        event("3").email("ben@example.org").anonymous("a").into(),
    ];
    store.apply(&wide, &Batch { facts });
    let ada = store.customers.keys().next().expect("ada").clone();
    assert_eq!(store.partition().len(), 1);
    let split = store.apply_moves(&strict);
    assert_eq!((split.customers_now, split.customers_after, split.splits, split.joins), (1, 2, 1, 0));
    assert!(store.customers.contains_key(&ada), "the id stays with the oldest");
    let joined = store.apply_moves(&wide);
    assert_eq!((joined.customers_now, joined.customers_after, joined.splits, joined.joins), (2, 1, 0, 1));
    assert_eq!(store.customers.keys().collect::<Vec<_>>(), [&ada]);
}
