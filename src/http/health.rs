//! The probes `/health/live` and `/health/ready`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use serde_json::json;

use super::app::Shared;
use super::refusal::text;

/// 200 as long as the process runs, also without the store: a restart would not help.
pub(super) async fn live() -> HttpResponse {
    text(StatusCode::OK, "alive\n")
}

/// 200 when queries are answered and events are accepted. Otherwise 503 with the reason, without secrets and personal
/// data. `reads` says whether queries are answered.
pub(super) async fn ready(state: Shared) -> HttpResponse {
    let reads = state.readiness.reason().is_none();
    let (status, body) = match state.readiness.trouble() {
        None => (StatusCode::OK, json!({ "ready": true })),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, json!({ "ready": false, "reads": reads, "reason": reason })),
    };
    let mut answer = HttpResponse::build(status);
    answer.insert_header(ContentType::json()).insert_header((header::CACHE_CONTROL, "no-store"));
    if status != StatusCode::OK {
        answer.insert_header((header::RETRY_AFTER, "2"));
    }
    answer.body(body.to_string())
}
