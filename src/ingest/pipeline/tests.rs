//! Many callers, one writer.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::domain::{ProblemCode, Timestamp};
use crate::ingest::fake_store::FakeStore;

fn event(id: &str) -> Value {
    json!({ "type": "track", "messageId": id, "userId": format!("user of {id}"), "event": "Product Viewed", "timestamp": "2026-03-31T09:30:00Z" })
}

fn origin() -> Origin {
    Origin::graphql(Timestamp::parse("2026-06-01T00:00:00Z").expect("a time"))
}

fn begin(store: FakeStore) -> (Arc<FakeStore>, Arc<Ingest>) {
    let store = Arc::new(store);
    let ingest = Ingest::with_clock(store.clone(), &Settings::default(), Arc::new(|| Timestamp(0)));
    (store, Arc::new(ingest))
}

async fn statuses(ingest: &Ingest, events: Vec<Value>) -> Vec<EventStatus> {
    let ingested = ingest.events(events, origin()).await.expect("outcomes");
    ingested.outcomes.iter().map(|o| o.status).collect()
}

#[tokio::test]
async fn each_event_has_its_own_outcome_in_order() {
    let (store, ingest) = begin(FakeStore::new());
    let bad = json!({ "type": "track", "messageId": "bad", "event": "x", "timestamp": "never" });
    let refund = json!({ "type": "track", "messageId": "r", "userId": "u", "event": "Order Refunded",
        "properties": { "order_id": "1" }, "timestamp": "2026-03-31T09:30:00Z" });
    let events = vec![event("a"), bad, json!(null), refund, event("a")];
    let ingested = ingest.events(events, origin()).await.expect("outcomes");
    use EventStatus::*;
    assert_eq!(
        ingested.outcomes.iter().map(|o| o.status).collect::<Vec<_>>(),
        [Created, Rejected, Rejected, Created, Unchanged]
    );
    assert_eq!(ingested.outcomes[1].message_id.as_deref(), Some("bad"));
    assert_eq!(ingested.outcomes[1].problems[0].code, ProblemCode::BadTime);
    assert_eq!(ingested.outcomes[2].problems[0].code, ProblemCode::NotAnEvent);
    assert_eq!(ingested.outcomes[3].problems[0].code, ProblemCode::OrderNotYetHere);
    assert!(ingested.outcomes[0].customer.is_some() && ingested.outcomes[1].customer.is_none());
    assert_eq!((ingested.change, store.messages()), (2, vec!["a".to_owned(), "r".to_owned()]));
    assert_eq!(statuses(&ingest, vec![event("a")]).await, [Unchanged]);
}

#[tokio::test]
async fn a_call_without_a_good_event_still_answers_the_last_change() {
    let (store, ingest) = begin(FakeStore::new());
    assert_eq!(statuses(&ingest, vec![event("a")]).await, [EventStatus::Created]);
    let ingested = ingest.events(vec![json!({})], origin()).await.expect("outcomes");
    assert_eq!((ingested.change, ingested.outcomes[0].status), (1, EventStatus::Rejected));
    assert_eq!(ingest.events(Vec::new(), origin()).await.expect("nothing").outcomes, []);
    assert_eq!(store.batches.lock().expect("a lock").len(), 1);
}

#[tokio::test]
async fn calls_that_come_during_a_commit_share_the_next_one() {
    let (store, ingest) = begin(FakeStore { commits: tokio::sync::Semaphore::new(0), ..FakeStore::new() });
    let calls: Vec<_> = (0..50)
        .map(|n| {
            let ingest = ingest.clone();
            tokio::spawn(async move { statuses(&ingest, vec![event(&format!("m{n}"))]).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(store.messages().is_empty() && calls.iter().all(|call| !call.is_finished()), "nothing is answered yet");
    store.commits.add_permits(100);
    for call in calls {
        assert_eq!(call.await.expect("an answer"), [EventStatus::Created]);
    }
    let batches = store.batches.lock().expect("a lock").clone();
    assert_eq!(batches.iter().sum::<usize>(), 50);
    assert!(batches.len() <= 3, "{batches:?}");
}

/// Waits until something is so, however long that takes.
async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn an_offer_to_a_full_queue_fails_at_once_and_is_taken_later() {
    let (store, ingest) = begin(FakeStore { commits: tokio::sync::Semaphore::new(0), ..FakeStore::new() });
    let offer = |n: usize| {
        let ingest = ingest.clone();
        async move { ingest.offer(&[event(&format!("m{n}")).to_string()], &origin()).await }
    };
    let first = tokio::spawn(offer(0));
    until(|| store.batches.lock().expect("a lock").len() == 1).await;
    let waiting: Vec<_> = (1..=QUEUED_CALLS).map(|n| tokio::spawn(offer(n))).collect();
    until(|| lock(&ingest.queue).as_ref().is_some_and(|queue| queue.capacity() == 0)).await;
    let late = offer(999).await;
    assert!(matches!(late, Err(StoreError::Busy(_))), "{late:?}");
    store.commits.add_permits(10_000);
    for call in std::iter::once(first).chain(waiting) {
        let ingested = call.await.expect("an end").expect("outcomes");
        assert_eq!(ingested.outcomes[0].status, EventStatus::Created);
    }
    assert!(!store.messages().contains(&"m999".to_owned()), "a refused call stores nothing");
    assert_eq!(offer(999).await.expect("outcomes").outcomes[0].status, EventStatus::Created);
    assert_eq!(store.messages().len(), QUEUED_CALLS + 2);
}

#[tokio::test]
async fn a_large_call_is_cut_into_batches() {
    let (store, ingest) = begin(FakeStore::new());
    let events = (0..2_500).map(|n| event(&format!("m{n}"))).collect();
    assert_eq!(statuses(&ingest, events).await.len(), 2_500);
    assert_eq!(*store.batches.lock().expect("a lock"), [1_000, 1_000, 500]);
    assert_eq!(store.messages()[2_499], "m2499");
}

#[tokio::test]
async fn a_refused_batch_is_halved_until_the_guilty_event_stands_alone() {
    let refuses = ["m13".to_owned(), "m77".to_owned()].into();
    let (store, ingest) = begin(FakeStore { refuses, ..FakeStore::new() });
    let events = (0..100).map(|n| event(&format!("m{n}"))).collect();
    let ingested = ingest.events(events, origin()).await.expect("outcomes");
    for (n, outcome) in ingested.outcomes.iter().enumerate() {
        let expected = if n == 13 || n == 77 { EventStatus::Rejected } else { EventStatus::Created };
        assert_eq!(outcome.status, expected, "event {n}");
    }
    assert_eq!(ingested.outcomes[13].problems[0].code, ProblemCode::StoreRefused);
    let order: Vec<String> = (0..100).filter(|n| *n != 13 && *n != 77).map(|n| format!("m{n}")).collect();
    assert_eq!(store.messages(), order, "arrival keeps the order of the call");
}

#[tokio::test]
async fn a_store_that_is_away_acknowledges_nothing_and_the_same_call_again_is_safe() {
    let (store, ingest) = begin(FakeStore::new());
    store.away.store(true, Ordering::SeqCst);
    let fault = ingest.events(vec![event("a")], origin()).await.expect_err("away");
    assert!(fault.is_transient());
    store.away.store(false, Ordering::SeqCst);
    assert_eq!(statuses(&ingest, vec![event("a")]).await, [EventStatus::Created]);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_no_harm() {
    let (store, ingest) = begin(FakeStore { commits: tokio::sync::Semaphore::new(0), ..FakeStore::new() });
    let gone = {
        let ingest = ingest.clone();
        tokio::spawn(async move { statuses(&ingest, vec![event("gone")]).await })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    gone.abort();
    store.commits.add_permits(10);
    assert_eq!(statuses(&ingest, vec![event("here")]).await, [EventStatus::Created]);
    assert_eq!(store.messages(), ["gone", "here"]);
}

#[tokio::test]
async fn a_panic_ends_its_own_batch_only() {
    let (_, ingest) = begin(FakeStore { panics_at: Some("bad".into()), ..FakeStore::new() });
    let fault = ingest.events(vec![event("bad")], origin()).await.expect_err("a fault");
    assert!(!fault.is_transient(), "{fault}");
    assert_eq!(statuses(&ingest, vec![event("good")]).await, [EventStatus::Created]);
}

#[tokio::test]
async fn closing_writes_what_waits_and_takes_no_more() {
    let (store, ingest) = begin(FakeStore { commits: tokio::sync::Semaphore::new(0), ..FakeStore::new() });
    let waiting = {
        let ingest = ingest.clone();
        tokio::spawn(async move { statuses(&ingest, vec![event("a")]).await })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    let closing = {
        let ingest = ingest.clone();
        tokio::spawn(async move { ingest.close().await })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!closing.is_finished(), "it waits for what is not safe yet");
    store.commits.add_permits(10);
    closing.await.expect("closed");
    assert_eq!(waiting.await.expect("an answer"), [EventStatus::Created]);
    let late = ingest.events(vec![event("b")], origin()).await.expect_err("closed");
    assert!(late.is_transient(), "the client comes back to the next server");
    ingest.close().await;
}

#[tokio::test]
async fn previous_id_of_an_alias_is_the_user_id_that_exists() {
    let (store, ingest) = begin(FakeStore::new());
    let alias = |id: &str, previous: &str| json!({ "type": "alias", "messageId": id, "userId": format!("new {id}"), "previousId": previous, "timestamp": "2026-03-31T09:30:00Z" });
    statuses(&ingest, vec![event("a")]).await;
    statuses(
        &ingest,
        vec![
            alias("1", "user of a"),
            alias("2", "user of b"),
            event("b"),
            alias("3", "user of b"),
            alias("4", "new 1"),
        ],
    )
    .await;
    let facts = store.facts();
    let second = |n: usize| facts[n].identifiers[1].key.to_string();
    assert_eq!(second(1), "user_id:user of a", "stored before");
    assert_eq!(second(2), "anonymous_id:user of b", "nobody knew it then");
    assert_eq!(second(4), "user_id:user of b", "known from an event before it in its batch");
    assert_eq!(second(5), "user_id:new 1", "known from an alias before it");
}
