//! Customers as of a moment.
//!
//! The past never changes, so its parts are read one after the other, and no version is compared: first memberships
//! ([`memberships`]), then the data of those identifiers. Rows that are only added are read as now, up to the moment:
//! touchpoints, orders (computed from their events up to then), product acts, identity histories. Former owners of
//! these are in `:PastOwner`. Rows that change in place are kept when they are replaced (`:PastLink`, `:PastDevice`,
//! `:PastProduct`), or are counted again.

use std::sync::Arc;

use neo4rs::Row;
use rustc_hash::FxHashMap;

use super::bolt::{Params, ToBolt, list};
use super::memberships::Member;
use super::pages::{as_of_rows, items, of_owners};
use super::rows::{ClaimRow, ConsentRow, column};
use super::statement::statements;
use super::{Inner, devices, identifiers, memberships, orders, touchpoints};
use crate::domain::claim::Claim;
use crate::domain::consent::ConsentGiven;
use crate::domain::customer::{Customer, CustomerId, CustomerView};
use crate::domain::identifier::Identifier;
use crate::domain::{Arrival, IdentifierId, Moment};
use crate::store::query::{CustomerKey, FirstPages, OrderPage, Shape, TimeOrder, TouchpointFilter, TouchpointPage};
use crate::store::{Result, StoreError};

statements! {
    OWNERS_OF_ORDERS = "orders/list_owners_as_of";
    CLAIMS = "claims/list_as_of" ("owners/part_as_of" | "claims/part_list_as_of");
    CONSENTS = "consents/list_as_of" ("owners/part_as_of" | "consents/part_list_as_of");
}

/// Customers in the order of `keys`.
pub(super) async fn fetch(
    store: &Inner,
    keys: &[CustomerKey],
    shape: Shape,
    pages: FirstPages,
    moment: Moment,
) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
    let mut answers: Vec<Result<Option<Arc<CustomerView>>>> = keys.iter().map(|_| Ok(None)).collect();
    let mut found = Vec::with_capacity(keys.len());
    for (answer, key) in answers.iter_mut().zip(find(store, keys, moment).await?) {
        match key {
            Ok(customer) => found.push(customer),
            Err(error) => {
                *answer = Err(error);
                found.push(None);
            }
        }
    }
    let members = memberships::list(store, &found, moment).await?;
    let views = views(store, &members, shape, pages, moment).await?;
    for (answer, view) in answers.iter_mut().zip(views) {
        if let (Ok(answer), Some(view)) = (answer, view) {
            *answer = Some(Arc::new(view));
        }
    }
    Ok(answers)
}

/// The customer of each key at the moment.
async fn find(store: &Inner, keys: &[CustomerKey], moment: Moment) -> Result<Vec<Result<Option<CustomerId>>>> {
    let mut ids = Vec::new();
    let mut texts = Vec::new();
    let mut orders = Vec::new();
    for key in keys {
        match key {
            CustomerKey::Id(id) => ids.push(id),
            CustomerKey::Identifier(key) => texts.push(key.to_string()),
            CustomerKey::Order { number, source } => orders.push(list([number.to_bolt(), source.to_bolt()])),
        }
    }
    let mut by_id = memberships::by_id(store, &ids, moment).await?.into_iter();
    let mut by_key = identifiers::ids(store, &texts, moment).await?.into_iter();
    let mut by_order = vec![Ok(None); 0];
    by_order.extend((0..orders.len()).map(|_| Ok(None)));
    if !orders.is_empty() {
        let params = Params::new().with_moment(moment).with("keys", list(orders));
        for row in &as_of_rows(store, &OWNERS_OF_ORDERS, params).await? {
            let (n, owner) = (column::<usize>(row, "n")?, Arrival(column(row, "owner")?));
            by_order[n] = match by_order[n] {
                Ok(None) => Ok(Some(owner)),
                _ => Err(StoreError::AmbiguousOrder),
            };
        }
    }
    let mut by_order = by_order.into_iter();
    // Each key as the id of a customer, or as an identifier of a customer.
    let mut found: Vec<Result<Option<CustomerId>>> = Vec::with_capacity(keys.len());
    let mut held: Vec<(usize, IdentifierId)> = Vec::new();
    for (n, key) in keys.iter().enumerate() {
        let identifier = match key {
            CustomerKey::Id(_) => {
                found.push(Ok(by_id.next().flatten()));
                continue;
            }
            CustomerKey::Identifier(_) => Ok(by_key.next().flatten()),
            CustomerKey::Order { .. } => by_order.next().unwrap_or(Ok(None)),
        };
        held.extend(identifier.as_ref().ok().copied().flatten().map(|id| (n, id)));
        found.push(identifier.map(|_| None));
    }
    let identifiers: Vec<IdentifierId> = held.iter().map(|(_, id)| *id).collect();
    for ((n, _), holder) in held.into_iter().zip(memberships::holders(store, &identifiers, moment).await?) {
        found[n] = Ok(holder);
    }
    Ok(found)
}

async fn views(
    store: &Inner,
    members: &[Option<Member>],
    shape: Shape,
    pages: FirstPages,
    moment: Moment,
) -> Result<Vec<Option<CustomerView>>> {
    let owners: Vec<Vec<IdentifierId>> =
        members.iter().map(|member| member.as_ref().map(|m| m.owners.clone()).unwrap_or_default()).collect();
    let all: Vec<IdentifierId> = owners.iter().flatten().copied().collect();
    if all.is_empty() {
        return Ok(members.iter().map(|_| None).collect());
    }
    let counted = identifiers::counted(store, &all, moment).await?;
    let take = |row: &Row| items::<ClaimRow<'_>, Claim>(row, "items");
    let claims = of_owners(store, &CLAIMS, &owners, Params::new(), Vec::new(), moment, take).await?;
    let mut views: Vec<Option<CustomerView>> = Vec::with_capacity(members.len());
    for (member, mut claims) in members.iter().zip(claims) {
        claims.sort_by_key(|claim| claim.arrival);
        views.push(member.as_ref().map(|member| card(member, &counted, claims, moment)));
    }
    if shape.has_identity() {
        let take = |row: &Row| items::<ConsentRow<'_>, ConsentGiven>(row, "items");
        let consents = of_owners(store, &CONSENTS, &owners, Params::new(), Vec::new(), moment, take).await?;
        let devices = devices::list_as_of(store, &owners, |_| false, moment).await?;
        for (view, (consents, devices)) in views.iter_mut().zip(consents.into_iter().zip(devices)) {
            if let Some(view) = view {
                (view.consents, view.devices) = (Some(consents), Some(devices));
            }
        }
    }
    if shape.has_history() {
        let page = OrderPage { since: None, until: None, after: None, limit: pages.orders };
        if pages.orders > 0 {
            let orders = orders::list_as_of(store, &owners, &page, moment).await?;
            views
                .iter_mut()
                .zip(orders)
                .for_each(|(view, page)| view.iter_mut().for_each(|v| v.orders = Some(page.clone())));
        }
        let (order, filter) = (TimeOrder::NewestFirst, TouchpointFilter::default());
        let page = TouchpointPage { filter, order, after: None, limit: pages.touchpoints };
        if pages.touchpoints > 0 {
            let touchpoints = touchpoints::newest_as_of(store, &owners, &page, moment).await?;
            views
                .iter_mut()
                .zip(touchpoints)
                .for_each(|(view, page)| view.iter_mut().for_each(|v| v.touchpoints = Some(page.clone())));
        }
    }
    Ok(views)
}

fn card(
    member: &Member,
    counted: &FxHashMap<IdentifierId, Identifier>,
    claims: Vec<Claim>,
    moment: Moment,
) -> CustomerView {
    let held = |id: &IdentifierId| {
        let identifier = counted.get(id)?.clone();
        Some(Identifier { customer: Some(member.id.clone()), ..identifier })
    };
    let mut identifiers: Vec<Identifier> = member.owners.iter().filter_map(held).collect();
    identifiers.sort_by_key(|i| (i.first_seen_at, i.id));
    let customer = Customer {
        id: member.id.clone(),
        created_seq: member.created_seq,
        version: 0,
        former_ids: member.former.clone(),
    };
    CustomerView::card(Some(moment), customer, identifiers, claims)
}
