//! The working set: the states of identifiers and customers while a batch is planned.

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

/// An index into [`WorkingSet::identifiers`].
pub(crate) type IdentifierIx = usize;
/// An index into [`WorkingSet::customers`].
pub(crate) type CustomerIx = usize;

/// The states that facts are applied to, one after the other.
pub(crate) struct WorkingSet {
    pub(crate) identifiers: Vec<IdentifierState>,
    pub(crate) customers: Vec<CustomerState>,
    by_key: FxHashMap<IdentifierKey, IdentifierIx>,
    by_id: FxHashMap<IdentifierId, IdentifierIx>,
    by_customer: FxHashMap<CustomerId, CustomerIx>,
    /// The sides of identifiers in decisions.
    sides: FxHashMap<IdentifierIx, Vec<Side>>,
    /// Sides that identifiers took by joining a customer that has one.
    pub(crate) sides_taken: Vec<Side>,
    seq: i64,
    identifiers_made: u32,
    customers_made: u32,
    no_value: Arc<str>,
}

/// The state of an identifier.
pub(crate) struct IdentifierState {
    pub(crate) id: IdentifierId,
    pub(crate) key: IdentifierKey,
    /// The kind's place among the rules; `None` when it is not listed.
    pub(crate) rank: Option<usize>,
    /// The version of the rules from which its evidence counts. Older evidence does not count.
    pub(crate) counts_from: i64,
    pub(crate) customer: Option<CustomerIx>,
    /// The customer when the batch began.
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

/// The state of a customer.
pub(crate) struct CustomerState {
    pub(crate) id: CustomerId,
    pub(crate) created_seq: Arrival,
    pub(crate) members: Vec<IdentifierIx>,
    /// The number of members of each listed kind.
    pub(crate) counts: Vec<usize>,
    pub(crate) merged_into: Option<CustomerIx>,
    /// Whether it was merged before this batch and is a customer again.
    pub(crate) restored: bool,
    pub(crate) new: bool,
    pub(crate) dirty: bool,
}

impl WorkingSet {
    /// Without identifiers.
    pub(crate) fn bare(rules: &IdentityRules) -> Self {
        WorkingSet::new(rules, &Known::default(), 0)
    }

    /// A working set of the known rows. Identifiers are in the order in which they were first seen, for any order of a
    /// store's rows. So both stores get the same plan.
    pub(crate) fn new(rules: &IdentityRules, known: &Known, seq: i64) -> Self {
        let mut working_set = WorkingSet {
            identifiers: Vec::with_capacity(known.identifiers.len()),
            customers: Vec::with_capacity(known.customers.len()),
            by_key: FxHashMap::default(),
            by_id: FxHashMap::default(),
            by_customer: FxHashMap::default(),
            sides: FxHashMap::default(),
            sides_taken: Vec::new(),
            seq,
            identifiers_made: 0,
            customers_made: 0,
            no_value: "".into(),
        };
        let mut customers: Vec<&KnownCustomer> = known.customers.iter().collect();
        customers.sort_unstable_by_key(|customer| customer.created_seq);
        for customer in customers {
            working_set.add_customer(rules, customer.id.clone(), customer.created_seq, false);
        }
        let mut identifiers: Vec<&Identifier> = known.identifiers.iter().collect();
        identifiers.sort_unstable_by_key(|identifier| identifier.id);
        for identifier in identifiers {
            let customer = identifier.customer.as_ref().and_then(|id| working_set.by_customer.get(id).copied());
            debug_assert_eq!(customer.is_some(), identifier.customer.is_some(), "a holder that was not read");
            let ix = working_set.add_identifier(rules, identifier.clone(), false);
            working_set.identifiers[ix].customer_before = customer;
            if let Some(customer) = customer {
                working_set.join(ix, customer);
                working_set.customers[customer].dirty = false;
            }
        }
        for side in &known.sides {
            if let Some(ix) = working_set.by_id(side.identifier) {
                working_set.sides.entry(ix).or_default().push(*side);
            }
        }
        working_set
    }

    /// The identifier with this key, added when it is new. Its times are widened by the given ones.
    pub(crate) fn see(
        &mut self,
        rules: &IdentityRules,
        key: &IdentifierKey,
        (first, last): (Timestamp, Timestamp),
    ) -> IdentifierIx {
        let ix = match self.by_key.get(key) {
            Some(&ix) => ix,
            None => {
                let id = Arrival::new(self.seq, self.identifiers_made);
                self.identifiers_made += 1;
                let identifier = Identifier {
                    id,
                    key: key.clone(),
                    first_seen_at: first,
                    last_seen_at: last,
                    customer: None,
                    rollup: Rollup::default(),
                    shared_since: None,
                };
                self.add_identifier(rules, identifier, true)
            }
        };
        let state = &mut self.identifiers[ix];
        if first < state.first_seen_at || last > state.last_seen_at {
            state.first_seen_at = state.first_seen_at.min(first);
            state.last_seen_at = state.last_seen_at.max(last);
            state.dirty = true;
        }
        ix
    }

    /// An identifier by id, if it is known.
    pub(crate) fn by_id(&self, id: IdentifierId) -> Option<IdentifierIx> {
        self.by_id.get(&id).copied()
    }

    /// Adds an identifier of another working set, without its customer.
    pub(crate) fn take_over(&mut self, rules: &IdentityRules, state: &IdentifierState) -> IdentifierIx {
        let identifier = Identifier {
            id: state.id,
            key: state.key.clone(),
            first_seen_at: state.first_seen_at,
            last_seen_at: state.last_seen_at,
            customer: None,
            rollup: Rollup::default(),
            shared_since: state.shared_since,
        };
        self.add_identifier(rules, identifier, false)
    }

    /// Adds an identifier by its kind alone: a replay needs no values. Evidence before the version `counts_from` does not
    /// count.
    pub(crate) fn enlist(
        &mut self,
        rules: &IdentityRules,
        id: IdentifierId,
        kind: &Arc<str>,
        counts_from: i64,
    ) -> IdentifierIx {
        let rank = rules.kind(kind).map(|(rank, _)| rank);
        let kind = rank.map_or(kind, |rank| kind_name(rules, rank)).clone();
        let ix = self.identifiers.len();
        self.by_id.insert(id, ix);
        self.identifiers.push(IdentifierState {
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

    /// Whether a customer with this id is known and is not merged.
    pub(crate) fn lives(&self, id: &CustomerId) -> bool {
        self.by_customer.get(id).is_some_and(|&customer| self.customers[customer].merged_into.is_none())
    }

    /// A customer by id, if it is known.
    pub(crate) fn by_customer(&self, id: &CustomerId) -> Option<CustomerIx> {
        self.by_customer.get(id).copied()
    }

    /// An identifier by key, if it is known.
    pub(crate) fn by_key(&self, key: &IdentifierKey) -> Option<IdentifierIx> {
        self.by_key.get(key).copied()
    }

    /// The identifier as it is now.
    pub(crate) fn identifier(&self, ix: IdentifierIx) -> Identifier {
        let customer = self.customer_of(ix);
        let state = &self.identifiers[ix];
        Identifier {
            id: state.id,
            key: state.key.clone(),
            first_seen_at: state.first_seen_at,
            last_seen_at: state.last_seen_at,
            customer,
            rollup: state.rollup.clone(),
            shared_since: state.shared_since,
        }
    }

    /// Adds a new customer.
    pub(crate) fn create(&mut self, rules: &IdentityRules, id: CustomerId) -> CustomerIx {
        // Not `Arrival::new`: a replay makes more customers than a batch can hold, and only their order counts.
        let created_seq = Arrival((self.seq << 20) + i64::from(self.customers_made));
        self.customers_made += 1;
        self.add_customer(rules, id, created_seq, true)
    }

    /// Makes the identifier a member.
    pub(crate) fn join(&mut self, ix: IdentifierIx, customer: CustomerIx) {
        debug_assert!(self.identifiers[ix].customer.is_none(), "an identifier of two customers");
        self.identifiers[ix].customer = Some(customer);
        let customer_state = &mut self.customers[customer];
        customer_state.members.push(ix);
        customer_state.dirty = true;
        if let Some(rank) = self.identifiers[ix].rank {
            customer_state.counts[rank] += 1;
        }
    }

    /// Takes the identifier from its customer.
    pub(crate) fn leave(&mut self, ix: IdentifierIx) {
        let Some(customer) = self.identifiers[ix].customer.take() else { return };
        let customer_state = &mut self.customers[customer];
        customer_state.members.retain(|&member| member != ix);
        customer_state.dirty = true;
        if let Some(rank) = self.identifiers[ix].rank {
            customer_state.counts[rank] -= 1;
        }
    }

    /// Brings back a customer that was merged, in this batch or before.
    pub(crate) fn restore(&mut self, rules: &IdentityRules, id: &CustomerId, created_seq: Arrival) -> CustomerIx {
        if let Some(&customer) = self.by_customer.get(id) {
            self.customers[customer].merged_into = None;
            return customer;
        }
        let customer = self.add_customer(rules, id.clone(), created_seq, false);
        self.customers[customer].restored = true;
        self.customers[customer].dirty = true;
        customer
    }

    /// Whether a decision keeps one of `ours` apart from one of `theirs`, and no later decision merges the two.
    pub(crate) fn kept_apart(&self, ours: &[IdentifierIx], theirs: &[IdentifierIx]) -> bool {
        if self.sides.is_empty() {
            return false;
        }
        let sides = |ix: &IdentifierIx| self.sides.get(ix).into_iter().flatten();
        // By decision, since a large customer may have sides in many decisions.
        let mut parted: FxHashMap<Arrival, Vec<(IdentifierIx, i64)>> = FxHashMap::default();
        for &ix in theirs {
            for side in sides(&ix).filter(|side| side.kind != DecisionKind::Merge) {
                parted.entry(side.decision).or_default().push((ix, side.number));
            }
        }
        if parted.is_empty() {
            return false;
        }
        ours.iter().any(|&ix| {
            sides(&ix).any(|mine| {
                let others = parted.get(&mine.decision).into_iter().flatten();
                let mut other_sides = others.filter(|(_, number)| *number != mine.number);
                other_sides.any(|(other, _)| !self.merged_later(ix, *other, mine.decision))
            })
        })
    }

    /// Whether it has a side in a decision.
    pub(crate) fn is_decided(&self, ix: IdentifierIx) -> bool {
        self.sides.contains_key(&ix)
    }

    /// Whether a later decision merges the two.
    fn merged_later(&self, one: IdentifierIx, other: IdentifierIx, than: Arrival) -> bool {
        let merges = |ix: IdentifierIx| {
            let sides = self.sides.get(&ix).into_iter().flatten();
            sides.filter(|side| side.kind == DecisionKind::Merge && side.decision > than).map(|side| side.decision)
        };
        merges(one).any(|decision| merges(other).any(|same| same == decision))
    }

    /// Adds a side in a decision.
    pub(crate) fn decide(&mut self, ix: IdentifierIx, decision: Arrival, kind: DecisionKind, number: i64) {
        let side = Side { identifier: self.identifiers[ix].id, decision, kind, number };
        self.sides.entry(ix).or_default().push(side);
    }

    /// Gives every member of the customer the side that the customer has in each decision.
    pub(crate) fn take_sides(&mut self, customer: CustomerIx) {
        if self.sides.is_empty() {
            return;
        }
        let members = &self.customers[customer].members;
        let mut held: BTreeMap<Arrival, (DecisionKind, BTreeSet<i64>)> = BTreeMap::new();
        for side in members.iter().filter_map(|ix| self.sides.get(ix)).flatten() {
            held.entry(side.decision).or_insert((side.kind, BTreeSet::new())).1.insert(side.number);
        }
        for (decision, (kind, numbers)) in held {
            // A customer that was merged across a decision has both sides; an identifier that joins later takes none.
            let (true, Some(&number)) = (numbers.len() == 1 && kind != DecisionKind::Merge, numbers.first()) else {
                continue;
            };
            for &ix in &self.customers[customer].members {
                let sides = self.sides.entry(ix).or_default();
                if sides.iter().all(|side| side.decision != decision) {
                    let side = Side { identifier: self.identifiers[ix].id, decision, kind, number };
                    sides.push(side);
                    self.sides_taken.push(side);
                }
            }
        }
    }

    /// Merges the customers into the one that was created first.
    pub(crate) fn merge(&mut self, customers: &[CustomerIx]) -> CustomerIx {
        let survivor =
            customers.iter().copied().min_by_key(|&c| self.customers[c].created_seq).expect("a merge of at least one");
        for &absorbed in customers.iter().filter(|&&c| c != survivor) {
            let members = std::mem::take(&mut self.customers[absorbed].members);
            self.customers[absorbed].counts.fill(0);
            self.customers[absorbed].merged_into = Some(survivor);
            self.customers[absorbed].dirty = true;
            for ix in members {
                self.identifiers[ix].customer = None;
                self.join(ix, survivor);
            }
        }
        // Only a customer without other identifiers keeps a shared one.
        let is_shared = |ix: &IdentifierIx| self.identifiers[*ix].shared_since.is_some();
        let (shared, own): (Vec<IdentifierIx>, Vec<IdentifierIx>) =
            self.customers[survivor].members.iter().partition(|ix| is_shared(ix));
        if !own.is_empty() {
            shared.into_iter().for_each(|ix| self.leave(ix));
        }
        survivor
    }

    /// The identifier, for a change of its figures. It will be written, and its customer too.
    pub(crate) fn touch(&mut self, ix: IdentifierIx) -> &mut IdentifierState {
        if let Some(customer) = self.identifiers[ix].customer {
            self.customers[customer].dirty = true;
        }
        let state = &mut self.identifiers[ix];
        state.dirty = true;
        state
    }

    /// The id of its customer.
    pub(crate) fn customer_of(&self, ix: IdentifierIx) -> Option<CustomerId> {
        self.identifiers[ix].customer.map(|c| self.customers[c].id.clone())
    }

    fn add_identifier(&mut self, rules: &IdentityRules, identifier: Identifier, new: bool) -> IdentifierIx {
        let ix = self.identifiers.len();
        self.by_key.insert(identifier.key.clone(), ix);
        self.by_id.insert(identifier.id, ix);
        let listed = rules.kind(&identifier.key.kind);
        self.identifiers.push(IdentifierState {
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

    fn add_customer(&mut self, rules: &IdentityRules, id: CustomerId, created_seq: Arrival, new: bool) -> CustomerIx {
        let ix = self.customers.len();
        self.by_customer.insert(id.clone(), ix);
        self.customers.push(CustomerState {
            id,
            created_seq,
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

impl IdentifierState {
    /// Whether it can join identifiers to one customer.
    pub(crate) fn binds(&self) -> bool {
        self.rank.is_some() && self.shared_since.is_none()
    }

    /// Whether it lives on a device.
    pub(crate) fn is_device(&self, rules: &IdentityRules) -> bool {
        self.rank.is_some_and(|rank| rules.kinds[rank].device)
    }
}

impl CustomerState {
    /// The sum of the members' figures.
    pub(crate) fn rollup(&self, identifiers: &[IdentifierState]) -> Rollup {
        let mut sum = Rollup::default();
        for &member in &self.members {
            sum.add(&identifiers[member].rollup);
        }
        sum
    }
}

/// A kind's name, for messages.
pub(crate) fn kind_name(rules: &IdentityRules, rank: usize) -> &Arc<str> {
    &rules.kinds[rank].name
}
