//! The projection of a store's touchpoints: its answers are the same after a build, after following the change log, and
//! after loading it from disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration as Time;

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use throughline::domain::consent::ConsentStatus;
use throughline::domain::touchpoint::Direction;
use throughline::domain::{Duration, IdentifierKey, Timestamp};
use throughline::ingest::clock;
use throughline::journeys::attribution::Goal;
use throughline::journeys::credit::Model;
use throughline::journeys::dimension::Dimension;
use throughline::journeys::funnel::FunnelSteps;
use throughline::journeys::{Answer, JourneyError, Population, Purpose, Question, Scope, Step, Unit};
use throughline::projection::{Journeys, Options, ProjectionError};
use throughline::stitching::{DecisionAction, DecisionRequest};
use throughline::store::Store;

#[path = "common/mod.rs"]
mod common;
use common::facts::{Event, event, minute};
use common::stores::{self, on_both};
use common::world::World;

on_both! { World::new:
    whatever_happens_is_followed => whatever_happens_is_followed_on_sqlite, whatever_happens_is_followed_on_neo4j;
    it_comes_back_from_disk => it_comes_back_from_disk_on_sqlite, it_comes_back_from_disk_on_neo4j;
    random_histories_are_followed => random_histories_are_followed_on_sqlite, random_histories_are_followed_on_neo4j;
}

fn options(file: Option<&Path>) -> Options {
    Options {
        dimensions: Arc::new(["properties.platform".into()]),
        memory: 1 << 30,
        file: file.map(Path::to_path_buf),
        save_every: Time::from_secs(600),
        late: 20_000,
        threads: 2,
    }
}

fn start(store: &Arc<dyn Store>, options: Options) -> Journeys {
    Journeys::start(store.clone(), options, clock::system())
}

/// Scopes that together cover everything.
fn scopes() -> Vec<Scope> {
    let all = Scope::all(Duration::from_secs(1_800));
    let purpose = Some(Purpose { name: "ads".into(), now: minute(100_000) });
    let configured = Dimension::named("properties.platform", &["properties.platform".into()]).expect("a dimension");
    vec![
        all.clone(),
        Scope { per: Unit::Session, dimension: Dimension::CHANNEL, ..all.clone() },
        Scope { dimension: configured, since: Some(minute(3)), ..all.clone() },
        Scope { purpose, dimension: Dimension::CAMPAIGN, ..all },
    ]
}

fn questions() -> Vec<Question> {
    let steps = vec![Step::named("Home"), Step { kinds: vec!["order".into()], ..Step::default() }];
    let goal = Goal {
        goal: steps[1].clone(),
        touches: None,
        dimension: Dimension::CHANNEL,
        lookback: Duration::from_secs(30 * 86_400),
        half_life: Duration::from_secs(7 * 86_400),
        models: vec![Model::Linear, Model::Shapley],
    };
    vec![
        Question::Population,
        Question::Transitions { top: 500, medians: true },
        Question::Funnel { steps: FunnelSteps { steps, within: None }, breakdown: None, top: 20, medians: true },
        Question::Attribution { goal, top: 50 },
    ]
}

/// All answers as of now. A purpose without any consent is refused.
async fn answers(journeys: &Journeys) -> (i64, Vec<Result<Answer, JourneyError>>) {
    let view = journeys.view().await.expect("a view");
    let mut all = Vec::new();
    for scope in scopes() {
        for question in questions() {
            all.push(match view.answer(&scope, &question).await {
                Ok(answer) => Ok(Answer::clone(&answer)),
                Err(ProjectionError::Question(fault)) => Err(fault),
                Err(trouble) => panic!("{trouble}"),
            });
        }
    }
    (view.change(), all)
}

/// The projection that followed the log equals a new build.
async fn same_as_anew(world: &World, journeys: &Journeys, what: &str) {
    let anew = start(&world.store, options(None));
    assert_eq!(answers(journeys).await, answers(&anew).await, "{what}");
    anew.close().await;
}

async fn population(journeys: &Journeys) -> Population {
    let view = journeys.view().await.expect("a view");
    match &*view.answer(&scopes()[0], &Question::Population).await.expect("an answer") {
        Answer::Population(population) => *population,
        other => panic!("{other:?}"),
    }
}

fn order(id: &str) -> Event {
    event(id).touch("order", "Order Completed", "website", Direction::Inbound)
}

async fn whatever_happens_is_followed(world: World) {
    let journeys = start(&world.store, options(None));
    let followed = async |what: &str| same_as_anew(&world, &journeys, what).await;
    assert_eq!(population(&journeys).await, Population::default(), "nothing yet");

    // Every write is in the next answer.
    for n in 1..=5 {
        let applied = world.apply([event(&format!("v{n}")).user("ada").minute(n).view()]).await;
        let view = journeys.view().await.expect("a view");
        assert!(view.change() >= applied.change);
        assert_eq!(population(&journeys).await.touchpoints, n as u64);
    }
    followed("new touchpoints").await;
    world.apply([event("early").user("ada").minute(-5).view()]).await;
    world
        .apply([event("b1").email("ben@example.org").minute(2).view().with_all("s", "spring", r#"{"platform":"ios"}"#)])
        .await;
    followed("a late one, and somebody else").await;

    world.apply([order("o1").user("ada").minute(9).completed("1", "50", &[])]).await;
    world.apply([event("r1").user("ada").minute(10).refunded("1", "20")]).await;
    world.apply([order("o2").user("ada").minute(11).completed("2", "8", &[])]).await;
    world.apply([event("x2").user("ada").minute(12).cancelled("2")]).await;
    world.apply([event("r3").user("ada").minute(12).refunded("3", "1")]).await;
    followed("orders, and a refund before its order").await;
    world.apply([order("o3").user("ada").minute(13).completed("3", "5", &[])]).await;
    followed("the order").await;

    world.apply([event("k1").user("ada").consent("ads", None, ConsentStatus::Granted).expires(50)]).await;
    world.apply([event("k2").email("ben@example.org").consent("ads", Some("email"), ConsentStatus::Granted)]).await;
    followed("consents").await;
    world.apply([event("k3").email("ben@example.org").minute(1).consent("ads", None, ConsentStatus::Denied)]).await;
    followed("a stricter one").await;

    let before = population(&journeys).await;
    let (ada, ben) = (world.id("user_id", "ada").await, world.id("email", "ben@example.org").await);
    rule(&world, DecisionAction::Merge(vec![ada.clone(), ben])).await;
    let merged = population(&journeys).await;
    assert_eq!((before.customers, merged.customers), (2, 1));
    followed("a merge").await;
    let email = IdentifierKey::new("email", "ben@example.org");
    rule(&world, DecisionAction::Split(ada, vec![email])).await;
    assert_eq!(population(&journeys).await, before);
    followed("a split").await;

    // Two customers sign in on one tablet: it has no customer any more, and neither have its own touchpoints.
    world.apply([event("t1").anonymous("tablet").minute(20).view()]).await;
    world.apply([event("t2").user("ada").anonymous("tablet").minute(21).view()]).await;
    world.apply([event("t3").user("cyd").anonymous("tablet").minute(22).view()]).await;
    followed("a shared device").await;
    world.apply([event("t4").anonymous("tablet").minute(300).view()]).await;
    world.apply([event("t5").user("cyd").anonymous("tablet").minute(301).view()]).await;
    followed("a visit that is not assigned yet").await;
    let before = population(&journeys).await;
    assert!(world.assign_visits().await > 0, "a visit with a signed-in customer moves");
    let given = population(&journeys).await;
    assert!(given.unowned < before.unowned && given.touchpoints > before.touchpoints, "{before:?} {given:?}");
    followed("visits that were given to whoever was signed in").await;

    // Email and user are linked, in one batch with other events.
    world
        .apply([
            event("j1").user("dan").view(),
            event("j2").email("dan@example.org").view().with_all("s", "autumn", "{}"),
            event("j3").user("dan").email("dan@example.org").consent("ads", None, ConsentStatus::Revoked),
        ])
        .await;
    followed("people who become one in the batch that brings them").await;
    journeys.close().await;
    assert!(matches!(journeys.view().await, Ok(_) | Err(ProjectionError::Ended)));
}

async fn rule(world: &World, action: DecisionAction) {
    let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
    let decided = world.store.decide(&world.rules, &request, minute(2_000), false).await.expect("a ruling");
    assert!(decided.outcome.done, "{:?}", decided.outcome);
}

async fn it_comes_back_from_disk(world: World) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("saved").join("test.journeys");
    let events = |n: i64| {
        let id = format!("m{n}");
        let touched = if n % 4 == 0 { order(&id).completed(&id, "12.50", &[]) } else { event(&id).view() };
        touched.user(&format!("user{}", n % 7)).minute(n).consent("ads", None, ConsentStatus::Granted)
    };
    world.apply((0..40).map(events)).await;
    let journeys = start(&world.store, options(Some(&path)));
    let first = answers(&journeys).await;
    assert!(!journeys.figures().from_disk);
    journeys.close().await;
    assert!(path.exists() && std::fs::read_dir(path.parent().expect("a folder")).expect("files").count() == 1);

    let journeys = start(&world.store, options(Some(&path)));
    assert_eq!(answers(&journeys).await, first);
    assert!(journeys.figures().from_disk && journeys.figures().touchpoints == 40);
    journeys.close().await;

    // Changes that were committed in the meantime are applied.
    world.apply((40..60).map(events)).await;
    let journeys = start(&world.store, options(Some(&path)));
    same_as_anew(&world, &journeys, "after a time away").await;
    assert!(journeys.figures().from_disk);
    journeys.close().await;

    // A damaged file, or one with other dimensions, is not used.
    let whole = std::fs::read(&path).expect("bytes");
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 64;
    std::fs::write(&path, &damaged).expect("written");
    let journeys = start(&world.store, options(Some(&path)));
    same_as_anew(&world, &journeys, "damaged").await;
    assert!(!journeys.figures().from_disk);
    journeys.close().await;

    std::fs::write(&path, &whole).expect("written");
    let others = Options { dimensions: Arc::new(["properties.other".into()]), ..options(Some(&path)) };
    let journeys = start(&world.store, others);
    assert_eq!(population(&journeys).await.touchpoints, 60);
    assert!(!journeys.figures().from_disk);
    journeys.close().await;

    // Neither is a file of another store, though its changes have the same numbers.
    let other = World::new(stores::sqlite(folder.path()).await);
    other.apply((0..40).map(events)).await;
    other.apply((40..60).map(events)).await;
    std::fs::write(&path, &whole).expect("written");
    let journeys = start(&other.store, options(Some(&path)));
    same_as_anew(&other, &journeys, "another store").await;
    assert!(!journeys.figures().from_disk);
    journeys.close().await;

    // An error about the memory limit has a hint.
    let journeys = start(&world.store, Options { memory: 1_000, ..options(None) });
    let trouble = journeys.view().await.map(|_| ()).expect_err("too large");
    assert!(matches!(trouble, ProjectionError::TooLarge { .. }), "{trouble}");
    assert!(trouble.hint().is_some_and(|hint| hint.contains("memory_mb")), "{trouble}");
    journeys.close().await;
}

async fn random_histories_are_followed(world: World) {
    let seeds = if world.store.name() == "sqlite" { 0..12 } else { 0..1 };
    for seed in seeds {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        // The delta is folded in after every change, or never.
        let late = if seed % 2 == 0 { 2 } else { 20_000 };
        let journeys = start(&world.store, Options { late, ..options(None) });
        for step in 0..10 {
            for batch in 0..dice.random_range(1..3) {
                let count = dice.random_range(1..6);
                let events = (0..count).map(|n| random_event(&mut dice, &format!("{seed}-{step}-{batch}-{n}")));
                let events: Vec<Event> = events.collect();
                world.apply(events).await;
            }
            if dice.random_bool(0.3) {
                random_ruling(&world, &mut dice).await;
            }
            if dice.random_bool(0.4) {
                world.assign_visits().await;
            }
            same_as_anew(&world, &journeys, &format!("seed {seed}, step {step}")).await;
        }
        journeys.close().await;
    }
}

fn random_event(dice: &mut ChaCha8Rng, id: &str) -> Event {
    let mut event = event(id).minute(dice.random_range(0..300));
    let mut named = false;
    if dice.random_bool(0.5) {
        event = event.user(["ada", "ben", "cyd"][dice.random_range(0..3)]);
        named = true;
    }
    if dice.random_bool(0.4) {
        event = event.email(["a@x.org", "b@x.org", "c@x.org", "d@x.org"][dice.random_range(0..4)]);
        named = true;
    }
    if !named || dice.random_bool(0.4) {
        event = event.anonymous(["phone", "tablet", "desk"][dice.random_range(0..3)]);
    }
    let number = ["1", "2", "3"][dice.random_range(0..3)];
    match dice.random_range(0..8) {
        0..3 => event.view().with_all(["s", "t"][dice.random_range(0..2)], "spring", r#"{"platform":"web"}"#),
        3 => event.sent("email"),
        4 => {
            let total = ["5", "7.25"][dice.random_range(0..2)];
            event.completed(number, total, &[]).touch("order", "Order Completed", "store", Direction::Inbound)
        }
        5 => event.refunded(number, "1"),
        6 => {
            let status = [ConsentStatus::Granted, ConsentStatus::Denied][dice.random_range(0..2)];
            event.consent("ads", None, status)
        }
        _ => event.view(),
    }
}

async fn random_ruling(world: &World, dice: &mut ChaCha8Rng) {
    let names = [("user_id", "ada"), ("user_id", "ben"), ("email", "a@x.org"), ("email", "b@x.org")];
    let (one, other) = (names[dice.random_range(0..4)], names[dice.random_range(0..4)]);
    let (Some(a), Some(b)) = (world.find(one.0, one.1).await, world.find(other.0, other.1).await) else { return };
    let action = match a.customer.id == b.customer.id {
        false => DecisionAction::Merge(vec![a.customer.id.clone(), b.customer.id.clone()]),
        true => DecisionAction::Split(a.customer.id.clone(), vec![a.identifiers[0].key.clone()]),
    };
    let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
    world.store.decide(&world.rules, &request, Timestamp(minute(3_000).0), false).await.expect("a ruling");
}

#[test]
fn a_question_ends_when_it_is_dropped_or_its_time_limit_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    stores::run(async {
        let world = World::new(stores::sqlite(folder.path()).await);
        let journeys = start(&world.store, options(None));
        let view = journeys.view().await.expect("a view");
        // Works until it is stopped, and sends the reason.
        let (told, mut why) = tokio::sync::mpsc::unbounded_channel();
        let endless = move |_: &_, run: &throughline::journeys::Run| -> Result<(), JourneyError> {
            loop {
                if let Err(fault) = run.cancel.check() {
                    told.send(fault.clone()).expect("somebody listens");
                    return Err(fault);
                }
                std::thread::sleep(Time::from_millis(1));
            }
        };
        let dropped = tokio::time::timeout(Time::from_millis(50), view.ask("endless", endless.clone())).await;
        assert!(dropped.is_err(), "the question was given up");
        assert_eq!(why.recv().await, Some(JourneyError::Cancelled));
        let late = view.ask_within(Time::from_millis(50), "endless", endless.clone()).await;
        assert!(matches!(late, Err(ProjectionError::Question(JourneyError::Timeout))), "{late:?}");
        assert_eq!(why.recv().await, Some(JourneyError::Timeout));

        // While two questions are computed, a third one waits, at most for its time limit.
        let busy = || {
            tokio::spawn({
                let (view, endless) = (view.clone(), endless.clone());
                async move { view.ask_within(Time::from_millis(600), "busy", endless).await.map(|_| ()) }
            })
        };
        let two = [busy(), busy()];
        tokio::time::sleep(Time::from_millis(100)).await;
        let third = view.ask_within(Time::from_millis(100), "third", |_, _| Ok(())).await;
        assert!(matches!(third, Err(ProjectionError::Question(JourneyError::Timeout))), "{third:?}");
        for one in two {
            assert!(one.await.expect("no panic").is_err());
        }
        assert!(view.ask("third", |_, _| Ok(())).await.is_ok(), "and then it has its turn");
        let broken =
            view.ask("broken", |_, _| -> Result<(), JourneyError> { panic!("as a fault of ours would") }).await;
        assert!(matches!(broken, Err(ProjectionError::Internal)), "{broken:?}");
        journeys.close().await;
    });
}

#[test]
fn an_answer_is_computed_once_until_something_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    stores::run(async {
        let world = World::new(stores::sqlite(folder.path()).await);
        let journeys = start(&world.store, options(None));
        let times = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let ask = async |name: &str| {
            let (times, view) = (times.clone(), journeys.view().await.expect("a view"));
            let count = move |_: &_, _: &_| Ok(times.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            *view.ask(name, count).await.expect("an answer")
        };
        assert_eq!((ask("a").await, ask("a").await, ask("b").await, ask("a").await), (0, 0, 1, 0));
        world.apply([event("m1").user("ada").view()]).await;
        assert_eq!((ask("a").await, ask("a").await), (2, 2), "a change makes it stale");
        journeys.close().await;
    });
}

#[test]
fn the_lag_is_the_time_behind_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    stores::run(async {
        let world = World::new(stores::sqlite(folder.path()).await);
        let now: clock::Clock = Arc::new(|| minute(100));
        let journeys = Journeys::start(world.store.clone(), options(None), now);
        let applied = world.apply([event("m1").user("ada").view()]).await;
        assert_eq!(journeys.view().await.expect("a view").change(), applied.change);
        assert_eq!(journeys.lag(applied.change, minute(90)), 0);
        assert_eq!(journeys.lag(applied.change + 1, minute(90)), 600_000, "the last change is ten minutes old");
        let figures = journeys.figures();
        assert_eq!((figures.touchpoints, figures.change, figures.from_disk), (1, applied.change, false));
        assert!(figures.bytes > 0);
        journeys.close().await;
        world.apply([event("m2").user("ada").view()]).await;
        assert!(matches!(journeys.view().await.map(|_| ()), Err(ProjectionError::Ended)), "it follows no longer");
    });
}
