//! What can be asked of a store, in words of the domain.

use std::sync::Arc;

use crate::domain::customer::CustomerId;
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::money::Currency;
use crate::domain::search::TextSearch;
use crate::domain::touchpoint::Direction;
use crate::domain::{Amount, Arrival, IdentifierId, Timestamp};

/// The most identifiers that [`kept_apart`](crate::store::Reads::kept_apart) answers for one.
pub const MOST_KEPT_APART: usize = 100;

/// How a customer is found. An id of a customer that was merged away finds the one it became.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CustomerKey {
    /// By its id.
    Id(CustomerId),
    /// By an identifier it holds, already normalised.
    Identifier(IdentifierKey),
    /// By an order's number; without a source it must be unique.
    Order {
        /// The number.
        number: Arc<str>,
        /// The source.
        source: Option<Arc<str>>,
    },
}

/// How an identifier is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IdentifierRef {
    /// By its id.
    Id(IdentifierId),
    /// By kind and normalised value.
    Key(IdentifierKey),
}

/// Whose rows: all that hangs on a customer's identifiers, or on one identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// On all identifiers the customer holds at the moment of the read.
    Customer(CustomerId),
    /// On this identifier alone.
    Identifier(IdentifierId),
}

/// Which parts of a customer one read brings. All but [`Shape::Name`] bring the identifiers and all claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// What the display name is made of: identifiers without figures, and the claims of
    /// [`NAME_TRAITS`](crate::domain::claim::NAME_TRAITS). As of a moment it may bring more.
    Name,
    /// Nothing more.
    Card,
    /// Consents and devices.
    Identity,
    /// The first page of orders and of touchpoints.
    History,
    /// All of it.
    All,
}

/// How much of the pages a [`Shape`] with a history brings: newest first, no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirstPages {
    /// Orders; 0 brings none.
    pub orders: usize,
    /// Touchpoints; 0 brings none.
    pub touchpoints: usize,
}

/// Which way a list by time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeOrder {
    /// The latest first.
    NewestFirst,
    /// The earliest first.
    OldestFirst,
}

/// The place of a touchpoint or an order in a list by time; also what a cursor carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeKey {
    /// When.
    pub at: Timestamp,
    /// The order of arrival, for ties.
    pub arrival: Arrival,
}

/// What a touchpoint must be; an empty list is a list not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TouchpointFilter {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// One of these channels.
    pub channels: Vec<Arc<str>>,
    /// One of these kinds.
    pub kinds: Vec<Arc<str>>,
    /// One of these names.
    pub names: Vec<Arc<str>>,
    /// This direction.
    pub direction: Option<Direction>,
}

/// A page of touchpoints.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TouchpointPage {
    /// What they must be.
    pub filter: TouchpointFilter,
    /// Which way.
    pub order: TimeOrder,
    /// Behind this place.
    pub after: Option<TimeKey>,
    /// At most so many.
    pub limit: usize,
}

/// A page of orders, newest first. Orders that wait for their COMPLETED are in no list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderPage {
    /// Placed not before.
    pub since: Option<Timestamp>,
    /// Placed before.
    pub until: Option<Timestamp>,
    /// Behind this place.
    pub after: Option<TimeKey>,
    /// At most so many.
    pub limit: usize,
}

/// A page of links, by `(from, to, refused)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkPage {
    /// Only those that bound (`false`), only those that did not (`true`), or both.
    pub refused: Option<bool>,
    /// Behind this one.
    pub after: Option<LinkKey>,
    /// At most so many.
    pub limit: usize,
}

/// What names a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkKey {
    /// One end.
    pub from: IdentifierId,
    /// The other.
    pub to: IdentifierId,
    /// Whether it is the refused one of the pair.
    pub refused: bool,
}

impl LinkKey {
    /// The links that bound each identifier to the next.
    pub fn along(path: &[Identifier]) -> Vec<LinkKey> {
        let key = |pair: &[Identifier]| {
            let (from, to) = if pair[0].key < pair[1].key { (&pair[0], &pair[1]) } else { (&pair[1], &pair[0]) };
            LinkKey { from: from.id, to: to.id, refused: false }
        };
        path.windows(2).map(key).collect()
    }
}

/// A page of customers.
#[derive(Clone, Debug)]
pub struct CustomerList {
    /// What they must be.
    pub filter: CustomerFilter,
    /// In which order.
    pub sort: CustomerSort,
    /// The largest keys first.
    pub descending: bool,
    /// Behind this place, in the direction of the list.
    pub after: Option<CustomerSortKey>,
    /// At most so many.
    pub limit: usize,
}

/// By what customers are sorted; the order in which their ids were given out breaks ties.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CustomerSort {
    /// When they were last seen.
    LastSeen,
    /// When their id was given out: a key that never changes.
    Created,
    /// Net spend in a currency; customers without any count as 0.
    NetSpend(Currency),
}

/// The place of a customer in a sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CustomerSortKey {
    /// Milliseconds, the arrival, or millionths of the currency's unit.
    pub key: i128,
    /// The tie-breaker.
    pub created_seq: Arrival,
}

/// What a customer must be: all that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CustomerFilter {
    /// All of this is found among its identifiers and the traits that are shown.
    pub text: Option<TextSearch>,
    /// It has touchpoints in one of these channels.
    pub channels: Vec<Arc<str>>,
    /// First seen not before.
    pub first_seen_since: Option<Timestamp>,
    /// First seen before.
    pub first_seen_until: Option<Timestamp>,
    /// Last seen not before.
    pub last_seen_since: Option<Timestamp>,
    /// Last seen before.
    pub last_seen_until: Option<Timestamp>,
    /// Its orders that are not cancelled: at least, at most.
    pub order_count: (Option<i64>, Option<i64>),
    /// Its money in one currency. One without any has 0.
    pub spend: Option<SpendFilter>,
}

/// Bounds of money, inclusive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpendFilter {
    /// In this currency.
    pub currency: Currency,
    /// At least, at most.
    pub net: (Option<Amount>, Option<Amount>),
    /// At least, at most.
    pub gross: (Option<Amount>, Option<Amount>),
}
