//! Moments, in milliseconds of UTC.

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z, between the years 1 and 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Why a text is not a moment.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TimeError {
    /// It is not RFC 3339.
    #[error("not a time: write it as 2026-03-31T09:30:00Z")]
    Malformed,
    /// Its year is outside 1 to 9999.
    #[error("a time outside the years 1 to 9999")]
    OutOfRange,
}

impl Timestamp {
    /// 0001-01-01T00:00:00.000Z.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);

    /// The moment `millis` after the epoch, when it lies within the range.
    pub fn from_millis(millis: i64) -> Result<Self, TimeError> {
        let moment = Timestamp(millis);
        (Self::MIN..=Self::MAX).contains(&moment).then_some(moment).ok_or(TimeError::OutOfRange)
    }

    /// Reads RFC 3339 with any offset; what is finer than a millisecond is cut.
    /// A date alone is midnight UTC; a time without an offset is taken as UTC.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let text = text.trim();
        let moment = match text.parse::<jiff::Timestamp>() {
            Ok(moment) => moment,
            Err(_) => {
                let civil = text.parse::<jiff::civil::DateTime>().map_err(|_| TimeError::Malformed)?;
                jiff::tz::Offset::UTC.to_timestamp(civil).map_err(|_| TimeError::OutOfRange)?
            }
        };
        let nanos = moment.as_nanosecond();
        let millis = i64::try_from(nanos.div_euclid(1_000_000)).map_err(|_| TimeError::OutOfRange)?;
        Self::from_millis(millis)
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 with three fraction digits and `Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_is_read_and_utc_is_written() {
        let moment = Timestamp::parse("2026-03-31T10:30:00.1239+01:00").expect("a time");
        assert_eq!(moment.to_string(), "2026-03-31T09:30:00.123Z");
        assert_eq!(Timestamp::parse("2026-03-31").expect("a date").to_string(), "2026-03-31T00:00:00.000Z");
    }

    #[test]
    fn years_that_nobody_lived_in_are_refused() {
        for text in ["0000-01-01T00:00:00Z", "40000-01-01T00:00:00Z", "+040000-01-01T00:00:00Z", "yesterday", ""] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }
}
