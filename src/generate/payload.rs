//! The traits and the properties of events.

use std::sync::Arc;

use serde::Serialize;

use super::{
    ids::Id,
    money::{Currency, Money},
    shop::Product,
    timestamp::{Date, Timestamp},
};

/// `properties`: the channel and identifiers, then the part that depends on the event.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Properties {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channel: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) loyalty_card: Option<Id>,
    #[serde(flatten)]
    pub(super) about: Option<About>,
}

impl Properties {
    /// Properties with the part that depends on the event only.
    pub(super) fn about(about: About) -> Self {
        Self { about: Some(about), ..Self::default() }
    }
}

/// The part of the properties that differs from one event to the next.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum About {
    Page {
        title: &'static str,
        path: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        referrer: Option<&'static str>,
    },
    Search {
        query: &'static str,
        results: u64,
    },
    Product {
        #[serde(flatten)]
        line: Line,
        currency: Currency,
    },
    Cart {
        cart_id: Id,
        products: Vec<Line>,
    },
    Order(Order),
    Refund {
        order_id: Id,
        currency: Currency,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<Money>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        products: Vec<Returned>,
        reason: &'static str,
    },
    Message {
        campaign_name: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        link_url: Option<&'static str>,
    },
    Contact {
        topic: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        duration_seconds: Option<u64>,
    },
    Visit {
        store: &'static str,
    },
    Delivery {
        order_id: Id,
        carrier: &'static str,
    },
    Consent {
        purpose: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    Sign {
        method: &'static str,
    },
    Shared {
        share_via: &'static str,
        sku: &'static str,
    },
}

/// An order whose total is the sum of its lines.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Order {
    pub(super) order_id: Id,
    pub(super) currency: Currency,
    pub(super) total: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) store: Option<&'static str>,
    pub(super) products: Vec<Line>,
}

impl Order {
    /// Computes the total again after the lines changed.
    pub(super) fn add_up(&mut self) {
        self.total.minor = self.products.iter().map(|line| line.price.minor * line.quantity).sum();
    }
}

/// A product and its quantity.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Line {
    pub(super) sku: &'static str,
    name: &'static str,
    category: &'static str,
    pub(super) price: Money,
    pub(super) quantity: u64,
}

impl Line {
    /// `quantity` of a product at its price.
    pub(super) fn new(product: &'static Product, currency: Currency, quantity: u64) -> Self {
        let minor = match currency {
            Currency::Pound => product.pence,
            Currency::Euro => product.pence * 6 / 5,
        };
        Self {
            sku: &product.sku,
            name: &product.name,
            category: product.category,
            price: Money::number(minor),
            quantity,
        }
    }
}

/// A line of a return; without a price, the price of the order counts.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Returned {
    pub(super) sku: &'static str,
    pub(super) quantity: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) price: Option<Money>,
}

/// `traits` of an identify or group call.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Traits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_name: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) birth_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) city: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) country: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) loyalty_card: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) preferred_channel: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) favourite_category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) household_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plan: Option<&'static str>,
}
