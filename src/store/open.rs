//! A store by its address.

use std::path::Path;
use std::sync::Arc;

use super::sqlite::{SqliteOptions, SqliteStore};
use super::{Result, Store, StoreError};
use crate::settings::{StoreSettings, Synchronous};

/// Opens the store that the settings name. A server may be away now: [`Store::set_up`] finds out.
///
/// # Errors
/// An address that can never work, or a server without user and password.
pub fn open(settings: &StoreSettings) -> Result<Arc<dyn Store>> {
    match settings.url.split_once(':') {
        Some(("sqlite", path)) => Ok(Arc::new(sqlite(Path::new(path.trim_start_matches("//")), settings)?)),
        Some((scheme, _)) => Err(StoreError::Setup(format!("there is no store behind {scheme}: yet"))),
        None => Err(StoreError::Setup("not a store: write it as sqlite:throughline.db or bolt://host:7687".into())),
    }
}

fn sqlite(path: &Path, settings: &StoreSettings) -> Result<SqliteStore> {
    let synchronous_full = settings.synchronous == Synchronous::Full;
    SqliteStore::open(path, SqliteOptions { synchronous_full, ..SqliteOptions::default() })
}
