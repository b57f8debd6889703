//! The customers of saved segments, and who is to be judged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::Inner;
use super::bolt::{Params, row};
use super::changes;
use super::connections::Transaction;
use super::numbers::Number;
use super::rows::column;
use super::segments;
use super::statement::statements;
use super::write::{Outcome, Writer};
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::segment::SegmentId;
use crate::domain::segment_membership::{Judgement, SegmentMembership, Sweep, Touches, Verdict};
use crate::domain::{Arrival, Timestamp};
use crate::stitching::Plan;
use crate::store::segment_memberships::{Judged, Stored};
use crate::store::segments::{SegmentsRead, read_of};
use crate::store::{Result, StoreError};

statements! {
    OF_CUSTOMER = "segment_memberships/list_of_customer";
    MEMBERS = "segment_memberships/list";
    COUNT = "segment_memberships/count";
    ENTER = "segment_memberships/insert";
    LEAVE = "segment_memberships/delete";
    LEAVE_ALL = "segment_memberships/delete_of_customer";
    TOUCHED = "judgements/list_touched";
    DUE = "judgements/list_due";
    JUDGEMENTS = "judgements/fetch";
    PUT_JUDGEMENTS = "judgements/insert";
    TOUCH = "judgements/insert_touched";
    FORGET_JUDGEMENTS = "judgements/delete";
    SWEEPS = "sweeps/list";
    PUT_SWEEP = "sweeps/insert";
    PUT_ALL_SWEEPS = "sweeps/insert_all";
    END_SWEEP = "sweeps/delete";
}

/// How often rows of a commit that is not completely visible are read again, and the time between two reads.
const LOOKS: u32 = 400;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// A write of verdicts.
#[derive(Clone, Copy)]
pub(super) struct Judging<'a> {
    pub(super) segments: &'a SegmentsRead,
    pub(super) verdicts: &'a [Verdict],
    pub(super) sweep: Option<(Sweep, Option<Arrival>)>,
}

/// The segments of each customer.
pub(super) async fn list_of(store: &Inner, customers: &[CustomerId]) -> Result<Vec<Vec<SegmentMembership>>> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store.connections.read(&OF_CUSTOMER, Params::new().with_list("customers", customers)).await?;
    let mut found = memberships(&rows)?;
    Ok(customers.iter().map(|customer| found.remove(&*customer.0).unwrap_or_default()).collect())
}

fn memberships(rows: &[neo4rs::Row]) -> Result<HashMap<String, Vec<SegmentMembership>>> {
    let mut found: HashMap<String, Vec<SegmentMembership>> = HashMap::new();
    for row in rows {
        let membership =
            SegmentMembership { segment: SegmentId(column(row, "segment")?), since: Timestamp(column(row, "since")?) };
        found.entry(column(row, "customer")?).or_default().push(membership);
    }
    found.values_mut().for_each(|own| own.sort_unstable_by_key(|membership| membership.segment));
    Ok(found)
}

/// A page of the members of a segment.
pub(super) async fn list(
    store: &Inner,
    segment: SegmentId,
    after: Option<Arrival>,
    limit: usize,
) -> Result<Page<(CustomerId, Arrival)>> {
    let params = Params::new()
        .with("segment", segment.0)
        .with("after", after.map_or(i64::MIN, |after| after.0))
        .with("limit", limit + 1);
    let rows = store.connections.read(&MEMBERS, params).await?;
    let read =
        |row: &neo4rs::Row| Ok((CustomerId(column::<&str>(row, "customer")?.into()), Arrival(column(row, "born")?)));
    Ok(Page::cut(rows.iter().map(read).collect::<Result<_>>()?, limit))
}

/// The number of members of a segment.
pub(super) async fn count(store: &Inner, segment: SegmentId) -> Result<i64> {
    let rows = store.connections.read(&COUNT, Params::new().with("segment", segment.0)).await?;
    rows.first().map_or(Ok(0), |row| column(row, "count"))
}

/// Customers to be judged.
pub(super) async fn pending(store: &Inner, now: Timestamp, limit: usize) -> Result<Vec<Judgement>> {
    for _ in 0..LOOKS {
        let rows = store.connections.read(&TOUCHED, Params::new().with("limit", limit)).await?;
        let mut found: Vec<Judgement> = rows.iter().map(judgement).collect::<Result<_>>()?;
        if found.len() < limit {
            // One that is due may be touched before this read, so it is left out by its customer and not by the statement.
            let rows = store.connections.read(&DUE, Params::new().with("now", now).with("limit", limit)).await?;
            let due: Vec<Judgement> = rows.iter().map(judgement).collect::<Result<_>>()?;
            let is_new = |one: &Judgement| !found.iter().any(|touched| touched.customer == one.customer);
            let due: Vec<Judgement> = due.into_iter().filter(is_new).collect();
            found.extend(due);
            found.truncate(limit);
        }
        if is_visible(store, &found).await? {
            return Ok(found);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(becoming_visible())
}

fn becoming_visible() -> StoreError {
    StoreError::Busy("a change that touched a customer is still becoming visible".into())
}

/// Whether everything of the last changes of these is visible. The marker of a commit is there before any of its rows, so it
/// is looked for after these were read.
async fn is_visible(store: &Inner, judgements: &[Judgement]) -> Result<bool> {
    if judgements.is_empty() {
        return Ok(true);
    }
    let writing = changes::on_their_way(store).await?;
    Ok(!judgements.iter().any(|judgement| writing.contains(&judgement.change)))
}

fn judgement(row: &neo4rs::Row) -> Result<Judgement> {
    Ok(Judgement {
        customer: CustomerId(column::<&str>(row, "customer")?.into()),
        change: column(row, "change")?,
        touched_at: column::<Option<i64>>(row, "touched_at")?.map(Timestamp),
        due_at: column::<Option<i64>>(row, "due_at")?.map(Timestamp),
        touches: Touches::of_words(column::<Option<Vec<&str>>>(row, "touches")?),
        judged_at: column::<Option<i64>>(row, "judged_at")?.map(Timestamp),
    })
}

/// What is kept about customers.
pub(super) async fn judgements(store: &Inner, customers: &[CustomerId]) -> Result<Vec<Judgement>> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    for _ in 0..LOOKS {
        let params = Params::new().with_list("customers", customers);
        let rows = store.connections.read(&JUDGEMENTS, params).await?;
        let found: Vec<Judgement> = rows.iter().map(judgement).collect::<Result<_>>()?;
        if is_visible(store, &found).await? {
            let mut found: HashMap<CustomerId, Judgement> =
                found.into_iter().map(|judgement| (judgement.customer.clone(), judgement)).collect();
            let of = |id: &CustomerId| found.remove(id).unwrap_or_else(|| Judgement::none(id.clone()));
            return Ok(customers.iter().map(of).collect());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(becoming_visible())
}

/// The sweeps that go on.
pub(super) async fn sweeps(store: &Inner) -> Result<Vec<Sweep>> {
    store.connections.read(&SWEEPS, Params::new()).await?.iter().map(read_sweep).collect()
}

fn read_sweep(row: &neo4rs::Row) -> Result<Sweep> {
    Ok(Sweep {
        segment: SegmentId(column(row, "segment")?),
        change: column(row, "change")?,
        at: Timestamp(column(row, "at")?),
        after: column::<Option<i64>>(row, "after")?.map(Arrival),
    })
}

/// Writes where a sweep is, in the transaction that has the counter's lock.
pub(super) async fn put_sweep(transaction: &mut Transaction<'_>, sweep: &Sweep) -> Outcome<()> {
    let params = Params::new()
        .with("segment", sweep.segment.0)
        .with("change", sweep.change)
        .with("at", sweep.at)
        .with("after", sweep.after);
    transaction.write(&PUT_SWEEP, params).await
}

/// Begins the sweeps of all segments again; without a time, now.
pub(super) async fn sweep_all(transaction: &mut Transaction<'_>, change: i64, at: Option<Timestamp>) -> Outcome<()> {
    transaction.write(&PUT_ALL_SWEEPS, Params::new().with("change", change).with("at", at)).await
}

/// Puts the customers of a plan among those to be judged, and drops what merged customers had.
pub(super) async fn write(
    writer: &mut Writer<'_, '_>,
    plan: &Plan,
    touched: BTreeMap<CustomerId, Touches>,
) -> Outcome<()> {
    let touched = touched
        .iter()
        .map(|(customer, touches)| row! { "customer" => customer, "at" => plan.at, "touches" => touches.words() });
    writer.rows(&TOUCH, touched.collect()).await?;
    let merged: Vec<_> = plan.merged.iter().map(|row| row! { "customer" => row.from }).collect();
    writer.rows(&LEAVE_ALL, merged.clone()).await?;
    writer.rows(&FORGET_JUDGEMENTS, merged).await
}

/// Puts customers among those to be judged, on everything. The transaction has the counter's lock.
pub(super) async fn touch_all(
    transaction: &mut Transaction<'_>,
    customers: &BTreeSet<CustomerId>,
    number: &Number,
) -> Outcome<()> {
    let everything = Touches::Everything.words();
    let rows = customers
        .iter()
        .map(|customer| row! { "customer" => customer, "at" => number.at, "touches" => everything })
        .collect();
    Writer { transaction, seq: number.seq }.rows(&TOUCH, rows).await
}

/// Forgets the memberships and judgements of customers that are gone.
pub(super) async fn forget(transaction: &mut Transaction<'_>, customers: &BTreeSet<CustomerId>) -> Outcome<()> {
    let rows: Vec<_> = customers.iter().map(|customer| row! { "customer" => customer }).collect();
    let mut writer = Writer { transaction, seq: 0 };
    writer.rows(&LEAVE_ALL, rows.clone()).await?;
    writer.rows(&FORGET_JUDGEMENTS, rows).await
}

/// What is to be written of verdicts, in the transaction that has the counter's lock. `None` when nothing counts.
pub(super) async fn judged(transaction: &mut Transaction<'_>, judging: Judging<'_>) -> Outcome<Option<Judged>> {
    if read_of(&segments::list_in(transaction).await?) != *judging.segments {
        return Ok(None);
    }
    if let Some((sweep, _)) = &judging.sweep {
        let rows = transaction.read(&SWEEPS, Params::new()).await?;
        if !rows.iter().map(read_sweep).collect::<Result<Vec<_>>>()?.contains(sweep) {
            return Ok(None);
        }
    }
    let stored = stored(transaction, judging.verdicts).await?;
    Ok(Some(Judged::new(judging.verdicts, judging.sweep.as_ref().map(|(sweep, _)| sweep), stored)))
}

/// What is stored about the customers of verdicts.
async fn stored(transaction: &mut Transaction<'_>, verdicts: &[Verdict]) -> Outcome<Vec<Option<Stored>>> {
    let ids: Vec<&CustomerId> = verdicts.iter().map(|verdict| &verdict.read.customer).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = transaction.read(&JUDGEMENTS, Params::new().with_list("customers", ids.iter().copied())).await?;
    let mut found: HashMap<CustomerId, (Arrival, Judgement)> = HashMap::new();
    for row in &rows {
        let judgement = judgement(row)?;
        found.insert(judgement.customer.clone(), (Arrival(column(row, "born")?), judgement));
    }
    let rows = transaction.read(&OF_CUSTOMER, Params::new().with_list("customers", ids.iter().copied())).await?;
    let mut memberships = memberships(&rows)?;
    let of = |id: &&CustomerId| {
        let (born, judgement) = found.remove(*id)?;
        Some(Stored { born, judgement, memberships: memberships.remove(&*id.0).unwrap_or_default() })
    };
    Ok(ids.iter().map(of).collect())
}

/// Writes verdicts, all but the entries of the change log.
pub(super) async fn put(
    transaction: &mut Transaction<'_>,
    judged: &Judged,
    sweep: Option<(Sweep, Option<Arrival>)>,
) -> Outcome<()> {
    let writer = &mut Writer { transaction, seq: 0 };
    let entered = judged.entered.iter().map(|(customer, born, membership)| {
        row! { "segment" => membership.segment.0, "customer" => customer, "born" => born, "since" => membership.since }
    });
    writer.rows(&ENTER, entered.collect()).await?;
    let left = judged.left.iter().map(|(customer, _, segment)| row! { "segment" => segment.0, "customer" => customer });
    writer.rows(&LEAVE, left.collect()).await?;
    let judgements = judged.judgements.iter().map(|(_, judgement)| {
        let Judgement { customer, change, touched_at, touches, due_at, judged_at } = judgement;
        row! {
            "customer" => customer,
            "change" => change,
            "touched_at" => touched_at,
            "touches" => touches.words(),
            "due_at" => due_at,
            "judged_at" => judged_at,
        }
    });
    writer.rows(&PUT_JUDGEMENTS, judgements.collect()).await?;
    match sweep {
        Some((sweep, Some(after))) => put_sweep(transaction, &Sweep { after: Some(after), ..sweep }).await,
        Some((sweep, None)) => transaction.write(&END_SWEEP, Params::new().with("segment", sweep.segment.0)).await,
        None => Ok(()),
    }
}
