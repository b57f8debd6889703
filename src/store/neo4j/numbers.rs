//! Change numbers, from the one counter node. The writer that holds the node's lock writes alone.

use super::bolt::Params;
use super::connections::Transaction;
use super::rows::column;
use super::statement::statements;
use super::write::Outcome;
use crate::domain::Timestamp;
use crate::domain::rules::IdentityRules;
use crate::store::StoreError;

statements! {
    TAKE_COUNTER = "changes/lock_counter";
    TAKE_NUMBER = "changes/lock_number";
}

/// A change number.
pub(super) struct Number {
    pub(super) seq: i64,
    pub(super) at: Timestamp,
    /// The number of decisions.
    pub(super) decisions: i64,
    /// The figures about identities before this write.
    pub(super) health: String,
    /// How many persons were erased.
    pub(super) erasures: i64,
}

/// Takes a number. Fails when `rules` are not the newest.
pub(super) async fn take_number(
    transaction: &mut Transaction<'_>,
    rules: &IdentityRules,
    now: Timestamp,
) -> Outcome<Number> {
    let (number, version) = take_any_number(transaction, now).await?;
    match version == rules.version {
        true => Ok(number),
        false => Err(StoreError::RulesChanged(version).into()),
    }
}

/// Takes a number for a change that no rules concern. The answer also has the newest version of the rules.
pub(super) async fn take_any_number(transaction: &mut Transaction<'_>, now: Timestamp) -> Outcome<(Number, i64)> {
    let rows = transaction.read(&TAKE_NUMBER, Params::new().with("now", now)).await?;
    let row =
        rows.first().ok_or_else(|| StoreError::Setup("the store was not set up: the counter is missing".into()))?;
    let number = Number {
        seq: column(row, "seq")?,
        at: Timestamp(column(row, "at")?),
        decisions: column(row, "decisions")?,
        health: column(row, "health")?,
        erasures: column(row, "erasures")?,
    };
    Ok((number, column(row, "rules")?))
}

/// Prevents other writes, and returns the last change. Fails when `rules` are not the newest.
pub(super) async fn take_counter(transaction: &mut Transaction<'_>, rules: &IdentityRules) -> Outcome<i64> {
    match take_any_counter(transaction).await? {
        (seq, version) if version == rules.version => Ok(seq),
        (_, version) => Err(StoreError::RulesChanged(version).into()),
    }
}

/// Prevents other writes, and returns the last change and the newest version of the rules.
pub(super) async fn take_any_counter(transaction: &mut Transaction<'_>) -> Outcome<(i64, i64)> {
    let rows = transaction.read(&TAKE_COUNTER, Params::new()).await?;
    let row =
        rows.first().ok_or_else(|| StoreError::Setup("the store was not set up: the counter is missing".into()))?;
    Ok((column(row, "seq")?, column(row, "rules")?))
}
