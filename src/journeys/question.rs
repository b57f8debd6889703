//! Every question about many journeys as one value, which can be checked, answered, and used as a cache key.

use std::sync::Arc;

use super::attribution::{Attribution, Goal, attribution};
use super::compare::{JourneyComparison, compare};
use super::customer_set::{CustomerSet, StepProgress};
use super::flow::{Flow, flow};
use super::funnel::{Breakdown, Funnel, FunnelSteps, Group, funnel, funnel_customers};
use super::paths::{PathForm, PathList, paths};
use super::pattern::{PatternMatch, check_pattern, match_customers, matches, pattern_names};
use super::population::{Population, population};
use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scope::{Scope, Step};
use super::time_between::{TimeBetween, time_between};
use super::transitions::{TransitionGraph, transitions};
use super::values::DimensionValues;
use crate::domain::nearest::nearest;

/// The maximum number of entries of a list.
pub const MAX_TOP: usize = 500;
/// The maximum number of values of a path.
pub const MAX_LENGTH: usize = 1_000;
/// The maximum number of steps of a funnel, and of columns of a flow to either side.
pub const MAX_STEPS: usize = 20;
/// The maximum number of buckets of a histogram.
pub const MAX_BUCKETS: usize = 200;
/// The maximum number of characters of a pattern.
pub const MAX_PATTERN: usize = 2_000;

/// A question about the journeys of a scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// [`population`]
    Population,
    /// [`transitions`]
    Transitions {
        /// The number of transitions shown.
        top: usize,
        /// Whether to compute median times. They take as long as all other figures together.
        medians: bool,
    },
    /// [`flow`]
    Flow {
        /// The touchpoint at step 0.
        anchor: Step,
        /// The number of columns before it.
        before: usize,
        /// The number of columns after it.
        after: usize,
        /// The number of values shown in each column.
        top: usize,
    },
    /// [`funnel`]
    Funnel {
        /// The steps.
        steps: FunnelSteps,
        /// How journeys are grouped.
        breakdown: Option<Breakdown>,
        /// The number of groups shown.
        top: usize,
        /// Whether to compute median times.
        medians: bool,
    },
    /// [`funnel_customers`]
    FunnelCustomers {
        /// The steps.
        steps: FunnelSteps,
        /// Only this group.
        group: Option<Group>,
        /// The number of the step, from 1.
        number: usize,
        /// Which customers of the step.
        progress: StepProgress,
    },
    /// [`paths`]
    Paths {
        /// How paths are formed.
        form: PathForm,
        /// The number of paths shown.
        top: usize,
    },
    /// [`time_between`]
    TimeBetween {
        /// The first step.
        from: Step,
        /// The second step.
        to: Step,
        /// The number of buckets of the histogram.
        buckets: usize,
    },
    /// [`attribution`]
    Attribution {
        /// The goal and the models.
        goal: Goal,
        /// The number of rows shown.
        top: usize,
    },
    /// [`matches()`]
    Match {
        /// The pattern.
        pattern: Arc<str>,
    },
    /// [`match_customers`]
    MatchCustomers {
        /// The pattern.
        pattern: Arc<str>,
    },
    /// [`compare`]
    Compare {
        /// The scope to compare with.
        with: Scope,
        /// The number of transitions shown.
        top: usize,
    },
}

/// The answer to a question.
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
    /// To [`Question::FunnelCustomers`] and [`Question::MatchCustomers`].
    Customers(CustomerSet),
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
    /// Checks the arguments, without a projection.
    ///
    /// # Errors
    /// The first argument that is not valid.
    pub fn check(&self) -> Result<(), JourneyError> {
        match self {
            Question::Population => Ok(()),
            Question::Transitions { top, .. } | Question::Compare { top, .. } => within("top", *top, 0, MAX_TOP),
            Question::Flow { before, after, top, .. } => within("stepsBefore", *before, 0, MAX_STEPS)
                .and_then(|()| within("stepsAfter", *after, 0, MAX_STEPS))
                .and_then(|()| within("top", *top, 0, MAX_TOP)),
            Question::Funnel { steps, top, .. } => steps.check().and_then(|()| within("top", *top, 0, MAX_TOP)),
            Question::FunnelCustomers { steps, number, .. } => {
                steps.check().and_then(|()| within("number", *number, 1, steps.steps.len()))
            }
            Question::Paths { form, top } => {
                if form.within.is_some() && form.to.is_none() {
                    let hint = "say up to what by `to`, or leave it out";
                    return Err(JourneyError::bad_argument("within", "goes with `to` only", hint));
                }
                within("maxLength", form.max_length, 1, MAX_LENGTH).and_then(|()| within("top", *top, 0, MAX_TOP))
            }
            Question::TimeBetween { buckets, .. } => within("buckets", *buckets, 1, MAX_BUCKETS),
            Question::Attribution { goal, top } => match goal.models.is_empty() {
                true => {
                    Err(JourneyError::bad_argument("models", "no model at all", "name one at least, such as [LINEAR]"))
                }
                false => within("top", *top, 0, MAX_TOP),
            },
            Question::Match { pattern } | Question::MatchCustomers { pattern } => {
                let length = pattern.chars().count();
                if length > MAX_PATTERN {
                    let hint = format!("at most {MAX_PATTERN}");
                    return Err(JourneyError::bad_argument(
                        "pattern",
                        format!("{length} characters are too many"),
                        hint,
                    ));
                }
                check_pattern(pattern)
            }
        }
    }

    /// # Errors
    /// An argument is invalid; the run was cancelled or too slow.
    pub fn answer(&self, projection: &Projection, scope: &Scope, run: &Run) -> Result<Answer, JourneyError> {
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
            Question::FunnelCustomers { steps, group, number, progress } => {
                Answer::Customers(funnel_customers(projection, scope, steps, group.as_ref(), *number, *progress, run)?)
            }
            Question::Paths { form, top } => Answer::Paths(paths(projection, scope, form, *top, run)?),
            Question::TimeBetween { from, to, buckets } => {
                Answer::TimeBetween(time_between(projection, scope, (from, to), *buckets, run)?)
            }
            Question::Attribution { goal, top } => {
                Answer::Attribution(attribution(projection, scope, goal, *top, run)?)
            }
            Question::Match { pattern } => Answer::Match(matches(projection, scope, pattern, run)?),
            Question::MatchCustomers { pattern } => {
                Answer::Customers(match_customers(projection, scope, pattern, run)?)
            }
            Question::Compare { with, top } => Answer::Compare(compare(projection, scope, with, *top, run)?),
        })
    }
}

impl FunnelSteps {
    fn check(&self) -> Result<(), JourneyError> {
        within("steps", self.steps.len(), 1, MAX_STEPS)
    }
}

/// A value that no touchpoint has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnknownValue {
    /// As written.
    pub value: Arc<str>,
    /// The nearest value of the dimension, as answers show it: probably the intended one.
    pub nearest: Option<Arc<str>>,
}

impl Question {
    /// The values of its steps, of its pattern and of the scope's steps that no touchpoint has, distinct.
    pub fn unknown_values(&self, projection: &Projection, scope: &Scope) -> Vec<UnknownValue> {
        let kinds = &projection.dictionary.kinds;
        let names = match self {
            Question::Match { pattern } | Question::MatchCustomers { pattern } => pattern_names(pattern),
            _ => Vec::new(),
        };
        let pattern = Step { wheres: vec![(scope.dimension, names)], ..Step::default() };
        let steps = self.steps().into_iter().chain(&scope.include).chain(&scope.exclude).chain([&pattern]);
        let unknown = steps.flat_map(|step| step.unknown(kinds)).map(|(dimension, value)| {
            let known = DimensionValues::new(kinds, dimension).shown;
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
            Question::Funnel { steps, .. } | Question::FunnelCustomers { steps, .. } => steps.steps.iter().collect(),
            Question::Paths { form, .. } => form.to.iter().collect(),
            Question::TimeBetween { from, to, .. } => vec![from, to],
            Question::Attribution { goal, .. } => std::iter::once(&goal.goal).chain(&goal.touches).collect(),
            Question::Compare { with, .. } => with.include.iter().chain(&with.exclude).collect(),
            Question::Population
            | Question::Transitions { .. }
            | Question::Match { .. }
            | Question::MatchCustomers { .. } => Vec::new(),
        }
    }
}

fn within(argument: &str, number: usize, least: usize, most: usize) -> Result<(), JourneyError> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(JourneyError::bad_argument(argument, format!("{number} is out of range"), format!("{least} to {most}")))
}
