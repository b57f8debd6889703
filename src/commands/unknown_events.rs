//! What stayed `other`: names of events that no table of kinds has, for `throughline check`.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ingest::Reader;
use crate::journeys::property::Properties;
use crate::journeys::row::Row;
use crate::settings::Settings;
use crate::store::journeys::{TouchpointSink, Window};
use crate::store::{Result, Store};

/// How many touchpoints are looked at, the newest first.
const LOOKED_AT: u64 = 200_000;
/// Touchpoints of one page.
const PAGE: usize = 10_000;
/// The most names that are told apart: names are the senders'.
const NAMES: usize = 10_000;
/// The most names that are shown.
const SHOWN: usize = 20;

/// What was seen.
#[derive(Default)]
struct Seen {
    touchpoints: u64,
    other: u64,
    /// How often each name was, and on which channel last.
    names: HashMap<String, (u64, String)>,
}

impl Seen {
    fn take(&mut self, row: &Row<'_>) {
        self.touchpoints += 1;
        if row.kind.kind != "other" {
            return;
        }
        self.other += 1;
        if let Some(seen) = self.names.get_mut(row.kind.name) {
            seen.0 += 1;
        } else if self.names.len() < NAMES {
            self.names.insert(row.kind.name.to_owned(), (1, row.kind.channel.to_owned()));
        }
    }

    /// One line for a person; nothing when all is of a kind.
    fn words(&self, reader: &Reader) -> Option<String> {
        if self.other == 0 {
            return None;
        }
        let mut text = format!(
            "of the last {} touchpoints {} are of kind other, since nothing says what their names mean: ",
            self.touchpoints, self.other
        );
        let mut names: Vec<(&String, &(u64, String))> = self.names.iter().collect();
        names.sort_by(|(a, (often, _)), (b, (often_b, _))| often_b.cmp(often).then(a.cmp(b)));
        for (n, (name, (often, channel))) in names.iter().take(SHOWN).enumerate() {
            let short: String = name.chars().take(60).collect();
            let _ = write!(text, "{}{short:?} {often}", if n > 0 { ", " } else { "" });
            let now = reader.kind_of(name, channel);
            if &*now != "other" {
                let _ = write!(text, " (what comes from now on is {now})");
            }
        }
        if names.len() > SHOWN {
            let _ = write!(text, " and {} more names", names.len() - SHOWN);
        }
        text.push_str("; say it in [[event]] of the settings");
        Some(text)
    }
}

/// Looks through the newest touchpoints, and says which names no table of kinds has.
///
/// # Errors
/// Of the store.
pub(super) async fn look(store: &dyn Store, settings: &Settings) -> Result<Option<String>> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let lock = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    let own = seen.clone();
    let sink: TouchpointSink =
        Arc::new(Mutex::new(move |row: &Row<'_>| own.lock().unwrap_or_else(PoisonError::into_inner).take(row)));
    let properties = Arc::new(Properties::new(&[]));
    let (mut upto, mut changes) = (store.status().await?.change, 100);
    while upto > 0 && lock().touchpoints < LOOKED_AT {
        let after = (upto - changes).max(0);
        let mut window = Window::of_changes(after, upto);
        while let Some(last) = store.scan_touchpoints(window, PAGE, &properties, &sink).await? {
            window.after = last;
            if lock().touchpoints >= LOOKED_AT {
                break;
            }
        }
        (upto, changes) = (after, changes.saturating_mul(10));
    }
    let words = lock().words(&Reader::new(settings));
    Ok(words)
}
