//! Protects the API from pages of other sites in the user's browser.
//!
//! A page may send requests anywhere; the browser then sends the page's `Origin`. A page can also let its own host name
//! point to this machine (DNS rebinding); then `Host` has that name. Both are refused. Pages of `[server]
//! allowed_origins` are answered, with the headers of CORS (<https://fetch.spec.whatwg.org/#http-cors-protocol>), and
//! never with credentials of the browser: a caller is known by its `Authorization` alone.

use std::net::SocketAddr;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HOST, HeaderMap, HeaderValue, ORIGIN};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};

use super::app::{Shared, State};
use super::client::Client;
use super::graphql::JSON;
use super::observe::Operation;
use super::refusal::Refusal;
use crate::domain::origin::{Authority, Origin};

/// The headers that a page of an allowed origin may send.
const SENT: &str = "accept, authorization, content-encoding, content-type, if-none-match, throughline-purpose, traceparent, tracestate, \
     x-request-id";
/// The headers of an answer that such a page may read.
const READ: &str = "etag, retry-after, www-authenticate, x-request-id";
/// How long a browser keeps the answer of a preflight, in seconds. Chromium keeps none longer than this.
const KEPT: &str = "7200";

/// Refuses requests of pages of other sites, and answers those of allowed origins.
pub(super) async fn refuse_other_sites<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let state = request.app_data::<Shared>().cloned();
    let client = request.extensions().get::<Client>().cloned();
    let (Some(state), Some(client)) = (state, client) else {
        // The app has both for every request.
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let page = match check(request.headers(), &client, &Rules::of(&state)) {
        Ok(page) => page,
        Err(refusal) => {
            let mut answer = refusal.answer(JSON);
            answer.extensions_mut().insert(Operation { name: None, outcome: refusal.code() });
            vary(answer.headers_mut(), &state);
            return Ok(request.into_response(answer).map_into_right_body());
        }
    };
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &page {
        Page::Elsewhere(_) if is_preflight => request.into_response(preflight()).map_into_right_body(),
        _ => next.call(request).await?.map_into_left_body(),
    };
    vary(response.headers_mut(), &state);
    if let Page::Elsewhere(origin) = page {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READ));
    }
    Ok(response)
}

/// The answer to the question of a browser whether a page may send a request.
fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, SENT))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, KEPT))
        .finish()
}

/// A cache must not give the answer for one origin to another.
fn vary(headers: &mut HeaderMap, state: &State) {
    if !state.allowed_origins.is_empty() {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

/// What requests are checked by.
struct Rules<'a> {
    listen: SocketAddr,
    /// Whether callers are asked for keys.
    asks: bool,
    allowed: &'a [Origin],
}

impl<'a> Rules<'a> {
    fn of(state: &'a State) -> Self {
        Rules { listen: state.listen, asks: state.access.is_some(), allowed: &state.allowed_origins }
    }
}

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Page {
    /// From a page of this server, or from no page.
    Here,
    /// From a page of an allowed origin, as the browser wrote it.
    Elsewhere(HeaderValue),
}

fn check(headers: &HeaderMap, client: &Client, rules: &Rules<'_>) -> Result<Page, Refusal> {
    if let Some(name) = client.unreadable {
        let message = format!("the proxy sent an `{name}` that cannot be read");
        let hint = if name == "x-forwarded-proto" { "http or https" } else { "a host, such as crm.example:8443" };
        return Err(Refusal::bad(StatusCode::BAD_REQUEST, name, message, hint));
    }
    // A page that lets its name point here can also say what a proxy says. So without keys the `Host` itself must be
    // local too.
    let is_through_proxy = rules.asks && client.is_forwarded;
    if rules.listen.ip().is_loopback() && !is_through_proxy {
        let own: Option<Authority> = headers.get(HOST).and_then(|host| host.to_str().ok()?.trim().parse().ok());
        if ![&own, &client.host].iter().all(|host| host.as_ref().is_some_and(|host| is_local(host, rules.listen))) {
            let message = "this server accepts local requests only: use localhost or 127.0.0.1";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
        }
    }
    let Some(value) = headers.get(ORIGIN) else { return Ok(Page::Here) };
    let origin = value.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
    match origin {
        Some(origin) if is_own(&origin, client) => Ok(Page::Here),
        Some(origin) if rules.allowed.contains(&origin) => Ok(Page::Elsewhere(value.clone())),
        _ => {
            let message = "requests from pages of another origin are refused";
            Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message))
        }
    }
}

/// Whether a page was read from the host that the client asked for. Where the scheme is not known, a proxy that is not
/// trusted may have changed it, and any is accepted.
fn is_own(origin: &Origin, client: &Client) -> bool {
    let scheme = client.scheme.unwrap_or(origin.scheme);
    client.host.as_ref().is_some_and(|host| Origin::of(scheme, host) == *origin)
}

/// Whether a host is this machine, with any port: a forwarded port has another number.
fn is_local(host: &Authority, listen: SocketAddr) -> bool {
    let own = match listen {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    ["localhost", "127.0.0.1", "[::1]", &own].contains(&&*host.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request that is checked.
    struct Asked<'a> {
        peer: &'a str,
        headers: Vec<(&'static str, &'a str)>,
        listen: &'a str,
        asks: bool,
    }

    impl Asked<'_> {
        fn result(&self) -> Result<Page, u16> {
            let mut map = HeaderMap::new();
            for (name, value) in &self.headers {
                map.append(header::HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
            }
            let proxies = ["10.0.0.1".parse().expect("a network"), "127.0.0.1".parse().expect("a network")];
            let client = Client::of(Some(self.peer.parse().expect("an address")), false, &map, &proxies);
            let allowed =
                ["https://shop.example", "http://localhost:5173"].map(|text| text.parse().expect("an origin"));
            let listen = self.listen.parse().expect("an address");
            let refused = |refusal: Refusal| refusal.status.as_u16();
            check(&map, &client, &Rules { listen, asks: self.asks, allowed: &allowed }).map_err(refused)
        }
    }

    fn passes(host: &str, origin: Option<&str>, listen: &str) -> bool {
        let headers = [("host", host)].into_iter().chain(origin.map(|origin| ("origin", origin))).collect();
        Asked { peer: "192.0.2.1", headers, listen, asks: false }.result() == Ok(Page::Here)
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
        assert!(passes("crm.example:443", Some("https://crm.example"), "10.0.0.7:8080"));
        for origin in
            ["null", "http://localhost:3000", "http://localhost", "https://evil.example", "", "localhost:8080"]
        {
            assert!(!passes("localhost:8080", Some(origin), "127.0.0.1:8080"), "{origin}");
        }
    }

    #[test]
    fn a_page_of_an_allowed_origin_is_answered_and_no_other() {
        let from = |origin| {
            let headers = vec![("host", "localhost:8080"), ("origin", origin)];
            Asked { peer: "127.0.0.1", headers, listen: "127.0.0.1:8080", asks: false }.result()
        };
        for origin in ["https://shop.example", "https://SHOP.example:443", "http://localhost:5173"] {
            assert_eq!(from(origin), Ok(Page::Elsewhere(HeaderValue::from_str(origin).expect("a header"))));
        }
        for origin in [
            "http://shop.example",
            "https://shop.example:8443",
            "https://a.shop.example",
            "*",
            "null",
            "https://shop.example.evil.example",
            "https://localhost:5173",
            "http://localhost:5174",
        ] {
            assert_eq!(from(origin), Err(403), "{origin}");
        }
    }

    #[test]
    fn host_and_origin_are_compared_after_the_word_of_a_trusted_proxy() {
        let through = |peer, more: &[(&'static str, &'static str)]| {
            let headers = [&[("host", "10.0.0.9:8080")], more].concat();
            Asked { peer, headers, listen: "10.0.0.9:8080", asks: true }.result()
        };
        let forwarded = [("x-forwarded-host", "crm.example"), ("x-forwarded-proto", "https")];
        let with = |origin| [&forwarded[..], &[("origin", origin)]].concat();
        assert_eq!(through("10.0.0.1", &with("https://crm.example")), Ok(Page::Here));
        assert_eq!(through("10.0.0.1", &with("https://crm.example:443")), Ok(Page::Here));
        // The scheme is known, so it must be the same.
        assert_eq!(through("10.0.0.1", &with("http://crm.example")), Err(403));
        assert_eq!(through("10.0.0.1", &with("https://10.0.0.9:8080")), Err(403));
        // The same words of anyone else are ignored.
        assert_eq!(through("192.0.2.7", &with("https://crm.example")), Err(403));
        assert_eq!(through("192.0.2.7", &with("http://10.0.0.9:8080")), Ok(Page::Here));
        assert_eq!(through("10.0.0.1", &[("x-forwarded-host", "crm.example/")]), Err(400));
        assert_eq!(through("192.0.2.7", &[("x-forwarded-host", "crm.example/")]), Ok(Page::Here));
        assert_eq!(through("10.0.0.1", &[("x-forwarded-proto", "gopher")]), Err(400));
    }

    #[test]
    fn a_name_that_points_to_this_machine_cannot_pass_for_a_proxy_without_keys() {
        let from = |asks, host, more: &[(&'static str, &'static str)]| {
            let headers = [&[("host", host)], more].concat();
            Asked { peer: "127.0.0.1", headers, listen: "127.0.0.1:8080", asks }.result()
        };
        assert_eq!(from(false, "evil.example", &[("x-forwarded-host", "localhost")]), Err(403));
        assert_eq!(from(false, "localhost:8080", &[("x-forwarded-host", "crm.example")]), Err(403));
        let page = [("x-forwarded-host", "localhost:3000"), ("origin", "http://localhost:3000")];
        assert_eq!(from(false, "localhost:8080", &page), Ok(Page::Here), "a development server");
        // With keys the name of the proxy counts; that page has no key.
        assert_eq!(from(true, "crm.example", &[("x-forwarded-proto", "https")]), Ok(Page::Here));
        assert_eq!(from(true, "crm.example", &[]), Err(403), "not forwarded");
    }
}
