//! A server's care for the rules: the settings' become the first version, what others save is noticed,
//! and what was saved and not taken in yet is.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::restitch::restitch;
use crate::ingest::Ingest;
use crate::store::rules::RulesInForce;
use crate::store::{Result, Store};

/// How often the store is asked for the newest rules. A batch that goes by older ones is told at once.
const EVERY: Duration = Duration::from_secs(2);

/// The care, for as long as this lives.
pub struct Keeper {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Begins, once the store was set up.
    pub fn start(store: Arc<dyn Store>, ingest: Arc<Ingest>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(keep(store, ingest, stopped));
        Keeper { stop, task }
    }

    /// Ends when what is being written is written.
    pub async fn close(self) {
        self.stop.send_replace(true);
        if self.task.await.is_err() {
            tracing::error!("the task that keeps the rules ended with a fault");
        }
    }
}

async fn keep(store: Arc<dyn Store>, ingest: Arc<Ingest>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => return,
        () = store.until_set_up() => {}
    }
    let (mut told, mut failed) = (false, false);
    loop {
        match look(&*store, &ingest, &stop, &mut told).await {
            Ok(()) => failed = false,
            // That the store is away is said where that is watched.
            Err(error) if error.is_transient() || !std::mem::replace(&mut failed, true) => {
                tracing::debug!(%error, "the rules could not be looked at");
            }
            Err(error) => tracing::warn!(%error, "what is stored could not be brought to agree with the rules"),
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn look(store: &dyn Store, ingest: &Ingest, stop: &watch::Receiver<bool>, told: &mut bool) -> Result<()> {
    let RulesInForce { saved, applied } = ingest.newest_rules().await?;
    if !std::mem::replace(told, true) && saved.rules.as_written() != ingest.settings_rules() {
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
