//! `[store]`: the address of the store, and its secrets, which come from the environment only.

use std::fmt;
use std::path::PathBuf;

use super::Settings;
use super::error::{Place, SettingsError};
use super::raw::Section;

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// `sqlite:<file>`, or a Bolt address; see [`SCHEMES`].
    pub url: String,
    /// The durability of commits in SQLite.
    pub synchronous: Synchronous,
    /// The maximum memory of cached customers, in MB; 0 for no cache.
    pub cache_mb: u64,
    /// The user, from `THROUGHLINE_STORE_USER`.
    pub user: Option<String>,
    /// The password, from `THROUGHLINE_STORE_PASSWORD` or the file `THROUGHLINE_STORE_PASSWORD_FILE` names.
    pub password: Option<Secret>,
}

/// The default memory of cached customers: some 10,000 to 30,000 of them.
pub const CACHE_MB: u64 = 128;

/// The schemes of store addresses.
pub const SCHEMES: [&str; 7] =
    ["sqlite:", "bolt://", "neo4j://", "bolt+s://", "neo4j+s://", "bolt+ssc://", "neo4j+ssc://"];

/// The durability of commits in SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// A commit survives a kill of the process.
    Normal,
    /// A commit also survives a power cut, at the cost of a disk flush for each commit.
    Full,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text, for the driver only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets of the environment.
#[derive(Default)]
pub(super) struct Secrets {
    user: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
}

/// The variables of secrets, without `THROUGHLINE_`, and their meanings.
pub(super) const SECRETS: [(&str, &str); 3] = [
    ("STORE_USER", "the user of the store's server"),
    ("STORE_PASSWORD", "the password of the store's server; from the environment only"),
    ("STORE_PASSWORD_FILE", "a file with that password, instead of the variable"),
];

impl Secrets {
    /// Takes the variable `THROUGHLINE_<name>` when it is a secret. Returns whether it is one.
    pub(super) fn take(&mut self, name: &str, text: &str) -> bool {
        match name {
            "STORE_USER" => self.user = Some(text.to_owned()),
            "STORE_PASSWORD" => self.password = Some(text.to_owned()),
            "STORE_PASSWORD_FILE" => self.password_file = Some(text.into()),
            _ => return false,
        }
        true
    }

    fn password(&self) -> Result<Option<Secret>, SettingsError> {
        let bad = |reason: String| SettingsError::BadValue {
            place: Place::Variable("THROUGHLINE_STORE_PASSWORD_FILE".into()),
            key: "the store's password".into(),
            reason,
        };
        match (&self.password, &self.password_file) {
            (Some(_), Some(_)) => Err(bad("given together with THROUGHLINE_STORE_PASSWORD: give one of them".into())),
            (Some(password), None) => Ok(Some(Secret::new(password.as_str()))),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n'])))),
                Err(fault) => Err(bad(format!("{} cannot be read: {fault}", path.display()))),
            },
            (None, None) => Ok(None),
        }
    }
}

impl StoreSettings {
    pub(super) fn read(mut section: Section, secrets: Secrets) -> Result<Self, SettingsError> {
        let url = section.take("url").map(|given| check_url(&given.text()?).map_err(|reason| given.bad(reason)));
        let synchronous = section.take("synchronous").map(|given| match given.text()?.trim() {
            "normal" => Ok(Synchronous::Normal),
            "full" => Ok(Synchronous::Full),
            _ => Err(given.bad("neither normal nor full")),
        });
        let cache_mb = section.take("cache_mb").map(|given| given.whole(0, 1 << 20)).transpose()?;
        section.done()?;
        Ok(StoreSettings {
            url: url.transpose()?.unwrap_or_else(|| "sqlite:throughline.db".into()),
            synchronous: synchronous.transpose()?.unwrap_or(Synchronous::Full),
            cache_mb: cache_mb.map_or(CACHE_MB, |mb| mb as u64),
            password: secrets.password()?,
            user: secrets.user,
        })
    }
}

impl Settings {
    /// Sets the address from `--store`.
    ///
    /// # Errors
    /// When it is not the address of a store.
    pub fn set_store_url(&mut self, text: &str) -> Result<(), SettingsError> {
        self.store.url = check_url(text).map_err(|reason| SettingsError::BadValue {
            place: Place::Flag("--store"),
            key: "store.url".into(),
            reason,
        })?;
        Ok(())
    }
}

fn check_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let Some(scheme) = SCHEMES.iter().find(|scheme| text.starts_with(**scheme)) else {
        return Err("not a store: write it as sqlite:throughline.db, bolt://host:7687 or neo4j://host:7687".into());
    };
    if text.len() == scheme.len() {
        return Err(format!("{scheme} without an address: write it as sqlite:throughline.db or bolt://host:7687"));
    }
    let authority = &text[scheme.len()..];
    if *scheme != "sqlite:" && authority.contains('@') {
        return Err(
            "the address has no user and password: set THROUGHLINE_STORE_USER and THROUGHLINE_STORE_PASSWORD".into()
        );
    }
    Ok(text.to_owned())
}
