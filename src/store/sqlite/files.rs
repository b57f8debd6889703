//! The files of a database: that only this user reads them, and that those at the path are still the ones that are
//! open. A file can be moved away or replaced while it is open; what is written then is in a file that nobody will
//! find.

use std::fs::{File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{CANNOT_OPEN, IO_FAILED};
use crate::store::{Result, StoreError};

/// Less than this left on a disk is worth a try whether anything can be written.
const LITTLE: u64 = 1 << 20;
/// With less than this left a failed write failed for that.
const NOTHING: u64 = 64 << 10;

/// Device and number of a file.
type Id = (u64, u64);

/// The files at one path, as the connections of this process know them.
pub(super) struct Files {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The file that was opened first.
    main: Option<Id>,
    /// The log beside it and its index, while connections are open: the last one that closes takes both away.
    beside: [Option<Id>; 2],
    connections: usize,
}

/// What stands beside the file while it is open.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// A connection is open, for as long as this lives.
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

    /// Whether a connection was opened here before.
    pub(super) fn are_known(&self) -> bool {
        self.lock().main.is_some()
    }

    /// Before a connection is opened. A file that is not there yet is made, once, for this user alone; SQLite gives
    /// what it makes beside it the same rights.
    pub(super) fn before_open(&self, makes: bool) -> Result<()> {
        if self.are_known() {
            return self.check();
        }
        if makes {
            // Whatever is wrong with it, and that it is there, is SQLite's to say.
            let _ = make(&self.path);
        }
        Ok(())
    }

    /// After a connection was opened.
    pub(super) fn opened(self: &Arc<Self>) -> Opened {
        let id = id(&self.path);
        let mut known = self.lock();
        known.main = known.main.or(id);
        known.connections += 1;
        Opened(self.clone())
    }

    /// Whether what is at the path is what is open.
    ///
    /// # Errors
    /// [`Away`](StoreError::Away): it may be put back.
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

    /// Whether there is so little space that a write may fail, or the disk takes none at all.
    pub(super) fn are_in_danger(&self) -> bool {
        self.disk().is_some_and(|disk| disk.read_only || disk.free < LITTLE)
    }

    /// Whether there is little space.
    pub(super) fn are_nearly_full(&self) -> bool {
        self.disk().is_some_and(|disk| disk.free < LITTLE)
    }

    /// An error of the disk, told by what is wrong with the disk.
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

/// What is said of a full disk.
pub(super) fn full() -> StoreError {
    StoreError::Full("the disk of the database is full: free some space; nothing of this was stored".into())
}

struct Disk {
    read_only: bool,
    free: u64,
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file beside a database that has its name and this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn id(path: &Path) -> Option<Id> {
    std::fs::metadata(path).ok().map(|found: Metadata| (found.dev(), found.ino()))
}

/// A new file for this user alone, empty.
///
/// # Errors
/// Of the disk; [`AlreadyExists`](ErrorKind::AlreadyExists) when there is one.
pub(super) fn make(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Whether others of this machine may read it; `None` when it is not there.
pub(super) fn others_read(path: &Path) -> Option<bool> {
    match std::fs::metadata(path) {
        Ok(found) => Some(found.mode() & 0o077 != 0),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(_) => Some(false),
    }
}
