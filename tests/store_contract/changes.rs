//! The change log: one order, no gap, nothing named that cannot be read, whoever writes beside it.

use std::collections::HashSet;
use std::sync::Arc;

use throughline::changes::filter::ChangeFilter;
use throughline::domain::Arrival;
use throughline::domain::change::{Change, ChangeEntry, ChangePlace};
use throughline::domain::change_details::ChangeKind;
use throughline::domain::consent::ConsentStatus;
use throughline::domain::customer::CustomerId;
use throughline::domain::identifier::IdentifierKey;
use throughline::stitching::{DecisionAction, DecisionRequest};
use throughline::store::query::IdentifierRef;

use crate::common::facts::{event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_log_tells_what_each_batch_did,
    a_run_goes_on_at_any_place,
    a_batch_that_tells_nothing_is_passed,
    behind_the_end_there_is_nothing,
    a_reader_beside_several_writers_misses_nothing_and_can_read_what_it_is_told,
    a_commit_is_counted,
    an_id_is_followed_as_far_as_it_had_come_by_then,
    a_consent_is_found_by_name,
    what_people_decide_is_told_and_an_id_that_is_given_back_is_followed,
}

/// The whole log, in runs of `limit`.
async fn log(world: &World, after: ChangePlace, limit: usize) -> Vec<Change> {
    let (mut log, mut place) = (Vec::new(), after);
    loop {
        let run = world.store.changes(place, limit).await.expect("a run");
        assert!(run.changes.len() <= limit);
        if run.upto == place {
            return log;
        }
        log.extend(run.changes);
        place = run.upto;
    }
}

fn kind(change: &Change) -> &'static str {
    match &change.entry {
        ChangeEntry::CustomerCreated { .. } => "created",
        ChangeEntry::IdentifierLinked { .. } => "linked",
        ChangeEntry::CustomersMerged { .. } => "merged",
        ChangeEntry::TouchpointRecorded { .. } => "touchpoint",
        ChangeEntry::OrderRecorded { .. } => "order",
        ChangeEntry::ConsentChanged { .. } => "consent",
        _ => "other",
    }
}

async fn a_log_tells_what_each_batch_did(world: World) {
    let consent = event("m3").user("ada").email("ada@example.org").consent("marketing", None, ConsentStatus::Granted);
    world.apply_at(minute(70), [event("m1").anonymous("a1").view(), event("m2").user("ada")]).await;
    world.apply_at(minute(80), [consent]).await;
    world.apply_at(minute(90), [event("m4").user("ada").anonymous("a1").completed("7", "5", &[])]).await;
    let log = log(&world, ChangePlace::BEGINNING, 100).await;
    let told: Vec<_> = log.iter().map(|c| (c.place.seq, c.place.index, kind(c))).collect();
    assert_eq!(
        told,
        [
            (1, 0, "created"),
            (1, 1, "touchpoint"),
            (1, 2, "created"),
            (2, 0, "linked"),
            (2, 1, "consent"),
            (3, 0, "merged"),
            (3, 1, "order"),
        ]
    );
    assert_eq!((log[0].at, log[6].at), (minute(70), minute(90)));
    let (a1, ada) = (world.identifier("anonymous_id", "a1").await, world.identifier("user_id", "ada").await);
    let ChangeEntry::CustomersMerged { customer: c, others: o, identifiers: i, message: m, reason: None } =
        &log[5].entry
    else {
        panic!("a merge: {:?}", log[5])
    };
    assert_eq!((c, o.len(), m.as_deref()), (&world.id("user_id", "ada").await, 1, Some("m4")));
    assert_eq!(i.iter().collect::<HashSet<_>>(), HashSet::from([&a1, &ada]));
}

async fn a_run_goes_on_at_any_place(world: World) {
    for batch in 0..4 {
        world.apply((0..5).map(|n| event(&format!("m{batch}-{n}")).user(&format!("u{n}")).minute(n).view())).await;
    }
    let all = log(&world, ChangePlace::BEGINNING, 1_000).await;
    assert_eq!(all.len(), 25, "five customers, twenty touchpoints");
    for limit in [1, 2, 3, 7, 25] {
        assert_eq!(log(&world, ChangePlace::BEGINNING, limit).await, all, "in runs of {limit}");
    }
    for (n, change) in all.iter().enumerate() {
        assert_eq!(log(&world, change.place, 4).await, all[n + 1..], "behind {:?}", change.place);
    }
    assert_eq!(log(&world, ChangePlace::behind(2), 4).await, all[15..]);
}

async fn a_batch_that_tells_nothing_is_passed(world: World) {
    world.apply([event("m1").user("ada")]).await;
    // Seen together before, and nothing hangs on them: only that it was seen again is stored.
    world.apply_each((2..6).map(|n| event(&format!("m{n}")).user("ada"))).await;
    let change = world.apply([event("last").user("ada").view()]).await.change;
    assert_eq!(change, 6);
    let run = world.store.changes(ChangePlace::behind(1), 10).await.expect("a run");
    assert_eq!((run.changes.len(), run.upto), (1, ChangePlace::behind(6)));
    assert_eq!(run.changes[0].place, ChangePlace { seq: 6, index: 0 });
}

async fn behind_the_end_there_is_nothing(world: World) {
    let empty = world.store.changes(ChangePlace::BEGINNING, 10).await.expect("a run");
    assert_eq!((empty.changes, empty.upto), (vec![], ChangePlace::BEGINNING));
    world.apply([event("m1").user("ada")]).await;
    for place in [ChangePlace::behind(1), ChangePlace::behind(7)] {
        let run = world.store.changes(place, 10).await.expect("a run");
        assert_eq!((run.changes, run.upto), (vec![], place));
    }
    let run = world.store.changes(ChangePlace::BEGINNING, 0).await.expect("a run");
    assert_eq!((run.changes, run.upto), (vec![], ChangePlace::BEGINNING));
}

async fn a_reader_beside_several_writers_misses_nothing_and_can_read_what_it_is_told(world: World) {
    const WRITERS: usize = 4;
    const BATCHES: usize = 12;
    let world = Arc::new(world);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let world = world.clone();
            tokio::spawn(async move {
                for batch in 0..BATCHES {
                    let name = |n: usize| format!("w{writer}-b{batch}-{n}");
                    // Some meet in one customer, so writers wait for each other.
                    let facts = (0..6).map(|n| {
                        let met = format!("met{}", (batch + n) % 3);
                        let fact = event(&name(n)).minute(n as i64).view();
                        if n % 2 == 0 { fact.anonymous(&name(n)).anonymous(&met) } else { fact.anonymous(&name(n)) }
                    });
                    world.apply(facts).await;
                }
            })
        })
        .collect();
    let (mut place, mut read) = (ChangePlace::BEGINNING, Vec::<Change>::new());
    loop {
        let done = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let run = world.store.changes(place, 20).await.expect("a run");
        assert!(run.upto >= place);
        let messages: Vec<Arc<str>> = run.changes.iter().filter_map(touchpoint).collect();
        let found = world.store.touchpoints(&messages).await.expect("touchpoints");
        assert!(found.iter().all(Option::is_some), "a touchpoint that a change names is not there");
        let named: Vec<IdentifierRef> = run.changes.iter().flat_map(identifiers).collect();
        let found = world.store.identifiers(&named).await.expect("identifiers");
        assert!(found.iter().all(Option::is_some), "an identifier that a change names is not there");
        let ended = run.upto == place;
        place = run.upto;
        read.extend(run.changes);
        if done && ended {
            break;
        }
    }
    for writer in writers {
        writer.await.expect("a writer");
    }
    assert!(read.is_sorted_by(|a, b| a.place < b.place), "in order, and none twice");
    let touched: HashSet<Arc<str>> = read.iter().filter_map(touchpoint).collect();
    assert_eq!(touched.len(), WRITERS * BATCHES * 6);
    assert_eq!(read, log(&world, ChangePlace::BEGINNING, 500).await, "live is the same as replayed");
    assert_eq!(place.seq, (WRITERS * BATCHES) as i64);
}

fn touchpoint(change: &Change) -> Option<Arc<str>> {
    match &change.entry {
        ChangeEntry::TouchpointRecorded { message, .. } => Some(message.clone()),
        _ => None,
    }
}

fn identifiers(change: &Change) -> Vec<IdentifierRef> {
    match &change.entry {
        ChangeEntry::CustomerCreated { identifiers, .. }
        | ChangeEntry::IdentifierLinked { identifiers, .. }
        | ChangeEntry::CustomersMerged { identifiers, .. } => {
            identifiers.iter().copied().map(IdentifierRef::Id).collect()
        }
        _ => Vec::new(),
    }
}

async fn a_commit_is_counted(world: World) {
    let mut commits = world.store.commits();
    commits.mark_unchanged();
    world.apply([event("m1").user("ada").view()]).await;
    assert!(commits.has_changed().expect("a sender"));
    commits.mark_unchanged();
    let run = world.store.changes(ChangePlace::BEGINNING, 10).await.expect("a run");
    assert_eq!(run.changes.len(), 2, "what was counted is there");
    assert!(!commits.has_changed().expect("a sender"), "a read is no commit");
}

async fn an_id_is_followed_as_far_as_it_had_come_by_then(world: World) {
    world.apply_each([event("m1").anonymous("a1"), event("m2").anonymous("a2"), event("m3").user("ada")]).await;
    let mut ids = Vec::new();
    for (kind, value) in [("anonymous_id", "a1"), ("anonymous_id", "a2"), ("user_id", "ada")] {
        ids.push(world.id(kind, value).await);
    }
    // The first id given out stays, so the last goes into the second, and that into the first.
    world.apply([event("m4").anonymous("a2").user("ada")]).await;
    world.apply([event("m5").anonymous("a1").user("ada")]).await;
    for (seq, expected) in [(3, 2), (4, 1), (5, 0), (9, 0)] {
        let way = world.store.became(&ids[2], seq).await.expect("an answer");
        let expected: Vec<_> = ids[expected..].iter().rev().cloned().collect();
        assert_eq!(way, expected, "after change {seq}");
    }
    assert_eq!(world.store.became(&ids[0], 0).await.expect("an answer"), ids[..1]);
    let nobody = CustomerId("0".repeat(32).into());
    assert!(world.store.became(&nobody, 5).await.expect("an answer").is_empty());
}

async fn a_consent_is_found_by_name(world: World) {
    let said = |id: &str, status| event(id).user("ada").consent("marketing", None, status);
    world.apply([said("m1", ConsentStatus::Granted)]).await;
    world.apply([said("m2", ConsentStatus::Revoked).minute(5)]).await;
    let names = [Arrival::new(2, 0), Arrival::new(9, 9), Arrival::new(1, 0)];
    let found = world.store.consents(&names).await.expect("consents");
    let status = |n: usize| found[n].as_ref().map(|c| (c.arrival, c.fact.status));
    assert_eq!(status(0), Some((names[0], ConsentStatus::Revoked)));
    assert_eq!(status(1), None);
    assert_eq!(status(2), Some((names[2], ConsentStatus::Granted)), "one that is no longer in force too");
}

async fn what_people_decide_is_told_and_an_id_that_is_given_back_is_followed(world: World) {
    world
        .apply_each([
            event("m1").email("a@example.org"),
            event("m2").email("b@example.org"),
            event("m3").email("c@example.org"),
        ])
        .await;
    let mut ids = Vec::new();
    for value in ["a@example.org", "b@example.org", "c@example.org"] {
        ids.push(world.id("email", value).await);
    }
    let mut commits = world.store.commits();
    let decide = async |action: DecisionAction| {
        let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
        let decided = world.store.decide(&world.rules, &request, minute(2_000), false).await.expect("a ruling");
        assert!(decided.outcome.done, "{:?}", decided.outcome);
        decided.change
    };
    // C becomes B (4), B becomes A (5), then B has its id back, and C with it (6), and B becomes A again (7).
    let key = |value: &str| IdentifierKey::new("email", value);
    commits.mark_unchanged();
    assert_eq!(decide(DecisionAction::Merge(vec![ids[1].clone(), ids[2].clone()])).await, 4);
    assert!(commits.has_changed().expect("a sender"), "a ruling is a commit like others");
    decide(DecisionAction::Merge(vec![ids[0].clone(), ids[1].clone()])).await;
    decide(DecisionAction::Split(ids[0].clone(), vec![key("b@example.org"), key("c@example.org")])).await;
    decide(DecisionAction::Merge(vec![ids[0].clone(), ids[1].clone()])).await;
    let log = log(&world, ChangePlace::behind(3), 100).await;
    let told: Vec<_> = log.iter().map(|c| (c.place.seq, c.details().kind)).collect();
    use ChangeKind::{CustomerSplit, CustomersMerged};
    assert_eq!(told, [(4, CustomersMerged), (5, CustomersMerged), (6, CustomerSplit), (7, CustomersMerged)]);
    assert!(log.iter().all(|c| c.details().reason.as_deref() == Some("they called")));

    for (seq, became) in [(3, &[2][..]), (4, &[2, 1]), (5, &[2, 1, 0]), (6, &[2, 1]), (7, &[2, 1, 0]), (99, &[2, 1, 0])]
    {
        let expected: Vec<_> = became.iter().map(|n: &usize| ids[*n].clone()).collect();
        assert_eq!(world.store.became(&ids[2], seq).await.expect("an answer"), expected, "after change {seq}");
    }
    // A reader that begins later gets the same changes as one that began earlier, for each of the ids.
    for id in &ids {
        let hears = async |after: ChangePlace| {
            let filter = ChangeFilter::new(&*world.store, Vec::new(), Some(id.clone()), after).await;
            let mut filter = filter.expect("an answer").expect("a customer");
            let rest = log.iter().filter(|c| c.place > after);
            rest.filter(|c| filter.accepts(c)).map(|c| c.place).collect::<Vec<_>>()
        };
        let all = hears(ChangePlace::behind(3)).await;
        for change in &log {
            let later: Vec<_> = all.iter().copied().filter(|place| *place > change.place).collect();
            assert_eq!(hears(change.place).await, later, "behind {:?}", change.place);
            assert_eq!(hears(ChangePlace::behind(change.place.seq)).await, later);
        }
    }
}
