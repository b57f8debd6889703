//! The change log: what happened to identities and histories, past and live.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Context, Enum, Error, ID, Object, Subscription};
use futures_util::Stream;

use super::Setup;
use super::consent::Consent;
use super::customer::Customer;
use super::error::{Code, coded, store_error};
use super::execute::Begun;
use super::id::{ChangeCursor, NodeId};
use super::identifier::Identifier;
use super::load::{self, ConsentName, Total};
use super::order::Order;
use super::page::{Connection, List, read_first};
use super::scalar::DateTime;
use super::touchpoint::Touchpoint;
use crate::changes::feed::{ChangeReader, Feed};
use crate::changes::filter::ChangeFilter;
use crate::domain::change::ChangePlace;
use crate::domain::change_details::ChangeDetails;
use crate::domain::customer::CustomerId;
use crate::domain::{Arrival, change, change_details};
use crate::store::Store;
use crate::store::query::IdentifierRef;

/// Something that happened.
pub struct Change {
    row: Arc<change::Change>,
    details: ChangeDetails,
}

/// What happened.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "change_details::ChangeKind")]
pub enum ChangeKind {
    /// A customer was created.
    CustomerCreated,
    /// Identifiers joined a customer.
    IdentifierLinked,
    /// Customers became one: `customerId` is the one that stays, `otherCustomerIds` were absorbed.
    CustomersMerged,
    /// A customer was split: `customerId` is the one that keeps its id, `otherCustomerIds` names the other.
    CustomerSplit,
    /// A person said that customers are not the same.
    CustomersKeptApart,
    /// A customer was erased.
    CustomerErased,
    /// An identifier turned out to be shared by several people, and binds nobody from then on.
    IdentifierShared,
    /// A touchpoint was stored.
    TouchpointRecorded,
    /// An order was placed or changed.
    OrderRecorded,
    /// A consent was given, denied or withdrawn.
    ConsentChanged,
    /// A customer came into a segment.
    SegmentEntered,
    /// A customer left a segment.
    SegmentLeft,
    /// The rules of who is who were saved.
    RulesSaved,
}

/// Something that happened to identities or histories. Objects are as of now, ids as of the change.
#[Object]
impl Change {
    /// Its place in the log: give it as `after` to go on behind it. Opaque, good after a restart and on
    /// every server of the store.
    async fn cursor(&self) -> String {
        ChangeCursor(self.row.place).encode()
    }

    /// When it was stored.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// What happened.
    async fn kind(&self) -> ChangeKind {
        self.details.kind.into()
    }

    /// Whose it was then. Null when it is about nobody, or when nobody was bound.
    async fn customer_id(&self) -> Option<ID> {
        self.details.customer.clone().map(|id| NodeId::Customer(id).encode())
    }

    /// The customer that `customerId` stands for now. Null when there is none.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        let id = self.details.customer.clone()?;
        self.visible(ctx, async || Customer::of_id(ctx, id.clone()).await).await.transpose()
    }

    /// Ids of other customers it is about: those that were absorbed, or split off, or kept apart.
    async fn other_customer_ids(&self) -> Vec<ID> {
        self.details.others.iter().map(|id| NodeId::Customer(id.clone()).encode()).collect()
    }

    /// The touchpoint that was stored. Null for other kinds.
    async fn touchpoint(&self, ctx: &Context<'_>) -> Option<Result<Touchpoint, Error>> {
        let message = self.details.touchpoint.clone()?;
        self.visible(ctx, async || Touchpoint::fetch(ctx, message.clone()).await).await.transpose()
    }

    /// The order that was placed or changed. Null for other kinds.
    async fn order(&self, ctx: &Context<'_>) -> Option<Result<Order, Error>> {
        let key = self.details.order.clone()?;
        self.visible(ctx, async || Order::fetch_at(ctx, None, key.clone()).await).await.transpose()
    }

    /// The consent that was given, denied or withdrawn, as it was decided. Null for other kinds.
    async fn consent(&self, ctx: &Context<'_>) -> Option<Result<Consent, Error>> {
        let name = ConsentName(Arrival::new(self.row.place.seq, self.details.consent?));
        let fetch = async || Ok(load::one(ctx, name).await?.map(Consent::of_log));
        self.visible(ctx, fetch).await.transpose()
    }

    /// The identifiers it is about.
    async fn identifiers(&self, ctx: &Context<'_>) -> Result<Vec<Identifier>, Error> {
        let all = self.details.identifiers.len();
        let fetch = async || {
            let found = Identifier::of_ids(ctx, &self.details.identifiers).await?;
            Ok((found.len() == all).then_some(found))
        };
        match self.visible(ctx, fetch).await? {
            Some(found) => Ok(found),
            None => Identifier::of_ids(ctx, &self.details.identifiers).await,
        }
    }

    /// The message that brought it; null when a person or the program itself did it.
    async fn message_id(&self) -> Option<&str> {
        self.details.message.as_deref()
    }

    /// The rule that decided: of identifiers that joined and customers that became one by an event, the
    /// weakest kind that held them together. Null when none did.
    async fn rule(&self, ctx: &Context<'_>) -> Option<Result<Arc<str>, Error>> {
        use change_details::ChangeKind::{CustomersMerged, IdentifierLinked};
        if let Some(rule) = &self.details.rule {
            return Some(Ok(rule.clone()));
        }
        let by_event =
            self.details.message.is_some() && matches!(self.details.kind, IdentifierLinked | CustomersMerged);
        let weakest = self.details.identifiers.last().filter(|_| by_event)?;
        let found = load::one(ctx, IdentifierRef::Id(*weakest)).await.transpose()?;
        Some(found.map(|identifier| identifier.key.kind))
    }

    /// Why, in words, when a person or a rule said so.
    async fn reason(&self) -> Option<&str> {
        self.details.reason.as_deref()
    }
}

/// How old a change is when what it names must be everywhere.
const SETTLED: i64 = 60_000;
/// How often, and how far apart, something is looked for that a fresh change names.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

impl Change {
    fn new(row: Arc<change::Change>) -> Self {
        Change { details: row.details(), row }
    }

    /// What a fresh change names is there, though perhaps not yet on the machine that was asked: it is
    /// looked for again, and is null only when it stays away.
    async fn visible<T, F>(&self, ctx: &Context<'_>, fetch: impl Fn() -> F) -> Result<Option<T>, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let mut looks = 1;
        loop {
            let found = fetch().await?;
            let fresh = ctx.data_unchecked::<Setup>().now().0 - self.row.at.0 < SETTLED;
            if found.is_some() || !fresh || looks == LOOKS {
                return Ok(found);
            }
            looks += 1;
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

/// The most changes that one page of a filtered list looks at, and the longest it looks.
const MOST_LOOKED_AT: usize = 200_000;
const LONGEST_LOOK: Duration = Duration::from_secs(3);
/// How many it looks at in one read.
const PIECE: usize = 2_000;

/// A page of the log, oldest first.
pub(super) async fn page(
    ctx: &Context<'_>,
    after: Option<String>,
    first: Option<i32>,
    kinds: Option<Vec<ChangeKind>>,
    customer: Option<ID>,
) -> Result<Connection<Change>, Error> {
    let first = read_first(first)?;
    let feed = ctx.data_unchecked::<Arc<Feed>>();
    let begin = read_place(feed, after.as_deref()).await?.unwrap_or(ChangePlace::BEGINNING);
    let store = &load::of(ctx).loader().0;
    let asked = Asked::read(kinds, customer)?;
    let mut filter = asked.filter(&**store, begin).await?;

    let began = Instant::now();
    let (mut found, mut place, mut looked_at, mut ended) = (Vec::new(), begin, 0, false);
    let piece = if filter.is_all() { first + 1 } else { PIECE };
    while found.len() <= first && !ended {
        let run = store.changes(place, piece).await.map_err(store_error)?;
        ended = run.upto == place;
        looked_at += run.changes.len();
        let mut fits = run.changes.into_iter().filter(|change| filter.accepts(change));
        found.extend(fits.by_ref().take(first + 1 - found.len()));
        place = run.upto;
        if looked_at >= MOST_LOOKED_AT || began.elapsed() >= LONGEST_LOOK {
            break;
        }
    }
    let more = found.len() > first || !ended;
    // A page that is not full was looked through to here, so the next one need not look again.
    let reached = (found.len() < first && (!filter.is_all() || found.is_empty())).then_some(place);
    found.truncate(first);
    let page = crate::domain::page::Page { items: found, more };
    let total = Total::Changes(asked);
    let (place, node) = (|row: &change::Change| ChangeCursor(row.place), |row: change::Change| Change::new(row.into()));
    let connection = Connection::forward(&List::log(), page, after.is_some(), total, place, node);
    Ok(connection.reaching(reached.map(|place| ChangeCursor(place).encode())))
}

/// Whose changes are asked for, and which.
#[derive(Clone, Debug)]
pub struct Asked {
    kinds: Vec<change_details::ChangeKind>,
    customer: Option<CustomerId>,
}

impl Asked {
    fn read(kinds: Option<Vec<ChangeKind>>, customer: Option<ID>) -> Result<Self, Error> {
        let customer = customer.map(|id| NodeId::read_customer(&id)).transpose()?;
        Ok(Asked { kinds: kinds.unwrap_or_default().into_iter().map(Into::into).collect(), customer })
    }

    async fn filter(&self, store: &dyn Store, after: ChangePlace) -> Result<ChangeFilter, Error> {
        let filter = ChangeFilter::new(store, self.kinds.clone(), self.customer.clone(), after).await;
        filter
            .map_err(store_error)?
            .ok_or_else(|| coded(Code::BadId, "customer: no customer of this store ever had that id"))
    }

    /// How many there are in the whole log: all of it is read for that.
    pub(super) async fn count(&self, store: &dyn Store) -> Result<i64, Error> {
        let mut place = ChangePlace::BEGINNING;
        let mut filter = self.filter(store, place).await?;
        let mut count = 0;
        loop {
            let run = store.changes(place, 10 * PIECE).await.map_err(store_error)?;
            if run.upto == place {
                return Ok(count);
            }
            count += run.changes.iter().filter(|change| filter.accepts(change)).count() as i64;
            place = run.upto;
        }
    }
}

/// `after` as a place that exists.
async fn read_place(feed: &Feed, after: Option<&str>) -> Result<Option<ChangePlace>, Error> {
    let Some(after) = after else { return Ok(None) };
    let ChangeCursor(place) = ChangeCursor::decode(after)?;
    match feed.is_place(place).await.map_err(store_error)? {
        true => Ok(Some(place)),
        false => Err(coded(Code::BadCursor, "the change log has no such place: send a cursor that an answer gave you")),
    }
}

/// What can be followed.
pub struct Changes;

/// What can be followed, by WebSocket or by server-sent events.
#[Subscription(name = "Subscription")]
impl Changes {
    /// What happens to identities and histories from `after` on, in order, nothing skipped and nothing
    /// twice; without `after`, from now on.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Behind this place: the `cursor` of a change, or the `change` of a payload or of `status`.")]
        after: Option<String>,
        #[graphql(desc = "Only these kinds.")] kinds: Option<Vec<ChangeKind>>,
        #[graphql(desc = "Only what is about the customer that this id stands for at that place of the log. The id \
                          of a customer that was merged away is followed into the one it became.")]
        customer: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Change, Error>>, Error> {
        let feed = ctx.data_unchecked::<Arc<Feed>>();
        let loaders = load::of(ctx);
        // A subscription outlives what a request's loader remembers.
        loaders.enable_all_cache(false);
        let asked = Asked::read(kinds, customer)?;
        let begin = match read_place(feed, after.as_deref()).await? {
            Some(place) => place,
            None => feed.now().await.map_err(store_error)?,
        };
        let filter = asked.filter(&*loaders.loader().0, begin).await?;
        let reader = feed.follow(begin);
        if let Some(begun) = ctx.data_opt::<Begun>() {
            begun.say();
        }
        Ok(futures_util::stream::unfold(Some((reader, filter)), follow))
    }
}

/// The next change that is filter; a fault of the store that will not pass ends the stream.
async fn follow(
    state: Option<(ChangeReader, ChangeFilter)>,
) -> Option<(Result<Change, Error>, Option<(ChangeReader, ChangeFilter)>)> {
    let (mut reader, mut filter) = state?;
    loop {
        match reader.next().await {
            Ok(row) if filter.accepts(&row) => return Some((Ok(Change::new(row)), Some((reader, filter)))),
            Ok(_) => tokio::task::coop::consume_budget().await,
            Err(error) => return Some((Err(store_error(error)), None)),
        }
    }
}
