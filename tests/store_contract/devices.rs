//! Devices, and who lives on them.

use std::sync::Arc;

use throughline::domain::{IdentifierKey, Timestamp};
use throughline::stitching::{DecisionAction, DecisionRequest};
use throughline::store::Reads;
use throughline::store::query::{CustomerKey, FirstPages, Of, Shape};

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_device_is_described_by_the_latest_event,
    a_device_knows_everybody_who_lives_on_it,
    devices_of_a_customer_come_last_seen_first,
    a_device_that_is_not_there_is_none,
    below_a_customer_a_device_has_the_times_of_that_customer,
    who_is_given_a_visit_was_on_the_device_and_who_loses_it_was_not,
    a_part_that_goes_takes_its_own_times_along,
}

/// Key and times of the devices of a customer: of its view and of its list, now and as of a time.
async fn times(world: &World, kind: &str, value: &str, at: Option<Timestamp>) -> Vec<(String, Timestamp, Timestamp)> {
    let reads: Arc<dyn Reads> = match at {
        Some(at) => world.store.as_of(world.store.moment(at).await.expect("an answer").expect("a moment")),
        None => world.store.clone(),
    };
    let key = CustomerKey::Identifier(IdentifierKey::new(kind, value));
    let pages = FirstPages { orders: 1, touchpoints: 1 };
    let views = reads.customers(&[key], Shape::All, pages).await.expect("an answer");
    let view = views.into_iter().next().expect("one answer").expect("no fault").expect("a customer");
    let devices = view.devices.as_ref().expect("devices");
    let of = Of::Customer(view.customer.id.clone());
    assert_eq!(&reads.list_devices(&[of]).await.expect("a list")[0], devices);
    devices.iter().map(|d| (d.fact.key.to_string(), d.first_seen_at, d.last_seen_at)).collect()
}

fn on(device: &str, first: i64, last: i64) -> Vec<(String, Timestamp, Timestamp)> {
    vec![(device.to_owned(), minute(first), minute(last))]
}

async fn below_a_customer_a_device_has_the_times_of_that_customer(world: World) {
    let seen = |id: &str, who: &str, at| event(id).user(who).minute(at).device("d1", "tablet", None);
    world.apply([seen("m1", "ada", 5).view(), seen("m2", "ben", 9).view(), seen("m3", "ada", 7)]).await;
    world.apply_at(minute(1_100), [seen("m4", "ben", 0), seen("m5", "ada", 8).anonymous("a1").view()]).await;
    assert_eq!(times(&world, "user_id", "ada", None).await, on("d1", 5, 8));
    assert_eq!(times(&world, "user_id", "ben", None).await, on("d1", 0, 9));
    // A moment has the times of then, the last one those of now.
    assert_eq!(times(&world, "user_id", "ada", Some(minute(1_000))).await, on("d1", 5, 7));
    assert_eq!(times(&world, "user_id", "ben", Some(minute(1_000))).await, on("d1", 9, 9));
    assert_eq!(times(&world, "user_id", "ada", Some(minute(1_100))).await, on("d1", 5, 8));
    assert_eq!(times(&world, "user_id", "ben", Some(minute(1_100))).await, on("d1", 0, 9));
    // By itself, and of an identifier by itself, it has its own.
    let whole = world.store.devices(&["d1".into()]).await.expect("an answer").remove(0).expect("a device");
    assert_eq!((whole.first_seen_at, whole.last_seen_at), (minute(0), minute(9)));
    let of = [Of::Identifier(world.identifier("user_id", "ada").await)];
    let listed = world.store.list_devices(&of).await.expect("a list").remove(0).remove(0);
    assert_eq!((listed.first_seen_at, listed.last_seen_at), (minute(0), minute(9)));
    let then = world.store.as_of(world.store.moment(minute(1_100)).await.expect("an answer").expect("a moment"));
    assert_eq!(then.list_devices(&of).await.expect("a list")[0][0], listed);
    // The last that a customer was seen on comes first, whoever else was on it since.
    world.apply([event("m6").user("ada").minute(8).device("d2", "phone", None).view(), seen("m7", "ben", 20)]).await;
    let keys = times(&world, "user_id", "ada", None).await.into_iter().map(|(key, ..)| key).collect::<Vec<_>>();
    assert_eq!(keys, ["d2", "d1"], "seen at the same time, in the order of keys");
    world.apply([event("m8").user("ada").minute(10).device("d2", "phone", None).view(), seen("m9", "ben", 30)]).await;
    assert_eq!(times(&world, "user_id", "ada", None).await, [on("d2", 8, 10), on("d1", 5, 8)].concat());
}

async fn who_is_given_a_visit_was_on_the_device_and_who_loses_it_was_not(world: World) {
    let tablet = |id: &str, at| event(id).anonymous("tablet").minute(at).device("d1", "tablet", None).view();
    let signed_in = |id: &str, who: &str, at| tablet(id, at).user(who);
    world
        .apply_each([
            signed_in("m1", "ada", 100),
            signed_in("m2", "ben", 200),
            tablet("m3", 290),
            signed_in("m4", "ada", 300),
            tablet("m5", 310),
        ])
        .await;
    world.assign_visits().await;
    assert_eq!(times(&world, "user_id", "ada", None).await, on("d1", 100, 310));
    assert_eq!(times(&world, "user_id", "ben", None).await, on("d1", 200, 200));
    let before = world.store.status().await.expect("a status").changed_at;
    // Both were there in that visit, so it is nobody's.
    world.apply_at(minute(1_200), [signed_in("m6", "ben", 305)]).await;
    world
        .store
        .assign_visits(&world.rules, &[], 2_000, minute(1_200))
        .await
        .expect("it is assigned")
        .expect("something");
    assert_eq!(times(&world, "user_id", "ada", None).await, on("d1", 100, 300));
    assert_eq!(times(&world, "user_id", "ben", None).await, on("d1", 200, 305));
    assert_eq!(times(&world, "user_id", "ada", Some(before)).await, on("d1", 100, 310));
    assert_eq!(times(&world, "user_id", "ada", Some(minute(1_200))).await, on("d1", 100, 300));
}

async fn a_part_that_goes_takes_its_own_times_along(world: World) {
    let phone = |id: &str, at| event(id).anonymous("phone").minute(at).device("d1", "phone", None).view();
    world.apply([phone("m1", 1), phone("m2", 5).user("ada"), event("m3").user("ada").minute(9).view()]).await;
    world.apply([event("m4").user("ada").minute(12).device("d1", "phone", None).view()]).await;
    assert_eq!(times(&world, "user_id", "ada", None).await, on("d1", 1, 12));
    let action =
        DecisionAction::Split(world.id("user_id", "ada").await, vec![IdentifierKey::new("anonymous_id", "phone")]);
    let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
    assert!(world.store.decide(&world.rules, &request, minute(2_000), false).await.expect("a ruling").outcome.done);
    assert_eq!(times(&world, "user_id", "ada", None).await, on("d1", 5, 12));
    assert_eq!(times(&world, "anonymous_id", "phone", None).await, on("d1", 1, 5));
    let now = world.store.status().await.expect("a status").changed_at;
    assert_eq!(times(&world, "user_id", "ada", Some(now)).await, on("d1", 5, 12));
    assert_eq!(times(&world, "anonymous_id", "phone", Some(now)).await, on("d1", 1, 5));
}

async fn a_device_is_described_by_the_latest_event(world: World) {
    world.apply([event("m1").user("ada").minute(5).device("d1", "phone", Some("Five"))]).await;
    world.apply([event("m2").user("ada").minute(2).device("d1", "other", None)]).await;
    let found = world.store.devices(&["d1".into()]).await.expect("an answer");
    let device = found[0].as_ref().expect("a device");
    assert_eq!((&*device.fact.kind, device.fact.model.as_deref()), ("phone", Some("Five")));
    assert_eq!((device.first_seen_at, device.last_seen_at), (minute(2), minute(5)));
    world.apply([event("m3").user("ada").minute(7).device("d1", "phone", Some("Six"))]).await;
    let found = world.store.devices(&["d1".into()]).await.expect("an answer");
    let device = found[0].as_ref().expect("a device");
    assert_eq!((device.fact.model.as_deref(), device.last_seen_at), (Some("Six"), minute(7)));
}

async fn a_device_knows_everybody_who_lives_on_it(world: World) {
    world
        .apply_each([
            event("m1").user("ada").anonymous("a1").device("d1", "tablet", None),
            event("m2").user("bob").device("d1", "tablet", None),
        ])
        .await;
    let (ada, bob) = (world.identifier("user_id", "ada").await, world.identifier("user_id", "bob").await);
    let a1 = world.identifier("anonymous_id", "a1").await;
    let found = world.store.devices(&["d1".into()]).await.expect("an answer");
    assert_eq!(found[0].as_ref().expect("a device").identifiers, [ada, a1, bob]);
    // Asked for by owner, only the owner's are named.
    let of = [world.of("user_id", "bob").await, Of::Identifier(a1)];
    let lists = world.store.list_devices(&of).await.expect("lists");
    assert_eq!(lists.iter().map(|l| l[0].identifiers.clone()).collect::<Vec<_>>(), [vec![bob], vec![a1]]);
}

async fn devices_of_a_customer_come_last_seen_first(world: World) {
    world
        .apply_each([
            event("m1").user("ada").minute(1).device("phone", "phone", None),
            event("m2").user("ada").minute(9).device("desk", "desktop", None),
            event("m3").user("ada").email("ada@example.org").minute(5).device("tv", "tv", None),
            event("m4").email("ada@example.org").minute(8).device("phone", "phone", None),
        ])
        .await;
    let view = world.customer("user_id", "ada").await;
    let devices = view.devices.as_ref().expect("devices");
    assert_eq!(devices.iter().map(|d| &*d.fact.key).collect::<Vec<_>>(), ["desk", "phone", "tv"]);
    let (ada, email) = (world.identifier("user_id", "ada").await, world.identifier("email", "ada@example.org").await);
    assert_eq!(devices[1].identifiers, [ada, email]);
    let of = world.of("user_id", "ada").await;
    assert_eq!(world.store.list_devices(&[of]).await.expect("a list"), std::slice::from_ref(devices));
}

async fn a_device_that_is_not_there_is_none(world: World) {
    world.apply([event("m1").user("ada").device("d1", "phone", None), event("m2").user("bob")]).await;
    let found = world.store.devices(&["d2".into(), "d1".into()]).await.expect("an answer");
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
    let bob = world.of("user_id", "bob").await;
    assert_eq!(world.store.list_devices(&[bob]).await.expect("a list"), [vec![]]);
}
