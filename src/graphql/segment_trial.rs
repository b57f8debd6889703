//! The trial of a segment's condition.

use async_graphql::{Context, Error, Object, SimpleObject};

use super::condition::{CustomerCondition, read};
use super::customer::Customer;
use super::customer_parts::CustomerParts;
use super::error::store_error;
use super::load::{self, CustomerLoad};
use super::page::read_first;
use super::problem::Problem;
use super::scalar::{DateTime, Json, Long};
use super::viewer::Viewer;
use crate::domain::customer::CustomerId;
use crate::domain::{Moment, ProblemCode, problem};
use crate::members::Members;
use crate::segments::lines::Line;
use crate::store::query::CustomerKey;

/// The effect of a condition on all customers.
pub struct SegmentTrial {
    sentence: String,
    size: u64,
    lines: Vec<Line>,
    examples: Vec<CustomerId>,
    misfits: Vec<(String, u64, serde_json::Value)>,
    problems: Vec<problem::Problem>,
    as_of: Option<Moment>,
    /// The question. `None` before the first change, when the store had no customers.
    members: Option<Members>,
}

/// A line of a condition: one that is directly in an `all` or `any`, and is neither of the two.
#[derive(SimpleObject)]
pub struct SegmentLine {
    /// The place in the condition, such as `all.0.any.1`.
    path: String,
    /// The line in English.
    sentence: String,
    /// How many customers fit this line alone.
    alone: Long,
    /// How many customers fit the condition when this line is left out of its list.
    without: Long,
}

/// Values of a trait of another type than a condition asks for. They never fit.
#[derive(SimpleObject)]
pub struct TraitMisfit {
    /// The name of the trait.
    #[graphql(name = "trait")]
    name: String,
    /// The number of customers that are shown with such a value.
    count: Long,
    /// Such a value.
    example: Option<Json>,
}

impl TraitMisfit {
    pub(super) fn new(name: &str, count: u64, example: &serde_json::Value) -> Self {
        TraitMisfit {
            name: name.to_owned(),
            count: long(count),
            example: serde_json::value::to_raw_value(example).ok().and_then(|raw| Json::from_raw(&raw)),
        }
    }
}

/// The effect of a condition on all customers.
#[Object]
impl SegmentTrial {
    /// The condition in English.
    async fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The number of customers that fit.
    async fn size_then(&self) -> Long {
        long(self.size)
    }

    /// The number of customers that fit and have not granted consent for the purpose of the request. No figure includes
    /// them. 0 without a purpose, and for a purpose that needs no consent. Every customer is read.
    async fn hidden_by_consent(&self, ctx: &Context<'_>) -> Result<Long, Error> {
        let (Some(shown), Some(members)) = (ctx.data_unchecked::<Viewer>().shown(), &self.members) else {
            return Ok(Long(0));
        };
        let hidden = Box::pin(load::count_hidden_members(shown, members, &Default::default())).await;
        hidden.map(Long).map_err(store_error)
    }

    /// The lines of the condition, in its order.
    async fn lines(&self) -> Vec<SegmentLine> {
        let show = |line: &Line| SegmentLine {
            path: line.path.clone(),
            sentence: line.sentence.clone(),
            alone: long(line.alone),
            without: long(line.without),
        };
        self.lines.iter().map(show).collect()
    }

    /// Customers that fit, the smallest ids first.
    async fn examples(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of customers, 0 to 100.", default = 10)] first: i32,
    ) -> Result<Vec<Customer>, Error> {
        let first = read_first(Some(first))?;
        let parts = CustomerParts::of_field(ctx);
        let key = |id: &CustomerId| CustomerLoad(CustomerKey::Id(id.clone()), parts.shape, parts.pages);
        let keys: Vec<CustomerLoad> = self.examples.iter().take(first).map(key).collect();
        let views = load::many_as_of(ctx, self.as_of, keys.clone()).await?;
        let found = keys.iter().filter_map(|key| views.get(key)?.clone().ok()?);
        Ok(found.map(|view| Customer::of_parts(view, parts)).collect())
    }

    /// Values of another type than the condition asks for, by trait.
    async fn misfits(&self) -> Vec<TraitMisfit> {
        self.misfits.iter().map(|(name, count, example)| TraitMisfit::new(name, *count, example)).collect()
    }

    /// What is probably a mistake: NOT_FOUND for a trait that no customer has.
    async fn problems(&self) -> Vec<Problem> {
        Problem::list(&self.problems)
    }
}

impl SegmentTrial {
    /// Tries a condition on all customers.
    pub(super) async fn fetch(
        ctx: &Context<'_>,
        members: CustomerCondition,
        time_zone: Option<String>,
        as_of: Option<DateTime>,
    ) -> Result<Self, Error> {
        let moment = match as_of {
            Some(DateTime(at)) => load::moment(ctx, at).await?,
            None => None,
        };
        let members = read::members(ctx, "members", Some(&members), ("timeZone", time_zone.as_deref()), moment).await?;
        // Before the first change the store had no customers.
        let store = (as_of.is_none() || moment.is_some()).then(|| load::of(ctx).loader().0.clone());
        let (trial, examples) = match &store {
            Some(store) => members.trial(&**store).await.map_err(store_error)?,
            None => (crate::segments::lines::Trial::new(&members.condition), Vec::new()),
        };
        let unknown = |name: &String| {
            problem::Problem::whole(ProblemCode::NotFound, format!("no customer has the trait \"{name}\""))
        };
        let (size, lines) = (trial.size, trial.lines().to_vec());
        let misfits = trial.misfits.iter().map(|(name, (count, value))| (name.clone(), *count, value.clone()));
        let (misfits, problems) = (misfits.collect(), trial.unknown_traits.iter().map(unknown).collect());
        drop(trial);
        Ok(SegmentTrial {
            sentence: members.condition.sentence(),
            size,
            lines,
            examples,
            misfits,
            problems,
            as_of: moment,
            members: store.map(|_| members),
        })
    }
}

fn long(count: u64) -> Long {
    Long(i64::try_from(count).unwrap_or(i64::MAX))
}
