//! Products, and their relations to customers.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, ID, Object};

use super::id::NodeId;
use super::load::{self, Sku};
use super::scalar::{DateTime, int};
use crate::domain::{Moment, product};

/// A product.
pub struct Product(pub(super) product::Product, pub(super) Option<Moment>);

/// A product.
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

    /// The last name that was sent. Null when none was.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The last category that was sent. Null when none was.
    async fn category(&self) -> Option<&str> {
        self.0.category.as_deref()
    }
}

impl Product {
    /// The product with this sku.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        sku: Arc<str>,
    ) -> Result<Option<Self>, Error> {
        Ok(load::one_as_of(ctx, as_of, Sku(sku)).await?.map(|row| Product(row, as_of)))
    }
}

/// The relations between a customer and a product.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "product::ProductRelation")]
pub enum ProductRelation {
    /// On the customer's wish list.
    Wished,
    /// Liked, and not disliked later.
    Liked,
    /// Disliked, and not liked later.
    Disliked,
    /// Added to the cart, and neither removed nor ordered later.
    InCart,
    /// In an order that is not cancelled.
    Bought,
    /// Returned.
    Returned,
}

/// A product with a relation to a customer.
pub struct CustomerProduct(pub(super) product::RelatedProduct, pub(super) Option<Moment>);

/// A product with a relation to a customer.
#[Object]
impl CustomerProduct {
    /// The product.
    async fn product(&self) -> Product {
        Product(self.0.product.clone(), self.1)
    }

    /// When the relation last started.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// The total quantity. Null for relations without a quantity.
    async fn quantity(&self) -> Option<i32> {
        self.0.quantity.map(int)
    }
}
