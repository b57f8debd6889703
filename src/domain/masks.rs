//! What a caller does not see: kinds of identifiers, traits, and properties of touchpoints.
//!
//! A mask is compared without case, marks and composition, so that no spelling of a name passes it. What a caller sees in
//! spite of a mask is compared exactly: a name that was not listed stays masked.
//!
//! The value of a masked kind is also in the traits and properties that the rules read it from, and the parts of a
//! masked composite are in its value. These are masked too, and so is a kind that is read from something masked, unless
//! the caller sees the kind.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::claim::NAME_TRAITS;
use super::rules::WrittenKind;
use super::search::fold;

const TRAITS: &str = "traits.";
const PROPERTIES: &str = "properties.";
/// The properties of an event, as a path without steps.
type Path = Vec<String>;

/// What a caller does not see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Masks {
    names: Vec<Arc<str>>,
    kinds: BTreeSet<String>,
    all_traits: bool,
    traits: BTreeSet<String>,
    seen_traits: BTreeSet<Arc<str>>,
    /// Below `properties`. Steps into lists are left out.
    paths: Vec<Path>,
    seen_paths: Vec<Path>,
    only_names: bool,
}

/// What a caller sees of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All of it.
    Whole,
    /// That it exists, and what is below it but for masked leaves.
    Part,
    /// Nothing.
    None,
}

impl Masks {
    /// The masks of what is personal, but for what the caller sees. Both name kinds of identifiers, traits as
    /// `traits.<name>` or `traits.*`, and properties as `properties.<path>`. `kinds` say what a masked kind is read from.
    pub fn of<'k>(personal: &[Arc<str>], sees: &[Arc<str>], kinds: impl IntoIterator<Item = &'k WrittenKind>) -> Self {
        let mut masks = Masks::default();
        for seen in sees {
            if let Some(name) = seen.strip_prefix(TRAITS) {
                masks.seen_traits.insert(name.into());
            } else if let Some(path) = seen.strip_prefix(PROPERTIES) {
                masks.seen_paths.push(path.split('.').map(str::to_owned).collect());
            }
        }
        for name in personal.iter().filter(|name| !sees.contains(name)) {
            masks.names.push(name.clone());
            if let Some(name) = name.strip_prefix(TRAITS) {
                masks.all_traits |= name == "*";
                masks.traits.insert(fold(name));
            } else if let Some(path) = name.strip_prefix(PROPERTIES) {
                masks.paths.push(steps(path.split('.')));
            } else {
                masks.kinds.insert(fold(name));
            }
        }
        masks.follow(kinds.into_iter().collect(), sees);
        masks
    }

    /// Masks what a masked kind is read from, and the kinds that are read from something masked, until nothing is added.
    fn follow(&mut self, mut open: Vec<&WrittenKind>, sees: &[Arc<str>]) {
        loop {
            let is_hidden = |kind: &&WrittenKind| {
                let mut sources = kind.from.iter().chain(&kind.parts);
                self.hides_kind(&kind.name) || !sees.contains(&kind.name) && sources.any(|path| self.hides_source(path))
            };
            let (hidden, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(is_hidden);
            if hidden.is_empty() {
                return;
            }
            for kind in hidden {
                if self.kinds.insert(fold(&kind.name)) {
                    self.names.push(kind.name.clone());
                }
                kind.from.iter().chain(&kind.parts).for_each(|path| self.add_source(path));
            }
            open = rest;
        }
    }

    fn hides_source(&self, path: &str) -> bool {
        let path = path.strip_prefix("context.").unwrap_or(path);
        match (path.strip_prefix(TRAITS), path.strip_prefix(PROPERTIES)) {
            (Some(name), _) => self.hides_trait(name),
            (_, Some(path)) => self.sight(path.split('.')) != Sight::Whole,
            _ => false,
        }
    }

    /// Masks what a masked kind is read from.
    fn add_source(&mut self, path: &str) {
        let path = path.strip_prefix("context.").unwrap_or(path);
        if let Some(name) = path.strip_prefix(TRAITS) {
            self.traits.insert(fold(name));
        } else if let Some(path) = path.strip_prefix(PROPERTIES) {
            self.paths.push(steps(path.split('.')));
        }
    }

    /// The same masks, for a caller that sees of a customer no more than its name.
    #[must_use]
    pub fn with_only_names(self) -> Self {
        Masks { only_names: true, ..self }
    }

    /// Whether nothing is masked.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty() && !self.all_traits && self.traits.is_empty() && self.paths.is_empty()
    }

    /// What is masked, as it was listed.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Whether values of this kind of identifiers are masked.
    pub fn hides_kind(&self, kind: &str) -> bool {
        !self.kinds.is_empty() && self.kinds.contains(&fold(kind))
    }

    /// Whether values of this trait are masked. A mask of a part of a trait masks the whole.
    pub fn hides_trait(&self, name: &str) -> bool {
        let is_below = |name: &str, of: &str| name.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'));
        if self.seen_traits.contains(name) {
            // A part of it may be masked by its own name.
            let name = fold(name);
            return self.traits.iter().any(|mask| is_below(mask, &name));
        }
        if self.all_traits {
            return true;
        }
        if self.traits.is_empty() {
            return false;
        }
        let name = fold(name);
        self.traits.iter().any(|mask| *mask == name || is_below(mask, &name) || is_below(&name, mask))
    }

    /// What a caller sees of the property at the end of these steps below `properties`.
    pub fn sight<'s>(&self, path: impl IntoIterator<Item = &'s str>) -> Sight {
        if self.paths.is_empty() {
            return Sight::Whole;
        }
        let own: Vec<&str> = path.into_iter().flat_map(|step| step.split('.')).filter(|step| !is_index(step)).collect();
        // The longest of what is listed counts: what is seen does not open what is masked below it by its own name.
        let is_above = |seen: &&Path| seen.len() <= own.len() && seen.iter().zip(&own).all(|(a, b)| a == b);
        let seen = self.seen_paths.iter().filter(is_above).map(Vec::len).max().unwrap_or(0);
        let own = steps(own.into_iter());
        let masks = || self.paths.iter().filter(|mask| mask.len() > seen);
        if masks().any(|mask| own.starts_with(mask)) {
            return Sight::None;
        }
        if masks().any(|mask| mask.starts_with(&own)) { Sight::Part } else { Sight::Whole }
    }

    /// Whether text search looks at values of this kind.
    pub fn searches_kind(&self, kind: &str) -> bool {
        !self.only_names && !self.hides_kind(kind)
    }

    /// Whether text search looks at values of this trait.
    pub fn searches_trait(&self, name: &str) -> bool {
        (!self.only_names || NAME_TRAITS.contains(&name)) && !self.hides_trait(name)
    }

    /// The properties of a touchpoint without what is masked. `None` when nothing is.
    pub fn without_hidden(&self, properties: &RawValue) -> Option<Box<RawValue>> {
        if self.paths.is_empty() {
            return None;
        }
        // Of a key that is given twice the parser keeps the last, so the other one is not shown.
        let mut value: Value = serde_json::from_str(properties.get()).unwrap_or(Value::Null);
        self.cut(&mut value, &mut Vec::new());
        Some(serde_json::value::to_raw_value(&value).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// Removes the masked leaves. A list on the way means each of its elements.
    fn cut(&self, value: &mut Value, path: &mut Vec<String>) {
        match value {
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.cut(element, path)),
            Value::Object(fields) => fields.retain(|key, value| {
                path.push(key.clone());
                let is_kept = match self.sight(path.iter().map(String::as_str)) {
                    Sight::Whole => true,
                    Sight::Part => {
                        self.cut(value, path);
                        true
                    }
                    // Below it there may be something that the caller sees.
                    Sight::None if self.has_seen_below(path) && value.is_object() => {
                        self.cut(value, path);
                        true
                    }
                    Sight::None => false,
                };
                path.pop();
                is_kept
            }),
            _ => {}
        }
    }

    fn has_seen_below(&self, path: &[String]) -> bool {
        self.seen_paths.iter().any(|seen| seen.len() > path.len() && seen.starts_with(path))
    }
}

/// A path as masks are compared: folded, without steps into lists.
fn steps<'s>(path: impl Iterator<Item = &'s str>) -> Path {
    path.filter(|step| !is_index(step)).map(fold).collect()
}

fn is_index(step: &str) -> bool {
    !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<Arc<str>> {
        names.iter().map(|name| (*name).into()).collect()
    }

    fn masks(personal: &[&str], sees: &[&str]) -> Masks {
        let kind = |name: &str, from: &[&str], parts: &[&str]| WrittenKind {
            name: name.into(),
            from: list(from),
            parts: list(parts),
            ..WrittenKind::default()
        };
        let kinds = [
            kind("email", &["traits.email", "properties.email", "context.traits.mail.home"], &[]),
            kind("card", &["properties.card"], &[]),
            kind("name_and_birth", &[], &["traits.last_name", "traits.birth_date"]),
        ];
        Masks::of(&list(personal), &list(sees), &kinds)
    }

    #[test]
    fn what_a_masked_kind_is_read_from_is_masked_with_it() {
        let all = masks(&["email", "name_and_birth"], &[]);
        assert!(all.hides_kind("email") && !all.hides_kind("e-mail"));
        for name in ["email", "mail", "last_name", "birth_date"] {
            assert!(all.hides_trait(name), "{name}");
        }
        assert!(!all.hides_trait("city") && !all.hides_kind("card"));
        assert_eq!([all.sight(["email"]), all.sight(["card"])], [Sight::None, Sight::Whole]);
        assert_eq!(all.names(), list(&["email", "name_and_birth"]));
        let some = masks(&["email", "name_and_birth"], &["email"]);
        assert!(!some.hides_kind("email") && !some.hides_trait("email") && some.hides_trait("birth_date"));
        for personal in ["traits.email", "traits.*", "properties.email", "traits.mail"] {
            let all = masks(&[personal], &[]);
            assert!(all.hides_kind("email") && all.hides_trait("email") && !all.hides_kind("card"), "{personal}");
            assert!(!masks(&[personal], &["email"]).hides_kind("email"), "{personal}");
        }
        assert_eq!(masks(&["traits.birth_date"], &[]).names(), list(&["traits.birth_date", "name_and_birth"]));
        assert_eq!(some.sight(["email"]), Sight::Whole);
        assert_eq!(some.names(), list(&["name_and_birth"]));
    }

    #[test]
    fn no_spelling_passes_a_mask_and_only_what_is_listed_is_seen() {
        let all = masks(&["email", "traits.prénom"], &[]);
        for kind in ["email", "EMAIL", "émail"] {
            assert!(all.hides_kind(kind), "{kind}");
        }
        for name in ["prénom", "Pre\u{301}nom", "PRENOM", "prénom.first"] {
            assert!(all.hides_trait(name), "{name}");
        }
        let some = masks(&["traits.*"], &["traits.city"]);
        assert!(!some.hides_trait("city") && some.hides_trait("City") && some.hides_trait("town"));
        let part = masks(&["traits.address.street"], &[]);
        assert!(part.hides_trait("address") && !part.hides_trait("addresses"));
        let of_kind = masks(&["email", "traits.*"], &["traits.*"]);
        assert!(
            of_kind.hides_trait("email") && !of_kind.hides_trait("city"),
            "the value of a masked kind stays masked"
        );
        let nothing = masks(&[], &[]);
        assert!(!nothing.hides_trait("email") && !nothing.hides_kind("email"));
        assert_eq!(nothing.sight(["email"]), Sight::Whole);
    }

    #[test]
    fn a_masked_leaf_is_removed_wherever_it_is() {
        let cut = |personal: &[&str], sees: &[&str], json: &str| {
            let raw = RawValue::from_string(json.to_owned()).expect("JSON");
            masks(personal, sees).without_hidden(&raw).map(|raw| raw.get().to_owned())
        };
        let street = &["properties.address.street"];
        for (json, expected) in [
            (r#"{"address":{"street":"X","city":"Y"},"n":1.10}"#, r#"{"address":{"city":"Y"},"n":1.10}"#),
            (r#"{"address":[{"street":"X"},[{"street":"X","a":1}]]}"#, r#"{"address":[{},[{"a":1}]]}"#),
            (r#"{"address":{"0":{"street":"X"}}}"#, r#"{"address":{"0":{}}}"#),
            (r#"{"Address":{"STREET":{"line":"X"}}}"#, r#"{"Address":{}}"#),
            (r#"{"address.street":"X","street":"Y"}"#, r#"{"street":"Y"}"#),
            (r#"{"address":{"street":"X","street":"Z"}}"#, r#"{"address":{}}"#),
            (r#"{"addr\u0065ss":{"str\u0065et":"X"}}"#, r#"{"address":{}}"#),
            (r#"{"address":"text"}"#, r#"{"address":"text"}"#),
        ] {
            assert_eq!(cut(street, &[], json).as_deref(), Some(expected), "{json}");
        }
        let json = r#"{"address":{"street":"X","city":"Y"},"email":"e"}"#;
        let seen = cut(&["properties.address", "email"], &["properties.address.city"], json);
        assert_eq!(seen.as_deref(), Some(r#"{"address":{"city":"Y"}}"#));
        let both = &["properties.address", "properties.address.city"];
        let seen = cut(both, &["properties.address"], r#"{"address":{"street":"X","city":"Y"}}"#);
        assert_eq!(seen.as_deref(), Some(r#"{"address":{"street":"X"}}"#), "the city is masked by its own name");
        assert!(masks(&["traits.address", "traits.address.city"], &["traits.address"]).hides_trait("address"));
        assert_eq!(cut(&["phone"], &[], json), None, "nothing is masked");
    }

    #[test]
    fn a_path_is_seen_whole_in_part_or_not() {
        let masks = masks(&["properties.address.street"], &[]);
        let sight = |path: &str| masks.sight(path.split('.'));
        assert_eq!(sight("address.street"), Sight::None);
        assert_eq!(sight("address.0.street"), Sight::None);
        assert_eq!(sight("Address.Street.line"), Sight::None);
        assert_eq!([sight("address"), sight("address.3")], [Sight::Part, Sight::Part]);
        assert_eq!([sight("address.city"), sight("street"), sight("addresses")], [Sight::Whole; 3]);
    }

    #[test]
    fn who_sees_names_only_searches_names_only() {
        let masks = masks(&["phone"], &[]).with_only_names();
        assert!(masks.searches_trait("first_name") && masks.searches_trait("name") && !masks.searches_trait("city"));
        assert!(!masks.searches_kind("card"));
        assert!(!Masks { all_traits: true, ..masks }.searches_trait("first_name"));
    }
}
