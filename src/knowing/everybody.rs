//! Sums over all customers. Customers are added one by one, in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::repeat::Buyer;
use super::tally::{Tallies, Tally};
use super::{Frame, orders};
use crate::domain::{Amount, Currency, Timestamp};
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
    /// By currency, what each customer with an order in it spent.
    pub spent: BTreeMap<Currency, Vec<Spent>>,
    /// By category, the sums of their interest.
    pub categories: BTreeMap<Arc<str>, f64>,
    /// The purchases of each customer with an order.
    pub buyers: Vec<Buyer>,
    /// How many orders count.
    pub orders: u64,
}

/// What a customer spent in one currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// The time of the last order.
    pub last: Timestamp,
    /// The number of orders.
    pub orders: u32,
    /// Their net.
    pub net: Amount,
}

impl Everybody {
    /// Adds a customer. All customers must be added with the same time.
    pub fn add(&mut self, facts: &CustomerFacts, frame: &Frame<'_>) {
        self.customers += 1;
        self.tallies.add(&Tallies::of(facts, frame));
        for (currency, spent) in orders::spent(facts, frame.now) {
            self.orders += u64::from(spent.orders);
            self.spent.entry(currency).or_default().push(spent);
        }
        for (category, interest) in orders::interests(facts, frame.now, |_| true) {
            *self.categories.entry(category).or_default() += interest.weighted;
        }
        self.buyers.extend(orders::buyer(facts, frame.now));
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
