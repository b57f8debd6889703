//! Orders, by key and in pages.

use neo4rs::Row;

use super::bolt::{Params, ToBolt};
use super::pages::{Forms, by_key, empty, of_owners};
use super::rows::{OrderRow, column};
use super::statement::statements;
use super::touchpoints::bounds;
use super::write::order_text;
use super::{Inner, products};
use crate::domain::order::{Order, OrderKey};
use crate::domain::page::Page;
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::store::Result;
use crate::store::as_of::end;
use crate::store::query::{Of, OrderPage};

statements! {
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

/// A page of what each list of identifiers owned at a moment.
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
