//! The change log on several servers: one order for all, and no change before its data is visible.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use throughline::changes::feed::{ChangeReader, Feed};
use throughline::domain::Timestamp;
use throughline::domain::change::{Change, ChangeEntry, ChangePlace};
use throughline::stitching::Batch;
use throughline::store::Store;
use throughline::store::neo4j::Step;

use crate::world::{World, fact, graph, one, rules};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

async fn take(reader: &mut ChangeReader, count: usize) -> Vec<Arc<Change>> {
    let mut taken = Vec::with_capacity(count);
    while taken.len() < count {
        let next = tokio::time::timeout(Duration::from_secs(30), reader.next()).await;
        taken.push(next.unwrap_or_else(|_| panic!("{} of {count} changes", taken.len())).expect("a change"));
    }
    taken
}

fn touchpoint(change: &Change) -> Option<Arc<str>> {
    match &change.entry {
        ChangeEntry::TouchpointRecorded { message, .. } => Some(message.clone()),
        _ => None,
    }
}

/// Three servers write about overlapping customers. Readers on each, from the beginning and from the middle, get the same
/// changes, and the data of each change can be read at once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn three_servers_tell_the_same_and_everything_once() {
    const SERVERS: usize = 3;
    const BATCHES: usize = 15;
    const FACTS: usize = 5;
    let world = World::empty().await;
    let stores: Vec<Arc<dyn Store>> = (0..SERVERS).map(|_| Arc::new(world.server(|_| {})) as Arc<dyn Store>).collect();
    let feeds: Vec<Arc<Feed>> = stores.iter().map(|store| Feed::new(store.clone())).collect();
    let mut from_the_beginning: Vec<ChangeReader> =
        feeds.iter().map(|feed| feed.follow(ChangePlace::BEGINNING)).collect();
    let writers: Vec<_> = stores
        .iter()
        .enumerate()
        .map(|(server, store)| {
            let store = store.clone();
            tokio::spawn(async move {
                for batch in 0..BATCHES {
                    let facts = (0..FACTS).map(|n| {
                        let own = format!("anonymous_id:s{server}-{batch}-{n}");
                        let met = format!("email:met{}", (server + batch + n) % 4);
                        fact(&format!("s{server}-{batch}-{n}"), n as i64, &[&met, &own])
                    });
                    store.apply(&rules(), &Batch { facts: facts.collect() }, NOW).await.expect("applied");
                }
            })
        })
        .collect();
    // Each fact is a touchpoint, and an identifier that was linked or a customer that was created.
    let first = take(&mut from_the_beginning[0], 60).await;
    let mut joined = feeds[1].follow(first[20].place);
    for (n, change) in first.iter().enumerate() {
        if let Some(message) = touchpoint(change) {
            let found = stores[n % SERVERS].touchpoints(&[message]).await.expect("an answer");
            assert!(found[0].is_some(), "told of, and not there");
        }
    }
    for writer in writers {
        writer.await.expect("a writer");
    }
    let all = SERVERS * BATCHES * FACTS * 2;
    let mut told = first;
    told.extend(take(&mut from_the_beginning[0], all - 60).await);
    for reader in &mut from_the_beginning[1..] {
        assert!(take(reader, all).await == told, "another server tells another story");
    }
    assert!(take(&mut joined, all - 21).await == told[21..], "from the middle of it");
    assert!(told.is_sorted_by(|a, b| a.place < b.place));
    let messages: HashSet<_> = told.iter().filter_map(|change| touchpoint(change)).collect();
    assert_eq!(messages.len(), SERVERS * BATCHES * FACTS);
    for reader in from_the_beginning.iter_mut().chain([&mut joined]) {
        let more = tokio::time::timeout(Duration::from_millis(500), reader.next()).await;
        assert!(more.is_err(), "told of something that did not happen");
    }
}

/// A commit with a commit marker, and all changes after it, are not returned until it is done. A marker whose writer died
/// does not block readers for long.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_commit_that_is_becoming_visible_is_not_told() {
    let world = World::empty().await;
    for n in 1..=3 {
        world.store.apply(&rules(), &one(&format!("m{n}"), n, &["email:a"]), NOW).await.expect("applied");
    }
    let graph = graph(&world.options).await;
    graph.run(neo4rs::query("CREATE (:Writing {store: 1, seq: 2, customers: []})")).await.expect("said");
    let run = world.store.changes(ChangePlace::BEGINNING, 100).await.expect("a run");
    assert_eq!((run.upto, run.waits), (ChangePlace::behind(1), true));
    let run = world.store.changes(ChangePlace::behind(2), 100).await.expect("a run");
    assert_eq!((run.upto, run.waits), (ChangePlace::behind(3), false), "what follows it was told long ago");
    let begun = Instant::now();
    let store: Arc<dyn Store> = Arc::new(world.store.clone());
    let feed = Feed::new(store);
    let mut reader = feed.follow(ChangePlace::behind(1));
    assert_eq!(take(&mut reader, 2).await[0].place.seq, 2);
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(5), "{waited:?}");
}

/// A gap is a change that this machine does not see yet: no change after it is returned.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_change_that_is_not_seen_yet_is_waited_for() {
    let world = World::empty().await;
    for n in 1..=4 {
        world.store.apply(&rules(), &one(&format!("m{n}"), n, &["email:a"]), NOW).await.expect("applied");
    }
    let graph = graph(&world.options).await;
    let hide = "MATCH (n:Change {seq: 3}) SET n.hidden = n.entries REMOVE n.entries";
    let show = "MATCH (n:Change {seq: 3}) SET n.entries = n.hidden REMOVE n.hidden";
    for (hide, show) in
        [(hide, show), ("MATCH (n:Change {seq: 3}) SET n.seq = -3", "MATCH (n:Change {seq: -3}) SET n.seq = 3")]
    {
        graph.run(neo4rs::query(hide)).await.expect("hidden");
        let run = world.store.changes(ChangePlace::behind(1), 100).await.expect("a run");
        assert_eq!((run.upto, run.waits), (ChangePlace::behind(2), true), "{hide}");
        let feed = Feed::new(Arc::new(world.store.clone()));
        let mut reader = feed.follow(ChangePlace::behind(2));
        let early = tokio::time::timeout(Duration::from_millis(300), reader.next()).await;
        assert!(early.is_err(), "told before it is seen: {hide}");
        graph.run(neo4rs::query(show)).await.expect("shown");
        let told = take(&mut reader, 2).await;
        assert_eq!(told.iter().map(|change| change.place.seq).collect::<Vec<_>>(), [3, 4]);
    }
}

/// A server reads its own commits at once and those of others soon; without a reader it does not poll.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn own_commits_are_heard_at_once_and_others_soon() {
    let world = World::empty().await;
    let slow = world.server(|options| {
        options.pause = Some(Arc::new(|step| {
            Box::pin(async move {
                if step == Step::Written {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            })
        }));
    });
    let feed = Feed::new(Arc::new(world.store.clone()));
    assert!(!feed.is_live());
    let mut reader = feed.follow(feed.now().await.expect("a place"));
    assert!(feed.is_live());
    for round in 0..3 {
        let seq =
            world.store.apply(&rules(), &one(&format!("own{round}"), 1, &["email:a"]), NOW).await.expect("applied");
        let begun = Instant::now();
        let told = take(&mut reader, if round == 0 { 2 } else { 1 }).await;
        assert_eq!(told.last().expect("one").place.seq, seq.change);
        assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
        slow.apply(&rules(), &one(&format!("other{round}"), 1, &["email:a"]), NOW).await.expect("applied");
        let begun = Instant::now();
        take(&mut reader, 1).await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    drop(reader);
    assert!(!feed.is_live());
}
