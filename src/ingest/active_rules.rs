//! The rules for reading and stitching events: first the rules of the settings, then the store's newest.

use std::sync::{Arc, PoisonError, RwLock};

use super::clock::Clock;
use super::event::Reader;
use super::store::IngestStore;
use crate::domain::Duration;
use crate::domain::rules::{IdentityRules, SavedRules, WrittenRules};
use crate::settings::{IdentitySettings, Settings};
use crate::store::rules::RulesInForce;
use crate::store::{Result, StoreError};

/// Rules, and the reader that uses them.
pub(crate) struct ActiveRules {
    pub(crate) rules: IdentityRules,
    written: WrittenRules,
    pub(crate) reader: Arc<Reader>,
    /// The settings of the reader, with the identity rules in force.
    settings: Settings,
}

impl ActiveRules {
    fn new(rules: IdentityRules, written: WrittenRules, settings: Settings) -> Arc<Self> {
        Arc::new(ActiveRules { rules, written, reader: Arc::new(Reader::new(&settings)), settings })
    }

    /// The rules, as people write them.
    pub(crate) fn written(&self) -> &WrittenRules {
        &self.written
    }

    /// A longer gap between two touchpoints ends a session.
    pub(crate) fn session_gap(&self) -> Duration {
        self.written.session_gap
    }
}

/// The active rules. Clones share them.
#[derive(Clone)]
pub(crate) struct SharedRules {
    of_settings: Arc<WrittenRules>,
    now: Arc<RwLock<Arc<ActiveRules>>>,
}

impl SharedRules {
    /// The rules of the settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        let written = settings.identity.written();
        let active = ActiveRules::new(settings.identity_rules(), written.clone(), settings.clone());
        SharedRules { of_settings: Arc::new(written), now: Arc::new(RwLock::new(active)) }
    }

    /// The active rules.
    pub(crate) fn active(&self) -> Arc<ActiveRules> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The settings' rules, as people write them.
    pub(crate) fn of_settings(&self) -> WrittenRules {
        WrittenRules::clone(&self.of_settings)
    }

    /// Uses these settings for later events. The identity rules in force stay: they are the store's.
    pub(crate) fn reload(&self, settings: &Settings) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let settings = Settings { identity: now.settings.identity.clone(), ..settings.clone() };
        *now = ActiveRules::new(now.rules.clone(), now.written.clone(), settings);
    }

    /// Uses the store's newest rules from now on. When there are none, the rules of the settings become the first
    /// version.
    ///
    /// # Errors
    /// Errors of the store, and when this program cannot read the saved rules.
    pub(crate) async fn renew(&self, store: &dyn IngestStore, clock: &Clock) -> Result<RulesInForce> {
        let newest = match store.rules().await? {
            Some(newest) => newest,
            None => store.begin_rules(&self.of_settings(), clock()).await?,
        };
        let saved = &newest.saved;
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        if now.rules.version != saved.version || now.written != saved.rules {
            let identity = read_rules(saved)?;
            let rules = IdentityRules { version: saved.version, ..identity.rules() };
            let settings = Settings { identity, ..now.settings.clone() };
            *now = ActiveRules::new(rules, saved.rules.clone(), settings);
            tracing::info!(version = saved.version, "events are stitched by these rules from now on");
        }
        Ok(newest)
    }
}

/// Saved rules in the form that ingest and stitching use.
///
/// # Errors
/// When a newer program saved rules that this one cannot read.
pub fn read_rules(saved: &SavedRules) -> Result<IdentitySettings> {
    IdentitySettings::of_written(&saved.rules).map_err(|problem| {
        StoreError::Data(format!("version {} of the rules cannot be read by this program: {problem}", saved.version))
    })
}
