//! All touchpoints in memory, as columns: what questions about many customers are asked of.

use std::sync::Arc;

use super::base::{Base, Held, NO};
use super::builder::Builder;
use super::delta::{Delta, Late};
use super::dictionary::{Dictionary, Net, Orders, PackedOrders, order_hash, session_hash};
use super::row::{Moved, Row, Update};
use crate::domain::CustomerId;

/// One consistent state: sorted columns that never change, and a small delta of what came since.
///
/// A clone is a few counts. [`apply`](Projection::apply) changes this one only; where a clone is still
/// in use, it copies the delta first and leaves the clone as it was.
#[derive(Clone, Debug)]
pub struct Projection {
    pub(crate) base: Arc<Base>,
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) orders: Arc<Orders>,
    pub(crate) delta: Arc<Delta>,
}

impl Projection {
    /// Without anything; `configured` are the dimensions of the settings.
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

    /// How many touchpoints there are, owned or not.
    pub fn touchpoints(&self) -> u64 {
        let late: usize = self.delta.late.values().map(Vec::len).sum();
        (self.base.rows.at.len() + late - self.delta.gone.len()) as u64
    }

    /// How much came since the columns were sorted: time to [fold](Projection::fold) it in when it is more
    /// than a small part of all.
    pub fn pending(&self) -> usize {
        self.delta.len() + self.orders.late()
    }

    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        self.base.bytes() + self.dictionary.kinds.bytes() + self.orders.bytes() + self.delta.bytes()
    }

    /// Takes in what happened. The same again changes nothing.
    pub fn apply(&mut self, update: &Update<'_>) {
        for row in &update.rows {
            self.add(row);
        }
        for moved in &update.moved {
            self.shift(moved);
        }
        for (identifier, customer) in &update.members {
            let number = customer.as_ref().map_or(NO, |customer| self.customer_number(customer));
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
        for (identifier, held) in &update.consents {
            let dictionary = &mut self.dictionary;
            let held = held.iter().map(|consent| {
                let known = dictionary.find_purpose(&consent.purpose);
                Held::of(consent, known.unwrap_or_else(|| Arc::make_mut(dictionary).purpose(&consent.purpose)))
            });
            let held = held.collect();
            Arc::make_mut(&mut self.delta).consents.insert(identifier.0, held);
        }
        if let Some(delta) = Arc::get_mut(&mut self.delta) {
            delta.changed();
        }
    }

    /// The same with all of the delta sorted into the columns. It takes its time: what comes meanwhile is
    /// applied to both, to this one for readers, and then again to the folded one.
    pub fn fold(&self, threads: usize) -> Projection {
        let mut builder = Builder::with((*self.dictionary).clone(), self.orders.table());
        let rows = &self.base.rows;
        for (owner, identifier) in (0..).zip(&rows.owners) {
            for row in rows.range(owner) {
                if self.delta.gone.is_empty() || !self.delta.gone.contains(&(row as u32)) {
                    let order = Some(rows.order(row as u32)).filter(|order| *order != NO);
                    let session = rows.session_key(row);
                    builder.push(*identifier, rows.at[row], rows.arrival[row], rows.kind[row], session, order);
                }
            }
        }
        for (identifier, late) in &self.delta.late {
            for Late { at, arrival, kind, session, order } in late {
                builder.push(*identifier, *at, *arrival, *kind, *session, Some(*order).filter(|order| *order != NO));
            }
        }
        for (identifier, customer) in self.members() {
            builder.hold(identifier, self.customer(customer));
        }
        for (identifier, held) in self.held() {
            builder.consent(identifier, held);
        }
        builder.finish(threads)
    }

    /// How many customers hold or held an identifier; their numbers are below it.
    pub(crate) fn customers(&self) -> u32 {
        (self.base.people.customers.len() + self.delta.customers.len()) as u32
    }

    /// A customer, by number.
    pub(crate) fn customer(&self, number: u32) -> CustomerId {
        let old = &self.base.people.customers;
        let new = || self.delta.customers[number as usize - old.len()].clone();
        old.get(number as usize).unwrap_or_else(new)
    }

    /// A customer's number, when it holds or held an identifier.
    pub(crate) fn find_customer(&self, customer: &CustomerId) -> Option<u32> {
        self.base.people.number(customer).or_else(|| self.delta.numbers.get(customer).copied())
    }

    /// Who holds what now.
    fn members(&self) -> impl Iterator<Item = (i64, u32)> {
        let old = self.base.members().filter(|(identifier, _)| !self.delta.members.contains_key(identifier));
        let new = self.delta.members.iter().map(|(identifier, number)| (*identifier, *number));
        old.chain(new.filter(|(_, number)| *number != NO))
    }

    /// All decisions that identifiers hold now.
    pub(crate) fn held(&self) -> impl Iterator<Item = (i64, Held)> {
        let changed = &self.delta.consents;
        let old = self.base.consents.iter().filter(|(identifier, _)| !changed.contains_key(identifier));
        old.chain(changed.iter().flat_map(|(identifier, held)| held.iter().map(|held| (*identifier, *held))))
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
        let order = row.order.map_or(NO, |key| Arc::make_mut(&mut self.orders).number_of(order_hash(key)));
        let session = row.session.map_or(0, session_hash);
        self.put(row.owner.0, Late { at: place.0, arrival: place.1, kind, session, order });
    }

    fn put(&mut self, owner: i64, late: Late) {
        let own = Arc::make_mut(&mut self.delta).late.entry(owner).or_default();
        let place = own.partition_point(|other| (other.at, other.arrival) < (late.at, late.arrival));
        if own.get(place).is_none_or(|other| other.arrival != late.arrival) {
            own.insert(place, late);
        }
    }

    fn shift(&mut self, moved: &Moved) {
        if moved.to == Some(moved.from) {
            return;
        }
        let rows = &self.base.rows;
        let mut found = None;
        if let Some(owner) = rows.owner(moved.from.0) {
            let row = rows.range(owner).find(|row| rows.arrival[*row] == moved.arrival.0);
            if let Some(row) = row.filter(|row| !self.delta.gone.contains(&(*row as u32))) {
                found = Some(Late {
                    at: rows.at[row],
                    arrival: rows.arrival[row],
                    kind: rows.kind[row],
                    session: rows.session_key(row),
                    order: rows.order(row as u32),
                });
                Arc::make_mut(&mut self.delta).gone.insert(row as u32);
            }
        }
        let late = |late: &Late| late.arrival == moved.arrival.0;
        if let Some(place) = self.delta.late.get(&moved.from.0).and_then(|own| own.iter().position(late)) {
            let delta = Arc::make_mut(&mut self.delta);
            if let Some(own) = delta.late.get_mut(&moved.from.0) {
                found = Some(own.remove(place));
                if own.is_empty() {
                    delta.late.remove(&moved.from.0);
                }
            }
        }
        let (Some(late), Some(to)) = (found, moved.to) else { return };
        match self.base_row(to.0, (late.at, late.arrival)) {
            // It is back where the base has it.
            Some(row) => {
                Arc::make_mut(&mut self.delta).gone.remove(&row);
            }
            None => self.put(to.0, late),
        }
    }

    /// The touchpoint of the base with this owner, time and arrival.
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
