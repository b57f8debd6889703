//! Who is in a saved segment, told as it happens, on both stores.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::Server;
use crate::server::Neo4j;

const SAVE: &str = "mutation($input: SegmentInput!) { segmentSave(input: $input) { status segment { id } \
    problems { message } } }";
const INGEST: &str = "mutation($e: [JSON]!) { eventsIngest(events: $e) { outcomes { status } } }";
const CHANGES: &str = "query($after: String) { changes(after: $after, first: 100, kinds: [SEGMENT_ENTERED, SEGMENT_LEFT]) \
    { nodes { at kind customerId customer { identifiers { nodes { value } } } segment { name } } pageInfo { hasNextPage \
    endCursor } } }";
const OF_USER: &str = "query($user: String!) { customer(by: {identifier: {kind: \"user_id\", value: $user}}) { id segments \
    { since segment { name } because { holds } } } }";
/// The longest that a test waits for what comes within a second on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// The field of an answer without errors.
async fn data(server: &Server, query: &str, variables: Value) -> Value {
    let answer = server.ask(json!({"query": query, "variables": variables})).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"].as_object().and_then(|data| data.values().next()).cloned().expect("a field")
}

async fn save(server: &Server, name: &str, members: Value) -> String {
    let saved = data(server, SAVE, json!({"input": {"name": name, "members": members}})).await;
    assert_eq!(saved["status"], "DONE", "{saved}");
    saved["segment"]["id"].as_str().expect("an id").to_owned()
}

async fn ingest(server: &Server, events: Vec<Value>) {
    let taken = data(server, INGEST, json!({"e": events})).await;
    let outcomes = taken["outcomes"].as_array().expect("outcomes");
    assert!(outcomes.iter().all(|outcome| outcome["status"] == "CREATED"), "{taken}");
}

/// An event of now.
fn viewed(message: &str, user: &str) -> Value {
    json!({"type": "track", "event": "Product Viewed", "messageId": message, "userId": user,
        "timestamp": jiff::Timestamp::now().to_string()})
}

/// All that was told about segments: kind, segment and user, in order.
async fn told(server: &Server) -> Vec<(String, String, String)> {
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = data(server, CHANGES, json!({"after": after})).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for node in page["nodes"].as_array().expect("nodes") {
            let user = text(&node["customer"]["identifiers"]["nodes"][0]["value"]);
            all.push((text(&node["kind"]), text(&node["segment"]["name"]), user));
        }
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// Waits until this was told, which it must have been once.
async fn once_told(server: &Server, kind: &str, segment: &str, user: &str) {
    let wanted = (kind.to_owned(), segment.to_owned(), user.to_owned());
    let is_told = async || {
        loop {
            let count = told(server).await.into_iter().filter(|one| *one == wanted).count();
            if count > 0 {
                break count;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let count = tokio::time::timeout(PATIENCE, is_told()).await.unwrap_or_else(|_| panic!("not told: {wanted:?}"));
    assert_eq!(count, 1, "{wanted:?}");
}

async fn size(server: &Server, name: &str) -> Value {
    let query =
        "query($name: String!) { segment(name: $name) { size customers(first: 100) { totalCount nodes { id } } } }";
    let segment = data(server, query, json!({"name": name})).await;
    let listed = segment["customers"]["nodes"].as_array().expect("customers").len();
    assert_eq!((&segment["customers"]["totalCount"], json!(listed)), (&segment["size"], segment["size"].clone()));
    segment["size"].clone()
}

async fn segments_of(server: &Server, user: &str) -> Vec<String> {
    let customer = data(server, OF_USER, json!({"user": user})).await;
    let all = customer["segments"].as_array().unwrap_or_else(|| panic!("{customer}")).iter();
    all.map(|own| {
        assert_eq!(own["because"]["holds"], true, "{own}");
        own["segment"]["name"].as_str().expect("a name").to_owned()
    })
    .collect()
}

fn did(name: &str, more: Value) -> Value {
    let mut did = json!({"what": {"names": [name]}});
    for (key, value) in more.as_object().into_iter().flatten() {
        did[key] = value.clone();
    }
    json!({"did": did})
}

async fn members_come_and_go(store: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), "serve", store).ready().await;
    ingest(&server, vec![viewed("m1", "ada")]).await;
    // Those who differ enter behind the change that saves a segment. An answer about now is right before that.
    save(&server, "viewers", did("Product Viewed", json!({}))).await;
    assert_eq!((size(&server, "viewers").await, segments_of(&server, "ada").await.len() <= 1), (json!(1), true));
    once_told(&server, "SEGMENT_ENTERED", "viewers", "ada").await;
    assert_eq!(segments_of(&server, "ada").await, ["viewers"]);
    // A window opens with an event and closes without one. Another segment names it.
    let last = json!({"when": {"last": "PT3S"}});
    save(&server, "fresh", did("Product Viewed", last.clone())).await;
    let fresh = json!({"segment": {"name": "fresh"}});
    save(&server, "stale", json!({"all": [{"not": fresh}, did("Product Viewed", json!({}))]})).await;
    once_told(&server, "SEGMENT_ENTERED", "stale", "ada").await;
    ingest(&server, vec![viewed("m2", "ben"), viewed("m3", "cy")]).await;
    assert_eq!(size(&server, "viewers").await, json!(3));
    assert!(segments_of(&server, "ben").await.contains(&"viewers".to_owned()), "at once, without the task");
    for user in ["ben", "cy"] {
        once_told(&server, "SEGMENT_ENTERED", "fresh", user).await;
        once_told(&server, "SEGMENT_LEFT", "fresh", user).await;
        once_told(&server, "SEGMENT_ENTERED", "stale", user).await;
    }
    assert_eq!((size(&server, "fresh").await, size(&server, "stale").await), (json!(0), json!(3)));
    assert_eq!(segments_of(&server, "ben").await, ["stale", "viewers"]);
    // A merge: the survivor stays, and what the other had ends without an entry.
    let mut anonymous = viewed("m4", "");
    anonymous.as_object_mut().expect("an event").remove("userId");
    anonymous["anonymousId"] = json!("a-1");
    ingest(&server, vec![viewed("m5", "dan"), anonymous]).await;
    assert_eq!(size(&server, "viewers").await, json!(5));
    once_told(&server, "SEGMENT_LEFT", "fresh", "dan").await;
    let joins = json!({"type": "identify", "messageId": "m6", "userId": "dan", "anonymousId": "a-1", "traits": {}});
    ingest(&server, vec![joins]).await;
    assert_eq!(size(&server, "viewers").await, json!(4));
    // Another definition: those who do not fit any more leave, behind the change.
    save(&server, "viewers", did("Product Viewed", json!({"times": {"min": 2}}))).await;
    once_told(&server, "SEGMENT_LEFT", "viewers", "ada").await;
    assert_eq!(segments_of(&server, "ada").await, ["stale"]);
    assert_eq!((size(&server, "viewers").await, segments_of(&server, "dan").await.len()), (json!(1), 2));
    let left = told(&server).await.into_iter().filter(|(kind, name, _)| kind == "SEGMENT_LEFT" && name == "viewers");
    assert_eq!(left.map(|(_, _, user)| user).collect::<std::collections::BTreeSet<_>>().len(), 3, "ada, ben and cy");
    // A segment that is deleted has no members, and those that it had are told.
    let stale = data(&server, "{ segment(name: \"stale\") { id } }", json!({})).await["id"].clone();
    let delete = "mutation($id: ID!) { segmentDelete(id: $id) { status } }";
    assert_eq!(data(&server, delete, json!({"id": stale})).await["status"], "DONE");
    assert_eq!(segments_of(&server, "ada").await, [] as [String; 0]);
    once_told(&server, "SEGMENT_LEFT", "", "ada").await;
    // The past is told by the definition of then, without stored members.
    let past = "query($user: String!, $at: DateTime!) { customer(by: {identifier: {kind: \"user_id\", value: $user}}, \
        asOf: $at) { segments { since } } }";
    let at = json!(jiff::Timestamp::now().to_string());
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(data(&server, past, json!({"user": "ada", "at": at})).await["segments"], Value::Null);
}

/// Starts a server of its own folder's settings on a store.
async fn start(folder: &Path, store: &[&str]) -> Server {
    Server::start(folder, "serve", store).ready().await
}

async fn several_servers_tell_each_once(store: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let one = start(folder.path(), store).await;
    save(&one, "viewers", did("Product Viewed", json!({}))).await;
    save(&one, "fresh", did("Product Viewed", json!({"when": {"last": "PT4S"}}))).await;
    let two = start(folder.path(), store).await;
    let users: Vec<String> = (0..60).map(|n| format!("u{n:02}")).collect();
    let mut one = Some(one);
    for (n, some) in users.chunks(10).enumerate() {
        let events = some.iter().map(|user| viewed(&format!("m-{user}"), user)).collect();
        ingest(&two, events).await;
        // The first one dies while it judges.
        if n == 2 {
            one.take().expect("it runs").kill();
        }
    }
    // Nobody is there when the windows close.
    two.kill();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (three, four) = tokio::join!(start(folder.path(), store), start(folder.path(), store));
    for user in &users {
        once_told(&three, "SEGMENT_LEFT", "fresh", user).await;
    }
    let mut counts: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for one in told(&four).await {
        *counts.entry(one).or_default() += 1;
    }
    let expected = |kind: &str, name: &str| {
        users.iter().filter(|user| counts.get(&(kind.into(), name.into(), (*user).clone())) == Some(&1)).count()
    };
    assert_eq!(expected("SEGMENT_ENTERED", "viewers"), 60);
    assert_eq!((expected("SEGMENT_ENTERED", "fresh"), expected("SEGMENT_LEFT", "fresh")), (60, 60));
    assert_eq!(counts.len(), 180, "nothing else was told");
    assert_eq!((size(&four, "viewers").await, size(&four, "fresh").await), (json!(60), json!(0)));
    // It began with the event, not with the restart.
    let since = data(&four, OF_USER, json!({"user": "u00"})).await["segments"][0]["since"].clone();
    let since: jiff::Timestamp = since.as_str().expect("a time").parse().expect("a time");
    assert!(jiff::Timestamp::now().as_millisecond() - since.as_millisecond() > 5_000, "{since}");
}

#[tokio::test]
async fn members_enter_and_leave_as_events_come_and_windows_close() {
    members_come_and_go(&["--store", "sqlite:live.db"]).await;
}

#[tokio::test]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn on_neo4j_members_enter_and_leave_as_events_come_and_windows_close() {
    let neo4j = Neo4j::wiped().await;
    members_come_and_go(&["--store", &neo4j.url]).await;
}

#[tokio::test]
async fn of_several_servers_that_are_killed_each_crossing_is_told_once() {
    several_servers_tell_each_once(&["--store", "sqlite:live.db"]).await;
}

#[tokio::test]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn on_neo4j_of_several_servers_that_are_killed_each_crossing_is_told_once() {
    let neo4j = Neo4j::wiped().await;
    several_servers_tell_each_once(&["--store", &neo4j.url]).await;
}
