//! Dates as people and programs write them, for comparisons only, never for storage.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::Timestamp;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The days that a text with a calendar date can mean: `01.02.1970` is in January or in February.
pub fn written(text: &str) -> Vec<Date> {
    let mut found = Vec::new();
    let mut add = |year: &str, month: &str, day: &str| {
        let centuries: &[i16] = if year.len() == 2 { &[1900, 2000] } else { &[0] };
        let (Ok(year), Ok(month), Ok(day)) = (year.parse::<i16>(), month.parse(), day.parse()) else { return };
        found.extend(centuries.iter().filter_map(|century| Date::new(century + year, month, day).ok()));
    };
    let text = text.to_lowercase();
    let is_digit = |c: char| c.is_ascii_digit();
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() >= 3);
    let month = words.filter_map(|word| MONTHS.iter().position(|month| month.starts_with(word))).next();
    let numbers: Vec<&str> = text.split(|c| !is_digit(c)).filter(|number| !number.is_empty()).collect();
    let is_year = |number: &str| matches!(number.len(), 2 | 4);
    match (month, &numbers[..]) {
        (Some(month), [one, other, ..]) => {
            let month = (month + 1).to_string();
            for (year, day) in [(one, other), (other, one)] {
                if is_year(year) {
                    add(year, &month, day);
                }
            }
        }
        (None, [all, ..]) if matches!(all.len(), 8 | 12 | 14) => {
            add(&all[..4], &all[4..6], &all[6..8]);
            add(&all[4..8], &all[2..4], &all[..2]);
            add(&all[4..8], &all[..2], &all[2..4]);
        }
        (None, [first, second, third, ..]) => {
            for (year, one, other) in [(first, second, third), (third, first, second)] {
                if is_year(year) {
                    add(year, one, other);
                    add(year, other, one);
                }
            }
        }
        _ => {}
    }
    found
}

/// The days that a text can mean: as a [written] date, in UTC, or as the number of seconds or milliseconds from 1970 to
/// the midnight at the beginning of a day.
pub fn meant(text: &str) -> Vec<Date> {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let mut found = written(text);
    let number = text.parse::<i64>().ok();
    let moments = [number, number.and_then(|seconds| seconds.checked_mul(1000))];
    let midnights = moments.into_iter().flatten().filter(|millis| millis % DAY == 0);
    let days = midnights.chain(Timestamp::parse(text).ok().map(|moment| moment.0));
    let day = |millis| Some(EPOCH.checked_add(SignedDuration::from_millis(millis)).ok()?.date());
    found.extend(days.filter_map(day));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_same_day_however_it_is_written() {
        let day = Date::new(1970, 1, 1).expect("a day");
        for text in [
            "1970-01-01",
            "1970-01-01t00:00:00z",
            "1970-01-01T00:00:00.000+01:00",
            "1969-12-31T16:00:00-08:00",
            "1970-01-01 00:00:00",
            "01.01.1970",
            "1.1.1970",
            "1/1/1970",
            "1970/01/01",
            "1970. 1. 1.",
            "01.01.70",
            "19700101",
            "01011970",
            "19700101T000000Z",
            "1 Jan 1970",
            "1st January, 1970",
            "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)",
            "0",
        ] {
            assert!(meant(text).contains(&day), "{text}: {:?}", meant(text));
        }
        for text in ["1970-01-02", "1971-01-01", "01.01.1971", "1970", "19801230", "86400", "jan", "", "x", "1 1", "-1"]
        {
            assert!(!meant(text).contains(&day), "{text}: {:?}", meant(text));
        }
        assert!(meant("-2208988800").contains(&Date::new(1900, 1, 1).expect("a day")));
        assert!(meant("-62135596800000").contains(&Date::new(1, 1, 1).expect("a day")));
        assert!(meant("01/01/0001 00:00:00").contains(&Date::new(1, 1, 1).expect("a day")));
        assert_eq!(written("0"), []);
        let months: Vec<i8> = written("01.02.1970").iter().map(|date| date.month()).collect();
        assert_eq!(months, [1, 2]);
    }
}
