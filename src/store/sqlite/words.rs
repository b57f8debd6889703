//! The words that customers are found by: of identifiers' values and of text traits.

use rusqlite::{Connection, params};
use rustc_hash::FxHashSet;

use super::statement::statements;
use crate::domain::IdentifierId;
use crate::domain::search;
use crate::stitching::Plan;
use crate::stitching::known::Known;
use crate::store::Result;

statements! {
    INSERT_WORD = "insert_word";
}

/// Adds the words of new identifiers and of claims whose text was not claimed there before.
pub(super) fn insert(db: &Connection, known: &Known, plan: &Plan) -> Result<()> {
    let mut insert = INSERT_WORD.on(db)?;
    let mut add = |owner: IdentifierId, text: &str| -> Result<()> {
        for word in search::words(text).split(' ').filter(|word| !word.is_empty()) {
            insert.execute(params![owner.0, word])?;
        }
        Ok(())
    };
    for row in plan.identifiers.iter().filter(|row| row.new) {
        add(row.identifier.id, &row.identifier.key.value)?;
    }
    // Traits are said again and again: what is known has its words already.
    let mut said: FxHashSet<(IdentifierId, &str)> = known.claims.iter().map(|c| (c.owner, c.value.get())).collect();
    for claim in &plan.claims_opened {
        if claim.value.get().starts_with('"') && said.insert((claim.owner, claim.value.get())) {
            add(claim.owner, &serde_json::from_str::<String>(claim.value.get())?)?;
        }
    }
    Ok(())
}
