//! Statements that answer for several at once: `$keys` or `$of` goes in, `n` says whose each row is.

use neo4rs::{BoltType, Row};

use super::Inner;
use super::bolt::{Params, ToBolt};
use super::rows::column;
use super::statement::Statement;
use crate::domain::page::Page;
use crate::store::query::Of;
use crate::store::{Result, StoreError};

/// One question in two forms: of customers, and of identifiers alone.
pub(super) struct Pair {
    customer: Statement,
    identifier: Statement,
}

impl Pair {
    pub(super) fn new(customer: Statement, identifier: Statement) -> Self {
        Pair { customer, identifier }
    }

    #[cfg(test)]
    pub(super) fn both(&self) -> [&Statement; 2] {
        [&self.customer, &self.identifier]
    }

    /// Asks for each of `of`; `take` makes what a row says into an answer.
    pub(super) async fn ask<T: Clone>(
        &self,
        store: &Inner,
        of: &[Of],
        params: Params,
        none: T,
        take: impl Fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut answers = vec![none; of.len()];
        let customers = positions(of, |of| match of {
            Of::Customer(id) => Some(id.to_bolt()),
            Of::Identifier(_) => None,
        });
        let identifiers = positions(of, |of| match of {
            Of::Identifier(id) => Some(id.to_bolt()),
            Of::Customer(_) => None,
        });
        for (statement, asked) in [(&self.customer, customers), (&self.identifier, identifiers)] {
            if asked.is_empty() {
                continue;
            }
            let params = params.clone().with_list("of", asked.iter().map(|(_, id)| id));
            for row in &store.connections.read(statement, params).await? {
                answers[asked[column::<usize>(row, "n")?].0] = take(row)?;
            }
        }
        Ok(answers)
    }
}

/// Those of `items` that `pick` picks, with their places.
pub(super) fn positions<T>(items: &[T], pick: impl Fn(&T) -> Option<BoltType>) -> Vec<(usize, BoltType)> {
    items.iter().enumerate().filter_map(|(n, item)| Some((n, pick(item)?))).collect()
}

/// Asks for each of `keys`, each answered by one row or none.
pub(super) async fn by_key<K, T>(
    store: &Inner,
    statement: &Statement,
    keys: &[K],
    key: impl Fn(&K) -> BoltType,
    take: impl Fn(&Row) -> Result<T>,
) -> Result<Vec<Option<T>>> {
    let mut answers: Vec<Option<T>> = keys.iter().map(|_| None).collect();
    if keys.is_empty() {
        return Ok(answers);
    }
    let params = Params::new().with_list("keys", keys.iter().map(key));
    for row in &store.connections.read(statement, params).await? {
        answers[column::<usize>(row, "n")?] = Some(take(row)?);
    }
    Ok(answers)
}

/// A list column, each item of it in the domain.
pub(super) fn items<'a, R, T>(row: &'a Row, name: &str) -> Result<Vec<T>>
where
    R: serde::Deserialize<'a>,
    T: TryFrom<R, Error = StoreError>,
{
    column::<Vec<R>>(row, name)?.into_iter().map(T::try_from).collect()
}

/// The column `items`, read with one more than `limit`.
pub(super) fn page<'a, R, T>(row: &'a Row, limit: usize) -> Result<Page<T>>
where
    R: serde::Deserialize<'a>,
    T: TryFrom<R, Error = StoreError>,
{
    Ok(Page::cut(items::<R, T>(row, "items")?, limit))
}

/// A page with nothing on it.
pub(super) fn empty<T>() -> Page<T> {
    Page { items: Vec::new(), more: false }
}
