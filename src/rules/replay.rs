//! Replays the whole store as of one change, and compares the result with the partition as of that change.
//!
//! The store is read page by page, so that no read takes long. All pages are as of the same change. The work is done on a
//! blocking thread.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tokio::sync::mpsc;

use super::composites::{Derivation, Deriving, Due};
use crate::changes::last_visible;
use crate::domain::blocked::BlockedValues;
use crate::domain::claim::Claim;
use crate::domain::decision::Decision;
use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::settings::IdentitySettings;
use crate::stitching::compare::{CurrentPartition, Difference, Piece, compare};
use crate::stitching::known::Evidence;
use crate::stitching::moves::Move;
use crate::stitching::restitch::{CurrentIdentifier, Explanation, Restitch};
use crate::store::rules::MembershipAt;
use crate::store::{Result, Store, StoreError};

/// The number of rows in a page.
const PAGE: usize = 5_000;
/// The number of pages that wait for the working thread.
const WAITING: usize = 4;

/// The result of a replay.
#[derive(Debug)]
pub struct Replay {
    /// The change it is as of.
    pub change: i64,
    /// How the current partition differs from it.
    pub difference: Difference,
    /// The reasons for the first pieces, as many as requested.
    pub reasons: Vec<Explanation>,
    /// Derived evidence of stored traits, in order, that is not stored yet.
    pub derived: Vec<Derivation>,
    ids: Vec<IdentifierId>,
    current: CurrentPartition,
    births: Vec<Arrival>,
}

impl Replay {
    /// The identifiers at these places.
    pub fn ids(&self, places: &[usize]) -> Vec<IdentifierId> {
        places.iter().map(|&n| self.ids[n]).collect()
    }

    /// The move for a piece of the difference, with its reason.
    pub fn to_move(&self, piece: &Piece, explanation: Explanation) -> Move {
        let holder = |n: usize| self.current.holders[n].map(|number| self.births[number as usize]);
        Move {
            members: piece.members.iter().map(|&n| (self.ids[n], holder(n))).collect(),
            groups: piece.groups.iter().map(|group| self.ids(group)).collect(),
            shared: self.ids(&piece.shared),
            explanation,
        }
    }
}

/// Replays under `settings`, as of the last change. `applied` is the version of the rules that all stored rows agree with;
/// `reasons` the number of pieces to explain.
///
/// # Errors
/// Of the store.
pub async fn replay(store: &dyn Store, settings: &IdentitySettings, applied: i64, reasons: usize) -> Result<Replay> {
    let change = last_visible(store).await?;
    let mut decisions: Vec<Decision> = Vec::new();
    loop {
        let after = decisions.last().map(|decision| decision.arrival);
        let page = store.scan_decisions(change, after, PAGE).await?;
        if page.is_empty() {
            break;
        }
        decisions.extend(page);
    }
    let (pages, work) = mpsc::channel(WAITING);
    let due = Due::of(settings, applied);
    let traits = due.as_ref().map(Due::traits);
    let settings = settings.clone();
    let working = tokio::task::spawn_blocking(move || work_out(&settings, due, decisions, work, change, reasons));
    let fed = feed(store, change, traits, &pages).await;
    drop(pages);
    let worked = working.await.map_err(|_| StoreError::Data("a replay met a fault of the program".into()));
    fed?;
    worked
}

enum Page {
    Identifiers(Vec<MembershipAt>),
    Evidence(Vec<(Evidence, Timestamp)>),
    Claims(Vec<Claim>),
}

async fn feed(store: &dyn Store, change: i64, traits: Option<Vec<Arc<str>>>, pages: &mpsc::Sender<Page>) -> Result<()> {
    let gone = |_| StoreError::Data("a replay met a fault of the program".into());
    let mut after = None;
    loop {
        let page = store.scan_identifiers(change, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        pages.send(Page::Identifiers(page)).await.map_err(gone)?;
    }
    let mut after = None;
    loop {
        let page = store.scan_evidence(change, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.arrival);
        pages.send(Page::Evidence(page)).await.map_err(gone)?;
    }
    let Some(traits) = traits else { return Ok(()) };
    let mut after = None;
    loop {
        let page = store.scan_claims(&traits, change, after, PAGE).await?;
        pages.send(Page::Claims(page.claims)).await.map_err(gone)?;
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn work_out(
    settings: &IdentitySettings,
    due: Option<Due>,
    decisions: Vec<Decision>,
    mut pages: mpsc::Receiver<Page>,
    change: i64,
    reasons: usize,
) -> Replay {
    let rules = settings.rules();
    // Of a kind that is not listed.
    let blocked: BlockedValues = settings.blocked.iter().collect();
    let mut restitch = Restitch::new(&rules, decisions);
    let mut deriving = due.map(Deriving::new);
    let (mut ids, mut births, mut current) = (Vec::new(), Vec::new(), CurrentPartition::default());
    let mut numbers: FxHashMap<Arrival, u32> = FxHashMap::default();
    while let Some(page) = pages.blocking_recv() {
        match page {
            Page::Identifiers(page) => {
                for MembershipAt { id, key, holder, shared } in page {
                    let kind = rules.kind(&key.kind).map(|(_, kind)| kind);
                    let is_blocked =
                        kind.map_or_else(|| blocked.blocks(&key.value), |kind| kind.is_blocked(&key.value));
                    restitch.add(id, &key, is_blocked);
                    ids.push(id);
                    current.made.push(kind.is_some_and(|kind| kind.parts_of(&key.value).is_some()));
                    if let Some(deriving) = &mut deriving {
                        deriving.add(id, key);
                    }
                    current.shared.push(shared);
                    current.holders.push(holder.map(|birth| {
                        *numbers.entry(birth).or_insert_with(|| {
                            births.push(birth);
                            births.len() as u32 - 1
                        })
                    }));
                }
            }
            Page::Evidence(page) => {
                for (seen, at) in &page {
                    if let Some(deriving) = &mut deriving {
                        deriving.see(&restitch, seen, *at);
                    }
                    restitch.see(seen);
                }
            }
            Page::Claims(page) => {
                if let Some(deriving) = &mut deriving {
                    deriving.claim(&restitch, &page);
                }
            }
        }
    }
    let derived = deriving.map_or_else(Vec::new, |deriving| deriving.finish(&mut restitch));
    let replayed = restitch.finish();
    let difference = compare(&current, &replayed.partition);
    let why = |piece: &Piece| {
        let today =
            |&place: &usize| CurrentIdentifier { place, holder: current.holders[place], shared: current.shared[place] };
        let members: Vec<CurrentIdentifier> = piece.members.iter().map(today).collect();
        replayed.why(&members)
    };
    let reasons = difference.pieces.iter().take(reasons).map(why).collect();
    Replay { change, difference, reasons, derived, ids, current, births }
}
