//! Claims: the present ones of identifiers, and their replacement.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, params};

use super::row::{arrival, optional_text, raw_json, str, text, time, word};
use super::statement::statements;
use crate::domain::claim::{Claim, Provenance, value_hash};
use crate::domain::{IdentifierId, Moment};
use crate::stitching::Plan;
use crate::store::Result;

statements! {
    CLAIMS_OF_IDENTIFIER = "claims/list";
    CLAIMS_WITH_VALUE = "claims/list_with_value";
    CLAIMS_OF_TRAITS = "claims/list_of_traits";
    CLAIMS_AS_OF = "claims/list_as_of";
    CLOSE_CLAIM = "claims/update_closed";
    INSERT_CLAIM = "claims/insert";
    WITHOUT_HASH = "claims/scan_without_hash";
    UPDATE_HASH = "claims/update_hash";
}

/// No limit of rows.
const NO_LIMIT: i64 = -1;
/// An identifier with more present claims is asked for those that a batch claims.
const FEW: i64 = 200;

/// Adds the claims of `owners` to `into`: the present ones, or those of a moment.
pub(super) fn read(
    db: &Connection,
    owners: impl IntoIterator<Item = IdentifierId>,
    as_of: Option<Moment>,
    into: &mut Vec<Claim>,
) -> Result<()> {
    let mut statement = if as_of.is_none() { CLAIMS_OF_IDENTIFIER.on(db)? } else { CLAIMS_AS_OF.on(db)? };
    for owner in owners {
        match as_of {
            None => statement.all([owner.0, NO_LIMIT], into, decode)?,
            Some(moment) => statement.all([owner.0, moment.end().0, moment.change], into, decode)?,
        }
    }
    Ok(())
}

/// Adds the present claims of `owners` about these traits to `into`.
pub(super) fn read_traits(
    db: &Connection,
    owners: impl IntoIterator<Item = IdentifierId>,
    traits: &[&str],
    into: &mut Vec<Claim>,
) -> Result<()> {
    let (mut statement, traits) = (CLAIMS_OF_TRAITS.on(db)?, serde_json::to_string(traits)?);
    for owner in owners {
        statement.all((owner.0, &traits), into, decode)?;
    }
    Ok(())
}

/// Adds the present claims of an identifier with one of these names and values to `into`, and maybe others: most
/// identifiers have few claims, and those are read at once.
pub(super) fn read_claimed(
    db: &Connection,
    owner: IdentifierId,
    claimed: &BTreeSet<(&str, &str)>,
    into: &mut Vec<Claim>,
) -> Result<()> {
    let before = into.len();
    CLAIMS_OF_IDENTIFIER.on(db)?.all([owner.0, FEW + 1], into, decode)?;
    if into.len() - before <= FEW as usize {
        return Ok(());
    }
    into.truncate(before);
    let mut statement = CLAIMS_WITH_VALUE.on(db)?;
    for (name, value) in claimed {
        statement.all((owner.0, name, value, value_hash(value)), into, decode)?;
    }
    Ok(())
}

/// Opens and closes what the plan says; a row can be over as soon as it is there.
pub(super) fn replace(db: &Connection, plan: &Plan) -> Result<()> {
    let mut insert = INSERT_CLAIM.on(db)?;
    for c in &plan.claims_opened {
        insert.execute(params![
            c.arrival.0,
            c.owner.0,
            &*c.name,
            c.value.get(),
            c.provenance.as_str(),
            &*c.source,
            c.at.0,
            c.first_at.0,
            c.count,
            c.message_id.as_deref(),
            c.first_message_id.as_deref(),
            value_hash(c.value.get()),
        ])?;
    }
    drop(insert);
    let mut close = CLOSE_CLAIM.on(db)?;
    for arrival in &plan.claims_closed {
        close.execute([arrival.0, plan.seq])?;
    }
    Ok(())
}

/// Gives hashes to the present claims of an older version.
pub(super) fn fill_hashes(db: &Connection) -> Result<()> {
    const PAGE: i64 = 5_000;
    let (mut scan, mut update) = (WITHOUT_HASH.on(db)?, UPDATE_HASH.on(db)?);
    let mut after = i64::MIN;
    loop {
        let mut page = Vec::new();
        scan.all([after, PAGE], &mut page, |row| Ok((row.get::<_, i64>(0)?, value_hash(str(row, 1)?))))?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        for (arrival, hash) in page {
            update.execute([arrival, hash])?;
        }
    }
}

pub(super) fn decode(row: &Row<'_>) -> Result<Claim> {
    Ok(Claim {
        arrival: arrival(row, 0)?,
        owner: arrival(row, 1)?,
        name: text(row, 2)?,
        value: raw_json(str(row, 3)?)?,
        provenance: word(row, 4, Provenance::parse)?,
        at: time(row, 5)?,
        first_at: time(row, 6)?,
        count: row.get(7)?,
        source: text(row, 8)?,
        message_id: optional_text(row, 9)?,
        first_message_id: optional_text(row, 10)?,
    })
}
