//! A statement: SQL from its own file. The file's path is its name in metrics.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use rusqlite::{CachedStatement, Connection, Params, Row};

use crate::store::Result;

/// One statement of this store.
pub(super) struct Statement {
    /// Its name: the path of its file below `sql/`, without `.sql`, or a path of its own when it is made from several
    /// files.
    pub(super) name: &'static str,
    /// Its text.
    pub(super) sql: &'static str,
}

/// `statements! { FETCH = "links/fetch"; COUNT = "customers/count" ("customers/part_count" | "customers/part_filter");
/// }` makes constants, each from one file or from several, and `ALL` with all of them.
macro_rules! statements {
    ($($constant:ident = $name:literal $(($($part:literal)|+))?;)+) => {
        $(const $constant: crate::store::sqlite::statement::Statement = crate::store::sqlite::statement::Statement {
            name: $name,
            sql: crate::store::sqlite::statement::text!($name $(($($part)|+))?),
        };)+
        pub(in crate::store::sqlite) const ALL: &[crate::store::sqlite::statement::Statement] = &[$($constant),+];
    };
}
pub(super) use statements;

/// The text of a statement's files.
macro_rules! text {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/sqlite/sql/", $file, ".sql"))
    };
    ($name:literal ($($part:literal)|+)) => {
        concat!($(crate::store::sqlite::statement::text!($part)),+)
    };
}
pub(super) use text;

/// A prepared statement. When it is dropped, the time since it was prepared is recorded. So all its executions in one
/// operation are measured together: a write executes some statements a thousand times at a microsecond each, and to
/// time each of these would take 20% longer.
pub(super) struct Prepared<'c> {
    statement: CachedStatement<'c>,
    name: &'static str,
    began: Instant,
}

impl Statement {
    /// Prepares the statement, or takes it from the connection's cache.
    pub(super) fn on<'c>(&self, connection: &'c Connection) -> Result<Prepared<'c>> {
        let began = Instant::now();
        Ok(Prepared { statement: connection.prepare_cached(self.sql)?, name: self.name, began })
    }
}

impl Prepared<'_> {
    /// The first row, if any, decoded by `read`.
    pub(super) fn first<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut rows = self.statement.query(params)?;
        rows.next()?.map(read).transpose()
    }

    /// Adds every row, decoded by `read`, to `rows`.
    pub(super) fn all<T>(
        &mut self,
        params: impl Params,
        into: &mut Vec<T>,
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<()> {
        let mut rows = self.statement.query(params)?;
        while let Some(row) = rows.next()? {
            into.push(read(row)?);
        }
        Ok(())
    }

    /// The one integer of the statement's answer; 0 without a row.
    pub(super) fn count(&mut self, params: impl Params) -> Result<i64> {
        Ok(self.first(params, |row| Ok(row.get(0)?))?.unwrap_or_default())
    }
}

impl<'c> Deref for Prepared<'c> {
    type Target = CachedStatement<'c>;
    fn deref(&self) -> &Self::Target {
        &self.statement
    }
}

impl DerefMut for Prepared<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.statement
    }
}

impl Drop for Prepared<'_> {
    fn drop(&mut self) {
        metrics::histogram!("throughline_statement_seconds", "store" => "sqlite", "statement" => self.name)
            .record(self.began.elapsed());
    }
}
