//! `[privacy]`: what is personal, for which purposes people are shown, and which purpose an unsubscription revokes.

use std::sync::Arc;

use super::error::SettingsError;
use super::identity::is_kind_name;
use super::raw::{RawValue, Section};
use crate::domain::purpose::{Purpose, Purposes};

/// `[privacy]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivacySettings {
    /// The purpose that an Unsubscribed event without a purpose revokes.
    pub unsubscribe: Arc<str>,
    /// What is masked for callers without permission: kinds of identifiers, traits as `traits.<name>` or `traits.*`, and
    /// properties as `properties.<path>`.
    pub personal: Vec<Arc<str>>,
    /// The purposes that requests can have.
    pub purposes: Purposes,
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
        let purposes = section.take("purposes").map_or_else(|| Ok(Purposes::default()), |list| read_purposes(&list))?;
        section.done()?;
        let unsubscribe = unsubscribe.transpose()?.unwrap_or_else(|| "marketing".into());
        Ok(PrivacySettings { unsubscribe, personal, purposes })
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

/// A list of purposes, each a name, or a table with its name and basis.
fn read_purposes(list: &RawValue) -> Result<Purposes, SettingsError> {
    let mut listed: Vec<Purpose> = Vec::new();
    list.map(|entry| {
        let purpose = if entry.is_table() { read_purpose(entry)? } else { named(entry, entry, true)? };
        if listed.iter().any(|other| other.name == purpose.name) {
            return Err(entry.bad(format!("{} is listed twice", purpose.name)));
        }
        listed.push(purpose);
        Ok(())
    })?;
    Ok(Purposes::new(listed))
}

fn read_purpose(entry: &RawValue) -> Result<Purpose, SettingsError> {
    let mut section = entry.section()?;
    let name = section.take("name").ok_or_else(|| section.lacks(&entry.place, "name"))?;
    let needs_consent = match section.take("basis") {
        None => true,
        Some(basis) => match basis.text()?.as_str() {
            "consent" => true,
            "contract" => false,
            _ => return Err(basis.bad("neither \"consent\" nor \"contract\"")),
        },
    };
    section.done()?;
    named(entry, &name, needs_consent)
}

fn named(entry: &RawValue, name: &RawValue, needs_consent: bool) -> Result<Purpose, SettingsError> {
    let name = name.text()?;
    // It is sent in a header and in a list with commas.
    let is_plain = |c: char| c.is_ascii_graphic() && c != ',' && c != '"';
    match (1..=64).contains(&name.len()) && name.chars().all(is_plain) {
        true => Ok(Purpose { name: name.into(), needs_consent }),
        false => Err(entry.bad("a purpose has 1 to 64 letters, digits and signs, without spaces, commas and quotes")),
    }
}
