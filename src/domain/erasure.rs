//! The erasure of a person: what is asked, what was done, and what stays.

use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::access_key::MaskingSecret;
use super::customer::CustomerId;
use super::identifier::IdentifierKey;

/// A request to erase a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRequest {
    /// Any id of the customer.
    pub customer: CustomerId,
    /// Who asked.
    pub by: Arc<str>,
    /// Why, in words. It stays, so it must not name the person.
    pub reason: Arc<str>,
    /// Whether later events with an identifier of the person are rejected.
    pub suppress: bool,
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureOutcome {
    /// The person is erased; in a trial, would be.
    Done(Erased),
    /// The person was erased before.
    Unchanged(CustomerId),
    /// No customer ever had this id.
    NotFound,
}

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// The change of the erasure; of a trial, the last change.
    pub change: i64,
    /// The customer, and the customers that were merged into it.
    pub customers: Vec<CustomerId>,
    /// How many identifiers.
    pub identifiers: i64,
    /// How many touchpoints.
    pub touchpoints: i64,
    /// How many orders.
    pub orders: i64,
    /// How much was erased from each place.
    pub places: Vec<(Place, i64)>,
}

/// What is known about an identifier after an erasure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedIdentifier {
    /// Its customer was erased.
    pub erased: bool,
    /// Events with it are rejected.
    pub suppressed: bool,
}

/// A place of a store that holds data about people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Identifiers and memberships.
    Identifiers,
    /// Words of the search.
    SearchWords,
    /// Touchpoints with their properties.
    Touchpoints,
    /// Message ids.
    Messages,
    /// Orders.
    Orders,
    /// Acts on products.
    ProductActs,
    /// Names of products and campaigns that only this person had.
    Names,
    /// Traits.
    Traits,
    /// Consents.
    Consents,
    /// Devices.
    Devices,
    /// Links.
    Links,
    /// Evidence.
    Evidence,
    /// Decisions of people.
    Decisions,
    /// Identity histories.
    IdentityHistory,
    /// The change log.
    ChangeLog,
    /// Memberships of segments and judgements.
    Segments,
}

impl Place {
    /// Its name in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Place::Identifiers => "identifiers",
            Place::SearchWords => "search words",
            Place::Touchpoints => "touchpoints",
            Place::Messages => "message ids",
            Place::Orders => "orders",
            Place::ProductActs => "acts on products",
            Place::Names => "names of products and campaigns",
            Place::Traits => "traits",
            Place::Consents => "consents",
            Place::Devices => "devices",
            Place::Links => "links",
            Place::Evidence => "evidence",
            Place::Decisions => "decisions of people",
            Place::IdentityHistory => "identity history",
            Place::ChangeLog => "change log",
            Place::Segments => "members of segments",
        }
    }
}

/// Makes the hashes that stay: of message ids, so that a replay is found, and of identifiers, so that they can be
/// suppressed. The secret of the store is the salt.
#[derive(Clone, Debug)]
pub struct ErasureSalt(MaskingSecret);

impl ErasureSalt {
    /// With the secret of the store.
    pub fn new(secret: MaskingSecret) -> Self {
        ErasureSalt(secret)
    }

    /// The hash of a message id, in hexadecimal.
    pub fn message(&self, id: &str) -> Arc<str> {
        self.hash(&[b"erased message", id.as_bytes()])
    }

    /// The hash of an identifier, in hexadecimal.
    pub fn identifier(&self, key: &IdentifierKey) -> Arc<str> {
        self.hash(&[b"erased identifier", key.kind.as_bytes(), key.value.as_bytes()])
    }

    fn hash(&self, parts: &[&[u8]]) -> Arc<str> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0.0).expect("any length is a key");
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        const_hex::encode(&mac.finalize().into_bytes()[..16]).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_the_secret_and_on_every_part() {
        let salts = [1, 2].map(|byte| ErasureSalt::new(MaskingSecret([byte; 32])));
        let key = |kind: &str, value: &str| IdentifierKey::new(kind, value);
        let one = salts[0].identifier(&key("ab", "c"));
        assert_eq!(one, salts[0].identifier(&key("ab", "c")));
        assert_ne!(one, salts[1].identifier(&key("ab", "c")));
        assert_ne!(one, salts[0].identifier(&key("a", "bc")));
        assert_ne!(salts[0].message("abc"), salts[0].identifier(&key("", "abc")));
        assert_eq!(one.len(), 32);
    }
}
