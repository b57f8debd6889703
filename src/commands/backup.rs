//! `throughline backup` and `throughline restore`: a store in a file, copied whole and put back.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::settings::Settings;
use crate::store::sqlite::{back_up, restore};
use crate::store::{Result, StoreError, StoreStatus, open};

/// Copies the whole store into a file.
///
/// For a store in a file, also while a server or an import uses it. The copy shows one moment, is checked before it
/// gets its name, and is one file that only you can read. It never overwrites a file.
///
/// A copy that is made by other means while the database is in use lacks the latest data.
/// A Neo4j is backed up by its own tools: the command says what to run.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = BACKUP_EXAMPLES)]
pub struct BackupArgs {
    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

const BACKUP_EXAMPLES: &str = "\
Exit status:
  0  the copy is whole
  1  the copy failed
  2  the call cannot work: FILE exists already, there is no store, or the store is a Neo4j

Examples:
  The store of the working folder's settings, every night:
    throughline backup /var/backups/throughline-$(date +%F).db

  Another one:
    throughline backup --store sqlite:/srv/throughline.db copy.db";

/// Puts a backup back as the store.
///
/// First checks that the backup is whole, and made by this version or an older one. The store of the settings must not
/// exist yet, or be empty: data is never overwritten. To replace a store, end the server and move its file away first.
///
/// A Neo4j is restored by its own tools: the command says what to run.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = RESTORE_EXAMPLES)]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

const RESTORE_EXAMPLES: &str = "\
Exit status:
  0  the store has the data of the backup
  1  the copy failed
  2  the call cannot work: FILE is no whole backup, a store exists already, or the store is a Neo4j

Examples:
  Into the place that the settings name, after a disk was lost:
    throughline restore /var/backups/throughline-2026-07-01.db

  Into another place, to look at it:
    throughline restore --store sqlite:/tmp/look.db /var/backups/throughline-2026-07-01.db";

/// Makes a backup and says what is in it.
///
/// # Errors
/// When standard output cannot be written to.
pub fn run_backup(args: &BackupArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let Some(database) = open::file_of(&settings.store.url) else {
        return Ok(of_neo4j(
            "neo4j-admin database dump neo4j --to-path=/backups    (while it is stopped)\n  \
             neo4j-admin database backup neo4j --to-path=/backups  (Enterprise, while it runs)",
        ));
    };
    finish(back_up(database, &args.file), &args.file)
}

/// Puts a backup back and says what is in it.
///
/// # Errors
/// When standard output cannot be written to.
pub fn run_restore(args: &RestoreArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let Some(database) = open::file_of(&settings.store.url) else {
        return Ok(of_neo4j(
            "neo4j-admin database load neo4j --from-path=/backups --overwrite-destination=true  (while it is stopped)\n  \
             neo4j-admin database restore --from-path=/backups/… neo4j  (Enterprise)",
        ));
    };
    finish(restore(&args.file, database), database)
}

fn finish(done: Result<StoreStatus>, made: &Path) -> anyhow::Result<ExitCode> {
    match done {
        Ok(StoreStatus { customers, touchpoints, change, .. }) => {
            super::print(&format!(
                "{}: {customers} customers, {touchpoints} touchpoints, change {change}\n",
                made.display()
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("error: {error}");
            Ok(ExitCode::from(if matches!(error, StoreError::Setup(_)) { 2 } else { 1 }))
        }
    }
}

fn of_neo4j(run: &str) -> ExitCode {
    eprintln!("error: a Neo4j has tools of its own for that; where it runs, do\n  {run}");
    ExitCode::from(2)
}
