//! Writes a plan, row by row, in the transaction that read its input.
//!
//! Each noun's file writes its own rows. This file has their order, and writes customers, identifiers and memberships.

use rusqlite::{Connection, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::row::amount;
use super::statement::statements;
use super::{
    claims, consents, decisions, devices, health, identity_events, links, orders, products, segment_memberships,
    touchpoints, words,
};
use crate::domain::customer::CustomerId;
use crate::stitching::figures::figures;
use crate::stitching::known::Known;
use crate::stitching::rows::{CustomerRow, MergeRow, Plan};
use crate::store::amounts::Kept;
use crate::store::{Result, StoreError};

statements! {
    INSERT_CUSTOMER = "customers/insert";
    UPDATE_CUSTOMER = "customers/update";
    MERGE_CUSTOMER = "customers/update_merged";
    KEEP_MERGE = "customers/insert_past_merge";
    RESTORE_CUSTOMER = "customers/update_restored";
    RESTORE_SURVIVOR = "customers/update_survivor_restored";
    SURVIVOR_OF_CUSTOMER = "customers/fetch_survivor";
    MOVE_SURVIVOR = "customers/update_survivor";
    INSERT_IDENTIFIER = "identifiers/insert";
    UPDATE_IDENTIFIER = "identifiers/update";
    SEE_ALONE = "identifiers/insert_seen_alone";
    CLOSE_MEMBERSHIP = "memberships/update_closed";
    OPEN_MEMBERSHIP = "memberships/update_opened";
    SPEND_OF_CUSTOMER = "spend/list";
    PUT_SPEND = "spend/insert";
    DELETE_SPEND = "spend/delete";
    DELETE_SPEND_OF_CUSTOMER = "spend/delete_of_customer";
    INSERT_EVIDENCE = "evidence/insert";
    INSERT_EVIDENCE_OF = "evidence/insert_identifier";
    INSERT_CHANGE = "changes/insert";
    RAISE_COUNTER = "changes/update_counter";
}

/// Writes all of `plan`, which was made from `known`.
pub(super) fn write(db: &Connection, known: &Known, plan: &Plan) -> Result<()> {
    let born = Births::new(known, plan);
    write_restored(db, &born, plan)?;
    write_customers(db, &born, plan)?;
    write_identifiers(db, &born, plan)?;
    write_seen_alone(db, plan)?;
    write_memberships(db, &born, plan)?;
    write_merges(db, &born, plan)?;
    write_evidence(db, plan)?;
    decisions::insert(db, plan)?;
    touchpoints::insert(db, plan)?;
    orders::put(db, &plan.orders)?;
    claims::replace(db, plan)?;
    consents::record(db, plan)?;
    devices::see(db, &plan.devices, plan.seq)?;
    products::name(db, &plan.products, plan.seq)?;
    products::insert_acts(db, &plan.product_acts)?;
    links::add(db, &plan.links, plan.seq)?;
    identity_events::insert(db, &born, &plan.identity_events)?;
    words::insert(db, known, plan)?;
    health::record(db, &born, &figures(known, plan))?;
    segment_memberships::touch(db, &born, known, plan)?;
    write_change(db, plan)
}

/// In the database file, a customer's key is its birth.
pub(super) struct Births<'p>(FxHashMap<&'p CustomerId, i64>);

impl<'p> Births<'p> {
    fn new(known: &'p Known, plan: &'p Plan) -> Self {
        let known = known.customers.iter().map(|c| (&c.id, c.created_seq.0));
        Births(known.chain(plan.customers.iter().map(|c| (&c.id, c.created_seq.0))).collect())
    }

    pub(super) fn of(&self, id: &CustomerId) -> Result<i64> {
        let unknown = || StoreError::Data("the plan names a customer that was not read".into());
        self.0.get(id).copied().ok_or_else(unknown)
    }
}

/// First, before other rows about these customers: former customers that are customers again.
fn write_restored(db: &Connection, born: &Births<'_>, plan: &Plan) -> Result<()> {
    let mut survivor = SURVIVOR_OF_CUSTOMER.on(db)?;
    let mut keep = KEEP_MERGE.on(db)?;
    let mut restore = RESTORE_CUSTOMER.on(db)?;
    let mut follow = RESTORE_SURVIVOR.on(db)?;
    for id in &plan.restored {
        let born = born.of(id)?;
        let was_part_of = survivor.count([born])?;
        keep.execute([born, plan.seq])?;
        restore.execute([born])?;
        follow.execute([born, was_part_of])?;
    }
    Ok(())
}

fn write_customers(db: &Connection, born: &Births<'_>, plan: &Plan) -> Result<()> {
    let mut insert = INSERT_CUSTOMER.on(db)?;
    let mut update = UPDATE_CUSTOMER.on(db)?;
    for row in &plan.customers {
        let (first, last) = (row.first_seen_at.0, row.last_seen_at.0);
        let channels = serde_json::to_string(&row.channels)?;
        if row.new {
            insert.execute(params![row.created_seq.0, &*row.id.0, first, last, row.order_count, channels])?;
        } else {
            update.execute(params![born.of(&row.id)?, first, last, row.order_count, channels])?;
        }
    }
    drop((insert, update));
    write_spend(db, &plan.customers)
}

/// Most customers of a batch have no new orders. So the rows are compared, and only different rows are written to the
/// table and its index.
fn write_spend(db: &Connection, customers: &[CustomerRow]) -> Result<()> {
    let mut stored = SPEND_OF_CUSTOMER.on(db)?;
    let mut put = PUT_SPEND.on(db)?;
    let mut delete = DELETE_SPEND.on(db)?;
    let mut before: Vec<(String, (i128, i128, i64))> = Vec::new();
    for row in customers {
        before.clear();
        if !row.new {
            stored.all([row.created_seq.0], &mut before, |r| {
                Ok((r.get(0)?, (amount(r, 1)?, amount(r, 2)?, r.get(3)?)))
            })?;
        }
        for (currency, sum) in &row.spend {
            let figures = (sum.gross.0, sum.returned.0, sum.orders);
            if before.iter().any(|(name, old)| **name == *currency.0 && *old == figures) {
                continue;
            }
            let (net, gross, returned) = (Kept::from(sum.net()), Kept::from(sum.gross), Kept::from(sum.returned));
            put.execute(params![row.created_seq.0, &*currency.0, net, gross, returned, sum.orders])?;
        }
        for (name, _) in &before {
            if !row.spend.keys().any(|currency| *currency.0 == **name) {
                delete.execute(params![row.created_seq.0, name])?;
            }
        }
    }
    Ok(())
}

fn write_identifiers(db: &Connection, born: &Births<'_>, plan: &Plan) -> Result<()> {
    let mut insert = INSERT_IDENTIFIER.on(db)?;
    let mut update = UPDATE_IDENTIFIER.on(db)?;
    for row in &plan.identifiers {
        let i = &row.identifier;
        let rollup = serde_json::to_string(&i.rollup)?;
        let (first, last) = (i.first_seen_at.0, i.last_seen_at.0);
        if row.new {
            let customer = i.customer.as_ref().map(|id| born.of(id)).transpose()?;
            let since = customer.map(|_| plan.seq);
            let key = (&*i.key.kind, &*i.key.value);
            insert.execute(params![i.id.0, key.0, key.1, first, last, customer, since, rollup, i.shared_since])?;
        } else {
            update.execute(params![i.id.0, first, last, rollup, i.shared_since])?;
        }
    }
    Ok(())
}

fn write_seen_alone(db: &Connection, plan: &Plan) -> Result<()> {
    let mut see = SEE_ALONE.on(db)?;
    for (identifier, (first, last)) in &plan.seen_alone {
        see.execute([identifier.0, plan.seq, first.0, last.0])?;
    }
    Ok(())
}

/// A new identifier was written with its customer. These are identifiers that had no customer before, or another.
fn write_memberships(db: &Connection, born: &Births<'_>, plan: &Plan) -> Result<()> {
    let new: FxHashSet<_> = plan.identifiers.iter().filter(|row| row.new).map(|row| row.identifier.id).collect();
    let mut close = CLOSE_MEMBERSHIP.on(db)?;
    let mut open = OPEN_MEMBERSHIP.on(db)?;
    for row in plan.memberships.iter().filter(|row| !new.contains(&row.identifier)) {
        if row.from.is_some() {
            close.execute([row.identifier.0, plan.seq])?;
        }
        let to = row.to.as_ref().map(|id| born.of(id)).transpose()?;
        open.execute(params![row.identifier.0, to, to.map(|_| plan.seq)])?;
    }
    Ok(())
}

fn write_merges(db: &Connection, born: &Births<'_>, plan: &Plan) -> Result<()> {
    if plan.merged.is_empty() {
        return Ok(());
    }
    let into: FxHashMap<&CustomerId, &CustomerId> = plan.merged.iter().map(|row| (&row.from, &row.into)).collect();
    let mut merge = MERGE_CUSTOMER.on(db)?;
    let mut follow = MOVE_SURVIVOR.on(db)?;
    let mut forget = DELETE_SPEND_OF_CUSTOMER.on(db)?;
    for MergeRow { from, into: direct } in &plan.merged {
        // In the same batch, the survivor may be merged away too.
        let mut survivor = direct;
        while let Some(further) = into.get(survivor) {
            survivor = further;
        }
        let (from, direct, survivor) = (born.of(from)?, born.of(direct)?, born.of(survivor)?);
        merge.execute([from, direct, plan.seq, survivor])?;
        follow.execute([from, survivor])?;
        forget.execute([from])?;
    }
    Ok(())
}

fn write_evidence(db: &Connection, plan: &Plan) -> Result<()> {
    let mut insert = INSERT_EVIDENCE.on(db)?;
    let mut names = INSERT_EVIDENCE_OF.on(db)?;
    for row in &plan.evidence {
        insert.execute(params![
            row.arrival.0,
            &*row.set.0,
            &*row.outcomes,
            serde_json::to_string(&row.identifiers)?,
            &*row.message_id,
            &*row.source,
            row.at.0,
            row.rules_version,
        ])?;
        for identifier in &row.identifiers {
            names.execute([identifier.0, row.arrival.0])?;
        }
    }
    Ok(())
}

/// Last, so that a reader that sees the number also sees all rows of the change.
fn write_change(db: &Connection, plan: &Plan) -> Result<()> {
    let entries = serde_json::to_string(&plan.entries)?;
    INSERT_CHANGE.on(db)?.execute(params![plan.seq, plan.at.0, entries])?;
    let touchpoints = plan.touchpoints.len() as i64;
    RAISE_COUNTER.on(db)?.execute([plan.seq, plan.at.0, plan.customers_delta, touchpoints])?;
    Ok(())
}
