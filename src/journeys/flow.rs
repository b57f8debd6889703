//! Where journeys come from and go to, step by step around an anchor: what a Sankey diagram shows.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::{Scope, Step, unknown};
use super::values::{Values, share};
use super::walk::Asked;

/// Columns of values around an anchor, and the links between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// How many journeys have an anchor.
    pub journeys: u64,
    /// Values of the anchor that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
    /// From the first step before to the last after.
    pub columns: Vec<FlowColumn>,
    /// By step, then the largest first.
    pub links: Vec<FlowLink>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowColumn {
    /// How far from the anchor.
    pub step: i32,
    /// What stands there; they sum to `total`.
    pub entries: Vec<FlowEntry>,
    /// All journeys with an anchor.
    pub total: u64,
}

/// What stands at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowEntry {
    /// As shown.
    pub value: Arc<str>,
    /// Whether it is a value at all.
    pub kind: FlowEntryKind,
    /// How many journeys.
    pub journeys: u64,
    /// Of those with an anchor.
    pub share: f64,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FlowEntryKind {
    /// A value.
    Value,
    /// All values that are not shown.
    Other,
    /// The journey was over.
    Ended,
    /// The journey had not begun.
    NotBegun,
}

impl FlowEntryKind {
    /// How it is spelled when it is no value.
    pub fn as_str(self) -> &'static str {
        match self {
            FlowEntryKind::Value => "VALUE",
            FlowEntryKind::Other => "OTHER",
            FlowEntryKind::Ended => "ENDED",
            FlowEntryKind::NotBegun => "NOT_BEGUN",
        }
    }
}

/// From one step's entry to the next's.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowLink {
    /// The column it leaves.
    pub step: i32,
    /// The entry it leaves.
    pub from: Arc<str>,
    /// What that is.
    pub from_kind: FlowEntryKind,
    /// The entry it goes to.
    pub to: Arc<str>,
    /// What that is.
    pub to_kind: FlowEntryKind,
    /// How many journeys.
    pub journeys: u64,
}

#[derive(Default)]
struct Counts {
    journeys: u64,
    /// By column and entry.
    entries: FxHashMap<(u32, u32), u64>,
    /// By the column left, and the entries at both ends.
    links: FxHashMap<(u32, u32, u32), u64>,
}

/// # Errors
/// That the scope cannot be, that it was cancelled or took too long.
pub fn flow(
    projection: &Projection,
    scope: &Scope,
    anchor: &Step,
    (before, after): (u32, u32),
    top: usize,
    run: &Run,
) -> Result<Flow, Fault> {
    let asked = Asked::new(projection, scope)?;
    let kinds = &projection.dictionary.kinds;
    let (values, anchors) = (Values::new(kinds, scope.dimension), anchor.table(kinds));
    let ended = values.len() as u32;
    let (not_begun, other) = (ended + 1, ended + 2);
    let columns = before + after + 1;
    let states = asked.walk(run, Counts::default, |counts, journey| {
        let Some(anchor) = journey.kind.iter().position(|kind| anchors[*kind as usize]) else { return };
        counts.journeys += 1;
        let entry = |column: u32| match (anchor + column as usize).checked_sub(before as usize) {
            None => not_begun,
            Some(place) => journey.kind.get(place).map_or(ended, |kind| values.of[*kind as usize]),
        };
        let mut left = entry(0);
        *counts.entries.entry((0, left)).or_default() += 1;
        for column in 1..columns {
            let reached = entry(column);
            *counts.entries.entry((column, reached)).or_default() += 1;
            *counts.links.entry((column - 1, left, reached)).or_default() += 1;
            left = reached;
        }
    })?;
    let mut sum = Counts::default();
    for state in states {
        sum.journeys += state.journeys;
        state.entries.into_iter().for_each(|(key, count)| *sum.entries.entry(key).or_default() += count);
        state.links.into_iter().for_each(|(key, count)| *sum.links.entry(key).or_default() += count);
    }
    let kind = |entry: u32| match entry.checked_sub(ended) {
        None => FlowEntryKind::Value,
        Some(0) => FlowEntryKind::Ended,
        Some(1) => FlowEntryKind::NotBegun,
        Some(_) => FlowEntryKind::Other,
    };
    let spelled = |entry: u32| match kind(entry) {
        FlowEntryKind::Value => values.shown[entry as usize].clone(),
        special => special.as_str().into(),
    };
    let mut by_column: Vec<Vec<(u32, u64)>> = vec![Vec::new(); columns as usize];
    sum.entries.iter().for_each(|((column, entry), count)| by_column[*column as usize].push((*entry, *count)));
    // What each column's cut makes of an entry that is not in it is OTHER.
    let mut shown: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let column = |(number, mut entries): (u32, Vec<(u32, u64)>)| {
        entries.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| spelled(a.0).cmp(&spelled(b.0))));
        let (mut kept, mut rest, mut values_kept) = (Vec::new(), 0, 0);
        for (entry, count) in entries {
            let is_value = kind(entry) == FlowEntryKind::Value;
            if is_value && values_kept == top {
                rest += count;
                continue;
            }
            values_kept += usize::from(is_value);
            shown.insert((number, entry), entry);
            kept.push((entry, count));
        }
        if rest > 0 {
            kept.push((other, rest));
            kept.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| spelled(a.0).cmp(&spelled(b.0))));
        }
        let entry = |(entry, count): (u32, u64)| FlowEntry {
            value: spelled(entry),
            kind: kind(entry),
            journeys: count,
            share: share(count, sum.journeys),
        };
        let entries = kept.into_iter().map(entry).collect();
        FlowColumn { step: number as i32 - before as i32, entries, total: sum.journeys }
    };
    let columns = (0..).zip(by_column).map(column).collect();
    let mut links: FxHashMap<(u32, u32, u32), u64> = FxHashMap::default();
    for ((column, from, to), count) in sum.links {
        let end = |column, entry| shown.get(&(column, entry)).copied().unwrap_or(other);
        *links.entry((column, end(column, from), end(column + 1, to))).or_default() += count;
    }
    let mut links: Vec<_> = links
        .into_iter()
        .map(|((column, from, to), journeys)| FlowLink {
            step: column as i32 - before as i32,
            from: spelled(from),
            from_kind: kind(from),
            to: spelled(to),
            to_kind: kind(to),
            journeys,
        })
        .collect();
    links.sort_by(|a, b| {
        let ends = |link: &FlowLink| (link.from.clone(), link.to.clone(), link.from_kind, link.to_kind);
        a.step.cmp(&b.step).then(b.journeys.cmp(&a.journeys)).then_with(|| ends(a).cmp(&ends(b)))
    });
    Ok(Flow { journeys: sum.journeys, unknown_values: unknown(kinds, [anchor]), columns, links })
}
