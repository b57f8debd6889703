//! Patterns: which journeys match a pattern of values, how often, and which customers have these journeys.
//!
//! One automaton reads a journey backwards: at each touchpoint it knows whether a match begins there. From the first
//! such touchpoint another automaton reads forwards to the nearest end of a match, and continues after it. Both read each
//! touchpoint once, for every pattern.

mod automaton;
mod parse;

use std::sync::Arc;

use self::automaton::{Automata, Buffers};
use self::parse::Pattern;
use super::customer_set::CustomerSet;
use super::dimension::value_matches;
use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scan::{Journey, JourneyScan};
use super::scope::Scope;
use super::values::{DimensionValues, share};

/// The matches of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternMatch {
    /// The number of journeys that match.
    pub journeys: u64,
    /// Their share of all journeys.
    pub share: f64,
    /// The number of matches: leftmost, shortest, without overlap.
    pub occurrences: u64,
    /// Values of the pattern that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
}

/// # Errors
/// The pattern or the scope is invalid; the run was cancelled or too slow.
pub fn matches(projection: &Projection, scope: &Scope, pattern: &str, run: &Run) -> Result<PatternMatch, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?;
    let matcher = Matcher::new(projection, scope, pattern)?;
    // All journeys, journeys that match, and matches.
    let new = || (matcher.buffers(), [0_u64; 3]);
    let states = scan.for_each_journey(run, new, |(buffers, counts), journey| {
        let (matched, occurrences) = matcher.find(journey, buffers, true);
        counts[0] += 1;
        counts[1] += u64::from(matched);
        counts[2] += occurrences;
    })?;
    let sum = |n: usize| states.iter().map(|(_, counts)| counts[n]).sum();
    let (all, journeys): (u64, u64) = (sum(0), sum(1));
    let unknown_values = matcher.unknown;
    Ok(PatternMatch { journeys, share: share(journeys, all), occurrences: sum(2), unknown_values })
}

/// The customers with a journey that matches.
///
/// # Errors
/// As [`matches()`].
pub fn match_customers(
    projection: &Projection,
    scope: &Scope,
    pattern: &str,
    run: &Run,
) -> Result<CustomerSet, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?;
    let matcher = Matcher::new(projection, scope, pattern)?;
    let new = || (matcher.buffers(), Vec::new());
    let states = scan.for_each_journey(run, new, |(buffers, customers): &mut (Buffers, Vec<u32>), journey| {
        if customers.last() != Some(&journey.customer) && matcher.find(journey, buffers, false).0 {
            customers.push(journey.customer);
        }
    })?;
    Ok(CustomerSet::of(projection, states.into_iter().flat_map(|(_, customers)| customers)))
}

/// # Errors
/// The text is not a pattern. The error says where, and what was expected there.
pub fn check_pattern(text: &str) -> Result<(), JourneyError> {
    parse::parse(text).map(|_| ())
}

/// The values that a pattern names; empty when the text is not a pattern.
pub(super) fn pattern_names(text: &str) -> Vec<Arc<str>> {
    parse::parse(text).map(|pattern| pattern.names).unwrap_or_default()
}

/// A pattern that is prepared for the values of one projection and one dimension.
struct Matcher {
    prepared: Prepared,
    /// By the code of a kind, its class: values that the pattern does not distinguish are one class.
    class_of: Vec<u16>,
    unknown: Vec<Arc<str>>,
}

/// A pattern for any values, one journey at a time.
pub struct ValuePattern {
    prepared: Prepared,
    names: Vec<Arc<str>>,
    classes: Vec<Vec<u16>>,
}

/// A pattern with its automata.
struct Prepared {
    automata: Automata,
    begin: bool,
    end: bool,
    /// Whether every journey matches, since the pattern matches an empty sequence.
    empty: bool,
}

/// The names of a pattern that match a value.
fn meant(names: &[Arc<str>], value: Option<&str>) -> Vec<u16> {
    (0..).zip(names).filter(|(_, name)| value_matches(name, value)).map(|(n, _)| n).collect()
}

/// The place of a class, which is added when it is new.
fn place_of(classes: &mut Vec<Vec<u16>>, class: Vec<u16>) -> u16 {
    let found = classes.iter().position(|other| *other == class);
    found.unwrap_or_else(|| {
        classes.push(class);
        classes.len() - 1
    }) as u16
}

impl Matcher {
    fn new(projection: &Projection, scope: &Scope, text: &str) -> Result<Self, JourneyError> {
        let pattern = parse::parse(text)?;
        let values = DimensionValues::new(&projection.dictionary.kinds, scope.dimension);
        // A class is a set of names in the pattern: those that match a value.
        let mut classes: Vec<Vec<u16>> = vec![Vec::new()];
        let mut known = vec![false; pattern.names.len()];
        let class_of_value: Vec<u16> = values
            .stored
            .iter()
            .map(|value| {
                let meant = meant(&pattern.names, value.as_deref());
                meant.iter().for_each(|n| known[usize::from(*n)] = true);
                place_of(&mut classes, meant)
            })
            .collect();
        let mut unknown: Vec<Arc<str>> =
            pattern.names.iter().zip(known).filter(|(_, known)| !known).map(|(name, _)| name.clone()).collect();
        unknown.sort();
        let class_of = values.of.iter().map(|value| class_of_value[*value as usize]).collect();
        Ok(Matcher { prepared: Prepared::new(&pattern, &classes)?, class_of, unknown })
    }

    fn buffers(&self) -> Buffers {
        self.prepared.automata.buffers()
    }

    /// Whether a journey matches; with `counted`, also the number of matches.
    fn find(&self, journey: &Journey<'_>, buffers: &mut Buffers, counted: bool) -> (bool, u64) {
        self.prepared.find(|| journey.kind.iter().map(|kind| self.class_of[*kind as usize]), buffers, counted)
    }
}

impl ValuePattern {
    /// # Errors
    /// The text is not a pattern, or too long. The error says where, and what was expected there.
    pub fn new(text: &str) -> Result<Self, JourneyError> {
        let pattern = parse::parse(text)?;
        let mut classes: Vec<Vec<u16>> = vec![Vec::new()];
        // No other value matches a name: a name means itself, itself without a `\`, or that there is no value.
        let values = pattern.names.iter().flat_map(|name| [Some(&**name), name.strip_prefix('\\')]);
        for value in values.chain([None]) {
            place_of(&mut classes, meant(&pattern.names, value));
        }
        Ok(ValuePattern { prepared: Prepared::new(&pattern, &classes)?, names: pattern.names, classes })
    }

    /// The class of a value, for [`matches`](Self::matches).
    pub fn class(&self, value: Option<&str>) -> u16 {
        let meant = meant(&self.names, value);
        self.classes.iter().position(|class| *class == meant).unwrap_or_default() as u16
    }

    /// Whether a journey of these classes matches.
    pub fn matches(&self, classes: &[u16]) -> bool {
        self.prepared.find(|| classes.iter().copied(), &mut self.prepared.automata.buffers(), false).0
    }
}

impl Prepared {
    fn new(pattern: &Pattern, classes: &[Vec<u16>]) -> Result<Self, JourneyError> {
        let Pattern { begin, end, body, .. } = pattern;
        let automata = Automata::new(body, classes, *begin, *end)?;
        let empty = automata.empty() && !(*begin && *end);
        Ok(Prepared { automata, begin: *begin, end: *end, empty })
    }

    /// Whether a journey of these classes matches; with `counted`, also the number of matches.
    #[inline]
    fn find<I: DoubleEndedIterator<Item = u16> + ExactSizeIterator>(
        &self,
        classes: impl Fn() -> I,
        buffers: &mut Buffers,
        counted: bool,
    ) -> (bool, u64) {
        if self.empty && !counted {
            return (true, 0);
        }
        let any = self.automata.begins(classes(), buffers, !self.begin && !self.end && counted);
        let occurrences = match (any, self.begin || self.end) {
            (false, _) => 0,
            // A pattern that is anchored at one end can match only once.
            (true, true) => 1,
            (true, false) if !counted => 1,
            (true, false) => self.automata.count(classes(), buffers),
        };
        (any || self.empty, occurrences)
    }
}
