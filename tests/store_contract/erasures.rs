//! Erased persons: what goes, what others keep, and what is known afterwards.

use std::sync::Arc;

use throughline::domain::access_key::MaskingSecret;
use throughline::domain::change::{Change, ChangeEntry, ChangePlace};
use throughline::domain::consent::ConsentStatus;
use throughline::domain::customer::{CustomerId, CustomerView};
use throughline::domain::erasure::{Erased, ErasureOutcome, ErasureRequest, ErasureSalt};
use throughline::domain::product::ProductAct;
use throughline::domain::search::{Asked, TextSearch};
use throughline::domain::touchpoint::Direction;
use throughline::domain::{IdentifierKey, Moment};
use throughline::stitching::{DecisionAction, DecisionRequest, Outcome};
use throughline::store::query::{CustomerFilter, CustomerKey, FirstPages, IdentifierRef, LinkPage, Of, Shape};
use throughline::store::recount::recount;

use crate::common::facts::{Event, event, minute};
use crate::common::world::{World, is_created, is_unchanged, names};
use crate::fixture::cases;

cases! {
    a_person_is_gone_now_and_at_every_moment,
    who_shared_a_device_with_an_erased_person_stays_as_it_was,
    a_trial_counts_and_changes_nothing,
    an_id_of_an_erased_person_is_known_as_one,
    a_replay_is_unchanged_and_a_later_event_makes_a_new_customer,
    a_suppressed_identifier_is_not_taken_until_it_is_lifted,
    the_change_log_tells_of_the_erasure_and_no_longer_of_the_person,
    a_decision_about_an_erased_person_binds_nobody,
    a_consent_that_two_hold_stays_with_the_other,
    a_product_and_an_order_of_others_stay,
    both_of_two_who_shared_a_device_can_be_erased,
    words_of_an_erased_person_find_nobody,
}

fn salt() -> ErasureSalt {
    ErasureSalt::new(MaskingSecret([7; 32]))
}

/// Erases the customer of an identifier.
async fn erase(world: &World, kind: &str, value: &str, suppress: bool) -> Erased {
    let customer = world.id(kind, value).await;
    match erase_id(world, customer, suppress, false).await {
        ErasureOutcome::Done(erased) => erased,
        other => panic!("{other:?}"),
    }
}

async fn erase_id(world: &World, customer: CustomerId, suppress: bool, trial: bool) -> ErasureOutcome {
    // The store makes the same hashes later.
    let secret = world.store.masking_secret(&MaskingSecret([7; 32])).await.expect("a secret");
    assert_eq!(secret, MaskingSecret([7; 32]));
    let request = ErasureRequest { customer, by: "clerk".into(), reason: "request 17".into(), suppress };
    let outcome = world.store.erase(&request, &salt(), minute(3_000), trial).await.expect("an erasure");
    world.store.clean_up().await.expect("clean");
    outcome
}

/// Ada on her own devices, and on one that Bob uses, too.
fn ada() -> Vec<Event> {
    vec![
        event("a1").minute(1).user("ada").anonymous("own").email("ada@example.org").device("d1", "mobile", None).view(),
        event("a2").minute(2).user("ada").claim("first_name", "\"Ada\"").claim("city", "\"Leeds\""),
        event("a3")
            .minute(3)
            .user("ada")
            .names("s1", Some("Samovar"), None)
            .completed("o1", "10.00", &[("s1", 1, "10.00")])
            .touch("order", "Order Completed", "website", Direction::Inbound),
        event("a4").minute(4).user("ada").consent("ads", None, ConsentStatus::Granted),
        event("a5").minute(5).user("ada").acted("s1", ProductAct::Wished, None).view(),
        event("a6").minute(6).user("ada").anonymous("both").device("d2", "desktop", None).view().session("s-ada"),
    ]
}

fn bob() -> Vec<Event> {
    vec![
        event("b1").minute(20).user("bob").anonymous("both").device("d2", "desktop", None).view().session("s-bob"),
        event("b2").minute(21).user("bob").email("bob@example.org").claim("first_name", "\"Bob\""),
        event("b3")
            .minute(22)
            .user("bob")
            .names("s2", Some("Hat"), None)
            .completed("o2", "5.00", &[("s2", 1, "5.00")])
            .touch("order", "Order Completed", "website", Direction::Inbound),
        event("b4").minute(23).user("bob").consent("ads", None, ConsentStatus::Denied),
    ]
}

/// What of a view must not change: all but the version.
fn shown(view: &CustomerView) -> String {
    let identifiers: Vec<_> =
        view.identifiers.iter().map(|i| (&i.key, i.first_seen_at, i.last_seen_at, &i.rollup)).collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        view.customer.id, identifiers, view.claims, view.consents, view.devices, view.orders, view.touchpoints
    )
}

async fn clean(world: &World) {
    let counted = recount(&*world.store, minute(4_000), |_| ()).await.expect("a recount");
    assert_eq!(counted.wrong, 0, "{counted:?}");
    let status = world.store.status().await.expect("a status");
    let health = world.store.identity_health().await.expect("figures");
    let counted = world.store.count_customers(&CustomerFilter::default()).await.expect("a count");
    assert_eq!((status.customers, health.customers()), (counted, counted));
    assert!(health.identifiers >= 0 && health.shared >= 0 && health.refused.values().all(|n| *n > 0), "{health:?}");
}

async fn changes(world: &World) -> Vec<Change> {
    world.store.changes(ChangePlace::BEGINNING, 10_000).await.expect("the log").changes
}

async fn a_person_is_gone_now_and_at_every_moment(world: World) {
    world.apply_each(ada()).await;
    world.apply_each(bob()).await;
    world.assign_visits().await;
    let id = world.id("user_id", "ada").await;
    let before = world.store.status().await.expect("a status");
    let view = world.customer("user_id", "ada").await;
    let erased = erase(&world, "user_id", "ada", false).await;
    assert_eq!(erased.customers, std::slice::from_ref(&id));
    assert_eq!(erased.identifiers, 3, "the shared device identifier is not hers");
    assert_eq!((erased.touchpoints, erased.orders), (4, 1));
    assert_eq!(erased.change, before.change + 1);
    let after = world.store.status().await.expect("a status");
    assert_eq!((after.customers, after.touchpoints, after.change), (1, before.touchpoints - 4, before.change + 1));

    for key in [CustomerKey::Id(id.clone()), CustomerKey::Identifier(IdentifierKey::new("email", "ada@example.org"))] {
        assert!(world.find_by(key.clone()).await.is_none());
        for change in 1..=after.change {
            let then = world.store.as_of(Moment { change, at: minute(3_500) });
            let pages = FirstPages { orders: 9, touchpoints: 9 };
            let found = then.customers(std::slice::from_ref(&key), Shape::All, pages).await.expect("an answer");
            assert!(found.into_iter().all(|view| view.expect("no fault").is_none()), "change {change}");
        }
    }
    for own in &view.identifiers {
        let key = [IdentifierRef::Key(own.key.clone()), IdentifierRef::Id(own.id)];
        assert_eq!(world.store.identifiers(&key).await.expect("an answer"), [None, None]);
    }
    let messages: Vec<Arc<str>> = (1..=6).map(|n| format!("a{n}").into()).collect();
    assert!(world.store.touchpoints(&messages).await.expect("an answer").iter().all(Option::is_none));
    let orders: Vec<_> = view.orders.iter().flat_map(|page| &page.items).map(|order| order.key.clone()).collect();
    assert_eq!(orders.len(), 1);
    assert_eq!(world.store.orders(&orders).await.expect("an answer"), [None]);
    assert_eq!(world.store.devices(&["d1".into()]).await.expect("an answer"), [None]);
    assert_eq!(world.store.products(&["s1".into()]).await.expect("an answer"), [None]);
    let of = [Of::Customer(id.clone())];
    assert_eq!(world.store.count_links(&of, None).await.expect("a count"), [0]);
    assert_eq!(world.store.count_identity_events(&[id]).await.expect("a count"), [0]);
    clean(&world).await;
}

async fn who_shared_a_device_with_an_erased_person_stays_as_it_was(world: World) {
    world.apply_each(ada()).await;
    world.apply_each(bob()).await;
    world.assign_visits().await;
    let before = world.customer("user_id", "bob").await;
    let both = world.identifier("anonymous_id", "both").await;
    let links = |world: &World| {
        let store = world.store.clone();
        async move {
            let page = LinkPage { refused: None, after: None, limit: 100 };
            store.list_links(&[Of::Identifier(both)], &page).await.expect("links")[0].items.len()
        }
    };
    assert_eq!(links(&world).await, 2);
    erase(&world, "user_id", "ada", false).await;
    let after = world.customer("user_id", "bob").await;
    assert_eq!(shown(&after), shown(&before));
    assert_eq!(links(&world).await, 1, "the link to Bob");
    let device = world.store.devices(&["d2".into()]).await.expect("an answer").remove(0).expect("the device");
    assert_eq!((device.last_seen_at, device.identifiers.len()), (minute(20), 2), "Bob, and the device identifier");
    clean(&world).await;
    // Bob's next events go on as before.
    world.apply_each([event("b9").minute(50).user("bob").anonymous("both").view().session("s-bob2")]).await;
    world.assign_visits().await;
    let later = world.customer("user_id", "bob").await;
    assert_eq!(names(&later), ["email:bob@example.org", "user_id:bob"]);
    clean(&world).await;
}

async fn a_trial_counts_and_changes_nothing(world: World) {
    world.apply_each(ada()).await;
    let before = (world.store.status().await.expect("a status"), changes(&world).await);
    let view = world.customer("user_id", "ada").await;
    let trial = erase_id(&world, view.customer.id.clone(), true, true).await;
    let ErasureOutcome::Done(trial) = trial else { panic!("{trial:?}") };
    assert_eq!((trial.identifiers, trial.touchpoints, trial.orders, trial.change), (4, 4, 1, before.0.change));
    assert_eq!((world.store.status().await.expect("a status"), changes(&world).await), before);
    let after = world.customer("user_id", "ada").await;
    assert_eq!(shown(&after), shown(&view));
    let done = erase(&world, "user_id", "ada", false).await;
    assert_eq!(done.places, trial.places);
}

async fn an_id_of_an_erased_person_is_known_as_one(world: World) {
    world.apply_each(ada()).await;
    world.apply([event("x1").minute(1).email("x@example.org").view()]).await;
    let (ada, x) = (world.id("user_id", "ada").await, world.id("email", "x@example.org").await);
    world.apply([event("x2").minute(2).user("ada").email("x@example.org").view()]).await;
    let survivor = world.id("user_id", "ada").await;
    let absorbed = if survivor == ada { x } else { ada };
    assert_eq!(
        world.find_by(CustomerKey::Id(absorbed.clone())).await.map(|v| v.customer.id.clone()),
        Some(survivor.clone())
    );
    world.apply([event("y1").minute(3).user("yves").view()]).await;
    let yves = world.id("user_id", "yves").await;
    let never = CustomerId("never".into());
    // By the id of a customer that was merged away.
    let ErasureOutcome::Done(done) = erase_id(&world, absorbed.clone(), false, false).await else { panic!("not done") };
    assert_eq!(done.customers, [survivor.clone(), absorbed.clone()]);
    let asked = [survivor.clone(), absorbed.clone(), yves, never.clone()];
    assert_eq!(world.store.erased(&asked).await.expect("an answer"), [true, true, false, false]);
    let change = world.store.status().await.expect("a status").change;
    for id in [survivor, absorbed] {
        assert_eq!(erase_id(&world, id.clone(), false, false).await, ErasureOutcome::Unchanged(id));
    }
    assert_eq!(erase_id(&world, never, false, false).await, ErasureOutcome::NotFound);
    assert_eq!(world.store.status().await.expect("a status").change, change);
    clean(&world).await;
}

async fn a_replay_is_unchanged_and_a_later_event_makes_a_new_customer(world: World) {
    world.apply_each(ada()).await;
    let old = world.id("user_id", "ada").await;
    erase(&world, "user_id", "ada", false).await;
    let change = world.store.status().await.expect("a status").change;
    let again = world.apply(ada()).await;
    assert!(again.outcomes.iter().all(is_unchanged), "{:?}", again.outcomes);
    assert_eq!(again.change, change);
    assert!(world.find("user_id", "ada").await.is_none());
    // In one batch with something new.
    let mixed = world.apply(ada().into_iter().chain([event("new").minute(90).user("ada").view()])).await;
    assert!(mixed.outcomes[..6].iter().all(is_unchanged) && is_created(&mixed.outcomes[6]), "{:?}", mixed.outcomes);
    let new = world.customer("user_id", "ada").await;
    assert_ne!(new.customer.id, old);
    assert_eq!((names(&new).len(), new.rollup().touchpoint_count()), (1, 1));
    clean(&world).await;
    // The new person can be erased, too.
    erase(&world, "user_id", "ada", false).await;
    assert!(world.apply(ada()).await.outcomes.iter().all(is_unchanged));
    clean(&world).await;
}

async fn a_suppressed_identifier_is_not_taken_until_it_is_lifted(world: World) {
    world.apply_each(ada()).await;
    let key = IdentifierKey::new("email", "ada@example.org");
    assert!(!world.store.set_suppression(&key, &salt(), false).await.expect("an answer"));
    erase(&world, "user_id", "ada", true).await;
    let known = world.store.erased_identifier(&key, &salt()).await.expect("an answer");
    assert!(known.erased && known.suppressed);
    let events = || {
        [
            event("n1").minute(91).email("ada@example.org").view(),
            event("n2").minute(92).user("cleo").anonymous("own").view(),
            event("n3").minute(93).user("cleo").view(),
        ]
    };
    let taken = world.apply(events()).await;
    assert_eq!(taken.outcomes[..2], [Outcome::Suppressed, Outcome::Suppressed]);
    assert!(is_created(&taken.outcomes[2]));
    assert!(world.find("email", "ada@example.org").await.is_none());
    let change = world.store.status().await.expect("a status").change;
    assert_eq!(world.apply([events()[0].clone()]).await.outcomes, [Outcome::Suppressed]);
    assert_eq!(world.store.status().await.expect("a status").change, change, "nothing was written");
    let missing = world.store.identifiers(&[IdentifierRef::Key(key.clone())]).await.expect("an answer");
    assert_eq!(missing, [None]);

    assert!(world.store.set_suppression(&key, &salt(), false).await.expect("an answer"));
    assert!(!world.store.set_suppression(&key, &salt(), false).await.expect("an answer"));
    let lifted = world.store.erased_identifier(&key, &salt()).await.expect("an answer");
    assert!(lifted.erased && !lifted.suppressed);
    let taken = world.apply(events()).await;
    assert!(is_created(&taken.outcomes[0]) && is_unchanged(&taken.outcomes[2]), "{:?}", taken.outcomes);
    assert_eq!(taken.outcomes[1], Outcome::Suppressed, "the other identifier is not lifted");
    clean(&world).await;
}

async fn the_change_log_tells_of_the_erasure_and_no_longer_of_the_person(world: World) {
    world.apply_each(ada()).await;
    world.apply_each(bob()).await;
    let before = changes(&world).await;
    let own = world.customer("user_id", "ada").await;
    erase(&world, "user_id", "ada", false).await;
    let after = changes(&world).await;
    let places = |changes: &[Change]| changes.iter().map(|change| (change.place, change.at)).collect::<Vec<_>>();
    assert_eq!(places(&after)[..before.len()], places(&before), "places stay: readers stand there");
    assert_eq!(after.len(), before.len() + 1);
    let Some(Change { entry: ChangeEntry::CustomerErased { customer, others, identifiers, by, reason }, .. }) =
        after.last()
    else {
        panic!("{:?}", after.last());
    };
    assert_eq!((customer, others.len(), identifiers.len()), (&own.customer.id, 0, 3));
    assert_eq!((&**by, &**reason), ("clerk", "request 17"));
    for change in &after[..before.len()] {
        let details = change.details();
        let message = details.message.as_deref().unwrap_or_default();
        assert!(!(message.len() == 2 && message.starts_with('a')), "{details:?}");
        assert!(details.order.is_none_or(|order| &*order.number != "o1"));
        assert!(!own.identifiers.iter().any(|own| details.identifiers.contains(&own.id)), "{:?}", change.entry);
    }
    let of_bob = |changes: &[Change]| {
        let bob: Vec<Change> = changes.iter().filter(|c| c.place.seq > 6 && c.place.seq <= 10).cloned().collect();
        bob.into_iter().map(|c| c.details()).filter(|d| d.kind.as_str() != "IDENTIFIER_SHARED").collect::<Vec<_>>()
    };
    assert_eq!(of_bob(&after), of_bob(&before));
}

async fn rule(world: &World, action: DecisionAction) -> CustomerId {
    let request = DecisionRequest { action, by: "clerk".into(), reason: "Ada said so".into() };
    let decided = world.store.decide(&world.rules, &request, minute(2_000), false).await.expect("a decision");
    assert!(decided.outcome.done, "{:?}", decided.outcome);
    decided.outcome.customer.expect("a customer")
}

async fn a_decision_about_an_erased_person_binds_nobody(world: World) {
    world.apply_each(ada()).await;
    world.apply([event("c1").minute(9).email("cleo@example.org").phone("+441632960001").view()]).await;
    world.apply([event("d1").minute(9).email("dora@example.org").view()]).await;
    let ids = [world.id("user_id", "ada").await, world.id("email", "cleo@example.org").await];
    rule(&world, DecisionAction::KeepApart(ids.to_vec())).await;
    let dora = world.id("email", "dora@example.org").await;
    rule(&world, DecisionAction::KeepApart(vec![ids[0].clone(), ids[1].clone(), dora])).await;
    let cleo = world.identifier("email", "cleo@example.org").await;
    assert_eq!(world.store.kept_apart(&[cleo]).await.expect("an answer")[0].len(), 5);
    erase(&world, "user_id", "ada", false).await;
    let dora = world.identifier("email", "dora@example.org").await;
    assert_eq!(world.store.kept_apart(&[cleo]).await.expect("an answer"), [vec![dora]], "Cleo and Dora stay apart");
    let decisions = world.store.scan_decisions(1 << 40, None, 100).await.expect("decisions");
    assert_eq!(decisions.len(), 1);
    assert_eq!(&*decisions[0].reason, "");
    let log = changes(&world).await;
    assert!(log.iter().all(|change| change.details().reason.as_deref() != Some("Ada said so")));
    clean(&world).await;
}

async fn a_consent_that_two_hold_stays_with_the_other(world: World) {
    world.apply([event("m1").minute(1).user("ada").email("two@example.org").view()]).await;
    world.apply([event("m2").minute(2).user("ada").consent("ads", None, ConsentStatus::Denied)]).await;
    let ada = world.id("user_id", "ada").await;
    rule(&world, DecisionAction::Split(ada, vec![IdentifierKey::new("email", "two@example.org")])).await;
    let held = |view: &CustomerView| view.consents.iter().flatten().map(|c| c.consent.fact.status).collect::<Vec<_>>();
    let before = world.customer("email", "two@example.org").await;
    assert_eq!(held(&before), [ConsentStatus::Denied], "a refusal stays with all");
    erase(&world, "user_id", "ada", false).await;
    let after = world.customer("email", "two@example.org").await;
    assert_eq!(held(&after), held(&before));
    let own = after.identifiers[0].id;
    assert!(after.consents.iter().flatten().all(|given| given.consent.owner == own), "it has an owner that exists");
    assert_eq!(after.customer.id, before.customer.id);
    clean(&world).await;
}

async fn a_product_and_an_order_of_others_stay(world: World) {
    world.apply_each(ada()).await;
    world.apply([event("c1").minute(9).user("cleo").acted("s1", ProductAct::Liked, None).view()]).await;
    // Ada sends back what Bob ordered.
    world.apply_each(bob()).await;
    world
        .apply([event("a9").minute(30).user("ada").refunded("o2", "2.00").touch(
            "return",
            "Order Refunded",
            "website",
            Direction::Inbound,
        )])
        .await;
    let before = world.customer("user_id", "bob").await;
    erase(&world, "user_id", "ada", false).await;
    let after = world.customer("user_id", "bob").await;
    let money = |view: &CustomerView| view.rollup().money;
    assert_eq!(money(&after), money(&before), "what came back is of the order");
    let found = world.store.products(&["s1".into(), "s2".into()]).await.expect("products");
    assert!(found.iter().all(Option::is_some), "Cleo likes the one, Bob bought the other");
    clean(&world).await;
}

async fn both_of_two_who_shared_a_device_can_be_erased(world: World) {
    world.apply_each(ada()).await;
    world.apply_each(bob()).await;
    world.assign_visits().await;
    erase(&world, "user_id", "ada", false).await;
    erase(&world, "user_id", "bob", false).await;
    let both = IdentifierRef::Key(IdentifierKey::new("anonymous_id", "both"));
    assert_eq!(world.store.identifiers(&[both]).await.expect("an answer"), [None], "it is nobody else's");
    let status = world.store.status().await.expect("a status");
    assert_eq!((status.customers, status.touchpoints), (0, 0));
    let health = world.store.identity_health().await.expect("figures");
    assert_eq!((health.identifiers, health.shared, health.customers()), (0, 0, 0));
    assert!(health.refused.is_empty(), "{health:?}");
    assert_eq!(world.store.devices(&["d2".into()]).await.expect("an answer"), [None]);
    clean(&world).await;
}

async fn words_of_an_erased_person_find_nobody(world: World) {
    world.apply_each(ada()).await;
    world.apply([event("c1").minute(9).user("cleo").claim("city", "\"Leeds\"").view()]).await;
    let found = async |text: &str| {
        let filter = CustomerFilter {
            text: Some(TextSearch { asked: Asked::read(text), ..TextSearch::default() }),
            ..CustomerFilter::default()
        };
        world.store.count_customers(&filter).await.expect("a count")
    };
    assert_eq!((found("ada").await, found("leeds").await), (1, 2));
    erase(&world, "user_id", "ada", false).await;
    assert_eq!((found("ada").await, found("leeds").await, found("eed").await), (0, 1, 1));
    world.apply([event("n1").minute(90).user("ada2").view()]).await;
    assert_eq!(found("ada").await, 1);
}
