//! Rows from what a store holds.

use std::sync::Arc;

use serde::Serialize;

use super::Names;
use super::encode::Value;
use crate::domain::Timestamp;
use crate::domain::change::Change;
use crate::domain::claim::{Claim, TraitPolicies};
use crate::domain::consent::{self, Consent};
use crate::domain::customer::CustomerView;
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::link::Link;
use crate::domain::order::{Order, Placed};
use crate::domain::touchpoint::Touchpoint;
use crate::store::exports::Holding;

pub(super) fn customer(view: &CustomerView, traits: &TraitPolicies, names: &Names) -> Vec<Value> {
    let rollup = view.rollup();
    let first_seen_at = view.first_seen_at().unwrap_or_default();
    vec![
        Value::text((names.customer)(&view.customer.id)),
        Value::Time(first_seen_at),
        Value::of((names.display)(traits, view), Value::text),
        Value::Time(first_seen_at),
        Value::Time(view.last_seen_at().unwrap_or_default()),
        Value::Integer(rollup.touchpoint_count()),
        Value::Integer(rollup.order_count()),
    ]
}

pub(super) fn identifier(identifier: &Identifier, names: &Names) -> Vec<Value> {
    vec![
        Value::of(identifier.customer.as_ref(), |id| Value::text((names.customer)(id))),
        Value::Text(identifier.key.kind.clone()),
        Value::Text(identifier.key.value.clone()),
        Value::Boolean(identifier.is_shared()),
        Value::Time(identifier.first_seen_at),
        Value::Time(identifier.last_seen_at),
    ]
}

pub(super) fn link(link: &Link, from: &IdentifierKey, to: &IdentifierKey) -> Vec<Value> {
    vec![
        Value::Text(from.kind.clone()),
        Value::Text(from.value.clone()),
        Value::Text(to.kind.clone()),
        Value::Text(to.value.clone()),
        Value::Text(link.rule.clone()),
        Value::Text(link.source.clone()),
        Value::Text(link.message_id.clone()),
        Value::Time(link.first_at),
        Value::Time(link.last_at),
        Value::Integer(link.count),
        Value::of(link.refused.clone(), Value::Text),
    ]
}

pub(super) fn touchpoint(touchpoint: &Touchpoint, owner: &Holding, names: &Names) -> Vec<Value> {
    let fact = &touchpoint.fact;
    vec![
        Value::Text(touchpoint.message_id.clone()),
        Value::of(owner.customer.as_ref(), |id| Value::text((names.customer)(id))),
        Value::Time(touchpoint.at),
        Value::Text(fact.kind.clone()),
        Value::Text(fact.name.clone()),
        Value::Text(fact.channel.clone()),
        Value::text(fact.direction.as_str()),
        Value::Text(touchpoint.source.clone()),
        Value::Text(owner.key.kind.clone()),
        Value::Text(owner.key.value.clone()),
        Value::of(fact.properties.as_ref(), |json| Value::Json(json.get().into())),
    ]
}

/// A line of an order, in the column `lines`.
#[derive(Serialize)]
struct LineCell<'o> {
    sku: &'o str,
    name: Option<&'o str>,
    category: Option<&'o str>,
    quantity: i64,
    unit_price: String,
    returned_quantity: i64,
}

/// A return, in the column `returns`.
#[derive(Serialize)]
struct ReturnCell<'o> {
    sku: Option<&'o str>,
    quantity: i64,
    amount: String,
    at: String,
    reason: Option<&'o str>,
}

/// The lines of an order.
pub fn lines(order: &Order) -> impl Serialize {
    let digits = order.currency.digits();
    let lines: Vec<LineCell<'_>> = order
        .lines
        .iter()
        .map(|line| LineCell {
            sku: &line.product.sku,
            name: line.product.name.as_deref(),
            category: line.product.category.as_deref(),
            quantity: line.quantity,
            unit_price: line.unit_price.to_text(digits),
            returned_quantity: line.returned_quantity,
        })
        .collect();
    lines
}

/// The returns of an order.
pub fn returns(order: &Order) -> impl Serialize {
    let digits = order.currency.digits();
    let returns: Vec<ReturnCell<'_>> = order
        .returns
        .iter()
        .map(|entry| ReturnCell {
            sku: entry.product.as_ref().map(|product| &*product.sku),
            quantity: entry.quantity,
            amount: entry.amount.to_text(digits),
            at: entry.at.to_string(),
            reason: entry.reason.as_deref(),
        })
        .collect();
    returns
}

pub(super) fn order(order: &Order, placed: Placed, owner: &Holding, names: &Names) -> Vec<Value> {
    let digits = order.currency.digits();
    vec![
        Value::Text(order.key.number.clone()),
        Value::Text(order.key.source.clone()),
        Value::of(owner.customer.as_ref(), |id| Value::text((names.customer)(id))),
        Value::Time(placed.at),
        Value::text(order.status.as_str()),
        Value::Text(order.currency.0.clone()),
        Value::Decimal(order.total, digits),
        Value::Decimal(order.returned, digits),
        Value::Decimal(order.net(), digits),
        json(&lines(order)),
        json(&returns(order)),
    ]
}

fn json(value: &impl Serialize) -> Value {
    // Such a list always has a JSON text.
    Value::Json(serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned()).into())
}

/// Every value of every trait of a customer, by name, the chosen one first.
pub(super) fn traits(view: &CustomerView, policies: &TraitPolicies, names: &Names) -> Vec<Vec<Value>> {
    let id: Arc<str> = (names.customer)(&view.customer.id).into();
    let row = |claim: &Claim, chosen: bool| {
        vec![
            Value::Text(id.clone()),
            Value::Text(claim.name.clone()),
            Value::Json(claim.value.get().into()),
            Value::text(claim.provenance.as_str()),
            Value::Time(claim.at),
            Value::Text(claim.source.clone()),
            Value::Boolean(chosen),
        ]
    };
    policies.all(&view.claims).into_iter().map(|(claim, chosen)| row(claim, chosen)).collect()
}

/// The consents of a customer that are in force at `now`.
pub(super) fn consents(view: &CustomerView, now: Timestamp, names: &Names) -> Vec<Vec<Value>> {
    let id: Arc<str> = (names.customer)(&view.customer.id).into();
    let row = |consent: Consent| {
        vec![
            Value::Text(id.clone()),
            Value::Text(consent.fact.purpose),
            Value::of(consent.fact.channel, Value::Text),
            Value::text(consent.fact.status.as_str()),
            Value::Time(consent.at),
            Value::of(consent.fact.expires_at, Value::Time),
            Value::Text(consent.source),
        ]
    };
    consent::in_force(view.consents.as_deref().unwrap_or_default(), now).into_iter().map(row).collect()
}

pub(super) fn change(change: &Change, names: &Names) -> Vec<Value> {
    let details = change.details();
    vec![
        Value::text((names.cursor)(change.place)),
        Value::Time(change.at),
        Value::text(details.kind.as_str()),
        Value::of(details.customer.as_ref(), |id| Value::text((names.customer)(id))),
    ]
}
