//! Why two identifiers belong together: reads the links for the search, all as of one moment.

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::row::arrival;
use super::statement::statements;
use super::{identifiers, links};
use crate::domain::IdentifierId;
use crate::domain::identifier::IdentifierKey;
use crate::domain::link::LinkExplanation;
use crate::stitching::why::{MOST_LINKS, Next, Search};
use crate::store::query::{IdentifierRef, LinkKey};
use crate::store::{Result, StoreError};

statements! {
    IDENTIFIER_HOLDER = "memberships/fetch_holder_by_key";
    IDENTIFIER_HOLDER_BY_ID = "memberships/fetch_holder";
    BOUND_FROM = "links/list_bound_from";
    BOUND_TO = "links/list_bound_to";
    MERGED_WITH = "decisions/list_merged_with";
}

/// The shortest chain of accepted links. Without such a chain, the shortest chain that also uses merges by people.
pub(super) fn explain(db: &Connection, from: &IdentifierKey, to: &IdentifierKey) -> Result<Option<LinkExplanation>> {
    let (Some((from, holder)), Some((to, other))) = (find(db, from)?, find(db, to)?) else { return Ok(None) };
    let within = holder.filter(|_| holder == other);
    let mut ids = walk(db, from, to, within, false)?;
    if ids.is_none() && within.is_some() {
        ids = walk(db, from, to, within, true)?;
    }
    ids.map(|ids| chain(db, &ids, within.is_some())).transpose()
}

fn walk(
    db: &Connection,
    from: IdentifierId,
    to: IdentifierId,
    within: Option<i64>,
    merges: bool,
) -> Result<Option<Vec<IdentifierId>>> {
    let mut search = Search::between(from, to);
    loop {
        match search.proceed() {
            Next::Read { of, limit } => {
                let read = read(db, &of, within, merges, limit)?;
                search.learn(&read.links, read.looked_at, read.more);
            }
            Next::Chain(ids) => return Ok(Some(ids)),
            Next::Nothing => return Ok(None),
            Next::TooMuch { looked_at } => return Err(StoreError::TooMuch { looked_at, most: MOST_LINKS }),
        }
    }
}

/// An identifier's id, and the birth of its customer.
fn find(db: &Connection, key: &IdentifierKey) -> Result<Option<(IdentifierId, Option<i64>)>> {
    IDENTIFIER_HOLDER.on(db)?.first((&*key.kind, &*key.value), |row| Ok((arrival(row, 0)?, row.get(1)?)))
}

struct Read {
    links: Vec<(IdentifierId, IdentifierId)>,
    looked_at: usize,
    more: bool,
}

/// The accepted links of these identifiers, and with `merges` the identifiers that people merged them with. Within a
/// customer, only links whose other end belongs to this customer.
fn read(db: &Connection, of: &[IdentifierId], within: Option<i64>, merges: bool, limit: usize) -> Result<Read> {
    let mut by_end = vec![BOUND_FROM.on(db)?, BOUND_TO.on(db)?];
    if merges {
        by_end.push(MERGED_WITH.on(db)?);
    }
    let mut links = Vec::new();
    for &here in of {
        for statement in &mut by_end {
            let left = limit + 1 - links.len().min(limit);
            statement.all((here.0, left as i64), &mut links, |row| Ok((here, arrival(row, 0)?)))?;
            if links.len() > limit {
                return Ok(Read { links: Vec::new(), looked_at: links.len(), more: true });
            }
        }
    }
    let looked_at = links.len();
    if let Some(customer) = within {
        let mut holder = IDENTIFIER_HOLDER_BY_ID.on(db)?;
        // In a dense part of the graph, each identifier is found many times.
        let mut members: FxHashMap<IdentifierId, bool> = FxHashMap::default();
        for &(_, there) in &links {
            if let std::collections::hash_map::Entry::Vacant(unknown) = members.entry(there) {
                let held: Option<Option<i64>> = holder.first([there.0], |row| Ok(row.get(1)?))?;
                unknown.insert(held.flatten() == Some(customer));
            }
        }
        links.retain(|(_, there)| members[there]);
    }
    Ok(Read { links, looked_at, more: false })
}

/// The chain's identifiers and links.
fn chain(db: &Connection, ids: &[IdentifierId], same_customer: bool) -> Result<LinkExplanation> {
    let keys: Vec<IdentifierRef> = ids.iter().copied().map(IdentifierRef::Id).collect();
    let path: Option<Vec<_>> = identifiers::fetch(db, &keys, None)?.into_iter().collect();
    let path = path.ok_or_else(|| StoreError::Data("a link leads to an identifier that is not there".into()))?;
    let steps: Option<Vec<_>> = links::fetch(db, &LinkKey::along(&path), None)?.into_iter().collect();
    let steps = steps.ok_or_else(|| StoreError::Data("a link is not found by its key".into()))?;
    Ok(LinkExplanation { same_customer, path, steps })
}
