//! Reads what a condition needs of customers.

use crate::domain::customer::CustomerId;
use crate::domain::touchpoint::Touchpoint;
use crate::segments::CustomerFacts;
use crate::segments::condition::Needs;
use crate::store::query::*;
use crate::store::{Reads, Result};

/// How many touchpoints of a customer are read at a time.
const PAGE: usize = 1_000;

/// The facts of these customers, in their order. `None` for an id that stands for another customer, or for none.
pub(crate) async fn read(reads: &dyn Reads, ids: &[CustomerId], needs: Needs) -> Result<Vec<Option<CustomerFacts>>> {
    let keys: Vec<CustomerKey> = ids.iter().cloned().map(CustomerKey::Id).collect();
    let shape = if needs.identity { Shape::Identity } else { Shape::Card };
    let views = reads.customers(&keys, shape, FirstPages { orders: 0, touchpoints: 0 }).await?;
    let mut touchpoints = if needs.touchpoints { list_touchpoints(reads, ids).await? } else { Vec::new() }.into_iter();
    let mut products = if needs.orders { reads.product_acts(ids).await? } else { Vec::new() }.into_iter();
    let mut all = Vec::with_capacity(ids.len());
    for (id, view) in ids.iter().zip(views) {
        let (touchpoints, (acts, orders)) =
            (touchpoints.next().unwrap_or_default(), products.next().unwrap_or_default());
        let view = view?.filter(|view| view.customer.id == *id);
        all.push(view.map(|view| CustomerFacts { view, touchpoints, acts, orders }));
    }
    Ok(all)
}

/// All touchpoints of each, in order of time and arrival.
async fn list_touchpoints(reads: &dyn Reads, ids: &[CustomerId]) -> Result<Vec<Vec<Touchpoint>>> {
    let of: Vec<Of> = ids.iter().cloned().map(Of::Customer).collect();
    let page = |after| TouchpointPage {
        filter: TouchpointFilter::default(),
        order: TimeOrder::OldestFirst,
        after,
        limit: PAGE,
    };
    let mut all = Vec::with_capacity(ids.len());
    for (of, first) in of.iter().zip(reads.list_touchpoints(&of, &page(None)).await?) {
        let (mut items, mut more) = (first.items, first.more);
        while more {
            let last = items.last().map(|last: &Touchpoint| TimeKey { at: last.at, arrival: last.arrival });
            let Some(next) = reads.list_touchpoints(std::slice::from_ref(of), &page(last)).await?.pop() else { break };
            more = next.more && !next.items.is_empty();
            items.extend(next.items);
        }
        all.push(items);
    }
    Ok(all)
}
