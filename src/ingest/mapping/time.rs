//! Times in files: formats that are tried, and zones.

use jiff::civil::{DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::domain::Timestamp;

/// One of `times` in a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// RFC 3339, a date, or both with a blank between them.
    Iso,
    /// A count since 1970, of this many in a second.
    Unix(i64),
    /// A pattern such as `%d/%m/%Y %H:%M`.
    Pattern(String),
}

/// Why a text is no time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoTime {
    /// No format fits.
    NoneFits,
    /// Two formats fit, and differ.
    TwoFit([String; 2]),
}

impl TimeFormat {
    /// Reads an entry of `times`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "iso" => Ok(TimeFormat::Iso),
            "unix" => Ok(TimeFormat::Unix(1)),
            "unix-millis" => Ok(TimeFormat::Unix(1_000)),
            "unix-micros" => Ok(TimeFormat::Unix(1_000_000)),
            pattern => {
                // What it writes, it must read as a date.
                let written = BrokenDownTime::from(jiff::Timestamp::UNIX_EPOCH).to_string(pattern);
                let read = written.ok().and_then(|text| BrokenDownTime::parse(pattern, text).ok()?.to_date().ok());
                match read {
                    Some(_) => Ok(TimeFormat::Pattern(pattern.to_owned())),
                    None => Err("not a format of dates: write it as %Y-%m-%d %H:%M, or as iso, unix, unix-millis, \
                                 unix-micros"
                        .into()),
                }
            }
        }
    }

    /// The time that the text is in this format, if it is one. A time without an offset is of `zone`.
    fn read(&self, text: &str, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            TimeFormat::Iso => {
                let civil = text.parse::<DateTime>().ok().filter(|_| !text.bytes().all(|byte| byte.is_ascii_digit()));
                match (Timestamp::parse(text), civil) {
                    // `DateTime` reads a text with an offset too, and forgets the offset.
                    (Ok(time), _) if has_offset(text) => Some(time),
                    (Ok(_), Some(civil)) => in_zone(civil, zone),
                    (time, _) => time.ok(),
                }
            }
            TimeFormat::Unix(of_second) => {
                let count: i64 = text.parse().ok()?;
                let millis = i128::from(count) * 1_000 / i128::from(*of_second);
                Timestamp::from_millis(i64::try_from(millis).ok()?).ok()
            }
            TimeFormat::Pattern(pattern) => {
                let parts = BrokenDownTime::parse(pattern, text).ok()?;
                if parts.offset().is_some() {
                    return Timestamp::from_millis(parts.to_timestamp().ok()?.as_millisecond()).ok();
                }
                // `%Y` reads `24` as the year 24.
                let date = parts.to_date().ok().filter(|date| date.year() >= 1_000)?;
                let time = if parts.hour().is_some() { parts.to_time().ok()? } else { Time::midnight() };
                in_zone(date.to_datetime(time), zone)
            }
        }
    }

    fn name(&self) -> String {
        match self {
            TimeFormat::Iso => "iso".to_owned(),
            TimeFormat::Unix(1) => "unix".to_owned(),
            TimeFormat::Unix(1_000) => "unix-millis".to_owned(),
            TimeFormat::Unix(_) => "unix-micros".to_owned(),
            TimeFormat::Pattern(pattern) => pattern.clone(),
        }
    }
}

/// The time of a text: the formats that fit must agree.
pub(crate) fn read(text: &str, formats: &[TimeFormat], zone: &TimeZone) -> Result<Timestamp, NoTime> {
    let text = text.trim();
    let mut found: Option<(Timestamp, &TimeFormat)> = None;
    for format in formats {
        match (format.read(text, zone), found) {
            (Some(time), None) => found = Some((time, format)),
            (Some(time), Some((first, by))) if time != first => {
                return Err(NoTime::TwoFit([by.name(), format.name()]));
            }
            _ => {}
        }
    }
    found.map(|(time, _)| time).ok_or(NoTime::NoneFits)
}

/// Whether an offset, a `Z` or a zone in brackets follows the time.
fn has_offset(text: &str) -> bool {
    let clock = text.split_once([' ', 'T', 't']).map_or("", |(_, clock)| clock);
    text.ends_with(']') || clock.contains(['+', '-', 'Z', 'z'])
}

/// The moment of a clock in a zone. When a change of clocks brings a time twice, the first of the two.
fn in_zone(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let offset = match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    };
    Timestamp::from_millis(offset.to_timestamp(civil).ok()?.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str, formats: &[&str], zone: &str) -> Result<String, NoTime> {
        let formats: Vec<_> = formats.iter().map(|format| TimeFormat::parse(format).expect("a format")).collect();
        read(text, &formats, &super::super::zones::zone(zone).expect("a zone")).map(|time| time.to_string())
    }

    #[test]
    fn a_time_is_read_by_the_format_that_fits() {
        let both = ["%Y-%m-%d %H:%M:%S %z", "%d/%m/%Y %H:%M"];
        for (text, formats, zone, time) in [
            ("2024-03-01 10:22:31 +0900", &both[..], "UTC", "2024-03-01T01:22:31.000Z"),
            ("01/07/2024 18:00", &both, "Europe/London", "2024-07-01T17:00:00.000Z"),
            ("1/7/2024 8:05", &both, "UTC", "2024-07-01T08:05:00.000Z"),
            ("3/15/2024 2:30 PM", &["%m/%d/%Y %I:%M %p"], "UTC", "2024-03-15T14:30:00.000Z"),
            ("03/31/24 16:15:07", &["%m/%d/%y %H:%M:%S"], "Eastern Time (US & Canada)", "2024-03-31T20:15:07.000Z"),
            ("1709288551123456", &["unix-micros"], "UTC", "2024-03-01T10:22:31.123Z"),
            ("1709288551", &["unix"], "UTC", "2024-03-01T10:22:31.000Z"),
            ("2024-07-01 10:00:00", &["iso"], "Europe/London", "2024-07-01T09:00:00.000Z"),
            ("2024-07-01T10:00:00-04:00", &["iso"], "Europe/London", "2024-07-01T14:00:00.000Z"),
            ("2024-07-01", &["%Y-%m-%d"], "UTC", "2024-07-01T00:00:00.000Z"),
        ] {
            assert_eq!(times(text, formats, zone).as_deref(), Ok(time), "{text}");
        }
    }

    #[test]
    fn two_formats_that_fit_and_differ_ask_for_one() {
        let both = ["%d/%m/%Y", "%m/%d/%Y"];
        assert_eq!(times("03/04/2024", &both, "UTC"), Err(NoTime::TwoFit(both.map(Into::into))));
        assert_eq!(times("04/04/2024", &both, "UTC").as_deref(), Ok("2024-04-04T00:00:00.000Z"));
        assert_eq!(times("13/04/2024", &both, "UTC").as_deref(), Ok("2024-04-13T00:00:00.000Z"));
        assert_eq!(times("31/31/2024", &both, "UTC"), Err(NoTime::NoneFits));
        let short = ["%m/%d/%Y", "%m/%d/%y"];
        assert_eq!(times("03/04/24", &short, "UTC").as_deref(), Ok("2024-03-04T00:00:00.000Z"));
        assert_eq!(times("03/04/2024", &short, "UTC").as_deref(), Ok("2024-03-04T00:00:00.000Z"));
    }

    #[test]
    fn a_format_that_is_none_is_refused() {
        for text in ["dd/mm/yyyy", "%", "%H:%M", "%d/%m", ""] {
            assert!(TimeFormat::parse(text).is_err(), "{text}");
        }
    }
}
