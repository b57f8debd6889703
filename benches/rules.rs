//! The cost of decisions and of trials of rules.
//!
//! `cargo bench --bench rules -- [IDENTIFIERS]` (default 1,000,000; a tenth of that on Neo4j) on SQLite and
//! on the Neo4j of `THROUGHLINE_TEST_NEO4J`, whose data is deleted.
#![allow(clippy::print_stdout, reason = "a report")]

mod common;

use std::time::{Duration, Instant};

use anyhow::Context;
use common::events::{event, minute, rules};
use common::{median, neo4j, peak_mib};
use throughline::domain::{CustomerId, IdentifierKey};
use throughline::rules::proposal;
use throughline::rules::trial::trial;
use throughline::settings::Settings;
use throughline::stitching::{Batch, DecisionAction, DecisionRequest};
use throughline::store::Store;
use throughline::store::query::{CustomerKey, FirstPages, Shape};
use throughline::store::sqlite::{SqliteOptions, SqliteStore};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let identifiers = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let open = |name: &str| SqliteStore::open(&folder.path().join(name), SqliteOptions::default());
        let store = open("decide.db")?;
        store.set_up().await?;
        decide(&store).await?;
        let store = open("trial.db")?;
        store.set_up().await?;
        try_rules(&store, identifiers).await?;
        println!("  at most {} MiB held, from the beginning on", peak_mib());
        if let Some(store) = neo4j().await? {
            decide(&store).await?;
        }
        if let Some(store) = neo4j().await? {
            try_rules(&store, identifiers / 10).await?;
        }
        Ok(())
    })
}

/// The number of touchpoints of each of the two customers that are merged and split.
const HISTORIES: [usize; 2] = [10, 10_000];
/// How often.
const TURNS: usize = 15;

/// Merges and splits two customers, alternately with a short and a long history.
async fn decide(store: &dyn Store) -> anyhow::Result<()> {
    println!("# two customers are merged and split, on {}", store.name());
    for history in HISTORIES {
        for person in ["a", "b"] {
            let name = format!("{person}-{history}");
            let seen = |n: usize| event(&format!("{name}-{n}")).minute(n as i64).user(&name).view().into();
            let mut facts: Vec<_> = (0..history).map(seen).collect();
            facts.push(event(&format!("{name}-known")).user(&name).email(&format!("{name}@example.org")).into());
            for facts in facts.chunks(1_000) {
                store.apply(&rules(), &Batch { facts: facts.to_vec() }, minute(0)).await?;
            }
        }
    }
    let mut times = vec![(Vec::new(), Vec::new()); HISTORIES.len()];
    for _ in 0..TURNS {
        for (history, (merges, splits)) in HISTORIES.into_iter().zip(&mut times) {
            let (a, b) = (holder(store, &format!("a-{history}")).await?, holder(store, &format!("b-{history}")).await?);
            merges.push(rule(store, DecisionAction::Merge(vec![a.clone(), b])).await?);
            let away = [("user_id", format!("b-{history}")), ("email", format!("b-{history}@example.org"))];
            let away = away.map(|(kind, value)| IdentifierKey::new(kind, value));
            splits.push(rule(store, DecisionAction::Split(a, away.to_vec())).await?);
        }
    }
    let [(merge, split), (long_merge, long_split)] = [0, 1].map(|n| (middle(&times[n].0), middle(&times[n].1)));
    println!(
        "  merge: {merge:.2?} with {} touchpoints each, {long_merge:.2?} with {}: {:.2} times",
        HISTORIES[0],
        HISTORIES[1],
        long_merge.as_secs_f64() / merge.as_secs_f64()
    );
    println!("  split: {split:.2?} and {long_split:.2?}: {:.2} times", long_split.as_secs_f64() / split.as_secs_f64());
    Ok(())
}

async fn rule(store: &dyn Store, action: DecisionAction) -> anyhow::Result<Duration> {
    let request = DecisionRequest { action, by: "bench".into(), reason: "to measure".into() };
    let began = Instant::now();
    let decided = store.decide(&rules(), &request, minute(0), false).await?;
    anyhow::ensure!(decided.outcome.done, "{:?}", decided.outcome);
    Ok(began.elapsed())
}

async fn holder(store: &dyn Store, user: &str) -> anyhow::Result<CustomerId> {
    let key = CustomerKey::Identifier(IdentifierKey::new("user_id", user));
    let found = store.customers(&[key], Shape::Card, FirstPages { orders: 0, touchpoints: 0 }).await?.swap_remove(0)?;
    Ok(found.ok_or_else(|| anyhow::anyhow!("nobody has {user}"))?.customer.id.clone())
}

fn middle(times: &[Duration]) -> Duration {
    Duration::from_secs_f64(median(times.iter().map(Duration::as_secs_f64).collect()))
}

/// A trial of other limits on many customers, compared with a bare scan of the same rows.
async fn try_rules(store: &dyn Store, identifiers: usize) -> anyhow::Result<()> {
    println!("# rules tried on {identifiers} identifiers, on {}", store.name());
    let settings = Settings::default();
    let mut without = settings.identity.written();
    without.kinds.retain(|kind| kind.parts.is_empty());
    store.begin_rules(&without, minute(0)).await?;
    // Five per customer: an account with two successive addresses, a telephone, a device.
    let customers = identifiers / 5;
    let began = Instant::now();
    for from in (0..customers).step_by(500) {
        let facts = (from..customers.min(from + 500)).flat_map(|n| {
            let user = format!("user-{n}");
            let address = |which: &str| format!("{which}-{n}@example.org");
            [
                event(&format!("{n}-a"))
                    .user(&user)
                    .email(&address("home"))
                    .anonymous(&format!("device-{n}"))
                    .claim("last_name", &format!("\"Name {}\"", n / 2))
                    .claim("birth_date", "\"1970-01-01\"")
                    .into(),
                event(&format!("{n}-b")).user(&user).email(&address("work")).phone(&format!("+44{n:010}")).into(),
                // The second address is refused, and has its own customer from an event of its own.
                event(&format!("{n}-c")).email(&address("work")).into(),
            ]
        });
        store.apply(&rules(), &Batch { facts: facts.collect() }, minute(0)).await?;
    }
    println!("  {:.0} events/s taken in", 3.0 * customers as f64 / began.elapsed().as_secs_f64());
    let mut tried = settings.identity.clone();
    for kind in &mut tried.kinds {
        if &*kind.name == "email" {
            kind.limit = Some(1);
        }
    }
    let present = store.rules().await?.context("rules")?.saved;
    let composite = proposal::check(store, &present, &settings.identity.written()).await?;
    let composite = composite.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let (mut scans, mut trials, mut made) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        scans.push(scan(store).await?);
        let began = Instant::now();
        let result = trial(store, &tried).await?;
        trials.push(began.elapsed());
        anyhow::ensure!(result.splits == customers, "{} of {customers} come apart", result.splits);
        let began = Instant::now();
        trial(store, &composite).await?;
        made.push(began.elapsed());
    }
    let (scan, trial, made) = (middle(&scans), middle(&trials), middle(&made));
    println!("  the trial {trial:.2?}, a bare scan {scan:.2?}: {:.2} times", trial.as_secs_f64() / scan.as_secs_f64());
    println!("  a trial of a composite that is made of what {customers} say of themselves {made:.2?}");
    Ok(())
}

/// Reads the rows that a trial reads, and nothing else.
async fn scan(store: &dyn Store) -> anyhow::Result<Duration> {
    const PAGE: usize = 5_000;
    let began = Instant::now();
    let change = store.status().await?.change;
    let mut after = None;
    while let Some(last) = store.scan_identifiers(change, after, PAGE).await?.last() {
        after = Some(last.id);
    }
    let mut after = None;
    while let Some((last, _)) = store.scan_evidence(change, after, PAGE).await?.last() {
        after = Some(last.arrival);
    }
    Ok(began.elapsed())
}
