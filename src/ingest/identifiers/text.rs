//! Makes texts equal that look equal: composed characters, invisible ones, digits and dashes of any script.

use std::borrow::Cow;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use crate::domain::unicode::nfc;

/// A text normalised to what people see: in NFC, without white space and invisible characters at its ends.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text.trim());
    }
    match nfc(text) {
        Cow::Borrowed(text) => Cow::Borrowed(ends_cut(text)),
        Cow::Owned(text) => Cow::Owned(ends_cut(&text).to_owned()),
    }
}

fn ends_cut(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// Without any invisible character, and in NFC: characters around a removed one may be composed now.
pub(super) fn without_invisible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_invisible) {
        return nfc(text);
    }
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    Cow::Owned(nfc(&seen).into_owned())
}

/// Whether it is of the category Cf: zero width, direction marks, BOM, soft hyphen, tags.
fn is_invisible(c: char) -> bool {
    !c.is_ascii() && category(c) == GeneralCategory::Format
}

/// A dash of any width and script, also the minus.
pub(super) fn is_dash(c: char) -> bool {
    c == '-' || (!c.is_ascii() && (category(c) == GeneralCategory::DashPunctuation || c == '\u{2212}'))
}

/// The decimal digit in ASCII.
pub(super) fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c).filter(char::is_ascii_digit);
    }
    let is_digit = |c: &char| category(*c) == GeneralCategory::DecimalNumber;
    if !is_digit(&c) {
        return None;
    }
    // Unicode has the ten digits of each script in one row, from zero (stability policy). One row may follow another.
    let before = (1..=50_u32).map_while(|n| char::from_u32(u32::from(c) - n).filter(is_digit)).count();
    char::from_digit(before as u32 % 10, 10)
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_that_nobody_sees_do_not_count() {
        for text in ["\u{200b}a b\u{feff}", " \u{200f}\u{a0}a b\u{2060} ", "\u{ad}a b\u{e0020}", "a b"] {
            assert_eq!(visible(text), "a b", "{text:?}");
        }
        assert_eq!(visible("a\u{200b}b"), "a\u{200b}b", "only at the ends");
        assert_eq!(visible("Ame\u{301}lie"), "Am\u{e9}lie");
        assert_eq!(visible("\u{200b}\u{feff} "), "");
    }

    #[test]
    fn digits_of_any_script_are_digits() {
        for (text, digits) in [
            ("٠٧٧٠٠", "07700"),
            ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
            ("०१२३४५६७८९", "0123456789"),
            ("０１２３４５６７８９", "0123456789"),
            ("𝟎𝟗𝟘𝟡𝟶𝟿", "090909"),
            ("0189", "0189"),
        ] {
            assert_eq!(text.chars().map(digit).collect::<Option<String>>().as_deref(), Some(digits), "{text}");
        }
        assert!(['²', '½', '一', 'x', 'Ⅳ'].into_iter().all(|c| digit(c).is_none()));
        assert!(['-', '–', '—', '‐', '−', '－'].into_iter().all(is_dash) && !is_dash('_'));
    }
}
