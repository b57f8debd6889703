//! A statement: SQL from a file of its own, known by the file's path in metrics.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use rusqlite::{CachedStatement, Connection, Params, Row};

use crate::store::Result;

/// One statement of this store.
pub(super) struct Statement {
    /// The path of its file below `sql/`, without `.sql`; or of what it is put together to be.
    pub(super) name: &'static str,
    /// Its text.
    pub(super) sql: &'static str,
}

/// `statements! { FETCH = "links/fetch"; COUNT = "customers/count" ("customers/part_count" | "customers/part_filter"); }`
/// makes constants, of one file or put together from several, and `ALL` of all of them.
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

/// The text of the files that a statement is made of.
macro_rules! text {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/sqlite/sql/", $file, ".sql"))
    };
    ($name:literal ($($part:literal)|+)) => {
        concat!($(crate::store::sqlite::statement::text!($part)),+)
    };
}
pub(super) use text;

/// A prepared statement. When it goes out of scope, the time since it was prepared is recorded: all
/// its executions in one operation together, since a write executes some statements a thousand
/// times at a microsecond each, and to time each would cost a fifth as much again.
pub(super) struct Prepared<'c> {
    statement: CachedStatement<'c>,
    name: &'static str,
    began: Instant,
}

impl Statement {
    /// Prepared, from the connection's cache when it was used before.
    pub(super) fn on<'c>(&self, connection: &'c Connection) -> Result<Prepared<'c>> {
        let began = Instant::now();
        Ok(Prepared { statement: connection.prepare_cached(self.sql)?, name: self.name, began })
    }
}

impl Prepared<'_> {
    /// The first row, if any, as `read` decodes it.
    pub(super) fn first<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut rows = self.statement.query(params)?;
        rows.next()?.map(read).transpose()
    }

    /// Adds every row, as `read` decodes it, to `rows`.
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

    /// The one integer that the statement answers, 0 without a row.
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
