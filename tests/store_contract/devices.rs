//! Devices, and who lives on them.

use throughline::store::query::Of;

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_device_is_described_by_the_latest_event,
    a_device_knows_everybody_who_lives_on_it,
    devices_of_a_customer_come_last_seen_first,
    a_device_that_is_not_there_is_none,
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
