//! Stops a server while it writes.

use std::sync::Arc;

use throughline::store::neo4j::{Neo4jOptions, Step};
use tokio::sync::Notify;

/// Stops a server at one step of its first batch until it is released.
pub(crate) struct Gate {
    pub(crate) reached: Arc<Notify>,
    pub(crate) go_on: Arc<Notify>,
}

impl Gate {
    pub(crate) fn at(step: Step, options: &mut Neo4jOptions) -> Gate {
        let gate = Gate { reached: Arc::default(), go_on: Arc::default() };
        let (reached, go_on) = (gate.reached.clone(), gate.go_on.clone());
        let held = Arc::new(std::sync::atomic::AtomicBool::new(false));
        options.pause = Some(Arc::new(move |now| {
            let (reached, go_on, held) = (reached.clone(), go_on.clone(), held.clone());
            Box::pin(async move {
                if now == step && !held.swap(true, std::sync::atomic::Ordering::SeqCst) {
                    reached.notify_one();
                    go_on.notified().await;
                }
            })
        }));
        gate
    }
}
