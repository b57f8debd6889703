//! What is wrong with something that was sent.

use async_graphql::{Enum, SimpleObject};

use crate::domain::problem;

/// What is wrong with something that was sent; on an event that was CREATED, a warning.
#[derive(SimpleObject)]
pub struct Problem {
    /// What sort of thing is wrong.
    code: ProblemCode,
    /// Where, as a JSON path within what was sent; null when it is the whole.
    path: Option<String>,
    /// What was wrong, and what would be right.
    message: String,
}

impl Problem {
    /// As the API shows them.
    pub(super) fn list(problems: &[problem::Problem]) -> Vec<Self> {
        let show =
            |p: &problem::Problem| Problem { code: p.code.into(), path: p.path.clone(), message: p.message.clone() };
        problems.iter().map(show).collect()
    }
}

/// What sort of thing is wrong.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "problem::ProblemCode")]
pub enum ProblemCode {
    /// Not an id of this store.
    BadId,
    /// An argument that cannot be.
    BadArgument,
    /// An id of a view of the past, where the present is asked for.
    IdOfThePast,
    /// Nothing has that id.
    NotFound,
    /// No kind of identifier has that name.
    UnknownKind,
    /// Nobody has that identifier.
    UnknownIdentifier,
    /// Somebody else has that identifier.
    NotItsIdentifier,
    /// A split that would leave nothing.
    NothingLeft,
    /// Two ids of one customer.
    SameCustomer,
    /// The person was erased.
    Erased,
    /// A rule forbids it.
    RuleForbids,
    /// Other rules have been saved since these were read.
    RulesChanged,
    /// Not an event.
    NotAnEvent,
    /// Something that every event needs is not there.
    MissingField,
    /// Not a time, or one outside the years 1 to 9999.
    BadTime,
    /// Not an amount or not a currency.
    BadMoney,
    /// A value of the wrong kind.
    BadValue,
    /// Larger than what is taken.
    TooLarge,
    /// A value that the settings block; it was left out.
    BlockedValue,
    /// It is about an order that has not arrived yet, and waits for it.
    OrderNotYetHere,
    /// The store would not take it.
    StoreRefused,
}
