//! The words for the search of customers and the keys of claims, made again for the data of an older version.

use neo4rs::BoltType;
use serde_json::value::RawValue;

use super::Inner;
use super::bolt::{Params, row};
use super::claims;
use super::fault::Fault;
use super::rows::column;
use super::statement::{Statement, statements};
use crate::domain::IdentifierKey;
use crate::domain::claim::value_hash;
use crate::domain::search;

statements! {
    WORDS_TO_MAKE = "words/scan_identifiers";
    TRAIT_WORDS_TO_MAKE = "words/scan_claims";
    MAKE_WORDS = "words/update_identifiers";
    MAKE_TRAIT_WORDS = "words/update_claims";
}

/// How many rows get their words in one transaction.
const PAGE: usize = 5_000;

/// Makes the words of all data. Each page is a transaction of its own. After a stop in the middle, it begins again.
pub(super) async fn make(store: &Inner) -> Result<(), Fault> {
    tracing::info!("making the search words of customers again, once");
    let of_identifier = |row: &neo4rs::Row, id: i64| -> Result<BoltType, Fault> {
        let key =
            IdentifierKey { kind: column::<&str>(row, "kind")?.into(), value: column::<&str>(row, "value")?.into() };
        Ok(row! { "id" => id, "search" => search::identifier_words(&key) })
    };
    pages(store, &WORDS_TO_MAKE, &MAKE_WORDS, of_identifier).await?;
    let of_trait = |row: &neo4rs::Row, id: i64| -> Result<BoltType, Fault> {
        let value: &str = column(row, "value")?;
        let words = RawValue::from_string(value.to_owned()).ok().and_then(|value| claims::searchable(&value));
        Ok(row! { "id" => id, "search" => words, "hash" => value_hash(value) })
    };
    pages(store, &TRAIT_WORDS_TO_MAKE, &MAKE_TRAIT_WORDS, of_trait).await
}

async fn pages(
    store: &Inner,
    read: &Statement,
    write: &Statement,
    made_of: impl Fn(&neo4rs::Row, i64) -> Result<BoltType, Fault>,
) -> Result<(), Fault> {
    let (mut after, mut done) = (i64::MIN, 0);
    loop {
        let mut transaction = store.connections.begin().await?;
        let page = async {
            let rows = transaction.read(read, Params::new().with("after", after).with("limit", PAGE)).await?;
            let mut made: Vec<BoltType> = Vec::with_capacity(rows.len());
            for found in &rows {
                after = column(found, "id")?;
                made.push(made_of(found, after)?);
            }
            let count = made.len();
            transaction.write(write, Params::new().with_list("rows", made.iter())).await?;
            Ok(count)
        }
        .await;
        match page {
            Ok(count) => {
                transaction.commit(0).await?;
                done += count;
                if count < PAGE {
                    return Ok(());
                }
                tracing::info!(done, "making the search words of customers");
            }
            Err(fault) => {
                transaction.roll_back().await;
                return Err(fault);
            }
        }
    }
}
