//! Who asks: the keys of callers, and what each caller is.
//!
//! [`key_text`] makes and reads keys; [`callers`] finds the caller of a key; [`failures`] limits wrong keys;
//! [`permissions`] says what a caller may do and see, and [`tokens`] makes the tokens of masked values. What a role may do
//! in GraphQL is decided in [`graphql::rights`](crate::graphql::rights). This layer does not know GraphQL or HTTP, or which
//! store it is.

pub mod caller;
pub mod callers;
pub mod failures;
pub mod key_text;
pub mod permissions;
pub mod tokens;

pub use caller::Caller;
pub use callers::{Callers, Denied};
pub use permissions::{Permissions, Policy};
