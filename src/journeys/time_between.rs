//! The time from one step to another.

use std::sync::Arc;

use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scan::JourneyScan;
use super::scope::{Scope, Step, unknown};
use super::values::{median, nearest_rank, seconds};

/// The distribution of the times.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeBetween {
    /// The number of journeys with the first step and, after it, the second.
    pub pairs: u64,
    /// Values of the two steps that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
    /// The number of journeys with the first step and, after it, never the second.
    pub never: u64,
    /// The median; `None` without pairs.
    pub median_seconds: Option<f64>,
    /// The 90th percentile, by nearest rank; `None` without pairs.
    pub p90_seconds: Option<f64>,
    /// Buckets of equal width from 0 to the largest time; empty without pairs.
    pub histogram: Vec<TimeBucket>,
}

/// A bucket of the histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeBucket {
    /// Where it begins, included.
    pub from_seconds: f64,
    /// Where it ends, included only in the last.
    pub to_seconds: f64,
    /// The number of pairs.
    pub count: u64,
}

/// # Errors
/// The scope is invalid; the run was cancelled or too slow.
pub fn time_between(
    projection: &Projection,
    scope: &Scope,
    (from, to): (&Step, &Step),
    buckets: usize,
    run: &Run,
) -> Result<TimeBetween, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?;
    let kinds = &projection.dictionary.kinds;
    let unknown_values = unknown(kinds, [from, to]);
    let (from, to) = (from.table(kinds), to.table(kinds));
    let states = scan.for_each_journey(
        run,
        || (Vec::new(), 0),
        |(times, never): &mut (Vec<i64>, u64), journey| {
            let Some(begin) = journey.kind.iter().position(|kind| from[*kind as usize]) else { return };
            let after = &journey.kind[begin + 1..];
            match after.iter().position(|kind| to[*kind as usize]) {
                Some(place) => times.push(journey.at[begin + 1 + place] - journey.at[begin]),
                None => *never += 1,
            }
        },
    )?;
    let never = states.iter().map(|(_, never)| never).sum();
    let mut times: Vec<i64> = states.into_iter().flat_map(|(times, _)| times).collect();
    Ok(TimeBetween {
        pairs: times.len() as u64,
        unknown_values,
        never,
        median_seconds: median(&mut times),
        p90_seconds: nearest_rank(&mut times, 90),
        histogram: histogram(&times, buckets),
    })
}

fn histogram(times: &[i64], buckets: usize) -> Vec<TimeBucket> {
    let Some(largest) = times.iter().copied().max() else { return Vec::new() };
    if largest == 0 {
        return vec![TimeBucket { from_seconds: 0.0, to_seconds: 0.0, count: times.len() as u64 }];
    }
    let mut counts = vec![0; buckets];
    for time in times {
        // Integer arithmetic, so that a time on a bound is always in the bucket that begins there.
        let place = (*time as i128 * buckets as i128 / i128::from(largest)) as usize;
        counts[place.min(buckets - 1)] += 1;
    }
    let bound = |n: usize| seconds(largest) * n as f64 / buckets as f64;
    let bucket = |(n, count)| TimeBucket { from_seconds: bound(n), to_seconds: bound(n + 1), count };
    counts.into_iter().enumerate().map(bucket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_equally_wide_and_the_last_includes_its_end() {
        let counts: Vec<u64> = histogram(&[0, 24, 25, 50, 99, 100], 4).iter().map(|bucket| bucket.count).collect();
        assert_eq!(counts, [2, 1, 1, 2]);
        assert_eq!(histogram(&[0, 0], 5), [TimeBucket { from_seconds: 0.0, to_seconds: 0.0, count: 2 }]);
        assert_eq!(histogram(&[], 5), []);
    }
}
