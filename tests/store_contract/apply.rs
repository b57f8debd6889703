//! What becomes of events: outcomes, change numbers, and who is who.

use throughline::domain::Timestamp;
use throughline::domain::identifier::IdentifierKey;
use throughline::stitching::{Heard, Outcome};
use throughline::store::query::{CustomerKey, IdentifierRef};

use crate::common::facts::{Event, event, minute};
use crate::common::world::{World, customer_of, is_created, is_unchanged, names};
use crate::fixture::cases;

cases! {
    an_event_creates_a_customer,
    the_same_event_again_changes_nothing,
    an_event_twice_in_one_batch_is_stored_once,
    an_empty_batch_takes_no_number,
    changes_are_numbered_without_gaps_and_their_times_never_go_back,
    an_event_that_carries_two_names_makes_two_customers_one,
    three_customers_merge_into_the_one_that_was_given_out_first,
    a_chain_of_merges_leads_every_old_id_to_the_last_customer,
    customers_that_begin_and_merge_in_one_batch_are_one,
    a_refused_identifier_keeps_the_customer_it_has,
    a_new_identifier_that_is_refused_has_no_customer_until_it_is_accepted,
    a_customer_holds_no_more_identifiers_than_the_cap,
    an_unlisted_kind_is_stored_and_binds_nobody,
    an_event_with_unlisted_identifiers_alone_has_no_customer,
    many_batches_at_once_are_applied_one_after_the_other,
}

async fn an_event_creates_a_customer(world: World) {
    let applied = world.apply([event("m1").user("ada").email("ada@example.org").view()]).await;
    assert_eq!(applied.change, 1);
    let Outcome::Created { customer: Some(id), heard: Heard { waits: false, .. } } = &applied.outcomes[0] else {
        panic!("{:?}", applied.outcomes);
    };
    let view = world.customer("email", "ada@example.org").await;
    assert_eq!(view.customer.id, *id);
    assert_eq!(view.customer.former_ids, []);
    assert_eq!(names(&view), ["email:ada@example.org", "user_id:ada"]);
    assert!(view.identifiers.iter().all(|i| i.customer.as_ref() == Some(id)));
    let status = world.store.status().await.expect("a status");
    assert_eq!((status.customers, status.touchpoints, status.change), (1, 1, 1));
    assert_eq!(status.changed_at, minute(1_000));
}

async fn the_same_event_again_changes_nothing(world: World) {
    let events = || [event("m1").user("ada").view(), event("m2").anonymous("a1").user("ada").view()];
    let first = world.apply(events()).await;
    let before = world.customer("user_id", "ada").await;
    let again = world.apply(events()).await;
    assert!(again.outcomes.iter().all(is_unchanged), "{:?}", again.outcomes);
    assert_eq!(customer_of(&again.outcomes[0]), customer_of(&first.outcomes[0]));
    assert_eq!(again.change, first.change);
    let after = world.customer("user_id", "ada").await;
    assert_eq!(after.identifiers, before.identifiers);
    assert_eq!(after.customer, before.customer);
    assert_eq!(world.store.status().await.expect("a status").touchpoints, 2);
}

async fn an_event_twice_in_one_batch_is_stored_once(world: World) {
    let applied = world.apply([event("m1").user("ada").view(), event("m1").user("ada").view()]).await;
    assert!(is_created(&applied.outcomes[0]) && is_unchanged(&applied.outcomes[1]), "{:?}", applied.outcomes);
    assert_eq!(customer_of(&applied.outcomes[0]), customer_of(&applied.outcomes[1]));
    assert_eq!(world.customer("user_id", "ada").await.rollup().touchpoint_count(), 1);
}

async fn an_empty_batch_takes_no_number(world: World) {
    world.apply([event("m1").user("ada")]).await;
    let applied = world.apply::<Event>([]).await;
    assert_eq!((applied.change, applied.outcomes.len()), (1, 0));
    assert_eq!(world.apply([event("m2").user("ada")]).await.change, 2);
}

async fn changes_are_numbered_without_gaps_and_their_times_never_go_back(world: World) {
    assert_eq!(world.apply_at(minute(50), [event("m1").user("ada")]).await.change, 1);
    assert_eq!(world.apply_at(minute(40), [event("m2").user("bob")]).await.change, 2);
    let status = world.store.status().await.expect("a status");
    assert_eq!((status.change, status.changed_at), (2, minute(50)));
    assert_eq!(world.apply_at(minute(60), [event("m3").user("cy")]).await.change, 3);
    assert_eq!(world.store.status().await.expect("a status").changed_at, minute(60));
}

async fn an_event_that_carries_two_names_makes_two_customers_one(world: World) {
    world.apply_each([event("m1").anonymous("phone-1").view(), event("m2").email("ada@example.org").view()]).await;
    let (older, younger) = (world.id("anonymous_id", "phone-1").await, world.id("email", "ada@example.org").await);
    assert_ne!(older, younger);
    let applied = world.apply([event("m3").anonymous("phone-1").email("ada@example.org").view()]).await;
    assert_eq!(customer_of(&applied.outcomes[0]), Some(older.clone()));
    let view = world.customer("email", "ada@example.org").await;
    assert_eq!(view.customer.id, older);
    assert_eq!(view.customer.former_ids, std::slice::from_ref(&younger));
    assert_eq!(view.rollup().touchpoint_count(), 3);
    assert_eq!(view.touchpoints.as_ref().expect("touchpoints").items.len(), 3);
    let found = world.find_by(CustomerKey::Id(younger)).await.expect("the survivor");
    assert_eq!(found.customer, view.customer);
    assert_eq!(world.store.status().await.expect("a status").customers, 1);
    // Whoever sends the first event again is told of the customer of now.
    let again = world.apply([event("m2").email("ada@example.org").view()]).await;
    assert_eq!(customer_of(&again.outcomes[0]), Some(older));
}

async fn three_customers_merge_into_the_one_that_was_given_out_first(world: World) {
    world
        .apply_each([
            event("m1").email("private@example.org").minute(30),
            event("m2").card("77").minute(10),
            event("m3").phone("+441234").minute(20),
        ])
        .await;
    let oldest = world.id("email", "private@example.org").await;
    let others = [world.id("loyalty_card", "77").await, world.id("phone", "+441234").await];
    world.apply([event("m4").card("77").phone("+441234").email("private@example.org")]).await;
    let view = world.customer("phone", "+441234").await;
    assert_eq!(view.customer.id, oldest);
    assert_eq!(view.customer.former_ids, others);
    assert_eq!((view.first_seen_at(), view.last_seen_at()), (Some(minute(0)), Some(minute(30))));
}

async fn a_chain_of_merges_leads_every_old_id_to_the_last_customer(world: World) {
    world
        .apply_each([
            event("m1").anonymous("a"),
            event("m2").anonymous("b"),
            event("m3").anonymous("c"),
            event("m4").anonymous("d"),
        ])
        .await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(world.id("anonymous_id", name).await);
    }
    // d into c, then c into b, then b into a.
    world
        .apply_each([
            event("m5").anonymous("d").anonymous("c"),
            event("m6").anonymous("c").anonymous("b"),
            event("m7").anonymous("b").anonymous("a"),
        ])
        .await;
    for id in &ids {
        let view = world.find_by(CustomerKey::Id(id.clone())).await.expect("the survivor");
        assert_eq!(view.customer.id, ids[0]);
        assert_eq!(view.customer.former_ids, ids[1..]);
        assert_eq!(view.identifiers.len(), 4);
    }
}

async fn customers_that_begin_and_merge_in_one_batch_are_one(world: World) {
    let applied = world
        .apply([
            event("m1").anonymous("a").view(),
            event("m2").anonymous("b").view(),
            event("m3").anonymous("c").view(),
            event("m4").anonymous("b").anonymous("c").view(),
            event("m5").anonymous("a").anonymous("b").view(),
        ])
        .await;
    let given: Vec<_> = applied.outcomes.iter().filter_map(customer_of).collect();
    let view = world.customer("anonymous_id", "c").await;
    assert_eq!(view.customer.id, given[0]);
    assert_eq!(view.customer.former_ids, given[1..3]);
    assert_eq!(view.rollup().touchpoint_count(), 5);
    for id in &given {
        let found = world.find_by(CustomerKey::Id(id.clone())).await.expect("an id that was given out");
        assert_eq!(found.customer.id, given[0]);
    }
    assert_eq!(world.store.status().await.expect("a status").customers, 1);
}

async fn a_refused_identifier_keeps_the_customer_it_has(world: World) {
    world.apply_each([event("m1").user("ada").card("c1").view(), event("m2").user("bob").card("c1").view()]).await;
    let (ada, bob) = (world.customer("user_id", "ada").await, world.customer("user_id", "bob").await);
    assert_ne!(ada.customer.id, bob.customer.id);
    assert_eq!(names(&ada), ["loyalty_card:c1", "user_id:ada"]);
    assert_eq!(names(&bob), ["user_id:bob"]);
    assert_eq!((ada.rollup().touchpoint_count(), bob.rollup().touchpoint_count()), (1, 1));
}

async fn a_new_identifier_that_is_refused_has_no_customer_until_it_is_accepted(mut world: World) {
    world.rules.max_identifiers = 2;
    world.apply([event("m1").user("ada").email("ada@example.org").phone("+441")]).await;
    let refused = IdentifierRef::Key(IdentifierKey::new("phone", "+441"));
    let found = world.store.identifiers(std::slice::from_ref(&refused)).await.expect("an answer");
    assert_eq!(found[0].as_ref().expect("it is stored").customer, None);
    assert!(world.find("phone", "+441").await.is_none());
    let applied = world.apply([event("m2").phone("+441").anonymous("a1")]).await;
    let found = world.store.identifiers(&[refused]).await.expect("an answer");
    assert_eq!(found[0].as_ref().expect("it is stored").customer, customer_of(&applied.outcomes[0]));
    assert_eq!(names(&*world.customer("phone", "+441").await), ["anonymous_id:a1", "phone:+441"]);
}

async fn a_customer_holds_no_more_identifiers_than_the_cap(mut world: World) {
    world.rules.max_identifiers = 3;
    world.apply_each((0..5).map(|n| event(&format!("m{n}")).user("ada").anonymous(&format!("a{n}")))).await;
    assert_eq!(names(&*world.customer("user_id", "ada").await), ["anonymous_id:a0", "anonymous_id:a1", "user_id:ada"]);
    // Two customers that would be too many together stay two.
    world.apply_each([event("n1").email("x@example.org").card("9"), event("n2").user("ada").card("9")]).await;
    assert_ne!(world.id("user_id", "ada").await, world.id("loyalty_card", "9").await);
}

async fn an_unlisted_kind_is_stored_and_binds_nobody(world: World) {
    world
        .apply_each([
            event("m1").user("ada").named("crm_row", "7").view(),
            event("m2").user("bob").named("crm_row", "7").view(),
        ])
        .await;
    assert_ne!(world.id("user_id", "ada").await, world.id("user_id", "bob").await);
    let key = IdentifierRef::Key(IdentifierKey::new("crm_row", "7"));
    let found = world.store.identifiers(&[key]).await.expect("an answer");
    assert!(found[0].is_some());
    assert_eq!(world.customer("user_id", "bob").await.rollup().touchpoint_count(), 1);
}

async fn an_event_with_unlisted_identifiers_alone_has_no_customer(world: World) {
    let applied = world.apply([event("m1").named("crm_row", "7").view()]).await;
    assert_eq!(applied.outcomes, [Outcome::Created { customer: None, heard: Heard::default() }]);
    assert!(world.find("crm_row", "7").await.is_none());
    let status = world.store.status().await.expect("a status");
    assert_eq!((status.customers, status.touchpoints), (0, 1));
    let again = world.apply([event("m1").named("crm_row", "7").view()]).await;
    assert_eq!(again.outcomes, [Outcome::Unchanged { customer: None }]);
}

async fn many_batches_at_once_are_applied_one_after_the_other(world: World) {
    let batch = |n: i64| {
        let user = format!("user-{n}");
        // All of them want the same device, and each its own user: one gets it.
        [event(&format!("m{n}")).user(&user).anonymous("kiosk").view(), event("same").user("ada").view()]
    };
    let applied = futures_util::future::join_all((0..12).map(|n| world.apply(batch(n)))).await;
    let mut changes: Vec<i64> = applied.iter().map(|a| a.change).collect();
    changes.sort_unstable();
    assert_eq!(changes, (1..=12).collect::<Vec<_>>());
    let created = applied.iter().filter(|a| is_created(&a.outcomes[1])).count();
    assert_eq!(created, 1, "one of them stored the message that all carried");
    let status = world.store.status().await.expect("a status");
    assert_eq!((status.customers, status.touchpoints, status.change), (13, 13, 12));
    assert_ne!(status.changed_at, Timestamp::default());
}
