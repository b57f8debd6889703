//! Versions of saved segments.

use throughline::domain::change::ChangePlace;
use throughline::domain::segment::{Segment, SegmentContent, SegmentId};
use throughline::store::segments::{NewSegment, read_of};

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_segment_has_versions_and_the_past_keeps_its_own,
    a_write_that_has_not_read_all_is_not_done,
    of_two_writes_at_once_one_is_done,
    a_change_of_a_segment_is_one_of_the_log_and_has_no_entries,
    a_trait_is_known_when_somebody_has_said_it,
}

fn content(name: &str, definition: &str) -> SegmentContent {
    SegmentContent {
        name: name.into(),
        description: None,
        time_zone: "Europe/London".into(),
        definition: definition.into(),
        uses: Vec::new(),
    }
}

fn new(id: Option<SegmentId>, content: SegmentContent) -> NewSegment {
    NewSegment { id, by: "clerk".into(), content }
}

async fn save(world: &World, id: Option<SegmentId>, content: SegmentContent) -> Segment {
    let read = read_of(&world.store.segments(None).await.expect("segments"));
    let saved = world.store.save_segment(&read, &new(id, content), minute(5)).await.expect("an answer");
    saved.expect("it is saved")
}

async fn last(world: &World) -> i64 {
    world.store.status().await.expect("a status").change
}

async fn a_segment_has_versions_and_the_past_keeps_its_own(world: World) {
    world.apply([event("m1").user("ada")]).await;
    let before = last(&world).await;
    assert_eq!(world.store.segments(None).await.expect("segments"), []);
    let vip = save(&world, None, content("VIP", "{\"all\":[]}")).await;
    let first = last(&world).await;
    assert_eq!((vip.id.0, vip.version, &*vip.saved_by, vip.saved_at), (first, 1, "clerk", minute(1_000)));
    let uses = vec![("vip".into(), vip.id)];
    let described =
        SegmentContent { description: Some("all but those".into()), uses, ..content("Rest", "{\"any\":[]}") };
    let rest = save(&world, None, described.clone()).await;
    assert_eq!(rest.content, described);
    let second = last(&world).await;
    let great = save(&world, Some(vip.id), content("Great", "{\"not\":{\"any\":[]}}")).await;
    assert_eq!((great.id, great.version, &*great.content.name), (vip.id, 2, "Great"));
    let third = last(&world).await;
    assert_eq!(world.store.segments(None).await.expect("segments"), [great.clone(), rest.clone()]);
    let read = read_of(&[great.clone(), rest.clone()]);
    assert!(world.store.delete_segment(&read, rest.id, minute(6)).await.expect("an answer"));
    assert_eq!(world.store.segments(None).await.expect("segments"), std::slice::from_ref(&great));
    assert!(
        !world
            .store
            .delete_segment(&read_of(std::slice::from_ref(&great)), rest.id, minute(7))
            .await
            .expect("an answer")
    );
    for (at, then) in [
        (before, vec![]),
        (first, vec![vip.clone()]),
        (second, vec![vip.clone(), rest.clone()]),
        (third, vec![great.clone(), rest.clone()]),
        (third + 1, vec![great.clone()]),
    ] {
        assert_eq!(world.store.segments(Some(at)).await.expect("segments"), then, "after the change {at}");
    }
    // A new one with the same name is another segment.
    let again = save(&world, None, content("Rest", "{\"any\":[]}")).await;
    assert!(again.id != rest.id && again.version == 1);
}

async fn a_write_that_has_not_read_all_is_not_done(world: World) {
    let one = save(&world, None, content("one", "{}")).await;
    let before = world.store.status().await.expect("a status");
    let old = Vec::new();
    assert_eq!(
        world.store.save_segment(&old, &new(None, content("two", "{}")), minute(6)).await.expect("an answer"),
        None
    );
    assert_eq!(
        world.store.save_segment(&old, &new(Some(one.id), content("one", "{}")), minute(6)).await.expect("an answer"),
        None
    );
    assert!(!world.store.delete_segment(&old, one.id, minute(6)).await.expect("an answer"));
    let wrong = vec![(one.id, 2)];
    assert!(!world.store.delete_segment(&wrong, one.id, minute(6)).await.expect("an answer"));
    let unknown = new(Some(SegmentId(77)), content("two", "{}"));
    assert_eq!(world.store.save_segment(&vec![(one.id, 1)], &unknown, minute(6)).await.expect("an answer"), None);
    assert_eq!(world.store.segments(None).await.expect("segments"), [one]);
    assert_eq!(world.store.status().await.expect("a status"), before);
}

async fn of_two_writes_at_once_one_is_done(world: World) {
    for round in 0..5 {
        let read = read_of(&world.store.segments(None).await.expect("segments"));
        let names = [format!("a{round}"), format!("b{round}")];
        let [a, b] = names.map(|name| new(None, content(&name, "{}")));
        let (a, b) = tokio::join!(
            world.store.save_segment(&read, &a, minute(6)),
            world.store.save_segment(&read, &b, minute(6))
        );
        let (a, b) = (a.expect("an answer"), b.expect("an answer"));
        assert!(a.is_some() != b.is_some(), "{a:?} {b:?}");
        assert_eq!(world.store.segments(None).await.expect("segments").len(), round + 1);
    }
}

async fn a_change_of_a_segment_is_one_of_the_log_and_has_no_entries(world: World) {
    world.apply([event("m1").user("ada")]).await;
    let before = last(&world).await;
    let vip = save(&world, None, content("VIP", "{}")).await;
    world.apply([event("m2").user("ben")]).await;
    assert!(
        world.store.delete_segment(&read_of(std::slice::from_ref(&vip)), vip.id, minute(9)).await.expect("an answer")
    );
    world.apply([event("m3").user("cy")]).await;
    assert_eq!(last(&world).await, before + 4);
    let run = world.store.changes(ChangePlace::behind(before), 10).await.expect("the log");
    let numbers: Vec<i64> = run.changes.iter().map(|change| change.place.seq).collect();
    assert_eq!(numbers, [before + 2, before + 4]);
    assert_eq!(world.store.counter_and_log().await.expect("figures"), (before + 4, before + 4));
}

async fn a_trait_is_known_when_somebody_has_said_it(world: World) {
    assert!(!world.store.has_trait("plan").await.expect("an answer"));
    world.apply([event("m1").user("ada").claim("plan", "\"pro\"")]).await;
    assert!(world.store.has_trait("plan").await.expect("an answer"));
    assert!(!world.store.has_trait("Plan").await.expect("an answer"));
}
