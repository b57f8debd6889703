//! Campaigns of touchpoints on their way through a scan: there are few, and each is read once.

use rustc_hash::FxHashMap;

use super::Result;
use crate::domain::touchpoint::Campaign;

/// How many are kept: a sender may put a click's own number into each.
const MOST: usize = 10_000;

/// Campaigns by the text they are stored as.
#[derive(Default)]
pub(super) struct Campaigns(FxHashMap<Box<str>, Campaign>);

impl Campaigns {
    /// What a stored text says.
    pub(super) fn read(&mut self, text: &str) -> Result<&Campaign> {
        if !self.0.contains_key(text) {
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.insert(text.into(), serde_json::from_str(text)?);
        }
        Ok(&self.0[text])
    }
}
