//! The Markov chain of the model MARKOV, and the removal effect of each value: the share of conversions that is lost
//! without the value.
//!
//! It is a first-order chain over the values with START, CONVERSION and NULL (Anderl, Becker, von Wangenheim and
//! Schumann 2016). Q has the transition probabilities between START and the values, and r those to CONVERSION. The mean
//! number of visits is N = (I - Q)^-1, and p = N r is the probability to convert from each state. Removing v redirects
//! its transitions to NULL. That takes from P = p(START) the paths through v: the probability to reach v at all,
//! N(START, v) / N(v, v), times p(v). So one inversion gives every removal effect exactly.

use rustc_hash::FxHashMap;

use crate::journeys::run::{JourneyError, Run};

/// Up to this number of states, transitions are counted in a square matrix; beyond it, in a map.
const SQUARE: usize = 256;

/// The maximum number of values of a chain: the time to solve it grows with the cube.
const MAX_VALUES: usize = 1_500;

const START: u32 = 0;
const CONVERSION: u32 = 1;
const NULL: u32 = 2;
/// The state of the first value.
const VALUES: u32 = 3;

/// The number of each transition.
#[derive(Default)]
pub(super) struct Chain {
    square: Vec<u64>,
    map: FxHashMap<(u32, u32), u64>,
}

impl Chain {
    /// Adds a path of values that ends in CONVERSION or in NULL.
    pub(super) fn path(&mut self, values: impl Iterator<Item = u32>, converts: bool) {
        let mut before = START;
        for value in values {
            self.count(before, value + VALUES, 1);
            before = value + VALUES;
        }
        self.count(before, if converts { CONVERSION } else { NULL }, 1);
    }

    /// Adds the counts of another chain, whose values have these numbers here.
    pub(super) fn add(&mut self, other: &Chain, numbers: &[u32]) {
        let here = |state: u32| state.checked_sub(VALUES).map_or(state, |value| numbers[value as usize] + VALUES);
        for (from, to, count) in other.transitions() {
            self.count(here(from), here(to), count);
        }
    }

    #[inline]
    fn count(&mut self, from: u32, to: u32, count: u64) {
        if (from.max(to) as usize) < SQUARE {
            if self.square.is_empty() {
                self.square.resize(SQUARE * SQUARE, 0);
            }
            self.square[from as usize * SQUARE + to as usize] += count;
        } else {
            *self.map.entry((from, to)).or_default() += count;
        }
    }

    fn transitions(&self) -> impl Iterator<Item = (u32, u32, u64)> {
        let square = self.square.iter().enumerate().filter(|(_, count)| **count > 0);
        let square = square.map(|(place, count)| ((place / SQUARE) as u32, (place % SQUARE) as u32, *count));
        square.chain(self.map.iter().map(|((from, to), count)| (*from, *to, *count)))
    }

    /// The removal effect of each value.
    pub(super) fn removal_effects(&self, values: usize, run: &Run) -> Result<Vec<f64>, JourneyError> {
        if values > MAX_VALUES {
            return Err(JourneyError::bad_argument(
                "models",
                format!("MARKOV over {values} values: at most {MAX_VALUES}"),
                "choose a dimension with fewer values, or leave MARKOV out",
            ));
        }
        // START is the last row, so that a value's number is its row.
        let size = values + 1;
        let state =
            |number: u32| if number == START { Some(values) } else { number.checked_sub(VALUES).map(|v| v as usize) };
        let mut leaving = vec![0_u64; size];
        for (from, _, count) in self.transitions() {
            if let Some(from) = state(from) {
                leaving[from] += count;
            }
        }
        let mut matrix = vec![0.0; size * size];
        let mut converts = vec![0.0; size];
        (0..size).for_each(|n| matrix[n * size + n] = 1.0);
        for (from, to, count) in self.transitions() {
            let Some(from) = state(from) else { continue };
            let chance = count as f64 / leaving[from] as f64;
            match to {
                CONVERSION => converts[from] = chance,
                NULL => {}
                to => {
                    if let Some(to) = state(to) {
                        matrix[from * size + to] -= chance;
                    }
                }
            }
        }
        let visits = invert(matrix, size, run)?;
        let dot = |row: &[f64]| row.iter().zip(&converts).map(|(a, b)| a * b).sum::<f64>();
        let chance = |n: usize| dot(&visits[n * size..(n + 1) * size]);
        let whole = chance(values);
        let effect = |v: usize| match whole > 0.0 {
            true => visits[values * size + v] / visits[v * size + v] * chance(v) / whole,
            false => 0.0,
        };
        Ok((0..values).map(effect).collect())
    }
}

/// The inverse of a matrix, by Gauss-Jordan elimination with partial pivoting.
fn invert(mut a: Vec<f64>, size: usize, run: &Run) -> Result<Vec<f64>, JourneyError> {
    let mut inverse = vec![0.0; size * size];
    (0..size).for_each(|n| inverse[n * size + n] = 1.0);
    let (mut own, mut own_inverse) = (vec![0.0; size], vec![0.0; size]);
    for column in 0..size {
        if column % 16 == 0 {
            run.cancel.check()?;
        }
        let largest = (column..size).max_by(|x, y| a[x * size + column].abs().total_cmp(&a[y * size + column].abs()));
        let pivot = largest.unwrap_or(column);
        if pivot != column {
            for n in 0..size {
                a.swap(pivot * size + n, column * size + n);
                inverse.swap(pivot * size + n, column * size + n);
            }
        }
        // Every state reaches CONVERSION or NULL, so the matrix is regular and no pivot is 0.
        let scale = 1.0 / a[column * size + column];
        a[column * size..(column + 1) * size].iter_mut().for_each(|cell| *cell *= scale);
        inverse[column * size..(column + 1) * size].iter_mut().for_each(|cell| *cell *= scale);
        own.copy_from_slice(&a[column * size..(column + 1) * size]);
        own_inverse.copy_from_slice(&inverse[column * size..(column + 1) * size]);
        for row in (0..size).filter(|row| *row != column) {
            let factor = a[row * size + column];
            if factor == 0.0 {
                continue;
            }
            let cells = a[row * size..(row + 1) * size].iter_mut().zip(&own);
            cells.for_each(|(cell, own)| *cell -= factor * own);
            let cells = inverse[row * size..(row + 1) * size].iter_mut().zip(&own_inverse);
            cells.for_each(|(cell, own)| *cell -= factor * own);
        }
    }
    Ok(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_that_can_be_solved_by_hand() {
        // A converts; A, B converts; B does not.
        let mut chain = Chain::default();
        chain.path([0].into_iter(), true);
        chain.path([0, 1].into_iter(), true);
        chain.path([1].into_iter(), false);
        // P = 2/3 (1/2 + 1/2 * 1/2) + 1/3 * 1/2 = 2/3; without A 1/6, without B 1/3.
        let effects = chain.removal_effects(2, &Run::on(1)).expect("an answer");
        assert!((effects[0] - 0.75).abs() < 1e-12 && (effects[1] - 0.5).abs() < 1e-12, "{effects:?}");
    }
}
