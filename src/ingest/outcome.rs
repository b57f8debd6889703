//! The outcomes of events.

use std::sync::Arc;

use super::event::Rejected;
use crate::domain::{CustomerId, Problem, ProblemCode};
use crate::stitching::Outcome;

/// The outcomes of one call's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingested {
    /// The change number after these events.
    pub change: i64,
    /// One per event, in order.
    pub outcomes: Vec<EventOutcome>,
}

/// The outcome of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOutcome {
    /// Whether it is stored.
    pub status: EventStatus,
    /// Its id; `None` without a valid one.
    pub message_id: Option<Arc<str>>,
    /// Its customer; `None` when it is rejected or its identifiers have no customer.
    pub customer: Option<CustomerId>,
    /// Its problems. The problems of a stored event are warnings.
    pub problems: Vec<Problem>,
}

/// Whether an event is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventStatus {
    /// It is.
    Created,
    /// It was before.
    Unchanged,
    /// It is not.
    Rejected,
}

impl EventStatus {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            EventStatus::Created => "CREATED",
            EventStatus::Unchanged => "UNCHANGED",
            EventStatus::Rejected => "REJECTED",
        }
    }
}

impl EventOutcome {
    pub(crate) fn rejected(rejected: Rejected) -> Self {
        let Rejected { message_id, problems } = rejected;
        EventOutcome { status: EventStatus::Rejected, message_id, customer: None, problems }
    }

    /// The outcome of an event that was read with `problems`.
    pub(crate) fn of(outcome: Outcome, message_id: Arc<str>, mut problems: Vec<Problem>) -> Self {
        let (status, customer) = match outcome {
            Outcome::Created { customer, heard } => {
                if heard.waits {
                    let message = "nothing was heard of this order yet; this waits for its Order Completed";
                    problems.push(Problem::at(ProblemCode::OrderNotYetHere, "properties.order_id", message));
                }
                if heard.other_currency {
                    let message = "the order and a refund of it are in different currencies; the refund is not counted";
                    problems.push(Problem::at(ProblemCode::BadMoney, "properties.currency", message));
                }
                if heard.order_full {
                    let message = "too much was said of this order before, so what this says of it does not count";
                    problems.push(Problem::at(ProblemCode::TooLarge, "properties.order_id", message));
                }
                if heard.too_many_channels {
                    let message = "its strongest identifier has touchpoints on 1,000 channels, so this is on other";
                    problems.push(Problem::at(ProblemCode::TooLarge, "properties.channel", message));
                }
                if heard.too_many_consents {
                    let message =
                        "consents for 1,000 purposes and channels are known, so one for a new purpose is left out";
                    problems.push(Problem::at(ProblemCode::TooLarge, "properties.purpose", message));
                }
                (EventStatus::Created, customer)
            }
            Outcome::Unchanged { customer } => (EventStatus::Unchanged, customer),
            Outcome::Suppressed => {
                let message = "an identifier of it is of a person who was erased, and is suppressed";
                problems.insert(0, Problem::whole(ProblemCode::Suppressed, message));
                (EventStatus::Rejected, None)
            }
            Outcome::Refused { reason } => {
                problems
                    .insert(0, Problem::whole(ProblemCode::StoreRefused, format!("the store refused it: {reason}")));
                (EventStatus::Rejected, None)
            }
        };
        EventOutcome { status, message_id: Some(message_id), customer, problems }
    }
}
