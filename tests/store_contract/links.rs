//! Links: every pair that was seen together, whether it bound or not.

use throughline::domain::IdentifierId;
use throughline::domain::link::Link;
use throughline::store::query::{LinkKey, LinkPage, Of};

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    events_with_a_hundred_identifiers_each_are_one_link_a_pair,
    every_pair_of_an_event_is_linked_in_one_direction,
    a_pair_seen_again_counts_and_widens,
    a_refused_pair_says_why,
    a_pair_can_be_refused_once_and_accepted_later,
    links_of_a_customer_come_each_once_in_pages,
    links_of_an_identifier_are_found_from_both_ends,
    links_are_counted_by_whether_they_bound,
    links_are_found_by_their_key,
}

async fn list(world: &World, of: Of, refused: Option<bool>) -> Vec<Link> {
    let page = LinkPage { refused, after: None, limit: 100 };
    let pages = world.store.list_links(&[of], &page).await.expect("a page");
    assert!(!pages[0].more);
    pages.into_iter().next().expect("one page each").items
}

fn key(link: &Link) -> LinkKey {
    LinkKey { from: link.from, to: link.to, refused: link.refused.is_some() }
}

fn ends(links: &[Link]) -> Vec<(IdentifierId, IdentifierId)> {
    links.iter().map(|l| (l.from, l.to)).collect()
}

async fn every_pair_of_an_event_is_linked_in_one_direction(world: World) {
    world.apply([event("m1").user("ada").email("ada@example.org").anonymous("a1")]).await;
    let (ada, email) = (world.identifier("user_id", "ada").await, world.identifier("email", "ada@example.org").await);
    let a1 = world.identifier("anonymous_id", "a1").await;
    let links = list(&world, world.of("user_id", "ada").await, None).await;
    // By `kind:value`: anonymous_id, email, user_id.
    let mut expected = vec![(a1, email), (a1, ada), (email, ada)];
    let mut found = ends(&links);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    let link = links.iter().find(|l| l.from == email).expect("a link");
    assert_eq!((&*link.rule, &*link.message_id, &*link.source, link.count), ("email", "m1", "shop", 1));
    assert!(links.iter().all(|l| l.refused.is_none()));
}

async fn a_pair_seen_again_counts_and_widens(world: World) {
    world
        .apply_each([
            event("m1").user("ada").anonymous("a1").minute(5),
            event("m2").anonymous("a1").user("ada").minute(9),
            event("m3").user("ada").anonymous("a1").minute(2),
        ])
        .await;
    world.apply([event("m4").user("ada").anonymous("a1"), event("m5").user("ada").anonymous("a1")]).await;
    let links = list(&world, world.of("user_id", "ada").await, None).await;
    let [link] = links.as_slice() else { panic!("{links:?}") };
    assert_eq!((link.first_at, link.last_at, link.count), (minute(0), minute(9), 5));
    assert_eq!(&*link.message_id, "m1", "the first that said so");
}

async fn a_refused_pair_says_why(world: World) {
    world.apply_each([event("m1").user("ada").card("c1"), event("m2").user("bob").card("c1")]).await;
    let card = world.identifier("loyalty_card", "c1").await;
    let (ada, bob) = (world.identifier("user_id", "ada").await, world.identifier("user_id", "bob").await);
    let of = Of::Identifier(card);
    assert_eq!(ends(&list(&world, of.clone(), Some(false)).await), [(card, ada)]);
    let refused = list(&world, of.clone(), Some(true)).await;
    assert_eq!(ends(&refused), [(card, bob)]);
    assert_eq!(&*refused[0].rule, "user_id");
    assert!(refused[0].refused.as_ref().expect("why").contains("at most 1 of user_id"));
    assert_eq!(list(&world, of, None).await.len(), 2);
}

async fn a_pair_can_be_refused_once_and_accepted_later(mut world: World) {
    let cap = std::mem::replace(&mut world.rules.max_identifiers, 1);
    world.apply([event("m1").user("ada").anonymous("a1")]).await;
    world.rules.max_identifiers = cap;
    world.apply([event("m2").user("ada").anonymous("a1").minute(1)]).await;
    let links = list(&world, world.of("user_id", "ada").await, None).await;
    let bound: Vec<bool> = links.iter().map(|l| l.refused.is_none()).collect();
    assert_eq!(bound, [true, false], "the one that bound comes first");
    assert_eq!(links.iter().map(|l| (l.count, &*l.message_id)).collect::<Vec<_>>(), [(1, "m2"), (1, "m1")]);
    assert_eq!(ends(&links)[0], ends(&links)[1]);
}

async fn links_of_a_customer_come_each_once_in_pages(world: World) {
    // A star, a chain, and a refused pair that leads to somebody else.
    world.apply((0..6).map(|n| event(&format!("s{n}")).user("ada").card(&format!("a{n}")))).await;
    world.apply((0..5).map(|n| event(&format!("c{n}")).card(&format!("a{n}")).card(&format!("a{}", n + 1)))).await;
    world.apply([event("r1").user("bob").card("a3")]).await;
    let ada = world.of("user_id", "ada").await;
    let all = list(&world, ada.clone(), None).await;
    assert_eq!(all.len(), 12);
    let keys: Vec<LinkKey> = all.iter().map(key).collect();
    assert!(keys.is_sorted(), "{keys:?}");
    for limit in [1, 5, 12] {
        let (mut after, mut read) = (None, Vec::new());
        loop {
            let page = LinkPage { refused: None, after, limit };
            let pages = world.store.list_links(std::slice::from_ref(&ada), &page).await.expect("a page");
            read.extend(pages[0].items.iter().map(key));
            after = read.last().copied();
            if !pages[0].more {
                break;
            }
        }
        assert_eq!(read, keys, "in pages of {limit}");
    }
    let bob = world.of("user_id", "bob").await;
    assert_eq!(list(&world, bob, None).await.len(), 1);
}

async fn links_of_an_identifier_are_found_from_both_ends(world: World) {
    world.apply([event("m1").user("ada").email("ada@example.org").anonymous("a1")]).await;
    for (kind, value) in [("user_id", "ada"), ("email", "ada@example.org"), ("anonymous_id", "a1")] {
        let id = world.identifier(kind, value).await;
        let links = list(&world, Of::Identifier(id), None).await;
        assert_eq!(links.len(), 2, "{kind}");
        assert!(links.iter().all(|l| l.from == id || l.to == id));
    }
}

async fn links_are_counted_by_whether_they_bound(world: World) {
    world
        .apply_each([event("m1").user("ada").email("ada@example.org").card("c1"), event("m2").user("bob").card("c1")])
        .await;
    let of = [
        world.of("user_id", "ada").await,
        world.of("user_id", "bob").await,
        Of::Identifier(world.identifier("loyalty_card", "c1").await),
    ];
    for (refused, expected) in [(None, [4, 1, 3]), (Some(false), [3, 0, 2]), (Some(true), [1, 1, 1])] {
        assert_eq!(world.store.count_links(&of, refused).await.expect("counts"), expected, "{refused:?}");
    }
}

async fn links_are_found_by_their_key(world: World) {
    world.apply_each([event("m1").user("ada").card("c1"), event("m2").user("bob").card("c1")]).await;
    let all = list(&world, Of::Identifier(world.identifier("loyalty_card", "c1").await), None).await;
    let turned = LinkKey { from: all[0].to, to: all[0].from, refused: false };
    let keys = [key(&all[1]), turned, key(&all[0])];
    let found = world.store.links(&keys).await.expect("links");
    assert_eq!(found, [Some(all[1].clone()), None, Some(all[0].clone())]);
}

/// 4,950 pairs, each of them seen in every event.
async fn events_with_a_hundred_identifiers_each_are_one_link_a_pair(world: World) {
    let cards = |id: &str| (0..100).fold(event(id), |event, n| event.card(&format!("c{n:03}")));
    world.apply((0..20).map(|n| cards(&format!("m{n}")))).await;
    let of = world.of("loyalty_card", "c000").await;
    assert_eq!(world.store.count_links(std::slice::from_ref(&of), None).await.expect("a count"), [4_950]);
    let mut page = LinkPage { refused: None, after: None, limit: 100 };
    let list = world.store.list_links(std::slice::from_ref(&of), &page).await.expect("a page").remove(0);
    assert!(list.more && list.items.iter().all(|link| link.count == 20));
    world.apply([cards("m20")]).await;
    page.limit = 1;
    let list = world.store.list_links(std::slice::from_ref(&of), &page).await.expect("a page").remove(0);
    assert_eq!((list.items[0].count, &*list.items[0].message_id), (21, "m0"));
}
