//! The stored rows that a batch may change, read under the batch's locks.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::bolt::{Params, row};
use super::connections::Transaction;
use super::fault::Fault;
use super::identity_events;
use super::orders::order_text;
use super::rows::{ClaimRow, ConsentRow, IdentifierRow, column, order_events};
use super::rules;
use super::statement::statements;
use crate::domain::claim::value_hash;
use crate::domain::customer::CustomerId;
use crate::domain::identifier::IdentifierKey;
use crate::domain::order::OrderKey;
use crate::domain::{Arrival, IdentifierId};
use crate::stitching::batch::SetName;
use crate::stitching::known::{ClaimsByOwner, KnownCustomer, OnRecord, claimed_values};
use crate::stitching::{Batch, Known};

statements! {
    STORED_MESSAGES = "messages/fetch_owner";
    ORDER_OWNERS = "orders/list_owner_keys";
    HOLDERS = "memberships/fetch_holder_by_key";
    CUSTOMERS = "memberships/list_known";
    EVIDENCE = "evidence/fetch";
    ORDERS = "orders/fetch_events";
    CLAIMS = "claims/list";
    CONSENTS = "consents/list";
}

type Outcome<T> = std::result::Result<T, Fault>;

/// Messages of the batch that are stored already, with the present customer of their owner.
pub(super) async fn stored_messages(
    transaction: &mut Transaction<'_>,
    batch: &Batch,
) -> Outcome<FxHashMap<Arc<str>, Option<CustomerId>>> {
    let rows = transaction.read(&STORED_MESSAGES, Params::new().with_list("ids", batch.messages())).await?;
    let mut messages = FxHashMap::default();
    for row in &rows {
        let customer: Option<&str> = column(row, "customer")?;
        messages.insert(column::<&str>(row, "id")?.into(), customer.map(|id| CustomerId(id.into())));
    }
    Ok(messages)
}

/// The keys, `kind:value`, of the identifiers that own the batch's orders.
pub(super) async fn order_owners(
    transaction: &mut Transaction<'_>,
    orders: &BTreeSet<&OrderKey>,
) -> Outcome<Vec<String>> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let keys = orders.iter().map(|key| order_text(key));
    let rows = transaction.read(&ORDER_OWNERS, Params::new().with_list("keys", keys)).await?;
    rows.iter().map(|row| Ok(column(row, "key")?)).collect()
}

/// The locks of a batch.
pub(super) struct Locked<'a> {
    /// Identifiers, as `kind:value`.
    pub(super) identifiers: &'a BTreeSet<String>,
    /// Customers.
    pub(super) customers: &'a FxHashSet<String>,
}

/// The result of a read under locks.
pub(super) enum Reading {
    /// All rows, and all are locked.
    Complete(Box<Known>),
    /// Some rows are not locked: these identifiers must be locked too, and the locks are taken again from the start.
    Wider(Vec<String>),
}

/// Reads [`Known`] without its messages. `batch` has only facts whose messages are new.
pub(super) async fn read(transaction: &mut Transaction<'_>, batch: &Batch, locked: &Locked<'_>) -> Outcome<Reading> {
    let mut known = Known::default();
    if !read_people(transaction, locked, &mut known).await? {
        return Ok(Reading::Wider(Vec::new()));
    }
    read_orders(transaction, batch, &mut known).await?;
    let by_id: FxHashMap<IdentifierId, &IdentifierKey> = known.identifiers.iter().map(|i| (i.id, &i.key)).collect();
    let owners = known.orders.values().flatten().filter_map(|event| event.owner);
    // The owner of an order's events need not be known while the order has no COMPLETED event.
    let missing: Vec<IdentifierId> = owners.filter(|owner| !by_id.contains_key(owner)).collect();
    if !missing.is_empty() {
        let orders = batch.orders();
        let keys = order_owners(transaction, &orders).await?;
        let wider: Vec<String> = keys.into_iter().filter(|key| !locked.identifiers.contains(key)).collect();
        if !wider.is_empty() {
            return Ok(Reading::Wider(wider));
        }
    }
    read_evidence(transaction, batch, &mut known).await?;
    known.refused = identity_events::refused(transaction, batch.refusing()).await?;
    let claims = batch.claims(&known);
    read_claims(transaction, &claims, &mut known).await?;
    read_consents(transaction, batch, &mut known).await?;
    Ok(Reading::Complete(Box::new(known)))
}

/// Identifiers and customers. False when an identifier moved to a customer that is not locked, between the read of its
/// customer and the lock of that customer.
async fn read_people(transaction: &mut Transaction<'_>, locked: &Locked<'_>, known: &mut Known) -> Outcome<bool> {
    let keys = Params::new().with_list("keys", locked.identifiers).with_list("customers", locked.customers);
    for row in &transaction.read(&HOLDERS, keys).await? {
        if let Some(identifier) = column::<Option<IdentifierRow<'_>>>(row, "identifier")? {
            known.identifiers.push(identifier.held_by(None)?);
        } else if !locked.customers.contains(column::<&str>(row, "customer")?) {
            return Ok(false);
        }
    }
    if locked.customers.is_empty() {
        return Ok(true);
    }
    let customers = Params::new().with_list("customers", locked.customers);
    for row in &transaction.read(&CUSTOMERS, customers).await? {
        let id = CustomerId(column::<&str>(row, "customer")?.into());
        known.customers.push(KnownCustomer { id: id.clone(), created_seq: Arrival(column(row, "born")?) });
        for identifier in column::<Vec<IdentifierRow<'_>>>(row, "identifiers")? {
            known.identifiers.push(identifier.held_by(Some(id.clone()))?);
        }
    }
    Ok(true)
}

/// Adds these identifiers with their customers and all identifiers of these customers.
pub(super) async fn read_unlocked(
    transaction: &mut Transaction<'_>,
    ids: BTreeSet<IdentifierId>,
    known: &mut Known,
) -> Outcome<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let identifiers = rules::keys(transaction, ids).await?.into_iter().collect();
    let keys = Params::new().with_list("keys", &identifiers).with_list("customers", BTreeSet::<String>::new());
    let mut customers = FxHashSet::default();
    for row in &transaction.read(&HOLDERS, keys).await? {
        customers.extend(column::<Option<String>>(row, "customer")?);
    }
    read_people(transaction, &Locked { identifiers: &identifiers, customers: &customers }, known).await?;
    Ok(())
}

async fn read_orders(transaction: &mut Transaction<'_>, batch: &Batch, known: &mut Known) -> Outcome<()> {
    let orders = batch.orders();
    if orders.is_empty() {
        return Ok(());
    }
    let keys = orders.iter().map(|key| order_text(key));
    for row in &transaction.read(&ORDERS, Params::new().with_list("keys", keys)).await? {
        let (source, number) = (column::<&str>(row, "source")?, column::<&str>(row, "number")?);
        let events = order_events(column(row, "events")?)?;
        known.orders.insert(OrderKey { source: source.into(), number: number.into() }, events);
    }
    Ok(())
}

async fn read_evidence(transaction: &mut Transaction<'_>, batch: &Batch, known: &mut Known) -> Outcome<()> {
    let sets = batch.sets();
    let sets = Params::new().with_list("sets", sets.iter().map(|set| &set.0));
    let mut last: FxHashMap<SetName, Arrival> = FxHashMap::default();
    for row in &transaction.read(&EVIDENCE, sets).await? {
        let set = SetName(column::<&str>(row, "set")?.into());
        let arrival = Arrival(column(row, "arrival")?);
        if last.insert(set.clone(), arrival).is_none_or(|before| before < arrival) {
            let (outcomes, rules_version) = (column::<&str>(row, "outcomes")?.into(), column(row, "rules_version")?);
            known.evidence.insert(set, OnRecord { outcomes, rules_version });
        }
    }
    Ok(())
}

/// Reads the stored claims with the names and values of `claims`.
pub(super) async fn read_claims(
    transaction: &mut Transaction<'_>,
    claims: &ClaimsByOwner,
    known: &mut Known,
) -> Outcome<()> {
    if claims.is_empty() {
        return Ok(());
    }
    let rows = claimed_values(claims).into_iter().flat_map(|(owner, values)| {
        values.into_iter().map(
            move |(name, value)| row! { "owner" => owner, "name" => name, "value" => value, "hash" => value_hash(value) },
        )
    });
    for row in &transaction.read(&CLAIMS, Params::new().with_list("rows", rows)).await? {
        known.claims.push(column::<ClaimRow<'_>>(row, "claim")?.try_into()?);
    }
    known.with_claims.extend(claims.keys().cloned());
    Ok(())
}

/// A consent applies to all identifiers that its customer has at the end, after the merges of this batch. So this reads
/// the consents of all identifiers, not only of the customers with a new consent.
async fn read_consents(transaction: &mut Transaction<'_>, batch: &Batch, known: &mut Known) -> Outcome<()> {
    if batch.consenters().is_empty() {
        return Ok(());
    }
    let ids = Params::new().with_list("ids", known.identifiers.iter().map(|i| i.id));
    for row in &transaction.read(&CONSENTS, ids).await? {
        known.consents.push(column::<ConsentRow<'_>>(row, "consent")?.try_into()?);
    }
    Ok(())
}
