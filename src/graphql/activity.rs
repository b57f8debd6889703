//! How much happened between a person and the business.

use std::cmp::Reverse;
use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};

use super::id::NodeId;
use super::scalar::{DateTime, int};
use crate::domain::customer::CustomerView;
use crate::domain::rollup::Rollup;

/// How much happened between a person and the business.
pub struct Activity {
    view: Arc<CustomerView>,
    rollup: Rollup,
}

/// What happened on one channel.
#[derive(SimpleObject)]
pub struct ChannelActivity {
    /// The channel, such as `email`.
    channel: String,
    /// How many touchpoints, both directions.
    touchpoints: i32,
    /// The latest.
    last_at: DateTime,
}

impl Activity {
    pub(super) fn of(view: &Arc<CustomerView>) -> Self {
        Activity { rollup: view.rollup(), view: view.clone() }
    }
}

/// How much happened between a person and the business, over all identifiers.
#[Object]
impl Activity {
    /// Opaque; it goes with the customer's.
    async fn id(&self) -> ID {
        NodeId::Activity(self.view.customer.id.clone()).encode_at(self.view.as_of)
    }

    /// When an identifier of the person was first seen in any event.
    async fn first_seen_at(&self) -> Option<DateTime> {
        self.view.first_seen_at().map(DateTime)
    }

    /// When one was last seen.
    async fn last_seen_at(&self) -> Option<DateTime> {
        self.view.last_seen_at().map(DateTime)
    }

    /// How many touchpoints.
    async fn touchpoint_count(&self) -> i32 {
        int(self.rollup.touchpoint_count())
    }

    /// How many orders that were not cancelled.
    async fn order_count(&self) -> i32 {
        int(self.rollup.order_count())
    }

    /// By channel, the most used first.
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
