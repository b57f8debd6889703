//! One execution of a question: its threads, its deadline and its cancellation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JourneyError {
    /// An argument is not valid.
    #[error("{argument}: {message}")]
    BadArgument {
        /// The argument.
        argument: String,
        /// What is wrong with it.
        message: String,
        /// What would be valid.
        hint: String,
    },
    /// The caller cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// The run took too long.
    #[error("it took too long")]
    Timeout,
}

impl JourneyError {
    /// The error of an argument.
    pub fn bad_argument(argument: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        JourneyError::BadArgument { argument: argument.to_owned(), message: message.into(), hint: hint.into() }
    }
}

/// Stops a question when it is cancelled or its deadline has passed.
#[derive(Debug, Default)]
pub struct Cancel {
    stopped: AtomicBool,
    until: Option<Instant>,
}

impl Cancel {
    /// Without a deadline.
    pub fn never() -> Self {
        Cancel::default()
    }

    /// With a deadline.
    pub fn at(deadline: Instant) -> Self {
        Cancel { stopped: AtomicBool::new(false), until: Some(deadline) }
    }

    /// Cancels the question.
    pub fn cancel(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// It was cancelled, or its deadline has passed.
    pub fn check(&self) -> Result<(), JourneyError> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(JourneyError::Cancelled);
        }
        match self.until {
            Some(deadline) if Instant::now() >= deadline => Err(JourneyError::Timeout),
            _ => Ok(()),
        }
    }
}

/// One execution of a question.
#[derive(Clone, Debug)]
pub struct Run {
    /// The number of threads, at least one.
    pub threads: usize,
    /// Checked every few thousand touchpoints.
    pub cancel: Arc<Cancel>,
}

impl Run {
    /// An execution on `threads` threads, without a deadline.
    pub fn on(threads: usize) -> Self {
        Run { threads, cancel: Arc::new(Cancel::never()) }
    }
}
