//! Whether a store was set up. Background tasks wait for this: rows written without the constraints can make it
//! impossible to create the constraints later.

use tokio::sync::watch;

/// Becomes true once, when the first set-up of this process has succeeded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prepared(watch::Sender<bool>);

impl Prepared {
    /// The set-up has succeeded.
    pub(crate) fn say(&self) {
        self.0.send_replace(true);
    }

    /// Whether it has.
    pub(crate) fn is_said(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the set-up has succeeded.
    pub(crate) async fn wait(&self) {
        // The sender is here, so this never fails.
        let _ = self.0.subscribe().wait_for(|said| *said).await;
    }
}
