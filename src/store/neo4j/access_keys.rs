//! The keys of callers.

use super::Inner;
use super::bolt::Params;
use super::rows::{column, json};
use super::rules::alone;
use super::statement::{Statement, statements};
use crate::domain::Timestamp;
use crate::domain::access_key::{AccessKey, KeyHash, MaskingSecret, Role};
use crate::store::{Result, StoreError};

statements! {
    LOCK = "changes/lock_counter";
    LIST = "access_keys/list";
    INSERT = "access_keys/insert";
    INSERT_NEXT = "access_keys/insert_next";
    REVOKE = "access_keys/update_revoked";
    NOTE_USES = "access_keys/update_used";
    INSERT_SECRET = "access_keys/insert_secret";
    SECRET = "access_keys/fetch_secret";
}

/// The name of the secret of tokens.
const MASKING: &str = "masking";

/// All keys.
pub(super) async fn list(store: &Inner) -> Result<Vec<AccessKey>> {
    let rows = store.connections.read(&LIST, Params::new()).await?;
    let unreadable = |what: &str| StoreError::Data(format!("a key has {what} that this version cannot read"));
    let key = |row| {
        let time = |name| Ok::<_, StoreError>(column::<Option<i64>>(row, name)?.map(Timestamp));
        Ok(AccessKey {
            hash: KeyHash::parse(column(row, "hash")?).ok_or_else(|| unreadable("a hash"))?,
            name: column::<&str>(row, "name")?.into(),
            role: Role::parse(column(row, "role")?).ok_or_else(|| unreadable("a role"))?,
            source: column::<Option<&str>>(row, "source")?.map(Into::into),
            purposes: json("purposes", column(row, "purposes")?)?,
            created_at: Timestamp(column(row, "created_at")?),
            expires_at: time("expires_at")?,
            revoked_at: time("revoked_at")?,
            used_at: time("used_at")?,
        })
    };
    rows.iter().map(key).collect()
}

/// Stores a key, unless one of its name is in force.
pub(super) async fn insert(store: &Inner, key: &AccessKey) -> Result<bool> {
    Ok(changed(store, &INSERT, params(key)?).await? > 0)
}

/// Stores the next key of a name, if one is in force. Those end at `until`.
pub(super) async fn replace(store: &Inner, key: &AccessKey, until: Timestamp) -> Result<bool> {
    Ok(changed(store, &INSERT_NEXT, params(key)?.with("until", until)).await? > 0)
}

/// Revokes the keys of a name.
pub(super) async fn revoke(store: &Inner, name: &str, at: Timestamp) -> Result<usize> {
    let revoked = changed(store, &REVOKE, Params::new().with("name", name).with("at", at)).await?;
    Ok(usize::try_from(revoked).unwrap_or_default())
}

/// Records uses.
pub(super) async fn note_uses(store: &Inner, uses: &[(KeyHash, Timestamp)]) -> Result<()> {
    let hashes: Vec<String> = uses.iter().map(|(hash, _)| hash.to_string()).collect();
    let times = uses.iter().map(|(_, at)| *at);
    let params = Params::new().with_list("hashes", hashes).with_list("times", times);
    alone(store, &NOTE_USES, params).await
}

/// The secret of tokens: the stored one, else `new`, which is stored.
pub(super) async fn masking_secret(store: &Inner, new: &MaskingSecret) -> Result<MaskingSecret> {
    let named = || Params::new().with("name", MASKING);
    let mut rows = store.connections.read(&SECRET, named()).await?;
    if rows.is_empty() {
        alone(store, &INSERT_SECRET, named().with("value", const_hex::encode(new.0))).await?;
        rows = store.connections.read(&SECRET, named()).await?;
    }
    // A server of a cluster may have it a moment later.
    let row = rows.first().ok_or_else(|| StoreError::Busy("the secret of tokens is not here yet".into()))?;
    let unreadable = |_| StoreError::Data("the secret of tokens cannot be read".into());
    const_hex::decode_to_array(column::<&str>(row, "value")?).map(MaskingSecret).map_err(unreadable)
}

fn params(key: &AccessKey) -> Result<Params> {
    let purposes = serde_json::to_string(&key.purposes);
    let purposes = purposes.map_err(|_| StoreError::Refused("purposes that are no JSON".into()))?;
    Ok(Params::new()
        .with("hash", key.hash.to_string())
        .with("name", &key.name)
        .with("role", key.role.name())
        .with("source", &key.source)
        .with("purposes", purposes)
        .with("created_at", key.created_at)
        .with("expires_at", key.expires_at))
}

/// Runs a write in a transaction of its own and returns its `changed`; 0 without a row. The counter's lock is taken first
/// and by a statement of its own: within one statement the server may read the keys before it waits for the lock.
async fn changed(store: &Inner, statement: &Statement, params: Params) -> Result<i64> {
    let run = async {
        let mut transaction = store.connections.begin().await?;
        let done = match transaction.read(&LOCK, Params::new()).await {
            Ok(_) => transaction.read(statement, params).await,
            Err(fault) => Err(fault),
        };
        let changed = match done {
            Ok(rows) => rows.first().map(|row| column::<i64>(row, "changed")).transpose(),
            Err(fault) => {
                transaction.roll_back().await;
                return Err(fault);
            }
        };
        transaction.commit(0).await?;
        Ok(changed?)
    };
    match run.await {
        Ok(changed) => Ok(changed.unwrap_or_default()),
        Err(fault) => Err(store.connections.cause(fault).await),
    }
}
