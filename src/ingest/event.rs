//! The reader: turns one event's JSON into one [`Fact`], or into its problems.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::identifiers::{Identifiers, Previous};
use super::json::{Json, Object, check, mended, within};
use super::message_id::{Occurrences, message_id};
use super::notes::{Notes, Weight, fit};
use super::{channels, claims, consents, devices, kinds, orders, products, time};
use crate::domain::fact::Fact;
use crate::domain::pattern::name_words;
use crate::domain::touchpoint::{Campaign, TouchpointFact};
use crate::domain::{Problem, ProblemCode, Timestamp};
use crate::settings::channels::ChannelRule;
use crate::settings::{EventPath, EventRule, OrderFields, Root, Settings};

/// Reads events with one set of settings. Threads share it.
#[derive(Debug)]
pub struct Reader {
    identifiers: Identifiers,
    channels: Vec<ChannelRule>,
    events: Vec<EventRule>,
    /// The property names of an order, when the settings give none.
    fields: OrderFields,
    /// The purpose that an Unsubscribed event without a purpose revokes.
    unsubscribe: Arc<str>,
}

/// Data about an event from outside of the event.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The source that replaces the event's own: that of the write key, or `--source`.
    pub source_override: Option<Arc<str>>,
    /// The source of an event without `context.source`.
    pub default_source: Arc<str>,
    /// The server's time, when a server received the event; without it, the event's own `receivedAt` counts.
    pub received_at: Option<Timestamp>,
    /// `sentAt` of the envelope, for events without a `sentAt`.
    pub sent_at: Option<Timestamp>,
    /// The reader's time, for the events of a file: a time far after it cannot be right.
    pub now: Option<Timestamp>,
    /// Makes the id of an event without id and time, when two equal events must count as two.
    pub new_id: Option<fn() -> String>,
    /// The transport of the event, for metrics: `graphql`, `http` or `import`.
    pub way: &'static str,
    /// What becomes of an order in the event.
    pub orders: Orders,
}

/// What becomes of an order in an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Orders {
    /// The event makes or changes the order.
    #[default]
    Made,
    /// This source tells of the order; the event is about it and does not change it.
    ToldBy(Arc<str>),
    /// Nothing.
    Ignored,
}

impl Origin {
    /// Events given to the GraphQL API.
    pub fn graphql(now: Timestamp) -> Self {
        Origin {
            source_override: None,
            default_source: "graphql".into(),
            received_at: Some(now),
            sent_at: None,
            now: Some(now),
            new_id: Some(random_id),
            way: "graphql",
            orders: Orders::Made,
        }
    }

    /// Events of a file. [`as_of`](Self::as_of) compares their times with a clock.
    pub fn import(source: Option<Arc<str>>, file_name: impl Into<Arc<str>>) -> Self {
        Origin {
            source_override: source,
            default_source: file_name.into(),
            received_at: None,
            sent_at: None,
            now: None,
            new_id: None,
            way: "import",
            orders: Orders::Made,
        }
    }

    /// The same, read at this time.
    #[must_use]
    pub fn as_of(self, now: Timestamp) -> Self {
        Origin { now: Some(now), ..self }
    }

    /// Events received by `/v1`, from the source of their write key.
    pub fn http(source: impl Into<Arc<str>>, now: Timestamp, sent_at: Option<Timestamp>) -> Self {
        let source = source.into();
        Origin {
            source_override: Some(source.clone()),
            default_source: source,
            received_at: Some(now),
            sent_at,
            now: Some(now),
            new_id: Some(random_id),
            way: "http",
            orders: Orders::Made,
        }
    }
}

/// An event that was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The fact to store.
    pub fact: Fact,
    /// Warnings.
    pub problems: Vec<Problem>,
    /// For an alias: the two meanings of `previousId`; see [`Previous`].
    pub previous: Option<Previous>,
}

/// An event that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its id, if it has a valid one.
    pub message_id: Option<Arc<str>>,
    /// The problems, faults first; never empty.
    pub problems: Vec<Problem>,
}

impl Reader {
    /// A reader with these settings.
    pub fn new(settings: &Settings) -> Self {
        Reader {
            identifiers: Identifiers::new(&settings.identity),
            channels: settings.channels.clone(),
            events: settings.events.clone(),
            fields: OrderFields::default(),
            unsubscribe: settings.privacy.unsubscribe.clone(),
        }
    }

    /// The part that reads and normalises identifiers.
    pub fn identifiers(&self) -> &Identifiers {
        &self.identifiers
    }

    /// The meaning of a track event with this name on this channel.
    pub fn kind_of(&self, name: &str, channel: &str) -> Arc<str> {
        let words = name_words(name);
        self.meaning(&words, &kinds::squash(&words), channel).0
    }

    /// The meaning of a track event, and the rule of the settings for it.
    fn meaning(&self, words: &str, squashed: &str, channel: &str) -> (Arc<str>, Option<&EventRule>) {
        match self.events.iter().find(|rule| rule.name.fits(words)) {
            Some(rule) => (rule.kind.clone(), Some(rule)),
            None => (kinds::of_track(words, squashed, channel), None),
        }
    }

    /// Reads one event. `occurrences` has the counts of its file or call.
    ///
    /// # Errors
    /// When the event cannot be stored, with all its problems.
    pub fn read(&self, text: &str, origin: &Origin, occurrences: &mut Occurrences) -> Result<Read, Rejected> {
        let whole = |problem| Rejected { message_id: None, problems: vec![problem] };
        let checked = check(text).map_err(|fault| whole(not_json(&fault)))?;
        let top = match Object::read(&checked.text) {
            Ok(top) => top,
            Err(fault) if fault.is_data() => {
                return Err(whole(Problem::whole(ProblemCode::NotAnEvent, "not an object")));
            }
            Err(fault) => return Err(whole(not_json(&fault))),
        };
        let mut notes = Notes::default();
        for (path, odd) in checked.odd {
            notes.warn(ProblemCode::BadValue, path, odd.to_string());
        }
        let event = Event::of(top, &self.identifiers, &mut notes);
        let source = source(&event, origin, &mut notes);
        let message_id = message_id(&event, &source, origin, occurrences, &mut notes);
        let fact = self.fact(&event, source, message_id.clone().unwrap_or_default(), origin, &mut notes);
        if notes.faults.is_empty() {
            let (fact, previous) = fact;
            return Ok(Read { fact, problems: notes.warnings, previous });
        }
        let mut problems = notes.faults;
        problems.extend(notes.warnings);
        Err(Rejected { message_id, problems })
    }

    fn fact(
        &self,
        event: &Event<'_>,
        source: Arc<str>,
        message_id: Arc<str>,
        origin: &Origin,
        notes: &mut Notes,
    ) -> (Fact, Option<Previous>) {
        let at = time::at(event, origin, notes);
        let is_touchpoint = matches!(event.kind, Type::Track | Type::Page | Type::Screen);
        let name = if is_touchpoint { event.name(notes) } else { None };
        let words = match (&name, event.kind) {
            (Some(name), Type::Track) => name_words(name),
            _ => String::new(),
        };
        let squashed = kinds::squash(&words);
        let (identifiers, previous) = self.identifiers.read(event, &words, notes);
        let mut rule = None;
        let touchpoint = name.map(|name| {
            let channel = channels::channel(&self.channels, event, &source, &name, &words, notes);
            TouchpointFact {
                kind: if event.kind == Type::Track {
                    let (kind, by) = self.meaning(&words, &squashed, &channel);
                    rule = by;
                    kind
                } else {
                    kinds::of_view()
                },
                direction: channels::direction(event, &channel, &words, notes),
                channel,
                name,
                session_id: {
                    let given = event.context.get("sessionId");
                    event.ids.id(Weight::Warning, "context.sessionId", given, notes)
                },
                campaign: campaign(event, notes),
                properties: event.raw_properties().map(own),
            }
        });
        let channel = touchpoint.as_ref().map(|t| &t.channel);
        let kind = touchpoint.as_ref().map_or("", |t| &*t.kind);
        let own = rule.and_then(|rule| rule.order.as_ref());
        // An event with a meaning from the settings does not have the meaning of the built-in table.
        let is_other = rule.is_some_and(|rule| {
            own.is_none() && channel.is_some_and(|channel| rule.kind != kinds::of_track(&words, &squashed, channel))
        });
        let said = orders::Said {
            name: if is_other { "" } else { &squashed },
            kind,
            fields: own.unwrap_or(&self.fields),
            own: own.is_some(),
        };
        let (order, about) = match &origin.orders {
            Orders::Made => (orders::order(event, said, &source, at, channel, notes), None),
            Orders::ToldBy(teller) => (None, orders::about(event, said.fields, teller, notes)),
            Orders::Ignored => (None, None),
        };
        if event.kind == Type::Track && kind == "other" {
            metrics::counter!("throughline_ingest_other_total", "way" => origin.way).increment(1);
        }
        let fact = Fact {
            message_id,
            at,
            identifiers,
            claims: claims::claims(event, notes),
            device: devices::device(event, notes),
            products: orders::products(order.as_ref()),
            order,
            about,
            product_acts: products::acts(event, said.name, said.fields, notes),
            consents: consents::consents(event, &squashed, &self.unsubscribe, channel, notes),
            touchpoint,
            source,
            derived: None,
        };
        (fact, previous)
    }
}

/// An event's fields, still text.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) top: Object<'a>,
    pub(crate) kind: Type,
    pub(crate) properties: Object<'a>,
    /// For identify only. RudderStack puts traits into the context, where they are read too.
    pub(crate) traits: Object<'a>,
    pub(crate) context: Object<'a>,
    pub(crate) context_traits: Object<'a>,
    /// All ids are read by these.
    pub(crate) ids: &'a Identifiers,
}

/// An event's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Track,
    Page,
    Screen,
    Identify,
    Group,
    Alias,
    /// A fault, which is in the notes.
    None,
}

impl Type {
    const ALL: [Type; 6] = [Type::Track, Type::Page, Type::Screen, Type::Identify, Type::Group, Type::Alias];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Type::Track => "track",
            Type::Page => "page",
            Type::Screen => "screen",
            Type::Identify => "identify",
            Type::Group => "group",
            Type::Alias => "alias",
            Type::None => "",
        }
    }
}

impl<'a> Event<'a> {
    fn of(top: Object<'a>, ids: &'a Identifiers, notes: &mut Notes) -> Self {
        const FORM: &str = "give one of track, page, screen, identify, group, alias";
        let kind = match notes.text(Weight::Fault, "type", top.get("type")) {
            Some(text) => Type::ALL.into_iter().find(|t| t.as_str().eq_ignore_ascii_case(&text)).unwrap_or_else(|| {
                notes.fault(ProblemCode::BadValue, "type", format!("not a type: {FORM}"));
                Type::None
            }),
            None => {
                if notes.faults.is_empty() {
                    notes.fault(ProblemCode::MissingField, "type", format!("no type: {FORM}"));
                }
                Type::None
            }
        };
        let properties = object("properties", top.get("properties"), notes);
        let context = object("context", top.get("context"), notes);
        let context_traits = object("context.traits", context.get("traits"), notes);
        let mut traits = Object::default();
        if kind == Type::Identify {
            traits = object("traits", top.get("traits"), notes);
            if traits.is_empty() {
                traits = object("context.traits", context.get("traits"), &mut Notes::default());
            }
        }
        Event { top, kind, properties, traits, context, context_traits, ids }
    }

    /// The value at a path; `traits.*` of identify only.
    pub(crate) fn at(&self, path: &EventPath) -> Option<&'a RawValue> {
        let mut steps = path.steps.iter();
        let value = match path.root {
            Root::UserId | Root::AnonymousId | Root::GroupId => self.top.get(path.root.as_str())?,
            Root::Traits => self.traits.get(steps.next()?)?,
            Root::Properties => self.properties.get(steps.next()?)?,
            Root::Context => match (&**steps.next()?, steps.len()) {
                ("traits", 1..) => self.context_traits.get(steps.next()?)?,
                (step, _) => self.context.get(step)?,
            },
        };
        within(value, steps)
    }

    /// The properties as they were sent, when there are any.
    fn raw_properties(&self) -> Option<&'a RawValue> {
        if self.properties.is_empty() { None } else { self.top.get("properties") }
    }

    /// A track event's own name; a page's or screen's name, else its path, else its type.
    fn name(&self, notes: &mut Notes) -> Option<Arc<str>> {
        if self.kind == Type::Track {
            let warnings = notes.warnings.len();
            let named = ["event", "name"].into_iter().find_map(|field| notes.name(field, self.top.get(field)));
            if named.is_none() {
                // The problem was the invalid name, so there is no second problem.
                notes.faults.extend(notes.warnings.drain(warnings..));
                if !notes.faults.iter().any(|fault| matches!(fault.path.as_deref(), Some("event" | "name"))) {
                    notes.fault(ProblemCode::MissingField, "event", "a track event without its name in event");
                }
            }
            return named;
        }
        let page = match self.context.get("page").map(Json::of) {
            Some(Json::Object(page)) => page,
            _ => Object::default(),
        };
        let places = [
            ("name", self.top.get("name")),
            ("properties.name", self.properties.get("name")),
            ("properties.path", self.properties.get("path")),
            ("context.page.path", page.get("path")),
        ];
        let named = places.into_iter().find_map(|(path, raw)| notes.name(path, raw));
        Some(named.unwrap_or_else(|| self.kind.as_str().into()))
    }
}

fn object<'a>(path: &str, raw: Option<&'a RawValue>, notes: &mut Notes) -> Object<'a> {
    raw.and_then(|raw| {
        let object = Object::parse(raw.get());
        if object.is_none() {
            notes.warn(ProblemCode::BadValue, path, "not an object, so it is left out");
        }
        object
    })
    .unwrap_or_default()
}

/// An owned copy of a borrowed value, in its stored form.
pub(crate) fn own(raw: &RawValue) -> Arc<RawValue> {
    Arc::from(mended(raw).into_owned())
}

fn not_json(fault: &serde_json::Error) -> Problem {
    // The text of serde_json's error may contain a value. Its line and column do not.
    let place = if fault.line() == 0 { String::new() } else { format!(" at column {}", fault.column()) };
    let reason = match fault.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        _ if fault.line() == 0 => "nested deeper than 64 levels",
        _ => "not JSON",
    };
    Problem::whole(ProblemCode::NotAnEvent, format!("{reason}{place}"))
}

/// The source of the write key or of `--source`, else `context.source`, else the default.
fn source(event: &Event<'_>, origin: &Origin, notes: &mut Notes) -> Arc<str> {
    if let Some(source) = &origin.source_override {
        return source.clone();
    }
    notes.word("context.source", event.context.get("source")).unwrap_or_else(|| origin.default_source.clone())
}

fn campaign(event: &Event<'_>, notes: &mut Notes) -> Option<Arc<Campaign>> {
    let given = object("context.campaign", Some(event.context.get("campaign")?), notes);
    let mut field =
        |name: &str| given.get(name).and_then(|raw| notes.word(&format!("context.campaign.{name}"), Some(raw)));
    let campaign = Campaign {
        name: field("name"),
        source: field("source"),
        medium: field("medium"),
        term: field("term"),
        content: field("content"),
    };
    (campaign != Campaign::default()).then(|| Arc::new(campaign))
}

/// Each id is different.
fn random_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// Whether a text is a valid name of a source.
pub fn is_source_name(text: &str) -> bool {
    !text.trim().is_empty() && fit(text).is_ok()
}

#[cfg(test)]
mod tests;
