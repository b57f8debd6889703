//! The preferred channel of a customer.

use async_graphql::{Context, Enum, Error, SimpleObject};

use super::customer_figures;
use super::scalar::int;
use crate::domain::Moment;
use crate::domain::customer::CustomerId;
use crate::knowing::{channel, hours};

/// The channel on which something is most likely seen within seven days, and why.
#[derive(SimpleObject)]
pub struct ChannelChoice {
    /// The channel, such as `email`.
    channel: String,
    /// The chance, from 0 to 1, that something that is put on this channel today is seen within seven days.
    score: f64,
    /// How far the choice is beyond chance.
    sureness: Sureness,
    /// The channel that the customer asked for: the trait `preferred_channel`. Null when there is none, and when the trait
    /// is masked for the caller; then it has no effect either.
    declared: Option<String>,
    /// Sentences with the numbers that the choice was counted from.
    reasons: Vec<String>,
    /// All channels by score, the chosen one too; equal ones by name.
    alternatives: Vec<ChannelScore>,
    /// The three best hours of the customer's local day on the channel, the best first.
    best_hours: Vec<HourScore>,
}

/// How far a choice is beyond chance: the lead before the next channel in standard deviations of the lead.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum Sureness {
    /// Above two, or there is no other channel.
    Sure,
    /// Above one.
    Likely,
    /// At most one. Also when nothing was sent to the customer there, when it asked for a channel that is not first by
    /// score, and when no channel is allowed.
    Guess,
}

/// A channel with its score.
#[derive(SimpleObject)]
pub struct ChannelScore {
    /// The channel, such as `email`.
    channel: String,
    /// The chance, from 0 to 1, that something that is put on this channel today is seen within seven days.
    score: f64,
    /// The number of messages that were sent more than seven days ago or were seen. Of a channel that customers come to:
    /// the number of days since the customer was first seen.
    sent: i32,
    /// The number of those messages that were seen within seven days. Of a channel that customers come to: the number of
    /// days with a visit.
    seen: i32,
    /// False when there is nothing to reach the customer by, when that bounced, or when the consent for the purpose is
    /// not GRANTED. Always true of a channel that customers come to.
    allowed: bool,
    /// The numbers that the score was counted from, or why the channel is not allowed.
    reason: String,
}

/// An hour of the customer's local day.
#[derive(SimpleObject)]
pub struct HourScore {
    /// The hour, 0 to 23, in the zone of the trait `timezone`, else in UTC.
    hour: i32,
    /// Of a channel we send on: the chance that a message of this hour is seen. Of a channel that customers come to: the
    /// chance that a day has a visit at about this hour.
    score: f64,
}

impl ChannelChoice {
    /// Chooses for a customer. `None` without a touchpoint.
    pub(super) async fn fetch(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        id: &CustomerId,
        purpose: Option<&str>,
    ) -> Result<Option<Self>, Error> {
        let Some(known) = customer_figures::known(ctx, as_of, id).await? else { return Ok(None) };
        Ok(channel::choose(&known.facts, &known.everybody, &known.frame(ctx), purpose).map(Self::of))
    }

    fn of(choice: channel::ChannelChoice) -> Self {
        ChannelChoice {
            channel: choice.channel.to_string(),
            score: choice.score,
            sureness: match choice.sureness {
                channel::Sureness::Sure => Sureness::Sure,
                channel::Sureness::Likely => Sureness::Likely,
                channel::Sureness::Guess => Sureness::Guess,
            },
            declared: choice.declared,
            reasons: choice.reasons,
            alternatives: choice.alternatives.into_iter().map(ChannelScore::of).collect(),
            best_hours: HourScore::list(&choice.best_hours),
        }
    }
}

impl ChannelScore {
    fn of(score: channel::ChannelScore) -> Self {
        ChannelScore {
            channel: score.channel.to_string(),
            score: score.score,
            sent: int(i64::try_from(score.sent).unwrap_or(i64::MAX)),
            seen: int(i64::try_from(score.seen).unwrap_or(i64::MAX)),
            allowed: score.allowed,
            reason: score.reason,
        }
    }
}

impl HourScore {
    pub(super) fn list(hours: &[hours::HourScore]) -> Vec<Self> {
        hours.iter().map(|of| HourScore { hour: int(of.hour as i64), score: of.score }).collect()
    }
}
