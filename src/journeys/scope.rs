//! Of which touchpoints and customers a question is, and what a step is.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::dimension::{Dimension, means};
use super::kind::{Kinds, TouchpointKind};
use super::run::Fault;
use crate::domain::{CustomerId, Duration, Timestamp};

/// What makes a journey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unit {
    /// All of a customer's touchpoints in scope.
    #[default]
    Customer,
    /// One session's.
    Session,
}

/// Of which touchpoints and customers a question is.
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
    /// What makes a journey.
    pub per: Unit,
    /// A longer time than this ends a session that has no id.
    pub session_gap: Duration,
    /// What a touchpoint's value is.
    pub dimension: Dimension,
    /// Only customers who allow this.
    pub purpose: Option<Purpose>,
}

/// What customers must allow, and when.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Purpose {
    /// Its name.
    pub name: Arc<str>,
    /// The moment of the question: a consent may have run out by then.
    pub now: Timestamp,
}

impl Scope {
    /// Everything, by customer and name; `session_gap` is the settings'.
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
        }
    }

    /// # Errors
    /// That it ends before it begins.
    pub fn check(&self) -> Result<(), Fault> {
        match (self.since, self.until) {
            (Some(since), Some(until)) if until < since => Err(Fault::bad(
                "scope.until",
                format!("{until} is earlier than since, {since}"),
                "give a time that is not before `since`",
            )),
            _ => Ok(()),
        }
    }
}

/// What a touchpoint must be: every list that is not empty holds its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Step {
    /// What to call it.
    pub label: Option<Arc<str>>,
    /// Names.
    pub names: Vec<Arc<str>>,
    /// Kinds.
    pub kinds: Vec<Arc<str>>,
    /// Channels.
    pub channels: Vec<Arc<str>>,
    /// Campaigns' names.
    pub campaigns: Vec<Arc<str>>,
    /// Values of any dimensions.
    pub wheres: Vec<(Dimension, Vec<Arc<str>>)>,
}

impl Step {
    /// By name alone.
    pub fn named(name: &str) -> Self {
        Step { names: vec![name.into()], ..Step::default() }
    }

    /// Whether this touchpoint is one.
    pub fn matches(&self, kind: &TouchpointKind<'_>) -> bool {
        self.lists().all(|(dimension, list)| list.iter().any(|wanted| means(wanted, kind.value(dimension))))
    }

    /// What it is called: its label, else its lists joined by `/`, else `step` and its number.
    pub fn shown_label(&self, number: usize) -> Arc<str> {
        if let Some(label) = &self.label {
            return label.clone();
        }
        let joined = self.lists().flat_map(|(_, list)| list.iter().map(|value| &**value)).collect::<Vec<_>>().join("/");
        if joined.is_empty() { format!("step {number}").into() } else { joined.into() }
    }

    /// Whether each kind of touchpoint is one, by code.
    pub(crate) fn table(&self, kinds: &Kinds) -> Vec<bool> {
        let is = |code| self.lists().all(|(of, list)| list.iter().any(|wanted| means(wanted, kinds.value(code, of))));
        (0..kinds.len() as u32).map(is).collect()
    }

    /// Its values that no touchpoint has, each with the dimension it was looked for in.
    pub(crate) fn unknown<'a>(&'a self, kinds: &Kinds) -> Vec<(Dimension, &'a Arc<str>)> {
        let mut unknown: Vec<_> =
            self.lists().flat_map(|(of, list)| list.iter().map(move |value| (of, value))).collect();
        unknown.retain(|(of, value)| !(0..kinds.len() as u32).any(|code| means(value, kinds.value(code, *of))));
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

/// The values of these steps that no touchpoint has, as written, each once and in order.
pub(crate) fn unknown<'a>(kinds: &Kinds, steps: impl IntoIterator<Item = &'a Step>) -> Vec<Arc<str>> {
    let values: BTreeSet<&Arc<str>> =
        steps.into_iter().flat_map(|step| step.unknown(kinds)).map(|(_, value)| value).collect();
    values.into_iter().cloned().collect()
}
