//! A Neo4j for tests, which is emptied for each test, and facts for it.

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

/// There is one database, so one test runs at a time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The database during a test.
pub(crate) struct World {
    pub(crate) options: Neo4jOptions,
    pub(crate) store: Neo4jStore,
    _alone: tokio::sync::MutexGuard<'static, ()>,
}

/// The options of the test server, with short time limits.
pub(crate) fn options() -> Neo4jOptions {
    Neo4jOptions { query_timeout: Duration::from_secs(20), ..stores::neo4j_options() }
}

impl World {
    /// A store on an empty database.
    pub(crate) async fn empty() -> World {
        let options = options();
        let alone = ALONE.lock().await;
        wipe(&options).await;
        let store = Neo4jStore::connect(options.clone()).expect("an address");
        store.set_up().await.expect("set up");
        World { options, store, _alone: alone }
    }

    /// Another server on the same database.
    pub(crate) fn server(&self, change: impl FnOnce(&mut Neo4jOptions)) -> Neo4jStore {
        let mut options = self.options.clone();
        change(&mut options);
        Neo4jStore::connect(options).expect("an address")
    }
}

/// A connection for the test itself.
pub(crate) async fn graph(options: &Neo4jOptions) -> neo4rs::Graph {
    neo4rs::Graph::new(&*options.url, &*options.user, &*options.password).expect("an address")
}

async fn wipe(options: &Neo4jOptions) {
    crate::common::wipe::wipe(&graph(options).await).await.expect("a database to wipe");
}

/// The number that a statement returns.
pub(crate) async fn number(options: &Neo4jOptions, statement: &str) -> i64 {
    let mut rows = graph(options).await.execute(neo4rs::query(statement)).await.expect("an answer");
    let row = rows.next().await.expect("an answer").expect("a row");
    row.get("n").expect("a number")
}

/// Rules with one user_id per customer and no other limits.
pub(crate) fn rules() -> IdentityRules {
    let kind = |name: &str, limit, device| KindRule {
        name: name.into(),
        limit,
        device,
        merges: true,
        parts_since: 0,
        composite: false,
        blocked: Arc::default(),
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

/// The id of the customer of `kind:value`.
pub(crate) async fn holder(store: &Neo4jStore, text: &str) -> Option<Arc<str>> {
    let (kind, value) = text.split_once(':').expect("kind:value");
    let keys = [CustomerKey::Identifier(IdentifierKey::new(kind, value))];
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let mut answers = store.customers(&keys, Shape::Card, pages).await.expect("an answer");
    let answer: Result<_, StoreError> = answers.remove(0);
    answer.expect("an answer").map(|view| view.customer.id.0.clone())
}
