//! Reads customers, each in one statement that reads the customer's version first and last.
//!
//! Neo4j has no snapshots: a commit becomes visible in parts while a statement runs. When a commit began and ended
//! during the statement, the two versions differ. When a commit was partly visible at the begin or the end of the
//! statement, both versions can be the same. So every writer first writes a `Writing` node with the customers of its
//! commit. An answer is dropped and read again when its versions differ, when it finds such a node, or when a
//! membership is just moving from one customer to another.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use neo4rs::{BoltType, Row};
use rustc_hash::FxHashMap;

use super::bolt::{Params, ToBolt, list, row};
use super::coalesce::Coalescer;
use super::rows::{
    ClaimRow, ConsentRow, DeviceRow, IdentifierRow, OrderRow, ProductRow, TouchpointRow, column, product,
};
use super::statement::{Statement, statements};
use super::write::{Outcome, Writer};
use super::{Inner, customers_as_of};
use crate::domain::claim::NAME_TRAITS;
use crate::domain::customer::{Customer, CustomerId, CustomerView};
use crate::domain::device::Device;
use crate::domain::identifier::Identifier;
use crate::domain::page::Page;
use crate::domain::{Arrival, Moment};
use crate::stitching::Plan;
use crate::stitching::rows::CustomerRow;
use crate::store::query::{CustomerKey, FirstPages, Shape};
use crate::store::view_cache::{Current, Shared, skus};
use crate::store::{Result, StoreError, share};

statements! {
    INSERT = "customers/insert";
    UPDATE = "customers/update";
    RESTORE = "customers/update_restored";
    MERGE = "customers/update_merged";
    ORDER_HOLDERS = "orders/list_owners";
    NAME_BY_ID = "customers/fetch_name_by_id"
        ("customers/part_by_id" | "customers/part_names" | "customers/part_close" | "customers/part_return_card");
    CARD_BY_ID = "customers/fetch_card_by_id"
        ("customers/part_by_id" | "customers/part_members" | "customers/part_close" | "customers/part_return_card");
    IDENTITY_BY_ID = "customers/fetch_identity_by_id"
        ("customers/part_by_id" | "customers/part_members" | "customers/part_identity" | "customers/part_close" | "customers/part_return_identity");
    HISTORY_BY_ID = "customers/fetch_history_by_id"
        ("customers/part_by_id" | "customers/part_members" | "customers/part_history" | "customers/part_close" | "customers/part_return_history");
    ALL_BY_ID = "customers/fetch_all_by_id"
        ("customers/part_by_id" | "customers/part_members" | "customers/part_identity" | "customers/part_history" | "customers/part_close" | "customers/part_return_all");
    NAME_BY_KEY = "customers/fetch_name_by_key"
        ("customers/part_by_key" | "customers/part_names" | "customers/part_close" | "customers/part_return_card");
    CARD_BY_KEY = "customers/fetch_card_by_key"
        ("customers/part_by_key" | "customers/part_members" | "customers/part_close" | "customers/part_return_card");
    IDENTITY_BY_KEY = "customers/fetch_identity_by_key"
        ("customers/part_by_key" | "customers/part_members" | "customers/part_identity" | "customers/part_close" | "customers/part_return_identity");
    HISTORY_BY_KEY = "customers/fetch_history_by_key"
        ("customers/part_by_key" | "customers/part_members" | "customers/part_history" | "customers/part_close" | "customers/part_return_history");
    ALL_BY_KEY = "customers/fetch_all_by_key"
        ("customers/part_by_key" | "customers/part_members" | "customers/part_identity" | "customers/part_history" | "customers/part_close" | "customers/part_return_all");
    NAME_BY_OWNER = "customers/fetch_name_by_owner"
        ("customers/part_by_owner" | "customers/part_names" | "customers/part_close" | "customers/part_return_card");
    CARD_BY_OWNER = "customers/fetch_card_by_owner"
        ("customers/part_by_owner" | "customers/part_members" | "customers/part_close" | "customers/part_return_card");
    IDENTITY_BY_OWNER = "customers/fetch_identity_by_owner"
        ("customers/part_by_owner" | "customers/part_members" | "customers/part_identity" | "customers/part_close" | "customers/part_return_identity");
    HISTORY_BY_OWNER = "customers/fetch_history_by_owner"
        ("customers/part_by_owner" | "customers/part_members" | "customers/part_history" | "customers/part_close" | "customers/part_return_history");
    ALL_BY_OWNER = "customers/fetch_all_by_owner"
        ("customers/part_by_owner" | "customers/part_members" | "customers/part_identity" | "customers/part_history" | "customers/part_close" | "customers/part_return_all");
    VERSION_BY_ID = "customers/fetch_version_by_id"
        ("customers/part_version_by_id" | "customers/part_shown_products" | "customers/part_return_version");
    VERSION_BY_KEY = "customers/fetch_version_by_key"
        ("customers/part_version_by_key" | "customers/part_shown_products" | "customers/part_return_version");
    VERSION_AND_DEVICES_BY_ID = "customers/fetch_version_and_devices_by_id"
        ("customers/part_version_by_id" | "customers/part_shown_products" | "customers/part_return_version_and_devices");
    VERSION_AND_DEVICES_BY_KEY = "customers/fetch_version_and_devices_by_key"
        ("customers/part_version_by_key" | "customers/part_shown_products" | "customers/part_return_version_and_devices");
}

/// How often a customer is read until the answer is consistent.
const READS: u32 = 3;
/// The time to wait for a partly visible commit before each of these reads.
const PATIENCE: Duration = Duration::from_secs(2);

/// The kind of keys of one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Anchor {
    Id,
    Key,
    Owner,
}

/// Reads that can share a statement: the same kind of keys, the same shape, the same sizes of first pages.
pub(super) type Reading = (Anchor, Shape, FirstPages);

/// Checks that can share a statement: the same kind of keys, with or without devices.
pub(super) type Check = (Anchor, bool);

const ANCHORS: [Anchor; 3] = [Anchor::Id, Anchor::Key, Anchor::Owner];
const SHAPES: [Shape; 5] = [Shape::Name, Shape::Card, Shape::Identity, Shape::History, Shape::All];

/// The statement for one kind of keys and one shape.
fn statement(anchor: Anchor, shape: Shape) -> &'static Statement {
    match (anchor, shape) {
        (Anchor::Id, Shape::Name) => &NAME_BY_ID,
        (Anchor::Id, Shape::Card) => &CARD_BY_ID,
        (Anchor::Id, Shape::Identity) => &IDENTITY_BY_ID,
        (Anchor::Id, Shape::History) => &HISTORY_BY_ID,
        (Anchor::Id, Shape::All) => &ALL_BY_ID,
        (Anchor::Key, Shape::Name) => &NAME_BY_KEY,
        (Anchor::Key, Shape::Card) => &CARD_BY_KEY,
        (Anchor::Key, Shape::Identity) => &IDENTITY_BY_KEY,
        (Anchor::Key, Shape::History) => &HISTORY_BY_KEY,
        (Anchor::Key, Shape::All) => &ALL_BY_KEY,
        (Anchor::Owner, Shape::Name) => &NAME_BY_OWNER,
        (Anchor::Owner, Shape::Card) => &CARD_BY_OWNER,
        (Anchor::Owner, Shape::Identity) => &IDENTITY_BY_OWNER,
        (Anchor::Owner, Shape::History) => &HISTORY_BY_OWNER,
        (Anchor::Owner, Shape::All) => &ALL_BY_OWNER,
    }
}

/// The statement that finds the customers of keys, with their versions.
fn version_statement((anchor, devices): Check) -> &'static Statement {
    match (anchor, devices) {
        (Anchor::Id, false) => &VERSION_BY_ID,
        (Anchor::Id, true) => &VERSION_AND_DEVICES_BY_ID,
        (_, false) => &VERSION_BY_KEY,
        (_, true) => &VERSION_AND_DEVICES_BY_KEY,
    }
}

/// Every statement that checks cached views.
pub(super) fn every_check() -> impl Iterator<Item = &'static Statement> {
    [Anchor::Id, Anchor::Key].into_iter().flat_map(|anchor| [false, true].map(|with| version_statement((anchor, with))))
}

/// Every statement of the hot path.
pub(super) fn every_shape() -> impl Iterator<Item = (Anchor, &'static Statement)> {
    ANCHORS.into_iter().flat_map(|anchor| SHAPES.into_iter().map(move |shape| (anchor, statement(anchor, shape))))
}

/// The statement for a whole customer by an identifier's key, for benchmarks.
pub(super) fn whole_by_key() -> &'static str {
    ALL_BY_KEY.text()
}

/// Lets the server plan every shape before the first request: each plan takes 0.1 s.
pub(super) async fn warm(store: &Inner) -> Result<()> {
    let pages = FirstPages { orders: 1, touchpoints: 1 };
    for (anchor, statement) in every_shape() {
        let nobody = match anchor {
            Anchor::Owner => (-1_i64).to_bolt(),
            _ => "".to_bolt(),
        };
        store.connections.read(statement, parameters([&nobody], pages)).await?;
    }
    for statement in every_check() {
        let nobody = list(["".to_bolt(), list::<BoltType>([])]);
        store.connections.read(statement, Params::new().with_list("keys", [nobody])).await?;
    }
    Ok(())
}

/// Customers in the order of `keys`.
pub(super) async fn fetch(
    store: &Inner,
    keys: &[CustomerKey],
    shape: Shape,
    pages: FirstPages,
    as_of: Option<Moment>,
) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
    if let Some(moment) = as_of {
        return customers_as_of::fetch(store, keys, shape, pages, moment).await;
    }
    let mut answers: Vec<Result<Option<Arc<CustomerView>>>> = keys.iter().map(|_| Ok(None)).collect();
    let mut wanted: BTreeMap<Anchor, Vec<(usize, BoltType)>> = BTreeMap::new();
    let mut cached: BTreeMap<Anchor, Vec<(usize, BoltType, Arc<CustomerView>)>> = BTreeMap::new();
    for (n, key) in keys.iter().enumerate() {
        let (anchor, bolt) = match key {
            CustomerKey::Id(id) => (Anchor::Id, id.to_bolt()),
            CustomerKey::Identifier(key) => (Anchor::Key, key.to_string().to_bolt()),
            CustomerKey::Order { .. } => continue,
        };
        match store.views.get(key, shape, pages) {
            Some(view) => cached.entry(anchor).or_default().push((n, bolt, view)),
            None => wanted.entry(anchor).or_default().push((n, bolt)),
        }
    }
    for (anchor, views) in cached {
        for (n, bolt, current) in check(store, anchor, shape, views).await? {
            match current {
                Some(view) => answers[n] = Ok(Some(view)),
                None => wanted.entry(anchor).or_default().push((n, bolt)),
            }
        }
    }
    let read_anew: Vec<usize> = wanted.values().flatten().map(|(n, _)| *n).collect();
    for (n, owner) in order_holders(store, keys).await? {
        match owner {
            Ok(owner) => wanted.entry(Anchor::Owner).or_default().push((n, owner.to_bolt())),
            Err(error) => answers[n] = Err(error),
        }
    }
    for (anchor, keys) in wanted {
        read(store, (anchor, shape), keys, pages, &mut answers).await?;
    }
    for n in read_anew {
        if let Ok(Some(view)) = &answers[n] {
            store.views.insert(&keys[n], shape, pages, view);
        }
    }
    Ok(answers)
}

/// Checks cached views. Each key has its view, if the view equals the stored data.
async fn check(
    store: &Inner,
    anchor: Anchor,
    shape: Shape,
    views: Vec<(usize, BoltType, Arc<CustomerView>)>,
) -> Result<Vec<(usize, BoltType, Option<Arc<CustomerView>>)>> {
    let check = (anchor, shape.has_identity());
    let key =
        |bolt: &BoltType, view: &CustomerView| list([bolt.clone(), list(skus(view).into_iter().map(ToBolt::to_bolt))]);
    let keys = views.iter().map(|(_, bolt, view)| key(bolt, view)).collect();
    let parameters = |keys: &[BoltType]| Params::new().with_list("keys", keys);
    let rows = rows_by_key(&store.checks, check, (store, version_statement(check)), keys, parameters).await?;
    let mut checked = Vec::with_capacity(views.len());
    for ((n, bolt, view), rows) in views.into_iter().zip(rows) {
        // Two rows mean that the customer is just being merged into another.
        let (current, shared) = match rows.as_slice() {
            [row] => {
                let id = CustomerId(column::<&str>(row, "id")?.into());
                let devices = optional::<Vec<DeviceRow<'_>>>(row, "devices")?.map(devices);
                let products = column::<Vec<ProductRow<'_>>>(row, "products")?.into_iter().map(product);
                let products = products.map(|product| (product.sku.clone(), product)).collect();
                (Some(Current { id, version: column(row, "version")? }), Shared { devices, products })
            }
            _ => (None, Shared::default()),
        };
        let fits = store.views.check(&view, current.as_ref(), &shared);
        checked.push((n, bolt, fits.then_some(view)));
    }
    Ok(checked)
}

/// The owners of the orders among `keys`.
async fn order_holders(store: &Inner, keys: &[CustomerKey]) -> Result<FxHashMap<usize, Result<Arrival>>> {
    let orders: Vec<(usize, BoltType)> = keys
        .iter()
        .enumerate()
        .filter_map(|(n, key)| match key {
            CustomerKey::Order { number, source } => Some((n, list([number.to_bolt(), source.to_bolt()]))),
            _ => None,
        })
        .collect();
    let mut holders: FxHashMap<usize, Result<Arrival>> = FxHashMap::default();
    if orders.is_empty() {
        return Ok(holders);
    }
    let params = Params::new().with_list("keys", orders.iter().map(|(_, key)| key));
    for row in &store.connections.read(&ORDER_HOLDERS, params).await? {
        let (n, owner) = (orders[place(row)?].0, Arrival(column(row, "owner")?));
        holders.entry(n).and_modify(|holder| *holder = Err(StoreError::AmbiguousOrder)).or_insert(Ok(owner));
    }
    Ok(holders)
}

/// Reads customers by one kind of key, and reads again when an answer is not consistent.
async fn read(
    store: &Inner,
    (anchor, shape): (Anchor, Shape),
    mut keys: Vec<(usize, BoltType)>,
    pages: FirstPages,
    answers: &mut [Result<Option<Arc<CustomerView>>>],
) -> Result<()> {
    let (mut attempt, mut waited) = (1, Duration::ZERO);
    while attempt <= READS && waited < PATIENCE {
        let all = keys.iter().map(|(_, key)| key.clone()).collect();
        let parameters = |keys: &[BoltType]| parameters(keys, pages);
        let reading = (anchor, shape, pages);
        let by_key = rows_by_key(&store.reads, reading, (store, statement(anchor, shape)), all, parameters).await?;
        let (mut again, mut torn) = (Vec::new(), false);
        for ((n, key), rows) in keys.into_iter().zip(by_key) {
            let found = match rows.as_slice() {
                [] => Whole::Nobody,
                [row] => whole(store, row, anchor, attempt)?,
                _ => Whole::Torn,
            };
            match found {
                Whole::Customer => answers[n] = Ok(Some(Arc::new(view(&rows[0], pages)?))),
                Whole::Nobody => {}
                Whole::Waits => again.push((n, key)),
                Whole::Torn => {
                    torn = true;
                    again.push((n, key));
                }
            }
        }
        if again.is_empty() {
            return Ok(());
        }
        metrics::counter!("throughline_customer_rereads_total", "store" => "neo4j").increment(again.len() as u64);
        keys = again;
        attempt += u32::from(torn);
        let pause = Duration::from_millis(3).max(waited / 2).min(Duration::from_millis(100));
        tokio::time::sleep(pause).await;
        waited += pause;
    }
    for (n, _) in keys {
        answers[n] = Err(StoreError::Busy("the customer kept changing while it was read".into()));
    }
    Ok(())
}

/// The rows for each of `keys`, read together with the keys of other readers that wait for the same statement.
async fn rows_by_key<K: Eq + Hash + Clone>(
    coalescer: &Coalescer<K, Vec<Vec<Row>>>,
    same: K,
    (store, statement): (&Inner, &'static Statement),
    keys: Vec<BoltType>,
    parameters: impl Fn(&[BoltType]) -> Params,
) -> Result<Vec<Vec<Row>>> {
    let run = |keys: Vec<BoltType>, readers: Vec<usize>| {
        let parameters = parameters(&keys);
        async move {
            let mut by_key: Vec<Vec<Row>> = std::iter::repeat_with(Vec::new).take(keys.len()).collect();
            for row in store.connections.read(statement, parameters).await? {
                by_key[place(&row)?].push(row);
            }
            let mut by_key = by_key.into_iter();
            Ok(readers.into_iter().map(|keys| by_key.by_ref().take(keys).collect()).collect())
        }
    };
    // Outside of any share: few of these run at a time, and a reader that reads for others must not wait.
    share::within(None, coalescer.read(same, keys, run)).await
}

fn parameters<'a>(keys: impl IntoIterator<Item = &'a BoltType>, pages: FirstPages) -> Params {
    // One more row than requested shows whether more follow.
    let one_more = |limit: usize| if limit == 0 { 0 } else { limit + 1 };
    Params::new()
        .with_list("keys", keys)
        .with_list("traits", NAME_TRAITS)
        .with("orders", one_more(pages.orders))
        .with("touchpoints", one_more(pages.touchpoints))
}

/// The key of a row.
fn place(row: &Row) -> Result<usize> {
    column(row, "n")
}

enum Whole {
    Customer,
    Nobody,
    /// It mixes two moments.
    Torn,
    /// A commit about it is partly visible.
    Waits,
}

/// Whether a row is consistent.
fn whole(store: &Inner, row: &Row, anchor: Anchor, attempt: u32) -> Result<Whole> {
    let before: Option<i64> = column(row, "version")?;
    let after: Option<i64> = column(row, "version_after")?;
    let empty = column::<Vec<serde::de::IgnoredAny>>(row, "identifiers")?.is_empty();
    let writing: Vec<i64> = column(row, "writing")?;
    if writing.into_iter().any(|seq| store.markers.is_alive(seq)) {
        return Ok(Whole::Waits);
    }
    Ok(match (before, after) {
        // An identifier may have been between two customers. If two reads find it without a customer, it has none.
        (None, _) if attempt > 1 && anchor != Anchor::Id => Whole::Nobody,
        (None, _) => Whole::Torn,
        (Some(before), Some(after)) if before == after && !empty => Whole::Customer,
        _ => Whole::Torn,
    })
}

fn view(row: &Row, pages: FirstPages) -> Result<CustomerView> {
    let id = CustomerId(column::<&str>(row, "id")?.into());
    let mut former: Vec<(i64, &str)> = column(row, "former")?;
    former.sort_unstable();
    let customer = Customer {
        id: id.clone(),
        created_seq: Arrival(column(row, "born")?),
        version: column(row, "version")?,
        former_ids: former.into_iter().map(|(_, id)| CustomerId(id.into())).collect(),
    };
    let identifiers = column::<Vec<IdentifierRow<'_>>>(row, "identifiers")?;
    let mut identifiers: Vec<Identifier> =
        identifiers.into_iter().map(|i| i.held_by(Some(id.clone()))).collect::<Result<_>>()?;
    identifiers.sort_by_key(|i| (i.first_seen_at, i.id));
    Ok(CustomerView {
        as_of: None,
        customer,
        identifiers,
        claims: all::<ClaimRow<'_>, _>(row, "claims")?.unwrap_or_default(),
        consents: all::<ConsentRow<'_>, _>(row, "consents")?,
        devices: optional::<Vec<DeviceRow<'_>>>(row, "devices")?.map(devices),
        orders: all::<OrderRow<'_>, _>(row, "orders")?.map(|items| Page::cut(items, pages.orders)),
        touchpoints: all::<TouchpointRow<'_>, _>(row, "touchpoints")?.map(|items| Page::cut(items, pages.touchpoints)),
    })
}

/// A column of some shapes only.
fn optional<'a, T: serde::Deserialize<'a>>(row: &'a Row, name: &str) -> Result<Option<T>> {
    if row.keys().iter().any(|key| key.value == name) { column(row, name).map(Some) } else { Ok(None) }
}

fn all<'a, R, T>(row: &'a Row, name: &str) -> Result<Option<Vec<T>>>
where
    R: serde::Deserialize<'a>,
    T: TryFrom<R, Error = StoreError>,
{
    let rows: Option<Vec<R>> = optional(row, name)?;
    rows.map(|rows| rows.into_iter().map(T::try_from).collect()).transpose()
}

/// Devices, last seen first, each with its identifiers among the given ones.
pub(super) fn devices(rows: Vec<DeviceRow<'_>>) -> Vec<Device> {
    let mut by_key: BTreeMap<&str, Device> = BTreeMap::new();
    for row in rows {
        let device = by_key.entry(row.key).or_insert_with(|| Device {
            fact: row.fact(),
            first_seen_at: crate::domain::Timestamp(row.first_seen_at),
            last_seen_at: crate::domain::Timestamp(row.last_seen_at),
            identifiers: Vec::new(),
        });
        device.identifiers.push(Arrival(row.identifier));
        device.first_seen_at = device.first_seen_at.min(crate::domain::Timestamp(row.first_seen_at));
        device.last_seen_at = device.last_seen_at.max(crate::domain::Timestamp(row.last_seen_at));
    }
    let mut devices: Vec<Device> = by_key.into_values().collect();
    for device in &mut devices {
        device.identifiers.sort_unstable();
        device.identifiers.dedup();
    }
    devices.sort_by_key(|device| std::cmp::Reverse(device.rank()));
    devices
}

/// Writes customers: former customers that are customers again, new customers, and changed customers.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan, sizes: &BTreeMap<CustomerId, i64>) -> Outcome<()> {
    writer.rows(&RESTORE, plan.restored.iter().map(|id| row! { "id" => id }).collect()).await?;
    let (new, old): (Vec<_>, Vec<_>) = plan.customers.iter().partition(|row| row.new);
    writer.rows(&INSERT, new.into_iter().map(|row| new_customer(row, sizes)).collect()).await?;
    writer.rows(&UPDATE, old.into_iter().map(|row| customer(row, sizes)).collect()).await
}

/// Writes which customers were merged into others.
pub(super) async fn write_merges(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    let merged = plan.merged.iter().map(|row| row! { "from" => row.from, "into" => row.into });
    writer.rows(&MERGE, merged.collect()).await
}

fn customer(row: &CustomerRow, sizes: &BTreeMap<CustomerId, i64>) -> BoltType {
    row! {
        "id" => row.id,
        "size" => sizes.get(&row.id).copied(),
        "set" => row! {
            "first_seen_at" => row.first_seen_at,
            "last_seen_at" => row.last_seen_at,
            "order_count" => row.order_count,
            "channels" => row.channels,
        },
    }
}

fn new_customer(row: &CustomerRow, sizes: &BTreeMap<CustomerId, i64>) -> BoltType {
    row! {
        "id" => row.id,
        "identifier_count" => sizes.get(&row.id).copied(),
        "born" => row.created_seq,
        "version" => 1_i64,
        "first_seen_at" => row.first_seen_at,
        "last_seen_at" => row.last_seen_at,
        "order_count" => row.order_count,
        "channels" => row.channels,
    }
}
