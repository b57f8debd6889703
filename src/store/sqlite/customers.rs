//! Reads one customer as a consistent view.

use std::sync::Arc;

use rusqlite::Connection;

use super::row::{arrival, text};
use super::statement::statements;
use super::{claims, consents, devices, identifiers, memberships, orders, products, touchpoints};
use crate::domain::claim::NAME_TRAITS;
use crate::domain::customer::{Customer, CustomerId, CustomerView};
use crate::domain::identifier::Identifier;
use crate::domain::{Arrival, IdentifierId, Moment};
use crate::store::query::{
    CustomerKey, FirstPages, IdentifierRef, OrderPage, Shape, TimeOrder, TouchpointFilter, TouchpointPage,
};
use crate::store::view_cache::{Current, Shared, ViewCache, skus};
use crate::store::{Result, StoreError};

statements! {
    BY_ID = "customers/fetch_by_id";
    BY_IDENTIFIER = "customers/fetch_by_identifier";
    BY_ORDER = "customers/fetch_by_order";
    CUSTOMER = "customers/fetch";
    FORMER = "customers/list_former";
    OWNERS_OF_ORDER_AS_OF = "orders/list_owners_as_of";
}

/// The result for one key: an error of this key, none, or the customer.
type Found = Result<Option<Arc<CustomerView>>>;

/// One view per key, in their order.
pub(super) fn fetch(
    db: &Connection,
    cache: &ViewCache,
    keys: &[CustomerKey],
    shape: Shape,
    pages: FirstPages,
    as_of: Option<Moment>,
) -> Result<Vec<Found>> {
    let mut views = Vec::with_capacity(keys.len());
    for key in keys {
        let born = match as_of {
            None => find(db, key),
            Some(moment) => find_as_of(db, key, moment),
        };
        views.push(match born {
            Ok(Some(born)) if as_of.is_none() => Ok(present(db, cache, key, born, shape, pages)?),
            Ok(Some(born)) => Ok(view(db, born, shape, pages, as_of)?.map(Arc::new)),
            Ok(None) => Ok(None),
            Err(StoreError::AmbiguousOrder) => Err(StoreError::AmbiguousOrder),
            Err(fault) => return Err(fault),
        });
    }
    Ok(views)
}

/// The present view of a customer that a key found: the cached view if it equals the stored data.
fn present(
    db: &Connection,
    cache: &ViewCache,
    key: &CustomerKey,
    born: i64,
    shape: Shape,
    pages: FirstPages,
) -> Result<Option<Arc<CustomerView>>> {
    if let Some(cached) = cache.get(key, shape, pages) {
        let read = |row: &rusqlite::Row<'_>| Ok(Current { id: CustomerId(text(row, 0)?), version: row.get(1)? });
        let current = CUSTOMER.on(db)?.first([born], read)?;
        // A view that has changed needs no look at its devices and products.
        let mut shared = Shared::default();
        if current.as_ref().is_some_and(|now| now.is_of(&cached)) {
            if cached.devices.is_some() {
                let owners: Vec<IdentifierId> = cached.identifiers.iter().map(|i| i.id).collect();
                shared.devices = Some(devices::list_of(db, &owners, false, None)?);
            }
            products::read(db, skus(&cached).into_iter(), None, &mut shared.products)?;
        }
        if cache.check(&cached, current.as_ref(), &shared) {
            return Ok(Some(cached));
        }
    }
    let view = view(db, born, shape, pages, None)?.map(Arc::new);
    if let Some(view) = &view {
        cache.insert(key, shape, pages, view);
    }
    Ok(view)
}

/// The present customer of a key.
fn find(db: &Connection, key: &CustomerKey) -> Result<Option<i64>> {
    let born = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<i64>>(0)?);
    match key {
        CustomerKey::Id(id) => Ok(BY_ID.on(db)?.first([&*id.0], born)?.flatten()),
        CustomerKey::Identifier(key) => Ok(BY_IDENTIFIER.on(db)?.first((&*key.kind, &*key.value), born)?.flatten()),
        CustomerKey::Order { number, source } => {
            let mut holders = Vec::new();
            BY_ORDER.on(db)?.all((&**number, source.as_deref()), &mut holders, born)?;
            if holders.len() > 1 {
                return Err(StoreError::AmbiguousOrder);
            }
            Ok(holders.pop().flatten())
        }
    }
}

/// The customer of a key at a moment.
fn find_as_of(db: &Connection, key: &CustomerKey, moment: Moment) -> Result<Option<i64>> {
    match key {
        CustomerKey::Id(id) => memberships::customer(db, id, moment),
        CustomerKey::Identifier(key) => {
            let id = identifiers::id_of(db, &IdentifierRef::Key(key.clone()))?;
            id.map_or(Ok(None), |id| memberships::holder(db, id, moment))
        }
        CustomerKey::Order { number, source } => {
            let mut owners = Vec::new();
            let params = (&**number, source.as_deref(), moment.end().0, moment.change);
            OWNERS_OF_ORDER_AS_OF.on(db)?.all(params, &mut owners, |row| arrival(row, 0))?;
            match owners.as_slice() {
                [] => Ok(None),
                [owner] => memberships::holder(db, *owner, moment),
                _ => Err(StoreError::AmbiguousOrder),
            }
        }
    }
}

/// A customer and its identifiers, first seen first, ties by id; with figures, or for the name alone without.
fn card(db: &Connection, born: i64, name_alone: bool) -> Result<Option<(Customer, Vec<Identifier>)>> {
    let read = |row: &rusqlite::Row<'_>| Ok((CustomerId(text(row, 0)?), row.get(1)?));
    let Some((id, version)) = CUSTOMER.on(db)?.first([born], read)? else { return Ok(None) };
    let mut former_ids = Vec::new();
    FORMER.on(db)?.all([born], &mut former_ids, |row| Ok(CustomerId(text(row, 0)?)))?;
    let identifiers = match name_alone {
        true => identifiers::without_figures(db, born, &id)?,
        false => identifiers::of_customer(db, born, &id)?,
    };
    Ok(Some((Customer { id, created_seq: Arrival(born), version, former_ids }, identifiers)))
}

/// A customer and its identifiers as of a moment.
fn card_as_of(db: &Connection, born: i64, moment: Moment) -> Result<Option<(Customer, Vec<Identifier>)>> {
    let owners = memberships::list(db, born, moment)?;
    let Some(id) = memberships::id_of(db, born)?.filter(|_| !owners.is_empty()) else { return Ok(None) };
    let mut former_ids = Vec::new();
    for born in memberships::former(db, born, moment)? {
        former_ids.extend(memberships::id_of(db, born)?);
    }
    let mut identifiers = Vec::with_capacity(owners.len());
    for owner in &owners {
        identifiers.extend(identifiers::counted(db, *owner, Some(id.clone()), moment)?);
    }
    identifiers.sort_by_key(|i| (i.first_seen_at, i.id));
    Ok(Some((Customer { id, created_seq: Arrival(born), version: 0, former_ids }, identifiers)))
}

fn view(
    db: &Connection,
    born: i64,
    shape: Shape,
    pages: FirstPages,
    as_of: Option<Moment>,
) -> Result<Option<CustomerView>> {
    let name_alone = shape == Shape::Name && as_of.is_none();
    let card = match as_of {
        None => card(db, born, name_alone)?,
        Some(moment) => card_as_of(db, born, moment)?,
    };
    let Some((customer, identifiers)) = card else { return Ok(None) };
    let owners: Vec<IdentifierId> = identifiers.iter().map(|i| i.id).collect();
    let mut claims = Vec::new();
    match name_alone {
        true => claims::read_traits(db, owners.iter().copied(), &NAME_TRAITS, &mut claims)?,
        false => claims::read(db, owners.iter().copied(), as_of, &mut claims)?,
    }
    claims.sort_by_key(|claim| claim.arrival);
    let mut view = CustomerView::card(as_of, customer, identifiers, claims);
    if shape.has_identity() {
        let mut given = Vec::new();
        consents::read(db, owners.iter().copied(), as_of, &mut given)?;
        view.consents = Some(given);
        view.devices = Some(devices::list_of(db, &owners, false, as_of)?);
    }
    if shape.has_history() {
        if pages.orders > 0 {
            let page = OrderPage { since: None, until: None, after: None, limit: pages.orders };
            view.orders = Some(orders::list_of(db, &owners, &page, as_of)?);
        }
        if pages.touchpoints > 0 {
            let (order, filter) = (TimeOrder::NewestFirst, TouchpointFilter::default());
            let page = TouchpointPage { filter, order, after: None, limit: pages.touchpoints };
            view.touchpoints = Some(touchpoints::list_of(db, &owners, &page, as_of)?);
        }
    }
    Ok(Some(view))
}
