//! Transitions: how often one value follows another in journeys, and after what time.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::dimension::{END, START};
use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scan::{Journey, JourneyScan};
use super::scope::Scope;
use super::values::{DimensionValues, share};

/// All adjacent pairs of values, with START before the first touchpoint and END after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct TransitionGraph {
    /// The values at the ends of the shown transitions.
    pub nodes: Vec<JourneyNode>,
    /// The most frequent.
    pub links: Vec<JourneyLink>,
    /// The number of pairs: touchpoints plus journeys.
    pub total: u64,
    /// The number of pairs of the transitions that are not shown.
    pub other: u64,
}

/// A value and how often it occurs.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyNode {
    /// As shown.
    pub value: Arc<str>,
    /// The number of touchpoints with it; 0 for START and END.
    pub touchpoints: u64,
    /// The number of journeys with it.
    pub journeys: u64,
}

/// A transition from one value to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyLink {
    /// The value before.
    pub from: Arc<str>,
    /// The value after.
    pub to: Arc<str>,
    /// How often it occurs.
    pub count: u64,
    /// The number of journeys with it.
    pub journeys: u64,
    /// Its share of all pairs.
    pub share: f64,
    /// Its share of the pairs that begin with `from`.
    pub share_of_from: f64,
    /// The median time between the two; `None` from START and to END.
    pub median_seconds: Option<f64>,
}

/// Up to this number of values, pairs are counted in a square matrix; beyond it, in a map.
const SQUARE: usize = 512;

/// The maximum number of counters for times beside the pairs. When more are needed, a second scan counts the times.
const MOST_TIMES: usize = 1 << 19;

/// The counts of a pair, or of a value.
#[derive(Clone, Copy, Default)]
struct Cell {
    count: u64,
    journeys: u32,
    /// The last journey with it, counted from 1.
    last: u32,
}

/// The cells of all pairs of values.
enum Pairs {
    Square(Vec<Cell>),
    Map(FxHashMap<u64, Cell>),
}

/// What one thread counts.
struct Counts {
    width: usize,
    journey: u32,
    pairs: Pairs,
    /// By pair and bucket, the number of times; empty without medians, and when there would be too many counters.
    times: Vec<u32>,
    firsts: Vec<u64>,
    lasts: Vec<u64>,
    /// By value.
    nodes: Vec<Cell>,
}

/// The counts of all pairs of a scope.
pub(crate) struct Counted {
    values: DimensionValues,
    times: Vec<u32>,
    pub(crate) pairs: Vec<Pair>,
    /// By value: touchpoints and journeys.
    nodes: Vec<(u64, u64)>,
    journeys: u64,
    pub(crate) total: u64,
}

/// A pair of values that follow each other. START and END are the numbers after the last value.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) count: u64,
    journeys: u64,
}

/// The `top` most frequent pairs, with their median times when `timed`.
///
/// # Errors
/// The scope is invalid; the run was cancelled or too slow.
pub fn transitions(
    projection: &Projection,
    scope: &Scope,
    top: usize,
    timed: bool,
    run: &Run,
) -> Result<TransitionGraph, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?;
    let counted = count(&scan, scope, timed, run)?;
    let pairs = counted.most_frequent(top);
    let medians = match timed {
        true => medians(&scan, &counted, &pairs, run)?,
        false => vec![None; pairs.len()],
    };
    // Both START and END are counted at the end: no pair begins with END.
    let width = counted.values.len();
    let mut leaving = vec![0; width + 1];
    let place = |value: u32| (value as usize).min(width);
    counted.pairs.iter().for_each(|pair| leaving[place(pair.from)] += pair.count);
    let link = |(pair, median_seconds): (&Pair, Option<f64>)| JourneyLink {
        from: counted.shown(pair.from),
        to: counted.shown(pair.to),
        count: pair.count,
        journeys: pair.journeys,
        share: share(pair.count, counted.total),
        share_of_from: share(pair.count, leaving[place(pair.from)]),
        median_seconds,
    };
    let links: Vec<_> = pairs.iter().zip(medians).map(link).collect();
    let other = counted.total - links.iter().map(|link| link.count).sum::<u64>();
    Ok(TransitionGraph { nodes: counted.nodes_of(&pairs), links, total: counted.total, other })
}

/// Counts all pairs; with `timed`, also their times, if there are not too many counters.
pub(crate) fn count(scan: &JourneyScan<'_>, scope: &Scope, timed: bool, run: &Run) -> Result<Counted, JourneyError> {
    let values = DimensionValues::new(&scan.projection.dictionary.kinds, scope.dimension);
    let width = values.len();
    let timed = timed && width * width * BUCKETS <= MOST_TIMES;
    let new = || Counts {
        width,
        journey: 0,
        pairs: match width <= SQUARE {
            true => Pairs::Square(vec![Cell::default(); width * width]),
            false => Pairs::Map(FxHashMap::default()),
        },
        times: vec![0; if timed { width * width * BUCKETS } else { 0 }],
        firsts: vec![0; width],
        lasts: vec![0; width],
        nodes: vec![Cell::default(); width],
    };
    let states = match timed {
        true => scan.for_each_journey(run, new, |counts, journey| counts.record::<true>(journey, &values.of))?,
        false => scan.for_each_journey(run, new, |counts, journey| counts.record::<false>(journey, &values.of))?,
    };
    Ok(Counted::of(values, states))
}

impl Counts {
    #[inline]
    fn record<const TIMED: bool>(&mut self, journey: &Journey<'_>, value_of: &[u32]) {
        let (kinds, at) = (journey.kind, &journey.at[..journey.kind.len()]);
        self.journey += 1;
        let journey = self.journey;
        let mut before = value_of[kinds[0] as usize];
        self.firsts[before as usize] += 1;
        self.nodes[before as usize].record(journey);
        match &mut self.pairs {
            Pairs::Square(cells) => {
                for (n, kind) in kinds.iter().enumerate().skip(1) {
                    let value = value_of[*kind as usize];
                    let cell = before as usize * self.width + value as usize;
                    cells[cell].record(journey);
                    if TIMED {
                        self.times[cell * BUCKETS + bucket(at[n] - at[n - 1])] += 1;
                    }
                    self.nodes[value as usize].record(journey);
                    before = value;
                }
            }
            Pairs::Map(cells) => {
                for kind in &kinds[1..] {
                    let value = value_of[*kind as usize];
                    cells.entry(u64::from(before) << 32 | u64::from(value)).or_default().record(journey);
                    self.nodes[value as usize].record(journey);
                    before = value;
                }
            }
        }
        self.lasts[before as usize] += 1;
    }
}

impl Cell {
    #[inline]
    fn record(&mut self, journey: u32) {
        self.count += 1;
        self.journeys += u32::from(self.last != journey);
        self.last = journey;
    }
}

impl Counted {
    fn of(values: DimensionValues, states: Vec<Counts>) -> Counted {
        let width = values.len();
        let mut sums: FxHashMap<(u32, u32), (u64, u64)> = FxHashMap::default();
        let mut nodes = vec![(0, 0); width];
        let mut times: Vec<u32> = Vec::new();
        let (mut journeys, mut total) = (0, 0);
        for state in states {
            journeys += u64::from(state.journey);
            let mut add = |from, to, count, journeys: u64| {
                if count > 0 {
                    let sum = sums.entry((from, to)).or_default();
                    (sum.0, sum.1) = (sum.0 + count, sum.1 + journeys);
                    total += count;
                }
            };
            match state.pairs {
                Pairs::Square(cells) => (0..).zip(&cells).for_each(|(place, cell)| {
                    add(place / width as u32, place % width as u32, cell.count, cell.journeys.into());
                }),
                Pairs::Map(cells) => cells.iter().for_each(|(key, cell)| {
                    add((key >> 32) as u32, *key as u32, cell.count, cell.journeys.into());
                }),
            }
            for value in 0..width as u32 {
                let (first, last) = (state.firsts[value as usize], state.lasts[value as usize]);
                add(width as u32, value, first, first);
                add(value, width as u32 + 1, last, last);
            }
            match times.is_empty() {
                true => times = state.times,
                false => times.iter_mut().zip(&state.times).for_each(|(sum, count)| *sum += count),
            }
            for (sum, cell) in nodes.iter_mut().zip(&state.nodes) {
                (sum.0, sum.1) = (sum.0 + cell.count, sum.1 + u64::from(cell.journeys));
            }
        }
        let pair = |((from, to), (count, journeys))| Pair { from, to, count, journeys };
        let pairs = sums.into_iter().map(pair).collect();
        Counted { values, times, pairs, nodes, journeys, total }
    }

    /// A value, START or END, as shown.
    pub(crate) fn shown(&self, number: u32) -> Arc<str> {
        match (number as usize).checked_sub(self.values.len()) {
            None => self.values.shown[number as usize].clone(),
            Some(0) => START.into(),
            Some(_) => END.into(),
        }
    }

    /// The `top` most frequent pairs; of equally frequent ones, by name.
    fn most_frequent(&self, top: usize) -> Vec<Pair> {
        let mut pairs = self.pairs.clone();
        let name = |pair: &Pair| (self.shown(pair.from), self.shown(pair.to));
        pairs.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| name(a).cmp(&name(b))));
        pairs.truncate(top);
        pairs
    }

    /// The values at the ends of these pairs.
    fn nodes_of(&self, pairs: &[Pair]) -> Vec<JourneyNode> {
        let mut ends: Vec<u32> = pairs.iter().flat_map(|pair| [pair.from, pair.to]).collect();
        ends.sort_unstable();
        ends.dedup();
        let node = |end: &u32| {
            let (touchpoints, journeys) = self.nodes.get(*end as usize).copied().unwrap_or((0, self.journeys));
            JourneyNode { value: self.shown(*end), touchpoints, journeys }
        };
        let mut nodes: Vec<_> = ends.iter().map(node).collect();
        nodes.sort_by(|a, b| b.touchpoints.cmp(&a.touchpoints).then_with(|| a.value.cmp(&b.value)));
        nodes
    }
}

/// The number of buckets for times. Below 8 ms each time has its own bucket; then there are 8 buckets for each doubling,
/// so the width of a bucket is at most an eighth of its beginning. The last bucket is beyond 10,000 years.
const BUCKETS: usize = 47 * 8;

#[inline]
fn bucket(time: i64) -> usize {
    let time = time as u64;
    let doublings = (time | 8).ilog2() as usize - 3;
    (doublings * 8 + (time >> doublings) as usize).min(BUCKETS - 1)
}

/// The median time of each pair. Collecting all times would be most of the work. So times are counted by bucket first,
/// and then only the times in the bucket with the median are collected.
fn medians(
    scan: &JourneyScan<'_>,
    counted: &Counted,
    pairs: &[Pair],
    run: &Run,
) -> Result<Vec<Option<f64>>, JourneyError> {
    let slots = Slots::new(pairs, counted.values.len());
    if slots.by_pair.is_empty() {
        return Ok(vec![None; pairs.len()]);
    }
    let counts = match counted.times.is_empty() {
        true => count_times(scan, &counted.values, &slots, run)?,
        false => slots.pick(&counted.times),
    };
    let mut middles: Vec<Middle> = counts.chunks(BUCKETS).map(Middle::of).collect();
    // The slot of all other pairs: their times are not collected.
    middles[slots.others as usize] = Middle::NONE;
    let times = collect_times(scan, &counted.values, &slots, &middles, run)?;
    Ok(times.into_iter().zip(&middles).take(pairs.len()).map(|(mut times, middle)| middle.median(&mut times)).collect())
}

/// The slots of the pairs for which medians are computed. A slot is the index of the pair; START and END have none. All
/// other pairs share the slot `others`, which is the last.
struct Slots {
    width: usize,
    others: u32,
    by_pair: FxHashMap<u64, u32>,
    /// Up to [`SQUARE`] values, the slots of all pairs as a matrix.
    square: Vec<u32>,
}

impl Slots {
    fn new(pairs: &[Pair], width: usize) -> Self {
        let timed = |pair: &Pair| (pair.from as usize) < width && (pair.to as usize) < width;
        let by_pair = pairs.iter().zip(0..).filter(|(pair, _)| timed(pair));
        let by_pair: FxHashMap<u64, u32> = by_pair.map(|(pair, slot)| (pair_key(pair.from, pair.to), slot)).collect();
        let mut slots = Slots { width, others: pairs.len() as u32, by_pair, square: Vec::new() };
        if width <= SQUARE {
            slots.square.resize(width * width, slots.others);
            for (key, slot) in &slots.by_pair {
                slots.square[cell(*key, width)] = *slot;
            }
        }
        slots
    }

    fn len(&self) -> usize {
        self.others as usize + 1
    }

    #[inline]
    fn of(&self, from: u32, to: u32) -> u32 {
        match self.width <= SQUARE {
            true => self.square[from as usize * self.width + to as usize],
            false => self.by_pair.get(&pair_key(from, to)).copied().unwrap_or(self.others),
        }
    }

    /// The counts by slot and bucket, from the counts by pair and bucket. Those of `others` stay 0.
    fn pick(&self, times: &[u32]) -> Vec<u32> {
        let mut counts = vec![0; self.len() * BUCKETS];
        for (key, slot) in &self.by_pair {
            let (slot, cell) = (*slot as usize, cell(*key, self.width));
            let own = &times[cell * BUCKETS..(cell + 1) * BUCKETS];
            counts[slot * BUCKETS..(slot + 1) * BUCKETS].copy_from_slice(own);
        }
        counts
    }
}

#[inline]
fn pair_key(from: u32, to: u32) -> u64 {
    u64::from(from) << 32 | u64::from(to)
}

/// The cell of a pair in a square matrix.
fn cell(key: u64, width: usize) -> usize {
    (key >> 32) as usize * width + (key as u32) as usize
}

/// The buckets of the median of some times: the one or two times in the middle are in the buckets `first` to `last`.
struct Middle {
    first: usize,
    last: usize,
    /// The number of times below `first`.
    below: u64,
    total: u64,
}

impl Middle {
    /// No buckets at all.
    const NONE: Middle = Middle { first: 1, last: 0, below: 0, total: 0 };

    /// From the number of times in each bucket.
    fn of(counts: &[u32]) -> Middle {
        let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        if total == 0 {
            return Middle::NONE;
        }
        let (lower, upper) = ((total - 1) / 2, total / 2);
        let (mut seen, mut first) = (0, None);
        for (place, count) in counts.iter().enumerate() {
            let after = seen + u64::from(*count);
            if first.is_none() && lower < after {
                first = Some((place, seen));
            }
            if let Some((first, below)) = first
                && upper < after
            {
                return Middle { first, last: place, below, total };
            }
            seen = after;
        }
        Middle::NONE
    }

    /// The median in seconds, from the times in the buckets `first` to `last`.
    fn median(&self, times: &mut [i64]) -> Option<f64> {
        if times.is_empty() {
            return None;
        }
        let mut nth = |rank: u64| *times.select_nth_unstable((rank - self.below) as usize).1;
        let sum = nth((self.total - 1) / 2) + nth(self.total / 2);
        Some(sum as f64 / 2_000.0)
    }
}

/// Counts the times of each slot by bucket.
fn count_times(
    scan: &JourneyScan<'_>,
    values: &DimensionValues,
    slots: &Slots,
    run: &Run,
) -> Result<Vec<u32>, JourneyError> {
    let states = scan.for_each_journey(
        run,
        || vec![0_u32; slots.len() * BUCKETS],
        |counts, journey| {
            let mut before = values.of[journey.kind[0] as usize];
            for (kinds, at) in journey.kind.windows(2).zip(journey.at.windows(2)) {
                let value = values.of[kinds[1] as usize];
                counts[slots.of(before, value) as usize * BUCKETS + bucket(at[1] - at[0])] += 1;
                before = value;
            }
        },
    )?;
    let counts = states.into_iter().reduce(|mut sum, part| {
        sum.iter_mut().zip(part).for_each(|(sum, count)| *sum += count);
        sum
    });
    Ok(counts.unwrap_or_default())
}

/// Collects the times of each slot that are in the buckets of its median.
fn collect_times(
    scan: &JourneyScan<'_>,
    values: &DimensionValues,
    slots: &Slots,
    middles: &[Middle],
    run: &Run,
) -> Result<Vec<Vec<i64>>, JourneyError> {
    let states = scan.for_each_journey(
        run,
        || vec![Vec::new(); slots.len()],
        |times: &mut Vec<Vec<i64>>, journey| {
            let mut before = values.of[journey.kind[0] as usize];
            for (kinds, at) in journey.kind.windows(2).zip(journey.at.windows(2)) {
                let value = values.of[kinds[1] as usize];
                let slot = slots.of(before, value) as usize;
                let middle = &middles[slot];
                let time = at[1] - at[0];
                let own = bucket(time);
                if own >= middle.first && own <= middle.last {
                    times[slot].push(time);
                }
                before = value;
            }
        },
    )?;
    Ok((0..slots.len()).map(|slot| states.iter().flat_map(|state| state[slot].iter().copied()).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_narrow_and_in_the_order_of_times() {
        let times: Vec<i64> = (0..4_000).chain((4_000..400_000_000_000_000).step_by(10_000_000_000)).collect();
        for pair in times.windows(2) {
            assert!(bucket(pair[0]) <= bucket(pair[1]), "{pair:?}");
        }
        assert!((0..16).all(|time| bucket(time) == time as usize));
        assert!(bucket(i64::MAX) < BUCKETS);
    }
}
