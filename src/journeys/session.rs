//! Sessions: cuts the touchpoints of one customer into visits.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::domain::{Duration, Timestamp};

/// Assigns one customer's touchpoints to sessions. It takes them in order of time and arrival.
///
/// Touchpoints with the same session id are one session. Its length and the touchpoints between them do not matter.
/// Touchpoints without an id are cut separately, where the time between two is longer than the gap. The reverse order
/// gives the same sessions, numbered from the last.
#[derive(Clone, Debug)]
pub struct Sessionizer<K> {
    gap: i64,
    named: FxHashMap<K, u32>,
    /// The last session with an id: most touchpoints of such a session follow each other.
    recent: Option<(K, u32)>,
    /// The session without an id that is still open, and the time of its last touchpoint.
    open: Option<(i64, u32)>,
    count: u32,
}

impl<K: Copy + Eq + Hash> Sessionizer<K> {
    /// A sessionizer for one customer; a longer time than `gap` ends a session without an id.
    pub fn new(gap: Duration) -> Self {
        Sessionizer { gap: gap.as_millis(), named: FxHashMap::default(), recent: None, open: None, count: 0 }
    }

    /// Starts again, for the next customer.
    pub fn reset(&mut self) {
        self.named.clear();
        (self.recent, self.open, self.count) = (None, None, 0);
    }

    /// The number of the session of the next touchpoint, from 0 in the order in which sessions begin.
    pub fn next(&mut self, at: Timestamp, id: Option<K>) -> u32 {
        let Some(id) = id else {
            let number = match self.open {
                Some((last, number)) if at.0.abs_diff(last) <= self.gap.unsigned_abs() => number,
                _ => self.begin(),
            };
            self.open = Some((at.0, number));
            return number;
        };
        if let Some((recent, number)) = self.recent
            && recent == id
        {
            return number;
        }
        let number = match self.named.get(&id) {
            Some(number) => *number,
            None => {
                let number = self.begin();
                self.named.insert(id, number);
                number
            }
        };
        self.recent = Some((id, number));
        number
    }

    /// The number of sessions so far.
    pub fn count(&self) -> u32 {
        self.count
    }

    fn begin(&mut self) -> u32 {
        self.count += 1;
        self.count - 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn cut(touchpoints: &[(i64, Option<u8>)]) -> Vec<u32> {
        let mut sessionizer = Sessionizer::new(Duration::from_secs(30 * 60));
        touchpoints.iter().map(|(minute, id)| sessionizer.next(Timestamp(minute * MINUTE), *id)).collect()
    }

    #[test]
    fn a_longer_gap_ends_a_session_and_one_just_as_long_does_not() {
        assert_eq!(cut(&[(0, None), (30, None), (61, None), (61, None)]), [0, 0, 1, 1]);
    }

    #[test]
    fn touchpoints_with_the_same_id_are_one_session() {
        assert_eq!(cut(&[(0, Some(7)), (10, Some(8)), (9_000, Some(7)), (9_001, Some(8))]), [0, 1, 0, 1]);
    }

    #[test]
    fn touchpoints_without_an_id_are_cut_among_themselves() {
        // A session with an id in between neither bridges the gap nor ends the session.
        assert_eq!(cut(&[(0, None), (20, Some(1)), (30, None), (50, Some(1)), (70, None)]), [0, 1, 0, 1, 2]);
    }

    #[test]
    fn a_reset_starts_again_for_the_next_customer() {
        let mut sessionizer = Sessionizer::new(Duration::from_secs(60));
        sessionizer.next(Timestamp(0), Some(1_u8));
        sessionizer.next(Timestamp(0), None);
        sessionizer.reset();
        assert_eq!((sessionizer.next(Timestamp(0), None), sessionizer.next(Timestamp(0), Some(1))), (0, 1));
        assert_eq!(sessionizer.count(), 2);
    }

    /// Two touchpoints are in one session when they have the same id. Without ids, they are in one session when a chain
    /// of touchpoints without an id leads from one to the other, with no step longer than the gap.
    fn same_session(touchpoints: &[(i64, Option<u8>)], a: usize, b: usize) -> bool {
        let (a, b) = (a.min(b), a.max(b));
        match (touchpoints[a].1, touchpoints[b].1) {
            (Some(one), Some(other)) => one == other,
            (None, None) => {
                let between: Vec<i64> = touchpoints[a..=b].iter().filter(|t| t.1.is_none()).map(|t| t.0).collect();
                between.windows(2).all(|pair| pair[1] - pair[0] <= 30)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn sessions_are_as_defined_in_both_orders(
            mut touchpoints in prop::collection::vec((0_i64..600, prop::option::of(0_u8..3)), 0..25)
        ) {
            touchpoints.sort_by_key(|t| t.0);
            let forwards = cut(&touchpoints);
            let mut turned = touchpoints.clone();
            turned.reverse();
            let mut backwards = cut(&turned);
            backwards.reverse();
            for a in 0..touchpoints.len() {
                for b in 0..touchpoints.len() {
                    let same = same_session(&touchpoints, a, b);
                    prop_assert_eq!(forwards[a] == forwards[b], same);
                    prop_assert_eq!(backwards[a] == backwards[b], same);
                }
            }
        }
    }
}
