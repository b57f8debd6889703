//! Consents: what an identifier holds, and what is in force for its customer.

use std::sync::Arc;

use throughline::domain::consent::ConsentStatus::{self, *};
use throughline::domain::consent::in_force;
use throughline::domain::customer::CustomerView;
use throughline::domain::{IdentifierKey, Timestamp};
use throughline::stitching::{DecisionAction, DecisionRequest, Heard, Outcome};
use throughline::store::query::{CustomerKey, FirstPages, Shape};

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_decision_is_held_by_every_identifier_of_its_customer,
    a_later_decision_replaces_an_earlier_one,
    an_earlier_decision_that_arrives_late_replaces_nothing,
    decisions_on_other_purposes_and_channels_stand,
    the_strictest_decision_wins_when_customers_merge,
    a_decision_after_the_merge_replaces_those_of_both,
    a_decision_after_a_merge_in_the_same_batch_replaces_those_of_both,
    a_grant_that_ran_out_is_expired,
    a_grant_that_ran_out_competes_with_none_that_is_in_force,
    several_decisions_of_one_event_are_kept,
    a_decision_that_is_repeated_is_kept_once,
    a_grant_stays_with_its_part_when_a_shared_device_parts_them,
    all_of_it_in_one_batch_comes_to_the_same,
    a_grant_stays_with_its_part_when_a_person_splits_them,
    what_forbids_stays_with_all_parts,
    whoever_loses_a_grant_has_its_own_last_word_again,
    a_word_that_came_late_is_had_again_too,
    a_grant_that_each_part_gave_stays_with_each,
    what_a_shared_device_granted_goes_with_it,
    an_identifier_holds_grants_for_a_thousand_purposes_and_denials_beyond,
}

/// Purpose, channel and status of what is in force.
fn now(view: &CustomerView, at: Timestamp) -> Vec<(Arc<str>, Option<Arc<str>>, ConsentStatus)> {
    let consents = in_force(view.consents.as_ref().expect("consents"), at);
    consents.into_iter().map(|c| (c.fact.purpose, c.fact.channel, c.fact.status)).collect()
}

/// The status of marketing on every channel.
async fn marketing(world: &World, kind: &str, value: &str) -> ConsentStatus {
    let view = world.customer(kind, value).await;
    let found = now(&view, minute(500)).into_iter().find(|c| &*c.0 == "marketing" && c.1.is_none());
    found.expect("a decision").2
}

/// The status of marketing on every channel, where anybody said anything.
async fn said(world: &World, kind: &str, value: &str) -> Option<ConsentStatus> {
    let view = world.customer(kind, value).await;
    now(&view, minute(500)).into_iter().find(|c| &*c.0 == "marketing" && c.1.is_none()).map(|c| c.2)
}

/// What was said of everybody, as of a time.
async fn said_then(world: &World, kind: &str, value: &str, at: Timestamp) -> Option<ConsentStatus> {
    let moment = world.store.moment(at).await.expect("an answer").expect("a moment");
    let key = CustomerKey::Identifier(IdentifierKey::new(kind, value));
    let pages = FirstPages { orders: 1, touchpoints: 1 };
    let views = world.store.as_of(moment).customers(&[key], Shape::All, pages).await.expect("an answer");
    let view = views.into_iter().next().expect("one answer").expect("no fault").expect("a customer");
    now(&view, minute(500)).into_iter().find(|c| &*c.0 == "marketing" && c.1.is_none()).map(|c| c.2)
}

/// Ada and Ben are one, since both wrote their address into the same tablet.
async fn one_tablet(world: &World) {
    world
        .apply_each([
            event("m1").anonymous("tablet").email("ada@example.org"),
            event("m2").anonymous("tablet").email("ben@example.org"),
            event("m3").user("ada").email("ada@example.org"),
        ])
        .await;
    assert_eq!(world.id("user_id", "ada").await, world.id("email", "ben@example.org").await);
}

/// Ben signs in on it, so the tablet is shared, and they are two.
async fn comes_apart(world: &World) {
    world.apply_at(minute(1_200), [event("apart").user("ben").anonymous("tablet").minute(20)]).await;
    assert_ne!(world.id("user_id", "ada").await, world.id("email", "ben@example.org").await);
}

async fn split(world: &World, from: (&str, &str), moved: &[(&str, &str)]) {
    let moved = moved.iter().map(|(kind, value)| IdentifierKey::new(*kind, *value)).collect();
    let action = DecisionAction::Split(world.id(from.0, from.1).await, moved);
    let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
    let decided = world.store.decide(&world.rules, &request, minute(1_500), false).await.expect("a ruling");
    assert!(decided.outcome.done, "{:?}", decided.outcome);
}

async fn a_grant_stays_with_its_part_when_a_shared_device_parts_them(world: World) {
    one_tablet(&world).await;
    world.apply([event("m4").user("ada").anonymous("tablet").minute(4).consent("marketing", None, Granted)]).await;
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Granted), "they are one");
    comes_apart(&world).await;
    assert_eq!(said(&world, "user_id", "ada").await, Some(Granted));
    assert_eq!(said(&world, "email", "ada@example.org").await, Some(Granted));
    assert_eq!(said(&world, "email", "ben@example.org").await, None, "who never said a word");
    assert_eq!(said(&world, "user_id", "ben").await, None);
    // What was stored then stands.
    assert_eq!(said_then(&world, "email", "ben@example.org", minute(1_000)).await, Some(Granted));
    assert_eq!(said_then(&world, "email", "ben@example.org", minute(1_200)).await, None);
    assert_eq!(said_then(&world, "user_id", "ada", minute(1_200)).await, Some(Granted));
    let held = world.store.scan_held_consents(None, 100).await.expect("a page").held;
    let holders: Vec<_> = held.iter().map(|(holder, _)| *holder).collect();
    let own = [world.identifier("email", "ada@example.org").await, world.identifier("user_id", "ada").await];
    assert_eq!(holders, own, "the tablet holds nothing either");
}

async fn all_of_it_in_one_batch_comes_to_the_same(world: World) {
    world
        .apply([
            event("m1").anonymous("tablet").email("ada@example.org"),
            event("m2").email("ben@example.org").minute(1).consent("marketing", None, Revoked),
            event("m3").anonymous("tablet").email("ben@example.org"),
            event("m4").user("ada").email("ada@example.org").minute(4).consent("marketing", None, Granted),
            event("m5").user("ben").anonymous("tablet").minute(5),
        ])
        .await;
    assert_eq!(said(&world, "user_id", "ada").await, Some(Granted));
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Revoked));
    assert_eq!(said(&world, "user_id", "ben").await, None);
    // What was over in the batch that brought it can be had again later.
    world.apply_each([event("m6").user("ben").email("ben@example.org").minute(6)]).await;
    world
        .apply([
            event("m7").user("ben").minute(7).consent("marketing", None, Denied),
            event("m8").email("ben@example.org").minute(8).consent("marketing", None, Granted),
        ])
        .await;
    split(&world, ("user_id", "ben"), &[("email", "ben@example.org")]).await;
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Granted));
    assert_eq!(said(&world, "user_id", "ben").await, Some(Denied));
}

async fn a_grant_stays_with_its_part_when_a_person_splits_them(world: World) {
    world.apply([event("m1").user("ada").email("ada@example.org").phone("+441")]).await;
    world.apply([event("m2").email("ada@example.org").minute(2).consent("marketing", None, Granted)]).await;
    split(&world, ("user_id", "ada"), &[("phone", "+441")]).await;
    assert_eq!((said(&world, "user_id", "ada").await, said(&world, "phone", "+441").await), (Some(Granted), None));
    // It was given by the address, so it goes where that goes.
    split(&world, ("user_id", "ada"), &[("email", "ada@example.org")]).await;
    assert_eq!(said(&world, "email", "ada@example.org").await, Some(Granted));
    assert_eq!(said(&world, "user_id", "ada").await, None);
    assert_eq!(said_then(&world, "phone", "+441", minute(1_000)).await, Some(Granted));
}

async fn what_forbids_stays_with_all_parts(world: World) {
    for status in [Denied, Revoked] {
        let value = |what: &str| format!("{what} {}", status.as_str());
        let (user, phone) = (value("ada"), value("+441"));
        world.apply([event(&value("m1")).user(&user).phone(&phone)]).await;
        world.apply([event(&value("m2")).user(&user).minute(2).consent("marketing", None, status)]).await;
        split(&world, ("user_id", &user), &[("phone", &phone)]).await;
        assert_eq!(said(&world, "user_id", &user).await, Some(status));
        assert_eq!(said(&world, "phone", &phone).await, Some(status));
    }
    one_tablet(&world).await;
    world.apply([event("m4").user("ada").minute(4).consent("marketing", None, Revoked)]).await;
    comes_apart(&world).await;
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Revoked));
}

async fn whoever_loses_a_grant_has_its_own_last_word_again(world: World) {
    world
        .apply_each([
            event("m0").email("ben@example.org").minute(1).consent("marketing", None, Granted),
            event("n0").email("ben@example.org").minute(2).consent("marketing", None, Revoked),
        ])
        .await;
    one_tablet(&world).await;
    world.apply([event("m4").user("ada").minute(4).consent("marketing", None, Granted)]).await;
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Granted));
    comes_apart(&world).await;
    assert_eq!(said(&world, "user_id", "ada").await, Some(Granted));
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Revoked), "as when they were two");
    assert_eq!(said_then(&world, "email", "ben@example.org", minute(1_000)).await, Some(Granted));
    // And the same twice.
    world.apply([event("m5").user("ben").email("ben@example.org").minute(21)]).await;
    world.apply([event("m6").user("ben").minute(22).consent("marketing", None, Granted)]).await;
    split(&world, ("user_id", "ben"), &[("email", "ben@example.org")]).await;
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Revoked));
}

async fn a_word_that_came_late_is_had_again_too(world: World) {
    one_tablet(&world).await;
    world.apply([event("m4").user("ada").minute(4).consent("marketing", None, Granted)]).await;
    world.apply([event("m5").email("ben@example.org").minute(3).consent("marketing", None, Revoked)]).await;
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Granted), "it is older");
    comes_apart(&world).await;
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Revoked));
    assert_eq!(said(&world, "user_id", "ada").await, Some(Granted));
}

async fn a_grant_that_each_part_gave_stays_with_each(world: World) {
    one_tablet(&world).await;
    let repeated = |id: &str, at| event(id).email("ben@example.org").minute(at).consent("marketing", None, Granted);
    world.apply([event("m4").user("ada").minute(4).consent("marketing", None, Granted)]).await;
    world.apply_each([repeated("m5", 5), repeated("m6", 6)]).await;
    let held = world.customer("user_id", "ada").await.consents.clone().expect("consents");
    assert_eq!(held.len(), 4, "one for each identifier");
    assert_eq!(held.iter().map(|given| given.consent.at).max(), Some(minute(5)), "the second time is no news");
    comes_apart(&world).await;
    assert_eq!(said(&world, "user_id", "ada").await, Some(Granted));
    assert_eq!(said(&world, "email", "ben@example.org").await, Some(Granted));
}

/// Nobody knows who it was.
async fn what_a_shared_device_granted_goes_with_it(world: World) {
    one_tablet(&world).await;
    world.apply([event("m4").anonymous("tablet").minute(4).consent("marketing", None, Granted)]).await;
    assert_eq!(said(&world, "user_id", "ada").await, Some(Granted));
    comes_apart(&world).await;
    assert_eq!(said(&world, "user_id", "ada").await, None);
    assert_eq!(said(&world, "email", "ben@example.org").await, None);
    let held = world.store.scan_held_consents(None, 100).await.expect("a page").held;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].0, world.identifier("anonymous_id", "tablet").await);
}

async fn a_decision_is_held_by_every_identifier_of_its_customer(world: World) {
    world.apply([event("m1").user("ada").email("ada@example.org")]).await;
    world.apply([event("m2").user("ada").minute(4).consent("marketing", Some("email"), Granted)]).await;
    world.apply([event("m3").user("ada").phone("+441")]).await;
    let view = world.customer("user_id", "ada").await;
    let given = view.consents.as_ref().expect("consents");
    let mut holders: Vec<_> = given.iter().map(|g| g.identifier).collect();
    holders.sort();
    let (ada, email) = (world.identifier("user_id", "ada").await, world.identifier("email", "ada@example.org").await);
    assert_eq!(holders, [ada, email], "the phone came later");
    let consent = &given[0].consent;
    assert_eq!((consent.owner, consent.at, &*consent.source), (ada, minute(4), "shop"));
    assert_eq!((&*consent.fact.purpose, consent.fact.channel.as_deref()), ("marketing", Some("email")));
}

async fn a_later_decision_replaces_an_earlier_one(world: World) {
    world.apply([event("m1").user("ada").email("ada@example.org").consent("marketing", None, Revoked)]).await;
    world.apply([event("m2").email("ada@example.org").minute(1).consent("marketing", None, Granted)]).await;
    assert_eq!(marketing(&world, "user_id", "ada").await, Granted);
    assert_eq!(world.customer("user_id", "ada").await.consents.as_ref().expect("consents").len(), 2);
    // Within one batch as well.
    let decided = |id: &str, at, status| event(id).user("ada").minute(at).consent("marketing", None, status);
    world.apply([decided("m3", 2, Denied), decided("m4", 3, Granted)]).await;
    assert_eq!(marketing(&world, "user_id", "ada").await, Granted);
}

async fn an_earlier_decision_that_arrives_late_replaces_nothing(world: World) {
    world.apply([event("m1").user("ada").minute(8).consent("marketing", None, Granted)]).await;
    world.apply([event("m2").user("ada").minute(2).consent("marketing", None, Revoked)]).await;
    assert_eq!(marketing(&world, "user_id", "ada").await, Granted);
}

async fn decisions_on_other_purposes_and_channels_stand(world: World) {
    world
        .apply_each([
            event("m1").user("ada").consent("marketing", Some("email"), Granted),
            event("m2").user("ada").minute(1).consent("marketing", Some("sms"), Denied),
            event("m3").user("ada").minute(2).consent("marketing", None, Revoked),
            event("m4").user("ada").minute(3).consent("analytics", Some("email"), Granted),
        ])
        .await;
    let view = world.customer("user_id", "ada").await;
    let expected = [
        ("analytics".into(), Some("email".into()), Granted),
        ("marketing".into(), None, Revoked),
        ("marketing".into(), Some("email".into()), Granted),
        ("marketing".into(), Some("sms".into()), Denied),
    ];
    assert_eq!(now(&view, minute(9)), expected);
}

async fn the_strictest_decision_wins_when_customers_merge(world: World) {
    world
        .apply_each([
            event("m1").user("ada").minute(1).consent("marketing", None, Revoked),
            event("m2").email("ada@example.org").minute(2).consent("marketing", None, Granted),
            event("m3").user("ada").email("ada@example.org").minute(3),
        ])
        .await;
    assert_eq!(marketing(&world, "user_id", "ada").await, Revoked);
}

async fn a_decision_after_the_merge_replaces_those_of_both(world: World) {
    the_two_decide(&world).await;
    world.apply([event("m3").user("ada").email("ada@example.org").minute(3)]).await;
    world.apply([event("m4").user("ada").minute(4).consent("marketing", None, Granted)]).await;
    assert_eq!(marketing(&world, "user_id", "ada").await, Granted);
}

async fn a_decision_after_a_merge_in_the_same_batch_replaces_those_of_both(world: World) {
    the_two_decide(&world).await;
    world
        .apply([
            event("m3").user("ada").email("ada@example.org").minute(3),
            event("m4").user("ada").minute(4).consent("marketing", None, Granted),
        ])
        .await;
    assert_eq!(marketing(&world, "user_id", "ada").await, Granted);
    assert_eq!(world.customer("user_id", "ada").await.consents.as_ref().expect("consents").len(), 2);
}

async fn the_two_decide(world: &World) {
    world
        .apply_each([
            event("m1").user("ada").minute(1).consent("marketing", None, Denied),
            event("m2").email("ada@example.org").minute(2).consent("marketing", None, Revoked),
        ])
        .await;
}

async fn a_grant_that_ran_out_is_expired(world: World) {
    world.apply([event("m1").user("ada").consent("marketing", None, Granted).expires(10)]).await;
    let view = world.customer("user_id", "ada").await;
    assert_eq!(now(&view, minute(9))[0].2, Granted);
    assert_eq!(now(&view, minute(10))[0].2, Expired);
}

/// Decided while they were separate customers, so that one customer holds both.
async fn a_grant_that_ran_out_competes_with_none_that_is_in_force(world: World) {
    world
        .apply_each([
            event("m1").user("ada").minute(1).consent("marketing", None, Granted).expires(10),
            event("m2").email("ada@example.org").minute(2).consent("marketing", None, Granted),
            event("m3").user("ada").email("ada@example.org").minute(3),
            event("m4").user("bob").minute(1).consent("marketing", None, Granted).expires(10),
            event("m5").email("bob@example.org").minute(2).consent("marketing", None, Denied),
            event("m6").user("bob").email("bob@example.org").minute(3),
            event("m7").user("eve").minute(1).consent("marketing", None, Granted).expires(10),
            event("m8").email("eve@example.org").minute(2).consent("marketing", None, Granted).expires(20),
            event("m9").user("eve").email("eve@example.org").minute(3),
        ])
        .await;
    assert_eq!(marketing(&world, "user_id", "ada").await, Granted);
    assert_eq!(marketing(&world, "user_id", "bob").await, Denied);
    assert_eq!(marketing(&world, "user_id", "eve").await, Expired, "nothing is in force");
    let eve = world.customer("user_id", "eve").await;
    assert_eq!(now(&eve, minute(15))[0].2, Granted, "one of the two has not run out");
}

async fn several_decisions_of_one_event_are_kept(world: World) {
    let decided = event("m1").user("ada").consent("marketing", Some("email"), Granted);
    world.apply([decided.consent("marketing", Some("sms"), Denied).consent("profiling", None, Granted)]).await;
    assert_eq!(now(&*world.customer("user_id", "ada").await, minute(9)).len(), 3);
}

async fn a_decision_that_is_repeated_is_kept_once(world: World) {
    let said = |id: &str, at, status| event(id).user("ada").minute(at).consent("marketing", None, status);
    world.apply([said("m1", 1, Granted), said("m2", 2, Granted)]).await;
    world.apply([said("m3", 3, Granted)]).await;
    let held = world.customer("user_id", "ada").await.consents.clone().expect("consents");
    assert_eq!((held.len(), held[0].consent.at), (1, minute(1)), "since when it holds");
    // An identifier that came later does not hold it yet: then it is a decision about that one.
    world.apply([event("m4").user("ada").phone("+441").minute(4)]).await;
    world.apply([said("m5", 5, Granted)]).await;
    let held = world.customer("user_id", "ada").await.consents.clone().expect("consents");
    assert_eq!((held.len(), held[0].consent.at), (2, minute(5)));
    world.apply([said("m6", 6, Revoked)]).await;
    assert_eq!(marketing(&world, "user_id", "ada").await, Revoked);
}

async fn an_identifier_holds_grants_for_a_thousand_purposes_and_denials_beyond(world: World) {
    let about =
        |n: usize, status| event(&format!("m{n}-{status:?}")).user("ada").consent(&format!("p{n}"), None, status);
    let granted = |n| about(n, ConsentStatus::Granted);
    let left_out = |applied: throughline::store::Applied| -> Vec<bool> {
        let of = |outcome: &Outcome| {
            matches!(outcome, Outcome::Created { heard: Heard { too_many_consents: true, .. }, .. })
        };
        applied.outcomes.iter().map(of).collect()
    };
    assert!(!left_out(world.apply((0..1_000).map(granted)).await).contains(&true));
    let more = [granted(1_000), about(7, ConsentStatus::Revoked), about(1_001, ConsentStatus::Denied), granted(1_002)];
    assert_eq!(left_out(world.apply(more).await), [true, false, false, true]);
    let view = world.customer("user_id", "ada").await;
    let held = view.consents.as_ref().expect("asked for");
    let status =
        |purpose: &str| held.iter().find(|c| &*c.consent.fact.purpose == purpose).map(|c| c.consent.fact.status);
    assert_eq!((held.len(), status("p1000")), (1_001, None));
    assert_eq!((status("p7"), status("p1001")), (Some(ConsentStatus::Revoked), Some(ConsentStatus::Denied)));
}
