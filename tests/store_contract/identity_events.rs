//! Identity histories: what happened to a customer, and to those it absorbed.

use throughline::domain::change::IdentityEventKind::*;
use throughline::domain::change::{IdentityEvent, IdentityEventKind};
use throughline::domain::customer::CustomerId;
use throughline::domain::{Arrival, IdentifierId};

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_history_begins_with_created,
    a_merge_stands_with_the_survivor_and_brings_the_other_history,
    a_refusal_is_told_once,
    a_history_comes_in_pages,
    lines_are_found_by_name,
    nobody_has_no_history,
}

async fn history(world: &World, customer: &CustomerId) -> Vec<IdentityEvent> {
    let customers = std::slice::from_ref(customer);
    let pages = world.store.list_identity_events(customers, None, 100).await.expect("a page");
    assert_eq!(world.store.count_identity_events(customers).await.expect("a count"), [pages[0].items.len() as i64]);
    pages.into_iter().next().expect("one page each").items
}

fn kinds(events: &[IdentityEvent]) -> Vec<IdentityEventKind> {
    events.iter().map(|e| e.kind).collect()
}

async fn ids(world: &World, names: &[(&str, &str)]) -> Vec<IdentifierId> {
    let mut ids = Vec::new();
    for (kind, value) in names {
        ids.push(world.identifier(kind, value).await);
    }
    ids
}

async fn a_history_begins_with_created(world: World) {
    world.apply_at(minute(70), [event("m1").user("ada").anonymous("a1")]).await;
    world.apply_at(minute(80), [event("m2").user("ada").anonymous("a1").view()]).await;
    world.apply_at(minute(90), [event("m3").user("ada").email("ada@example.org")]).await;
    let ada = world.id("user_id", "ada").await;
    let events = history(&world, &ada).await;
    assert_eq!(kinds(&events), [Created, Linked], "what changed nothing is not told");
    assert_eq!((events[0].at, events[0].message_id.as_deref()), (minute(70), Some("m1")));
    assert_eq!(events[0].identifiers, ids(&world, &[("user_id", "ada"), ("anonymous_id", "a1")]).await);
    assert_eq!((events[1].at, events[1].rule.as_deref()), (minute(90), Some("email")));
    assert_eq!(events[1].identifiers, ids(&world, &[("email", "ada@example.org")]).await);
    assert!(events.iter().all(|e| e.customer == ada && e.others.is_empty() && e.by.is_none()));
}

async fn a_merge_stands_with_the_survivor_and_brings_the_other_history(world: World) {
    world.apply_each([event("m1").anonymous("a1"), event("m2").email("ada@example.org")]).await;
    let (a1, email) = (world.id("anonymous_id", "a1").await, world.id("email", "ada@example.org").await);
    world.apply([event("m3").anonymous("a1").email("ada@example.org")]).await;
    let events = history(&world, &a1).await;
    assert_eq!(kinds(&events), [Created, Created, Merged]);
    assert_eq!([&events[0].customer, &events[1].customer, &events[2].customer], [&a1, &email, &a1]);
    assert_eq!((events[2].message_id.as_deref(), events[2].others.clone()), (Some("m3"), vec![email.clone()]));
    assert_eq!(history(&world, &email).await, events, "the old id asks for the same history");
}

async fn a_refusal_is_told_once(world: World) {
    world.apply([event("m1").user("ada").anonymous("tablet")]).await;
    for n in 0..3 {
        world.apply([event(&format!("r{n}")).user("bob").anonymous("tablet").minute(n)]).await;
    }
    let (ada, bob) = (world.id("user_id", "ada").await, world.id("user_id", "bob").await);
    let events = history(&world, &bob).await;
    assert_eq!(kinds(&events), [Created, Refused], "the same set with the same outcome is no news");
    assert_eq!((events[1].rule.as_deref(), events[1].message_id.as_deref()), (Some("user_id"), Some("r0")));
    assert!(events[1].reason.is_some());
    assert_eq!(events[1].identifiers, ids(&world, &[("anonymous_id", "tablet")]).await);
    assert_eq!(events[1].others, [ada]);
}

async fn a_history_comes_in_pages(world: World) {
    world.apply([event("b").email("x@example.org")]).await;
    world.apply_each((0..7).map(|n| event(&format!("m{n}")).user("ada").anonymous(&format!("a{n}")))).await;
    world.apply([event("j").user("ada").email("x@example.org")]).await;
    let customer = world.id("user_id", "ada").await;
    let all = history(&world, &customer).await;
    assert_eq!(all.len(), 9, "created twice, six more devices, one merge: {:?}", kinds(&all));
    assert!(all.is_sorted_by_key(|e| e.arrival));
    let (mut after, mut read): (Option<Arrival>, Vec<IdentityEvent>) = (None, Vec::new());
    loop {
        let customers = std::slice::from_ref(&customer);
        let pages = world.store.list_identity_events(customers, after, 2).await.expect("a page");
        assert!(pages[0].items.len() <= 2);
        read.extend(pages[0].items.iter().cloned());
        after = read.last().map(|e| e.arrival);
        if !pages[0].more {
            break;
        }
    }
    assert_eq!(read, all);
}

async fn lines_are_found_by_name(world: World) {
    world.apply_each([event("m1").user("ada"), event("m2").user("ada").email("ada@example.org")]).await;
    let all = history(&world, &world.id("user_id", "ada").await).await;
    let names = [all[1].arrival, Arrival::new(9, 9), all[0].arrival];
    let found = world.store.identity_events(&names).await.expect("lines");
    assert_eq!(found, [Some(all[1].clone()), None, Some(all[0].clone())]);
}

async fn nobody_has_no_history(world: World) {
    world.apply([event("m1").user("ada")]).await;
    assert!(history(&world, &CustomerId("0".repeat(32).into())).await.is_empty());
}
