//! `[access]`: with this section every request needs a caller.

use super::error::SettingsError;
use super::raw::Section;
use crate::domain::Duration;

/// `[access]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessSettings {
    /// How long the keys of a name stay in force after `throughline key rotate`.
    pub rotation_overlap: Duration,
}

/// A week.
const OVERLAP: Duration = Duration::from_secs(7 * 24 * 3_600);

impl AccessSettings {
    pub(super) fn read(mut section: Section) -> Result<Self, SettingsError> {
        let overlap = section.take("rotation_overlap");
        let overlap =
            overlap.map(|given| given.text()?.parse::<Duration>().map_err(|fault| given.bad(fault.to_string())));
        section.done()?;
        Ok(AccessSettings { rotation_overlap: overlap.transpose()?.unwrap_or(OVERLAP) })
    }
}

impl Default for AccessSettings {
    fn default() -> Self {
        AccessSettings { rotation_overlap: OVERLAP }
    }
}
