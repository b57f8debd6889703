//! Helpers of the benches: a world as facts, an empty Neo4j, processor time.
#![allow(dead_code, unreachable_pub, reason = "each bench uses a part of it, as its own")]

#[path = "../../tests/common/facts.rs"]
pub mod events;
#[path = "../../tests/common/wipe.rs"]
pub mod wipe;

use std::time::Instant;

use throughline::domain::fact::Fact;
use throughline::generate::{self, WorldSpec};
use throughline::ingest::event::{Origin, Reader};
use throughline::ingest::message_id::Occurrences;
use throughline::settings::Settings;
use throughline::store::Store;
use throughline::store::neo4j::{Neo4jOptions, Neo4jStore};

/// The facts of all events of a world.
pub fn facts(settings: &Settings, customers: u64) -> anyhow::Result<Vec<Fact>> {
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

/// The processor time of a process so far, `self` for this one. It is comparable also on a busy machine. From `/proc`, in
/// hundredths of a second; 0 on other systems.
pub fn cpu_seconds(process: impl std::fmt::Display) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let ticks = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    ticks.filter_map(|n| n.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The median.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The Neo4j of `THROUGHLINE_TEST_NEO4J`, emptied; `None` when there is none.
pub async fn neo4j() -> anyhow::Result<Option<Neo4jStore>> {
    let Ok(url) = std::env::var("THROUGHLINE_TEST_NEO4J") else {
        println!("no THROUGHLINE_TEST_NEO4J, so Neo4j was not measured");
        return Ok(None);
    };
    let options = Neo4jOptions {
        url: url.into(),
        user: std::env::var("THROUGHLINE_TEST_NEO4J_USER").unwrap_or_default().into(),
        password: std::env::var("THROUGHLINE_TEST_NEO4J_PASSWORD").unwrap_or_default().into(),
        ..Neo4jOptions::default()
    };
    let graph = neo4rs::Graph::new(&*options.url, &*options.user, &*options.password)?;
    wipe::wipe(&graph).await?;
    let store = Neo4jStore::connect(options)?;
    store.set_up().await?;
    Ok(Some(store))
}

/// The peak memory of this process, in MiB. From `/proc`; 0 on other systems.
pub fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
