//! Links: pairs of identifiers that were seen together.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::identifiers::Owners;
use super::past;
use super::row::{arrival, optional_text, text, time};
use super::statement::statements;
use crate::domain::link::Link;
use crate::domain::page::Page;
use crate::domain::{IdentifierId, Moment};
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
}

/// Adds to the pairs that are stored, of which it keeps what was said before, and the others.
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

/// One link per key, in their order.
pub(super) fn fetch(db: &Connection, keys: &[LinkKey]) -> Result<Vec<Option<Link>>> {
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

/// A page of each, by key.
pub(super) fn list(db: &Connection, of: &[Of], page: &LinkPage, when: Option<Moment>) -> Result<Vec<Page<Link>>> {
    let mut owners = Owners::new(db, when)?;
    of.iter().map(|of| list_of(db, &owners.of(of)?, page, when)).collect()
}

/// From each end at most a page's worth is read, already in order; a link with both ends here comes
/// twice and stands once.
fn list_of(db: &Connection, owners: &[IdentifierId], page: &LinkPage, when: Option<Moment>) -> Result<Page<Link>> {
    let first = LinkKey { from: IdentifierId::default(), to: IdentifierId::default(), refused: false };
    let after = page.after.unwrap_or(first);
    let mut rows = Vec::new();
    for direction in [LINKS_FROM, LINKS_TO] {
        let mut statement = direction.on(db)?;
        for owner in owners {
            let limit = page.limit as i64 + 1;
            let since = when.map_or(i64::MAX, |moment| moment.change);
            let params = params![owner.0, after.from.0, after.to.0, after.refused, page.refused, limit, since];
            statement.all(params, &mut rows, decode)?;
        }
    }
    let by_key: BTreeMap<LinkKey, Link> = rows.into_iter().map(|link| (key(&link), link)).collect();
    let mut page = Page::cut(by_key.into_values().take(page.limit + 1).collect(), page.limit);
    if let Some(moment) = when {
        past::links::turn_back(db, &mut page.items, moment)?;
    }
    Ok(page)
}

/// How many of each; one with both ends here counts once.
pub(super) fn count(db: &Connection, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>> {
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

fn key(link: &Link) -> LinkKey {
    LinkKey { from: link.from, to: link.to, refused: link.refused.is_some() }
}

/// `from_id, to_id, reason, rule, first_at, last_at, count, message_id, source`.
pub(super) fn decode(row: &Row<'_>) -> Result<Link> {
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
