//! The time between two steps.

use async_graphql::{Error, SimpleObject};

use super::{ScopedView, size, texts, wrong_answer};
use crate::graphql::scalar::Long;
use crate::journeys::{Answer, Question, Step, time_between};

/// The time from a journey's first touchpoint that matches `from` to the first after it that matches `to`.
#[derive(SimpleObject)]
pub struct TimeBetween {
    /// The number of journeys with both touchpoints.
    pairs: Long,
    /// Values of the two steps that no touchpoint of the store has. They are probably misspelled.
    unknown_values: Vec<String>,
    /// The number of journeys that match `from` but not `to` after it.
    never: Long,
    /// The median time in seconds. Null without pairs.
    median_seconds: Option<f64>,
    /// The 90th percentile of the time in seconds. Null without pairs.
    p90_seconds: Option<f64>,
    /// The histogram: buckets of equal width from 0 to the longest time. Empty without pairs.
    histogram: Vec<TimeBucket>,
}

/// A bucket of a histogram.
#[derive(SimpleObject)]
pub struct TimeBucket {
    /// The lower end in seconds, included.
    from_seconds: f64,
    /// The upper end in seconds, included only in the last bucket.
    to_seconds: f64,
    /// The number of pairs.
    count: Long,
}

pub(super) async fn fetch(scoped: &ScopedView, from: Step, to: Step, buckets: i32) -> Result<TimeBetween, Error> {
    match &*scoped.answer(&Question::TimeBetween { from, to, buckets: size("buckets", buckets)? }).await? {
        Answer::TimeBetween(times) => Ok(TimeBetween::of(times)),
        _ => Err(wrong_answer()),
    }
}

impl TimeBetween {
    fn of(times: &time_between::TimeBetween) -> Self {
        let bucket = |bucket: &time_between::TimeBucket| TimeBucket {
            from_seconds: bucket.from_seconds,
            to_seconds: bucket.to_seconds,
            count: Long(bucket.count as i64),
        };
        TimeBetween {
            pairs: Long(times.pairs as i64),
            unknown_values: texts(&times.unknown_values),
            never: Long(times.never as i64),
            median_seconds: times.median_seconds,
            p90_seconds: times.p90_seconds,
            histogram: times.histogram.iter().map(bucket).collect(),
        }
    }
}
