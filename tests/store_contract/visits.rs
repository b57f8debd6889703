//! Visits on a device that several people share: whose they are, what goes with them, and the way back.

use std::sync::Arc;

use throughline::domain::customer::CustomerView;
use throughline::domain::product::ProductAct;
use throughline::domain::rollup::MoneyRollup;
use throughline::domain::rules::IdentityRules;
use throughline::domain::touchpoint::Direction;
use throughline::domain::{Amount, Currency, IdentifierId, IdentifierKey};
use throughline::stitching::moves::Move;
use throughline::stitching::restitch::Explanation;
use throughline::stitching::{DecisionAction, DecisionRequest};
use throughline::store::Reads;
use throughline::store::query::{CustomerKey, FirstPages, IdentifierRef, Of, Shape, TouchpointFilter};
use throughline::store::recount::recount;

use crate::common::facts::{Event, amount, event, minute};
use crate::common::world::{World, customer_of, is_unchanged};
use crate::fixture::cases;

cases! {
    a_touchpoint_keeps_the_device_that_carried_it,
    who_signs_in_has_what_the_device_did_in_that_visit,
    old_visits_are_assigned_once_a_device_turns_out_shared,
    a_late_touchpoint_assigns_its_own_visit_only,
    two_people_in_one_visit_leave_it_to_nobody,
    an_order_goes_with_its_visit_and_comes_back,
    a_merge_and_a_split_move_visits,
    what_is_shared_no_longer_has_everything_back,
    a_moment_has_the_owners_of_then,
    assigned_piece_by_piece_it_comes_to_the_same,
    whose_visits_are_does_not_depend_on_the_order_of_arrival,
    the_same_again_changes_nothing,
    a_till_and_a_bot_hurt_nobody,
}

/// Everything of now is what a moment counts, and every customer's figures are those of its touchpoints.
async fn adds_up(world: &World) {
    let names = ["ruth", "sam", "ada"].map(|name| ("user_id", name));
    let rest = [("email", "ruth@example.org"), ("anonymous_id", "tablet"), ("anonymous_id", "till")];
    let keys: Vec<IdentifierKey> =
        names.into_iter().chain(rest).map(|(kind, value)| IdentifierKey::new(kind, value)).collect();
    let moment = world.store.moment(minute(1_000_000)).await.expect("an answer").expect("a moment");
    let (now, then): (Arc<dyn Reads>, _) = (world.store.clone(), world.store.as_of(moment));
    let refs: Vec<IdentifierRef> = keys.iter().cloned().map(IdentifierRef::Key).collect();
    assert_eq!(now.identifiers(&refs).await.expect("now"), then.identifiers(&refs).await.expect("then"));
    let again = recount(&*world.store, minute(1_000_000), |_| {}).await.expect("figures counted again");
    assert_eq!((again.wrong, again.named), (0, Vec::new()));
    let keys: Vec<CustomerKey> = keys.into_iter().map(CustomerKey::Identifier).collect();
    let pages = FirstPages { orders: 1_000, touchpoints: 1_000 };
    for view in now.customers(&keys, Shape::All, pages).await.expect("views").into_iter().flatten().flatten() {
        let of = [Of::Customer(view.customer.id.clone())];
        let counts = now.count_touchpoints(&of, &TouchpointFilter::default()).await.expect("counts");
        assert_eq!(counts, [view.rollup().touchpoint_count()]);
        let placed = now.count_orders(&of, None, None).await.expect("counts");
        assert_eq!(placed, [view.orders.as_ref().expect("asked for").items.len() as i64]);
        let touchpoints = view.touchpoints.as_ref().expect("asked for");
        for (channel, figures) in &view.rollup().channels {
            let of_it = || touchpoints.items.iter().filter(|t| t.fact.channel == *channel);
            assert_eq!(of_it().map(|t| t.at).max(), Some(figures.last_at), "{channel}");
            assert_eq!(of_it().count() as i64, figures.touchpoints, "{channel}");
        }
    }
}

/// Whose each message is now: `kind:value` of its owner.
async fn owners(world: &World, messages: &[&str]) -> Vec<String> {
    owners_in(&(world.store.clone() as Arc<dyn Reads>), messages).await
}

async fn owners_in(reads: &Arc<dyn Reads>, messages: &[&str]) -> Vec<String> {
    let ids: Vec<Arc<str>> = messages.iter().map(|id| Arc::from(*id)).collect();
    let found = reads.touchpoints(&ids).await.expect("an answer");
    let refs: Vec<IdentifierRef> =
        found.into_iter().map(|t| IdentifierRef::Id(t.expect("a touchpoint").owner)).collect();
    let found = reads.identifiers(&refs).await.expect("an answer");
    found.into_iter().map(|i| i.expect("an identifier").key.value.to_string()).collect()
}

/// A tablet that Ruth and Sam sign in on, at minutes 1 and 500.
async fn household(world: &World) {
    world
        .apply([
            event("r1").minute(1).user("ruth").anonymous("tablet").view(),
            event("s1").minute(500).user("sam").anonymous("tablet").view(),
        ])
        .await;
    world.assign_visits().await;
}

fn order(event: Event, number: &str, total: &str) -> Event {
    event.completed(number, total, &[("hat", 1, total)]).touch(
        "order",
        "Order Completed",
        "website",
        Direction::Inbound,
    )
}

/// What a customer spent, in pounds.
fn net(view: &CustomerView) -> Option<Amount> {
    view.rollup().money.get(&Currency("GBP".into())).map(MoneyRollup::net)
}

async fn rule(world: &World, action: DecisionAction) {
    let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
    let decided = world.store.decide(&world.rules, &request, minute(2_000), false).await.expect("a ruling");
    assert!(decided.outcome.done, "{:?}", decided.outcome);
}

async fn who_signs_in_has_what_the_device_did_in_that_visit(world: World) {
    household(&world).await;
    let applied = world
        .apply([
            event("m1").minute(2_000).anonymous("tablet").view(),
            event("m2").minute(2_010).anonymous("tablet").acted("hat", ProductAct::Wished, None).view(),
            event("m3").minute(2_020).email("ruth@example.org").user("ruth").anonymous("tablet").view(),
            // Half an hour is the gap: this is another visit.
            event("m4").minute(2_051).anonymous("tablet").view(),
            // What we send is nobody's visit.
            event("m5").minute(2_005).anonymous("tablet").sent("push"),
            // A session is one visit, whatever lies between.
            event("m6").minute(3_000).anonymous("tablet").view().session("s"),
            event("m7").minute(3_900).user("sam").anonymous("tablet").view().session("s"),
            event("m8").minute(3_010).anonymous("tablet").view(),
        ])
        .await;
    assert_eq!(applied.devices, [world.identifier("anonymous_id", "tablet").await]);
    assert_eq!(customer_of(&applied.outcomes[0]), None, "it has no customer until its visit is assigned");
    assert_eq!(world.assign_visits().await, 3);
    assert_eq!(
        owners(&world, &["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"]).await,
        ["ruth", "ruth", "ruth", "tablet", "tablet", "sam", "sam", "tablet"]
    );
    let ruth = world.customer("user_id", "ruth").await;
    let acts = world.store.product_acts(std::slice::from_ref(&ruth.customer.id)).await.expect("acts");
    assert_eq!(acts[0].0.len(), 1, "what was wished for goes along");
    let change = world.store.status().await.expect("a status").change;
    let moves = world.store.owner_moves(change - 1, change).await.expect("moves");
    assert_eq!(world.store.owner_moves(change, change + 9).await.expect("moves"), []);
    assert_eq!(moves.len(), 3);
    let tablet = world.identifier("anonymous_id", "tablet").await;
    assert!(moves.iter().all(|one| one.from == tablet && one.to != tablet));
    adds_up(&world).await;
}

async fn old_visits_are_assigned_once_a_device_turns_out_shared(world: World) {
    world
        .apply([
            event("m1").minute(1).anonymous("tablet").view(),
            event("m2").minute(2).user("ruth").anonymous("tablet").view(),
            event("m3").minute(100).anonymous("tablet").view(),
            event("m4").minute(101).anonymous("tablet").view(),
        ])
        .await;
    assert_eq!(world.assign_visits().await, 0, "it is hers");
    assert_eq!(world.customer("user_id", "ruth").await.rollup().touchpoint_count(), 4);
    world.apply([event("m5").minute(500).user("sam").anonymous("tablet").view()]).await;
    assert_eq!(world.customer("user_id", "ruth").await.rollup().touchpoint_count(), 1);
    assert_eq!(world.assign_visits().await, 1);
    assert_eq!(owners(&world, &["m1", "m2", "m3", "m4"]).await, ["ruth", "ruth", "tablet", "tablet"]);
    adds_up(&world).await;
}

async fn a_late_touchpoint_assigns_its_own_visit_only(world: World) {
    household(&world).await;
    world
        .apply([
            event("m1").minute(2_000).anonymous("tablet").view(),
            event("m2").minute(2_010).anonymous("tablet").view(),
            event("m3").minute(3_000).anonymous("tablet").view(),
        ])
        .await;
    assert_eq!(world.assign_visits().await, 0);
    // Signed in later: the earlier visit stays as it is.
    world.apply([event("m4").minute(3_020).user("sam").anonymous("tablet").view()]).await;
    assert_eq!(world.assign_visits().await, 1);
    // It was earlier, and arrives later.
    world.apply([event("m5").minute(2_005).user("ruth").anonymous("tablet").view()]).await;
    assert_eq!(world.assign_visits().await, 2);
    assert_eq!(owners(&world, &["m1", "m2", "m3"]).await, ["ruth", "ruth", "sam"]);
    // What joins two visits joins their people.
    world.apply([event("m6").minute(2_040).anonymous("tablet").view()]).await;
    assert_eq!(world.assign_visits().await, 1);
    adds_up(&world).await;
}

async fn two_people_in_one_visit_leave_it_to_nobody(world: World) {
    household(&world).await;
    world
        .apply([
            event("m1").minute(2_000).anonymous("tablet").view(),
            event("m2").minute(2_001).user("ruth").anonymous("tablet").view(),
        ])
        .await;
    assert_eq!(world.assign_visits().await, 1);
    world.apply([event("m3").minute(2_010).user("sam").anonymous("tablet").view()]).await;
    assert_eq!(world.assign_visits().await, 1);
    assert_eq!(owners(&world, &["m1", "m2", "m3"]).await, ["tablet", "ruth", "sam"]);
    adds_up(&world).await;
}

async fn an_order_goes_with_its_visit_and_comes_back(world: World) {
    household(&world).await;
    world.apply([order(event("m1").minute(2_000).anonymous("tablet"), "1", "30")]).await;
    world.assign_visits().await;
    assert_eq!(net(&*world.customer("user_id", "ruth").await), None);
    assert!(world.find_by(CustomerKey::Order { number: "1".into(), source: None }).await.is_none());
    world.apply([event("m2").minute(2_010).user("ruth").anonymous("tablet").view()]).await;
    world.assign_visits().await;
    let ruth = world.customer("user_id", "ruth").await;
    assert_eq!((net(&ruth), ruth.rollup().order_count()), (Some(amount("30")), 1));
    let by_order = world.find_by(CustomerKey::Order { number: "1".into(), source: None }).await.expect("its buyer");
    assert_eq!(by_order.customer.id, ruth.customer.id);
    adds_up(&world).await;
    // What is said of it later finds it where it is.
    world.apply([event("m3").minute(2_500).user("ruth").refunded("1", "10").view()]).await;
    let ruth = world.customer("user_id", "ruth").await;
    assert_eq!(net(&ruth), Some(amount("20")));
    world.apply([event("m4").minute(2_005).user("sam").anonymous("tablet").view()]).await;
    world.assign_visits().await;
    assert_eq!(net(&*world.customer("user_id", "ruth").await), None, "two people: nobody's again");
    assert_eq!(net(&*world.customer("user_id", "sam").await), None);
    adds_up(&world).await;
}

async fn a_merge_and_a_split_move_visits(world: World) {
    household(&world).await;
    world
        .apply([
            order(event("m1").minute(2_000).anonymous("tablet"), "1", "30"),
            event("m2").minute(2_001).user("ruth").anonymous("tablet").view(),
            event("m3").minute(2_002).email("guest@example.org").anonymous("tablet").view(),
        ])
        .await;
    world.assign_visits().await;
    assert_eq!(owners(&world, &["m1"]).await, ["tablet"], "two people");
    let (ruth, guest) = (world.id("user_id", "ruth").await, world.id("email", "guest@example.org").await);
    rule(&world, DecisionAction::Merge(vec![ruth.clone(), guest])).await;
    assert_eq!(world.assign_visits().await, 1);
    assert_eq!(owners(&world, &["m1"]).await, ["ruth"], "they are one");
    assert_eq!(net(&*world.customer("user_id", "ruth").await), Some(amount("30")));
    adds_up(&world).await;
    rule(&world, DecisionAction::Split(ruth.clone(), vec![IdentifierKey::new("email", "guest@example.org")])).await;
    assert_eq!(world.assign_visits().await, 1);
    assert_eq!(owners(&world, &["m1"]).await, ["tablet"], "they are two again");
    assert_eq!(net(&*world.customer("user_id", "ruth").await), None);
    // Who is kept apart by a person was so already by where they signed in.
    let sam = world.id("user_id", "sam").await;
    rule(&world, DecisionAction::KeepApart(vec![ruth, sam])).await;
    assert_eq!(world.assign_visits().await, 0);
    adds_up(&world).await;
}

async fn what_is_shared_no_longer_has_everything_back(world: World) {
    household(&world).await;
    world
        .apply([
            order(event("m1").minute(2_000).anonymous("tablet"), "1", "30"),
            event("m2").minute(2_001).user("ruth").anonymous("tablet").view(),
        ])
        .await;
    world.assign_visits().await;
    assert_eq!(owners(&world, &["m1"]).await, ["ruth"]);
    let tablet = world.identifier("anonymous_id", "tablet").await;
    let back = Move {
        members: vec![(tablet, None)],
        groups: vec![vec![tablet]],
        shared: Vec::new(),
        explanation: Explanation { reason: "it is one visitor's".into(), cuts: Vec::new() },
    };
    let settled = world.store.apply_moves(&world.rules, &[back], minute(3_000)).await.expect("it is settled");
    assert_eq!(settled.done, 1);
    assert_eq!(world.assign_visits().await, 1);
    assert_eq!(owners(&world, &["m1", "m2"]).await, ["tablet", "ruth"]);
    assert_eq!(net(&*world.customer("anonymous_id", "tablet").await), Some(amount("30")));
    adds_up(&world).await;
}

async fn a_moment_has_the_owners_of_then(world: World) {
    household(&world).await;
    world
        .apply_at(
            minute(10_000),
            [
                order(event("m1").minute(2_000).anonymous("tablet"), "1", "30"),
                event("m2").minute(2_001).anonymous("tablet").acted("hat", ProductAct::Wished, None).view(),
            ],
        )
        .await;
    let at = async |number| world.store.moment(minute(number)).await.expect("an answer").expect("a moment");
    let before = at(10_000).await;
    world.apply_at(minute(10_010), [event("m3").minute(2_010).user("ruth").anonymous("tablet").view()]).await;
    let assign = async |number| {
        while world.store.assign_visits(&world.rules, &[], 2_000, minute(number)).await.expect("assigned").is_some() {}
    };
    assign(10_020).await;
    let given = at(10_020).await;
    world.apply_at(minute(10_030), [event("m4").minute(2_005).user("sam").anonymous("tablet").view()]).await;
    assign(10_040).await;
    let back = at(10_040).await;
    let [ruth, tablet] = [world.identifier("user_id", "ruth").await, world.identifier("anonymous_id", "tablet").await];
    for (moment, owner, spent) in
        [(before, "tablet", None), (given, "ruth", Some(amount("30"))), (back, "tablet", None)]
    {
        let then = world.store.as_of(moment);
        assert_eq!(owners_in(&then, &["m1", "m2"]).await, [owner, owner]);
        let key = CustomerKey::Identifier(IdentifierKey::new("user_id", "ruth"));
        let pages = FirstPages { orders: 10, touchpoints: 10 };
        let views = then.customers(&[key], Shape::All, pages).await.expect("views");
        let view = views.into_iter().next().expect("an answer").expect("no fault").expect("a customer");
        assert_eq!(net(&view), spent);
        let mine = usize::from(owner == "ruth");
        assert_eq!(view.orders.as_ref().expect("asked for").items.len(), mine);
        let of = [Of::Identifier(ruth), Of::Identifier(tablet)];
        let counts = then.count_touchpoints(&of, &TouchpointFilter::default()).await.expect("counts");
        let signed_in = 1 + usize::from(moment.change >= given.change);
        assert_eq!(counts, [(signed_in + 2 * mine) as i64, 2 - 2 * mine as i64]);
        let acts = then.product_acts(std::slice::from_ref(&view.customer.id)).await.expect("acts");
        assert_eq!((acts[0].0.len(), acts[0].1.len()), (mine, mine));
        let by_order = CustomerKey::Order { number: "1".into(), source: None };
        let found = then.customers(&[by_order], Shape::Card, pages).await.expect("views");
        assert_eq!(found[0].as_ref().expect("no fault").is_some(), owner == "ruth");
    }
    adds_up(&world).await;
}

async fn assigned_piece_by_piece_it_comes_to_the_same(world: World) {
    let mut events = Vec::new();
    for n in 0..60_i64 {
        let at = n * 25 + (n / 7) * 60;
        let seen = event(&format!("m{n}")).minute(at).anonymous("tablet");
        events.push(match n % 9 {
            4 => seen.user("ruth").view(),
            8 if n % 2 == 0 => seen.user("sam").view(),
            _ => seen.view(),
        });
    }
    world.apply(events).await;
    // Stopped after two pieces, and gone on with.
    for _ in 0..2 {
        world.store.assign_visits(&world.rules, &[], 3, minute(1_000)).await.expect("assigned").expect("a piece");
    }
    assert!(world.assign_by(3).await > 0);
    let messages: Vec<String> = (0..60).map(|n| format!("m{n}")).collect();
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    let by_pieces = owners(&world, &messages).await;
    assert!(by_pieces.contains(&"tablet".to_owned()) && by_pieces.iter().filter(|owner| *owner == "ruth").count() > 7);
    // All of it again, at once: nothing moves.
    let rules = throughline::store::rules::NewRules {
        based_on: 1,
        by: "clerk".into(),
        note: None,
        rules: throughline::settings::Settings::default().identity.written(),
    };
    world.store.begin_rules(&rules.rules, minute(1)).await.expect("rules");
    world.store.save_rules(&rules, minute(2)).await.expect("an answer").expect("they are saved");
    let world = World { rules: IdentityRules { version: 2, ..world.rules }, ..world };
    let before = world.store.status().await.expect("a status").change;
    assert_eq!(world.assign_visits().await, 0);
    assert_eq!(world.store.status().await.expect("a status").change, before, "and no number is used up");
    assert_eq!(owners(&world, &messages).await, by_pieces);
    adds_up(&world).await;
}

async fn whose_visits_are_does_not_depend_on_the_order_of_arrival(world: World) {
    let told = |run: usize| {
        let tablet = format!("tablet-{run}");
        (0..40_i64).map(move |n| {
            // Some minutes apart, and every few a long while.
            let seen = event(&format!("{run}-{n}")).minute(n * 12 + (n / 5) * 45).anonymous(&tablet);
            match n % 11 {
                2 => seen.user(&format!("ruth-{run}")).view(),
                7 | 9 => seen.user(&format!("sam-{run}")).view(),
                4 => seen.view().session("s"),
                _ => seen.view(),
            }
        })
    };
    let mut answers = Vec::new();
    for run in 0..3 {
        let mut events: Vec<Event> = told(run).collect();
        match run {
            1 => events.reverse(),
            2 => {
                events.rotate_left(17);
                let (some, rest): (Vec<_>, Vec<_>) = events.into_iter().enumerate().partition(|(n, _)| n % 3 == 1);
                events = rest.into_iter().rev().chain(some).map(|(_, event)| event).collect();
            }
            _ => {}
        }
        for batch in events.chunks([40, 7, 3][run]) {
            world.apply(batch.iter().cloned()).await;
            world.assign_by(4).await;
        }
        let messages: Vec<String> = (0..40).map(|n| format!("{run}-{n}")).collect();
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        let suffix = format!("-{run}");
        answers.push(owners(&world, &messages).await.into_iter().map(|owner| owner.replace(&suffix, "")).collect());
    }
    let answers: Vec<Vec<String>> = answers;
    for name in ["ruth", "sam", "tablet"] {
        assert!(answers[0].iter().filter(|owner| *owner == name).count() > 5, "{name}: {:?}", answers[0]);
    }
    assert_eq!(answers[1], answers[0], "backwards");
    assert_eq!(answers[2], answers[0], "in some order");
}

async fn the_same_again_changes_nothing(world: World) {
    household(&world).await;
    let events = || {
        [
            event("m1").minute(2_000).anonymous("tablet").view(),
            event("m2").minute(2_010).user("ruth").anonymous("tablet").view(),
        ]
    };
    world.apply(events()).await;
    world.assign_visits().await;
    let before = world.store.status().await.expect("a status");
    let again = world.apply(events()).await;
    assert!(again.outcomes.iter().all(is_unchanged) && again.devices.is_empty());
    let ruth = world.id("user_id", "ruth").await;
    assert_eq!(customer_of(&again.outcomes[0]), Some(ruth), "it says whose it is now");
    assert_eq!(world.assign_visits().await, 0);
    assert_eq!(world.store.status().await.expect("a status"), before);
}

async fn a_till_and_a_bot_hurt_nobody(world: World) {
    // A till: everybody buys there, and some do not say who they are. And a bot with an event a minute.
    let mut events = Vec::new();
    for n in 0..600_i64 {
        let sale = event(&format!("t{n}")).minute(n * 7).anonymous("till");
        events.push(match n % 3 {
            0 => sale.view(),
            n3 => sale.user(&format!("c{}", n % 40 + n3)).view(),
        });
        if n % 2 == 0 {
            events.push(event(&format!("b{n}")).minute(n * 7).anonymous("bot").view());
            events.push(event(&format!("c{n}")).minute(n * 7 + 6).anonymous("bot").view());
        }
    }
    events.push(event("b-user").minute(1).user("ada").anonymous("bot").view());
    events.push(event("b-other").minute(1_441).user("ruth").anonymous("bot").view());
    for batch in events.chunks(250) {
        world.apply(batch.iter().cloned()).await;
        world.assign_by(100).await;
    }
    // The till's day has many people in it; the bot's first day has one.
    assert_eq!(owners(&world, &["t0", "t300", "b0", "b2", "b598"]).await, ["till", "till", "ada", "ada", "bot"]);
    assert_eq!(world.store.status().await.expect("a status").touchpoints, 1_202);
    adds_up(&world).await;
    // One that comes late moves its own day, and no other.
    world.apply([event("late").minute(2 * 1_440 + 5).user("sam").anonymous("bot").view()]).await;
    assert_eq!(world.assign_by(100).await, (2_880..=4_192).filter(|at| at % 14 == 0 || at % 14 == 6).count());
    assert_eq!(owners(&world, &["b0", "b300", "b598"]).await, ["ada", "ruth", "sam"]);
    adds_up(&world).await;
}

async fn carrier(world: &World, message: &str) -> Option<IdentifierId> {
    let found = world.store.touchpoints(&[message.into()]).await.expect("an answer");
    found.into_iter().flatten().next().expect("a touchpoint").device_identifier
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
