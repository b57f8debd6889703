//! Paths of values in events: `context.traits.email`.

use std::fmt;
use std::str::FromStr;

/// A path in an event: a top-level field, and the steps below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventPath {
    /// The top-level field.
    pub root: Root,
    /// The steps. Empty for an id.
    pub steps: Vec<Box<str>>,
}

/// The first field of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// `userId`
    UserId,
    /// `anonymousId`
    AnonymousId,
    /// `groupId`
    GroupId,
    /// `traits`, which are read from identify events only.
    Traits,
    /// `properties`
    Properties,
    /// `context`
    Context,
}

impl Root {
    const ALL: [Root; 6] =
        [Root::UserId, Root::AnonymousId, Root::GroupId, Root::Traits, Root::Properties, Root::Context];

    /// The name of the field.
    pub fn as_str(self) -> &'static str {
        match self {
            Root::UserId => "userId",
            Root::AnonymousId => "anonymousId",
            Root::GroupId => "groupId",
            Root::Traits => "traits",
            Root::Properties => "properties",
            Root::Context => "context",
        }
    }

    fn is_object(self) -> bool {
        matches!(self, Root::Traits | Root::Properties | Root::Context)
    }
}

/// The text is not a path of an event.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a path of an event: write it as userId, anonymousId, traits.email, properties.email or context.traits.email"
)]
pub struct NotAPath;

impl FromStr for EventPath {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Self, NotAPath> {
        let mut parts = text.trim().split('.');
        let first = parts.next().unwrap_or_default();
        let root = Root::ALL.into_iter().find(|root| root.as_str() == first).ok_or(NotAPath)?;
        let steps: Vec<Box<str>> = parts.map(Box::from).collect();
        let whole = root.is_object() != steps.is_empty() && steps.iter().all(|step| !step.is_empty());
        if whole { Ok(EventPath { root, steps }) } else { Err(NotAPath) }
    }
}

impl fmt::Display for EventPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root.as_str())?;
        self.steps.iter().try_for_each(|step| write!(f, ".{step}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_starts_with_a_field_of_an_event() {
        for text in ["userId", "anonymousId", "traits.email", "context.traits.email", "properties.a.b"] {
            assert_eq!(text.parse::<EventPath>().expect("a path").to_string(), text);
        }
        for text in ["", "email", "userId.x", "traits", "traits.", "traits..x", "Traits.email"] {
            assert_eq!(text.parse::<EventPath>(), Err(NotAPath), "{text}");
        }
    }
}
