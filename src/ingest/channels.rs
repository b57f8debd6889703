//! Where a touchpoint happened, and who came to whom.

use std::sync::{Arc, LazyLock};

use super::event::{Event, Type};
use super::notes::Notes;
use crate::domain::ProblemCode;
use crate::domain::touchpoint::Direction;
use crate::settings::channels::{ChannelRule, ConditionPath};

/// The channels that are known; any other name is kept as it is.
pub const KNOWN: [&str; 12] = [
    "website",
    "mobile_app",
    "email",
    "sms",
    "push",
    "social",
    "store",
    "telephone",
    "direct_mail",
    "customer_service",
    "delivery",
    "other",
];

static NAMES: LazyLock<[Arc<str>; 12]> = LazyLock::new(|| KNOWN.map(Arc::from));

/// Whether what we say goes out on this channel as single messages, so that "… Sent" is one of ours.
pub(crate) fn carries_messages(channel: &str) -> bool {
    matches!(channel, "email" | "sms" | "push" | "direct_mail")
}

/// `properties.channel`, else the first rule that fits, else by type and name.
pub(crate) fn channel(
    rules: &[ChannelRule],
    event: &Event<'_>,
    source: &str,
    name: &str,
    words: &str,
    notes: &mut Notes,
) -> Arc<str> {
    if let Some(given) =
        notes.text(super::notes::Weight::Warning, "properties.channel", event.properties.get("channel"))
    {
        return named(&given);
    }
    if let Some(rule) = rules.iter().find(|rule| fits(rule, event, source, name, words)) {
        return rule.is.clone();
    }
    let by_name = match event.kind {
        Type::Page => "website",
        Type::Screen => "mobile_app",
        _ => match words.split(' ').next() {
            Some(first @ ("email" | "sms" | "push")) if words.len() > first.len() => first,
            _ => "other",
        },
    };
    named(by_name)
}

/// `properties.direction`, else by the name: what we send goes out.
pub(crate) fn direction(event: &Event<'_>, channel: &str, words: &str, notes: &mut Notes) -> Direction {
    const PATH: &str = "properties.direction";
    if let Some(given) = notes.text(super::notes::Weight::Warning, PATH, event.properties.get("direction")) {
        match Direction::parse(&given) {
            Some(direction) => return direction,
            None => notes.warn(ProblemCode::BadValue, PATH, "neither INBOUND nor OUTBOUND"),
        }
    }
    let sent = words.ends_with(" sent") || words.ends_with(" delivered");
    if sent && carries_messages(channel) { Direction::Outbound } else { Direction::Inbound }
}

/// A known channel by its own name, whatever its case; another as it was written.
pub(crate) fn named(text: &str) -> Arc<str> {
    let known = KNOWN.iter().position(|known| {
        known.len() == text.len()
            && known
                .bytes()
                .zip(text.bytes())
                .all(|(k, t)| k == t.to_ascii_lowercase() || (k == b'_' && b" -".contains(&t)))
    });
    known.map_or_else(|| text.into(), |at| NAMES[at].clone())
}

fn fits(rule: &ChannelRule, event: &Event<'_>, source: &str, name: &str, words: &str) -> bool {
    rule.when.iter().all(|(path, values)| match path {
        ConditionPath::Type => values.iter().any(|value| value.fits(event.kind.as_str())),
        ConditionPath::Name => {
            // A page's name is no event's name, but is compared in the same way.
            let own = if words.is_empty() { crate::domain::pattern::name_words(name) } else { String::new() };
            let words = if words.is_empty() { own.as_str() } else { words };
            values.iter().any(|value| value.fits(words))
        }
        ConditionPath::Source => {
            let source = source.to_lowercase();
            values.iter().any(|value| value.fits(&source))
        }
        ConditionPath::Event(path) => match event.at(path).as_ref().and_then(|raw| super::json::as_text(raw)) {
            Some(text) => {
                let text = text.trim().to_lowercase();
                values.iter().any(|value| value.fits(&text))
            }
            None => false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_channel_is_known_in_any_case_and_another_is_kept() {
        assert_eq!(&*named("Email"), "email");
        assert_eq!(&*named("Mobile App"), "mobile_app");
        assert_eq!(&*named("direct-mail"), "direct_mail");
        assert_eq!(&*named("Kiosk at the Station"), "Kiosk at the Station");
    }
}
