//! The raw values of the settings with their origin: the file, overlaid by the environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Place, SettingsError};
use super::store::Secrets;

/// All raw values, by section.
#[derive(Debug, Default)]
pub(crate) struct Tree(BTreeMap<String, RawValue>);

/// A raw value with its key and origin.
#[derive(Clone, Debug)]
pub(crate) struct RawValue {
    pub(crate) key: String,
    pub(crate) place: Place,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Whole(i64),
    Bool(bool),
    List(Vec<RawValue>),
    Table(BTreeMap<String, RawValue>),
    /// The text of a variable. The key decides its type.
    Untyped(String),
    /// A value of a type that no key has: the name of the type.
    Other(&'static str),
}

/// A table whose keys are taken one by one. The keys that remain are unknown.
#[derive(Debug)]
pub(crate) struct Section {
    key: String,
    entries: BTreeMap<String, RawValue>,
    known: Vec<&'static str>,
}

/// The sections. A variable with another prefix is ignored, because it may belong to another program.
const SECTIONS: [&str; 9] =
    ["server", "store", "identity", "traits", "channel", "event", "journeys", "privacy", "access"];
/// The sections that are lists of tables.
const LISTS: [&str; 2] = ["channel", "event"];
/// The tables within a section.
const TABLES: [(&str, &str); 3] = [("access", "analyst"), ("access", "reader"), ("server", "tls")];
/// Prefixes of variables that are not settings.
const NOT_SETTINGS: [&str; 3] = ["TEST_", "TO_", "URL"];

impl Tree {
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let file = File { path: path.display().to_string().into(), text };
        let table = DeTable::parse(text).map_err(|fault| SettingsError::Syntax {
            place: file.place(fault.span().map_or(0, |span| span.start)),
            reason: fault.message().to_owned(),
        })?;
        Ok(Tree(file.table("", table.into_inner())))
    }

    /// Overlays the file with `THROUGHLINE_*`, and returns the secrets among the variables. An empty variable counts as not
    /// given.
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
                self.0.insert(section.to_owned(), RawValue { key: section.to_owned(), place, value });
                continue;
            }
            // The key of a table within, as in THROUGHLINE_SERVER_TLS_CERT.
            let mut within = TABLES.iter().filter(|(of, _)| *of == section);
            let within = within.find_map(|(_, table)| Some((*table, key.strip_prefix(table)?.strip_prefix('_')?)));
            let path = match within {
                Some((table, key)) => vec![section, table, key],
                None => vec![section, key],
            };
            let given = RawValue { key: path.join("."), place, value };
            insert(&mut self.0, "", &path, given)?;
        }
        Ok(secrets)
    }

    /// The value of a key such as `identity.kind`, if it is given.
    pub(crate) fn find(&self, key: &str) -> Option<&RawValue> {
        let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
        let given = self.0.get(first)?;
        rest.map_or(Some(given), |rest| given.find(rest))
    }

    /// The values of a table.
    pub(crate) fn within(&self, table: &str) -> impl Iterator<Item = &RawValue> {
        let entries = self.0.get(table).and_then(|given| match &given.value {
            Value::Table(entries) => Some(entries.values()),
            _ => None,
        });
        entries.into_iter().flatten()
    }

    pub(crate) fn into_section(self) -> Section {
        Section { key: String::new(), entries: self.0, known: Vec::new() }
    }
}

impl Section {
    /// Takes the value of a key, if it is given.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<RawValue> {
        self.known.push(key);
        #[cfg(test)]
        note(&self.key, key);
        self.entries.remove(key)
    }

    /// Takes the table of a key. Empty when it is not given.
    pub(crate) fn section(&mut self, key: &'static str) -> Result<Section, SettingsError> {
        let name = if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) };
        match self.take(key) {
            Some(given) => given.section(),
            None => Ok(Section { key: name, entries: BTreeMap::new(), known: Vec::new() }),
        }
    }

    /// Takes all remaining values, for tables with free keys.
    pub(crate) fn take_all(&mut self) -> Vec<(String, RawValue)> {
        #[cfg(test)]
        note(&self.key, "*");
        std::mem::take(&mut self.entries).into_iter().collect()
    }

    /// # Errors
    /// When a key remains, which is unknown.
    pub(crate) fn done(self) -> Result<(), SettingsError> {
        match self.entries.into_values().next() {
            Some(given) => Err(given.unknown(&self.known)),
            None => Ok(()),
        }
    }

    /// The error of a missing key.
    pub(crate) fn lacks(&self, place: &Place, key: &str) -> SettingsError {
        SettingsError::BadValue { place: place.clone(), key: self.key.clone(), reason: format!("{key} is missing") }
    }
}

/// Inserts a value at a path, with the tables that are missing.
fn insert(
    entries: &mut BTreeMap<String, RawValue>,
    of: &str,
    path: &[&str],
    given: RawValue,
) -> Result<(), SettingsError> {
    let (first, rest) = path.split_first().expect("a path has a step");
    if rest.is_empty() {
        entries.insert((*first).to_owned(), given);
        return Ok(());
    }
    let key = if of.is_empty() { (*first).to_owned() } else { format!("{of}.{first}") };
    let place = given.place.clone();
    let table = entries.entry((*first).to_owned());
    let table = table.or_insert_with(|| RawValue { key: key.clone(), place, value: Value::Table(BTreeMap::new()) });
    match &mut table.value {
        Value::Table(entries) => insert(entries, &key, rest, given),
        _ => Err(given.unknown(&[])),
    }
}

impl RawValue {
    /// The value of a key within this table.
    fn find(&self, key: &str) -> Option<&RawValue> {
        let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
        let Value::Table(entries) = &self.value else { return None };
        let given = entries.get(first)?;
        rest.map_or(Some(given), |rest| given.find(rest))
    }

    /// An error about this value.
    pub(crate) fn bad(&self, reason: impl Into<String>) -> SettingsError {
        SettingsError::BadValue { place: self.place.clone(), key: self.key.clone(), reason: reason.into() }
    }

    pub(crate) fn text(&self) -> Result<String, SettingsError> {
        match &self.value {
            Value::Text(text) | Value::Untyped(text) => Ok(text.clone()),
            other => Err(self.bad(format!("{} where a text in quotes is expected", other.name()))),
        }
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn whole(&self, least: i64, most: i64) -> Result<i64, SettingsError> {
        let number = match &self.value {
            Value::Whole(number) => Some(*number),
            Value::Untyped(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|n| (least..=most).contains(n));
        number.ok_or_else(|| self.bad(format!("not a whole number from {least} to {most}")))
    }

    pub(crate) fn truth(&self) -> Result<bool, SettingsError> {
        match &self.value {
            Value::Bool(truth) => Ok(*truth),
            Value::Untyped(text) if text.trim() == "true" => Ok(true),
            Value::Untyped(text) if text.trim() == "false" => Ok(false),
            _ => Err(self.bad("neither true nor false")),
        }
    }

    /// A list whose entries are read by `read`.
    pub(crate) fn map<T>(
        &self,
        mut read: impl FnMut(&RawValue) -> Result<T, SettingsError>,
    ) -> Result<Vec<T>, SettingsError> {
        match self.typed()?.value {
            Value::List(entries) => entries.iter().map(&mut read).collect(),
            other => Err(self.bad(format!("{} where a list is expected, such as [\"a\", \"b\"]", other.name()))),
        }
    }

    pub(crate) fn texts(&self) -> Result<Vec<Arc<str>>, SettingsError> {
        self.map(|entry| entry.text().map(Arc::from))
    }

    /// A text, or a list of texts.
    pub(crate) fn text_or_texts(&self) -> Result<Vec<Arc<str>>, SettingsError> {
        if self.is_list() { self.texts() } else { Ok(vec![self.text()?.into()]) }
    }

    /// The value as TOML.
    pub(crate) fn toml(&self) -> String {
        match &self.value {
            Value::Text(text) => toml::Value::String(text.clone()).to_string(),
            Value::Whole(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::List(entries) => {
                let entries: Vec<_> = entries.iter().map(RawValue::toml).collect();
                format!("[{}]", entries.join(", "))
            }
            Value::Table(entries) => {
                let entries: Vec<_> =
                    entries.iter().map(|(name, entry)| format!("{name} = {}", entry.toml())).collect();
                format!("{{ {} }}", entries.join(", "))
            }
            Value::Untyped(text) => text.trim().to_owned(),
            Value::Other(name) => (*name).to_owned(),
        }
    }

    /// The value as text of a variable: a text without quotes, a list of tables with its first entry only.
    pub(crate) fn as_variable(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::List(entries) if entries.first().is_some_and(RawValue::is_table) => {
                format!("[{}]", entries[0].toml())
            }
            _ => self.toml(),
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        match &self.value {
            Value::List(_) => true,
            Value::Untyped(text) => text.trim_start().starts_with('['),
            _ => false,
        }
    }

    pub(crate) fn is_table(&self) -> bool {
        matches!(self.value, Value::Table(_))
    }

    pub(crate) fn section(&self) -> Result<Section, SettingsError> {
        match self.typed()?.value {
            Value::Table(entries) => Ok(Section { key: self.key.clone(), entries, known: Vec::new() }),
            other => Err(self.bad(format!("{} where a table is expected", other.name()))),
        }
    }

    /// Parses the text of a variable as TOML. Other values are unchanged.
    fn typed(&self) -> Result<RawValue, SettingsError> {
        let Value::Untyped(text) = &self.value else { return Ok(self.clone()) };
        let value = DeValue::parse(text).map_err(|fault| self.bad(format!("not TOML: {}", fault.message())))?;
        Ok(RawValue {
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
            format!(" (known keys are {})", known.join(", "))
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

/// A file while it is read.
struct File<'a> {
    path: Arc<str>,
    text: &'a str,
}

impl File<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        Place::File(self.path.clone(), 1 + before.iter().filter(|b| **b == b'\n').count())
    }

    fn table(&self, key: &str, table: DeTable<'_>) -> BTreeMap<String, RawValue> {
        convert_table(key, table, &|offset| self.place(offset))
    }
}

fn convert_table(key: &str, table: DeTable<'_>, place: &dyn Fn(usize) -> Place) -> BTreeMap<String, RawValue> {
    let entry = |(name, value): (Spanned<_>, Spanned<DeValue<'_>>)| {
        let at = place(name.span().start);
        let name: String = std::borrow::Cow::into_owned(name.into_inner());
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        let value = convert(&key, value.into_inner(), place);
        (name, RawValue { key, place: at, value })
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
                    RawValue { key: key.to_owned(), place: at, value: convert(key, entry.into_inner(), place) }
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(key, table, place)),
    }
}

#[cfg(test)]
thread_local! {
    /// The keys that were read, while a test collects them.
    static KEYS_READ: std::cell::RefCell<Option<std::collections::BTreeSet<String>>> = const { std::cell::RefCell::new(None) };
}

#[cfg(test)]
fn note(table: &str, key: &str) {
    KEYS_READ.with_borrow_mut(|keys| {
        let name = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
        if let Some(keys) = keys {
            keys.insert(name);
        }
    });
}

/// The result of `read`, and the keys that it reads; `table.*` for a table with free keys.
#[cfg(test)]
pub(crate) fn keys_read<T>(read: impl FnOnce() -> T) -> (T, std::collections::BTreeSet<String>) {
    KEYS_READ.set(Some(std::collections::BTreeSet::new()));
    let got = read();
    (got, KEYS_READ.take().unwrap_or_default())
}
