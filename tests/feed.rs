//! The live change log on a SQLite store: readers that begin anywhere, and no reads without a reader.

#[path = "common/mod.rs"]
mod common;

use std::sync::Arc;
use std::time::Duration;

use common::facts::event;
use common::stores;
use common::world::World;
use throughline::changes::feed::{ChangeReader, Feed};
use throughline::changes::filter::ChangeFilter;
use throughline::domain::change::{Change, ChangePlace};
use throughline::domain::change_details::ChangeKind;

fn with_world<F: Future<Output = ()>>(test: impl FnOnce(Arc<World>, Arc<Feed>) -> F) {
    let folder = tempfile::tempdir().expect("a folder");
    stores::run(async {
        let world = World::new(stores::sqlite(folder.path()).await);
        let feed = Feed::new(world.store.clone());
        test(Arc::new(world), feed).await;
    });
}

async fn next(reader: &mut ChangeReader) -> Arc<Change> {
    tokio::time::timeout(Duration::from_secs(20), reader.next()).await.expect("in time").expect("a change")
}

async fn take(reader: &mut ChangeReader, count: usize) -> Vec<Arc<Change>> {
    let mut taken = Vec::with_capacity(count);
    while taken.len() < count {
        taken.push(next(reader).await);
    }
    taken
}

#[test]
fn readers_that_begin_anywhere_during_writes_get_the_same_changes() {
    with_world(async |world, feed| {
        let writer = tokio::spawn({
            let world = world.clone();
            async move {
                for batch in 0..60 {
                    world.apply((0..30).map(|n| event(&format!("m{batch}-{n}")).user(&format!("u{n}")).view())).await;
                    // A batch without entries.
                    world.apply([event(&format!("i{batch}")).user("u1")]).await;
                }
            }
        });
        let all = 30 + 60 * 30;
        let mut first = feed.follow(ChangePlace::BEGINNING);
        let mut told = Vec::new();
        let mut joined = Vec::new();
        for n in 0..all {
            told.push(next(&mut first).await);
            if n % 300 == 7 {
                joined.push((n + 1, feed.follow(told[n].place)));
                joined.push((0, feed.follow(ChangePlace::BEGINNING)));
            }
        }
        assert!(told.is_sorted_by(|a, b| a.place < b.place), "in order, and none twice");
        for (begin, mut reader) in joined {
            assert!(take(&mut reader, all - begin).await == told[begin..], "behind {begin}");
        }
        writer.await.expect("the writer");
        assert!(tokio::time::timeout(Duration::from_millis(300), first.next()).await.is_err(), "that was all");
    });
}

/// There are more changes at once than fit in the window of the live log: a reader still gets all of them.
#[test]
fn a_reader_that_falls_out_of_the_window_continues_from_the_store() {
    with_world(async |world, feed| {
        let mut reader = feed.follow(ChangePlace::BEGINNING);
        world.apply([event("m").user("u").view()]).await;
        assert_eq!(take(&mut reader, 2).await.len(), 2);
        for batch in 0..8 {
            world.apply((0..5_000).map(|n| event(&format!("m{batch}-{n}")).user("u").view())).await;
        }
        // The window has the last 32,768 of 40,000 changes by now; this reader continues from its own place.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let told = take(&mut reader, 40_000).await;
        assert!(told.is_sorted_by(|a, b| a.place < b.place));
        assert_eq!((told[0].place, told[39_999].place.seq), (ChangePlace { seq: 2, index: 0 }, 9));
    });
}

#[test]
fn without_a_reader_nothing_is_read() {
    with_world(async |world, feed| {
        assert!(!feed.is_live());
        let one = feed.follow(ChangePlace::BEGINNING);
        let mut other = feed.follow(ChangePlace::BEGINNING);
        assert!(feed.is_live());
        drop(one);
        assert!(feed.is_live());
        world.apply([event("m").user("u").view()]).await;
        take(&mut other, 2).await;
        drop(other);
        assert!(!feed.is_live());
        world.apply([event("n").user("u").view()]).await;
        let mut again = feed.follow(ChangePlace::behind(1));
        assert_eq!(next(&mut again).await.place.seq, 2, "what happened meanwhile is told");
    });
}

#[test]
fn places_that_never_existed_are_refused() {
    with_world(async |world, feed| {
        world.apply([event("m").user("u").view()]).await;
        let at = |seq, index| ChangePlace { seq, index };
        for (place, is) in [
            (ChangePlace::BEGINNING, true),
            (at(1, 0), true),
            (at(1, 1), true),
            (at(1, 2), false),
            (ChangePlace::behind(1), true),
            (ChangePlace::behind(2), false),
            (at(0, 0), false),
            (at(2, 0), false),
            (ChangePlace::behind(-1), false),
        ] {
            assert_eq!(feed.is_place(place).await.expect("an answer"), is, "{place:?}");
        }
    });
}

/// One batch creates and merges: a place in its middle is read from its beginning.
#[test]
fn a_customer_is_followed_from_the_middle_of_a_batch() {
    with_world(async |world, _| {
        world.apply([event("m1").user("u").view()]).await;
        world
            .apply([
                event("m2").anonymous("a").view(),
                event("m3").user("u").anonymous("a").view(),
                event("m4").anonymous("a").view(),
            ])
            .await;
        let run = world.store.changes(ChangePlace::BEGINNING, 100).await.expect("a run");
        let absorbed = run.changes[2].details().customer.expect("created");
        assert_eq!(run.changes[2].details().kind, ChangeKind::CustomerCreated);
        let all: Vec<_> = run.changes.iter().filter(|change| change.place.seq == 2).collect();
        for (n, begin) in all.iter().enumerate() {
            let filter = ChangeFilter::new(&*world.store, Vec::new(), Some(absorbed.clone()), begin.place).await;
            let mut filter = filter.expect("an answer").expect("a customer");
            assert!(all[n + 1..].iter().all(|change| filter.accepts(change)), "behind {:?}", begin.place);
        }
        let survivor = run.changes[0].details().customer.expect("created");
        let before = ChangePlace::behind(1);
        let filter = ChangeFilter::new(&*world.store, Vec::new(), Some(survivor), before).await;
        let mut filter = filter.expect("an answer").expect("a customer");
        let taken: Vec<_> = all.iter().map(|change| filter.accepts(change)).collect();
        assert_eq!(taken, [false, false, true, true, true], "what the absorbed did before is not the survivor's");
    });
}
