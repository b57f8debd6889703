//! A server that goes away and comes back: a proxy in between is disconnected and reconnected.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use throughline::domain::Timestamp;
use throughline::store::{Store, StoreError};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::world::{World, holder, number, one, rules};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Passes bytes on to the server, until it is disconnected.
struct Proxy {
    port: u16,
    up: Arc<AtomicBool>,
    cut: Arc<Notify>,
}

impl Proxy {
    async fn start(to: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (up, cut) = (Arc::new(AtomicBool::new(true)), Arc::new(Notify::new()));
        let proxy = Proxy { port, up: up.clone(), cut: cut.clone() };
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                if !up.load(Ordering::SeqCst) {
                    continue;
                }
                let (to, cut) = (to.clone(), cut.clone());
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(&to).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        proxy
    }

    fn cut(&self) {
        self.up.store(false, Ordering::SeqCst);
        self.cut.notify_waiters();
    }

    fn mend(&self) {
        self.up.store(true, Ordering::SeqCst);
    }
}

fn host(url: &str) -> String {
    url.rsplit("://").next().expect("a host").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_server_that_was_away_is_used_again_when_it_is_back() {
    let world = World::empty().await;
    let proxy = Proxy::start(host(&world.options.url)).await;
    let store = world.server(|options| options.url = format!("bolt://127.0.0.1:{}", proxy.port).into());
    store.apply(&rules(), &one("before", 1, &["email:a"]), NOW).await.expect("applied");
    proxy.cut();
    let said = [
        store.ping().await.expect_err("away"),
        store.set_up().await.expect_err("away"),
        store.apply(&rules(), &one("while", 2, &["email:a"]), NOW).await.expect_err("away"),
        store.status().await.expect_err("away"),
    ];
    for error in said {
        assert!(matches!(error, StoreError::Away(_)), "{error}");
        assert!(error.to_string().contains("start it"), "{error}");
    }
    proxy.mend();
    store.ping().await.expect("back");
    store.apply(&rules(), &one("after", 3, &["email:a"]), NOW).await.expect("applied");
    assert!(holder(&store, "email:a").await.is_some());
}

/// The connection is lost at each step of a batch and restored at once: the batch is tried again and stored once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_connection_lost_in_a_batch_costs_another_try() {
    use throughline::store::neo4j::Step;
    let world = World::empty().await;
    let proxy = Arc::new(Proxy::start(host(&world.options.url)).await);
    for step in [Step::Begun, Step::Locked, Step::Known, Step::Written] {
        let store = world.server(|options| {
            options.url = format!("bolt://127.0.0.1:{}", proxy.port).into();
            let (proxy, done) = (proxy.clone(), Arc::new(AtomicBool::new(false)));
            options.pause = Some(Arc::new(move |now| {
                let (proxy, done) = (proxy.clone(), done.clone());
                Box::pin(async move {
                    if now == step && !done.swap(true, Ordering::SeqCst) {
                        proxy.cut();
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        proxy.mend();
                    }
                })
            }));
        });
        let applied = store.apply(&rules(), &one(&format!("{step:?}"), 1, &["email:a"]), NOW).await;
        applied.unwrap_or_else(|error| panic!("cut at {step:?}: {error}"));
    }
    assert_eq!(number(&world.options, "MATCH (t:Touchpoint) RETURN count(t) AS n").await, 4);
    assert_eq!(number(&world.options, "MATCH (c:Change) RETURN count(c) AS n").await, 4);
}

/// Journeys are in memory: they are answered as of the last known state of the store.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn journeys_are_answered_while_the_server_is_away() {
    use throughline::projection::{Journeys, Options};
    use throughline::settings::Settings;
    let world = World::empty().await;
    let proxy = Proxy::start(host(&world.options.url)).await;
    let store = world.server(|options| options.url = format!("bolt://127.0.0.1:{}", proxy.port).into());
    let options = Options { file: None, ..Options::of(&Settings::default()) };
    let journeys = Journeys::start(Arc::new(store.clone()), options, Arc::new(|| NOW));
    assert!(journeys.view().await.is_err(), "nothing is read before the set-up");
    store.set_up().await.expect("set up");
    let change = store.apply(&rules(), &one("before", 1, &["email:a"]), NOW).await.expect("applied").change;
    assert_eq!(journeys.view().await.expect("a view").change(), change);
    proxy.cut();
    assert_eq!(journeys.view().await.expect("a view").change(), change);
    world.store.apply(&rules(), &one("by others", 2, &["email:a"]), NOW).await.expect("applied");
    proxy.mend();
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while journeys.view().await.map_or(0, |view| view.change()) <= change {
        assert!(std::time::Instant::now() < until, "what was missed is not taken in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    journeys.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn a_store_can_be_made_while_the_server_is_away() {
    let options = crate::world::options();
    let options = throughline::store::neo4j::Neo4jOptions { url: "bolt://127.0.0.1:1".into(), ..options };
    let store = throughline::store::neo4j::Neo4jStore::connect(options).expect("it connects later");
    let error = store.set_up().await.expect_err("nobody there");
    assert!(matches!(error, StoreError::Away(_)) && error.is_transient(), "{error}");
}
