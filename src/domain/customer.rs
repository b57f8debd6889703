//! A customer: a set of identifiers, and figures derived from them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::consent::ConsentGiven;
use super::device::Device;
use super::identifier::Identifier;
use super::moment::Moment;
use super::order::Order;
use super::page::Page;
use super::rollup::Rollup;
use super::touchpoint::Touchpoint;
use super::{Arrival, Timestamp};

/// A customer's id: made by us, random, issued once and valid for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub Arc<str>);

impl std::fmt::Display for CustomerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A customer's own row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Ours.
    pub id: CustomerId,
    /// When its id was issued: the sort key CREATED; in a merge the oldest customer stays.
    pub created_seq: Arrival,
    /// Every change of the customer raises it. 0 in a view of the past, where nothing changes.
    pub version: i64,
    /// Ids merged into this one, directly or through others; oldest first.
    pub former_ids: Vec<CustomerId>,
}

/// One customer from one consistent read. It always has all identifiers; the other parts only when they were requested.
#[derive(Clone, Debug)]
pub struct CustomerView {
    /// The moment of the view; `None` for the present.
    pub as_of: Option<Moment>,
    /// Its own row.
    pub customer: Customer,
    /// All its identifiers, first seen first (ties by id).
    pub identifiers: Vec<Identifier>,
    /// Every current claim of its identifiers.
    pub claims: Vec<Claim>,
    /// The consents of its identifiers; `None` when not requested.
    pub consents: Option<Vec<ConsentGiven>>,
    /// The devices of its identifiers, last seen first; `None` when not requested.
    pub devices: Option<Vec<Device>>,
    /// The first page of orders; `None` when not requested.
    pub orders: Option<Page<Order>>,
    /// The first page of touchpoints; `None` when not requested.
    pub touchpoints: Option<Page<Touchpoint>>,
}

impl CustomerView {
    /// A view with identifiers and claims only, the parts that every view has.
    pub fn card(as_of: Option<Moment>, customer: Customer, identifiers: Vec<Identifier>, claims: Vec<Claim>) -> Self {
        CustomerView {
            as_of,
            customer,
            identifiers,
            claims,
            consents: None,
            devices: None,
            orders: None,
            touchpoints: None,
        }
    }

    /// The sum of its identifiers' figures.
    pub fn rollup(&self) -> Rollup {
        let mut sum = Rollup::default();
        for identifier in &self.identifiers {
            sum.add(&identifier.rollup);
        }
        sum
    }

    /// The smallest `first_seen_at` of its identifiers.
    pub fn first_seen_at(&self) -> Option<Timestamp> {
        self.identifiers.iter().map(|i| i.first_seen_at).min()
    }

    /// The largest `last_seen_at` of its identifiers.
    pub fn last_seen_at(&self) -> Option<Timestamp> {
        self.identifiers.iter().map(|i| i.last_seen_at).max()
    }
}
