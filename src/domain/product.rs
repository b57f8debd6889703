//! What is sold, and how a person stands to it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{IdentifierId, Timestamp};

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The sender's stock-keeping unit: unique.
    pub sku: Arc<str>,
    /// The name that was said last.
    pub name: Option<Arc<str>>,
    /// The category that was said last.
    pub category: Option<Arc<str>>,
}

/// What a person did about a product, apart from orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProductAct {
    /// Put on the wish list.
    Wished,
    /// Taken off it.
    Unwished,
    /// Liked.
    Liked,
    /// Disliked.
    Disliked,
    /// Put in the cart.
    Added,
    /// Taken out of the cart; without a quantity all of it.
    Removed,
}

impl ProductAct {
    /// Every act.
    pub const ALL: [ProductAct; 6] = [
        ProductAct::Wished,
        ProductAct::Unwished,
        ProductAct::Liked,
        ProductAct::Disliked,
        ProductAct::Added,
        ProductAct::Removed,
    ];

    /// Its name in stores: the relationship's type in Neo4j.
    pub fn as_str(self) -> &'static str {
        match self {
            ProductAct::Wished => "WISHED",
            ProductAct::Unwished => "UNWISHED",
            ProductAct::Liked => "LIKED",
            ProductAct::Disliked => "DISLIKED",
            ProductAct::Added => "ADDED",
            ProductAct::Removed => "REMOVED",
        }
    }

    /// From its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }
}

/// An act as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductFact {
    /// About which product.
    pub product: Product,
    /// What was done.
    pub act: ProductAct,
    /// How many, where that means something.
    pub quantity: Option<i64>,
}

/// An act as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductActed {
    /// The identifier it hangs on.
    pub owner: IdentifierId,
    /// The product.
    pub product: Product,
    /// What was done.
    pub act: ProductAct,
    /// How many.
    pub quantity: Option<i64>,
    /// When.
    pub at: Timestamp,
    /// Its place in the order of arrivals.
    pub arrival: super::Arrival,
}
