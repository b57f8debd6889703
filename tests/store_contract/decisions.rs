//! What people decide, and identifiers that turn out to be shared.

use throughline::domain::change::{ChangeEntry, ChangePlace, IdentityEventKind};
use throughline::domain::consent::ConsentStatus;
use throughline::domain::customer::CustomerView;
use throughline::domain::identifier::Identifier;
use throughline::domain::touchpoint::Direction;
use throughline::domain::{Currency, CustomerId, IdentifierId, IdentifierKey, ProblemCode};
use throughline::stitching::compare::{CurrentPartition, compare};
use throughline::stitching::restitch::Restitch;
use throughline::stitching::{DecisionAction, DecisionOutcome, DecisionRequest};
use throughline::store::AppliedDecision;
use throughline::store::query::{CustomerFilter, CustomerKey, CustomerList, CustomerSort, IdentifierRef};

use crate::common::facts::{Event, event, minute};
use crate::common::world::{World, customer_of, names};
use crate::fixture::cases;

cases! {
    a_merge_moves_everything_and_old_ids_find_it,
    a_split_after_a_merge_gives_everything_back_under_the_old_ids,
    who_was_split_off_never_comes_back_by_itself,
    who_is_kept_apart_stays_apart_until_a_person_merges_them,
    a_split_of_what_never_was_one_makes_a_new_customer,
    a_trial_says_what_would_be_and_writes_nothing,
    what_cannot_be_ruled_is_said_and_nothing_changes,
    a_merge_within_a_chain_is_undone_as_it_was,
    a_shared_device_leaves_its_customer_and_binds_nobody,
    a_merge_overrides_a_limit,
    what_is_said_names_identifiers_in_the_order_in_which_they_were_first_seen,
    a_device_may_turn_out_shared_in_the_batch_that_brings_it,
    a_decision_hides_no_limit_in_whatever_order_things_arrive,
    a_split_of_a_merge_hides_no_limit,
    a_kind_that_may_not_merge_hides_no_limit,
    a_limit_on_devices_hides_no_limit_on_people,
    a_cap_hides_no_limit,
    a_decision_between_others_of_an_event_hides_no_limit,
    a_device_kept_off_two_customers_in_two_events_is_shared,
    a_device_whose_kind_may_not_merge_is_shared_by_two_events,
    a_cap_in_one_event_hides_no_limit_in_another,
    a_limit_on_devices_in_one_event_hides_no_limit_in_another,
    a_device_that_was_split_off_is_shared_when_another_signs_in,
    a_split_alone_shows_that_a_device_is_shared_when_it_is_seen_again,
    a_device_that_one_customer_uses_in_two_events_is_not_shared,
    a_decision_alone_shares_no_device,
}

async fn rule(world: &World, action: DecisionAction, trial: bool) -> AppliedDecision {
    let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
    world.store.decide(&world.rules, &request, minute(2_000), trial).await.expect("a ruling")
}

async fn done(world: &World, action: DecisionAction) -> DecisionOutcome {
    let decided = rule(world, action, false).await;
    assert!(decided.outcome.done, "{:?}", decided.outcome);
    assert_eq!(world.store.status().await.expect("a status").change, decided.change);
    decided.outcome
}

fn key(kind: &str, value: &str) -> IdentifierKey {
    IdentifierKey::new(kind, value)
}

/// Two people with a history each.
fn two() -> Vec<Event> {
    vec![
        event("m1").minute(1).user("ada").anonymous("a1").email("ada@example.org").device("d1", "mobile", None).view(),
        event("m2").minute(2).user("ada").claim("first_name", "\"Ada\""),
        event("m3").minute(3).user("ada").completed("o1", "10.00", &[]).touch(
            "order",
            "Order Completed",
            "website",
            Direction::Inbound,
        ),
        event("m4").minute(4).user("ada").consent("ads", None, ConsentStatus::Granted),
        event("m5").minute(5).email("ada@home.example").anonymous("b1").device("d2", "desktop", None).view(),
        event("m6").minute(6).email("ada@home.example").completed("o2", "7.50", &[]).touch(
            "order",
            "Order Completed",
            "website",
            Direction::Inbound,
        ),
        event("m7").minute(7).email("ada@home.example").consent("ads", None, ConsentStatus::Denied),
    ]
}

async fn ids(world: &World, names: &[(&str, &str)]) -> Vec<IdentifierId> {
    let mut ids = Vec::new();
    for (kind, value) in names {
        ids.push(world.identifier(kind, value).await);
    }
    ids
}

/// Everything about a customer but its version.
fn all_of(view: &CustomerView) -> String {
    let mut view = view.clone();
    view.customer.version = 0;
    view.claims.sort_by_key(|c| c.arrival);
    if let Some(consents) = &mut view.consents {
        consents.sort_by_key(|c| (c.identifier, c.consent.arrival));
    }
    format!("{view:#?}")
}

async fn total(world: &World) -> i64 {
    let counted = world.store.count_customers(&CustomerFilter::default()).await.expect("a count");
    assert_eq!(world.store.status().await.expect("a status").customers, counted);
    counted
}

/// Ids in order of birth, and of when they were last seen: the lists agree with the rest.
async fn listed(world: &World) -> Vec<CustomerId> {
    let mut lists = Vec::new();
    for sort in [CustomerSort::Created, CustomerSort::LastSeen, CustomerSort::NetSpend(Currency("GBP".into()))] {
        let list = CustomerList { filter: CustomerFilter::default(), sort, descending: false, after: None, limit: 100 };
        let page = world.store.list_customers(&list).await.expect("a page");
        lists.push(page.items.into_iter().map(|(id, _)| id).collect::<Vec<_>>());
    }
    let by_birth = lists[0].clone();
    for mut list in lists {
        list.sort();
        let mut sorted = by_birth.clone();
        sorted.sort();
        assert_eq!(list, sorted);
    }
    by_birth
}

async fn a_merge_moves_everything_and_old_ids_find_it(world: World) {
    world.apply_each(two()).await;
    let (ada, home) = (world.id("user_id", "ada").await, world.id("email", "ada@home.example").await);
    let outcome = done(&world, DecisionAction::Merge(vec![home.clone(), ada.clone()])).await;
    assert_eq!((outcome.customer, outcome.others), (Some(ada.clone()), vec![home.clone()]), "the older id stays");
    let one = world.customer("user_id", "ada").await;
    assert_eq!(names(&one).len(), 5);
    assert_eq!(one.customer.former_ids, std::slice::from_ref(&home));
    assert_eq!(one.orders.as_ref().expect("orders").items.len(), 2);
    assert_eq!(one.touchpoints.as_ref().expect("touchpoints").items.len(), 4);
    let by_old = world.find_by(CustomerKey::Id(home.clone())).await.expect("the old id finds it");
    assert_eq!(by_old.customer.id, ada);
    assert_eq!((total(&world).await, listed(&world).await), (1, vec![ada.clone()]));
    // The history and the log tell who did it, and why.
    let history = world.store.list_identity_events(std::slice::from_ref(&ada), None, 100).await.expect("a history");
    let last = history[0].items.last().expect("a line");
    assert_eq!((last.kind, last.by.as_deref()), (IdentityEventKind::Merged, Some("clerk")));
    assert_eq!((last.reason.as_deref(), &last.others), (Some("they called"), &vec![home.clone()]));
    let mut place = ChangePlace::behind(0);
    let mut entries = Vec::new();
    loop {
        let run = world.store.changes(place, 100).await.expect("the log");
        if run.upto == place {
            break;
        }
        place = run.upto;
        entries.extend(run.changes.into_iter().map(|change| change.entry));
    }
    let merged = entries.iter().rfind(|e| matches!(e, ChangeEntry::CustomersMerged { .. }));
    let Some(ChangeEntry::CustomersMerged { customer: c, others: o, message: None, reason: Some(why), .. }) = merged
    else {
        panic!("{merged:?}")
    };
    assert_eq!((c, o, &**why), (&ada, &vec![home.clone()], "they called"));
    // The same again is no news.
    let again = rule(&world, DecisionAction::Merge(vec![home, ada]), false).await.outcome;
    assert!(!again.done && again.problems[0].code == ProblemCode::SameCustomer, "{again:?}");
}

async fn a_split_after_a_merge_gives_everything_back_under_the_old_ids(world: World) {
    world.apply_each(two()).await;
    let (ada, home) = (world.customer("user_id", "ada").await, world.customer("email", "ada@home.example").await);
    done(&world, DecisionAction::Merge(vec![ada.customer.id.clone(), home.customer.id.clone()])).await;
    let moved = home.identifiers.iter().map(|i| i.key.clone()).collect();
    let outcome = done(&world, DecisionAction::Split(ada.customer.id.clone(), moved)).await;
    assert_eq!((outcome.customer, outcome.others), (Some(ada.customer.id.clone()), vec![home.customer.id.clone()]));
    assert_eq!(all_of(&*world.customer("user_id", "ada").await), all_of(&ada));
    assert_eq!(all_of(&*world.customer("email", "ada@home.example").await), all_of(&home));
    assert_eq!(
        all_of(&world.find_by(CustomerKey::Id(home.customer.id.clone())).await.expect("it lives")),
        all_of(&home)
    );
    assert_eq!(total(&world).await, 2);
    assert_eq!(listed(&world).await, [ada.customer.id.clone(), home.customer.id.clone()]);
    for customer in [&ada.customer.id, &home.customer.id] {
        let history =
            world.store.list_identity_events(std::slice::from_ref(customer), None, 100).await.expect("a history");
        let last = history[0].items.last().expect("a line");
        assert_eq!((last.kind, last.others.len()), (IdentityEventKind::Split, 1), "it stands with both");
    }
}

async fn who_was_split_off_never_comes_back_by_itself(world: World) {
    world.apply([event("m1").user("ada").anonymous("a1").email("ada@example.org")]).await;
    let ada = world.id("user_id", "ada").await;
    let outcome = done(&world, DecisionAction::Split(ada.clone(), vec![key("anonymous_id", "a1")])).await;
    let other = outcome.others[0].clone();
    assert_ne!(other, ada);
    // The very event again under another name, and somebody new who is seen with both.
    world.apply([event("m2").user("ada").anonymous("a1").email("ada@example.org")]).await;
    world.apply([event("m3").anonymous("a1").card("c1")]).await;
    world.apply([event("m4").user("ada").card("c1")]).await;
    assert_eq!(names(&*world.customer("anonymous_id", "a1").await), ["anonymous_id:a1", "loyalty_card:c1"]);
    assert_eq!(names(&*world.customer("user_id", "ada").await), ["email:ada@example.org", "user_id:ada"]);
    // And who is parted from the parted keeps their side.
    done(&world, DecisionAction::Split(other.clone(), vec![key("loyalty_card", "c1")])).await;
    world.apply([event("m5").user("ada").card("c1")]).await;
    assert_eq!(names(&*world.customer("user_id", "ada").await), ["email:ada@example.org", "user_id:ada"]);
    // What was said is told.
    let user = world.identifier("user_id", "ada").await;
    let apart = world.store.kept_apart(&[user, world.identifier("loyalty_card", "c1").await]).await.expect("an answer");
    assert_eq!(apart[0], ids(&world, &[("anonymous_id", "a1"), ("loyalty_card", "c1")]).await);
    assert_eq!(apart[1].len(), 3);
    // Until a person says so.
    done(&world, DecisionAction::Merge(vec![ada, other])).await;
    assert_eq!(names(&*world.customer("anonymous_id", "a1").await).len(), 3);
    let apart = world.store.kept_apart(&[user]).await.expect("an answer");
    assert_eq!(apart[0], ids(&world, &[("loyalty_card", "c1")]).await);
}

async fn who_is_kept_apart_stays_apart_until_a_person_merges_them(world: World) {
    world.apply_each([event("m1").email("one@example.org"), event("m2").email("two@example.org")]).await;
    let (one, two) = (world.id("email", "one@example.org").await, world.id("email", "two@example.org").await);
    let outcome = done(&world, DecisionAction::KeepApart(vec![one.clone(), two.clone()])).await;
    assert_eq!((outcome.customer, outcome.others), (Some(one.clone()), vec![two.clone()]));
    let again = rule(&world, DecisionAction::KeepApart(vec![two.clone(), one.clone()]), false).await.outcome;
    assert!(!again.done && again.problems.is_empty(), "it is so already: {again:?}");
    world.apply([event("m3").email("one@example.org").email("two@example.org")]).await;
    assert_eq!(total(&world).await, 2);
    done(&world, DecisionAction::Merge(vec![one.clone(), two])).await;
    world.apply([event("m4").email("two@example.org").anonymous("a1")]).await;
    assert_eq!(world.id("anonymous_id", "a1").await, one);
    assert_eq!(total(&world).await, 1);
}

async fn a_split_of_what_never_was_one_makes_a_new_customer(world: World) {
    world
        .apply_each([
            event("m1").user("ada").anonymous("a1").view(),
            event("m2").anonymous("a1").completed("o1", "5.00", &[]).touch(
                "order",
                "Order Completed",
                "website",
                Direction::Inbound,
            ),
        ])
        .await;
    let ada = world.id("user_id", "ada").await;
    let outcome = done(&world, DecisionAction::Split(ada.clone(), vec![key("anonymous_id", "a1")])).await;
    let new = world.find_by(CustomerKey::Id(outcome.others[0].clone())).await.expect("the new one");
    assert_eq!(names(&new), ["anonymous_id:a1"]);
    assert_eq!(new.orders.as_ref().expect("orders").items.len(), 1, "what hangs on it goes with it");
    assert!(new.customer.former_ids.is_empty());
    assert_eq!(total(&world).await, 2);
    let rest = world.find_by(CustomerKey::Id(ada)).await.expect("the old one");
    assert_eq!(rest.orders.as_ref().expect("orders").items.len(), 0);
}

async fn a_trial_says_what_would_be_and_writes_nothing(world: World) {
    world.apply_each(two()).await;
    let (ada, home) = (world.customer("user_id", "ada").await, world.customer("email", "ada@home.example").await);
    let before = world.store.status().await.expect("a status");
    let ids = vec![ada.customer.id.clone(), home.customer.id.clone()];
    let trial = rule(&world, DecisionAction::Merge(ids.clone()), true).await;
    assert!(trial.outcome.done);
    assert_eq!(trial.change, before.change);
    assert_eq!(trial.outcome.sketches.len(), 1);
    assert_eq!(trial.outcome.sketches[0].identifiers.len(), 5);
    let trial =
        rule(&world, DecisionAction::Split(ids[0].clone(), vec![key("anonymous_id", "a1")]), true).await.outcome;
    let sketched: Vec<_> = trial.sketches.iter().map(|s| (s.customer.clone(), s.identifiers.len())).collect();
    assert_eq!(sketched, [(Some(ids[0].clone()), 2), (None, 1)], "a new id is not given out");
    assert_eq!(world.store.status().await.expect("a status"), before);
    assert_eq!(all_of(&*world.customer("user_id", "ada").await), all_of(&ada));
    // The real thing comes to what the trial said.
    let outcome = done(&world, DecisionAction::Merge(ids)).await;
    assert_eq!(outcome.sketches.len(), 1);
}

async fn what_cannot_be_ruled_is_said_and_nothing_changes(world: World) {
    world.apply_each([event("m1").user("ada").anonymous("a1"), event("m2").user("ben")]).await;
    let (ada, ben) = (world.id("user_id", "ada").await, world.id("user_id", "ben").await);
    let before = world.store.status().await.expect("a status");
    let nobody = CustomerId("00000000000000000000000000000000".into());
    use ProblemCode::*;
    let cases = [
        (DecisionAction::Merge(vec![ada.clone()]), BadArgument, Some("ids")),
        (DecisionAction::Merge(vec![]), BadArgument, Some("ids")),
        (DecisionAction::Merge(vec![ada.clone(), ada.clone()]), SameCustomer, Some("ids")),
        (DecisionAction::Merge(vec![ada.clone(), nobody.clone()]), NotFound, Some("ids[1]")),
        (DecisionAction::KeepApart(vec![ada.clone(), ada.clone()]), SameCustomer, Some("ids")),
        (DecisionAction::Split(nobody, vec![key("user_id", "ada")]), NotFound, Some("id")),
        (DecisionAction::Split(ada.clone(), vec![]), BadArgument, Some("identifiers")),
        (
            DecisionAction::Split(ada.clone(), vec![key("user_id", "ada"), key("anonymous_id", "a1")]),
            NothingLeft,
            Some("identifiers"),
        ),
        (
            DecisionAction::Split(ada.clone(), vec![key("anonymous_id", "a1"), key("user_id", "ben")]),
            NotItsIdentifier,
            Some("identifiers[1]"),
        ),
        (DecisionAction::Split(ada.clone(), vec![key("user_id", "nobody")]), UnknownIdentifier, Some("identifiers[0]")),
    ];
    for (action, code, path) in cases {
        let outcome = rule(&world, action.clone(), false).await.outcome;
        let problem = outcome.problems.first().unwrap_or_else(|| panic!("{action:?}"));
        assert_eq!((problem.code, problem.path.as_deref(), outcome.done), (code, path, false), "{action:?}");
    }
    assert_eq!(world.store.status().await.expect("a status"), before);
    let unknown = world.store.identifiers(&[IdentifierRef::Key(key("user_id", "nobody"))]).await.expect("an answer");
    assert!(unknown[0].is_none(), "a question makes nobody");
    assert_eq!(names(&*world.customer("user_id", "ben").await), ["user_id:ben"]);
    assert_eq!(world.id("user_id", "ben").await, ben);
}

/// C becomes B, B becomes A: then B's part is split off, and C's id goes with it.
async fn a_merge_within_a_chain_is_undone_as_it_was(world: World) {
    world
        .apply_each([
            event("m1").email("a@example.org"),
            event("m2").email("b@example.org"),
            event("m3").email("c@example.org"),
        ])
        .await;
    let [a, b, c] = [
        world.id("email", "a@example.org").await,
        world.id("email", "b@example.org").await,
        world.id("email", "c@example.org").await,
    ];
    done(&world, DecisionAction::Merge(vec![b.clone(), c.clone()])).await;
    let before = world.customer("email", "b@example.org").await;
    done(&world, DecisionAction::Merge(vec![a.clone(), b.clone()])).await;
    let outcome = done(
        &world,
        DecisionAction::Split(a.clone(), vec![key("email", "b@example.org"), key("email", "c@example.org")]),
    )
    .await;
    assert_eq!(outcome.others, std::slice::from_ref(&b));
    assert_eq!(all_of(&*world.customer("email", "c@example.org").await), all_of(&before));
    assert_eq!(world.find_by(CustomerKey::Id(c.clone())).await.expect("it is found").customer.id, b);
    assert!(world.find_by(CustomerKey::Id(a.clone())).await.expect("it is found").customer.former_ids.is_empty());
    let outcome = done(&world, DecisionAction::Split(b, vec![key("email", "c@example.org")])).await;
    assert_eq!(outcome.others, [c]);
    assert_eq!(total(&world).await, 3);
}

async fn a_shared_device_leaves_its_customer_and_binds_nobody(world: World) {
    world
        .apply_each([
            event("m1").anonymous("tablet").email("ada@example.org"),
            event("m2").anonymous("tablet").email("ben@example.org").view(),
            event("m3").user("ada").email("ada@example.org"),
        ])
        .await;
    let ada = world.id("user_id", "ada").await;
    assert_eq!(names(&*world.customer("user_id", "ada").await).len(), 4);
    let applied = world.apply([event("m4").user("ben").anonymous("tablet").view()]).await;
    assert_ne!(customer_of(&applied.outcomes[0]), Some(ada.clone()));
    let tablet =
        world.store.identifiers(&[IdentifierRef::Key(key("anonymous_id", "tablet"))]).await.expect("an answer");
    let tablet = tablet.into_iter().flatten().next().expect("the tablet");
    assert_eq!((tablet.is_shared(), tablet.customer), (true, None));
    assert_eq!(names(&*world.customer("user_id", "ada").await), ["email:ada@example.org", "user_id:ada"]);
    assert_eq!(world.id("user_id", "ada").await, ada, "the id stays with the oldest");
    assert_eq!(names(&*world.customer("email", "ben@example.org").await), ["email:ben@example.org"]);
    assert!(world.find("anonymous_id", "tablet").await.is_none());
    assert_eq!(total(&world).await, 3);
    // From now on it joins nobody, and what is seen on it alone is nobody's.
    let applied =
        world.apply([event("m5").anonymous("tablet").card("c1"), event("m6").anonymous("tablet").view()]).await;
    assert_eq!(customer_of(&applied.outcomes[1]), None);
    assert_eq!(names(&*world.customer("loyalty_card", "c1").await), ["loyalty_card:c1"]);
    assert_eq!(total(&world).await, 4);
}

async fn a_merge_overrides_a_limit(world: World) {
    world.apply_each([event("m1").user("ada"), event("m2").user("lovelace")]).await;
    world.apply([event("m3").user("ada").user("lovelace")]).await;
    let (ada, lovelace) = (world.id("user_id", "ada").await, world.id("user_id", "lovelace").await);
    assert_ne!(ada, lovelace, "the limit of one user_id");
    done(&world, DecisionAction::Merge(vec![ada.clone(), lovelace])).await;
    world.apply([event("m4").user("lovelace").email("ada@example.org")]).await;
    assert_eq!(world.id("email", "ada@example.org").await, ada);
}

async fn a_device_may_turn_out_shared_in_the_batch_that_brings_it(world: World) {
    world
        .apply([
            event("m1").user("ada").anonymous("tablet").view(),
            event("m2").user("ben").anonymous("tablet").view(),
            event("m3").anonymous("tablet").view(),
        ])
        .await;
    let tablet =
        world.store.identifiers(&[IdentifierRef::Key(key("anonymous_id", "tablet"))]).await.expect("an answer");
    let tablet = tablet.into_iter().flatten().next().expect("the tablet");
    assert_eq!((tablet.is_shared(), tablet.customer), (true, None));
    assert_eq!(names(&*world.customer("user_id", "ada").await), ["user_id:ada"]);
    assert_eq!(total(&world).await, 2);
    world.apply([event("m4").anonymous("tablet").card("c1")]).await;
    assert_eq!(names(&*world.customer("loyalty_card", "c1").await), ["loyalty_card:c1"]);
}

/// Whether the tablet is nobody's, and what it does alone; and whether a replay says the same of everybody.
async fn tablet_is_shared(world: &World) -> bool {
    let found = world.store.identifiers(&[IdentifierRef::Key(key("anonymous_id", "tablet"))]).await.expect("an answer");
    let tablet = found.into_iter().flatten().next().expect("the tablet");
    let change = world.store.status().await.expect("a status").change;
    let alone = world.apply([event(&format!("alone after {change}")).minute(900).anonymous("tablet").view()]).await;
    assert_eq!(customer_of(&alone.outcomes[0]), tablet.customer);
    assert_eq!(tablet.is_shared(), tablet.customer.is_none());
    replays_to_where_it_stands(world).await;
    tablet.is_shared()
}

/// That is what a restitch and a trial find.
async fn replays_to_where_it_stands(world: &World) {
    let at = world.store.status().await.expect("a status").change;
    let mut replay = Restitch::new(&world.rules, world.store.scan_decisions(at, None, 100).await.expect("decisions"));
    let mut today = CurrentPartition::default();
    let mut births = Vec::new();
    for stood in world.store.scan_identifiers(at, None, 100).await.expect("identifiers") {
        replay.add(stood.id, &stood.key, false);
        today.shared.push(stood.shared);
        today.made.push(false);
        today.holders.push(stood.holder.map(|birth| {
            let known = births.iter().position(|other| *other == birth);
            known.unwrap_or_else(|| {
                births.push(birth);
                births.len() - 1
            }) as u32
        }));
    }
    for (seen, _) in world.store.scan_evidence(at, None, 100).await.expect("evidence") {
        replay.see(&seen);
    }
    assert_eq!(compare(&today, &replay.finish().partition).pieces, []);
}

/// Two who sign in by themselves; then a person keeps them apart, and both sign in on one tablet.
async fn a_decision_hides_no_limit_in_whatever_order_things_arrive(world: World) {
    // Which of them is first on the tablet, before the decision or after, and how much comes at once.
    for (n, (first, second, before, at_once)) in
        [("ada", "ben", false, false), ("ben", "ada", false, true), ("ada", "ben", true, false)].into_iter().enumerate()
    {
        let id = |what: &str| format!("{what}{n}");
        let tablet = if n == 0 { "tablet".to_owned() } else { id("tablet") };
        let user = |what: &str, who: &str| event(&id(what)).user(&id(who));
        let on_tablet = |what: &str, who: &str| user(what, who).anonymous(&tablet).view();
        world.apply_each([user("m1", "ada").view(), user("m2", "ben").view()]).await;
        if before {
            world.apply([on_tablet("m3", first)]).await;
        }
        let ids = vec![world.id("user_id", &id("ada")).await, world.id("user_id", &id("ben")).await];
        done(&world, DecisionAction::KeepApart(ids)).await;
        let signed_in = [on_tablet("m4", first), on_tablet("m5", second)];
        match at_once {
            true => drop(world.apply(signed_in).await),
            false => world.apply_each(signed_in).await,
        }
        let found = world.store.identifiers(&[IdentifierRef::Key(key("anonymous_id", &tablet))]).await.expect("one");
        let tablet = found.into_iter().flatten().next().expect("the tablet");
        assert_eq!((tablet.is_shared(), tablet.customer), (true, None), "{first} {second} {before} {at_once}");
        assert_eq!(names(&*world.customer("user_id", &id("ada")).await).len(), 1);
    }
    assert!(tablet_is_shared(&world).await);
}

async fn a_split_of_a_merge_hides_no_limit(world: World) {
    world.apply_each([event("m1").user("ada").view(), event("m2").user("ben").view()]).await;
    let (ada, ben) = (world.id("user_id", "ada").await, world.id("user_id", "ben").await);
    done(&world, DecisionAction::Merge(vec![ada.clone(), ben])).await;
    world.apply([event("m3").user("ada").anonymous("tablet").view()]).await;
    done(&world, DecisionAction::Split(ada, vec![key("user_id", "ben")])).await;
    world.apply([event("m4").user("ben").anonymous("tablet").view()]).await;
    assert!(tablet_is_shared(&world).await);
}

async fn a_kind_that_may_not_merge_hides_no_limit(mut world: World) {
    world.rules.kinds[5].merges = false;
    world.apply_each([event("m1").user("ada").anonymous("tablet").view(), event("m2").user("ben").view()]).await;
    world.apply([event("m3").user("ben").anonymous("tablet").view()]).await;
    assert!(tablet_is_shared(&world).await);
}

async fn a_limit_on_devices_hides_no_limit_on_people(mut world: World) {
    // Devices come first, and a customer has one.
    world.rules.kinds[5].limit = Some(1);
    let devices = world.rules.kinds.remove(5);
    world.rules.kinds.insert(0, devices);
    world
        .apply_each([
            event("m1").user("ada").anonymous("tablet").view(),
            event("m2").user("ben").anonymous("phone").view(),
            event("m3").user("ben").anonymous("tablet").view(),
        ])
        .await;
    assert!(tablet_is_shared(&world).await);
}

async fn a_cap_hides_no_limit(mut world: World) {
    world.rules.max_identifiers = 2;
    world.rules.kinds[5].merges = false;
    world
        .apply_each([
            event("m1").user("ada").anonymous("tablet").view(),
            event("m2").user("ben").email("ben@example.org").view(),
            event("m3").user("ben").anonymous("tablet").view(),
        ])
        .await;
    assert!(tablet_is_shared(&world).await);
}

/// The tablet goes to a family's address; two people who are kept apart from it use it in one event.
async fn a_decision_between_others_of_an_event_hides_no_limit(world: World) {
    world
        .apply_each([
            event("m1").email("home@example.org").view(),
            event("m2").user("ada").phone("+441").view(),
            event("m3").user("ben").phone("+442").view(),
        ])
        .await;
    let home = world.id("email", "home@example.org").await;
    let (ada, ben) = (world.id("user_id", "ada").await, world.id("user_id", "ben").await);
    done(&world, DecisionAction::KeepApart(vec![home.clone(), ada])).await;
    done(&world, DecisionAction::KeepApart(vec![home, ben])).await;
    world.apply([event("m4").email("home@example.org").phone("+441").phone("+442").anonymous("tablet").view()]).await;
    assert!(tablet_is_shared(&world).await);
}

/// A device, once a replay says the same of everybody.
async fn device(world: &World, value: &str) -> Identifier {
    replays_to_where_it_stands(world).await;
    let found = world.store.identifiers(&[IdentifierRef::Key(key("anonymous_id", value))]).await.expect("an answer");
    found.into_iter().flatten().next().expect("the device")
}

/// Ada, Ben and a tablet, once for each order in which the two sign in on it.
struct Turn {
    ada: String,
    ben: String,
    tablet: String,
    ada_first: bool,
    at_once: bool,
}

impl Turn {
    fn all() -> impl Iterator<Item = Turn> {
        (0..4).map(|n| Turn {
            ada: format!("ada{n}"),
            ben: format!("ben{n}"),
            tablet: format!("tablet{n}"),
            ada_first: n % 2 == 0,
            at_once: n / 2 == 0,
        })
    }

    fn of(&self, what: &str) -> Event {
        event(&format!("{what} {}", self.tablet))
    }

    async fn both_sign_in(&self, world: &World) {
        let signs_in = |who: &str| self.of(who).user(who).anonymous(&self.tablet).view();
        let mut both = [signs_in(&self.ada), signs_in(&self.ben)];
        if !self.ada_first {
            both.reverse();
        }
        match self.at_once {
            true => drop(world.apply(both).await),
            false => world.apply_each(both).await,
        }
    }
}

/// A visitor of whom a person says that it is neither of them. Both sign in on its tablet.
async fn a_device_kept_off_two_customers_in_two_events_is_shared(world: World) {
    for turn in Turn::all() {
        let Turn { ada, ben, tablet, .. } = &turn;
        let alone = [turn.of("m0").anonymous(tablet).view(), turn.of("m1").user(ada), turn.of("m2").user(ben)];
        world.apply_each(alone).await;
        let visitor = world.id("anonymous_id", tablet).await;
        for other in [world.id("user_id", ada).await, world.id("user_id", ben).await] {
            done(&world, DecisionAction::KeepApart(vec![visitor.clone(), other])).await;
        }
        turn.both_sign_in(&world).await;
        let found = device(&world, tablet).await;
        assert!(found.is_shared(), "{tablet}");
        assert_eq!(found.customer, Some(visitor.clone()), "a customer id finds somebody, and it has nothing else");
        // It joins nobody: who comes next has a customer of its own.
        let cora = format!("{ada}@example.org");
        world.apply([turn.of("m5").email(&cora).anonymous(tablet).view()]).await;
        assert_eq!(names(&*world.customer("email", &cora).await), [format!("email:{cora}")]);
        // A person says that the visitor is Ada after all: the tablet is not hers for that.
        done(&world, DecisionAction::Merge(vec![visitor, world.id("user_id", ada).await])).await;
        assert_eq!(device(&world, tablet).await.customer, None);
        assert_eq!(names(&*world.customer("user_id", ada).await), [format!("user_id:{ada}")]);
    }
}

async fn a_device_whose_kind_may_not_merge_is_shared_by_two_events(mut world: World) {
    world.rules.kinds[5].merges = false;
    for turn in Turn::all() {
        let Turn { ada, ben, tablet, .. } = &turn;
        let alone = [turn.of("m0").anonymous(tablet).view(), turn.of("m1").user(ada), turn.of("m2").user(ben)];
        world.apply_each(alone).await;
        world.apply([turn.of("m3").user(ada).anonymous(tablet).view()]).await;
        assert!(!device(&world, tablet).await.is_shared());
        turn.both_sign_in(&world).await;
        assert!(device(&world, tablet).await.is_shared());
        assert_eq!(names(&*world.customer("user_id", ben).await), [format!("user_id:{ben}")]);
    }
}

async fn a_cap_in_one_event_hides_no_limit_in_another(mut world: World) {
    world.rules.max_identifiers = 2;
    for turn in Turn::all() {
        let Turn { ada, ben, tablet, .. } = &turn;
        world.apply_each([turn.of("m1").user(ada).card(ada), turn.of("m2").user(ben)]).await;
        turn.both_sign_in(&world).await;
        let found = device(&world, tablet).await;
        assert_eq!((found.is_shared(), found.customer), (true, None), "{tablet}");
    }
}

async fn a_limit_on_devices_in_one_event_hides_no_limit_in_another(mut world: World) {
    world.rules.kinds[5].limit = Some(1);
    for turn in Turn::all() {
        let Turn { ada, ben, tablet, .. } = &turn;
        world.apply_each([turn.of("m1").user(ada).anonymous(ada), turn.of("m2").user(ben)]).await;
        turn.both_sign_in(&world).await;
        let found = device(&world, tablet).await;
        assert_eq!((found.is_shared(), found.customer), (true, None), "{tablet}");
    }
}

async fn a_device_that_was_split_off_is_shared_when_another_signs_in(world: World) {
    world.apply_each([event("m1").user("ada").anonymous("tablet").view(), event("m2").user("ben").view()]).await;
    let ada = world.id("user_id", "ada").await;
    done(&world, DecisionAction::Split(ada, vec![key("anonymous_id", "tablet")])).await;
    assert!(!device(&world, "tablet").await.is_shared());
    world.apply([event("m3").user("ben").anonymous("tablet").view()]).await;
    let found = device(&world, "tablet").await;
    assert_eq!((found.is_shared(), found.customer), (true, None));
    assert_eq!(names(&*world.customer("user_id", "ben").await), ["user_id:ben"]);
}

/// Both were one customer while they used it.
async fn a_split_alone_shows_that_a_device_is_shared_when_it_is_seen_again(world: World) {
    world.apply_each([event("m1").user("ada").view(), event("m2").user("ben").view()]).await;
    let (ada, ben) = (world.id("user_id", "ada").await, world.id("user_id", "ben").await);
    done(&world, DecisionAction::Merge(vec![ada.clone(), ben])).await;
    let on_tablet = |id: &str, who: &str| event(id).user(who).anonymous("tablet").view();
    world.apply_each([on_tablet("m3", "ada"), on_tablet("m4", "ben")]).await;
    done(&world, DecisionAction::Split(ada, vec![key("user_id", "ben")])).await;
    assert!(!device(&world, "tablet").await.is_shared());
    world.apply([on_tablet("m5", "ada")]).await;
    assert!(device(&world, "tablet").await.is_shared());
}

async fn a_device_that_one_customer_uses_in_two_events_is_not_shared(mut world: World) {
    world.rules.kinds[5].merges = false;
    world
        .apply_each([
            event("m0").anonymous("tablet").view(),
            event("m1").user("ada").email("ada@example.org").view(),
            event("m2").user("ada").anonymous("tablet").view(),
            event("m3").email("ada@example.org").anonymous("tablet").view(),
            event("m4").email("cora@example.org").anonymous("tablet").view(),
        ])
        .await;
    assert!(!device(&world, "tablet").await.is_shared(), "no limit keeps Ada and Cora apart");
    world.apply([event("m5").user("cora").email("cora@example.org").view()]).await;
    world.apply([event("m6").user("cora").anonymous("tablet").view()]).await;
    assert!(device(&world, "tablet").await.is_shared());
}

async fn a_decision_alone_shares_no_device(world: World) {
    let email = |id: &str, who: &str| event(id).email(&format!("{who}@example.org"));
    world.apply_each([email("m1", "ada").view(), email("m2", "ben").view()]).await;
    let ids = vec![world.id("email", "ada@example.org").await, world.id("email", "ben@example.org").await];
    done(&world, DecisionAction::KeepApart(ids)).await;
    world.apply([email("m3", "ada").anonymous("tablet").view()]).await;
    world.apply([email("m4", "ben").anonymous("tablet").view()]).await;
    assert!(!tablet_is_shared(&world).await);
    assert_eq!(names(&*world.customer("email", "ada@example.org").await).len(), 2, "the first holder keeps it");
}

async fn what_is_said_names_identifiers_in_the_order_in_which_they_were_first_seen(world: World) {
    let (mut one, mut two) = (event("m1").user("ada"), event("m2").user("bob"));
    for n in 0..4 {
        one = one.anonymous(&format!("a{n}"));
        two = two.anonymous(&format!("b{n}"));
    }
    world.apply_each([one, two]).await;
    let (ada, bob) = (world.id("user_id", "ada").await, world.id("user_id", "bob").await);
    done(&world, DecisionAction::Merge(vec![bob, ada.clone()])).await;
    let moved = vec![key("anonymous_id", "a2"), key("user_id", "bob"), key("anonymous_id", "a1")];
    done(&world, DecisionAction::Split(ada.clone(), moved)).await;
    let decisions = world.store.scan_decisions(i64::MAX >> 21, None, 10).await.expect("decisions");
    let sides: Vec<&Vec<IdentifierId>> = decisions.iter().flat_map(|decision| &decision.sides).collect();
    assert_eq!(sides.iter().map(|side| side.len()).collect::<Vec<_>>(), [5, 5, 3, 7]);
    assert!(sides.iter().all(|side| side.is_sorted()), "{sides:?}");
    let history = world.store.list_identity_events(&[ada], None, 100).await.expect("a history");
    let of = |kind| history[0].items.iter().find(|line| line.kind == kind).expect("a line").identifiers.clone();
    assert_eq!(of(IdentityEventKind::Merged), [sides[0].as_slice(), sides[1]].concat(), "side by side");
    assert_eq!(&of(IdentityEventKind::Split), sides[2]);
}
