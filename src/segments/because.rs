//! Why a customer fits a condition or does not: the condition as a tree, each part with whether it holds.

use std::sync::Arc;

use super::condition::Condition;
use super::evaluate::{CustomerFacts, Frame};
use crate::domain::Timestamp;

/// The most moments at which it is looked whether a verdict changes.
const MOST_MOMENTS: usize = 100;

/// A condition, whether it holds for a customer, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionAnswer {
    /// The condition in English.
    pub sentence: String,
    /// Whether it holds.
    pub holds: bool,
    /// The conditions inside.
    pub parts: Vec<ConditionAnswer>,
    /// The touchpoints that count, the latest first, by message id.
    pub touchpoints: Vec<Arc<str>>,
    /// The trait that it is about.
    pub of_trait: Option<Arc<str>>,
    /// When it changes by time alone. `None` for never, and when it was not asked for.
    pub changes_at: Option<Timestamp>,
}

impl Condition {
    /// Why a customer fits it or does not. With `moments`, each part also says when it changes.
    pub fn because(&self, facts: &CustomerFacts, frame: &Frame<'_>, moments: bool) -> ConditionAnswer {
        let parts = match self {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().map(|part| part.because(facts, frame, moments)).collect()
            }
            Condition::Not(part) => vec![part.because(facts, frame, moments)],
            Condition::Segment(of) => vec![of.members.because(facts, &Frame { zone: &of.zone, ..*frame }, moments)],
            _ => Vec::new(),
        };
        let touchpoints = match self {
            Condition::Did(of) => of.find(&facts.touchpoints, frame),
            _ => Vec::new(),
        };
        let of_trait = match self {
            Condition::Trait(of) => Some(of.name.clone()),
            _ => None,
        };
        ConditionAnswer {
            sentence: self.sentence(),
            holds: self.fits(facts, frame),
            parts,
            touchpoints: touchpoints.iter().rev().map(|n| facts.touchpoints[*n].message_id.clone()).collect(),
            of_trait,
            changes_at: moments.then(|| self.changes_at(facts, frame)).flatten(),
        }
    }

    /// The first moment after now at which the verdict differs from that of now, if nothing is stored. `None` for never, or
    /// when [`MOST_MOMENTS`] moments at which it might change pass without a change.
    fn changes_at(&self, facts: &CustomerFacts, frame: &Frame<'_>) -> Option<Timestamp> {
        let holds = self.fits(facts, frame);
        let mut then = *frame;
        for _ in 0..MOST_MOMENTS {
            then.now = self.next_change(facts, &then)?;
            if self.fits(facts, &then) != holds {
                return Some(then.now);
            }
        }
        None
    }

    /// The one condition of the outermost `all` that a customer fails. `None` when it fails none or several, and for a
    /// condition of another shape.
    pub fn near_miss(&self, facts: &CustomerFacts, frame: &Frame<'_>) -> Option<&Condition> {
        let Condition::All(parts) = self else { return None };
        let mut failed = parts.iter().filter(|part| !part.fits(facts, frame));
        failed.next().filter(|_| failed.next().is_none())
    }
}
