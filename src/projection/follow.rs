//! Applies the change log to the projection.

use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::change::{Change, ChangeEntry, ChangePlace};
use crate::domain::order::OrderKey;
use crate::domain::touchpoint::Direction;
use crate::domain::{Arrival, CustomerId, IdentifierId, Moment, Timestamp};
use crate::journeys::property::Properties;
use crate::journeys::{HeldConsent, OrderNet, OwnerReassignment, Projection, Row, TouchpointKind, Update};
use crate::store::journeys::{TouchpointSink, Window};
use crate::store::{Result, Store};

/// The number of changes of a read. A batch is always read whole.
const CHANGES_PAGE: usize = 8_192;
/// The number of touchpoints of a read.
const TOUCHPOINTS_PAGE: usize = 20_000;
/// The number of keys of a read by key.
const KEYS_PAGE: usize = 1_000;

/// The result of applying some changes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Applied {
    /// The last change that was applied.
    pub(super) change: i64,
    /// Whether it ended at a partly visible commit.
    pub(super) waits: bool,
    /// Whether a person was erased. No customer has the person's touchpoints any more, but the projection still holds
    /// their names and values: it must be built again.
    pub(super) erased: bool,
}

/// Applies the next changes after `change`. The projection changes only after all reads succeeded. `behind` is called with
/// the commit time of the first of these changes.
pub(super) async fn apply_changes(
    store: &dyn Store,
    properties: &Arc<Properties>,
    projection: &mut Projection,
    change: i64,
    behind: &(dyn Fn(Timestamp) + Send + Sync),
) -> Result<Applied> {
    let mut run = store.changes(ChangePlace::behind(change), CHANGES_PAGE).await?;
    if let Some(first) = run.changes.first() {
        behind(first.at);
    }
    while !run.upto.is_behind_all() {
        let more = store.changes(run.upto, CHANGES_PAGE).await?;
        run.changes.extend(more.changes);
        (run.upto, run.waits) = (more.upto, more.waits);
    }
    let upto = run.upto.seq;
    if upto == change {
        return Ok(Applied { change, waits: run.waits, erased: false });
    }
    let affected = Affected::by(&run.changes);
    let members = affected.members(store, upto).await?;
    let consents = affected.consents(store, upto, &members).await?;
    let orders = affected.orders(store, upto).await?;
    let touchpoints = match affected.touchpoints {
        true => read_touchpoints(store, properties, Window::of_changes(change, upto)).await?,
        false => Vec::new(),
    };
    let dimensions: Vec<Vec<Option<&str>>> = touchpoints.iter().map(OwnedTouchpoint::dimensions).collect();
    let rows = touchpoints.iter().zip(&dimensions).map(|(touchpoint, dimensions)| touchpoint.row(dimensions)).collect();
    let reassigned = owner_reassignments(store, &run.changes, change + 1..=upto).await?;
    projection.apply(&Update { rows, reassigned, members, orders, consents });
    Ok(Applied { change: upto, waits: run.waits, erased: !affected.erased.is_empty() })
}

/// The owner reassignments in a range of changes, in order; visits on shared devices are reassigned. A reassignment is a
/// change of its own, without entries in the change log. So they are read only when a change of the range has no entry.
async fn owner_reassignments(
    store: &dyn Store,
    entries: &[Change],
    range: RangeInclusive<i64>,
) -> Result<Vec<OwnerReassignment>> {
    let with_entries: HashSet<i64> = entries.iter().map(|change| change.place.seq).collect();
    let (after, upto) = (range.start() - 1, *range.end());
    if range.into_iter().all(|seq| with_entries.contains(&seq)) {
        return Ok(Vec::new());
    }
    let moves = store.owner_moves(after, upto).await?.into_iter();
    Ok(moves.map(|one| OwnerReassignment { arrival: one.touchpoint, from: one.from, to: Some(one.to) }).collect())
}

/// The effects of some changes: the keys to read again.
#[derive(Default)]
struct Affected {
    customers: HashSet<CustomerId>,
    identifiers: BTreeSet<IdentifierId>,
    orders: HashSet<OrderKey>,
    /// Consents whose owner has no customer.
    without_customer: Vec<Arrival>,
    consents: bool,
    touchpoints: bool,
    /// The identifiers of erased persons.
    erased: BTreeSet<IdentifierId>,
}

impl Affected {
    fn by(changes: &[Change]) -> Self {
        let mut affected = Affected::default();
        for change in changes {
            match &change.entry {
                ChangeEntry::CustomerCreated { identifiers, .. }
                | ChangeEntry::IdentifierLinked { identifiers, .. } => {
                    affected.identifiers.extend(identifiers);
                }
                ChangeEntry::CustomersMerged { customer, others, identifiers, .. }
                | ChangeEntry::CustomerSplit { customer, others, identifiers, .. } => {
                    // A split also divides the consents.
                    affected.consents |= matches!(change.entry, ChangeEntry::CustomerSplit { .. });
                    affected.customers.insert(customer.clone());
                    affected.customers.extend(others.iter().cloned());
                    affected.identifiers.extend(identifiers);
                }
                ChangeEntry::IdentifierShared { customer, identifiers, .. } => {
                    affected.consents = true;
                    affected.customers.extend(customer.clone());
                    affected.identifiers.extend(identifiers);
                }
                ChangeEntry::OrderRecorded { source, number, .. } => {
                    affected.orders.insert(OrderKey { source: source.clone(), number: number.clone() });
                }
                ChangeEntry::ConsentChanged { customer, consent, .. } => {
                    affected.consents = true;
                    match customer {
                        Some(customer) => {
                            affected.customers.insert(customer.clone());
                        }
                        None => affected.without_customer.push(Arrival::new(change.place.seq, *consent)),
                    }
                }
                ChangeEntry::TouchpointRecorded { .. } => affected.touchpoints = true,
                ChangeEntry::CustomerErased { identifiers, .. } => affected.erased.extend(identifiers),
                ChangeEntry::CustomersKeptApart { .. }
                | ChangeEntry::RulesSaved { .. }
                | ChangeEntry::SegmentEntered { .. }
                | ChangeEntry::SegmentLeft { .. } => {}
            }
        }
        affected
    }

    /// The memberships after these changes.
    async fn members(&self, store: &dyn Store, upto: i64) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        let customers: Vec<CustomerId> = self.customers.iter().cloned().collect();
        let identifiers: Vec<IdentifierId> = self.identifiers.iter().copied().collect();
        let mut members = Vec::new();
        for page in customers.chunks(KEYS_PAGE) {
            members.extend(store.members_at(upto, page, &[]).await?);
        }
        for page in identifiers.chunks(KEYS_PAGE) {
            members.extend(store.members_at(upto, &[], page).await?);
        }
        members.retain(|(id, _)| !self.erased.contains(id));
        members.extend(self.erased.iter().map(|id| (*id, None)));
        Ok(members)
    }

    /// All consents of the identifiers that may have a new one. When a customer got a consent and was merged away in
    /// the same changes, both this customer and the customer it was merged into are affected.
    async fn consents(
        &self,
        store: &dyn Store,
        upto: i64,
        members: &[(IdentifierId, Option<CustomerId>)],
    ) -> Result<Vec<(IdentifierId, Vec<HeldConsent>)>> {
        if !self.consents {
            return Ok(Vec::new());
        }
        let mut ids: BTreeSet<IdentifierId> = members.iter().map(|(id, _)| *id).collect();
        for page in self.without_customer.chunks(KEYS_PAGE) {
            ids.extend(store.consents(page).await?.into_iter().flatten().map(|consent| consent.owner));
        }
        let ids: Vec<IdentifierId> = ids.into_iter().collect();
        let mut all = Vec::with_capacity(ids.len());
        for page in ids.chunks(KEYS_PAGE) {
            all.extend(page.iter().copied().zip(store.held_consents_at(upto, page).await?));
        }
        Ok(all)
    }

    /// The net of the orders after these changes.
    async fn orders(&self, store: &dyn Store, upto: i64) -> Result<Vec<OrderNet>> {
        if self.orders.is_empty() {
            return Ok(Vec::new());
        }
        let as_of = store.as_of(Moment { change: upto, at: Timestamp::default() });
        let keys: Vec<OrderKey> = self.orders.iter().cloned().collect();
        let mut orders = Vec::with_capacity(keys.len());
        for page in keys.chunks(KEYS_PAGE) {
            let found = as_of.orders(page).await?.into_iter().flatten();
            orders.extend(found.map(|order| OrderNet { net: order.net(), currency: order.currency, key: order.key }));
        }
        Ok(orders)
    }
}

/// A row that owns its texts.
struct OwnedTouchpoint {
    owner: IdentifierId,
    at: Timestamp,
    arrival: Arrival,
    session: Option<Box<str>>,
    order: Option<OrderKey>,
    direction: Direction,
    /// Name, kind, channel, source.
    names: [Box<str>; 4],
    /// Name, source and medium.
    campaign: [Option<Box<str>>; 3],
    dimensions: Vec<Option<Box<str>>>,
}

impl OwnedTouchpoint {
    fn of(row: &Row<'_>) -> Self {
        let kind = &row.kind;
        let text = |text: Option<&str>| text.map(Box::from);
        OwnedTouchpoint {
            owner: row.owner,
            at: row.at,
            arrival: row.arrival,
            session: text(row.session),
            order: row.order.cloned(),
            direction: kind.direction,
            names: [kind.name, kind.kind, kind.channel, kind.source].map(Box::from),
            campaign: [kind.campaign, kind.campaign_source, kind.campaign_medium].map(text),
            dimensions: kind.dimensions.iter().map(|value| text(*value)).collect(),
        }
    }

    fn dimensions(&self) -> Vec<Option<&str>> {
        self.dimensions.iter().map(Option::as_deref).collect()
    }

    fn row<'a>(&'a self, dimensions: &'a [Option<&'a str>]) -> Row<'a> {
        let [name, kind, channel, source] = &self.names;
        let [campaign, campaign_source, campaign_medium] = &self.campaign;
        Row {
            owner: self.owner,
            at: self.at,
            arrival: self.arrival,
            session: self.session.as_deref(),
            order: self.order.as_ref(),
            kind: TouchpointKind {
                name,
                kind,
                channel,
                direction: self.direction,
                source,
                campaign: campaign.as_deref(),
                campaign_source: campaign_source.as_deref(),
                campaign_medium: campaign_medium.as_deref(),
                dimensions,
            },
        }
    }
}

async fn read_touchpoints(
    store: &dyn Store,
    properties: &Arc<Properties>,
    mut window: Window,
) -> Result<Vec<OwnedTouchpoint>> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let into = all.clone();
    let sink: TouchpointSink = Arc::new(Mutex::new(move |row: &Row<'_>| {
        into.lock().unwrap_or_else(PoisonError::into_inner).push(OwnedTouchpoint::of(row));
    }));
    while let Some(last) = store.scan_touchpoints(window, TOUCHPOINTS_PAGE, properties, &sink).await? {
        window.after = last;
    }
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *all))
}
