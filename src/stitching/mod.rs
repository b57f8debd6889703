//! Who is who, as a pure function: a batch of facts and what the store knows go in, a [`Plan`] of
//! everything to be written comes out. No I/O, no clock, no randomness of its own.
//!
//! * [`Batch`] is what arrived, [`Known`] is what the store read of it under its locks.
//! * [`accept`] decides, fact by fact, which identifiers belong together.
//! * [`history`] hangs touchpoints, orders, claims on the identifiers, [`consents`] what was allowed and forbidden.
//! * [`plan()`] runs both and sums up what changed; [`figures`] is what that does to the store's figures.
//! * [`why`] finds the chain of links that connects two identifiers.
//! * [`sharing`] takes an identifier that turns out to be shared out of its customer, [`replay`] works
//!   out again who belongs to whom, [`regroup`] finds the ids.
//! * [`restitch`] works all of it out again, from the beginning.
//! * [`compare`] says how that differs from today, [`settle`] makes it so.
//! * [`visits`] cuts what a shared device did into visits and says whose they are, [`giving`] is what that moves.
//! * [`decide()`] is what people say, which stands above every rule.

pub mod accept;
pub mod batch;
pub mod compare;
pub(crate) mod consents;
pub mod decide;
pub mod figures;
pub mod giving;
pub mod history;
pub mod known;
pub mod people;
pub mod plan;
pub(crate) mod regroup;
pub(crate) mod replay;
pub mod restitch;
pub mod settle;
pub(crate) mod sharing;
pub mod visits;
pub mod why;

pub use batch::Batch;
pub use decide::{Ruled, RuledPlan, Ruling, Says, decide};
pub use known::Known;
pub use plan::{Outcome, Plan, Planned, Untold, plan};
