//! Writes a plan's rows with few statements. Each statement takes a list, and is skipped when the list is empty.
//!
//! Memberships and consents come first: only these can change identifiers that the batch did not lock (other
//! identifiers of its customers). So a deadlock with a writer that waits for such a customer happens early and loses
//! little work.

use std::collections::{BTreeMap, BTreeSet};

use neo4rs::BoltType;

use super::bolt::Params;
use super::connections::Transaction;
use super::fault::Fault;
use super::statement::Statement;
use super::{
    changes, claims, consents, customers, decisions, devices, evidence, identifiers, identity_events, links,
    memberships, orders, products, segment_memberships, spend, touchpoints,
};
use crate::domain::customer::CustomerId;
use crate::domain::segment_membership::Touches;
use crate::stitching::Plan;
use crate::store::StoreError;

/// The most rows of one statement. The server has the text and the rows in memory.
const AT_A_TIME: usize = 20_000;

/// The result of a step of a write.
pub(super) type Outcome<T> = std::result::Result<T, Fault>;

/// The nodes that a batch's locks made and that are still empty.
pub(super) struct Placeholders<'a> {
    pub(super) identifiers: &'a BTreeSet<String>,
    pub(super) orders: &'a BTreeSet<String>,
}

/// Writes everything. `sizes` has the number of identifiers of each customer whose identifiers changed; `health` has
/// all figures when any of these changed; `touched` has what the plan touches of customers.
pub(super) async fn write(
    transaction: &mut Transaction<'_>,
    plan: &Plan,
    placeholders: Placeholders<'_>,
    sizes: &BTreeMap<CustomerId, i64>,
    health: Option<String>,
    touched: BTreeMap<CustomerId, Touches>,
) -> Outcome<()> {
    let writer = &mut Writer { transaction, seq: plan.seq };
    identifiers::delete_placeholders(writer, plan, placeholders.identifiers).await?;
    orders::delete_placeholders(writer, plan, placeholders.orders).await?;
    customers::write(writer, plan, sizes).await?;
    identifiers::write(writer, plan).await?;
    memberships::write(writer, plan).await?;
    customers::write_merges(writer, plan).await?;
    consents::write(writer, plan).await?;
    spend::write(writer, plan).await?;
    devices::write(writer, plan).await?;
    products::write(writer, plan).await?;
    touchpoints::write_campaigns(writer, plan).await?;
    orders::write(writer, plan).await?;
    touchpoints::write(writer, plan).await?;
    products::write_acts(writer, plan).await?;
    claims::write(writer, plan).await?;
    links::write(writer, plan).await?;
    decisions::write(writer, plan).await?;
    evidence::write(writer, plan).await?;
    identity_events::write(writer, plan).await?;
    segment_memberships::write(writer, plan, touched).await?;
    changes::write(writer, plan, health).await
}

/// Writes rows in one change.
pub(super) struct Writer<'a, 't> {
    pub(super) transaction: &'a mut Transaction<'t>,
    pub(super) seq: i64,
}

impl Writer<'_, '_> {
    /// Writes rows with a statement, a limited number at a time.
    pub(super) async fn rows(&mut self, statement: &Statement, rows: Vec<BoltType>) -> Outcome<()> {
        for rows in rows.chunks(AT_A_TIME) {
            let params = Params::new().with_list("rows", rows).with("seq", self.seq);
            self.transaction.write(statement, params).await?;
        }
        Ok(())
    }
}

/// As JSON text.
pub(super) fn text(value: &impl serde::Serialize) -> Outcome<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Refused("a value that is no JSON".into()).into())
}
