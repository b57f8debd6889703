//! Links: pairs of identifiers that were seen together.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params};

use super::identifiers::Owners;
use super::row::{arrival, optional_text, text, time};
use super::statement::{Prepared, statements};
use crate::domain::link::Link;
use crate::domain::page::Page;
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::stitching::rows::LinkRow;
use crate::store::Result;
use crate::store::query::{LinkKey, LinkPage, Of};

statements! {
    KEEP_LINK = "links/insert_past";
    ADD_LINK = "links/insert";
    LINK = "links/fetch";
    MERGE_BETWEEN = "decisions/fetch_merge";
    LINKS_FROM = "links/list_from";
    LINKS_TO = "links/list_to";
    COUNT_LINKS_FROM = "links/count_from";
    COUNT_LINKS_TO = "links/count_to";
    LINK_AS_OF = "links/fetch_as_of";
    LINK_PAST = "links/fetch_past";
    LINKS_AS_OF = "links/list_all_as_of";
}

/// Updates stored pairs, after it has kept their former state for views of the past, and adds new pairs.
pub(super) fn add(db: &Connection, links: &[LinkRow], seq: i64) -> Result<()> {
    let mut keep = KEEP_LINK.on(db)?;
    let mut add = ADD_LINK.on(db)?;
    for LinkRow { link: l, all } in links {
        keep.execute(params![l.from.0, l.to.0, l.refused.is_some(), seq])?;
        add.execute(params![
            l.from.0,
            l.to.0,
            l.refused.is_some(),
            l.refused.as_deref(),
            &*l.rule,
            l.first_at.0,
            l.last_at.0,
            l.count,
            &*l.message_id,
            &*l.source,
            seq,
            all,
        ])?;
    }
    Ok(())
}

/// One link per key, in the order of the keys.
pub(super) fn fetch(db: &Connection, keys: &[LinkKey], as_of: Option<Moment>) -> Result<Vec<Option<Link>>> {
    if let Some(moment) = as_of {
        return fetch_as_of(db, keys, moment);
    }
    let mut link = LINK.on(db)?;
    let mut merge = MERGE_BETWEEN.on(db)?;
    let mut fetch = |key: &LinkKey| {
        let found = link.first(params![key.from.0, key.to.0, key.refused], decode)?;
        if found.is_some() || key.refused {
            return Ok(found);
        }
        merge.first((key.from.0, key.to.0), |row| Ok(Link::of_decision(key.from, key.to, time(row, 0)?, text(row, 1)?)))
    };
    keys.iter().map(&mut fetch).collect()
}

fn fetch_as_of(db: &Connection, keys: &[LinkKey], moment: Moment) -> Result<Vec<Option<Link>>> {
    let mut link = LINK_AS_OF.on(db)?;
    let mut past = LINK_PAST.on(db)?;
    let mut fetch = |key: &LinkKey| {
        let mut found = link.first(params![key.from.0, key.to.0, key.refused, moment.change], decode)?;
        found.as_mut().map_or(Ok(()), |link| turn_one_back(&mut past, link, moment))?;
        Ok(found)
    };
    keys.iter().map(&mut fetch).collect()
}

/// Sets links to their state at a moment.
fn turn_back(db: &Connection, links: &mut [Link], moment: Moment) -> Result<()> {
    let mut past = LINK_PAST.on(db)?;
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

/// A page of each, by key.
pub(super) fn list(db: &Connection, of: &[Of], page: &LinkPage, as_of: Option<Moment>) -> Result<Vec<Page<Link>>> {
    let mut owners = Owners::new(db, as_of)?;
    of.iter().map(|of| list_of(db, &owners.of(of)?, page, as_of)).collect()
}

/// For each end at most one page is read, already in order. A link with both ends here is read twice and listed once.
fn list_of(db: &Connection, owners: &[IdentifierId], page: &LinkPage, as_of: Option<Moment>) -> Result<Page<Link>> {
    let first = LinkKey { from: IdentifierId::default(), to: IdentifierId::default(), refused: false };
    let after = page.after.unwrap_or(first);
    let mut rows = Vec::new();
    for direction in [LINKS_FROM, LINKS_TO] {
        let mut statement = direction.on(db)?;
        for owner in owners {
            let limit = page.limit as i64 + 1;
            let since = as_of.map_or(i64::MAX, |moment| moment.change);
            let params = params![owner.0, after.from.0, after.to.0, after.refused, page.refused, limit, since];
            statement.all(params, &mut rows, decode)?;
        }
    }
    let by_key: BTreeMap<LinkKey, Link> = rows.into_iter().map(|link| (key(&link), link)).collect();
    let mut page = Page::cut(by_key.into_values().take(page.limit + 1).collect(), page.limit);
    if let Some(moment) = as_of {
        turn_back(db, &mut page.items, moment)?;
    }
    Ok(page)
}

/// The number of links of each. A link with both ends here counts once.
pub(super) fn count(db: &Connection, of: &[Of], refused: Option<bool>, as_of: Option<Moment>) -> Result<Vec<i64>> {
    if let Some(moment) = as_of {
        return count_as_of(db, of, refused, moment);
    }
    let mut owners = Owners::new(db, None)?;
    let mut from = COUNT_LINKS_FROM.on(db)?;
    let mut to = COUNT_LINKS_TO.on(db)?;
    let mut counts = Vec::with_capacity(of.len());
    for of in of {
        let owners = owners.of(of)?;
        let list = serde_json::to_string(&owners)?;
        let mut sum = 0;
        for owner in &owners {
            sum += from.count(params![owner.0, refused])?;
            sum += to.count(params![owner.0, refused, list])?;
        }
        counts.push(sum);
    }
    Ok(counts)
}

fn count_as_of(db: &Connection, of: &[Of], refused: Option<bool>, moment: Moment) -> Result<Vec<i64>> {
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

/// Adds to `seen` when an identifier had been seen together with others.
pub(super) fn seen_as_of(
    db: &Connection,
    id: IdentifierId,
    moment: Moment,
    seen: &mut Vec<(Timestamp, Timestamp)>,
) -> Result<()> {
    let mut past = LINK_PAST.on(db)?;
    for (key, now) in of_identifier(db, id, moment)? {
        let params = params![key.from.0, key.to.0, key.refused, moment.change];
        let before = past.first(params, |row| Ok((time(row, 0)?, time(row, 1)?)))?;
        seen.push(before.unwrap_or(now));
    }
    Ok(())
}

/// Every link that an identifier had, with the times of the pair up to now.
fn of_identifier(db: &Connection, id: IdentifierId, moment: Moment) -> Result<Vec<(LinkKey, (Timestamp, Timestamp))>> {
    let mut links = Vec::new();
    LINKS_AS_OF.on(db)?.all([id.0, moment.change], &mut links, |row| {
        let key = LinkKey { from: arrival(row, 0)?, to: arrival(row, 1)?, refused: row.get(2)? };
        Ok((key, (time(row, 3)?, time(row, 4)?)))
    })?;
    Ok(links)
}

fn key(link: &Link) -> LinkKey {
    LinkKey { from: link.from, to: link.to, refused: link.refused.is_some() }
}

/// `from_id, to_id, reason, rule, first_at, last_at, count, message_id, source`.
fn decode(row: &Row<'_>) -> Result<Link> {
    Ok(Link {
        from: arrival(row, 0)?,
        to: arrival(row, 1)?,
        refused: optional_text(row, 2)?,
        rule: text(row, 3)?,
        first_at: time(row, 4)?,
        last_at: time(row, 5)?,
        count: row.get(6)?,
        message_id: text(row, 7)?,
        source: text(row, 8)?,
    })
}
