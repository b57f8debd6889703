//! Tests of a time: windows from now, calendar periods, days of the year.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde_json::Value;

use super::evaluate::Frame;
use crate::domain::{Duration, Timestamp};

/// A condition on a time `t`. Durations are exact; only calendar periods and days of the year use the zone.
#[derive(Clone, Debug)]
pub enum TimeCondition {
    /// `now - D < t <= now`.
    Last(Duration),
    /// `t <= now - D`.
    OlderThan(Duration),
    /// `now < t <= now + D`.
    Next(Duration),
    /// `now - from < t <= now - to`.
    Between {
        /// The longer time ago.
        from: Duration,
        /// The shorter time ago.
        to: Duration,
    },
    /// `since <= t < until`.
    Fixed {
        /// Not before.
        since: Option<Timestamp>,
        /// Before.
        until: Option<Timestamp>,
    },
    /// Whole periods of the zone, the present one up to now.
    Calendar {
        /// The period.
        unit: CalendarUnit,
        /// How many periods the last one is before the present one.
        back: i64,
        /// How many periods.
        count: i64,
    },
    /// Its day of the year is near today: 29 February is 1 March in other years.
    Anniversary {
        /// The first day, counted from today.
        from: i64,
        /// The last day, counted from today.
        to: i64,
    },
}

/// A period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarUnit {
    /// A day of the zone, which may have 23 or 25 hours.
    Day,
    /// From Monday.
    Week,
    /// A month.
    Month,
    /// Three months, from January, April, July and October.
    Quarter,
    /// A year.
    Year,
}

/// A time that a value says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instant {
    /// When; of a date, its first instant in the zone.
    pub at: Timestamp,
    /// Its day in the zone; `None` beyond the years of the calendar.
    pub day: Option<Date>,
}

impl Instant {
    /// From a text in RFC 3339 or a date `YYYY-MM-DD`.
    pub fn of(value: &Value, frame: &Frame<'_>) -> Option<Self> {
        let text = value.as_str()?;
        let bytes = text.as_bytes();
        let is_date = |bytes: &[u8]| {
            let form = |(n, byte): (usize, &u8)| if n == 4 || n == 7 { *byte == b'-' } else { byte.is_ascii_digit() };
            bytes.len() == 10 && bytes.iter().enumerate().all(form)
        };
        if is_date(bytes) {
            let day: Date = text.parse().ok()?;
            return Some(Instant { at: first_instant(day, frame.zone)?, day: Some(day) });
        }
        let has_zone = || match bytes {
            [.., b'Z' | b'z'] => true,
            [.., sign, a, b, b':', c, d] => {
                matches!(sign, b'+' | b'-') && [a, b, c, d].iter().all(|byte| byte.is_ascii_digit())
            }
            _ => false,
        };
        let has_time = bytes.get(10).is_some_and(|byte| matches!(byte, b'T' | b't' | b' ')) && is_date(&bytes[..10]);
        if !has_time || !has_zone() {
            return None;
        }
        let at = Timestamp::parse(text).ok()?;
        Some(Instant { at, day: day_of(at, frame.zone) })
    }

    /// A known time.
    pub fn at(at: Timestamp, frame: &Frame<'_>) -> Self {
        Instant { at, day: day_of(at, frame.zone) }
    }
}

impl TimeCondition {
    /// Whether a time fits.
    pub fn fits(&self, at: Timestamp, frame: &Frame<'_>) -> bool {
        match self {
            TimeCondition::Anniversary { .. } => self.fits_instant(&Instant::at(at, frame), frame),
            _ => self.fits_instant(&Instant { at, day: None }, frame),
        }
    }

    /// Whether the time of a value fits.
    pub fn fits_instant(&self, instant: &Instant, frame: &Frame<'_>) -> bool {
        let (t, now) = (instant.at.0, frame.now.0);
        match self {
            TimeCondition::Last(length) => now.saturating_sub(length.0) < t && t <= now,
            TimeCondition::OlderThan(length) => t <= now.saturating_sub(length.0),
            TimeCondition::Next(length) => now < t && t <= now.saturating_add(length.0),
            TimeCondition::Between { from, to } => now.saturating_sub(from.0) < t && t <= now.saturating_sub(to.0),
            TimeCondition::Fixed { since, until } => {
                since.is_none_or(|since| since.0 <= t) && until.is_none_or(|until| t < until.0)
            }
            TimeCondition::Calendar { unit, back, count } => {
                let Some((begin, end)) = unit.period(*back, *count, frame) else { return false };
                let present = *back == 0;
                begin.0 <= t && if present { t <= now } else { t < end.0 }
            }
            TimeCondition::Anniversary { from, to } => {
                let today = day_of(frame.now, frame.zone);
                today.zip(instant.day).is_some_and(|(today, day)| is_anniversary(day, today, *from, *to))
            }
        }
    }
}

impl CalendarUnit {
    /// The first instant of the first period, and the first instant after the last. `None` beyond the calendar.
    fn period(self, back: i64, count: i64, frame: &Frame<'_>) -> Option<(Timestamp, Timestamp)> {
        let present = self.begin(day_of(frame.now, frame.zone)?)?;
        let begin = present.checked_sub(self.span(back.checked_add(count)?.checked_sub(1)?)?).ok()?;
        let end = present.checked_sub(self.span(back.checked_sub(1)?)?).ok()?;
        Some((first_instant(begin, frame.zone)?, first_instant(end, frame.zone)?))
    }

    /// The first day of the period of a day.
    pub fn begin(self, day: Date) -> Option<Date> {
        match self {
            CalendarUnit::Day => Some(day),
            CalendarUnit::Week => day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok(),
            CalendarUnit::Month => Some(day.first_of_month()),
            CalendarUnit::Quarter => Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).ok(),
            CalendarUnit::Year => Some(day.first_of_year()),
        }
    }

    /// The first day of the period after that of a day.
    pub(super) fn next_begin(self, day: Date) -> Option<Date> {
        self.begin(day)?.checked_add(self.span(1)?).ok()
    }

    fn span(self, count: i64) -> Option<Span> {
        match self {
            CalendarUnit::Day => Span::new().try_days(count),
            CalendarUnit::Week => Span::new().try_weeks(count),
            CalendarUnit::Month => Span::new().try_months(count),
            CalendarUnit::Quarter => Span::new().try_months(count.checked_mul(3)?),
            CalendarUnit::Year => Span::new().try_years(count),
        }
        .ok()
    }
}

/// The day of a time in a zone.
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned_datetime(zone.clone()).date())
}

/// The first instant of a day in a zone: after the gap where midnight is left out, the earlier where it comes twice.
pub(super) fn first_instant(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    Some(Timestamp(day.to_zoned_datetime(zone.clone()).ok()?.timestamp().as_millisecond()))
}

fn is_anniversary(day: Date, today: Date, from: i64, to: i64) -> bool {
    if to - from >= 366 {
        return true;
    }
    let shifted = |days: i64| Span::new().try_days(days).ok().and_then(|days| today.checked_add(days).ok());
    let (Some(first), Some(last)) = (shifted(from), shifted(to)) else { return false };
    (first.year()..=last.year()).any(|year| {
        let of_year = Date::new(year, day.month(), day.day()).or_else(|_| Date::new(year, 3, 1));
        of_year.is_ok_and(|of_year| first <= of_year && of_year <= last)
    })
}
