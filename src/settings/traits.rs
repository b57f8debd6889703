//! `[traits]`: which of several values of a trait is shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::SettingsError;
use super::given::{Given, Section};

/// `[traits]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraitSettings {
    /// For a trait that has no policy of its own.
    pub default: TraitPolicy,
    /// By the trait's name.
    pub by_name: BTreeMap<Arc<str>, TraitPolicy>,
}

/// How the shown value is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraitPolicy {
    /// The one that was said last.
    Newest,
    /// The one that was said first.
    Oldest,
    /// The one that was said most often.
    MostFrequent,
    /// The one of the first of these sources that has any; of none of them, the newest.
    Sources(Vec<Arc<str>>),
}

impl TraitSettings {
    /// The policy of a trait.
    pub fn policy(&self, name: &str) -> &TraitPolicy {
        self.by_name.get(name).unwrap_or(&self.default)
    }

    pub(super) fn read(mut section: Section) -> Result<Self, SettingsError> {
        let default = section.take("default").map(|given| policy(&given)).transpose()?.unwrap_or(TraitPolicy::Newest);
        let mut by_name = BTreeMap::from([(Arc::from("email"), TraitPolicy::Newest)]);
        for (name, given) in section.take_all() {
            by_name.insert(name.into(), policy(&given)?);
        }
        Ok(TraitSettings { default, by_name })
    }
}

fn policy(given: &Given) -> Result<TraitPolicy, SettingsError> {
    if given.is_list() {
        return match given.texts()? {
            sources if sources.is_empty() => Err(given.bad("a list without sources")),
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
