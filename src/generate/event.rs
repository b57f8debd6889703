//! An event as a shop's website, apps, tills and mailer send it, in Segment's format. Traits and properties are in
//! [`super::payload`].

use serde::Serialize;

use super::{
    device::{Hardware, Model, Os},
    ids::{Id, Token},
    payload::{Properties, Traits},
    shop::Campaign,
    timestamp::Timestamp,
};

/// One line of a world.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The type of the call.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// Unique, except for the events that were sent twice.
    pub message_id: Token,
    /// The account, when the customer is signed in or the sender knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id>,
    /// The id of the cookie or the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous_id: Option<Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group_id: Option<Id>,
    /// The name of a track call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) traits: Option<Box<Traits>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) properties: Option<Box<Properties>>,
    pub(super) context: Context,
    /// The time of the event, by the sender's clock.
    pub timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) received_at: Option<Timestamp>,
    /// The time of arrival, which gives the order of the lines in the file. It is not written.
    #[serde(skip)]
    pub(super) arrives_at: Timestamp,
}

/// `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "these are Segment's terms")]
pub enum EventKind {
    Identify,
    Track,
    Page,
    Screen,
    Group,
    Alias,
}

impl EventKind {
    /// Whether such an event becomes a touchpoint.
    pub fn is_touchpoint(self) -> bool {
        matches!(self, Self::Track | Self::Page | Self::Screen)
    }
}

impl Event {
    /// An event without identifiers; the recorder sets its messageId.
    pub(super) fn new(kind: EventKind, at: Timestamp, context: Context) -> Self {
        Self {
            kind,
            message_id: Token::message(0, 0, 0),
            user_id: None,
            anonymous_id: None,
            previous_id: None,
            group_id: None,
            event: None,
            name: None,
            traits: None,
            properties: None,
            context,
            timestamp: at,
            sent_at: None,
            received_at: None,
            arrives_at: at,
        }
    }

    /// A track call.
    pub(super) fn track(name: &'static str, at: Timestamp, context: Context, properties: Properties) -> Self {
        Self { event: Some(name), properties: Some(Box::new(properties)), ..Self::new(EventKind::Track, at, context) }
    }

    /// An identify call.
    pub(super) fn identify(at: Timestamp, context: Context, traits: Traits) -> Self {
        Self { traits: Some(Box::new(traits)), ..Self::new(EventKind::Identify, at, context) }
    }

    /// The same event with these identifiers.
    pub(super) fn by(self, user_id: Option<Id>, anonymous_id: Option<Token>) -> Self {
        Self { user_id, anonymous_id, ..self }
    }
}

/// `context`: where an event came from.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context {
    pub(super) source: &'static str,
    #[serde(flatten)]
    pub(super) machine: Option<Machine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) campaign: Option<&'static Campaign>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) consent: Option<ConsentChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) external_ids: Option<[ExternalId; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) traits: Option<ContextTraits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provenance: Option<&'static str>,
}

impl Context {
    /// A context with the source only.
    pub(super) fn of(source: &'static str) -> Self {
        Self { source, ..Self::default() }
    }
}

/// The device of a browser or an app, as it describes the device.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Machine {
    library: &'static Library,
    user_agent: &'static str,
    locale: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'static Os>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<NamedDevice>,
}

impl Machine {
    /// Apps send their device and system; browsers send only a user agent.
    pub(super) fn new(model: &'static Model, id: Id) -> Self {
        Self {
            library: if model.app { &MOBILE } else { &BROWSER },
            user_agent: model.user_agent,
            locale: "en-GB",
            os: model.app.then_some(&model.os),
            device: model.app.then_some(NamedDevice { id, hardware: &model.hardware }),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct NamedDevice {
    id: Id,
    #[serde(flatten)]
    hardware: &'static Hardware,
}

#[derive(Debug, Serialize)]
struct Library {
    name: &'static str,
    version: &'static str,
}

static BROWSER: Library = Library { name: "analytics.js", version: "2.1.0" };
static MOBILE: Library = Library { name: "analytics-mobile", version: "1.5.13" };

/// `context.consent`, from the cookie banner.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsentChoice {
    pub(super) category_preferences: CategoryPreferences,
}

/// The choices of the banner.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct CategoryPreferences {
    pub(super) analytics: bool,
    pub(super) advertising: bool,
}

/// An entry of `context.externalIds`.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ExternalId {
    pub(super) id: Id,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    collection: &'static str,
    encoding: &'static str,
}

impl ExternalId {
    /// An id of a kind that belongs to a user.
    pub(super) fn new(kind: &'static str, id: Id) -> Self {
        Self { id, kind, collection: "users", encoding: "none" }
    }
}

/// `context.traits`: the recipient of a message, as the mailer knows it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ContextTraits {
    pub(super) email: std::sync::Arc<str>,
}
