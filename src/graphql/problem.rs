//! Problems of events and arguments.

use async_graphql::{Enum, SimpleObject};

use crate::domain::problem;

/// A problem of an event or an argument. For a CREATED event it is a warning.
#[derive(SimpleObject)]
pub struct Problem {
    /// The kind of problem.
    code: ProblemCode,
    /// The position, as a JSON path within the event or argument. Null when it concerns the whole.
    path: Option<String>,
    /// What is wrong, and what would be right.
    message: String,
}

impl Problem {
    /// The problems as GraphQL objects.
    pub(super) fn list(problems: &[problem::Problem]) -> Vec<Self> {
        let show =
            |p: &problem::Problem| Problem { code: p.code.into(), path: p.path.clone(), message: p.message.clone() };
        problems.iter().map(show).collect()
    }
}

/// The kinds of problems.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "problem::ProblemCode")]
pub enum ProblemCode {
    /// Not an id of this store.
    BadId,
    /// An invalid argument.
    BadArgument,
    /// An id with a past moment where the present is required.
    IdOfThePast,
    /// No object has this id.
    NotFound,
    /// No kind of identifiers has this name.
    UnknownKind,
    /// No customer has this identifier.
    UnknownIdentifier,
    /// Another customer has this identifier.
    NotItsIdentifier,
    /// The split would leave the customer without identifiers.
    NothingLeft,
    /// Two of the ids are one customer.
    SameCustomer,
    /// The customer was erased.
    Erased,
    /// An identifier is of a person who was erased, and is suppressed: its events are not taken.
    Suppressed,
    /// A rule forbids it.
    RuleForbids,
    /// Other rules, or another version of the segment, were saved after these were read.
    RulesChanged,
    /// Other segments name it. The message has their names.
    InUse,
    /// Segments would name each other in a circle. The message has their names.
    Circular,
    /// Not an event.
    NotAnEvent,
    /// A required field is missing.
    MissingField,
    /// Not a time, or a time outside the years 1 to 9999.
    BadTime,
    /// Not an amount, or not a currency.
    BadMoney,
    /// An invalid value.
    BadValue,
    /// Larger than the limit.
    TooLarge,
    /// The settings block this value. It was left out.
    BlockedValue,
    /// It concerns an order that has not arrived yet, and waits for it.
    OrderNotYetHere,
    /// The store refused it.
    StoreRefused,
}
