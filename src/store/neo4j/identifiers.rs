//! Identifiers, with who holds each.

use super::Inner;
use super::bolt::{Params, ToBolt};
use super::pages::positions;
use super::rows::{IdentifierRow, column};
use super::statement::{Statement, statement};
use crate::domain::customer::CustomerId;
use crate::domain::identifier::Identifier;
use crate::store::Result;
use crate::store::query::IdentifierRef;

static BY_ID: Statement = statement!("identifiers/fetch_by_id");
static BY_KEY: Statement = statement!("identifiers/fetch_by_key");

pub(super) async fn fetch(store: &Inner, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
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
