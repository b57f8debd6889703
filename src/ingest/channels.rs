//! The channel and the direction of a touchpoint.

use std::sync::{Arc, LazyLock};

use super::event::{Event, Type};
use super::json::Object;
use super::notes::Notes;
use crate::domain::ProblemCode;
use crate::domain::touchpoint::Direction;
use crate::settings::channels::{ChannelRule, ConditionPath};

/// The known channels. Any other name is kept unchanged.
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

/// Whether the business sends single messages on this channel, so that "… Sent" is a message of the business.
pub(crate) fn carries_messages(channel: &str) -> bool {
    matches!(channel, "email" | "sms" | "push" | "direct_mail")
}

/// `properties.channel`, else the first matching rule, else by the event's name, else by the event's origin.
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
    named(by_name(words).unwrap_or_else(|| where_made(event)))
}

/// The channel at the beginning of an event's name.
pub(crate) fn by_name(words: &str) -> Option<&'static str> {
    let (first, _) = words.split_once(' ')?;
    ["email", "sms", "push"].into_iter().find(|channel| *channel == first)
}

/// By the event's origin: a page or a browser, a screen or an app.
fn where_made(event: &Event<'_>) -> &'static str {
    match event.kind {
        Type::Page => return "website",
        Type::Screen => return "mobile_app",
        _ => {}
    }
    let says = |field: &str| {
        let given = event.context.get(field).and_then(|raw| Object::parse(raw.get()));
        given.is_some_and(|object| object.entries().any(|(_, raw)| !matches!(raw.get(), "null" | "\"\"")))
    };
    let library = event.context.get("library").map(made_by);
    if says("page") || library == Some(MadeBy::Browser) {
        "website"
    } else if says("app") || library == Some(MadeBy::App) {
        "mobile_app"
    } else {
        "other"
    }
}

/// The environment of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MadeBy {
    Browser,
    App,
    Other,
}

/// By the words of the name in `context.library`: `analytics.js`, `@segment/analytics-next`, `RudderLabs JavaScript
/// SDK`; `analytics-ios`, `com.rudderstack.android.sdk.core`, `analytics_flutter`.
fn made_by(library: &serde_json::value::RawValue) -> MadeBy {
    const APPS: [&str; 14] = [
        "android",
        "ios",
        "ipados",
        "swift",
        "kotlin",
        "flutter",
        "cordova",
        "capacitor",
        "xamarin",
        "maui",
        "unity",
        "ionic",
        "mobile",
        "reactnative",
    ];
    const BROWSERS: [&str; 7] = ["js", "javascript", "browser", "web", "next", "gtag", "gtm"];
    const SERVERS: [&str; 5] = ["node", "nodejs", "server", "deno", "bun"];
    let object = Object::parse(library.get());
    let name = match &object {
        Some(object) => object.get("name"),
        None => Some(library),
    };
    let Some(name) = name.and_then(super::json::as_text) else { return MadeBy::Other };
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    if has(&SERVERS) {
        MadeBy::Other
    } else if has(&APPS) || words.windows(2).any(|pair| pair == ["react", "native"]) {
        MadeBy::App
    } else if has(&BROWSERS) {
        MadeBy::Browser
    } else {
        MadeBy::Other
    }
}

/// `properties.direction`, else by the name: messages of the business are outbound.
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

/// A known channel by its own name, in any case; another channel as it was written.
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
            // A page's name is not an event's name, but is compared in the same way.
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
    fn a_librarys_name_says_what_it_runs_in() {
        for (name, expected) in [
            ("analytics.js", MadeBy::Browser),
            ("@segment/analytics-next", MadeBy::Browser),
            ("RudderLabs JavaScript SDK", MadeBy::Browser),
            ("posthog-js", MadeBy::Browser),
            ("web", MadeBy::Browser),
            ("analytics-ios", MadeBy::App),
            ("analytics-swift", MadeBy::App),
            ("analytics-kotlin", MadeBy::App),
            ("com.rudderstack.android.sdk.core", MadeBy::App),
            ("rudder-ios-library", MadeBy::App),
            ("@segment/analytics-react-native", MadeBy::App),
            ("analytics_flutter", MadeBy::App),
            ("analytics-node", MadeBy::Other),
            ("analytics-node.js", MadeBy::Other),
            ("analytics-python", MadeBy::Other),
            ("analytics-java", MadeBy::Other),
            ("bios", MadeBy::Other),
            ("", MadeBy::Other),
        ] {
            for library in [serde_json::json!({ "name": name, "version": "1" }), serde_json::json!(name)] {
                let library = serde_json::value::to_raw_value(&library).expect("JSON");
                assert_eq!(made_by(&library), expected, "{name}");
            }
        }
    }

    #[test]
    fn a_known_channel_is_known_in_any_case_and_another_is_kept() {
        assert_eq!(&*named("Email"), "email");
        assert_eq!(&*named("Mobile App"), "mobile_app");
        assert_eq!(&*named("direct-mail"), "direct_mail");
        assert_eq!(&*named("Kiosk at the Station"), "Kiosk at the Station");
    }
}
