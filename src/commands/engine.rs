//! Puts the parts together: store, ingest, GraphQL, HTTP.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use super::erase::{self, EraseArgs};
use super::export::{self, ExportArgs};
use super::identity::{self, IdentityWatch};
use super::import::{self, ImportArgs};
use super::journeys::JourneysArgs;
use super::segments::SegmentsArgs;
use super::subject::{self, SubjectArgs};
use crate::access::{Callers, Policy};
use crate::changes::feed::Feed;
use crate::domain::purpose::Purposes;
use crate::graphql::identities::Identities;
use crate::graphql::{self, Setup};
use crate::http::app::State;
use crate::http::metrics::Metrics;
use crate::http::readiness::Readiness;
use crate::http::sockets::Sockets;
use crate::ingest::Ingest;
use crate::ingest::visits::VisitsKeeper;
use crate::members::live::LiveSegments;
use crate::projection::{Journeys, Options};
use crate::rules::sync::RulesSync;
use crate::settings::{ServerSettings, Settings};
use crate::store::{Store, open};

/// A store and the tasks that work on it.
pub(super) struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) ingest: Arc<Ingest>,
    setup: Setup,
    identity: Arc<IdentityWatch>,
    feed: Arc<Feed>,
    sockets: Sockets,
    rules_sync: RulesSync,
    live: LiveSegments,
    journeys: Journeys,
    visits: VisitsKeeper,
    access: Option<Arc<Callers>>,
    purposes: Arc<Purposes>,
}

impl Engine {
    /// Opens the store, which may be away, and starts the tasks.
    pub(super) fn start(settings: &Settings) -> anyhow::Result<Self> {
        let store = open::open(&settings.store)?;
        let ingest = Arc::new(Ingest::new(store.clone(), settings));
        let (feed, sockets) = (Feed::new(store.clone()), Sockets::at_most(settings.server.max_sockets));
        let judging = ingest.clone();
        let identity = Arc::new(IdentityWatch::new(store.clone(), move || judging.max_identifiers()));
        let rules_sync = RulesSync::start(store.clone(), ingest.clone());
        let visits = VisitsKeeper::start(ingest.clone());
        let erased = store.clone();
        // An erasure of before may have been stopped before its last step.
        tokio::spawn(async move {
            erased.until_set_up().await;
            if let Err(error) = erased.clean_up().await {
                tracing::warn!(%error, "what an erasure left in the files of the store was not overwritten yet");
            }
        });
        let journeys = Journeys::start(store.clone(), Options::of(settings), ingest.clock().clone());
        let setup = Setup::new(settings, ingest.clone()).with_journeys(journeys.clone());
        let live = LiveSegments::start(store.clone(), graphql::live_options(&setup, &ingest));
        let access = settings
            .access
            .as_ref()
            .map(|_| Callers::start(store.clone(), ingest.clock().clone(), Policy::new(settings)));
        let purposes = Arc::new(settings.privacy.purposes.clone());
        Ok(Self { store, ingest, setup, identity, feed, sockets, rules_sync, live, journeys, visits, access, purposes })
    }

    /// The state of the HTTP app.
    pub(super) fn state(&self, server: &ServerSettings, listen: SocketAddr) -> anyhow::Result<State> {
        let api = graphql::api(&self.store, self.setup.clone(), self.ingest.clone(), self.feed.clone())?;
        let (store, watch) = (self.store.clone(), self.identity.clone());
        let metrics = Metrics::begin().context("cannot begin to measure")?;
        identity::describe();
        Ok(State {
            api,
            identities: Arc::new(Identities::new(self.store.clone(), self.ingest.clone())),
            events: self.ingest.clone(),
            readiness: Readiness::starting(),
            metrics,
            gauges: Arc::new(move || store.gauges()),
            refresh: Arc::new(move || {
                let watch = watch.clone();
                Box::pin(async move { watch.refresh().await })
            }),
            sockets: self.sockets.clone(),
            access: self.access.clone(),
            purposes: self.purposes.clone(),
            listen,
            allowed_origins: server.allowed_origins.as_slice().into(),
            trusted_proxies: server.trusted_proxies.as_slice().into(),
        })
    }

    /// Accepts no more events, and returns when all acknowledged events are stored.
    pub(super) async fn close(self) {
        if let Some(access) = &self.access {
            access.close().await;
        }
        self.rules_sync.close().await;
        self.visits.close().await;
        self.ingest.close().await;
        self.live.close().await;
        self.setup.everybody.close();
        self.journeys.close().await;
        self.store.close().await;
    }
}

/// `throughline import`, with an open store.
pub(super) async fn import(args: ImportArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, import::run(&args, &settings, store.clone()).await).await
}

/// `throughline export`, with an open store.
pub(super) async fn export(args: ExportArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, export::run(&args, &settings, store.clone()).await).await
}

/// `throughline subject`, with an open store.
pub(super) async fn subject(args: SubjectArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, subject::run(&args, &settings, store.clone()).await).await
}

/// `throughline erase`, with an open store.
pub(super) async fn erase(args: EraseArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, erase::run(&args, &settings, store.clone()).await).await
}

/// `throughline restitch`, with an open store.
pub(super) async fn restitch(settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, super::restitch::run(&settings, store.clone()).await).await
}

/// `throughline journeys`, with an open store.
pub(super) async fn journeys(args: JourneysArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, super::journeys::run(&args, &settings, store.clone()).await).await
}

/// `throughline segments`, with an open store.
pub(super) async fn segments(args: SegmentsArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    closing(&store, super::segments::run(&args, &settings, store.clone()).await).await
}

/// Closes the store and returns the result.
async fn closing<T>(store: &Arc<dyn Store>, done: T) -> T {
    store.close().await;
    done
}
