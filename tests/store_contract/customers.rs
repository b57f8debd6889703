//! A customer as one read answers it.

use std::sync::Arc;

use throughline::domain::Arrival;
use throughline::domain::consent::{ConsentStatus, in_force};
use throughline::domain::customer::{CustomerId, CustomerView};
use throughline::domain::identifier::IdentifierKey;
use throughline::store::StoreError;
use throughline::store::query::{CustomerKey, FirstPages, Shape};

use crate::common::facts::{amount, event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    nobody_is_found_by_a_key_that_is_not_there,
    answers_stand_in_the_order_of_the_keys,
    readers_side_by_side_get_what_they_asked_for,
    the_smallest_shape_has_what_a_name_is_made_of,
    a_shape_brings_its_parts_and_no_others,
    identifiers_come_first_seen_first,
    an_order_number_finds_its_customer,
    a_number_that_two_sources_share_needs_the_source,
    an_order_that_waits_finds_nobody_and_shares_no_number,
    the_version_rises_with_every_change,
    figures_are_sums_over_the_identifiers,
}

fn by_order(number: &str, source: Option<&str>) -> CustomerKey {
    CustomerKey::Order { number: number.into(), source: source.map(Arc::from) }
}

async fn nobody_is_found_by_a_key_that_is_not_there(world: World) {
    world.apply([event("m1").user("ada").completed("1", "5", &[])]).await;
    for key in [
        CustomerKey::Id(CustomerId("00000000000000000000000000000000".into())),
        CustomerKey::Identifier(IdentifierKey::new("user_id", "bob")),
        CustomerKey::Identifier(IdentifierKey::new("email", "ada")),
        by_order("2", None),
        by_order("1", Some("elsewhere")),
    ] {
        assert!(world.find_by(key.clone()).await.is_none(), "{key:?}");
    }
}

async fn answers_stand_in_the_order_of_the_keys(world: World) {
    world.apply([event("m1").user("ada"), event("m2").user("bob")]).await;
    let key = |value| CustomerKey::Identifier(IdentifierKey::new("user_id", value));
    let keys = [key("bob"), key("nobody"), key("ada"), key("bob")];
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let answers = world.store.customers(&keys, Shape::Card, pages).await.expect("answers");
    let values: Vec<Option<Arc<str>>> = answers
        .into_iter()
        .map(|answer| answer.expect("no fault").map(|view| view.identifiers[0].key.value.clone()))
        .collect();
    assert_eq!(values, [Some("bob".into()), None, Some("ada".into()), Some("bob".into())]);
}

async fn readers_side_by_side_get_what_they_asked_for(world: World) {
    let name = |n: usize| format!("person-{n}");
    world.apply((0..30).map(|n| event(&format!("m{n}")).user(&name(n)).view())).await;
    let readers = (0..200).map(|n| {
        let store = world.store.clone();
        tokio::spawn(async move {
            // One or two each; some ask for nobody, and not all for equally much.
            let keys = [n % 40, (n + 1) % 40].map(|n| CustomerKey::Identifier(IdentifierKey::new("user_id", name(n))));
            let keys = &keys[..1 + n % 2];
            let pages = FirstPages { orders: 0, touchpoints: 1 + n % 3 };
            let answers = store.customers(keys, Shape::All, pages).await.expect("answers");
            assert_eq!(answers.len(), keys.len());
            for (key, answer) in keys.iter().zip(answers) {
                let found = answer.expect("no fault").map(|view| view.identifiers[0].key.clone());
                let known = (0..30).map(|n| IdentifierKey::new("user_id", name(n)));
                let wanted = known.into_iter().find(|known| *key == CustomerKey::Identifier(known.clone()));
                assert_eq!(found, wanted);
            }
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.expect("what was asked for");
    }
}

async fn a_shape_brings_its_parts_and_no_others(world: World) {
    let everything = event("m1").user("ada").view().device("d1", "phone", None);
    let everything = everything.consent("marketing", None, ConsentStatus::Granted).claim("city", "\"Leeds\"");
    world.apply([everything.completed("1", "5", &[]), event("m2").user("ada").view().minute(1)]).await;
    let key = CustomerKey::Identifier(IdentifierKey::new("user_id", "ada"));
    for (shape, identity, history) in [
        (Shape::Name, false, false),
        (Shape::Card, false, false),
        (Shape::Identity, true, false),
        (Shape::History, false, true),
        (Shape::All, true, true),
    ] {
        let pages = FirstPages { orders: 5, touchpoints: 1 };
        let answers = world.store.customers(std::slice::from_ref(&key), shape, pages).await.expect("an answer");
        let view = answers[0].as_ref().expect("no fault").as_ref().expect("a customer");
        let claims = if shape == Shape::Name { 0 } else { 1 };
        assert_eq!((view.identifiers.len(), view.claims.len()), (1, claims), "{shape:?}");
        assert_eq!((view.consents.is_some(), view.devices.is_some()), (identity, identity), "{shape:?}");
        assert_eq!((view.orders.is_some(), view.touchpoints.is_some()), (history, history), "{shape:?}");
        if let Some(touchpoints) = &view.touchpoints {
            assert_eq!((&*touchpoints.items[0].message_id, touchpoints.more), ("m2", true));
        }
        if let Some(orders) = &view.orders {
            assert_eq!((orders.items.len(), orders.more), (1, false));
        }
        if let Some(consents) = &view.consents {
            assert_eq!(in_force(consents, minute(9))[0].fact.status, ConsentStatus::Granted);
        }
    }
}

async fn the_smallest_shape_has_what_a_name_is_made_of(world: World) {
    world
        .apply([
            event("m1").user("ada").email("a@example.org").minute(2).claim("city", "\"Leeds\""),
            event("m2").user("ada").minute(1).claim("first_name", "\"Ada\"").claim("lastName", "\"Lovelace\""),
            event("m3").user("ada").phone("+441").minute(3).claim("name", "\"Ada L\"").view(),
        ])
        .await;
    let key = CustomerKey::Identifier(IdentifierKey::new("user_id", "ada"));
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let read = async |shape| {
        let answers = world.store.customers(std::slice::from_ref(&key), shape, pages).await.expect("an answer");
        answers.into_iter().next().expect("one").expect("no fault").expect("a customer")
    };
    let (name, card) = (read(Shape::Name).await, read(Shape::Card).await);
    assert_eq!(name.customer, card.customer);
    let keys = |view: &CustomerView| {
        view.identifiers.iter().map(|i| (i.id, i.key.clone(), i.first_seen_at)).collect::<Vec<_>>()
    };
    assert_eq!(keys(&name), keys(&card));
    let claims = |view: &CustomerView| {
        let mut claims: Vec<_> = view.claims.iter().map(|c| (c.name.to_string(), c.value.get().to_owned())).collect();
        claims.sort();
        claims
    };
    let expected: Vec<_> = claims(&card).into_iter().filter(|(name, _)| name != "city").collect();
    assert_eq!((claims(&name), expected.len()), (expected, 3));
}

async fn identifiers_come_first_seen_first(world: World) {
    world
        .apply_each([
            event("m1").user("ada").email("late@example.org").minute(30),
            event("m2").user("ada").anonymous("early").minute(10),
            event("m3").user("ada").phone("+441").minute(20),
        ])
        .await;
    let view = world.customer("user_id", "ada").await;
    let values: Vec<&str> = view.identifiers.iter().map(|i| &*i.key.value).collect();
    // The account was seen at minute 10 too, and got its id before the device.
    assert_eq!(values, ["ada", "early", "+441", "late@example.org"]);
    let seen: Vec<_> = view.identifiers.iter().map(|i| (i.first_seen_at, i.last_seen_at)).collect();
    assert_eq!(seen[0], (minute(10), minute(30)));
    assert_eq!(seen[1], (minute(10), minute(10)));
}

async fn an_order_number_finds_its_customer(world: World) {
    world.apply([event("m1").user("ada").completed("1", "5", &[])]).await;
    let ada = world.id("user_id", "ada").await;
    for key in [by_order("1", None), by_order("1", Some("shop"))] {
        assert_eq!(world.find_by(key).await.expect("a customer").customer.id, ada);
    }
    // An order follows its owner's customer.
    world.apply([event("m2").anonymous("a1").minute(1), event("m3").anonymous("a1").user("ada")]).await;
    assert_eq!(world.find_by(by_order("1", None)).await.expect("a customer").customer.id, ada);
}

async fn a_number_that_two_sources_share_needs_the_source(world: World) {
    world
        .apply([
            event("m1").from("shop").user("ada").completed("1", "5", &[]),
            event("m2").from("till").user("bob").completed("1", "7", &[]),
            event("m3").from("till").user("bob").completed("2", "7", &[]),
        ])
        .await;
    let keys = [by_order("1", None), by_order("1", Some("till")), by_order("2", None)];
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let answers = world.store.customers(&keys, Shape::Card, pages).await.expect("the fault is its own key's");
    assert!(matches!(answers[0], Err(StoreError::AmbiguousOrder)));
    let bob = world.id("user_id", "bob").await;
    for answer in &answers[1..] {
        assert_eq!(answer.as_ref().expect("no fault").as_ref().expect("a customer").customer.id, bob);
    }
}

async fn an_order_that_waits_finds_nobody_and_shares_no_number(world: World) {
    world.apply([event("m1").from("till").user("bob").refunded("1", "5")]).await;
    assert!(world.find_by(by_order("1", None)).await.is_none());
    world.apply([event("m2").from("shop").user("ada").completed("1", "5", &[])]).await;
    let ada = world.id("user_id", "ada").await;
    assert_eq!(world.find_by(by_order("1", None)).await.expect("the one that was placed").customer.id, ada);
}

async fn the_version_rises_with_every_change(world: World) {
    world.apply([event("m1").user("ada").view()]).await;
    let first = world.customer("user_id", "ada").await.customer.clone();
    world.apply([event("m2").user("ada").view().minute(3)]).await;
    let second = world.customer("user_id", "ada").await.customer.clone();
    assert!(second.version > first.version);
    assert_eq!((second.created_seq, second.id), (first.created_seq, first.id));
    assert_eq!(first.created_seq, Arrival::new(1, 0));
}

async fn figures_are_sums_over_the_identifiers(world: World) {
    world
        .apply_each([
            event("m1").anonymous("a1").view().minute(1),
            event("m2").email("ada@example.org").sent("email").minute(2),
            event("m3").anonymous("a1").email("ada@example.org").completed("1", "30", &[]).view().minute(3),
            event("m4").email("ada@example.org").completed("2", "12.50", &[]).minute(4),
            event("m5").email("ada@example.org").refunded("2", "2.50").minute(5),
        ])
        .await;
    let sum = world.customer("anonymous_id", "a1").await.rollup();
    let website = sum.channels["website"];
    assert_eq!((website.touchpoints, website.answered, website.sent, website.last_at), (2, 2, 0, minute(3)));
    assert_eq!((sum.channels["email"].sent, sum.channels["email"].answered), (1, 0));
    let pounds = sum.money.values().next().expect("money");
    assert_eq!((pounds.orders, pounds.gross, pounds.returned), (2, amount("42.5"), amount("2.5")));
    assert_eq!(pounds.net(), amount("40"));
}
