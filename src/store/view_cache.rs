//! A limited cache of customers, as read.
//!
//! A cached view is never returned without a check. Each read first asks the store for the present customer of the key
//! and its version. The cached view is returned only when it has this customer and this version. Every commit that
//! changes a view's data raises the customer's version, with two exceptions: events of other customers change the
//! description of a device, and the names of products. So a view is also checked by the present devices and by the
//! present products of its orders.
//!
//! The key of an entry is the key of the read, so a key that was not read before needs no check.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::query::{CustomerKey, FirstPages, Shape};
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::device::Device;
use crate::domain::order::{Order, OrderAct};
use crate::domain::product::Product;
use crate::settings::CACHE_MB;

/// The key of a cached view: the key of the read, and the parts that were read.
type Key = (CustomerKey, Shape, FirstPages);

/// The default memory of a store's cache, in bytes.
pub(super) const CACHE_BYTES: u64 = CACHE_MB << 20;

/// The estimated size of a view, in bytes. It gives the expected number of entries.
const USUAL: u64 = 8_192;

/// Views of the present, by the key that found them.
pub(super) struct ViewCache {
    views: Option<Cache<Key, Arc<CustomerView>, Bytes>>,
    store: &'static str,
}

/// The present customer of a key. A cached view is checked by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Current {
    /// The customer.
    pub(super) id: CustomerId,
    /// Its version.
    pub(super) version: i64,
}

impl Current {
    /// Whether a view is of this customer and version.
    pub(super) fn is_of(&self, view: &CustomerView) -> bool {
        self.id == view.customer.id && self.version == view.customer.version
    }
}

/// The present state of what a view shows and what events of other customers change.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The devices, if the view has devices.
    pub(super) devices: Option<Vec<Device>>,
    /// The products of the view's orders, by sku.
    pub(super) products: HashMap<Arc<str>, Product>,
}

impl Shared {
    /// Whether a view shows exactly this.
    fn is_in(&self, view: &CustomerView) -> bool {
        view.devices == self.devices && products(view).all(|product| self.products.get(&product.sku) == Some(product))
    }
}

/// The skus of the products that a view shows in its orders.
pub(super) fn skus(view: &CustomerView) -> BTreeSet<&Arc<str>> {
    products(view).map(|product| &product.sku).collect()
}

fn products(view: &CustomerView) -> impl Iterator<Item = &Product> {
    view.orders.iter().flat_map(|page| &page.items).flat_map(Order::products)
}

impl ViewCache {
    /// A cache of at most `bytes`; 0 for no cache.
    pub(super) fn new(bytes: u64, store: &'static str) -> Self {
        let views = (bytes > 0).then(|| Cache::with_weighter((bytes / USUAL).max(16) as usize, bytes, Bytes));
        ViewCache { views, store }
    }

    /// The last cached view of a key. It must be checked.
    pub(super) fn get(&self, key: &CustomerKey, shape: Shape, pages: FirstPages) -> Option<Arc<CustomerView>> {
        let view = self.views.as_ref()?.get(&(key.clone(), shape, pages));
        if view.is_none() {
            self.count("miss");
        }
        view
    }

    /// Whether a cached view equals the stored data.
    pub(super) fn check(&self, view: &CustomerView, current: Option<&Current>, shared: &Shared) -> bool {
        let fits = current.is_some_and(|now| now.is_of(view)) && shared.is_in(view);
        self.count(if fits { "hit" } else { "stale" });
        fits
    }

    /// Caches the answer of a read.
    pub(super) fn insert(&self, key: &CustomerKey, shape: Shape, pages: FirstPages, view: &Arc<CustomerView>) {
        if let Some(views) = &self.views {
            views.insert((key.clone(), shape, pages), view.clone());
        }
    }

    /// Forgets all views, such as those of a person who was erased.
    pub(super) fn clear(&self) {
        self.views.iter().for_each(Cache::clear);
    }

    fn count(&self, result: &'static str) {
        metrics::counter!("throughline_customer_cache_total", "store" => self.store, "result" => result).increment(1);
    }

    /// The estimated size of all entries, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.views.as_ref().map_or(0, Cache::weight)
    }
}

/// Estimates the memory of an entry.
#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<CustomerView>> for Bytes {
    fn weight(&self, _: &Key, view: &Arc<CustomerView>) -> u64 {
        let page = |texts: usize, each: usize| texts + each;
        let claims: usize = view.claims.iter().map(|claim| page(claim.value.get().len(), 320)).sum();
        let touchpoints: usize = view
            .touchpoints
            .iter()
            .flat_map(|page| &page.items)
            .map(|touchpoint| {
                let properties = touchpoint.fact.properties.as_ref().map_or(0, |json| json.get().len());
                page(properties, 500)
            })
            .sum();
        let consents = view.consents.as_ref().map_or(0, |given| 200 * given.len());
        let devices = view.devices.as_ref().map_or(0, |devices| 250 * devices.len());
        let orders: usize = view.orders.iter().flat_map(|page| &page.items).map(order_bytes).sum();
        let identifiers = 450 * view.identifiers.len();
        (600 + identifiers + claims + consents + devices + orders + touchpoints) as u64
    }
}

fn order_bytes(order: &Order) -> usize {
    let products = order.events.iter().map(|event| match &event.act {
        OrderAct::Completed(content) | OrderAct::Updated(content) => content.lines.as_ref().map_or(0, Vec::len),
        OrderAct::Refunded(refund) => refund.products.len(),
        OrderAct::Cancelled => 0,
    });
    400 + 250 * order.events.len() + 200 * (order.lines.len() + order.returns.len() + products.sum::<usize>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Amount;
    use crate::domain::Arrival;
    use crate::domain::customer::Customer;
    use crate::domain::device::DeviceFact;
    use crate::domain::order::{Line, OrderContent, OrderEvent, OrderKey};
    use crate::domain::page::Page;

    const CARD: (Shape, FirstPages) = (Shape::Card, FirstPages { orders: 0, touchpoints: 0 });

    fn view(id: &str, version: i64) -> Arc<CustomerView> {
        let id = CustomerId(id.into());
        let customer = Customer { id, created_seq: Arrival(1), version, former_ids: Vec::new() };
        Arc::new(CustomerView::card(None, customer, Vec::new(), Vec::new()))
    }

    fn key(id: &str) -> CustomerKey {
        CustomerKey::Id(CustomerId(id.into()))
    }

    #[test]
    fn a_view_is_the_answer_only_of_the_same_customer_version_and_devices() {
        let cache = ViewCache::new(1 << 20, "test");
        cache.insert(&key("a"), CARD.0, CARD.1, &view("a", 3));
        let found = cache.get(&key("a"), CARD.0, CARD.1).expect("a view");
        let now = |id: &str, version| Current { id: CustomerId(id.into()), version };
        let (none, no_devices) = (Shared::default(), Shared { devices: Some(Vec::new()), ..Shared::default() });
        assert!(cache.check(&found, Some(&now("a", 3)), &none));
        assert!(!cache.check(&found, Some(&now("a", 4)), &none));
        assert!(!cache.check(&found, Some(&now("b", 3)), &none));
        assert!(!cache.check(&found, None, &none));
        assert!(!cache.check(&found, Some(&now("a", 3)), &no_devices), "devices were not read");
        let fact = DeviceFact { key: "d".into(), kind: "phone".into(), os: None, model: None };
        let device = Device {
            fact,
            first_seen_at: Default::default(),
            last_seen_at: Default::default(),
            identifiers: Vec::new(),
        };
        let mut with = CustomerView::clone(&found);
        with.devices = Some(vec![device.clone()]);
        let shared = |device: &Device| Shared { devices: Some(vec![device.clone()]), ..Shared::default() };
        assert!(cache.check(&with, Some(&now("a", 3)), &shared(&device)));
        let mut other = device;
        other.fact.os = Some("iOS".into());
        assert!(!cache.check(&with, Some(&now("a", 3)), &shared(&other)));
        assert!(cache.get(&key("a"), Shape::All, CARD.1).is_none(), "other parts are another entry");
    }

    #[test]
    fn a_view_with_orders_is_the_answer_only_while_its_products_have_their_names() {
        let cache = ViewCache::new(1 << 20, "test");
        let hat = |name: &str| Product { sku: "hat".into(), name: Some(name.into()), category: None };
        let line = Line { product: hat("Hat"), quantity: 1, price: Amount::ZERO };
        let content = OrderContent { lines: Some(vec![line]), ..OrderContent::default() };
        let event = OrderEvent {
            at: Default::default(),
            arrival: Arrival(1),
            owner: Some(Arrival(1)),
            act: OrderAct::Completed(content),
        };
        let order = Order::fold(OrderKey { source: "shop".into(), number: "1".into() }, vec![event]);
        let mut with = CustomerView::clone(&view("a", 3));
        with.orders = Some(Page { items: vec![order], more: false });
        let now = Current { id: CustomerId("a".into()), version: 3 };
        let shared = |product: Option<Product>| Shared {
            devices: None,
            products: product.into_iter().map(|product| (product.sku.clone(), product)).collect(),
        };
        assert_eq!(skus(&with).into_iter().map(|sku| &**sku).collect::<Vec<_>>(), ["hat"]);
        assert!(cache.check(&with, Some(&now), &shared(Some(hat("Hat")))));
        assert!(!cache.check(&with, Some(&now), &shared(Some(hat("Top hat")))));
        assert!(!cache.check(&with, Some(&now), &shared(None)));
    }

    #[test]
    fn its_memory_is_bounded_and_nothing_is_cached_without_memory() {
        let cache = ViewCache::new(100_000, "test");
        for n in 0..10_000 {
            cache.insert(&key(&n.to_string()), CARD.0, CARD.1, &view("a", 1));
        }
        assert!((50_000..=100_000).contains(&cache.bytes()), "{}", cache.bytes());
        let none = ViewCache::new(0, "test");
        none.insert(&key("a"), CARD.0, CARD.1, &view("a", 1));
        assert!(none.get(&key("a"), CARD.0, CARD.1).is_none());
    }
}
