//! Builds an unbroken run of the change log from the rows of a store.

use super::{Result, StoreError};
use crate::domain::Timestamp;
use crate::domain::change::{Change, ChangeEntry, ChangePlace, ChangeRun};

/// A run that is being built.
pub(super) struct RunBuilder {
    run: ChangeRun,
    limit: usize,
}

impl RunBuilder {
    /// Begins after `after`; takes at most `limit` changes.
    pub(super) fn new(after: ChangePlace, limit: usize) -> Self {
        RunBuilder { run: ChangeRun { changes: Vec::new(), upto: after, waits: false }, limit }
    }

    /// The number of the next batch.
    pub(super) fn wants(&self) -> i64 {
        self.run.upto.next_seq()
    }

    /// Adds the batch `seq` with its stored entries. Returns whether the run takes another batch. It does not when the
    /// run is full, or when `seq` is not the expected number: then a batch in between is not visible yet.
    pub(super) fn add(&mut self, seq: i64, at: Timestamp, entries: &str) -> Result<bool> {
        if self.run.changes.len() >= self.limit {
            return Ok(false);
        }
        if seq != self.wants() {
            self.wait();
            return Ok(false);
        }
        let known = match self.run.upto.is_behind_all() {
            true => 0,
            false => self.run.upto.index as usize + 1,
        };
        let entries: Vec<ChangeEntry> = serde_json::from_str(entries)
            .map_err(|_| StoreError::Data(format!("change {seq} is not as this version writes it")))?;
        for (index, entry) in entries.into_iter().enumerate().skip(known) {
            if self.run.changes.len() == self.limit {
                return Ok(false);
            }
            let place = ChangePlace { seq, index: index as u32 };
            self.run.changes.push(Change { place, at, entry });
            self.run.upto = place;
        }
        self.run.upto = ChangePlace::behind(seq);
        Ok(self.run.changes.len() < self.limit)
    }

    /// Says that the next batch is not completely visible yet.
    pub(super) fn wait(&mut self) {
        self.run.waits = true;
    }

    /// The run.
    pub(super) fn done(self) -> ChangeRun {
        self.run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: usize) -> String {
        let entry = |n| ChangeEntry::TouchpointRecorded { customer: None, message: format!("m{n}").into() };
        serde_json::to_string(&(0..count).map(entry).collect::<Vec<_>>()).expect("JSON")
    }

    fn gather(after: ChangePlace, limit: usize, batches: &[(i64, usize)]) -> ChangeRun {
        let mut builder = RunBuilder::new(after, limit);
        for (seq, count) in batches {
            if !builder.add(*seq, Timestamp(0), &entries(*count)).expect("good entries") {
                break;
            }
        }
        builder.done()
    }

    fn run(after: ChangePlace, limit: usize, batches: &[(i64, usize)]) -> (Vec<(i64, u32)>, ChangePlace) {
        let run = gather(after, limit, batches);
        (run.changes.iter().map(|c| (c.place.seq, c.place.index)).collect(), run.upto)
    }

    #[test]
    fn a_gap_ends_the_run() {
        let (got, upto) = run(ChangePlace::behind(3), 10, &[(4, 1), (6, 1)]);
        assert_eq!((got, upto), (vec![(4, 0)], ChangePlace::behind(4)));
        let (got, upto) = run(ChangePlace::behind(3), 10, &[(5, 1)]);
        assert_eq!((got, upto), (vec![], ChangePlace::behind(3)));
        assert!(gather(ChangePlace::behind(3), 10, &[(5, 1)]).waits);
        assert!(!gather(ChangePlace::behind(3), 10, &[(4, 1)]).waits);
    }

    #[test]
    fn a_batch_is_cut_at_the_limit_and_goes_on_where_it_was_cut() {
        let (got, upto) = run(ChangePlace::BEGINNING, 2, &[(1, 5), (2, 1)]);
        assert_eq!((got, upto), (vec![(1, 0), (1, 1)], ChangePlace { seq: 1, index: 1 }));
        let (got, upto) = run(upto, 10, &[(1, 5), (2, 1)]);
        assert_eq!((got, upto), (vec![(1, 2), (1, 3), (1, 4), (2, 0)], ChangePlace::behind(2)));
    }

    #[test]
    fn a_batch_that_tells_nothing_is_passed() {
        let (got, upto) = run(ChangePlace::behind(1), 10, &[(2, 0), (3, 0)]);
        assert_eq!((got, upto), (vec![], ChangePlace::behind(3)));
        let last = ChangePlace { seq: 2, index: 0 };
        assert_eq!(run(last, 10, &[(2, 1), (3, 0)]), (vec![], ChangePlace::behind(3)));
    }
}
