//! The scope of the journeys of many customers, as a client writes it.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, InputObject, InputType};
use serde::{Deserialize, Serialize};

use crate::domain::{self, CustomerId, Timestamp};
use crate::graphql::Setup;
use crate::graphql::condition::CustomerCondition;
use crate::graphql::condition::read as condition;
use crate::graphql::error::{bad_id, store_error};
use crate::graphql::load;
use crate::graphql::scalar::{DateTime, Duration};
use crate::graphql::step::{Dimensions, StepInput, check_times, read_dimension, read_step};
use crate::graphql::viewer::Viewer;
use crate::ingest::Ingest;
use crate::journeys::{Dimension, Purpose, Scope, Unit};
use crate::segments::Condition;

/// Which touchpoints and customers count. All given conditions must hold. Times: `since <= at < until`.
#[derive(InputObject, Clone, Debug, Default)]
pub struct JourneyScope {
    /// At this time or later.
    pub since: Option<DateTime>,
    /// Before this time.
    pub until: Option<DateTime>,
    /// Only customers that are in this segment now. The name of the segment; case does not matter.
    pub segment: Option<String>,
    /// Only customers that fit this condition now.
    pub is: Option<CustomerCondition>,
    /// The time zone of `is`, an IANA name such as Europe/London. Left out: UTC.
    pub time_zone: Option<String>,
    /// Only touchpoints that match.
    pub include: Option<StepInput>,
    /// Only touchpoints that do not match.
    pub exclude: Option<StepInput>,
    /// The unit of a journey. Left out: CUSTOMER.
    pub per: Option<JourneyUnit>,
    /// A longer time between two touchpoints without a session id ends a session. Left out: the gap of the identity rules.
    pub session_gap: Option<Duration>,
    /// The dimension of a touchpoint's value: `name`, `kind`, `channel`, `direction`, `source`, `campaign`,
    /// `campaign_source`, `campaign_medium`, or a configured dimension. Left out: `name`.
    pub dimension: Option<String>,
    /// Only customers with consent for this purpose: their strictest consent for it is GRANTED now.
    pub purpose: Option<String>,
}

/// The unit of a journey.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "Unit")]
pub enum JourneyUnit {
    /// All touchpoints of a customer in scope.
    Customer,
    /// The touchpoints of a session in scope. Sessions are computed over all of a customer's touchpoints, before the scope
    /// is applied.
    Session,
}

/// A scope as it is encoded in ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EncodedScope {
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    u: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    m: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    z: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    i: Option<StepInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<StepInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<JourneyUnit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    g: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<String>,
}

impl From<JourneyScope> for EncodedScope {
    fn from(scope: JourneyScope) -> Self {
        EncodedScope {
            s: scope.since.map(|at| at.0.0),
            u: scope.until.map(|at| at.0.0),
            m: scope.segment,
            q: scope.is.and_then(|is| is.to_value().into_json().ok()),
            z: scope.time_zone,
            i: scope.include,
            x: scope.exclude,
            p: scope.per,
            g: scope.session_gap.map(|gap| gap.0.0),
            d: scope.dimension,
            c: scope.purpose,
        }
    }
}

impl EncodedScope {
    /// Takes the unit, the gap and the dimension from another scope where this one leaves them out.
    pub(super) fn or_as(self, other: &EncodedScope) -> Self {
        let (p, g, d) = (self.p.or(other.p), self.g.or(other.g), self.d.or_else(|| other.d.clone()));
        EncodedScope { p, g, d, ..self }
    }

    /// The customers of `segment` and `is`, sorted. `None` when neither is given.
    async fn customers(&self, argument: &str, ctx: &Context<'_>) -> Result<Option<Arc<[CustomerId]>>, Error> {
        let at = |name: &str| format!("{argument}.{name}");
        let (zone, is) = (at("timeZone"), at("is"));
        let given = self.q.clone().map(|given| {
            let given = async_graphql::Value::from_json(given).ok();
            CustomerCondition::parse(given).map_err(|_| bad_id())
        });
        let given = given.transpose()?;
        let mut members =
            Box::pin(condition::members(ctx, &is, given.as_ref(), (&zone, self.z.as_deref()), None)).await?;
        if let Some(segment) = &self.m {
            let one = condition::segment(ctx, &at("segment"), segment, None).await?;
            let own = std::mem::replace(&mut members.condition, one);
            members.condition = Condition::All(vec![own, members.condition]);
        }
        if given.is_none() && self.m.is_none() {
            return Ok(None);
        }
        let store = load::of(ctx).loader().0.clone();
        Ok(Some(Box::pin(members.ids(&*store)).await.map_err(store_error)?.into()))
    }

    /// The scope for the journeys module. `argument` is the name of the argument that has it.
    pub(super) async fn read(&self, argument: &str, ctx: &Context<'_>) -> Result<Scope, Error> {
        let gap = ctx.data_unchecked::<Arc<Ingest>>().session_gap();
        let setup = ctx.data_unchecked::<Setup>();
        let (known, now, shown) = (Dimensions::of(ctx), setup.now(), ctx.data_unchecked::<Viewer>().shown());
        let at = |name: &str| format!("{argument}.{name}");
        check_times(argument, self.s, self.u, self.g)?;
        let step = |name: &str, step: &Option<StepInput>| {
            step.as_ref().map(|step| read_step(&at(name), step, known)).transpose()
        };
        let dimension = self.d.as_ref().map(|name| read_dimension(&at("dimension"), name, known)).transpose()?;
        Ok(Scope {
            since: self.s.map(Timestamp),
            until: self.u.map(Timestamp),
            segment: self.customers(argument, ctx).await?,
            include: step("include", &self.i)?,
            exclude: step("exclude", &self.x)?,
            per: self.p.map(Unit::from).unwrap_or_default(),
            session_gap: self.g.map_or(gap, domain::Duration),
            dimension: dimension.unwrap_or(Dimension::NAME),
            purpose: self.c.as_deref().map(|name| Purpose { name: name.into(), now }),
            shown_for: shown.map(|shown| Purpose { name: shown.purpose().clone(), now }),
        })
    }
}
