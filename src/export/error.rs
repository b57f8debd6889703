//! What can stop an export.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Why an export did not begin or did not end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder cannot take this export. Nothing was written.
    #[error("{0}")]
    Call(String),
    /// A file or the folder could not be read or written.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// What is in the folder is not what the export left there.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The result of export work.
pub type Result<T> = std::result::Result<T, ExportError>;

impl ExportError {
    /// Whether the call itself cannot work.
    pub fn is_wrong_call(&self) -> bool {
        matches!(self, ExportError::Call(_))
    }
}

/// Names the file of an error.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> ExportError + '_ {
    move |reason| ExportError::File { path: path.to_owned(), reason }
}
