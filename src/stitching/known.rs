//! What the store already knows of a batch, read under its locks.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::batch::SetName;
use crate::domain::Arrival;
use crate::domain::claim::Claim;
use crate::domain::consent::ConsentGiven;
use crate::domain::customer::CustomerId;
use crate::domain::identifier::Identifier;
use crate::domain::order::{OrderEvent, OrderKey};

/// The answer to: what is stored that this batch may touch?
///
/// Complete means: every stored identifier that a fact names or that owns an order a fact is
/// about; the customers who hold those; and every identifier that those customers hold.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Messages of the batch that are stored already, with the customer of their owner now.
    pub messages: FxHashMap<Arc<str>, Option<CustomerId>>,
    /// Identifiers, each once.
    pub identifiers: Vec<Identifier>,
    /// The customers who hold them, each once.
    pub customers: Vec<KnownCustomer>,
    /// The outcomes that are on record for the batch's sets of identifiers.
    pub evidence: FxHashSet<(SetName, Arc<str>)>,
    /// Everything said so far about the batch's orders; an order nobody spoke of is absent.
    pub orders: FxHashMap<OrderKey, Vec<OrderEvent>>,
    /// The present claims of [`Batch::claimants`](super::Batch::claimants).
    pub claims: Vec<Claim>,
    /// The consents held by the customers of [`Batch::consenters`](super::Batch::consenters).
    pub consents: Vec<ConsentGiven>,
}

/// A customer that holds some identifier of the batch.
#[derive(Clone, Debug)]
pub struct KnownCustomer {
    /// Its id.
    pub id: CustomerId,
    /// When it was given out.
    pub born: Arrival,
}
