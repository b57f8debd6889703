//! What hangs on identifiers: touchpoints, devices, claims, consents, products and orders of a batch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::known::Known;
use super::people::{NameIx, People};
use super::plan::{DeviceRow, Plan};
use crate::domain::change::ChangeEntry;
use crate::domain::claim::{Claim, ClaimFact, Provenance};
use crate::domain::consent::{Consent, ConsentFact, ConsentGiven, ConsentStatus};
use crate::domain::fact::Fact;
use crate::domain::order::{Order, OrderAct, OrderEvent, OrderKey};
use crate::domain::product::{Product, ProductActed};
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// The name of a claim's row: the same again replaces it.
type ClaimKey = (IdentifierId, Arc<str>, Box<str>, Provenance, Arc<str>);
/// What a consent is about, on one identifier.
type ConsentSlot = (IdentifierId, Arc<str>, Option<Arc<str>>);

/// What a fact turned out to be about an order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heard {
    /// The order is not here yet.
    pub(crate) waits: bool,
    /// A refund of the order is in another currency, and was not known to be before this.
    pub(crate) other_currency: bool,
}

/// The decision an identifier holds in a slot.
#[derive(Clone, Copy)]
struct Held {
    at: Timestamp,
    arrival: Arrival,
    said: (ConsentStatus, Option<Timestamp>),
}

/// Works through a batch's facts and gathers what is to be written into a [`Plan`].
pub(crate) struct History {
    seq: i64,
    claims: FxHashMap<ClaimKey, Claim>,
    claims_made: u32,
    consents: FxHashMap<ConsentSlot, Held>,
    consents_known: FxHashSet<(IdentifierId, Arrival)>,
    consents_made: u32,
    orders: FxHashMap<OrderKey, Vec<OrderEvent>>,
    /// What the batch's orders added to figures before it.
    orders_touched: BTreeSet<OrderKey>,
    /// Orders of the batch with a refund that says its currency.
    refunds_say_currency: FxHashSet<OrderKey>,
    devices: BTreeMap<Arc<str>, DeviceRow>,
    products: BTreeMap<Arc<str>, (Timestamp, Product)>,
}

impl History {
    pub(crate) fn new(known: &Known, seq: i64) -> Self {
        let claims = known.claims.iter().map(|c| (claim_key(c.owner, &c.source, &as_fact(c)), c.clone())).collect();
        let mut consents: FxHashMap<ConsentSlot, Held> = FxHashMap::default();
        let mut consents_known = FxHashSet::default();
        for ConsentGiven { identifier, consent } in &known.consents {
            consents_known.insert((*identifier, consent.arrival));
            let slot = (*identifier, consent.fact.purpose.clone(), consent.fact.channel.clone());
            let held = Held { at: consent.at, arrival: consent.arrival, said: said(&consent.fact) };
            let present = consents.entry(slot).or_insert(held);
            if (held.at, held.arrival) > (present.at, present.arrival) {
                *present = held;
            }
        }
        History {
            seq,
            claims,
            claims_made: 0,
            consents,
            consents_known,
            consents_made: 0,
            orders: known.orders.clone(),
            orders_touched: BTreeSet::new(),
            refunds_say_currency: FxHashSet::default(),
            devices: BTreeMap::new(),
            products: BTreeMap::new(),
        }
    }

    /// Hangs one fact on its owner, the first of `accepted`. Returns what it turned out to be about an order.
    #[expect(clippy::too_many_arguments, reason = "what one fact is about, each of another kind")]
    pub(crate) fn record(
        &mut self,
        people: &mut People,
        plan: &mut Plan,
        fact: &Fact,
        arrival: Arrival,
        accepted: &[NameIx],
        device_names: &[NameIx],
        carrier: Option<NameIx>,
    ) -> Heard {
        let owner = accepted[0];
        let owner_id = people.names[owner].id;
        self.record_touchpoint(people, plan, fact, arrival, owner, carrier);
        self.record_device(people, fact, owner, device_names);
        for claim in &fact.claims {
            self.record_claim(plan, fact, owner_id, claim);
        }
        self.record_consents(people, plan, fact, owner, accepted);
        for product in &fact.products {
            self.record_product(product, fact.at);
        }
        for act in &fact.product_acts {
            self.record_product(&act.product, fact.at);
            plan.product_acts.push(ProductActed {
                owner: owner_id,
                product: act.product.clone(),
                act: act.act,
                quantity: act.quantity,
                at: fact.at,
                arrival,
            });
        }
        self.record_order(fact, arrival, owner_id)
    }

    /// Folds the batch's orders, moves their part in the owners' figures, and hands over the rows
    /// that were gathered by key.
    pub(crate) fn finish(self, people: &mut People, plan: &mut Plan, known: &Known) {
        let mut orders = self.orders;
        for key in self.orders_touched {
            let events = orders.remove(&key).unwrap_or_default();
            let message = plan.order_messages.remove(&key);
            let before = known.orders.get(&key).map(|events| Order::fold(key.clone(), events.clone()));
            let order = Order::fold(key, events);
            for (figures, sign) in [(before.as_ref().and_then(Order::figures), -1), (order.figures(), 1)] {
                if let Some((owner, currency, part)) = figures {
                    let name = people.by_id(owner).expect("the owner of an order of the batch was read");
                    people.touch(name).rollup.count_order(currency, &part, sign);
                }
            }
            if let (Some(placed), Some(message)) = (order.placed, message) {
                let owner = people.by_id(placed.owner).expect("the owner of an order of the batch was read");
                plan.entries.push(ChangeEntry::OrderRecorded {
                    c: people.customer_of(owner),
                    s: order.key.source.clone(),
                    n: order.key.number.clone(),
                    m: message,
                });
            }
            plan.orders.push(order);
        }
        plan.devices = self.devices.into_values().collect();
        plan.products = self.products.into_values().map(|(_, product)| product).collect();
        let closed: FxHashSet<(IdentifierId, Arrival)> = plan.consents_taken.iter().copied().collect();
        plan.consents_given.retain(|given| !closed.contains(given));
        plan.consents_taken.retain(|taken| self.consents_known.contains(taken));
    }

    fn record_touchpoint(
        &mut self,
        people: &mut People,
        plan: &mut Plan,
        fact: &Fact,
        arrival: Arrival,
        owner: NameIx,
        carrier: Option<NameIx>,
    ) {
        let Some(touchpoint) = &fact.touchpoint else { return };
        let name = people.touch(owner);
        name.rollup.count_touchpoint(fact.at, touchpoint, 1);
        let owner_id = name.id;
        plan.entries.push(ChangeEntry::TouchpointRecorded { c: people.customer_of(owner), m: fact.message_id.clone() });
        plan.touchpoints.push(Touchpoint {
            arrival,
            message_id: fact.message_id.clone(),
            at: fact.at,
            owner: owner_id,
            carrier: carrier.map(|name| people.names[name].id),
            source: fact.source.clone(),
            device: fact.device.as_ref().map(|d| d.key.clone()),
            order: fact.order.as_ref().map(|(key, _)| key.clone()),
            fact: touchpoint.clone(),
        });
    }

    fn record_device(&mut self, people: &People, fact: &Fact, owner: NameIx, device_names: &[NameIx]) {
        let Some(device) = &fact.device else { return };
        let row = self.devices.entry(device.key.clone()).or_insert_with(|| DeviceRow {
            fact: device.clone(),
            first_seen_at: fact.at,
            last_seen_at: fact.at,
            identifiers: BTreeSet::new(),
            seen_alone: None,
        });
        if fact.touchpoint.is_none() {
            let (first, last) = row.seen_alone.unwrap_or((fact.at, fact.at));
            row.seen_alone = Some((first.min(fact.at), last.max(fact.at)));
        }
        if fact.at >= row.last_seen_at {
            row.fact = device.clone();
        }
        row.first_seen_at = row.first_seen_at.min(fact.at);
        row.last_seen_at = row.last_seen_at.max(fact.at);
        row.identifiers.insert(people.names[owner].id);
        row.identifiers.extend(device_names.iter().map(|&n| people.names[n].id));
    }

    fn record_claim(&mut self, plan: &mut Plan, fact: &Fact, owner: IdentifierId, said: &ClaimFact) {
        let key = claim_key(owner, &fact.source, said);
        let alone = Claim {
            arrival: Arrival::new(self.seq, self.claims_made),
            owner,
            name: said.name.clone(),
            value: said.value.clone(),
            provenance: said.provenance,
            at: fact.at,
            first_at: fact.at,
            count: 1,
            source: fact.source.clone(),
            message_id: Some(fact.message_id.clone()),
            first_message_id: None,
        };
        self.claims_made += 1;
        let Some(before) = self.claims.get_mut(&key) else {
            self.claims.insert(key, alone.clone());
            plan.claims_opened.push(alone);
            return;
        };
        let mut times = [
            (before.first_at, before.first_message().cloned()),
            (before.at, before.message_id.clone()),
            (fact.at, alone.message_id.clone()),
        ];
        times.sort_by_key(|(at, _)| *at);
        let [(first_at, first_message_id), (between, message_between), (at, message_id)] = times;
        let first_message_id = first_message_id.filter(|_| first_at != at);
        let count = before.count + 1;
        let again = Claim { first_at, first_message_id, at, message_id, count, ..alone.clone() };
        // A row tells two times. One that is neither has a row of its own, over as soon as it is there.
        let mut untold = (between != first_at && between != at).then_some(between);
        if before.arrival.seq() == self.seq {
            // Opened in this batch: said again, one row.
            let row = plan.claims_opened.iter_mut().rfind(|c| c.arrival == before.arrival);
            let row = row.expect("a claim of this batch is among its rows");
            *row = Claim { arrival: row.arrival, ..again };
            *before = row.clone();
        } else {
            plan.claims_closed.push(before.arrival);
            plan.claims_opened.push(again.clone());
            // What was there tells its own times.
            untold = untold.filter(|between| *between == fact.at);
            *before = again;
        }
        if let Some(at) = untold {
            let arrival = Arrival::new(self.seq, self.claims_made);
            self.claims_made += 1;
            plan.claims_opened.push(Claim { arrival, at, first_at: at, message_id: message_between, ..alone });
            plan.claims_closed.push(arrival);
        }
    }

    /// A decision applies to every identifier its customer holds now, and replaces older ones there.
    fn record_consents(&mut self, people: &People, plan: &mut Plan, fact: &Fact, owner: NameIx, accepted: &[NameIx]) {
        for decided in &fact.consents {
            let arrival = Arrival::new(self.seq, self.consents_made);
            let holders = match people.names[owner].customer {
                Some(customer) => people.customers[customer].members.as_slice(),
                None => accepted,
            };
            let slot_of =
                |&holder: &NameIx| (people.names[holder].id, decided.purpose.clone(), decided.channel.clone());
            // Many senders repeat the preferences with every event: what all of them hold already is no decision.
            let repeats = |held: &Held| held.said == said(decided) && held.at <= fact.at;
            if holders.iter().all(|holder| self.consents.get(&slot_of(holder)).is_some_and(repeats)) {
                continue;
            }
            for holder in holders {
                let slot = slot_of(holder);
                match self.consents.get(&slot) {
                    Some(held) if held.at > fact.at => continue,
                    Some(held) => plan.consents_taken.push((slot.0, held.arrival)),
                    None => {}
                }
                plan.consents_given.push((slot.0, arrival));
                self.consents.insert(slot, Held { at: fact.at, arrival, said: said(decided) });
            }
            plan.entries.push(ChangeEntry::ConsentChanged {
                c: people.customer_of(owner),
                x: self.consents_made,
                m: fact.message_id.clone(),
            });
            plan.consents.push(Consent {
                arrival,
                owner: people.names[owner].id,
                fact: decided.clone(),
                at: fact.at,
                source: fact.source.clone(),
            });
            self.consents_made += 1;
        }
    }

    fn record_product(&mut self, product: &Product, at: Timestamp) {
        let (said_at, known) = self.products.entry(product.sku.clone()).or_insert_with(|| (at, product.clone()));
        let (older, newer) =
            if at >= *said_at { (known.clone(), product.clone()) } else { (product.clone(), known.clone()) };
        *said_at = at.max(*said_at);
        known.name = newer.name.or(older.name);
        known.category = newer.category.or(older.category);
    }

    fn record_order(&mut self, fact: &Fact, arrival: Arrival, owner: IdentifierId) -> Heard {
        let Some((key, event)) = &fact.order else { return Heard::default() };
        let events = self.orders.entry(key.clone()).or_default();
        let says = |event: &OrderEvent| matches!(&event.act, OrderAct::Refunded(refund) if refund.currency.is_some());
        let is_new = self.orders_touched.insert(key.clone());
        if says(event) || is_new && events.iter().any(says) {
            self.refunds_say_currency.insert(key.clone());
        }
        // Most orders have no such refund, and are not looked through.
        let looks = self.refunds_say_currency.contains(key);
        let before = if looks { Order::foreign_refunds(events) } else { BTreeSet::new() };
        events.push(OrderEvent { arrival, owner: Some(owner), ..event.clone() });
        Heard {
            waits: !events.iter().any(|e| matches!(e.act, OrderAct::Completed(_))),
            other_currency: looks && !Order::foreign_refunds(events).is_subset(&before),
        }
    }
}

fn claim_key(owner: IdentifierId, source: &Arc<str>, said: &ClaimFact) -> ClaimKey {
    (owner, said.name.clone(), said.value.get().into(), said.provenance, source.clone())
}

fn said(decided: &ConsentFact) -> (ConsentStatus, Option<Timestamp>) {
    (decided.status, decided.expires_at)
}

fn as_fact(claim: &Claim) -> ClaimFact {
    ClaimFact { name: claim.name.clone(), value: claim.value.clone(), provenance: claim.provenance }
}
