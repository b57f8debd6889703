//! Turns SQLite's errors into store errors whose texts tell a person what to do. The texts never contain a value of a
//! row.

use rusqlite::{Error, ErrorCode};

use crate::store::StoreError;

/// The beginnings of two errors: the file cannot be opened; the file cannot be read or written, since the disk may be
/// full or read-only.
pub(super) const CANNOT_OPEN: &str = "the database file cannot be opened";
pub(super) const IO_FAILED: &str = "reading or writing the file failed";

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let Error::SqliteFailure(failure, _) = &error else {
            return match error {
                Error::FromSqlConversionFailure(column, ..) | Error::InvalidColumnType(column, ..) => {
                    StoreError::Data(format!("column {column} of a row holds something this version cannot read"))
                }
                Error::IntegralValueOutOfRange(column, _) => {
                    StoreError::Data(format!("column {column} of a row is out of range"))
                }
                other => StoreError::Data(format!("a statement does not fit the database: {}", kind(&other))),
            };
        };
        let code = failure.extended_code;
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                StoreError::Busy("another process is writing to the database file".into())
            }
            ErrorCode::DiskFull => StoreError::Full(
                "the disk of the database is full: free some space; nothing of this batch was stored".into(),
            ),
            ErrorCode::ReadOnly => StoreError::ReadOnly(
                "the database file or its folder is read-only: give this user the right to write to both".into(),
            ),
            ErrorCode::CannotOpen => StoreError::Setup(format!(
                "{CANNOT_OPEN}: its folder must exist and this user must be able to write to it"
            )),
            ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
                StoreError::Setup("this user has no right to the database file".into())
            }
            ErrorCode::NotADatabase => {
                StoreError::Setup("the file is not an SQLite database: name another, or move it away".into())
            }
            ErrorCode::DatabaseCorrupt => StoreError::Data(
                "the database file is damaged: put a backup back, or save what `sqlite3 FILE .recover` can read".into(),
            ),
            ErrorCode::TooBig => StoreError::Refused("a text longer than the database takes".into()),
            ErrorCode::SystemIoFailure => StoreError::Away(format!("{IO_FAILED} (code {code})")),
            ErrorCode::OutOfMemory => StoreError::Away("out of memory".into()),
            ErrorCode::OperationInterrupted => StoreError::Busy("the operation was interrupted".into()),
            ErrorCode::ConstraintViolation => {
                StoreError::Data(format!("a row that must be unique was there already (code {code})"))
            }
            _ => StoreError::Data(format!("SQLite reported code {code}")),
        }
    }
}

/// The kind of a driver's error, without its values.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::InvalidColumnIndex(_) | Error::InvalidColumnName(_) => "a column is missing",
        Error::InvalidParameterCount(..) | Error::InvalidParameterName(_) => "its parameters differ",
        Error::QueryReturnedNoRows => "a row is missing",
        Error::SqlInputError { .. } => "its text is not understood",
        Error::MultipleStatement => "it is several",
        _ => "a fault of the driver",
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        StoreError::Data(format!("a stored JSON text is broken in column {}", error.column()))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn each_fault_says_whose_it_is() {
        let fault = |code| StoreError::from(Error::SqliteFailure(ffi::Error::new(code), Some("SECRET".into())));
        let full = fault(ffi::SQLITE_FULL);
        assert!(matches!(&full, StoreError::Full(text) if text.contains("free some space")));
        assert!(matches!(fault(ffi::SQLITE_READONLY), StoreError::ReadOnly(text) if text.contains("read-only")));
        assert!(matches!(fault(ffi::SQLITE_BUSY), StoreError::Busy(_)));
        assert!(matches!(fault(ffi::SQLITE_IOERR_WRITE), StoreError::Away(_)));
        assert!(matches!(fault(ffi::SQLITE_TOOBIG), StoreError::Refused(_)));
        assert!(matches!(fault(ffi::SQLITE_CORRUPT), StoreError::Data(text) if text.contains("damaged")));
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_MISUSE, ffi::SQLITE_ERROR] {
            assert!(!fault(code).to_string().contains("SECRET"), "the driver's text may name values");
        }
    }
}
