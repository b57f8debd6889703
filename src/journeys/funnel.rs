//! How far journeys get along a list of steps, and who gets there.
//!
//! A journey's chain is the longest that the window allows, of those the one that starts earliest, each
//! later step as early as possible. Without a window that is the greedy chain. With one, the last step of
//! the longest chain is first reached at some touchpoint; any start within the window before it, and not
//! after the latest start that reaches it, reaches it too, so the first of those is the earliest start.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::dimension::{CUT, Dimension};
use super::people::{People, Side};
use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::{Scope, Step, unknown};
use super::values::{Values, medians, share};
use super::walk::{Asked, Journey};
use crate::domain::{CustomerId, Duration};

/// How far journeys get.
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    /// How many reached the first step.
    pub entered: u64,
    /// Values of the steps that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
    /// One for each step asked for.
    pub steps: Vec<FunnelStep>,
    /// The same by the breakdown's values, the largest first. By a dimension they sum to the whole: those that
    /// are not shown stand last, together, under [`CUT`].
    pub groups: Vec<FunnelGroup>,
}

/// How many got to a step.
#[derive(Clone, Debug, PartialEq)]
pub struct FunnelStep {
    /// From 1.
    pub number: u32,
    /// What it is called.
    pub label: Arc<str>,
    /// Journeys that reached it.
    pub reached: u64,
    /// Journeys that reached the one before and not this one.
    pub dropped: u64,
    /// Of those that reached the first.
    pub of_first: f64,
    /// Of those that reached the one before.
    pub of_previous: f64,
    /// From the step before to this one; `None` for the first, and when nobody reached it.
    pub median_seconds_from_previous: Option<f64>,
}

/// One value's journeys.
#[derive(Clone, Debug, PartialEq)]
pub struct FunnelGroup {
    /// As shown.
    pub value: Arc<str>,
    /// As of the whole.
    pub steps: Vec<FunnelStep>,
}

/// What a funnel is asked of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunnelSteps {
    /// At most 20.
    pub steps: Vec<Step>,
    /// From the first step to any other.
    pub within: Option<Duration>,
}

/// One group of a funnel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// What groups are made by.
    pub by: Breakdown,
    /// Its value as shown; [`CUT`] for all that are not.
    pub value: Arc<str>,
    /// How many are shown.
    pub top: usize,
}

/// What groups are made by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Breakdown {
    /// By the value of the chain's first touchpoint.
    Dimension(Dimension),
    /// By these segments, each with its customers, sorted. Their groups need not sum to the whole.
    Segments(Vec<(Arc<str>, Arc<[CustomerId]>)>),
}

/// The funnel and its `top` largest groups and the rest of them, with median times when `timed`.
///
/// # Errors
/// That the scope cannot be, that it was cancelled or took too long.
pub fn funnel(
    projection: &Projection,
    scope: &Scope,
    asked_steps: &FunnelSteps,
    breakdown: Option<&Breakdown>,
    top: usize,
    timed: bool,
    run: &Run,
) -> Result<Funnel, Fault> {
    let asked = Asked::new(projection, scope)?;
    let chains = Chains::new(projection, asked_steps);
    let groups = Groups::new(projection, breakdown);
    let count = asked_steps.steps.len();
    let new = || (Tally::new(count), FxHashMap::default(), Vec::new());
    let states = asked.walk(run, new, |(all, by_group, chain): &mut State, journey| {
        if !chains.find(journey, chain) {
            return;
        }
        all.take(journey.at, chain, timed);
        groups.of(journey, chain, |group| {
            by_group.entry(group).or_insert_with(|| Tally::new(count)).take(journey.at, chain, timed);
        });
    })?;
    let (mut all, mut by_group) = (Tally::new(count), FxHashMap::default());
    for (part, groups, _) in states {
        all.add(part);
        for (group, part) in groups {
            by_group.entry(group).or_insert_with(|| Tally::new(count)).add(part);
        }
    }
    let mut by_group: Vec<_> = by_group.into_iter().collect();
    by_group.sort_by(|a, b| groups.order((a.0, a.1.entered()), (b.0, b.1.entered())));
    let rest = by_group.split_off(top.min(by_group.len()));
    let mut by_group: Vec<_> = by_group.into_iter().map(|(group, tally)| (groups.shown(group), tally)).collect();
    if groups.sum_to_the_whole() && !rest.is_empty() {
        let mut sum = Tally::new(count);
        rest.into_iter().for_each(|(_, tally)| sum.add(tally));
        by_group.push((CUT.into(), sum));
    }
    let unknown_values = unknown(&projection.dictionary.kinds, &asked_steps.steps);
    let labels = asked_steps.steps.iter().zip(1..).map(|(step, number)| step.shown_label(number)).collect::<Vec<_>>();
    // Of groups there can be hundreds, and none is larger than the whole: threads for each would cost more.
    let group = |(value, tally): (Arc<str>, Tally)| FunnelGroup { value, steps: tally.steps(&labels, 1) };
    let groups = by_group.into_iter().map(group).collect();
    Ok(Funnel { entered: all.entered(), unknown_values, groups, steps: all.steps(&labels, run.threads) })
}

/// The customers behind a step, from 1: those with a journey that reached it, and those with one that
/// reached only the step before; of one group, when it is named.
///
/// # Errors
/// As [`funnel`].
pub fn funnel_people(
    projection: &Projection,
    scope: &Scope,
    asked_steps: &FunnelSteps,
    group: Option<&Group>,
    number: usize,
    side: Side,
    run: &Run,
) -> Result<People, Fault> {
    let asked = Asked::new(projection, scope)?;
    let chains = Chains::new(projection, asked_steps);
    let groups = Groups::new(projection, group.map(|group| &group.by));
    let wanted = match group {
        None => None,
        Some(group) if &*group.value == CUT && groups.sum_to_the_whole() => {
            Some(groups.cut(&asked, &chains, group.top, run)?)
        }
        Some(group) => Some(groups.find(&group.value).into_iter().collect()),
    };
    let states = asked.walk(
        run,
        || (Vec::new(), Vec::new()),
        |(people, chain): &mut (Vec<u32>, Vec<usize>), journey| {
            let begun = chains.find(journey, chain);
            let is = match side {
                Side::Reached => chain.len() >= number,
                Side::Dropped => number > 1 && chain.len() + 1 == number,
            };
            if !begun || !is || people.last() == Some(&journey.customer) {
                return;
            }
            let mut inside = wanted.is_none();
            if let Some(wanted) = &wanted {
                groups.of(journey, chain, |group| inside |= wanted.contains(&group));
            }
            if inside {
                people.push(journey.customer);
            }
        },
    )?;
    Ok(People::of(projection, states.into_iter().flat_map(|(people, _)| people)))
}

type State = (Tally, FxHashMap<u32, Tally>, Vec<usize>);

/// Finds a journey's chain.
struct Chains {
    /// By kind of touchpoint, a bit for each step that it matches.
    steps: Vec<u32>,
    count: usize,
    within: Option<i64>,
}

impl Chains {
    fn new(projection: &Projection, asked: &FunnelSteps) -> Self {
        let kinds = &projection.dictionary.kinds;
        let mut steps = vec![0_u32; kinds.len()];
        for (n, step) in asked.steps.iter().enumerate() {
            steps.iter_mut().zip(step.table(kinds)).for_each(|(bits, is)| *bits |= u32::from(is) << n);
        }
        Chains { steps, count: asked.steps.len(), within: asked.within.map(Duration::as_millis) }
    }

    /// Puts the places of the chain's touchpoints into `chain`; whether there are any.
    #[inline]
    fn find(&self, journey: &Journey<'_>, chain: &mut Vec<usize>) -> bool {
        chain.clear();
        match self.within {
            None => self.greedy(journey.kind, 0, self.count, chain),
            Some(within) => self.windowed(journey, within, chain),
        }
        !chain.is_empty()
    }

    #[inline]
    fn greedy(&self, kinds: &[u32], begin: usize, count: usize, chain: &mut Vec<usize>) {
        let (mut wanted, last) = (1_u32, 1_u32 << (count - 1));
        for (place, kind) in kinds.iter().enumerate().skip(begin) {
            if self.steps[*kind as usize] & wanted != 0 {
                chain.push(place);
                if wanted == last {
                    return;
                }
                wanted <<= 1;
            }
        }
    }

    fn windowed(&self, journey: &Journey<'_>, within: i64, chain: &mut Vec<usize>) {
        /// As many as there can be steps.
        const MOST: usize = u32::BITS as usize;
        // For each step the latest start of a chain that has come to it.
        let mut latest = [None; MOST];
        let (mut longest, mut reached_at) = (0, 0);
        for (place, kind) in journey.kind.iter().enumerate() {
            let (bits, at) = (self.steps[*kind as usize], journey.at[place]);
            if bits == 0 {
                continue;
            }
            // From the last step, so that one touchpoint is never two steps of a chain.
            for step in (1..self.count).rev() {
                if bits >> step & 1 == 1
                    && let Some(start) = latest[step - 1].filter(|start| at - start <= within)
                {
                    latest[step] = latest[step].max(Some(start));
                    if step + 1 > longest {
                        (longest, reached_at) = (step + 1, at);
                    }
                }
            }
            if bits & 1 == 1 {
                latest[0] = Some(at);
                if longest == 0 {
                    (longest, reached_at) = (1, at);
                }
            }
            if longest == self.count {
                break;
            }
        }
        if longest == 0 {
            return;
        }
        // A chain of one step is the first there is, whatever lies within.
        let earliest = if longest == 1 { i64::MIN } else { reached_at - within };
        let start = (0..journey.kind.len())
            .find(|place| journey.at[*place] >= earliest && self.steps[journey.kind[*place] as usize] & 1 == 1);
        if let Some(start) = start {
            self.greedy(journey.kind, start, longest, chain);
        }
    }
}

/// Which groups a journey belongs to.
enum Groups<'a> {
    None,
    Values(Values),
    Segments(&'a [(Arc<str>, Arc<[CustomerId]>)], Vec<Vec<bool>>),
}

impl<'a> Groups<'a> {
    fn new(projection: &Projection, breakdown: Option<&'a Breakdown>) -> Self {
        match breakdown {
            None => Groups::None,
            Some(Breakdown::Dimension(of)) => Groups::Values(Values::new(&projection.dictionary.kinds, *of)),
            Some(Breakdown::Segments(segments)) => {
                let inside = segments.iter().map(|(_, customers)| {
                    let mut inside = vec![false; projection.customers() as usize];
                    let numbers = customers.iter().filter_map(|customer| projection.find_customer(customer));
                    numbers.for_each(|number| inside[number as usize] = true);
                    inside
                });
                Groups::Segments(segments, inside.collect())
            }
        }
    }

    #[inline]
    fn of(&self, journey: &Journey<'_>, chain: &[usize], mut each: impl FnMut(u32)) {
        match self {
            Groups::None => {}
            Groups::Values(values) => each(values.of[journey.kind[chain[0]] as usize]),
            Groups::Segments(_, inside) => {
                let own = (0..).zip(inside).filter(|(_, inside)| inside[journey.customer as usize]);
                own.for_each(|(group, _)| each(group));
            }
        }
    }

    /// Whether each journey is in exactly one.
    fn sum_to_the_whole(&self) -> bool {
        matches!(self, Groups::Values(_))
    }

    /// In which order groups with so many journeys are listed.
    fn order(&self, a: (u32, u64), b: (u32, u64)) -> Ordering {
        b.1.cmp(&a.1).then_with(|| self.shown(a.0).cmp(&self.shown(b.0)))
    }

    /// Those that are not among the `top` first.
    fn cut(&self, asked: &Asked<'_>, chains: &Chains, top: usize, run: &Run) -> Result<FxHashSet<u32>, Fault> {
        type State = (FxHashMap<u32, u64>, Vec<usize>);
        let states = asked.walk(run, State::default, |(counts, chain), journey| {
            if chains.find(journey, chain) {
                self.of(journey, chain, |group| *counts.entry(group).or_default() += 1);
            }
        })?;
        let mut counts: FxHashMap<u32, u64> = FxHashMap::default();
        for (group, count) in states.into_iter().flat_map(|(counts, _)| counts) {
            *counts.entry(group).or_default() += count;
        }
        let mut counts: Vec<(u32, u64)> = counts.into_iter().collect();
        counts.sort_by(|a, b| self.order(*a, *b));
        Ok(counts.into_iter().skip(top).map(|(group, _)| group).collect())
    }

    fn shown(&self, group: u32) -> Arc<str> {
        match self {
            Groups::None => "".into(),
            Groups::Values(values) => values.shown[group as usize].clone(),
            Groups::Segments(segments, _) => segments[group as usize].0.clone(),
        }
    }

    fn find(&self, value: &str) -> Option<u32> {
        let place = match self {
            Groups::None => None,
            Groups::Values(values) => values.shown.iter().position(|shown| &**shown == value),
            Groups::Segments(segments, _) => segments.iter().position(|(name, _)| &**name == value),
        };
        place.map(|place| place as u32)
    }
}

/// What is counted of chains.
struct Tally {
    /// How many chains have so many steps, from 1.
    lengths: Vec<u64>,
    /// For each step but the first how long after the one before.
    times: Vec<Vec<i64>>,
}

impl Tally {
    fn new(steps: usize) -> Self {
        Tally { lengths: vec![0; steps], times: vec![Vec::new(); steps] }
    }

    #[inline]
    fn take(&mut self, at: &[i64], chain: &[usize], timed: bool) {
        self.lengths[chain.len() - 1] += 1;
        if !timed {
            return;
        }
        for (step, places) in chain.windows(2).enumerate() {
            self.times[step + 1].push(at[places[1]] - at[places[0]]);
        }
    }

    fn add(&mut self, other: Tally) {
        self.lengths.iter_mut().zip(other.lengths).for_each(|(sum, part)| *sum += part);
        self.times.iter_mut().zip(other.times).for_each(|(sum, part)| match sum.is_empty() {
            true => *sum = part,
            false => sum.extend(part),
        });
    }

    fn entered(&self) -> u64 {
        self.lengths.iter().sum()
    }

    fn steps(mut self, labels: &[Arc<str>], threads: usize) -> Vec<FunnelStep> {
        let entered = self.entered();
        let medians = medians(&mut self.times, threads);
        let mut before = entered;
        let mut steps = Vec::new();
        for (n, label) in labels.iter().enumerate() {
            let reached = self.lengths[n..].iter().sum();
            steps.push(FunnelStep {
                number: n as u32 + 1,
                label: label.clone(),
                reached,
                dropped: before - reached,
                of_first: share(reached, entered),
                of_previous: if n == 0 { 1.0 } else { share(reached, before) },
                median_seconds_from_previous: medians[n],
            });
            before = reached;
        }
        steps
    }
}
