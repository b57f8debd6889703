//! Which customers are in which saved segments, as it is stored, and what is still to be judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::customer::CustomerId;
use super::segment::SegmentId;
use super::{Arrival, Timestamp};

/// A customer is in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentMembership {
    /// The segment.
    pub segment: SegmentId,
    /// Since then: the commit of the event, or the moment at which it fell due.
    pub since: Timestamp,
}

/// What is known about when a customer is to be judged.
///
/// It is also the version of what a judge has read: a verdict counts only when this is still what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The customer.
    pub customer: CustomerId,
    /// The last change that touched the customer; 0 for none since there are segments.
    pub change: i64,
    /// The commit of the first change that touched it since it was judged. `None` when it was judged since.
    pub touched_at: Option<Timestamp>,
    /// What they touched of it.
    pub touches: Touches,
    /// No verdict changes before this moment without a change. `None` for never.
    pub due_at: Option<Timestamp>,
    /// Up to then everything is told: no later verdict begins before it. `None` when it was never judged.
    pub judged_at: Option<Timestamp>,
}

impl Judgement {
    /// Of a customer about which nothing is kept.
    pub fn none(customer: CustomerId) -> Self {
        Judgement { customer, change: 0, touched_at: None, touches: Touches::Everything, due_at: None, judged_at: None }
    }

    /// Whether a verdict is missing, apart from those of sweeps.
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.touched_at.is_some() || self.is_due(now)
    }

    /// Whether a verdict may have changed without a change of the customer.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due| due <= now)
    }
}

/// A customer enters or leaves a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The segment.
    pub segment: SegmentId,
    /// Whether it enters.
    pub enters: bool,
    /// When.
    pub at: Timestamp,
}

/// What a judge has found about a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was stored before the judge read the customer.
    pub read: Judgement,
    /// What the customer entered and left, in order.
    pub crossings: Vec<Crossing>,
    /// By which segments the customer was judged.
    pub covers: Covers,
    /// The next moment at which a verdict may change.
    pub due_at: Option<Timestamp>,
    /// Up to when the judge followed the customer.
    pub judged_at: Timestamp,
}

/// By which segments a customer was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers {
    /// By all.
    All,
    /// By those that changes and sweeps concern. The customer falls due no later than before.
    Concerned,
    /// By no condition: the segment was deleted, so the customer leaves it. The verdict counts even when the customer changed.
    Deleted,
}

/// A segment that was saved or deleted, whose customers are not all judged yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// The segment.
    pub segment: SegmentId,
    /// The change that saved or deleted it.
    pub change: i64,
    /// When that was committed.
    pub at: Timestamp,
    /// The customers up to this one are judged, in the order in which they were created.
    pub after: Option<Arrival>,
}

/// What of a customer changes have touched since it was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touches {
    /// Anything: identifiers moved, or it is not known.
    Everything,
    /// Only this.
    Some(BTreeSet<Touch>),
}

/// A part of a customer that conditions look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// When and where it was seen, and on which devices. Every change touches this.
    Seen,
    /// A touchpoint.
    Touchpoint,
    /// A touchpoint of this name.
    Name(Arc<str>),
    /// A touchpoint of this kind.
    Kind(Arc<str>),
    /// A touchpoint on this channel.
    Channel(Arc<str>),
    /// A trait of this name.
    Trait(Arc<str>),
    /// A consent.
    Consent,
    /// An order, or an act about a product.
    Order,
}

/// The maximum number of words for one customer. More words mean [`Touches::Everything`].
const MOST_TOUCHES: usize = 64;

impl Touches {
    /// These too.
    pub fn add(&mut self, other: Touches) {
        match (&mut *self, other) {
            (Touches::Everything, _) => {}
            (touches, Touches::Everything) => *touches = Touches::Everything,
            (Touches::Some(own), Touches::Some(other)) => {
                own.extend(other);
                if own.len() > MOST_TOUCHES {
                    *self = Touches::Everything;
                }
            }
        }
    }

    /// As stores keep it: a word for each; `None` for everything.
    pub fn words(&self) -> Option<Vec<String>> {
        match self {
            Touches::Everything => None,
            Touches::Some(words) => Some(words.iter().map(Touch::word).collect()),
        }
    }

    /// From words. A word that this version does not know is everything.
    pub fn of_words<'a>(words: Option<impl IntoIterator<Item = &'a str>>) -> Self {
        let read = words.and_then(|words| words.into_iter().map(Touch::of_word).collect::<Option<_>>());
        read.map_or(Touches::Everything, Touches::Some)
    }
}

impl Touch {
    fn word(&self) -> String {
        match self {
            Touch::Seen => "seen".to_owned(),
            Touch::Touchpoint => "touchpoint".to_owned(),
            Touch::Consent => "consent".to_owned(),
            Touch::Order => "order".to_owned(),
            Touch::Name(name) => format!("name:{name}"),
            Touch::Kind(kind) => format!("kind:{kind}"),
            Touch::Channel(channel) => format!("channel:{channel}"),
            Touch::Trait(name) => format!("trait:{name}"),
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        match word.split_once(':') {
            None if word == "seen" => Some(Touch::Seen),
            None if word == "touchpoint" => Some(Touch::Touchpoint),
            None if word == "consent" => Some(Touch::Consent),
            None if word == "order" => Some(Touch::Order),
            Some(("name", name)) => Some(Touch::Name(name.into())),
            Some(("kind", kind)) => Some(Touch::Kind(kind.into())),
            Some(("channel", channel)) => Some(Touch::Channel(channel.into())),
            Some(("trait", name)) => Some(Touch::Trait(name.into())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touches_are_kept_as_words_and_read_again() {
        let name = |text: &str| Touch::Name(text.into());
        let words = [
            Touch::Seen,
            Touch::Touchpoint,
            Touch::Consent,
            Touch::Order,
            name("a: b"),
            Touch::Kind("view".into()),
            Touch::Channel("store".into()),
            Touch::Trait("plan".into()),
        ];
        let some = Touches::Some(words.into_iter().collect());
        let kept = some.words().expect("words");
        assert_eq!(Touches::of_words(Some(kept.iter().map(String::as_str))), some);
        assert_eq!(Touches::of_words(None::<[&str; 0]>), Touches::Everything);
        assert_eq!(Touches::of_words(Some(["seen", "what is this"])), Touches::Everything);
        let mut sum = Touches::Some(BTreeSet::from([Touch::Seen]));
        sum.add(Touches::Some(BTreeSet::from([Touch::Order])));
        assert_eq!(sum, Touches::Some(BTreeSet::from([Touch::Seen, Touch::Order])));
        sum.add(Touches::Some((0..MOST_TOUCHES).map(|n| name(&n.to_string())).collect()));
        assert_eq!(sum, Touches::Everything);
    }
}
