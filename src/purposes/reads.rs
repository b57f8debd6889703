//! Reads that leave out the customers whom a purpose hides, and what hangs on them. An identifier is shown with its
//! customer; one without a customer is nobody's, so nobody has granted anything, and it is hidden.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::change::IdentityEvent;
use crate::domain::consent::Standing;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::device::Device;
use crate::domain::identifier::Identifier;
use crate::domain::link::Link;
use crate::domain::order::{Order, OrderKey};
use crate::domain::page::Page;
use crate::domain::product::{Product, ProductActed};
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::stitching::visits::Seen;
use crate::store::query::*;
use crate::store::{Reads, Result, Store, StoreError};

/// No first pages.
const NO_PAGES: FirstPages = FirstPages { orders: 0, touchpoints: 0 };
/// The least number of touchpoints or links of a read that leaves some out.
const LEAST: usize = 200;
/// The number of links of a read that counts.
const LINKS: usize = 500;

/// The reads of the present or of a moment, as a purpose shows them.
#[derive(Clone, Copy)]
pub(super) struct Shown<'r> {
    pub(super) reads: &'r dyn Reads,
    pub(super) purpose: &'r str,
    /// A grant that ended by then has expired.
    pub(super) now: Timestamp,
    /// For the past: the reads and the time of now. Who is hidden now is hidden in the past too, so that a refusal counts at
    /// once.
    pub(super) present: Option<(&'r dyn Reads, Timestamp)>,
}

/// The standing of each customer or identifier that is shown.
type Standings<K> = HashMap<K, Standing>;

/// Of these ids, those that stand for a customer with a grant at `now`, with the customer.
async fn granted(
    reads: &dyn Reads,
    purpose: &str,
    now: Timestamp,
    ids: HashSet<CustomerId>,
) -> Result<Vec<(CustomerId, Arc<CustomerView>, Standing)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<CustomerKey> = ids.into_iter().map(CustomerKey::Id).collect();
    let views = reads.customers(&keys, Shape::Identity, NO_PAGES).await?;
    let mut found = Vec::with_capacity(keys.len());
    for (key, view) in keys.into_iter().zip(views) {
        let (CustomerKey::Id(id), Some(view)) = (key, view?) else { continue };
        let standing = standing(&view, purpose, now);
        if standing.shown {
            found.push((id, view, standing));
        }
    }
    Ok(found)
}

fn standing(view: &CustomerView, purpose: &str, now: Timestamp) -> Standing {
    Standing::of(view.consents.as_deref().unwrap_or_default(), purpose, now)
}

/// Whether both ends of a link are shown.
fn has_shown_ends(link: &Link, shown: &Standings<IdentifierId>) -> bool {
    shown.contains_key(&link.from) && shown.contains_key(&link.to)
}

impl Shown<'_> {
    /// Of these ids, those that stand for a customer who is shown.
    pub(super) async fn customers_shown(
        &self,
        ids: impl IntoIterator<Item = CustomerId>,
    ) -> Result<Standings<CustomerId>> {
        let granted = granted(self.reads, self.purpose, self.now, ids.into_iter().collect()).await?;
        let now = self.shown_now(granted.iter().map(|(_, view, _)| view)).await?;
        let is_shown = |view: &CustomerView| now.as_ref().is_none_or(|now| now.contains(&view.customer.id));
        Ok(granted.into_iter().filter(|(_, view, _)| is_shown(view)).map(|(id, _, own)| (id, own)).collect())
    }

    /// Of these customers of the past, those whose identifiers are only with customers that are shown now. `None` for all,
    /// where these are customers of now.
    async fn shown_now<'v>(
        &self,
        views: impl Iterator<Item = &'v Arc<CustomerView>>,
    ) -> Result<Option<HashSet<CustomerId>>> {
        let Some((reads, now)) = self.present else { return Ok(None) };
        let views: Vec<&Arc<CustomerView>> = views.collect();
        let ids: HashSet<IdentifierId> =
            views.iter().flat_map(|view| view.identifiers.iter().map(|own| own.id)).collect();
        let refs: Vec<IdentifierRef> = ids.into_iter().map(IdentifierRef::Id).collect();
        let rows = reads.identifiers(&refs).await?;
        let customers = rows.iter().flatten().filter_map(|row| row.customer.clone()).collect();
        let granted = granted(reads, self.purpose, now, customers).await?;
        let shown: HashSet<&CustomerId> = granted.iter().map(|(id, ..)| id).collect();
        let hidden: HashSet<IdentifierId> = rows
            .iter()
            .flatten()
            .filter(|row| row.customer.as_ref().is_some_and(|customer| !shown.contains(customer)))
            .map(|row| row.id)
            .collect();
        let is_shown = |view: &&&Arc<CustomerView>| !view.identifiers.iter().any(|own| hidden.contains(&own.id));
        Ok(Some(views.iter().filter(is_shown).map(|view| view.customer.id.clone()).collect()))
    }

    /// The customers of these ids that are shown.
    pub(super) async fn cards(&self, ids: &[CustomerId]) -> Result<Vec<Arc<CustomerView>>> {
        let keys: Vec<CustomerKey> = ids.iter().cloned().map(CustomerKey::Id).collect();
        let views: Result<Vec<Option<_>>> = self.customers(&keys, Shape::Card, NO_PAGES).await?.into_iter().collect();
        Ok(views?.into_iter().flatten().collect())
    }

    /// Of these identifiers, those whose customer is shown.
    pub(super) async fn identifiers_shown(
        &self,
        ids: impl IntoIterator<Item = IdentifierId>,
    ) -> Result<Standings<IdentifierId>> {
        let ids: HashSet<IdentifierId> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let refs: Vec<IdentifierRef> = ids.into_iter().map(IdentifierRef::Id).collect();
        let rows = self.reads.identifiers(&refs).await?;
        let customers = self.customers_shown(rows.iter().flatten().filter_map(|row| row.customer.clone())).await?;
        let of = |row: &Identifier| Some((row.id, customers.get(row.customer.as_ref()?)?.clone()));
        Ok(rows.iter().flatten().filter_map(of).collect())
    }

    /// The standing of each owner; `None` for one that is hidden.
    async fn owners(&self, of: &[Of]) -> Result<Vec<Option<Standing>>> {
        let customers = of.iter().filter_map(|of| match of {
            Of::Customer(id) => Some(id.clone()),
            Of::Identifier(_) => None,
        });
        let customers = self.customers_shown(customers).await?;
        let identifiers = of.iter().filter_map(|of| match of {
            Of::Identifier(id) => Some(*id),
            Of::Customer(_) => None,
        });
        let identifiers = self.identifiers_shown(identifiers).await?;
        let standing = |of: &Of| match of {
            Of::Customer(id) => customers.get(id).cloned(),
            Of::Identifier(id) => identifiers.get(id).cloned(),
        };
        Ok(of.iter().map(standing).collect())
    }

    pub(super) async fn customers(
        &self,
        keys: &[CustomerKey],
        shape: Shape,
        pages: FirstPages,
    ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
        // Consents come with the same read, so a view and its standing are of one moment.
        let with_consents = match shape {
            Shape::Name | Shape::Card | Shape::Identity => Shape::Identity,
            Shape::History | Shape::All => Shape::All,
        };
        let views = self.reads.customers(keys, with_consents, pages).await?;
        let now = self.shown_now(views.iter().flatten().flatten()).await?;
        let is_shown_now = |view: &CustomerView| now.as_ref().is_none_or(|now| now.contains(&view.customer.id));
        let mut shown = Vec::with_capacity(views.len());
        for view in views {
            shown.push(match view {
                Ok(Some(view)) if !is_shown_now(&view) => Ok(None),
                Ok(Some(view)) => Ok(self.view(view, pages).await?),
                other => other,
            });
        }
        Ok(shown)
    }

    async fn view(&self, view: Arc<CustomerView>, pages: FirstPages) -> Result<Option<Arc<CustomerView>>> {
        let standing = standing(&view, self.purpose, self.now);
        match (standing.shown, standing.refused.is_empty()) {
            (false, _) => return Ok(None),
            (true, true) => return Ok(Some(view)),
            (true, false) => {}
        }
        let mut view = Arc::unwrap_or_clone(view);
        view.identifiers.iter_mut().for_each(|own| without_channels(own, &standing));
        if view.touchpoints.is_some() {
            let (of, filter) = (Of::Customer(view.customer.id.clone()), TouchpointFilter::default());
            let first = TouchpointPage { filter, order: TimeOrder::NewestFirst, after: None, limit: pages.touchpoints };
            view.touchpoints = Some(self.list_without(&of, &first, &standing).await?);
        }
        Ok(Some(Arc::new(view)))
    }

    pub(super) async fn identifiers(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
        let rows = self.reads.identifiers(keys).await?;
        let customers = self.customers_shown(rows.iter().flatten().filter_map(|row| row.customer.clone())).await?;
        let of = |row: Option<Identifier>| {
            let mut row = row?;
            let standing = customers.get(row.customer.as_ref()?)?;
            without_channels(&mut row, standing);
            Some(row)
        };
        Ok(rows.into_iter().map(of).collect())
    }

    pub(super) async fn list_seen(&self, device: IdentifierId, since: Timestamp, limit: usize) -> Result<Vec<Seen>> {
        let mut seen = self.reads.list_seen(device, since, limit).await?;
        let owners = self.identifiers_shown(seen.iter().map(|seen| seen.owner)).await?;
        seen.retain(|seen| owners.contains_key(&seen.owner));
        Ok(seen)
    }

    /// These touchpoints, without those that are hidden.
    pub(super) async fn of_touchpoints(&self, rows: Vec<Option<Touchpoint>>) -> Result<Vec<Option<Touchpoint>>> {
        let owners = self.identifiers_shown(rows.iter().flatten().map(|row| row.owner)).await?;
        let is_shown = |row: &Touchpoint| owners.get(&row.owner).is_some_and(|own| !own.refuses(&row.fact.channel));
        Ok(rows.into_iter().map(|row| row.filter(is_shown)).collect())
    }

    pub(super) async fn touchpoints(&self, message_ids: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>> {
        self.of_touchpoints(self.reads.touchpoints(message_ids).await?).await
    }

    pub(super) async fn list_touchpoints(&self, of: &[Of], page: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>> {
        let standings = self.owners(of).await?;
        let read = async |of: &[Of]| self.reads.list_touchpoints(of, page).await;
        let mut pages = gated(of, &without_refusals(&standings), none, read).await?;
        for (n, standing) in with_refusals(&standings) {
            pages[n] = self.list_without(&of[n], page, standing).await?;
        }
        Ok(pages)
    }

    /// A page of an owner's touchpoints without those of its refused channels.
    async fn list_without(&self, of: &Of, page: &TouchpointPage, standing: &Standing) -> Result<Page<Touchpoint>> {
        let Some(filter) = without_refused(&page.filter, standing) else { return Ok(none()) };
        let mut walk = TouchpointPage { filter, limit: page.limit.max(LEAST), ..page.clone() };
        let mut found = Vec::new();
        loop {
            let next = self.reads.list_touchpoints(std::slice::from_ref(of), &walk).await?.pop().unwrap_or_else(none);
            walk.after = next.items.last().map(|last| TimeKey { at: last.at, arrival: last.arrival });
            let ends = !next.more || next.items.is_empty();
            found.extend(next.items.into_iter().filter(|row| !standing.refuses(&row.fact.channel)));
            if found.len() > page.limit || ends {
                return Ok(Page::cut(found, page.limit));
            }
        }
    }

    pub(super) async fn count_touchpoints(&self, of: &[Of], filter: &TouchpointFilter) -> Result<Vec<i64>> {
        let standings = self.owners(of).await?;
        let read = async |of: &[Of]| self.reads.count_touchpoints(of, filter).await;
        let mut counts = gated(of, &without_refusals(&standings), || 0, read).await?;
        for (n, standing) in with_refusals(&standings) {
            counts[n] = self.count_without(&of[n], filter, standing).await?;
        }
        Ok(counts)
    }

    /// The number of an owner's touchpoints without those of its refused channels.
    async fn count_without(&self, of: &Of, filter: &TouchpointFilter, standing: &Standing) -> Result<i64> {
        let Some(rest) = without_refused(filter, standing) else { return Ok(0) };
        let of = std::slice::from_ref(of);
        let count = async |filter: &TouchpointFilter| {
            Ok::<_, StoreError>(self.reads.count_touchpoints(of, filter).await?.pop().unwrap_or(0))
        };
        let all = count(&rest).await?;
        if !rest.channels.is_empty() {
            return Ok(all);
        }
        let refused = TouchpointFilter { channels: standing.refused.clone(), ..rest };
        Ok(all - count(&refused).await?)
    }

    pub(super) async fn orders(&self, keys: &[OrderKey]) -> Result<Vec<Option<Order>>> {
        let orders = self.reads.orders(keys).await?;
        let owners = orders.iter().flatten().filter_map(|order| Some(order.placed?.owner));
        let owners = self.identifiers_shown(owners).await?;
        let is_shown = |order: &Order| order.placed.is_some_and(|placed| owners.contains_key(&placed.owner));
        Ok(orders.into_iter().map(|order| order.filter(is_shown)).collect())
    }

    pub(super) async fn list_orders(&self, of: &[Of], page: &OrderPage) -> Result<Vec<Page<Order>>> {
        let shown = self.owners(of).await?;
        gated(of, &shown, none, async |of| self.reads.list_orders(of, page).await).await
    }

    pub(super) async fn count_orders(
        &self,
        of: &[Of],
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<i64>> {
        let shown = self.owners(of).await?;
        gated(of, &shown, || 0, async |of| self.reads.count_orders(of, since, until).await).await
    }

    pub(super) async fn devices(&self, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
        let devices = self.reads.devices(keys).await?;
        let all = devices.iter().flatten().flat_map(|device| device.identifiers.iter().copied());
        let shown = self.identifiers_shown(all).await?;
        let mut found = Vec::with_capacity(devices.len());
        for device in devices {
            let Some(mut device) = device else {
                found.push(None);
                continue;
            };
            let count = device.identifiers.len();
            device.identifiers.retain(|id| shown.contains_key(id));
            if !device.identifiers.is_empty() && device.identifiers.len() < count {
                // Times of hidden people must not be told, so they are those of the others.
                let of: Vec<Of> = device.identifiers.iter().copied().map(Of::Identifier).collect();
                let own = self.reads.list_devices(&of).await?;
                let same = || own.iter().flatten().filter(|other| other.fact.key == device.fact.key);
                let first = same().map(|other| other.first_seen_at).min();
                let last = same().map(|other| other.last_seen_at).max();
                (device.first_seen_at, device.last_seen_at) =
                    (first.unwrap_or(device.first_seen_at), last.unwrap_or(device.last_seen_at));
            }
            found.push(Some(device).filter(|device| !device.identifiers.is_empty()));
        }
        Ok(found)
    }

    pub(super) async fn list_devices(&self, of: &[Of]) -> Result<Vec<Vec<Device>>> {
        let shown = self.owners(of).await?;
        gated(of, &shown, Vec::new, async |of| self.reads.list_devices(of).await).await
    }

    /// Both ends of a link must be shown: the other end of a refused link is of another customer.
    pub(super) async fn list_links(&self, of: &[Of], page: &LinkPage) -> Result<Vec<Page<Link>>> {
        let owners = self.owners(of).await?;
        let read = gated(of, &owners, none, async |of| self.reads.list_links(of, page).await).await?;
        let ends = read.iter().flat_map(|page: &Page<Link>| &page.items).flat_map(|link| [link.from, link.to]);
        let shown = self.identifiers_shown(ends).await?;
        let mut pages = Vec::with_capacity(of.len());
        for (of, read) in of.iter().zip(read) {
            let is_whole = read.items.iter().all(|link| has_shown_ends(link, &shown));
            pages.push(if is_whole { read } else { self.list_shown_links(of, page).await? });
        }
        Ok(pages)
    }

    /// A page of a shown owner's links whose ends are shown.
    async fn list_shown_links(&self, of: &Of, page: &LinkPage) -> Result<Page<Link>> {
        let mut walk = LinkPage { limit: page.limit.max(LEAST), ..page.clone() };
        let mut found = Vec::new();
        loop {
            let next = self.reads.list_links(std::slice::from_ref(of), &walk).await?.pop().unwrap_or_else(none);
            walk.after = next.items.last().map(link_key);
            let ends = !next.more || next.items.is_empty();
            let shown = self.identifiers_shown(next.items.iter().flat_map(|link| [link.from, link.to])).await?;
            found.extend(next.items.into_iter().filter(|link| has_shown_ends(link, &shown)));
            if found.len() > page.limit || ends {
                return Ok(Page::cut(found, page.limit));
            }
        }
    }

    pub(super) async fn count_links(&self, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>> {
        let mut counts = Vec::with_capacity(of.len());
        for of in of {
            let mut page = LinkPage { refused, after: None, limit: LINKS };
            let mut count = 0;
            loop {
                let found = self.list_links(std::slice::from_ref(of), &page).await?.pop().unwrap_or_else(none);
                count += found.items.len() as i64;
                page.after = found.items.last().map(link_key);
                if !found.more || found.items.is_empty() {
                    break;
                }
            }
            counts.push(count);
        }
        Ok(counts)
    }

    pub(super) async fn links(&self, keys: &[LinkKey]) -> Result<Vec<Option<Link>>> {
        let links = self.reads.links(keys).await?;
        let shown = self.identifiers_shown(links.iter().flatten().flat_map(|link| [link.from, link.to])).await?;
        Ok(links.into_iter().map(|link| link.filter(|link| has_shown_ends(link, &shown))).collect())
    }

    /// Products are nobody's.
    pub(super) async fn products(&self, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
        self.reads.products(skus).await
    }

    pub(super) async fn product_acts(&self, customers: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
        let shown = self.customers_of(customers).await?;
        gated(customers, &shown, Default::default, async |of| self.reads.product_acts(of).await).await
    }

    pub(super) async fn list_identity_events(
        &self,
        customers: &[CustomerId],
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Vec<Page<IdentityEvent>>> {
        let shown = self.customers_of(customers).await?;
        let read = async |of: &[CustomerId]| self.reads.list_identity_events(of, after, limit).await;
        let mut pages = gated(customers, &shown, none, read).await?;
        let others = pages.iter().flat_map(|page| &page.items).flat_map(|event| event.others.iter().cloned());
        let others = self.customers_shown(others).await?;
        let events = pages.iter_mut().flat_map(|page| &mut page.items);
        events.for_each(|event| event.others.retain(|other| others.contains_key(other)));
        Ok(pages)
    }

    pub(super) async fn count_identity_events(&self, customers: &[CustomerId]) -> Result<Vec<i64>> {
        let shown = self.customers_of(customers).await?;
        gated(customers, &shown, || 0, async |of| self.reads.count_identity_events(of).await).await
    }

    pub(super) async fn identity_events(&self, arrivals: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>> {
        let events = self.reads.identity_events(arrivals).await?;
        let mut named: Vec<CustomerId> = Vec::new();
        for event in events.iter().flatten() {
            named.extend(event.others.iter().cloned());
            named.push(event.customer.clone());
        }
        let shown = self.customers_shown(named).await?;
        let of = |event: Option<IdentityEvent>| {
            let mut event = event.filter(|event| shown.contains_key(&event.customer))?;
            event.others.retain(|other| shown.contains_key(other));
            Some(event)
        };
        Ok(events.into_iter().map(of).collect())
    }

    pub(super) async fn count_touchpoints_in_buckets(&self, of: &[Of], window: Buckets) -> Result<Vec<BucketCounts>> {
        let standings = self.owners(of).await?;
        let read = async |open: &[Of]| self.reads.count_touchpoints_in_buckets(open, window).await;
        let mut counts = gated(of, &standings, BucketCounts::default, read).await?;
        for (counts, standing) in counts.iter_mut().zip(&standings) {
            counts.0.retain(|channel, _| standing.as_ref().is_some_and(|own| !own.refuses(channel)));
        }
        Ok(counts)
    }

    pub(super) async fn kept_apart(&self, ids: &[IdentifierId]) -> Result<Vec<Vec<IdentifierId>>> {
        let mut kept = self.reads.kept_apart(ids).await?;
        let shown = self.identifiers_shown(kept.iter().flatten().chain(ids).copied()).await?;
        for (id, others) in ids.iter().zip(&mut kept) {
            let is_shown = shown.contains_key(id);
            others.retain(|other| is_shown && shown.contains_key(other));
        }
        Ok(kept)
    }

    async fn customers_of(&self, customers: &[CustomerId]) -> Result<Vec<Option<Standing>>> {
        let shown = self.customers_shown(customers.iter().cloned()).await?;
        Ok(customers.iter().map(|id| shown.get(id).cloned()).collect())
    }
}

/// The standings of those who refused no channel: they are read together.
fn without_refusals(standings: &[Option<Standing>]) -> Vec<Option<Standing>> {
    standings.iter().map(|own| own.clone().filter(|own| own.refused.is_empty())).collect()
}

/// The places and standings of those who refused a channel.
fn with_refusals(standings: &[Option<Standing>]) -> impl Iterator<Item = (usize, &Standing)> {
    let all = standings.iter().enumerate().filter_map(|(n, own)| Some((n, own.as_ref()?)));
    all.filter(|(_, own)| !own.refused.is_empty())
}

/// The answers of a batched read for the keys that are shown, and `hidden` for the others, in the order of the keys.
async fn gated<K: Clone, T>(
    keys: &[K],
    shown: &[Option<Standing>],
    hidden: impl Fn() -> T,
    read: impl AsyncFnOnce(&[K]) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    let open: Vec<K> = keys.iter().zip(shown).filter(|(_, own)| own.is_some()).map(|(key, _)| key.clone()).collect();
    let mut found = if open.is_empty() { Vec::new() } else { read(&open).await? }.into_iter();
    Ok(shown.iter().map(|own| own.as_ref().and_then(|_| found.next()).unwrap_or_else(&hidden)).collect())
}

fn none<T>() -> Page<T> {
    Page { items: Vec::new(), more: false }
}

fn link_key(link: &Link) -> LinkKey {
    LinkKey { from: link.from, to: link.to, refused: link.refused.is_some() }
}

/// The figures of an identifier without those of refused channels.
fn without_channels(identifier: &mut Identifier, standing: &Standing) {
    identifier.rollup.channels.retain(|channel, _| !standing.refuses(channel));
}

/// The filter, of the asked channels only those that are not refused. `None` when none of these is left.
fn without_refused(filter: &TouchpointFilter, standing: &Standing) -> Option<TouchpointFilter> {
    let mut rest = filter.clone();
    rest.channels.retain(|channel| !standing.refuses(channel));
    (filter.channels.is_empty() || !rest.channels.is_empty()).then_some(rest)
}

/// The reads as of a moment, as a purpose shows them: by the consents of then.
pub(super) struct ShownThen {
    pub(super) reads: Arc<dyn Reads>,
    pub(super) purpose: Arc<str>,
    pub(super) at: Timestamp,
    pub(super) present: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl ShownThen {
    fn shown(&self) -> Shown<'_> {
        let present = Some((&*self.present as &dyn Reads, (self.clock)()));
        Shown { reads: &*self.reads, purpose: &self.purpose, now: self.at, present }
    }
}

/// Answers every read by [`Shown`]. A new read of the trait needs a decision there, else this does not compile.
macro_rules! reads_as_shown {
    ($type:ty) => {
        #[async_trait]
        impl Reads for $type {
            async fn customers(
                &self,
                keys: &[CustomerKey],
                shape: Shape,
                pages: FirstPages,
            ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
                self.shown().customers(keys, shape, pages).await
            }
            async fn identifiers(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
                self.shown().identifiers(keys).await
            }
            async fn list_seen(&self, device: IdentifierId, since: Timestamp, limit: usize) -> Result<Vec<Seen>> {
                self.shown().list_seen(device, since, limit).await
            }
            async fn touchpoints(&self, message_ids: &[Arc<str>]) -> Result<Vec<Option<Touchpoint>>> {
                self.shown().touchpoints(message_ids).await
            }
            async fn list_touchpoints(&self, of: &[Of], page: &TouchpointPage) -> Result<Vec<Page<Touchpoint>>> {
                self.shown().list_touchpoints(of, page).await
            }
            async fn count_touchpoints(&self, of: &[Of], filter: &TouchpointFilter) -> Result<Vec<i64>> {
                self.shown().count_touchpoints(of, filter).await
            }
            async fn count_touchpoints_in_buckets(&self, of: &[Of], window: Buckets) -> Result<Vec<BucketCounts>> {
                self.shown().count_touchpoints_in_buckets(of, window).await
            }
            async fn orders(&self, keys: &[OrderKey]) -> Result<Vec<Option<Order>>> {
                self.shown().orders(keys).await
            }
            async fn list_orders(&self, of: &[Of], page: &OrderPage) -> Result<Vec<Page<Order>>> {
                self.shown().list_orders(of, page).await
            }
            async fn count_orders(
                &self,
                of: &[Of],
                since: Option<Timestamp>,
                until: Option<Timestamp>,
            ) -> Result<Vec<i64>> {
                self.shown().count_orders(of, since, until).await
            }
            async fn devices(&self, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
                self.shown().devices(keys).await
            }
            async fn list_devices(&self, of: &[Of]) -> Result<Vec<Vec<Device>>> {
                self.shown().list_devices(of).await
            }
            async fn list_links(&self, of: &[Of], page: &LinkPage) -> Result<Vec<Page<Link>>> {
                self.shown().list_links(of, page).await
            }
            async fn count_links(&self, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>> {
                self.shown().count_links(of, refused).await
            }
            async fn links(&self, keys: &[LinkKey]) -> Result<Vec<Option<Link>>> {
                self.shown().links(keys).await
            }
            async fn products(&self, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
                self.shown().products(skus).await
            }
            async fn product_acts(&self, customers: &[CustomerId]) -> Result<Vec<(Vec<ProductActed>, Vec<Order>)>> {
                self.shown().product_acts(customers).await
            }
            async fn list_identity_events(
                &self,
                customers: &[CustomerId],
                after: Option<Arrival>,
                limit: usize,
            ) -> Result<Vec<Page<IdentityEvent>>> {
                self.shown().list_identity_events(customers, after, limit).await
            }
            async fn count_identity_events(&self, customers: &[CustomerId]) -> Result<Vec<i64>> {
                self.shown().count_identity_events(customers).await
            }
            async fn identity_events(&self, arrivals: &[Arrival]) -> Result<Vec<Option<IdentityEvent>>> {
                self.shown().identity_events(arrivals).await
            }
            async fn kept_apart(&self, ids: &[IdentifierId]) -> Result<Vec<Vec<IdentifierId>>> {
                self.shown().kept_apart(ids).await
            }
        }
    };
}

reads_as_shown!(ShownThen);
reads_as_shown!(super::ForPurpose);
