//! The domain types of Throughline and their rules, without a store, GraphQL or a clock.
//!
//! An *event* is what arrives. A [`fact::Fact`] is an event after reading. The stored parts of a fact are attached to
//! the [`identifier::Identifier`] they were seen under, never to the customer. So a merge moves a few memberships and
//! no history.
//!
//! A file has the name of its type in the singular ([`order`], [`consent`]). The other layers have files with the same
//! names.

pub mod access_key;
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
pub mod erasure;
pub mod fact;
pub mod health;
pub mod identifier;
pub mod link;
pub mod masks;
pub mod moment;
pub mod money;
pub mod nearest;
pub mod network;
pub mod number;
pub mod order;
pub mod origin;
pub mod page;
pub mod pattern;
pub mod problem;
pub mod product;
pub mod purpose;
pub mod rollup;
pub mod rules;
pub mod search;
pub mod segment;
pub mod segment_membership;
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
