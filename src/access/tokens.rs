//! Tokens of masked values: the same value has the same token for all callers of a role, and a token does not tell the
//! value. A caller of another role gets another token, so two roles cannot join what they see.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::domain::access_key::{MaskingSecret, Role};

/// The bytes of a token. That two of ten million values have the same token is as probable as 1 in 10^8.
const LENGTH: usize = 9;

/// The key of the tokens of a role.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of a role.
    pub fn new(secret: &MaskingSecret, role: Role) -> Self {
        TokenKey(hmac(&secret.0, &[b"role", role.name().as_bytes()]))
    }

    /// The token of an identifier.
    pub fn identifier(&self, kind: &str, value: &str) -> String {
        const_hex::encode(&hmac(&self.0, &[b"identifier", kind.as_bytes(), value.as_bytes()])[..LENGTH])
    }
}

/// It is a secret.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

/// HMAC-SHA256 (RFC 2104) of parts, each after its length.
fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_stable_and_differs_by_role_kind_value_and_secret() {
        let key = |secret, role| TokenKey::new(&MaskingSecret([secret; 32]), role);
        let token = key(1, Role::Reader).identifier("email", "ada@example.com");
        assert_eq!(token, key(1, Role::Reader).identifier("email", "ada@example.com"));
        assert!(token.len() == 18 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
        for other in [
            key(1, Role::Analyst).identifier("email", "ada@example.com"),
            key(2, Role::Reader).identifier("email", "ada@example.com"),
            key(1, Role::Reader).identifier("phone", "ada@example.com"),
            key(1, Role::Reader).identifier("email", "bob@example.com"),
            key(1, Role::Reader).identifier("emaila", "da@example.com"),
        ] {
            assert_ne!(token, other);
        }
    }
}
