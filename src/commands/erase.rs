//! `throughline erase`: erases a person.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::subject::identifier;
use crate::domain::decision::LONGEST_REASON;
use crate::domain::erasure::{ErasureOutcome, ErasureRequest};
use crate::domain::identifier::IdentifierKey;
use crate::erasure::{self, ErasedFrom};
use crate::graphql::id::NodeId;
use crate::ingest::{Ingest, clock};
use crate::projection::Options;
use crate::settings::Settings;
use crate::store::Store;
use crate::store::query::{CustomerKey, FirstPages, Shape};

/// Erases all that is held about one person.
///
/// Finds the customer of an identifier and erases it, at every moment of the past, too. The id of the customer answers
/// ERASED from then on. What others have stays: shared devices, and what was theirs. Prints a manifest: each place that
/// held data about the person, and what is left to you, such as backups. A server can run in the meantime.
///
/// Salted hashes of message ids and identifiers stay, so an event that is sent again changes nothing. A later event makes
/// a new customer, or is rejected with --suppress.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct EraseArgs {
    /// An identifier of the person, such as email:ada@example.org. The value may be written as people write it
    #[arg(long, value_name = "KIND:VALUE", value_parser = identifier)]
    identifier: (String, String),

    /// Why. It stays in the change log, so it must not name the person
    #[arg(long, value_name = "TEXT", required_unless_present = "lift", conflicts_with = "lift")]
    reason: Option<String>,

    /// Reject later events with an identifier of the person
    #[arg(long, conflicts_with = "lift")]
    suppress: bool,

    /// Say what would be erased, and change nothing
    #[arg(long, conflicts_with = "lift")]
    dry_run: bool,

    /// Erase nothing: take events with this identifier of an erased person again
    #[arg(long)]
    lift: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Exit status:
  0  the person is erased, or was before; with --lift, the identifier is not suppressed
  1  no customer has the identifier, and no erased person had it, or several people share it; or the store failed
  2  the call cannot work: the identifier is not KIND:VALUE, or the reason is empty or too long

Examples:
  What would be erased:
    throughline erase --identifier email:ada@example.org --reason 'request 17' --dry-run

  The person, whose later events are rejected:
    throughline erase --identifier email:ada@example.org --reason 'request 17' --suppress

  The person is a customer again, and events are taken:
    throughline erase --identifier email:ada@example.org --lift";

/// Erases the person, or lifts the suppression.
///
/// # Errors
/// When the store fails.
pub(super) async fn run(args: &EraseArgs, settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<ExitCode> {
    let reason = args.reason.as_deref().unwrap_or_default().trim();
    if !args.lift && (reason.is_empty() || reason.chars().count() > LONGEST_REASON) {
        eprintln!("error: --reason: give one of 1 to 1,000 characters");
        return Ok(ExitCode::from(2));
    }
    let ingest = Ingest::new(store.clone(), settings);
    ingest.saved_rules().await.context("the identity rules cannot be read")?;
    let (kind, value) = &args.identifier;
    let key = ingest.reader().identifiers().sought(kind, value);
    ingest.close().await;
    let Some(key) = key else { return Ok(nobody()) };
    if args.lift {
        return lift(args, &*store, &key).await;
    }
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let views = store.customers(&[CustomerKey::Identifier(key.clone())], Shape::Card, pages).await?;
    let view = views.into_iter().next().transpose()?.flatten();
    // A shared identifier is not a person.
    let view = view.filter(|view| !view.identifiers.iter().any(|own| own.key == key && own.is_shared()));
    let Some(view) = view else {
        return match erasure::identifier(&*store, &key).await?.erased {
            true => {
                if !args.dry_run {
                    erasure::finish(&*store, Options::of(settings).file.as_deref()).await?;
                    if args.suppress && erasure::suppress(&*store, &key, true).await? == Some(true) {
                        eprintln!("later events with this identifier are rejected from now on");
                    }
                }
                print(args, "UNCHANGED", None, &[])
            }
            false => Ok(nobody()),
        };
    };
    let request = ErasureRequest {
        customer: view.customer.id.clone(),
        by: "the command line".into(),
        reason: reason.into(),
        suppress: args.suppress,
    };
    let saved = Options::of(settings).file;
    let done = erasure::erase(&*store, &request, saved.as_deref(), clock::system()(), args.dry_run).await?;
    match &done.outcome {
        ErasureOutcome::Done(erased) => {
            let status = if args.dry_run { "TRIAL" } else { "DONE" };
            let id = erased.customers.first().map(|id| NodeId::Customer(id.clone()).encode().to_string());
            print(args, status, id, &done.manifest)
        }
        // Somebody else erased it in the meantime.
        ErasureOutcome::Unchanged(_) | ErasureOutcome::NotFound => print(args, "UNCHANGED", None, &[]),
    }
}

fn nobody() -> ExitCode {
    eprintln!("nobody has this identifier: no customer has it, or several people share it");
    ExitCode::from(1)
}

async fn lift(args: &EraseArgs, store: &dyn Store, key: &IdentifierKey) -> anyhow::Result<ExitCode> {
    match erasure::suppress(store, key, false).await? {
        None => {
            eprintln!("no erased person had this identifier");
            Ok(ExitCode::from(1))
        }
        Some(lifted) => print(args, if lifted { "DONE" } else { "UNCHANGED" }, None, &[]),
    }
}

fn print(args: &EraseArgs, status: &str, id: Option<String>, manifest: &[ErasedFrom]) -> anyhow::Result<ExitCode> {
    if args.json {
        let places: Vec<_> = manifest
            .iter()
            .map(|from| json!({"place": from.place, "rows": from.rows, "done": from.done, "hint": from.hint}))
            .collect();
        let answer = json!({"status": status, "erased_id": id, "manifest": places});
        super::print(&format!("{}\n", serde_json::to_string_pretty(&answer)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = match (status, args.lift) {
        ("DONE", true) => "events with this identifier are taken again\n".to_owned(),
        (_, true) => "events with this identifier are taken\n".to_owned(),
        ("UNCHANGED", _) => "this person was erased before\n".to_owned(),
        ("TRIAL", _) => "nothing was changed; this would be erased:\n".to_owned(),
        _ => "this person is erased:\n".to_owned(),
    };
    for from in manifest {
        let state = match (from.done, &from.hint) {
            (true, _) => "done ",
            (false, Some(_)) => "to do",
            (false, None) => "     ",
        };
        text.push_str(&format!("{state}  {}", from.place));
        if let Some(rows) = from.rows {
            text.push_str(&format!(": {rows}"));
        }
        if let Some(hint) = &from.hint {
            text.push_str(&format!(": {hint}"));
        }
        text.push('\n');
    }
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
