//! Figures about who is who in the whole store.

use async_graphql::{Context, Error, Object, SimpleObject};

use super::customer::Customer;
use super::error::store_error;
use super::load::{self, CustomerLoad};
use super::scalar::Long;
use super::shape::Ask;
use crate::domain::health::{self, Health};
use crate::store::query::CustomerKey;

/// How many customers `largest` tells of.
const LARGEST: usize = 10;

/// Figures about who is who in the whole store, all of the same change.
pub struct IdentityHealth(Health);

/// How many customers have how many identifiers.
#[derive(SimpleObject)]
pub struct Histogram {
    /// At least so many identifiers.
    from: Long,
    /// At most so many.
    to: Long,
    /// So many customers.
    count: Long,
}

/// How often a rule refused.
#[derive(SimpleObject)]
pub struct RefusalCount {
    /// The rule: the kind whose limit forbade it, `max_identifiers`, or `decision` when a person did.
    rule: String,
    /// How many lines REFUSED there are of it in identity histories. The same identifiers refused again in
    /// the same way are no new line.
    count: Long,
}

/// Figures about who is who in the whole store, all of the same change. They are kept up to date by every
/// write, so that asking for them costs the same in any store.
#[Object]
impl IdentityHealth {
    /// Customers, those that were merged away left out.
    async fn customers(&self) -> Long {
        Long(self.0.customers())
    }

    /// Identifiers, those that nobody holds included.
    async fn identifiers(&self) -> Long {
        Long(self.0.identifiers)
    }

    /// How many customers have 1 identifier, 2, 3 to 5, 6 to 10, 11 to 20, and so on, up to the largest.
    /// The counts add up to `customers`.
    async fn identifiers_per_customer(&self) -> Vec<Histogram> {
        let row = |b: health::Bucket| Histogram { from: Long(b.from), to: Long(b.to), count: Long(b.count) };
        self.0.histogram().into_iter().map(row).collect()
    }

    /// How many customers were merged into another so far, by events and by people; those that were split off
    /// again included.
    async fn merges(&self) -> Long {
        Long(self.0.merges)
    }

    /// How many customers came out of another so far: by people, because an identifier turned out to be
    /// shared, or by new rules.
    async fn splits(&self) -> Long {
        Long(self.0.splits)
    }

    /// Refusals, by rule.
    async fn refused(&self) -> Vec<RefusalCount> {
        let count = |(rule, n): (&std::sync::Arc<str>, &i64)| RefusalCount { rule: rule.to_string(), count: Long(*n) };
        self.0.refused.iter().map(count).collect()
    }

    /// Identifiers that turned out to be shared by several people.
    async fn shared(&self) -> Long {
        Long(self.0.shared)
    }

    /// The 10 customers with the most identifiers, the largest first. One that grows past the rules'
    /// `maxIdentifiers`, or comes near, may be many people whom something shared has joined.
    async fn largest(&self, ctx: &Context<'_>) -> Result<Vec<Customer>, Error> {
        let (loaders, ask) = (load::of(ctx), Ask::of_field(ctx));
        let found = loaders.loader().0.largest_customers(LARGEST).await.map_err(store_error)?;
        let key_of = |id| CustomerLoad(CustomerKey::Id(id), ask.shape, ask.pages);
        let keys: Vec<CustomerLoad> = found.into_iter().map(|(id, _)| key_of(id)).collect();
        let views = loaders.load_many(keys.clone()).await.map_err(store_error)?;
        let mut largest = Vec::with_capacity(keys.len());
        for key in &keys {
            if let Some(view) = views.get(key).cloned().transpose().map_err(store_error)?.flatten() {
                largest.push(Customer::of_view(view));
            }
        }
        Ok(largest)
    }
}

impl IdentityHealth {
    pub(super) async fn fetch(ctx: &Context<'_>) -> Result<Self, Error> {
        load::of(ctx).loader().0.identity_health().await.map(IdentityHealth).map_err(store_error)
    }
}
