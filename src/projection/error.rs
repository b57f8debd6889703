//! The errors of questions about journeys.

use crate::journeys::JourneyError;
use crate::store::StoreError;

/// The errors of questions about journeys.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The projection is being built.
    #[error(
        "journeys are being read from the store: {read} of about {total} touchpoints so far, ask again in a moment"
    )]
    NotReady {
        /// The number of touchpoints read so far.
        read: u64,
        /// About how many there are.
        total: u64,
    },
    /// The projection needs more memory than the limit.
    #[error(
        "journeys would take more than the {} MB that they may: {} MB with {touchpoints} touchpoints",
        most >> 20, bytes >> 20
    )]
    TooLarge {
        /// The memory it needed when the task gave up.
        bytes: u64,
        /// The number of touchpoints at that time.
        touchpoints: u64,
        /// The limit.
        most: u64,
        /// The number of configured dimensions.
        dimensions: usize,
    },
    /// The latest changes were not applied in time.
    #[error("what was written last is still being taken in, ask again in a moment")]
    Behind,
    /// The server ends.
    #[error("the server ends")]
    Ended,
    /// The question is not valid, was cancelled, or took too long.
    #[error(transparent)]
    Question(#[from] JourneyError),
    /// An error of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect of this program.
    #[error("a question about journeys met a fault of the program")]
    Internal,
}

impl ProjectionError {
    /// Advice when the projection is too large.
    pub fn hint(&self) -> Option<String> {
        let ProjectionError::TooLarge { dimensions, .. } = self else { return None };
        let leave_out = match dimensions {
            0 => "",
            _ => ", or leave dimensions out of [journeys] dimensions: one with many values costs most",
        };
        Some(format!("raise [journeys] memory_mb{leave_out}"))
    }
}
