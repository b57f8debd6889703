//! One customer as one read answers it.

use std::sync::Arc;

use rusqlite::Connection;

use super::row::text;
use super::statement::statements;
use super::{claims, consents, devices, identifiers, orders, touchpoints};
use crate::domain::customer::{Customer, CustomerId, CustomerView};
use crate::domain::{Arrival, IdentifierId};
use crate::store::query::{CustomerKey, FirstPages, OrderPage, Shape, TimeOrder, TouchpointFilter, TouchpointPage};
use crate::store::{Result, StoreError};

statements! {
    BORN_BY_ID = "customers/fetch_by_id";
    BORN_BY_IDENTIFIER = "customers/fetch_by_identifier";
    BORN_BY_ORDER = "customers/fetch_by_order";
    CUSTOMER = "customers/fetch";
    FORMER_IDS = "customers/list_former";
}

/// What one key finds: a fault of its own, nobody, or the customer.
type Found = Result<Option<Arc<CustomerView>>>;

/// One view per key, in their order.
pub(super) fn fetch(db: &Connection, keys: &[CustomerKey], shape: Shape, pages: FirstPages) -> Result<Vec<Found>> {
    let mut views = Vec::with_capacity(keys.len());
    for key in keys {
        views.push(match find(db, key) {
            Ok(Some(born)) => Ok(view(db, born, shape, pages)?.map(Arc::new)),
            Ok(None) => Ok(None),
            Err(StoreError::AmbiguousOrder) => Err(StoreError::AmbiguousOrder),
            Err(fault) => return Err(fault),
        });
    }
    Ok(views)
}

/// The customer that a key means now.
fn find(db: &Connection, key: &CustomerKey) -> Result<Option<i64>> {
    let born = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<i64>>(0)?);
    match key {
        CustomerKey::Id(id) => Ok(BORN_BY_ID.on(db)?.first([&*id.0], born)?.flatten()),
        CustomerKey::Identifier(key) => {
            Ok(BORN_BY_IDENTIFIER.on(db)?.first((&*key.kind, &*key.value), born)?.flatten())
        }
        CustomerKey::Order { number, source } => {
            let mut holders = Vec::new();
            BORN_BY_ORDER.on(db)?.all((&**number, source.as_deref()), &mut holders, born)?;
            if holders.len() > 1 {
                return Err(StoreError::AmbiguousOrder);
            }
            Ok(holders.pop().flatten())
        }
    }
}

fn view(db: &Connection, born: i64, shape: Shape, pages: FirstPages) -> Result<Option<CustomerView>> {
    let Some((id, version)) = CUSTOMER.on(db)?.first([born], |row| Ok((CustomerId(text(row, 0)?), row.get(1)?)))?
    else {
        return Ok(None);
    };
    let mut former_ids = Vec::new();
    FORMER_IDS.on(db)?.all([born], &mut former_ids, |row| Ok(CustomerId(text(row, 0)?)))?;
    let identifiers = identifiers::of_customer(db, born, &id)?;
    let owners: Vec<IdentifierId> = identifiers.iter().map(|i| i.id).collect();
    let mut claims = Vec::new();
    claims::read(db, owners.iter().copied(), &mut claims)?;
    claims.sort_by_key(|claim| claim.arrival);
    let mut view = CustomerView {
        as_of: None,
        customer: Customer { id, created_seq: Arrival(born), version, former_ids },
        identifiers,
        claims,
        consents: None,
        devices: None,
        orders: None,
        touchpoints: None,
    };
    if matches!(shape, Shape::Identity | Shape::All) {
        let mut given = Vec::new();
        consents::read(db, owners.iter().copied(), &mut given)?;
        view.consents = Some(given);
        view.devices = Some(devices::list_of(db, &owners, false)?);
    }
    if matches!(shape, Shape::History | Shape::All) {
        if pages.orders > 0 {
            let page = OrderPage { since: None, until: None, after: None, limit: pages.orders };
            view.orders = Some(orders::list_of(db, &owners, &page, None)?);
        }
        if pages.touchpoints > 0 {
            let (order, filter) = (TimeOrder::NewestFirst, TouchpointFilter::default());
            let page = TouchpointPage { filter, order, after: None, limit: pages.touchpoints };
            view.touchpoints = Some(touchpoints::list_of(db, &owners, &page, None)?);
        }
    }
    Ok(Some(view))
}
