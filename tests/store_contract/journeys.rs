//! What the journey projection reads: everything once, in pages, and what a run of changes touched.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use throughline::domain::consent::ConsentStatus;
use throughline::domain::touchpoint::Direction;
use throughline::domain::{Arrival, CustomerId, IdentifierId};
use throughline::journeys::property::Properties;
use throughline::journeys::row::{HeldConsent, Row};
use throughline::stitching::{DecisionAction, DecisionRequest};
use throughline::store::journeys::{TouchpointSink, Window};

use crate::common::facts::{amount, event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    touchpoints_come_in_order_of_arrival_with_all_that_journeys_need,
    a_window_holds_what_its_changes_brought,
    who_held_what_is_told_as_it_stood,
    orders_come_to_what_is_left_of_them,
    decisions_are_told_by_identifier,
    nothing_is_read_of_an_empty_store,
}

/// A touchpoint as a line; the owner by its place in `owners`.
fn line(row: &Row<'_>) -> String {
    let kind = &row.kind;
    format!(
        "{} {} {}/{}/{}/{}/{} {:?} {:?} {:?} {:?} {:?} {:?}",
        row.arrival.seq(),
        (row.at.0 - minute(0).0) / 60_000,
        kind.name,
        kind.kind,
        kind.channel,
        kind.direction.as_str(),
        kind.source,
        row.session,
        kind.campaign,
        kind.campaign_source,
        kind.campaign_medium,
        kind.dimensions,
        row.order.map(|key| format!("{}:{}", key.source, key.number)),
    )
}

/// All of a window, in pages of `limit`: arrival, owner, line.
async fn scan(
    world: &World,
    window: Window,
    limit: usize,
    dimensions: &[&str],
) -> Vec<(Arrival, IdentifierId, String)> {
    let paths: Vec<Arc<str>> = dimensions.iter().map(|path| (*path).into()).collect();
    let dimensions = Arc::new(Properties::new(&paths));
    let rows = Arc::new(Mutex::new(Vec::new()));
    let into = rows.clone();
    let sink: TouchpointSink = Arc::new(Mutex::new(move |row: &Row<'_>| {
        into.lock().expect("a lock").push((row.arrival, row.owner, line(row)));
    }));
    let mut window = window;
    loop {
        let before = rows.lock().expect("a lock").len();
        let last = world.store.scan_touchpoints(window, limit, &dimensions, &sink).await.expect("a page");
        let rows = rows.lock().expect("a lock");
        assert!(rows.len() - before <= limit);
        match last {
            Some(last) => {
                assert_eq!(Some(last), rows.last().map(|row| row.0));
                window.after = last;
            }
            None => return rows.clone(),
        }
    }
}

const ALL: Window = Window { after: Arrival(0), end: Arrival(i64::MAX) };

async fn touchpoints_come_in_order_of_arrival_with_all_that_journeys_need(world: World) {
    let properties = r#"{"platform": "ios", "page": {"theme": "dark"}, "n": 1}"#;
    world.apply([event("m1").user("ada").minute(9).view().with_all("s1", "spring", properties)]).await;
    world
        .apply([
            event("m2").user("ada").minute(3).sent("email"),
            event("m3").user("ada").claim("first_name", "\"Ada\""),
            event("m4").email("ben@example.org").from("till").minute(5).completed("1", "5", &[]).touch(
                "order",
                "Order Completed",
                "store",
                Direction::Inbound,
            ),
        ])
        .await;
    let wanted = [
        "1 9 Home/visit/website/INBOUND/shop Some(\"s1\") Some(\"spring\") None None [Some(\"dark\"), None] None",
        "2 3 Message Sent/message_sent/email/OUTBOUND/shop None None None None [] None",
        "2 5 Order Completed/order/store/INBOUND/till None None None None [] Some(\"till:1\")",
    ];
    let (ada, ben) = (world.identifier("user_id", "ada").await, world.identifier("email", "ben@example.org").await);
    for limit in [1, 2, 3, 100] {
        let rows = scan(&world, ALL, limit, &["properties.page.theme", "properties.absent"]).await;
        assert_eq!(rows.iter().map(|row| row.2.as_str()).collect::<Vec<_>>(), wanted, "{limit}");
        assert_eq!(rows.iter().map(|row| row.1).collect::<Vec<_>>(), [ada, ada, ben]);
        assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
    let rows = scan(&world, ALL, 100, &[]).await;
    assert!(rows[0].2.contains(" [] "), "no dimension was asked for: {}", rows[0].2);
}

async fn a_window_holds_what_its_changes_brought(world: World) {
    for n in 1..=4 {
        let id = |k: i32| format!("m{n}-{k}");
        world.apply([event(&id(1)).user("ada").minute(n).view(), event(&id(2)).user("ben").minute(0).view()]).await;
    }
    let seqs = async |after, upto| {
        let rows = scan(&world, Window::of_changes(after, upto), 3, &[]).await;
        rows.iter().map(|row| row.0.seq()).collect::<Vec<_>>()
    };
    assert_eq!(seqs(0, 4).await, [1, 1, 2, 2, 3, 3, 4, 4]);
    assert_eq!(seqs(1, 3).await, [2, 2, 3, 3]);
    assert_eq!(seqs(3, 3).await, [0; 0]);
    assert_eq!(seqs(4, 9).await, [0; 0]);
}

type Members = BTreeMap<IdentifierId, Option<CustomerId>>;

async fn members(world: &World, at: i64) -> Members {
    let (mut all, mut after) = (Members::new(), None);
    loop {
        let page = world.store.scan_members(at, after, 2).await.expect("a page");
        let Some(last) = page.last() else { return all };
        assert!(Some(last.0) > after && page.windows(2).all(|pair| pair[0].0 < pair[1].0));
        after = Some(last.0);
        all.extend(page);
    }
}

async fn who_held_what_is_told_as_it_stood(world: World) {
    world.apply([event("m1").user("ada").anonymous("tablet").view()]).await;
    world.apply([event("m2").user("ben").email("ben@example.org").view()]).await;
    let (ada, ben) = (world.id("user_id", "ada").await, world.id("user_id", "ben").await);
    let ids = [
        world.identifier("user_id", "ada").await,
        world.identifier("anonymous_id", "tablet").await,
        world.identifier("user_id", "ben").await,
        world.identifier("email", "ben@example.org").await,
    ];
    let request = DecisionRequest {
        action: DecisionAction::Merge(vec![ada.clone(), ben.clone()]),
        by: "clerk".into(),
        reason: "x".into(),
    };
    world.store.decide(&world.rules, &request, minute(2_000), false).await.expect("a merge");
    // Who signs in as another on the same tablet: it is shared, and nobody's.
    world.apply([event("m4").user("cyd").anonymous("tablet").view()]).await;
    let last = world.store.status().await.expect("a status").change;
    let holders = |members: &Members| ids.iter().map(|id| members.get(id).cloned()).collect::<Vec<_>>();
    let held = |id: &CustomerId| Some(Some(id.clone()));
    assert_eq!(holders(&members(&world, 1).await), [held(&ada), held(&ada), None, None]);
    assert_eq!(holders(&members(&world, 2).await), [held(&ada), held(&ada), held(&ben), held(&ben)]);
    assert_eq!(holders(&members(&world, 3).await), [held(&ada), held(&ada), held(&ada), held(&ada)]);
    let now = members(&world, last).await;
    assert_eq!(now[&ids[1]], None, "shared");
    assert_eq!((now.len(), now[&ids[0]].as_ref()), (5, Some(&ada)));
    // Of some, the same is told as of all.
    for at in 1..=last {
        let all = members(&world, at).await;
        let some = world.store.members_at(at, &[ada.clone(), ben.clone()], &ids).await.expect("an answer");
        let count = some.len();
        let some: Members = some.into_iter().collect();
        assert_eq!(some.len(), count, "each once");
        for (id, holder) in &all {
            let told = ids.contains(id) || [Some(&ada), Some(&ben)].contains(&holder.as_ref());
            assert_eq!(some.get(id), told.then_some(holder), "{at}");
        }
        assert!(some.keys().all(|id| all.contains_key(id)), "{at}");
    }
    assert_eq!(world.store.members_at(last, &[], &[]).await.expect("an answer"), []);
    assert_eq!(world.store.members_at(last, &[CustomerId("nobody".into())], &[]).await.expect("an answer"), []);
}

async fn orders_come_to_what_is_left_of_them(world: World) {
    world
        .apply([
            event("m1").user("ada").completed("1", "10", &[]),
            event("m2").user("ada").completed("2", "20", &[]),
            event("m3").user("ada").completed("3", "30", &[]),
            event("m4").user("ada").refunded("waits", "1"),
            event("m5").user("ada").from("till").completed("1", "40", &[]),
        ])
        .await;
    world.apply([event("m6").user("ada").refunded("2", "4.50"), event("m7").user("ada").cancelled("3")]).await;
    for limit in [1, 2, 10] {
        let (mut all, mut after) = (BTreeMap::new(), None);
        loop {
            let page = world.store.scan_orders(after.as_ref(), limit).await.expect("a page");
            let Some(last) = page.last() else { break };
            assert!(page.len() <= limit);
            after = Some(last.key.clone());
            for order in page {
                assert_eq!(&*order.currency.0, "GBP");
                let before = all.insert(format!("{}:{}", order.key.source, order.key.number), order.net);
                assert_eq!(before, None, "each once");
            }
        }
        let wanted = [("shop:1", "10"), ("shop:2", "15.5"), ("shop:3", "0"), ("till:1", "40")];
        let wanted: BTreeMap<String, _> = wanted.into_iter().map(|(key, net)| (key.to_owned(), amount(net))).collect();
        assert_eq!(all, wanted);
    }
}

async fn decisions_are_told_by_identifier(world: World) {
    world
        .apply([
            event("m1").user("ada").email("ada@example.org").consent("ads", None, ConsentStatus::Granted).expires(90),
            event("m2").user("ben").consent("ads", Some("email"), ConsentStatus::Denied),
            event("m3").user("cyd").view(),
            event("m4").user("ben").consent("ads", Some("sms"), ConsentStatus::Granted),
        ])
        .await;
    world.apply([event("m5").user("ada").minute(1).consent("ads", None, ConsentStatus::Revoked)]).await;
    let ids = [
        world.identifier("user_id", "ada").await,
        world.identifier("email", "ada@example.org").await,
        world.identifier("user_id", "ben").await,
        world.identifier("user_id", "cyd").await,
    ];
    let of = |channel: Option<&str>, status, expires_at| HeldConsent {
        purpose: "ads".into(),
        channel: channel.map(Into::into),
        status,
        expires_at,
    };
    let held = |status, expires_at| of(None, status, expires_at);
    let granted = vec![held(ConsentStatus::Granted, Some(minute(90)))];
    let ben = vec![of(Some("sms"), ConsentStatus::Granted, None), of(Some("email"), ConsentStatus::Denied, None)];
    let revoked = vec![held(ConsentStatus::Revoked, None)];
    let at = async |seq| {
        let mut all = world.store.held_consents_at(seq, &ids).await.expect("an answer");
        all.iter_mut().for_each(|held| held.sort_by_key(|held| held.status));
        all
    };
    assert_eq!(at(1).await, [granted.clone(), granted, ben.clone(), vec![]]);
    assert_eq!(at(2).await, [revoked.clone(), revoked.clone(), ben.clone(), vec![]]);
    for limit in [1, 2, 10] {
        let (mut all, mut after) = (BTreeMap::new(), None);
        loop {
            let page = world.store.scan_held_consents(after, limit).await.expect("a page");
            for (id, mut held) in page.held {
                held.sort_by_key(|held| held.status);
                assert_eq!(all.insert(id, held), None, "each once");
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let wanted = [(ids[0], revoked.clone()), (ids[1], revoked.clone()), (ids[2], ben.clone())];
        assert_eq!(all, BTreeMap::from(wanted), "{limit}");
    }
}

async fn nothing_is_read_of_an_empty_store(world: World) {
    assert_eq!(scan(&world, ALL, 10, &[]).await, []);
    assert_eq!(members(&world, 0).await, Members::new());
    assert_eq!(world.store.scan_orders(None, 10).await.expect("a page").len(), 0);
    assert_eq!(world.store.scan_held_consents(None, 10).await.expect("a page").held, []);
    assert_eq!(world.store.held_consents_at(0, &[]).await.expect("an answer").len(), 0);
}
