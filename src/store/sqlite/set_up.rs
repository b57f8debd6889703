//! Creates the tables, once; the first process does it.

use rusqlite::{Connection, TransactionBehavior};

use super::claims;
use super::words;
use crate::store::{Result, StoreError};

/// The version that this program reads and writes, in `user_version`.
pub(super) const VERSION: i64 = STEPS.len() as i64;
/// The scripts that raise a file by one version each; the first script is for an empty file.
const STEPS: [&str; 17] = [
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
    include_str!("schema_8.sql"),
    include_str!("schema_9.sql"),
    include_str!("schema_10.sql"),
    include_str!("schema_11.sql"),
    include_str!("schema_12.sql"),
    include_str!("schema_13.sql"),
    include_str!("schema_14.sql"),
    include_str!("schema_15.sql"),
    include_str!("schema_16.sql"),
    include_str!("schema_17.sql"),
];
/// The version since which files have words in the program's present form. It is raised when the form changes.
const WORDS: i64 = 9;
/// The version since which present claims have the hashes of their values.
const HASHES: i64 = 13;
/// Marks the file as ours in `application_id`: `thrl`.
const APPLICATION: i64 = 0x7468_726c;

/// Creates the tables in an empty file, upgrades a file of an older version, does not change a file of this version,
/// and refuses any other file. It is safe when several processes start at the same time: it checks again under the
/// file's lock.
pub(super) fn set_up(connection: &mut Connection) -> Result<()> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    if found == VERSION {
        return Ok(());
    }
    if !(0..VERSION).contains(&found) {
        return Err(newer(found));
    }
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if found == 0 && tables > 0 {
        return Err(StoreError::Setup("the file is a database of another program: name another file".into()));
    }
    for step in STEPS.iter().skip(found as usize) {
        transaction.execute_batch(step)?;
    }
    if (1..WORDS).contains(&found) {
        tracing::info!("making the search words of customers again, once");
        words::fill(&transaction)?;
    }
    if (1..HASHES).contains(&found) {
        claims::fill_hashes(&transaction)?;
    }
    if found == 0 {
        // Everything that was ever deleted from this file was overwritten.
        transaction.execute_batch("UPDATE counter SET overwritten = 1")?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// The error for a file of a newer version.
pub(super) fn newer(found: i64) -> StoreError {
    StoreError::Setup(format!(
        "the database was made by a newer Throughline (its version is {found}, this program's {VERSION}): \
         run that one, or name another file"
    ))
}

/// The faults that SQLite finds in the file, at most ten. `thorough` also compares indexes with their tables.
pub(super) fn faults(connection: &Connection, thorough: bool) -> Result<Vec<String>> {
    let check = if thorough { "PRAGMA integrity_check(10)" } else { "PRAGMA quick_check(10)" };
    let mut statement = connection.prepare(check)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let words: String = row.get(0)?;
        // SQLite names tables, indexes and numbers of rows. Several faults of one page are one row with several lines.
        found.extend(words.lines().filter(|line| *line != "ok").map(str::to_owned));
    }
    Ok(found)
}

/// The file's version; 0 for an empty one, and for one that is not ours.
pub(super) fn version(connection: &Connection) -> Result<i64> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(if number("application_id")? == APPLICATION { number("user_version")? } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_file_holds_is_searched_as_what_is_new() {
        let mut db = Connection::open_in_memory().expect("a database in memory");
        for step in &STEPS[..WORDS as usize - 1] {
            db.execute_batch(step).expect("the older schema");
        }
        db.pragma_update(None, "application_id", APPLICATION).expect("an application");
        db.pragma_update(None, "user_version", WORDS - 1).expect("a version");
        db.execute_batch(
            "INSERT INTO customer (born, id, version, first_seen_at, last_seen_at, order_count, channels)
             VALUES (1, 'c1', 1, 0, 0, 0, '[]');
             INSERT INTO identifier (id, kind, value, first_seen_at, last_seen_at, customer, since, rollup)
             VALUES (7, 'phone', '+447235978358', 0, 0, 1, 1, '{}');
             INSERT INTO claim (arrival, owner, name, value, provenance, source, at, first_at, count)
             VALUES (8, 7, 'name', '\"Kw\u{e1}me\"', 'DECLARED', 'x', 0, 0, 1);
             INSERT INTO identifier_word (identifier, word) VALUES (7, 'kw\u{e1}me');",
        )
        .expect("what an older program stored");
        set_up(&mut db).expect("the schema of now");
        for (text, customers) in [("kwmae", 1), ("wam", 1), ("07235978", 1), ("kw\u{e1}", 1), ("kofi", 0)] {
            let asked = crate::domain::search::Asked::read(text);
            let words = words::found_in(&db, &asked.parts[0].words[0], 10).expect("an answer").expect("few");
            let found = words::customers_with(&db, &words, 10).expect("an answer").expect("few");
            assert_eq!(found.len(), customers, "{text}");
        }
        let stored = |sql: &str| db.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).expect("a row");
        let hash = crate::domain::claim::value_hash("\"Kw\u{e1}me\"");
        assert_eq!(stored("SELECT hash FROM claim WHERE arrival = 8"), Some(hash));
        set_up(&mut db).expect("once is enough");
    }
}
