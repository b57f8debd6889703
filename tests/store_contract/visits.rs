//! Visits on a device that several people share: whose they are, what goes with them, and the way back.

use throughline::domain::IdentifierId;

use crate::common::facts::event;
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_touchpoint_keeps_the_device_that_carried_it,
}

async fn carrier(world: &World, message: &str) -> Option<IdentifierId> {
    let found = world.store.touchpoints(&[message.into()]).await.expect("an answer");
    found.into_iter().flatten().next().expect("a touchpoint").carrier
}

async fn a_touchpoint_keeps_the_device_that_carried_it(world: World) {
    world
        .apply([
            event("m1").user("ruth").anonymous("tablet").view(),
            event("m2").anonymous("tablet").view(),
            event("m3").user("ruth").view(),
            event("m4").user("sam").anonymous("tablet").view(),
            // Of several the one that is shared, though the other is the stronger one.
            event("m5").user("sam").anonymous("phone").anonymous("tablet").view(),
        ])
        .await;
    let tablet = world.identifier("anonymous_id", "tablet").await;
    for (message, carried_by) in
        [("m1", Some(tablet)), ("m2", None), ("m3", None), ("m4", Some(tablet)), ("m5", Some(tablet))]
    {
        assert_eq!(carrier(&world, message).await, carried_by, "{message}");
    }
}
