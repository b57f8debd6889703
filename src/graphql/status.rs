//! The status of the server.

use std::sync::Arc;

use async_graphql::{Context, Error, Request, SimpleObject};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Setup;
use super::error::store_error;
use super::id::ChangeCursor;
use super::load;
use super::scalar::Long;
use super::viewer::Viewer;
use crate::store::{Store, StoreError, StoreStatus};

/// The version, the store and the size of a server.
#[derive(SimpleObject)]
pub struct Status {
    /// The version of the program.
    version: String,
    /// The kind of store: `sqlite` or `neo4j`.
    store: String,
    /// The number of customers. Customers that were merged into others do not count, and customers that the purpose of the
    /// request hides do not count.
    customers: Long,
    /// The number of touchpoints. For a purpose that needs consent, of those that are shown.
    touchpoints: Long,
    /// The last change that this answer includes, as a cursor. The answer may already show later changes.
    change: String,
    /// How far this server's journeys are behind the store, in milliseconds.
    lag_ms: Long,
}

impl Status {
    pub(super) async fn fetch(ctx: &Context<'_>) -> Result<Self, Error> {
        let store = &load::of(ctx).loader().0;
        let status = match ctx.data_opt::<ReadFirst>() {
            Some(ReadFirst(status)) => status.clone(),
            None => store.status().await,
        };
        let mut status = status.map_err(store_error)?;
        let selects = |name| ctx.look_ahead().field(name).exists();
        if let Some(shown) = ctx.data_unchecked::<Viewer>().shown()
            && (selects("customers") || selects("touchpoints"))
        {
            (status.customers, status.touchpoints) = shown.size().await.map_err(store_error)?;
        }
        // Journeys of all customers are answered from memory, everything else from the store.
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

/// The status as it was before any other read of the request, so that the answer has everything up to `change`.
struct ReadFirst(Result<StoreStatus, StoreError>);

/// Reads the status before the request is run.
pub fn read_first(store: Arc<dyn Store>, request: Request) -> BoxFuture<'static, Request> {
    async move { request.data(ReadFirst(store.status().await)) }.boxed()
}
