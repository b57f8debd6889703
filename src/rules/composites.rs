//! Composites of traits that are stored: what the events before a change of rules would have had of them.
//!
//! Events are not kept; what identify events said in `traits` is, as claims. A claim says who owns it, who sent
//! it, how it was come by, in which change it came and when it was said first and last, so the claims of one
//! event are those that agree in all of these. Whatever has all parts gives a composite, which was seen with the
//! owner: evidence that is put behind all other evidence, in the order in which its claims arrived.
//!
//! An owner can be a composite itself, made of the parts of before, which binds nobody. Then those stand for it
//! whom the evidence of that moment has with it, or whom alone it was ever seen with.
//!
//! What cannot be told any more, and gives nothing:
//! * which of several values of a part went with which, when one source said them of one owner in one change at
//!   one and the same time;
//! * who stood behind a composite of before, when it owns what was said again by one of several, or what several
//!   said in one change at one and the same time.
//!
//! Two events of one owner and source, in one change and of one time, count as one; and so does one of the
//! earliest time that comes when a later one was said.
//!
//! Of several events with one strongest identifier the first says who else was there, and that has the times of all:
//! it matters only where the owner is a composite of before, which can be seen with several.
//!
//! What an event had beside its strongest identifier is not needed: that was bound to it by the event itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::value::RawValue;

use crate::domain::claim::{Claim, Provenance};
use crate::domain::fact::{Derived, Fact, FactIdentifier, Refused};
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, IdentifierKey, Timestamp};
use crate::ingest::identifiers::Identifiers;
use crate::ingest::json::within;
use crate::settings::{Blocked, EventPath, IdentitySettings, KindSettings};
use crate::stitching::known::Evidence;
use crate::stitching::restitch::{NEVER, Restitch};

/// Composites whose parts came into force in versions of the rules that are not taken in yet.
#[derive(Debug)]
pub(super) struct Due {
    reader: Identifiers,
    kinds: Vec<KindSettings>,
    blocked: Vec<Blocked>,
}

/// Evidence that is made of claims: a composite that an event would have had. There may be a million.
#[derive(Debug)]
pub struct Derivation {
    key: IdentifierKey,
    /// Its kind's place among those that are due.
    kind: usize,
    /// Who claimed its parts.
    owner: IdentifierId,
    /// Whom it was seen with, the strongest first.
    pub with: Vec<IdentifierId>,
    /// The latest of its claims.
    arrival: Arrival,
    at: Timestamp,
    source: Arc<str>,
    /// The message of its event, when it was kept.
    said: Option<Arc<str>>,
    /// Whether that message said all parts; else several did, of one time and in one change.
    by_one: bool,
    /// The first and the last time of all events that gave it, seen with the same, and how many those are.
    times: (Timestamp, Timestamp),
    count: i64,
    /// Who is refused, of those and of the composite, which has no id here; with the rule and why.
    refused: Vec<(Option<IdentifierId>, Arc<str>, Arc<str>)>,
}

impl Due {
    /// What is due when all agrees with the version `applied`; `None` when nothing is.
    pub(super) fn of(settings: &IdentitySettings, applied: i64) -> Option<Self> {
        let due = settings.kinds.iter().filter(|kind| kind.parts_since > applied);
        let kinds: Vec<KindSettings> = due.cloned().collect();
        let blocked = settings.blocked.clone();
        (!kinds.is_empty()).then(|| Due { reader: Identifiers::new(settings), kinds, blocked })
    }

    /// The traits that it takes.
    pub(super) fn traits(&self) -> Vec<Arc<str>> {
        let mut traits: Vec<Arc<str>> = self.kinds.iter().flat_map(trait_names).map(Arc::from).collect();
        traits.sort_unstable();
        traits.dedup();
        traits
    }

    /// What the claims of one owner give; whom it was seen with is not known yet.
    fn made_of(&self, claims: &[Claim]) -> Vec<Derivation> {
        let mut events: BTreeMap<(i64, &str, Provenance, Timestamp), Event<'_>> = BTreeMap::new();
        for claim in claims {
            let mut said = |at, message| {
                let event = events.entry((claim.arrival.seq(), &claim.source, claim.provenance, at)).or_default();
                event.push((claim, message));
            };
            said(claim.at, claim.message_id.as_ref());
            if claim.first_at != claim.at {
                said(claim.first_at, claim.first_message());
            }
        }
        let mut all = Vec::new();
        for ((.., at), event) in &events {
            for (n, kind) in self.kinds.iter().enumerate() {
                let Ok(Some(key)) = self.reader.composite(kind, |path| value_at(event, path)) else { continue };
                if kind.is_blocked(&self.blocked, &key.value) {
                    continue;
                }
                let is_part = |claim: &Claim| trait_names(kind).any(|name| *claim.name == *name);
                let of_parts = || event.iter().filter(|(claim, _)| is_part(claim));
                let Some((last, said)) = of_parts().max_by_key(|(claim, _)| claim.arrival) else { continue };
                let by_one = of_parts().all(|(_, message)| message == said);
                let (owner, arrival, source) = (last.owner, last.arrival, last.source.clone());
                let (with, refused) = (Vec::new(), Vec::new());
                let (said, times) = (said.cloned(), (*at, *at));
                all.push(Derivation {
                    key,
                    kind: n,
                    owner,
                    with,
                    arrival,
                    at: *at,
                    source,
                    said,
                    by_one,
                    times,
                    count: 1,
                    refused,
                });
            }
        }
        all
    }
}

/// What one event said of an owner, with the message of each, when it was kept.
type Event<'c> = Vec<(&'c Claim, Option<&'c Arc<str>>)>;

fn trait_names(kind: &KindSettings) -> impl Iterator<Item = &str> {
    kind.parts.iter().filter_map(|path| path.steps.first()).map(|name| &**name)
}

/// What stands at a path; nothing when several values do.
fn value_at<'c>(event: &Event<'c>, path: &EventPath) -> Option<&'c RawValue> {
    let (name, steps) = path.steps.split_first()?;
    let claims = event.iter().filter(|(claim, _)| *claim.name == **name && !claim.is_none());
    let mut values = claims.filter_map(|(claim, _)| within(&claim.value, steps));
    let first = values.next()?;
    values.all(|other| other.get() == first.get()).then_some(first)
}

/// What a replay gathers as it reads, to make of it what is due.
pub(super) struct Deriving {
    due: Due,
    /// Identifiers of the kinds that are due.
    stored: FxHashMap<IdentifierKey, IdentifierId>,
    ids: FxHashSet<IdentifierId>,
    /// Of composites that bind nobody and own what an event said: whom they were seen with, by change and time;
    /// `None` when several events say so.
    seen_with: FxHashMap<(IdentifierId, i64, Timestamp), Option<Vec<IdentifierId>>>,
    /// Of those: the one that always was the next; `None` when there was another, or nobody.
    next_to: FxHashMap<IdentifierId, Option<IdentifierId>>,
    /// Composites that are due, with whom they were seen under the rules that make them.
    there: FxHashSet<(IdentifierId, IdentifierId)>,
    made: Vec<Derivation>,
}

/// Whether what an event said hangs on it: whoever is before it can only be shared, as devices are.
fn owns(restitch: &Restitch<'_>, id: IdentifierId, seen: &Evidence) -> bool {
    seen.identifiers.iter().take_while(|other| **other != id).all(|other| restitch.is_device(*other))
}

/// Ids and places behind any that a store gives out.
const UNSTORED: i64 = 1 << 62;

impl Deriving {
    pub(super) fn new(due: Due) -> Self {
        Deriving {
            due,
            stored: FxHashMap::default(),
            ids: FxHashSet::default(),
            seen_with: FxHashMap::default(),
            next_to: FxHashMap::default(),
            there: FxHashSet::default(),
            made: Vec::new(),
        }
    }

    /// Takes in an identifier that is stored.
    pub(super) fn add(&mut self, id: IdentifierId, key: IdentifierKey) {
        if self.due.kinds.iter().any(|kind| kind.name == key.kind) {
            self.ids.insert(id);
            self.stored.insert(key, id);
        }
    }

    /// Takes in evidence, and when it was seen.
    pub(super) fn see(&mut self, restitch: &Restitch<'_>, seen: &Evidence, at: Timestamp) {
        for &id in &seen.identifiers {
            let counts_from = restitch.counts_from(id);
            if counts_from <= seen.rules_version {
                if self.ids.contains(&id) {
                    self.there.extend(seen.identifiers.iter().map(|&other| (id, other)));
                }
            } else if counts_from != NEVER && owns(restitch, id, seen) {
                let counts = |other: &&IdentifierId| restitch.counts_from(**other) <= seen.rules_version;
                let with: Vec<IdentifierId> = seen.identifiers.iter().filter(counts).copied().collect();
                let next = with.first().copied();
                let always = self.next_to.entry(id).or_insert(next);
                *always = always.filter(|before| Some(*before) == next);
                let event = self.seen_with.entry((id, seen.arrival.seq(), at)).or_insert_with(|| Some(with.clone()));
                *event = event.take().filter(|before| *before == with);
            }
        }
    }

    /// Takes in claims, all of their owners. All evidence was taken in before.
    pub(super) fn claim(&mut self, restitch: &Restitch<'_>, claims: &[Claim]) {
        for of_owner in claims.chunk_by(|one, next| one.owner == next.owner) {
            let mut made = self.due.made_of(of_owner);
            made.sort_by_key(|made| (made.arrival, made.at, made.kind));
            // What is said again and again is kept once, with how often that was: the row after one that was
            // replaced tells its times and messages again. Of a time with no one message the first counts.
            let mut kept: FxHashMap<(IdentifierKey, IdentifierId), usize> = FxHashMap::default();
            let mut told: FxHashSet<(usize, Timestamp, Option<Arc<str>>)> = FxHashSet::default();
            for mut made in made {
                let Some(with) = self.seen_by(restitch, &made) else { continue };
                let Some(&strongest) = with.first() else { continue };
                let is_of_it = self.stored.get(&made.key).is_some_and(|id| with.contains(id));
                if is_of_it {
                    continue;
                }
                let place = *kept.entry((made.key.clone(), strongest)).or_insert(self.made.len());
                let first = told.insert((place, made.at, None));
                let message = made.said.clone().filter(|_| made.by_one);
                let fresh = message.map_or(first, |message| told.insert((place, made.at, Some(message))));
                match self.made.get_mut(place) {
                    Some(before) if fresh => before.say_again(&made),
                    Some(_) => {}
                    None => {
                        made.with = with;
                        self.made.push(made);
                    }
                }
            }
        }
    }

    /// Whom it was seen with: of its event all that count. `None` when that cannot be told.
    fn seen_by(&self, restitch: &Restitch<'_>, made: &Derivation) -> Option<Vec<IdentifierId>> {
        let owner = made.owner;
        match restitch.counts_from(owner) {
            0 => return Some(vec![owner]),
            NEVER => return None,
            _ => {}
        }
        match self.seen_with.get(&(owner, made.arrival.seq(), made.at)) {
            Some(event) => event.clone(),
            // Its parts are those of before these rules, and it was seen since.
            None if !self.ids.contains(&owner) && restitch.is_told(owner) => Some(vec![owner]),
            None => self.next_to.get(&owner).copied().flatten().map(|always| vec![always]),
        }
    }

    /// Puts what was made behind all that was seen, but for what is there already. Answers what was put there.
    pub(super) fn finish(self, restitch: &mut Restitch<'_>) -> Vec<Derivation> {
        let Deriving { mut stored, there, mut made, .. } = self;
        made.sort_unstable_by(|a, b| (a.arrival, a.at, a.kind, &a.with).cmp(&(b.arrival, b.at, b.kind, &b.with)));
        let mut told: FxHashSet<(IdentifierId, IdentifierId)> = FxHashSet::default();
        let (mut unstored, mut places) = (UNSTORED, UNSTORED);
        made.retain_mut(|Derivation { key, with, refused, .. }| {
            let composite = *stored.entry(key.clone()).or_insert_with(|| {
                let id = Arrival(unstored);
                unstored += 1;
                restitch.add_unstored(id, &key.kind);
                id
            });
            // Of several events with the same strongest identifier the first is enough.
            if there.contains(&(composite, with[0])) || !told.insert((composite, with[0])) {
                return false;
            }
            let identifiers = with.iter().copied().chain([composite]).collect();
            let seen = Evidence { arrival: Arrival(places), identifiers, rules_version: NEVER - 1 };
            places += 1;
            let who = restitch.see_refused(&seen).into_iter();
            *refused = who.map(|(id, why)| ((id != composite).then_some(id), why.rule, why.reason)).collect();
            true
        });
        made
    }
}

impl Derivation {
    /// Takes in that the same was said at another time.
    fn say_again(&mut self, other: &Derivation) {
        self.times = (self.times.0.min(other.times.0), self.times.1.max(other.times.1));
        self.count += other.count;
    }

    /// As a fact that a store takes. `key_of` answers the keys of identifiers; `None` when one is not there.
    pub fn fact(&self, rules: &IdentityRules, key_of: impl Fn(IdentifierId) -> Option<IdentifierKey>) -> Option<Fact> {
        let Derivation { key, owner, with, arrival, at, .. } = self;
        let rank = |kind: &str| rules.kind(kind).map(|(rank, _)| rank);
        let since = rules.kind(&key.kind)?.1.parts_since;
        let mut identifiers = Vec::with_capacity(with.len() + 1);
        for key in with.iter().map(|id| key_of(*id)).chain([Some(key.clone())]) {
            let key = key?;
            identifiers.push(FactIdentifier { listed: rank(&key.kind).is_some(), key });
        }
        identifiers.sort_by_key(|one| rank(&one.key.kind).unwrap_or(usize::MAX));
        let refused = self.refused.iter().filter_map(|(id, rule, reason)| {
            let key = id.map_or_else(|| Some(key.clone()), &key_of)?;
            Some(Refused { key, rule: rule.clone(), reason: reason.clone() })
        });
        let (said, (first_at, last_at), count) = (self.said.clone(), self.times, self.count);
        let derived = Some(Derived { said, first_at, last_at, count, refused: refused.collect() });
        // The same in every replay, and of nothing else.
        let message_id = format!("rules/{since}/{}/{}/{}/{}/{}", key.kind, owner.0, arrival.0, at.0, with[0].0);
        Some(Fact { derived, ..Fact::naming(message_id, self.source.clone(), *at, identifiers) })
    }
}
