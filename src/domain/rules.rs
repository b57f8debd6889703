//! The rules of who is who, as the settings give them.

use std::sync::Arc;

/// The rules that stitching asks. How a value is read out of an event and normalised is the
/// ingest's ([`crate::ingest`]); here is only what decides between people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityRules {
    /// The version evidence was judged under. The settings file is the first version.
    pub version: i64,
    /// Kinds in order of priority, the strongest first.
    pub kinds: Vec<KindRule>,
    /// The most identifiers on one customer.
    pub max_identifiers: usize,
}

/// What decides about one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindRule {
    /// Its name.
    pub name: Arc<str>,
    /// The most values on one customer.
    pub limit: Option<usize>,
    /// Whether it lives on a device, so that it can turn out to be shared.
    pub device: bool,
    /// Whether it may join two customers that both exist already.
    pub merges: bool,
}

impl IdentityRules {
    /// The rule of a kind, and its rank: 0 is the strongest. `None` for a kind that is not listed.
    pub fn kind(&self, name: &str) -> Option<(usize, &KindRule)> {
        self.kinds.iter().enumerate().find(|(_, kind)| &*kind.name == name)
    }
}
