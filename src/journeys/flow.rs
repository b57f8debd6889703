//! The flow of journeys around an anchor: the values at each step before and after it, as a Sankey diagram shows them.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scan::JourneyScan;
use super::scope::{Scope, Step, unknown};
use super::values::{DimensionValues, share};

/// The columns of values around an anchor, and the transitions between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// The number of journeys with an anchor.
    pub journeys: u64,
    /// Values of the anchor that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
    /// From the first step before the anchor to the last after it.
    pub columns: Vec<FlowColumn>,
    /// By step, then the largest first.
    pub links: Vec<FlowLink>,
}

/// The values at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowColumn {
    /// The distance from the anchor.
    pub step: i32,
    /// The entries at this step. Their journeys sum to `total`.
    pub entries: Vec<FlowEntry>,
    /// All journeys with an anchor.
    pub total: u64,
}

/// An entry of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowEntry {
    /// As shown.
    pub value: Arc<str>,
    /// The kind of entry.
    pub kind: FlowEntryKind,
    /// The number of journeys.
    pub journeys: u64,
    /// The share of the journeys with an anchor.
    pub share: f64,
}

/// A kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FlowEntryKind {
    /// A value.
    Value,
    /// All values that are not shown, together.
    Other,
    /// The journey has ended.
    Ended,
    /// The journey has not begun.
    NotBegun,
}

impl FlowEntryKind {
    /// Its name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            FlowEntryKind::Value => "VALUE",
            FlowEntryKind::Other => "OTHER",
            FlowEntryKind::Ended => "ENDED",
            FlowEntryKind::NotBegun => "NOT_BEGUN",
        }
    }
}

/// A transition from an entry of one step to an entry of the next.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowLink {
    /// The column it leaves.
    pub step: i32,
    /// The entry it leaves.
    pub from: Arc<str>,
    /// The kind of that entry.
    pub from_kind: FlowEntryKind,
    /// The entry it goes to.
    pub to: Arc<str>,
    /// The kind of that entry.
    pub to_kind: FlowEntryKind,
    /// The number of journeys.
    pub journeys: u64,
}

/// # Errors
/// The scope is invalid; the run was cancelled or too slow.
pub fn flow(
    projection: &Projection,
    scope: &Scope,
    anchor: &Step,
    (before, after): (u32, u32),
    top: usize,
    run: &Run,
) -> Result<Flow, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?;
    let kinds = &projection.dictionary.kinds;
    let values = DimensionValues::new(kinds, scope.dimension);
    let codes = EntryCodes { values: &values };
    let counts = count(&scan, &codes, &anchor.table(kinds), (before, after), run)?;
    let (columns, shown) = columns(&counts, &codes, (before, after), top);
    let links = links(&counts, &codes, &shown, before);
    Ok(Flow { journeys: counts.journeys, unknown_values: unknown(kinds, [anchor]), columns, links })
}

/// Entries as numbers: first the values, then ENDED, NOT_BEGUN and OTHER.
struct EntryCodes<'a> {
    values: &'a DimensionValues,
}

impl EntryCodes<'_> {
    fn ended(&self) -> u32 {
        self.values.len() as u32
    }

    fn not_begun(&self) -> u32 {
        self.ended() + 1
    }

    fn other(&self) -> u32 {
        self.ended() + 2
    }

    fn kind(&self, entry: u32) -> FlowEntryKind {
        match entry.checked_sub(self.ended()) {
            None => FlowEntryKind::Value,
            Some(0) => FlowEntryKind::Ended,
            Some(1) => FlowEntryKind::NotBegun,
            Some(_) => FlowEntryKind::Other,
        }
    }

    /// As answers show it.
    fn shown(&self, entry: u32) -> Arc<str> {
        match self.kind(entry) {
            FlowEntryKind::Value => self.values.shown[entry as usize].clone(),
            special => special.as_str().into(),
        }
    }
}

#[derive(Default)]
struct Counts {
    journeys: u64,
    /// By column and entry.
    entries: FxHashMap<(u32, u32), u64>,
    /// By the column that the transition leaves, and its two entries.
    links: FxHashMap<(u32, u32, u32), u64>,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.journeys += other.journeys;
        other.entries.into_iter().for_each(|(key, count)| *self.entries.entry(key).or_default() += count);
        other.links.into_iter().for_each(|(key, count)| *self.links.entry(key).or_default() += count);
    }
}

/// Counts the entries and transitions of all journeys. `anchors` says for each kind whether it is an anchor.
fn count(
    scan: &JourneyScan<'_>,
    codes: &EntryCodes<'_>,
    anchors: &[bool],
    (before, after): (u32, u32),
    run: &Run,
) -> Result<Counts, JourneyError> {
    let (values, ended, not_begun) = (codes.values, codes.ended(), codes.not_begun());
    let columns = before + after + 1;
    let states = scan.for_each_journey(run, Counts::default, |counts, journey| {
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
    states.into_iter().for_each(|state| sum.add(state));
    Ok(sum)
}

/// The columns with their `top` most frequent values, and the shown values by column.
fn columns(
    counts: &Counts,
    codes: &EntryCodes<'_>,
    (before, after): (u32, u32),
    top: usize,
) -> (Vec<FlowColumn>, FxHashSet<(u32, u32)>) {
    let mut by_column: Vec<Vec<(u32, u64)>> = vec![Vec::new(); (before + after + 1) as usize];
    counts.entries.iter().for_each(|((column, entry), count)| by_column[*column as usize].push((*entry, *count)));
    let order = |a: &(u32, u64), b: &(u32, u64)| b.1.cmp(&a.1).then_with(|| codes.shown(a.0).cmp(&codes.shown(b.0)));
    let mut shown = FxHashSet::default();
    let column = |(number, mut entries): (u32, Vec<(u32, u64)>)| {
        entries.sort_unstable_by(order);
        let (mut kept, mut rest, mut values_kept) = (Vec::new(), 0, 0);
        for (entry, count) in entries {
            let is_value = codes.kind(entry) == FlowEntryKind::Value;
            if is_value && values_kept == top {
                rest += count;
                continue;
            }
            values_kept += usize::from(is_value);
            shown.insert((number, entry));
            kept.push((entry, count));
        }
        if rest > 0 {
            kept.push((codes.other(), rest));
            kept.sort_by(order);
        }
        let entry = |(entry, count): (u32, u64)| FlowEntry {
            value: codes.shown(entry),
            kind: codes.kind(entry),
            journeys: count,
            share: share(count, counts.journeys),
        };
        let entries = kept.into_iter().map(entry).collect();
        FlowColumn { step: number as i32 - before as i32, entries, total: counts.journeys }
    };
    ((0..).zip(by_column).map(column).collect(), shown)
}

/// The transitions between the shown entries. An entry that is not shown counts as OTHER.
fn links(counts: &Counts, codes: &EntryCodes<'_>, shown: &FxHashSet<(u32, u32)>, before: u32) -> Vec<FlowLink> {
    let end = |column, entry| if shown.contains(&(column, entry)) { entry } else { codes.other() };
    let mut sums: FxHashMap<(u32, u32, u32), u64> = FxHashMap::default();
    for ((column, from, to), count) in &counts.links {
        *sums.entry((*column, end(*column, *from), end(column + 1, *to))).or_default() += count;
    }
    let link = |((column, from, to), journeys): ((u32, u32, u32), u64)| FlowLink {
        step: column as i32 - before as i32,
        from: codes.shown(from),
        from_kind: codes.kind(from),
        to: codes.shown(to),
        to_kind: codes.kind(to),
        journeys,
    };
    let mut links: Vec<_> = sums.into_iter().map(link).collect();
    links.sort_by(|a, b| {
        let ends = |link: &FlowLink| (link.from.clone(), link.to.clone(), link.from_kind, link.to_kind);
        a.step.cmp(&b.step).then(b.journeys.cmp(&a.journeys)).then_with(|| ends(a).cmp(&ends(b)))
    });
    links
}
