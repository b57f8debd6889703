//! The reads of exports: scans by key.

use super::Inner;
use super::bolt::Params;
use super::rows::{TouchpointRow, column};
use super::statement::statements;
use super::touchpoints;
use crate::domain::customer::CustomerId;
use crate::domain::identifier::IdentifierKey;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::store::Result;
use crate::store::exports::Holding;

statements! {
    pub(super) SCAN_CUSTOMERS = "customers/scan";
    pub(super) SCAN_HISTORY = "touchpoints/scan_all";
    pub(super) HOLDINGS_AT = "identifiers/fetch_at";
}

/// A page of the customer ids that were issued up to a change.
pub(super) async fn scan_customer_ids(
    store: &Inner,
    at: i64,
    after: Option<&CustomerId>,
    limit: usize,
) -> Result<Vec<CustomerId>> {
    let params = Params::new()
        .with("after", after.map_or("", |id| &*id.0))
        .with("end", Arrival::new(at + 1, 0))
        .with("limit", limit);
    let rows = store.connections.read(&SCAN_CUSTOMERS, params).await?;
    rows.iter().map(|row| Ok(CustomerId(column::<&str>(row, "id")?.into()))).collect()
}

/// A page of touchpoints with their owners after a change.
pub(super) async fn scan_history(
    store: &Inner,
    at: i64,
    after: Option<Arrival>,
    limit: usize,
) -> Result<Vec<Touchpoint>> {
    let moment = Moment { change: at, at: Timestamp::default() };
    let params = Params::new().with("after", after.unwrap_or_default()).with("end", moment.end()).with("limit", limit);
    let rows = store.connections.read(&SCAN_HISTORY, params).await?;
    let read = |row: &neo4rs::Row| column::<TouchpointRow<'_>>(row, "item")?.try_into();
    let mut page: Vec<Touchpoint> = rows.iter().map(read).collect::<Result<_>>()?;
    let owners = touchpoints::owners_as_of(store, page.iter().map(|t| t.arrival).collect(), moment).await?;
    for touchpoint in &mut page {
        if let Some(owner) = owners.get(&touchpoint.arrival) {
            touchpoint.give_back(*owner);
        }
    }
    Ok(page)
}

/// The keys and the customers of identifiers after a change.
pub(super) async fn holdings_at(store: &Inner, at: i64, ids: &[IdentifierId]) -> Result<Vec<Option<Holding>>> {
    let mut found = vec![None; ids.len()];
    if ids.is_empty() {
        return Ok(found);
    }
    let params = Params::new().with("at", at).with("end", Arrival::new(at + 1, 0)).with_list("keys", ids);
    for row in &store.connections.read(&HOLDINGS_AT, params).await? {
        let key = IdentifierKey::new(column::<&str>(row, "kind")?, column::<&str>(row, "value")?);
        let customer = column::<Option<&str>>(row, "holder")?.map(|id| CustomerId(id.into()));
        found[column::<usize>(row, "n")?] = Some(Holding { key, customer });
    }
    Ok(found)
}
