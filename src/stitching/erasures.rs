//! What an erased person leaves in rows that others are in, too: sets of evidence, decisions, identity histories, orders
//! and entries of the change log. What was the others' stays, and says nothing of the person.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::change::{ChangeEntry, IdentityEvent, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::decision::Decision;
use crate::domain::erasure::ErasureRequest;
use crate::domain::health::Health;
use crate::domain::order::OrderEvent;
use crate::domain::{IdentifierId, Timestamp};

/// An erased person: all that is the person's.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The customer, and the customers that were merged into it.
    pub customers: BTreeSet<CustomerId>,
    /// The identifiers.
    pub identifiers: BTreeSet<IdentifierId>,
    /// The messages of its events, each with its hash.
    pub messages: FxHashMap<Arc<str>, Arc<str>>,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate<T> {
    /// It does not concern the person.
    Stays,
    /// It is changed.
    Becomes(T),
    /// It is deleted.
    Goes,
}

/// A set of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The identifiers.
    pub identifiers: Vec<IdentifierId>,
    /// A letter for each: `a` accepted, `r` refused, `s` shared.
    pub outcomes: Arc<str>,
    /// The message.
    pub message_id: Arc<str>,
}

/// An identifier that was seen with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The one.
    pub of: IdentifierId,
    /// The other.
    pub id: IdentifierId,
    /// Whether a customer has the other.
    pub held: bool,
}

/// The identifiers that no customer has and that were seen with nobody else: they are the person's too. `seen` gives the
/// identifiers that were seen with the given ones.
///
/// # Errors
/// Of `seen`.
pub fn hangers_on<E>(
    own: &BTreeSet<IdentifierId>,
    first: &[Neighbour],
    mut seen: impl FnMut(&[IdentifierId]) -> Result<Vec<Neighbour>, E>,
) -> Result<BTreeSet<IdentifierId>, E> {
    let mut found = Neighbours::new(own, first);
    while let Some(next) = found.to_read() {
        found.add(&seen(&next)?);
    }
    Ok(found.hangers_on())
}

/// The same search, step by step, for a reader that waits.
pub struct Neighbours {
    own: BTreeSet<IdentifierId>,
    /// The identifiers without a customer, each with those it was seen with.
    seen: BTreeMap<IdentifierId, BTreeSet<IdentifierId>>,
    /// Those that a customer has.
    held: BTreeSet<IdentifierId>,
    next: BTreeSet<IdentifierId>,
}

impl Neighbours {
    /// The most identifiers without a customer that are looked at. A person with more of them is not one.
    const MOST: usize = 1_000;

    /// Begins with those that were seen with the person's own.
    pub fn new(own: &BTreeSet<IdentifierId>, first: &[Neighbour]) -> Self {
        let mut found =
            Neighbours { own: own.clone(), seen: BTreeMap::new(), held: BTreeSet::new(), next: BTreeSet::new() };
        found.add(first);
        found
    }

    /// The identifiers whose neighbours are to be read next.
    pub fn to_read(&mut self) -> Option<Vec<IdentifierId>> {
        if self.next.is_empty() || self.seen.len() > Self::MOST {
            return None;
        }
        Some(std::mem::take(&mut self.next).into_iter().collect())
    }

    /// Adds neighbours that were read.
    pub fn add(&mut self, read: &[Neighbour]) {
        for Neighbour { of, id, held } in read {
            if self.seen.contains_key(of) {
                self.seen.entry(*of).or_default().insert(*id);
            }
            if self.own.contains(id) {
                continue;
            }
            if *held {
                self.held.insert(*id);
            } else if !self.seen.contains_key(id) {
                self.seen.insert(*id, BTreeSet::from([*of]));
                self.next.insert(*id);
            }
        }
    }

    /// Those that no customer has and that are connected with no other customer.
    pub fn hangers_on(self) -> BTreeSet<IdentifierId> {
        // What is connected with somebody else, and all that is connected with that.
        let unknown = |id: &IdentifierId| !self.own.contains(id) && !self.seen.contains_key(id);
        let touches_others = |ids: &BTreeSet<IdentifierId>| ids.iter().any(|id| self.held.contains(id) || unknown(id));
        let mut others: BTreeSet<IdentifierId> =
            self.seen.iter().filter(|(_, seen)| touches_others(seen)).map(|(id, _)| *id).collect();
        if !self.next.is_empty() {
            return BTreeSet::new();
        }
        loop {
            let more = |(id, seen): &(&IdentifierId, &BTreeSet<IdentifierId>)| {
                !others.contains(id) && seen.iter().any(|seen| others.contains(seen))
            };
            let more: Vec<IdentifierId> = self.seen.iter().filter(more).map(|(id, _)| *id).collect();
            if more.is_empty() {
                break;
            }
            others.extend(more);
        }
        self.seen.into_keys().filter(|id| !others.contains(id)).collect()
    }
}

impl Person {
    fn has_any(&self, ids: &[IdentifierId]) -> bool {
        ids.iter().any(|id| self.identifiers.contains(id))
    }

    fn others(&self, ids: &[IdentifierId]) -> Vec<IdentifierId> {
        ids.iter().copied().filter(|id| !self.identifiers.contains(id)).collect()
    }

    /// The hash, for the id of one of the person's messages.
    fn hashed(&self, message: &Arc<str>) -> Arc<str> {
        self.messages.get(message).unwrap_or(message).clone()
    }

    fn hashed_option(&self, message: &Option<Arc<str>>) -> Option<Arc<str>> {
        message.as_ref().map(|message| self.hashed(message))
    }

    /// A set of evidence without the person's identifiers. It goes when it says nothing of others any more: no identifier
    /// is left that was accepted.
    pub fn sighting(&self, sighting: &Sighting) -> Fate<Sighting> {
        let message_id = self.hashed(&sighting.message_id);
        if !self.has_any(&sighting.identifiers) {
            return match message_id == sighting.message_id {
                true => Fate::Stays,
                false => Fate::Becomes(Sighting { message_id, ..sighting.clone() }),
            };
        }
        let mut outcomes = String::new();
        let mut identifiers = Vec::new();
        for (id, letter) in sighting.identifiers.iter().zip(sighting.outcomes.chars()) {
            if !self.identifiers.contains(id) {
                identifiers.push(*id);
                outcomes.push(letter);
            }
        }
        match outcomes.contains('a') {
            true => Fate::Becomes(Sighting { identifiers, outcomes: outcomes.into(), message_id }),
            false => Fate::Goes,
        }
    }

    /// A decision of a person, without a reason, since the reason may name the erased one. It goes when a side has
    /// nobody left.
    pub fn decision(&self, decision: &Decision, sides: &[Vec<IdentifierId>]) -> Fate<Decision> {
        let concerns = decision.sides.iter().chain(sides).any(|side| self.has_any(side));
        if !concerns {
            return Fate::Stays;
        }
        let now: Vec<Vec<IdentifierId>> = sides.iter().map(|side| self.others(side)).collect();
        if now.iter().filter(|side| !side.is_empty()).count() < 2 {
            return Fate::Goes;
        }
        let sides = decision.sides.iter().map(|side| self.others(side)).collect();
        Fate::Becomes(Decision { reason: "".into(), sides, ..decision.clone() })
    }

    /// A line of an identity history.
    pub fn identity_event(&self, event: &IdentityEvent) -> Fate<IdentityEvent> {
        if self.customers.contains(&event.customer) {
            return Fate::Goes;
        }
        let message_id = self.hashed_option(&event.message_id);
        let names = self.has_any(&event.identifiers) || event.others.iter().any(|id| self.customers.contains(id));
        if !names && message_id == event.message_id {
            return Fate::Stays;
        }
        let identifiers = self.others(&event.identifiers);
        if event.kind == IdentityEventKind::Refused && identifiers.is_empty() {
            return Fate::Goes;
        }
        let reason = event.reason.clone().filter(|_| event.by.is_none() && !names);
        Fate::Becomes(IdentityEvent { identifiers, message_id, reason, ..event.clone() })
    }

    /// The events of an order that is another's or waits. It goes when no event is left.
    pub fn order(&self, events: &[OrderEvent], owned: bool) -> Fate<Vec<OrderEvent>> {
        let is_own = |event: &OrderEvent| event.owner.is_some_and(|owner| self.identifiers.contains(&owner));
        if !events.iter().any(is_own) {
            return Fate::Stays;
        }
        let mut left = events.to_vec();
        match owned {
            // What it says is of the other's order.
            true => left.iter_mut().filter(|event| is_own(event)).for_each(|event| event.owner = None),
            false => left.retain(|event| !is_own(event)),
        }
        if left.is_empty() { Fate::Goes } else { Fate::Becomes(left) }
    }

    /// An entry of the change log. It keeps its place and its customers; everything else of the person is gone.
    pub fn entry(&self, entry: &ChangeEntry) -> Fate<ChangeEntry> {
        let mut new = entry.clone();
        {
            let of = |customer: &CustomerId| self.customers.contains(customer);
            let hash = |message: &mut Arc<str>| *message = self.hashed(message);
            match &mut new {
                ChangeEntry::CustomerCreated { identifiers, message, .. }
                | ChangeEntry::IdentifierLinked { identifiers, message, .. } => {
                    *identifiers = self.others(identifiers);
                    hash(message);
                }
                ChangeEntry::CustomersMerged { customer, others, identifiers, message, reason } => {
                    let concerns = of(customer) || others.iter().any(of) || self.has_any(identifiers);
                    *identifiers = self.others(identifiers);
                    *message = self.hashed_option(message);
                    reason.take_if(|_| concerns);
                }
                ChangeEntry::CustomerSplit { customer, others, identifiers, message, reason, .. } => {
                    let concerns = of(customer) || others.iter().any(of) || self.has_any(identifiers);
                    *identifiers = self.others(identifiers);
                    *message = self.hashed_option(message);
                    reason.take_if(|_| concerns);
                }
                ChangeEntry::CustomersKeptApart { customer, others, reason } => {
                    if of(customer) || others.iter().any(of) {
                        *reason = "".into();
                    }
                }
                ChangeEntry::IdentifierShared { identifiers, message, .. } => {
                    *identifiers = self.others(identifiers);
                    *message = self.hashed_option(message);
                }
                ChangeEntry::TouchpointRecorded { message, .. } | ChangeEntry::ConsentChanged { message, .. } => {
                    hash(message);
                }
                ChangeEntry::OrderRecorded { number, message, .. } => {
                    if let Some(hashed) = self.messages.get(message) {
                        *number = hashed.clone();
                        *message = hashed.clone();
                    }
                }
                ChangeEntry::CustomerErased { .. }
                | ChangeEntry::RulesSaved { .. }
                | ChangeEntry::SegmentEntered { .. }
                | ChangeEntry::SegmentLeft { .. } => {}
            }
        }
        match new == *entry {
            true => Fate::Stays,
            false => Fate::Becomes(new),
        }
    }

    /// The entries of a change; `None` when nothing of them concerns the person.
    pub fn entries(&self, entries: &[ChangeEntry]) -> Option<Vec<ChangeEntry>> {
        let fates: Vec<Fate<ChangeEntry>> = entries.iter().map(|entry| self.entry(entry)).collect();
        if fates.iter().all(|fate| *fate == Fate::Stays) {
            return None;
        }
        let each = entries.iter().zip(fates).map(|(entry, fate)| match fate {
            Fate::Becomes(new) => new,
            Fate::Stays | Fate::Goes => entry.clone(),
        });
        Some(each.collect())
    }

    /// The entry of the change log that tells of the erasure.
    pub fn erased_entry(&self, present: &CustomerId, request: &ErasureRequest) -> ChangeEntry {
        ChangeEntry::CustomerErased {
            customer: present.clone(),
            others: self.customers.iter().filter(|id| *id != present).cloned().collect(),
            identifiers: self.identifiers.iter().copied().collect(),
            by: request.by.clone(),
            reason: request.reason.clone(),
        }
    }

    /// How the store's figures about identities change. `size` is the number of identifiers of the customer, `shared` of
    /// how many of the erased identifiers are shared, `refused` the rules of the refusals that go.
    pub fn health(&self, size: usize, shared: usize, refused: &[Arc<str>]) -> Health {
        let mut health = Health {
            identifiers: -(self.identifiers.len() as i64),
            merges: -(self.customers.len() as i64 - 1),
            shared: -(shared as i64),
            ..Health::default()
        };
        health.resize(size as i64, 0);
        for rule in refused {
            *health.refused.entry(rule.clone()).or_default() -= 1;
        }
        health
    }
}

/// The times at which an identifier of another was seen with the person. They stay, as times without an event: the
/// other's first and last time do not change.
#[derive(Clone, Debug, Default)]
pub struct SeenAlone(BTreeMap<(IdentifierId, i64), (Timestamp, Timestamp)>);

impl SeenAlone {
    /// Adds the times that a link had since the change `since`.
    pub fn add(&mut self, id: IdentifierId, since: i64, first: Timestamp, last: Timestamp) {
        let times = self.0.entry((id, since)).or_insert((first, last));
        *times = (times.0.min(first), times.1.max(last));
    }

    /// Each with its change and its times.
    pub fn rows(&self) -> impl Iterator<Item = (IdentifierId, i64, Timestamp, Timestamp)> + '_ {
        self.0.iter().map(|((id, since), (first, last))| (*id, *since, *first, *last))
    }
}

/// The skus that events of orders name.
pub fn skus(events: &[OrderEvent]) -> FxHashSet<Arc<str>> {
    use crate::domain::order::OrderAct;
    let mut skus = FxHashSet::default();
    for event in events {
        match &event.act {
            OrderAct::Completed(content) | OrderAct::Updated(content) => {
                skus.extend(content.lines.iter().flatten().map(|line| line.product.sku.clone()));
            }
            OrderAct::Refunded(refund) => skus.extend(refund.products.iter().map(|line| line.product.sku.clone())),
            OrderAct::Cancelled => {}
        }
    }
    skus
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Arrival;

    fn neighbour(of: i64, id: i64, held: bool) -> Neighbour {
        Neighbour { of: Arrival(of), id: Arrival(id), held }
    }

    fn found(own: &[i64], links: &[(i64, i64)], held: &[i64]) -> Vec<i64> {
        let own: BTreeSet<IdentifierId> = own.iter().map(|id| Arrival(*id)).collect();
        let is_held = |id: i64| held.contains(&id) || own.contains(&Arrival(id));
        let seen = |ids: &[IdentifierId]| -> Result<Vec<Neighbour>, ()> {
            let both = links.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]);
            Ok(both.filter(|(a, _)| ids.contains(&Arrival(*a))).map(|(a, b)| neighbour(a, b, is_held(b))).collect())
        };
        let first = seen(&own.iter().copied().collect::<Vec<_>>()).expect("links");
        hangers_on(&own, &first, seen).expect("links").into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn who_was_seen_with_nobody_else_is_the_persons() {
        // 1 and 2 are the person's, 9 is another's; no customer has the others.
        assert_eq!(found(&[1, 2], &[(1, 2), (1, 3), (3, 4)], &[9]), [3, 4]);
        assert_eq!(found(&[1, 2], &[(1, 3), (3, 4), (4, 9)], &[9]), [0; 0], "by way of 4, 3 is connected with 9");
        assert_eq!(found(&[1, 2], &[(1, 3), (2, 5), (5, 9)], &[9]), [3]);
        assert_eq!(found(&[1], &[(1, 9)], &[9]), [0; 0]);
        assert_eq!(found(&[1], &[], &[]), [0; 0]);
    }

    #[test]
    fn a_set_keeps_what_connects_others() {
        let person = Person {
            identifiers: BTreeSet::from([Arrival(1)]),
            messages: FxHashMap::from_iter([("m".into(), "hash".into())]),
            ..Person::default()
        };
        let sighting = |identifiers: &[i64], outcomes: &str, message: &str| Sighting {
            identifiers: identifiers.iter().map(|id| Arrival(*id)).collect(),
            outcomes: outcomes.into(),
            message_id: message.into(),
        };
        assert_eq!(person.sighting(&sighting(&[2, 3], "aa", "n")), Fate::Stays);
        assert_eq!(person.sighting(&sighting(&[1, 2, 3], "aar", "m")), Fate::Becomes(sighting(&[2, 3], "ar", "hash")));
        assert_eq!(person.sighting(&sighting(&[2, 1], "ar", "n")), Fate::Becomes(sighting(&[2], "a", "n")));
        assert_eq!(person.sighting(&sighting(&[1, 2], "as", "m")), Fate::Goes, "a shared device alone connects nobody");
        assert_eq!(person.sighting(&sighting(&[1], "a", "m")), Fate::Goes);
    }
}
