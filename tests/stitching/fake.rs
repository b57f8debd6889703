//! A store in memory that holds what a planner needs and believes nothing: every plan that
//! contradicts what it holds fails the test.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use throughline::domain::claim::Claim;
use throughline::domain::consent::{Consent, ConsentGiven};
use throughline::domain::customer::CustomerId;
use throughline::domain::fact::Fact;
use throughline::domain::identifier::Identifier;
use throughline::domain::order::{Order, OrderEvent, OrderKey};
use throughline::domain::rollup::Rollup;
use throughline::domain::rules::IdentityRules;
use throughline::domain::touchpoint::{Direction, Touchpoint};
use throughline::domain::{Arrival, IdentifierId, IdentifierKey, Timestamp};
use throughline::stitching::batch::SetName;
use throughline::stitching::known::KnownCustomer;
use throughline::stitching::plan::CustomerRow;
use throughline::stitching::{Batch, Known, Plan, plan};

/// What was planned so far.
#[derive(Default)]
pub(crate) struct FakeStore {
    seq: i64,
    ids_given: u64,
    /// How many customers the plans say there are.
    pub(crate) live: i64,
    pub(crate) identifiers: BTreeMap<IdentifierId, Identifier>,
    by_key: HashMap<IdentifierKey, IdentifierId>,
    /// The rows of customers that were not merged away.
    pub(crate) customers: BTreeMap<CustomerId, CustomerRow>,
    born: HashMap<CustomerId, Arrival>,
    messages: HashMap<Arc<str>, IdentifierId>,
    evidence: HashSet<(SetName, Arc<str>)>,
    orders: HashMap<OrderKey, Vec<OrderEvent>>,
    claims: BTreeMap<Arrival, Claim>,
    consents: HashMap<Arrival, Arc<Consent>>,
    gave: BTreeSet<(IdentifierId, Arrival)>,
    touchpoints: Vec<Touchpoint>,
}

impl FakeStore {
    /// Takes facts in batches of these sizes, over and over.
    pub(crate) fn take(&mut self, rules: &IdentityRules, facts: &[Fact], sizes: &[usize]) {
        let mut sizes = sizes.iter().copied().cycle();
        let mut rest = facts;
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
            rest = later;
            self.apply(rules, &Batch { facts: batch.to_vec() });
        }
    }

    /// Plans a batch and keeps what the plan says.
    pub(crate) fn apply(&mut self, rules: &IdentityRules, batch: &Batch) -> Plan {
        let known = self.known(batch);
        let mut given = self.ids_given;
        let mut new_id = || {
            given += 1;
            CustomerId(format!("{given:032}").into())
        };
        let plan = plan(rules, &known, batch, self.seq + 1, Timestamp(0), &mut new_id);
        self.ids_given = given;
        if !plan.is_empty() {
            self.keep(&plan);
        }
        plan
    }

    /// What a batch may touch, as `Known` says: no more, so that a planner that needs more is found out.
    fn known(&self, batch: &Batch) -> Known {
        let mut known = Known::default();
        for id in batch.messages() {
            if let Some(owner) = self.messages.get(id) {
                known.messages.insert(id.clone(), self.identifiers[owner].customer.clone());
            }
        }
        let mut ids: BTreeSet<IdentifierId> =
            batch.identifiers().into_iter().filter_map(|key| self.by_key.get(key).copied()).collect();
        for key in batch.orders() {
            if let Some(events) = self.orders.get(key) {
                ids.extend(Order::fold(key.clone(), events.clone()).placed.map(|p| p.owner));
                known.orders.insert(key.clone(), events.clone());
            }
        }
        let holders: BTreeSet<CustomerId> = ids.iter().filter_map(|id| self.identifiers[id].customer.clone()).collect();
        let held = |i: &&Identifier| i.customer.as_ref().is_some_and(|c| holders.contains(c));
        known.identifiers.extend(self.identifiers.values().filter(|i| ids.contains(&i.id) || held(i)).cloned());
        known.customers.extend(holders.iter().map(|id| KnownCustomer { id: id.clone(), born: self.born[id] }));
        let sets = batch.sets();
        known.evidence.extend(self.evidence.iter().filter(|(set, _)| sets.contains(set)).cloned());
        let named = |keys: BTreeSet<&IdentifierKey>| -> BTreeSet<IdentifierId> {
            keys.into_iter().filter_map(|key| self.by_key.get(key).copied()).collect()
        };
        let claimants = named(batch.claimants());
        known.claims.extend(self.claims.values().filter(|c| claimants.contains(&c.owner)).cloned());
        if !batch.consenters().is_empty() {
            let read: BTreeSet<IdentifierId> = known.identifiers.iter().map(|i| i.id).collect();
            let gave = self.gave.iter().filter(|(holder, _)| read.contains(holder));
            known.consents.extend(gave.map(|(identifier, consent)| ConsentGiven {
                identifier: *identifier,
                consent: self.consents[consent].clone(),
            }));
        }
        known
    }

    fn keep(&mut self, plan: &Plan) {
        assert_eq!(plan.seq, self.seq + 1);
        self.seq = plan.seq;
        self.live += plan.customers_delta;
        for row in &plan.customers {
            assert_eq!(row.new, self.born.insert(row.id.clone(), row.born).is_none(), "{row:?}");
            self.customers.insert(row.id.clone(), row.clone());
        }
        let mut moved = HashSet::new();
        for row in &plan.identifiers {
            let i = &row.identifier;
            let before = self.by_key.insert(i.key.clone(), i.id);
            assert_eq!(before, (!row.new).then_some(i.id), "an identifier is made once");
            let customer = self.identifiers.get(&i.id).and_then(|i| i.customer.clone());
            // Who holds it is said by the membership below, and must agree.
            self.identifiers.insert(i.id, Identifier { customer, ..i.clone() });
        }
        for row in &plan.memberships {
            assert!(moved.insert(row.identifier), "an identifier goes to two customers");
            let identifier = self.identifiers.get_mut(&row.identifier).expect("an identifier that is there");
            assert_eq!(identifier.customer, row.from, "it was held by whom the plan says");
            identifier.customer = Some(row.to.clone());
        }
        for row in &plan.identifiers {
            assert_eq!(self.identifiers[&row.identifier.id].customer, row.identifier.customer);
        }
        for row in &plan.merged {
            assert!(self.born[&row.into] < self.born[&row.from], "the id that was given out first stays");
            assert!(self.customers.remove(&row.from).is_some(), "a customer is merged away once");
        }
        for row in &plan.messages {
            assert!(self.messages.insert(row.id.clone(), row.owner).is_none(), "a message is stored once");
        }
        for row in &plan.evidence {
            assert!(self.evidence.insert((row.set.clone(), row.outcomes.clone())), "evidence is kept when new");
        }
        self.orders.extend(plan.orders.iter().map(|order| (order.key.clone(), order.events.clone())));
        self.touchpoints.extend(plan.touchpoints.iter().cloned());
        for closed in &plan.claims_closed {
            assert!(self.claims.remove(closed).is_some(), "a claim is closed once");
        }
        for claim in &plan.claims_opened {
            assert!(self.claims.insert(claim.arrival, claim.clone()).is_none());
        }
        self.consents.extend(plan.consents.iter().map(|c| (c.arrival, Arc::new(c.clone()))));
        for taken in &plan.consents_taken {
            assert!(self.gave.remove(taken), "a decision is taken from who holds it");
        }
        for given in &plan.consents_given {
            assert!(self.gave.insert(*given), "a decision is given once");
        }
    }

    /// The identifiers of each customer, by key.
    pub(crate) fn partition(&self) -> BTreeSet<BTreeSet<String>> {
        let mut sets: BTreeMap<&CustomerId, BTreeSet<String>> = BTreeMap::new();
        for identifier in self.identifiers.values() {
            if let Some(customer) = &identifier.customer {
                sets.entry(customer).or_default().insert(identifier.key.to_string());
            }
        }
        sets.into_values().collect()
    }

    /// How many times each claim was said: what is stored, whatever the order it came in.
    pub(crate) fn claims_said(&self) -> BTreeMap<String, (Timestamp, Timestamp, i64)> {
        let name = |c: &Claim| format!("{} {} {}", self.identifiers[&c.owner].key, c.name, c.value.get());
        self.claims.values().map(|c| (name(c), (c.first_at, c.at, c.count))).collect()
    }

    /// The figures of each identifier, counted again from the rows.
    pub(crate) fn recount(&self) -> BTreeMap<IdentifierId, Rollup> {
        let mut sums: BTreeMap<IdentifierId, Rollup> =
            self.identifiers.keys().map(|id| (*id, Rollup::default())).collect();
        for t in &self.touchpoints {
            let sum = sums.entry(t.owner).or_default().channels.entry(t.fact.channel.clone()).or_default();
            sum.last_at = if sum.touchpoints == 0 { t.at } else { sum.last_at.max(t.at) };
            sum.touchpoints += 1;
            sum.answered += i64::from(t.fact.direction == Direction::Inbound);
            sum.sent += i64::from(&*t.fact.kind == "message_sent" && t.fact.direction == Direction::Outbound);
        }
        for (key, events) in &self.orders {
            let order = Order::fold(key.clone(), events.clone());
            if let Some((owner, currency, part)) = order.figures() {
                sums.entry(owner).or_default().count_order(currency, &part, 1);
            }
        }
        sums
    }
}
