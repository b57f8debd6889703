//! The cost of questions about many journeys, compared with the same questions in DuckDB on the same rows.
//!
//! `cargo bench --bench journeys -- [TOUCHPOINTS]` (default 10,000,000, with 25 per customer). When
//! `THROUGHLINE_BENCH_PYTHON` is a Python with PyPI's duckdb, `journeys_duckdb.py` runs on the same rows, and the ratios
//! are printed.
#![allow(clippy::print_stdout, reason = "a report")]

use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration as Time, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throughline::domain::order::OrderKey;
use throughline::domain::touchpoint::Direction;
use throughline::domain::{Amount, Arrival, Currency, CustomerId, Duration, IdentifierId, Timestamp};
use throughline::journeys::attribution::Goal;
use throughline::journeys::credit::Model;
use throughline::journeys::funnel::FunnelSteps;
use throughline::journeys::paths::PathForm;
use throughline::journeys::*;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The targets are for two threads.
const THREADS: usize = 2;

/// The maximum number of bytes per touchpoint.
const MOST_BYTES: f64 = 32.0;

const NAMES: [&str; 20] = [
    "Home",
    "Search",
    "Category",
    "Product Viewed",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Checkout Started",
    "Shipping Entered",
    "Payment Entered",
    "Order Completed",
    "Order Refunded",
    "Email Sent",
    "Email Opened",
    "Email Link Clicked",
    "Push Sent",
    "Push Tapped",
    "Support Contacted",
    "Store Visited",
    "Signed In",
];
const CHANNELS: [&str; 12] = [
    "website",
    "mobile_app",
    "email",
    "sms",
    "push",
    "social",
    "store",
    "telephone",
    "direct_mail",
    "customer_service",
    "delivery",
    "other",
];
const FUNNEL: [&str; 6] =
    ["Product Viewed", "Product Added", "Cart Viewed", "Checkout Started", "Payment Entered", "Order Completed"];

/// An invented touchpoint.
struct Made {
    customer: u32,
    owner: u32,
    at: i64,
    name: u8,
    channel: u8,
    session: Option<u64>,
}

fn main() -> anyhow::Result<()> {
    let touchpoints: usize = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(10_000_000);
    let folder = tempfile::tempdir()?;
    let made = world(touchpoints);
    let projection = build(&made);
    let bytes = projection.bytes() as f64 / made.len() as f64;
    println!("memory: {bytes:.1} bytes a touchpoint (at most {MOST_BYTES})");
    let python = std::env::var("THROUGHLINE_BENCH_PYTHON").ok();
    let csv = folder.path().join("touchpoints.csv");
    if python.is_some() {
        write_csv(&made, &csv)?;
    }
    drop(made);
    save(&projection)?;
    let all = Scope::all(Duration::from_secs(1_800));
    let steps = FunnelSteps { steps: FUNNEL.iter().map(|name| Step::named(name)).collect(), within: None };
    let within = FunnelSteps { within: Some(Duration::from_secs(7 * 86_400)), ..steps.clone() };
    let goal = Goal {
        goal: Step::named("Order Completed"),
        touches: None,
        dimension: Dimension::CHANNEL,
        lookback: Duration::from_secs(30 * 86_400),
        half_life: Duration::from_secs(7 * 86_400),
        models: Model::ALL.to_vec(),
    };
    let negation = "\"Product Added\" -> [^\"Checkout Started\"|\"Order Completed\"]* -> \"Support Contacted\"";
    let form = PathForm { to: Some(Step::named("Order Completed")), within: None, collapse: true, max_length: 20 };
    let sessions = Scope { per: Unit::Session, ..all.clone() };
    let recent =
        Scope { since: Some(Timestamp(BEGIN + 300 * DAY)), exclude: Some(Step::named("Email Sent")), ..all.clone() };
    let counts = Question::Transitions { top: 50, medians: false };
    let counts = best("transitions, without times", &projection, &all, &counts)?;
    let whole = Question::Transitions { top: 50, medians: true };
    let transitions = best("transitions", &projection, &all, &whole)?;
    let ask =
        |steps: &FunnelSteps, medians| Question::Funnel { steps: steps.clone(), breakdown: None, top: 20, medians };
    let funnel = best("a funnel of six steps, without times", &projection, &all, &ask(&steps, false))?;
    let timed = best("a funnel of six steps", &projection, &all, &ask(&steps, true))?;
    best("the same within a week", &projection, &all, &ask(&within, true))?;
    best("the same by session", &projection, &sessions, &ask(&steps, true))?;
    let ten = best(
        "attribution by ten models over twelve channels",
        &projection,
        &all,
        &Question::Attribution { goal, top: 50 },
    )?;
    let pattern = best("a pattern with negation", &projection, &all, &Question::Match { pattern: negation.into() })?;
    best("paths to an order", &projection, &all, &Question::Paths { form, top: 20 })?;
    best(
        "a flow of six columns",
        &projection,
        &all,
        &Question::Flow { anchor: Step::named("Search"), before: 0, after: 5, top: 10 },
    )?;
    let from_to =
        Question::TimeBetween { from: Step::named("Search"), to: Step::named("Order Completed"), buckets: 20 };
    best("the time between two steps", &projection, &all, &from_to)?;
    best("a comparison", &projection, &all, &Question::Compare { with: recent.clone(), top: 50 })?;
    best("transitions of a part", &projection, &recent, &whole)?;
    best("a population", &projection, &all, &Question::Population)?;
    target("attribution", ten, Time::from_secs(1));
    target("a pattern with negation", pattern, Time::from_millis(300));
    if let Some(python) = python {
        beside(&python, &csv, [counts, transitions, funnel, timed])?;
    }
    Ok(())
}

const DAY: i64 = 86_400_000;
const BEGIN: i64 = 1_735_689_600_000;

/// Customers with about 25 touchpoints each over a year, some with many. Four of ten were anonymous at first, so their
/// touchpoints are attached to two identifiers. In the order of customer and time.
fn world(touchpoints: usize) -> Vec<Made> {
    let mut dice = ChaCha8Rng::seed_from_u64(2_024);
    let mut made = Vec::with_capacity(touchpoints);
    let mut customer = 0;
    let mut owner = 0;
    let mut session = 0;
    while made.len() < touchpoints {
        let count = if dice.random_ratio(1, 50) { dice.random_range(100..300) } else { dice.random_range(2..42) };
        let count = count.min(touchpoints - made.len());
        let stranger = if dice.random_ratio(4, 10) { dice.random_range(0..=count) } else { 0 };
        let mut at = BEGIN + dice.random_range(0..200 * DAY);
        let mut name = 0_u8;
        let mut channel = 0_u8;
        for n in 0..count {
            let new_session = dice.random_ratio(1, 6);
            if new_session {
                session += 1;
                channel = dice.random_range(0..12);
                at += dice.random_range(DAY / 24..9 * DAY);
            } else {
                at += dice.random_range(1_000..300_000);
            }
            // Mostly the next step towards an order, otherwise any.
            name = if dice.random_ratio(2, 5) { (name + 1) % 20 } else { dice.random_range(0..20) };
            let known = n >= stranger && stranger > 0;
            let session = dice.random_ratio(9, 10).then_some(session);
            made.push(Made { customer, owner: owner + u32::from(known), at, name, channel, session });
        }
        customer += 1;
        owner += 2;
    }
    println!("{} touchpoints of {customer} customers", made.len());
    made
}

fn build(made: &[Made]) -> Projection {
    let start = Instant::now();
    let mut builder = Builder::new(["properties.platform".into()].into());
    let platforms = [Some("web"), Some("ios"), None];
    for (n, made) in made.iter().enumerate() {
        let session = made.session.map(|n| format!("session-{n:08}-of-somebody"));
        let order = (NAMES[usize::from(made.name)] == "Order Completed")
            .then(|| OrderKey { source: "shop".into(), number: format!("order-{n}").into() });
        builder.row(&Row {
            owner: IdentifierId::new(1, 0).max(Arrival(i64::from(made.owner) + (1 << 20))),
            at: Timestamp(made.at),
            arrival: Arrival::new(2 + (n >> 10) as i64, (n & 1_023) as u32),
            session: session.as_deref(),
            order: order.as_ref(),
            kind: TouchpointKind {
                name: NAMES[usize::from(made.name)],
                kind: "other",
                channel: CHANNELS[usize::from(made.channel)],
                direction: Direction::Inbound,
                source: "shop",
                campaign: None,
                campaign_source: None,
                campaign_medium: None,
                dimensions: &platforms[n % 3..n % 3 + 1],
            },
        });
        if let Some(key) = order {
            let net = Amount(10_000 * (n as i128 % 20_000));
            builder.order(&OrderNet { key, net, currency: Currency("GBP".into()) });
        }
    }
    let mut last = None;
    for made in made {
        if last != Some(made.owner) {
            let customer = CustomerId(format!("00000000-0000-7000-8000-{:012}", made.customer).into());
            builder.member(Arrival(i64::from(made.owner) + (1 << 20)), &customer);
            last = Some(made.owner);
        }
    }
    println!("taken in: {:.2?}", start.elapsed());
    let start = Instant::now();
    let projection = builder.finish(THREADS);
    println!("sorted: {:.2?}", start.elapsed());
    projection
}

fn save(projection: &Projection) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    let start = Instant::now();
    projection.write_to(&mut bytes)?;
    let written = start.elapsed();
    let start = Instant::now();
    let read = Projection::read_from(&mut &bytes[..])?;
    println!("written: {written:.2?}, read back: {:.2?}, {} MB", start.elapsed(), bytes.len() >> 20);
    drop(read);
    Ok(())
}

fn best(what: &str, projection: &Projection, scope: &Scope, question: &Question) -> anyhow::Result<Time> {
    let mut best = Time::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        std::hint::black_box(question.answer(projection, scope, &Run::on(THREADS))?);
        best = best.min(start.elapsed());
    }
    println!("{what}: {best:.1?}");
    Ok(best)
}

fn target(what: &str, took: Time, most: Time) {
    println!("{what}: {}, {took:.0?} of {most:.0?}", if took <= most { "within" } else { "BEYOND" });
}

fn write_csv(made: &[Made], path: &Path) -> anyhow::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    writeln!(file, "customer,at,name,channel")?;
    for made in made {
        let (name, channel) = (NAMES[usize::from(made.name)], CHANNELS[usize::from(made.channel)]);
        writeln!(file, "{},{},{name},{channel}", made.customer, made.at)?;
    }
    file.flush()?;
    Ok(())
}

/// The same in DuckDB, and the ratio of the times. `ours` is in the order of the script's output.
fn beside(python: &str, csv: &Path, ours: [Time; 4]) -> anyhow::Result<()> {
    /// The required ratio to DuckDB's best of three.
    const TIMES: f64 = 8.0;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/journeys_duckdb.py");
    let out = std::process::Command::new(python).arg(script).arg(csv).arg(THREADS.to_string()).output()?;
    anyhow::ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let out = String::from_utf8(out.stdout)?;
    for ((what, seconds), ours) in out.lines().filter_map(|line| line.split_once('\t')).zip(ours) {
        let theirs = Time::from_secs_f64(seconds.parse()?);
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        let word = if ratio >= TIMES { "within" } else { "BEYOND" };
        println!("{what}: DuckDB {theirs:.0?}, {ratio:.1} times as long ({word} {TIMES} times)");
    }
    Ok(())
}
