//! What an entry of the change log tells, whatever its kind: one shape for readers, filters and the API.
//!
//! A new kind of entry is one arm of [`ChangeEntry::told`].

use std::sync::Arc;

use super::IdentifierId;
use super::change::{Change, ChangeEntry};
use super::customer::CustomerId;
use super::order::OrderKey;

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A new customer.
    CustomerCreated,
    /// Identifiers joined a customer.
    IdentifierLinked,
    /// Customers became one.
    CustomersMerged,
    /// A customer was split.
    CustomerSplit,
    /// A person said that customers are not the same.
    CustomersKeptApart,
    /// A customer was erased.
    CustomerErased,
    /// An identifier turned out to be shared.
    IdentifierShared,
    /// A touchpoint was stored.
    TouchpointRecorded,
    /// An order was placed or changed.
    OrderRecorded,
    /// A consent was given, denied or withdrawn.
    ConsentChanged,
    /// A customer came into a segment.
    SegmentEntered,
    /// A customer left a segment.
    SegmentLeft,
    /// The rules of who is who were saved.
    RulesSaved,
}

/// What an entry tells; ids are as of the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What happened.
    pub kind: ChangeKind,
    /// To whom.
    pub customer: Option<CustomerId>,
    /// Other customers it is about.
    pub others: Vec<CustomerId>,
    /// The identifiers it is about.
    pub identifiers: Vec<IdentifierId>,
    /// The touchpoint that was stored, by message.
    pub touchpoint: Option<Arc<str>>,
    /// The order that was placed or changed.
    pub order: Option<OrderKey>,
    /// The place in its batch of the consent that was given.
    pub consent: Option<u32>,
    /// The message that brought it.
    pub message: Option<Arc<str>>,
    /// The rule that decided, where the entry says so.
    pub rule: Option<Arc<str>>,
    /// Why, where a person or a rule said so.
    pub reason: Option<Arc<str>>,
}

impl Change {
    /// What it tells.
    pub fn told(&self) -> Told {
        self.entry.told()
    }
}

impl ChangeEntry {
    /// What it tells.
    pub fn told(&self) -> Told {
        use ChangeKind::*;
        match self {
            ChangeEntry::CustomerCreated { c, i, m } => {
                Told { customer: Some(c.clone()), identifiers: i.clone(), ..Told::by(CustomerCreated, m) }
            }
            ChangeEntry::IdentifierLinked { c, i, m } => {
                Told { customer: Some(c.clone()), identifiers: i.clone(), ..Told::by(IdentifierLinked, m) }
            }
            ChangeEntry::CustomersMerged { c, o, i, m, w } => Told {
                customer: Some(c.clone()),
                others: o.clone(),
                identifiers: i.clone(),
                message: m.clone(),
                reason: w.clone(),
                ..Told::of(CustomersMerged)
            },
            ChangeEntry::CustomerSplit { c, o, i, m, r, w } => Told {
                customer: Some(c.clone()),
                others: o.clone(),
                identifiers: i.clone(),
                message: m.clone(),
                rule: Some(r.clone()),
                reason: w.clone(),
                ..Told::of(CustomerSplit)
            },
            ChangeEntry::CustomersKeptApart { c, o, w } => Told {
                customer: Some(c.clone()),
                others: o.clone(),
                reason: Some(w.clone()),
                ..Told::of(CustomersKeptApart)
            },
            ChangeEntry::IdentifierShared { c, i, m } => {
                Told { customer: c.clone(), identifiers: i.clone(), message: m.clone(), ..Told::of(IdentifierShared) }
            }
            ChangeEntry::RulesSaved { v: _, w } => Told { reason: w.clone(), ..Told::of(RulesSaved) },
            ChangeEntry::TouchpointRecorded { c, m } => {
                Told { customer: c.clone(), touchpoint: Some(m.clone()), ..Told::by(TouchpointRecorded, m) }
            }
            ChangeEntry::OrderRecorded { c, s, n, m } => {
                let order = OrderKey { source: s.clone(), number: n.clone() };
                Told { customer: c.clone(), order: Some(order), ..Told::by(OrderRecorded, m) }
            }
            ChangeEntry::ConsentChanged { c, x, m } => {
                Told { customer: c.clone(), consent: Some(*x), ..Told::by(ConsentChanged, m) }
            }
        }
    }
}

impl Told {
    /// Of a kind, and nothing more.
    fn of(kind: ChangeKind) -> Self {
        Told {
            kind,
            customer: None,
            others: Vec::new(),
            identifiers: Vec::new(),
            touchpoint: None,
            order: None,
            consent: None,
            message: None,
            rule: None,
            reason: None,
        }
    }

    /// Of a kind, brought by a message.
    fn by(kind: ChangeKind, message: &Arc<str>) -> Self {
        Told { message: Some(message.clone()), ..Told::of(kind) }
    }
}
