//! Composites of stored traits: tried, saved, made, taken in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::watch;

use throughline::domain::change::{ChangeEntry, ChangePlace, IdentityEventKind};
use throughline::domain::fact::Fact;
use throughline::domain::rules::{IdentityRules, SavedRules, WrittenKind, WrittenRules};
use throughline::domain::{Arrival, IdentifierId, ProblemCode, Timestamp};
use throughline::ingest::{Occurrences, Origin, Reader};
use throughline::rules::proposal;
use throughline::rules::restitch::{Report, restitch};
use throughline::rules::trial::{Trial, trial};
use throughline::settings::{IdentitySettings, Settings};
use throughline::stitching::{DecisionAction, DecisionRequest};
use throughline::store::Store;
use throughline::store::query::LinkPage;
use throughline::store::recount::recount;
use throughline::store::rules::NewRules;

use crate::common::facts::{event, minute};
use crate::common::stores;
use crate::common::world::{World, names};
use crate::fixture::cases;

cases! {
    claims_are_read_by_owner_as_they_stood,
    a_new_composite_joins_those_it_is_one_of,
    a_value_that_was_said_again_is_part_of_each_of_its_events,
    who_joins_later_is_told_why_and_whom_a_person_keeps_apart_stay_apart,
    limits_hold_for_what_is_made_later,
    what_is_made_later_names_the_messages_that_said_it,
    what_is_made_later_was_seen_whenever_it_was_said,
    messages_of_one_time_count_each,
    other_parts_split_and_join,
    a_composite_of_before_gives_its_place_to_whom_it_was_seen_with,
    who_was_seen_with_a_composite_of_before_is_not_guessed,
    what_is_made_is_made_once_however_often_it_is_stopped,
    two_servers_take_them_in_at_once,
    what_arrives_meanwhile_brings_its_own,
    a_composite_alone_is_no_customer,
    a_composite_that_is_given_has_no_blocked_part_either,
    what_cannot_be_made_is_said,
}

/// The position of name_and_birth in the default list.
const COMPOSITE: usize = 11;
const BOTH: [&str; 2] = ["traits.last_name", "traits.birth_date"];

/// The defaults with a composite of these parts in its usual place, or with none.
fn with_parts(parts: &[&str]) -> WrittenRules {
    let mut rules = Settings::default().identity.written();
    if parts.is_empty() {
        rules.kinds.remove(COMPOSITE);
    } else {
        rules.kinds[COMPOSITE].parts = parts.iter().map(|part| Arc::from(*part)).collect();
    }
    rules
}

/// Reads events under rules, as the ingest does.
fn read(rules: &WrittenRules, events: &[Value]) -> Vec<Fact> {
    let identity = IdentitySettings::of_written(rules).expect("rules");
    let reader = Reader::new(&Settings { identity, ..Settings::default() });
    let (origin, mut occurrences) = (Origin::graphql(minute(9_000)), Occurrences::default());
    let fact = |event: &Value| reader.read(&event.to_string(), &origin, &mut occurrences).expect("an event").fact;
    events.iter().map(fact).collect()
}

/// What somebody says of themselves at a minute.
fn said(n: usize, ids: Value, traits: Value) -> Value {
    let mut event = ids;
    event["type"] = json!("identify");
    event["messageId"] = json!(format!("m{n}"));
    event["timestamp"] = json!(format!("2026-03-01T{:02}:{:02}:00Z", n / 60, n % 60));
    event["traits"] = traits;
    event
}

/// A store whose rules are these, and what it was told under them, an event a batch.
async fn begun(world: &mut World, rules: &WrittenRules, events: &[Value]) {
    world.store.begin_rules(rules, minute(1)).await.expect("the first");
    world.rules = IdentitySettings::of_written(rules).expect("rules").rules();
    world.apply_each(read(rules, events)).await;
}

async fn present(store: &dyn Store) -> SavedRules {
    store.rules().await.expect("an answer").expect("rules").saved
}

/// What comes of rules that can be tried.
async fn tried(store: &dyn Store, rules: &WrittenRules) -> Trial {
    let checked = proposal::check(store, &present(store).await, rules).await.expect("an answer");
    trial(store, &checked.expect("they can be tried")).await.expect("a trial")
}

/// Saves rules as the API does, and answers them.
async fn saved(store: &dyn Store, rules: &WrittenRules) -> IdentityRules {
    let present = present(store).await;
    let checked = proposal::check(store, &present, rules).await.expect("an answer").expect("they can be saved");
    let new = NewRules { based_on: present.version, by: "clerk".into(), note: None, rules: checked.written() };
    let (saved, _) = store.save_rules(&new, minute(2_000)).await.expect("an answer").expect("saved");
    IdentityRules { version: saved.version, ..checked.rules() }
}

fn clock() -> Timestamp {
    minute(5_000)
}

async fn taken_in(store: &dyn Store) -> Report {
    let (_stop, stopped) = watch::channel(false);
    restitch(store, &clock, &stopped).await.expect("the rules are taken in")
}

/// Who held each identifier at a change.
async fn held(store: &dyn Store, at: i64) -> BTreeMap<IdentifierId, (String, Option<Arrival>)> {
    let page = store.scan_identifiers(at, None, 100_000).await.expect("a page");
    page.into_iter().map(|one| (one.id, (one.key.to_string(), one.holder))).collect()
}

async fn change(store: &dyn Store) -> i64 {
    store.status().await.expect("a status").change
}

/// Tries rules, saves them, takes them in, and looks that one is what the other said.
async fn tried_and_saved(store: &dyn Store, rules: &WrittenRules) -> (Trial, Report, IdentityRules) {
    let before = change(store).await;
    let trial = tried(store, rules).await;
    assert_eq!(change(store).await, before, "a trial writes nothing");
    let now = saved(store, rules).await;
    let report = taken_in(store).await;
    assert_eq!(report.version, Some(now.version));
    let (was, is) = (held(store, before).await, held(store, change(store).await).await);
    let pairs: BTreeSet<(Arrival, Arrival)> =
        was.iter().filter_map(|(id, (_, holder))| Some(((*holder)?, is[id].1?))).collect();
    let several = |of: &dyn Fn(&(Arrival, Arrival)) -> Arrival| {
        let mut counts: BTreeMap<Arrival, usize> = BTreeMap::new();
        pairs.iter().for_each(|pair| *counts.entry(of(pair)).or_default() += 1);
        counts.values().filter(|count| **count > 1).count()
    };
    let customers = |held: &BTreeMap<IdentifierId, (String, Option<Arrival>)>| {
        held.values().filter_map(|(_, holder)| *holder).collect::<BTreeSet<_>>().len()
    };
    let came = (customers(&was), customers(&is), several(&|pair| pair.0), several(&|pair| pair.1));
    assert_eq!((trial.customers_now, trial.customers_after, trial.splits, trial.joins), came, "a trial is its save");
    assert_eq!(store.status().await.expect("a status").customers as usize, trial.customers_after);
    let health = store.identity_health().await.expect("figures");
    assert_eq!((health.customers() as usize, health.identifiers as usize), (trial.customers_after, is.len()));
    let counted = recount(store, clock(), |_| {}).await.expect("figures counted again");
    assert_eq!(counted.wrong, 0, "figures and times are those of the rows: {:?}", counted.named);
    let again = taken_in(store).await;
    assert_eq!((again.made, again.moved, again.rounds), (0, 0, 1), "nothing is left to do");
    let same = trial_of_now(store).await;
    assert_eq!((same.customers_now, same.customers_after), (trial.customers_after, trial.customers_after));
    assert_eq!((same.splits, same.joins, same.examples.len()), (0, 0, 0));
    (trial, report, now)
}

async fn trial_of_now(store: &dyn Store) -> Trial {
    let rules = present(store).await.rules;
    trial(store, &IdentitySettings::of_written(&rules).expect("rules")).await.expect("a trial")
}

async fn claims_are_read_by_owner_as_they_stood(world: World) {
    let claim = |n: usize, who: &str, at: i64, name: &str, value: &str| {
        event(&format!("m{n}")).user(who).minute(at).claim(name, value)
    };
    world.apply([claim(1, "ada", 1, "city", "\"Bath\""), claim(2, "ben", 2, "city", "\"York\"")]).await;
    world.apply([claim(3, "ada", 5, "city", "\"Bath\""), claim(4, "ada", 6, "shoe", "37")]).await;
    world.apply([event("m5").user("eve"), claim(6, "dan", 7, "hat", "1")]).await;
    let city: [Arc<str>; 1] = ["city".into()];
    let all = async |traits: &[Arc<str>], at: i64, limit: usize| {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = world.store.scan_claims(traits, at, after, limit).await.expect("a page");
            all.extend(page.claims.iter().map(|c| (c.owner, c.at, c.first_at, c.count, c.value.get().to_owned())));
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    };
    let (ada, ben) = (world.identifier("user_id", "ada").await, world.identifier("user_id", "ben").await);
    let bath = |at, count| (ada, minute(at), minute(1), count, "\"Bath\"".to_owned());
    let york = (ben, minute(2), minute(2), 1, "\"York\"".to_owned());
    let then = all(&city, 1, 100).await;
    assert_eq!(then, [bath(1, 1), york.clone()], "what was replaced later is there, what came later is not");
    for limit in [1, 2, 100] {
        assert_eq!(all(&city, 3, limit).await, [bath(1, 1), bath(5, 2), york.clone()]);
    }
    let two: [Arc<str>; 2] = ["shoe".into(), "hat".into()];
    assert_eq!(all(&two, 3, 1).await.len(), 2);
    assert!(all(&["colour".into()], 3, 1).await.is_empty());
}

async fn a_new_composite_joins_those_it_is_one_of(mut world: World) {
    let love = json!({"last_name": " Love ", "birth_date": "1980-12-10"});
    let events = [
        said(1, json!({"userId": "ada"}), love.clone()),
        said(2, json!({"anonymousId": "web"}), json!({"last_name": "LOVE", "birth_date": "1980-12-10"})),
        said(3, json!({"userId": "eve"}), json!({"last_name": "Love"})),
        // Not of one event.
        said(4, json!({"userId": "eve"}), json!({"birth_date": "1980-12-10"})),
        said(5, json!({"userId": "gus"}), json!({"last_name": "guest", "birth_date": "1980-12-10"})),
    ];
    begun(&mut world, &with_parts(&[]), &events).await;
    let ada = world.id("user_id", "ada").await;
    let (trial, report, rules) = tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!((trial.customers_now, trial.customers_after, trial.splits, trial.joins), (4, 3, 0, 1));
    let [example] = &trial.examples[..] else { panic!("{:?}", trial.examples) };
    assert_eq!((example.members.len(), example.groups.len()), (2, 1), "what does not exist is not shown");
    assert!(example.reason.contains("name_and_birth"), "{}", example.reason);
    assert_eq!((report.made, report.moved), (2, 1));
    let one = world.customer("anonymous_id", "web").await;
    assert_eq!(one.customer.id, ada);
    assert_eq!(names(&one), ["anonymous_id:web", "name_and_birth:4:love 10:1980-12-10", "user_id:ada"]);
    // Why they are one can be told.
    let (from, to) = ("user_id:ada", "anonymous_id:web");
    let key = |text: &str| {
        let (kind, value) = text.split_once(':').expect("a key");
        throughline::domain::IdentifierKey::new(kind, value)
    };
    let why = world.store.why_linked(&key(from), &key(to)).await.expect("an answer").expect("they are linked");
    assert_eq!(why.steps.len(), 2);
    let of = world.of("user_id", "ada").await;
    let links = world.store.list_links(&[of], &LinkPage { refused: Some(true), ..link_page() }).await.expect("links");
    assert!(links[0].items.is_empty());
    let run = world.store.changes(ChangePlace::behind(0), 1_000).await.expect("the log");
    assert!(
        run.changes
            .iter()
            .any(|change| matches!(&change.entry, ChangeEntry::CustomersMerged { customer, .. } if *customer == ada))
    );
    // What comes next goes by it.
    world.rules = rules;
    let next = read(&with_parts(&BOTH), &[said(6, json!({"anonymousId": "app"}), love)]);
    world.apply(next).await;
    assert_eq!(world.id("anonymous_id", "app").await, ada);
}

fn link_page() -> LinkPage {
    LinkPage { after: None, limit: 100, refused: None }
}

/// One surname with five days of birth, in one batch and late, out of order; each day is somebody else's too.
async fn a_value_that_was_said_again_is_part_of_each_of_its_events(mut world: World) {
    begun(&mut world, &with_parts(&[]), &[]).await;
    let ada = |n: usize| said(n, json!({"userId": "ada"}), json!({"last_name": "King", "birth_date": format!("d{n}")}));
    let other = |n: usize| {
        let traits = json!({"last_name": "King", "birth_date": format!("d{n}")});
        said(n + 10, json!({"userId": format!("other{n}")}), traits)
    };
    world.apply(read(&with_parts(&[]), &[ada(1), ada(4), ada(2), other(1), other(2), other(3), other(4)])).await;
    world.apply(read(&with_parts(&[]), &[ada(6), ada(3), ada(5), other(5), other(6)])).await;
    let mut rules = with_parts(&BOTH);
    rules.kinds.iter_mut().for_each(|kind| kind.limit = None);
    let (trial, ..) = tried_and_saved(&*world.store, &rules).await;
    assert_eq!((trial.customers_now, trial.customers_after, trial.joins), (7, 1, 1));
    // What holds is told once, with its first and its last time.
    let customer = world.customer("user_id", "ada").await;
    let surname: Vec<_> = customer.claims.iter().filter(|c| &*c.name == "last_name").collect();
    let own = surname.iter().filter(|c| c.count == 6).map(|c| (c.first_at, c.at)).collect::<Vec<_>>();
    assert_eq!(own, [(minute(1), minute(6))]);
}

async fn who_joins_later_is_told_why_and_whom_a_person_keeps_apart_stay_apart(mut world: World) {
    let love = json!({"last_name": "Love", "birth_date": "1980-12-10"});
    let one = |n: usize, id: &str| said(n, json!({"anonymousId": id}), love.clone());
    begun(&mut world, &with_parts(&[]), &[one(1, "web"), one(2, "app")]).await;
    let [web, app] = [world.id("anonymous_id", "web").await, world.id("anonymous_id", "app").await];
    let action = DecisionAction::KeepApart(vec![web.clone(), app.clone()]);
    let request = DecisionRequest { action, by: "clerk".into(), reason: "twins".into() };
    world.store.decide(&world.rules, &request, minute(9), false).await.expect("a decision");
    let (trial, report, _) = tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!((trial.customers_now, trial.customers_after, report.made, report.moved), (2, 2, 2, 1));
    assert_eq!([world.id("anonymous_id", "web").await, world.id("anonymous_id", "app").await], [web.clone(), app]);
    let history = world.store.list_identity_events(&[web], None, 100).await.expect("a history");
    let last = history[0].items.last().expect("a line");
    assert_eq!((last.kind, last.rule.as_deref()), (IdentityEventKind::Linked, Some("rules")));
    let reason = last.reason.as_deref().unwrap_or_default();
    assert_eq!(reason, "name_and_birth and anonymous_id were seen together, and no rule forbids it");
}

async fn limits_hold_for_what_is_made_later(mut world: World) {
    let love = json!({"last_name": "Love", "birth_date": "1980-12-10"});
    let one = |n: usize, who: &str| said(n, json!({"userId": who}), love.clone());
    let events = [one(1, "ada"), one(2, "ben"), said(3, json!({"anonymousId": "web"}), love.clone())];
    begun(&mut world, &with_parts(&[]), &events).await;
    let (trial, report, _) = tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    // One user_id on a customer: the first has the composite, and who has nothing against it.
    assert_eq!((trial.customers_now, trial.customers_after, trial.joins, report.made), (3, 2, 1, 3));
    assert_eq!(world.id("anonymous_id", "web").await, world.id("user_id", "ada").await);
    assert_ne!(world.id("user_id", "ben").await, world.id("user_id", "ada").await);
    let of = world.of("user_id", "ben").await;
    let page = LinkPage { refused: Some(true), ..link_page() };
    let refused = world.store.list_links(&[of], &page).await.expect("links");
    assert_eq!(refused[0].items.len(), 1, "the refusal is kept");
    assert_eq!(&*refused[0].items[0].rule, "user_id");
    // And told, as when an event brings it.
    let ben = world.id("user_id", "ben").await;
    let history = world.store.list_identity_events(&[ben], None, 100).await.expect("a history");
    let last = history[0].items.last().expect("a line");
    assert_eq!((last.kind, last.rule.as_deref()), (IdentityEventKind::Refused, Some("user_id")));
    assert_eq!(last.identifiers, [world.identifier("name_and_birth", "4:love 10:1980-12-10").await]);
    let refused = || async { world.store.identity_health().await.expect("figures").refused };
    assert_eq!(refused().await, BTreeMap::from([("user_id".into(), 1)]));
    taken_in(&*world.store).await;
    assert_eq!(refused().await, BTreeMap::from([("user_id".into(), 1)]), "told once");
}

/// As an import with the composite from the start would, also when it went and came back.
async fn what_is_made_later_names_the_messages_that_said_it(mut world: World) {
    let love = json!({"last_name": "Love", "birth_date": "1980-12-10"});
    let one = |n: usize, id: &str, who: &str| said(n, json!({ id: who }), love.clone());
    begun(&mut world, &with_parts(&[]), &[one(1, "userId", "ada"), one(3, "anonymousId", "web")]).await;
    // In one batch, late and out of order: each is a message of its own.
    world.apply(read(&with_parts(&[]), &[one(7, "userId", "ada"), one(5, "userId", "ada")])).await;
    let key = |(kind, value): (&str, &str)| throughline::domain::IdentifierKey::new(kind, value);
    let steps = async || -> Vec<(String, String, Timestamp, Timestamp, i64)> {
        let (from, to) = (key(("user_id", "ada")), key(("anonymous_id", "web")));
        let why = world.store.why_linked(&from, &to).await.expect("an answer").expect("they are linked");
        let told = |l: &throughline::domain::link::Link| {
            (l.message_id.to_string(), l.source.to_string(), l.first_at, l.last_at, l.count)
        };
        why.steps.iter().map(told).collect()
    };
    let step = |message: &str, first: i64, last: i64, count: i64| {
        (message.to_owned(), "graphql".to_owned(), minute(first), minute(last), count)
    };
    let expected = [step("m1", 1, 7, 3), step("m3", 3, 3, 1)];
    tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!(steps().await, expected);
    let ada = world.id("user_id", "ada").await;
    let history = world.store.list_identity_events(&[ada], None, 100).await.expect("a history");
    assert!(history[0].items.iter().all(|line| line.message_id.as_deref().is_none_or(|m| !m.starts_with("rules/"))));
    // What is said while it is away counts when it is back, and nothing counts twice.
    let (_, _, rules) = tried_and_saved(&*world.store, &with_parts(&[])).await;
    world.rules = rules;
    world.apply(read(&with_parts(&[]), &[one(9, "anonymousId", "web")])).await;
    tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!(steps().await, [step("m1", 1, 7, 3), step("m3", 3, 9, 2)]);
    // Nor does what a refusal is made of, nor is it told again.
    let two = |n: usize| said(n, json!({"userId": "ben"}), love.clone());
    let (_, _, rules) = tried_and_saved(&*world.store, &with_parts(&[])).await;
    world.rules = rules;
    world.apply(read(&with_parts(&[]), &[two(11)])).await;
    let unlimited = |mut rules: WrittenRules| {
        rules.kinds.iter_mut().for_each(|kind| kind.limit = None);
        rules
    };
    let mut before = BTreeMap::new();
    for round in 0..5 {
        if round % 2 == 1 {
            // It is there, and refuses nobody; then a limit does.
            tried_and_saved(&*world.store, &unlimited(with_parts(&BOTH))).await;
        }
        tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
        let of = world.of("user_id", "ben").await;
        let page = LinkPage { refused: Some(true), ..link_page() };
        let refused = world.store.list_links(&[of], &page).await.expect("links").remove(0).items;
        let told: Vec<_> = refused.iter().map(|l| (&*l.message_id, l.count)).collect();
        assert_eq!(told, [("m11", 1)]);
        let ben = world.id("user_id", "ben").await;
        let history = world.store.list_identity_events(&[ben], None, 100).await.expect("a history").remove(0).items;
        let lines = history.iter().filter(|line| line.kind == IdentityEventKind::Refused);
        let lines = lines.filter(|line| line.rule.as_deref() == Some("user_id"));
        let lines: Vec<_> = lines.map(|line| line.message_id.as_deref()).collect();
        assert_eq!(lines, [Some("m11")]);
        let refused = world.store.identity_health().await.expect("figures").refused;
        assert_eq!(refused["user_id"], 1);
        // Beside it is whom the composite bound when it went.
        if round > 2 {
            assert_eq!(refused, before);
        }
        before = refused;
        tried_and_saved(&*world.store, &with_parts(&[])).await;
    }
}

async fn what_is_made_later_was_seen_whenever_it_was_said(mut world: World) {
    let love = json!({"last_name": "Love", "birth_date": "1980-12-10"});
    let one = |n: usize, id: &str, who: &str| said(n, json!({ id: who }), love.clone());
    // What is earliest arrives last.
    let events =
        [one(4, "userId", "ada"), one(6, "userId", "ada"), one(3, "anonymousId", "web"), one(2, "userId", "ada")];
    begun(&mut world, &with_parts(&[]), &events).await;
    let seen = async |world: &World| {
        let found = world.customer("anonymous_id", "web").await;
        let composite = found.identifiers.iter().find(|one| &*one.key.kind == "name_and_birth");
        composite.map(|one| (one.first_seen_at, one.last_seen_at)).expect("a composite")
    };
    tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!(seen(&world).await, (minute(2), minute(6)));
    // And what was said while it was away.
    let (_, _, rules) = tried_and_saved(&*world.store, &with_parts(&[])).await;
    world.rules = rules;
    world.apply_each(read(&with_parts(&[]), &[one(9, "anonymousId", "web"), one(1, "anonymousId", "web")])).await;
    tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!(seen(&world).await, (minute(1), minute(9)));
}

async fn messages_of_one_time_count_each(mut world: World) {
    let love = json!({"last_name": "Love", "birth_date": "1980-12-10"});
    let at = |n: usize, minute: usize| {
        let mut event = said(minute, json!({"userId": "ada"}), love.clone());
        event["messageId"] = json!(format!("m{n}"));
        event
    };
    begun(&mut world, &with_parts(&[]), &[at(1, 5), at(2, 5), at(3, 9), at(4, 2), at(5, 9), at(6, 5)]).await;
    tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    let of = world.of("user_id", "ada").await;
    let links = world.store.list_links(&[of], &link_page()).await.expect("links").remove(0).items;
    let told: Vec<_> = links.iter().map(|l| (&*l.message_id, l.first_at, l.last_at, l.count)).collect();
    assert_eq!(told, [("m1", minute(2), minute(9), 6)]);
}

async fn other_parts_split_and_join(mut world: World) {
    let who = |first: &str| json!({"first_name": first, "last_name": "Love", "birth_date": "1980-12-10"});
    let events = [
        said(1, json!({"userId": "ada"}), who("Ada")),
        said(2, json!({"anonymousId": "web"}), who("Ada")),
        said(3, json!({"anonymousId": "app"}), who("Bea")),
        said(4, json!({"anonymousId": "old"}), json!({"last_name": "Love", "birth_date": "1980-12-10"})),
    ];
    begun(&mut world, &with_parts(&BOTH), &events).await;
    assert_eq!(world.store.status().await.expect("a status").customers, 1);
    let three = ["traits.first_name", "traits.last_name", "traits.birth_date"];
    let (trial, report, _) = tried_and_saved(&*world.store, &with_parts(&three)).await;
    assert_eq!((trial.customers_now, trial.customers_after, trial.splits, trial.joins), (1, 3, 1, 0));
    assert!(trial.examples[0].reason.contains("name_and_birth"), "{}", trial.examples[0].reason);
    assert_eq!(report.made, 3);
    assert_eq!(world.id("anonymous_id", "web").await, world.id("user_id", "ada").await);
    assert!(world.find("name_and_birth", "4:love 10:1980-12-10").await.is_none(), "it binds nobody");
    // And back: the old value binds again.
    let (trial, _, _) = tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!((trial.customers_after, trial.joins), (1, 1));
    assert_eq!(names(&*world.customer("anonymous_id", "old").await).len(), 5);
    // Left out, nothing binds by it; put in again, it does.
    let (trial, report, _) = tried_and_saved(&*world.store, &with_parts(&[])).await;
    assert_eq!((trial.customers_after, report.made), (4, 0));
    let (trial, _, _) = tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!(trial.customers_after, 1);
}

async fn a_composite_of_before_gives_its_place_to_whom_it_was_seen_with(mut world: World) {
    let traits = json!({"last_name": "Love", "birth_date": "1980-12-10", "address": {"zip": "BA1"}});
    // The composite is stronger than the device, so what is said hangs on it.
    let mut events =
        vec![said(1, json!({"anonymousId": "web"}), json!({"last_name": "Love", "birth_date": "1980-12-10"}))];
    events.push(said(2, json!({"anonymousId": "web"}), traits.clone()));
    events.push(said(3, json!({"userId": "ada"}), traits));
    begun(&mut world, &with_parts(&BOTH), &events).await;
    let parts = ["traits.last_name", "traits.address.zip"];
    let (trial, _, _) = tried_and_saved(&*world.store, &with_parts(&parts)).await;
    assert_eq!((trial.customers_now, trial.customers_after), (1, 1), "{:?}", trial.examples);
    let one = world.customer("user_id", "ada").await;
    assert_eq!(names(&one), ["anonymous_id:web", "name_and_birth:4:love 3:ba1", "user_id:ada"]);
}

async fn who_was_seen_with_a_composite_of_before_is_not_guessed(mut world: World) {
    let who = |first: &str, last: &str| json!({"first_name": first, "last_name": last, "birth_date": "1980-12-10"});
    let at = |n: usize, minute: usize, ids: Value, traits: Value| {
        let mut event = said(minute, ids, traits);
        event["messageId"] = json!(format!("m{n}"));
        event
    };
    let events = [
        // Seen with one, and by itself: what it says later, nobody else said.
        at(1, 1, json!({"anonymousId": "web"}), who("Ada", "Love")),
        at(2, 2, json!({}), json!({"last_name": "Love", "birth_date": "1980-12-10"})),
        at(3, 3, json!({}), who("Bea", "Love")),
        at(4, 4, json!({"userId": "bea"}), who("Bea", "Love")),
        // Two at one time, each in its own batch: each says what it said.
        at(5, 60, json!({"anonymousId": "tab"}), who("Cid", "Byron")),
        at(6, 60, json!({"anonymousId": "app"}), who("Dot", "Byron")),
        at(7, 61, json!({"userId": "cid"}), who("Cid", "Byron")),
    ];
    begun(&mut world, &with_parts(&BOTH), &events).await;
    // Two at one time in one batch: one of them has no first name.
    let batch = [
        at(8, 90, json!({"anonymousId": "pad"}), who("Eve", "Milbanke")),
        at(9, 90, json!({"anonymousId": "tv"}), json!({"last_name": "Milbanke", "birth_date": "1980-12-10"})),
        at(10, 91, json!({"userId": "eve"}), who("Eve", "Milbanke")),
    ];
    world.apply(read(&with_parts(&BOTH), &batch)).await;
    assert_eq!(world.store.status().await.expect("a status").customers, 3);
    tried_and_saved(&*world.store, &with_parts(&["traits.first_name", "traits.last_name", "traits.birth_date"])).await;
    assert_ne!(world.id("anonymous_id", "web").await, world.id("user_id", "bea").await);
    assert_eq!(world.id("anonymous_id", "tab").await, world.id("user_id", "cid").await);
    assert_ne!(world.id("anonymous_id", "app").await, world.id("user_id", "cid").await);
    assert_ne!(world.id("anonymous_id", "tv").await, world.id("user_id", "eve").await);
}

async fn what_is_made_is_made_once_however_often_it_is_stopped(mut world: World) {
    let love = |n: usize| json!({"last_name": format!("Love{}", n % 300), "birth_date": "1980-12-10"});
    let events: Vec<Value> = (0..600).map(|n| said(n, json!({"anonymousId": format!("a{n}")}), love(n))).collect();
    world.store.begin_rules(&with_parts(&[]), minute(1)).await.expect("the first");
    world.rules = IdentitySettings::of_written(&with_parts(&[])).expect("rules").rules();
    world.apply(read(&with_parts(&[]), &events)).await;
    let trial = tried(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!((trial.customers_now, trial.customers_after, trial.joins), (600, 300, 300));
    saved(&*world.store, &with_parts(&BOTH)).await;
    // Stopped as soon as something is written: then some is there, and nobody has moved.
    let (mut made, mut runs) = (0, 0);
    loop {
        let (stop, stopped) = watch::channel(false);
        let stop = Arc::new(stop);
        let stopping = {
            let stop = stop.clone();
            move || {
                stop.send_replace(true);
                clock()
            }
        };
        let report = restitch(&*world.store, &stopping, &stopped).await.expect("it goes on");
        made += report.made;
        runs += 1;
        if report.version.is_some() {
            break;
        }
        if made < 600 {
            assert_eq!((world.store.status().await.expect("a status").customers, report.moved), (600, 0));
        }
        assert!(runs < 20);
    }
    assert_eq!((made, world.store.status().await.expect("a status").customers), (600, 300));
    assert!(runs > 2, "{runs}");
    let again = taken_in(&*world.store).await;
    assert_eq!((again.made, again.moved, again.rounds), (0, 0, 1));
}

async fn two_servers_take_them_in_at_once(mut world: World) {
    let love = |n: usize| json!({"last_name": format!("Love{}", n % 300), "birth_date": "1980-12-10"});
    let events: Vec<Value> = (0..600).map(|n| said(n, json!({"userId": format!("u{n}")}), love(n))).collect();
    world.store.begin_rules(&with_parts(&[]), minute(1)).await.expect("the first");
    world.rules = IdentitySettings::of_written(&with_parts(&[])).expect("rules").rules();
    world.apply(read(&with_parts(&[]), &events)).await;
    let mut rules = with_parts(&BOTH);
    rules.kinds[0].limit = None;
    let trial = tried(&*world.store, &rules).await;
    assert_eq!((trial.customers_after, trial.joins), (300, 300));
    saved(&*world.store, &rules).await;
    let (one, other) = tokio::join!(taken_in(&*world.store), taken_in(&*world.store));
    assert_eq!((one.made + other.made, one.moved + other.moved), (600, 300));
    assert_eq!(world.store.status().await.expect("a status").customers, 300);
    let again = taken_in(&*world.store).await;
    assert_eq!((again.made, again.moved, again.rounds), (0, 0, 1));
}

async fn what_arrives_meanwhile_brings_its_own(mut world: World) {
    let love = json!({"last_name": "Love", "surname": "Love", "birth_date": "1980-12-10"});
    let events =
        [said(1, json!({"userId": "ada"}), love.clone()), said(2, json!({"anonymousId": "web"}), love.clone())];
    begun(&mut world, &with_parts(&BOTH), &events).await;
    // The same value of other traits: it stands with the customer still when the next event comes.
    let other = with_parts(&["traits.surname", "traits.birth_date"]);
    world.rules = saved(&*world.store, &other).await;
    world
        .apply_each(read(
            &other,
            &[said(3, json!({"userId": "ada"}), love.clone()), said(4, json!({"anonymousId": "app"}), love.clone())],
        ))
        .await;
    let report = taken_in(&*world.store).await;
    assert_eq!(report.version, Some(2));
    let one = world.customer("user_id", "ada").await;
    let all = ["anonymous_id:app", "anonymous_id:web", "name_and_birth:4:love 10:1980-12-10", "user_id:ada"];
    assert_eq!(names(&one), all);
    assert_eq!(taken_in(&*world.store).await.rounds, 1);
}

async fn a_composite_alone_is_no_customer(mut world: World) {
    let who = |last: &str| json!({"last_name": last, "birth_date": "1980-12-10"});
    let events = [
        said(1, json!({"userId": "ada", "anonymousId": "tablet"}), json!({})),
        said(2, json!({"userId": "ben", "anonymousId": "tablet"}), json!({})),
        // The tablet is shared by now, and binds nobody.
        said(3, json!({"anonymousId": "tablet"}), who("Love")),
        said(4, json!({"anonymousId": "tablet"}), who("Byron")),
    ];
    begun(&mut world, &with_parts(&[]), &events).await;
    assert_eq!(world.store.status().await.expect("a status").customers, 2);
    let (trial, report, _) = tried_and_saved(&*world.store, &with_parts(&BOTH)).await;
    assert_eq!((trial.customers_now, trial.customers_after, report.made, report.moved), (2, 2, 2, 0));
}

async fn a_composite_that_is_given_has_no_blocked_part_either(mut world: World) {
    let given = |n: usize, value: &str| {
        let context = json!({"externalIds": [{"type": "name_and_birth", "id": value}]});
        said(n, json!({"userId": "ada", "context": context}), json!({}))
    };
    begun(&mut world, &with_parts(&BOTH), &[given(1, "4:love 7:unknown"), given(2, "4:love 4:1980")]).await;
    assert_eq!(names(&*world.customer("user_id", "ada").await), ["name_and_birth:4:love 4:1980", "user_id:ada"]);
    assert!(trial_of_now(&*world.store).await.examples.is_empty());
}

async fn what_cannot_be_made_is_said(mut world: World) {
    begun(&mut world, &with_parts(&BOTH), &[said(1, json!({"userId": "ada"}), json!({}))]).await;
    let composite = |name: &str, parts: &[&str]| WrittenKind {
        name: name.into(),
        parts: parts.iter().map(|part| Arc::from(*part)).collect(),
        merges: true,
        ..WrittenKind::default()
    };
    let other = |parts: &[&str]| with_parts(parts);
    let new = |kind: WrittenKind| {
        let mut rules = with_parts(&BOTH);
        rules.kinds.push(kind);
        rules
    };
    let mut read_now = with_parts(&BOTH);
    read_now.kinds[COMPOSITE] = WrittenKind { from: vec!["traits.x".into()], ..composite("name_and_birth", &[]) };
    let mut made_now = with_parts(&BOTH);
    made_now.kinds[3] = composite("loyalty_card", &BOTH);
    let cases: Vec<(WrittenRules, &str, &str)> = vec![
        (other(&["traits.last_name", "properties.x"]), "rules.kinds[11].parts[1]", "traits"),
        (other(&["traits.last_name", "context.traits.x"]), "rules.kinds[11].parts[1]", "import again"),
        (new(composite("badge", &["context.traits.x", "traits.y"])), "rules.kinds[13].parts[0]", "import again"),
        (other(&["traits.last_name", "traits.last_name"]), "rules.kinds[11].parts[1]", "twice"),
        (other(&["traits.last_name"]), "rules.kinds[11].parts", "two or more parts"),
        (other(&["traits.last_name", ""]), "rules.kinds[11].parts[1]", "not a path"),
        (other(&["traits.last_name", "user_id"]), "rules.kinds[11].parts[1]", "not a path"),
        (other(&["traits.last_name", "traits.name_and_birth"]), "rules.kinds[11].parts[1]", "itself"),
        (read_now, "rules.kinds[11].from", "import again"),
        (made_now, "rules.kinds[3].from", "import again"),
    ];
    let before = change(&*world.store).await;
    let present = present(&*world.store).await;
    for (rules, path, words) in cases {
        let checked = proposal::check(&*world.store, &present, &rules).await.expect("an answer");
        let problems = checked.expect_err("it cannot be tried");
        let problem = problems.iter().find(|problem| problem.path.as_deref() == Some(path));
        let problem = problem.unwrap_or_else(|| panic!("{path}: {problems:?}"));
        assert_eq!(problem.code, ProblemCode::BadArgument);
        assert!(problem.message.contains(words), "{}", problem.message);
    }
    assert_eq!(change(&*world.store).await, before);
    // From which version parts are in force is the store's to say.
    let mut sly = with_parts(&BOTH);
    sly.kinds[COMPOSITE].parts_since = 9;
    let checked = proposal::check(&*world.store, &present, &sly).await.expect("an answer").expect("the same rules");
    assert_eq!(checked.written(), present.rules);
}

/// An event, as numbers.
#[derive(Clone, Debug)]
struct Told {
    user: Option<u8>,
    email: Option<u8>,
    device: Option<u8>,
    traits: [Option<u8>; 3],
    minute: usize,
}

const TRAITS: [&str; 3] = ["first_name", "last_name", "birth_date"];

fn told() -> impl Strategy<Value = Vec<Told>> {
    let id = || prop::option::weighted(0.4, 0..3_u8);
    let traits =
        [prop::option::weighted(0.8, 0..2_u8), prop::option::weighted(0.8, 0..2_u8), prop::option::of(0..2_u8)];
    let one = (id(), id(), id(), traits, 0..20_usize).prop_map(|(user, email, device, traits, minute)| Told {
        user,
        email,
        device,
        traits,
        minute,
    });
    prop::collection::vec(one, 1..25)
}

impl Told {
    fn event(&self, n: usize, minute: usize) -> Value {
        let mut traits = json!({});
        for (name, value) in TRAITS.iter().zip(self.traits) {
            if let Some(value) = value {
                traits[*name] = json!(format!("V{value}"));
            }
        }
        if let Some(email) = self.email {
            traits["email"] = json!(format!("e{email}@example.org"));
        }
        let mut ids = json!({});
        if let Some(user) = self.user {
            ids["userId"] = json!(format!("u{user}"));
        }
        if self.device.is_some() || self.user.is_none() && self.email.is_none() {
            ids["anonymousId"] = json!(format!("a{}", self.device.unwrap_or(7)));
        }
        let mut event = said(minute, ids, traits);
        event["messageId"] = json!(format!("m{n}"));
        event
    }
}

/// Lists of parts to go from and to; the empty one is no composite.
fn parts() -> impl Strategy<Value = Vec<&'static str>> {
    let [first, last, birth] = ["traits.first_name", "traits.last_name", "traits.birth_date"];
    prop::sample::select(vec![
        vec![],
        vec![last, birth],
        vec![birth, last],
        vec![first, last],
        vec![first, last, birth],
        vec![first, birth],
    ])
}

fn on_sqlite<F: Future<Output = ()>>(case: impl FnOnce(World) -> F) {
    let folder = tempfile::tempdir().expect("a folder");
    stores::run(async { case(World::new(stores::sqlite(folder.path()).await)).await });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever was told and whatever changes, twice: a trial is what comes of its save.
    #[test]
    fn a_trial_equals_its_save_whatever_composites_are_made_of(
        told in told(),
        versions in prop::collection::vec((parts(), prop::option::of(1..3_i64), any::<[bool; 2]>(), 0..7_usize), 3),
        size in 1..6_usize,
    ) {
        let rules = |version: &(Vec<&str>, Option<i64>, [bool; 2], usize)| {
            let (parts, limit, flags, rank) = version;
            let mut rules = with_parts(parts);
            if let Some(place) = rules.kinds.iter().position(|kind| !kind.parts.is_empty()) {
                let mut kind = rules.kinds.remove(place);
                (kind.limit, [kind.merges, kind.device]) = (*limit, *flags);
                rules.kinds.insert((*rank).min(rules.kinds.len()), kind);
            } else {
                rules.kinds[1].limit = *limit;
            }
            rules
        };
        on_sqlite(|mut world| async move {
            begun(&mut world, &rules(&versions[0]), &[]).await;
            let events: Vec<Value> = told.iter().enumerate().map(|(n, told)| told.event(n, told.minute)).collect();
            let (first, then) = events.split_at(events.len() * 2 / 3);
            for events in first.chunks(size) {
                world.apply(read(&rules(&versions[0]), events)).await;
            }
            for version in &versions[1..] {
                (_, _, world.rules) = tried_and_saved(&*world.store, &rules(version)).await;
                for events in then.chunks(size) {
                    let mut facts = read(&rules(version), events);
                    let name = |fact: &Fact| format!("{}-{}", fact.message_id, world.rules.version).into();
                    facts.iter_mut().for_each(|fact| fact.message_id = name(fact));
                    world.apply(facts).await;
                }
            }
        });
    }

    /// Without limits who is who does not depend on an order: then what is made later is what a new import gives,
    /// as far as it can be told who stood behind a composite of before. Nobody is joined whom that keeps apart.
    #[test]
    fn what_is_made_later_is_what_a_new_import_gives(told in told(), from in parts(), to in parts(), named: bool) {
        prop_assume!(!to.is_empty());
        let rules = |parts: &[&str]| {
            let mut rules = with_parts(parts);
            rules.kinds.iter_mut().for_each(|kind| kind.limit = None);
            rules
        };
        let mut told = told;
        if named {
            told.iter_mut().filter(|told| told.email.is_none()).for_each(|told| told.user = told.user.or(Some(0)));
        }
        let events: Vec<Value> = told.iter().enumerate().map(|(n, told)| told.event(n, n)).collect();
        let (before, after) = (rules(&from), rules(&to));
        let fresh = Arc::new(std::sync::Mutex::new(BTreeMap::new()));
        let kept = fresh.clone();
        let (events_again, after_again) = (events.clone(), after.clone());
        on_sqlite(|mut world| async move {
            begun(&mut world, &after_again, &events_again).await;
            let held = held(&*world.store, change(&*world.store).await).await;
            *kept.lock().expect("a lock") = held.into_values().collect();
        });
        let fresh: BTreeMap<String, Option<Arrival>> = std::mem::take(&mut *fresh.lock().expect("a lock"));
        on_sqlite(|mut world| async move {
            begun(&mut world, &before, &events).await;
            tried_and_saved(&*world.store, &after).await;
            let later: BTreeMap<String, Option<Arrival>> =
                held(&*world.store, change(&*world.store).await).await.into_values().collect();
            let together = |of: &BTreeMap<String, Option<Arrival>>| {
                let mut groups: BTreeMap<Arrival, BTreeSet<String>> = BTreeMap::new();
                let known = of.iter().filter(|(key, _)| fresh.contains_key(*key) && !key.starts_with("name_and_birth"));
                for (key, holder) in known {
                    groups.entry(holder.expect("somebody")).or_default().insert(key.clone());
                }
                groups.into_values().collect::<BTreeSet<_>>()
            };
            let (later, fresh) = (together(&later), together(&fresh));
            for group in &later {
                assert!(fresh.iter().any(|whole| group.is_subset(whole)), "{group:?} is in none of {fresh:?}");
            }
            if named || from.is_empty() {
                assert_eq!(later, fresh);
            }
        });
    }
}

#[test]
fn a_row_of_before_this_version_reads_as_rules_whose_parts_always_were() {
    let text = serde_json::to_string(&with_parts(&BOTH)).expect("JSON");
    assert!(!text.contains("parts_since"), "{text}");
    let read: WrittenRules = serde_json::from_str(&text).expect("rules");
    assert_eq!(read.kinds[COMPOSITE].parts_since, 0);
}
