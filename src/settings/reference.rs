//! The reference of all settings: each key with its meaning, default, value, and origin.
//!
//! Keys and meanings come from `defaults.toml`, which is also part of the documentation. A test compares it with the
//! keys that the sections read.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::error::SettingsError;
use super::raw::{RawValue, Tree};
use super::store::SECRETS;
use super::{DEFAULT_FILE, Settings};

/// The documented settings file.
const DEFAULTS: &str = include_str!("defaults.toml");

/// A key, or a secret in the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// The full name, such as `identity.session_gap`. For a secret the variable.
    pub key: String,
    /// The meaning.
    pub meaning: String,
    /// The default as TOML. `None` when the key is left out by default.
    pub default: Option<String>,
    /// The present value as TOML. `None` when the key is left out. For a secret only whether it is set.
    pub value: Option<String>,
    /// The origin of the value: `default`, a file with its line, a variable, or a flag.
    pub from: String,
    /// The environment variable in shell syntax. `None` for a key in a list, which is set with the list.
    pub environment: Option<String>,
}

/// A flag of the command line: the key that it sets, its value, its name.
pub type Flag<'a> = (&'a str, &'a str, &'a str);

impl Settings {
    /// All keys in the order of the documented file, with the values that `load` would read, overlaid by `flags`.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn reference(
        config: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[Flag<'_>],
    ) -> Result<Vec<Key>, SettingsError> {
        let environment: Vec<_> = environment.into_iter().collect();
        Settings::load(config, environment.clone())?;
        let path = config.unwrap_or(Path::new(DEFAULT_FILE));
        let mut given = match std::fs::read_to_string(path) {
            Ok(text) => Tree::parse(path, &text)?,
            Err(_) => Tree::default(),
        };
        given.overlay(environment.clone())?;
        Ok(keys(&given, &environment, flags))
    }
}

fn keys(given: &Tree, environment: &[(String, String)], flags: &[Flag<'_>]) -> Vec<Key> {
    let defaults = Tree::parse(Path::new("defaults.toml"), DEFAULTS).expect("the documented file, which a test reads");
    let documented = documented();
    let mut keys = Vec::new();
    for (n, entry) in documented.iter().enumerate() {
        if entry.form == Form::Table {
            continue;
        }
        let default = defaults.find(&entry.key).map(RawValue::toml);
        let flag = flags.iter().find(|(key, ..)| *key == entry.key);
        let (value, from) = match (flag, given.find(&entry.key)) {
            (Some((_, value, flag)), _) => (Some(quoted(value)), (*flag).to_owned()),
            (None, Some(given)) => (Some(given.toml()), given.place.to_string()),
            (None, None) => (default.clone(), "default".to_owned()),
        };
        let within = entry.form == Form::Within;
        keys.push(Key {
            environment: (!within).then(|| variable(&entry.key, defaults.find(&entry.key), entry.example.as_deref())),
            key: entry.key.clone(),
            meaning: entry.meaning.clone(),
            // A key in a list has no default of its own.
            default: default.filter(|_| !within),
            value: value.filter(|_| !within),
            from: if within {
                format!("see {}", entry.key.rsplit_once('.').map_or("", |(list, _)| list))
            } else {
                from
            },
        });
        // Free keys, such as those of traits, follow the other keys of their table.
        let table = entry.key.rsplit_once('.').map_or("", |(table, _)| table);
        let last = documented[n + 1..].iter().all(|next| next.key.rsplit_once('.').map_or("", |(t, _)| t) != table);
        if last && !within {
            let named = |key: &str| documented.iter().any(|entry| entry.key == key);
            for own in given.within(table).filter(|own| !named(&own.key)) {
                keys.push(Key {
                    key: own.key.clone(),
                    meaning: format!("a free key in [{table}]"),
                    default: None,
                    value: Some(own.toml()),
                    from: own.place.to_string(),
                    environment: Some(variable(&own.key, Some(own), None)),
                });
            }
        }
    }
    keys.extend(SECRETS.iter().map(|(name, meaning)| {
        let variable = format!("THROUGHLINE_{name}");
        let set = environment.iter().any(|(given, text)| *given == variable && !text.is_empty());
        Key {
            meaning: (*meaning).to_owned(),
            default: None,
            value: Some(if set { "set" } else { "not set" }.to_owned()),
            from: if set { variable.clone() } else { "default".to_owned() },
            environment: Some(format!("{variable}=…")),
            key: variable,
        }
    }));
    keys
}

/// The variable of a key in shell syntax, with its default or an example. A list of tables has its first entry only.
fn variable(key: &str, default: Option<&RawValue>, example: Option<&str>) -> String {
    let text = match (default, example) {
        (Some(given), _) => given.as_variable(),
        (None, Some(example)) => example.trim_matches('"').to_owned(),
        (None, None) => "…".to_owned(),
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/,+".contains(&byte)) || text == "…";
    let text = if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) };
    format!("THROUGHLINE_{}={text}", key.replace('.', "_").to_ascii_uppercase())
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A key in the documented file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    key: String,
    meaning: String,
    form: Form,
    /// The example value of a key that is commented out.
    example: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A table of keys.
    Table,
    /// A key with a value, or a list of tables.
    Key,
    /// A key of the entries of a list of tables.
    Within,
}

/// The keys in the order of the file, each with the comment beside it and the indented comments below. A key that is
/// commented out is left out by default.
fn documented() -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let (mut table, mut listed, mut last) = (String::new(), false, None);
    for line in DEFAULTS.lines() {
        let bare = line.trim_start();
        if bare.is_empty() {
            last = None;
            continue;
        }
        if bare.starts_with('#') && bare.len() < line.len() {
            if let Some(last) = last {
                add(&mut entries, last, bare.trim_start_matches('#'));
            }
            continue;
        }
        let out = line.strip_prefix("# ");
        let (text, comment) = split_comment(out.unwrap_or(line));
        let (key, form, example) = if text.starts_with('[') && text.ends_with(']') {
            listed = text.starts_with("[[");
            table = text.trim_matches(['[', ']']).to_owned();
            (table.clone(), if listed { Form::Key } else { Form::Table }, None)
        } else if let Some((name, value)) = text.split_once(" = ").filter(|(name, _)| is_key(name)) {
            let form = if listed { Form::Within } else { Form::Key };
            (format!("{table}.{name}"), form, out.map(|_| value.to_owned()))
        } else {
            // The rest of a list of several lines, or other text.
            match out {
                Some(_) => last = None,
                None => last.into_iter().for_each(|last| add(&mut entries, last, comment)),
            }
            continue;
        };
        // Another entry of a list has the key with a comment too.
        if let Some(before) = known.get(&key).filter(|_| !comment.trim().is_empty()) {
            entries[*before].meaning.push(';');
        }
        let place = *known.entry(key.clone()).or_insert_with(|| {
            entries.push(Entry { key, meaning: String::new(), form, example });
            entries.len() - 1
        });
        add(&mut entries, place, comment);
        last = Some(place);
    }
    entries
}

fn add(entries: &mut [Entry], at: usize, words: &str) {
    let (words, meaning) = (words.trim(), &mut entries[at].meaning);
    if words.is_empty() {
        return;
    }
    if !meaning.is_empty() {
        meaning.push(' ');
    }
    meaning.push_str(words);
}

fn is_key(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Splits a line into text and comment. A `#` in quotes does not start a comment.
fn split_comment(line: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '#') => return (line[..at].trim_end(), &line[at + 1..]),
            _ => {}
        }
    }
    (line.trim_end(), "")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::raw::keys_read;
    use super::*;

    fn of(text: &str, environment: &[(&str, &str)], flags: &[Flag<'_>]) -> Vec<Key> {
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut tree = Tree::parse(Path::new("t.toml"), text).expect("settings");
        tree.overlay(environment.clone()).expect("settings");
        keys(&tree, &environment, flags)
    }

    fn key<'a>(keys: &'a [Key], name: &str) -> &'a Key {
        keys.iter().find(|key| key.key == name).unwrap_or_else(|| panic!("{name} is not in the reference"))
    }

    /// The documented file with all keys that are commented out.
    fn everything() -> String {
        let line = |line: &str| {
            let out = line.strip_prefix("# ").filter(|out| {
                let (text, _) = split_comment(out);
                (text.starts_with('[') && text.ends_with(']')) || text.split_once(" = ").is_some_and(|(n, _)| is_key(n))
            });
            format!("{}\n", out.unwrap_or(line))
        };
        DEFAULTS.lines().map(line).collect()
    }

    #[test]
    fn every_key_that_is_read_is_in_the_reference_and_every_key_of_the_reference_is_read() {
        let text = everything();
        let (settings, asked) = keys_read(|| Settings::read(Some((Path::new("everything.toml"), &text)), []));
        settings.expect("the keys that are commented out are valid too");
        let documented: BTreeSet<_> =
            documented().into_iter().filter(|e| e.form != Form::Table).map(|e| e.key).collect();
        let free: Vec<&str> = asked.iter().filter_map(|key| key.strip_suffix('*')).collect();
        let entries = self::documented();
        let tables: Vec<&str> = entries.iter().filter(|e| e.form == Form::Table).map(|e| &*e.key).collect();
        let read: BTreeSet<_> = asked.iter().filter(|key| !key.ends_with('*') && key.contains('.')).collect();
        for key in &read {
            let table = key.rsplit_once('.').map_or("", |(table, _)| table);
            let known = documented.contains(*key) || documented.contains(table) || tables.contains(&key.as_str());
            assert!(known, "{key} is read, and defaults.toml does not say what it is");
        }
        for key in &documented {
            let known = asked.contains(key) || free.iter().any(|table| key.starts_with(table));
            assert!(known, "defaults.toml has {key}, which is not read");
        }
        assert!(read.len() > 20, "{read:?}");
    }

    #[test]
    fn every_key_has_a_meaning() {
        for entry in documented() {
            assert!(entry.form == Form::Table || !entry.meaning.is_empty(), "{} has no meaning", entry.key);
        }
    }

    #[test]
    fn a_key_has_its_value_and_its_origin() {
        let text = "[server]\nlisten = \"127.0.0.1:1\"\nmax_sockets = 5\n[traits]\ncity = [\"crm\"]\n";
        let environment = [("THROUGHLINE_SERVER_MAX_SOCKETS", "7"), ("THROUGHLINE_IDENTITY_BLOCKED", "[\"x\"]")];
        let keys = of(text, &environment, &[("store.url", "sqlite:other.db", "--store")]);
        let shown = |name: &str| {
            let key = key(&keys, name);
            (key.value.as_deref().expect("a value"), key.from.as_str())
        };
        assert_eq!(shown("server.listen"), ("\"127.0.0.1:1\"", "t.toml:2"));
        assert_eq!(shown("server.max_sockets"), ("7", "THROUGHLINE_SERVER_MAX_SOCKETS"));
        assert_eq!(shown("identity.blocked"), ("[\"x\"]", "THROUGHLINE_IDENTITY_BLOCKED"));
        assert_eq!(shown("identity.session_gap"), ("\"PT30M\"", "default"));
        assert_eq!(shown("store.url"), ("\"sqlite:other.db\"", "--store"));
        assert_eq!(shown("traits.city"), ("[\"crm\"]", "t.toml:5"));
        assert_eq!(key(&keys, "server.max_sockets").default.as_deref(), Some("1000"));
        assert_eq!(key(&keys, "journeys.folder").value, None);
    }

    /// The environment variables of the reference can be read.
    #[test]
    fn the_environment_variables_of_the_reference_can_be_read() {
        let mut variables = Vec::new();
        for key in of("", &[], &[]) {
            let Some(form) = key.environment.filter(|form| !form.ends_with('…')) else { continue };
            let (name, text) = form.split_once('=').expect("a variable");
            variables.push((name.to_owned(), text.trim_matches('\'').replace("'\\''", "'")));
        }
        for (name, text) in &variables {
            // A certificate needs its key.
            let is_tls = |name: &str| name.starts_with("THROUGHLINE_SERVER_TLS_");
            let given = variables.iter().filter(|(other, _)| other == name || is_tls(other) && is_tls(name));
            Settings::read(None, given.cloned()).unwrap_or_else(|fault| panic!("{name}={text}: {fault}"));
        }
    }

    #[test]
    fn a_secret_is_set_or_not_and_never_shown() {
        let keys = of("", &[("THROUGHLINE_STORE_PASSWORD", "hunter2")], &[]);
        assert_eq!(key(&keys, "THROUGHLINE_STORE_PASSWORD").value.as_deref(), Some("set"));
        assert_eq!(key(&keys, "THROUGHLINE_STORE_USER").value.as_deref(), Some("not set"));
        assert!(!format!("{keys:?}").contains("hunter2"));
    }
}
