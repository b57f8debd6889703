//! Consents by name.

use neo4rs::BoltType;

use super::Inner;
use super::bolt::{ToBolt, row};
use super::pages::by_key;
use super::rows::{ConsentRow, column};
use super::statement::statements;
use super::write::{Outcome, Writer};
use crate::domain::Arrival;
use crate::domain::consent::{Consent, ConsentGiven};
use crate::stitching::Plan;
use crate::store::Result;

statements! {
    INSERT = "consents/insert";
    INSERT_HOLDER = "consents/insert_holder";
    END_HOLDER = "consents/update_holder_ended";
    CONSENTS = "consents/fetch";
}

/// One consent per name, in the order of the names, for any holder.
pub(super) async fn fetch(store: &Inner, arrivals: &[Arrival]) -> Result<Vec<Option<Consent>>> {
    let consent = |row: &neo4rs::Row| {
        let given: ConsentGiven = column::<ConsentRow<'_>>(row, "item")?.try_into()?;
        Ok((*given.consent).clone())
    };
    by_key(store, &CONSENTS, arrivals, |arrival| arrival.to_bolt(), consent).await
}

/// Writes consents, and the begin and end of their holders.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    let pair = |&(identifier, arrival): &(_, _)| row! { "identifier" => identifier, "arrival" => arrival };
    writer.rows(&INSERT, plan.consents.iter().map(consent).collect()).await?;
    writer.rows(&INSERT_HOLDER, plan.consents_given.iter().map(pair).collect()).await?;
    writer.rows(&END_HOLDER, plan.consents_taken.iter().map(pair).collect()).await
}

fn consent(consent: &Consent) -> BoltType {
    row! {
        "arrival" => consent.arrival,
        "owner" => consent.owner,
        "purpose" => consent.fact.purpose,
        "channel" => consent.fact.channel,
        "status" => consent.fact.status.as_str(),
        "expires_at" => consent.fact.expires_at,
        "at" => consent.at,
        "source" => consent.source,
    }
}
