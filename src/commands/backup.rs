//! `throughline backup` and `throughline restore`: copies of a store in a file.

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
/// A copy made with other tools while the database is in use does not have the latest data. A Neo4j is backed up by its
/// own tools: the command prints the commands to run.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = BACKUP_EXAMPLES)]
pub struct BackupArgs {
    /// The file to create
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

const BACKUP_EXAMPLES: &str = "\
Exit status:
  0  the copy is complete
  1  the copy failed
  2  the call cannot work: FILE exists already, there is no store, or the store is a Neo4j

Examples:
  The store of the settings in the working directory, every night:
    throughline backup /var/backups/throughline-$(date +%F).db

  Another store:
    throughline backup --store sqlite:/srv/throughline.db copy.db";

/// Puts a backup back as the store.
///
/// First checks that the backup is whole, and made by this version or an older one. The store of the settings must not
/// exist yet, or be empty: data is never overwritten. To replace a store, end the server and move its file away first.
///
/// Neo4j has its own tools; for a Neo4j the command prints the commands to run.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = RESTORE_EXAMPLES)]
pub struct RestoreArgs {
    /// The backup file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

const RESTORE_EXAMPLES: &str = "\
Exit status:
  0  the store has the data of the backup
  1  the copy failed
  2  the call cannot work: FILE is no whole backup, a store exists already, or the store is a Neo4j

Examples:
  To the store of the settings, after a disk failure:
    throughline restore /var/backups/throughline-2026-07-01.db

  To another store, to inspect it:
    throughline restore --store sqlite:/tmp/look.db /var/backups/throughline-2026-07-01.db";

/// Makes a backup and prints its size.
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

/// Restores a backup and prints its size.
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
    eprintln!("error: Neo4j has its own tools for this; on its machine run\n  {run}");
    ExitCode::from(2)
}
