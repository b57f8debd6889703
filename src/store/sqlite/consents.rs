//! Consents: the present consents of identifiers, and new ones.

use std::sync::Arc;

use rusqlite::{Connection, Row, params, params_from_iter};
use rustc_hash::FxHashMap;

use super::row::{arrival, optional_text, text, time, word};
use super::statement::{Prepared, statements};
use crate::domain::consent::{Consent, ConsentFact, ConsentGiven, ConsentStatus};
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::stitching::Plan;
use crate::store::Result;

statements! {
    CONSENT = "consents/fetch";
    CONSENTS_OF_IDENTIFIER = "consents/list";
    CONSENTS_AS_OF = "consents/list_as_of";
    CONSENTS_EVER_OF_IDENTIFIER = "consents/list_ever";
    INSERT_CONSENT = "consents/insert";
    GIVE_CONSENT = "consents/insert_holder";
    TAKE_CONSENT = "consents/update_holder_ended";
}

/// Adds the consents of `holders`, now or at a moment, to `into`. A consent of several identifiers is in memory once.
pub(super) fn read(
    db: &Connection,
    holders: impl IntoIterator<Item = IdentifierId>,
    as_of: Option<Moment>,
    into: &mut Vec<ConsentGiven>,
) -> Result<()> {
    let mut statement = if as_of.is_none() { CONSENTS_OF_IDENTIFIER.on(db)? } else { CONSENTS_AS_OF.on(db)? };
    gather(&mut statement, holders, as_of, into)
}

/// The present and past consents of an identifier, and which ones are present.
pub(super) fn read_ever(db: &Connection, identifier: IdentifierId, into: &mut Vec<(ConsentGiven, bool)>) -> Result<()> {
    CONSENTS_EVER_OF_IDENTIFIER.on(db)?.all([identifier.0], into, |row| {
        Ok((ConsentGiven { identifier, consent: Arc::new(decode(row)?) }, row.get(8)?))
    })
}

fn gather(
    statement: &mut Prepared<'_>,
    holders: impl IntoIterator<Item = IdentifierId>,
    as_of: Option<Moment>,
    into: &mut Vec<ConsentGiven>,
) -> Result<()> {
    let mut decisions: FxHashMap<Arrival, Arc<Consent>> = FxHashMap::default();
    for identifier in holders {
        let params = [Some(identifier.0), as_of.map(|moment| moment.change)];
        let params = params_from_iter(params.into_iter().flatten());
        statement.all(params, into, |row| {
            let consent = match decisions.get(&arrival(row, 0)?) {
                Some(known) => known.clone(),
                None => {
                    let consent = Arc::new(decode(row)?);
                    decisions.insert(consent.arrival, consent.clone());
                    consent
                }
            };
            Ok(ConsentGiven { identifier, consent })
        })?;
    }
    Ok(())
}

/// One consent per name, in the order of the names, for any holder.
pub(super) fn fetch(db: &Connection, arrivals: &[Arrival]) -> Result<Vec<Option<Consent>>> {
    let mut statement = CONSENT.on(db)?;
    arrivals.iter().map(|arrival| statement.first([arrival.0], decode)).collect()
}

/// Writes the plan's consents and their holders.
pub(super) fn record(db: &Connection, plan: &Plan) -> Result<()> {
    let mut insert = INSERT_CONSENT.on(db)?;
    for c in &plan.consents {
        insert.execute(params![
            c.arrival.0,
            c.owner.0,
            &*c.fact.purpose,
            c.fact.channel.as_deref(),
            c.fact.status.as_str(),
            c.at.0,
            c.fact.expires_at.map(|t| t.0),
            &*c.source,
        ])?;
    }
    let mut give = GIVE_CONSENT.on(db)?;
    for (identifier, consent) in &plan.consents_given {
        give.execute([identifier.0, consent.0, plan.seq])?;
    }
    let mut take = TAKE_CONSENT.on(db)?;
    for (identifier, consent) in &plan.consents_taken {
        take.execute([identifier.0, consent.0, plan.seq])?;
    }
    Ok(())
}

fn decode(row: &Row<'_>) -> Result<Consent> {
    Ok(Consent {
        arrival: arrival(row, 0)?,
        owner: arrival(row, 1)?,
        fact: ConsentFact {
            purpose: text(row, 2)?,
            channel: optional_text(row, 3)?,
            status: word(row, 4, ConsentStatus::parse)?,
            expires_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        },
        at: time(row, 6)?,
        source: text(row, 7)?,
    })
}
