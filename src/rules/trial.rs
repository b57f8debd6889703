//! Finds the effect of other rules on the stored customers. It writes nothing.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::replay::replay;
use crate::domain::IdentifierId;
use crate::settings::IdentitySettings;
use crate::store::{Result, Store, StoreError};

/// The number of examples.
const MOST_EXAMPLES: usize = 100;

/// The effect of other rules.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// The current number of customers.
    pub customers_now: usize,
    /// The number of customers under the new rules.
    pub customers_after: usize,
    /// Current customers that would split.
    pub splits: usize,
    /// New customers that would join several current ones.
    pub joins: usize,
    /// Some of the splits and joins.
    pub examples: Vec<Example>,
}

/// A split or a join.
#[derive(Clone, Debug)]
pub struct Example {
    /// All its identifiers.
    pub members: Vec<IdentifierId>,
    /// The customers that these identifiers would form.
    pub groups: Vec<Vec<IdentifierId>>,
    /// Why, in words.
    pub reason: Arc<str>,
}

/// A trial holds all identifiers in memory, so there is one at a time.
static ONE: Semaphore = Semaphore::const_new(1);

/// Tries rules on the stored evidence.
///
/// # Errors
/// Of the store.
pub async fn trial(store: &dyn Store, settings: &IdentitySettings) -> Result<Trial> {
    let _one = ONE.acquire().await.map_err(|_| StoreError::Busy("another trial".into()))?;
    let applied = store.rules().await?.map_or(1, |in_force| in_force.applied);
    let replay = replay(store, settings, applied, MOST_EXAMPLES).await?;
    let examples = replay.difference.pieces.iter().zip(&replay.reasons).map(|(piece, explanation)| Example {
        members: replay.ids(&piece.members),
        groups: piece.groups.iter().map(|group| replay.ids(group)).collect(),
        reason: explanation.reason.clone(),
    });
    Ok(Trial {
        customers_now: replay.difference.customers_now,
        customers_after: replay.difference.customers_after,
        splits: replay.difference.splits,
        joins: replay.difference.joins,
        examples: examples.collect(),
    })
}
