//! The sessions of one customer.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object};

use super::CustomerJourney;
use crate::domain::{Arrival, Duration, Timestamp};
use crate::graphql::history::History;
use crate::graphql::id::{Cursor, NodeId};
use crate::graphql::load::{self, MessageId};
use crate::graphql::page::read_size;
use crate::graphql::scalar::{DateTime, int};
use crate::graphql::touchpoint::Touchpoint;
use crate::journeys::dimension::Dimension;
use crate::journeys::session::Sessionizer;
use crate::store::query::TimeKey;

/// A session of one customer, across channels and devices.
#[derive(Clone)]
pub struct Session {
    journey: CustomerJourney,
    sessions: Arc<Sessions>,
    place: usize,
}

/// The sort key of a session: its first touchpoint in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SessionKey(TimeKey);

impl Cursor for SessionKey {
    const LIST: &'static str = "session";
    fn numbers(&self) -> Vec<i64> {
        self.0.numbers()
    }
    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        TimeKey::from_numbers(numbers).map(SessionKey)
    }
}

/// A session: one customer's touchpoints with one session id, or without a long gap between them, across channels and
/// devices. All figures are of its touchpoints in scope.
#[Object]
impl Session {
    /// Opaque. It includes the customer, the scope, and the first touchpoint of the session.
    pub(in crate::graphql) async fn id(&self) -> ID {
        let journey = &self.journey;
        let began = self.sessions.place(self.place).0.arrival;
        NodeId::Session(journey.customer(), began, journey.scope.text.clone()).encode_at(journey.view.as_of)
    }

    /// The time of the first touchpoint.
    async fn started_at(&self) -> DateTime {
        DateTime(self.sessions.place(self.place).0.at)
    }

    /// The time of the last touchpoint.
    async fn ended_at(&self) -> DateTime {
        DateTime(self.sessions.ended_at(self.place))
    }

    /// The channels of the touchpoints, in the order of their first touchpoints.
    async fn channels(&self) -> Vec<String> {
        let history = &self.sessions.history;
        let mut channels: Vec<String> = Vec::new();
        let mut last = None;
        for &place in self.sessions.touchpoints(self.place) {
            let kind = history.rows[place as usize].kind;
            if last.replace(kind) == Some(kind) {
                continue;
            }
            let channel = history.kinds.value(kind, Dimension::CHANNEL).unwrap_or_default();
            if !channels.iter().any(|known| known == channel) {
                channels.push(channel.to_owned());
            }
        }
        channels
    }

    /// The number of touchpoints.
    async fn touchpoint_count(&self) -> i32 {
        int(self.sessions.touchpoints(self.place).len() as i64)
    }

    /// The touchpoints in order of time.
    async fn touchpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<Touchpoint>, Error> {
        let first = read_size("first", first)?;
        let rows = &self.sessions.history.rows;
        let places = self.sessions.touchpoints(self.place).iter().take(first);
        let ids: Vec<MessageId> = places.map(|place| MessageId(rows[*place as usize].message_id.clone())).collect();
        let view = &self.journey.view;
        let mut found = load::many_as_of(ctx, view.as_of, ids.clone()).await?;
        Ok(ids.iter().filter_map(|id| Some(Touchpoint::of_customer(found.remove(id)?, view))).collect())
    }
}

impl Session {
    pub(super) fn new(journey: &CustomerJourney, sessions: &Arc<Sessions>, place: usize) -> Self {
        Session { journey: journey.clone(), sessions: sessions.clone(), place }
    }
}

/// A history divided into sessions, the one that started last first.
pub(super) struct Sessions {
    history: Arc<History>,
    /// Indices into the history, session by session, in order; only touchpoints in scope.
    touchpoints: Vec<u32>,
    /// The range of each session in `touchpoints`.
    ranges: Vec<(u32, u32)>,
}

impl Sessions {
    /// Computes the sessions of a whole history, then leaves out the touchpoints that are not in scope.
    pub(super) fn cut(history: Arc<History>, in_scope: &[bool], gap: Duration) -> Self {
        let mut sessionizer = Sessionizer::new(gap);
        let numbers: Vec<u32> = history.rows.iter().map(|one| sessionizer.next(one.key.at, one.session)).collect();
        let mut counts = vec![0_u32; sessionizer.count() as usize];
        let seen = || numbers.iter().zip(0_u32..).filter(|(_, place)| in_scope[*place as usize]);
        seen().for_each(|(number, _)| counts[*number as usize] += 1);
        let mut begins = Vec::with_capacity(counts.len());
        let mut sum = 0;
        for count in &counts {
            begins.push(sum);
            sum += count;
        }
        let mut touchpoints = vec![0; sum as usize];
        let mut next = begins.clone();
        for (number, place) in seen() {
            let slot = &mut next[*number as usize];
            touchpoints[*slot as usize] = place;
            *slot += 1;
        }
        let mut ranges: Vec<(u32, u32)> = begins
            .into_iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .map(|(at, count)| (at, at + count))
            .collect();
        // The scope may have removed the first touchpoints of a session, so the order is not that of the numbers.
        ranges.sort_unstable_by_key(|range| std::cmp::Reverse(touchpoints[range.0 as usize]));
        Sessions { history, touchpoints, ranges }
    }

    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// The sort key of a session.
    pub(super) fn place(&self, place: usize) -> SessionKey {
        SessionKey(self.history.rows[self.touchpoints(place)[0] as usize].key)
    }

    /// The index of the first session after a sort key.
    pub(super) fn behind(&self, after: Option<SessionKey>) -> usize {
        after.map_or(0, |after| {
            self.ranges.partition_point(|range| {
                let first = self.touchpoints[range.0 as usize];
                self.history.rows[first as usize].key >= after.0
            })
        })
    }

    /// The index of the session with this touchpoint.
    pub(super) fn with(&self, touchpoint: Arrival) -> Option<usize> {
        let is = |place: &u32| self.history.rows[*place as usize].key.arrival == touchpoint;
        let found = self.touchpoints.iter().position(is)? as u32;
        self.ranges.iter().position(|range| (range.0..range.1).contains(&found))
    }

    fn touchpoints(&self, place: usize) -> &[u32] {
        let (begin, end) = self.ranges[place];
        &self.touchpoints[begin as usize..end as usize]
    }

    fn ended_at(&self, place: usize) -> Timestamp {
        self.touchpoints(place).last().map(|last| self.history.rows[*last as usize].key.at).unwrap_or_default()
    }
}
