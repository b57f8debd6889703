//! The sessions of one customer.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object};

use super::CustomerJourney;
use super::history::History;
use crate::domain::{Arrival, Duration, Timestamp};
use crate::graphql::id::{Cursor, NodeId};
use crate::graphql::load::{self, MessageId};
use crate::graphql::page::read_size;
use crate::graphql::scalar::{DateTime, int};
use crate::graphql::touchpoint::Touchpoint;
use crate::journeys::dimension::Dimension;
use crate::journeys::session::Sessionizer;
use crate::store::query::TimeKey;

/// What one customer did in one go, across channels and devices.
#[derive(Clone)]
pub struct Session {
    journey: CustomerJourney,
    sessions: Arc<Sessions>,
    place: usize,
}

/// The place of a session in the list: its first touchpoint in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SessionPlace(TimeKey);

impl Cursor for SessionPlace {
    const LIST: &'static str = "session";
    fn numbers(&self) -> Vec<i64> {
        self.0.numbers()
    }
    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        TimeKey::from_numbers(numbers).map(SessionPlace)
    }
}

/// What one customer did in one go, across channels and devices. Figures are of its touchpoints in scope.
#[Object]
impl Session {
    /// Opaque; it carries the customer, the scope, and the touchpoint that the session began with.
    pub(in crate::graphql) async fn id(&self) -> ID {
        let journey = &self.journey;
        let began = self.sessions.place(self.place).0.arrival;
        NodeId::Session(journey.customer(), began, journey.asked.text.clone()).encode_at(journey.view.as_of)
    }

    /// When the first of its touchpoints happened.
    async fn started_at(&self) -> DateTime {
        DateTime(self.sessions.place(self.place).0.at)
    }

    /// When the last of them happened.
    async fn ended_at(&self) -> DateTime {
        DateTime(self.sessions.ended_at(self.place))
    }

    /// The channels they happened on, in the order of their first touchpoints.
    async fn channels(&self) -> Vec<String> {
        let history = &self.sessions.history;
        let mut channels: Vec<String> = Vec::new();
        let mut last = None;
        for &place in self.sessions.touchpoints(self.place) {
            let kind = history.passed[place as usize].kind;
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

    /// How many there are.
    async fn touchpoint_count(&self) -> i32 {
        int(self.sessions.touchpoints(self.place).len() as i64)
    }

    /// The first of them, in order of time.
    async fn touchpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<Touchpoint>, Error> {
        let first = read_size("first", first)?;
        let passed = &self.sessions.history.passed;
        let places = self.sessions.touchpoints(self.place).iter().take(first);
        let ids: Vec<MessageId> = places.map(|place| MessageId(passed[*place as usize].message_id.clone())).collect();
        let view = &self.journey.view;
        let mut found = load::then_many(ctx, view.as_of, ids.clone()).await?;
        Ok(ids.iter().filter_map(|id| Some(Touchpoint::of_customer(found.remove(id)?, view))).collect())
    }
}

impl Session {
    pub(super) fn new(journey: &CustomerJourney, sessions: &Arc<Sessions>, place: usize) -> Self {
        Session { journey: journey.clone(), sessions: sessions.clone(), place }
    }
}

/// A history cut into sessions, the one that began last first.
pub(super) struct Sessions {
    history: Arc<History>,
    /// Places in the history, in order, session by session; all of them in scope.
    touchpoints: Vec<u32>,
    /// Where each session's begin and end.
    ranges: Vec<(u32, u32)>,
}

impl Sessions {
    /// Cuts all of a history, and leaves out what is not in scope.
    pub(super) fn cut(history: Arc<History>, in_scope: &[bool], gap: Duration) -> Self {
        let mut sessionizer = Sessionizer::new(gap);
        let numbers: Vec<u32> = history.passed.iter().map(|one| sessionizer.next(one.key.at, one.session)).collect();
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
        // The scope may have cut beginnings off, so their order is not that of the numbers.
        ranges.sort_unstable_by_key(|range| std::cmp::Reverse(touchpoints[range.0 as usize]));
        Sessions { history, touchpoints, ranges }
    }

    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// The place in the list of one of them.
    pub(super) fn place(&self, place: usize) -> SessionPlace {
        SessionPlace(self.history.passed[self.touchpoints(place)[0] as usize].key)
    }

    /// The first of those behind a place.
    pub(super) fn behind(&self, after: Option<SessionPlace>) -> usize {
        after.map_or(0, |after| {
            self.ranges.partition_point(|range| {
                let first = self.touchpoints[range.0 as usize];
                self.history.passed[first as usize].key >= after.0
            })
        })
    }

    /// The one that a touchpoint is in.
    pub(super) fn with(&self, touchpoint: Arrival) -> Option<usize> {
        let is = |place: &u32| self.history.passed[*place as usize].key.arrival == touchpoint;
        let found = self.touchpoints.iter().position(is)? as u32;
        self.ranges.iter().position(|range| (range.0..range.1).contains(&found))
    }

    fn touchpoints(&self, place: usize) -> &[u32] {
        let (begin, end) = self.ranges[place];
        &self.touchpoints[begin as usize..end as usize]
    }

    fn ended_at(&self, place: usize) -> Timestamp {
        self.touchpoints(place).last().map(|last| self.history.passed[*last as usize].key.at).unwrap_or_default()
    }
}
