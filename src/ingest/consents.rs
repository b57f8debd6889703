//! The consents in an event.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::channels;
use super::event::{Event, Type};
use super::json::{Json, as_text};
use super::notes::{Notes, Weight, fit};
use crate::domain::consent::{ConsentFact, ConsentStatus};
use crate::domain::time::TimeError;
use crate::domain::{ProblemCode, Timestamp};

/// The most preferences of an event. There is a limit, since each goes to every identifier of the customer.
const MOST: usize = 100;

/// `context.consent.categoryPreferences` of any event, "Consent Given", "Consent Denied" and "Consent Withdrawn", and
/// "Unsubscribed". An "Unsubscribed" without a purpose revokes the purpose of `unsubscribe`.
pub(crate) fn consents(
    event: &Event<'_>,
    name: &str,
    unsubscribe: &Arc<str>,
    channel: Option<&Arc<str>>,
    notes: &mut Notes,
) -> Vec<ConsentFact> {
    let mut found = preferences(event, notes);
    if event.kind != Type::Track {
        return found;
    }
    match name {
        "consentgiven" => found.extend(decision(event, ConsentStatus::Granted, notes)),
        "consentdenied" => found.extend(decision(event, ConsentStatus::Denied, notes)),
        "consentwithdrawn" => found.extend(decision(event, ConsentStatus::Revoked, notes)),
        "unsubscribed" | "emailunsubscribed" | "smsunsubscribed" => {
            let given = notes.text(Weight::Warning, PURPOSE, event.properties.get("purpose"));
            let named = name.strip_suffix("unsubscribed").filter(|channel| !channel.is_empty());
            // The touchpoint's channel has the note about a wrong value.
            let said = Notes::default().text(Weight::Warning, CHANNEL, event.properties.get("channel"));
            // An unsubscribe applies to the given channel. Without a channel, as on a page of preferences, it applies
            // to all channels.
            let made = || channel.filter(|channel| channels::carries_messages(channel)).cloned();
            found.push(ConsentFact {
                purpose: given.map_or_else(|| unsubscribe.clone(), Into::into),
                channel: said.as_deref().or(named).map(channels::named).or_else(made),
                status: ConsentStatus::Revoked,
                expires_at: None,
            });
        }
        _ => {}
    }
    found
}

const PURPOSE: &str = "properties.purpose";
const CHANNEL: &str = "properties.channel";

/// A decision about one purpose. An invalid end is ignored. With an invalid channel, a grant for one channel would
/// become a grant for all, so nothing is granted; a refusal then applies to all channels.
fn decision(event: &Event<'_>, status: ConsentStatus, notes: &mut Notes) -> Option<ConsentFact> {
    const END: &str = "properties.expires_at";
    let faults = notes.faults.len();
    let purpose = notes.text(Weight::Fault, PURPOSE, event.properties.get("purpose"));
    if purpose.is_none() && notes.faults.len() == faults {
        notes.fault(ProblemCode::MissingField, PURPOSE, "a consent without its purpose");
    }
    let given = event.properties.get("channel");
    // The touchpoint's channel has the note about a wrong value.
    let channel = Notes::default().text(Weight::Warning, CHANNEL, given).map(|name| channels::named(&name));
    // An unreadable channel must not become a grant for all channels. A withdrawal for all channels is safe.
    let unreadable =
        channel.is_none() && given.is_some_and(|raw| as_text(raw).is_none_or(|text| !text.trim().is_empty()));
    if unreadable && status == ConsentStatus::Granted {
        notes.warn(ProblemCode::BadValue, CHANNEL, "the channel of a consent that is none; the consent is left out");
        return None;
    }
    let expires_at = match event.properties.get("expires_at").filter(|_| status == ConsentStatus::Granted) {
        None => None,
        Some(raw) => {
            let text = as_text(raw).filter(|_| raw.get().starts_with('"'));
            let end = text.as_deref().map_or(Err(TimeError::Malformed), Timestamp::parse);
            let fault = |fault| {
                notes.warn(ProblemCode::BadTime, END, format!("{fault}; this is as if it was not given"));
            };
            end.map_err(fault).ok()
        }
    };
    Some(ConsentFact { purpose: purpose?.into(), channel, status, expires_at })
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
    let mut places: FxHashMap<&str, usize> = FxHashMap::default();
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
        match places.entry(purpose) {
            // When a purpose is given twice, the last one counts.
            Entry::Occupied(place) => found[*place.get()] = fact,
            Entry::Vacant(place) => {
                place.insert(found.len());
                found.push(fact);
            }
        }
    }
    if found.len() > MOST {
        let message = format!("an event has at most {MOST} preferences, so {MOST} count, those that forbid first");
        notes.warn(ProblemCode::TooLarge, PATH, message);
        found.sort_by_key(|preference| preference.status == ConsentStatus::Granted);
        found.truncate(MOST);
    }
    found
}
