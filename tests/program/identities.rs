//! `/v1/identities` of a running server, on both stores.

use serde_json::{Value, json};

use crate::running::Server;
use crate::server::Neo4j;

/// Asks for one identity: the status, the tag and the answer.
async fn one(server: &Server, path: &str, tag: Option<&str>) -> (u16, String, Value) {
    let mut request = reqwest::Client::new().get(format!("{}/v1/identities/{path}", server.url));
    if let Some(tag) = tag {
        request = request.header("if-none-match", tag);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let tag = answer.headers().get("etag").map_or("", |tag| tag.to_str().expect("text")).to_owned();
    let text = answer.text().await.expect("text");
    (status, tag, serde_json::from_str(&text).unwrap_or_default())
}

/// Sends events, and fails when one is not stored.
async fn take(server: &Server, events: Value) {
    let query = "mutation($e: [JSON]!) { eventsIngest(events: $e) { outcomes { status problems { message } } } }";
    let answer = server.ask(json!({"query": query, "variables": {"e": events}})).await;
    let outcomes = answer["data"]["eventsIngest"]["outcomes"].as_array().expect("outcomes").clone();
    assert!(outcomes.iter().all(|outcome| outcome["status"] == "CREATED"), "{answer}");
}

fn identify(n: u32, anonymous: &str, user: &str, traits: Value) -> Value {
    json!({"type": "identify", "messageId": format!("m{n}"), "anonymousId": anonymous, "userId": user,
        "timestamp": "2026-03-10T09:00:00Z", "traits": traits})
}

async fn identities_of(arguments: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", arguments).ready().await;
    assert_eq!(one(&server, "email/ada@example.com", None).await.0, 404);
    take(
        &server,
        json!([
            identify(1, "a1", "ada", json!({"email": "Ada@Example.com", "phone": "07700 900123"})),
            identify(2, "b1", "bob", json!({"email": "bob@example.com"})),
        ]),
    )
    .await;

    // In any spelling; the id is that of GraphQL.
    let (status, tag, ada) = one(&server, "phone/07700%20900123", None).await;
    let by_id = "{ customer(by: {identifier: {kind: \"user_id\", value: \"ada\"}}) { id } }";
    let id = server.ask(json!({"query": by_id})).await["data"]["customer"]["id"].clone();
    assert_eq!((status, &ada["customerId"], &ada["formerIds"]), (200, &id, &json!([])));
    let own = |kind: &str, value: &str| json!({"kind": kind, "value": value, "shared": false});
    let expected = json!([
        own("anonymous_id", "a1"),
        own("email", "ada@example.com"),
        own("phone", "+447700900123"),
        own("user_id", "ada")
    ]);
    assert_eq!(ada["identifiers"], expected);
    assert_eq!(tag, format!("\"{}\"", ada["version"].as_str().expect("a version")));
    for path in ["email/%20ADA%40example.COM", "user_id/ada"] {
        assert_eq!(one(&server, path, None).await, (200, tag.clone(), ada.clone()), "{path}");
        assert_eq!(one(&server, path, Some(&tag)).await.0, 304, "{path}");
    }

    // What says nothing about who it is keeps the tag, although the customer's version in the store rises.
    let mut viewed = identify(3, "a1", "ada", json!({"city": "Leeds"}));
    viewed["timestamp"] = json!("2020-01-01T00:00:00Z");
    take(&server, json!([viewed])).await;
    assert_eq!(one(&server, "user_id/ada", Some(&tag)).await.0, 304);
    take(&server, json!([identify(4, "a2", "ada", json!({}))])).await;
    let (status, with_second, _) = one(&server, "user_id/ada", Some(&tag)).await;
    assert!(status == 200 && with_second != tag);

    // A merge changes the tag; the older customer stays and names the other.
    let bob = one(&server, "user_id/bob", None).await.2["customerId"].clone();
    let merge = "mutation($ids: [ID!]!) { customerMerge(ids: $ids, reason: \"one person\") { status } }";
    let merged = server.ask(json!({"query": merge, "variables": {"ids": [id, bob]}})).await;
    assert_eq!(merged["data"]["customerMerge"]["status"], "DONE", "{merged}");
    let (status, after, both) = one(&server, "email/bob@example.com", Some(&with_second)).await;
    assert_eq!((status, &both["customerId"], &both["formerIds"]), (200, &id, &json!([bob])));
    assert!(after != with_second && both["identifiers"].as_array().expect("a list").len() == 8, "{both}");

    // Two people on one device: the device's id is nobody's.
    take(&server, json!([identify(5, "kiosk", "cy", json!({})), identify(6, "kiosk", "di", json!({})),])).await;
    let (status, _, kiosk) = one(&server, "anonymous_id/kiosk", None).await;
    let expected = json!([{"kind": "anonymous_id", "value": "kiosk", "shared": true}]);
    assert_eq!((status, &kiosk["customerId"], &kiosk["identifiers"]), (200, &Value::Null, &expected));

    let post = |body: Value| {
        let request = reqwest::Client::new().post(format!("{}/v1/identities", server.url)).json(&body);
        async { request.send().await.expect("an answer").json::<Value>().await.expect("JSON") }
    };
    let asked = |kind: &str, value: &str| json!({"kind": kind, "value": value});
    let many = post(json!({"identifiers": [asked("user_id", "nobody"), asked("email", "BOB@example.com"),
        asked("anonymous_id", "kiosk"), asked("email", "not an address"), asked("user_id", "ada")]}));
    assert_eq!(many.await, json!({"identities": [null, both, kiosk, null, both]}));
    let unknown =
        post(json!({"identifiers": [asked("email", "a@example.com"), asked("emial", "a@example.com")]})).await;
    let error = &unknown["errors"][0];
    assert_eq!(error["extensions"]["code"], "UNKNOWN_KIND", "{unknown}");
    assert_eq!(error["extensions"]["argument"], "identifiers.1.kind", "{unknown}");
    assert!(error["message"].as_str().expect("text").contains("did you mean \"email\"?"), "{unknown}");
    let (status, _, unknown) = one(&server, "emial/a@example.com", None).await;
    assert_eq!((status, &unknown["errors"][0]["extensions"]["code"]), (400, &json!("UNKNOWN_KIND")));

    let (code, log, _) = server.stop();
    assert!(code == 0 && !log.contains("example.com") && !log.contains("900123"), "{log}");
}

#[tokio::test]
async fn a_machine_asks_who_an_identifier_is() {
    identities_of(&[]).await;
}

#[tokio::test]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn on_neo4j_a_machine_asks_who_an_identifier_is() {
    let neo4j = Neo4j::wiped().await;
    identities_of(&["--store", &neo4j.url]).await;
}
