//! The app, the same for production and for tests.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data, ServiceConfig, resource};
use futures_util::future::BoxFuture;

use super::metrics::Metrics;
use super::readiness::Readiness;
use super::sockets::Sockets;
use super::{console, graphql, guard, health, identities, machine, metrics, observe, pictures, unread_body, wire};
use crate::access::Callers;
use crate::domain::network::Network;
use crate::domain::origin::Origin;
use crate::domain::purpose::Purposes;
use crate::graphql::execute::Api;
use crate::graphql::identities::FindIdentities;
use crate::ingest::wire::{TakeEvents, WireCall};

/// The routes.
pub fn routes(app: &mut ServiceConfig) {
    app.service(
        resource("/graphql")
            .wrap(Compress::default())
            .wrap(from_fn(guard::refuse_other_sites))
            .get(graphql::by_get)
            .post(graphql::by_post)
            .default_service(web::to(graphql::by_other)),
    )
    .service(
        resource("/pictures")
            .wrap(Compress::default())
            .wrap(from_fn(guard::refuse_other_sites))
            .post(pictures::by_post)
            .default_service(web::to(pictures::by_other)),
    )
    .service(
        resource("/v1/identities/{kind}/{value}")
            .wrap(from_fn(guard::refuse_other_sites))
            .get(identities::by_get)
            .default_service(web::to(identities::by_other)),
    )
    .service(
        resource("/v1/identities")
            .wrap(Compress::default())
            .wrap(from_fn(guard::refuse_other_sites))
            .post(identities::by_post)
            .default_service(web::to(identities::by_other)),
    )
    .configure(wire_routes)
    .service(resource(["/v1", "/v1/{path:.*}"]).default_service(web::to(machine::unknown_path)))
    .service(resource("/health/live").get(health::live))
    .service(resource("/health/ready").get(health::ready))
    .service(resource("/metrics").wrap(Compress::default()).get(metrics::show))
    .service(resource("/{path:.*}").get(console::show).head(console::show).default_service(web::to(console::by_other)));
}

/// The routes of Segment's and RudderStack's wire.
fn wire_routes(app: &mut ServiceConfig) {
    for (long, short, _) in WireCall::ALL {
        for name in [long, short] {
            app.service(
                resource(format!("/v1/{name}"))
                    .post(wire::by_post)
                    .route(web::method(Method::OPTIONS).to(wire::by_options))
                    .default_service(web::to(wire::by_other)),
            );
        }
    }
}

/// Builds the app of one worker.
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

/// The middleware of all requests.
pub(super) use {observe::observe, unread_body::close_unread};

/// The state that all handlers share.
#[derive(Clone)]
pub struct State {
    /// The GraphQL API.
    pub api: Api,
    /// The identities, for `/v1/identities`.
    pub identities: Arc<dyn FindIdentities>,
    /// Takes the events of `/v1/track` and its siblings.
    pub events: Arc<dyn TakeEvents>,
    /// Whether the store can be reached.
    pub readiness: Readiness,
    /// The metrics for `/metrics`.
    pub metrics: Metrics,
    /// The figures of the store's connections, for `/metrics`.
    pub gauges: Arc<dyn Fn() -> Vec<(&'static str, f64)> + Send + Sync>,
    /// Updates the metrics that are read from the store. Returns within about a second.
    pub refresh: Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
    /// The open WebSockets and event streams.
    pub sockets: Sockets,
    /// The callers, by their keys. `None` without `[access]`: then everybody may do everything.
    pub access: Option<Arc<Callers>>,
    /// The purposes that a request can have.
    pub purposes: Arc<Purposes>,
    /// The address of the server. On loopback only local names are accepted as `Host`.
    pub listen: SocketAddr,
    /// The origins of other pages that may use the API.
    pub allowed_origins: Arc<[Origin]>,
    /// The proxies whose `X-Forwarded-…` counts.
    pub trusted_proxies: Arc<[Network]>,
}

/// The state as an argument of handlers.
pub(super) type Shared = Data<State>;
