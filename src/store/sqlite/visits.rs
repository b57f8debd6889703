//! Visits on shared devices: streams of touchpoints, ranges to assign, and moves of owners.
//!
//! The write lock of the file is held from the read of a range until its commit, so nothing changes in between.

use rusqlite::{Connection, Row, TransactionBehavior, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::row::{arrival, json, optional_text, text, time};
use super::statement::statements;
use super::{devices, identifiers, known, rules, status, touchpoints, write};
use crate::domain::identifier::IdentifierKey;
use crate::domain::order::OrderKey;
use crate::domain::rules::IdentityRules;
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::stitching::reassignment::{Latest, concerned, losers, reassign};
use crate::stitching::rows::OwnerReassignment;
use crate::stitching::visits::{self, Cut, Pending, Seen, SignedIn, Window};
use crate::stitching::{Known, Plan};
use crate::store::Result;
use crate::store::as_of::end;
use crate::store::query::IdentifierRef;
use crate::store::visits::{OwnerMove, VisitsAssigned};

statements! {
    STREAM_AFTER = "visits/list_after";
    STREAM_BEFORE = "visits/list_before";
    STREAM_NEWEST = "visits/list_newest";
    NEXT_PENDING = "visits/fetch_pending";
    NEXT_PENDING_OF = "visits/fetch_pending_of";
    PENDING_NEAR = "visits/list_pending_near";
    DROP_PENDING = "visits/delete_pending";
    PUT_PENDING = "visits/insert_pending";
    PEND_ALL = "visits/insert_pending_of_all";
    ANY_SHARED = "identifiers/count_shared";
    SHARED_WITH = "visits/list_shared_with";
    WHO_IS = "identifiers/fetch_member";
    ORDER_EVENTS = "orders/fetch_events";
    KEEP_OWNER = "touchpoints/insert_past_owner";
    MOVE_TOUCHPOINT = "touchpoints/update_owner";
    MOVE_MESSAGE = "messages/update_owner";
    MOVE_PRODUCT_ACTS = "product_acts/update_owner";
    LATEST_IN_CHANNEL = "touchpoints/fetch_latest";
    OWNER_MOVES = "touchpoints/list_owner_moves";
}

/// Assigns one piece of the recorded ranges, in one transaction.
pub(super) fn assign(
    db: &mut Connection,
    rules: &IdentityRules,
    devices: &[IdentifierId],
    most: usize,
    at: Timestamp,
) -> Result<Option<VisitsAssigned>> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(range) = next(&transaction, devices)? else { return Ok(None) };
    rules::check(&transaction, rules)?;
    let (last, last_at) = status::last_change(&transaction)?;
    let (given, to, read) = whose(&transaction, rules, &range, most)?;
    let moved = given.len();
    let mut change = last;
    if moved > 0 {
        change += 1;
        hand_over(&transaction, rules, given, change, at.max(last_at))?;
    }
    DROP_PENDING.on(&transaction)?.execute([range.device.0, range.from.0])?;
    if let Some(rest) = range.behind(to) {
        PUT_PENDING.on(&transaction)?.execute([rest.device.0, rest.from.0, rest.to.0])?;
    }
    transaction.commit()?;
    Ok(Some(VisitsAssigned { change, moved, read }))
}

/// Whether there is a range to assign.
pub(super) fn is_noted(db: &Connection, devices: &[IdentifierId]) -> Result<bool> {
    Ok(next(db, devices)?.is_some())
}

/// The next recorded range.
fn next(db: &Connection, devices: &[IdentifierId]) -> Result<Option<Pending>> {
    let decode = |row: &Row<'_>| Ok(Pending { device: arrival(row, 0)?, from: time(row, 1)?, to: time(row, 2)? });
    if devices.is_empty() {
        return NEXT_PENDING.on(db)?.first([], decode);
    }
    let mut of = NEXT_PENDING_OF.on(db)?;
    for device in devices {
        if let Some(range) = of.first([device.0], decode)? {
            return Ok(Some(range));
        }
    }
    Ok(None)
}

/// The changes of one piece of the range, the end of the piece, and the number of touchpoints read.
fn whose(
    db: &Connection,
    rules: &IdentityRules,
    range: &Pending,
    most: usize,
) -> Result<(Vec<OwnerReassignment>, Timestamp, usize)> {
    let device = range.device;
    let mut window = Window { before: true, ..Window::default() };
    window.after = read_after(db, device, (range.from.0, i64::MIN), most, &mut window.seen)?;
    let to = visits::reach(&window.seen, window.after, range);
    let shared = identifiers::fetch(db, &[IdentifierRef::Id(device)], None)?.iter().flatten().any(|i| i.is_shared());
    let mut page = most;
    let visits = loop {
        match visits::in_question(&window, range.from, to, shared.then_some(rules.session_gap)) {
            Cut::Visits(visits) => break visits,
            Cut::Needs { before, after } => {
                // Otherwise a long stream would be cut again with each page.
                page *= 2;
                if before {
                    let first = window.seen.first().map_or((range.from.0, i64::MIN), place);
                    window.before = read_before(db, device, first, page, &mut window.seen)?;
                }
                if after {
                    let last = window.seen.last().map_or((range.from.0, i64::MIN), place);
                    window.after = read_after(db, device, last, page, &mut window.seen)?;
                }
            }
        }
    };
    let people = people(db, rules, visits::signed_in(&window, &visits))?;
    let mut given = Vec::new();
    for (n, to) in visits::changes(&window, &visits, device, &people) {
        let Seen { arrival, since, .. } = window.seen[n];
        let touchpoint = touchpoints::by_arrival(db, arrival)?;
        given.extend(touchpoint.map(|touchpoint| OwnerReassignment { touchpoint, since, device, to }));
    }
    Ok((given, to, window.seen.len()))
}

fn place(seen: &Seen) -> (i64, i64) {
    (seen.at.0, seen.arrival.0)
}

/// Adds a page of the stream after a place. Returns whether there may be more.
fn read_after(
    db: &Connection,
    device: IdentifierId,
    behind: (i64, i64),
    limit: usize,
    seen: &mut Vec<Seen>,
) -> Result<bool> {
    let before = seen.len();
    STREAM_AFTER.on(db)?.all([device.0, behind.0, behind.1, limit as i64], seen, decode)?;
    Ok(seen.len() - before == limit)
}

/// Adds a page of the stream before a place.
fn read_before(
    db: &Connection,
    device: IdentifierId,
    before: (i64, i64),
    limit: usize,
    seen: &mut Vec<Seen>,
) -> Result<bool> {
    let mut page = Vec::new();
    STREAM_BEFORE.on(db)?.all([device.0, before.0, before.1, limit as i64], &mut page, decode)?;
    let more = page.len() == limit;
    page.reverse();
    page.append(seen);
    *seen = page;
    Ok(more)
}

/// `arrival, at, owner, since, alone, source, session_id`.
fn decode(row: &Row<'_>) -> Result<Seen> {
    Ok(Seen {
        arrival: arrival(row, 0)?,
        at: time(row, 1)?,
        owner: arrival(row, 2)?,
        since: row.get(3)?,
        alone: row.get(4)?,
        source: text(row, 5)?,
        session: optional_text(row, 6)?,
    })
}

/// The latest of a stream, in order of time.
pub(super) fn list_seen(
    db: &Connection,
    device: IdentifierId,
    since: Timestamp,
    limit: usize,
    as_of: Option<Moment>,
) -> Result<Vec<Seen>> {
    let mut seen = Vec::new();
    STREAM_NEWEST.on(db)?.all([device.0, since.0, end(as_of), limit as i64], &mut seen, decode)?;
    seen.reverse();
    Ok(seen)
}

/// The identifiers among these that have a customer and are not device identifiers.
fn people(
    db: &Connection,
    rules: &IdentityRules,
    owners: FxHashSet<IdentifierId>,
) -> Result<FxHashMap<IdentifierId, SignedIn>> {
    let mut people = FxHashMap::default();
    let mut who_is = WHO_IS.on(db)?;
    for owner in owners {
        let read = |row: &Row<'_>| Ok((IdentifierKey { kind: text(row, 0)?, value: text(row, 1)? }, arrival(row, 2)?));
        if let Some((key, customer)) = who_is.first([owner.0], read)? {
            people.extend(SignedIn::of(rules, &key, customer).map(|person| (owner, person)));
        }
    }
    Ok(people)
}

/// Moves the touchpoints and the data attached to them.
fn hand_over(
    db: &Connection,
    rules: &IdentityRules,
    given: Vec<OwnerReassignment>,
    seq: i64,
    at: Timestamp,
) -> Result<()> {
    move_owners(db, &given, seq)?;
    devices::hand_over(db, &given, seq)?;
    let (identifiers, orders) = concerned(&given);
    let ids: Vec<IdentifierId> = identifiers.into_iter().collect();
    let mut known: Known = known::read_by_id(db, &ids)?;
    let mut events = ORDER_EVENTS.on(db)?;
    for key in orders {
        if let Some(said) = events.first((&*key.number, &*key.source), |row| json(row, 1))? {
            known.orders.insert(OrderKey::clone(key), said);
        }
    }
    drop(events);
    let mut latest = Latest::default();
    let mut latest_in = LATEST_IN_CHANNEL.on(db)?;
    for (owner, channel) in losers(&given) {
        if let Some(at) = latest_in.first((owner.0, &*channel), |row| time(row, 0))? {
            latest.insert((owner, channel), at);
        }
    }
    drop(latest_in);
    write::write(db, &known, &reassign(rules, &known, given, &latest, seq, at))
}

fn move_owners(db: &Connection, given: &[OwnerReassignment], seq: i64) -> Result<()> {
    let mut keep = KEEP_OWNER.on(db)?;
    let mut touchpoint = MOVE_TOUCHPOINT.on(db)?;
    let mut message = MOVE_MESSAGE.on(db)?;
    let mut acts = MOVE_PRODUCT_ACTS.on(db)?;
    for one in given {
        let t = &one.touchpoint;
        keep.execute([t.arrival.0, seq, one.since, t.owner.0, t.at.0])?;
        touchpoint.execute(params![t.arrival.0, one.to.0, one.device_identifier().map(|carrier| carrier.0), seq])?;
        message.execute(params![&*t.message_id, one.to.0])?;
        acts.execute([t.owner.0, one.to.0, t.at.0, t.arrival.0])?;
    }
    Ok(())
}

/// Records the ranges that a plan wants to assign. Returns the devices.
pub(super) fn note(db: &Connection, plan: &Plan) -> Result<Vec<IdentifierId>> {
    let mut pending = plan.pending.clone();
    if !plan.reassigned.is_empty() && ANY_SHARED.on(db)?.count([])? != 0 {
        let mut shared_with = SHARED_WITH.on(db)?;
        for identifier in &plan.reassigned {
            shared_with.all([identifier.0], &mut pending, |row| {
                Ok(Pending { device: arrival(row, 0)?, from: time(row, 1)?, to: time(row, 2)? })
            })?;
        }
    }
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let mut near = PENDING_NEAR.on(db)?;
    let mut drop_one = DROP_PENDING.on(db)?;
    let mut put = PUT_PENDING.on(db)?;
    let mut devices = Vec::new();
    for mut range in pending {
        let (from, to) = (range.from.0 - visits::LONGEST, range.to.0 + visits::LONGEST);
        let mut others: Vec<(i64, i64)> = Vec::new();
        near.all([range.device.0, from, to], &mut others, |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (from, to) in others {
            drop_one.execute([range.device.0, from])?;
            range.from = range.from.min(Timestamp(from));
            range.to = range.to.max(Timestamp(to));
        }
        put.execute([range.device.0, range.from.0, range.to.0])?;
        devices.push(range.device);
    }
    devices.sort_unstable();
    devices.dedup();
    Ok(devices)
}

/// Records that all visits of every shared device are to be assigned, since rules have changed.
pub(super) fn note_all(db: &Connection) -> Result<()> {
    PEND_ALL.on(db)?.execute([Timestamp::MIN.0, Timestamp::MAX.0])?;
    Ok(())
}

/// Every change of an owner in the range.
pub(super) fn owner_moves(db: &Connection, after: i64, upto: i64) -> Result<Vec<OwnerMove>> {
    let mut moves = Vec::new();
    OWNER_MOVES.on(db)?.all([after, upto], &mut moves, |row| {
        Ok(OwnerMove { touchpoint: arrival(row, 0)?, at: time(row, 1)?, from: arrival(row, 2)?, to: arrival(row, 3)? })
    })?;
    Ok(moves)
}
