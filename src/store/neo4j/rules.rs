//! Versions of the rules, and the input of a replay.

use std::sync::Arc;

use super::Inner;
use super::bolt::Params;
use super::connections::Transaction;
use super::decisions::{decision, evidence};
use super::fault::{Fault, again};
use super::rows::{ClaimRow, column, json};
use super::statement::{Statement, statements};
use crate::domain::claim::Claim;
use crate::domain::decision::Decision;
use crate::domain::identifier::IdentifierKey;
use crate::domain::rules::{BY_SETTINGS, SavedRules, WrittenRules};
use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::stitching::known::Evidence;
use crate::store::rules::{ClaimPage, MembershipAt, RulesInForce};
use crate::store::{Result, StoreError};

statements! {
    NEWEST = "rules/fetch";
    BEGIN = "rules/insert_first";
    SAVE = "rules/insert";
    APPLIED = "rules/update_applied";
    HAS_KIND = "identifiers/count_kind";
    SCAN_IDENTIFIERS = "identifiers/scan";
    SCAN_EVIDENCE = "evidence/scan";
    pub(super) SCAN_CLAIMS = "claims/scan";
    SCAN_DECISIONS = "decisions/scan";
    KEYS = "identifiers/list_keys";
}

/// The newest rules.
pub(super) async fn fetch(store: &Inner) -> Result<Option<RulesInForce>> {
    let rows = store.connections.read(&NEWEST, Params::new()).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let saved = SavedRules {
        version: column(row, "version")?,
        saved_at: Timestamp(column(row, "saved_at")?),
        saved_by: column::<&str>(row, "saved_by")?.into(),
        note: column::<Option<&str>>(row, "note")?.map(Into::into),
        rules: json("rules", column(row, "text")?)?,
    };
    Ok(Some(RulesInForce { saved, applied: column(row, "applied")? }))
}

/// Saves the first version when there is none.
pub(super) async fn begin(store: &Inner, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce> {
    if let Some(found) = again(|| fetch(store)).await? {
        return Ok(found);
    }
    let params = Params::new().with("at", at).with("by", BY_SETTINGS).with("text", text(first)?);
    alone(store, &BEGIN, params).await?;
    again(|| fetch(store)).await?.ok_or_else(|| StoreError::Busy("the store is not set up yet".into()))
}

/// Writes the next version, in the transaction that took its change number.
pub(super) async fn save(transaction: &mut Transaction<'_>, saved: &SavedRules) -> std::result::Result<(), Fault> {
    let params = Params::new()
        .with("version", saved.version)
        .with("at", saved.saved_at)
        .with("by", &saved.saved_by)
        .with("note", &saved.note)
        .with("text", text(&saved.rules)?);
    transaction.write(&SAVE, params).await
}

/// Records that all data agrees with this version.
pub(super) async fn applied(store: &Inner, version: i64) -> Result<()> {
    alone(store, &APPLIED, Params::new().with("version", version)).await
}

/// Whether the store has an identifier of this kind.
pub(super) async fn has_kind(store: &Inner, kind: &str) -> Result<bool> {
    Ok(!store.connections.read(&HAS_KIND, Params::new().with("kind", kind)).await?.is_empty())
}

/// A page of identifiers as of a change.
pub(super) async fn scan_identifiers(
    store: &Inner,
    at: i64,
    after: Option<IdentifierId>,
    limit: usize,
) -> Result<Vec<MembershipAt>> {
    let rows = store.connections.read(&SCAN_IDENTIFIERS, window(at, after, limit).with("at", at)).await?;
    let stood = rows.iter().map(|row| {
        Ok(MembershipAt {
            id: Arrival(column(row, "id")?),
            key: IdentifierKey::new(column::<&str>(row, "kind")?, column::<&str>(row, "value")?),
            holder: column::<Option<i64>>(row, "holder")?.map(Arrival),
            shared: column(row, "shared")?,
        })
    });
    stood.collect()
}

/// A page of evidence.
pub(super) async fn scan_evidence(
    store: &Inner,
    at: i64,
    after: Option<Arrival>,
    limit: usize,
) -> Result<Vec<(Evidence, Timestamp)>> {
    let rows = store.connections.read(&SCAN_EVIDENCE, window(at, after, limit)).await?;
    rows.iter().map(|row| Ok((evidence(row)?, Timestamp(column(row, "at")?)))).collect()
}

/// A page of claims.
pub(super) async fn scan_claims(
    store: &Inner,
    traits: &[Arc<str>],
    at: i64,
    after: Option<IdentifierId>,
    limit: usize,
) -> Result<ClaimPage> {
    let rows = store.connections.read(&SCAN_CLAIMS, window(at, after, limit).with_list("traits", traits)).await?;
    let mut page = ClaimPage::default();
    for row in &rows {
        let claims: Vec<ClaimRow<'_>> = column(row, "claims")?;
        page.claims.extend(claims.into_iter().map(Claim::try_from).collect::<Result<Vec<_>>>()?);
        page.next = Some(Arrival(column(row, "id")?));
    }
    page.next = page.next.filter(|_| rows.len() == limit);
    Ok(page)
}

/// A page of decisions.
pub(super) async fn scan_decisions(
    store: &Inner,
    at: i64,
    after: Option<Arrival>,
    limit: usize,
) -> Result<Vec<Decision>> {
    let rows = store.connections.read(&SCAN_DECISIONS, window(at, after, limit)).await?;
    rows.iter().map(|row| decision(row).map_err(|fault| fault.error)).collect()
}

/// The keys of identifiers.
pub(super) async fn keys(
    transaction: &mut Transaction<'_>,
    ids: impl IntoIterator<Item = IdentifierId>,
) -> std::result::Result<Vec<String>, Fault> {
    let rows = transaction.read(&KEYS, Params::new().with_list("ids", ids)).await?;
    rows.iter().map(|row| Ok(column(row, "key")?)).collect()
}

/// The place after which a page begins, the end, and the size.
fn window(at: i64, after: Option<Arrival>, limit: usize) -> Params {
    let after = after.map_or(0, |after| after.0);
    Params::new().with("after", after).with("until", Arrival::new(at + 1, 0)).with("limit", limit)
}

fn text(rules: &WrittenRules) -> Result<String> {
    serde_json::to_string(rules).map_err(|_| StoreError::Refused("rules that are no JSON".into()))
}

/// A write in a transaction of its own.
pub(super) async fn alone(store: &Inner, statement: &Statement, params: Params) -> Result<()> {
    let run = async {
        let mut transaction = store.connections.begin().await?;
        match transaction.write(statement, params).await {
            Ok(()) => transaction.commit(0).await,
            Err(fault) => {
                transaction.roll_back().await;
                Err(fault)
            }
        }
    };
    match run.await {
        Ok(()) => Ok(()),
        Err(fault) => Err(store.connections.cause(fault).await),
    }
}
