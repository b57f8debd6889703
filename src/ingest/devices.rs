//! The device of an event.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::event::Event;
use super::json::{Json, Object, as_text};
use super::notes::{Notes, Weight};
use crate::domain::device::DeviceFact;

/// `context.device` by its `id`. Without an id or without `context.device`, by the anonymous id together with the user
/// agent and the model. Without any of these there is no device.
pub(crate) fn device(event: &Event<'_>, notes: &mut Notes) -> Option<DeviceFact> {
    let part = |field: &str| match event.context.get(field).map(Json::of) {
        Some(Json::Object(object)) => object,
        _ => Object::default(),
    };
    let given = if event.context.get("device").is_some() { part("device") } else { Object::default() };
    let agent = event.context.get("userAgent").and_then(as_text);
    // Its problems are added where identifiers are read.
    let anonymous = event.ids.id(Weight::Warning, "", event.top.get("anonymousId"), &mut Notes::default());
    let model = given.get("model").and_then(|raw| notes.word("context.device.model", Some(raw)));
    let id = event.ids.id(Weight::Warning, "context.device.id", given.get("id"), notes);
    let key = match (&id, &anonymous) {
        (Some(id), _) => key(&["id", id]),
        (None, Some(anonymous)) if agent.is_some() || !given.is_empty() => {
            let maker = given.get("manufacturer").and_then(as_text).unwrap_or_default();
            let agent = agent.as_deref().unwrap_or_default();
            key(&["seen", anonymous, agent, &maker, model.as_deref().unwrap_or_default()])
        }
        _ => return None,
    };
    let agent = agent.as_deref().unwrap_or_default();
    let said = given.get("type").and_then(|raw| notes.word("context.device.type", Some(raw)));
    let os = part("os").get("name").and_then(|raw| notes.word("context.os.name", Some(raw)));
    Some(DeviceFact {
        key,
        kind: said.as_deref().map_or_else(|| kind_of_agent(agent).into(), |said| kind(said, model.as_deref())),
        os: os.or_else(|| os_of_agent(agent).map(Arc::from)).or_else(|| os_of_type(said.as_deref())),
        model,
    })
}

/// Half a SHA-256 of the parts: the same parts give the same device, and the key does not reveal the parts.
fn key(parts: &[&str]) -> Arc<str> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    const_hex::encode(&hash.finalize()[..16]).into()
}

/// The kind by the sender's word. Segment's libraries send the system here, `ios` or `android`.
fn kind(said: &str, model: Option<&str>) -> Arc<str> {
    let model = model.unwrap_or_default().to_lowercase();
    let of_system = || match () {
        () if model.contains("ipad") || model.contains("tab") => "tablet",
        () if model.contains("watch") => "watch",
        () if model.contains("tv") => "tv",
        () => "phone",
    };
    match said.to_lowercase().as_str() {
        "ios" | "android" | "ipados" | "mobile" => of_system().into(),
        "phone" | "smartphone" | "handset" => "phone".into(),
        "tablet" | "ipad" => "tablet".into(),
        "desktop" | "computer" | "laptop" | "pc" | "browser" | "web" | "macos" | "windows" | "linux" => {
            "desktop".into()
        }
        "tv" | "smarttv" | "smart_tv" | "television" | "tvos" => "tv".into(),
        "watch" | "smartwatch" | "watchos" | "wearable" => "watch".into(),
        "other" | "unknown" => "other".into(),
        _ => said.into(),
    }
}

fn kind_of_agent(agent: &str) -> &'static str {
    let has = |word: &str| agent.contains(word);
    if has("Watch") {
        "watch"
    } else if has("SmartTV") || has("SMART-TV") || has("Apple TV") || has("AppleTV") || has("HbbTV") || has("GoogleTV")
    {
        "tv"
    } else if has("iPad") || has("Tablet") || (has("Android") && !has("Mobile")) {
        "tablet"
    } else if has("iPhone") || has("Mobile") || has("Android") {
        "phone"
    } else if has("Windows") || has("Macintosh") || has("X11") || has("Linux") || has("CrOS") {
        "desktop"
    } else {
        "other"
    }
}

fn os_of_agent(agent: &str) -> Option<&'static str> {
    const SYSTEMS: [(&str, &str); 9] = [
        ("iPad", "iPadOS"),
        ("iPhone", "iOS"),
        ("Apple TV", "tvOS"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Macintosh", "macOS"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    SYSTEMS.into_iter().find(|(word, _)| agent.contains(word)).map(|(_, os)| os)
}

fn os_of_type(said: Option<&str>) -> Option<Arc<str>> {
    match said?.to_lowercase().as_str() {
        "ios" => Some("iOS".into()),
        "android" => Some("Android".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_senders_word_says_the_kind() {
        for (said, model, expected) in [
            ("ios", Some("iPhone 14"), "phone"),
            ("ios", Some("iPad Air"), "tablet"),
            ("android", Some("Galaxy Tab S9"), "tablet"),
            ("android", None, "phone"),
            ("Desktop", None, "desktop"),
            ("tablet", None, "tablet"),
            ("Smartphone", None, "phone"),
            ("till", None, "till"),
        ] {
            assert_eq!(&*kind(said, model), expected, "{said}");
        }
    }

    #[test]
    fn the_user_agent_says_the_kind_and_the_system() {
        for (agent, expected, os) in [
            ("Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) Mobile/15E148", "tablet", Some("iPadOS")),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) Mobile/15E148", "phone", Some("iOS")),
            ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/124 Mobile Safari/537.36", "phone", Some("Android")),
            ("Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/124 Safari/537.36", "tablet", Some("Android")),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "desktop", Some("macOS")),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "desktop", Some("Windows")),
            ("Mozilla/5.0 (X11; Linux x86_64)", "desktop", Some("Linux")),
            ("okhttp/4.9", "other", None),
        ] {
            assert_eq!((kind_of_agent(agent), os_of_agent(agent)), (expected, os), "{agent}");
        }
    }
}
