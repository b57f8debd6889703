//! Identity histories.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Inner;
use super::bolt::{Params, ToBolt, list_row};
use super::connections::Transaction;
use super::fault::Fault;
use super::pages::{by_key, empty, page};
use super::rows::{column, strange};
use super::statement::{Statement, statement};
use crate::domain::change::{IdentityEvent, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::{Arrival, Timestamp};
use crate::stitching::known::RefusedBefore;
use crate::store::{Result, StoreError};

pub(super) static LIST: Statement = statement!("identity_events/list");
static COUNT: Statement = statement!("identity_events/count");
static EVENTS: Statement = statement!("identity_events/fetch");
static REFUSALS: Statement = statement!("identity_events/list_refusals");

list_row! {
    /// A line.
    pub(super) struct EventRow {
        arrival: i64,
        customer: &'de str,
        at: i64,
        kind: &'de str,
        rule: Option<&'de str>,
        message_id: Option<&'de str>,
        by: Option<&'de str>,
        reason: Option<&'de str>,
        identifiers: Vec<i64>,
        others: Vec<&'de str>,
    }
}

impl TryFrom<EventRow<'_>> for IdentityEvent {
    type Error = StoreError;
    fn try_from(row: EventRow<'_>) -> Result<Self> {
        Ok(IdentityEvent {
            arrival: Arrival(row.arrival),
            customer: CustomerId(row.customer.into()),
            at: Timestamp(row.at),
            kind: IdentityEventKind::parse(row.kind).ok_or_else(|| strange("the kind of an identity event"))?,
            rule: row.rule.map(Into::into),
            message_id: row.message_id.map(Into::into),
            by: row.by.map(Into::into),
            reason: row.reason.map(Into::into),
            identifiers: row.identifiers.into_iter().map(Arrival).collect(),
            others: row.others.into_iter().map(|id| CustomerId(id.into())).collect(),
        })
    }
}

/// Who was refused in these messages.
pub(super) async fn refused(
    transaction: &mut Transaction<'_>,
    messages: BTreeSet<&Arc<str>>,
) -> std::result::Result<RefusedBefore, Fault> {
    let mut refused = RefusedBefore::default();
    if messages.is_empty() {
        return Ok(refused);
    }
    for row in &transaction.read(&REFUSALS, Params::new().with_list("messages", messages)).await? {
        let message: Arc<str> = column::<&str>(row, "message")?.into();
        let rule: Arc<str> = column::<&str>(row, "rule")?.into();
        for identifier in column::<Vec<i64>>(row, "identifiers")? {
            refused.entry((message.clone(), Arrival(identifier))).or_default().push(rule.clone());
        }
    }
    Ok(refused)
}

pub(super) async fn fetch(store: &Inner, arrivals: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>> {
    by_key(store, &EVENTS, arrivals, |arrival| arrival.to_bolt(), |row| column::<EventRow<'_>>(row, "item")?.try_into())
        .await
}

pub(super) async fn list(
    store: &Inner,
    customers: &[CustomerId],
    after: Option<Arrival>,
    limit: usize,
) -> Result<Vec<Page<IdentityEvent>>> {
    let mut answers = vec![empty(); customers.len()];
    if customers.is_empty() {
        return Ok(answers);
    }
    let params = Params::new()
        .with("of", customers)
        .with("after", after.map_or(-1, |arrival| arrival.0))
        .with("limit", limit.saturating_add(1));
    for row in &store.connections.read(&LIST, params).await? {
        answers[column::<usize>(row, "n")?] = page::<EventRow<'_>, _>(row, limit)?;
    }
    Ok(answers)
}

pub(super) async fn count(store: &Inner, customers: &[CustomerId]) -> Result<Vec<i64>> {
    let mut answers = vec![0; customers.len()];
    if customers.is_empty() {
        return Ok(answers);
    }
    for row in &store.connections.read(&COUNT, Params::new().with("of", customers)).await? {
        answers[column::<usize>(row, "n")?] = column(row, "found")?;
    }
    Ok(answers)
}
