//! Protects the API from pages of other sites in the user's browser.
//!
//! A page may send requests anywhere; the browser then sends the page's `Origin`. A page can also let its own host name
//! point to this machine (DNS rebinding); then `Host` has that name. Both are refused. CORS headers are never sent.

use std::net::SocketAddr;

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::middleware::Next;

use super::app::Shared;
use super::graphql::JSON;
use super::observe::Operation;
use super::refusal::Refusal;

/// Refuses requests of pages of other sites.
pub(super) async fn refuse_other_sites<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let listen = request.app_data::<Shared>().map(|state| state.listen);
    match check(request.headers(), listen) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(refusal) => {
            let mut answer = refusal.answer(JSON);
            answer.extensions_mut().insert(Operation { name: None, outcome: refusal.code() });
            Ok(request.into_response(answer).map_into_right_body())
        }
    }
}

fn check(headers: &HeaderMap, listen: Option<SocketAddr>) -> Result<(), Refusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").to_ascii_lowercase());
    let host = text(HOST).unwrap_or_default();
    if listen.is_some_and(|listen| listen.ip().is_loopback() && !is_local(&host, listen)) {
        let message = "this server accepts local requests only: use localhost or 127.0.0.1";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    match text(ORIGIN) {
        Some(origin) if origin.split_once("://").map(|(_, authority)| authority) != Some(host.as_str()) => {
            let message = "requests from pages of another origin are refused";
            Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message))
        }
        _ => Ok(()),
    }
}

/// Whether a `Host` names this machine, with any port: a forwarded port has another number.
fn is_local(host: &str, listen: SocketAddr) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name == "127.0.0.1" || name == "[::1]" || bare == listen.ip().to_string()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn passes(host: &str, origin: Option<&str>, listen: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).expect("a header"));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).expect("a header"));
        }
        check(&headers, Some(listen.parse().expect("an address"))).is_ok()
    }

    #[test]
    fn on_loopback_only_local_host_names_are_accepted() {
        for host in
            ["localhost", "localhost:8080", "LOCALHOST:9", "127.0.0.1:8080", "[::1]", "[::1]:8080", "127.0.0.2:1"]
        {
            assert!(passes(host, None, "127.0.0.2:8080"), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            ":8080",
            "10.0.0.1",
        ] {
            assert!(!passes(host, None, "127.0.0.1:8080"), "{host}");
            assert!(passes(host, None, "10.0.0.7:8080"), "{host}");
        }
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        assert!(passes("localhost:8080", Some("http://localhost:8080"), "127.0.0.1:8080"));
        assert!(passes("crm.example", Some("https://crm.example"), "10.0.0.7:8080"));
        for origin in
            ["null", "http://localhost:3000", "http://localhost", "https://evil.example", "", "localhost:8080"]
        {
            assert!(!passes("localhost:8080", Some(origin), "127.0.0.1:8080"), "{origin}");
        }
    }
}
