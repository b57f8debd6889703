//! Consents by name.

use super::Inner;
use super::bolt::ToBolt;
use super::pages::by_key;
use super::rows::{ConsentRow, column};
use super::statement::statements;
use crate::domain::Arrival;
use crate::domain::consent::{Consent, ConsentGiven};
use crate::store::Result;

statements! {
    CONSENTS = "consents/fetch";
}

/// One decision per name, in their order, whoever holds it.
pub(super) async fn fetch(store: &Inner, arrivals: &[Arrival]) -> Result<Vec<Option<Consent>>> {
    let consent = |row: &neo4rs::Row| {
        let given: ConsentGiven = column::<ConsentRow<'_>>(row, "item")?.try_into()?;
        Ok((*given.consent).clone())
    };
    by_key(store, &CONSENTS, arrivals, |arrival| arrival.to_bolt(), consent).await
}
