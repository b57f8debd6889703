//! Members of saved segments, and who is to be judged.

use throughline::domain::Timestamp;
use throughline::domain::change::{Change, ChangeEntry, ChangePlace};
use throughline::domain::customer::CustomerId;
use throughline::domain::segment::{Segment, SegmentContent, SegmentId};
use throughline::domain::segment_membership::{
    Covers, Crossing, Judgement, SegmentMembership, Sweep, Touch, Touches, Verdict,
};
use throughline::store::query::{CustomerKey, FirstPages, Shape};
use throughline::store::segments::{NewSegment, SegmentsRead, read_of};

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    without_a_segment_nobody_is_judged,
    a_change_puts_the_customers_that_it_touches_among_those_to_be_judged,
    a_change_says_what_it_touched,
    a_verdict_is_written_once_with_its_entries,
    a_verdict_about_what_has_changed_since_does_not_count,
    a_customer_is_pending_again_when_it_falls_due,
    a_page_of_members_is_in_the_order_in_which_they_were_created,
    a_merge_ends_what_the_absorbed_customer_had,
    a_sweep_goes_on_page_by_page_and_begins_again_with_each_save,
}

async fn save(world: &World, name: &str, id: Option<SegmentId>) -> Segment {
    let read = segments(world).await;
    let content = SegmentContent {
        name: name.into(),
        description: None,
        time_zone: "UTC".into(),
        definition: "{\"all\":[]}".into(),
        uses: Vec::new(),
    };
    let new = NewSegment { id, by: "clerk".into(), content };
    world.store.save_segment(&read, &new, minute(5)).await.expect("an answer").expect("it is saved")
}

async fn segments(world: &World) -> SegmentsRead {
    read_of(&world.store.segments(None).await.expect("segments"))
}

async fn id_of(world: &World, user: &str) -> CustomerId {
    let key = CustomerKey::Identifier(throughline::domain::IdentifierKey::new("user_id", user));
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let mut found = world.store.customers(&[key], Shape::Card, pages).await.expect("an answer");
    found.remove(0).expect("an answer").expect("a customer").customer.id.clone()
}

async fn pending(world: &World, now: Timestamp) -> Vec<Judgement> {
    let mut found = world.store.pending_judgements(now, 10).await.expect("judgements");
    found.sort_by(|a, b| a.customer.cmp(&b.customer));
    found
}

async fn last(world: &World) -> i64 {
    world.store.status().await.expect("a status").change
}

async fn log(world: &World, after: i64) -> Vec<Change> {
    world.store.changes(ChangePlace::behind(after), 100).await.expect("the log").changes
}

async fn stored(world: &World, customer: &CustomerId) -> Vec<SegmentMembership> {
    let found = world.store.segment_memberships(std::slice::from_ref(customer)).await.expect("memberships");
    found.into_iter().next().expect("one answer")
}

async fn judgement(world: &World, customer: &CustomerId) -> Judgement {
    world.store.judgements(std::slice::from_ref(customer)).await.expect("judgements").remove(0)
}

/// Crosses one segment at this minute.
fn verdict(read: &Judgement, segment: SegmentId, enters: bool, at: i64, due_at: Option<Timestamp>) -> Verdict {
    let crossings = vec![Crossing { segment, enters, at: minute(at) }];
    Verdict { read: read.clone(), crossings, covers: Covers::All, due_at, judged_at: minute(at) }
}

async fn judge(world: &World, verdicts: &[Verdict]) -> Option<usize> {
    world.store.judge(&segments(world).await, verdicts, None, minute(9)).await.expect("an answer")
}

async fn without_a_segment_nobody_is_judged(world: World) {
    world.apply([event("m1").user("ada")]).await;
    assert_eq!(pending(&world, Timestamp::MAX).await, []);
    assert_eq!(world.store.sweeps().await.expect("sweeps"), []);
    let ada = id_of(&world, "ada").await;
    assert_eq!(judgement(&world, &ada).await, Judgement::none(ada.clone()));
    assert_eq!(stored(&world, &ada).await, []);
}

async fn a_change_puts_the_customers_that_it_touches_among_those_to_be_judged(world: World) {
    save(&world, "all", None).await;
    world.apply([event("m1").user("ada"), event("m2").user("ben")]).await;
    let first = last(&world).await;
    let (ada, ben) = (id_of(&world, "ada").await, id_of(&world, "ben").await);
    let touched = |id: &CustomerId, change, at| Judgement {
        customer: id.clone(),
        change,
        touched_at: Some(at),
        touches: Touches::Everything,
        due_at: None,
        judged_at: None,
    };
    let at = log(&world, first - 1).await[0].at;
    let mut both = vec![touched(&ada, first, at), touched(&ben, first, at)];
    both.sort_by(|a, b| a.customer.cmp(&b.customer));
    assert_eq!(pending(&world, minute(0)).await, both);
    // A claim alone touches too; the time is that of the first change which nobody has judged.
    world.apply([event("m3").user("ada").claim("plan", "\"pro\"")]).await;
    assert_eq!(judgement(&world, &ada).await, touched(&ada, last(&world).await, at));
    // A late touchpoint too.
    world.apply([event("m4").user("ben").minute(-9_000).view()]).await;
    assert_eq!(judgement(&world, &ben).await, touched(&ben, last(&world).await, at));
    assert_eq!(world.store.pending_judgements(minute(0), 1).await.expect("judgements").len(), 1);
}

async fn a_change_says_what_it_touched(world: World) {
    let segment = save(&world, "all", None).await.id;
    world.apply([event("m1").user("ada"), event("m2").user("ben").email("ben@example.org")]).await;
    let (ada, ben) = (id_of(&world, "ada").await, id_of(&world, "ben").await);
    for id in [&ada, &ben] {
        assert_eq!(judgement(&world, id).await.touches, Touches::Everything, "a new customer");
        assert_eq!(judge(&world, &[verdict(&judgement(&world, id).await, segment, true, 7, None)]).await, Some(1));
    }
    let words = |list: &[Touch]| Touches::Some(list.iter().cloned().collect());
    world.apply([event("m3").user("ada").view(), event("m4").user("ben").claim("plan", "\"pro\"")]).await;
    let viewed = [
        Touch::Seen,
        Touch::Touchpoint,
        Touch::Name("Home".into()),
        Touch::Kind("visit".into()),
        Touch::Channel("website".into()),
    ];
    assert_eq!(judgement(&world, &ada).await.touches, words(&viewed));
    assert_eq!(judgement(&world, &ben).await.touches, words(&[Touch::Seen, Touch::Trait("plan".into())]));
    // Until it is judged, what is touched adds up.
    world.apply([event("m5").user("ada").claim("city", "\"Leeds\"")]).await;
    let both: Vec<Touch> = viewed.into_iter().chain([Touch::Trait("city".into())]).collect();
    let read = judgement(&world, &ada).await;
    assert_eq!(read.touches, words(&both));
    let mut found = world.store.pending_judgements(minute(0), 10).await.expect("judgements");
    found.retain(|one| one.customer == ada);
    assert_eq!(found, std::slice::from_ref(&read));
    // Judged by what was touched, it falls due no later than before.
    let part =
        |read: &Judgement, due_at| Verdict { covers: Covers::Concerned, ..verdict(read, segment, true, 7, due_at) };
    assert_eq!(judge(&world, &[part(&read, Some(minute(80)))]).await, Some(1));
    world.apply([event("m6").user("ada").view()]).await;
    let read = judgement(&world, &ada).await;
    assert_eq!((read.touches.clone(), read.due_at), (words(&both[..5]), Some(minute(80))));
    assert_eq!(judge(&world, &[part(&read, Some(minute(90)))]).await, Some(1));
    let judged = judgement(&world, &ada).await;
    assert_eq!((judged.touched_at, judged.due_at, judged.change), (None, Some(minute(80)), read.change));
    // A new identifier may touch anything.
    world.apply([event("m7").user("ada").view()]).await;
    world.apply([event("m8").user("ada").email("ada@example.org")]).await;
    assert_eq!(judgement(&world, &ada).await.touches, Touches::Everything);
    world.apply([event("m9").user("ada").view()]).await;
    assert_eq!(judgement(&world, &ada).await.touches, Touches::Everything);
}

async fn a_verdict_is_written_once_with_its_entries(world: World) {
    let segment = save(&world, "all", None).await.id;
    world.apply([event("m1").user("ada")]).await;
    let ada = id_of(&world, "ada").await;
    let read = judgement(&world, &ada).await;
    let before = last(&world).await;
    let enters = verdict(&read, segment, true, 7, None);
    assert_eq!(judge(&world, std::slice::from_ref(&enters)).await, Some(1));
    assert_eq!(stored(&world, &ada).await, [SegmentMembership { segment, since: minute(7) }]);
    assert_eq!(world.store.count_segment_members(segment).await.expect("a count"), 1);
    let entries: Vec<ChangeEntry> = log(&world, before).await.into_iter().map(|change| change.entry).collect();
    let entered = ChangeEntry::SegmentEntered { customer: ada.clone(), segment, since: minute(7) };
    assert_eq!(entries, [entered]);
    assert_eq!(pending(&world, Timestamp::MAX).await, []);
    // The other server has judged the same.
    assert_eq!(judge(&world, &[enters]).await, Some(0));
    assert_eq!(last(&world).await, before + 1);
    // Nothing new to tell is no change.
    let again = Verdict { read: judgement(&world, &ada).await, ..verdict(&read, segment, true, 8, Some(minute(70))) };
    assert_eq!(judge(&world, &[again]).await, Some(1));
    assert_eq!((last(&world).await, stored(&world, &ada).await[0].since), (before + 1, minute(7)));
    let leaves = verdict(&judgement(&world, &ada).await, segment, false, 8, None);
    assert_eq!(judge(&world, &[leaves]).await, Some(1));
    assert_eq!(stored(&world, &ada).await, []);
    assert_eq!(world.store.count_segment_members(segment).await.expect("a count"), 0);
    let left = ChangeEntry::SegmentLeft { customer: ada.clone(), segment, at: minute(8) };
    assert_eq!(log(&world, before + 1).await.into_iter().map(|change| change.entry).collect::<Vec<_>>(), [left]);
    assert_eq!(world.store.counter_and_log().await.expect("figures"), (before + 2, before + 2));
}

async fn a_verdict_about_what_has_changed_since_does_not_count(world: World) {
    let segment = save(&world, "all", None).await.id;
    world.apply([event("m1").user("ada")]).await;
    let ada = id_of(&world, "ada").await;
    let old = judgement(&world, &ada).await;
    world.apply([event("m2").user("ada").view()]).await;
    assert_eq!(judge(&world, &[verdict(&old, segment, true, 7, None)]).await, Some(0));
    let now = judgement(&world, &ada).await;
    assert!(now.change > old.change && now.touched_at.is_some());
    // Other segments than those that were read.
    let read = segments(&world).await;
    save(&world, "more", None).await;
    let one = verdict(&now, segment, true, 7, None);
    let done = world.store.judge(&read, std::slice::from_ref(&one), None, minute(9)).await.expect("an answer");
    assert_eq!((done, stored(&world, &ada).await), (None, vec![]));
    assert_eq!(judge(&world, &[one]).await, Some(1));
    assert_eq!(stored(&world, &ada).await.len(), 1);
    // A customer that does not exist.
    let nobody = Judgement::none(CustomerId("nobody".into()));
    assert_eq!(judge(&world, &[verdict(&nobody, segment, true, 7, None)]).await, Some(0));
}

async fn a_customer_is_pending_again_when_it_falls_due(world: World) {
    let segment = save(&world, "all", None).await.id;
    world.apply([event("m1").user("ada"), event("m2").user("ben")]).await;
    let (ada, ben) = (id_of(&world, "ada").await, id_of(&world, "ben").await);
    let verdicts = [
        verdict(&judgement(&world, &ada).await, segment, true, 7, Some(minute(60))),
        verdict(&judgement(&world, &ben).await, segment, true, 7, Some(minute(50))),
    ];
    assert_eq!(judge(&world, &verdicts).await, Some(2));
    assert_eq!(pending(&world, Timestamp(minute(50).0 - 1)).await, []);
    let due: Vec<CustomerId> = pending(&world, minute(50)).await.into_iter().map(|one| one.customer).collect();
    assert_eq!(due, std::slice::from_ref(&ben));
    // The longest due comes first, but after those that were touched.
    let order = async || {
        let found = world.store.pending_judgements(minute(60), 10).await.expect("judgements");
        found.into_iter().map(|one| one.customer).collect::<Vec<_>>()
    };
    assert_eq!(order().await, [ben.clone(), ada.clone()]);
    world.apply([event("m3").user("ada").view()]).await;
    assert_eq!(order().await, [ada.clone(), ben.clone()]);
    let both = judgement(&world, &ada).await;
    assert_eq!((both.due_at, both.touched_at.is_some()), (Some(minute(60)), true));
}

async fn a_page_of_members_is_in_the_order_in_which_they_were_created(world: World) {
    let segment = save(&world, "all", None).await.id;
    let other = save(&world, "other", None).await.id;
    let mut ids = Vec::new();
    for user in ["ada", "ben", "cy"] {
        world.apply([event(user).user(user)]).await;
        ids.push(id_of(&world, user).await);
    }
    for (n, id) in ids.iter().enumerate().rev() {
        let mut one = verdict(&judgement(&world, id).await, segment, true, 7, None);
        one.crossings.extend((n == 1).then_some(Crossing { segment: other, enters: true, at: minute(8) }));
        assert_eq!(judge(&world, &[one]).await, Some(1));
    }
    let page = world.store.list_segment_members(segment, None, 2).await.expect("a page");
    assert_eq!(page.items.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), ids[..2]);
    assert!(page.more);
    let page = world.store.list_segment_members(segment, Some(page.items[1].1), 2).await.expect("a page");
    assert_eq!((page.items.len(), &page.items[0].0, page.more), (1, &ids[2], false));
    let both =
        [SegmentMembership { segment, since: minute(7) }, SegmentMembership { segment: other, since: minute(8) }];
    assert_eq!(stored(&world, &ids[1]).await, both);
    let all = world.store.segment_memberships(&[ids[2].clone(), ids[1].clone()]).await.expect("memberships");
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
}

async fn a_merge_ends_what_the_absorbed_customer_had(world: World) {
    let segment = save(&world, "all", None).await.id;
    world.apply([event("m1").user("ada")]).await;
    world.apply([event("m2").email("ada@example.org")]).await;
    let ada = id_of(&world, "ada").await;
    let key = CustomerKey::Identifier(throughline::domain::IdentifierKey::new("email", "ada@example.org"));
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let mail = world.store.customers(&[key], Shape::Card, pages).await.expect("an answer").remove(0);
    let mail = mail.expect("an answer").expect("a customer").customer.id.clone();
    for id in [&ada, &mail] {
        let one = verdict(&judgement(&world, id).await, segment, true, 7, Some(minute(60)));
        assert_eq!(judge(&world, &[one]).await, Some(1));
    }
    assert_eq!(world.store.count_segment_members(segment).await.expect("a count"), 2);
    world.apply([event("m3").user("ada").email("ada@example.org")]).await;
    let survivor = id_of(&world, "ada").await;
    let absorbed = if survivor == ada { mail } else { ada };
    assert_eq!(world.store.count_segment_members(segment).await.expect("a count"), 1);
    assert_eq!((stored(&world, &absorbed).await, stored(&world, &survivor).await.len()), (vec![], 1));
    assert_eq!(judgement(&world, &absorbed).await, Judgement::none(absorbed.clone()));
    let waiting: Vec<CustomerId> = pending(&world, minute(70)).await.into_iter().map(|one| one.customer).collect();
    assert_eq!(waiting, [survivor]);
    // A verdict about a customer that was merged away does not count.
    assert_eq!(judge(&world, &[verdict(&Judgement::none(absorbed), segment, true, 7, None)]).await, Some(0));
}

async fn a_sweep_goes_on_page_by_page_and_begins_again_with_each_save(world: World) {
    world.apply([event("m1").user("ada")]).await;
    world.apply([event("m2").user("ben")]).await;
    let segment = save(&world, "all", None).await.id;
    let begun = Sweep { segment, change: last(&world).await, at: minute(1_000), after: None };
    assert_eq!(world.store.sweeps().await.expect("sweeps"), [begun]);
    let (ada, ben) = (id_of(&world, "ada").await, id_of(&world, "ben").await);
    let part =
        |read: Judgement, due_at| Verdict { covers: Covers::Concerned, ..verdict(&read, segment, true, 7, due_at) };
    let born = async |id: &CustomerId| {
        let pages = FirstPages { orders: 0, touchpoints: 0 };
        let mut found = world.store.customers(&[CustomerKey::Id(id.clone())], Shape::Card, pages).await.expect("one");
        found.remove(0).expect("an answer").expect("a customer").customer.created_seq
    };
    let first = [part(judgement(&world, &ada).await, Some(minute(90)))];
    let next = Some((begun, Some(born(&ada).await)));
    let read = segments(&world).await;
    assert_eq!(world.store.judge(&read, &first, next, minute(9)).await.expect("an answer"), Some(1));
    assert_eq!(judgement(&world, &ada).await.due_at, Some(minute(90)));
    assert_eq!(stored(&world, &ada).await.len(), 1);
    // Another server is still at the page before.
    assert_eq!(world.store.judge(&read, &first, next, minute(9)).await.expect("an answer"), None);
    let here = Sweep { after: Some(born(&ada).await), ..begun };
    assert_eq!(world.store.sweeps().await.expect("sweeps"), [here]);
    // A customer of the page is touched: the sweep goes on, and the customer is judged by everything behind it.
    let old = [part(judgement(&world, &ben).await, None)];
    world.apply([event("m3").user("ben").view()]).await;
    assert_eq!(world.store.judge(&read, &old, Some((here, None)), minute(9)).await.expect("an answer"), Some(0));
    assert_eq!(world.store.sweeps().await.expect("sweeps"), []);
    assert_eq!(stored(&world, &ben).await, []);
    let left = judgement(&world, &ben).await;
    assert_eq!((left.touched_at.is_some(), &left.touches), (true, &Touches::Everything));
    // A verdict says all that is to be told, and up to when; a later one with an earlier clock takes nothing of that back.
    assert_eq!(judge(&world, &[part(left, Some(minute(95)))]).await, Some(1));
    let kept = judgement(&world, &ben).await;
    assert_eq!((kept.touched_at, kept.due_at, kept.judged_at), (None, Some(minute(95)), Some(minute(7))));
    let behind = Verdict { judged_at: minute(3), ..part(kept.clone(), None) };
    assert_eq!(judge(&world, &[behind]).await, Some(1));
    assert_eq!(judgement(&world, &ben).await, kept);
    world.apply([event("m3b").user("ben").view()]).await;
    assert_eq!(judgement(&world, &ben).await.judged_at, Some(minute(7)));
    assert_eq!(stored(&world, &ben).await.len(), 1);
    // An earlier moment of another segment stays.
    let earlier = part(judgement(&world, &ada).await, Some(minute(99)));
    assert_eq!(judge(&world, &[earlier]).await, Some(1));
    assert_eq!(judgement(&world, &ada).await.due_at, Some(minute(90)));
    save(&world, "everybody", Some(segment)).await;
    let anew = Sweep { segment, change: last(&world).await, at: minute(1_000), after: None };
    let found = world.store.sweeps().await.expect("sweeps");
    assert_eq!((found.len(), found[0].change, found[0].after), (1, anew.change, None));
    save(&world, "other", None).await;
    assert!(world.store.delete_segment(&segments(&world).await, segment, minute(9)).await.expect("an answer"));
    assert_eq!(world.store.sweeps().await.expect("sweeps")[0].change, last(&world).await);
    // Who is in a deleted segment leaves it, also when it was touched meanwhile.
    let gone = world.store.sweeps().await.expect("sweeps")[0];
    let leaves = Crossing { segment, enters: false, at: minute(9) };
    let read = judgement(&world, &ben).await;
    let leave = Verdict { read, crossings: vec![leaves], covers: Covers::Deleted, due_at: None, judged_at: minute(9) };
    world.apply([event("m4").user("ben").view()]).await;
    let read = segments(&world).await;
    assert_eq!(world.store.judge(&read, &[leave], Some((gone, None)), minute(9)).await.expect("an answer"), Some(1));
    assert_eq!(stored(&world, &ben).await, []);
}
