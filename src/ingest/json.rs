//! Reads JSON one level at a time, borrowed from the text. Most of an event is stored unread, so only requested values
//! are built.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::{number, surrogate};

/// An object whose values are still text.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// Fails with the position of the first fault.
    pub(crate) fn read(text: &'a str) -> serde_json::Result<Self> {
        /// A key with its escapes replaced.
        #[derive(Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

        fn entries<'a, K: Deserialize<'a>>(
            text: &'a str,
            name: fn(K) -> Cow<'a, str>,
        ) -> serde_json::Result<Object<'a>> {
            let mut reader = serde_json::Deserializer::from_str(text);
            let entries = reader.deserialize_map(Entries(name))?;
            reader.end()?;
            Ok(Object(entries))
        }
        // A key with half a character is no text for `serde_json`: then keys are read as written.
        entries(text, |Key(name)| name).or_else(|_| entries(text, |key: &RawValue| unquote(key.get())))
    }

    /// The value of a key; the last one when a key is given twice. `null` counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let entry = self.0.iter().rfind(|(name, _)| name == key)?;
        (entry.1.get() != "null").then_some(entry.1)
    }

    /// Keys and values, unchanged. A key that is given twice is listed twice.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Cow<'a, str>, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name, *value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Builds the entries of an object, with the name of each key.
struct Entries<'a, K>(fn(K) -> Cow<'a, str>);

impl<'de, K: Deserialize<'de>> Visitor<'de> for Entries<'de, K> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut entries = Vec::with_capacity(8);
        while let Some((key, value)) = map.next_entry::<K, &'de RawValue>()? {
            entries.push(((self.0)(key), value));
        }
        Ok(entries)
    }
}

/// One value, not parsed yet.
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

/// The value at a path inside a value. `null` counts as absent.
pub(crate) fn within<'a, 's>(
    value: &'a RawValue,
    steps: impl IntoIterator<Item = &'s Box<str>>,
) -> Option<&'a RawValue> {
    steps.into_iter().try_fold(value, |value, step| Object::parse(value.get())?.get(step))
}

/// The value as text, when it is text or a number. A number gives its [digits](crate::domain::number::plain), in any
/// notation: as an id, 12345.0 is 12345.
pub(crate) fn as_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'"' => Some(unquote(text)),
        b'-' | b'0'..=b'9' => Some(number::plain(text)),
        _ => None,
    }
}

/// The content of a text. Half a character in it becomes U+FFFD.
fn unquote(text: &str) -> Cow<'_, str> {
    if text.contains('\\') {
        return Cow::Owned(serde_json::from_str(&surrogate::mend(text)).unwrap_or_default());
    }
    let inner = text.strip_prefix('"').unwrap_or(text);
    Cow::Borrowed(inner.strip_suffix('"').unwrap_or(inner))
}

/// JSON text cut into texts, numbers, words and signs, each with its position. The parser checks whether their order is
/// valid.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        at += bytes[at..].iter().take_while(|byte| is_space(byte)).count();
        let begin = at;
        match bytes.get(at)? {
            b'"' => {
                at += 1;
                while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
                    at += if *byte == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(bytes.len());
            }
            sign if is_sign(sign) => at += 1,
            _ => {
                let ends = |byte: &u8| *byte == b'"' || is_sign(byte) || is_space(byte);
                at += bytes[at..].iter().take_while(|byte| !ends(byte)).count();
            }
        }
        Some((begin, text.get(begin..at)?))
    })
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_sign(byte: &u8) -> bool {
    matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':')
}

/// The path of a token: `properties.products[2].sku`.
#[derive(Default)]
struct Path<'a> {
    steps: Vec<Step<'a>>,
    /// Whether the next text of an object is a key.
    before_key: bool,
}

enum Step<'a> {
    /// With its quotes.
    Key(&'a str),
    Place(usize),
}

impl<'a> Path<'a> {
    /// Updates the path with the next token.
    fn follow(&mut self, token: &'a str) {
        match (token.as_bytes(), self.steps.last_mut()) {
            ([b'"', ..], Some(Step::Key(key))) if self.before_key => *key = token,
            (b",", Some(Step::Place(place))) => *place += 1,
            (b"{", _) => self.steps.push(Step::Key("")),
            (b"[", _) => self.steps.push(Step::Place(0)),
            (b"}" | b"]", _) => drop(self.steps.pop()),
            _ => {}
        }
        self.before_key = matches!(token, "{" | ",");
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) if n == 0 => f.write_str(&unquote(key))?,
                Step::Key(key) => write!(f, ".{}", unquote(key))?,
                Step::Place(place) => write!(f, "[{place}]")?,
            }
        }
        Ok(())
    }
}

/// A checked event's text, with the repairs that were needed to read it.
pub(crate) struct Checked<'a> {
    pub(crate) text: Cow<'a, str>,
    /// The first oddities with their paths; only the first, since a path can be long.
    pub(crate) odd: Vec<(String, Odd)>,
}

/// An oddity of a text or a number in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Odd {
    /// Half a surrogate pair: readers replace it by U+FFFD, and the stored text has U+FFFD.
    #[error("half a character in it, so that is U+FFFD")]
    Half,
    /// The number does not fit into a double, and few readers accept such a number, so it becomes a text.
    #[error("a number beyond what a double holds, so it is kept as text")]
    Beyond,
}

/// The most levels of an event. Less than the 128 levels that `serde_json` reads, since the answer around it adds some.
const DEEPEST: usize = 64;
/// The most digits of a double before its point.
const MOST_DIGITS: usize = 300;

/// Whether a text certainly passes the [check] without an oddity, as nearly all do. It looks at each byte once.
fn is_usual(text: &str) -> bool {
    let (mut depth, mut digits) = (0_usize, 0_usize);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => {
                        // All surrogates begin with a d.
                        if bytes.next() == Some(b'u') && matches!(bytes.clone().next(), Some(b'd' | b'D')) {
                            return false;
                        }
                    }
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            b'{' | b'[' => {
                depth += 1;
                if depth > DEEPEST {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'0'..=b'9' => {
                digits += 1;
                if digits > MOST_DIGITS {
                    return false;
                }
                continue;
            }
            // `true` and `false` end in e; a number continues after it.
            b'E' | b'e' if digits > 0 => return false,
            _ => {}
        }
        digits = 0;
    }
    true
}

/// Checks what a read by levels does not check: too deep nesting, halves of characters, and numbers out of range, which
/// become text. A text that passes can be parsed completely when it is [stored](mended).
pub(crate) fn check(text: &str) -> Result<Checked<'_>, serde_json::Error> {
    if is_usual(text) { Ok(Checked { text: Cow::Borrowed(text), odd: Vec::new() }) } else { check_tokens(text) }
}

fn check_tokens(text: &str) -> Result<Checked<'_>, serde_json::Error> {
    const MOST_NAMED: usize = 20;
    let mut path = Path::default();
    let (mut read, mut taken, mut odd) = (String::new(), 0, Vec::new());
    for (begin, token) in tokens(text) {
        path.follow(token);
        if path.steps.len() > DEEPEST {
            return Err(serde::de::Error::custom(format!("nested deeper than {DEEPEST} levels")));
        }
        let found = if token.starts_with('"') { has_half(token).then_some(Odd::Half) } else { beyond_a_double(token) };
        if found == Some(Odd::Beyond) {
            read.push_str(&text[taken..begin]);
            read.extend(["\"", token, "\""]);
            taken = begin + token.len();
        }
        if odd.len() < MOST_NAMED {
            odd.extend(found.map(|found| (path.to_string(), found)));
        }
    }
    if taken == 0 {
        return Ok(Checked { text: Cow::Borrowed(text), odd });
    }
    read.push_str(&text[taken..]);
    Ok(Checked { text: Cow::Owned(read), odd })
}

fn has_half(text: &str) -> bool {
    surrogate::escapes(text).any(|(_, escape)| escape == surrogate::Escape::Half)
}

fn beyond_a_double(token: &str) -> Option<Odd> {
    let is_number = token.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let may_be = is_number && (token.len() > MOST_DIGITS || token.contains(['e', 'E']));
    (may_be && token.parse::<f64>().is_ok_and(f64::is_infinite)).then_some(Odd::Beyond)
}

/// A value in its stored form. Only halves of characters are lost.
pub(crate) fn mended(raw: &RawValue) -> Cow<'_, RawValue> {
    match surrogate::mend(raw.get()) {
        Cow::Borrowed(_) => Cow::Borrowed(raw),
        Cow::Owned(text) => RawValue::from_string(text).map_or(Cow::Borrowed(raw), Cow::Owned),
    }
}

/// A value as one text, the same for all spacing and all escapes of texts. Numbers stay as they were written.
pub(crate) fn compact(raw: &RawValue) -> Cow<'_, str> {
    let text = raw.get();
    if !text.starts_with(['{', '[']) && !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut compact = String::with_capacity(text.len());
    for (_, token) in tokens(text) {
        match token.contains('\\') {
            true => compact.push_str(&serde_json::Value::from(unquote(token)).to_string()),
            false => compact.push_str(token),
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
    fn nesting_that_no_reader_takes_is_found() {
        let deep = |levels| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(check(&deep(65)).is_err() && check(&deep(64)).is_ok());
        for text in [r#"{"a":"\u00e9","b":true,"c":1.5e3,"d":[false,null],"e":"[[[[{{{"}"#, "{}"] {
            let checked = check(text).expect("good JSON");
            assert!(checked.text == text && checked.odd.is_empty());
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
                    let odd = vec![("properties.x[1].y z".to_owned(), Odd::Beyond)];
                    assert_eq!((y, checked.odd), (format!("\"{number}\""), odd));
                }
                false => assert!(y == number && checked.odd.is_empty(), "{}", checked.text),
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn a_usual_text_has_no_oddity(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "\"", "\\", "\\u", "\\ud83d", "\\\\", "u", "d8", "{", "[", "}", "]", ",", ":", "true", "1", "e", "E5",
                    "1e400", "-9e999", "é", " ", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                ]),
                0..12,
            ),
        ) {
            let text = parts.concat();
            let checked = check_tokens(&text);
            let has_oddity = checked.as_ref().map_or(true, |checked| !checked.odd.is_empty() || checked.text != text);
            proptest::prop_assert!(!(is_usual(&text) && has_oddity), "{text}");
            let usual = format!("{{\"a\": [{}, \"b\\\\ \\n \\u00e9\", -12.5, true, null]}}", "7".repeat(parts.len()));
            proptest::prop_assert!(is_usual(&usual));
        }
    }

    #[test]
    fn of_many_numbers_beyond_a_double_the_first_are_named() {
        let text = format!("{{\"{}\":[{}1]}}", "k".repeat(1_000), "1e400,".repeat(1_000));
        let checked = check(&text).expect("JSON");
        assert_eq!((checked.odd.len(), checked.text.matches("\"1e400\"").count()), (20, 1_000));
        assert!(checked.text.ends_with(",1]}"));
    }

    #[test]
    fn each_text_with_half_a_character_is_named_and_stays_to_be_read() {
        let text = r#"{"a":"\ud83d\ude00 \ufffd","b\ud83d":1,"c":{"d\u0020e":[true,{"f":"x\ud83d, \"y\": \udc00"},
            "\ud83dz"],"\udc00":{}}, "f" : "\\ud83d" }"#;
        let checked = check(text).expect("JSON");
        assert_eq!(checked.text, text);
        let odd: Vec<_> = checked.odd.iter().map(|(path, odd)| (path.as_str(), *odd)).collect();
        assert_eq!(odd, ["b\u{fffd}", "c.d e[1].f", "c.d e[2]", "c.\u{fffd}"].map(|path| (path, Odd::Half)));
        let object = Object::parse(text).expect("an object");
        assert_eq!(object.get("b\u{fffd}").map(RawValue::get), Some("1"));
        let within = compact(object.get("c").expect("a value"));
        assert_eq!(within, "{\"d e\":[true,{\"f\":\"x\u{fffd}, \\\"y\\\": \u{fffd}\"},\"\u{fffd}z\"],\"\u{fffd}\":{}}");
        let many = format!("[{}]", vec![r#""\ud83d""#; 100].join(","));
        assert_eq!(check(&many).expect("JSON").odd.len(), 20);
        for broken in [r#""\ud83d"#, r#"{"a":"\ud83d\"#, r#"\ud83d"#, r#"}]"\udc00""#, "\"é\\", "\"\\é"] {
            assert!(check(broken).is_ok(), "{broken}: the parser speaks of it");
        }
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
