//! Identifiers and customers as they stand while a batch is worked through.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::known::{Known, KnownCustomer};
use crate::domain::customer::CustomerId;
use crate::domain::decision::{DecisionKind, Side};
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::rollup::Rollup;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// An index into [`People::names`].
pub(crate) type NameIx = usize;
/// An index into [`People::customers`].
pub(crate) type CustomerIx = usize;

/// The state that facts are applied to, one after the other.
pub(crate) struct People {
    pub(crate) names: Vec<Name>,
    pub(crate) customers: Vec<Person>,
    by_key: FxHashMap<IdentifierKey, NameIx>,
    by_id: FxHashMap<IdentifierId, NameIx>,
    by_customer: FxHashMap<CustomerId, CustomerIx>,
    /// Where identifiers stand in what people decided.
    sides: FxHashMap<NameIx, Vec<Side>>,
    /// Sides that were taken by joining a customer that has one.
    pub(crate) sides_taken: Vec<Side>,
    seq: i64,
    names_made: u32,
    customers_made: u32,
    no_value: Arc<str>,
}

/// An identifier.
pub(crate) struct Name {
    pub(crate) id: IdentifierId,
    pub(crate) key: IdentifierKey,
    /// The kind's place among the rules; `None` when it is not listed.
    pub(crate) rank: Option<usize>,
    /// What was said of it under an older version of the rules does not count.
    pub(crate) counts_from: i64,
    pub(crate) customer: Option<CustomerIx>,
    /// The customer who held it when the batch began.
    pub(crate) customer_before: Option<CustomerIx>,
    pub(crate) first_seen_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) rollup: Rollup,
    pub(crate) shared_since: Option<i64>,
    /// Whether it was shared when the batch began.
    pub(crate) shared_before: bool,
    pub(crate) new: bool,
    pub(crate) dirty: bool,
}

/// A customer.
pub(crate) struct Person {
    pub(crate) id: CustomerId,
    pub(crate) born: Arrival,
    pub(crate) members: Vec<NameIx>,
    /// How many members of each listed kind.
    pub(crate) counts: Vec<usize>,
    pub(crate) merged_into: Option<CustomerIx>,
    /// It was merged away before this batch and has its id back.
    pub(crate) restored: bool,
    pub(crate) new: bool,
    pub(crate) dirty: bool,
}

impl People {
    /// Nobody, yet.
    pub(crate) fn bare(rules: &IdentityRules) -> Self {
        People::new(rules, &Known::default(), 0)
    }

    /// Those that are known, in the order in which they were first seen, however a store read them: so whatever
    /// names them does so in the same order.
    pub(crate) fn new(rules: &IdentityRules, known: &Known, seq: i64) -> Self {
        let mut people = People {
            names: Vec::with_capacity(known.identifiers.len()),
            customers: Vec::with_capacity(known.customers.len()),
            by_key: FxHashMap::default(),
            by_id: FxHashMap::default(),
            by_customer: FxHashMap::default(),
            sides: FxHashMap::default(),
            sides_taken: Vec::new(),
            seq,
            names_made: 0,
            customers_made: 0,
            no_value: "".into(),
        };
        let mut customers: Vec<&KnownCustomer> = known.customers.iter().collect();
        customers.sort_unstable_by_key(|customer| customer.born);
        for customer in customers {
            people.add_customer(rules, customer.id.clone(), customer.born, false);
        }
        let mut identifiers: Vec<&Identifier> = known.identifiers.iter().collect();
        identifiers.sort_unstable_by_key(|identifier| identifier.id);
        for identifier in identifiers {
            let customer = identifier.customer.as_ref().and_then(|id| people.by_customer.get(id).copied());
            debug_assert_eq!(customer.is_some(), identifier.customer.is_some(), "a holder that was not read");
            let name = people.add_name(rules, identifier.clone(), false);
            people.names[name].customer_before = customer;
            if let Some(customer) = customer {
                people.join(name, customer);
                people.customers[customer].dirty = false;
            }
        }
        for side in &known.sides {
            if let Some(name) = people.by_id(side.identifier) {
                people.sides.entry(name).or_default().push(*side);
            }
        }
        people
    }

    /// The identifier of this key, made when it is new; its times take in the first and the last of these.
    pub(crate) fn see(
        &mut self,
        rules: &IdentityRules,
        key: &IdentifierKey,
        (first, last): (Timestamp, Timestamp),
    ) -> NameIx {
        let ix = match self.by_key.get(key) {
            Some(&ix) => ix,
            None => {
                let id = Arrival::new(self.seq, self.names_made);
                self.names_made += 1;
                let identifier = Identifier {
                    id,
                    key: key.clone(),
                    first_seen_at: first,
                    last_seen_at: last,
                    customer: None,
                    rollup: Rollup::default(),
                    shared_since: None,
                };
                self.add_name(rules, identifier, true)
            }
        };
        let name = &mut self.names[ix];
        if first < name.first_seen_at || last > name.last_seen_at {
            name.first_seen_at = name.first_seen_at.min(first);
            name.last_seen_at = name.last_seen_at.max(last);
            name.dirty = true;
        }
        ix
    }

    /// An identifier by id, when the store read it.
    pub(crate) fn by_id(&self, id: IdentifierId) -> Option<NameIx> {
        self.by_id.get(&id).copied()
    }

    /// The identifier of another crowd, without whoever holds it there.
    pub(crate) fn take_over(&mut self, rules: &IdentityRules, name: &Name) -> NameIx {
        let identifier = Identifier {
            id: name.id,
            key: name.key.clone(),
            first_seen_at: name.first_seen_at,
            last_seen_at: name.last_seen_at,
            customer: None,
            rollup: Rollup::default(),
            shared_since: name.shared_since,
        };
        self.add_name(rules, identifier, false)
    }

    /// An identifier of whom only the kind counts: a replay never asks for values. What was said of it before
    /// the version `counts_from` does not count.
    pub(crate) fn enlist(
        &mut self,
        rules: &IdentityRules,
        id: IdentifierId,
        kind: &Arc<str>,
        counts_from: i64,
    ) -> NameIx {
        let rank = rules.kind(kind).map(|(rank, _)| rank);
        let kind = rank.map_or(kind, |rank| kind_name(rules, rank)).clone();
        let ix = self.names.len();
        self.by_id.insert(id, ix);
        self.names.push(Name {
            id,
            rank,
            counts_from,
            key: IdentifierKey { kind, value: self.no_value.clone() },
            customer: None,
            customer_before: None,
            first_seen_at: Timestamp::default(),
            last_seen_at: Timestamp::default(),
            rollup: Rollup::default(),
            shared_since: None,
            shared_before: false,
            new: false,
            dirty: false,
        });
        ix
    }

    /// Whether a customer of this id is here and was not merged away.
    pub(crate) fn lives(&self, id: &CustomerId) -> bool {
        self.by_customer.get(id).is_some_and(|&customer| self.customers[customer].merged_into.is_none())
    }

    /// A customer by id, when the store read it.
    pub(crate) fn by_customer(&self, id: &CustomerId) -> Option<CustomerIx> {
        self.by_customer.get(id).copied()
    }

    /// An identifier by key, when the store read it.
    pub(crate) fn by_key(&self, key: &IdentifierKey) -> Option<NameIx> {
        self.by_key.get(key).copied()
    }

    /// The identifier as it is now.
    pub(crate) fn identifier(&self, name: NameIx) -> Identifier {
        let customer = self.customer_of(name);
        let name = &self.names[name];
        Identifier {
            id: name.id,
            key: name.key.clone(),
            first_seen_at: name.first_seen_at,
            last_seen_at: name.last_seen_at,
            customer,
            rollup: name.rollup.clone(),
            shared_since: name.shared_since,
        }
    }

    /// A customer that nobody had.
    pub(crate) fn create(&mut self, rules: &IdentityRules, id: CustomerId) -> CustomerIx {
        // Not `Arrival::new`: a replay makes more customers than a batch can hold, and only their order counts.
        let born = Arrival((self.seq << 20) + i64::from(self.customers_made));
        self.customers_made += 1;
        self.add_customer(rules, id, born, true)
    }

    /// Makes the identifier a member.
    pub(crate) fn join(&mut self, name: NameIx, customer: CustomerIx) {
        debug_assert!(self.names[name].customer.is_none(), "an identifier of two customers");
        self.names[name].customer = Some(customer);
        let person = &mut self.customers[customer];
        person.members.push(name);
        person.dirty = true;
        if let Some(rank) = self.names[name].rank {
            person.counts[rank] += 1;
        }
    }

    /// Takes the identifier from whoever holds it.
    pub(crate) fn leave(&mut self, name: NameIx) {
        let Some(customer) = self.names[name].customer.take() else { return };
        let person = &mut self.customers[customer];
        person.members.retain(|&member| member != name);
        person.dirty = true;
        if let Some(rank) = self.names[name].rank {
            person.counts[rank] -= 1;
        }
    }

    /// Gives back an id that was merged away: of this batch, or of one before it.
    pub(crate) fn restore(&mut self, rules: &IdentityRules, id: &CustomerId, born: Arrival) -> CustomerIx {
        if let Some(&customer) = self.by_customer.get(id) {
            self.customers[customer].merged_into = None;
            return customer;
        }
        let customer = self.add_customer(rules, id.clone(), born, false);
        self.customers[customer].restored = true;
        self.customers[customer].dirty = true;
        customer
    }

    /// Whether a person said of one of `ours` and one of `theirs` that they are not the same, and nobody
    /// later that they are.
    pub(crate) fn kept_apart(&self, ours: &[NameIx], theirs: &[NameIx]) -> bool {
        if self.sides.is_empty() {
            return false;
        }
        let sides = |name: &NameIx| self.sides.get(name).into_iter().flatten();
        // By decision, since a large customer may stand in many.
        let mut parted: FxHashMap<Arrival, Vec<(NameIx, i64)>> = FxHashMap::default();
        for &name in theirs {
            for side in sides(&name).filter(|side| side.kind != DecisionKind::Merge) {
                parted.entry(side.decision).or_default().push((name, side.number));
            }
        }
        if parted.is_empty() {
            return false;
        }
        ours.iter().any(|&name| {
            sides(&name).any(|mine| {
                let others = parted.get(&mine.decision).into_iter().flatten();
                let mut other_sides = others.filter(|(_, number)| *number != mine.number);
                other_sides.any(|(other, _)| !self.merged_later(name, *other, mine.decision))
            })
        })
    }

    /// Whether a person decided about it.
    pub(crate) fn is_decided(&self, name: NameIx) -> bool {
        self.sides.contains_key(&name)
    }

    /// Whether a person merged the two after that decision.
    fn merged_later(&self, one: NameIx, other: NameIx, than: Arrival) -> bool {
        let merges = |name: NameIx| {
            let sides = self.sides.get(&name).into_iter().flatten();
            sides.filter(|side| side.kind == DecisionKind::Merge && side.decision > than).map(|side| side.decision)
        };
        merges(one).any(|decision| merges(other).any(|same| same == decision))
    }

    /// Notes what a person decides now.
    pub(crate) fn decide(&mut self, name: NameIx, decision: Arrival, kind: DecisionKind, number: i64) {
        let side = Side { identifier: self.names[name].id, decision, kind, number };
        self.sides.entry(name).or_default().push(side);
    }

    /// Gives every member of the customer the side that the customer has in each decision.
    pub(crate) fn take_sides(&mut self, customer: CustomerIx) {
        if self.sides.is_empty() {
            return;
        }
        let members = &self.customers[customer].members;
        let mut held: BTreeMap<Arrival, (DecisionKind, BTreeSet<i64>)> = BTreeMap::new();
        for side in members.iter().filter_map(|name| self.sides.get(name)).flatten() {
            held.entry(side.decision).or_insert((side.kind, BTreeSet::new())).1.insert(side.number);
        }
        for (decision, (kind, numbers)) in held {
            // Who was merged across a decision stands on both of its sides, and whoever comes later on none.
            let (true, Some(&number)) = (numbers.len() == 1 && kind != DecisionKind::Merge, numbers.first()) else {
                continue;
            };
            for &name in &self.customers[customer].members {
                let sides = self.sides.entry(name).or_default();
                if sides.iter().all(|side| side.decision != decision) {
                    let side = Side { identifier: self.names[name].id, decision, kind, number };
                    sides.push(side);
                    self.sides_taken.push(side);
                }
            }
        }
    }

    /// Makes the customers one: the id that was given out first stays.
    pub(crate) fn merge(&mut self, customers: &[CustomerIx]) -> CustomerIx {
        let survivor =
            customers.iter().copied().min_by_key(|&c| self.customers[c].born).expect("a merge of at least one");
        for &absorbed in customers.iter().filter(|&&c| c != survivor) {
            let members = std::mem::take(&mut self.customers[absorbed].members);
            self.customers[absorbed].counts.fill(0);
            self.customers[absorbed].merged_into = Some(survivor);
            self.customers[absorbed].dirty = true;
            for name in members {
                self.names[name].customer = None;
                self.join(name, survivor);
            }
        }
        // A customer that has nothing else keeps a shared identifier. This one has more, unless none of them had.
        let is_shared = |name: &NameIx| self.names[*name].shared_since.is_some();
        let (shared, own): (Vec<NameIx>, Vec<NameIx>) =
            self.customers[survivor].members.iter().partition(|name| is_shared(name));
        if !own.is_empty() {
            shared.into_iter().for_each(|name| self.leave(name));
        }
        survivor
    }

    /// The identifier, to change its figures: both it and its customer will be written.
    pub(crate) fn touch(&mut self, name: NameIx) -> &mut Name {
        if let Some(customer) = self.names[name].customer {
            self.customers[customer].dirty = true;
        }
        let name = &mut self.names[name];
        name.dirty = true;
        name
    }

    /// The id of the customer who holds it.
    pub(crate) fn customer_of(&self, name: NameIx) -> Option<CustomerId> {
        self.names[name].customer.map(|c| self.customers[c].id.clone())
    }

    fn add_name(&mut self, rules: &IdentityRules, identifier: Identifier, new: bool) -> NameIx {
        let ix = self.names.len();
        self.by_key.insert(identifier.key.clone(), ix);
        self.by_id.insert(identifier.id, ix);
        let listed = rules.kind(&identifier.key.kind);
        self.names.push(Name {
            id: identifier.id,
            rank: listed.map(|(rank, _)| rank),
            counts_from: listed.map_or(0, |(_, kind)| kind.counts_from(&identifier.key.value)),
            key: identifier.key,
            customer: None,
            customer_before: None,
            first_seen_at: identifier.first_seen_at,
            last_seen_at: identifier.last_seen_at,
            rollup: identifier.rollup,
            shared_since: identifier.shared_since,
            shared_before: identifier.shared_since.is_some(),
            new,
            dirty: new,
        });
        ix
    }

    fn add_customer(&mut self, rules: &IdentityRules, id: CustomerId, born: Arrival, new: bool) -> CustomerIx {
        let ix = self.customers.len();
        self.by_customer.insert(id.clone(), ix);
        self.customers.push(Person {
            id,
            born,
            members: Vec::new(),
            counts: vec![0; rules.kinds.len()],
            merged_into: None,
            restored: false,
            new,
            dirty: new,
        });
        ix
    }
}

impl Name {
    /// Whether it can hold people together.
    pub(crate) fn binds(&self) -> bool {
        self.rank.is_some() && self.shared_since.is_none()
    }

    /// Whether it lives on a device.
    pub(crate) fn is_device(&self, rules: &IdentityRules) -> bool {
        self.rank.is_some_and(|rank| rules.kinds[rank].device)
    }
}

impl Person {
    /// The sum of the members' figures.
    pub(crate) fn rollup(&self, names: &[Name]) -> Rollup {
        let mut sum = Rollup::default();
        for &member in &self.members {
            sum.add(&names[member].rollup);
        }
        sum
    }
}

/// A kind's name, for messages.
pub(crate) fn kind_name(rules: &IdentityRules, rank: usize) -> &Arc<str> {
    &rules.kinds[rank].name
}
