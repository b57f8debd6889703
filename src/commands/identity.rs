//! Figures about identities for `/metrics`, and a warning in the log when a customer becomes too large.
//!
//! They are read when the metrics are requested, and once a minute for the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::domain::health::{Health, Nearness, buckets};
use crate::store::Store;

/// How long the store may take. Prometheus waits ten seconds, and the other figures need no store.
const WITHIN: Duration = Duration::from_secs(1);
/// The largest size of a customer with a metric series. The log warns about larger customers.
const LARGEST_BUCKET: i64 = 100_000;

/// Updates the metrics and warns.
pub(super) struct IdentityWatch {
    store: Arc<dyn Store>,
    cap: Box<dyn Fn() -> usize + Send + Sync>,
    /// The last warning, so that it is not repeated.
    warned: AtomicU8,
}

impl IdentityWatch {
    /// `cap` is the rules' `max_identifiers`.
    pub(super) fn new(store: Arc<dyn Store>, cap: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        IdentityWatch { store, cap: Box::new(cap), warned: AtomicU8::new(Nearness::Far as u8) }
    }

    /// Reads the figures into the metrics, and warns when the largest customer is near the cap. The metrics keep their
    /// values when the store is away.
    pub(super) async fn refresh(&self) {
        match tokio::time::timeout(WITHIN, self.store.identity_health()).await {
            Ok(Ok(health)) => self.update(&health),
            Ok(Err(error)) => tracing::debug!(%error, "no figures about identities"),
            Err(_) => tracing::debug!("no figures about identities: the store took too long"),
        }
    }

    fn update(&self, health: &Health) {
        let cap = (self.cap)();
        measure(health, cap);
        let nearness = health.nearness(cap);
        let warned = self.warned.swap(nearness as u8, Ordering::Relaxed);
        if let Some(message) = health.warning(cap).filter(|_| nearness as u8 > warned) {
            tracing::warn!("{message}");
        }
    }
}

/// Sets the metrics. Labels are names of rules, without personal data.
fn measure(health: &Health, cap: usize) {
    gauge!("throughline_identity_identifiers").set(health.identifiers as f64);
    for (from, to) in buckets().take_while(|(_, to)| *to <= LARGEST_BUCKET) {
        let count: i64 = health.sizes.range(from..=to).map(|(_, n)| n).sum();
        let label = if from == to { from.to_string() } else { format!("{from}-{to}") };
        gauge!("throughline_identity_customers", "identifiers" => label).set(count as f64);
    }
    gauge!("throughline_identity_shared").set(health.shared as f64);
    gauge!("throughline_identity_largest").set(health.largest() as f64);
    gauge!("throughline_identity_cap").set(cap as f64);
    gauge!("throughline_identity_past_cap").set(health.larger_than(i64::try_from(cap).unwrap_or(i64::MAX)) as f64);
    let whole = |n: i64| u64::try_from(n).unwrap_or_default();
    counter!("throughline_identity_merges_total").absolute(whole(health.merges));
    counter!("throughline_identity_splits_total").absolute(whole(health.splits));
    for (rule, &count) in &health.refused {
        counter!("throughline_identity_refusals_total", "rule" => rule.to_string()).absolute(whole(count));
    }
}

/// Describes the metrics.
pub(super) fn describe() {
    describe_gauge!("throughline_identity_identifiers", "identifiers, including those without a customer");
    describe_gauge!("throughline_identity_customers", "customers, by number of identifiers");
    describe_gauge!("throughline_identity_shared", "shared identifiers");
    describe_gauge!("throughline_identity_largest", "identifiers of the largest customer");
    describe_gauge!("throughline_identity_cap", "maximum number of identifiers of a customer: max_identifiers");
    describe_gauge!("throughline_identity_past_cap", "customers with more identifiers than max_identifiers");
    describe_counter!("throughline_identity_merges_total", "customers that were merged into another");
    describe_counter!("throughline_identity_splits_total", "customers that were split off another");
    describe_counter!("throughline_identity_refusals_total", "refusals in identity histories, by rule");
}
