//! Tests of the whole app with a small schema: statuses, headers, and messages.

use std::io::{BufRead, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use async_graphql::{EmptySubscription, Object, Schema};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::app::{State, app};
use super::metrics::Metrics;
use super::readiness::Readiness;
use super::sockets::Sockets;
use super::tls;
use crate::access::{Caller, Callers, Policy};
use crate::domain::purpose::Purpose;
use crate::domain::{Problem, ProblemCode, Timestamp};
use crate::graphql::error::{PlainError, bad_argument, write_error};
use crate::graphql::execute::Api;
use crate::graphql::identifier::IdentifierInput;
use crate::graphql::identities::{FindIdentities, Identity, IdentityIdentifier};
use crate::ingest::wire::TakeEvents;
use crate::ingest::{EventOutcome, EventStatus, clock};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{Store, StoreError};

struct Query;

#[Object]
impl Query {
    async fn echo(&self, text: String) -> String {
        text
    }
    async fn journeys(&self) -> i32 {
        7
    }
    async fn stored(&self, fault: String) -> Option<async_graphql::Result<bool>> {
        Some(Err(fails(&fault)))
    }
    async fn panics(&self) -> bool {
        let known = std::collections::HashMap::from([(1, true)]);
        known[&2]
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn write(&self) -> bool {
        true
    }
    async fn store(&self, fault: String) -> Option<async_graphql::Result<bool>> {
        Some(Err(fails(&fault)))
    }
    async fn stored(&self) -> Stored {
        Stored
    }
}

/// A stored write with one field that cannot be shown.
struct Stored;

#[Object]
impl Stored {
    async fn shown(&self) -> Option<async_graphql::Result<bool>> {
        Some(Err(fails("away")))
    }
}

/// Knows one identifier: the kind `email`. Other kinds are names of faults.
struct FakeIdentities;

#[async_trait::async_trait]
impl FindIdentities for FakeIdentities {
    async fn find(
        &self,
        _: Arc<Caller>,
        _: Option<&Purpose>,
        asked: &[IdentifierInput],
        argument: fn(usize) -> String,
    ) -> Result<Vec<Option<Identity>>, PlainError> {
        let find = |(n, asked): (usize, &IdentifierInput)| match (asked.kind.as_str(), asked.value.as_str()) {
            ("email", "none") => Ok(None),
            ("email", value) => Ok(Some(Identity {
                customer_id: Some("c".into()),
                version: "7".into(),
                identifiers: vec![IdentityIdentifier {
                    kind: "email".into(),
                    value: value.into(),
                    shared: false,
                    masked: false,
                }],
                former_ids: Vec::new(),
            })),
            ("panic", _) => panic!("SECRET"),
            ("unknown", _) => Err(PlainError::from(bad_argument(&argument(n), "unknown", "email"))),
            (fault, _) => Err(PlainError::from(fails(fault))),
        };
        asked.iter().enumerate().map(find).collect()
    }
}

/// Stores an event; the first one's `fault` is the fault of the store, and `bad` is an event that it refuses.
struct FakeEvents;

#[async_trait::async_trait]
impl TakeEvents for FakeEvents {
    async fn take_events(
        &self,
        events: Vec<String>,
        _: Option<Timestamp>,
        _: Option<Arc<str>>,
    ) -> Result<Vec<EventOutcome>, StoreError> {
        let events: Vec<Value> = events.iter().map(|event| serde_json::from_str(event).expect("JSON")).collect();
        match events[0]["fault"].as_str() {
            Some("panic") => panic!("SECRET"),
            Some("slow") => std::future::pending().await,
            Some(fault) => return Err(fault_of(fault)),
            None => {}
        }
        let problem = || Problem::at(ProblemCode::MissingField, "userId", "no identifier");
        let outcome = |event: &Value| EventOutcome {
            status: if event["bad"] == true { EventStatus::Rejected } else { EventStatus::Created },
            message_id: None,
            customer: None,
            problems: if event["bad"] == true { vec![problem()] } else { Vec::new() },
        };
        Ok(events.iter().map(outcome).collect())
    }
}

fn fails(fault: &str) -> async_graphql::Error {
    write_error(fault_of(fault))
}

fn fault_of(fault: &str) -> StoreError {
    let message = "SECRET".to_owned();
    match fault {
        "away" => StoreError::Away(message),
        "busy" => StoreError::Busy(message),
        "full" => StoreError::Full(message),
        "read only" => StoreError::ReadOnly(message),
        "late" => StoreError::Timeout(30),
        _ => StoreError::Data(message),
    }
}

fn state() -> State {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    let schema = Schema::new(Query, Mutation, EmptySubscription);
    let readiness = Readiness::starting();
    readiness.set_ready();
    State {
        api: Api::new(schema, |request, _| request).expect("a schema"),
        identities: Arc::new(FakeIdentities),
        events: Arc::new(FakeEvents),
        readiness,
        metrics: METRICS.get_or_init(|| Metrics::begin().expect("the first")).clone(),
        gauges: Arc::new(|| vec![("connections", 3.0)]),
        refresh: Arc::new(|| {
            Box::pin(async {
                metrics::describe_gauge!("throughline_refreshed", "of this test");
                metrics::gauge!("throughline_refreshed").set(1.0);
            })
        }),
        sockets: Sockets::at_most(10),
        access: None,
        listen: ([127, 0, 0, 1], 8080).into(),
        allowed_origins: Arc::new([]),
        trusted_proxies: Arc::new([]),
        purposes: Arc::default(),
    }
}

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

async fn send_to(state: State, request: TestRequest) -> Got {
    let app = init_service(app!(state)).await;
    let response = call_service(&app, request.insert_header((header::HOST, "localhost:8080")).to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let text = String::from_utf8(read_body(response).await.to_vec()).expect("UTF-8");
    Got { status, headers, text }
}

async fn send(request: TestRequest) -> Got {
    send_to(state(), request).await
}

fn post(body: impl Into<String>) -> TestRequest {
    TestRequest::post()
        .uri("/graphql")
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .set_payload(body.into())
}

fn ask(query: &str) -> TestRequest {
    post(json!({ "query": query }).to_string())
}

fn get(query: &str) -> TestRequest {
    let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    TestRequest::get().uri(&format!("/graphql?query={query}"))
}

const RESPONSE_JSON: (header::HeaderName, &str) = (header::ACCEPT, "application/graphql-response+json");

#[actix_web::test]
async fn a_query_is_answered() {
    let got = send(ask("{ echo(text: \"é\") }")).await;
    assert_eq!((got.status, got.json()), (StatusCode::OK, json!({"data": {"echo": "é"}})));
    assert_eq!(got.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(got.header("cache-control"), "no-store");
    let got = send(get("{ echo(text: \"é\") }").insert_header(RESPONSE_JSON)).await;
    assert_eq!((got.status, got.json()), (StatusCode::OK, json!({"data": {"echo": "é"}})));
    assert_eq!(got.header("content-type"), "application/graphql-response+json; charset=utf-8");
}

#[actix_web::test]
async fn variables_can_be_in_the_query_string() {
    let uri = "/graphql?query=query($t:String!){echo(text:$t)}&variables=%7B%22t%22%3A%22a%22%7D&extensions=";
    assert_eq!(send(TestRequest::get().uri(uri)).await.json(), json!({"data": {"echo": "a"}}));
    for uri in [
        "/graphql?query={a}&query={b}",
        "/graphql?query={a}&variables=x",
        "/graphql?query={a}&variables=[]",
        "/graphql?x=1",
    ] {
        let got = send(TestRequest::get().uri(uri)).await;
        assert_eq!((got.status, got.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_ARGUMENT"), "{uri}");
    }
}

#[actix_web::test]
async fn a_mutation_is_not_run_by_get() {
    let got = send(get("mutation { write }")).await;
    assert_eq!((got.status, got.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    assert_eq!(send(ask("mutation { write }")).await.json(), json!({"data": {"write": true}}));
}

#[actix_web::test]
async fn errors_of_a_document_have_the_status_of_the_media_type() {
    for query in ["{", "{ nothing }", "query a { __typename } query b { __typename }"] {
        let got = send(ask(query)).await;
        assert_eq!((got.status, got.json().get("data")), (StatusCode::OK, None), "{query}");
        let got = send(ask(query).insert_header(RESPONSE_JSON)).await;
        assert_eq!((got.status, got.json().get("data")), (StatusCode::BAD_REQUEST, None), "{query}");
    }
}

#[actix_web::test]
async fn an_invalid_body_is_refused_with_a_message() {
    for (body, message) in [
        ("", "the body is not JSON: line 1, column 0"),
        ("{ \"query\": jane@example.com", "the body is not JSON: line 1, column 12"),
        ("3", "the body is not a JSON object"),
        ("[{\"query\": \"{ __typename }\"}]", "a list of operations is not supported"),
        ("{}", "`query` is missing"),
        ("{\"query\": 3}", "`query` is not a string"),
        ("{\"query\": \"{a}\", \"variables\": []}", "`variables` is not an object"),
        ("{\"query\": \"{a}\", \"operationName\": {}}", "`operationName` is not a string"),
        ("{\"query\": \"{a}\", \"extensions\": \"x\"}", "`extensions` is not an object"),
    ] {
        let got = send(post(body)).await;
        assert_eq!((got.status, got.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_ARGUMENT"), "{body}");
        assert_eq!(got.json()["errors"][0]["message"], message);
    }
    let invalid = TestRequest::post().uri("/graphql").insert_header((header::CONTENT_TYPE, "application/json"));
    assert_eq!(send(invalid.set_payload(b"{\"query\": \"\xff\"}".to_vec())).await.status, StatusCode::BAD_REQUEST);
    let nulls = "{\"query\": \"{ __typename }\", \"variables\": null, \"operationName\": null, \"extensions\": null}";
    assert_eq!(send(post(nulls)).await.json(), json!({"data": {"__typename": "Query"}}));
}

#[actix_web::test]
async fn a_body_that_another_site_could_send_without_preflight_is_refused() {
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "application/json; charset=latin1",
        "application/jsonp",
    ] {
        let got = send(ask("{ __typename }").insert_header((header::CONTENT_TYPE, media))).await;
        assert_eq!(got.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media}");
    }
    for media in ["application/json", "application/json;charset=UTF-8", "Application/JSON; charset=\"utf-8\""] {
        assert_eq!(
            send(ask("{ __typename }").insert_header((header::CONTENT_TYPE, media))).await.status,
            StatusCode::OK
        );
    }
}

#[actix_web::test]
async fn sizes_have_their_limits() {
    let body = |length: usize| {
        let shell = json!({"query": "{ __typename }", "x": ""}).to_string();
        json!({"query": "{ __typename }", "x": "x".repeat(length - shell.len())}).to_string()
    };
    assert_eq!(send(post(body(1024 * 1024))).await.status, StatusCode::OK);
    let got = send(post(body(1024 * 1024 + 1))).await;
    assert_eq!((got.status, got.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE"));
    assert_eq!(got.json()["errors"][0]["extensions"]["limit"], 1_048_576);
    let query = |length: usize| format!("{{ __typename }}{}", " ".repeat(length - 14));
    assert_eq!(send(ask(&query(32 * 1024))).await.json(), json!({"data": {"__typename": "Query"}}));
    assert_eq!(send(ask(&query(32 * 1024 + 1))).await.code(), "TOO_EXPENSIVE");
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).expect("written");
    packed.finish().expect("packed")
}

fn post_packed(coding: &str, body: Vec<u8>) -> TestRequest {
    post("").insert_header((header::CONTENT_ENCODING, coding)).set_payload(body)
}

#[actix_web::test]
async fn a_compressed_body_is_measured_while_it_is_decompressed() {
    let question = br#"{"query": "{ __typename }"}"#;
    let answer = json!({"data": {"__typename": "Query"}});
    for coding in ["gzip", "GZIP", "x-gzip", "identity, gzip"] {
        assert_eq!(send(post_packed(coding, packed(question))).await.json(), answer, "{coding}");
    }
    // Two gzip members in a row are one body.
    let (first, last) = question.split_at(9);
    assert_eq!(send(post_packed("gzip", [packed(first), packed(last)].concat())).await.json(), answer);
    assert_eq!(send(post_packed("identity", question.to_vec())).await.json(), answer);

    let padded = |length: usize| [question.as_slice(), &vec![b' '; length - question.len()]].concat();
    assert_eq!(send(post_packed("gzip", packed(&padded(1 << 20)))).await.json(), answer);
    for length in [(1 << 20) + 1, 200 << 20] {
        let got = send(post_packed("gzip", packed(&padded(length)))).await;
        assert_eq!((got.status, got.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE"), "{length}");
        assert_eq!(got.json()["errors"][0]["extensions"]["cost"], (1 << 20) + 1, "decompressed no further than that");
    }
}

#[actix_web::test]
async fn a_body_that_contradicts_its_content_encoding_is_refused() {
    let whole = packed(br#"{"query": "{ __typename }"}"#);
    let cut = whole[..whole.len() - 5].to_vec();
    let mut changed = whole.clone();
    changed[12] ^= 0x55;
    for body in
        [b"{\"query\": \"{ __typename }\"}".to_vec(), cut, changed, Vec::new(), [whole.clone(), vec![7]].concat()]
    {
        let got = send(post_packed("gzip", body)).await;
        assert_eq!((got.status, got.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_ARGUMENT"), "{}", got.text);
    }
    for coding in ["br", "deflate", "zstd", "compress", "gzip, gzip", "gzip, br", "?"] {
        let got = send(post_packed(coding, whole.clone())).await;
        assert_eq!(
            (got.status, got.header("accept-encoding")),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "gzip"),
            "{coding}"
        );
    }
}

#[actix_web::test]
async fn an_unknown_path_is_not_found_with_any_method() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH, Method::GET] {
        for path in ["/nothing", "/graphql/", "/v9/batch", "/assets/none.js", "/health", "/health/other"] {
            let got = send(TestRequest::default().method(method.clone()).uri(path)).await;
            assert_eq!(got.status, StatusCode::NOT_FOUND, "{method} {path}");
        }
    }
    let got = send(TestRequest::post().uri("/")).await;
    assert_eq!((got.status, got.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"));
    assert_eq!(send(TestRequest::post().uri("/health/live")).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[actix_web::test]
async fn an_unsupported_accept_is_not_acceptable_and_other_methods_are_not_allowed() {
    let got = send(ask("{ __typename }").insert_header((header::ACCEPT, "text/html"))).await;
    assert_eq!(got.status, StatusCode::NOT_ACCEPTABLE);
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD, Method::PATCH] {
        let got = send(TestRequest::default().method(method.clone()).uri("/graphql")).await;
        assert_eq!((got.status, got.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, POST"), "{method}");
    }
}

#[actix_web::test]
async fn a_browser_that_goes_to_the_api_lands_at_the_console() {
    let browser = (header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
    let got = send(TestRequest::get().uri("/graphql").insert_header(browser)).await;
    assert_eq!((got.status, got.header("location")), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(
        send(get("{ __typename }").insert_header((header::ACCEPT, "text/html,*/*;q=0.8"))).await.status,
        StatusCode::OK
    );
}

#[actix_web::test]
async fn a_page_of_another_site_is_refused_and_no_cors_header_is_sent() {
    for request in [ask("{ __typename }"), get("{ __typename }")] {
        let got = send(request.insert_header((header::ORIGIN, "https://evil.example"))).await;
        assert_eq!((got.status, got.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"));
        assert_eq!(got.header("access-control-allow-origin"), "");
    }
    let preflight = TestRequest::default().method(Method::OPTIONS).uri("/graphql");
    let got = send(preflight.insert_header((header::ORIGIN, "https://evil.example"))).await;
    assert_eq!((got.status, got.header("access-control-allow-origin")), (StatusCode::FORBIDDEN, ""));
    let got = send(ask("{ __typename }").insert_header((header::ORIGIN, "http://localhost:8080"))).await;
    assert_eq!(got.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_page_of_an_allowed_origin_may_ask_and_may_not_send_credentials_of_the_browser() {
    let origins = ["https://shop.example", "http://localhost:5173"].map(|origin| origin.parse().expect("an origin"));
    let state = State { allowed_origins: Arc::new(origins), ..state() };
    let from = |request: TestRequest, origin: &str| request.insert_header((header::ORIGIN, origin.to_owned()));
    for request in [ask("{ __typename }"), get("{ __typename }"), identity("email/a"), identities("{}")] {
        let got = send_to(state.clone(), from(request, "https://shop.example")).await;
        assert!(!got.header("x-request-id").is_empty());
        assert_eq!(got.header("access-control-allow-origin"), "https://shop.example");
        assert!(got.headers.get_all("vary").any(|value| value == "Origin"), "{:?}", got.headers);
        assert_eq!(got.header("access-control-allow-credentials"), "");
        assert!(got.header("access-control-expose-headers").contains("retry-after"));
    }
    for path in ["/graphql", "/v1/identities", "/v1/identities/email/a"] {
        let preflight = |origin: &str, asked: &'static str| {
            let request = TestRequest::default().method(Method::OPTIONS).uri(path);
            from(request, origin).insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, asked))
        };
        let got = send_to(state.clone(), preflight("http://localhost:5173", "POST")).await;
        assert_eq!((got.status, got.text.as_str()), (StatusCode::NO_CONTENT, ""), "{path}");
        assert_eq!(got.header("access-control-allow-origin"), "http://localhost:5173");
        for name in ["authorization", "content-type", "if-none-match"] {
            assert!(got.header("access-control-allow-headers").split(", ").any(|had| had == name), "{name}");
        }
        assert_eq!(got.header("access-control-allow-methods"), "GET, POST");
        assert_eq!(got.header("access-control-allow-credentials"), "");
        let got = send_to(state.clone(), preflight("https://evil.example", "POST")).await;
        assert_eq!((got.status, got.header("access-control-allow-origin")), (StatusCode::FORBIDDEN, ""), "{path}");
        assert_eq!(got.header("vary"), "Origin");
        // Without the question of a browser it is a method like others.
        let request = TestRequest::default().method(Method::OPTIONS).uri(path);
        let got = send_to(state.clone(), from(request, "https://shop.example")).await;
        assert_eq!(got.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    let got = send_to(state.clone(), from(ask("{ __typename }"), "https://evil.example")).await;
    assert_eq!((got.status, got.header("access-control-allow-origin")), (StatusCode::FORBIDDEN, ""));
    let got = send_to(state, from(ask("{ __typename }"), "http://localhost:8080")).await;
    assert_eq!((got.status, got.header("access-control-allow-origin")), (StatusCode::OK, ""), "the server's own");
}

#[actix_web::test]
async fn a_websocket_is_opened_from_an_allowed_origin_and_from_no_other() {
    let state = State { allowed_origins: Arc::new(["https://shop.example".parse().expect("an origin")]), ..state() };
    for (origin, status) in [
        ("https://shop.example", StatusCode::SWITCHING_PROTOCOLS),
        ("http://localhost:8080", StatusCode::SWITCHING_PROTOCOLS),
        ("http://shop.example", StatusCode::FORBIDDEN),
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        let request = TestRequest::get().uri("/graphql").insert_header((header::ORIGIN, origin));
        let request = [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "graphql-transport-ws"),
        ]
        .into_iter()
        .fold(request, TestRequest::insert_header);
        let app = init_service(app!(state.clone())).await;
        let request = request.insert_header((header::HOST, "localhost:8080")).to_request();
        assert_eq!(call_service(&app, request).await.status(), status, "{origin}");
    }
}

/// Sends a request over TLS, and gives the first line of the answer.
fn over_tls(address: std::net::SocketAddr, origin: &str) -> std::io::Result<String> {
    let socket = std::net::TcpStream::connect(address)?;
    socket.set_read_timeout(Some(std::time::Duration::from_secs(20)))?;
    let mut stream = rustls::StreamOwned::new(tls::tests::client(tls::tests::ONE, &rustls::version::TLS13), socket);
    let target = "/graphql?query=%7B__typename%7D";
    write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost:8080\r\nOrigin: {origin}\r\nConnection: close\r\n\r\n")?;
    let mut line = String::new();
    std::io::BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}

#[actix_web::test]
async fn with_tls_the_port_speaks_https_alone_and_a_page_must_have_come_by_https() {
    let folder = tls::tests::Folder::with(tls::tests::ONE, tls::tests::ONE_KEY);
    let config = folder.read().expect("files that fit").config().expect("a configuration");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let state = state();
    let found = Arc::new(AtomicBool::new(false));
    let seen = found.clone();
    let server = actix_web::HttpServer::new(move || app!(state.clone()))
        .workers(1)
        .disable_signals()
        .on_connect(move |connection, _| {
            seen.store(super::server::socket(connection).is_some(), Ordering::Relaxed);
        })
        .listen_rustls_0_23(listener, config)
        .expect("it listens")
        .run();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    let answers = actix_web::rt::task::spawn_blocking(move || {
        let own = over_tls(address, "https://localhost:8080").expect("an answer");
        let other = over_tls(address, "http://localhost:8080").expect("an answer");
        let mut plain = std::net::TcpStream::connect(address).expect("a connection");
        plain.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("an option");
        plain.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
        let mut heard = Vec::new();
        // An error is a connection that was cut.
        let _ = plain.read_to_end(&mut heard);
        (own, other, heard)
    });
    let (own, other, heard) = answers.await.expect("answers");
    handle.stop(false).await;
    serving.await.expect("a task").expect("an end");
    assert_eq!((own.as_str(), other.as_str()), ("HTTP/1.1 200 OK\r\n", "HTTP/1.1 403 Forbidden\r\n"));
    assert!(!heard.starts_with(b"HTTP"), "plain HTTP was answered");
    assert!(found.load(Ordering::Relaxed), "the socket below TLS is found");
}

/// A server that asks for keys, behind a proxy at 10.0.0.1. It has no key.
async fn behind_a_proxy(folder: &std::path::Path) -> State {
    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::open(&folder.join("t.db"), SqliteOptions::default()).expect("a store"));
    store.set_up().await.expect("set up");
    let trusted_proxies = Arc::new(["10.0.0.1".parse().expect("a network"), "fd00::/8".parse().expect("a network")]);
    State { access: Some(Callers::start(store, clock::system(), Policy::default())), trusted_proxies, ..state() }
}

/// A request with a wrong key.
fn wrong_key(peer: &str, forwarded: &str) -> TestRequest {
    let peer: std::net::IpAddr = peer.parse().expect("an address");
    let request = ask("{ __typename }").insert_header((header::AUTHORIZATION, "Bearer wrong"));
    request.peer_addr((peer, 4711).into()).insert_header(("x-forwarded-for", forwarded))
}

#[actix_web::test]
async fn failures_count_for_the_client_that_a_trusted_proxy_names_and_not_for_a_name_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = behind_a_proxy(folder.path()).await;
    let status =
        async |peer: &str, forwarded: &str| send_to(state.clone(), wrong_key(peer, forwarded)).await.status.as_u16();
    for n in 0..10 {
        // What the client wrote itself stands before its address.
        assert_eq!(status("10.0.0.1", &format!("203.0.113.{n}, 192.0.2.7")).await, 401);
        assert_eq!(status("fd00::1", &format!("203.0.113.{n}, 2001:db8::{n}, fd00::2")).await, 401);
        // No proxy: its headers are ignored.
        assert_eq!(status("192.0.2.9", &format!("203.0.113.{n}")).await, 401);
    }
    assert_eq!(status("10.0.0.1", "192.0.2.7").await, 429, "the client");
    assert_eq!(status("fd00::2", "2001:db8::ffff").await, 429, "its network");
    assert_eq!(status("192.0.2.9", "203.0.113.99").await, 429, "a client that makes addresses up");
    assert_eq!(status("10.0.0.1", "192.0.2.8").await, 401, "another client of the same proxy");
    assert_eq!(status("10.0.0.1", "203.0.113.1").await, 401, "a made-up address was not counted");
    state.access.expect("keys").close().await;
}

#[actix_web::test]
async fn without_the_store_the_server_is_not_ready() {
    let state = state();
    state.readiness.set_not_ready("the store is away: connection refused");
    let got = send_to(state.clone(), ask("{ echo(text: \"a\") }")).await;
    assert_eq!((got.status, got.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "NOT_READY"));
    assert_eq!(got.header("retry-after"), "2");
    let got = send_to(state.clone(), TestRequest::get().uri("/health/ready")).await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(got.json(), json!({"ready": false, "reads": false, "reason": "the store is away: connection refused"}));
    assert_eq!(send_to(state.clone(), TestRequest::get().uri("/health/live")).await.status, StatusCode::OK);
    state.readiness.set_ready();
    assert_eq!(send_to(state.clone(), ask("{ __typename }")).await.status, StatusCode::OK);
    assert_eq!(send_to(state, TestRequest::get().uri("/health/ready")).await.json(), json!({"ready": true}));
}

#[actix_web::test]
async fn every_answer_has_the_requests_id() {
    let got = send(ask("{ __typename }").insert_header(("x-request-id", "from-the-proxy.1"))).await;
    assert_eq!(got.header("x-request-id"), "from-the-proxy.1");
    let got = send(TestRequest::get().uri("/nothing.js").insert_header(("x-request-id", "a b"))).await;
    assert_eq!((got.status, got.header("x-request-id").len()), (StatusCode::NOT_FOUND, 36));
    let got = send(ask("{ panics }").insert_header(("x-request-id", "r7"))).await;
    assert_eq!(got.status, StatusCode::INTERNAL_SERVER_ERROR);
    let expected = json!({"code": "INTERNAL", "requestId": "r7"});
    assert_eq!(got.json()["errors"][0], json!({"message": "internal error", "extensions": expected}));
}

#[actix_web::test]
async fn metrics_have_counts_and_times_and_no_request_data() {
    send(ask("query Jane { echo(text: \"jane@example.com\") }")).await;
    send(TestRequest::get().uri("/jane@example.com.js")).await;
    send(TestRequest::default().method(Method::from_bytes(b"JANE").expect("a method")).uri("/graphql")).await;
    let text = send(TestRequest::get().uri("/metrics")).await.text;
    for line in [
        "throughline_http_request_seconds_bucket{method=\"POST\",path=\"/graphql\",status=\"200\",le=\"0.0005\"}",
        "throughline_http_request_seconds_count{method=\"GET\",path=\"/\",status=\"404\"}",
        "throughline_http_request_seconds_count{method=\"other\",path=\"/graphql\",status=\"405\"}",
        "throughline_graphql_operations_total{outcome=\"OK\"}",
        "throughline_store_connections 3",
        "throughline_refreshed 1",
        "throughline_ready ",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    assert!(!text.to_lowercase().contains("jane"), "{text}");
}

/// The rules of `promtool check metrics`, and that each family has a help text.
#[actix_web::test]
async fn metrics_follow_the_rules_of_prometheus() {
    send(ask("{ __typename }")).await;
    let text = send(TestRequest::get().uri("/metrics")).await.text;
    assert_eq!(crate::http::metrics::faults(&text), Vec::<String>::new(), "{text}");
    for line in [
        "throughline_build_info{version=\"0",
        "process_cpu_seconds_total ",
        "process_resident_memory_bytes ",
        "process_open_fds ",
        "process_start_time_seconds ",
        "throughline_sockets{transport=\"websocket\"} ",
        "throughline_sockets{transport=\"sse\"} ",
        "throughline_http_connections ",
    ] {
        assert!(text.lines().any(|had| had.starts_with(line)), "{line} is missing:\n{text}");
    }
}

#[actix_web::test]
async fn the_front_page_exists_with_or_without_a_console_and_has_security_headers() {
    let got = send(TestRequest::get().uri("/")).await;
    assert_eq!((got.status, got.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    assert!(got.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'; "));
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    assert_eq!(got.header("referrer-policy"), "no-referrer");
    assert_eq!(got.header("x-frame-options"), "DENY");
    assert_eq!(send(TestRequest::default().method(Method::HEAD).uri("/")).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_write_that_was_not_stored_is_503_with_retry_after() {
    for (fault, status, code) in [
        ("away", 503, "STORE_AWAY"),
        ("busy", 503, "STORE_BUSY"),
        ("full", 503, "STORE_FULL"),
        ("read only", 503, "STORE_READ_ONLY"),
        ("late", 504, "TIMEOUT"),
    ] {
        let call = format!("(fault: \"{fault}\")");
        // Beside a stored write: sending both again is safe.
        for query in [format!("mutation {{ store{call} }}"), format!("mutation {{ write store{call} }}")] {
            let got = send(ask(&query)).await;
            let said = (got.status.as_u16(), got.code(), got.header("retry-after"));
            assert_eq!(said, (status, code.to_owned(), "2"), "{query}: {}", got.text);
            assert_eq!((got.json()["data"]["store"].clone(), got.text.contains("SECRET")), (Value::Null, false));
        }
        // A failed field beside an answered one is a partial answer.
        let got = send(ask(&format!("{{ echo(text: \"a\") stored{call} }}"))).await;
        assert_eq!((got.status.as_u16(), got.code()), (200, code.to_owned()), "{}", got.text);
    }
    let late = send(ask("mutation { store(fault: \"late\") }")).await;
    assert!(late.text.contains("sending it again is safe") && late.text.contains("message ids"), "{}", late.text);
    let got = send(ask("mutation { stored { shown } }")).await;
    assert_eq!((got.status.as_u16(), got.json()["data"]["stored"]["shown"].clone()), (200, Value::Null));
    let got = send(ask("mutation { store(fault: \"ours\") }")).await;
    assert_eq!((got.status.as_u16(), got.code(), got.header("retry-after")), (200, "INTERNAL".to_owned(), ""));
}

#[actix_web::test]
async fn queries_that_need_no_store_are_answered_while_the_store_is_away() {
    let (state, free) =
        (state(), "query A { journeys __typename ...f } fragment f on Query { __schema { queryType { name } } }");
    state.readiness.set_not_ready("the store is away: gone");
    for (question, status, code) in [
        (ask(free), 200, ""),
        (get("{ journeys }"), 200, ""),
        (ask("{ journeys echo(text: \"a\") }"), 503, "NOT_READY"),
        (ask("{ echo(text: \"a\") }"), 503, "NOT_READY"),
        (ask("mutation { write }"), 503, "NOT_READY"),
        (ask("no question"), 503, "NOT_READY"),
    ] {
        let got = send_to(state.clone(), question).await;
        assert_eq!((got.status.as_u16(), got.code().as_str()), (status, code), "{}", got.text);
        assert_eq!(got.header("retry-after"), if status == 503 { "2" } else { "" });
    }
    state.readiness.set_ending();
    assert_eq!(send_to(state.clone(), get("{ journeys }")).await.status.as_u16(), 503, "it ends");
    let starting = State { readiness: Readiness::starting(), ..state };
    assert_eq!(send_to(starting, get("{ journeys }")).await.status.as_u16(), 503, "nothing is in memory yet");
}

#[actix_web::test]
async fn a_read_only_store_is_not_ready_and_answers_queries() {
    let state = state();
    state.readiness.set_writes(Some("the store is full: free some space".into()));
    let probe = TestRequest::get().uri("/health/ready");
    let got = send_to(state.clone(), probe).await;
    assert_eq!(
        (got.status.as_u16(), got.json()["ready"].clone(), got.json()["reads"].clone()),
        (503, json!(false), json!(true))
    );
    assert!(got.text.contains("free some space"), "{}", got.text);
    assert_eq!(send_to(state.clone(), get("{ echo(text: \"a\") }")).await.status.as_u16(), 200);
    state.readiness.set_writes(None);
    assert_eq!(send_to(state, TestRequest::get().uri("/health/ready")).await.status.as_u16(), 200);
}

fn identity(path: &str) -> TestRequest {
    TestRequest::get().uri(&format!("/v1/identities/{path}"))
}

fn identities(body: impl Into<String>) -> TestRequest {
    TestRequest::post().uri("/v1/identities").set_payload(body.into())
}

#[actix_web::test]
async fn an_identity_has_a_tag_and_is_304_while_it_is_the_same() {
    let got = send(identity("email/a%2Fb%25c%2B%20%C3%A9+d")).await;
    let expected = json!({"customerId": "c", "version": "7", "formerIds": [],
        "identifiers": [{"kind": "email", "value": "a/b%c+ é+d", "shared": false}]});
    assert_eq!((got.status, got.json()), (StatusCode::OK, expected));
    assert_eq!((got.header("etag"), got.header("cache-control")), ("\"7\"", "private, no-cache"));
    assert_eq!(got.header("content-type"), "application/json; charset=utf-8");
    for tags in ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "*"] {
        let got = send(identity("email/a").insert_header((header::IF_NONE_MATCH, tags))).await;
        assert_eq!((got.status, got.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{tags}");
        assert_eq!(got.header("etag"), "\"7\"");
    }
    for tags in ["\"6\"", "7", "\"77\"", ""] {
        let got = send(identity("email/a").insert_header((header::IF_NONE_MATCH, tags))).await;
        assert_eq!(got.status, StatusCode::OK, "{tags}");
    }
    let got = send(identity("email/none").insert_header((header::IF_NONE_MATCH, "*"))).await;
    assert_eq!((got.status, got.code().as_str()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
}

#[actix_web::test]
async fn identities_are_answered_in_the_order_of_the_request() {
    let ask = |values: &[&str]| {
        let asked: Vec<Value> = values.iter().map(|value| json!({"kind": "email", "value": value})).collect();
        identities(json!({ "identifiers": asked }).to_string())
    };
    let got = send(ask(&["b", "none", "a"])).await;
    let values = got.json()["identities"].as_array().expect("a list").clone();
    let value = |n: usize| values[n]["identifiers"][0]["value"].clone();
    assert_eq!((values.len(), value(0), &values[1], value(2)), (3, json!("b"), &Value::Null, json!("a")));
    assert_eq!(send(ask(&[])).await.json(), json!({"identities": []}));
    assert_eq!(send(ask(&["a"; 1_000])).await.status, StatusCode::OK);
    let got = send(ask(&["a"; 1_001])).await;
    assert_eq!((got.status, got.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE"));
    let got = send(identities("x".repeat(1024 * 1024 + 1))).await;
    assert_eq!((got.status, got.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE"));
}

#[actix_web::test]
async fn a_bad_request_for_identities_names_the_place() {
    for (body, message) in [
        ("", "the body is not JSON: line 1, column 0"),
        ("{\n \"identifiers\": jane", "the body is not JSON: line 2, column 17"),
        ("{}", "the body has not the right form: line 1, column 2"),
        ("{\"identifiers\": [{\"kind\": \"email\"}]}", "the body has not the right form: line 1, column 34"),
    ] {
        let got = send(identities(body)).await;
        assert_eq!((got.status, got.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_ARGUMENT"), "{body}");
        assert_eq!(got.json()["errors"][0]["message"], message, "{body}");
    }
    let one = json!({"kind": "email", "value": "a"});
    let got = send(identities(json!({"identifiers": [one, {"kind": "unknown", "value": "a"}]}).to_string())).await;
    assert_eq!((got.status, got.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_ARGUMENT"));
    assert_eq!(got.json()["errors"][0]["extensions"]["argument"], "identifiers.1.kind");
    assert_eq!(send(identity("unknown/a")).await.json()["errors"][0]["extensions"]["argument"], "kind");
    for (request, allow) in
        [(TestRequest::post().uri("/v1/identities/email/a"), "GET"), (TestRequest::get().uri("/v1/identities"), "POST")]
    {
        let got = send(request).await;
        assert_eq!((got.status, got.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, allow));
    }
    for path in ["/v1", "/v1/", "/v1/nothing", "/v1/identities/email", "/v1/identities/email/a/b"] {
        let got = send(TestRequest::get().uri(path)).await;
        assert_eq!((got.status, got.code().as_str()), (StatusCode::NOT_FOUND, "NOT_FOUND"), "{path}");
        assert_eq!(got.json()["errors"][0]["extensions"]["paths"], json!(super::machine::paths()), "{path}");
    }
}

#[actix_web::test]
async fn identities_have_the_statuses_of_faults_and_no_secret() {
    for (fault, status, code) in [
        ("away", StatusCode::SERVICE_UNAVAILABLE, "STORE_AWAY"),
        ("busy", StatusCode::SERVICE_UNAVAILABLE, "STORE_BUSY"),
        ("late", StatusCode::GATEWAY_TIMEOUT, "TIMEOUT"),
        ("data", StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        ("panic", StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
    ] {
        let got = send(identity(&format!("{fault}/a")).insert_header(("x-request-id", "r-1"))).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{fault}");
        assert!(!got.text.contains("SECRET") && got.header("x-request-id") == "r-1", "{}", got.text);
        assert_eq!(got.header("retry-after") == "2", status == StatusCode::SERVICE_UNAVAILABLE, "{fault}");
        let id = got.json()["errors"][0]["extensions"].get("requestId").cloned();
        assert_eq!(id, (code == "INTERNAL").then(|| json!("r-1")), "{fault}");
    }
    let starting = State { readiness: Readiness::starting(), ..state() };
    let got = send_to(starting, identity("email/a")).await;
    assert_eq!((got.status, got.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "NOT_READY"));
    let other = identity("email/a").insert_header((header::ORIGIN, "https://evil.example"));
    assert_eq!(send(other).await.code(), "FORBIDDEN");
}

fn wire(call: &str, body: impl Into<Vec<u8>>) -> TestRequest {
    TestRequest::post().uri(&format!("/v1/{call}")).set_payload(body.into())
}

#[actix_web::test]
async fn the_wire_takes_every_call_with_any_key_and_any_content_type() {
    for call in ["identify", "track", "page", "screen", "group", "alias", "i", "t", "p", "s", "g", "a"] {
        let got = send(wire(call, "{\"userId\": \"ada\", \"writeKey\": \"k\"}")).await;
        assert_eq!((got.status, got.json()), (StatusCode::OK, json!({"success": true})), "{call}");
        assert_eq!(got.header("access-control-allow-origin"), "*");
    }
    for call in ["batch", "b"] {
        assert_eq!(send(wire(call, "{\"batch\": [{}]}")).await.json(), json!({"success": true}), "{call}");
        assert_eq!(send(wire(call, "{\"batch\": []}")).await.json(), json!({"success": true}), "{call}");
    }
    for (name, value) in [
        ("content-type", "text/plain;charset=UTF-8"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("authorization", "Basic a2V5Og=="),
        ("authorization", "Bearer key"),
        ("authorization", "nothing of the kind"),
        ("origin", "https://shop.example"),
    ] {
        let got = send(wire("t", "{}").insert_header((name, value))).await;
        assert_eq!(got.status, StatusCode::OK, "{name}: {value}");
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"{\"batch\": [{}, {\"bad\": true}]}").expect("packed");
    let gzip = wire("b", packed.finish().expect("packed")).insert_header(("content-encoding", "gzip"));
    let rejected = json!([{"index": 1, "problems": [
        {"code": "MISSING_FIELD", "path": "userId", "message": "no identifier"}]}]);
    assert_eq!(send(gzip).await.json(), json!({"success": true, "rejected": rejected}));
}

#[actix_web::test]
async fn a_browser_may_ask_whether_a_page_may_send() {
    let ask = TestRequest::default().method(Method::OPTIONS).uri("/v1/t");
    let got = send(ask.insert_header((header::ORIGIN, "https://shop.example"))).await;
    assert_eq!((got.status, got.header("access-control-allow-origin")), (StatusCode::NO_CONTENT, "*"));
    for name in ["authorization", "content-type", "x-retry-count"] {
        assert!(got.header("access-control-allow-headers").split(", ").any(|had| had == name), "{name}");
    }
    let got = send(TestRequest::get().uri("/v1/t")).await;
    assert_eq!((got.status, got.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST, OPTIONS"));
}

#[actix_web::test]
async fn the_wire_refuses_for_good_only_what_can_never_be_stored() {
    let large = format!("{{\"a\": \"{}\"}}", "x".repeat(32 * 1024));
    let batch = |count: usize| format!("{{\"batch\": [{}]}}", vec!["{}"; count].join(","));
    for (call, body, status, code) in [
        ("t", "{\"userId\": jane".to_owned(), StatusCode::BAD_REQUEST, "BAD_ARGUMENT"),
        ("t", "[]".to_owned(), StatusCode::BAD_REQUEST, "BAD_ARGUMENT"),
        ("b", "{}".to_owned(), StatusCode::BAD_REQUEST, "BAD_ARGUMENT"),
        ("t", "{\"bad\": true}".to_owned(), StatusCode::BAD_REQUEST, "MISSING_FIELD"),
        ("t", large.clone(), StatusCode::BAD_REQUEST, "TOO_LARGE"),
        ("b", batch(2_501), StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE"),
        ("b", " ".repeat(500 * 1024 + 1), StatusCode::PAYLOAD_TOO_LARGE, "TOO_EXPENSIVE"),
        ("t", "{\"fault\": \"away\"}".to_owned(), StatusCode::SERVICE_UNAVAILABLE, "STORE_AWAY"),
        ("t", "{\"fault\": \"busy\"}".to_owned(), StatusCode::SERVICE_UNAVAILABLE, "STORE_BUSY"),
        ("t", "{\"fault\": \"full\"}".to_owned(), StatusCode::SERVICE_UNAVAILABLE, "STORE_FULL"),
        ("t", "{\"fault\": \"read only\"}".to_owned(), StatusCode::SERVICE_UNAVAILABLE, "STORE_READ_ONLY"),
        ("t", "{\"fault\": \"late\"}".to_owned(), StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT"),
        ("t", "{\"fault\": \"slow\"}".to_owned(), StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT"),
        ("t", "{\"fault\": \"data\"}".to_owned(), StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        ("t", "{\"fault\": \"panic\"}".to_owned(), StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
    ] {
        let got = send(wire(call, body.clone())).await;
        let shown = &body[..body.len().min(40)];
        assert_eq!((got.status, got.code().as_str()), (status, code), "{call} {shown}");
        assert_eq!(got.header("retry-after") == "2", status == StatusCode::SERVICE_UNAVAILABLE, "{call} {shown}");
        assert_eq!(got.header("access-control-allow-origin"), "*", "{call} {shown}");
        assert!(!got.text.contains("SECRET") && !got.text.contains("jane"), "{}", got.text);
    }
    let got = send(wire("t", "{\n\"userId\": jane}")).await;
    assert_eq!(got.json()["errors"][0]["message"], "the body is not JSON: line 2, column 11");
    assert_eq!(send(wire("b", batch(2_500))).await.status, StatusCode::OK);
    let got = send(wire("b", format!("{{\"batch\": [{{}}, {large}, {{\"bad\": true}}]}}"))).await.json();
    let codes = |n: usize| (got["rejected"][n]["index"].clone(), got["rejected"][n]["problems"][0]["code"].clone());
    assert_eq!((codes(0), codes(1)), ((json!(1), json!("TOO_LARGE")), (json!(2), json!("MISSING_FIELD"))));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&vec![b' '; 500 * 1024 + 1]).expect("packed");
    let got = send(wire("b", packed.finish().expect("packed")).insert_header(("content-encoding", "gzip"))).await;
    assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE);
    let starting = State { readiness: Readiness::starting(), ..state() };
    let got = send_to(starting, wire("t", "{}")).await;
    assert_eq!((got.status, got.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "NOT_READY"));
}
