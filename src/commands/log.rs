//! Log lines, on standard error: for a person or, as JSON, for a machine.
//!
//! What the driver of Neo4j says below a warning stays out whatever RUST_LOG asks for: it has the
//! parameters of statements in it, and those are about people.

use std::io::{self, IsTerminal};

use anyhow::anyhow;
use clap::ValueEnum;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// What is shown when RUST_LOG does not say: ours, and what others warn of.
const USUAL: &str = "warn,throughline=info";

/// The same for a command whose output is its answer: only what is wrong.
const QUIET: &str = "warn";

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogForm {
    /// A line a person reads
    Text,
    /// An object a line
    Json,
}

/// Begins to log; records of the `log` crate come too.
pub(super) fn begin(form: LogForm) -> anyhow::Result<()> {
    begin_with(form, USUAL)
}

/// The same, but for warnings and errors only when RUST_LOG does not say.
pub(super) fn begin_quietly(form: LogForm) -> anyhow::Result<()> {
    begin_with(form, QUIET)
}

fn begin_with(form: LogForm, usual: &str) -> anyhow::Result<()> {
    let chosen = match std::env::var(EnvFilter::DEFAULT_ENV) {
        Ok(given) if !given.trim().is_empty() => given,
        _ => usual.to_owned(),
    };
    let chosen = EnvFilter::try_new(chosen);
    let chosen = chosen.map_err(|error| anyhow!("RUST_LOG: {error}; write it as info or throughline=debug"))?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match form {
        LogForm::Text => lines.with_target(false).with_ansi(io::stderr().is_terminal()).boxed(),
        LogForm::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    // Who wants to see what clients do wrong names the crate.
    let own_words = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let shown = Shown { broken_streams: own_words.contains(ACTIX) };
    tracing_subscriber::registry().with(lines.with_filter(shown)).with(CountMalformed).with(chosen).try_init()?;
    Ok(())
}

/// The crate that calls it an error of the server when a client sends what is not HTTP, or goes away.
const ACTIX: &str = "actix_http";

/// Which records are shown.
struct Shown {
    broken_streams: bool,
}

impl<S: Subscriber> Filter<S> for Shown {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        is_harmless(metadata)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        self.broken_streams || broken_stream(event).is_none()
    }
}

/// Counts requests that were not HTTP.
struct CountMalformed;

impl<S: Subscriber> Layer<S> for CountMalformed {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if broken_stream(event).is_some_and(|why| why.contains("parse error")) {
            metrics::counter!("throughline_http_malformed_requests_total").increment(1);
        }
    }
}

/// Why a client's connection was given up, when that is what an event says.
fn broken_stream(event: &Event<'_>) -> Option<String> {
    struct Message(String);
    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }
    let metadata = event.metadata();
    if !metadata.target().starts_with(ACTIX) || *metadata.level() != Level::ERROR {
        return None;
    }
    let mut message = Message(String::new());
    event.record(&mut message);
    message.0.strip_prefix("stream error: ").map(str::to_owned)
}

/// Whether a record can be shown: none of a driver's that may hold values.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("neo4rs") || *metadata.level() <= Level::WARN
}
