//! Touchpoints: by message, and in pages by time that stay right while data arrives.

use std::sync::Arc;

use throughline::domain::order::OrderKey;
use throughline::domain::touchpoint::{Direction, Touchpoint};
use throughline::stitching::{Heard, Outcome};
use throughline::store::query::TimeOrder::{NewestFirst, OldestFirst};
use throughline::store::query::{BucketCounts, Buckets, Of, TimeKey, TimeOrder, TouchpointFilter, TouchpointPage};

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_touchpoint_is_kept_whole,
    a_message_that_is_no_touchpoint_is_none,
    pages_hold_the_whole_history_in_both_directions,
    touchpoints_of_the_same_time_come_in_order_of_arrival,
    a_page_stays_right_while_data_arrives,
    a_history_is_filtered_by_what_is_given,
    touchpoints_are_counted_in_buckets_by_channel,
    touchpoints_of_an_identifier_are_its_own_alone,
    touchpoints_of_a_merged_customer_are_those_of_the_survivor,
    each_question_has_its_own_page,
    an_identifier_has_touchpoints_on_a_thousand_channels_and_on_other,
}

fn page(order: TimeOrder, after: Option<TimeKey>, limit: usize) -> TouchpointPage {
    TouchpointPage { filter: TouchpointFilter::default(), order, after, limit }
}

async fn list(world: &World, of: &Of, page: &TouchpointPage) -> (Vec<Touchpoint>, bool) {
    let pages = world.store.list_touchpoints(std::slice::from_ref(of), page).await.expect("a page");
    let page = pages.into_iter().next().expect("one page each");
    (page.items, page.more)
}

fn messages(touchpoints: &[Touchpoint]) -> Vec<&str> {
    touchpoints.iter().map(|t| &*t.message_id).collect()
}

fn key(touchpoint: &Touchpoint) -> TimeKey {
    TimeKey { at: touchpoint.at, arrival: touchpoint.arrival }
}

async fn a_touchpoint_is_kept_whole(world: World) {
    let seen = event("m1").from("till").user("ada").anonymous("a1").minute(4).device("d1", "phone", None);
    let seen = seen.touch("order", "Order Completed", "store", Direction::Inbound);
    let seen = seen.with_all("session 1", "spring", "{\"z\": [1.50, null], \"a\": \"ü\"}");
    world.apply([seen.completed("77", "5", &[]), event("m2").user("ada").view()]).await;
    let found = world.store.touchpoints(&["m2".into(), "m1".into()]).await.expect("an answer");
    let touchpoint = found[1].as_ref().expect("a touchpoint");
    assert_eq!((&*touchpoint.message_id, touchpoint.at, &*touchpoint.source), ("m1", minute(4), "till"));
    assert_eq!(touchpoint.owner, world.identifier("user_id", "ada").await);
    assert_eq!(touchpoint.device.as_deref(), Some("d1"));
    assert_eq!(touchpoint.order, Some(OrderKey { source: "till".into(), number: "77".into() }));
    let fact = &touchpoint.fact;
    assert_eq!((&*fact.kind, &*fact.name, &*fact.channel), ("order", "Order Completed", "store"));
    assert_eq!((fact.direction, fact.session_id.as_deref()), (Direction::Inbound, Some("session 1")));
    assert_eq!(fact.campaign.as_ref().and_then(|c| c.name.as_deref()), Some("spring"));
    let properties = fact.properties.as_ref().map(|p| p.get());
    assert_eq!(properties, Some("{\"z\": [1.50, null], \"a\": \"ü\"}"), "as it was sent, to the blank");
    let plain = found[0].as_ref().expect("a touchpoint");
    assert_eq!((&plain.device, &plain.order, &plain.fact.campaign), (&None, &None, &None));
    assert!(plain.fact.properties.is_none() && plain.fact.session_id.is_none());
    assert!(plain.arrival > touchpoint.arrival);
}

async fn a_message_that_is_no_touchpoint_is_none(world: World) {
    world.apply([event("m1").user("ada").claim("city", "\"Leeds\""), event("m2").user("ada").view()]).await;
    let found = world.store.touchpoints(&["m1".into(), "m3".into(), "m2".into()]).await.expect("an answer");
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
}

/// Sixty touchpoints of one customer under four identifiers, three at each of twenty times.
async fn sixty(world: &World) -> Of {
    world.apply([event("m").user("ada").email("ada@example.org").anonymous("a1").anonymous("a2")]).await;
    let events = (0..60_i64).map(|n| {
        let seen = event(&format!("t{n:02}")).minute((n * 7) % 20).view();
        match n % 4 {
            0 => seen.user("ada"),
            1 => seen.email("ada@example.org"),
            2 => seen.anonymous("a1"),
            _ => seen.anonymous("a2"),
        }
    });
    world.apply(events).await;
    world.of("user_id", "ada").await
}

async fn pages_hold_the_whole_history_in_both_directions(world: World) {
    let ada = sixty(&world).await;
    for order in [NewestFirst, OldestFirst] {
        let (all, more) = list(&world, &ada, &page(order, None, 100)).await;
        assert_eq!((all.len(), more), (60, false));
        let mut keys: Vec<TimeKey> = all.iter().map(key).collect();
        if order == NewestFirst {
            keys.reverse();
        }
        assert!(keys.is_sorted());
        for limit in [1, 7, 60] {
            let (mut after, mut read) = (None, Vec::new());
            loop {
                let (items, more) = list(&world, &ada, &page(order, after, limit)).await;
                assert_eq!(items.len(), limit.min(60 - read.len()));
                after = items.last().map(key);
                read.extend(items);
                if !more {
                    break;
                }
            }
            assert_eq!(messages(&read), messages(&all), "{order:?} in pages of {limit}");
        }
    }
    let counts = world.store.count_touchpoints(&[ada], &TouchpointFilter::default()).await.expect("counts");
    assert_eq!(counts, [60]);
}

async fn touchpoints_of_the_same_time_come_in_order_of_arrival(world: World) {
    world.apply([event("m").user("ada").anonymous("a1")]).await;
    world.apply([event("t1").anonymous("a1").view(), event("t2").user("ada").view()]).await;
    world.apply([event("t3").anonymous("a1").view(), event("t4").user("ada").view()]).await;
    let ada = world.of("user_id", "ada").await;
    let (oldest, _) = list(&world, &ada, &page(OldestFirst, None, 10)).await;
    assert_eq!(messages(&oldest), ["t1", "t2", "t3", "t4"]);
    let (newest, _) = list(&world, &ada, &page(NewestFirst, None, 10)).await;
    assert_eq!(messages(&newest), ["t4", "t3", "t2", "t1"]);
    let (rest, _) = list(&world, &ada, &page(NewestFirst, Some(key(&newest[1])), 10)).await;
    assert_eq!(messages(&rest), ["t2", "t1"]);
}

async fn a_page_stays_right_while_data_arrives(world: World) {
    let ada = sixty(&world).await;
    let (before, _) = list(&world, &ada, &page(NewestFirst, None, 100)).await;
    let (mut read, mut after) = (Vec::new(), None);
    for round in 0.. {
        let (items, more) = list(&world, &ada, &page(NewestFirst, after, 9)).await;
        after = items.last().map(key);
        read.extend(items);
        // Newer ones, and some at times that were read already.
        let late = [100 + round, 19, 19 - round].into_iter().enumerate();
        world.apply(late.map(|(n, at)| event(&format!("late-{round}-{n}")).minute(at).anonymous("a1").view())).await;
        if !more {
            break;
        }
    }
    let old: Vec<&str> = messages(&read).into_iter().filter(|m| m.starts_with('t')).collect();
    assert_eq!(old, messages(&before), "none is missed, none comes twice");
    assert!(read.iter().map(key).collect::<Vec<_>>().is_sorted_by(|a, b| a > b));
}

async fn a_history_is_filtered_by_what_is_given(world: World) {
    let inbound = Direction::Inbound;
    world
        .apply([
            event("t1").user("ada").minute(1).touch("visit", "Home", "website", inbound),
            event("t2").user("ada").minute(2).touch("product", "Shirt", "website", inbound),
            event("t3").user("ada").minute(3).sent("email"),
            event("t4").user("ada").minute(4).sent("sms"),
            event("t5").user("ada").minute(5).touch("contact", "Call", "telephone", inbound),
        ])
        .await;
    let words = |words: &[&str]| words.iter().map(|w| Arc::from(*w)).collect::<Vec<Arc<str>>>();
    let any = TouchpointFilter::default;
    let cases = [
        (TouchpointFilter { channels: words(&["website", "sms"]), ..any() }, vec!["t4", "t2", "t1"]),
        (TouchpointFilter { kinds: words(&["message_sent"]), ..any() }, vec!["t4", "t3"]),
        (TouchpointFilter { names: words(&["Home", "Call"]), ..any() }, vec!["t5", "t1"]),
        (TouchpointFilter { direction: Some(Direction::Outbound), ..any() }, vec!["t4", "t3"]),
        (TouchpointFilter { direction: Some(Direction::Inbound), ..any() }, vec!["t5", "t2", "t1"]),
        (TouchpointFilter { since: Some(minute(2)), until: Some(minute(5)), ..any() }, vec!["t4", "t3", "t2"]),
        (TouchpointFilter { since: Some(minute(5)), ..any() }, vec!["t5"]),
        (TouchpointFilter { until: Some(minute(1)), ..any() }, vec![]),
        (TouchpointFilter { since: Some(minute(2)), channels: words(&["website"]), ..any() }, vec!["t2"]),
        (TouchpointFilter { channels: words(&["it's \"so\""]), ..any() }, vec![]),
    ];
    let ada = world.of("user_id", "ada").await;
    for (filter, mut expected) in cases {
        let counts = world.store.count_touchpoints(std::slice::from_ref(&ada), &filter).await.expect("counts");
        assert_eq!(counts, [expected.len() as i64], "{filter:?}");
        let newest = TouchpointPage { filter: filter.clone(), ..page(NewestFirst, None, 10) };
        assert_eq!(messages(&list(&world, &ada, &newest).await.0), expected, "{filter:?}");
        let oldest = TouchpointPage { filter, ..page(OldestFirst, None, 10) };
        let (first, _) = list(&world, &ada, &TouchpointPage { limit: 1, ..oldest.clone() }).await;
        let rest = list(&world, &ada, &TouchpointPage { after: first.last().map(key), ..oldest }).await.0;
        let read: Vec<Touchpoint> = first.into_iter().chain(rest).collect();
        expected.reverse();
        assert_eq!(messages(&read), expected, "oldest first, after the first");
    }
}

async fn touchpoints_are_counted_in_buckets_by_channel(world: World) {
    let inbound = Direction::Inbound;
    world
        .apply([
            event("t1").user("ada").minute(0).touch("visit", "Home", "website", inbound),
            event("t2").user("ada").minute(3).touch("product", "Shirt", "website", inbound),
            event("t3").user("ada").email("ada@example.org").minute(4).touch("visit", "Home", "website", inbound),
            event("t4").user("ada").minute(9).sent("email"),
            event("t5").user("ada").minute(10).sent("email"),
            event("t6").user("ben").minute(5).view(),
        ])
        .await;
    let (ada, ben) = (world.of("user_id", "ada").await, world.of("user_id", "ben").await);
    let mail = Of::Identifier(world.identifier("email", "ada@example.org").await);
    let in_buckets = async |since: i64, until: i64, count: usize| {
        let window = Buckets { since: minute(since), until: minute(until), count };
        let of = [ada.clone(), ben.clone(), mail.clone()];
        let found = world.store.count_touchpoints_in_buckets(&of, window).await.expect("counts");
        let list = |counts: &BucketCounts| {
            let all = counts.0.iter().flat_map(|(channel, own)| own.iter().map(move |(n, count)| (channel, n, count)));
            all.map(|(channel, n, count)| format!("{channel} {n}: {count}")).collect::<Vec<_>>().join(", ")
        };
        found.iter().map(list).collect::<Vec<_>>()
    };
    // The end is not in the window, and a border is in the bucket that it begins.
    assert_eq!(in_buckets(0, 10, 1).await, ["email 0: 1, website 0: 3", "website 0: 1", ""]);
    assert_eq!(in_buckets(0, 10, 3).await, ["email 2: 1, website 0: 2, website 1: 1", "website 1: 1", ""]);
    assert_eq!(in_buckets(4, 11, 7).await, ["email 5: 1, email 6: 1, website 0: 1", "website 1: 1", ""]);
    assert_eq!(in_buckets(20, 30, 5).await, ["", "", ""]);
}

async fn touchpoints_of_an_identifier_are_its_own_alone(world: World) {
    world.apply([event("t1").user("ada").anonymous("a1").view(), event("t2").anonymous("a1").minute(1).view()]).await;
    let a1 = Of::Identifier(world.identifier("anonymous_id", "a1").await);
    let (own, _) = list(&world, &a1, &page(NewestFirst, None, 10)).await;
    assert_eq!(messages(&own), ["t2"], "the first hangs on the account, which is stronger");
    let nobody = Of::Identifier(throughline::domain::Arrival::new(99, 0));
    assert!(list(&world, &nobody, &page(NewestFirst, None, 10)).await.0.is_empty());
}

async fn touchpoints_of_a_merged_customer_are_those_of_the_survivor(world: World) {
    world.apply_each([event("t1").anonymous("a1").view(), event("t2").email("ada@example.org").minute(1).view()]).await;
    let absorbed = world.of("email", "ada@example.org").await;
    world.apply([event("t3").anonymous("a1").email("ada@example.org").minute(2).view()]).await;
    let (all, _) = list(&world, &absorbed, &page(NewestFirst, None, 10)).await;
    assert_eq!(messages(&all), ["t3", "t2", "t1"]);
}

async fn each_question_has_its_own_page(world: World) {
    world.apply([event("t1").user("ada").view(), event("t2").user("bob").view(), event("t3").user("bob").view()]).await;
    let of = [world.of("user_id", "bob").await, world.of("user_id", "ada").await, world.of("user_id", "bob").await];
    let pages = world.store.list_touchpoints(&of, &page(NewestFirst, None, 1)).await.expect("pages");
    let read: Vec<_> = pages.iter().map(|p| (messages(&p.items), p.more)).collect();
    assert_eq!(read, [(vec!["t3"], true), (vec!["t1"], false), (vec!["t3"], true)]);
}

async fn an_identifier_has_touchpoints_on_a_thousand_channels_and_on_other(world: World) {
    let on = |n: usize, channel: usize| {
        let channel = format!("c{channel}");
        event(&format!("m{n}")).user("ada").touch("contact", "Call", &channel, Direction::Inbound)
    };
    let too_many = |applied: &throughline::store::Applied| -> Vec<bool> {
        let of = |outcome: &Outcome| {
            matches!(outcome, Outcome::Created { heard: Heard { too_many_channels: true, .. }, .. })
        };
        applied.outcomes.iter().map(of).collect()
    };
    let first = world.apply((0..1_000).map(|n| on(n, n))).await;
    assert!(!too_many(&first).contains(&true));
    assert_eq!(too_many(&world.apply([on(1_000, 1_000), on(1_001, 7), on(1_002, 1_001)]).await), [true, false, true]);
    let view = world.customer("user_id", "ada").await;
    let channels = view.rollup().channels;
    assert_eq!((channels.len(), channels["other"].touchpoints, channels["c7"].touchpoints), (1_001, 2, 2));
    // Somebody else's are counted apart.
    let bob = event("m1003").user("bob").touch("contact", "Call", "c5000", Direction::Inbound);
    assert_eq!(too_many(&world.apply([bob]).await), [false]);
}
