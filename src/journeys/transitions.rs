//! How journeys go on from one touchpoint to the next.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::dimension::{END, START};
use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::Scope;
use super::values::{Values, share};
use super::walk::{Asked, Journey};

/// All adjacent pairs, START before the first and END behind the last.
#[derive(Clone, Debug, PartialEq)]
pub struct TransitionGraph {
    /// The ends of the links shown.
    pub nodes: Vec<JourneyNode>,
    /// The most frequent.
    pub links: Vec<JourneyLink>,
    /// How many pairs there are: touchpoints and journeys.
    pub total: u64,
    /// How many of them are of links that are not shown.
    pub other: u64,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyNode {
    /// As shown.
    pub value: Arc<str>,
    /// How many touchpoints have it; START and END have none.
    pub touchpoints: u64,
    /// How many journeys have it.
    pub journeys: u64,
}

/// From one value to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyLink {
    /// The value before.
    pub from: Arc<str>,
    /// The value after.
    pub to: Arc<str>,
    /// How often.
    pub count: u64,
    /// In how many journeys.
    pub journeys: u64,
    /// Of all pairs.
    pub share: f64,
    /// Of those that leave `from`.
    pub share_of_from: f64,
    /// Between the two; `None` from START and to END.
    pub median_seconds: Option<f64>,
}

/// Up to so many values pairs are counted in a square; beyond, in a map.
const SQUARE: usize = 512;

/// The most numbers that are counted of times beside the pairs; beyond, times are counted on their own.
const MOST_TIMES: usize = 1 << 19;

/// What is counted of a pair.
#[derive(Clone, Copy, Default)]
struct Cell {
    count: u64,
    journeys: u32,
    /// The journey that had it last, counted from 1.
    last: u32,
}

/// Pairs of values that follow each other.
enum Pairs {
    Square(Vec<Cell>),
    Map(FxHashMap<u64, Cell>),
}

struct Counts {
    width: usize,
    journey: u32,
    pairs: Pairs,
    /// By pair of the square and bucket, how many times; empty when they are not wanted, or too many.
    times: Vec<u32>,
    firsts: Vec<u64>,
    lasts: Vec<u64>,
    /// Journeys that have each value.
    nodes: Vec<Cell>,
}

/// All pairs of one scope, counted.
pub(crate) struct Counted {
    pub(crate) values: Values,
    times: Vec<u32>,
    /// From, to, how often, in how many journeys; START and END are the numbers behind the last value.
    pub(crate) pairs: Vec<(u32, u32, u64, u64)>,
    nodes: Vec<(u64, u64)>,
    journeys: u64,
    pub(crate) total: u64,
}

/// The `top` most frequent pairs, with their median times when `timed`.
///
/// # Errors
/// That the scope cannot be, that it was cancelled or took too long.
pub fn transitions(
    projection: &Projection,
    scope: &Scope,
    top: usize,
    timed: bool,
    run: &Run,
) -> Result<TransitionGraph, Fault> {
    let asked = Asked::new(projection, scope)?;
    let mut counted = count(&asked, scope, timed, run)?;
    let pairs = counted.sorted_pairs(top);
    let medians = match timed {
        true => medians(&asked, &counted, &pairs, run)?,
        false => vec![None; pairs.len()],
    };
    let mut leaving = vec![0; counted.values.len() + 1];
    let of = |number: u32| if number as usize >= counted.values.len() { counted.values.len() } else { number as usize };
    counted.pairs.iter().for_each(|(from, _, count, _)| leaving[of(*from)] += count);
    let links: Vec<_> = pairs
        .iter()
        .zip(medians)
        .map(|((from, to, count, journeys), median_seconds)| JourneyLink {
            from: counted.shown(*from).clone(),
            to: counted.shown(*to).clone(),
            count: *count,
            journeys: *journeys,
            share: share(*count, counted.total),
            share_of_from: share(*count, leaving[of(*from)]),
            median_seconds,
        })
        .collect();
    let other = counted.total - links.iter().map(|link| link.count).sum::<u64>();
    Ok(TransitionGraph { nodes: counted.nodes_of(&pairs), links, total: counted.total, other })
}

/// Counts all pairs; with `timed`, for medians.
pub(crate) fn count(asked: &Asked<'_>, scope: &Scope, timed: bool, run: &Run) -> Result<Counted, Fault> {
    let values = Values::new(&asked.projection.dictionary.kinds, scope.dimension);
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
        true => asked.walk(run, new, |counts, journey| counts.take::<true>(journey, &values.of))?,
        false => asked.walk(run, new, |counts, journey| counts.take::<false>(journey, &values.of))?,
    };
    Ok(Counted::of(values, states))
}

impl Counts {
    #[inline]
    fn take<const TIMED: bool>(&mut self, journey: &Journey<'_>, value_of: &[u32]) {
        let (kinds, at) = (journey.kind, &journey.at[..journey.kind.len()]);
        self.journey += 1;
        let journey = self.journey;
        let mut before = value_of[kinds[0] as usize];
        self.firsts[before as usize] += 1;
        self.nodes[before as usize].see(journey);
        match &mut self.pairs {
            Pairs::Square(cells) => {
                for (n, kind) in kinds.iter().enumerate().skip(1) {
                    let value = value_of[*kind as usize];
                    let cell = before as usize * self.width + value as usize;
                    cells[cell].see(journey);
                    if TIMED {
                        self.times[cell * BUCKETS + bucket(at[n] - at[n - 1])] += 1;
                    }
                    self.nodes[value as usize].see(journey);
                    before = value;
                }
            }
            Pairs::Map(cells) => {
                for kind in &kinds[1..] {
                    let value = value_of[*kind as usize];
                    cells.entry(u64::from(before) << 32 | u64::from(value)).or_default().see(journey);
                    self.nodes[value as usize].see(journey);
                    before = value;
                }
            }
        }
        self.lasts[before as usize] += 1;
    }
}

impl Cell {
    #[inline]
    fn see(&mut self, journey: u32) {
        self.count += 1;
        self.journeys += u32::from(self.last != journey);
        self.last = journey;
    }
}

impl Counted {
    fn of(values: Values, states: Vec<Counts>) -> Counted {
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
        let pairs = sums.into_iter().map(|((from, to), (count, journeys))| (from, to, count, journeys)).collect();
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

    fn sorted_pairs(&mut self, top: usize) -> Vec<(u32, u32, u64, u64)> {
        let mut pairs = std::mem::take(&mut self.pairs);
        let name = |pair: &(u32, u32, u64, u64)| (self.shown(pair.0), self.shown(pair.1));
        pairs.sort_unstable_by(|a, b| b.2.cmp(&a.2).then_with(|| name(a).cmp(&name(b))));
        let shown = pairs[..top.min(pairs.len())].to_vec();
        self.pairs = pairs;
        shown
    }

    fn nodes_of(&self, pairs: &[(u32, u32, u64, u64)]) -> Vec<JourneyNode> {
        let mut ends: Vec<u32> = pairs.iter().flat_map(|(from, to, ..)| [*from, *to]).collect();
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

/// Buckets for times, each at most an eighth wider than where it begins: below 8 one for each, then 8 for
/// each doubling. The last holds all of 10,000 years.
const BUCKETS: usize = 47 * 8;

#[inline]
fn bucket(time: i64) -> usize {
    let time = time as u64;
    let doublings = (time | 8).ilog2() as usize - 3;
    (doublings * 8 + (time >> doublings) as usize).min(BUCKETS - 1)
}

/// The median time of each pair. Keeping all times would be most of the work: so they are counted by
/// bucket first, and then only those in the bucket with the middle are kept.
fn medians(
    asked: &Asked<'_>,
    counted: &Counted,
    pairs: &[(u32, u32, u64, u64)],
    run: &Run,
) -> Result<Vec<Option<f64>>, Fault> {
    let values = &counted.values;
    let width = values.len();
    let slots: FxHashMap<u64, u32> = pairs
        .iter()
        .zip(0_u32..)
        .filter(|((from, to, ..), _)| (*from as usize) < width && (*to as usize) < width)
        .map(|((from, to, ..), slot)| (u64::from(*from) << 32 | u64::from(*to), slot))
        .collect();
    if slots.is_empty() {
        return Ok(vec![None; pairs.len()]);
    }
    let none = pairs.len() as u32;
    let mut square = Vec::new();
    if width <= SQUARE {
        square.resize(width * width, none);
        for (key, slot) in &slots {
            square[(key >> 32) as usize * width + (*key as u32) as usize] = *slot;
        }
    }
    let slot = |from: u32, to: u32| match width <= SQUARE {
        true => square[from as usize * width + to as usize],
        false => slots.get(&(u64::from(from) << 32 | u64::from(to))).copied().unwrap_or(none),
    };
    let counts = match counted.times.is_empty() {
        true => count_times(asked, values, pairs.len(), slot, run)?,
        false => {
            let mut counts = vec![0; (pairs.len() + 1) * BUCKETS];
            for (key, slot) in &slots {
                let cell = (key >> 32) as usize * width + (*key as u32) as usize;
                let own = &counted.times[cell * BUCKETS..(cell + 1) * BUCKETS];
                counts[*slot as usize * BUCKETS..(*slot as usize + 1) * BUCKETS].copy_from_slice(own);
            }
            counts
        }
    };
    // For each pair the buckets that hold the two in the middle, and how many times lie below.
    let middles: Vec<(usize, usize, u64)> = (0..=pairs.len())
        .map(|slot| {
            let counts = &counts[slot * BUCKETS..(slot + 1) * BUCKETS];
            let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
            if slot == pairs.len() || total == 0 {
                return (1, 0, 0);
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
                    return (first, place, below);
                }
                seen = after;
            }
            (1, 0, 0)
        })
        .collect();
    let states = asked.walk(
        run,
        || vec![Vec::new(); pairs.len() + 1],
        |kept: &mut Vec<Vec<i64>>, journey| {
            let mut before = values.of[journey.kind[0] as usize];
            for (kinds, at) in journey.kind.windows(2).zip(journey.at.windows(2)) {
                let value = values.of[kinds[1] as usize];
                let slot = slot(before, value) as usize;
                let (first, last, _) = middles[slot];
                let (time, own) = (at[1] - at[0], bucket(at[1] - at[0]));
                if own >= first && own <= last {
                    kept[slot].push(time);
                }
                before = value;
            }
        },
    )?;
    let median = |(slot, middle): (usize, &(usize, usize, u64))| {
        let mut kept: Vec<i64> = states.iter().flat_map(|state| state[slot].iter().copied()).collect();
        let total: u64 = counts[slot * BUCKETS..(slot + 1) * BUCKETS].iter().map(|count| u64::from(*count)).sum();
        if kept.is_empty() {
            return None;
        }
        let nth = |kept: &mut [i64], rank: u64| *kept.select_nth_unstable((rank - middle.2) as usize).1;
        let sum = nth(&mut kept, (total - 1) / 2) + nth(&mut kept, total / 2);
        Some(sum as f64 / 2_000.0)
    };
    Ok(middles[..pairs.len()].iter().enumerate().map(median).collect())
}

/// How many times of each pair lie in each bucket.
fn count_times(
    asked: &Asked<'_>,
    values: &Values,
    pairs: usize,
    slot: impl Fn(u32, u32) -> u32 + Sync,
    run: &Run,
) -> Result<Vec<u32>, Fault> {
    let states = asked.walk(
        run,
        // One more for all pairs that are not asked for.
        || vec![0_u32; (pairs + 1) * BUCKETS],
        |counts, journey| {
            let mut before = values.of[journey.kind[0] as usize];
            for (kinds, at) in journey.kind.windows(2).zip(journey.at.windows(2)) {
                let value = values.of[kinds[1] as usize];
                counts[slot(before, value) as usize * BUCKETS + bucket(at[1] - at[0])] += 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_in_the_order_of_times_and_narrow() {
        let times: Vec<i64> = (0..4_000).chain((4_000..400_000_000_000_000).step_by(10_000_000_000)).collect();
        for pair in times.windows(2) {
            assert!(bucket(pair[0]) <= bucket(pair[1]), "{pair:?}");
        }
        assert!((0..16).all(|time| bucket(time) == time as usize));
        assert!(bucket(i64::MAX) < BUCKETS);
    }
}
