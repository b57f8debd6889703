//! `/metrics` for Prometheus. Labels come from closed lists: nothing about a person is ever in one.

use actix_web::HttpResponse;
use actix_web::http::header;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use super::app::Shared;

/// Seconds, from a cached read to the time limit.
const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Events of a batch.
const EVENTS: &[f64] = &[1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// What has been measured in this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    process: Collector,
}

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
        let process = Collector::default();
        process.describe();
        Ok(Self { handle, process })
    }

    /// Folds what came in into the histograms, so that they do not grow when nobody asks for them.
    pub fn fold(&self) {
        self.handle.run_upkeep();
    }
}

/// Everything measured, as text.
pub(super) async fn show(state: Shared) -> HttpResponse {
    for (name, value) in (state.gauges)() {
        let full = format!("throughline_store_{name}");
        describe_gauge!(full.clone(), about_store(name));
        metrics::gauge!(full).set(value);
    }
    state.metrics.process.collect();
    if state.readiness.reason().is_none() {
        // On the runtime that the store's connections live on; what it does not tell stays as it was.
        let _ = super::server::runtime().spawn((state.refresh)()).await;
    }
    metrics::gauge!("throughline_ready").set(f64::from(u8::from(state.readiness.trouble().is_none())));
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(state.metrics.handle.render())
}

/// What a figure of the store's connections says.
fn about_store(name: &str) -> String {
    let words = match name {
        "readers" => "connections of the store that read",
        "readers_busy" => "connections of the store that read, and are in use",
        "writers" => "connections of the store that write",
        "writers_busy" => "connections of the store that write, and are in use",
        "reads_waiting" => "reads that wait for a connection of the store",
        "writes_waiting" => "writes that wait for a connection of the store",
        other => return format!("{} of the store", other.replace('_', " ")),
    };
    words.to_owned()
}

/// One line a metric: what it says, in which unit. And those that begin at nothing are there from the beginning, so
/// that a rate of them is known when the first one comes.
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
    describe_histogram!("throughline_ingest_batch_events", Unit::Count, "events that were written in one batch");
    describe_counter!(
        "throughline_customer_rereads_total",
        "customers that were read again, since one wrote meanwhile"
    );
    describe_counter!("throughline_apply_retries_total", "batches that were planned again, since another wrote first");
    describe_gauge!("throughline_http_connections", "connections of clients that are open");
    describe_counter!("throughline_http_malformed_requests_total", "requests that were not HTTP");
    describe_gauge!("throughline_sockets", "connections that stay open, by transport");
    describe_gauge!("throughline_subscriptions", "operations that run on them, by transport");
    describe_counter!("throughline_sockets_refused_total", "connections that were one too many");
    describe_counter!("throughline_slow_clients_total", "clients that were dropped since they did not read");
    describe_gauge!("throughline_ready", "1 while questions are answered, else 0");
    describe_gauge!(
        "throughline_build_info",
        "always 1: the version of the program and how it was built are its labels"
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

/// What is wrong with a text of metrics: a family without words or type, or a name that is not as Prometheus has
/// names. The rules are those of `promtool check metrics`.
#[cfg(test)]
pub(super) fn faults(text: &str) -> Vec<String> {
    use std::collections::BTreeMap;
    let (mut helps, mut types, mut samples) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut faults = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some((name, words)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            helps.insert(name, words);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            if types.insert(name, kind).is_some() {
                faults.push(format!("{name} stands there twice"));
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
        let mut wrong = |words: &str| faults.push(format!("{name}: {words}"));
        if helps.get(name).is_none_or(|words| words.trim().is_empty()) {
            wrong("no HELP");
        }
        if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            wrong("small letters, digits and _ make a name");
        }
        if (*kind == "counter") != name.ends_with("_total") {
            wrong("`_total` is the ending of counters, and of nothing else");
        }
        if ["_bucket", "_sum", "_count"].iter().any(|ending| name.ends_with(ending)) {
            wrong("an ending of histograms");
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
