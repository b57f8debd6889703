//! HTTP: routes, the transports of GraphQL, probes, metrics, the console, and what every request passes through.
//!
//! [`app`] is the table of contents: every route and every layer around it. [`server`] listens and ends; [`readiness`] says
//! whether the store is there. The text of a request goes to [`Api`](crate::graphql::execute::Api), and its answer comes
//! back: nothing here knows what a customer is.

pub mod app;
mod console;
mod graphql;
mod guard;
mod health;
pub mod metrics;
mod observe;
pub mod readiness;
mod refusal;
pub mod server;
pub mod sockets;
mod unread_body;

#[cfg(test)]
mod tests;
