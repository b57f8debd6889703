//! The most frequent paths: the sequences of values of whole journeys.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::dimension::CUT;
use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scan::JourneyScan;
use super::scope::{Scope, Step, unknown};
use super::values::{DimensionValues, median, share};
use crate::domain::Duration;

/// The most frequent paths.
#[derive(Clone, Debug, PartialEq)]
pub struct PathList {
    /// The most frequent first.
    pub paths: Vec<JourneyPath>,
    /// Values of `to` that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
    /// The number of journeys with a path that is not shown.
    pub other: u64,
    /// The number of journeys with a path.
    pub total: u64,
}

/// A sequence of values.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyPath {
    /// As shown; `…` for the part that is cut.
    pub values: Vec<Arc<str>>,
    /// The number of journeys with this path.
    pub journeys: u64,
    /// Their share of the journeys with a path.
    pub share: f64,
    /// The median time from the first touchpoint of the path to the last.
    pub median_seconds: Option<f64>,
}

/// How paths are formed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathForm {
    /// Ends a path at the first touchpoint that matches this step; a journey without a match has no path.
    pub to: Option<Step>,
    /// Only touchpoints at most this long before the match; needs `to`.
    pub within: Option<Duration>,
    /// Whether adjacent equal values count as one.
    pub collapse: bool,
    /// The maximum number of values: with `to` the last ones are kept, without it the first ones.
    pub max_length: usize,
}

/// The value that stands for the part that is cut.
const REST: u32 = u32::MAX;

/// # Errors
/// The scope is invalid; the run was cancelled or too slow.
pub fn paths(
    projection: &Projection,
    scope: &Scope,
    form: &PathForm,
    top: usize,
    run: &Run,
) -> Result<PathList, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?;
    let kinds = &projection.dictionary.kinds;
    let values = DimensionValues::new(kinds, scope.dimension);
    let found = count(&scan, &values, form, run)?;
    let total = found.values().map(|times| times.len() as u64).sum();
    let paths: Vec<_> = most_frequent(found, &values, top)
        .into_iter()
        .map(|(path, mut times)| JourneyPath {
            values: path.iter().map(|value| shown(&values, *value).into()).collect(),
            journeys: times.len() as u64,
            share: share(times.len() as u64, total),
            median_seconds: median(&mut times),
        })
        .collect();
    let other = total - paths.iter().map(|path| path.journeys).sum::<u64>();
    Ok(PathList { paths, unknown_values: unknown(kinds, &form.to), other, total })
}

type Path = Box<[u32]>;

/// The paths of all journeys, each with the duration of every journey that has it.
fn count(
    scan: &JourneyScan<'_>,
    values: &DimensionValues,
    form: &PathForm,
    run: &Run,
) -> Result<FxHashMap<Path, Vec<i64>>, JourneyError> {
    let to = form.to.as_ref().map(|step| step.table(&scan.projection.dictionary.kinds));
    type State = (FxHashMap<Path, Vec<i64>>, Vec<u32>);
    let states = scan.for_each_journey(run, State::default, |(found, path), journey| {
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
    let mut all: FxHashMap<Path, Vec<i64>> = FxHashMap::default();
    for (part, _) in states {
        match all.is_empty() {
            true => all = part,
            false => part.into_iter().for_each(|(path, times)| all.entry(path).or_default().extend(times)),
        }
    }
    Ok(all)
}

/// The `top` most frequent paths; of equally frequent ones, by name.
fn most_frequent(found: FxHashMap<Path, Vec<i64>>, values: &DimensionValues, top: usize) -> Vec<(Path, Vec<i64>)> {
    let mut all: Vec<_> = found.into_iter().collect();
    let order = |a: &(Path, Vec<i64>), b: &(Path, Vec<i64>)| {
        let names = || a.0.iter().map(|value| shown(values, *value)).cmp(b.0.iter().map(|value| shown(values, *value)));
        b.1.len().cmp(&a.1.len()).then_with(names)
    };
    // Most paths are rare, so only the paths that are shown are sorted.
    if top < all.len() && top > 0 {
        all.select_nth_unstable_by(top - 1, order);
    }
    all.truncate(top);
    all.sort_by(order);
    all
}

fn shown(values: &DimensionValues, value: u32) -> &str {
    if value == REST { CUT } else { &values.shown[value as usize] }
}
