//! Global ids and cursors: opaque texts for clients.

use std::sync::Arc;

use async_graphql::{Error, ID};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::{Code, bad_id, coded};
use crate::domain::change::ChangePlace;
use crate::domain::order::OrderKey;
use crate::domain::segment::SegmentId;
use crate::domain::{Arrival, CustomerId, IdentifierId, Moment, Timestamp};
use crate::store::query::{CustomerSortKey, LinkKey, TimeKey};

/// The object of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeId {
    /// A customer, by its id or a former id.
    Customer(CustomerId),
    /// An identifier.
    Identifier(IdentifierId),
    /// A pair of identifiers.
    IdentifierLink(LinkKey),
    /// A device, by key.
    Device(Arc<str>),
    /// An order.
    Order(OrderKey),
    /// A product, by sku.
    Product(Arc<str>),
    /// A touchpoint, by message id.
    Touchpoint(Arc<str>),
    /// An event of an identity history.
    IdentityEvent(Arrival),
    /// A customer's activity.
    Activity(CustomerId),
    /// A customer's journey, and its scope as JSON.
    CustomerJourney(CustomerId, Arc<str>),
    /// The session of a customer, by its first touchpoint, and the journey's scope.
    Session(CustomerId, Arrival, Arc<str>),
    /// The journeys of many customers, by their scope as JSON.
    Journeys(Arc<str>),
    /// A step of a funnel, by its whole query as JSON.
    FunnelStep(Arc<str>),
    /// A match of a pattern, by its whole query as JSON.
    PatternMatch(Arc<str>),
    /// A saved segment.
    Segment(SegmentId),
}

impl NodeId {
    /// The type's name in the schema.
    pub fn type_name(&self) -> &'static str {
        match self {
            NodeId::Customer(_) => "Customer",
            NodeId::Identifier(_) => "Identifier",
            NodeId::IdentifierLink(_) => "IdentifierLink",
            NodeId::Device(_) => "Device",
            NodeId::Order(_) => "Order",
            NodeId::Product(_) => "Product",
            NodeId::Touchpoint(_) => "Touchpoint",
            NodeId::IdentityEvent(_) => "IdentityEvent",
            NodeId::Activity(_) => "Activity",
            NodeId::CustomerJourney(..) => "CustomerJourney",
            NodeId::Session(..) => "Session",
            NodeId::Journeys(_) => "Journeys",
            NodeId::FunnelStep(_) => "FunnelStep",
            NodeId::PatternMatch(_) => "PatternMatch",
            NodeId::Segment(_) => "Segment",
        }
    }

    /// The id of a customer for clients, as a text.
    pub fn of_customer(id: &CustomerId) -> String {
        NodeId::Customer(id.clone()).encode().0
    }

    /// The id for clients.
    pub fn encode(&self) -> ID {
        self.encode_at(None)
    }

    /// The same, as of a moment. The text starts with `@change:time:`, so a client's cache keeps past and present apart.
    pub fn encode_at(&self, as_of: Option<Moment>) -> ID {
        let moment = as_of.map_or_else(String::new, |moment| format!("@{}:{}:", moment.change, moment.at.0));
        ID(URL_SAFE_NO_PAD.encode(moment + &self.text()))
    }

    /// Whether a text looks like an id with a moment.
    pub fn has_moment(id: &str) -> bool {
        // `@` and a digit in base64.
        id.starts_with("QD")
    }

    fn text(&self) -> String {
        match self {
            NodeId::Customer(id) => format!("c:{id}"),
            NodeId::Identifier(id) => format!("i:{}", id.0),
            NodeId::IdentifierLink(key) => format!("l:{}:{}:{}", key.from.0, key.to.0, u8::from(key.refused)),
            NodeId::Device(key) => format!("d:{key}"),
            NodeId::Order(key) => format!("o:{}\n{}", key.source, key.number),
            NodeId::Product(sku) => format!("p:{sku}"),
            NodeId::Touchpoint(message) => format!("t:{message}"),
            NodeId::IdentityEvent(arrival) => format!("e:{}", arrival.0),
            NodeId::Activity(id) => format!("a:{id}"),
            NodeId::CustomerJourney(id, scope) => format!("j:{id}:{scope}"),
            NodeId::Session(id, began, scope) => format!("s:{id}:{}:{scope}", began.0),
            NodeId::Journeys(question) => format!("J:{question}"),
            NodeId::FunnelStep(question) => format!("F:{question}"),
            NodeId::PatternMatch(question) => format!("M:{question}"),
            NodeId::Segment(id) => format!("S:{}", id.0),
        }
    }

    /// Decodes an id, with its moment.
    pub fn decode(id: &str) -> Option<(Self, Option<Moment>)> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
        let Some(rest) = text.strip_prefix('@') else { return Some((Self::from_text(&text)?, None)) };
        let mut parts = rest.splitn(3, ':');
        let mut number = || parts.next()?.parse::<i64>().ok();
        let moment = Moment { change: number()?, at: Timestamp::from_millis(number()?).ok()? };
        let known = (1..1 << 43).contains(&moment.change);
        known.then_some((Self::from_text(parts.next()?)?, Some(moment)))
    }

    fn from_text(text: &str) -> Option<Self> {
        let (letter, rest) = text.split_once(':')?;
        if rest.is_empty() {
            return None;
        }
        Some(match letter {
            "c" => NodeId::Customer(customer_id(rest)?),
            "a" => NodeId::Activity(customer_id(rest)?),
            "i" => NodeId::Identifier(Arrival(rest.parse().ok()?)),
            "l" => {
                let mut parts = rest.split(':');
                let mut number = || parts.next()?.parse::<i64>().ok();
                let key = LinkKey { from: Arrival(number()?), to: Arrival(number()?), refused: number()? == 1 };
                NodeId::IdentifierLink(key)
            }
            "d" => NodeId::Device(rest.into()),
            "o" => {
                let (source, number) = rest.split_once('\n')?;
                NodeId::Order(OrderKey { source: source.into(), number: number.into() })
            }
            "p" => NodeId::Product(rest.into()),
            "t" => NodeId::Touchpoint(rest.into()),
            "e" => NodeId::IdentityEvent(Arrival(rest.parse().ok()?)),
            "j" => {
                let (id, scope) = rest.split_once(':')?;
                NodeId::CustomerJourney(customer_id(id)?, scope.into())
            }
            "s" => {
                let (id, rest) = rest.split_once(':')?;
                let (began, scope) = rest.split_once(':')?;
                NodeId::Session(customer_id(id)?, Arrival(began.parse().ok()?), scope.into())
            }
            "J" => NodeId::Journeys(rest.into()),
            "F" => NodeId::FunnelStep(rest.into()),
            "M" => NodeId::PatternMatch(rest.into()),
            "S" => NodeId::Segment(SegmentId(rest.parse().ok()?)),
            _ => return None,
        })
    }

    /// Decodes an id where only the present is accepted.
    ///
    /// # Errors
    /// When the text is not an id, or has a moment.
    pub fn read(id: &ID) -> Result<Self, Error> {
        match Self::read_at(id)? {
            (named, None) => Ok(named),
            (_, Some(_)) => {
                let message = "an id with a past moment, and this needs the present: send the id of its `current`";
                Err(coded(Code::IdOfThePast, message))
            }
        }
    }

    /// Decodes an id, with its moment.
    ///
    /// # Errors
    /// When the text is not an id.
    pub fn read_at(id: &ID) -> Result<(Self, Option<Moment>), Error> {
        Self::decode(id).ok_or_else(bad_id)
    }

    /// Decodes the id of a customer where only the present is accepted.
    ///
    /// # Errors
    /// When the text is not the id of a customer, or has a moment.
    pub fn read_customer(id: &ID) -> Result<CustomerId, Error> {
        Self::read(id)?.into_customer()
    }

    /// Decodes the id of a customer, with its moment.
    ///
    /// # Errors
    /// When the text is not the id of a customer.
    pub fn read_customer_at(id: &ID) -> Result<(CustomerId, Option<Moment>), Error> {
        let (named, as_of) = Self::read_at(id)?;
        Ok((named.into_customer()?, as_of))
    }

    fn into_customer(self) -> Result<CustomerId, Error> {
        match self {
            NodeId::Customer(id) => Ok(id),
            other => {
                Err(coded(Code::BadId, format!("expected the id of a Customer, got one of a {}", other.type_name())))
            }
        }
    }
}

fn customer_id(text: &str) -> Option<CustomerId> {
    (text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then(|| CustomerId(text.into()))
}

/// A position in a list, which clients can store.
pub trait Cursor: Sized {
    /// The kind of list, so that a cursor of another kind is recognised.
    const LIST: &'static str;
    /// The cursor as numbers.
    fn numbers(&self) -> Vec<i64>;
    /// The cursor of these numbers.
    fn from_numbers(numbers: &[i64]) -> Option<Self>;

    /// The cursor before encoding. It is encoded only when a client selects it. `seal` is the seal of the list.
    fn place(&self, seal: Option<u64>) -> Place {
        Place { list: Self::LIST, numbers: self.numbers(), seal }
    }

    /// Decodes a cursor. `fits` decides by the seal whether it belongs to this list.
    ///
    /// # Errors
    /// When the text is not a cursor of this list.
    fn read(text: &str, fits: impl FnOnce(Option<u64>) -> bool) -> Result<Self, Error> {
        let read = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let numbers = text.strip_prefix(Self::LIST)?.strip_prefix(':')?;
            let (numbers, seal) = match numbers.split_once('~') {
                Some((numbers, seal)) => (numbers, Some(u64::from_str_radix(seal, 16).ok()?)),
                None => (numbers, None),
            };
            let numbers: Option<Vec<i64>> = numbers.split(':').map(|n| n.parse().ok()).collect();
            Self::from_numbers(&numbers?).filter(|_| fits(seal))
        };
        read().ok_or_else(|| {
            let message = "not a cursor of this list: send the `endCursor` of the previous page of this list, with the \
                           same filter, sort and direction";
            coded(Code::BadCursor, message)
        })
    }
}

/// A cursor that is not encoded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    list: &'static str,
    numbers: Vec<i64>,
    seal: Option<u64>,
}

impl Place {
    /// The text for clients.
    pub fn encode(&self) -> String {
        let numbers: Vec<String> = self.numbers.iter().map(i64::to_string).collect();
        let seal = self.seal.map_or_else(String::new, |seal| format!("~{seal:x}"));
        URL_SAFE_NO_PAD.encode(format!("{}:{}{seal}", self.list, numbers.join(":")))
    }
}

impl Cursor for TimeKey {
    const LIST: &'static str = "time";
    fn numbers(&self) -> Vec<i64> {
        vec![self.at.0, self.arrival.0]
    }
    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        match numbers {
            [at, arrival] => Some(TimeKey { at: Timestamp(*at), arrival: Arrival(*arrival) }),
            _ => None,
        }
    }
}

impl Cursor for CustomerSortKey {
    const LIST: &'static str = "customers";
    fn numbers(&self) -> Vec<i64> {
        // A sum of money may need more than 64 bits. The bits above 63 are a number of their own.
        match i64::try_from(self.key) {
            Ok(key) => vec![key, self.created_seq.0],
            Err(_) => vec![(self.key >> 63) as i64, (self.key & i128::from(i64::MAX)) as i64, self.created_seq.0],
        }
    }
    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        match numbers {
            [key, born] => Some(CustomerSortKey { key: i128::from(*key), created_seq: Arrival(*born) }),
            [high, low @ (0..), born] => {
                let key = i128::from(*high) << 63 | i128::from(*low);
                Some(CustomerSortKey { key, created_seq: Arrival(*born) })
            }
            _ => None,
        }
    }
}

impl Cursor for LinkKey {
    const LIST: &'static str = "links";
    fn numbers(&self) -> Vec<i64> {
        vec![self.from.0, self.to.0, i64::from(self.refused)]
    }
    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        match numbers {
            [from, to, refused] => Some(LinkKey { from: Arrival(*from), to: Arrival(*to), refused: *refused == 1 }),
            _ => None,
        }
    }
}

impl Cursor for Arrival {
    const LIST: &'static str = "history";
    fn numbers(&self) -> Vec<i64> {
        vec![self.0]
    }
    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        match numbers {
            [arrival] => Some(Arrival(*arrival)),
            _ => None,
        }
    }
}

impl Cursor for SegmentId {
    const LIST: &'static str = "segments";
    fn numbers(&self) -> Vec<i64> {
        vec![self.0]
    }
    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        match numbers {
            [id] => Some(SegmentId(*id)),
            _ => None,
        }
    }
}

/// A position in the change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeCursor(pub ChangePlace);

impl ChangeCursor {
    /// The position after all entries of a change.
    pub fn behind(seq: i64) -> Self {
        ChangeCursor(ChangePlace::behind(seq))
    }

    /// The text for clients. The log is one list with any filter, so its cursors have no seal.
    pub fn encode(&self) -> String {
        self.place(None).encode()
    }

    /// Decodes a cursor of the log.
    ///
    /// # Errors
    /// When the text is not a cursor of the log.
    pub fn decode(text: &str) -> Result<Self, Error> {
        Self::read(text, |seal| seal.is_none())
    }
}

impl Cursor for ChangeCursor {
    const LIST: &'static str = "change";
    fn numbers(&self) -> Vec<i64> {
        match self.0.is_behind_all() {
            true => vec![self.0.seq],
            false => vec![self.0.seq, i64::from(self.0.index)],
        }
    }
    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        match numbers {
            [seq] => Some(ChangeCursor::behind(*seq)),
            [seq, index] => Some(ChangeCursor(ChangePlace { seq: *seq, index: u32::try_from(*index).ok()? })),
            _ => None,
        }
    }
}

/// A position in a list in memory: the number of items before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(pub usize);

impl Cursor for Offset {
    const LIST: &'static str = "place";
    fn numbers(&self) -> Vec<i64> {
        vec![self.0 as i64]
    }
    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        match numbers {
            [n] => usize::try_from(*n).ok().map(Offset),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_decoded_to_what_was_encoded() {
        let link = LinkKey { from: Arrival(1), to: Arrival(2), refused: true };
        for id in [
            NodeId::Customer(CustomerId("018f".into())),
            NodeId::Identifier(Arrival::new(3, 4)),
            NodeId::IdentifierLink(link),
            NodeId::Order(OrderKey { source: "a:b".into(), number: "7".into() }),
            NodeId::Touchpoint("m:1".into()),
            NodeId::CustomerJourney(CustomerId("018f".into()), "{\"s\":1}".into()),
            NodeId::Session(CustomerId("018f".into()), Arrival::new(3, 4), "{}".into()),
            NodeId::Journeys("{}".into()),
            NodeId::FunnelStep("[{},{\"f\":[]}]".into()),
            NodeId::PatternMatch("[{},\"a -> b\"]".into()),
            NodeId::Segment(SegmentId(7)),
        ] {
            assert_eq!(NodeId::decode(&id.encode()), Some((id.clone(), None)));
            let as_of = Some(Moment { change: 7, at: Timestamp(-12) });
            assert_eq!(NodeId::decode(&id.encode_at(as_of)), Some((id.clone(), as_of)));
            assert!(NodeId::read(&id.encode()).is_ok());
            assert!(NodeId::read(&id.encode_at(as_of)).is_err());
        }
    }

    #[test]
    fn other_texts_are_not_decoded() {
        for text in ["", "x", "????", "Yzo", "aToxYQ"] {
            assert_eq!(NodeId::decode(text), None, "{text}");
        }
        for text in [
            "@",
            "@1",
            "@1:2",
            "@1:2:",
            "@0:2:c:a",
            "@-1:2:c:a",
            "@1:x:c:a",
            "@9999999999999999:2:c:a",
            "@1:2:@1:2:c:a",
        ] {
            assert_eq!(NodeId::decode(&URL_SAFE_NO_PAD.encode(text)), None, "{text}");
        }
    }

    #[test]
    fn a_cursor_of_the_change_log_is_behind_one_entry_or_behind_all_of_a_change() {
        for place in [ChangePlace::behind(7), ChangePlace { seq: 7, index: 0 }, ChangePlace::BEGINNING] {
            assert_eq!(ChangeCursor::decode(&ChangeCursor(place).encode()).ok(), Some(ChangeCursor(place)));
        }
        let too_far = URL_SAFE_NO_PAD.encode("change:7:4294967296");
        assert!(ChangeCursor::decode(&too_far).is_err());
    }
}
