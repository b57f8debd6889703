//! Evidence: each set of identifiers that was seen together, and its outcome.

use neo4rs::BoltType;

use super::bolt::row;
use super::statement::statements;
use super::write::{Outcome, Writer};
use crate::stitching::Plan;
use crate::stitching::rows::EvidenceRow;

statements! {
    INSERT = "evidence/insert";
}

/// Writes new evidence.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    writer.rows(&INSERT, plan.evidence.iter().map(evidence).collect()).await
}

fn evidence(row: &EvidenceRow) -> BoltType {
    row! {
        "set" => row! {
            "arrival" => row.arrival,
            "set" => row.set.0,
            "identifiers" => row.identifiers,
            "outcomes" => row.outcomes,
            "message_id" => row.message_id,
            "source" => row.source,
            "at" => row.at,
            "rules_version" => row.rules_version,
        },
    }
}
