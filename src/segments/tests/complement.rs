//! The law of complements: a customer fits a condition or its `not`, never both and never neither. And the same answer
//! as that of an evaluator which is written for nothing but to be read: chains by trying every way, times by listing.

use proptest::prelude::*;

use super::*;
use crate::journeys::Dimension;
use crate::journeys::pattern::ValuePattern;
use crate::segments::journey::{FunnelTest, JourneyCondition, JourneyTest, PatternTest, Progress};

/// A condition of this test, and what it means, written apart.
#[derive(Clone, Debug)]
pub(super) enum Said {
    All(Vec<Said>),
    Any(Vec<Said>),
    Not(Box<Said>),
    Trait(u8),
    Known(bool),
    Count { name: u8, min: i64, max: i64, last_days: Option<i64> },
    Chain { steps: Vec<(u8, Option<i64>, bool)>, same: bool },
    Funnel { steps: Vec<u8>, within: Option<i64>, step: usize, lost: bool },
    Pattern { place: usize, since: Option<i64> },
}

/// Patterns of the values `a`, `b` and `c`, and the same as regular expressions.
const PATTERNS: [(&str, &str); 10] = [
    ("a -> b", "ab"),
    ("^ -> a", "^a"),
    ("c -> $", "c$"),
    ("^ -> b -> $", "^b$"),
    ("a -> [^b]* -> c", "a[^b]*c"),
    ("(a -> b | c)+ -> b", "(ab|c)+b"),
    ("^ -> a* -> $", "^a*$"),
    ("* -> [a|b] -> . -> b?", ".*[ab].b?"),
    ("nothing -> a", "na"),
    ("(\"(none)\" | a -> a)", "n|aa"),
];

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Said {
    pub(super) fn condition(&self) -> Condition {
        match self {
            Said::All(list) => Condition::All(list.iter().map(Said::condition).collect()),
            Said::Any(list) => Condition::Any(list.iter().map(Said::condition).collect()),
            Said::Not(one) => Condition::Not(Box::new(one.condition())),
            Said::Trait(value) => text(TextCondition::In(texts(&[NAMES[*value as usize]]))),
            Said::Known(known) => is(ValueCondition::Exists(*known)),
            Said::Count { name, min, max, last_days } => Condition::Did(Box::new(TouchpointCondition {
                times: Range { min: Some(*min), max: Some(*max) },
                when: last_days.map(|count| TimeCondition::Last(days(count))),
                ..did(NAMES[*name as usize])
            })),
            Said::Chain { steps, same } => {
                let step = |(name, within, happened): &(u8, Option<i64>, bool)| ThenCondition {
                    same: same.then(|| path("properties.p")).into_iter().collect(),
                    ..then(NAMES[*name as usize], *within, *happened)
                };
                Condition::Did(Box::new(TouchpointCondition { then: steps.iter().map(step).collect(), ..did("a") }))
            }
            Said::Funnel { steps, within, step, lost } => {
                let step = 1 + step % steps.len();
                let is = JourneyTest::Funnel(FunnelTest {
                    steps: steps.iter().map(|name| Step::named(NAMES[*name as usize])).collect(),
                    within: within.map(|hours| Duration(hours * 3_600_000)),
                    progress: if *lost && step > 1 { Progress::LostAt(step) } else { Progress::Reached(step) },
                });
                Condition::Journey(Box::new(JourneyCondition { since: None, until: None, is }))
            }
            Said::Pattern { place, since } => {
                let text = PATTERNS[*place].0;
                let is = JourneyTest::Pattern(PatternTest {
                    text: text.into(),
                    dimension: Dimension::NAME,
                    name: "name".into(),
                    pattern: Arc::new(ValuePattern::new(text).expect("a pattern")),
                });
                let since = since.map(|hour| Timestamp(time("2026-03-01T00:00:00Z").0 + hour * 3_600_000));
                Condition::Journey(Box::new(JourneyCondition { since, until: None, is }))
            }
        }
    }

    fn holds(&self, world: &World, now: i64) -> bool {
        match self {
            Said::All(list) => !list.iter().any(|one| !one.holds(world, now)),
            Said::Any(list) => list.iter().filter(|one| one.holds(world, now)).count() > 0,
            Said::Not(one) => !one.holds(world, now),
            Said::Trait(value) => world.value == Some(*value),
            Said::Known(known) => world.value.is_some() == *known,
            Said::Count { name, min, max, last_days } => {
                let mut count = 0;
                for (hour, own, _) in &world.touchpoints {
                    let inside = last_days.is_none_or(|days| *hour > now - days * 24 && *hour <= now);
                    count += i64::from(own == name && inside);
                }
                (*min..=*max).contains(&count)
            }
            Said::Chain { steps, same } => {
                let starts = (0..world.touchpoints.len()).filter(|n| world.touchpoints[*n].1 == 0);
                starts.into_iter().any(|start| follows(world, now, start, start, steps, *same))
            }
            Said::Funnel { steps, within, step, lost } => {
                let step = 1 + step % steps.len();
                let reaches = |count: usize| {
                    let starts = (0..world.touchpoints.len()).filter(|n| world.touchpoints[*n].1 == steps[0]);
                    starts.into_iter().any(|start| comes_to(world, start, start, &steps[1..count], *within))
                };
                if *lost && step > 1 { reaches(step - 1) && !reaches(step) } else { reaches(step) }
            }
            Said::Pattern { place, since } => {
                let all = world.touchpoints.iter().filter(|(hour, _, _)| since.is_none_or(|since| *hour >= since));
                let letters: String = all.map(|(_, name, _)| NAMES[*name as usize]).collect();
                !letters.is_empty() && regex::Regex::new(PATTERNS[*place].1).expect("a regex").is_match(&letters)
            }
        }
    }
}

/// Whether a chain that began with `first` can go on with these steps after `last`: tries every touchpoint.
fn comes_to(world: &World, first: usize, last: usize, steps: &[u8], within: Option<i64>) -> bool {
    let Some((name, rest)) = steps.split_first() else { return true };
    let all = &world.touchpoints;
    let fits = |n: &usize| all[*n].1 == *name && within.is_none_or(|within| all[*n].0 - all[first].0 <= within);
    (last + 1..all.len()).filter(fits).any(|n| comes_to(world, first, n, rest, within))
}

/// Whether the steps can follow `last` in a chain that began with `first`: tries every touchpoint.
fn follows(world: &World, now: i64, first: usize, last: usize, steps: &[(u8, Option<i64>, bool)], same: bool) -> bool {
    let Some(((name, within, happened), rest)) = steps.split_first() else { return true };
    let all = &world.touchpoints;
    let fits = |n: usize| {
        n > last
            && all[n].1 == *name
            && within.is_none_or(|within| all[n].0 - all[last].0 <= within)
            && (!same || (all[n].2.is_some() && all[n].2 == all[first].2))
    };
    let mut next = (0..all.len()).filter(|n| fits(*n));
    match happened {
        true => next.any(|n| follows(world, now, first, n, rest, same)),
        false => {
            next.next().is_none()
                && within.is_some_and(|within| now - all[last].0 >= within)
                && follows(world, now, first, last, rest, same)
        }
    }
}

/// A customer: hours, names and properties of its touchpoints, and the value of its trait.
#[derive(Clone, Debug)]
pub(super) struct World {
    touchpoints: Vec<(i64, u8, Option<u8>)>,
    value: Option<u8>,
}

impl World {
    pub(super) fn facts(&self) -> CustomerFacts {
        let touchpoints: Vec<(i64, &str, Value)> = self
            .touchpoints
            .iter()
            .map(|(hour, name, p)| (*hour, NAMES[*name as usize], p.map_or(json!({}), |p| json!({"p": p}))))
            .collect();
        let mut facts = with_touchpoints(&touchpoints);
        if let Some(value) = self.value {
            let value = json!(NAMES[value as usize]);
            view(&mut facts).claims = vec![claim(1, "t", &value, Provenance::Declared, "2026-03-01T00:00:00Z")];
        }
        facts
    }
}

pub(super) fn worlds() -> impl Strategy<Value = World> {
    let touchpoint = (0_i64..60, 0_u8..3, prop::option::of(0_u8..2));
    (prop::collection::vec(touchpoint, 0..9), prop::option::of(0_u8..3)).prop_map(|(mut touchpoints, value)| {
        touchpoints.sort_by_key(|(hour, _, _)| *hour);
        World { touchpoints, value }
    })
}

pub(super) fn conditions() -> impl Strategy<Value = Said> {
    let step = (0_u8..3, prop::option::of(0_i64..30), any::<bool>());
    // What did not happen has a time in which it did not.
    let step = step.prop_map(|(name, within, happened)| {
        (name, if happened { within } else { Some(within.unwrap_or(7)) }, happened)
    });
    let leaf = prop_oneof![
        (0_u8..3).prop_map(Said::Trait),
        any::<bool>().prop_map(Said::Known),
        (0_u8..3, 0_i64..3, 0_i64..4, prop::option::of(1_i64..3))
            .prop_map(|(name, min, more, last_days)| Said::Count { name, min, max: min + more, last_days }),
        (prop::collection::vec(step, 1..4), any::<bool>()).prop_map(|(steps, same)| Said::Chain { steps, same }),
        (prop::collection::vec(0_u8..3, 1..4), prop::option::of(0_i64..30), 0_usize..3, any::<bool>())
            .prop_map(|(steps, within, step, lost)| Said::Funnel { steps, within, step, lost }),
        (0..PATTERNS.len(), prop::option::of(0_i64..60)).prop_map(|(place, since)| Said::Pattern { place, since }),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Said::All),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Said::Any),
            inner.prop_map(|one| Said::Not(Box::new(one))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_condition_and_its_not_are_all_customers_and_the_plain_evaluator_agrees(
        condition in conditions(),
        world in worlds(),
        now in 0_i64..80,
    ) {
        let setting = Setting { now: Timestamp(time("2026-03-01T00:00:00Z").0 + now * 3_600_000), ..usual() };
        let (frame, facts) = (setting.frame(), world.facts());
        let fits = condition.condition().fits(&facts, &frame);
        prop_assert_eq!(fits, condition.holds(&world, now));
        prop_assert_eq!(Condition::Not(Box::new(condition.condition())).fits(&facts, &frame), !fits);
        let whole = condition.condition();
        prop_assert_eq!(Trial::new(&whole).add(&facts, &frame), fits);
    }
}
