//! Operations about the customers of saved segments: who is stored as a member, and who is to be judged.
//!
//! Since there are segments, every write puts the customers that it touches among those to be judged, in its own
//! transaction. So a kill loses no verdict. A judge reads a customer and writes a [`Verdict`]. The verdict counts only when
//! nothing has touched the customer since. So only one of two judges writes.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Result;
use super::segments::SegmentsRead;
use crate::domain::change::ChangeEntry;
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::segment::SegmentId;
use crate::domain::segment_membership::{Covers, Judgement, SegmentMembership, Sweep, Touches, Verdict};
use crate::domain::{Arrival, Timestamp};

/// The operations about members.
#[async_trait]
pub trait SegmentMemberships: Send + Sync + 'static {
    /// The segments that each customer is stored in, in order of the segments.
    async fn segment_memberships(&self, customers: &[CustomerId]) -> Result<Vec<Vec<SegmentMembership>>>;

    /// A page of those who are stored in a segment, in the order in which they were created, after one of them.
    async fn list_segment_members(
        &self,
        segment: SegmentId,
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Page<(CustomerId, Arrival)>>;

    /// How many are stored in a segment.
    async fn count_segment_members(&self, segment: SegmentId) -> Result<i64>;

    /// Customers to be judged, at most `limit`: those that a change touched, the longest ago first, then those that fell due
    /// by `now`. Everything of the changes that touched them is visible.
    async fn pending_judgements(&self, now: Timestamp, limit: usize) -> Result<Vec<Judgement>>;

    /// What is kept about these customers; nothing is kept about one that is no customer. Everything of the changes that
    /// touched them is visible.
    async fn judgements(&self, customers: &[CustomerId]) -> Result<Vec<Judgement>>;

    /// The segments whose customers are not all judged since they were saved or deleted, in order of the segments.
    async fn sweeps(&self) -> Result<Vec<Sweep>>;

    /// Writes verdicts, in a change of its own when somebody enters or leaves. A verdict counts when its `read` equals the
    /// stored judgement. Of its crossings, those count that change a stored membership.
    ///
    /// With `sweep`, the sweep goes on after that customer, or ends at `None`. A customer whose verdict does not count is then
    /// to be judged by all segments, as if the sweep had touched it.
    ///
    /// The answer is how many verdicts count. `None`, and nothing is written, when `segments` are not the segments of now, or
    /// when the sweep is not as it was read.
    async fn judge(
        &self,
        segments: &SegmentsRead,
        verdicts: &[Verdict],
        sweep: Option<(Sweep, Option<Arrival>)>,
        at: Timestamp,
    ) -> Result<Option<usize>>;
}

/// What a store has about a customer, read under its lock.
pub(super) struct Stored {
    pub(super) born: Arrival,
    pub(super) judgement: Judgement,
    pub(super) memberships: Vec<SegmentMembership>,
}

/// What is to be written of verdicts.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) entries: Vec<ChangeEntry>,
    /// The memberships that are there now and were not, or since another time.
    pub(super) entered: Vec<(CustomerId, Arrival, SegmentMembership)>,
    /// Those that are gone.
    pub(super) left: Vec<(CustomerId, Arrival, SegmentId)>,
    /// What is kept about customers from now on.
    pub(super) judgements: Vec<(Arrival, Judgement)>,
    /// How many verdicts count.
    pub(super) count: usize,
}

impl Judged {
    /// From verdicts, of a sweep or not, and what is stored about their customers; `None` for one that is no customer.
    pub(super) fn new(verdicts: &[Verdict], sweep: Option<&Sweep>, stored: Vec<Option<Stored>>) -> Self {
        let mut judged = Judged::default();
        for (verdict, stored) in verdicts.iter().zip(stored) {
            let Some(stored) = stored else { continue };
            if stored.judgement == verdict.read || verdict.covers == Covers::Deleted {
                judged.add(verdict, stored);
            } else if let Some(sweep) = sweep {
                let Stored { born, judgement, .. } = stored;
                let touched_at = judgement.touched_at.or(Some(sweep.at));
                judged.judgements.push((born, Judgement { touched_at, touches: Touches::Everything, ..judgement }));
            }
        }
        judged
    }

    fn add(&mut self, verdict: &Verdict, stored: Stored) {
        let Stored { born, judgement, memberships } = stored;
        self.count += 1;
        let customer = &judgement.customer;
        let before: BTreeMap<SegmentId, Timestamp> = memberships.iter().map(|own| (own.segment, own.since)).collect();
        let mut now = before.clone();
        for crossing in &verdict.crossings {
            let (customer, segment, at) = (customer.clone(), crossing.segment, crossing.at);
            if crossing.enters && !now.contains_key(&segment) {
                now.insert(segment, at);
                self.entries.push(ChangeEntry::SegmentEntered { customer, segment, since: at });
            } else if !crossing.enters && now.remove(&segment).is_some() {
                self.entries.push(ChangeEntry::SegmentLeft { customer, segment, at });
            }
        }
        for (segment, since) in &now {
            if before.get(segment) != Some(since) {
                let membership = SegmentMembership { segment: *segment, since: *since };
                self.entered.push((customer.clone(), born, membership));
            }
        }
        let gone = before.keys().filter(|segment| !now.contains_key(segment));
        self.left.extend(gone.map(|segment| (customer.clone(), born, *segment)));
        let earlier = [judgement.due_at, verdict.due_at].into_iter().flatten().min();
        let judged_at = judgement.judged_at.max(Some(verdict.judged_at));
        let judged = Judgement { touched_at: None, touches: Touches::Everything, judged_at, ..judgement.clone() };
        let next = match verdict.covers {
            Covers::All => Judgement { due_at: verdict.due_at, ..judged },
            Covers::Concerned => Judgement { due_at: earlier, ..judged },
            Covers::Deleted => judgement.clone(),
        };
        if next != judgement {
            self.judgements.push((born, next));
        }
    }
}
