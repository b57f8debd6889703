//! The app, the same for production and for tests.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data, ServiceConfig, resource};
use futures_util::future::BoxFuture;

use super::metrics::Metrics;
use super::readiness::Readiness;
use super::sockets::Sockets;
use super::{console, graphql, guard, health, metrics, observe, unread};
use crate::graphql::execute::Api;

/// Every path that is served.
pub fn routes(app: &mut ServiceConfig) {
    app.service(
        resource("/graphql")
            .wrap(Compress::default())
            .wrap(from_fn(guard::refuse_strangers))
            .get(graphql::by_get)
            .post(graphql::by_post)
            .default_service(web::to(graphql::by_other)),
    )
    .service(resource("/health/live").get(health::live))
    .service(resource("/health/ready").get(health::ready))
    .service(resource("/metrics").wrap(Compress::default()).get(metrics::show))
    .service(resource("/{path:.*}").get(console::show).head(console::show).default_service(web::to(console::by_other)));
}

/// An app for one worker.
macro_rules! app {
    ($state:expr) => {
        actix_web::App::new()
            .app_data(actix_web::web::Data::new($state))
            .wrap(actix_web::middleware::from_fn($crate::http::app::close_unread))
            .wrap(actix_web::middleware::from_fn($crate::http::app::observe))
            .configure($crate::http::app::routes)
    };
}
pub(super) use app;

/// What every request goes through.
pub(super) use {observe::observe, unread::close_unread};

/// What the handlers share.
#[derive(Clone)]
pub struct State {
    /// The GraphQL API.
    pub api: Api,
    /// Whether the store is there.
    pub readiness: Readiness,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// Figures of the store's connections, for `/metrics`.
    pub gauges: Arc<dyn Fn() -> Vec<(&'static str, f64)> + Send + Sync>,
    /// Brings the metrics up to date that are the store's to tell; does not take long.
    pub refresh: Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
    /// The connections that stay open.
    pub sockets: Sockets,
    /// Where the server listens; on loopback only its names are taken as `Host`.
    pub listen: SocketAddr,
}

/// How handlers take the state.
pub(super) type Shared = Data<State>;
