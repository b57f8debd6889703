//! Funnels: how many journeys reach each of a list of steps, and their customers.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Lookahead, Object, SimpleObject};
use serde::{Deserialize, Serialize};

use super::people;
use super::{ScopedView, size, texts, write, wrong_answer};
use jiff::tz::TimeZone;

use crate::domain::{self, CustomerId};
use crate::graphql::condition::read;
use crate::graphql::customers::CustomerConnection;
use crate::graphql::error::{bad_argument, store_error};
use crate::graphql::id::NodeId;
use crate::graphql::load;
use crate::graphql::scalar::{Duration, Long};
use crate::graphql::step::{StepInput, read_dimension};
use crate::journeys::customer_set::StepProgress;
use crate::journeys::dimension::CUT;
use crate::journeys::funnel::{self, Breakdown, FunnelSteps, Group};
use crate::journeys::question::{MAX_STEPS, MAX_TOP};
use crate::journeys::{Answer, Question};
use crate::segments::Condition;

/// How many journeys reach each of a list of steps.
#[derive(SimpleObject)]
pub struct Funnel {
    /// The number of journeys that reached the first step.
    entered: Long,
    /// Values of the steps that no touchpoint of the store has. They are probably misspelled.
    unknown_values: Vec<String>,
    /// The steps in order.
    steps: Vec<FunnelStep>,
    /// The same for each value of the breakdown, the largest group first. Empty without a breakdown. With a dimension the
    /// last group `…` has all values that are not shown, so that the groups add up to the funnel.
    groups: Vec<FunnelGroup>,
}

/// The funnel of one value of the breakdown.
#[derive(SimpleObject)]
pub struct FunnelGroup {
    /// The value. `…` for all values that are not shown.
    value: String,
    /// The steps in order.
    steps: Vec<FunnelStep>,
}

/// A step of a funnel, with its journeys and their customers.
#[derive(Clone)]
pub struct FunnelStep {
    scoped: Arc<ScopedView>,
    question: Arc<EncodedFunnel>,
    group: Option<Arc<str>>,
    top: usize,
    figures: funnel::FunnelStep,
}

/// A funnel as it is encoded in ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EncodedFunnel {
    f: Vec<StepInput>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    w: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<String>,
}

/// A step of a funnel, as it is encoded in ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EncodedStep {
    #[serde(flatten)]
    funnel: EncodedFunnel,
    n: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v: Option<Arc<str>>,
    /// The number of groups shown. Only for the group `…`, which depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<usize>,
}

/// A step of a funnel, with its journeys and their customers.
#[Object]
impl FunnelStep {
    /// Opaque. It includes the whole query; `node` evaluates it again.
    pub(in crate::graphql) async fn id(&self) -> ID {
        NodeId::FunnelStep(write(&(&self.scoped.encoded, self.encoded()))).encode()
    }

    /// The number of the step, from 1.
    async fn number(&self) -> i32 {
        self.figures.number as i32
    }

    /// The label of the step. Without one, its values joined by `/`, or `step` and its number.
    async fn label(&self) -> &str {
        &self.figures.label
    }

    /// The number of journeys that reached this step.
    async fn reached(&self) -> Long {
        Long(self.figures.reached as i64)
    }

    /// The number of journeys that reached the previous step but not this one. 0 for the first step.
    async fn dropped(&self) -> Long {
        Long(self.figures.dropped as i64)
    }

    /// The share of the journeys that reached the first step.
    async fn of_first(&self) -> f64 {
        self.figures.of_first
    }

    /// The share of the journeys that reached the previous step. 1 for the first step.
    async fn of_previous(&self) -> f64 {
        self.figures.of_previous
    }

    /// The median time since the previous step, in seconds. Null for the first step, and when no journey reached this one.
    async fn median_seconds_from_previous(&self) -> Option<f64> {
        self.figures.median_seconds_from_previous
    }

    /// The customers with a journey that reached this step, ordered by id.
    async fn customers_reached(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<CustomerConnection, Error> {
        self.people(ctx, StepProgress::Reached, first, after).await
    }

    /// The customers with a journey that reached the previous step but not this one, ordered by id. Empty for the first
    /// step.
    async fn customers_dropped(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<CustomerConnection, Error> {
        self.people(ctx, StepProgress::Dropped, first, after).await
    }
}

pub(super) async fn fetch(
    ctx: &Context<'_>,
    scoped: &Arc<ScopedView>,
    steps: Vec<StepInput>,
    within: Option<Duration>,
    breakdown: Option<String>,
    top: i32,
) -> Result<Funnel, Error> {
    let question = EncodedFunnel { f: steps, w: within.map(|within| within.0.0), b: breakdown };
    let field = ctx.look_ahead();
    let timed = |steps: Lookahead<'_>| steps.field("medianSecondsFromPrevious").exists();
    let medians = timed(field.field("steps")) || timed(field.field("groups").field("steps"));
    ask(ctx, scoped, question, size("top", top)?, medians).await
}

async fn ask(
    ctx: &Context<'_>,
    scoped: &Arc<ScopedView>,
    question: EncodedFunnel,
    top: usize,
    medians: bool,
) -> Result<Funnel, Error> {
    let (steps, breakdown) = Box::pin(question.read(ctx, scoped)).await?;
    let answer = scoped.answer(&Question::Funnel { steps, breakdown, top, medians }).await?;
    let Answer::Funnel(funnel) = &*answer else { return Err(wrong_answer()) };
    let question = Arc::new(question);
    let steps = |group: Option<&Arc<str>>, steps: &[funnel::FunnelStep]| -> Vec<FunnelStep> {
        let step = |figures: &funnel::FunnelStep| FunnelStep {
            scoped: scoped.clone(),
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
    /// Evaluates the step of an id again. `None` when no group has its value now.
    pub(super) async fn again(
        ctx: &Context<'_>,
        scoped: &Arc<ScopedView>,
        step: EncodedStep,
    ) -> Result<Option<Self>, Error> {
        let funnel = ask(ctx, scoped, step.funnel, step.t.unwrap_or(MAX_TOP), true).await?;
        let steps = match &step.v {
            None => Some(funnel.steps),
            Some(value) => funnel.groups.into_iter().find(|group| *group.value == **value).map(|group| group.steps),
        };
        Ok(steps.into_iter().flatten().find(|other| other.figures.number == step.n))
    }

    fn encoded(&self) -> EncodedStep {
        let t = self.group.as_deref().filter(|group| *group == CUT).map(|_| self.top);
        EncodedStep { funnel: (*self.question).clone(), n: self.figures.number, v: self.group.clone(), t }
    }

    async fn people(
        &self,
        ctx: &Context<'_>,
        progress: StepProgress,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<CustomerConnection, Error> {
        let (steps, breakdown) = Box::pin(self.question.read(ctx, &self.scoped)).await?;
        let group = breakdown.zip(self.group.clone()).map(|(by, value)| Group { by, value, top: self.top });
        let question = Question::FunnelCustomers { steps, group, number: self.figures.number as usize, progress };
        let named = write(&(&self.scoped.encoded, self.encoded(), format!("{progress:?}")));
        people::page(ctx, &self.scoped, &question, &named, first, after).await
    }
}

/// The members of each saved segment now.
async fn members_of_segments(ctx: &Context<'_>) -> Result<Vec<(Arc<str>, Arc<[CustomerId]>)>, Error> {
    let saved = load::segments(ctx, None).await?;
    let conditions = saved.0.iter().map(|segment| read::saved_condition_for(ctx, &saved, segment));
    let conditions: Vec<_> = conditions.collect::<Result<_, _>>()?;
    let names: Vec<Arc<str>> = conditions.iter().map(|of| of.name.clone()).collect();
    let any = Condition::Any(conditions.into_iter().map(Condition::Segment).collect());
    let store = load::of(ctx).loader().0.clone();
    let members = read::question(ctx, any, TimeZone::UTC, None);
    let ids = members.ids_of_each(&*store).await.map_err(store_error)?;
    Ok(names.into_iter().zip(ids.into_iter().map(Arc::from)).collect())
}

impl EncodedFunnel {
    async fn read(&self, ctx: &Context<'_>, scoped: &ScopedView) -> Result<(FunnelSteps, Option<Breakdown>), Error> {
        if self.f.is_empty() || self.f.len() > MAX_STEPS {
            let message = format!("a funnel of {} steps", self.f.len());
            return Err(bad_argument("steps", message, "give 1 to 20 steps"));
        }
        let steps = (0..).zip(&self.f).map(|(n, step)| scoped.step(&format!("steps.{n}"), step));
        let steps = FunnelSteps { steps: steps.collect::<Result<_, _>>()?, within: self.w.map(domain::Duration) };
        let breakdown = match self.b.as_deref() {
            None => None,
            Some("segment") => Some(Breakdown::Segments(members_of_segments(ctx).await?)),
            Some(name) => Some(Breakdown::Dimension(read_dimension("breakdown", name, scoped.dimensions())?)),
        };
        Ok((steps, breakdown))
    }
}
