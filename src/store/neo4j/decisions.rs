//! People's decisions, and the histories of identifiers whose customer is split. All of this is read under the locks of
//! the batch, and the locks of its customers prevent changes.

use std::collections::BTreeSet;

use neo4rs::BoltType;

use super::Inner;
use super::bolt::{Params, list, row};
use super::connections::Transaction;
use super::rows::{ConsentRow, column, json, strange};
use super::statement::statements;
use super::write::{Outcome, Writer, text};
use crate::domain::customer::CustomerId;
use crate::domain::decision::{Decision, DecisionKind, Side};
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::stitching::known::{Evidence, Former, Known, SourceMessage};
use crate::stitching::{DecisionAction, Missing, Plan, sharing};
use crate::store::StoreError;
use crate::store::query::MOST_KEPT_APART;

statements! {
    INSERT = "decisions/insert";
    INSERT_SIDES = "decisions/insert_side";
    SIDES = "decisions/list_sides";
    STORY_EVIDENCE = "evidence/list";
    SIGHTINGS = "evidence/list_latest";
    STORY_DECISIONS = "decisions/list";
    STORY_FORMER = "customers/list_merged";
    STORY_CONSENTS = "consents/list_ever";
    KEPT_APART = "decisions/list_kept_apart";
    LIVING = "memberships/list_living";
}

/// The present customers of the ids that a person names, as (named, living), and the keys of all their identifiers.
pub(super) async fn living(
    transaction: &mut Transaction<'_>,
    says: &DecisionAction,
) -> Outcome<(Vec<(CustomerId, CustomerId)>, BTreeSet<String>)> {
    let mut living = Vec::new();
    let mut keys = BTreeSet::new();
    for row in &transaction.read(&LIVING, Params::new().with_list("customers", says.customers())).await? {
        let id = |name| column::<&str>(row, name).map(|id| CustomerId(id.into()));
        living.push((id("id")?, id("living")?));
        keys.extend(column::<Vec<String>>(row, "keys")?);
    }
    Ok((living, keys))
}

/// The sides of the known identifiers.
pub(super) async fn read_sides(transaction: &mut Transaction<'_>, known: &mut Known) -> Outcome<()> {
    let ids = Params::new().with_list("ids", known.identifiers.iter().map(|i| i.id));
    for row in &transaction.read(&SIDES, ids).await? {
        known.sides.push(Side {
            identifier: Arrival(column(row, "identifier")?),
            decision: Arrival(column(row, "decision")?),
            kind: kind(column(row, "kind")?)?,
            number: column(row, "number")?,
        });
    }
    Ok(())
}

/// Adds the rows that a plan misses.
pub(super) async fn read_missing(
    transaction: &mut Transaction<'_>,
    missing: &Missing,
    known: &mut Known,
) -> Outcome<()> {
    if !missing.histories.is_empty() {
        read_histories(transaction, &missing.histories, known).await?;
    }
    let mut consents = missing.consents.difference(&missing.histories).peekable();
    if consents.peek().is_some() {
        read_consents(transaction, Params::new().with_list("ids", consents), known).await?;
    }
    known.with_consents.extend(&missing.consents);
    super::known::read_claims(transaction, &missing.claims, known).await?;
    if !missing.sightings.is_empty() {
        read_sightings(transaction, &missing.sightings, known).await?;
    }
    Ok(())
}

/// Adds the identifiers seen with these devices, and their customers. These need no locks: the writer with the change
/// number writes alone, and a plan does not change them.
async fn read_sightings(
    transaction: &mut Transaction<'_>,
    devices: &BTreeSet<IdentifierId>,
    known: &mut Known,
) -> Outcome<()> {
    known.sightings.extend(devices.iter().map(|device| (*device, Vec::new())));
    let params = Params::new().with_list("ids", devices).with("most", sharing::SIGHTINGS);
    let mut named = BTreeSet::new();
    for row in &transaction.read(&SIGHTINGS, params).await? {
        let seen = evidence(row)?;
        named.extend(seen.identifiers.iter().copied());
        known.sightings.entry(Arrival(column(row, "device")?)).or_default().push(seen);
    }
    let missing = known.missing(named);
    super::known::read_unlocked(transaction, missing, known).await
}

async fn read_consents(transaction: &mut Transaction<'_>, ids: Params, known: &mut Known) -> Outcome<()> {
    for row in &transaction.read(&STORY_CONSENTS, ids).await? {
        known.histories.gave.push((column::<ConsentRow<'_>>(row, "consent")?.try_into()?, column(row, "holds")?));
    }
    Ok(())
}

/// Adds the histories of these identifiers.
async fn read_histories(
    transaction: &mut Transaction<'_>,
    ids: &BTreeSet<IdentifierId>,
    known: &mut Known,
) -> Outcome<()> {
    let params = Params::new().with_list("ids", ids);
    let story = &mut known.histories;
    for row in &transaction.read(&STORY_EVIDENCE, params.clone()).await? {
        let seen = evidence(row)?;
        let (message_id, source) = (column::<&str>(row, "message_id")?.into(), column::<&str>(row, "source")?.into());
        story
            .source_messages
            .insert(seen.arrival, SourceMessage { message_id, source, at: Timestamp(column(row, "at")?) });
        story.evidence.push(seen);
    }
    for row in &transaction.read(&STORY_DECISIONS, params.clone()).await? {
        story.decisions.push(decision(row)?);
    }
    for row in &transaction.read(&STORY_FORMER, params.clone()).await? {
        let identifiers: Vec<i64> = column(row, "identifiers")?;
        story.former.push(Former {
            id: CustomerId(column::<&str>(row, "id")?.into()),
            created_seq: Arrival(column(row, "born")?),
            merged: column(row, "merged")?,
            identifiers: identifiers.into_iter().map(Arrival).collect(),
        });
    }
    read_consents(transaction, params, known).await?;
    known.with_history.extend(ids);
    Ok(())
}

/// For each identifier, the identifiers that were kept apart from it.
pub(super) async fn kept_apart(
    store: &Inner,
    ids: &[IdentifierId],
    as_of: Option<Moment>,
) -> Result<Vec<Vec<IdentifierId>>, StoreError> {
    let mut all = vec![Vec::new(); ids.len()];
    let params = Params::new().with_list("ids", ids).with("most", MOST_KEPT_APART);
    let params = params.with("seq", as_of.map_or(i64::MAX, |moment| moment.change));
    for row in &store.connections.read(&KEPT_APART, params).await? {
        let others: Vec<i64> = column(row, "others")?;
        all[column::<usize>(row, "n")?] = others.into_iter().map(Arrival).collect();
    }
    Ok(all)
}

/// `arrival, identifiers, rules_version`.
pub(super) fn evidence(row: &neo4rs::Row) -> Result<Evidence, StoreError> {
    let identifiers: Vec<i64> = column(row, "identifiers")?;
    Ok(Evidence {
        arrival: Arrival(column(row, "arrival")?),
        identifiers: identifiers.into_iter().map(Arrival).collect(),
        rules_version: column(row, "rules_version")?,
    })
}

/// The decision of a complete row.
pub(super) fn decision(row: &neo4rs::Row) -> Outcome<Decision> {
    Ok(Decision {
        arrival: Arrival(column(row, "arrival")?),
        at: Timestamp(column(row, "at")?),
        kind: kind(column(row, "kind")?)?,
        by: column::<&str>(row, "by")?.into(),
        reason: column::<&str>(row, "reason")?.into(),
        sides: json("a decision's sides", column(row, "sides")?)?,
    })
}

fn kind(name: &str) -> Outcome<DecisionKind> {
    Ok(DecisionKind::parse(name).ok_or_else(|| strange("a decision's kind"))?)
}

/// Writes people's decisions, and the sides of identifiers.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    writer.rows(&INSERT, plan.decisions.iter().map(decision_row).collect::<Outcome<_>>()?).await?;
    let side = |s: &Side| row! { "identifier" => s.identifier, "decision" => s.decision, "number" => s.number };
    writer.rows(&INSERT_SIDES, plan.sides.iter().map(side).collect()).await
}

fn decision_row(decision: &Decision) -> Outcome<BoltType> {
    let sides = decision.sides.iter().enumerate();
    let members = sides.flat_map(|(n, side)| {
        side.iter().map(move |identifier| row! { "identifier" => identifier, "number" => n + 1 })
    });
    Ok(row! {
        "set" => row! {
            "arrival" => decision.arrival,
            "at" => decision.at,
            "kind" => decision.kind.as_str(),
            "by" => decision.by,
            "reason" => decision.reason,
            "sides" => text(&decision.sides)?,
        },
        "members" => list(members),
    })
}
