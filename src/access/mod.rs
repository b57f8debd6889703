//! Who asks: the keys of callers, and what each caller is.
//!
//! [`key_text`] makes and reads keys; [`callers`] finds the caller of a key; [`failures`] limits wrong keys. What a role
//! may do in GraphQL is decided in [`graphql::rights`](crate::graphql::rights). This layer does not know GraphQL or HTTP,
//! or which store it is.

pub mod caller;
pub mod callers;
pub mod failures;
pub mod key_text;

pub use caller::Caller;
pub use callers::{Callers, Denied};
