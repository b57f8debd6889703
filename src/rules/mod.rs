//! Rules that can change: which changes can be tried, what one would do, and the work of taking it in.
//!
//! The settings file is the first version; from then on the store's newest version is what everything
//! goes by, on every server. [`composites`] are made of the traits that are stored, [`replay`] works
//! everybody out again as of one change, [`trial`] says what would come of other rules, [`restitch`]
//! makes it so, and [`keeper`] does that in a server by itself.

pub mod composites;
pub mod keeper;
pub mod proposal;
pub mod replay;
pub mod restitch;
pub mod trial;
