//! Why two identifiers belong together: reads the links for the search, one read per level.

use super::bolt::Params;
use super::rows::{column, strange};
use super::statement::{Statement, statements};
use super::{Inner, identifiers, links};
use crate::domain::customer::CustomerId;
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::link::LinkExplanation;
use crate::domain::{Arrival, IdentifierId};
use crate::stitching::why::{MOST_LINKS, Next, Search, chain_of};
use crate::store::query::{IdentifierRef, LinkKey};
use crate::store::{Result, StoreError};

statements! {
    pub(super) BOUND_LINKS = "links/list_bound";
    pub(super) BOUND_OR_MERGED = "links/list_bound_or_merged";
    pub(super) LINKS_WITHIN = "links/list_within";
}

/// A customer with at most this many links is read completely, since a long chain would need many trips.
const AT_ONCE: usize = 10_000;

/// How often the search is tried while identifiers move to other customers.
const ATTEMPTS: u32 = 3;

/// The shortest chain of accepted links. Without such a chain, the shortest chain that also uses merges by people. The
/// levels are not read at one moment: accepted links stay, but an identifier may move to another customer. So at the
/// end the identifiers of the chain are read once more.
pub(super) async fn explain(
    store: &Inner,
    from: &IdentifierKey,
    to: &IdentifierKey,
) -> Result<Option<LinkExplanation>> {
    let keys = [IdentifierRef::Key(from.clone()), IdentifierRef::Key(to.clone())];
    for _ in 0..ATTEMPTS {
        let ends = identifiers::fetch(store, &keys, None).await?;
        let [Some(from), Some(to)] = ends.as_slice() else { return Ok(None) };
        let within = from.customer.as_ref().filter(|holder| Some(*holder) == to.customer.as_ref());
        let Some(chain) = search(store, from.id, to.id, within).await? else { return Ok(None) };
        let keys: Vec<IdentifierRef> = chain.into_iter().map(IdentifierRef::Id).collect();
        let path: Option<Vec<Identifier>> = identifiers::fetch(store, &keys, None).await?.into_iter().collect();
        let path = path.ok_or_else(|| strange("a link's end"))?;
        let together = |ends: &[Option<&CustomerId>]| ends.iter().all(|holder| holder.is_some() && *holder == ends[0]);
        let holders: Vec<Option<&CustomerId>> = path.iter().map(|i| i.customer.as_ref()).collect();
        let stands = match within {
            Some(_) => together(&holders),
            None => !together(&[holders[0], holders[holders.len() - 1]]),
        };
        if stands {
            let same_customer = within.is_some();
            let steps =
                links::fetch(store, &LinkKey::along(&path), None).await?.into_iter().collect::<Option<Vec<_>>>();
            let steps = steps.ok_or_else(|| strange("a link"))?;
            return Ok(Some(LinkExplanation { same_customer, path, steps }));
        }
    }
    Err(StoreError::Busy("the customers kept changing while the chain was looked for".into()))
}

async fn search(
    store: &Inner,
    from: IdentifierId,
    to: IdentifierId,
    within: Option<&CustomerId>,
) -> Result<Option<Vec<IdentifierId>>> {
    let Some(customer) = within else { return walk(store, &BOUND_LINKS, from, to, None).await };
    let chain = match links_within(store, customer).await? {
        Some(links) => chain_of(&links, from, to),
        None => walk(store, &BOUND_LINKS, from, to, within).await?,
    };
    match chain {
        Some(chain) => Ok(Some(chain)),
        None => walk(store, &BOUND_OR_MERGED, from, to, within).await,
    }
}

async fn walk(
    store: &Inner,
    statement: &Statement,
    from: IdentifierId,
    to: IdentifierId,
    within: Option<&CustomerId>,
) -> Result<Option<Vec<IdentifierId>>> {
    let mut search = Search::between(from, to);
    loop {
        match search.proceed() {
            Next::Read { of, limit } => {
                let params = Params::new().with("of", &of).with("within", within).with("limit", limit + 1);
                let rows = store.connections.read(statement, params).await?;
                let row = rows.first().ok_or_else(|| strange("an answer without a row"))?;
                let read: Vec<(i64, i64, bool)> = column(row, "links")?;
                let counting = read.iter().filter(|(_, _, counts)| *counts);
                let links: Vec<_> = counting.map(|&(here, there, _)| (Arrival(here), Arrival(there))).collect();
                search.learn(&links, read.len(), read.len() > limit);
            }
            Next::Chain(ids) => return Ok(Some(ids)),
            Next::Nothing => return Ok(None),
            Next::TooMuch { looked_at } => return Err(StoreError::TooMuch { looked_at, most: MOST_LINKS }),
        }
    }
}

/// All links within a customer; `None` when there are too many.
async fn links_within(store: &Inner, customer: &CustomerId) -> Result<Option<Vec<(IdentifierId, IdentifierId)>>> {
    let params = Params::new().with("customer", customer).with("limit", AT_ONCE + 1);
    let rows = store.connections.read(&LINKS_WITHIN, params).await?;
    let row = rows.first().ok_or_else(|| strange("an answer without a row"))?;
    let read: Vec<(i64, i64, bool)> = column(row, "links")?;
    if read.len() > AT_ONCE {
        return Ok(None);
    }
    let within = read.into_iter().filter(|(_, _, counts)| *counts);
    Ok(Some(within.map(|(from, to, _)| (Arrival(from), Arrival(to))).collect()))
}
