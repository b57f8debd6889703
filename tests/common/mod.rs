//! Helpers that several test crates share.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    unreachable_pub,
    reason = "each crate uses a part of it, as its own"
)]

pub mod answers;
pub mod facts;
pub mod shop;
pub mod stores;
pub mod wipe;
pub mod world;
