//! What one customer's touchpoints led to, and what each of them has earned.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions, Object};
use rustc_hash::FxHashMap;

use super::CustomerJourney;
use super::history::History;
use crate::domain;
use crate::graphql::error::{Code, coded};
use crate::graphql::load::{self, MessageId};
use crate::graphql::scalar::DateTime;
use crate::graphql::spend::Money;
use crate::graphql::touchpoint::Touchpoint;
use crate::journeys::conversion_path::{PathTouchpoint, conversion_paths};
use crate::journeys::credit::{Model, Touch, weigh};
use crate::journeys::dimension::Dimension;
use crate::journeys::scope::Step;

/// The most steps of all conversions of one answer.
const MOST_STEPS: usize = 10_000;

/// What is asked.
pub(super) struct Question {
    pub(super) goal: Step,
    pub(super) touches: Option<Step>,
    pub(super) dimension: Dimension,
    pub(super) lookback: domain::Duration,
    pub(super) half_life: domain::Duration,
    pub(super) model: Model,
}

/// Something that a customer was led to.
pub struct Conversion {
    journey: CustomerJourney,
    history: Arc<History>,
    /// Its place in the history, and those of the steps with their credit.
    place: usize,
    steps: Vec<(usize, f64)>,
    value: Option<domain::Money>,
}

/// Something that a customer was led to, and the way to it.
#[Object]
impl Conversion {
    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.history.passed[self.place].key.at)
    }

    /// The touchpoint that matches the goal.
    async fn touchpoint(&self, ctx: &Context<'_>) -> Result<Touchpoint, Error> {
        touchpoint(ctx, &self.journey, &self.history, self.place).await
    }

    /// What the order it is about comes to, less what came back; null when it is about none.
    async fn value(&self) -> Option<Money> {
        self.value.as_ref().map(|value| Money::of(value.amount, &value.currency))
    }

    /// The touchpoints that led to it, in order of time: those behind the conversion before, not longer ago than
    /// `lookback`, and with `touches` those that match it. Empty when it came by itself.
    async fn steps(&self) -> Vec<ConversionStep<'_>> {
        self.steps.iter().map(|(place, credit)| ConversionStep { of: self, place: *place, credit: *credit }).collect()
    }

    /// From the first step to the conversion; 0 without a step.
    async fn duration_seconds(&self) -> f64 {
        let at = |place: usize| self.history.passed[place].key.at.0;
        self.steps.first().map_or(0.0, |(first, _)| (at(self.place) - at(*first)) as f64 / 1_000.0)
    }
}

/// A step on the way to a conversion.
pub struct ConversionStep<'a> {
    of: &'a Conversion,
    place: usize,
    credit: f64,
}

/// A step on the way to a conversion.
#[Object]
impl ConversionStep<'_> {
    /// The touchpoint.
    async fn touchpoint(&self, ctx: &Context<'_>) -> Result<Touchpoint, Error> {
        touchpoint(ctx, &self.of.journey, &self.of.history, self.place).await
    }

    /// How much of the conversion it earned, by the model: of one conversion 1 in all, but for PARTICIPATION.
    async fn credit(&self) -> f64 {
        self.credit
    }
}

async fn touchpoint(
    ctx: &Context<'_>,
    journey: &CustomerJourney,
    history: &History,
    place: usize,
) -> Result<Touchpoint, Error> {
    let id = MessageId(history.passed[place].message_id.clone());
    let row = load::then(ctx, journey.view.as_of, id).await?;
    // It was there a moment ago.
    let row = row.ok_or_else(|| coded(Code::StoreAway, "the history changed while it was read, ask again"))?;
    Ok(Touchpoint::of_customer(row, &journey.view))
}

/// The newest conversions, at most `first`.
pub(super) async fn find(
    ctx: &Context<'_>,
    journey: &CustomerJourney,
    question: Question,
    first: usize,
) -> Result<Vec<Conversion>, Error> {
    let history = journey.history(ctx).await?;
    let in_scope = journey.in_scope(&history);
    let places: Vec<usize> = (0..history.passed.len()).filter(|place| in_scope[*place]).collect();
    let goal = question.goal.table(&history.kinds);
    let touches = question.touches.as_ref().map(|touches| touches.table(&history.kinds));
    let earns = |place: &usize| touches.as_ref().is_none_or(|can| can[history.passed[*place].kind as usize]);
    let touchpoint = |place: &usize| {
        let passed = &history.passed[*place];
        PathTouchpoint { at: passed.key.at, goal: goal[passed.kind as usize], order: passed.order }
    };
    let touchpoints: Vec<PathTouchpoint> = places.iter().map(touchpoint).collect();
    let mut values = Values::new(question.dimension);
    let mut found = Vec::new();
    let mut steps = 0;
    for path in conversion_paths(&touchpoints, question.lookback).into_iter().rev().take(first) {
        let on_it: Vec<usize> = path.steps(&touchpoints).map(|step| places[step]).filter(earns).collect();
        steps += on_it.len();
        if steps > MOST_STEPS {
            return Err(too_many_steps(steps));
        }
        let at = touchpoints[path.conversion].at;
        let touch = |place: &usize| {
            let passed = &history.passed[*place];
            Touch { age: at.0 - passed.key.at.0, value: values.of(&history, passed.kind) }
        };
        let touches: Vec<Touch> = on_it.iter().map(touch).collect();
        let mut credits = Vec::with_capacity(touches.len());
        weigh(question.model, &touches, question.half_life, &mut credits);
        found.push((places[path.conversion], on_it.into_iter().zip(credits).collect::<Vec<_>>()));
    }
    let order = |place: usize| Some(history.orders[history.passed[place].order? as usize].clone());
    let keys: Vec<_> = found.iter().filter_map(|(place, _)| order(*place)).collect();
    let orders = load::then_many(ctx, journey.view.as_of, keys).await?;
    let conversion = |(place, steps): (usize, Vec<(usize, f64)>)| {
        let order = order(place).and_then(|key| orders.get(&key));
        let value = order.map(|order| domain::Money { amount: order.net(), currency: order.currency.clone() });
        Conversion { journey: journey.clone(), history: history.clone(), place, steps, value }
    };
    Ok(found.into_iter().map(conversion).collect())
}

fn too_many_steps(steps: usize) -> Error {
    let message = format!("the ways to these conversions have more than {MOST_STEPS} steps");
    coded(Code::TooExpensive, message).extend_with(|_, extensions| {
        extensions.set("cost", steps as i64);
        extensions.set("limit", MOST_STEPS as i64);
        extensions.set("hint", "ask for a smaller `first`, or a shorter `lookback`");
    })
}

/// Codes for the values of a dimension.
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
