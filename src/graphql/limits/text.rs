//! Counts tokens and brackets of a query's text, and repairs its strings, without parsing the text.
//!
//! Follows the lexical grammar of the GraphQL specification (October 2021, section 2.1) as far as counting needs it.
//! Other characters count as tokens; the parser reports them.

use std::borrow::Cow;

use async_graphql::Pos;

use super::{LimitError, Limits, Measure};
use crate::domain::surrogate::{self, Escape};

/// Refuses a text that is too long or nested too deep. One pass, no recursion.
pub fn check_text(query: &str, limits: &Limits) -> Result<(), LimitError> {
    let bytes = query.len() as u64;
    if bytes > limits.bytes {
        return Err(too_much(Measure::Bytes, bytes, limits.bytes, None));
    }
    let text = query.as_bytes();
    let (mut at, mut tokens, mut open) = (0, 0, 0_u64);
    while at < text.len() {
        let start = at;
        at = match text[at] {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF => {
                at += 1;
                continue;
            }
            b'#' => {
                at = skip(text, at, |byte| byte != b'\n' && byte != b'\r');
                continue;
            }
            b'"' => end_of_string(text, at),
            b'{' | b'[' | b'(' => {
                open += 1;
                if open > limits.brackets {
                    return Err(too_much(Measure::Brackets, open, limits.brackets, Some(position(query, start))));
                }
                at + 1
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                at + 1
            }
            b'.' => skip(text, at, |byte| byte == b'.'),
            byte if is_word(byte) => skip(text, at, |byte| is_word(byte) || byte == b'.'),
            _ => at + 1,
        };
        tokens += 1;
        if tokens > limits.tokens {
            return Err(too_much(Measure::Tokens, tokens, limits.tokens, Some(position(query, start))));
        }
    }
    Ok(())
}

/// The document with each half of a character, `\\ud83d` in a string, replaced by U+FFFD, and both halves of a
/// character replaced by the character, since the parsers here do not read such escapes. Also whether there was such a
/// half. Block strings have no escapes of this kind.
pub fn mend(document: &str) -> (Cow<'_, str>, bool) {
    let text = document.as_bytes();
    let (mut mended, mut taken, mut had_half) = (String::new(), 0, false);
    let mut at = if document.contains("\\u") { 0 } else { text.len() };
    while at < text.len() {
        let start = at;
        at = match text[at] {
            b'#' => skip(text, at, |byte| byte != b'\n' && byte != b'\r'),
            b'"' => end_of_string(text, at),
            _ => at + 1,
        };
        if text[start] != b'"' || text[start..].starts_with(b"\"\"\"") {
            continue;
        }
        for (place, escape) in surrogate::escapes(document.get(start..at).unwrap_or_default()) {
            mended.push_str(&document[taken..start + place.start]);
            taken = start + place.end;
            match escape {
                Escape::Pair(pair) => mended.push(pair),
                Escape::Half => {
                    mended.push_str("\\ufffd");
                    had_half = true;
                }
            }
        }
    }
    if taken == 0 {
        return (Cow::Borrowed(document), false);
    }
    mended.push_str(&document[taken..]);
    (Cow::Owned(mended), had_half)
}

/// Characters of names and numbers, which are one token.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte == b'+'
}

/// The first position from `at` where `more` is false.
fn skip(text: &[u8], at: usize, more: impl Fn(u8) -> bool) -> usize {
    text[at..].iter().position(|byte| !more(*byte)).map_or(text.len(), |length| at + length)
}

/// The position after the string that starts at `at`. An unterminated string ends with its line, or with the text.
fn end_of_string(text: &[u8], at: usize) -> usize {
    let block = text[at..].starts_with(b"\"\"\"");
    let mut end = at + if block { 3 } else { 1 };
    while end < text.len() {
        match text[end] {
            b'\\' if block && text[end..].starts_with(b"\\\"\"\"") => end += 4,
            b'\\' if !block => end += 2,
            b'"' if block && text[end..].starts_with(b"\"\"\"") => return end + 3,
            b'"' if !block => return end + 1,
            b'\n' | b'\r' if !block => return end,
            _ => end += 1,
        }
    }
    text.len()
}

/// Line and column, from 1, of the first byte of a token.
fn position(query: &str, at: usize) -> Pos {
    let before = &query[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Pos {
        line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

fn too_much(measure: Measure, value: u64, limit: u64, at: Option<Pos>) -> LimitError {
    LimitError::TooMuch { measure, value, limit, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(query: &str) -> u64 {
        (0..).find(|tokens| check_text(query, &Limits { tokens: *tokens, ..Limits::default() }).is_ok()).unwrap_or(0)
    }

    #[test]
    fn tokens_are_counted_as_the_specification_cuts_them() {
        assert_eq!(tokens("{ a, b: c(x: -1.5e+3, y: \"} { \\\" #\") ...F @d } # no { more"), 18);
        assert_eq!(tokens("\"\"\"block { \" \\\"\"\" \n still\"\"\" name"), 2);
        assert_eq!(tokens("\u{feff}\"not closed { {\n{"), 2);
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_nest() {
        let limits = Limits { brackets: 2, ..Limits::default() };
        assert!(check_text("{ a(x: \"{{{{\") # ((((\n { b } }", &limits).is_ok());
        let Err(LimitError::TooMuch { measure, value: 3, at: Some(at), .. }) = check_text("{ a\n { é b(", &limits)
        else {
            panic!("three brackets passed");
        };
        assert_eq!((measure, at.line, at.column), (Measure::Brackets, 2, 7));
    }

    #[test]
    fn halves_of_characters_in_strings_are_mended() {
        for (document, mended, had_half) in [
            (r#"{ a(x: "\ud83d") }"#, r#"{ a(x: "\ufffd") }"#, true),
            (r#"{ a(x: "\ud83d\uDE00 \ude00") }"#, "{ a(x: \"\u{1f600} \\ufffd\") }", true),
            (r#"{ a(x: "\ud83d\ude00 \u00e9") }"#, "{ a(x: \"\u{1f600} \\u00e9\") }", false),
            (r#"{ a(x: "\\ud83d") # "\ud83d""#, r#"{ a(x: "\\ud83d") # "\ud83d""#, false),
            (r#"{ a(x: """ \ud83d " """, y: "\udc00") }"#, r#"{ a(x: """ \ud83d " """, y: "\ufffd") }"#, true),
            (r#"{ a(x: "\ud83d"#, r#"{ a(x: "\ufffd"#, true),
            ("{ a(x: \"é\\", "{ a(x: \"é\\", false),
            ("{ a(x: \"\\u00e9\\é", "{ a(x: \"\\u00e9\\é", false),
        ] {
            assert_eq!(mend(document), (mended.into(), had_half), "{document}");
        }
    }

    #[test]
    fn a_long_text_is_not_even_read() {
        let error = check_text(&" ".repeat(32 * 1024 + 1), &Limits::default()).expect_err("too long");
        assert!(matches!(error, LimitError::TooMuch { measure: Measure::Bytes, value: 32_769, limit: 32_768, .. }));
    }

    #[test]
    fn cut_strings_end_inside_the_text() {
        for query in ["\"\\", "\"", "\"\"\"", "\"\"\"\\\"\"\"", "{ a(x: \"\\"] {
            assert!(check_text(query, &Limits::default()).is_ok(), "{query}");
        }
    }
}
