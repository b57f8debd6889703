//! All answers of a store about a small world, as one text: to compare the present with a moment, and a moment with the
//! same moment later.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use throughline::domain::customer::{CustomerId, CustomerView};
use throughline::domain::order::OrderKey;
use throughline::domain::touchpoint::Direction;
use throughline::domain::{Arrival, IdentifierKey, Timestamp};
use throughline::store::Reads;
use throughline::store::query::*;

/// The subjects of the questions.
#[derive(Clone, Debug, Default)]
pub struct About {
    pub identifiers: Vec<IdentifierKey>,
    /// Every customer id that was ever given out.
    pub customers: Vec<CustomerId>,
    pub messages: Vec<Arc<str>>,
    pub orders: Vec<OrderKey>,
    pub devices: Vec<Arc<str>>,
    pub skus: Vec<Arc<str>>,
}

/// All answers, one per line.
pub async fn answers(reads: &dyn Reads, about: &About) -> String {
    let mut text = String::new();
    let by_identifier = about.identifiers.iter().cloned().map(CustomerKey::Identifier);
    let by_id = about.customers.iter().cloned().map(CustomerKey::Id);
    let by_order = about.orders.iter().flat_map(|key| {
        let number = key.number.clone();
        [None, Some(key.source.clone())].map(|source| CustomerKey::Order { number: number.clone(), source })
    });
    let keys: Vec<CustomerKey> = by_identifier.chain(by_id).chain(by_order).collect();
    for (shape, orders, touchpoints) in [(Shape::Card, 0, 0), (Shape::All, 2, 3)] {
        let views = reads.customers(&keys, shape, FirstPages { orders, touchpoints }).await.expect("views");
        for (key, view) in keys.iter().zip(views) {
            line(&mut text, key, view.map(|view| view.map(|view| plain(&view))));
        }
    }
    let refs: Vec<IdentifierRef> = about.identifiers.iter().cloned().map(IdentifierRef::Key).collect();
    let found = reads.identifiers(&refs).await.expect("identifiers");
    let ids: Vec<Arrival> = found.iter().flatten().map(|i| i.id).collect();
    line(&mut text, "identifiers", &found);
    let by_id: Vec<IdentifierRef> = ids.iter().map(|id| IdentifierRef::Id(*id)).collect();
    line(&mut text, "identifiers by id", reads.identifiers(&by_id).await.expect("identifiers"));

    line(&mut text, "kept apart", reads.kept_apart(&ids).await.expect("those kept apart"));

    let of_customers = about.customers.iter().cloned().map(Of::Customer);
    let of: Vec<Of> = of_customers.chain(ids.into_iter().map(Of::Identifier)).collect();
    lists(reads, &of, &mut text).await;

    line(&mut text, "touchpoints", reads.touchpoints(&about.messages).await.expect("touchpoints"));
    line(&mut text, "orders", reads.orders(&about.orders).await.expect("orders"));
    line(&mut text, "devices", reads.devices(&about.devices).await.expect("devices"));
    line(&mut text, "products", reads.products(&about.skus).await.expect("products"));
    line(&mut text, "acts", reads.product_acts(&about.customers).await.expect("acts"));
    line(&mut text, "history length", reads.count_identity_events(&about.customers).await.expect("counts"));
    let (mut after, mut arrivals) = (None, Vec::new());
    loop {
        let pages = reads.list_identity_events(&about.customers, after, 3).await.expect("histories");
        line(&mut text, "history", &pages);
        arrivals.extend(pages.iter().flat_map(|page| page.items.iter().map(|event| event.arrival)));
        after = pages.iter().filter(|page| page.more).filter_map(|page| Some(page.items.last()?.arrival)).min();
        if after.is_none() {
            break;
        }
    }
    line(&mut text, "lines", reads.identity_events(&arrivals).await.expect("lines"));
    text
}

/// Pages and counts: each list from its beginning and from a cursor in it.
async fn lists(reads: &dyn Reads, of: &[Of], text: &mut String) {
    let narrow = TouchpointFilter { direction: Some(Direction::Inbound), ..TouchpointFilter::default() };
    for filter in [TouchpointFilter::default(), narrow] {
        line(text, "touchpoint counts", reads.count_touchpoints(of, &filter).await.expect("counts"));
        for order in [TimeOrder::NewestFirst, TimeOrder::OldestFirst] {
            let mut page = TouchpointPage { filter: filter.clone(), order, after: None, limit: 2 };
            for _ in 0..2 {
                let pages = reads.list_touchpoints(of, &page).await.expect("pages");
                line(text, "touchpoint pages", &pages);
                let places = pages.iter().filter_map(|page| page.items.last());
                page.after = places.map(|t| TimeKey { at: t.at, arrival: t.arrival }).min();
            }
        }
    }
    // The first whole hours of the time in which things happen, and all of it.
    for (hours, count) in [(3, 7), (24 * 365 * 2, 1)] {
        let since = Timestamp(1_772_323_200_000);
        let window = Buckets { since, until: Timestamp(since.0 + hours * 3_600_000), count };
        line(text, "buckets", reads.count_touchpoints_in_buckets(of, window).await.expect("counts"));
    }
    for (since, until) in [(None, None), (Some(Timestamp(1_772_323_200_000 + 600_000)), None)] {
        line(text, "order counts", reads.count_orders(of, since, until).await.expect("counts"));
        let page = OrderPage { since, until, after: None, limit: 2 };
        line(text, "order pages", reads.list_orders(of, &page).await.expect("pages"));
    }
    line(text, "devices of", reads.list_devices(of).await.expect("devices"));
    for refused in [None, Some(true), Some(false)] {
        line(text, "link counts", reads.count_links(of, refused).await.expect("counts"));
        let mut page = LinkPage { refused, after: None, limit: 3 };
        for _ in 0..2 {
            let pages = reads.list_links(of, &page).await.expect("pages");
            line(text, "link pages", &pages);
            let key = |link: &throughline::domain::link::Link| LinkKey {
                from: link.from,
                to: link.to,
                refused: link.refused.is_some(),
            };
            let keys: Vec<LinkKey> = pages.iter().flat_map(|page| page.items.iter().map(key)).collect();
            line(text, "links", reads.links(&keys).await.expect("links"));
            page.after = keys.into_iter().min();
        }
    }
}

/// A view without the fields that only the present has, and sorted where the store has no order.
fn plain(view: &CustomerView) -> CustomerView {
    let mut view = view.clone();
    view.as_of = None;
    view.customer.version = 0;
    view.claims.sort_by_key(|claim| claim.arrival);
    if let Some(consents) = &mut view.consents {
        consents.sort_by_key(|given| (given.identifier, given.consent.arrival));
    }
    view
}

fn line(text: &mut String, what: impl Debug, answer: impl Debug) {
    writeln!(text, "{what:?}: {answer:?}").expect("a text grows");
}
