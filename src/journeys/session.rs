//! Which touchpoints of one customer are one session.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::domain::{Duration, Timestamp};

/// Cuts one customer's touchpoints into sessions, as they are shown to it in order of time and arrival.
///
/// The same session id is one session, whatever lies between and however long. Touchpoints without one
/// are cut among themselves, where the time between two is longer than the gap. The order may as well
/// be the other way round: the sessions are the same, and numbered from the last.
#[derive(Clone, Debug)]
pub struct Cutter<K> {
    gap: i64,
    named: FxHashMap<K, u32>,
    /// The named session that was seen last: most touchpoints of one follow each other.
    recent: Option<(K, u32)>,
    /// The session without an id that is still open, and the time of its last touchpoint.
    open: Option<(i64, u32)>,
    count: u32,
}

impl<K: Copy + Eq + Hash> Cutter<K> {
    /// For one customer; a longer time than `gap` ends a session without an id.
    pub fn new(gap: Duration) -> Self {
        Cutter { gap: gap.as_millis(), named: FxHashMap::default(), recent: None, open: None, count: 0 }
    }

    /// Forgets what it saw, for the next customer.
    pub fn reset(&mut self) {
        self.named.clear();
        (self.recent, self.open, self.count) = (None, None, 0);
    }

    /// The number of the session that the next touchpoint belongs to, from 0 in the order in which they
    /// begin.
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

    /// How many sessions there are so far.
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
        let mut cutter = Cutter::new(Duration::from_secs(30 * 60));
        touchpoints.iter().map(|(minute, id)| cutter.next(Timestamp(minute * MINUTE), *id)).collect()
    }

    #[test]
    fn a_longer_gap_ends_a_session_and_one_just_as_long_does_not() {
        assert_eq!(cut(&[(0, None), (30, None), (61, None), (61, None)]), [0, 0, 1, 1]);
    }

    #[test]
    fn the_same_id_is_one_session_whatever_lies_between() {
        assert_eq!(cut(&[(0, Some(7)), (10, Some(8)), (9_000, Some(7)), (9_001, Some(8))]), [0, 1, 0, 1]);
    }

    #[test]
    fn touchpoints_without_an_id_are_cut_among_themselves() {
        // A named session lies between, and neither bridges the gap nor ends the session.
        assert_eq!(cut(&[(0, None), (20, Some(1)), (30, None), (50, Some(1)), (70, None)]), [0, 1, 0, 1, 2]);
    }

    #[test]
    fn the_next_customer_begins_anew() {
        let mut cutter = Cutter::new(Duration::from_secs(60));
        cutter.next(Timestamp(0), Some(1_u8));
        cutter.next(Timestamp(0), None);
        cutter.reset();
        assert_eq!((cutter.next(Timestamp(0), None), cutter.next(Timestamp(0), Some(1))), (0, 1));
        assert_eq!(cutter.count(), 2);
    }

    /// Two are in one session when they have the same id, or neither has one and a chain of touchpoints
    /// without one, no further from each other than the gap, leads from one to the other.
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
        fn sessions_are_what_they_are_said_to_be_from_both_ends(
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
