//! Set-up by one server and by several, and its errors.

use throughline::domain::health::Health;
use throughline::store::neo4j::Neo4jStore;
use throughline::store::{Store, StoreError};

use crate::common::facts::event;
use crate::common::wipe::wipe;
use crate::world::{World, graph, number};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn several_servers_set_up_at_once() {
    let world = World::empty().await;
    let graph = graph(&world.options).await;
    // An empty database, without constraints and indexes.
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

/// A state that servers leave when they write before their set-up has ended.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn nodes_that_keep_a_constraint_from_being_made_are_named_with_what_to_run() {
    let world = World::empty().await;
    let graph = graph(&world.options).await;
    let run = async |text: &str| graph.run(neo4rs::query(text)).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    run("DROP CONSTRAINT rules_version").await;
    run("UNWIND [3, 1, 2] AS at CREATE (:Rules {version: 1, saved_at: at, text: 'x'})").await;
    // On a server that starts, and on one that was away.
    for server in [&world.server(|_| {}), &world.store] {
        let error = server.set_up().await.expect_err("no constraint");
        let said = error.to_string();
        assert!(matches!(error, StoreError::Setup(_)), "{said}");
        assert!(said.contains("rules_version") && said.contains("3 nodes :Rules share 1 value of version"), "{said}");
    }
    let said = world.store.set_up().await.expect_err("no constraint").to_string();
    run(said.split_once("the oldest of each: ").expect("what to run").1).await;
    world.store.set_up().await.expect("set up");
    assert_eq!(number(&world.options, "MATCH (r:Rules) RETURN count(r) + 10 * max(r.saved_at) AS n").await, 11);
    // The error shows no identifier, and nothing is deleted.
    run("DROP CONSTRAINT identifier_key").await;
    run("UNWIND ['email:jane@example.com', 'email:jane@example.com', 'phone:1', 'phone:1', 'user_id:1'] AS key \
         CREATE (:Identifier {key: key})")
    .await;
    let said = world.store.set_up().await.expect_err("no constraint").to_string();
    assert!(said.contains("4 nodes :Identifier share 2 values of key") && !said.contains("jane"), "{said}");
    assert!(said.contains("bring back a backup") && !said.contains("DELETE"), "{said}");
    run("MATCH (i:Identifier) DELETE i").await;
    world.store.set_up().await.expect("set up");
    assert_eq!(
        number(&world.options, "SHOW CONSTRAINTS YIELD name WHERE name = 'identifier_key' RETURN count(*) AS n").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn nothing_is_made_of_rules_before_the_set_up_has_ended() {
    use throughline::domain::Timestamp;
    use throughline::store::rules::Rulebook;
    let world = World::empty().await;
    wipe(&graph(&world.options).await).await.expect("wiped");
    let settings = throughline::settings::Settings::default();
    let server = world.server(|_| {});
    let error = server.begin_rules(&settings.identity.written(), Timestamp(1)).await.expect_err("too early");
    assert!(error.is_transient(), "{error}");
    assert_eq!(number(&world.options, "MATCH (n) RETURN count(n) AS n").await, 0);
    let waits = tokio::time::timeout(std::time::Duration::from_millis(200), server.until_set_up()).await;
    assert!(waits.is_err(), "whoever works by himself waits");
    assert!(server.ping().await.is_err_and(|error| error.to_string().contains("not set up")));
    server.set_up().await.expect("set up");
    server.until_set_up().await;
    server.ping().await.expect("there");
    server.begin_rules(&settings.identity.written(), Timestamp(1)).await.expect("the first rules");
    assert_eq!(number(&world.options, "MATCH (r:Rules) RETURN count(r) AS n").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_server_that_is_back_is_looked_at_and_made_whole() {
    let world = World::empty().await;
    let graph = graph(&world.options).await;
    let run = async |text: &str| graph.run(neo4rs::query(text)).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    // A writer that died, a missing index, an empty database: each is noticed, in the first set-up of a process and later.
    run("CREATE (:Writing {store: 1, seq: 1, customers: []})").await;
    world.store.set_up().await.expect("set up");
    assert_eq!(number(&world.options, "MATCH (w:Writing) RETURN count(w) AS n").await, 0);
    run("DROP INDEX touchpoint_place").await;
    world.store.set_up().await.expect("set up");
    let index =
        "SHOW INDEXES YIELD name, state WHERE name = 'touchpoint_place' AND state = 'ONLINE' RETURN count(*) AS n";
    assert_eq!(number(&world.options, index).await, 1);
    wipe(&graph).await.expect("wiped");
    world.store.ping().await.expect_err("empty");
    world.store.set_up().await.expect("set up");
    world.store.ping().await.expect("there");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn figures_that_were_not_kept_are_counted_once() {
    let world = World::empty().await;
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
    assert_eq!(world.store.largest_customers(10).await.expect("customers"), largest);
    // Data of an older version, without the names.
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
}

/// Data of each older version: its words had another form or none, its claims no hashes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn data_of_an_older_version_is_searched_and_counted_as_what_is_new() {
    use throughline::domain::search::{Asked, TextSearch};
    use throughline::store::query::CustomerFilter;
    for version in 1..=3 {
        let world = World::empty().await;
        let told = crate::common::world::World::new(std::sync::Arc::new(world.store.clone()));
        let named = |id: &str, at| event(id).user("ada").minute(at).claim("name", "\"Kwáme Alwell\"");
        told.apply_each([
            named("m1", 1).phone("+447235978358"),
            named("m2", 2),
            event("m3").user("ada").minute(3).claim("city", "null"),
        ])
        .await;
        let graph = graph(&world.options).await;
        let older = neo4rs::query(
            "MATCH (s:Schema {name: 'throughline'}) SET s.version = $version WITH s \
             MATCH (n) WHERE n:Trait OR n:Identifier SET n.search = 'older' REMOVE n.hash",
        );
        graph.run(older.param("version", version)).await.expect("an older version");
        graph.run(neo4rs::query("DROP INDEX trait_present")).await.expect("an index that came later");
        // A server that starts, and then another.
        for _ in 0..2 {
            world.server(|_| {}).set_up().await.expect("set up");
            let with = "MATCH (:Identifier)-[:CLAIMS]->(t:Trait) WHERE t.hash IS NOT NULL RETURN count(t) AS n";
            assert_eq!(number(&world.options, with).await, 2, "{version}: the name and the city");
            let older = "MATCH (n) WHERE n.search = 'older' AND NOT (n)<-[:CLAIMED]-() RETURN count(n) AS n";
            assert_eq!(number(&world.options, older).await, 0, "{version}");
            let stored = "MATCH (s:Schema) RETURN s.version AS n";
            assert!(number(&world.options, stored).await > 3, "{version}");
        }
        for (text, found) in [("kwmae", 1), ("lwel", 1), ("07235 978358", 1), ("older", 0), ("null", 0)] {
            let text = Some(TextSearch { asked: Asked::read(text), ..TextSearch::default() });
            let filter = CustomerFilter { text, ..CustomerFilter::default() };
            assert_eq!(world.store.count_customers(&filter).await.expect("a count"), found, "{version}: {filter:?}");
        }
        told.apply([named("m4", 4)]).await;
        let claims = told.customer("user_id", "ada").await.claims.clone();
        let mut counts: Vec<_> = claims.iter().map(|claim| (claim.value.get().to_owned(), claim.count)).collect();
        counts.sort();
        assert_eq!(counts, [("\"Kwáme Alwell\"".to_owned(), 3), ("null".to_owned(), 1)], "{version}");
    }
}

/// A state of an earlier defect: the counter is behind the log, so every number it gives is used already.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_counter_that_is_behind_the_log_is_told_and_mended() {
    use throughline::domain::Timestamp;
    use throughline::store::counter;
    let world = World::empty().await;
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
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn data_of_a_newer_version_is_left_alone() {
    let world = World::empty().await;
    let graph = graph(&world.options).await;
    graph.run(neo4rs::query("MATCH (s:Schema) SET s.version = 99")).await.expect("raised");
    let error = world.store.set_up().await.expect_err("a newer version");
    assert!(matches!(&error, StoreError::Setup(said) if said.contains("99") && said.contains("newer")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_wrong_password_is_named_and_not_shown() {
    let world = World::empty().await;
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
        // After three wrong passwords in a row the server refuses connections for 5 s.
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    }
    world.store.ping().await.expect("the right one still works");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn an_address_that_cannot_work_is_named() {
    let options = crate::world::options();
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

/// An address of the routing scheme, `neo4j://`, also works for a single server.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_clusters_address_works_and_shows_what_was_just_written() {
    use throughline::domain::Timestamp;
    let world = World::empty().await;
    let server = world.server(|options| options.url = options.url.replace("bolt://", "neo4j://").into());
    server.set_up().await.expect("set up");
    for n in 0..20 {
        let batch = crate::world::one(&format!("m{n}"), n, &["email:a"]);
        server.apply(&crate::world::rules(), &batch, Timestamp(1)).await.expect("applied");
        assert_eq!(server.status().await.expect("a status").touchpoints, n + 1);
    }
}

/// A value that is too large for an index is refused, and the store does not change.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_value_that_the_store_will_not_take_is_refused() {
    use throughline::domain::Timestamp;
    use throughline::domain::product::Product;
    let world = World::empty().await;
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
