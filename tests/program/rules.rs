//! Rules that change while a server runs: read, tried, saved, taken in.

use std::time::Duration;

use serde_json::{Value, json};

use crate::running::{Server, run};

/// All that is to be sent back.
const RULES: &str = "{ identityRules { version savedBy note blocked maxIdentifiers sessionGap phoneCountry
    kinds { name priority from parts except normalise blocked limit device merges } } }";
const TRIAL: &str = "query Trial($rules: IdentityRulesInput!) { identityRulesTrial(rules: $rules) {
    customersNow customersThen splits joins problems { code path message }
    examples { customers { id } groups { identifiers { kind value } } reason } } }";
const SAVE: &str = "mutation Save($rules: IdentityRulesInput!) { identityRulesSave(rules: $rules) {
    status change rules { version savedBy note } problems { code path message } } }";

/// The rules as they were read, as an input.
fn input(read: &Value) -> Value {
    let mut rules = read.clone();
    let fields = rules.as_object_mut().expect("an object");
    let version = fields.remove("version").expect("a version");
    fields.insert("basedOn".into(), version);
    fields.remove("savedBy");
    for kind in rules["kinds"].as_array_mut().expect("kinds") {
        kind.as_object_mut().expect("an object").remove("priority");
    }
    rules
}

async fn ask(server: &Server, query: &str, rules: &Value) -> Value {
    let answer = server.ask(json!({"query": query, "variables": {"rules": rules}})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let data = answer["data"].as_object().expect("data");
    data.values().next().expect("an answer").clone()
}

#[tokio::test]
async fn rules_are_read_tried_saved_and_taken_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let seen = |id: &str, email: &str, device: &str| {
        json!({"type": "identify", "messageId": id, "anonymousId": device, "traits": {"email": email},
            "timestamp": "2026-03-01T10:00:00Z"})
    };
    let events = json!([
        seen("m1", "ada@example.org", "tablet"),
        seen("m2", "ben@example.org", "telephone"),
        seen("m3", "ben@example.org", "tablet"),
    ]);
    let ingest = "mutation In($events: [JSON!]!) { eventsIngest(events: $events) { outcomes { status } } }";
    let answer = server.ask(json!({"query": ingest, "variables": {"events": events}})).await;
    assert_eq!(answer["data"]["eventsIngest"]["outcomes"][2]["status"], "CREATED", "{answer}");

    let read = server.ask(json!({"query": RULES})).await["data"]["identityRules"].clone();
    assert_eq!(
        (&read["version"], &read["savedBy"], &read["kinds"][1]["limit"]),
        (&json!(1), &json!("settings"), &json!(5))
    );
    assert_eq!((&read["kinds"][1]["priority"], &read["sessionGap"]), (&json!(2), &json!("PT30M")));
    let same = input(&read);
    let unchanged = ask(&server, SAVE, &same).await;
    assert_eq!((&unchanged["status"], &unchanged["change"]), (&json!("UNCHANGED"), &Value::Null));

    // What cannot be is said, and nothing changes.
    let mut bad = same.clone();
    bad["kinds"][1]["limit"] = json!(0);
    for query in [TRIAL, SAVE] {
        let problem = ask(&server, query, &bad).await["problems"][0].clone();
        assert_eq!((&problem["code"], &problem["path"]), (&json!("BAD_ARGUMENT"), &json!("rules.kinds[1].limit")));
    }

    let mut strict = same.clone();
    strict["kinds"][1]["limit"] = json!(1);
    strict["note"] = json!("tablets are shared here");
    let trial = ask(&server, TRIAL, &strict).await;
    assert_eq!((&trial["customersNow"], &trial["customersThen"]), (&json!(1), &json!(2)), "{trial}");
    assert_eq!((&trial["splits"], &trial["joins"], &trial["problems"]), (&json!(1), &json!(0), &json!([])));
    let example = &trial["examples"][0];
    assert_eq!(example["customers"].as_array().map(Vec::len), Some(1));
    assert_eq!(example["groups"].as_array().map(Vec::len), Some(2), "{example}");
    let before = server.ask(json!({"query": "{ status { change customers } }"})).await;

    let saved = ask(&server, SAVE, &strict).await;
    assert_eq!((&saved["status"], &saved["rules"]["version"]), (&json!("DONE"), &json!(2)), "{saved}");
    assert_eq!(saved["rules"]["note"], "tablets are shared here");
    assert!(saved["change"].is_string());
    let again = ask(&server, SAVE, &strict).await;
    assert_eq!((&again["status"], &again["problems"][0]["code"]), (&json!("REFUSED"), &json!("RULES_CHANGED")));

    // The server takes them in by itself.
    let mut customers = Value::Null;
    for _ in 0..100 {
        customers =
            server.ask(json!({"query": "{ status { customers } }"})).await["data"]["status"]["customers"].clone();
        if customers == trial["customersThen"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(customers, trial["customersThen"], "it began from {before}");
    let log = "{ changes(first: 100, kinds: [RULES_SAVED, CUSTOMER_SPLIT, IDENTIFIER_SHARED]) { nodes { kind } } }";
    let log = server.ask(json!({"query": log})).await.to_string();
    for kind in ["RULES_SAVED", "CUSTOMER_SPLIT", "IDENTIFIER_SHARED"] {
        assert!(log.contains(kind), "{kind} is not in {log}");
    }
    // Whom they refuse is told as if an event had been refused.
    let told = r#"{ identityHealth { refused { rule count } }
        identifier(kind: "email", value: "ben@example.org") { customer {
            identityHistory { nodes { kind rule messageId identifiers { kind } } } } } }"#;
    let told = server.ask(json!({"query": told})).await["data"].clone();
    assert_eq!(told["identityHealth"]["refused"], json!([{"rule": "email", "count": 1}]), "{told}");
    let history = &told["identifier"]["customer"]["identityHistory"]["nodes"];
    let line =
        json!({"kind": "REFUSED", "rule": "email", "messageId": "m3", "identifiers": [{"kind": "anonymous_id"}]});
    assert!(history.as_array().is_some_and(|lines| lines.contains(&line)), "{told}");
    let metrics = reqwest::get(format!("{}/metrics", server.url)).await.expect("an answer").text().await.expect("text");
    assert!(metrics.contains(r#"throughline_identity_refusals_total{rule="email"} 1"#), "{metrics}");
    let (code, log, _) = server.stop();
    assert_eq!(code, 0, "{log}");

    // Nothing is left to do; and what the settings say no longer counts.
    std::fs::write(folder.path().join("throughline.toml"), "[identity]\nmax_identifiers = 10\n").expect("settings");
    let (code, out, log) = run(folder.path(), &["restitch"]);
    assert_eq!(
        (code, out.trim()),
        (0, "all customers agree with version 2 of the rules: 0 moves in 1 rounds"),
        "{log}"
    );
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let read = server.ask(json!({"query": RULES})).await["data"]["identityRules"].clone();
    assert_eq!((&read["version"], &read["maxIdentifiers"]), (&json!(2), &json!(200)));
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let (_, log, _) = server.stop();
    assert!(log.contains("differs from the rules in the store"), "{log}");
}

#[tokio::test]
async fn a_composite_is_made_of_what_was_said_before_it_was_thought_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let seen = |id: &str, device: &str, name: &str| {
        json!({"type": "identify", "messageId": id, "anonymousId": device, "timestamp": "2026-03-01T10:00:00Z",
            "traits": {"surname": name, "postcode": "BA1 2NB"}})
    };
    let events = json!([seen("m1", "web", "Love"), seen("m2", "app", " love"), seen("m3", "till", "Byron")]);
    let ingest = "mutation In($events: [JSON!]!) { eventsIngest(events: $events) { outcomes { status } } }";
    server.ask(json!({"query": ingest, "variables": {"events": events}})).await;
    let same = input(&server.ask(json!({"query": RULES})).await["data"]["identityRules"]);
    let with = |parts: Value| {
        let mut rules = same.clone();
        let kinds = rules["kinds"].as_array_mut().expect("kinds");
        kinds.insert(4, json!({"name": "name_and_place", "parts": parts, "limit": 2}));
        rules
    };
    // What cannot be is said, and nothing changes.
    let cases = [
        (json!(["traits.surname", "properties.postcode"]), "rules.kinds[4].parts[1]"),
        (json!(["context.traits.surname", "traits.postcode"]), "rules.kinds[4].parts[0]"),
        (json!(["traits.surname", "traits.surname"]), "rules.kinds[4].parts[1]"),
        (json!(["traits.surname"]), "rules.kinds[4].parts"),
    ];
    for (parts, path) in cases {
        for query in [TRIAL, SAVE] {
            let answer = ask(&server, query, &with(parts.clone())).await;
            let problem = &answer["problems"][0];
            assert_eq!((&problem["code"], &problem["path"]), (&json!("BAD_ARGUMENT"), &json!(path)), "{answer}");
        }
    }
    let new = with(json!(["traits.surname", "traits.postcode"]));
    let trial = ask(&server, TRIAL, &new).await;
    assert_eq!((&trial["customersNow"], &trial["customersThen"]), (&json!(3), &json!(2)), "{trial}");
    assert_eq!((&trial["splits"], &trial["joins"], &trial["problems"]), (&json!(0), &json!(1), &json!([])));
    let example = &trial["examples"][0];
    assert_eq!(example["groups"][0]["identifiers"].as_array().map(Vec::len), Some(2), "{example}");
    assert!(example["reason"].as_str().is_some_and(|reason| reason.contains("name_and_place")), "{example}");
    let saved = ask(&server, SAVE, &new).await;
    assert_eq!((&saved["status"], &saved["rules"]["version"]), (&json!("DONE"), &json!(2)), "{saved}");
    // The server takes it in by itself.
    let love = r#"{ customer(by: {identifier: {kind: "anonymous_id", value: "app"}}) { identifiers { nodes { kind value } } } }"#;
    let mut one = Value::Null;
    for _ in 0..100 {
        one = server.ask(json!({"query": love})).await;
        if one.to_string().contains("web") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(one.to_string().contains("4:love 7:ba1 2nb"), "{one}");
    let why = r#"{ whyLinked(from: {kind: "anonymous_id", value: "web"}, to: {kind: "anonymous_id", value: "app"}) {
        sameCustomer steps { rule messageId count } } }"#;
    let why = server.ask(json!({"query": why})).await["data"]["whyLinked"].clone();
    let step = |message: &str| json!({"rule": "anonymous_id", "messageId": message, "count": 1});
    assert_eq!(why, json!({"sameCustomer": true, "steps": [step("m1"), step("m2")]}));
    server.stop();
    let (code, out, log) = run(folder.path(), &["restitch"]);
    assert_eq!(
        (code, out.trim()),
        (0, "all customers agree with version 2 of the rules: 0 moves in 1 rounds"),
        "{log}"
    );
}

/// How many tablets are shared by two people.
const TABLETS: usize = 3_000;

#[tokio::test]
async fn rules_that_are_being_taken_in_when_the_program_is_killed_are_taken_in_by_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let seen = |tablet: usize, who: &str| {
        json!({"type": "identify", "messageId": format!("{who}-{tablet}"), "anonymousId": format!("tablet-{tablet}"),
            "traits": {"email": format!("{who}-{tablet}@example.org")}, "timestamp": "2026-03-01T10:00:00Z"})
    };
    let lines =
        ["ada", "ben"].into_iter().flat_map(|who| (0..TABLETS).map(move |tablet| seen(tablet, who).to_string()));
    std::fs::write(folder.path().join("events.ndjson"), lines.collect::<Vec<_>>().join("\n")).expect("a file");
    let (code, out, log) = run(folder.path(), &["import", "events.ndjson"]);
    assert_eq!(code, 0, "{out}{log}");

    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let customers = async |server: &Server| {
        let answer = server.ask(json!({"query": "{ status { customers } }"})).await;
        answer["data"]["status"]["customers"].as_str().map_or_else(
            || answer["data"]["status"]["customers"].as_u64().expect("a number"),
            |text| text.parse().expect("a number"),
        ) as usize
    };
    assert_eq!(customers(&server).await, TABLETS);
    let mut strict = input(&server.ask(json!({"query": RULES})).await["data"]["identityRules"]);
    strict["kinds"][1]["limit"] = json!(1);
    let saved = ask(&server, SAVE, &strict).await;
    assert_eq!(saved["status"], "DONE", "{saved}");
    // In the middle of it.
    while customers(&server).await == TABLETS {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.kill();

    // What was killed while it wrote has left whole changes; the next goes on from there.
    let (code, out, log) = run(folder.path(), &["restitch"]);
    assert_eq!(code, 0, "{out}{log}");
    let moved: usize = out.split(": ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("moves");
    assert!(0 < moved && moved < TABLETS, "it was killed before or after, not in the middle: {out}");
    let (_, out, log) = run(folder.path(), &["restitch"]);
    assert_eq!(out.trim(), "all customers agree with version 2 of the rules: 0 moves in 1 rounds", "{log}");
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    assert_eq!(customers(&server).await, 2 * TABLETS);
    let log = "{ changes(first: 1, kinds: [CUSTOMER_SPLIT]) { totalCount } }";
    let log = server.ask(json!({"query": log})).await;
    assert_eq!(log["data"]["changes"]["totalCount"].to_string().trim_matches('"'), TABLETS.to_string(), "{log}");
}

#[tokio::test]
async fn a_question_on_the_command_line_goes_by_the_stores_session_gap() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = |id: &str, time: &str| json!({"type": "page", "messageId": id, "userId": "ada", "name": "Home", "timestamp": format!("2026-03-01T{time}Z")});
    let lines = [page("m1", "10:00:00"), page("m2", "10:10:00")].map(|event| event.to_string());
    std::fs::write(folder.path().join("events.ndjson"), lines.join("\n")).expect("a file");
    let (code, out, log) = run(folder.path(), &["import", "events.ndjson"]);
    assert_eq!(code, 0, "{out}{log}");
    let sessions = || {
        let (code, out, log) = run(folder.path(), &["journeys", "population", "--per", "session", "--format", "csv"]);
        assert_eq!(code, 0, "{out}{log}");
        out.lines().nth(1).and_then(|row| row.split(',').nth(1)?.parse::<u32>().ok()).expect("a number of journeys")
    };
    assert_eq!(sessions(), 1);
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let mut short = input(&server.ask(json!({"query": RULES})).await["data"]["identityRules"]);
    short["sessionGap"] = json!("PT5M");
    let saved = ask(&server, SAVE, &short).await;
    assert_eq!(saved["status"], "DONE", "{saved}");
    server.stop();
    assert_eq!(sessions(), 2, "the settings still say half an hour");
}
