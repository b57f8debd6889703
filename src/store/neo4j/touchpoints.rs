//! Touchpoints, by message and in pages.

use std::sync::{Arc, LazyLock};

use super::Inner;
use super::bolt::{Params, ToBolt};
use super::pages::{Pair, by_key, empty, page};
use super::rows::{TouchpointRow, column};
use super::statement::{Statement, part, statement};
use crate::domain::page::Page;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Moment, Timestamp};
use crate::store::Result;
use crate::store::query::{Of, TimeOrder, TouchpointFilter, TouchpointPage};

static TOUCHPOINTS: Statement = statement!("touchpoints/fetch");
pub(super) static NEWEST: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        Statement::of_parts(
            "touchpoints/list_of_customer",
            &[part!("owners/part_of_customer"), part!("touchpoints/part_list")],
        ),
        Statement::of_parts(
            "touchpoints/list_of_identifier",
            &[part!("owners/part_of_identifier"), part!("touchpoints/part_list")],
        ),
    )
});
pub(super) static OLDEST: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        Statement::reversed(
            "touchpoints/list_of_customer",
            &[part!("owners/part_of_customer"), part!("touchpoints/part_list")],
        ),
        Statement::reversed(
            "touchpoints/list_of_identifier",
            &[part!("owners/part_of_identifier"), part!("touchpoints/part_list")],
        ),
    )
});
static COUNT: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        Statement::of_parts(
            "touchpoints/count_of_customer",
            &[part!("owners/part_of_customer"), part!("touchpoints/part_count")],
        ),
        Statement::of_parts(
            "touchpoints/count_of_identifier",
            &[part!("owners/part_of_identifier"), part!("touchpoints/part_count")],
        ),
    )
});

pub(super) async fn fetch(store: &Inner, message_ids: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>> {
    by_key(
        store,
        &TOUCHPOINTS,
        message_ids,
        |id| id.to_bolt(),
        |row| column::<TouchpointRow<'_>>(row, "item")?.try_into(),
    )
    .await
}

pub(super) async fn list(store: &Inner, of: &[Of], asked: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>> {
    let pair = match asked.order {
        TimeOrder::NewestFirst => &NEWEST,
        TimeOrder::OldestFirst => &OLDEST,
    };
    let params = page_params(asked, None);
    pair.ask(store, of, params, empty(), |row| page::<TouchpointRow<'_>, _>(row, asked.limit)).await
}

/// The parameters of a page, now or as of a moment.
pub(super) fn page_params(asked: &TouchpointPage, when: Option<Moment>) -> Params {
    let sign = match asked.order {
        TimeOrder::NewestFirst => -1_i64,
        TimeOrder::OldestFirst => 1,
    };
    let (mut since, mut until) = bounds(asked.filter.since, asked.filter.until);
    let (mut edge, mut place) = (i64::MIN, 0);
    if let Some(after) = asked.after {
        edge = after.at.0;
        place = sign * after.arrival.0;
        match asked.order {
            TimeOrder::NewestFirst => until = until.min(edge.saturating_add(1)),
            TimeOrder::OldestFirst => since = since.max(edge),
        }
    }
    filtered(Params::new(), &asked.filter)
        .with("since", since)
        .with("until", until)
        .with("edge", edge)
        .with("place", place)
        .with("sign", sign)
        .with("end", end(when))
        .with("limit", asked.limit.saturating_add(1))
}

pub(super) async fn count(store: &Inner, of: &[Of], filter: &TouchpointFilter) -> Result<Vec<i64>> {
    COUNT.ask(store, of, count_params(filter, None), 0, |row| column(row, "found")).await
}

/// The parameters of a count, now or as of a moment.
pub(super) fn count_params(filter: &TouchpointFilter, when: Option<Moment>) -> Params {
    let (since, until) = bounds(filter.since, filter.until);
    filtered(Params::new(), filter).with("since", since).with("until", until).with("end", end(when))
}

/// The first arrival that was not there yet; of the present there is none.
pub(super) fn end(when: Option<Moment>) -> i64 {
    when.map_or(i64::MAX, |moment| moment.end().0)
}

/// Not before, and before; all time where nothing is said.
pub(super) fn bounds(since: Option<Timestamp>, until: Option<Timestamp>) -> (i64, i64) {
    (since.map_or(i64::MIN + 1, |t| t.0), until.map_or(i64::MAX, |t| t.0))
}

fn filtered(params: Params, filter: &TouchpointFilter) -> Params {
    let given = |list: &Vec<Arc<str>>| (!list.is_empty()).then(|| list.clone());
    params
        .with("channels", given(&filter.channels))
        .with("kinds", given(&filter.kinds))
        .with("names", given(&filter.names))
        .with("direction", filter.direction.map(|d| d.as_str()))
}
