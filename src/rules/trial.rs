//! What other rules would do to the real customers. Writes nothing.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::replay::replay;
use crate::domain::IdentifierId;
use crate::settings::IdentitySettings;
use crate::store::{Result, Store, StoreError};

/// How many examples are kept.
const MOST_EXAMPLES: usize = 100;

/// What would come of other rules.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// Customers today.
    pub customers_now: usize,
    /// Customers then.
    pub customers_then: usize,
    /// Customers of today whose identifiers would be those of several.
    pub splits: usize,
    /// Customers then who would have identifiers of several of today's.
    pub joins: usize,
    /// Some of those who would come apart or together.
    pub examples: Vec<Example>,
}

/// Some who would come apart or together.
#[derive(Clone, Debug)]
pub struct Example {
    /// Everybody.
    pub members: Vec<IdentifierId>,
    /// Who would be together.
    pub groups: Vec<Vec<IdentifierId>>,
    /// Why, in words.
    pub reason: Arc<str>,
}

/// A trial holds everybody in memory: one at a time.
static ONE: Semaphore = Semaphore::const_new(1);

/// Tries rules on what is stored.
///
/// # Errors
/// Of the store.
pub async fn trial(store: &dyn Store, settings: &IdentitySettings) -> Result<Trial> {
    let _one = ONE.acquire().await.map_err(|_| StoreError::Busy("another trial".into()))?;
    let applied = store.rules().await?.map_or(1, |in_force| in_force.applied);
    let replay = replay(store, settings, applied, MOST_EXAMPLES).await?;
    let examples = replay.difference.pieces.iter().zip(&replay.reasons).map(|(piece, because)| Example {
        members: replay.ids(&piece.members),
        groups: piece.groups.iter().map(|group| replay.ids(group)).collect(),
        reason: because.reason.clone(),
    });
    Ok(Trial {
        customers_now: replay.difference.customers_now,
        customers_then: replay.difference.customers_then,
        splits: replay.difference.splits,
        joins: replay.difference.joins,
        examples: examples.collect(),
    })
}
