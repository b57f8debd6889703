//! Campaigns of touchpoints in a scan. There are few campaigns, and the text of each is parsed once.

use rustc_hash::FxHashMap;

use super::Result;
use crate::domain::touchpoint::Campaign;

/// How many are kept. There is a limit, since a sender may put a number of its own into the campaign of each click.
const MOST: usize = 10_000;

/// Campaigns by their stored text.
#[derive(Default)]
pub(super) struct Campaigns(FxHashMap<Box<str>, Campaign>);

impl Campaigns {
    /// The campaign of a stored text.
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
