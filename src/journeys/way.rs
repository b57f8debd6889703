//! The conversions of one customer, and the way to each.

use rustc_hash::FxHashSet;

use crate::domain::{Duration, Timestamp};

/// A touchpoint of one customer, as far as conversions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// When.
    pub at: Timestamp,
    /// Whether it matches the goal.
    pub goal: bool,
    /// The order it is about, as a code: equal ones are one order.
    pub order: Option<u32>,
}

/// A conversion and where the way to it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The place of the first touchpoint that can be a step.
    pub from: usize,
    /// The place of the conversion.
    pub conversion: usize,
}

impl Way {
    /// The places of its steps: what lies between and does not match the goal.
    pub fn steps(self, stops: &[Stop]) -> impl DoubleEndedIterator<Item = usize> {
        (self.from..self.conversion).filter(|&place| !stops[place].goal)
    }
}

/// The conversions among one customer's touchpoints, which stand in order of time and arrival: those that
/// match the goal, and of several about one order the first. The way to each begins behind the one before,
/// and no earlier than `lookback` before it.
pub fn ways(stops: &[Stop], lookback: Duration) -> Vec<Way> {
    let mut ways = Vec::new();
    let mut ordered: FxHashSet<u32> = FxHashSet::default();
    let mut behind = 0;
    for (conversion, stop) in stops.iter().enumerate().filter(|(_, stop)| stop.goal) {
        if stop.order.is_some_and(|order| !ordered.insert(order)) {
            continue;
        }
        let earliest = stop.at.0.saturating_sub(lookback.as_millis());
        let from = behind + stops[behind..conversion].partition_point(|step| step.at.0 < earliest);
        ways.push(Way { from, conversion });
        behind = conversion + 1;
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(at, goal, order)` for each.
    fn stops(stops: &[(i64, bool, u32)]) -> Vec<Stop> {
        let stop = |&(at, goal, order)| Stop { at: Timestamp(at), goal, order: (order > 0).then_some(order) };
        stops.iter().map(stop).collect()
    }

    fn found(stops: &[Stop], lookback: i64) -> Vec<(usize, Vec<usize>)> {
        let ways = ways(stops, Duration(lookback));
        ways.into_iter().map(|way| (way.conversion, way.steps(stops).collect())).collect()
    }

    #[test]
    fn a_way_begins_behind_the_conversion_before_and_within_the_lookback() {
        let stops = stops(&[(0, false, 0), (5, false, 0), (9, true, 0), (10, false, 0), (12, true, 0)]);
        assert_eq!(found(&stops, 4), [(2, vec![1]), (4, vec![3])]);
        assert_eq!(found(&stops, 100), [(2, vec![0, 1]), (4, vec![3])]);
        assert_eq!(found(&stops, 1), [(2, vec![]), (4, vec![])]);
    }

    #[test]
    fn of_several_about_one_order_the_first_counts_and_the_others_are_no_steps() {
        let stops = stops(&[(0, false, 0), (1, true, 7), (2, false, 0), (3, true, 7), (4, false, 0), (5, true, 8)]);
        assert_eq!(found(&stops, 100), [(1, vec![0]), (5, vec![2, 4])]);
    }

    #[test]
    fn an_order_that_is_no_goal_is_a_step_like_any_other() {
        let stops = stops(&[(0, false, 7), (1, true, 7), (1, true, 0)]);
        assert_eq!(found(&stops, 100), [(1, vec![0]), (2, vec![])]);
        assert_eq!(found(&stops[..1], 100), []);
    }
}
