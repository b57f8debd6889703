//! Lengths of time, as people and the API write them.

use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

/// A length of time in milliseconds, never negative.
///
/// Written in ISO 8601: `PnW`, or `P[nD]T[nH][nM][nS]`. A day is 86,400 s; years and months have no fixed length and
/// are refused. Seconds may have up to three digits after the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(pub i64);

/// Why a text is not a duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DurationError {
    /// It has another format.
    #[error("not a duration: write it as PT30M, P7D, P1DT12H or P2W")]
    Malformed,
    /// It has years or months.
    #[error("years and months have no fixed length: write days, as P30D")]
    Calendar,
    /// It is longer than the maximum.
    #[error("a duration of more than 10,000 years")]
    TooLong,
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
/// The maximum: 10,000 years of 366 days, longer than the time between any two valid times.
const LONGEST: i64 = 3_660_000 * DAY;

static FORM: LazyLock<Regex> = LazyLock::new(|| {
    let form = r"^P(?:(?<weeks>[0-9]+)W|(?:(?<days>[0-9]+)D)?(?:T(?:(?<hours>[0-9]+)H)?(?:(?<minutes>[0-9]+)M)?(?:(?<seconds>[0-9]+)(?:[.,](?<millis>[0-9]{1,3}))?S)?)?)$";
    Regex::new(form).expect("a valid form")
});

impl Duration {
    /// From seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Duration(seconds * SECOND)
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        use DurationError::*;
        let text = text.trim();
        let Some(parts) = FORM.captures(text) else {
            let date = text.strip_prefix('P').and_then(|rest| rest.split('T').next());
            let is_calendar = date.is_some_and(|date| date.contains(['Y', 'M']));
            return Err(if is_calendar { Calendar } else { Malformed });
        };
        if text.ends_with(['P', 'T']) {
            return Err(Malformed);
        }
        let mut sum: i64 = 0;
        for (name, unit) in [("weeks", WEEK), ("days", DAY), ("hours", HOUR), ("minutes", MINUTE), ("seconds", SECOND)]
        {
            let Some(count) = parts.name(name) else { continue };
            let count: i64 = count.as_str().parse().map_err(|_| TooLong)?;
            sum = count.checked_mul(unit).and_then(|part| sum.checked_add(part)).ok_or(TooLong)?;
        }
        if let Some(digits) = parts.name("millis") {
            sum = sum.saturating_add(format!("{:0<3}", digits.as_str()).parse().map_err(|_| Malformed)?);
        }
        if sum > LONGEST { Err(TooLong) } else { Ok(Duration(sum)) }
    }
}

impl std::fmt::Display for Duration {
    /// The shortest form: days, hours, minutes, seconds; `PT0S` for zero.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, time) = (self.0 / DAY, self.0 % DAY);
        f.write_str("P")?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if time == 0 && days > 0 {
            return Ok(());
        }
        f.write_str("T")?;
        for (size, letter) in [(HOUR, 'H'), (MINUTE, 'M')] {
            let count = time % (if size == HOUR { DAY } else { HOUR }) / size;
            if count > 0 {
                write!(f, "{count}{letter}")?;
            }
        }
        let (seconds, millis) = (time % MINUTE / SECOND, time % SECOND);
        match (seconds, millis) {
            (0, 0) if time > 0 => Ok(()),
            (seconds, 0) => write!(f, "{seconds}S"),
            (seconds, millis) => write!(f, "{seconds}.{}S", format!("{millis:03}").trim_end_matches('0')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Result<i64, DurationError> {
        text.parse::<Duration>().map(Duration::as_millis)
    }

    #[test]
    fn weeks_stand_alone_and_a_day_has_86_400_seconds() {
        assert_eq!(millis("P2W"), Ok(14 * 86_400_000));
        assert_eq!(millis("P1D"), Ok(86_400_000));
        assert_eq!(millis("PT30M"), Ok(1_800_000));
        assert_eq!(millis("P1DT1H1M1.5S"), Ok(86_400_000 + 3_600_000 + 60_000 + 1_500));
        assert_eq!(millis("PT0S"), Ok(0));
    }

    #[test]
    fn years_and_months_are_refused() {
        for text in ["P1Y", "P1M", "P1Y2D", "P2MT1H"] {
            assert_eq!(millis(text), Err(DurationError::Calendar), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let wrong = [
            "",
            "P",
            "PT",
            "P1DT",
            "30M",
            "PT30",
            "PT-1S",
            "-PT1S",
            "P1W2D",
            "P2D1W",
            "PT1M1H",
            "PT1H1H",
            "P1H",
            "PT1D",
            "PT1.5H",
            "PT1.2345S",
            "p1d",
            "PTS",
            "P 1D",
            "PT1HT1M",
            "PTé",
        ];
        for text in wrong {
            assert_eq!(millis(text), Err(DurationError::Malformed), "{text}");
        }
        assert_eq!(millis("P99999999999999999999D"), Err(DurationError::TooLong));
        assert_eq!(millis("P3660001D"), Err(DurationError::TooLong));
    }

    #[test]
    fn what_is_written_reads_back() {
        let same = ["PT0S", "PT30M", "P7D", "P1DT12H", "PT0.25S", "PT1H1S", "P1DT0.5S", "PT59M59.999S"];
        for text in same {
            assert_eq!(text.parse::<Duration>().expect("a duration").to_string(), text);
        }
        assert_eq!("P2W".parse::<Duration>().expect("a duration").to_string(), "P14D");
    }
}
