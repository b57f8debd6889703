//! Members that are kept by judging what changes touch and what falls due are those that the definitions tell, after every
//! change and at every time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use throughline::domain::change::{ChangeEntry, ChangePlace};
use throughline::domain::claim::TraitPolicies;
use throughline::domain::consent::ConsentStatus;
use throughline::domain::customer::CustomerId;
use throughline::domain::fact::Fact;
use throughline::domain::product::ProductRelation;
use throughline::domain::segment::{Segment, SegmentContent, SegmentId};
use throughline::domain::segment_membership::SegmentMembership;
use throughline::domain::touchpoint::Direction;
use throughline::domain::{Duration, Timestamp};
use throughline::journeys::Step;
use throughline::journeys::property::Properties;
use throughline::members::Members;
use throughline::members::judge::{Judge, Setting};
use throughline::members::live::{LiveOptions, step};
use throughline::segments::Condition;
use throughline::segments::condition::*;
use throughline::segments::saved::SavedSegments;
use throughline::segments::time::TimeCondition;
use throughline::segments::value::{TextCondition, ValueCondition, fold};
use throughline::store::segments::{NewSegment, read_of};

use crate::common::facts::{Event, amount, event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    stored_members_are_those_of_the_definitions,
    each_crossing_is_told_once_while_sweeps_go_on,
    what_was_due_while_nobody_judged_is_told_with_its_moments,
}

fn did(what: Step) -> TouchpointCondition {
    TouchpointCondition {
        what,
        wheres: vec![],
        when: None,
        times: Range { min: Some(1), max: None },
        count: CountedAs::Touchpoints,
        total: None,
        only: None,
        then: vec![],
    }
}

fn done(of: TouchpointCondition) -> Condition {
    Condition::Did(Box::new(of))
}

fn last(minutes: i64) -> Option<TimeCondition> {
    Some(TimeCondition::Last(Duration(minutes * 60_000)))
}

/// The conditions of the segments, by name.
fn conditions() -> Vec<(&'static str, Condition)> {
    let some = Range { min: Some(1), max: None };
    let step = |kinds: &[&str], channels: &[&str]| Step {
        kinds: kinds.iter().map(|one| (*one).into()).collect(),
        channels: channels.iter().map(|one| (*one).into()).collect(),
        ..Step::default()
    };
    let within = Some(Duration(20 * 60_000));
    let no_answer = ThenCondition { what: Step::named("Call"), wheres: vec![], within, happened: false, same: vec![] };
    let plan = |is| {
        Condition::Trait(TraitCondition {
            name: "plan".into(),
            is,
            of: TraitValues::Chosen,
            provenance: vec![],
            said: None,
        })
    };
    let seen = SeenCondition { first: None, last: None, channels: None, devices: None };
    let fresh = done(TouchpointCondition { when: last(30), ..did(Step::named("Home")) });
    let inside = Condition::Segment(SegmentCondition {
        name: "fresh".into(),
        zone: TimeZone::UTC,
        members: Arc::new(fresh.clone()),
    });
    vec![
        ("fresh", fresh),
        (
            "calls twice",
            done(TouchpointCondition { times: Range { min: Some(2), max: None }, ..did(Step::named("Call")) }),
        ),
        ("sent, no call", done(TouchpointCondition { then: vec![no_answer], ..did(step(&["message_sent"], &[])) })),
        ("of a channel", done(TouchpointCondition { when: last(90), ..did(step(&[], &["store"])) })),
        (
            "sessions",
            done(TouchpointCondition {
                count: CountedAs::Sessions,
                times: Range { min: Some(2), max: None },
                ..did(Step::named("Home"))
            }),
        ),
        ("pro", plan(ValueCondition::Text(TextCondition::In(vec![fold("pro")])))),
        ("no plan", Condition::Not(Box::new(plan(ValueCondition::Exists(true))))),
        ("mail", Condition::Identifier(IdentifierCondition { kind: "email".into(), value: None, count: some })),
        (
            "spends",
            Condition::Spend(SpendCondition {
                currency: "GBP".parse().expect("a currency"),
                net: Some(Range { min: Some(amount("20")), max: None }),
                gross: None,
                returned: None,
                return_rate: None,
                when: None,
            }),
        ),
        (
            "bought lately",
            Condition::Product(ProductCondition {
                relation: ProductRelation::Bought,
                is: None,
                when: last(60),
                count: some,
            }),
        ),
        (
            "may be written to",
            Condition::Consent(ConsentCondition {
                purpose: "marketing".into(),
                channel: None,
                status: vec![ConsentStatus::Granted],
            }),
        ),
        (
            "away",
            Condition::Seen(SeenCondition {
                last: Some(TimeCondition::OlderThan(Duration(45 * 60_000))),
                ..seen.clone()
            }),
        ),
        ("seen in the store", Condition::Seen(SeenCondition { channels: Some(vec!["store".into()]), ..seen })),
        (
            "stale",
            Condition::All(vec![
                Condition::Not(Box::new(inside)),
                Condition::Any(vec![done(did(Step::named("Home"))), done(did(Step::named("Call")))]),
            ]),
        ),
    ]
}

/// Segments in a store, a clock, and the judge of them.
struct Live {
    world: World,
    clock: Arc<AtomicI64>,
    options: LiveOptions,
}

impl Live {
    async fn new(world: World, names: &[&str]) -> Self {
        for name in names {
            save(&world, None, name, minute(0)).await;
        }
        let clock = Arc::new(AtomicI64::new(minute(0).0));
        let now = clock.clone();
        let known: Arc<BTreeMap<&str, Condition>> = Arc::new(conditions().into_iter().collect());
        let read = move |_: &SavedSegments, segment: &Segment| {
            let members = Arc::new(known.get(&*segment.content.name)?.clone());
            Some(SegmentCondition { name: segment.content.name.clone(), zone: TimeZone::UTC, members })
        };
        let options = LiveOptions {
            clock: Arc::new(move || Timestamp(now.load(Ordering::SeqCst))),
            setting: Arc::new(setting),
            read: Arc::new(read),
        };
        Live { world, clock, options }
    }

    fn now(&self) -> Timestamp {
        (self.options.clock)()
    }

    fn set(&self, at: i64) {
        self.clock.store(minute(at).0, Ordering::SeqCst);
    }

    async fn judge(&self) {
        while step(&*self.world.store, &self.options).await.expect("judged") {}
        assert_eq!(self.world.store.pending_judgements(self.now(), 10).await.expect("judgements"), []);
    }

    /// Judges as two servers do, of which one is a little ahead.
    async fn judge_twice(&self) {
        let ahead = Timestamp(self.now().0 + 40);
        let other = LiveOptions { clock: Arc::new(move || ahead), ..self.options.clone() };
        loop {
            let store = &*self.world.store;
            let (one, two) = tokio::join!(step(store, &self.options), step(store, &other));
            if !one.expect("judged") && !two.expect("judged") {
                return;
            }
        }
    }

    /// Each customer enters a segment and leaves it in turn, at moments that do not go back. Gives the number of entries.
    async fn check_log(&self) -> usize {
        let mut last: BTreeMap<(CustomerId, SegmentId), (bool, Timestamp)> = BTreeMap::new();
        let (mut place, mut count) = (ChangePlace::behind(0), 0);
        loop {
            let run = self.world.store.changes(place, 1_000).await.expect("the log");
            let Some(end) = run.changes.last().map(|change| change.place) else { return count };
            place = end;
            for change in run.changes {
                let (customer, segment, enters, at) = match change.entry {
                    ChangeEntry::SegmentEntered { customer, segment, since } => (customer, segment, true, since),
                    ChangeEntry::SegmentLeft { customer, segment, at } => (customer, segment, false, at),
                    _ => continue,
                };
                count += 1;
                let (was_in, before) =
                    last.insert((customer.clone(), segment), (enters, at)).unwrap_or((false, Timestamp::MIN));
                assert!(was_in != enters && at >= before, "{customer:?} {segment:?} {enters} {at}, before {before}");
            }
        }
    }

    async fn saved(&self) -> SavedSegments {
        SavedSegments(Arc::new(self.world.store.segments(None).await.expect("segments")))
    }

    async fn stored(&self, segment: &Segment) -> Vec<CustomerId> {
        let page = self.world.store.list_segment_members(segment.id, None, 1_000).await.expect("members");
        let mut ids: Vec<CustomerId> = page.items.into_iter().map(|(id, _)| id).collect();
        ids.sort();
        ids
    }

    /// What the definition says of all customers.
    async fn told(&self, segment: &Segment) -> Vec<CustomerId> {
        let Setting { traits, session_gap, dimensions } = setting();
        let condition = (self.options.read)(&self.saved().await, segment).expect("a condition");
        let condition = Condition::clone(&condition.members);
        let members =
            Members { condition, zone: TimeZone::UTC, now: self.now(), as_of: None, traits, session_gap, dimensions };
        members.ids(&*self.world.store).await.expect("ids")
    }
}

async fn save(world: &World, id: Option<SegmentId>, name: &str, at: Timestamp) {
    let read = read_of(&world.store.segments(None).await.expect("segments"));
    let content = SegmentContent {
        name: name.into(),
        description: None,
        time_zone: "UTC".into(),
        definition: "{}".into(),
        uses: Vec::new(),
    };
    let new = NewSegment { id, by: "clerk".into(), content };
    world.store.save_segment(&read, &new, at).await.expect("an answer").expect("it is saved");
}

fn setting() -> Setting {
    Setting {
        traits: TraitPolicies::default(),
        session_gap: Duration::from_secs(1_800),
        dimensions: Arc::new(Properties::default()),
    }
}

/// The `n`-th event: who, what and when follow from the number alone.
fn nth(n: i64, now: i64) -> Fact {
    let mixed = (n * 2_654_435_761) % 1_000_003;
    let user = ["ada", "ben", "cy", "dan", "eve"][(mixed % 5) as usize];
    // Some come late, some with a clock that is ahead.
    let at = now - [0, 0, 0, 3, 50, 400, -7][(mixed / 5 % 7) as usize];
    let one = |event: Event| event.user(user).minute(at);
    let touch = |name: &str, kind: &str, channel: &str| {
        one(event(&format!("m{n}"))).touch(kind, name, channel, Direction::Inbound)
    };
    match mixed / 35 % 12 {
        0 | 1 => touch("Home", "visit", "website"),
        2 | 3 => touch("Call", "contact", "telephone"),
        4 => one(event(&format!("m{n}"))).sent("email"),
        5 => touch("Visit", "visit", "store"),
        6 => one(event(&format!("m{n}"))).claim("plan", ["\"pro\"", "\"free\"", "null"][(mixed % 3) as usize]),
        7 => one(event(&format!("m{n}"))).email(&format!("{user}@example.org")),
        8 => touch("Order Completed", "order", "website").completed(&format!("o{n}"), "15", &[("boot", 1, "15")]),
        9 => one(event(&format!("m{n}"))).consent("marketing", None, ConsentStatus::Granted).expires(now + 25),
        10 => one(event(&format!("m{n}"))).anonymous(&format!("a{}", mixed % 3)).view(),
        _ => event(&format!("m{n}")).anonymous(&format!("a{}", mixed % 3)).minute(at).view(),
    }
    .into()
}

async fn stored_members_are_those_of_the_definitions(world: World) {
    let names: Vec<&str> = conditions().iter().map(|(name, _)| *name).collect();
    // Some segments are there from the beginning, one comes later.
    let live = Live::new(world, &names).await;
    let (mut n, mut now) = (0, 0);
    let mut sizes: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
    for round in 0..40 {
        now += [1, 4, 11, 30, 90][round % 5];
        live.set(now);
        // In every fourth round nothing comes, and time alone makes the difference.
        if round % 4 != 3 {
            let facts: Vec<Fact> = (0..3)
                .map(|_| {
                    n += 1;
                    nth(n, now)
                })
                .collect();
            live.world.apply_at(minute(now), facts).await;
            let (store, rules) = (&live.world.store, &live.world.rules);
            while store.assign_visits(rules, &[], 2_000, minute(now)).await.expect("assigned").is_some() {}
        }
        let saved = live.saved().await;
        // Before anybody judges, answers about now are right.
        let judge = Judge::new(&saved, setting(), |segment| (live.options.read)(&saved, segment));
        let store = &*live.world.store;
        for segment in saved.0.iter() {
            let told = live.told(segment).await;
            if let Some(size) = judge.size(store, segment.id, live.now()).await.expect("a size") {
                assert_eq!(size, told.len() as i64, "the size of {} in round {round}", segment.content.name);
                let page = judge.page(store, segment.id, None, 100, live.now()).await.expect("a page").expect("told");
                let mut ids: Vec<CustomerId> = page.items.into_iter().map(|(id, _)| id).collect();
                ids.sort();
                assert_eq!(ids, told, "the members of {} in round {round}", segment.content.name);
            }
        }
        live.judge().await;
        for segment in saved.0.iter() {
            let told = live.told(segment).await;
            assert_eq!(live.stored(segment).await, told, "{} in round {round}", segment.content.name);
            sizes.entry(segment.content.name.clone()).or_default().push(told.len());
            for id in &told {
                let found = judge.memberships(store, std::slice::from_ref(id), live.now()).await.expect("memberships");
                assert!(found[0].iter().any(|own| own.segment == segment.id), "{}", segment.content.name);
            }
        }
    }
    // The test has seen people in each segment, and others not in it.
    for (name, sizes) in sizes {
        assert!(sizes.iter().min() != sizes.iter().max(), "{name}: {sizes:?}");
    }
}

async fn each_crossing_is_told_once_while_sweeps_go_on(world: World) {
    // A save, then an event, and only then somebody judges: the sweep begins before the event.
    let live = Live::new(world, &["fresh"]).await;
    live.set(10);
    let home = |message: &str, user: &str, at: i64| {
        event(message).user(user).minute(at).touch("visit", "Home", "website", Direction::Inbound)
    };
    live.world.apply_at(minute(10), [home("s1", "zoe", 10)]).await;
    live.judge().await;
    assert_eq!(live.check_log().await, 1);
    let zoe = live.world.id("user_id", "zoe").await;
    let fresh = live.saved().await.0[0].id;
    let since = async || live.world.store.segment_memberships(std::slice::from_ref(&zoe)).await.expect("one").remove(0);
    assert_eq!(since().await, [SegmentMembership { segment: fresh, since: minute(10) }]);
    // Its window ends while another sweep waits.
    save(&live.world, Some(fresh), "fresh", minute(35)).await;
    live.set(60);
    live.judge().await;
    assert_eq!((live.check_log().await, since().await), (2, vec![]));
    for name in conditions().iter().map(|(name, _)| *name).filter(|name| *name != "fresh") {
        save(&live.world, None, name, minute(60)).await;
    }
    let (mut n, mut now) = (0, 60);
    for round in 0..30 {
        now += [1, 4, 11, 30][round % 4];
        live.set(now);
        // A segment is saved before or behind the events, or between them and one of two servers' verdicts.
        let again = live.saved().await.0[round % 5].clone();
        let again = async || save(&live.world, Some(again.id), &again.content.name, minute(now)).await;
        if round % 3 == 0 {
            again().await;
        }
        for _ in 0..2 {
            n += 1;
            live.world.apply_at(minute(now), [nth(n, now)]).await;
        }
        if round % 3 == 1 {
            again().await;
            step(&*live.world.store, &live.options).await.expect("judged");
            n += 1;
            live.world.apply_at(minute(now), [nth(n, now)]).await;
        }
        live.judge_twice().await;
        live.check_log().await;
        for segment in live.saved().await.0.iter() {
            assert_eq!(
                live.stored(segment).await,
                live.told(segment).await,
                "{} in round {round}",
                segment.content.name
            );
        }
    }
    assert!(live.check_log().await > 60);
}

async fn what_was_due_while_nobody_judged_is_told_with_its_moments(world: World) {
    let live = Live::new(world, &["fresh", "away"]).await;
    let saved = live.saved().await;
    let (fresh, away) = (saved.0[0].id, saved.0[1].id);
    live.set(10);
    let home =
        |message: &str| event(message).user("ada").minute(10).touch("visit", "Home", "website", Direction::Inbound);
    live.world.apply_at(minute(10), [home("m1")]).await;
    live.judge().await;
    let customer = live.world.id("user_id", "ada").await;
    let entered = |segment, at| ChangeEntry::SegmentEntered { customer: customer.clone(), segment, since: minute(at) };
    let before = live.world.store.status().await.expect("a status").change;
    // A day without a server.
    live.set(1_450);
    live.judge().await;
    let run = live.world.store.changes(ChangePlace::behind(before), 10).await.expect("the log");
    let entries: Vec<ChangeEntry> = run
        .changes
        .into_iter()
        .map(|change| {
            assert_eq!(change.at, minute(1_450), "the commit is that of now");
            change.entry
        })
        .collect();
    let left = ChangeEntry::SegmentLeft { customer: customer.clone(), segment: fresh, at: minute(40) };
    assert_eq!(entries, [left, entered(away, 55)]);
    // An event that comes late counts by its own time: both its window's begin and end are over.
    let now = live.world.store.status().await.expect("a status").change;
    live.world.apply_at(minute(1_450), [event("m2").user("ada").minute(20).view()]).await;
    live.judge().await;
    let run = live.world.store.changes(ChangePlace::behind(now + 1), 10).await.expect("the log");
    assert_eq!(run.changes, []);
}
