//! The arguments of store reads, in terms of the domain.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::customer::CustomerId;
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::money::Currency;
use crate::domain::search::TextSearch;
use crate::domain::touchpoint::Direction;
use crate::domain::{Amount, Arrival, IdentifierId, Timestamp};

/// The most identifiers that [`kept_apart`](crate::store::Reads::kept_apart) returns for one identifier.
pub const MOST_KEPT_APART: usize = 100;

/// The key that finds a customer. The id of a merged customer finds the customer it was merged into.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CustomerKey {
    /// By its id.
    Id(CustomerId),
    /// By one of its identifiers, already normalised.
    Identifier(IdentifierKey),
    /// By an order's number; without a source it must be unique.
    Order {
        /// The number.
        number: Arc<str>,
        /// The source.
        source: Option<Arc<str>>,
    },
}

/// The key that finds an identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IdentifierRef {
    /// By its id.
    Id(IdentifierId),
    /// By kind and normalised value.
    Key(IdentifierKey),
}

/// The owner of rows: all identifiers of a customer, or one identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// All identifiers that the customer has at the moment of the read.
    Customer(CustomerId),
    /// This identifier only.
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

impl Shape {
    /// Whether consents and devices are in it.
    pub fn has_identity(self) -> bool {
        matches!(self, Shape::Identity | Shape::All)
    }

    /// Whether first pages of orders and touchpoints are in it.
    pub fn has_history(self) -> bool {
        matches!(self, Shape::History | Shape::All)
    }
}

/// The size of the pages in a [`Shape`] with a history: newest first, no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirstPages {
    /// Number of orders; 0 for none.
    pub orders: usize,
    /// Number of touchpoints; 0 for none.
    pub touchpoints: usize,
}

/// The direction of a list by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeOrder {
    /// The latest first.
    NewestFirst,
    /// The earliest first.
    OldestFirst,
}

/// The place of a touchpoint or an order in a list by time. A cursor contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeKey {
    /// When.
    pub at: Timestamp,
    /// The order of arrival, for ties.
    pub arrival: Arrival,
}

/// A filter for touchpoints. An empty list means no condition.
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
    /// The filter.
    pub filter: TouchpointFilter,
    /// Which way.
    pub order: TimeOrder,
    /// Behind this place.
    pub after: Option<TimeKey>,
    /// At most so many.
    pub limit: usize,
}

/// A page of orders, newest first. An order without its COMPLETED event is in no list.
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
    /// Only accepted links (`false`), only refused links (`true`), or both.
    pub refused: Option<bool>,
    /// Behind this one.
    pub after: Option<LinkKey>,
    /// At most so many.
    pub limit: usize,
}

/// The key of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkKey {
    /// One end.
    pub from: IdentifierId,
    /// The other.
    pub to: IdentifierId,
    /// Whether it is the refused link of the pair.
    pub refused: bool,
}

impl LinkKey {
    /// The accepted links between each identifier and the next.
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
    /// The filter.
    pub filter: CustomerFilter,
    /// In which order.
    pub sort: CustomerSort,
    /// Largest keys first.
    pub descending: bool,
    /// After this place, in the direction of the list.
    pub after: Option<CustomerSortKey>,
    /// At most so many.
    pub limit: usize,
}

/// The sort key of customers. Equal keys are sorted by the order in which the ids were issued.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CustomerSort {
    /// The time when the customer was last seen.
    LastSeen,
    /// The time when the id was issued. This key never changes.
    Created,
    /// Net spend in a currency; 0 for customers without spend in it.
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

/// A filter for customers. All given conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CustomerFilter {
    /// All these words are found in its identifiers and its shown traits.
    pub text: Option<TextSearch>,
    /// It has touchpoints in one of these channels.
    pub channels: Vec<Arc<str>>,
    /// First seen at this time or later.
    pub first_seen_since: Option<Timestamp>,
    /// First seen before.
    pub first_seen_until: Option<Timestamp>,
    /// Last seen at this time or later.
    pub last_seen_since: Option<Timestamp>,
    /// Last seen before.
    pub last_seen_until: Option<Timestamp>,
    /// The number of its orders that are not cancelled: minimum, maximum.
    pub order_count: (Option<i64>, Option<i64>),
    /// Its money in one currency; 0 without any.
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

/// Buckets of equal width from `since` until before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Buckets {
    /// The begin of the first.
    pub since: Timestamp,
    /// The end of the last, behind `since`.
    pub until: Timestamp,
    /// How many, from 1.
    pub count: usize,
}

/// Numbers of touchpoints by channel and bucket. Buckets without a touchpoint are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketCounts(pub BTreeMap<Arc<str>, BTreeMap<usize, i64>>);

impl BucketCounts {
    /// Adds so many to a bucket of a channel.
    pub fn add(&mut self, channel: &str, bucket: usize, count: i64) {
        if let Some(own) = self.0.get_mut(channel) {
            *own.entry(bucket).or_default() += count;
        } else {
            self.0.insert(channel.into(), BTreeMap::from([(bucket, count)]));
        }
    }
}
