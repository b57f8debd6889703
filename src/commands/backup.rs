//! `throughline backup` and `throughline restore`: a store in a file, copied whole and put back.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::settings::Settings;
use crate::store::sqlite::{back_up, restore};
use crate::store::{Result, StoreError, StoreStatus, open};

/// Copies the store into a file.
///
/// For a store in a file, while a server or an import works on it or not: the copy is of one moment, is looked
/// through before it gets its name, and is one file that only you can read. It never overwrites anything.
///
/// Copying the database by other means while it is in use gives a file without what was stored last.
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
  1  it could not be made
  2  it cannot be made so: FILE is there already, there is no store, or the store is a Neo4j

Examples:
  The store of the working folder's settings, every night:
    throughline backup /var/backups/throughline-$(date +%F).db

  Another one:
    throughline backup --store sqlite:/srv/throughline.db copy.db";

/// Puts a backup in the place of the store.
///
/// Looks through the backup first: whether it is whole, and made by this program or an older one. The store of
/// the settings must not be there yet, or be empty: what is stored is never overwritten. End the server first, and
/// move its file away when you mean to replace it.
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
  0  the store is what the backup was
  1  it could not be put back
  2  it cannot be put back so: FILE is no whole backup, a store is there already, or the store is a Neo4j

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
