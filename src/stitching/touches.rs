//! What a plan touches of each customer, for the judge of saved segments.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::known::Known;
use super::rows::Plan;
use crate::domain::IdentifierId;
use crate::domain::customer::CustomerId;
use crate::domain::order::Order;
use crate::domain::segment_membership::{Touch, Touches};

/// The customers that a plan touches, without those that it merges away. A customer whose identifiers change is touched in
/// everything; so are all when touchpoints get other owners.
pub fn touches(known: &Known, plan: &Plan) -> BTreeMap<CustomerId, Touches> {
    let merged: FxHashSet<&CustomerId> = plan.merged.iter().map(|row| &row.from).collect();
    let into: FxHashSet<&CustomerId> = plan.merged.iter().map(|row| &row.into).collect();
    let moved: FxHashSet<&CustomerId> =
        plan.memberships.iter().flat_map(|row| row.from.iter().chain(&row.to)).chain(&plan.restored).collect();
    let seen = || Touches::Some([Touch::Seen].into());
    let of = |row: &super::rows::CustomerRow| {
        let whole =
            row.new || moved.contains(&row.id) || into.contains(&row.id) || !plan.owner_reassignments.is_empty();
        (row.id.clone(), if whole { Touches::Everything } else { seen() })
    };
    let living = plan.customers.iter().filter(|row| !merged.contains(&row.id));
    let mut touched: BTreeMap<CustomerId, Touches> = living.map(of).collect();
    let owners = Owners::new(known, plan);
    let mut touch = |owner: IdentifierId, words: Vec<Touch>| {
        if let Some(touches) = owners.customer(owner).and_then(|customer| touched.get_mut(customer)) {
            touches.add(Touches::Some(words.into_iter().collect()));
        }
    };
    for touchpoint in &plan.touchpoints {
        let fact = &touchpoint.fact;
        let words =
            [Touch::Name(fact.name.clone()), Touch::Kind(fact.kind.clone()), Touch::Channel(fact.channel.clone())];
        touch(touchpoint.owner, words.into_iter().chain([Touch::Touchpoint]).collect());
    }
    for claim in &plan.claims_opened {
        touch(claim.owner, vec![Touch::Trait(claim.name.clone())]);
    }
    if !plan.claims_closed.is_empty() {
        let closed: FxHashSet<_> = plan.claims_closed.iter().collect();
        for claim in known.claims.iter().filter(|claim| closed.contains(&claim.arrival)) {
            touch(claim.owner, vec![Touch::Trait(claim.name.clone())]);
        }
    }
    for (identifier, _) in plan.consents_given.iter().chain(&plan.consents_taken) {
        touch(*identifier, vec![Touch::Consent]);
    }
    for order in &plan.orders {
        let before = known.orders.get(&order.key).map(|events| Order::fold(order.key.clone(), events.clone()));
        for placed in order.placed.iter().chain(before.iter().filter_map(|before| before.placed.as_ref())) {
            touch(placed.owner, vec![Touch::Order]);
        }
    }
    for act in &plan.product_acts {
        touch(act.owner, vec![Touch::Order]);
    }
    touched
}

/// The customers of identifiers after a plan.
struct Owners<'p>(FxHashMap<IdentifierId, &'p CustomerId>);

impl<'p> Owners<'p> {
    fn new(known: &'p Known, plan: &'p Plan) -> Self {
        let mut of = FxHashMap::default();
        for identifier in known.identifiers.iter().chain(plan.identifiers.iter().map(|row| &row.identifier)) {
            of.extend(identifier.customer.as_ref().map(|customer| (identifier.id, customer)));
        }
        of.extend(plan.memberships.iter().filter_map(|row| Some((row.identifier, row.to.as_ref()?))));
        Owners(of)
    }

    fn customer(&self, owner: IdentifierId) -> Option<&'p CustomerId> {
        self.0.get(&owner).copied()
    }
}
