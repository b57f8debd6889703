//! `throughline serve`: the API and the console.

use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::engine::Engine;
use crate::http::server;
use crate::http::tls::Tls;
use crate::ingest::Ingest;
use crate::settings::{Settings, SettingsError};

/// Serves the API and the console until SIGTERM or Ctrl-C.
///
/// The API is at /graphql, Segment's wire at /v1/track and its siblings, identities for machines at /v1/identities, the
/// console at /, probes at /health/live and /health/ready, Prometheus metrics at /metrics.
///
/// It listens before its store is ready. Until then /health/ready and /graphql answer 503 with the reason, which is
/// also in the log, and the server tries again. Neo4j may stop and restart. On SIGTERM or Ctrl-C it finishes open
/// requests, then ends.
///
/// SIGHUP reads the settings again, without a pause: new events use the new `[[event]]`, `[[channel]]` and `[privacy]
/// unsubscribe`. All other keys need a restart. When the file has a mistake, the log names it and the settings stay as
/// they were. Use `throughline check` first.
///
/// With `[access]` in the settings every request needs a key; `throughline key create` makes one. Without it every caller
/// sees everything, so it listens on loopback only.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct ServeArgs {
    /// Address and port to listen on [default: server.listen of the settings, 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  On a file in the working directory:
    throughline serve

  On Neo4j, with log lines in JSON:
    export THROUGHLINE_STORE_USER=neo4j THROUGHLINE_STORE_PASSWORD_FILE=/run/secrets/neo4j
    throughline serve --store neo4j://db.internal:7687 --log json

  A first query:
    curl --silent http://127.0.0.1:8080/graphql --header 'content-type: application/json' \\
      --data '{\"query\": \"{ status { customers touchpoints } }\"}'";

/// Serves until a signal ends it. `load` reads the settings again.
///
/// # Errors
/// When it cannot listen on the address, the files of `[server.tls]` do not fit, or a store in a file cannot be used.
pub async fn run<L>(settings: Settings, load: L) -> anyhow::Result<()>
where
    L: Fn() -> Result<Settings, SettingsError> + Send + 'static,
{
    let tls = settings.server.tls.as_ref().map(|files| Tls::read(&files.cert, &files.key)).transpose()?;
    let listener = server::listen(settings.server.listen, settings.access.is_some())?;
    let engine = Engine::start(&settings)?;
    let state = engine.state(&settings.server, listener.local_addr()?)?;
    let reloading = tokio::spawn(reload(signal(SignalKind::hangup())?, engine.ingest.clone(), load));
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::info!("listening on {scheme}://{}, store {}", state.listen, engine.store.name());
    let served = server::serve(listener, tls, state, engine.store.clone(), async { Ok(()) }).await;
    reloading.abort();
    engine.close().await;
    served
}

/// Reads the settings again with each signal.
async fn reload(mut signals: Signal, ingest: Arc<Ingest>, load: impl Fn() -> Result<Settings, SettingsError>) {
    while signals.recv().await.is_some() {
        match load() {
            Ok(settings) => {
                ingest.reload(&settings);
                tracing::info!("settings reloaded: new events use them; other changes need a restart");
            }
            Err(mistake) => tracing::error!("settings not reloaded, the old ones stay in use: {mistake}"),
        }
    }
}
