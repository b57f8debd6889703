//! Changes of identities and histories: the change log, and a customer's identity history.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::customer::CustomerId;
use super::segment::SegmentId;
use super::{Arrival, IdentifierId, Timestamp};

/// An entry of the change log. A batch's entries are in order. The stores keep them as one JSON list, with the short
/// names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeEntry {
    /// A new customer.
    CustomerCreated {
        /// Its id.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// The first identifiers of the customer.
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
        /// The customer that stays.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// The customers that were merged into it.
        #[serde(rename = "o")]
        others: Vec<CustomerId>,
        /// The identifiers that connected the customers.
        #[serde(rename = "i")]
        identifiers: Vec<IdentifierId>,
        /// The message; `None` when a person did it.
        #[serde(rename = "m")]
        message: Option<Arc<str>>,
        /// The reason, in that person's words.
        #[serde(rename = "w", default)]
        reason: Option<Arc<str>>,
    },
    /// Identifiers of a customer moved to other customers: new ones, or former ones that are back.
    CustomerSplit {
        /// The customer that keeps its id.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// The customers with the moved identifiers.
        #[serde(rename = "o")]
        others: Vec<CustomerId>,
        /// The identifiers that moved.
        #[serde(rename = "i")]
        identifiers: Vec<IdentifierId>,
        /// The message, when an event caused it.
        #[serde(rename = "m")]
        message: Option<Arc<str>>,
        /// The rule, or `decision`.
        #[serde(rename = "r")]
        rule: Arc<str>,
        /// Why, in words.
        #[serde(rename = "w")]
        reason: Option<Arc<str>>,
    },
    /// A person decided that customers are not the same.
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
    /// A customer was erased.
    CustomerErased {
        /// The customer.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// The customers that were merged into it.
        #[serde(rename = "o")]
        others: Vec<CustomerId>,
        /// The erased identifiers: numbers that stand for nothing any more.
        #[serde(rename = "i")]
        identifiers: Vec<IdentifierId>,
        /// Who asked.
        #[serde(rename = "b")]
        by: Arc<str>,
        /// Why, in words.
        #[serde(rename = "w")]
        reason: Arc<str>,
    },
    /// An identifier became shared, and joins no customers from now on.
    IdentifierShared {
        /// Its former customer.
        #[serde(rename = "c")]
        customer: Option<CustomerId>,
        /// The identifier.
        #[serde(rename = "i")]
        identifiers: Vec<IdentifierId>,
        /// The message.
        #[serde(rename = "m")]
        message: Option<Arc<str>>,
    },
    /// New identity rules.
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
    /// A consent was granted, denied or revoked.
    ConsentChanged {
        /// The customer.
        #[serde(rename = "c")]
        customer: Option<CustomerId>,
        /// The consent's index in its batch.
        #[serde(rename = "x")]
        consent: u32,
        /// The message.
        #[serde(rename = "m")]
        message: Arc<str>,
    },
    /// A customer entered a segment.
    SegmentEntered {
        /// The customer.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// The segment.
        #[serde(rename = "s")]
        segment: SegmentId,
        /// When: the commit of the event, or the moment at which it fell due.
        #[serde(rename = "t")]
        since: Timestamp,
    },
    /// A customer left a segment.
    SegmentLeft {
        /// The customer.
        #[serde(rename = "c")]
        customer: CustomerId,
        /// The segment.
        #[serde(rename = "s")]
        segment: SegmentId,
        /// When: the commit of the event, or the moment at which it fell due.
        #[serde(rename = "t")]
        at: Timestamp,
    },
}

impl ChangeEntry {
    /// Keeps only these of the other customers.
    pub fn retain_others(&mut self, keep: impl FnMut(&CustomerId) -> bool) {
        match self {
            ChangeEntry::CustomersMerged { others, .. }
            | ChangeEntry::CustomerSplit { others, .. }
            | ChangeEntry::CustomersKeptApart { others, .. } => others.retain(keep),
            ChangeEntry::CustomerCreated { .. }
            | ChangeEntry::IdentifierLinked { .. }
            | ChangeEntry::IdentifierShared { .. }
            | ChangeEntry::RulesSaved { .. }
            | ChangeEntry::TouchpointRecorded { .. }
            | ChangeEntry::OrderRecorded { .. }
            | ChangeEntry::ConsentChanged { .. }
            | ChangeEntry::SegmentEntered { .. }
            | ChangeEntry::SegmentLeft { .. }
            | ChangeEntry::CustomerErased { .. } => {}
        }
    }
}

/// The kind of an entry in a customer's identity history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IdentityEventKind {
    /// The customer was created.
    Created,
    /// Identifiers joined.
    Linked,
    /// Other customers were merged into it.
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
    /// Its id and its position.
    pub arrival: Arrival,
    /// The customer of the history.
    pub customer: CustomerId,
    /// When it was committed.
    pub at: Timestamp,
    /// What it says.
    pub kind: IdentityEventKind,
    /// The rule that decided, such as `limit:user_id`.
    pub rule: Option<Arc<str>>,
    /// The message of the event that caused it.
    pub message_id: Option<Arc<str>>,
    /// The person who caused it, if a person did.
    pub by: Option<Arc<str>>,
    /// Why, in words.
    pub reason: Option<Arc<str>>,
    /// The identifiers of the event.
    pub identifiers: Vec<IdentifierId>,
    /// The other customers of the event.
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

/// A place in the change log: after one entry of a batch, or after all its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangePlace {
    /// The batch's change number.
    pub seq: i64,
    /// The entry, counted from 0; [`u32::MAX`] is after the last entry.
    pub index: u32,
}

impl ChangePlace {
    /// Before everything.
    pub const BEGINNING: ChangePlace = ChangePlace::behind(0);

    /// After all entries of the change `seq`.
    pub const fn behind(seq: i64) -> Self {
        ChangePlace { seq, index: u32::MAX }
    }

    /// Whether all entries of its batch are before it.
    pub fn is_behind_all(self) -> bool {
        self.index == u32::MAX
    }

    /// The batch to search for the next entry.
    pub fn next_seq(self) -> i64 {
        if self.is_behind_all() { self.seq + 1 } else { self.seq }
    }
}

/// An unbroken piece of the change log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRun {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// The place where the next run begins: after the last of `changes`, or later when the next batches have no
    /// entries.
    pub upto: ChangePlace,
    /// Whether the next commit is not completely visible yet.
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
        // Entries of an older version have no reason.
        assert_eq!(serde_json::from_str::<ChangeEntry>(&kept.replace(r#","w":null"#, "")).expect("an entry"), entry);
    }
}
