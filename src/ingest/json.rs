//! JSON read one level at a time, borrowed from the text: an event is mostly passed through, so
//! nothing is built that is not asked for.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::number;

/// An object whose values are still text.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// `None` when the text is no object.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The value of a key; of a key given twice, the last. `null` is no value.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let entry = self.0.iter().rfind(|(name, _)| name == key)?;
        (entry.1.get() != "null").then_some(entry.1)
    }

    /// Keys and values, as they stand; a key given twice stands twice.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Cow<'a, str>, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name, *value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = Vec::with_capacity(8);
                while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    entries.push((key, value));
                }
                Ok(Object(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// One value, looked at.
#[derive(Debug)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    /// As it was written.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<&'a RawValue>),
    Object(Object<'a>),
}

impl<'a> Json<'a> {
    pub(crate) fn of(raw: &'a RawValue) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'"') => Json::Text(unquote(text)),
            Some(b'{') => Object::parse(text).map_or(Json::Null, Json::Object),
            Some(b'[') => serde_json::from_str(text).map_or(Json::Null, Json::List),
            Some(b't') => Json::Bool(true),
            Some(b'f') => Json::Bool(false),
            Some(b'n') | None => Json::Null,
            Some(_) => Json::Number(text),
        }
    }
}

/// What stands within a value, so many steps deep. `null` is no value.
pub(crate) fn within<'a, 's>(
    value: &'a RawValue,
    steps: impl IntoIterator<Item = &'s Box<str>>,
) -> Option<&'a RawValue> {
    steps.into_iter().try_fold(value, |value, step| Object::parse(value.get())?.get(step))
}

/// The value as text, when it is text or a number. A number is its [digits](crate::domain::number::plain), however
/// it was written: as an id 12345.0 is 12345.
pub(crate) fn as_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'"' => Some(unquote(text)),
        b'-' | b'0'..=b'9' => Some(number::plain(text)),
        _ => None,
    }
}

fn unquote(text: &str) -> Cow<'_, str> {
    let inner = &text[1..text.len() - 1];
    if inner.as_bytes().contains(&b'\\') {
        Cow::Owned(serde_json::from_str(text).unwrap_or_default())
    } else {
        Cow::Borrowed(inner)
    }
}

/// An event's text, checked, with what had to be made of it so that it can be read.
pub(crate) struct Checked<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Where numbers stood that are beyond a double: few readers take such a number, so it is text from here on.
    pub(crate) beyond: Vec<String>,
}

/// Checks what reading level by level does not: escapes that are no character, nesting that no reader takes; and
/// numbers out of range, which become text. What passes here can be parsed whole by whoever reads it out of the
/// store. Only texts in which such a thing can be are parsed twice.
pub(crate) fn check(text: &str) -> Result<Checked<'_>, serde_json::Error> {
    /// Below the 128 levels that `serde_json` reads, and what wraps an answer adds some.
    const DEEPEST: usize = 64;
    /// A double has at most so many digits before its point.
    const MOST_DIGITS: usize = 300;
    let mut depth = 0_usize;
    let mut deepest = 0;
    let mut in_text = false;
    let mut digits = 0;
    let (mut suspect, mut large) = (false, false);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if in_text {
            match byte {
                b'"' => in_text = false,
                b'\\' => suspect |= bytes.next() == Some(b'u'),
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            // `true` and `false` end in e; a number goes on after it.
            b'e' | b'E' => large |= digits > 0,
            b'0'..=b'9' => digits += 1,
            _ => {
                large |= digits > MOST_DIGITS;
                digits = 0;
                if matches!(byte, b'}' | b']') {
                    depth = depth.saturating_sub(1);
                }
            }
        }
    }
    large |= digits > MOST_DIGITS;
    if deepest > DEEPEST {
        return Err(serde::de::Error::custom(format!("nested deeper than {DEEPEST} levels")));
    }
    if suspect {
        serde_json::from_str::<serde_json::Value>(text)?;
    }
    let (text, beyond) = if large { beyond_a_double(text) } else { (Cow::Borrowed(text), Vec::new()) };
    Ok(Checked { text, beyond })
}

/// The text with every number that no double holds in quotes, and where the first of those stand: a path can be long.
fn beyond_a_double(text: &str) -> (Cow<'_, str>, Vec<String>) {
    const MOST_NAMED: usize = 20;
    enum Step<'a> {
        Key(&'a str),
        Place(usize),
    }
    let mut steps: Vec<Step<'_>> = Vec::new();
    let (mut mended, mut taken, mut beyond) = (String::new(), 0, Vec::new());
    let bytes = text.as_bytes();
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
                let after = text[at..].trim_start();
                if let (Some(Step::Key(key)), true) = (steps.last_mut(), after.starts_with(':')) {
                    *key = text[begin..at].trim_matches('"');
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
            b'-' | b'0'..=b'9' => {
                let is_of_it = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                at += bytes[at..].iter().take_while(|byte| is_of_it(byte)).count();
                let number = &text[begin..at];
                if number.parse::<f64>().is_ok_and(f64::is_infinite) {
                    mended.push_str(&text[taken..begin]);
                    mended.extend(["\"", number, "\""]);
                    taken = at;
                    if beyond.len() == MOST_NAMED {
                        continue;
                    }
                    let mut path = String::new();
                    for step in &steps {
                        match step {
                            Step::Key(key) if path.is_empty() => path.push_str(key),
                            Step::Key(key) => path.extend([".", key]),
                            Step::Place(place) => path.push_str(&format!("[{place}]")),
                        }
                    }
                    beyond.push(path);
                }
            }
            _ => {}
        }
    }
    if beyond.is_empty() {
        return (Cow::Borrowed(text), beyond);
    }
    mended.push_str(&text[taken..]);
    (Cow::Owned(mended), beyond)
}

/// A value as one text, however it was spaced and its texts escaped; numbers stay as they were written.
pub(crate) fn compact(raw: &RawValue) -> Cow<'_, str> {
    let text = raw.get();
    if !text.starts_with(['{', '[']) && !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut compact = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let begin = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'"' => {
                while let Some(&byte) = bytes.get(at).filter(|byte| **byte != b'"') {
                    at += if byte == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(bytes.len());
                let quoted = &text[begin..at];
                match quoted.contains('\\') {
                    true => compact.push_str(&serde_json::Value::from(unquote(quoted)).to_string()),
                    false => compact.push_str(quoted),
                }
            }
            _ => {
                at +=
                    bytes[at..].iter().take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'"')).count();
                compact.push_str(&text[begin..at]);
            }
        }
    }
    Cow::Owned(compact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_key_given_twice_counts_and_null_is_no_value() {
        let object = Object::parse(r#"{"a":1,"a":2,"b":null,"c\u0064":"x"}"#).expect("an object");
        assert_eq!(object.get("a").map(RawValue::get), Some("2"));
        assert!(object.get("b").is_none() && object.get("z").is_none());
        assert_eq!(object.get("cd").map(RawValue::get), Some("\"x\""));
        assert!(Object::parse("[1]").is_none() && Object::parse("{").is_none());
    }

    #[test]
    fn text_is_borrowed_unless_it_has_escapes() {
        let raw: &RawValue = serde_json::from_str(r#""plain""#).expect("JSON");
        assert!(matches!(as_text(raw), Some(Cow::Borrowed("plain"))));
        let raw: &RawValue = serde_json::from_str(r#""a\"b\u00e9""#).expect("JSON");
        assert_eq!(as_text(raw).as_deref(), Some("a\"bé"));
        let raw: &RawValue = serde_json::from_str("-12.50").expect("JSON");
        assert_eq!(as_text(raw).as_deref(), Some("-12.5"));
        let raw: &RawValue = serde_json::from_str("true").expect("JSON");
        assert_eq!(as_text(raw), None);
    }

    #[test]
    fn what_no_reader_could_parse_whole_is_found() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        for text in [r#"{"a":"\ud800"}"#, &deep] {
            assert!(check(text).is_err(), "{text}");
        }
        for text in [r#"{"a":"\u00e9","b":true,"c":1.5e3,"d":[false,null],"e":"[[[[{{{"}"#, "{}"] {
            let checked = check(text).expect("good JSON");
            assert!(checked.text == text && checked.beyond.is_empty());
        }
    }

    #[test]
    fn a_number_beyond_a_double_becomes_text() {
        let long = "9".repeat(400);
        for (number, becomes_text) in [
            ("1e400", true),
            ("-1E+999", true),
            (&*long, true),
            ("1e308", false),
            ("1e-400", false),
            ("18446744073709551616", false),
        ] {
            let text = format!(r#"{{"a,\"[": "1e400", "properties": {{"x": [true, {{"y z": {number} }}], "e": 5 }}}}"#);
            let checked = check(&text).expect("JSON");
            let event = Object::parse(&checked.text).expect("an object");
            let x = event.get("properties").and_then(|p| Object::parse(p.get())?.get("x"));
            let Some(Json::List(x)) = x.map(Json::of) else { panic!("{}", checked.text) };
            let y = Object::parse(x[1].get()).and_then(|x| x.get("y z")).expect("a value").get().to_owned();
            match becomes_text {
                true => {
                    assert_eq!((y, checked.beyond), (format!("\"{number}\""), vec!["properties.x[1].y z".to_owned()]))
                }
                false => assert!(y == number && checked.beyond.is_empty(), "{}", checked.text),
            }
        }
    }

    #[test]
    fn of_many_numbers_beyond_a_double_the_first_are_named() {
        let text = format!("{{\"{}\":[{}1]}}", "k".repeat(1_000), "1e400,".repeat(1_000));
        let checked = check(&text).expect("JSON");
        assert_eq!((checked.beyond.len(), checked.text.matches("\"1e400\"").count()), (20, 1_000));
        assert!(checked.text.ends_with(",1]}"));
    }

    #[test]
    fn spaces_and_escapes_make_no_difference_and_digits_stay() {
        let compact = |text: &str| compact(serde_json::from_str(text).expect("JSON")).into_owned();
        assert_eq!(compact(r#"{ "a" : [ 1.50, 1E5, -0 ,108204269033311374217 ], "b\u0063":"x y\/z" }"#), {
            r#"{"a":[1.50,1E5,-0,108204269033311374217],"bc":"x y/z"}"#
        });
        assert_eq!(compact(r#""\u00e9 \" \n""#), r#""é \" \n""#);
        assert_eq!(compact("1.0"), "1.0");
    }
}
