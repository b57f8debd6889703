//! Writing a batch.
//!
//! 1. Which messages are stored already, and who owns the batch's orders.
//! 2. Locks: the identifiers in the order of their keys, the customers who hold them in the order
//!    of their ids, the orders in the order of their keys.
//! 3. What is known, read under the locks. When it names something that is not locked: all is
//!    rolled back and begun again with the larger set.
//! 4. The change number, from the one counter node. It comes before the writing and not at its end,
//!    because the rows carry it. Whoever has it writes alone. A merge may still want a member of a
//!    customer that is locked by a writer who waits for that customer: the server ends one of them.
//! 5. The plan, its rows, the change; a word to readers ([`writing`]); the commit.
//!
//! Every attempt plans again from what it reads. A connection that is lost while it commits leaves
//! open whether it did; the next attempt finds the messages stored, or not, and both are right.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Inner;
use super::bolt::{Params, list, row};
use super::connections::Transaction;
use super::fault::Fault;
use super::known::{self, Locked, Reading};
use super::rows::column;
use super::statement::{Statement, statement};
use super::write::{self, Shells, order_text};
use super::writing;
use crate::domain::Timestamp;
use crate::domain::customer::CustomerId;
use crate::domain::identifier::IdentifierKey;
use crate::domain::rules::IdentityRules;
use crate::stitching::{self, Batch, Known, Plan};
use crate::store::{Applied, StoreError};

static LOCK_IDENTIFIERS: Statement = statement!("lock_identifiers");
static LOCK_ORDERS: Statement = statement!("lock_orders");
static TAKE_NUMBER: Statement = statement!("take_number");
static LAST_NUMBER: Statement = statement!("status");

/// How often a batch is tried after faults that may pass.
const ATTEMPTS: u32 = 8;
/// How often its locks may turn out too few, one attempt's worth.
const WIDENINGS: u32 = 20;

/// Where an attempt stands; tests stop it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is locked yet.
    Begun,
    /// Identifiers, customers and orders are locked.
    Locked,
    /// What is known was read, and all of it is locked.
    Known,
    /// The plan's rows are written and not committed.
    Written,
}

type Outcome<T> = std::result::Result<T, Fault>;

/// Plans and writes `batch`, as often as it takes.
pub(super) async fn apply(
    store: &Inner,
    rules: &IdentityRules,
    batch: &Batch,
    at: Timestamp,
) -> Result<Applied, StoreError> {
    let mut wider = BTreeSet::new();
    let (mut attempts, mut widenings) = (1, 0);
    loop {
        match attempt(store, rules, batch, at, &wider).await {
            Ok(Attempt::Applied(applied)) => return Ok(applied),
            Ok(Attempt::TooFewLocks(more)) if widenings < WIDENINGS => {
                widenings += 1;
                wider.extend(more);
            }
            Ok(Attempt::TooFewLocks(_)) => {
                return Err(StoreError::Busy("others kept changing what the batch is about".into()));
            }
            Err(fault) if fault.again && attempts < ATTEMPTS => {
                tracing::debug!(attempts, error = %fault.error, "a batch is tried again");
                metrics::counter!("throughline_apply_retries", "store" => "neo4j").increment(1);
                tokio::time::sleep(pause(attempts)).await;
                attempts += 1;
            }
            Err(fault) => return Err(store.connections.cause(fault).await),
        }
    }
}

/// Longer each time, and never the same for two who met.
fn pause(attempt: u32) -> Duration {
    let most = 10_u64 << attempt.min(6);
    Duration::from_millis(rand::rng().random_range(most / 2..=most))
}

enum Attempt {
    Applied(Applied),
    /// These are to be locked too.
    TooFewLocks(Vec<String>),
}

async fn attempt(
    store: &Inner,
    rules: &IdentityRules,
    batch: &Batch,
    at: Timestamp,
    wider: &BTreeSet<String>,
) -> Outcome<Attempt> {
    let mut transaction = store.connections.begin().await?;
    match work(store, &mut transaction, rules, batch, at, wider).await {
        Ok(Work::Written(applied, customers)) => {
            let customers: Vec<&CustomerId> = customers.iter().collect();
            if let Err(fault) = writing::begin(store, applied.change, &customers).await {
                transaction.roll_back().await;
                return Err(fault);
            }
            if let Err(fault) = transaction.commit(applied.change).await {
                if fault.broken {
                    store.connections.renew_writers();
                } else {
                    writing::end(store, applied.change).await;
                }
                return Err(fault);
            }
            writing::end(store, applied.change).await;
            Ok(Attempt::Applied(applied))
        }
        Ok(Work::Nothing(applied)) => {
            transaction.roll_back().await;
            Ok(Attempt::Applied(applied))
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
    /// To be committed, and the customers it is about.
    Written(Applied, BTreeSet<CustomerId>),
    /// Every fact was known.
    Nothing(Applied),
    TooFewLocks(Vec<String>),
}

async fn work(
    store: &Inner,
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    batch: &Batch,
    at: Timestamp,
    wider: &BTreeSet<String>,
) -> Outcome<Work> {
    let messages = known::stored_messages(transaction, batch).await?;
    let fresh = fresh(batch, &messages);
    if fresh.facts.is_empty() {
        return nothing_new(transaction, rules, batch, messages).await;
    }
    store.pause_at(Step::Begun).await;
    let locks = Locks::take(transaction, &fresh, wider).await?;
    store.pause_at(Step::Locked).await;
    let locked = Locked { identifiers: &locks.identifiers, customers: &locks.customers };
    let mut known = match known::read(transaction, &fresh, &locked).await? {
        Reading::Complete(known) => known,
        Reading::Wider(more) => return Ok(Work::TooFewLocks(more)),
    };
    known.messages = messages;
    store.pause_at(Step::Known).await;
    let (seq, at) = take_number(transaction, at).await?;
    let plan = stitching::plan(rules, &known, batch, seq, at, &mut || (store.connections.options.new_id)());
    write_plan(transaction, &locks, &known, &plan).await?;
    store.pause_at(Step::Written).await;
    let mut customers: BTreeSet<CustomerId> = locks.customers.iter().map(|id| CustomerId(id.as_str().into())).collect();
    customers.extend(plan.customers.into_iter().map(|row| row.id));
    Ok(Work::Written(Applied { change: seq, outcomes: plan.outcomes }, customers))
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
    let plan = stitching::plan(rules, &known, batch, change, Timestamp::default(), no_id);
    Ok(Work::Nothing(Applied { change, outcomes: plan.outcomes }))
}

/// What an attempt has locked.
struct Locks {
    identifiers: BTreeSet<String>,
    orders: BTreeSet<String>,
    customers: FxHashSet<String>,
}

impl Locks {
    async fn take(transaction: &mut Transaction<'_>, batch: &Batch, wider: &BTreeSet<String>) -> Outcome<Self> {
        let orders = batch.orders();
        let mut keys: std::collections::BTreeMap<String, Arc<str>> =
            batch.identifiers().into_iter().map(|key| (key.to_string(), key.kind.clone())).collect();
        for key in known::order_owners(transaction, &orders).await?.iter().chain(wider) {
            // Kinds have no colon in them.
            let kind = key.split_once(':').map_or("", |(kind, _)| kind);
            keys.entry(key.clone()).or_insert_with(|| kind.into());
        }
        let rows = keys.iter().map(|(key, kind)| row! { "key" => key, "kind" => kind });
        let rows = transaction.read(&LOCK_IDENTIFIERS, Params::new().with("keys", list(rows))).await?;
        let customers = rows.first().map(|row| column(row, "customers")).transpose()?.unwrap_or_default();
        let texts: BTreeSet<String> = orders.iter().map(|key| order_text(key)).collect();
        if !orders.is_empty() {
            let by_text: std::collections::BTreeMap<String, &Arc<str>> =
                orders.iter().map(|key| (order_text(key), &key.number)).collect();
            let rows = by_text.iter().map(|(key, number)| row! { "key" => key, "number" => number });
            transaction.write(&LOCK_ORDERS, Params::new().with("keys", list(rows))).await?;
        }
        Ok(Locks { identifiers: keys.into_keys().collect(), orders: texts, customers })
    }
}

async fn take_number(transaction: &mut Transaction<'_>, now: Timestamp) -> Outcome<(i64, Timestamp)> {
    let rows = transaction.read(&TAKE_NUMBER, Params::new().with("now", now)).await?;
    let row =
        rows.first().ok_or_else(|| StoreError::Setup("the store was not set up: the counter is missing".into()))?;
    Ok((column(row, "seq")?, Timestamp(column(row, "at")?)))
}

async fn write_plan(transaction: &mut Transaction<'_>, locks: &Locks, known: &Known, plan: &Plan) -> Outcome<()> {
    let mut shells = locks.identifiers.clone();
    for identifier in &known.identifiers {
        shells.remove(&key_text(&identifier.key));
    }
    let mut order_shells = locks.orders.clone();
    for key in known.orders.keys() {
        order_shells.remove(&order_text(key));
    }
    write::write(transaction, plan, Shells { identifiers: &shells, orders: &order_shells }).await
}

fn key_text(key: &IdentifierKey) -> String {
    key.to_string()
}
