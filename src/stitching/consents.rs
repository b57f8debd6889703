//! Step 8 of identity resolution: which consents identifiers have.
//!
//! A consent goes to every identifier of its customer at that time. It replaces each identifier's consent for the same
//! purpose and channel. When a customer splits, for any reason, a GRANTED stays with the part of the identifier that
//! gave it. An identifier that loses a consent gets back the consent that its own part had given before. A DENIED or
//! REVOKED stays with all parts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::known::Known;
use super::rows::Plan;
use super::working_set::{IdentifierIx, WorkingSet};
use crate::domain::consent::{Consent, ConsentFact, ConsentGiven, ConsentStatus};
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// The maximum number of purposes and channels with consents of an identifier; at the maximum, a grant for a new one is
/// left out. For a denial the maximum is twice as high, so that a sender with too many grants cannot prevent a denial.
const MOST: usize = 1_000;

/// Identifier, purpose and channel.
type Slot = (IdentifierId, Arc<str>, Option<Arc<str>>);

/// The consent of an identifier in a slot.
#[derive(Clone, Copy)]
struct Held {
    at: Timestamp,
    arrival: Arrival,
    owner: IdentifierId,
    content: (ConsentStatus, Option<Timestamp>),
}

/// The consents of identifiers while a batch is planned.
#[derive(Default)]
pub(crate) struct Consents {
    now: BTreeMap<Slot, Held>,
    /// Consents that identifiers have lost.
    before: FxHashMap<Slot, Vec<Held>>,
    /// For each changed slot: the consent at the beginning of the batch.
    began: BTreeMap<Slot, Option<Arrival>>,
    /// Consents of the batch, each with the identifiers that it was given to, also identifiers that have a later
    /// consent.
    made: BTreeSet<(IdentifierId, Arrival)>,
}

impl Consents {
    pub(crate) fn new(known: &Known) -> Self {
        let mut consents = Consents::default();
        for given in &known.consents {
            consents.know(given);
        }
        for (given, holds) in &known.histories.gave {
            if *holds {
                consents.know(given);
            } else {
                consents.before.entry(slot_of(given.identifier, &given.consent.fact)).or_default().push(held(given));
            }
        }
        consents
    }

    fn know(&mut self, given: &ConsentGiven) {
        let held = held(given);
        let present = self.now.entry(slot_of(given.identifier, &given.consent.fact)).or_insert(held);
        if (held.at, held.arrival) > (present.at, present.arrival) {
            *present = held;
        }
    }

    /// Whether an identifier has the same consent already. Many senders repeat the preferences with every event.
    pub(crate) fn repeats(&self, holder: IdentifierId, decided: &ConsentFact, at: Timestamp) -> bool {
        let present = self.now.get(&slot_of(holder, decided));
        present.is_some_and(|held| held.content == content(decided) && held.at <= at)
    }

    /// Whether an identifier can have this consent: it has one for the same purpose and channel, or few enough others.
    pub(crate) fn has_room_for(&self, holder: IdentifierId, decided: &ConsentFact) -> bool {
        let most = if decided.status == ConsentStatus::Granted { MOST } else { 2 * MOST };
        self.now.len() < most
            || self.now.contains_key(&slot_of(holder, decided))
            || self.now.range(slots_of(holder)).nth(most - 1).is_none()
    }

    /// Whether the identifier itself gave its consent.
    pub(crate) fn is_own(&self, holder: IdentifierId, decided: &ConsentFact) -> bool {
        self.now.get(&slot_of(holder, decided)).is_some_and(|held| held.owner == holder)
    }

    /// Gives a consent of the batch to an identifier. A later consent of the identifier stays in force.
    pub(crate) fn give(&mut self, holder: IdentifierId, consent: &Consent) {
        let (slot, held) = (slot_of(holder, &consent.fact), held_by(consent));
        self.made.insert((holder, consent.arrival));
        match self.now.get(&slot) {
            Some(present) if present.at > held.at => self.before.entry(slot).or_default().push(held),
            _ => self.put(slot, Some(held)),
        }
    }

    /// Takes back grants after the `members` of one customer were split.
    pub(crate) fn part(&mut self, working_set: &WorkingSet, members: impl IntoIterator<Item = IdentifierIx>) {
        for ix in members {
            let holder = &working_set.identifiers[ix];
            let together = |owner: IdentifierId| {
                let owners = || working_set.by_id(owner).and_then(|owner| working_set.identifiers[owner].customer);
                owner == holder.id || holder.customer.is_some_and(|customer| owners() == Some(customer))
            };
            let foreign = |held: &Held| held.content.0 == ConsentStatus::Granted && !together(held.owner);
            let lost: Vec<Slot> = self
                .now
                .range(slots_of(holder.id))
                .filter(|(_, held)| foreign(held))
                .map(|(slot, _)| slot.clone())
                .collect();
            for slot in lost {
                let own = self.before.get(&slot).into_iter().flatten().filter(|held| together(held.owner));
                let own = own.max_by_key(|held| (held.at, held.arrival)).copied();
                self.put(slot, own);
            }
        }
    }

    fn put(&mut self, slot: Slot, held: Option<Held>) {
        let was = match held {
            Some(held) => self.now.insert(slot.clone(), held),
            None => self.now.remove(&slot),
        };
        if let Some(was) = was {
            self.before.entry(slot.clone()).or_default().push(was);
        }
        self.began.entry(slot).or_insert(was.map(|was| was.arrival));
    }

    /// Adds the rows of new and of lost consents. A consent of this batch that is not in force for an identifier is
    /// stored as ended: when the customer splits, it may be the last one of its part.
    pub(crate) fn finish(self, plan: &mut Plan) {
        let (mut given, mut taken) = (self.made.clone(), self.made);
        for (slot, began) in self.began {
            let now = self.now.get(&slot).map(|held| held.arrival);
            taken.extend(began.filter(|_| now != began).map(|arrival| (slot.0, arrival)));
            if let Some(arrival) = now {
                taken.remove(&(slot.0, arrival));
                given.extend((now != began).then_some((slot.0, arrival)));
            }
        }
        plan.consents_given.extend(given);
        plan.consents_taken.extend(taken);
    }
}

/// The range of an identifier's slots.
fn slots_of(holder: IdentifierId) -> Range<Slot> {
    (holder, "".into(), None)..(Arrival(holder.0 + 1), "".into(), None)
}

fn slot_of(holder: IdentifierId, decided: &ConsentFact) -> Slot {
    (holder, decided.purpose.clone(), decided.channel.clone())
}

fn held(given: &ConsentGiven) -> Held {
    held_by(&given.consent)
}

fn held_by(consent: &Consent) -> Held {
    Held { at: consent.at, arrival: consent.arrival, owner: consent.owner, content: content(&consent.fact) }
}

fn content(decided: &ConsentFact) -> (ConsentStatus, Option<Timestamp>) {
    (decided.status, decided.expires_at)
}
