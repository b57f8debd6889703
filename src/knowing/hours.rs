//! The best hours of a customer's local day on one channel.

use std::collections::BTreeSet;

use super::everybody::Everybody;
use super::tally::{Hours, Tallies, is_visit};
use super::{DAY, Frame, day, hour};
use crate::domain::Timestamp;
use crate::segments::CustomerFacts;

/// How many hours are the best.
const BEST: usize = 3;
/// As if so many messages, or days, had been answered as everybody answers.
const PRIOR: f64 = 8.0;

/// An hour of the local day and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HourScore {
    /// From 0 to 23.
    pub hour: usize,
    /// The chance that a message of this hour is seen, or that a day has a visit at about this hour.
    pub score: f64,
}

/// The best hours of sending, by the messages of a customer and of everybody on a channel.
pub fn of_sending(channel: &str, own: &Tallies, everybody: &Everybody) -> Vec<HourScore> {
    let none = Default::default();
    let all = everybody.channel(channel).unwrap_or(&none);
    let own = own.channels.get(channel).unwrap_or(&none);
    let rate = everybody.seen_rate(channel);
    let of_all = smoothed(&[rate; 24], &all.seen_hours, |hour| all.sent_hours[hour]);
    best(&smoothed(&of_all, &own.seen_hours, |hour| own.sent_hours[hour]))
}

/// The best hours of visits on a channel, by days. A day that has several visits at one hour counts once.
pub fn of_visits(channel: &str, own: &Tallies, everybody: &Everybody) -> Vec<HourScore> {
    let none = Default::default();
    let all = everybody.channel(channel).unwrap_or(&none);
    let visited = own.channels.get(channel).unwrap_or(&none);
    best(&by_days(&visited.visit_hours, own.days, &all.visit_hours, everybody.tallies.days))
}

/// The best hours of visits on any channel, by the days of a period.
pub fn of_any_visits(
    facts: &CustomerFacts,
    frame: &Frame<'_>,
    everybody: &Everybody,
    is_in: impl Fn(Timestamp) -> bool,
) -> Vec<HourScore> {
    let zone = frame.zone(&facts.view);
    let visits = facts.touchpoints.iter().filter(|of| of.at <= frame.now && is_in(of.at) && is_visit(of));
    let visited: BTreeSet<(i64, usize)> = visits.map(|of| (day(of.at), hour(of.at, &zone))).collect();
    let mut hours = Hours::default();
    visited.iter().for_each(|(_, hour)| hours[*hour] += 1);
    let first = facts.view.first_seen_at().into_iter().chain(facts.touchpoints.first().map(|of| of.at)).min();
    let days = first.map_or(0..0, |first| day(first)..day(frame.now) + 1);
    // A day is in the period when any part of it is.
    let is_day_in = |day: &i64| {
        let begin = Timestamp(day * DAY);
        is_in(begin) || is_in(Timestamp(begin.0 + DAY - 1)) || visited.range((*day, 0)..(*day + 1, 0)).next().is_some()
    };
    let own_days = days.filter(is_day_in).count() as u64;
    best(&by_days(&hours, own_days, &everybody.tallies.visit_hours, everybody.tallies.days))
}

/// The scores of hours of visits: a customer's, shrunk to everybody's.
fn by_days(own: &Hours, own_days: u64, all: &Hours, days: u64) -> [f64; 24] {
    let rate = if days == 0 { 0.0 } else { all.iter().sum::<u64>() as f64 / (24 * days) as f64 };
    let of_all = smoothed(&[rate; 24], all, |_| days);
    smoothed(&of_all, own, |_| own_days)
}

/// `(8 p + sum K a) / (8 + sum K n)` of each hour: K is 1 at the hour, and 0.5 an hour before and after.
fn smoothed(p: &[f64; 24], a: &Hours, n: impl Fn(usize) -> u64) -> [f64; 24] {
    std::array::from_fn(|hour| {
        let near = [(hour, 1.0), ((hour + 23) % 24, 0.5), ((hour + 1) % 24, 0.5)];
        let answered: f64 = near.iter().map(|(hour, k)| k * a[*hour] as f64).sum();
        let sent: f64 = near.iter().map(|(hour, k)| k * n(*hour) as f64).sum();
        (PRIOR * p[hour] + answered) / (PRIOR + sent)
    })
}

/// The best hours, of equal ones the earliest.
fn best(scores: &[f64; 24]) -> Vec<HourScore> {
    let mut all: Vec<HourScore> =
        scores.iter().enumerate().map(|(hour, score)| HourScore { hour, score: *score }).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.hour.cmp(&b.hour)));
    all.truncate(BEST);
    all
}
