//! Throughline: a customer profile explorer on a graph.
//!
//! Layers, inner to outer; nothing points inwards-out: [`domain`] <- [`stitching`], [`journeys`] <- [`store`] <-
//! `changes`, `ingest` <- `rules`, `projection` <- `graphql` <- `http` <- the binary.

// The futures of a read lie deep in each other.
#![recursion_limit = "256"]

pub mod changes;
pub mod commands;
pub mod domain;
pub mod generate;
pub mod graphql;
pub mod http;
pub mod ingest;
pub mod journeys;
pub mod projection;
pub mod rules;
pub mod settings;
pub mod stitching;
pub mod store;
