//! What only the Neo4j store has to prove: locks between several servers, answers of one moment,
//! requests that are dropped, a server that goes away. What every store must do is in the contract
//! suite.
//!
//! Needs a Neo4j that may be wiped: `THROUGHLINE_TEST_NEO4J`, `scripts/neo4j` starts one.

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
