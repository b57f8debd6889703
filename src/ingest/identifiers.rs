//! The identifiers of an event: which there are, made one and the same however they are written.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::value::RawValue;

use super::event::{Event, Type};
use super::json::{Json, Object, as_text};
use super::notes::{Notes, fit};
use crate::domain::composite;
use crate::domain::fact::FactIdentifier;
use crate::domain::{IdentifierKey, ProblemCode};
use crate::settings::{Blocked, EventPath, IdentitySettings, KindSettings, Normalise, Root};

/// Reads identifiers under the rules of `[identity]`.
#[derive(Debug)]
pub struct Identifiers {
    kinds: Vec<KindSettings>,
    blocked: BlockedValues,
    phones: Phones,
    /// What `previousId` of an alias may be: a user_id, an anonymous_id.
    user: Arc<str>,
    anonymous: Arc<str>,
}

/// What `previousId` of an alias may be. The reader cannot know which one exists, so the fact has it
/// as an anonymous_id, and whoever has the store at hand calls [`Identifiers::is_user`] when it is
/// a user_id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// It as a user_id: wins when it exists.
    pub as_user: IdentifierKey,
    /// It as an anonymous_id: what it is in the fact.
    pub as_anonymous: IdentifierKey,
    /// Whether the event has that anonymous_id of its own too.
    is_both: bool,
}

/// Why no composite is made of parts that are all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unmade<'k> {
    /// What stands here is neither text nor a number.
    NoText(&'k EventPath),
    /// What stands here is blocked.
    Blocked(&'k EventPath),
    /// No identifier can have the value.
    Unfit(ProblemCode, &'static str),
}

/// Why a value is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoIdentifier {
    /// There is nothing in it.
    #[error("an empty value")]
    Empty,
    /// It is too long.
    #[error("longer than 1,024 bytes")]
    TooLong,
    /// It has characters that are not to be seen.
    #[error("a control character in it")]
    ControlCharacter,
    /// It stands for nobody.
    #[error("a blocked value, which stands for nobody")]
    Blocked,
    /// It is no phone number, as far as the configured country goes.
    #[error("not a phone number: write it as +447700900123, or as it is dialled in the configured country")]
    NotAPhone,
}

impl Identifiers {
    pub(crate) fn new(settings: &IdentitySettings) -> Self {
        let named = |root: Root, default: &str| {
            let kind = settings.kinds.iter().find(|kind| kind.from.iter().any(|path| path.root == root));
            kind.map_or_else(|| Arc::from(default), |kind| kind.name.clone())
        };
        Identifiers {
            user: named(Root::UserId, "user_id"),
            anonymous: named(Root::AnonymousId, "anonymous_id"),
            kinds: settings.kinds.clone(),
            blocked: BlockedValues::new(&settings.blocked),
            phones: Phones { country: settings.phone_country, seen: Mutex::default() },
        }
    }

    /// A value as it is stored and looked up. A kind that is not listed is trimmed only.
    ///
    /// # Errors
    /// When no identifier can have this value.
    pub fn normalise(&self, kind: &str, value: &str) -> Result<IdentifierKey, NoIdentifier> {
        let listed = self.kinds.iter().find(|listed| &*listed.name == kind);
        let (name, how) = listed.map_or((kind.into(), Normalise::Trim), |kind| (kind.name.clone(), kind.normalise));
        Ok(IdentifierKey { kind: name, value: self.value(how, value)? })
    }

    /// The kinds that are listed, in order of priority.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.kinds.iter().map(|listed| &*listed.name)
    }

    /// Whether a kind is among them.
    pub fn is_listed(&self, kind: &str) -> bool {
        self.kinds.iter().any(|listed| &*listed.name == kind)
    }

    /// Makes `previousId` of an alias the user_id it turned out to be.
    pub fn is_user(&self, identifiers: &mut Vec<FactIdentifier>, previous: &Previous) {
        if !previous.is_both {
            identifiers.retain(|present| present.key != previous.as_anonymous);
        }
        if !identifiers.iter().any(|present| present.key == previous.as_user) {
            self.insert(identifiers, previous.as_user.clone());
        }
    }

    /// Identifiers strongest first: in the order of kinds, then of paths, then of values in a list;
    /// each once; unlisted ones last. `words` is the name of a track event.
    pub(crate) fn read(
        &self,
        event: &Event<'_>,
        words: &str,
        notes: &mut Notes,
    ) -> (Vec<FactIdentifier>, Option<Previous>) {
        let mut found = Found { all: Vec::with_capacity(3), blocked: false };
        let faults = notes.faults.len();
        let external = external_ids(event, notes);
        for kind in &self.kinds {
            if !words.is_empty() && kind.except_patterns.iter().any(|pattern| pattern.fits(words)) {
                continue;
            }
            for path in &kind.from {
                if let Some(raw) = event.at(path) {
                    self.take(kind, raw, || path.to_string(), &mut found, notes);
                }
            }
            if !kind.parts.is_empty() {
                self.take_composite(kind, event, &mut found, notes);
            }
            for entry in external.iter().filter(|entry| *entry.kind == *kind.name) {
                self.take(kind, entry.id, || entry.path("id"), &mut found, notes);
            }
        }
        for entry in external.iter().filter(|entry| !self.is_listed(&entry.kind)) {
            self.take_unlisted(entry, &mut found, notes);
        }
        let mut identifiers = found.all;
        let previous = if event.kind == Type::Alias { self.previous(event, &mut identifiers, notes) } else { None };
        if identifiers.is_empty() && notes.faults.len() == faults {
            let blocked = if found.blocked { "every identifier it has is a blocked value" } else { "no identifier" };
            notes.faults.push(crate::domain::Problem::whole(
                ProblemCode::MissingField,
                format!("{blocked}: give userId, anonymousId or another of the listed kinds"),
            ));
        }
        (identifiers, previous)
    }

    /// Takes a value, or each of a list of them.
    fn take(
        &self,
        kind: &KindSettings,
        raw: &RawValue,
        path: impl Fn() -> String,
        found: &mut Found,
        notes: &mut Notes,
    ) {
        let Some(text) = as_text(raw) else {
            match Json::of(raw) {
                Json::List(values) => {
                    for (i, value) in values.into_iter().enumerate() {
                        match as_text(value) {
                            Some(text) => self.take_text(kind, &text, || format!("{}[{i}]", path()), found, notes),
                            None => notes.warn(ProblemCode::BadValue, format!("{}[{i}]", path()), NO_TEXT),
                        }
                    }
                }
                _ => notes.warn(ProblemCode::BadValue, path(), NO_TEXT),
            }
            return;
        };
        self.take_text(kind, &text, path, found, notes);
    }

    fn take_text(
        &self,
        kind: &KindSettings,
        text: &str,
        path: impl Fn() -> String,
        found: &mut Found,
        notes: &mut Notes,
    ) {
        let Some(value) = self.noted(kind.normalise, text, &path, found, notes) else { return };
        // A composite can be given whole: then its parts stand in the value.
        if kind.parts_of(&value).is_some_and(|parts| parts.into_iter().any(|part| self.blocked.blocks(part))) {
            found.blocked = true;
            notes.warn(ProblemCode::BlockedValue, path(), BLOCKED_PART);
            return;
        }
        found.add(FactIdentifier { key: IdentifierKey { kind: kind.name.clone(), value }, listed: true });
    }

    fn take_unlisted(&self, entry: &External<'_>, found: &mut Found, notes: &mut Notes) {
        let Some(text) = as_text(entry.id) else {
            notes.warn(ProblemCode::BadValue, entry.path("id"), NO_TEXT);
            return;
        };
        if let Some(value) = self.noted(Normalise::Trim, &text, || entry.path("id"), found, notes) {
            let key = IdentifierKey { kind: entry.kind.as_ref().into(), value };
            found.add(FactIdentifier { key, listed: false });
        }
    }

    fn take_composite(&self, kind: &KindSettings, event: &Event<'_>, found: &mut Found, notes: &mut Notes) {
        match self.composite(kind, |path| event.at(path)) {
            Ok(Some(key)) => found.add(FactIdentifier { key, listed: true }),
            Ok(None) => {}
            Err(Unmade::NoText(path)) => notes.warn(ProblemCode::BadValue, path.to_string(), NO_TEXT),
            Err(Unmade::Blocked(path)) => notes.warn(ProblemCode::BlockedValue, path.to_string(), BLOCKED_PART),
            Err(Unmade::Unfit(code, message)) => notes.fault(code, composite_path(&kind.parts), message),
        }
    }

    /// A composite, made of what stands at its parts, each trimmed and in lower case. Nothing when one is
    /// missing or empty.
    ///
    /// # Errors
    /// When nothing can be made of what is there.
    pub(crate) fn composite<'a, 'k>(
        &self,
        kind: &'k KindSettings,
        part: impl Fn(&EventPath) -> Option<&'a RawValue>,
    ) -> Result<Option<IdentifierKey>, Unmade<'k>> {
        let mut parts = Vec::with_capacity(kind.parts.len());
        for path in &kind.parts {
            let Some(raw) = part(path) else { return Ok(None) };
            let text = as_text(raw).ok_or(Unmade::NoText(path))?;
            let text = text.trim().to_lowercase();
            if text.is_empty() {
                return Ok(None);
            }
            if self.blocked.blocks(&text) {
                return Err(Unmade::Blocked(path));
            }
            parts.push(text);
        }
        let value = composite::value(parts.iter().map(String::as_str));
        fit(&value).map_err(|(code, message)| Unmade::Unfit(code, message))?;
        Ok(Some(IdentifierKey { kind: kind.name.clone(), value: value.into() }))
    }

    fn previous(
        &self,
        event: &Event<'_>,
        identifiers: &mut Vec<FactIdentifier>,
        notes: &mut Notes,
    ) -> Option<Previous> {
        const PATH: &str = "previousId";
        let Some(raw) = event.top.get(PATH) else {
            notes.fault(ProblemCode::MissingField, PATH, "an alias without the id it speaks of");
            return None;
        };
        let Some(text) = as_text(raw) else {
            notes.warn(ProblemCode::BadValue, PATH, NO_TEXT);
            return None;
        };
        let how = |name: &str| self.kinds.iter().find(|k| &*k.name == name).map_or(Normalise::Trim, |k| k.normalise);
        let mut found = Found::default();
        let value = self.noted(how(&self.anonymous), &text, || PATH.into(), &mut found, notes)?;
        let as_user = self.value(how(&self.user), &text).unwrap_or_else(|_| value.clone());
        let as_user = IdentifierKey { kind: self.user.clone(), value: as_user };
        if identifiers.iter().any(|present| present.key == as_user) {
            // An alias of the user's own id speaks of one identifier.
            return None;
        }
        let as_anonymous = IdentifierKey { kind: self.anonymous.clone(), value };
        let is_both = identifiers.iter().any(|present| present.key == as_anonymous);
        if !is_both {
            self.insert(identifiers, as_anonymous.clone());
        }
        Some(Previous { as_user, as_anonymous, is_both })
    }

    /// Puts an identifier behind those of its kind.
    fn insert(&self, identifiers: &mut Vec<FactIdentifier>, key: IdentifierKey) {
        let rank = |kind: &str| self.kinds.iter().position(|k| &*k.name == kind).unwrap_or(self.kinds.len());
        let own = rank(&key.kind);
        let place = identifiers.iter().position(|present| rank(&present.key.kind) > own).unwrap_or(identifiers.len());
        identifiers.insert(place, FactIdentifier { listed: own < self.kinds.len(), key });
    }

    /// The normalised value; nothing for an empty one; nothing and a note for one that cannot be.
    fn noted(
        &self,
        how: Normalise,
        text: &str,
        path: impl Fn() -> String,
        found: &mut Found,
        notes: &mut Notes,
    ) -> Option<Arc<str>> {
        let fault = match self.value(how, text) {
            Ok(value) => return Some(value),
            Err(fault) => fault,
        };
        match fault {
            NoIdentifier::Empty => {}
            NoIdentifier::TooLong => notes.fault(ProblemCode::TooLarge, path(), fault.to_string()),
            NoIdentifier::ControlCharacter => notes.fault(ProblemCode::BadValue, path(), fault.to_string()),
            NoIdentifier::NotAPhone => notes.warn(ProblemCode::BadValue, path(), fault.to_string()),
            NoIdentifier::Blocked => {
                found.blocked = true;
                notes.warn(ProblemCode::BlockedValue, path(), fault.to_string());
            }
        }
        None
    }

    fn value(&self, how: Normalise, text: &str) -> Result<Arc<str>, NoIdentifier> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NoIdentifier::Empty);
        }
        match fit(text) {
            Err((ProblemCode::TooLarge, _)) => return Err(NoIdentifier::TooLong),
            Err(_) => return Err(NoIdentifier::ControlCharacter),
            Ok(()) => {}
        }
        if self.blocked.blocks(text) {
            return Err(NoIdentifier::Blocked);
        }
        let value: Arc<str> = match how {
            Normalise::Trim => return Ok(text.into()),
            Normalise::Email => {
                let lower = lower_case(text);
                // A few letters are longer in lower case.
                if lower.len() > IdentifierKey::MAX_VALUE_BYTES {
                    return Err(NoIdentifier::TooLong);
                }
                lower.into()
            }
            Normalise::Phone => self.phones.normalise(text).ok_or(NoIdentifier::NotAPhone)?,
        };
        if self.blocked.blocks(&value) { Err(NoIdentifier::Blocked) } else { Ok(value) }
    }
}

const NO_TEXT: &str = "neither text nor a number";
const BLOCKED_PART: &str = "a blocked value, so nothing is made of it";

#[derive(Default)]
struct Found {
    all: Vec<FactIdentifier>,
    blocked: bool,
}

impl Found {
    fn add(&mut self, identifier: FactIdentifier) {
        if !self.all.iter().any(|present| present.key == identifier.key) {
            self.all.push(identifier);
        }
    }
}

/// An entry of `context.externalIds`.
struct External<'a> {
    index: usize,
    kind: Cow<'a, str>,
    id: &'a RawValue,
}

impl External<'_> {
    fn path(&self, field: &str) -> String {
        format!("context.externalIds[{}].{field}", self.index)
    }
}

/// Entries with a type and an id. A type has no colon, so that `kind:value` can be taken apart.
fn external_ids<'a>(event: &Event<'a>, notes: &mut Notes) -> Vec<External<'a>> {
    const PATH: &str = "context.externalIds";
    let Some(raw) = event.context.get("externalIds") else { return Vec::new() };
    let Json::List(entries) = Json::of(raw) else {
        notes.warn(ProblemCode::BadValue, PATH, "not a list of { type, id }");
        return Vec::new();
    };
    let mut found = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let entry = Object::parse(entry.get()).unwrap_or_default();
        let kind = entry.get("type").and_then(as_text).map(|kind| match kind {
            Cow::Borrowed(kind) => Cow::Borrowed(kind.trim()),
            Cow::Owned(kind) => Cow::Owned(kind.trim().to_owned()),
        });
        match (kind, entry.get("id")) {
            (Some(kind), Some(id)) if !kind.is_empty() && !kind.contains(':') && fit(&kind).is_ok() => {
                found.push(External { index, kind, id });
            }
            _ => notes.warn(
                ProblemCode::BadValue,
                format!("{PATH}[{index}]"),
                "not a { type, id } with a type without a colon",
            ),
        }
    }
    found
}

fn composite_path(parts: &[EventPath]) -> String {
    parts.first().map(EventPath::to_string).unwrap_or_default()
}

fn lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// What binds nobody, made ready: most values are longer than any that is blocked.
#[derive(Debug)]
struct BlockedValues {
    values: FxHashSet<Box<str>>,
    longest: usize,
    patterns: Vec<regex::Regex>,
}

impl BlockedValues {
    fn new(blocked: &[Blocked]) -> Self {
        let mut values = FxHashSet::default();
        let mut patterns = Vec::new();
        for entry in blocked {
            match entry {
                Blocked::Value(value) => {
                    values.insert(value.clone());
                }
                Blocked::Pattern(pattern) => patterns.push(pattern.clone()),
            }
        }
        // In bytes, with room for letters that are shorter in upper case.
        let longest = values.iter().map(|value| value.len()).max().unwrap_or_default() * 3;
        BlockedValues { values, longest, patterns }
    }

    fn blocks(&self, value: &str) -> bool {
        (value.len() <= self.longest && self.values.contains(&*lower_case(value)))
            || self.patterns.iter().any(|pattern| pattern.is_match(value))
    }
}

/// Phone numbers in E.164. Taking one apart costs some ten microseconds, and the same numbers come
/// again and again, so the last few thousand are remembered.
#[derive(Debug)]
struct Phones {
    country: phonenumber::country::Id,
    seen: Mutex<FxHashMap<Box<str>, Option<Arc<str>>>>,
}

impl Phones {
    const REMEMBERED: usize = 16_384;

    fn normalise(&self, text: &str) -> Option<Arc<str>> {
        if text.len() > 64 {
            return None;
        }
        // A poisoned memory is as good as before: an entry is put in whole.
        let seen = || self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = seen().get(text) {
            return known.clone();
        }
        let number = e164(self.country, text);
        let mut seen = seen();
        if seen.len() >= Self::REMEMBERED {
            seen.clear();
        }
        seen.insert(text.into(), number.clone());
        number
    }
}

/// E.164 (ITU): a plus, the country's code, the national number, 15 digits at most. Numbers that
/// are in no plan, such as those set aside for fiction, are numbers too; less than 7 digits are not.
fn e164(country: phonenumber::country::Id, text: &str) -> Option<Arc<str>> {
    let number = phonenumber::parse(Some(country), text).ok()?;
    let text = number.format().mode(phonenumber::Mode::E164).to_string();
    let digits = text.strip_prefix('+')?;
    let good = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.into())
}
