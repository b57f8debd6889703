//! Journeys, pure: a projection of all touchpoints as columns in memory, and the questions about it.
//!
//! No I/O, no async, no store, no clock but the deadline of a [`Cancel`]. The definition of every figure is in the module that
//! computes it.
//!
//! * A [`Builder`] takes all data at once and makes a [`Projection`]; an [`Update`] changes the projection later.
//! * A [`Question`] about a [`Scope`] has an [`Answer`]; each kind of question has its own module.
//! * [`session`] cuts a customer's touchpoints into sessions, [`conversion_path`] finds conversions, and [`credit`]
//!   divides the credit for a conversion between the touches before it.

pub mod attribution;
pub(crate) mod base;
pub mod builder;
pub mod compare;
pub mod conversion_path;
pub mod credit;
pub mod customer_set;
pub(crate) mod delta;
pub(crate) mod dictionary;
pub mod dimension;
pub mod flow;
pub mod funnel;
pub mod kind;
pub mod paths;
pub mod pattern;
pub mod population;
pub mod projection;
pub mod property;
pub mod question;
pub mod row;
pub mod run;
mod save;
pub(crate) mod scan;
pub mod scope;
pub mod session;
pub mod time_between;
pub mod transitions;
pub(crate) mod values;

pub use builder::Builder;
pub use dimension::Dimension;
pub use kind::TouchpointKind;
pub use population::{Population, population};
pub use projection::Projection;
pub use question::{Answer, Question, UnknownValue};
pub use row::{HeldConsent, OrderNet, OwnerReassignment, Row, Update};
pub use run::{Cancel, JourneyError, Run};
pub use scope::{Purpose, Scope, Step, Unit};

#[cfg(test)]
mod tests;
