//! `/metrics` for Prometheus. All labels come from closed lists, so they contain no personal data.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use super::access;
use super::app::Shared;
use super::machine::JSON;

/// Buckets of times in seconds, from a cached read to the time limit.
const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Buckets of the number of events of a batch.
const EVENTS: &[f64] = &[1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    process: Collector,
}

impl Metrics {
    /// Starts the recorder. Only once in a process.
    ///
    /// # Errors
    /// When there is a recorder already.
    pub fn begin() -> Result<Self, BuildError> {
        let events = Matcher::Full("throughline_ingest_batch_events".to_owned());
        let builder = PrometheusBuilder::new().set_buckets(BUCKETS)?.set_buckets_for_metric(events, EVENTS)?;
        let handle = builder.install_recorder()?;
        describe();
        let process = Collector::default();
        process.describe();
        Ok(Self { handle, process })
    }

    /// Moves recorded values into the histograms. So memory does not grow when no client reads the metrics.
    pub fn fold(&self) {
        self.handle.run_upkeep();
    }
}

/// Answers with all metrics as text.
pub(super) async fn show(request: HttpRequest, state: Shared) -> HttpResponse {
    if let Err(refusal) = access::admit_reader(&request, &state) {
        return refusal.answer(JSON);
    }
    for (name, value) in (state.gauges)() {
        let full = format!("throughline_store_{name}");
        describe_gauge!(full.clone(), about_store(name));
        metrics::gauge!(full).set(value);
    }
    state.metrics.process.collect();
    if state.readiness.reason().is_none() {
        // On the runtime of the store's connections. Metrics that it cannot read keep their values.
        let _ = super::server::runtime().spawn((state.refresh)()).await;
    }
    metrics::gauge!("throughline_ready").set(f64::from(u8::from(state.readiness.trouble().is_none())));
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(state.metrics.handle.render())
}

/// The description of a figure of the store's connections.
fn about_store(name: &str) -> String {
    let help = match name {
        "readers" => "read connections of the store",
        "cache_bytes" => "the estimated memory of cached customers",
        "readers_busy" => "read connections of the store in use",
        "writers" => "write connections of the store",
        "writers_busy" => "write connections of the store in use",
        "reads_waiting" => "reads waiting for a connection of the store",
        "writes_waiting" => "writes waiting for a connection of the store",
        other => return format!("{} of the store", other.replace('_', " ")),
    };
    help.to_owned()
}

/// Describes each metric. Counters start at 0, so that a rate exists from the first increment on.
fn describe() {
    describe_histogram!(
        "throughline_http_request_seconds",
        Unit::Seconds,
        "time of HTTP requests, by method, path and status"
    );
    describe_counter!("throughline_graphql_operations_total", "GraphQL operations, by outcome: OK or an error code");
    describe_gauge!("throughline_journeys_touchpoints", "touchpoints in the journey projection");
    describe_gauge!("throughline_journeys_bytes", Unit::Bytes, "approximate memory of the journey projection");
    describe_gauge!("throughline_journeys_change", "last change in the journey projection");
    describe_gauge!(
        "throughline_journeys_lag_seconds",
        Unit::Seconds,
        "how far the journey projection was behind the store at its last update"
    );
    describe_gauge!(
        "throughline_journeys_build_seconds",
        Unit::Seconds,
        "time of the last build of the journey projection"
    );
    describe_histogram!("throughline_journeys_question_seconds", Unit::Seconds, "computing time of journey queries");
    describe_counter!("throughline_access_failures_total", "requests without a valid key");
    describe_counter!("throughline_journeys_questions_total", "journey queries, by outcome");
    describe_histogram!("throughline_statement_seconds", Unit::Seconds, "time of the store's statements, by name");
    describe_counter!("throughline_ingest_events_total", "received events, by outcome and way");
    describe_counter!(
        "throughline_ingest_suppressed_total",
        "rejected events with an identifier of an erased person, by way"
    );
    describe_counter!("throughline_ingest_other_total", "track events of kind other, by way");
    describe_histogram!("throughline_ingest_batch_events", Unit::Count, "events of a batch");
    describe_counter!(
        "throughline_customer_rereads_total",
        "customers that were read again because of a write meanwhile"
    );
    describe_counter!(
        "throughline_customer_cache_total",
        "reads of customers, by store and result: hit, stale (it has changed), miss (not cached)"
    );
    describe_counter!("throughline_apply_retries_total", "batches that were planned again because of another write");
    describe_gauge!("throughline_http_connections", "open connections of clients");
    describe_counter!("throughline_http_malformed_requests_total", "requests that were not HTTP");
    describe_gauge!("throughline_sockets", "open WebSockets and event streams, by transport");
    describe_gauge!("throughline_subscriptions", "running subscriptions, by transport");
    describe_counter!(
        "throughline_sockets_refused_total",
        "WebSockets and event streams refused because of max_sockets"
    );
    describe_counter!("throughline_slow_clients_total", "clients that were disconnected because they did not read");
    describe_gauge!("throughline_ready", "1 when queries are answered and events are accepted, else 0");
    describe_gauge!(
        "throughline_build_info",
        "always 1; the labels are the version of the program and its build profile"
    );
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    metrics::gauge!("throughline_build_info", "version" => env!("CARGO_PKG_VERSION"), "profile" => profile).set(1.0);
    metrics::gauge!("throughline_http_connections").set(0.0);
    metrics::counter!("throughline_http_malformed_requests_total").absolute(0);
    metrics::counter!("throughline_sockets_refused_total").absolute(0);
    for transport in ["websocket", "sse"] {
        metrics::gauge!("throughline_sockets", "transport" => transport).set(0.0);
        metrics::gauge!("throughline_subscriptions", "transport" => transport).set(0.0);
        metrics::counter!("throughline_slow_clients_total", "transport" => transport).absolute(0);
    }
}

/// The faults of a metrics text: a family without help or type, or an invalid name. The rules are those of
/// `promtool check metrics`.
#[cfg(test)]
pub(super) fn faults(text: &str) -> Vec<String> {
    use std::collections::BTreeMap;
    let (mut helps, mut types, mut samples) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut faults = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            helps.insert(name, help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            if types.insert(name, kind).is_some() {
                faults.push(format!("{name} occurs twice"));
            }
        } else if line.starts_with('#') {
            faults.push(format!("neither HELP nor TYPE: {line}"));
        } else {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            samples.push((name, line));
        }
    }
    for (name, line) in samples {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|ending| {
            name.strip_suffix(ending).filter(|base| types.get(base).is_some_and(|kind| *kind == "histogram"))
        });
        if !types.contains_key(base.unwrap_or(name)) {
            faults.push(format!("no TYPE for {name}"));
        }
        if (line.contains("{le=\"") || line.contains(",le=\"")) != name.ends_with("_bucket") {
            faults.push(format!("`le` is of buckets alone: {line}"));
        }
        if line.rsplit(' ').next().is_none_or(|value| value.parse::<f64>().is_err()) {
            faults.push(format!("no number: {line}"));
        }
    }
    for (name, kind) in &types {
        let mut wrong = |fault: &str| faults.push(format!("{name}: {fault}"));
        if helps.get(name).is_none_or(|help| help.trim().is_empty()) {
            wrong("no HELP");
        }
        if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            wrong("a name consists of lower-case letters, digits and _");
        }
        if (*kind == "counter") != name.ends_with("_total") {
            wrong("counters end in `_total`, other types do not");
        }
        if ["_bucket", "_sum", "_count"].iter().any(|ending| name.ends_with(ending)) {
            wrong("an ending reserved for histograms");
        }
        let units = [
            "ms",
            "milliseconds",
            "microseconds",
            "minutes",
            "hours",
            "days",
            "kb",
            "mb",
            "kilobytes",
            "megabytes",
            "percent",
            "counter",
            "gauge",
            "histogram",
            "summary",
        ];
        if name.split('_').any(|part| units.contains(&part)) {
            wrong("base units, and no type in a name");
        }
    }
    faults
}
