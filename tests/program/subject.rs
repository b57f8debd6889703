//! `throughline subject` as people run it, on both stores.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::running::run;
use crate::server::Neo4j;

fn a_person_gets_all_that_is_held(store: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let events = [
        json!({"type": "identify", "messageId": "m1", "userId": "ada", "timestamp": "2026-03-01T09:00:00Z",
            "traits": {"email": "ada@example.org", "name": "Ada", "bio": "<script>alert(1)</script>"}}),
        json!({"type": "identify", "messageId": "m2", "userId": "ada", "timestamp": "2026-03-02T09:00:00Z",
            "traits": {"name": "Ada L.", "phone": "+44 7700 900123"}}),
        json!({"type": "track", "messageId": "m3", "userId": "ada", "event": "Order Completed",
            "timestamp": "2026-03-03T00:00:00Z", "properties": {"order_id": "1", "currency": "GBP", "total": "20",
            "products": [{"sku": "hat", "name": "Hat", "price": "20", "quantity": 1}]},
            "context": {"device": {"id": "d1", "model": "Pixel"}}}),
        json!({"type": "track", "messageId": "m4", "userId": "ada", "event": "Consent Given",
            "timestamp": "2026-03-03T11:00:00Z", "properties": {"purpose": "marketing"}}),
        json!({"type": "track", "messageId": "m5", "userId": "ada", "event": "Consent Withdrawn",
            "timestamp": "2026-03-04T11:00:00Z", "properties": {"purpose": "marketing"}}),
        json!({"type": "track", "messageId": "m6", "userId": "bob", "event": "Product Viewed",
            "timestamp": "2026-03-04T12:00:00Z", "properties": {"secret": "of bob"}}),
    ];
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    std::fs::write(path.join("e.ndjson"), lines.join("\n")).expect("a file");
    let (code, out, error) = run(path, &[&["import", "--source", "shop", "e.ndjson"], store].concat());
    assert_eq!(code, 0, "{out}{error}");

    // As a person writes a number.
    let asked = ["subject", "--identifier", "phone:07700 900123", "--out", "for/ada"];
    let (code, out, error) = run(path, &[&asked[..], store].concat());
    assert_eq!(code, 0, "{out}{error}");
    let text = std::fs::read_to_string(path.join("for/ada/subject.json")).expect("a file");
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(found["customer"]["display_name"], "Ada L.");
    let of = |part: &str| found[part].as_array().unwrap_or_else(|| panic!("{part} in {found}")).clone();
    let mut identifiers: Vec<String> = of("identifiers").iter().map(|own| format!("{}", own["kind"])).collect();
    identifiers.sort();
    assert_eq!(identifiers, ["\"email\"", "\"phone\"", "\"user_id\""]);
    let names: Vec<Value> = of("traits").into_iter().filter(|row| row["name"] == "name").collect();
    assert_eq!(names.len(), 2, "all values, not only the shown one: {names:?}");
    assert_eq!(
        (&names[0]["value"], &names[0]["shown"], &names[0]["source"]),
        (&"Ada L.".into(), &true.into(), &"shop".into())
    );
    assert_eq!((&names[1]["value"], &names[1]["shown"]), (&"Ada".into(), &false.into()));
    let decisions: Vec<Value> = of("consents").iter().map(|row| json!([row["status"], row["in_force"]])).collect();
    assert_eq!(decisions, [json!(["REVOKED", true])], "the earlier decision is among the touchpoints");
    let orders = of("orders");
    assert_eq!((orders.len(), &orders[0]["total"], &orders[0]["lines"][0]["sku"]), (1, &"20.00".into(), &"hat".into()));
    let messages: Vec<Value> = of("touchpoints").iter().map(|row| row["message_id"].clone()).collect();
    assert_eq!(messages, ["m3", "m4", "m5"]);
    assert!(of("devices").iter().any(|device| device["model"] == "Pixel"), "{found}");
    assert!(of("links").iter().all(|link| link["source"] == "shop") && of("links").len() > 1, "{found}");
    assert_eq!(of("identity_history")[0]["kind"], "CREATED");
    assert!(!text.contains("of bob"), "another person's data");
    let page = std::fs::read_to_string(path.join("for/ada/subject.html")).expect("a file");
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
    for words in ["Ada L.", "ada@example.org", "+447700900123", "hat", "m3", "marketing", "Pixel", "shop"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    for file in ["subject.json", "subject.html"] {
        let mode = std::fs::metadata(path.join("for/ada").join(file)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    let (code, _, error) = run(path, &[&asked[..], store].concat());
    assert_eq!((code, error.contains("exists already")), (2, true), "{error}");
    let (code, out, error) =
        run(path, &[&["subject", "--identifier", "email:nobody@example.org", "--out", "none"], store].concat());
    assert_eq!((code, out.as_str(), error.contains("nobody has this identifier")), (1, "", true), "{error}");
    assert!(!path.join("none").exists(), "no files for nobody");
    let (code, _, error) = run(path, &[&["subject", "--identifier", "ada", "--out", "none"], store].concat());
    assert_eq!((code, error.contains("KIND:VALUE")), (2, true), "{error}");
}

#[test]
fn a_person_gets_all_that_is_held_on_them() {
    a_person_gets_all_that_is_held(&["--store", "sqlite:subject.db"]);
}

#[tokio::test]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn on_neo4j_a_person_gets_all_that_is_held_on_them() {
    let neo4j = Neo4j::wiped().await;
    a_person_gets_all_that_is_held(&["--store", &neo4j.url]);
}
