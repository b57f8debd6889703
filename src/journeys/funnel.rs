//! Funnels: how many journeys reach each step of a list, and which customers.
//!
//! A chain is the touchpoints of a journey that match the first steps, one each, in order. A journey's chain is the
//! longest that the window allows; of equally long ones the one with the earliest start, with each later step as early
//! as possible. Without a window that is the greedy chain. With a window, the last step of the longest chain is first
//! reached at some touchpoint. Every start within the window before it, and not after the latest start that reaches it,
//! reaches it too. So the first of these starts is the earliest.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::customer_set::{CustomerSet, StepProgress};
use super::dimension::{CUT, Dimension};
use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scan::{Journey, JourneyScan};
use super::scope::{Scope, Step, unknown};
use super::values::{DimensionValues, medians, share};
use crate::domain::{CustomerId, Duration};

/// The answer to a funnel.
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    /// The number of journeys that reached the first step.
    pub entered: u64,
    /// Values of the steps that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
    /// One for each step of the question.
    pub steps: Vec<FunnelStep>,
    /// The steps of each group of the breakdown, the largest group first. The groups of a dimension sum to the whole: the
    /// groups that are not shown are the last entry, together, as [`CUT`].
    pub groups: Vec<FunnelGroup>,
}

/// One step of a funnel.
#[derive(Clone, Debug, PartialEq)]
pub struct FunnelStep {
    /// From 1.
    pub number: u32,
    /// Its label.
    pub label: Arc<str>,
    /// The number of journeys that reached it.
    pub reached: u64,
    /// The number of journeys that reached the step before and not this one.
    pub dropped: u64,
    /// The share of the journeys that reached the first step.
    pub of_first: f64,
    /// The share of the journeys that reached the step before.
    pub of_previous: f64,
    /// The median time from the step before to this one; `None` for the first step, and when no journey reached it.
    pub median_seconds_from_previous: Option<f64>,
}

/// The funnel of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct FunnelGroup {
    /// As shown.
    pub value: Arc<str>,
    /// One for each step of the question.
    pub steps: Vec<FunnelStep>,
}

/// The steps of a funnel and its window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunnelSteps {
    /// At most 20.
    pub steps: Vec<Step>,
    /// The maximum time from the first step to any other.
    pub within: Option<Duration>,
}

/// One group of a funnel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// How journeys are grouped.
    pub by: Breakdown,
    /// Its value as shown; [`CUT`] for all groups that are not shown.
    pub value: Arc<str>,
    /// The number of groups shown.
    pub top: usize,
}

/// How journeys are grouped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Breakdown {
    /// By the value of the chain's first touchpoint.
    Dimension(Dimension),
    /// By segments, each with its customers, sorted. Segments may overlap, so their groups need not sum to the whole.
    Segments(Vec<(Arc<str>, Arc<[CustomerId]>)>),
}

/// The funnel with its `top` largest groups and the rest of them, with median times when `timed`.
///
/// # Errors
/// The scope is invalid; the run was cancelled or too slow.
pub fn funnel(
    projection: &Projection,
    scope: &Scope,
    funnel_steps: &FunnelSteps,
    breakdown: Option<&Breakdown>,
    top: usize,
    timed: bool,
    run: &Run,
) -> Result<Funnel, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?;
    let chains = Chains::new(projection, funnel_steps);
    let groups = Groups::new(projection, breakdown);
    let (all, by_group) = count(&scan, &chains, &groups, timed, run)?;
    let mut by_group: Vec<_> = by_group.into_iter().collect();
    by_group.sort_by(|a, b| groups.order((a.0, a.1.entered()), (b.0, b.1.entered())));
    let rest = by_group.split_off(top.min(by_group.len()));
    let mut by_group: Vec<_> = by_group.into_iter().map(|(group, counts)| (groups.shown(group), counts)).collect();
    if groups.is_partition() && !rest.is_empty() {
        let mut sum = Counts::new(chains.count);
        rest.into_iter().for_each(|(_, counts)| sum.add(counts));
        by_group.push((CUT.into(), sum));
    }
    let unknown_values = unknown(&projection.dictionary.kinds, &funnel_steps.steps);
    let labels = funnel_steps.steps.iter().zip(1..).map(|(step, number)| step.shown_label(number)).collect::<Vec<_>>();
    // There can be hundreds of groups, and each is at most as large as the whole: threads for each would cost more.
    let group = |(value, counts): (Arc<str>, Counts)| FunnelGroup { value, steps: counts.steps(&labels, 1) };
    let groups = by_group.into_iter().map(group).collect();
    Ok(Funnel { entered: all.entered(), unknown_values, groups, steps: all.steps(&labels, run.threads) })
}

/// Counts the chains of all journeys: of the whole, and by group.
fn count(
    scan: &JourneyScan<'_>,
    chains: &Chains,
    groups: &Groups<'_>,
    timed: bool,
    run: &Run,
) -> Result<(Counts, FxHashMap<u32, Counts>), JourneyError> {
    type State = (Counts, FxHashMap<u32, Counts>, Vec<usize>);
    let counts = || Counts::new(chains.count);
    let new = || (counts(), FxHashMap::default(), Vec::new());
    let states = scan.for_each_journey(run, new, |(all, by_group, chain): &mut State, journey| {
        if !chains.find(journey, chain) {
            return;
        }
        all.record(journey.at, chain, timed);
        groups.of(journey, chain, |group| {
            by_group.entry(group).or_insert_with(counts).record(journey.at, chain, timed);
        });
    })?;
    let (mut all, mut by_group) = (counts(), FxHashMap::default());
    for (part, groups, _) in states {
        all.add(part);
        for (group, part) in groups {
            by_group.entry(group).or_insert_with(counts).add(part);
        }
    }
    Ok((all, by_group))
}

/// The customers of step `number`, from 1: those with a journey that reached it, or those with a journey that reached
/// only the step before; of one group when `group` is given.
///
/// # Errors
/// As [`funnel`].
pub fn funnel_customers(
    projection: &Projection,
    scope: &Scope,
    funnel_steps: &FunnelSteps,
    group: Option<&Group>,
    number: usize,
    progress: StepProgress,
    run: &Run,
) -> Result<CustomerSet, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?;
    let chains = Chains::new(projection, funnel_steps);
    let groups = Groups::new(projection, group.map(|group| &group.by));
    let in_groups = match group {
        None => None,
        Some(group) if &*group.value == CUT && groups.is_partition() => {
            Some(groups.cut(&scan, &chains, group.top, run)?)
        }
        Some(group) => Some(groups.find(&group.value).into_iter().collect()),
    };
    let states = scan.for_each_journey(
        run,
        || (Vec::new(), Vec::new()),
        |(customers, chain): &mut (Vec<u32>, Vec<usize>), journey| {
            let begun = chains.find(journey, chain);
            let is = match progress {
                StepProgress::Reached => chain.len() >= number,
                StepProgress::Dropped => number > 1 && chain.len() + 1 == number,
            };
            if !begun || !is || customers.last() == Some(&journey.customer) {
                return;
            }
            let mut inside = in_groups.is_none();
            if let Some(in_groups) = &in_groups {
                groups.of(journey, chain, |group| inside |= in_groups.contains(&group));
            }
            if inside {
                customers.push(journey.customer);
            }
        },
    )?;
    Ok(CustomerSet::of(projection, states.into_iter().flat_map(|(customers, _)| customers)))
}

/// The number of steps that one journey reaches. `steps` has a bit for each step that a touchpoint matches, `at` its time in
/// milliseconds, in order of time and arrival.
pub fn chain_length(steps: Vec<u32>, at: &[i64], count: usize, within: Option<Duration>) -> usize {
    let places: Vec<u32> = (0..steps.len() as u32).collect();
    let mut chain = Vec::new();
    Chains { steps, count, within: within.map(Duration::as_millis) }.find(&Journey::alone(at, &places), &mut chain);
    chain.len()
}

/// Finds the chain of a journey.
struct Chains {
    /// By the code of a kind, a bit for each step that it matches.
    steps: Vec<u32>,
    count: usize,
    within: Option<i64>,
}

impl Chains {
    fn new(projection: &Projection, funnel: &FunnelSteps) -> Self {
        let kinds = &projection.dictionary.kinds;
        let mut steps = vec![0_u32; kinds.len()];
        for (n, step) in funnel.steps.iter().enumerate() {
            steps.iter_mut().zip(step.table(kinds)).for_each(|(bits, is)| *bits |= u32::from(is) << n);
        }
        Chains { steps, count: funnel.steps.len(), within: funnel.within.map(Duration::as_millis) }
    }

    /// Writes the places of the chain's touchpoints to `chain`. Whether there are any.
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
        // The bits of the next step and of the last one.
        let (mut next, last) = (1_u32, 1_u32 << (count - 1));
        for (place, kind) in kinds.iter().enumerate().skip(begin) {
            if self.steps[*kind as usize] & next != 0 {
                chain.push(place);
                if next == last {
                    return;
                }
                next <<= 1;
            }
        }
    }

    fn windowed(&self, journey: &Journey<'_>, within: i64, chain: &mut Vec<usize>) {
        /// The maximum number of steps.
        const MAX: usize = u32::BITS as usize;
        // For each step the latest start of a chain that reached it.
        let mut latest = [None; MAX];
        let (mut longest, mut reached_at) = (0, 0);
        for (place, kind) in journey.kind.iter().enumerate() {
            let (bits, at) = (self.steps[*kind as usize], journey.at[place]);
            if bits == 0 {
                continue;
            }
            // From the last step backwards, so that one touchpoint is never two steps of a chain.
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
        // A chain of one step has no window: it begins at the first touchpoint that matches.
        let earliest = if longest == 1 { i64::MIN } else { reached_at - within };
        let start = (0..journey.kind.len())
            .find(|place| journey.at[*place] >= earliest && self.steps[journey.kind[*place] as usize] & 1 == 1);
        if let Some(start) = start {
            self.greedy(journey.kind, start, longest, chain);
        }
    }
}

/// The groups of a breakdown, by number.
enum Groups<'a> {
    None,
    Values(DimensionValues),
    Segments(&'a [(Arc<str>, Arc<[CustomerId]>)], Vec<Vec<bool>>),
}

impl<'a> Groups<'a> {
    fn new(projection: &Projection, breakdown: Option<&'a Breakdown>) -> Self {
        match breakdown {
            None => Groups::None,
            Some(Breakdown::Dimension(of)) => Groups::Values(DimensionValues::new(&projection.dictionary.kinds, *of)),
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

    /// Calls `each` with the groups of a journey.
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

    /// Whether each journey is in exactly one group.
    fn is_partition(&self) -> bool {
        matches!(self, Groups::Values(_))
    }

    /// The order of two groups, given with the number of their journeys: the largest first.
    fn order(&self, a: (u32, u64), b: (u32, u64)) -> Ordering {
        b.1.cmp(&a.1).then_with(|| self.shown(a.0).cmp(&self.shown(b.0)))
    }

    /// The groups that are not among the `top` first.
    fn cut(
        &self,
        scan: &JourneyScan<'_>,
        chains: &Chains,
        top: usize,
        run: &Run,
    ) -> Result<FxHashSet<u32>, JourneyError> {
        type State = (FxHashMap<u32, u64>, Vec<usize>);
        let states = scan.for_each_journey(run, State::default, |(counts, chain), journey| {
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

/// The counts of chains.
struct Counts {
    /// The number of chains by their number of steps, from 1.
    lengths: Vec<u64>,
    /// For each step but the first, the times from the step before.
    times: Vec<Vec<i64>>,
}

impl Counts {
    fn new(steps: usize) -> Self {
        Counts { lengths: vec![0; steps], times: vec![Vec::new(); steps] }
    }

    #[inline]
    fn record(&mut self, at: &[i64], chain: &[usize], timed: bool) {
        self.lengths[chain.len() - 1] += 1;
        if !timed {
            return;
        }
        for (step, places) in chain.windows(2).enumerate() {
            self.times[step + 1].push(at[places[1]] - at[places[0]]);
        }
    }

    fn add(&mut self, other: Counts) {
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
