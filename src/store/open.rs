//! Opens a store by its address.

use std::path::Path;
use std::sync::Arc;

use super::neo4j::{Neo4jOptions, Neo4jStore};
use super::sqlite::{SqliteOptions, SqliteStore};
use super::{Result, Store, StoreError};
use crate::settings::{StoreSettings, Synchronous};

/// Opens the store of the settings. It does not connect to a server; [`Store::set_up`] does.
///
/// # Errors
/// An address that can never work, or a server without user and password.
pub fn open(settings: &StoreSettings) -> Result<Arc<dyn Store>> {
    match file_of(&settings.url) {
        Some(path) => Ok(Arc::new(sqlite(path, settings)?)),
        None => Ok(Arc::new(neo4j(settings)?)),
    }
}

/// The file of an address such as `sqlite:a.db`, or, in the form of other tools, `sqlite:///var/a.db`.
pub fn file_of(url: &str) -> Option<&Path> {
    url.strip_prefix("sqlite:").map(|path| Path::new(path.strip_prefix("//").unwrap_or(path)))
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
        cache_bytes: settings.cache_mb << 20,
        ..Neo4jOptions::default()
    })
}

fn sqlite(path: &Path, settings: &StoreSettings) -> Result<SqliteStore> {
    let synchronous_full = settings.synchronous == Synchronous::Full;
    let cache_bytes = settings.cache_mb << 20;
    SqliteStore::open(path, SqliteOptions { synchronous_full, cache_bytes, ..SqliteOptions::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{SCHEMES, Settings};

    #[tokio::test]
    async fn every_scheme_that_the_settings_take_opens_a_store() {
        let folder = tempfile::tempdir().expect("a folder");
        for scheme in SCHEMES {
            let secrets = [("USER", "neo4j"), ("PASSWORD", "secret")];
            let secrets = secrets.map(|(name, value)| (format!("THROUGHLINE_STORE_{name}"), value.to_owned()));
            let mut settings = Settings::read(None, secrets).expect("settings");
            let rest =
                if scheme == "sqlite:" { format!("{}/a.db", folder.path().display()) } else { "127.0.0.1:1".into() };
            settings.set_store_url(&format!("{scheme}{rest}")).expect("an address");
            let store = open(&settings.store).unwrap_or_else(|error| panic!("{scheme}: {error}"));
            assert_eq!(store.name(), if scheme == "sqlite:" { "sqlite" } else { "neo4j" });
        }
    }

    #[tokio::test]
    async fn a_server_without_user_or_password_says_where_they_come_from() {
        let mut settings = Settings::default();
        settings.set_store_url("bolt://127.0.0.1:1").expect("an address");
        let error = open(&settings.store).err().expect("no user").to_string();
        assert!(error.contains("THROUGHLINE_STORE_USER"), "{error}");
    }

    #[test]
    fn a_file_is_named_with_or_without_slashes() {
        for (url, path) in [("sqlite:a.db", "a.db"), ("sqlite:/a.db", "/a.db"), ("sqlite:///a.db", "/a.db")] {
            assert_eq!(file_of(url), Some(Path::new(path)));
        }
        assert_eq!(file_of("bolt://a"), None);
    }
}
