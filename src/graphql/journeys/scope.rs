//! Of which touchpoints and customers a question about many journeys is, as a client writes it.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, InputObject};
use serde::{Deserialize, Serialize};

use crate::domain::{self, Timestamp};
use crate::graphql::Setup;
use crate::graphql::error::bad_argument;
use crate::graphql::scalar::{DateTime, Duration};
use crate::graphql::step::{StepInput, check_times, read_dimension, read_step};
use crate::ingest::Ingest;
use crate::journeys::{Dimension, Purpose, Scope, Unit};

/// Of which touchpoints and customers; all that is given must hold. `since <= at < until`.
#[derive(InputObject, Clone, Debug, Default)]
pub struct JourneyScope {
    /// At this moment or later.
    pub since: Option<DateTime>,
    /// Before this moment.
    pub until: Option<DateTime>,
    /// Only customers who are in this segment now, by its name.
    pub segment: Option<String>,
    /// Only touchpoints that match.
    pub include: Option<StepInput>,
    /// No touchpoints that match.
    pub exclude: Option<StepInput>,
    /// What makes a journey; left out, a customer.
    pub per: Option<JourneyUnit>,
    /// A longer time between two touchpoints without a session id ends a session; left out, what the
    /// settings say.
    pub session_gap: Option<Duration>,
    /// What a touchpoint's value is: `name`, `kind`, `channel`, `direction`, `source`, `campaign`,
    /// `campaign_source`, `campaign_medium`, or a configured one; left out, `name`.
    pub dimension: Option<String>,
    /// Only customers who allow this now: whose strictest consent for it is GRANTED.
    pub purpose: Option<String>,
}

/// What makes a journey.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "Unit")]
pub enum JourneyUnit {
    /// All of a customer's touchpoints in scope.
    Customer,
    /// One session's. Sessions are cut over all of a customer's touchpoints, before any scope.
    Session,
}

/// A scope as it stands in ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenScope {
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    u: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    m: Option<String>,
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

impl From<JourneyScope> for WrittenScope {
    fn from(scope: JourneyScope) -> Self {
        WrittenScope {
            s: scope.since.map(|at| at.0.0),
            u: scope.until.map(|at| at.0.0),
            m: scope.segment,
            i: scope.include,
            x: scope.exclude,
            p: scope.per,
            g: scope.session_gap.map(|gap| gap.0.0),
            d: scope.dimension,
            c: scope.purpose,
        }
    }
}

impl WrittenScope {
    /// As it is when what makes a journey, the gap and the dimension are taken from another where it leaves
    /// them out.
    pub(super) fn or_as(self, other: &WrittenScope) -> Self {
        let (p, g, d) = (self.p.or(other.p), self.g.or(other.g), self.d.or_else(|| other.d.clone()));
        WrittenScope { p, g, d, ..self }
    }

    /// As journeys know it; `argument` is where it was given.
    pub(super) fn read(&self, argument: &str, ctx: &Context<'_>) -> Result<Scope, Error> {
        let gap = ctx.data_unchecked::<Arc<Ingest>>().session_gap();
        let setup = ctx.data_unchecked::<Setup>();
        let (configured, now) = (setup.dimensions.names(), setup.now());
        let at = |name: &str| format!("{argument}.{name}");
        check_times(argument, self.s, self.u, self.g)?;
        if let Some(segment) = &self.m {
            let hint = "no segment is saved; leave it out, or choose customers by what their touchpoints are";
            return Err(bad_argument(&at("segment"), format!("no segment is called \"{segment}\""), hint));
        }
        let step = |name: &str, step: &Option<StepInput>| {
            step.as_ref().map(|step| read_step(&at(name), step, configured)).transpose()
        };
        let dimension = self.d.as_ref().map(|name| read_dimension(&at("dimension"), name, configured)).transpose()?;
        Ok(Scope {
            since: self.s.map(Timestamp),
            until: self.u.map(Timestamp),
            segment: None,
            include: step("include", &self.i)?,
            exclude: step("exclude", &self.x)?,
            per: self.p.map(Unit::from).unwrap_or_default(),
            session_gap: self.g.map_or(gap, domain::Duration),
            dimension: dimension.unwrap_or(Dimension::NAME),
            purpose: self.c.as_deref().map(|name| Purpose { name: name.into(), now }),
        })
    }
}
