//! Tests of the Neo4j store alone: locks between several servers, consistent answers, dropped requests, a server that goes
//! away. The tests of both stores are in the contract suite.
//!
//! They need a Neo4j that may be wiped, in `THROUGHLINE_TEST_NEO4J`; `scripts/neo4j` starts one.

#[path = "../common/mod.rs"]
mod common;

mod away;
mod changes;
mod gate;
mod interleavings;
mod moments;
mod pairs;
mod set_up;
mod world;
