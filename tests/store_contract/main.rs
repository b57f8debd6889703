//! What every store operation means, stated as cases that run on each store.
//!
//! A case is a function that is given a store with nothing in it. SQLite always runs, in a file of its
//! own for each case; Neo4j when `THROUGHLINE_TEST_NEO4J` names a server whose data may be wiped:
//! there the cases run one after the other. To add a case: a function, and its name in `cases!`.

#[path = "../common/mod.rs"]
mod common;
mod fixture;
#[path = "../stitching/worlds.rs"]
#[allow(dead_code, reason = "the crate of stitching uses the rest")]
mod worlds;

mod access_keys;
mod apply;
mod as_of;
mod changes;
mod claims;
mod composites;
mod consents;
mod consistency;
mod customer_list;
mod customers;
mod decisions;
mod devices;
mod erasures;
mod exports;
mod health;
mod identity_events;
mod journeys;
mod links;
mod live_members;
mod orders;
mod products;
mod read;
mod rules;
mod segment_memberships;
mod segments;
mod touchpoints;
mod visits;
mod why;
