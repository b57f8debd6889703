//! Writes a batch or a person's decision.
//!
//! 1. It reads which messages are stored already, and who owns the batch's orders.
//! 2. It locks the identifiers in the order of their keys, their customers in the order of their ids, and the orders in
//!    the order of their keys.
//! 3. It reads the known rows under the locks. When these name something that is not locked, it rolls back and begins
//!    again with the larger set.
//! 4. It takes the change number from the one counter node. This comes before the writes, because the rows contain the
//!    number. The writer with the number writes alone. A deadlock is still possible: a merge may need an identifier
//!    that another writer has locked, while that writer waits for the identifier's customer. Then the server ends one
//!    of the two.
//! 5. It makes the plan, writes its rows and the change, writes the marker for readers ([`commit_marker`]), and
//!    commits.
//!
//! Every attempt plans again from its own reads. When the connection is lost during a commit, the result of the commit
//! is unknown. The next attempt finds out whether the messages are stored, and is right in both cases.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Inner;
use super::bolt::Params;
use super::commit_marker;
use super::connections::Transaction;
use super::decisions;
use super::erasures;
use super::fault;
use super::health;
use super::identity_events;
use super::known::{self, Reading};
use super::locks::{Locks, lock_orders};
use super::numbers::{Number, take_any_counter, take_any_number, take_counter, take_number};
use super::orders::order_text;
use super::rows::column;
use super::rules;
use super::segment_memberships::{self, Judging};
use super::segments::{self, SegmentWrite};
use super::statement::statements;
use super::visits;
use super::write::{self, Outcome, Placeholders};
use crate::domain::change::ChangeEntry;
use crate::domain::customer::CustomerId;
use crate::domain::erasure::{ErasureOutcome, ErasureRequest, ErasureSalt};
use crate::domain::rules::{IdentityRules, SavedRules};
use crate::domain::segment::Segment;
use crate::domain::{Duration, IdentifierId, Timestamp};
use crate::stitching::figures::figures;
use crate::stitching::moves::Move;
use crate::stitching::reassignment;
use crate::stitching::touches::touches;
use crate::stitching::visits::Pending;
use crate::stitching::{self, Batch, DecisionAction, DecisionRequest, Known, Missing, Plan, Planned};
use crate::store::rules::{AppliedMoves, NewRules};
use crate::store::segments::SegmentsRead;
use crate::store::visits::VisitsAssigned;
use crate::store::{Applied, AppliedDecision, StoreError};

statements! {
    LAST_NUMBER = "status/fetch";
}

/// How often a batch is tried after transient faults.
const ATTEMPTS: u32 = 8;
/// How often the locks may be incomplete, within one attempt.
const WIDENINGS: u32 = 20;

/// The step of an attempt. Tests stop an attempt at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is locked yet.
    Begun,
    /// Identifiers, customers and orders are locked.
    Locked,
    /// The known rows were read, and all are locked.
    Known,
    /// The plan's rows are written, but not committed.
    Written,
}

/// Plans and writes `batch`, in as many attempts as needed.
pub(super) async fn apply(
    store: &Inner,
    rules: &IdentityRules,
    batch: &Batch,
    at: Timestamp,
) -> Result<Applied, StoreError> {
    match often(store, rules, Task::Facts(batch), at).await? {
        Done::Facts(applied) => Ok(applied),
        _ => Err(mistaken()),
    }
}

/// Plans a person's decision, and writes it unless it is a trial.
pub(super) async fn decide(
    store: &Inner,
    rules: &IdentityRules,
    ruling: &DecisionRequest,
    at: Timestamp,
    trial: bool,
) -> Result<AppliedDecision, StoreError> {
    match often(store, rules, Task::Decision(ruling, trial), at).await? {
        Done::Decision(decided) => Ok(decided),
        _ => Err(mistaken()),
    }
}

/// Makes the moves of a replay.
pub(super) async fn apply_moves(
    store: &Inner,
    rules: &IdentityRules,
    moves: &[Move],
    at: Timestamp,
) -> Result<AppliedMoves, StoreError> {
    match often(store, rules, Task::Moves(moves), at).await? {
        Done::Moves(settled) => Ok(settled),
        _ => Err(mistaken()),
    }
}

/// Assigns one piece of the recorded ranges of visits.
pub(super) async fn assign_visits(
    store: &Inner,
    rules: &IdentityRules,
    devices: &[IdentifierId],
    most: usize,
    at: Timestamp,
) -> Result<Option<VisitsAssigned>, StoreError> {
    // This is called often, and usually there is nothing to assign.
    if !fault::again(|| visits::is_noted(store, devices)).await? {
        return Ok(None);
    }
    match often(store, rules, Task::Visits(devices, most), at).await? {
        Done::Assigned(assigned) => Ok(assigned),
        _ => Err(mistaken()),
    }
}

/// Saves the next version of the rules.
pub(super) async fn save_rules(
    store: &Inner,
    new: &NewRules,
    at: Timestamp,
) -> Result<Option<(SavedRules, i64)>, StoreError> {
    // No visit is assigned here.
    let none = IdentityRules {
        version: new.based_on,
        kinds: Vec::new(),
        max_identifiers: 0,
        session_gap: Duration::default(),
    };
    match often(store, &none, Task::Rules(new), at).await {
        Ok(Done::Saved(saved)) => Ok(Some(*saved)),
        Ok(_) => Err(mistaken()),
        Err(StoreError::RulesChanged(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Saves or deletes a segment. `None` when `read` is not what is there.
pub(super) async fn write_segment(
    store: &Inner,
    read: &SegmentsRead,
    write: SegmentWrite<'_>,
    at: Timestamp,
) -> Result<Option<Segment>, StoreError> {
    // No identity is worked out here.
    let none = IdentityRules { version: 0, kinds: Vec::new(), max_identifiers: 0, session_gap: Duration::default() };
    match often(store, &none, Task::Segment(read, write), at).await? {
        Done::Segment(segment) => Ok(segment.map(|segment| *segment)),
        _ => Err(mistaken()),
    }
}

/// Writes verdicts. The answer is how many count.
pub(super) async fn judge(store: &Inner, judging: Judging<'_>, at: Timestamp) -> Result<Option<usize>, StoreError> {
    // No identity is worked out here.
    let none = IdentityRules { version: 0, kinds: Vec::new(), max_identifiers: 0, session_gap: Duration::default() };
    match often(store, &none, Task::Verdicts(judging), at).await? {
        Done::Judged(count) => Ok(count),
        _ => Err(mistaken()),
    }
}

/// Erases a person, unless it is a trial.
pub(super) async fn erase(
    store: &Inner,
    request: &ErasureRequest,
    salt: &ErasureSalt,
    at: Timestamp,
    trial: bool,
) -> Result<ErasureOutcome, StoreError> {
    // No identity is worked out here.
    let none = IdentityRules { version: 0, kinds: Vec::new(), max_identifiers: 0, session_gap: Duration::default() };
    match often(store, &none, Task::Erasure(request, salt, trial), at).await? {
        Done::Erased(outcome) => Ok(outcome),
        _ => Err(mistaken()),
    }
}

fn mistaken() -> StoreError {
    StoreError::Data("one task was answered as another".into())
}

/// The input of a write.
#[derive(Clone, Copy)]
enum Task<'a> {
    Facts(&'a Batch),
    /// Whether it is a trial.
    Decision(&'a DecisionRequest, bool),
    Moves(&'a [Move]),
    /// The number of touchpoints to assign, about.
    Visits(&'a [IdentifierId], usize),
    Rules(&'a NewRules),
    /// The segments that the writer has read.
    Segment(&'a SegmentsRead, SegmentWrite<'a>),
    Verdicts(Judging<'a>),
    /// Whether it is a trial.
    Erasure(&'a ErasureRequest, &'a ErasureSalt, bool),
}

/// The result.
enum Done {
    Facts(Applied),
    Decision(AppliedDecision),
    Moves(AppliedMoves),
    Assigned(Option<VisitsAssigned>),
    Saved(Box<(SavedRules, i64)>),
    Segment(Option<Box<Segment>>),
    /// How many verdicts count.
    Judged(Option<usize>),
    Erased(ErasureOutcome),
}

/// Makes as many attempts as needed.
async fn often(store: &Inner, rules: &IdentityRules, task: Task<'_>, at: Timestamp) -> Result<Done, StoreError> {
    // On the heap: otherwise the nested futures are too deep for the compiler.
    let done = Box::pin(tries(store, rules, task, at)).await;
    store.note_write(&done);
    done
}

async fn tries(store: &Inner, rules: &IdentityRules, task: Task<'_>, at: Timestamp) -> Result<Done, StoreError> {
    let mut wider = BTreeSet::new();
    let (mut attempts, mut widenings) = (1, 0);
    loop {
        match attempt(store, rules, task, at, &wider).await {
            Ok(Attempt::Done(done)) => return Ok(done),
            Ok(Attempt::TooFewLocks(more)) if widenings < WIDENINGS => {
                widenings += 1;
                wider.extend(more);
            }
            Ok(Attempt::TooFewLocks(_)) => {
                return Err(StoreError::Busy("others kept changing what the batch is about".into()));
            }
            Err(fault) if fault.again && attempts < ATTEMPTS => {
                tracing::debug!(attempts, error = %fault.error, "a batch is tried again");
                metrics::counter!("throughline_apply_retries_total", "store" => "neo4j").increment(1);
                tokio::time::sleep(fault::pause(attempts)).await;
                attempts += 1;
            }
            Err(fault) => return Err(store.connections.cause(fault).await),
        }
    }
}

enum Attempt {
    Done(Done),
    /// These must be locked too.
    TooFewLocks(Vec<String>),
}

async fn attempt(
    store: &Inner,
    rules: &IdentityRules,
    task: Task<'_>,
    at: Timestamp,
    wider: &BTreeSet<String>,
) -> Outcome<Attempt> {
    let mut transaction = store.connections.begin().await?;
    let work = match task {
        Task::Facts(batch) => take_in(store, &mut transaction, rules, batch, at, wider).await,
        Task::Decision(ruling, trial) => {
            decide_under_locks(store, &mut transaction, rules, ruling, at, trial, wider).await
        }
        Task::Moves(moves) => move_identifiers(store, &mut transaction, rules, moves, at, wider).await,
        Task::Visits(devices, most) => assign(store, &mut transaction, rules, devices, most, at, wider).await,
        Task::Rules(new) => put_rules(&mut transaction, rules, new, at).await,
        Task::Segment(read, write) => put_segment(&mut transaction, read, write, at).await,
        Task::Verdicts(judging) => put_verdicts(&mut transaction, judging, at).await,
        Task::Erasure(request, salt, trial) => {
            erase_under_locks(store, &mut transaction, request, salt, at, trial, wider).await
        }
    };
    match work {
        Ok(Work::Written { change, done, customers }) => {
            let customers: Vec<&CustomerId> = customers.iter().collect();
            if let Err(fault) = commit_marker::begin(store, change, &customers).await {
                transaction.roll_back().await;
                return Err(fault);
            }
            if let Err(fault) = transaction.commit(change).await {
                if fault.broken {
                    store.connections.renew_writers();
                } else {
                    commit_marker::end(store, change).await;
                }
                return Err(fault);
            }
            commit_marker::end(store, change).await;
            Ok(Attempt::Done(done))
        }
        Ok(Work::Noted(done)) => {
            if let Err(fault) = transaction.commit(0).await {
                if fault.broken {
                    store.connections.renew_writers();
                }
                return Err(fault);
            }
            Ok(Attempt::Done(done))
        }
        Ok(Work::Nothing(done)) => {
            transaction.roll_back().await;
            Ok(Attempt::Done(done))
        }
        Ok(Work::TooFewLocks(more)) => {
            transaction.roll_back().await;
            Ok(Attempt::TooFewLocks(more))
        }
        Err(fault) => {
            transaction.roll_back().await;
            Err(fault)
        }
    }
}

enum Work {
    /// Commit as this change, about these customers.
    Written {
        change: i64,
        done: Done,
        customers: BTreeSet<CustomerId>,
    },
    /// Commit without a change: no reader needs these rows.
    Noted(Done),
    /// Write nothing.
    Nothing(Done),
    TooFewLocks(Vec<String>),
}

/// The known rows under the locks, and the change number.
struct Desk {
    known: Known,
    number: Number,
}

/// Reads the known rows under the locks and takes the change number; or returns the missing locks.
async fn read_known(
    store: &Inner,
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    batch: &Batch,
    locks: &Locks,
    at: Timestamp,
) -> Outcome<Result<Desk, Vec<String>>> {
    let mut known = match known::read(transaction, batch, &locks.locked()).await? {
        Reading::Complete(known) => known,
        Reading::Wider(more) => return Ok(Err(more)),
    };
    store.pause_at(Step::Known).await;
    let number = take_number(transaction, rules, at).await?;
    if number.decisions > 0 {
        decisions::read_sides(transaction, &mut known).await?;
    }
    Ok(Ok(Desk { known: *known, number }))
}

impl Desk {
    /// Plans, and reads the rows that the plan misses, until nothing is missing. `moves` are the moves to make.
    async fn plan<T>(
        &mut self,
        transaction: &mut Transaction<'_>,
        moves: &[Move],
        mut plan: impl FnMut(&Known, &Number) -> Planned<T> + Send,
    ) -> Outcome<(Box<Plan>, T)> {
        loop {
            match plan(&self.known, &self.number) {
                Planned::Ready(plan, outcome) => return Ok((plan, outcome)),
                Planned::Needs(missing) => decisions::read_missing(transaction, &missing, &mut self.known).await?,
            }
            if !moves.is_empty() {
                let messages = stitching::moves::refusing(&self.known, moves);
                self.known.refused = identity_events::refused(transaction, messages).await?;
            }
        }
    }

    /// Writes the plan. Returns the devices whose visits are to be assigned, and the customers of the change.
    async fn write(
        &self,
        store: &Inner,
        transaction: &mut Transaction<'_>,
        locks: &Locks,
        plan: &Plan,
    ) -> Outcome<(Vec<IdentifierId>, BTreeSet<CustomerId>)> {
        write_plan(transaction, locks, &self.known, plan, &self.number).await?;
        let devices = visits::note(transaction, plan, &self.number.health).await?;
        store.pause_at(Step::Written).await;
        Ok((devices, locks.concerned(plan)))
    }
}

async fn take_in(
    store: &Inner,
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    batch: &Batch,
    at: Timestamp,
    wider: &BTreeSet<String>,
) -> Outcome<Work> {
    let mut messages = known::stored_messages(transaction, batch).await?;
    // Read after the messages: an erasure replaces these by their hashes.
    let salt = erasures::salt(transaction).await?;
    if let Some(salt) = &salt {
        let erased = erasures::erased_messages(transaction, salt, batch).await?;
        erased.into_iter().for_each(|id| {
            messages.entry(id).or_insert(None);
        });
    }
    let fresh = fresh(batch, &messages);
    if fresh.facts.is_empty() {
        return nothing_new(transaction, rules, batch, messages).await;
    }
    store.pause_at(Step::Begun).await;
    let locks = Locks::take(transaction, &fresh, wider).await?;
    store.pause_at(Step::Locked).await;
    let mut desk = match read_known(store, transaction, rules, &fresh, &locks, at).await? {
        Ok(desk) => desk,
        Err(more) => return Ok(Work::TooFewLocks(more)),
    };
    desk.known.messages = messages;
    // Under the counter's lock: no erasure comes between. The first erasure of all may have come since the messages were read.
    let salt = match salt {
        None if desk.number.erasures > 0 => erasures::salt(transaction).await?,
        salt => salt,
    };
    if let Some(salt) = &salt {
        desk.known.suppressed = erasures::suppressed(transaction, salt, &fresh).await?;
    }
    let sightings = batch.sightings(rules, &desk.known);
    decisions::read_missing(transaction, &Missing { sightings, ..Missing::default() }, &mut desk.known).await?;
    let plan = |known: &Known, number: &Number| {
        let new_id = &mut || (store.connections.options.new_id)();
        stitching::plan(rules, known, batch, number.seq, number.at, new_id)
    };
    let (plan, ()) = desk.plan(transaction, &[], plan).await?;
    if plan.is_empty() {
        let change = desk.number.seq - 1;
        return Ok(Work::Nothing(Done::Facts(Applied { change, outcomes: plan.outcomes, devices: Vec::new() })));
    }
    let (devices, customers) = desk.write(store, transaction, &locks, &plan).await?;
    let done = Done::Facts(Applied { change: plan.seq, outcomes: plan.outcomes, devices });
    Ok(Work::Written { change: desk.number.seq, done, customers })
}

async fn decide_under_locks(
    store: &Inner,
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    request: &DecisionRequest,
    at: Timestamp,
    trial: bool,
    wider: &BTreeSet<String>,
) -> Outcome<Work> {
    store.pause_at(Step::Begun).await;
    let (_, mut keys) = decisions::living(transaction, &request.action).await?;
    keys.extend(request.action.identifiers().iter().map(ToString::to_string));
    keys.extend(wider.iter().cloned());
    let locks = Locks::take_keys(transaction, keys).await?;
    store.pause_at(Step::Locked).await;
    // Reads the customers and their identifiers again, now under locks.
    let (living, keys) = decisions::living(transaction, &request.action).await?;
    let more: Vec<String> = keys.into_iter().filter(|key| !locks.identifiers.contains(key)).collect();
    if !more.is_empty() || living.iter().any(|(_, now)| !locks.customers.contains(&*now.0)) {
        return Ok(Work::TooFewLocks(more));
    }
    let mut desk = match read_known(store, transaction, rules, &Batch::default(), &locks, at).await? {
        Ok(desk) => desk,
        Err(more) => return Ok(Work::TooFewLocks(more)),
    };
    desk.known.living = living.into_iter().collect();
    let plan = |known: &Known, number: &Number| {
        let new_id = &mut || (store.connections.options.new_id)();
        stitching::decide(rules, known, request, number.seq, number.at, new_id)
    };
    let (plan, outcome) = desk.plan(transaction, &[], plan).await?;
    let change = desk.number.seq;
    if trial || plan.is_empty() {
        let done = AppliedDecision { change: change - 1, outcome, devices: Vec::new() };
        return Ok(Work::Nothing(Done::Decision(done)));
    }
    let (devices, customers) = desk.write(store, transaction, &locks, &plan).await?;
    Ok(Work::Written { change, done: Done::Decision(AppliedDecision { change, outcome, devices }), customers })
}

async fn move_identifiers(
    store: &Inner,
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    moves: &[Move],
    at: Timestamp,
    wider: &BTreeSet<String>,
) -> Outcome<Work> {
    store.pause_at(Step::Begun).await;
    let members = moves.iter().flat_map(|one| &one.members).map(|(id, _)| *id);
    let mut keys: BTreeSet<String> = rules::keys(transaction, members).await?.into_iter().collect();
    keys.extend(wider.iter().cloned());
    let locks = Locks::take_keys(transaction, keys).await?;
    store.pause_at(Step::Locked).await;
    let mut desk = match read_known(store, transaction, rules, &Batch::default(), &locks, at).await? {
        Ok(desk) => desk,
        Err(more) => return Ok(Work::TooFewLocks(more)),
    };
    let plan = |known: &Known, number: &Number| {
        let new_id = &mut || (store.connections.options.new_id)();
        stitching::moves::apply_moves(rules, known, moves, number.seq, number.at, new_id)
    };
    let (plan, done) = desk.plan(transaction, moves, plan).await?;
    let change = desk.number.seq;
    if done == 0 {
        return Ok(Work::Nothing(Done::Moves(AppliedMoves { change: change - 1, done })));
    }
    let (_, customers) = desk.write(store, transaction, &locks, &plan).await?;
    Ok(Work::Written { change, done: Done::Moves(AppliedMoves { change, done }), customers })
}

async fn assign(
    store: &Inner,
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    devices: &[IdentifierId],
    most: usize,
    at: Timestamp,
    wider: &BTreeSet<String>,
) -> Outcome<Work> {
    store.pause_at(Step::Begun).await;
    let Some(Pending { device, .. }) = visits::next(transaction, devices).await? else {
        return Ok(Work::Nothing(Done::Assigned(None)));
    };
    // An order's key contains a line feed, an identifier's key never does.
    let (orders, mut keys): (BTreeSet<String>, BTreeSet<String>) =
        wider.iter().cloned().partition(|key| key.contains('\n'));
    keys.extend(rules::keys(transaction, [device]).await?);
    let mut locks = Locks::take_keys(transaction, keys).await?;
    lock_orders(transaction, &orders).await?;
    locks.orders = orders;
    store.pause_at(Step::Locked).await;
    let last = take_counter(transaction, rules).await?;
    // Reads again, now that no other writer writes.
    let Some(range) = visits::next(transaction, &[device]).await? else {
        return Ok(Work::Nothing(Done::Assigned(Some(VisitsAssigned { change: last, moved: 0, read: 0 }))));
    };
    let mut known = match known::read(transaction, &Batch::default(), &locks.locked()).await? {
        Reading::Complete(known) => known,
        Reading::Wider(more) => return Ok(Work::TooFewLocks(more)),
    };
    let shared = known.identifiers.iter().any(|i| i.id == device && i.is_shared());
    let assignment = visits::assign(transaction, rules, &range, shared, most).await?;
    let to_lock = visits::to_lock(transaction, &assignment.given).await?;
    let missing = |key: &String| !locks.identifiers.contains(key) && !locks.orders.contains(key);
    let missing: Vec<String> = to_lock.into_iter().filter(missing).collect();
    if !missing.is_empty() {
        return Ok(Work::TooFewLocks(missing));
    }
    store.pause_at(Step::Known).await;
    visits::shorten(transaction, &range, assignment.to).await?;
    let (moved, read) = (assignment.given.len(), assignment.read);
    if moved == 0 {
        return Ok(Work::Noted(Done::Assigned(Some(VisitsAssigned { change: last, moved, read }))));
    }
    let number = take_number(transaction, rules, at).await?;
    let latest = visits::move_owners(transaction, &assignment.given, number.seq, &mut known).await?;
    let plan = reassignment::reassign(rules, &known, assignment.given, &latest, number.seq, number.at);
    write_plan(transaction, &locks, &known, &plan, &number).await?;
    store.pause_at(Step::Written).await;
    let customers = locks.concerned(&plan);
    let done = Done::Assigned(Some(VisitsAssigned { change: number.seq, moved, read }));
    Ok(Work::Written { change: number.seq, done, customers })
}

async fn put_rules(
    transaction: &mut Transaction<'_>,
    based_on: &IdentityRules,
    new: &NewRules,
    at: Timestamp,
) -> Outcome<Work> {
    let number = take_number(transaction, based_on, at).await?;
    let NewRules { based_on, by, note, rules } = new.clone();
    let saved = SavedRules { version: based_on + 1, saved_at: number.at, saved_by: by, note, rules };
    rules::save(transaction, &saved).await?;
    let entries = vec![ChangeEntry::RulesSaved { version: saved.version, reason: saved.note.clone() }];
    let plan = Plan { seq: number.seq, at: number.at, entries, ..Plan::default() };
    let none = Locks { identifiers: BTreeSet::new(), orders: BTreeSet::new(), customers: FxHashSet::default() };
    write_plan(transaction, &none, &Known::default(), &plan, &number).await?;
    visits::note_all(transaction).await?;
    segment_memberships::sweep_all(transaction, number.seq, Some(number.at)).await?;
    let done = Done::Saved(Box::new((saved, number.seq)));
    Ok(Work::Written { change: number.seq, done, customers: BTreeSet::new() })
}

async fn put_segment(
    transaction: &mut Transaction<'_>,
    read: &SegmentsRead,
    write: SegmentWrite<'_>,
    at: Timestamp,
) -> Outcome<Work> {
    let (number, _) = take_any_number(transaction, at).await?;
    let Some(segment) = segments::write(transaction, read, write, &number).await? else {
        return Ok(Work::Nothing(Done::Segment(None)));
    };
    let plan = Plan { seq: number.seq, at: number.at, ..Plan::default() };
    let none = Locks { identifiers: BTreeSet::new(), orders: BTreeSet::new(), customers: FxHashSet::default() };
    write_plan(transaction, &none, &Known::default(), &plan, &number).await?;
    let done = Done::Segment(Some(Box::new(segment)));
    Ok(Work::Written { change: number.seq, done, customers: BTreeSet::new() })
}

async fn put_verdicts(transaction: &mut Transaction<'_>, judging: Judging<'_>, at: Timestamp) -> Outcome<Work> {
    take_any_counter(transaction).await?;
    let Some(judged) = segment_memberships::judged(transaction, judging).await? else {
        return Ok(Work::Nothing(Done::Judged(None)));
    };
    segment_memberships::put(transaction, &judged, judging.sweep).await?;
    let done = Done::Judged(Some(judged.count));
    if judged.entries.is_empty() {
        return Ok(Work::Noted(done));
    }
    let (number, _) = take_any_number(transaction, at).await?;
    let plan = Plan { seq: number.seq, at: number.at, entries: judged.entries, ..Plan::default() };
    let none = Locks { identifiers: BTreeSet::new(), orders: BTreeSet::new(), customers: FxHashSet::default() };
    write_plan(transaction, &none, &Known::default(), &plan, &number).await?;
    Ok(Work::Written { change: number.seq, done, customers: BTreeSet::new() })
}

async fn erase_under_locks(
    store: &Inner,
    transaction: &mut Transaction<'_>,
    request: &ErasureRequest,
    salt: &ErasureSalt,
    at: Timestamp,
    trial: bool,
    wider: &BTreeSet<String>,
) -> Outcome<Work> {
    store.pause_at(Step::Begun).await;
    let named = DecisionAction::Merge(vec![request.customer.clone()]);
    let (living, mut keys) = decisions::living(transaction, &named).await?;
    if living.is_empty() {
        let outcome = match erasures::is_erased(transaction, &request.customer).await? {
            true => ErasureOutcome::Unchanged(request.customer.clone()),
            false => ErasureOutcome::NotFound,
        };
        return Ok(Work::Nothing(Done::Erased(outcome)));
    }
    keys.extend(wider.iter().cloned());
    let locks = Locks::take_keys(transaction, keys).await?;
    store.pause_at(Step::Locked).await;
    let (living, keys) = decisions::living(transaction, &named).await?;
    let more: Vec<String> = keys.into_iter().filter(|key| !locks.identifiers.contains(key)).collect();
    let Some((_, present)) = living.into_iter().next().filter(|(_, now)| locks.customers.contains(&*now.0)) else {
        return Ok(Work::TooFewLocks(more));
    };
    if !more.is_empty() {
        return Ok(Work::TooFewLocks(more));
    }
    let (number, _) = take_any_number(transaction, at).await?;
    store.pause_at(Step::Known).await;
    let eraser = erasures::Eraser::read(transaction, present, salt).await?;
    let (mut erased, customers) = eraser.erase(request, &number).await?;
    store.pause_at(Step::Written).await;
    if trial {
        erased.change -= 1;
        return Ok(Work::Nothing(Done::Erased(ErasureOutcome::Done(erased))));
    }
    Ok(Work::Written { change: number.seq, done: Done::Erased(ErasureOutcome::Done(erased)), customers })
}

/// The facts whose messages are not stored, each message once.
fn fresh(batch: &Batch, stored: &FxHashMap<Arc<str>, Option<CustomerId>>) -> Batch {
    let mut seen = FxHashSet::default();
    let facts = batch.facts.iter().filter(|f| !stored.contains_key(&f.message_id) && seen.insert(&f.message_id));
    Batch { facts: facts.cloned().collect() }
}

async fn nothing_new(
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    batch: &Batch,
    messages: FxHashMap<Arc<str>, Option<CustomerId>>,
) -> Outcome<Work> {
    let rows = transaction.read(&LAST_NUMBER, Params::new()).await?;
    let change = rows.first().map(|row| column(row, "seq")).transpose()?.unwrap_or(0);
    let known = Known { messages, ..Known::default() };
    let no_id = &mut || CustomerId("".into());
    match stitching::plan(rules, &known, batch, change, Timestamp::default(), no_id) {
        Planned::Ready(plan, ()) => {
            Ok(Work::Nothing(Done::Facts(Applied { change, outcomes: plan.outcomes, devices: Vec::new() })))
        }
        Planned::Needs(_) => Err(StoreError::Data("a batch of known messages asks for more".into()).into()),
    }
}

async fn write_plan(
    transaction: &mut Transaction<'_>,
    locks: &Locks,
    known: &Known,
    plan: &Plan,
    number: &Number,
) -> Outcome<()> {
    let mut identifiers = locks.identifiers.clone();
    for identifier in &known.identifiers {
        identifiers.remove(&identifier.key.to_string());
    }
    let mut orders = locks.orders.clone();
    for key in known.orders.keys() {
        orders.remove(&order_text(key));
    }
    let figures = figures(known, plan);
    let health = health::sum(&number.health, &figures.health)?;
    let placeholders = Placeholders { identifiers: &identifiers, orders: &orders };
    write::write(transaction, plan, placeholders, &figures.sizes, health, touches(known, plan)).await
}
