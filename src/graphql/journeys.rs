//! The journeys of many customers: a scope, and the figures about it.
//!
//! Answers come from the projection. All fields below one `journeys` use the same state of it. The ids of these objects
//! contain their whole query as JSON.

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
use self::scope::{EncodedScope, JourneyScope};
use self::time_between::TimeBetween;
use self::transitions::TransitionGraph;
use super::Setup;
use super::error::{Code, bad_argument, bad_id, coded, journeys_error};
use super::id::NodeId;
use super::scalar::{Duration, Long};
use super::step::{AttributionModel, Dimensions, StepInput, read_dimension, read_half_life, read_step};
use super::viewer::Viewer;
use crate::domain::masks::Masks;
use crate::journeys::attribution::Goal;
use crate::journeys::paths::PathForm;
use crate::journeys::{Answer, Question, Scope, Step};
use crate::projection::View;

/// The journeys of all customers in a scope.
#[derive(Clone)]
pub struct Journeys(Arc<ScopedView>);

/// A scope that was read, and the state of the projection.
struct ScopedView {
    encoded: EncodedScope,
    scope: Scope,
    configured: Arc<[Arc<str>]>,
    masks: Arc<Masks>,
    view: View,
}

/// The journeys of all customers in a scope: transitions, flows, funnels, paths, attribution. All figures are as of the
/// same change. A field that fails is null and has its own error: TIMEOUT after some seconds, BAD_ARGUMENT with the
/// argument and a hint.
#[Object]
impl Journeys {
    /// Opaque. It includes the scope; `node` evaluates it again.
    pub(super) async fn id(&self) -> ID {
        NodeId::Journeys(write(&self.0.encoded)).encode()
    }

    /// The number of the last change that the figures include.
    async fn change_number(&self) -> Long {
        Long(self.0.view.change())
    }

    /// The number of customers, journeys and touchpoints in the scope, and how many it leaves out.
    async fn population(&self) -> Option<Result<Population, Error>> {
        Some(population::fetch(&self.0).await)
    }

    /// The transitions from one touchpoint to the next. Each journey starts at the virtual node START and ends at END.
    async fn transitions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of transitions, the most frequent first; 0 to 500.", default = 50)] top: i32,
    ) -> Option<Result<TransitionGraph, Error>> {
        Some(transitions::fetch(ctx, &self.0, top).await)
    }

    /// The touchpoints before and after an anchor, step by step, as a Sankey diagram shows them. Journeys without an
    /// anchor are left out.
    async fn flow(
        &self,
        #[graphql(
            desc = "The first touchpoint of a journey that matches is step 0. An empty step matches the journey's first touchpoint."
        )]
        anchor: StepInput,
        #[graphql(desc = "The number of columns before the anchor, 0 to 20.", default = 0)] steps_before: i32,
        #[graphql(desc = "The number of columns after the anchor, 0 to 20.", default = 5)] steps_after: i32,
        #[graphql(
            desc = "The number of values shown in each column, the most frequent first; 0 to 500.",
            default = 10
        )]
        top: i32,
    ) -> Option<Result<Flow, Error>> {
        let anchor = self.0.step("anchor", &anchor);
        let sizes = [("stepsBefore", steps_before), ("stepsAfter", steps_after), ("top", top)];
        Some(async { flow::fetch(&self.0, anchor?, sizes).await }.await)
    }

    /// How many journeys reach each of a list of steps, and their customers. Other touchpoints between two steps are
    /// allowed.
    async fn funnel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The steps in order, 1 to 20.")] steps: Vec<StepInput>,
        #[graphql(desc = "The longest time from the first step to any other step. Left out: no limit.")] within: Option<
            Duration,
        >,
        #[graphql(desc = "Groups the journeys by a dimension of the touchpoint of the first step, or by `segment`.")]
        breakdown: Option<String>,
        #[graphql(desc = "The number of groups shown, the largest first; 0 to 500.", default = 20)] top: i32,
    ) -> Option<Result<Funnel, Error>> {
        Some(funnel::fetch(ctx, &self.0, steps, within, breakdown, top).await)
    }

    /// The whole paths of journeys, the most frequent first.
    async fn paths(
        &self,
        #[graphql(desc = "Paths end with the first touchpoint that matches. Journeys without one are left out.")]
        to: Option<StepInput>,
        #[graphql(
            desc = "The longest time between a touchpoint and the one that matches `to`. Allowed with `to` only. Left out: no limit."
        )]
        within: Option<Duration>,
        #[graphql(desc = "The number of paths shown, 0 to 500.", default = 20)] top: i32,
        #[graphql(desc = "Whether a value that repeats directly counts once.", default = true)] collapse: bool,
        #[graphql(
            desc = "The number of values kept, 1 to 1,000: with `to` the last ones, otherwise the first ones. `…` stands for the rest.",
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

    /// The time from a journey's first touchpoint that matches `from` to the first after it that matches `to`.
    async fn time_between(
        &self,
        #[graphql(desc = "The touchpoint where the time starts.")] from: StepInput,
        #[graphql(desc = "The touchpoint where the time ends.")] to: StepInput,
        #[graphql(desc = "The number of buckets of the histogram, 1 to 200.", default = 20)] buckets: i32,
    ) -> Option<Result<TimeBetween, Error>> {
        let steps = (self.0.step("from", &from), self.0.step("to", &to));
        Some(async { time_between::fetch(&self.0, steps.0?, steps.1?, buckets).await }.await)
    }

    /// Attribution: the credit for each conversion is divided between the touchpoints before it.
    #[allow(clippy::too_many_arguments)]
    async fn attribution(
        &self,
        #[graphql(desc = "The touchpoints that are conversions. Of several about one order only the first counts.")]
        goal: StepInput,
        #[graphql(
            desc = "The touchpoints that can receive credit. Left out: all. It does not change which touchpoints are conversions."
        )]
        touches: Option<StepInput>,
        #[graphql(desc = "The dimension whose values receive credit.", default_with = "\"channel\".to_owned()")]
        dimension: String,
        #[graphql(
            desc = "The longest time between a touchpoint and the conversion.",
            default_with = "Duration(crate::domain::Duration::from_secs(30 * 86_400))"
        )]
        lookback: Duration,
        #[graphql(
            desc = "For TIME_DECAY: the age at which a touchpoint counts half as much.",
            default_with = "Duration(crate::domain::Duration::from_secs(7 * 86_400))"
        )]
        half_life: Duration,
        #[graphql(desc = "The attribution models. Each has a result of its own.")] models: Vec<AttributionModel>,
        #[graphql(
            desc = "The number of rows shown, the highest credit first; 0 to 500. OTHER has the rest.",
            default = 50
        )]
        top: i32,
    ) -> Option<Result<Attribution, Error>> {
        let fetch = async {
            let half_life = read_half_life(half_life)?;
            if models.len() > crate::journeys::credit::Model::ALL.len() {
                return Err(bad_argument("models", "more models than exist", "give each model once"));
            }
            let goal = Goal {
                goal: self.0.step("goal", &goal)?,
                touches: touches.map(|touches| self.0.step("touches", &touches)).transpose()?,
                dimension: read_dimension("dimension", &dimension, self.0.dimensions())?,
                lookback: lookback.0,
                half_life,
                models: models.into_iter().map(Into::into).collect(),
            };
            attribution::fetch(&self.0, goal, top).await
        };
        Some(fetch.await)
    }

    /// The journeys that match a pattern of values, such as `product -> [^cart]* -> order`. `a -> b` is b directly after
    /// a, `*` any number of any values, `.` any one value, `[a|b]` one of these, `[^a]` any other, `(…)` a group with `|`
    /// between alternatives; `*`, `+` and `?` after a value or group say how often it occurs; `^` is the start and `$` the
    /// end. A value with characters other than letters, digits and `_-.:/` is put in quotes.
    #[graphql(name = "match")]
    async fn matches(
        &self,
        #[graphql(desc = "The pattern, at most 2,000 characters.")] pattern: String,
    ) -> Option<Result<PatternMatch, Error>> {
        Some(pattern::fetch(&self.0, &pattern).await)
    }

    /// Compares two scopes: for each transition its share of all transitions, in both scopes.
    async fn compare(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The other scope. When it leaves out `per`, `sessionGap` or `dimension`, the value of this \
                          scope is used.")]
        with: JourneyScope,
        #[graphql(desc = "The number of transitions, largest difference first; 0 to 500.", default = 50)] top: i32,
    ) -> Option<Result<JourneyComparison, Error>> {
        Some(comparison::fetch(ctx, &self.0, with, top).await)
    }
}

impl Journeys {
    /// The journeys of a client's scope.
    pub(super) async fn fetch(ctx: &Context<'_>, scope: Option<JourneyScope>) -> Result<Self, Error> {
        Self::of(ctx, scope.unwrap_or_default().into()).await
    }

    /// The journeys of an id.
    pub(super) async fn of_id(ctx: &Context<'_>, text: &str) -> Result<Self, Error> {
        Self::of(ctx, read(text)?).await
    }

    /// The step of a funnel of an id. `None` when the funnel no longer has the group.
    pub(super) async fn step_of_id(ctx: &Context<'_>, text: &str) -> Result<Option<FunnelStep>, Error> {
        let (scope, encoded) = read(text)?;
        FunnelStep::again(ctx, &Self::of(ctx, scope).await?.0, encoded).await
    }

    /// The pattern match of an id.
    pub(super) async fn match_of_id(ctx: &Context<'_>, text: &str) -> Result<PatternMatch, Error> {
        let (scope, pattern): (_, String) = read(text)?;
        pattern::fetch(&Self::of(ctx, scope).await?.0, &pattern).await
    }

    async fn of(ctx: &Context<'_>, encoded: EncodedScope) -> Result<Self, Error> {
        let setup = ctx.data_unchecked::<Setup>();
        let configured = setup.dimensions.names();
        let scope = Box::pin(encoded.read("scope", ctx)).await?;
        let Some(journeys) = &setup.journeys else {
            return Err(coded(Code::NotReady, "this server has no projection of all customers' journeys"));
        };
        let view = journeys.view().await.map_err(journeys_error)?;
        let (configured, masks) = (configured.to_vec().into(), ctx.data_unchecked::<Viewer>().masks.clone());
        Ok(Journeys(Arc::new(ScopedView { encoded, scope, configured, masks, view })))
    }
}

impl ScopedView {
    async fn answer(&self, question: &Question) -> Result<Arc<Answer>, Error> {
        self.view.answer(&self.scope, question).await.map_err(journeys_error)
    }

    /// The answer about everybody in the scope. Only counts of those that are hidden may come from it.
    async fn answer_of_everybody(&self, question: &Question) -> Result<Arc<Answer>, Error> {
        let everybody = Scope { shown_for: None, ..self.scope.clone() };
        self.view.answer(&everybody, question).await.map_err(journeys_error)
    }

    fn step(&self, argument: &str, step: &StepInput) -> Result<Step, Error> {
        read_step(argument, step, self.dimensions())
    }

    /// The dimensions that the caller may use.
    fn dimensions(&self) -> Dimensions<'_> {
        Dimensions::seen(&self.configured, &self.masks)
    }
}

/// The error of an answer that does not belong to its question. It cannot happen.
fn wrong_answer() -> Error {
    tracing::error!("a journeys question got the answer to another question");
    coded(Code::Internal, "internal error")
}

/// Reads a size. Its upper limit is checked with the question.
fn size(argument: &str, number: i32) -> Result<usize, Error> {
    let hint = "give a number that is not negative";
    usize::try_from(number).map_err(|_| bad_argument(argument, format!("{number} is out of range"), hint))
}

/// A list of texts.
fn texts(list: &[Arc<str>]) -> Vec<String> {
    list.iter().map(|text| text.to_string()).collect()
}

/// A query as it is encoded in ids.
fn write(encoded: &impl serde::Serialize) -> Arc<str> {
    serde_json::to_string(encoded).unwrap_or_default().into()
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| bad_id())
}
