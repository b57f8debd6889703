//! Reads the stored rows of a batch under the write lock: the input of the plan.

use rusqlite::{Connection, Row};
use rustc_hash::FxHashSet;

use super::claims;
use super::consents;
use super::decisions;
use super::erasures;
use super::identifiers::{self, decode};
use super::identity_events;
use super::row::{json, optional_text, text};
use super::statement::statements;
use crate::domain::customer::CustomerId;
use crate::domain::identifier::IdentifierKey;
use crate::domain::{Arrival, IdentifierId};
use crate::stitching::known::{ClaimsByOwner, Known, KnownCustomer, OnRecord, claimed_values};
use crate::stitching::{Batch, DecisionAction};
use crate::store::Result;

statements! {
    MESSAGE_OWNER = "messages/fetch_owner";
    IDENTIFIER_HOLDER = "memberships/fetch_holder_by_key";
    IDENTIFIER_HOLDER_BY_ID = "memberships/fetch_holder";
    IDENTIFIER_BY_ID = "identifiers/fetch_by_id";
    CUSTOMER_ID = "customers/fetch_id";
    BORN_BY_ID = "customers/fetch_by_id";
    EVIDENCE_OUTCOMES = "evidence/fetch";
    ORDER_EVENTS = "orders/fetch_events";
}

/// All rows of [`Known`] for a batch.
pub(super) fn read(db: &Connection, batch: &Batch) -> Result<Known> {
    let mut known = Known::default();
    read_messages(db, batch, &mut known)?;
    erasures::read_erased(db, batch, &mut known)?;
    read_evidence(db, batch, &mut known)?;
    known.refused = identity_events::refused(db, batch.refusing())?;
    let order_owners = read_orders(db, batch, &mut known)?;
    read_people(db, batch.identifiers(), &order_owners, FxHashSet::default(), &mut known)?;
    decisions::read_sides(db, &mut known)?;
    read_claims(db, &batch.claims(&known), &mut known)?;
    read_consents(db, batch, &mut known)?;
    Ok(known)
}

/// All rows of [`Known`] for a decision request.
pub(super) fn read_for_ruling(db: &Connection, says: &DecisionAction) -> Result<Known> {
    let mut known = Known::default();
    let mut customers = FxHashSet::default();
    let mut living = BORN_BY_ID.on(db)?;
    let mut id_of = CUSTOMER_ID.on(db)?;
    for id in says.customers() {
        let Some(born) = living.first([&*id.0], |row| Ok(row.get::<_, i64>(0)?))? else { continue };
        customers.insert(born);
        if let Some(now) = id_of.first([born], |row| Ok(CustomerId(text(row, 0)?)))? {
            known.living.insert(id.clone(), now);
        }
    }
    drop((living, id_of));
    read_people(db, says.identifiers().iter(), &[], customers, &mut known)?;
    decisions::read_sides(db, &mut known)?;
    Ok(known)
}

/// All rows of [`Known`] for the identifiers that a replay moves.
pub(super) fn read_by_id(db: &Connection, ids: &[IdentifierId]) -> Result<Known> {
    let mut known = Known::default();
    read_people(db, [], ids, FxHashSet::default(), &mut known)?;
    decisions::read_sides(db, &mut known)?;
    Ok(known)
}

fn read_messages(db: &Connection, batch: &Batch, known: &mut Known) -> Result<()> {
    let mut statement = MESSAGE_OWNER.on(db)?;
    for id in batch.messages() {
        if let Some(customer) = statement.first([&**id], |row| optional_text(row, 0))? {
            known.messages.insert(id.clone(), customer.map(CustomerId));
        }
    }
    Ok(())
}

fn read_evidence(db: &Connection, batch: &Batch, known: &mut Known) -> Result<()> {
    let mut statement = EVIDENCE_OUTCOMES.on(db)?;
    for set in batch.sets() {
        let on_record = |row: &Row<'_>| Ok(OnRecord { outcomes: text(row, 0)?, rules_version: row.get(1)? });
        if let Some(on_record) = statement.first([&*set.0], on_record)? {
            known.evidence.insert(set, on_record);
        }
    }
    Ok(())
}

/// Reads the batch's orders. Returns the identifiers that own them.
fn read_orders(db: &Connection, batch: &Batch, known: &mut Known) -> Result<Vec<IdentifierId>> {
    let mut statement = ORDER_EVENTS.on(db)?;
    let mut owners = Vec::new();
    for key in batch.orders() {
        let stored =
            statement.first((&*key.number, &*key.source), |row| Ok((row.get::<_, Option<i64>>(0)?, json(row, 1)?)))?;
        if let Some((owner, events)) = stored {
            owners.extend(owner.map(Arrival));
            known.orders.insert(key.clone(), events);
        }
    }
    Ok(owners)
}

/// Reads the identifiers of these keys, their customers and the given customers, and all identifiers of these
/// customers.
pub(super) fn read_people<'b>(
    db: &Connection,
    keys: impl IntoIterator<Item = &'b IdentifierKey>,
    order_owners: &[IdentifierId],
    mut customers: FxHashSet<i64>,
    known: &mut Known,
) -> Result<()> {
    let mut alone = FxHashSet::default();
    let mut sort = |id: i64, customer: Option<i64>| match customer {
        Some(born) => customers.insert(born),
        None => alone.insert(id),
    };
    let mut by_key = IDENTIFIER_HOLDER.on(db)?;
    for key in keys {
        let found = by_key.first((&*key.kind, &*key.value), |row| Ok((row.get(0)?, row.get(1)?)))?;
        if let Some((id, customer)) = found {
            sort(id, customer);
        }
    }
    let mut by_id = IDENTIFIER_HOLDER_BY_ID.on(db)?;
    for owner in order_owners {
        if let Some((id, customer)) = by_id.first([owner.0], |row| Ok((row.get(0)?, row.get(1)?)))? {
            sort(id, customer);
        }
    }
    let mut id_of = CUSTOMER_ID.on(db)?;
    for born in customers {
        let Some(id) = id_of.first([born], |row| Ok(CustomerId(text(row, 0)?)))? else { continue };
        known.identifiers.append(&mut identifiers::of_customer(db, born, &id)?);
        known.customers.push(KnownCustomer { id, created_seq: Arrival(born) });
    }
    let mut whole = IDENTIFIER_BY_ID.on(db)?;
    for id in alone {
        known.identifiers.extend(whole.first([id], decode)?);
    }
    Ok(())
}

/// Reads the stored claims with the names and values of `claims`.
pub(super) fn read_claims(db: &Connection, claims: &ClaimsByOwner, known: &mut Known) -> Result<()> {
    for (owner, values) in claimed_values(claims) {
        claims::read_claimed(db, owner, &values, &mut known.claims)?;
    }
    known.with_claims.extend(claims.keys().cloned());
    Ok(())
}

/// Consents of every identifier that was read, not only of customers with a new consent: an earlier fact of the batch
/// may merge another customer in, and then a consent of a later fact replaces that customer's consents too.
fn read_consents(db: &Connection, batch: &Batch, known: &mut Known) -> Result<()> {
    if batch.consenters().is_empty() {
        return Ok(());
    }
    consents::read(db, known.identifiers.iter().map(|i| i.id), None, &mut known.consents)
}
