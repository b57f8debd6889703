//! How long it takes from one step to another.

use async_graphql::{Error, SimpleObject};

use super::{Asked, astray, size, texts};
use crate::graphql::scalar::Long;
use crate::journeys::{Answer, Question, Step, time_between};

/// How long it takes from a journey's first `from` to its first `to` after that.
#[derive(SimpleObject)]
pub struct TimeBetween {
    /// Journeys that have both.
    pairs: Long,
    /// Values of the two steps that no touchpoint of the store has: misspelled, most likely.
    unknown_values: Vec<String>,
    /// Journeys with a `from` and no `to` after it.
    never: Long,
    /// The median; null without pairs.
    median_seconds: Option<f64>,
    /// What nine of ten do not exceed; null without pairs.
    p90_seconds: Option<f64>,
    /// From 0 to the largest time, in parts of equal width; empty without pairs.
    histogram: Vec<TimeBucket>,
}

/// A part of a histogram.
#[derive(SimpleObject)]
pub struct TimeBucket {
    /// Where it begins; that is in it.
    from_seconds: f64,
    /// Where it ends; that is in it only for the last.
    to_seconds: f64,
    /// How many pairs.
    count: Long,
}

pub(super) async fn fetch(asked: &Asked, from: Step, to: Step, buckets: i32) -> Result<TimeBetween, Error> {
    match &*asked.answer(&Question::TimeBetween { from, to, buckets: size("buckets", buckets)? }).await? {
        Answer::TimeBetween(times) => Ok(TimeBetween::of(times)),
        _ => Err(astray()),
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
