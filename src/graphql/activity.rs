//! A customer's activity: counts and times of its touchpoints and orders.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object, SimpleObject};

use super::error::bad_argument;
use super::id::NodeId;
use super::load::{self, TouchpointBuckets, TouchpointsOf};
use super::scalar::{DateTime, int};
use crate::domain::Timestamp;
use crate::domain::customer::CustomerView;
use crate::domain::rollup::Rollup;
use crate::store::query::{Buckets, Of, TimeOrder, TouchpointFilter, TouchpointPage};

/// The most buckets of a timeline.
const MOST_BUCKETS: usize = 1_000;

/// A customer's activity.
pub struct Activity {
    view: Arc<CustomerView>,
    rollup: Rollup,
}

/// A customer's touchpoints on one channel.
#[derive(SimpleObject)]
pub struct ChannelActivity {
    /// The channel, such as `email`.
    channel: String,
    /// The number of touchpoints, inbound and outbound.
    touchpoints: i32,
    /// The time of the latest touchpoint.
    last_at: DateTime,
}

/// A customer's touchpoints over time, by channel.
#[derive(SimpleObject)]
pub struct ActivityTimeline {
    /// The begin of the first bucket.
    since: DateTime,
    /// The end of the last bucket, which is not in it.
    until: DateTime,
    /// One for each channel with a touchpoint in this time; most touchpoints first.
    lanes: Vec<TimelineLane>,
}

/// A customer's touchpoints on one channel over time.
#[derive(SimpleObject)]
pub struct TimelineLane {
    /// The channel, such as `email`.
    channel: String,
    /// The number of touchpoints in each bucket, in order of time. All buckets have the same width.
    counts: Vec<i32>,
}

impl Activity {
    pub(super) fn of(view: &Arc<CustomerView>) -> Self {
        Activity { rollup: view.rollup(), view: view.clone() }
    }
}

/// Counts and times of a customer's touchpoints and orders, over all its identifiers.
#[Object]
impl Activity {
    /// Opaque. It is derived from the customer's id.
    async fn id(&self) -> ID {
        NodeId::Activity(self.view.customer.id.clone()).encode_at(self.view.as_of)
    }

    /// The earliest time at which an event had one of the customer's identifiers. Null without identifiers.
    async fn first_seen_at(&self) -> Option<DateTime> {
        self.view.first_seen_at().map(DateTime)
    }

    /// The latest time at which an event had one of the customer's identifiers. Null without identifiers.
    async fn last_seen_at(&self) -> Option<DateTime> {
        self.view.last_seen_at().map(DateTime)
    }

    /// The number of touchpoints.
    async fn touchpoint_count(&self) -> i32 {
        int(self.rollup.touchpoint_count())
    }

    /// The number of orders that are not cancelled.
    async fn order_count(&self) -> i32 {
        int(self.rollup.order_count())
    }

    /// Activity by channel; most touchpoints first.
    async fn channels(&self) -> Vec<ChannelActivity> {
        let mut channels: Vec<_> = self.rollup.channels.iter().collect();
        channels.sort_by_key(|(name, figures)| (Reverse(figures.touchpoints), (*name).clone()));
        let show = |(name, figures): (&Arc<str>, &crate::domain::rollup::ChannelRollup)| ChannelActivity {
            channel: name.to_string(),
            touchpoints: int(figures.touchpoints),
            last_at: DateTime(figures.last_at),
        };
        channels.into_iter().map(show).collect()
    }

    /// The number of touchpoints by channel in buckets of equal width. Null when no touchpoint says where it begins or ends.
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The begin of the first bucket. Left out: the first touchpoint.")] since: Option<DateTime>,
        #[graphql(desc = "The end of the last bucket. Left out: the end of the last touchpoint's millisecond.")] until: Option<
            DateTime,
        >,
        #[graphql(desc = "The number of buckets, 1 to 1,000.", default = 200)] buckets: i32,
    ) -> Option<Result<ActivityTimeline, Error>> {
        self.read_timeline(ctx, since.map(|since| since.0), until.map(|until| until.0), buckets).await.transpose()
    }
}

impl Activity {
    async fn read_timeline(
        &self,
        ctx: &Context<'_>,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        buckets: i32,
    ) -> Result<Option<ActivityTimeline>, Error> {
        let count = usize::try_from(buckets).ok().filter(|count| (1..=MOST_BUCKETS).contains(count));
        let count = count.ok_or_else(|| {
            bad_argument("buckets", format!("{buckets} buckets"), &format!("give a number from 1 to {MOST_BUCKETS}"))
        })?;
        if let (Some(since), Some(until)) = (since, until)
            && until <= since
        {
            return Err(bad_argument("until", "not later than `since`", "give a time behind `since`"));
        }
        let (since, until) = match (since, until) {
            (Some(since), Some(until)) => (since, until),
            (Some(since), None) => match self.end(ctx, TimeOrder::NewestFirst).await? {
                Some(last) => (since, Timestamp(last.0.max(since.0) + 1)),
                None => return Ok(None),
            },
            (None, Some(until)) => match self.end(ctx, TimeOrder::OldestFirst).await? {
                Some(first) => (Timestamp(first.0.min(until.0 - 1)), until),
                None => return Ok(None),
            },
            (None, None) => {
                match (self.end(ctx, TimeOrder::OldestFirst).await?, self.end(ctx, TimeOrder::NewestFirst).await?) {
                    (Some(first), Some(last)) => (first, Timestamp(last.0.max(first.0) + 1)),
                    _ => return Ok(None),
                }
            }
        };
        // Also at the ends of the calendar there is a millisecond to look at.
        let until = until.min(Timestamp::MAX);
        let since = since.min(Timestamp(until.0 - 1)).max(Timestamp::MIN);
        if until <= since {
            return Ok(None);
        }
        let key = TouchpointBuckets(self.owner(), Buckets { since, until, count });
        let found = load::one_as_of(ctx, self.view.as_of, key).await?.unwrap_or_default();
        let lane = |(channel, own): (Arc<str>, BTreeMap<usize, i64>)| {
            let mut counts = vec![0; count];
            own.iter().for_each(|(bucket, number)| counts[(*bucket).min(count - 1)] += int(*number));
            TimelineLane { channel: channel.to_string(), counts }
        };
        let mut lanes: Vec<TimelineLane> = found.0.into_iter().map(lane).collect();
        lanes.sort_by_cached_key(|lane| Reverse(lane.counts.iter().map(|count| i64::from(*count)).sum::<i64>()));
        Ok(Some(ActivityTimeline { since: DateTime(since), until: DateTime(until), lanes }))
    }

    fn owner(&self) -> Of {
        Of::Customer(self.view.customer.id.clone())
    }

    /// The time of the first touchpoint in an order.
    async fn end(&self, ctx: &Context<'_>, order: TimeOrder) -> Result<Option<Timestamp>, Error> {
        let page = TouchpointPage { filter: TouchpointFilter::default(), order, after: None, limit: 1 };
        let found = load::one_as_of(ctx, self.view.as_of, TouchpointsOf(self.owner(), page)).await?;
        Ok(found.and_then(|page| page.items.first().map(|touchpoint| touchpoint.at)))
    }
}
