//! The identifiers of an event, in one normalised form for all spellings.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::event::{Event, Type};
use super::json::{Json, Object, as_text};
use super::notes::{Notes, Weight, fit};
use crate::domain::blocked::BlockedValues;
use crate::domain::composite;
use crate::domain::fact::FactIdentifier;
use crate::domain::rules::KindRule;
use crate::domain::surrogate::LOST;
use crate::domain::unicode::lower_case;
use crate::domain::{IdentifierKey, ProblemCode};
use crate::settings::{EventPath, IdentitySettings, KindSettings, Normalise, Root};
use phone::Phones;

mod email;
mod phone;
mod text;

pub use text::visible;

/// The most identifiers of an event. There is a limit, since each is linked with each.
pub const MOST: usize = 100;

/// Reads identifiers under the rules of `[identity]`.
#[derive(Debug)]
pub struct Identifiers {
    kinds: Vec<Kind>,
    blocked: BlockedValues,
    phones: Phones,
    /// The kinds that `previousId` of an alias may have: user_id, anonymous_id.
    user: Arc<str>,
    anonymous: Arc<str>,
}

/// A listed kind.
#[derive(Debug)]
struct Kind {
    settings: KindSettings,
    rule: KindRule,
}

/// The two meanings of `previousId` of an alias. The reader cannot know which one exists, so the fact has an
/// anonymous_id. `ingest::writer`, which has the store, calls [`Identifiers::is_user`] when it is a user_id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// The id as a user_id. It wins when this user_id exists.
    pub as_user: IdentifierKey,
    /// The id as an anonymous_id, as in the fact.
    pub as_anonymous: IdentifierKey,
    /// Whether the event itself also has this anonymous_id.
    is_both: bool,
}

/// Why no composite is made although all parts are present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unmade<'k> {
    /// The value here is neither text nor a number.
    NoText(&'k EventPath),
    /// The value here is blocked.
    Blocked(&'k EventPath),
    /// The value here has lost a character.
    Lost(&'k EventPath),
    /// No identifier can have the value.
    Unfit(ProblemCode, &'static str),
}

/// Why a value is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoIdentifier {
    /// It is empty.
    #[error("an empty value")]
    Empty,
    /// It is too long.
    #[error("longer than 1,024 bytes")]
    TooLong,
    /// It has invisible characters.
    #[error("a control character in it")]
    ControlCharacter,
    /// It has lost a character, so several values may look like it.
    #[error("{LOST_CHARACTER}")]
    Lost,
    /// It is a placeholder that identifies no person.
    #[error("a blocked value, which stands for nobody")]
    Blocked,
    /// It is not a phone number in the configured country.
    #[error("not a phone number: write it as +447700900123, or as it is dialled in the configured country")]
    NotAPhone,
    /// It is not an e-mail address.
    #[error("not an e-mail address: write it as ada@example.com")]
    NotAnEmail,
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
            kinds: settings
                .kinds
                .iter()
                .cloned()
                .zip(settings.rules().kinds)
                .map(|(settings, rule)| Kind { settings, rule })
                .collect(),
            blocked: settings.blocked.iter().collect(),
            phones: Phones::new(settings.phone_country),
        }
    }

    /// A value in the form for storage and look-up. For a kind that is not listed, only invisible characters are
    /// removed.
    ///
    /// # Errors
    /// When no identifier can have this value.
    pub fn normalise(&self, kind: &str, value: &str) -> Result<IdentifierKey, NoIdentifier> {
        let listed = self.kind(kind);
        let name = listed.map_or_else(|| visible(kind).as_ref().into(), |kind| kind.settings.name.clone());
        Ok(IdentifierKey { kind: name, value: self.value(listed, &Given::text(value))? })
    }

    /// A value to look up: as [`normalise`](Self::normalise). A value that no event could have today is kept unchanged,
    /// since a store may have it from an earlier version. `None` for a value that no store has.
    pub fn sought(&self, kind: &str, value: &str) -> Option<IdentifierKey> {
        self.normalise(kind, value).ok().or_else(|| {
            let (kind, value) = (visible(kind), visible(value));
            let fits = !value.is_empty() && fit(&value).is_ok();
            fits.then(|| IdentifierKey::new(&*kind, &*value))
        })
    }

    /// An id that is not an identifier: of a message, an order, a session, a device. It is normalised to what people
    /// see. `None` when it is not given; `None` and a note when it is blocked or invalid.
    pub(crate) fn id(&self, weight: Weight, path: &str, raw: Option<&RawValue>, notes: &mut Notes) -> Option<Arc<str>> {
        let Some(text) = as_text(raw?) else {
            notes.note(weight, ProblemCode::BadValue, path, NO_TEXT);
            return None;
        };
        let id = visible(&text);
        match fit(&id) {
            Ok(()) if id.is_empty() => None,
            Ok(()) if is_lost(&id) => {
                notes.warn(ProblemCode::BadValue, path, LOST_CHARACTER);
                None
            }
            Ok(()) if self.blocked.blocks(&id) => {
                notes.warn(ProblemCode::BlockedValue, path, "a blocked value, which is as if not given");
                None
            }
            Ok(()) => Some(id.as_ref().into()),
            Err((code, message)) => {
                notes.note(weight, code, path, message);
                None
            }
        }
    }

    fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| &*kind.settings.name == name)
    }

    /// The listed kinds, in order of priority.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.kinds.iter().map(|listed| &*listed.settings.name)
    }

    /// Whether a kind is listed.
    pub fn is_listed(&self, kind: &str) -> bool {
        self.kind(kind).is_some()
    }

    /// Replaces the anonymous_id of an alias's `previousId` by the user_id.
    pub fn is_user(&self, identifiers: &mut Vec<FactIdentifier>, previous: &Previous) {
        if !previous.is_both {
            identifiers.retain(|present| present.key != previous.as_anonymous);
        }
        if !identifiers.iter().any(|present| present.key == previous.as_user) {
            self.insert(identifiers, previous.as_user.clone());
            identifiers.truncate(MOST);
        }
    }

    /// Identifiers strongest first: in the order of kinds, then of paths, then of values in a list;
    /// each once; unlisted ones last; at most [`MOST`]. `words` is the name of a track event.
    pub(crate) fn read(
        &self,
        event: &Event<'_>,
        words: &str,
        notes: &mut Notes,
    ) -> (Vec<FactIdentifier>, Option<Previous>) {
        let mut found = Found { all: Vec::with_capacity(3), ..Found::default() };
        let faults = notes.faults.len();
        let external = external_ids(event, notes);
        for kind in &self.kinds {
            let rule = &kind.settings;
            if !words.is_empty() && rule.except_patterns.iter().any(|pattern| pattern.fits(words)) {
                continue;
            }
            for path in &rule.from {
                if let Some(raw) = event.at(path) {
                    self.take(kind, raw, || path.to_string(), &mut found, notes);
                }
            }
            if !rule.parts.is_empty() {
                self.take_composite(rule, event, &mut found, notes);
            }
            for entry in external.iter().filter(|entry| *entry.kind == *rule.name) {
                self.take(kind, entry.id, || entry.path("id"), &mut found, notes);
            }
        }
        for entry in external.iter().filter(|entry| !self.is_listed(&entry.kind)) {
            self.take_unlisted(entry, &mut found, notes);
        }
        if let Some(path) = found.beyond {
            let message = format!("an event names at most {MOST} identifiers, so the strongest {MOST} count");
            notes.warn(ProblemCode::TooLarge, path, message);
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

    /// Takes a value, or each value of a list.
    fn take(&self, kind: &Kind, raw: &RawValue, path: impl Fn() -> String, found: &mut Found, notes: &mut Notes) {
        let Some(given) = Given::of(raw) else {
            match Json::of(raw) {
                Json::List(values) => {
                    for (i, value) in values.into_iter().enumerate() {
                        match Given::of(value) {
                            Some(given) => self.take_one(kind, &given, || format!("{}[{i}]", path()), found, notes),
                            None => notes.warn(ProblemCode::BadValue, format!("{}[{i}]", path()), NO_TEXT),
                        }
                    }
                }
                _ => notes.warn(ProblemCode::BadValue, path(), NO_TEXT),
            }
            return;
        };
        self.take_one(kind, &given, path, found, notes);
    }

    fn take_one(
        &self,
        kind: &Kind,
        given: &Given<'_>,
        path: impl Fn() -> String,
        found: &mut Found,
        notes: &mut Notes,
    ) {
        let Some(value) = self.noted(Some(kind), given, &path, found, notes) else { return };
        // A composite can be given as one value that contains its parts.
        if kind.rule.is_blocked(&value) {
            found.blocked = true;
            notes.warn(ProblemCode::BlockedValue, path(), BLOCKED_PART);
            return;
        }
        let key = IdentifierKey { kind: kind.settings.name.clone(), value };
        found.add(FactIdentifier { key, listed: true }, path);
    }

    fn take_unlisted(&self, entry: &External<'_>, found: &mut Found, notes: &mut Notes) {
        let path = || entry.path("id");
        let Some(given) = Given::of(entry.id) else {
            notes.warn(ProblemCode::BadValue, path(), NO_TEXT);
            return;
        };
        if let Some(value) = self.noted(None, &given, path, found, notes) {
            let key = IdentifierKey { kind: entry.kind.as_ref().into(), value };
            found.add(FactIdentifier { key, listed: false }, path);
        }
    }

    fn take_composite(&self, kind: &KindSettings, event: &Event<'_>, found: &mut Found, notes: &mut Notes) {
        match self.composite(kind, |path| event.at(path)) {
            Ok(Some(key)) => {
                found.add(FactIdentifier { key, listed: true }, || composite_path(&kind.parts));
            }
            Ok(None) => {}
            Err(Unmade::NoText(path)) => notes.warn(ProblemCode::BadValue, path.to_string(), NO_TEXT),
            Err(Unmade::Lost(path)) => notes.warn(ProblemCode::BadValue, path.to_string(), LOST_CHARACTER),
            Err(Unmade::Blocked(path)) => notes.warn(ProblemCode::BlockedValue, path.to_string(), BLOCKED_PART),
            Err(Unmade::Unfit(code, message)) => notes.warn(code, composite_path(&kind.parts), message),
        }
    }

    /// A composite of the values of its parts, each normalised to what people see and in lower case. `None` when a part
    /// is missing or empty.
    ///
    /// # Errors
    /// When no composite can be made of the present values.
    pub(crate) fn composite<'a, 'k>(
        &self,
        kind: &'k KindSettings,
        part: impl Fn(&EventPath) -> Option<&'a RawValue>,
    ) -> Result<Option<IdentifierKey>, Unmade<'k>> {
        let listed = self.kind(&kind.name);
        let mut parts = Vec::with_capacity(kind.parts.len());
        for path in &kind.parts {
            let Some(raw) = part(path) else { return Ok(None) };
            let text = as_text(raw).ok_or(Unmade::NoText(path))?;
            let text = lower_case(&visible(&text)).into_owned();
            if text.is_empty() {
                return Ok(None);
            }
            if is_lost(&text) {
                return Err(Unmade::Lost(path));
            }
            if self.blocked(listed).blocks_part(&text) {
                return Err(Unmade::Blocked(path));
            }
            parts.push(text);
        }
        let value = composite::value(parts.iter().map(String::as_str));
        if self.blocked(listed).blocks(&value) {
            return Err(Unmade::Blocked(&kind.parts[0]));
        }
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
        let Some(given) = Given::of(raw) else {
            notes.warn(ProblemCode::BadValue, PATH, NO_TEXT);
            return None;
        };
        let mut found = Found::default();
        let value = self.noted(self.kind(&self.anonymous), &given, || PATH.into(), &mut found, notes)?;
        let as_user = self.value(self.kind(&self.user), &given).unwrap_or_else(|_| value.clone());
        let as_user = IdentifierKey { kind: self.user.clone(), value: as_user };
        if identifiers.iter().any(|present| present.key == as_user) {
            // An alias of the user's own id has one identifier.
            return None;
        }
        let as_anonymous = IdentifierKey { kind: self.anonymous.clone(), value };
        let is_both = identifiers.iter().any(|present| present.key == as_anonymous);
        if !is_both {
            self.insert(identifiers, as_anonymous.clone());
            identifiers.truncate(MOST);
        }
        Some(Previous { as_user, as_anonymous, is_both })
    }

    /// Adds an identifier after the others of its kind.
    fn insert(&self, identifiers: &mut Vec<FactIdentifier>, key: IdentifierKey) {
        let rank = |kind: &str| self.kinds.iter().position(|k| &*k.settings.name == kind).unwrap_or(self.kinds.len());
        let own = rank(&key.kind);
        let place = identifiers.iter().position(|present| rank(&present.key.kind) > own).unwrap_or(identifiers.len());
        identifiers.insert(place, FactIdentifier { listed: own < self.kinds.len(), key });
    }

    /// The normalised value; `None` for an empty one; `None` and a note for an invalid one.
    fn noted(
        &self,
        kind: Option<&Kind>,
        given: &Given<'_>,
        path: impl Fn() -> String,
        found: &mut Found,
        notes: &mut Notes,
    ) -> Option<Arc<str>> {
        let fault = match self.value(kind, given) {
            Ok(value) => return Some(value),
            Err(fault) => fault,
        };
        match fault {
            NoIdentifier::Empty => {}
            NoIdentifier::TooLong => notes.fault(ProblemCode::TooLarge, path(), fault.to_string()),
            NoIdentifier::ControlCharacter => notes.fault(ProblemCode::BadValue, path(), fault.to_string()),
            NoIdentifier::Lost | NoIdentifier::NotAPhone | NoIdentifier::NotAnEmail => {
                notes.warn(ProblemCode::BadValue, path(), fault.to_string())
            }
            NoIdentifier::Blocked => {
                found.blocked = true;
                notes.warn(ProblemCode::BlockedValue, path(), fault.to_string());
            }
        }
        None
    }

    fn value(&self, kind: Option<&Kind>, given: &Given<'_>) -> Result<Arc<str>, NoIdentifier> {
        let text = visible(&given.text);
        if text.is_empty() {
            return Err(NoIdentifier::Empty);
        }
        let fits = |text: &str| match fit(text) {
            Err((ProblemCode::TooLarge, _)) => Err(NoIdentifier::TooLong),
            Err(_) => Err(NoIdentifier::ControlCharacter),
            Ok(()) => Ok(()),
        };
        fits(&text)?;
        if is_lost(&text) {
            return Err(NoIdentifier::Lost);
        }
        if self.blocked(kind).blocks(&text) {
            return Err(NoIdentifier::Blocked);
        }
        let value: Arc<str> = match kind.map_or(Normalise::Trim, |kind| kind.settings.normalise) {
            Normalise::Trim => return Ok(text.as_ref().into()),
            Normalise::Email => {
                let address = email::normalise(&text).ok_or(NoIdentifier::NotAnEmail)?;
                // A few letters are longer in lower case, and a domain can be longer in Unicode.
                fits(&address)?;
                address.into()
            }
            Normalise::Phone => match given.number {
                Some(number) => self.phones.of_number(number),
                None => self.phones.normalise(&text),
            }
            .ok_or(NoIdentifier::NotAPhone)?,
        };
        if self.blocked(kind).blocks(&value) { Err(NoIdentifier::Blocked) } else { Ok(value) }
    }

    /// The values that do not identify a person, of this kind or of an unlisted kind.
    fn blocked<'a>(&'a self, kind: Option<&'a Kind>) -> &'a BlockedValues {
        kind.map_or(&self.blocked, |kind| &kind.rule.blocked)
    }
}

/// A given value: a text or a number.
struct Given<'a> {
    /// The digits of a number.
    text: Cow<'a, str>,
    /// A number as it was written.
    number: Option<&'a str>,
}

impl<'a> Given<'a> {
    fn of(raw: &'a RawValue) -> Option<Self> {
        Some(Given { text: as_text(raw)?, number: Some(raw.get()).filter(|text| !text.starts_with('"')) })
    }

    fn text(text: &'a str) -> Self {
        Given { text: Cow::Borrowed(text), number: None }
    }
}

const NO_TEXT: &str = "neither text nor a number";
const LOST_CHARACTER: &str = "a character of it was lost (U+FFFD), so it can be the value of several";
const BLOCKED_PART: &str = "a blocked value, so nothing is made of it";

#[derive(Default)]
struct Found {
    all: Vec<FactIdentifier>,
    blocked: bool,
    /// The path of the first identifier above the limit.
    beyond: Option<String>,
}

impl Found {
    fn add(&mut self, identifier: FactIdentifier, path: impl Fn() -> String) {
        if self.beyond.is_some() || self.all.iter().any(|present| present.key == identifier.key) {
            return;
        }
        match self.all.len() {
            MOST => self.beyond = Some(path()),
            _ => self.all.push(identifier),
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

/// Entries with a type and an id. A type has no colon, so that `kind:value` can be split.
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
            Cow::Borrowed(kind) => visible(kind),
            Cow::Owned(kind) => Cow::Owned(visible(&kind).into_owned()),
        });
        match (kind, entry.get("id")) {
            (Some(kind), Some(id))
                if !kind.is_empty() && !kind.contains(':') && !is_lost(&kind) && fit(&kind).is_ok() =>
            {
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

/// Whether an id has lost a character: here, because it had half a character, or earlier, because another program wrote
/// U+FFFD for a character that it could not read. Different ids may be equal after this.
pub(super) fn is_lost(id: &str) -> bool {
    id.contains(LOST)
}

fn composite_path(parts: &[EventPath]) -> String {
    parts.first().map(EventPath::to_string).unwrap_or_default()
}
