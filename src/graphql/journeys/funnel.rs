//! How far journeys get along a list of steps, and who gets there.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Lookahead, Object, SimpleObject};
use serde::{Deserialize, Serialize};

use super::people;
use super::{Asked, astray, size, texts, write};
use crate::domain;
use crate::graphql::customer::Customer;
use crate::graphql::error::bad_argument;
use crate::graphql::id::NodeId;
use crate::graphql::page::Connection;
use crate::graphql::scalar::{Duration, Long};
use crate::graphql::step::{StepInput, read_dimension};
use crate::journeys::customer_set::StepProgress;
use crate::journeys::dimension::CUT;
use crate::journeys::funnel::{self, Breakdown, FunnelSteps, Group};
use crate::journeys::question::{MAX_STEPS, MAX_TOP};
use crate::journeys::{Answer, Question};

/// How far journeys get along a list of steps.
#[derive(SimpleObject)]
pub struct Funnel {
    /// Journeys that reached the first step.
    entered: Long,
    /// Values of the steps that no touchpoint of the store has: misspelled, most likely.
    unknown_values: Vec<String>,
    /// One for each step that was asked for.
    steps: Vec<FunnelStep>,
    /// The same by the breakdown's values, the largest first; empty without a breakdown. By a dimension those
    /// that are not shown stand last, together, as `…`, so that the groups sum to the funnel.
    groups: Vec<FunnelGroup>,
}

/// The journeys of one value of the breakdown.
#[derive(SimpleObject)]
pub struct FunnelGroup {
    /// The value; `…` for all that are not shown.
    value: String,
    /// As of the whole.
    steps: Vec<FunnelStep>,
}

/// How many journeys got to a step, and whose they are.
#[derive(Clone)]
pub struct FunnelStep {
    asked: Arc<Asked>,
    question: Arc<Written>,
    group: Option<Arc<str>>,
    top: usize,
    figures: funnel::FunnelStep,
}

/// A funnel as it stands in ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    f: Vec<StepInput>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    w: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<String>,
}

/// A step of one, as it stands in ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WrittenStep {
    #[serde(flatten)]
    funnel: Written,
    n: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v: Option<Arc<str>>,
    /// How many groups were shown, where that tells what the group is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<usize>,
}

/// How many journeys got to a step, and whose they are.
#[Object]
impl FunnelStep {
    /// Opaque; it carries the whole question, and `node` asks it again.
    pub(in crate::graphql) async fn id(&self) -> ID {
        NodeId::FunnelStep(write(&(&self.asked.written, self.written()))).encode()
    }

    /// Which step, from 1.
    async fn number(&self) -> i32 {
        self.figures.number as i32
    }

    /// What it is called: its label, else what it names joined by `/`, else `step` and its number.
    async fn label(&self) -> &str {
        &self.figures.label
    }

    /// Journeys that reached it.
    async fn reached(&self) -> Long {
        Long(self.figures.reached as i64)
    }

    /// Journeys that reached the step before and not this one; 0 for the first.
    async fn dropped(&self) -> Long {
        Long(self.figures.dropped as i64)
    }

    /// Of those that reached the first step.
    async fn of_first(&self) -> f64 {
        self.figures.of_first
    }

    /// Of those that reached the step before; 1 for the first.
    async fn of_previous(&self) -> f64 {
        self.figures.of_previous
    }

    /// The median time since the step before; null for the first step, and when nobody reached this one.
    async fn median_seconds_from_previous(&self) -> Option<f64> {
        self.figures.median_seconds_from_previous
    }

    /// The customers with a journey that reached it, by id.
    async fn customers_reached(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Customer>, Error> {
        self.people(ctx, StepProgress::Reached, first, after).await
    }

    /// The customers with a journey that reached the step before and not this one, by id; none for the
    /// first step.
    async fn customers_dropped(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Customer>, Error> {
        self.people(ctx, StepProgress::Dropped, first, after).await
    }
}

pub(super) async fn fetch(
    ctx: &Context<'_>,
    asked: &Arc<Asked>,
    steps: Vec<StepInput>,
    within: Option<Duration>,
    breakdown: Option<String>,
    top: i32,
) -> Result<Funnel, Error> {
    let question = Written { f: steps, w: within.map(|within| within.0.0), b: breakdown };
    let field = ctx.look_ahead();
    let timed = |steps: Lookahead<'_>| steps.field("medianSecondsFromPrevious").exists();
    let medians = timed(field.field("steps")) || timed(field.field("groups").field("steps"));
    ask(asked, question, size("top", top)?, medians).await
}

async fn ask(asked: &Arc<Asked>, question: Written, top: usize, medians: bool) -> Result<Funnel, Error> {
    let (steps, breakdown) = question.read(asked)?;
    let answer = asked.answer(&Question::Funnel { steps, breakdown, top, medians }).await?;
    let Answer::Funnel(funnel) = &*answer else { return Err(astray()) };
    let question = Arc::new(question);
    let steps = |group: Option<&Arc<str>>, steps: &[funnel::FunnelStep]| -> Vec<FunnelStep> {
        let step = |figures: &funnel::FunnelStep| FunnelStep {
            asked: asked.clone(),
            question: question.clone(),
            group: group.cloned(),
            top,
            figures: figures.clone(),
        };
        steps.iter().map(step).collect()
    };
    let group = |group: &funnel::FunnelGroup| FunnelGroup {
        value: group.value.to_string(),
        steps: steps(Some(&group.value), &group.steps),
    };
    Ok(Funnel {
        entered: Long(funnel.entered as i64),
        unknown_values: texts(&funnel.unknown_values),
        steps: steps(None, &funnel.steps),
        groups: funnel.groups.iter().map(group).collect(),
    })
}

impl FunnelStep {
    /// The step that an id names, asked again; `None` when no group has that value now.
    pub(super) async fn again(asked: &Arc<Asked>, step: WrittenStep) -> Result<Option<Self>, Error> {
        let funnel = ask(asked, step.funnel, step.t.unwrap_or(MAX_TOP), true).await?;
        let steps = match &step.v {
            None => Some(funnel.steps),
            Some(value) => funnel.groups.into_iter().find(|group| *group.value == **value).map(|group| group.steps),
        };
        Ok(steps.into_iter().flatten().find(|other| other.figures.number == step.n))
    }

    fn written(&self) -> WrittenStep {
        let t = self.group.as_deref().filter(|group| *group == CUT).map(|_| self.top);
        WrittenStep { funnel: (*self.question).clone(), n: self.figures.number, v: self.group.clone(), t }
    }

    async fn people(
        &self,
        ctx: &Context<'_>,
        progress: StepProgress,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Customer>, Error> {
        let (steps, breakdown) = self.question.read(&self.asked)?;
        let group = breakdown.zip(self.group.clone()).map(|(by, value)| Group { by, value, top: self.top });
        let question = Question::FunnelCustomers { steps, group, number: self.figures.number as usize, progress };
        let named = write(&(&self.asked.written, self.written(), format!("{progress:?}")));
        people::page(ctx, &self.asked, &question, &named, first, after).await
    }
}

impl Written {
    fn read(&self, asked: &Asked) -> Result<(FunnelSteps, Option<Breakdown>), Error> {
        if self.f.is_empty() || self.f.len() > MAX_STEPS {
            let message = format!("a funnel of {} steps", self.f.len());
            return Err(bad_argument("steps", message, "give 1 to 20 steps"));
        }
        let steps = (0..).zip(&self.f).map(|(n, step)| asked.step(&format!("steps.{n}"), step));
        let steps = FunnelSteps { steps: steps.collect::<Result<_, _>>()?, within: self.w.map(domain::Duration) };
        let breakdown = match self.b.as_deref() {
            None => None,
            // No segment is saved, so there is no group either.
            Some("segment") => Some(Breakdown::Segments(Vec::new())),
            Some(name) => Some(Breakdown::Dimension(read_dimension("breakdown", name, &asked.configured)?)),
        };
        Ok((steps, breakdown))
    }
}
