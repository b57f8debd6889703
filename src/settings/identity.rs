//! `[identity]`: the identity rules: kinds of identifiers, their paths in events, limits, and blocked values.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;

use super::error::SettingsError;
use super::path::{EventPath, Root};
use super::raw::{RawValue, Section};
pub use crate::domain::blocked::Blocked;
use crate::domain::pattern::Pattern;
use crate::domain::rules::{IdentityRules, KindRule, WrittenKind, WrittenRules};
use crate::domain::{Duration, Problem, ProblemCode};

/// `[identity]`
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    /// The country of phone numbers without a country prefix.
    pub phone_country: phonenumber::country::Id,
    /// A longer time between two touchpoints ends a session.
    pub session_gap: Duration,
    /// The maximum number of identifiers of one customer.
    pub max_identifiers: usize,
    /// Values that are ignored as identifiers.
    pub blocked: Vec<Blocked>,
    /// The kinds, the strongest first.
    pub kinds: Vec<KindSettings>,
}

/// An entry of `[[identity.kind]]`.
#[derive(Clone, Debug)]
pub struct KindSettings {
    /// The name.
    pub name: Arc<str>,
    /// The event paths of its values, the strongest first. Values may also be in `context.externalIds`.
    pub from: Vec<EventPath>,
    /// For a composite: the event paths of its parts. All parts are required.
    pub parts: Vec<EventPath>,
    /// The normalisation of values.
    pub normalise: Normalise,
    /// Values of this kind, or of one of its parts, that are ignored in addition to the general list.
    pub blocked: Vec<Blocked>,
    /// The maximum number of values of one customer.
    pub limit: Option<usize>,
    /// Names of events whose value belongs to another person, as in the settings.
    pub except: Vec<Arc<str>>,
    /// The same as patterns.
    pub except_patterns: Vec<Pattern>,
    /// Whether it is a device identifier.
    pub device: bool,
    /// Whether it may merge two existing customers.
    pub merges: bool,
    /// For a composite: the version of the rules since which it has these parts. 0 when it always had them.
    pub parts_since: i64,
}

/// The normalisation of values. Invisible characters are always removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalise {
    /// Unchanged.
    Trim,
    /// An e-mail address: lower case, the domain in one form.
    Email,
    /// A phone number: E.164, such as +447700900123, with its extension.
    Phone,
}

impl IdentitySettings {
    /// The rules for stitching.
    pub fn rules(&self) -> IdentityRules {
        let rule = |k: &KindSettings| KindRule {
            name: k.name.clone(),
            limit: k.limit,
            device: k.device,
            merges: k.merges,
            parts_since: k.parts_since,
            composite: !k.parts.is_empty(),
            blocked: Arc::new(self.blocked.iter().chain(&k.blocked).collect()),
        };
        IdentityRules {
            version: 1,
            kinds: self.kinds.iter().map(rule).collect(),
            max_identifiers: self.max_identifiers,
            session_gap: self.session_gap,
        }
    }

    /// The rules for storing and showing.
    pub fn written(&self) -> WrittenRules {
        let texts = |paths: &[EventPath]| paths.iter().map(|path| path.to_string().into()).collect();
        let kind = |kind: &KindSettings| WrittenKind {
            name: kind.name.clone(),
            from: texts(&kind.from),
            parts: texts(&kind.parts),
            except: kind.except.clone(),
            normalise: match kind.normalise {
                Normalise::Trim => None,
                Normalise::Email => Some("email".into()),
                Normalise::Phone => Some("phone".into()),
            },
            blocked: kind.blocked.iter().map(|blocked| blocked.to_string().into()).collect(),
            limit: kind.limit.map(|limit| limit as i64),
            device: kind.device,
            merges: kind.merges,
            parts_since: kind.parts_since,
        };
        WrittenRules {
            kinds: self.kinds.iter().map(kind).collect(),
            blocked: self.blocked.iter().map(|blocked| blocked.to_string().into()).collect(),
            max_identifiers: self.max_identifiers as i64,
            session_gap: self.session_gap,
            phone_country: format!("{:?}", self.phone_country).into(),
        }
    }

    /// Reads stored or sent rules.
    ///
    /// # Errors
    /// The first error, with its path in the API's `rules`.
    pub fn of_written(rules: &WrittenRules) -> Result<Self, Problem> {
        let bad = |path: &str, message: &str| Problem::at(ProblemCode::BadArgument, format!("rules.{path}"), message);
        let phone_country =
            rules.phone_country.parse().map_err(|_| bad("phoneCountry", "not a country: write it as GB"))?;
        if rules.session_gap.0 <= 0 {
            return Err(bad("sessionGap", "a gap of zero: write it as PT30M"));
        }
        if !(2..=100_000).contains(&rules.max_identifiers) {
            return Err(bad("maxIdentifiers", "not a whole number from 2 to 100000"));
        }
        let mut blocked = Vec::with_capacity(rules.blocked.len());
        for (n, text) in rules.blocked.iter().enumerate() {
            blocked.push(blocked_text(text).map_err(|why| bad(&format!("blocked[{n}]"), &why))?);
        }
        if rules.kinds.is_empty() {
            return Err(bad("kinds", "the list is empty: at least one kind is required"));
        }
        let mut kinds: Vec<KindSettings> = Vec::with_capacity(rules.kinds.len());
        for (n, kind) in rules.kinds.iter().enumerate() {
            let bad = |field: &str, message: &str| bad(&format!("kinds[{n}].{field}"), message);
            if kinds.iter().any(|before| before.name == kind.name) {
                return Err(bad("name", "this kind occurs twice"));
            }
            kinds.push(written_kind(kind).map_err(|(field, why)| bad(&field, &why))?);
        }
        let max_identifiers = rules.max_identifiers as usize;
        Ok(IdentitySettings { phone_country, session_gap: rules.session_gap, max_identifiers, blocked, kinds })
    }

    pub(super) fn read(mut section: Section) -> Result<Self, SettingsError> {
        let country = section.take("phone_country").map(|given| {
            let text = given.text()?.trim().to_ascii_uppercase();
            text.parse().map_err(|_| given.bad("not a country: write it as GB"))
        });
        let gap = section.take("session_gap").map(|given| match given.text()?.parse::<Duration>() {
            Ok(Duration(0)) => Err(given.bad("a gap of zero: write it as PT30M")),
            Ok(gap) => Ok(gap),
            Err(fault) => Err(given.bad(fault.to_string())),
        });
        let most = section.take("max_identifiers").map(|given| given.whole(2, 100_000)).transpose()?;
        let blocked = match section.take("blocked") {
            Some(list) => list.map(blocked)?,
            None => default_blocked(),
        };
        let kinds = match section.take("kind") {
            Some(list) => kinds(&list)?,
            None => default_kinds(),
        };
        section.done()?;
        Ok(IdentitySettings {
            phone_country: country.transpose()?.unwrap_or(phonenumber::country::GB),
            session_gap: gap.transpose()?.unwrap_or(Duration::from_secs(1_800)),
            max_identifiers: most.map_or(200, |n| n as usize),
            blocked,
            kinds,
        })
    }
}

/// Whether `name` is valid for a kind: lower-case letters, digits and `_`, starting with a letter. Without colons
/// `kind:value` can be split.
pub fn is_kind_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn blocked(entry: &RawValue) -> Result<Blocked, SettingsError> {
    blocked_text(&entry.text()?).map_err(|why| entry.bad(why))
}

/// Reads a value, or a pattern between slashes.
fn blocked_text(text: &str) -> Result<Blocked, String> {
    let text = text.trim();
    if let Some(pattern) = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        return match Regex::new(pattern) {
            Ok(regex) => Ok(Blocked::Pattern(regex)),
            Err(fault) => {
                let line = fault.to_string();
                let reason = line.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Err(format!("/{pattern}/ is not a regular expression: {reason}"))
            }
        };
    }
    if text.is_empty() { Err("the value is empty".into()) } else { Ok(Blocked::Value(text.to_lowercase().into())) }
}

/// Reads a kind. The error has the field and the reason.
fn written_kind(kind: &WrittenKind) -> Result<KindSettings, (String, String)> {
    let wrong = |field: &str, why: &str| (field.to_owned(), why.to_owned());
    if !is_kind_name(&kind.name) {
        return Err(wrong(
            "name",
            "not the name of a kind: use lower-case letters, digits and _, such as loyalty_card",
        ));
    }
    let paths = |field: &str, texts: &[Arc<str>]| -> Result<Vec<EventPath>, (String, String)> {
        let path = |(n, text): (usize, &Arc<str>)| {
            text.parse().map_err(|fault: super::path::NotAPath| (format!("{field}[{n}]"), fault.to_string()))
        };
        texts.iter().enumerate().map(path).collect()
    };
    let own = |part: &Arc<str>| part.rsplit('.').next() == Some(&*kind.name);
    if let Some(n) = kind.parts.iter().position(own) {
        return Err((format!("parts[{n}]"), "a composite cannot be a part of itself".into()));
    }
    let (from, parts) = (paths("from", &kind.from)?, paths("parts", &kind.parts)?);
    if !parts.is_empty() && !from.is_empty() {
        return Err(wrong("parts", "a kind has either from or parts"));
    }
    if parts.len() == 1 {
        return Err(wrong("parts", "a composite needs two or more parts"));
    }
    if let Some(n) = parts.iter().position(|path| !is_of_traits(path)) {
        return Err((format!("parts[{n}]"), NOT_OF_TRAITS.into()));
    }
    let normalise = match kind.normalise.as_deref() {
        None => Normalise::Trim,
        Some(_) if !parts.is_empty() => {
            return Err(wrong("normalise", "not allowed for a composite, whose parts are in lower case"));
        }
        Some("email") => Normalise::Email,
        Some("phone") => Normalise::Phone,
        Some(_) => return Err(wrong("normalise", "neither email nor phone; leave it out for other values")),
    };
    let blocked = kind
        .blocked
        .iter()
        .enumerate()
        .map(|(n, text)| blocked_text(text).map_err(|why| (format!("blocked[{n}]"), why)));
    if kind.limit.is_some_and(|limit| !(1..=100_000).contains(&limit)) {
        return Err(wrong("limit", "not a whole number from 1 to 100000; leave it out for no limit"));
    }
    Ok(KindSettings {
        name: kind.name.clone(),
        from,
        parts,
        normalise,
        blocked: blocked.collect::<Result<_, _>>()?,
        limit: kind.limit.map(|limit| limit as usize),
        except: kind.except.clone(),
        except_patterns: kind.except.iter().map(|name| Pattern::of_names(name)).collect(),
        device: kind.device,
        merges: kind.merges,
        parts_since: kind.parts_since,
    })
}

const NOT_OF_TRAITS: &str = "the parts of a composite are traits, such as traits.last_name";

fn is_of_traits(path: &EventPath) -> bool {
    path.root == Root::Traits || (path.root == Root::Context && &*path.steps[0] == "traits")
}

fn kinds(list: &RawValue) -> Result<Vec<KindSettings>, SettingsError> {
    let kinds = list.map(kind)?;
    let mut names = BTreeSet::new();
    if let Some(twice) = kinds.iter().find(|kind| !names.insert(&kind.name)) {
        return Err(list.bad(format!("the kind {} occurs twice", twice.name)));
    }
    if kinds.is_empty() { Err(list.bad("the list is empty: at least one kind is required")) } else { Ok(kinds) }
}

fn kind(given: &RawValue) -> Result<KindSettings, SettingsError> {
    let mut section = given.section()?;
    let name = section.take("name").ok_or_else(|| section.lacks(&given.place, "name"))?;
    let text = name.text()?;
    if !is_kind_name(&text) {
        return Err(name.bad("not the name of a kind: use lower-case letters, digits and _, such as loyalty_card"));
    }
    let from = section.take("from").map(|list| list.map(path)).transpose()?;
    let parts = section.take("parts");
    if let (Some(parts), Some(_)) = (&parts, &from) {
        return Err(parts.bad("a kind has either from or parts"));
    }
    let normalise = section.take("normalise").map(|given| match given.text()?.trim() {
        "email" => Ok(Normalise::Email),
        "phone" => Ok(Normalise::Phone),
        _ => Err(given.bad("neither email nor phone; leave it out for other values")),
    });
    let own_blocked = section.take("blocked").map(|list| list.map(blocked)).transpose()?;
    let limit = section.take("limit").map(|given| given.whole(1, 100_000)).transpose()?;
    let except = section.take("except").map(|list| list.texts()).transpose()?.unwrap_or_default();
    let device = section.take("device").map(|given| given.truth()).transpose()?;
    let merges = section.take("merges").map(|given| given.truth()).transpose()?;
    section.done()?;
    let normalise = normalise.transpose()?;
    if let (Some(parts), Some(_)) = (&parts, normalise) {
        return Err(parts.bad("normalise is not allowed for a composite, whose parts are in lower case"));
    }
    Ok(KindSettings {
        name: text.into(),
        from: from.unwrap_or_default(),
        parts: parts.map(|list| composite_parts(&list)).transpose()?.unwrap_or_default(),
        normalise: normalise.unwrap_or(Normalise::Trim),
        blocked: own_blocked.unwrap_or_default(),
        limit: limit.map(|n| n as usize),
        except_patterns: except.iter().map(|name| Pattern::of_names(name)).collect(),
        except,
        device: device.unwrap_or(false),
        merges: merges.unwrap_or(true),
        parts_since: 0,
    })
}

fn path(entry: &RawValue) -> Result<EventPath, SettingsError> {
    entry.text()?.parse().map_err(|fault: super::path::NotAPath| entry.bad(fault.to_string()))
}

/// The index of the first repeated part.
pub fn twice(parts: &[EventPath]) -> Option<usize> {
    (1..parts.len()).find(|&n| parts[..n].contains(&parts[n]))
}

/// Reads the parts of a composite: traits of one event.
fn composite_parts(list: &RawValue) -> Result<Vec<EventPath>, SettingsError> {
    let parts = list.map(|entry| {
        let path = path(entry)?;
        if is_of_traits(&path) { Ok(path) } else { Err(entry.bad(NOT_OF_TRAITS)) }
    })?;
    if let Some(twice) = twice(&parts) {
        return Err(list.bad(format!("{} occurs twice", parts[twice])));
    }
    if parts.len() < 2 { Err(list.bad("a composite needs two or more parts")) } else { Ok(parts) }
}

fn default_blocked() -> Vec<Blocked> {
    let mut blocked = values(&[
        "null",
        "undefined",
        "none",
        "nil",
        "nan",
        "n/a",
        "(not set)",
        "[object object]",
        "anonymous",
        "guest",
        "unknown",
        "-1",
    ]);
    blocked.push(Blocked::Pattern(Regex::new("^[0-]+$").expect("a regular expression that a test compiles")));
    blocked
}

fn values(texts: &[&str]) -> Vec<Blocked> {
    texts.iter().map(|text| Blocked::Value((*text).into())).collect()
}

fn default_kinds() -> Vec<KindSettings> {
    let kind = |name: &str, from: &[&str]| KindSettings {
        name: name.into(),
        from: from.iter().map(|path| path.parse().expect("a path that a test reads")).collect(),
        parts: Vec::new(),
        normalise: Normalise::Trim,
        blocked: Vec::new(),
        limit: None,
        except: Vec::new(),
        except_patterns: Vec::new(),
        device: false,
        merges: true,
        parts_since: 0,
    };
    let except = ["Invite Sent", "Product Shared", "Gift *"];
    vec![
        KindSettings { limit: Some(1), ..kind("user_id", &["userId"]) },
        KindSettings {
            normalise: Normalise::Email,
            limit: Some(5),
            except: except.map(Arc::from).to_vec(),
            except_patterns: except.map(Pattern::of_names).to_vec(),
            ..kind("email", &["traits.email", "properties.email", "context.traits.email"])
        },
        KindSettings {
            normalise: Normalise::Phone,
            limit: Some(5),
            ..kind("phone", &["traits.phone", "properties.phone", "context.traits.phone"])
        },
        kind("loyalty_card", &["traits.loyalty_card", "properties.loyalty_card"]),
        kind("mailchimp_id", &[]),
        kind("zendesk_id", &[]),
        kind("shopify_id", &[]),
        kind("klaviyo_id", &[]),
        kind("stripe_id", &[]),
        kind("square_id", &[]),
        kind("hubspot_id", &[]),
        KindSettings {
            // Twins share two of these parts.
            parts: kind("", &["traits.first_name", "traits.last_name", "traits.birth_date"]).from,
            // Default dates of forms.
            blocked: values(&["1970-01-01", "1900-01-01", "0001-01-01"]),
            limit: Some(2),
            ..kind("name_and_birth", &[])
        },
        KindSettings { device: true, ..kind("anonymous_id", &["anonymousId"]) },
    ]
}
