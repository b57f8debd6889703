//! Finds the customers that fit a condition, over any store, now or as of a moment.
//!
//! The store's own filter and sort come first: a list is walked in its order, and each customer is read and handed to
//! the evaluator of [`segments`](crate::segments). As of a moment every customer is read, and filter and sort are
//! worked out here. So the cost grows with the customers that are looked at, not with those found.
//!
//! Who is in a saved segment is stored: [`live`] keeps it, [`judge`] works it out.

pub mod everybody;
pub(crate) mod facts;
pub mod judge;
pub mod live;

use std::convert::Infallible;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::domain::claim::TraitPolicies;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::page::Page;
use crate::domain::{Amount, Duration, Moment, Timestamp};
use crate::journeys::property::Properties;
use crate::segments::because::ConditionAnswer;
use crate::segments::lines::Trial;
use crate::segments::{Condition, CustomerFacts, Frame};
use crate::store::query::*;
use crate::store::{Reads, Result, Store};

/// How many customers are read at a time.
const CHUNK: usize = 200;
/// The most examples of a trial.
pub const MOST_EXAMPLES: usize = 100;

/// A question for the customers that fit a condition.
#[derive(Clone, Debug)]
pub struct Members {
    /// The condition.
    pub condition: Condition,
    /// The zone of its calendar.
    pub zone: TimeZone,
    /// The time of the question, or of the moment.
    pub now: Timestamp,
    /// The moment; `None` for the present.
    pub as_of: Option<Moment>,
    /// Which of several values of a trait is shown.
    pub traits: TraitPolicies,
    /// A longer gap ends a session without an id.
    pub session_gap: Duration,
    /// The configured dimensions.
    pub dimensions: Arc<Properties>,
}

/// A customer in a list.
type Place = (CustomerId, CustomerSortKey);

impl Members {
    /// What the answer depends on, beside time: equal questions have equal texts.
    pub fn identity(&self) -> String {
        let moment = self.as_of.map(|moment| moment.change);
        format!("{:?} {:?} {moment:?}", self.condition, self.zone.iana_name())
    }

    /// A page of those that also fit the filter of the list.
    pub async fn list(&self, store: &dyn Store, list: &CustomerList) -> Result<Page<Place>> {
        if self.as_of.is_some() {
            return self.list_past(store, list).await;
        }
        let mut found = Vec::new();
        let mut walk = CustomerList { limit: CHUNK, ..list.clone() };
        loop {
            let page = store.list_customers(&walk).await?;
            walk.after = page.items.last().map(|(_, key)| *key).or(walk.after);
            let ids: Vec<CustomerId> = page.items.iter().map(|(id, _)| id.clone()).collect();
            let mut fits = vec![false; ids.len()];
            self.look(store, &ids, |n, _, fit| fits[n] = fit).await?;
            found.extend(page.items.into_iter().zip(fits).filter_map(|(place, fits)| fits.then_some(place)));
            if found.len() > list.limit || !page.more {
                return Ok(Page::cut(found, list.limit));
            }
        }
    }

    /// How many fit, and fit the filter too.
    pub async fn count(&self, store: &dyn Store, filter: &CustomerFilter) -> Result<i64> {
        let mut count = 0;
        self.each(store, filter, |_, fits| count += i64::from(fits)).await?;
        Ok(count)
    }

    /// The ids of all that fit, sorted.
    pub async fn ids(&self, store: &dyn Store) -> Result<Vec<CustomerId>> {
        self.ids_of(store, &CustomerFilter::default()).await
    }

    /// The ids of all that fit, and fit the filter too, sorted.
    pub async fn ids_of(&self, store: &dyn Store, filter: &CustomerFilter) -> Result<Vec<CustomerId>> {
        let mut found = Vec::new();
        self.each(store, filter, |facts, fits| {
            if fits {
                found.push(facts.view.customer.id.clone());
            }
        })
        .await?;
        found.sort();
        Ok(found)
    }

    /// Of each condition in the `any` of this question: the ids of all that fit, sorted. All are found in one walk.
    pub async fn ids_of_each(&self, store: &dyn Store) -> Result<Vec<Vec<CustomerId>>> {
        let Condition::Any(parts) = &self.condition else { return Ok(Vec::new()) };
        let mut found = vec![Vec::new(); parts.len()];
        self.each(store, &CustomerFilter::default(), |facts, _| {
            for (part, found) in parts.iter().zip(&mut found) {
                if part.fits(facts, &self.frame()) {
                    found.push(facts.view.customer.id.clone());
                }
            }
        })
        .await?;
        found.iter_mut().for_each(|ids| ids.sort());
        Ok(found)
    }

    /// The figures of a trial over all customers, and the first of those that fit, by id.
    pub async fn trial(&self, store: &dyn Store) -> Result<(Trial<'_>, Vec<CustomerId>)> {
        let mut trial = Trial::new(&self.condition);
        let mut examples: Vec<CustomerId> = Vec::new();
        let (reads, needs, frame) = (self.reads(store), self.condition.needs(), self.frame());
        let mut walk = Walk::new(CustomerFilter::default());
        while let Some(ids) = walk.next(store, self.as_of).await? {
            for facts in facts::read(&*reads, &ids, needs).await?.into_iter().flatten() {
                if !trial.add(&facts, &frame) {
                    continue;
                }
                let id = &facts.view.customer.id;
                let place = examples.partition_point(|other| other < id);
                if place < MOST_EXAMPLES {
                    examples.insert(place, id.clone());
                    examples.truncate(MOST_EXAMPLES);
                }
            }
        }
        Ok((trial, examples))
    }

    /// Whether a customer fits. An id that stands for another customer, or for none, does not.
    pub async fn has(&self, store: &dyn Store, id: &CustomerId) -> Result<bool> {
        let mut has = false;
        self.look(store, std::slice::from_ref(id), |_, _, fits| has = fits).await?;
        Ok(has)
    }

    /// Why a customer fits or does not, with what was read of it; with `moments`, also when that changes. `None` for an id
    /// that stands for another customer, or for none.
    pub async fn because(
        &self,
        store: &dyn Store,
        id: &CustomerId,
        moments: bool,
    ) -> Result<Option<(ConditionAnswer, Arc<CustomerView>)>> {
        let read = facts::read(&*self.reads(store), std::slice::from_ref(id), self.condition.needs()).await?;
        let found = read.into_iter().flatten().next();
        Ok(found.map(|facts| (self.condition.because(&facts, &self.frame(), moments), facts.view)))
    }

    /// The ids of the customers that fail exactly one condition of the outermost `all`, the smallest first.
    pub async fn near_misses(&self, store: &dyn Store) -> Result<Vec<CustomerId>> {
        let mut found = Vec::new();
        if matches!(self.condition, Condition::All(_)) {
            self.each(store, &CustomerFilter::default(), |facts, _| {
                if self.condition.near_miss(facts, &self.frame()).is_some() {
                    found.push(facts.view.customer.id.clone());
                }
            })
            .await?;
        }
        found.sort();
        Ok(found)
    }

    /// Of each customer that fails exactly one condition of the outermost `all`: why it fails that one; with `moments`, also
    /// when that changes.
    pub async fn why_near(
        &self,
        store: &dyn Store,
        ids: &[CustomerId],
        moments: bool,
    ) -> Result<Vec<(ConditionAnswer, Arc<CustomerView>)>> {
        let read = facts::read(&*self.reads(store), ids, self.condition.needs()).await?;
        let of = |facts: CustomerFacts| {
            let fails = self.condition.near_miss(&facts, &self.frame())?.because(&facts, &self.frame(), moments);
            Some((fails, facts.view))
        };
        Ok(read.into_iter().flatten().filter_map(of).collect())
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            now: self.now,
            zone: &self.zone,
            traits: &self.traits,
            session_gap: self.session_gap,
            dimensions: &self.dimensions,
        }
    }

    fn reads<'s>(&self, store: &'s dyn Store) -> ReadsOf<'s> {
        match self.as_of {
            None => ReadsOf::Present(store),
            Some(moment) => ReadsOf::Past(store.as_of(moment)),
        }
    }

    /// Reads each of these customers and says whether it fits. Those that are no customers any more are left out.
    async fn look(
        &self,
        store: &dyn Store,
        ids: &[CustomerId],
        mut with: impl FnMut(usize, &CustomerFacts, bool),
    ) -> Result<()> {
        let read = facts::read(&*self.reads(store), ids, self.condition.needs()).await?;
        for (n, facts) in read.iter().enumerate() {
            if let Some(facts) = facts {
                with(n, facts, self.condition.fits(facts, &self.frame()));
            }
        }
        Ok(())
    }

    /// Looks at all customers that fit the filter.
    async fn each(
        &self,
        store: &dyn Store,
        filter: &CustomerFilter,
        mut with: impl FnMut(&CustomerFacts, bool),
    ) -> Result<()> {
        // The past has no index, so its filter is worked out here.
        let past = self.as_of.is_some();
        let mut walk = Walk::new(if past { CustomerFilter::default() } else { filter.clone() });
        while let Some(ids) = walk.next(store, self.as_of).await? {
            self.look(store, &ids, |_, facts, fits| with(facts, fits && (!past || fits_filter(filter, &facts.view))))
                .await?;
        }
        Ok(())
    }

    async fn list_past(&self, store: &dyn Store, list: &CustomerList) -> Result<Page<Place>> {
        let mut found: Vec<Place> = Vec::new();
        self.each(store, &list.filter, |facts, fits| {
            if fits {
                found.push((facts.view.customer.id.clone(), sort_key(&list.sort, &facts.view)));
            }
        })
        .await?;
        found.sort_by_key(|(_, key)| *key);
        if list.descending {
            found.reverse();
        }
        if let Some(after) = list.after {
            found.retain(|(_, key)| if list.descending { *key < after } else { *key > after });
        }
        Ok(Page::cut(found, list.limit))
    }
}

/// The reads of the present or of a moment.
enum ReadsOf<'s> {
    Present(&'s dyn Store),
    Past(Arc<dyn Reads>),
}

impl std::ops::Deref for ReadsOf<'_> {
    type Target = dyn Reads;
    fn deref(&self) -> &dyn Reads {
        match self {
            ReadsOf::Present(store) => *store,
            ReadsOf::Past(reads) => &**reads,
        }
    }
}

/// A walk over all customers in the order in which they were created. Of a moment, over all ids that were issued by then,
/// also those that were merged into others since.
pub(crate) struct Walk {
    list: CustomerList,
    /// The last id of a walk over a moment.
    last: Option<CustomerId>,
    ended: bool,
}

impl Walk {
    pub(crate) fn new(filter: CustomerFilter) -> Self {
        let list = CustomerList { filter, sort: CustomerSort::Created, descending: false, after: None, limit: CHUNK };
        Walk { list, last: None, ended: false }
    }

    /// The next customers; `None` after the last.
    pub(crate) async fn next(&mut self, store: &dyn Store, as_of: Option<Moment>) -> Result<Option<Vec<CustomerId>>> {
        if self.ended {
            return Ok(None);
        }
        if let Some(moment) = as_of {
            let ids = store.scan_customer_ids(moment.change, self.last.as_ref(), CHUNK).await?;
            self.ended = ids.len() < CHUNK;
            self.last = ids.last().cloned();
            return Ok(Some(ids));
        }
        let page = store.list_customers(&self.list).await?;
        self.ended = !page.more;
        self.list.after = page.items.last().map(|(_, key)| *key).or(self.list.after);
        Ok(Some(page.items.into_iter().map(|(id, _)| id).collect()))
    }
}

/// The place of a customer in a list, as both stores sort.
fn sort_key(sort: &CustomerSort, view: &CustomerView) -> CustomerSortKey {
    let created_seq = view.customer.created_seq;
    let key = match sort {
        CustomerSort::LastSeen => view.last_seen_at().unwrap_or_default().0.into(),
        CustomerSort::Created => created_seq.0.into(),
        CustomerSort::NetSpend(currency) => {
            view.rollup().money.get(currency).map_or(Amount::ZERO, |figures| figures.net()).0
        }
    };
    CustomerSortKey { key, created_seq }
}

/// Whether a customer of the past fits a filter, as both stores filter the present.
fn fits_filter(filter: &CustomerFilter, view: &CustomerView) -> bool {
    let rollup = view.rollup();
    let between = |at: Option<Timestamp>, since: Option<Timestamp>, until: Option<Timestamp>| {
        let at = at.unwrap_or_default();
        since.is_none_or(|since| since <= at) && until.is_none_or(|until| at < until)
    };
    let amount = |(min, max): (Option<Amount>, Option<Amount>), own: Amount| {
        min.is_none_or(|min| min <= own) && max.is_none_or(|max| own <= max)
    };
    let orders = rollup.order_count();
    let has_text = |search: &crate::domain::search::TextSearch| {
        let keys = view.identifiers.iter().map(|own| &own.key);
        search.fits(keys, || Ok::<_, Infallible>(view.claims.clone())).unwrap_or(false)
    };
    filter.text.as_ref().is_none_or(has_text)
        && (filter.channels.is_empty() || filter.channels.iter().any(|channel| rollup.channels.contains_key(channel)))
        && between(view.first_seen_at(), filter.first_seen_since, filter.first_seen_until)
        && between(view.last_seen_at(), filter.last_seen_since, filter.last_seen_until)
        && filter.order_count.0.is_none_or(|min| min <= orders)
        && filter.order_count.1.is_none_or(|max| orders <= max)
        && filter.spend.as_ref().is_none_or(|spend| {
            let figures = rollup.money.get(&spend.currency).copied().unwrap_or_default();
            amount(spend.net, figures.net()) && amount(spend.gross, figures.gross)
        })
}
