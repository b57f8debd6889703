//! Empty stores.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use throughline::store::Store;
use throughline::store::neo4j::{Neo4jOptions, Neo4jStore};
use throughline::store::sqlite::{SqliteOptions, SqliteStore};

use super::wipe::wipe;

/// An empty SQLite store.
pub async fn sqlite(folder: &Path) -> Arc<dyn Store> {
    let options = SqliteOptions { readers: 2, synchronous_full: false, ..SqliteOptions::default() };
    let store = SqliteStore::open(&folder.join("test.db"), options).expect("a store");
    store.set_up().await.expect("a database");
    Arc::new(store)
}

/// Another server on the file of [`sqlite`].
#[allow(dead_code, reason = "not every target has several servers")]
pub async fn another_sqlite(folder: &Path, cache_bytes: u64) -> Arc<dyn Store> {
    let options = SqliteOptions { readers: 1, synchronous_full: false, cache_bytes, ..SqliteOptions::default() };
    let store = SqliteStore::open(&folder.join("test.db"), options).expect("a store");
    store.set_up().await.expect("a database");
    Arc::new(store)
}

/// Another server on the Neo4j of [`neo4j`].
#[allow(dead_code, reason = "not every target has several servers")]
pub async fn another_neo4j(options: Neo4jOptions, cache_bytes: u64) -> Arc<dyn Store> {
    let store = Neo4jStore::connect(Neo4jOptions { cache_bytes, ..options }).expect("an address");
    store.set_up().await.expect("a database");
    Arc::new(store)
}

/// The Neo4j of `THROUGHLINE_TEST_NEO4J`, emptied. It has one database, so a test takes [`alone`] first.
pub async fn neo4j(options: Neo4jOptions) -> Arc<dyn Store> {
    let graph = neo4rs::Graph::new(&*options.url, &*options.user, &*options.password).expect("an address");
    wipe(&graph).await.expect("a database to wipe");
    let store = Neo4jStore::connect(options).expect("an address");
    store.set_up().await.expect("a database");
    Arc::new(store)
}

/// Held while a test uses Neo4j.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The address of the test Neo4j. A test that asks for it is `#[ignore]`d, so that `cargo test` without a Neo4j
/// says so; `make test` includes these tests.
pub fn neo4j_options() -> Neo4jOptions {
    let url =
        std::env::var("THROUGHLINE_TEST_NEO4J").expect("a Neo4j that may be wiped: `scripts/neo4j start` gives one");
    let var = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    Neo4jOptions {
        url: url.into(),
        user: var("THROUGHLINE_TEST_NEO4J_USER", "neo4j").into(),
        password: var("THROUGHLINE_TEST_NEO4J_PASSWORD", "").into(),
        ..Neo4jOptions::default()
    }
}

/// Runs a test to its end.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(test);
}

/// Makes a test of each case for each store, with the cases' names as given; a case takes what `$new` makes of
/// a store.
macro_rules! on_both {
    ($new:path: $($case:ident => $sqlite:ident, $neo4j:ident;)+) => {
        $(#[test]
        fn $sqlite() {
            let folder = tempfile::tempdir().expect("a folder");
            $crate::common::stores::run(async { $case($new($crate::common::stores::sqlite(folder.path()).await)).await });
        }

        #[test]
        #[ignore = "needs a Neo4j: `make test` starts one"]
        fn $neo4j() {
            let options = $crate::common::stores::neo4j_options();
            let _alone = $crate::common::stores::alone();
            $crate::common::stores::run(async { $case($new($crate::common::stores::neo4j(options).await)).await });
        })+
    };
}
pub(crate) use on_both;
