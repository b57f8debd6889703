//! What both stores need for reads as of a moment.

use crate::domain::Moment;

/// The first arrival after the moment, as an exclusive bound. The present has no bound.
pub(super) fn end(as_of: Option<Moment>) -> i64 {
    as_of.map_or(i64::MAX, |moment| moment.end().0)
}

/// One range that covers all ranges.
pub(super) fn bounds<T: Copy + Ord>(ranges: &[(T, T)]) -> Option<(T, T)> {
    let first = ranges.iter().map(|(first, _)| *first).min()?;
    Some((first, ranges.iter().map(|(_, last)| *last).max()?))
}
