//! Composites of stored traits: the composites that the events before a change of rules would have had.
//!
//! Events are not kept, but the `traits` of identify events are, as claims. A claim has its owner, source, provenance,
//! change and its first and last time, so the claims of one event are those that agree in all of these. When these
//! claims have all parts, they give a composite that was seen with the owner. This derived evidence comes after all
//! other evidence, in the order in which its claims arrived.
//!
//! An owner can itself be a composite of older parts, which joins no customers. Then it is replaced by the identifiers
//! next to it in the evidence of that time, or by the only identifier it was ever seen with.
//!
//! Some cases are ambiguous and give nothing:
//! * several values of a part, when one source claimed them of one owner in one change at the same time;
//! * the identifiers for an older composite, when one of several events repeated its claim, or several events made the
//!   claim in one change at the same time.
//!
//! Two events of one owner and source, in one change and at one time, count as one; so does an event of the earliest time
//! that arrives after a later one.
//!
//! Of several events with the same strongest identifier, the first gives the other identifiers, and all give the times.
//! This matters only for an older composite as owner, which can be seen with several.
//!
//! The weaker identifiers of an event are not needed: the event itself joined them to the strongest one.

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
use crate::settings::{EventPath, IdentitySettings, KindSettings};
use crate::stitching::known::Evidence;
use crate::stitching::restitch::{NEVER, Restitch};

/// Composites with parts from a version of the rules that is not applied yet.
#[derive(Debug)]
pub(super) struct Due {
    reader: Identifiers,
    kinds: Vec<KindSettings>,
}

/// Derived evidence: a composite that an event would have had. There may be a million.
#[derive(Debug)]
pub struct Derivation {
    key: IdentifierKey,
    /// The place of its kind among the due composites.
    kind: usize,
    /// The owner of the claims.
    owner: IdentifierId,
    /// The identifiers it was seen with, the strongest first.
    pub with: Vec<IdentifierId>,
    /// The latest of its claims.
    arrival: Arrival,
    at: Timestamp,
    source: Arc<str>,
    /// The message of its event, if known.
    source_message: Option<Arc<str>>,
    /// Whether that message has all parts. Otherwise several messages of one time and one change have the parts.
    by_one: bool,
    /// The first and the last time of all events with this composite and the same identifiers, and their number.
    times: (Timestamp, Timestamp),
    count: i64,
    /// The refused identifiers, with rule and reason; the composite has no id here.
    refused: Vec<(Option<IdentifierId>, Arc<str>, Arc<str>)>,
}

impl Due {
    /// The due composites, when all stored data agrees with the version `applied`; `None` when there are none.
    pub(super) fn of(settings: &IdentitySettings, applied: i64) -> Option<Self> {
        let due = settings.kinds.iter().filter(|kind| kind.parts_since > applied);
        let kinds: Vec<KindSettings> = due.cloned().collect();
        (!kinds.is_empty()).then(|| Due { reader: Identifiers::new(settings), kinds })
    }

    /// The traits that are needed.
    pub(super) fn traits(&self) -> Vec<Arc<str>> {
        let mut traits: Vec<Arc<str>> = self.kinds.iter().flat_map(trait_names).map(Arc::from).collect();
        traits.sort_unstable();
        traits.dedup();
        traits
    }

    /// The composites of one owner's claims, without the identifiers they were seen with.
    fn made_of(&self, claims: &[Claim]) -> Vec<Derivation> {
        let mut events: BTreeMap<(i64, &str, Provenance, Timestamp), Event<'_>> = BTreeMap::new();
        for claim in claims {
            let mut add = |at, message| {
                let event = events.entry((claim.arrival.seq(), &claim.source, claim.provenance, at)).or_default();
                event.push((claim, message));
            };
            add(claim.at, claim.message_id.as_ref());
            if claim.first_at != claim.at {
                add(claim.first_at, claim.first_message());
            }
        }
        let mut all = Vec::new();
        for ((.., at), event) in &events {
            for (n, kind) in self.kinds.iter().enumerate() {
                let Ok(Some(key)) = self.reader.composite(kind, |path| value_at(event, path)) else { continue };
                let is_part = |claim: &Claim| trait_names(kind).any(|name| *claim.name == *name);
                let of_parts = || event.iter().filter(|(claim, _)| is_part(claim));
                let Some((last, source_message)) = of_parts().max_by_key(|(claim, _)| claim.arrival) else { continue };
                let by_one = of_parts().all(|(_, message)| message == source_message);
                let (owner, arrival, source) = (last.owner, last.arrival, last.source.clone());
                let (with, refused) = (Vec::new(), Vec::new());
                let (source_message, times) = (source_message.cloned(), (*at, *at));
                all.push(Derivation {
                    key,
                    kind: n,
                    owner,
                    with,
                    arrival,
                    at: *at,
                    source,
                    source_message,
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

/// The claims of one event, each with its message, if known.
type Event<'c> = Vec<(&'c Claim, Option<&'c Arc<str>>)>;

fn trait_names(kind: &KindSettings) -> impl Iterator<Item = &str> {
    kind.parts.iter().filter_map(|path| path.steps.first()).map(|name| &**name)
}

/// The value at a path; `None` when there are several.
fn value_at<'c>(event: &Event<'c>, path: &EventPath) -> Option<&'c RawValue> {
    let (name, steps) = path.steps.split_first()?;
    let claims = event.iter().filter(|(claim, _)| *claim.name == **name && !claim.is_none());
    let mut values = claims.filter_map(|(claim, _)| within(&claim.value, steps));
    let first = values.next()?;
    values.all(|other| other.get() == first.get()).then_some(first)
}

/// Gathers the input of the due composites during a replay.
pub(super) struct Deriving {
    due: Due,
    /// Identifiers of the due kinds.
    stored: FxHashMap<IdentifierKey, IdentifierId>,
    ids: FxHashSet<IdentifierId>,
    /// For older composites that own claims: the identifiers they were seen with, by change and time; `None` when several
    /// events differ.
    seen_with: FxHashMap<(IdentifierId, i64, Timestamp), Option<Vec<IdentifierId>>>,
    /// For older composites: the one identifier that was always next to it; `None` when there were several or none.
    next_to: FxHashMap<IdentifierId, Option<IdentifierId>>,
    /// Due composites, each with the identifiers seen with it under its rules.
    there: FxHashSet<(IdentifierId, IdentifierId)>,
    made: Vec<Derivation>,
}

/// Whether it owns the claims of an event: only shared devices can come before it.
fn owns(restitch: &Restitch<'_>, id: IdentifierId, seen: &Evidence) -> bool {
    seen.identifiers.iter().take_while(|other| **other != id).all(|other| restitch.is_device(*other))
}

/// Ids and places above those of any store.
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

    /// Adds a stored identifier.
    pub(super) fn add(&mut self, id: IdentifierId, key: IdentifierKey) {
        if self.due.kinds.iter().any(|kind| kind.name == key.kind) {
            self.ids.insert(id);
            self.stored.insert(key, id);
        }
    }

    /// Adds evidence with its time.
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

    /// Adds claims, all claims of an owner at once. All evidence must be added before.
    pub(super) fn claim(&mut self, restitch: &Restitch<'_>, claims: &[Claim]) {
        for of_owner in claims.chunk_by(|one, next| one.owner == next.owner) {
            let mut made = self.due.made_of(of_owner);
            made.sort_by_key(|made| (made.arrival, made.at, made.kind));
            // A repeated claim is one row with a count; the row after a replaced one has its times and messages again.
            // Of several rows with one time and different messages the first counts.
            let mut kept: FxHashMap<(IdentifierKey, IdentifierId), usize> = FxHashMap::default();
            let mut unique: FxHashSet<(usize, Timestamp, Option<Arc<str>>)> = FxHashSet::default();
            for mut made in made {
                let Some(with) = self.seen_by(restitch, &made) else { continue };
                let Some(&strongest) = with.first() else { continue };
                let is_of_it = self.stored.get(&made.key).is_some_and(|id| with.contains(id));
                if is_of_it {
                    continue;
                }
                let place = *kept.entry((made.key.clone(), strongest)).or_insert(self.made.len());
                let first = unique.insert((place, made.at, None));
                let message = made.source_message.clone().filter(|_| made.by_one);
                let fresh = message.map_or(first, |message| unique.insert((place, made.at, Some(message))));
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

    /// The identifiers that were seen with it: all of its event that count. `None` when this is ambiguous.
    fn seen_by(&self, restitch: &Restitch<'_>, made: &Derivation) -> Option<Vec<IdentifierId>> {
        let owner = made.owner;
        match restitch.counts_from(owner) {
            0 => return Some(vec![owner]),
            NEVER => return None,
            _ => {}
        }
        match self.seen_with.get(&(owner, made.arrival.seq(), made.at)) {
            Some(event) => event.clone(),
            // Its parts are older than these rules, and it was seen since.
            None if !self.ids.contains(&owner) && restitch.is_in_evidence(owner) => Some(vec![owner]),
            None => self.next_to.get(&owner).copied().flatten().map(|always| vec![always]),
        }
    }

    /// Replays the derived evidence after all other evidence, without the rows that are stored already. Returns the
    /// replayed rows.
    pub(super) fn finish(self, restitch: &mut Restitch<'_>) -> Vec<Derivation> {
        let Deriving { mut stored, there, mut made, .. } = self;
        made.sort_unstable_by(|a, b| (a.arrival, a.at, a.kind, &a.with).cmp(&(b.arrival, b.at, b.kind, &b.with)));
        let mut unique: FxHashSet<(IdentifierId, IdentifierId)> = FxHashSet::default();
        let (mut unstored, mut places) = (UNSTORED, UNSTORED);
        made.retain_mut(|Derivation { key, with, refused, .. }| {
            let composite = *stored.entry(key.clone()).or_insert_with(|| {
                let id = Arrival(unstored);
                unstored += 1;
                restitch.add_unstored(id, &key.kind);
                id
            });
            // Of several events with the same strongest identifier, the first is enough.
            if there.contains(&(composite, with[0])) || !unique.insert((composite, with[0])) {
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
    /// Adds another time of the same claims.
    fn say_again(&mut self, other: &Derivation) {
        self.times = (self.times.0.min(other.times.0), self.times.1.max(other.times.1));
        self.count += other.count;
    }

    /// The fact to store. `key_of` gives the key of an identifier; `None` when one is missing.
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
        let (source_message, (first_at, last_at), count) = (self.source_message.clone(), self.times, self.count);
        let derived = Some(Derived { source_message, first_at, last_at, count, refused: refused.collect() });
        // The same id in every replay, and only for this.
        let message_id = format!("rules/{since}/{}/{}/{}/{}/{}", key.kind, owner.0, arrival.0, at.0, with[0].0);
        Some(Fact { derived, ..Fact::naming(message_id, self.source.clone(), *at, identifiers) })
    }
}
