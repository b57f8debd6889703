//! Lists of customers: a walk along one index from the cursor on, or a look at the few whom a rare
//! word finds.

use std::sync::LazyLock;

use neo4rs::Row;

use super::Inner;
use super::bolt::Params;
use super::rows::column;
use super::statement::{Statement, part, statement};
use super::status;
use super::touchpoints::bounds;
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::{Amount, Arrival};
use crate::store::Result;
use crate::store::query::{CustomerFilter, CustomerList, CustomerSort, CustomerSortKey};

/// A word that more rows hold is common: those are not gathered, but a walk looks for it.
const COMMON: usize = 1_000;

/// A walk along one index, both ways.
pub(super) struct Walk {
    down: Statement,
    up: Statement,
}

macro_rules! walk {
    ($name:literal, $page:literal) => {
        LazyLock::new(|| Walk {
            down: Statement::of_parts($name, &[part!($name), part!("customer_filter"), part!($page)]),
            up: Statement::reversed($name, &[part!($name), part!("customer_filter"), part!($page)]),
        })
    };
}

static BY_LAST_SEEN: LazyLock<Walk> = walk!("customers_by_last_seen", "customers_by_last_seen_page");
static BY_BIRTH: LazyLock<Walk> = walk!("customers_by_birth", "customers_by_birth_page");
static BY_SPEND: LazyLock<Walk> = walk!("customers_by_spend", "customers_by_spend_page");
static BY_NO_SPEND: LazyLock<Walk> = walk!("customers_by_no_spend", "customers_by_no_spend_page");
static BY_WORD: Statement = statement!("customers_by_word");
static AMONG: LazyLock<Statement> = LazyLock::new(|| {
    let parts = [part!("customers_among"), part!("customer_filter"), part!("customers_among_page")];
    Statement::of_parts("customers_among", &parts)
});
static COUNT: LazyLock<Statement> = LazyLock::new(|| {
    let parts = [part!("count_customers"), part!("customer_filter"), part!("count_customers_page")];
    Statement::of_parts("count_customers", &parts)
});

/// A customer and its place in a list.
type Placed = (CustomerId, CustomerSortKey);

pub(super) async fn list(store: &Inner, asked: &CustomerList) -> Result<Page<Placed>> {
    if let Some(few) = few(store, &asked.filter.words).await? {
        return among(store, asked, &few).await;
    }
    let mut found = Vec::new();
    for stretch in stretches(asked) {
        let wanted = asked.limit.saturating_add(1) - found.len();
        found.extend(stretch.read(store, asked, wanted).await?);
        if found.len() > asked.limit {
            break;
        }
    }
    Ok(Page::cut(found, asked.limit))
}

pub(super) async fn count(store: &Inner, filter: &CustomerFilter) -> Result<i64> {
    if *filter == CustomerFilter::default() {
        return Ok(status::fetch(store).await?.customers);
    }
    if let Some(few) = few(store, &filter.words).await? {
        let params = filtered(filter).with("ids", few).with("sort_currency", None::<&str>);
        let rows = store.connections.read(&AMONG, params).await?;
        return Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    }
    let rows = store.connections.read(&COUNT, filtered(filter)).await?;
    rows.first().map_or(Ok(0), |row| column(row, "found"))
}

/// The customers whom the rarest of the words finds; `None` without words, or when all are common.
async fn few(store: &Inner, words: &[String]) -> Result<Option<Vec<String>>> {
    let mut fewest: Option<(usize, Vec<String>)> = None;
    for word in words {
        // Words are letters and digits, so nothing in them means something to the query's syntax.
        let params = Params::new().with("word", format!("{word}*")).with("most", COMMON + 1);
        for row in &store.connections.read(&BY_WORD, params).await? {
            let hits: usize = column(row, "hits")?;
            if hits <= COMMON && fewest.as_ref().is_none_or(|(least, _)| hits < *least) {
                fewest = Some((hits, column(row, "customers")?));
            }
        }
    }
    Ok(fewest.map(|(_, customers)| customers))
}

/// A page out of few customers.
async fn among(store: &Inner, asked: &CustomerList, few: &[String]) -> Result<Page<Placed>> {
    let currency = match &asked.sort {
        CustomerSort::NetSpend(currency) => Some(&currency.0),
        _ => None,
    };
    let params = filtered(&asked.filter).with("ids", few).with("sort_currency", currency);
    let rows = store.connections.read(&AMONG, params).await?;
    let name = match asked.sort {
        CustomerSort::LastSeen => "last_seen_at",
        CustomerSort::Created => "born",
        CustomerSort::NetSpend(_) => "net",
    };
    let mut found = rows.iter().map(|row| placed(row, name)).collect::<Result<Vec<Placed>>>()?;
    found.sort_by_key(|(_, key)| *key);
    if asked.descending {
        found.reverse();
    }
    if let Some(after) = asked.after {
        found.retain(|(_, key)| if asked.descending { *key < after } else { *key > after });
    }
    Ok(Page::cut(found, asked.limit))
}

fn placed(row: &Row, key: &str) -> Result<Placed> {
    let place = CustomerSortKey { key: column(row, key)?, born: Arrival(column(row, "born")?) };
    Ok((CustomerId(column::<&str>(row, "id")?.into()), place))
}

/// A part of a list that lies on one index.
struct Stretch {
    walk: &'static Walk,
    /// Bounds of the key, inclusive.
    low: i64,
    high: i64,
    /// The cursor's key, at which only what lies behind its `born` follows.
    edge: i64,
}

impl Stretch {
    async fn read(&self, store: &Inner, asked: &CustomerList, limit: usize) -> Result<Vec<Placed>> {
        let sign = if asked.descending { -1 } else { 1 };
        let currency = match &asked.sort {
            CustomerSort::NetSpend(currency) => Some(&currency.0),
            _ => None,
        };
        let params = filtered(&asked.filter)
            .with("low", self.low)
            .with("high", self.high)
            .with("edge", self.edge)
            .with("sign", sign)
            .with("place", sign * asked.after.map_or(0, |after| after.born.0))
            .with("sort_currency", currency)
            .with("limit", limit);
        let statement = if asked.descending { &self.walk.down } else { &self.walk.up };
        let rows = store.connections.read(statement, params).await?;
        rows.iter().map(|row| placed(row, "key")).collect()
    }
}

/// The indexes a list walks, in its order, each from the cursor on.
fn stretches(asked: &CustomerList) -> Vec<Stretch> {
    let all = (i64::MIN + 1, i64::MAX);
    match &asked.sort {
        CustomerSort::LastSeen => vec![by_key(&BY_LAST_SEEN, asked, all)],
        CustomerSort::Created => vec![by_born(&BY_BIRTH, asked)],
        CustomerSort::NetSpend(_) => {
            // Who never bought has no node to walk along, so 0 is a stretch of its own.
            let key = asked.after.map(|after| after.key.signum());
            let mut signs = [1, 0, -1];
            if !asked.descending {
                signs.reverse();
            }
            let first = signs.iter().position(|sign| Some(*sign) == key).unwrap_or(0);
            let stretches = signs[first..].iter().map(|sign| match sign {
                1 => by_key(&BY_SPEND, asked, (1, i64::MAX)),
                0 if key == Some(0) => by_born(&BY_NO_SPEND, asked),
                0 => Stretch { walk: &BY_NO_SPEND, low: all.0, high: all.1, edge: i64::MIN },
                _ => by_key(&BY_SPEND, asked, (i64::MIN + 1, -1)),
            });
            stretches.collect()
        }
    }
}

/// By a key that others can share; at the cursor's key `born` decides.
fn by_key(walk: &'static Walk, asked: &CustomerList, (low, high): (i64, i64)) -> Stretch {
    match asked.after.map(|after| after.key).filter(|key| (low..=high).contains(key)) {
        Some(edge) if asked.descending => Stretch { walk, low, high: edge, edge },
        Some(edge) => Stretch { walk, low: edge, high, edge },
        None => Stretch { walk, low, high, edge: i64::MIN },
    }
}

/// By `born` alone, which nobody shares.
fn by_born(walk: &'static Walk, asked: &CustomerList) -> Stretch {
    let (mut low, mut high) = (i64::MIN + 1, i64::MAX);
    match asked.after {
        Some(after) if asked.descending => high = after.born.0 - 1,
        Some(after) => low = after.born.0 + 1,
        None => {}
    }
    Stretch { walk, low, high, edge: i64::MIN }
}

fn filtered(filter: &CustomerFilter) -> Params {
    let (first_since, first_until) = bounds(filter.first_seen_since, filter.first_seen_until);
    let (last_since, last_until) = bounds(filter.last_seen_since, filter.last_seen_until);
    let within = |(low, high): (Option<Amount>, Option<Amount>)| {
        (low.map_or(i64::MIN + 1, |a| a.0), high.map_or(i64::MAX, |a| a.0))
    };
    let spend = filter.spend.as_ref();
    let (net_min, net_max) = within(spend.map_or((None, None), |s| s.net));
    let (gross_min, gross_max) = within(spend.map_or((None, None), |s| s.gross));
    let zero_fits = (net_min..=net_max).contains(&0) && (gross_min..=gross_max).contains(&0);
    // Each word begins a word: a blank before it, as before each word of the text.
    let words: Vec<String> = filter.words.iter().map(|word| format!(" {word}")).collect();
    Params::new()
        .with("first_seen_since", first_since)
        .with("first_seen_until", first_until)
        .with("last_seen_since", last_since)
        .with("last_seen_until", last_until)
        .with("orders_min", filter.order_count.0.unwrap_or(i64::MIN + 1))
        .with("orders_max", filter.order_count.1.unwrap_or(i64::MAX))
        .with("channels", (!filter.channels.is_empty()).then(|| filter.channels.clone()))
        .with("currency", spend.map(|s| s.currency.0.clone()))
        .with("net_min", net_min)
        .with("net_max", net_max)
        .with("gross_min", gross_min)
        .with("gross_max", gross_max)
        .with("zero_fits", zero_fits)
        .with("words", (!words.is_empty()).then_some(words))
}

/// Every walk, for those who look at plans.
#[cfg(test)]
pub(super) fn walks() -> impl Iterator<Item = &'static Statement> {
    [&BY_LAST_SEEN, &BY_BIRTH, &BY_SPEND, &BY_NO_SPEND].into_iter().flat_map(|walk| [&walk.down, &walk.up])
}
