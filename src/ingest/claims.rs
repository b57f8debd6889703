//! Traits: what an identify event says of a person.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::value::RawValue;

use super::event::{Event, own};
use super::json::compact;
use super::notes::{Notes, Weight, fit};
use crate::domain::ProblemCode;
use crate::domain::claim::{ClaimFact, Provenance};

/// Each trait, `null` too, which says that there is none; DECLARED unless `context.provenance` says otherwise. Nothing is
/// invented: what a system computed or observed says so itself.
pub(crate) fn claims(event: &Event<'_>, notes: &mut Notes) -> Vec<ClaimFact> {
    // Only identify has traits of a person: `Event` reads them of no other.
    if event.traits.is_empty() {
        return Vec::new();
    }
    let provenance = provenance(event, notes);
    let mut claims: Vec<ClaimFact> = Vec::new();
    let mut places: FxHashMap<&str, usize> = FxHashMap::default();
    for (name, raw) in event.traits.entries() {
        let name = name.trim();
        if name.is_empty() || fit(name).is_err() {
            notes.warn(
                ProblemCode::BadValue,
                "traits",
                "a trait whose name is empty, too long or has control characters is left out",
            );
            continue;
        }
        let claim = ClaimFact { name: name.into(), value: canonical(raw), provenance };
        match places.entry(name) {
            // Of a name given twice the last counts.
            Entry::Occupied(place) => claims[*place.get()] = claim,
            Entry::Vacant(place) => {
                place.insert(claims.len());
                claims.push(claim);
            }
        }
    }
    claims
}

fn provenance(event: &Event<'_>, notes: &mut Notes) -> Provenance {
    const PATH: &str = "context.provenance";
    let Some(given) = notes.text(Weight::Warning, PATH, event.context.get("provenance")) else {
        return Provenance::Declared;
    };
    Provenance::parse(&given).unwrap_or_else(|| {
        notes.warn(ProblemCode::BadValue, PATH, "none of REALISED, DECLARED, ASSUMED, so DECLARED");
        Provenance::Declared
    })
}

/// The value as one text, so that the same claim is the same.
fn canonical(raw: &RawValue) -> Arc<RawValue> {
    match compact(raw) {
        Cow::Borrowed(_) => own(raw),
        Cow::Owned(text) => RawValue::from_string(text).map_or_else(|_| own(raw), Into::into),
    }
}
