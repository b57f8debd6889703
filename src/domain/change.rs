//! What happened to identities and histories: the change log, and a customer's identity history.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::customer::CustomerId;
use super::{Arrival, IdentifierId, Timestamp};

/// What a batch did, one entry each, in order. The stores keep a batch's entries as one JSON list,
/// with the short names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeEntry {
    /// A new customer.
    CustomerCreated {
        /// Its id.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// The identifiers it began with.
        #[serde(rename = "i")]
        identifiers: Vec<IdentifierId>,
        /// The message.
        #[serde(rename = "m")]
        message: Arc<str>,
    },
    /// Identifiers joined a customer.
    IdentifierLinked {
        /// The customer.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// The identifiers.
        #[serde(rename = "i")]
        identifiers: Vec<IdentifierId>,
        /// The message.
        #[serde(rename = "m")]
        message: Arc<str>,
    },
    /// Customers became one.
    CustomersMerged {
        /// The one that stays.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// Those that were absorbed.
        #[serde(rename = "o")]
        others: Vec<CustomerId>,
        /// The identifiers that brought them together.
        #[serde(rename = "i")]
        identifiers: Vec<IdentifierId>,
        /// The message; `None` when a person did it.
        #[serde(rename = "m")]
        message: Option<Arc<str>>,
        /// Why, in that person's words.
        #[serde(rename = "w", default)]
        reason: Option<Arc<str>>,
    },
    /// Identifiers of a customer went to others, new or back again.
    CustomerSplit {
        /// The one that keeps its id.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// Those that have the rest.
        #[serde(rename = "o")]
        others: Vec<CustomerId>,
        /// The identifiers that went.
        #[serde(rename = "i")]
        identifiers: Vec<IdentifierId>,
        /// The message, when one brought it about.
        #[serde(rename = "m")]
        message: Option<Arc<str>>,
        /// The rule, or `decision`.
        #[serde(rename = "r")]
        rule: Arc<str>,
        /// Why, in words.
        #[serde(rename = "w")]
        reason: Option<Arc<str>>,
    },
    /// A person said that customers are not the same.
    CustomersKeptApart {
        /// The first.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// The others.
        #[serde(rename = "o")]
        others: Vec<CustomerId>,
        /// Why, in words.
        #[serde(rename = "w")]
        reason: Arc<str>,
    },
    /// An identifier turned out to be shared, and joins no customers from now on.
    IdentifierShared {
        /// The customer who had it.
        #[serde(rename = "c")]
        customer: Option<CustomerId>,
        /// The identifier.
        #[serde(rename = "i")]
        identifiers: Vec<IdentifierId>,
        /// The message.
        #[serde(rename = "m")]
        message: Option<Arc<str>>,
    },
    /// New rules of who is who.
    RulesSaved {
        /// Their version.
        #[serde(rename = "v")]
        version: i64,
        /// Why, in words.
        #[serde(rename = "w")]
        reason: Option<Arc<str>>,
    },
    /// A touchpoint was stored.
    TouchpointRecorded {
        /// The owner's customer at that time.
        #[serde(rename = "c")]
        customer: Option<CustomerId>,
        /// The message.
        #[serde(rename = "m")]
        message: Arc<str>,
    },
    /// An order was placed or changed.
    OrderRecorded {
        /// The owner's customer at that time.
        #[serde(rename = "c")]
        customer: Option<CustomerId>,
        /// The order's source.
        #[serde(rename = "s")]
        source: Arc<str>,
        /// The order's number.
        #[serde(rename = "n")]
        number: Arc<str>,
        /// The message.
        #[serde(rename = "m")]
        message: Arc<str>,
    },
    /// A consent was given, denied or withdrawn.
    ConsentChanged {
        /// The customer.
        #[serde(rename = "c")]
        customer: Option<CustomerId>,
        /// The decision's place in its batch.
        #[serde(rename = "x")]
        consent: u32,
        /// The message.
        #[serde(rename = "m")]
        message: Arc<str>,
    },
}

/// What an entry of a customer's identity history says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IdentityEventKind {
    /// The customer was created.
    Created,
    /// Identifiers joined.
    Linked,
    /// Other customers were absorbed.
    Merged,
    /// The customer was split.
    Split,
    /// Identifiers were seen and refused.
    Refused,
    /// The customer was erased.
    Erased,
}

impl IdentityEventKind {
    /// Its name in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            IdentityEventKind::Created => "CREATED",
            IdentityEventKind::Linked => "LINKED",
            IdentityEventKind::Merged => "MERGED",
            IdentityEventKind::Split => "SPLIT",
            IdentityEventKind::Refused => "REFUSED",
            IdentityEventKind::Erased => "ERASED",
        }
    }

    /// From its name.
    pub fn parse(text: &str) -> Option<Self> {
        use IdentityEventKind::*;
        [Created, Linked, Merged, Split, Refused, Erased].into_iter().find(|k| k.as_str() == text)
    }
}

/// One line of a customer's identity history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityEvent {
    /// Its name and order.
    pub arrival: Arrival,
    /// The customer it stands with.
    pub customer: CustomerId,
    /// When it was committed.
    pub at: Timestamp,
    /// What it says.
    pub kind: IdentityEventKind,
    /// The rule that decided, such as `limit:user_id`.
    pub rule: Option<Arc<str>>,
    /// The message that brought it.
    pub message_id: Option<Arc<str>>,
    /// Who did it, when a person did.
    pub by: Option<Arc<str>>,
    /// Why, in words.
    pub reason: Option<Arc<str>>,
    /// The identifiers it is about.
    pub identifiers: Vec<IdentifierId>,
    /// Other customers it is about.
    pub others: Vec<CustomerId>,
}

/// One entry of the change log, at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it stands.
    pub place: ChangePlace,
    /// When its batch was committed.
    pub at: Timestamp,
    /// What happened.
    pub entry: ChangeEntry,
}

/// A place in the change log: behind one entry of a batch, or behind all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangePlace {
    /// The batch's change number.
    pub seq: i64,
    /// The entry, counted from 0; [`u32::MAX`] is behind the last, however many there are.
    pub index: u32,
}

impl ChangePlace {
    /// Before everything.
    pub const BEGINNING: ChangePlace = ChangePlace::behind(0);

    /// Behind all that the change `seq` did.
    pub const fn behind(seq: i64) -> Self {
        ChangePlace { seq, index: u32::MAX }
    }

    /// Whether all of its batch is before it.
    pub fn is_behind_all(self) -> bool {
        self.index == u32::MAX
    }

    /// The batch that the next entry is looked for in.
    pub fn next_seq(self) -> i64 {
        if self.is_behind_all() { self.seq + 1 } else { self.seq }
    }
}

/// An unbroken piece of the change log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRun {
    /// What happened, in order.
    pub changes: Vec<Change>,
    /// How far it was read: here the next run begins. Behind the last of `changes`, or further, when
    /// batches after it have no entries.
    pub upto: ChangePlace,
    /// Whether there is more whose commit is not fully visible yet.
    pub waits: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stores_keep_has_short_names() {
        let entry = ChangeEntry::CustomersMerged {
            customer: CustomerId("a".into()),
            others: vec![CustomerId("b".into())],
            identifiers: vec![Arrival(7)],
            message: Some("m1".into()),
            reason: None,
        };
        let kept = r#"{"k":"CUSTOMERS_MERGED","c":"a","o":["b"],"i":[7],"m":"m1","w":null}"#;
        assert_eq!(serde_json::to_string(&entry).expect("an entry"), kept);
        assert_eq!(serde_json::from_str::<ChangeEntry>(kept).expect("an entry"), entry);
        // Those of an older version give no reason.
        assert_eq!(serde_json::from_str::<ChangeEntry>(&kept.replace(r#","w":null"#, "")).expect("an entry"), entry);
    }
}
