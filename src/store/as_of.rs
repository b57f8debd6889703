//! What both stores need to answer as of a moment.

use crate::domain::Moment;

/// The first arrival that was not stored by the moment, as an exclusive bound; of the present there is none.
pub(super) fn end(as_of: Option<Moment>) -> i64 {
    as_of.map_or(i64::MAX, |moment| moment.end().0)
}

/// The smallest begin and the largest end of ranges.
pub(super) fn bounds<T: Copy + Ord>(ranges: &[(T, T)]) -> Option<(T, T)> {
    let first = ranges.iter().map(|(first, _)| *first).min()?;
    Some((first, ranges.iter().map(|(_, last)| *last).max()?))
}
