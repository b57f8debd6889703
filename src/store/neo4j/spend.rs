//! The spend of customers, in each currency.

use std::collections::BTreeSet;

use neo4rs::BoltType;

use super::bolt::{list, row};
use super::statement::statements;
use super::write::{Outcome, Writer};
use crate::stitching::Plan;
use crate::stitching::rows::CustomerRow;

statements! {
    INSERT = "spend/insert";
    DELETE = "spend/delete";
}

/// Spend changes with orders and moves with identifiers only.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    // New memberships of existing customers: identifiers moved from one customer to another.
    let moved = plan.memberships.iter().any(|row| row.from.is_some());
    if plan.orders.is_empty() && !moved {
        return Ok(());
    }
    let merged = plan
        .merged
        .iter()
        .map(|row| row! { "customer" => row.from, "currencies" => BoltType::List(Default::default()) });
    let kept = plan.customers.iter().filter(|row| !row.new).map(|row| {
        row! { "customer" => row.id, "currencies" => list(row.spend.keys().map(|currency| &currency.0)) }
    });
    writer.rows(&DELETE, merged.chain(kept).collect()).await?;
    let merged: BTreeSet<_> = plan.merged.iter().map(|row| &row.from).collect();
    let living = plan.customers.iter().filter(|row| !merged.contains(&row.id));
    writer.rows(&INSERT, living.flat_map(spend).collect()).await
}

fn spend(row: &CustomerRow) -> Vec<BoltType> {
    let each = row.spend.iter().map(|(currency, money)| {
        row! {
            "customer" => row.id,
            "currency" => currency.0,
            "set" => row! {
                "born" => row.created_seq,
                "net" => money.net(),
                "gross" => money.gross,
                "returned" => money.returned,
                "orders" => money.orders,
            },
        }
    });
    each.collect()
}
