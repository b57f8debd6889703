//! Figures about the identities in the whole store.

use async_graphql::{Context, Error, Object, SimpleObject};

use super::customer::Customer;
use super::customer_parts::CustomerParts;
use super::error::store_error;
use super::load::{self, CustomerLoad};
use super::scalar::Long;
use crate::domain::health::{self, Health};
use crate::store::query::CustomerKey;

/// The number of customers in `largest`.
const LARGEST: usize = 10;

/// Figures about the identities in the whole store.
pub struct IdentityHealth(Health);

/// The number of customers in a range of identifier counts.
#[derive(SimpleObject)]
pub struct Histogram {
    /// The smallest number of identifiers.
    from: Long,
    /// The largest number of identifiers.
    to: Long,
    /// The number of customers.
    count: Long,
}

/// The number of refusals of a rule.
#[derive(SimpleObject)]
pub struct RefusalCount {
    /// The rule: the kind whose limit was reached, `max_identifiers`, or `decision` for a decision of a person.
    rule: String,
    /// The number of REFUSED events of this rule in identity histories. When the same identifiers are refused again in
    /// the same way, it does not grow.
    count: Long,
}

/// Figures about the identities in the whole store, all as of the same change. Every write updates them, so reading
/// them costs the same in a store of any size.
#[Object]
impl IdentityHealth {
    /// The number of customers, without those that were merged into others.
    async fn customers(&self) -> Long {
        Long(self.0.customers())
    }

    /// The number of identifiers, including those without a customer.
    async fn identifiers(&self) -> Long {
        Long(self.0.identifiers)
    }

    /// The number of customers with 1 identifier, 2, 3 to 5, 6 to 10, 11 to 20, and so on. The counts add up to
    /// `customers`.
    async fn identifiers_per_customer(&self) -> Vec<Histogram> {
        let row = |b: health::Bucket| Histogram { from: Long(b.from), to: Long(b.to), count: Long(b.count) };
        self.0.histogram().into_iter().map(row).collect()
    }

    /// The number of customers that were merged into another so far, by events and by people, including those that were
    /// split off again later.
    async fn merges(&self) -> Long {
        Long(self.0.merges)
    }

    /// The number of customers that were split off another so far: by people, because an identifier was found to be
    /// shared, or by new rules.
    async fn splits(&self) -> Long {
        Long(self.0.splits)
    }

    /// The number of refusals, by rule.
    async fn refused(&self) -> Vec<RefusalCount> {
        let count = |(rule, n): (&std::sync::Arc<str>, &i64)| RefusalCount { rule: rule.to_string(), count: Long(*n) };
        self.0.refused.iter().map(count).collect()
    }

    /// The number of identifiers that were found to be shared by several people.
    async fn shared(&self) -> Long {
        Long(self.0.shared)
    }

    /// The 10 customers with the most identifiers, the largest first. A customer near the rules' `maxIdentifiers` may be
    /// several people who were merged by a shared identifier.
    async fn largest(&self, ctx: &Context<'_>) -> Result<Vec<Customer>, Error> {
        let (loaders, parts) = (load::of(ctx), CustomerParts::of_field(ctx));
        let found = loaders.loader().0.largest_customers(LARGEST).await.map_err(store_error)?;
        let key_of = |id| CustomerLoad(CustomerKey::Id(id), parts.shape, parts.pages);
        let keys: Vec<CustomerLoad> = found.into_iter().map(|(id, _)| key_of(id)).collect();
        let views = loaders.load_many(keys.clone()).await.map_err(store_error)?;
        let mut largest = Vec::with_capacity(keys.len());
        for key in &keys {
            if let Some(view) = views.get(key).cloned().transpose().map_err(store_error)?.flatten() {
                largest.push(Customer::of_parts(view, parts));
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
