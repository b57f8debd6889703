//! Values that do not identify a person, such as `null`, `guest` or the default date of a form.

use jiff::civil::Date;
use regex::Regex;
use rustc_hash::FxHashSet;

use super::dates;
use super::unicode::lower_case;

/// An entry of a `blocked` list.
#[derive(Clone, Debug)]
pub enum Blocked {
    /// This value, in upper or lower case; stored in lower case.
    Value(Box<str>),
    /// All values that match; written between slashes.
    Pattern(Regex),
}

impl std::fmt::Display for Blocked {
    /// The entry as in the settings.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Blocked::Value(value) => f.write_str(value),
            Blocked::Pattern(pattern) => write!(f, "/{pattern}/"),
        }
    }
}

/// The entries of one or several lists, prepared for many look-ups: most values have another length than all entries.
#[derive(Clone, Debug, Default)]
pub struct BlockedValues {
    values: FxHashSet<Box<str>>,
    /// In bytes.
    lengths: FxHashSet<usize>,
    patterns: Vec<Regex>,
    /// The days of the values that are dates.
    dates: Vec<Date>,
}

impl BlockedValues {
    /// Whether a normalised value is blocked.
    pub fn blocks(&self, value: &str) -> bool {
        // Lower case may change the length of a text that is not ASCII.
        let can_be = !value.is_ascii() || self.lengths.contains(&value.len());
        (can_be && self.values.contains(&*lower_case(value)))
            || self.patterns.iter().any(|pattern| pattern.is_match(value))
    }

    /// Whether a normalised part of a composite is blocked. A blocked date is blocked in any form.
    pub fn blocks_part(&self, part: &str) -> bool {
        // A date has digits, and most parts are names.
        let can_be_date = !self.dates.is_empty() && part.bytes().any(|byte| byte.is_ascii_digit());
        self.blocks(part) || (can_be_date && dates::meant(part).iter().any(|date| self.dates.contains(date)))
    }
}

impl<'b> FromIterator<&'b Blocked> for BlockedValues {
    fn from_iter<I: IntoIterator<Item = &'b Blocked>>(entries: I) -> Self {
        let mut blocked = BlockedValues::default();
        for entry in entries {
            match entry {
                Blocked::Value(value) => {
                    blocked.lengths.insert(value.len());
                    blocked.dates.extend(dates::written(value));
                    blocked.values.insert(value.clone());
                }
                Blocked::Pattern(pattern) => blocked.patterns.push(pattern.clone()),
            }
        }
        blocked
    }
}

impl PartialEq for BlockedValues {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
            && self.patterns.iter().map(Regex::as_str).eq(other.patterns.iter().map(Regex::as_str))
    }
}

impl Eq for BlockedValues {}
