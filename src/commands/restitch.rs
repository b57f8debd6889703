//! `throughline restitch`: stitches all customers again by the rules in the store.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::sync::watch;

use crate::ingest::active_rules::SharedRules;
use crate::ingest::clock;
use crate::ingest::writer::Writer;
use crate::rules::restitch::restitch;
use crate::settings::Settings;
use crate::store::Store;

/// Stitches all customers again by the newest rules in the store, and moves identifiers that change.
///
/// A server that saves rules does this by itself. The command is for a store without a running server, or to check that
/// nothing is left to do. It moves identifiers in small changes, and servers can store events during this time. Ctrl-C
/// or a kill can end it at any time without a loss: the next run continues. Progress is in the log.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct RestitchArgs {}

const EXAMPLES: &str = "\
Exit status:
  0  all customers agree with the rules
  1  the store cannot be used, or the command was ended early

Examples:
  On the store of the settings in the working directory:
    throughline restitch

  On a Neo4j while its servers run:
    throughline restitch --store neo4j://db.internal:7687";

/// Applies the newest rules, and prints a summary.
///
/// # Errors
/// When the store cannot be used or standard output cannot be written to.
pub(super) async fn run(settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<ExitCode> {
    let (clock, rules) = (clock::system(), SharedRules::new(settings));
    rules.renew(&store, &clock).await.context("the rules cannot be read")?;
    let (stop, stopped) = watch::channel(false);
    let listening = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            tracing::info!("ending after the current change");
            stop.send_replace(true);
        }
        // Keeps the sender alive.
        std::future::pending::<()>().await;
    });
    let report = restitch(&*store, &*clock, &stopped).await.context("the rules cannot be applied");
    let report = report?;
    if report.version.is_some() {
        let writer = Writer { store: Arc::new(store), rules, clock };
        let assigned = writer.assign_visits(&[], usize::MAX, || *stopped.borrow()).await;
        assigned.context("visits on shared devices cannot be assigned")?;
    }
    listening.abort();
    let Some(version) = report.version else {
        super::print(&format!("stopped after {} moves: run it again to continue\n", report.moved))?;
        return Ok(ExitCode::FAILURE);
    };
    let made = match report.made {
        0 => String::new(),
        made => format!("{made} composites made of stored traits, "),
    };
    super::print(&format!(
        "all customers agree with version {version} of the rules: {made}{} moves in {} rounds\n",
        report.moved, report.rounds
    ))?;
    Ok(ExitCode::SUCCESS)
}
