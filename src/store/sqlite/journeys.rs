//! The reads of the journey projection: scans by key, and the data of a run of changes.

use std::sync::PoisonError;

use rusqlite::{Connection, params};
use rustc_hash::FxHashSet;

use super::consents;
use super::row::{amount, arrival, optional_str, optional_text, str, text, time, word};
use super::statement::statements;
use crate::domain::consent::{ConsentGiven, ConsentStatus};
use crate::domain::order::OrderKey;
use crate::domain::touchpoint::Direction;
use crate::domain::{Amount, Arrival, Currency, CustomerId, IdentifierId, Moment, Timestamp};
use crate::journeys::kind::TouchpointKind;
use crate::journeys::property::Properties;
use crate::journeys::row::{HeldConsent, OrderNet, Row};
use crate::store::Result;
use crate::store::campaigns::Campaigns;
use crate::store::journeys::{ConsentPage, TouchpointSink, Window};

statements! {
    SCAN_TOUCHPOINTS = "touchpoints/scan";
    SCAN_MEMBERS = "memberships/scan";
    MEMBER_AT = "memberships/fetch_at";
    MEMBERS_AT = "memberships/list_at";
    SCAN_ORDERS = "orders/scan";
    SCAN_HELD_CONSENTS = "consents/scan_held";
}

/// A page of touchpoints. Only rows about an order need an allocation.
pub(super) fn scan_touchpoints(
    db: &Connection,
    window: Window,
    limit: usize,
    dimensions: &Properties,
    sink: &TouchpointSink,
) -> Result<Option<Arrival>> {
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    let mut statement = SCAN_TOUCHPOINTS.on(db)?;
    let mut rows = statement.query(params![window.after.0, window.end.0, limit as i64])?;
    let mut campaigns = Campaigns::default();
    let mut values = dimensions.values();
    let (mut last, mut count) = (None, 0);
    while let Some(row) = rows.next()? {
        values.clear();
        if !dimensions.names().is_empty()
            && let Some(properties) = optional_str(row, 12)?
        {
            values.read(dimensions, properties);
        }
        let order = match (optional_text(row, 10)?, optional_text(row, 11)?) {
            (Some(source), Some(number)) => Some(OrderKey { source, number }),
            _ => None,
        };
        let campaign = optional_str(row, 9)?.map(|text| campaigns.read(text)).transpose()?;
        let own = arrival(row, 0)?;
        let dimensions = values.shown();
        (*sink)(&Row {
            owner: arrival(row, 2)?,
            at: time(row, 1)?,
            arrival: own,
            session: optional_str(row, 8)?,
            order: order.as_ref(),
            kind: TouchpointKind {
                name: str(row, 4)?,
                kind: str(row, 3)?,
                channel: str(row, 5)?,
                direction: word(row, 6, Direction::parse)?,
                source: str(row, 7)?,
                campaign: campaign.and_then(|c| c.name.as_deref()),
                campaign_source: campaign.and_then(|c| c.source.as_deref()),
                campaign_medium: campaign.and_then(|c| c.medium.as_deref()),
                dimensions: &dimensions,
            },
        });
        (last, count) = (Some(own), count + 1);
    }
    Ok(last.filter(|_| count == limit))
}

/// A page of identifiers, each with its customer at that change.
pub(super) fn scan_members(
    db: &Connection,
    at: i64,
    after: Option<IdentifierId>,
    limit: usize,
) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
    let mut page = Vec::new();
    let params = [at, after.map_or(0, |after| after.0), Arrival::new(at + 1, 0).0, limit as i64];
    SCAN_MEMBERS
        .on(db)?
        .all(params, &mut page, |row| Ok((arrival(row, 0)?, optional_text(row, 1)?.map(CustomerId))))?;
    Ok(page)
}

/// The customers of these identifiers, and all identifiers of these customers.
pub(super) fn members_at(
    db: &Connection,
    at: i64,
    customers: &[CustomerId],
    identifiers: &[IdentifierId],
) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
    let mut found = Vec::new();
    let mut seen: FxHashSet<IdentifierId> = FxHashSet::default();
    let mut members = MEMBERS_AT.on(db)?;
    let mut own = Vec::new();
    for customer in customers {
        own.clear();
        members.all(params![&*customer.0, at], &mut own, |row| arrival(row, 0))?;
        let new = own.iter().copied().filter(|id| seen.insert(*id));
        found.extend(new.map(|id| (id, Some(customer.clone()))));
    }
    let mut member = MEMBER_AT.on(db)?;
    for id in identifiers.iter().copied().filter(|id| seen.insert(*id)) {
        let holder = member.first([at, id.0], |row| optional_text(row, 0))?;
        found.extend(holder.map(|holder| (id, holder.map(CustomerId))));
    }
    Ok(found)
}

/// A page of orders.
pub(super) fn scan_orders(db: &Connection, after: Option<&OrderKey>, limit: usize) -> Result<Vec<OrderNet>> {
    let mut page = Vec::new();
    let (number, source) = (after.map(|key| &*key.number), after.map(|key| &*key.source));
    SCAN_ORDERS.on(db)?.all(params![number, source, limit as i64], &mut page, |row| {
        Ok(OrderNet {
            key: OrderKey { source: text(row, 0)?, number: text(row, 1)? },
            currency: Currency(text(row, 2)?),
            net: if row.get(3)? { Amount::ZERO } else { Amount(amount(row, 4)?) - Amount(amount(row, 5)?) },
        })
    })?;
    Ok(page)
}

/// A page of consents. The last identifier of a full page may have more, so it goes to the next page.
pub(super) fn scan_held_consents(db: &Connection, after: Option<IdentifierId>, limit: usize) -> Result<ConsentPage> {
    let mut statement = SCAN_HELD_CONSENTS.on(db)?;
    let mut limit = limit.max(1);
    loop {
        let mut rows: Vec<(IdentifierId, HeldConsent)> = Vec::new();
        statement.all([after.map_or(0, |after| after.0), limit as i64], &mut rows, |row| {
            let held = HeldConsent {
                purpose: text(row, 1)?,
                status: word(row, 2, ConsentStatus::parse)?,
                expires_at: row.get::<_, Option<i64>>(3)?.map(Timestamp),
                channel: row.get::<_, Option<String>>(4)?.map(Into::into),
            };
            Ok((arrival(row, 0)?, held))
        })?;
        let full = rows.len() == limit;
        let mut page = ConsentPage::default();
        for (id, held) in rows {
            match page.held.last_mut() {
                Some((last, all)) if *last == id => all.push(held),
                _ => page.held.push((id, vec![held])),
            }
        }
        if full && page.held.len() < 2 {
            limit *= 2;
            continue;
        }
        if full {
            page.held.pop();
            page.next = page.held.last().map(|(id, _)| *id);
        }
        return Ok(page);
    }
}

/// The consents of each.
pub(super) fn held_consents_at(db: &Connection, at: i64, ids: &[IdentifierId]) -> Result<Vec<Vec<HeldConsent>>> {
    let moment = Moment { change: at, at: Timestamp::default() };
    let held = |given: ConsentGiven| {
        let fact = &given.consent.fact;
        let (purpose, channel) = (fact.purpose.clone(), fact.channel.clone());
        HeldConsent { purpose, channel, status: fact.status, expires_at: fact.expires_at }
    };
    let read = |id: &IdentifierId| {
        let mut given = Vec::new();
        consents::read(db, [*id], Some(moment), &mut given)?;
        Ok(given.into_iter().map(held).collect())
    };
    ids.iter().map(read).collect()
}
