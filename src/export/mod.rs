//! Exports: what a store holds at one moment, as files for other systems.
//!
//! An export is a few passes over the store. Each reads pages by key, as of the moment of the export, so it never has
//! more than a page in memory, and what is committed later is not in it. After a page the [`folder`] takes note of the
//! place, so that an export that was stopped or killed goes on from there.

mod columns;
mod encode;
mod error;
mod folder;
mod parquet;
mod rows;
mod singer;

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

pub use columns::{Column, Type, What};
pub use encode::{Format, Value};
pub use error::{ExportError, Result};
pub use folder::{Arguments, Finished};
pub use rows::{lines, returns};

use crate::domain::change::ChangePlace;
use crate::domain::claim::TraitPolicies;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::order::OrderKey;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::store::exports::Holding;
use crate::store::query::{CustomerKey, FirstPages, IdentifierRef, LinkKey, LinkPage, Of, Shape};
use crate::store::{Reads, Store, StoreError};
use encode::key_of;
use folder::{At, Folder, Found};

/// How the outside names things.
pub struct Names {
    /// The id of a customer.
    pub customer: fn(&CustomerId) -> String,
    /// A place in the change log.
    pub cursor: fn(ChangePlace) -> String,
    /// The display name of a customer.
    pub display: fn(&TraitPolicies, &CustomerView) -> Option<String>,
}

/// The place in the change log after which an export shows what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// As the caller wrote it.
    pub cursor: String,
    /// What it means.
    pub place: ChangePlace,
}

/// An export to make.
pub struct Export<'e> {
    /// Where the data is. For a purpose, the store as this purpose shows it.
    pub store: &'e dyn Store,
    /// The purpose, for the manifest.
    pub purpose: Option<String>,
    /// The format of the files.
    pub format: Format,
    /// The kinds of rows, each once, in the order of [`What::ALL`].
    pub what: Vec<What>,
    /// For what changed only.
    pub since: Option<Since>,
    /// The policies that choose among the values of a trait.
    pub traits: &'e TraitPolicies,
    /// How the outside names things.
    pub names: Names,
}

/// How an export ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All is written.
    Complete(Finished),
    /// It was stopped, and can go on.
    Stopped,
}

/// How far an export is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The name of the present pass.
    pub pass: &'static str,
    /// The rows so far, those of earlier runs included.
    pub rows: u64,
}

/// Sizes of pages: customers with all their claims, identifiers, identifiers with their links, whole touchpoints, whole
/// orders, entries of the log.
const CUSTOMERS: usize = 200;
const IDENTIFIERS: usize = 500;
const LINKED: usize = 200;
const LINKS: usize = 100;
const TOUCHPOINTS: usize = 2_000;
const ORDERS: usize = 500;
const CHANGES: usize = 2_000;
/// The most holdings that are kept for the next pages.
const MOST_HOLDINGS: usize = 100_000;

/// A way through the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Customers, traits, consents.
    Customers,
    Identifiers,
    Links,
    Orders,
    Touchpoints,
    Changes,
}

impl Pass {
    const ALL: [Pass; 6] =
        [Pass::Customers, Pass::Identifiers, Pass::Links, Pass::Orders, Pass::Touchpoints, Pass::Changes];

    fn name(self) -> &'static str {
        match self {
            Pass::Customers => "customers",
            Pass::Identifiers => "identifiers",
            Pass::Links => "links",
            Pass::Orders => "orders",
            Pass::Touchpoints => "touchpoints",
            Pass::Changes => "changes",
        }
    }

    fn is_for(self, what: What) -> bool {
        match what {
            What::Customers | What::Traits | What::Consents => self == Pass::Customers,
            What::Identifiers => self == Pass::Identifiers,
            What::Links => self == Pass::Links,
            What::Orders => self == Pass::Orders,
            What::Touchpoints => self == Pass::Touchpoints,
            What::Changes => self == Pass::Changes,
            // Each pass tells what is deleted.
            What::Deleted => false,
        }
    }
}

impl Export<'_> {
    /// Writes the export into `folder`, or goes on with the one that is there. `now` is the moment of a new export.
    ///
    /// # Errors
    /// When the folder cannot take it, or a file or the store fails. What is written then stays, and the same call goes
    /// on from it.
    pub async fn run(
        &self,
        folder: &Path,
        now: Timestamp,
        stop: &watch::Receiver<bool>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Ended> {
        let mut folder = match Folder::find(folder, &self.arguments())? {
            Found::Unfinished(folder) => {
                self.check_store(&folder).await?;
                *folder
            }
            Found::Complete(finished) => return Ok(Ended::Complete(finished)),
            Found::Empty(claimed) => match self.moment(now).await {
                Ok(at) => claimed.begin(self.arguments(), at)?,
                Err(error) => {
                    claimed.leave();
                    return Err(error);
                }
            },
        };
        let moment = Moment { change: folder.moment().change, at: Timestamp(folder.moment().at) };
        let mut walk = Walk { export: self, now: Side::of(self, moment), before: self.before().await? };
        for pass in Pass::ALL {
            let name = pass.name();
            let wanted = self.what.iter().any(|what| pass.is_for(*what));
            while wanted && !folder.is_done(name) {
                if *stop.borrow() {
                    folder.save()?;
                    return Ok(Ended::Stopped);
                }
                // An empty store has no moment to read.
                let after = if moment.change == 0 { None } else { walk.page(pass, &mut folder).await? };
                folder.turn(name, after)?;
                progress(Progress { pass: name, rows: folder.rows() });
            }
        }
        folder.finish().map(Ended::Complete)
    }

    fn arguments(&self) -> Arguments {
        let mut what = self.what.clone();
        what.extend(self.since.iter().map(|_| What::Deleted));
        let since = self.since.as_ref().map(|since| since.cursor.clone());
        Arguments { format: self.format, what, since, purpose: self.purpose.clone() }
    }

    /// The moment of a new export.
    async fn moment(&self, now: Timestamp) -> Result<At> {
        let change = self.store.moment(now).await?.map_or(0, |moment| moment.change);
        if let Some(since) = self.since.as_ref().filter(|since| since.place.seq > change) {
            let reason = format!("--since {}: a cursor of another store, which has more changes", since.cursor);
            return Err(ExportError::Call(reason));
        }
        Ok(At { change, at: now.0, cursor: (self.names.cursor)(ChangePlace::behind(change)) })
    }

    /// The moment of `since`: the last change that is wholly before the cursor, at the time of its commit.
    async fn before(&self) -> Result<Option<Side>> {
        let Some(since) = &self.since else { return Ok(None) };
        let change = since.place.next_seq() - 1;
        if change < 1 {
            return Ok(None);
        }
        // A change without entries has no time here. Then all grants count as not expired, and those that are come again.
        let run = self.store.changes(ChangePlace::behind(change - 1), 1).await?;
        let at = run.changes.first().filter(|first| first.place.seq == change).map_or(Timestamp::MIN, |first| first.at);
        Ok(Some(Side::of(self, Moment { change, at })))
    }

    /// That the store is the one the export was begun with, as far as its change log tells.
    async fn check_store(&self, folder: &Folder) -> Result<()> {
        let moment = folder.moment();
        let found = self.store.moment(Timestamp(moment.at)).await?.map_or(0, |moment| moment.change);
        if found < moment.change {
            let reason = "the unfinished export in this folder is of another store: this one did not have its data yet";
            return Err(ExportError::Call(reason.to_owned()));
        }
        Ok(())
    }

    fn has(&self, what: What) -> bool {
        self.what.contains(&what)
    }
}

/// The reads of one run.
struct Walk<'w> {
    export: &'w Export<'w>,
    /// The moment of the export.
    now: Side,
    /// The moment of `since`.
    before: Option<Side>,
}

/// The reads as of one moment.
struct Side {
    moment: Moment,
    reads: Arc<dyn Reads>,
    /// Those of the latest pages. They never change: they are of one moment.
    holdings: FxHashMap<IdentifierId, Arc<Holding>>,
}

/// What a page is about.
enum Keys {
    Customers(Vec<CustomerId>),
    Identifiers(Vec<IdentifierId>),
    Links(Vec<IdentifierId>),
    Orders(Vec<OrderKey>),
    /// Those after an arrival up to another one.
    Touchpoints(Option<Arrival>, Arrival),
    Nothing,
}

/// A row, and the day of a touchpoint.
struct Row {
    what: What,
    day: Option<String>,
    values: Vec<Value>,
}

type Place = Option<serde_json::Value>;

impl Walk<'_> {
    /// Writes the next page of a pass. The answer is the place of the page after it, if there may be one.
    async fn page(&mut self, pass: Pass, folder: &mut Folder) -> Result<Place> {
        if pass == Pass::Changes {
            return self.changes(folder).await;
        }
        let (keys, rows, next) = self.read(pass, folder).await?;
        let Some(before) = &mut self.before else {
            return rows.iter().try_for_each(|row| put(folder, row)).map(|()| next);
        };
        let old = before.rows(self.export, &keys).await?;
        // A row that was there before is left out; a key that is not there any more is deleted.
        let same: FxHashSet<(What, &[Value])> = old.iter().map(|row| (row.what, &*row.values)).collect();
        rows.iter().filter(|row| !same.contains(&(row.what, &*row.values))).try_for_each(|row| put(folder, row))?;
        let keys: FxHashSet<(What, Value)> = rows.iter().map(|row| (row.what, key_of(row.what, &row.values))).collect();
        for row in &old {
            let key = (row.what, key_of(row.what, &row.values));
            if !keys.contains(&key) {
                folder.put(What::Deleted, None, &[Value::text(row.what.as_str()), key.1])?;
            }
        }
        Ok(next)
    }

    /// The next page at the moment of the export.
    async fn read(&mut self, pass: Pass, folder: &Folder) -> Result<(Keys, Vec<Row>, Place)> {
        let (store, at) = (self.export.store, self.now.moment.change);
        let (keys, next) = match pass {
            Pass::Customers => {
                let after: Option<CustomerId> = place(folder, pass)?;
                let ids = store.scan_customer_ids(at, after.as_ref(), CUSTOMERS).await?;
                let next = next(ids.last().filter(|_| ids.len() == CUSTOMERS))?;
                (Keys::Customers(ids), next)
            }
            Pass::Identifiers | Pass::Links => {
                let limit = if pass == Pass::Links { LINKED } else { IDENTIFIERS };
                let members = store.scan_members(at, place(folder, pass)?, limit).await?;
                let ids: Vec<IdentifierId> = members.into_iter().map(|(id, _)| id).collect();
                let next = next(ids.last().filter(|_| ids.len() == limit))?;
                (if pass == Pass::Links { Keys::Links(ids) } else { Keys::Identifiers(ids) }, next)
            }
            Pass::Orders => {
                let after: Option<OrderKey> = place(folder, pass)?;
                let placed = store.scan_orders(after.as_ref(), ORDERS).await?;
                let keys: Vec<OrderKey> = placed.into_iter().map(|order| order.key).collect();
                // The store may answer with fewer, so only an empty page is the last.
                let next = next(keys.last())?;
                (Keys::Orders(keys), next)
            }
            Pass::Touchpoints => {
                let after = place(folder, pass)?;
                let page = store.scan_history(self.now.moment, after, TOUCHPOINTS).await?;
                let last = page.last().map(|last| last.arrival);
                let next = next(last.as_ref().filter(|_| page.len() == TOUCHPOINTS))?;
                let rows = self.now.touchpoints(self.export, &page).await?;
                return Ok((last.map_or(Keys::Nothing, |last| Keys::Touchpoints(after, last)), rows, next));
            }
            Pass::Changes => (Keys::Nothing, None),
        };
        let rows = self.now.rows(self.export, &keys).await?;
        Ok((keys, rows, next))
    }

    async fn changes(&mut self, folder: &mut Folder) -> Result<Place> {
        let begin = self.export.since.as_ref().map_or(ChangePlace::BEGINNING, |since| since.place);
        let after = place::<(i64, u32)>(folder, Pass::Changes)?;
        let after = after.map_or(begin, |(seq, index)| ChangePlace { seq, index });
        let run = self.export.store.changes(after, CHANGES).await?;
        let last = self.now.moment.change;
        for change in run.changes.iter().filter(|change| change.place.seq <= last) {
            folder.put(What::Changes, None, &rows::change(change, &self.export.names))?;
        }
        let ends = run.upto == after || run.upto >= ChangePlace::behind(last);
        next(Some(&(run.upto.seq, run.upto.index)).filter(|_| !ends))
    }
}

fn put(folder: &mut Folder, row: &Row) -> Result<()> {
    folder.put(row.what, row.day.as_deref(), &row.values)
}

impl Side {
    fn of(export: &Export<'_>, moment: Moment) -> Self {
        Side { moment, reads: export.store.as_of(moment), holdings: FxHashMap::default() }
    }

    /// The rows about these at the moment.
    async fn rows(&mut self, export: &Export<'_>, keys: &Keys) -> Result<Vec<Row>> {
        match keys {
            Keys::Customers(ids) => self.customers(export, ids).await,
            Keys::Identifiers(ids) => self.identifiers(export, ids).await,
            Keys::Links(ids) => self.links(export, ids).await,
            Keys::Orders(keys) => self.orders(export, keys).await,
            Keys::Touchpoints(after, last) => {
                let mut after = *after;
                let mut rows = Vec::new();
                // For a purpose, more rows than a page may have been shown then.
                loop {
                    let mut page = export.store.scan_history(self.moment, after, TOUCHPOINTS).await?;
                    let is_full = page.len() == TOUCHPOINTS;
                    after = page.last().map(|last| last.arrival);
                    page.retain(|touchpoint| touchpoint.arrival <= *last);
                    rows.extend(self.touchpoints(export, &page).await?);
                    if !is_full || after >= Some(*last) {
                        return Ok(rows);
                    }
                }
            }
            Keys::Nothing => Ok(Vec::new()),
        }
    }

    async fn customers(&mut self, export: &Export<'_>, ids: &[CustomerId]) -> Result<Vec<Row>> {
        let Export { traits, names, .. } = export;
        let keys: Vec<CustomerKey> = ids.iter().cloned().map(CustomerKey::Id).collect();
        let shape = if export.has(What::Consents) { Shape::Identity } else { Shape::Card };
        let views = self.reads.customers(&keys, shape, FirstPages { orders: 0, touchpoints: 0 }).await?;
        let mut found = Vec::new();
        for (id, view) in ids.iter().zip(views) {
            // The id of a customer that was merged away finds the customer it was merged into.
            let Some(view) = view?.filter(|view| view.customer.id == *id) else { continue };
            let mut put = |what, values| found.push(Row { what, day: None, values });
            if export.has(What::Customers) {
                put(What::Customers, rows::customer(&view, traits, names));
            }
            if export.has(What::Traits) {
                rows::traits(&view, traits, names).into_iter().for_each(|row| put(What::Traits, row));
            }
            if export.has(What::Consents) {
                rows::consents(&view, self.moment.at, names).into_iter().for_each(|row| put(What::Consents, row));
            }
        }
        Ok(found)
    }

    async fn identifiers(&mut self, export: &Export<'_>, ids: &[IdentifierId]) -> Result<Vec<Row>> {
        let refs: Vec<IdentifierRef> = ids.iter().copied().map(IdentifierRef::Id).collect();
        let found = self.reads.identifiers(&refs).await?;
        let row = |identifier| Row {
            what: What::Identifiers,
            day: None,
            values: rows::identifier(&identifier, &export.names),
        };
        Ok(found.into_iter().flatten().map(row).collect())
    }

    async fn links(&mut self, export: &Export<'_>, ids: &[IdentifierId]) -> Result<Vec<Row>> {
        let mut found = Vec::new();
        let mut of: Vec<(IdentifierId, Option<LinkKey>)> = ids.iter().map(|id| (*id, None)).collect();
        // The first pages are read together, and those of identifiers with more links one by one.
        let mut first = true;
        while !of.is_empty() {
            let piece = if first { std::mem::take(&mut of) } else { of.split_off(of.len() - 1) };
            first = false;
            let after = piece.last().and_then(|(_, after)| *after);
            let owners: Vec<Of> = piece.iter().map(|(id, _)| Of::Identifier(*id)).collect();
            let page = LinkPage { refused: None, after, limit: LINKS };
            for ((id, _), page) in piece.iter().zip(self.reads.list_links(&owners, &page).await?) {
                if page.more {
                    let last = page.items.last().map(|link| LinkKey {
                        from: link.from,
                        to: link.to,
                        refused: link.refused.is_some(),
                    });
                    of.push((*id, last));
                }
                // Each link is listed at both its ends, and written at its first.
                let links: Vec<_> = page.items.into_iter().filter(|link| link.from == *id).collect();
                self.hold(export, links.iter().flat_map(|link| [link.from, link.to]).collect()).await?;
                for link in links {
                    let (from, to) = (self.holding(link.from)?, self.holding(link.to)?);
                    found.push(Row { what: What::Links, day: None, values: rows::link(&link, &from.key, &to.key) });
                }
            }
        }
        Ok(found)
    }

    async fn orders(&mut self, export: &Export<'_>, keys: &[OrderKey]) -> Result<Vec<Row>> {
        let orders = self.reads.orders(keys).await?;
        self.hold(export, orders.iter().flatten().filter_map(|order| Some(order.placed?.owner)).collect()).await?;
        let mut found = Vec::new();
        for order in orders.into_iter().flatten() {
            let Some(placed) = order.placed else { continue };
            let values = rows::order(&order, placed, &*self.holding(placed.owner)?, &export.names);
            found.push(Row { what: What::Orders, day: None, values });
        }
        Ok(found)
    }

    async fn touchpoints(&mut self, export: &Export<'_>, page: &[Touchpoint]) -> Result<Vec<Row>> {
        self.hold(export, page.iter().map(|touchpoint| touchpoint.owner).collect()).await?;
        let mut found = Vec::with_capacity(page.len());
        for touchpoint in page {
            let values = rows::touchpoint(touchpoint, &*self.holding(touchpoint.owner)?, &export.names);
            let at = touchpoint.at.to_string();
            let day = at.split_once('T').map(|(day, _)| day.to_owned());
            found.push(Row { what: What::Touchpoints, day, values });
        }
        Ok(found)
    }

    /// Reads the holdings that are not here yet.
    async fn hold(&mut self, export: &Export<'_>, mut ids: Vec<IdentifierId>) -> Result<()> {
        ids.sort_unstable();
        ids.dedup();
        if self.holdings.len() + ids.len() > MOST_HOLDINGS {
            self.holdings.clear();
        }
        ids.retain(|id| !self.holdings.contains_key(id));
        if ids.is_empty() {
            return Ok(());
        }
        let found = export.store.holdings_at(self.moment, &ids).await?;
        let found = ids.into_iter().zip(found).filter_map(|(id, holding)| Some((id, Arc::new(holding?))));
        self.holdings.extend(found);
        Ok(())
    }

    fn holding(&self, id: IdentifierId) -> Result<Arc<Holding>> {
        let missing = || StoreError::Data("a row names an identifier that did not exist at its moment".to_owned());
        Ok(self.holdings.get(&id).cloned().ok_or_else(missing)?)
    }
}

/// The place after which a pass goes on.
fn place<T: DeserializeOwned>(folder: &Folder, pass: Pass) -> Result<Option<T>> {
    let read = folder.place(pass.name()).map(serde_json::from_value).transpose();
    read.map_err(|error| ExportError::Call(format!("the saved place of the export cannot be read: {error}")))
}

fn next<T: Serialize>(place: Option<&T>) -> Result<Place> {
    let place = place.map(serde_json::to_value).transpose();
    Ok(place.map_err(|error| StoreError::Data(format!("a place that cannot be saved: {error}")))?)
}
