//! Conditions on touchpoints of journeys, as a client writes them.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, InputObject};
use serde::{Deserialize, Serialize};

use super::Setup;
use super::error::{bad_argument, masked};
use super::known_names::quoted;
use super::scalar::Duration;
use super::viewer::Viewer;
use crate::domain;
use crate::domain::masks::Masks;
use crate::domain::nearest::{hint, nearest};
use crate::journeys::credit::Model;
use crate::journeys::dimension::{Dimension, FIXED};
use crate::journeys::scope::Step;
use crate::segments::hidden::hides_dimension;

/// The maximum number of values of one list.
const MOST_VALUES: usize = 100;

/// A condition on touchpoints. A touchpoint matches when every given list contains its value. Without lists every
/// touchpoint matches. An empty list counts as not given.
#[derive(InputObject, Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct StepInput {
    /// The label of the step in the answer.
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The touchpoint has one of these names.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// The touchpoint is of one of these kinds.
    #[serde(rename = "k", skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
    /// The touchpoint is on one of these channels.
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// The touchpoint has one of these campaigns.
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    pub campaigns: Option<Vec<String>>,
    /// Each of these dimensions has one of the given values.
    #[graphql(name = "where")]
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    pub wheres: Option<Vec<DimensionIs>>,
}

/// A condition on a dimension.
#[derive(InputObject, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DimensionIs {
    /// The dimension: `name`, `kind`, `channel`, `direction`, `source`, `campaign`, `campaign_source`,
    /// `campaign_medium`, or a configured dimension.
    #[serde(rename = "d")]
    pub dimension: String,
    /// The value is one of these. `(none)` stands for a touchpoint without a value.
    #[serde(rename = "i")]
    pub is: Vec<String>,
}

/// How the credit for a conversion is divided between the touchpoints before it.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[graphql(remote = "Model")]
pub enum AttributionModel {
    /// All credit to the first touchpoint.
    FirstTouch,
    /// All credit to the last touchpoint.
    LastTouch,
    /// The same credit to each touchpoint.
    Linear,
    /// A whole conversion to each value that takes part. The credits do not add up to the conversions.
    Participation,
    /// 0.4 to the first and 0.4 to the last touchpoint, the rest to those between.
    PositionBased,
    /// 0.2 to the first and 0.6 to the last touchpoint, the rest to those between.
    JShaped,
    /// 0.6 to the first and 0.2 to the last touchpoint, the rest to those between.
    InverseJ,
    /// The credit of a touchpoint halves with each half-life of its age.
    TimeDecay,
    /// By the share of conversions that would be lost without a value (removal effect). Not for one customer.
    Markov,
    /// The same credit to each value that takes part.
    Shapley,
}

/// The dimensions that a question can name.
#[derive(Clone, Copy)]
pub(super) struct Dimensions<'a> {
    configured: &'a [Arc<str>],
    /// Those that the caller may not use. `None` for the conditions of saved segments.
    masks: Option<&'a Masks>,
}

impl<'a> Dimensions<'a> {
    /// Those that the caller of a request may use.
    pub(super) fn of(ctx: &'a Context<'_>) -> Self {
        Self::seen(ctx.data_unchecked::<Setup>().dimensions.names(), &ctx.data_unchecked::<Viewer>().masks)
    }

    /// Those of the settings but for masked ones.
    pub(super) fn seen(configured: &'a [Arc<str>], masks: &'a Masks) -> Self {
        Dimensions { configured, masks: Some(masks) }
    }

    /// All of the settings. What is masked is looked for later.
    pub(super) fn all(configured: &'a [Arc<str>]) -> Self {
        Dimensions { configured, masks: None }
    }
}

/// Checks the times and the session gap of a scope. `argument` is the name of the scope's argument.
pub(super) fn check_times(
    argument: &str,
    since: Option<i64>,
    until: Option<i64>,
    gap: Option<i64>,
) -> Result<(), Error> {
    if let (Some(since), Some(until)) = (since, until)
        && until < since
    {
        let hint = "give a time that is not before `since`";
        return Err(bad_argument(&format!("{argument}.until"), "earlier than `since`", hint));
    }
    match gap {
        Some(0) => {
            Err(bad_argument(&format!("{argument}.sessionGap"), "a gap of zero", "give a duration such as PT30M"))
        }
        _ => Ok(()),
    }
}

/// The half-life of TIME_DECAY.
pub(super) fn read_half_life(given: Duration) -> Result<domain::Duration, Error> {
    match given.0.as_millis() {
        0 => Err(bad_argument("halfLife", "a half-life of zero", "give a duration such as P7D")),
        _ => Ok(given.0),
    }
}

/// The step for the journeys module. `argument` is the name of the step's argument.
pub(super) fn read_step(argument: &str, step: &StepInput, dimensions: Dimensions<'_>) -> Result<Step, Error> {
    let list = |name: &str, list: &Option<Vec<String>>| match list {
        Some(list) => values(&format!("{argument}.{name}"), list),
        None => Ok(Vec::new()),
    };
    let wheres = step.wheres.iter().flatten().map(|condition| {
        let at = format!("{argument}.where");
        let dimension = read_dimension(&format!("{at}.dimension"), &condition.dimension, dimensions)?;
        if condition.is.is_empty() {
            return Err(bad_argument(&format!("{at}.is"), "the list is empty", "give a value, or leave the entry out"));
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
///
/// # Errors
/// When there is none, or when it is masked.
pub(super) fn read_dimension(argument: &str, name: &str, dimensions: Dimensions<'_>) -> Result<Dimension, Error> {
    let configured = dimensions.configured;
    if dimensions.masks.is_some_and(|masks| hides_dimension(name, masks)) {
        return Err(masked(argument, "the dimension"));
    }
    Dimension::named(name, configured).ok_or_else(|| {
        let known = FIXED.into_iter().chain(configured.iter().map(|name| &**name));
        let message = format!("no dimension is called {}", quoted(name, nearest(name, known.clone())));
        let hint = format!("{}; more can be configured with [journeys] dimensions", hint(name, known));
        bad_argument(argument, message, &hint)
    })
}
