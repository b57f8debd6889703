//! Apportions money in whole units of its currency, so that the parts sum exactly to the total, at any size.
//!
//! All arithmetic is on integers: a float is exact to about 10^16 millionths, and a year of orders in dong is more.

use crate::domain::Currency;

/// The number of parts in a millionth of a currency's unit.
const PARTS: i128 = 1 << 20;

/// The weight 1.
pub(super) const WHOLE: i128 = 1 << 60;

/// A weight from 0 to 1 in parts of [`WHOLE`].
pub(super) fn weight(weight: f64) -> i128 {
    (weight * WHOLE as f64) as i128
}

/// Weights that sum to 1, in parts of [`WHOLE`] that sum exactly to it: the rounding difference goes to the largest.
pub(super) fn shares(weights: &[f64], into: &mut Vec<i128>) {
    into.clear();
    into.extend(weights.iter().map(|own| weight(*own)));
    let left = WHOLE - into.iter().sum::<i128>();
    if let Some(largest) = into.iter_mut().max() {
        *largest += left;
    }
}

/// `weight` times `millionths`, in parts of money. It is exact to less than one part, for amounts up to 10^30 millionths.
pub(super) fn portion(millionths: i128, weight: i128) -> i128 {
    // In two pieces, since the whole product would overflow.
    let (high, low) = (millionths >> 40, millionths & ((1 << 40) - 1));
    high * weight + ((low * weight) >> 40)
}

/// Parts of money in millionths, rounded to the nearest.
pub(super) fn millionths(parts: i128) -> i128 {
    (parts + PARTS / 2).div_euclid(PARTS)
}

/// Apportions `total`, in millionths, in proportion to `parts`, which sum to it up to rounding. It is the largest
/// remainder method: each part is cut to the currency's smallest unit, and the remaining units go, one each, to the
/// parts with the largest remainders; of equal remainders to the first. A fraction of a unit in the total goes to the
/// first part.
pub(super) fn apportion(total: i128, currency: &Currency, parts: &[i128]) -> Vec<i128> {
    if parts.is_empty() {
        return Vec::new();
    }
    let unit = 10_i128.pow(6 - currency.digits().min(6));
    // Remainders that differ by less than a unit divided by this are equal: the difference is rounding.
    const FINE: i128 = 1_000_000;
    let cut = |part: &i128| {
        let (whole, rest) = (part.div_euclid(unit * PARTS), part.rem_euclid(unit * PARTS));
        match (rest * FINE + unit * PARTS / 2) / (unit * PARTS) {
            FINE => (whole + 1, 0),
            rest => (whole, rest),
        }
    };
    let (mut amounts, rests): (Vec<i128>, Vec<i128>) = parts.iter().map(cut).unzip();
    let left = total.div_euclid(unit) - amounts.iter().sum::<i128>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|n| std::cmp::Reverse(rests[*n]));
    // Mostly there are fewer units left than parts. When the parts do not sum to the total there are more, and each part
    // gets `each` of them.
    let (each, more) = (left.div_euclid(parts.len() as i128), left.rem_euclid(parts.len() as i128));
    for (n, place) in (0..).zip(order) {
        amounts[place] += each + i128::from(n < more);
    }
    amounts.iter_mut().for_each(|amount| *amount *= unit);
    amounts[0] += total.rem_euclid(unit);
    amounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(total: i128, currency: &str, weights: &[f64]) -> Vec<i128> {
        let mut ready = Vec::new();
        shares(weights, &mut ready);
        let parts: Vec<i128> = ready.into_iter().map(|weight| portion(total, weight)).collect();
        apportion(total, &Currency(currency.into()), &parts)
    }

    #[test]
    fn remaining_units_go_to_the_largest_remainders() {
        assert_eq!(shared(10_000_000, "GBP", &[1.0 / 3.0; 3]), [3_340_000, 3_330_000, 3_330_000]);
        assert_eq!(shared(10_000_000, "JPY", &[0.26, 0.37, 0.37]), [2_000_000, 4_000_000, 4_000_000]);
    }

    #[test]
    fn the_amounts_sum_to_any_total() {
        let weights: Vec<f64> = (1..=7).map(|n| f64::from(n) / 28.0).collect();
        for total in [0, 1, 12_345_678, -5_000_001, 10_i128.pow(21), 10_i128.pow(30) - 1, -10_i128.pow(27) + 7] {
            for currency in ["GBP", "VND", "KWD"] {
                assert_eq!(shared(total, currency, &weights).iter().sum::<i128>(), total);
            }
        }
    }

    #[test]
    fn parts_that_are_far_from_the_total_are_apportioned_in_one_pass() {
        let parts = [5 * PARTS * 1_000_000, 4 * PARTS * 1_000_000];
        for total in [10_i128.pow(27), -10_i128.pow(27)] {
            assert_eq!(apportion(total, &Currency("VND".into()), &parts).iter().sum::<i128>(), total);
        }
    }

    #[test]
    fn a_large_amount_is_apportioned_to_the_last_unit() {
        // A billion dong short of 10^15, ten thousand times.
        let total = (10_i128.pow(15) - 1) * 1_000_000 * 10_000;
        assert_eq!(shared(total, "VND", &[1.0, 0.0]), [total, 0]);
        assert_eq!(shared(total, "VND", &[0.5, 0.5]), [total / 2; 2]);
        let thirds = shared(total, "VND", &[1.0 / 3.0; 3]);
        assert!(thirds.iter().all(|third| (third - total / 3).abs() <= 1_000_000 * 2_000), "{thirds:?}");
    }
}
