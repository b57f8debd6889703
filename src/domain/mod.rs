//! The nouns of Throughline, and what is true of each by itself: no store, no GraphQL, no clock.
//!
//! An *event* is what arrives. [`fact::Fact`] is what was read from it. What is stored of a fact is attached to the
//! [`identifier::Identifier`] it was seen under, never to the customer: a merge then moves a few memberships and no history.
//!
//! A file is a noun in the singular ([`order`], [`consent`]); the other layers have files with the same nouns.

pub mod arrival;
pub mod blocked;
pub mod change;
pub mod change_details;
pub mod claim;
pub mod composite;
pub mod consent;
pub mod customer;
pub mod dates;
pub mod decision;
pub mod device;
pub mod duration;
pub mod fact;
pub mod health;
pub mod identifier;
pub mod link;
pub mod moment;
pub mod money;
pub mod nearest;
pub mod number;
pub mod order;
pub mod page;
pub mod pattern;
pub mod problem;
pub mod product;
pub mod rollup;
pub mod rules;
pub mod search;
pub mod surrogate;
pub mod time;
pub mod touchpoint;
pub mod unicode;

pub use arrival::Arrival;
pub use customer::CustomerId;
pub use duration::Duration;
pub use identifier::{IdentifierId, IdentifierKey};
pub use moment::Moment;
pub use money::{Amount, Currency, Money};
pub use problem::{Problem, ProblemCode};
pub use time::Timestamp;
