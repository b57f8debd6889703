//! `[access]`: with this section every request needs a caller. `[access.reader]` and `[access.analyst]` say what these
//! roles may do beyond their own.

use std::sync::Arc;

use super::error::SettingsError;
use super::privacy::read_personal;
use super::raw::{RawValue, Section};
use crate::domain::Duration;

/// `[access]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessSettings {
    /// How long the keys of a name stay in force after `throughline key rotate`.
    pub rotation_overlap: Duration,
    /// `[access.reader]`
    pub reader: ReaderSettings,
    /// `[access.analyst]`
    pub analyst: AnalystSettings,
}

/// `[access.reader]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReaderSettings {
    /// What readers see unmasked of `[privacy] personal`, in the same form.
    pub sees: Vec<Arc<str>>,
    /// Whether readers may merge, split and keep apart customers, and save segments.
    pub edits: bool,
}

/// `[access.analyst]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnalystSettings {
    /// Whether analysts see customers by id and name.
    pub people: bool,
    /// Whether analysts may save segments.
    pub edits: bool,
}

/// A week.
const OVERLAP: Duration = Duration::from_secs(7 * 24 * 3_600);

impl AccessSettings {
    pub(super) fn read(mut section: Section) -> Result<Self, SettingsError> {
        let overlap = section.take("rotation_overlap");
        let overlap =
            overlap.map(|given| given.text()?.parse::<Duration>().map_err(|fault| given.bad(fault.to_string())));
        let mut reader = section.section("reader")?;
        let sees = reader.take("sees").map(|list| read_personal(&list)).transpose()?.unwrap_or_default();
        let reader_edits = truth(reader.take("edits"))?;
        reader.done()?;
        let mut analyst = section.section("analyst")?;
        let (people, edits) = (truth(analyst.take("people"))?, truth(analyst.take("edits"))?);
        analyst.done()?;
        section.done()?;
        Ok(AccessSettings {
            rotation_overlap: overlap.transpose()?.unwrap_or(OVERLAP),
            reader: ReaderSettings { sees, edits: reader_edits },
            analyst: AnalystSettings { people, edits },
        })
    }
}

fn truth(given: Option<RawValue>) -> Result<bool, SettingsError> {
    given.map_or(Ok(false), |given| given.truth())
}

impl Default for AccessSettings {
    fn default() -> Self {
        AccessSettings {
            rotation_overlap: OVERLAP,
            reader: ReaderSettings::default(),
            analyst: AnalystSettings::default(),
        }
    }
}
