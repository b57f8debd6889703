//! What customers did: touchpoints that fit, how many, their sum, and chains of them.
//!
//! A chain is read backwards: of each touchpoint it is known whether the rest of the chain can follow it. So any of
//! several starts, and any of several next steps, may be the one that fits, and time grows with the length of the
//! history, not with the number of ways.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::condition::*;
use super::evaluate::Frame;
use super::number::Number;
use super::property_path::{PropertyPath, properties};
use super::time::{CalendarUnit, day_of};
use super::value::ValueCondition;
use crate::domain::Amount;
use crate::domain::touchpoint::Touchpoint;
use crate::journeys::property::PropertyValues;
use crate::journeys::session::Sessionizer;
use crate::journeys::{Step, TouchpointKind};

/// The path of the currency of a touchpoint.
const CURRENCY: &str = "properties.currency";

impl TouchpointCondition {
    /// Whether the touchpoints of a customer fit. They are in order of time and arrival.
    pub fn fits(&self, touchpoints: &[Touchpoint], frame: &Frame<'_>) -> bool {
        let found = self.find(touchpoints, frame);
        self.times.has(&count(self.count, touchpoints, &found, frame))
            && self.total.as_ref().is_none_or(|total| total.fits(found.iter().map(|n| &touchpoints[*n])))
    }

    /// The touchpoints that are counted, by their places.
    pub fn find(&self, touchpoints: &[Touchpoint], frame: &Frame<'_>) -> Vec<usize> {
        let mut found = matching(&self.what, touchpoints, frame);
        match self.only {
            Some(Occurrence::First) => found.truncate(1),
            Some(Occurrence::Last) => drop(found.drain(..found.len().saturating_sub(1))),
            None => {}
        }
        found.retain(|n| {
            let touchpoint = &touchpoints[*n];
            self.when.as_ref().is_none_or(|when| when.fits(touchpoint.at, frame))
                && fit(&self.wheres, touchpoint, frame)
        });
        if !self.then.is_empty() {
            Chains::new(&self.then, touchpoints, frame).retain_starts(&mut found);
        }
        found
    }
}

fn fit(wheres: &[PropertyCondition], touchpoint: &Touchpoint, frame: &Frame<'_>) -> bool {
    if wheres.is_empty() {
        return true;
    }
    let json = properties(touchpoint);
    wheres.iter().all(|is| is.is.fits_any(&is.path.values(touchpoint, &json), frame))
}

/// Calls `with` with each condition and each value of its property.
pub(super) fn each_value(
    wheres: &[PropertyCondition],
    touchpoint: &Touchpoint,
    mut with: impl FnMut(&ValueCondition, &Value),
) {
    if wheres.is_empty() {
        return;
    }
    let json = properties(touchpoint);
    for is in wheres {
        is.path.values(touchpoint, &json).iter().for_each(|value| with(&is.is, value));
    }
}

/// The places of the touchpoints that fit a step, by the same code as journeys.
pub(super) fn matching(step: &Step, touchpoints: &[Touchpoint], frame: &Frame<'_>) -> Vec<usize> {
    let (mut place, mut found) = (0, Vec::new());
    // Only these conditions can be about configured dimensions.
    each_kind(touchpoints, !step.wheres.is_empty(), frame, |kind| {
        found.extend(step.matches(kind).then_some(place));
        place += 1;
    });
    found
}

/// Calls `with` with the kind of each touchpoint, in order; without `configured`, the configured dimensions have no values.
pub(super) fn each_kind(
    touchpoints: &[Touchpoint],
    configured: bool,
    frame: &Frame<'_>,
    mut with: impl FnMut(&TouchpointKind<'_>),
) {
    let mut values: PropertyValues = frame.dimensions.values();
    for touchpoint in touchpoints {
        values.clear();
        if configured && let Some(json) = &touchpoint.fact.properties {
            values.read(frame.dimensions, json.get());
        }
        with(&TouchpointKind::of(touchpoint, &values.shown()));
    }
}

/// Chains of steps.
struct Chains<'a> {
    steps: &'a [ThenCondition],
    touchpoints: &'a [Touchpoint],
    frame: &'a Frame<'a>,
    /// By step, whether a touchpoint fits it, without `same`.
    fits: Vec<Vec<bool>>,
}

impl<'a> Chains<'a> {
    fn new(steps: &'a [ThenCondition], touchpoints: &'a [Touchpoint], frame: &'a Frame<'a>) -> Self {
        let of = |step: &ThenCondition| {
            let mut fits = vec![false; touchpoints.len()];
            for n in matching(&step.what, touchpoints, frame) {
                fits[n] = fit(&step.wheres, &touchpoints[n], frame);
            }
            fits
        };
        Chains { steps, touchpoints, frame, fits: steps.iter().map(of).collect() }
    }

    /// Keeps those that start a chain.
    fn retain_starts(&self, starts: &mut Vec<usize>) {
        // Starts with the same values of what must be the same have the same chains.
        let mut known: BTreeMap<Vec<BTreeSet<String>>, Vec<bool>> = BTreeMap::new();
        let paths: Vec<&PropertyPath> = self.steps.iter().flat_map(|step| &step.same).collect();
        starts.retain(|start| {
            let same = said(&paths, &self.touchpoints[*start]);
            known.entry(same).or_insert_with_key(|same| self.completed_after(same))[*start]
        });
    }

    /// By touchpoint, whether all steps can follow it. `same` has what the first touchpoint says, by path.
    fn completed_after(&self, same: &[BTreeSet<String>]) -> Vec<bool> {
        let count = self.touchpoints.len();
        let mut rest = vec![true; count];
        let mut begin = same.len();
        for (step, fits) in self.steps.iter().zip(&self.fits).rev() {
            begin -= step.same.len();
            let wanted = &same[begin..begin + step.same.len()];
            let paths: Vec<&PropertyPath> = step.same.iter().collect();
            let is_same = |n: usize| {
                paths.is_empty()
                    || said(&paths, &self.touchpoints[n]).iter().zip(wanted).all(|(a, b)| !a.is_disjoint(b))
            };
            // How many of the touchpoints before each place fit, and the rest of the chain can follow them.
            let mut before = Vec::with_capacity(count + 1);
            before.push(0_u32);
            for n in 0..count {
                let counts = fits[n] && (!step.happened || rest[n]) && is_same(n);
                before.push(before[n] + u32::from(counts));
            }
            let next = |n: usize| {
                let at = self.touchpoints[n].at.0;
                let last = step.within.map(|within| at.saturating_add(within.0));
                let end = last.map_or(count, |last| self.touchpoints.partition_point(|other| other.at.0 <= last));
                let some = before[end.max(n + 1)] > before[n + 1];
                match (step.happened, last) {
                    (true, _) => some,
                    (false, last) => !some && last.is_some_and(|last| last <= self.frame.now.0) && rest[n],
                }
            };
            rest = (0..count).map(next).collect();
        }
        rest
    }
}

/// What a touchpoint says at each path; equal values are equal texts.
fn said(paths: &[&PropertyPath], touchpoint: &Touchpoint) -> Vec<BTreeSet<String>> {
    if paths.is_empty() {
        return Vec::new();
    }
    let json = properties(touchpoint);
    let one = |value: &Value| match value {
        Value::Number(number) => Number::parse(&number.to_string()).map(|number| number.text().to_owned()),
        Value::Null => None,
        value => Some(value.to_string()),
    };
    let of = |path: &&PropertyPath| {
        let values = path.values(touchpoint, &json);
        let elements = values.iter().flat_map(|value| match value {
            Value::Array(elements) => elements.iter().collect(),
            value => vec![value],
        });
        elements.filter_map(one).collect()
    };
    paths.iter().map(of).collect()
}

impl PropertyTotal {
    /// Whether the sum over these touchpoints fits. Values that are no number do not count.
    fn fits<'t>(&self, touchpoints: impl Iterator<Item = &'t Touchpoint>) -> bool {
        self.range.has(&touchpoints.map(|touchpoint| self.of(touchpoint)).sum())
    }

    fn of(&self, touchpoint: &Touchpoint) -> Amount {
        let json = properties(touchpoint);
        if let Some(currency) = &self.currency {
            let path = PropertyPath::parse(CURRENCY);
            let own = path.map(|path| path.values(touchpoint, &json)).unwrap_or_default();
            if !own.iter().any(|own| {
                own.as_str().is_some_and(|own| own.parse().is_ok_and(|own: crate::domain::Currency| own == *currency))
            }) {
                return Amount::ZERO;
            }
        }
        let number = |value: &Value| Amount::read(Number::of(value)?.text()).ok().map(|(amount, _)| amount);
        self.path.values(touchpoint, &json).iter().filter_map(number).sum()
    }
}

/// How many touchpoints, or different days, sessions and so on, these are.
fn count(counted: CountedAs, touchpoints: &[Touchpoint], found: &[usize], frame: &Frame<'_>) -> i64 {
    let all = || found.iter().map(|n| &touchpoints[*n]);
    let days = |unit: CalendarUnit| distinct(all().filter_map(|t| unit.begin(day_of(t.at, frame.zone)?)));
    let count = match counted {
        CountedAs::Touchpoints => found.len(),
        CountedAs::Days => days(CalendarUnit::Day),
        CountedAs::Weeks => days(CalendarUnit::Week),
        CountedAs::Months => days(CalendarUnit::Month),
        CountedAs::Channels => distinct(all().map(|t| &t.fact.channel)),
        CountedAs::Devices => distinct(all().filter_map(|t| t.device.as_ref())),
        CountedAs::Orders => {
            distinct(all().filter_map(|t| t.order.as_ref().map(|order| (&order.source, &order.number))))
        }
        CountedAs::Sessions => {
            let mut sessionizer = Sessionizer::new(frame.session_gap);
            let sessions: Vec<u32> =
                touchpoints.iter().map(|t| sessionizer.next(t.at, t.fact.session_id.as_deref())).collect();
            distinct(found.iter().map(|n| sessions[*n]))
        }
    };
    count as i64
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> usize {
    all.collect::<BTreeSet<_>>().len()
}
