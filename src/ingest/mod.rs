//! How an event becomes a fact, and how facts reach the store.
//!
//! * [`Reader`] reads one event by the contract's "From an event to what is stored": each field of a
//!   [`Fact`](crate::domain::fact::Fact) has a file here, of the same name where the domain has one.
//! * [`Ingest`] takes the events of many calls, one task writes them in batches.
//! * A fault rejects the event; what can be left out without changing what the event says is left
//!   out with a warning. Problems name a place and never a value.

pub mod channels;
mod claims;
pub mod clock;
mod consents;
mod devices;
pub mod event;
#[cfg(test)]
mod fake_store;
mod halves;
pub mod identifiers;
pub mod import;
pub(crate) mod json;
pub mod judge;
pub mod kinds;
mod lines;
pub mod message_id;
mod notes;
mod orders;
pub mod outcome;
pub mod pipeline;
mod products;
mod time;
pub mod visits;
pub mod writer;

pub use event::{Origin, Read, Reader, Rejected};
pub use identifiers::{Identifiers, NoIdentifier, Previous};
pub use import::{Import, ImportFrom};
pub use message_id::Occurrences;
pub use outcome::{EventOutcome, EventStatus, Ingested};
pub use pipeline::Ingest;
