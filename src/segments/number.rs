//! Exact decimal numbers of any length, as they stand in JSON.

use std::cmp::Ordering;

use serde_json::Value;

use crate::domain::number::plain;

/// A JSON number: its digits without exponent. Equal numbers are equal texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(Box<str>);

impl Number {
    /// From the text of a JSON number, all of it.
    pub fn parse(text: &str) -> Option<Self> {
        is_json(text).then(|| Number(plain(text).into()))
    }

    /// A number, or a text that is one as a whole.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Number::parse(&number.to_string()),
            Value::String(text) => Number::parse(text),
            _ => None,
        }
    }

    /// Its digits.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Whether the whole of a text is a JSON number.
fn is_json(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let parts = |text: &str| {
            let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
            let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
            (negative, whole.to_owned(), fraction.to_owned())
        };
        let ((a_negative, a_whole, a_fraction), (b_negative, b_whole, b_fraction)) = (parts(&self.0), parts(&other.0));
        let size = || {
            let whole = a_whole.len().cmp(&b_whole.len()).then_with(|| a_whole.cmp(&b_whole));
            // No fraction ends in a zero, so a longer one with the same beginning is larger.
            whole.then_with(|| a_fraction.cmp(&b_fraction))
        };
        match (a_negative, b_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(),
            (true, true) => size().reverse(),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_exactly() {
        let sorted =
            ["-1e30", "-12.5", "-12.05", "-0.1", "0", "0.001", "0.1", "9", "10", "10.000000000000000000001", "1e30"];
        for (n, a) in sorted.iter().enumerate() {
            for (m, b) in sorted.iter().enumerate() {
                assert_eq!(Number::parse(a).cmp(&Number::parse(b)), n.cmp(&m), "{a} and {b}");
            }
        }
        assert_eq!(Number::parse("1.20e1"), Number::parse("12"));
        assert_eq!(Number::parse("-0.0"), Number::parse("0"));
    }

    #[test]
    fn only_the_whole_text_is_a_number() {
        for text in ["", "-", "1.", ".5", "01", "+1", "1 ", " 1", "1,5", "0x1", "1e", "NaN", "1_000", "٣"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
