//! Gives each case a store with nothing in it.

use crate::common::stores;
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
            #[ignore = "needs a Neo4j: `make test` starts one"]
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
    stores::run(async { case(World::new(stores::sqlite(folder.path()).await)).await });
}

/// Runs a case on the test Neo4j.
pub(crate) fn on_neo4j<F: Future<Output = ()>>(case: impl FnOnce(World) -> F) {
    let options = stores::neo4j_options();
    let _alone = stores::alone();
    stores::run(async { case(World::new(stores::neo4j(options).await)).await });
}
