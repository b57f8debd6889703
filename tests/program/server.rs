//! A server from its start to its end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::running::{Server, run};
use crate::wipe::wipe;

/// Held while a test uses the Neo4j: it has one database.
static NEO4J: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The Neo4j of the tests, for one test alone.
pub(crate) struct Neo4j {
    pub(crate) url: String,
    pub(crate) graph: neo4rs::Graph,
    _alone: tokio::sync::MutexGuard<'static, ()>,
}

impl Neo4j {
    async fn alone() -> Self {
        let url = std::env::var("THROUGHLINE_TEST_NEO4J").expect("a Neo4j that may be wiped");
        let _alone = NEO4J.lock().await;
        let secret =
            |name| std::env::var(format!("THROUGHLINE_TEST_NEO4J_{name}")).unwrap_or_else(|_| "neo4j".to_owned());
        let graph = neo4rs::Graph::new(&*url, secret("USER"), secret("PASSWORD")).expect("an address");
        Neo4j { url, graph, _alone }
    }

    /// Without data.
    pub(crate) async fn wiped() -> Self {
        let neo4j = Self::alone().await;
        wipe(&neo4j.graph).await.expect("a database to wipe");
        neo4j
    }
}

#[tokio::test]
async fn a_demo_answers_twice_on_one_store_and_ends_when_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..2 {
        let server = Server::start(folder.path(), "demo", &[]).ready().await;
        let query = "{ status { customers touchpoints } }";
        let expected = json!({"data": {"status": {"customers": 7, "touchpoints": 211}}});
        assert_eq!(server.ask(json!({"query": query})).await, expected);
        let metrics = reqwest::get(format!("{}/metrics", server.url)).await.expect("an answer");
        let metrics = metrics.text().await.expect("text");
        for family in metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let name = family.split(' ').next().unwrap_or_default();
            assert!(metrics.contains(&format!("# HELP {name} ")), "{name} is not described:\n{metrics}");
        }
        assert!(metrics.contains("throughline_statement_seconds_count{store=\"sqlite\",statement=\""), "{metrics}");
        for name in
            ["throughline_ingest_events_total", "throughline_ingest_batch_events", "throughline_statement_seconds"]
        {
            assert!(
                metrics.contains(&format!("# HELP {name} ")),
                "{name} is not described or not measured:\n{metrics}"
            );
        }
        let (code, log, _) = server.stop();
        assert_eq!(code, 0, "{log}");
    }
    assert!(folder.path().join("throughline-demo.db").exists());
    assert!(!folder.path().join("throughline.db").exists());
}

#[tokio::test]
async fn a_customer_that_comes_near_the_cap_is_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("throughline.toml"), "[identity]\nmax_identifiers = 10\n").expect("settings");
    let server = Server::start(folder.path(), "demo", &[]).ready().await;
    for _ in 0..2 {
        let metrics = reqwest::get(format!("{}/metrics", server.url)).await.expect("an answer");
        let metrics = metrics.text().await.expect("text");
        for line in [
            "throughline_identity_identifiers 37",
            "throughline_identity_customers{identifiers=\"1\"} 0",
            "throughline_identity_customers{identifiers=\"3-5\"} 3",
            "throughline_identity_customers{identifiers=\"6-10\"} 3",
            "throughline_identity_merges_total 5",
            "throughline_identity_refusals_total{rule=\"user_id\"} 1",
            "throughline_identity_shared 1",
            "throughline_identity_largest 10",
            "throughline_identity_cap 10",
            "throughline_identity_past_cap 0",
            "# HELP throughline_identity_customers ",
        ] {
            assert!(metrics.lines().any(|had| had.starts_with(line)), "no {line} in:\n{metrics}");
        }
    }
    let (_, log, _) = server.stop();
    let words = "a customer has 10 identifiers of at most 10;";
    assert_eq!(log.matches(words).count(), 1, "it is said once: {log}");
    let (code, out, _) = run(folder.path(), &["check", "--store", "sqlite:throughline-demo.db"]);
    assert!(code == 0 && out.lines().any(|line| line.starts_with("warning") && line.contains(words)), "{out}");
}

#[tokio::test]
async fn the_log_has_one_object_a_request_and_nothing_of_what_was_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &["--log", "json"]).ready().await;
    let by_mail = "query Find($v: String!) { customer(by: {identifier: {kind: \"email\", value: $v}}) { id } }";
    for body in [
        json!({"query": by_mail, "variables": {"v": "jane@example.com"}}),
        json!({"query": "{ identifier(kind: \"email\", value: \"jane@example.com\") { id } }"}),
        json!({"query": "{ jane@example.com }"}),
        json!({"query": "{ node(id: \"jane@example.com\") { id } }"}),
        json!({"query": 3, "jane@example.com": "jane"}),
        json!({"query": "{ customers(first: 5, after: \"jane@example.com\") { totalCount } }"}),
    ] {
        server.ask(body).await;
    }
    let client = reqwest::Client::new();
    let traced = client.get(format!("{}/jane@example.com?jane=1", server.url)).header("x-request-id", "r-1");
    let traced = traced.header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    traced.send().await.expect("an answer");
    let (_, log, _) = server.stop();
    assert!(!log.to_lowercase().contains("jane"), "{log}");
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an object"));
    let requests: Vec<_> = lines.filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 7, "{log}");
    assert_eq!((&requests[0]["operation"], &requests[0]["outcome"]), (&json!("Find"), &json!("OK")));
    assert_eq!(requests[2]["outcome"], "GRAPHQL_PARSE_FAILED");
    assert_eq!(requests[3]["outcome"], "BAD_ID");
    let last = &requests[6];
    assert_eq!((&last["path"], &last["status"], &last["request_id"]), (&json!("/"), &json!(404), &json!("r-1")));
    assert_eq!(last["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

#[tokio::test]
async fn half_a_character_in_a_call_costs_only_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let event = |n: usize, subject: &str| {
        format!(
            r#"{{"type": "track", "event": "Call Answered", "messageId": "m{n}", "userId": "ada",
                "timestamp": "2026-03-10T0{n}:00:00Z", "properties": {{"subject": "{subject}"}}}}"#
        )
    };
    let events =
        [event(1, "whole \\ud83d\\ude00"), event(2, "half \\ud83d"), "null".into(), event(3, "plain")].join(",");
    let ask = "mutation Take($events: [JSON]!) { eventsIngest(events: $events) { outcomes { status problems { code path } } } }";
    let body = format!(r#"{{"query": "{ask}", "no\ud83d": 1, "variables": {{"b\udc00": 1, "events": [{events}]}}}}"#);
    let outcomes = raw(&server, body).await["data"]["eventsIngest"]["outcomes"].take();
    let half = json!([{"code": "BAD_VALUE", "path": "properties.subject"}]);
    let null = json!([{"code": "NOT_AN_EVENT", "path": null}]);
    let expected = [("CREATED", json!([])), ("CREATED", half.clone()), ("REJECTED", null), ("CREATED", json!([]))];
    assert_eq!(outcomes, json!(expected.map(|(status, problems)| json!({"status": status, "problems": problems}))));

    // In the document itself: as an escape of GraphQL, as one of the JSON around it, and in variables that are no JSON.
    let literal = |n: usize, subject: &str| {
        format!(
            r#"{{type: "track", event: "Call Answered", messageId: "m{n}", userId: "ada", timestamp: "2026-03-10T0{n}:00:00Z",
                properties: {{subject: {subject}}}}}"#
        )
    };
    let take = |subjects: [&str; 3]| {
        let events: Vec<String> = subjects.iter().enumerate().map(|(n, subject)| literal(4 + n, subject)).collect();
        format!(
            "mutation($s: String) {{ eventsIngest(events: [{}]) {{ outcomes {{ status problems {{ path }} }} }} }}",
            events.join(",")
        )
    };
    let query = json!(take([r#""half \ud83d""#, r#""whole \ud83d\ude00""#, "$s"])).to_string();
    let outcomes = raw(&server, format!(r#"{{"query": {query}, "variables": {{"s": "half \udc00"}}}}"#)).await;
    let paths = [json!([{"path": "properties.subject"}]), json!([]), json!([{"path": "properties.subject"}])];
    let expected = json!(paths.map(|problems| json!({"status": "CREATED", "problems": problems})));
    assert_eq!(outcomes["data"]["eventsIngest"]["outcomes"], expected, "{outcomes}");
    let query =
        json!(take([r#""HALF""#, r#""""half \u00e9 HALF""""#, "$s"]).replace("\"m", "\"n").replace("ada", "bob"));
    let query = query.to_string().replace("HALF", "\\ud83d");
    let outcomes = raw(&server, format!(r#"{{"query": {query}, "variables": {{"s": "plain"}}}}"#)).await;
    let paths = [json!([{"path": "properties.subject"}]), json!([{"path": "properties.subject"}]), json!([])];
    let expected = json!(paths.map(|problems| json!({"status": "CREATED", "problems": problems})));
    assert_eq!(outcomes["data"]["eventsIngest"]["outcomes"], expected, "{outcomes}");

    let address = format!("{}/graphql", server.url);
    let find = r#"query($t: String) { customers(first: 1, filter: {text: $t}) { nodes { id } } a: customers(first: 1, filter: {text: "x\ud83d"}) { nodes { id } } }"#;
    let parameters = [("query", find), ("variables", r#"{"t": "x\ud83d", "u\ud83d": "\ud83d"}"#)];
    let address = reqwest::Url::parse_with_params(&address, &parameters).expect("an address");
    let answer = reqwest::get(address).await.expect("an answer");
    let answer: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(answer, json!({"data": {"customers": {"nodes": []}, "a": {"nodes": []}}}));

    let list = "{ customer(by: {identifier: {kind: \"user_id\", value: \"ada\"}}) {
        touchpoints(first: 9) { nodes { properties } } } }";
    let answer = server.ask(json!({"query": list})).await;
    let mut subjects: Vec<_> = answer["data"]["customer"]["touchpoints"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|node| node["properties"]["subject"].as_str().expect("a text"))
        .collect();
    subjects.sort_unstable();
    let [half, whole] = ["half \u{fffd}", "whole \u{1f600}"];
    assert_eq!(subjects, [half, half, half, "plain", whole, whole]);
}

/// What is answered to a body as it stands.
async fn raw(server: &Server, body: String) -> serde_json::Value {
    let request = reqwest::Client::new().post(format!("{}/graphql", server.url));
    let answer = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn what_was_imported_is_asked_by_its_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "demo", &[]).ready().await;
    let list = "{ customers(first: 25) { nodes { displayName identifiers(first: 40) { nodes { kind value } } } } }";
    assert_eq!(server.ask(json!({"query": list})).await["errors"], json!(null));
    let timeline = "{ customer(by: {identifier: {kind: \"user_id\", value: \"ts-user-3107\"}}) { touchpoints(first: 100) {
        nodes { id at kind name channel direction source messageId properties campaign { name } device { id } order { id }
          identifier { value } customer { id } __typename } } } }";
    assert_eq!(server.ask(json!({"query": timeline})).await["errors"], json!(null));
    let all = "{ customers(first: 100) { nodes { touchpoints(first: 100) { nodes { customer {
        touchpoints(first: 100) { nodes { id } } } } } } } }";
    let refused = server.ask(json!({"query": all})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "TOO_EXPENSIVE", "{refused}");
    for first in ["-1", "101", "3000000000"] {
        let refused = server.ask(json!({"query": format!("{{ customers(first: {first}) {{ totalCount }} }}")})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_ARGUMENT", "{refused}");
        assert_eq!(refused["errors"][0]["extensions"]["argument"], "first", "{refused}");
    }
}

#[tokio::test]
async fn a_port_that_a_server_has_is_not_taken_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let (code, _, error) = run(folder.path(), &["serve", "--listen", &address]);
    assert_eq!((code, error.contains("choose another port with --listen")), (1, true), "{error}");
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let ingest = "mutation($events: [JSON!]!) { eventsIngest(events: $events) { outcomes { status messageId } } }";
    let event = |number: usize| {
        json!({"type": "track", "event": "Product Viewed", "userId": "u-1", "messageId": format!("m-{number}"),
            "timestamp": "2026-01-01T10:00:00Z"})
    };
    let mut acknowledged = 0;
    for round in 0..3 {
        let server = Server::start(folder.path(), "serve", &[]).ready().await;
        for number in 0..5 {
            let number = round * 5 + number;
            let answer = server.ask(json!({"query": ingest, "variables": {"events": [event(number)]}})).await;
            let outcome = json!([{"status": "CREATED", "messageId": format!("m-{number}")}]);
            assert_eq!(answer["data"]["eventsIngest"]["outcomes"], outcome, "{answer}");
            acknowledged += 1;
        }
        server.kill();
    }
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let answer = server.ask(json!({"query": "{ status { touchpoints customers } }"})).await;
    assert_eq!(answer, json!({"data": {"status": {"touchpoints": acknowledged, "customers": 1}}}));
    let again = server.ask(json!({"query": ingest, "variables": {"events": [event(0)]}})).await;
    assert_eq!(again["data"]["eventsIngest"]["outcomes"][0]["status"], "UNCHANGED");
    let many: Vec<_> = (0..501).map(event).collect();
    let refused = server.ask(json!({"query": ingest, "variables": {"events": many}})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_ARGUMENT", "{refused}");
    assert_eq!(refused["errors"][0]["extensions"]["argument"], "events");
}

#[tokio::test]
async fn while_its_neo4j_is_away_a_server_says_so_and_goes_on_trying() {
    let folder = tempfile::tempdir().expect("a folder");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("bolt://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let server = Server::start(folder.path(), "serve", &["--store", &url]);
    let get = async |path: &str| {
        let answer = reqwest::get(format!("{}{path}", server.url)).await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let until = std::time::Instant::now() + Duration::from_secs(120);
    let reason = loop {
        let (status, body) = get("/health/ready").await;
        assert_eq!(status, 503);
        if !body.contains("starting") {
            break body;
        }
        assert!(std::time::Instant::now() < until, "{body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(reason.contains("the store is away"), "{reason}");
    assert_eq!(get("/health/live").await.0, 200);
    let refused = server.ask(json!({"query": "{ __typename }"})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "NOT_READY", "{refused}");
    let (code, log, _) = server.stop();
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("not ready") && log.contains("the store is away"), "{log}");

    let (code, _, error) = run(folder.path(), &["import", "--store", &url, "-"]);
    assert_eq!((code, error.contains("the store is away")), (1, true), "{error}");
    let (code, out, _) = run(folder.path(), &["check", "--store", &url]);
    assert_eq!((code, out.contains("the store is away")), (1, true), "{out}");
}

#[tokio::test]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn on_neo4j_a_demo_gives_the_same_customers() {
    let neo4j = Neo4j::wiped().await;
    let url = &neo4j.url;

    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "demo", &["--store", url]).ready().await;
    let all = json!({"data": {"status": {"customers": 7, "touchpoints": 211}}});
    assert_eq!(server.ask(json!({"query": "{ status { customers touchpoints } }"})).await, all);
    let query = "{ customer(by: {identifier: {kind: \"phone\", value: \"07700 900123\"}}) {
        displayName activity { touchpointCount } } }";
    let expected = json!({"data": {"customer": {"displayName": "Maya Okafor", "activity": {"touchpointCount": 18}}}});
    assert_eq!(server.ask(json!({"query": query})).await, expected);
    let (code, log, _) = server.stop();
    assert_eq!(code, 0, "{log}");

    let wrong = crate::running::program(folder.path())
        .args(["check", "--store", url])
        .env("THROUGHLINE_STORE_PASSWORD", "wrong")
        .output()
        .expect("the program");
    let (code, out, _) = crate::running::ended(&wrong);
    assert_eq!((code, out.contains("wrong    store")), (1, true), "{out}");
    assert!(out.contains("THROUGHLINE_STORE_PASSWORD"), "{out}");
}

/// From nothing, constraints and indexes too: none of them may touch the store before the set-up has ended.
#[tokio::test]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn servers_that_start_together_on_an_empty_neo4j_all_become_ready() {
    let neo4j = Neo4j::alone().await;
    let Neo4j { url, graph, .. } = &neo4j;
    let texts = async |question: &str| {
        let mut rows = graph.execute(neo4rs::query(question)).await.expect("an answer");
        let mut texts = Vec::new();
        while let Some(row) = rows.next().await.expect("a row") {
            texts.push(row.get::<String>("text").expect("a text"));
        }
        texts
    };
    for _ in 0..3 {
        let constraints = texts("SHOW CONSTRAINTS YIELD name RETURN 'DROP CONSTRAINT ' + name AS text").await;
        for drop in constraints {
            graph.run(neo4rs::query(&drop)).await.expect("dropped");
        }
        let indexes = "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN 'DROP INDEX ' + name AS text";
        for drop in texts(indexes).await {
            graph.run(neo4rs::query(&drop)).await.expect("dropped");
        }
        wipe(graph).await.expect("a database to wipe");
        let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
        let servers: Vec<Server> =
            folders.iter().map(|folder| Server::start(folder.path(), "serve", &["--store", url])).collect();
        let mut ready = Vec::new();
        for server in servers {
            ready.push(server.ready().await);
        }
        // The rules are begun behind that.
        let until = std::time::Instant::now() + Duration::from_secs(30);
        while texts("MATCH (r:Rules) RETURN toString(r.version) AS text").await.is_empty() {
            assert!(std::time::Instant::now() < until, "no rules");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(texts("MATCH (r:Rules) RETURN toString(r.version) AS text").await, ["1"]);
        let event = json!({"type": "track", "event": "A", "userId": "u", "messageId": "m", "timestamp": "2026-01-01T10:00:00Z"});
        let ingest = "mutation($events: [JSON!]!) { eventsIngest(events: $events) { outcomes { status } } }";
        let mut statuses = Vec::new();
        for server in ready {
            let answer = server.ask(json!({"query": ingest, "variables": {"events": [event]}})).await;
            statuses.push(answer["data"]["eventsIngest"]["outcomes"][0]["status"].clone());
            let (code, log, _) = server.stop();
            assert_eq!(code, 0, "{log}");
        }
        assert_eq!(statuses, ["CREATED", "UNCHANGED", "UNCHANGED"]);
    }
}

/// Another process has the file's lock, as an import may for long.
#[tokio::test]
async fn a_write_to_a_locked_file_waits_and_is_503() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let ingest = "mutation($events: [JSON!]!) { eventsIngest(events: $events) { outcomes { status } } }";
    let send = async |id: &str| {
        let event =
            json!({"type": "track", "event": "A", "userId": "u", "messageId": id, "timestamp": "2026-01-01T10:00:00Z"});
        let body = json!({"query": ingest, "variables": {"events": [event]}});
        let request = reqwest::Client::new().post(format!("{}/graphql", server.url)).json(&body);
        let answer = request.send().await.expect("an answer");
        let retry = answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        (answer.status().as_u16(), retry, answer.json::<serde_json::Value>().await.expect("JSON"))
    };
    assert_eq!(send("before").await.0, 200);
    let other = rusqlite::Connection::open(folder.path().join("throughline.db")).expect("the file");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    // Several at once: none waits longer than a request may.
    let sent = futures_util::future::join_all(["a", "b", "c"].map(&send)).await;
    for (status, retry, answer) in sent {
        assert_eq!((status, retry.as_deref()), (503, Some("2")), "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "STORE_BUSY", "{answer}");
    }
    let read = server.ask(json!({"query": "{ status { touchpoints } }"})).await;
    assert_eq!(read["data"]["status"]["touchpoints"], 1, "reads go on: {read}");
    let ready = reqwest::get(format!("{}/health/ready", server.url)).await.expect("an answer");
    assert_eq!(ready.status().as_u16(), 200, "busy is not away");
    other.execute_batch("ROLLBACK").expect("the lock is given back");
    for id in ["a", "b", "c"] {
        assert_eq!(send(id).await.2["data"]["eventsIngest"]["outcomes"][0]["status"], "CREATED");
    }
    let read = server.ask(json!({"query": "{ status { touchpoints } }"})).await;
    assert_eq!(read["data"]["status"]["touchpoints"], 4);
}

#[tokio::test]
async fn a_request_that_was_begun_is_finished_before_the_server_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let body = "{\"query\": \"{ __typename }\"}";
    let mut connection = TcpStream::connect(&address).expect("a connection");
    let (first, rest) = body.split_at(10);
    let length = body.len();
    write!(
        connection,
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{first}"
    )
    .expect("sent");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let ending = tokio::task::spawn_blocking(|| server.stop());
    tokio::time::sleep(Duration::from_millis(700)).await;
    connection.write_all(rest.as_bytes()).expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("{\"data\":{\"__typename\":\"Query\"}}"),
        "{answer}"
    );
    let (code, log, took) = ending.await.expect("an end");
    assert_eq!(code, 0, "{log}");
    assert!(took >= Duration::from_millis(600), "{took:?}");
    assert!(TcpStream::connect(&address).is_err(), "it still listens");
}

/// Reads until the server closes; what it said.
fn all_of(mut connection: &TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end too: there was more to read than the server wanted.
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_body_that_nobody_reads_ends_its_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for (line, media, status) in [
        ("POST /graphql", "application/json", "413"),
        ("POST /graphql", "text/plain", "415"),
        ("PUT /graphql", "application/json", "405"),
        ("GET /graphql?query=%7B__typename%7D", "application/json", "200"),
        ("POST /nothing", "application/json", "404"),
        ("GET /", "application/json", "200"),
        ("POST /health/live", "application/json", "405"),
    ] {
        for (framing, part) in [("Transfer-Encoding: chunked", chunk.as_str()), ("Content-Length: 99999999999", &chunk)]
        {
            let mut connection = TcpStream::connect(&address).expect("a connection");
            connection.set_write_timeout(Some(Duration::from_secs(60))).expect("an option");
            write!(connection, "{line} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {media}\r\n{framing}\r\n\r\n")
                .expect("sent");
            let reader = connection.try_clone().expect("a handle");
            let reader = std::thread::spawn(move || all_of(&reader));
            // Without an end it is this that goes on for ever; the write fails once the server has closed.
            while connection.write_all(part.as_bytes()).is_ok() {}
            let answer = reader.join().expect("an answer");
            assert!(
                answer.is_empty() || answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{line} {framing}: {answer}"
            );
        }
    }
    // A body that was read leaves the connection as it is.
    let mut connection = TcpStream::connect(&address).expect("a connection");
    let body = "{\"query\": \"{ __typename }\"}";
    for _ in 0..3 {
        write!(
            connection,
            "POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\n\r\n5\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
            &body[..5],
            body.len() - 5,
            &body[5..]
        )
        .expect("sent");
        let mut answer = String::new();
        while !answer.ends_with("{\"data\":{\"__typename\":\"Query\"}}") {
            let mut byte = [0];
            connection.read_exact(&mut byte).expect("an answer");
            answer.push(byte[0].into());
        }
    }
}

#[tokio::test]
async fn what_is_not_http_is_counted_and_no_error_of_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000));
    let bad: [&[u8]; 6] = [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        long.as_bytes(),
    ];
    for bytes in bad {
        let mut connection = TcpStream::connect(&address).expect("a connection");
        connection.write_all(bytes).expect("sent");
        let answer = all_of(&connection);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let metrics = reqwest::get(format!("{}/metrics", server.url)).await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    let line = format!("throughline_http_malformed_requests_total {}", bad.len());
    assert!(metrics.lines().any(|had| had == line), "{metrics}");
    let (_, log, _) = server.stop();
    assert!(!log.contains("ERROR") && !log.contains("stream error"), "{log}");
}

#[tokio::test]
async fn five_hundred_events_are_taken_as_they_are_and_packed_and_in_chunks() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let event = |way: &str, number: usize| {
        let products: Vec<_> = (0..4)
            .map(|n| {
                json!({"sku": format!("SKU-{number}-{n}"), "name": format!("A thing of wool, number {n}"),
                "category": "Clothes > Warm", "price": 12.5, "quantity": 1, "variant": "blue, large"})
            })
            .collect();
        json!({"type": "track", "event": "Product List Viewed", "messageId": format!("{way}-{number}"),
            "userId": format!("u-{number}"), "anonymousId": format!("a-{number}"), "timestamp": "2026-01-01T10:00:00Z",
            "context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
                "locale": "en-GB", "page": {"url": format!("https://shop.example/list/{number}?from=newsletter"),
                    "path": "/list", "referrer": "https://search.example/", "title": "Everything of wool"},
                "campaign": {"name": "winter", "source": "newsletter", "medium": "email"},
                "library": {"name": "analytics.js", "version": "4.1.0"}, "note": "x".repeat(680)},
            "properties": {"list_id": "wool", "category": "Clothes", "products": products}})
    };
    let body = |way: &str| {
        let query = "mutation($events: [JSON!]!) { eventsIngest(events: $events) { outcomes { status } } }";
        let events: Vec<_> = (0..500).map(|number| event(way, number)).collect();
        json!({"query": query, "variables": {"events": events}}).to_string()
    };
    let plain = body("plain");
    assert!(plain.len() > 800_000 && plain.len() < 1_048_576, "{}", plain.len());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(body("packed").as_bytes()).expect("written");
    let packed = packed.finish().expect("packed");

    let all_created = |answer: &str| {
        let answer: serde_json::Value = serde_json::from_str(answer).expect("JSON");
        let outcomes = answer["data"]["eventsIngest"]["outcomes"].as_array().unwrap_or_else(|| panic!("{answer}"));
        outcomes.len() == 500 && outcomes.iter().all(|outcome| outcome["status"] == "CREATED")
    };
    let client = reqwest::Client::new();
    let post = || client.post(format!("{}/graphql", server.url)).header("content-type", "application/json");
    let answer = post().body(plain).send().await.expect("an answer").text().await.expect("text");
    assert!(all_created(&answer));
    let answer = post().header("content-encoding", "gzip").body(packed).send().await.expect("an answer");
    assert!(all_created(&answer.text().await.expect("text")));

    let address = server.url.trim_start_matches("http://").to_owned();
    let mut connection = TcpStream::connect(&address).expect("a connection");
    write!(
        connection,
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    .expect("sent");
    for part in body("chunked").as_bytes().chunks(10_000) {
        write!(connection, "{:x}\r\n", part.len()).expect("sent");
        connection.write_all(part).expect("sent");
        connection.write_all(b"\r\n").expect("sent");
    }
    connection.write_all(b"0\r\n\r\n").expect("sent");
    let answer = all_of(&connection);
    let (_, answer) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(all_created(answer));
}

#[tokio::test]
async fn settings_are_read_again_while_events_come_in_and_none_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |text: &str| std::fs::write(folder.path().join("throughline.toml"), text).expect("a file");
    write("[[event]]\nname = \"Wheel *\"\nkind = \"visit\"\n");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let take = "mutation($events: [JSON!]!) { eventsIngest(events: $events) { outcomes { status } } }";
    let list = "{ customer(by: {identifier: {kind: \"user_id\", value: \"ada\"}}) {
        touchpoints(first: 1) { totalCount nodes { kind } } } }";
    let mut sent = 0;
    // The kind of one more event named "Basket Filled", and that none before it was lost.
    let mut kind_of_the_next = async || {
        sent += 1;
        let event = json!({"type": "track", "event": "Basket Filled", "messageId": format!("m{sent}"), "userId": "ada",
            "timestamp": format!("2026-03-10T00:00:{:02}.{:03}Z", sent / 1000, sent % 1000)});
        let answer = server.ask(json!({"query": take, "variables": {"events": [event]}})).await;
        assert_eq!(answer["data"]["eventsIngest"]["outcomes"][0]["status"], "CREATED", "{answer}");
        let answer = server.ask(json!({"query": list})).await;
        let touchpoints = &answer["data"]["customer"]["touchpoints"];
        assert_eq!(touchpoints["totalCount"], sent, "{answer}");
        touchpoints["nodes"][0]["kind"].as_str().expect("a kind").to_owned()
    };
    assert_eq!(kind_of_the_next().await, "other");

    write("[[event]]\nname = \"Basket *\"\nkind = \"cart\"\n");
    assert_eq!(kind_of_the_next().await, "other", "nothing asked for it yet");
    server.signal("-HUP");
    while kind_of_the_next().await != "cart" {}

    write("[[event]]\nname = \"Basket *\"\nkind = \"cort\"\n");
    server.signal("-HUP");
    write("[[event]]\nname = \"Basket *\"\nkind = \"wishlist\"\n");
    server.signal("-HUP");
    while kind_of_the_next().await != "wishlist" {}
    let (code, log, _) = server.stop();
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("new events use them"), "{log}");
}

#[tokio::test]
async fn settings_with_a_mistake_are_not_taken_and_the_log_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    std::fs::write(folder.path().join("throughline.toml"), "[[event]]\nname = \"A\"\nkind = \"cort\"\n")
        .expect("a file");
    server.signal("-HUP");
    // Signals are taken one after the other, and each is logged before the next is waited for.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let answer = server.ask(json!({"query": "{ status { customers } }"})).await;
    assert_eq!(answer["data"]["status"]["customers"], 0, "{answer}");
    let (code, log, _) = server.stop();
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("the old ones stay in use") && log.contains("throughline.toml:3"), "{log}");
}
