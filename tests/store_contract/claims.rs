//! Claims: every value ever given, with who said it and how often.

use throughline::domain::claim::{Claim, Provenance, TraitPolicies};
use throughline::domain::search::{Asked, TextSearch};
use throughline::store::query::CustomerFilter;

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_claim_is_kept_with_where_it_came_from,
    the_same_claim_again_is_one_row_that_counts,
    the_same_claim_twice_in_a_batch_is_one_row,
    claims_that_disagree_stand_side_by_side,
    an_earlier_claim_that_arrives_late_widens_the_times,
    claims_follow_their_identifier_into_a_merge,
    null_is_a_claim_and_has_no_words,
    among_many_values_each_is_found_again,
    the_claims_of_an_owner_that_the_batch_itself_decides_are_found,
}

/// The first device becomes shared within the batch, so the claim belongs to the second.
async fn the_claims_of_an_owner_that_the_batch_itself_decides_are_found(world: World) {
    let claim = |id: &str, at| event(id).minute(at).claim("city", "\"Leeds\"");
    world.apply([claim("m1", 1).anonymous("a2"), event("m2").minute(2).anonymous("a1").view()]).await;
    world
        .apply([
            event("m3").minute(3).user("ada").anonymous("a1"),
            event("m4").minute(4).user("bob").anonymous("a1"),
            claim("m5", 5).anonymous("a1").anonymous("a2"),
        ])
        .await;
    let claims = world.customer("anonymous_id", "a2").await.claims.clone();
    let [claim] = claims.as_slice() else { panic!("{claims:?}") };
    assert_eq!((claim.first_at, claim.at, claim.count), (minute(1), minute(5), 2));
    assert_eq!(claim.owner, world.identifier("anonymous_id", "a2").await);
}

async fn among_many_values_each_is_found_again(world: World) {
    // They begin and end alike.
    let value = |number: usize| {
        format!("\"https://example.org/pages/of/the/shop/{number}/which-has-a-long-name-as-all-of-them\"")
    };
    let seen = |id: &str, at, number| event(id).user("ada").minute(at).claim("page", &value(number));
    world.apply((0..300).map(|n| seen(&format!("m{n}"), 1, n))).await;
    let others = event("x").user("ada").minute(2).claim("page", "\"/\"").claim("title", &value(7));
    world.apply([seen("y", 2, 7), others]).await;
    world.apply([seen("z", 3, 7).from("crm"), seen("w", 4, 7)]).await;
    let claims = claims(&world).await;
    assert_eq!(claims.len(), 300 + 3);
    let of_7: Vec<_> = claims.iter().filter(|claim| claim.value.get() == value(7)).collect();
    let mut counts: Vec<_> = of_7.iter().map(|claim| (&*claim.name, &*claim.source, claim.count)).collect();
    counts.sort_unstable();
    assert_eq!(counts, [("page", "crm", 1), ("page", "shop", 3), ("title", "shop", 1)]);
    let page = of_7.iter().find(|claim| claim.count == 3).expect("one");
    assert_eq!((page.first_at, page.at), (minute(1), minute(4)));
}

async fn null_is_a_claim_and_has_no_words(world: World) {
    world.apply([event("m1").user("ada").minute(1).claim("city", "\"Leeds\"")]).await;
    world.apply([event("m2").user("ada").minute(2).claim("city", "null")]).await;
    world.apply([event("m3").user("ada").minute(3).claim("city", "null")]).await;
    let claims = claims(&world).await;
    let mut said: Vec<_> = claims.iter().map(|claim| (claim.value.get(), claim.count)).collect();
    said.sort_unstable();
    assert_eq!(said, [("\"Leeds\"", 1), ("null", 2)]);
    let [shown] = &TraitPolicies::default().choose(&claims)[..] else { panic!("one trait") };
    assert_eq!((shown.shown.is_none(), shown.others.len()), (true, 1));
    let filter = CustomerFilter {
        text: Some(TextSearch { asked: Asked::read("null"), ..TextSearch::default() }),
        ..CustomerFilter::default()
    };
    assert_eq!(world.store.count_customers(&filter).await.expect("a count"), 0, "there is no such word");
}

async fn claims(world: &World) -> Vec<Claim> {
    world.customer("user_id", "ada").await.claims.clone()
}

async fn a_claim_is_kept_with_where_it_came_from(world: World) {
    let said = event("m1").from("crm").user("ada").email("ada@example.org").minute(3);
    world.apply([said.claim_as("address", "{\"city\": \"Leeds\", \"no\": 1.50}", Provenance::Assumed)]).await;
    let claims = claims(&world).await;
    let [claim] = claims.as_slice() else { panic!("{claims:?}") };
    assert_eq!((&*claim.name, claim.value.get()), ("address", "{\"city\": \"Leeds\", \"no\": 1.50}"));
    assert_eq!((claim.provenance, &*claim.source), (Provenance::Assumed, "crm"));
    assert_eq!((claim.at, claim.first_at, claim.count), (minute(3), minute(3), 1));
    assert_eq!(claim.owner, world.identifier("user_id", "ada").await);
}

async fn the_same_claim_again_is_one_row_that_counts(world: World) {
    world.apply([event("m1").user("ada").minute(3).claim("city", "\"Leeds\"")]).await;
    let first = claims(&world).await[0].arrival;
    world.apply([event("m2").user("ada").minute(8).claim("city", "\"Leeds\"")]).await;
    world.apply([event("m3").user("ada").minute(9).claim("city", "\"Leeds\"")]).await;
    let claims = claims(&world).await;
    let [claim] = claims.as_slice() else { panic!("{claims:?}") };
    assert_eq!((claim.first_at, claim.at, claim.count), (minute(3), minute(9), 3));
    assert!(claim.arrival > first, "the row of then was closed and a new one opened");
}

async fn the_same_claim_twice_in_a_batch_is_one_row(world: World) {
    let said = |id: &str, at| event(id).user("ada").minute(at).claim("city", "\"Leeds\"");
    world.apply([said("m1", 1)]).await;
    world.apply([said("m2", 5), said("m3", 4), said("m4", 6)]).await;
    let claims = claims(&world).await;
    let [claim] = claims.as_slice() else { panic!("{claims:?}") };
    assert_eq!((claim.first_at, claim.at, claim.count), (minute(1), minute(6), 4));
}

async fn claims_that_disagree_stand_side_by_side(world: World) {
    world
        .apply_each([
            event("m1").user("ada").claim("city", "\"Leeds\""),
            event("m2").user("ada").claim("city", "\"York\""),
            event("m3").user("ada").claim_as("city", "\"York\"", Provenance::Realised),
            event("m4").from("crm").user("ada").claim("city", "\"York\""),
        ])
        .await;
    let claims = claims(&world).await;
    let mut said: Vec<_> = claims.iter().map(|c| (c.value.get(), c.provenance, &*c.source, c.count)).collect();
    said.sort();
    let expected = [
        ("\"Leeds\"", Provenance::Declared, "shop", 1),
        ("\"York\"", Provenance::Realised, "shop", 1),
        ("\"York\"", Provenance::Declared, "crm", 1),
        ("\"York\"", Provenance::Declared, "shop", 1),
    ];
    assert_eq!(said, expected);
}

async fn an_earlier_claim_that_arrives_late_widens_the_times(world: World) {
    world.apply([event("m1").user("ada").minute(8).claim("city", "\"Leeds\"")]).await;
    world.apply([event("m2").user("ada").minute(2).claim("city", "\"Leeds\"")]).await;
    let claims = claims(&world).await;
    assert_eq!((claims[0].first_at, claims[0].at, claims[0].count), (minute(2), minute(8), 2));
}

async fn claims_follow_their_identifier_into_a_merge(world: World) {
    world
        .apply_each([
            event("m1").user("ada").claim("city", "\"Leeds\""),
            event("m2").email("ada@example.org").claim("shoe", "39"),
            event("m3").user("ada").email("ada@example.org"),
        ])
        .await;
    let claims = claims(&world).await;
    let mut said: Vec<_> = claims.iter().map(|c| (&*c.name, c.owner)).collect();
    said.sort();
    let email = world.identifier("email", "ada@example.org").await;
    assert_eq!(said, [("city", world.identifier("user_id", "ada").await), ("shoe", email)]);
}
