//! Money, and what a customer spent of it.

use async_graphql::{Object, SimpleObject};

use super::scalar::{Decimal, int};
use crate::domain::money::{Amount, Currency};
use crate::domain::rollup::{MoneyRollup, Rollup};

/// An exact amount in a currency.
#[derive(SimpleObject, Clone)]
pub struct Money {
    /// How much.
    amount: Decimal,
    /// The currency, ISO 4217.
    currency: String,
}

impl Money {
    pub(super) fn of(amount: Amount, currency: &Currency) -> Self {
        Money { amount: Decimal::of(amount, currency), currency: currency.0.to_string() }
    }
}

/// What a customer spent in one currency.
pub struct Spend {
    currency: Currency,
    figures: MoneyRollup,
}

impl Spend {
    pub(super) fn of(rollup: &Rollup) -> Vec<Self> {
        rollup.money.iter().map(|(currency, figures)| Spend { currency: currency.clone(), figures: *figures }).collect()
    }
}

/// What a customer spent in one currency. Cancelled orders are in none of it.
#[Object]
impl Spend {
    /// The currency, ISO 4217.
    async fn currency(&self) -> &str {
        &self.currency.0
    }

    /// The totals of the orders.
    async fn gross(&self) -> Money {
        Money::of(self.figures.gross, &self.currency)
    }

    /// What came back of them.
    async fn returned(&self) -> Money {
        Money::of(self.figures.returned, &self.currency)
    }

    /// `gross - returned`.
    async fn net(&self) -> Money {
        Money::of(self.figures.net(), &self.currency)
    }

    /// How many orders.
    async fn order_count(&self) -> i32 {
        int(self.figures.orders)
    }

    /// `returned / gross`, from 0 to 1; 0 of nothing.
    async fn return_rate(&self) -> f64 {
        let (returned, gross) = (self.figures.returned.0 as f64, self.figures.gross.0 as f64);
        if gross == 0.0 { 0.0 } else { returned / gross }
    }
}
