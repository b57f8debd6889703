//! Tests of one value: of a trait, a property, an identifier.

use std::borrow::Cow;

use regex::Regex;
use serde_json::Value;

use super::condition::Range;
use super::evaluate::Frame;
use super::number::Number;
use super::time::{Instant, TimeCondition};
use crate::domain::unicode::nfc;

/// A condition on a value. A missing value fits [`ValueCondition::Exists`] with false, and nothing else.
#[derive(Clone, Debug)]
pub enum ValueCondition {
    /// Whether there is a value, which is not null.
    Exists(bool),
    /// A text.
    Text(TextCondition),
    /// A number, or a text that is one.
    Number(NumberCondition),
    /// A time or a date.
    Time(TimeCondition),
    /// A boolean, or the text `true` or `false`.
    Flag(bool),
    /// A list; another value is a list of one.
    List(ListCondition),
}

/// A condition on a text. Texts are in NFC, and without case but for [`TextCondition::Matches`].
#[derive(Clone, Debug)]
pub enum TextCondition {
    /// Is one of these, folded.
    In(Vec<String>),
    /// Begins with one of these, folded.
    StartsWith(Vec<String>),
    /// Ends with one of these, folded.
    EndsWith(Vec<String>),
    /// Contains one of these, folded.
    Contains(Vec<String>),
    /// Has a match of this.
    Matches(Regex),
}

/// A condition on a number. All given bounds must hold.
#[derive(Clone, Debug)]
pub struct NumberCondition {
    /// At least.
    pub min: Option<Number>,
    /// More than.
    pub above: Option<Number>,
    /// At most.
    pub max: Option<Number>,
    /// Less than.
    pub below: Option<Number>,
    /// One of these.
    pub is: Option<Vec<Number>>,
}

/// A condition on a list. Its texts are folded.
#[derive(Clone, Debug)]
pub enum ListCondition {
    /// It has one of these.
    AnyOf(Vec<String>),
    /// It has each of these.
    AllOf(Vec<String>),
    /// It has nothing else.
    Only(Vec<String>),
    /// It has so many elements.
    Size(Range<i64>),
}

/// A text as it is compared: in NFC, with simple case folding.
pub fn fold(text: &str) -> String {
    nfc(text).chars().map(fold_letter).collect()
}

/// The simple case folding of a letter: another letter, never several.
fn fold_letter(letter: char) -> char {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase();
    }
    let mut buffer = [0; 4];
    let single = |text: String| {
        let mut letters = text.chars();
        letters.next().filter(|_| letters.next().is_none())
    };
    let full = caseless::default_case_fold_str(letter.encode_utf8(&mut buffer));
    // Where the full folding has several letters, such as ss, the simple one is the small letter, if it is one letter.
    single(full).or_else(|| single(letter.to_lowercase().collect())).unwrap_or(letter)
}

impl TextCondition {
    /// Whether a text fits.
    pub fn fits(&self, text: &str) -> bool {
        let any = |list: &[String], fits: fn(&str, &str) -> bool| {
            let text = fold(text);
            list.iter().any(|one| fits(&text, one))
        };
        match self {
            TextCondition::In(list) => any(list, |text, one| text == one),
            TextCondition::StartsWith(list) => any(list, |text, one| text.starts_with(one)),
            TextCondition::EndsWith(list) => any(list, |text, one| text.ends_with(one)),
            TextCondition::Contains(list) => any(list, |text, one| text.contains(one)),
            TextCondition::Matches(regex) => regex.is_match(&nfc(text)),
        }
    }
}

impl NumberCondition {
    /// Whether a number fits.
    pub fn fits(&self, number: &Number) -> bool {
        self.min.as_ref().is_none_or(|min| number >= min)
            && self.above.as_ref().is_none_or(|above| number > above)
            && self.max.as_ref().is_none_or(|max| number <= max)
            && self.below.as_ref().is_none_or(|below| number < below)
            && self.is.as_ref().is_none_or(|list| list.contains(number))
    }
}

impl ListCondition {
    fn fits(&self, elements: &[Value]) -> bool {
        let is = |element: &Value, text: &String| element.as_str().is_some_and(|said| fold(said) == *text);
        let has = |text: &String| elements.iter().any(|element| is(element, text));
        match self {
            ListCondition::AnyOf(list) => list.iter().any(has),
            ListCondition::AllOf(list) => list.iter().all(has),
            ListCondition::Only(list) => elements.iter().all(|element| list.iter().any(|text| is(element, text))),
            ListCondition::Size(range) => range.has(&(elements.len() as i64)),
        }
    }
}

impl ValueCondition {
    /// Whether a value fits; null is a missing one.
    pub fn fits(&self, value: &Value, frame: &Frame<'_>) -> bool {
        match (self, value) {
            (ValueCondition::Exists(exists), value) => *exists != value.is_null(),
            (_, Value::Null | Value::Object(_)) => false,
            (ValueCondition::List(list), value) => list.fits(&elements(value)),
            (_, Value::Array(elements)) => elements.iter().any(|element| self.fits_one(element, frame)),
            (_, value) => self.fits_one(value, frame),
        }
    }

    /// Whether one of several values fits. None of them is null.
    pub fn fits_any(&self, values: &[Value], frame: &Frame<'_>) -> bool {
        match self {
            ValueCondition::Exists(exists) => *exists != values.is_empty(),
            _ => values.iter().any(|value| self.fits(value, frame)),
        }
    }

    /// Whether a value, which is there, is of another type than this condition asks for.
    pub fn misfits(&self, value: &Value, frame: &Frame<'_>) -> bool {
        match (self, value) {
            (ValueCondition::Exists(_), _) | (_, Value::Null) => false,
            (_, Value::Object(_)) => true,
            (ValueCondition::List(ListCondition::Size(_)), _) => false,
            (_, value) => {
                let elements = elements(value);
                !elements.is_empty() && !elements.iter().any(|element| self.has_type(element, frame))
            }
        }
    }

    fn fits_one(&self, value: &Value, frame: &Frame<'_>) -> bool {
        match self {
            ValueCondition::Exists(_) | ValueCondition::List(_) => false,
            ValueCondition::Text(text) => value.as_str().is_some_and(|said| text.fits(said)),
            ValueCondition::Number(number) => Number::of(value).is_some_and(|said| number.fits(&said)),
            ValueCondition::Flag(flag) => read_flag(value) == Some(*flag),
            ValueCondition::Time(time) => Instant::of(value, frame).is_some_and(|said| time.fits_instant(&said, frame)),
        }
    }

    fn has_type(&self, value: &Value, frame: &Frame<'_>) -> bool {
        match self {
            ValueCondition::Exists(_) => true,
            ValueCondition::Text(_) | ValueCondition::List(_) => value.is_string(),
            ValueCondition::Number(_) => Number::of(value).is_some(),
            ValueCondition::Flag(_) => read_flag(value).is_some(),
            ValueCondition::Time(_) => Instant::of(value, frame).is_some(),
        }
    }
}

/// The elements of a list; another value is a list of one.
fn elements(value: &Value) -> Cow<'_, [Value]> {
    match value {
        Value::Array(elements) => Cow::Borrowed(elements),
        value => Cow::Owned(vec![value.clone()]),
    }
}

fn read_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}
