//! The rules that events are read and judged by: the settings' at first, then the store's newest.

use std::sync::{Arc, PoisonError, RwLock};

use super::clock::Clock;
use super::event::Reader;
use super::store::IngestStore;
use crate::domain::Duration;
use crate::domain::rules::{IdentityRules, SavedRules, WrittenRules};
use crate::settings::{IdentitySettings, Settings};
use crate::store::rules::RulesInForce;
use crate::store::{Result, StoreError};

/// Rules, and the reader that goes by them.
pub(crate) struct Judge {
    pub(crate) rules: IdentityRules,
    written: WrittenRules,
    pub(crate) reader: Arc<Reader>,
}

impl Judge {
    /// A longer time between two touchpoints ends a session.
    pub(crate) fn session_gap(&self) -> Duration {
        self.written.session_gap
    }
}

/// The judge of now. Clones share it.
#[derive(Clone)]
pub(crate) struct Judges {
    settings: Arc<Settings>,
    now: Arc<RwLock<Arc<Judge>>>,
}

impl Judges {
    /// As the settings say.
    pub(crate) fn new(settings: &Settings) -> Self {
        let (rules, written) = (settings.identity_rules(), settings.identity.written());
        let judge = Judge { rules, written, reader: Arc::new(Reader::new(settings)) };
        Judges { settings: Arc::new(settings.clone()), now: Arc::new(RwLock::new(Arc::new(judge))) }
    }

    /// The judge of now.
    pub(crate) fn now(&self) -> Arc<Judge> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The settings' rules, as people write them.
    pub(crate) fn of_settings(&self) -> WrittenRules {
        self.settings.identity.written()
    }

    /// Goes by the store's newest rules from now on; the settings' become the first when there are none.
    ///
    /// # Errors
    /// Of the store, and when this program cannot read what was saved.
    pub(crate) async fn renew(&self, store: &dyn IngestStore, clock: &Clock) -> Result<RulesInForce> {
        let newest = match store.rules().await? {
            Some(newest) => newest,
            None => store.begin_rules(&self.of_settings(), clock()).await?,
        };
        let saved = &newest.saved;
        let now = self.now();
        if now.rules.version != saved.version || now.written != saved.rules {
            let identity = read_rules(saved)?;
            let rules = IdentityRules { version: saved.version, ..identity.rules() };
            let settings = Settings { identity, ..Settings::clone(&self.settings) };
            let judge = Judge { rules, written: saved.rules.clone(), reader: Arc::new(Reader::new(&settings)) };
            *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(judge);
            tracing::info!(version = saved.version, "events are judged by these rules from now on");
        }
        Ok(newest)
    }
}

/// What saved rules say, as the ingest and the stitching ask it.
///
/// # Errors
/// When a newer program saved something that this one cannot read.
pub fn read_rules(saved: &SavedRules) -> Result<IdentitySettings> {
    IdentitySettings::of_written(&saved.rules).map_err(|problem| {
        StoreError::Data(format!("version {} of the rules cannot be read by this program: {problem}", saved.version))
    })
}
