//! What this server is.

use std::sync::Arc;

use async_graphql::{Context, Error, Request, SimpleObject};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Setup;
use super::error::store_error;
use super::id::ChangeCursor;
use super::load;
use super::scalar::Long;
use crate::store::{Store, StoreError, StoreStatus};

/// What this server is, and how much it holds.
#[derive(SimpleObject)]
pub struct Status {
    /// The program's version.
    version: String,
    /// The store behind it: `sqlite` or `neo4j`.
    store: String,
    /// How many customers, those that were merged away left out.
    customers: Long,
    /// How many touchpoints.
    touchpoints: Long,
    /// The last change that this answer shows, as a cursor; never later than what the answer shows.
    change: String,
    /// How far this server's answers are behind the store, in milliseconds.
    lag_ms: Long,
}

impl Status {
    pub(super) async fn fetch(ctx: &Context<'_>) -> Result<Self, Error> {
        let store = &load::of(ctx).loader().0;
        let status = match ctx.data_opt::<ReadFirst>() {
            Some(ReadFirst(status)) => status.clone(),
            None => store.status().await,
        };
        let status = status.map_err(store_error)?;
        // Journeys of all customers are answered from memory, everything else from the store itself.
        let journeys = &ctx.data_unchecked::<Setup>().journeys;
        let lag = journeys.as_ref().map_or(0, |journeys| journeys.lag(status.change, status.changed_at));
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            store: store.name().to_owned(),
            customers: Long(status.customers),
            touchpoints: Long(status.touchpoints),
            change: ChangeCursor::behind(status.change).encode(),
            lag_ms: Long(lag),
        })
    }
}

/// The figures as they were before anything else of the request was read, so that `change` is never
/// later than what the same answer shows.
struct ReadFirst(Result<StoreStatus, StoreError>);

/// Reads them.
pub fn read_first(store: Arc<dyn Store>, request: Request) -> BoxFuture<'static, Request> {
    async move { request.data(ReadFirst(store.status().await)) }.boxed()
}
