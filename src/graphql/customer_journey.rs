//! The journey of one customer: its sessions, and what led to what. Read from the store.
//!
//! Sessions are cut over all of a customer's touchpoints before any scope, and an id of a session may come
//! again at any time; so the whole history is read, once a request, and kept [slim](history).

pub mod conversion;
pub(super) mod history;
pub mod session;

use std::sync::Arc;

use async_graphql::{Context, Error, ID, InputObject, Object};
use serde::{Deserialize, Serialize};

use self::conversion::Conversion;
use self::history::{History, HistoryOf, MOST};
use self::session::{Session, SessionPlace, Sessions};
use super::Setup;
use super::error::{Code, bad_argument, bad_id, coded};
use super::id::NodeId;
use super::load::{self, Total};
use super::page::{Connection, List, read_first, read_size};
use super::scalar::{DateTime, Duration};
use super::step::{AttributionModel, StepInput, check_times, read_dimension, read_half_life, read_step};
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
    asked: Arc<Asked>,
}

/// Of which touchpoints a customer's journey is; all that is given must hold.
#[derive(InputObject, Clone, Debug, Default)]
pub struct CustomerJourneyScope {
    /// At this moment or later.
    pub since: Option<DateTime>,
    /// Before this moment.
    pub until: Option<DateTime>,
    /// Only touchpoints that match.
    pub include: Option<StepInput>,
    /// No touchpoints that match.
    pub exclude: Option<StepInput>,
    /// A longer time between two touchpoints without a session id ends a session; left out, what the rules
    /// of identities say.
    pub session_gap: Option<Duration>,
}

/// The same as it stands in ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
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

/// A scope that was understood.
struct Asked {
    /// As ids carry it.
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
    /// Opaque; it carries the customer and the scope.
    pub(super) async fn id(&self) -> ID {
        NodeId::CustomerJourney(self.customer(), self.asked.text.clone()).encode_at(self.view.as_of)
    }

    /// Its sessions that have a touchpoint in scope, the one that began last first.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Session>, Error> {
        let first = read_first(first)?;
        let list = List::of_customer(&self.view, "sessions", &self.asked.text);
        let after = list.read::<SessionPlace>(after.as_deref())?;
        let sessions = self.cut(ctx).await?;
        let begin = sessions.behind(after);
        let page = Page::cut((begin..sessions.len()).take(first + 1).collect(), first);
        let total = Total::Known(sessions.len() as i64);
        let place = |place: &usize| sessions.place(*place);
        let node = |place| Session::new(self, &sessions, place);
        Ok(Connection::forward(&list, page, after.is_some(), total, place, node))
    }

    /// What the touchpoints in scope led to: each that matches `goal`, of several about one order the first.
    /// The newest first.
    #[allow(clippy::too_many_arguments)]
    async fn conversions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is a conversion.")] goal: StepInput,
        #[graphql(desc = "Which touchpoints can earn, and so are steps; left out, all.")] touches: Option<StepInput>,
        #[graphql(
            desc = "What a touchpoint's value is, for the models that go by values.",
            default_with = "\"channel\".to_owned()"
        )]
        dimension: String,
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
        #[graphql(desc = "How it is shared; any but MARKOV.", default_with = "AttributionModel::LastTouch")]
        model: AttributionModel,
        #[graphql(desc = "At most so many; 0 to 100.", default = 20)] first: i32,
    ) -> Option<Result<Vec<Conversion>, Error>> {
        let fetch = async {
            let first = read_size("first", first)?;
            let configured = ctx.data_unchecked::<Setup>().dimensions.names();
            let question = conversion::Question {
                goal: read_step("goal", &goal, configured)?,
                touches: touches.map(|touches| read_step("touches", &touches, configured)).transpose()?,
                dimension: read_dimension("dimension", &dimension, configured)?,
                lookback: lookback.0,
                half_life: read_half_life(half_life)?,
                model: model.into(),
            };
            if question.model == Model::Markov {
                let hint = "ask for another model, or for MARKOV in the journeys of all customers";
                return Err(bad_argument("model", "MARKOV has no answer for one customer", hint));
            }
            conversion::find(ctx, self, question, first).await
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
        let written = Written {
            s: scope.since.map(|at| at.0.0),
            u: scope.until.map(|at| at.0.0),
            i: scope.include,
            x: scope.exclude,
            g: scope.session_gap.map(|gap| gap.0.0),
        };
        Self::of(ctx, view, written)
    }

    /// The journey that an id names.
    pub(super) fn of_id(ctx: &Context<'_>, view: &Arc<CustomerView>, text: &str) -> Result<Self, Error> {
        Self::of(ctx, view, serde_json::from_str(text).map_err(|_| bad_id())?)
    }

    fn of(ctx: &Context<'_>, view: &Arc<CustomerView>, written: Written) -> Result<Self, Error> {
        check_times("scope", written.s, written.u, written.g)?;
        let (since, until) = (written.s.map(Timestamp), written.u.map(Timestamp));
        let configured = ctx.data_unchecked::<Setup>().dimensions.names();
        let step = |argument: &str, step: &Option<StepInput>| {
            step.as_ref().map(|step| read_step(argument, step, configured)).transpose()
        };
        let (include, exclude) = (step("scope.include", &written.i)?, step("scope.exclude", &written.x)?);
        let gap = match written.g {
            Some(gap) => domain::Duration(gap),
            None => ctx.data_unchecked::<Arc<Ingest>>().session_gap(),
        };
        let text = serde_json::to_string(&written).map_err(|_| coded(Code::Internal, "internal error"))?.into();
        Ok(CustomerJourney { view: view.clone(), asked: Arc::new(Asked { text, since, until, include, exclude, gap }) })
    }

    /// The session that a touchpoint is in; `None` when the customer has no such touchpoint in scope.
    pub(super) async fn session(&self, ctx: &Context<'_>, touchpoint: Arrival) -> Result<Option<Session>, Error> {
        let sessions = self.cut(ctx).await?;
        Ok(sessions.with(touchpoint).map(|place| Session::new(self, &sessions, place)))
    }

    async fn cut(&self, ctx: &Context<'_>) -> Result<Arc<Sessions>, Error> {
        let history = self.history(ctx).await?;
        let in_scope = self.in_scope(&history);
        Ok(Arc::new(Sessions::cut(history, &in_scope, self.asked.gap)))
    }

    async fn history(&self, ctx: &Context<'_>) -> Result<Arc<History>, Error> {
        let too_long = |length: i64| {
            use async_graphql::ErrorExtensions;
            let message = format!("a history of more than {MOST} touchpoints, whose journey is not read as a whole");
            coded(Code::TooExpensive, message).extend_with(|_, extensions| {
                extensions.set("cost", length);
                extensions.set("limit", MOST as i64);
                extensions.set("hint", "page through `touchpoints`, or ask `journeys` of all customers");
            })
        };
        let length = self.view.rollup().touchpoint_count();
        if length > MOST as i64 {
            return Err(too_long(length));
        }
        let dimensions = ctx.data_unchecked::<Setup>().dimensions.clone();
        let found = load::then(ctx, self.view.as_of, HistoryOf(self.customer(), dimensions)).await?;
        found.flatten().ok_or_else(|| too_long(MOST as i64 + 1))
    }

    /// Of each touchpoint whether it is in scope.
    fn in_scope(&self, history: &History) -> Vec<bool> {
        let asked = &self.asked;
        let include = asked.include.as_ref().map(|step| step.table(&history.kinds));
        let exclude = asked.exclude.as_ref().map(|step| step.table(&history.kinds));
        let fits = |passed: &history::Passed| {
            asked.since.is_none_or(|since| passed.key.at >= since)
                && asked.until.is_none_or(|until| passed.key.at < until)
                && include.as_ref().is_none_or(|table| table[passed.kind as usize])
                && exclude.as_ref().is_none_or(|table| !table[passed.kind as usize])
        };
        history.passed.iter().map(fits).collect()
    }

    fn customer(&self) -> CustomerId {
        self.view.customer.id.clone()
    }
}
