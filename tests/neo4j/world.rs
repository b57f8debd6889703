//! A Neo4j to test on, wiped for each test, and facts to put into it.

use std::sync::Arc;
use std::time::Duration;

use throughline::domain::Timestamp;
use throughline::domain::fact::{Fact, FactIdentifier};
use throughline::domain::identifier::IdentifierKey;
use throughline::domain::rules::{IdentityRules, KindRule};
use throughline::domain::touchpoint::{Direction, TouchpointFact};
use throughline::stitching::Batch;
use throughline::store::neo4j::{Neo4jOptions, Neo4jStore};
use throughline::store::query::{CustomerKey, FirstPages, Shape};
use throughline::store::{Reads, Store, StoreError};

use crate::common::stores;

/// One database, so one test at a time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The database, for as long as a test runs.
pub(crate) struct World {
    pub(crate) options: Neo4jOptions,
    pub(crate) store: Neo4jStore,
    _alone: tokio::sync::MutexGuard<'static, ()>,
}

/// How the test server is reached, with less patience than a person has.
pub(crate) fn options() -> Option<Neo4jOptions> {
    let options = stores::neo4j_options()?;
    Some(Neo4jOptions { query_timeout: Duration::from_secs(20), ..options })
}

impl World {
    /// An empty database with a store on it.
    pub(crate) async fn empty() -> Option<World> {
        let options = options()?;
        let alone = ALONE.lock().await;
        wipe(&options).await;
        let store = Neo4jStore::connect(options.clone()).expect("an address");
        store.set_up().await.expect("set up");
        Some(World { options, store, _alone: alone })
    }

    /// Another server on the same database.
    pub(crate) fn server(&self, change: impl FnOnce(&mut Neo4jOptions)) -> Neo4jStore {
        let mut options = self.options.clone();
        change(&mut options);
        Neo4jStore::connect(options).expect("an address")
    }
}

/// A connection of the test's own.
pub(crate) async fn graph(options: &Neo4jOptions) -> neo4rs::Graph {
    neo4rs::Graph::new(&*options.url, &*options.user, &*options.password).expect("an address")
}

async fn wipe(options: &Neo4jOptions) {
    crate::common::wipe::wipe(&graph(options).await).await.expect("a database to wipe");
}

/// One number out of a statement.
pub(crate) async fn number(options: &Neo4jOptions, statement: &str) -> i64 {
    let mut rows = graph(options).await.execute(neo4rs::query(statement)).await.expect("an answer");
    let row = rows.next().await.expect("an answer").expect("a row");
    row.get("n").expect("a number")
}

/// One user_id on a customer, as many of the others as come.
pub(crate) fn rules() -> IdentityRules {
    let kind = |name: &str, limit, device| KindRule {
        name: name.into(),
        limit,
        device,
        merges: true,
        parts_since: 0,
        blocked: [].into(),
    };
    IdentityRules {
        version: 1,
        kinds: vec![kind("user_id", Some(1), false), kind("email", None, false), kind("anonymous_id", None, true)],
        max_identifiers: 200,
        session_gap: throughline::domain::Duration::from_secs(1_800),
    }
}

/// A page view under these identifiers, `kind:value`, strongest first.
pub(crate) fn fact(message_id: &str, at: i64, identifiers: &[&str]) -> Fact {
    let identifiers = identifiers.iter().map(|text| {
        let (kind, value) = text.split_once(':').expect("kind:value");
        FactIdentifier { key: IdentifierKey::new(kind, value), listed: true }
    });
    Fact {
        touchpoint: Some(TouchpointFact {
            kind: "view".into(),
            name: "Home".into(),
            channel: "website".into(),
            direction: Direction::Inbound,
            session_id: None,
            campaign: None,
            properties: None,
        }),
        ..Fact::naming(message_id, "test", Timestamp(at), identifiers.collect())
    }
}

/// A batch of one fact.
pub(crate) fn one(message_id: &str, at: i64, identifiers: &[&str]) -> Batch {
    Batch { facts: vec![fact(message_id, at, identifiers)] }
}

/// The id of who holds `kind:value`.
pub(crate) async fn holder(store: &Neo4jStore, text: &str) -> Option<Arc<str>> {
    let (kind, value) = text.split_once(':').expect("kind:value");
    let keys = [CustomerKey::Identifier(IdentifierKey::new(kind, value))];
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let mut answers = store.customers(&keys, Shape::Card, pages).await.expect("an answer");
    let answer: Result<_, StoreError> = answers.remove(0);
    answer.expect("an answer").map(|view| view.customer.id.0.clone())
}
