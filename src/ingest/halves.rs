//! Halves of characters in an event: see [`crate::domain::surrogate`]. Each becomes U+FFFD, and it is said where.

use std::borrow::Cow;

use crate::domain::surrogate;

/// So many places are named; a text that was cut wrongly once may be so everywhere.
const MOST_NAMED: usize = 20;

/// An event's text without halves of characters, and the paths of the texts that had some.
pub(crate) fn mend(text: &str) -> (Cow<'_, str>, Vec<String>) {
    let mended = surrogate::mend(text);
    let paths = if let Cow::Owned(mended) = &mended { differing(text, mended) } else { Vec::new() };
    (mended, paths)
}

/// The paths of the texts of a JSON text that are others in another one, which is as long.
fn differing(text: &str, other: &str) -> Vec<String> {
    enum Step<'a> {
        Key(&'a str),
        Place(usize),
    }
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut paths = Vec::new();
    let bytes = other.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let begin = at;
        at += 1;
        match byte {
            b'"' => {
                while let Some(&byte) = bytes.get(at).filter(|byte| **byte != b'"') {
                    at += if byte == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(bytes.len());
                let is_key = other.get(at..).is_some_and(|after| after.trim_start().starts_with(':'));
                if let (Some(Step::Key(key)), true) = (steps.last_mut(), is_key) {
                    *key = other.get(begin + 1..at - 1).unwrap_or_default();
                }
                if text.get(begin..at) != other.get(begin..at) {
                    let mut path = String::new();
                    for step in &steps {
                        match step {
                            Step::Key(key) if path.is_empty() => path.push_str(key),
                            Step::Key(key) => path.extend([".", key]),
                            Step::Place(place) => path.push_str(&format!("[{place}]")),
                        }
                    }
                    paths.push(path);
                    if paths.len() == MOST_NAMED {
                        return paths;
                    }
                }
            }
            b'{' => steps.push(Step::Key("")),
            b'[' => steps.push(Step::Place(0)),
            b'}' | b']' => drop(steps.pop()),
            b',' => {
                if let Some(Step::Place(place)) = steps.last_mut() {
                    *place += 1;
                }
            }
            _ => {}
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_with_a_half_is_named() {
        let text = r#"{"a":"\ud83d\ude00","b\ud83d":1,"c":{"d e":[true,{"f":"x\ud83d, \"y\": \udc00"},"\ud83dz"]}}"#;
        let (mended, paths) = mend(text);
        assert_eq!(
            mended,
            r#"{"a":"\ud83d\ude00","b\ufffd":1,"c":{"d e":[true,{"f":"x\ufffd, \"y\": \ufffd"},"\ufffdz"]}}"#
        );
        assert_eq!(paths, ["b\\ufffd", "c.d e[1].f", "c.d e[2]"]);
        let many = format!("[{}]", vec![r#""\ud83d""#; 100].join(","));
        assert_eq!(mend(&many).1.len(), MOST_NAMED);
        for broken in [r#""\ud83d"#, r#"{"a":"\ud83d\"#, r#"\ud83d"#, r#"}]"\udc00""#] {
            assert!(matches!(mend(broken).0, Cow::Owned(_)), "{broken}: the parser speaks of the rest");
        }
        assert_eq!(mend("{}"), (Cow::Borrowed("{}"), Vec::new()));
    }
}
