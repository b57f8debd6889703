//! What had been said of pairs.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::super::identifiers::Owners;
use super::super::links::decode;
use super::super::row::{arrival, time};
use super::super::statement::{Prepared, statements};
use crate::domain::link::Link;
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::store::Result;
use crate::store::query::{LinkKey, Of};

statements! {
    LINK_SINCE = "links/fetch_as_of";
    LINK_THEN = "links/fetch_past";
    LINKS_OF_IDENTIFIER = "links/list_all_as_of";
}

/// One link per key, in their order.
pub(super) fn fetch(db: &Connection, keys: &[LinkKey], moment: Moment) -> Result<Vec<Option<Link>>> {
    let mut link = LINK_SINCE.on(db)?;
    let mut past = LINK_THEN.on(db)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let mut row = link.first(params![key.from.0, key.to.0, key.refused, moment.change], decode)?;
        row.as_mut().map_or(Ok(()), |row| turn_one_back(&mut past, row, moment))?;
        found.push(row);
    }
    Ok(found)
}

/// Makes links that were there what they were.
pub(in super::super) fn turn_back(db: &Connection, links: &mut [Link], moment: Moment) -> Result<()> {
    let mut past = LINK_THEN.on(db)?;
    links.iter_mut().try_for_each(|link| turn_one_back(&mut past, link, moment))
}

fn turn_one_back(past: &mut Prepared<'_>, link: &mut Link, moment: Moment) -> Result<()> {
    let params = params![link.from.0, link.to.0, link.refused.is_some(), moment.change];
    let before = past.first(params, |row| Ok((time(row, 0)?, time(row, 1)?, row.get(2)?)))?;
    if let Some(before) = before {
        (link.first_at, link.last_at, link.count) = before;
    }
    Ok(())
}

/// How many of each; one with both ends among the same owners counts once.
pub(super) fn count(db: &Connection, of: &[Of], refused: Option<bool>, moment: Moment) -> Result<Vec<i64>> {
    let mut owners = Owners::new(db, Some(moment))?;
    let mut counts = Vec::with_capacity(of.len());
    for of in of {
        let mut keys = BTreeSet::new();
        for owner in owners.of(of)? {
            keys.extend(of_identifier(db, owner, moment)?.into_iter().map(|(key, _)| key));
        }
        counts.push(keys.iter().filter(|key| refused.is_none_or(|refused| refused == key.refused)).count() as i64);
    }
    Ok(counts)
}

/// When an identifier had been seen together with others, added to `seen`.
pub(super) fn seen(
    db: &Connection,
    id: IdentifierId,
    moment: Moment,
    seen: &mut Vec<(Timestamp, Timestamp)>,
) -> Result<()> {
    let mut past = LINK_THEN.on(db)?;
    for (key, now) in of_identifier(db, id, moment)? {
        let params = params![key.from.0, key.to.0, key.refused, moment.change];
        let then = past.first(params, |row| Ok((time(row, 0)?, time(row, 1)?)))?;
        seen.push(then.unwrap_or(now));
    }
    Ok(())
}

/// Every link that an identifier had, with when the two were seen up to now.
fn of_identifier(db: &Connection, id: IdentifierId, moment: Moment) -> Result<Vec<(LinkKey, (Timestamp, Timestamp))>> {
    let mut links = Vec::new();
    LINKS_OF_IDENTIFIER.on(db)?.all([id.0, moment.change], &mut links, |row| {
        let key = LinkKey { from: arrival(row, 0)?, to: arrival(row, 1)?, refused: row.get(2)? };
        Ok((key, (time(row, 3)?, time(row, 4)?)))
    })?;
    Ok(links)
}
