//! Touchpoints: written in batches, read by message, and in pages by owner.

use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::identifiers::Owners;
use super::pages::{self, Entry};
use super::row::{arrival, optional_str, optional_text, raw_json, text, time, word};
use super::statement::statements;
use crate::domain::order::OrderKey;
use crate::domain::page::Page;
use crate::domain::touchpoint::{Direction, Touchpoint, TouchpointFact};
use crate::domain::{Arrival, IdentifierId, Moment};
use crate::stitching::Plan;
use crate::store::Result;
use crate::store::as_of::end;
use crate::store::query::{BucketCounts, Buckets, Of, TimeKey, TimeOrder, TouchpointFilter, TouchpointPage};

statements! {
    INSERT_MESSAGE = "messages/insert";
    INSERT_TOUCHPOINT = "touchpoints/insert";
    TOUCHPOINT = "touchpoints/fetch";
    SCAN_ALL = "touchpoints/scan_all";
    MESSAGE_ARRIVAL = "messages/fetch_arrival";
    TOUCHPOINTS_NEWEST = "touchpoints/list_newest";
    TOUCHPOINTS_OLDEST = "touchpoints/list_oldest";
    COUNT_TOUCHPOINTS = "touchpoints/count";
    TOUCHPOINTS_NEWEST_AS_OF = "touchpoints/list_newest_as_of";
    TOUCHPOINTS_OLDEST_AS_OF = "touchpoints/list_oldest_as_of";
    COUNT_TOUCHPOINTS_AS_OF = "touchpoints/count_as_of";
    COUNT_IN_BUCKETS = "touchpoints/count_in_buckets";
    COUNT_IN_BUCKETS_AS_OF = "touchpoints/count_in_buckets_as_of";
    OWNER_AS_OF = "touchpoints/fetch_owner_as_of";
}

/// Writes the plan's messages and touchpoints.
pub(super) fn insert(db: &Connection, plan: &Plan) -> Result<()> {
    let mut insert = INSERT_MESSAGE.on(db)?;
    for m in &plan.messages {
        insert.execute(params![&*m.id, m.arrival.0, m.owner.0])?;
    }
    drop(insert);
    let mut insert = INSERT_TOUCHPOINT.on(db)?;
    for t in &plan.touchpoints {
        insert.execute(params![
            t.arrival.0,
            &*t.message_id,
            t.at.0,
            t.owner.0,
            &*t.fact.kind,
            &*t.fact.name,
            &*t.fact.channel,
            t.fact.direction.as_str(),
            &*t.source,
            t.fact.session_id.as_deref(),
            t.fact.campaign.as_deref().map(serde_json::to_string).transpose()?,
            t.device.as_deref(),
            t.order.as_ref().map(|key| &*key.source),
            t.order.as_ref().map(|key| &*key.number),
            t.fact.properties.as_deref().map(|p| p.get()),
            t.device_identifier.map(|carrier| carrier.0),
        ])?;
    }
    Ok(())
}

/// One touchpoint per message, in the order of the messages.
pub(super) fn fetch(
    db: &Connection,
    message_ids: &[Arc<str>],
    as_of: Option<Moment>,
) -> Result<Vec<Option<Touchpoint>>> {
    let mut arrivals = MESSAGE_ARRIVAL.on(db)?;
    let mut touchpoint = TOUCHPOINT.on(db)?;
    let mut found = Vec::with_capacity(message_ids.len());
    for id in message_ids {
        found.push(match arrivals.first([&**id], |row| Ok(row.get::<_, i64>(0)?))? {
            Some(arrival) if arrival < end(as_of) => touchpoint.first([arrival], decode)?,
            _ => None,
        });
    }
    give_back(db, found.iter_mut().flatten(), as_of)?;
    Ok(found)
}

/// Sets the owners at the moment.
fn give_back<'t>(
    db: &Connection,
    touchpoints: impl Iterator<Item = &'t mut Touchpoint>,
    as_of: Option<Moment>,
) -> Result<()> {
    let Some(moment) = as_of else { return Ok(()) };
    for touchpoint in touchpoints {
        if let Some(owner) = owner_as_of(db, touchpoint.arrival, moment)? {
            touchpoint.give_back(owner);
        }
    }
    Ok(())
}

/// The owner of a touchpoint at the moment; `None` when the owner is the same now, or no touchpoint has this arrival.
pub(super) fn owner_as_of(db: &Connection, arrival: Arrival, moment: Moment) -> Result<Option<IdentifierId>> {
    OWNER_AS_OF.on(db)?.first([arrival.0, moment.change], |row| self::arrival(row, 0))
}

/// The touchpoint with this arrival.
pub(super) fn by_arrival(db: &Connection, arrival: Arrival) -> Result<Option<Touchpoint>> {
    TOUCHPOINT.on(db)?.first([arrival.0], decode)
}

/// A page of all touchpoints up to the moment, in order of arrival, each with its owner then.
pub(super) fn scan_all(
    db: &Connection,
    moment: Moment,
    after: Option<Arrival>,
    limit: usize,
) -> Result<Vec<Touchpoint>> {
    let params = params![after.unwrap_or_default().0, moment.end().0, limit as i64];
    let mut page = Vec::new();
    SCAN_ALL.on(db)?.all(params, &mut page, decode)?;
    give_back(db, page.iter_mut(), Some(moment))?;
    Ok(page)
}

/// A page of each.
pub(super) fn list(
    db: &Connection,
    of: &[Of],
    page: &TouchpointPage,
    as_of: Option<Moment>,
) -> Result<Vec<Page<Touchpoint>>> {
    let mut owners = Owners::new(db, as_of)?;
    of.iter().map(|of| list_of(db, &owners.of(of)?, page, as_of)).collect()
}

/// A page of the touchpoints of `owners`.
pub(super) fn list_of(
    db: &Connection,
    owners: &[IdentifierId],
    page: &TouchpointPage,
    as_of: Option<Moment>,
) -> Result<Page<Touchpoint>> {
    let newest_first = page.order == TimeOrder::NewestFirst;
    let range = match (newest_first, as_of) {
        (true, None) => &TOUCHPOINTS_NEWEST,
        (true, Some(_)) => &TOUCHPOINTS_NEWEST_AS_OF,
        (false, None) => &TOUCHPOINTS_OLDEST,
        (false, Some(_)) => &TOUCHPOINTS_OLDEST_AS_OF,
    };
    let mut range = range.on(db)?;
    let filter = &page.filter;
    let [channels, kinds, names, direction] = lists(filter)?;
    // The bound at the far end. The walk begins at the near bound.
    let far =
        if newest_first { filter.since.map_or(i64::MIN, |t| t.0) } else { filter.until.map_or(i64::MAX, |t| t.0) };
    let begin = pages::begin(newest_first, filter.since, filter.until, page.after);
    let entries = pages::merge(owners, newest_first, begin, page.limit + 1, |owner, behind, limit, into| {
        let (at, arrival) = (behind.at.0, behind.arrival.0);
        let read = |row: &Row<'_>| {
            let key = TimeKey { at: time(row, 0)?, arrival: super::row::arrival(row, 1)? };
            Ok(Entry { key, row: key.arrival.0 })
        };
        let limit = limit as i64;
        match as_of {
            None => {
                let end = end(None);
                range.all(params![owner.0, at, arrival, far, channels, kinds, names, direction, limit, end], into, read)
            }
            Some(moment) => {
                let (end, change) = (moment.end().0, moment.change);
                let params = params![owner.0, at, arrival, far, channels, kinds, names, direction, limit, end, change];
                range.all(params, into, read)
            }
        }
    })?;
    drop(range);
    let mut touchpoint = TOUCHPOINT.on(db)?;
    let page = Page::cut(entries, page.limit);
    let mut items = Vec::with_capacity(page.items.len());
    for entry in &page.items {
        items.extend(touchpoint.first([entry.row], decode)?);
    }
    give_back(db, items.iter_mut(), as_of)?;
    Ok(Page { items, more: page.more })
}

/// The number of matching touchpoints of each.
pub(super) fn count(db: &Connection, of: &[Of], filter: &TouchpointFilter, as_of: Option<Moment>) -> Result<Vec<i64>> {
    let mut owners = Owners::new(db, as_of)?;
    let mut count = if as_of.is_none() { COUNT_TOUCHPOINTS.on(db)? } else { COUNT_TOUCHPOINTS_AS_OF.on(db)? };
    let since = filter.since.map_or(i64::MIN, |t| t.0);
    let until = filter.until.map_or(i64::MAX, |t| t.0);
    let [channels, kinds, names, direction] = lists(filter)?;
    let mut counts = Vec::with_capacity(of.len());
    for of in of {
        let mut sum = 0;
        for owner in owners.of(of)? {
            let end = end(as_of);
            sum += match as_of {
                None => count.count(params![owner.0, since, until, channels, kinds, names, direction, end])?,
                Some(Moment { change, .. }) => {
                    count.count(params![owner.0, since, until, channels, kinds, names, direction, end, change])?
                }
            };
        }
        counts.push(sum);
    }
    Ok(counts)
}

/// The number of touchpoints of each by channel and bucket.
pub(super) fn count_in_buckets(
    db: &Connection,
    of: &[Of],
    window: Buckets,
    as_of: Option<Moment>,
) -> Result<Vec<BucketCounts>> {
    let Buckets { since, until, count } = window;
    let mut owners = Owners::new(db, as_of)?;
    let mut in_buckets = if as_of.is_none() { COUNT_IN_BUCKETS.on(db)? } else { COUNT_IN_BUCKETS_AS_OF.on(db)? };
    let read = |row: &Row<'_>| Ok((text(row, 0)?, row.get::<_, i64>(1)? as usize, row.get::<_, i64>(2)?));
    let mut all = Vec::with_capacity(of.len());
    for of in of {
        let mut counts = BucketCounts::default();
        for owner in owners.of(of)? {
            let (count, end, mut found) = (count as i64, end(as_of), Vec::new());
            match as_of {
                None => in_buckets.all(params![owner.0, since.0, until.0, count, end], &mut found, read)?,
                Some(Moment { change, .. }) => {
                    in_buckets.all(params![owner.0, since.0, until.0, count, end, change], &mut found, read)?
                }
            }
            found.iter().for_each(|(channel, bucket, count)| counts.add(channel, *bucket, *count));
        }
        all.push(counts);
    }
    Ok(all)
}

/// Channels, kinds and names as JSON lists, and the direction; `None` for no condition.
fn lists(filter: &TouchpointFilter) -> Result<[Option<String>; 4]> {
    let list = |words: &[Arc<str>]| match words {
        [] => Ok(None),
        words => serde_json::to_string(words).map(Some),
    };
    let direction = filter.direction.map(|d| d.as_str().to_owned());
    Ok([list(&filter.channels)?, list(&filter.kinds)?, list(&filter.names)?, direction])
}

fn decode(row: &Row<'_>) -> Result<Touchpoint> {
    let order = match (optional_text(row, 12)?, optional_text(row, 13)?) {
        (Some(source), Some(number)) => Some(OrderKey { source, number }),
        _ => None,
    };
    Ok(Touchpoint {
        arrival: arrival(row, 0)?,
        message_id: text(row, 1)?,
        at: time(row, 2)?,
        owner: arrival(row, 3)?,
        device_identifier: row.get::<_, Option<i64>>(15)?.map(Arrival),
        source: text(row, 8)?,
        device: optional_text(row, 11)?,
        order,
        fact: TouchpointFact {
            kind: text(row, 4)?,
            name: text(row, 5)?,
            channel: text(row, 6)?,
            direction: word(row, 7, Direction::parse)?,
            session_id: optional_text(row, 9)?,
            campaign: optional_str(row, 10)?.map(serde_json::from_str).transpose()?.map(Arc::new),
            properties: optional_str(row, 14)?.map(raw_json).transpose()?,
        },
    })
}
