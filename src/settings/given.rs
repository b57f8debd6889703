//! What was given, and where: the file's tables with the environment laid over them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Place, SettingsError};
use super::store::Secrets;

/// All that was given, by section.
#[derive(Debug, Default)]
pub(super) struct Tree(BTreeMap<String, Given>);

/// One value with its key and its place.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) key: String,
    pub(super) place: Place,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Whole(i64),
    Bool(bool),
    List(Vec<Given>),
    Table(BTreeMap<String, Given>),
    /// A variable's text, whose type is what the key asks for.
    Untyped(String),
    /// A value of a type that no key has, by that type's name.
    Other(&'static str),
}

/// A table whose keys are taken one by one; what is left is unknown.
#[derive(Debug)]
pub(super) struct Section {
    key: String,
    entries: BTreeMap<String, Given>,
    known: Vec<&'static str>,
}

/// Sections, so that a variable of another program is told from a mistyped one of ours.
const SECTIONS: [&str; 8] = ["server", "store", "identity", "traits", "channel", "event", "journeys", "privacy"];
/// Of those, lists of tables.
const LISTS: [&str; 2] = ["channel", "event"];
/// Variables that are not settings.
const NOT_SETTINGS: [&str; 3] = ["TEST_", "TO_", "URL"];

impl Tree {
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let file = File { path: path.display().to_string().into(), text };
        let table = DeTable::parse(text).map_err(|fault| SettingsError::Syntax {
            place: file.place(fault.span().map_or(0, |span| span.start)),
            reason: fault.message().to_owned(),
        })?;
        Ok(Tree(file.table("", table.into_inner())))
    }

    /// Lays `THROUGHLINE_*` over what the file gave, and hands back the secrets among them.
    /// An empty variable is one that is not given.
    pub(super) fn overlay<E>(&mut self, environment: E) -> Result<Secrets, SettingsError>
    where
        E: IntoIterator<Item = (String, String)>,
    {
        let mut secrets = Secrets::default();
        for (variable, text) in environment {
            let Some(name) = variable.strip_prefix("THROUGHLINE_") else { continue };
            if text.is_empty() || NOT_SETTINGS.iter().any(|start| name.starts_with(start)) {
                continue;
            }
            if secrets.take(name, &text) {
                continue;
            }
            let name = name.to_ascii_lowercase();
            let (section, key) = name.split_once('_').unwrap_or((&name, ""));
            if !SECTIONS.contains(&section) {
                continue;
            }
            let place = Place::Variable(variable.as_str().into());
            let value = Value::Untyped(text);
            if LISTS.contains(&section) && key.is_empty() {
                self.0.insert(section.to_owned(), Given { key: section.to_owned(), place, value });
                continue;
            }
            let given = Given { key: format!("{section}.{key}"), place: place.clone(), value };
            let table = self.0.entry(section.to_owned()).or_insert_with(|| Given {
                key: section.to_owned(),
                place,
                value: Value::Table(BTreeMap::new()),
            });
            match &mut table.value {
                Value::Table(entries) => entries.insert(key.to_owned(), given),
                _ => return Err(given.unknown(&[])),
            };
        }
        Ok(secrets)
    }

    pub(super) fn into_section(self) -> Section {
        Section { key: String::new(), entries: self.0, known: Vec::new() }
    }
}

impl Section {
    /// The value of a key, when it was given.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Given> {
        self.known.push(key);
        self.entries.remove(key)
    }

    /// The table of a key; an empty one when it was not given.
    pub(super) fn section(&mut self, key: &'static str) -> Result<Section, SettingsError> {
        match self.take(key) {
            Some(given) => given.section(),
            None => Ok(Section { key: key.to_owned(), entries: BTreeMap::new(), known: Vec::new() }),
        }
    }

    /// Everything that is left, for tables whose keys are free.
    pub(super) fn take_all(&mut self) -> Vec<(String, Given)> {
        std::mem::take(&mut self.entries).into_iter().collect()
    }

    /// # Errors
    /// When a key was not taken.
    pub(super) fn done(self) -> Result<(), SettingsError> {
        match self.entries.into_values().next() {
            Some(given) => Err(given.unknown(&self.known)),
            None => Ok(()),
        }
    }

    /// An error at a key that is missing.
    pub(super) fn lacks(&self, place: &Place, key: &str) -> SettingsError {
        SettingsError::BadValue { place: place.clone(), key: self.key.clone(), reason: format!("{key} is missing") }
    }
}

impl Given {
    /// An error at this value.
    pub(super) fn bad(&self, reason: impl Into<String>) -> SettingsError {
        SettingsError::BadValue { place: self.place.clone(), key: self.key.clone(), reason: reason.into() }
    }

    pub(super) fn text(&self) -> Result<String, SettingsError> {
        match &self.value {
            Value::Text(text) | Value::Untyped(text) => Ok(text.clone()),
            other => Err(self.bad(format!("{} where text is wanted, in quotes", other.name()))),
        }
    }

    /// A whole number within the bounds, both included.
    pub(super) fn whole(&self, least: i64, most: i64) -> Result<i64, SettingsError> {
        let number = match &self.value {
            Value::Whole(number) => Some(*number),
            Value::Untyped(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|n| (least..=most).contains(n));
        number.ok_or_else(|| self.bad(format!("not a whole number from {least} to {most}")))
    }

    pub(super) fn truth(&self) -> Result<bool, SettingsError> {
        match &self.value {
            Value::Bool(truth) => Ok(*truth),
            Value::Untyped(text) if text.trim() == "true" => Ok(true),
            Value::Untyped(text) if text.trim() == "false" => Ok(false),
            _ => Err(self.bad("neither true nor false")),
        }
    }

    /// A list, each entry read by `read`.
    pub(super) fn map<T>(
        &self,
        mut read: impl FnMut(&Given) -> Result<T, SettingsError>,
    ) -> Result<Vec<T>, SettingsError> {
        match self.typed()?.value {
            Value::List(entries) => entries.iter().map(&mut read).collect(),
            other => Err(self.bad(format!("{} where a list is wanted, as [\"a\", \"b\"]", other.name()))),
        }
    }

    pub(super) fn texts(&self) -> Result<Vec<Arc<str>>, SettingsError> {
        self.map(|entry| entry.text().map(Arc::from))
    }

    /// A text, or a list of texts.
    pub(super) fn text_or_texts(&self) -> Result<Vec<Arc<str>>, SettingsError> {
        if self.is_list() { self.texts() } else { Ok(vec![self.text()?.into()]) }
    }

    pub(super) fn is_list(&self) -> bool {
        match &self.value {
            Value::List(_) => true,
            Value::Untyped(text) => text.trim_start().starts_with('['),
            _ => false,
        }
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.value, Value::Table(_))
    }

    pub(super) fn section(&self) -> Result<Section, SettingsError> {
        match self.typed()?.value {
            Value::Table(entries) => Ok(Section { key: self.key.clone(), entries, known: Vec::new() }),
            other => Err(self.bad(format!("{} where a table is wanted", other.name()))),
        }
    }

    /// A variable's text read as TOML; anything else as it is.
    fn typed(&self) -> Result<Given, SettingsError> {
        let Value::Untyped(text) = &self.value else { return Ok(self.clone()) };
        let value = DeValue::parse(text).map_err(|fault| self.bad(format!("not TOML: {}", fault.message())))?;
        Ok(Given {
            key: self.key.clone(),
            place: self.place.clone(),
            value: convert(&self.key, value.into_inner(), &|_| self.place.clone()),
        })
    }

    fn unknown(&self, known: &[&str]) -> SettingsError {
        let name = self.key.rsplit('.').next().unwrap_or_default();
        let hint = if name.contains("password") || name == "user" {
            " (secrets come from the environment: THROUGHLINE_STORE_USER, THROUGHLINE_STORE_PASSWORD)".to_owned()
        } else if known.is_empty() {
            String::new()
        } else {
            format!(" (known are {})", known.join(", "))
        };
        SettingsError::UnknownKey { place: self.place.clone(), key: self.key.clone(), hint }
    }
}

impl Value {
    fn name(&self) -> &'static str {
        match self {
            Value::Text(_) | Value::Untyped(_) => "text",
            Value::Whole(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(name) => name,
        }
    }
}

/// A file whose text is being read.
struct File<'a> {
    path: Arc<str>,
    text: &'a str,
}

impl File<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        Place::File(self.path.clone(), 1 + before.iter().filter(|b| **b == b'\n').count())
    }

    fn table(&self, key: &str, table: DeTable<'_>) -> BTreeMap<String, Given> {
        convert_table(key, table, &|offset| self.place(offset))
    }
}

fn convert_table(key: &str, table: DeTable<'_>, place: &dyn Fn(usize) -> Place) -> BTreeMap<String, Given> {
    let entry = |(name, value): (Spanned<_>, Spanned<DeValue<'_>>)| {
        let at = place(name.span().start);
        let name: String = std::borrow::Cow::into_owned(name.into_inner());
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        let value = convert(&key, value.into_inner(), place);
        (name, Given { key, place: at, value })
    };
    table.into_iter().map(entry).collect()
}

fn convert(key: &str, value: DeValue<'_>, place: &dyn Fn(usize) -> Place) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other("a number too large"), Value::Whole),
        DeValue::Boolean(truth) => Value::Bool(truth),
        DeValue::Float(_) => Value::Other("a number with a point"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(entries) => Value::List(
            entries
                .into_iter()
                .map(|entry| {
                    let at = place(entry.span().start);
                    Given { key: key.to_owned(), place: at, value: convert(key, entry.into_inner(), place) }
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(key, table, place)),
    }
}
