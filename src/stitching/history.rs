//! The data that a batch attaches to identifiers: touchpoints, devices, claims, consents, products and orders.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::consents::Consents;
use super::known::Known;
use super::rows::{DeviceRow, Heard, Plan, SeenOn};
use super::working_set::{IdentifierIx, WorkingSet};
use crate::domain::change::ChangeEntry;
use crate::domain::claim::{Claim, ClaimFact, Provenance};
use crate::domain::consent::{Consent, ConsentStatus};
use crate::domain::fact::Fact;
use crate::domain::order::{Order, OrderAct, OrderEvent, OrderKey};
use crate::domain::product::{Product, ProductActed};
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// The key of a claim's row: a claim with the same key replaces it.
type ClaimKey = (IdentifierId, Arc<str>, Box<str>, Provenance, Arc<str>);

/// Takes the facts of a batch one by one and gathers rows for a [`Plan`].
pub(crate) struct History {
    seq: i64,
    claims: FxHashMap<ClaimKey, Claim>,
    claims_made: u32,
    /// The places of the batch's claims among its rows.
    claim_rows: FxHashMap<Arrival, usize>,
    /// The consents of identifiers.
    pub(crate) consents: Consents,
    consents_made: u32,
    orders: FxHashMap<OrderKey, Vec<OrderEvent>>,
    /// The orders of the batch.
    orders_touched: BTreeSet<OrderKey>,
    /// Orders of the batch with a refund that states its currency.
    refunds_say_currency: FxHashSet<OrderKey>,
    devices: BTreeMap<Arc<str>, DeviceRow>,
    products: BTreeMap<Arc<str>, (Timestamp, Product)>,
}

impl History {
    pub(crate) fn new(known: &Known, seq: i64) -> Self {
        let claims = known.claims.iter().map(|c| (claim_key(c.owner, &c.source, &as_fact(c)), c.clone())).collect();
        History {
            seq,
            claims,
            claims_made: 0,
            claim_rows: FxHashMap::default(),
            consents: Consents::new(known),
            consents_made: 0,
            orders: known.orders.clone(),
            orders_touched: BTreeSet::new(),
            refunds_say_currency: FxHashSet::default(),
            devices: BTreeMap::new(),
            products: BTreeMap::new(),
        }
    }

    /// Attaches one fact to its owner, the first of `accepted`. Returns its oddities with regard to stored data.
    #[expect(clippy::too_many_arguments, reason = "what one fact is about, each of another kind")]
    pub(crate) fn record(
        &mut self,
        working_set: &mut WorkingSet,
        plan: &mut Plan,
        fact: &Fact,
        arrival: Arrival,
        accepted: &[IdentifierIx],
        device_identifiers: &[IdentifierIx],
        device_identifier: Option<IdentifierIx>,
    ) -> Heard {
        let owner = accepted[0];
        let owner_id = working_set.identifiers[owner].id;
        let too_many_channels = self.record_touchpoint(working_set, plan, fact, arrival, owner, device_identifier);
        self.record_device(working_set, fact, owner, device_identifiers);
        for claim in &fact.claims {
            self.record_claim(plan, fact, owner_id, claim);
        }
        let too_many_consents = self.record_consents(working_set, plan, fact, owner, accepted);
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
        Heard { too_many_channels, too_many_consents, ..self.record_order(fact, arrival, owner_id) }
    }

    /// Computes the orders of the batch, updates the figures of their owners, and adds the gathered rows to the plan.
    pub(crate) fn finish(self, working_set: &mut WorkingSet, plan: &mut Plan, known: &Known) {
        let mut orders = self.orders;
        for key in self.orders_touched {
            let events = orders.remove(&key).unwrap_or_default();
            let message = plan.order_messages.remove(&key);
            let before = known.orders.get(&key).map(|events| Order::fold(key.clone(), events.clone()));
            let order = Order::fold(key, events);
            for (figures, sign) in [(before.as_ref().and_then(Order::figures), -1), (order.figures(), 1)] {
                if let Some((owner, currency, part)) = figures {
                    let ix = working_set.by_id(owner).expect("the owner of an order of the batch was read");
                    working_set.touch(ix).rollup.count_order(currency, &part, sign);
                }
            }
            if let (Some(placed), Some(message)) = (order.placed, message) {
                let owner = working_set.by_id(placed.owner).expect("the owner of an order of the batch was read");
                plan.entries.push(ChangeEntry::OrderRecorded {
                    customer: working_set.customer_of(owner),
                    source: order.key.source.clone(),
                    number: order.key.number.clone(),
                    message,
                });
            }
            plan.orders.push(order);
        }
        plan.devices = self.devices.into_values().collect();
        plan.products = self.products.into_values().map(|(_, product)| product).collect();
        self.consents.finish(plan);
    }

    /// Whether its channel becomes `other` because its owner has too many channels.
    fn record_touchpoint(
        &mut self,
        working_set: &mut WorkingSet,
        plan: &mut Plan,
        fact: &Fact,
        arrival: Arrival,
        owner: IdentifierIx,
        device_identifier: Option<IdentifierIx>,
    ) -> bool {
        let Some(mut touchpoint) = fact.touchpoint.clone() else { return false };
        let state = working_set.touch(owner);
        let too_many_channels = !state.rollup.has_room_for(&touchpoint.channel);
        if too_many_channels {
            touchpoint.channel = "other".into();
        }
        state.rollup.count_touchpoint(fact.at, &touchpoint, 1);
        let owner_id = state.id;
        plan.entries.push(ChangeEntry::TouchpointRecorded {
            customer: working_set.customer_of(owner),
            message: fact.message_id.clone(),
        });
        plan.touchpoints.push(Touchpoint {
            arrival,
            message_id: fact.message_id.clone(),
            at: fact.at,
            owner: owner_id,
            device_identifier: device_identifier.map(|ix| working_set.identifiers[ix].id),
            source: fact.source.clone(),
            device: fact.device.as_ref().map(|d| d.key.clone()),
            order: fact.order.as_ref().map(|(key, _)| key).or(fact.about.as_ref()).cloned(),
            fact: touchpoint,
        });
        too_many_channels
    }

    fn record_device(
        &mut self,
        working_set: &WorkingSet,
        fact: &Fact,
        owner: IdentifierIx,
        device_identifiers: &[IdentifierIx],
    ) {
        let Some(device) = &fact.device else { return };
        let row = self.devices.entry(device.key.clone()).or_insert_with(|| DeviceRow {
            fact: device.clone(),
            first_seen_at: fact.at,
            last_seen_at: fact.at,
            identifiers: BTreeMap::new(),
        });
        if fact.at >= row.last_seen_at {
            row.fact = device.clone();
        }
        row.first_seen_at = row.first_seen_at.min(fact.at);
        row.last_seen_at = row.last_seen_at.max(fact.at);
        for &ix in std::iter::once(&owner).chain(device_identifiers) {
            let seen = SeenOn::once(fact.at, fact.touchpoint.is_none() || ix != owner);
            row.identifiers
                .entry(working_set.identifiers[ix].id)
                .and_modify(|before| before.add(&seen))
                .or_insert(seen);
        }
    }

    fn record_claim(&mut self, plan: &mut Plan, fact: &Fact, owner: IdentifierId, claim: &ClaimFact) {
        let key = claim_key(owner, &fact.source, claim);
        let alone = Claim {
            arrival: Arrival::new(self.seq, self.claims_made),
            owner,
            name: claim.name.clone(),
            value: claim.value.clone(),
            provenance: claim.provenance,
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
            self.claim_rows.insert(alone.arrival, plan.claims_opened.len());
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
        // A row has two times. A third time gets a row of its own, which is stored as ended.
        let mut other_at = (between != first_at && between != at).then_some(between);
        if before.arrival.seq() == self.seq {
            // The claim was opened in this batch: one row for both.
            let row = &mut plan.claims_opened[self.claim_rows[&before.arrival]];
            *row = Claim { arrival: row.arrival, ..again };
            *before = row.clone();
        } else {
            plan.claims_closed.push(before.arrival);
            self.claim_rows.insert(again.arrival, plan.claims_opened.len());
            plan.claims_opened.push(again.clone());
            // The stored row keeps its own times.
            other_at = other_at.filter(|between| *between == fact.at);
            *before = again;
        }
        if let Some(at) = other_at {
            let arrival = Arrival::new(self.seq, self.claims_made);
            self.claims_made += 1;
            plan.claims_opened.push(Claim { arrival, at, first_at: at, message_id: message_between, ..alone });
            plan.claims_closed.push(arrival);
        }
    }

    /// A consent goes to every present identifier of its customer, and replaces older consents there. Returns whether a
    /// consent is left out, since all these identifiers have too many others.
    fn record_consents(
        &mut self,
        working_set: &WorkingSet,
        plan: &mut Plan,
        fact: &Fact,
        owner: IdentifierIx,
        accepted: &[IdentifierIx],
    ) -> bool {
        let mut too_many = false;
        // When a device has just become shared, its consent is not a consent of the signed-in person.
        let owner =
            accepted.iter().copied().find(|&ix| working_set.identifiers[ix].shared_since.is_none()).unwrap_or(owner);
        for decided in &fact.consents {
            let arrival = Arrival::new(self.seq, self.consents_made);
            let mut holders = match working_set.identifiers[owner].customer {
                Some(customer) => working_set.customers[customer].members.as_slice(),
                // These identifiers join no customers, so a grant goes to the owner only.
                None if decided.status == ConsentStatus::Granted => std::slice::from_ref(&owner),
                None => accepted,
            };
            // A consent that all these identifiers have already is not new. But a grant that another identifier of the
            // customer gave becomes the owner's own too, so that the owner keeps the grant when the customer splits.
            let repeats =
                |&holder: &IdentifierIx| self.consents.repeats(working_set.identifiers[holder].id, decided, fact.at);
            if holders.iter().all(repeats) {
                let owner_id = working_set.identifiers[owner].id;
                if decided.status != ConsentStatus::Granted || self.consents.is_own(owner_id, decided) {
                    continue;
                }
                holders = std::slice::from_ref(&owner);
            }
            let id_of = |holder: &IdentifierIx| working_set.identifiers[*holder].id;
            let holders: Vec<_> =
                holders.iter().map(id_of).filter(|&holder| self.consents.has_room_for(holder, decided)).collect();
            if holders.is_empty() {
                too_many = true;
                continue;
            }
            let consent = Consent {
                arrival,
                owner: working_set.identifiers[owner].id,
                fact: decided.clone(),
                at: fact.at,
                source: fact.source.clone(),
            };
            for holder in holders {
                self.consents.give(holder, &consent);
            }
            plan.entries.push(ChangeEntry::ConsentChanged {
                customer: working_set.customer_of(owner),
                consent: self.consents_made,
                message: fact.message_id.clone(),
            });
            plan.consents.push(consent);
            self.consents_made += 1;
        }
        too_many
    }

    fn record_product(&mut self, product: &Product, at: Timestamp) {
        let (named_at, known) = self.products.entry(product.sku.clone()).or_insert_with(|| (at, product.clone()));
        let (older, newer) =
            if at >= *named_at { (known.clone(), product.clone()) } else { (product.clone(), known.clone()) };
        *named_at = at.max(*named_at);
        known.name = newer.name.or(older.name);
        known.category = newer.category.or(older.category);
    }

    fn record_order(&mut self, fact: &Fact, arrival: Arrival, owner: IdentifierId) -> Heard {
        let Some((key, event)) = &fact.order else { return Heard::default() };
        let events = self.orders.entry(key.clone()).or_default();
        if !Order::keeps(events, event) {
            return Heard { order_full: true, ..Heard::default() };
        }
        let says = |event: &OrderEvent| matches!(&event.act, OrderAct::Refunded(refund) if refund.currency.is_some());
        let is_new = self.orders_touched.insert(key.clone());
        if says(event) || is_new && events.iter().any(says) {
            self.refunds_say_currency.insert(key.clone());
        }
        // Most orders have no such refund; their events need no search.
        let looks = self.refunds_say_currency.contains(key);
        let before = if looks { Order::foreign_refunds(events) } else { BTreeSet::new() };
        events.push(OrderEvent { arrival, owner: Some(owner), ..event.clone() });
        Heard {
            waits: !events.iter().any(|e| matches!(e.act, OrderAct::Completed(_))),
            other_currency: looks && !Order::foreign_refunds(events).is_subset(&before),
            ..Heard::default()
        }
    }
}

fn claim_key(owner: IdentifierId, source: &Arc<str>, claim: &ClaimFact) -> ClaimKey {
    (owner, claim.name.clone(), claim.value.get().into(), claim.provenance, source.clone())
}

fn as_fact(claim: &Claim) -> ClaimFact {
    ClaimFact { name: claim.name.clone(), value: claim.value.clone(), provenance: claim.provenance }
}
