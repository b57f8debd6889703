//! Figures about identities in the whole store.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Inner;
use super::bolt::Params;
use super::connections::Transaction;
use super::fault::Fault;
use super::rows::{column, strange};
use super::statement::statements;
use crate::domain::customer::CustomerId;
use crate::domain::health::{Health, Names};
use crate::store::{Result, StoreError};

statements! {
    HEALTH = "health/fetch";
    pub(super) LARGEST = "customers/list_largest";
    COUNT = "health/count";
    COUNT_NAMES = "health/count_names";
    PUT = "health/update";
}

/// The present figures.
pub(super) async fn fetch(store: &Inner) -> Result<Health> {
    let rows = store.connections.read(&HEALTH, Params::new()).await?;
    let row =
        rows.first().ok_or_else(|| StoreError::Setup("the store was not set up: the counter is missing".into()))?;
    parse(column(row, "health")?)
}

/// The customers with the most identifiers.
pub(super) async fn largest(store: &Inner, limit: usize) -> Result<Vec<(CustomerId, i64)>> {
    let rows = store.connections.read(&LARGEST, Params::new().with("limit", limit)).await?;
    rows.iter().map(|row| Ok((CustomerId(column::<&str>(row, "id")?.into()), column(row, "identifiers")?))).collect()
}

/// The figures after a write has added its own; `None` when it adds nothing.
pub(super) fn sum(kept: &str, added: &Health) -> Result<Option<String>> {
    if added.is_nothing() {
        return Ok(None);
    }
    let before = parse(kept)?;
    let mut health = before.clone();
    health.add(added);
    // Most writes have no new names.
    if health == before { Ok(None) } else { text(&health).map(Some) }
}

/// Counts the data that was written before figures, or names in figures, were kept.
pub(super) async fn make(transaction: &mut Transaction<'_>) -> std::result::Result<(), Fault> {
    make_figures(transaction).await?;
    make_names(transaction).await
}

async fn make_names(transaction: &mut Transaction<'_>) -> std::result::Result<(), Fault> {
    let rows = transaction.read(&COUNT_NAMES, Params::new()).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let set = |name: &str| -> Result<BTreeSet<Arc<str>>> {
        Ok(column::<Vec<String>>(row, name)?.into_iter().map(Arc::from).collect())
    };
    let mut health = parse(column(row, "health")?)?;
    health.names = Some(Names { kinds: set("kinds")?, channels: set("channels")? });
    transaction.write(&PUT, Params::new().with("health", text(&health)?)).await
}

async fn make_figures(transaction: &mut Transaction<'_>) -> std::result::Result<(), Fault> {
    let rows = transaction.read(&COUNT, Params::new()).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let refused: Vec<(String, i64)> = column(row, "refused")?;
    let health = Health {
        identifiers: column(row, "identifiers")?,
        sizes: column::<Vec<(i64, i64)>>(row, "sizes")?.into_iter().collect(),
        merges: column(row, "merges")?,
        refused: refused.into_iter().map(|(rule, n)| (Arc::from(rule), n)).collect(),
        ..Health::default()
    };
    transaction.write(&PUT, Params::new().with("health", text(&health)?)).await
}

pub(super) fn parse(kept: &str) -> Result<Health> {
    serde_json::from_str(kept).map_err(|_| strange("the figures about identities"))
}

fn text(health: &Health) -> Result<String> {
    serde_json::to_string(health).map_err(|_| strange("the figures about identities"))
}
