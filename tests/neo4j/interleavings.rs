//! Two servers on one database, each stopped at the critical steps.

use throughline::domain::Timestamp;
use throughline::stitching::Batch;
use throughline::store::Store;
use throughline::store::neo4j::Step;
use throughline::store::recount::recount;
use throughline::store::visits::Visits;

use crate::gate::Gate;
use crate::world::{World, fact, holder, number, one, rules};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) async fn consistent(world: &World) {
    let strays = "MATCH (c:CustomerId)-[:IDENTIFIED_BY]->(i) WITH i, collect(c) AS cs \
        WHERE size(cs) > 1 OR any(c IN cs WHERE c:MergedCustomer) RETURN count(i) AS n";
    assert_eq!(number(&world.options, strays).await, 0, "an identifier of two customers, or of one that was merged");
    let broken = "MATCH (c:Customer)-[:IDENTIFIED_BY]->(i:Identifier {kind: 'user_id'}) WITH c, count(i) AS held \
        WHERE held > 1 RETURN count(c) AS n";
    assert_eq!(number(&world.options, broken).await, 0, "two user ids on one customer");
    assert_eq!(number(&world.options, "MATCH (i:Identifier) WHERE i.id IS NULL RETURN count(i) AS n").await, 0);
    let customers = number(&world.options, "MATCH (c:Customer) RETURN count(c) AS n").await;
    let status = world.store.status().await.expect("a status");
    assert_eq!(status.customers, customers);
    let gaps =
        "MATCH (n:Counter {name: 'changes'}) MATCH (c:Change) WITH n, count(c) AS changes RETURN n.seq - changes AS n";
    assert_eq!(number(&world.options, gaps).await, 0, "a change number without its change");
}

/// Both batches are about one customer, with different identifiers: locks on identifiers alone would let both through.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn two_writers_on_other_identifiers_of_one_customer_keep_its_limit() {
    let world = World::empty().await;
    world.store.apply(&rules(), &one("m0", 1, &["email:a@x", "anonymous_id:1"]), NOW).await.expect("applied");
    for held in [Step::Begun, Step::Locked, Step::Known, Step::Written] {
        let tag = format!("{held:?}");
        let (x, y) = (format!("user_id:x{tag}"), format!("user_id:y{tag}"));
        let (mail, device) = (format!("email:{tag}@x"), format!("anonymous_id:{tag}"));
        let first = one(&format!("first-{tag}"), 1, &[&mail, &device]);
        world.store.apply(&rules(), &first, NOW).await.expect("applied");
        let mut gate = None;
        let slow = world.server(|options| gate = Some(Gate::at(held, options)));
        let gate = gate.expect("a gate");
        let batch = one(&format!("slow-{tag}"), 2, &[&x, &mail]);
        let slow = tokio::spawn(async move { slow.apply(&rules(), &batch, NOW).await });
        gate.reached.notified().await;
        let fast = world.store.clone();
        let batch = one(&format!("fast-{tag}"), 2, &[&y, &device]);
        let mut fast = tokio::spawn(async move { fast.apply(&rules(), &batch, NOW).await });
        let waited = tokio::time::timeout(std::time::Duration::from_millis(500), &mut fast).await;
        assert_eq!(waited.is_err(), held != Step::Begun, "only a writer with its locks makes another wait");
        gate.go_on.notify_one();
        slow.await.expect("no panic").expect("applied");
        if waited.is_err() {
            fast.await.expect("no panic").expect("applied");
        }
        let (x, y) = (holder(&world.store, &x).await, holder(&world.store, &y).await);
        assert!(
            x.is_some() && y.is_some() && x != y,
            "the second user id was refused and has its own customer: {x:?} {y:?}"
        );
        consistent(&world).await;
    }
}

/// One merges a customer away while the other is about to give that customer an identifier.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn an_identifier_is_never_given_to_a_customer_that_was_just_merged_away() {
    let world = World::empty().await;
    for held in [Step::Begun, Step::Locked, Step::Known, Step::Written] {
        let tag = format!("{held:?}");
        let (a, b) = (format!("email:a{tag}"), format!("email:b{tag}"));
        let (device, new) = (format!("anonymous_id:b{tag}"), format!("anonymous_id:new{tag}"));
        let batch = one(&format!("a-{tag}"), 1, &[&a]);
        world.store.apply(&rules(), &batch, NOW).await.expect("applied");
        let batch = one(&format!("b-{tag}"), 1, &[&b, &device]);
        world.store.apply(&rules(), &batch, NOW).await.expect("applied");
        let before = holder(&world.store, &a).await;
        // One batch has `device`, the merge has `a` and `b`: no identifier in common.
        let mut gate = None;
        let giver = world.server(|options| gate = Some(Gate::at(held, options)));
        let gate = gate.expect("a gate");
        let batch = one(&format!("give-{tag}"), 2, &[&device, &new]);
        let giver = tokio::spawn(async move { giver.apply(&rules(), &batch, NOW).await });
        gate.reached.notified().await;
        let merger = world.store.clone();
        let batch = one(&format!("merge-{tag}"), 2, &[&a, &b]);
        let mut merger = tokio::spawn(async move { merger.apply(&rules(), &batch, NOW).await });
        let waited = tokio::time::timeout(std::time::Duration::from_millis(500), &mut merger).await;
        gate.go_on.notify_one();
        giver.await.expect("no panic").expect("applied");
        if waited.is_err() {
            merger.await.expect("no panic").expect("applied");
        }
        for identifier in [&a, &b, &device, &new] {
            assert_eq!(holder(&world.store, identifier).await, before, "{identifier} is with the one that stayed");
        }
        consistent(&world).await;
    }
}

/// The other way round: the merge holds its locks, the other batch waits, and finds the customer merged away.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_writer_who_waited_for_a_merge_looks_again() {
    let world = World::empty().await;
    world.store.apply(&rules(), &one("a", 1, &["email:a"]), NOW).await.expect("applied");
    world.store.apply(&rules(), &one("b", 1, &["email:b", "anonymous_id:b"]), NOW).await.expect("applied");
    let before = holder(&world.store, "email:a").await;
    let mut gate = None;
    let merger = world.server(|options| gate = Some(Gate::at(Step::Written, options)));
    let gate = gate.expect("a gate");
    let merger =
        tokio::spawn(async move { merger.apply(&rules(), &one("merge", 2, &["email:a", "email:b"]), NOW).await });
    gate.reached.notified().await;
    let giver = world.store.clone();
    let batch = one("give", 2, &["anonymous_id:b", "anonymous_id:new"]);
    let giver = tokio::spawn(async move { giver.apply(&rules(), &batch, NOW).await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    gate.go_on.notify_one();
    merger.await.expect("no panic").expect("applied");
    giver.await.expect("no panic").expect("applied");
    assert_eq!(holder(&world.store, "anonymous_id:new").await, before);
    consistent(&world).await;
}

/// Many writers on few customers: the result is one partition, and no change number is missing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn many_writers_leave_no_identifier_twice_and_no_gap_in_the_numbers() {
    let world = World::empty().await;
    let mut writers = Vec::new();
    for writer in 0..4 {
        let server = world.server(|_| {});
        writers.push(tokio::spawn(async move {
            for n in 0..15 {
                let facts = (0..6).map(|k| {
                    let (one, other) = ((writer * 7 + n * 3 + k) % 20, (writer * 5 + n * 11 + k * 2) % 20);
                    let (one, other) = (format!("email:{one}"), format!("anonymous_id:{other}"));
                    fact(&format!("m-{writer}-{n}-{k}"), n, &[&one, &other])
                });
                let batch = throughline::stitching::Batch { facts: facts.collect() };
                server.apply(&rules(), &batch, NOW).await.expect("applied");
            }
        }));
    }
    for writer in writers {
        writer.await.expect("no panic");
    }
    consistent(&world).await;
    let found = number(&world.options, "MATCH (t:Touchpoint) RETURN count(t) AS n").await;
    assert_eq!(found, 4 * 15 * 6);
    assert_eq!(world.store.status().await.expect("a status").touchpoints, found);
}

/// When no rule refuses anything, the customers are the union-find of all events, on whichever server they arrived.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn three_servers_leave_the_components_of_all_that_they_were_sent() {
    let world = World::empty().await;
    const PEOPLE: usize = 90;
    let name = |n: usize| format!("{}:{n}", if n.is_multiple_of(2) { "email" } else { "anonymous_id" });
    // The same pairs on each server, from different places on, so that conflicts are frequent.
    let pairs: Vec<(usize, usize)> = (0..60).map(|n| (n * 7 % PEOPLE, (n * n + 13 * n + 5) % PEOPLE)).collect();
    let mut servers = Vec::new();
    for server in 0..3 {
        let (store, pairs) = (world.server(|_| {}), pairs.clone());
        servers.push(tokio::spawn(async move {
            for batch in 0..10 {
                let facts = (0..6).map(|k| {
                    let n = (server * 20 + batch * 6 + k) % pairs.len();
                    let (one, other) = pairs[n];
                    let mut names = [name(one), name(other)];
                    names.sort_by_key(|name| name.starts_with("anonymous_id"));
                    fact(&format!("m-{server}-{n}"), 1, &names.each_ref().map(String::as_str))
                });
                let batch = throughline::stitching::Batch { facts: facts.collect() };
                store.apply(&rules(), &batch, NOW).await.expect("applied");
            }
        }));
    }
    for server in servers {
        server.await.expect("no panic");
    }
    consistent(&world).await;
    let mut root: Vec<usize> = (0..PEOPLE).collect();
    fn find(root: &[usize], mut n: usize) -> usize {
        while root[n] != n {
            n = root[n];
        }
        n
    }
    for &(one, other) in &pairs {
        let (one, other) = (find(&root, one), find(&root, other));
        root[one.max(other)] = one.min(other);
    }
    let mut holders = Vec::new();
    for n in 0..PEOPLE {
        holders.push(holder(&world.store, &name(n)).await);
    }
    for &(n, _) in &pairs {
        for &(m, _) in &pairs {
            let together = find(&root, n) == find(&root, m);
            assert_eq!(holders[n] == holders[m], together, "{} and {}", name(n), name(m));
        }
    }
}

/// The same batch by two servers at once is stored once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn the_same_batch_from_two_servers_is_stored_once() {
    let world = World::empty().await;
    let mut gate = None;
    let slow = world.server(|options| gate = Some(Gate::at(Step::Begun, options)));
    let gate = gate.expect("a gate");
    let slow = tokio::spawn(async move { slow.apply(&rules(), &one("m", 1, &["email:a"]), NOW).await });
    gate.reached.notified().await;
    let applied = world.store.apply(&rules(), &one("m", 1, &["email:a"]), NOW).await.expect("applied");
    gate.go_on.notify_one();
    let late = slow.await.expect("no panic").expect("applied");
    assert_eq!(late.change, applied.change, "the second changed nothing");
    assert!(matches!(late.outcomes[0], throughline::stitching::Outcome::Unchanged { customer: Some(_) }));
    assert_eq!(number(&world.options, "MATCH (t:Touchpoint) RETURN count(t) AS n").await, 1);
    consistent(&world).await;
}

/// A check for something to write, and a set-up, wait for a writer that has its change number; then the counter continues
/// from that number, not from the one before.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn who_waited_for_the_counter_does_not_put_it_back() {
    let world = World::empty().await;
    for (id, at, user) in [("f1", 1, "user_id:0"), ("f2", 2, "user_id:1")] {
        world.store.apply(&rules(), &one(id, at, &[user, "anonymous_id:tablet"]), NOW).await.expect("applied");
    }
    for round in 0..4 {
        let mut gate = None;
        let writer = world.server(|options| gate = Some(Gate::at(Step::Written, options)));
        let gate = gate.expect("a gate");
        let batch = one(&format!("w{round}"), 3, &[&format!("email:{round}")]);
        let writer = tokio::spawn(async move { writer.apply(&rules(), &batch, NOW).await });
        gate.reached.notified().await;
        let (assigning, starter) = (world.server(|_| {}), world.server(|_| {}));
        let assigning = tokio::spawn(async move { assigning.assign_visits(&rules(), &[], 4, NOW).await });
        let starter = tokio::spawn(async move { starter.set_up().await });
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        gate.go_on.notify_one();
        let written = writer.await.expect("no panic").expect("applied");
        assigning.await.expect("no panic").expect("assigned");
        starter.await.expect("no panic").expect("set up");
        let counter = number(&world.options, "MATCH (n:Counter) RETURN n.seq AS n").await;
        assert!(counter >= written.change, "round {round}: {counter} after {}", written.change);
        let next = one(&format!("n{round}"), 4, &["email:next"]);
        world.store.apply(&rules(), &next, NOW).await.expect("applied");
        consistent(&world).await;
    }
}

/// Two servers assign visits while a third ingests more, of the same device and the same customers.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn servers_assign_visits_side_by_side() {
    const HOUR: i64 = 3_600_000;
    let world = World::empty().await;
    let flip = [("f1", 1, "user_id:0"), ("f2", 2, "user_id:1")];
    for (id, at, user) in flip {
        world.store.apply(&rules(), &one(id, at, &[user, "anonymous_id:tablet"]), NOW).await.expect("applied");
    }
    let (done, finished) = tokio::sync::watch::channel(false);
    let assigning = [(); 2].map(|()| {
        let (server, finished) = (world.server(|_| {}), finished.clone());
        tokio::spawn(async move {
            loop {
                let last = *finished.borrow();
                while server.assign_visits(&rules(), &[], 4, NOW).await.expect("assigned").is_some() {}
                if last {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
    });
    for n in 1..=12 {
        let at = n * HOUR;
        let user = format!("user_id:{}", n % 2);
        let facts = vec![
            fact(&format!("a{n}"), at, &["anonymous_id:tablet"]),
            fact(&format!("b{n}"), at + 1, &[&user, "anonymous_id:tablet"]),
            fact(&format!("c{n}"), at + 2, &["anonymous_id:tablet"]),
        ];
        world.store.apply(&rules(), &Batch { facts }, NOW).await.expect("applied");
    }
    done.send_replace(true);
    for task in assigning {
        task.await.expect("no panic");
    }
    let given = "MATCH (t:Touchpoint)-[:GIVEN_TO]->(i:Identifier) WHERE i.id = t.owner AND t.moved IS NOT NULL \
        MATCH (s:Touchpoint {owner: i.id}) WHERE s.moved IS NULL AND abs(s.at - t.at) = 1 RETURN count(t) AS n";
    assert_eq!(number(&world.options, given).await, 24, "each went to who signed in beside it");
    assert_eq!(number(&world.options, "MATCH (p:PendingVisits) RETURN count(p) AS n").await, 0);
    consistent(&world).await;
    let again = recount(&world.store, NOW, |_| {}).await.expect("figures counted again");
    assert_eq!((again.customers, again.wrong), (2, 0));
}
