//! A simple and slow implementation of every figure, from the definitions in the contract.

use std::collections::{BTreeMap, BTreeSet};

use throughline::domain::Timestamp;
use throughline::domain::consent::ConsentStatus;
use throughline::journeys::credit::Model;
use throughline::journeys::{Population, Unit};

use crate::world::{Touchpoint, World};

/// A step: dimensions and values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step(pub Vec<(&'static str, Vec<String>)>);

/// A scope.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) include: Option<Step>,
    pub(crate) exclude: Option<Step>,
    pub(crate) per: Unit,
    pub(crate) gap: i64,
    pub(crate) dimension: &'static str,
    pub(crate) purpose: Option<&'static str>,
    pub(crate) shown_for: Option<&'static str>,
    pub(crate) now: i64,
    pub(crate) segment: Option<BTreeSet<String>>,
}

/// A journey: its customer and its touchpoints in order.
#[derive(Clone, Debug)]
pub(crate) struct Journey {
    pub(crate) customer: String,
    pub(crate) touchpoints: Vec<Touchpoint>,
}

pub(crate) fn shown(value: Option<&str>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(v) if ["START", "END", "(none)", "(direct)", "…"].contains(&v) => format!("\\{v}"),
        Some(v) => v.to_owned(),
    }
}

impl Step {
    pub(crate) fn matches(&self, touchpoint: &Touchpoint) -> bool {
        self.0.iter().all(|(dimension, values)| {
            let value = touchpoint.value(dimension);
            // As answers show it, or as it is stored, except a stored (none), which is ambiguous.
            let own = shown(value);
            values.is_empty() || values.iter().any(|v| *v == own || (v != "(none)" && value == Some(v.as_str())))
        })
    }
}

/// The values of these steps that no touchpoint of the world has.
pub(crate) fn unknown(world: &World, steps: &[&Step]) -> BTreeSet<String> {
    let lists = steps.iter().flat_map(|step| &step.0);
    let values = lists.flat_map(|(dimension, values)| values.iter().map(move |value| (*dimension, value)));
    let alone = |(dimension, value): &(&'static str, &String)| Step(vec![(*dimension, vec![(*value).clone()])]);
    let unknown = values.filter(|one| !world.touchpoints.iter().any(|t| alone(one).matches(t)));
    unknown.map(|(_, value)| value.clone()).collect()
}

impl Scope {
    fn counts(&self, touchpoint: &Touchpoint) -> bool {
        self.since.is_none_or(|since| touchpoint.at >= since)
            && self.until.is_none_or(|until| touchpoint.at < until)
            && self.include.as_ref().is_none_or(|step| step.matches(touchpoint))
            && !self.exclude.as_ref().is_some_and(|step| step.matches(touchpoint))
    }

    /// Whether no purpose hides anybody.
    pub(crate) fn shows_all(&self) -> bool {
        self.purpose.is_none() && self.shown_for.is_none()
    }

    /// Whether the decisions for `shown_for` on a channel, or for all, are in force, and all are grants.
    fn decided(&self, world: &World, customer: &str, channel: Option<&str>) -> Option<bool> {
        let held = world.members.iter().filter(|(_, holder)| *holder == customer);
        let held = held.filter_map(|(identifier, _)| world.consents.get(identifier)).flatten();
        let own = held.filter(|one| Some(&*one.purpose) == self.shown_for && one.channel.as_deref() == channel);
        let has_ended = |end: Timestamp| end.0 <= self.now;
        let in_force = own.filter(|one| one.status != ConsentStatus::Granted || !one.expires_at.is_some_and(has_ended));
        let all: Vec<bool> = in_force.map(|one| one.status == ConsentStatus::Granted).collect();
        (!all.is_empty()).then(|| all.iter().all(|granted| *granted))
    }

    /// Whether `shown_for` shows a touchpoint of a customer.
    fn shows(&self, world: &World, customer: &str, touchpoint: &Touchpoint) -> bool {
        if self.shown_for.is_none() {
            return true;
        }
        let some = ["web", "mail"].iter().any(|channel| self.decided(world, customer, Some(channel)) == Some(true));
        let is_shown = self.decided(world, customer, None).unwrap_or(some);
        is_shown && self.decided(world, customer, Some(&touchpoint.channel)) != Some(false)
    }

    fn allows(&self, world: &World, customer: &str) -> bool {
        let Some(purpose) = self.purpose else { return true };
        let held = world.members.iter().filter(|(_, holder)| *holder == customer);
        let held = held.filter_map(|(identifier, _)| world.consents.get(identifier)).flatten();
        let held: Vec<ConsentStatus> = held
            .filter(|consent| &*consent.purpose == purpose)
            .map(|consent| match consent.expires_at {
                Some(end) if consent.status == ConsentStatus::Granted && end.0 <= self.now => ConsentStatus::Expired,
                _ => consent.status,
            })
            .collect();
        let mut in_force = held.iter().filter(|status| **status != ConsentStatus::Expired).peekable();
        in_force.peek().is_some() && in_force.all(|status| *status == ConsentStatus::Granted)
    }

    pub(crate) fn value(&self, touchpoint: &Touchpoint) -> String {
        shown(touchpoint.value(self.dimension))
    }
}

/// All of a customer's touchpoints, in order.
fn histories(world: &World) -> BTreeMap<String, Vec<Touchpoint>> {
    let mut histories: BTreeMap<String, Vec<Touchpoint>> = BTreeMap::new();
    for touchpoint in &world.touchpoints {
        if let Some(customer) = world.members.get(&touchpoint.owner) {
            histories.entry(customer.clone()).or_default().push(touchpoint.clone());
        }
    }
    histories.values_mut().for_each(|history| history.sort_by_key(|t| (t.at, t.arrival)));
    histories
}

pub(crate) fn journeys(world: &World, scope: &Scope) -> Vec<Journey> {
    let mut journeys = Vec::new();
    for (customer, history) in histories(world) {
        let inside = scope.segment.as_ref().is_none_or(|segment| segment.contains(&customer));
        if !inside || !scope.allows(world, &customer) {
            continue;
        }
        let parts = match scope.per {
            Unit::Customer => vec![history],
            Unit::Session => sessions(&history, scope.gap),
        };
        for part in parts {
            let counts = |t: &Touchpoint| scope.counts(t) && scope.shows(world, &customer, t);
            let touchpoints: Vec<_> = part.into_iter().filter(counts).collect();
            if !touchpoints.is_empty() {
                journeys.push(Journey { customer: customer.clone(), touchpoints });
            }
        }
    }
    journeys
}

fn sessions(history: &[Touchpoint], gap: i64) -> Vec<Vec<Touchpoint>> {
    let mut named: BTreeMap<&str, Vec<Touchpoint>> = BTreeMap::new();
    let mut others: Vec<Vec<Touchpoint>> = Vec::new();
    for touchpoint in history {
        match &touchpoint.session {
            Some(id) => named.entry(id).or_default().push(touchpoint.clone()),
            None => match others.last_mut() {
                Some(open) if touchpoint.at - open[open.len() - 1].at <= gap => open.push(touchpoint.clone()),
                _ => others.push(vec![touchpoint.clone()]),
            },
        }
    }
    named.into_values().chain(others).collect()
}

pub(crate) fn population(world: &World, scope: &Scope) -> Population {
    let journeys = journeys(world, scope);
    let customers: BTreeSet<_> = journeys.iter().map(|journey| &journey.customer).collect();
    let count =
        |is: &dyn Fn(&Touchpoint) -> bool| world.touchpoints.iter().filter(|t| scope.counts(t) && is(t)).count() as u64;
    Population {
        customers: customers.len() as u64,
        journeys: journeys.len() as u64,
        touchpoints: journeys.iter().map(|journey| journey.touchpoints.len() as u64).sum(),
        unowned: count(&|t| !world.members.contains_key(&t.owner)),
        hidden_by_consent: count(&|t| {
            world.members.get(&t.owner).is_some_and(|c| !scope.allows(world, c) || !scope.shows(world, c, t))
        }),
    }
}

/// From, to, count, journeys, median of the times.
pub(crate) type Link = (String, String, u64, u64, Option<f64>);

pub(crate) fn links(world: &World, scope: &Scope) -> Vec<Link> {
    /// Its times, its journeys, how often.
    type Seen = (Vec<i64>, BTreeSet<usize>, u64);
    let mut times: BTreeMap<(String, String), Seen> = BTreeMap::new();
    for (n, journey) in journeys(world, scope).iter().enumerate() {
        let mut values = vec!["START".to_owned()];
        values.extend(journey.touchpoints.iter().map(|t| scope.value(t)));
        values.push("END".to_owned());
        for (k, pair) in values.windows(2).enumerate() {
            let own = times.entry((pair[0].clone(), pair[1].clone())).or_default();
            own.1.insert(n);
            own.2 += 1;
            if k > 0 && k + 2 < values.len() {
                own.0.push(journey.touchpoints[k].at - journey.touchpoints[k - 1].at);
            }
        }
    }
    let link = |((from, to), (times, journeys, count)): ((String, String), Seen)| {
        (from, to, count, journeys.len() as u64, median(times))
    };
    let mut links: Vec<Link> = times.into_iter().map(link).collect();
    links.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
    links
}

pub(crate) fn median(mut times: Vec<i64>) -> Option<f64> {
    times.sort_unstable();
    let n = times.len();
    match n {
        0 => None,
        _ if n % 2 == 1 => Some(times[n / 2] as f64 / 1_000.0),
        _ => Some((times[n / 2 - 1] as f64 + times[n / 2] as f64) / 2.0 / 1_000.0),
    }
}

/// The entries of each journey with an anchor, column by column: the value, or the special entry.
pub(crate) fn flow(
    world: &World,
    scope: &Scope,
    anchor: &Step,
    before: i64,
    after: i64,
) -> Vec<Vec<(String, &'static str)>> {
    let mut rows = Vec::new();
    for journey in journeys(world, scope) {
        let Some(at) = journey.touchpoints.iter().position(|t| anchor.matches(t)) else { continue };
        let entry = |step: i64| {
            let place = at as i64 + step;
            if place < 0 {
                ("NOT_BEGUN".to_owned(), "NOT_BEGUN")
            } else if place >= journey.touchpoints.len() as i64 {
                ("ENDED".to_owned(), "ENDED")
            } else {
                (scope.value(&journey.touchpoints[place as usize]), "VALUE")
            }
        };
        rows.push((-before..=after).map(entry).collect());
    }
    rows
}

/// The chain of a journey, by exhaustive search.
pub(crate) fn chain(journey: &Journey, steps: &[Step], within: Option<i64>) -> Vec<usize> {
    fn extend(journey: &Journey, steps: &[Step], within: Option<i64>, chain: &mut Vec<usize>, best: &mut Vec<usize>) {
        // In this order, the first chain of a length has the earliest start, and each later step as early as possible.
        if chain.len() > best.len() {
            *best = chain.clone();
        }
        let Some(step) = steps.get(chain.len()) else { return };
        for place in chain.last().map_or(0, |last| last + 1)..journey.touchpoints.len() {
            let touchpoint = &journey.touchpoints[place];
            let first = chain.first().map_or(touchpoint.at, |first| journey.touchpoints[*first].at);
            if step.matches(touchpoint) && within.is_none_or(|within| touchpoint.at - first <= within) {
                chain.push(place);
                extend(journey, steps, within, chain, best);
                chain.pop();
            }
        }
    }
    let mut best = Vec::new();
    extend(journey, steps, within, &mut Vec::new(), &mut best);
    best
}

/// The path of each journey and its duration.
pub(crate) fn paths(
    world: &World,
    scope: &Scope,
    to: Option<(&Step, Option<i64>)>,
    collapse: bool,
    most: usize,
) -> Vec<(Vec<String>, i64)> {
    let mut paths = Vec::new();
    for journey in journeys(world, scope) {
        let mut touchpoints = journey.touchpoints;
        if let Some((to, within)) = to {
            let Some(end) = touchpoints.iter().position(|t| to.matches(t)) else { continue };
            touchpoints.truncate(end + 1);
            let matched = touchpoints[end].at;
            touchpoints.retain(|t| within.is_none_or(|within| t.at >= matched - within));
        }
        let mut values: Vec<String> = touchpoints.iter().map(|t| scope.value(t)).collect();
        if collapse {
            values.dedup();
        }
        if values.len() > most {
            values = match to {
                Some(_) => [vec!["…".to_owned()], values[values.len() - most..].to_vec()].concat(),
                None => [values[..most].to_vec(), vec!["…".to_owned()]].concat(),
            };
        }
        paths.push((values, touchpoints[touchpoints.len() - 1].at - touchpoints[0].at));
    }
    paths
}

/// The times from the first `from` to the first `to` after it, and the number of journeys without a `to` after it.
pub(crate) fn times(world: &World, scope: &Scope, from: &Step, to: &Step) -> (Vec<i64>, u64) {
    let (mut times, mut never) = (Vec::new(), 0);
    for journey in journeys(world, scope) {
        let Some(begin) = journey.touchpoints.iter().position(|t| from.matches(t)) else { continue };
        match journey.touchpoints[begin + 1..].iter().find(|t| to.matches(t)) {
            Some(end) => times.push(end.at - journey.touchpoints[begin].at),
            None => never += 1,
        }
    }
    times.sort_unstable();
    (times, never)
}

/// A conversion: its touches with their ages, and the net of its order.
#[derive(Clone, Debug)]
pub(crate) struct Conversion {
    pub(crate) path: Vec<(String, i64)>,
    pub(crate) value: Option<(String, i64)>,
}

/// All conversions, and the paths without a conversion.
pub(crate) fn conversions(
    world: &World,
    scope: &Scope,
    (goal, touches): (&Step, Option<&Step>),
    dimension: &str,
    lookback: i64,
) -> (Vec<Conversion>, Vec<Vec<String>>) {
    let (mut conversions, mut rests) = (Vec::new(), Vec::new());
    for journey in journeys(world, &Scope { per: Unit::Customer, ..scope.clone() }) {
        let all = &journey.touchpoints;
        let is_conversion = |n: usize| {
            let again = |m: usize| goal.matches(&all[m]) && all[m].order == all[n].order;
            goal.matches(&all[n]) && (all[n].order.is_none() || !(0..n).any(again))
        };
        let earns = |t: &&Touchpoint| !goal.matches(t) && touches.is_none_or(|touches| touches.matches(t));
        let mut before = 0;
        for n in (0..all.len()).filter(|n| is_conversion(*n)) {
            let on_it = all[before..n].iter().filter(earns).filter(|t| t.at >= all[n].at - lookback);
            let mut path: Vec<_> = on_it.map(|t| (shown(t.value(dimension)), all[n].at - t.at)).collect();
            if path.is_empty() {
                path.push(("(direct)".to_owned(), 0));
            }
            let value = all[n].order.as_ref().and_then(|order| world.orders.get(order)).cloned();
            conversions.push(Conversion { path, value });
            before = n + 1;
        }
        let rest: Vec<_> = all[before..].iter().filter(earns).map(|t| shown(t.value(dimension))).collect();
        if !rest.is_empty() {
            rests.push(rest);
        }
    }
    (conversions, rests)
}

/// The credit of each value, by a model with weights.
pub(crate) fn weights(path: &[(String, i64)], model: Model, half_life: i64) -> Vec<f64> {
    let n = path.len();
    let first = |k: usize| path[..k].iter().all(|earlier| earlier.0 != path[k].0);
    let distinct = (0..n).filter(|k| first(*k)).count() as f64;
    let ends = |a: f64, b: f64, two: (f64, f64)| -> Vec<f64> {
        match n {
            1 => vec![1.0],
            2 => vec![two.0, two.1],
            _ => (0..n)
                .map(|k| {
                    if k == 0 {
                        a
                    } else if k == n - 1 {
                        b
                    } else {
                        (1.0 - a - b) / (n - 2) as f64
                    }
                })
                .collect(),
        }
    };
    match model {
        Model::FirstTouch => (0..n).map(|k| f64::from(u8::from(k == 0))).collect(),
        Model::LastTouch => (0..n).map(|k| f64::from(u8::from(k == n - 1))).collect(),
        Model::Linear => vec![1.0 / n as f64; n],
        Model::Participation => (0..n).map(|k| f64::from(u8::from(first(k)))).collect(),
        Model::Shapley => (0..n).map(|k| f64::from(u8::from(first(k))) / distinct).collect(),
        Model::PositionBased => ends(0.4, 0.4, (0.5, 0.5)),
        Model::JShaped => ends(0.2, 0.6, (0.25, 0.75)),
        Model::InverseJ => ends(0.6, 0.2, (0.75, 0.25)),
        Model::TimeDecay => {
            let raw: Vec<f64> = path.iter().map(|(_, age)| 2.0_f64.powf(-(*age as f64) / half_life as f64)).collect();
            let sum: f64 = raw.iter().sum();
            raw.iter().map(|weight| weight / sum).collect()
        }
        Model::Markov => panic!("not of one path"),
    }
}

/// The credit of each value by MARKOV: solves a system of equations for each removal.
pub(crate) fn markov(conversions: &[Conversion], rests: &[Vec<String>]) -> BTreeMap<String, f64> {
    let mut moves: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut walk = |values: Vec<String>, end: &str| {
        let mut before = " start".to_owned();
        for value in values.into_iter().chain([end.to_owned()]) {
            *moves.entry((before, value.clone())).or_default() += 1.0;
            before = value;
        }
    };
    for conversion in conversions {
        walk(conversion.path.iter().map(|touch| touch.0.clone()).collect(), " conversion");
    }
    rests.iter().for_each(|rest| walk(rest.clone(), " null"));
    let states: Vec<String> = moves.keys().map(|(from, _)| from.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let chance = |removed: Option<&str>| -> f64 {
        // p = Q p + r, where transitions to the removed value lead to NULL.
        let n = states.len();
        let mut system = vec![vec![0.0; n + 1]; n];
        for (row, state) in states.iter().enumerate() {
            system[row][row] = 1.0;
            if Some(state.as_str()) == removed {
                continue;
            }
            let leaving: f64 = moves.iter().filter(|((from, _), _)| from == state).map(|(_, count)| count).sum();
            for ((_, to), count) in moves.iter().filter(|((from, _), _)| from == state) {
                match states.iter().position(|other| other == to) {
                    Some(column) => system[row][column] -= count / leaving,
                    None if to == " conversion" => system[row][n] += count / leaving,
                    None => {}
                }
            }
        }
        let solved = solve(system);
        states.iter().position(|state| state == " start").map_or(0.0, |start| solved[start])
    };
    let whole = chance(None);
    let values = states.iter().filter(|state| *state != " start");
    let effects = values.map(|value| (value.clone(), 1.0 - chance(Some(value)) / whole));
    let effects: Vec<(String, f64)> = effects.filter(|(_, effect)| *effect > 1e-12).collect();
    let sum: f64 = effects.iter().map(|(_, effect)| effect).sum();
    effects.into_iter().map(|(value, effect)| (value, effect / sum * conversions.len() as f64)).collect()
}

fn solve(mut system: Vec<Vec<f64>>) -> Vec<f64> {
    let n = system.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|a, b| system[*a][column].abs().total_cmp(&system[*b][column].abs()));
        let pivot = pivot.expect("a row");
        system.swap(column, pivot);
        for row in column + 1..n {
            let factor = system[row][column] / system[column][column];
            let own = system[column].clone();
            system[row].iter_mut().zip(&own).for_each(|(cell, own)| *cell -= factor * own);
        }
    }
    let mut solved = vec![0.0; n];
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| system[row][k] * solved[k]).sum();
        solved[row] = (system[row][n] - known) / system[row][row];
    }
    solved
}
