//! A server with `[access]`: keys as people make them, and every way in.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::running::{Server, run};

const SETTINGS: &str = "[access]\n";

/// A folder with `[access]` in its settings.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("throughline.toml"), SETTINGS).expect("written");
    folder
}

/// Runs `throughline key`, which must work, and gives its standard output.
fn key(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, err) = run(folder, &[&["key"], arguments].concat());
    assert_eq!(code, 0, "{err}");
    out
}

fn create(folder: &Path, name: &str, role: &str, more: &[&str]) -> String {
    key(folder, &[&["create", "--name", name, "--role", role], more].concat()).trim_end().to_owned()
}

/// The keys of an administrator and of a sender.
fn two(folder: &Path) -> (String, String) {
    (create(folder, "ada", "admin", &[]), create(folder, "shop", "service", &["--source", "shop"]))
}

fn request(server: &Server, method: Method, path: &str) -> RequestBuilder {
    Client::new().request(method, format!("{}{path}", server.url))
}

fn graphql(server: &Server, query: &str) -> RequestBuilder {
    request(server, Method::POST, "/graphql").json(&json!({ "query": query }))
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.expect("an answer").status().as_u16()
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

/// Repeats until the status is 200, or is not, and says how long it took.
async fn until(request: impl Fn() -> RequestBuilder, accepted: bool) -> Duration {
    let begin = Instant::now();
    loop {
        if (status(request()).await == 200) == accepted {
            return begin.elapsed();
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "never accepted: {accepted}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn a_key_is_made_listed_rotated_and_revoked_and_the_store_has_only_its_hash() {
    let folder = folder();
    let (admin, shop) = two(folder.path());
    assert!(admin.starts_with("thr_a_") && shop.starts_with("thr_w_") && admin.len() == 44, "{admin}");
    let next = key(folder.path(), &["rotate", "shop"]);
    assert!(next.starts_with("thr_w_") && next.trim_end() != shop);
    let list = key(folder.path(), &["list"]);
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 4, "{list}");
    assert_eq!(rows[1][..6], ["ada", "admin", "-", "-", "in", "force"]);
    assert_eq!(
        (rows[2][..6].to_vec(), rows[2][7] != "-"),
        (vec!["shop", "service", "shop", "-", "in", "force"], true),
        "{list}"
    );
    assert_eq!(rows[3][7], "-", "the new key does not expire: {list}");
    assert_eq!(key(folder.path(), &["revoke", "shop"]), "shop: 2 keys are revoked\n");
    assert!(key(folder.path(), &["list"]).contains("revoked"));
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("readable");
        for secret in [&admin, &shop] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "a key is in a file");
        }
    }
}

#[test]
fn a_key_that_cannot_be_made_is_refused_with_a_reason() {
    let folder = folder();
    let (_admin, _shop) = two(folder.path());
    for (arguments, reason) in [
        (&["create", "--name", "x", "--role", "root"][..], "is no role: the roles are reader, analyst, service, admin"),
        (&["create", "--name", "x", "--role", "admin", "--purposes", "marketing"], "no purpose is listed"),
        (&["create", "--name", "x", "--role", "service"], "needs the source"),
        (&["create", "--name", "x", "--role", "admin", "--source", "shop"], "leave --source out"),
        (&["create", "--name", "x", "--role", "service", "--source", " "], "no name of a source"),
        (&["create", "--name", "X", "--role", "admin"], "no name of a key"),
        (&["create", "--name", "x", "--role", "admin", "--expires", "soon"], "--expires: not a time"),
        (&["create", "--name", "x", "--role", "admin", "--expires", "2020-01-01T00:00:00Z"], "has passed"),
        (&["create", "--name", "ada", "--role", "admin"], "ada has a key already"),
        (&["rotate", "nobody"], "nobody has no key in force"),
        (&["revoke", "nobody"], "nobody has no key in force"),
    ] {
        let (code, out, err) = run(folder.path(), &[&["key"], arguments].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(reason), "{arguments:?}: {err}");
    }
}

#[tokio::test]
async fn every_way_in_asks_for_a_key_but_probes_preflights_and_files() {
    let folder = folder();
    let (admin, shop) = two(folder.path());
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    until(|| graphql(&server, "{ viewer { name } }").bearer_auth(&admin), true).await;
    let event =
        json!({"messageId": "m1", "userId": "u1", "event": "Product Viewed", "timestamp": "2026-03-10T09:00:00Z"});
    let closed = || {
        [
            graphql(&server, "{ status { customers } }"),
            request(&server, Method::GET, "/graphql?query=%7Bstatus%7Bcustomers%7D%7D"),
            graphql(&server, "{ status { customers } }").header("accept", "text/event-stream"),
            request(&server, Method::GET, "/v1/identities/email/a@example.com"),
            request(&server, Method::POST, "/v1/identities").json(&json!({"identifiers": []})),
            request(&server, Method::GET, "/metrics"),
            request(&server, Method::POST, "/v1/track").json(&event),
            request(&server, Method::POST, "/v1/b").body("not JSON"),
        ]
    };
    for request in closed() {
        let answer = request.send().await.expect("an answer");
        let (url, status) = (answer.url().clone(), answer.status().as_u16());
        let asks = answer.headers().get("www-authenticate").map(|value| value.to_str().expect("text").to_owned());
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!((status, code(&body)), (401, "UNAUTHENTICATED"), "{url}: {body}");
        assert!(asks.expect("a challenge").starts_with("Bearer"), "{url}");
    }
    for (method, path) in [
        (Method::GET, "/health/live"),
        (Method::GET, "/health/ready"),
        (Method::GET, "/"),
        (Method::GET, "/playground"),
        (Method::OPTIONS, "/v1/track"),
    ] {
        let status = status(request(&server, method, path)).await;
        assert!((200..300).contains(&status), "{path}: {status}");
    }
    let reads = closed().into_iter().take(6);
    for request in reads {
        let answer = request.bearer_auth(&admin).send().await.expect("an answer");
        assert!([200, 404].contains(&answer.status().as_u16()), "{}: {}", answer.url(), answer.status());
    }
    for request in closed().into_iter().skip(3).take(3) {
        let (status, body) = answer(request.bearer_auth(&shop)).await;
        assert_eq!((status, code(&body)), (403, "FORBIDDEN"), "{body}");
    }
    let (_, log, _) = server.stop();
    assert!(log.contains("caller=\"ada\"") && !log.contains("thr_"), "{log}");
}

#[tokio::test]
async fn the_wire_takes_a_write_key_by_bearer_basic_and_body_and_its_source_counts() {
    let folder = folder();
    let (admin, shop) = two(folder.path());
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    until(|| graphql(&server, "{ viewer { name } }").bearer_auth(&admin), true).await;
    let event = |id: &str| {
        json!({"messageId": id, "userId": "u1", "event": "Call Answered", "timestamp": "2026-03-10T09:00:00Z",
            "context": {"source": "forged"}})
    };
    let post = |path: &str| request(&server, Method::POST, path);
    let with_key = |mut body: Value, key: &str| {
        body["writeKey"] = key.into();
        body
    };
    assert_eq!(status(post("/v1/track").bearer_auth(&shop).json(&event("w1"))).await, 200);
    assert_eq!(status(post("/v1/t").basic_auth(&shop, Some("")).json(&event("w2"))).await, 200);
    assert_eq!(status(post("/v1/track").json(&with_key(event("w3"), &shop))).await, 200);
    let mut batched = event("w4");
    batched["type"] = "track".into();
    assert_eq!(status(post("/v1/batch").json(&with_key(json!({"batch": [batched]}), &shop))).await, 200);
    let (got, body) = answer(post("/v1/track").bearer_auth(&admin).json(&event("w5"))).await;
    assert_eq!((got, code(&body)), (403, "FORBIDDEN"), "{body}");
    let (got, body) = answer(post("/v1/track").json(&with_key(event("w6"), &admin))).await;
    assert_eq!((got, code(&body)), (403, "FORBIDDEN"), "{body}");
    // The header counts, and a wrong one is not mended by the body.
    assert_eq!(status(post("/v1/track").bearer_auth("wrong").json(&with_key(event("w7"), &shop))).await, 401);
    let ingest =
        "mutation($events: [JSON!]!) { eventsIngest(events: $events) { outcomes { status customer { id } } } }";
    let mut own = event("w8");
    own["type"] = "track".into();
    let body = json!({"query": ingest.replace("JSON!", "JSON"), "variables": {"events": [own]}});
    let (got, body) = answer(request(&server, Method::POST, "/graphql").bearer_auth(&shop).json(&body)).await;
    assert_eq!((got, code(&body)), (200, "FORBIDDEN"), "{body}");
    let outcome = &body["data"]["eventsIngest"]["outcomes"][0];
    assert_eq!((&outcome["status"], &outcome["customer"]), (&json!("CREATED"), &Value::Null), "{body}");
    assert_eq!(body["errors"][0]["path"], json!(["eventsIngest", "outcomes", 0, "customer"]), "{body}");
    for id in ["w1", "w2", "w3", "w4", "w8"] {
        let query = format!("{{ touchpoint(messageId: \"{id}\") {{ source }} }}");
        let (_, body) = answer(graphql(&server, &query).bearer_auth(&admin)).await;
        assert_eq!(body["data"]["touchpoint"]["source"], "shop", "{id}: {body}");
    }
    let (_, body) = answer(graphql(&server, "{ status { touchpoints } }").bearer_auth(&admin)).await;
    assert_eq!(body["data"]["status"]["touchpoints"], 5, "nothing of the refused calls is stored: {body}");
}

#[tokio::test]
async fn a_sender_may_only_send_and_a_decision_has_its_author() {
    let folder = folder();
    let (admin, shop) = two(folder.path());
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    until(|| graphql(&server, "{ viewer { name } }").bearer_auth(&admin), true).await;
    let viewer = "{ viewer { name role source purposes masks } }";
    let (_, body) = answer(graphql(&server, viewer).bearer_auth(&shop)).await;
    let masks = json!(["email", "phone", "name_and_birth", "traits.*", "loyalty_card"]);
    let expected = json!({"name": "shop", "role": "SERVICE", "source": "shop", "purposes": null, "masks": masks});
    assert_eq!(body["data"]["viewer"], expected);
    let (_, body) = answer(graphql(&server, viewer).bearer_auth(&admin)).await;
    let expected = json!({"name": "ada", "role": "ADMIN", "source": null, "purposes": null, "masks": []});
    assert_eq!(body["data"]["viewer"], expected);

    let event =
        |id: &str, user: &str| json!({"type": "track", "messageId": id, "userId": user, "event": "Call Answered"});
    let ingest = json!({"query": "mutation($e: [JSON]!) { eventsIngest(events: $e) { outcomes { customer { id } } } }",
        "variables": {"e": [event("d1", "u1"), event("d2", "u2")]}});
    let (_, body) = answer(request(&server, Method::POST, "/graphql").bearer_auth(&admin).json(&ingest)).await;
    let id =
        |n: usize| body["data"]["eventsIngest"]["outcomes"][n]["customer"]["id"].as_str().expect("an id").to_owned();
    let merge =
        format!("mutation {{ customerMerge(ids: [\"{}\", \"{}\"], reason: \"same\") {{ status }} }}", id(0), id(1));
    // Two mutations, one of which is forbidden: neither runs.
    let both = format!(
        "mutation {{ eventsIngest(events: [{{type: \"track\", messageId: \"d3\", userId: \"u3\", event: \"A\"}}]) {{ change }} {}",
        merge.trim_start_matches("mutation {")
    );
    for query in [&merge, &both] {
        let (got, body) = answer(graphql(&server, query).bearer_auth(&shop)).await;
        assert_eq!((got, code(&body)), (403, "FORBIDDEN"), "{body}");
        assert!(body.get("data").is_none(), "{body}");
    }
    let touchpoint = "{ touchpoint(messageId: \"d3\") { id } viewer { name } }";
    let (_, body) = answer(graphql(&server, touchpoint).bearer_auth(&admin)).await;
    assert_eq!(body["data"]["touchpoint"], Value::Null, "the refused mutation stored nothing");
    let (got, body) = answer(graphql(&server, touchpoint).bearer_auth(&shop)).await;
    assert_eq!((got, code(&body)), (200, "FORBIDDEN"), "{body}");
    assert_eq!((&body["data"]["touchpoint"], &body["data"]["viewer"]["name"]), (&Value::Null, &json!("shop")));
    let live = graphql(&server, "subscription { changes { cursor } }").header("accept", "text/event-stream");
    let text = live.bearer_auth(&shop).send().await.expect("an answer").text().await.expect("text");
    assert!(text.contains("FORBIDDEN"), "{text}");

    let (got, body) = answer(graphql(&server, &merge).bearer_auth(&admin)).await;
    assert_eq!((got, &body["data"]["customerMerge"]["status"]), (200, &json!("DONE")), "{body}");
    let history = format!("{{ customer(by: {{id: \"{}\"}}) {{ identityHistory {{ nodes {{ kind by }} }} }} }}", id(0));
    let (_, body) = answer(graphql(&server, &history).bearer_auth(&admin)).await;
    let nodes = body["data"]["customer"]["identityHistory"]["nodes"].as_array().expect("a list");
    assert!(nodes.iter().any(|node| node["kind"] == "MERGED" && node["by"] == "ada"), "{body}");
}

#[tokio::test]
async fn a_new_key_works_and_a_revoked_one_does_not_within_five_seconds() {
    let folder = folder();
    let (admin, shop) = two(folder.path());
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let ask = |key: String| {
        let server = &server;
        move || graphql(server, "{ viewer { name } }").bearer_auth(&key)
    };
    until(ask(admin.clone()), true).await;
    let ben = create(folder.path(), "ben", "admin", &[]);
    assert!(until(ask(ben.clone()), true).await < Duration::from_secs(5));
    let next = key(folder.path(), &["rotate", "shop"]).trim_end().to_owned();
    assert!(until(ask(next), true).await < Duration::from_secs(5));
    assert_eq!(status(ask(shop)()).await, 200, "the old key works for the overlap");
    key(folder.path(), &["revoke", "ben"]);
    assert!(until(ask(ben), false).await < Duration::from_secs(5));
    assert_eq!(server.stop().0, 0);
    let list = key(folder.path(), &["list"]);
    let ada = list.lines().find(|line| line.starts_with("ada")).expect("ada");
    assert!(!ada.ends_with('-'), "the last use is kept: {list}");
}

#[tokio::test]
async fn from_the_eleventh_failure_on_an_address_waits_but_good_keys_still_work() {
    let folder = folder();
    let (admin, _shop) = two(folder.path());
    let revoked = create(folder.path(), "ben", "admin", &[]);
    key(folder.path(), &["revoke", "ben"]);
    let unknown = create(self::folder().path(), "eve", "admin", &[]);
    let last = if admin.ends_with('x') { 'y' } else { 'x' };
    let mistyped = format!("{}{last}", &admin[..43]);
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    until(|| graphql(&server, "{ viewer { name } }").bearer_auth(&admin), true).await;
    let wrong = |key: &str| graphql(&server, "{ viewer { name } }").bearer_auth(key);
    let mut got = Vec::new();
    for n in 0..10 {
        got.push(answer(wrong([&*revoked, &*unknown, &*mistyped, "x"][n % 4])).await);
    }
    assert!(got.iter().all(|answer| *answer == got[0]), "a revoked key has the words of an unknown one: {got:?}");
    assert_eq!((got[0].0, code(&got[0].1)), (401, "UNAUTHENTICATED"));
    let refused: Response = wrong("x").send().await.expect("an answer");
    let wait: u64 = refused.headers()["retry-after"].to_str().expect("text").parse().expect("a number");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refused.status().as_u16(), 429);
    let body: Value = refused.json().await.expect("JSON");
    assert_eq!((code(&body), &body["errors"][0]["extensions"]["retryAfterSeconds"]), ("RATE_LIMITED", &json!(wait)));
    assert_eq!(status(graphql(&server, "{ viewer { name } }").bearer_auth(&admin)).await, 200);
}

pub(crate) struct Socket(tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>);

impl Socket {
    pub(crate) async fn open(server: &Server, key: Option<&str>) -> Self {
        let url = format!("{}/graphql", server.url.replace("http://", "ws://"));
        let mut request = url.into_client_request().expect("a request");
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        if let Some(key) = key {
            headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {key}")).expect("a header"));
        }
        Socket(tokio_tungstenite::connect_async(request).await.expect("a socket").0)
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("sent");
    }

    /// The next message, or the code of the close.
    pub(crate) async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("in time");
            match next {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("neither a message nor a close: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_socket_is_admitted_by_init_or_header_and_ends_when_its_key_does() {
    let folder = folder();
    let (admin, shop) = two(folder.path());
    let short = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(12);
    let short = create(folder.path(), "short", "admin", &["--expires", &short.to_string()]);
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    until(|| graphql(&server, "{ viewer { name } }").bearer_auth(&admin), true).await;
    let init = |key: &str| json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {key}")}});
    let query = |query: &str| json!({"id": "1", "type": "subscribe", "payload": {"query": query}});

    for message in [json!({"type": "connection_init"}), init("wrong")] {
        let mut socket = Socket::open(&server, None).await;
        socket.say(message).await;
        assert_eq!(socket.next().await, Err(4401));
    }
    let mut by_header = Socket::open(&server, Some(&admin)).await;
    by_header.say(json!({"type": "connection_init"})).await;
    assert_eq!(by_header.next().await.expect("a message")["type"], "connection_ack");
    by_header.say(query("{ viewer { name } }")).await;
    assert_eq!(by_header.next().await.expect("a message")["payload"]["data"]["viewer"]["name"], "ada");

    let mut sender = Socket::open(&server, None).await;
    sender.say(init(&shop)).await;
    assert_eq!(sender.next().await.expect("a message")["type"], "connection_ack");
    sender.say(query("subscription { changes { cursor } }")).await;
    let refused = sender.next().await.expect("a message");
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("FORBIDDEN"))
    );

    let mut expiring = Socket::open(&server, None).await;
    expiring.say(init(&short)).await;
    assert_eq!(expiring.next().await.expect("a message")["type"], "connection_ack");
    expiring.say(query("subscription { changes { cursor } }")).await;
    let live = graphql(&server, "subscription { changes { cursor } }").header("accept", "text/event-stream");
    let live = tokio::spawn(live.bearer_auth(&short).send().await.expect("an answer").text());
    assert_eq!(expiring.next().await, Err(4401), "it has expired");
    let text = live.await.expect("a task").expect("text");
    assert!(text.contains("UNAUTHENTICATED") && text.ends_with("event: complete\ndata:\n\n"), "{text}");

    key(folder.path(), &["revoke", "ada"]);
    let begin = Instant::now();
    loop {
        match by_header.next().await {
            Ok(message) => assert_eq!(message["type"], "complete"),
            Err(code) => break assert_eq!(code, 4401),
        }
    }
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_server_that_others_can_reach_needs_access() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, _, err) = run(folder.path(), &["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, 1, "{err}");
    let line = err.lines().last().expect("a line");
    assert!(line.contains("add [access] and create keys with `throughline key create`"), "{err}");
}

#[tokio::test]
async fn with_access_the_server_listens_anywhere_and_host_names_are_not_limited() {
    let folder = folder();
    let (admin, _shop) = two(folder.path());
    let mut child = crate::running::program(folder.path())
        .args(["serve", "--listen", "0.0.0.0:0"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().expect("piped")));
    let port = lines.find_map(|line| {
        let line = line.expect("a line");
        let (_, rest) = line.split_once("http://0.0.0.0:")?;
        rest.split(',').next()?.parse::<u16>().ok()
    });
    let reading = std::thread::spawn(move || lines.count());
    let url = format!("http://127.0.0.1:{}/graphql", port.expect("a port"));
    let ask = || {
        let body = json!({"query": "{ viewer { name } }"});
        Client::new().post(&url).header("host", "profiles.example.com").bearer_auth(&admin).json(&body)
    };
    until(ask, true).await;
    assert_eq!(status(ask().header("origin", "https://elsewhere.example")).await, 403);
    child.kill().expect("it ran");
    child.wait().expect("an end");
    reading.join().expect("the log");
}

/// A folder whose settings name files for TLS: `cert.pem` and `key.pem`.
fn tls_folder(cert: &str, key: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("throughline.toml", "[server.tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n");
    write("cert.pem", cert);
    write("key.pem", key);
    folder
}

const ONE: (&str, &str) = (include_str!("../tls/one.pem"), include_str!("../tls/one.key"));
const TWO: (&str, &str) = (include_str!("../tls/two.pem"), include_str!("../tls/two.key"));

#[test]
fn files_for_tls_that_do_not_fit_end_the_start_with_a_sentence() {
    let folder = tls_folder(ONE.0, TWO.1);
    let (code, _, err) = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1, "{err}");
    let line = err.lines().last().expect("a line");
    assert!(
        line.contains("server.tls: the key key.pem is not that of the first certificate in cert.pem: give"),
        "{err}"
    );
    let (_, out, err) = run(folder.path(), &["check"]);
    assert!(out.contains("wrong") && out.contains("the key key.pem is not that of"), "{out}{err}");
}

#[test]
fn files_for_tls_that_change_are_taken_up_while_the_server_runs() {
    let folder = tls_folder(ONE.0, ONE.1);
    let mut child = crate::running::program(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program");
    let (sender, lines) = std::sync::mpsc::channel();
    let log = std::io::BufReader::new(child.stderr.take().expect("piped"));
    let reading = std::thread::spawn(move || {
        for line in std::io::BufRead::lines(log) {
            let _ = sender.send(line.expect("a line"));
        }
    });
    // `true` when a line with these words comes within a minute.
    let comes = |words: &str| {
        let until = Instant::now() + Duration::from_secs(60);
        std::iter::from_fn(|| lines.recv_timeout(until.saturating_duration_since(Instant::now())).ok())
            .any(|line| line.contains(words))
    };
    let listens = comes("listening on https://127.0.0.1:");
    std::fs::write(folder.path().join("cert.pem"), TWO.0).expect("written");
    let refused = comes("the old ones stay in use: server.tls: the key");
    std::fs::write(folder.path().join("key.pem"), TWO.1).expect("written");
    let taken = comes("new connections get the new one");
    child.kill().expect("it ran");
    child.wait().expect("an end");
    reading.join().expect("the log");
    assert_eq!((listens, refused, taken), (true, true, true));
}

/// A query of each root field, with its name.
const ROOTS: [(&str, &str); 21] = [
    ("node", "node(id: \"x\") { id }"),
    ("nodes", "nodes(ids: []) { id }"),
    ("customer", "customer(by: {id: \"x\"}) { id }"),
    ("customersBy", "customersBy(keys: []) { id }"),
    ("customers", "customers { totalCount }"),
    ("identifier", "identifier(kind: \"email\", value: \"a@example.com\") { id }"),
    ("identifiersBy", "identifiersBy(keys: []) { id }"),
    ("touchpoint", "touchpoint(messageId: \"x\") { id }"),
    (
        "whyLinked",
        "whyLinked(from: {kind: \"email\", value: \"x\"}, to: {kind: \"email\", value: \"x\"}) { steps { id } }",
    ),
    ("customerMergeTrial", "customerMergeTrial(ids: []) { customers { customerId } }"),
    ("customerSplitTrial", "customerSplitTrial(id: \"x\", identifiers: []) { customers { customerId } }"),
    ("journeys", "journeys { population { customers } }"),
    ("segment", "segment(name: \"x\") { sentence }"),
    ("segments", "segments { totalCount }"),
    ("segmentTrial", "segmentTrial(members: {consent: {purpose: \"x\", status: [GRANTED]}}) { sizeThen }"),
    ("changes", "changes { nodes { cursor } }"),
    ("identityRules", "identityRules { version }"),
    (
        "identityRulesTrial",
        "identityRulesTrial(rules: {basedOn: 1, kinds: [], blocked: [], maxIdentifiers: 2, sessionGap: \"PT30M\", phoneCountry: \"GB\"}) { splits }",
    ),
    ("identityHealth", "identityHealth { customers }"),
    ("status", "status { customers }"),
    ("viewer", "viewer { name }"),
];

#[tokio::test]
async fn a_sender_has_no_root_field_but_viewer() {
    let folder = folder();
    let (admin, shop) = two(folder.path());
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    until(|| graphql(&server, "{ viewer { name } }").bearer_auth(&admin), true).await;
    let (_, body) = answer(graphql(&server, "{ __schema { queryType { fields { name } } } }").bearer_auth(&shop)).await;
    let fields = body["data"]["__schema"]["queryType"]["fields"].as_array().expect("fields");
    for field in fields {
        let name = field["name"].as_str().expect("a name");
        assert!(ROOTS.iter().any(|(root, _)| *root == name), "{name} has no case here");
    }
    for (name, query) in ROOTS {
        let query = format!("{{ shown: {query} }}");
        let (got, body) = answer(graphql(&server, &query).bearer_auth(&shop)).await;
        if name == "viewer" {
            assert_eq!(body["data"]["shown"]["name"], "shop", "{body}");
            continue;
        }
        assert_eq!((got, code(&body)), (200, "FORBIDDEN"), "{name}: {body}");
        assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "{name}: {body}");
        assert!(body["data"].is_null() || body["data"]["shown"].is_null(), "{name}: {body}");
        // The question itself is a good one: an administrator is not refused.
        let (_, body) = answer(graphql(&server, &query).bearer_auth(&admin)).await;
        assert!(!["FORBIDDEN", "GRAPHQL_VALIDATION_FAILED", "INTERNAL"].contains(&code(&body)), "{name}: {body}");
    }
}
