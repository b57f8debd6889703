//! How fast the SQLite store takes events in, and how fast it answers for a whole customer.
//!
//! `cargo bench --bench sqlite -- [CUSTOMERS…]` (2,000 and 20,000 when none is given) makes a world of
//! each size with `throughline generate`, applies it in batches of 1,000 and asks for its customers.
#![allow(clippy::print_stdout, reason = "a report")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use throughline::domain::Timestamp;
use throughline::domain::customer::CustomerId;
use throughline::domain::fact::Fact;
use throughline::generate::{self, WorldSpec};
use throughline::ingest::event::{Origin, Reader};
use throughline::ingest::message_id::Occurrences;
use throughline::settings::Settings;
use throughline::stitching::Batch;
use throughline::store::Store;
use throughline::store::query::{CustomerFilter, CustomerKey, CustomerList, CustomerSort, FirstPages, Shape};
use throughline::store::sqlite::{SqliteOptions, SqliteStore};

fn main() -> anyhow::Result<()> {
    let sizes: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for size in if sizes.is_empty() { vec![2_000, 20_000] } else { sizes } {
        runtime.block_on(measure(size))?;
    }
    Ok(())
}

async fn measure(customers: u64) -> anyhow::Result<()> {
    println!("# a world of {customers} customers");
    let settings = Settings::default();
    let facts = facts(&settings, customers)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.db");
    let store = SqliteStore::open(&path, SqliteOptions::default())?;
    store.set_up().await?;
    let rules = settings.identity.rules();
    let events = facts.len();
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut facts = facts.into_iter();
    loop {
        let batch = Batch { facts: facts.by_ref().take(1_000).collect() };
        if batch.facts.is_empty() {
            break;
        }
        let one = Instant::now();
        store.apply(&rules, &batch, Timestamp(1_772_323_200_000)).await?;
        slowest = slowest.max(one.elapsed());
    }
    let took = began.elapsed();
    let status = store.status().await?;
    let size = std::fs::metadata(&path)?.len() >> 20;
    println!(
        "apply: {:.0} events/s ({events} events in {took:.2?}, slowest batch {slowest:.2?}), {} customers, {} touchpoints, {size} MiB",
        events as f64 / took.as_secs_f64(),
        status.customers,
        status.touchpoints,
    );
    profiles(Arc::new(store)).await
}

/// Every event of a world, understood.
fn facts(settings: &Settings, customers: u64) -> anyhow::Result<Vec<Fact>> {
    let mut lines = Vec::new();
    generate::write_world(&mut lines, &WorldSpec::new(customers, 7))?;
    let text = String::from_utf8(lines)?;
    let reader = Reader::new(settings);
    let origin = Origin::import(None, "world");
    let mut occurrences = Occurrences::default();
    let began = Instant::now();
    let mut facts = Vec::new();
    for line in text.lines() {
        match reader.read(line, &origin, &mut occurrences) {
            Ok(read) => facts.push(read.fact),
            Err(rejected) => anyhow::bail!("the world has an event that is no event: {rejected:?}"),
        }
    }
    let took = began.elapsed();
    println!("read: {:.0} events/s, {} bytes each", facts.len() as f64 / took.as_secs_f64(), text.len() / facts.len());
    Ok(facts)
}

/// Whole customers, one after the other and sixteen at a time.
async fn profiles(store: Arc<dyn Store>) -> anyhow::Result<()> {
    let filter = CustomerFilter { order_count: (Some(10), None), ..CustomerFilter::default() };
    let list = CustomerList { filter, sort: CustomerSort::Created, descending: false, after: None, limit: 2_000 };
    let ids: Vec<CustomerId> = store.list_customers(&list).await?.items.into_iter().map(|(id, _)| id).collect();
    println!("profiles of {} customers with 10 orders or more:", ids.len());
    for shape in [Shape::Card, Shape::Identity, Shape::History, Shape::All] {
        let mut times = Vec::new();
        for id in ids.iter().cycle().take(4_000) {
            let one = Instant::now();
            profile(&*store, id, shape).await?;
            times.push(one.elapsed());
        }
        times.sort();
        let began = Instant::now();
        let many = (0..16).map(|n| {
            let (store, ids) = (store.clone(), ids.clone());
            tokio::spawn(async move {
                for id in ids.iter().cycle().skip(n * 7).take(500) {
                    profile(&*store, id, shape).await?;
                }
                anyhow::Ok(())
            })
        });
        for one in futures_util::future::join_all(many).await {
            one??;
        }
        let rate = 8_000.0 / began.elapsed().as_secs_f64();
        let at = |share: f64| times[(times.len() as f64 * share) as usize];
        println!("  {shape:?}: median {:.0?}, p99 {:.0?}; {rate:.0} a second from 16 callers", at(0.5), at(0.99));
    }
    Ok(())
}

async fn profile(store: &dyn Store, id: &CustomerId, shape: Shape) -> anyhow::Result<()> {
    let pages = FirstPages { orders: 10, touchpoints: 20 };
    let answers = store.customers(&[CustomerKey::Id(id.clone())], shape, pages).await?;
    anyhow::ensure!(answers[0].as_ref().is_ok_and(Option::is_some), "a customer of the list is not there");
    Ok(())
}
