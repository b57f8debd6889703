//! Identifiers, each with its customer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use neo4rs::{BoltType, Row};
use rustc_hash::FxHashMap;

use super::bolt::{Params, ToBolt, row};
use super::pages::{as_of_rows, positions};
use super::rows::{IdentifierRow, OrderRow, column};
use super::statement::statements;
use super::write::{Outcome, Writer, text};
use super::{Inner, memberships};
use crate::domain::customer::CustomerId;
use crate::domain::identifier::Identifier;
use crate::domain::rollup::{ChannelRollup, Rollup};
use crate::domain::search;
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::stitching::Plan;
use crate::stitching::rows::IdentifierRow as PlannedIdentifier;
use crate::store::Result;
use crate::store::as_of::bounds;
use crate::store::query::IdentifierRef;

statements! {
    INSERT = "identifiers/insert";
    SEEN_ALONE = "identifiers/insert_seen_alone";
    DELETE_PLACEHOLDERS = "identifiers/delete_placeholders";
    BY_ID = "identifiers/fetch_by_id";
    BY_KEY = "identifiers/fetch_by_key";
    IDS = "identifiers/fetch_id";
    AS_OF = "identifiers/fetch_as_of";
}

pub(super) async fn fetch(
    store: &Inner,
    keys: &[IdentifierRef],
    as_of: Option<Moment>,
) -> Result<Vec<Option<Identifier>>> {
    if let Some(moment) = as_of {
        return fetch_as_of(store, keys, moment).await;
    }
    let mut answers = vec![None; keys.len()];
    let ids = positions(keys, |key| match key {
        IdentifierRef::Id(id) => Some(id.to_bolt()),
        IdentifierRef::Key(_) => None,
    });
    let texts = positions(keys, |key| match key {
        IdentifierRef::Key(key) => Some(key.to_string().to_bolt()),
        IdentifierRef::Id(_) => None,
    });
    for (statement, asked) in [(&BY_ID, ids), (&BY_KEY, texts)] {
        if asked.is_empty() {
            continue;
        }
        let params = Params::new().with_list("keys", asked.iter().map(|(_, key)| key));
        for row in &store.connections.read(statement, params).await? {
            let customer = column::<Option<&str>>(row, "customer")?.map(|id| CustomerId(id.into()));
            let identifier = column::<IdentifierRow<'_>>(row, "item")?.held_by(customer)?;
            answers[asked[column::<usize>(row, "n")?].0] = Some(identifier);
        }
    }
    Ok(answers)
}

async fn fetch_as_of(store: &Inner, keys: &[IdentifierRef], moment: Moment) -> Result<Vec<Option<Identifier>>> {
    let texts: Vec<String> = keys
        .iter()
        .filter_map(|key| match key {
            IdentifierRef::Key(key) => Some(key.to_string()),
            IdentifierRef::Id(_) => None,
        })
        .collect();
    let mut by_key = ids(store, &texts, moment).await?.into_iter();
    let ids: Vec<Option<IdentifierId>> = keys
        .iter()
        .map(|key| match key {
            IdentifierRef::Id(id) => Some(*id),
            IdentifierRef::Key(_) => by_key.next().flatten(),
        })
        .collect();
    let wanted: Vec<IdentifierId> = ids.iter().flatten().copied().collect();
    let holders = memberships::holders(store, &wanted, moment).await?;
    let mut counted = counted(store, &wanted, moment).await?;
    for (id, holder) in wanted.iter().zip(holders) {
        if let Some(identifier) = counted.get_mut(id) {
            identifier.customer = holder;
        }
    }
    Ok(ids.into_iter().map(|id| counted.get(&id?).cloned()).collect())
}

/// The ids of identifiers that existed at a moment.
pub(super) async fn ids(store: &Inner, keys: &[String], moment: Moment) -> Result<Vec<Option<IdentifierId>>> {
    let mut found = vec![None; keys.len()];
    if !keys.is_empty() {
        for row in &as_of_rows(store, &IDS, Params::new().with_moment(moment).with_list("keys", keys)).await? {
            found[column::<usize>(row, "n")?] = Some(Arrival(column(row, "id")?));
        }
    }
    Ok(found)
}

/// Identifiers that existed at a moment, with their figures and without their customers.
pub(super) async fn counted(
    store: &Inner,
    ids: &[IdentifierId],
    moment: Moment,
) -> Result<FxHashMap<IdentifierId, Identifier>> {
    let mut counted = FxHashMap::default();
    if ids.is_empty() {
        return Ok(counted);
    }
    for row in &as_of_rows(store, &AS_OF, Params::new().with_moment(moment).with("keys", ids)).await? {
        let mut identifier = column::<IdentifierRow<'_>>(row, "item")?.held_by(None)?;
        identifier.shared_since = identifier.shared_since.filter(|since| *since <= moment.change);
        let seen: Vec<(i64, i64)> = column(row, "seen")?;
        identifier.rollup = figures(row, moment)?;
        if let Some((first, last)) = bounds(&seen) {
            (identifier.first_seen_at, identifier.last_seen_at) = (Timestamp(first), Timestamp(last));
        }
        counted.insert(identifier.id, identifier);
    }
    Ok(counted)
}

/// The figures of an identifier at a moment, counted from its rows.
fn figures(row: &Row, moment: Moment) -> Result<Rollup> {
    let mut channels: BTreeMap<Arc<str>, ChannelRollup> = BTreeMap::new();
    for (channel, touchpoints, sent, answered, last) in column::<Vec<(&str, i64, i64, i64, i64)>>(row, "channels")? {
        channels.insert(channel.into(), ChannelRollup { touchpoints, sent, answered, last_at: Timestamp(last) });
    }
    let mut rollup = Rollup { channels, ..Rollup::default() };
    for order in column::<Vec<OrderRow<'_>>>(row, "orders")? {
        if let Some((_, currency, part)) = order.order(Some(moment))?.figures() {
            rollup.count_order(currency, &part, 1);
        }
    }
    Ok(rollup)
}

/// Deletes the empty nodes that locks made for identifiers, when the plan does not write these identifiers.
pub(super) async fn delete_placeholders(
    writer: &mut Writer<'_, '_>,
    plan: &Plan,
    placeholders: &BTreeSet<String>,
) -> Outcome<()> {
    let filled: BTreeSet<String> = plan.identifiers.iter().map(|row| row.identifier.key.to_string()).collect();
    let empty: Vec<&String> = placeholders.difference(&filled).collect();
    if !empty.is_empty() {
        writer.transaction.write(&DELETE_PLACEHOLDERS, Params::new().with("identifiers", empty)).await?;
    }
    Ok(())
}

/// Writes identifiers, and their times in events without a touchpoint and without a link.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    writer.rows(&INSERT, plan.identifiers.iter().map(identifier).collect::<Outcome<_>>()?).await?;
    let alone = plan.seen_alone.iter().map(|(identifier, (first, last))| {
        row! { "identifier" => identifier, "first_at" => first, "last_at" => last }
    });
    writer.rows(&SEEN_ALONE, alone.collect()).await
}

fn identifier(row: &PlannedIdentifier) -> Outcome<BoltType> {
    let Identifier { id, key, first_seen_at, last_seen_at, rollup, shared_since, .. } = &row.identifier;
    let rollup = text(rollup)?;
    let set = if row.new {
        row! {
            "id" => id, "value" => key.value, "first_seen_at" => first_seen_at, "last_seen_at" => last_seen_at,
            "rollup" => rollup, "shared_since" => shared_since, "search" => search::identifier_words(key),
        }
    } else {
        row! {
            "first_seen_at" => first_seen_at, "last_seen_at" => last_seen_at, "rollup" => rollup,
            "shared_since" => shared_since,
        }
    };
    Ok(row! { "key" => key.to_string(), "set" => set })
}
