//! Why a replay groups identifiers differently from today.
//!
//! The evidence and decisions about these identifiers are replayed once more by themselves. Each event gives at most
//! one [`Finding`]. The findings give one of several possible reasons; [`Members::explain`] has the order in which
//! reasons are tried.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{NEVER, Replayed, Restitch};
use crate::domain::{Arrival, IdentifierId};
use crate::stitching::accept::{Refusal, Verdict};
use crate::stitching::working_set::{IdentifierIx, IdentifierState, kind_name};

/// An identifier today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentIdentifier {
    /// Its place in the order in which identifiers were [added](Restitch::add).
    pub place: usize,
    /// The number of its customer.
    pub holder: Option<u32>,
    /// Whether it is shared.
    pub shared: bool,
}

/// Why a replay groups identifiers differently from today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The reason, in words with kinds and without values.
    pub reason: Arc<str>,
    /// The identifiers that are refused now.
    pub cuts: Vec<Cut>,
}

/// An identifier that is refused now in an event, and ends apart from the event's other identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The evidence of the event.
    pub arrival: Arrival,
    /// The identifier.
    pub identifier: IdentifierId,
    /// The other identifiers of the event, strongest first. Today they are together with it. Each has a customer after
    /// the replay.
    pub from: Vec<IdentifierId>,
    /// The rule's name.
    pub rule: Arc<str>,
    /// Why, in words.
    pub reason: Arc<str>,
}

impl Replayed<'_> {
    /// Why the replay groups `members` differently from today.
    pub fn why(&self, members: &[CurrentIdentifier]) -> Explanation {
        Members::new(self, members).explain()
    }
}

/// The finding of an event.
enum Finding {
    /// The event separates members that are together today, or joins members that are apart.
    Moves(String),
    /// An identifier without a customer connects members of different customers.
    Bridges(String),
    /// An identifier without a customer joins the members.
    Joins(String),
}

/// The identifiers in question, replayed by themselves.
struct Members<'a> {
    whole: &'a Replayed<'a>,
    members: &'a [CurrentIdentifier],
    /// The replay of their evidence. Its identifiers are called local here.
    replay: Restitch<'a>,
    /// The index of each local identifier in the full list.
    places: Vec<IdentifierIx>,
    /// The number of an identifier's customer today, by index.
    holders: FxHashMap<IdentifierIx, u32>,
    /// The rows of their evidence, in order of arrival.
    rows: Vec<usize>,
}

impl<'a> Members<'a> {
    fn new(whole: &'a Replayed<'a>, members: &'a [CurrentIdentifier]) -> Self {
        let Restitch { rules, working_set, stored, evidence, decisions, .. } = &whole.replay;
        let ids: FxHashSet<IdentifierId> = members.iter().map(|one| working_set.identifiers[one.place].id).collect();
        let about = decisions.iter().filter(|decision| decision.sides.iter().flatten().any(|id| ids.contains(id)));
        let mut replay = Restitch::new(rules, about.cloned().collect());
        let mut places: Vec<IdentifierIx> = members.iter().map(|one| one.place).collect();
        let mut rows = evidence.rows_of(&places);
        rows.sort_unstable_by_key(|&row| evidence.arrivals[row]);
        let named = rows.iter().flat_map(|&row| evidence.identifiers(row)).map(|&ix| ix as usize);
        let unstored: BTreeSet<IdentifierIx> = named.filter(|ix| ix >= stored).collect();
        places.extend(unstored);
        for &place in &places {
            let IdentifierState { id, key, counts_from, .. } = &working_set.identifiers[place];
            replay.enlist(*id, &key.kind, *counts_from);
        }
        let holders = members.iter().filter_map(|one| Some((one.place, one.holder?))).collect();
        Members { whole, members, replay, places, holders, rows }
    }

    fn explain(mut self) -> Explanation {
        let (mut moves, mut joins, mut cuts) = (None, None, Vec::new());
        for row in std::mem::take(&mut self.rows) {
            let Restitch { working_set, evidence, .. } = &self.whole.replay;
            let local = |ix: &u32| self.replay.working_set.by_id(working_set.identifiers[*ix as usize].id);
            let identifiers: Vec<IdentifierIx> = evidence.identifiers(row).iter().filter_map(local).collect();
            let arrival = evidence.arrivals[row];
            let verdict = self.replay.take(arrival, &identifiers);
            cuts.extend(verdict.refused.iter().filter_map(|refusal| self.cut(arrival, &verdict.accepted, refusal)));
            match self.finding(&verdict) {
                Some(Finding::Moves(reason)) => moves = Some(reason),
                Some(Finding::Bridges(reason)) => {
                    moves.get_or_insert(reason);
                }
                Some(Finding::Joins(reason)) => {
                    joins.get_or_insert(reason);
                }
                None => {}
            }
        }
        // The first reason that applies is returned.
        let reasons: [&dyn Fn() -> Option<String>; 8] = [
            &|| self.is_blocked(),
            &|| self.is_of_old_parts(),
            &|| moves.clone(),
            &|| self.turns_shared(),
            &|| self.is_no_longer_shared(),
            &|| self.is_unlisted(),
            &|| joins.clone(),
            &|| self.binds_by_itself(),
        ];
        let reason = reasons.iter().find_map(|reason| reason()).unwrap_or_else(|| self.other_order());
        Explanation { reason: reason.into(), cuts }
    }

    /// A refusal that separates members which are together today and have customers after the replay.
    fn cut(&self, arrival: Arrival, accepted: &[IdentifierIx], refusal: &Refusal) -> Option<Cut> {
        let Refusal { identifier: ix, rule, reason } = refusal;
        let ends_apart = |&&other: &&IdentifierIx| {
            let group = self.group(other);
            self.are_together(other, *ix) && group.is_some() && group != self.group(*ix)
        };
        let id = |ix: IdentifierIx| self.replay.working_set.identifiers[ix].id;
        let from: Vec<IdentifierId> = accepted.iter().filter(ends_apart).map(|&other| id(other)).collect();
        let (identifier, rule, reason) = (id(*ix), rule.clone(), reason.clone());
        (!from.is_empty()).then_some(Cut { arrival, identifier, from, rule, reason })
    }

    /// The findings of an event, strongest first.
    fn finding(&self, verdict: &Verdict) -> Option<Finding> {
        let Verdict { accepted, refused, shared, turned_shared, customer, .. } = verdict;
        let kind = |ix: IdentifierIx| &self.replay.working_set.identifiers[ix].key.kind;
        let with_accepted = |ix: IdentifierIx| accepted.iter().any(|&other| self.are_together(other, ix));
        let seen_together = |a: IdentifierIx, b: IdentifierIx| {
            format!("{} and {} were seen together, and no rule forbids it", kind(a), kind(b))
        };
        if let Some(refusal) = refused.iter().find(|refusal| with_accepted(refusal.identifier)) {
            return Some(Finding::Moves(refusal.reason.to_string()));
        }
        let turned = turned_shared.iter().find(|&&ix| self.holder(ix).is_some());
        if let Some(&ix) = turned.or_else(|| shared.iter().find(|&&ix| with_accepted(ix))) {
            return Some(Finding::Moves(of_shared(kind(ix))));
        }
        let mut pairs = accepted.iter().zip(accepted.iter().skip(1));
        if let Some((&a, &b)) = pairs.find(|&(&a, &b)| self.are_apart(a, b)) {
            return Some(Finding::Moves(seen_together(a, b)));
        }
        let (Some(customer), [first, .., last]) = (customer, accepted.as_slice()) else { return None };
        if accepted.iter().all(|&ix| self.holder(ix).is_some()) {
            return None;
        }
        let members = &self.replay.working_set.customers[*customer].members;
        let holders: BTreeSet<u32> = members.iter().filter_map(|&ix| self.holder(ix)).collect();
        let reason = seen_together(*first, *last);
        Some(if holders.len() > 1 { Finding::Bridges(reason) } else { Finding::Joins(reason) })
    }

    fn is_blocked(&self) -> Option<String> {
        let state = self.held().find(|state| state.counts_from == NEVER)?;
        Some(format!("a {} has a value that is blocked, so it binds nobody", state.key.kind))
    }

    fn is_of_old_parts(&self) -> Option<String> {
        let Restitch { working_set, evidence, .. } = &self.whole.replay;
        let is_named = |state: &IdentifierState| working_set.by_id(state.id).is_some_and(|ix| evidence.names_it(ix));
        let state = self.held().find(|state| state.counts_from > 0 && !is_named(state))?;
        Some(format!("a {} is made of other parts now, so what was made of the old ones binds nobody", state.key.kind))
    }

    /// The event that caused this may have no member; then it is not in this replay.
    fn turns_shared(&self) -> Option<String> {
        let one = self.members.iter().find(|one| !one.shared && self.whole.partition.shared[one.place])?;
        Some(of_shared(self.kind(one)))
    }

    fn is_no_longer_shared(&self) -> Option<String> {
        let one = self.joining().find(|one| one.shared && !self.whole.partition.shared[one.place])?;
        let kind = self.kind(one);
        Some(format!("{kind} is not shared under these rules, so whoever it was seen with first has it"))
    }

    fn is_unlisted(&self) -> Option<String> {
        let one = self.members.iter().find(|one| self.state(one).rank.is_none())?;
        Some(format!("{} is not a listed kind, so it binds nobody", self.kind(one)))
    }

    fn binds_by_itself(&self) -> Option<String> {
        let one = self.joining().next()?;
        Some(format!("{} binds under these rules, and was seen with nobody else", self.kind(one)))
    }

    fn other_order(&self) -> String {
        let rules = self.replay.rules;
        let strongest = rules.kinds.first().map(|_| kind_name(rules, 0).to_string()).unwrap_or_default();
        format!("what is seen together is taken in another order, {strongest} first")
    }

    /// The customer of a local identifier today.
    fn holder(&self, ix: IdentifierIx) -> Option<u32> {
        self.holders.get(&self.places[ix]).copied()
    }

    /// The group of a local identifier after the replay.
    fn group(&self, ix: IdentifierIx) -> Option<u32> {
        self.whole.partition.groups.get(self.places[ix]).copied().flatten()
    }

    fn are_together(&self, one: IdentifierIx, other: IdentifierIx) -> bool {
        self.holder(one).is_some() && self.holder(one) == self.holder(other)
    }

    fn are_apart(&self, one: IdentifierIx, other: IdentifierIx) -> bool {
        matches!((self.holder(one), self.holder(other)), (Some(one), Some(other)) if one != other)
    }

    fn state(&self, one: &CurrentIdentifier) -> &IdentifierState {
        &self.whole.replay.working_set.identifiers[one.place]
    }

    fn kind(&self, one: &CurrentIdentifier) -> &str {
        &self.state(one).key.kind
    }

    /// The members of a customer today.
    fn held(&self) -> impl Iterator<Item = &IdentifierState> {
        self.members.iter().filter(|one| one.holder.is_some()).map(|one| self.state(one))
    }

    /// The members without a customer today and with a customer after the replay.
    fn joining(&self) -> impl Iterator<Item = &CurrentIdentifier> {
        let group = |one: &CurrentIdentifier| self.whole.partition.groups[one.place];
        self.members.iter().filter(move |one| one.holder.is_none() && group(one).is_some())
    }
}

fn of_shared(kind: &str) -> String {
    format!("{kind} is of a device that several people use, so it binds nobody")
}
