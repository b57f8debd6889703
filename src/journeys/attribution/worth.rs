//! Money shared in whole units of its currency, so that the parts sum to it.

use crate::domain::{Amount, Currency};

/// Shares `total` as `parts` say, which sum to it up to rounding and are in millionths: each is cut to the
/// currency's smallest unit, and what is left goes, a unit each, to those of which most was cut; of equals
/// to the first. What is finer than a unit, when the total has that, goes to the first of all.
pub(super) fn share_out(total: Amount, currency: &Currency, parts: &[f64]) -> Vec<Amount> {
    if parts.is_empty() {
        return Vec::new();
    }
    let unit = 10_i64.pow(6 - currency.digits().min(6));
    // Parts that differ by less than this of a unit are the same: only their rounding is not.
    const FINE: f64 = 1e6;
    let fine = |part: &f64| (part / unit as f64 * FINE).round() as i128;
    let mut amounts: Vec<i64> = parts.iter().map(|part| fine(part).div_euclid(FINE as i128) as i64).collect();
    let units = total.0.div_euclid(unit);
    let mut left = units - amounts.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|n| std::cmp::Reverse(fine(&parts[*n]).rem_euclid(FINE as i128)));
    for n in order.into_iter().cycle() {
        if left == 0 {
            break;
        }
        amounts[n] += left.signum();
        left -= left.signum();
    }
    let mut amounts: Vec<Amount> = amounts.into_iter().map(|units| Amount(units.saturating_mul(unit))).collect();
    amounts[0] += Amount(total.0.rem_euclid(unit));
    amounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(total: i64, currency: &str, parts: &[f64]) -> Vec<i64> {
        share_out(Amount(total), &Currency(currency.into()), parts).into_iter().map(|amount| amount.0).collect()
    }

    #[test]
    fn what_is_left_goes_to_those_of_which_most_was_cut() {
        let third = 10_000_000.0 / 3.0;
        assert_eq!(shares(10_000_000, "GBP", &[third; 3]), [3_340_000, 3_330_000, 3_330_000]);
        assert_eq!(
            shares(10_000_000, "JPY", &[2_600_000.0, 3_700_000.0, 3_700_000.0]),
            [2_000_000, 4_000_000, 4_000_000]
        );
    }

    #[test]
    fn they_sum_to_the_total_whatever_it_is() {
        for total in [0, 1, 12_345_678, -5_000_001] {
            let parts: Vec<f64> = (1..=7).map(|n| total as f64 * f64::from(n) / 28.0).collect();
            assert_eq!(shares(total, "GBP", &parts).iter().sum::<i64>(), total);
        }
    }
}
