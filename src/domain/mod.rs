//! The nouns of Throughline and what is true of them by themselves: no store, no GraphQL, no clock.
//!
//! An *event* is what arrives; [`fact::Fact`] is what was read out of it; what is stored of a fact
//! hangs on the [`identifier::Identifier`] it was seen under, never on the customer.

pub mod arrival;
pub mod change;
pub mod claim;
pub mod composite;
pub mod consent;
pub mod customer;
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
pub mod time;
pub mod told;
pub mod touchpoint;

pub use arrival::Arrival;
pub use customer::CustomerId;
pub use duration::Duration;
pub use identifier::{IdentifierId, IdentifierKey};
pub use moment::Moment;
pub use money::{Amount, Currency, Money};
pub use problem::{Problem, ProblemCode};
pub use time::Timestamp;
