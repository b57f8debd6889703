//! The conversions of one customer, and the conversion path of each.

use rustc_hash::FxHashSet;

use crate::domain::{Duration, Timestamp};

/// A touchpoint of one customer, as far as conversions need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathTouchpoint {
    /// When it happened.
    pub at: Timestamp,
    /// Whether it matches the goal.
    pub goal: bool,
    /// Its order, as a code: equal codes are one order.
    pub order: Option<u32>,
}

/// A conversion and the earlier touchpoints that may get credit. Places are indexes into the customer's touchpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversionPath {
    /// The place of the first touchpoint that can be a step.
    pub from: usize,
    /// The place of the conversion.
    pub conversion: usize,
}

impl ConversionPath {
    /// The places of its steps: the touchpoints before the conversion that do not match the goal.
    pub fn steps(self, touchpoints: &[PathTouchpoint]) -> impl DoubleEndedIterator<Item = usize> {
        (self.from..self.conversion).filter(|&place| !touchpoints[place].goal)
    }
}

/// The conversion paths among one customer's touchpoints, which are in order of time and arrival. A conversion is a
/// touchpoint that matches the goal; of several touchpoints of one order, only the first. Its path begins after the
/// previous conversion, and at most `lookback` before it.
pub fn conversion_paths(touchpoints: &[PathTouchpoint], lookback: Duration) -> Vec<ConversionPath> {
    let mut paths = Vec::new();
    let mut orders: FxHashSet<u32> = FxHashSet::default();
    let mut begin = 0;
    for (conversion, touchpoint) in touchpoints.iter().enumerate().filter(|(_, touchpoint)| touchpoint.goal) {
        if touchpoint.order.is_some_and(|order| !orders.insert(order)) {
            continue;
        }
        let earliest = touchpoint.at.0.saturating_sub(lookback.as_millis());
        let from = begin + touchpoints[begin..conversion].partition_point(|step| step.at.0 < earliest);
        paths.push(ConversionPath { from, conversion });
        begin = conversion + 1;
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(at, goal, order)` for each.
    fn touchpoints(touchpoints: &[(i64, bool, u32)]) -> Vec<PathTouchpoint> {
        let touchpoint =
            |&(at, goal, order)| PathTouchpoint { at: Timestamp(at), goal, order: (order > 0).then_some(order) };
        touchpoints.iter().map(touchpoint).collect()
    }

    fn found(touchpoints: &[PathTouchpoint], lookback: i64) -> Vec<(usize, Vec<usize>)> {
        let paths = conversion_paths(touchpoints, Duration(lookback));
        paths.into_iter().map(|path| (path.conversion, path.steps(touchpoints).collect())).collect()
    }

    #[test]
    fn a_path_begins_after_the_conversion_before_and_within_the_lookback() {
        let touchpoints = touchpoints(&[(0, false, 0), (5, false, 0), (9, true, 0), (10, false, 0), (12, true, 0)]);
        assert_eq!(found(&touchpoints, 4), [(2, vec![1]), (4, vec![3])]);
        assert_eq!(found(&touchpoints, 100), [(2, vec![0, 1]), (4, vec![3])]);
        assert_eq!(found(&touchpoints, 1), [(2, vec![]), (4, vec![])]);
    }

    #[test]
    fn the_first_of_several_about_one_order_is_the_conversion_and_the_others_are_no_steps() {
        let touchpoints =
            touchpoints(&[(0, false, 0), (1, true, 7), (2, false, 0), (3, true, 7), (4, false, 0), (5, true, 8)]);
        assert_eq!(found(&touchpoints, 100), [(1, vec![0]), (5, vec![2, 4])]);
    }

    #[test]
    fn a_touchpoint_about_an_order_that_does_not_match_the_goal_is_a_step() {
        let touchpoints = touchpoints(&[(0, false, 7), (1, true, 7), (1, true, 0)]);
        assert_eq!(found(&touchpoints, 100), [(1, vec![0]), (2, vec![])]);
        assert_eq!(found(&touchpoints[..1], 100), []);
    }
}
