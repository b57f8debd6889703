//! The locks of a batch: the identifiers in the order of their keys, their customers in the order of their ids, the
//! orders in the order of their keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::bolt::{Params, list, row};
use super::connections::Transaction;
use super::known::{self, Locked};
use super::orders::order_text;
use super::rows::column;
use super::statement::statements;
use super::write::Outcome;
use crate::domain::customer::CustomerId;
use crate::stitching::{Batch, Plan};

statements! {
    LOCK_IDENTIFIERS = "identifiers/lock";
    LOCK_ORDERS = "orders/lock";
}

/// The locks of an attempt.
pub(super) struct Locks {
    pub(super) identifiers: BTreeSet<String>,
    pub(super) orders: BTreeSet<String>,
    pub(super) customers: FxHashSet<String>,
}

impl Locks {
    pub(super) async fn take(
        transaction: &mut Transaction<'_>,
        batch: &Batch,
        wider: &BTreeSet<String>,
    ) -> Outcome<Self> {
        let orders = batch.orders();
        let mut keys: BTreeMap<String, Arc<str>> =
            batch.identifiers().into_iter().map(|key| (key.to_string(), key.kind.clone())).collect();
        for key in known::order_owners(transaction, &orders).await?.iter().chain(wider) {
            keys.entry(key.clone()).or_insert_with(|| kind_of(key).into());
        }
        let customers = lock_people(transaction, &keys).await?;
        let texts: BTreeSet<String> = orders.iter().map(|key| order_text(key)).collect();
        if !orders.is_empty() {
            let by_text: BTreeMap<String, &Arc<str>> =
                orders.iter().map(|key| (order_text(key), &key.number)).collect();
            let rows = by_text.iter().map(|(key, number)| row! { "key" => key, "number" => number });
            transaction.write(&LOCK_ORDERS, Params::new().with("keys", list(rows))).await?;
        }
        Ok(Locks { identifiers: keys.into_keys().collect(), orders: texts, customers })
    }

    /// The locks of identifiers only.
    pub(super) async fn take_keys(transaction: &mut Transaction<'_>, keys: BTreeSet<String>) -> Outcome<Self> {
        let kinds = keys.into_iter().map(|key| {
            let kind = kind_of(&key).into();
            (key, kind)
        });
        let keys: BTreeMap<String, Arc<str>> = kinds.collect();
        let customers = lock_people(transaction, &keys).await?;
        Ok(Locks { identifiers: keys.into_keys().collect(), orders: BTreeSet::new(), customers })
    }

    pub(super) fn locked(&self) -> Locked<'_> {
        Locked { identifiers: &self.identifiers, customers: &self.customers }
    }

    /// The customers of a plan.
    pub(super) fn concerned(&self, plan: &Plan) -> BTreeSet<CustomerId> {
        let locked = self.customers.iter().map(|id| CustomerId(id.as_str().into()));
        locked.chain(plan.customers.iter().map(|row| row.id.clone())).collect()
    }
}

/// Locks identifiers in the order of their keys, then their customers. It creates missing identifiers. Returns the
/// customers.
async fn lock_people(
    transaction: &mut Transaction<'_>,
    keys: &BTreeMap<String, Arc<str>>,
) -> Outcome<FxHashSet<String>> {
    let rows = keys.iter().map(|(key, kind)| row! { "key" => key, "kind" => kind });
    let rows = transaction.read(&LOCK_IDENTIFIERS, Params::new().with("keys", list(rows))).await?;
    Ok(rows.first().map(|row| column(row, "customers")).transpose()?.unwrap_or_default())
}

/// The kind of a key; kinds have no colon in them.
fn kind_of(key: &str) -> &str {
    key.split_once(':').map_or("", |(kind, _)| kind)
}

pub(super) async fn lock_orders(transaction: &mut Transaction<'_>, keys: &BTreeSet<String>) -> Outcome<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let number = |key: &str| key.split_once('\n').map(|(_, number)| number.to_owned());
    let rows = keys.iter().map(|key| row! { "key" => key, "number" => number(key) });
    transaction.write(&LOCK_ORDERS, Params::new().with("keys", list(rows))).await
}
