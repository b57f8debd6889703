//! The scope of a question: which customers and touchpoints count. And the step: a condition on a touchpoint.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::dimension::{Dimension, value_matches};
use super::kind::{Kinds, TouchpointKind};
use super::run::JourneyError;
use crate::domain::{CustomerId, Duration, Timestamp};

/// What a journey is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unit {
    /// All touchpoints of a customer in scope.
    #[default]
    Customer,
    /// All touchpoints of a session in scope.
    Session,
}

/// Which customers and touchpoints count for a question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Only touchpoints at this time or later.
    pub since: Option<Timestamp>,
    /// Only touchpoints before this time.
    pub until: Option<Timestamp>,
    /// Only these customers, sorted.
    pub segment: Option<Arc<[CustomerId]>>,
    /// Only touchpoints that match.
    pub include: Option<Step>,
    /// No touchpoints that match.
    pub exclude: Option<Step>,
    /// What a journey is made of.
    pub per: Unit,
    /// A longer gap between two touchpoints ends a session without an id.
    pub session_gap: Duration,
    /// The dimension that gives the value of a touchpoint.
    pub dimension: Dimension,
    /// Only customers with a grant for this purpose.
    pub purpose: Option<Purpose>,
    /// Only what this purpose shows: see [`Standing`](crate::domain::consent::Standing).
    pub shown_for: Option<Purpose>,
}

/// A purpose for which customers must have a grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Purpose {
    /// Its name.
    pub name: Arc<str>,
    /// The time of the question: a consent may have expired by then.
    pub now: Timestamp,
}

impl Scope {
    /// All touchpoints, by customer and by name; `session_gap` comes from the settings.
    pub fn all(session_gap: Duration) -> Self {
        Scope {
            since: None,
            until: None,
            segment: None,
            include: None,
            exclude: None,
            per: Unit::Customer,
            session_gap,
            dimension: Dimension::NAME,
            purpose: None,
            shown_for: None,
        }
    }

    /// # Errors
    /// `until` is before `since`.
    pub fn check(&self) -> Result<(), JourneyError> {
        match (self.since, self.until) {
            (Some(since), Some(until)) if until < since => Err(JourneyError::bad_argument(
                "scope.until",
                format!("{until} is earlier than since, {since}"),
                "give a time that is not before `since`",
            )),
            _ => Ok(()),
        }
    }
}

/// A condition on a touchpoint: every list that is not empty must have its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Step {
    /// Its label in answers.
    pub label: Option<Arc<str>>,
    /// Names.
    pub names: Vec<Arc<str>>,
    /// Kinds.
    pub kinds: Vec<Arc<str>>,
    /// Channels.
    pub channels: Vec<Arc<str>>,
    /// Names of campaigns.
    pub campaigns: Vec<Arc<str>>,
    /// Values of any dimensions.
    pub wheres: Vec<(Dimension, Vec<Arc<str>>)>,
}

impl Step {
    /// A step that matches one name.
    pub fn named(name: &str) -> Self {
        Step { names: vec![name.into()], ..Step::default() }
    }

    /// Whether a touchpoint of this kind matches.
    pub fn matches(&self, kind: &TouchpointKind<'_>) -> bool {
        self.lists().all(|(dimension, list)| list.iter().any(|written| value_matches(written, kind.value(dimension))))
    }

    /// Its label in answers: `label`, else its values joined by `/`, else `step` and its number.
    pub fn shown_label(&self, number: usize) -> Arc<str> {
        if let Some(label) = &self.label {
            return label.clone();
        }
        let joined = self.lists().flat_map(|(_, list)| list.iter().map(|value| &**value)).collect::<Vec<_>>().join("/");
        if joined.is_empty() { format!("step {number}").into() } else { joined.into() }
    }

    /// By the code of a kind, whether it matches.
    pub(crate) fn table(&self, kinds: &Kinds) -> Vec<bool> {
        let is = |code| {
            self.lists().all(|(of, list)| list.iter().any(|written| value_matches(written, kinds.value(code, of))))
        };
        (0..kinds.len() as u32).map(is).collect()
    }

    /// Its values that no touchpoint has, each with its dimension.
    pub(crate) fn unknown<'a>(&'a self, kinds: &Kinds) -> Vec<(Dimension, &'a Arc<str>)> {
        let mut unknown: Vec<_> =
            self.lists().flat_map(|(of, list)| list.iter().map(move |value| (of, value))).collect();
        unknown.retain(|(of, value)| !(0..kinds.len() as u32).any(|code| value_matches(value, kinds.value(code, *of))));
        unknown
    }

    fn lists(&self) -> impl Iterator<Item = (Dimension, &[Arc<str>])> {
        let fixed = [
            (Dimension::NAME, &self.names),
            (Dimension::KIND, &self.kinds),
            (Dimension::CHANNEL, &self.channels),
            (Dimension::CAMPAIGN, &self.campaigns),
        ];
        let others = self.wheres.iter().map(|(dimension, list)| (*dimension, list));
        fixed.into_iter().chain(others).filter(|(_, list)| !list.is_empty()).map(|(of, list)| (of, &list[..]))
    }
}

/// The values of these steps that no touchpoint has, as written, distinct and sorted.
pub(crate) fn unknown<'a>(kinds: &Kinds, steps: impl IntoIterator<Item = &'a Step>) -> Vec<Arc<str>> {
    let values: BTreeSet<&Arc<str>> =
        steps.into_iter().flat_map(|step| step.unknown(kinds)).map(|(_, value)| value).collect();
    values.into_iter().cloned().collect()
}
