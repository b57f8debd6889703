//! The cost of explaining identities, and of keeping and reading the figures about them.
//!
//! `cargo bench --bench identity -- [CUSTOMERS]` (default 20,000) on SQLite; the explanations also on the Neo4j
//! of `THROUGHLINE_TEST_NEO4J`, whose data is deleted.
#![allow(clippy::print_stdout, reason = "a report")]

mod common;

use std::time::{Duration, Instant};

use common::{facts, neo4j};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throughline::domain::fact::{Fact, FactIdentifier};
use throughline::domain::{IdentifierKey, Timestamp};
use throughline::settings::Settings;
use throughline::stitching::Batch;
use throughline::store::Store;
use throughline::store::sqlite::{SqliteOptions, SqliteStore};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let customers = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(20_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let store = SqliteStore::open(&folder.path().join("why.db"), SqliteOptions::default())?;
        store.set_up().await?;
        why_linked(&store).await?;
        if let Some(store) = neo4j().await? {
            why_linked(&store).await?;
        }
        figures(&SqliteStore::open(&folder.path().join("world.db"), SqliteOptions::default())?, customers).await
    })
}

/// The number of identifiers of a component: the maximum for a customer.
const COMPONENT: usize = 200;

/// The graphs, as pairs of places.
fn shapes() -> Vec<(&'static str, Vec<(usize, usize)>)> {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let chain = (1..COMPONENT).map(|n| (n - 1, n));
    let star = (1..COMPONENT).map(|n| (0, n));
    let tree = (1..COMPONENT).map(|n| (dice.random_range(0..n), n)).collect::<Vec<_>>();
    let few = tree.iter().copied().chain((0..400).map(|n| ((n * 37) % COMPONENT, (n * 91 + 13) % COMPONENT)));
    let few = few.filter(|(a, b)| a != b).collect::<Vec<_>>();
    let clique = |from: usize, to: usize| (from..to).flat_map(move |a| (a + 1..to).map(move |b| (a, b)));
    let bells = clique(0, 90).chain((90..=110).map(|n| (n - 1, n))).chain(clique(110, COMPONENT));
    vec![
        ("a chain", chain.collect()),
        ("a star", star.collect()),
        ("a random tree", tree.clone()),
        ("a random graph, 6 links each", few),
        ("two dense halves and a bridge", bells.collect()),
    ]
}

/// Asks why any two identifiers of a component are linked.
async fn why_linked(store: &dyn Store) -> anyhow::Result<()> {
    println!("# why two of {COMPONENT} identifiers are linked, on {}", store.name());
    let settings = Settings::default();
    let rules = settings.identity_rules();
    for (shape, (name, links)) in shapes().into_iter().enumerate() {
        let key = |place: usize| IdentifierKey::new("loyalty_card", format!("{shape}-{place:03}"));
        let facts = links.iter().enumerate().map(|(n, &(a, b))| together(format!("{shape}-{n}"), [key(a), key(b)]));
        store.apply(&rules, &Batch { facts: facts.collect() }, Timestamp(0)).await?;
        let mut times = Vec::new();
        let mut longest = 0;
        for round in 0..3 {
            for n in 0..COMPONENT {
                let (from, to) = (key(n), key((n * 7 + 101 + round * 50) % COMPONENT));
                let one = Instant::now();
                let why = store.why_linked(&from, &to).await?;
                times.push(one.elapsed());
                let why = why.ok_or_else(|| anyhow::anyhow!("nothing connects a component"))?;
                anyhow::ensure!(why.same_customer);
                longest = longest.max(why.steps.len());
            }
        }
        // The two ends of the chain, which are farthest apart.
        let one = Instant::now();
        store.why_linked(&key(0), &key(COMPONENT - 1)).await?;
        println!("  {name}: {}; first to last {:.2?}; up to {longest} steps", told(&mut times), one.elapsed());
    }
    Ok(())
}

fn told(times: &mut [Duration]) -> String {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    format!("median {:.2?}, p99 {:.2?}, longest {:.2?}", at(0.5), at(0.99), at(1.0))
}

fn together(message_id: String, keys: [IdentifierKey; 2]) -> Fact {
    let mut identifiers = keys.map(|key| FactIdentifier { key, listed: true });
    identifiers.sort_by(|a, b| a.key.cmp(&b.key));
    Fact::naming(message_id, "bench", Timestamp(0), identifiers.to_vec())
}

/// Ingests a world. Prints the part of that time for the figures about identities, and the time to read them.
async fn figures(store: &SqliteStore, customers: u64) -> anyhow::Result<()> {
    println!("# figures about identities, in a world of {customers} customers on SQLite");
    store.set_up().await?;
    let settings = Settings::default();
    let rules = settings.identity_rules();
    let facts = facts(&settings, customers)?;
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
    let began = Instant::now();
    for facts in facts.chunks(store.batch_size()) {
        store.apply(&rules, &Batch { facts: facts.to_vec() }, Timestamp(1_772_323_200_000)).await?;
    }
    let took = began.elapsed();
    let rendered = metrics.render();
    let spent = |statement: &str| -> f64 {
        let name = format!("throughline_statement_seconds_sum{{store=\"sqlite\",statement=\"{statement}\"}} ");
        rendered.lines().filter_map(|line| line.strip_prefix(&name)?.parse::<f64>().ok()).sum()
    };
    let kept: f64 = ["customers/update_size", "health/update", "health/fetch"].into_iter().map(spent).sum();
    println!(
        "  {} events in {took:.2?}: {:.2} % of it for the figures",
        facts.len(),
        100.0 * kept / took.as_secs_f64()
    );
    let (mut health, mut largest) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        let one = Instant::now();
        let figures = store.identity_health().await?;
        health.push(one.elapsed());
        let one = Instant::now();
        let ten = store.largest_customers(10).await?;
        largest.push(one.elapsed());
        anyhow::ensure!(ten.first().map(|(_, size)| *size) == Some(figures.largest()));
    }
    let figures = store.identity_health().await?;
    println!("  {} customers, {} identifiers", figures.customers(), figures.identifiers);
    println!("  figures: {}", told(&mut health));
    println!("  the ten largest: {}", told(&mut largest));
    Ok(())
}
