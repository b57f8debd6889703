//! A JSON number as digits: equal numbers give the same text, in any notation.

use std::borrow::Cow;

/// The most digits of the text. No id is as long, so a number that is cut is not an id.
const MOST: usize = 1_100;

/// A JSON number without exponent, without zeros at the end of its fraction, without a point at the end, and zero
/// without a sign: 12345.0 and 1.2345e4 are `12345`.
pub fn plain(number: &str) -> Cow<'_, str> {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    if rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(if rest == "0" { rest } else { number });
    }
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // An exponent that does not fit into an i64 is above the maximum number of digits.
    let exponent =
        exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { i64::MIN / 4 } else { i64::MAX / 4 });
    let digits: String = [whole, fraction].concat();
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let digits = digits.trim_matches('0');
    if digits.is_empty() {
        return Cow::Borrowed("0");
    }
    // The position of the point, counted from the first digit that is not 0.
    let point = exponent.saturating_add(whole.len() as i64).saturating_sub(zeros as i64);
    let length = digits.len() as i64;
    let nothing = |count: i64| "0".repeat(count.clamp(0, MOST as i64) as usize);
    let mut text = match point {
        ..=0 => format!("{sign}0.{}{digits}", nothing(point.saturating_neg())),
        _ if point >= length => format!("{sign}{digits}{}", nothing(point - length)),
        _ => format!("{sign}{}.{}", &digits[..point as usize], &digits[point as usize..]),
    };
    text.truncate(MOST);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_the_same_text() {
        for (written, text) in [
            ("12345", "12345"),
            ("12345.0", "12345"),
            ("1.2345e4", "12345"),
            ("1.2345E+4", "12345"),
            ("123450e-1", "12345"),
            ("0.00012345e8", "12345"),
            ("-7.50", "-7.5"),
            ("-0", "0"),
            ("-0.00", "0"),
            ("0e99999999999999999999", "0"),
            ("100", "100"),
            ("1.0e2", "100"),
            ("10.010", "10.01"),
            ("5e-3", "0.005"),
            ("108204269033311374217", "108204269033311374217"),
            ("108204269033311374217.00", "108204269033311374217"),
            ("1.08204269033311374218e20", "108204269033311374218"),
        ] {
            assert_eq!(plain(written), text, "{written}");
            assert_eq!(plain(&plain(written)), text, "{written}, again");
        }
    }

    #[test]
    fn a_number_of_any_size_ends_fast() {
        for written in ["1e999999999999", "1e-999999999999", "1e99999999999999999999", "-1e-99999999999999999999"] {
            assert_eq!(plain(written).len(), MOST, "{written}");
        }
    }
}
