//! Batched reads for what lies deeper than the one read of a profile: a key type for each question,
//! one store call for all keys of a request that wait together. A loader lives for one request.
//!
//! What waits for the store is boxed here. async-graphql gives every field that is asked for a future as
//! large as that of the type's largest resolver, and a page has hundreds of fields, most of them plain.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use async_graphql::runtime::Timer;
use async_graphql::{Context, Error};
use futures_util::future::BoxFuture;
use futures_util::task::{FutureObj, Spawn, SpawnError};

use super::Setup;
use super::change;
use super::customer_journey::history::{self, History, HistoryOf};
use super::error::{Code, bad_argument, coded, store_error};
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
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::stitching::visits::Seen;
use crate::store::query::*;
use crate::store::share::{self, Share};
use crate::store::{Reads, Store, StoreError};

/// A request's loader.
pub type Loaders = DataLoader<Reader, HashMapCache>;

/// Makes a request's loader.
pub fn loaders(store: Arc<dyn Store>) -> Loaders {
    DataLoader::with_cache(Reader(store, Mutex::default()), OnRuntime, NextTurn, HashMapCache::default())
        .max_batch_size(500)
}

/// What waits for the store.
pub type Waiting<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// The request's loader.
pub fn of<'a>(ctx: &Context<'a>) -> &'a Loaders {
    ctx.data_unchecked::<Loaders>()
}

/// Loads one value by its key.
pub fn one<'a, K>(ctx: &'a Context<'_>, key: K) -> Waiting<'a, Option<<Reader as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Reader: Loader<K, Error = StoreError>,
{
    let loaders = of(ctx);
    Box::pin(async move { loaders.load_one(key).await.map_err(store_error) })
}

/// Loads one value by its key, as of a moment when one is given.
pub fn then<'a, K>(
    ctx: &'a Context<'_>,
    when: Option<Moment>,
    key: K,
) -> Waiting<'a, Option<<Reader as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Reader: Loader<K, Error = StoreError>,
    PastReader: Loader<K, Error = StoreError, Value = <Reader as Loader<K>>::Value>,
{
    let Some(moment) = when else { return one(ctx, key) };
    let past = of(ctx).loader().past(moment);
    Box::pin(async move { past.load_one(key).await.map_err(store_error) })
}

/// Loads several values by their keys, as of a moment when one is given; those that are not found are left out.
pub fn then_many<'a, K>(
    ctx: &'a Context<'_>,
    when: Option<Moment>,
    keys: impl IntoIterator<Item = K>,
) -> Waiting<'a, HashMap<K, <Reader as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Reader: Loader<K, Error = StoreError>,
    PastReader: Loader<K, Error = StoreError, Value = <Reader as Loader<K>>::Value>,
{
    let keys: Vec<K> = keys.into_iter().collect();
    let loaders = of(ctx);
    Box::pin(async move {
        let found = match when {
            None => loaders.load_many(keys).await,
            Some(moment) => loaders.loader().past(moment).load_many(keys).await,
        };
        found.map_err(store_error)
    })
}

/// What a device did alone and carried for others, now or as of a moment.
pub async fn seen(
    ctx: &Context<'_>,
    when: Option<Moment>,
    device: IdentifierId,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Seen>, Error> {
    let reader = of(ctx).loader();
    let seen = match when {
        None => reader.0.list_seen(device, since, limit).await,
        Some(moment) => reader.past(moment).loader().0.list_seen(device, since, limit).await,
    };
    seen.map_err(store_error)
}

/// The moment of a time that is over; `None` when nothing had been stored yet.
pub async fn moment(ctx: &Context<'_>, at: Timestamp) -> Result<Option<Moment>, Error> {
    if at > ctx.data_unchecked::<Setup>().now() {
        // Later changes would alter what the ids of such a moment answer.
        return Err(bad_argument("asOf", "not over yet", "give a moment of the past, or leave it out for the present"));
    }
    of(ctx).loader().0.moment(at).await.map_err(store_error)
}

/// Whether the moment that an id carries is one that was given out: it is over in this store.
pub async fn check(ctx: &Context<'_>, when: Option<Moment>) -> Result<(), Error> {
    let Some(moment) = when else { return Ok(()) };
    let reader = of(ctx).loader();
    if reader.1.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&moment) {
        return Ok(());
    }
    let last = reader.0.status().await.map_err(store_error)?.change;
    if moment.change > last {
        return Err(coded(Code::BadId, "not an id of this store: the moment that it carries is not over here"));
    }
    reader.past(moment);
    Ok(())
}

/// Reads from the store for a request. Beside the store, the readers of moments that were asked for.
pub struct Reader(pub Arc<dyn Store>, Mutex<HashMap<Moment, Arc<PastLoaders>>>);

type PastLoaders = DataLoader<PastReader, HashMapCache>;

impl Reader {
    fn past(&self, moment: Moment) -> Arc<PastLoaders> {
        let mut moments = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let reader = PastReader(self.0.as_of(moment));
            let loaders = DataLoader::with_cache(reader, OnRuntime, NextTurn, HashMapCache::default());
            Arc::new(loaders.max_batch_size(500))
        };
        moments.entry(moment).or_insert_with(make).clone()
    }
}

/// Reads what was stored at a moment.
pub struct PastReader(pub Arc<dyn Reads>);

/// Runs a loader's reads on the runtime of the request.
struct OnRuntime;

impl Spawn for OnRuntime {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        tokio::spawn(share::within(Share::current(), future));
        Ok(())
    }
}

/// Waits until all resolvers that are ready have asked, and no longer.
struct NextTurn;

impl Timer for NextTurn {
    fn delay(&self, _: std::time::Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::task::yield_now())
    }
}

/// A customer, with the parts a query needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomerLoad {
    /// Who.
    pub key: CustomerKey,
    /// Which parts.
    pub shape: Shape,
    /// How much of them.
    pub pages: FirstPages,
}

/// The names that are stored, of kinds of identifiers and of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NamesInUse;

/// Those that a person has said an identifier does not belong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeptApart(pub IdentifierId);

/// Touchpoints of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TouchpointsOf(pub Of, pub TouchpointPage);
/// How many touchpoints of an owner fit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TouchpointCount(pub Of, pub TouchpointFilter);
/// Orders of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrdersOf(pub Of, pub OrderPage);
/// How many orders an owner placed, not before, before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderCount(pub Of, pub Option<Timestamp>, pub Option<Timestamp>);
/// Links of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinksOf(pub Of, pub LinkPage);
/// How many links of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkCount(pub Of, pub Option<bool>);
/// Devices of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DevicesOf(pub Of);
/// A device by key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceKey(pub Arc<str>);
/// A product by sku.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sku(pub Arc<str>);
/// A touchpoint by message id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(pub Arc<str>);
/// What a customer did about products.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProductActsOf(pub CustomerId);
/// A customer's identity history, behind a place, so many.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdentityEventsOf(pub CustomerId, pub Option<Arrival>, pub usize);
/// How long that history is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdentityEventCount(pub CustomerId);

/// A consent by name, in force or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConsentName(pub Arrival);

type Loaded<K, V> = Result<HashMap<K, V>, StoreError>;

/// Puts answers that stand in the order of the keys beside their keys.
fn pair<K: Clone + Eq + Hash, V>(keys: &[K], values: Vec<V>) -> HashMap<K, V> {
    keys.iter().cloned().zip(values).collect()
}

/// The same, where some are not found.
fn pair_found<K: Clone + Eq + Hash, V>(keys: &[K], values: Vec<Option<V>>) -> HashMap<K, V> {
    keys.iter().cloned().zip(values).filter_map(|(k, v)| Some((k, v?))).collect()
}

/// Keys that differ only in whose they are go in one call.
async fn grouped<K, G, V, F>(keys: &[K], group: impl Fn(&K) -> G, read: impl Fn(G, Vec<K>) -> F) -> Loaded<K, V>
where
    K: Clone + Eq + Hash,
    G: Clone + Eq + Hash,
    F: Future<Output = Result<Vec<V>, StoreError>>,
{
    let mut groups: HashMap<G, Vec<K>> = HashMap::new();
    for key in keys {
        groups.entry(group(key)).or_default().push(key.clone());
    }
    let mut all = HashMap::with_capacity(keys.len());
    for (group, keys) in groups {
        let values = read(group, keys.clone()).await?;
        all.extend(keys.into_iter().zip(values));
    }
    Ok(all)
}

/// What is read of the present is read of a moment in the same words.
macro_rules! now_and_then {
    ($(impl Loader<$key:ty> for Reader $body:tt)*) => {
        $(impl Loader<$key> for Reader $body
        impl Loader<$key> for PastReader $body)*
    };
}

impl Loader<NamesInUse> for Reader {
    /// `None` when that is not known.
    type Value = Option<Names>;
    type Error = StoreError;
    async fn load(&self, _: &[NamesInUse]) -> Loaded<NamesInUse, Option<Names>> {
        let health = self.0.identity_health().await?;
        let none_yet = health.identifiers == 0;
        Ok(HashMap::from([(NamesInUse, health.names.or_else(|| none_yet.then(Names::default)))]))
    }
}

now_and_then! {
impl Loader<KeptApart> for Reader {
    type Value = Vec<IdentifierId>;
    type Error = StoreError;

    async fn load(&self, keys: &[KeptApart]) -> Result<HashMap<KeptApart, Self::Value>, StoreError> {
        let ids: Vec<IdentifierId> = keys.iter().map(|key| key.0).collect();
        Ok(keys.iter().copied().zip(self.0.kept_apart(&ids).await?).collect())
    }
}

impl Loader<CustomerLoad> for Reader {
    /// `Err` when this one key cannot be answered, `None` when nobody is found.
    type Value = Result<Option<Arc<CustomerView>>, StoreError>;
    type Error = StoreError;
    async fn load(&self, keys: &[CustomerLoad]) -> Loaded<CustomerLoad, Self::Value> {
        grouped(
            keys,
            |k| (k.shape, k.pages),
            |(shape, pages), keys| async move {
                let keys: Vec<CustomerKey> = keys.into_iter().map(|k| k.key).collect();
                self.0.customers(&keys, shape, pages).await
            },
        )
        .await
    }
}

impl Loader<IdentifierRef> for Reader {
    type Value = Identifier;
    type Error = StoreError;
    async fn load(&self, keys: &[IdentifierRef]) -> Loaded<IdentifierRef, Identifier> {
        Ok(pair_found(keys, self.0.identifiers(keys).await?))
    }
}

impl Loader<MessageId> for Reader {
    type Value = Touchpoint;
    type Error = StoreError;
    async fn load(&self, keys: &[MessageId]) -> Loaded<MessageId, Touchpoint> {
        let ids: Vec<Arc<str>> = keys.iter().map(|k| k.0.clone()).collect();
        Ok(pair_found(keys, self.0.touchpoints(&ids).await?))
    }
}

impl Loader<TouchpointsOf> for Reader {
    type Value = Page<Touchpoint>;
    type Error = StoreError;
    async fn load(&self, keys: &[TouchpointsOf]) -> Loaded<TouchpointsOf, Page<Touchpoint>> {
        grouped(
            keys,
            |k| k.1.clone(),
            |page, keys| async move {
                let of: Vec<Of> = keys.into_iter().map(|k| k.0).collect();
                self.0.list_touchpoints(&of, &page).await
            },
        )
        .await
    }
}

impl Loader<TouchpointCount> for Reader {
    type Value = i64;
    type Error = StoreError;
    async fn load(&self, keys: &[TouchpointCount]) -> Loaded<TouchpointCount, i64> {
        grouped(
            keys,
            |k| k.1.clone(),
            |filter, keys| async move {
                let of: Vec<Of> = keys.into_iter().map(|k| k.0).collect();
                self.0.count_touchpoints(&of, &filter).await
            },
        )
        .await
    }
}

impl Loader<HistoryOf> for Reader {
    /// `None` when it is too long to be read as a whole.
    type Value = Option<Arc<History>>;
    type Error = StoreError;
    async fn load(&self, keys: &[HistoryOf]) -> Loaded<HistoryOf, Self::Value> {
        let mut histories = Vec::with_capacity(keys.len());
        for key in keys {
            histories.push(history::read(&*self.0, key).await?);
        }
        Ok(pair(keys, histories))
    }
}

impl Loader<OrderKey> for Reader {
    type Value = Order;
    type Error = StoreError;
    async fn load(&self, keys: &[OrderKey]) -> Loaded<OrderKey, Order> {
        Ok(pair_found(keys, self.0.orders(keys).await?))
    }
}

impl Loader<OrdersOf> for Reader {
    type Value = Page<Order>;
    type Error = StoreError;
    async fn load(&self, keys: &[OrdersOf]) -> Loaded<OrdersOf, Page<Order>> {
        grouped(
            keys,
            |k| k.1.clone(),
            |page, keys| async move {
                let of: Vec<Of> = keys.into_iter().map(|k| k.0).collect();
                self.0.list_orders(&of, &page).await
            },
        )
        .await
    }
}

impl Loader<OrderCount> for Reader {
    type Value = i64;
    type Error = StoreError;
    async fn load(&self, keys: &[OrderCount]) -> Loaded<OrderCount, i64> {
        grouped(
            keys,
            |k| (k.1, k.2),
            |(since, until), keys| async move {
                let of: Vec<Of> = keys.into_iter().map(|k| k.0).collect();
                self.0.count_orders(&of, since, until).await
            },
        )
        .await
    }
}

impl Loader<DeviceKey> for Reader {
    type Value = Device;
    type Error = StoreError;
    async fn load(&self, keys: &[DeviceKey]) -> Loaded<DeviceKey, Device> {
        let names: Vec<Arc<str>> = keys.iter().map(|k| k.0.clone()).collect();
        Ok(pair_found(keys, self.0.devices(&names).await?))
    }
}

impl Loader<DevicesOf> for Reader {
    type Value = Arc<Vec<Device>>;
    type Error = StoreError;
    async fn load(&self, keys: &[DevicesOf]) -> Loaded<DevicesOf, Self::Value> {
        let of: Vec<Of> = keys.iter().map(|k| k.0.clone()).collect();
        Ok(pair(keys, self.0.list_devices(&of).await?.into_iter().map(Arc::new).collect()))
    }
}

impl Loader<LinksOf> for Reader {
    type Value = Page<Link>;
    type Error = StoreError;
    async fn load(&self, keys: &[LinksOf]) -> Loaded<LinksOf, Page<Link>> {
        grouped(
            keys,
            |k| k.1.clone(),
            |page, keys| async move {
                let of: Vec<Of> = keys.into_iter().map(|k| k.0).collect();
                self.0.list_links(&of, &page).await
            },
        )
        .await
    }
}

impl Loader<LinkCount> for Reader {
    type Value = i64;
    type Error = StoreError;
    async fn load(&self, keys: &[LinkCount]) -> Loaded<LinkCount, i64> {
        grouped(
            keys,
            |k| k.1,
            |refused, keys| async move {
                let of: Vec<Of> = keys.into_iter().map(|k| k.0).collect();
                self.0.count_links(&of, refused).await
            },
        )
        .await
    }
}

impl Loader<LinkKey> for Reader {
    type Value = Link;
    type Error = StoreError;
    async fn load(&self, keys: &[LinkKey]) -> Loaded<LinkKey, Link> {
        Ok(pair_found(keys, self.0.links(keys).await?))
    }
}

impl Loader<Sku> for Reader {
    type Value = Product;
    type Error = StoreError;
    async fn load(&self, keys: &[Sku]) -> Loaded<Sku, Product> {
        let skus: Vec<Arc<str>> = keys.iter().map(|k| k.0.clone()).collect();
        Ok(pair_found(keys, self.0.products(&skus).await?))
    }
}

impl Loader<ProductActsOf> for Reader {
    type Value = Arc<(Vec<ProductActed>, Vec<Order>)>;
    type Error = StoreError;
    async fn load(&self, keys: &[ProductActsOf]) -> Loaded<ProductActsOf, Self::Value> {
        let customers: Vec<CustomerId> = keys.iter().map(|k| k.0.clone()).collect();
        Ok(pair(keys, self.0.product_acts(&customers).await?.into_iter().map(Arc::new).collect()))
    }
}

impl Loader<IdentityEventsOf> for Reader {
    type Value = Page<IdentityEvent>;
    type Error = StoreError;
    async fn load(&self, keys: &[IdentityEventsOf]) -> Loaded<IdentityEventsOf, Page<IdentityEvent>> {
        grouped(
            keys,
            |k| (k.1, k.2),
            |(after, limit), keys| async move {
                let customers: Vec<CustomerId> = keys.into_iter().map(|k| k.0).collect();
                self.0.list_identity_events(&customers, after, limit).await
            },
        )
        .await
    }
}

impl Loader<IdentityEventCount> for Reader {
    type Value = i64;
    type Error = StoreError;
    async fn load(&self, keys: &[IdentityEventCount]) -> Loaded<IdentityEventCount, i64> {
        let customers: Vec<CustomerId> = keys.iter().map(|k| k.0.clone()).collect();
        Ok(pair(keys, self.0.count_identity_events(&customers).await?))
    }
}

impl Loader<Arrival> for Reader {
    type Value = IdentityEvent;
    type Error = StoreError;
    async fn load(&self, keys: &[Arrival]) -> Loaded<Arrival, IdentityEvent> {
        Ok(pair_found(keys, self.0.identity_events(keys).await?))
    }
}
}

impl Loader<ConsentName> for Reader {
    type Value = Consent;
    type Error = StoreError;
    async fn load(&self, keys: &[ConsentName]) -> Loaded<ConsentName, Consent> {
        let arrivals: Vec<Arrival> = keys.iter().map(|k| k.0).collect();
        Ok(pair_found(keys, self.0.consents(&arrivals).await?))
    }
}

/// How a connection's `totalCount` is found.
pub enum Total {
    /// It is known.
    Known(i64),
    /// Touchpoints.
    Touchpoints(TouchpointCount),
    /// Orders.
    Orders(OrderCount),
    /// Links.
    Links(LinkCount),
    /// Lines of an identity history.
    IdentityEvents(IdentityEventCount),
    /// Customers.
    Customers(CustomerFilter),
    /// Changes.
    Changes(change::Asked),
}

impl Total {
    /// As of a moment, when one is given.
    pub fn at(self, when: Option<Moment>) -> CountOf {
        CountOf(self, when)
    }
}

/// What is to be counted, and as of when.
pub struct CountOf(Total, Option<Moment>);

impl From<Total> for CountOf {
    fn from(total: Total) -> Self {
        CountOf(total, None)
    }
}

impl CountOf {
    /// Counts.
    pub async fn count(&self, ctx: &Context<'_>) -> Result<i64, Error> {
        let when = self.1;
        let count = match &self.0 {
            Total::Known(n) => Some(*n),
            Total::Touchpoints(key) => then(ctx, when, key.clone()).await?,
            Total::Orders(key) => then(ctx, when, key.clone()).await?,
            Total::Links(key) => then(ctx, when, key.clone()).await?,
            Total::IdentityEvents(key) => then(ctx, when, key.clone()).await?,
            Total::Changes(asked) => Some(asked.count(&*of(ctx).loader().0).await?),
            Total::Customers(filter) => Some(of(ctx).loader().0.count_customers(filter).await.map_err(store_error)?),
        };
        Ok(count.unwrap_or_default())
    }
}

/// Forgets what was read of people: something has been changed in the same request.
pub fn forget(ctx: &Context<'_>) {
    let loaders = of(ctx);
    loaders.clear::<CustomerLoad>();
    loaders.clear::<IdentifierRef>();
    loaders.clear::<KeptApart>();
}
