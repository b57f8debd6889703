//! Ingests the worlds of `seeds/`, and checks the answers in their README.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_graphql::Request;
use serde_json::Value;
use throughline::changes::feed::Feed;
use throughline::graphql::{self, Setup, Viewer, with_viewer};
use throughline::ingest::{EventStatus, Ingest, Origin};
use throughline::settings::Settings;
use throughline::store::Store;
use throughline::store::recount::recount;

#[path = "common/mod.rs"]
mod common;
use common::stores;

#[test]
fn every_world_has_the_answers_of_its_story_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    stores::run(async { tell_and_ask(stores::sqlite(folder.path()).await).await });
}

#[test]
#[ignore = "needs a Neo4j: `make test` starts one"]
fn every_world_has_the_answers_of_its_story_on_neo4j() {
    let options = stores::neo4j_options();
    let _alone = stores::alone();
    stores::run(async { tell_and_ask(stores::neo4j(options).await).await });
}

#[test]
fn a_customer_does_not_show_the_times_of_others_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    stores::run(async { two_on_a_tablet(stores::sqlite(folder.path()).await).await });
}

#[test]
#[ignore = "needs a Neo4j: `make test` starts one"]
fn a_customer_does_not_show_the_times_of_others_on_neo4j() {
    let options = stores::neo4j_options();
    let _alone = stores::alone();
    stores::run(async { two_on_a_tablet(stores::neo4j(options).await).await });
}

/// A device below a customer has the times of that customer; elsewhere it has its own times.
async fn two_on_a_tablet(store: Arc<dyn Store>) {
    let settings = Settings::default();
    let ingest = Arc::new(Ingest::new(store.clone(), &settings));
    let schema = graphql::schema(Setup::new(&settings, ingest.clone()), ingest.clone(), Feed::new(store.clone()));
    let event = |who: &str, day: u32| {
        serde_json::json!({
            "type": "track", "event": "Page Viewed", "messageId": format!("{who} {day}"), "userId": who,
            "timestamp": format!("2026-03-{day:02}T10:00:00Z"), "context": {"device": {"id": "d1", "type": "tablet"}},
        })
    };
    let events = [event("ada", 2), event("ben", 1), event("ben", 9), event("ada", 5)];
    ingest.events(events.to_vec(), Origin::import(None, "test")).await.expect("the store takes them");
    let now = store.status().await.expect("figures").changed_at;
    let run = async |query: String| {
        let response = schema.execute(with_viewer(Request::new(query), store.clone(), Viewer::all())).await;
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        response.data.into_json().expect("JSON")
    };
    let times = "firstSeenAt lastSeenAt";
    let seen = |from: u32, to: u32| {
        let at = |day: u32| format!("2026-03-{day:02}T10:00:00.000Z");
        serde_json::json!({"firstSeenAt": at(from), "lastSeenAt": at(to)})
    };
    for as_of in [String::new(), format!("asOf: \"{now}\", ")] {
        let one = format!("customer({as_of}by: {{identifier: {{kind: \"user_id\", value: \"ada\"}}}})");
        // Each field also alone, since the other fields decide where it is read from.
        let list = format!("devices {{ nodes {{ {times} }} }}");
        let names = format!("identifiers {{ nodes {{ devices {{ {times} }} }} }}");
        let history = format!(
            "touchpoints {{ nodes {{ device {{ {times} identifiers {{ kind }} }} identifier {{ devices {{ {times} }} }} }} }}"
        );
        for asked in [list.clone(), names.clone(), history.clone(), format!("{list} {names} {history}")] {
            let answer = run(format!("{{ {one} {{ {asked} }} }}")).await["customer"].take();
            let mut found = 0;
            each_device(&answer, &mut |device| {
                found += 1;
                let own = serde_json::json!({"firstSeenAt": device["firstSeenAt"], "lastSeenAt": device["lastSeenAt"]});
                assert_eq!(own, seen(2, 5), "{as_of} {asked}");
            });
            assert!(found > 0, "{answer}");
        }
    }
    let identifier =
        run(format!("{{ identifier(kind: \"user_id\", value: \"ada\") {{ id devices {{ id {times} }} }} }}"));
    let device = identifier.await["identifier"]["devices"][0].take();
    let node = run(format!("{{ node(id: {}) {{ ... on Device {{ {times} }} }} }}", device["id"])).await["node"].take();
    assert_eq!(node, seen(1, 9), "by itself it has its own");
    assert_eq!((&device["firstSeenAt"], &device["lastSeenAt"]), (&node["firstSeenAt"], &node["lastSeenAt"]));
    ingest.close().await;
}

fn each_device(answer: &Value, see: &mut impl FnMut(&Value)) {
    match answer {
        Value::Object(fields) if fields.contains_key("lastSeenAt") => see(answer),
        Value::Object(fields) => fields.values().for_each(|value| each_device(value, see)),
        Value::Array(items) => items.iter().for_each(|item| each_device(item, see)),
        _ => {}
    }
}

/// Ingests all worlds, twice, and asks all their questions.
async fn tell_and_ask(store: Arc<dyn Store>) {
    let settings = Settings::default();
    let ingest = Arc::new(Ingest::new(store.clone(), &settings));
    let schema = graphql::schema(Setup::new(&settings, ingest.clone()), ingest.clone(), Feed::new(store.clone()));
    let worlds = files("seeds", "ndjson");
    assert_eq!(worlds.len(), 6);
    for time in [EventStatus::Created, EventStatus::Unchanged] {
        for world in &worlds {
            let lines = std::fs::read_to_string(world).expect("a world");
            let events = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            let origin = Origin::import(None, "seeds");
            let told = ingest.events(events, origin).await.expect("the store takes them");
            for outcome in told.outcomes {
                assert_eq!(outcome.status, time, "{}: {:?}", world.display(), outcome.problems);
            }
        }
    }
    let status = store.status().await.expect("figures");
    assert_eq!((status.customers, status.touchpoints), (7, 211));

    let ask = async |query: String| {
        let response = schema.execute(with_viewer(Request::new(query), store.clone(), Viewer::all())).await;
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        response.data.into_json().expect("JSON")
    };
    let mut wrong = Vec::new();
    for file in files("seeds/expected", "json") {
        let cases: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("cases")).expect("JSON");
        for case in cases.as_array().expect("a list of cases") {
            let text = |key: &str| case[key].as_str().expect("a text").to_owned();
            let answer = ask(text("query")).await;
            if let Some(difference) = difference("data", &answer, &case["expect"]) {
                wrong.push(format!("{}: {}: {difference}", file.display(), text("name")));
            }
        }
    }
    // As of the last change the answers equal those of the present.
    let now = store.status().await.expect("figures").changed_at;
    for file in files("seeds/expected", "json") {
        let cases: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("cases")).expect("JSON");
        for case in cases.as_array().expect("a list of cases") {
            let query = case["query"].as_str().expect("a text");
            let then = query.replace("customer(by: ", &format!("customer(asOf: \"{now}\", by: "));
            let difference = difference("data", &ask(then).await, &ask(query.to_owned()).await);
            assert_eq!(difference, None, "as of now: {}: {}", file.display(), case["name"]);
        }
    }
    ids_carry_the_moment(&schema, &store, &now.to_string()).await;
    let again = recount(&*store, now, |_| {}).await.expect("figures counted again");
    assert_eq!((again.customers as i64, again.wrong), (status.customers, 0), "{again:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for query in files("seeds/queries", "graphql") {
        let answer = ask(std::fs::read_to_string(&query).expect("a query")).await;
        let empty = answer.as_object().is_none_or(|data| data.values().any(Value::is_null));
        assert!(!empty, "{} finds nothing", query.display());
    }
    ingest.close().await;
}

/// Under `asOf` every node has its own id, which finds it again, and which mutations refuse.
async fn ids_carry_the_moment(schema: &graphql::Schema, store: &Arc<dyn Store>, now: &str) {
    let run = async |query: String| {
        let response = schema.execute(with_viewer(Request::new(query), store.clone(), Viewer::all())).await;
        serde_json::to_value(response).expect("JSON")
    };
    let ask = |as_of: &str| {
        let by = "by: {identifier: {kind: \"email\", value: \"n.lindqvist@example.com\"}}";
        run(format!(
            "{{ customer({by}{as_of}) {{ id asOf formerIds
                identifiers {{ nodes {{ id customer {{ id }} devices {{ id }} links {{ nodes {{ id from {{ id customer {{ id }} }} }} }} }} }}
                links {{ nodes {{ id to {{ id }} }} }} devices {{ nodes {{ id identifiers {{ id }} }} }}
                orders {{ nodes {{ id customer {{ id }} lines {{ product {{ id }} }} }} }}
                touchpoints {{ nodes {{ id identifier {{ id }} customer {{ id }} device {{ id }} order {{ id customer {{ id }} }} }} }}
                products(relation: BOUGHT) {{ nodes {{ product {{ id }} }} }}
                identityHistory {{ nodes {{ id identifiers {{ id }} otherCustomerIds }} }} }} }}"
        ))
    };
    let (present, past) = (ask("").await, ask(&format!(", asOf: \"{now}\"")).await);
    assert_eq!((&present["data"]["customer"]["asOf"], &past["data"]["customer"]["asOf"]), (&Value::Null, &now.into()));
    let (of_now, of_then) = (ids(&present), ids(&past));
    assert!(of_now.len() > 20 && of_now.len() == of_then.len(), "{present} {past}");
    assert!(of_now.is_disjoint(&of_then), "the past has ids of its own");
    for some in of_then.iter().collect::<Vec<_>>().chunks(50) {
        let found = run(format!("{{ nodes(ids: {some:?}) {{ id }} }}")).await;
        let found: Vec<&str> =
            found["data"]["nodes"].as_array().expect("nodes").iter().filter_map(|n| n["id"].as_str()).collect();
        assert_eq!(found, *some);
    }
    let id = &past["data"]["customer"]["id"];
    let former = past["data"]["customer"]["formerIds"].as_array().expect("a list");
    assert!(!former.is_empty(), "she was three once");
    for old in former {
        let found = run(format!("{{ node(id: {old}) {{ id }} }}")).await;
        assert_eq!(&found["data"]["node"]["id"], id, "a former id of the past finds the customer of the past");
    }
    let same =
        run(format!("{{ customer(by: {{id: {id}}}) {{ id asOf current {{ id asOf current {{ id }} }} }} }}")).await;
    let now_id = &present["data"]["customer"]["id"];
    let current = serde_json::json!({"id": now_id, "asOf": null, "current": {"id": now_id}});
    assert_eq!(same["data"]["customer"], serde_json::json!({"id": id, "asOf": now, "current": current}));

    let refused = run(format!(
        "mutation {{ customerMerge(ids: [{id}, {now_id}], reason: \"x\") {{ status problems {{ code }} }} }}"
    ));
    let problems = serde_json::json!({"status": "REFUSED", "problems": [{"code": "ID_OF_THE_PAST"}]});
    assert_eq!(refused.await["data"]["customerMerge"], problems);
    let later = run(format!("{{ customer(by: {{id: {now_id}}}, asOf: \"9999-01-01T00:00:00Z\") {{ id }} }}")).await;
    let extensions = &later["errors"][0]["extensions"];
    assert_eq!((&extensions["code"], &extensions["argument"]), (&"BAD_ARGUMENT".into(), &"asOf".into()), "{later}");
    let before = run(format!("{{ customer(by: {{id: {now_id}}}, asOf: \"1999-01-01T00:00:00Z\") {{ id }} }}")).await;
    assert_eq!(before, serde_json::json!({"data": {"customer": null}}));
}

/// All ids in an answer.
fn ids(answer: &Value) -> BTreeSet<String> {
    match answer {
        Value::Object(parts) => {
            let own = parts.get("id").into_iter();
            let texts = own.filter_map(|id| Some(id.as_str()?.to_owned()));
            texts.chain(parts.values().flat_map(ids)).collect()
        }
        Value::Array(items) => items.iter().flat_map(ids).collect(),
        _ => BTreeSet::new(),
    }
}

/// The first difference of two answers; numbers are compared as numbers.
fn difference(path: &str, got: &Value, expected: &Value) -> Option<String> {
    match (got, expected) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            b.iter().find_map(|(key, expected)| difference(&format!("{path}.{key}"), &a[key], expected))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            (0..b.len()).find_map(|n| difference(&format!("{path}[{n}]"), &a[n], &b[n]))
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        _ => (got != expected).then(|| format!("{path} is {got}, expected {expected}")),
    }
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder of the repository")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect();
    files.sort();
    files
}
