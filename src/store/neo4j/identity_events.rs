//! Identity histories.

use std::collections::BTreeSet;
use std::sync::Arc;

use neo4rs::{BoltType, Row};

use super::bolt::{Params, ToBolt, list as bolt_list, list_row, row};
use super::connections::Transaction;
use super::fault::Fault;
use super::pages::{as_of_rows, by_key, empty, page};
use super::rows::{column, strange};
use super::statement::{Statement, statements};
use super::write::{Outcome, Writer};
use super::{Inner, memberships};
use crate::domain::change::{IdentityEvent, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::{Arrival, Moment, Timestamp};
use crate::stitching::Plan;
use crate::stitching::known::RefusedBefore;
use crate::store::{Result, StoreError};

statements! {
    INSERT = "identity_events/insert";
    pub(super) LIST = "identity_events/list";
    COUNT = "identity_events/count";
    LIST_AS_OF = "identity_events/list_as_of";
    COUNT_AS_OF = "identity_events/count_as_of";
    EVENTS = "identity_events/fetch";
    REFUSALS = "identity_events/list_refusals";
}

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

/// The identifiers that were refused in these messages.
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

pub(super) async fn fetch(
    store: &Inner,
    arrivals: &[Arrival],
    as_of: Option<Moment>,
) -> Result<Vec<Option<IdentityEvent>>> {
    let take = |row: &Row| column::<EventRow<'_>>(row, "item")?.try_into();
    let mut found: Vec<Option<IdentityEvent>> =
        by_key(store, &EVENTS, arrivals, |arrival| arrival.to_bolt(), take).await?;
    for event in &mut found {
        event.take_if(|event| as_of.is_some_and(|moment| !moment.has(event.arrival)));
    }
    Ok(found)
}

pub(super) async fn list(
    store: &Inner,
    customers: &[CustomerId],
    after: Option<Arrival>,
    limit: usize,
    as_of: Option<Moment>,
) -> Result<Vec<Page<IdentityEvent>>> {
    let params =
        Params::new().with("after", after.map_or(-1, |arrival| arrival.0)).with("limit", limit.saturating_add(1));
    let take = |row: &Row| page::<EventRow<'_>, _>(row, limit);
    ask(store, (&LIST, &LIST_AS_OF), customers, params, empty(), as_of, take).await
}

pub(super) async fn count(store: &Inner, customers: &[CustomerId], as_of: Option<Moment>) -> Result<Vec<i64>> {
    ask(store, (&COUNT, &COUNT_AS_OF), customers, Params::new(), 0, as_of, |row| column(row, "found")).await
}

/// Reads the history of each customer. A present customer is named by its id; a customer as of a moment is named by its
/// id and the ids that had been merged into it by then.
async fn ask<T: Clone>(
    store: &Inner,
    (present, past): (&Statement, &Statement),
    customers: &[CustomerId],
    params: Params,
    none: T,
    as_of: Option<Moment>,
    take: impl Fn(&Row) -> Result<T>,
) -> Result<Vec<T>> {
    let mut answers = vec![none; customers.len()];
    if customers.is_empty() {
        return Ok(answers);
    }
    let (statement, params) = match as_of {
        None => (present, params.with("of", customers)),
        Some(moment) => {
            let of = memberships::with_former(store, customers, moment).await?;
            (past, params.with_moment(moment).with_list("of", of.iter().map(|ids| bolt_list(ids).to_bolt())))
        }
    };
    for row in &as_of_rows(store, statement, params).await? {
        answers[column::<usize>(row, "n")?] = take(row)?;
    }
    Ok(answers)
}

/// Writes new lines.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    writer.rows(&INSERT, plan.identity_events.iter().map(identity_event).collect()).await
}

fn identity_event(event: &IdentityEvent) -> BoltType {
    row! {
        "arrival" => event.arrival,
        "customer" => event.customer,
        "at" => event.at,
        "kind" => event.kind.as_str(),
        "rule" => event.rule,
        "message_id" => event.message_id,
        "by" => event.by,
        "reason" => event.reason,
        "identifiers" => event.identifiers,
        "others" => event.others,
    }
}
