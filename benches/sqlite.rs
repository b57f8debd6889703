//! The speed of ingest into the SQLite store, and of reading whole customers.
//!
//! `cargo bench --bench sqlite -- [CUSTOMERS…]` (default 2,000 and 20,000) generates a world of each size,
//! applies it in batches of the store's preferred size, and reads whole customers.
#![allow(clippy::print_stdout, reason = "a report")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use throughline::domain::claim::{ClaimFact, Provenance};
use throughline::domain::consent::{ConsentFact, ConsentStatus};
use throughline::domain::device::DeviceFact;
use throughline::domain::fact::{Fact, FactIdentifier};
use throughline::domain::order::{Line, OrderAct, OrderContent, OrderEvent, OrderKey};
use throughline::domain::product::Product;
use throughline::domain::touchpoint::{Direction, TouchpointFact};
use throughline::domain::{Amount, Arrival, Currency, IdentifierKey, Timestamp};
use throughline::settings::Settings;
use throughline::stitching::Batch;
use throughline::store::Store;
use throughline::store::query::{CustomerKey, FirstPages, Shape};
use throughline::store::sqlite::{SqliteOptions, SqliteStore};

use common::{cpu_seconds, facts};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    let mut facts = facts(&settings, customers)?;
    facts.extend((0..RICH).flat_map(rich));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.db");
    let store = SqliteStore::open(&path, SqliteOptions::default())?;
    store.set_up().await?;
    let rules = settings.identity.rules();
    let events = facts.len();
    let (began, cpu) = (Instant::now(), cpu_seconds("self"));
    let mut slowest = Duration::ZERO;
    let mut facts = facts.into_iter();
    loop {
        let batch = Batch { facts: facts.by_ref().take(store.batch_size()).collect() };
        if batch.facts.is_empty() {
            break;
        }
        let one = Instant::now();
        store.apply(&rules, &batch, Timestamp(1_772_323_200_000)).await?;
        slowest = slowest.max(one.elapsed());
    }
    let (took, cpu) = (began.elapsed(), cpu_seconds("self") - cpu);
    let status = store.status().await?;
    let size = std::fs::metadata(&path)?.len() >> 20;
    println!(
        "apply: {:.0} events/s, {:.0} per second of processor time ({events} events in {took:.2?}, slowest batch \
         {slowest:.2?}); {} customers, {} touchpoints, {size} MiB",
        events as f64 / took.as_secs_f64(),
        events as f64 / cpu,
        status.customers,
        status.touchpoints,
    );
    profiles(Arc::new(store)).await
}

/// The number of customers with a full profile.
const RICH: usize = 500;

/// One of them: 6 identifiers, 3 devices, 10 orders of 3 lines, 30 touchpoints, 5 traits, 3 consents.
fn rich(customer: usize) -> impl Iterator<Item = Fact> {
    (0..30).map(move |n| {
        let named = |kind, value: String| FactIdentifier { key: IdentifierKey::new(kind, value), listed: true };
        let at = Timestamp(1_772_323_200_000 + n as i64 * 3_600_000 + customer as i64);
        let mut identifiers = vec![named("user_id", format!("rich-{customer}"))];
        match n % 6 {
            0 => {}
            1 => identifiers.push(named("email", format!("rich-{customer}@example.org"))),
            2 => identifiers.push(named("phone", format!("+44123{customer:06}"))),
            device => identifiers.push(named("anonymous_id", format!("device-{device}-of-rich-{customer}"))),
        }
        let product = |line| Product {
            sku: format!("sku-{}", (customer + n + line) % 400).into(),
            name: Some(format!("Product {line}").into()),
            category: Some("Things".into()),
        };
        let lines: Vec<Line> =
            (0..3).map(|line| Line { product: product(line), quantity: 1, price: Amount(12_500_000) }).collect();
        let content = OrderContent {
            currency: Some(Currency("GBP".into())),
            total: Some(Amount(37_500_000)),
            channel: Some("website".into()),
            lines: Some(lines),
        };
        let said = OrderEvent { at, arrival: Arrival::default(), owner: None, act: OrderAct::Completed(content) };
        let number = format!("{customer}-{n}");
        let order = (n % 3 == 0).then(|| (OrderKey { source: "shop".into(), number: number.into() }, said));
        let json = |text: String| RawValue::from_string(text).ok().map(Arc::<RawValue>::from);
        let claims = ["city", "team", "size", "nick", "colour"].into_iter().filter(|_| n == 0);
        let claims = claims.filter_map(|name| {
            let value = json(format!("\"{name} of {customer}\""))?;
            Some(ClaimFact { name: name.into(), value, provenance: Provenance::Declared })
        });
        let consents = ["email", "sms", "post"].into_iter().filter(|_| n == 1).map(|channel| ConsentFact {
            purpose: "marketing".into(),
            channel: Some(channel.into()),
            status: ConsentStatus::Granted,
            expires_at: None,
        });
        Fact {
            touchpoint: Some(TouchpointFact {
                kind: "product".into(),
                name: "Product Viewed".into(),
                channel: if n % 4 == 0 { "mobile_app" } else { "website" }.into(),
                direction: Direction::Inbound,
                session_id: Some(format!("session-{}", n / 5).into()),
                campaign: None,
                properties: json(format!(
                    "{{\"price\": 12.5, \"sku\": \"sku-{n}\", \"url\": \"https://shop.example.org/p/{n}\"}}"
                )),
            }),
            claims: claims.collect(),
            device: (n % 6 > 2).then(|| DeviceFact {
                key: format!("device-{}-of-rich-{customer}", n % 6).into(),
                kind: "phone".into(),
                os: Some("iOS 26".into()),
                model: None,
            }),
            order,
            products: (0..3).map(product).collect(),
            consents: consents.collect(),
            ..Fact::naming(format!("rich-{customer}-{n}"), "shop", at, identifiers)
        }
    })
}

/// Whole customers, one after the other and sixteen at a time.
async fn profiles(store: Arc<dyn Store>) -> anyhow::Result<()> {
    println!("profiles of {RICH} customers with 10 orders of 3 lines, 30 touchpoints, 6 identifiers:");
    let ids: Vec<CustomerKey> = (0..RICH)
        .map(|n| CustomerKey::Identifier(IdentifierKey::new("email", format!("rich-{n}@example.org"))))
        .collect();
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

async fn profile(store: &dyn Store, key: &CustomerKey, shape: Shape) -> anyhow::Result<()> {
    let pages = FirstPages { orders: 10, touchpoints: 20 };
    let answers = store.customers(std::slice::from_ref(key), shape, pages).await?;
    let view = answers[0].as_ref().ok().and_then(Option::as_ref);
    let view = view.ok_or_else(|| anyhow::anyhow!("a rich customer is not there"))?;
    anyhow::ensure!(view.identifiers.len() == 6 && view.claims.len() == 5);
    Ok(())
}
