//! What a touchpoint of a journey must be, as a client writes it.

use std::sync::Arc;

use async_graphql::{Enum, Error, InputObject};
use serde::{Deserialize, Serialize};

use super::error::bad_argument;
use super::known::asked;
use super::scalar::Duration;
use crate::domain;
use crate::domain::nearest::{hint, nearest};
use crate::journeys::credit::Model;
use crate::journeys::dimension::{Dimension, FIXED};
use crate::journeys::scope::Step;

/// The most values of one list.
const MOST_VALUES: usize = 100;

/// A step matches a touchpoint when every list that is given holds its value; no list at all matches any
/// touchpoint. An empty list is a list not given.
#[derive(InputObject, Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct StepInput {
    /// What to call it.
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// One of these names.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// One of these kinds.
    #[serde(rename = "k", skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
    /// On one of these channels.
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// Brought by one of these campaigns.
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    pub campaigns: Option<Vec<String>>,
    /// Each of these dimensions has one of its values.
    #[graphql(name = "where")]
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    pub wheres: Option<Vec<DimensionIs>>,
}

/// One of these values of a dimension.
#[derive(InputObject, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DimensionIs {
    /// The dimension: `name`, `kind`, `channel`, `direction`, `source`, `campaign`, `campaign_source`,
    /// `campaign_medium`, or a configured one.
    #[serde(rename = "d")]
    pub dimension: String,
    /// One of these values; `(none)` is that of a touchpoint without one.
    #[serde(rename = "i")]
    pub is: Vec<String>,
}

/// How a conversion is shared between the touchpoints that led to it.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[graphql(remote = "Model")]
pub enum AttributionModel {
    /// All to the first.
    FirstTouch,
    /// All to the last.
    LastTouch,
    /// The same to each.
    Linear,
    /// A whole one to each value that takes part; it does not sum to the conversions.
    Participation,
    /// 0.4 to the first and to the last, the rest between.
    PositionBased,
    /// 0.2 to the first, 0.6 to the last, the rest between.
    JShaped,
    /// 0.6 to the first, 0.2 to the last, the rest between.
    InverseJ,
    /// Half as much for each half-life of age.
    TimeDecay,
    /// By what all conversions would lose without a value. Not for one customer.
    Markov,
    /// The same to each value that takes part.
    Shapley,
}

/// When a scope begins and ends, and the gap that ends a session, as journeys know them; `argument` is the scope.
pub(super) fn check_times(
    argument: &str,
    since: Option<i64>,
    until: Option<i64>,
    gap: Option<i64>,
) -> Result<(), Error> {
    if let (Some(since), Some(until)) = (since, until)
        && until < since
    {
        let hint = "give a moment that is not before `since`";
        return Err(bad_argument(&format!("{argument}.until"), "earlier than `since`", hint));
    }
    match gap {
        Some(0) => {
            Err(bad_argument(&format!("{argument}.sessionGap"), "a gap of nothing", "give a duration such as PT30M"))
        }
        _ => Ok(()),
    }
}

/// The half-life of TIME_DECAY.
pub(super) fn read_half_life(given: Duration) -> Result<domain::Duration, Error> {
    match given.0.as_millis() {
        0 => Err(bad_argument("halfLife", "a half-life of nothing", "give a duration such as P7D")),
        _ => Ok(given.0),
    }
}

/// A step as journeys know it; `argument` is where it was given.
pub(super) fn read_step(argument: &str, step: &StepInput, configured: &[Arc<str>]) -> Result<Step, Error> {
    let list = |name: &str, list: &Option<Vec<String>>| match list {
        Some(list) => values(&format!("{argument}.{name}"), list),
        None => Ok(Vec::new()),
    };
    let wheres = step.wheres.iter().flatten().map(|condition| {
        let at = format!("{argument}.where");
        let dimension = read_dimension(&format!("{at}.dimension"), &condition.dimension, configured)?;
        if condition.is.is_empty() {
            return Err(bad_argument(&format!("{at}.is"), "no value at all", "give a value, or leave the entry out"));
        }
        Ok((dimension, values(&format!("{at}.is"), &condition.is)?))
    });
    let wheres: Vec<_> = wheres.collect::<Result<_, Error>>()?;
    if wheres.len() > MOST_VALUES {
        let message = format!("{} entries are too many", wheres.len());
        return Err(bad_argument(&format!("{argument}.where"), message, "at most 100"));
    }
    Ok(Step {
        label: step.label.as_deref().map(Arc::from),
        names: list("names", &step.names)?,
        kinds: list("kinds", &step.kinds)?,
        channels: list("channels", &step.channels)?,
        campaigns: list("campaigns", &step.campaigns)?,
        wheres,
    })
}

fn values(argument: &str, list: &[String]) -> Result<Vec<Arc<str>>, Error> {
    if list.len() > MOST_VALUES {
        return Err(bad_argument(argument, format!("{} values are too many", list.len()), "at most 100"));
    }
    Ok(list.iter().map(|value| value.as_str().into()).collect())
}

/// The dimension of this name.
pub(super) fn read_dimension(argument: &str, name: &str, configured: &[Arc<str>]) -> Result<Dimension, Error> {
    Dimension::named(name, configured).ok_or_else(|| {
        let known = FIXED.into_iter().chain(configured.iter().map(|name| &**name));
        let words = format!("no dimension is called {}", asked(name, nearest(name, known.clone())));
        let hint = format!("{}; more can be configured by [journeys] dimensions", hint(name, known));
        bad_argument(argument, words, &hint)
    })
}
