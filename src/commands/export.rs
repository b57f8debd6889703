//! `throughline export`: writes what the store holds into files.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::bar;
use super::import::stop_at_ctrl_c;
use crate::export::{Ended, Export, Finished, Format, Names, Progress, Since, What};
use crate::graphql::claim::unmasked_name;
use crate::graphql::id::{ChangeCursor, NodeId};
use crate::ingest::clock;
use crate::settings::Settings;
use crate::store::Store;

/// Exports customers and all that is stored about them, as files for other systems.
///
/// An export shows one moment: the last change that was stored when it began. What is stored later is not in it, so it
/// can run while a server or an import writes. It reads in pages, and needs little memory for any size of the store.
///
/// DIR must be empty, or not exist. When an export was stopped, killed or had no space, the same command goes on where
/// it ended, at the same moment. `manifest.json` says which change the export shows, whether it is complete, and lists
/// each file with its rows, bytes, SHA-256 and sums.
///
/// There is one file for each kind of rows, and touchpoints have one for each day (UTC). Times are UTC, such as
/// 2026-03-31T09:30:00.000Z. Money is an exact decimal; in NDJSON it is a text, as in GraphQL. Ids of customers and
/// cursors are those of GraphQL. In CSV, a text that begins with = + - @ or a tab has an apostrophe before it, so that
/// no spreadsheet takes it for a formula.
///
/// With --since, an export has the rows that are new or differ from those at the cursor, and the file `deleted` with
/// the keys of rows that are gone, such as a customer that was merged away. It reads the store at both moments, so it takes
/// longer than an export of all.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct ExportArgs {
    /// The format of the files
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,

    /// The kinds of rows, separated by commas [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND")]
    pub what: Vec<What>,

    /// Only what changed after this cursor: the `change` of an earlier manifest.json, or a cursor of GraphQL's `changes`
    #[arg(long, value_name = "CURSOR")]
    pub since: Option<String>,

    /// Only people whom this purpose shows: those with a grant for it, by the consents at the moment of the export
    #[arg(long, value_name = "PURPOSE")]
    pub purpose: Option<String>,

    /// Where to write the files
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

const EXAMPLES: &str = "\
Exit status:
  0    the export is complete
  1    a file could not be written, or the store failed; the same command goes on where it ended
  2    the call cannot work: DIR is not empty and has no unfinished export of the same arguments, or the purpose is not listed
  130  stopped by Ctrl-C; the same command goes on where it ended

Examples:
  throughline export out
  throughline export --format csv --what customers,orders out
  throughline export --format parquet --since \"$(jq -r .change yesterday/manifest.json)\" today
  throughline export --what customers,identifiers --purpose marketing /srv/letters
  throughline export --store sqlite:/srv/throughline.db --what touchpoints /backup/touchpoints";

/// Makes the export, and prints what it holds.
///
/// # Errors
/// When the store or a file fails, or standard output cannot be written to.
pub async fn run(args: &ExportArgs, settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<ExitCode> {
    let purpose = match super::purpose_of(settings, args.purpose.as_deref()) {
        Ok(purpose) => purpose,
        Err(code) => return Ok(code),
    };
    let store = super::shown(store, purpose.as_ref());
    let since = match args.since.as_deref().map(|text| (text, ChangeCursor::decode(text))) {
        None => None,
        Some((text, Ok(ChangeCursor(place)))) => Some(Since { cursor: text.to_owned(), place }),
        Some((text, Err(_))) => {
            eprintln!("error: --since {text}: not a cursor of the change log: give the `change` of a manifest.json");
            return Ok(ExitCode::from(2));
        }
    };
    let what = What::ALL.into_iter().filter(|what| args.what.is_empty() || args.what.contains(what)).collect();
    let export = Export {
        store: &*store,
        purpose: args.purpose.clone(),
        format: args.format,
        what,
        since,
        traits: &settings.traits,
        names: Names {
            customer: NodeId::of_customer,
            cursor: |place| ChangeCursor(place).encode(),
            display: unmasked_name,
        },
    };
    let (mut shown, began, now) = (Shown::new(), Instant::now(), clock::system()());
    let ended = export.run(&args.folder, now, &stop_at_ctrl_c(), |progress| shown.progress(progress)).await;
    shown.close();
    match ended {
        Ok(Ended::Complete(finished)) => {
            let table = closing_table(&finished, began.elapsed());
            io::stdout().lock().write_all(table.as_bytes()).context("cannot write the closing table")?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(Ended::Stopped) => {
            eprintln!("stopped: run the same command again to go on");
            Ok(ExitCode::from(130))
        }
        Err(error) if error.is_wrong_call() => {
            eprintln!("error: {error}");
            Ok(ExitCode::from(2))
        }
        Err(error) => {
            Err(anyhow::Error::new(error).context("the export is not complete; run the same command again to go on"))
        }
    }
}

fn closing_table(finished: &Finished, took: Duration) -> String {
    let mut text = String::new();
    let width = finished.rows.iter().map(|(what, _)| what.as_str().len()).max().unwrap_or_default();
    for (what, rows) in &finished.rows {
        text.push_str(&format!("{:<width$}  {rows:>12}\n", what.as_str()));
    }
    let Finished { files, bytes, .. } = finished;
    text.push_str(&format!("{files} files, {bytes} bytes, in {:.1} s\n", took.as_secs_f64()));
    text
}

/// The progress on standard error: a spinner on a terminal, otherwise a line every few seconds.
struct Shown {
    printed: Instant,
    spinner: Option<ProgressBar>,
}

impl Shown {
    const EVERY: Duration = Duration::from_secs(5);

    fn new() -> Self {
        let spinner = bar::on_terminal().inspect(|spinner| {
            let style = ProgressStyle::with_template("{spinner} {prefix}: {pos} rows in {elapsed}, {per_sec}");
            spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        });
        Shown { printed: Instant::now(), spinner }
    }

    fn progress(&mut self, at: Progress) {
        if let Some(spinner) = &self.spinner {
            spinner.set_prefix(at.pass);
            spinner.set_position(at.rows);
        } else if self.printed.elapsed() >= Self::EVERY {
            self.printed = Instant::now();
            eprintln!("{}: {} rows", at.pass, at.rows);
        }
    }

    fn close(self) {
        if let Some(spinner) = self.spinner {
            spinner.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_table_has_a_line_for_each_kind_of_rows() {
        let rows = vec![(What::Customers, 12), (What::Touchpoints, 3_456)];
        let finished = Finished { rows, files: 3, bytes: 789 };
        let table = closing_table(&finished, Duration::from_millis(1_500));
        let expected = "customers              12\ntouchpoints          3456\n3 files, 789 bytes, in 1.5 s\n";
        assert_eq!(table, expected);
    }
}
