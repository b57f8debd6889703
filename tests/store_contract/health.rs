//! Figures about who is who, which every write keeps up to date.

use std::collections::BTreeMap;

use throughline::domain::health::{Health, Names};
use throughline::domain::touchpoint::Direction;
use throughline::domain::{CustomerId, IdentifierKey};
use throughline::stitching::{DecisionAction, DecisionRequest};
use throughline::store::query::{
    CustomerFilter, CustomerKey, CustomerList, CustomerSort, FirstPages, IdentifierRef, Shape,
};

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    an_empty_store_has_nothing_to_tell,
    customers_are_counted_by_how_many_identifiers_they_have,
    a_merge_is_counted_and_the_absorbed_has_no_size_any_more,
    a_refusal_is_counted_once_by_its_rule,
    what_people_decide_is_counted_and_undone,
    a_shared_device_is_counted_and_so_is_who_comes_apart,
    a_batch_of_everything_counts_as_its_events_one_by_one,
    the_largest_customers_come_first,
    messages_that_are_known_count_nothing,
    the_kinds_and_channels_that_are_stored_are_told,
}

/// The figures, which are those that counting everything gives.
async fn health(world: &World, keys: &[(&str, String)]) -> Health {
    let health = world.store.identity_health().await.expect("figures");
    let counted = sizes(world).await;
    let mut by_size: BTreeMap<i64, i64> = BTreeMap::new();
    counted.values().for_each(|size| *by_size.entry(*size).or_default() += 1);
    assert_eq!(health.sizes, by_size, "the sizes are those of a recount");
    assert_eq!(health.customers(), world.store.status().await.expect("figures").customers);
    assert_eq!(health.histogram().iter().map(|bucket| bucket.count).sum::<i64>(), health.customers());
    let keys: Vec<_> = keys.iter().map(|(k, v)| IdentifierRef::Key(IdentifierKey::new(*k, v.as_str()))).collect();
    let all = world.store.identifiers(&keys).await.expect("identifiers");
    let all: Vec<_> = all.into_iter().map(|i| i.expect("an identifier that the case names")).collect();
    assert_eq!(health.identifiers, all.len() as i64, "the case names them all");
    assert_eq!(health.shared, all.iter().filter(|i| i.is_shared()).count() as i64);
    let mut largest: Vec<(i64, CustomerId)> = counted.into_iter().map(|(id, size)| (size, id)).collect();
    largest.sort_by_key(|(size, _)| -size);
    let told = world.store.largest_customers(100).await.expect("customers");
    let sizes = |list: Vec<i64>| list;
    assert_eq!(
        sizes(told.iter().map(|(_, size)| *size).collect()),
        sizes(largest.iter().map(|(size, _)| *size).collect())
    );
    for (id, size) in &told {
        assert!(largest.contains(&(*size, id.clone())), "the largest are told with their own sizes");
    }
    health
}

/// How many identifiers each customer has, by reading them all.
async fn sizes(world: &World) -> BTreeMap<CustomerId, i64> {
    let list = CustomerList {
        filter: CustomerFilter::default(),
        sort: CustomerSort::Created,
        descending: false,
        after: None,
        limit: 1_000,
    };
    let page = world.store.list_customers(&list).await.expect("a page");
    let keys: Vec<CustomerKey> = page.items.into_iter().map(|(id, _)| CustomerKey::Id(id)).collect();
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let views = world.store.customers(&keys, Shape::Card, pages).await.expect("customers");
    let views = views.into_iter().map(|view| view.expect("no fault").expect("a customer"));
    views.map(|view| (view.customer.id.clone(), view.identifiers.len() as i64)).collect()
}

fn keys(names: &[&'static str]) -> Vec<(&'static str, String)> {
    names.iter().map(|name| name.split_once(':').expect("kind:value")).map(|(k, v)| (k, v.to_owned())).collect()
}

async fn rule(world: &World, action: DecisionAction) {
    let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
    let decided = world.store.decide(&world.rules, &request, minute(2_000), false).await.expect("a ruling");
    assert!(decided.outcome.done, "{:?}", decided.outcome);
}

async fn an_empty_store_has_nothing_to_tell(world: World) {
    assert_eq!(health(&world, &[]).await, Health::default());
    assert!(world.store.largest_customers(10).await.expect("nobody").is_empty());
}

async fn customers_are_counted_by_how_many_identifiers_they_have(world: World) {
    world.apply([event("m1").user("ada").anonymous("a1"), event("m2").user("bob")]).await;
    let found = health(&world, &keys(&["user_id:ada", "anonymous_id:a1", "user_id:bob"])).await;
    assert_eq!(found.sizes, BTreeMap::from([(1, 1), (2, 1)]));
    world.apply([event("m3").user("bob").email("b@example.org").phone("+441"), event("m4").named("ticket", "t")]).await;
    let all = ["user_id:ada", "anonymous_id:a1", "user_id:bob", "email:b@example.org", "phone:+441", "ticket:t"];
    let found = health(&world, &keys(&all)).await;
    assert_eq!(found.sizes, BTreeMap::from([(2, 1), (3, 1)]), "the ticket is nobody's");
    assert_eq!((found.identifiers, found.largest(), found.merges, found.splits), (6, 3, 0, 0));
}

async fn a_merge_is_counted_and_the_absorbed_has_no_size_any_more(world: World) {
    world
        .apply_each([
            event("m1").anonymous("a1").card("c1"),
            event("m2").email("ada@example.org"),
            event("m3").phone("+441"),
            event("m4").phone("+441").email("ada@example.org").anonymous("a1"),
        ])
        .await;
    let all = keys(&["anonymous_id:a1", "loyalty_card:c1", "email:ada@example.org", "phone:+441"]);
    let found = health(&world, &all).await;
    assert_eq!((found.sizes, found.merges), (BTreeMap::from([(4, 1)]), 2));
    // Given out and absorbed in one batch.
    world
        .apply([
            event("n1").card("c2"),
            event("n2").email("e@example.org"),
            event("n3").card("c2").email("e@example.org"),
        ])
        .await;
    let all: Vec<_> = [all, keys(&["loyalty_card:c2", "email:e@example.org"])].concat();
    let found = health(&world, &all).await;
    assert_eq!((found.sizes, found.merges), (BTreeMap::from([(2, 1), (4, 1)]), 3));
}

async fn a_refusal_is_counted_once_by_its_rule(mut world: World) {
    world.apply([event("m1").user("ada").card("c1"), event("m2").user("bob")]).await;
    for n in 0..3 {
        world.apply([event(&format!("r{n}")).user("bob").card("c1").minute(n)]).await;
    }
    world.rules.max_identifiers = 1;
    world.apply([event("m3").user("bob").email("b@example.org")]).await;
    let found = health(&world, &keys(&["user_id:ada", "user_id:bob", "loyalty_card:c1", "email:b@example.org"])).await;
    assert_eq!(found.refused, BTreeMap::from([("max_identifiers".into(), 1), ("user_id".into(), 1)]));
}

async fn what_people_decide_is_counted_and_undone(world: World) {
    world
        .apply_each([
            event("m1").user("ada").anonymous("a1").card("c1"),
            event("m2").email("ada@home.example").card("c2"),
        ])
        .await;
    let all = keys(&["user_id:ada", "anonymous_id:a1", "loyalty_card:c1", "email:ada@home.example", "loyalty_card:c2"]);
    let (ada, home) = (world.id("user_id", "ada").await, world.id("email", "ada@home.example").await);
    rule(&world, DecisionAction::Merge(vec![ada.clone(), home])).await;
    let found = health(&world, &all).await;
    assert_eq!((found.sizes, found.merges, found.splits), (BTreeMap::from([(5, 1)]), 1, 0));
    let parts = vec![IdentifierKey::new("email", "ada@home.example"), IdentifierKey::new("loyalty_card", "c2")];
    rule(&world, DecisionAction::Split(ada.clone(), parts)).await;
    let found = health(&world, &all).await;
    assert_eq!((found.sizes, found.merges, found.splits), (BTreeMap::from([(2, 1), (3, 1)]), 1, 1));
    rule(&world, DecisionAction::Split(ada, vec![IdentifierKey::new("anonymous_id", "a1")])).await;
    let found = health(&world, &all).await;
    assert_eq!((found.sizes, found.merges, found.splits), (BTreeMap::from([(1, 1), (2, 2)]), 1, 2));
}

async fn a_shared_device_is_counted_and_so_is_who_comes_apart(world: World) {
    world
        .apply_each([
            event("m1").user("ada").anonymous("tablet"),
            event("m2").anonymous("tablet").email("guest@example.org"),
            event("m3").user("bob").anonymous("phone"),
        ])
        .await;
    let all =
        keys(&["user_id:ada", "anonymous_id:tablet", "email:guest@example.org", "user_id:bob", "anonymous_id:phone"]);
    let found = health(&world, &all).await;
    assert_eq!((found.sizes, found.shared), (BTreeMap::from([(2, 1), (3, 1)]), 0));
    world.apply([event("m4").user("bob").anonymous("tablet")]).await;
    let found = health(&world, &all).await;
    assert_eq!((found.sizes.clone(), found.shared, found.splits), (BTreeMap::from([(1, 2), (2, 1)]), 1, 1));
    assert_eq!(found.refused, BTreeMap::from([("user_id".into(), 1)]));
    world.apply([event("m5").user("bob").anonymous("tablet").minute(9)]).await;
    assert_eq!(health(&world, &all).await, found, "it is shared already");
}

async fn a_batch_of_everything_counts_as_its_events_one_by_one(world: World) {
    let events = |prefix: &str| {
        let named = |n: usize| format!("{prefix}{n}");
        vec![
            event(&named(1)).user(&named(1)).anonymous(&named(1)),
            event(&named(2)).user(&named(2)).anonymous(&named(2)),
            event(&named(3)).user(&named(2)).anonymous(&named(1)),
            event(&named(4)).email(&named(1)).card(&named(1)),
            event(&named(5)).email(&named(1)).user(&named(1)),
            event(&named(5)).email(&named(1)).user(&named(1)),
        ]
    };
    world.apply_each(events("a")).await;
    let one_by_one = world.store.identity_health().await.expect("figures");
    world.apply(events("b")).await;
    let mut twice = one_by_one.clone();
    twice.add(&one_by_one);
    assert_eq!(world.store.identity_health().await.expect("figures"), twice);
    assert_eq!((one_by_one.shared, one_by_one.merges, one_by_one.refused.len()), (1, 1, 1));
}

async fn the_largest_customers_come_first(world: World) {
    world
        .apply((0..30).flat_map(|n| {
            (0..=n % 15).map(move |m| event(&format!("m{n}-{m}")).user(&format!("u{n}")).card(&format!("c{n}-{m}")))
        }))
        .await;
    let largest = world.store.largest_customers(3).await.expect("customers");
    assert_eq!(largest.iter().map(|(_, size)| *size).collect::<Vec<_>>(), [16, 16, 15]);
    let mut expected = Vec::new();
    for user in ["u29", "u14", "u28"] {
        expected.push(world.id("user_id", user).await);
    }
    assert_eq!(largest.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), expected);
}

async fn messages_that_are_known_count_nothing(world: World) {
    let events = || [event("m1").user("ada").anonymous("a1"), event("m2").user("bob").anonymous("a1")];
    world.apply_each(events()).await;
    let before = world.store.identity_health().await.expect("figures");
    world.apply(events()).await;
    assert_eq!(world.store.identity_health().await.expect("figures"), before);
    // A touchpoint is on a channel, and that is all it adds.
    world.apply([event("m3").user("ada").view()]).await;
    let after = world.store.identity_health().await.expect("figures");
    assert_eq!(Health { names: before.names.clone(), ..after }, before);
}

async fn the_kinds_and_channels_that_are_stored_are_told(world: World) {
    let names = async || world.store.identity_health().await.expect("figures").names.unwrap_or_default();
    let of = |kinds: &[&str], channels: &[&str]| Names {
        kinds: kinds.iter().map(|name| (*name).into()).collect(),
        channels: channels.iter().map(|name| (*name).into()).collect(),
    };
    assert_eq!(names().await, Names::default());
    let page = |id: &str, channel: &str| event(id).touch("view", "Home", channel, Direction::Inbound);
    world.apply([page("m1", "website").user("ada"), page("m2", "Kiosk 7").named("ticket", "t")]).await;
    assert_eq!(names().await, of(&["ticket", "user_id"], &["Kiosk 7", "website"]));
    world.apply([page("m3", "website").user("ada"), page("m3", "fax").user("ada")]).await;
    assert_eq!(names().await, of(&["ticket", "user_id"], &["Kiosk 7", "website"]), "what is known already counts once");
    world.apply([page("m4", "fax").user("ada").email("ada@example.org")]).await;
    assert_eq!(names().await, of(&["email", "ticket", "user_id"], &["Kiosk 7", "fax", "website"]));
    // A sender can make up as many as it likes: then none is unknown, and what is kept stays small.
    world.apply((0..300).map(|n| page(&format!("x{n}"), &format!("c{n}")).named(&format!("k{n}"), "1"))).await;
    let many = names().await;
    assert!(many.kinds.len() < 210 && many.channels.len() < 210, "{} {}", many.kinds.len(), many.channels.len());
    assert!(Names::may_have(&many.kinds, "k299") && Names::may_have(&many.channels, "never"));
}
