//! The store as of a moment: what was stored then, whatever came later.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use throughline::domain::consent::ConsentStatus;
use throughline::domain::customer::{CustomerId, CustomerView};
use throughline::domain::device::DeviceFact;
use throughline::domain::fact::Fact;
use throughline::domain::identifier::IdentifierKey;
use throughline::domain::product::{ProductAct, ProductFact};
use throughline::domain::{Moment, Timestamp};
use throughline::stitching::{Batch, DecisionAction, DecisionRequest, Outcome};
use throughline::store::query::{CustomerKey, FirstPages, Of, OrderPage, Shape};
use throughline::store::recount::recount;
use throughline::store::{Reads, Store};

use crate::common::answers::{About, answers};
use crate::common::facts::{amount, event, minute, product, rules};
use crate::common::stores;
use crate::common::world::{World, names};
use crate::fixture::cases;
use crate::worlds::{Input, inputs};

cases! {
    a_moment_is_the_last_change_by_then,
    before_anything_was_stored_there_is_no_moment,
    a_customer_is_what_it_was,
    an_identifier_that_changed_hands_is_found_with_who_held_it,
    an_id_stands_for_what_it_had_become,
    what_was_imported_later_was_not_known,
    figures_are_counted_as_of_then,
    a_claim_and_a_consent_are_those_of_then,
    an_order_is_what_had_been_said_of_it,
    a_link_counts_what_had_been_seen,
    a_split_and_what_it_gave_back_are_of_their_time,
    a_device_and_a_product_are_what_they_were,
    times_widen_with_what_was_stored,
}

const ALL: FirstPages = FirstPages { orders: 100, touchpoints: 100 };

async fn at(world: &World, number: i64) -> Moment {
    world.store.moment(minute(number)).await.expect("an answer").expect("a moment")
}

async fn then(world: &World, number: i64) -> Arc<dyn Reads> {
    world.store.as_of(at(world, number).await)
}

async fn find(reads: &Arc<dyn Reads>, kind: &str, value: &str) -> Option<Arc<CustomerView>> {
    find_by(reads, CustomerKey::Identifier(IdentifierKey::new(kind, value))).await
}

async fn find_by(reads: &Arc<dyn Reads>, key: CustomerKey) -> Option<Arc<CustomerView>> {
    let views = reads.customers(&[key], Shape::All, ALL).await.expect("an answer");
    views.into_iter().next().expect("one answer per key").expect("no fault of the key")
}

async fn a_moment_is_the_last_change_by_then(world: World) {
    for n in 1..=3 {
        world.apply_at(minute(10 * n), [event(&format!("m{n}")).user("ada").minute(n)]).await;
    }
    // Two changes of the same millisecond: the later one.
    world.apply_at(minute(30), [event("m4").user("ada").minute(4)]).await;
    for (asked, change) in [(10, 1), (11, 1), (19, 1), (20, 2), (30, 4), (99, 4)] {
        assert_eq!(at(&world, asked).await, Moment { change, at: minute(asked) });
    }
}

async fn before_anything_was_stored_there_is_no_moment(world: World) {
    assert_eq!(world.store.moment(minute(99)).await.expect("an answer"), None);
    world.apply_at(minute(10), [event("m1").user("ada")]).await;
    assert_eq!(world.store.moment(minute(9)).await.expect("an answer"), None);
}

async fn a_customer_is_what_it_was(world: World) {
    world.apply_at(minute(10), [event("m1").user("ada").view().minute(1)]).await;
    let ada = world.id("user_id", "ada").await;
    world.apply_at(minute(20), [event("m2").user("ada").email("ada@example.org").view().minute(2)]).await;
    world.apply_at(minute(20), [event("m3").user("bob").view().minute(3)]).await;
    let early = then(&world, 10).await;
    let view = find(&early, "user_id", "ada").await.expect("a customer");
    assert_eq!((names(&view), view.as_of), (vec!["user_id:ada".to_owned()], Some(at(&world, 10).await)));
    assert_eq!(view.touchpoints.as_ref().expect("asked for").items.len(), 1);
    assert_eq!(view.rollup().touchpoint_count(), 1);
    assert!(find(&early, "email", "ada@example.org").await.is_none(), "nobody had it");
    assert!(find(&early, "user_id", "bob").await.is_none(), "he was not known");
    let bob = world.id("user_id", "bob").await;
    assert!(find_by(&early, CustomerKey::Id(bob)).await.is_none(), "his id was not given out");
    assert_eq!(find_by(&early, CustomerKey::Id(ada)).await.expect("a customer").identifiers.len(), 1);
    let late = find(&then(&world, 20).await, "email", "ada@example.org").await.expect("a customer");
    assert_eq!(names(&late), ["email:ada@example.org", "user_id:ada"]);
}

async fn an_identifier_that_changed_hands_is_found_with_who_held_it(world: World) {
    world.apply_at(minute(10), [event("m1").anonymous("a1").view(), event("m2").user("ada").view()]).await;
    let (ada, stranger) = (world.id("user_id", "ada").await, world.id("anonymous_id", "a1").await);
    world.apply_at(minute(20), [event("m3").user("ada").anonymous("a1").view()]).await;
    let early = then(&world, 15).await;
    for (kind, value, holder) in [("anonymous_id", "a1", &stranger), ("user_id", "ada", &ada)] {
        let view = find(&early, kind, value).await.expect("a customer");
        assert_eq!((&view.customer.id, view.identifiers.len()), (holder, 1), "{kind}");
        let touchpoint = &view.touchpoints.as_ref().expect("asked for").items[0];
        assert_eq!(touchpoint.owner, view.identifiers[0].id);
    }
    let whole = find(&then(&world, 20).await, "anonymous_id", "a1").await.expect("a customer");
    assert_eq!((whole.identifiers.len(), whole.touchpoints.as_ref().expect("asked for").items.len()), (2, 3));
}

async fn an_id_stands_for_what_it_had_become(world: World) {
    world
        .apply_at(minute(10), [event("m1").anonymous("a1"), event("m2").anonymous("a2"), event("m3").anonymous("a3")])
        .await;
    let mut ids: Vec<CustomerId> = Vec::new();
    for name in ["a1", "a2", "a3"] {
        ids.push(world.id("anonymous_id", name).await);
    }
    world.apply_at(minute(20), [event("m4").anonymous("a2").anonymous("a3")]).await;
    world.apply_at(minute(30), [event("m5").anonymous("a1").anonymous("a3")]).await;
    for (asked, holders, former) in [(10, [0, 1, 2], [0, 0, 0]), (20, [0, 1, 1], [0, 1, 1]), (30, [0, 0, 0], [2, 2, 2])]
    {
        let reads = then(&world, asked).await;
        for (n, id) in ids.iter().enumerate() {
            let view = find_by(&reads, CustomerKey::Id(id.clone())).await.expect("a customer");
            assert_eq!(view.customer.id, ids[holders[n]], "{asked}: {n}");
            assert_eq!(view.customer.former_ids.len(), former[n], "{asked}: {n}");
        }
        let lengths = reads.count_identity_events(&ids).await.expect("counts");
        assert_eq!(lengths, [[1, 1, 1], [1, 3, 3], [5, 5, 5]][asked as usize / 10 - 1].map(i64::from), "{asked}");
    }
}

async fn what_was_imported_later_was_not_known(world: World) {
    world.apply_at(minute(500), [event("m1").user("ada").view().minute(400)]).await;
    world.apply_at(minute(600), [event("m2").user("ada").view().minute(1)]).await;
    let view = find(&then(&world, 500).await, "user_id", "ada").await.expect("a customer");
    assert_eq!(view.touchpoints.as_ref().expect("asked for").items.len(), 1);
    assert_eq!((view.first_seen_at(), view.last_seen_at()), (Some(minute(400)), Some(minute(400))));
    let of = [Of::Customer(view.customer.id.clone())];
    assert_eq!(then(&world, 500).await.count_touchpoints(&of, &Default::default()).await.expect("counts"), [1]);
    let missing = then(&world, 500).await.touchpoints(&["m2".into(), "m1".into()]).await.expect("an answer");
    assert_eq!(missing.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
}

async fn figures_are_counted_as_of_then(world: World) {
    world
        .apply_at(
            minute(10),
            [
                event("m1").user("ada").completed("1", "30", &[("hat", 3, "10")]).view(),
                event("m2").user("ada").sent("email"),
            ],
        )
        .await;
    world
        .apply_at(minute(20), [event("m3").user("ada").refunded("1", "10"), event("m4").user("ada").view().minute(9)])
        .await;
    world.apply_at(minute(30), [event("m5").user("ada").cancelled("1")]).await;
    let figures = |view: &CustomerView| {
        let sum = view.rollup();
        let money = sum.money.values().next().map(|m| (m.orders, m.gross, m.returned));
        (sum.touchpoint_count(), sum.order_count(), money)
    };
    let view = async |asked| find(&then(&world, asked).await, "user_id", "ada").await.expect("a customer");
    assert_eq!(figures(&*view(10).await), (2, 1, Some((1, amount("30"), amount("0")))));
    assert_eq!(figures(&*view(20).await), (3, 1, Some((1, amount("30"), amount("10")))));
    assert_eq!(figures(&*view(30).await), (3, 0, None));
    let website = view(10).await.rollup().channels["website"];
    assert_eq!((website.touchpoints, website.answered, website.sent, website.last_at), (1, 1, 0, minute(0)));
}

async fn a_claim_and_a_consent_are_those_of_then(world: World) {
    let said = |n: i64, city: &str, status| {
        event(&format!("m{n}")).user("ada").minute(n).claim("city", city).consent("marketing", None, status)
    };
    world.apply_at(minute(10), [said(1, "\"Leeds\"", ConsentStatus::Granted)]).await;
    world.apply_at(minute(20), [said(2, "\"Leeds\"", ConsentStatus::Granted)]).await;
    world.apply_at(minute(30), [said(3, "\"York\"", ConsentStatus::Revoked)]).await;
    for (asked, claims, status) in [
        (10, vec![1], ConsentStatus::Granted),
        (20, vec![2], ConsentStatus::Granted),
        (30, vec![2, 1], ConsentStatus::Revoked),
    ] {
        let view = find(&then(&world, asked).await, "user_id", "ada").await.expect("a customer");
        assert_eq!(view.claims.iter().map(|c| c.count).collect::<Vec<_>>(), claims, "{asked}");
        let held: Vec<ConsentStatus> =
            view.consents.as_ref().expect("asked for").iter().map(|given| given.consent.fact.status).collect();
        assert_eq!(held, [status], "{asked}");
    }
}

async fn an_order_is_what_had_been_said_of_it(world: World) {
    world.apply_at(minute(10), [event("m1").user("ada").refunded("1", "5").minute(5)]).await;
    world.apply_at(minute(20), [event("m2").user("ada").completed("1", "30", &[("hat", 3, "10")]).minute(4)]).await;
    world.apply_at(minute(30), [event("m3").user("ada").updated("1", "40").minute(6)]).await;
    let by_number = CustomerKey::Order { number: "1".into(), source: None };
    assert!(find_by(&then(&world, 10).await, by_number.clone()).await.is_none(), "it waited");
    for (asked, total) in [(20, "30"), (30, "40")] {
        let view = find_by(&then(&world, asked).await, by_number.clone()).await.expect("a customer");
        let order = &view.orders.as_ref().expect("asked for").items[0];
        assert_eq!((order.total, order.returned), (amount(total), amount("5")), "{asked}");
    }
    let of = [Of::Identifier(world.identifier("user_id", "ada").await)];
    let page = OrderPage { since: None, until: None, after: None, limit: 5 };
    assert!(then(&world, 10).await.list_orders(&of, &page).await.expect("a page")[0].items.is_empty());
    assert_eq!(then(&world, 20).await.count_orders(&of, None, None).await.expect("a count"), [1]);
}

async fn a_link_counts_what_had_been_seen(world: World) {
    world.apply_at(minute(10), [event("m1").user("ada").minute(5), event("m2").anonymous("a1").minute(5)]).await;
    for n in 2..=4 {
        let pair = event(&format!("p{n}")).user("ada").anonymous("a1").minute(10 - n);
        world.apply_at(minute(10 * n), [pair]).await;
    }
    let of = [world.of("user_id", "ada").await];
    assert_eq!(then(&world, 10).await.count_links(&of, None).await.expect("a count"), [0]);
    for n in 2..=4 {
        let page = throughline::store::query::LinkPage { refused: None, after: None, limit: 5 };
        let links = then(&world, 10 * n).await.list_links(&of, &page).await.expect("a page").remove(0).items;
        assert_eq!(links.len(), 1);
        assert_eq!((links[0].count, links[0].first_at, links[0].last_at), (n - 1, minute(10 - n), minute(8)), "{n}");
    }
}

/// Merged, split again under the old id, and apart since: each moment tells its own story.
async fn a_split_and_what_it_gave_back_are_of_their_time(world: World) {
    world.apply_at(minute(10), [event("m1").user("ada").view(), event("m2").user("bob").view()]).await;
    let (ada, bob) = (world.id("user_id", "ada").await, world.id("user_id", "bob").await);
    let key = IdentifierKey::new("user_id", "bob");
    for (at, action) in [
        (20, DecisionAction::Merge(vec![ada.clone(), bob.clone()])),
        (30, DecisionAction::Split(ada.clone(), vec![key])),
    ] {
        let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
        let decided = world.store.decide(&world.rules, &request, minute(at), false).await.expect("a ruling");
        assert!(decided.outcome.done, "{:?}", decided.outcome);
    }
    let identifier = world.identifier("user_id", "ada").await;
    for (asked, holder, touchpoints, former, apart) in [(10, &bob, 1, 0, 0), (20, &ada, 2, 1, 0), (30, &bob, 1, 0, 1)] {
        let reads = then(&world, asked).await;
        let view = find_by(&reads, CustomerKey::Id(bob.clone())).await.expect("a customer");
        assert_eq!((&view.customer.id, view.customer.former_ids.len()), (holder, former), "{asked}");
        assert_eq!(view.rollup().touchpoint_count(), touchpoints, "{asked}");
        assert_eq!(view.touchpoints.as_ref().expect("asked for").items.len() as i64, touchpoints, "{asked}");
        assert_eq!(reads.kept_apart(&[identifier]).await.expect("an answer")[0].len(), apart, "{asked}");
    }
}

async fn a_device_and_a_product_are_what_they_were(world: World) {
    let phone =
        |n: i64, model: &str| event(&format!("m{n}")).anonymous("a1").device("d", "phone", Some(model)).minute(n);
    world
        .apply_at(
            minute(10),
            [phone(3, "X").view().acted("hat", ProductAct::Wished, None).names("hat", Some("Hat"), None)],
        )
        .await;
    world.apply_at(minute(20), [phone(1, "old"), phone(4, "Y").names("hat", Some("Top hat"), None)]).await;
    for (asked, model, seen, name) in [(10, "X", (3, 3), "Hat"), (20, "Y", (1, 4), "Top hat")] {
        let reads = then(&world, asked).await;
        let device = reads.devices(&["d".into()]).await.expect("an answer").remove(0).expect("a device");
        assert_eq!(device.fact.model.as_deref(), Some(model), "{asked}");
        assert_eq!((device.first_seen_at, device.last_seen_at), (minute(seen.0), minute(seen.1)), "{asked}");
        let product = reads.products(&["hat".into()]).await.expect("an answer").remove(0).expect("a product");
        assert_eq!(product.name.as_deref(), Some(name), "{asked}");
        let customer = find(&reads, "anonymous_id", "a1").await.expect("a customer").customer.id.clone();
        let acts = reads.product_acts(&[customer]).await.expect("an answer").remove(0).0;
        assert_eq!(acts[0].product.name.as_deref(), Some(name), "{asked}");
    }
}

/// However an event carries an identifier: with a touchpoint, with others, or alone.
async fn times_widen_with_what_was_stored(world: World) {
    world.apply_at(minute(10), [event("m1").user("ada").minute(50)]).await;
    world.apply_at(minute(20), [event("m2").user("ada").view().minute(60)]).await;
    world.apply_at(minute(30), [event("m3").user("ada").anonymous("a1").view().minute(40)]).await;
    world.apply_at(minute(40), [event("m4").anonymous("a1").minute(70)]).await;
    for (asked, ada, a1) in
        [(10, (50, 50), None), (20, (50, 60), None), (30, (40, 60), Some((40, 40))), (40, (40, 60), Some((40, 70)))]
    {
        let view = find(&then(&world, asked).await, "user_id", "ada").await.expect("a customer");
        let seen = |kind: &str| {
            let identifier = view.identifiers.iter().find(|i| &*i.key.kind == kind)?;
            Some((identifier.first_seen_at, identifier.last_seen_at))
        };
        let expected = |(first, last): (i64, i64)| (minute(first), minute(last));
        assert_eq!(seen("user_id"), Some(expected(ada)), "{asked}");
        assert_eq!(seen("anonymous_id"), a1.map(expected), "{asked}");
    }
}

#[test]
fn a_moment_never_changes_and_the_last_is_the_present_on_sqlite() {
    over_histories(24, || async {
        let folder = tempfile::tempdir().expect("a folder");
        let store = stores::sqlite(folder.path()).await;
        let others = [1 << 20, 0].map(|cache_bytes| stores::another_sqlite(folder.path(), cache_bytes));
        (store, futures_util::future::join_all(others).await, Some(folder))
    });
}

#[test]
#[ignore = "needs a Neo4j: `make test` starts one"]
fn a_moment_never_changes_and_the_last_is_the_present_on_neo4j() {
    let options = stores::neo4j_options();
    let _alone = stores::alone();
    over_histories(3, || async {
        let store = stores::neo4j(options.clone()).await;
        let others = [1 << 20, 0].map(|cache_bytes| stores::another_neo4j(options.clone(), cache_bytes));
        (store, futures_util::future::join_all(others).await, None)
    });
}

/// Tells random histories, late events and merges among them, and after each batch asks everything: of now,
/// of the moment that now is, and in the end of every moment again.
fn over_histories<F>(cases: u32, store: impl Fn() -> F)
where
    F: Future<Output = (Arc<dyn Store>, Vec<Arc<dyn Store>>, Option<tempfile::TempDir>)>,
{
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&inputs(), |told| {
        let mut result = Ok(());
        stores::run(async {
            let (store, others, _folder) = store().await;
            result = tell_and_compare(store, &others, told).await;
        });
        result
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn tell_and_compare(store: Arc<dyn Store>, others: &[Arc<dyn Store>], told: Input) -> Result<(), TestCaseError> {
    let mut rules = rules();
    rules.max_identifiers = 6;
    let facts: Vec<Fact> = told.shuffled.iter().enumerate().map(|(n, fact)| enriched(n, fact.clone())).collect();
    let mut about = everything(&facts);
    let mut sizes = told.sizes.iter().copied().cycle();
    let mut rest = facts.as_slice();
    let mut minutes = 100_000;
    let mut seen: Vec<(Moment, About, String)> = Vec::new();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
        rest = later;
        minutes += 10;
        let batch = Batch { facts: batch.to_vec() };
        let applied = store.apply(&rules, &batch, minute(minutes)).await.expect("the batch is stored");
        for outcome in applied.outcomes {
            if let Outcome::Created { customer: Some(id), .. } = outcome
                && !about.customers.contains(&id)
            {
                about.customers.push(id);
            }
        }
        minutes += 10;
        if let Some(action) = request(seen.len(), &about) {
            let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
            let decided = store.decide(&rules, &request, minute(minutes), false).await.expect("a ruling").outcome;
            for id in decided.customer.into_iter().chain(decided.others) {
                if !about.customers.contains(&id) {
                    about.customers.push(id);
                }
            }
        }
        // Visits are assigned whenever the background comes to it.
        if seen.len() % 3 != 1 {
            let assign =
                async |piece| store.assign_visits(&rules, &[], piece, minute(minutes)).await.expect("it is assigned");
            while assign(1 + seen.len() % 4).await.is_some() {}
        }
        let moment = store.moment(minute(minutes + 5)).await.expect("an answer").expect("a moment");
        prop_assert_eq!(moment.change, store.status().await.expect("a status").change);
        let now = answers(&*upcast(&store), &about).await;
        let customers = every_view(&*upcast(&store), &about).await;
        for other in others {
            let there = every_view(&*upcast(other), &about).await;
            same(&customers, &there, "what is cached is what is stored, on every server")?;
        }
        let then = answers(&*store.as_of(moment), &about).await;
        same(&now, &then, "the last moment is the present")?;
        let again = recount(&*store, minute(minutes + 5), |_| {}).await.expect("figures counted again");
        prop_assert_eq!(again.wrong, 0, "figures equal a recount: {:?}", again.named);
        seen.push((moment, about.clone(), then));
    }
    for (moment, about, before) in seen {
        let again = answers(&*store.as_of(moment), &about).await;
        same(&before, &again, "a moment does not change")?;
    }
    Ok(())
}

/// Every customer with its version, by every key and in every shape, one on a line.
async fn every_view(reads: &dyn Reads, about: &About) -> String {
    let ids = about.customers.iter().cloned().map(CustomerKey::Id);
    let keys: Vec<CustomerKey> = ids.chain(about.identifiers.iter().cloned().map(CustomerKey::Identifier)).collect();
    let mut text = String::new();
    let shapes = [Shape::Name, Shape::Card, Shape::Identity, Shape::History, Shape::All];
    for (shape, orders) in shapes.into_iter().flat_map(|shape| [(shape, 0), (shape, 2)]) {
        let pages = FirstPages { orders, touchpoints: 3 };
        for (key, view) in keys.iter().zip(reads.customers(&keys, shape, pages).await.expect("an answer")) {
            writeln!(text, "{shape:?} {key:?} {view:?}").expect("a line");
        }
    }
    text
}

/// What a person says between two batches: merges, splits, and who is to be kept apart, in turn.
fn request(n: usize, about: &About) -> Option<DecisionAction> {
    let some = |k: usize| about.customers.get((7 * n + 3 * k) % about.customers.len().max(1)).cloned();
    Some(match n % 4 {
        0 => DecisionAction::Merge(vec![some(0)?, some(1)?]),
        1 => DecisionAction::Split(some(0)?, about.identifiers.iter().skip(n % 3).step_by(3).cloned().collect()),
        2 => {
            // Undoes a merge where there was one: one identifier leaves whoever has it.
            DecisionAction::Split(some(2)?, vec![about.identifiers[n % about.identifiers.len()].clone()])
        }
        _ => DecisionAction::KeepApart(vec![some(0)?, some(2)?]),
    })
}

fn upcast(store: &Arc<dyn Store>) -> Arc<dyn Reads> {
    store.clone()
}

/// The first line in which two answers differ.
fn same(one: &str, other: &str, what: &str) -> Result<(), TestCaseError> {
    let differ = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    prop_assert!(differ.is_none() && one.len() == other.len(), "{what}:\n{differ:#?}");
    Ok(())
}

/// Adds what random facts lack: products, and devices with and without a touchpoint.
fn enriched(n: usize, mut fact: Fact) -> Fact {
    let sku = if n.is_multiple_of(2) { "hat" } else { "sock" };
    if n.is_multiple_of(3) {
        let mut named = product(sku);
        named.name = Some(format!("{sku} {}", n % 4).into());
        let act = [ProductAct::Added, ProductAct::Wished, ProductAct::Removed][n / 3 % 3];
        fact.product_acts.push(ProductFact { product: named, act, quantity: Some(1) });
    }
    if n % 4 == 1 {
        let model = (n % 8 == 1).then(|| format!("model {}", n % 3).into());
        let kind = if n.is_multiple_of(5) { "tablet" } else { "phone" };
        fact.device = Some(DeviceFact { key: format!("d{}", n % 2).into(), kind: kind.into(), os: None, model });
    }
    fact
}

fn everything(facts: &[Fact]) -> About {
    let mut about = About { skus: vec!["hat".into(), "sock".into(), "shoe".into()], ..About::default() };
    for fact in facts {
        about.identifiers.extend(fact.identifiers.iter().map(|i| i.key.clone()));
        about.messages.push(fact.message_id.clone());
        about.orders.extend(fact.order.iter().map(|(key, _)| key.clone()));
        about.devices.extend(fact.device.iter().map(|device| device.key.clone()));
    }
    about.identifiers.sort();
    about.identifiers.dedup();
    about.messages.dedup();
    about.orders.sort();
    about.orders.dedup();
    about.devices.sort();
    about.devices.dedup();
    about
}

/// So that the bound of the first page of orders is one that the generator's minutes lie around.
#[test]
fn the_bounds_of_the_answers_lie_within_the_histories() {
    assert_eq!(minute(10), Timestamp(1_772_323_200_000 + 600_000));
}
