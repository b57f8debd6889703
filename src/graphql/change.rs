//! The change log: entries about identities, touchpoints, orders and consents, as a list and as a subscription.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Context, Enum, Error, ID, Object, Subscription};
use futures_util::Stream;

use super::Setup;
use super::change_arguments::ChangeArguments;
use super::consent::Consent;
use super::customer::Customer;
use super::erasure;
use super::error::{Code, coded, store_error};
use super::execute::Started;
use super::id::{ChangeCursor, NodeId};
use super::identifier::Identifier;
use super::load::{self, ConsentName, Total};
use super::order::Order;
use super::page::{Connection, List, read_first};
use super::scalar::DateTime;
use super::segment::Segment;
use super::touchpoint::Touchpoint;
use super::viewer::Viewer;
use crate::changes::feed::{ChangeReader, Feed};
use crate::changes::filter::ChangeFilter;
use crate::domain::change::ChangePlace;
use crate::domain::change_details::ChangeDetails;
use crate::domain::{Arrival, change, change_details};
use crate::purposes::ForPurpose;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::query::IdentifierRef;

/// An entry of the change log.
pub struct Change {
    row: Arc<change::Change>,
    details: ChangeDetails,
}

/// The kinds of entries in the change log.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "change_details::ChangeKind")]
pub enum ChangeKind {
    /// A customer was created.
    CustomerCreated,
    /// Identifiers were added to a customer.
    IdentifierLinked,
    /// Customers were merged: `customerId` is the customer that remains, `otherCustomerIds` were merged into it.
    CustomersMerged,
    /// A customer was split: `customerId` keeps its id, `otherCustomerIds` has the id of the other part.
    CustomerSplit,
    /// A person decided that customers are not the same person.
    CustomersKeptApart,
    /// A customer was erased.
    CustomerErased,
    /// An identifier was found to be shared by several people. From then on it connects no customers.
    IdentifierShared,
    /// A touchpoint was stored.
    TouchpointRecorded,
    /// An order was placed or changed.
    OrderRecorded,
    /// A consent was granted, denied or revoked.
    ConsentChanged,
    /// A customer entered a segment.
    SegmentEntered,
    /// A customer left a segment.
    SegmentLeft,
    /// New identity rules were saved.
    RulesSaved,
}

/// An entry of the change log. Objects are shown as they are now, ids as they were at the change.
#[Object]
impl Change {
    /// The position in the log. Pass it as `after` to continue after this entry. Opaque. It stays valid after a restart
    /// and on every server of the store.
    async fn cursor(&self) -> String {
        ChangeCursor(self.row.place).encode()
    }

    /// When the change was stored.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// What happened.
    async fn kind(&self) -> ChangeKind {
        self.details.kind.into()
    }

    /// The id of the customer at that time. Null when the change concerns no customer.
    async fn customer_id(&self) -> Option<ID> {
        self.details.customer.clone().map(|id| NodeId::Customer(id).encode())
    }

    /// The customer that `customerId` finds now. Null when there is none; with the error ERASED when it was erased.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        let id = self.details.customer.clone()?;
        let fetch = async || match Customer::of_id(ctx, id.clone()).await? {
            Some(customer) => Ok(Some(customer)),
            None => erasure::check(&*load::of(ctx).loader().0, &id).await.map(|()| None),
        };
        self.visible(ctx, fetch).await.transpose()
    }

    /// Ids of the other customers of this change: customers that were merged in, split off, or kept apart.
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

    /// The consent that was granted, denied or revoked, as it was decided. Null for other kinds.
    async fn consent(&self, ctx: &Context<'_>) -> Option<Result<Consent, Error>> {
        let name = ConsentName(Arrival::new(self.row.place.seq, self.details.consent?));
        let fetch = async || Ok(load::one(ctx, name).await?.map(Consent::of_log));
        self.visible(ctx, fetch).await.transpose()
    }

    /// The segment that the customer entered or left, as it is now. Null for other kinds, and when it was deleted.
    async fn segment(&self, ctx: &Context<'_>) -> Option<Result<Segment, Error>> {
        let id = self.details.segment?;
        Segment::fetch_at(ctx, None, id).await.transpose()
    }

    /// The identifiers of this change.
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

    /// The `messageId` of the event that caused the change. Null when a person or the program caused it.
    async fn message_id(&self) -> Option<&str> {
        self.details.message.as_deref()
    }

    /// The rule that decided. If an event linked or merged, this is the weakest kind of identifier that connects them.
    /// Null when no rule decided.
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

    /// The reason as text, when a person or a rule gave one. Null otherwise.
    async fn reason(&self) -> Option<&str> {
        self.details.reason.as_deref()
    }
}

/// After this many milliseconds every server of a cluster has the rows of a change.
const VISIBLE_AFTER_MS: i64 = 60_000;
/// How often the rows of a recent change are read again, and the pause between two reads.
const MAX_READS: u32 = 20;
const READ_PAUSE: Duration = Duration::from_millis(50);

impl Change {
    fn new(row: Arc<change::Change>) -> Self {
        Change { details: row.details(), row }
    }

    /// Reads the rows of a change. The rows of a recent change may not have reached this machine of a cluster yet, so
    /// they are read a few more times before the answer is null.
    async fn visible<T, F>(&self, ctx: &Context<'_>, fetch: impl Fn() -> F) -> Result<Option<T>, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let mut reads = 1;
        loop {
            let found = fetch().await?;
            let recent = ctx.data_unchecked::<Setup>().now().0 - self.row.at.0 < VISIBLE_AFTER_MS;
            if found.is_some() || !recent || reads == MAX_READS {
                return Ok(found);
            }
            reads += 1;
            tokio::time::sleep(READ_PAUSE).await;
        }
    }
}

/// The limits for one page of a filtered list: changes scanned, and scan time.
const MAX_SCANNED: usize = 200_000;
const SCAN_TIME: Duration = Duration::from_secs(3);
/// Changes per read.
const CHUNK: usize = 2_000;

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
    let arguments = read_arguments(&**store, kinds, customer).await?;
    let mut filter = arguments.filter(&**store, begin).await?;

    let began = Instant::now();
    let (mut found, mut place, mut scanned, mut ended) = (Vec::new(), begin, 0, false);
    let chunk = if filter.is_all() { first + 1 } else { CHUNK };
    while found.len() <= first && !ended {
        let run = store.changes(place, chunk).await.map_err(store_error)?;
        ended = run.upto == place;
        scanned += run.changes.len();
        let mut fits = run.changes.into_iter().filter(|change| filter.accepts(change));
        found.extend(fits.by_ref().take(first + 1 - found.len()));
        place = run.upto;
        if scanned >= MAX_SCANNED || began.elapsed() >= SCAN_TIME {
            break;
        }
    }
    let more = found.len() > first || !ended;
    // A page that is not full ends here, so the next one need not scan these changes again.
    let reached = (found.len() < first && (!filter.is_all() || found.is_empty())).then_some(place);
    found.truncate(first);
    let page = crate::domain::page::Page { items: found, more };
    let total = Total::Changes(arguments);
    let (place, node) = (|row: &change::Change| ChangeCursor(row.place), |row: change::Change| Change::new(row.into()));
    let connection = Connection::forward(&List::log(), page, after.is_some(), total, place, node);
    Ok(connection.reaching(reached.map(|place| ChangeCursor(place).encode())))
}

async fn read_arguments(
    store: &dyn Store,
    kinds: Option<Vec<ChangeKind>>,
    customer: Option<ID>,
) -> Result<ChangeArguments, Error> {
    let customer = customer.map(|id| NodeId::read_customer(&id)).transpose()?;
    if let Some(customer) = &customer {
        erasure::check(store, customer).await?;
    }
    Ok(ChangeArguments { kinds: kinds.unwrap_or_default().into_iter().map(Into::into).collect(), customer })
}

/// Reads `after`.
///
/// # Errors
/// When the log has no such place.
async fn read_place(feed: &Feed, after: Option<&str>) -> Result<Option<ChangePlace>, Error> {
    let Some(after) = after else { return Ok(None) };
    let ChangeCursor(place) = ChangeCursor::decode(after)?;
    match feed.is_place(place).await.map_err(store_error)? {
        true => Ok(Some(place)),
        false => Err(coded(Code::BadCursor, "the change log has no such place: send a cursor from an answer")),
    }
}

/// The root of subscriptions.
pub struct Changes;

/// Subscriptions, over WebSocket or server-sent events.
#[Subscription(name = "Subscription")]
impl Changes {
    /// The entries of the change log after `after`, in order, each exactly once. Without `after`, from now on. Entries of
    /// customers whom the purpose of the request hides are left out.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Continue after this cursor: the `cursor` of a change, or the `change` of a mutation or of `status`."
        )]
        after: Option<String>,
        #[graphql(desc = "Only changes of these kinds.")] kinds: Option<Vec<ChangeKind>>,
        #[graphql(
            desc = "Only changes of the customer that this id stands for at `after`. For a merged customer, this is \
                          the one it was merged into."
        )]
        customer: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Change, Error>>, Error> {
        let feed = ctx.data_unchecked::<Arc<Feed>>();
        let loaders = load::of(ctx);
        // A subscription runs for long, and must not answer from the cache of one request.
        loaders.enable_all_cache(false);
        let arguments = read_arguments(&*loaders.loader().0, kinds, customer).await?;
        let begin = match read_place(feed, after.as_deref()).await? {
            Some(place) => place,
            None => feed.now().await.map_err(store_error)?,
        };
        let filter = arguments.filter(&*loaders.loader().0, begin).await?;
        let reader = feed.follow(begin);
        let shown = ctx.data_unchecked::<Viewer>().shown().cloned();
        if let Some(started) = ctx.data_opt::<Started>() {
            started.notify();
        }
        Ok(futures_util::stream::unfold(Some(Follower { reader, filter, shown }), follow))
    }
}

/// A subscription to the log.
struct Follower {
    reader: ChangeReader,
    filter: ChangeFilter,
    /// The purpose that decides whose changes are shown. The log itself is read for all subscriptions together.
    shown: Option<Arc<ForPurpose>>,
}

impl Follower {
    /// The next change of the log. `None` for one that the purpose hides.
    async fn next(&mut self) -> Result<Option<Arc<change::Change>>, StoreError> {
        let row = self.reader.next().await?;
        match &self.shown {
            None => Ok(Some(row)),
            Some(shown) => Ok(shown.shown_changes(vec![Arc::unwrap_or_clone(row)]).await?.pop().map(Arc::new)),
        }
    }
}

/// The next change that the filter accepts. A permanent store error ends the stream.
async fn follow(state: Option<Follower>) -> Option<(Result<Change, Error>, Option<Follower>)> {
    let mut follower = state?;
    loop {
        match follower.next().await {
            Ok(Some(row)) if follower.filter.accepts(&row) => return Some((Ok(Change::new(row)), Some(follower))),
            Ok(_) => tokio::task::coop::consume_budget().await,
            Err(error) => return Some((Err(store_error(error)), None)),
        }
    }
}
