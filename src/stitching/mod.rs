//! Who is who, as a pure function: a batch of facts and what the store knows go in, a [`Plan`] of
//! everything to be written comes out. No I/O, no clock, no randomness of its own.
//!
//! * [`Batch`] is what arrived, [`Known`] is what the store read of it under its locks.
//! * [`accept`] decides, fact by fact, which identifiers belong together.
//! * [`history`] hangs touchpoints, orders, claims, consents on the identifiers.
//! * [`plan()`] runs both and sums up what changed.
//! * [`why`] finds the chain of links that connects two identifiers.

pub mod accept;
pub mod batch;
pub mod history;
pub mod known;
pub mod people;
pub mod plan;
pub mod why;

pub use batch::Batch;
pub use known::Known;
pub use plan::{Outcome, Plan, plan};
