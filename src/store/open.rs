//! A store by its address.

use std::path::Path;
use std::sync::Arc;

use super::neo4j::{Neo4jOptions, Neo4jStore};
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
        Some((scheme, _)) if scheme.starts_with("bolt") || scheme.starts_with("neo4j") => {
            Ok(Arc::new(neo4j(settings)?))
        }
        Some((scheme, _)) => Err(StoreError::Setup(format!(
            "there is no store behind {scheme}: write it as sqlite:throughline.db or bolt://host:7687"
        ))),
        None => Err(StoreError::Setup("not a store: write it as sqlite:throughline.db or bolt://host:7687".into())),
    }
}

fn neo4j(settings: &StoreSettings) -> Result<Neo4jStore> {
    let (Some(user), Some(password)) = (&settings.user, &settings.password) else {
        let missing = if settings.user.is_none() { "THROUGHLINE_STORE_USER" } else { "THROUGHLINE_STORE_PASSWORD" };
        return Err(StoreError::Setup(format!("a Neo4j wants user and password: set {missing}")));
    };
    Neo4jStore::connect(Neo4jOptions {
        url: settings.url.as_str().into(),
        user: user.as_str().into(),
        password: password.reveal().into(),
        ..Neo4jOptions::default()
    })
}

fn sqlite(path: &Path, settings: &StoreSettings) -> Result<SqliteStore> {
    let synchronous_full = settings.synchronous == Synchronous::Full;
    SqliteStore::open(path, SqliteOptions { synchronous_full, ..SqliteOptions::default() })
}
