//! Checks the files of a database: only this user may read them, and the files at the path must be the open files. An
//! open file can be moved or replaced; later writes would then go to a file without a name.

use std::fs::{File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{CANNOT_OPEN, IO_FAILED};
use crate::store::{Result, StoreError};

/// When the disk has less space than this, the store tries whether it can write.
const LITTLE: u64 = 1 << 20;
/// When the disk has less space than this, the cause of a failed write is the full disk.
const NOTHING: u64 = 64 << 10;

/// Device and number of a file.
type Id = (u64, u64);

/// The files at one path that this process has open.
pub(super) struct Files {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The database file, as it was opened first.
    main: Option<Id>,
    /// The log of the file and the log's index, while connections are open. The last connection deletes both when it
    /// closes.
    beside: [Option<Id>; 2],
    connections: usize,
}

/// The files beside an open database file.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// A guard of an open connection: the connection counts as open until the guard is dropped.
pub(super) struct Opened(Arc<Files>);

impl Drop for Opened {
    fn drop(&mut self) {
        let mut known = self.0.lock();
        known.connections -= 1;
        if known.connections == 0 {
            known.beside = [None; 2];
        }
    }
}

impl Files {
    pub(super) fn at(path: &Path) -> Self {
        Files { path: path.to_owned(), known: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this process opened a connection here before.
    pub(super) fn are_known(&self) -> bool {
        self.lock().main.is_some()
    }

    /// Called before a connection is opened. It creates a missing file once, readable for this user only. SQLite gives
    /// the files that it creates beside it the same rights.
    pub(super) fn before_open(&self, makes: bool) -> Result<()> {
        if self.are_known() {
            return self.check();
        }
        if makes {
            // SQLite reports when the file exists already or is faulty.
            let _ = make(&self.path);
        }
        Ok(())
    }

    /// Called after a connection was opened.
    pub(super) fn opened(self: &Arc<Self>) -> Opened {
        let id = id(&self.path);
        let mut known = self.lock();
        known.main = known.main.or(id);
        known.connections += 1;
        Opened(self.clone())
    }

    /// Whether the files at the path are the open files.
    ///
    /// # Errors
    /// [`Away`](StoreError::Away): a person may put the file back.
    pub(super) fn check(&self) -> Result<()> {
        let mut known = self.lock();
        let Some(main) = known.main else { return Ok(()) };
        let path = self.path.display();
        match id(&self.path) {
            None => Err(StoreError::Away(format!(
                "the database file {path} was moved away or removed under this process: put it back, or restart with \
                 another; nothing is stored meanwhile"
            ))),
            Some(found) if found != main => Err(StoreError::Away(format!(
                "another file was put in the place of the database {path} under this process: put the old one back, or \
                 restart to go on with the new one; nothing is stored meanwhile"
            ))),
            Some(_) if known.connections == 0 => Ok(()),
            Some(_) => {
                for (known, name) in known.beside.iter_mut().zip(BESIDE) {
                    let found = id(&beside(&self.path, name));
                    if known.is_some() && *known != found {
                        return Err(StoreError::Away(format!(
                            "{path}{name} was taken away or replaced under this process: restart it, and its end writes \
                             what the old one holds into the database; nothing is stored meanwhile"
                        )));
                    }
                    *known = found;
                }
                Ok(())
            }
        }
    }

    /// Whether a write may fail because there is little space or the disk is read-only.
    pub(super) fn are_in_danger(&self) -> bool {
        self.disk().is_some_and(|disk| disk.read_only || disk.free < LITTLE)
    }

    /// Whether there is little space.
    pub(super) fn are_nearly_full(&self) -> bool {
        self.disk().is_some_and(|disk| disk.free < LITTLE)
    }

    /// An error of the disk, with its cause.
    pub(super) fn explain(&self, error: StoreError) -> StoreError {
        let (StoreError::Away(text) | StoreError::Setup(text)) = &error else { return error };
        if !text.starts_with(IO_FAILED) && !text.starts_with(CANNOT_OPEN) {
            return error;
        }
        match self.disk() {
            Some(disk) if disk.read_only => StoreError::ReadOnly(
                "the disk of the database is read-only: make it writable; nothing of this was stored".into(),
            ),
            Some(disk) if disk.free < NOTHING => full(),
            _ => error,
        }
    }

    fn disk(&self) -> Option<Disk> {
        use rustix::fs::{StatVfsMountFlags, statvfs};
        let found = statvfs(folder(&self.path)).ok()?;
        Some(Disk {
            read_only: found.f_flag.contains(StatVfsMountFlags::RDONLY),
            free: found.f_bavail.saturating_mul(found.f_frsize),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text for a full disk.
pub(super) fn full() -> StoreError {
    StoreError::Full("the disk of the database is full: free some space; nothing of this was stored".into())
}

struct Disk {
    read_only: bool,
    free: u64,
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file beside a database with the same name and this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn id(path: &Path) -> Option<Id> {
    std::fs::metadata(path).ok().map(|found: Metadata| (found.dev(), found.ino()))
}

/// A new empty file that only this user can read.
///
/// # Errors
/// Errors of the disk; [`AlreadyExists`](ErrorKind::AlreadyExists) when the file exists.
pub(super) fn make(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Whether other users of this machine may read the file; `None` when there is no file.
pub(super) fn others_read(path: &Path) -> Option<bool> {
    match std::fs::metadata(path) {
        Ok(found) => Some(found.mode() & 0o077 != 0),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(_) => Some(false),
    }
}
