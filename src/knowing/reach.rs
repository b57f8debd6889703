//! Which channels are out of the choice for a customer: there is nothing to reach it by, all of that bounced, or its
//! consent for a purpose is missing.

use serde_json::Value;

use super::Frame;
use crate::domain::Timestamp;
use crate::domain::consent::{ConsentStatus, strictest};
use crate::domain::identifier::Identifier;
use crate::domain::touchpoint::{Direction, Touchpoint};
use crate::segments::CustomerFacts;
use crate::segments::property_path::properties;

/// Traits that say where somebody lives. Any of them is an address.
const ADDRESS: [&str; 8] =
    ["address", "street", "postal_code", "postalCode", "postcode", "address.street", "address.postalCode", "zip"];

/// Why nothing may be sent to a customer on a channel, in English. `None` when it may.
pub fn obstacle(channel: &str, purpose: Option<&str>, facts: &CustomerFacts, frame: &Frame<'_>) -> Option<String> {
    unreachable(channel, facts, frame).map(str::to_owned).or_else(|| {
        let purpose = purpose?;
        let given = facts.view.consents.as_deref().unwrap_or_default();
        let status = strictest(given, purpose, Some(channel), frame.now);
        let is_granted = status == ConsentStatus::Granted;
        (!is_granted).then(|| format!("its consent for \"{purpose}\" on {channel} is {}", status.as_str()))
    })
}

fn unreachable(channel: &str, facts: &CustomerFacts, frame: &Frame<'_>) -> Option<&'static str> {
    let of_kind = |kind: &str| facts.view.identifiers.iter().filter(|own| *own.key.kind == *kind).collect::<Vec<_>>();
    match channel {
        "email" => by_identifiers(
            channel,
            &of_kind("email"),
            facts,
            frame.now,
            ["no e-mail address is known", "each of its e-mail addresses bounced"],
        ),
        "sms" | "telephone" => by_identifiers(
            channel,
            &of_kind("phone"),
            facts,
            frame.now,
            ["no phone number is known", "each of its phone numbers bounced"],
        ),
        "push" => {
            let has_token = facts.view.identifiers.iter().any(|own| is_token(&own.key.kind));
            let has_app = || facts.view.identifiers.iter().any(|own| own.rollup.channels.contains_key("mobile_app"));
            if !has_token && !has_app() {
                return Some("no device token and no app is known");
            }
            has_bounced(channel, None, facts, frame.now).then_some("its last push message bounced")
        }
        "direct_mail" => {
            // That an address is there may be known, but not which.
            let is_there = |name: &str| facts.view.claims.iter().any(|claim| *claim.name == *name && has_text(claim));
            if !ADDRESS.into_iter().any(is_there) {
                return Some("no address is known");
            }
            has_bounced(channel, None, facts, frame.now).then_some("its last letter came back")
        }
        _ => None,
    }
}

fn has_text(claim: &crate::domain::claim::Claim) -> bool {
    !matches!(claim.value.get().trim(), "null" | "\"\"" | "{}" | "[]")
}

/// Whether identifiers of this kind are tokens of devices for push messages.
fn is_token(kind: &str) -> bool {
    let mut words = kind.split('_');
    words.any(|word| matches!(word, "token" | "push" | "apns" | "fcm"))
}

fn by_identifiers(
    channel: &str,
    own: &[&Identifier],
    facts: &CustomerFacts,
    now: Timestamp,
    [none, bounced]: [&'static str; 2],
) -> Option<&'static str> {
    if own.is_empty() {
        return Some(none);
    }
    own.iter().all(|own| has_bounced(channel, Some(own), facts, now)).then_some(bounced)
}

/// Whether the last that is known of messages on a channel to this identifier (or to all) is that one bounced. A later
/// answer or delivery takes the bounce back; a soft bounce is none. A touchpoint without an address is about all
/// identifiers that were seen by then.
fn has_bounced(channel: &str, to: Option<&Identifier>, facts: &CustomerFacts, now: Timestamp) -> bool {
    let mut bounced = false;
    let on_channel = facts.touchpoints.iter().filter(|touchpoint| *touchpoint.fact.channel == *channel);
    for touchpoint in on_channel.take_while(|touchpoint| touchpoint.at <= now) {
        let Some(is_bounce) = is_bounce(touchpoint) else { continue };
        let said = properties(touchpoint);
        if is_bounce && is_soft(&said) {
            continue;
        }
        if to.is_none_or(|to| concerns(touchpoint, &said, to)) {
            bounced = is_bounce;
        }
    }
    bounced
}

/// Whether it says that a message did not arrive (true), or that one did (false).
fn is_bounce(touchpoint: &Touchpoint) -> Option<bool> {
    let fact = &touchpoint.fact;
    match &*fact.kind {
        "message_failed" => Some(true),
        "message_opened" | "message_clicked" => Some(false),
        "message_sent" => fact.name.to_lowercase().ends_with("delivered").then_some(false),
        "contact" => (fact.direction == Direction::Inbound).then_some(false),
        _ => None,
    }
}

fn is_soft(said: &Value) -> bool {
    let says = ["bounce_type", "bounceType", "type"].into_iter().filter_map(|name| said.get(name)?.as_str());
    says.into_iter().any(|says| says.eq_ignore_ascii_case("soft") || says.eq_ignore_ascii_case("transient"))
}

fn concerns(touchpoint: &Touchpoint, said: &Value, to: &Identifier) -> bool {
    let address =
        ["email", "phone", "recipient", "to", "address"].into_iter().find_map(|name| said.get(name)?.as_str());
    match address {
        _ if touchpoint.owner == to.id => true,
        Some(address) => is_same(address, &to.key.value),
        None => to.first_seen_at <= touchpoint.at,
    }
}

/// Whether two addresses are the same: without case, of phones the last nine digits.
fn is_same(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.chars().rev().filter(char::is_ascii_digit).take(9).collect::<String>();
    if a.contains('@') || b.contains('@') {
        return a.trim().to_lowercase() == b.trim().to_lowercase();
    }
    !digits(a).is_empty() && digits(a) == digits(b)
}
