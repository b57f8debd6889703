//! The customers of saved segments, and who is to be judged.

use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::row::{arrival, optional_text, text, time};
use super::statement::statements;
use super::{segments, status, write};
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::segment::SegmentId;
use crate::domain::segment_membership::{Judgement, SegmentMembership, Sweep, Touches, Verdict};
use crate::domain::{Arrival, Timestamp};
use crate::stitching;
use crate::stitching::known::Known;
use crate::stitching::rows::Plan;
use crate::store::Result;
use crate::store::segment_memberships::{Judged, Stored};
use crate::store::segments::{SegmentsRead, read_of};

statements! {
    OF_CUSTOMER = "segment_memberships/list_of_customer";
    MEMBERS = "segment_memberships/list";
    COUNT = "segment_memberships/count";
    ENTER = "segment_memberships/insert";
    LEAVE = "segment_memberships/delete";
    LEAVE_ALL = "segment_memberships/delete_of_customer";
    TOUCHED = "judgements/list_touched";
    DUE = "judgements/list_due";
    JUDGEMENT = "judgements/fetch";
    PUT_JUDGEMENT = "judgements/insert";
    TOUCHES = "judgements/fetch_touches";
    TOUCH = "judgements/insert_touched";
    FORGET_JUDGEMENT = "judgements/delete";
    SWEEPS = "sweeps/list";
    PUT_SWEEP = "sweeps/insert";
    PUT_ALL_SWEEPS = "sweeps/insert_all";
    END_SWEEP = "sweeps/delete";
    ANY_SEGMENT = "segments/count";
}

/// The segments of each customer.
pub(super) fn list_of(db: &Connection, customers: &[CustomerId]) -> Result<Vec<Vec<SegmentMembership>>> {
    let mut of_customer = OF_CUSTOMER.on(db)?;
    let mut all = Vec::with_capacity(customers.len());
    for customer in customers {
        let mut found = Vec::new();
        of_customer.all([&*customer.0], &mut found, |row| {
            Ok(SegmentMembership { segment: SegmentId(row.get(0)?), since: time(row, 1)? })
        })?;
        all.push(found);
    }
    Ok(all)
}

/// A page of the members of a segment.
pub(super) fn list(
    db: &Connection,
    segment: SegmentId,
    after: Option<Arrival>,
    limit: usize,
) -> Result<Page<(CustomerId, Arrival)>> {
    let after = after.map_or(i64::MIN, |after| after.0);
    let mut found = Vec::new();
    MEMBERS.on(db)?.all([segment.0, after, limit as i64 + 1], &mut found, |row| {
        Ok((CustomerId(text(row, 0)?), arrival(row, 1)?))
    })?;
    Ok(Page::cut(found, limit))
}

/// The number of members of a segment.
pub(super) fn count(db: &Connection, segment: SegmentId) -> Result<i64> {
    COUNT.on(db)?.count([segment.0])
}

/// Customers to be judged.
pub(super) fn pending(db: &Connection, now: Timestamp, limit: usize) -> Result<Vec<Judgement>> {
    let mut found = Vec::new();
    TOUCHED.on(db)?.all([limit as i64], &mut found, judgement)?;
    if found.len() < limit {
        let rest = (limit - found.len()) as i64;
        DUE.on(db)?.all([now.0, rest], &mut found, judgement)?;
    }
    Ok(found)
}

/// `id, change, touched_at, due_at, touches, judged_at`.
fn judgement(row: &Row<'_>) -> Result<Judgement> {
    read_judgement(row, CustomerId(text(row, 0)?))
}

/// Of a customer, from the second column on.
fn read_judgement(row: &Row<'_>, customer: CustomerId) -> Result<Judgement> {
    let at = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp));
    Ok(Judgement {
        customer,
        change: row.get(1)?,
        touched_at: at(2)?,
        touches: touches(row, 4)?,
        due_at: at(3)?,
        judged_at: at(5)?,
    })
}

fn touches(row: &Row<'_>, column: usize) -> Result<Touches> {
    let words: Option<Vec<String>> = match optional_text(row, column)? {
        Some(words) => serde_json::from_str(&words)?,
        None => None,
    };
    Ok(Touches::of_words(words.as_ref().map(|words| words.iter().map(String::as_str))))
}

fn written(touches: &Touches) -> Result<Option<String>> {
    Ok(touches.words().map(|words| serde_json::to_string(&words)).transpose()?)
}

/// What is kept about customers.
pub(super) fn judgements(db: &Connection, customers: &[CustomerId]) -> Result<Vec<Judgement>> {
    let mut fetch = JUDGEMENT.on(db)?;
    let mut all = Vec::with_capacity(customers.len());
    for customer in customers {
        let found = fetch.first([&*customer.0], |row| of_customer(row, customer))?;
        all.push(found.map_or_else(|| Judgement::none(customer.clone()), |(_, judgement)| judgement));
    }
    Ok(all)
}

/// `born, change, touched_at, due_at, touches, judged_at`.
fn of_customer(row: &Row<'_>, customer: &CustomerId) -> Result<(Arrival, Judgement)> {
    Ok((arrival(row, 0)?, read_judgement(row, customer.clone())?))
}

/// The sweeps that go on.
pub(super) fn sweeps(db: &Connection) -> Result<Vec<Sweep>> {
    let mut found = Vec::new();
    SWEEPS.on(db)?.all([], &mut found, |row| {
        Ok(Sweep {
            segment: SegmentId(row.get(0)?),
            change: row.get(1)?,
            at: time(row, 2)?,
            after: row.get::<_, Option<i64>>(3)?.map(Arrival),
        })
    })?;
    Ok(found)
}

/// Begins the sweep of a segment again, in the transaction of the change.
pub(super) fn sweep(db: &Connection, segment: SegmentId, change: i64, at: Timestamp) -> Result<()> {
    put_sweep(db, &Sweep { segment, change, at, after: None })
}

fn put_sweep(db: &Connection, sweep: &Sweep) -> Result<()> {
    let Sweep { segment, change, at, after } = sweep;
    PUT_SWEEP.on(db)?.execute(params![segment.0, change, at.0, after.map(|after| after.0)])?;
    Ok(())
}

/// Begins the sweeps of all segments again.
pub(super) fn sweep_all(db: &Connection, change: i64, at: Timestamp) -> Result<()> {
    PUT_ALL_SWEEPS.on(db)?.execute([change, at.0])?;
    Ok(())
}

/// Puts the customers of a plan among those to be judged, and drops what merged customers had. Without a segment nobody is
/// judged: the first save judges all.
pub(super) fn touch(db: &Connection, born: &write::Births<'_>, known: &Known, plan: &Plan) -> Result<()> {
    if plan.customers.is_empty() && plan.merged.is_empty() || ANY_SEGMENT.on(db)?.count([])? == 0 {
        return Ok(());
    }
    let (mut before, mut touch) = (TOUCHES.on(db)?, TOUCH.on(db)?);
    for (customer, mut own) in stitching::touches::touches(known, plan) {
        let born = born.of(&customer)?;
        if let Some(earlier) = before.first([born], |row| touches(row, 0))? {
            own.add(earlier);
        }
        touch.execute(params![born, plan.seq, plan.at.0, written(&own)?])?;
    }
    drop((before, touch));
    let (mut leave, mut forget) = (LEAVE_ALL.on(db)?, FORGET_JUDGEMENT.on(db)?);
    for row in &plan.merged {
        let born = born.of(&row.from)?;
        leave.execute([born])?;
        forget.execute([born])?;
    }
    Ok(())
}

/// Puts customers among those to be judged, on everything.
pub(super) fn touch_all(db: &Connection, borns: impl Iterator<Item = i64>, seq: i64, at: Timestamp) -> Result<()> {
    if ANY_SEGMENT.on(db)?.count([])? == 0 {
        return Ok(());
    }
    let mut touch = TOUCH.on(db)?;
    for born in borns {
        touch.execute(params![born, seq, at.0, written(&Touches::Everything)?])?;
    }
    Ok(())
}

/// Writes verdicts.
pub(super) fn judge(
    db: &mut Connection,
    read: &SegmentsRead,
    verdicts: &[Verdict],
    sweep: Option<(Sweep, Option<Arrival>)>,
    at: Timestamp,
) -> Result<Option<usize>> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if read_of(&segments::list(&transaction, None)?) != *read {
        return Ok(None);
    }
    if sweep.is_some_and(|(found, _)| !sweeps(&transaction).is_ok_and(|all| all.contains(&found))) {
        return Ok(None);
    }
    let judged = Judged::new(verdicts, sweep.as_ref().map(|(sweep, _)| sweep), stored(&transaction, verdicts)?);
    for (_, born, membership) in &judged.entered {
        ENTER.on(&transaction)?.execute([membership.segment.0, born.0, membership.since.0])?;
    }
    for (_, born, segment) in &judged.left {
        LEAVE.on(&transaction)?.execute([segment.0, born.0])?;
    }
    for (born, Judgement { change, touched_at, touches, due_at, judged_at, .. }) in &judged.judgements {
        let [touched_at, due_at, judged_at] = [touched_at, due_at, judged_at].map(|at| at.map(|at| at.0));
        let touches = written(touches)?;
        PUT_JUDGEMENT.on(&transaction)?.execute(params![born.0, change, touched_at, due_at, touches, judged_at])?;
    }
    match sweep {
        Some((sweep, Some(after))) => put_sweep(&transaction, &Sweep { after: Some(after), ..sweep })?,
        Some((sweep, None)) => {
            END_SWEEP.on(&transaction)?.execute([sweep.segment.0])?;
        }
        None => {}
    }
    if !judged.entries.is_empty() {
        let (last, last_at) = status::last_change(&transaction)?;
        let plan = Plan { seq: last + 1, at: at.max(last_at), entries: judged.entries, ..Plan::default() };
        write::write(&transaction, &Known::default(), &plan)?;
    }
    transaction.commit()?;
    Ok(Some(judged.count))
}

/// What is stored about the customers of verdicts.
fn stored(db: &Connection, verdicts: &[Verdict]) -> Result<Vec<Option<Stored>>> {
    let mut fetch = JUDGEMENT.on(db)?;
    let mut all = Vec::with_capacity(verdicts.len());
    for verdict in verdicts {
        let customer = &verdict.read.customer;
        let found = fetch.first([&*customer.0], |row| of_customer(row, customer))?;
        let Some((born, judgement)) = found else {
            all.push(None);
            continue;
        };
        let memberships = list_of(db, std::slice::from_ref(customer))?.pop().unwrap_or_default();
        all.push(Some(Stored { born, judgement, memberships }));
    }
    Ok(all)
}
