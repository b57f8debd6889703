//! Identifiers and customers as they stand while a batch is worked through.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::known::Known;
use crate::domain::customer::CustomerId;
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
    seq: i64,
    names_made: u32,
    customers_made: u32,
}

/// An identifier.
pub(crate) struct Name {
    pub(crate) id: IdentifierId,
    pub(crate) key: IdentifierKey,
    /// The kind's place among the rules; `None` when it is not listed.
    pub(crate) rank: Option<usize>,
    pub(crate) customer: Option<CustomerIx>,
    /// The customer who held it when the batch began.
    pub(crate) customer_before: Option<CustomerIx>,
    pub(crate) first_seen_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) rollup: Rollup,
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
    pub(crate) new: bool,
    pub(crate) dirty: bool,
}

impl People {
    pub(crate) fn new(rules: &IdentityRules, known: &Known, seq: i64) -> Self {
        let mut people = People {
            names: Vec::with_capacity(known.identifiers.len()),
            customers: Vec::with_capacity(known.customers.len()),
            by_key: FxHashMap::default(),
            by_id: FxHashMap::default(),
            by_customer: FxHashMap::default(),
            seq,
            names_made: 0,
            customers_made: 0,
        };
        for customer in &known.customers {
            people.add_customer(rules, customer.id.clone(), customer.born, false);
        }
        for identifier in &known.identifiers {
            let customer = identifier.customer.as_ref().and_then(|id| people.by_customer.get(id).copied());
            debug_assert_eq!(customer.is_some(), identifier.customer.is_some(), "a holder that was not read");
            let name = people.add_name(rules, identifier.clone(), false);
            people.names[name].customer_before = customer;
            if let Some(customer) = customer {
                people.join(name, customer);
                people.customers[customer].dirty = false;
            }
        }
        people
    }

    /// The identifier of this key, made when it is new; its times take in `at`.
    pub(crate) fn see(&mut self, rules: &IdentityRules, key: &IdentifierKey, at: Timestamp) -> NameIx {
        let ix = match self.by_key.get(key) {
            Some(&ix) => ix,
            None => {
                let id = Arrival::new(self.seq, self.names_made);
                self.names_made += 1;
                let identifier = Identifier {
                    id,
                    key: key.clone(),
                    first_seen_at: at,
                    last_seen_at: at,
                    customer: None,
                    rollup: Rollup::default(),
                };
                self.add_name(rules, identifier, true)
            }
        };
        let name = &mut self.names[ix];
        if at < name.first_seen_at || at > name.last_seen_at {
            name.first_seen_at = name.first_seen_at.min(at);
            name.last_seen_at = name.last_seen_at.max(at);
            name.dirty = true;
        }
        ix
    }

    /// An identifier by id, when the store read it.
    pub(crate) fn by_id(&self, id: IdentifierId) -> Option<NameIx> {
        self.by_id.get(&id).copied()
    }

    /// A customer that nobody had.
    pub(crate) fn create(&mut self, rules: &IdentityRules, id: CustomerId) -> CustomerIx {
        let born = Arrival::new(self.seq, self.customers_made);
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
        self.names.push(Name {
            id: identifier.id,
            rank: rules.kind(&identifier.key.kind).map(|(rank, _)| rank),
            key: identifier.key,
            customer: None,
            customer_before: None,
            first_seen_at: identifier.first_seen_at,
            last_seen_at: identifier.last_seen_at,
            rollup: identifier.rollup,
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
            new,
            dirty: new,
        });
        ix
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
