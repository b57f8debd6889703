//! Orders, by key and in pages.

use std::collections::BTreeSet;

use neo4rs::{BoltType, Row};

use super::bolt::{Params, ToBolt, row};
use super::pages::{Forms, by_key, empty, of_owners};
use super::rows::{OrderRow, column};
use super::statement::statements;
use super::touchpoints::bounds;
use super::write::{Outcome, Writer, text};
use super::{Inner, products};
use crate::domain::order::{Order, OrderKey};
use crate::domain::page::Page;
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::stitching::Plan;
use crate::store::Result;
use crate::store::as_of::end;
use crate::store::query::{Of, OrderPage};

statements! {
    INSERT = "orders/insert";
    DELETE_LINES = "orders/delete_lines";
    INSERT_LINES = "orders/insert_lines";
    INSERT_RETURNS = "orders/insert_returns";
    DELETE_PLACEHOLDERS = "orders/delete_placeholders";
    ORDERS = "orders/fetch";
    LIST_OF_CUSTOMER = "orders/list_of_customer" ("owners/part_of_customer" | "orders/part_list");
    LIST_OF_IDENTIFIER = "orders/list_of_identifier" ("owners/part_of_identifier" | "orders/part_list");
    LIST_AS_OF = "orders/list_as_of" ("owners/part_as_of" | "orders/part_list_as_of");
    COUNT_OF_CUSTOMER = "orders/count_of_customer" ("owners/part_of_customer" | "orders/part_count");
    COUNT_OF_IDENTIFIER = "orders/count_of_identifier" ("owners/part_of_identifier" | "orders/part_count");
    COUNT_AS_OF = "orders/count_as_of" ("owners/part_as_of" | "orders/part_count_as_of");
}

pub(super) static LIST: Forms =
    Forms { customer: &LIST_OF_CUSTOMER, identifier: &LIST_OF_IDENTIFIER, as_of: &LIST_AS_OF };
static COUNT: Forms = Forms { customer: &COUNT_OF_CUSTOMER, identifier: &COUNT_OF_IDENTIFIER, as_of: &COUNT_AS_OF };

pub(super) async fn fetch(store: &Inner, keys: &[OrderKey], as_of: Option<Moment>) -> Result<Vec<Option<Order>>> {
    let key = |key: &OrderKey| order_text(key).to_bolt();
    let take = |row: &Row| column::<OrderRow<'_>>(row, "item")?.order(as_of);
    let mut found: Vec<Option<Order>> = by_key(store, &ORDERS, keys, key, take).await?;
    if let Some(moment) = as_of {
        for order in &mut found {
            order.take_if(|order| order.placed.is_none());
        }
        products::name_as_of(store, found.iter_mut().flatten(), [], moment).await?;
    }
    Ok(found)
}

pub(super) async fn list(
    store: &Inner,
    of: &[Of],
    asked: &OrderPage,
    as_of: Option<Moment>,
) -> Result<Vec<Page<Order>>> {
    let take = |row: &Row| page(row, asked, as_of);
    let mut pages = LIST.ask(store, of, page_params(asked, as_of), empty(), as_of, take).await?;
    if let Some(moment) = as_of {
        products::name_as_of(store, pages.iter_mut().flat_map(|page| &mut page.items), [], moment).await?;
    }
    Ok(pages)
}

/// A page of the orders that each list of identifiers owned at a moment.
pub(super) async fn list_as_of(
    store: &Inner,
    owners: &[Vec<IdentifierId>],
    asked: &OrderPage,
    moment: Moment,
) -> Result<Vec<Page<Order>>> {
    let (params, take) = (page_params(asked, Some(moment)), |row: &Row| page(row, asked, Some(moment)));
    let mut pages = of_owners(store, &LIST_AS_OF, owners, params, empty(), moment, take).await?;
    products::name_as_of(store, pages.iter_mut().flat_map(|page| &mut page.items), [], moment).await?;
    Ok(pages)
}

fn page(row: &Row, asked: &OrderPage, as_of: Option<Moment>) -> Result<Page<Order>> {
    let rows: Vec<OrderRow<'_>> = column(row, "items")?;
    Ok(Page::cut(rows.into_iter().map(|row| row.order(as_of)).collect::<Result<_>>()?, asked.limit))
}

fn page_params(asked: &OrderPage, as_of: Option<Moment>) -> Params {
    let (since, mut until) = bounds(asked.since, asked.until);
    let (mut edge, mut place) = (i64::MIN, 0);
    if let Some(after) = asked.after {
        (edge, place) = (after.at.0, after.arrival.0);
        until = until.min(edge.saturating_add(1));
    }
    Params::new()
        .with("since", since)
        .with("until", until)
        .with("edge", edge)
        .with("place", place)
        .with("end", end(as_of))
        .with("limit", asked.limit.saturating_add(1))
}

pub(super) async fn count(
    store: &Inner,
    of: &[Of],
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    as_of: Option<Moment>,
) -> Result<Vec<i64>> {
    let (since, until) = bounds(since, until);
    let params = Params::new().with("since", since).with("until", until).with("end", end(as_of));
    COUNT.ask(store, of, params, 0, as_of, |row| column(row, "found")).await
}

/// An order's unique key: source and number with a line feed in between. Neither contains a line feed.
pub(super) fn order_text(key: &OrderKey) -> String {
    format!("{}\n{}", key.source, key.number)
}

/// Deletes the empty nodes that locks made for orders, when the plan does not write these orders.
pub(super) async fn delete_placeholders(
    writer: &mut Writer<'_, '_>,
    plan: &Plan,
    placeholders: &BTreeSet<String>,
) -> Outcome<()> {
    let filled: BTreeSet<String> = plan.orders.iter().map(|order| order_text(&order.key)).collect();
    let empty: Vec<&String> = placeholders.difference(&filled).collect();
    if !empty.is_empty() {
        writer.transaction.write(&DELETE_PLACEHOLDERS, Params::new().with("orders", empty)).await?;
    }
    Ok(())
}

/// Writes whole orders, which replace the stored rows.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    if plan.orders.is_empty() {
        return Ok(());
    }
    writer.rows(&INSERT, plan.orders.iter().map(order).collect::<Outcome<_>>()?).await?;
    let keys = plan.orders.iter().map(|o| order_text(&o.key));
    writer.transaction.write(&DELETE_LINES, Params::new().with_list("keys", keys)).await?;
    writer.rows(&INSERT_LINES, plan.orders.iter().flat_map(order_lines).collect()).await?;
    writer.rows(&INSERT_RETURNS, plan.orders.iter().flat_map(order_returns).collect()).await
}

fn order(order: &Order) -> Outcome<BoltType> {
    Ok(row! {
        "key" => order_text(&order.key),
        "set" => row! {
            "source" => order.key.source,
            "number" => order.key.number,
            "owner" => order.placed.map(|p| p.owner),
            "placed_at" => order.placed.map(|p| p.at),
            "placed_arrival" => order.placed.map(|p| p.arrival),
            "status" => order.status.as_str(),
            "currency" => order.currency.0,
            "total" => order.total,
            "returned" => order.returned,
            "channel" => order.channel,
            "events" => text(&order.events)?,
        },
    })
}

fn order_lines(order: &Order) -> Vec<BoltType> {
    let each = order.lines.iter().map(|line| {
        row! {
            "key" => order_text(&order.key),
            "sku" => line.product.sku,
            "set" => row! {
                "quantity" => line.quantity,
                "unit_price" => line.unit_price,
                "returned_quantity" => line.returned_quantity,
            },
        }
    });
    each.collect()
}

fn order_returns(order: &Order) -> Vec<BoltType> {
    let each = order.returns.iter().filter_map(|back| {
        let product = back.product.as_ref()?;
        Some(row! {
            "key" => order_text(&order.key),
            "sku" => product.sku,
            "set" => row! {
                "quantity" => back.quantity, "amount" => back.amount, "at" => back.at, "reason" => back.reason,
            },
        })
    });
    each.collect()
}
