//! Conditions on a customer's whole journey: a pattern of values, or how far it came in a funnel. They mean what the questions
//! about journeys mean, per customer.

use std::fmt;
use std::sync::Arc;

use super::did;
use super::evaluate::Frame;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Duration, Timestamp};
use crate::journeys::funnel::chain_length;
use crate::journeys::pattern::ValuePattern;
use crate::journeys::{Dimension, Step};

/// A condition on the journey of a customer: all its touchpoints of a time.
#[derive(Clone, Debug)]
pub struct JourneyCondition {
    /// Only touchpoints at this time or later.
    pub since: Option<Timestamp>,
    /// Only touchpoints before this time.
    pub until: Option<Timestamp>,
    /// What must be true of it. Nothing is true of a journey without a touchpoint.
    pub is: JourneyTest,
}

/// A test of a journey.
#[derive(Clone, Debug)]
pub enum JourneyTest {
    /// Its values match a pattern.
    Pattern(PatternTest),
    /// It came so far in a funnel.
    Funnel(FunnelTest),
}

/// A pattern of the values of a dimension.
#[derive(Clone)]
pub struct PatternTest {
    /// As it was written.
    pub text: Arc<str>,
    /// Whose values it is about.
    pub dimension: Dimension,
    /// The name of the dimension.
    pub name: Arc<str>,
    /// The pattern.
    pub pattern: Arc<ValuePattern>,
}

/// How far a journey comes in a funnel.
#[derive(Clone, Debug)]
pub struct FunnelTest {
    /// The steps, 1 to 20.
    pub steps: Vec<Step>,
    /// The longest time from the first step to any other.
    pub within: Option<Duration>,
    /// How far.
    pub progress: Progress,
}

/// How far a journey comes. Steps are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// To this step, or farther.
    Reached(usize),
    /// To the step before this one, and not to this one.
    LostAt(usize),
}

impl fmt::Debug for PatternTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PatternTest").field(&self.text).field(&self.dimension).finish()
    }
}

impl JourneyCondition {
    /// Whether the touchpoints of a customer fit. They are in order of time and arrival.
    pub fn fits(&self, touchpoints: &[Touchpoint], frame: &Frame<'_>) -> bool {
        let begin = self.since.map_or(0, |since| touchpoints.partition_point(|one| one.at < since));
        let end = self.until.map_or(touchpoints.len(), |until| touchpoints.partition_point(|one| one.at < until));
        let journey = touchpoints.get(begin..end).unwrap_or_default();
        !journey.is_empty()
            && match &self.is {
                JourneyTest::Pattern(of) => of.fits(journey, frame),
                JourneyTest::Funnel(of) => of.fits(journey, frame),
            }
    }

    /// The steps that it names.
    pub fn steps(&self) -> &[Step] {
        match &self.is {
            JourneyTest::Funnel(of) => &of.steps,
            JourneyTest::Pattern(_) => &[],
        }
    }
}

impl PatternTest {
    fn fits(&self, journey: &[Touchpoint], frame: &Frame<'_>) -> bool {
        let mut classes = Vec::with_capacity(journey.len());
        did::each_kind(journey, true, frame, |kind| classes.push(self.pattern.class(kind.value(self.dimension))));
        self.pattern.matches(&classes)
    }
}

impl FunnelTest {
    fn fits(&self, journey: &[Touchpoint], frame: &Frame<'_>) -> bool {
        let at: Vec<i64> = journey.iter().map(|touchpoint| touchpoint.at.0).collect();
        let mut steps = vec![0_u32; journey.len()];
        for (n, step) in self.steps.iter().enumerate() {
            did::matching(step, journey, frame).into_iter().for_each(|place| steps[place] |= 1 << n);
        }
        let reached = chain_length(steps, &at, self.steps.len(), self.within);
        match self.progress {
            Progress::Reached(step) => reached >= step,
            Progress::LostAt(step) => reached + 1 == step,
        }
    }
}
