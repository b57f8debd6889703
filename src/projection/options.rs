//! The options of the projection.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::settings::Settings;
use crate::store::open;

/// The options of the projection.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configured dimensions, as paths.
    pub dimensions: Arc<[Arc<str>]>,
    /// The maximum memory, in bytes.
    pub memory: u64,
    /// The file it is saved to; `None` when it is not saved.
    pub file: Option<PathBuf>,
    /// How often it is saved, when it has changed.
    pub save_every: Duration,
    /// The delta is folded in when it has more entries than this and more than a twentieth of all touchpoints, or more
    /// than a quarter million entries. Until then, the time of each change is proportional to the size of the delta.
    pub late: u64,
    /// The number of threads for a question, and for a build.
    pub threads: usize,
}

impl Options {
    /// From the settings.
    pub fn of(settings: &Settings) -> Self {
        let journeys = &settings.journeys;
        let file = match (open::file_of(&settings.store.url), &journeys.folder) {
            (Some(database), None) => beside(database),
            (Some(database), Some(folder)) => folder.join(beside(Path::new(database.file_name().unwrap_or_default()))),
            (None, folder) => folder.clone().unwrap_or_default().join("throughline.journeys"),
        };
        Options {
            dimensions: journeys.dimensions.as_slice().into(),
            memory: journeys.memory_mb << 20,
            file: Some(file),
            save_every: Duration::from_secs(600),
            late: 20_000,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
        }
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".journeys");
    name.into()
}
