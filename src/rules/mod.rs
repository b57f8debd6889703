//! Changes of rules: the allowed changes, the effect of a change, and the task that applies it.
//!
//! The settings file is the first version. After that, every server uses the store's newest version. [`composites`] are
//! made of stored traits, [`replay`] stitches all evidence again as of one change, [`trial`] shows the effect of other
//! rules, [`restitch`] applies them, and [`sync`] does that in a server.

pub mod composites;
pub mod proposal;
pub mod replay;
pub mod restitch;
pub mod sync;
pub mod trial;
