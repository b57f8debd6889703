//! Turns events into facts, and writes facts into the store.
//!
//! * [`Reader`] reads one event by the contract "From an event to what is stored". Each part of a
//!   [`Fact`](crate::domain::fact::Fact) has a file here, named with the plural of its domain type.
//! * [`Ingest`] takes the events of many calls; one task writes them in batches. [`import`] reads files.
//! * A fault rejects an event. A bad detail is left out or repaired, with a warning. A problem names a path, never a
//!   value.
//! * [`mapping`] makes events of the rows of CSV and of JSON in another form.
//!
//! This layer does not know GraphQL or HTTP.

pub mod active_rules;
pub mod channels;
mod claims;
pub mod clock;
mod consents;
mod devices;
pub mod event;
#[cfg(test)]
mod fake_store;
pub mod identifiers;
pub mod import;
pub(crate) mod json;
pub mod kinds;
mod lines;
pub mod mapping;
pub mod message_id;
mod notes;
mod orders;
pub mod outcome;
pub mod pipeline;
mod products;
pub mod store;
mod time;
pub mod visits;
pub mod wire;
pub mod writer;

pub use event::{Origin, Read, Reader, Rejected};
pub use identifiers::{Identifiers, NoIdentifier, Previous};
pub use import::{Import, ImportFrom};
pub use message_id::Occurrences;
pub use outcome::{EventOutcome, EventStatus, Ingested};
pub use pipeline::Ingest;
pub use store::IngestStore;
