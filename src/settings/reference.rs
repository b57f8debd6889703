//! What can be set: every key with what it means, its default, what it is now, and who says so.
//!
//! The keys and their words are those of `defaults.toml`, which the documentation shows to users. A test holds it
//! against the sections that read the settings: a key that only one of the two has is a fault.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::error::SettingsError;
use super::given::{Given, Tree};
use super::store::SECRETS;
use super::{DEFAULT_FILE, Settings};

/// As the documentation shows it to users.
const DEFAULTS: &str = include_str!("defaults.toml");

/// A key, or a secret of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its full name, such as `identity.session_gap`; a secret's is its variable.
    pub key: String,
    /// What it means.
    pub meaning: String,
    /// Its default as TOML; `None` where it is left out by default.
    pub default: Option<String>,
    /// What it is now, as TOML; `None` where it is left out. Of a secret whether it is set, and nothing else.
    pub value: Option<String>,
    /// Who says so: `default`, a file with its line, a variable, or a flag.
    pub from: String,
    /// How the environment gives it, as a shell reads it; `None` of a key within a list, which is given with the list.
    pub environment: Option<String>,
}

/// What a flag of the command line sets: its key, its value, its name.
pub type Flag<'a> = (&'a str, &'a str, &'a str);

impl Settings {
    /// Every key, in the order of the documented file, for what `load` would read; `flags` come last.
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
        let default = defaults.find(&entry.key).map(Given::toml);
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
            // An entry has no default of its own: the list that it is in has.
            default: default.filter(|_| !within),
            value: value.filter(|_| !within),
            from: if within {
                format!("see {}", entry.key.rsplit_once('.').map_or("", |(list, _)| list))
            } else {
                from
            },
        });
        // Keys that are not ours to name, as those of traits, stand behind the others of their table.
        let table = entry.key.rsplit_once('.').map_or("", |(table, _)| table);
        let last = documented[n + 1..].iter().all(|next| next.key.rsplit_once('.').map_or("", |(t, _)| t) != table);
        if last && !within {
            let named = |key: &str| documented.iter().any(|entry| entry.key == key);
            for own in given.within(table).filter(|own| !named(&own.key)) {
                keys.push(Key {
                    key: own.key.clone(),
                    meaning: format!("a key of your own in [{table}]"),
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

/// The variable of a key with its default, else an example, as a shell reads it. Of a list of tables the first entry is
/// enough to show the form.
fn variable(key: &str, default: Option<&Given>, example: Option<&str>) -> String {
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

/// What the documented file says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    key: String,
    meaning: String,
    form: Form,
    /// The value that stands there, where the key itself is commented out.
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

/// The keys in the order of the file, each with the comment beside it and the indented ones below that. A key that is
/// commented out is one that is left out by default.
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
            // The rest of a list that takes several lines, or prose between.
            match out {
                Some(_) => last = None,
                None => last.into_iter().for_each(|last| add(&mut entries, last, comment)),
            }
            continue;
        };
        // Said again of another entry of the list.
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

/// What stands before a comment, and the comment: a `#` within quotes begins none.
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

    use super::super::given::asked;
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

    /// The file with all that is commented out in it.
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
        let (settings, asked) = asked(|| Settings::read(Some((Path::new("everything.toml"), &text)), []));
        settings.expect("what is commented out is good too");
        let documented: BTreeSet<_> =
            documented().into_iter().filter(|e| e.form != Form::Table).map(|e| e.key).collect();
        let free: Vec<&str> = asked.iter().filter_map(|key| key.strip_suffix('*')).collect();
        let read: BTreeSet<_> = asked.iter().filter(|key| !key.ends_with('*') && key.contains('.')).collect();
        for key in &read {
            let table = key.rsplit_once('.').map_or("", |(table, _)| table);
            let known = documented.contains(*key) || documented.contains(table);
            assert!(known, "{key} is read, and defaults.toml does not say what it is");
        }
        for key in &documented {
            let known = asked.contains(key) || free.iter().any(|table| key.starts_with(table));
            assert!(known, "defaults.toml has {key}, which nobody reads");
        }
        assert!(read.len() > 20, "{read:?}");
    }

    #[test]
    fn every_key_says_what_it_means() {
        for entry in documented() {
            assert!(entry.form == Form::Table || !entry.meaning.is_empty(), "{} has no words", entry.key);
        }
    }

    #[test]
    fn a_key_tells_what_it_is_and_who_says_so() {
        let text = "[server]\nlisten = \"127.0.0.1:1\"\nmax_sockets = 5\n[traits]\ncity = [\"crm\"]\n";
        let environment = [("THROUGHLINE_SERVER_MAX_SOCKETS", "7"), ("THROUGHLINE_IDENTITY_BLOCKED", "[\"x\"]")];
        let keys = of(text, &environment, &[("store.url", "sqlite:other.db", "--store")]);
        let told = |name: &str| {
            let key = key(&keys, name);
            (key.value.as_deref().expect("a value"), key.from.as_str())
        };
        assert_eq!(told("server.listen"), ("\"127.0.0.1:1\"", "t.toml:2"));
        assert_eq!(told("server.max_sockets"), ("7", "THROUGHLINE_SERVER_MAX_SOCKETS"));
        assert_eq!(told("identity.blocked"), ("[\"x\"]", "THROUGHLINE_IDENTITY_BLOCKED"));
        assert_eq!(told("identity.session_gap"), ("\"PT30M\"", "default"));
        assert_eq!(told("store.url"), ("\"sqlite:other.db\"", "--store"));
        assert_eq!(told("traits.city"), ("[\"crm\"]", "t.toml:5"));
        assert_eq!(key(&keys, "server.max_sockets").default.as_deref(), Some("1000"));
        assert_eq!(key(&keys, "journeys.folder").value, None);
    }

    /// What the reference tells to put into the environment is read as what it stands for.
    #[test]
    fn the_environments_form_is_one_that_is_read() {
        for key in of("", &[], &[]) {
            let Some(form) = key.environment.filter(|form| !form.ends_with('…')) else { continue };
            let (name, text) = form.split_once('=').expect("a variable");
            let text = text.trim_matches('\'').replace("'\\''", "'");
            Settings::read(None, [(name.to_owned(), text)]).unwrap_or_else(|fault| panic!("{form}: {fault}"));
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
