//! The journeys of many customers: a scope, and everything that can be asked of it.
//!
//! Answers come from the projection, at one of its states for all that hangs on one `journeys`. The id of
//! this and of what hangs on it is the question itself, written as JSON.

pub mod attribution;
pub mod comparison;
pub mod flow;
pub mod funnel;
pub mod paths;
pub mod pattern;
mod people;
pub mod population;
pub mod scope;
pub mod time_between;
pub mod transitions;

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object};

use self::attribution::Attribution;
use self::comparison::JourneyComparison;
use self::flow::Flow;
use self::funnel::{Funnel, FunnelStep};
use self::paths::PathList;
use self::pattern::PatternMatch;
use self::population::Population;
use self::scope::{JourneyScope, WrittenScope};
use self::time_between::TimeBetween;
use self::transitions::TransitionGraph;
use super::Setup;
use super::error::{Code, bad_argument, bad_id, coded, journeys_error};
use super::id::NodeId;
use super::scalar::Duration;
use super::step::{AttributionModel, StepInput, read_dimension, read_half_life, read_step};
use crate::journeys::attribution::Goal;
use crate::journeys::paths::PathForm;
use crate::journeys::{Answer, Question, Scope, Step};
use crate::projection::View;

/// The journeys of all customers in a scope.
#[derive(Clone)]
pub struct Journeys(Arc<Asked>);

/// A scope that was understood, and the state it is asked of.
struct Asked {
    written: WrittenScope,
    scope: Scope,
    configured: Arc<[Arc<str>]>,
    view: View,
}

/// The journeys of all customers in a scope: what comes after what, where they end, what they lead to. All
/// figures are of one moment. Each field is null, with an error beside it, when it alone could not be
/// answered: TIMEOUT after some seconds, BAD_ARGUMENT with the argument and a hint.
#[Object]
impl Journeys {
    /// Opaque; it carries the scope, and `node` asks it again.
    pub(super) async fn id(&self) -> ID {
        NodeId::Journeys(write(&self.0.written)).encode()
    }

    /// How much the scope holds, and what stays outside of it.
    async fn population(&self) -> Option<Result<Population, Error>> {
        Some(population::fetch(&self.0).await)
    }

    /// How journeys go on from one touchpoint to the next: every adjacent pair, START before the first and
    /// END behind the last.
    async fn transitions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Links shown, the most frequent; 0 to 500.", default = 50)] top: i32,
    ) -> Option<Result<TransitionGraph, Error>> {
        Some(transitions::fetch(ctx, &self.0, top).await)
    }

    /// Where journeys come from and go to around an anchor, touchpoint by touchpoint: what a Sankey diagram
    /// shows. Journeys without an anchor are not in it.
    async fn flow(
        &self,
        #[graphql(
            desc = "Step 0 is a journey's first touchpoint that matches; one that names nothing matches the first of all."
        )]
        anchor: StepInput,
        #[graphql(desc = "Columns before the anchor; 0 to 20.", default = 0)] steps_before: i32,
        #[graphql(desc = "Columns after it; 0 to 20.", default = 5)] steps_after: i32,
        #[graphql(desc = "Values shown in each column, the most frequent; 0 to 500.", default = 10)] top: i32,
    ) -> Option<Result<Flow, Error>> {
        let anchor = self.0.step("anchor", &anchor);
        let sizes = [("stepsBefore", steps_before), ("stepsAfter", steps_after), ("top", top)];
        Some(async { flow::fetch(&self.0, anchor?, sizes).await }.await)
    }

    /// How far journeys get along a list of steps, and who gets there. What lies between two steps does not
    /// matter.
    async fn funnel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What they pass, in order; 1 to 20.")] steps: Vec<StepInput>,
        #[graphql(desc = "At most so long from the first step to any other; left out, however long.")] within: Option<
            Duration,
        >,
        #[graphql(desc = "Groups by a dimension of the touchpoint that the first step was, or by `segment`.")]
        breakdown: Option<String>,
        #[graphql(desc = "Groups shown, the largest; 0 to 500.", default = 20)] top: i32,
    ) -> Option<Result<Funnel, Error>> {
        Some(funnel::fetch(ctx, &self.0, steps, within, breakdown, top).await)
    }

    /// The ways journeys take, whole, the most frequent first.
    async fn paths(
        &self,
        #[graphql(desc = "Only up to and with the first touchpoint that matches, and only journeys that have one.")]
        to: Option<StepInput>,
        #[graphql(
            desc = "Only touchpoints no longer than this before the one that matches; goes with `to` only. Left out, however long."
        )]
        within: Option<Duration>,
        #[graphql(desc = "Paths shown; 0 to 500.", default = 20)] top: i32,
        #[graphql(desc = "Whether repeats side by side are one.", default = true)] collapse: bool,
        #[graphql(
            desc = "Values kept: the last ones with `to`, the first ones without; 1 to 1,000. `…` stands for the rest.",
            default = 20
        )]
        max_length: i32,
    ) -> Option<Result<PathList, Error>> {
        let fetch = async {
            let to = to.map(|to| self.0.step("to", &to)).transpose()?;
            let within = within.map(|within| within.0);
            let form = PathForm { to, within, collapse, max_length: size("maxLength", max_length)? };
            paths::fetch(&self.0, form, top).await
        };
        Some(fetch.await)
    }

    /// How long it takes from a journey's first `from` to its first `to` after that.
    async fn time_between(
        &self,
        #[graphql(desc = "Where it begins.")] from: StepInput,
        #[graphql(desc = "Where it ends.")] to: StepInput,
        #[graphql(desc = "Parts of the histogram; 1 to 200.", default = 20)] buckets: i32,
    ) -> Option<Result<TimeBetween, Error>> {
        let steps = (self.0.step("from", &from), self.0.step("to", &to));
        Some(async { time_between::fetch(&self.0, steps.0?, steps.1?, buckets).await }.await)
    }

    /// What earned the conversions of customers: each is shared between the touchpoints before it.
    #[allow(clippy::too_many_arguments)]
    async fn attribution(
        &self,
        #[graphql(desc = "What is a conversion; of several about one order only the first.")] goal: StepInput,
        #[graphql(desc = "Which touchpoints can earn; left out, all. What is a conversion does not hang on it.")]
        touches: Option<StepInput>,
        #[graphql(desc = "What earns it.", default_with = "\"channel\".to_owned()")] dimension: String,
        #[graphql(
            desc = "How long before the conversion a touchpoint can have led to it.",
            default_with = "Duration(crate::domain::Duration::from_secs(30 * 86_400))"
        )]
        lookback: Duration,
        #[graphql(
            desc = "For TIME_DECAY: after how long a touchpoint counts half as much.",
            default_with = "Duration(crate::domain::Duration::from_secs(7 * 86_400))"
        )]
        half_life: Duration,
        #[graphql(desc = "How it is shared; each has an answer of its own.")] models: Vec<AttributionModel>,
        #[graphql(desc = "Rows shown, those that earned most; 0 to 500. OTHER holds the rest.", default = 50)] top: i32,
    ) -> Option<Result<Attribution, Error>> {
        let fetch = async {
            let half_life = read_half_life(half_life)?;
            if models.len() > crate::journeys::credit::Model::ALL.len() {
                return Err(bad_argument("models", "more than there are", "name each once"));
            }
            let goal = Goal {
                goal: self.0.step("goal", &goal)?,
                touches: touches.map(|touches| self.0.step("touches", &touches)).transpose()?,
                dimension: read_dimension("dimension", &dimension, &self.0.configured)?,
                lookback: lookback.0,
                half_life,
                models: models.into_iter().map(Into::into).collect(),
            };
            attribution::fetch(&self.0, goal, top).await
        };
        Some(fetch.await)
    }

    /// Which journeys fit a pattern of values, such as `product -> [^cart]* -> order`: `a -> b` is b right
    /// after a, `*` any number of any values, `.` any one, `[a|b]` one of them, `[^a]` any other, `(…)` a
    /// group with `|` between choices, `*`, `+` and `?` behind a value or group how often it comes, `^` the
    /// beginning and `$` the end. A value with other than letters, digits and `_-.:/` stands in quotes.
    #[graphql(name = "match")]
    async fn matches(
        &self,
        #[graphql(desc = "The pattern, at most 2,000 characters.")] pattern: String,
    ) -> Option<Result<PatternMatch, Error>> {
        Some(pattern::fetch(&self.0, &pattern).await)
    }

    /// Where two scopes differ most: each link's share of all links, on both sides.
    async fn compare(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The other scope. What makes a journey, the session gap and the dimension are as here when \
                          they are left out.")]
        with: JourneyScope,
        #[graphql(desc = "Links shown, those that differ most; 0 to 500.", default = 50)] top: i32,
    ) -> Option<Result<JourneyComparison, Error>> {
        Some(comparison::fetch(ctx, &self.0, with, top).await)
    }
}

impl Journeys {
    /// The journeys of a scope that a client wrote.
    pub(super) async fn fetch(ctx: &Context<'_>, scope: Option<JourneyScope>) -> Result<Self, Error> {
        Self::of(ctx, scope.unwrap_or_default().into()).await
    }

    /// Those that an id names.
    pub(super) async fn of_id(ctx: &Context<'_>, text: &str) -> Result<Self, Error> {
        Self::of(ctx, read(text)?).await
    }

    /// The step of a funnel that an id names; `None` when the funnel has no such group any more.
    pub(super) async fn step_of_id(ctx: &Context<'_>, text: &str) -> Result<Option<FunnelStep>, Error> {
        let (scope, written) = read(text)?;
        FunnelStep::again(&Self::of(ctx, scope).await?.0, written).await
    }

    /// The match of a pattern that an id names.
    pub(super) async fn match_of_id(ctx: &Context<'_>, text: &str) -> Result<PatternMatch, Error> {
        let (scope, pattern): (_, String) = read(text)?;
        pattern::fetch(&Self::of(ctx, scope).await?.0, &pattern).await
    }

    async fn of(ctx: &Context<'_>, written: WrittenScope) -> Result<Self, Error> {
        let setup = ctx.data_unchecked::<Setup>();
        let configured = setup.dimensions.names();
        let scope = written.read("scope", ctx)?;
        let Some(journeys) = &setup.journeys else {
            return Err(coded(Code::NotReady, "this server keeps no journeys of all customers"));
        };
        let view = journeys.view().await.map_err(journeys_error)?;
        let configured = configured.to_vec().into();
        Ok(Journeys(Arc::new(Asked { written, scope, configured, view })))
    }
}

impl Asked {
    async fn answer(&self, question: &Question) -> Result<Arc<Answer>, Error> {
        self.view.answer(&self.scope, question).await.map_err(journeys_error)
    }

    fn step(&self, argument: &str, step: &StepInput) -> Result<Step, Error> {
        read_step(argument, step, &self.configured)
    }
}

/// An answer that is of another kind than its question, which there is not.
fn astray() -> Error {
    tracing::error!("a question about journeys was given the answer to another");
    coded(Code::Internal, "internal error")
}

/// A number of things that a client wrote; how large it may be is the question's to say.
fn size(argument: &str, number: i32) -> Result<usize, Error> {
    let hint = "give a number that is not negative";
    usize::try_from(number).map_err(|_| bad_argument(argument, format!("{number} is out of range"), hint))
}

/// A list of texts.
fn texts(list: &[Arc<str>]) -> Vec<String> {
    list.iter().map(|text| text.to_string()).collect()
}

/// As it stands in ids.
fn write(written: &impl serde::Serialize) -> Arc<str> {
    serde_json::to_string(written).unwrap_or_default().into()
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| bad_id())
}
