//! Operations on erased persons.

use async_trait::async_trait;

use super::Result;
use crate::domain::Timestamp;
use crate::domain::customer::CustomerId;
use crate::domain::erasure::{ErasedIdentifier, ErasureOutcome, ErasureRequest, ErasureSalt};
use crate::domain::identifier::IdentifierKey;

/// The erasure of persons.
#[async_trait]
pub trait Erasures {
    /// Erases a person in one transaction and one change: all rows of the customer and of its identifiers, and of
    /// identifiers that no customer has and that were seen with nobody else. In rows that others are in, too, the person
    /// is left out. What stays: the ids of the customer and of those merged into it, the hashes of the person's message
    /// ids and identifiers, and one entry of the change log. With `trial` it counts, and writes nothing.
    ///
    /// After a kill of the process the person is whole, or erased. [`clean_up`](Self::clean_up) follows.
    async fn erase(
        &self,
        request: &ErasureRequest,
        salt: &ErasureSalt,
        at: Timestamp,
        trial: bool,
    ) -> Result<ErasureOutcome>;

    /// Which of these are ids of erased customers.
    async fn erased(&self, ids: &[CustomerId]) -> Result<Vec<bool>>;

    /// What is known about an identifier after an erasure.
    async fn erased_identifier(&self, key: &IdentifierKey, salt: &ErasureSalt) -> Result<ErasedIdentifier>;

    /// Rejects events with this identifier of an erased person, or takes them again. Returns whether that is new.
    async fn set_suppression(&self, key: &IdentifierKey, salt: &ErasureSalt, is: bool) -> Result<bool>;

    /// Does what cannot be in the transaction of an erasure, for all erasures so far: it overwrites what the store's own
    /// files still hold of rows that are gone. It is safe to call this again, and cheap when there is nothing to do.
    /// Returns what is left to do by a person, if anything.
    async fn clean_up(&self) -> Result<Option<&'static str>>;
}
