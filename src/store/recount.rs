//! Checks stored figures against the rows that they sum up.
//!
//! A customer's figures are stored on its identifiers and in the sort keys of lists. A view of the past counts figures
//! from the rows. So the view of the last change must give the stored figures.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::query::{CustomerFilter, CustomerKey, CustomerList, CustomerSort, CustomerSortKey, FirstPages, Shape};
use super::{Reads, Result, Store};
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::identifier::Identifier;
use crate::domain::rollup::Rollup;
use crate::domain::{Amount, Currency, Moment, Timestamp};

/// The number of customers of one page.
const PAGE: usize = 100;
/// How often a customer with different figures is read: a writer may have written between the two reads.
const LOOKS: usize = 3;
/// How many wrong customers are named.
const NAMED: usize = 10;

/// The result of a recount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recount {
    /// The number of customers that were counted.
    pub customers: usize,
    /// The number of customers with a figure that differs from their rows.
    pub wrong: usize,
    /// The first few of these customers.
    pub named: Vec<CustomerId>,
}

/// Counts every customer's figures again. After each page it calls `done` with the number of customers.
///
/// # Errors
/// Of the store.
pub async fn recount(store: &dyn Store, now: Timestamp, done: impl Fn(usize)) -> Result<Recount> {
    let mut recount = Recount::default();
    let mut currencies = BTreeSet::new();
    let mut wrong = BTreeSet::new();
    let mut after = None;
    loop {
        let page = page(store, CustomerSort::Created, after).await?;
        let Some((_, last)) = page.last() else { break };
        after = Some(*last);
        let mut look: Vec<CustomerId> = page.into_iter().map(|(id, _)| id).collect();
        recount.customers += look.len();
        for _ in 0..LOOKS {
            look = differing(store, look, now, &mut currencies).await?;
        }
        wrong.extend(look);
        done(recount.customers);
    }
    for sort in std::iter::once(CustomerSort::LastSeen).chain(currencies.into_iter().map(CustomerSort::NetSpend)) {
        let mut after = None;
        loop {
            let mut misplaced = Vec::new();
            let mut last = None;
            for _ in 0..LOOKS {
                let page = page(store, sort.clone(), after).await?;
                last = page.last().map(|(_, key)| *key);
                misplaced = self::misplaced(store, page, &sort).await?;
                if misplaced.is_empty() {
                    break;
                }
            }
            wrong.extend(misplaced);
            let Some(last) = last else { break };
            after = Some(last);
        }
    }
    recount.wrong = wrong.len();
    recount.named = wrong.into_iter().take(NAMED).collect();
    Ok(recount)
}

async fn page(
    store: &dyn Store,
    sort: CustomerSort,
    after: Option<CustomerSortKey>,
) -> Result<Vec<(CustomerId, CustomerSortKey)>> {
    let filter = CustomerFilter::default();
    Ok(store.list_customers(&CustomerList { filter, sort, descending: false, after, limit: PAGE }).await?.items)
}

async fn cards(store: &dyn Reads, ids: &[CustomerId]) -> Result<Vec<Option<Arc<CustomerView>>>> {
    let keys: Vec<CustomerKey> = ids.iter().cloned().map(CustomerKey::Id).collect();
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    store.customers(&keys, Shape::Card, pages).await?.into_iter().collect()
}

/// The customers of `ids` with an identifier whose figures differ from its rows.
async fn differing(
    store: &dyn Store,
    ids: Vec<CustomerId>,
    now: Timestamp,
    currencies: &mut BTreeSet<Currency>,
) -> Result<Vec<CustomerId>> {
    if ids.is_empty() {
        return Ok(ids);
    }
    let kept = cards(store, &ids).await?;
    let last = Moment { change: store.status().await?.change, at: now };
    let counted = cards(&*store.as_of(last), &ids).await?;
    let mut differing = Vec::new();
    for ((id, kept), counted) in ids.into_iter().zip(kept).zip(counted) {
        // When a customer was merged away after it was listed, the read finds the customer it was merged into. That is
        // correct.
        let (Some(kept), Some(counted)) = (kept, counted) else {
            differing.push(id);
            continue;
        };
        currencies.extend(kept.identifiers.iter().flat_map(|i| i.rollup.money.keys().cloned()));
        if figures(&kept.identifiers) != figures(&counted.identifiers) {
            differing.push(id);
        }
    }
    Ok(differing)
}

/// The figures stored on identifiers.
fn figures(identifiers: &[Identifier]) -> Vec<(i64, Timestamp, Timestamp, &Rollup)> {
    let mut figures: Vec<_> =
        identifiers.iter().map(|i| (i.id.0, i.first_seen_at, i.last_seen_at, &i.rollup)).collect();
    figures.sort_unstable_by_key(|(id, ..)| *id);
    figures
}

/// The customers on a page of a list whose place in the list differs from the figures of their identifiers.
async fn misplaced(
    store: &dyn Store,
    page: Vec<(CustomerId, CustomerSortKey)>,
    sort: &CustomerSort,
) -> Result<Vec<CustomerId>> {
    let ids: Vec<CustomerId> = page.iter().map(|(id, _)| id.clone()).collect();
    let mut misplaced = Vec::new();
    for ((id, key), view) in page.into_iter().zip(cards(store, &ids).await?) {
        // A customer that moved after the page was read is in its new place, or no longer there.
        let Some(view) = view.filter(|view| view.customer.id == id) else { continue };
        let said = match sort {
            CustomerSort::Created => view.customer.created_seq.0.into(),
            CustomerSort::LastSeen => view.identifiers.iter().map(|i| i.last_seen_at.0).max().unwrap_or(0).into(),
            CustomerSort::NetSpend(currency) => {
                let money = view.identifiers.iter().filter_map(|i| i.rollup.money.get(currency));
                money.fold(Amount::ZERO, |sum, money| sum + money.net()).0
            }
        };
        if said != key.key {
            misplaced.push(id);
        }
    }
    Ok(misplaced)
}
