//! Makes the tables, once, whoever comes first.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::{Result, StoreError};

/// The version that this program reads and writes, in `user_version`.
const VERSION: i64 = 1;
/// Says whose file it is, in `application_id`: `thrl`.
const APPLICATION: i64 = 0x7468_726c;

/// Makes the tables in an empty file; leaves a file of this version alone; refuses any other.
/// Safe when several processes start at once: the check is made again under the file's lock.
pub(super) fn set_up(connection: &mut Connection) -> Result<()> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match version(&transaction)? {
        VERSION => return Ok(()),
        0 => {}
        newer => {
            return Err(StoreError::Setup(format!(
                "the database was made by a newer Throughline (its version is {newer}, this program's {VERSION}): \
                 run that one, or name another file"
            )));
        }
    }
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 {
        return Err(StoreError::Setup("the file is a database of another program: name another file".into()));
    }
    transaction.execute_batch(include_str!("schema.sql"))?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// The file's version; 0 for an empty one, and for one that is not ours.
fn version(connection: &Connection) -> Result<i64> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(if number("application_id")? == APPLICATION { number("user_version")? } else { 0 })
}
