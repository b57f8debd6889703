//! Judges customers by all saved segments: what they enter and leave, since when, and when to look again.
//!
//! A judge has no state. The [task](super::live) writes its verdicts; questions about now use them for the few customers
//! that no verdict is written for yet, so an answer is right also then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::facts;
use crate::domain::claim::TraitPolicies;
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::segment::{Segment, SegmentId};
use crate::domain::segment_membership::{Covers, Crossing, Judgement, SegmentMembership, Sweep, Verdict};
use crate::domain::{Arrival, Duration, Timestamp};
use crate::journeys::property::Properties;
use crate::segments::condition::{Needs, SegmentCondition};
use crate::segments::index::Index;
use crate::segments::saved::SavedSegments;
use crate::segments::{CustomerFacts, Frame};
use crate::store::segments::{SegmentsRead, read_of};
use crate::store::{Result, Store};

/// The most customers that a question judges itself. With more, it finds members by the definition.
const MOST_PENDING: usize = 500;
/// How often members are counted when verdicts are written meanwhile.
const MOST_COUNTS: usize = 5;
/// The most moments between the begin and now at which a verdict is worked out. With more, the last one is now.
const MOST_MOMENTS: usize = 100;

/// What is the same for all customers and segments.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Which of several values of a trait is shown.
    pub traits: TraitPolicies,
    /// A longer gap ends a session without an id.
    pub session_gap: Duration,
    /// The configured dimensions.
    pub dimensions: Arc<Properties>,
}

/// All saved segments of now, ready to judge.
pub struct Judge {
    read: SegmentsRead,
    segments: BTreeMap<SegmentId, SegmentCondition>,
    index: Index,
    /// The segments that are to be judged after a save of each: itself, and those that name it.
    concerned: BTreeMap<SegmentId, BTreeSet<SegmentId>>,
    setting: Setting,
}

impl Judge {
    /// A judge by these segments. When `read` cannot read a segment, nobody enters or leaves that segment.
    pub fn new(saved: &SavedSegments, setting: Setting, read: impl Fn(&Segment) -> Option<SegmentCondition>) -> Self {
        let segments: BTreeMap<SegmentId, SegmentCondition> =
            saved.0.iter().filter_map(|segment| Some((segment.id, read(segment)?))).collect();
        let mut index = Index::default();
        segments.iter().for_each(|(id, condition)| index.add(*id, &condition.members));
        let concerned = saved.0.iter().map(|segment| {
            let users = saved.all_users(segment.id).into_iter().map(|user| user.id);
            (segment.id, users.chain([segment.id]).collect())
        });
        Judge { read: read_of(&saved.0), segments, index, concerned: concerned.collect(), setting }
    }

    /// The segments that were read.
    pub fn read(&self) -> &SegmentsRead {
        &self.read
    }

    /// Whether there is such a segment now.
    pub(super) fn has(&self, segment: SegmentId) -> bool {
        self.concerned.contains_key(&segment)
    }

    /// The segments that are to be judged after a save of one.
    pub(super) fn concerned(&self, segment: SegmentId) -> BTreeSet<SegmentId> {
        self.concerned.get(&segment).cloned().unwrap_or_default()
    }

    fn frame<'a>(&'a self, condition: &'a SegmentCondition, now: Timestamp) -> Frame<'a> {
        let Setting { traits, session_gap, dimensions } = &self.setting;
        Frame { now, zone: &condition.zone, traits, session_gap: *session_gap, dimensions }
    }

    /// By which segments a customer is to be judged, apart from those of sweeps, and from when.
    fn asked(&self, judgement: &Judgement, now: Timestamp) -> (Covers, BTreeMap<SegmentId, Timestamp>) {
        let due = judgement.due_at.filter(|due| *due <= now);
        let mut begins: BTreeMap<SegmentId, Timestamp> =
            due.iter().flat_map(|due| self.segments.keys().map(|id| (*id, *due))).collect();
        if let Some(at) = judgement.touched_at {
            begins.extend(self.index.touched_by(&judgement.touches).into_iter().map(|id| (id, at)));
        }
        (if due.is_some() { Covers::All } else { Covers::Concerned }, begins)
    }

    /// The verdicts about customers: all that is to be told of each, also by the sweeps that go on. `stored` has the stored
    /// memberships of each customer; `None` reads them. Customers that were merged away have no verdict.
    pub(super) async fn verdicts(
        &self,
        store: &dyn Store,
        judgements: Vec<Judgement>,
        stored: Option<Vec<Vec<SegmentMembership>>>,
        sweeps: &[Sweep],
        now: Timestamp,
    ) -> Result<Vec<Verdict>> {
        let ids: Vec<CustomerId> = judgements.iter().map(|judgement| judgement.customer.clone()).collect();
        let asked: Vec<_> = judgements.iter().map(|judgement| self.asked(judgement, now)).collect();
        let swept = sweeps.iter().flat_map(|sweep| self.concerned(sweep.segment));
        let all: BTreeSet<SegmentId> =
            asked.iter().flat_map(|(_, begins)| begins.keys().copied()).chain(swept).collect();
        let needs = self.segments.iter().filter(|(id, _)| all.contains(id)).map(|(_, of)| of.members.needs());
        let needs = needs.fold(Needs::default(), Needs::and);
        let stored = match stored {
            Some(stored) => stored,
            None => store.segment_memberships(&ids).await?,
        };
        let read = Box::pin(facts::read(store, &ids, needs)).await?;
        let mut verdicts = Vec::with_capacity(ids.len());
        for (((judgement, stored), facts), (covers, mut begins)) in
            judgements.into_iter().zip(stored).zip(read).zip(asked)
        {
            let Some(facts) = facts else { continue };
            // A sweep judges who is behind its place. What a change touches is judged from that change on.
            let born = facts.view.customer.created_seq;
            for sweep in sweeps.iter().filter(|sweep| sweep.after.is_none_or(|after| born > after)) {
                for id in self.concerned(sweep.segment) {
                    begins.entry(id).and_modify(|begin| *begin = sweep.at.max(*begin)).or_insert(sweep.at);
                }
            }
            // What was told before is not told again.
            let told = judgement.judged_at.unwrap_or(Timestamp::MIN);
            let mut verdict = Verdict { read: judgement, crossings: vec![], covers, due_at: None, judged_at: now };
            for (id, begin) in begins {
                let Some(condition) = self.segments.get(&id) else { continue };
                let is_in = stored.iter().any(|own| own.segment == id);
                let due_at = self.follow(id, condition, &facts, is_in, (begin.max(told), now), &mut verdict.crossings);
                verdict.due_at = [verdict.due_at, due_at].into_iter().flatten().min();
            }
            verdict.crossings.sort_by_key(|crossing| crossing.at);
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }

    /// Follows one customer and one segment from the begin to now. The answer is when to look again.
    fn follow(
        &self,
        segment: SegmentId,
        condition: &SegmentCondition,
        facts: &CustomerFacts,
        mut is_in: bool,
        (begin, now): (Timestamp, Timestamp),
        crossings: &mut Vec<Crossing>,
    ) -> Option<Timestamp> {
        let mut at = begin.min(now);
        for moment in 0.. {
            let frame = self.frame(condition, at);
            let fits = condition.members.fits(facts, &frame);
            if fits != is_in {
                is_in = fits;
                crossings.push(Crossing { segment, enters: fits, at });
            }
            match condition.members.next_change(facts, &frame) {
                Some(_) if moment == MOST_MOMENTS && at < now => at = now,
                Some(next) if next <= now => at = next,
                next => return next,
            }
        }
        None
    }

    /// The segments in which customers are now, in order of the segments.
    pub async fn memberships(
        &self,
        store: &dyn Store,
        customers: &[CustomerId],
        now: Timestamp,
    ) -> Result<Vec<Vec<SegmentMembership>>> {
        let sweeps = store.sweeps().await?;
        let judgements = store.judgements(customers).await?;
        let mut all = store.segment_memberships(customers).await?;
        let is_open = |(judgement, _): &(Judgement, &Vec<_>)| !sweeps.is_empty() || judgement.is_pending(now);
        let (open, stored) = judgements.into_iter().zip(&all).filter(is_open).map(|(j, own)| (j, own.clone())).unzip();
        for verdict in self.verdicts(store, open, Some(stored), &sweeps, now).await? {
            let places = customers.iter().zip(&mut all).filter(|(id, _)| **id == verdict.read.customer);
            places.for_each(|(_, own)| cross(own, &verdict.crossings));
        }
        all.iter_mut().for_each(|own| own.retain(|membership| self.has(membership.segment)));
        Ok(all)
    }

    /// How many customers are in a segment now. `None` when the definition has to tell: not all customers are judged since it
    /// was saved, or very many are to be judged.
    pub async fn size(&self, store: &dyn Store, segment: SegmentId, now: Timestamp) -> Result<Option<i64>> {
        for _ in 0..MOST_COUNTS {
            let Some(open) = self.open(store, segment, now).await? else { return Ok(None) };
            let count = store.count_segment_members(segment).await?;
            // A verdict about one of them that is written between these reads would be counted twice, or not at all.
            let ids: Vec<CustomerId> = open.keys().cloned().collect();
            let stored = store.segment_memberships(&ids).await?;
            let is_in = |own: &[SegmentMembership]| own.iter().any(|own| own.segment == segment);
            if open.values().zip(&stored).all(|(one, own)| one.was_in == is_in(own)) {
                let difference = open.values().map(|one| i64::from(one.is_in) - i64::from(one.was_in));
                return Ok(Some(count + difference.sum::<i64>()));
            }
        }
        Ok(None)
    }

    /// A page of the customers in a segment now, in the order in which they were created. `None` as for [`size`](Self::size).
    pub async fn page(
        &self,
        store: &dyn Store,
        segment: SegmentId,
        after: Option<Arrival>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<Page<(CustomerId, Arrival)>>> {
        let Some(open) = self.open(store, segment, now).await? else { return Ok(None) };
        let found = store.list_segment_members(segment, after, limit + open.len() + 1).await?;
        let mut items = found.items;
        // Those that are judged here come in up to the end of what was read.
        let end = found.more.then(|| items.last().map(|(_, born)| *born)).flatten();
        items.retain(|(id, _)| !open.contains_key(id));
        let entered = open.into_iter().filter(|(_, one)| one.is_in).map(|(id, one)| (id, one.born));
        items.extend(
            entered.filter(|(_, born)| after.is_none_or(|after| *born > after) && end.is_none_or(|end| *born <= end)),
        );
        items.sort_by_key(|(_, born)| *born);
        Ok(Some(Page::cut(items, limit)))
    }

    /// The customers without a written verdict, and whether they are in a segment.
    async fn open(
        &self,
        store: &dyn Store,
        segment: SegmentId,
        now: Timestamp,
    ) -> Result<Option<BTreeMap<CustomerId, Open>>> {
        if store.sweeps().await?.iter().any(|sweep: &Sweep| self.concerned(sweep.segment).contains(&segment)) {
            return Ok(None);
        }
        let pending = store.pending_judgements(now, MOST_PENDING + 1).await?;
        if pending.len() > MOST_PENDING || !self.segments.contains_key(&segment) {
            return Ok(None);
        }
        let condition = &self.segments[&segment];
        let ids: Vec<CustomerId> = pending.into_iter().map(|judgement| judgement.customer).collect();
        let stored = store.segment_memberships(&ids).await?;
        let read = Box::pin(facts::read(store, &ids, condition.members.needs())).await?;
        let one = |((id, stored), facts): ((CustomerId, Vec<SegmentMembership>), Option<CustomerFacts>)| {
            let facts = facts?;
            let is_in = condition.members.fits(&facts, &self.frame(condition, now));
            let was_in = stored.iter().any(|own| own.segment == segment);
            Some((id, Open { is_in, was_in, born: facts.view.customer.created_seq }))
        };
        Ok(Some(ids.into_iter().zip(stored).zip(read).filter_map(one).collect()))
    }
}

/// A customer without a written verdict.
struct Open {
    is_in: bool,
    was_in: bool,
    born: Arrival,
}

/// What is stored after crossings.
fn cross(own: &mut Vec<SegmentMembership>, crossings: &[Crossing]) {
    for crossing in crossings {
        own.retain(|membership| membership.segment != crossing.segment);
        if crossing.enters {
            own.push(SegmentMembership { segment: crossing.segment, since: crossing.at });
        }
    }
    own.sort_unstable_by_key(|membership| membership.segment);
}
