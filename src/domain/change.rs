//! What happened to identities and histories: the change log, and a customer's identity history.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::customer::CustomerId;
use super::{Arrival, IdentifierId, Timestamp};

/// What a batch did, one entry each, in order. The stores keep a batch's entries as one JSON list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeEntry {
    /// A new customer.
    CustomerCreated {
        /// Its id.
        c: CustomerId,
        /// The identifiers it began with.
        i: Vec<IdentifierId>,
        /// The message.
        m: Arc<str>,
    },
    /// Identifiers joined a customer.
    IdentifierLinked {
        /// The customer.
        c: CustomerId,
        /// The identifiers.
        i: Vec<IdentifierId>,
        /// The message.
        m: Arc<str>,
    },
    /// Customers became one.
    CustomersMerged {
        /// The one that stays.
        c: CustomerId,
        /// Those that were absorbed.
        o: Vec<CustomerId>,
        /// The identifiers that brought them together.
        i: Vec<IdentifierId>,
        /// The message; `None` when a person did it.
        m: Option<Arc<str>>,
        /// Why, in that person's words.
        #[serde(default)]
        w: Option<Arc<str>>,
    },
    /// Identifiers of a customer went to others, new or back again.
    CustomerSplit {
        /// The one that keeps its id.
        c: CustomerId,
        /// Those that have the rest.
        o: Vec<CustomerId>,
        /// The identifiers that went.
        i: Vec<IdentifierId>,
        /// The message, when one brought it about.
        m: Option<Arc<str>>,
        /// The rule, or `decision`.
        r: Arc<str>,
        /// Why, in words.
        w: Option<Arc<str>>,
    },
    /// A person said that customers are not the same.
    CustomersKeptApart {
        /// The first.
        c: CustomerId,
        /// The others.
        o: Vec<CustomerId>,
        /// Why, in words.
        w: Arc<str>,
    },
    /// An identifier turned out to be shared, and binds nobody from now on.
    IdentifierShared {
        /// The customer who had it.
        c: Option<CustomerId>,
        /// The identifier.
        i: Vec<IdentifierId>,
        /// The message.
        m: Option<Arc<str>>,
    },
    /// New rules of who is who.
    RulesSaved {
        /// Their version.
        v: i64,
        /// Why, in words.
        w: Option<Arc<str>>,
    },
    /// A touchpoint was stored.
    TouchpointRecorded {
        /// The owner's customer at that time.
        c: Option<CustomerId>,
        /// The message.
        m: Arc<str>,
    },
    /// An order was placed or changed.
    OrderRecorded {
        /// The owner's customer at that time.
        c: Option<CustomerId>,
        /// The order's source.
        s: Arc<str>,
        /// The order's number.
        n: Arc<str>,
        /// The message.
        m: Arc<str>,
    },
    /// A consent was given, denied or withdrawn.
    ConsentChanged {
        /// The customer.
        c: Option<CustomerId>,
        /// The decision's place in its batch.
        x: u32,
        /// The message.
        m: Arc<str>,
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
    /// batches came after it that changed nothing that is told.
    pub upto: ChangePlace,
    /// Whether more is there that cannot be told yet, since its commit is only becoming visible.
    pub waits: bool,
}
