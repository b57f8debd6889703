//! The values of one dimension as numbers, and the statistics that several questions use.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::dimension::{Dimension, shown};
use super::kind::Kinds;

/// The values of one dimension.
pub(crate) struct DimensionValues {
    /// The value of each kind of touchpoint, by the code of the kind.
    pub(crate) of: Vec<u32>,
    /// Each value as answers show it.
    pub(crate) shown: Vec<Arc<str>>,
    /// Each value as it is stored.
    pub(crate) stored: Vec<Option<Arc<str>>>,
}

impl DimensionValues {
    pub(crate) fn new(kinds: &Kinds, dimension: Dimension) -> Self {
        let mut values = DimensionValues { of: Vec::with_capacity(kinds.len()), shown: Vec::new(), stored: Vec::new() };
        let mut numbers: FxHashMap<Option<&str>, u32> = FxHashMap::default();
        for code in 0..kinds.len() as u32 {
            let value = kinds.value(code, dimension);
            let number = *numbers.entry(value).or_insert_with(|| {
                values.shown.push(shown(value));
                values.stored.push(value.map(Arc::from));
                values.shown.len() as u32 - 1
            });
            values.of.push(number);
        }
        values
    }

    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }
}

/// A part of a whole; 0 when the whole is 0.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// In seconds.
pub(crate) fn seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}

/// The median of these times, in seconds; of an even number of times, the mean of the two in the middle.
pub(crate) fn median(times: &mut [i64]) -> Option<f64> {
    let count = times.len();
    if count == 0 {
        return None;
    }
    let (below, upper, _) = times.select_nth_unstable(count / 2);
    let upper = *upper;
    let lower = if count % 2 == 1 { upper } else { *below.iter().max().unwrap_or(&upper) };
    // Times are of at most 10,000 years, so their sum is far from the end of what a float holds exactly.
    Some((lower + upper) as f64 / 2_000.0)
}

/// The median of each list, on at most `threads` threads, and on at most one for each list that is not empty.
pub(crate) fn medians(lists: &mut [Vec<i64>], threads: usize) -> Vec<Option<f64>> {
    let threads = threads.min(lists.iter().filter(|list| !list.is_empty()).count());
    let mut found = vec![None; lists.len()];
    {
        let left = Mutex::new(lists.iter_mut().zip(&mut found));
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            while let Some((list, found)) = next() {
                *found = median(list);
            }
        };
        std::thread::scope(|scope| {
            (1..threads).for_each(|_| {
                scope.spawn(work);
            });
            work();
        });
    }
    found
}

/// The percentile by nearest rank: the smallest of these times that at least `percent` per cent do not exceed, in
/// seconds.
pub(crate) fn nearest_rank(times: &mut [i64], percent: usize) -> Option<f64> {
    let rank = (times.len() * percent).div_ceil(100);
    let (_, time, _) = times.select_nth_unstable(rank.checked_sub(1)?);
    Some(seconds(*time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_two() {
        assert_eq!(median(&mut [3_000, 1_000]), Some(2.0));
        assert_eq!(median(&mut [9_000, 1_000, 5_000]), Some(5.0));
        assert_eq!(median(&mut [4_000, 1_000, 2_000, 9_000]), Some(3.0));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let mut ten: Vec<i64> = (1..=10).map(|n| n * 1_000).collect();
        assert_eq!(nearest_rank(&mut ten, 90), Some(9.0));
        assert_eq!(nearest_rank(&mut [7_000], 90), Some(7.0));
        assert_eq!(nearest_rank(&mut [], 90), None);
    }
}
