//! Who was who: customers, what they held, and figures, counted.

use std::sync::Arc;

use rusqlite::Connection;

use super::super::row::{arrival, text, time};
use super::super::statement::statements;
use super::super::{claims, consents, orders, touchpoints};
use super::{devices, links};
use crate::domain::customer::{Customer, CustomerId, CustomerView};
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::rollup::{ChannelRollup, Rollup};
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::store::query::{
    CustomerKey, FirstPages, IdentifierRef, Of, OrderPage, Shape, TimeOrder, TouchpointFilter, TouchpointPage,
};
use crate::store::{Result, StoreError};

statements! {
    BORN_THEN = "customers/fetch_by_id_as_of";
    MERGED_THEN = "customers/fetch_merge_as_of";
    ABSORBED_THEN = "customers/list_former_as_of";
    MEMBERS_THEN = "memberships/list_as_of";
    HOLDER_THEN = "memberships/fetch_holder_as_of";
    OWNERS_OF_ORDER_THEN = "orders/list_owners_as_of";
    ID_OF_CUSTOMER = "customers/fetch_id";
    IDENTIFIER_ID = "identifiers/fetch_id";
    IDENTIFIER_THEN = "identifiers/fetch_as_of";
    FIGURES_THEN = "identifiers/list_figures_as_of";
    TOUCHED_THEN = "identifiers/list_touched_as_of";
    SEEN_ALONE_THEN = "identifiers/list_seen_alone_as_of";
}

/// One view per key, in their order.
pub(super) fn fetch(
    db: &Connection,
    keys: &[CustomerKey],
    shape: Shape,
    pages: FirstPages,
    moment: Moment,
) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
    let mut views = Vec::with_capacity(keys.len());
    for key in keys {
        views.push(match find(db, key, moment) {
            Ok(Some(born)) => Ok(view(db, born, shape, pages, moment)?.map(Arc::new)),
            Ok(None) => Ok(None),
            Err(StoreError::AmbiguousOrder) => Err(StoreError::AmbiguousOrder),
            Err(fault) => return Err(fault),
        });
    }
    Ok(views)
}

/// Identifiers, with who held each.
pub(super) fn identifiers(db: &Connection, keys: &[IdentifierRef], moment: Moment) -> Result<Vec<Option<Identifier>>> {
    let mut by_key = IDENTIFIER_ID.on(db)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let id = match key {
            IdentifierRef::Id(id) => Some(*id),
            IdentifierRef::Key(key) => by_key.first((&*key.kind, &*key.value), |row| arrival(row, 0))?,
        };
        found.push(match id.filter(|id| moment.has(*id)) {
            Some(id) => {
                let customer = holder(db, id, moment)?.map(|born| id_of(db, born)).transpose()?.flatten();
                identifier(db, id, customer, moment)?
            }
            None => None,
        });
    }
    Ok(found)
}

/// The identifiers a question is about. That touchpoints hang on these and no others is decided here.
pub(in super::super) fn owners(db: &Connection, of: &Of, moment: Moment) -> Result<Vec<IdentifierId>> {
    match of {
        Of::Identifier(id) => Ok(moment.has(*id).then_some(*id).into_iter().collect()),
        Of::Customer(id) => match customer(db, id, moment)? {
            Some(born) => members(db, born, moment),
            None => Ok(Vec::new()),
        },
    }
}

/// The customer that an id stood for, and those it had absorbed.
pub(in super::super) fn with_former(db: &Connection, id: &CustomerId, moment: Moment) -> Result<Vec<i64>> {
    let Some(born) = customer(db, id, moment)? else { return Ok(Vec::new()) };
    let mut all = former(db, born, moment)?;
    all.push(born);
    Ok(all)
}

/// The customer that an id stood for: the one it had become. `None` when it was not given out yet.
pub(in super::super) fn customer(db: &Connection, id: &CustomerId, moment: Moment) -> Result<Option<i64>> {
    let born = BORN_THEN.on(db)?.first((&*id.0, moment.end().0), |row| Ok(row.get(0)?))?;
    let Some(mut born) = born else { return Ok(None) };
    let mut merged = MERGED_THEN.on(db)?;
    while let Some(into) = merged.first([born, moment.change], |row| Ok(row.get(0)?))? {
        born = into;
    }
    Ok(Some(born))
}

/// Everybody whom a customer had absorbed, also through others, in order of birth.
fn former(db: &Connection, born: i64, moment: Moment) -> Result<Vec<i64>> {
    let mut absorbed = ABSORBED_THEN.on(db)?;
    let mut all = vec![born];
    let mut next = 0;
    while let Some(&customer) = all.get(next) {
        absorbed.all([customer, moment.change], &mut all, |row| Ok(row.get(0)?))?;
        next += 1;
    }
    all.remove(0);
    all.sort_unstable();
    Ok(all)
}

fn members(db: &Connection, born: i64, moment: Moment) -> Result<Vec<IdentifierId>> {
    let mut members = Vec::new();
    MEMBERS_THEN.on(db)?.all([born, moment.change], &mut members, |row| arrival(row, 0))?;
    Ok(members)
}

fn holder(db: &Connection, identifier: IdentifierId, moment: Moment) -> Result<Option<i64>> {
    HOLDER_THEN.on(db)?.first([identifier.0, moment.change], |row| Ok(row.get(0)?))
}

fn id_of(db: &Connection, born: i64) -> Result<Option<CustomerId>> {
    ID_OF_CUSTOMER.on(db)?.first([born], |row| Ok(CustomerId(text(row, 0)?)))
}

/// The customer that a key meant.
fn find(db: &Connection, key: &CustomerKey, moment: Moment) -> Result<Option<i64>> {
    match key {
        CustomerKey::Id(id) => customer(db, id, moment),
        CustomerKey::Identifier(key) => {
            let id = IDENTIFIER_ID.on(db)?.first((&*key.kind, &*key.value), |row| arrival(row, 0))?;
            id.map_or(Ok(None), |id| holder(db, id, moment))
        }
        CustomerKey::Order { number, source } => {
            let mut owners = Vec::new();
            let params = (&**number, source.as_deref(), moment.end().0, moment.change);
            OWNERS_OF_ORDER_THEN.on(db)?.all(params, &mut owners, |row| arrival(row, 0))?;
            match owners.as_slice() {
                [] => Ok(None),
                [owner] => holder(db, *owner, moment),
                _ => Err(StoreError::AmbiguousOrder),
            }
        }
    }
}

fn view(db: &Connection, born: i64, shape: Shape, pages: FirstPages, moment: Moment) -> Result<Option<CustomerView>> {
    let owners = members(db, born, moment)?;
    let Some(id) = id_of(db, born)?.filter(|_| !owners.is_empty()) else { return Ok(None) };
    let mut former_ids = Vec::new();
    for born in former(db, born, moment)? {
        former_ids.extend(id_of(db, born)?);
    }
    let mut identifiers = Vec::with_capacity(owners.len());
    for owner in &owners {
        identifiers.extend(identifier(db, *owner, Some(id.clone()), moment)?);
    }
    identifiers.sort_by_key(|i| (i.first_seen_at, i.id));
    let mut said = Vec::new();
    claims::read_then(db, owners.iter().copied(), moment, &mut said)?;
    said.sort_by_key(|claim| claim.arrival);
    let mut view = CustomerView {
        as_of: Some(moment),
        customer: Customer { id, created_seq: Arrival(born), version: 0, former_ids },
        identifiers,
        claims: said,
        consents: None,
        devices: None,
        orders: None,
        touchpoints: None,
    };
    if matches!(shape, Shape::Identity | Shape::All) {
        let mut given = Vec::new();
        consents::read_then(db, owners.iter().copied(), moment, &mut given)?;
        view.consents = Some(given);
        view.devices = Some(devices::list_of(db, &owners, false, moment)?);
    }
    if matches!(shape, Shape::History | Shape::All) {
        if pages.orders > 0 {
            let page = OrderPage { since: None, until: None, after: None, limit: pages.orders };
            view.orders = Some(orders::list_of(db, &owners, &page, Some(moment))?);
        }
        if pages.touchpoints > 0 {
            let (order, filter) = (TimeOrder::NewestFirst, TouchpointFilter::default());
            let page = TouchpointPage { filter, order, after: None, limit: pages.touchpoints };
            view.touchpoints = Some(touchpoints::list_of(db, &owners, &page, Some(moment))?);
        }
    }
    Ok(Some(view))
}

/// An identifier that was there, with its figures.
fn identifier(
    db: &Connection,
    id: IdentifierId,
    customer: Option<CustomerId>,
    moment: Moment,
) -> Result<Option<Identifier>> {
    let read = |row: &rusqlite::Row<'_>| {
        let key = IdentifierKey { kind: text(row, 0)?, value: text(row, 1)? };
        Ok((key, (time(row, 2)?, time(row, 3)?), row.get::<_, Option<i64>>(4)?))
    };
    let Some((key, now, shared_since)) = IDENTIFIER_THEN.on(db)?.first([id.0], read)? else { return Ok(None) };
    let mut seen = Vec::new();
    let rollup = figures(db, id, moment)?;
    let mut touched: Vec<Option<(i64, i64)>> = Vec::new();
    TOUCHED_THEN
        .on(db)?
        .all([id.0, moment.end().0], &mut touched, |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?)))?;
    seen.extend(touched.into_iter().flatten().map(|(first, last)| (Timestamp(first), Timestamp(last))));
    links::seen(db, id, moment, &mut seen)?;
    SEEN_ALONE_THEN.on(db)?.all([id.0, moment.change], &mut seen, |row| Ok((time(row, 0)?, time(row, 1)?)))?;
    // What a file of version 1 did not keep is taken to be as it is now.
    let (first_seen_at, last_seen_at) = bounds(&seen).unwrap_or(now);
    let shared_since = shared_since.filter(|since| *since <= moment.change);
    Ok(Some(Identifier { id, key, first_seen_at, last_seen_at, customer, rollup, shared_since }))
}

/// The smallest and the largest of ranges.
pub(super) fn bounds(seen: &[(Timestamp, Timestamp)]) -> Option<(Timestamp, Timestamp)> {
    let first = seen.iter().map(|(first, _)| *first).min()?;
    Some((first, seen.iter().map(|(_, last)| *last).max()?))
}

/// What had happened under an identifier, counted.
fn figures(db: &Connection, id: IdentifierId, moment: Moment) -> Result<Rollup> {
    let mut rollup = Rollup::default();
    let mut channels = Vec::new();
    FIGURES_THEN.on(db)?.all([id.0, moment.end().0, moment.change], &mut channels, |row| {
        let figures = ChannelRollup {
            touchpoints: row.get(1)?,
            sent: row.get::<_, f64>(2)? as i64,
            answered: row.get::<_, f64>(3)? as i64,
            last_at: time(row, 4)?,
        };
        Ok((text(row, 0)?, figures))
    })?;
    rollup.channels.extend(channels);
    for order in orders::all_of(db, &[id], Some(moment))? {
        if let Some((_, currency, part)) = order.figures() {
            rollup.count_order(currency, &part, 1);
        }
    }
    Ok(rollup)
}
