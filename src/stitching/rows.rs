//! The rows of a plan, and how the final rows are made from the working set.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::batch::SetName;
use super::visits::Pending;
use super::working_set::{CustomerIx, WorkingSet};
use crate::domain::change::{ChangeEntry, IdentityEvent};
use crate::domain::claim::Claim;
use crate::domain::consent::Consent;
use crate::domain::customer::CustomerId;
use crate::domain::decision::{Decision, Side};
use crate::domain::device::DeviceFact;
use crate::domain::identifier::Identifier;
use crate::domain::link::Link;
use crate::domain::money::Currency;
use crate::domain::order::{Order, OrderKey};
use crate::domain::product::{Product, ProductActed};
use crate::domain::rollup::MoneyRollup;
use crate::domain::rules::IdentityRules;
use crate::domain::touchpoint::{Direction, Touchpoint};
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// The rows to write, in one transaction, with the change number `seq`.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The batch's change number.
    pub seq: i64,
    /// When it is committed.
    pub at: Timestamp,
    /// One per fact, in order.
    pub outcomes: Vec<Outcome>,
    /// Every new message, touchpoints included.
    pub messages: Vec<MessageRow>,
    /// Identifiers that are new or whose figures or times changed, whole.
    pub identifiers: Vec<IdentifierRow>,
    /// The first and the last time at which identifiers were seen in events that left them no touchpoint and no link. A
    /// view as of a moment finds all other times there.
    pub seen_alone: BTreeMap<IdentifierId, (Timestamp, Timestamp)>,
    /// Identifiers that have another customer.
    pub memberships: Vec<MembershipRow>,
    /// Customers that are new or changed in anything that a view of them shows, with all columns; without merged
    /// customers.
    pub customers: Vec<CustomerRow>,
    /// Former customers that are customers again; to be written before `merged`.
    pub restored: Vec<CustomerId>,
    /// Customers that are merged. Their figures are deleted; their ids stay for ever.
    pub merged: Vec<MergeRow>,
    /// New decisions of people.
    pub decisions: Vec<Decision>,
    /// Sides that identifiers take when they join a customer with these sides.
    pub sides: Vec<Side>,
    /// Pairs seen together: times are widened, counts are added, the other columns stay as in the first row.
    pub links: Vec<LinkRow>,
    /// New sets and new outcomes.
    pub evidence: Vec<EvidenceRow>,
    /// New touchpoints.
    pub touchpoints: Vec<Touchpoint>,
    /// Touchpoints with a new owner.
    pub owner_reassignments: Vec<OwnerReassignment>,
    /// Ranges of visits on shared devices that must be assigned again.
    pub pending: Vec<Pending>,
    /// Stored identifiers of people that have another customer now. Visits on shared devices in which they were signed
    /// in must be assigned again.
    pub reassigned: Vec<IdentifierId>,
    /// Devices that were seen: times are widened, identifiers added.
    pub devices: Vec<DeviceRow>,
    /// Products that were named. A field that is `None` stays as it is.
    pub products: Vec<Product>,
    /// New acts about products.
    pub product_acts: Vec<ProductActed>,
    /// Orders with new events, whole.
    pub orders: Vec<Order>,
    /// Claims that are replaced by a later claim.
    pub claims_closed: Vec<Arrival>,
    /// New claims.
    pub claims_opened: Vec<Claim>,
    /// New consents.
    pub consents: Vec<Consent>,
    /// Identifiers that get a consent: `(identifier, arrival of the consent)`.
    pub consents_given: Vec<(IdentifierId, Arrival)>,
    /// Identifiers that lose a consent; to be written after `consents_given`, since some of these end at once.
    pub consents_taken: Vec<(IdentifierId, Arrival)>,
    /// New lines of identity histories.
    pub identity_events: Vec<IdentityEvent>,
    /// The change log's entries.
    pub entries: Vec<ChangeEntry>,
    /// The change of the number of customers.
    pub customers_delta: i64,
    /// The last message about each order, for the log.
    pub(crate) order_messages: FxHashMap<OrderKey, Arc<str>>,
}

impl Plan {
    /// Records an event that has only a time for this identifier.
    pub(crate) fn see_alone(&mut self, identifier: IdentifierId, at: Timestamp) {
        let (first, last) = self.seen_alone.entry(identifier).or_insert((at, at));
        (*first, *last) = ((*first).min(at), (*last).max(at));
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.decisions.is_empty()
    }
}

/// An oddity of a fact with regard to stored data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// It is about an order that has not arrived yet, and waits for this order.
    pub waits: bool,
    /// A refund does not count, since its currency differs from the order's currency. This fact is the later of the
    /// two.
    pub other_currency: bool,
    /// The order has too many events, so this event does not count.
    pub order_full: bool,
    /// Its owner has touchpoints on too many channels, so this one is on `other`.
    pub too_many_channels: bool,
    /// Its customer has consents for too many purposes, so a consent for a new purpose is left out.
    pub too_many_consents: bool,
}

/// The outcome of one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored.
    Created {
        /// The customer of its owner; `None` when its identifiers have none.
        customer: Option<CustomerId>,
        /// Its oddities with regard to stored data.
        heard: Heard,
    },
    /// It was stored before.
    Unchanged {
        /// The present customer of its owner.
        customer: Option<CustomerId>,
    },
    /// An identifier of it is of an erased person, and suppressed; nothing of it is stored.
    Suppressed,
    /// The store refused it; nothing of it is stored.
    Refused {
        /// The reason, in words without a value.
        reason: String,
    },
}

/// A message.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// Its place.
    pub arrival: Arrival,
    /// Its id.
    pub id: Arc<str>,
    /// Its owner: the strongest accepted identifier.
    pub owner: IdentifierId,
}

/// An identifier.
#[derive(Clone, Debug)]
pub struct IdentifierRow {
    /// As it is now.
    pub identifier: Identifier,
    /// Whether it is new.
    pub new: bool,
}

/// An identifier that has another customer.
#[derive(Clone, Debug)]
pub struct MembershipRow {
    /// The identifier.
    pub identifier: IdentifierId,
    /// The customer before.
    pub from: Option<CustomerId>,
    /// The customer now; `None` when it is shared.
    pub to: Option<CustomerId>,
}

/// A customer's own row.
#[derive(Clone, Debug)]
pub struct CustomerRow {
    /// Its id.
    pub id: CustomerId,
    /// When its id was created.
    pub created_seq: Arrival,
    /// Whether it is new.
    pub new: bool,
    /// The earliest time at which its identifiers were seen. This is also its creation time.
    pub first_seen_at: Timestamp,
    /// The largest.
    pub last_seen_at: Timestamp,
    /// Orders that are not cancelled.
    pub order_count: i64,
    /// Channels of its touchpoints, sorted.
    pub channels: Vec<Arc<str>>,
    /// Its money by currency.
    pub spend: BTreeMap<Currency, MoneyRollup>,
}

/// A customer that was merged.
#[derive(Clone, Debug)]
pub struct MergeRow {
    /// The merged one.
    pub from: CustomerId,
    /// The surviving one.
    pub into: CustomerId,
}

/// A set of identifiers with the outcome of each.
#[derive(Clone, Debug)]
pub struct EvidenceRow {
    /// Its place.
    pub arrival: Arrival,
    /// The set's name.
    pub set: SetName,
    /// The set, strongest first as the event had it.
    pub identifiers: Vec<IdentifierId>,
    /// A letter for each: `a` accepted, `r` refused, `s` shared.
    pub outcomes: Arc<str>,
    /// The message.
    pub message_id: Arc<str>,
    /// Its source.
    pub source: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// The rules it was stitched by.
    pub rules_version: i64,
}

/// A pair that was seen together.
#[derive(Clone, Debug)]
pub struct LinkRow {
    /// The link.
    pub link: Link,
    /// Whether its count covers all events, so that the larger count is kept. Otherwise the count is added.
    pub all: bool,
}

/// A device that was seen.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// The description in the latest event.
    pub fact: DeviceFact,
    /// The smallest time in the batch.
    pub first_seen_at: Timestamp,
    /// The largest.
    pub last_seen_at: Timestamp,
    /// Its identifiers, each with the times when it was seen there.
    pub identifiers: BTreeMap<IdentifierId, SeenOn>,
}

/// When an identifier was seen on a device: the smallest and the largest time in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenOn {
    /// Of all events.
    pub times: (Timestamp, Timestamp),
    /// The times of events without a touchpoint of the identifier.
    pub alone: Option<(Timestamp, Timestamp)>,
}

impl SeenOn {
    /// In one event.
    pub(crate) fn once(at: Timestamp, alone: bool) -> Self {
        SeenOn { times: (at, at), alone: alone.then_some((at, at)) }
    }

    /// In these events, too.
    pub(crate) fn add(&mut self, other: &SeenOn) {
        let wider = |(a, b): (Timestamp, Timestamp), (c, d): (Timestamp, Timestamp)| (a.min(c), b.max(d));
        self.times = wider(self.times, other.times);
        self.alone = match (self.alone, other.alone) {
            (Some(one), Some(other)) => Some(wider(one, other)),
            (one, other) => one.or(other),
        };
    }
}

/// A touchpoint with a new owner.
#[derive(Clone, Debug)]
pub struct OwnerReassignment {
    /// The touchpoint with its old owner.
    pub touchpoint: Touchpoint,
    /// The change since which it had the old owner.
    pub since: i64,
    /// The device identifier of the touchpoint.
    pub device: IdentifierId,
    /// The new owner: the identifier that was signed in, or the device identifier again.
    pub to: IdentifierId,
}

impl OwnerReassignment {
    /// The device identifier, which a touchpoint keeps while another identifier owns it.
    pub fn device_identifier(&self) -> Option<IdentifierId> {
        (self.to != self.device).then_some(self.device)
    }
}

impl Plan {
    /// Adds the final rows of identifiers, customers and visits.
    pub(crate) fn finish(&mut self, rules: &IdentityRules, working_set: &mut WorkingSet) {
        mark_changed(working_set, self);
        for customer in 0..working_set.customers.len() {
            if working_set.customers[customer].dirty {
                working_set.take_sides(customer);
            }
        }
        self.sides = std::mem::take(&mut working_set.sides_taken);
        write_people(working_set, self);
        note_visits(rules, working_set, self);
    }
}

/// Marks the customers of all attached rows that change, also where no figure changes: a customer's row is written, and its
/// version raised, with everything that a view of the customer shows.
fn mark_changed(working_set: &mut WorkingSet, plan: &Plan) {
    let consents = plan.consents_given.iter().chain(&plan.consents_taken).map(|(identifier, _)| *identifier);
    let claims = plan.claims_opened.iter().map(|claim| claim.owner);
    let orders = plan.orders.iter().filter_map(|order| order.placed.map(|placed| placed.owner));
    let touchpoints = plan.touchpoints.iter().map(|touchpoint| touchpoint.owner);
    let devices = plan.devices.iter().flat_map(|device| device.identifiers.keys().copied());
    let owners = consents.chain(claims).chain(orders).chain(touchpoints).chain(devices);
    let customer_of = |owner| working_set.identifiers[working_set.by_id(owner)?].customer;
    let customers: Vec<CustomerIx> = owners.filter_map(customer_of).collect();
    for customer in customers {
        working_set.customers[customer].dirty = true;
    }
}

/// The visits that must be assigned again: around new touchpoints of shared devices, all visits of a device whose
/// shared flag changes, and visits in which a reassigned identifier was signed in.
fn note_visits(rules: &IdentityRules, working_set: &WorkingSet, plan: &mut Plan) {
    let mut moments: BTreeMap<IdentifierId, Vec<Timestamp>> = BTreeMap::new();
    let shared = working_set.identifiers.iter().any(|state| state.shared_since.is_some());
    for touchpoint in plan.touchpoints.iter().filter(|t| shared && t.fact.direction == Direction::Inbound) {
        let device = working_set.by_id(touchpoint.device_identifier.unwrap_or(touchpoint.owner));
        if let Some(device) = device.map(|ix| &working_set.identifiers[ix])
            && device.shared_since.is_some()
        {
            moments.entry(device.id).or_default().push(touchpoint.at);
        }
    }
    for state in working_set.identifiers.iter().filter(|state| state.shared_since.is_some() != state.shared_before) {
        moments.remove(&state.id);
        plan.pending.push(Pending::whole(state.id));
    }
    plan.pending.extend(moments.into_iter().flat_map(|(device, moments)| Pending::around(device, moments)));
    let moved = plan.memberships.iter().filter_map(|row| working_set.by_id(row.identifier));
    let moved = moved.map(|ix| &working_set.identifiers[ix]).filter(|state| !state.new && !state.is_device(rules));
    plan.reassigned.extend(moved.map(|state| state.id));
}

/// The rows of identifiers, memberships and customers that differ from the beginning of the batch.
fn write_people(working_set: &WorkingSet, plan: &mut Plan) {
    let id_of = |c: CustomerIx| working_set.customers[c].id.clone();
    for (ix, state) in working_set.identifiers.iter().enumerate() {
        if state.dirty {
            plan.identifiers.push(IdentifierRow { identifier: working_set.identifier(ix), new: state.new });
        }
        if state.customer != state.customer_before {
            plan.memberships.push(MembershipRow {
                identifier: state.id,
                from: state.customer_before.map(id_of),
                to: state.customer.map(id_of),
            });
        }
    }
    for customer_state in working_set.customers.iter().filter(|p| p.dirty) {
        if customer_state.restored {
            plan.restored.push(customer_state.id.clone());
            plan.customers_delta += 1;
        }
        if let Some(into) = customer_state.merged_into {
            plan.merged.push(MergeRow { from: customer_state.id.clone(), into: id_of(into) });
            plan.customers_delta -= 1;
            if customer_state.new || customer_state.restored {
                // Created and merged in one batch: an outcome has the id, so the id is stored.
                plan.customers.push(CustomerRow {
                    new: customer_state.new,
                    ..empty_row(customer_state.id.clone(), customer_state.created_seq)
                });
                plan.customers_delta += i64::from(customer_state.new);
            }
            continue;
        }
        plan.customers_delta += i64::from(customer_state.new);
        let figures = customer_state.rollup(&working_set.identifiers);
        let members = || customer_state.members.iter().map(|&m| &working_set.identifiers[m]);
        plan.customers.push(CustomerRow {
            first_seen_at: members().map(|n| n.first_seen_at).min().unwrap_or_default(),
            last_seen_at: members().map(|n| n.last_seen_at).max().unwrap_or_default(),
            order_count: figures.order_count(),
            channels: figures.channels.into_keys().collect(),
            spend: figures.money,
            ..empty_row(customer_state.id.clone(), customer_state.created_seq)
        });
        if let Some(row) = plan.customers.last_mut() {
            row.new = customer_state.new;
        }
    }
}

fn empty_row(id: CustomerId, created_seq: Arrival) -> CustomerRow {
    CustomerRow {
        id,
        created_seq,
        new: true,
        first_seen_at: Timestamp::default(),
        last_seen_at: Timestamp::default(),
        order_count: 0,
        channels: Vec::new(),
        spend: BTreeMap::new(),
    }
}
