//! Step 5 of identity resolution, second half: the touchpoints of a shared device are cut into visits, and each visit
//! is assigned to a customer.
//!
//! The *stream* of a device has all touchpoints with its device identifier, in order of time, with or without a
//! signed-in person. A visit is the touchpoints with the same source and sessionId; touchpoints without sessionId are
//! cut where the gap is longer than the rules' `session_gap`. A visit longer than a day is cut at midnight UTC. So a
//! late touchpoint changes only the visits around it, and the cuts do not depend on the order of arrival.
//!
//! A visit is assigned to the customer that was signed in during the visit. With no such customer, or with several, the
//! visit stays with the device.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, Duration, IdentifierId, IdentifierKey, Timestamp};

/// The maximum length of a visit, and the maximum gap between two touchpoints of one session.
pub const LONGEST: i64 = 86_400_000;

/// The distance at which a change can still move a cut of a long chain: a visit of a day, a day away. What is farther
/// away was cut at midnights before.
const TOUCHED: i64 = 2 * LONGEST;

/// An inbound touchpoint of a device's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its arrival.
    pub arrival: Arrival,
    /// When it happened.
    pub at: Timestamp,
    /// Its owner.
    pub owner: IdentifierId,
    /// The change since which it has this owner. When the owner never changed, the touchpoint's own change.
    pub since: i64,
    /// Whether no person was signed in, with any present owner. Otherwise its owner was signed in.
    pub alone: bool,
    /// Its source.
    pub source: Arc<str>,
    /// The session id of the sender.
    pub session: Option<Arc<str>>,
}

/// A contiguous part of a stream, in order of time and arrival.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Its touchpoints.
    pub seen: Vec<Seen>,
    /// Whether the stream may have more before it.
    pub before: bool,
    /// Whether the stream may have more after it.
    pub after: bool,
}

/// Visits, or the parts of the stream to read first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The visits, each as the indexes of its touchpoints in the window.
    Visits(Vec<Vec<usize>>),
    /// More of the stream must be read, at one end or at both.
    Needs {
        /// Before the window.
        before: bool,
        /// After it.
        after: bool,
    },
}

/// A range of time of a device, both ends included, whose visits must be assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pending {
    /// The device.
    pub device: IdentifierId,
    /// The first moment.
    pub from: Timestamp,
    /// The last.
    pub to: Timestamp,
}

impl Pending {
    /// The whole stream of a device.
    pub fn whole(device: IdentifierId) -> Self {
        Pending { device, from: Timestamp::MIN, to: Timestamp::MAX }
    }

    /// Ranges that contain these times. Times less than a day apart share one range, since the assignment of a range
    /// reads the day around it.
    pub fn around(device: IdentifierId, mut moments: Vec<Timestamp>) -> Vec<Self> {
        moments.sort_unstable();
        let mut ranges: Vec<Self> = Vec::new();
        for at in moments {
            match ranges.last_mut() {
                Some(range) if at.0 - range.to.0 <= LONGEST => range.to = at,
                _ => ranges.push(Pending { device, from: at, to: at }),
            }
        }
        ranges
    }

    /// The rest of the range after `to`; `None` when nothing is left.
    pub fn behind(self, to: Timestamp) -> Option<Self> {
        (to < self.to).then(|| Pending { from: Timestamp(to.0 + 1), ..self })
    }
}

/// The time up to which `range` can be assigned with a page of the stream that was read from its beginning. `full` says
/// that there may be more after the page.
pub fn reach(page: &[Seen], full: bool, range: &Pending) -> Timestamp {
    match page {
        [first, .., last] if full && last.at <= range.to => Timestamp(first.at.0.max(last.at.0 - 1)),
        _ => range.to,
    }
}

/// The visits that a change between `from` and `to` affects: visits with a touchpoint there, and visits of the same
/// chain whose cuts the change moves.
pub fn cut(window: &Window, from: Timestamp, to: Timestamp, session_gap: Duration) -> Cut {
    let (first, last) = match (window.seen.first(), window.seen.last()) {
        (Some(first), Some(last)) => (first.at, last.at),
        _ if window.before || window.after => return Cut::Needs { before: window.before, after: window.after },
        _ => return Cut::Visits(Vec::new()),
    };
    let mut needs = (window.before && first >= from, window.after && last <= to);
    let mut visits = Vec::new();
    for (gap, chain) in chains(&window.seen, session_gap) {
        let at = |place: usize| window.seen[place].at.0;
        let inside: Vec<usize> = chain.iter().copied().filter(|&n| (from.0..=to.0).contains(&at(n))).collect();
        let (Some(&head), Some(&tail)) = (inside.first(), inside.last()) else { continue };
        let (begin, end) = (chain[0], chain[chain.len() - 1]);
        let span = |part: &[usize]| part.first().zip(part.last()).map_or(0, |(&a, &b)| at(b) - at(a));
        let split = |place| chain.partition_point(|&n| n < place);
        let goes_far = |part: &[usize]| span(part) > TOUCHED + LONGEST;
        let (from_afar, to_afar) = (goes_far(&chain[..split(head)]), goes_far(&chain[split(tail + 1)..]));
        let begins_here = !window.before || at(begin) - first.0 > gap;
        let ends_here = !window.after || last.0 - at(end) > gap;
        needs.0 |= !begins_here && !from_afar;
        needs.1 |= !ends_here && !to_afar;
        if begins_here && ends_here && span(&chain) <= LONGEST {
            visits.push(chain);
            continue;
        }
        let first_day = day(if from_afar { at(head) - TOUCHED } else { at(begin) });
        let days = first_day..=day(if to_afar { at(tail) + TOUCHED } else { at(end) });
        let mut by_day: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for place in chain {
            if days.contains(&day(at(place))) {
                by_day.entry(day(at(place))).or_default().push(place);
            }
        }
        visits.extend(by_day.into_values());
    }
    match needs {
        (false, false) => Cut::Visits(visits),
        (before, after) => Cut::Needs { before, after },
    }
}

/// The chains of a stream: visits before the cut of those longer than a day. Each has its indexes and the gap that ends
/// it.
fn chains(seen: &[Seen], session_gap: Duration) -> Vec<(i64, Vec<usize>)> {
    let mut last: FxHashMap<Option<(&str, &str)>, usize> = FxHashMap::default();
    let mut chains: Vec<(i64, Vec<usize>)> = Vec::new();
    for (place, one) in seen.iter().enumerate() {
        let session = one.session.as_deref().map(|session| (&*one.source, session));
        let gap = if session.is_some() { LONGEST } else { session_gap.as_millis().min(LONGEST) };
        let new = chains.len();
        let chain = last.entry(session).or_insert(new);
        let goes_on = chains.get(*chain).and_then(|(_, places)| places.last()).is_some_and(|&before| {
            let distance = one.at.0 - seen[before].at.0;
            distance <= gap
        });
        if goes_on {
            chains[*chain].1.push(place);
        } else {
            *chain = new;
            chains.push((gap, vec![place]));
        }
    }
    chains
}

fn day(at: i64) -> i64 {
    at.div_euclid(LONGEST)
}

/// An identifier that can be signed in: its customer and its strength.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The customer, by its creation.
    pub customer: Arrival,
    /// The position of its kind in the rules, strongest first, and the value, which decides within a kind.
    pub strength: (usize, Arc<str>),
}

impl SignedIn {
    /// For an identifier of a kind that does not live on devices.
    pub fn of(rules: &IdentityRules, key: &IdentifierKey, customer: Arrival) -> Option<Self> {
        let (rank, kind) = rules.kind(&key.kind)?;
        (!kind.device).then(|| SignedIn { customer, strength: (rank, key.value.clone()) })
    }
}

/// The new owner of a visit's touchpoints: the strongest signed-in identifier, when all signed-in identifiers have the
/// same customer. `None` when there is no signed-in identifier, or they have several customers. `people` are owners
/// that have a customer and are not device identifiers.
pub fn whose<'s>(
    visit: impl IntoIterator<Item = &'s Seen>,
    people: &FxHashMap<IdentifierId, SignedIn>,
) -> Option<IdentifierId> {
    let mut found: Option<(&SignedIn, IdentifierId)> = None;
    for seen in visit.into_iter().filter(|seen| !seen.alone) {
        let Some(person) = people.get(&seen.owner) else { continue };
        match found {
            Some((other, _)) if other.customer != person.customer => return None,
            Some((other, _)) if other.strength <= person.strength => {}
            _ => found = Some((person, seen.owner)),
        }
    }
    found.map(|(_, identifier)| identifier)
}

/// The visits that a change [affects](cut) and that have touchpoints without a signed-in person. A device that is no
/// longer shared has no gap: all such touchpoints are one visit without a signed-in person, so they go back to the
/// device.
pub fn in_question(window: &Window, from: Timestamp, to: Timestamp, session_gap: Option<Duration>) -> Cut {
    let Some(session_gap) = session_gap else {
        let goes_on = window.after && window.seen.last().is_none_or(|last| last.at <= to);
        let inside = (0..window.seen.len()).filter(|&place| (from..=to).contains(&window.seen[place].at));
        let alone = inside.filter(|&place| window.seen[place].alone);
        return if goes_on { Cut::Needs { before: false, after: true } } else { Cut::Visits(vec![alone.collect()]) };
    };
    match cut(window, from, to, session_gap) {
        Cut::Visits(mut visits) => {
            visits.retain(|visit| visit.iter().any(|&place| window.seen[place].alone));
            Cut::Visits(visits)
        }
        needs => needs,
    }
}

/// The identifiers that were signed in during these visits.
pub fn signed_in(window: &Window, visits: &[Vec<usize>]) -> FxHashSet<IdentifierId> {
    let seen = visits.iter().flatten().map(|&place| &window.seen[place]);
    seen.filter(|seen| !seen.alone).map(|seen| seen.owner).collect()
}

/// The touchpoints of the visits with a new owner: indexes in the window, each with the new owner.
pub fn changes(
    window: &Window,
    visits: &[Vec<usize>],
    device: IdentifierId,
    people: &FxHashMap<IdentifierId, SignedIn>,
) -> Vec<(usize, IdentifierId)> {
    let mut changes = Vec::new();
    for visit in visits {
        let to = whose(visit.iter().map(|&place| &window.seen[place]), people).unwrap_or(device);
        let moves = visit.iter().copied().filter(|&place| window.seen[place].alone && window.seen[place].owner != to);
        changes.extend(moves.map(|place| (place, to)));
    }
    changes
}

#[cfg(test)]
mod tests;
