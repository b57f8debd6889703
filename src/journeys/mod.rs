//! Journeys, pure: a projection of all touchpoints as columns in memory, and the questions about it.
//!
//! * A [`Builder`] takes all touchpoints at once and makes a [`Projection`]; an [`Update`] is what happens to it later.
//! * A [`Question`] within a [`Scope`] has an [`Answer`]. Each question has a file, and its formula stands beside the code.
//! * [`session`] cuts a customer's touchpoints into sessions; [`credit`] shares a conversion among touchpoints.
//!
//! No I/O, no async, no store; no clock but the deadline of a [`Cancel`].

pub mod attribution;
pub(crate) mod base;
pub mod builder;
pub mod compare;
pub mod credit;
pub(crate) mod delta;
pub(crate) mod dictionary;
pub mod dimension;
pub mod flow;
pub mod funnel;
pub mod kind;
pub mod paths;
pub mod pattern;
pub mod people;
pub mod population;
pub mod projection;
pub mod property;
pub mod question;
pub mod row;
pub mod run;
mod save;
pub mod scope;
pub mod session;
pub mod time_between;
pub mod transitions;
pub(crate) mod values;
pub(crate) mod walk;
pub mod way;

pub use builder::Builder;
pub use dimension::Dimension;
pub use kind::TouchpointKind;
pub use population::{Population, population};
pub use projection::Projection;
pub use question::{Answer, Question, UnknownValue};
pub use row::{HeldConsent, Moved, OrderNow, Row, Update};
pub use run::{Cancel, Fault, Run};
pub use scope::{Purpose, Scope, Step, Unit};

#[cfg(test)]
mod tests;
