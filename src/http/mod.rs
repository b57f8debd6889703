//! HTTP: the API, the console, the probes, and what every request goes through.
//!
//! [`app`] is the table of contents. Nothing here knows what a customer is: a request's text goes to
//! [`Api`](crate::graphql::execute::Api) and its answer comes back.

pub mod app;
mod body;
mod console;
mod graphql;
mod guard;
mod health;
pub mod metrics;
mod observe;
pub mod readiness;
pub mod server;
pub mod sockets;
mod unread;

#[cfg(test)]
mod tests;
