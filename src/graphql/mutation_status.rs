//! The status of a mutation.

use async_graphql::Enum;

/// Whether a mutation changed anything.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum MutationStatus {
    /// The change was made.
    Done,
    /// No change was needed.
    Unchanged,
    /// The change was refused. The problems say why. Nothing changed.
    Refused,
}
