//! Which journeys fit a pattern of values, how often, and whose they are.
//!
//! Where a match begins is found from the end: reading a journey backwards, an automaton knows at each
//! touchpoint whether some match begins there. From the first such place another one, forwards, finds the
//! nearest end, and so on behind it. Both read each touchpoint once, whatever the pattern.

mod automaton;
mod parse;

use std::sync::Arc;

use self::automaton::{Machine, Reading};
use self::parse::Pattern;
use super::dimension::means;
use super::people::People;
use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::Scope;
use super::values::{Values, share};
use super::walk::{Asked, Journey};

/// Which journeys fit.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternMatch {
    /// How many.
    pub journeys: u64,
    /// Of all.
    pub share: f64,
    /// How often it occurs: leftmost, shortest, without overlap.
    pub occurrences: u64,
    /// Values of the pattern that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
}

/// # Errors
/// That the pattern or the scope cannot be, that it was cancelled or took too long.
pub fn matches(projection: &Projection, scope: &Scope, pattern: &str, run: &Run) -> Result<PatternMatch, Fault> {
    let asked = Asked::new(projection, scope)?;
    let finder = Finder::new(projection, scope, pattern)?;
    let new = || (finder.reading(), [0_u64; 3]);
    let states = asked.walk(run, new, |(reading, counts), journey| {
        let (fits, occurrences) = finder.find(journey, reading, true);
        counts[0] += 1;
        counts[1] += u64::from(fits);
        counts[2] += occurrences;
    })?;
    let sum = |n: usize| states.iter().map(|(_, counts)| counts[n]).sum();
    let (all, journeys): (u64, u64) = (sum(0), sum(1));
    let unknown_values = finder.unknown;
    Ok(PatternMatch { journeys, share: share(journeys, all), occurrences: sum(2), unknown_values })
}

/// The customers with a journey that fits.
///
/// # Errors
/// As [`matches()`].
pub fn match_people(projection: &Projection, scope: &Scope, pattern: &str, run: &Run) -> Result<People, Fault> {
    let asked = Asked::new(projection, scope)?;
    let finder = Finder::new(projection, scope, pattern)?;
    let new = || (finder.reading(), Vec::new());
    let states = asked.walk(run, new, |(reading, people): &mut (Reading, Vec<u32>), journey| {
        if people.last() != Some(&journey.customer) && finder.find(journey, reading, false).0 {
            people.push(journey.customer);
        }
    })?;
    Ok(People::of(projection, states.into_iter().flat_map(|(_, people)| people)))
}

/// # Errors
/// That the text is no pattern: where, and what was expected there.
pub fn check_pattern(text: &str) -> Result<(), Fault> {
    parse::parse(text).map(|_| ())
}

/// The values that a pattern names; none when it is no pattern.
pub(super) fn pattern_names(text: &str) -> Vec<Arc<str>> {
    parse::parse(text).map(|pattern| pattern.names).unwrap_or_default()
}

/// A pattern made ready for one dimension.
struct Finder {
    machine: Machine,
    /// Each kind of touchpoint's class, by code: values that no part of the pattern tells apart are one.
    class_of: Vec<u16>,
    begin: bool,
    end: bool,
    empty: bool,
    unknown: Vec<Arc<str>>,
}

impl Finder {
    fn new(projection: &Projection, scope: &Scope, text: &str) -> Result<Self, Fault> {
        let pattern = parse::parse(text)?;
        let values = Values::new(&projection.dictionary.kinds, scope.dimension);
        let Pattern { begin, end, names, body } = &pattern;
        // A class is a set of names of the pattern that mean the same values.
        let mut classes: Vec<Vec<u16>> = vec![Vec::new()];
        let mut known = vec![false; names.len()];
        let class_of_value: Vec<u16> = values
            .stored
            .iter()
            .map(|value| {
                let meant = (0..).zip(names).filter(|(_, name)| means(name, value.as_deref()));
                let meant: Vec<u16> = meant.map(|(n, _)| n).collect();
                meant.iter().for_each(|n| known[usize::from(*n)] = true);
                let found = classes.iter().position(|class| *class == meant);
                found.unwrap_or_else(|| {
                    classes.push(meant);
                    classes.len() - 1
                }) as u16
            })
            .collect();
        let mut unknown: Vec<Arc<str>> =
            names.iter().zip(known).filter(|(_, known)| !known).map(|(name, _)| name.clone()).collect();
        unknown.sort();
        let machine = Machine::new(body, &classes, *begin, *end)?;
        let empty = machine.empty() && !(*begin && *end);
        let class_of = values.of.iter().map(|value| class_of_value[*value as usize]).collect();
        Ok(Finder { machine, class_of, begin: *begin, end: *end, empty, unknown })
    }

    fn reading(&self) -> Reading {
        self.machine.reading()
    }

    /// Whether a journey fits, and how often when that is `wanted`.
    fn find(&self, journey: &Journey<'_>, reading: &mut Reading, wanted: bool) -> (bool, u64) {
        if self.empty && !wanted {
            return (true, 0);
        }
        let classes = || journey.kind.iter().map(|kind| self.class_of[*kind as usize]);
        let any = self.machine.begins(classes(), reading, !self.begin && !self.end && wanted);
        let occurrences = match (any, self.begin || self.end) {
            (false, _) => 0,
            // Held at an end it can only occur once.
            (true, true) => 1,
            (true, false) if !wanted => 1,
            (true, false) => self.machine.count(classes(), reading),
        };
        (any || self.empty, occurrences)
    }
}
