//! Makes a server follow the saved rules: saves the settings as the first version, reads newer versions, and restitches
//! when the stored data does not agree with the newest one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::restitch::restitch;
use crate::ingest::Ingest;
use crate::store::rules::RulesInForce;
use crate::store::{Result, Store};

/// How often the store is asked for the newest rules. The store refuses a batch under older rules at once.
const EVERY: Duration = Duration::from_secs(2);

/// The task.
pub struct RulesSync {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl RulesSync {
    /// Starts the task. It waits until the store is set up.
    pub fn start(store: Arc<dyn Store>, ingest: Arc<Ingest>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run(store, ingest, stopped));
        RulesSync { stop, task }
    }

    /// Stops the task after the change that it is writing.
    pub async fn close(self) {
        self.stop.send_replace(true);
        if self.task.await.is_err() {
            tracing::error!("the task that keeps the rules ended with a fault");
        }
    }
}

async fn run(store: Arc<dyn Store>, ingest: Arc<Ingest>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => return,
        () = store.until_set_up() => {}
    }
    let (mut warned, mut failed) = (false, false);
    loop {
        match look(&*store, &ingest, &stop, &mut warned).await {
            Ok(()) => failed = false,
            // The readiness check logs that the store is away.
            Err(error) if error.is_transient() || !std::mem::replace(&mut failed, true) => {
                tracing::debug!(%error, "the rules could not be looked at");
            }
            Err(error) => tracing::warn!(%error, "stored data could not be stitched by the newest rules"),
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn look(store: &dyn Store, ingest: &Ingest, stop: &watch::Receiver<bool>, warned: &mut bool) -> Result<()> {
    let RulesInForce { saved, applied } = ingest.newest_rules().await?;
    if !std::mem::replace(warned, true) && saved.rules.as_written() != ingest.settings_rules() {
        tracing::warn!(
            version = saved.version,
            "[identity] of the settings differs from the rules in the store, which are what counts; \
             change those by identityRulesSave"
        );
    }
    if applied < saved.version {
        let clock = ingest.clock().clone();
        restitch(store, &*clock, stop).await?;
    }
    Ok(())
}
