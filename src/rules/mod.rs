//! Rules that change: what may be changed, what a change would do, and the task that puts it into force.
//!
//! The settings file is the first version; from then on the store's newest version is what everything
//! goes by, on every server. [`composites`] are made of stored traits, [`replay`] stitches all evidence again as of one
//! change, [`trial`] shows the effect of other rules, [`restitch`] applies them, and [`sync`] does that in a server.

pub mod composites;
pub mod proposal;
pub mod replay;
pub mod restitch;
pub mod sync;
pub mod trial;
