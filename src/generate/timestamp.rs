//! Times and dates of a world as integers, and how they are written.

use std::fmt;

use serde::{Serialize, Serializer, ser::Error as _};

pub(super) const SECOND: u64 = 1_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// Milliseconds since 1970, UTC; written as RFC 3339 with three fraction digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// 1 January 2024: the beginning of every world.
    pub(super) const FIRST: Self = Self(19_723 * DAY);

    /// The time `milliseconds` later.
    pub(super) fn after(self, milliseconds: u64) -> Self {
        Self(self.0 + milliseconds)
    }

    /// The time `milliseconds` earlier.
    pub(super) fn before(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_sub(milliseconds))
    }

    fn text(self) -> [u8; 24] {
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let (year, month, day) = civil(self.0 / DAY);
        digits(&mut text[0..4], year);
        digits(&mut text[5..7], month);
        digits(&mut text[8..10], day);
        digits(&mut text[11..13], self.0 / HOUR % 24);
        digits(&mut text[14..16], self.0 / MINUTE % 60);
        digits(&mut text[17..19], self.0 / SECOND % 60);
        digits(&mut text[20..23], self.0 % SECOND);
        text
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text();
        serializer.serialize_str(std::str::from_utf8(&text).map_err(S::Error::custom)?)
    }
}

/// A day, counted from 1 January 1970 (before it: negative); written as `1984-05-17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date(pub(super) i64);

/// 400 years, after which the calendar repeats itself.
const ERA: i64 = 146_097;

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One era is added and 400 years are subtracted, so that all numbers are positive.
        let (year, month, day) = civil((self.0 + ERA) as u64);
        write!(f, "{:04}-{month:02}-{day:02}", year - 400)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Year, month and day of the day `days` after 1 January 1970, in the Gregorian calendar.
/// Years begin in March here, so that the leap day is the last day.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 1 March of the year 0
    let (era, day) = (days / ERA as u64, days % ERA as u64);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (year * 365 + year / 4 - year / 100);
    let month = (day * 5 + 2) / 153;
    let day = day - (month * 153 + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

fn digits(place: &mut [u8], mut value: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_agree_with_a_calendar_library() {
        let epoch = jiff::civil::date(1970, 1, 1);
        for days in (-12_000..40_000).step_by(13) {
            let expected = epoch + jiff::Span::new().days(days);
            assert_eq!(Date(days).to_string(), expected.to_string());
        }
        let moment = Timestamp(1_709_210_096_007);
        assert_eq!(moment.text(), *b"2024-02-29T12:34:56.007Z");
        let first = jiff::Timestamp::from_millisecond(Timestamp::FIRST.0 as i64);
        assert_eq!(first.expect("a time that exists").to_string(), "2024-01-01T00:00:00Z");
    }
}
