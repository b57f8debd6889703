//! Amounts in pence and cents, and the formats in which shops send them.

use std::fmt;

use serde::{Serialize, Serializer};

/// An amount in the smallest unit of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Money {
    pub(super) minor: u64,
    pub(super) as_text: bool,
}

impl Money {
    /// An amount that is written as a JSON number, as a browser does: `20`, `19.99`.
    pub(super) fn number(minor: u64) -> Self {
        Self { minor, as_text: false }
    }

    /// The same amount as tills write it: `"20.00"`.
    pub(super) fn text(self) -> Self {
        Self { as_text: true, ..self }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.minor / 100, self.minor % 100)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.as_text {
            serializer.collect_str(self)
        } else if self.minor.is_multiple_of(100) {
            serializer.serialize_u64(self.minor / 100)
        } else {
            // The shortest form of the nearest double has these two decimals, on every machine.
            serializer.serialize_f64(self.minor as f64 / 100.0)
        }
    }
}

/// The currency of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Currency {
    #[serde(rename = "GBP")]
    Pound,
    #[serde(rename = "EUR")]
    Euro,
}

impl Currency {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Pound => Self::Euro,
            Self::Euro => Self::Pound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amount_is_written_exactly() {
        for minor in (0..200_000).chain([9_999_999, 123_456_789]) {
            let exact = Money::number(minor).to_string();
            let written = serde_json::to_string(&Money::number(minor)).expect("an amount");
            let full: rust_decimal::Decimal = exact.parse().expect("a decimal");
            assert_eq!(written.parse::<rust_decimal::Decimal>().expect("a decimal"), full);
        }
        let text = serde_json::to_string(&Money::number(2_000).text()).expect("an amount");
        assert_eq!(text, "\"20.00\"");
    }
}
