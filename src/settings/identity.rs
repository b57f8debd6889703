//! `[identity]`: the kinds of identifiers, where they stand in an event, and what binds nobody.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;

use super::error::SettingsError;
use super::given::{Given, Section};
use super::path::{EventPath, Root};
use crate::domain::Duration;
use crate::domain::pattern::Pattern;
use crate::domain::rules::{IdentityRules, KindRule};

/// `[identity]`
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    /// Where phone numbers without a country's prefix are from.
    pub phone_country: phonenumber::country::Id,
    /// A longer gap between two touchpoints ends a session.
    pub session_gap: Duration,
    /// The most identifiers on one customer.
    pub max_identifiers: usize,
    /// Values that stand for nobody.
    pub blocked: Vec<Blocked>,
    /// In order of priority, the strongest first.
    pub kinds: Vec<KindSettings>,
}

/// One `[[identity.kind]]`.
#[derive(Clone, Debug)]
pub struct KindSettings {
    /// Its name.
    pub name: Arc<str>,
    /// Where its values stand, the strongest place first. They also come in `context.externalIds`.
    pub from: Vec<EventPath>,
    /// Of a composite: where its parts stand; all must be there.
    pub parts: Vec<EventPath>,
    /// How a value is made one and the same however it is written.
    pub normalise: Normalise,
    /// The most values on one customer.
    pub limit: Option<usize>,
    /// Events whose value is somebody else's, as they were written.
    pub except: Vec<Arc<str>>,
    /// The same, to compare with.
    pub except_patterns: Vec<Pattern>,
    /// Whether it lives on a device.
    pub device: bool,
    /// Whether it may join two customers that both exist already.
    pub merges: bool,
}

/// How a value is made one and the same however it is written. All are trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalise {
    /// Trimmed.
    Trim,
    /// In lower case.
    Email,
    /// As E.164, such as +447700900123.
    Phone,
}

/// A value that stands for nobody, or a pattern of such values.
#[derive(Clone, Debug)]
pub enum Blocked {
    /// This value, whatever its case; kept in lower case.
    Value(Box<str>),
    /// What this fits, written between slashes.
    Pattern(Regex),
}

impl Blocked {
    /// Whether a normalised value is meant.
    pub fn blocks(&self, value: &str) -> bool {
        match self {
            Blocked::Value(blocked) => **blocked == *value || **blocked == *value.to_lowercase(),
            Blocked::Pattern(pattern) => pattern.is_match(value),
        }
    }
}

impl std::fmt::Display for Blocked {
    /// As the settings write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Blocked::Value(value) => f.write_str(value),
            Blocked::Pattern(pattern) => write!(f, "/{pattern}/"),
        }
    }
}

impl IdentitySettings {
    /// What decides between people.
    pub fn rules(&self) -> IdentityRules {
        let rule =
            |k: &KindSettings| KindRule { name: k.name.clone(), limit: k.limit, device: k.device, merges: k.merges };
        IdentityRules {
            version: 1,
            kinds: self.kinds.iter().map(rule).collect(),
            max_identifiers: self.max_identifiers,
        }
    }

    pub(super) fn read(mut section: Section) -> Result<Self, SettingsError> {
        let country = section.take("phone_country").map(|given| {
            let text = given.text()?.trim().to_ascii_uppercase();
            text.parse().map_err(|_| given.bad("not a country: write it as GB"))
        });
        let gap = section.take("session_gap").map(|given| match given.text()?.parse::<Duration>() {
            Ok(Duration(0)) => Err(given.bad("a gap of nothing: write it as PT30M")),
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

/// Whether `name` can name a kind: small letters, digits and `_`, a letter first. So a kind has no
/// colon in it and `kind:value` can be taken apart.
pub fn is_kind_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn blocked(entry: &Given) -> Result<Blocked, SettingsError> {
    let text = entry.text()?;
    let text = text.trim();
    if let Some(pattern) = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        return match Regex::new(pattern) {
            Ok(regex) => Ok(Blocked::Pattern(regex)),
            Err(fault) => {
                let line = fault.to_string();
                let reason = line.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Err(entry.bad(format!("/{pattern}/ is not a regular expression: {reason}")))
            }
        };
    }
    if text.is_empty() { Err(entry.bad("an empty value")) } else { Ok(Blocked::Value(text.to_lowercase().into())) }
}

fn kinds(list: &Given) -> Result<Vec<KindSettings>, SettingsError> {
    let kinds = list.map(kind)?;
    let mut names = BTreeSet::new();
    if let Some(twice) = kinds.iter().find(|kind| !names.insert(&kind.name)) {
        return Err(list.bad(format!("the kind {} stands here twice", twice.name)));
    }
    if kinds.is_empty() { Err(list.bad("no kind at all, so nobody could be known")) } else { Ok(kinds) }
}

fn kind(given: &Given) -> Result<KindSettings, SettingsError> {
    let mut section = given.section()?;
    let name = section.take("name").ok_or_else(|| section.lacks(&given.place, "name"))?;
    let text = name.text()?;
    if !is_kind_name(&text) {
        return Err(name.bad("not a kind's name: small letters, digits and _, as loyalty_card"));
    }
    let from = section.take("from").map(|list| list.map(path)).transpose()?;
    let parts = section.take("parts");
    if let (Some(parts), Some(_)) = (&parts, &from) {
        return Err(parts.bad("a kind has either from or parts"));
    }
    let normalise = section.take("normalise").map(|given| match given.text()?.trim() {
        "email" => Ok(Normalise::Email),
        "phone" => Ok(Normalise::Phone),
        _ => Err(given.bad("neither email nor phone; without it values are trimmed")),
    });
    let limit = section.take("limit").map(|given| given.whole(1, 100_000)).transpose()?;
    let except = section.take("except").map(|list| list.texts()).transpose()?.unwrap_or_default();
    let device = section.take("device").map(|given| given.truth()).transpose()?;
    let merges = section.take("merges").map(|given| given.truth()).transpose()?;
    section.done()?;
    let normalise = normalise.transpose()?;
    if let (Some(parts), Some(_)) = (&parts, normalise) {
        return Err(parts.bad("the parts of a composite are trimmed and in lower case, without normalise"));
    }
    Ok(KindSettings {
        name: text.into(),
        from: from.unwrap_or_default(),
        parts: parts.map(|list| composite(&list)).transpose()?.unwrap_or_default(),
        normalise: normalise.unwrap_or(Normalise::Trim),
        limit: limit.map(|n| n as usize),
        except_patterns: except.iter().map(|name| Pattern::of_names(name)).collect(),
        except,
        device: device.unwrap_or(false),
        merges: merges.unwrap_or(true),
    })
}

fn path(entry: &Given) -> Result<EventPath, SettingsError> {
    entry.text()?.parse().map_err(|fault: super::path::NotAPath| entry.bad(fault.to_string()))
}

/// The parts of a composite are traits of one event.
fn composite(list: &Given) -> Result<Vec<EventPath>, SettingsError> {
    let parts = list.map(|entry| {
        let path = path(entry)?;
        let of_traits = path.root == Root::Traits || (path.root == Root::Context && &*path.steps[0] == "traits");
        if of_traits { Ok(path) } else { Err(entry.bad("a composite is made of traits, as traits.last_name")) }
    })?;
    if parts.len() < 2 { Err(list.bad("a composite has two parts or more")) } else { Ok(parts) }
}

fn default_blocked() -> Vec<Blocked> {
    let mut blocked: Vec<Blocked> = ["null", "undefined", "anonymous", "guest", "unknown", "-1"]
        .into_iter()
        .map(|value| Blocked::Value(value.into()))
        .collect();
    blocked.push(Blocked::Pattern(Regex::new("^[0-]+$").expect("a regular expression that a test compiles")));
    blocked
}

fn default_kinds() -> Vec<KindSettings> {
    let kind = |name: &str, from: &[&str]| KindSettings {
        name: name.into(),
        from: from.iter().map(|path| path.parse().expect("a path that a test reads")).collect(),
        parts: Vec::new(),
        normalise: Normalise::Trim,
        limit: None,
        except: Vec::new(),
        except_patterns: Vec::new(),
        device: false,
        merges: true,
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
        KindSettings {
            parts: kind("", &["traits.last_name", "traits.birth_date"]).from,
            limit: Some(2),
            ..kind("name_and_birth", &[])
        },
        KindSettings { device: true, ..kind("anonymous_id", &["anonymousId"]) },
    ]
}
