//! Exports: what a store holds at one moment, as files for other systems.
//!
//! An export is a few passes over the store. Each reads pages by key, as of the moment of the export, so it never has
//! more than a page in memory, and what is committed later is not in it. After a page the [`folder`] takes note of the
//! place, so that an export that was stopped or killed goes on from there.

mod columns;
mod encode;
mod error;
mod folder;
mod rows;

use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

pub use columns::{Column, Type, What};
pub use encode::{Format, Value};
pub use error::{ExportError, Result};
pub use folder::{Arguments, Finished};

use crate::domain::change::ChangePlace;
use crate::domain::claim::TraitPolicies;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::order::OrderKey;
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::store::exports::Holding;
use crate::store::query::{CustomerKey, FirstPages, IdentifierRef, LinkKey, LinkPage, Of, Shape};
use crate::store::{Reads, Store, StoreError};
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

/// An export to make.
pub struct Export<'e> {
    /// Where the data is.
    pub store: &'e dyn Store,
    /// What to write.
    pub arguments: Arguments,
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
        let mut folder = match Folder::find(folder, &self.arguments)? {
            Found::Unfinished(folder) => {
                self.check_store(&folder).await?;
                folder
            }
            Found::Empty(claimed) => match self.store.moment(now).await {
                Ok(moment) => {
                    let change = moment.map_or(0, |moment| moment.change);
                    let cursor = (self.names.cursor)(ChangePlace::behind(change));
                    claimed.begin(self.arguments.clone(), At { change, at: now.0, cursor })?
                }
                Err(error) => {
                    claimed.leave();
                    return Err(error.into());
                }
            },
        };
        let moment = Moment { change: folder.moment().change, at: Timestamp(folder.moment().at) };
        let mut walk =
            Walk { export: self, moment, reads: self.store.as_of(moment), holdings: FxHashMap::default() };
        for pass in Pass::ALL {
            let name = pass.name();
            let wanted = self.arguments.what.iter().any(|what| pass.is_for(*what));
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
        self.arguments.what.contains(&what)
    }
}

/// The reads of one run.
struct Walk<'w> {
    export: &'w Export<'w>,
    moment: Moment,
    reads: Arc<dyn Reads>,
    /// Those of the latest pages. They never change: they are of one moment.
    holdings: FxHashMap<IdentifierId, Arc<Holding>>,
}

type Place = Option<serde_json::Value>;

impl Walk<'_> {
    /// Writes the next page of a pass. The answer is the place of the page after it, if there may be one.
    async fn page(&mut self, pass: Pass, folder: &mut Folder) -> Result<Place> {
        match pass {
            Pass::Customers => self.customers(folder).await,
            Pass::Identifiers => self.identifiers(folder).await,
            Pass::Links => self.links(folder).await,
            Pass::Orders => self.orders(folder).await,
            Pass::Touchpoints => self.touchpoints(folder).await,
            Pass::Changes => self.changes(folder).await,
        }
    }

    async fn customers(&mut self, folder: &mut Folder) -> Result<Place> {
        let Export { store, traits, names, .. } = self.export;
        let after: Option<CustomerId> = place(folder, Pass::Customers)?;
        let ids = store.scan_customer_ids(self.moment.change, after.as_ref(), CUSTOMERS).await?;
        let keys: Vec<CustomerKey> = ids.iter().cloned().map(CustomerKey::Id).collect();
        let shape = if self.export.has(What::Consents) { Shape::Identity } else { Shape::Card };
        let views = self.reads.customers(&keys, shape, FirstPages { orders: 0, touchpoints: 0 }).await?;
        for (id, view) in ids.iter().zip(views) {
            // The id of a customer that was merged away finds the customer it was merged into.
            let Some(view) = view?.filter(|view| view.customer.id == *id) else { continue };
            if self.export.has(What::Customers) {
                folder.put(What::Customers, None, &rows::customer(&view, traits, names))?;
            }
            if self.export.has(What::Traits) {
                for row in rows::traits(&view, traits, names) {
                    folder.put(What::Traits, None, &row)?;
                }
            }
            if self.export.has(What::Consents) {
                for row in rows::consents(&view, self.moment.at, names) {
                    folder.put(What::Consents, None, &row)?;
                }
            }
        }
        next(ids.last().filter(|_| ids.len() == CUSTOMERS))
    }

    async fn identifiers(&mut self, folder: &mut Folder) -> Result<Place> {
        let after = place(folder, Pass::Identifiers)?;
        let members = self.export.store.scan_members(self.moment.change, after, IDENTIFIERS).await?;
        let refs: Vec<IdentifierRef> = members.iter().map(|(id, _)| IdentifierRef::Id(*id)).collect();
        for identifier in self.reads.identifiers(&refs).await?.into_iter().flatten() {
            folder.put(What::Identifiers, None, &rows::identifier(&identifier, &self.export.names))?;
        }
        next(members.last().map(|(id, _)| id).filter(|_| members.len() == IDENTIFIERS))
    }

    async fn links(&mut self, folder: &mut Folder) -> Result<Place> {
        let after = place(folder, Pass::Links)?;
        let members = self.export.store.scan_members(self.moment.change, after, LINKED).await?;
        let mut of: Vec<(IdentifierId, Option<LinkKey>)> = members.iter().map(|(id, _)| (*id, None)).collect();
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
                let ends: Vec<IdentifierId> = links.iter().flat_map(|link| [link.from, link.to]).collect();
                self.hold(ends).await?;
                for link in links {
                    let (from, to) = (self.holding(link.from)?, self.holding(link.to)?);
                    folder.put(What::Links, None, &rows::link(&link, &from.key, &to.key))?;
                }
            }
        }
        next(members.last().map(|(id, _)| id).filter(|_| members.len() == LINKED))
    }

    async fn orders(&mut self, folder: &mut Folder) -> Result<Place> {
        let after: Option<OrderKey> = place(folder, Pass::Orders)?;
        let placed = self.export.store.scan_orders(after.as_ref(), ORDERS).await?;
        let keys: Vec<OrderKey> = placed.into_iter().map(|order| order.key).collect();
        let orders = self.reads.orders(&keys).await?;
        self.hold(orders.iter().flatten().filter_map(|order| Some(order.placed?.owner)).collect()).await?;
        for order in orders.into_iter().flatten() {
            let Some(placed) = order.placed else { continue };
            let owner = self.holding(placed.owner)?;
            folder.put(What::Orders, None, &rows::order(&order, placed, &owner, &self.export.names))?;
        }
        // The store may answer with fewer, so only an empty page is the last.
        next(keys.last())
    }

    async fn touchpoints(&mut self, folder: &mut Folder) -> Result<Place> {
        let after = place(folder, Pass::Touchpoints)?;
        let page = self.export.store.scan_history(self.moment.change, after, TOUCHPOINTS).await?;
        self.hold(page.iter().map(|touchpoint| touchpoint.owner).collect()).await?;
        for touchpoint in &page {
            let owner = self.holding(touchpoint.owner)?;
            let at = touchpoint.at.to_string();
            let day = at.split('T').next().unwrap_or_default();
            folder.put(What::Touchpoints, Some(day), &rows::touchpoint(touchpoint, &owner, &self.export.names))?;
        }
        next(page.last().map(|last| &last.arrival).filter(|_| page.len() == TOUCHPOINTS))
    }

    async fn changes(&mut self, folder: &mut Folder) -> Result<Place> {
        let after = place::<(i64, u32)>(folder, Pass::Changes)?;
        let after = after.map_or(ChangePlace::BEGINNING, |(seq, index)| ChangePlace { seq, index });
        let run = self.export.store.changes(after, CHANGES).await?;
        for change in run.changes.iter().filter(|change| change.place.seq <= self.moment.change) {
            folder.put(What::Changes, None, &rows::change(change, &self.export.names))?;
        }
        let ends = run.upto == after || run.upto >= ChangePlace::behind(self.moment.change);
        next(Some(&(run.upto.seq, run.upto.index)).filter(|_| !ends))
    }

    /// Reads the holdings that are not here yet.
    async fn hold(&mut self, mut ids: Vec<IdentifierId>) -> Result<()> {
        ids.sort_unstable();
        ids.dedup();
        if self.holdings.len() + ids.len() > MOST_HOLDINGS {
            self.holdings.clear();
        }
        ids.retain(|id| !self.holdings.contains_key(id));
        let found = self.export.store.holdings_at(self.moment.change, &ids).await?;
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
    Ok(read.map_err(|error| ExportError::Call(format!("the saved place of the export cannot be read: {error}")))?)
}

fn next<T: Serialize>(place: Option<&T>) -> Result<Place> {
    let place = place.map(serde_json::to_value).transpose();
    Ok(place.map_err(|error| StoreError::Data(format!("a place that cannot be saved: {error}")))?)
}
