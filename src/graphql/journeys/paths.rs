//! The ways journeys take, whole.

use async_graphql::{Error, SimpleObject};

use super::{Asked, astray, size, texts};
use crate::graphql::scalar::Long;
use crate::journeys::paths::{self, PathForm};
use crate::journeys::{Answer, Question};

/// The most frequent ways. The journeys of the paths and `other` sum to `total`.
#[derive(SimpleObject)]
pub struct PathList {
    /// The most frequent first.
    paths: Vec<JourneyPath>,
    /// Values of `to` that no touchpoint of the store has: misspelled, most likely.
    unknown_values: Vec<String>,
    /// Journeys whose path is not shown.
    other: Long,
    /// All journeys that have a path.
    total: Long,
}

/// A way that journeys took.
#[derive(SimpleObject)]
pub struct JourneyPath {
    /// Its values in order; `…` stands for what was cut.
    values: Vec<String>,
    /// How many journeys took it.
    journeys: Long,
    /// Of all that have a path.
    share: f64,
    /// The median time from a journey's first touchpoint, with `within` the first of those, to its last, or to
    /// the first that matches `to`.
    median_seconds: Option<f64>,
}

pub(super) async fn fetch(asked: &Asked, form: PathForm, top: i32) -> Result<PathList, Error> {
    match &*asked.answer(&Question::Paths { form, top: size("top", top)? }).await? {
        Answer::Paths(list) => Ok(PathList::of(list)),
        _ => Err(astray()),
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
