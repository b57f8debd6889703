//! `/metrics` for Prometheus. Labels come from closed lists: nothing about a person is ever in one.

use actix_web::HttpResponse;
use actix_web::http::header;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::app::Shared;

/// Seconds, from a cached read to the time limit.
const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Events of a batch.
const EVENTS: &[f64] = &[1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// What has been measured in this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to measure; once in a process.
    ///
    /// # Errors
    /// When something measures already.
    pub fn begin() -> Result<Self, BuildError> {
        let events = Matcher::Full("throughline_ingest_batch_events".to_owned());
        let builder = PrometheusBuilder::new().set_buckets(BUCKETS)?.set_buckets_for_metric(events, EVENTS)?;
        let handle = builder.install_recorder()?;
        describe();
        Ok(Self(handle))
    }

    /// Folds what came in into the histograms, so that they do not grow when nobody asks for them.
    pub fn fold(&self) {
        self.0.run_upkeep();
    }
}

/// Everything measured, as text.
pub(super) async fn show(state: Shared) -> HttpResponse {
    for (name, value) in (state.gauges)() {
        metrics::gauge!(format!("throughline_store_{name}")).set(value);
    }
    if state.readiness.reason().is_none() {
        // On the runtime that the store's connections live on; what it does not tell stays as it was.
        let _ = super::server::runtime().spawn((state.refresh)()).await;
    }
    metrics::gauge!("throughline_ready").set(f64::from(u8::from(state.readiness.trouble().is_none())));
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(state.metrics.0.render())
}

/// One line a metric: what it says, in which unit. Stores and ingest record theirs themselves.
fn describe() {
    describe_histogram!("throughline_http_request_seconds", Unit::Seconds, "requests, by method, path and status");
    describe_counter!("throughline_graphql_operations_total", "operations, by outcome: OK or an error's code");
    describe_gauge!("throughline_journeys_touchpoints", "touchpoints in the journey projection");
    describe_gauge!("throughline_journeys_bytes", Unit::Bytes, "memory that it takes, about");
    describe_gauge!("throughline_journeys_change", "the change that it is of");
    describe_gauge!(
        "throughline_journeys_lag_seconds",
        Unit::Seconds,
        "how far it was behind the store when it last looked"
    );
    describe_gauge!("throughline_journeys_build_seconds", Unit::Seconds, "how long the last reading of the store took");
    describe_histogram!("throughline_journeys_question_seconds", Unit::Seconds, "questions about journeys, worked out");
    describe_counter!("throughline_journeys_questions_total", "questions about journeys, by outcome");
    describe_histogram!("throughline_statement_seconds", Unit::Seconds, "statements of the store, by name");
    describe_counter!("throughline_ingest_events_total", "events that came in, by outcome and way");
    describe_counter!("throughline_ingest_other_total", "track events that no table of kinds names, by way");
    describe_histogram!("throughline_ingest_batch_events", Unit::Count, "events that were written in one batch");
    describe_gauge!("throughline_sockets", "connections that stay open, by transport");
    describe_gauge!("throughline_subscriptions", "operations that run on them, by transport");
    describe_counter!("throughline_sockets_refused_total", "connections that were one too many");
    describe_counter!("throughline_slow_clients_total", "clients that were dropped since they did not read");
    describe_gauge!("throughline_ready", "1 while questions are answered, else 0");
}
