//! Figures kept on an identifier, so that a customer's figures are sums over few rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::touchpoint::{Direction, TouchpointFact};
use super::{Amount, Currency, Timestamp};

/// The figures of one identifier. `throughline check --recount` compares them with the rows.
///
/// Both stores keep it as one JSON text per identifier: it is read and written as a whole under the identifier's lock.
/// Channel names come from senders, so they must not become property keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollup {
    /// By channel.
    #[serde(default, rename = "c", skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<Arc<str>, ChannelRollup>,
    /// By currency; only placed orders that are not cancelled.
    #[serde(default, rename = "m", skip_serializing_if = "BTreeMap::is_empty")]
    pub money: BTreeMap<Currency, MoneyRollup>,
}

/// Touchpoints of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRollup {
    /// All touchpoints.
    #[serde(rename = "n")]
    pub touchpoints: i64,
    /// The number of outbound ones: messages of the business.
    #[serde(rename = "s", default, skip_serializing_if = "is_zero")]
    pub sent: i64,
    /// The number of inbound ones: contacts by the customer.
    #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
    pub answered: i64,
    /// The latest.
    #[serde(rename = "l")]
    pub last_at: Timestamp,
}

/// Orders of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyRollup {
    /// Orders that are not cancelled.
    #[serde(rename = "o")]
    pub orders: i64,
    /// Their totals.
    #[serde(rename = "g")]
    pub gross: Amount,
    /// Their returned amounts.
    #[serde(rename = "r")]
    pub returned: Amount,
}

fn is_zero(n: &i64) -> bool {
    *n == 0
}

impl MoneyRollup {
    /// `gross - returned`.
    pub fn net(&self) -> Amount {
        self.gross - self.returned
    }

    /// Adds another's figures.
    pub fn add(&mut self, other: &MoneyRollup) {
        self.orders += other.orders;
        self.gross += other.gross;
        self.returned += other.returned;
    }
}

impl Rollup {
    /// Adds another's figures.
    pub fn add(&mut self, other: &Rollup) {
        for (channel, figures) in &other.channels {
            let sum = self.channels.entry(channel.clone()).or_default();
            sum.last_at = if sum.touchpoints == 0 { figures.last_at } else { sum.last_at.max(figures.last_at) };
            sum.touchpoints += figures.touchpoints;
            sum.sent += figures.sent;
            sum.answered += figures.answered;
        }
        for (currency, figures) in &other.money {
            self.money.entry(currency.clone()).or_default().add(figures);
        }
    }

    /// The most channels with separate figures on one identifier. There is a limit, since all are read and written with
    /// each change.
    pub const MOST_CHANNELS: usize = 1_000;

    /// Whether a touchpoint on this channel can be added.
    pub fn has_room_for(&self, channel: &str) -> bool {
        self.channels.len() < Self::MOST_CHANNELS || self.channels.contains_key(channel)
    }

    /// Adds a touchpoint (`sign` 1) or subtracts it (`sign` -1). After a subtraction, the caller must set the time of
    /// the latest remaining touchpoint.
    pub fn count_touchpoint(&mut self, at: Timestamp, touchpoint: &TouchpointFact, sign: i64) {
        let figures = self.channels.entry(touchpoint.channel.clone()).or_default();
        if sign > 0 {
            figures.last_at = if figures.touchpoints == 0 { at } else { figures.last_at.max(at) };
        }
        figures.touchpoints += sign;
        match touchpoint.direction {
            Direction::Inbound => figures.answered += sign,
            Direction::Outbound => figures.sent += sign * i64::from(&*touchpoint.kind == "message_sent"),
        }
        if figures.touchpoints == 0 {
            self.channels.remove(&touchpoint.channel);
        }
    }

    /// Adds one order's amounts (`sign` 1) or subtracts them (`sign` -1).
    pub fn count_order(&mut self, currency: &Currency, part: &MoneyRollup, sign: i64) {
        let sum = self.money.entry(currency.clone()).or_default();
        sum.orders += sign * part.orders;
        sum.gross += part.gross.times(sign);
        sum.returned += part.returned.times(sign);
        if *sum == MoneyRollup::default() {
            self.money.remove(currency);
        }
    }

    /// All touchpoints.
    pub fn touchpoint_count(&self) -> i64 {
        self.channels.values().map(|c| c.touchpoints).sum()
    }

    /// All orders that are not cancelled.
    pub fn order_count(&self) -> i64 {
        self.money.values().map(|m| m.orders).sum()
    }
}
