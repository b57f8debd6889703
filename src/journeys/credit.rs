//! The credit of each touch before one conversion, by each attribution model except MARKOV, which needs all paths.

use rustc_hash::FxHashSet;

use crate::domain::Duration;

/// An attribution model: how the credit for a conversion is divided between the touches before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Model {
    /// All credit to the first touch.
    FirstTouch,
    /// All credit to the last touch.
    LastTouch,
    /// The same credit to each touch.
    Linear,
    /// A whole conversion to each distinct value of the path. The credits do not sum to the conversions.
    Participation,
    /// 0.4 to the first and to the last touch, the rest to the touches between them.
    PositionBased,
    /// 0.2 to the first, 0.6 to the last, the rest to the touches between them.
    JShaped,
    /// 0.6 to the first, 0.2 to the last, the rest to the touches between them.
    InverseJ,
    /// By age: the credit halves with each half-life.
    TimeDecay,
    /// The removal effect of each value in a Markov chain over all paths.
    Markov,
    /// The same credit to each distinct value of the path: the Shapley value for the conversions of this set of values.
    Shapley,
}

impl Model {
    /// All models, in the order of the contract.
    pub const ALL: [Model; 10] = [
        Model::FirstTouch,
        Model::LastTouch,
        Model::Linear,
        Model::Participation,
        Model::PositionBased,
        Model::JShaped,
        Model::InverseJ,
        Model::TimeDecay,
        Model::Markov,
        Model::Shapley,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Model::FirstTouch => "FIRST_TOUCH",
            Model::LastTouch => "LAST_TOUCH",
            Model::Linear => "LINEAR",
            Model::Participation => "PARTICIPATION",
            Model::PositionBased => "POSITION_BASED",
            Model::JShaped => "J_SHAPED",
            Model::InverseJ => "INVERSE_J",
            Model::TimeDecay => "TIME_DECAY",
            Model::Markov => "MARKOV",
            Model::Shapley => "SHAPLEY",
        }
    }
}

/// A touch before a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The age at the conversion, in milliseconds; never negative.
    pub age: i64,
    /// Its value, as a code: equal codes are one value.
    pub value: u32,
}

/// Appends the weight of each touch of `path`, which is in order, to `into`. PARTICIPATION gives 1 to the first touch
/// of each value, SHAPLEY an equal part to each of these touches. `half_life` is for TIME_DECAY; when it is 0, the
/// newest touches get all credit.
///
/// The answer is whether the model has weights: MARKOV has none, and appends nothing.
pub fn weigh(model: Model, path: &[Touch], half_life: Duration, into: &mut Vec<f64>) -> bool {
    let begin = into.len();
    let count = path.len();
    match model {
        Model::Markov => return false,
        Model::FirstTouch => into.extend((0..count).map(|n| if n == 0 { 1.0 } else { 0.0 })),
        Model::LastTouch => into.extend((0..count).map(|n| if n + 1 == count { 1.0 } else { 0.0 })),
        Model::Linear => into.extend((0..count).map(|_| 1.0 / count as f64)),
        Model::PositionBased => ends(count, 0.4, 0.4, into),
        Model::JShaped => ends(count, 0.2, 0.6, into),
        Model::InverseJ => ends(count, 0.6, 0.2, into),
        Model::TimeDecay => {
            // Ages are relative to the newest touch: the ratios are the same, and the weights do not vanish.
            let newest = path.iter().map(|touch| touch.age).min().unwrap_or_default();
            let half_life = half_life.as_millis().max(0) as f64;
            into.extend(path.iter().map(|touch| match touch.age - newest {
                0 => 1.0,
                older => (-(older as f64) / half_life).exp2(),
            }));
            let sum: f64 = into[begin..].iter().sum();
            into[begin..].iter_mut().for_each(|weight| *weight /= sum);
        }
        Model::Participation => {
            first_of_each(path, into);
        }
        Model::Shapley => {
            let values = first_of_each(path, into) as f64;
            into[begin..].iter_mut().for_each(|weight| *weight /= values);
        }
    }
    true
}

/// `first` to the first touch, `last` to the last, the rest to the touches between them. Two touches divide the rest in
/// the same proportion, and a single touch gets all.
fn ends(count: usize, first: f64, last: f64, into: &mut Vec<f64>) {
    match count {
        0 => {}
        1 => into.push(1.0),
        2 => into.extend([first / (first + last), last / (first + last)]),
        _ => {
            let between = (1.0 - first - last) / (count - 2) as f64;
            into.push(first);
            into.extend((2..count).map(|_| between));
            into.push(last);
        }
    }
}

/// 1 to the first touch of each value, 0 to the others. The answer is the number of distinct values.
fn first_of_each(path: &[Touch], into: &mut Vec<f64>) -> usize {
    /// Up to this length, looking back is faster than hashing.
    const FEW: usize = 32;
    let begin = into.len();
    let mut values = 0;
    if path.len() <= FEW {
        for (n, touch) in path.iter().enumerate() {
            let new = path[..n].iter().all(|earlier| earlier.value != touch.value);
            into.push(f64::from(u8::from(new)));
        }
    } else {
        let mut seen = FxHashSet::default();
        into.extend(path.iter().map(|touch| f64::from(u8::from(seen.insert(touch.value)))));
    }
    for weight in &into[begin..] {
        values += usize::from(*weight > 0.0);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn path(values: &[u32]) -> Vec<Touch> {
        let count = values.len() as i64;
        values.iter().zip(0..).map(|(&value, n)| Touch { age: (count - n) * DAY, value }).collect()
    }

    fn weights(model: Model, path: &[Touch]) -> Vec<f64> {
        let mut weights = vec![9.0];
        assert!(weigh(model, path, Duration(7 * DAY), &mut weights));
        assert_eq!(weights.remove(0), 9.0, "what was there stays");
        weights
    }

    fn close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12, "{got} {expected}");
        }
    }

    #[test]
    fn each_model_has_the_weights_of_the_contract() {
        let four = path(&[1, 2, 1, 3]);
        close(&weights(Model::FirstTouch, &four), &[1.0, 0.0, 0.0, 0.0]);
        close(&weights(Model::LastTouch, &four), &[0.0, 0.0, 0.0, 1.0]);
        close(&weights(Model::Linear, &four), &[0.25; 4]);
        close(&weights(Model::PositionBased, &four), &[0.4, 0.1, 0.1, 0.4]);
        close(&weights(Model::JShaped, &four), &[0.2, 0.1, 0.1, 0.6]);
        close(&weights(Model::InverseJ, &four), &[0.6, 0.1, 0.1, 0.2]);
        close(&weights(Model::Participation, &four), &[1.0, 1.0, 0.0, 1.0]);
        close(&weights(Model::Shapley, &four), &[1.0 / 3.0, 1.0 / 3.0, 0.0, 1.0 / 3.0]);
        let two = path(&[1, 2]);
        close(&weights(Model::PositionBased, &two), &[0.5, 0.5]);
        close(&weights(Model::JShaped, &two), &[0.25, 0.75]);
        close(&weights(Model::InverseJ, &two), &[0.75, 0.25]);
    }

    #[test]
    fn decay_halves_with_each_half_life_at_any_age() {
        for offset in [0, 100_000 * DAY] {
            let aged = |days: i64| Touch { age: offset + days * DAY, value: 0 };
            let third = 1.0 / 3.0;
            close(&weights(Model::TimeDecay, &[aged(7), aged(0)]), &[third, 2.0 * third]);
        }
        let mut weights = Vec::new();
        weigh(Model::TimeDecay, &path(&[1, 2]), Duration(0), &mut weights);
        close(&weights, &[0.0, 1.0]);
    }

    #[test]
    fn a_single_touch_has_all_and_an_empty_path_nothing() {
        for model in Model::ALL.into_iter().filter(|model| *model != Model::Markov) {
            close(&weights(model, &path(&[5])), &[1.0]);
            close(&weights(model, &[]), &[]);
        }
    }

    #[test]
    fn all_models_but_participation_share_exactly_one_conversion() {
        for count in [2, 3, 33, 500] {
            let values: Vec<u32> = (0..count).map(|n| n * n % 17).collect();
            for model in Model::ALL {
                let path = path(&values);
                if model == Model::Markov {
                    assert!(!weigh(model, &path, Duration(DAY), &mut Vec::new()));
                    continue;
                }
                let sum: f64 = weights(model, &path).iter().sum();
                let distinct = values.iter().collect::<FxHashSet<_>>().len() as f64;
                let expected = if model == Model::Participation { distinct } else { 1.0 };
                assert!((sum - expected).abs() < 1e-9, "{model:?} of {count}: {sum}");
            }
        }
    }
}
