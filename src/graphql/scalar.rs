//! The scalars.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use serde_json::value::RawValue;

use crate::domain::{self, Amount, Currency, Timestamp};

/// A time in RFC 3339 format. Answers are in UTC, with three fraction digits and `Z`. Input may have any offset;
/// fractions of a millisecond are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub Timestamp);

/// A time in RFC 3339 format. Answers are in UTC, with three fraction digits and `Z`. Input may have any offset;
/// fractions of a millisecond are cut off.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Ok(DateTime(Timestamp::parse(text)?)),
            _ => Err(InputValueError::custom("a time is a text such as 2026-03-31T09:30:00Z")),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An exact decimal number, as a text without exponent, with at least the fraction digits of the currency. Input is a
/// text or a whole number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The number.
    pub amount: Amount,
    /// The minimum number of fraction digits that are written.
    pub digits: u32,
}

impl Decimal {
    /// An amount, written with the fraction digits of its currency.
    pub fn of(amount: Amount, currency: &Currency) -> Self {
        Decimal { amount, digits: currency.digits() }
    }
}

/// An exact decimal number, as a text without exponent, with at least the fraction digits of the currency. Input is a
/// text or a whole number.
#[Scalar(specified_by_url = "https://www.w3.org/TR/xmlschema-2/#decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let amount = match &value {
            Value::String(text) => Amount::parse(text)?,
            Value::Number(number) if number.is_i64() => Amount::from_number(number)?,
            _ => return Err(InputValueError::custom("a decimal is a text such as \"12.50\", or a whole number")),
        };
        Ok(Decimal { amount, digits: 0 })
    }

    fn to_value(&self) -> Value {
        Value::String(self.amount.to_text(self.digits))
    }
}

/// Any JSON value.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub Value);

impl Json {
    /// From stored text. It is written unchanged, so numbers keep all their digits.
    pub fn from_raw(raw: &RawValue) -> Option<Self> {
        async_graphql::to_value(raw).ok().map(Json)
    }
}

/// Any JSON value.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Json(value))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

/// A duration in ISO 8601 format: `PnW`, or `P[nD]T[nH][nM][nS]`. A day has 86,400 seconds. Years and months have no
/// fixed length and are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub domain::Duration);

/// A duration in ISO 8601 format: `PnW`, or `P[nD]T[nH][nM][nS]`. A day has 86,400 seconds. Years and months have no
/// fixed length and are refused.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#appendix-A")]
impl ScalarType for Duration {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Ok(Duration(text.parse::<domain::Duration>()?)),
            _ => Err(InputValueError::custom("a duration is a text such as PT30M")),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A whole number as a JSON number, up to 2^53-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Long(pub i64);

impl Long {
    const MAX: i64 = (1 << 53) - 1;
}

/// A whole number as a JSON number, up to 2^53-1. A larger input is an error.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc7493#section-2.2")]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => match number.as_i64() {
                Some(n) if n.abs() <= Self::MAX => Ok(Long(n)),
                _ => Err(InputValueError::custom("a whole number between -(2^53-1) and 2^53-1")),
            },
            _ => Err(InputValueError::custom("a whole number")),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.clamp(-Self::MAX, Self::MAX))
    }
}

/// A count as a GraphQL `Int`. A larger count becomes the largest `Int`.
pub fn int(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(if count < 0 { i32::MIN } else { i32::MAX })
}
