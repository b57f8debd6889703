//! A caller.

use std::sync::Arc;

use super::permissions::{Permissions, Policy};
use super::tokens::TokenKey;
use crate::domain::Timestamp;
use crate::domain::access_key::{AccessKey, KeyHash, MaskingSecret, Role};

/// The caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name, as the author of decisions and in the log.
    pub name: Arc<str>,
    /// What it may do and see.
    pub permissions: Permissions,
    /// What the tokens of masked values are made of. `None` without masks.
    pub tokens: Option<TokenKey>,
    /// The source of its events. Only callers of the role SERVICE have one.
    pub source: Option<Arc<str>>,
    /// The purposes that it is bound to.
    pub purposes: Vec<Arc<str>>,
    /// Its key. `None` without `[access]`.
    pub key: Option<KeyHash>,
    /// When its key expires.
    pub expires_at: Option<Timestamp>,
}

impl Caller {
    /// Every caller of a server without `[access]`. It may do everything.
    pub fn everybody() -> Self {
        Caller {
            name: "anonymous".into(),
            permissions: Permissions::all(),
            tokens: None,
            source: None,
            purposes: Vec::new(),
            key: None,
            expires_at: None,
        }
    }

    /// The caller of a key.
    pub fn of(key: &AccessKey, policy: &Policy, secret: &MaskingSecret) -> Self {
        Caller {
            name: key.name.clone(),
            permissions: policy.of(key.role),
            tokens: Some(TokenKey::new(secret, key.role)),
            source: key.source.clone(),
            purposes: key.purposes.clone(),
            key: Some(key.hash),
            expires_at: key.expires_at,
        }
    }

    /// Its role.
    pub fn role(&self) -> Role {
        self.permissions.role
    }
}
