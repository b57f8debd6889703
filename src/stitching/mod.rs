//! Identity resolution as a pure function: a batch of facts and the stored rows go in, a [`Plan`] of all rows to write
//! comes out. No I/O, no clock, no randomness of its own.
//!
//! * [`Batch`] has the new facts; [`Known`] has the stored rows for the batch, read under its locks; [`plan()`] runs
//!   the steps below.
//! * [`accept`] decides, fact by fact, which identifiers belong together.
//! * [`history`] attaches touchpoints, orders and claims to the identifiers, [`consents`] the consents.
//! * [`working_set`] has the states that facts are applied to.
//! * [`plan()`] runs both, [`record`] records the outcome, [`rows`] has the rows of a plan, [`figures`] the changes of
//!   the store's figures.
//! * [`touches`] says what a plan touches of each customer, for the judge of saved segments.
//! * [`why`] finds the chain of links that connects two identifiers.
//! * [`sharing`] finds shared devices and takes them out of their customers, [`replay`] stitches evidence again,
//!   [`regroup`] finds the customers of the parts.
//! * [`restitch`] replays everything from the beginning, [`compare`] compares the result with the current partition,
//!   [`moves`] applies the difference.
//! * [`visits`] cuts the touchpoints of a shared device into visits and assigns them, [`reassignment`] changes the owners.
//! * [`decide()`] plans the decisions of people, which override all rules.
//! * [`erasures`] says what an erased person leaves in rows that others are in, too.

pub mod accept;
pub mod batch;
pub mod compare;
pub(crate) mod consents;
pub mod decide;
pub mod erasures;
pub mod figures;
pub mod history;
pub mod known;
pub mod moves;
pub mod plan;
pub mod reassignment;
pub(crate) mod record;
pub(crate) mod regroup;
pub(crate) mod replay;
pub mod restitch;
pub mod rows;
pub mod sharing;
pub mod touches;
pub mod visits;
pub mod why;
pub mod working_set;

pub use batch::Batch;
pub use decide::{DecisionAction, DecisionOutcome, DecisionRequest, decide};
pub use known::Known;
pub use plan::{Missing, Planned, plan};
pub use rows::{Heard, Outcome, Plan};
