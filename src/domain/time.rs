//! Times, in milliseconds of UTC.

use jiff::SignedDuration;
use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};

/// A time: milliseconds since 1970-01-01T00:00:00Z, between the years 1 and 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Why a text is not a time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TimeError {
    /// It is not RFC 3339.
    #[error("not a time: write it as 2026-03-31T09:30:00Z")]
    Malformed,
    /// No place on earth has its offset.
    #[error("an offset beyond 18 hours")]
    TooFar,
    /// Its time zone is not in the tz database.
    #[error("a time zone that is not known: write it as [Europe/London], or give an offset")]
    UnknownZone,
    /// Its year is outside 1 to 9999.
    #[error("a time outside the years 1 to 9999")]
    OutOfRange,
}

impl Timestamp {
    /// 0001-01-01T00:00:00.000Z.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);

    /// The time `millis` after the epoch, if it is in the range.
    pub fn from_millis(millis: i64) -> Result<Self, TimeError> {
        let moment = Timestamp(millis);
        (Self::MIN..=Self::MAX).contains(&moment).then_some(moment).ok_or(TimeError::OutOfRange)
    }

    /// Reads RFC 3339 with an offset of up to 18 hours. Fractions of a millisecond are cut off. A date alone is
    /// midnight. A time without an offset has the zone in brackets after it, as in `2026-07-01T10:00:00[Europe/London]`
    /// (RFC 9557), else UTC. When a change of clocks brings a time twice, it is the first of the two. Digits alone are
    /// a number and not a time.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        const FURTHEST: i32 = 18 * 60 * 60;
        let text = text.trim();
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TimeError::Malformed);
        }
        let pieces = Pieces::parse(text).map_err(|_| TimeError::Malformed)?;
        let civil = pieces.date().to_datetime(pieces.time().unwrap_or_else(Time::midnight));
        let offset = match pieces.to_numeric_offset() {
            Some(offset) => offset,
            None => {
                let zone = pieces.to_time_zone().map_err(|_| TimeError::UnknownZone)?.unwrap_or(TimeZone::UTC);
                match zone.to_ambiguous_timestamp(civil).offset() {
                    AmbiguousOffset::Unambiguous { offset } => offset,
                    AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
                }
            }
        };
        if offset.seconds().abs() > FURTHEST {
            return Err(TimeError::TooFar);
        }
        // Not with jiff's own timestamps, which end a day before the end of the year 9999.
        let since = civil.duration_since(EPOCH) - SignedDuration::from_secs(offset.seconds().into());
        let millis = since.as_nanos().div_euclid(1_000_000);
        Self::from_millis(i64::try_from(millis).map_err(|_| TimeError::OutOfRange)?)
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 with three fraction digits and `Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => match EPOCH.checked_add(SignedDuration::from_millis(self.0)) {
                Ok(civil) => write!(f, "{civil:.3}Z"),
                Err(_) => write!(f, "{}ms", self.0),
            },
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
    fn a_time_without_an_offset_is_of_the_zone_behind_it() {
        for (text, moment) in [
            ("2026-07-01T10:00:00[Europe/London]", "2026-07-01T09:00:00.000Z"),
            ("2026-01-01T10:00:00[Europe/London]", "2026-01-01T10:00:00.000Z"),
            ("2026-07-01[America/New_York]", "2026-07-01T04:00:00.000Z"),
            ("2026-07-01 10:00:00.5[Asia/Kolkata]", "2026-07-01T04:30:00.500Z"),
            ("2026-07-01T10:00:00[+02:00]", "2026-07-01T08:00:00.000Z"),
            ("2026-07-01T10:00:00", "2026-07-01T10:00:00.000Z"),
            // The offset is enough.
            ("2026-07-01T10:00:00+01:00[Europe/London]", "2026-07-01T09:00:00.000Z"),
            ("2026-07-01T10:00:00-04:00[Europe/London]", "2026-07-01T14:00:00.000Z"),
            ("2026-07-01T10:00:00Z[Europe/London]", "2026-07-01T10:00:00.000Z"),
            // Clocks go back at 02:00 and forward at 01:00.
            ("2026-10-25T01:30:00[Europe/London]", "2026-10-25T00:30:00.000Z"),
            ("2026-03-29T01:30:00[Europe/London]", "2026-03-29T01:30:00.000Z"),
        ] {
            assert_eq!(Timestamp::parse(text).map(|t| t.to_string()).as_deref(), Ok(moment), "{text}");
        }
        let nowhere = Timestamp::parse("2026-07-01T10:00:00[Europe/Nowhere]");
        assert_eq!(nowhere, Err(TimeError::UnknownZone));
    }

    #[test]
    fn the_first_and_the_last_moment_are_read_and_written() {
        for (text, moment) in [
            ("0001-01-01T00:00:00.000Z", Timestamp::MIN),
            ("9999-12-31T23:59:59.999Z", Timestamp::MAX),
            ("9999-12-31T00:00:00.000Z", Timestamp(253_402_214_400_000)),
        ] {
            assert_eq!((Timestamp::parse(text), moment.to_string()), (Ok(moment), text.to_owned()));
        }
        for text in ["9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01"] {
            assert_eq!(Timestamp::parse(text), Err(TimeError::OutOfRange), "{text}");
        }
        assert_eq!(Timestamp::parse("1969-12-31T23:59:59.9995Z"), Ok(Timestamp(-1)), "cut, not rounded");
    }

    #[test]
    fn an_offset_beyond_18_hours_and_a_number_are_no_time() {
        for text in ["2026-07-01T10:00:00+25:59", "2026-07-01T10:00:00-18:01", "2026-07-01T10:00:00[+20:00]"] {
            assert_eq!(Timestamp::parse(text), Err(TimeError::TooFar), "{text}");
        }
        for text in ["2026-07-01T10:00:00+18:00", "2026-07-01T10:00:00-18:00", "2026-07-01t10:00:00z"] {
            assert!(Timestamp::parse(text).is_ok(), "{text}");
        }
        for text in ["20260701", "2026", "1774949400", "1774949400000", "1774949400.5", "1e9", "0x69", "-1"] {
            assert_eq!(Timestamp::parse(text), Err(TimeError::Malformed), "{text}");
        }
    }

    #[test]
    fn years_that_nobody_lived_in_are_refused() {
        for text in ["0000-01-01T00:00:00Z", "40000-01-01T00:00:00Z", "+040000-01-01T00:00:00Z", "yesterday", ""] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }
}
