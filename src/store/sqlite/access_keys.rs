//! The keys of callers.

use rusqlite::{Connection, TransactionBehavior, params};

use super::row::{json, optional_text, text, time, word};
use super::statement::statements;
use crate::domain::Timestamp;
use crate::domain::access_key::{AccessKey, KeyHash, MaskingSecret, Role};
use crate::store::{Result, StoreError};

statements! {
    LIST = "access_keys/list";
    IN_FORCE = "access_keys/count_in_force";
    INSERT = "access_keys/insert";
    END = "access_keys/update_end";
    REVOKE = "access_keys/update_revoked";
    NOTE_USE = "access_keys/update_used";
    INSERT_SECRET = "access_keys/insert_secret";
    SECRET = "access_keys/fetch_secret";
}

/// The name of the secret of tokens.
const MASKING: &str = "masking";

/// All keys.
pub(super) fn list(db: &Connection) -> Result<Vec<AccessKey>> {
    let mut keys = Vec::new();
    LIST.on(db)?.all([], &mut keys, |row| {
        let optional_time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp));
        Ok(AccessKey {
            hash: KeyHash(row.get(0)?),
            name: text(row, 1)?,
            role: word(row, 2, Role::parse)?,
            source: optional_text(row, 3)?,
            purposes: json(row, 4)?,
            created_at: time(row, 5)?,
            expires_at: optional_time(6)?,
            revoked_at: optional_time(7)?,
            used_at: optional_time(8)?,
        })
    })?;
    Ok(keys)
}

/// Stores a key, unless one of its name is in force.
pub(super) fn insert(db: &mut Connection, key: &AccessKey) -> Result<bool> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if IN_FORCE.on(&transaction)?.count(params![&*key.name, key.created_at.0])? > 0 {
        return Ok(false);
    }
    add(&transaction, key)?;
    transaction.commit()?;
    Ok(true)
}

/// Stores the next key of a name, if one is in force. Those end at `until`.
pub(super) fn replace(db: &mut Connection, key: &AccessKey, until: Timestamp) -> Result<bool> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if END.on(&transaction)?.execute(params![&*key.name, key.created_at.0, until.0])? == 0 {
        return Ok(false);
    }
    add(&transaction, key)?;
    transaction.commit()?;
    Ok(true)
}

fn add(db: &Connection, key: &AccessKey) -> Result<()> {
    let AccessKey { hash, name, role, source, purposes, created_at, expires_at, .. } = key;
    let (purposes, expires_at) = (serde_json::to_string(purposes)?, expires_at.map(|at| at.0));
    INSERT.on(db)?.execute(params![
        hash.0,
        &**name,
        role.name(),
        source.as_deref(),
        purposes,
        created_at.0,
        expires_at
    ])?;
    Ok(())
}

/// Revokes the keys of a name.
pub(super) fn revoke(db: &Connection, name: &str, at: Timestamp) -> Result<usize> {
    Ok(REVOKE.on(db)?.execute(params![name, at.0])?)
}

/// Records uses.
pub(super) fn note_uses(db: &mut Connection, uses: &[(KeyHash, Timestamp)]) -> Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (hash, at) in uses {
        NOTE_USE.on(&transaction)?.execute(params![hash.0, at.0])?;
    }
    transaction.commit()?;
    Ok(())
}

/// The secret of tokens: the stored one, else `new`, which is stored.
pub(super) fn masking_secret(db: &mut Connection, new: &MaskingSecret) -> Result<MaskingSecret> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    INSERT_SECRET.on(&transaction)?.execute(params![MASKING, new.0])?;
    let stored = SECRET.on(&transaction)?.first([MASKING], |row| Ok(row.get(0)?))?;
    transaction.commit()?;
    stored.map(MaskingSecret).ok_or_else(|| StoreError::Data("the secret of tokens is missing".into()))
}

/// The secret of tokens, when it was stored.
pub(super) fn stored_secret(db: &Connection) -> Result<Option<[u8; 32]>> {
    SECRET.on(db)?.first([MASKING], |row| Ok(row.get(0)?))
}
