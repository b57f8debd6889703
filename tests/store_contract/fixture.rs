//! Gives each case a store with nothing in it.

use std::future::Future;
use std::sync::Arc;

use throughline::store::Store;
use throughline::store::neo4j::{Neo4jOptions, Neo4jStore};
use throughline::store::sqlite::{SqliteOptions, SqliteStore};

use crate::common::world::World;

/// Makes a test of each case for each store.
macro_rules! cases {
    ($($case:ident,)+) => {
        mod sqlite {
            $(#[test]
            fn $case() {
                crate::fixture::on_sqlite(super::$case);
            })+
        }
        mod neo4j {
            $(#[test]
            fn $case() {
                crate::fixture::on_neo4j(super::$case);
            })+
        }
    };
}
pub(crate) use cases;

/// Runs a case on a file of its own.
pub(crate) fn on_sqlite<F: Future<Output = ()>>(case: impl FnOnce(World) -> F) {
    let folder = tempfile::tempdir().expect("a folder");
    run(async {
        let options = SqliteOptions { readers: 2, ..SqliteOptions::default() };
        let store = SqliteStore::open(&folder.path().join("case.db"), options).expect("a store");
        store.set_up().await.expect("a database");
        case(World::new(Arc::new(store))).await;
    });
}

/// Runs a case on the Neo4j that `THROUGHLINE_TEST_NEO4J` names, emptied; it has one database, so one
/// case at a time. Without a server the case is skipped, and in CI it fails.
pub(crate) fn on_neo4j<F: Future<Output = ()>>(case: impl FnOnce(World) -> F) {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let Some(options) = neo4j_options() else { return };
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    run(async {
        let graph = neo4rs::Graph::new(&*options.url, &*options.user, &*options.password).expect("an address");
        let wipe = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS";
        graph.run(neo4rs::query(wipe)).await.expect("a database to wipe");
        let store = Neo4jStore::connect(options).expect("an address");
        store.set_up().await.expect("a database");
        case(World::new(Arc::new(store))).await;
    });
}

fn neo4j_options() -> Option<Neo4jOptions> {
    let Ok(url) = std::env::var("THROUGHLINE_TEST_NEO4J") else {
        assert!(std::env::var("CI").is_err(), "CI needs THROUGHLINE_TEST_NEO4J");
        eprintln!("SKIPPED on Neo4j: no THROUGHLINE_TEST_NEO4J; `scripts/neo4j start` gives one");
        return None;
    };
    let var = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    Some(Neo4jOptions {
        url: url.into(),
        user: var("THROUGHLINE_TEST_NEO4J_USER", "neo4j").into(),
        password: var("THROUGHLINE_TEST_NEO4J_PASSWORD", "").into(),
        ..Neo4jOptions::default()
    })
}

fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(case);
}
