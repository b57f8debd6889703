//! Tests of the SQLite store alone: it survives a kill, several processes share it, and it reports what is wrong with a
//! file.

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::facts::{amount, event, minute, rules};
use common::world::World;
use rusqlite::Connection;
use throughline::domain::Currency;
use throughline::stitching::Batch;
use throughline::store::query::{CustomerFilter, CustomerList, CustomerSort};
use throughline::store::recount::recount;
use throughline::store::sqlite::{SqliteOptions, SqliteStore};
use throughline::store::{Store, StoreError};

/// The environment variable of the child processes of these tests: the file they write to.
const CHILD_FILE: &str = "THROUGHLINE_TEST_CHILD_FILE";
/// The environment variable for the prefix of their message ids.
const CHILD_NAME: &str = "THROUGHLINE_TEST_CHILD_NAME";

fn open(path: &Path) -> SqliteStore {
    let options = SqliteOptions {
        readers: 1,
        synchronous_full: false,
        lock_wait: Duration::from_secs(20),
        ..SqliteOptions::default()
    };
    SqliteStore::open(path, options).expect("a store")
}

/// The error of a store for a file that it refuses.
async fn refusal(path: &Path) -> String {
    match open(path).set_up().await {
        Err(fault @ (StoreError::Setup(_) | StoreError::Data(_))) => {
            assert!(!fault.is_transient());
            fault.to_string()
        }
        other => panic!("{other:?}"),
    }
}

/// Not a test: the child processes of the tests below run it. It applies batches until it is killed and prints each
/// acknowledgement.
#[test]
fn child_that_applies_batches() {
    let (Ok(file), Ok(name)) = (std::env::var(CHILD_FILE), std::env::var(CHILD_NAME)) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = open(Path::new(&file));
        store.set_up().await.expect("a database");
        for n in 0.. {
            let said = (0..20).map(|m| event(&format!("{name}-{n}-{m}")).user(&format!("{name}-{n}")).view().into());
            let batch = Batch { facts: said.collect() };
            let applied = store.apply(&rules(), &batch, minute(n)).await.expect("a batch");
            eprintln!("acknowledged {n} {}", applied.change);
        }
    });
}

fn start_child(file: &Path, name: &str) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "child_that_applies_batches", "--nocapture"])
        .env(CHILD_FILE, file)
        .env(CHILD_NAME, name)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child process")
}

/// Reads the acknowledgements of a child, kills it after this number, and reads the rest of its output.
fn kill_after(mut child: Child, batches: usize) -> Vec<(i64, i64)> {
    let mut acknowledged = Vec::new();
    let lines = BufReader::new(child.stderr.take().expect("its output")).lines();
    for line in lines.map_while(Result::ok) {
        let mut words = line.strip_prefix("acknowledged ").unwrap_or_default().split(' ');
        if let (Some(Ok(n)), Some(Ok(change))) = (words.next().map(str::parse), words.next().map(str::parse)) {
            acknowledged.push((n, change));
        }
        if acknowledged.len() == batches {
            child.kill().expect("a kill");
        }
    }
    child.wait().expect("an end");
    acknowledged
}

#[tokio::test]
async fn no_acknowledged_batch_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("killed.db");
    let mut acknowledged = 0;
    for round in 0..3 {
        let name = format!("round-{round}");
        let done = kill_after(start_child(&file, &name), 25);
        assert!(done.len() >= 25, "{done:?}");
        acknowledged += done.len() as i64;
        let world = World::new(Arc::new(open(&file)));
        for (n, _) in &done {
            let view = world.customer("user_id", &format!("{name}-{n}")).await;
            assert_eq!(view.touchpoints.as_ref().expect("touchpoints").items.len(), 20);
        }
        let status = world.store.status().await.expect("a status");
        assert!(status.change >= acknowledged);
        assert_eq!((status.customers, status.touchpoints), (status.change, 20 * status.change), "whole batches");
    }
    let db = Connection::open(&file).expect("the file");
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(sound, "ok");
}

#[tokio::test]
async fn processes_that_write_to_one_file_number_their_changes_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shared.db");
    let children = ["one", "two", "three"].map(|name| {
        let child = start_child(&file, name);
        std::thread::spawn(move || kill_after(child, 30))
    });
    let mut changes: Vec<i64> = Vec::new();
    for child in children {
        changes.extend(child.join().expect("a child").into_iter().map(|(_, change)| change));
    }
    changes.sort_unstable();
    assert!(changes.len() >= 90 && changes.windows(2).all(|pair| pair[0] < pair[1]), "no number twice: {changes:?}");
    let status = open(&file).status().await.expect("a status");
    assert_eq!((status.customers, status.touchpoints), (status.change, 20 * status.change));
}

#[tokio::test]
async fn servers_that_start_at_once_make_the_tables_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("new.db");
    let stores: Vec<SqliteStore> = (0..8).map(|_| open(&file)).collect();
    for outcome in futures_util::future::join_all(stores.iter().map(Store::set_up)).await {
        outcome.expect("a database");
    }
    stores[0].set_up().await.expect("again");
    assert_eq!(stores[7].status().await.expect("a status").change, 0);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("newer.db");
    open(&file).set_up().await.expect("a database");
    Connection::open(&file).expect("the file").pragma_update(None, "user_version", 99).expect("a version");
    let said = refusal(&file).await;
    assert!(said.contains("newer Throughline") && said.contains("99"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_database_or_not_ours_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "notes ".repeat(2_000)).expect("a file");
    let said = refusal(&file).await;
    assert!(said.contains("notes.txt") && said.contains("not an SQLite database"), "{said}");
    assert_eq!(std::fs::read(&file).expect("a file").len(), 12_000, "and it is left as it was");
    let other = folder.path().join("other.db");
    Connection::open(&other).expect("a file").execute_batch("CREATE TABLE note (text TEXT)").expect("a table");
    assert!(refusal(&other).await.contains("another program"));
    let nowhere = refusal(&folder.path().join("no-folder").join("new.db")).await;
    assert!(nowhere.contains("no-folder") && nowhere.contains("folder must exist"), "{nowhere}");
}

#[tokio::test]
async fn a_damaged_file_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("damaged.db");
    {
        let world = World::new(Arc::new(open(&file)));
        world.store.set_up().await.expect("a database");
        world.apply((0..500).map(|n| event(&format!("m{n}")).user(&format!("u{n}")).view())).await;
    }
    // The WAL is written to the file, and everything but the file's first page is overwritten.
    let db = Connection::open(&file).expect("the file");
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).expect("a checkpoint");
    drop(db);
    let mut bytes = std::fs::read(&file).expect("the file");
    bytes[8_192..].fill(0x5a);
    std::fs::write(&file, bytes).expect("the file");
    let store = open(&file);
    let _ = store.set_up().await;
    match store.status().await {
        Err(StoreError::Data(said)) => assert!(said.contains("damaged"), "{said}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_write_behind_another_processes_lock_waits_and_then_says_busy() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("locked.db");
    let options = SqliteOptions { lock_wait: Duration::from_millis(200), ..SqliteOptions::default() };
    let store = SqliteStore::open(&file, options).expect("a store");
    store.set_up().await.expect("a database");
    let other = Connection::open(&file).expect("the file");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let batch = Batch { facts: vec![event("m1").user("ada").view().into()] };
    match store.apply(&rules(), &batch, minute(0)).await {
        Err(fault @ StoreError::Busy(_)) => assert!(fault.is_transient()),
        outcome => panic!("{outcome:?}"),
    }
    assert_eq!(store.status().await.expect("reads go on").change, 0);
    other.execute_batch("ROLLBACK").expect("the lock is given back");
    assert_eq!(store.apply(&rules(), &batch, minute(0)).await.expect("a batch").change, 1);
}

/// Stored figures that differ from a recount are found, each kind of them.
#[tokio::test]
async fn a_recount_finds_what_is_kept_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.db");
    let store = open(&file);
    store.set_up().await.expect("a database");
    let facts = (0..250).map(|n| {
        event(&format!("m{n}")).minute(n).user(&format!("u{n}")).view().completed(&n.to_string(), "9.99", &[])
    });
    let batch = Batch { facts: facts.map(Into::into).collect() };
    store.apply(&rules(), &batch, minute(0)).await.expect("a batch");
    // By a program of its own, as `check --recount` is: what a server keeps in memory is not looked at.
    let count = async || {
        let store = open(&file);
        store.set_up().await.expect("a database");
        recount(&store, minute(1_000), |_| {}).await.expect("a recount")
    };
    let counted = count().await;
    assert_eq!((counted.customers, counted.wrong), (250, 0));
    let spoil = |statement: &str| {
        let connection = Connection::open(&file).expect("the file");
        assert_eq!(connection.execute(statement, []).expect("spoilt"), 1, "{statement}");
    };
    for (spoilt, mended, wrong) in [
        (
            "UPDATE identifier SET rollup = replace(rollup, '\"n\":1', '\"n\":2') WHERE value = 'u7'",
            "UPDATE identifier SET rollup = replace(rollup, '\"n\":2', '\"n\":1') WHERE value = 'u7'",
            1,
        ),
        (
            "UPDATE customer SET last_seen_at = last_seen_at + 1 WHERE last_seen_at = (SELECT max(last_seen_at) FROM customer)",
            "UPDATE customer SET last_seen_at = last_seen_at - 1 WHERE last_seen_at = (SELECT max(last_seen_at) FROM customer)",
            1,
        ),
        (
            "UPDATE customer_spend SET net = net + 1 WHERE customer = (SELECT min(customer) FROM customer_spend)",
            "UPDATE customer_spend SET net = net - 1 WHERE customer = (SELECT min(customer) FROM customer_spend)",
            1,
        ),
    ] {
        spoil(spoilt);
        let counted = count().await;
        assert_eq!((counted.wrong, counted.named.len()), (wrong, wrong), "{spoilt}");
        spoil(mended);
    }
    assert_eq!(count().await.wrong, 0);
}

/// The money in a file of version 5 is kept, in its order, and its sums may be of any size.
#[tokio::test]
async fn money_of_an_older_file_stands_and_grows_beyond_64_bits() {
    const STEPS: [&str; 5] = [
        include_str!("../src/store/sqlite/schema.sql"),
        include_str!("../src/store/sqlite/schema_2.sql"),
        include_str!("../src/store/sqlite/schema_3.sql"),
        include_str!("../src/store/sqlite/schema_4.sql"),
        include_str!("../src/store/sqlite/schema_5.sql"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("old.db");
    let db = Connection::open(&file).expect("a file");
    for step in STEPS {
        db.execute_batch(step).expect("a version");
    }
    db.execute_batch(
        "PRAGMA application_id = 1953002092;
         PRAGMA user_version = 5;
         INSERT INTO customer (born, id, version, first_seen_at, last_seen_at, order_count, channels, identifier_count)
         VALUES (1, 'a', 1, 0, 0, 1, '[]', 1), (2, 'b', 1, 0, 0, 1, '[]', 1), (3, 'c', 1, 0, 0, 0, '[]', 1);
         INSERT INTO customer_spend (customer, currency, net, gross, returned, orders)
         VALUES (1, 'GBP', 5000000, 7000000, 2000000, 1), (2, 'GBP', 9223372036854775807, 9223372036854775807, 0, 1);
         INSERT INTO orders (source, number, owner, placed_at, placed_arrival, status, currency, total, returned, events)
         VALUES ('shop', '1', 1, 0, 1, 'PART_RETURNED', 'GBP', 7000000, 2000000, '[]');
         UPDATE counter SET customers = 3, seq = 1;
         INSERT INTO change (seq, at, entries) VALUES (1, 0, '[]');",
    )
    .expect("what was stored");
    drop(db);
    let world = World::new(Arc::new(open(&file)));
    world.store.set_up().await.expect("a newer version");
    let list = |descending| CustomerList {
        filter: CustomerFilter::default(),
        sort: CustomerSort::NetSpend(Currency("GBP".into())),
        descending,
        after: None,
        limit: 10,
    };
    let keys = async |descending| {
        let page = world.store.list_customers(&list(descending)).await.expect("a page");
        page.items.into_iter().map(|(id, place)| (id.0.to_string(), place.key)).collect::<Vec<_>>()
    };
    let of = |id: &str, key: i128| (id.to_owned(), key);
    assert_eq!(keys(true).await, [of("b", i64::MAX.into()), of("a", 5_000_000), of("c", 0)]);
    let orders = world.store.scan_orders(None, 10).await.expect("orders");
    assert_eq!((orders.len(), orders[0].net), (1, amount("5")));
    world.apply([event("m1").user("vast").completed("2", "999999999999999", &[])]).await;
    assert_eq!(keys(true).await[0].1, amount("999999999999999").0);
    assert_eq!(keys(false).await[3].1, amount("999999999999999").0);
}

#[tokio::test]
async fn visits_that_were_half_assigned_are_gone_on_with_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("visits.db");
    // Sixty visits to a tablet, in each of which Ruth or Sam signs in.
    let visits = (0..60_i64).flat_map(|n| {
        let of = |id: &str, at| event(&format!("{id}{n}")).minute(100 * n + at).anonymous("tablet");
        let name = if n % 2 == 0 { "ruth" } else { "sam" };
        [of("a", 0).view(), of("b", 5).user(name).view(), of("c", 9).view()]
    });
    let visits: Vec<_> = visits.collect();
    {
        let world = World::new(Arc::new(open(&file)));
        world.store.set_up().await.expect("a database");
        world.apply(visits.clone()).await;
        for _ in 0..3 {
            let assigned =
                world.store.assign_visits(&rules(), &[], 10, minute(9_000)).await.expect("a piece is assigned");
            assert!(assigned.is_some_and(|assigned| assigned.moved > 0));
        }
    }
    let world = World::new(Arc::new(open(&file)));
    world.store.set_up().await.expect("the same database");
    let before = world.customer("user_id", "ruth").await.rollup().touchpoint_count();
    assert!((31..90).contains(&before), "some were given, and not all: {before}");
    assert!(world.assign_by(10).await > 0);
    for name in ["ruth", "sam"] {
        assert_eq!(world.customer("user_id", name).await.rollup().touchpoint_count(), 90, "{name}");
    }
    let again = recount(&*world.store, minute(9_000), |_| {}).await.expect("figures counted again");
    assert_eq!((again.customers, again.wrong), (2, 0));
    // Another run has nothing to do.
    world.apply(visits).await;
    assert_eq!(world.assign_visits().await, 0);
}

#[tokio::test]
async fn a_long_history_that_turns_out_shared_is_assigned_in_pieces() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::new(Arc::new(open(&folder.path().join("long.db"))));
    world.store.set_up().await.expect("a database");
    // A kiosk that Ruth alone signed in on, every tenth hour, until Sam does.
    let seen = |n: i64| event(&format!("m{n}")).minute(20 * n).anonymous("kiosk");
    let events: Vec<_> =
        (0..4_000).map(|n| if n % 30 == 0 { seen(n).user("ruth").view() } else { seen(n).view() }).collect();
    for batch in events.chunks(1_000) {
        world.apply(batch.iter().cloned()).await;
    }
    world.apply([event("sam").minute(500_000).user("sam").anonymous("kiosk").view()]).await;
    let (mut pieces, mut moved) = (0, 0);
    while let Some(assigned) =
        world.store.assign_visits(&rules(), &[], 500, minute(0)).await.expect("a piece is assigned")
    {
        // Twenty minutes apart, it never pauses: each piece reads the days around it, and no more.
        assert!(assigned.read < 5_000 && assigned.moved <= 700, "{assigned:?}");
        (pieces, moved) = (pieces + 1, moved + assigned.moved);
    }
    assert!(pieces >= 8, "{pieces}");
    assert_eq!(moved, 4_000 - 134, "each day has a sign-in of hers in it, and nobody else's");
    let again = recount(&*world.store, minute(0), |_| {}).await.expect("figures counted again");
    assert_eq!((again.customers, again.wrong), (2, 0));
}
