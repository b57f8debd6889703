//! Attribution of conversions.

use async_graphql::{Error, SimpleObject};

use super::{ScopedView, size, texts, wrong_answer};
use crate::domain;
use crate::graphql::scalar::Long;
use crate::graphql::spend::Money;
use crate::graphql::step::AttributionModel;
use crate::journeys::attribution::{self, Goal};
use crate::journeys::{Answer, Question};

/// The attribution of all conversions. It does not depend on `per` of the scope.
#[derive(SimpleObject)]
pub struct Attribution {
    /// The number of conversions.
    conversions: Long,
    /// Values of `goal` and `touches` that no touchpoint of the store has. They are probably misspelled.
    unknown_values: Vec<String>,
    /// The present net value of their orders, one entry for each currency. A conversion without an order adds nothing.
    value: Vec<Money>,
    /// A result for each model, in the requested order.
    models: Vec<AttributionResult>,
}

/// The result of one model.
#[derive(SimpleObject)]
pub struct AttributionResult {
    /// The model.
    model: AttributionModel,
    /// A row for each value that took part in a conversion, the highest credit first, and OTHER for the values that are
    /// not shown. Except with PARTICIPATION, the rows add up to the conversions and to the value.
    rows: Vec<AttributionRow>,
}

/// The credit of one value.
#[derive(SimpleObject)]
pub struct AttributionRow {
    /// The value. `(direct)` stands for conversions without a touchpoint before them, OTHER for values that are not shown.
    value: String,
    /// The number of conversions, which may have a fraction.
    conversions: f64,
    /// The share of all conversions.
    credit: f64,
    /// The value's part of the money, one entry for each currency of `value`, rounded to the currency's smallest unit.
    worth: Vec<Money>,
}

pub(super) async fn fetch(scoped: &ScopedView, goal: Goal, top: i32) -> Result<Attribution, Error> {
    match &*scoped.answer(&Question::Attribution { goal, top: size("top", top)? }).await? {
        Answer::Attribution(attribution) => Ok(Attribution::of(attribution)),
        _ => Err(wrong_answer()),
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
