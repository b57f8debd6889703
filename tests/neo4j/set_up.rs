//! Setting up, alone and together, and what is said when it cannot be.

use throughline::domain::health::Health;
use throughline::store::neo4j::Neo4jStore;
use throughline::store::{Store, StoreError};

use crate::common::facts::event;
use crate::common::wipe::wipe;
use crate::world::{World, graph, number};

#[tokio::test(flavor = "multi_thread")]
async fn several_servers_set_up_at_once() {
    let Some(world) = World::empty().await else { return };
    let graph = graph(&world.options).await;
    // From nothing: without constraints and indexes too.
    let mut names = graph.execute(neo4rs::query("SHOW CONSTRAINTS YIELD name")).await.expect("constraints");
    let mut drops = Vec::new();
    while let Some(row) = names.next().await.expect("a row") {
        drops.push(format!("DROP CONSTRAINT {} IF EXISTS", row.get::<String>("name").expect("a name")));
    }
    let mut names =
        graph.execute(neo4rs::query("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'")).await.expect("indexes");
    while let Some(row) = names.next().await.expect("a row") {
        drops.push(format!("DROP INDEX {} IF EXISTS", row.get::<String>("name").expect("a name")));
    }
    drops.sort();
    for drop in drops {
        graph.run(neo4rs::query(&drop)).await.expect("dropped");
    }
    wipe(&graph).await.expect("wiped");
    let servers = (0..4).map(|_| {
        let server = world.server(|_| {});
        tokio::spawn(async move { server.set_up().await })
    });
    for server in servers.collect::<Vec<_>>() {
        server.await.expect("no panic").expect("set up");
    }
    assert_eq!(number(&world.options, "MATCH (n) RETURN count(n) AS n").await, 2, "the counter and the version");
    world.store.set_up().await.expect("again");
    world.store.ping().await.expect("there");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_that_were_not_kept_are_counted_once() {
    let Some(world) = World::empty().await else { return };
    let told = crate::common::world::World::new(std::sync::Arc::new(world.store.clone()));
    told.apply_each([
        event("m1").user("ada").card("c1").view(),
        event("m2").user("bob").card("c1"),
        event("m3").anonymous("a1"),
        event("m4").anonymous("a1").user("ada"),
        event("m5").named("ticket", "t1"),
    ])
    .await;
    let figures = world.store.identity_health().await.expect("figures");
    let largest = world.store.largest_customers(10).await.expect("customers");
    assert_eq!((figures.identifiers, figures.merges, largest.len()), (5, 1, 2));
    let forget = "MATCH (n:Counter) REMOVE n.health WITH n MATCH (c:Customer) REMOVE c.identifier_count";
    graph(&world.options).await.run(neo4rs::query(forget)).await.expect("forgotten");
    world.store.set_up().await.expect("counted");
    assert_eq!(world.store.identity_health().await.expect("figures"), figures);
    // Data from when the names were not kept yet.
    let nameless = Health { names: None, ..figures.clone() };
    let text = serde_json::to_string(&nameless).expect("JSON");
    let forget = neo4rs::query("MATCH (n:Counter {name: 'changes'}) SET n.health = $health").param("health", text);
    graph(&world.options).await.run(forget).await.expect("forgotten");
    assert_eq!(world.store.identity_health().await.expect("figures"), nameless);
    told.apply([event("m6").user("eve").named("crm", "1")]).await;
    let later = world.store.identity_health().await.expect("figures");
    assert_eq!((later.names, later.identifiers), (None, 7), "what is not known from the beginning is not known");
    world.store.set_up().await.expect("looked at");
    let names = world.store.identity_health().await.expect("figures").names.expect("names");
    assert!(names.kinds.contains("crm") && names.kinds.contains("ticket") && names.channels.contains("website"));
    assert_eq!(world.store.largest_customers(10).await.expect("customers"), largest);
}

/// As a fault of before left it: the counter behind the log, so that every number it gives is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_is_behind_the_log_is_told_and_mended() {
    use throughline::domain::Timestamp;
    use throughline::store::counter;
    let Some(world) = World::empty().await else { return };
    assert_eq!(counter::look(&world.store).await.expect("a look"), None, "nothing yet");
    for n in 0..3 {
        let batch = crate::world::one(&format!("m{n}"), n, &["email:a"]);
        world.store.apply(&crate::world::rules(), &batch, Timestamp(1)).await.expect("applied");
    }
    assert_eq!(counter::look(&world.store).await.expect("a look"), None);
    let graph = graph(&world.options).await;
    graph.run(neo4rs::query("MATCH (n:Counter {name: 'changes'}) SET n.seq = 1")).await.expect("damaged");
    let batch = crate::world::one("m3", 3, &["email:a"]);
    world.store.apply(&crate::world::rules(), &batch, Timestamp(1)).await.expect_err("its number is taken");
    let fault = counter::look(&world.store).await.expect("a look").expect("a fault");
    assert_eq!(fault, counter::CounterFault { counter: 1, last: 3 });
    let mending = world.store.mending_counter();
    let words = fault.words(&mending);
    assert!(words.contains("at 1 ") && words.contains("at 3,") && words.ends_with("SET n.seq = last"), "{words}");
    graph.run(neo4rs::query(&mending)).await.expect("mended");
    assert_eq!(counter::look(&world.store).await.expect("a look"), None);
    assert_eq!(world.store.apply(&crate::world::rules(), &batch, Timestamp(1)).await.expect("applied").change, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_a_newer_version_is_left_alone() {
    let Some(world) = World::empty().await else { return };
    let graph = graph(&world.options).await;
    graph.run(neo4rs::query("MATCH (s:Schema) SET s.version = 99")).await.expect("raised");
    let error = world.store.set_up().await.expect_err("a newer version");
    assert!(matches!(&error, StoreError::Setup(said) if said.contains("99") && said.contains("newer")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_named_and_not_shown() {
    let Some(world) = World::empty().await else { return };
    for scheme in ["bolt", "neo4j"] {
        let server = world.server(|options| {
            options.password = "not-the-password".into();
            options.url = options.url.replace("bolt://", &format!("{scheme}://")).into();
        });
        for error in [server.set_up().await.expect_err("refused"), server.ping().await.expect_err("refused")] {
            let said = error.to_string();
            assert!(matches!(error, StoreError::Setup(_)), "{scheme}: {said}");
            assert!(said.contains("password") && !said.contains("not-the-password"), "{said}");
        }
        // Three wrong ones in a row make the server deaf for 5 s.
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    }
    world.store.ping().await.expect("the right one still works");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_cannot_work_is_named() {
    let Some(options) = crate::world::options() else { return };
    for url in ["http://localhost:7474", "mysql://localhost", "bolt://"] {
        let options = throughline::store::neo4j::Neo4jOptions { url: url.into(), ..options.clone() };
        let error = Neo4jStore::connect(options).err().expect("no address");
        assert!(matches!(&error, StoreError::Setup(said) if said.contains("bolt://host:7687")), "{url}: {error}");
    }
    let tls = throughline::store::neo4j::Neo4jOptions {
        url: options.url.replace("bolt://", "bolt+s://").into(),
        ..options.clone()
    };
    let error = Neo4jStore::connect(tls).expect("an address").ping().await.expect_err("no TLS there");
    assert!(error.to_string().contains("if it has no TLS, use bolt://"), "{error}");
}

/// A single server answers for a cluster of one.
#[tokio::test(flavor = "multi_thread")]
async fn a_clusters_address_works_and_shows_what_was_just_written() {
    use throughline::domain::Timestamp;
    let Some(world) = World::empty().await else { return };
    let server = world.server(|options| options.url = options.url.replace("bolt://", "neo4j://").into());
    server.set_up().await.expect("set up");
    for n in 0..20 {
        let batch = crate::world::one(&format!("m{n}"), n, &["email:a"]);
        server.apply(&crate::world::rules(), &batch, Timestamp(1)).await.expect("applied");
        assert_eq!(server.status().await.expect("a status").touchpoints, n + 1);
    }
}

/// What no index holds is refused, and leaves the store as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_the_store_will_not_take_is_refused() {
    use throughline::domain::Timestamp;
    use throughline::domain::product::Product;
    let Some(world) = World::empty().await else { return };
    for length in [9_000, 200_000] {
        let mut batch = crate::world::one("m", 1, &["email:a"]);
        let sku = "s".repeat(length);
        batch.facts[0].products.push(Product { sku: sku.into(), name: None, category: None });
        let error = world.store.apply(&crate::world::rules(), &batch, Timestamp(1)).await.expect_err("too long");
        assert!(matches!(error, StoreError::Refused(_)), "{length}: {error}");
    }
    assert_eq!(number(&world.options, "MATCH (n) RETURN count(n) AS n").await, 2, "the counter and the version");
    let batch = crate::world::one("m", 1, &["email:a"]);
    assert_eq!(world.store.apply(&crate::world::rules(), &batch, Timestamp(1)).await.expect("applied").change, 1);
}
