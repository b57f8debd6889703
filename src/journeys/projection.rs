//! All touchpoints in memory, as columns: the read model for questions about many customers.

use std::sync::Arc;

use super::base::{Base, EncodedConsent, NO_INDEX};
use super::builder::Builder;
use super::delta::{Delta, LateTouchpoint};
use super::dictionary::{Dictionary, Net, Orders, PackedOrders, order_hash, session_hash};
use super::row::{OwnerReassignment, Row, Update};
use crate::domain::CustomerId;

/// One consistent state: an immutable base of sorted columns, and a small delta of later changes.
///
/// A clone shares all of it (four reference counts). [`apply`](Projection::apply) changes one projection only: while a
/// clone is in use, it copies the delta first.
#[derive(Clone, Debug)]
pub struct Projection {
    pub(crate) base: Arc<Base>,
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) orders: Arc<Orders>,
    pub(crate) delta: Arc<Delta>,
}

impl Projection {
    /// An empty projection; `configured` are the dimensions of the settings.
    pub fn empty(configured: Arc<[Arc<str>]>) -> Self {
        Builder::new(configured).finish(1)
    }

    pub(crate) fn of(base: Base, dictionary: Dictionary, orders: PackedOrders) -> Self {
        Projection {
            base: Arc::new(base),
            dictionary: Arc::new(dictionary),
            orders: Arc::new(Orders::of(orders)),
            delta: Arc::default(),
        }
    }

    /// The names of the configured dimensions.
    pub fn configured(&self) -> &Arc<[Arc<str>]> {
        self.dictionary.kinds.configured()
    }

    /// The number of touchpoints, with and without a customer.
    pub fn touchpoints(&self) -> u64 {
        let late: usize = self.delta.late.values().map(Vec::len).sum();
        (self.base.rows.at.len() + late - self.delta.gone.len()) as u64
    }

    /// The number of entries in the delta. When the delta is more than a small part of the whole, it should be
    /// [folded](Projection::fold) into the base.
    pub fn pending(&self) -> usize {
        self.delta.len() + self.orders.late()
    }

    /// About how many bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        self.base.bytes() + self.dictionary.kinds.bytes() + self.orders.bytes() + self.delta.bytes()
    }

    /// Applies an update to the delta. It is idempotent.
    pub fn apply(&mut self, update: &Update<'_>) {
        for row in &update.rows {
            self.add(row);
        }
        for reassignment in &update.reassigned {
            self.reassign(reassignment);
        }
        for (identifier, customer) in &update.members {
            let number = customer.as_ref().map_or(NO_INDEX, |customer| self.customer_number(customer));
            let delta = Arc::make_mut(&mut self.delta);
            match self.base.holder(identifier.0) == number {
                true => delta.members.remove(&identifier.0),
                false => delta.members.insert(identifier.0, number),
            };
        }
        for order in &update.orders {
            let currency = Arc::make_mut(&mut self.dictionary).currency(&order.currency);
            let orders = Arc::make_mut(&mut self.orders);
            let number = orders.number_of(order_hash(&order.key));
            let net = Net { currency, amount: order.net };
            if orders.now(number) != Some(net) {
                orders.set(number, net);
            }
        }
        for (identifier, consents) in &update.consents {
            let dictionary = &mut self.dictionary;
            let encoded = consents.iter().map(|consent| {
                let known = dictionary.find_purpose(&consent.purpose);
                let purpose = known.unwrap_or_else(|| Arc::make_mut(dictionary).purpose(&consent.purpose));
                let known = dictionary.find_channel(consent.channel.as_deref());
                let channel = known.unwrap_or_else(|| Arc::make_mut(dictionary).channel(consent.channel.as_ref()));
                EncodedConsent::of(consent, purpose, channel)
            });
            let encoded = encoded.collect();
            Arc::make_mut(&mut self.delta).consents.insert(identifier.0, encoded);
        }
        if let Some(delta) = Arc::get_mut(&mut self.delta) {
            delta.changed();
        }
    }

    /// A projection with the delta sorted into the base. This takes long. Updates that arrive in the meantime are
    /// applied to this projection, for its readers, and later to the folded one.
    pub fn fold(&self, threads: usize) -> Projection {
        let mut builder = Builder::with((*self.dictionary).clone(), self.orders.table());
        let rows = &self.base.rows;
        for (owner, identifier) in (0..).zip(&rows.owners) {
            for row in rows.range(owner) {
                if self.delta.gone.is_empty() || !self.delta.gone.contains(&(row as u32)) {
                    let order = Some(rows.order(row as u32)).filter(|order| *order != NO_INDEX);
                    let session = rows.session_key(row);
                    builder.push(*identifier, rows.at[row], rows.arrival[row], rows.kind[row], session, order);
                }
            }
        }
        for (identifier, late) in &self.delta.late {
            for LateTouchpoint { at, arrival, kind, session, order } in late {
                builder.push(
                    *identifier,
                    *at,
                    *arrival,
                    *kind,
                    *session,
                    Some(*order).filter(|order| *order != NO_INDEX),
                );
            }
        }
        for (identifier, customer) in self.members() {
            builder.membership(identifier, self.customer(customer));
        }
        for (identifier, consent) in self.consents() {
            builder.consent(identifier, consent);
        }
        builder.finish(threads)
    }

    /// The number of customers that have or had an identifier. Customer numbers are below it.
    pub(crate) fn customers(&self) -> u32 {
        (self.base.memberships.customers.len() + self.delta.customers.len()) as u32
    }

    /// A customer, by number.
    pub(crate) fn customer(&self, number: u32) -> CustomerId {
        let old = &self.base.memberships.customers;
        let new = || self.delta.customers[number as usize - old.len()].clone();
        old.get(number as usize).unwrap_or_else(new)
    }

    /// A customer's number; `None` when it never had an identifier.
    pub(crate) fn find_customer(&self, customer: &CustomerId) -> Option<u32> {
        self.base.memberships.number(customer).or_else(|| self.delta.numbers.get(customer).copied())
    }

    /// The current memberships.
    fn members(&self) -> impl Iterator<Item = (i64, u32)> {
        let old = self.base.members().filter(|(identifier, _)| !self.delta.members.contains_key(identifier));
        let new = self.delta.members.iter().map(|(identifier, number)| (*identifier, *number));
        old.chain(new.filter(|(_, number)| *number != NO_INDEX))
    }

    /// The current consents, each with its identifier.
    pub(crate) fn consents(&self) -> impl Iterator<Item = (i64, EncodedConsent)> {
        let changed = &self.delta.consents;
        let old = self.base.consents.iter().filter(|(identifier, _)| !changed.contains_key(identifier));
        old.chain(changed.iter().flat_map(|(identifier, own)| own.iter().map(|consent| (*identifier, *consent))))
    }

    fn customer_number(&mut self, customer: &CustomerId) -> u32 {
        self.find_customer(customer).unwrap_or_else(|| {
            let number = self.customers();
            let delta = Arc::make_mut(&mut self.delta);
            delta.customers.push(customer.clone());
            delta.numbers.insert(customer.clone(), number);
            number
        })
    }

    fn add(&mut self, row: &Row<'_>) {
        let place = (row.at.0, row.arrival.0);
        if self.base_row(row.owner.0, place).is_some_and(|row| !self.delta.gone.contains(&row)) {
            return;
        }
        let kinds = &self.dictionary.kinds;
        let kind = kinds.find(&row.kind).unwrap_or_else(|| Arc::make_mut(&mut self.dictionary).kinds.code(&row.kind));
        let order = row.order.map_or(NO_INDEX, |key| Arc::make_mut(&mut self.orders).number_of(order_hash(key)));
        let session = row.session.map_or(0, session_hash);
        self.put(row.owner.0, LateTouchpoint { at: place.0, arrival: place.1, kind, session, order });
    }

    fn put(&mut self, owner: i64, late: LateTouchpoint) {
        let own = Arc::make_mut(&mut self.delta).late.entry(owner).or_default();
        let place = own.partition_point(|other| (other.at, other.arrival) < (late.at, late.arrival));
        if own.get(place).is_none_or(|other| other.arrival != late.arrival) {
            own.insert(place, late);
        }
    }

    fn reassign(&mut self, reassignment: &OwnerReassignment) {
        let OwnerReassignment { arrival, from, to } = *reassignment;
        if to == Some(from) {
            return;
        }
        let old = self.take_from_base(from.0, arrival.0);
        let late = self.take_from_delta(from.0, arrival.0);
        let (Some(touchpoint), Some(to)) = (late.or(old), to) else { return };
        match self.base_row(to.0, (touchpoint.at, touchpoint.arrival)) {
            // It returns to the owner that it has in the base.
            Some(row) => {
                Arc::make_mut(&mut self.delta).gone.remove(&row);
            }
            None => self.put(to.0, touchpoint),
        }
    }

    /// A touchpoint of the base, which is marked as gone.
    fn take_from_base(&mut self, owner: i64, arrival: i64) -> Option<LateTouchpoint> {
        let rows = &self.base.rows;
        let row = rows.range(rows.owner(owner)?).find(|row| rows.arrival[*row] == arrival)?;
        if self.delta.gone.contains(&(row as u32)) {
            return None;
        }
        let (at, kind, session, order) = (rows.at[row], rows.kind[row], rows.session_key(row), rows.order(row as u32));
        Arc::make_mut(&mut self.delta).gone.insert(row as u32);
        Some(LateTouchpoint { at, arrival, kind, session, order })
    }

    /// A late touchpoint, which is removed from the delta.
    fn take_from_delta(&mut self, owner: i64, arrival: i64) -> Option<LateTouchpoint> {
        let place = self.delta.late.get(&owner)?.iter().position(|late| late.arrival == arrival)?;
        let delta = Arc::make_mut(&mut self.delta);
        let own = delta.late.get_mut(&owner)?;
        let late = own.remove(place);
        if own.is_empty() {
            delta.late.remove(&owner);
        }
        Some(late)
    }

    /// The row of the base with this owner, time and arrival.
    fn base_row(&self, owner: i64, place: (i64, i64)) -> Option<u32> {
        let rows = &self.base.rows;
        let range = rows.range(rows.owner(owner)?);
        let (at, arrival) = (&rows.at[range.clone()], &rows.arrival[range.clone()]);
        let begin = at.partition_point(|at| *at < place.0);
        let end = begin + at[begin..].partition_point(|at| *at == place.0);
        let found = arrival[begin..end].binary_search(&place.1).ok()?;
        Some((range.start + begin + found) as u32)
    }
}
