//! Keeps the documents and the names of files true. Tests only: nothing of this is in the program.
//!
//! A table that the code can print stands in its document between two comments, `begin` and `end`. A test compares the
//! two; `UPDATE_DOCS=1 cargo test --lib documents` writes the tables anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use regex::Regex;

use crate::commands::Cli;
use crate::domain::ProblemCode;
use crate::graphql::execute::CODES;
use crate::graphql::rights;
use crate::ingest::kinds;
use crate::settings::Settings;

#[test]
fn the_table_of_kinds_is_in_its_document() {
    holds("docs/events.md", "kinds", &kinds::table());
    assert!(read("README.md").contains("(docs/events.md)"), "the README leads to the table");
}

#[test]
fn every_setting_is_in_its_document() {
    let mut table = String::from("| key | means | default | in the environment |\n|---|---|---|---|\n");
    let keys = Settings::reference(Some(Path::new("/dev/null")), [], &[]).expect("the defaults");
    for key in &keys {
        let default = match key.default.as_deref() {
            Some(long) if long.len() > 60 => "see below".to_owned(),
            Some(default) => code(default),
            None => String::new(),
        };
        let variable = key
            .environment
            .as_deref()
            .map_or("with its list".to_owned(), |form| code(form.split('=').next().unwrap_or(form)));
        table += &format!("| {} | {} | {default} | {variable} |\n", code(&key.key), cell(&key.meaning));
    }
    assert!(keys.len() > 30, "{table}");
    holds("docs/settings.md", "keys", &table);
    holds("docs/settings.md", "defaults", &format!("```toml\n{}```\n", read("src/settings/defaults.toml")));
}

#[test]
fn every_field_of_the_schema_is_in_its_document_with_its_roles() {
    holds("docs/roles.md", "fields", &rights::table());
}

#[test]
fn every_command_and_exit_status_is_in_its_document() {
    let mut commands = String::from("| command | does |\n|---|---|\n");
    let mut statuses = String::from("| command | status | means |\n|---|---|---|\n");
    for command in Cli::command().get_subcommands() {
        let name = code(&format!("throughline {}", command.get_name()));
        let does = command.get_about().expect("what it does").to_string();
        commands += &format!("| {name} | {} |\n", cell(&does));
        let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        let lines = help.lines().skip_while(|line| *line != "Exit status:").skip(1);
        for line in lines.take_while(|line| !line.is_empty()) {
            let (status, means) = line.trim().split_once(' ').expect("a status and what it means");
            assert!(status.parse::<u8>().is_ok(), "{name}: {line}");
            statuses += &format!("| {name} | {status} | {} |\n", cell(means.trim()));
        }
    }
    holds("docs/commands.md", "commands", &commands);
    holds("docs/errors.md", "exit-statuses", &statuses);
}

/// The first column of a table under a heading, with how many of its other cells are empty.
fn rows(document: &str, heading: &str) -> BTreeMap<String, usize> {
    let section = document.split("\n## ").find_map(|section| section.strip_prefix(heading)).expect("a section");
    let row = Regex::new(r"(?m)^\| `([A-Z_]+)` \|(.*)\|$").expect("a pattern");
    let empty = |cells: &str| cells.split('|').filter(|cell| cell.trim().is_empty()).count();
    row.captures_iter(section).map(|found| (found[1].to_owned(), empty(&found[2]))).collect()
}

#[test]
fn every_code_is_in_its_document_with_cause_and_cure() {
    let errors = read("docs/errors.md");
    for (heading, codes) in [
        ("Error codes", CODES.to_vec()),
        ("Problem codes", ProblemCode::ALL.iter().map(|code| code.as_str()).collect()),
    ] {
        let rows = rows(&errors, heading);
        let documented: BTreeSet<_> = rows.keys().map(String::as_str).collect();
        assert_eq!(documented, codes.into_iter().collect(), "docs/errors.md, {heading}");
        assert!(rows.values().all(|empty| *empty == 0), "docs/errors.md, {heading}: a code without cause or cure");
    }
}

/// A code that a layer writes by hand is one of the closed list, else no document and no metric would know it.
#[test]
fn every_code_in_the_sources_is_of_the_closed_list() {
    let literal = Regex::new(r#""([A-Z]+(?:_[A-Z]+)+)""#).expect("a pattern");
    let others = ["NEWEST_FIRST", "CARGO_PKG_VERSION"];
    let mut found = 0;
    for file in files("src/graphql").into_iter().chain(files("src/http")) {
        if file.extension().is_none_or(|ending| ending != "rs") || file.ends_with("tests.rs") {
            continue;
        }
        let text = read(&file);
        let sources = text.split("#[cfg(test)]").next().unwrap_or_default();
        for name in literal.captures_iter(sources).map(|found| found[1].to_owned()) {
            found += 1;
            let known = CODES.contains(&&*name) || others.contains(&&*name);
            assert!(known, "{}: {name} is not in CODES", file.display());
        }
    }
    assert!(found > 30, "{found} codes were looked at");
}

/// Layers whose files are named after one thing: a file is a type.
const SINGULAR: &[&str] = &["src/domain", "src/graphql", "src/journeys"];

/// Layers whose files are named after many: a file is all operations of a noun.
const PLURAL: &[&str] = &[
    "src/changes",
    "src/ingest",
    "src/rules",
    "src/settings",
    "src/stitching",
    "src/store",
    "tests/stitching",
    "tests/store_contract",
];

/// Nouns that have no file in the domain.
const MORE_NOUNS: &[&str] = &["channel", "identity_event", "journeys", "session", "trait", "visit"];

/// Nouns with the same name for one and for many.
const SAME: &[&str] = &["health", "journeys", "money", "rules", "search", "time"];

/// Files that follow another rule, each with its reason.
const EXCEPTIONS: &[(&str, &str)] =
    &[("src/graphql/customers.rs", "the list of customers; the type is in customer.rs")];

#[test]
fn a_noun_has_the_same_file_name_in_every_layer() {
    let mut nouns: BTreeSet<String> = files("src/domain").iter().map(|file| stem(file)).collect();
    nouns.remove("mod");
    nouns.extend(MORE_NOUNS.iter().map(|noun| (*noun).to_owned()));
    let mut wrong = Vec::new();
    let mut looked = 0;
    for (layers, plural) in [(SINGULAR, false), (PLURAL, true)] {
        for place in layers.iter().flat_map(files_and_folders) {
            let name = stem(&place);
            let Some(noun) = nouns.iter().find(|noun| name == **noun || name == many(noun) || name == one(noun)) else {
                continue;
            };
            looked += 1;
            let right = match (SAME.contains(&&**noun), plural) {
                (true, _) | (false, false) => noun.clone(),
                (false, true) => many(noun),
            };
            let excepted = EXCEPTIONS.iter().any(|(file, _)| Path::new(file) == place);
            if name != right && !excepted {
                wrong.push(format!("{}: this noun is `{right}` here", place.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked > 60, "{looked} files were looked at");
    for (file, reason) in EXCEPTIONS {
        assert!(root().join(file).exists(), "{file} is gone, and its exception stays: {reason}");
    }
}

fn many(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    }
}

/// Of a noun that has one name for both: what it would be called if it had two.
fn one(noun: &str) -> &str {
    noun.strip_suffix('s').unwrap_or(noun)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: impl AsRef<Path>) -> String {
    let file = root().join(file);
    fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()))
}

/// All below a folder, without statements, snapshots and the like.
fn files_and_folders(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let folder = folder.as_ref();
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|fault| panic!("{}: {fault}", folder.display()));
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.expect("an entry");
        let path = folder.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => {
                found.extend(files_and_folders(&path));
                found.push(path);
            }
            false if path.extension().is_some_and(|ending| ending == "rs") => found.push(path),
            false => {}
        }
    }
    found
}

fn files(folder: &str) -> Vec<PathBuf> {
    files_and_folders(folder).into_iter().filter(|path| root().join(path).is_file()).collect()
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// That `text` stands in the document between its two comments; with UPDATE_DOCS it is written there.
fn holds(document: &str, name: &str, text: &str) {
    let kept = read(document);
    let (before, rest) = kept.split_once(&format!("<!-- begin {name}:")).expect("where it begins");
    let (note, rest) = rest.split_once("-->\n").expect("the end of the comment");
    let end = format!("<!-- end {name} -->");
    let (present, after) = rest.split_once(&end).expect("where it ends");
    if present == text {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_DOCS").is_some(),
        "{document}: {name} is out of date: UPDATE_DOCS=1 cargo test --lib documents"
    );
    let written = format!("{before}<!-- begin {name}:{note}-->\n{text}{end}{after}");
    fs::write(root().join(document), written).expect("written");
}
