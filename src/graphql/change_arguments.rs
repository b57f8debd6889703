//! The arguments of the change log: kinds and a customer.

use async_graphql::Error;

use super::error::{Code, coded, store_error};
use crate::changes::filter::ChangeFilter;
use crate::domain::change::ChangePlace;
use crate::domain::change_details::ChangeKind;
use crate::domain::customer::CustomerId;
use crate::store::Store;

/// The changes of one read while counting.
const CHUNK: usize = 20_000;

/// The changes that a client asks for.
#[derive(Clone, Debug)]
pub struct ChangeArguments {
    /// Only these kinds. Empty: all kinds.
    pub kinds: Vec<ChangeKind>,
    /// Only changes of this customer.
    pub customer: Option<CustomerId>,
}

impl ChangeArguments {
    /// The filter from a position of the log on.
    ///
    /// # Errors
    /// When the store cannot be read, or the customer never existed.
    pub(super) async fn filter(&self, store: &dyn Store, after: ChangePlace) -> Result<ChangeFilter, Error> {
        let filter = ChangeFilter::new(store, self.kinds.clone(), self.customer.clone(), after).await;
        filter.map_err(store_error)?.ok_or_else(|| coded(Code::BadId, "customer: this store never gave out that id"))
    }

    /// The number of matching changes in the whole log. Reads the whole log.
    pub(super) async fn count(&self, store: &dyn Store) -> Result<i64, Error> {
        let mut place = ChangePlace::BEGINNING;
        let mut filter = self.filter(store, place).await?;
        let mut count = 0;
        loop {
            let run = store.changes(place, CHUNK).await.map_err(store_error)?;
            if run.upto == place {
                return Ok(count);
            }
            count += run.changes.iter().filter(|change| filter.accepts(change)).count() as i64;
            place = run.upto;
        }
    }
}
