//! Exact amounts of money.

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An exact amount in millionths of the currency's unit.
///
/// An amount in an event is below 10^15 units, 2^70 millionths. An integer of 128 bits can have the sum of 10^17 such
/// amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(pub i128);

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
    /// It has more digits after the point than are stored.
    #[error("an amount with more than 6 digits behind the point")]
    TooFine,
    /// It is larger than the maximum of one amount.
    #[error("not an amount below 10^15")]
    TooLarge,
    /// The currency is not three letters.
    #[error("not a currency: write it as GBP")]
    BadCurrency,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);
    /// An amount in an event must be less than this, positive or negative.
    pub const LIMIT: Amount = Amount(1_000_000_000_000_000 * Self::UNIT);
    /// The digits after the point that are stored.
    const SCALE: u32 = 6;
    /// One of the currency's unit.
    const UNIT: i128 = 10_i128.pow(Self::SCALE);

    /// Reads a plain decimal number: no exponent, no grouping, at most 6 digits after the point.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        if text.contains(['e', 'E']) {
            return Err(MoneyError::Malformed);
        }
        match scaled(text, Self::SCALE)? {
            (millionths, true) => Ok(Amount(millionths)),
            (_, false) => Err(MoneyError::TooFine),
        }
    }

    /// Reads a decimal number as senders write it, also with an exponent. More than 6 digits after the point are
    /// rounded half to even. The second value says whether the result is exact.
    pub fn read(text: &str) -> Result<(Self, bool), MoneyError> {
        let (millionths, exact) = scaled(text, Self::SCALE)?;
        if millionths.abs() < Self::LIMIT.0 { Ok((Amount(millionths), exact)) } else { Err(MoneyError::TooLarge) }
    }

    /// Reads a JSON number as its shortest decimal text. For amounts of up to 15 digits this is the sender's text.
    pub fn from_number(number: &serde_json::Number) -> Result<Self, MoneyError> {
        let text = number.to_string();
        Self::parse(text.strip_suffix(".0").unwrap_or(&text))
    }

    /// As text, with at least `digits` digits after the point and no further zeros at the end.
    pub fn to_text(self, digits: u32) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let (whole, part) = (size / Self::UNIT.unsigned_abs(), size % Self::UNIT.unsigned_abs());
        let part = format!("{part:06}");
        let shown = part.trim_end_matches('0').len().max((digits as usize).min(part.len()));
        let point = if shown == 0 { "" } else { "." };
        format!("{sign}{whole}{point}{}", &part[..shown])
    }

    /// This amount `count` times.
    pub fn times(self, count: i64) -> Self {
        Amount(self.0.saturating_mul(i128::from(count)))
    }

    /// Divides the amount in proportion to `weights` (equally when all are zero), in whole smallest units of the
    /// currency. Each part is cut to whole units. The remaining units go, one each, to the parts with the largest
    /// remainders; of equal remainders to the first. A fraction of a unit goes to the first part. The parts sum to the
    /// amount.
    pub fn share_out(self, weights: &[Amount], currency: &Currency) -> Vec<Amount> {
        if weights.is_empty() {
            return Vec::new();
        }
        let equal = weights.iter().all(|weight| weight.0 <= 0);
        let weight = |n: usize| if equal { 1 } else { weights[n].0.max(0).unsigned_abs() };
        let sum: u128 = (0..weights.len()).map(weight).sum();
        let unit = currency.smallest().0.unsigned_abs();
        let (units, fine) = (self.0.unsigned_abs() / unit, self.0.unsigned_abs() % unit);
        let (mut parts, cut): (Vec<u128>, Vec<u128>) = (0..weights.len()).map(|n| share(units, weight(n), sum)).unzip();
        let left = units - parts.iter().sum::<u128>();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by_key(|n| std::cmp::Reverse(cut[*n]));
        // Less than a unit was cut from each part, so fewer units than parts remain.
        order.into_iter().take(left as usize).for_each(|n| parts[n] += 1);
        let first = order_first(weights, equal);
        let amount = |(n, units): (usize, u128)| {
            let size = (units * unit + if n == first { fine } else { 0 }) as i128;
            Amount(if self.0 < 0 { -size } else { size })
        };
        parts.into_iter().enumerate().map(amount).collect()
    }
}

/// The first part that is not zero.
fn order_first(weights: &[Amount], equal: bool) -> usize {
    weights.iter().position(|weight| equal || weight.0 > 0).unwrap_or(0)
}

/// `of * weight / sum` and the remainder of this division, exactly. The product may need 256 bits, so it is divided bit
/// by bit. `weight` is at most `sum`, and `sum` is below 2^127.
fn share(of: u128, weight: u128, sum: u128) -> (u128, u128) {
    let (mut quotient, mut rest) = (0_u128, 0_u128);
    for bit in (0..u128::BITS - of.leading_zeros()).rev() {
        quotient <<= 1;
        rest <<= 1;
        if of >> bit & 1 == 1 {
            rest += weight;
        }
        while rest >= sum {
            rest -= sum;
            quotient += 1;
        }
    }
    (quotient, rest)
}

/// A decimal number times 10^`scale`, rounded half to even, and whether the result is exact. It may have a sign, a
/// point and an exponent, but no grouping.
pub(crate) fn scaled(text: &str, scale: u32) -> Result<(i128, bool), MoneyError> {
    use MoneyError::{Malformed, TooLarge};
    /// More digits than any sum of amounts has, and fewer than fit into 128 bits.
    const MOST: i64 = 36;
    let text = text.trim();
    let (negative, size) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = size.split_once(['e', 'E']).unwrap_or((size, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let good = is_digits(whole) && is_digits(part) && whole.len() + part.len() > 0;
    if !good || !is_digits(power) || power.is_empty() {
        return Err(Malformed);
    }
    let digits = || whole.bytes().chain(part.bytes()).map(|byte| byte - b'0');
    let Some(first) = digits().position(|digit| digit > 0) else { return Ok((0, true)) };
    // An exponent that does not fit into an integer moves the point further than there are digits.
    let away = if exponent.starts_with('-') { i64::MIN / 4 } else { i64::MAX / 4 };
    let moved = exponent.parse::<i64>().map_or(away, |power| power.clamp(i64::MIN / 4, i64::MAX / 4));
    // The number of digits before the point of the result.
    let before = whole.len() as i64 + moved + i64::from(scale);
    if before - first as i64 > MOST {
        return Err(TooLarge);
    }
    let kept = usize::try_from(before).unwrap_or(0);
    let mut number: i128 = digits().take(kept).fold(0, |number, digit| number * 10 + i128::from(digit));
    let missing = kept.saturating_sub(whole.len() + part.len());
    number *= 10_i128.pow(missing as u32);
    // After the point: the next digit, if there is one, and whether any digit other than 0 follows.
    let (next, behind) = if before < 0 {
        (0, true)
    } else {
        let mut rest = digits().skip(kept);
        (rest.next().unwrap_or(0), rest.any(|digit| digit > 0))
    };
    if next > 5 || next == 5 && (behind || number % 2 == 1) {
        number += 1;
    }
    Ok((if negative { -number } else { number }, next == 0 && !behind))
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
    /// The usual digits after the point (ISO 4217, "minor unit").
    pub fn digits(&self) -> u32 {
        match &*self.0 {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }

    /// The smallest amount that can be paid in this currency.
    pub fn smallest(&self) -> Amount {
        Amount(10_i128.pow(Amount::SCALE.saturating_sub(self.digits())))
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
        assert_eq!(Amount::parse("1".repeat(60).as_str()), Err(MoneyError::TooLarge));
        for text in ["", "-", ".", "1.2.3", "1 0", "0x10", "--1", "\u{661}"] {
            assert_eq!(Amount::parse(text), Err(MoneyError::Malformed), "{text}");
        }
        assert!("EURO".parse::<Currency>().is_err());
        assert_eq!("gbp".parse::<Currency>().expect("a currency").0.as_ref(), "GBP");
    }

    #[test]
    fn what_is_finer_than_a_millionth_is_rounded_half_to_even() {
        for (text, shown, exact) in [
            ("16.658333333333335", "16.658333", false),
            ("0.0000005", "0", false),
            ("0.0000015", "0.000002", false),
            ("0.00000050000000000000000000000000000000000000000001", "0.000001", false),
            ("-2.0000025", "-2.000002", false),
            ("59.970000000000006", "59.97", false),
            ("1.10000000000000000000", "1.1", true),
            ("1e2", "100", true),
            ("1.5E-3", "0.0015", true),
            ("25e-7", "0.000002", false),
            ("1e-400", "0", false),
            ("9e-99999999999999999999", "0", false),
            ("0e99999999999999999999", "0", true),
            ("000012.50", "12.5", true),
            ("+3.", "3", true),
            (".5", "0.5", true),
            ("999999999999999.999999", "999999999999999.999999", true),
        ] {
            let (amount, is_exact) = Amount::read(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!((amount.to_text(0).as_str(), is_exact), (shown, exact), "{text}");
        }
        for text in ["1000000000000000", "999999999999999.9999996", "1e400", "1e99999999999999999999", "-1e15"] {
            assert_eq!(Amount::read(text), Err(MoneyError::TooLarge), "{text}");
        }
    }

    #[test]
    fn sums_are_exact_whatever_they_add_up_to() {
        let dong = Amount::parse("999999999999").expect("an amount");
        assert_eq!((0..30_000).map(|_| dong).sum::<Amount>().to_text(0), "29999999999970000");
        let (largest, _) = Amount::read("999999999999999.99").expect("an amount");
        assert_eq!(largest.times(1_000_000_000).to_text(2), "999999999999999990000000.00");
        assert_eq!(Amount::parse("29999999999970000").expect("a sum").to_text(0), "29999999999970000");
    }

    fn shares(total: &str, currency: &str, weights: &[&str]) -> Vec<String> {
        let amount = |text: &str| Amount::parse(text).expect("an amount");
        let weights: Vec<Amount> = weights.iter().copied().map(amount).collect();
        let currency = Currency(currency.into());
        let parts = amount(total).share_out(&weights, &currency);
        assert_eq!(parts.iter().copied().sum::<Amount>(), amount(total));
        parts.into_iter().map(|part| part.to_text(currency.digits())).collect()
    }

    #[test]
    fn parts_are_whole_units_of_the_currency_by_largest_remainder() {
        assert_eq!(shares("10", "GBP", &["3.333333", "3.333333", "3.333333"]), ["3.34", "3.33", "3.33"]);
        assert_eq!(shares("10", "GBP", &["1", "1", "1"]), ["3.34", "3.33", "3.33"]);
        assert_eq!(shares("100", "JPY", &["2.6", "3.7", "3.7"]), ["26", "37", "37"]);
        assert_eq!(shares("10", "JPY", &["2.6", "3.7", "3.7"]), ["2", "4", "4"]);
        assert_eq!(shares("0.07", "GBP", &["0", "0"]), ["0.04", "0.03"]);
        assert_eq!(shares("1", "KWD", &["1", "1", "1"]), ["0.334", "0.333", "0.333"]);
        assert_eq!(shares("10.005", "GBP", &["0", "5", "5"]), ["0.00", "5.005", "5.00"]);
        assert_eq!(shares("-10", "GBP", &["1", "1", "1"]), ["-3.34", "-3.33", "-3.33"]);
        let vast = "999999999999999";
        assert_eq!(shares(vast, "CLF", &[vast, vast, vast]), ["333333333333333.0000"; 3]);
    }
}
