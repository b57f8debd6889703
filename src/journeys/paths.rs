//! The ways journeys take, whole.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::dimension::CUT;
use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::{Scope, Step, unknown};
use super::values::{Values, median, share};
use super::walk::Asked;
use crate::domain::Duration;

/// The most frequent ways.
#[derive(Clone, Debug, PartialEq)]
pub struct PathList {
    /// The most frequent.
    pub paths: Vec<JourneyPath>,
    /// Values of `to` that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
    /// Journeys whose path is not shown.
    pub other: u64,
    /// All journeys that have a path.
    pub total: u64,
}

/// A way.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyPath {
    /// As shown; `…` where something was cut.
    pub values: Vec<Arc<str>>,
    /// How many journeys took it.
    pub journeys: u64,
    /// Of all that have a path.
    pub share: f64,
    /// From a journey's first touchpoint, or its first within, to its last, or to the match.
    pub median_seconds: Option<f64>,
}

/// How paths are made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathForm {
    /// Only up to and with the first of these, and only of journeys that have one.
    pub to: Option<Step>,
    /// Only touchpoints no longer than this before the match; goes with `to`.
    pub within: Option<Duration>,
    /// Whether repeats side by side are one.
    pub collapse: bool,
    /// How many values are kept: the last with `to`, else the first.
    pub max_length: usize,
}

/// What stands for what was cut.
const REST: u32 = u32::MAX;

/// # Errors
/// That the scope cannot be, that it was cancelled or took too long.
pub fn paths(
    projection: &Projection,
    scope: &Scope,
    form: &PathForm,
    top: usize,
    run: &Run,
) -> Result<PathList, Fault> {
    let asked = Asked::new(projection, scope)?;
    let kinds = &projection.dictionary.kinds;
    let values = Values::new(kinds, scope.dimension);
    let to = form.to.as_ref().map(|step| step.table(kinds));
    type State = (FxHashMap<Box<[u32]>, Vec<i64>>, Vec<u32>);
    let states = asked.walk(run, State::default, |(found, path), journey| {
        let end = match &to {
            None => journey.kind.len() - 1,
            Some(to) => match journey.kind.iter().position(|kind| to[*kind as usize]) {
                Some(end) => end,
                None => return,
            },
        };
        let begin = form.within.map_or(0, |within| {
            let earliest = journey.at[end].saturating_sub(within.as_millis());
            journey.at[..end].partition_point(|at| *at < earliest)
        });
        path.clear();
        for kind in &journey.kind[begin..=end] {
            let value = values.of[*kind as usize];
            if form.collapse && path.last() == Some(&value) {
                continue;
            }
            if to.is_none() && path.len() == form.max_length {
                path.push(REST);
                break;
            }
            path.push(value);
        }
        let mut path = &mut path[..];
        if to.is_some() && path.len() > form.max_length {
            let cut = path.len() - form.max_length;
            path = &mut path[cut - 1..];
            path[0] = REST;
        }
        let time = journey.at[end] - journey.at[begin];
        match found.get_mut(&*path) {
            Some(times) => times.push(time),
            None => {
                found.insert((&*path).into(), vec![time]);
            }
        }
    })?;
    let mut found: FxHashMap<Box<[u32]>, Vec<i64>> = FxHashMap::default();
    for (part, _) in states {
        match found.is_empty() {
            true => found = part,
            false => part.into_iter().for_each(|(path, times)| found.entry(path).or_default().extend(times)),
        }
    }
    let total = found.values().map(|times| times.len() as u64).sum();
    let spelled = |value: &u32| if *value == REST { CUT } else { &values.shown[*value as usize] };
    let mut all: Vec<_> = found.into_iter().collect();
    let order = |a: &(Box<[u32]>, Vec<i64>), b: &(Box<[u32]>, Vec<i64>)| {
        let names = || a.0.iter().map(spelled).cmp(b.0.iter().map(spelled));
        b.1.len().cmp(&a.1.len()).then_with(names)
    };
    // Most paths are taken by few: only those that are shown need an order.
    if top < all.len() && top > 0 {
        all.select_nth_unstable_by(top - 1, order);
    }
    all.truncate(top);
    all.sort_by(order);
    let path = |(path, mut times): (Box<[u32]>, Vec<i64>)| JourneyPath {
        values: path.iter().map(|value| spelled(value).into()).collect(),
        journeys: times.len() as u64,
        share: share(times.len() as u64, total),
        median_seconds: median(&mut times),
    };
    let paths: Vec<_> = all.into_iter().map(path).collect();
    let other = total - paths.iter().map(|path| path.journeys).sum::<u64>();
    Ok(PathList { paths, unknown_values: unknown(kinds, &form.to), other, total })
}
