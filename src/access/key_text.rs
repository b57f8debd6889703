//! The text of a key: `thr_`, the letter of its role, `_`, 32 random characters, and a checksum of six.
//!
//! The random characters are of `0-9A-Za-z`, 190 bits. The checksum is the CRC32 (IEEE) of everything before it, in the
//! same characters. So a mistyped key is refused without a look-up, and scanners find keys in other people's files by
//! `thr_[rnwa]_[0-9A-Za-z]{38}`.

use sha2::{Digest, Sha256};

use crate::domain::access_key::{KeyHash, Role};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM: usize = 32;
const CHECKSUM: usize = 6;
/// The length of a prefix such as `thr_a_`.
const PREFIX: usize = 6;
/// The length of a key.
const LENGTH: usize = PREFIX + RANDOM + CHECKSUM;

/// Makes a key of a role.
///
/// # Errors
/// When the system has no random bytes.
pub fn make(role: Role) -> Result<String, getrandom::Error> {
    let mut key = format!("thr_{}_", role.letter());
    let mut bytes = [0; 64];
    while key.len() < PREFIX + RANDOM {
        getrandom::fill(&mut bytes)?;
        // A byte above the last multiple of 62 would make some characters more frequent.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
        key.extend(fair.take(PREFIX + RANDOM - key.len()));
    }
    key.push_str(&checksum(&key));
    Ok(key)
}

/// The hash of a key. `None` when the text is no key or its checksum is wrong.
pub fn read(key: &str) -> Option<KeyHash> {
    if key.len() != LENGTH || !key.is_ascii() {
        return None;
    }
    let (start, given) = key.split_at(LENGTH - CHECKSUM);
    let is_prefix = Role::ALL.iter().any(|role| start.starts_with(&format!("thr_{}_", role.letter())));
    let is_plain = start[PREFIX..].bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_prefix && is_plain && checksum(start) == given).then(|| hash(key))
}

/// The SHA-256 of a key.
fn hash(key: &str) -> KeyHash {
    KeyHash(Sha256::digest(key.as_bytes()).into())
}

/// The CRC32 of a text, in six characters: the most significant first, padded with `0`.
fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_is_read_and_has_the_prefix_of_its_role() {
        for role in Role::ALL {
            let key = make(role).expect("random bytes");
            assert!(key.starts_with(&format!("thr_{}_", role.letter())) && key.len() == 44, "{key}");
            assert_eq!(read(&key), Some(hash(&key)));
        }
        let keys: HashSet<String> = (0..100).map(|_| make(Role::Admin).expect("random bytes")).collect();
        assert_eq!(keys.len(), 100);
        let used: HashSet<u8> = keys.iter().flat_map(|key| key.bytes().skip(PREFIX).take(RANDOM)).collect();
        assert_eq!(used.len(), 62, "all characters occur");
    }

    /// CRC32 of `123456789` is 0xCBF43926, the check value of the algorithm.
    #[test]
    fn the_checksum_is_crc32_in_six_characters() {
        let number = |text: &str| {
            text.bytes().fold(0_u64, |sum, byte| {
                sum * 62 + ALPHABET.iter().position(|known| *known == byte).expect("a known character") as u64
            })
        };
        assert_eq!(number(&checksum("123456789")), 0xCBF4_3926);
        assert_eq!(checksum(""), "000000");
    }

    #[test]
    fn a_changed_key_is_none() {
        let key = make(Role::Service).expect("random bytes");
        for at in 0..key.len() {
            let mut bytes = key.clone().into_bytes();
            bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
            assert_eq!(read(std::str::from_utf8(&bytes).expect("ASCII")), None, "the character {at} is another");
        }
        for other in ["", "thr_a_", &format!("{key} "), &key[1..], &"é".repeat(22)] {
            assert_eq!(read(other), None, "{other}");
        }
        let unknown = format!("thr_x_{}", &key[6..38]);
        assert_eq!(read(&format!("{unknown}{}", checksum(&unknown))), None, "no role has this letter");
    }
}
