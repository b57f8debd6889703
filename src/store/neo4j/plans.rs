//! Tests of the server's plans for the statements of the hot paths. They need a Neo4j, as those in `tests/neo4j` do,
//! and one of them replaces its data, so they run one at a time.

use neo4rs::Graph;
use tokio::sync::{Mutex, MutexGuard};

use super::statement::Statement;
use super::{
    Neo4jOptions, Neo4jStore, changes, customer_list, customers, health, identity_events, orders, rules, status,
    touchpoints, why,
};
use crate::store::Store;

/// A database after a set-up, until the guard is dropped.
async fn server() -> (Graph, MutexGuard<'static, ()>) {
    static ALONE: Mutex<()> = Mutex::const_new(());
    let alone = ALONE.lock().await;
    let url = std::env::var("THROUGHLINE_TEST_NEO4J").expect("a Neo4j that may be wiped");
    let var = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let user = var("THROUGHLINE_TEST_NEO4J_USER", "neo4j");
    let password = var("THROUGHLINE_TEST_NEO4J_PASSWORD", "");
    let options = Neo4jOptions {
        url: url.as_str().into(),
        user: user.as_str().into(),
        password: password.as_str().into(),
        ..Neo4jOptions::default()
    };
    Neo4jStore::connect(options).expect("an address").set_up().await.expect("set up");
    (Graph::new(url, user, password).expect("an address"), alone)
}

/// The plan as the server prints it, one operator a line, the last first.
async fn plan(graph: &Graph, statement: &Statement) -> Vec<String> {
    let explained = async {
        // Rows are pulled, not discarded: a write statement sends its plan only with its rows.
        graph.execute(neo4rs::query(&format!("EXPLAIN {}", statement.text()))).await?.finish().await
    };
    let summary = explained.await.unwrap_or_else(|error| panic!("{}: {error}", statement.name));
    // The driver has no accessor for the plan. The debug text of a summary contains it.
    let printed = format!("{summary:?}").replace("\\n", "\n");
    let lines: Vec<String> =
        printed.lines().filter(|line| line.contains('+') && line.contains('|')).map(Into::into).collect();
    assert!(lines.len() > 2, "no plan in {printed}");
    lines
}

/// How many operators of the plan have this name.
fn count(plan: &[String], operator: &str) -> usize {
    let named = |line: &&String| {
        let name = line.split('+').nth(1).unwrap_or_default();
        name.split(|c: char| !(c.is_alphanumeric() || c == '(' || c == ')')).next() == Some(operator)
    };
    plan.iter().filter(named).count()
}

/// No scan of all nodes of a label.
fn assert_no_scan(statement: &Statement, plan: &[String]) {
    for scan in ["AllNodesScan", "NodeByLabelScan", "NodeIndexScan", "DirectedRelationshipTypeScan"] {
        assert_eq!(count(plan, scan), 0, "{}: {scan} in\n{}", statement.name, plan.join("\n"));
    }
}

/// And no sort except in the merges.
fn assert_lean(statement: &Statement, plan: &[String], merges: usize) {
    assert_no_scan(statement, plan);
    let text = plan.join("\n");
    for sort in ["Sort", "PartialSort"] {
        assert_eq!(count(plan, sort), 0, "{}: {sort} in\n{text}", statement.name);
    }
    let tops = count(plan, "Top") + count(plan, "PartialTop");
    assert_eq!(tops, merges, "{}: {tops} Top, {merges} merges in\n{text}", statement.name);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_whole_customer_sorts_nothing_below_the_merge_of_its_pages() {
    let (graph, _alone) = server().await;
    for (_, statement) in customers::every_shape() {
        let plan = plan(&graph, statement).await;
        let pages = usize::from(statement.text().contains("$touchpoints"));
        // Orders and touchpoints: two index ranges, each with a limit, and two merges.
        assert_lean(statement, &plan, 2 * pages);
        assert_eq!(count(&plan, "Limit"), 2 * pages, "{}", plan.join("\n"));
        // And the two reads of commit markers.
        assert_eq!(count(&plan, "NodeIndexSeek"), 2 + 2 * pages, "{}", plan.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_page_of_a_history_comes_out_of_its_index_in_order() {
    let (graph, _alone) = server().await;
    let forms = [&touchpoints::NEWEST, &touchpoints::OLDEST, &orders::LIST];
    let pages = forms.into_iter().flat_map(|forms| [forms.customer, forms.identifier]);
    for statement in pages.chain([&identity_events::LIST]) {
        let plan = plan(&graph, statement).await;
        assert_lean(statement, &plan, 1);
        assert_eq!(count(&plan, "Limit"), 1, "{}: {}", statement.name, plan.join("\n"));
        assert_eq!(count(&plan, "NodeIndexSeek"), 1, "{}: {}", statement.name, plan.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_run_of_the_change_log_comes_out_of_its_index_in_order() {
    let (graph, _alone) = server().await;
    for statement in [&changes::CHANGES, &status::COUNTER_AND_LOG] {
        let plan = plan(&graph, statement).await;
        assert_lean(statement, &plan, 0);
        assert_eq!(count(&plan, "Limit"), 1, "{}", plan.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_list_of_customers_walks_one_index() {
    let (graph, _alone) = server().await;
    for statement in customer_list::walks().chain([&health::LARGEST]) {
        let plan = plan(&graph, statement).await;
        assert_lean(statement, &plan, 0);
        assert_eq!(count(&plan, "Limit"), 1, "{}: {}", statement.name, plan.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_search_for_a_chain_begins_at_what_it_asks_for() {
    let (graph, _alone) = server().await;
    for statement in [&why::BOUND_LINKS, &why::BOUND_OR_MERGED, &why::LINKS_WITHIN] {
        let plan = plan(&graph, statement).await;
        assert_lean(statement, &plan, 0);
        assert_eq!(count(&plan, "Limit"), 1, "{}: {}", statement.name, plan.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_page_of_claims_goes_from_its_identifiers() {
    let (graph, _alone) = server().await;
    let plan = plan(&graph, &rules::SCAN_CLAIMS).await;
    let text = plan.join("\n");
    assert_no_scan(&rules::SCAN_CLAIMS, &plan);
    assert_eq!((count(&plan, "Top"), count(&plan, "Limit")), (0, 1), "the page is cut in the index's order: {text}");
    assert!(text.contains("IndexSeekByRange"), "{text}");
}

/// The server keeps the plans of a batch's statements, so no plan may be good for a small graph only. The server's
/// statistics of indexes are late: for an index that seems empty, a scan seems as good as a seek. In one case the index
/// of a constraint seemed empty with 20,000 identifiers in it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn what_a_batch_touches_is_found_by_key() {
    /// Labels with nodes that are not in the server's statistics.
    const GROWN: [&[&str]; 5] = [
        &[],
        &["Identifier", "CustomerId:Customer"],
        &["Identifier", "Trait", "Consent", "Evidence", "Decision"],
        &["Message:Touchpoint", "Order", "PastOwner", "Product"],
        &["Device", "Campaign", "Spend", "PendingVisits"],
    ];
    const EMPTY: &str = "MATCH (n) WHERE NOT n:Counter AND NOT n:Schema CALL (n) { DETACH DELETE n } IN TRANSACTIONS";
    let (graph, _alone) = server().await;
    let run = async |text: &str| graph.run(neo4rs::query(text)).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    for labels in GROWN {
        run(EMPTY).await;
        run("CALL db.prepareForReplanning(60)").await;
        for label in labels {
            run(&format!(
                "UNWIND range(1, 3000) AS n CREATE (:{label} {{id: toString(n), key: toString(n), sku: toString(n), \
                 arrival: n, device: n, customer: toString(n), currency: 'GBP', owner: n, carrier: n, at: n, born: n, \
                 placed_at: n, placed_arrival: n, touchpoint: n, until: n}})"
            ))
            .await;
        }
        let mut looked_at = 0;
        for statement in in_batches() {
            let plan = plan(&graph, &statement).await;
            assert_no_scan(&statement, &plan);
            looked_at += 1;
        }
        assert!(looked_at > 60, "{looked_at} statements");
    }
    run(EMPTY).await;
}

/// REMOVE takes no lock when no node ever had the property: the server does not know its name.
#[test]
fn a_lock_is_taken_by_set() {
    let mut locks = 0;
    for (name, text) in files() {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for at in lines.iter().enumerate().filter(|(_, line)| **line == "REMOVE n.locked").map(|(at, _)| at) {
            assert_eq!(lines[at - 1], "SET n.locked = true", "{name}");
            locks += 1;
        }
    }
    assert!(locks > 2, "{locks} locks");
}

/// A statement that begins at nodes of a label must name an index that exists: otherwise the server's choice depends on
/// its statistics. Few statements scan all nodes on purpose.
#[test]
fn every_beginning_names_its_index() {
    /// Statements about all nodes, statements that end at the first node, and statements that people run.
    const WALKS: [&str; 11] = [
        "access_keys/list",
        "changes/update_counter_to_log",
        "customers/part_count",
        "customers/part_fitting",
        "erasures/scan_messages",
        "evidence/update_names",
        "health/count",
        "health/count_names",
        "claims/count_trait",
        "identifiers/count_kind",
        "segments/list",
    ];
    /// Labels with one or two nodes.
    const ALONE: [&str; 2] = ["Counter", "Schema"];
    let indexes = indexes();
    let mut beginnings = 0;
    for (name, text) in files() {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (line, next) in lines.iter().zip(lines.iter().skip(1)) {
            let Some((_, node)) = line.split_once("MATCH ").filter(|_| !line.starts_with("//")) else { continue };
            let node = node.trim_start_matches("chain = ");
            let Some((node, label)) = node.strip_prefix('(').and_then(|node| node.split_once(':')) else { continue };
            let Some((label, rest)) = label.split_once([' ', ')']) else { continue };
            // A node without properties is found through its relationships.
            let begins = node.chars().all(char::is_alphanumeric) && (rest.starts_with('{') || rest.is_empty());
            if begins && !WALKS.contains(&name) && !ALONE.contains(&label) {
                let hint = next.replace("USING TEXT INDEX ", "USING INDEX ");
                let hint = hint.trim_start_matches("USING INDEX ").trim_start_matches("SEEK ");
                let index = hint.strip_prefix(&format!("{node}:")).unwrap_or_else(|| panic!("{name}: {line}: {next}"));
                assert!(indexes.contains(index), "{name}: no index {index}");
                beginnings += 1;
            }
        }
    }
    assert!(beginnings > 180, "{beginnings} beginnings");
}

/// A pattern whose far end has an indexed property has two beginnings, and the server chooses: such a node has a MATCH of
/// its own, with its index.
#[test]
fn a_pattern_has_one_beginning() {
    let indexes = indexes();
    for (name, text) in files() {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        for line in lines.filter(|line| line.contains("MATCH (")) {
            for far in line.split("-(").skip(1).chain(line.split(">(").skip(1)) {
                let node = far.split_once(')').map_or(far, |(node, _)| node);
                let Some((label, property)) = node.split_once(':').and_then(|(_, node)| node.split_once(" {")) else {
                    continue;
                };
                let property = property.split(':').next().unwrap_or_default();
                let begins = |index: &&String| {
                    index
                        .strip_prefix(label)
                        .is_some_and(|of| of.trim_matches(['(', ')']).split(", ").next() == Some(property))
                };
                assert_eq!(indexes.iter().find(begins), None, "{name}: {line}");
            }
        }
    }
}

/// The indexes of the schema, in the form of hints: `Touchpoint(owner, at, arrival)`.
fn indexes() -> std::collections::BTreeSet<String> {
    let schema = include_str!("cypher/schema.cypher");
    let lines: Vec<&str> = schema.lines().filter(|line| !line.starts_with("//")).collect();
    let made = lines.join(" ");
    let index = |one: &str| {
        let (_, node) = one.split_once("FOR (")?;
        let (label, of) = node.split_once(':')?.1.split_once(')')?;
        let of = of.split_once("REQUIRE ").or_else(|| of.split_once("ON "))?.1.trim_end_matches(" IS UNIQUE");
        let names: Vec<&str> =
            of.trim_matches(['(', ')']).split(", ").filter_map(|property| Some(property.split_once('.')?.1)).collect();
        Some(format!("{label}({})", names.join(", ")))
    };
    made.split(';').filter_map(index).collect()
}

/// Every statement of a batch: write statements, except those of a set-up and similar work, and some read statements.
fn in_batches() -> impl Iterator<Item = Statement> {
    const WRITES: [&str; 4] = ["insert", "update", "delete", "lock"];
    const NOT_IN_BATCHES: [&str; 17] = [
        "access_keys/insert",
        "access_keys/insert_next",
        "access_keys/update_revoked",
        "access_keys/update_used",
        "changes/insert_counter",
        "changes/update_counter_to_log",
        "evidence/update_names",
        "health/update",
        "rules/insert",
        "rules/update_applied",
        "schema/insert_tokens",
        "schema/update_version",
        "segments/insert",
        "segments/update_deleted",
        "status/update_probe",
        "words/update_claims",
        "words/update_identifiers",
    ];
    const READS: [&str; 25] = [
        "claims/list",
        "consents/list",
        "consents/list_ever",
        "customers/list_merged",
        "decisions/list",
        "decisions/list_sides",
        "evidence/fetch",
        "evidence/list",
        "evidence/list_latest",
        "identifiers/fetch_member",
        "identifiers/list_keys",
        "identity_events/list_refusals",
        "memberships/fetch_holder_by_key",
        "memberships/list_known",
        "memberships/list_living",
        "messages/fetch_owner",
        "orders/fetch_events",
        "orders/list_owner_keys",
        "schema/fetch_version",
        "touchpoints/fetch_by_arrival",
        "touchpoints/fetch_latest",
        "visits/fetch_pending_of",
        "visits/list_after",
        "visits/list_before",
        "visits/list_shared_with",
    ];
    let of_a_batch = |name: &str| {
        let verb = name.split('/').nth(1).and_then(|rest| rest.split('_').next()).unwrap_or_default();
        READS.contains(&name) || WRITES.contains(&verb) && !NOT_IN_BATCHES.contains(&name)
    };
    files().filter(move |(name, _)| of_a_batch(name)).map(|(name, text)| Statement::of_text(name, &text))
}

/// The files of statements and of their parts: their names, such as `links/fetch`, and the texts.
fn files() -> impl Iterator<Item = (&'static str, String)> {
    let list = |folder: &std::path::Path| {
        std::fs::read_dir(folder).expect("the statements").map(|entry| entry.expect("an entry").path())
    };
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/neo4j/cypher");
    let folders: Vec<_> = list(&root).filter(|path| path.is_dir()).collect();
    folders.into_iter().flat_map(move |folder| list(&folder).collect::<Vec<_>>()).map(move |path| {
        let name = path.strip_prefix(&root).expect("below").with_extension("");
        let name: &'static str = name.to_str().expect("a name").to_owned().leak();
        (name, std::fs::read_to_string(&path).expect("a text"))
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_ping_waits_behind_no_read() {
    let (_graph, _alone) = server().await;
    let url = std::env::var("THROUGHLINE_TEST_NEO4J").expect("there is a server");
    let password = std::env::var("THROUGHLINE_TEST_NEO4J_PASSWORD").unwrap_or_default();
    let options = Neo4jOptions {
        url: url.as_str().into(),
        password: password.as_str().into(),
        pool_size: 1,
        query_timeout: std::time::Duration::from_secs(20),
        ..Neo4jOptions::default()
    };
    let store = std::sync::Arc::new(Neo4jStore::connect(options).expect("an address"));
    static SLOW: Statement =
        Statement::new("slow", &["UNWIND range(1, 2000000000) AS n RETURN sum(n % 7) AS s"], false);
    let busy = store.clone();
    let read = async move { busy.inner.connections.read(&SLOW, super::bolt::Params::new()).await.map(|_| ()) };
    let reading = tokio::spawn(read);
    while store.inner.connections.reading.load(std::sync::atomic::Ordering::Relaxed) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    store.ping().await.expect("an answer");
    assert!(!reading.is_finished(), "the only reader is still at work");
    reading.abort();
}
