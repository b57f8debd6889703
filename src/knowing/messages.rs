//! The messages that a customer was sent, and whether each was seen within seven days.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::DAY;
use crate::domain::Timestamp;
use crate::domain::touchpoint::{Direction, Touchpoint};
use crate::segments::property_path::properties;

/// A message that is seen later than this does not count as seen.
pub const SEEN_WITHIN: i64 = 7 * DAY;

/// A message that a customer was sent: an e-mail, a letter, a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its channel.
    pub channel: Arc<str>,
    /// When it was sent.
    pub at: Timestamp,
    /// Whether it was seen within seven days, and not only by a machine.
    pub seen: bool,
}

/// A customer's messages, and the opens that are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Messages {
    /// In order of time.
    pub all: Vec<Message>,
    /// By channel, how many opens were a machine's.
    pub machine_opens: FxHashMap<Arc<str>, u64>,
}

/// A time with the place of a message.
type Sent = (Timestamp, usize);

/// The messages among touchpoints that are in order of time and arrival.
///
/// Two sent events on one channel with the same `message_id` ("Email Sent", then "Email Delivered") are one message. An
/// answer belongs to the message that it names. When none has that name, it belongs to the latest message before it on
/// its channel, of its campaign where it has one. A visit or an order with a campaign belongs to the latest message
/// before it of that campaign, on any channel.
pub fn messages(touchpoints: &[Touchpoint]) -> Messages {
    let mut found = Messages::default();
    let mut named: FxHashMap<(Option<Arc<str>>, String), usize> = FxHashMap::default();
    let mut on_channel: FxHashMap<Arc<str>, Vec<Sent>> = FxHashMap::default();
    let mut of_campaign: FxHashMap<Arc<str>, Vec<Sent>> = FxHashMap::default();
    let mut of_both: FxHashMap<(Arc<str>, Arc<str>), Vec<Sent>> = FxHashMap::default();
    for touchpoint in touchpoints.iter().filter(|touchpoint| is_message(touchpoint)) {
        let fact = &touchpoint.fact;
        let said = properties(touchpoint);
        let answered = is_answered(touchpoint, &said);
        let name = message_name(&said);
        let key = name.clone().map(|name| (Some(fact.channel.clone()), name));
        if let Some(known) = key.as_ref().and_then(|key| named.get(key)) {
            let message = &mut found.all[*known];
            message.seen |= answered && touchpoint.at.0 - message.at.0 <= SEEN_WITHIN;
            continue;
        }
        let place = found.all.len();
        found.all.push(Message { channel: fact.channel.clone(), at: touchpoint.at, seen: answered });
        if let Some(key) = key {
            named.insert(key, place);
        }
        // An answer may be seen on another channel than its message.
        for name in name.into_iter().chain([touchpoint.message_id.to_string()]) {
            named.entry((None, name)).or_insert(place);
        }
        let sent = (touchpoint.at, place);
        on_channel.entry(fact.channel.clone()).or_default().push(sent);
        if let Some(campaign) = campaign(touchpoint) {
            of_campaign.entry(campaign.clone()).or_default().push(sent);
            of_both.entry((fact.channel.clone(), campaign.clone())).or_default().push(sent);
        }
    }
    for touchpoint in touchpoints {
        let channel = &touchpoint.fact.channel;
        let place = match answer(touchpoint) {
            None => continue,
            Some(Answer::OfCampaign(campaign)) => latest(of_campaign.get(campaign), touchpoint.at),
            Some(Answer::OnChannel) => {
                let said = properties(touchpoint);
                if &*touchpoint.fact.kind == "message_opened" && is_machine(&said) {
                    *found.machine_opens.entry(channel.clone()).or_default() += 1;
                    continue;
                }
                let known = message_name(&said).and_then(|name| named.get(&(None, name)).copied());
                known.or_else(|| match campaign(touchpoint) {
                    Some(campaign) => latest(of_both.get(&(channel.clone(), campaign.clone())), touchpoint.at),
                    None => latest(on_channel.get(channel), touchpoint.at),
                })
            }
        };
        if let Some(message) = place.map(|place| &mut found.all[place]) {
            message.seen |= (0..=SEEN_WITHIN).contains(&(touchpoint.at.0 - message.at.0));
        }
    }
    found
}

/// The latest of these that was sent by then.
fn latest(sent: Option<&Vec<Sent>>, at: Timestamp) -> Option<usize> {
    let sent = sent?;
    let before = sent.partition_point(|(sent_at, _)| *sent_at <= at);
    Some(sent[before.checked_sub(1)?].1)
}

/// Whether it is a message of the business: one that was sent, a letter, a call.
pub(super) fn is_message(touchpoint: &Touchpoint) -> bool {
    let fact = &touchpoint.fact;
    let is_call = || &*fact.kind == "contact" && matches!(&*fact.channel, "telephone" | "direct_mail");
    fact.direction == Direction::Outbound && (&*fact.kind == "message_sent" || is_call())
}

/// What a touchpoint answers.
enum Answer<'t> {
    /// A message on its own channel.
    OnChannel,
    /// A message of its campaign.
    OfCampaign(&'t Arc<str>),
}

fn answer(touchpoint: &Touchpoint) -> Option<Answer<'_>> {
    let fact = &touchpoint.fact;
    match &*fact.kind {
        "message_opened" | "message_clicked" => Some(Answer::OnChannel),
        "contact" => (fact.direction == Direction::Inbound).then_some(Answer::OnChannel),
        "order" => campaign(touchpoint).map(Answer::OfCampaign),
        _ if super::tally::is_visit(touchpoint) => campaign(touchpoint).map(Answer::OfCampaign),
        _ => None,
    }
}

fn campaign(touchpoint: &Touchpoint) -> Option<&Arc<str>> {
    touchpoint.fact.campaign.as_ref()?.name.as_ref()
}

/// The name of the message that a touchpoint is about.
fn message_name(said: &Value) -> Option<String> {
    ["message_id", "messageId"].into_iter().find_map(|name| match said.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Whether a call says itself that it was answered: by its name ("Call Answered") or by `answered`.
fn is_answered(touchpoint: &Touchpoint, said: &Value) -> bool {
    let by_name = || touchpoint.fact.name.to_lowercase().split([' ', '_']).any(|word| word == "answered");
    &*touchpoint.fact.kind == "contact" && (is_true(said.get("answered")) || by_name())
}

/// Whether an open was a machine's: the sender says so, or the user agent is Apple's or Google's proxy.
fn is_machine(said: &Value) -> bool {
    let says =
        ["machine_open", "sg_machine_open", "Apple Privacy Open"].into_iter().any(|name| is_true(said.get(name)));
    let agents = ["user_agent", "userAgent", "useragent"].into_iter().filter_map(|name| said.get(name)?.as_str());
    says || agents.into_iter().any(|agent| agent.trim() == "Mozilla/5.0" || agent.contains("GoogleImageProxy"))
}

/// Whether a property is true, as senders write it.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    }
}
