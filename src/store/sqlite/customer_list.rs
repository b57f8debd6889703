//! Lists of customers by a sort key that is indexed, and counts of them.
//!
//! A search finds customers in one of two ways. Where some of what is asked for is rare, those who may fit are
//! gathered by their words and looked at. Where all of it is common, the list is walked and everybody looked at,
//! and among so many that fit a page is soon full.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::row::{amount, arrival, str, text};
use super::statement::{Prepared, Statement, statements};
use super::{claims, words};
use crate::domain::customer::CustomerId;
use crate::domain::money::Currency;
use crate::domain::page::Page;
use crate::domain::search::{Part, TextSearch, Word};
use crate::domain::{Amount, Arrival, IdentifierId, IdentifierKey};
use crate::store::Result;
use crate::store::amounts::Kept;
use crate::store::query::{CustomerFilter, CustomerList, CustomerSort, CustomerSortKey};

statements! {
    BY_LAST_SEEN_DOWN = "customers/list_by_last_seen_down" ("customers/part_by_last_seen" | "customers/part_filter" | "customers/part_by_last_seen_down");
    BY_LAST_SEEN_UP = "customers/list_by_last_seen_up" ("customers/part_by_last_seen" | "customers/part_filter" | "customers/part_by_last_seen_up");
    BY_BIRTH_DOWN = "customers/list_by_created_down" ("customers/part_by_created" | "customers/part_filter" | "customers/part_by_created_down");
    BY_BIRTH_UP = "customers/list_by_created_up" ("customers/part_by_created" | "customers/part_filter" | "customers/part_by_created_up");
    BY_SPEND_DOWN = "customers/list_by_spend_down" ("customers/part_by_spend" | "customers/part_filter" | "customers/part_by_spend_down");
    BY_SPEND_UP = "customers/list_by_spend_up" ("customers/part_by_spend" | "customers/part_filter" | "customers/part_by_spend_up");
    WITHOUT_SPEND_DOWN = "customers/list_without_spend_down" ("customers/part_without_spend" | "customers/part_filter" | "customers/part_by_created_down");
    WITHOUT_SPEND_UP = "customers/list_without_spend_up" ("customers/part_without_spend" | "customers/part_filter" | "customers/part_by_created_up");
    THAT_FITS = "customers/fetch_fitting" ("customers/part_fitting" | "customers/part_filter");
    COUNT = "customers/count" ("customers/part_count" | "customers/part_filter");
    COUNT_ALL = "customers/count_all";
    BIRTHS = "customers/scan_created" ("customers/part_created" | "customers/part_filter");
    KEYS_OF_CUSTOMER = "identifiers/list_keys_of_customer";
}

/// What more words or customers have than this is common.
const FEW: usize = 5_000;
/// The same for a count, which cannot end when a page is full.
const FEW_TO_COUNT: usize = 50_000;
/// So few are looked at without a thought for what else is asked.
const ENOUGH: usize = 200;

/// An entry of a list.
type Place = (CustomerId, CustomerSortKey);

/// A page of customers.
pub(super) fn list(db: &Connection, list: &CustomerList) -> Result<Page<Place>> {
    if let Some(search) = &list.filter.text
        && let Some(candidates) = rare(db, search, FEW)?
    {
        return pick(db, list, search, candidates);
    }
    let places = match (&list.sort, list.descending) {
        (CustomerSort::LastSeen, true) => walk(db, &BY_LAST_SEEN_DOWN, list, list.after, None)?,
        (CustomerSort::LastSeen, false) => walk(db, &BY_LAST_SEEN_UP, list, list.after, None)?,
        (CustomerSort::Created, true) => walk(db, &BY_BIRTH_DOWN, list, list.after, None)?,
        (CustomerSort::Created, false) => walk(db, &BY_BIRTH_UP, list, list.after, None)?,
        (CustomerSort::NetSpend(currency), _) => by_spend(db, list, currency)?,
    };
    Ok(Page::cut(places, list.limit))
}

/// How many customers fit.
pub(super) fn count(db: &Connection, filter: &CustomerFilter) -> Result<i64> {
    if *filter == CustomerFilter::default() {
        return COUNT_ALL.on(db)?.count([]);
    }
    let params = filter_params(filter)?;
    let Some(search) = &filter.text else {
        return COUNT.on(db)?.count(params_from_iter(params));
    };
    let mut looker = Looker::new(db, search)?;
    let mut sum = 0;
    if let Some(candidates) = rare(db, search, FEW_TO_COUNT)? {
        let mut fits = THAT_FITS.on(db)?;
        for born in candidates {
            let row = params.iter().cloned().chain([born.into(), Value::Null]);
            let other = fits.first(params_from_iter(row), |_| Ok(()))?.is_some();
            sum += i64::from(other && looker.fits(born)?);
        }
        return Ok(sum);
    }
    let mut statement = BIRTHS.on(db)?;
    let mut rows = statement.query(params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        sum += i64::from(looker.fits(row.get(0)?)?);
    }
    Ok(sum)
}

/// Those with money in the currency stand in its index by how much; all others stand at 0, in order
/// of birth. Two sorted lists, merged; the second is read only where the first comes to 0.
fn by_spend(db: &Connection, list: &CustomerList, currency: &Currency) -> Result<Vec<Place>> {
    let (spend, without) = match list.descending {
        true => (&BY_SPEND_DOWN, &WITHOUT_SPEND_DOWN),
        false => (&BY_SPEND_UP, &WITHOUT_SPEND_UP),
    };
    let ahead = |a: CustomerSortKey, b: CustomerSortKey| if list.descending { a > b } else { a < b };
    let mut places = walk(db, spend, list, list.after, Some(currency))?;
    let zero = |born| CustomerSortKey { key: 0, created_seq: born };
    let (first_zero, last_zero) = match list.descending {
        true => (zero(Arrival(i64::MAX)), zero(Arrival(i64::MIN))),
        false => (zero(Arrival(i64::MIN)), zero(Arrival(i64::MAX))),
    };
    let begun_past = list.after.is_some_and(|after| ahead(last_zero, after));
    let full_before = places.len() > list.limit && places.last().is_some_and(|(_, key)| ahead(*key, first_zero));
    if begun_past || full_before {
        return Ok(places);
    }
    let begin = list.after.filter(|after| after.key == 0).unwrap_or(first_zero);
    places.append(&mut walk(db, without, list, Some(begin), Some(currency))?);
    places.sort_by(|(_, a), (_, b)| if list.descending { b.cmp(a) } else { a.cmp(b) });
    Ok(places)
}

/// Walks an index from a place on until a page and one more are found.
fn walk(
    db: &Connection,
    statement: &Statement,
    list: &CustomerList,
    after: Option<CustomerSortKey>,
    currency: Option<&Currency>,
) -> Result<Vec<Place>> {
    let edge = if list.descending { i64::MAX } else { i64::MIN };
    // Only sums of money go beyond 64 bits.
    let key = if list.descending && currency.is_some() { i128::MAX } else { edge.into() };
    let after = after.unwrap_or(CustomerSortKey { key, created_seq: Arrival(edge) });
    let mut params = filter_params(&list.filter)?;
    params.extend([
        Kept::of(after.key).into(),
        after.created_seq.0.into(),
        // What is looked for is only known of those that were looked at.
        Value::Integer(if list.filter.text.is_some() { -1 } else { list.limit as i64 + 1 }),
        optional(currency.map(|c| c.0.to_string())),
    ]);
    let mut statement = statement.on(db)?;
    // A statement that is not about money has no place for a currency.
    params.truncate(statement.parameter_count());
    let mut looker = list.filter.text.as_ref().map(|search| Looker::new(db, search)).transpose()?;
    let mut places = Vec::new();
    let mut rows = statement.query(params_from_iter(params))?;
    while let Some(row) = rows.next()?.filter(|_| places.len() <= list.limit) {
        let (id, key) = place(row)?;
        let fits = looker.as_mut().map_or(Ok(true), |looker| looker.fits(key.created_seq.0))?;
        places.extend(fits.then_some((id, key)));
    }
    Ok(places)
}

/// Where some of what is asked for is rare: the customers who may fit.
fn rare(db: &Connection, search: &TextSearch, most: usize) -> Result<Option<Vec<i64>>> {
    let mut fewest: Option<Vec<i64>> = None;
    for part in search.asked.rarest_first() {
        if fewest.as_ref().is_some_and(|few| few.len() <= ENOUGH) {
            break;
        }
        let Some(found) = who_may_have(db, part, most)? else { continue };
        fewest = Some(match fewest {
            None => found,
            Some(few) => few.into_iter().filter(|born| found.binary_search(born).is_ok()).collect(),
        });
    }
    Ok(fewest)
}

/// Who may have all words of a part, or its number; `None` when they are too many.
fn who_may_have(db: &Connection, part: &Part, most: usize) -> Result<Option<Vec<i64>>> {
    let mut fewest: Option<Vec<i64>> = None;
    let with = |word: &Word| -> Result<Option<Vec<i64>>> {
        match words::found_in(db, word, most)? {
            Some(found) => words::customers_with(db, &found, most),
            None => Ok(None),
        }
    };
    for word in &part.words {
        let found = with(word)?;
        if found.as_ref().is_some_and(|found| fewest.as_ref().is_none_or(|few| found.len() < few.len())) {
            fewest = found;
        }
    }
    let Some(number) = &part.number else { return Ok(fewest) };
    if part.words.is_empty() {
        return with(number);
    }
    let (Some(mut all), Some(called)) = (fewest, with(number)?) else { return Ok(None) };
    all.extend(called);
    all.sort_unstable();
    all.dedup();
    Ok(Some(all))
}

/// Looks at customers, whether a search finds them.
struct Looker<'c> {
    db: &'c Connection,
    search: &'c TextSearch,
    keys: Prepared<'c>,
}

impl<'c> Looker<'c> {
    fn new(db: &'c Connection, search: &'c TextSearch) -> Result<Self> {
        Ok(Looker { db, search, keys: KEYS_OF_CUSTOMER.on(db)? })
    }

    fn fits(&mut self, born: i64) -> Result<bool> {
        let mut held: Vec<(IdentifierId, IdentifierKey)> = Vec::new();
        self.keys.all([born], &mut held, |row| {
            Ok((arrival(row, 0)?, IdentifierKey { kind: str(row, 1)?.into(), value: str(row, 2)?.into() }))
        })?;
        let claims = || {
            let mut found = Vec::new();
            claims::read(self.db, held.iter().map(|(id, _)| *id), None, &mut found)?;
            Ok(found)
        };
        self.search.fits(held.iter().map(|(_, key)| key), claims)
    }
}

/// The page of those candidates that fit, whatever the sort.
fn pick(db: &Connection, list: &CustomerList, search: &TextSearch, candidates: Vec<i64>) -> Result<Page<Place>> {
    let currency = match &list.sort {
        CustomerSort::NetSpend(currency) => Some(currency.0.to_string()),
        _ => None,
    };
    let params = filter_params(&list.filter)?;
    let mut fits = THAT_FITS.on(db)?;
    let mut places: Vec<Place> = Vec::new();
    for born in candidates {
        let row = params.iter().cloned().chain([born.into(), optional(currency.clone())]);
        places.extend(fits.first(params_from_iter(row), |row| {
            let born = arrival(row, 1)?;
            let key = match list.sort {
                CustomerSort::LastSeen => amount(row, 2)?,
                CustomerSort::Created => born.0.into(),
                CustomerSort::NetSpend(_) => amount(row, 3)?,
            };
            Ok((CustomerId(text(row, 0)?), CustomerSortKey { key, created_seq: born }))
        })?);
    }
    let ahead = |key: &CustomerSortKey| match list.after {
        Some(after) if list.descending => *key < after,
        Some(after) => *key > after,
        None => true,
    };
    places.retain(|(_, key)| ahead(key));
    places.sort_by(|(_, a), (_, b)| if list.descending { b.cmp(a) } else { a.cmp(b) });
    let mut looker = Looker::new(db, search)?;
    let mut found = Vec::new();
    for (id, key) in places {
        if found.len() > list.limit {
            break;
        }
        if looker.fits(key.created_seq.0)? {
            found.push((id, key));
        }
    }
    Ok(Page::cut(found, list.limit))
}

/// The parameters of `customers/part_filter.sql`, ?1 to ?12.
fn filter_params(filter: &CustomerFilter) -> Result<Vec<Value>> {
    let from = |bound: Option<i64>| Value::Integer(bound.unwrap_or(i64::MIN));
    let to = |bound: Option<i64>| Value::Integer(bound.unwrap_or(i64::MAX));
    let least = |bound: Option<Amount>| Value::from(Kept::of(bound.map_or(i64::MIN.into(), |amount| amount.0)));
    let most = |bound: Option<Amount>| Value::from(bound.map_or_else(Kept::largest, Kept::from));
    let list = |given: bool, json: serde_json::Result<String>| -> Result<Value> {
        Ok(if given { Value::Text(json?) } else { Value::Null })
    };
    let spend = filter.spend.as_ref();
    Ok(vec![
        from(filter.first_seen_since.map(|t| t.0)),
        to(filter.first_seen_until.map(|t| t.0)),
        from(filter.last_seen_since.map(|t| t.0)),
        to(filter.last_seen_until.map(|t| t.0)),
        from(filter.order_count.0),
        to(filter.order_count.1),
        list(!filter.channels.is_empty(), serde_json::to_string(&filter.channels))?,
        optional(spend.map(|s| s.currency.0.to_string())),
        least(spend.and_then(|s| s.net.0)),
        most(spend.and_then(|s| s.net.1)),
        least(spend.and_then(|s| s.gross.0)),
        most(spend.and_then(|s| s.gross.1)),
    ])
}

fn optional(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::Text)
}

/// `id, born, key`.
fn place(row: &Row<'_>) -> Result<Place> {
    Ok((CustomerId(text(row, 0)?), CustomerSortKey { key: amount(row, 2)?, created_seq: arrival(row, 1)? }))
}
