//! Lists of customers: a walk along one index from the cursor on, or a look at the few whom a rare
//! word finds.

use std::sync::LazyLock;

use neo4rs::Row;

use super::Inner;
use super::bolt::Params;
use super::rows::{amount, column};
use super::statement::{Statement, part, statement};
use super::status;
use super::touchpoints::bounds;
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::{Amount, Arrival};
use crate::store::Result;
use crate::store::amounts::Kept;
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
    let place = CustomerSortKey { key: amount(row, key)?, born: Arrival(column(row, "born")?) };
    Ok((CustomerId(column::<&str>(row, "id")?.into()), place))
}

/// A part of a list that lies on one index.
struct Stretch {
    walk: &'static Walk,
    /// Bounds of the key, inclusive; both of one form.
    low: Kept,
    high: Kept,
    /// The cursor's key, at which only what lies behind its `born` follows.
    edge: Option<Kept>,
}

impl Stretch {
    async fn read(&self, store: &Inner, asked: &CustomerList, limit: usize) -> Result<Vec<Placed>> {
        let sign = if asked.descending { -1 } else { 1 };
        let currency = match &asked.sort {
            CustomerSort::NetSpend(currency) => Some(&currency.0),
            _ => None,
        };
        let params = filtered(&asked.filter)
            .with("low", &self.low)
            .with("high", &self.high)
            .with("edge", self.edge.as_ref())
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
    match &asked.sort {
        CustomerSort::LastSeen => vec![by_key(&BY_LAST_SEEN, asked, ALL)],
        CustomerSort::Created => vec![by_born(&BY_BIRTH, asked)],
        CustomerSort::NetSpend(_) => {
            // Who never bought has no node to walk along, so 0 is a stretch of its own; and what no integer holds
            // is kept in another form, and so is one too.
            let place = |key: i128| if key > i64::MAX.into() { 2 } else { key.signum() };
            let key = asked.after.map(|after| place(after.key));
            let mut places = [2, 1, 0, -1];
            if !asked.descending {
                places.reverse();
            }
            let first = places.iter().position(|place| Some(*place) == key).unwrap_or(0);
            let stretches = places[first..].iter().map(|place| match place {
                2 => by_key(&BY_SPEND, asked, (i128::from(i64::MAX) + 1, i128::MAX)),
                1 => by_key(&BY_SPEND, asked, (1, i64::MAX.into())),
                0 if key == Some(0) => by_born(&BY_NO_SPEND, asked),
                0 => Stretch { walk: &BY_NO_SPEND, low: Kept::of(ALL.0), high: Kept::of(ALL.1), edge: None },
                _ => by_key(&BY_SPEND, asked, (ALL.0, -1)),
            });
            stretches.collect()
        }
    }
}

/// Every key that an integer holds.
const ALL: (i128, i128) = (i64::MIN as i128 + 1, i64::MAX as i128);

/// By a key that others can share; at the cursor's key `born` decides.
fn by_key(walk: &'static Walk, asked: &CustomerList, (low, high): (i128, i128)) -> Stretch {
    let edge = asked.after.map(|after| after.key).filter(|key| (low..=high).contains(key));
    let (low, high) = match edge {
        Some(edge) if asked.descending => (low, edge),
        Some(edge) => (edge, high),
        None => (low, high),
    };
    Stretch { walk, low: Kept::of(low), high: Kept::of(high), edge: edge.map(Kept::of) }
}

/// By `born` alone, which nobody shares.
fn by_born(walk: &'static Walk, asked: &CustomerList) -> Stretch {
    let (mut low, mut high) = ALL;
    match asked.after {
        Some(after) if asked.descending => high = i128::from(after.born.0) - 1,
        Some(after) => low = i128::from(after.born.0) + 1,
        None => {}
    }
    Stretch { walk, low: Kept::of(low), high: Kept::of(high), edge: None }
}

/// Bounds of money: as integers, and as the texts of what no integer holds. A bound of one form leaves nothing, or
/// all, of the other.
fn money((low, high): (Option<Amount>, Option<Amount>)) -> ([i64; 2], [String; 2]) {
    let (mut whole, mut vast) = ([i64::MIN + 1, i64::MAX], [String::new(), Kept::largest().to_string()]);
    match low.map(Kept::from) {
        Some(Kept::Whole(low)) => whole[0] = low,
        Some(Kept::Vast(low)) => (whole[1], vast[0]) = (i64::MIN, low),
        None => {}
    }
    match high.map(Kept::from) {
        Some(Kept::Whole(high)) => (whole[1], vast[1]) = (high.min(whole[1]), String::new()),
        Some(Kept::Vast(high)) => vast[1] = high,
        None => {}
    }
    (whole, vast)
}

fn filtered(filter: &CustomerFilter) -> Params {
    let (first_since, first_until) = bounds(filter.first_seen_since, filter.first_seen_until);
    let (last_since, last_until) = bounds(filter.last_seen_since, filter.last_seen_until);
    let spend = filter.spend.as_ref();
    let ([net_min, net_max], [vast_net_min, vast_net_max]) = money(spend.map_or((None, None), |s| s.net));
    let ([gross_min, gross_max], [vast_gross_min, vast_gross_max]) = money(spend.map_or((None, None), |s| s.gross));
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
        .with("vast_net_min", vast_net_min)
        .with("vast_net_max", vast_net_max)
        .with("vast_gross_min", vast_gross_min)
        .with("vast_gross_max", vast_gross_max)
        .with("zero_fits", zero_fits)
        .with("words", (!words.is_empty()).then_some(words))
}

/// Every walk, for those who look at plans.
#[cfg(test)]
pub(super) fn walks() -> impl Iterator<Item = &'static Statement> {
    [&BY_LAST_SEEN, &BY_BIRTH, &BY_SPEND, &BY_NO_SPEND].into_iter().flat_map(|walk| [&walk.down, &walk.up])
}
