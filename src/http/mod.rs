//! HTTP: routes, the transports of GraphQL, probes, metrics, the console, and the middleware of all requests.
//!
//! [`app`] is the table of contents: every route and every layer around it. [`server`] listens and ends; [`readiness`]
//! says whether the store can be reached. [`Api`](crate::graphql::execute::Api) gets the text of a request and returns
//! its answer: this layer does not know customers.

mod access;
pub mod app;
mod body;
mod client;
mod console;
mod graphql;
mod guard;
mod health;
mod identities;
mod machine;
pub mod metrics;
mod observe;
mod pictures;
pub mod readiness;
mod refusal;
pub mod server;
pub mod sockets;
pub mod tls;
mod unread_body;
mod wire;

#[cfg(test)]
mod tests;
