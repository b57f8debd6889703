//! Halves of surrogate pairs in JSON: JavaScript cuts a text in the middle of a character and sends `\ud83d` alone,
//! which is JSON's grammar and nobody's character (RFC 8259, section 8.2).

use std::borrow::Cow;

/// JSON text in which each half without its other half is U+FFFD; as it is when there is none. It keeps its length.
pub fn mend(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let unit = |at: usize| {
        let digits = (bytes.get(at..at + 2) == Some(b"\\u")).then(|| json.get(at + 2..at + 6)).flatten()?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let mut mended = String::new();
    let mut taken = 0;
    let mut at = 0;
    while let Some(next) = json[at..].find('\\') {
        at += next;
        match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                mended.push_str(&json[taken..at]);
                mended.push_str("\\ufffd");
                at += 6;
                taken = at;
            }
            Some(_) => at += 6,
            // A backslash and what it escapes, which may be a backslash. Of what is no JSON the parser speaks.
            None => at += 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if taken == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[taken..]);
    Cow::Owned(mended)
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
