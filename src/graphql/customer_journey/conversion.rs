//! The conversions of one customer, and the credit of each touchpoint before them.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions, Object};
use rustc_hash::FxHashMap;

use super::CustomerJourney;
use crate::domain;
use crate::graphql::error::{Code, coded};
use crate::graphql::history::History;
use crate::graphql::load::{self, MessageId};
use crate::graphql::scalar::DateTime;
use crate::graphql::spend::Money;
use crate::graphql::touchpoint::Touchpoint;
use crate::journeys::conversion_path::{PathTouchpoint, conversion_paths};
use crate::journeys::credit::{Model, Touch, weigh};
use crate::journeys::dimension::Dimension;
use crate::journeys::scope::Step;

/// The maximum number of steps of all conversions of one answer.
const MOST_STEPS: usize = 10_000;

/// What the conversions of a customer are computed by.
pub(super) struct ConversionQuery {
    pub(super) goal: Step,
    pub(super) touches: Option<Step>,
    pub(super) dimension: Dimension,
    pub(super) lookback: domain::Duration,
    pub(super) half_life: domain::Duration,
    pub(super) model: Model,
}

/// A conversion of a customer.
pub struct Conversion {
    journey: CustomerJourney,
    history: Arc<History>,
    /// Its index in the history, and the indices of the steps with their credit.
    index: usize,
    steps: Vec<(usize, f64)>,
    value: Option<domain::Money>,
}

/// A conversion of a customer, and the touchpoints that led to it.
#[Object]
impl Conversion {
    /// When it happened.
    async fn at(&self) -> DateTime {
        DateTime(self.history.rows[self.index].key.at)
    }

    /// The touchpoint that matches the goal.
    async fn touchpoint(&self, ctx: &Context<'_>) -> Result<Touchpoint, Error> {
        touchpoint(ctx, &self.journey, &self.history, self.index).await
    }

    /// The net value of its order: total less returns. Null when it is not about an order.
    async fn value(&self) -> Option<Money> {
        self.value.as_ref().map(|value| Money::of(value.amount, &value.currency))
    }

    /// The touchpoints that led to it, in order of time: after the previous conversion, at most `lookback` before this
    /// one, and matching `touches` when it is given. Empty when no touchpoint led to it.
    async fn steps(&self) -> Vec<ConversionStep<'_>> {
        self.steps.iter().map(|(index, credit)| ConversionStep { of: self, index: *index, credit: *credit }).collect()
    }

    /// The time from the first step to the conversion, in seconds. 0 without steps.
    async fn duration_seconds(&self) -> f64 {
        let at = |index: usize| self.history.rows[index].key.at.0;
        self.steps.first().map_or(0.0, |(first, _)| (at(self.index) - at(*first)) as f64 / 1_000.0)
    }
}

/// A touchpoint that led to a conversion.
pub struct ConversionStep<'a> {
    of: &'a Conversion,
    index: usize,
    credit: f64,
}

/// A touchpoint that led to a conversion.
#[Object]
impl ConversionStep<'_> {
    /// The touchpoint.
    async fn touchpoint(&self, ctx: &Context<'_>) -> Result<Touchpoint, Error> {
        touchpoint(ctx, &self.of.journey, &self.of.history, self.index).await
    }

    /// The step's share of the conversion by the model. The shares of one conversion add up to 1, except with
    /// PARTICIPATION.
    async fn credit(&self) -> f64 {
        self.credit
    }
}

async fn touchpoint(
    ctx: &Context<'_>,
    journey: &CustomerJourney,
    history: &History,
    index: usize,
) -> Result<Touchpoint, Error> {
    let id = MessageId(history.rows[index].message_id.clone());
    let row = load::one_as_of(ctx, journey.view.as_of, id).await?;
    // The history just had it, so it was deleted in between.
    let row = row.ok_or_else(|| coded(Code::StoreAway, "the history changed while it was read: ask again"))?;
    Ok(Touchpoint::of_customer(row, &journey.view))
}

/// The newest conversions, at most `first`.
pub(super) async fn find(
    ctx: &Context<'_>,
    journey: &CustomerJourney,
    query: ConversionQuery,
    first: usize,
) -> Result<Vec<Conversion>, Error> {
    let history = journey.history(ctx).await?;
    let in_scope = journey.in_scope(&history);
    let indices: Vec<usize> = (0..history.rows.len()).filter(|index| in_scope[*index]).collect();
    let goal = query.goal.table(&history.kinds);
    let touches = query.touches.as_ref().map(|touches| touches.table(&history.kinds));
    let earns = |index: &usize| touches.as_ref().is_none_or(|can| can[history.rows[*index].kind as usize]);
    let touchpoint = |index: &usize| {
        let row = &history.rows[*index];
        PathTouchpoint { at: row.key.at, goal: goal[row.kind as usize], order: row.order }
    };
    let touchpoints: Vec<PathTouchpoint> = indices.iter().map(touchpoint).collect();
    let mut values = Values::new(query.dimension);
    let mut found = Vec::new();
    let mut steps = 0;
    for path in conversion_paths(&touchpoints, query.lookback).into_iter().rev().take(first) {
        let on_it: Vec<usize> = path.steps(&touchpoints).map(|step| indices[step]).filter(earns).collect();
        steps += on_it.len();
        if steps > MOST_STEPS {
            return Err(too_many_steps(steps));
        }
        let at = touchpoints[path.conversion].at;
        let touch = |index: &usize| {
            let row = &history.rows[*index];
            Touch { age: at.0 - row.key.at.0, value: values.of(&history, row.kind) }
        };
        let touches: Vec<Touch> = on_it.iter().map(touch).collect();
        let mut credits = Vec::with_capacity(touches.len());
        weigh(query.model, &touches, query.half_life, &mut credits);
        found.push((indices[path.conversion], on_it.into_iter().zip(credits).collect::<Vec<_>>()));
    }
    let order = |index: usize| Some(history.orders[history.rows[index].order? as usize].clone());
    let keys: Vec<_> = found.iter().filter_map(|(index, _)| order(*index)).collect();
    let orders = load::many_as_of(ctx, journey.view.as_of, keys).await?;
    let conversion = |(index, steps): (usize, Vec<(usize, f64)>)| {
        let order = order(index).and_then(|key| orders.get(&key));
        let value = order.map(|order| domain::Money { amount: order.net(), currency: order.currency.clone() });
        Conversion { journey: journey.clone(), history: history.clone(), index, steps, value }
    };
    Ok(found.into_iter().map(conversion).collect())
}

fn too_many_steps(steps: usize) -> Error {
    let message = format!("these conversions have more than {MOST_STEPS} steps");
    coded(Code::TooExpensive, message).extend_with(|_, extensions| {
        extensions.set("cost", steps as i64);
        extensions.set("limit", MOST_STEPS as i64);
        extensions.set("hint", "use a smaller `first` or a shorter `lookback`");
    })
}

/// Numbers the values of a dimension.
struct Values {
    dimension: Dimension,
    codes: FxHashMap<Option<String>, u32>,
    of_kinds: FxHashMap<u32, u32>,
}

impl Values {
    fn new(dimension: Dimension) -> Self {
        Values { dimension, codes: FxHashMap::default(), of_kinds: FxHashMap::default() }
    }

    fn of(&mut self, history: &History, kind: u32) -> u32 {
        let Values { dimension, codes, of_kinds } = self;
        *of_kinds.entry(kind).or_insert_with(|| {
            let next = codes.len() as u32;
            *codes.entry(history.kinds.value(kind, *dimension).map(str::to_owned)).or_insert(next)
        })
    }
}
