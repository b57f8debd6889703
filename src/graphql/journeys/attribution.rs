//! What earned the conversions.

use async_graphql::{Error, SimpleObject};

use super::{Asked, astray, size, texts};
use crate::domain;
use crate::graphql::scalar::Long;
use crate::graphql::spend::Money;
use crate::graphql::step::AttributionModel;
use crate::journeys::attribution::{self, Goal};
use crate::journeys::{Answer, Question};

/// What earned the conversions of customers, whatever makes a journey.
#[derive(SimpleObject)]
pub struct Attribution {
    /// How many conversions there are.
    conversions: Long,
    /// Values of `goal` and `touches` that no touchpoint of the store has: misspelled, most likely.
    unknown_values: Vec<String>,
    /// What their orders come to now, one entry per currency; one without an order adds nothing.
    value: Vec<Money>,
    /// An answer for each model, in the order in which they were asked for.
    models: Vec<AttributionResult>,
}

/// One model's answer.
#[derive(SimpleObject)]
pub struct AttributionResult {
    /// Which.
    model: AttributionModel,
    /// A row for each value that took part in a conversion, those that earned most first, and OTHER for
    /// those that are not shown. PARTICIPATION apart, they sum to the conversions and to the value.
    rows: Vec<AttributionRow>,
}

/// What one value earned.
#[derive(SimpleObject)]
pub struct AttributionRow {
    /// The value; `(direct)` is that of conversions that nothing led to, OTHER holds what is not shown.
    value: String,
    /// Parts of conversions.
    conversions: f64,
    /// Of all conversions.
    credit: f64,
    /// Of the money, in each currency of `value`; to the smallest unit of the currency.
    worth: Vec<Money>,
}

pub(super) async fn fetch(asked: &Asked, goal: Goal, top: i32) -> Result<Attribution, Error> {
    match &*asked.answer(&Question::Attribution { goal, top: size("top", top)? }).await? {
        Answer::Attribution(attribution) => Ok(Attribution::of(attribution)),
        _ => Err(astray()),
    }
}

impl Attribution {
    fn of(attribution: &attribution::Attribution) -> Self {
        let money = |money: &[domain::Money]| money.iter().map(|m| Money::of(m.amount, &m.currency)).collect();
        let row = |row: &attribution::AttributionRow| AttributionRow {
            value: row.value.to_string(),
            conversions: row.conversions,
            credit: row.credit,
            worth: money(&row.worth),
        };
        let result = |result: &attribution::AttributionResult| AttributionResult {
            model: result.model.into(),
            rows: result.rows.iter().map(row).collect(),
        };
        Attribution {
            conversions: Long(attribution.conversions as i64),
            unknown_values: texts(&attribution.unknown_values),
            value: money(&attribution.value),
            models: attribution.models.iter().map(result).collect(),
        }
    }
}
