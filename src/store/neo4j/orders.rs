//! Orders, by key and in pages.

use std::sync::LazyLock;

use super::Inner;
use super::bolt::{Params, ToBolt};
use super::pages::{Pair, by_key, empty, page};
use super::rows::{OrderRow, column};
use super::statement::{Statement, part, statement};
use super::touchpoints::{bounds, end};
use super::write::order_text;
use crate::domain::order::{Order, OrderKey};
use crate::domain::page::Page;
use crate::domain::{Moment, Timestamp};
use crate::store::Result;
use crate::store::query::{Of, OrderPage};

pub(super) static ORDERS: Statement = statement!("orders/fetch");
pub(super) static LIST: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        Statement::of_parts("orders/list_of_customer", &[part!("owners/part_of_customer"), part!("orders/part_list")]),
        Statement::of_parts(
            "orders/list_of_identifier",
            &[part!("owners/part_of_identifier"), part!("orders/part_list")],
        ),
    )
});
static COUNT: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        Statement::of_parts(
            "orders/count_of_customer",
            &[part!("owners/part_of_customer"), part!("orders/part_count")],
        ),
        Statement::of_parts(
            "orders/count_of_identifier",
            &[part!("owners/part_of_identifier"), part!("orders/part_count")],
        ),
    )
});

pub(super) async fn fetch(store: &Inner, keys: &[OrderKey]) -> Result<Vec<Option<Order>>> {
    let key = |key: &OrderKey| order_text(key).to_bolt();
    by_key(store, &ORDERS, keys, key, |row| column::<OrderRow<'_>>(row, "item")?.try_into()).await
}

pub(super) async fn list(store: &Inner, of: &[Of], asked: &OrderPage) -> Result<Vec<Page<Order>>> {
    let params = page_params(asked, None);
    LIST.ask(store, of, params, empty(), |row| page::<OrderRow<'_>, _>(row, asked.limit)).await
}

/// The parameters of a page, now or as of a moment.
pub(super) fn page_params(asked: &OrderPage, when: Option<Moment>) -> Params {
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
        .with("end", end(when))
        .with("limit", asked.limit.saturating_add(1))
}

pub(super) async fn count(
    store: &Inner,
    of: &[Of],
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Vec<i64>> {
    let params = count_params(since, until, None);
    COUNT.ask(store, of, params, 0, |row| column(row, "found")).await
}

/// The parameters of a count, now or as of a moment.
pub(super) fn count_params(since: Option<Timestamp>, until: Option<Timestamp>, when: Option<Moment>) -> Params {
    let (since, until) = bounds(since, until);
    Params::new().with("since", since).with("until", until).with("end", end(when))
}
