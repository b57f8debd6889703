//! How many orders are expected of a customer: MBG/NBD, the modified beta-geometric/NBD model of Batislam, Denizel and
//! Filiztekin (2007), fitted by maximum likelihood.
//!
//! A customer who buys does so at random with a rate of its own, and may be lost after each purchase, the first included,
//! with a chance of its own. Rates are gamma distributed over customers (r, alpha), chances beta distributed (a, b). A
//! customer has one purchase a day; time is in weeks.

use std::collections::BTreeMap;

/// Days of a week.
const WEEK: f64 = 7.0;
/// The customers with an order that a fit needs.
pub const FEWEST_BUYERS: usize = 200;
/// The most purchases that are looked at in a prediction.
const MOST_PURCHASES: u32 = 100_000;

/// The purchases of a customer, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Buyer {
    /// Purchases after the first, one a day at most.
    pub repeats: u32,
    /// Days from the first to the last.
    pub last: u32,
    /// Days from the first to now.
    pub known: u32,
}

/// The parameters of the model, for time in weeks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// The shape of the rates of purchase.
    pub r: f64,
    /// The scale of the rates.
    pub alpha: f64,
    /// With `b`, the chances to be lost.
    pub a: f64,
    /// See `a`.
    pub b: f64,
}

/// What is expected of a customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expectation {
    /// The mean number of purchases.
    pub value: f64,
    /// The 10th percentile.
    pub low: u32,
    /// The 90th percentile.
    pub high: u32,
    /// The chance that the customer is not lost.
    pub alive: f64,
}

impl Buyer {
    /// From the days of the purchases and the present day. `None` without a purchase.
    pub fn of(days: &std::collections::BTreeSet<i64>, today: i64) -> Option<Self> {
        let (first, last) = (*days.first()?, *days.last()?);
        let count = |days: i64| u32::try_from(days).unwrap_or_default();
        Some(Buyer { repeats: days.len() as u32 - 1, last: count(last - first), known: count(today - first) })
    }

    fn weeks(self) -> (f64, f64, f64) {
        (f64::from(self.repeats), f64::from(self.last) / WEEK, f64::from(self.known) / WEEK)
    }
}

impl Model {
    /// The model under which these purchases are most likely. `None` with too few customers.
    pub fn fit(buyers: &[Buyer]) -> Option<Self> {
        if buyers.len() < FEWEST_BUYERS {
            return None;
        }
        let mut groups: BTreeMap<Buyer, f64> = BTreeMap::new();
        buyers.iter().for_each(|buyer| *groups.entry(*buyer).or_default() += 1.0);
        let likelihood = |logs: &[f64; 4]| {
            let model = Model::of_logs(logs);
            // A wall far away, so that parameters that no longer matter do not run off.
            let wall: f64 = logs.iter().map(|log| (log.abs() - 9.0).max(0.0).powi(2)).sum();
            groups.iter().map(|(buyer, count)| count * model.log_likelihood(*buyer)).sum::<f64>() - wall
        };
        let start = [0.0, 1.5, 0.0, 0.5];
        // A second search from where the first ended: the first may have stopped early.
        let once = maximum(start, &likelihood);
        Some(Model::of_logs(&maximum(once, &likelihood)))
    }

    fn of_logs(logs: &[f64; 4]) -> Self {
        let [r, alpha, a, b] = logs.map(f64::exp);
        Model { r, alpha, a, b }
    }

    /// The logarithm of the likelihood of one customer's purchases.
    pub fn log_likelihood(&self, buyer: Buyer) -> f64 {
        let Model { r, alpha, a, b } = *self;
        let (x, last, known) = buyer.weeks();
        let purchases = ln_gamma(r + x) - ln_gamma(r) + r * alpha.ln();
        let stayed = ln_beta(a, b + x + 1.0) - (r + x) * (alpha + known).ln();
        let left = ln_beta(a + 1.0, b + x) - (r + x) * (alpha + last).ln();
        let more = stayed.max(left);
        purchases - ln_beta(a, b) + more + ((stayed - more).exp() + (left - more).exp()).ln()
    }

    /// The chance that a customer is not lost.
    pub fn alive(&self, buyer: Buyer) -> f64 {
        let Model { r, alpha, a, b } = *self;
        let (x, last, known) = buyer.weeks();
        1.0 / (1.0 + a / (b + x) * ((alpha + known) / (alpha + last)).powf(r + x))
    }

    /// The purchases of the next `days`.
    ///
    /// Of a customer that is not lost, the rate is gamma distributed with `r + x`, `alpha + T`, the chance to be lost beta
    /// with `a`, `b + x + 1`, and the two are independent. So `n` purchases or more have the chance that a negative
    /// binomial count is at least `n`, times the chance to be kept `n - 1` times.
    pub fn expect(&self, buyer: Buyer, days: u32) -> Expectation {
        let Model { r, alpha, a, b } = *self;
        let (x, _, known) = buyer.weeks();
        let (alive, weeks) = (self.alive(buyer), f64::from(days) / WEEK);
        let (shape, share) = (r + x, weeks / (alpha + known + weeks));
        // The chance of n purchases, without losses, and of fewer than n.
        let mut exactly = ((1.0 - share).ln() * shape).exp();
        let (mut fewer, mut kept) = (exactly, 1.0);
        let (mut value, mut low, mut high) = (0.0, 0, 0);
        for n in 1..=MOST_PURCHASES {
            let at_least = alive * kept * (1.0 - fewer).max(0.0);
            value += at_least;
            // `n - 1` or fewer purchases have the chance `1 - at_least`.
            low = if 1.0 - at_least < 0.1 { n } else { low };
            high = if 1.0 - at_least < 0.9 { n } else { high };
            if at_least < 1e-12 {
                break;
            }
            let count = f64::from(n);
            exactly *= share * (shape + count - 1.0) / count;
            fewer += exactly;
            kept *= (b + x + count) / (a + b + x + count);
        }
        Expectation { value, low, high, alive }
    }
}

/// The logarithm of the gamma function of a positive number: Stirling's series above 10, below it by recurrence.
fn ln_gamma(mut of: f64) -> f64 {
    let mut less = 0.0;
    while of < 10.0 {
        less += of.ln();
        of += 1.0;
    }
    let (inverse, square) = (1.0 / of, 1.0 / (of * of));
    let series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1_260.0 - square / 1_680.0)));
    (of - 0.5) * of.ln() - of + 0.5 * std::f64::consts::TAU.ln() + series - less
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// A place where a function is largest, by the simplex of Nelder and Mead (1965).
fn maximum(start: [f64; 4], of: &impl Fn(&[f64; 4]) -> f64) -> [f64; 4] {
    let mut corners: Vec<([f64; 4], f64)> = vec![(start, of(&start))];
    for n in 0..4 {
        let mut corner = start;
        corner[n] += 0.5;
        corners.push((corner, of(&corner)));
    }
    for _ in 0..600 {
        corners.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (best, worst) = (corners[0], corners[4]);
        if (best.1 - worst.1).abs() < 1e-9 {
            break;
        }
        let middle: [f64; 4] =
            std::array::from_fn(|n| corners[..4].iter().map(|corner| corner.0[n]).sum::<f64>() / 4.0);
        let along = |times: f64| {
            let place: [f64; 4] = std::array::from_fn(|n| middle[n] + times * (worst.0[n] - middle[n]));
            (place, of(&place))
        };
        let mirrored = along(-1.0);
        let next = if mirrored.1 > best.1 {
            let further = along(-2.0);
            if further.1 > mirrored.1 { further } else { mirrored }
        } else if mirrored.1 > corners[3].1 {
            mirrored
        } else {
            along(if mirrored.1 > worst.1 { -0.5 } else { 0.5 })
        };
        if next.1 > worst.1 {
            corners[4] = next;
            continue;
        }
        for corner in &mut corners[1..] {
            let place: [f64; 4] = std::array::from_fn(|n| 0.5 * (corner.0[n] + best.0[n]));
            *corner = (place, of(&place));
        }
    }
    corners.sort_by(|a, b| b.1.total_cmp(&a.1));
    corners[0].0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gamma_function_has_its_known_values() {
        for (of, value) in [(1.0, 0.0), (2.0, 0.0), (5.0, 24.0_f64.ln()), (0.5, 0.5 * std::f64::consts::PI.ln())] {
            assert!((ln_gamma(of) - value).abs() < 1e-10, "{of}");
        }
        assert!((ln_beta(2.0, 3.0) - (1.0_f64 / 12.0).ln()).abs() < 1e-10);
    }
}
