//! Journeys, pure: how touchpoints make sessions, and what of a conversion each step earned.
//!
//! No I/O, no async, no clock. What every figure means stands beside the code that works it out.

pub mod credit;
pub mod session;
