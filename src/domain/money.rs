//! Exact amounts of money.

use std::str::FromStr;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An exact amount in millionths of the currency's unit.
///
/// Integers, so that both stores add and compare amounts exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(pub i64);

/// An ISO 4217 code, upper case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(pub Arc<str>);

/// An amount in a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

/// Why a text is not an amount or a currency.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MoneyError {
    /// It is not a decimal number.
    #[error("not an amount: write it as 12.50")]
    Malformed,
    /// It has more digits behind the point than are kept.
    #[error("an amount with more than 6 digits behind the point")]
    TooFine,
    /// It is beyond what one amount can be.
    #[error("an amount beyond a million million")]
    TooLarge,
    /// The currency is not three letters.
    #[error("not a currency: write it as GBP")]
    BadCurrency,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);
    /// The largest amount that one event may carry, in either direction: a million million.
    pub const LARGEST: Amount = Amount(1_000_000_000_000_000_000);
    const SCALE: u32 = 6;

    /// Reads a plain decimal number: no exponent, no grouping, at most 6 digits behind the point.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let decimal = Decimal::from_str_exact(text.trim()).map_err(|_| MoneyError::Malformed)?;
        let decimal = decimal.normalize();
        if decimal.scale() > Self::SCALE {
            return Err(MoneyError::TooFine);
        }
        let micros = decimal.mantissa() * 10_i128.pow(Self::SCALE - decimal.scale());
        match i64::try_from(micros) {
            Ok(micros) if micros.abs() <= Self::LARGEST.0 => Ok(Amount(micros)),
            _ => Err(MoneyError::TooLarge),
        }
    }

    /// Reads a JSON number as its shortest decimal text, which is what the sender wrote for every
    /// amount of up to 15 digits.
    pub fn from_number(number: &serde_json::Number) -> Result<Self, MoneyError> {
        let text = number.to_string();
        Self::parse(text.strip_suffix(".0").unwrap_or(&text))
    }

    /// As text, with at least `digits` digits behind the point and no needless zeros after them.
    pub fn to_text(self, digits: u32) -> String {
        let mut decimal = Decimal::from_i128_with_scale(i128::from(self.0), Self::SCALE).normalize();
        if decimal.scale() < digits {
            decimal.rescale(digits);
        }
        decimal.to_string()
    }

    /// This amount `count` times, or the largest representable.
    pub fn times(self, count: i64) -> Self {
        Amount(self.0.saturating_mul(count))
    }
}

impl std::ops::Add for Amount {
    type Output = Amount;
    fn add(self, other: Amount) -> Amount {
        Amount(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Amount {
    type Output = Amount;
    fn sub(self, other: Amount) -> Amount {
        Amount(self.0.saturating_sub(other.0))
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Amount>>(amounts: I) -> Amount {
        amounts.fold(Amount::ZERO, |a, b| a + b)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        if text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
            Ok(Currency(text.to_ascii_uppercase().into()))
        } else {
            Err(MoneyError::BadCurrency)
        }
    }
}

impl Currency {
    /// Digits behind the point in customary use (ISO 4217, "minor unit").
    pub fn digits(&self) -> u32 {
        match &*self.0 {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }
}

impl Money {
    /// The amount as text with the currency's digits.
    pub fn to_text(&self) -> String {
        self.amount.to_text(self.currency.digits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_keep_the_currencys_digits() {
        let price = Amount::parse("29.9").expect("an amount");
        assert_eq!(price.to_text(2), "29.90");
        assert_eq!(price.times(3).to_text(2), "89.70");
        assert_eq!(Amount::parse("0.000001").expect("an amount").to_text(2), "0.000001");
        assert_eq!(Amount::parse("-5").expect("an amount").to_text(0), "-5");
        let number: serde_json::Number = serde_json::from_str("2500315.63").expect("a number");
        assert_eq!(Amount::from_number(&number).expect("an amount").to_text(2), "2500315.63");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        assert_eq!(Amount::parse("NaN"), Err(MoneyError::Malformed));
        assert_eq!(Amount::parse("1e5"), Err(MoneyError::Malformed));
        assert_eq!(Amount::parse("1,000"), Err(MoneyError::Malformed));
        assert_eq!(Amount::parse("0.0000001"), Err(MoneyError::TooFine));
        assert_eq!(Amount::parse("1000000000001"), Err(MoneyError::TooLarge));
        assert!("EURO".parse::<Currency>().is_err());
        assert_eq!("gbp".parse::<Currency>().expect("a currency").0.as_ref(), "GBP");
    }
}
