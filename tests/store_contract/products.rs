//! What people did about products.

use throughline::domain::product::ProductAct::*;

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    acts_come_in_order_of_time_with_the_products_names,
    acts_and_orders_of_everything_a_customer_holds_come_together,
    a_customer_without_acts_has_none,
}

async fn acts_come_in_order_of_time_with_the_products_names(world: World) {
    world
        .apply_each([
            event("m1").user("ada").minute(5).acted("hat", Added, Some(2)),
            event("m2").user("ada").minute(3).acted("hat", Wished, None).names("hat", Some("Hat"), None),
            event("m3").user("ada").minute(5).acted("hat", Removed, Some(1)),
        ])
        .await;
    let id = world.id("user_id", "ada").await;
    let answers = world.store.product_acts(&[id]).await.expect("acts");
    let acts: Vec<_> = answers[0].0.iter().map(|a| (a.act, a.quantity, a.at)).collect();
    assert_eq!(acts, [(Wished, None, minute(3)), (Added, Some(2), minute(5)), (Removed, Some(1), minute(5))]);
    assert!(answers[0].0.iter().all(|a| a.product.name.as_deref() == Some("Hat")));
}

async fn acts_and_orders_of_everything_a_customer_holds_come_together(world: World) {
    world
        .apply_each([
            event("m1").anonymous("a1").minute(1).acted("hat", Liked, None),
            event("m2").email("ada@example.org").minute(2).completed("1", "5", &[("sock", 1, "5")]),
            event("m3").anonymous("a1").email("ada@example.org").minute(3).acted("hat", Disliked, None),
            event("m4").anonymous("a1").minute(4).completed("2", "5", &[]),
            event("m5").anonymous("a1").minute(4).cancelled("3"),
        ])
        .await;
    let id = world.id("email", "ada@example.org").await;
    let answers = world.store.product_acts(&[id]).await.expect("acts");
    let (acts, orders) = &answers[0];
    assert_eq!(acts.iter().map(|a| a.act).collect::<Vec<_>>(), [Liked, Disliked]);
    let mut numbers: Vec<_> = orders.iter().map(|o| &*o.key.number).collect();
    numbers.sort();
    assert_eq!(numbers, ["1", "2"], "the third waits");
}

async fn a_customer_without_acts_has_none(world: World) {
    world.apply([event("m1").user("ada"), event("m2").user("bob").acted("hat", Liked, None)]).await;
    let ids = [world.id("user_id", "ada").await, world.id("user_id", "bob").await];
    let answers = world.store.product_acts(&ids).await.expect("acts");
    assert_eq!(answers.iter().map(|a| a.0.len()).collect::<Vec<_>>(), [0, 1]);
}
