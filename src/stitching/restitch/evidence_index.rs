//! Finds the evidence of an identifier.

use crate::domain::Arrival;
use crate::stitching::sharing;
use crate::stitching::working_set::IdentifierIx;

/// The added evidence, by its identifiers. It has numbers in a few lists, because there are millions of rows.
#[derive(Default)]
pub(super) struct EvidenceIndex {
    /// The arrival of each row.
    pub(super) arrivals: Vec<Arrival>,
    /// The end of each row's identifiers in `named`.
    ends: Vec<u32>,
    named: Vec<u32>,
    /// The row of each entry of `named`.
    rows: Vec<u32>,
    /// The previous entry of the same identifier.
    before: Vec<u32>,
    /// The last entry of each identifier.
    last: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl EvidenceIndex {
    /// Adds an identifier, which is in no row yet.
    pub(super) fn add_identifier(&mut self) {
        self.last.push(NOWHERE);
    }

    /// Adds a row after all others.
    pub(super) fn push(&mut self, arrival: Arrival, identifiers: &[IdentifierIx]) {
        let row = self.arrivals.len() as u32;
        self.arrivals.push(arrival);
        for &ix in identifiers {
            self.before.push(self.last[ix]);
            self.last[ix] = self.named.len() as u32;
            self.named.push(ix as u32);
            self.rows.push(row);
        }
        self.ends.push(self.named.len() as u32);
    }

    /// Whether it is in any row.
    pub(super) fn names_it(&self, ix: IdentifierIx) -> bool {
        self.last[ix] != NOWHERE
    }

    /// The identifiers of a row.
    pub(super) fn identifiers(&self, row: usize) -> &[u32] {
        let begin = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.named[begin as usize..self.ends[row] as usize]
    }

    /// The identifiers that were seen with it before `arrival`, in its latest rows.
    pub(super) fn earlier(&self, arrival: Arrival, ix: IdentifierIx) -> Vec<IdentifierIx> {
        let is_entry = |entry: u32| (entry != NOWHERE).then_some(entry);
        let entries = std::iter::successors(is_entry(self.last[ix]), |&entry| is_entry(self.before[entry as usize]));
        let rows = entries.map(|entry| self.rows[entry as usize] as usize);
        let rows = rows.filter(|&row| self.arrivals[row] < arrival).take(sharing::SIGHTINGS);
        let mut identifiers: Vec<IdentifierIx> =
            rows.flat_map(|row| self.identifiers(row)).map(|&ix| ix as IdentifierIx).collect();
        identifiers.sort_unstable();
        identifiers.dedup();
        identifiers
    }

    /// The rows with one of these, each once.
    pub(super) fn rows_of(&self, identifiers: &[IdentifierIx]) -> Vec<usize> {
        let mut rows = Vec::new();
        for &ix in identifiers {
            let mut entry = self.last[ix];
            while entry != NOWHERE {
                rows.push(self.rows[entry as usize] as usize);
                entry = self.before[entry as usize];
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}
