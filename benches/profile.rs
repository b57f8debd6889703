//! A whole customer over HTTP compared with the same statement directly over Bolt, and SQLite compared with Neo4j; then
//! the same on SQLite in a small graph and in one that is a hundred times larger.
//!
//! `cargo bench --bench profile -- [CUSTOMERS]` (default 20,000). Neo4j is the one of
//! `THROUGHLINE_TEST_NEO4J`, and its data is deleted; without it only SQLite is measured. The server is another process;
//! all share the machine, so only the ratios matter.
#![allow(clippy::print_stdout, reason = "a report")]

mod common;

use std::io::{BufRead, BufReader, BufWriter, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use neo4rs::{Graph, query};
use throughline::domain::Timestamp;
use throughline::generate::{self, WorldSpec};
use throughline::ingest::event::{Origin, Reader};
use throughline::ingest::message_id::Occurrences;
use throughline::settings::Settings;
use throughline::stitching::Batch;
use throughline::store::Store;
use throughline::store::neo4j::{Neo4jOptions, Neo4jStore};
use throughline::store::sqlite::{SqliteOptions, SqliteStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use common::wipe::wipe;
use common::{cpu_seconds, median};

const CONNECTIONS: u64 = 16;
const ROUNDS: usize = 5;
const WARMING: usize = 3;
const ROUND: Duration = Duration::from_secs(4);
const SEED: u64 = 1;

/// Identifiers, devices, ten orders with lines, twenty touchpoints.
const PROFILE: &str = "query Profile($user: String!) { customer(by: {identifier: {kind: \"user_id\", value: $user}}) { \
    id displayName createdAt \
    identifiers(first: 40) { nodes { id kind value firstSeenAt lastSeenAt } } \
    devices { nodes { id kind os model lastSeenAt } } \
    orders(first: 10) { nodes { id number placedAt status total { amount currency } returned { amount } net { amount } \
      lines { product { sku name } quantity unitPrice { amount } } } } \
    touchpoints(first: 20) { nodes { id at kind name channel direction source identifier { kind } } } } }";

fn main() -> anyhow::Result<()> {
    let customers = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(20_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        beside_each_other(folder.path(), customers).await?;
        in_a_larger_graph(folder.path(), customers).await
    })
}

async fn beside_each_other(folder: &Path, customers: u64) -> anyhow::Result<()> {
    println!("# a whole customer over HTTP, {CONNECTIONS} connections, {customers} customers");
    let sqlite = format!("sqlite:{}", folder.join("profile.db").display());
    fill(&SqliteStore::open(&folder.join("profile.db"), SqliteOptions::default())?, customers).await?;
    let over_sqlite = Server::start(&sqlite, 18_081)?;
    let Ok(url) = std::env::var("THROUGHLINE_TEST_NEO4J") else {
        println!("no THROUGHLINE_TEST_NEO4J, so Neo4j was not measured");
        println!("SQLite over HTTP {:.0} a second", over_sqlite.rate(customers).await?.0);
        return Ok(());
    };
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let (user, password) = (variable("THROUGHLINE_TEST_NEO4J_USER"), variable("THROUGHLINE_TEST_NEO4J_PASSWORD"));
    let graph = Arc::new(Graph::new(&url, &user, &password)?);
    wipe(&graph).await?;
    let options = Neo4jOptions {
        url: url.as_str().into(),
        user: user.into(),
        password: password.into(),
        ..Neo4jOptions::default()
    };
    fill(&Neo4jStore::connect(options)?, customers).await?;
    let over_neo4j = Server::start(&url, 18_082)?;
    // Warm-up rounds: the server has just written all of this and must compile its queries.
    for _ in 0..WARMING {
        over_neo4j.rate(customers).await?;
        bolt_rate(&graph, customers).await?;
    }
    let (mut http, mut bolt, mut lite) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let (ours, on_neo4j) = over_neo4j.rate(customers).await?;
        let straight = bolt_rate(&graph, customers).await?;
        let (embedded, on_sqlite) = over_sqlite.rate(customers).await?;
        println!(
            "  round {round}: Neo4j {ours:.0} ({on_neo4j:.2} ms of the server's processor time each), \
             Bolt {straight:.0}, SQLite {embedded:.0} ({on_sqlite:.2} ms)"
        );
        http.push(ours);
        bolt.push(straight);
        lite.push(embedded);
    }
    let (http, bolt, lite) = (median(http), median(bolt), median(lite));
    println!("Neo4j over HTTP {http:.0} a second, the statement over Bolt {bolt:.0}: {:.0} %", 100.0 * http / bolt);
    println!("SQLite over HTTP {lite:.0} a second: {:.1} times Neo4j", lite / http);
    Ok(())
}

async fn in_a_larger_graph(folder: &Path, customers: u64) -> anyhow::Result<()> {
    let (small, large) = (customers / 10, customers * 10);
    println!("# a whole customer on SQLite among {small} and among {large} customers");
    let mut servers = Vec::new();
    for (n, size) in [small, large].into_iter().enumerate() {
        let path = folder.join(format!("graph{n}.db"));
        fill(&SqliteStore::open(&path, SqliteOptions::default())?, size).await?;
        servers.push(Server::start(&format!("sqlite:{}", path.display()), 18_083 + n as u16)?);
    }
    let mut ratios = Vec::new();
    for server in &servers {
        server.one_by_one(small).await?;
    }
    for round in 1..=ROUNDS {
        // The same customers in both: only the graph around them grows.
        let (a, b) = (servers[0].one_by_one(small).await?, servers[1].one_by_one(small).await?);
        println!("  round {round}: median {a:.0?} and {b:.0?}");
        ratios.push(b.as_secs_f64() / a.as_secs_f64());
    }
    println!("in the larger graph {:.2} times the time", median(ratios));
    Ok(())
}

/// A world with many orders, so that profiles are full.
fn world(customers: u64) -> WorldSpec {
    WorldSpec { orders_per_customer: 3.0, ..WorldSpec::new(customers, SEED) }
}

/// Ingests a world.
async fn fill(store: &dyn Store, customers: u64) -> anyhow::Result<()> {
    store.set_up().await?;
    let settings = Settings::default();
    let rules = settings.identity_rules();
    let mut file = tempfile::tempfile()?;
    generate::write_world(&mut BufWriter::new(&file), &world(customers))?;
    file.rewind()?;
    let reader = Reader::new(&settings);
    let origin = Origin::import(None, "world");
    let mut occurrences = Occurrences::default();
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    let mut facts = lines.filter_map(|l| reader.read(&l, &origin, &mut occurrences).ok().map(|read| read.fact));
    let began = Instant::now();
    let mut events = 0;
    loop {
        let batch = Batch { facts: facts.by_ref().take(1_000).collect() };
        if batch.facts.is_empty() {
            break;
        }
        events += batch.facts.len();
        store.apply(&rules, &batch, Timestamp(1_772_323_200_000)).await?;
    }
    let status = store.status().await?;
    let rate = events as f64 / began.elapsed().as_secs_f64();
    println!(
        "  {}: {} touchpoints of {customers} people, {rate:.0} events/s read and applied",
        store.name(),
        status.touchpoints
    );
    Ok(())
}

/// `throughline serve` on a store.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(store: &str, port: u16) -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let process = Command::new(env!("CARGO_BIN_EXE_throughline"))
            .args(["serve", "--store", store, "--listen", &format!("127.0.0.1:{port}")])
            .env("THROUGHLINE_STORE_USER", variable("THROUGHLINE_TEST_NEO4J_USER"))
            .env("THROUGHLINE_STORE_PASSWORD", variable("THROUGHLINE_TEST_NEO4J_PASSWORD"))
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Server { process, port })
    }

    /// Answers per second on all connections, and the server's processor time per answer in milliseconds.
    async fn rate(&self, customers: u64) -> anyhow::Result<(f64, f64)> {
        self.wait().await?;
        let port = self.port;
        let (began, spent) = (Instant::now(), cpu_seconds(self.process.id()));
        let rate = together(move |n, until| async move {
            let mut connection = Connection::open(port).await?;
            let mut users = users(n, customers);
            let mut answers = 0;
            while Instant::now() < until {
                connection.ask(&users.next().context("a user")?).await?;
                answers += 1;
            }
            Ok(answers)
        })
        .await?;
        let spent = cpu_seconds(self.process.id()) - spent;
        Ok((rate, 1_000.0 * spent / (rate * began.elapsed().as_secs_f64())))
    }

    /// The median time of an answer, one question at a time.
    async fn one_by_one(&self, customers: u64) -> anyhow::Result<Duration> {
        self.wait().await?;
        let mut connection = Connection::open(self.port).await?;
        let mut times = Vec::new();
        for user in users(0, customers).take(2_000) {
            let began = Instant::now();
            connection.ask(&user).await?;
            times.push(began.elapsed());
        }
        times.sort();
        Ok(times[times.len() / 2])
    }

    async fn wait(&self) -> anyhow::Result<()> {
        for _ in 0..600 {
            if let Ok(mut connection) = Connection::open(self.port).await
                && connection.ready().await.unwrap_or(false)
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("the server does not become ready")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client with little overhead, since the server shares the machine.
struct Connection {
    stream: TcpStream,
    port: u16,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, port, buffer: Vec::with_capacity(64 << 10) })
    }

    async fn ready(&mut self) -> anyhow::Result<bool> {
        let request = format!("GET /health/ready HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n", self.port);
        Ok(self.send(request.as_bytes()).await?.starts_with(b"HTTP/1.1 200"))
    }

    async fn ask(&mut self, user: &str) -> anyhow::Result<()> {
        let body = serde_json::json!({ "query": PROFILE, "variables": { "user": user } }).to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        let answer = self.send(request.as_bytes()).await?;
        let found = String::from_utf8_lossy(answer).contains("{\"data\":{\"customer\":{\"id\":");
        ensure!(found, "not a customer: {}", String::from_utf8_lossy(&answer[..answer.len().min(600)]));
        Ok(())
    }

    /// Sends a request and reads the whole answer, head included.
    async fn send(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.buffer.len() < whole) {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server hung up");
            if whole.is_none()
                && let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n")
            {
                let head = std::str::from_utf8(&self.buffer[..end])?.to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
                whole = Some(end + 4 + length.context("an answer without a length")?.parse::<usize>()?);
            }
        }
        Ok(&self.buffer)
    }
}

/// Statements per second directly over Bolt, from the same number of connections.
async fn bolt_rate(graph: &Arc<Graph>, customers: u64) -> anyhow::Result<f64> {
    let graph = graph.clone();
    together(move |n, until| {
        let graph = graph.clone();
        async move {
            let text = throughline::store::neo4j::whole_customer_statement();
            let mut users = users(n, customers);
            let mut answers = 0;
            while Instant::now() < until {
                let keys = vec![format!("user_id:{}", users.next().context("a user")?)];
                let asked = query(text).param("keys", keys).param("orders", 11).param("touchpoints", 21);
                let mut rows = graph.execute_read(asked).await?;
                let mut found = 0;
                while rows.next().await?.is_some() {
                    found += 1;
                }
                ensure!(found == 1, "{found} customers");
                answers += 1;
            }
            Ok(answers)
        }
    })
    .await
}

/// Runs one task per connection for a round. The answer is the number of answers per second.
async fn together<F>(task: impl Fn(u64, Instant) -> F) -> anyhow::Result<f64>
where
    F: Future<Output = anyhow::Result<u64>> + Send + 'static,
{
    let began = Instant::now();
    let total = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..CONNECTIONS).map(|n| tokio::spawn(task(n, began + ROUND))).collect();
    for done in tasks {
        total.fetch_add(done.await??, Ordering::Relaxed);
    }
    Ok(total.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}

/// Users with an account in a random order, which differs for each connection.
fn users(connection: u64, customers: u64) -> impl Iterator<Item = String> {
    let accounts = accounts(customers);
    (connection * 977..).map(move |n| accounts[(n * 7_919 % accounts.len() as u64) as usize].clone())
}

/// All users with an account.
fn accounts(customers: u64) -> Arc<Vec<String>> {
    static KNOWN: std::sync::Mutex<Option<(u64, Arc<Vec<String>>)>> = std::sync::Mutex::new(None);
    let mut known = KNOWN.lock().expect("no panic under this lock");
    if let Some((size, accounts)) = &*known
        && *size == customers
    {
        return accounts.clone();
    }
    let mut lines = Vec::new();
    generate::write_world(&mut lines, &world(customers)).expect("memory");
    let text = String::from_utf8(lines).expect("a world is text");
    let mut found: Vec<String> = text
        .lines()
        .filter_map(|line| line.split("\"userId\":\"").nth(1)?.split('"').next().map(str::to_owned))
        .collect();
    found.sort();
    found.dedup();
    let found = Arc::new(found);
    *known = Some((customers, found.clone()));
    found
}
