//! Consents: what an identifier holds, and what is in force for its customer.

use std::sync::Arc;

use throughline::domain::Timestamp;
use throughline::domain::consent::ConsentStatus::{self, *};
use throughline::domain::consent::in_force;
use throughline::domain::customer::CustomerView;

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
    several_decisions_of_one_event_are_kept,
    a_decision_that_is_repeated_is_kept_once,
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
