//! Conditions on customers, pure: what a condition is, whether a customer fits it, and what it says in English.
//!
//! No I/O, no async, no store, no clock: the time of a question is a value of its [`Frame`]. There is one evaluator,
//! [`Condition::fits`]; the reader of customers, a store or the memory, gives it [`CustomerFacts`].
//!
//! * [`condition`] has the types, [`evaluate`] the evaluator, [`did`] and [`journey`] its parts about
//!   touchpoints.
//! * [`value`], [`number`], [`time`] and [`property_path`] are tests of one value.
//! * [`index`] finds the segments that a change can touch.
//! * [`next_change`] says when a verdict may change without an event.
//! * [`because`] says why a customer fits or does not.
//! * [`saved`] has all saved segments of a moment, and which names which.
//! * [`hidden`] finds what a caller may not see in a condition.
//! * [`lines`] counts how each line of a condition narrows it, [`sentence`] says it in English.

pub mod because;
pub mod condition;
pub mod did;
pub mod evaluate;
pub mod hidden;
pub mod index;
pub mod journey;
pub mod lines;
pub mod next_change;
pub mod number;
pub mod property_path;
pub mod saved;
pub mod sentence;
pub mod time;
pub mod value;

pub use condition::Condition;
pub use evaluate::{CustomerFacts, Frame};

#[cfg(test)]
mod tests;
