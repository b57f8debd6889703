//! `[privacy]`: what is personal, and which purpose an unsubscription revokes.

use std::sync::Arc;

use super::error::SettingsError;
use super::identity::is_kind_name;
use super::raw::{RawValue, Section};

/// `[privacy]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivacySettings {
    /// The purpose that an Unsubscribed event without a purpose revokes.
    pub unsubscribe: Arc<str>,
    /// What is masked for callers without permission: kinds of identifiers, traits as `traits.<name>` or `traits.*`, and
    /// properties as `properties.<path>`.
    pub personal: Vec<Arc<str>>,
}

impl PrivacySettings {
    pub(super) fn read(mut section: Section) -> Result<Self, SettingsError> {
        let unsubscribe = section.take("unsubscribe").map(|given| match given.text()?.trim() {
            "" => Err(given.bad("the name of the purpose is empty")),
            purpose => Ok(purpose.into()),
        });
        let personal = match section.take("personal") {
            None => ["email", "phone", "name_and_birth", "traits.*"].map(Arc::from).to_vec(),
            Some(list) => read_personal(&list)?,
        };
        section.done()?;
        let unsubscribe = unsubscribe.transpose()?.unwrap_or_else(|| "marketing".into());
        Ok(PrivacySettings { unsubscribe, personal })
    }
}

/// A list of kinds of identifiers, traits and properties.
pub(super) fn read_personal(list: &RawValue) -> Result<Vec<Arc<str>>, SettingsError> {
    list.map(|entry| {
        let name = entry.text()?;
        let is_plain = match (name.strip_prefix("traits."), name.strip_prefix("properties.")) {
            (Some(name), _) => !name.is_empty(),
            (_, Some(path)) => path.split('.').all(|step| !step.is_empty()),
            (None, None) => is_kind_name(&name),
        };
        if is_plain {
            Ok(name.into())
        } else {
            Err(entry.bad("neither a kind of identifiers, nor traits.<name>, nor properties.<path>"))
        }
    })
}
