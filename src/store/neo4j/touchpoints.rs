//! Touchpoints, by message and in pages.

use std::collections::BTreeSet;
use std::sync::Arc;

use neo4rs::{BoltType, Row};
use rustc_hash::FxHashMap;

use super::Inner;
use super::bolt::{Params, ToBolt, row};
use super::orders::order_text;
use super::pages::{Forms, as_of_rows, by_key, empty, of_owners, page};
use super::rows::{TouchpointRow, column};
use super::statement::statements;
use super::write::{Outcome, Writer, text};
use crate::domain::page::Page;
use crate::domain::touchpoint::{Campaign, Touchpoint};
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::stitching::Plan;
use crate::store::Result;
use crate::store::as_of::end;
use crate::store::query::{BucketCounts, Buckets, Of, TimeOrder, TouchpointFilter, TouchpointPage};

statements! {
    INSERT_MESSAGES = "messages/insert";
    INSERT = "touchpoints/insert";
    INSERT_CAMPAIGNS = "campaigns/insert";
    TOUCHPOINTS = "touchpoints/fetch";
    OWNERS_AS_OF = "touchpoints/fetch_owner_as_of";
    NEWEST_OF_CUSTOMER = "touchpoints/list_newest_of_customer" ("owners/part_of_customer" | "touchpoints/part_list");
    NEWEST_OF_IDENTIFIER = "touchpoints/list_newest_of_identifier" ("owners/part_of_identifier" | "touchpoints/part_list");
    NEWEST_AS_OF = "touchpoints/list_newest_as_of" ("owners/part_as_of" | "touchpoints/part_list_as_of");
    OLDEST_OF_CUSTOMER = "touchpoints/list_oldest_of_customer" ("owners/part_of_customer" | "touchpoints/part_list") reversed;
    OLDEST_OF_IDENTIFIER = "touchpoints/list_oldest_of_identifier" ("owners/part_of_identifier" | "touchpoints/part_list") reversed;
    OLDEST_AS_OF = "touchpoints/list_oldest_as_of" ("owners/part_as_of" | "touchpoints/part_list_as_of") reversed;
    COUNT_OF_CUSTOMER = "touchpoints/count_of_customer" ("owners/part_of_customer" | "touchpoints/part_count");
    COUNT_OF_IDENTIFIER = "touchpoints/count_of_identifier" ("owners/part_of_identifier" | "touchpoints/part_count");
    COUNT_AS_OF = "touchpoints/count_as_of" ("owners/part_as_of" | "touchpoints/part_count_as_of");
    BUCKETS_OF_CUSTOMER = "touchpoints/count_in_buckets_of_customer" ("owners/part_of_customer" | "touchpoints/part_count_in_buckets");
    BUCKETS_OF_IDENTIFIER = "touchpoints/count_in_buckets_of_identifier" ("owners/part_of_identifier" | "touchpoints/part_count_in_buckets");
    BUCKETS_AS_OF = "touchpoints/count_in_buckets_as_of" ("owners/part_as_of" | "touchpoints/part_count_in_buckets_as_of");
}
pub(super) static NEWEST: Forms =
    Forms { customer: &NEWEST_OF_CUSTOMER, identifier: &NEWEST_OF_IDENTIFIER, as_of: &NEWEST_AS_OF };
pub(super) static OLDEST: Forms =
    Forms { customer: &OLDEST_OF_CUSTOMER, identifier: &OLDEST_OF_IDENTIFIER, as_of: &OLDEST_AS_OF };
static COUNT: Forms = Forms { customer: &COUNT_OF_CUSTOMER, identifier: &COUNT_OF_IDENTIFIER, as_of: &COUNT_AS_OF };
static BUCKETS: Forms =
    Forms { customer: &BUCKETS_OF_CUSTOMER, identifier: &BUCKETS_OF_IDENTIFIER, as_of: &BUCKETS_AS_OF };

pub(super) async fn fetch(
    store: &Inner,
    message_ids: &[Arc<str>],
    as_of: Option<Moment>,
) -> Result<Vec<Option<Touchpoint>>> {
    let take = |row: &Row| column::<TouchpointRow<'_>>(row, "item")?.try_into();
    let mut found: Vec<Option<Touchpoint>> = by_key(store, &TOUCHPOINTS, message_ids, |id| id.to_bolt(), take).await?;
    let Some(moment) = as_of else { return Ok(found) };
    for touchpoint in &mut found {
        touchpoint.take_if(|t| !moment.has(t.arrival));
    }
    let owners = owners_as_of(store, found.iter().flatten().map(|t| t.arrival).collect(), moment).await?;
    for touchpoint in found.iter_mut().flatten() {
        if let Some(owner) = owners.get(&touchpoint.arrival) {
            touchpoint.give_back(*owner);
        }
    }
    Ok(found)
}

/// The owners of touchpoints at a moment, for touchpoints whose owner has changed since.
pub(super) async fn owners_as_of(
    store: &Inner,
    arrivals: Vec<Arrival>,
    moment: Moment,
) -> Result<FxHashMap<Arrival, IdentifierId>> {
    let mut owners = FxHashMap::default();
    if arrivals.is_empty() {
        return Ok(owners);
    }
    let params = Params::new().with_moment(moment).with("keys", arrivals);
    for row in &as_of_rows(store, &OWNERS_AS_OF, params).await? {
        owners.insert(Arrival(column(row, "arrival")?), Arrival(column(row, "owner")?));
    }
    Ok(owners)
}

pub(super) async fn list(
    store: &Inner,
    of: &[Of],
    asked: &TouchpointPage,
    as_of: Option<Moment>,
) -> Result<Vec<Page<Touchpoint>>> {
    let forms = match asked.order {
        TimeOrder::NewestFirst => &NEWEST,
        TimeOrder::OldestFirst => &OLDEST,
    };
    let params = page_params(asked, as_of);
    forms.ask(store, of, params, empty(), as_of, |row| page::<TouchpointRow<'_>, _>(row, asked.limit)).await
}

/// The newest page of the touchpoints that each list of identifiers owned at a moment.
pub(super) async fn newest_as_of(
    store: &Inner,
    owners: &[Vec<IdentifierId>],
    asked: &TouchpointPage,
    moment: Moment,
) -> Result<Vec<Page<Touchpoint>>> {
    let params = page_params(asked, Some(moment));
    let take = |row: &Row| page::<TouchpointRow<'_>, _>(row, asked.limit);
    of_owners(store, &NEWEST_AS_OF, owners, params, empty(), moment, take).await
}

/// The parameters of a page, now or as of a moment.
fn page_params(asked: &TouchpointPage, as_of: Option<Moment>) -> Params {
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
        .with("end", end(as_of))
        .with("limit", asked.limit.saturating_add(1))
}

pub(super) async fn count(
    store: &Inner,
    of: &[Of],
    filter: &TouchpointFilter,
    as_of: Option<Moment>,
) -> Result<Vec<i64>> {
    let (since, until) = bounds(filter.since, filter.until);
    let params = filtered(Params::new(), filter).with("since", since).with("until", until).with("end", end(as_of));
    COUNT.ask(store, of, params, 0, as_of, |row| column(row, "found")).await
}

/// The number of touchpoints of each by channel and bucket.
pub(super) async fn count_in_buckets(
    store: &Inner,
    of: &[Of],
    window: Buckets,
    as_of: Option<Moment>,
) -> Result<Vec<BucketCounts>> {
    let params = Params::new()
        .with("since", window.since)
        .with("until", window.until)
        .with("buckets", window.count)
        .with("end", end(as_of));
    let take = |row: &Row| {
        let mut counts = BucketCounts::default();
        for (channel, bucket, count) in column::<Vec<(&str, usize, i64)>>(row, "items")? {
            counts.add(channel, bucket, count);
        }
        Ok(counts)
    };
    BUCKETS.ask(store, of, params, BucketCounts::default(), as_of, take).await
}

/// The first time (inclusive) and the end (exclusive); all time without bounds.
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

/// Writes the campaigns of touchpoints.
pub(super) async fn write_campaigns(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    let campaigns: BTreeSet<&Campaign> = plan.touchpoints.iter().filter_map(|t| t.fact.campaign.as_deref()).collect();
    writer.rows(&INSERT_CAMPAIGNS, campaigns.into_iter().map(campaign).collect::<Outcome<_>>()?).await
}

/// Writes messages and touchpoints.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    let contacts: BTreeSet<_> = plan.touchpoints.iter().map(|t| t.arrival).collect();
    let plain = plan.messages.iter().filter(|m| !contacts.contains(&m.arrival));
    let plain = plain.map(|m| row! { "id" => m.id, "arrival" => m.arrival, "owner" => m.owner });
    writer.rows(&INSERT_MESSAGES, plain.collect()).await?;
    writer.rows(&INSERT, plan.touchpoints.iter().map(touchpoint).collect::<Outcome<_>>()?).await
}

fn touchpoint(touchpoint: &Touchpoint) -> Outcome<BoltType> {
    let fact = &touchpoint.fact;
    let campaign = fact.campaign.as_deref();
    Ok(row! {
        "campaign" => campaign.map(campaign_key).transpose()?,
        "order" => touchpoint.order.as_ref().map(order_text),
        "set" => row! {
            "id" => touchpoint.message_id,
            "arrival" => touchpoint.arrival,
            "at" => touchpoint.at,
            "owner" => touchpoint.owner,
            "carrier" => touchpoint.device_identifier,
            "source" => touchpoint.source,
            "device" => touchpoint.device,
            "order_source" => touchpoint.order.as_ref().map(|key| &key.source),
            "order_number" => touchpoint.order.as_ref().map(|key| &key.number),
            "kind" => fact.kind,
            "name" => fact.name,
            "channel" => fact.channel,
            "direction" => fact.direction.as_str(),
            "session_id" => fact.session_id,
            "campaign" => campaign.map(text).transpose()?,
            "properties" => fact.properties,
        },
    })
}

fn campaign_key(campaign: &Campaign) -> Outcome<String> {
    use sha2::{Digest, Sha256};
    Ok(const_hex::encode(&Sha256::digest(text(campaign)?.as_bytes())[..16]))
}

fn campaign(campaign: &Campaign) -> Outcome<BoltType> {
    Ok(row! {
        "key" => campaign_key(campaign)?,
        "set" => row! {
            "name" => campaign.name, "source" => campaign.source, "medium" => campaign.medium,
            "term" => campaign.term, "content" => campaign.content,
        },
    })
}
