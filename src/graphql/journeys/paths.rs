//! The whole paths of journeys.

use async_graphql::{Error, SimpleObject};

use super::{ScopedView, size, texts, wrong_answer};
use crate::graphql::scalar::Long;
use crate::journeys::paths::{self, PathForm};
use crate::journeys::{Answer, Question};

/// The most frequent paths. The journeys of the paths and `other` add up to `total`.
#[derive(SimpleObject)]
pub struct PathList {
    /// The paths, the most frequent first.
    paths: Vec<JourneyPath>,
    /// Values of `to` that no touchpoint of the store has. They are probably misspelled.
    unknown_values: Vec<String>,
    /// The number of journeys with a path that is not shown.
    other: Long,
    /// The number of journeys with a path.
    total: Long,
}

/// A path of journeys.
#[derive(SimpleObject)]
pub struct JourneyPath {
    /// The values in order. `…` stands for values that were cut off.
    values: Vec<String>,
    /// The number of journeys with this path.
    journeys: Long,
    /// The share of all journeys with a path.
    share: f64,
    /// The median time from a journey's first touchpoint (with `within`, the first one in this time) to its last, or to the
    /// first that matches `to`, in seconds.
    median_seconds: Option<f64>,
}

pub(super) async fn fetch(scoped: &ScopedView, form: PathForm, top: i32) -> Result<PathList, Error> {
    match &*scoped.answer(&Question::Paths { form, top: size("top", top)? }).await? {
        Answer::Paths(list) => Ok(PathList::of(list)),
        _ => Err(wrong_answer()),
    }
}

impl PathList {
    fn of(list: &paths::PathList) -> Self {
        let path = |path: &paths::JourneyPath| JourneyPath {
            values: path.values.iter().map(|value| value.to_string()).collect(),
            journeys: Long(path.journeys as i64),
            share: path.share,
            median_seconds: path.median_seconds,
        };
        PathList {
            paths: list.paths.iter().map(path).collect(),
            unknown_values: texts(&list.unknown_values),
            other: Long(list.other as i64),
            total: Long(list.total as i64),
        }
    }
}
