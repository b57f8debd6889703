//! Halves of surrogate pairs in JSON: JavaScript can cut a text in the middle of a character and send `\ud83d` alone,
//! which is valid JSON grammar but not a character (RFC 8259, section 8.2).

use std::borrow::Cow;
use std::ops::Range;

/// The replacement of a lost character.
pub const LOST: char = '\u{fffd}';

/// An escape of a surrogate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Both halves of this character.
    Pair(char),
    /// One half without the other.
    Half,
}

/// The escapes of surrogates in a text, with their positions. A backslash escapes as in JSON and in GraphQL.
pub fn escapes(text: &str) -> impl Iterator<Item = (Range<usize>, Escape)> {
    let bytes = text.as_bytes();
    let unit = |at: usize| {
        let digits = (bytes.get(at..at + 2) == Some(b"\\u")).then(|| text.get(at + 2..at + 6)).flatten()?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(next) = text[at..].find('\\') {
            at += next;
            let begin = at;
            match (unit(at), unit(at + 6)) {
                (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => {
                    at += 12;
                    let pair = char::decode_utf16([high, low]).next()?.ok()?;
                    return Some((begin..at, Escape::Pair(pair)));
                }
                (Some(0xd800..=0xdfff), _) => {
                    at += 6;
                    return Some((begin..at, Escape::Half));
                }
                (Some(_), _) => at += 6,
                // A backslash and the escaped character, which may be a backslash. The parser reports invalid JSON.
                (None, _) => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            }
        }
        None
    })
}

/// JSON text in which each half without its other half is replaced by U+FFFD; unchanged without such halves. It keeps
/// its length.
pub fn mend(json: &str) -> Cow<'_, str> {
    let mut mended = Cow::Borrowed(json);
    for (place, escape) in escapes(json) {
        if escape == Escape::Half {
            mended.to_mut().replace_range(place, "\\ufffd");
        }
    }
    mended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_half_becomes_the_replacement_character() {
        for (json, mended) in [
            (r#""a\ud83d""#, r#""a\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\uDE00\uD83D""#, r#""\ufffd\ufffd""#),
            (r#""\ud83dé\u00e9""#, r#""\ufffdé\u00e9""#),
            (r#"{"\udfff":["\ud800",1]}"#, r#"{"\ufffd":["\ufffd",1]}"#),
            (r#""\ud83d\\ude00""#, r#""\ufffd\\ude00""#),
        ] {
            assert_eq!(mend(json), mended, "{json}");
            assert!(serde_json::from_str::<serde_json::Value>(json).is_err(), "{json}");
            assert!(serde_json::from_str::<serde_json::Value>(&mend(json)).is_ok(), "{json}");
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for json in
            [r#""\ud83d\ude00 \\ud83d \u00e9""#, r#"{"a":1}"#, "", "\\", "\"\\u", "\"\\ud8", "\"\\u+800\"", "\\é"]
        {
            assert!(matches!(mend(json), Cow::Borrowed(same) if same == json), "{json}");
        }
    }
}
