//! Everything that can be asked of many journeys, as one value: to be checked, answered, and remembered by.

use std::sync::Arc;

use super::attribution::{Attribution, Goal, attribution};
use super::compare::{JourneyComparison, compare};
use super::flow::{Flow, flow};
use super::funnel::{Breakdown, Funnel, FunnelSteps, Group, funnel, funnel_people};
use super::paths::{PathForm, PathList, paths};
use super::pattern::{PatternMatch, check_pattern, match_people, matches, pattern_names};
use super::people::{People, Side};
use super::population::{Population, population};
use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::{Scope, Step};
use super::time_between::{TimeBetween, time_between};
use super::transitions::{TransitionGraph, transitions};
use super::values::Values;
use crate::domain::nearest::nearest;

/// The most entries of a list.
pub const MOST_TOP: usize = 500;
/// The most values of a path.
pub const MOST_LENGTH: usize = 1_000;
/// The most steps of a funnel, and of a flow to either side.
pub const MOST_STEPS: usize = 20;
/// The most parts of a histogram.
pub const MOST_BUCKETS: usize = 200;
/// The most characters of a pattern.
pub const MOST_PATTERN: usize = 2_000;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// How much the scope holds.
    Population,
    /// [`transitions`]
    Transitions {
        /// Links shown.
        top: usize,
        /// Whether with median times, which take as long as all the rest.
        medians: bool,
    },
    /// [`flow`]
    Flow {
        /// Where step 0 is.
        anchor: Step,
        /// Columns before it.
        before: usize,
        /// Columns after it.
        after: usize,
        /// Values shown in each.
        top: usize,
    },
    /// [`funnel`]
    Funnel {
        /// What is asked of.
        steps: FunnelSteps,
        /// What groups are made by.
        breakdown: Option<Breakdown>,
        /// Groups shown.
        top: usize,
        /// Whether with median times.
        medians: bool,
    },
    /// [`funnel_people`]
    FunnelPeople {
        /// What is asked of.
        steps: FunnelSteps,
        /// Of one group only.
        group: Option<Group>,
        /// The step, from 1.
        number: usize,
        /// Which of them.
        side: Side,
    },
    /// [`paths`]
    Paths {
        /// How paths are made.
        form: PathForm,
        /// Paths shown.
        top: usize,
    },
    /// [`time_between`]
    TimeBetween {
        /// From the first of these.
        from: Step,
        /// To the first of these after it.
        to: Step,
        /// Parts of the histogram.
        buckets: usize,
    },
    /// [`attribution`]
    Attribution {
        /// What is attributed, and how.
        goal: Goal,
        /// Rows shown.
        top: usize,
    },
    /// [`matches()`]
    Match {
        /// The pattern.
        pattern: Arc<str>,
    },
    /// [`match_people`]
    MatchPeople {
        /// The pattern.
        pattern: Arc<str>,
    },
    /// [`compare`]
    Compare {
        /// The other scope.
        with: Scope,
        /// Links shown.
        top: usize,
    },
}

/// What is answered, by the question's name.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To [`Question::Population`].
    Population(Population),
    /// To [`Question::Transitions`].
    Transitions(TransitionGraph),
    /// To [`Question::Flow`].
    Flow(Flow),
    /// To [`Question::Funnel`].
    Funnel(Funnel),
    /// To [`Question::FunnelPeople`] and [`Question::MatchPeople`].
    People(People),
    /// To [`Question::Paths`].
    Paths(PathList),
    /// To [`Question::TimeBetween`].
    TimeBetween(TimeBetween),
    /// To [`Question::Attribution`].
    Attribution(Attribution),
    /// To [`Question::Match`].
    Match(PatternMatch),
    /// To [`Question::Compare`].
    Compare(JourneyComparison),
}

impl Question {
    /// Whether it can be asked at all, before anything is looked at.
    ///
    /// # Errors
    /// The first argument that cannot be.
    pub fn check(&self) -> Result<(), Fault> {
        match self {
            Question::Population => Ok(()),
            Question::Transitions { top, .. } | Question::Compare { top, .. } => within("top", *top, 0, MOST_TOP),
            Question::Flow { before, after, top, .. } => within("stepsBefore", *before, 0, MOST_STEPS)
                .and_then(|()| within("stepsAfter", *after, 0, MOST_STEPS))
                .and_then(|()| within("top", *top, 0, MOST_TOP)),
            Question::Funnel { steps, top, .. } => steps.check().and_then(|()| within("top", *top, 0, MOST_TOP)),
            Question::FunnelPeople { steps, number, .. } => {
                steps.check().and_then(|()| within("number", *number, 1, steps.steps.len()))
            }
            Question::Paths { form, top } => {
                if form.within.is_some() && form.to.is_none() {
                    let hint = "say up to what by `to`, or leave it out";
                    return Err(Fault::bad("within", "goes with `to` only", hint));
                }
                within("maxLength", form.max_length, 1, MOST_LENGTH).and_then(|()| within("top", *top, 0, MOST_TOP))
            }
            Question::TimeBetween { buckets, .. } => within("buckets", *buckets, 1, MOST_BUCKETS),
            Question::Attribution { goal, top } => match goal.models.is_empty() {
                true => Err(Fault::bad("models", "no model at all", "name one at least, such as [LINEAR]")),
                false => within("top", *top, 0, MOST_TOP),
            },
            Question::Match { pattern } | Question::MatchPeople { pattern } => {
                let length = pattern.chars().count();
                if length > MOST_PATTERN {
                    let hint = format!("at most {MOST_PATTERN}");
                    return Err(Fault::bad("pattern", format!("{length} characters are too many"), hint));
                }
                check_pattern(pattern)
            }
        }
    }

    /// # Errors
    /// That it cannot be asked like that, that it was cancelled or took too long.
    pub fn answer(&self, projection: &Projection, scope: &Scope, run: &Run) -> Result<Answer, Fault> {
        self.check()?;
        Ok(match self {
            Question::Population => Answer::Population(population(projection, scope, run)?),
            Question::Transitions { top, medians } => {
                Answer::Transitions(transitions(projection, scope, *top, *medians, run)?)
            }
            Question::Flow { anchor, before, after, top } => {
                let columns = (*before as u32, *after as u32);
                Answer::Flow(flow(projection, scope, anchor, columns, *top, run)?)
            }
            Question::Funnel { steps, breakdown, top, medians } => {
                Answer::Funnel(funnel(projection, scope, steps, breakdown.as_ref(), *top, *medians, run)?)
            }
            Question::FunnelPeople { steps, group, number, side } => {
                Answer::People(funnel_people(projection, scope, steps, group.as_ref(), *number, *side, run)?)
            }
            Question::Paths { form, top } => Answer::Paths(paths(projection, scope, form, *top, run)?),
            Question::TimeBetween { from, to, buckets } => {
                Answer::TimeBetween(time_between(projection, scope, (from, to), *buckets, run)?)
            }
            Question::Attribution { goal, top } => {
                Answer::Attribution(attribution(projection, scope, goal, *top, run)?)
            }
            Question::Match { pattern } => Answer::Match(matches(projection, scope, pattern, run)?),
            Question::MatchPeople { pattern } => Answer::People(match_people(projection, scope, pattern, run)?),
            Question::Compare { with, top } => Answer::Compare(compare(projection, scope, with, *top, run)?),
        })
    }
}

impl FunnelSteps {
    fn check(&self) -> Result<(), Fault> {
        within("steps", self.steps.len(), 1, MOST_STEPS)
    }
}

/// A value that no touchpoint has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnknownValue {
    /// As written.
    pub value: Arc<str>,
    /// What was most likely meant, as answers show it: of the values that the dimension has the nearest.
    pub nearest: Option<Arc<str>>,
}

impl Question {
    /// The values of its steps, of its pattern and of the scope's steps that no touchpoint has, each once.
    pub fn unknown_values(&self, projection: &Projection, scope: &Scope) -> Vec<UnknownValue> {
        let kinds = &projection.dictionary.kinds;
        let names = match self {
            Question::Match { pattern } | Question::MatchPeople { pattern } => pattern_names(pattern),
            _ => Vec::new(),
        };
        let pattern = Step { wheres: vec![(scope.dimension, names)], ..Step::default() };
        let steps = self.steps().into_iter().chain(&scope.include).chain(&scope.exclude).chain([&pattern]);
        let unknown = steps.flat_map(|step| step.unknown(kinds)).map(|(dimension, value)| {
            let known = Values::new(kinds, dimension).shown;
            let nearest = nearest(value, known.iter().map(|value| &**value)).map(Arc::from);
            UnknownValue { value: value.clone(), nearest }
        });
        let mut unknown: Vec<UnknownValue> = unknown.collect();
        unknown.sort();
        unknown.dedup();
        unknown
    }

    fn steps(&self) -> Vec<&Step> {
        match self {
            Question::Flow { anchor, .. } => vec![anchor],
            Question::Funnel { steps, .. } | Question::FunnelPeople { steps, .. } => steps.steps.iter().collect(),
            Question::Paths { form, .. } => form.to.iter().collect(),
            Question::TimeBetween { from, to, .. } => vec![from, to],
            Question::Attribution { goal, .. } => std::iter::once(&goal.goal).chain(&goal.touches).collect(),
            Question::Compare { with, .. } => with.include.iter().chain(&with.exclude).collect(),
            Question::Population
            | Question::Transitions { .. }
            | Question::Match { .. }
            | Question::MatchPeople { .. } => Vec::new(),
        }
    }
}

fn within(argument: &str, number: usize, least: usize, most: usize) -> Result<(), Fault> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(Fault::bad(argument, format!("{number} is out of range"), format!("{least} to {most}")))
}
