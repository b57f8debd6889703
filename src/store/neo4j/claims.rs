//! Claims: new ones, and the end of those that they replace.

use neo4rs::BoltType;
use serde_json::value::RawValue;

use super::bolt::{Params, row};
use super::statement::statements;
use super::write::{Outcome, Writer};
use crate::domain::claim::{Claim, value_hash};
use crate::domain::search;
use crate::stitching::Plan;

statements! {
    INSERT = "claims/insert";
    CLOSE = "claims/update_closed";
}

/// Writes and closes claims; one can be over as soon as it is there.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    writer.rows(&INSERT, plan.claims_opened.iter().map(claim).collect()).await?;
    if !plan.claims_closed.is_empty() {
        let params = Params::new().with("arrivals", &plan.claims_closed).with("seq", writer.seq);
        writer.transaction.write(&CLOSE, params).await?;
    }
    Ok(())
}

fn claim(claim: &Claim) -> BoltType {
    row! {
        "arrival" => claim.arrival,
        "owner" => claim.owner,
        "name" => claim.name,
        "value" => claim.value,
        "provenance" => claim.provenance.as_str(),
        "at" => claim.at,
        "first_at" => claim.first_at,
        "count" => claim.count,
        "source" => claim.source,
        "message_id" => claim.message_id,
        "first_message_id" => claim.first_message_id,
        "search" => searchable(&claim.value),
        "hash" => value_hash(claim.value.get()),
    }
}

/// The words that a trait is found by.
pub(super) fn searchable(value: &RawValue) -> Option<String> {
    Some(search::trait_words(value)).filter(|words| !words.is_empty())
}
