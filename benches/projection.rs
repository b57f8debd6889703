//! The time to build the projection of a SQLite store, to save it and to load it; its memory; and the effect of its
//! questions on profile reads.
//!
//! `cargo bench --bench projection -- [TOUCHPOINTS] [FILE]` (default 1,000,000) makes a store with this number of
//! touchpoints, 25 per customer, in FILE if it is given and does not exist. An existing file is measured as it is.
#![allow(clippy::print_stdout, reason = "a report")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::value::RawValue;
use throughline::domain::fact::{Fact, FactIdentifier};
use throughline::domain::order::{OrderAct, OrderContent, OrderEvent, OrderKey};
use throughline::domain::touchpoint::{Campaign, Direction, TouchpointFact};
use throughline::domain::{Amount, Arrival, Currency, CustomerId, IdentifierKey, Timestamp};
use throughline::ingest::clock;
use throughline::journeys::attribution::Goal;
use throughline::journeys::credit::Model;
use throughline::journeys::funnel::FunnelSteps;
use throughline::journeys::{Dimension, Question, Scope, Step};
use throughline::projection::{Journeys, Options, ProjectionError, View};
use throughline::settings::Settings;
use throughline::stitching::Batch;
use throughline::store::Store;
use throughline::store::query::{CustomerFilter, CustomerKey, CustomerList, CustomerSort, FirstPages, Shape};
use throughline::store::sqlite::{SqliteOptions, SqliteStore};

use common::cpu_seconds;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The number of touchpoints of a customer.
const EACH: u64 = 25;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let touchpoints = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let file = arguments.iter().find(|argument| argument.parse::<u64>().is_err()).map(PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let path = file.unwrap_or_else(|| folder.path().join("bench.db"));
    runtime.block_on(measure(&path, touchpoints))
}

async fn measure(path: &Path, touchpoints: u64) -> anyhow::Result<()> {
    let there = path.exists();
    let store = SqliteStore::open(path, SqliteOptions::default())?;
    store.set_up().await?;
    if !there {
        fill(&store, touchpoints).await?;
    }
    let store: Arc<dyn Store> = Arc::new(store);
    let status = store.status().await?;
    println!("# {} touchpoints of {} customers", status.touchpoints, status.customers);
    let folder = tempfile::tempdir()?;
    let options = Options {
        dimensions: Arc::new(["properties.platform".into()]),
        memory: 8 << 30,
        file: Some(folder.path().join("saved.journeys")),
        save_every: Duration::from_secs(3_600),
        late: 20_000,
        threads: std::thread::available_parallelism()?.get(),
    };
    for name in ["read from the store", "brought back from disk"] {
        let (began, cpu) = (Instant::now(), cpu_seconds("self"));
        let journeys = Journeys::start(store.clone(), options.clone(), clock::system());
        let view = ready(&journeys).await?;
        let (took, cpu) = (began.elapsed(), cpu_seconds("self") - cpu);
        let figures = journeys.figures();
        println!(
            "{name}: {took:.2?}, {cpu:.1} s of processor time; {:.1} bytes a touchpoint, from disk: {}",
            figures.bytes as f64 / figures.touchpoints.max(1) as f64,
            figures.from_disk,
        );
        if figures.from_disk {
            ask(&view).await?;
            beside(&store, &view).await?;
        }
        let began = Instant::now();
        drop(view);
        journeys.close().await;
        let size = std::fs::metadata(folder.path().join("saved.journeys"))?.len() >> 20;
        println!("ended and saved: {:.2?}, {size} MiB", began.elapsed());
    }
    Ok(())
}

async fn ready(journeys: &Journeys) -> anyhow::Result<View> {
    loop {
        match journeys.view().await {
            Ok(view) => return Ok(view),
            Err(ProjectionError::NotReady { .. }) => {}
            Err(trouble) => return Err(trouble.into()),
        }
    }
}

fn questions() -> Vec<(&'static str, Question)> {
    let steps = ["Home", "Product Viewed", "Product Added", "Order Completed"].map(Step::named).to_vec();
    let goal = Goal {
        goal: Step::named("Order Completed"),
        touches: None,
        dimension: Dimension::CHANNEL,
        lookback: throughline::domain::Duration::from_secs(30 * 86_400),
        half_life: throughline::domain::Duration::from_secs(7 * 86_400),
        models: Model::ALL.to_vec(),
    };
    vec![
        ("population", Question::Population),
        ("transitions", Question::Transitions { top: 50, medians: true }),
        (
            "funnel of four",
            Question::Funnel { steps: FunnelSteps { steps, within: None }, breakdown: None, top: 20, medians: true },
        ),
        ("attribution by ten models", Question::Attribution { goal, top: 50 }),
    ]
}

async fn ask(view: &View) -> anyhow::Result<()> {
    let scope = Scope::all(throughline::domain::Duration::from_secs(1_800));
    for (name, question) in questions() {
        for time in ["first", "again"] {
            let began = Instant::now();
            view.answer(&scope, &question).await?;
            println!("{name}, {time}: {:.1?}", began.elapsed());
        }
    }
    Ok(())
}

/// Whole profiles, one after the other, without and with questions at the same time.
async fn beside(store: &Arc<dyn Store>, view: &View) -> anyhow::Result<()> {
    let list = CustomerList {
        filter: CustomerFilter::default(),
        sort: CustomerSort::Created,
        descending: false,
        after: None,
        limit: 2_000,
    };
    let ids: Vec<CustomerId> = store.list_customers(&list).await?.items.into_iter().map(|(id, _)| id).collect();
    profiles(store, &ids).await?;
    let alone = profiles(store, &ids).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let busy = {
        let (view, stop) = (view.clone(), stop.clone());
        tokio::spawn(async move {
            let mut asked = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                // Another gap each time, so that no answer comes from the cache.
                let scope = Scope::all(throughline::domain::Duration::from_secs(1_800 + asked as i64));
                for (_, question) in questions() {
                    let _ = view.answer(&scope, &question).await;
                    asked += 1;
                }
            }
            asked
        })
    };
    let beside = profiles(store, &ids).await?;
    stop.store(true, Ordering::Relaxed);
    let asked = busy.await?;
    println!("profile reads: p99 {alone:.2?} alone, {beside:.2?} beside {asked} questions");
    Ok(())
}

/// The 99th percentile.
async fn profiles(store: &Arc<dyn Store>, ids: &[CustomerId]) -> anyhow::Result<Duration> {
    let mut times = Vec::with_capacity(ids.len());
    for id in ids {
        let began = Instant::now();
        let pages = FirstPages { orders: 10, touchpoints: 25 };
        store.customers(&[CustomerKey::Id(id.clone())], Shape::All, pages).await?;
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    times.sort_unstable();
    Ok(times.get(times.len() * 99 / 100).copied().unwrap_or_default())
}

/// Kind, name, channel and direction; the first is the most frequent.
const ACTS: [(&str, &str, &str, Direction); 12] = [
    ("visit", "Home", "website", Direction::Inbound),
    ("product", "Product Viewed", "website", Direction::Inbound),
    ("product", "Product Viewed", "mobile_app", Direction::Inbound),
    ("search", "Products Searched", "mobile_app", Direction::Inbound),
    ("cart", "Product Added", "website", Direction::Inbound),
    ("message_sent", "Email Sent", "email", Direction::Outbound),
    ("message_opened", "Email Opened", "email", Direction::Inbound),
    ("message_sent", "Push Sent", "push", Direction::Outbound),
    ("visit", "Store Visited", "store", Direction::Inbound),
    ("contact", "Call", "telephone", Direction::Inbound),
    ("order", "Order Completed", "website", Direction::Inbound),
    ("visit", "Post Seen", "social", Direction::Inbound),
];

async fn fill(store: &SqliteStore, touchpoints: u64) -> anyhow::Result<()> {
    let rules = Settings::default().identity.rules();
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let customers = (touchpoints / EACH).max(1);
    let (began, mut done) = (Instant::now(), 0);
    while done < touchpoints {
        let count = (touchpoints - done).min(store.batch_size() as u64);
        let facts = (0..count).map(|n| fact(&mut dice, done + n, customers)).collect::<anyhow::Result<_>>()?;
        store.apply(&rules, &Batch { facts }, Timestamp(1_772_323_200_000)).await?;
        done += count;
    }
    println!("made: {:.0} touchpoints/s", touchpoints as f64 / began.elapsed().as_secs_f64());
    Ok(())
}

fn fact(dice: &mut ChaCha8Rng, n: u64, customers: u64) -> anyhow::Result<Fact> {
    // Visits of five touchpoints, several at the same time.
    const VISIT: u64 = 5;
    let visit = n / (VISIT * 64) * 64 + n % 64;
    let customer = (visit.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % customers;
    let (kind, name, channel, direction) = ACTS[(dice.random::<f64>().powi(2) * ACTS.len() as f64) as usize];
    let at = Timestamp(1_735_689_600_000 + n as i64 * 3_000 + dice.random_range(0..600_000));
    let platform = ["ios", "android", "web"][dice.random_range(0..3)];
    let properties = format!(r#"{{"path":"/p/{}","price":"{}.00","platform":"{platform}"}}"#, n % 9_999, n % 90);
    let campaign = dice.random_bool(0.3).then(|| {
        let name = Some(format!("campaign {}", dice.random_range(0..12)).into());
        Arc::new(Campaign { name, source: Some("news".into()), medium: Some("email".into()), ..Campaign::default() })
    });
    let order = (kind == "order").then(|| {
        let key = OrderKey { source: "shop".into(), number: n.to_string().into() };
        let content = OrderContent {
            currency: Some(Currency("GBP".into())),
            total: Some(Amount(25_000_000)),
            channel: None,
            lines: None,
        };
        (key, OrderEvent { at, arrival: Arrival::default(), owner: None, act: OrderAct::Completed(content) })
    });
    // Most events are signed in; some of these also have the browser's id, which merges the two.
    let (user, browser) = match dice.random_range(0..10) {
        0..3 => (false, true),
        3..5 => (true, true),
        _ => (true, false),
    };
    let user = user.then(|| IdentifierKey::new("user_id", format!("user{customer}")));
    let browser = browser.then(|| IdentifierKey::new("anonymous_id", format!("browser{customer}")));
    let identifiers = user.into_iter().chain(browser).map(|key| FactIdentifier { key, listed: true }).collect();
    Ok(Fact {
        touchpoint: Some(TouchpointFact {
            kind: kind.into(),
            name: name.into(),
            channel: channel.into(),
            direction,
            session_id: (visit % 5 < 3).then(|| format!("{customer}-{visit}").into()),
            campaign,
            properties: Some(RawValue::from_string(properties)?.into()),
        }),
        order,
        ..Fact::naming(n.to_string(), "shop", at, identifiers)
    })
}
