//! The settings: defaults, then the file, then the environment; flags come last, through setters.
//!
//! A key `a.b_c` of the file is `THROUGHLINE_A_B_C` in the environment, with lists as TOML. Each section has a file
//! here that reads the section. `defaults.toml` is the documented file, and [`mod@reference`] prints it. To add a key:
//! a field in its section, a line that takes it from the [`Section`], and its default and meaning in `defaults.toml`. A
//! key that no section takes is an error that names file, line and key.

pub mod access;
pub mod channels;
pub mod error;
pub mod events;
pub mod identity;
pub mod path;
pub mod privacy;
pub(crate) mod raw;
pub mod reference;
pub mod server;
pub mod store;
pub mod traits;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use access::{AccessSettings, AnalystSettings, ReaderSettings};
pub use channels::ChannelRule;
pub use error::SettingsError;
pub use events::{EventRule, OrderFields};
pub use identity::{Blocked, IdentitySettings, KindSettings, Normalise};
pub use path::{EventPath, Root};
pub use privacy::PrivacySettings;
pub use server::{ServerSettings, TlsSettings};
pub use store::{CACHE_MB, SCHEMES, Secret, StoreSettings, Synchronous};

use crate::domain::claim::TraitPolicies;
use crate::domain::rules::IdentityRules;
use raw::{Section, Tree};

/// All settings. Each has a default.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[server]`
    pub server: ServerSettings,
    /// `[store]`
    pub store: StoreSettings,
    /// `[identity]`
    pub identity: IdentitySettings,
    /// `[traits]`
    pub traits: TraitPolicies,
    /// `[[channel]]`; the first rule that matches counts.
    pub channels: Vec<ChannelRule>,
    /// `[[event]]`; the first rule that matches counts.
    pub events: Vec<EventRule>,
    /// `[journeys]`
    pub journeys: JourneySettings,
    /// `[privacy]`
    pub privacy: PrivacySettings,
    /// `[access]`. Without it every caller sees everything.
    pub access: Option<AccessSettings>,
}

/// `[journeys]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JourneySettings {
    /// The properties in the projection, as paths such as `properties.platform`.
    pub dimensions: Vec<Arc<str>>,
    /// The folder of the saved projection. `None`: beside the database, or in the working directory.
    pub folder: Option<PathBuf>,
    /// The maximum memory of the projection, in MB.
    pub memory_mb: u64,
}

/// The default memory of the projection, enough for sixty million touchpoints.
const MEMORY_MB: u64 = 2_048;

/// The settings file when none is given.
pub const DEFAULT_FILE: &str = "throughline.toml";

impl Settings {
    /// Reads the file `config` (without it `throughline.toml` in the working directory, if it exists) and the
    /// `THROUGHLINE_*` variables of `environment`.
    ///
    /// # Errors
    /// The first unknown key or invalid value, with file, line and key, or with its variable.
    pub fn load<E>(config: Option<&Path>, environment: E) -> Result<Self, SettingsError>
    where
        E: IntoIterator<Item = (String, String)>,
    {
        let named = config.map(Path::to_path_buf);
        let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::read(Some((&path, &text)), environment),
            Err(fault) if named.is_none() && fault.kind() == std::io::ErrorKind::NotFound => {
                Self::read(None, environment)
            }
            Err(fault) => Err(SettingsError::Unreadable { path, reason: fault.to_string() }),
        }
    }

    /// As [`load`](Self::load), from the text of a file.
    ///
    /// # Errors
    /// As for `load`.
    pub fn read<E>(file: Option<(&Path, &str)>, environment: E) -> Result<Self, SettingsError>
    where
        E: IntoIterator<Item = (String, String)>,
    {
        let mut tree = match file {
            Some((path, text)) => Tree::parse(path, text)?,
            None => Tree::default(),
        };
        let secrets = tree.overlay(environment)?;
        let mut root = tree.into_section();
        let settings = Settings {
            server: ServerSettings::read(root.section("server")?)?,
            store: StoreSettings::read(root.section("store")?, secrets)?,
            identity: IdentitySettings::read(root.section("identity")?)?,
            traits: traits::read(root.section("traits")?)?,
            channels: channels::read(root.take("channel"))?,
            events: events::read(root.take("event"))?,
            journeys: JourneySettings::read(root.section("journeys")?)?,
            privacy: PrivacySettings::read(root.section("privacy")?)?,
            access: root.take("access").map(|given| AccessSettings::read(given.section()?)).transpose()?,
        };
        root.done()?;
        Ok(settings)
    }

    /// The identity rules for stitching, version 1.
    pub fn identity_rules(&self) -> IdentityRules {
        self.identity.rules()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::read(None, []).expect("the defaults are good settings, as a test says")
    }
}

impl JourneySettings {
    fn read(mut section: Section) -> Result<Self, SettingsError> {
        let dimensions = match section.take("dimensions") {
            None => vec!["properties.platform".into()],
            Some(list) => list.map(|entry| {
                let path = entry.text()?;
                match path.strip_prefix("properties.") {
                    Some(rest) if rest.split('.').all(|step| !step.is_empty()) => Ok(path.into()),
                    _ => Err(entry.bad("not a dimension: write it as properties.platform")),
                }
            })?,
        };
        let folder = section.take("folder").map(|given| match given.text()?.trim() {
            "" => Err(given.bad("the name of the folder is empty")),
            folder => Ok(PathBuf::from(folder)),
        });
        let memory_mb = section.take("memory_mb").map(|given| given.whole(1, 1 << 20)).transpose()?;
        section.done()?;
        let memory_mb = memory_mb.map_or(MEMORY_MB, |mb| mb as u64);
        Ok(JourneySettings { dimensions, folder: folder.transpose()?, memory_mb })
    }
}

#[cfg(test)]
mod tests;
