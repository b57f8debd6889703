//! The details of an entry of the change log, in one shape for all kinds, for readers, filters and the API.
//!
//! A new kind of entry is one arm of [`ChangeEntry::details`].

use std::sync::Arc;

use super::IdentifierId;
use super::change::{Change, ChangeEntry};
use super::customer::CustomerId;
use super::order::OrderKey;
use super::segment::SegmentId;

/// The kind of a change.
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
    /// A person decided that customers are not the same.
    CustomersKeptApart,
    /// A customer was erased.
    CustomerErased,
    /// An identifier became shared.
    IdentifierShared,
    /// A touchpoint was stored.
    TouchpointRecorded,
    /// An order was placed or changed.
    OrderRecorded,
    /// A consent was granted, denied or revoked.
    ConsentChanged,
    /// A customer entered a segment.
    SegmentEntered,
    /// A customer left a segment.
    SegmentLeft,
    /// Identity rules were saved.
    RulesSaved,
}

impl ChangeKind {
    /// Its name for readers.
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::CustomerCreated => "CUSTOMER_CREATED",
            ChangeKind::IdentifierLinked => "IDENTIFIER_LINKED",
            ChangeKind::CustomersMerged => "CUSTOMERS_MERGED",
            ChangeKind::CustomerSplit => "CUSTOMER_SPLIT",
            ChangeKind::CustomersKeptApart => "CUSTOMERS_KEPT_APART",
            ChangeKind::CustomerErased => "CUSTOMER_ERASED",
            ChangeKind::IdentifierShared => "IDENTIFIER_SHARED",
            ChangeKind::TouchpointRecorded => "TOUCHPOINT_RECORDED",
            ChangeKind::OrderRecorded => "ORDER_RECORDED",
            ChangeKind::ConsentChanged => "CONSENT_CHANGED",
            ChangeKind::SegmentEntered => "SEGMENT_ENTERED",
            ChangeKind::SegmentLeft => "SEGMENT_LEFT",
            ChangeKind::RulesSaved => "RULES_SAVED",
        }
    }
}

/// The details of an entry. Ids are as of the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeDetails {
    /// The kind of entry.
    pub kind: ChangeKind,
    /// The customer.
    pub customer: Option<CustomerId>,
    /// The other customers of the change.
    pub others: Vec<CustomerId>,
    /// The identifiers of the change.
    pub identifiers: Vec<IdentifierId>,
    /// The stored touchpoint, by message id.
    pub touchpoint: Option<Arc<str>>,
    /// The order that was placed or changed.
    pub order: Option<OrderKey>,
    /// The index of the consent in its batch.
    pub consent: Option<u32>,
    /// The segment that a customer entered or left.
    pub segment: Option<SegmentId>,
    /// The message of the event that caused it.
    pub message: Option<Arc<str>>,
    /// The rule that decided, if the entry has one.
    pub rule: Option<Arc<str>>,
    /// The reason, if a person or a rule gave one.
    pub reason: Option<Arc<str>>,
}

impl Change {
    /// Its details.
    pub fn details(&self) -> ChangeDetails {
        self.entry.details()
    }
}

impl ChangeEntry {
    /// Its details.
    pub fn details(&self) -> ChangeDetails {
        use ChangeKind::*;
        match self {
            ChangeEntry::CustomerCreated { customer, identifiers, message } => ChangeDetails {
                customer: Some(customer.clone()),
                identifiers: identifiers.clone(),
                ..ChangeDetails::by(CustomerCreated, message)
            },
            ChangeEntry::IdentifierLinked { customer, identifiers, message } => ChangeDetails {
                customer: Some(customer.clone()),
                identifiers: identifiers.clone(),
                ..ChangeDetails::by(IdentifierLinked, message)
            },
            ChangeEntry::CustomersMerged { customer, others, identifiers, message, reason } => ChangeDetails {
                customer: Some(customer.clone()),
                others: others.clone(),
                identifiers: identifiers.clone(),
                message: message.clone(),
                reason: reason.clone(),
                ..ChangeDetails::of(CustomersMerged)
            },
            ChangeEntry::CustomerSplit { customer, others, identifiers, message, rule, reason } => ChangeDetails {
                customer: Some(customer.clone()),
                others: others.clone(),
                identifiers: identifiers.clone(),
                message: message.clone(),
                rule: Some(rule.clone()),
                reason: reason.clone(),
                ..ChangeDetails::of(CustomerSplit)
            },
            ChangeEntry::CustomerErased { customer, others, identifiers: _, by: _, reason } => ChangeDetails {
                customer: Some(customer.clone()),
                others: others.clone(),
                reason: Some(reason.clone()),
                ..ChangeDetails::of(CustomerErased)
            },
            ChangeEntry::CustomersKeptApart { customer, others, reason } => ChangeDetails {
                customer: Some(customer.clone()),
                others: others.clone(),
                reason: Some(reason.clone()),
                ..ChangeDetails::of(CustomersKeptApart)
            },
            ChangeEntry::IdentifierShared { customer, identifiers, message } => ChangeDetails {
                customer: customer.clone(),
                identifiers: identifiers.clone(),
                message: message.clone(),
                ..ChangeDetails::of(IdentifierShared)
            },
            ChangeEntry::RulesSaved { version: _, reason } => {
                ChangeDetails { reason: reason.clone(), ..ChangeDetails::of(RulesSaved) }
            }
            ChangeEntry::TouchpointRecorded { customer, message } => ChangeDetails {
                customer: customer.clone(),
                touchpoint: Some(message.clone()),
                ..ChangeDetails::by(TouchpointRecorded, message)
            },
            ChangeEntry::OrderRecorded { customer, source, number, message } => {
                let order = OrderKey { source: source.clone(), number: number.clone() };
                ChangeDetails {
                    customer: customer.clone(),
                    order: Some(order),
                    ..ChangeDetails::by(OrderRecorded, message)
                }
            }
            ChangeEntry::ConsentChanged { customer, consent, message } => ChangeDetails {
                customer: customer.clone(),
                consent: Some(*consent),
                ..ChangeDetails::by(ConsentChanged, message)
            },
            ChangeEntry::SegmentEntered { customer, segment, since: _ } => ChangeDetails {
                customer: Some(customer.clone()),
                segment: Some(*segment),
                ..ChangeDetails::of(SegmentEntered)
            },
            ChangeEntry::SegmentLeft { customer, segment, at: _ } => ChangeDetails {
                customer: Some(customer.clone()),
                segment: Some(*segment),
                ..ChangeDetails::of(SegmentLeft)
            },
        }
    }
}

impl ChangeDetails {
    /// Details with a kind only.
    fn of(kind: ChangeKind) -> Self {
        ChangeDetails {
            kind,
            customer: None,
            others: Vec::new(),
            identifiers: Vec::new(),
            touchpoint: None,
            order: None,
            consent: None,
            segment: None,
            message: None,
            rule: None,
            reason: None,
        }
    }

    /// Details with a kind and a message.
    fn by(kind: ChangeKind, message: &Arc<str>) -> Self {
        ChangeDetails { message: Some(message.clone()), ..ChangeDetails::of(kind) }
    }
}
