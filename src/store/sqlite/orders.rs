//! Orders: each is computed from its events. Their products have the present names.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::identifiers::Owners;
use super::pages::{self, Entry};
use super::row::{arrival, json, text, time};
use super::statement::statements;
use super::{products, touchpoints};
use crate::domain::order::{Order, OrderEvent, OrderKey};
use crate::domain::page::Page;
use crate::domain::product::Product;
use crate::domain::{Amount, IdentifierId, Moment, Timestamp};
use crate::store::Result;
use crate::store::amounts::Kept;
use crate::store::as_of::end;
use crate::store::query::{Of, OrderPage, TimeKey};

statements! {
    PUT_ORDER = "orders/insert";
    PLACED_ORDER = "orders/fetch";
    ORDER_BY_ROW = "orders/fetch_by_row";
    ORDERS_NEWEST = "orders/list";
    ORDERS_OF_IDENTIFIER = "orders/list_all";
    COUNT_ORDERS = "orders/count";
    ORDERS_NEWEST_AS_OF = "orders/list_as_of";
    ORDERS_OF_IDENTIFIER_AS_OF = "orders/list_all_as_of";
    COUNT_ORDERS_AS_OF = "orders/count_as_of";
}

/// Writes whole orders, which replace the stored rows.
pub(super) fn put(db: &Connection, orders: &[Order]) -> Result<()> {
    let mut put = PUT_ORDER.on(db)?;
    for order in orders {
        let (total, vast_total) = columns(order.total);
        let (returned, vast_returned) = columns(order.returned);
        put.execute(params![
            &*order.key.source,
            &*order.key.number,
            order.placed.map(|p| p.owner.0),
            order.placed.map(|p| p.at.0),
            order.placed.map(|p| p.arrival.0),
            order.status.as_str(),
            &*order.currency.0,
            total,
            returned,
            order.channel.as_deref(),
            serde_json::to_string(&order.events)?,
            vast_total,
            vast_returned,
        ])?;
    }
    Ok(())
}

/// An amount of an order in its two columns.
fn columns(amount: Amount) -> (i64, Option<String>) {
    match amount.into() {
        Kept::Whole(whole) => (whole, None),
        Kept::Vast(text) => (i64::MAX, Some(text)),
    }
}

/// One placed order per key, in the order of the keys.
pub(super) fn fetch(db: &Connection, keys: &[OrderKey], as_of: Option<Moment>) -> Result<Vec<Option<Order>>> {
    let mut placed = PLACED_ORDER.on(db)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let order = placed.first((&*key.number, &*key.source), |row| decode(db, row, as_of))?;
        found.push(order.filter(|order| order.placed.is_some()));
    }
    drop(placed);
    name_products(db, found.iter_mut().flatten(), as_of)?;
    Ok(found)
}

/// A page of each, newest first.
pub(super) fn list(db: &Connection, of: &[Of], page: &OrderPage, as_of: Option<Moment>) -> Result<Vec<Page<Order>>> {
    let mut owners = Owners::new(db, as_of)?;
    of.iter().map(|of| list_of(db, &owners.of(of)?, page, as_of)).collect()
}

/// A page of the orders of `owners`.
pub(super) fn list_of(
    db: &Connection,
    owners: &[IdentifierId],
    page: &OrderPage,
    as_of: Option<Moment>,
) -> Result<Page<Order>> {
    let since = page.since.map_or(i64::MIN, |t| t.0);
    let begin = pages::begin(true, page.since, page.until, page.after);
    let mut range = if as_of.is_none() { ORDERS_NEWEST.on(db)? } else { ORDERS_NEWEST_AS_OF.on(db)? };
    let entries = pages::merge(owners, true, begin, page.limit + 1, |owner, behind, limit, into| {
        let read = |row: &Row<'_>| {
            let key = TimeKey { at: time(row, 0)?, arrival: arrival(row, 1)? };
            Ok(Entry { key, row: row.get(2)? })
        };
        let (at, arrival, limit) = (behind.at.0, behind.arrival.0, limit as i64);
        match as_of {
            None => range.all([owner.0, at, arrival, since, limit, end(None)], into, read),
            Some(moment) => range.all([owner.0, at, arrival, since, limit, moment.end().0, moment.change], into, read),
        }
    })?;
    drop(range);
    let page = Page::cut(entries, page.limit);
    let mut by_row = ORDER_BY_ROW.on(db)?;
    let mut items = Vec::with_capacity(page.items.len());
    for entry in &page.items {
        items.extend(by_row.first([entry.row], |row| decode(db, row, as_of))?);
    }
    drop(by_row);
    name_products(db, items.iter_mut(), as_of)?;
    Ok(Page { items, more: page.more })
}

/// Every order of `owners`, in the order in which they were placed.
pub(super) fn all_of(db: &Connection, owners: &[IdentifierId], as_of: Option<Moment>) -> Result<Vec<Order>> {
    let mut orders = Vec::new();
    let mut statement =
        if as_of.is_none() { ORDERS_OF_IDENTIFIER.on(db)? } else { ORDERS_OF_IDENTIFIER_AS_OF.on(db)? };
    for owner in owners {
        match as_of {
            None => statement.all([owner.0], &mut orders, |row| decode(db, row, as_of))?,
            Some(moment) => statement.all([owner.0, moment.change], &mut orders, |row| decode(db, row, as_of))?,
        }
    }
    drop(statement);
    orders.retain(|order| order.placed.is_some());
    orders.sort_by_key(|order| order.placed.map(|placed| (placed.at, placed.arrival)));
    name_products(db, orders.iter_mut(), as_of)?;
    Ok(orders)
}

/// The number of orders of each that were placed in the range.
pub(super) fn count(
    db: &Connection,
    of: &[Of],
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    as_of: Option<Moment>,
) -> Result<Vec<i64>> {
    let (since, until) = (since.map_or(i64::MIN, |t| t.0), until.map_or(i64::MAX, |t| t.0));
    let mut owners = Owners::new(db, as_of)?;
    let mut count = if as_of.is_none() { COUNT_ORDERS.on(db)? } else { COUNT_ORDERS_AS_OF.on(db)? };
    let mut counts = Vec::with_capacity(of.len());
    for of in of {
        let mut sum = 0;
        for owner in owners.of(of)? {
            sum += match as_of {
                None => count.count([owner.0, since, until, end(None)])?,
                Some(moment) => count.count([owner.0, since, until, moment.end().0, moment.change])?,
            };
        }
        counts.push(sum);
    }
    Ok(counts)
}

fn name_products<'o>(
    db: &Connection,
    orders: impl Iterator<Item = &'o mut Order>,
    as_of: Option<Moment>,
) -> Result<()> {
    let mut orders: Vec<&mut Order> = orders.collect();
    let mut known: HashMap<Arc<str>, Product> = HashMap::new();
    let skus = orders.iter().flat_map(|order| order.skus());
    products::read(db, skus, as_of, &mut known)?;
    for order in &mut orders {
        order.name_products(&known);
    }
    Ok(())
}

/// `source, number, events`.
fn decode(db: &Connection, row: &Row<'_>, as_of: Option<Moment>) -> Result<Order> {
    let key = OrderKey { source: text(row, 0)?, number: text(row, 1)? };
    let mut events: Vec<OrderEvent> = json(row, 2)?;
    if let Some(moment) = as_of {
        for event in &mut events {
            event.owner = touchpoints::owner_as_of(db, event.arrival, moment)?.or(event.owner);
        }
    }
    Ok(Order::fold_as_of(key, events, as_of))
}
