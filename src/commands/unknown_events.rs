//! Event names of kind `other`, for `throughline check`: neither the built-in table nor the settings know them.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ingest::Reader;
use crate::journeys::property::Properties;
use crate::journeys::row::Row;
use crate::settings::Settings;
use crate::store::journeys::{TouchpointSink, Window};
use crate::store::{Result, Store};

/// The number of touchpoints that are read, the newest first.
const MAX_TOUCHPOINTS: u64 = 200_000;
/// Touchpoints of one page.
const PAGE: usize = 10_000;
/// The maximum number of names that are counted. Senders choose the names, so there may be many.
const MAX_NAMES: usize = 10_000;
/// The number of names that are shown.
const SHOWN: usize = 20;

/// Counts of touchpoints of kind `other`.
#[derive(Default)]
struct UnknownEvents {
    touchpoints: u64,
    other: u64,
    /// For each name the number of touchpoints and the last channel.
    names: HashMap<String, (u64, String)>,
}

impl UnknownEvents {
    fn take(&mut self, row: &Row<'_>) {
        self.touchpoints += 1;
        if row.kind.kind != "other" {
            return;
        }
        self.other += 1;
        if let Some(seen) = self.names.get_mut(row.kind.name) {
            seen.0 += 1;
        } else if self.names.len() < MAX_NAMES {
            self.names.insert(row.kind.name.to_owned(), (1, row.kind.channel.to_owned()));
        }
    }

    /// The counts as a line of text. `None` when there are none.
    fn to_text(&self, reader: &Reader) -> Option<String> {
        if self.other == 0 {
            return None;
        }
        let mut text = format!(
            "{1} of the last {0} touchpoints are of kind other, because their names are not in [[event]] or the built-in table: ",
            self.touchpoints, self.other
        );
        let mut names: Vec<(&String, &(u64, String))> = self.names.iter().collect();
        names.sort_by(|(a, (often, _)), (b, (often_b, _))| often_b.cmp(often).then(a.cmp(b)));
        for (n, (name, (often, channel))) in names.iter().take(SHOWN).enumerate() {
            let short: String = name.chars().take(60).collect();
            let _ = write!(text, "{}{short:?} {often}", if n > 0 { ", " } else { "" });
            let now = reader.kind_of(name, channel);
            if &*now != "other" {
                let _ = write!(text, " (new ones are of kind {now})");
            }
        }
        if names.len() > SHOWN {
            let _ = write!(text, " and {} more names", names.len() - SHOWN);
        }
        text.push_str("; add them to [[event]] in the settings");
        Some(text)
    }
}

/// Reads the newest touchpoints, and describes those of kind `other`.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn find(store: &dyn Store, settings: &Settings) -> Result<Option<String>> {
    let seen = Arc::new(Mutex::new(UnknownEvents::default()));
    let lock = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    let own = seen.clone();
    let sink: TouchpointSink =
        Arc::new(Mutex::new(move |row: &Row<'_>| own.lock().unwrap_or_else(PoisonError::into_inner).take(row)));
    let properties = Arc::new(Properties::new(&[]));
    let (mut upto, mut changes) = (store.status().await?.change, 100);
    while upto > 0 && lock().touchpoints < MAX_TOUCHPOINTS {
        let after = (upto - changes).max(0);
        let mut window = Window::of_changes(after, upto);
        while let Some(last) = store.scan_touchpoints(window, PAGE, &properties, &sink).await? {
            window.after = last;
            if lock().touchpoints >= MAX_TOUCHPOINTS {
                break;
            }
        }
        (upto, changes) = (after, changes.saturating_mul(10));
    }
    let text = lock().to_text(&Reader::new(settings));
    Ok(text)
}
