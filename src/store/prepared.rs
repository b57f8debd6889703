//! Whether a store was set up. Whoever works by himself waits for that: what is written to a store without its
//! constraints can keep them from ever being made.

use tokio::sync::watch;

/// Turns true once, when the first set-up of this process has ended well.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prepared(watch::Sender<bool>);

impl Prepared {
    /// The set-up has ended well.
    pub(crate) fn say(&self) {
        self.0.send_replace(true);
    }

    /// Whether it has.
    pub(crate) fn is_said(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it has.
    pub(crate) async fn wait(&self) {
        // The sender is here, so this never fails.
        let _ = self.0.subscribe().wait_for(|said| *said).await;
    }
}
