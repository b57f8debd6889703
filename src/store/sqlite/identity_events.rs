//! Identity histories of customers, including the customers merged into them.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::memberships;
use super::row::{arrival, json, optional_text, text, time, word};
use super::statement::statements;
use super::write::Births;
use crate::domain::change::{IdentityEvent, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::{Arrival, IdentifierId, Moment};
use crate::stitching::known::RefusedBefore;
use crate::store::Result;
use crate::store::as_of::end;

statements! {
    INSERT_IDENTITY_EVENT = "identity_events/insert";
    IDENTITY_EVENT = "identity_events/fetch";
    IDENTITY_EVENTS_OF_CUSTOMER = "identity_events/list";
    COUNT_IDENTITY_EVENTS = "identity_events/count";
    REFUSALS_OF_MESSAGE = "identity_events/list_refusals";
    CUSTOMER_AND_FORMER = "customers/list_with_former";
}

/// Writes new lines.
pub(super) fn insert(db: &Connection, born: &Births<'_>, events: &[IdentityEvent]) -> Result<()> {
    let mut insert = INSERT_IDENTITY_EVENT.on(db)?;
    for event in events {
        insert.execute(params![
            event.arrival.0,
            born.of(&event.customer)?,
            event.at.0,
            event.kind.as_str(),
            event.rule.as_deref(),
            event.message_id.as_deref(),
            event.by.as_deref(),
            event.reason.as_deref(),
            serde_json::to_string(&event.identifiers)?,
            serde_json::to_string(&event.others)?,
        ])?;
    }
    Ok(())
}

/// The identifiers that were refused in these messages.
pub(super) fn refused(db: &Connection, messages: BTreeSet<&Arc<str>>) -> Result<RefusedBefore> {
    let mut refused = RefusedBefore::default();
    let mut statement = REFUSALS_OF_MESSAGE.on(db)?;
    for message in messages {
        let mut rows: Vec<(Arc<str>, Vec<IdentifierId>)> = Vec::new();
        statement.all([&**message], &mut rows, |row| Ok((text(row, 0)?, json(row, 1)?)))?;
        for (rule, identifiers) in rows {
            for identifier in identifiers {
                refused.entry((message.clone(), identifier)).or_default().push(rule.clone());
            }
        }
    }
    Ok(refused)
}

/// One line per name, in their order.
pub(super) fn fetch(
    db: &Connection,
    arrivals: &[Arrival],
    as_of: Option<Moment>,
) -> Result<Vec<Option<IdentityEvent>>> {
    let mut statement = IDENTITY_EVENT.on(db)?;
    let mut fetch = |arrival: &Arrival| match arrival.0 < end(as_of) {
        true => statement.first([arrival.0], decode),
        false => Ok(None),
    };
    arrivals.iter().map(&mut fetch).collect()
}

/// A page of each, oldest first.
pub(super) fn list(
    db: &Connection,
    customers: &[CustomerId],
    after: Option<Arrival>,
    limit: usize,
    as_of: Option<Moment>,
) -> Result<Vec<Page<IdentityEvent>>> {
    let after = after.map_or(i64::MIN, |a| a.0);
    let mut statement = IDENTITY_EVENTS_OF_CUSTOMER.on(db)?;
    let mut pages = Vec::with_capacity(customers.len());
    for customer in customers {
        let mut events = Vec::new();
        for born in with_former(db, customer, as_of)? {
            statement.all(params![born, after, limit as i64 + 1, end(as_of)], &mut events, decode)?;
        }
        events.sort_by_key(|event| event.arrival);
        pages.push(Page::cut(events, limit));
    }
    Ok(pages)
}

/// The length of each history.
pub(super) fn count(db: &Connection, customers: &[CustomerId], as_of: Option<Moment>) -> Result<Vec<i64>> {
    let mut statement = COUNT_IDENTITY_EVENTS.on(db)?;
    let mut counts = Vec::with_capacity(customers.len());
    for customer in customers {
        let mut sum = 0;
        for born in with_former(db, customer, as_of)? {
            sum += statement.count([born, end(as_of)])?;
        }
        counts.push(sum);
    }
    Ok(counts)
}

/// The customer that an id stands for, and the customers merged into it.
fn with_former(db: &Connection, id: &CustomerId, as_of: Option<Moment>) -> Result<Vec<i64>> {
    if let Some(moment) = as_of {
        let Some(born) = memberships::customer(db, id, moment)? else { return Ok(Vec::new()) };
        let mut all = memberships::former(db, born, moment)?;
        all.push(born);
        return Ok(all);
    }
    let mut births = Vec::new();
    CUSTOMER_AND_FORMER.on(db)?.all([&*id.0], &mut births, |row| Ok(row.get(0)?))?;
    Ok(births)
}

/// `arrival, customer's id, at, kind, rule, message_id, by, reason, identifiers, others`.
pub(super) fn decode(row: &Row<'_>) -> Result<IdentityEvent> {
    Ok(IdentityEvent {
        arrival: arrival(row, 0)?,
        customer: CustomerId(text(row, 1)?),
        at: time(row, 2)?,
        kind: word(row, 3, IdentityEventKind::parse)?,
        rule: optional_text(row, 4)?,
        message_id: optional_text(row, 5)?,
        by: optional_text(row, 6)?,
        reason: optional_text(row, 7)?,
        identifiers: json(row, 8)?,
        others: json(row, 9)?,
    })
}
