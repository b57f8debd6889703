//! Subscriptions as real clients ask for them: WebSockets and server-sent events.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::running::Server;

const CHANGES: &str = "subscription($after: String, $kinds: [ChangeKind!], $customer: ID) {
    changes(after: $after, kinds: $kinds, customer: $customer) { cursor kind customerId messageId } }";

/// A client of graphql-transport-ws.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What came in.
#[derive(Debug)]
enum Got {
    Message(Value),
    Closed(u16, String),
    /// The connection broke without a close.
    Cut,
}

impl Client {
    async fn open(server: &Server, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let url = format!("{}/graphql", server.url.replace("http://", "ws://"));
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Client(socket)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A socket that was not greeted yet.
    async fn bare(server: &Server) -> Self {
        let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
        Client::open(server, &protocol).await.expect("a socket")
    }

    /// A socket that is ready.
    async fn ready(server: &Server) -> Self {
        let mut client = Client::bare(server).await;
        client.say(json!({"type": "connection_init"})).await;
        assert_eq!(client.message().await, json!({"type": "connection_ack"}));
        client
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("sent");
    }

    async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({"query": query, "variables": variables});
        self.say(json!({"id": id, "type": "subscribe", "payload": payload})).await;
    }

    async fn got(&mut self) -> Got {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(30), self.0.next()).await.expect("in time");
            match next {
                Some(Ok(Message::Text(text))) => return Got::Message(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Got::Closed(frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Err(Error::Io(_))) => return Got::Cut,
                other => panic!("neither a message nor a close: {other:?}"),
            }
        }
    }

    async fn message(&mut self) -> Value {
        match self.got().await {
            Got::Message(message) => message,
            closed => panic!("{closed:?}"),
        }
    }

    /// The next change of subscription `id`.
    async fn change(&mut self, id: &str) -> Value {
        let message = self.message().await;
        assert_eq!((&message["id"], &message["type"]), (&json!(id), &json!("next")), "{message}");
        assert_eq!(message["payload"]["errors"], Value::Null, "{message}");
        message["payload"]["data"]["changes"].clone()
    }

    async fn changes(&mut self, id: &str, count: usize) -> Vec<Value> {
        let mut changes = Vec::with_capacity(count);
        while changes.len() < count {
            changes.push(self.change(id).await);
        }
        changes
    }

    async fn close_code(&mut self) -> u16 {
        match self.got().await {
            Got::Closed(code, _) => code,
            other => panic!("{other:?}"),
        }
    }
}

fn viewed(message: &str, user: &str) -> Value {
    json!({"type": "track", "event": "Product Viewed", "userId": user, "messageId": message,
        "timestamp": "2026-01-01T10:00:00Z"})
}

/// Ingests, and answers the change after which all of it can be read.
async fn ingest(server: &Server, events: Vec<Value>) -> String {
    let query = "mutation($events: [JSON!]!) { eventsIngest(events: $events) { change outcomes { status problems { message } } } }";
    let answer = server.ask(json!({"query": query, "variables": {"events": events}})).await;
    let payload = &answer["data"]["eventsIngest"];
    let all_taken = payload["outcomes"].as_array().is_some_and(|all| all.iter().all(|o| o["status"] == "CREATED"));
    assert!(all_taken, "{answer}");
    payload["change"].as_str().expect("a cursor").to_owned()
}

async fn now(server: &Server) -> String {
    let answer = server.ask(json!({"query": "{ status { change } }"})).await;
    answer["data"]["status"]["change"].as_str().expect("a cursor").to_owned()
}

/// All changes behind a place, as those who poll get them.
async fn polled(server: &Server, after: Option<&str>, kinds: Value, customer: Value) -> Vec<Value> {
    let query = "query($after: String, $kinds: [ChangeKind!], $customer: ID) {
        changes(after: $after, first: 7, kinds: $kinds, customer: $customer) {
          nodes { cursor kind customerId messageId } pageInfo { hasNextPage endCursor } } }";
    let (mut all, mut after) = (Vec::new(), after.map(str::to_owned));
    loop {
        let variables = json!({"after": after, "kinds": kinds, "customer": customer});
        let answer = server.ask(json!({"query": query, "variables": variables})).await;
        let page = &answer["data"]["changes"];
        all.extend(page["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).iter().cloned());
        after = page["pageInfo"]["endCursor"].as_str().map(str::to_owned).or(after);
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
    }
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    ingest(&server, vec![viewed("before", "u0")]).await;
    let mut client = Client::ready(&server).await;
    client.subscribe("a", CHANGES, json!({"after": now(&server).await})).await;
    client.subscribe("b", "{ status { customers } }", Value::Null).await;
    let answer = client.message().await;
    assert_eq!(answer, json!({"id": "b", "type": "next", "payload": {"data": {"status": {"customers": 1}}}}));
    assert_eq!(client.message().await, json!({"id": "b", "type": "complete"}));

    let after = ingest(&server, vec![viewed("m1", "u1"), viewed("m2", "u1")]).await;
    let told = client.changes("a", 3).await;
    let kinds: Vec<_> = told.iter().map(|change| (change["kind"].clone(), change["messageId"].clone())).collect();
    let kind = |kind: &str, message: &str| (json!(kind), json!(message));
    let expected =
        [kind("CUSTOMER_CREATED", "m1"), kind("TOUCHPOINT_RECORDED", "m1"), kind("TOUCHPOINT_RECORDED", "m2")];
    assert_eq!(kinds, expected);

    // The payload's change is a cursor of the same kind: behind all of it.
    client.subscribe("c", CHANGES, json!({"after": after, "kinds": ["CUSTOMER_CREATED"]})).await;
    client.say(json!({"type": "ping", "payload": {"n": 1}})).await;
    assert_eq!(client.message().await, json!({"type": "pong", "payload": {"n": 1}}));
    client.say(json!({"id": "a", "type": "complete"})).await;
    ingest(&server, vec![viewed("m3", "u1"), viewed("m4", "u4")]).await;
    assert_eq!(client.change("c").await["messageId"], "m4", "only that kind, and nothing of what was completed");

    let metrics = reqwest::get(format!("{}/metrics", server.url)).await.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("throughline_sockets{transport=\"websocket\"} 1"), "{metrics}");
    assert!(metrics.contains("throughline_subscriptions{transport=\"websocket\"} 1"), "{metrics}");
    let (code, log, _) = server.stop();
    assert_eq!((code, client.close_code().await), (0, 1001), "{log}");
}

#[tokio::test]
async fn objects_are_as_of_now_and_ids_as_of_the_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let both = json!({"type": "identify", "userId": "u1", "anonymousId": "a1", "messageId": "m2"});
    let page = json!({"type": "page", "anonymousId": "a1", "messageId": "m1", "name": "Home"});
    let bought = json!({"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m3",
        "properties": {"order_id": "7", "currency": "GBP", "total": "12.50"},
        "context": {"consent": {"categoryPreferences": {"marketing": true}}}});
    ingest(&server, vec![viewed("m0", "u1"), page]).await;
    ingest(&server, vec![both]).await;
    ingest(&server, vec![bought]).await;
    let query = "{ changes(first: 50) { totalCount nodes { at kind customerId customer { id } otherCustomerIds rule reason messageId
        identifiers { kind value } touchpoint { messageId name } order { number total { amount } }
        consent { purpose status identifier { value } } } } }";
    let answer = server.ask(json!({"query": query})).await;
    let all = answer["data"]["changes"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let of = |kind: &str| all.iter().filter(|c| c["kind"] == kind).collect::<Vec<_>>();
    assert_eq!(answer["data"]["changes"]["totalCount"], all.len());
    let created = of("CUSTOMER_CREATED");
    assert_eq!(created.len(), 2);
    assert_ne!(created[0]["customerId"], created[1]["customerId"]);
    assert_eq!(created[0]["customer"], created[1]["customer"], "both ids find the one they became");
    let merged = of("CUSTOMERS_MERGED");
    assert_eq!(merged[0]["customerId"], created[0]["customerId"]);
    assert_eq!(merged[0]["otherCustomerIds"], json!([created[1]["customerId"]]));
    assert_eq!((&merged[0]["rule"], &merged[0]["messageId"]), (&json!("anonymous_id"), &json!("m2")));
    assert_eq!(merged[0]["identifiers"].as_array().map(Vec::len), Some(2));
    let touched = of("TOUCHPOINT_RECORDED");
    assert_eq!(touched[1]["touchpoint"], json!({"messageId": "m1", "name": "Home"}));
    assert_eq!(touched[1]["customerId"], created[1]["customerId"], "whose it was then");
    assert_eq!(of("ORDER_RECORDED")[0]["order"], json!({"number": "7", "total": {"amount": "12.50"}}));
    let consent = json!({"purpose": "marketing", "status": "GRANTED", "identifier": {"value": "u1"}});
    assert_eq!(of("CONSENT_CHANGED")[0]["consent"], consent);
}

#[tokio::test]
async fn nothing_is_skipped_and_nothing_comes_twice_across_a_restart_and_beside_another_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let batch = |name: &str| (0..40).map(|n| viewed(&format!("{name}-{n}"), &format!("u{}", n % 5))).collect();
    for name in ["a", "b", "c"] {
        ingest(&server, batch(name)).await;
    }
    // Begins at the beginning of what is past, while more comes in.
    let mut client = Client::ready(&server).await;
    client.subscribe("1", CHANGES, json!({"after": null, "kinds": []})).await;
    let begin = polled(&server, None, Value::Null, Value::Null).await[0]["cursor"].clone();
    client.say(json!({"id": "1", "type": "complete"})).await;
    // What was on its way when the client ended it comes before the answer to what it says next.
    client.say(json!({"type": "ping"})).await;
    while client.message().await["type"] != "pong" {}
    client.subscribe("2", CHANGES, json!({"after": begin})).await;
    for name in ["d", "e"] {
        ingest(&server, batch(name)).await;
    }
    // 5 customers and 200 touchpoints, but for the first change, which the cursor is behind.
    let mut told = client.changes("2", 150).await;
    drop(client);
    server.kill();

    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let other = Server::start(folder.path(), "serve", &[]).ready().await;
    let mut client = Client::ready(&server).await;
    client.subscribe("3", CHANGES, json!({"after": told.last().expect("some")["cursor"]})).await;
    let mut elsewhere = Client::ready(&other).await;
    elsewhere.subscribe("x", CHANGES, json!({"after": begin})).await;
    tokio::join!(ingest(&server, batch("f")), ingest(&other, batch("g")));
    told.extend(client.changes("3", 204 + 80 - 150).await);
    assert_eq!(elsewhere.changes("x", 284).await, told, "every server tells the same");
    let begin = begin.as_str().expect("a cursor");
    assert_eq!(polled(&server, Some(begin), Value::Null, Value::Null).await, told, "live is the same as replayed");
    let messages: std::collections::HashSet<_> =
        told.iter().filter(|c| c["kind"] == "TOUCHPOINT_RECORDED").map(|c| c["messageId"].to_string()).collect();
    assert_eq!(messages.len(), 280);
}

#[tokio::test]
async fn a_customer_is_followed_by_an_old_id_and_live_is_the_same_as_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let begin = ingest(&server, vec![viewed("other", "u9")]).await;
    let anonymous = |message: &str| json!({"type": "page", "anonymousId": "a1", "messageId": message, "name": "Home"});
    ingest(&server, vec![viewed("m0", "u1")]).await;
    ingest(&server, vec![anonymous("m1")]).await;
    let id = |kind: &'static str, value: &'static str| {
        let query =
            "query($kind: String!, $value: String!) { identifier(kind: $kind, value: $value) { customer { id } } }";
        let asked = server.ask(json!({"query": query, "variables": {"kind": kind, "value": value}}));
        async { asked.await["data"]["identifier"]["customer"]["id"].clone() }
    };
    let (absorbed, survivor) = (id("anonymous_id", "a1").await, id("user_id", "u1").await);
    let mut client = Client::ready(&server).await;
    for (name, customer) in [("absorbed", &absorbed), ("survivor", &survivor)] {
        client.subscribe(name, CHANGES, json!({"after": begin, "customer": customer})).await;
    }
    let told_first = [client.message().await, client.message().await, client.message().await, client.message().await];
    ingest(&server, vec![anonymous("m2")]).await;
    ingest(&server, vec![json!({"type": "identify", "userId": "u1", "anonymousId": "a1", "messageId": "m3"})]).await;
    ingest(&server, vec![viewed("m4", "u1"), viewed("m5", "u9")]).await;
    let mut live = std::collections::BTreeMap::<String, Vec<Value>>::new();
    let mut add = |message: &Value| {
        let name = message["id"].as_str().expect("an id").to_owned();
        live.entry(name).or_default().push(message["payload"]["data"]["changes"].clone());
    };
    told_first.iter().for_each(&mut add);
    // Of the absorbed: touchpoint, merge, touchpoint; of the survivor: merge, touchpoint.
    for _ in 0..5 {
        add(&client.message().await);
    }
    for (name, customer, messages) in [
        ("absorbed", &absorbed, vec!["m1", "m1", "m2", "m3", "m4"]),
        ("survivor", &survivor, vec!["m0", "m0", "m3", "m4"]),
    ] {
        let told: Vec<_> = live[name].iter().map(|c| c["messageId"].as_str().expect("a message")).collect();
        assert_eq!(told, messages, "{name}");
        let replayed = polled(&server, Some(&begin), Value::Null, customer.clone()).await;
        assert_eq!(replayed, live[name], "{name}");
        let from_middle = live[name][1]["cursor"].as_str().expect("a cursor");
        let replayed = polled(&server, Some(from_middle), Value::Null, customer.clone()).await;
        assert_eq!(replayed, live[name][2..], "{name}, from the middle on");
    }
}

#[tokio::test]
async fn a_cursor_that_never_was_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    ingest(&server, vec![viewed("m1", "u1")]).await;
    let mut client = Client::ready(&server).await;
    // Base64 of `change:99`, `change:1:9`, `change:0:0`, `change:-1`, and of another list's.
    for cursor in ["Y2hhbmdlOjk5", "Y2hhbmdlOjE6OQ", "Y2hhbmdlOjA6MA", "Y2hhbmdlOi0x", "aGlzdG9yeTox", "", "x"] {
        client.subscribe("1", CHANGES, json!({"after": cursor})).await;
        let message = client.message().await;
        let errors = match message["type"].as_str() {
            Some("next") => {
                assert_eq!(client.message().await, json!({"id": "1", "type": "complete"}));
                &message["payload"]["errors"]
            }
            _ => &message["payload"],
        };
        assert_eq!(errors[0]["extensions"]["code"], "BAD_CURSOR", "{cursor}: {message}");
        let query = "query($after: String) { changes(after: $after) { totalCount } }";
        let answer = server.ask(json!({"query": query, "variables": {"after": cursor}})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_CURSOR", "{cursor}: {answer}");
    }
    let nobody = json!({"query": "{ changes(customer: \"YzowMDA\") { totalCount } }"});
    assert_eq!(server.ask(nobody).await["errors"][0]["extensions"]["code"], "BAD_ID");
}

#[tokio::test]
async fn a_client_that_does_not_keep_to_the_protocol_is_told_by_a_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let silent = async {
        let mut client = Client::bare(&server).await;
        assert_eq!(client.close_code().await, 4408, "nothing said for 10 s");
    };
    let others = async {
        // One that asks for another subprotocol is turned away by its own library before it reads the code.
        assert_eq!(Client::open(&server, &[]).await.expect("a socket").close_code().await, 4406);
        let subscribe = json!({"id": "1", "type": "subscribe", "payload": {"query": CHANGES}});
        for (said, code) in [
            (vec![json!("x")], 4400),
            (vec![json!({"type": "start"})], 4400),
            (vec![subscribe.clone()], 4401),
            (vec![json!({"type": "connection_init"}), subscribe.clone(), subscribe.clone()], 4409),
            (vec![json!({"type": "connection_init"}), json!({"type": "connection_init"})], 4429),
        ] {
            let mut client = Client::bare(&server).await;
            for message in &said {
                client.say(message.clone()).await;
            }
            loop {
                match client.got().await {
                    Got::Message(message) => assert_eq!(message, json!({"type": "connection_ack"})),
                    Got::Closed(got, words) => {
                        assert_eq!(got, code, "{words}: {said:?}");
                        break;
                    }
                    Got::Cut => panic!("no close: {said:?}"),
                }
            }
        }
        let mut client = Client::ready(&server).await;
        client.say(json!({"id": "1", "type": "subscribe", "payload": {"query": "x".repeat(1_100_000)}})).await;
        assert_eq!(client.close_code().await, 1009);
    };
    tokio::join!(silent, others);
}

#[tokio::test]
async fn what_cannot_be_run_is_an_error_of_its_operation_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let mut client = Client::ready(&server).await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { changes { kind } b: changes { kind } }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { ...F ...G } fragment F on Subscription { changes { kind } } fragment G on Subscription { c: changes { at } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { changes(kinds: [NOPE]) { kind } }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "{ customers(first: 100) { nodes { touchpoints(first: 100) { nodes { customer { touchpoints(first: 100) { nodes { id } } } } } } } }",
            "TOO_EXPENSIVE",
        ),
    ] {
        client.subscribe("1", query, Value::Null).await;
        let message = client.message().await;
        assert_eq!((&message["id"], &message["type"]), (&json!("1"), &json!("error")), "{query}: {message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], code, "{query}: {message}");
    }
    for n in 0..50 {
        client.subscribe(&n.to_string(), CHANGES, Value::Null).await;
    }
    client.subscribe("50", CHANGES, Value::Null).await;
    let message = client.message().await;
    assert_eq!((&message["id"], &message["type"]), (&json!("50"), &json!("error")));
    assert_eq!(message["payload"][0]["extensions"]["code"], "RATE_LIMITED", "{message}");
    client.say(json!({"id": "7", "type": "complete"})).await;
    client.subscribe("again", "{ __typename }", Value::Null).await;
    assert_eq!(client.message().await["payload"], json!({"data": {"__typename": "Query"}}));
    assert_eq!(client.message().await["type"], "complete");
    let mutation = "mutation($e: [JSON!]!) { eventsIngest(events: $e) { outcomes { status } } }";
    client.say(json!({"id": "7", "type": "complete"})).await;
    client.subscribe("write", mutation, json!({"e": [viewed("m1", "u1")]})).await;
    let (mut told, mut done) = (0, false);
    while told < 49 * 2 || !done {
        let message = client.message().await;
        match (message["id"].as_str(), message["type"].as_str()) {
            (Some("write"), Some("next")) => {
                assert_eq!(message["payload"]["data"]["eventsIngest"]["outcomes"][0]["status"], "CREATED");
            }
            (Some("write"), Some("complete")) => done = true,
            (_, Some("next")) => told += 1,
            _ => panic!("{message}"),
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_and_one_socket_too_many_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("throughline.toml"), "[server]\nmax_sockets = 2\n").expect("written");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    for origin in ["null", "http://evil.example", "http://localhost:1"] {
        assert_eq!(Client::open(&server, &[protocol, ("origin", origin)]).await.err(), Some(403), "{origin}");
    }
    let own = Client::open(&server, &[protocol, ("origin", &server.url)]).await.expect("a socket");
    let streamed = sse(&server, CHANGES, Value::Null).await;
    assert_eq!(streamed.status(), 200);
    assert_eq!(Client::open(&server, &[protocol]).await.err(), Some(503));
    let refused = sse(&server, CHANGES, Value::Null).await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().ok()), (503, Some("2")));
    assert_eq!(refused.json::<Value>().await.expect("JSON")["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    drop(own);
    let until = tokio::time::Instant::now() + Duration::from_secs(60);
    while Client::open(&server, &[protocol]).await.is_err() {
        assert!(tokio::time::Instant::now() < until, "the place is not free again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn sse(server: &Server, query: &str, variables: Value) -> reqwest::Response {
    let request = reqwest::Client::new().post(format!("{}/graphql", server.url)).header("accept", "text/event-stream");
    request.json(&json!({"query": query, "variables": variables})).send().await.expect("an answer")
}

/// Events as they come: name and data.
struct Events {
    answer: reqwest::Response,
    text: String,
}

impl Events {
    fn of(answer: reqwest::Response) -> Self {
        assert_eq!(answer.status(), 200);
        let media = answer.headers()["content-type"].to_str().expect("text");
        assert!(media.starts_with("text/event-stream"), "{media}");
        Events { answer, text: String::new() }
    }

    /// The next block: an event, or a comment.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.answer.chunk()).await.expect("in time");
            self.text.push_str(std::str::from_utf8(&chunk.expect("a chunk")?).expect("UTF-8"));
        }
    }

    async fn event(&mut self) -> (String, Value) {
        loop {
            let block = self.block().await.expect("an event");
            if block.starts_with(':') {
                continue;
            }
            let (name, data) = block.split_once('\n').expect("two lines");
            let name = name.strip_prefix("event: ").expect("a name").to_owned();
            let data = data.strip_prefix("data:").expect("data").trim_start();
            return (name, serde_json::from_str(data).unwrap_or(Value::Null));
        }
    }
}

#[tokio::test]
async fn server_sent_events_tell_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    // Once the headers are here, nothing that happens is missed.
    let mut live = Events::of(sse(&server, CHANGES, json!({"kinds": ["TOUCHPOINT_RECORDED"]})).await);
    let after = ingest(&server, vec![viewed("m1", "u1")]).await;
    let (name, first) = live.event().await;
    assert_eq!((name.as_str(), &first["data"]["changes"]["messageId"]), ("next", &json!("m1")), "{first}");

    let query = "subscription { changes(after: \"AFTER\") { messageId } }".replace("AFTER", &after);
    let url = reqwest::Url::parse_with_params(&format!("{}/graphql", server.url), [("query", &query)]).expect("a URL");
    let get = reqwest::Client::new().get(url).header("accept", "text/event-stream").send().await.expect("an answer");
    let mut by_get = Events::of(get);
    ingest(&server, vec![viewed("m2", "u1")]).await;
    assert_eq!(by_get.event().await, ("next".to_owned(), json!({"data": {"changes": {"messageId": "m2"}}})));
    assert_eq!(live.event().await.1["data"]["changes"]["messageId"], "m2");

    let mut single = Events::of(sse(&server, "{ status { touchpoints } }", Value::Null).await);
    assert_eq!(single.event().await, ("next".to_owned(), json!({"data": {"status": {"touchpoints": 2}}})));
    assert_eq!(single.event().await.0, "complete");
    assert_eq!(single.block().await, None, "that is all");
    for (query, code) in [("{ nothing }", "GRAPHQL_VALIDATION_FAILED"), ("{", "GRAPHQL_PARSE_FAILED")] {
        let mut wrong = Events::of(sse(&server, query, Value::Null).await);
        let (name, data) = wrong.event().await;
        assert_eq!((name.as_str(), &data["errors"][0]["extensions"]["code"]), ("next", &json!(code)), "{data}");
        assert_eq!(wrong.event().await.0, "complete");
    }
    let mutation = "mutation { eventsIngest(events: []) { change } }";
    let url =
        reqwest::Url::parse_with_params(&format!("{}/graphql", server.url), [("query", mutation)]).expect("a URL");
    let get = reqwest::Client::new().get(url).header("accept", "text/event-stream").send().await.expect("an answer");
    assert_eq!(Events::of(get).event().await.1["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    let plain = server.ask(json!({"query": CHANGES})).await;
    assert_eq!(plain["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "one answer is not enough");

    // Nothing happens: a line that says nothing.
    let quiet = tokio::time::timeout(Duration::from_secs(120), live.block()).await.expect("in time");
    assert_eq!(quiet.as_deref(), Some(":"));
    let (code, log, _) = server.stop();
    assert_eq!(code, 0, "{log}");
}

/// Reads nothing while far more happens than the sockets between hold.
#[tokio::test]
async fn a_client_that_does_not_read_is_dropped_with_a_code_and_holds_nobody_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let long = "subscription { changes { cursor kind customerId messageId touchpoint { properties } } }";
    let mut slow = Client::ready(&server).await;
    for n in 0..20 {
        slow.subscribe(&n.to_string(), long, Value::Null).await;
    }
    let mut slow_events = sse(&server, long, Value::Null).await;
    let mut quick = Client::ready(&server).await;
    quick.subscribe("1", CHANGES, json!({"kinds": ["TOUCHPOINT_RECORDED"]})).await;
    quick.subscribe("ready", "{ __typename }", Value::Null).await;
    assert_eq!(
        (&quick.message().await["id"], quick.message().await["type"].as_str()),
        (&json!("ready"), Some("complete"))
    );
    let filler = "x".repeat(8_000);
    let mut told = 0;
    for batch in 0..40 {
        let event = |n: usize| {
            let mut event = viewed(&format!("m{batch}-{n}"), "u1");
            event["properties"] = json!({"filler": filler});
            event
        };
        ingest(&server, (0..25).map(event).collect()).await;
        // The quick one is told meanwhile.
        quick.changes("1", 25).await;
        told += 25;
    }
    assert_eq!(told, 1_000);
    tokio::time::sleep(Duration::from_secs(12)).await;
    loop {
        match slow.got().await {
            Got::Message(message) => assert_eq!(message["type"], "next", "{message}"),
            Got::Closed(code, words) => {
                assert_eq!(code, 1013, "{words}");
                assert!(words.contains("too slow"), "{words}");
                break;
            }
            // On a busy machine it begins to read only when the server waits no longer.
            Got::Cut => break,
        }
    }
    let mut text = String::new();
    while let Ok(Some(chunk)) = slow_events.chunk().await {
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    if text.len() < 8_000_000 {
        assert!(text.contains("\"code\":\"RATE_LIMITED\""), "{} bytes and no reason", text.len());
    }
    quick.subscribe("2", "{ status { touchpoints } }", Value::Null).await;
    assert_eq!(quick.message().await["payload"]["data"]["status"]["touchpoints"], 1_000);
    let metrics = reqwest::get(format!("{}/metrics", server.url)).await.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("throughline_slow_clients_total{transport=\"websocket\"} 1"), "{metrics}");
}

/// Digits that a double does not hold, and ways of writing a number that a reader changes.
const DIGITS: &str = r#"[108204269033311374217,9007199254740993,1.50,1E5,-0,0.1000]"#;

#[tokio::test]
async fn digits_stay_exact_by_every_door_and_both_ways() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let post = async |body: String, accept: &'static str| {
        let request = reqwest::Client::new().post(format!("{}/graphql", server.url)).header("accept", accept);
        let answer = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
        answer.text().await.expect("text")
    };
    let event = |kind: &str, message: &str, user: &str, field: &str| {
        format!(
            r#"{{"type":"{kind}","messageId":"{message}","userId":{user},"{field}":{{"n":{DIGITS},"far":1e400}},"timestamp":"2026-01-01T10:00:00Z"}}"#
        )
    };
    let (one, other) = ("108204269033311374217", "108204269033311374218");
    let ingest = "mutation($e: [JSON!]!) { eventsIngest(events: $e) { outcomes { status problems { code path } } } }";
    // By a list of variables, by one that stands for a list, within a literal, and all as a literal.
    let all = [event("identify", "m1", one, "traits"), event("page", "m2", one, "properties")].join(",");
    let said = post(format!(r#"{{"query":"{ingest}","variables":{{"e":[{all}]}}}}"#), "application/json").await;
    assert_eq!(said.matches("CREATED").count(), 2, "{said}");
    assert!(said.contains(r#"{"code":"BAD_VALUE","path":"traits.far"}"#), "{said}");
    let alone = event("page", "m3", other, "properties");
    let said = post(format!(r#"{{"query":"{ingest}","variables":{{"e":{alone}}}}}"#), "application/json").await;
    assert!(said.contains("CREATED"), "{said}");
    let within = "mutation($u: JSON!) { eventsIngest(events: [{type: \\\"page\\\", messageId: \\\"m4\\\", userId: $u}]) { outcomes { status } } }";
    let said = post(format!(r#"{{"query":"{within}","variables":{{"u":{other}.0}}}}"#), "application/json").await;
    assert!(said.contains("CREATED"), "{said}");
    let literal = format!(
        "mutation {{ eventsIngest(events: [{{type: \\\"page\\\", messageId: \\\"m5\\\", userId: {other}, properties: {{n: [{one}, 1.50]}}}}]) {{ outcomes {{ status }} }} }}"
    );
    let said = post(format!(r#"{{"query":"{literal}"}}"#), "application/json").await;
    assert!(said.contains("CREATED"), "{said}");

    let count = |user: &str| {
        format!(
            r#"{{ customer(by: {{identifier: {{kind: \"user_id\", value: \"{user}\"}}}}) {{ touchpoints {{ totalCount }} }} }}"#
        )
    };
    let said = post(format!(r#"{{"query":"{}"}}"#, count(one)), "application/json").await;
    assert!(said.contains(r#""totalCount":1"#), "{said}");
    let said = post(format!(r#"{{"query":"{}"}}"#, count(other)), "application/json").await;
    assert!(said.contains(r#""totalCount":3"#), "{said}");

    let asked = r#"{ touchpoint(messageId: "m2") { properties } literal: touchpoint(messageId: "m5") { properties }
        customer(by: {identifier: {kind: "user_id", value: "108204269033311374217"}}) { traits(names: ["n", "far"]) { value } } }"#;
    let holds = |said: &str| {
        assert!(said.contains(&format!(r#""properties":{{"n":{DIGITS},"far":"1e400"}}"#)), "{said}");
        assert!(said.contains(&format!(r#""value":{DIGITS}"#)) && said.contains(r#""value":"1e400""#), "{said}");
        assert!(said.contains(r#""literal":{"properties":{"n":[108204269033311374217,1.50]}}"#), "{said}");
    };
    let body = json!({ "query": asked }).to_string();
    holds(&post(body.clone(), "application/json").await);
    holds(&post(body, "text/event-stream").await);
    let mut client = Client::ready(&server).await;
    client.subscribe("1", asked, json!({})).await;
    let next = tokio::time::timeout(Duration::from_secs(30), client.0.next()).await.expect("in time");
    let Some(Ok(Message::Text(text))) = next else { panic!("{next:?}") };
    holds(&text);
    // By a socket too.
    let said = format!(
        r#"{{"id":"2","type":"subscribe","payload":{{"query":"{ingest}","variables":{{"e":[{}]}}}}}}"#,
        event("page", "m6", "108204269033311374219", "properties")
    );
    let mut client = Client::ready(&server).await;
    client.0.send(Message::text(said)).await.expect("sent");
    assert_eq!(client.message().await["payload"]["data"]["eventsIngest"]["outcomes"][0]["status"], "CREATED");
    let said = post(format!(r#"{{"query":"{}"}}"#, count("108204269033311374219")), "application/json").await;
    assert!(said.contains(r#""totalCount":1"#), "{said}");
    let (code, log, _) = server.stop();
    assert_eq!(code, 0, "{log}");
}

#[tokio::test]
async fn half_a_character_in_a_message_costs_only_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let mut client = Client::ready(&server).await;
    let events = r#"[{"type": "identify", "userId": "ada", "traits": {"name": "x\ud83d"}},
        {"type": "identify", "userId": "b\ud83d", "anonymousId": "a1"}, {"type": "identify", "userId": "c"}]"#;
    let query = "mutation($e: [JSON]!) { eventsIngest(events: $e) { outcomes { status problems { path } } } }";
    let payload = format!(r#"{{"query": "{query}", "variables": {{"e": {events}}}}}"#);
    let message = format!(r#"{{"id": "1", "type": "subscribe", "payload": {payload}}}"#);
    client.0.send(Message::text(message)).await.expect("sent");
    let answer = client.message().await;
    let problems = [json!([{"path": "traits.name"}]), json!([{"path": "userId"}, {"path": "userId"}]), json!([])];
    let expected = problems.map(|problems| json!({"status": "CREATED", "problems": problems}));
    assert_eq!(answer["payload"]["data"]["eventsIngest"]["outcomes"], json!(expected), "{answer}");
}
