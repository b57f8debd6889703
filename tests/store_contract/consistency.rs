//! What a reader sees while others write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use throughline::store::query::{CustomerKey, FirstPages, Shape};

use crate::common::facts::event;
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_view_is_of_one_moment_while_a_writer_merges,
    a_status_names_no_change_later_than_what_it_shows,
}

/// A writer makes customers, each with a touchpoint and an order, and merges every one into the first.
async fn a_view_is_of_one_moment_while_a_writer_merges(world: World) {
    world.apply([event("m").anonymous("first").view()]).await;
    let id = world.id("anonymous_id", "first").await;
    let world = Arc::new(world);
    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (world, done) = (world.clone(), done.clone());
        async move {
            for n in 0..60 {
                let name = format!("a{n}");
                let number = n.to_string();
                world
                    .apply([event(&format!("x{n}")).anonymous(&name).minute(n).view().completed(&number, "5", &[])])
                    .await;
                world.apply([event(&format!("y{n}")).anonymous(&name).anonymous("first").minute(n).view()]).await;
            }
            done.store(true, Ordering::Release);
        }
    });
    let (mut reads, mut last) = (0, 0);
    while !done.load(Ordering::Acquire) {
        let pages = FirstPages { orders: 100, touchpoints: 200 };
        let keys = [CustomerKey::Id(id.clone())];
        let answers = world.store.customers(&keys, Shape::All, pages).await.expect("an answer");
        let view = answers[0].as_ref().expect("no fault").as_ref().expect("a customer");
        let rollup = view.rollup();
        let touchpoints = &view.touchpoints.as_ref().expect("touchpoints").items;
        let orders = &view.orders.as_ref().expect("orders").items;
        assert_eq!(rollup.touchpoint_count(), touchpoints.len() as i64);
        assert_eq!(rollup.order_count(), orders.len() as i64);
        // The first identifier, and one for every customer that was absorbed.
        assert_eq!(view.identifiers.len(), view.customer.former_ids.len() + 1);
        assert!(touchpoints.iter().all(|t| view.identifiers.iter().any(|i| i.id == t.owner)));
        assert!(touchpoints.len() >= last, "what was seen is not unseen");
        last = touchpoints.len();
        reads += 1;
    }
    writer.await.expect("the writer");
    assert!(reads > 10, "{reads} reads");
    assert_eq!(world.customer("anonymous_id", "a59").await.identifiers.len(), 61);
}

async fn a_status_names_no_change_later_than_what_it_shows(world: World) {
    let world = Arc::new(world);
    let writer = tokio::spawn({
        let world = world.clone();
        async move { world.apply_each((0..40).map(|n| event(&format!("m{n}")).user(&format!("u{n}")).view())).await }
    });
    while !writer.is_finished() {
        let status = world.store.status().await.expect("a status");
        assert_eq!((status.customers, status.touchpoints), (status.change, status.change));
    }
    writer.await.expect("the writer");
    assert_eq!(world.store.status().await.expect("a status").change, 40);
}
