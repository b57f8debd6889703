//! A store with ingest and the GraphQL API.

use std::sync::Arc;

use async_graphql::Request;
use serde_json::{Value, json};
use throughline::changes::feed::Feed;
use throughline::graphql::{self, Schema, Setup, Viewer, with_viewer};
use throughline::ingest::{EventStatus, Ingest, Origin};
use throughline::projection::{Journeys, Options};
use throughline::settings::Settings;
use throughline::store::Store;

/// A store with ingest and the GraphQL API.
pub struct Shop {
    pub store: Arc<dyn Store>,
    pub ingest: Arc<Ingest>,
    pub schema: Schema,
}

impl Shop {
    /// With the default settings, without the projection of journeys.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::of(store, |setup, _| setup)
    }

    /// With the default settings and the projection of journeys.
    pub fn with_journeys(store: Arc<dyn Store>) -> Self {
        let options = Options { file: None, threads: 2, ..Options::of(&Settings::default()) };
        let kept = store.clone();
        Self::of(store, |setup, ingest| setup.with_journeys(Journeys::start(kept, options, ingest.clock().clone())))
    }

    fn of(store: Arc<dyn Store>, complete: impl FnOnce(Setup, &Ingest) -> Setup) -> Self {
        let settings = Settings::default();
        let ingest = Arc::new(Ingest::new(store.clone(), &settings));
        let setup = complete(Setup::new(&settings, ingest.clone()), &ingest);
        let schema = graphql::schema(setup, ingest.clone(), Feed::new(store.clone()));
        Shop { store, ingest, schema }
    }

    /// Ingests events, each of which must be new.
    pub async fn tell(&self, events: impl Into<Value>) {
        let Value::Array(events) = events.into() else { panic!("events come as a list") };
        let told = self.ingest.events(events, Origin::import(None, "shop")).await.expect("the store takes them");
        for outcome in told.outcomes {
            assert_eq!(outcome.status, EventStatus::Created, "{:?}", outcome.problems);
        }
    }

    /// The whole answer to a query.
    pub async fn run(&self, query: &str) -> Value {
        let response = self.schema.execute(with_viewer(Request::new(query), self.store.clone(), Viewer::all())).await;
        serde_json::to_value(response).expect("JSON")
    }

    /// The data of an answer without errors.
    pub async fn ask(&self, query: &str) -> Value {
        let answer = self.run(query).await;
        assert_eq!(answer["errors"], Value::Null, "{query}");
        answer["data"].clone()
    }
}

/// An event of 10 March.
pub fn event(id: &str, time: &str, who: Value, rest: Value) -> Value {
    let mut event = json!({"type": "track", "messageId": id, "timestamp": format!("2026-03-10T{time}:00Z")});
    for part in [who, rest] {
        event.as_object_mut().expect("a map").extend(part.as_object().expect("a map").clone());
    }
    event
}
