//! What the change log tells, taken into the projection.

use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::change::{Change, ChangeEntry, ChangePlace};
use crate::domain::order::OrderKey;
use crate::domain::touchpoint::Direction;
use crate::domain::{Arrival, CustomerId, IdentifierId, Moment, Timestamp};
use crate::journeys::property::Properties;
use crate::journeys::{Moved, OrderNow, Projection, Row, TouchpointKind, Update};
use crate::store::journeys::{TouchpointSink, Window};
use crate::store::{Result, Store};

/// How many changes are read at a time; a batch is always read whole.
const RUN: usize = 8_192;
/// How many touchpoints are read at a time.
const PAGE: usize = 20_000;
/// How many orders or identifiers are asked for at a time.
const KEYS: usize = 1_000;

/// A run of changes that was taken in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// The last change of it.
    pub(super) change: i64,
    /// Whether a commit that is only becoming visible ended it.
    pub(super) waits: bool,
}

/// Takes in a run of changes behind `change`. The projection is changed only when all of it was read.
/// `behind` is told when the first change of the run was committed.
pub(super) async fn take(
    store: &dyn Store,
    properties: &Arc<Properties>,
    projection: &mut Projection,
    change: i64,
    behind: &(dyn Fn(Timestamp) + Send + Sync),
) -> Result<Taken> {
    let mut run = store.changes(ChangePlace::behind(change), RUN).await?;
    if let Some(first) = run.changes.first() {
        behind(first.at);
    }
    while !run.upto.is_behind_all() {
        let more = store.changes(run.upto, RUN).await?;
        run.changes.extend(more.changes);
        (run.upto, run.waits) = (more.upto, more.waits);
    }
    let upto = run.upto.seq;
    if upto == change {
        return Ok(Taken { change, waits: run.waits });
    }
    let touched = Touched::by(&run.changes);
    let members = touched.members(store, upto).await?;
    let consents = touched.consents(store, upto, &members).await?;
    let orders = touched.orders(store, upto).await?;
    let touchpoints = match touched.touchpoints {
        true => read_touchpoints(store, properties, Window::of_changes(change, upto)).await?,
        false => Vec::new(),
    };
    let dimensions: Vec<Vec<Option<&str>>> = touchpoints.iter().map(Kept::dimensions).collect();
    let rows = touchpoints.iter().zip(&dimensions).map(|(kept, dimensions)| kept.row(dimensions)).collect();
    let moved = moved(store, &run.changes, change + 1..=upto).await?;
    projection.apply(&Update { rows, moved, members, orders, consents });
    Ok(Taken { change: upto, waits: run.waits })
}

/// The touchpoints that were given to others, as visits on shared devices are, in the order in which that
/// happened. It is done in changes of its own, which tell nothing else.
async fn moved(store: &dyn Store, told: &[Change], run: RangeInclusive<i64>) -> Result<Vec<Moved>> {
    let told: HashSet<i64> = told.iter().map(|change| change.place.seq).collect();
    let (after, upto) = (run.start() - 1, *run.end());
    if run.into_iter().all(|seq| told.contains(&seq)) {
        return Ok(Vec::new());
    }
    let moves = store.owner_moves(after, upto).await?.into_iter();
    Ok(moves.map(|one| Moved { arrival: one.touchpoint, from: one.from, to: Some(one.to) }).collect())
}

/// What a run of changes is about.
#[derive(Default)]
struct Touched {
    customers: HashSet<CustomerId>,
    identifiers: BTreeSet<IdentifierId>,
    orders: HashSet<OrderKey>,
    /// Decisions of events whose owner nobody held.
    orphaned: Vec<Arrival>,
    consents: bool,
    touchpoints: bool,
}

impl Touched {
    fn by(changes: &[Change]) -> Self {
        let mut touched = Touched::default();
        for change in changes {
            match &change.entry {
                ChangeEntry::CustomerCreated { identifiers, .. }
                | ChangeEntry::IdentifierLinked { identifiers, .. } => {
                    touched.identifiers.extend(identifiers);
                }
                ChangeEntry::CustomersMerged { customer, others, identifiers, .. }
                | ChangeEntry::CustomerSplit { customer, others, identifiers, .. } => {
                    // What parts customers parts what they allowed.
                    touched.consents |= matches!(change.entry, ChangeEntry::CustomerSplit { .. });
                    touched.customers.insert(customer.clone());
                    touched.customers.extend(others.iter().cloned());
                    touched.identifiers.extend(identifiers);
                }
                ChangeEntry::IdentifierShared { customer, identifiers, .. } => {
                    touched.consents = true;
                    touched.customers.extend(customer.clone());
                    touched.identifiers.extend(identifiers);
                }
                ChangeEntry::OrderRecorded { source, number, .. } => {
                    touched.orders.insert(OrderKey { source: source.clone(), number: number.clone() });
                }
                ChangeEntry::ConsentChanged { customer, consent, .. } => {
                    touched.consents = true;
                    match customer {
                        Some(customer) => {
                            touched.customers.insert(customer.clone());
                        }
                        None => touched.orphaned.push(Arrival::new(change.place.seq, *consent)),
                    }
                }
                ChangeEntry::TouchpointRecorded { .. } => touched.touchpoints = true,
                ChangeEntry::CustomersKeptApart { .. } | ChangeEntry::RulesSaved { .. } => {}
            }
        }
        touched
    }

    /// Who held what, once all of it was done.
    async fn members(&self, store: &dyn Store, upto: i64) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        let customers: Vec<CustomerId> = self.customers.iter().cloned().collect();
        let identifiers: Vec<IdentifierId> = self.identifiers.iter().copied().collect();
        let mut members = Vec::new();
        for some in customers.chunks(KEYS) {
            members.extend(store.members_at(upto, some, &[]).await?);
        }
        for some in identifiers.chunks(KEYS) {
            members.extend(store.members_at(upto, &[], some).await?);
        }
        Ok(members)
    }

    /// All decisions of the identifiers that may have got one. A customer who decided and was merged away in
    /// the same run is among those touched together with the one it became.
    async fn consents(
        &self,
        store: &dyn Store,
        upto: i64,
        members: &[(IdentifierId, Option<CustomerId>)],
    ) -> Result<Vec<(IdentifierId, Vec<crate::journeys::HeldConsent>)>> {
        if !self.consents {
            return Ok(Vec::new());
        }
        let mut ids: BTreeSet<IdentifierId> = members.iter().map(|(id, _)| *id).collect();
        for some in self.orphaned.chunks(KEYS) {
            ids.extend(store.consents(some).await?.into_iter().flatten().map(|consent| consent.owner));
        }
        let ids: Vec<IdentifierId> = ids.into_iter().collect();
        let mut all = Vec::with_capacity(ids.len());
        for some in ids.chunks(KEYS) {
            all.extend(some.iter().copied().zip(store.held_consents_at(upto, some).await?));
        }
        Ok(all)
    }

    /// What the orders came to, once all of it was done.
    async fn orders(&self, store: &dyn Store, upto: i64) -> Result<Vec<OrderNow>> {
        if self.orders.is_empty() {
            return Ok(Vec::new());
        }
        let then = store.as_of(Moment { change: upto, at: Timestamp::default() });
        let keys: Vec<OrderKey> = self.orders.iter().cloned().collect();
        let mut now = Vec::with_capacity(keys.len());
        for some in keys.chunks(KEYS) {
            let found = then.orders(some).await?.into_iter().flatten();
            now.extend(found.map(|order| OrderNow { net: order.net(), currency: order.currency, key: order.key }));
        }
        Ok(now)
    }
}

/// A touchpoint of its own.
struct Kept {
    owner: IdentifierId,
    at: Timestamp,
    arrival: Arrival,
    session: Option<Box<str>>,
    order: Option<OrderKey>,
    direction: Direction,
    /// Name, kind, channel, source.
    words: [Box<str>; 4],
    /// Name, source and medium.
    campaign: [Option<Box<str>>; 3],
    dimensions: Vec<Option<Box<str>>>,
}

impl Kept {
    fn of(row: &Row<'_>) -> Self {
        let kind = &row.kind;
        let text = |text: Option<&str>| text.map(Box::from);
        Kept {
            owner: row.owner,
            at: row.at,
            arrival: row.arrival,
            session: text(row.session),
            order: row.order.cloned(),
            direction: kind.direction,
            words: [kind.name, kind.kind, kind.channel, kind.source].map(Box::from),
            campaign: [kind.campaign, kind.campaign_source, kind.campaign_medium].map(text),
            dimensions: kind.dimensions.iter().map(|value| text(*value)).collect(),
        }
    }

    fn dimensions(&self) -> Vec<Option<&str>> {
        self.dimensions.iter().map(Option::as_deref).collect()
    }

    fn row<'a>(&'a self, dimensions: &'a [Option<&'a str>]) -> Row<'a> {
        let [name, kind, channel, source] = &self.words;
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

async fn read_touchpoints(store: &dyn Store, properties: &Arc<Properties>, mut window: Window) -> Result<Vec<Kept>> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let into = all.clone();
    let sink: TouchpointSink = Arc::new(Mutex::new(move |row: &Row<'_>| {
        into.lock().unwrap_or_else(PoisonError::into_inner).push(Kept::of(row));
    }));
    while let Some(last) = store.scan_touchpoints(window, PAGE, properties, &sink).await? {
        window.after = last;
    }
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *all))
}
