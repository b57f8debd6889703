//! Pages of a customer's history: index ranges, one per identifier, merged lazily.
//!
//! SQLite cannot merge the ranges of a list of owners: it would read all entries and sort them. So this reads a few
//! entries of each range, and more of a range when these are used up. Nothing is sorted, so a page costs the same at
//! any place of the history.

use std::collections::{BinaryHeap, VecDeque};

use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::store::Result;
use crate::store::query::TimeKey;

/// An entry of an index: its place and its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: TimeKey,
    pub(super) row: i64,
}

/// The place after which a walk begins.
pub(super) fn begin(
    newest_first: bool,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    after: Option<TimeKey>,
) -> TimeKey {
    // No arrival is the smallest integer. So places after (t, MIN) are at t or later, and places before it are before
    // t.
    let edge = |at: Timestamp| TimeKey { at, arrival: Arrival(i64::MIN) };
    if newest_first {
        let end = TimeKey { at: Timestamp(i64::MAX), arrival: Arrival(i64::MAX) };
        after.unwrap_or(end).min(until.map_or(end, edge))
    } else {
        let start = edge(Timestamp(i64::MIN));
        after.unwrap_or(start).max(since.map_or(start, edge))
    }
}

/// The first `want` entries of all `owners` after `begin`. `read` adds at most `limit` entries of one owner after a
/// place, in the walk's direction.
pub(super) fn merge(
    owners: &[IdentifierId],
    newest_first: bool,
    begin: TimeKey,
    want: usize,
    mut read: impl FnMut(IdentifierId, TimeKey, usize, &mut Vec<Entry>) -> Result<()>,
) -> Result<Vec<Entry>> {
    let chunk = (2 * want / owners.len().max(1)).clamp(4, want.max(4)).min(want);
    let rank = |key: TimeKey| match newest_first {
        true => (key.at.0, key.arrival.0),
        false => (!key.at.0, !key.arrival.0),
    };
    let mut ranges: Vec<Range> = Vec::with_capacity(owners.len());
    let mut heap = BinaryHeap::with_capacity(owners.len());
    let mut buffer = Vec::new();
    for &owner in owners {
        let mut range = Range { owner, entries: VecDeque::new(), ended: false };
        range.fill(begin, chunk, &mut buffer, &mut read)?;
        heap.extend(range.entries.front().map(|first| (rank(first.key), ranges.len())));
        ranges.push(range);
    }
    let mut merged = Vec::with_capacity(want);
    while merged.len() < want
        && let Some((_, index)) = heap.pop()
    {
        let range = &mut ranges[index];
        let Some(entry) = range.entries.pop_front() else { continue };
        merged.push(entry);
        if range.entries.is_empty() && !range.ended && merged.len() < want {
            range.fill(entry.key, chunk, &mut buffer, &mut read)?;
        }
        heap.extend(range.entries.front().map(|next| (rank(next.key), index)));
    }
    Ok(merged)
}

/// Entries of one owner's range that were read ahead.
struct Range {
    owner: IdentifierId,
    entries: VecDeque<Entry>,
    ended: bool,
}

impl Range {
    fn fill(
        &mut self,
        behind: TimeKey,
        chunk: usize,
        buffer: &mut Vec<Entry>,
        read: &mut impl FnMut(IdentifierId, TimeKey, usize, &mut Vec<Entry>) -> Result<()>,
    ) -> Result<()> {
        buffer.clear();
        read(self.owner, behind, chunk, buffer)?;
        self.ended = buffer.len() < chunk;
        self.entries.extend(buffer.drain(..));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: i64, arrival: i64) -> Entry {
        Entry { key: TimeKey { at: Timestamp(at), arrival: Arrival(arrival) }, row: arrival }
    }

    /// Owner `o` has entries at times `o`, `o + 3`, …; all owners have one at time 50.
    fn owned(owner: i64) -> Vec<Entry> {
        let mut entries: Vec<Entry> = (0..40).map(|n| entry(owner + 3 * n, 1000 * owner + n)).collect();
        entries.push(entry(50, 1000 * owner + 500));
        entries.sort_by_key(|e| e.key);
        entries
    }

    #[test]
    fn any_page_is_the_part_of_the_whole_that_lies_behind_its_cursor() {
        let owners: Vec<IdentifierId> = (0..5).map(Arrival).collect();
        for newest_first in [true, false] {
            let mut whole: Vec<Entry> = (0..5).flat_map(owned).collect();
            whole.sort_by_key(|e| e.key);
            if newest_first {
                whole.reverse();
            }
            for (start, want) in [(None, 7), (Some(0), 1), (Some(60), 100), (Some(150), 1000), (Some(204), 3)] {
                let begin = begin(newest_first, None, None, start.map(|n: usize| whole[n].key));
                let page = merge(&owners, newest_first, begin, want, |owner, behind, limit, into| {
                    let mut own = owned(owner.0);
                    if newest_first {
                        own.reverse();
                    }
                    let fits = |e: &Entry| if newest_first { e.key < behind } else { e.key > behind };
                    into.extend(own.into_iter().filter(fits).take(limit));
                    Ok(())
                });
                let first = start.map_or(0, |n| n + 1);
                let expected = &whole[first..(first + want).min(whole.len())];
                assert_eq!(page.expect("entries"), expected);
            }
        }
    }
}
