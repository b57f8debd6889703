//! A customer's activity: counts and times of its touchpoints and orders.

use std::cmp::Reverse;
use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};

use super::id::NodeId;
use super::scalar::{DateTime, int};
use crate::domain::customer::CustomerView;
use crate::domain::rollup::Rollup;

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
}
