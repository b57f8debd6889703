//! Saved segments: conditions on customers with a name.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object};

use super::condition::read;
use super::condition_answer::{ConditionAnswer, NearMiss, wants_moments};
use super::customer::Customer;
use super::customers::{self, CustomerConnection};
use super::erasure;
use super::error::{Code, coded, store_error};
use super::id::{NodeId, Offset};
use super::load::{self, CustomerLoad, LoadFuture};
use super::page::{Connection, List, read_first};
use super::scalar::{DateTime, Json, Long, int};
use super::segment_trial::TraitMisfit;
use super::viewer::Viewer;
use super::{Setup, setting};
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::page::Page;
use crate::domain::segment::{self, SegmentId};
use crate::domain::{Arrival, Moment};
use crate::ingest::Ingest;
use crate::members::Members;
use crate::members::judge::Judge;
use crate::segments::condition::SegmentCondition;
use crate::segments::hidden::first_hidden;
use crate::segments::saved::SavedSegments;
use crate::store::query::{self, CustomerKey, FirstPages, Shape};

/// A saved condition on customers, with a name.
#[derive(Clone)]
pub struct Segment {
    segment: segment::Segment,
    /// All segments of that time.
    saved: SavedSegments,
    as_of: Option<Moment>,
}

/// A saved condition on customers, with a name. As of a moment it has the definition of then, and its members are those of
/// then.
#[Object]
impl Segment {
    /// Opaque. It stays the same when the segment gets another name.
    pub(super) async fn id(&self) -> ID {
        NodeId::Segment(self.segment.id).encode_at(self.as_of)
    }

    /// The name. No other segment has it; case does not matter.
    async fn name(&self) -> &str {
        &self.segment.content.name
    }

    /// What it is for. Null when nothing was said.
    async fn description(&self) -> Option<&str> {
        self.segment.content.description.as_deref()
    }

    /// The time zone of the condition, an IANA name.
    async fn time_zone(&self) -> &str {
        &self.segment.content.time_zone
    }

    /// The version: 1 at first, and one more with each change.
    async fn version(&self) -> i32 {
        int(self.segment.version)
    }

    /// When this version was saved.
    async fn saved_at(&self) -> DateTime {
        DateTime(self.segment.saved_at)
    }

    /// Who saved this version.
    async fn saved_by(&self) -> &str {
        &self.segment.saved_by
    }

    /// The condition, as it was sent. It can be sent back as `members`. Names of segments in it are the present names.
    /// FORBIDDEN when it tests what the caller may not see.
    async fn definition(&self, ctx: &Context<'_>) -> Result<Json, Error> {
        self.check_is_seen(ctx)?;
        let definition = self.saved.definition(&self.segment);
        Ok(Json(async_graphql::Value::from_json(definition).unwrap_or_default()))
    }

    /// The condition in English. FORBIDDEN when it tests what the caller may not see.
    async fn sentence(&self, ctx: &Context<'_>) -> Result<String, Error> {
        self.check_is_seen(ctx)?;
        Ok(self.condition(ctx)?.members.sentence())
    }

    /// The number of members. Every customer is read where `asOf` is given, and until all customers are judged after a save.
    /// Null after an error.
    async fn size(&self, ctx: &Context<'_>) -> Option<Result<Long, Error>> {
        Some(self.count(ctx).await.map(Long))
    }

    /// The number of members who have not granted consent for the purpose of the request. They are not in `size` and not in
    /// `customers`. 0 without a purpose, and for a purpose that needs no consent. Every customer is read.
    async fn hidden_by_consent(&self, ctx: &Context<'_>) -> Result<Long, Error> {
        self.count_hidden(ctx).await.map(Long)
    }

    /// The members, in the order in which the customers were created.
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<CustomerConnection, Error> {
        let first = read_first(first)?;
        Box::pin(customers::page_of_segment(ctx, self, self.members(ctx)?, first, after.as_deref())).await
    }

    /// Why a customer is in the segment or not. Null when there is no such customer. FORBIDDEN when the condition tests what
    /// the caller may not see.
    async fn because(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer. The moment of its id does not count, only that of the segment.")] customer: ID,
    ) -> Option<Result<ConditionAnswer, Error>> {
        if let Err(error) = self.check_is_seen(ctx) {
            return Some(Err(error));
        }
        self.answer(ctx, &customer).await.transpose()
    }

    /// The customers that fail exactly one condition of the outermost `all`, in the order of their ids. Empty for a
    /// condition of another shape. Every customer is read. FORBIDDEN when the condition tests what the caller may not see.
    async fn near_misses(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<NearMiss>, Error> {
        self.check_is_seen(ctx)?;
        let first = read_first(first)?;
        let members = self.members(ctx)?;
        let list = List::of_store("nearMisses", members.identity());
        let after = list.read::<Offset>(after.as_deref())?;
        let store = load::of(ctx).loader().0.clone();
        let ids = Box::pin(members.near_misses(&*store)).await.map_err(store_error)?;
        let start = after.map_or(0, |after| after.0).min(ids.len());
        let end = (start + first).min(ids.len());
        let items =
            Box::pin(members.why_near(&*store, &ids[start..end], wants_moments(ctx))).await.map_err(store_error)?;
        let page = Page { items: items.into_iter().enumerate().collect(), more: end < ids.len() };
        let total = load::Total::Known(ids.len() as i64);
        let place = |(n, _): &(usize, _)| Offset(start + n + 1);
        let node = |(_, (fails, view)): (usize, (_, Arc<CustomerView>))| {
            NearMiss::new(Customer::of_view(view.clone()), ConditionAnswer::new(fails, view))
        };
        Ok(Connection::forward(&list, page, start > 0, total, place, node))
    }

    /// Values of another type than the condition asks for, by trait. Every customer is read. FORBIDDEN when the condition
    /// tests what the caller may not see.
    async fn misfits(&self, ctx: &Context<'_>) -> Result<Vec<TraitMisfit>, Error> {
        self.check_is_seen(ctx)?;
        let members = self.members(ctx)?;
        let store = load::of(ctx).loader().0.clone();
        let (trial, _) = Box::pin(members.trial(&*store)).await.map_err(store_error)?;
        Ok(trial.misfits.iter().map(|(name, (count, example))| TraitMisfit::new(name, *count, example)).collect())
    }
}

impl Segment {
    /// The segment with this id, now or as of a moment.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        id: SegmentId,
    ) -> Result<Option<Self>, Error> {
        let saved = load::segments(ctx, as_of).await?;
        Ok(saved.get(id).cloned().map(|segment| Segment { segment, saved, as_of }))
    }

    /// A segment, with all segments of its time.
    pub(super) fn new(segment: segment::Segment, saved: SavedSegments, as_of: Option<Moment>) -> Self {
        Segment { segment, saved, as_of }
    }

    /// The name.
    pub(super) fn name_of(&self) -> &str {
        &self.segment.content.name
    }

    /// The number of members.
    pub(super) fn count<'a>(&'a self, ctx: &'a Context<'_>) -> LoadFuture<'a, i64> {
        Box::pin(async move {
            let store = load::of(ctx).loader().0.clone();
            if let Some(judge) = self.judge(ctx) {
                let now = ctx.data_unchecked::<Setup>().now();
                let stored = judge.size(&*store, self.segment.id, now).await.map_err(store_error)?;
                if let Some(stored) = stored {
                    return Ok(stored);
                }
            }
            let members = self.members(ctx)?;
            Box::pin(members.count(&*store, &Default::default())).await.map_err(store_error)
        })
    }

    /// The number of members whom the purpose of the request hides.
    pub(super) fn count_hidden<'a>(&'a self, ctx: &'a Context<'_>) -> LoadFuture<'a, i64> {
        Box::pin(async move {
            let Some(shown) = ctx.data_unchecked::<Viewer>().shown() else { return Ok(0) };
            let members = self.members(ctx)?;
            let everyone = query::CustomerFilter::default();
            Box::pin(load::count_hidden_members(shown, &members, &everyone)).await.map_err(store_error)
        })
    }

    /// Whether a customer, with what is shown of it, is in the segment.
    pub(super) async fn has(&self, ctx: &Context<'_>, customer: &CustomerId) -> Result<bool, Error> {
        let members = self.members(ctx)?;
        let store = load::of(ctx).loader().0.clone();
        Box::pin(members.has(&*store, customer)).await.map_err(store_error)
    }

    /// A page of members from what is stored. `None` where the definition has to tell.
    pub(super) async fn stored_page(
        &self,
        ctx: &Context<'_>,
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Option<Page<(CustomerId, Arrival)>>, Error> {
        let Some(judge) = self.judge(ctx) else { return Ok(None) };
        let (store, now) = (load::of(ctx).loader().0.clone(), ctx.data_unchecked::<Setup>().now());
        judge.page(&*store, self.segment.id, after, limit, now).await.map_err(store_error)
    }

    /// A judge by this segment alone. `None` as of a moment: the past is told by the definition of then. `None` too for a
    /// purpose that hides people: verdicts are about all that is stored of a customer, also what is not shown.
    fn judge(&self, ctx: &Context<'_>) -> Option<Judge> {
        if self.as_of.is_some() || ctx.data_unchecked::<Viewer>().shown().is_some() {
            return None;
        }
        let setup = ctx.data_unchecked::<Setup>();
        let of = |segment: &segment::Segment| {
            let is_this = segment.id == self.segment.id;
            is_this.then(|| read::saved_condition(setup.dimensions.names(), &self.saved, segment).ok()).flatten()
        };
        Some(Judge::new(&self.saved, setting(setup, ctx.data_unchecked::<Arc<Ingest>>()), of))
    }

    /// What the cursors of its members belong to.
    pub(super) fn place(&self) -> (SegmentId, i64) {
        (self.segment.id, self.segment.version)
    }

    /// Why a customer is in the segment or not.
    ///
    /// # Errors
    /// When the condition tests what the caller may not see.
    pub(super) async fn because_of(
        &self,
        ctx: &Context<'_>,
        customer: &CustomerId,
    ) -> Result<Option<ConditionAnswer>, Error> {
        self.check_is_seen(ctx)?;
        let members = self.members(ctx)?;
        let store = load::of(ctx).loader().0.clone();
        let answer = Box::pin(members.because(&*store, customer, wants_moments(ctx))).await.map_err(store_error)?;
        Ok(answer.map(|(answer, view)| ConditionAnswer::new(answer, view)))
    }

    fn condition(&self, ctx: &Context<'_>) -> Result<SegmentCondition, Error> {
        read::saved_condition_for(ctx, &self.saved, &self.segment)
    }

    /// # Errors
    /// When the condition, or that of a segment in it, tests what the caller may not see.
    fn check_is_seen(&self, ctx: &Context<'_>) -> Result<(), Error> {
        let masks = &ctx.data_unchecked::<Viewer>().masks;
        if masks.is_empty() {
            return Ok(());
        }
        // A condition that cannot be read may test anything.
        let dimensions = ctx.data_unchecked::<Setup>().dimensions.names();
        let hides = |of: SegmentCondition| first_hidden(&of.members, "definition", masks, dimensions).is_some();
        match self.condition(ctx).map_or(true, hides) {
            true => Err(coded(Code::Forbidden, "the segment tests what is masked for the caller")),
            false => Ok(()),
        }
    }

    async fn answer(&self, ctx: &Context<'_>, customer: &ID) -> Result<Option<ConditionAnswer>, Error> {
        let (id, _) = NodeId::read_customer_at(customer)?;
        let key = CustomerLoad(CustomerKey::Id(id.clone()), Shape::Name, FirstPages { orders: 0, touchpoints: 0 });
        let found = load::one_as_of(ctx, self.as_of, key).await?.transpose().map_err(store_error)?.flatten();
        let Some(found) = found else {
            return erasure::check(&*load::of(ctx).loader().0, &id).await.map(|()| None);
        };
        self.because_of(ctx, &found.customer.id).await
    }

    /// The question for the members.
    fn members(&self, ctx: &Context<'_>) -> Result<Members, Error> {
        let SegmentCondition { zone, members, .. } = self.condition(ctx)?;
        Ok(read::question(ctx, Arc::unwrap_or_clone(members), zone, self.as_of))
    }
}

/// The moment of `asOf`. The answer is `None` when the store had nothing then.
async fn moment(ctx: &Context<'_>, as_of: Option<DateTime>) -> Result<Option<Option<Moment>>, Error> {
    match as_of {
        None => Ok(Some(None)),
        Some(DateTime(at)) => Ok(load::moment(ctx, at).await?.map(Some)),
    }
}

/// The segment with this name.
pub(super) async fn fetch(ctx: &Context<'_>, name: &str, as_of: Option<DateTime>) -> Result<Option<Segment>, Error> {
    let Some(as_of) = moment(ctx, as_of).await? else { return Ok(None) };
    let saved = load::segments(ctx, as_of).await?;
    Ok(saved.named(name).cloned().map(|segment| Segment { segment, saved, as_of }))
}

/// A page of segments, the first saved first.
pub(super) async fn page(
    ctx: &Context<'_>,
    as_of: Option<DateTime>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<Connection<Segment>, Error> {
    let first = read_first(first)?;
    let moment = moment(ctx, as_of).await?;
    let list = List::of_store("segments", moment.map(|as_of| as_of.map(|as_of| as_of.change)));
    let after = list.read::<SegmentId>(after)?;
    let (as_of, saved) = match moment {
        Some(as_of) => (as_of, load::segments(ctx, as_of).await?),
        None => (None, SavedSegments::default()),
    };
    let total = load::Total::Known(saved.0.len() as i64);
    let items = saved.0.iter().filter(|segment| after.is_none_or(|after| segment.id > after));
    let page = Page::cut(items.take(first + 1).cloned().collect(), first);
    let node = |segment: segment::Segment| Segment { segment, saved: saved.clone(), as_of };
    Ok(Connection::forward(&list, page, after.is_some(), total, |segment| segment.id, node))
}
