//! Attribution: the credit for each conversion is divided between the touches before it, by ten models.
//!
//! Credits are summed as integers of a tiny unit. So sums do not depend on the order of addition, and the parts of a
//! conversion sum exactly to it.

mod apportion;
mod markov;

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::base::NO_INDEX;
use super::credit::{Model, Touch, weigh};
use super::dimension::{DIRECT, Dimension};
use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scan::{Journey, JourneyScan};
use super::scope::{Scope, Step, unknown};
use super::values::DimensionValues;
use crate::domain::{Amount, Currency, Duration, Money};
use apportion::{WHOLE, apportion, millionths, portion, shares, weight};
use markov::Chain;

/// The goal of an attribution and its models.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Goal {
    /// A touchpoint that matches is a conversion.
    pub goal: Step,
    /// Only touchpoints that match can get credit; `None` for all.
    pub touches: Option<Step>,
    /// The dimension whose values get credit.
    pub dimension: Dimension,
    /// The maximum age of a touch at the conversion.
    pub lookback: Duration,
    /// The half-life of TIME_DECAY.
    pub half_life: Duration,
    /// The models to compute.
    pub models: Vec<Model>,
}

/// The answer to an attribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// The number of conversions.
    pub conversions: u64,
    /// The net of their orders now, by currency.
    pub value: Vec<Money>,
    /// Values of `goal` and `touches` that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
    /// In the order of the question.
    pub models: Vec<AttributionResult>,
}

/// The answer of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributionResult {
    /// The model.
    pub model: Model,
    /// A row for each value on a conversion path, and OTHER for the values that are not shown.
    pub rows: Vec<AttributionRow>,
}

/// The credit of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributionRow {
    /// As shown, or OTHER.
    pub value: Arc<str>,
    /// Whether it is the row of all values that are not shown.
    pub other: bool,
    /// Its credit, in conversions.
    pub conversions: f64,
    /// Its share of all conversions.
    pub credit: f64,
    /// Its credit, in money, for each currency of `value`.
    pub worth: Vec<Money>,
}

/// The value of the row for all values that are not shown.
pub const OTHER: &str = "OTHER";

/// # Errors
/// The scope is invalid; the chain of MARKOV would be too large; the run was cancelled or too slow.
pub fn attribution(
    projection: &Projection,
    scope: &Scope,
    goal: &Goal,
    top: usize,
    run: &Run,
) -> Result<Attribution, JourneyError> {
    let scan = JourneyScan::new(projection, scope)?.per_customer();
    let kinds = &projection.dictionary.kinds;
    let finder = ConversionFinder {
        scan: &scan,
        goals: goal.goal.table(kinds),
        touches: goal.touches.as_ref().map(|touches| touches.table(kinds)),
        values: DimensionValues::new(kinds, goal.dimension),
        currencies: projection.dictionary.currencies.len(),
        goal,
    };
    let states = scan.for_each_journey(run, || Counts::new(&finder), |counts, journey| finder.read(journey, counts))?;
    let mut sum = Counts::new(&finder);
    // The last digits of MARKOV depend on the order of slots. The order by name is the same for all threads and stores.
    let mut values: Vec<u32> = states.iter().flat_map(|state| &state.values).copied().collect();
    values.sort_by_key(|value| (finder.name(*value), *value));
    for value in values {
        sum.slot(value);
    }
    states.into_iter().for_each(|state| sum.add(state));
    let currencies = projection.dictionary.currencies.iter().cloned().enumerate();
    let mut currencies: Vec<(usize, Currency)> = currencies.filter(|(n, _)| sum.has_money[*n]).collect();
    currencies.sort_by(|a, b| a.1.cmp(&b.1));
    let money = |(n, currency): &(usize, Currency)| Money { amount: Amount(sum.money[*n]), currency: currency.clone() };
    let value = currencies.iter().map(money).collect();
    let mut models = Vec::new();
    for (n, model) in goal.models.iter().enumerate() {
        let rows = match model {
            Model::Markov => sum.markov(run)?,
            _ => sum.rows(n),
        };
        let rows = finder.answer_rows(&sum, *model, rows, &currencies, top);
        models.push(AttributionResult { model: *model, rows });
    }
    let unknown_values = unknown(kinds, std::iter::once(&goal.goal).chain(&goal.touches));
    Ok(Attribution { conversions: sum.conversions, value, unknown_values, models })
}

/// Finds the conversions of journeys, and credits the touches before them.
struct ConversionFinder<'a> {
    scan: &'a JourneyScan<'a>,
    goals: Vec<bool>,
    touches: Option<Vec<bool>>,
    values: DimensionValues,
    currencies: usize,
    goal: &'a Goal,
}

/// The credit of a value, given by its slot, by one model: conversions, and parts of money by currency.
struct Credit {
    slot: u32,
    conversions: f64,
    money: Vec<i128>,
}

/// What one thread counts. A value gets a slot when it first occurs, so that other values take no memory.
struct Counts {
    slots: Vec<u32>,
    values: Vec<u32>,
    /// By slot, whether the value is on a conversion path.
    leads: Vec<bool>,
    conversions: u64,
    /// By currency, in millionths. The sum of any number of orders fits.
    money: Vec<i128>,
    has_money: Vec<bool>,
    /// By model and slot.
    parts: Vec<Vec<i128>>,
    /// By model, slot and currency.
    money_parts: Vec<Vec<i128>>,
    chain: Option<Chain>,
    // Buffers that are reused for the next journey.
    touches: Vec<(i64, u32)>,
    path: Vec<Touch>,
    weights: Vec<f64>,
    shares: Vec<i128>,
    seen: FxHashSet<u32>,
}

impl ConversionFinder<'_> {
    /// Credits the conversions of one journey.
    fn read(&self, journey: &Journey<'_>, counts: &mut Counts) {
        counts.seen.clear();
        counts.touches.clear();
        for (place, kind) in journey.kind.iter().enumerate() {
            if !self.goals[*kind as usize] {
                if self.touches.as_ref().is_some_and(|touches| !touches[*kind as usize]) {
                    continue;
                }
                let slot = counts.slot(self.values.of[*kind as usize]);
                counts.touches.push((journey.at[place], slot));
                continue;
            }
            let order = self.scan.order(journey.row(place));
            // Several touchpoints of one order are one conversion.
            if order != NO_INDEX && !counts.seen.insert(order) {
                continue;
            }
            let net = (order != NO_INDEX).then(|| self.scan.projection.orders.now(order)).flatten();
            self.convert(journey.at[place], net.map(|net| (usize::from(net.currency), net.amount)), counts);
            counts.touches.clear();
        }
        if let (Some(chain), false) = (&mut counts.chain, counts.touches.is_empty()) {
            chain.path(counts.touches.iter().map(|(_, slot)| *slot), false);
        }
    }

    /// Credits the touches before a conversion.
    fn convert(&self, at: i64, money: Option<(usize, Amount)>, counts: &mut Counts) {
        let oldest = at.saturating_sub(self.goal.lookback.as_millis());
        let begin = counts.touches.partition_point(|(touched_at, _)| *touched_at < oldest);
        counts.path.clear();
        counts
            .path
            .extend(counts.touches[begin..].iter().map(|(touched, value)| Touch { age: at - touched, value: *value }));
        if counts.path.is_empty() {
            let value = counts.slot(self.values.len() as u32);
            counts.path.push(Touch { age: 0, value });
        }
        counts.conversions += 1;
        counts.path.iter().for_each(|touch| counts.leads[touch.value as usize] = true);
        if let Some((currency, amount)) = money {
            counts.money[currency] += amount.0;
            counts.has_money[currency] = true;
        }
        if let Some(chain) = &mut counts.chain {
            chain.path(counts.path.iter().map(|touch| touch.value), true);
        }
        for (n, model) in self.goal.models.iter().enumerate() {
            counts.weights.clear();
            if !weigh(*model, &counts.path, self.goal.half_life, &mut counts.weights) {
                continue;
            }
            for (touch, own) in counts.path.iter().zip(&counts.weights) {
                counts.parts[n][touch.value as usize] += weight(*own);
            }
            let Some((currency, amount)) = money else { continue };
            match model {
                // Each value gets all of the money.
                Model::Participation => {
                    counts.shares.clear();
                    counts.shares.extend(counts.weights.iter().map(|own| weight(*own)));
                }
                _ => shares(&counts.weights, &mut counts.shares),
            }
            for (touch, share) in counts.path.iter().zip(&counts.shares) {
                let slot = touch.value as usize * self.currencies + currency;
                counts.money_parts[n][slot] += portion(amount.0, *share);
            }
        }
    }

    /// A value as answers show it.
    fn name(&self, value: u32) -> Arc<str> {
        self.values.shown.get(value as usize).cloned().unwrap_or_else(|| DIRECT.into())
    }

    /// The rows of an answer: the largest first, the money in whole units of the currency.
    fn answer_rows(
        &self,
        sum: &Counts,
        model: Model,
        credits: Vec<Credit>,
        currencies: &[(usize, Currency)],
        top: usize,
    ) -> Vec<AttributionRow> {
        let name = |slot: u32| self.name(sum.values[slot as usize]);
        // Credits that differ by less than 1e-9 are equal: the difference is rounding.
        let rank = |conversions: f64| (conversions * 1e9).round() as i128;
        let mut rows: Vec<(Arc<str>, Credit)> = credits.into_iter().map(|own| (name(own.slot), own)).collect();
        rows.sort_by(|a, b| rank(b.1.conversions).cmp(&rank(a.1.conversions)).then_with(|| a.0.cmp(&b.0)));
        let mut worths: Vec<Vec<Money>> = vec![Vec::new(); rows.len()];
        for (n, currency) in currencies {
            let parts: Vec<i128> = rows.iter().map(|(_, own)| own.money[*n]).collect();
            let amounts = match model {
                // Each value gets all of the money, so there is nothing to apportion.
                Model::Participation => parts.into_iter().map(millionths).collect(),
                _ => apportion(sum.money[*n], currency, &parts),
            };
            for (worth, amount) in worths.iter_mut().zip(amounts) {
                worth.push(Money { amount: Amount(amount), currency: currency.clone() });
            }
        }
        let credit = |conversions: f64| if sum.conversions == 0 { 0.0 } else { conversions / sum.conversions as f64 };
        let row = |((value, own), worth): ((Arc<str>, Credit), Vec<Money>)| AttributionRow {
            value,
            other: false,
            conversions: own.conversions,
            credit: credit(own.conversions),
            worth,
        };
        let mut rows: Vec<_> = rows.into_iter().zip(worths).map(row).collect();
        if rows.len() > top {
            let cut = rows.split_off(top);
            let conversions = cut.iter().map(|row| row.conversions).sum();
            let worth = currencies.iter().enumerate().map(|(n, (_, currency))| Money {
                amount: cut.iter().map(|row| row.worth[n].amount).sum(),
                currency: currency.clone(),
            });
            let worth = worth.collect();
            let credit = credit(conversions);
            rows.push(AttributionRow { value: OTHER.into(), other: true, conversions, credit, worth });
        }
        rows
    }
}

impl Counts {
    fn new(finder: &ConversionFinder<'_>) -> Self {
        let models = finder.goal.models.len();
        Counts {
            slots: vec![NO_INDEX; finder.values.len() + 1],
            values: Vec::new(),
            leads: Vec::new(),
            conversions: 0,
            money: vec![0; finder.currencies],
            has_money: vec![false; finder.currencies],
            parts: vec![Vec::new(); models],
            money_parts: vec![Vec::new(); models],
            chain: finder.goal.models.contains(&Model::Markov).then(Chain::default),
            touches: Vec::new(),
            path: Vec::new(),
            weights: Vec::new(),
            shares: Vec::new(),
            seen: FxHashSet::default(),
        }
    }

    #[inline]
    fn slot(&mut self, value: u32) -> u32 {
        let slot = self.slots[value as usize];
        if slot != NO_INDEX {
            return slot;
        }
        let slot = self.values.len() as u32;
        self.slots[value as usize] = slot;
        self.values.push(value);
        self.leads.push(false);
        let currencies = self.money.len();
        self.parts.iter_mut().for_each(|parts| parts.push(0));
        self.money_parts.iter_mut().for_each(|parts| parts.extend((0..currencies).map(|_| 0)));
        slot
    }

    fn add(&mut self, other: Counts) {
        let currencies = self.money.len();
        let slots: Vec<u32> = other.values.iter().map(|value| self.slot(*value)).collect();
        self.conversions += other.conversions;
        for n in 0..currencies {
            self.money[n] += other.money[n];
            self.has_money[n] |= other.has_money[n];
        }
        for (old, new) in slots.iter().enumerate() {
            let new = *new as usize;
            self.leads[new] |= other.leads[old];
            for model in 0..self.parts.len() {
                self.parts[model][new] += other.parts[model][old];
                for n in 0..currencies {
                    self.money_parts[model][new * currencies + n] += other.money_parts[model][old * currencies + n];
                }
            }
        }
        if let (Some(own), Some(chain)) = (&mut self.chain, other.chain) {
            own.add(&chain, &slots);
        }
    }

    fn leading(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.leads).filter(|(_, leads)| **leads).map(|(slot, _)| slot)
    }

    fn rows(&self, model: usize) -> Vec<Credit> {
        let currencies = self.money.len();
        let row = |slot: u32| {
            let begin = slot as usize * currencies;
            let money = self.money_parts[model][begin..begin + currencies].iter();
            Credit {
                slot,
                conversions: self.parts[model][slot as usize] as f64 / WHOLE as f64,
                money: money.copied().collect(),
            }
        };
        self.leading().map(row).collect()
    }

    fn markov(&self, run: &Run) -> Result<Vec<Credit>, JourneyError> {
        let Some(chain) = &self.chain else { return Ok(Vec::new()) };
        /// An effect below this is a rounding error of 0.
        const EPSILON: f64 = 1e-12;
        let effects = chain.removal_effects(self.values.len(), run)?;
        // A value that is on no conversion path also gets credit, if a path leads from it to a value on a conversion
        // path.
        let earning = || (0_u32..).zip(&effects).filter(|(_, effect)| **effect > EPSILON);
        let sum: f64 = earning().map(|(_, effect)| effect).sum();
        let row = |(slot, effect): (u32, &f64)| {
            let credit = effect / sum;
            let money = self.money.iter().map(|amount| portion(*amount, weight(credit)));
            Credit { slot, conversions: self.conversions as f64 * credit, money: money.collect() }
        };
        Ok(earning().map(row).collect())
    }
}
