//! Lists of customers: filters, sort orders, and paging forwards and backwards.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, InputObject, Object, Value};

use super::Setup;
use super::condition::CustomerCondition;
use super::condition::read as condition;
use super::customer::Customer;
use super::customer_parts::{self, CustomerParts};
use super::error::{bad_argument, store_error};
use super::known_names;
use super::load::{self, CustomerLoad, Total};
use super::page::{Connection, Edge, List, PageInfo, USUAL_PAGE, not_both, read_size};
use super::scalar::{DateTime, Decimal, Long, int};
use super::segment::Segment;
use super::viewer::Viewer;
use crate::domain::page::Page;
use crate::domain::search::{Asked, TextSearch};
use crate::domain::{Arrival, Currency, CustomerId, Moment};
use crate::members::Members;
use crate::segments::Condition;
use crate::store::query::{self, CustomerKey, CustomerList, CustomerSortKey as Place};

/// A filter of customers. All given conditions must hold.
#[derive(InputObject, Clone, Debug, Default)]
pub struct CustomerFilter {
    /// Search words. Each must match an identifier or a shown trait of the customer. A word matches the beginning of a
    /// word there; with three or more letters also the middle of one; with five or more letters also a word that differs
    /// by one letter. Case and diacritics do not matter. A phone number is also found in its national form. The result is
    /// not ranked, so `text` works with the sort keys LAST_SEEN and CREATED only.
    pub text: Option<String>,
    /// Customers that fit this condition.
    pub is: Option<CustomerCondition>,
    /// The time zone of `is`, an IANA name such as Europe/London. Left out: UTC.
    pub time_zone: Option<String>,
    /// Members of one of these saved segments.
    pub segments: Option<Vec<String>>,
    /// Customers with touchpoints on one of these channels.
    pub channels: Option<Vec<String>>,
    /// First seen at this time or later.
    pub first_seen_since: Option<DateTime>,
    /// First seen before this time.
    pub first_seen_until: Option<DateTime>,
    /// Last seen at this time or later.
    pub last_seen_since: Option<DateTime>,
    /// Last seen before this time.
    pub last_seen_until: Option<DateTime>,
    /// The spend in one currency. A customer without orders in it has 0.
    pub spend: Option<SpendFilter>,
    /// The number of orders that are not cancelled.
    pub order_count: Option<IntRange>,
}

/// A range of spend in one currency.
#[derive(InputObject, Clone, Debug)]
pub struct SpendFilter {
    /// The ISO 4217 code of the currency.
    pub currency: String,
    /// Gross less returns.
    pub net: Option<DecimalRange>,
    /// The sum of the orders' totals.
    pub gross: Option<DecimalRange>,
}

/// A range of whole numbers, both ends included.
#[derive(InputObject, Clone, Debug)]
pub struct IntRange {
    /// The smallest value. Left out: no lower end.
    pub min: Option<i32>,
    /// The largest value. Left out: no upper end.
    pub max: Option<i32>,
}

/// A range of decimal numbers, both ends included.
#[derive(InputObject, Clone, Debug)]
pub struct DecimalRange {
    /// The smallest value. Left out: no lower end.
    pub min: Option<Decimal>,
    /// The largest value. Left out: no upper end.
    pub max: Option<Decimal>,
}

/// The order of a list of customers.
#[derive(InputObject, Clone, Debug)]
pub struct CustomerSort {
    /// The sort key.
    #[graphql(default_with = "CustomerSortKey::LastSeen")]
    pub by: CustomerSortKey,
    /// The direction.
    #[graphql(default_with = "SortDirection::Desc")]
    pub direction: SortDirection,
    /// The ISO 4217 code of the currency. Required for NET_SPEND, not allowed otherwise.
    pub currency: Option<String>,
}

/// A sort key of customers.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CustomerSortKey {
    /// The time they were last seen. A customer that is seen while you page may appear twice or not at all.
    LastSeen,
    /// The order in which they were created. Each customer appears exactly once, even when data changes while you page.
    Created,
    /// The net spend in a currency. A customer without orders in it counts as 0.
    NetSpend,
}

/// The direction of a sorted list.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum SortDirection {
    /// The smallest first.
    Asc,
    /// The largest first.
    Desc,
}

/// A page of a list of customers.
pub struct CustomerConnection(Connection<Customer>);

impl From<Connection<Customer>> for CustomerConnection {
    fn from(page: Connection<Customer>) -> Self {
        CustomerConnection(page)
    }
}

/// A page of a list.
#[Object]
impl CustomerConnection {
    /// The items with their cursors.
    async fn edges(&self) -> &[Edge<Customer>] {
        self.0.all_edges()
    }

    /// The items.
    async fn nodes(&self) -> Vec<&Customer> {
        self.0.all_nodes()
    }

    /// The position of the page in its list.
    async fn page_info(&self) -> PageInfo {
        self.0.position()
    }

    /// The length of the whole list. It is counted only when it is selected. Null after an error.
    async fn total_count(&self, ctx: &Context<'_>) -> Option<Result<i32, Error>> {
        Some(Box::pin(self.0.total.count(ctx)).await.map(int))
    }

    /// The number of customers that match and have not granted consent for the purpose of the request. They are not in the
    /// list and not in `totalCount`. 0 without a purpose, and for a purpose that needs no consent. Every customer that
    /// matches is read.
    async fn hidden_by_consent(&self, ctx: &Context<'_>) -> Result<Long, Error> {
        Box::pin(self.0.total.count_hidden(ctx)).await.map(Long)
    }
}

/// The paging arguments.
pub(super) struct Paging {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
}

/// A page of customers.
pub(super) async fn page(
    ctx: &Context<'_>,
    filter: Option<CustomerFilter>,
    sort: Option<CustomerSort>,
    as_of: Option<DateTime>,
    paging: Paging,
) -> Result<CustomerConnection, Error> {
    let (first, after) = (("first", is_given(ctx, "first")?), ("after", paging.after.is_some()));
    let (last, before) = (("last", paging.last.is_some()), ("before", paging.before.is_some()));
    for (one, other) in [(first, last), (after, before), (first, before), (after, last)] {
        not_both(one, other)?;
    }
    let backward = last.1 || before.1;
    let (argument, size) = if backward { ("last", paging.last) } else { ("first", paging.first) };
    let limit = read_size(argument, size.unwrap_or(USUAL_PAGE))?;
    let filter = filter.unwrap_or_default();
    if let Some(channels) = &filter.channels {
        Box::pin(known_names::check_channels(ctx, "filter.channels", channels)).await?;
    }
    let moment = match as_of {
        Some(DateTime(at)) => load::moment(ctx, at).await?,
        None => None,
    };
    let before_all = as_of.is_some() && moment.is_none();
    let members = read_members(ctx, &filter, moment).await?;
    let (members, asked) = members.unzip();
    let filter = read_filter(ctx, filter)?;
    let (sort, descending) = read_sort(sort, &filter)?;
    let place = List::of_store("customers", (&filter, &sort, descending, asked, before_all));
    let after: Option<Place> = place.read(if backward { &paging.before } else { &paging.after }.as_deref())?;
    let began = after.is_some();
    let list = CustomerList { filter: filter.clone(), sort, descending: descending != backward, after, limit };

    let loaders = load::of(ctx);
    let store = &loaders.loader().0;
    let found = match &members {
        _ if before_all => Ok(Page { items: Vec::new(), more: false }),
        Some(members) => Box::pin(members.list(&**store, &list)).await,
        None => store.list_customers(&list).await,
    };
    let found = found.map_err(store_error)?;
    let mut items = read_items(ctx, moment, found.items).await?;
    if backward {
        items.reverse();
    }
    let page = Page { items, more: found.more };
    let total = match members {
        _ if before_all => Total::Known(0),
        Some(members) => Total::Members(members, filter),
        None => Total::Customers(filter),
    };
    let connection = Connection::forward(&place, page, began, total, |(_, place)| *place, |(c, _)| c);
    Ok(if backward { connection.backward() } else { connection }.into())
}

/// A page of the members of a segment, in the order in which they were created. `members` is the question for them.
pub(super) async fn page_of_segment(
    ctx: &Context<'_>,
    segment: &Segment,
    members: Members,
    limit: usize,
    after: Option<&str>,
) -> Result<CustomerConnection, Error> {
    let place = List::of_store("members", (segment.place(), members.as_of.map(|moment| moment.change)));
    let after: Option<Place> = place.read(after)?;
    let found = match segment.stored_page(ctx, after.map(|after| after.created_seq), limit).await? {
        Some(stored) => {
            let place = |born: Arrival| Place { key: born.0.into(), created_seq: born };
            Page { items: stored.items.into_iter().map(|(id, born)| (id, place(born))).collect(), more: stored.more }
        }
        None => {
            let (filter, sort) = (query::CustomerFilter::default(), query::CustomerSort::Created);
            let list = CustomerList { filter, sort, descending: false, after, limit };
            let store = load::of(ctx).loader().0.clone();
            Box::pin(members.list(&*store, &list)).await.map_err(store_error)?
        }
    };
    let page = Page { items: read_items(ctx, members.as_of, found.items).await?, more: found.more };
    let total = Total::Segment(Box::new(segment.clone()));
    let connection =
        Connection::forward(&place, page, after.is_some(), total, |(_, place)| *place, |(customer, _)| customer);
    Ok(connection.into())
}

/// The customers of these ids, with the parts that the query selects.
async fn read_items(
    ctx: &Context<'_>,
    moment: Option<Moment>,
    found: Vec<(CustomerId, Place)>,
) -> Result<Vec<(Customer, Place)>, Error> {
    let (parts, only_id) = (CustomerParts::of_connection(ctx), customer_parts::only_id(&customer_parts::items(ctx)));
    let key_of = |id| CustomerLoad(CustomerKey::Id(id), parts.shape, parts.pages);
    let read = found.iter().filter(|_| !only_id).map(|(id, _)| key_of(id.clone()));
    let views = load::many_as_of(ctx, moment, read).await?;
    // Between the two reads a customer may have been merged into another, which then takes its place.
    let item = |(id, place)| {
        if only_id {
            return Some((Customer::with_only_id(id, moment), place));
        }
        let view = views.get(&key_of(id))?.clone().ok()??;
        Some((Customer::of_parts(view, parts), place))
    };
    Ok(found.into_iter().filter_map(item).collect())
}

/// The question for the customers of a condition, or of a moment, and what its cursors belong to. `None` where the store
/// answers alone.
async fn read_members(
    ctx: &Context<'_>,
    filter: &CustomerFilter,
    moment: Option<Moment>,
) -> Result<Option<(Arc<Members>, String)>, Error> {
    let segments = filter.segments.as_deref().unwrap_or_default();
    if filter.is.is_none() && filter.time_zone.is_none() && moment.is_none() && segments.is_empty() {
        return Ok(None);
    }
    let zone = ("filter.timeZone", filter.time_zone.as_deref());
    let mut members = Box::pin(condition::members(ctx, "filter.is", filter.is.as_ref(), zone, moment)).await?;
    // Not the conditions of the segments: a cursor must not be a check of a definition that is not shown.
    let identity = format!("{} {segments:?}", members.identity());
    if !segments.is_empty() {
        let of_segments = condition::any_segment(ctx, "filter.segments", segments, moment).await?;
        let own = std::mem::replace(&mut members.condition, of_segments);
        members.condition = Condition::All(vec![own, members.condition]);
    }
    let asked = filter.is.is_some() || !segments.is_empty() || moment.is_some();
    Ok(asked.then(|| (Arc::new(members), identity)))
}

/// Whether an argument with a default was given and is not null.
fn is_given(ctx: &Context<'_>, argument: &str) -> Result<bool, Error> {
    let given = ctx.field().arguments().map_err(|error| Error::new(error.message))?;
    Ok(given.iter().any(|(name, value)| name == argument && *value != Value::Null))
}

fn read_sort(sort: Option<CustomerSort>, filter: &query::CustomerFilter) -> Result<(query::CustomerSort, bool), Error> {
    let Some(sort) = sort else { return Ok((query::CustomerSort::LastSeen, true)) };
    let by = match (sort.by, sort.currency) {
        (CustomerSortKey::NetSpend, Some(currency)) => {
            if filter.text.is_some() {
                let hint = "sort by LAST_SEEN or CREATED, or leave `filter.text` out";
                return Err(bad_argument("sort.by", "NET_SPEND cannot be combined with `filter.text`", hint));
            }
            query::CustomerSort::NetSpend(read_currency("sort.currency", &currency)?)
        }
        (CustomerSortKey::NetSpend, None) => {
            return Err(bad_argument("sort.currency", "required for NET_SPEND", "give a currency such as \"GBP\""));
        }
        (_, Some(_)) => {
            return Err(bad_argument("sort.currency", "allowed for NET_SPEND only", "leave it out"));
        }
        (CustomerSortKey::LastSeen, None) => query::CustomerSort::LastSeen,
        (CustomerSortKey::Created, None) => query::CustomerSort::Created,
    };
    Ok((by, sort.direction == SortDirection::Desc))
}

fn read_filter(ctx: &Context<'_>, filter: CustomerFilter) -> Result<query::CustomerFilter, Error> {
    let channels = filter.channels.unwrap_or_default();
    if channels.len() > 100 {
        return Err(bad_argument("filter.channels", format!("{} are too many", channels.len()), "at most 100"));
    }
    let text = filter.text.unwrap_or_default();
    let asked = Asked::read(&text);
    if asked.len() > 10 || text.len() > 1_000 {
        return Err(bad_argument("filter.text", "too long", "at most 10 words and 1,000 characters"));
    }
    if asked.is_empty() && !text.trim().is_empty() {
        return Err(bad_argument("filter.text", "it has no letter or digit", "give a word or a part of one"));
    }
    let shown = || Arc::new(ctx.data_unchecked::<Setup>().traits.clone());
    let masks = || ctx.data_unchecked::<Viewer>().masks.clone();
    let text = (!asked.is_empty()).then(|| TextSearch { asked, shown: shown(), masks: masks() });
    check_range("filter.firstSeenUntil", filter.first_seen_since.map(|t| t.0), filter.first_seen_until.map(|t| t.0))?;
    check_range("filter.lastSeenUntil", filter.last_seen_since.map(|t| t.0), filter.last_seen_until.map(|t| t.0))?;
    let order_count = filter.order_count.map_or((None, None), |r| (r.min.map(i64::from), r.max.map(i64::from)));
    check_range("filter.orderCount.max", order_count.0, order_count.1)?;
    let spend = filter.spend.map(|spend| {
        let range = |range: Option<DecimalRange>| {
            range.map_or((None, None), |r| (r.min.map(|d| d.amount), r.max.map(|d| d.amount)))
        };
        let (net, gross) = (range(spend.net), range(spend.gross));
        check_range("filter.spend.net.max", net.0, net.1)?;
        check_range("filter.spend.gross.max", gross.0, gross.1)?;
        Ok::<_, Error>(query::SpendFilter {
            currency: read_currency("filter.spend.currency", &spend.currency)?,
            net,
            gross,
        })
    });
    Ok(query::CustomerFilter {
        text,
        channels: channels.into_iter().map(Into::into).collect(),
        first_seen_since: filter.first_seen_since.map(|t| t.0),
        first_seen_until: filter.first_seen_until.map(|t| t.0),
        last_seen_since: filter.last_seen_since.map(|t| t.0),
        last_seen_until: filter.last_seen_until.map(|t| t.0),
        order_count,
        spend: spend.transpose()?,
    })
}

/// Checks that the upper end of a range is not below its lower end.
pub(super) fn check_range<T: PartialOrd>(argument: &str, low: Option<T>, high: Option<T>) -> Result<(), Error> {
    match (low, high) {
        (Some(low), Some(high)) if high < low => {
            Err(bad_argument(argument, "the upper end is below the lower end", "give a range that is not empty"))
        }
        _ => Ok(()),
    }
}

/// Reads a currency.
pub(super) fn read_currency(argument: &str, text: &str) -> Result<Currency, Error> {
    text.parse().map_err(|error| bad_argument(argument, error, "three letters, such as \"GBP\""))
}
