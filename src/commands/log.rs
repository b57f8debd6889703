//! Log lines on standard error, as text or JSON.
//!
//! Records of the Neo4j driver below the level of a warning are never shown, with any RUST_LOG: they contain parameters
//! of statements, which are personal data.

use std::io::{self, IsTerminal};

use anyhow::anyhow;
use clap::ValueEnum;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The level without RUST_LOG: info for this program, warnings for libraries.
const USUAL: &str = "warn,throughline=info";

/// The level of a command that prints an answer: warnings only.
const QUIET: &str = "warn";

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogForm {
    /// Lines of text
    Text,
    /// One JSON object per line
    Json,
}

/// Starts logging, including records of the `log` crate.
pub(super) fn begin(form: LogForm) -> anyhow::Result<()> {
    begin_with(form, USUAL)
}

/// Starts logging of warnings and errors only, unless RUST_LOG is set.
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
    // Errors of clients are shown when RUST_LOG names the crate.
    let own_words = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let shown = ShownRecords { broken_streams: own_words.contains(ACTIX) };
    tracing_subscriber::registry().with(lines.with_filter(shown)).with(CountMalformed).with(chosen).try_init()?;
    Ok(())
}

/// The crate that logs an error when a client sends invalid HTTP, or disconnects.
const ACTIX: &str = "actix_http";

/// Selects the records that are shown.
struct ShownRecords {
    broken_streams: bool,
}

impl<S: Subscriber> Filter<S> for ShownRecords {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        is_harmless(metadata)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        self.broken_streams || broken_stream(event).is_none()
    }
}

/// Counts requests that are not HTTP.
struct CountMalformed;

impl<S: Subscriber> Layer<S> for CountMalformed {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if broken_stream(event).is_some_and(|why| why.contains("parse error")) {
            metrics::counter!("throughline_http_malformed_requests_total").increment(1);
        }
    }
}

/// Why a client's connection was closed, when the event says that.
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

/// Whether a record may be shown: records of the driver may contain values.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("neo4rs") || *metadata.level() <= Level::WARN
}
