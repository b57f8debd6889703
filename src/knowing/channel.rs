//! The preferred channel of a customer: where something is most likely seen within seven days.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::everybody::Everybody;
use super::hours::{self, HourScore};
use super::reach::obstacle;
use super::tally::{COME_TO, SENT_ON, Tallies, Tally};
use super::{Frame, percent};
use crate::segments::CustomerFacts;

/// As if so many messages had been sent that were seen as everybody sees them.
const PRIOR_MESSAGES: f64 = 8.0;
/// As if a customer had been known for so many days, with visits as everybody makes them.
const PRIOR_DAYS: f64 = 28.0;
/// The days within which something is to be seen.
const WITHIN_DAYS: f64 = 7.0;
/// Added to the count of messages or days in the deviation of a score.
const SPREAD: f64 = 9.0;
/// Where nobody knows what happened. It is chosen only when there is nothing else.
const NO_PLACE: [&str; 2] = ["other", "delivery"];
/// The trait with which a customer declares its wish.
pub const WISH: &str = "preferred_channel";

/// The preferred channel, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelChoice {
    /// The channel.
    pub channel: Arc<str>,
    /// The chance that something on it is seen within seven days.
    pub score: f64,
    /// How far the choice is beyond chance.
    pub sureness: Sureness,
    /// The channel that the customer asked for.
    pub declared: Option<String>,
    /// Sentences with the numbers that the choice was counted from.
    pub reasons: Vec<String>,
    /// All channels by score, the chosen one too.
    pub alternatives: Vec<ChannelScore>,
    /// The best hours of the customer's local day on the channel.
    pub best_hours: Vec<HourScore>,
}

/// How far a choice is beyond chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// The lead is at most one standard deviation.
    Guess,
    /// The lead is above one standard deviation.
    Likely,
    /// The lead is above two standard deviations.
    Sure,
}

/// A channel with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelScore {
    /// The channel.
    pub channel: Arc<str>,
    /// The chance.
    pub score: f64,
    /// Messages sent; of a channel that customers come to, the days since the customer was first seen.
    pub sent: u64,
    /// Messages seen; of a channel that customers come to, the days with a visit.
    pub seen: u64,
    /// Whether it may be chosen.
    pub allowed: bool,
    /// A sentence with the numbers, or why it may not be chosen.
    pub reason: String,
    /// The sum of the weights of `sent`.
    weighted: f64,
    is_sent_on: bool,
}

/// The preferred channel of a customer. `None` for a customer without a touchpoint.
///
/// `purpose` leaves out channels on which the customer has not granted it.
pub fn choose(
    facts: &CustomerFacts,
    everybody: &Everybody,
    frame: &Frame<'_>,
    purpose: Option<&str>,
) -> Option<ChannelChoice> {
    let own = Tallies::of(facts, frame);
    let first = facts.touchpoints.first().filter(|touchpoint| touchpoint.at <= frame.now)?;
    let wish = frame.shown_text(&facts.view, WISH);
    let mut all: BTreeMap<Arc<str>, ChannelScore> = BTreeMap::new();
    for name in names(&own, everybody, wish.as_deref(), &first.fact.channel) {
        let score = score(name.clone(), &own, everybody, facts, frame, purpose);
        all.insert(name, score);
    }
    let declared = wish.map(|wish| all.keys().find(|name| is_wish(name, &wish)).map_or(wish, |name| name.to_string()));
    let mut alternatives: Vec<ChannelScore> = all.into_values().collect();
    // They were in the order of their names, so equal ones stay so.
    alternatives.sort_by(|a, b| b.score.total_cmp(&a.score));
    let allowed: Vec<&ChannelScore> = alternatives.iter().filter(|score| score.allowed).collect();
    let best = *allowed.first().or(alternatives.first().as_ref())?;
    let wished = declared.as_ref().and_then(|wish| allowed.iter().find(|score| *score.channel == **wish));
    let chosen = wished.copied().unwrap_or(best);
    let mut reasons = vec![chosen.reason.clone()];
    let next = allowed.iter().find(|score| score.channel != chosen.channel);
    let mut sureness = Sureness::Sure;
    if let Some(next) = next {
        let (lead, deviation) = (chosen.score - next.score, deviation(chosen, next));
        sureness = match lead {
            lead if lead > 2.0 * deviation => Sureness::Sure,
            lead if lead > deviation => Sureness::Likely,
            _ => Sureness::Guess,
        };
        reasons.push(next.reason.clone());
        if lead >= 0.0 && deviation > 0.0 {
            let (name, times) = (&next.channel, lead / deviation);
            reasons.push(format!("it leads {name} by {times:.1} standard deviations of the lead"));
        }
    } else if !allowed.is_empty() {
        reasons.push("no other channel may be chosen".to_owned());
    }
    if chosen.sent == 0 {
        reasons.push(format!("the customer was sent nothing on {}, so its rate is everybody's", chosen.channel));
        sureness = Sureness::Guess;
    }
    if allowed.is_empty() {
        reasons.push("no channel is allowed, so it is the one with the best score".to_owned());
        sureness = Sureness::Guess;
    }
    if let Some(wish) = &declared {
        let at = |score: &ChannelScore| format!("{} {}", score.channel, percent(score.score));
        reasons.push(match alternatives.iter().find(|score| *score.channel == **wish) {
            Some(wished) if wished.channel == best.channel => {
                format!("the customer asked for {wish}, which is also first by score")
            }
            Some(wished) if wished.allowed => {
                sureness = Sureness::Guess;
                format!("the customer asked for {wish}; by score {} comes before {}", at(best), at(wished))
            }
            Some(wished) => format!("the customer asked for {wish}, which may not be chosen: {}", wished.reason),
            None => format!("the customer asked for {wish}, which is no channel here"),
        });
    }
    let best_hours = match chosen.is_sent_on {
        true => hours::of_sending(&chosen.channel, &own, everybody),
        false => hours::of_visits(&chosen.channel, &own, everybody),
    };
    let (channel, score) = (chosen.channel.clone(), chosen.score);
    Some(ChannelChoice { channel, score, sureness, declared, reasons, alternatives, best_hours })
}

/// The channels to choose from: all on which anybody was sent something or made a visit, and the one that was asked for,
/// when we can send on it. Channels that are no place are left out while there is another; `any` is the last resort.
fn names(own: &Tallies, everybody: &Everybody, wish: Option<&str>, any: &Arc<str>) -> Vec<Arc<str>> {
    let counts = |tally: &Tally| tally.sent + tally.open + tally.visits > 0;
    let both = own.channels.iter().chain(&everybody.tallies.channels);
    let mut names: Vec<Arc<str>> = both.filter(|(_, tally)| counts(tally)).map(|(name, _)| name.clone()).collect();
    names.extend(
        SENT_ON.iter().filter(|name| wish.is_some_and(|wish| is_wish(name, wish))).map(|name| Arc::from(*name)),
    );
    names.sort();
    names.dedup();
    if names.iter().any(|name| !NO_PLACE.contains(&&**name)) {
        names.retain(|name| !NO_PLACE.contains(&&**name));
    }
    if names.is_empty() {
        names.push(any.clone());
    }
    names
}

/// Whether a wish means this channel, however it is written: `Direct Mail`, `E-Mail`.
fn is_wish(channel: &str, wish: &str) -> bool {
    let plain =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    plain(channel) == plain(wish)
}

fn score(
    channel: Arc<str>,
    own: &Tallies,
    everybody: &Everybody,
    facts: &CustomerFacts,
    frame: &Frame<'_>,
    purpose: Option<&str>,
) -> ChannelScore {
    let none = Tally::default();
    let tally = own.channels.get(&channel).unwrap_or(&none);
    let was_sent = |tally: &Tally| tally.sent + tally.open > 0;
    let is_sent_on = SENT_ON.contains(&&*channel)
        || !COME_TO.contains(&&*channel) && (was_sent(tally) || everybody.channel(&channel).is_some_and(was_sent));
    if !is_sent_on {
        return visited(channel, tally, own, everybody);
    }
    let rate = everybody.seen_rate(&channel);
    let (sent, seen) = (tally.weighted_sent, tally.weighted_seen);
    let score = (PRIOR_MESSAGES * rate + seen) / (PRIOR_MESSAGES + sent);
    let obstacle = obstacle(&channel, purpose, facts, frame);
    let mut reason = match (&obstacle, tally.sent) {
        (Some(obstacle), _) => format!("{channel}: {obstacle}"),
        (None, 0) => format!("{channel}: nothing was sent; everybody sees {} of messages there", percent(rate)),
        (None, count) => format!(
            "{channel}: {} of {count} messages were seen within 7 days (by age {seen:.2} of {sent:.2}); everybody sees {}: \
             (8 x {rate:.4} + {seen:.2}) / (8 + {sent:.2}) = {}",
            tally.seen,
            percent(rate),
            percent(score),
        ),
    };
    if obstacle.is_none() && tally.open > 0 {
        reason += &format!("; {} of the last 7 days do not count yet", tally.open);
    }
    if obstacle.is_none() && tally.machine_opens > 0 {
        reason += &format!("; {} opens by machines do not count", tally.machine_opens);
    }
    ChannelScore {
        score,
        sent: tally.sent,
        seen: tally.seen,
        allowed: obstacle.is_none(),
        reason,
        weighted: sent,
        is_sent_on,
        channel,
    }
}

/// The score of a channel that the customer comes to.
fn visited(channel: Arc<str>, tally: &Tally, own: &Tallies, everybody: &Everybody) -> ChannelScore {
    let everybodys = everybody.visit_rate(&channel);
    let (visits, days) = (tally.weighted_visits, own.weighted_days);
    let rate = (PRIOR_DAYS * everybodys + visits) / (PRIOR_DAYS + days);
    let score = 1.0 - (-WITHIN_DAYS * rate).exp();
    let reason = format!(
        "{channel}: visits on {} of {} days since first seen (by age {visits:.2} of {days:.2}); everybody has visits on \
         {} of days: r = (28 x {everybodys:.4} + {visits:.2}) / (28 + {days:.2}) = {rate:.4}, 1 - e^(-7 r) = {}",
        tally.visits,
        own.days,
        percent(everybodys),
        percent(score),
    );
    ChannelScore {
        channel,
        score,
        sent: own.days,
        seen: tally.visits,
        allowed: true,
        reason,
        weighted: days,
        is_sent_on: false,
    }
}

/// The standard deviation of the lead of one score before another.
fn deviation(a: &ChannelScore, b: &ChannelScore) -> f64 {
    let variance = |of: &ChannelScore| of.score * (1.0 - of.score) / (of.weighted + SPREAD);
    (variance(a) + variance(b)).sqrt()
}
