//! The parts put together: store, ingest, schema, HTTP.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use super::identity::{self, IdentityWatch};
use super::import::{self, ImportArgs};
use super::journeys::JourneysArgs;
use crate::changes::feed::Feed;
use crate::graphql::execute::Api;
use crate::graphql::{self, Setup, Viewer, status};
use crate::http::app::State;
use crate::http::metrics::Metrics;
use crate::http::readiness::Readiness;
use crate::http::sockets::Sockets;
use crate::ingest::Ingest;
use crate::ingest::visits::VisitsKeeper;
use crate::projection::{Journeys, Options};
use crate::rules::sync::RulesSync;
use crate::settings::Settings;
use crate::store::{Store, open};

/// A store and what works on it.
pub(super) struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) ingest: Arc<Ingest>,
    setup: Setup,
    identity: Arc<IdentityWatch>,
    feed: Arc<Feed>,
    sockets: Sockets,
    rules_sync: RulesSync,
    journeys: Journeys,
    visits: VisitsKeeper,
}

impl Engine {
    /// Opens the store, which may be away, and starts what works on it.
    pub(super) fn start(settings: &Settings) -> anyhow::Result<Self> {
        let store = open::open(&settings.store)?;
        let ingest = Arc::new(Ingest::new(store.clone(), settings));
        let (feed, sockets) = (Feed::new(store.clone()), Sockets::at_most(settings.server.max_sockets));
        let judging = ingest.clone();
        let identity = Arc::new(IdentityWatch::new(store.clone(), move || judging.max_identifiers()));
        let rules_sync = RulesSync::start(store.clone(), ingest.clone());
        let visits = VisitsKeeper::start(ingest.clone());
        let journeys = Journeys::start(store.clone(), Options::of(settings), ingest.clock().clone());
        let setup = Setup::new(settings, ingest.clone()).with_journeys(journeys.clone());
        Ok(Self { store, ingest, setup, identity, feed, sockets, rules_sync, journeys, visits })
    }

    /// What the server needs to answer.
    pub(super) fn state(&self, listen: SocketAddr) -> anyhow::Result<State> {
        let schema = graphql::schema(self.setup.clone(), self.ingest.clone(), self.feed.clone());
        let of_valid = graphql::schema_of_valid(self.setup.clone(), self.ingest.clone(), self.feed.clone());
        let alone = graphql::schema_of_fields_alone(self.setup.clone(), self.ingest.clone(), self.feed.clone());
        let store = self.store.clone();
        let attach = move |request| graphql::with_viewer(request, store.clone(), Viewer::all());
        let store = self.store.clone();
        let api = Api::new(schema, attach).context("the schema cannot be read")?;
        let api = api.running_valid_by(of_valid).running_fields_alone_by(alone).sharing(self.store.share());
        let api = api.reading_first("status", move |request| status::read_first(store.clone(), request));
        let (store, watch) = (self.store.clone(), self.identity.clone());
        let metrics = Metrics::begin().context("cannot begin to measure")?;
        identity::describe();
        Ok(State {
            api,
            readiness: Readiness::starting(),
            metrics,
            gauges: Arc::new(move || store.gauges()),
            refresh: Arc::new(move || {
                let watch = watch.clone();
                Box::pin(async move { watch.look().await })
            }),
            sockets: self.sockets.clone(),
            listen,
        })
    }

    /// Takes no more events and returns when all that were acknowledged are safe.
    pub(super) async fn close(self) {
        self.rules_sync.close().await;
        self.visits.close().await;
        self.ingest.close().await;
        self.journeys.close().await;
        self.store.close().await;
    }
}

/// `throughline import`, with a store that is there.
pub(super) async fn import(args: ImportArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, import::run(&args, &settings, store.clone()).await).await
}

/// `throughline restitch`, with a store that is there.
pub(super) async fn restitch(settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, super::restitch::run(&settings, store.clone()).await).await
}

/// `throughline journeys`, with a store that is there.
pub(super) async fn journeys(args: JourneysArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, super::journeys::run(&args, &settings, store.clone()).await).await
}

/// Ends the store behind what was done with it.
async fn closing<T>(store: &Arc<dyn Store>, done: T) -> T {
    store.close().await;
    done
}
