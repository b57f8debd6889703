//! What is sold, and how a person stands to it.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, ID, Object};

use super::id::NodeId;
use super::load::{self, Sku};
use super::scalar::{DateTime, int};
use crate::domain::{Moment, product};

/// A product.
pub struct Product(pub(super) product::Product, pub(super) Option<Moment>);

/// What is sold.
#[Object]
impl Product {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::Product(self.0.sku.clone()).encode_at(self.1)
    }

    /// The sender's stock-keeping unit.
    async fn sku(&self) -> &str {
        &self.0.sku
    }

    /// The name that was said last; null when none was.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The category that was said last; null when none was.
    async fn category(&self) -> Option<&str> {
        self.0.category.as_deref()
    }
}

impl Product {
    /// The product of this sku.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        when: Option<Moment>,
        sku: Arc<str>,
    ) -> Result<Option<Self>, Error> {
        Ok(load::then(ctx, when, Sku(sku)).await?.map(|row| Product(row, when)))
    }
}

/// How a customer stands to a product.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum ProductRelation {
    /// On the wish list.
    Wished,
    /// Liked, and not disliked later.
    Liked,
    /// Disliked, and not liked later.
    Disliked,
    /// Put in the cart, and neither taken out nor ordered later.
    InCart,
    /// In an order that was not cancelled.
    Bought,
    /// Came back.
    Returned,
}

impl From<ProductRelation> for product::ProductRelation {
    fn from(relation: ProductRelation) -> Self {
        match relation {
            ProductRelation::Wished => product::ProductRelation::Wished,
            ProductRelation::Liked => product::ProductRelation::Liked,
            ProductRelation::Disliked => product::ProductRelation::Disliked,
            ProductRelation::InCart => product::ProductRelation::InCart,
            ProductRelation::Bought => product::ProductRelation::Bought,
            ProductRelation::Returned => product::ProductRelation::Returned,
        }
    }
}

/// A product that a customer stands in a relation to.
pub struct CustomerProduct(pub(super) product::RelatedProduct, pub(super) Option<Moment>);

/// A product that a customer stands in a relation to.
#[Object]
impl CustomerProduct {
    /// The product.
    async fn product(&self) -> Product {
        Product(self.0.product.clone(), self.1)
    }

    /// When it came to be so, the last time.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// How many, over all times; null where that means nothing.
    async fn quantity(&self) -> Option<i32> {
        self.0.quantity.map(int)
    }
}
