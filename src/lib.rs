//! Throughline: a customer profile explorer on a graph.
//!
//! It takes in events from every channel, works out, on arrival, which identifiers belong to one customer, keeps the
//! evidence, and answers through GraphQL. This crate is the whole program: the binary only reads the command line.
//!
//! # Where to begin
//!
//! * `ARCHITECTURE.md` follows a query, an event and a change through the code; `docs/glossary.md` has each term once.
//! * `CONTRIBUTING.md` has a first hour, and how to add a field, an event name, a setting, a command, a statement or a
//!   store operation.
//! * In the code: [`domain::fact::Fact`] is an event after reading; [`stitching::plan()`] decides which rows are
//!   written; [`store::Store`] has the operations of a store; [`graphql::query`] has the queries; [`commands::Cli`] is
//!   the command line.
//!
//! # The map
//!
//! Layers, inner to outer. An inner layer does not know an outer one.
//!
//! | module | is |
//! |---|---|
//! | [`domain`] | the domain types and their rules |
//! | [`stitching`] | identity resolution as a pure function: facts and stored rows in, a plan of rows out |
//! | [`segments`] | conditions on customers, their evaluator, lines and sentences; pure |
//! | [`knowing`] | what the figures about a customer mean; pure |
//! | [`members`] | finds the customers that fit a condition, over any store |
//! | [`journeys`] | touchpoints as columns in memory, and all figures over many journeys; pure |
//! | [`pictures`] | pictures of the figures about journeys, as SVG; pure |
//! | [`settings`] | the settings file and the environment |
//! | [`store`] | the trait of a store; [`store::sqlite`] and [`store::neo4j`] implement it |
//! | [`access`] | who asks: the keys of callers |
//! | [`changes`] | following the change log |
//! | [`ingest`] | from an event to a fact, and facts into the store |
//! | [`rules`] | changes of rules: trial, save, replay |
//! | [`projection`] | the journeys of all customers, kept up to date in memory |
//! | [`export`] | what a store holds at one moment, as files for other systems |
//! | [`subject`] | all that is held about one person, for that person |
//! | [`graphql`] | the schema, and the way from a request to its answer |
//! | [`http`] | routes, transports, probes, metrics, the console |
//! | [`commands`] | the command line |
//! | [`generate`] | generated data of any size; knows no other module |

// The futures of a read are nested deeply.
#![recursion_limit = "256"]

pub mod access;
pub mod changes;
pub mod commands;
#[cfg(test)]
mod documents;
pub mod domain;
pub mod erasure;
pub mod export;
pub mod generate;
pub mod graphql;
pub mod http;
pub mod ingest;
pub mod journeys;
pub mod knowing;
pub mod members;
pub mod pictures;
pub mod projection;
pub mod purposes;
pub mod rules;
pub mod segments;
pub mod settings;
pub mod stitching;
pub mod store;
pub mod subject;
