//! Money, and the spend of a customer.

use async_graphql::{Object, SimpleObject};

use super::scalar::{Decimal, int};
use crate::domain::money::{Amount, Currency};
use crate::domain::rollup::{MoneyRollup, Rollup};

/// An exact amount in a currency.
#[derive(SimpleObject, Clone)]
pub struct Money {
    /// The amount.
    amount: Decimal,
    /// The ISO 4217 code of the currency.
    currency: String,
}

impl Money {
    pub(super) fn of(amount: Amount, currency: &Currency) -> Self {
        Money { amount: Decimal::of(amount, currency), currency: currency.0.to_string() }
    }
}

/// The spend of a customer in one currency.
pub struct Spend {
    currency: Currency,
    figures: MoneyRollup,
}

impl Spend {
    pub(super) fn of(rollup: &Rollup) -> Vec<Self> {
        rollup.money.iter().map(|(currency, figures)| Spend { currency: currency.clone(), figures: *figures }).collect()
    }
}

/// The spend of a customer in one currency, without cancelled orders.
#[Object]
impl Spend {
    /// The ISO 4217 code of the currency.
    async fn currency(&self) -> &str {
        &self.currency.0
    }

    /// The sum of the orders' totals.
    async fn gross(&self) -> Money {
        Money::of(self.figures.gross, &self.currency)
    }

    /// The sum of the returned amounts.
    async fn returned(&self) -> Money {
        Money::of(self.figures.returned, &self.currency)
    }

    /// `gross - returned`.
    async fn net(&self) -> Money {
        Money::of(self.figures.net(), &self.currency)
    }

    /// The number of orders.
    async fn order_count(&self) -> i32 {
        int(self.figures.orders)
    }

    /// `returned / gross`, from 0 to 1. 0 when `gross` is 0.
    async fn return_rate(&self) -> f64 {
        let (returned, gross) = (self.figures.returned.0 as f64, self.figures.gross.0 as f64);
        if gross == 0.0 { 0.0 } else { returned / gross }
    }
}
