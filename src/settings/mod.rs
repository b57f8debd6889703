//! The settings: defaults, then the file, then the environment; flags come last, through setters.
//!
//! A key `a.b_c` of the file is `THROUGHLINE_A_B_C` in the environment, with lists as TOML. Each section has a file here that
//! reads it; `defaults.toml` is the documented file, and [`mod@reference`] prints it. To add a key: a field in its section, a line
//! that takes it from the [`Section`], and its default and meaning in `defaults.toml`. A key that no section takes is an
//! error that names file, line and key.

pub mod channels;
pub mod error;
pub mod events;
mod given;
pub mod identity;
pub mod path;
pub mod reference;
pub mod server;
pub mod store;
pub mod traits;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use channels::ChannelRule;
pub use error::SettingsError;
pub use events::{EventRule, OrderFields};
pub use identity::{Blocked, IdentitySettings, KindSettings, Normalise};
pub use path::{EventPath, Root};
pub use server::ServerSettings;
pub use store::{SCHEMES, Secret, StoreSettings, Synchronous};

use crate::domain::claim::TraitPolicies;
use crate::domain::rules::IdentityRules;
use given::{Section, Tree};

/// Everything that can be set, with a default for each.
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
    /// `[[channel]]`, the first that fits.
    pub channels: Vec<ChannelRule>,
    /// `[[event]]`, the first that fits.
    pub events: Vec<EventRule>,
    /// `[journeys]`
    pub journeys: JourneySettings,
    /// `[privacy]`
    pub privacy: PrivacySettings,
}

/// `[journeys]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JourneySettings {
    /// Properties that are carried in the projection, as paths such as `properties.platform`.
    pub dimensions: Vec<Arc<str>>,
    /// Where the projection is saved; `None` is beside the database, or in the working folder.
    pub folder: Option<PathBuf>,
    /// The most memory that the projection may take, in MB.
    pub memory_mb: u64,
}

/// `[privacy]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivacySettings {
    /// The purpose that an Unsubscribed event revokes which names none.
    pub unsubscribe: Arc<str>,
    /// What is masked for a caller without the right: kinds of identifiers, and traits as
    /// `traits.<name>` or `traits.*`.
    pub personal: Vec<Arc<str>>,
}

/// What the projection may take by default: enough for sixty million touchpoints.
const MEMORY_MB: u64 = 2_048;

/// The file that is read when it is there and no other was named.
pub const DEFAULT_FILE: &str = "throughline.toml";

impl Settings {
    /// Reads the file `config` (else `throughline.toml` in the working folder, when there is one)
    /// and the `THROUGHLINE_*` variables of `environment`.
    ///
    /// # Errors
    /// The first unknown key or bad value, with its file, line and key, or its variable.
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

    /// As [`load`](Self::load), of the text of a file.
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
        };
        root.done()?;
        Ok(settings)
    }

    /// The rules of who is who as stitching asks them: version 1.
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
            "" => Err(given.bad("no folder's name")),
            folder => Ok(PathBuf::from(folder)),
        });
        let memory_mb = section.take("memory_mb").map(|given| given.whole(1, 1 << 20)).transpose()?;
        section.done()?;
        let memory_mb = memory_mb.map_or(MEMORY_MB, |mb| mb as u64);
        Ok(JourneySettings { dimensions, folder: folder.transpose()?, memory_mb })
    }
}

impl PrivacySettings {
    fn read(mut section: Section) -> Result<Self, SettingsError> {
        let unsubscribe = section.take("unsubscribe").map(|given| match given.text()?.trim() {
            "" => Err(given.bad("a purpose without a name")),
            purpose => Ok(purpose.into()),
        });
        let personal = match section.take("personal") {
            None => ["email", "phone", "name_and_birth", "traits.*"].map(Arc::from).to_vec(),
            Some(list) => list.map(|entry| {
                let name = entry.text()?;
                let plain = match name.strip_prefix("traits.") {
                    Some(trait_name) => !trait_name.is_empty(),
                    None => identity::is_kind_name(&name),
                };
                if plain { Ok(name.into()) } else { Err(entry.bad("neither a kind of identifier nor traits.<name>")) }
            })?,
        };
        section.done()?;
        let unsubscribe = unsubscribe.transpose()?.unwrap_or_else(|| "marketing".into());
        Ok(PrivacySettings { unsubscribe, personal })
    }
}

#[cfg(test)]
mod tests;
