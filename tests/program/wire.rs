//! Segment's and RudderStack's wire at a running server.

use reqwest::Client;
use serde_json::{Value, json};

use crate::running::Server;

async fn send(server: &Server, call: &str, body: Value) -> (u16, Value) {
    let request = Client::new().post(format!("{}/v1/{call}", server.url)).basic_auth("any-key", Some(""));
    let answer = request.body(body.to_string()).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn ask(server: &Server, query: &str) -> Value {
    server.ask(json!({ "query": query })).await["data"].take()
}

#[tokio::test]
async fn calls_of_the_wire_become_a_customer_and_count_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let fine = (200, json!({"success": true}));
    let at = "2026-03-10T09:00:00Z";
    for _ in 0..2 {
        let calls = [
            (
                "identify",
                json!({"messageId": "w1", "userId": "ada", "anonymousId": "a1", "timestamp": at,
                "traits": {"email": "ada@example.com"}, "writeKey": "any-key"}),
            ),
            (
                "t",
                json!({"messageId": "w2", "anonymousId": "a1", "event": "Product Viewed", "timestamp": at,
                "type": "track", "properties": {"sku": "lamp"}}),
            ),
            ("page", json!({"messageId": "w3", "anonymousId": "a1", "name": "Home", "timestamp": at})),
            ("s", json!({"messageId": "w4", "userId": "ada", "name": "Start", "timestamp": at})),
            ("group", json!({"messageId": "w5", "userId": "ada", "groupId": "g1", "timestamp": at})),
            ("a", json!({"messageId": "w6", "userId": "ada", "previousId": "a0", "timestamp": at})),
        ];
        for (call, body) in calls {
            assert_eq!(send(&server, call, body).await, fine, "{call}");
        }
    }
    let customer = "{ customer(by: {identifier: {kind: \"anonymous_id\", value: \"a0\"}}) {
        activity { touchpointCount } identifiers { totalCount } touchpoints { nodes { source } } } }";
    let found = ask(&server, customer).await["customer"].take();
    assert_eq!((&found["activity"]["touchpointCount"], &found["identifiers"]["totalCount"]), (&json!(3), &json!(4)));
    assert!(found["touchpoints"]["nodes"].as_array().expect("a list").iter().all(|t| t["source"] == "http"), "{found}");

    // The client's clock is a day fast: what happened an hour before it was sent happened an hour before the receipt.
    let batch = json!({"sentAt": "2031-01-02T01:00:00Z", "batch": [
        {"type": "track", "messageId": "w7", "userId": "cy", "event": "Call Answered", "timestamp": "2031-01-02T00:00:00Z"},
        {"type": "track", "messageId": "w8", "event": "Nobody"},
        3,
        {"type": "track", "messageId": "w9", "userId": "cy", "event": "Call Answered",
            "timestamp": "2031-01-02T00:30:00Z", "context": {"source": "till"}},
    ]});
    let (status, answer) = send(&server, "batch", batch).await;
    let rejected = answer["rejected"].as_array().expect("a list");
    let places: Vec<&Value> = rejected.iter().map(|rejected| &rejected["index"]).collect();
    assert_eq!((status, &answer["success"], places), (200, &json!(true), vec![&json!(1), &json!(2)]), "{answer}");
    let both = "{ a: touchpoint(messageId: \"w7\") { at source } b: touchpoint(messageId: \"w9\") { at source } }";
    let both = ask(&server, both).await;
    let time = |name: &str| both[name]["at"].as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time");
    let before = jiff::Timestamp::now().duration_since(time("a")).as_secs();
    assert!((3_600..3_900).contains(&before), "{before}");
    assert_eq!(time("b").duration_since(time("a")).as_secs(), 1_800);
    assert_eq!((&both["a"]["source"], &both["b"]["source"]), (&json!("http"), &json!("till")));

    let (status, refused) = send(&server, "track", json!({"messageId": "w10", "event": "Nobody"})).await;
    assert_eq!(status, 400, "{refused}");
    let (code, log, _) = server.stop();
    assert!(code == 0 && !log.contains("example.com") && !log.contains("any-key"), "{log}");
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let client = Client::new();
    let sends = (0..8).map(|sender| {
        let (client, url) = (client.clone(), format!("{}/v1/b", server.url));
        tokio::spawn(async move {
            let mut acknowledged = 0_i64;
            for call in 0..1_000 {
                let event = |n: u32| {
                    json!({"type": "track", "event": "Call Answered", "userId": format!("u{sender}"),
                    "messageId": format!("{sender}/{call}/{n}"), "timestamp": "2026-03-10T09:00:00Z"})
                };
                let body = json!({"batch": (0..10).map(event).collect::<Vec<_>>()});
                match client.post(&url).body(body.to_string()).send().await {
                    Ok(answer) if answer.status().is_success() => acknowledged += 10,
                    _ => break,
                }
            }
            acknowledged
        })
    });
    let sends: Vec<_> = sends.collect();
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    server.kill();
    let mut acknowledged = 0;
    for send in sends {
        acknowledged += send.await.expect("a count");
    }
    assert!(acknowledged > 0);
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let stored = ask(&server, "{ status { touchpoints } }").await["status"]["touchpoints"].as_i64().expect("a number");
    // Of each sender one call of ten events may be stored without an answer.
    assert!((acknowledged..=acknowledged + 80).contains(&stored), "{acknowledged} acknowledged, {stored} stored");
}
