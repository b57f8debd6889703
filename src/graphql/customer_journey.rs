//! The journey of one customer: its sessions and conversions. Read from the store.
//!
//! Sessions are computed over all of a customer's touchpoints before the scope is applied, and a session id may come
//! again at any time. So the whole history is read, once a request, in a [compact form](super::history).

pub mod conversion;
pub mod session;

use std::sync::Arc;

use async_graphql::{Context, Error, ID, InputObject, Object};
use serde::{Deserialize, Serialize};

use self::conversion::Conversion;
use self::session::{Session, SessionKey, Sessions};
use super::Setup;
use super::error::{Code, bad_argument, bad_id, coded};
use super::history::{self, History, HistoryOf, MOST};
use super::id::NodeId;
use super::load::{self, Total};
use super::page::{Connection, List, read_first, read_size};
use super::scalar::{DateTime, Duration};
use super::step::{AttributionModel, Dimensions, StepInput, check_times, read_dimension, read_half_life, read_step};
use crate::domain::customer::CustomerView;
use crate::domain::page::Page;
use crate::domain::{self, Arrival, CustomerId, Timestamp};
use crate::ingest::Ingest;
use crate::journeys::credit::Model;
use crate::journeys::scope::Step;

/// The journey of one customer across all channels and devices.
#[derive(Clone)]
pub struct CustomerJourney {
    view: Arc<CustomerView>,
    scope: Arc<Scope>,
}

/// Which touchpoints a customer's journey consists of. All given conditions must hold.
#[derive(InputObject, Clone, Debug, Default)]
pub struct CustomerJourneyScope {
    /// At this time or later.
    pub since: Option<DateTime>,
    /// Before this time.
    pub until: Option<DateTime>,
    /// Only touchpoints that match.
    pub include: Option<StepInput>,
    /// Only touchpoints that do not match.
    pub exclude: Option<StepInput>,
    /// A longer time between two touchpoints without a session id ends a session. Left out: the gap of the identity
    /// rules.
    pub session_gap: Option<Duration>,
}

/// The same, as it is encoded in ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EncodedScope {
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    u: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    i: Option<StepInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<StepInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    g: Option<i64>,
}

/// A scope that was read.
struct Scope {
    /// As it is encoded in ids.
    text: Arc<str>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    include: Option<Step>,
    exclude: Option<Step>,
    gap: domain::Duration,
}

/// The journey of one customer across all channels and devices.
#[Object]
impl CustomerJourney {
    /// Opaque. It includes the customer and the scope.
    pub(super) async fn id(&self) -> ID {
        NodeId::CustomerJourney(self.customer(), self.scope.text.clone()).encode_at(self.view.as_of)
    }

    /// The sessions with a touchpoint in scope, the one that started last first.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Session>, Error> {
        let first = read_first(first)?;
        let list = List::of_customer(&self.view, "sessions", &self.scope.text);
        let after = list.read::<SessionKey>(after.as_deref())?;
        let sessions = self.cut(ctx).await?;
        let begin = sessions.behind(after);
        let page = Page::cut((begin..sessions.len()).take(first + 1).collect(), first);
        let total = Total::Known(sessions.len() as i64);
        let place = |place: &usize| sessions.place(*place);
        let node = |place| Session::new(self, &sessions, place);
        Ok(Connection::forward(&list, page, after.is_some(), total, place, node))
    }

    /// The conversions: the touchpoints in scope that match `goal`, the newest first. Of several touchpoints about one
    /// order only the first counts.
    #[allow(clippy::too_many_arguments)]
    async fn conversions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The touchpoints that are conversions.")] goal: StepInput,
        #[graphql(desc = "The touchpoints that can receive credit and so are steps. Left out: all.")] touches: Option<
            StepInput,
        >,
        #[graphql(
            desc = "The dimension of a touchpoint's value, for the models that use values.",
            default_with = "\"channel\".to_owned()"
        )]
        dimension: String,
        #[graphql(
            desc = "The longest time between a step and the conversion.",
            default_with = "Duration(crate::domain::Duration::from_secs(30 * 86_400))"
        )]
        lookback: Duration,
        #[graphql(
            desc = "For TIME_DECAY: the age at which a touchpoint counts half as much.",
            default_with = "Duration(crate::domain::Duration::from_secs(7 * 86_400))"
        )]
        half_life: Duration,
        #[graphql(
            desc = "The attribution model; any model except MARKOV.",
            default_with = "AttributionModel::LastTouch"
        )]
        model: AttributionModel,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default = 20)] first: i32,
    ) -> Option<Result<Vec<Conversion>, Error>> {
        let fetch = async {
            let first = read_size("first", first)?;
            let known = Dimensions::of(ctx);
            let query = conversion::ConversionQuery {
                goal: read_step("goal", &goal, known)?,
                touches: touches.map(|touches| read_step("touches", &touches, known)).transpose()?,
                dimension: read_dimension("dimension", &dimension, known)?,
                lookback: lookback.0,
                half_life: read_half_life(half_life)?,
                model: model.into(),
            };
            if query.model == Model::Markov {
                let hint = "use another model, or MARKOV in the journeys of all customers";
                return Err(bad_argument("model", "MARKOV cannot be computed for one customer", hint));
            }
            conversion::find(ctx, self, query, first).await
        };
        Some(fetch.await)
    }
}

impl CustomerJourney {
    /// The journey of a customer in a scope.
    pub(super) fn new(
        ctx: &Context<'_>,
        view: &Arc<CustomerView>,
        scope: Option<CustomerJourneyScope>,
    ) -> Result<Self, Error> {
        let scope = scope.unwrap_or_default();
        let encoded = EncodedScope {
            s: scope.since.map(|at| at.0.0),
            u: scope.until.map(|at| at.0.0),
            i: scope.include,
            x: scope.exclude,
            g: scope.session_gap.map(|gap| gap.0.0),
        };
        Self::of(ctx, view, encoded)
    }

    /// The journey that an id names.
    pub(super) fn of_id(ctx: &Context<'_>, view: &Arc<CustomerView>, text: &str) -> Result<Self, Error> {
        Self::of(ctx, view, serde_json::from_str(text).map_err(|_| bad_id())?)
    }

    fn of(ctx: &Context<'_>, view: &Arc<CustomerView>, encoded: EncodedScope) -> Result<Self, Error> {
        check_times("scope", encoded.s, encoded.u, encoded.g)?;
        let (since, until) = (encoded.s.map(Timestamp), encoded.u.map(Timestamp));
        let known = Dimensions::of(ctx);
        let step = |argument: &str, step: &Option<StepInput>| {
            step.as_ref().map(|step| read_step(argument, step, known)).transpose()
        };
        let (include, exclude) = (step("scope.include", &encoded.i)?, step("scope.exclude", &encoded.x)?);
        let gap = match encoded.g {
            Some(gap) => domain::Duration(gap),
            None => ctx.data_unchecked::<Arc<Ingest>>().session_gap(),
        };
        let text = serde_json::to_string(&encoded).map_err(|_| coded(Code::Internal, "internal error"))?.into();
        Ok(CustomerJourney { view: view.clone(), scope: Arc::new(Scope { text, since, until, include, exclude, gap }) })
    }

    /// The session of a touchpoint. `None` when the customer has no such touchpoint in scope.
    pub(super) async fn session(&self, ctx: &Context<'_>, touchpoint: Arrival) -> Result<Option<Session>, Error> {
        let sessions = self.cut(ctx).await?;
        Ok(sessions.with(touchpoint).map(|place| Session::new(self, &sessions, place)))
    }

    async fn cut(&self, ctx: &Context<'_>) -> Result<Arc<Sessions>, Error> {
        let history = self.history(ctx).await?;
        let in_scope = self.in_scope(&history);
        Ok(Arc::new(Sessions::cut(history, &in_scope, self.scope.gap)))
    }

    async fn history(&self, ctx: &Context<'_>) -> Result<Arc<History>, Error> {
        let too_long = |length: i64| {
            use async_graphql::ErrorExtensions;
            let message = format!("the customer has more than {MOST} touchpoints, too many to read its journey");
            coded(Code::TooExpensive, message).extend_with(|_, extensions| {
                extensions.set("cost", length);
                extensions.set("limit", MOST as i64);
                extensions.set("hint", "page through `touchpoints`, or query `journeys` of all customers");
            })
        };
        let length = self.view.rollup().touchpoint_count();
        if length > MOST as i64 {
            return Err(too_long(length));
        }
        let dimensions = ctx.data_unchecked::<Setup>().dimensions.clone();
        let found = load::one_as_of(ctx, self.view.as_of, HistoryOf(self.customer(), dimensions)).await?;
        found.flatten().ok_or_else(|| too_long(MOST as i64 + 1))
    }

    /// For each touchpoint, whether it is in scope.
    fn in_scope(&self, history: &History) -> Vec<bool> {
        let scope = &self.scope;
        let include = scope.include.as_ref().map(|step| step.table(&history.kinds));
        let exclude = scope.exclude.as_ref().map(|step| step.table(&history.kinds));
        let matches = |row: &history::HistoryRow| {
            scope.since.is_none_or(|since| row.key.at >= since)
                && scope.until.is_none_or(|until| row.key.at < until)
                && include.as_ref().is_none_or(|table| table[row.kind as usize])
                && exclude.as_ref().is_none_or(|table| !table[row.kind as usize])
        };
        history.rows.iter().map(matches).collect()
    }

    fn customer(&self) -> CustomerId {
        self.view.customer.id.clone()
    }
}
