//! Batched reads of data below a customer: a key type for each read, and one store call for all keys of a request that
//! wait together. A loader lives for one request.
//!
//! Futures that wait for the store are boxed here. async-graphql allocates for every selected field a future as large as
//! that of the type's largest resolver, and a page has hundreds of fields, most of them plain.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use async_graphql::runtime::Timer;
use async_graphql::{Context, Error};
use futures_util::future::BoxFuture;
use futures_util::task::{FutureObj, Spawn, SpawnError};

use super::Setup;
use super::change_arguments::ChangeArguments;
use super::error::{Code, bad_argument, coded, store_error};
use super::history::{self, History, HistoryOf};
use super::segment::Segment;
use super::viewer::Viewer;
use crate::domain::change::IdentityEvent;
use crate::domain::consent::Consent;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::device::Device;
use crate::domain::health::Names;
use crate::domain::identifier::Identifier;
use crate::domain::link::Link;
use crate::domain::order::{Order, OrderKey};
use crate::domain::page::Page;
use crate::domain::product::{Product, ProductActed};
use crate::domain::segment_membership::{Judgement, SegmentMembership};
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::members::everybody::NEEDS;
use crate::members::{Members, facts};
use crate::purposes::ForPurpose;
use crate::segments::CustomerFacts;
use crate::segments::saved::SavedSegments;
use crate::stitching::visits::Seen;
use crate::store::query::*;
use crate::store::share::{self, Share};
use crate::store::{Reads, Store, StoreError, StoreStatus};

/// The loader of a request.
pub type Loaders = DataLoader<Reader, HashMapCache>;

/// Creates the loader of a request.
pub fn loaders(store: Arc<dyn Store>) -> Loaders {
    DataLoader::with_cache(Reader(store, Mutex::default()), OnRuntime, YieldOnce, HashMapCache::default())
        .max_batch_size(500)
}

/// A boxed future that waits for the store.
pub type LoadFuture<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// The request's loader.
pub fn of<'a>(ctx: &Context<'a>) -> &'a Loaders {
    ctx.data_unchecked::<Loaders>()
}

/// Loads one value by its key.
pub fn one<'a, K>(ctx: &'a Context<'_>, key: K) -> LoadFuture<'a, Option<<Reader as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Reader: Loader<K, Error = StoreError>,
{
    let loaders = of(ctx);
    Box::pin(async move { loaders.load_one(key).await.map_err(store_error) })
}

/// Loads one value by its key, now or as of a moment.
pub fn one_as_of<'a, K: Key>(ctx: &'a Context<'_>, as_of: Option<Moment>, key: K) -> LoadFuture<'a, Option<K::Value>> {
    let Some(moment) = as_of else { return one(ctx, key) };
    let loaders = of(ctx).loader().as_of(moment);
    Box::pin(async move { loaders.load_one(key).await.map_err(store_error) })
}

/// Loads several values by their keys, now or as of a moment. Values that are not found are left out.
pub fn many_as_of<'a, K: Key>(
    ctx: &'a Context<'_>,
    as_of: Option<Moment>,
    keys: impl IntoIterator<Item = K>,
) -> LoadFuture<'a, HashMap<K, K::Value>> {
    let keys: Vec<K> = keys.into_iter().collect();
    let loaders = of(ctx);
    Box::pin(async move {
        let found = match as_of {
            None => loaders.load_many(keys).await,
            Some(moment) => loaders.loader().as_of(moment).load_many(keys).await,
        };
        found.map_err(store_error)
    })
}

/// The touchpoints of a device identifier, its own and those of other identifiers on it, now or as of a moment.
pub async fn seen(
    ctx: &Context<'_>,
    as_of: Option<Moment>,
    device: IdentifierId,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Seen>, Error> {
    let reader = of(ctx).loader();
    let seen = match as_of {
        None => reader.0.list_seen(device, since, limit).await,
        Some(moment) => reader.as_of(moment).loader().0.list_seen(device, since, limit).await,
    };
    seen.map_err(store_error)
}

/// The moment of a time in the past. `None` when nothing had been stored by then.
///
/// # Errors
/// When the time is not in the past.
pub async fn moment(ctx: &Context<'_>, at: Timestamp) -> Result<Option<Moment>, Error> {
    if at > ctx.data_unchecked::<Setup>().now() {
        // Later changes would alter what the ids of such a moment answer.
        return Err(bad_argument(
            "asOf",
            "not in the past",
            "give a time in the past, or leave it out for the present",
        ));
    }
    of(ctx).loader().0.moment(at).await.map_err(store_error)
}

/// Checks the moment of an id.
///
/// # Errors
/// When this store cannot have given out the moment, because it is later than the last change.
pub async fn check(ctx: &Context<'_>, as_of: Option<Moment>) -> Result<(), Error> {
    let Some(moment) = as_of else { return Ok(()) };
    let reader = of(ctx).loader();
    if reader.1.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&moment) {
        return Ok(());
    }
    let last = reader.0.status().await.map_err(store_error)?.change;
    if moment.change > last {
        return Err(coded(Code::BadId, "not an id of this store: its moment is later than the last change"));
    }
    reader.as_of(moment);
    Ok(())
}

/// The saved segments, now or as of a moment.
pub async fn segments(ctx: &Context<'_>, as_of: Option<Moment>) -> Result<SavedSegments, Error> {
    let found = of(ctx).loader().0.segments(as_of.map(|moment| moment.change)).await.map_err(store_error)?;
    Ok(SavedSegments(Arc::new(found)))
}

/// Reads from the store for a request: the store, and a loader for each moment that the request uses.
pub struct Reader(pub Arc<dyn Store>, Mutex<HashMap<Moment, Arc<AsOfLoaders>>>);

type AsOfLoaders = DataLoader<AsOfReader, HashMapCache>;

impl Reader {
    fn as_of(&self, moment: Moment) -> Arc<AsOfLoaders> {
        let mut moments = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let reader = AsOfReader(self.0.as_of(moment));
            let loaders = DataLoader::with_cache(reader, OnRuntime, YieldOnce, HashMapCache::default());
            Arc::new(loaders.max_batch_size(500))
        };
        moments.entry(moment).or_insert_with(make).clone()
    }
}

/// Reads the store as of a moment.
pub struct AsOfReader(pub Arc<dyn Reads>);

/// Runs a loader's reads on the runtime of the request.
struct OnRuntime;

impl Spawn for OnRuntime {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        tokio::spawn(share::within(Share::current(), future));
        Ok(())
    }
}

/// Waits until all ready resolvers have added their keys.
struct YieldOnce;

impl Timer for YieldOnce {
    fn delay(&self, _: std::time::Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::task::yield_now())
    }
}

/// A key of a read. Keys that differ only in `One` are read in one call of the store.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {
    /// The value of a key.
    type Value: Clone + Send + Sync + 'static;
    /// The owner or the name.
    type One: Send + Sync;
    /// The other parts of the key.
    type Rest: Clone + Eq + Hash + Send + Sync;

    /// The two parts of the key.
    fn split(self) -> (Self::One, Self::Rest);

    /// The values in the order of `ones`. `None` where nothing is found.
    fn read(
        reads: &dyn Reads,
        ones: &[Self::One],
        rest: &Self::Rest,
    ) -> impl Future<Output = Found<Self::Value>> + Send;
}

type Found<T> = Result<Vec<Option<T>>, StoreError>;
type Loaded<K, V> = Result<HashMap<K, V>, StoreError>;

/// Values that always exist.
fn all<T>(values: Vec<T>) -> Vec<Option<T>> {
    values.into_iter().map(Some).collect()
}

/// Maps keys to their values, which are in the same order.
fn pair<K: Clone + Eq + Hash, V>(keys: &[K], values: Vec<Option<V>>) -> HashMap<K, V> {
    keys.iter().cloned().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
}

async fn load<K: Key>(reads: &dyn Reads, keys: &[K]) -> Loaded<K, K::Value> {
    type Group<K> = (Vec<K>, Vec<<K as Key>::One>);
    let mut groups: HashMap<K::Rest, Group<K>> = HashMap::new();
    for key in keys {
        let (one, rest) = key.clone().split();
        let (keys, ones) = groups.entry(rest).or_default();
        keys.push(key.clone());
        ones.push(one);
    }
    let mut loaded = HashMap::with_capacity(keys.len());
    for (rest, (keys, ones)) in groups {
        loaded.extend(pair(&keys, K::read(reads, &ones, &rest).await?));
    }
    Ok(loaded)
}

impl<K: Key> Loader<K> for Reader {
    type Value = K::Value;
    type Error = StoreError;
    async fn load(&self, keys: &[K]) -> Loaded<K, K::Value> {
        load(&*self.0, keys).await
    }
}

impl<K: Key> Loader<K> for AsOfReader {
    type Value = K::Value;
    type Error = StoreError;
    async fn load(&self, keys: &[K]) -> Loaded<K, K::Value> {
        load(&*self.0, keys).await
    }
}

/// Defines keys: the parts, the type of the value, and the read. The first part is `One`, the others are `Rest`. A key
/// without parts is a type of the store.
macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident$(($one:ty $(, $part:ident: $type:ty)*))? -> $value:ty:
        |$reads:ident, $ones:ident| $read:expr;)*) => {
        $(keys! { @one $(#[$doc])* $key $(($one $(, $part: $type)*))? -> $value: |$reads, $ones| $read; })*
    };
    (@one $(#[$doc:meta])* $key:ident -> $value:ty: |$reads:ident, $ones:ident| $read:expr;) => {
        impl Key for $key {
            type Value = $value;
            type One = $key;
            type Rest = ();
            fn split(self) -> ($key, ()) {
                (self, ())
            }
            async fn read($reads: &dyn Reads, $ones: &[$key], (): &()) -> Found<$value> {
                Ok($read)
            }
        }
    };
    (@one $(#[$doc:meta])* $key:ident($one:ty $(, $part:ident: $type:ty)*) -> $value:ty:
        |$reads:ident, $ones:ident| $read:expr;) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $key(pub $one $(, pub $type)*);

        impl Key for $key {
            type Value = $value;
            type One = $one;
            type Rest = ($($type,)*);
            fn split(self) -> ($one, Self::Rest) {
                let Self(one $(, $part)*) = self;
                (one, ($($part,)*))
            }
            async fn read($reads: &dyn Reads, $ones: &[$one], ($($part,)*): &Self::Rest) -> Found<$value> {
                Ok($read)
            }
        }
    };
}

keys! {
    IdentifierRef -> Identifier: |reads, keys| reads.identifiers(keys).await?;
    OrderKey -> Order: |reads, keys| reads.orders(keys).await?;
    LinkKey -> Link: |reads, keys| reads.links(keys).await?;
    Arrival -> IdentityEvent: |reads, arrivals| reads.identity_events(arrivals).await?;
    /// A touchpoint by message id.
    MessageId(Arc<str>) -> Touchpoint: |reads, ids| reads.touchpoints(ids).await?;
    /// A device by key.
    DeviceKey(Arc<str>) -> Device: |reads, keys| reads.devices(keys).await?;
    /// A product by sku.
    Sku(Arc<str>) -> Product: |reads, skus| reads.products(skus).await?;
    /// The identifiers that a person's decision keeps apart from an identifier.
    KeptApart(IdentifierId) -> Vec<IdentifierId>: |reads, ids| all(reads.kept_apart(ids).await?);
    /// Touchpoints of an owner.
    TouchpointsOf(Of, page: TouchpointPage) -> Page<Touchpoint>:
        |reads, of| all(reads.list_touchpoints(of, page).await?);
    /// The number of an owner's touchpoints that match.
    TouchpointCount(Of, filter: TouchpointFilter) -> i64: |reads, of| all(reads.count_touchpoints(of, filter).await?);
    /// The number of an owner's touchpoints by channel and bucket.
    TouchpointBuckets(Of, window: Buckets) -> BucketCounts:
        |reads, of| all(reads.count_touchpoints_in_buckets(of, *window).await?);
    /// Orders of an owner.
    OrdersOf(Of, page: OrderPage) -> Page<Order>: |reads, of| all(reads.list_orders(of, page).await?);
    /// The number of orders that an owner placed from `since` until before `until`.
    OrderCount(Of, since: Option<Timestamp>, until: Option<Timestamp>) -> i64:
        |reads, of| all(reads.count_orders(of, *since, *until).await?);
    /// Links of an owner.
    LinksOf(Of, page: LinkPage) -> Page<Link>: |reads, of| all(reads.list_links(of, page).await?);
    /// The number of an owner's links: refused, accepted, or both.
    LinkCount(Of, refused: Option<bool>) -> i64: |reads, of| all(reads.count_links(of, *refused).await?);
    /// Devices of an owner.
    DevicesOf(Of) -> Arc<Vec<Device>>:
        |reads, of| reads.list_devices(of).await?.into_iter().map(|devices| Some(Arc::new(devices))).collect();
    /// The product acts and orders of a customer.
    ProductActsOf(CustomerId) -> Arc<(Vec<ProductActed>, Vec<Order>)>:
        |reads, of| reads.product_acts(of).await?.into_iter().map(|acts| Some(Arc::new(acts))).collect();
    /// All that figures about a customer are worked out from.
    FactsOf(CustomerId) -> Arc<CustomerFacts>: |reads, of| {
        let read = Box::pin(facts::read(reads, of, NEEDS)).await?;
        read.into_iter().map(|facts| facts.map(Arc::new)).collect()
    };
    /// A page of a customer's identity history: after a position, at most `limit` events.
    IdentityEventsOf(CustomerId, after: Option<Arrival>, limit: usize) -> Page<IdentityEvent>:
        |reads, of| all(reads.list_identity_events(of, *after, *limit).await?);
    /// The number of events of a customer's identity history.
    IdentityEventCount(CustomerId) -> i64: |reads, of| all(reads.count_identity_events(of).await?);
    /// A customer, with the parts that a query needs and how much of them. The value is `Err` when this one key cannot
    /// be answered, `None` when there is no such customer.
    CustomerLoad(CustomerKey, shape: Shape, pages: FirstPages) -> Result<Option<Arc<CustomerView>>, StoreError>:
        |reads, keys| all(reads.customers(keys, *shape, *pages).await?);
}

impl Key for HistoryOf {
    /// `None` when the history is too long.
    type Value = Option<Arc<History>>;
    type One = HistoryOf;
    type Rest = ();
    fn split(self) -> (HistoryOf, ()) {
        (self, ())
    }
    async fn read(reads: &dyn Reads, keys: &[HistoryOf], (): &()) -> Found<Self::Value> {
        let mut histories = Vec::with_capacity(keys.len());
        for key in keys {
            histories.push(Some(history::read(reads, key).await?));
        }
        Ok(histories)
    }
}

/// Key of the names in the store: kinds of identifiers and channels. Present only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NamesInUse;

impl Loader<NamesInUse> for Reader {
    /// `None` when the store does not know them yet.
    type Value = Option<Names>;
    type Error = StoreError;
    async fn load(&self, _: &[NamesInUse]) -> Loaded<NamesInUse, Option<Names>> {
        Ok(HashMap::from([(NamesInUse, names_in_use(&*self.0).await?)]))
    }
}

/// The names in use in a store. `None` when the store does not know them yet.
pub(super) async fn names_in_use(store: &dyn Store) -> Result<Option<Names>, StoreError> {
    let health = store.identity_health().await?;
    let none_yet = health.identifiers == 0;
    Ok(health.names.or_else(|| none_yet.then(Names::default)))
}

/// A consent by its arrival, in force or not. Present only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConsentName(pub Arrival);

impl Loader<ConsentName> for Reader {
    type Value = Consent;
    type Error = StoreError;
    async fn load(&self, keys: &[ConsentName]) -> Loaded<ConsentName, Consent> {
        let arrivals: Vec<Arrival> = keys.iter().map(|key| key.0).collect();
        Ok(pair(keys, self.0.consents(&arrivals).await?))
    }
}

/// Key of the status of the store. Present only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusNow;

impl Loader<StatusNow> for Reader {
    type Value = StoreStatus;
    type Error = StoreError;
    async fn load(&self, _: &[StatusNow]) -> Loaded<StatusNow, StoreStatus> {
        Ok(HashMap::from([(StatusNow, self.0.status().await?)]))
    }
}

/// The stored segments of a customer. Present only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredSegments(pub CustomerId);

/// What is stored about a customer and the segments.
#[derive(Clone, Debug)]
pub struct SegmentsOfCustomer {
    /// The segments it is stored in.
    pub memberships: Vec<SegmentMembership>,
    /// When it is to be judged.
    pub judgement: Judgement,
    /// Whether a segment was saved by which not all customers are judged.
    pub is_swept: bool,
}

impl Loader<StoredSegments> for Reader {
    type Value = SegmentsOfCustomer;
    type Error = StoreError;
    async fn load(&self, keys: &[StoredSegments]) -> Loaded<StoredSegments, SegmentsOfCustomer> {
        let ids: Vec<CustomerId> = keys.iter().map(|key| key.0.clone()).collect();
        // First what is to be judged: a verdict that is written between the reads is in the last.
        let is_swept = !self.0.sweeps().await?.is_empty();
        let judgements = self.0.judgements(&ids).await?;
        let memberships = self.0.segment_memberships(&ids).await?;
        let both = judgements.into_iter().zip(memberships);
        let values = both.map(|(judgement, memberships)| Some(SegmentsOfCustomer { memberships, judgement, is_swept }));
        Ok(pair(keys, values.collect()))
    }
}

/// Key of the saved segments of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SegmentsNow;

impl Loader<SegmentsNow> for Reader {
    type Value = SavedSegments;
    type Error = StoreError;
    async fn load(&self, _: &[SegmentsNow]) -> Loaded<SegmentsNow, SavedSegments> {
        let saved = SavedSegments(Arc::new(self.0.segments(None).await?));
        Ok(HashMap::from([(SegmentsNow, saved)]))
    }
}

/// The saved segments of now, read once for a request.
pub fn segments_now<'a>(ctx: &'a Context<'_>) -> LoadFuture<'a, SavedSegments> {
    Box::pin(async move { Ok(one(ctx, SegmentsNow).await?.unwrap_or_default()) })
}

/// How a connection's `totalCount` is found.
pub enum Total {
    /// A known number.
    Known(i64),
    /// Touchpoints.
    Touchpoints(TouchpointCount),
    /// Orders.
    Orders(OrderCount),
    /// Links.
    Links(LinkCount),
    /// Events of an identity history.
    IdentityEvents(IdentityEventCount),
    /// Customers.
    Customers(CustomerFilter),
    /// Customers that fit a condition, and a filter.
    Members(Arc<Members>, CustomerFilter),
    /// The members of a segment.
    Segment(Box<Segment>),
    /// Customers of a figure: those that are shown, and those that the purpose hides.
    Reached(i64, i64),
    /// Changes.
    Changes(ChangeArguments),
}

impl Total {
    /// Counts now or as of a moment.
    pub fn at(self, as_of: Option<Moment>) -> CountOf {
        CountOf(self, as_of)
    }
}

/// What to count, and as of which moment.
pub struct CountOf(Total, Option<Moment>);

impl From<Total> for CountOf {
    fn from(total: Total) -> Self {
        CountOf(total, None)
    }
}

impl CountOf {
    /// Counts.
    pub async fn count(&self, ctx: &Context<'_>) -> Result<i64, Error> {
        let as_of = self.1;
        let count = match &self.0 {
            Total::Known(n) => Some(*n),
            Total::Touchpoints(key) => one_as_of(ctx, as_of, key.clone()).await?,
            Total::Orders(key) => one_as_of(ctx, as_of, key.clone()).await?,
            Total::Links(key) => one_as_of(ctx, as_of, key.clone()).await?,
            Total::IdentityEvents(key) => one_as_of(ctx, as_of, key.clone()).await?,
            Total::Changes(arguments) => Some(arguments.count(&*of(ctx).loader().0).await?),
            Total::Members(members, filter) => {
                let store = &of(ctx).loader().0;
                Some(Box::pin(members.count(&**store, filter)).await.map_err(store_error)?)
            }
            Total::Segment(segment) => Some(segment.count(ctx).await?),
            Total::Reached(shown, _) => Some(*shown),
            Total::Customers(filter) => Some(of(ctx).loader().0.count_customers(filter).await.map_err(store_error)?),
        };
        Ok(count.unwrap_or_default())
    }

    /// The number of customers that match and that the purpose of the request hides. They are not in the count.
    pub async fn count_hidden(&self, ctx: &Context<'_>) -> Result<i64, Error> {
        let Some(shown) = ctx.data_unchecked::<Viewer>().shown() else { return Ok(0) };
        let counted = match &self.0 {
            Total::Customers(filter) => shown.count_both(filter).await.map(|(_, hidden)| hidden),
            Total::Members(members, filter) => Box::pin(count_hidden_members(shown, members, filter)).await,
            Total::Segment(segment) => return segment.count_hidden(ctx).await,
            Total::Reached(_, hidden) => Ok(*hidden),
            Total::Known(_)
            | Total::Touchpoints(_)
            | Total::Orders(_)
            | Total::Links(_)
            | Total::IdentityEvents(_)
            | Total::Changes(_) => Ok(0),
        };
        counted.map_err(store_error)
    }
}

/// The number of customers that fit a condition and a filter, and that a purpose hides.
pub async fn count_hidden_members(
    shown: &ForPurpose,
    members: &Members,
    filter: &CustomerFilter,
) -> Result<i64, StoreError> {
    let ids = members.ids_of(&**shown.everybody(), filter).await?;
    shown.count_hidden(&ids, members.as_of).await
}

/// Clears cached customers and identifiers after a change in the same request.
pub fn forget(ctx: &Context<'_>) {
    let loaders = of(ctx);
    loaders.clear::<CustomerLoad>();
    loaders.clear::<IdentifierRef>();
    loaders.clear::<KeptApart>();
    loaders.clear::<StoredSegments>();
    loaders.clear::<StatusNow>();
    loaders.clear::<FactsOf>();
    loaders.clear::<SegmentsNow>();
}
