//! Properties of the pure planner, for any events, in any order, in any batches.

#[path = "../common/mod.rs"]
mod common;
mod decisions;
mod fake;
mod restitch;
mod worlds;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use throughline::domain::fact::Fact;
use throughline::domain::rollup::Rollup;
use throughline::stitching::{Batch, Outcome};

use common::facts::{rules, rules_without_limits};
use fake::FakeStore;
use worlds::{Input, inputs, inputs_of_listed_kinds};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn without_limits_any_order_and_any_batching_give_the_partition_of_union_find(input in inputs_of_listed_kinds()) {
        let rules = rules_without_limits();
        let expected = union_find(&input.facts);
        for facts in [&input.facts, &input.shuffled] {
            let mut store = FakeStore::default();
            store.take(&rules, facts, &input.sizes);
            prop_assert_eq!(store.partition(), expected.clone());
            prop_assert_eq!(store.live, expected.len() as i64);
        }
    }

    #[test]
    fn a_second_import_changes_nothing(input in inputs()) {
        for rules in [rules(), rules_without_limits()] {
            let mut store = FakeStore::default();
            store.take(&rules, &input.facts, &input.sizes);
            let plan = store.apply(&rules, &Batch { facts: input.shuffled.clone() });
            prop_assert!(plan.is_empty());
            for outcome in &plan.outcomes {
                prop_assert!(matches!(outcome, Outcome::Unchanged { .. }), "{:?}", outcome);
            }
            prop_assert_eq!(plan.messages.len() + plan.identifiers.len() + plan.customers.len() + plan.entries.len(), 0);
        }
    }

    #[test]
    fn every_identifier_belongs_to_at_most_one_customer_and_to_none_that_was_merged_away(input in inputs()) {
        // The fake store asserts at every step that no plan gives an identifier to two customers.
        for rules in [tight(), rules_without_limits()] {
            let mut store = FakeStore::default();
            store.take(&rules, &input.shuffled, &input.sizes);
            for identifier in store.identifiers.values() {
                if let Some(customer) = &identifier.customer {
                    prop_assert!(store.customers.contains_key(customer), "{:?}", identifier);
                }
            }
            prop_assert_eq!(store.live, store.customers.len() as i64);
            prop_assert_eq!(store.partition().len(), store.customers.len(), "nobody is left without identifiers");
        }
    }

    #[test]
    fn no_customer_breaches_a_limit(input in inputs()) {
        let rules = tight();
        let mut store = FakeStore::default();
        store.take(&rules, &input.facts, &input.sizes);
        for set in store.partition() {
            prop_assert!(set.len() <= rules.max_identifiers, "{:?}", set);
            for kind in &rules.kinds {
                let prefix = format!("{}:", kind.name);
                let held = set.iter().filter(|name| name.starts_with(&prefix)).count();
                prop_assert!(held <= kind.limit.unwrap_or(usize::MAX), "{:?}", set);
            }
        }
    }

    #[test]
    fn figures_equal_a_recount(input in inputs()) {
        for rules in [tight(), rules_without_limits()] {
            let mut store = FakeStore::default();
            store.take(&rules, &input.facts, &input.sizes);
            let recount = store.recount();
            for identifier in store.identifiers.values() {
                prop_assert_eq!(&identifier.rollup, &recount[&identifier.id], "{}", identifier.key);
            }
            for row in store.customers.values() {
                let own: Vec<_> = store.identifiers.values().filter(|i| i.customer.as_ref() == Some(&row.id)).collect();
                let mut sum = Rollup::default();
                own.iter().for_each(|i| sum.add(&i.rollup));
                prop_assert_eq!(row.order_count, sum.order_count());
                prop_assert_eq!(&row.spend, &sum.money);
                prop_assert_eq!(row.channels.iter().collect::<Vec<_>>(), sum.channels.keys().collect::<Vec<_>>());
                prop_assert_eq!(Some(row.first_seen_at), own.iter().map(|i| i.first_seen_at).min());
                prop_assert_eq!(Some(row.last_seen_at), own.iter().map(|i| i.last_seen_at).max());
            }
        }
    }

    #[test]
    fn claims_and_orders_do_not_depend_on_how_events_are_batched(input in inputs_of_listed_kinds()) {
        let rules = rules_without_limits();
        let mut stores = [&input.sizes, &vec![1], &vec![input.facts.len().max(1)]].map(|sizes| {
            let mut store = FakeStore::default();
            store.take(&rules, &input.facts, sizes);
            store
        });
        let last = stores.last_mut().expect("three stores");
        let (claims, figures) = (last.claims_said(), by_name(last));
        for store in &stores[..2] {
            prop_assert_eq!(store.claims_said(), claims.clone());
            prop_assert_eq!(by_name(store), figures.clone());
        }
    }
}

/// Limits that a small input reaches often.
fn tight() -> throughline::domain::rules::IdentityRules {
    let mut rules = rules();
    rules.max_identifiers = 5;
    rules.kinds[1].limit = Some(2);
    rules.kinds[2].merges = false;
    rules
}

fn by_name(store: &FakeStore) -> BTreeMap<String, Rollup> {
    store.identifiers.values().map(|i| (i.key.to_string(), i.rollup.clone())).collect()
}

/// The oracle: sets that share a member are one.
fn union_find(facts: &[Fact]) -> BTreeSet<BTreeSet<String>> {
    let mut sets: Vec<BTreeSet<String>> = Vec::new();
    for fact in facts {
        let mut set: BTreeSet<String> = fact.identifiers.iter().map(|i| i.key.to_string()).collect();
        let (joined, apart): (Vec<_>, Vec<_>) = sets.into_iter().partition(|other| !other.is_disjoint(&set));
        joined.into_iter().for_each(|other| set.extend(other));
        sets = apart;
        sets.push(set);
    }
    sets.into_iter().collect()
}

#[test]
fn the_oracle_joins_sets_that_share_a_member() {
    let fact = |id: &str, names: &[&str]| {
        names.iter().fold(common::facts::event(id), |event, name| event.anonymous(name)).into()
    };
    let input =
        Input { facts: vec![fact("1", &["a", "b"]), fact("2", &["c"]), fact("3", &["b", "d"])], ..Input::default() };
    assert_eq!(union_find(&input.facts).len(), 2);
}
