//! Subject access: all that a store holds about one person, with where each part came from, as JSON and as a page for
//! the person.

mod page;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use page::page;

use crate::domain::change::IdentityEvent;
use crate::domain::claim::{Claim, TraitPolicies};
use crate::domain::consent::{self, ConsentGiven};
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::identifier::IdentifierKey;
use crate::domain::link::Link;
use crate::domain::order::{Order, OrderAct};
use crate::domain::page::Page;
use crate::domain::product::ProductActed;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Amount, IdentifierId, Moment, Timestamp};
use crate::export;
use crate::store::query::*;
use crate::store::{Reads, Result, Store, StoreError};

/// Sizes of pages.
const TOUCHPOINTS: usize = 1_000;
const LINKS: usize = 500;
const EVENTS: usize = 500;

/// What a report needs besides the store.
pub struct Setting<'s> {
    /// The policies that choose among the values of a trait.
    pub traits: &'s TraitPolicies,
    /// The id of a customer for the outside.
    pub customer_id: fn(&CustomerId) -> String,
    /// The display name of a customer.
    pub display_name: fn(&TraitPolicies, &CustomerView) -> Option<String>,
}

/// All that is held about the customer of an identifier, as of one moment. `None` when no customer has the identifier.
///
/// # Errors
/// Of the store.
pub async fn report(
    store: &dyn Store,
    key: &IdentifierKey,
    now: Timestamp,
    setting: &Setting<'_>,
) -> Result<Option<Value>> {
    let Some(moment) = store.moment(now).await? else { return Ok(None) };
    let reads = store.as_of(moment);
    let keys = [CustomerKey::Identifier(key.clone())];
    let views = reads.customers(&keys, Shape::Identity, FirstPages { orders: 0, touchpoints: 0 }).await?;
    let Some(view) = views.into_iter().next().transpose()?.flatten() else { return Ok(None) };
    // A shared identifier is not a person.
    if view.identifiers.iter().any(|own| own.key == *key && own.is_shared()) {
        return Ok(None);
    }
    let id = view.customer.id.clone();
    let links = list_links(&*reads, &id).await?;
    let touchpoints = list_touchpoints(&*reads, &id).await?;
    let (acts, orders) = reads.product_acts(std::slice::from_ref(&id)).await?.pop().unwrap_or_default();
    let events = list_events(&*reads, &id).await?;

    let mut names = Keys::of(&view);
    let ends = links.iter().flat_map(|link| [link.from, link.to]);
    let said = events.iter().flat_map(|event| event.identifiers.iter().copied());
    let decided = view.consents.iter().flatten().map(|given| given.consent.owner);
    names.add(&*reads, ends.chain(said).chain(decided)).await?;

    let mut customer = Map::new();
    customer.insert("id".into(), (setting.customer_id)(&id).into());
    customer.insert("display_name".into(), (setting.display_name)(setting.traits, &view).into());
    customer.insert("first_seen_at".into(), time(view.first_seen_at()));
    customer.insert("last_seen_at".into(), time(view.last_seen_at()));
    let former: Vec<String> = view.customer.former_ids.iter().map(setting.customer_id).collect();
    customer.insert("former_ids".into(), former.into());
    let others = |ids: &[CustomerId]| -> Vec<String> { ids.iter().map(setting.customer_id).collect() };
    let history = events.iter().map(|event| {
        let identifiers: Vec<Value> = event.identifiers.iter().map(|id| names.json(*id)).collect();
        json!({"at": event.at.to_string(), "kind": event.kind.as_str(), "rule": event.rule, "message_id": event.message_id,
            "by": event.by, "reason": event.reason, "identifiers": identifiers, "other_customer_ids": others(&event.others)})
    });
    let identifiers = view.identifiers.iter().map(|own| {
        json!({"kind": own.key.kind, "value": own.key.value, "first_seen_at": own.first_seen_at.to_string(),
            "last_seen_at": own.last_seen_at.to_string(), "shared": own.is_shared()})
    });
    let devices = view.devices.iter().flatten().map(|device| {
        let on: Vec<Value> = device.identifiers.iter().map(|id| names.json(*id)).collect();
        json!({"kind": device.fact.kind, "os": device.fact.os, "model": device.fact.model,
            "first_seen_at": device.first_seen_at.to_string(), "last_seen_at": device.last_seen_at.to_string(),
            "identifiers": on})
    });
    Ok(Some(json!({
        "asked": {"kind": key.kind, "value": key.value},
        "at": moment.at.to_string(),
        "customer": customer,
        "identifiers": identifiers.collect::<Vec<_>>(),
        "traits": traits(&view, setting.traits, &names),
        "consents": consents(&view, moment, &names),
        "orders": orders.iter().map(|order| self::order(order, &names)).collect::<Vec<_>>(),
        "touchpoints": touchpoints.iter().map(|touchpoint| self::touchpoint(touchpoint, &names)).collect::<Vec<_>>(),
        "product_acts": acts.iter().map(|act| self::act(act, &names)).collect::<Vec<_>>(),
        "devices": devices.collect::<Vec<_>>(),
        "links": links.iter().map(|link| self::link(link, &names)).collect::<Vec<_>>(),
        "identity_history": history.collect::<Vec<_>>(),
    })))
}

/// The kinds and values of identifiers, by id.
struct Keys(HashMap<IdentifierId, IdentifierKey>);

impl Keys {
    fn of(view: &CustomerView) -> Self {
        Keys(view.identifiers.iter().map(|own| (own.id, own.key.clone())).collect())
    }

    /// Reads those that are not the customer's own.
    async fn add(&mut self, reads: &dyn Reads, ids: impl Iterator<Item = IdentifierId>) -> Result<()> {
        let mut missing: Vec<IdentifierId> = ids.filter(|id| !self.0.contains_key(id)).collect();
        missing.sort_unstable();
        missing.dedup();
        let refs: Vec<IdentifierRef> = missing.into_iter().map(IdentifierRef::Id).collect();
        for found in reads.identifiers(&refs).await?.into_iter().flatten() {
            self.0.insert(found.id, found.key);
        }
        Ok(())
    }

    fn json(&self, id: IdentifierId) -> Value {
        self.0.get(&id).map_or(Value::Null, |key| json!({"kind": key.kind, "value": key.value}))
    }
}

fn time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.to_string().into())
}

/// Stored JSON, with every digit of its numbers.
fn stored(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// All pages of a list. `after` is the place of an item.
async fn all<T, P>(
    after: impl Fn(&T) -> P,
    mut read: impl AsyncFnMut(Option<P>) -> Result<Vec<Page<T>>>,
) -> Result<Vec<T>> {
    let mut all: Vec<T> = Vec::new();
    loop {
        let page = read(all.last().map(&after)).await?.pop();
        let page = page.ok_or_else(|| StoreError::Data("no page of a customer".to_owned()))?;
        let ends = !page.more || page.items.is_empty();
        all.extend(page.items);
        if ends {
            return Ok(all);
        }
    }
}

async fn list_touchpoints(reads: &dyn Reads, id: &CustomerId) -> Result<Vec<Touchpoint>> {
    let (of, filter) = ([Of::Customer(id.clone())], TouchpointFilter::default());
    all(
        |last: &Touchpoint| TimeKey { at: last.at, arrival: last.arrival },
        async |after| {
            let (filter, order) = (filter.clone(), TimeOrder::OldestFirst);
            reads.list_touchpoints(&of, &TouchpointPage { filter, order, after, limit: TOUCHPOINTS }).await
        },
    )
    .await
}

async fn list_links(reads: &dyn Reads, id: &CustomerId) -> Result<Vec<Link>> {
    let of = [Of::Customer(id.clone())];
    all(
        |last: &Link| LinkKey { from: last.from, to: last.to, refused: last.refused.is_some() },
        async |after| reads.list_links(&of, &LinkPage { refused: None, after, limit: LINKS }).await,
    )
    .await
}

async fn list_events(reads: &dyn Reads, id: &CustomerId) -> Result<Vec<IdentityEvent>> {
    let of = std::slice::from_ref(id);
    let read = async |after| reads.list_identity_events(of, after, EVENTS).await;
    all(|last: &IdentityEvent| last.arrival, read).await
}

/// Every value of every trait, by name, the shown one first, then the newest.
fn traits(view: &CustomerView, policies: &TraitPolicies, names: &Keys) -> Vec<Value> {
    let row = |claim: &Claim, shown: bool| {
        json!({"name": claim.name, "value": stored(claim.value.get()), "shown": shown,
            "provenance": claim.provenance.as_str(), "first_at": claim.first_at.to_string(),
            "at": claim.at.to_string(), "count": claim.count, "source": claim.source,
            "message_id": claim.message_id, "identifier": names.json(claim.owner)})
    };
    policies.all(&view.claims).into_iter().map(|(claim, shown)| row(claim, shown)).collect()
}

/// Every decision, once, oldest first; and whether it is in force.
fn consents(view: &CustomerView, moment: Moment, names: &Keys) -> Vec<Value> {
    let given: &[ConsentGiven] = view.consents.as_deref().unwrap_or_default();
    let in_force = consent::in_force(given, moment.at);
    let mut all: Vec<_> = given.iter().map(|given| &given.consent).collect();
    all.sort_by_key(|consent| (consent.at, consent.arrival));
    all.dedup_by_key(|consent| consent.arrival);
    let row = |consent: &Arc<consent::Consent>| {
        let chosen = in_force.iter().find(|chosen| chosen.arrival == consent.arrival);
        let status = chosen.map_or(consent.fact.status, |chosen| chosen.fact.status);
        json!({"purpose": consent.fact.purpose, "channel": consent.fact.channel, "status": status.as_str(),
            "in_force": chosen.is_some(), "at": consent.at.to_string(), "expires_at": time(consent.fact.expires_at),
            "source": consent.source, "identifier": names.json(consent.owner)})
    };
    all.into_iter().map(row).collect()
}

fn order(order: &Order, names: &Keys) -> Value {
    let digits = order.currency.digits();
    let money = |amount: Amount| amount.to_text(digits);
    let events = order.events.iter().map(|event| {
        let act = match event.act {
            OrderAct::Completed(_) => "COMPLETED",
            OrderAct::Updated(_) => "UPDATED",
            OrderAct::Cancelled => "CANCELLED",
            OrderAct::Refunded(_) => "REFUNDED",
        };
        json!({"at": event.at.to_string(), "act": act, "identifier": event.owner.map(|id| names.json(id))})
    });
    json!({"number": order.key.number, "source": order.key.source, "placed_at": time(order.placed.map(|p| p.at)),
        "status": order.status.as_str(), "channel": order.channel, "currency": order.currency.0,
        "total": money(order.total), "returned": money(order.returned), "net": money(order.net()),
        "lines": export::lines(order), "returns": export::returns(order),
        "events": events.collect::<Vec<_>>(),
        "identifier": order.placed.map(|placed| names.json(placed.owner))})
}

fn touchpoint(touchpoint: &Touchpoint, names: &Keys) -> Value {
    let fact = &touchpoint.fact;
    let order = touchpoint.order.as_ref().map(|key| json!({"number": key.number, "source": key.source}));
    let properties = fact.properties.as_ref().map_or(Value::Null, |json| stored(json.get()));
    json!({"message_id": touchpoint.message_id, "at": touchpoint.at.to_string(), "kind": fact.kind, "name": fact.name,
        "channel": fact.channel, "direction": fact.direction.as_str(), "source": touchpoint.source,
        "session_id": fact.session_id, "campaign": fact.campaign.as_deref(), "order": order,
        "properties": properties, "identifier": names.json(touchpoint.owner)})
}

fn act(act: &ProductActed, names: &Keys) -> Value {
    json!({"at": act.at.to_string(), "act": act.act.as_str(), "sku": act.product.sku, "name": act.product.name,
        "category": act.product.category, "quantity": act.quantity, "identifier": names.json(act.owner)})
}

fn link(link: &Link, names: &Keys) -> Value {
    json!({"from": names.json(link.from), "to": names.json(link.to), "rule": link.rule, "refused": link.refused,
        "source": link.source, "message_id": link.message_id, "first_at": link.first_at.to_string(),
        "last_at": link.last_at.to_string(), "count": link.count})
}
