//! Amounts of money in stores.
//!
//! Both stores have integers of 64 bits, and a sum of money may need more. An amount that fits is kept as an integer. A
//! larger amount is kept as a text; all these texts have the same number of digits. Both stores sort integers before
//! texts, and such texts in the order of their numbers. So one column, its index and its bounds work for both forms.

use std::fmt;

use crate::domain::Amount;

/// An amount in its stored form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// An amount that fits into 64 bits.
    Whole(i64),
    /// A larger amount, as [`WIDTH`] digits.
    Vast(String),
}

/// The number of digits of the largest amount.
const WIDTH: usize = 39;

impl Kept {
    /// The stored form. Spent money is never below zero, so amounts below all integers need no form.
    pub(crate) fn of(amount: i128) -> Self {
        match i64::try_from(amount) {
            Ok(whole) => Kept::Whole(whole),
            Err(_) if amount < 0 => Kept::Whole(i64::MIN),
            Err(_) => Kept::Vast(format!("{amount:0WIDTH$}")),
        }
    }

    /// The largest amount.
    pub(crate) fn largest() -> Self {
        Kept::of(i128::MAX)
    }

    /// Reads a stored text. `None` when it is not in our form.
    pub(crate) fn read(text: &str) -> Option<i128> {
        let good = text.len() == WIDTH && text.bytes().all(|byte| byte.is_ascii_digit());
        if good { text.parse().ok() } else { None }
    }
}

impl From<Amount> for Kept {
    fn from(amount: Amount) -> Self {
        Kept::of(amount.0)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kept::Whole(whole) => whole.fmt(f),
            Kept::Vast(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_stands_in_order() {
        let vast = [1_i128 << 63, (1 << 63) + 1, 1 << 64, 10_i128.pow(20), 10_i128.pow(21), i128::MAX];
        let texts: Vec<String> = vast.iter().map(|amount| Kept::of(*amount).to_string()).collect();
        assert!(texts.is_sorted());
        for (amount, text) in vast.iter().zip(&texts) {
            assert_eq!(Kept::of(*amount), Kept::Vast(text.clone()));
            assert_eq!(Kept::read(text), Some(*amount));
        }
        for whole in [i64::MIN, -1, 0, i64::MAX] {
            assert_eq!(Kept::of(whole.into()), Kept::Whole(whole));
        }
        assert_eq!((Kept::read("12"), Kept::read(&"x".repeat(WIDTH))), (None, None));
    }
}
