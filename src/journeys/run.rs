//! How a question is worked out: on how many threads, until when, and what may stop it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The question cannot be asked like that.
    #[error("{argument}: {message}")]
    BadArgument {
        /// Which argument.
        argument: String,
        /// What is wrong with it.
        message: String,
        /// What would be right.
        hint: String,
    },
    /// Whoever asked no longer waits.
    #[error("cancelled")]
    Cancelled,
    /// It took too long.
    #[error("it took too long")]
    Timeout,
}

impl Fault {
    /// Of an argument.
    pub fn bad(argument: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Fault::BadArgument { argument: argument.to_owned(), message: message.into(), hint: hint.into() }
    }
}

/// Stops a question: somebody says so, or its time is up.
#[derive(Debug, Default)]
pub struct Cancel {
    stopped: AtomicBool,
    until: Option<Instant>,
}

impl Cancel {
    /// Only when somebody says so.
    pub fn never() -> Self {
        Cancel::default()
    }

    /// When somebody says so, or at `deadline`.
    pub fn at(deadline: Instant) -> Self {
        Cancel { stopped: AtomicBool::new(false), until: Some(deadline) }
    }

    /// Says so.
    pub fn cancel(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// That it was cancelled, or that its time is up.
    pub fn check(&self) -> Result<(), Fault> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Fault::Cancelled);
        }
        match self.until {
            Some(deadline) if Instant::now() >= deadline => Err(Fault::Timeout),
            _ => Ok(()),
        }
    }
}

/// What a question may use.
#[derive(Clone, Debug)]
pub struct Run {
    /// How many threads, at least one.
    pub threads: usize,
    /// What stops it; looked at every few thousand touchpoints.
    pub cancel: Arc<Cancel>,
}

impl Run {
    /// On so many threads, with nothing to stop it.
    pub fn on(threads: usize) -> Self {
        Run { threads, cancel: Arc::new(Cancel::never()) }
    }
}
