//! Configured dimensions, read out of a touchpoint's properties.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::number;

/// Which properties are dimensions, by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Properties {
    names: Vec<Arc<str>>,
    /// The last step of each path as it would stand in JSON.
    keys: Vec<String>,
    root: Vec<Branch>,
}

/// A key, what is below it, and whose value stands right there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Branch {
    key: String,
    dimensions: Vec<usize>,
    below: Vec<Branch>,
}

impl Properties {
    /// Of paths such as `properties.platform` or `properties.page.theme`.
    pub fn new(paths: &[Arc<str>]) -> Self {
        let mut properties = Properties { names: paths.to_vec(), ..Properties::default() };
        for (dimension, path) in paths.iter().enumerate() {
            let steps = path.strip_prefix("properties.").unwrap_or(path);
            let mut branches = &mut properties.root;
            let mut steps = steps.split('.').peekable();
            while let Some(step) = steps.next() {
                let place = branches.iter().position(|branch| branch.key == step).unwrap_or_else(|| {
                    branches.push(Branch { key: step.to_owned(), ..Branch::default() });
                    branches.len() - 1
                });
                if steps.peek().is_none() {
                    branches[place].dimensions.push(dimension);
                    properties.keys.push(format!("\"{step}\""));
                }
                branches = &mut branches[place].below;
            }
        }
        properties
    }

    /// The paths, as they were given.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Room for the values of one touchpoint.
    pub fn values(&self) -> Values {
        Values { texts: vec![String::new(); self.names.len()], there: vec![false; self.names.len()] }
    }

    /// Tells `found` the values that a JSON text has for them, by the place of the dimension. A text is
    /// its value as it is, a number is its digits, a truth value its word; anything else is none.
    pub fn read(&self, json: &str, found: &mut dyn FnMut(usize, &str)) {
        // Most touchpoints have none of them, and a look is cheaper than a parse. A key with an escape
        // could be one in disguise.
        if !json.contains('\\') && !self.keys.iter().any(|key| json.contains(key.as_str())) {
            return;
        }
        below(json, &self.root, found);
    }
}

/// The values of one touchpoint, in room that is used again for the next.
#[derive(Clone, Debug, Default)]
pub struct Values {
    texts: Vec<String>,
    there: Vec<bool>,
}

impl Values {
    /// Forgets them.
    pub fn clear(&mut self) {
        self.there.fill(false);
    }

    /// Takes those of a JSON text.
    pub fn read(&mut self, properties: &Properties, json: &str) {
        let (texts, there) = (&mut self.texts, &mut self.there);
        properties.read(json, &mut |dimension, value| {
            texts[dimension].clear();
            texts[dimension].push_str(value);
            there[dimension] = true;
        });
    }

    /// One for each dimension; nothing when there is none at all.
    pub fn shown(&self) -> Vec<Option<&str>> {
        match self.there.contains(&true) {
            true => self.texts.iter().zip(&self.there).map(|(text, there)| there.then_some(text.as_str())).collect(),
            false => Vec::new(),
        }
    }
}

/// Reads an object of which something is wanted.
fn below(json: &str, branches: &[Branch], found: &mut dyn FnMut(usize, &str)) {
    let mut reader = serde_json::Deserializer::from_str(json);
    // What is stored was JSON when it came: a fault can only be one of a value that we do not read.
    let _ = Below { branches, found }.deserialize(&mut reader);
}

struct Below<'a, 'f> {
    branches: &'a [Branch],
    found: &'f mut dyn FnMut(usize, &str),
}

impl Below<'_, '_> {
    fn tell(&mut self, branch: &Branch, value: &RawValue) {
        let text = value.get();
        let value = match text.as_bytes().first() {
            Some(b'{') if !branch.below.is_empty() => return below(text, &branch.below, self.found),
            Some(b'"') => match serde_json::from_str::<Key<'_>>(text) {
                Ok(Key(text)) => text,
                Err(_) => return,
            },
            Some(b'-' | b'0'..=b'9') => number::plain(text),
            Some(b't' | b'f') => Cow::Borrowed(text),
            _ => return,
        };
        for &dimension in &branch.dimensions {
            (self.found)(dimension, &value);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Below<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Below<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            match self.branches.iter().find(|branch| *branch.key == *key) {
                Some(branch) => {
                    let value = map.next_value::<&RawValue>()?;
                    self.tell(branch, value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A text, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'k>(#[serde(borrow)] Cow<'k, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(paths: &[&str], json: &str) -> Vec<(usize, String)> {
        let paths: Vec<Arc<str>> = paths.iter().map(|path| (*path).into()).collect();
        let mut values = Vec::new();
        Properties::new(&paths).read(json, &mut |dimension, value| values.push((dimension, value.to_owned())));
        values
    }

    #[test]
    fn texts_numbers_and_truths_are_values_and_nothing_else_is() {
        let paths = ["properties.a"];
        for (json, value) in [
            (r#"{"b": {"a": "no"}, "a": "web"}"#, Some("web")),
            (r#"{"a": "caf\u00e9 \"x\""}"#, Some("café \"x\"")),
            (r#"{"\u0061": "hidden"}"#, Some("hidden")),
            (r#"{"a": 12, "b": 1}"#, Some("12")),
            (r#"{"a": -1}"#, Some("-1")),
            (r#"{"a": 1.50}"#, Some("1.5")),
            (r#"{"a": 2e3}"#, Some("2000")),
            (r#"{"a": 108204269033311374217}"#, Some("108204269033311374217")),
            (r#"{"a": true}"#, Some("true")),
            (r#"{"a": null}"#, None),
            (r#"{"a": ["web"]}"#, None),
            (r#"{"a": {"a": "web"}}"#, None),
            (r#"{"b": "a"}"#, None),
            ("{}", None),
        ] {
            let got: Vec<String> = read(&paths, json).into_iter().map(|(_, value)| value).collect();
            assert_eq!(got, value.into_iter().map(str::to_owned).collect::<Vec<_>>(), "{json}");
        }
    }

    #[test]
    fn paths_go_down_and_may_share_their_beginning() {
        let paths = ["properties.page.theme", "properties.page", "properties.page.name", "properties.x"];
        let json = r#"{"page": {"name": "Home", "theme": "dark"}, "x": "y", "page2": {"theme": "no"}}"#;
        let mut values = read(&paths, json);
        values.sort();
        assert_eq!(values, [(0, "dark".to_owned()), (2, "Home".to_owned()), (3, "y".to_owned())]);
        assert_eq!(read(&paths, r#"{"page": "Home"}"#), [(1, "Home".to_owned())]);
    }
}
