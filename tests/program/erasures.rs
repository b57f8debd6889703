//! The erasure of persons as people ask for it, on both stores. Each value of the erased persons has a word that occurs
//! nowhere else, and after the erasure no file and no node has any of these words.

use std::path::Path;

use serde_json::{Value, json};

use crate::running::{Server, program, run};
use crate::server::Neo4j;

/// The events of a person whose values begin with `mark`.
fn events(mark: &str) -> Vec<Value> {
    let id = |n: usize| format!("{mark}message{n}");
    vec![
        json!({"type": "identify", "messageId": id(1), "userId": format!("{mark}user"), "timestamp": "2026-03-01T09:00:00Z",
            "traits": {"email": format!("{mark}mail@example.org"), "name": format!("{mark}name"), "city": format!("{mark}city")}}),
        json!({"type": "identify", "messageId": id(2), "userId": format!("{mark}user"), "timestamp": "2026-03-01T09:05:00Z",
            "traits": {"city": format!("{mark}town"), "bio": format!("{mark}bio ").repeat(900)}}),
        json!({"type": "track", "messageId": id(3), "userId": format!("{mark}user"), "event": "Order Completed",
            "timestamp": "2026-03-03T00:00:00Z", "properties": {"order_id": format!("{mark}order"), "currency": "GBP", "total": "20",
            "coupon": format!("{mark}coupon"),
            "products": [{"sku": format!("{mark}sku"), "name": format!("{mark}product"), "category": format!("{mark}category"),
                "price": "20", "quantity": 1}]},
            "context": {"device": {"id": format!("{mark}device"), "model": format!("{mark}model")}}}),
        json!({"type": "track", "messageId": id(4), "userId": format!("{mark}user"), "event": "Order Refunded",
            "timestamp": "2026-03-03T01:00:00Z", "properties": {"order_id": format!("{mark}order"), "total": "5",
            "reason": format!("{mark}refund")}}),
        json!({"type": "track", "messageId": id(5), "userId": format!("{mark}user"), "event": "Consent Given",
            "timestamp": "2026-03-03T11:00:00Z", "properties": {"purpose": format!("{mark}purpose")}}),
        json!({"type": "track", "messageId": id(6), "userId": format!("{mark}user"), "anonymousId": "shared",
            "event": format!("{mark}event"), "timestamp": "2026-03-04T12:00:00Z",
            "properties": {"note": {"deep": [format!("{mark}property")]}},
            "context": {"sessionId": format!("{mark}session"), "campaign": {"name": format!("{mark}campaign")}}}),
        json!({"type": "track", "messageId": id(7), "userId": format!("{mark}user"), "event": "Product Added to Wishlist",
            "timestamp": "2026-03-04T13:00:00Z", "properties": {"sku": format!("{mark}wish"), "name": format!("{mark}wished")}}),
        json!({"type": "page", "messageId": id(8), "anonymousId": format!("{mark}browser"), "userId": format!("{mark}user"),
            "name": format!("{mark}page"), "timestamp": "2026-03-04T14:00:00Z"}),
    ]
}

/// Somebody else on the same device.
fn bob() -> Vec<Value> {
    vec![
        json!({"type": "identify", "messageId": "b1", "userId": "bob", "anonymousId": "shared", "timestamp": "2026-03-05T09:00:00Z",
            "traits": {"email": "bob@example.org", "name": "Bob"}}),
        json!({"type": "track", "messageId": "b2", "userId": "bob", "anonymousId": "shared", "event": "Product Viewed",
            "timestamp": "2026-03-05T12:00:00Z", "properties": {"sku": "hat"}, "context": {"sessionId": "of-bob"}}),
        json!({"type": "track", "messageId": "b3", "userId": "bob", "event": "Order Completed",
            "timestamp": "2026-03-06T00:00:00Z", "properties": {"order_id": "77", "currency": "GBP", "total": "9",
            "products": [{"sku": "hat", "name": "Hat", "price": "9", "quantity": 1}]}}),
    ]
}

fn import(folder: &Path, store: &[&str], events: &[Value]) {
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    std::fs::write(folder.join("e.ndjson"), lines.join("\n")).expect("a file");
    let (code, out, error) = run(folder, &[&["import", "--source", "shop", "e.ndjson"], store].concat());
    assert_eq!(code, 0, "{out}{error}");
    std::fs::remove_file(folder.join("e.ndjson")).expect("removed");
}

/// The files below a folder that have these bytes.
fn files_with(folder: &Path, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, word));
        } else {
            let bytes = std::fs::read(&path).expect("a file").to_ascii_lowercase();
            if bytes.windows(word.len()).any(|part| part == word.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// Where the words of a person are.
enum Place<'p> {
    Files(&'p Path),
    Neo4j(&'p Neo4j, &'p Path),
}

impl Place<'_> {
    async fn of(&self, word: &str) -> Vec<String> {
        match self {
            Place::Files(folder) => files_with(folder, word),
            Place::Neo4j(neo4j, folder) => {
                let mut found = files_with(folder, word);
                for text in [
                    "MATCH (n) WHERE any(k IN keys(n) WHERE toLower(toString(n[k])) CONTAINS $word) RETURN toString(labels(n)) AS what",
                    "MATCH (n) WHERE any(k IN keys(n) WHERE valueType(n[k]) STARTS WITH 'LIST<STRING' AND \
                     any(x IN n[k] WHERE toLower(x) CONTAINS $word)) RETURN toString(labels(n)) AS what",
                    "MATCH ()-[r]->() WHERE any(k IN keys(r) WHERE toLower(toString(r[k])) CONTAINS $word) RETURN type(r) AS what",
                ] {
                    let text = text
                        .replace("toString(n[k])", "toStringOrNull(n[k])")
                        .replace("toString(r[k])", "toStringOrNull(r[k])");
                    let text = text.replace("toString(labels(n))", "labels(n)[0]");
                    let query = neo4rs::query(&text).param("word", word);
                    let mut rows = neo4j.graph.execute(query).await.expect("an answer");
                    while let Some(row) = rows.next().await.expect("a row") {
                        found.push(row.get::<String>("what").expect("a word"));
                    }
                }
                found
            }
        }
    }
}

/// The ids that GraphQL gives, the errors it says.
fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

const PROFILE: &str = "id createdAt displayName spend { currency net { amount } orderCount }
    identifiers(first: 50) { nodes { kind value firstSeenAt lastSeenAt shared } }
    traits { name value } consents { purpose status } devices { nodes { id kind firstSeenAt lastSeenAt } }
    orders { nodes { id total { amount } } } touchpoints(first: 50) { nodes { id name at } }";

async fn bob_of(server: &Server) -> Value {
    let asked = format!("{{ customer(by: {{identifier: {{kind: \"user_id\", value: \"bob\"}}}}) {{ {PROFILE} }} }}");
    let answer = server.ask(json!({ "query": asked })).await;
    assert!(answer["errors"].is_null() && answer["data"]["customer"]["id"].is_string(), "{answer}");
    answer["data"]["customer"].clone()
}

async fn id_of(server: &Server, user: &str) -> String {
    let asked = format!("{{ customer(by: {{identifier: {{kind: \"user_id\", value: \"{user}\"}}}}) {{ id }} }}");
    let answer = server.ask(json!({ "query": asked })).await;
    answer["data"]["customer"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn send(server: &Server, events: &[Value]) -> Vec<Value> {
    let query = "mutation($events: [JSON]!) { eventsIngest(events: $events) { outcomes { status problems { code message } } } }";
    let answer = server.ask(json!({"query": query, "variables": {"events": events}})).await;
    answer["data"]["eventsIngest"]["outcomes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

async fn customers_in_journeys(server: &Server) -> Value {
    let query = "{ journeys { population { customers touchpoints } } }";
    loop {
        let answer = server.ask(json!({ "query": query })).await;
        if answer["errors"].is_null() {
            return answer["data"]["journeys"]["population"].clone();
        }
        assert_eq!(code(&answer), "NOT_READY", "{answer}");
    }
}

async fn nothing_of_an_erased_person_is_left(path: &Path, store: &[&str], place: Place<'_>) {
    import(path, store, &bob());
    let server = Server::start(path, "serve", store).ready().await;
    let alone = customers_in_journeys(&server).await;
    server.stop();
    import(path, store, &[events("zqada"), events("zqcleo")].concat());
    let server = Server::start(path, "serve", store).ready().await;
    let (ada, bob_id) = (id_of(&server, "zqadauser").await, id_of(&server, "bob").await);
    // A value that no event can have is rejected, and is nowhere.
    let rejected = send(
        &server,
        &[json!({"type": "track", "event": "x", "messageId": "r1", "userId": "zqadarejected",
        "timestamp": "zqadarejectedtime"})],
    )
    .await;
    assert_eq!(rejected[0]["status"], "REJECTED");
    let kept = format!(
        "mutation {{ customersKeepApart(ids: [\"{ada}\", \"{bob_id}\"], reason: \"zqadareason\") {{ status }} }}"
    );
    let kept = server.ask(json!({ "query": kept })).await;
    assert_eq!(kept["data"]["customersKeepApart"]["status"], "DONE", "{kept}");
    let split = format!(
        "mutation {{ customerSplit(id: \"{ada}\", identifiers: [{{kind: \"email\", value: \"zqadamail@example.org\"}}], \
         reason: \"zqadasplit\") {{ status created {{ id }} }} }}"
    );
    let split = server.ask(json!({ "query": split })).await;
    let created = split["data"]["customerSplit"]["created"]["id"].as_str().expect("a customer").to_owned();
    let merged = format!(
        "mutation {{ customerMerge(ids: [\"{ada}\", \"{created}\"], reason: \"zqadamerge\") {{ status absorbedIds }} }}"
    );
    let merged = server.ask(json!({ "query": merged })).await;
    assert_eq!(merged["data"]["customerMerge"]["absorbedIds"], json!([created]), "{merged}");
    let bob_before = bob_of(&server).await;
    let last = server.ask(json!({"query": "{ status { change } changes(first: 100) { nodes { at } } }"})).await;
    let at =
        last["data"]["changes"]["nodes"].as_array().and_then(|nodes| nodes.last()).expect("a change")["at"].clone();
    customers_in_journeys(&server).await;
    server.stop();

    let words = [
        "user", "mail", "name", "city", "town", "bio", "order", "coupon", "sku", "product", "category", "model",
        "refund", "purpose", "event", "property", "session", "campaign", "wish", "wished", "browser", "page",
        "message", "reason", "split", "merge",
    ];
    for word in words {
        assert!(!place.of(&format!("zqada{word}")).await.is_empty(), "{word} is somewhere before");
    }
    let asked = ["erase", "--identifier", "email:ZQADAmail@example.org", "--reason", "request 17"];
    let (code_, out, error) = run(path, &[&asked[..], &["--dry-run", "--json"], store].concat());
    assert_eq!(code_, 0, "{out}{error}");
    let trial: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&trial["status"], &trial["erased_id"]), (&json!("TRIAL"), &json!(ada)));
    assert!(!place.of("zqadamail").await.is_empty(), "a trial changes nothing");
    let (code_, out, error) = run(path, &[&asked[..], &["--json"], store].concat());
    assert_eq!(code_, 0, "{out}{error}");
    let manifest: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&manifest["status"], &manifest["erased_id"]), (&json!("DONE"), &json!(ada)));
    assert!(!out.contains("zqada"), "{out}");
    let places = manifest["manifest"].as_array().expect("places");
    let rows = |name: &str| places.iter().find(|from| from["place"] == name).expect(name)["rows"].clone();
    assert_eq!((rows("touchpoints"), rows("orders"), rows("consents")), (json!(6), json!(1), json!(1)), "{out}");
    assert!(places.iter().any(|from| from["place"] == "backups" && from["done"] == false && from["hint"].is_string()));
    for word in words.iter().chain(&["device", "rejected", ""]) {
        let found = place.of(&format!("zqada{word}")).await;
        assert!(found.is_empty(), "{word}: {found:?}");
    }
    assert!(!place.of("zqcleomail").await.is_empty() && !place.of("bob@example.org").await.is_empty());
    let (code_, out, error) = run(path, &[&["check", "--recount"], store].concat());
    assert_eq!(code_, 0, "{out}{error}");
    let (code_, out, _) = run(path, &[&asked[..], store].concat());
    assert_eq!((code_, out.as_str()), (0, "this person was erased before\n"));
    let report = ["subject", "--identifier", "email:zqadamail@example.org", "--out", "none"];
    assert_eq!(run(path, &[&report[..], store].concat()).0, 1);

    let server = Server::start(path, "serve", store).ready().await;
    assert_eq!(bob_of(&server).await, bob_before);
    for id in [&ada, &created] {
        for query in [
            format!("{{ customer(by: {{id: \"{id}\"}}) {{ id }} }}"),
            format!("{{ customer(by: {{id: \"{id}\"}}, asOf: {at}) {{ id }} }}"),
            format!("{{ customersBy(keys: [{{id: \"{id}\"}}]) {{ id }} }}"),
            format!("{{ node(id: \"{id}\") {{ id }} }}"),
            format!("{{ nodes(ids: [\"{id}\"]) {{ id }} }}"),
        ] {
            let answer = server.ask(json!({ "query": query })).await;
            assert_eq!(code(&answer), "ERASED", "{query}: {answer}");
            let data = answer["data"].as_object().and_then(|data| data.values().next()).cloned().unwrap_or_default();
            assert!(data.is_null() || data == json!([null]), "{answer}");
        }
        for mutation in [
            format!("customerMerge(ids: [\"{bob_id}\", \"{id}\"], reason: \"x\")"),
            format!("customersKeepApart(ids: [\"{bob_id}\", \"{id}\"], reason: \"x\")"),
            format!("customerSplit(id: \"{id}\", identifiers: [{{kind: \"user_id\", value: \"bob\"}}], reason: \"x\")"),
        ] {
            let query = format!("mutation {{ done: {mutation} {{ status problems {{ code }} }} }}");
            let done = server.ask(json!({ "query": query })).await["data"]["done"].clone();
            assert_eq!(done, json!({"status": "REFUSED", "problems": [{"code": "ERASED"}]}), "{query}");
        }
        let again = format!(
            "mutation {{ done: customerErase(id: \"{id}\", reason: \"x\") {{ status erasedId change manifest {{ place }} }} }}"
        );
        let again = server.ask(json!({ "query": again })).await["data"]["done"].clone();
        assert_eq!(again, json!({"status": "UNCHANGED", "erasedId": id, "change": null, "manifest": []}));
    }
    let log = "{ changes(first: 100, kinds: [CUSTOMER_ERASED]) { nodes { kind customerId reason otherCustomerIds } } }";
    let log = server.ask(json!({ "query": log })).await["data"]["changes"]["nodes"].clone();
    let told =
        json!({"kind": "CUSTOMER_ERASED", "customerId": ada, "reason": "request 17", "otherCustomerIds": [created]});
    assert_eq!(log, json!([told]));
    let whole = "{ changes(first: 100) { nodes { kind customerId customer { id } messageId reason } } }";
    let whole = server.ask(json!({ "query": whole })).await;
    assert!(!whole.to_string().contains("zqada"), "{whole}");
    assert_eq!(code(&whole), "ERASED", "the customer of an entry");

    let outcomes = send(&server, &events("zqada")).await;
    assert!(outcomes.iter().all(|outcome| outcome["status"] == "UNCHANGED"), "{outcomes:?}");

    // Another person is erased while the server runs, and is not taken any more.
    let cleo = id_of(&server, "zqcleouser").await;
    let mutation = format!(
        "mutation {{ customerErase(id: \"{cleo}\", reason: \"request 18\", suppress: true) {{ status erasedId identifiers \
         touchpoints orders manifest {{ place done hint }} problems {{ code }} }} }}"
    );
    let done = server.ask(json!({ "query": mutation })).await;
    let done = &done["data"]["customerErase"];
    assert_eq!(
        (&done["status"], &done["erasedId"], &done["orders"]),
        (&json!("DONE"), &json!(cleo), &json!(1)),
        "{done}"
    );
    assert_eq!(customers_in_journeys(&server).await, alone, "as if they had never been");
    let later = json!({"type": "track", "messageId": "later1", "event": "zqcleolater", "anonymousId": "zqcleobrowser",
        "properties": {"secret": "zqcleosecret"}});
    let rejected = send(&server, std::slice::from_ref(&later)).await;
    assert_eq!(
        (&rejected[0]["status"], &rejected[0]["problems"][0]["code"]),
        (&json!("REJECTED"), &json!("SUPPRESSED"))
    );
    assert!(!rejected[0].to_string().contains("zqcleo"), "{rejected:?}");
    let outcomes = send(&server, &events("zqcleo")).await;
    assert!(outcomes.iter().all(|outcome| outcome["status"] == "UNCHANGED"), "{outcomes:?}");
    let metrics = reqwest::get(format!("{}/metrics", server.url)).await.expect("an answer").text().await.expect("text");
    let counted = |line: &str| line.starts_with("throughline_ingest_suppressed_total{") && line.ends_with(" 1");
    assert!(metrics.lines().any(counted), "suppressed events are counted: {metrics}");
    assert_eq!(bob_of(&server).await, bob_before);
    let (_, log, _) = server.stop();
    assert!(!log.contains("zqcleo") && !log.contains("zqada"), "{log}");
    let found = place.of("zqcleo").await;
    assert!(found.is_empty(), "{found:?}");

    let server = Server::start(path, "serve", store).ready().await;
    assert_eq!(customers_in_journeys(&server).await, alone);
    let lift = |value: &str| {
        format!(
            "mutation {{ suppressionLift(identifier: {{kind: \"anonymous_id\", value: \"{value}\"}}, reason: \"x\") {{ status problems {{ code }} }} }}"
        )
    };
    for (value, status) in [("zqcleobrowser", "DONE"), ("zqcleobrowser", "UNCHANGED"), ("nobody", "REFUSED")] {
        let lifted = server.ask(json!({"query": lift(value)})).await;
        assert_eq!(lifted["data"]["suppressionLift"]["status"], status, "{lifted}");
    }
    assert_eq!(send(&server, &[later]).await[0]["status"], "CREATED");
    server.stop();
    let (code_, out, error) = run(path, &[&["check", "--recount"], store].concat());
    assert_eq!(code_, 0, "{out}{error}");
}

fn a_killed_erasure_leaves_a_whole_person_or_none(path: &Path, store: &[&str]) -> Vec<String> {
    import(path, store, &bob());
    let mut marks = Vec::new();
    for n in 0..5_u64 {
        let mark = format!("zqk{n}");
        import(path, store, &events(&mark));
        let identifier = format!("user_id:{mark}user");
        let asked = [&["erase", "--identifier", &identifier, "--reason", "request"][..], store].concat();
        let mut child = program(path).args(&asked).stdout(std::process::Stdio::null()).spawn().expect("the program");
        std::thread::sleep(std::time::Duration::from_millis(n * 40));
        child.kill().expect("it ran");
        child.wait().expect("an end");
        let report = format!("of-{mark}");
        let subject = [&["subject", "--identifier", &identifier, "--out", &report][..], store].concat();
        if run(path, &subject).0 == 0 {
            let text = std::fs::read_to_string(path.join(&report).join("subject.json")).expect("a report");
            let found: Value = serde_json::from_str(&text).expect("JSON");
            let count = |part: &str| found[part].as_array().map_or(0, Vec::len);
            assert_eq!((count("touchpoints"), count("orders"), count("consents")), (6, 1, 1), "whole, or erased");
            std::fs::remove_dir_all(path.join(&report)).expect("removed");
        }
        let (code, out, error) = run(path, &[&["check", "--recount"], store].concat());
        assert_eq!(code, 0, "{out}{error}");
        let (code, out, error) = run(path, &asked);
        assert_eq!(code, 0, "{out}{error}");
        marks.push(mark);
    }
    let (code, out, error) = run(path, &[&["check", "--recount"], store].concat());
    assert_eq!(code, 0, "{out}{error}");
    marks
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_left_in_any_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = ["--store", "sqlite:people.db"];
    nothing_of_an_erased_person_is_left(folder.path(), &store, Place::Files(folder.path())).await;
}

#[tokio::test]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn on_neo4j_nothing_of_an_erased_person_is_left_in_any_node() {
    let folder = tempfile::tempdir().expect("a folder");
    let neo4j = Neo4j::wiped().await;
    let place = Place::Neo4j(&neo4j, folder.path());
    nothing_of_an_erased_person_is_left(folder.path(), &["--store", &neo4j.url], place).await;
}

#[tokio::test]
async fn an_erasure_that_is_killed_leaves_nobody_in_halves() {
    let folder = tempfile::tempdir().expect("a folder");
    let marks = a_killed_erasure_leaves_a_whole_person_or_none(folder.path(), &["--store", "sqlite:people.db"]);
    for mark in marks {
        let found = files_with(folder.path(), &mark);
        assert!(found.is_empty(), "{mark}: {found:?}");
    }
}

#[tokio::test]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn on_neo4j_an_erasure_that_is_killed_leaves_nobody_in_halves() {
    let folder = tempfile::tempdir().expect("a folder");
    let neo4j = Neo4j::wiped().await;
    let marks = a_killed_erasure_leaves_a_whole_person_or_none(folder.path(), &["--store", &neo4j.url]);
    for mark in marks {
        let found = Place::Neo4j(&neo4j, folder.path()).of(&mark).await;
        assert!(found.is_empty(), "{mark}: {found:?}");
    }
}

/// Events of a person come in while the person is erased: what came before is gone, what comes later is a new customer's.
#[tokio::test]
async fn events_that_come_in_during_an_erasure_are_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let server = Server::start(path, "serve", &["--store", "sqlite:people.db"]).ready().await;
    send(&server, &events("zqada")).await;
    let ada = id_of(&server, "zqadauser").await;
    let erase = format!("mutation {{ customerErase(id: \"{ada}\", reason: \"x\") {{ status }} }}");
    let sending = async {
        for n in 0..40 {
            let view = json!({"type": "page", "name": "Home", "messageId": format!("during{n}"), "userId": "zqadauser",
                "timestamp": "2026-03-09T00:00:00Z"});
            let outcome = send(&server, &[view]).await;
            assert_eq!(outcome[0]["status"], "CREATED");
        }
    };
    let ((), erased) = tokio::join!(sending, server.ask(json!({ "query": erase })));
    assert_eq!(erased["data"]["customerErase"]["status"], "DONE", "{erased}");
    let answer = server.ask(json!({"query": format!("{{ customer(by: {{id: \"{ada}\"}}) {{ id }} }}")})).await;
    assert_eq!(code(&answer), "ERASED");
    server.stop();
    let (code, out, error) = run(path, &["check", "--recount", "--store", "sqlite:people.db"]);
    assert_eq!(code, 0, "{out}{error}");
    assert!(files_with(path, "zqadamail").is_empty());
}
