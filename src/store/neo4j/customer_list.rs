//! Lists of customers: a walk along one index from the cursor on, or a look at the few whom a rare
//! word finds.
//!
//! The server brings those whom a search may find, by its indexes or, on a walk, by parts of words; whether it
//! finds them is said by [`TextSearch`], as in the other store.

use std::sync::Arc;

use futures_util::FutureExt;
use neo4rs::Row;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Inner;
use super::bolt::Params;
use super::rows::{ClaimRow, amount, column};
use super::statement::{Statement, statements};
use super::status;
use super::touchpoints::bounds;
use crate::domain::customer::CustomerId;
use crate::domain::page::Page;
use crate::domain::search::{Part, TextSearch, Word};
use crate::domain::{Amount, Arrival, IdentifierKey};
use crate::store::Result;
use crate::store::amounts::Kept;
use crate::store::query::{CustomerFilter, CustomerList, CustomerSort, CustomerSortKey};

/// A word that more rows hold is common: those are not gathered, but a walk looks for it.
const COMMON: usize = 2_000;
/// The same for a count, which cannot end when a page is full.
const COMMON_TO_COUNT: usize = 50_000;
/// So few are looked at without a thought for what else is asked.
const ENOUGH: usize = 200;
/// How many are looked at in one read.
const LOOK: usize = 200;
/// The most letters of a word that is asked for letter by letter.
const SPELLED: usize = 40;

statements! {
    BY_LAST_SEEN_DOWN = "customers/list_by_last_seen_down"
        ("customers/part_by_last_seen" | "customers/part_filter" | "customers/part_by_last_seen_page");
    BY_LAST_SEEN_UP = "customers/list_by_last_seen_up"
        ("customers/part_by_last_seen" | "customers/part_filter" | "customers/part_by_last_seen_page") reversed;
    BY_CREATED_DOWN = "customers/list_by_created_down"
        ("customers/part_by_created" | "customers/part_filter" | "customers/part_by_created_page");
    BY_CREATED_UP = "customers/list_by_created_up"
        ("customers/part_by_created" | "customers/part_filter" | "customers/part_by_created_page") reversed;
    BY_SPEND_DOWN = "customers/list_by_spend_down"
        ("customers/part_by_spend" | "customers/part_filter" | "customers/part_by_spend_page");
    BY_SPEND_UP = "customers/list_by_spend_up"
        ("customers/part_by_spend" | "customers/part_filter" | "customers/part_by_spend_page") reversed;
    WITHOUT_SPEND_DOWN = "customers/list_without_spend_down"
        ("customers/part_without_spend" | "customers/part_filter" | "customers/part_without_spend_page");
    WITHOUT_SPEND_UP = "customers/list_without_spend_up"
        ("customers/part_without_spend" | "customers/part_filter" | "customers/part_without_spend_page") reversed;
    BY_WORD = "words/list_customers";
    BY_PART = "words/list_customers_by_part";
    FITTING = "customers/list_fitting"
        ("customers/part_fitting" | "customers/part_filter" | "customers/part_fitting_page");
    AMONG = "customers/list_among" ("customers/part_among" | "customers/part_filter" | "customers/part_among_page");
    SEARCHED = "customers/list_searched";
    COUNT = "customers/count" ("customers/part_count" | "customers/part_filter" | "customers/part_count_page");
}

/// A walk along one index, both ways.
struct Walk {
    down: &'static Statement,
    up: &'static Statement,
}

static BY_LAST_SEEN: Walk = Walk { down: &BY_LAST_SEEN_DOWN, up: &BY_LAST_SEEN_UP };
static BY_CREATED: Walk = Walk { down: &BY_CREATED_DOWN, up: &BY_CREATED_UP };
static BY_SPEND: Walk = Walk { down: &BY_SPEND_DOWN, up: &BY_SPEND_UP };
static WITHOUT_SPEND: Walk = Walk { down: &WITHOUT_SPEND_DOWN, up: &WITHOUT_SPEND_UP };

/// The candidates of a search: the id, `last_seen_at` and `born` of each customer.
type Candidates = FxHashMap<Arc<str>, [i64; 2]>;

/// A customer and its place in a list.
type Placed = (CustomerId, CustomerSortKey);

pub(super) async fn list(store: &Inner, asked: &CustomerList) -> Result<Page<Placed>> {
    let search = asked.filter.text.as_ref();
    if let Some(search) = search
        && let Some(few) = few(store, search, COMMON).boxed().await?
    {
        return among(store, asked, search, few).boxed().await;
    }
    let (mut found, mut walked) = (Vec::new(), 0);
    let mut from = asked.clone();
    if search.is_some() {
        // One more than the page shows that more follow, and a few may not fit.
        from.limit = next_piece(0, 0, asked.limit.saturating_add(1));
    }
    loop {
        let page = walk(store, &from).boxed().await?;
        let (more, end) = (page.more, page.items.last().map(|(_, key)| *key));
        walked += page.items.len();
        match search {
            None => found.extend(page.items),
            Some(search) => look(store, search, &page.items, asked.limit, &mut found).boxed().await?,
        }
        if !more || search.is_none() || found.len() > asked.limit {
            let more = more || found.len() > asked.limit;
            found.truncate(asked.limit);
            return Ok(Page { items: found, more });
        }
        from.after = end;
        from.limit = next_piece(walked, found.len(), (asked.limit - found.len()).saturating_add(1));
    }
}

/// How many customers a search walks next: as many as have `wanted` customers that fit, when `found` of those that were
/// `walked` fit, and a fifth more. A short piece is a fast page; when few fit, pieces grow.
fn next_piece(walked: usize, found: usize, wanted: usize) -> usize {
    let expected = match found {
        0 => wanted.max(walked),
        _ => wanted.saturating_mul(walked).div_ceil(found),
    };
    expected.saturating_add(expected / 5 + 2).clamp(1, COMMON)
}

/// A page of those who fit, but for what only a look at each can say.
async fn walk(store: &Inner, asked: &CustomerList) -> Result<Page<Placed>> {
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
    let Some(search) = &filter.text else {
        let rows = store.connections.read(&COUNT, filtered(filter)).await?;
        return rows.first().map_or(Ok(0), |row| column(row, "found"));
    };
    let rows = match few(store, search, COMMON_TO_COUNT).boxed().await? {
        Some(few) => {
            let params = filtered(filter).with_list("ids", few.keys()).with("sort_currency", None::<&str>);
            store.connections.read(&AMONG, params).await?
        }
        None => store.connections.read(&FITTING, filtered(filter)).await?,
    };
    let place = CustomerSortKey { key: 0, created_seq: Arrival(0) };
    let fits = rows.iter().map(|row| Ok((CustomerId(column::<&str>(row, "id")?.into()), place)));
    let mut found = Vec::new();
    look(store, search, &fits.collect::<Result<Vec<_>>>()?, usize::MAX, &mut found).await?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

/// Adds those whom a search finds to `found`, in their order, until there is one more than `limit`.
async fn look(
    store: &Inner,
    search: &TextSearch,
    mut placed: &[Placed],
    limit: usize,
    found: &mut Vec<Placed>,
) -> Result<()> {
    // Of one word most candidates fit, so a page is full after as many; then in longer pieces.
    let several = search.asked.parts.len() > 1;
    let parts = several.then(|| parts(search));
    let mut piece = if several { LOOK } else { next_piece(0, 0, limit.saturating_add(1)).min(LOOK) };
    while found.len() <= limit && !placed.is_empty() {
        let (some, rest) = placed.split_at(piece.min(placed.len()));
        let params = Params::new().with_list("ids", some.iter().map(|(id, _)| &*id.0)).with("parts", parts.clone());
        let rows = store.connections.read(&SEARCHED, params).await?;
        let mut fitting: FxHashSet<&str> = FxHashSet::default();
        for row in &rows {
            if fits(search, row)? {
                fitting.insert(column(row, "id")?);
            }
        }
        found.extend(some.iter().filter(|(id, _)| fitting.contains(&*id.0)).cloned());
        (placed, piece) = (rest, LOOK);
    }
    Ok(())
}

/// Whether a search finds the customer of a row of [`SEARCHED`].
fn fits(search: &TextSearch, row: &Row) -> Result<bool> {
    let keys: Vec<(&str, &str)> = column(row, "keys")?;
    let keys: Vec<IdentifierKey> = keys.into_iter().map(|(kind, value)| IdentifierKey::new(kind, value)).collect();
    let claims = || column::<Vec<ClaimRow<'_>>>(row, "claims")?.into_iter().map(TryInto::try_into).collect();
    search.fits(&keys, claims)
}

/// The customers whom the rarest of what is asked for may find; `None` when all of it is common.
async fn few(store: &Inner, search: &TextSearch, most: usize) -> Result<Option<Candidates>> {
    let mut fewest: Option<Candidates> = None;
    for part in search.asked.rarest_first() {
        if fewest.as_ref().is_some_and(|few| few.len() <= ENOUGH) {
            break;
        }
        let Some(found) = who_may_have(store, part, most).await? else { continue };
        fewest = Some(match fewest {
            None => found,
            Some(few) => few.into_iter().filter(|(id, _)| found.contains_key(id)).collect(),
        });
    }
    Ok(fewest)
}

/// Who may have all words of a part, or its number; `None` when they are too many.
async fn who_may_have(store: &Inner, part: &Part, most: usize) -> Result<Option<Candidates>> {
    let mut fewest: Option<Candidates> = None;
    for word in &part.words {
        let found = with(store, word, most).await?;
        if found.as_ref().is_some_and(|found| fewest.as_ref().is_none_or(|few| found.len() < few.len())) {
            fewest = found;
        }
    }
    let Some(number) = &part.number else { return Ok(fewest) };
    if part.words.is_empty() {
        return with(store, number, most).await;
    }
    let (Some(mut all), Some(called)) = (fewest, with(store, number, most).await?) else { return Ok(None) };
    all.extend(called);
    Ok(Some(all))
}

/// Who may have a word; `None` when they are too many.
async fn with(store: &Inner, word: &Word, most: usize) -> Result<Option<Candidates>> {
    // Each index gathers customers for itself. So the words that a word begins come from one index only: from the index
    // by letters if it is asked.
    let terms = terms(word);
    let of_words = async {
        let params = || Params::new().with("word", terms.join(" OR ")).with("most", most + 1);
        if terms.is_empty() { Ok(Vec::new()) } else { store.connections.read(&BY_WORD, params()).await }
    };
    let by_letters = async {
        let params = || Params::new().with("part", word.text()).with("most", most + 1);
        if word.is_found_inside() { store.connections.read(&BY_PART, params()).await } else { Ok(Vec::new()) }
    };
    let (of_words, by_letters) = tokio::try_join!(of_words, by_letters)?;
    let mut all = Candidates::default();
    for row in of_words.iter().chain(&by_letters) {
        if column::<usize>(row, "hits")? > most {
            return Ok(None);
        }
        for (id, last_seen_at, born) in column::<Vec<(Arc<str>, i64, i64)>>(row, "customers")? {
            all.insert(id, [last_seen_at, born]);
        }
    }
    Ok(Some(all))
}

/// The terms of the full-text query for a word: the words that are like it, and those that it begins unless they are
/// [found inside](Word::is_found_inside). Words are letters and digits, so they need no escapes.
fn terms(word: &Word) -> Vec<String> {
    let (text, letters) = (word.text(), word.letters());
    let mut terms = Vec::new();
    if !word.is_found_inside() {
        terms.push(format!("{text}*"));
    }
    if !word.is_found_alike() {
        return terms;
    }
    // The index looks at no more than fifty words that are like one. Names have not as many; of a number there are
    // more, and none of them is meant.
    if letters.len() > SPELLED || !letters.iter().any(|c| c.is_numeric()) {
        terms.push(format!("{text}~1"));
        return terms;
    }
    let mut spell = |kept: &[&[char]], by: &str| {
        let parts: Vec<String> = kept.iter().map(|part| part.iter().collect()).collect();
        terms.push(parts.join(by));
    };
    for at in 0..=letters.len() {
        spell(&[&letters[..at], &letters[at..]], "?");
        let Some(letter) = letters.get(at).filter(|letter| !letter.is_numeric()) else { continue };
        spell(&[&letters[..at], &letters[at + 1..]], "?");
        spell(&[&letters[..at], &letters[at + 1..]], "");
        if let Some(next) = letters.get(at + 1).filter(|next| !next.is_numeric()) {
            spell(&[&letters[..at], &[*next, *letter], &letters[at + 2..]], "");
        }
    }
    terms
}

/// For a walk: of each word texts of which one is in all that it is found in.
fn parts(search: &TextSearch) -> Vec<Vec<String>> {
    let of = |word: &Word| {
        let (text, letters) = (word.text(), word.letters());
        if !word.is_found_inside() {
            return vec![format!(" {text}")];
        }
        if !word.is_found_alike() {
            return vec![text.to_owned()];
        }
        // The wrong letter is in one half, and the other half begins or ends the word; or the two letters in the middle
        // have changed places.
        let half = letters.len() / 2;
        let mut turned = letters.to_vec();
        turned.swap(half - 1, half);
        let of = |letters: &[char]| -> String { letters.iter().collect() };
        let (begin, end, turned) = (of(&letters[..half]), of(&letters[half..]), of(&turned));
        vec![text.to_owned(), format!(" {begin}"), format!("{end} "), format!(" {turned} ")]
    };
    let mut all = Vec::new();
    for part in &search.asked.parts {
        let number: Vec<String> = part.number.iter().map(|number| number.text().to_owned()).collect();
        match part.words.is_empty() {
            true => all.push(number),
            false => all.extend(part.words.iter().map(|word| [of(word), number.clone()].concat())),
        }
    }
    all
}

/// A page out of few customers.
async fn among(store: &Inner, asked: &CustomerList, search: &TextSearch, few: Candidates) -> Result<Page<Placed>> {
    let place = |key: i64, born: i64| CustomerSortKey { key: key.into(), created_seq: Arrival(born) };
    let more = CustomerFilter { text: None, ..asked.filter.clone() };
    let mut all: Vec<Placed> = match &asked.sort {
        CustomerSort::LastSeen if more == CustomerFilter::default() => {
            few.into_iter().map(|(id, [last_seen_at, born])| (CustomerId(id), place(last_seen_at, born))).collect()
        }
        CustomerSort::Created if more == CustomerFilter::default() => {
            few.into_iter().map(|(id, [_, born])| (CustomerId(id), place(born, born))).collect()
        }
        sort => {
            let (name, currency) = match sort {
                CustomerSort::LastSeen => ("last_seen_at", None),
                CustomerSort::Created => ("born", None),
                CustomerSort::NetSpend(currency) => ("net", Some(&currency.0)),
            };
            let params = filtered(&asked.filter).with_list("ids", few.keys()).with("sort_currency", currency);
            let rows = store.connections.read(&AMONG, params).await?;
            rows.iter().map(|row| placed(row, name)).collect::<Result<_>>()?
        }
    };
    all.sort_by_key(|(_, key)| *key);
    if asked.descending {
        all.reverse();
    }
    if let Some(after) = asked.after {
        all.retain(|(_, key)| if asked.descending { *key < after } else { *key > after });
    }
    let mut found = Vec::new();
    look(store, search, &all, asked.limit, &mut found).await?;
    Ok(Page::cut(found, asked.limit))
}

fn placed(row: &Row, key: &str) -> Result<Placed> {
    let place = CustomerSortKey { key: amount(row, key)?, created_seq: Arrival(column(row, "born")?) };
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
            .with("place", sign * asked.after.map_or(0, |after| after.created_seq.0))
            .with("sort_currency", currency)
            .with("limit", limit);
        let statement = if asked.descending { self.walk.down } else { self.walk.up };
        let rows = store.connections.read(statement, params).await?;
        rows.iter().map(|row| placed(row, "key")).collect()
    }
}

/// The indexes a list walks, in its order, each from the cursor on.
fn stretches(asked: &CustomerList) -> Vec<Stretch> {
    match &asked.sort {
        CustomerSort::LastSeen => vec![by_key(&BY_LAST_SEEN, asked, WHOLE)],
        CustomerSort::Created => vec![by_born(&BY_CREATED, asked)],
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
                0 if key == Some(0) => by_born(&WITHOUT_SPEND, asked),
                0 => Stretch { walk: &WITHOUT_SPEND, low: Kept::of(WHOLE.0), high: Kept::of(WHOLE.1), edge: None },
                _ => by_key(&BY_SPEND, asked, (WHOLE.0, -1)),
            });
            stretches.collect()
        }
    }
}

/// Every key that an integer holds.
const WHOLE: (i128, i128) = (i64::MIN as i128 + 1, i64::MAX as i128);

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
    let (mut low, mut high) = WHOLE;
    match asked.after {
        Some(after) if asked.descending => high = i128::from(after.created_seq.0) - 1,
        Some(after) => low = i128::from(after.created_seq.0) + 1,
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
        .with("parts", filter.text.as_ref().map(parts))
}

/// Every walk, for those who look at plans.
#[cfg(test)]
pub(super) fn walks() -> impl Iterator<Item = &'static Statement> {
    [&BY_LAST_SEEN, &BY_CREATED, &BY_SPEND, &WITHOUT_SPEND].into_iter().flat_map(|walk| [walk.down, walk.up])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_walk_is_as_long_as_the_page_needs() {
        assert_eq!(next_piece(0, 0, 21), 27, "the first piece");
        assert_eq!(next_piece(27, 20, 1), 4, "one of nearly all who fit is missing");
        assert_eq!(next_piece(27, 1, 20), 650, "one of 27 fits");
        assert_eq!(next_piece(27, 0, 21), 34, "nobody fits: pieces grow");
        assert!(next_piece(100_000, 1, 100) <= COMMON);
        assert_eq!(next_piece(usize::MAX, 1, usize::MAX), COMMON, "no overflow");
    }
}
