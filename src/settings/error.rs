//! What can be wrong with settings.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The first thing that is wrong, with its place.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{place}: not TOML: {reason}")]
    Syntax {
        /// Where.
        place: Place,
        /// Why.
        reason: String,
    },
    /// Nothing has this key.
    #[error("{place}: unknown key {key}{hint}")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// What may have been meant, in brackets; or nothing.
        hint: String,
    },
    /// The key's value cannot be.
    #[error("{place}: {key}: {reason}")]
    BadValue {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// Why, and what would be right.
        reason: String,
    },
}

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file, at a line that begins with 1.
    File(Arc<str>, usize),
    /// In a variable of the environment.
    Variable(Arc<str>),
    /// By a flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path, line) => write!(f, "{path}:{line}"),
            Place::Variable(name) => f.write_str(name),
            Place::Flag(name) => f.write_str(name),
        }
    }
}
