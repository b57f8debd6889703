//! Orders: placed, changed, called off, sent back, in whatever order that arrives.

use throughline::domain::order::{OrderAct, OrderKey, OrderStatus, Refund};
use throughline::domain::page::Page;
use throughline::domain::{Currency, Timestamp};
use throughline::stitching::{Heard, Outcome};
use throughline::store::query::{Of, OrderPage, TimeKey};

use crate::common::facts::{amount, event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    an_order_is_placed_with_its_lines,
    a_late_refund_lowers_net_spend,
    a_refund_before_its_order_waits_for_it,
    a_refund_and_its_order_in_one_batch_need_no_waiting,
    a_refund_in_another_currency_is_not_counted_and_the_later_of_the_two_says_so,
    a_whole_refund_is_shared_out_in_the_currencys_smallest_unit,
    a_cancelled_order_counts_for_nothing,
    a_second_completed_updates_the_order_and_leaves_its_owner,
    the_same_number_of_two_sources_is_two_orders,
    products_carry_the_names_that_were_said_last,
    orders_come_newest_first_in_pages,
    orders_placed_at_the_same_time_come_in_order_of_arrival,
    orders_are_listed_and_counted_within_times,
    orders_that_are_not_there_are_none,
    what_is_said_of_an_order_is_bounded_but_it_can_be_cancelled,
}

fn key(number: &str) -> OrderKey {
    OrderKey { source: "shop".into(), number: number.into() }
}

fn page(after: Option<TimeKey>, limit: usize) -> OrderPage {
    OrderPage { since: None, until: None, after, limit }
}

async fn list(world: &World, of: &Of, page: OrderPage) -> (Vec<String>, bool, Option<TimeKey>) {
    let pages = world.store.list_orders(std::slice::from_ref(of), &page).await.expect("a page");
    let Page { items, more } = pages.into_iter().next().expect("one page each");
    let last = items.last().and_then(|o| o.placed).map(|p| TimeKey { at: p.at, arrival: p.arrival });
    (items.iter().map(|o| o.key.number.to_string()).collect(), more, last)
}

async fn an_order_is_placed_with_its_lines(world: World) {
    let lines = [("shirt", 2, "15"), ("sock", 1, "5.50")];
    world.apply([event("m1").user("ada").minute(7).completed("1", "35.50", &lines)]).await;
    let found = world.store.orders(&[key("1")]).await.expect("an answer");
    let order = found[0].as_ref().expect("an order");
    let placed = order.placed.expect("placed");
    assert_eq!((placed.at, placed.owner), (minute(7), world.identifier("user_id", "ada").await));
    assert_eq!((order.total, order.net(), order.status), (amount("35.5"), amount("35.5"), OrderStatus::Placed));
    assert_eq!(order.channel.as_deref(), Some("website"));
    let lines: Vec<_> = order.lines.iter().map(|l| (&*l.product.sku, l.quantity, l.unit_price)).collect();
    assert_eq!(lines, [("shirt", 2, amount("15")), ("sock", 1, amount("5.5"))]);
    let view = world.customer("user_id", "ada").await;
    assert_eq!(view.orders.as_ref().expect("orders").items, std::slice::from_ref(order));
    assert_eq!(view.rollup().order_count(), 1);
}

async fn a_late_refund_lowers_net_spend(world: World) {
    world.apply([event("m1").user("ada").completed("1", "50", &[("shirt", 2, "25")])]).await;
    world.apply([event("m2").user("ada").minute(9).returned("1", &[("shirt", 1)])]).await;
    let view = world.customer("user_id", "ada").await;
    let pounds = &view.rollup().money[&Currency("GBP".into())];
    assert_eq!((pounds.gross, pounds.returned, pounds.net()), (amount("50"), amount("25"), amount("25")));
    let order = &view.orders.as_ref().expect("orders").items[0];
    assert_eq!((order.status, order.lines[0].returned_quantity), (OrderStatus::PartReturned, 1));
    let back = &order.returns[0];
    assert_eq!((back.at, back.amount, back.reason.as_deref()), (minute(9), amount("25"), Some("too small")));
}

async fn a_refund_before_its_order_waits_for_it(world: World) {
    let applied = world.apply([event("m1").user("ada").minute(9).returned("1", &[("shirt", 1)])]).await;
    assert!(
        matches!(applied.outcomes[0], Outcome::Created { heard: Heard { waits: true, .. }, .. }),
        "{:?}",
        applied.outcomes
    );
    assert_eq!(world.store.orders(&[key("1")]).await.expect("an answer"), [None]);
    let view = world.customer("user_id", "ada").await;
    assert!(view.orders.as_ref().expect("orders").items.is_empty());
    assert_eq!(view.rollup().order_count(), 0);
    let applied = world.apply([event("m2").user("ada").completed("1", "50", &[("shirt", 2, "25")])]).await;
    assert!(
        matches!(applied.outcomes[0], Outcome::Created { heard: Heard { waits: false, .. }, .. }),
        "{:?}",
        applied.outcomes
    );
    let view = world.customer("user_id", "ada").await;
    assert_eq!(view.orders.as_ref().expect("orders").items[0].net(), amount("25"));
    assert_eq!(view.rollup().money[&Currency("GBP".into())].net(), amount("25"));
}

async fn a_refund_and_its_order_in_one_batch_need_no_waiting(world: World) {
    let applied = world
        .apply([
            event("m1").user("ada").minute(9).refunded("1", "10"),
            event("m2").user("ada").completed("1", "50", &[]),
        ])
        .await;
    assert!(matches!(applied.outcomes[0], Outcome::Created { heard: Heard { waits: true, .. }, .. }));
    assert!(matches!(applied.outcomes[1], Outcome::Created { heard: Heard { waits: false, .. }, .. }));
    let found = world.store.orders(&[key("1")]).await.expect("an answer");
    assert_eq!(found[0].as_ref().expect("an order").net(), amount("40"));
}

async fn a_refund_in_another_currency_is_not_counted_and_the_later_of_the_two_says_so(world: World) {
    let refund = |id: &str, number: &str, currency: &str, at: i64| {
        let refund =
            Refund { currency: Some(Currency(currency.into())), total: Some(amount("20")), ..Refund::default() };
        event(id).user("ada").minute(at).order(number, OrderAct::Refunded(refund))
    };
    let other = |applied: &throughline::store::Applied| -> Vec<bool> {
        let of =
            |outcome: &Outcome| matches!(outcome, Outcome::Created { heard: Heard { other_currency: true, .. }, .. });
        applied.outcomes.iter().map(of).collect()
    };
    // The refund last, in batches of their own.
    let placed = world.apply([event("m1").user("ada").completed("1", "50", &[("shirt", 2, "25")])]).await;
    let refunded = world.apply([refund("m2", "1", "EUR", 5), refund("m3", "1", "GBP", 6)]).await;
    assert_eq!((other(&placed), other(&refunded)), (vec![false], vec![true, false]));
    // The order last.
    let refunded = world.apply([refund("m4", "2", "EUR", 5)]).await;
    let placed = world.apply([event("m5").user("ada").completed("2", "50", &[])]).await;
    let updated = world.apply([event("m6").user("ada").minute(9).updated("2", "60")]).await;
    assert_eq!((other(&refunded), other(&placed), other(&updated)), (vec![false], vec![true], vec![false]));
    // Both in one batch.
    let both = world.apply([refund("m7", "3", "USD", 5), event("m8").user("ada").completed("3", "50", &[])]).await;
    assert_eq!(other(&both), [false, true]);
    for (number, net, returns) in [("1", "30", 1), ("2", "60", 0), ("3", "50", 0)] {
        let found = world.store.orders(&[key(number)]).await.expect("an answer");
        let order = found[0].as_ref().expect("an order");
        assert_eq!((order.net(), order.returns.len()), (amount(net), returns), "{number}");
    }
    let view = world.customer("user_id", "ada").await;
    let pounds = &view.rollup().money[&Currency("GBP".into())];
    assert_eq!((view.rollup().money.len(), pounds.net(), pounds.returned), (1, amount("140"), amount("20")));
}

async fn a_whole_refund_is_shared_out_in_the_currencys_smallest_unit(world: World) {
    let lines = [("shirt", 1, "3.333333"), ("sock", 1, "3.333333"), ("hat", 1, "3.333333")];
    world.apply([event("m1").user("ada").completed("1", "10", &lines)]).await;
    let whole = event("m2").user("ada").minute(9).order("1", OrderAct::Refunded(Refund::default()));
    world.apply([whole]).await;
    let found = world.store.orders(&[key("1")]).await.expect("an answer");
    let order = found[0].as_ref().expect("an order");
    let parts: Vec<_> = order.returns.iter().map(|part| part.amount).collect();
    assert_eq!(parts, [amount("3.34"), amount("3.33"), amount("3.33")]);
    assert_eq!(order.status, OrderStatus::Returned);
}

async fn a_cancelled_order_counts_for_nothing(world: World) {
    world.apply([event("m1").user("ada").completed("1", "50", &[])]).await;
    world.apply([event("m2").user("ada").minute(1).cancelled("1")]).await;
    let view = world.customer("user_id", "ada").await;
    let order = &view.orders.as_ref().expect("orders").items[0];
    assert_eq!((order.status, order.total, order.net()), (OrderStatus::Cancelled, amount("50"), amount("0")));
    assert!(view.rollup().money.is_empty());
    assert_eq!(view.rollup().order_count(), 0);
}

async fn a_second_completed_updates_the_order_and_leaves_its_owner(world: World) {
    world.apply([event("m1").user("ada").completed("1", "50", &[])]).await;
    world.apply([event("m2").user("bob").minute(5).completed("1", "60", &[])]).await;
    world.apply([event("m3").user("bob").minute(6).updated("1", "70")]).await;
    let found = world.store.orders(&[key("1")]).await.expect("an answer");
    let order = found[0].as_ref().expect("an order");
    assert_eq!((order.total, order.placed.expect("placed").at), (amount("70"), minute(0)));
    assert_eq!(order.placed.expect("placed").owner, world.identifier("user_id", "ada").await);
    assert_eq!(world.customer("user_id", "ada").await.rollup().money[&Currency("GBP".into())].gross, amount("70"));
    assert_eq!(world.customer("user_id", "bob").await.rollup().order_count(), 0);
}

async fn the_same_number_of_two_sources_is_two_orders(world: World) {
    world
        .apply([
            event("m1").from("shop").user("ada").completed("1", "5", &[]),
            event("m2").from("till").user("ada").completed("1", "7", &[]),
        ])
        .await;
    let till = OrderKey { source: "till".into(), number: "1".into() };
    let found = world.store.orders(&[till, key("1")]).await.expect("an answer");
    let totals: Vec<_> = found.iter().map(|o| o.as_ref().expect("an order").total).collect();
    assert_eq!(totals, [amount("7"), amount("5")]);
    assert_eq!(world.customer("user_id", "ada").await.rollup().order_count(), 2);
}

async fn products_carry_the_names_that_were_said_last(world: World) {
    world
        .apply([event("m1").user("ada").completed("1", "5", &[("sock", 1, "5")]).names("sock", Some("Sock"), None)])
        .await;
    world.apply([event("m2").user("ada").names("sock", None, Some("Feet"))]).await;
    let products = world.store.products(&["sock".into(), "hat".into()]).await.expect("an answer");
    let sock = products[0].as_ref().expect("a product");
    assert_eq!((sock.name.as_deref(), sock.category.as_deref()), (Some("Sock"), Some("Feet")));
    assert_eq!(products[1], None);
    world.apply([event("m3").user("ada").names("sock", Some("Long sock"), None)]).await;
    let found = world.store.orders(&[key("1")]).await.expect("an answer");
    let line = &found[0].as_ref().expect("an order").lines[0];
    assert_eq!(line.product.name.as_deref(), Some("Long sock"));
    assert_eq!(line.product.category.as_deref(), Some("Feet"));
}

/// Nine orders of one customer under three identifiers; the number says the minute.
async fn nine_orders(world: &World) -> Of {
    world.apply([event("m0").user("ada").email("ada@example.org").phone("+441")]).await;
    let events = (1..=9).map(|n| {
        let placed = event(&format!("o{n}")).minute(n).completed(&n.to_string(), "5", &[]);
        match n % 3 {
            0 => placed.user("ada"),
            1 => placed.email("ada@example.org"),
            _ => placed.phone("+441"),
        }
    });
    world.apply(events).await;
    world.of("user_id", "ada").await
}

async fn orders_come_newest_first_in_pages(world: World) {
    let ada = nine_orders(&world).await;
    let (first, more, last) = list(&world, &ada, page(None, 4)).await;
    assert_eq!((first, more), (vec!["9".into(), "8".into(), "7".into(), "6".into()], true));
    let (second, more, last) = list(&world, &ada, page(last, 4)).await;
    assert_eq!((second, more), (vec!["5".into(), "4".into(), "3".into(), "2".into()], true));
    let (third, more, last) = list(&world, &ada, page(last, 4)).await;
    assert_eq!((third, more), (vec!["1".into()], false));
    assert_eq!(list(&world, &ada, page(last, 4)).await.0, Vec::<String>::new());
    let email = Of::Identifier(world.identifier("email", "ada@example.org").await);
    assert_eq!(list(&world, &email, page(None, 3)).await.0, ["7", "4", "1"]);
    assert!(!list(&world, &email, page(None, 3)).await.1);
}

async fn orders_placed_at_the_same_time_come_in_order_of_arrival(world: World) {
    let events = (1..=5).map(|n| event(&format!("m{n}")).user("ada").minute(3).completed(&n.to_string(), "5", &[]));
    world.apply(events).await;
    let ada = world.of("user_id", "ada").await;
    let (first, _, last) = list(&world, &ada, page(None, 2)).await;
    let (second, more, _) = list(&world, &ada, page(last, 3)).await;
    assert_eq!((first, second, more), (vec!["5".into(), "4".into()], vec!["3".into(), "2".into(), "1".into()], false));
}

async fn orders_are_listed_and_counted_within_times(world: World) {
    let ada = nine_orders(&world).await;
    let within = OrderPage { since: Some(minute(3)), until: Some(minute(6)), after: None, limit: 10 };
    assert_eq!(list(&world, &ada, within.clone()).await.0, ["5", "4", "3"]);
    let behind = TimeKey { at: minute(4), arrival: throughline::domain::Arrival(i64::MAX) };
    assert_eq!(list(&world, &ada, OrderPage { after: Some(behind), ..within }).await.0, ["4", "3"]);
    let phone = Of::Identifier(world.identifier("phone", "+441").await);
    let count = async |since: Option<Timestamp>, until| {
        world.store.count_orders(&[ada.clone(), phone.clone()], since, until).await.expect("counts")
    };
    assert_eq!(count(None, None).await, [9, 3]);
    assert_eq!(count(Some(minute(3)), Some(minute(6))).await, [3, 1]);
    assert_eq!(count(Some(minute(10)), None).await, [0, 0]);
}

async fn orders_that_are_not_there_are_none(world: World) {
    world.apply([event("m1").user("ada").completed("1", "5", &[])]).await;
    let keys = [key("2"), OrderKey { source: "till".into(), number: "1".into() }, key("1")];
    let found = world.store.orders(&keys).await.expect("an answer");
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
}

async fn what_is_said_of_an_order_is_bounded_but_it_can_be_cancelled(world: World) {
    let full = |applied: &throughline::store::Applied| -> Vec<bool> {
        let of = |outcome: &Outcome| matches!(outcome, Outcome::Created { heard: Heard { order_full: true, .. }, .. });
        applied.outcomes.iter().map(of).collect()
    };
    let update = |n: i64| event(&format!("m{n}")).user("ada").minute(n).updated("1", &n.to_string());
    let first = world.apply((1..=1_000).map(update)).await;
    assert!(!full(&first).contains(&true));
    // It waits still, so it is placed, and then called off, each once.
    let placed = event("placed").user("ada").minute(0).completed("1", "50", &[]);
    let rest = [placed, update(1_001), event("back").user("ada").minute(2_000).refunded("1", "10")];
    assert_eq!(full(&world.apply(rest).await), [false, true, true]);
    let found = world.store.orders(&[key("1")]).await.expect("an answer");
    let order = found[0].as_ref().expect("an order");
    assert_eq!((order.net(), order.events.len()), (amount("1000"), 1_001));
    let cancelled = ["c1", "c2"].map(|id| event(id).user("ada").minute(2_001).cancelled("1"));
    assert_eq!(full(&world.apply(cancelled).await), [false, true]);
    let found = world.store.orders(&[key("1")]).await.expect("an answer");
    assert_eq!(found[0].as_ref().expect("an order").status, OrderStatus::Cancelled);
}
