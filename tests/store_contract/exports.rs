//! What exports read: every customer id, every touchpoint and every identifier, as they were after a change.

use throughline::domain::touchpoint::Touchpoint;
use throughline::domain::{Arrival, CustomerId, Moment, Timestamp};
use throughline::store::exports::Holding;
use throughline::store::query::{Of, TimeOrder, TouchpointFilter, TouchpointPage};

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    customer_ids_are_all_that_were_issued_up_to_a_change,
    a_history_is_read_whole_in_order_of_arrival,
    a_history_has_the_owners_of_then,
    holdings_are_those_of_the_change,
    an_export_of_an_empty_store_reads_nothing,
}

async fn customer_ids(world: &World, at: i64, limit: usize) -> Vec<CustomerId> {
    let mut all: Vec<CustomerId> = Vec::new();
    loop {
        let page = world.store.scan_customer_ids(at, all.last(), limit).await.expect("a page");
        assert!(page.len() <= limit);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

fn moment(change: i64) -> Moment {
    Moment { change, at: Timestamp(0) }
}

async fn history(world: &World, at: i64, limit: usize) -> Vec<Touchpoint> {
    let mut all: Vec<Touchpoint> = Vec::new();
    loop {
        let after = all.last().map(|last| last.arrival);
        let page = world.store.scan_history(moment(at), after, limit).await.expect("a page");
        assert!(page.len() <= limit);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn holding(world: &World, at: i64, kind: &str, value: &str) -> Option<Holding> {
    let id = world.identifier(kind, value).await;
    world.store.holdings_at(moment(at), &[id]).await.expect("an answer").pop().expect("one answer per key")
}

async fn customer_ids_are_all_that_were_issued_up_to_a_change(world: World) {
    let first = world.apply([event("a").user("ada"), event("b").email("ada@example.org")]).await.change;
    let (ada, mail) = (world.id("user_id", "ada").await, world.id("email", "ada@example.org").await);
    assert_ne!(ada, mail);
    let merged = world.apply([event("c").user("ada").email("ada@example.org")]).await.change;
    let last = world.apply([event("d").user("bob")]).await.change;
    let bob = world.id("user_id", "bob").await;
    let sorted = |mut ids: Vec<CustomerId>| {
        ids.sort();
        ids
    };
    for limit in [1, 2, 100] {
        assert_eq!(customer_ids(&world, first, limit).await, sorted(vec![ada.clone(), mail.clone()]));
        assert_eq!(customer_ids(&world, merged, limit).await, sorted(vec![ada.clone(), mail.clone()]));
        assert_eq!(customer_ids(&world, last, limit).await, sorted(vec![ada.clone(), mail.clone(), bob.clone()]));
        assert_eq!(customer_ids(&world, 0, limit).await, []);
    }
}

async fn a_history_is_read_whole_in_order_of_arrival(world: World) {
    let first = world
        .apply([
            event("a").minute(9).user("ada").view().with_all("s1", "spring", r#"{"sku":"hat"}"#),
            event("b").minute(3).anonymous("x").view(),
            event("c").user("ada").claim("city", "\"Bath\""),
        ])
        .await
        .change;
    let last = world.apply([event("d").minute(1).user("bob").completed("7", "10", &[("hat", 1, "10")]).view()]).await;
    for limit in [1, 2, 100] {
        let ids = |all: Vec<Touchpoint>| all.into_iter().map(|t| t.message_id.to_string()).collect::<Vec<_>>();
        assert_eq!(ids(history(&world, first, limit).await), ["a", "b"]);
        assert_eq!(ids(history(&world, last.change, limit).await), ["a", "b", "d"]);
    }
    // The same rows as one by one.
    let all = history(&world, last.change, 100).await;
    let names: Vec<_> = all.iter().map(|t| t.message_id.clone()).collect();
    let alone = world.store.touchpoints(&names).await.expect("an answer");
    let alone: Vec<String> = alone.into_iter().map(|t| format!("{:?}", t.expect("a touchpoint"))).collect();
    assert_eq!(all.iter().map(|t| format!("{t:?}")).collect::<Vec<_>>(), alone);
    assert_eq!(all[0].fact.properties.as_ref().map(|p| p.get().to_owned()), Some(r#"{"sku":"hat"}"#.to_owned()));
}

async fn a_history_has_the_owners_of_then(world: World) {
    let first = world.apply([event("v").minute(2).anonymous("tablet").view()]).await.change;
    world
        .apply([
            event("r1").minute(1).user("ruth").anonymous("tablet").view(),
            event("s1").minute(500).user("sam").anonymous("tablet").view(),
        ])
        .await;
    assert!(world.assign_visits().await > 0, "the visit is Ruth's");
    let (tablet, ruth) = (world.identifier("anonymous_id", "tablet").await, world.identifier("user_id", "ruth").await);
    let last = world.store.status().await.expect("a status").change;
    assert_eq!(history(&world, first, 10).await[0].owner, tablet);
    let now = history(&world, last, 10).await;
    assert_eq!(now[0].owner, ruth);
    assert_eq!(now[0].device_identifier, Some(tablet));
    // As a view of that moment has it.
    let reads = world.store.as_of(Moment { change: first, at: minute(1_000) });
    let page =
        TouchpointPage { filter: TouchpointFilter::default(), order: TimeOrder::OldestFirst, after: None, limit: 10 };
    let pages = reads.list_touchpoints(&[Of::Identifier(tablet)], &page).await.expect("a page");
    assert_eq!(format!("{:?}", pages[0].items), format!("{:?}", history(&world, first, 10).await));
}

async fn holdings_are_those_of_the_change(world: World) {
    let first = world.apply([event("a").user("ada"), event("b").email("ada@example.org")]).await.change;
    let (ada, mail) = (world.id("user_id", "ada").await, world.id("email", "ada@example.org").await);
    let last = world.apply([event("c").user("ada").email("ada@example.org")]).await.change;
    let survivor = world.id("user_id", "ada").await;
    let customer = |holding: Option<Holding>| holding.expect("it existed").customer;
    assert_eq!(customer(holding(&world, first, "user_id", "ada").await), Some(ada));
    assert_eq!(customer(holding(&world, first, "email", "ada@example.org").await), Some(mail));
    for (kind, value) in [("user_id", "ada"), ("email", "ada@example.org")] {
        let found = holding(&world, last, kind, value).await.expect("it exists");
        assert_eq!((&*found.key.kind, &*found.key.value), (kind, value));
        assert_eq!(found.customer, Some(survivor.clone()));
    }
    world.apply([event("d").user("bob")]).await;
    assert_eq!(holding(&world, last, "user_id", "bob").await, None);
    let (bob, ada) = (world.identifier("user_id", "bob").await, world.identifier("user_id", "ada").await);
    let both = world.store.holdings_at(moment(last), &[bob, ada, Arrival(1)]).await.expect("an answer");
    assert!(both[0].is_none() && both[1].is_some() && both[2].is_none(), "{both:?}");
}

async fn an_export_of_an_empty_store_reads_nothing(world: World) {
    assert_eq!(customer_ids(&world, 0, 10).await, []);
    assert!(history(&world, 0, 10).await.is_empty());
    assert_eq!(world.store.holdings_at(moment(0), &[]).await.expect("an answer"), []);
}
