//! The reads of the journey projection: scans by key, and the data of a run of changes.

use std::sync::PoisonError;

use rustc_hash::FxHashSet;

use super::Inner;
use super::bolt::{Params, list_row};
use super::orders::order_text;
use super::rows::{amount, column, strange};
use super::statement::statements;
use crate::domain::consent::ConsentStatus;
use crate::domain::order::OrderKey;
use crate::domain::touchpoint::Direction;
use crate::domain::{Amount, Arrival, Currency, CustomerId, IdentifierId, Timestamp};
use crate::journeys::kind::TouchpointKind;
use crate::journeys::property::Properties;
use crate::journeys::row::{HeldConsent, OrderNet, Row};
use crate::store::campaigns::Campaigns;
use crate::store::journeys::{ConsentPage, TouchpointSink, Window};
use crate::store::{Result, StoreError};

statements! {
    pub(super) SCAN_TOUCHPOINTS = "touchpoints/scan";
    SCAN_MEMBERS = "memberships/scan";
    pub(super) MEMBERS_AT = "memberships/list_at";
    pub(super) HOLDERS_AT = "memberships/fetch_at";
    SCAN_ORDERS = "orders/scan";
    SCAN_HELD_CONSENTS = "consents/scan_held";
    pub(super) HELD_CONSENTS_AT = "consents/list_held_at";
}

/// A whole page is in memory before it is handed over.
const MOST_ROWS: usize = 10_000;

list_row! {
    /// A touchpoint, as far as journeys need it.
    struct Passed {
        arrival: i64,
        at: i64,
        owner: i64,
        kind: &'de str,
        name: &'de str,
        channel: &'de str,
        direction: &'de str,
        source: &'de str,
        session_id: Option<&'de str>,
        campaign: Option<&'de str>,
        order_source: Option<&'de str>,
        order_number: Option<&'de str>,
        properties: Option<&'de str>,
    }
}

/// A page of touchpoints.
pub(super) async fn scan_touchpoints(
    store: &Inner,
    window: Window,
    limit: usize,
    dimensions: &Properties,
    sink: &TouchpointSink,
) -> Result<Option<Arrival>> {
    let limit = limit.min(MOST_ROWS);
    let params = Params::new().with("after", window.after).with("end", window.end).with("limit", limit);
    let rows = store.connections.read(&SCAN_TOUCHPOINTS, params).await?;
    let page = hand_over(&rows, dimensions, sink)?;
    Ok(page.last.filter(|_| page.cut_short || rows.len() == limit))
}

/// How much of a page was handed over.
struct Page {
    last: Option<Arrival>,
    /// Whether a row's node was removed: the next page begins at this row and reads it again.
    cut_short: bool,
}

fn hand_over(rows: &[neo4rs::Row], dimensions: &Properties, sink: &TouchpointSink) -> Result<Page> {
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    let mut campaigns = Campaigns::default();
    let mut values = dimensions.values();
    let mut last = None;
    for row in rows {
        let passed: Passed<'_> = match column(row, "item") {
            Err(error) if last.is_some() && matches!(error, StoreError::Removed(_)) => {
                return Ok(Page { last, cut_short: true });
            }
            passed => passed?,
        };
        values.clear();
        if let Some(properties) = passed.properties {
            values.read(dimensions, properties);
        }
        let order = match (passed.order_source, passed.order_number) {
            (Some(source), Some(number)) => Some(OrderKey { source: source.into(), number: number.into() }),
            _ => None,
        };
        let campaign = passed.campaign.map(|text| campaigns.read(text)).transpose()?;
        let dimensions = values.shown();
        (*sink)(&Row {
            owner: Arrival(passed.owner),
            at: Timestamp(passed.at),
            arrival: Arrival(passed.arrival),
            session: passed.session_id,
            order: order.as_ref(),
            kind: TouchpointKind {
                name: passed.name,
                kind: passed.kind,
                channel: passed.channel,
                direction: Direction::parse(passed.direction).ok_or_else(|| strange("a touchpoint's direction"))?,
                source: passed.source,
                campaign: campaign.and_then(|c| c.name.as_deref()),
                campaign_source: campaign.and_then(|c| c.source.as_deref()),
                campaign_medium: campaign.and_then(|c| c.medium.as_deref()),
                dimensions: &dimensions,
            },
        });
        last = Some(Arrival(passed.arrival));
    }
    Ok(Page { last, cut_short: false })
}

/// A page of identifiers, each with its customer at that change.
pub(super) async fn scan_members(
    store: &Inner,
    at: i64,
    after: Option<IdentifierId>,
    limit: usize,
) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
    let params = Params::new()
        .with("at", at)
        .with("after", after.map_or(0, |after| after.0))
        .with("until", Arrival::new(at + 1, 0))
        .with("limit", limit);
    held(&store.connections.read(&SCAN_MEMBERS, params).await?)
}

/// The customers of these identifiers, and all identifiers of these customers.
pub(super) async fn members_at(
    store: &Inner,
    at: i64,
    customers: &[CustomerId],
    identifiers: &[IdentifierId],
) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
    let mut found = Vec::new();
    if !customers.is_empty() {
        let params = Params::new().with("at", at).with_list("customers", customers);
        found = held(&store.connections.read(&MEMBERS_AT, params).await?)?;
    }
    let seen: FxHashSet<IdentifierId> = found.iter().map(|(id, _)| *id).collect();
    let known = |id: &IdentifierId| id.seq() <= at && !seen.contains(id);
    let mut others: Vec<IdentifierId> = identifiers.iter().copied().filter(known).collect();
    others.sort_unstable();
    others.dedup();
    if !others.is_empty() {
        let params = Params::new().with("at", at).with_list("ids", others);
        found.extend(held(&store.connections.read(&HOLDERS_AT, params).await?)?);
    }
    Ok(found)
}

fn held(rows: &[neo4rs::Row]) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
    let pair = |row: &neo4rs::Row| {
        let holder = column::<Option<&str>>(row, "holder")?.map(|id| CustomerId(id.into()));
        Ok((Arrival(column(row, "id")?), holder))
    };
    rows.iter().map(pair).collect()
}

/// Orders after one. At least one of these is placed, unless there are no more placed orders.
pub(super) async fn scan_orders(store: &Inner, after: Option<&OrderKey>, limit: usize) -> Result<Vec<OrderNet>> {
    let mut after = after.map(order_text).unwrap_or_default();
    loop {
        let params = Params::new().with("after", after.as_str()).with("limit", limit);
        let rows = store.connections.read(&SCAN_ORDERS, params).await?;
        let mut placed = Vec::new();
        for row in &rows {
            let key = OrderKey {
                source: column::<&str>(row, "source")?.into(),
                number: column::<&str>(row, "number")?.into(),
            };
            after = order_text(&key);
            if column(row, "placed")? {
                let currency = Currency(column::<&str>(row, "currency")?.into());
                let left = Amount(amount(row, "total")?) - Amount(amount(row, "returned")?);
                let net = if column(row, "cancelled")? { Amount::ZERO } else { left };
                placed.push(OrderNet { key, currency, net });
            }
        }
        if !placed.is_empty() || rows.is_empty() {
            return Ok(placed);
        }
    }
}

/// A page of identifiers with their consents.
pub(super) async fn scan_held_consents(
    store: &Inner,
    after: Option<IdentifierId>,
    limit: usize,
) -> Result<ConsentPage> {
    let params = Params::new().with("after", after.map_or(0, |after| after.0)).with("limit", limit);
    let rows = store.connections.read(&SCAN_HELD_CONSENTS, params).await?;
    let mut page = ConsentPage::default();
    for row in &rows {
        let id = Arrival(column(row, "id")?);
        let given: Vec<(&str, Option<&str>, &str, Option<i64>)> = column(row, "held")?;
        if !given.is_empty() {
            let given =
                given.into_iter().map(|(purpose, channel, status, ends)| consent(purpose, channel, status, ends));
            page.held.push((id, given.collect::<Result<_>>()?));
        }
        page.next = Some(id);
    }
    page.next = page.next.filter(|_| rows.len() == limit);
    Ok(page)
}

/// What each held.
pub(super) async fn held_consents_at(
    store: &Inner,
    at: i64,
    identifiers: &[IdentifierId],
) -> Result<Vec<Vec<HeldConsent>>> {
    let mut all = vec![Vec::new(); identifiers.len()];
    if identifiers.is_empty() {
        return Ok(all);
    }
    let params = Params::new().with("at", at).with_list("ids", identifiers);
    for row in &store.connections.read(&HELD_CONSENTS_AT, params).await? {
        let (purpose, channel) = (column(row, "purpose")?, column(row, "channel")?);
        let held = consent(purpose, channel, column(row, "status")?, column(row, "expires_at")?)?;
        let place: usize = column(row, "n")?;
        all.get_mut(place).ok_or_else(|| strange("the place of a consent"))?.push(held);
    }
    Ok(all)
}

fn consent(purpose: &str, channel: Option<&str>, status: &str, expires_at: Option<i64>) -> Result<HeldConsent> {
    Ok(HeldConsent {
        purpose: purpose.into(),
        channel: channel.map(Into::into),
        status: ConsentStatus::parse(status).ok_or_else(|| strange("a consent's status"))?,
        expires_at: expires_at.map(Timestamp),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use neo4rs::{BoltList, BoltNull, BoltString, BoltType};

    use super::*;

    /// A row of `scan_touchpoints`. A row without an arrival means that its node was removed.
    fn row(arrival: Option<i64>) -> neo4rs::Row {
        let text = |text: &str| BoltType::String(BoltString::new(text));
        let none = || BoltType::Null(BoltNull);
        let values = match arrival {
            Some(arrival) => {
                let numbers = [arrival, 1, 2].map(|n| BoltType::Integer(n.into()));
                let texts = ["other", "Viewed", "website", "INBOUND", "shop"].map(text);
                numbers.into_iter().chain(texts).chain(std::iter::repeat_with(none).take(5)).collect()
            }
            None => std::iter::repeat_with(none).take(13).collect(),
        };
        let list = |value: Vec<BoltType>| BoltList { value };
        neo4rs::Row::new(list(vec![text("item")]), list(vec![BoltType::List(list(values))]))
    }

    #[test]
    fn a_page_ends_before_a_touchpoint_whose_node_was_removed() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink: TouchpointSink = {
            let seen = seen.clone();
            Arc::new(Mutex::new(move |row: &Row<'_>| seen.lock().expect("a list").push(row.arrival.0)))
        };
        let page = |rows: &[neo4rs::Row]| hand_over(rows, &Properties::default(), &sink);
        let whole = page(&[row(Some(7)), row(Some(8))]).expect("a page");
        assert_eq!((whole.last, whole.cut_short), (Some(Arrival(8)), false));
        let cut = page(&[row(Some(9)), row(None), row(Some(11))]).expect("a page");
        assert_eq!((cut.last, cut.cut_short), (Some(Arrival(9)), true));
        // No row was handed over, so the same page can be read again.
        let error = page(&[row(None), row(Some(11))]).err().expect("a page without a beginning");
        assert!(matches!(error, StoreError::Removed(_)), "{error}");
        assert_eq!(*seen.lock().expect("a list"), [7, 8, 9]);
    }
}
