//! Why two identifiers belong together: the shortest chain of links that bound.

use throughline::domain::IdentifierKey;
use throughline::domain::link::{Link, LinkExplanation};
use throughline::stitching::{DecisionAction, DecisionRequest};
use throughline::store::query::LinkKey;

use crate::common::facts::{event, minute, rules_without_limits};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_chain_tells_what_brought_each_of_its_links,
    of_equally_short_chains_the_smallest_ids_are_told,
    a_link_does_not_turn_round_with_the_way_it_is_gone,
    an_identifier_is_linked_with_itself_by_no_step,
    what_was_never_seen_is_linked_with_nothing,
    what_was_refused_connects_nobody,
    within_a_customer_only_its_own_identifiers_are_gone_through,
    whom_a_split_parts_the_old_chain_still_tells_of,
    whom_a_shared_device_parts_the_old_chain_still_tells_of,
    where_no_event_joins_them_a_persons_merge_is_a_step,
    a_long_chain_is_found_whole,
    an_identifier_that_thousands_share_is_passed_and_not_read,
}

/// The explanation between two identifiers written `kind:value`.
async fn why(world: &World, from: &str, to: &str) -> Option<LinkExplanation> {
    let found = world.store.why_linked(&key(from), &key(to)).await.expect("an answer");
    if let Some(found) = &found {
        assert_eq!(found.path.len(), found.steps.len() + 1);
        assert_eq!((&found.path[0].key, &found.path[found.path.len() - 1].key), (&key(from), &key(to)));
        for (pair, link) in found.path.windows(2).zip(&found.steps) {
            let mut ends = [(&pair[0].key, pair[0].id), (&pair[1].key, pair[1].id)];
            ends.sort();
            assert_eq!((link.from, link.to), (ends[0].1, ends[1].1), "a link's ends stand in the order of their keys");
            assert!(link.refused.is_none());
        }
    }
    found
}

fn key(text: &str) -> IdentifierKey {
    let (kind, value) = text.split_once(':').expect("kind:value");
    IdentifierKey::new(kind, value)
}

fn path(found: &LinkExplanation) -> Vec<String> {
    found.path.iter().map(|i| i.key.to_string()).collect()
}

async fn a_chain_tells_what_brought_each_of_its_links(world: World) {
    world
        .apply_each([
            event("m1").from("app").anonymous("a1").email("ada@example.org").minute(5),
            event("m2").user("ada").email("ada@example.org").minute(7),
            event("m3").user("ada").card("c1").minute(9),
            event("m4").user("ada").card("c1").minute(11),
        ])
        .await;
    let found = why(&world, "anonymous_id:a1", "loyalty_card:c1").await.expect("a chain");
    assert!(found.same_customer);
    assert_eq!(path(&found), ["anonymous_id:a1", "email:ada@example.org", "user_id:ada", "loyalty_card:c1"]);
    let told: Vec<_> = found.steps.iter().map(|l| (&*l.rule, &*l.message_id, &*l.source)).collect();
    assert_eq!(told, [("anonymous_id", "m1", "app"), ("email", "m2", "shop"), ("loyalty_card", "m3", "shop")]);
    let times: Vec<_> = found.steps.iter().map(|l| (l.first_at, l.last_at, l.count)).collect();
    assert_eq!(times, [(minute(5), minute(5), 1), (minute(7), minute(7), 1), (minute(9), minute(11), 2)]);
    let ada = world.id("user_id", "ada").await;
    assert!(found.path.iter().all(|i| i.customer.as_ref() == Some(&ada)), "identifiers come with who holds them");
}

async fn of_equally_short_chains_the_smallest_ids_are_told(mut world: World) {
    world.rules = rules_without_limits();
    // Two ways from a to z: over the card, seen first, and over two users; and two of three steps.
    world
        .apply_each([
            event("m1").card("c9").anonymous("a"),
            event("m2").anonymous("a").user("u1"),
            event("m3").user("u1").anonymous("z"),
            event("m4").card("c9").anonymous("z"),
        ])
        .await;
    let there = why(&world, "anonymous_id:a", "anonymous_id:z").await.expect("a chain");
    assert_eq!(path(&there), ["anonymous_id:a", "loyalty_card:c9", "anonymous_id:z"]);
    let back = why(&world, "anonymous_id:z", "anonymous_id:a").await.expect("a chain");
    assert_eq!(path(&back), ["anonymous_id:z", "loyalty_card:c9", "anonymous_id:a"]);
    // A square of squares: at each of two places the smaller of two.
    let names: Vec<String> = (0..4).map(|n| format!("s{n}")).collect();
    for (n, (from, to)) in [(0, 1), (0, 2), (1, 3), (2, 3)].into_iter().enumerate() {
        world.apply([event(&format!("q{n}")).email(&names[from]).email(&names[to])]).await;
        world.apply([event(&format!("r{n}")).email(&format!("t{from}")).email(&format!("t{to}"))]).await;
    }
    world.apply([event("j").email("s3").email("t0")]).await;
    let found = why(&world, "email:s0", "email:t3").await.expect("a chain");
    assert_eq!(path(&found), ["email:s0", "email:s1", "email:s3", "email:t0", "email:t1", "email:t3"]);
}

async fn a_link_does_not_turn_round_with_the_way_it_is_gone(world: World) {
    world.apply([event("m1").user("ada").anonymous("a1"), event("m2").user("ada").email("e@example.org")]).await;
    let there = why(&world, "anonymous_id:a1", "email:e@example.org").await.expect("a chain");
    let back = why(&world, "email:e@example.org", "anonymous_id:a1").await.expect("a chain");
    assert_eq!(back.steps, there.steps.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!(back.path, there.path.iter().rev().cloned().collect::<Vec<_>>());
}

async fn an_identifier_is_linked_with_itself_by_no_step(world: World) {
    world.apply([event("m1").user("ada").anonymous("a1"), event("m2").named("ticket", "t1")]).await;
    let found = why(&world, "user_id:ada", "user_id:ada").await.expect("a path of one");
    assert_eq!((found.same_customer, path(&found), found.steps.len()), (true, vec!["user_id:ada".to_owned()], 0));
    let alone = why(&world, "ticket:t1", "ticket:t1").await.expect("a path of one");
    assert_eq!((alone.same_customer, alone.path.len()), (false, 1), "nobody holds it");
}

async fn what_was_never_seen_is_linked_with_nothing(world: World) {
    world.apply([event("m1").user("ada").anonymous("a1"), event("m2").user("bob")]).await;
    for (from, to) in
        [("user_id:ada", "user_id:carl"), ("user_id:carl", "user_id:ada"), ("user_id:carl", "user_id:carl")]
    {
        assert_eq!(why(&world, from, to).await, None, "{from} {to}");
    }
    assert_eq!(why(&world, "anonymous_id:a1", "user_id:bob").await, None, "nothing connects them");
}

async fn what_was_refused_connects_nobody(world: World) {
    world
        .apply_each([
            event("m1").user("ada").card("c1"),
            event("m2").user("bob").card("c1"),
            event("m3").named("seat", "s1").named("ticket", "t1"),
        ])
        .await;
    assert_eq!(why(&world, "user_id:ada", "user_id:bob").await, None);
    assert_eq!(why(&world, "seat:s1", "ticket:t1").await, None, "kinds that are not listed bind nobody");
}

async fn rule(world: &World, action: DecisionAction) {
    let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
    let decided = world.store.decide(&world.rules, &request, minute(2_000), false).await.expect("a ruling");
    assert!(decided.outcome.done, "{:?}", decided.outcome);
}

/// Where a path goes from one customer to another, or to nobody.
fn partings(found: &LinkExplanation) -> Vec<usize> {
    (1..found.path.len()).filter(|&n| found.path[n].customer != found.path[n - 1].customer).collect()
}

async fn within_a_customer_only_its_own_identifiers_are_gone_through(world: World) {
    // From a to d over b in two steps, and over c and e in three; then b is somebody else's.
    world
        .apply_each([
            event("m1").user("a").email("b@example.org"),
            event("m2").email("b@example.org").card("d"),
            event("m3").user("a").email("c@example.org"),
            event("m4").email("c@example.org").phone("+441"),
            event("m5").phone("+441").card("d"),
        ])
        .await;
    let before = why(&world, "user_id:a", "loyalty_card:d").await.expect("a chain");
    assert_eq!(path(&before), ["user_id:a", "email:b@example.org", "loyalty_card:d"]);
    rule(&world, DecisionAction::Split(world.id("user_id", "a").await, vec![key("email:b@example.org")])).await;
    let after = why(&world, "user_id:a", "loyalty_card:d").await.expect("a chain");
    assert_eq!(path(&after), ["user_id:a", "email:c@example.org", "phone:+441", "loyalty_card:d"]);
    assert!(after.same_customer && partings(&after).is_empty());
}

async fn whom_a_split_parts_the_old_chain_still_tells_of(world: World) {
    world
        .apply_each([
            event("m1").user("ada").anonymous("a1"),
            event("m2").user("ada").email("e@example.org"),
            event("m3").email("e@example.org").card("c1"),
        ])
        .await;
    let parts = vec![key("email:e@example.org"), key("loyalty_card:c1")];
    rule(&world, DecisionAction::Split(world.id("user_id", "ada").await, parts)).await;
    let found = why(&world, "anonymous_id:a1", "loyalty_card:c1").await.expect("the chain that once spoke for it");
    assert_eq!(path(&found), ["anonymous_id:a1", "user_id:ada", "email:e@example.org", "loyalty_card:c1"]);
    assert_eq!((found.same_customer, partings(&found)), (false, vec![2]), "the second hop is where they part");
    assert_eq!(&*found.steps[1].message_id, "m2");
}

async fn whom_a_shared_device_parts_the_old_chain_still_tells_of(world: World) {
    world
        .apply_each([
            event("m1").user("ada").anonymous("tablet"),
            event("m2").anonymous("tablet").email("guest@example.org"),
            event("m3").user("bob").anonymous("phone"),
            event("m4").user("bob").anonymous("tablet"),
        ])
        .await;
    let found = why(&world, "user_id:ada", "email:guest@example.org").await.expect("the chain that once spoke for it");
    assert_eq!(path(&found), ["user_id:ada", "anonymous_id:tablet", "email:guest@example.org"]);
    assert_eq!((found.same_customer, partings(&found)), (false, vec![1, 2]));
    assert!(found.path[1].is_shared() && found.path[1].customer.is_none());
    assert_eq!(why(&world, "user_id:bob", "user_id:ada").await, None, "bob was refused on it");
    let own = why(&world, "anonymous_id:tablet", "user_id:ada").await.expect("they were one");
    assert!(!own.same_customer, "nobody holds it");
}

async fn where_no_event_joins_them_a_persons_merge_is_a_step(world: World) {
    world.apply_each([event("m1").user("ada").anonymous("a1"), event("m2").email("e@example.org").card("c1")]).await;
    let both = vec![world.id("user_id", "ada").await, world.id("email", "e@example.org").await];
    rule(&world, DecisionAction::Merge(both)).await;
    world.apply([event("m3").card("c1").phone("+441")]).await;
    let found = why(&world, "phone:+441", "anonymous_id:a1").await.expect("a chain");
    assert_eq!(
        (found.same_customer, path(&found)),
        (true, vec!["phone:+441".to_owned(), "loyalty_card:c1".into(), "anonymous_id:a1".into(),])
    );
    assert_eq!(&*found.steps[0].message_id, "m3");
    let said = &found.steps[1];
    assert_eq!((&*said.rule, &*said.message_id, &*said.source), ("decision", "", "clerk"));
    assert_eq!((said.first_at, said.last_at, said.count), (minute(2_000), minute(2_000), 1));
    let key_of = |link: &Link| LinkKey { from: link.from, to: link.to, refused: false };
    let again = world.store.links(&[key_of(said), key_of(&found.steps[0])]).await.expect("links");
    assert_eq!(again, [Some(said.clone()), Some(found.steps[0].clone())], "it is found by its key");
    // Evidence is told where there is some.
    assert_eq!(why(&world, "user_id:ada", "anonymous_id:a1").await.expect("a chain").steps[0].count, 1);
    world.apply([event("m4").user("ada").email("e@example.org"), event("m5").user("ada").email("f@example.org")]).await;
    let found = why(&world, "anonymous_id:a1", "loyalty_card:c1").await.expect("a chain");
    assert_eq!(path(&found), ["anonymous_id:a1", "user_id:ada", "email:e@example.org", "loyalty_card:c1"]);
    // Whom a person parts again are not one: what was said no longer speaks for it.
    let apart = vec![key("email:f@example.org")];
    rule(&world, DecisionAction::Split(world.id("user_id", "ada").await, apart)).await;
    let found = why(&world, "email:f@example.org", "loyalty_card:c1").await.expect("the chain that once spoke for it");
    assert!(!found.same_customer && found.steps.iter().all(|step| &*step.rule != "decision"));
}

async fn a_long_chain_is_found_whole(mut world: World) {
    world.rules = rules_without_limits();
    world
        .apply(
            (0..199)
                .map(|n| event(&format!("m{n}")).anonymous(&format!("a{n:03}")).anonymous(&format!("a{:03}", n + 1))),
        )
        .await;
    let found = why(&world, "anonymous_id:a000", "anonymous_id:a199").await.expect("a chain");
    let expected: Vec<String> = (0..200).map(|n| format!("anonymous_id:a{n:03}")).collect();
    assert_eq!((found.same_customer, path(&found)), (true, expected));
}

async fn an_identifier_that_thousands_share_is_passed_and_not_read(mut world: World) {
    world.rules = rules_without_limits();
    world
        .apply((0..3_000).map(|n| event(&format!("m{n}")).anonymous("till").email(&format!("e{n}@example.org"))))
        .await;
    for (from, to) in [
        ("email:e7@example.org", "email:e2999@example.org"),
        ("anonymous_id:till", "email:e1@example.org"),
        ("email:e2000@example.org", "anonymous_id:till"),
    ] {
        let found = why(&world, from, to).await.expect("a chain");
        assert!(found.path.iter().any(|i| i.key == key("anonymous_id:till")) && found.path.len() <= 3, "{from} {to}");
    }
}
