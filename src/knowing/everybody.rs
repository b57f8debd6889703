//! Sums over all customers. Customers are added one by one, in any order.

use super::Frame;
use super::tally::{Tallies, Tally};
use crate::domain::Timestamp;
use crate::segments::CustomerFacts;

/// The rate on a channel on which nobody was ever sent anything.
pub const UNKNOWN_RATE: f64 = 0.05;

/// Sums over all customers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Everybody {
    /// How many customers were added.
    pub customers: u64,
    /// The sums of their counts.
    pub tallies: Tallies,
}

impl Everybody {
    /// Adds a customer. All customers must be added with the same time.
    pub fn add(&mut self, facts: &CustomerFacts, frame: &Frame<'_>) {
        self.customers += 1;
        self.tallies.add(&Tallies::of(facts, frame));
    }

    /// The counts of a channel. `None` when nobody has a touchpoint on it that counts.
    pub fn channel(&self, channel: &str) -> Option<&Tally> {
        self.tallies.channels.get(channel)
    }

    /// The share of messages on a channel that are seen within seven days.
    pub fn seen_rate(&self, channel: &str) -> f64 {
        let of = |tally: &Tally| tally.weighted_seen / tally.weighted_sent;
        self.channel(channel).filter(|tally| tally.weighted_sent > 0.0).map_or(UNKNOWN_RATE, of)
    }

    /// The share of days with a visit on a channel.
    pub fn visit_rate(&self, channel: &str) -> f64 {
        let days = self.tallies.weighted_days;
        self.channel(channel).filter(|_| days > 0.0).map_or(0.0, |tally| tally.weighted_visits / days)
    }

    /// When these sums are no longer right, if nothing is stored: at the end of the day of UTC, or when a message
    /// begins to count.
    pub fn right_until(&self, now: Timestamp) -> Timestamp {
        let midnight = Timestamp((super::day(now) + 1) * super::DAY);
        self.tallies.counts_from.map_or(midnight, |at| at.min(midnight))
    }
}
