//! The saved segments that a customer is in.

use std::sync::Arc;

use async_graphql::{Context, Error, Object};

use super::condition::read;
use super::condition_answer::ConditionAnswer;
use super::error::{Code, coded, store_error};
use super::load::{self, StoredSegments};
use super::scalar::DateTime;
use super::segment::Segment;
use super::viewer::Viewer;
use super::{Setup, setting};
use crate::domain::Timestamp;
use crate::domain::customer::CustomerId;
use crate::domain::segment_membership;
use crate::ingest::Ingest;
use crate::members::judge::Judge;
use crate::segments::saved::{SavedSegments, fold_name};

/// A saved segment that a customer is in.
pub struct SegmentMembership {
    customer: CustomerId,
    segment: Segment,
    since: Timestamp,
}

/// A saved segment that a customer is in.
#[Object]
impl SegmentMembership {
    /// The segment.
    async fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Since when the customer is in it: when the event was stored that made it so, or the moment at which a window, a time
    /// or a calendar border made it so.
    async fn since(&self) -> DateTime {
        DateTime(self.since)
    }

    /// Why the customer is in it, as of now.
    async fn because(&self, ctx: &Context<'_>) -> Result<ConditionAnswer, Error> {
        let found = Box::pin(self.segment.because_of(ctx, &self.customer)).await?;
        found.ok_or_else(|| coded(Code::StoreBusy, "the customer was merged into another just now: try again"))
    }
}

/// A judge by these segments.
pub(super) fn judge(ctx: &Context<'_>, saved: &SavedSegments) -> Judge {
    let setup = ctx.data_unchecked::<Setup>();
    let setting = setting(setup, ctx.data_unchecked::<Arc<Ingest>>());
    Judge::new(saved, setting, |segment| read::saved_condition(setup.dimensions.names(), saved, segment).ok())
}

/// The segments that a customer is in now, by name.
pub(super) async fn of_customer(ctx: &Context<'_>, customer: &CustomerId) -> Result<Vec<SegmentMembership>, Error> {
    let saved = load::segments_now(ctx).await?;
    if saved.0.is_empty() {
        return Ok(Vec::new());
    }
    let Some(stored) = load::one(ctx, StoredSegments(customer.clone())).await? else { return Ok(Vec::new()) };
    let now = ctx.data_unchecked::<Setup>().now();
    let mut found = stored.memberships;
    // The task has not judged the last change or the last save yet, so the customer is judged here.
    if stored.is_swept || stored.judgement.is_pending(now) {
        let store = load::of(ctx).loader().0.clone();
        let judge = judge(ctx, &saved);
        let ids = std::slice::from_ref(customer);
        let judged = Box::pin(judge.memberships(&*store, ids, now)).await.map_err(store_error)?;
        found = judged.into_iter().next().unwrap_or_default();
    }
    let of = |own: segment_membership::SegmentMembership| {
        let segment = saved.get(own.segment)?.clone();
        let segment = Segment::new(segment, saved.clone(), None);
        Some(SegmentMembership { customer: customer.clone(), segment, since: own.since })
    };
    let mut all: Vec<SegmentMembership> = found.into_iter().filter_map(of).collect();
    // Verdicts are about all that is stored of a customer, also what the purpose does not show.
    if ctx.data_unchecked::<Viewer>().shown().is_some() {
        let mut shown = Vec::with_capacity(all.len());
        for own in all {
            if own.segment.has(ctx, customer).await? {
                shown.push(own);
            }
        }
        all = shown;
    }
    all.sort_by_cached_key(|own| fold_name(own.segment.name_of()));
    Ok(all)
}
