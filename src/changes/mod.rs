//! The change log, followed: from any place on, through what is past into what happens now.
//!
//! A [`Reader`](feed::Reader) pulls: it takes from the [`Feed`](feed::Feed)'s window of the latest
//! changes when its place is in there, and reads the store when it is further back. So a reader who is
//! slow costs nobody anything, and joins without a gap and without reading anything twice, since a
//! place in the log is the same on both ways.

pub mod feed;
pub mod wanted;
