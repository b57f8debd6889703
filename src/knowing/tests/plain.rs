//! The preferred channel counted again, slowly and in another way, on random small worlds.

use std::collections::BTreeSet;

use serde_json::{Map, json};

use super::super::channel::Sureness;
use super::chances::Chances;
use super::*;

const KINDS: [&str; 9] =
    ["view", "order", "contact", "visit", "message_sent", "message_opened", "message_clicked", "delivery", "return"];
const CHANNELS: [&str; 7] = ["email", "sms", "website", "store", "telephone", "kiosk", "other"];

fn world(chances: &mut Chances) -> Vec<CustomerFacts> {
    (0..1 + chances.below(3)).map(|_| customer(chances)).collect()
}

fn customer(chances: &mut Chances) -> CustomerFacts {
    let days = chances.pick(&[0.0, 3.0, 40.0, 400.0]);
    let mut facts = person(days);
    if chances.is(0.3) {
        let left = 1 + chances.below(2);
        view(&mut facts).identifiers.truncate(left);
    }
    if chances.is(0.4) {
        say(
            &mut facts,
            "timezone",
            json!(chances.pick(&["Europe/London", "America/New_York", "Asia/Kolkata", "nowhere"])),
        );
    }
    if chances.is(0.3) {
        say(&mut facts, "preferred_channel", json!(chances.pick(&["sms", "Email", "store", "carrier pigeon"])));
    }
    if chances.is(0.5) {
        let status = chances.pick(&[ConsentStatus::Granted, ConsentStatus::Denied]);
        consent(&mut facts, "marketing", chances.pick(&[None, Some("email")]), status);
    }
    let touches: Vec<Touch> = (0..chances.below(30)).map(|_| touched(chances, days)).collect();
    did(&mut facts, touches);
    facts
}

fn touched(chances: &mut Chances, days: f64) -> Touch {
    // Few different times, so that some are equal and some are seven days apart.
    let at = (days.max(1.0) * chances.uniform() * 4.0).floor() / 4.0;
    let kind = chances.pick(&KINDS);
    let direction = chances.pick(&[Direction::Inbound, Direction::Outbound]);
    let mut touch = touch(ago(at), chances.pick(&CHANNELS), kind, direction);
    touch.campaign = chances.is(0.4).then(|| chances.pick(&["a", "b"]).to_owned());
    let mut said = Map::new();
    if chances.is(0.3) {
        said.insert("message_id".to_owned(), json!(chances.pick(&["x", "y", "m3"])));
    }
    if chances.is(0.2) {
        said.insert(chances.pick(&["machine_open", "answered"]).to_owned(), json!(true));
    }
    touch.with(if said.is_empty() { Value::Null } else { said.into() })
}

/// What one customer has on one channel.
#[derive(Default)]
struct Plain {
    /// Age in days, hour, whether it was seen, whether it counts.
    messages: Vec<(f64, usize, bool, bool)>,
    /// Age in whole days, hours.
    visits: BTreeSet<i64>,
    hours: BTreeSet<(i64, usize)>,
}

fn zone_hour(at: Timestamp, facts: &CustomerFacts) -> usize {
    let said = facts.view.claims.iter().find(|claim| &*claim.name == "timezone");
    let name: Option<String> = said.map(|claim| serde_json::from_str(claim.value.get()).expect("a text"));
    let zone = name.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC);
    zone.to_datetime(jiff::Timestamp::from_millisecond(at.0).expect("a time")).hour() as usize
}

fn said(touchpoint: &Touchpoint, name: &str) -> Value {
    let json = touchpoint.fact.properties.as_ref().map_or("{}", |raw| raw.get());
    serde_json::from_str::<Value>(json).expect("JSON")[name].clone()
}

fn plain(facts: &CustomerFacts, channel: &str) -> Plain {
    let all = &facts.touchpoints;
    let mut plain = Plain::default();
    let name = |touchpoint: &Touchpoint| said(touchpoint, "message_id").as_str().map(str::to_owned);
    let campaign =
        |touchpoint: &Touchpoint| touchpoint.fact.campaign.as_ref().and_then(|campaign| campaign.name.clone());
    let is_in = |touchpoint: &Touchpoint| touchpoint.fact.direction == Direction::Inbound;
    let on = |touchpoint: &Touchpoint, other: &Touchpoint| touchpoint.fact.channel == other.fact.channel;
    let is_sent = |touchpoint: &Touchpoint| {
        let (kind, channel) = (&*touchpoint.fact.kind, &*touchpoint.fact.channel);
        !is_in(touchpoint)
            && (kind == "message_sent" || kind == "contact" && ["telephone", "direct_mail"].contains(&channel))
    };
    // Of several with one name on one channel the first is the message.
    let messages: Vec<&Touchpoint> = (0..all.len())
        .filter(|n| is_sent(&all[*n]))
        .filter(|n| {
            name(&all[*n]).is_none()
                || !all[..*n].iter().any(|other| is_sent(other) && on(other, &all[*n]) && name(other) == name(&all[*n]))
        })
        .map(|n| &all[n])
        .collect();
    let is_named = |message: &Touchpoint, by: &str| *message.message_id == *by || name(message).as_deref() == Some(by);
    let is_visit = |touchpoint: &Touchpoint| {
        is_in(touchpoint)
            && !["email", "sms"].contains(&&*touchpoint.fact.channel)
            && ["view", "order", "contact", "visit"].contains(&&*touchpoint.fact.kind)
    };
    // The message that each touchpoint answers.
    let answers = |touchpoint: &Touchpoint| -> Option<&Touchpoint> {
        let kind = &*touchpoint.fact.kind;
        let before = || messages.iter().rev().filter(|message| message.at <= touchpoint.at);
        let of_campaign = |message: &&&Touchpoint| campaign(message) == campaign(touchpoint);
        match kind {
            "message_opened" if said(touchpoint, "machine_open") == true => None,
            "message_opened" | "message_clicked" | "contact" if kind != "contact" || is_in(touchpoint) => {
                let named = name(touchpoint).and_then(|name| messages.iter().find(|message| is_named(message, &name)));
                let latest = || match campaign(touchpoint) {
                    None => before().find(|message| on(message, touchpoint)),
                    Some(_) => before().filter(of_campaign).find(|message| on(message, touchpoint)),
                };
                named.or_else(latest).copied()
            }
            "order" => campaign(touchpoint).and_then(|_| before().find(of_campaign)).copied(),
            _ if is_visit(touchpoint) => campaign(touchpoint).and_then(|_| before().find(of_campaign)).copied(),
            _ => None,
        }
    };
    for message in messages.iter().filter(|message| *message.fact.channel == *channel) {
        let same = |other: &Touchpoint| {
            is_sent(other)
                && on(other, message)
                && (other.message_id == message.message_id || name(message).is_some() && name(other) == name(message))
        };
        let in_time = |at: Timestamp| at >= message.at && at.0 - message.at.0 <= 7 * DAY;
        let seen = all.iter().any(|other| {
            let answered = same(other) && &*other.fact.kind == "contact" && said(other, "answered") == true;
            let answers = answers(other).is_some_and(|to| to.message_id == message.message_id);
            (answered || answers) && in_time(other.at)
        });
        let age = (NOW.0 - message.at.0) as f64 / DAY as f64;
        plain.messages.push((age, zone_hour(message.at, facts), seen, seen || age > 7.0));
    }
    for visit in all.iter().filter(|touchpoint| is_visit(touchpoint) && *touchpoint.fact.channel == *channel) {
        let age = NOW.0 / DAY - visit.at.0 / DAY;
        plain.visits.insert(age);
        plain.hours.insert((age, zone_hour(visit.at, facts)));
    }
    plain
}

/// Sums of one channel, as they stand in the formulas.
struct Sums {
    w: f64,
    wa: f64,
    n: [f64; 24],
    a: [f64; 24],
    sent: usize,
    seen: usize,
}

fn sums(people: &[&CustomerFacts], channel: &str, by_visits: bool) -> Sums {
    let mut sums = Sums { w: 0.0, wa: 0.0, n: [0.0; 24], a: [0.0; 24], sent: 0, seen: 0 };
    for facts in people {
        let plain = plain(facts, channel);
        if by_visits {
            let first = facts.view.identifiers.iter().map(|own| own.first_seen_at).min().expect("an identifier");
            let first = facts.touchpoints.iter().map(|touchpoint| touchpoint.at).chain([first]).min().expect("a time");
            let days = NOW.0 / DAY - first.0 / DAY + 1;
            sums.w += (0..days).map(|age| w(age as f64)).sum::<f64>();
            sums.wa += plain.visits.iter().map(|age| w(*age as f64)).sum::<f64>();
            sums.n.iter_mut().for_each(|n| *n += days as f64);
            plain.hours.iter().for_each(|(_, hour)| sums.a[*hour] += 1.0);
            sums.sent += days as usize;
            sums.seen += plain.visits.len();
            continue;
        }
        for (age, hour, seen, _) in plain.messages.iter().filter(|(.., counts)| *counts) {
            let a = if *seen { 1.0 } else { 0.0 };
            sums.w += w(*age);
            sums.wa += w(*age) * a;
            sums.n[*hour] += 1.0;
            sums.a[*hour] += a;
            sums.sent += 1;
            sums.seen += usize::from(*seen);
        }
    }
    sums
}

fn spread(of: &[f64; 24], hour: usize) -> f64 {
    of[hour] + 0.5 * of[(hour + 1) % 24] + 0.5 * of[(hour + 23) % 24]
}

/// Channel, score, weights, sent, seen, allowed.
type Scored = (String, f64, f64, usize, usize, bool);

fn compare(people: &[&CustomerFacts], purpose: Option<&str>) {
    let own = people[0];
    let choice = choose(own, &everybody(people), &Setting::default().frame(), purpose);
    if own.touchpoints.is_empty() {
        return assert_eq!(choice, None);
    }
    let choice = choice.expect("a choice");
    let is_there = |facts: &&CustomerFacts, channel: &str| {
        let plain = plain(facts, channel);
        !plain.messages.is_empty() || !plain.visits.is_empty()
    };
    let wish = own.view.claims.iter().find(|claim| &*claim.name == "preferred_channel");
    let wish = wish.map(|claim| serde_json::from_str::<String>(claim.value.get()).expect("a text").to_lowercase());
    let mut channels: Vec<&str> =
        CHANNELS.into_iter().filter(|channel| people.iter().any(|facts| is_there(facts, channel))).collect();
    if let Some(wish) = &wish {
        channels.extend(["email", "sms"].iter().filter(|channel| *channel == wish));
    }
    channels.sort_unstable();
    channels.dedup();
    if channels.iter().any(|channel| *channel != "other") {
        channels.retain(|channel| *channel != "other");
    }
    if channels.is_empty() {
        channels.push(&own.touchpoints[0].fact.channel);
    }
    let is_sent_on = |channel: &str| {
        ["email", "sms"].contains(&channel)
            || !["website", "store"].contains(&channel)
                && people.iter().any(|facts| !plain(facts, channel).messages.is_empty())
    };
    let mut scored: Vec<Scored> = channels
        .iter()
        .map(|channel| {
            let of_sending = is_sent_on(channel);
            let (all, own_sums) = (sums(people, channel, !of_sending), sums(&people[..1], channel, !of_sending));
            let (sent, seen) = (own_sums.sent, own_sums.seen);
            if !of_sending {
                let r = (28.0 * all.wa / all.w + own_sums.wa) / (28.0 + own_sums.w);
                return ((*channel).to_owned(), 1.0 - (-7.0 * r).exp(), own_sums.w, sent, seen, true);
            }
            let p = if all.sent == 0 { 0.05 } else { all.wa / all.w };
            let kind = match *channel {
                "email" => Some("email"),
                "sms" | "telephone" => Some("phone"),
                _ => None,
            };
            let reach = kind.is_none_or(|kind| own.view.identifiers.iter().any(|own| &*own.key.kind == kind));
            let given = own.view.consents.as_ref().expect("consents").iter().map(|given| &given.consent.fact);
            let mut about = given.filter(|fact| fact.channel.as_deref().is_none_or(|of| of == *channel)).peekable();
            let granted = about.peek().is_some() && about.all(|fact| fact.status == ConsentStatus::Granted);
            let score = (8.0 * p + own_sums.wa) / (8.0 + own_sums.w);
            ((*channel).to_owned(), score, own_sums.w, sent, seen, reach && (purpose.is_none() || granted))
        })
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    assert_eq!(choice.alternatives.len(), scored.len(), "{choice:?}\n{scored:?}");
    for (found, (_, score, _, sent, seen, allowed)) in choice.alternatives.iter().zip(&scored) {
        close(found.score, *score);
        let plain = scored.iter().find(|plain| *plain.0 == *found.channel).expect("the channel");
        assert_eq!((found.sent as usize, found.seen as usize, found.allowed), (plain.3, plain.4, plain.5), "{found:?}");
        // Scores that are equal but for rounding may change places.
        assert!(*plain.0 == *found.channel || (plain.1 - score).abs() < 1e-9, "{sent} {seen} {allowed}");
    }
    let allowed: Vec<&Scored> = scored.iter().filter(|score| score.5).collect();
    let first = allowed.first().copied().unwrap_or(&scored[0]);
    let picked = allowed.iter().copied().find(|score| Some(&score.0) == wish.as_ref()).unwrap_or(first);
    let next = allowed.iter().find(|score| score.0 != picked.0);
    let sureness = match next {
        _ if picked.3 == 0 || allowed.is_empty() || picked.1 < first.1 => Sureness::Guess,
        None => Sureness::Sure,
        Some(next) => {
            let one = |score: &Scored| score.1 * (1.0 - score.1) / (score.2 + 9.0);
            match (picked.1 - next.1) / (one(picked) + one(next)).sqrt() {
                lead if lead > 2.0 => Sureness::Sure,
                lead if lead > 1.0 => Sureness::Likely,
                _ => Sureness::Guess,
            }
        }
    };
    if next.is_none_or(|next| (next.1 - picked.1).abs() > 1e-9) {
        assert_eq!((&*choice.channel, choice.sureness), (&*picked.0, sureness), "{choice:?}\n{scored:?}");
    }
    let by_visits = !is_sent_on(&choice.channel);
    let (all, own_sums) = (sums(people, &choice.channel, by_visits), sums(&people[..1], &choice.channel, by_visits));
    let p = match by_visits {
        true => all.a.iter().sum::<f64>() / all.n.iter().sum::<f64>(),
        false if all.sent == 0 => 0.05,
        false => all.wa / all.w,
    };
    let of_all = |hour| (8.0 * p + spread(&all.a, hour)) / (8.0 + spread(&all.n, hour));
    let scores: Vec<f64> = (0..24)
        .map(|hour| (8.0 * of_all(hour) + spread(&own_sums.a, hour)) / (8.0 + spread(&own_sums.n, hour)))
        .collect();
    let mut sorted = scores.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(choice.best_hours.len(), 3);
    for (found, best) in choice.best_hours.iter().zip(sorted) {
        close(found.score, best);
        close(scores[found.hour], best);
    }
}

#[test]
fn a_slow_recount_agrees_on_random_worlds() {
    let mut chances = Chances::new(7);
    for _ in 0..1_500 {
        let people = world(&mut chances);
        let people: Vec<&CustomerFacts> = people.iter().collect();
        compare(&people, None);
        compare(&people, Some("marketing"));
    }
}
