//! Reads the configured dimensions from a touchpoint's properties.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::number;

/// The properties that are dimensions, by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Properties {
    names: Vec<Arc<str>>,
    /// The last key of each path as JSON, in quotes.
    keys: Vec<String>,
    root: Vec<PathNode>,
}

/// A node of the tree of paths: a key, the dimensions whose path ends here, and the nodes below.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct PathNode {
    key: String,
    dimensions: Vec<usize>,
    below: Vec<PathNode>,
}

impl Properties {
    /// From paths such as `properties.platform` or `properties.page.theme`.
    pub fn new(paths: &[Arc<str>]) -> Self {
        let mut properties = Properties { names: paths.to_vec(), ..Properties::default() };
        for (dimension, path) in paths.iter().enumerate() {
            let steps = path.strip_prefix("properties.").unwrap_or(path);
            let mut nodes = &mut properties.root;
            let mut steps = steps.split('.').peekable();
            while let Some(step) = steps.next() {
                let place = nodes.iter().position(|node| node.key == step).unwrap_or_else(|| {
                    nodes.push(PathNode { key: step.to_owned(), ..PathNode::default() });
                    nodes.len() - 1
                });
                if steps.peek().is_none() {
                    nodes[place].dimensions.push(dimension);
                    properties.keys.push(format!("\"{step}\""));
                }
                nodes = &mut nodes[place].below;
            }
        }
        properties
    }

    /// The paths as configured.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// A buffer for the values of one touchpoint.
    pub fn values(&self) -> PropertyValues {
        PropertyValues { texts: vec![String::new(); self.names.len()], there: vec![false; self.names.len()] }
    }

    /// Calls `found` with the index of a dimension and its value, for each that a JSON text has. A string is its text,
    /// a number its digits, a boolean its word; other JSON values are no value.
    pub fn read(&self, json: &str, found: &mut dyn FnMut(usize, &str)) {
        // Most touchpoints have none of them, and a text search is cheaper than a parse. A key with an escape
        // could be one of them in another spelling.
        if !json.contains('\\') && !self.keys.iter().any(|key| json.contains(key.as_str())) {
            return;
        }
        read_object(json, &self.root, found);
    }
}

/// The values of one touchpoint, in a buffer that is reused for the next.
#[derive(Clone, Debug, Default)]
pub struct PropertyValues {
    texts: Vec<String>,
    there: Vec<bool>,
}

impl PropertyValues {
    /// Clears them.
    pub fn clear(&mut self) {
        self.there.fill(false);
    }

    /// Reads the values from a JSON text.
    pub fn read(&mut self, properties: &Properties, json: &str) {
        let (texts, there) = (&mut self.texts, &mut self.there);
        properties.read(json, &mut |dimension, value| {
            texts[dimension].clear();
            texts[dimension].push_str(value);
            there[dimension] = true;
        });
    }

    /// The value of each dimension; empty when no dimension has one.
    pub fn shown(&self) -> Vec<Option<&str>> {
        match self.there.contains(&true) {
            true => self.texts.iter().zip(&self.there).map(|(text, there)| there.then_some(text.as_str())).collect(),
            false => Vec::new(),
        }
    }
}

/// Reads an object that is on the path of a dimension.
fn read_object(json: &str, nodes: &[PathNode], found: &mut dyn FnMut(usize, &str)) {
    let mut reader = serde_json::Deserializer::from_str(json);
    // Stored properties are valid JSON, so an error can only come from a value that is not read here.
    let _ = ObjectSeed { nodes, found }.deserialize(&mut reader);
}

struct ObjectSeed<'a, 'f> {
    nodes: &'a [PathNode],
    found: &'f mut dyn FnMut(usize, &str),
}

impl ObjectSeed<'_, '_> {
    fn read_value(&mut self, node: &PathNode, value: &RawValue) {
        let text = value.get();
        let value = match text.as_bytes().first() {
            Some(b'{') if !node.below.is_empty() => return read_object(text, &node.below, self.found),
            Some(b'"') => match serde_json::from_str::<Key<'_>>(text) {
                Ok(Key(text)) => text,
                Err(_) => return,
            },
            Some(b'-' | b'0'..=b'9') => number::plain(text),
            Some(b't' | b'f') => Cow::Borrowed(text),
            _ => return,
        };
        for &dimension in &node.dimensions {
            (self.found)(dimension, &value);
        }
    }
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            match self.nodes.iter().find(|node| *node.key == *key) {
                Some(node) => {
                    let value = map.next_value::<&RawValue>()?;
                    self.read_value(node, value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A string, borrowed when it has no escapes.
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
    fn strings_numbers_and_booleans_are_values_and_nothing_else_is() {
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
    fn paths_are_nested_and_may_share_their_beginning() {
        let paths = ["properties.page.theme", "properties.page", "properties.page.name", "properties.x"];
        let json = r#"{"page": {"name": "Home", "theme": "dark"}, "x": "y", "page2": {"theme": "no"}}"#;
        let mut values = read(&paths, json);
        values.sort();
        assert_eq!(values, [(0, "dark".to_owned()), (2, "Home".to_owned()), (3, "y".to_owned())]);
        assert_eq!(read(&paths, r#"{"page": "Home"}"#), [(1, "Home".to_owned())]);
    }
}
