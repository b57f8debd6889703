//! Which conditions a change can touch: an index from names, kinds and channels of touchpoints, from traits and other words
//! to the segments that look at them. It may name a segment that is not touched, never leave one out that is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Condition;
use super::condition::CountedAs;
use super::journey::JourneyTest;
use crate::domain::segment::SegmentId;
use crate::domain::segment_membership::{Touch, Touches};
use crate::journeys::Step;

/// The segments, by what they look at.
#[derive(Debug, Default)]
pub struct Index {
    by: BTreeMap<Touch, BTreeSet<SegmentId>>,
    all: BTreeSet<SegmentId>,
}

impl Index {
    /// Adds a segment.
    pub fn add(&mut self, segment: SegmentId, condition: &Condition) {
        self.all.insert(segment);
        for word in looks_at(condition) {
            self.by.entry(word).or_default().insert(segment);
        }
    }

    /// The segments that these touches concern.
    pub fn touched_by(&self, touches: &Touches) -> BTreeSet<SegmentId> {
        match touches {
            Touches::Everything => self.all.clone(),
            Touches::Some(words) => words.iter().filter_map(|word| self.by.get(word)).flatten().copied().collect(),
        }
    }
}

/// What a condition looks at. A change of a customer that touches none of these leaves its verdict.
fn looks_at(condition: &Condition) -> BTreeSet<Touch> {
    let mut words = BTreeSet::new();
    condition.visit(&mut |part| match part {
        Condition::Trait(of) => drop(words.insert(Touch::Trait(of.name.clone()))),
        // New identifiers touch everything.
        Condition::Identifier(_) | Condition::All(_) | Condition::Any(_) | Condition::Not(_) => {}
        Condition::Did(of) => {
            if of.count == CountedAs::Sessions {
                // Where a session ends depends on all touchpoints.
                words.insert(Touch::Touchpoint);
            }
            for step in [&of.what].into_iter().chain(of.then.iter().map(|then| &then.what)) {
                words.extend(of_step(step));
            }
        }
        Condition::Journey(of) => match &of.is {
            // Any touchpoint may break a pattern.
            JourneyTest::Pattern(_) => drop(words.insert(Touch::Touchpoint)),
            JourneyTest::Funnel(of) => words.extend(of.steps.iter().flat_map(of_step)),
        },
        Condition::Orders(_) | Condition::Product(_) | Condition::Spend(_) => drop(words.insert(Touch::Order)),
        Condition::Consent(_) => drop(words.insert(Touch::Consent)),
        Condition::Seen(_) => drop(words.insert(Touch::Seen)),
        Condition::Segment(of) => words.extend(looks_at(&of.members)),
    });
    words
}

/// A touchpoint has one name, one kind and one channel, so one list that must have it is enough.
fn of_step(step: &Step) -> Vec<Touch> {
    let each = |list: &[Arc<str>], word: fn(Arc<str>) -> Touch| list.iter().cloned().map(word).collect();
    // A value after a backslash stands for itself, where it would be a word with another meaning.
    let plain = [&step.names, &step.kinds, &step.channels]
        .map(|list| !list.is_empty() && list.iter().all(|written| !written.starts_with('\\')));
    match plain {
        [true, _, _] => each(&step.names, Touch::Name),
        [_, true, _] => each(&step.kinds, Touch::Kind),
        [_, _, true] => each(&step.channels, Touch::Channel),
        _ => vec![Touch::Touchpoint],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(names: &[&str], kinds: &[&str], channels: &[&str]) -> Step {
        let list = |of: &[&str]| of.iter().map(|one| Arc::from(*one)).collect();
        Step { names: list(names), kinds: list(kinds), channels: list(channels), ..Step::default() }
    }

    #[test]
    fn a_step_is_found_by_its_narrowest_list() {
        let name = |name: &str| Touch::Name(name.into());
        assert_eq!(of_step(&step(&["a", "b"], &["view"], &[])), [name("a"), name("b")]);
        assert_eq!(of_step(&step(&[], &["view"], &["store"])), [Touch::Kind("view".into())]);
        assert_eq!(of_step(&step(&[], &[], &["store"])), [Touch::Channel("store".into())]);
        assert_eq!(of_step(&step(&[], &[], &[])), [Touch::Touchpoint]);
        assert_eq!(of_step(&step(&["\\(none)"], &[], &[])), [Touch::Touchpoint]);
    }

    #[test]
    fn an_event_finds_the_segments_that_name_it_and_everything_finds_all() {
        use crate::segments::condition::{ConsentCondition, SeenCondition};
        let consent = Condition::Consent(ConsentCondition { purpose: "x".into(), channel: None, status: vec![] });
        let seen = Condition::Seen(SeenCondition { first: None, last: None, channels: None, devices: None });
        let mut index = Index::default();
        index.add(SegmentId(1), &Condition::Not(Box::new(consent)));
        index.add(SegmentId(2), &Condition::Any(vec![seen]));
        index.add(SegmentId(3), &Condition::All(vec![]));
        let found = |words: &[Touch]| {
            let touches = Touches::Some(words.iter().cloned().collect());
            index.touched_by(&touches).into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(found(&[Touch::Consent]), [1]);
        assert_eq!(found(&[Touch::Seen, Touch::Consent]), [1, 2]);
        assert_eq!(found(&[Touch::Name("a".into())]), [] as [i64; 0]);
        assert_eq!(index.touched_by(&Touches::Everything).len(), 3);
    }
}
