//! Gives each case a store with nothing in it.

use std::future::Future;
use std::sync::Arc;

use throughline::store::Store;
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

fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(case);
}
