//! What earned the conversions: each shared between the touches before it, by ten models.
//!
//! Credits are summed as whole numbers of a tiny part, so that sums do not depend on who added first, and
//! what is shared comes together again.

mod markov;
mod worth;

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::base::NO;
use super::credit::{Model, Touch, weigh};
use super::dimension::{DIRECT, Dimension};
use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::{Scope, Step, unknown};
use super::values::Values;
use super::walk::{Asked, Journey};
use crate::domain::{Amount, Currency, Duration, Money};
use markov::Chain;
use worth::{WHOLE, millionths, portion, share_out, shares, weight};

/// What is attributed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Goal {
    /// What a conversion is.
    pub goal: Step,
    /// Which touchpoints can earn; `None` for all.
    pub touches: Option<Step>,
    /// What earns it.
    pub dimension: Dimension,
    /// Only touches no older than this.
    pub lookback: Duration,
    /// Of TIME_DECAY.
    pub half_life: Duration,
    /// Which answers are wanted.
    pub models: Vec<Model>,
}

/// What earned the conversions.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// How many there are.
    pub conversions: u64,
    /// What their orders come to now, by currency.
    pub value: Vec<Money>,
    /// Values of `goal` and `touches` that no touchpoint has.
    pub unknown_values: Vec<Arc<str>>,
    /// In the order in which they were asked for.
    pub models: Vec<AttributionResult>,
}

/// One model's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributionResult {
    /// Which.
    pub model: Model,
    /// A row for each value that was on the way to a conversion, and OTHER for those that are not shown.
    pub rows: Vec<AttributionRow>,
}

/// What a value earned.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributionRow {
    /// As shown, or OTHER.
    pub value: Arc<str>,
    /// Whether it stands for all that are not shown.
    pub other: bool,
    /// Parts of conversions.
    pub conversions: f64,
    /// Of all conversions.
    pub credit: f64,
    /// The money of those parts, in each currency that `value` has.
    pub worth: Vec<Money>,
}

/// How a row is called that holds what was cut.
pub const OTHER: &str = "OTHER";

/// # Errors
/// That the scope cannot be, that the chain of MARKOV would be too large, that it was cancelled or took
/// too long.
pub fn attribution(
    projection: &Projection,
    scope: &Scope,
    goal: &Goal,
    top: usize,
    run: &Run,
) -> Result<Attribution, Fault> {
    let asked = Asked::new(projection, scope)?.per_customer();
    let kinds = &projection.dictionary.kinds;
    let reader = Reader {
        asked: &asked,
        goals: goal.goal.table(kinds),
        touches: goal.touches.as_ref().map(|touches| touches.table(kinds)),
        values: Values::new(kinds, goal.dimension),
        currencies: projection.dictionary.currencies.len(),
        goal,
    };
    let states = asked.walk(run, || Tally::new(&reader), |tally, journey| reader.read(journey, tally))?;
    let mut sum = Tally::new(&reader);
    // MARKOV's last digits hang on the order of slots: by name it is the same in each thread and in each store.
    let mut met: Vec<u32> = states.iter().flat_map(|state| &state.values).copied().collect();
    met.sort_by_key(|value| (reader.name(*value), *value));
    for value in met {
        sum.slot(value);
    }
    states.into_iter().for_each(|state| sum.add(state));
    let currencies: Vec<usize> = (0..reader.currencies).filter(|n| sum.has_money[*n]).collect();
    let mut currencies: Vec<(usize, Currency)> =
        currencies.into_iter().map(|n| (n, projection.dictionary.currencies[n].clone())).collect();
    currencies.sort_by(|a, b| a.1.cmp(&b.1));
    let money = |(n, currency): &(usize, Currency)| Money { amount: Amount(sum.money[*n]), currency: currency.clone() };
    let value = currencies.iter().map(money).collect();
    let mut models = Vec::new();
    for (n, model) in goal.models.iter().enumerate() {
        let rows = match model {
            Model::Markov => sum.markov(run)?,
            _ => sum.rows(n),
        };
        let rows = reader.shown(&sum, *model, rows, &currencies, top);
        models.push(AttributionResult { model: *model, rows });
    }
    let unknown_values = unknown(kinds, std::iter::once(&goal.goal).chain(&goal.touches));
    Ok(Attribution { conversions: sum.conversions, value, unknown_values, models })
}

/// Finds conversions and the ways to them.
struct Reader<'a> {
    asked: &'a Asked<'a>,
    goals: Vec<bool>,
    touches: Option<Vec<bool>>,
    values: Values,
    currencies: usize,
    goal: &'a Goal,
}

/// What a value earned by one model, by its slot: conversions, and parts of money by currency.
struct Earned {
    slot: u32,
    conversions: f64,
    money: Vec<i128>,
}

/// What was counted. Values have slots, given at first sight, so that only what occurs takes room.
struct Tally {
    slots: Vec<u32>,
    values: Vec<u32>,
    /// Which slots were on the way to a conversion.
    leads: Vec<bool>,
    conversions: u64,
    /// In millionths: no number of orders is too much for a sum.
    money: Vec<i128>,
    has_money: Vec<bool>,
    /// By model and slot.
    parts: Vec<Vec<i128>>,
    /// By model, slot and currency.
    money_parts: Vec<Vec<i128>>,
    chain: Option<Chain>,
    // Room that is used again.
    touches: Vec<(i64, u32)>,
    path: Vec<Touch>,
    weights: Vec<f64>,
    shares: Vec<i128>,
    seen: FxHashSet<u32>,
}

impl Reader<'_> {
    fn read(&self, journey: &Journey<'_>, tally: &mut Tally) {
        tally.seen.clear();
        tally.touches.clear();
        for (place, kind) in journey.kind.iter().enumerate() {
            if !self.goals[*kind as usize] {
                if self.touches.as_ref().is_some_and(|touches| !touches[*kind as usize]) {
                    continue;
                }
                let slot = tally.slot(self.values.of[*kind as usize]);
                tally.touches.push((journey.at[place], slot));
                continue;
            }
            let order = self.asked.order(journey.row(place));
            // Whatever else is said about an order, it was won once.
            if order != NO && !tally.seen.insert(order) {
                continue;
            }
            let net = (order != NO).then(|| self.asked.projection.orders.now(order)).flatten();
            self.convert(journey.at[place], net.map(|net| (usize::from(net.currency), net.amount)), tally);
            tally.touches.clear();
        }
        if let (Some(chain), false) = (&mut tally.chain, tally.touches.is_empty()) {
            chain.path(tally.touches.iter().map(|(_, slot)| *slot), false);
        }
    }

    fn convert(&self, at: i64, money: Option<(usize, Amount)>, tally: &mut Tally) {
        let oldest = at.saturating_sub(self.goal.lookback.as_millis());
        let begin = tally.touches.partition_point(|(touched_at, _)| *touched_at < oldest);
        tally.path.clear();
        tally
            .path
            .extend(tally.touches[begin..].iter().map(|(touched, value)| Touch { age: at - touched, value: *value }));
        if tally.path.is_empty() {
            let value = tally.slot(self.values.len() as u32);
            tally.path.push(Touch { age: 0, value });
        }
        tally.conversions += 1;
        tally.path.iter().for_each(|touch| tally.leads[touch.value as usize] = true);
        if let Some((currency, amount)) = money {
            tally.money[currency] += amount.0;
            tally.has_money[currency] = true;
        }
        if let Some(chain) = &mut tally.chain {
            chain.path(tally.path.iter().map(|touch| touch.value), true);
        }
        for (n, model) in self.goal.models.iter().enumerate() {
            tally.weights.clear();
            if !weigh(*model, &tally.path, self.goal.half_life, &mut tally.weights) {
                continue;
            }
            for (touch, own) in tally.path.iter().zip(&tally.weights) {
                tally.parts[n][touch.value as usize] += weight(*own);
            }
            let Some((currency, amount)) = money else { continue };
            match model {
                // Each has all of it.
                Model::Participation => {
                    tally.shares.clear();
                    tally.shares.extend(tally.weights.iter().map(|own| weight(*own)));
                }
                _ => shares(&tally.weights, &mut tally.shares),
            }
            for (touch, share) in tally.path.iter().zip(&tally.shares) {
                let slot = touch.value as usize * self.currencies + currency;
                tally.money_parts[n][slot] += portion(amount.0, *share);
            }
        }
    }

    /// What a value is called.
    fn name(&self, value: u32) -> Arc<str> {
        self.values.shown.get(value as usize).cloned().unwrap_or_else(|| DIRECT.into())
    }

    /// The rows as they are shown: the largest first, the money in whole units of the currency.
    fn shown(
        &self,
        sum: &Tally,
        model: Model,
        earned: Vec<Earned>,
        currencies: &[(usize, Currency)],
        top: usize,
    ) -> Vec<AttributionRow> {
        let name = |slot: u32| self.name(sum.values[slot as usize]);
        // What differs by less than a thousandth of a millionth is the same: only its rounding is not.
        let rank = |conversions: f64| (conversions * 1e9).round() as i128;
        let mut rows: Vec<(Arc<str>, Earned)> = earned.into_iter().map(|earned| (name(earned.slot), earned)).collect();
        rows.sort_by(|a, b| rank(b.1.conversions).cmp(&rank(a.1.conversions)).then_with(|| a.0.cmp(&b.0)));
        let mut worths: Vec<Vec<Money>> = vec![Vec::new(); rows.len()];
        for (n, currency) in currencies {
            let parts: Vec<i128> = rows.iter().map(|(_, earned)| earned.money[*n]).collect();
            let amounts = match model {
                // Each has all of it, exactly: there is nothing to share.
                Model::Participation => parts.into_iter().map(millionths).collect(),
                _ => share_out(sum.money[*n], currency, &parts),
            };
            for (worth, amount) in worths.iter_mut().zip(amounts) {
                worth.push(Money { amount: Amount(amount), currency: currency.clone() });
            }
        }
        let credit = |conversions: f64| if sum.conversions == 0 { 0.0 } else { conversions / sum.conversions as f64 };
        let row = |((value, earned), worth): ((Arc<str>, Earned), Vec<Money>)| AttributionRow {
            value,
            other: false,
            conversions: earned.conversions,
            credit: credit(earned.conversions),
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

impl Tally {
    fn new(reader: &Reader<'_>) -> Self {
        let models = reader.goal.models.len();
        Tally {
            slots: vec![NO; reader.values.len() + 1],
            values: Vec::new(),
            leads: Vec::new(),
            conversions: 0,
            money: vec![0; reader.currencies],
            has_money: vec![false; reader.currencies],
            parts: vec![Vec::new(); models],
            money_parts: vec![Vec::new(); models],
            chain: reader.goal.models.contains(&Model::Markov).then(Chain::default),
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
        if slot != NO {
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

    fn add(&mut self, other: Tally) {
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

    fn rows(&self, model: usize) -> Vec<Earned> {
        let currencies = self.money.len();
        let row = |slot: u32| {
            let begin = slot as usize * currencies;
            let money = self.money_parts[model][begin..begin + currencies].iter();
            Earned {
                slot,
                conversions: self.parts[model][slot as usize] as f64 / WHOLE as f64,
                money: money.copied().collect(),
            }
        };
        self.leading().map(row).collect()
    }

    fn markov(&self, run: &Run) -> Result<Vec<Earned>, Fault> {
        let Some(chain) = &self.chain else { return Ok(Vec::new()) };
        /// Less than this is what solving leaves of nothing.
        const NOTHING: f64 = 1e-12;
        let effects = chain.removal_effects(self.values.len(), run)?;
        // Also values that no conversion's path has, when some path went on from them to one that has.
        let earning = || (0_u32..).zip(&effects).filter(|(_, effect)| **effect > NOTHING);
        let sum: f64 = earning().map(|(_, effect)| effect).sum();
        let row = |(slot, effect): (u32, &f64)| {
            let credit = effect / sum;
            let money = self.money.iter().map(|amount| portion(*amount, weight(credit)));
            Earned { slot, conversions: self.conversions as f64 * credit, money: money.collect() }
        };
        Ok(earning().map(row).collect())
    }
}
