//! How an event becomes a fact, and how facts reach the store.
//!
//! * [`Reader`] reads one event by the contract's "From an event to what is stored": each field of a
//!   [`Fact`](crate::domain::fact::Fact) has a file here, of the same name where the domain has one.
//! * A fault rejects the event; what can be left out without changing what the event says is left
//!   out with a warning. Problems name a place and never a value.

pub mod channels;
mod claims;
mod consents;
mod devices;
pub mod event;
pub mod identifiers;
mod json;
pub mod kinds;
pub mod message_id;
mod notes;
mod orders;
mod products;
mod time;

pub use event::{Origin, Read, Reader, Rejected};
pub use identifiers::{Identifiers, NoIdentifier, Previous};
pub use message_id::Occurrences;
