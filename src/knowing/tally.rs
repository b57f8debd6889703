//! Counts of one customer by channel: messages and those that were seen, days and those with a visit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::messages::{SEEN_WITHIN, messages};
use super::{DAY, Frame, HALF_LIFE_DAYS, day, hour, weight};
use crate::domain::Timestamp;
use crate::domain::touchpoint::{Direction, Touchpoint};
use crate::segments::CustomerFacts;

/// Channels that only carry messages: we send on them, whether or not anything was sent.
pub const SENT_ON: [&str; 4] = ["email", "sms", "push", "direct_mail"];
/// Channels that customers come to, also when messages are shown there.
pub const COME_TO: [&str; 3] = ["website", "mobile_app", "store"];

/// Counts by hour of the local day.
pub type Hours = [u64; 24];

/// The counts of one channel. `weighted` ones are sums of the weights of age.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Messages that were sent more than seven days ago, or that were seen.
    pub sent: u64,
    /// Those of them that were seen.
    pub seen: u64,
    /// Messages of the last seven days that were not seen yet. They do not count.
    pub open: u64,
    /// The weights of `sent`.
    pub weighted_sent: f64,
    /// The weights of `seen`.
    pub weighted_seen: f64,
    /// `sent` by hour of sending.
    pub sent_hours: Hours,
    /// `seen` by hour of sending.
    pub seen_hours: Hours,
    /// Days with a visit.
    pub visits: u64,
    /// Their weights.
    pub weighted_visits: f64,
    /// Days with a visit at an hour.
    pub visit_hours: Hours,
    /// Opens by machines. They do not count.
    pub machine_opens: u64,
}

/// The counts of a customer, or their sum over several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tallies {
    /// By channel.
    pub channels: BTreeMap<Arc<str>, Tally>,
    /// Days since first seen, the first and the present one included.
    pub days: u64,
    /// Their weights.
    pub weighted_days: f64,
    /// Days with a visit at an hour, on any channel.
    pub visit_hours: Hours,
    /// The earliest time at which a message begins to count that does not count yet.
    pub counts_from: Option<Timestamp>,
}

impl Tallies {
    /// The counts of a customer. Touchpoints after `now` are left out.
    pub fn of(facts: &CustomerFacts, frame: &Frame<'_>) -> Self {
        let (now, zone) = (frame.now, frame.zone(&facts.view));
        let end = facts.touchpoints.partition_point(|touchpoint| touchpoint.at <= now);
        let touchpoints = &facts.touchpoints[..end];
        let mut tallies = Tallies::default();
        let first = touchpoints.first().map(|touchpoint| touchpoint.at);
        if let Some(first) = facts.view.first_seen_at().into_iter().chain(first).min() {
            tallies.days = u64::try_from(day(now) - day(first) + 1).unwrap_or_default();
            tallies.weighted_days = weights_of_days(tallies.days);
        }
        let found = messages(touchpoints);
        for (channel, count) in found.machine_opens {
            tallies.channels.entry(channel).or_default().machine_opens += count;
        }
        for message in found.all {
            let tally = tallies.channels.entry(message.channel).or_default();
            let age = now.0 - message.at.0;
            if age <= SEEN_WITHIN && !message.seen {
                tally.open += 1;
                let counts_from = Timestamp(message.at.0 + SEEN_WITHIN + 1);
                tallies.counts_from = tallies.counts_from.into_iter().chain([counts_from]).min();
                continue;
            }
            let (weight, hour, seen) = (weight(age as f64 / DAY as f64), hour(message.at, &zone), message.seen);
            tally.sent += 1;
            tally.weighted_sent += weight;
            tally.sent_hours[hour] += 1;
            if seen {
                tally.seen += 1;
                tally.weighted_seen += weight;
                tally.seen_hours[hour] += 1;
            }
        }
        let mut days: BTreeSet<(&Arc<str>, i64)> = BTreeSet::new();
        let mut hours: BTreeSet<(&Arc<str>, i64, usize)> = BTreeSet::new();
        for touchpoint in touchpoints.iter().filter(|touchpoint| is_visit(touchpoint)) {
            let channel = &touchpoint.fact.channel;
            days.insert((channel, day(touchpoint.at)));
            hours.insert((channel, day(touchpoint.at), hour(touchpoint.at, &zone)));
        }
        for (channel, visited) in days {
            let tally = tallies.channels.entry(channel.clone()).or_default();
            tally.visits += 1;
            tally.weighted_visits += weight((day(now) - visited) as f64);
        }
        for (_, hour) in hours.iter().map(|(_, day, hour)| (day, *hour)).collect::<BTreeSet<_>>() {
            tallies.visit_hours[hour] += 1;
        }
        for (channel, _, hour) in hours {
            tallies.channels.entry(channel.clone()).or_default().visit_hours[hour] += 1;
        }
        tallies
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Tallies) {
        for (channel, counts) in &other.channels {
            self.channels.entry(channel.clone()).or_default().add(counts);
        }
        self.days += other.days;
        self.weighted_days += other.weighted_days;
        self.visit_hours.iter_mut().zip(&other.visit_hours).for_each(|(own, other)| *own += other);
        self.counts_from = self.counts_from.into_iter().chain(other.counts_from).min();
    }
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.sent += other.sent;
        self.seen += other.seen;
        self.open += other.open;
        self.weighted_sent += other.weighted_sent;
        self.weighted_seen += other.weighted_seen;
        self.visits += other.visits;
        self.weighted_visits += other.weighted_visits;
        self.machine_opens += other.machine_opens;
        for (own, other) in [
            (&mut self.sent_hours, &other.sent_hours),
            (&mut self.seen_hours, &other.seen_hours),
            (&mut self.visit_hours, &other.visit_hours),
        ] {
            own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
        }
    }
}

/// Whether the customer came to the business with it. Answers to messages, deliveries and refunds are no visits.
pub(super) fn is_visit(touchpoint: &Touchpoint) -> bool {
    let fact = &touchpoint.fact;
    fact.direction == Direction::Inbound
        && !SENT_ON.contains(&&*fact.channel)
        && !fact.kind.starts_with("message_")
        && !matches!(&*fact.kind, "delivery" | "return")
}

/// The sum of the weights of so many days, the last one today.
fn weights_of_days(days: u64) -> f64 {
    let of_one = (-1.0 / HALF_LIFE_DAYS).exp2();
    (1.0 - of_one.powf(days as f64)) / (1.0 - of_one)
}
