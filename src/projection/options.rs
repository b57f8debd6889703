//! How the projection is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::settings::Settings;
use crate::store::open;

/// How the projection is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configured dimensions, as paths.
    pub dimensions: Arc<[Arc<str>]>,
    /// The most memory it may take, in bytes.
    pub memory: u64,
    /// Where it is saved; `None` is nowhere.
    pub file: Option<PathBuf>,
    /// How often it is saved, when it has changed.
    pub save_every: Duration,
    /// What comes late is sorted in when it is more than this and more than a twentieth of all, or a quarter
    /// million: until then each change of it costs what there is of it.
    pub late: u64,
    /// How many threads work out one question, or build.
    pub threads: usize,
}

impl Options {
    /// As the settings say.
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
