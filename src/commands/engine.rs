//! The parts put together: store, ingest, schema, HTTP.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use super::import::{self, ImportArgs};
use crate::domain::claim::{TraitPolicies, TraitPolicy};
use crate::graphql::execute::Api;
use crate::graphql::{self, Setup, Viewer};
use crate::http::app::State;
use crate::http::metrics::Metrics;
use crate::http::readiness::Readiness;
use crate::ingest::{Ingest, clock};
use crate::settings::{self, Settings};
use crate::store::{Store, open};

/// A store and what works on it.
pub(super) struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) ingest: Arc<Ingest>,
    traits: TraitPolicies,
}

impl Engine {
    /// Opens the store, which may be away, and starts what works on it.
    pub(super) fn start(settings: &Settings) -> anyhow::Result<Self> {
        let store = open::open(&settings.store)?;
        let ingest = Arc::new(Ingest::new(store.clone(), settings));
        Ok(Self { store, ingest, traits: policies(&settings.traits) })
    }

    /// What the server needs to answer.
    pub(super) fn state(&self, listen: SocketAddr) -> anyhow::Result<State> {
        let reader = self.ingest.reader().clone();
        let schema = graphql::schema(Setup {
            traits: self.traits.clone(),
            normalise: Arc::new(move |kind, value| reader.identifiers().normalise(kind, value).ok()),
            clock: clock::now,
        });
        let store = self.store.clone();
        let attach = move |request| graphql::with_viewer(request, store.clone(), Viewer::all());
        let store = self.store.clone();
        Ok(State {
            api: Api::new(schema, attach).context("the schema cannot be read")?,
            readiness: Readiness::starting(),
            metrics: Metrics::begin().context("cannot begin to measure")?,
            gauges: Arc::new(move || store.gauges()),
            listen,
        })
    }

    /// Takes no more events and returns when all that were acknowledged are safe.
    pub(super) async fn close(self) {
        self.ingest.close().await;
    }
}

/// `throughline import`, with a store that is there.
pub(super) async fn import(args: ImportArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    import::run(&args, &settings, store).await
}

/// The settings' policies, as the domain has them.
fn policies(settings: &settings::TraitSettings) -> TraitPolicies {
    let policy = |policy: &settings::TraitPolicy| match policy {
        settings::TraitPolicy::Newest => TraitPolicy::Newest,
        settings::TraitPolicy::Oldest => TraitPolicy::Oldest,
        settings::TraitPolicy::MostFrequent => TraitPolicy::MostFrequent,
        settings::TraitPolicy::Sources(sources) => TraitPolicy::Sources(sources.clone()),
    };
    TraitPolicies {
        by_name: settings.by_name.iter().map(|(name, given)| (name.clone(), policy(given))).collect(),
        default: policy(&settings.default),
    }
}
