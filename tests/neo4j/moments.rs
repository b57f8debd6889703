//! Consistent answers during writes, and dropped requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use throughline::domain::Timestamp;
use throughline::domain::identifier::IdentifierKey;
use throughline::stitching::Batch;
use throughline::store::neo4j::Step;
use throughline::store::query::{CustomerKey, FirstPages, Shape};
use throughline::store::{Reads, Store};

use crate::world::{World, fact, number, one, rules};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A writer merges and adds. Each answer must be consistent: the rollup equals the touchpoints, and the owner of every
/// touchpoint is among the identifiers.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_reader_beside_a_merging_writer_never_sees_half_of_it() {
    let world = World::empty().await;
    world.store.apply(&rules(), &one("m0", 1, &["email:hub"]), NOW).await.expect("applied");
    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (store, done) = (world.server(|_| {}), done.clone());
        async move {
            for n in 0..100 {
                // A new customer with some history, which is then merged into the one that is read.
                let device = format!("anonymous_id:{n}");
                let own = (0..20).map(|k| fact(&format!("own-{n}-{k}"), n * 100 + k, &[&device]));
                store.apply(&rules(), &Batch { facts: own.collect() }, NOW).await.expect("applied");
                let joined = fact(&format!("join-{n}"), n * 100 + 99, &["email:hub", &device]);
                store.apply(&rules(), &Batch { facts: vec![joined] }, NOW).await.expect("applied");
            }
            done.store(true, Ordering::SeqCst);
        }
    });
    let readers = (0..3).map(|_| {
        let (store, done) = (world.store.clone(), done.clone());
        tokio::spawn(async move {
            let keys = [CustomerKey::Identifier(IdentifierKey::new("email", "hub"))];
            let pages = FirstPages { orders: 10, touchpoints: 5_000 };
            let (mut read, mut busy) = (0, 0);
            while !done.load(Ordering::SeqCst) {
                let answer = store.customers(&keys, Shape::All, pages).await.expect("an answer").remove(0);
                let view = match answer {
                    Ok(view) => view.expect("the customer is always there"),
                    Err(error) => {
                        assert!(error.is_transient(), "{error}");
                        busy += 1;
                        continue;
                    }
                };
                read += 1;
                let touchpoints = &view.touchpoints.as_ref().expect("asked for").items;
                let counted = view.rollup().touchpoint_count();
                assert_eq!(counted, touchpoints.len() as i64, "figures and history of two moments");
                for touchpoint in touchpoints {
                    assert!(
                        view.identifiers.iter().any(|i| i.id == touchpoint.owner),
                        "history without its identifier"
                    );
                }
            }
            (read, busy)
        })
    });
    let readers: Vec<_> = readers.collect();
    writer.await.expect("no panic");
    let (mut read, mut busy) = (0, 0);
    for reader in readers {
        let counts = reader.await.expect("every answer added up");
        read += counts.0;
        busy += counts.1;
    }
    eprintln!("{read} answers beside a merging writer, {busy} refused as unsteady");
    assert!(read > 50, "too few answers to say anything");
}

/// The caller drops the request half-way: the batch is written completely, and no transaction stays open.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_dropped_request_leaves_no_transaction_and_no_half_batch() {
    let world = World::empty().await;
    for step in [Step::Begun, Step::Locked, Step::Known, Step::Written] {
        let reached = Arc::new(tokio::sync::Notify::new());
        let server = world.server(|options| {
            let reached = reached.clone();
            options.pause = Some(Arc::new(move |now| {
                let reached = reached.clone();
                Box::pin(async move {
                    if now == step {
                        reached.notify_one();
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                })
            }));
        });
        let facts = (0..50)
            .map(|k| fact(&format!("{step:?}-{k}"), k, &[&format!("email:{step:?}"), &format!("anonymous_id:{k}")]));
        let batch = Batch { facts: facts.collect() };
        let rules = rules();
        {
            let applying = server.apply(&rules, &batch, NOW);
            tokio::select! {
                _ = applying => panic!("held at {step:?}, it can't be done"),
                () = reached.notified() => {}
            }
        }
        let open = "SHOW TRANSACTIONS YIELD currentQuery, status WHERE NOT currentQuery STARTS WITH 'SHOW' RETURN count(*) AS n";
        // On an idle machine the write is finished or rolled back at once; a busy machine gets more time.
        let until = Instant::now() + Duration::from_secs(15);
        while number(&world.options, open).await > 0 {
            assert!(Instant::now() < until, "an open transaction after a request dropped at {step:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let query = format!("MATCH (m:Message) WHERE m.id STARTS WITH '{step:?}-' RETURN count(m) AS n");
        let stored = number(&world.options, &query).await;
        assert!(stored == 0 || stored == 50, "half a batch: {stored} of 50");
        let again = world.store.apply(&rules, &batch, NOW).await.expect("nothing is locked any more");
        assert_eq!(again.outcomes.len(), 50);
    }
}

/// A writer that died between its commit marker and its commit does not block readers for long, and a server that starts
/// deletes the marker.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn what_a_dead_writer_said_is_cleared_by_the_next_server() {
    let world = World::empty().await;
    world.store.apply(&rules(), &one("m", 1, &["email:a"]), NOW).await.expect("applied");
    assert_eq!(number(&world.options, "MATCH (w:Writing) RETURN count(w) AS n").await, 0, "said no longer");
    let graph = crate::world::graph(&world.options).await;
    let dead = "MATCH (c:Customer) CREATE (:Writing {store: 1, seq: 2, customers: [c.id]})";
    graph.run(neo4rs::query(dead)).await.expect("said");
    let keys = [CustomerKey::Identifier(IdentifierKey::new("email", "a"))];
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let answer = world.store.customers(&keys, Shape::Card, pages).await.expect("an answer").remove(0);
    assert!(answer.expect_err("a commit may be on its way").is_transient());
    let next = world.server(|_| {});
    next.set_up().await.expect("set up");
    let answer = world.store.customers(&keys, Shape::Card, pages).await.expect("an answer").remove(0);
    assert!(answer.expect("whole").is_some());
}
