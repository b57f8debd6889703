//! Telephone numbers: checks a text and gives its one form.
//!
//! The form is E.164 (ITU), then the extension as in RFC 3966: `+441632960000;ext=12`. This module checks the form of a
//! text before the library reads it, since the library finds numbers in any text.

use std::sync::{Arc, LazyLock, Mutex};

use phonenumber::country::Id;
use phonenumber::metadata::{DATABASE, Descriptor};
use phonenumber::{Metadata, Mode};
use regex::Regex;
use rustc_hash::FxHashMap;

use super::text::{digit, is_dash, without_invisible};

/// Reads phone numbers. The library needs some ten microseconds for a number, and the same numbers come often, so the
/// last few thousand are remembered.
#[derive(Debug)]
pub(super) struct Phones {
    country: Id,
    seen: Mutex<FxHashMap<Box<str>, Option<Arc<str>>>>,
}

impl Phones {
    const REMEMBERED: usize = 16_384;

    /// Numbers without a country's prefix are from `country`.
    pub(super) fn new(country: Id) -> Self {
        Phones { country, seen: Mutex::default() }
    }

    /// The one form of a number that was given as text.
    pub(super) fn normalise(&self, text: &str) -> Option<Arc<str>> {
        if text.len() > 128 {
            return None;
        }
        // After a panic the cache is still usable: an entry is always added as a whole.
        let seen = || self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = seen().get(text) {
            return known.clone();
        }
        let number = read(self.country, text).map(Arc::from);
        let mut seen = seen();
        if seen.len() >= Self::REMEMBERED {
            seen.clear();
        }
        seen.insert(text.into(), number.clone());
        number
    }

    /// The one form of a number that was given as a JSON number; it must be written with digits only. A number with an
    /// exponent comes from a spreadsheet, which cut its last digits.
    pub(super) fn of_number(&self, number: &str) -> Option<Arc<str>> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_whole = whole.bytes().all(|b| b.is_ascii_digit()) && fraction.bytes().all(|b| b == b'0');
        if is_whole { self.normalise(whole) } else { None }
    }
}

/// The extension after the number, by the words that people write before it.
static EXTENSION: LazyLock<Regex> = LazyLock::new(|| {
    let words = r"extension|extn|ext|xtn|xt|durchwahl|anexo|доб|int|x|#|~";
    let text = format!(r"(?i)^(.*?)\s*\(?(?:;ext=|[;,]?\s*(?:{words})[\s.:]*)([0-9]{{1,15}})\s*#?\)?$");
    Regex::new(&text).expect("a regular expression that a test compiles")
});

fn read(country: Id, text: &str) -> Option<String> {
    let text: String = without_invisible(text).chars().map(plain).collect();
    let text = text.trim();
    const SCHEME: &str = "tel:";
    let text = match text.get(..SCHEME.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => text[SCHEME.len()..].trim_start(),
        _ => text,
    };
    let (number, extension) = match EXTENSION.captures(text).map(|found| found.extract()) {
        Some((_, [number, extension])) => (number.trim_end(), Some(extension)),
        None => (text, None),
    };
    let mut e164 = international(country, &digits(number)?)?;
    if let Some(extension) = extension {
        e164.extend([";ext=", extension]);
    }
    Some(e164)
}

/// Digits of any script, dashes, white space and wide signs as their plain ones.
fn plain(c: char) -> char {
    match c {
        '＋' => '+',
        '（' => '(',
        '）' => ')',
        '．' => '.',
        '／' => '/',
        _ if is_dash(c) => '-',
        _ if c.is_whitespace() => ' ',
        _ => digit(c).unwrap_or(c),
    }
}

/// The digits of a number, with a plus before them if it has one; `None` with any character that no number has.
fn digits(text: &str) -> Option<String> {
    // An integer in the form of spreadsheets.
    let text = match text.split_once('.') {
        Some((whole, zeros))
            if whole.starts_with(|c: char| ('1'..='9').contains(&c))
                && whole.bytes().all(|b| b.is_ascii_digit())
                && !zeros.is_empty()
                && zeros.bytes().all(|b| b == b'0') =>
        {
            whole
        }
        _ => text,
    };
    let bare = text.trim_start_matches(['(', ' ']);
    let (plus, rest) = bare.strip_prefix('+').map_or(("", bare), |rest| ("+", rest));
    let begins_well = text.starts_with(['(', '+']) || text.starts_with(|c: char| c.is_ascii_digit());
    let is_of_one = |c: char| matches!(c, '0'..='9' | ' ' | '-' | '(' | ')' | '.' | '/');
    if !begins_well || !rest.chars().all(is_of_one) || (plus.is_empty() && (is_date(text) || is_address(text))) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("{plus}{digits}"))
}

/// Whether it is an IPv4 address, perhaps with a prefix length.
fn is_address(text: &str) -> bool {
    let address = text.split_once('/').map_or(text, |(address, _)| address).trim();
    let numbers: Vec<&str> = address.split('.').collect();
    let is_one = |number: &&str| matches!(number.len(), 1..=3) && number.parse::<u8>().is_ok();
    // Leading zeros may fill a part up to three digits. Before the first part they can be dialled digits.
    let written_alike = numbers.iter().all(|number| number.len() == 3 || *number == "0" || !number.starts_with('0'));
    numbers.len() == 4 && numbers.iter().all(is_one) && !address.starts_with('0') && written_alike
}

/// Whether it is a date in the format of some country, perhaps with a time: people sometimes confuse the fields of a
/// form.
fn is_date(text: &str) -> bool {
    if text.contains(['(', ')']) {
        return false;
    }
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    let day_of_year = |one: &str, other: &str| {
        let fits = |day: &str, month: &str| (1..=31).contains(&number(day)) && (1..=12).contains(&number(month));
        one.len() <= 2 && other.len() <= 2 && (fits(one, other) || fits(other, one))
    };
    // The Buddhist calendar too.
    let year = |text: &str| text.len() == 4 && (1800..2700).contains(&number(text));
    let of_parts = |first: &str, second: &str, third: &str| {
        (year(third) && day_of_year(first, second)) || (year(first) && day_of_year(second, third))
    };
    let compact = |text: &str| {
        let recent = |text: &str| (1900..2100).contains(&number(text));
        (recent(&text[..4]) && day_of_year(&text[4..6], &text[6..8]))
            || (recent(&text[4..8]) && day_of_year(&text[..2], &text[2..4]))
    };
    match groups[..] {
        [all] => match all.len() {
            8 => compact(all),
            12 | 14 => compact(&all[..8]) && number(&all[8..10]) < 24 && number(&all[10..12]) < 60,
            _ => false,
        },
        [first, second, third] => {
            let short = third.len() == 2 && first.len() <= 2 && second.len() <= 2;
            of_parts(first, second, third) || (short && (day_of_year(first, second) || day_of_year(second, third)))
        }
        [first, second, third, ref time @ ..] => {
            time.len() <= 3 && time.iter().all(|part| part.len() <= 2) && of_parts(first, second, third)
        }
        _ => false,
    }
}

/// E.164 from digits as dialled in a country, or after a plus.
fn international(country: Id, digits: &str) -> Option<String> {
    let own = DATABASE.by_id(country.as_ref())?;
    let behind_prefix = || {
        let prefix = own.international_prefix()?.find(digits).filter(|found| found.start() == 0)?;
        Some(&digits[prefix.end()..]).filter(|rest| !rest.starts_with('0'))
    };
    if let Some(all) = digits.strip_prefix('+').or_else(behind_prefix) {
        // No country's code is the beginning of another.
        let (code, rest) = (1..=3).find_map(|length| {
            let (code, rest) = all.split_at_checked(length)?;
            let code: u16 = code.parse().ok()?;
            DATABASE.by_code(&code).map(|_| (code, rest))
        })?;
        let number = Number::read(code, rest)?;
        return number.is_whole(false).then(|| number.e164());
    }
    let code = own.country_code();
    let national = Number::read(code, digits);
    if let Some(number) = national.as_ref().filter(|number| number.is_whole(true)) {
        return Some(number.e164());
    }
    // With the country's code before it and no plus.
    let behind_code = digits.strip_prefix(&code.to_string()).and_then(|rest| Number::read(code, rest));
    let number = behind_code.filter(|number| number.is_whole(false)).or(national)?;
    number.is_whole(false).then(|| number.e164())
}

/// A number in its country.
struct Number {
    code: u16,
    /// The national number, without the prefix that is dialled within the country.
    national: String,
}

impl Number {
    /// From digits that are dialled within the country, or follow its code.
    fn read(code: u16, rest: &str) -> Option<Self> {
        let regions = DATABASE.by_code(&code)?;
        let main = regions.iter().find(|region| region.is_main_country_for_code()).or(regions.first())?;
        let parse = |text: String| {
            let number = phonenumber::parse(main.id().parse().ok(), text).ok()?;
            let e164 = number.format().mode(Mode::E164).to_string();
            let national = e164.strip_prefix(&format!("+{code}"))?.to_owned();
            let is_good = (7..=15).contains(&(e164.len() - 1)) && national.bytes().all(|b| b.is_ascii_digit());
            is_good.then_some(Number { code, national })
        };
        let number = parse(format!("+{code}{rest}"))?;
        if number.is_whole(false) {
            return Some(number);
        }
        // `+44 (0)1632 …`: the library does not change this when it knows no such line.
        let without = main.national_prefix().and_then(|prefix| number.national.strip_prefix(prefix));
        let without = without.and_then(|rest| parse(format!("+{code}{rest}"))).filter(|number| number.is_whole(false));
        Some(without.unwrap_or(number))
    }

    /// Whether it has the length of some line of its country, area code included. The same length can be a whole number
    /// of one kind of line, and a number without area code of another kind. Then its digits must match the first kind.
    /// `known`: only if its digits match a known line.
    fn is_whole(&self, known: bool) -> bool {
        let length = self.national.len() as u16;
        // All regions that share the code: a number does not show whether it is from Guernsey.
        let lines = || DATABASE.by_code(&self.code).into_iter().flatten().flat_map(lines);
        let must_match = known || lines().any(|line| line.possible_local_length().contains(&length));
        let matches = |line: &Descriptor| {
            let found = line.national_number().find(&self.national);
            found.is_some_and(|found| found.start() == 0 && found.end() == self.national.len())
        };
        lines().any(|line| line.possible_length().contains(&length) && (!must_match || matches(line)))
    }

    fn e164(&self) -> String {
        format!("+{}{}", self.code, self.national)
    }
}

/// The kinds of lines of a region that a person can have.
fn lines(region: &Metadata) -> impl Iterator<Item = &Descriptor> {
    let all = region.descriptors();
    let sorts = [
        all.fixed_line(),
        all.mobile(),
        all.toll_free(),
        all.premium_rate(),
        all.shared_cost(),
        all.personal_number(),
        all.voip(),
        all.pager(),
        all.uan(),
        all.voicemail(),
    ];
    sorts.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use phonenumber::country;

    use super::*;

    #[test]
    fn one_number_has_one_form() {
        for (country, written, form) in [
            (country::GB, "07700 900123", "+447700900123"),
            (country::GB, "+44 7700 900 123", "+447700900123"),
            (country::GB, "+44 (0)7700 900123", "+447700900123"),
            (country::GB, "(+44) 7700 900123", "+447700900123"),
            (country::GB, "0044 7700900123", "+447700900123"),
            (country::GB, "(07700) 900-123", "+447700900123"),
            (country::GB, "07700–900—123", "+447700900123"),
            (country::GB, "07700.900.123", "+447700900123"),
            (country::GB, "447700900123", "+447700900123"),
            (country::GB, "447700900888.0", "+447700900888"),
            (country::GB, "tel:+447700900123", "+447700900123"),
            (country::GB, "TEL: 07700 900123", "+447700900123"),
            (country::GB, "\u{200e}+44\u{a0}7700\u{202f}900123\u{202c}", "+447700900123"),
            (country::GB, "٠٧٧٠٠٩٠٠١٢٣", "+447700900123"),
            (country::GB, "＋４４ ７７００ ９００１２３", "+447700900123"),
            (country::GB, "0800 1111", "+448001111"),
            (country::GB, "+1 (415) 555-2671", "+14155552671"),
            (country::GB, "+39 06 698 12345", "+390669812345"),
            (country::GB, "+49 (0)30 901820", "+4930901820"),
            (country::GB, "+45 32 12 34 56", "+4532123456"),
            (country::US, "415-555-2671", "+14155552671"),
            (country::US, "1-415-555-2671", "+14155552671"),
            (country::US, "011 44 7700 900123", "+447700900123"),
            (country::US, "+44 (0)7700 900123", "+447700900123"),
            (country::DE, "030/901820", "+4930901820"),
            (country::IT, "06 698 12345", "+390669812345"),
            (country::IT, "392 123 4567", "+393921234567"),
            (country::FR, "01 42 68 53 00", "+33142685300"),
            (country::NO, "22 12 23 45", "+4722122345"),
            (country::CH, "044.123.45.67", "+41441234567"),
        ] {
            assert_eq!(read(country, written).as_deref(), Some(form), "{written}");
            assert_eq!(read(country, form).as_deref(), Some(form), "{form}, again");
        }
    }

    #[test]
    fn an_extension_stays_and_is_another_number_than_the_switchboard() {
        for written in [
            "+441632960000;ext=12",
            "01632 960000 ext 12",
            "01632 960000 ext. 12",
            "01632 960000, Extension: 12",
            "01632 960000 x12",
            "01632 960000x12",
            "01632 960000 #12",
            "01632 960000 (ext 12)",
            "tel:+44-1632-960000;ext=12",
            "01632 960000 ext ١٢",
        ] {
            assert_eq!(read(country::GB, written).as_deref(), Some("+441632960000;ext=12"), "{written}");
        }
        assert_eq!(read(country::GB, "01632 960000").as_deref(), Some("+441632960000"));
        assert_eq!(read(country::GB, "01632 960000 x"), None);
        assert_eq!(read(country::GB, "ext 12"), None);
    }

    #[test]
    fn what_is_no_number_is_nobodys() {
        for text in [
            "30/12/1980",
            "12/30/1980",
            "1980-12-30",
            "30.12.1980",
            "30.12.80",
            "1980. 12. 30.",
            "30 12 1980",
            "30-12-2523",
            "19801230",
            "30121980",
            "20261128093000",
            "28.11.2026 09.30",
            "192.168.1.100",
            "192.168.001.100",
            "10.20.130.140/24",
            "tel:192.168.1.100",
            "PO Box 54321",
            "see order 12345",
            "Mo-Fr 9-17 Uhr",
            "1-800-FLOWERS",
            "call me",
            "4.477E+11",
            "4477e8",
            "12",
            "+",
            "()",
            "+44",
            "54321",
            "5551234",
            "900123",
            "+44 900123",
            "-447700900123",
            "/07700900123",
            "07700 900123 / 07700 900124",
            "0044+7700900123",
            "07700_900123",
            "07700 900123 or 07700 900124",
            "+999 12345678",
            "1234567890123456789012",
            "٣٠/١٢/١٩٨٠",
            "\u{200b}",
        ] {
            assert_eq!(read(country::GB, text), None, "{text}");
        }
        for (country, text) in [
            (country::US, "555-1234"),
            (country::US, "12/30/1980"),
            (country::DK, "30/12/1980"),
            (country::DK, "30-12-1980"),
            (country::SG, "1980-12-30"),
            (country::DK, "19801230"),
            (country::DE, "20261128093000"),
            (country::US, "192.168.1.100"),
            (country::US, "8.8.101.102"),
            (country::DE, "172.16.254.1"),
            (country::CH, "192.168.1.100"),
        ] {
            assert_eq!(read(country, text), None, "{text}");
        }
    }

    #[test]
    fn a_json_number_is_its_digits_and_none_with_a_fraction_a_sign_or_an_exponent() {
        let phones = Phones::new(country::GB);
        for number in ["447700900888", "447700900888.0", "447700900888.00", "7700900888"] {
            assert_eq!(phones.of_number(number).as_deref(), Some("+447700900888"), "{number}");
        }
        for number in ["4.477E+11", "4.477009e11", "447700900888.5", "-447700900888", "447700900888e0"] {
            assert_eq!(phones.of_number(number), None, "{number}");
        }
    }
}
