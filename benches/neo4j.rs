//! The speed of ingest into the Neo4j store compared with a bare load of the same graph, and of a whole customer compared
//! with the same statement directly over Bolt.
//!
//! `cargo bench --bench neo4j -- [CUSTOMERS]` (default 2,000) on the Neo4j of
//! `THROUGHLINE_TEST_NEO4J`, whose data is deleted.
#![allow(clippy::print_stdout, reason = "a report")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use neo4rs::{BoltList, BoltMap, BoltType, Graph, query};
use throughline::domain::Timestamp;
use throughline::domain::customer::CustomerId;
use throughline::domain::fact::Fact;
use throughline::settings::Settings;
use throughline::stitching::Batch;
use throughline::store::Store;
use throughline::store::neo4j::{Neo4jOptions, Neo4jStore};
use throughline::store::query::{CustomerFilter, CustomerKey, CustomerList, CustomerSort, FirstPages, Shape};

use common::wipe::wipe;
use common::{facts, median};

fn main() -> anyhow::Result<()> {
    let Ok(url) = std::env::var("THROUGHLINE_TEST_NEO4J") else {
        println!("no THROUGHLINE_TEST_NEO4J, so nothing was measured");
        return Ok(());
    };
    let size = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(2_000);
    let options = Neo4jOptions {
        url: url.into(),
        user: std::env::var("THROUGHLINE_TEST_NEO4J_USER").unwrap_or_default().into(),
        password: std::env::var("THROUGHLINE_TEST_NEO4J_PASSWORD").unwrap_or_default().into(),
        ..Neo4jOptions::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(options, size))
}

async fn measure(options: Neo4jOptions, customers: u64) -> anyhow::Result<()> {
    let settings = Settings::default();
    let facts = facts(&settings, customers)?;
    println!("# a world of {customers} customers, {} events", facts.len());
    let graph = Graph::new(&*options.url, &*options.user, &*options.password)?;
    let store = Neo4jStore::connect(options.clone())?;
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
    let (mut ours, mut bare, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    for round in 0..=rounds {
        wipe(&graph).await?;
        store.set_up().await?;
        let applied = apply(&store, &settings, &facts).await?;
        let (nodes, edges) = dump(&graph).await?;
        wipe(&graph).await?;
        let loaded = load(&graph, nodes, edges, &locks(&facts)).await?;
        println!("  round {round}: ours {applied:.2?}, bare {loaded:.2?}");
        // The first round warms the server up.
        if round > 0 {
            ours.push(facts.len() as f64 / applied.as_secs_f64());
            bare.push(facts.len() as f64 / loaded.as_secs_f64());
            shares.push(100.0 * loaded.as_secs_f64() / applied.as_secs_f64());
        }
    }
    let (ours, bare, share) = (median(ours), median(bare), median(shares));
    println!("apply: {ours:.0} events/s, bare load of the same graph {bare:.0} events/s: {share:.0} %");
    print_statements(&metrics);
    wipe(&graph).await?;
    store.set_up().await?;
    apply(&store, &settings, &facts).await?;
    profiles(Arc::new(store)).await
}

/// Prints the time of each statement, the slowest first.
fn print_statements(metrics: &metrics_exporter_prometheus::PrometheusHandle) {
    let text = metrics.render();
    let mut sums: Vec<(f64, &str)> = text
        .lines()
        .filter_map(|line| {
            let (name, sum) = line.strip_prefix("throughline_statement_seconds_sum")?.rsplit_once(' ')?;
            Some((sum.parse().ok()?, name.split("statement=\"").nth(1)?.trim_end_matches("\"}")))
        })
        .collect();
    sums.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (sum, name) in sums.iter().take(24) {
        println!("  {sum:8.3} s {name}");
    }
}

async fn apply(store: &Neo4jStore, settings: &Settings, facts: &[Fact]) -> anyhow::Result<Duration> {
    let rules = settings.identity.rules();
    let batches: Vec<Batch> = facts.chunks(1_000).map(|facts| Batch { facts: facts.to_vec() }).collect();
    let began = Instant::now();
    for batch in &batches {
        store.apply(&rules, batch, Timestamp(1_772_323_200_000)).await?;
    }
    Ok(began.elapsed())
}

/// A label, the key property of its nodes, and the expression for the batch that created a node.
const KEYS: [(&str, &str); 13] = [
    ("CustomerId", "id"),
    ("Identifier", "id"),
    ("Message", "id"),
    ("Order", "key"),
    ("Device", "key"),
    ("Product", "sku"),
    ("Campaign", "key"),
    ("Trait", "arrival"),
    ("Consent", "arrival"),
    ("Change", "seq"),
    ("Evidence", "arrival"),
    ("IdentityEvent", "arrival"),
    ("Spend", "customer"),
];

type Nodes = BTreeMap<i64, BTreeMap<String, Vec<BoltType>>>;
type Edges = BTreeMap<i64, BTreeMap<(String, String, String), Vec<BoltType>>>;

/// The graph, by the batch that created each part.
async fn dump(graph: &Graph) -> anyhow::Result<(Nodes, Edges)> {
    let mut nodes = Nodes::new();
    let mut made: std::collections::HashMap<i64, (i64, usize, BoltType)> = std::collections::HashMap::new();
    let mut rows = graph.execute(query("MATCH (n) RETURN id(n) AS n, labels(n) AS labels, properties(n) AS p")).await?;
    while let Some(row) = rows.next().await? {
        let labels: Vec<String> = row.get("labels")?;
        let Some(key) = KEYS.iter().position(|(label, _)| labels.iter().any(|l| l == label)) else { continue };
        let p: BoltMap = row.get("p")?;
        let whole = |name: &str| p.get::<i64>(name).ok();
        let batch = match KEYS[key].0 {
            "Identifier" => whole("id").map(|id| id >> 20),
            "CustomerId" | "Spend" => whole("born").map(|born| born >> 20),
            "Change" => whole("seq"),
            "Order" => whole("placed_arrival").map(|a| a >> 20),
            _ => whole("arrival").map(|a| a >> 20),
        };
        let batch = batch.unwrap_or(1);
        let id: i64 = row.get("n")?;
        made.insert(id, (batch, key, p.value[KEYS[key].1].clone()));
        nodes.entry(batch).or_default().entry(labels.join(":")).or_default().push(BoltType::Map(p));
    }
    let mut edges = Edges::new();
    let all = "MATCH (a)-[r]->(b) RETURN id(a) AS a, id(b) AS b, type(r) AS t, properties(r) AS p";
    let mut rows = graph.execute(query(all)).await?;
    while let Some(row) = rows.next().await? {
        let (a, b) = (&made[&row.get::<i64>("a")?], &made[&row.get::<i64>("b")?]);
        let side = |key: usize| format!("{} {{{}: ", KEYS[key].0, KEYS[key].1);
        let line = vec![a.2.clone(), b.2.clone(), BoltType::Map(row.get::<BoltMap>("p")?)];
        let kind = (row.get::<String>("t")?, side(a.1), side(b.1));
        edges.entry(a.0.max(b.0)).or_default().entry(kind).or_default().push(BoltType::List(BoltList::from(line)));
    }
    Ok((nodes, edges))
}

/// The keys of the identifiers and of the orders that a batch names.
type Locks = (Vec<String>, Vec<String>);

/// The locks of each batch.
fn locks(facts: &[Fact]) -> Vec<Locks> {
    let of_batch = |facts: &[Fact]| {
        let batch = Batch { facts: facts.to_vec() };
        let identifiers = batch.identifiers().into_iter().map(|key| key.to_string()).collect();
        let orders = batch.orders().into_iter().map(|key| format!("{}\n{}", key.source, key.number)).collect();
        (identifiers, orders)
    };
    facts.chunks(1_000).map(of_batch).collect()
}

/// A batch's locks on existing nodes: identifiers, their customers, orders, the counter.
const LOCKS: [&str; 3] = [
    "UNWIND $identifiers AS key MATCH (i:Identifier {key: key}) SET i.kind = i.kind WITH collect(i) AS locked \
     UNWIND locked AS i MATCH (c:Customer)-[:IDENTIFIED_BY]->(i) WITH DISTINCT c ORDER BY c.id \
     SET c.version = c.version + 1",
    "UNWIND $orders AS key MATCH (o:Order {key: key}) SET o.number = o.number",
    "MERGE (n:Counter {name: 'changes'}) SET n.seq = coalesce(n.seq, 0) + 1",
];

/// Writes the same locks, nodes and edges with bare UNWINDs, one transaction per batch. Like the store's own statements,
/// these keep their first query plan.
async fn load(graph: &Graph, nodes: Nodes, mut edges: Edges, locks: &[Locks]) -> anyhow::Result<Duration> {
    let query = |text: &str| query(&format!("CYPHER replan=skip {text}"));
    let began = Instant::now();
    anyhow::ensure!(nodes.len() == locks.len(), "{} changes of {} batches", nodes.len(), locks.len());
    for ((batch, nodes), (identifiers, orders)) in nodes.into_iter().zip(locks) {
        let mut txn = graph.start_txn().await?;
        for lock in LOCKS {
            let lock = query(lock).param("identifiers", identifiers.as_slice());
            txn.run(lock.param("orders", orders.as_slice())).await?;
        }
        for (labels, rows) in nodes {
            let text = format!("UNWIND $rows AS row CREATE (n:{labels}) SET n = row");
            txn.run(query(&text).param("rows", rows)).await?;
        }
        for ((kind, a, b), rows) in edges.remove(&batch).unwrap_or_default() {
            let text = format!(
                "UNWIND $rows AS row MATCH (a:{a}row[0]}}) MATCH (b:{b}row[1]}}) CREATE (a)-[r:{kind}]->(b) SET r = row[2]"
            );
            txn.run(query(&text).param("rows", rows)).await?;
        }
        txn.commit().await?;
    }
    Ok(began.elapsed())
}

/// Whole customers, sixteen at a time.
async fn profiles(store: Arc<dyn Store>) -> anyhow::Result<()> {
    let filter = CustomerFilter { order_count: (Some(5), None), ..CustomerFilter::default() };
    let list = CustomerList { filter, sort: CustomerSort::Created, descending: false, after: None, limit: 500 };
    let ids: Vec<CustomerId> = store.list_customers(&list).await?.items.into_iter().map(|(id, _)| id).collect();
    anyhow::ensure!(!ids.is_empty(), "nobody with 5 orders");
    println!("profiles of {} customers with 5 orders or more:", ids.len());
    for shape in [Shape::Card, Shape::Identity, Shape::History, Shape::All] {
        for count in [60, 250] {
            let began = Instant::now();
            let many = (0..16).map(|n| {
                let (store, ids) = (store.clone(), ids.clone());
                tokio::spawn(async move {
                    for id in ids.iter().cycle().skip(n * 7).take(count) {
                        let pages = FirstPages { orders: 10, touchpoints: 20 };
                        let answers = store.customers(&[CustomerKey::Id(id.clone())], shape, pages).await?;
                        anyhow::ensure!(answers[0].as_ref().is_ok_and(Option::is_some), "a customer is not there");
                    }
                    anyhow::Ok(())
                })
            });
            for one in futures_util::future::join_all(many).await {
                one??;
            }
            // The first, shorter run is the warm-up.
            if count == 250 {
                println!(
                    "  {shape:?}: {:.0} a second from 16 callers",
                    16.0 * count as f64 / began.elapsed().as_secs_f64()
                );
            }
        }
    }
    Ok(())
}
