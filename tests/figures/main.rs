//! Compares every figure about journeys with a simple implementation, and with each other, over random small worlds with
//! equal times, several identifiers per customer, sessions with ids and by gaps, late and reassigned touchpoints, and
//! changed memberships.

mod ecom;
mod numpy;
mod pattern;
mod plain;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use throughline::domain::{CustomerId, Duration, Timestamp};
use throughline::journeys::attribution::{Goal, attribution};
use throughline::journeys::compare::compare;
use throughline::journeys::credit::Model;
use throughline::journeys::customer_set::{CustomerSet, StepProgress};
use throughline::journeys::flow::{FlowEntryKind, flow};
use throughline::journeys::funnel::{Breakdown, FunnelStep, FunnelSteps, Group, funnel, funnel_customers};
use throughline::journeys::paths::{PathForm, paths};
use throughline::journeys::pattern::{match_customers, matches};
use throughline::journeys::time_between::time_between;
use throughline::journeys::transitions::transitions;
use throughline::journeys::{Dimension, Projection, Purpose, Run, Scope, Step, Unit, population};

use crate::world::{World, histories, live};

const DIMENSIONS: [&str; 4] = ["name", "channel", "campaign", "properties.platform"];

fn dimension(name: &str) -> Dimension {
    Dimension::named(name, &world::configured()).expect("a dimension")
}

fn texts(values: &[String]) -> Vec<Arc<str>> {
    values.iter().map(|value| value.as_str().into()).collect()
}

fn step(plain: &plain::Step) -> Step {
    let mut step = Step::default();
    for (of, values) in &plain.0 {
        match *of {
            "name" => step.names = texts(values),
            "channel" => step.channels = texts(values),
            "campaign" => step.campaigns = texts(values),
            other if !values.is_empty() => step.wheres.push((dimension(other), texts(values))),
            _ => {}
        }
    }
    step
}

fn scope(plain: &plain::Scope) -> Scope {
    Scope {
        since: plain.since.map(Timestamp),
        until: plain.until.map(Timestamp),
        segment: plain
            .segment
            .as_ref()
            .map(|segment| segment.iter().map(|id| CustomerId(id.as_str().into())).collect()),
        include: plain.include.as_ref().map(step),
        exclude: plain.exclude.as_ref().map(step),
        per: plain.per,
        session_gap: Duration(plain.gap),
        dimension: dimension(plain.dimension),
        purpose: plain.purpose.map(|name| Purpose { name: name.into(), now: Timestamp(plain.now) }),
        shown_for: plain.shown_for.map(|name| Purpose { name: name.into(), now: Timestamp(plain.now) }),
    }
}

fn steps() -> impl Strategy<Value = plain::Step> {
    let list =
        |all: &'static [&'static str]| prop::collection::vec(prop::sample::select(all).prop_map(str::to_owned), 1..3);
    let one = prop_oneof![
        6 => list(&["a", "b", "c", "START", "\\(direct)", "zebra"]).prop_map(|values| ("name", values)),
        2 => list(&["web", "mail", "…"]).prop_map(|values| ("channel", values)),
        1 => list(&["spring", "(none)", "\\(none)"]).prop_map(|values| ("campaign", values)),
        1 => list(&["ios", "(none)"]).prop_map(|values| ("properties.platform", values)),
    ];
    let lists = prop::collection::btree_map(Just(()).prop_flat_map(|()| 0..4_u8), one, 0..3);
    lists.prop_map(|lists| {
        let mut all: Vec<_> = lists.into_values().collect();
        all.sort();
        all.dedup_by_key(|(of, _)| *of);
        plain::Step(all)
    })
}

fn scopes() -> impl Strategy<Value = plain::Scope> {
    let times = (prop::option::weighted(0.3, 0_i64..40_000), prop::option::weighted(0.3, 20_000_i64..70_000));
    let filters = (prop::option::weighted(0.2, steps()), prop::option::weighted(0.3, steps()));
    let segment =
        prop::option::weighted(0.2, prop::collection::btree_set((0_u8..5).prop_map(|n| format!("customer-{n}")), 0..4));
    let unit = prop::sample::select(&[Unit::Customer, Unit::Session][..]);
    (
        times,
        filters,
        segment,
        unit,
        0_i64..8_000,
        prop::sample::select(&DIMENSIONS[..]),
        (
            prop::option::weighted(0.2, Just("marketing")),
            prop::option::weighted(0.3, prop::sample::select(&["marketing", "never said"][..])),
        ),
    )
        .prop_map(|((since, until), (include, exclude), segment, per, gap, dimension, (purpose, shown_for))| {
            plain::Scope {
                since,
                until: until.map(|until| until.max(since.unwrap_or(0))),
                include,
                exclude,
                per,
                gap,
                dimension,
                purpose,
                shown_for,
                now: 1_000,
                segment,
            }
        })
}

/// A world, its projection, and a valid scope for it.
fn asked() -> impl Strategy<Value = (World, Projection, plain::Scope)> {
    (histories(), scopes()).prop_map(|((history, at_once), mut scope)| {
        let (world, projection) = live(&history, at_once);
        let known = |held: &Vec<throughline::journeys::HeldConsent>| held.iter().any(|c| &*c.purpose == "marketing");
        if !world.consents.values().any(known) {
            scope.purpose = None;
        }
        (world, projection, scope)
    })
}

fn run() -> Run {
    Run::on(2)
}

fn ids(people: &CustomerSet) -> Vec<String> {
    people.all().iter().map(|customer| customer.0.to_string()).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

fn part(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Checks the unknown values of steps. The values of a removed touchpoint may stay known in `live`; `built`, from a
/// projection without it, is exact.
fn check_unknown(live: &[Arc<str>], built: &[Arc<str>], world: &World, steps: &[&plain::Step]) {
    let unknown: BTreeSet<String> = live.iter().map(|value| value.to_string()).collect();
    let wanted = plain::unknown(world, steps);
    assert!(unknown.is_subset(&wanted), "{unknown:?} {wanted:?}");
    let built: Vec<String> = built.iter().map(|value| value.to_string()).collect();
    assert_eq!(built, wanted.into_iter().collect::<Vec<_>>());
}

/// An entry of a flow, and its kind.
type Entry = (String, &'static str);

/// Checks a step of a funnel against these chains.
fn check_step(step: &FunnelStep, chains: &[(plain::Journey, Vec<usize>)]) {
    let number = step.number as usize;
    let reached = |number: usize| chains.iter().filter(|(_, chain)| chain.len() >= number).count() as u64;
    assert_eq!(step.reached, reached(number));
    assert_eq!(step.dropped, if number == 1 { 0 } else { reached(number - 1) - reached(number) });
    assert_eq!(step.of_first, part(reached(number), reached(1)));
    assert_eq!(step.of_previous, if number == 1 { 1.0 } else { part(reached(number), reached(number - 1)) });
    let times = chains
        .iter()
        .filter(|(_, chain)| number > 1 && chain.len() >= number)
        .map(|(journey, chain)| journey.touchpoints[chain[number - 1]].at - journey.touchpoints[chain[number - 2]].at);
    assert_eq!(step.median_seconds_from_previous, plain::median(times.collect()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_population_counts_customers_and_touchpoints_in_scope((world, projection, plain) in asked()) {
        let counted = population(&projection, &scope(&plain), &run()).expect("an answer");
        prop_assert_eq!(counted, plain::population(&world, &plain));
        let built = population(&world.build(), &scope(&plain), &run());
        if plain.shows_all() {
            prop_assert_eq!(counted, built.expect("an answer"));
        }
        // Touchpoints in scope, without a customer, and hidden sum to all that match the times, include and exclude.
        let everybody = plain::Scope { segment: None, purpose: None, shown_for: None, ..plain.clone() };
        let all = population(&projection, &scope(&everybody), &run()).expect("an answer");
        if plain.segment.is_none() {
            prop_assert_eq!(counted.touchpoints + counted.hidden_by_consent, all.touchpoints);
        }
        prop_assert_eq!(counted.unowned, all.unowned);
    }

    #[test]
    fn transitions_are_all_adjacent_pairs((world, projection, plain) in asked(), top in 0_usize..8) {
        let graph = transitions(&projection, &scope(&plain), top, true, &run()).expect("an answer");
        let links = plain::links(&world, &plain);
        let size = plain::population(&world, &plain);
        prop_assert_eq!(graph.total, size.touchpoints + size.journeys);
        prop_assert_eq!(graph.links.len(), links.len().min(top));
        for (link, (from, to, count, journeys, median)) in graph.links.iter().zip(&links) {
            let leaving = links.iter().filter(|link| link.0 == *from).map(|link| link.2).sum();
            prop_assert_eq!((&*link.from, &*link.to, link.count, link.journeys), (from.as_str(), to.as_str(), *count, *journeys));
            prop_assert_eq!(link.median_seconds, *median);
            prop_assert_eq!((link.share, link.share_of_from), (part(*count, graph.total), part(*count, leaving)));
        }
        prop_assert_eq!(graph.other + graph.links.iter().map(|link| link.count).sum::<u64>(), graph.total);
        let ends: BTreeSet<_> = graph.links.iter().flat_map(|link| [link.from.clone(), link.to.clone()]).collect();
        prop_assert_eq!(&ends, &graph.nodes.iter().map(|node| node.value.clone()).collect());
        let journeys = plain::journeys(&world, &plain);
        for node in &graph.nodes {
            let has = |t: &world::Touchpoint| plain.value(t) == *node.value;
            let virtual_end = ["START", "END"].contains(&&*node.value);
            let with = journeys.iter().filter(|journey| virtual_end || journey.touchpoints.iter().any(has)).count();
            let touchpoints = journeys.iter().flat_map(|journey| &journey.touchpoints).filter(|t| has(t)).count();
            prop_assert_eq!((node.touchpoints, node.journeys), (touchpoints as u64, with as u64));
        }
        prop_assert!(graph.nodes.is_sorted_by_key(|node| (std::cmp::Reverse(node.touchpoints), node.value.clone())));
    }

    #[test]
    fn a_flow_has_the_entries_around_the_anchor(
        (world, projection, plain) in asked(), anchor in steps(), before in 0_u32..3, after in 0_u32..4, top in 0_usize..4
    ) {
        let answer = flow(&projection, &scope(&plain), &step(&anchor), (before, after), top, &run()).expect("an answer");
        let rows = plain::flow(&world, &plain, &anchor, before.into(), after.into());
        prop_assert_eq!(answer.journeys, rows.len() as u64);
        if plain.shows_all() {
            let built = flow(&world.build(), &scope(&plain), &step(&anchor), (before, after), top, &run()).expect("an answer");
            check_unknown(&answer.unknown_values, &built.unknown_values, &world, &[&anchor]);
        }
        prop_assert_eq!(answer.columns.len() as u32, before + after + 1);
        let mut cut: Vec<BTreeMap<Entry, Entry>> = Vec::new();
        for (n, column) in answer.columns.iter().enumerate() {
            let mut counts: BTreeMap<Entry, u64> = BTreeMap::new();
            rows.iter().for_each(|row| *counts.entry(row[n].clone()).or_default() += 1);
            let mut values: Vec<_> = counts.iter().filter(|((_, kind), _)| *kind == "VALUE").collect();
            values.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.0.cmp(&b.0.0)));
            let others: Vec<_> = values.split_off(top.min(values.len())).into_iter().map(|(key, _)| key.clone()).collect();
            let map = counts.keys().map(|key| {
                (key.clone(), if others.contains(key) { ("OTHER".to_owned(), "OTHER") } else { key.clone() })
            });
            cut.push(map.collect());
            let mut wanted: BTreeMap<Entry, u64> = BTreeMap::new();
            counts.iter().for_each(|(key, count)| *wanted.entry(cut[n][key].clone()).or_default() += count);
            let got: BTreeMap<_, _> = column.entries.iter().map(|e| ((e.value.to_string(), e.kind.as_str()), e.journeys)).collect();
            prop_assert_eq!(got, wanted);
            prop_assert_eq!((column.step, column.total), (n as i32 - before as i32, answer.journeys));
            prop_assert_eq!(column.entries.iter().map(|e| e.journeys).sum::<u64>(), answer.journeys);
            prop_assert!(column.entries.iter().all(|e| e.share == part(e.journeys, answer.journeys)));
            prop_assert!(column.entries.is_sorted_by_key(|e| std::cmp::Reverse(e.journeys)));
        }
        let mut wanted: BTreeMap<(i32, Entry, Entry), u64> = BTreeMap::new();
        for row in &rows {
            for n in 1..row.len() {
                let key = (n as i32 - 1 - before as i32, cut[n - 1][&row[n - 1]].clone(), cut[n][&row[n]].clone());
                *wanted.entry(key).or_default() += 1;
            }
        }
        let got: BTreeMap<_, _> = answer.links.iter().map(|link| {
            let end = |value: &Arc<str>, kind: FlowEntryKind| (value.to_string(), kind.as_str());
            ((link.step, end(&link.from, link.from_kind), end(&link.to, link.to_kind)), link.journeys)
        }).collect();
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn a_funnel_is_the_longest_chain_that_starts_earliest(
        (world, projection, plain) in asked(),
        steps in prop::collection::vec(steps(), 1..5),
        within in prop::option::of(0_i64..30_000),
        by in prop::sample::select(&DIMENSIONS[..]),
        top in 0_usize..3,
    ) {
        let asked = FunnelSteps { steps: steps.iter().map(step).collect(), within: within.map(Duration) };
        let breakdown = Breakdown::Dimension(dimension(by));
        let scope = scope(&plain);
        let answer = funnel(&projection, &scope, &asked, Some(&breakdown), 500, true, &run()).expect("an answer");
        let chains: Vec<_> = plain::journeys(&world, &plain).into_iter().map(|journey| {
            let chain = plain::chain(&journey, &steps, within);
            (journey, chain)
        }).filter(|(_, chain)| !chain.is_empty()).collect();
        prop_assert_eq!(answer.entered, chains.len() as u64);
        answer.steps.iter().for_each(|step| check_step(step, &chains));
        if plain.shows_all() {
            let built = funnel(&world.build(), &scope, &asked, None, 500, true, &run()).expect("an answer");
            check_unknown(&answer.unknown_values, &built.unknown_values, &world, &steps.iter().collect::<Vec<_>>());
        }
        let value = |(journey, chain): &(plain::Journey, Vec<usize>)| plain::shown(journey.touchpoints[chain[0]].value(by));
        let mut groups: BTreeMap<String, Vec<_>> = BTreeMap::new();
        chains.iter().for_each(|chain| groups.entry(value(chain)).or_default().push(chain.clone()));
        prop_assert_eq!(answer.groups.len(), groups.len());
        for group in &answer.groups {
            group.steps.iter().for_each(|step| check_step(step, &groups[&*group.value]));
        }
        prop_assert!(answer.groups.is_sorted_by_key(|group| (std::cmp::Reverse(group.steps[0].reached), group.value.clone())));
        // The groups that are not shown are the last entry, so the groups sum to the funnel however many are shown.
        let cut = funnel(&projection, &scope, &asked, Some(&breakdown), top, true, &run()).expect("an answer");
        prop_assert_eq!(&cut.groups[..top.min(groups.len())], &answer.groups[..top.min(groups.len())]);
        let rest: Vec<_> = answer.groups.iter().skip(top).flat_map(|group| groups[&*group.value].clone()).collect();
        match cut.groups.get(top) {
            None => prop_assert!(rest.is_empty()),
            Some(group) => {
                prop_assert_eq!((&*group.value, cut.groups.len()), ("…", top + 1));
                group.steps.iter().for_each(|step| check_step(step, &rest));
            }
        }
        for n in 0..steps.len() {
            prop_assert_eq!(cut.groups.iter().map(|group| group.steps[n].reached).sum::<u64>(), answer.steps[n].reached);
            let sum: u64 = answer.groups.iter().map(|group| group.steps[n].reached).sum();
            prop_assert_eq!(sum, answer.steps[n].reached);
            let of = |is: &dyn Fn(usize) -> bool, chains: &[(plain::Journey, Vec<usize>)]| -> Vec<String> {
                let people = chains.iter().filter(|(_, chain)| is(chain.len())).map(|(journey, _)| journey.customer.clone());
                people.collect::<BTreeSet<_>>().into_iter().collect()
            };
            let (reached, dropped) = (|length: usize| length > n, |length: usize| n > 0 && length == n);
            let people = |group: Option<&Group>, side| {
                ids(&funnel_customers(&projection, &scope, &asked, group, n + 1, side, &run()).expect("an answer"))
            };
            prop_assert_eq!(people(None, StepProgress::Reached), of(&reached, &chains));
            prop_assert_eq!(people(None, StepProgress::Dropped), of(&dropped, &chains));
            let all = groups.iter().map(|(value, own)| (value.as_str(), own));
            for (value, own) in all.chain([("…", &rest)]) {
                let group = Group { by: breakdown.clone(), value: value.into(), top };
                prop_assert_eq!(people(Some(&group), StepProgress::Reached), of(&reached, own));
                prop_assert_eq!(people(Some(&group), StepProgress::Dropped), of(&dropped, own));
            }
        }
        // Segments may overlap and need not cover all customers; each group is the funnel of its customers.
        let segments: Vec<(Arc<str>, Arc<[CustomerId]>)> = [("even", [0, 2]), ("low", [0, 1])].into_iter().map(|(name, numbers)| {
            (name.into(), numbers.into_iter().map(|n| CustomerId(format!("customer-{n}").into())).collect())
        }).collect();
        let by_segment = funnel(&projection, &scope, &asked, Some(&Breakdown::Segments(segments.clone())), 500, true, &run()).expect("an answer");
        if plain.segment.is_none() {
            for (name, customers) in segments {
                let own = Scope { segment: Some(customers), ..scope.clone() };
                let own = funnel(&projection, &own, &asked, None, 20, true, &run()).expect("an answer");
                match by_segment.groups.iter().find(|group| group.value == name) {
                    Some(group) => prop_assert_eq!(&group.steps, &own.steps),
                    None => prop_assert_eq!(own.entered, 0),
                }
            }
        }
    }

    #[test]
    fn a_whole_funnel_is_a_pattern_of_the_same_steps_and_has_the_same_customers(
        (_, projection, plain) in asked(), names in prop::collection::vec(prop::sample::select(&["a", "b", "c"][..]), 1..5)
    ) {
        let scope = Scope { dimension: Dimension::NAME, ..scope(&plain) };
        let asked = FunnelSteps { steps: names.iter().map(|name| Step::named(name)).collect(), within: None };
        let answer = funnel(&projection, &scope, &asked, None, 20, true, &run()).expect("an answer");
        let pattern = names.join(" -> * -> ");
        let matched = matches(&projection, &scope, &pattern, &run()).expect("an answer");
        prop_assert_eq!(answer.steps[names.len() - 1].reached, matched.journeys);
        let people = match_customers(&projection, &scope, &pattern, &run()).expect("an answer");
        let reached = funnel_customers(&projection, &scope, &asked, None, names.len(), StepProgress::Reached, &run()).expect("an answer");
        prop_assert_eq!(&people, &reached);
        if scope.per == Unit::Customer {
            prop_assert_eq!(people.all().len() as u64, matched.journeys);
        }
        prop_assert_eq!(answer.entered, answer.steps.iter().skip(1).map(|step| step.dropped).sum::<u64>() + matched.journeys);
    }

    #[test]
    fn paths_are_all_journeys((world, projection, plain) in asked(), to in prop::option::of(steps()), within in prop::option::of(0_i64..20_000),
        collapse: bool, most in 1_usize..5, top in 0_usize..6
    ) {
        let within = within.filter(|_| to.is_some());
        let form = PathForm { to: to.as_ref().map(step), within: within.map(Duration), collapse, max_length: most };
        let answer = paths(&projection, &scope(&plain), &form, top, &run()).expect("an answer");
        if plain.shows_all() {
            let built = paths(&world.build(), &scope(&plain), &form, top, &run()).expect("an answer");
            check_unknown(&answer.unknown_values, &built.unknown_values, &world, &to.iter().collect::<Vec<_>>());
        }
        let all = plain::paths(&world, &plain, to.as_ref().map(|to| (to, within)), collapse, most);
        let mut wanted: BTreeMap<Vec<String>, Vec<i64>> = BTreeMap::new();
        all.iter().for_each(|(path, time)| wanted.entry(path.clone()).or_default().push(*time));
        let mut wanted: Vec<_> = wanted.into_iter().collect();
        wanted.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
        prop_assert_eq!(answer.total, all.len() as u64);
        prop_assert_eq!(answer.paths.len(), wanted.len().min(top));
        for (path, (values, times)) in answer.paths.iter().zip(&wanted) {
            prop_assert_eq!(path.values.iter().map(|v| v.to_string()).collect::<Vec<_>>(), values.clone());
            prop_assert_eq!(path.journeys, times.len() as u64);
            prop_assert_eq!(path.share, part(path.journeys, answer.total));
            prop_assert_eq!(path.median_seconds, plain::median(times.clone()));
        }
        prop_assert_eq!(answer.other + answer.paths.iter().map(|path| path.journeys).sum::<u64>(), answer.total);
    }

    #[test]
    fn times_are_from_the_first_to_the_first_after_it((world, projection, plain) in asked(), from in steps(), to in steps(), buckets in 1_usize..6) {
        let answer = time_between(&projection, &scope(&plain), (&step(&from), &step(&to)), buckets, &run()).expect("an answer");
        let (times, never) = plain::times(&world, &plain, &from, &to);
        prop_assert_eq!((answer.pairs, answer.never), (times.len() as u64, never));
        if plain.shows_all() {
            let built = time_between(&world.build(), &scope(&plain), (&step(&from), &step(&to)), buckets, &run()).expect("an answer");
            check_unknown(&answer.unknown_values, &built.unknown_values, &world, &[&from, &to]);
        }
        prop_assert_eq!(answer.median_seconds, plain::median(times.clone()));
        let rank = (times.len() as f64 * 0.9).ceil() as usize;
        prop_assert_eq!(answer.p90_seconds, rank.checked_sub(1).map(|n| times[n] as f64 / 1_000.0));
        prop_assert_eq!(answer.histogram.iter().map(|bucket| bucket.count).sum::<u64>(), answer.pairs);
        match times.last() {
            None => prop_assert!(answer.histogram.is_empty()),
            Some(0) => prop_assert_eq!(answer.histogram.len(), 1),
            Some(largest) => {
                prop_assert_eq!(answer.histogram.len(), buckets);
                for (n, bucket) in answer.histogram.iter().enumerate() {
                    let inside = |time: &&i64| {
                        let scaled = **time * buckets as i64;
                        scaled >= n as i64 * largest && (scaled < (n as i64 + 1) * largest || n + 1 == buckets)
                    };
                    prop_assert_eq!(bucket.count, times.iter().filter(inside).count() as u64);
                    prop_assert!(close(bucket.to_seconds - bucket.from_seconds, *largest as f64 / 1_000.0 / buckets as f64));
                }
            }
        }
    }

    #[test]
    fn a_pattern_matches_as_an_exhaustive_search_does((world, projection, plain) in asked(), pattern in pattern::patterns()) {
        let scope = scope(&plain);
        let text = pattern.text();
        let answer = matches(&projection, &scope, &text, &run()).map_err(|fault| TestCaseError::fail(format!("{text}: {fault}")))?;
        let journeys = plain::journeys(&world, &plain);
        let found: Vec<_> = journeys.iter().map(|journey| {
            let values: Vec<_> = journey.touchpoints.iter().map(|t| t.value(plain.dimension).map(str::to_owned)).collect();
            (journey, pattern.find(&values))
        }).collect();
        let fit = found.iter().filter(|(_, (fits, _))| *fits).count() as u64;
        prop_assert_eq!((answer.journeys, answer.share), (fit, part(fit, journeys.len() as u64)), "{}", text);
        prop_assert_eq!(answer.occurrences, found.iter().map(|(_, (_, occurrences))| occurrences).sum::<u64>(), "{}", text);
        let people: BTreeSet<_> = found.iter().filter(|(_, (fits, _))| *fits).map(|(journey, _)| journey.customer.clone()).collect();
        prop_assert_eq!(ids(&match_customers(&projection, &scope, &text, &run()).expect("an answer")), people.into_iter().collect::<Vec<_>>());
        // The values of a removed touchpoint may stay known; those of a present one are known.
        let there = |name: &String| world.touchpoints.iter().any(|t| pattern::means(name, &t.value(plain.dimension).map(str::to_owned)));
        prop_assert!(answer.unknown_values.iter().all(|name| !there(&name.to_string())));
        prop_assert!(!pattern.names().contains("zebra") || answer.unknown_values.iter().any(|name| &**name == "zebra"));
    }

    #[test]
    fn attribution_shares_every_conversion(
        (world, projection, plain) in asked(), goal in steps(), touches in prop::option::of(steps()), by in prop::sample::select(&DIMENSIONS[..]), lookback in 0_i64..40_000,
        top in 0_usize..5,
    ) {
        let half_life = 7_000;
        let asked = Goal {
            goal: step(&goal),
            touches: touches.as_ref().map(step),
            dimension: dimension(by),
            lookback: Duration(lookback),
            half_life: Duration(half_life),
            models: Model::ALL.to_vec(),
        };
        let (conversions, rests) = plain::conversions(&world, &plain, (&goal, touches.as_ref()), by, lookback);
        let mut money: BTreeMap<String, i128> = BTreeMap::new();
        conversions.iter().filter_map(|c| c.value.clone())
            .for_each(|(currency, net)| *money.entry(currency).or_default() += i128::from(net));
        if plain.shows_all() {
            let (live, built) = (&projection, world.build());
            let unknown = |projection| attribution(projection, &scope(&plain), &asked, 1, &run()).expect("an answer").unknown_values;
            check_unknown(&unknown(live), &unknown(&built), &world, &std::iter::once(&goal).chain(&touches).collect::<Vec<_>>());
        }
        for top in [500, top] {
            let answer = attribution(&projection, &scope(&plain), &asked, top, &run()).expect("an answer");
            prop_assert_eq!(answer.conversions, conversions.len() as u64);
            let value: BTreeMap<_, _> = answer.value.iter().map(|m| (m.currency.0.to_string(), m.amount.0)).collect();
            prop_assert_eq!(&value, &money);
            for result in &answer.models {
                let sum: f64 = result.rows.iter().map(|row| row.conversions).sum();
                if result.model != Model::Participation {
                    prop_assert!(close(sum, conversions.len() as f64), "{:?}: {}", result.model, sum);
                    for (n, (currency, net)) in money.iter().enumerate() {
                        prop_assert_eq!(result.rows.iter().map(|row| row.worth[n].amount.0).sum::<i128>(), *net);
                        prop_assert!(result.rows.iter().all(|row| &*row.worth[n].currency.0 == currency));
                    }
                }
                prop_assert!(result.rows.iter().all(|row| close(row.credit * conversions.len() as f64, row.conversions)));
                if top < 500 {
                    prop_assert!(result.rows.iter().filter(|row| !row.other).count() <= top);
                    continue;
                }
                let mut wanted: BTreeMap<String, f64> = BTreeMap::new();
                let mut worth: BTreeMap<(String, String), f64> = BTreeMap::new();
                if result.model == Model::Markov {
                    if !conversions.is_empty() {
                        wanted = plain::markov(&conversions, &rests);
                    }
                    for (value, own) in &wanted {
                        for (currency, net) in &money {
                            worth.insert((value.clone(), currency.clone()), own / conversions.len() as f64 * *net as f64);
                        }
                    }
                } else {
                    for conversion in &conversions {
                        let weights = plain::weights(&conversion.path, result.model, half_life);
                        for ((value, _), weight) in conversion.path.iter().zip(weights) {
                            *wanted.entry(value.clone()).or_default() += weight;
                            if let Some((currency, net)) = &conversion.value {
                                *worth.entry((value.clone(), currency.clone())).or_default() += weight * *net as f64;
                            }
                        }
                    }
                }
                prop_assert_eq!(result.rows.len(), wanted.len());
                for row in &result.rows {
                    let own = wanted[&*row.value];
                    prop_assert!(close(row.conversions, own), "{:?} {}: {} is not {}", result.model, row.value, row.conversions, own);
                    for money in &row.worth {
                        let key = (row.value.to_string(), money.currency.0.to_string());
                        let exact = worth.get(&key).copied().unwrap_or_default();
                        let unit = 10_i64.pow(6 - money.currency.digits()) as f64;
                        // A fraction of a unit goes to the first row.
                        prop_assert!((money.amount.0 as f64 - exact).abs() < 2.0 * unit, "{:?}: {} {}", result.model, money.amount.0, exact);
                        prop_assert!(row.value == result.rows[0].value || result.model == Model::Participation
                            || money.amount.0 % unit as i128 == 0);
                    }
                }
                prop_assert!(result.rows.is_sorted_by(|a, b| a.conversions > b.conversions - 1e-8));
            }
        }
    }

    #[test]
    fn a_comparison_has_the_links_of_both_scopes((world, projection, plain) in asked(), other in scopes(), top in 0_usize..10) {
        let other = plain::Scope { purpose: plain.purpose, shown_for: plain.shown_for, ..other };
        let answer = compare(&projection, &scope(&plain), &scope(&other), top, &run()).expect("an answer");
        prop_assert_eq!(answer.a, plain::population(&world, &plain));
        prop_assert_eq!(answer.b, plain::population(&world, &other));
        let (a, b) = (plain::links(&world, &plain), plain::links(&world, &other));
        let share = |links: &[plain::Link], from: &str, to: &str| {
            let total: u64 = links.iter().map(|link| link.2).sum();
            part(links.iter().filter(|link| link.0 == from && link.1 == to).map(|link| link.2).sum(), total)
        };
        let keys: BTreeSet<_> = a.iter().chain(&b).map(|link| (link.0.clone(), link.1.clone())).collect();
        let mut wanted: Vec<_> = keys.into_iter().map(|(from, to)| {
            let (a, b) = (share(&a, &from, &to), share(&b, &from, &to));
            (from, to, a, b, a - b)
        }).collect();
        wanted.sort_by(|a, b| b.4.abs().total_cmp(&a.4.abs()).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
        wanted.truncate(top);
        let got: Vec<_> = answer.links.iter().map(|l| (l.from.to_string(), l.to.to_string(), l.share_a, l.share_b, l.difference)).collect();
        prop_assert_eq!(got, wanted);
    }
}
