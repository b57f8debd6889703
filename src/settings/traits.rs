//! `[traits]`: the policies that choose the shown value of a trait.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::SettingsError;
use super::raw::{RawValue, Section};
use crate::domain::claim::{TraitPolicies, TraitPolicy};

/// Reads the section.
pub(super) fn read(mut section: Section) -> Result<TraitPolicies, SettingsError> {
    let default = section.take("default").map(|given| policy(&given)).transpose()?.unwrap_or_default();
    let mut by_name = BTreeMap::from([(Arc::from("email"), TraitPolicy::Newest)]);
    for (name, given) in section.take_all() {
        by_name.insert(name.into(), policy(&given)?);
    }
    Ok(TraitPolicies { by_name, default })
}

fn policy(given: &RawValue) -> Result<TraitPolicy, SettingsError> {
    if given.is_list() {
        return match given.texts()? {
            sources if sources.is_empty() => Err(given.bad("the list is empty")),
            sources => Ok(TraitPolicy::Sources(sources)),
        };
    }
    match given.text()?.trim() {
        "newest" => Ok(TraitPolicy::Newest),
        "oldest" => Ok(TraitPolicy::Oldest),
        "most_frequent" => Ok(TraitPolicy::MostFrequent),
        _ => Err(given.bad("neither newest, oldest, most_frequent nor a list of sources")),
    }
}
