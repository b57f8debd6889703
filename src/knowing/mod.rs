//! What the figures about a customer mean: the channel that reaches it best, its habits of buying, and what is expected
//! of it. `docs/figures.md` has each figure with its formula.
//!
//! Pure: facts of a customer go in, and the [sums over all customers](everybody). No I/O, no clock, no store.
//!
//! * [`tally`] counts one customer's messages and days of visits by channel, from [`messages`] and their answers.
//! * [`everybody`] is the sum over all customers, to which they are added one by one.
//! * [`channel`] chooses the preferred channel; [`reach`] says which channels are out of the choice; [`hours`] finds the
//!   best hours.
//! * [`orders`] has the habits of buying, with what [`lines`] say; [`repeat`] expects orders.

pub mod channel;
pub mod everybody;
pub mod hours;
pub mod lines;
pub mod messages;
pub mod orders;
pub mod reach;
pub mod repeat;
pub mod tally;

use jiff::tz::TimeZone;

use crate::domain::Timestamp;
use crate::domain::claim::{Claim, TraitPolicies};
use crate::domain::customer::CustomerView;
use crate::domain::masks::Masks;

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 24 * 60 * 60 * 1_000;
/// After so many days a message or a visit weighs half.
pub const HALF_LIFE_DAYS: f64 = 180.0;

/// What is the same for all customers of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The time of the answer.
    pub now: Timestamp,
    /// Which of several values of a trait is shown.
    pub traits: &'a TraitPolicies,
    /// What the caller does not see; for sums over all customers nothing is masked.
    pub masks: &'a Masks,
}

impl Frame<'_> {
    /// The shown value of a trait. `None` when it is masked, null or not there.
    fn shown(&self, view: &CustomerView, name: &str) -> Option<serde_json::Value> {
        if self.masks.hides_trait(name) {
            return None;
        }
        let own: Vec<Claim> = view.claims.iter().filter(|claim| *claim.name == *name).cloned().collect();
        let shown = self.traits.choose(&own).pop()?.shown;
        serde_json::from_str(shown.value.get()).ok().filter(|value: &serde_json::Value| !value.is_null())
    }

    /// The shown value of a trait, when it is a text that is not empty.
    fn shown_text(&self, view: &CustomerView, name: &str) -> Option<String> {
        let value = self.shown(view, name)?;
        let text = value.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The zone of a customer's day: the trait `timezone`, else UTC.
    fn zone(&self, view: &CustomerView) -> TimeZone {
        self.shown_text(view, "timezone").and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC)
    }
}

/// The weight of something that is `days` old.
pub(crate) fn weight(days: f64) -> f64 {
    (-days / HALF_LIFE_DAYS).exp2()
}

/// The day of UTC of a time, counted from 1970-01-01.
pub(crate) fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY)
}

/// The hour of the local day, 0 to 23.
pub(crate) fn hour(at: Timestamp, zone: &TimeZone) -> usize {
    let offset = jiff::Timestamp::from_millisecond(at.0).map_or(0, |at| zone.to_offset(at).seconds());
    let hour = (at.0 + i64::from(offset) * 1_000).rem_euclid(DAY) / (DAY / 24);
    usize::try_from(hour).unwrap_or_default()
}

/// A share in percent, for a sentence.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests;
