//! Rules that change: what may be changed, what a change would do, and the task that puts it into force.
//!
//! The settings file is version 1 of the rules. From then on the newest version in the store is in force, on every server.
//!
//! * [`proposal`] checks new rules, [`trial`] works out what would come of them.
//! * [`replay`] judges the evidence of all customers again as of one change; [`restitch`] writes the moves.
//! * [`composites`] are made from stored traits; [`keeper`] does all this in a server.
//!
//! Knows neither GraphQL nor HTTP, nor which store it is.

pub mod composites;
pub mod keeper;
pub mod proposal;
pub mod replay;
pub mod restitch;
pub mod trial;
