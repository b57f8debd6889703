//! Who is who, as a pure function: a batch of facts and the stored rows go in, a [`Plan`] of all rows to write comes out.
//! No I/O, no clock, no randomness of its own.
//!
//! * [`Batch`] is what arrived; [`Known`] is what the store read for it under its locks; [`plan()`] runs the steps below.
//! * [`accept`] decides, fact by fact, which identifiers belong together.
//! * [`history`] attaches touchpoints, orders and claims to the identifiers; [`consents`] what was allowed and forbidden;
//!   [`figures`] are the store's figures about identities.
//! * [`why`] finds the chain of links between two identifiers.
//! * [`sharing`] takes an identifier that turns out to be shared out of its customer; [`replay`] judges evidence again, and
//!   [`regroup`] finds the customer ids of the resulting groups.
//! * [`restitch`] judges all evidence from the beginning; [`compare`] says how that differs from the present; [`settle`]
//!   makes the moves.
//! * [`visits`] cuts what a shared device did into visits and assigns them; [`giving`] moves their touchpoints.
//! * [`decide()`] applies the decisions of people, which stand above every rule.

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
pub mod sharing;
pub mod visits;
pub mod why;

pub use batch::Batch;
pub use decide::{Ruled, RuledPlan, Ruling, Says, decide};
pub use known::Known;
pub use plan::{Outcome, Plan, Planned, Untold, plan};
