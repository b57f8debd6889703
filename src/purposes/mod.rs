//! A store as a purpose shows it: customers without a grant for the purpose are not found, listed or counted, and what
//! hangs on them is hidden with them.
//!
//! [`ForPurpose`] is a [`Store`] over any store, so every way to a customer asks it: each answer of a request with such a
//! purpose comes from it. Whether a customer is shown is decided in [`Standing`](crate::domain::consent::Standing). A new
//! operation of a store does not compile until it is decided here.

mod reads;
mod store;

use std::sync::Arc;

use crate::domain::customer::CustomerId;
use crate::domain::purpose::Purpose;
use crate::domain::{Moment, Timestamp};
use crate::members::Walk;
use crate::store::query::CustomerFilter;
use crate::store::{Reads, Result, Store};
use reads::Shown;

/// How many customers are read at a time.
const CHUNK: usize = 500;

/// A store as one purpose shows it.
pub struct ForPurpose {
    store: Arc<dyn Store>,
    purpose: Arc<str>,
    /// Consents expire by it.
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl std::fmt::Debug for ForPurpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForPurpose").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl ForPurpose {
    /// A store as a purpose shows it. `None` when the purpose needs no consent, so that it shows everybody.
    pub fn over(
        store: &Arc<dyn Store>,
        purpose: Option<&Purpose>,
        clock: &Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Option<Arc<Self>> {
        let purpose = purpose.filter(|purpose| purpose.needs_consent)?;
        Some(Arc::new(ForPurpose { store: store.clone(), purpose: purpose.name.clone(), clock: clock.clone() }))
    }

    /// The purpose.
    pub fn purpose(&self) -> &Arc<str> {
        &self.purpose
    }

    /// The store with everybody. Only counts of those that are hidden may come from it.
    pub fn everybody(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// How many of these customers the purpose hides, now or as of a moment.
    ///
    /// # Errors
    /// Of the store.
    pub async fn count_hidden(&self, ids: &[CustomerId], as_of: Option<Moment>) -> Result<i64> {
        let mut hidden = 0;
        for ids in ids.chunks(CHUNK) {
            let shown = match as_of {
                None => self.shown().customers_shown(ids.iter().cloned()).await?,
                Some(moment) => {
                    let reads = self.store.as_of(moment);
                    let then = self.then(&*reads, moment);
                    then.customers_shown(ids.iter().cloned()).await?
                }
            };
            hidden += ids.len() as i64 - shown.len() as i64;
        }
        Ok(hidden)
    }

    /// How many customers that match a filter are shown, and how many the purpose hides. Reads all that match.
    ///
    /// # Errors
    /// Of the store.
    pub async fn count_both(&self, filter: &CustomerFilter) -> Result<(i64, i64)> {
        let (mut shown, mut all) = (0, 0);
        let mut walk = Walk::new(filter.clone());
        while let Some(ids) = walk.next(&*self.store, None).await? {
            all += ids.len() as i64;
            shown += self.shown().customers_shown(ids).await?.len() as i64;
        }
        Ok((shown, all - shown))
    }

    /// How many customers and touchpoints are shown. Reads all customers.
    ///
    /// # Errors
    /// Of the store.
    pub async fn size(&self) -> Result<(i64, i64)> {
        let mut walk = Walk::new(CustomerFilter::default());
        let (mut customers, mut touchpoints) = (0, 0);
        while let Some(ids) = walk.next(&*self.store, None).await? {
            for view in self.shown().cards(&ids).await? {
                customers += 1;
                touchpoints += view.rollup().touchpoint_count();
            }
        }
        Ok((customers, touchpoints))
    }

    /// The reads of now.
    fn shown(&self) -> Shown<'_> {
        Shown { reads: &*self.store, purpose: &self.purpose, now: (self.clock)(), present: None }
    }

    /// The reads of a moment.
    fn then<'r>(&'r self, reads: &'r dyn Reads, moment: Moment) -> Shown<'r> {
        Shown { reads, purpose: &self.purpose, now: moment.at, present: Some((&*self.store, (self.clock)())) }
    }
}
