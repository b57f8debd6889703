//! `throughline demo`: a server with the worlds of `seeds/`.

use anyhow::{Context, bail};
use clap::Args;
use rust_embed::RustEmbed;
use serde_json::value::RawValue;

use super::engine::Engine;
use crate::http::server;
use crate::ingest::{EventStatus, Ingest, Origin};
use crate::settings::Settings;

/// Fills a store with six small worlds of sample data and serves it.
///
/// Each world is a story: one customer on three screens, one under three names, a household with one tablet, returned
/// orders, forty unread e-mails, a whole year. seeds/README.md has the stories with the expected answers; the console
/// has queries for each.
///
/// Without a store in a flag or in the settings, the worlds go into throughline-demo.db in the working
/// folder, so they do not mix with other data. A second demo on the same store changes nothing. Ctrl-C
/// ends it.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct DemoArgs {
    /// Address and port to listen on [default: server.listen of the settings, 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  Start a demo:
    throughline demo

  On a Neo4j:
    THROUGHLINE_STORE_USER=neo4j THROUGHLINE_STORE_PASSWORD=… throughline demo --store bolt://127.0.0.1:7687

  On another port:
    throughline demo --listen 127.0.0.1:8081";

/// Events of one call, as many as in a batch.
const CALL: usize = 1_000;

#[derive(RustEmbed)]
#[folder = "seeds"]
struct Seeds;

/// The settings with a store for the demo, unless another store than the default was chosen. The demo asks for no keys,
/// so it listens on loopback only.
#[must_use]
pub fn own_store(mut settings: Settings) -> Settings {
    if settings.store.url == Settings::default().store.url {
        settings.store.url = "sqlite:throughline-demo.db".to_owned();
    }
    settings.access = None;
    settings
}

/// Fills the store and serves it until a signal ends it.
///
/// # Errors
/// When it cannot listen on the address, or the store cannot be used or filled.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let listener = server::listen(settings.server.listen, false)?;
    let engine = Engine::start(&settings)?;
    let state = engine.state(&settings.server, listener.local_addr()?)?;
    let address = state.listen;
    tracing::info!("listening on http://{address}, store {}", engine.store.name());
    let fill = async {
        let (worlds, events) = fill(&engine.ingest).await?;
        super::print(&format!(
            "{worlds} worlds of {events} events are in {}.\n{}",
            settings.store.url,
            welcome(address)
        ))
    };
    let served = server::serve(listener, None, state, engine.store.clone(), fill).await;
    engine.close().await;
    served
}

/// Stores every world. Returns the number of worlds and of events.
async fn fill(ingest: &Ingest) -> anyhow::Result<(usize, usize)> {
    let (mut worlds, mut events) = (0, 0);
    for name in Seeds::iter().filter(|name| name.ends_with(".ndjson")) {
        let file = Seeds::get(&name).context("an embedded world cannot be read")?;
        let text = std::str::from_utf8(&file.data).with_context(|| format!("{name} is not UTF-8"))?;
        let lines = text.lines().map(serde_json::from_str).collect::<Result<Vec<&RawValue>, _>>();
        let lines = lines.with_context(|| format!("{name} is not JSON"))?;
        let origin = Origin::import(None, &*name);
        for call in lines.chunks(CALL) {
            let ingested =
                ingest.raw_events(call, &origin).await.with_context(|| format!("{name} cannot be stored"))?;
            let mut rejected = ingested.outcomes.iter().filter(|outcome| outcome.status == EventStatus::Rejected);
            if let Some(outcome) = rejected.next() {
                let problem = outcome.problems.first().map(ToString::to_string).unwrap_or_default();
                bail!("an event of {name} was rejected under these settings: {problem}");
            }
        }
        worlds += 1;
        events += lines.len();
    }
    ingest.assign_visits(|| false).await.context("visits on shared devices cannot be assigned")?;
    Ok((worlds, events))
}

fn welcome(address: std::net::SocketAddr) -> String {
    format!(
        r#"
  The console:  http://{address}/
  The API:      http://{address}/graphql

A customer by a telephone number:

  curl --silent http://{address}/graphql --header 'content-type: application/json' \
    --data '{{"query": "{{ customer(by: {{identifier: {{kind: \"phone\", value: \"07700 900123\"}}}}) {{ displayName identifiers {{ nodes {{ kind value }} }} activity {{ touchpointCount channels {{ channel touchpoints }} }} }} }}"}}'

Ctrl-C ends it.
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_worlds_are_embedded() {
        assert_eq!(Seeds::iter().filter(|name| name.ends_with(".ndjson")).count(), 6);
    }

    #[test]
    fn a_demo_has_its_own_store_unless_another_was_chosen() {
        assert_eq!(own_store(Settings::default()).store.url, "sqlite:throughline-demo.db");
        let mut chosen = Settings::default();
        chosen.set_store_url("sqlite:mine.db").expect("a store");
        assert_eq!(own_store(chosen).store.url, "sqlite:mine.db");
    }
}
