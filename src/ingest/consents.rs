//! What an event says that a person allowed or forbade.

use super::channels;
use super::event::{Event, Type};
use super::json::{Json, as_text};
use super::notes::{Notes, Weight, fit};
use crate::domain::consent::{ConsentFact, ConsentStatus};
use crate::domain::time::TimeError;
use crate::domain::{ProblemCode, Timestamp};

/// `context.consent.categoryPreferences` of any event, and "Consent Given" and "Consent Withdrawn".
pub(crate) fn consents(event: &Event<'_>, name: &str, notes: &mut Notes) -> Vec<ConsentFact> {
    let mut found = preferences(event, notes);
    let status = match name {
        "consentgiven" => ConsentStatus::Granted,
        "consentwithdrawn" => ConsentStatus::Revoked,
        _ => return found,
    };
    if event.kind == Type::Track {
        found.extend(decision(event, status, notes));
    }
    found
}

/// A decision about one purpose. An end that is none is as if not given. A channel that is none would make what was
/// granted for one channel a consent for all, so then nothing is granted; what was withdrawn is for all.
fn decision(event: &Event<'_>, status: ConsentStatus, notes: &mut Notes) -> Option<ConsentFact> {
    const PURPOSE: &str = "properties.purpose";
    const END: &str = "properties.expires_at";
    const CHANNEL: &str = "properties.channel";
    let faults = notes.faults.len();
    let purpose = notes.text(Weight::Fault, PURPOSE, event.properties.get("purpose"));
    if purpose.is_none() && notes.faults.len() == faults {
        notes.fault(ProblemCode::MissingField, PURPOSE, "a consent without its purpose");
    }
    // The touchpoint has this channel too, and notes what is wrong with it.
    let mut odd = Notes::default();
    let channel = odd.text(Weight::Warning, CHANNEL, event.properties.get("channel"));
    if !odd.warnings.is_empty() && status == ConsentStatus::Granted {
        notes.warn(ProblemCode::BadValue, CHANNEL, "no channel, so the consent is not stored");
        return None;
    }
    let expires_at = match event.properties.get("expires_at").filter(|_| status == ConsentStatus::Granted) {
        None => None,
        Some(raw) => {
            let text = as_text(raw).filter(|_| raw.get().starts_with('"'));
            let end = text.as_deref().map_or(Err(TimeError::Malformed), Timestamp::parse);
            end.map_err(|fault| notes.warn(ProblemCode::BadTime, END, format!("{fault}, so it is as if not given")))
                .ok()
        }
    };
    Some(ConsentFact {
        purpose: purpose?.into(),
        channel: channel.map(|name| channels::named(&name)),
        status,
        expires_at,
    })
}

fn preferences(event: &Event<'_>, notes: &mut Notes) -> Vec<ConsentFact> {
    const PATH: &str = "context.consent.categoryPreferences";
    let Some(raw) = event.context.get("consent") else { return Vec::new() };
    let Json::Object(consent) = Json::of(raw) else {
        notes.warn(ProblemCode::BadValue, "context.consent", "not an object, so it is left out");
        return Vec::new();
    };
    let Some(raw) = consent.get("categoryPreferences") else { return Vec::new() };
    let Json::Object(categories) = Json::of(raw) else {
        notes.warn(ProblemCode::BadValue, PATH, "not an object of true and false, so it is left out");
        return Vec::new();
    };
    let mut found: Vec<ConsentFact> = Vec::new();
    for (purpose, raw) in categories.entries() {
        let status = match Json::of(raw) {
            Json::Bool(true) => ConsentStatus::Granted,
            Json::Bool(false) => ConsentStatus::Denied,
            _ => {
                notes.warn(ProblemCode::BadValue, PATH, "a preference that is neither true nor false is left out");
                continue;
            }
        };
        let purpose = purpose.trim();
        if purpose.is_empty() || fit(purpose).is_err() {
            notes.warn(
                ProblemCode::BadValue,
                PATH,
                "a preference whose name is empty, too long or has control characters is left out",
            );
            continue;
        }
        let fact = ConsentFact { purpose: purpose.into(), channel: None, status, expires_at: None };
        match found.iter_mut().find(|present| present.purpose == fact.purpose) {
            Some(present) => *present = fact,
            None => found.push(fact),
        }
    }
    found
}
