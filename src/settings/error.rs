//! Errors of settings.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The first error in the settings, with its position.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{place}: not TOML: {reason}")]
    Syntax {
        /// The position.
        place: Place,
        /// The reason.
        reason: String,
    },
    /// The key is unknown.
    #[error("{place}: unknown key {key}{hint}")]
    UnknownKey {
        /// The position.
        place: Place,
        /// The key.
        key: String,
        /// A hint in parentheses, or empty.
        hint: String,
    },
    /// The value is invalid.
    #[error("{place}: {key}: {reason}")]
    BadValue {
        /// The position.
        place: Place,
        /// The key.
        key: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a file, from 1.
    File(Arc<str>, usize),
    /// An environment variable.
    Variable(Arc<str>),
    /// A flag of the command line.
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
