//! Why a question about journeys has no answer.

use crate::journeys::Fault;
use crate::store::StoreError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The projection is still being built.
    #[error("journeys are being read from the store: {read} of about {of} touchpoints so far, ask again in a moment")]
    NotReady {
        /// Touchpoints that were read.
        read: u64,
        /// All of them, about.
        of: u64,
    },
    /// It takes more memory than it may.
    #[error(
        "journeys would take more than the {} MB that they may: {} MB with {touchpoints} touchpoints",
        most >> 20, bytes >> 20
    )]
    TooLarge {
        /// What it took when it was given up.
        bytes: u64,
        /// The touchpoints that were in it then.
        touchpoints: u64,
        /// What it may take.
        most: u64,
        /// How many dimensions are configured.
        dimensions: usize,
    },
    /// What was written lately has not been taken in within the time for it.
    #[error("what was written last is still being taken in, ask again in a moment")]
    Behind,
    /// The server ends.
    #[error("the server ends")]
    Ended,
    /// The question cannot be asked like that, was cancelled, or took too long.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours.
    #[error("a question about journeys met a fault of the program")]
    Internal,
}

impl Trouble {
    /// What would help, for what is too large.
    pub fn hint(&self) -> Option<String> {
        let Trouble::TooLarge { dimensions, .. } = self else { return None };
        let leave_out = match dimensions {
            0 => "",
            _ => ", or leave dimensions out of [journeys] dimensions: one with many values costs most",
        };
        Some(format!("raise [journeys] memory_mb{leave_out}"))
    }
}
