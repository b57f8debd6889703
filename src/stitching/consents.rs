//! Step 8 of "who is who": which decisions about their data identifiers hold.
//!
//! A decision goes to every identifier that its customer holds at that time and replaces what those hold of the same
//! purpose and channel. When parts of a customer come apart, whatever parts them, a GRANTED stays with the part of the
//! identifier that gave it; whoever loses one holds again what its own part had decided before. What forbids stays
//! with all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::known::Known;
use super::people::{NameIx, People};
use super::plan::Plan;
use crate::domain::consent::{Consent, ConsentFact, ConsentGiven, ConsentStatus};
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// What a decision is about, on one identifier.
type Slot = (IdentifierId, Arc<str>, Option<Arc<str>>);

/// The decision an identifier holds in a slot.
#[derive(Clone, Copy)]
struct Held {
    at: Timestamp,
    arrival: Arrival,
    owner: IdentifierId,
    said: (ConsentStatus, Option<Timestamp>),
}

/// Who holds what while a batch is worked through.
#[derive(Default)]
pub(crate) struct Consents {
    now: BTreeMap<Slot, Held>,
    /// What was held and is no longer.
    before: FxHashMap<Slot, Vec<Held>>,
    /// What was held when the batch began, of slots that have changed since.
    began: BTreeMap<Slot, Option<Arrival>>,
    /// Decisions of the batch, with those they were for, and hold or not.
    made: BTreeSet<(IdentifierId, Arrival)>,
}

impl Consents {
    pub(crate) fn new(known: &Known) -> Self {
        let mut consents = Consents::default();
        for given in &known.consents {
            consents.know(given);
        }
        for (given, holds) in &known.story.gave {
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

    /// Whether an identifier holds this already. Many senders repeat the preferences with every event.
    pub(crate) fn repeats(&self, holder: IdentifierId, decided: &ConsentFact, at: Timestamp) -> bool {
        let present = self.now.get(&slot_of(holder, decided));
        present.is_some_and(|held| held.said == said(decided) && held.at <= at)
    }

    /// Whether what an identifier holds is what it said itself.
    pub(crate) fn is_own(&self, holder: IdentifierId, decided: &ConsentFact) -> bool {
        self.now.get(&slot_of(holder, decided)).is_some_and(|held| held.owner == holder)
    }

    /// Gives a decision of the batch to an identifier, which holds it unless it holds a later one.
    pub(crate) fn give(&mut self, holder: IdentifierId, consent: &Consent) {
        let (slot, held) = (slot_of(holder, &consent.fact), held_by(consent));
        self.made.insert((holder, consent.arrival));
        match self.now.get(&slot) {
            Some(present) if present.at > held.at => self.before.entry(slot).or_default().push(held),
            _ => self.put(slot, Some(held)),
        }
    }

    /// What it means for these, who were one customer's, that some of them came apart.
    pub(crate) fn part(&mut self, people: &People, members: impl IntoIterator<Item = NameIx>) {
        for name in members {
            let holder = &people.names[name];
            let together = |owner: IdentifierId| {
                let owners = || people.by_id(owner).and_then(|owner| people.names[owner].customer);
                owner == holder.id || holder.customer.is_some_and(|customer| owners() == Some(customer))
            };
            let foreign = |held: &Held| held.said.0 == ConsentStatus::Granted && !together(held.owner);
            let of_it = (holder.id, "".into(), None)..(Arrival(holder.id.0 + 1), "".into(), None);
            let lost: Vec<Slot> =
                self.now.range(of_it).filter(|(_, held)| foreign(held)).map(|(slot, _)| slot.clone()).collect();
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

    /// Who holds what from now on, and who no longer. A decision of this batch that somebody does not hold is over as
    /// soon as it is there: should that customer come apart, it may be the last that its part has said.
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

fn slot_of(holder: IdentifierId, decided: &ConsentFact) -> Slot {
    (holder, decided.purpose.clone(), decided.channel.clone())
}

fn held(given: &ConsentGiven) -> Held {
    held_by(&given.consent)
}

fn held_by(consent: &Consent) -> Held {
    Held { at: consent.at, arrival: consent.arrival, owner: consent.owner, said: said(&consent.fact) }
}

fn said(decided: &ConsentFact) -> (ConsentStatus, Option<Timestamp>) {
    (decided.status, decided.expires_at)
}
