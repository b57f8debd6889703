//! The worlds of `seeds/`, told to a store as events, and the answers that their README promises.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_graphql::Request;
use serde_json::Value;
use throughline::changes::feed::Feed;
use throughline::graphql::{self, Setup, Viewer, with_viewer};
use throughline::ingest::{EventStatus, Ingest, Origin};
use throughline::settings::Settings;
use throughline::store::Store;

#[path = "common/mod.rs"]
mod common;
use common::stores;

#[test]
fn every_world_is_answered_as_its_story_says_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    stores::run(async { tell_and_ask(stores::sqlite(folder.path()).await).await });
}

#[test]
fn every_world_is_answered_as_its_story_says_on_neo4j() {
    let Some(options) = stores::neo4j_options() else { return };
    let _alone = stores::alone();
    stores::run(async { tell_and_ask(stores::neo4j(options).await).await });
}

/// Tells all worlds, twice, and asks every question of theirs.
async fn tell_and_ask(store: Arc<dyn Store>) {
    let settings = Settings::default();
    let ingest = Arc::new(Ingest::new(store.clone(), &settings));
    let schema = graphql::schema(Setup::new(&settings), ingest.clone(), Feed::new(store.clone()));
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
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for query in files("seeds/queries", "graphql") {
        let answer = ask(std::fs::read_to_string(&query).expect("a query")).await;
        let empty = answer.as_object().is_none_or(|data| data.values().any(Value::is_null));
        assert!(!empty, "{} finds nothing", query.display());
    }
    ingest.close().await;
}

/// Where two answers first differ; numbers are compared as numbers.
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
