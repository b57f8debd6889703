//! The keys of callers, as they are stored: never the key itself, only its hash.

use std::fmt;
use std::sync::Arc;

use super::Timestamp;

/// What a caller may do and see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Sees profiles and figures.
    Reader,
    /// Sees figures.
    Analyst,
    /// Sends events of one source.
    Service,
    /// May do and see everything.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 4] = [Role::Reader, Role::Analyst, Role::Service, Role::Admin];

    /// The name, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Role::Reader => "reader",
            Role::Analyst => "analyst",
            Role::Service => "service",
            Role::Admin => "admin",
        }
    }

    /// The role of this name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(name))
    }

    /// The letter in the prefix of its keys: `thr_r_`, `thr_n_`, `thr_w_`, `thr_a_`.
    pub fn letter(self) -> char {
        match self {
            Role::Reader => 'r',
            Role::Analyst => 'n',
            Role::Service => 'w',
            Role::Admin => 'a',
        }
    }
}

/// The SHA-256 of a key. A key has 190 random bits, so its hash need not be slow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// Reads 64 hex digits.
    pub fn parse(hex: &str) -> Option<Self> {
        (hex.len() == 64).then(|| const_hex::decode_to_array(hex).ok().map(KeyHash)).flatten()
    }
}

/// 64 hex digits.
impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&const_hex::encode(self.0))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The secret that tokens of masked values are made of. All servers of a store have the same.
#[derive(Clone, PartialEq, Eq)]
pub struct MaskingSecret(pub [u8; 32]);

/// It is a secret.
impl fmt::Debug for MaskingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskingSecret")
    }
}

/// A stored key. A name has several keys after a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// The hash of the key.
    pub hash: KeyHash,
    /// Who it is, as the author of decisions and in logs.
    pub name: Arc<str>,
    /// What the caller may do.
    pub role: Role,
    /// The source of its events. Only keys of the role SERVICE have one.
    pub source: Option<Arc<str>>,
    /// The purposes that it is bound to. Empty: to none.
    pub purposes: Vec<Arc<str>>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires. `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// About when it was last used.
    pub used_at: Option<Timestamp>,
}

impl AccessKey {
    /// Whether it is accepted at this time.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Whether a text is a name of keys: 1 to 64 small letters, digits, `.`, `_`, `@` and `-`.
pub fn is_key_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = KeyHash(std::array::from_fn(|n| 255 - n as u8));
        assert_eq!(KeyHash::parse(&hash.to_string()), Some(hash));
        for bad in ["", "00", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert_eq!(KeyHash::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_is_in_force_up_to_the_millisecond_before_its_end() {
        let key = AccessKey {
            hash: KeyHash([0; 32]),
            name: "ada".into(),
            role: Role::Admin,
            source: None,
            purposes: Vec::new(),
            created_at: Timestamp(0),
            expires_at: Some(Timestamp(10)),
            revoked_at: None,
            used_at: None,
        };
        assert!(key.is_in_force(Timestamp(9)) && !key.is_in_force(Timestamp(10)));
        let revoked = AccessKey { revoked_at: Some(Timestamp(5)), ..key };
        assert!(!revoked.is_in_force(Timestamp(9)));
    }

    #[test]
    fn a_role_is_read_by_its_name_and_a_name_is_a_plain_word() {
        for role in Role::ALL {
            assert_eq!(Role::parse(&role.name().to_ascii_uppercase()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
        assert!(is_key_name("till-7.north_1@shop") && is_key_name(&"a".repeat(64)));
        assert!(!is_key_name("") && !is_key_name("Ada") && !is_key_name("a b") && !is_key_name(&"a".repeat(65)));
    }
}
