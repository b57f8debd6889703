//! Steps on the command line.

use std::str::FromStr;
use std::sync::Arc;

use super::dimension;
use crate::journeys::{Dimension, Step};
use crate::settings::Settings;

/// A step before its dimensions are looked up in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StepText {
    /// A touchpoint's name.
    Name(String),
    /// All of these hold.
    Conditions(Vec<(String, Vec<String>)>),
}

impl FromStr for StepText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write a name, or DIMENSION=VALUE[,VALUE...], joined by &";
        if text.trim().is_empty() {
            return Err(format!("the step is empty: {form}"));
        }
        let parts: Vec<String> = split(text, '&');
        let pairs: Option<Vec<(&str, &str)>> = parts.iter().map(|part| part.split_once('=')).collect();
        let Some(pairs) = pairs else {
            return match text.contains('=') {
                false => Ok(StepText::Name(text.to_owned())),
                true => Err(format!("a part without =: {form}")),
            };
        };
        let condition = |(of, values): (&str, &str)| {
            let values: Vec<String> = split(values, ',').iter().map(|value| plain(value)).collect();
            match of.trim().is_empty() || values.iter().any(String::is_empty) {
                true => Err(format!("a dimension or a value is missing: {form}")),
                false => Ok((of.trim().to_owned(), values)),
            }
        };
        Ok(StepText::Conditions(pairs.into_iter().map(condition).collect::<Result<_, _>>()?))
    }
}

impl StepText {
    /// The step for the journeys module.
    ///
    /// # Errors
    /// When a dimension is unknown.
    pub(super) fn read(&self, settings: &Settings) -> Result<Step, String> {
        let mut step = Step::default();
        let conditions = match self {
            StepText::Name(name) => return Ok(Step::named(name)),
            StepText::Conditions(conditions) => conditions,
        };
        for (of, values) in conditions {
            let values: Vec<Arc<str>> = values.iter().map(|value| value.as_str().into()).collect();
            match dimension(of, settings)? {
                Dimension::NAME => step.names.extend(values),
                Dimension::KIND => step.kinds.extend(values),
                Dimension::CHANNEL => step.channels.extend(values),
                Dimension::CAMPAIGN => step.campaigns.extend(values),
                other => step.wheres.push((other, values)),
            }
        }
        Ok(step)
    }
}

/// The parts between separators without a backslash before them. Keeps backslashes.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let last = parts.len() - 1;
        match c {
            '\\' => {
                parts[last].push(c);
                parts[last].extend(chars.next());
            }
            c if c == separator => parts.push(String::new()),
            c => parts[last].push(c),
        }
    }
    parts
}

/// Removes the backslashes before separators.
fn plain(value: &str) -> String {
    let mut plain = String::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(',' | '&' | '\\')) => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_name_or_dimensions_and_their_values() {
        let read = |text: &str| text.parse::<StepText>().expect("a step").read(&Settings::default());
        assert_eq!(read("Product Viewed"), Ok(Step::named("Product Viewed")));
        let step = read("channel=email,sms&properties.platform=a\\,b\\&c,(none)").expect("a step");
        assert_eq!(step.channels, ["email".into(), "sms".into()]);
        assert_eq!(step.wheres[0].1, ["a,b&c".into(), "(none)".into()]);
        assert!(read("colour=red").is_err_and(|wrong| wrong.contains("properties.platform")));
        for text in ["", " ", "a=b&c", "=b", "kind=", "kind=a,,b"] {
            assert!(text.parse::<StepText>().is_err(), "{text}");
        }
    }
}
