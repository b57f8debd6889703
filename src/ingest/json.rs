//! JSON read one level at a time, borrowed from the text: an event is mostly passed through, so
//! nothing is built that is not asked for.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

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

/// The value as text, when it is text or a number.
pub(crate) fn as_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'"' => Some(unquote(text)),
        b'-' | b'0'..=b'9' => Some(Cow::Borrowed(text)),
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

/// Checks what reading level by level does not: escapes that are no character, numbers out of
/// range, nesting that no reader takes. What passes here can be parsed whole by whoever reads it
/// out of the store. Only texts in which such a thing can be are parsed twice.
pub(crate) fn check(text: &str) -> Result<(), serde_json::Error> {
    /// Below the 128 levels that `serde_json` reads, and what wraps an answer adds some.
    const DEEPEST: usize = 64;
    let mut depth = 0_usize;
    let mut deepest = 0;
    let mut in_text = false;
    let mut digits = 0;
    let mut suspect = false;
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
            b'E' => suspect = true,
            // `true` and `false` end in e; a number goes on after it.
            b'e' => suspect |= digits > 0,
            b'0'..=b'9' => digits += 1,
            _ => {
                suspect |= digits > 300;
                digits = 0;
                if matches!(byte, b'}' | b']') {
                    depth = depth.saturating_sub(1);
                }
            }
        }
    }
    suspect |= digits > 300;
    if deepest > DEEPEST {
        return Err(serde::de::Error::custom(format!("nested deeper than {DEEPEST} levels")));
    }
    if suspect { serde_json::from_str::<serde_json::Value>(text).map(drop) } else { Ok(()) }
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
        assert_eq!(as_text(raw).as_deref(), Some("-12.50"));
        let raw: &RawValue = serde_json::from_str("true").expect("JSON");
        assert_eq!(as_text(raw), None);
    }

    #[test]
    fn what_no_reader_could_parse_whole_is_found() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let long = format!("{{\"a\":{}}}", "9".repeat(400));
        for text in [r#"{"a":"\ud800"}"#, r#"{"a":1e999}"#, r#"{"a":-1E999}"#, &deep, &long] {
            assert!(check(text).is_err(), "{text}");
        }
        for text in [r#"{"a":"\u00e9","b":true,"c":1.5e3,"d":[false,null],"e":"[[[[{{{"}"#, "{}"] {
            check(text).expect("good JSON");
        }
    }
}
