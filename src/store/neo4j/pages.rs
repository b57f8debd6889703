//! Statements for several keys at once: `$keys` or `$of` is the parameter, and the column `n` is the number of the key
//! of a row.

use neo4rs::{BoltType, Row};

use super::bolt::{Params, ToBolt, list};
use super::rows::column;
use super::statement::Statement;
use super::{Inner, memberships};
use crate::domain::page::Page;
use crate::domain::{IdentifierId, Moment};
use crate::store::query::Of;
use crate::store::{Result, StoreError};

/// One question in three forms: about customers, about identifiers, and, as of a moment, about the identifiers of a
/// customer at that moment.
pub(super) struct Forms {
    pub(super) customer: &'static Statement,
    pub(super) identifier: &'static Statement,
    /// Begins with `owners/part_as_of`.
    pub(super) as_of: &'static Statement,
}

impl Forms {
    /// Runs the question for each of `of`. `take` makes an answer from a row.
    pub(super) async fn ask<T: Clone>(
        &self,
        store: &Inner,
        of: &[Of],
        params: Params,
        none: T,
        as_of: Option<Moment>,
        take: impl Fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        if let Some(moment) = as_of {
            let owners = memberships::owners(store, of, moment).await?;
            return of_owners(store, self.as_of, &owners, params, none, moment, take).await;
        }
        let mut answers = vec![none; of.len()];
        let customers = positions(of, |of| match of {
            Of::Customer(id) => Some(id.to_bolt()),
            Of::Identifier(_) => None,
        });
        let identifiers = positions(of, |of| match of {
            Of::Identifier(id) => Some(id.to_bolt()),
            Of::Customer(_) => None,
        });
        for (statement, asked) in [(self.customer, customers), (self.identifier, identifiers)] {
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

/// The answers of a statement with the head `owners/part_as_of`, one for each list of identifiers.
pub(super) async fn of_owners<T: Clone>(
    store: &Inner,
    statement: &Statement,
    owners: &[Vec<IdentifierId>],
    params: Params,
    none: T,
    moment: Moment,
    take: impl Fn(&Row) -> Result<T>,
) -> Result<Vec<T>> {
    let mut answers = vec![none; owners.len()];
    let params = params.with_moment(moment).with_list("of", owners.iter().map(list));
    for row in &as_of_rows(store, statement, params).await? {
        answers[column::<usize>(row, "n")?] = take(row)?;
    }
    Ok(answers)
}

/// Rows of a statement as of a moment. Boxed: otherwise the nested futures are too deep for the compiler.
pub(super) async fn as_of_rows(store: &Inner, statement: &Statement, params: Params) -> Result<Vec<Row>> {
    Box::pin(store.connections.read(statement, params)).await
}

/// The items that `pick` accepts, with their places.
pub(super) fn positions<T>(items: &[T], pick: impl Fn(&T) -> Option<BoltType>) -> Vec<(usize, BoltType)> {
    items.iter().enumerate().filter_map(|(n, item)| Some((n, pick(item)?))).collect()
}

/// Runs the question for each of `keys`. Each key has one row or none.
pub(super) async fn by_key<K, T>(
    store: &Inner,
    statement: &Statement,
    keys: &[K],
    key: impl Fn(&K) -> BoltType,
    take: impl Fn(&Row) -> Result<T>,
) -> Result<Vec<Option<T>>> {
    by_key_in(store, statement, keys, key, Params::new(), take).await
}

/// The same with further parameters.
pub(super) async fn by_key_in<K, T>(
    store: &Inner,
    statement: &Statement,
    keys: &[K],
    key: impl Fn(&K) -> BoltType,
    params: Params,
    take: impl Fn(&Row) -> Result<T>,
) -> Result<Vec<Option<T>>> {
    let mut answers: Vec<Option<T>> = keys.iter().map(|_| None).collect();
    if keys.is_empty() {
        return Ok(answers);
    }
    let params = params.with_list("keys", keys.iter().map(key));
    for row in &as_of_rows(store, statement, params).await? {
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

/// The column `items`, which was read with one item more than `limit`.
pub(super) fn page<'a, R, T>(row: &'a Row, limit: usize) -> Result<Page<T>>
where
    R: serde::Deserialize<'a>,
    T: TryFrom<R, Error = StoreError>,
{
    Ok(Page::cut(items::<R, T>(row, "items")?, limit))
}

/// An empty page.
pub(super) fn empty<T>() -> Page<T> {
    Page { items: Vec::new(), more: false }
}
