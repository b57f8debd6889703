//! Lists of customers by a sort key that is indexed, and counts of them.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::row::{amount, arrival, text};
use super::statement::{Statement, statements};
use crate::domain::customer::CustomerId;
use crate::domain::money::Currency;
use crate::domain::page::Page;
use crate::domain::{Amount, Arrival};
use crate::store::Result;
use crate::store::amounts::Kept;
use crate::store::query::{CustomerFilter, CustomerList, CustomerSort, CustomerSortKey};

statements! {
    BY_LAST_SEEN_DOWN = "customers_by_last_seen" | "customer_filter" | "customers_by_last_seen_down";
    BY_LAST_SEEN_UP = "customers_by_last_seen" | "customer_filter" | "customers_by_last_seen_up";
    BY_BIRTH_DOWN = "customers_by_birth" | "customer_filter" | "customers_by_birth_down";
    BY_BIRTH_UP = "customers_by_birth" | "customer_filter" | "customers_by_birth_up";
    BY_SPEND_DOWN = "customers_by_spend" | "customer_filter" | "customers_by_spend_down";
    BY_SPEND_UP = "customers_by_spend" | "customer_filter" | "customers_by_spend_up";
    WITHOUT_SPEND_DOWN = "customers_without_spend" | "customer_filter" | "customers_by_birth_down";
    WITHOUT_SPEND_UP = "customers_without_spend" | "customer_filter" | "customers_by_birth_up";
    THAT_FITS = "customer_that_fits" | "customer_filter";
    COUNT = "count_customers" | "customer_filter";
    COUNT_ALL = "count_all_customers";
    WITH_WORD = "customers_with_word";
}

/// A word that begins words of more identifiers than this is no anchor: the list is walked instead,
/// and among so many customers that fit a page is soon full.
const FEW: usize = 5_000;

/// An entry of a list.
type Place = (CustomerId, CustomerSortKey);

/// A page of customers.
pub(super) fn list(db: &Connection, list: &CustomerList) -> Result<Page<Place>> {
    if let Some(candidates) = rare(db, &list.filter)? {
        return pick(db, list, &candidates);
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
    let Some(candidates) = rare(db, filter)? else {
        return COUNT.on(db)?.count(params_from_iter(params));
    };
    let mut fits = THAT_FITS.on(db)?;
    let mut sum = 0;
    for born in candidates {
        let row = params.iter().cloned().chain([born.into(), Value::Null]);
        sum += i64::from(fits.first(params_from_iter(row), |_| Ok(()))?.is_some());
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
    let zero = |born| CustomerSortKey { key: 0, born };
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
    let after = after.unwrap_or(CustomerSortKey { key, born: Arrival(edge) });
    let mut params = filter_params(&list.filter)?;
    params.extend([
        Kept::of(after.key).into(),
        after.born.0.into(),
        Value::Integer(list.limit as i64 + 1),
        optional(currency.map(|c| c.0.to_string())),
    ]);
    let mut statement = statement.on(db)?;
    // A statement that is not about money has no place for a currency.
    params.truncate(statement.parameter_count());
    let mut places = Vec::new();
    statement.all(params_from_iter(params), &mut places, place)?;
    Ok(places)
}

/// Where some word of the filter is rare: the customers who have it, who may fit.
fn rare(db: &Connection, filter: &CustomerFilter) -> Result<Option<Vec<i64>>> {
    let mut fewest: Option<Vec<i64>> = None;
    let mut with_word = WITH_WORD.on(db)?;
    for word in &filter.words {
        let most = fewest.as_ref().map_or(FEW, Vec::len);
        let mut customers = Vec::new();
        with_word.all((word, end_of(word), most as i64 + 1), &mut customers, |row| Ok(row.get::<_, i64>(0)?))?;
        if customers.len() <= most {
            fewest = Some(customers);
        }
    }
    Ok(fewest.map(|mut customers| {
        customers.sort_unstable();
        customers.dedup();
        customers
    }))
}

/// The page of those candidates that fit, whatever the sort.
fn pick(db: &Connection, list: &CustomerList, candidates: &[i64]) -> Result<Page<Place>> {
    let currency = match &list.sort {
        CustomerSort::NetSpend(currency) => Some(currency.0.to_string()),
        _ => None,
    };
    let params = filter_params(&list.filter)?;
    let mut fits = THAT_FITS.on(db)?;
    let mut places: Vec<Place> = Vec::new();
    for born in candidates {
        let row = params.iter().cloned().chain([(*born).into(), optional(currency.clone())]);
        places.extend(fits.first(params_from_iter(row), |row| {
            let born = arrival(row, 1)?;
            let key = match list.sort {
                CustomerSort::LastSeen => amount(row, 2)?,
                CustomerSort::Created => born.0.into(),
                CustomerSort::NetSpend(_) => amount(row, 3)?,
            };
            Ok((CustomerId(text(row, 0)?), CustomerSortKey { key, born }))
        })?);
    }
    let ahead = |key: &CustomerSortKey| match list.after {
        Some(after) if list.descending => *key < after,
        Some(after) => *key > after,
        None => true,
    };
    places.retain(|(_, key)| ahead(key));
    places.sort_by(|(_, a), (_, b)| if list.descending { b.cmp(a) } else { a.cmp(b) });
    Ok(Page::cut(places, list.limit))
}

/// The parameters of `customer_filter.sql`, ?1 to ?13.
fn filter_params(filter: &CustomerFilter) -> Result<Vec<Value>> {
    let from = |bound: Option<i64>| Value::Integer(bound.unwrap_or(i64::MIN));
    let to = |bound: Option<i64>| Value::Integer(bound.unwrap_or(i64::MAX));
    let least = |bound: Option<Amount>| Value::from(Kept::of(bound.map_or(i64::MIN.into(), |amount| amount.0)));
    let most = |bound: Option<Amount>| Value::from(bound.map_or_else(Kept::largest, Kept::from));
    let list = |given: bool, json: serde_json::Result<String>| -> Result<Value> {
        Ok(if given { Value::Text(json?) } else { Value::Null })
    };
    let spend = filter.spend.as_ref();
    let words: Vec<(&String, String)> = filter.words.iter().map(|word| (word, end_of(word))).collect();
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
        list(!words.is_empty(), serde_json::to_string(&words))?,
    ])
}

/// Words that begin with `word` lie from it to here: no letter or digit is the last code point.
fn end_of(word: &str) -> String {
    format!("{word}{}", char::MAX)
}

fn optional(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::Text)
}

/// `id, born, key`.
fn place(row: &Row<'_>) -> Result<Place> {
    Ok((CustomerId(text(row, 0)?), CustomerSortKey { key: amount(row, 2)?, born: arrival(row, 1)? }))
}
