//! Log lines, on standard error: for a person or, as JSON, for a machine.
//!
//! What the driver of Neo4j says below a warning stays out whatever RUST_LOG asks for: it has the
//! parameters of statements in it, and those are about people.

use std::io::{self, IsTerminal};

use anyhow::anyhow;
use clap::ValueEnum;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::layer::SubscriberExt;
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
    tracing_subscriber::registry().with(lines.with_filter(FilterFn::new(is_harmless))).with(chosen).try_init()?;
    Ok(())
}

/// Whether a record can be shown: none of a driver's that may hold values.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("neo4rs") || *metadata.level() <= Level::WARN
}
