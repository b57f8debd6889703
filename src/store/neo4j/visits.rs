//! Visits on shared devices: streams of touchpoints, ranges to assign, and moves of owners.
//!
//! A writer assigns a piece while it holds the counter, so its rows do not change. Only then it knows the new owners.
//! When one of these is not locked, it begins again with the larger set of locks.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::Inner;
use super::bolt::{Params, list, list_row, row};
use super::connections::Transaction;
use super::fault::Fault;
use super::health;
use super::orders::order_text;
use super::rows::{TouchpointRow, column, order_events};
use super::statement::{Statement, statements};
use crate::domain::identifier::IdentifierKey;
use crate::domain::order::OrderKey;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::stitching::reassignment::{Latest, concerned, gained_devices, losers, lost_devices};
use crate::stitching::rows::OwnerReassignment;
use crate::stitching::visits::{self, Cut, Pending, Seen, SignedIn, Window};
use crate::stitching::{Known, Plan};
use crate::store::Result;
use crate::store::as_of::end;
use crate::store::visits::OwnerMove;

statements! {
    NEXT_PENDING = "visits/fetch_pending";
    NEXT_PENDING_OF = "visits/fetch_pending_of";
    WRITE_PENDING = "visits/insert_pending";
    WRITE_PENDING_OF_ALL = "visits/insert_pending_of_all";
    DROP_PENDING = "visits/delete_pending";
    SHARED_WITH = "visits/list_shared_with";
    pub(super) STREAM_AFTER = "visits/list_after";
    pub(super) STREAM_BEFORE = "visits/list_before";
    pub(super) LIST_SEEN = "visits/list_newest";
    PEOPLE = "identifiers/fetch_member";
    TOUCHPOINTS = "touchpoints/fetch_by_arrival";
    LATEST = "touchpoints/fetch_latest";
    ORDERS = "orders/fetch_events";
    WRITE_OWNERS = "touchpoints/update_owner";
    GIVE_PRODUCT_ACTS = "product_acts/update_owner";
    DROP_PLACED = "orders/delete_placed";
    GAIN_DEVICES = "devices/insert_identifier";
    NARROW_DEVICES = "devices/update_narrowed";
    OWNER_MOVES = "touchpoints/list_owner_moves";
}

type Outcome<T> = std::result::Result<T, Fault>;

list_row! {
    /// A touchpoint of a stream.
    struct SeenRow {
        arrival: i64,
        at: i64,
        owner: i64,
        moved: Option<i64>,
        alone: bool,
        source: &'de str,
        session: Option<&'de str>,
    }
}

impl From<SeenRow<'_>> for Seen {
    fn from(row: SeenRow<'_>) -> Seen {
        let arrival = Arrival(row.arrival);
        Seen {
            arrival,
            at: Timestamp(row.at),
            owner: Arrival(row.owner),
            since: row.moved.unwrap_or(arrival.seq()),
            alone: row.alone,
            source: row.source.into(),
            session: row.session.map(Into::into),
        }
    }
}

/// The changes of an assigned piece.
pub(super) struct Assignment {
    /// The touchpoints with a new owner.
    pub(super) given: Vec<OwnerReassignment>,
    /// The end of the piece.
    pub(super) to: Timestamp,
    /// The number of touchpoints read.
    pub(super) read: usize,
}

/// Whether there is a range to assign.
pub(super) async fn is_noted(store: &Inner, devices: &[IdentifierId]) -> Result<bool> {
    let (statement, params) = next_of(devices);
    Ok(!store.connections.read(statement, params).await?.is_empty())
}

fn next_of(devices: &[IdentifierId]) -> (&'static Statement, Params) {
    match devices {
        [] => (&NEXT_PENDING, Params::new()),
        some => (&NEXT_PENDING_OF, Params::new().with("devices", some)),
    }
}

/// The next recorded range.
pub(super) async fn next(transaction: &mut Transaction<'_>, devices: &[IdentifierId]) -> Outcome<Option<Pending>> {
    let (statement, params) = next_of(devices);
    transaction.read(statement, params).await?.first().map(pending).transpose()
}

fn pending(row: &neo4rs::Row) -> Outcome<Pending> {
    Ok(Pending {
        device: Arrival(column(row, "device")?),
        from: Timestamp(column(row, "from_at")?),
        to: Timestamp(column(row, "to_at")?),
    })
}

/// Assigns a piece of the range. Called under the counter's lock.
pub(super) async fn assign(
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    range: &Pending,
    shared: bool,
    most: usize,
) -> Outcome<Assignment> {
    let device = range.device;
    let mut window = Window { before: true, ..Window::default() };
    let from = (range.from.0, i64::MIN);
    (window.seen, window.after) = read_stream(transaction, &STREAM_AFTER, device, from, most).await?;
    let to = visits::reach(&window.seen, window.after, range);
    let mut page = most;
    let visits = loop {
        match visits::in_question(&window, range.from, to, shared.then_some(rules.session_gap)) {
            Cut::Visits(visits) => break visits,
            Cut::Needs { before, after } => {
                // Otherwise a long stream would be cut again with each page.
                page *= 2;
                if before {
                    let first = window.seen.first().map_or(from, place);
                    let (mut more, before) = read_stream(transaction, &STREAM_BEFORE, device, first, page).await?;
                    more.reverse();
                    more.append(&mut window.seen);
                    (window.seen, window.before) = (more, before);
                }
                if after {
                    let last = window.seen.last().map_or(from, place);
                    let (mut more, after) = read_stream(transaction, &STREAM_AFTER, device, last, page).await?;
                    window.seen.append(&mut more);
                    window.after = after;
                }
            }
        }
    };
    let people = people(transaction, rules, visits::signed_in(&window, &visits)).await?;
    let changes = visits::changes(&window, &visits, device, &people);
    let given = given(transaction, &window, device, changes).await?;
    Ok(Assignment { given, to, read: window.seen.len() })
}

fn place(seen: &Seen) -> (i64, i64) {
    (seen.at.0, seen.arrival.0)
}

/// A page of the stream from a place on, and whether there may be more.
async fn read_stream(
    transaction: &mut Transaction<'_>,
    statement: &Statement,
    device: IdentifierId,
    (at, arrival): (i64, i64),
    limit: usize,
) -> Outcome<(Vec<Seen>, bool)> {
    let params = Params::new().with("device", device).with("at", at).with("arrival", arrival).with("limit", limit);
    let rows = transaction.read(statement, params).await?;
    let more = rows.len() == limit;
    Ok((rows.iter().map(|row| Ok(column::<SeenRow<'_>>(row, "item")?.into())).collect::<Outcome<_>>()?, more))
}

/// The latest of a stream, in order of time.
pub(super) async fn list_seen(
    store: &Inner,
    device: IdentifierId,
    since: Timestamp,
    limit: usize,
    as_of: Option<Moment>,
) -> Result<Vec<Seen>> {
    let params = Params::new().with("device", device).with("since", since).with("end", end(as_of)).with("limit", limit);
    let rows = store.connections.read(&LIST_SEEN, params).await?;
    rows.iter().rev().map(|row| Ok(column::<SeenRow<'_>>(row, "item")?.into())).collect()
}

/// The identifiers among these that have a customer and are not device identifiers.
async fn people(
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    owners: FxHashSet<IdentifierId>,
) -> Outcome<FxHashMap<IdentifierId, SignedIn>> {
    let mut people = FxHashMap::default();
    if owners.is_empty() {
        return Ok(people);
    }
    for row in &transaction.read(&PEOPLE, Params::new().with_list("ids", owners)).await? {
        let key = IdentifierKey::new(column::<&str>(row, "kind")?, column::<&str>(row, "value")?);
        let (id, born) = (Arrival(column(row, "id")?), Arrival(column(row, "born")?));
        people.extend(SignedIn::of(rules, &key, born).map(|person| (id, person)));
    }
    Ok(people)
}

async fn given(
    transaction: &mut Transaction<'_>,
    window: &Window,
    device: IdentifierId,
    changes: Vec<(usize, IdentifierId)>,
) -> Outcome<Vec<OwnerReassignment>> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let to: FxHashMap<Arrival, (i64, IdentifierId)> =
        changes.iter().map(|&(n, to)| (window.seen[n].arrival, (window.seen[n].since, to))).collect();
    let rows = changes.iter().map(|&(n, _)| {
        let Seen { owner, at, arrival, .. } = &window.seen[n];
        row! { "owner" => owner, "at" => at, "arrival" => arrival }
    });
    let mut given = Vec::with_capacity(changes.len());
    for row in &transaction.read(&TOUCHPOINTS, Params::new().with("rows", list(rows))).await? {
        let touchpoint: crate::domain::touchpoint::Touchpoint = column::<TouchpointRow<'_>>(row, "item")?.try_into()?;
        if let Some(&(since, to)) = to.get(&touchpoint.arrival) {
            given.push(OwnerReassignment { touchpoint, since, device, to });
        }
    }
    given.sort_by_key(|one| one.touchpoint.arrival);
    Ok(given)
}

/// The keys of the identifiers and the orders to lock.
pub(super) async fn to_lock(
    transaction: &mut Transaction<'_>,
    given: &[OwnerReassignment],
) -> Outcome<BTreeSet<String>> {
    let (identifiers, orders) = concerned(given);
    let mut keys: BTreeSet<String> = super::rules::keys(transaction, identifiers).await?.into_iter().collect();
    keys.extend(orders.into_iter().map(order_text));
    Ok(keys)
}

/// Moves the touchpoints, and reads the input for the plan of the attached data: the events of the orders, added to
/// `known`, and the remaining rows of each owner.
pub(super) async fn move_owners(
    transaction: &mut Transaction<'_>,
    given: &[OwnerReassignment],
    seq: i64,
    known: &mut Known,
) -> Outcome<Latest> {
    let rows = given.iter().map(|one| {
        let t = &one.touchpoint;
        row! {
            "arrival" => t.arrival, "at" => t.at, "from" => t.owner, "to" => one.to, "carrier" => one.device_identifier(),
            "since" => one.since,
        }
    });
    transaction.write(&WRITE_OWNERS, Params::new().with("rows", list(rows)).with("seq", seq)).await?;
    let mut acts: BTreeMap<(IdentifierId, IdentifierId), Vec<Arrival>> = BTreeMap::new();
    for one in given {
        acts.entry((one.touchpoint.owner, one.to)).or_default().push(one.touchpoint.arrival);
    }
    let rows =
        acts.iter().map(|((from, to), arrivals)| row! { "from" => from, "to" => to, "arrivals" => list(arrivals) });
    transaction.write(&GIVE_PRODUCT_ACTS, Params::new().with("rows", list(rows))).await?;
    hand_over_devices(transaction, given, seq).await?;
    let (_, orders) = concerned(given);
    if !orders.is_empty() {
        let keys = Params::new().with_list("keys", orders.into_iter().map(order_text));
        for row in &transaction.read(&ORDERS, keys.clone()).await? {
            let (source, number) = (column::<&str>(row, "source")?, column::<&str>(row, "number")?);
            let key = OrderKey { source: source.into(), number: number.into() };
            known.orders.insert(key, order_events(column(row, "events")?)?);
        }
        transaction.write(&DROP_PLACED, keys).await?;
    }
    let losers: Vec<_> = losers(given).into_iter().collect();
    let rows = losers.iter().map(|(owner, channel)| row! { "owner" => owner, "channel" => channel });
    let mut latest = Latest::default();
    for row in &transaction.read(&LATEST, Params::new().with("rows", list(rows))).await? {
        latest.insert(losers[column::<usize>(row, "n")?].clone(), Timestamp(column(row, "at")?));
    }
    Ok(latest)
}

/// The new owner of touchpoints was on their devices, and the former owner perhaps for a shorter time.
async fn hand_over_devices(transaction: &mut Transaction<'_>, given: &[OwnerReassignment], seq: i64) -> Outcome<()> {
    let gained = gained_devices(given).into_iter().map(|((identifier, device), (first, last))| {
        row! { "identifier" => identifier, "device" => device, "first_at" => first, "last_at" => last }
    });
    let lost = lost_devices(given).into_iter();
    let lost = lost.map(|(identifier, device)| row! { "identifier" => identifier, "device" => device });
    for (statement, rows) in [(&GAIN_DEVICES, list(gained)), (&NARROW_DEVICES, list(lost))] {
        transaction.write(statement, Params::new().with("rows", rows).with("seq", seq)).await?;
    }
    Ok(())
}

/// Removes the assigned part of a range.
pub(super) async fn shorten(transaction: &mut Transaction<'_>, range: &Pending, to: Timestamp) -> Outcome<()> {
    let params = Params::new().with("device", range.device).with("from_at", range.from).with("to_at", range.to);
    transaction.write(&DROP_PENDING, params).await?;
    match range.behind(to) {
        Some(rest) => put(transaction, &[rest]).await,
        None => Ok(()),
    }
}

/// Records the ranges that a plan wants to assign. Returns the devices. `health` has the figures before this write.
pub(super) async fn note(transaction: &mut Transaction<'_>, plan: &Plan, kept: &str) -> Outcome<Vec<IdentifierId>> {
    let mut ranges = plan.pending.clone();
    if !plan.reassigned.is_empty() && health::parse(kept)?.shared > 0 {
        for row in &transaction.read(&SHARED_WITH, Params::new().with("ids", &plan.reassigned)).await? {
            ranges.push(pending(row)?);
        }
    }
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    ranges.sort_unstable();
    // Ranges of one device that touch each other become one.
    let mut joined: Vec<Pending> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.device == range.device && range.from.0 - visits::LONGEST <= last.to.0 => {
                last.to = last.to.max(range.to);
            }
            _ => joined.push(range),
        }
    }
    put(transaction, &joined).await?;
    let mut devices: Vec<IdentifierId> = joined.iter().map(|range| range.device).collect();
    devices.dedup();
    Ok(devices)
}

async fn put(transaction: &mut Transaction<'_>, ranges: &[Pending]) -> Outcome<()> {
    let rows = ranges.iter().map(|Pending { device, from, to }| {
        row! {
            "device" => device, "from_at" => from, "to_at" => to,
            "near_from" => from.0 - visits::LONGEST, "near_to" => to.0 + visits::LONGEST,
        }
    });
    transaction.write(&WRITE_PENDING, Params::new().with("rows", list(rows))).await
}

/// Records that all visits of every shared device are to be assigned, since rules have changed.
pub(super) async fn note_all(transaction: &mut Transaction<'_>) -> Outcome<()> {
    let params = Params::new().with("from_at", Timestamp::MIN).with("to_at", Timestamp::MAX);
    transaction.write(&WRITE_PENDING_OF_ALL, params).await
}

/// Every change of an owner in the range.
pub(super) async fn owner_moves(store: &Inner, after: i64, upto: i64) -> Result<Vec<OwnerMove>> {
    let rows = store.connections.read(&OWNER_MOVES, Params::new().with("after", after).with("upto", upto)).await?;
    let moves = rows.iter().map(|row| {
        Ok(OwnerMove {
            touchpoint: Arrival(column(row, "touchpoint")?),
            at: Timestamp(column(row, "at")?),
            from: Arrival(column(row, "owner")?),
            to: Arrival(column(row, "next")?),
        })
    });
    moves.collect()
}
