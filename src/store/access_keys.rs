//! Operations on the keys of callers.

use async_trait::async_trait;

use super::Result;
use crate::domain::Timestamp;
use crate::domain::access_key::{AccessKey, KeyHash, MaskingSecret};

/// The keys of callers. They are no change of the change log, and no view of the past has them.
#[async_trait]
pub trait AccessKeys {
    /// All keys, also those that are not in force any more: by name, then by their creation.
    async fn list_access_keys(&self) -> Result<Vec<AccessKey>>;

    /// Stores a key, unless a key of its name is in force at its creation. Returns whether it was stored.
    async fn insert_access_key(&self, key: &AccessKey) -> Result<bool>;

    /// Stores a key beside those of its name. Those in force at its creation end at `until`, or earlier if they expire
    /// earlier. Returns whether it was stored: not when no key of the name is in force.
    async fn replace_access_key(&self, key: &AccessKey, until: Timestamp) -> Result<bool>;

    /// Revokes all keys of a name that are in force at `at`. Returns their number.
    async fn revoke_access_keys(&self, name: &str, at: Timestamp) -> Result<usize>;

    /// Records that keys were used. An earlier time than the stored one, and an unknown key, change nothing.
    async fn note_access_key_uses(&self, uses: &[(KeyHash, Timestamp)]) -> Result<()>;

    /// The secret that tokens of masked values are made of. The first call stores `new`; every later call, of any server,
    /// returns what was stored first.
    async fn masking_secret(&self, new: &MaskingSecret) -> Result<MaskingSecret>;
}
