//! Copies a whole database into another file with SQLite's backup. The copy shows one moment, also while others write.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::files::{beside, folder, make};
use super::look::{FileTrouble, look};
use super::{set_up, status};
use crate::store::{Result, StoreError, StoreStatus};

/// The time to wait for another process that opens or closes the file.
const WAIT: Duration = Duration::from_secs(10);

/// Copies the database at `from` into a new file `to`, and checks the copy. During the work the copy is named
/// `<to>.part`.
///
/// # Errors
/// [`Setup`](StoreError::Setup) when there is nothing to copy or `to` exists; errors of the disk.
pub fn back_up(from: &Path, to: &Path) -> Result<StoreStatus> {
    if !from.exists() {
        return Err(StoreError::Setup(format!("{}: there is no such file", from.display())));
    }
    copy(from, to)
}

/// Checks the database at `from`, then copies it to `to`. A database at `to` must be empty.
///
/// # Errors
/// [`Setup`](StoreError::Setup) when `from` is not a database, is damaged, or was made by a newer program, or when `to`
/// has data; errors of the disk.
pub fn restore(from: &Path, to: &Path) -> Result<StoreStatus> {
    if !from.exists() {
        return Err(StoreError::Setup(format!("{}: there is no such file", from.display())));
    }
    for trouble in look(from) {
        if matches!(trouble, FileTrouble::WalStale | FileTrouble::WalHeader | FileTrouble::WalDamaged { .. }) {
            return Err(StoreError::Setup(trouble.words(from)));
        }
        // A good copy made by another tool looks the same. So the contents are printed, for a person to judge.
        if trouble == FileTrouble::WalMissing {
            tracing::warn!("{}", trouble.words(from));
        }
    }
    free_the_place(to)?;
    copy(from, to)
}

/// Whether a path has a database with data, or files of a former database. Deletes an empty database.
fn free_the_place(path: &Path) -> Result<()> {
    let shown = path.display();
    let taken = |what: &str| {
        Err(StoreError::Setup(format!(
            "{shown} {what}: end what uses it and move it away, or name another place with --store"
        )))
    };
    for ending in ["-wal", "-shm"] {
        if !path.exists() && beside(path, ending).exists() {
            return taken(&format!("is not there and {shown}{ending} is"));
        }
    }
    let Ok(found) = std::fs::metadata(path) else { return Ok(()) };
    if found.len() > 0 {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.busy_timeout(Duration::from_millis(500))?;
        if set_up::version(&db)? > 0 && status::last_change(&db)?.0 > 0 {
            return taken("has a store in it");
        }
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if set_up::version(&db)? == 0 && tables > 0 {
            return taken("is a database of another program");
        }
        // Works only when no other process has the file open.
        let alone: rusqlite::Result<String> =
            db.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0));
        if !alone.is_ok_and(|mode| mode == "delete") {
            return taken("is in use");
        }
    }
    std::fs::remove_file(path).map_err(|error| StoreError::Setup(format!("{shown} cannot be replaced: {error}")))
}

fn copy(from: &Path, to: &Path) -> Result<StoreStatus> {
    let failed = |what: &str, path: &Path, error: std::io::Error| {
        StoreError::Setup(format!("{} cannot be {what}: {error}", path.display()))
    };
    if to.exists() {
        return Err(StoreError::Setup(format!("{} is there already: name another file", to.display())));
    }
    let part = beside(to, ".part");
    // A file that a killed copy left.
    let _ = std::fs::remove_file(&part);
    drop(make(&part).map_err(|error| failed("made", &part, error))?);
    let copied = copy_into(from, &part).and_then(|status| {
        let placed = File::open(&part).and_then(|file| file.sync_all()).and_then(|()| std::fs::rename(&part, to));
        placed.map_err(|error| failed("written", to, error))?;
        // The name of the file must survive a power cut too. Some file systems cannot sync a folder.
        let _ = File::open(folder(to)).and_then(|folder| folder.sync_all());
        Ok(status)
    });
    if copied.is_err() {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(beside(&part, ending));
        }
    }
    copied
}

fn copy_into(from: &Path, part: &Path) -> Result<StoreStatus> {
    // Read-only: a connection that can write would, as the last one to close, move the log of a killed process into the
    // file.
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    source.busy_timeout(WAIT)?;
    match set_up::version(&source)? {
        0 => return Err(StoreError::Setup(format!("{} is no database of Throughline", from.display()))),
        newer if newer > set_up::VERSION => return Err(set_up::newer(newer)),
        _ => {}
    }
    let mut target = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    {
        let backup = Backup::new(&source, &mut target)?;
        let mut tries = 0;
        // In one step: a copy in many steps begins again after each write of another connection.
        loop {
            match backup.step(-1)? {
                StepResult::Done => break,
                _ if tries < 100 => {
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(100));
                }
                _ => return Err(StoreError::Busy("another process keeps the database locked".into())),
            }
        }
    }
    // One file, without a log beside it.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    let faults = set_up::faults(&target, false)?;
    if let Some(first) = faults.first() {
        return Err(StoreError::Data(format!(
            "{} is damaged ({} faults found, the first: {first}), and was not copied",
            from.display(),
            faults.len()
        )));
    }
    status::fetch(&target)
}
