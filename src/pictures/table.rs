//! The table of a picture: the same figures as numbers.

use serde::Serialize;
use serde_json::Value;

/// Rows with a header, and totals. The columns have the names of the API, as in `throughline journeys --format csv`.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
    totals: Vec<(&'static str, Value)>,
}

impl Table {
    pub(super) fn new(head: &[&'static str]) -> Self {
        Table { head: head.to_vec(), rows: Vec::new(), totals: Vec::new() }
    }

    /// Adds a row and returns its number, from 0.
    pub(super) fn push(&mut self, row: Vec<Value>) -> usize {
        self.rows.push(row);
        self.rows.len() - 1
    }

    #[must_use]
    pub(super) fn total(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.totals.push((name, value.into()));
        self
    }
}
