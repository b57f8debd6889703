//! Small readers of columns: from SQLite's values to types of the domain.

use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::domain::{Arrival, Timestamp};
use crate::store::amounts::Kept;
use crate::store::{Result, StoreError};

/// A text.
pub(super) fn text(row: &Row<'_>, column: usize) -> Result<Arc<str>> {
    Ok(str(row, column)?.into())
}

/// A text or null.
pub(super) fn optional_text(row: &Row<'_>, column: usize) -> Result<Option<Arc<str>>> {
    Ok(optional_str(row, column)?.map(Arc::from))
}

/// A text, borrowed from the row.
pub(super) fn str<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str> {
    optional_str(row, column)?.ok_or_else(|| unreadable(column))
}

/// A text or null, borrowed from the row.
pub(super) fn optional_str<'r>(row: &'r Row<'_>, column: usize) -> Result<Option<&'r str>> {
    row.get_ref(column)?.as_str_or_null().map_err(|_| unreadable(column))
}

/// An arrival.
pub(super) fn arrival(row: &Row<'_>, column: usize) -> Result<Arrival> {
    Ok(Arrival(row.get(column)?))
}

/// An amount, or another sort key of a list, of any size.
pub(super) fn amount(row: &Row<'_>, column: usize) -> Result<i128> {
    match row.get_ref(column)? {
        ValueRef::Integer(whole) => Ok(whole.into()),
        other => other.as_str().ok().and_then(Kept::read).ok_or_else(|| unreadable(column)),
    }
}

/// A moment.
pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(Timestamp(row.get(column)?))
}

/// A JSON text, not parsed.
pub(super) fn raw_json(text: &str) -> Result<Arc<RawValue>> {
    Ok(RawValue::from_string(text.to_owned())?.into())
}

/// The value of a JSON text.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    Ok(serde_json::from_str(str(row, column)?)?)
}

/// A word of a closed list.
pub(super) fn word<T>(row: &Row<'_>, column: usize, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    parse(str(row, column)?).ok_or_else(|| unreadable(column))
}

impl ToSql for Kept {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Kept::Whole(whole) => whole.to_sql(),
            Kept::Vast(text) => text.to_sql(),
        }
    }
}

impl From<Kept> for Value {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Whole(whole) => Value::Integer(whole),
            Kept::Vast(text) => Value::Text(text),
        }
    }
}

fn unreadable(column: usize) -> StoreError {
    StoreError::Data(format!("column {column} of a row holds something this version cannot read"))
}
