//! Tests that no statement reads more rows than it needs, by SQLite's query plans.

use rusqlite::Connection;

use super::statement::Statement;
use super::*;

/// Statements that read every key, customer or identifier on purpose, or group a history by channel and time.
const MAY_SCAN: &[&str] = &[
    "access_keys/list",
    "claims/count_trait",
    "customers/count",
    "customers/scan_created",
    "erasures/count_any",
    "erasures/count_suppressed",
    "erasures/fetch_unclean",
    "erasures/delete_unclean",
    "erasures/scan_holders",
    "erasures/scan_messages",
    "erasures/scan_orders",
    "erasures/scan_skus",
    "identifiers/count_kind",
    "identifiers/list_figures_as_of",
    "segments/count",
    "segments/list",
    "sweeps/insert_all",
    "sweeps/list",
    "touchpoints/count_in_buckets",
    "touchpoints/count_in_buckets_as_of",
    "words/scan_claims",
    "words/scan_identifiers",
];

fn all_statements() -> Vec<&'static Statement> {
    STATEMENTS.iter().copied().flatten().collect()
}

fn database() -> Connection {
    let mut db = Connection::open_in_memory().expect("a database in memory");
    set_up::set_up(&mut db).expect("the schema");
    db
}

/// The lines of SQLite's plan for a statement.
fn plan(db: &Connection, statement: &Statement) -> Vec<String> {
    let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {}", statement.sql)).expect(statement.name);
    let parameters = vec![rusqlite::types::Value::Null; explain.parameter_count()];
    let lines = explain.query_map(rusqlite::params_from_iter(parameters), |row| row.get(3)).expect(statement.name);
    lines.map(|line| line.expect(statement.name)).collect()
}

#[test]
fn no_statement_scans_a_table_or_sorts() {
    let db = database();
    for statement in all_statements().iter().filter(|s| !MAY_SCAN.contains(&s.name)) {
        for line in plan(&db, statement) {
            // `json_each` gives the few values of a parameter.
            let scans = line.starts_with("SCAN ")
                && !line.contains("VIRTUAL TABLE")
                && !line.contains("CONSTANT ROW")
                && !line.starts_with("SCAN now")
                && !line.starts_with("SCAN part");
            assert!(!scans && !line.contains("TEMP B-TREE"), "{}: {line}", statement.name);
        }
    }
}

#[test]
fn pages_seek_their_place_in_the_index() {
    let db = database();
    let seeks = [
        ("touchpoints/list_newest", "touchpoint_by_owner (owner=? AND at>? AND (at,place)<(?,?))"),
        ("touchpoints/list_oldest", "touchpoint_by_owner (owner=? AND (at,place)>(?,?) AND at<?)"),
        ("orders/list", "orders_by_owner (owner=? AND placed_at>? AND (placed_at,placed_arrival)<(?,?))"),
        ("touchpoints/scan", "touchpoint USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("touchpoints/scan_all", "touchpoint USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("customers/scan", "customer USING COVERING INDEX sqlite_autoindex_customer_1 (id>?)"),
        ("consents/scan_held", "gave_now (identifier>?)"),
        ("changes/list", "change USING INTEGER PRIMARY KEY (rowid>?)"),
        ("customers/list_by_last_seen_down", "customer_by_last_seen (last_seen_at>? AND (last_seen_at,place)<(?,?))"),
        ("customers/list_by_spend_down", "customer_spend_by_net (currency=? AND (net,customer)<(?,?))"),
    ];
    for (name, seek) in seeks {
        let statements = all_statements();
        let statement = statements.iter().find(|s| s.name == name).expect(name);
        let plan = plan(&db, statement).join("\n");
        assert!(plan.contains(seek), "{name}: {plan}");
    }
}
