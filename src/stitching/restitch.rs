//! Who is who of everybody, worked out again from the beginning, under whatever rules.
//!
//! Under the rules that judged it, this gives exactly the partition that stands. It holds a million
//! identifiers and what was said of them in some hundred megabytes.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::accept::{Refusal, Verdict};
use super::known::{Evidence, Story};
use super::people::{Name, NameIx, People, kind_name};
use super::replay::{self, Decided};
use super::sharing;
use crate::domain::customer::CustomerId;
use crate::domain::decision::Decision;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, IdentifierKey};

/// A replay that is under way.
pub struct Restitch<'r> {
    rules: &'r IdentityRules,
    people: People,
    /// How many identifiers are stored; those behind them are [not](Restitch::add_unstored).
    stored: usize,
    /// In the order of their arrival; those before `decided` are taken in.
    decisions: Vec<Decision>,
    decided: usize,
    told: Told,
}

/// Who belongs to whom; in the order in which the identifiers were [added](Restitch::add).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// The group of each; `None` of who is nobody's. Numbers of groups have no order.
    pub groups: Vec<Option<u32>>,
    /// Whether each is shared.
    pub shared: Vec<bool>,
}

/// An identifier as it stands today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Today {
    /// Its place in the order in which identifiers were [added](Restitch::add).
    pub place: usize,
    /// Who holds it, by number.
    pub holder: Option<u32>,
    /// Whether it is shared.
    pub shared: bool,
}

/// Why some find themselves together otherwise than today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// In words that name kinds and no values.
    pub reason: Arc<str>,
    /// Who is not let in any more.
    pub cuts: Vec<Cut>,
}

/// An identifier that is not let in where it was, and ends apart from those it was seen with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The evidence of them.
    pub arrival: Arrival,
    /// The identifier.
    pub identifier: IdentifierId,
    /// Whom it was seen with, the strongest first; today they are together. All are somebody's then.
    pub from: Vec<IdentifierId>,
    /// The rule's name.
    pub rule: Arc<str>,
    /// Why, in words.
    pub reason: Arc<str>,
}

impl<'r> Restitch<'r> {
    /// A replay under `rules`, with all that people said.
    pub fn new(rules: &'r IdentityRules, mut decisions: Vec<Decision>) -> Self {
        decisions.sort_by_key(|decision| decision.arrival);
        let people = People::bare(rules);
        Restitch { rules, people, stored: 0, decisions, decided: 0, told: Told::default() }
    }

    /// Adds an identifier. One whose value is `blocked` is in nothing that is seen.
    pub fn add(&mut self, id: IdentifierId, key: &IdentifierKey, blocked: bool) {
        let listed = self.rules.kind(&key.kind);
        let counts_from = listed.map_or(0, |(_, kind)| kind.counts_from(&key.value));
        self.enlist(id, &key.kind, if blocked { NEVER } else { counts_from });
        self.stored += 1;
    }

    /// Adds an identifier that would only be stored if the rules were saved. It binds as others do, and is in no
    /// partition. All that are stored come before it.
    pub fn add_unstored(&mut self, id: IdentifierId, kind: &Arc<str>) {
        self.enlist(id, kind, 0);
    }

    fn enlist(&mut self, id: IdentifierId, kind: &Arc<str>, counts_from: i64) {
        self.people.enlist(self.rules, id, kind, counts_from);
        self.told.last.push(NOWHERE);
    }

    /// Takes in what one event said. Events come in the order of their arrival, and name identifiers that were
    /// added; others, and whoever [counts](crate::domain::rules::KindRule::counts_from) only under newer rules,
    /// are passed over.
    pub fn see(&mut self, seen: &Evidence) {
        self.see_refused(seen);
    }

    /// The same, and answers who was refused.
    pub(crate) fn see_refused(&mut self, seen: &Evidence) -> Vec<(IdentifierId, Refusal)> {
        let names: Vec<NameIx> = seen
            .identifiers
            .iter()
            .filter_map(|id| self.people.by_id(*id))
            .filter(|&name| self.people.names[name].counts_from <= seen.rules_version)
            .collect();
        if names.is_empty() {
            return Vec::new();
        }
        let refused = self.take(seen.arrival, &names).refused;
        refused.into_iter().map(|refusal| (self.people.names[refusal.name].id, refusal)).collect()
    }

    /// From which version of the rules on it counts where an identifier was seen: [`NEVER`] when it is blocked.
    pub(crate) fn counts_from(&self, id: IdentifierId) -> i64 {
        self.people.by_id(id).map_or(NEVER, |name| self.people.names[name].counts_from)
    }

    /// Whether it was seen where it counts.
    pub(crate) fn is_told(&self, id: IdentifierId) -> bool {
        self.people.by_id(id).is_some_and(|name| self.told.names_it(name))
    }

    /// Whether it lives on a device.
    pub(crate) fn is_device(&self, id: IdentifierId) -> bool {
        self.people.by_id(id).is_some_and(|name| self.people.names[name].is_device(self.rules))
    }

    fn take(&mut self, arrival: Arrival, names: &[NameIx]) -> Verdict {
        self.decide_until(arrival);
        self.told.push(arrival, names);
        self.judge(arrival, names)
    }

    /// Who belongs to whom when all was seen.
    pub fn finish(mut self) -> Replayed<'r> {
        self.decide_until(Arrival(i64::MAX));
        Replayed { partition: self.partition(), replay: self }
    }

    fn judge(&mut self, arrival: Arrival, names: &[NameIx]) -> Verdict {
        let mut verdict = replay::see(self.rules, &mut self.people, names);
        let earlier = |name| self.told.earlier(arrival, name);
        verdict.turned_shared.extend(sharing::seen_apart(self.rules, &self.people, &verdict, earlier));
        for &name in &verdict.turned_shared {
            let released = sharing::release(&mut self.people, name, arrival.seq());
            let story = if released.comes_apart() { self.story(&released.rest) } else { Story::default() };
            sharing::part(self.rules, &mut self.people, &released, &story, &mut nobody);
        }
        verdict
    }

    fn decide_until(&mut self, arrival: Arrival) {
        while let Some(decision) = self.decisions.get(self.decided).filter(|d| d.arrival < arrival) {
            let of = |side: &Vec<IdentifierId>| -> Vec<NameIx> {
                let names = side.iter().filter_map(|id| self.people.by_id(*id));
                names.filter(|&name| self.counts(name)).collect()
            };
            let sides = decision.sides.iter().map(of).collect();
            let decided = Decided { arrival: decision.arrival, kind: decision.kind, sides };
            replay::decide(self.rules, &mut self.people, &decided);
            self.decided += 1;
        }
    }

    /// Whether a decision can be about it: one that does not count wherever it was seen was seen where it does.
    fn counts(&self, name: NameIx) -> bool {
        self.people.names[name].counts_from == 0 || self.told.names_it(name)
    }

    /// What was told of these up to now.
    fn story(&self, names: &[NameIx]) -> Story {
        let id = |name: &u32| self.people.names[*name as usize].id;
        let rows = self.told.rows_of(names);
        let evidence = rows.into_iter().map(|row| {
            let identifiers = self.told.names(row).iter().map(id).collect();
            Evidence { arrival: self.told.arrivals[row], identifiers, rules_version: NEVER }
        });
        let ids: FxHashSet<IdentifierId> = names.iter().map(|&name| self.people.names[name].id).collect();
        let about = |decision: &&Decision| decision.sides.iter().flatten().any(|id| ids.contains(id));
        let decisions = self.decisions[..self.decided].iter().filter(about).cloned().collect();
        Story { evidence: evidence.collect(), decisions, ..Story::default() }
    }

    fn partition(&self) -> Partition {
        let names = &self.people.names[..self.stored];
        Partition {
            groups: names.iter().map(|name| name.customer.map(|customer| customer as u32)).collect(),
            shared: names.iter().map(|name| name.shared_since.is_some()).collect(),
        }
    }
}

/// A replay that is over.
pub struct Replayed<'r> {
    /// Who belongs to whom.
    pub partition: Partition,
    replay: Restitch<'r>,
}

impl Replayed<'_> {
    /// Why `members` find themselves together otherwise than today.
    pub fn why(&self, members: &[Today]) -> Because {
        let Restitch { rules, people, stored, told, decisions, .. } = &self.replay;
        let today: FxHashMap<NameIx, u32> = members.iter().filter_map(|one| Some((one.place, one.holder?))).collect();
        let ids: FxHashSet<IdentifierId> = members.iter().map(|one| people.names[one.place].id).collect();
        let about = decisions.iter().filter(|said| said.sides.iter().flatten().any(|id| ids.contains(id)));
        let mut again = Restitch::new(rules, about.cloned().collect());
        let mut places: Vec<NameIx> = members.iter().map(|one| one.place).collect();
        let mut rows = told.rows_of(&places);
        rows.sort_unstable_by_key(|&row| told.arrivals[row]);
        let unstored: BTreeSet<NameIx> =
            rows.iter().flat_map(|&row| told.names(row)).map(|&name| name as usize).filter(|n| n >= stored).collect();
        places.extend(unstored);
        for &name in &places {
            let Name { id, key, counts_from, .. } = &people.names[name];
            again.enlist(*id, &key.kind, *counts_from);
        }
        let holder = |local: NameIx| today.get(&places[local]).copied();
        let group = |local: NameIx| self.partition.groups.get(places[local]).copied().flatten();
        let (mut reason, mut joined, mut cuts) = (None, None, Vec::new());
        for row in rows {
            let local = |name: &u32| again.people.by_id(people.names[*name as usize].id);
            let names: Vec<NameIx> = told.names(row).iter().filter_map(local).collect();
            let verdict = again.take(told.arrivals[row], &names);
            let kind = |name: NameIx| &again.people.names[name].key.kind;
            let accepted = &verdict.accepted;
            let together = |a: NameIx, b: NameIx| holder(a).is_some() && holder(a) == holder(b);
            let apart = |a: NameIx, b: NameIx| holder(a).is_some() && holder(b).is_some() && holder(a) != holder(b);
            for Refusal { name, rule, reason } in &verdict.refused {
                let from =
                    accepted.iter().filter(|&&a| together(a, *name) && group(a).is_some() && group(a) != group(*name));
                let from: Vec<IdentifierId> = from.map(|&a| again.people.names[a].id).collect();
                if !from.is_empty() {
                    let (arrival, identifier) = (told.arrivals[row], again.people.names[*name].id);
                    cuts.push(Cut { arrival, identifier, from, rule: rule.clone(), reason: reason.clone() });
                }
            }
            if let Some(refusal) = verdict.refused.iter().find(|r| accepted.iter().any(|&a| together(a, r.name))) {
                reason = Some(refusal.reason.to_string());
            } else if let Some(&name) = verdict.turned_shared.iter().find(|n| holder(**n).is_some()) {
                reason = Some(of_shared(kind(name)));
            } else if let Some(&name) = verdict.shared.iter().find(|n| accepted.iter().any(|&a| together(a, **n))) {
                reason = Some(of_shared(kind(name)));
            } else if let Some((&a, b)) = accepted.iter().zip(accepted.iter().skip(1)).find(|&(&a, &b)| apart(a, b)) {
                reason = Some(format!("{} and {} were seen together, and no rule forbids it", kind(a), kind(*b)));
            } else if let (Some(customer), [a, .., b]) = (verdict.customer, accepted.as_slice())
                && accepted.iter().any(|&n| holder(n).is_none())
            {
                // Somebody whom nobody holds today joins, and may stand between those whom different customers hold.
                let members = &again.people.customers[customer].members;
                let mut holders = members.iter().filter_map(|&n| holder(n));
                let first = holders.next();
                let why = if holders.any(|other| Some(other) != first) { &mut reason } else { &mut joined };
                why.get_or_insert_with(|| {
                    format!("{} and {} were seen together, and no rule forbids it", kind(*a), kind(*b))
                });
            }
        }
        let held = || members.iter().filter(|one| one.holder.is_some()).map(|one| &people.names[one.place]);
        let of_blocked = held().find(|name| name.counts_from == NEVER);
        let of_blocked =
            of_blocked.map(|name| format!("a {} has a value that is blocked, so it binds nobody", name.key.kind));
        let of_old_parts = || {
            let name =
                held().find(|name| name.counts_from > 0 && people.by_id(name.id).is_some_and(|n| !told.names_it(n)))?;
            Some(format!(
                "a {} is made of other parts now, so what was made of the old ones binds nobody",
                name.key.kind
            ))
        };
        let unlisted = || {
            let one = members.iter().find(|one| people.names[one.place].rank.is_none())?;
            Some(format!("{} is not a listed kind, so it binds nobody", people.names[one.place].key.kind))
        };
        // Who showed it may have nothing else to do with the members, and is not in the replay of these.
        let now_shared = || {
            let one = members.iter().find(|one| !one.shared && self.partition.shared[one.place])?;
            Some(of_shared(&people.names[one.place].key.kind))
        };
        let then = |one: &Today| self.partition.groups[one.place];
        let given = || members.iter().filter(|one| one.holder.is_none() && then(one).is_some());
        let no_longer_shared = || {
            let one = given().find(|one| one.shared && !self.partition.shared[one.place])?;
            let kind = &people.names[one.place].key.kind;
            Some(format!("{kind} is not shared under these rules, so whoever it was seen with first has it"))
        };
        let by_itself = || {
            let one = given().next()?;
            let kind = &people.names[one.place].key.kind;
            Some(format!("{kind} binds under these rules, and was seen with nobody else"))
        };
        let whatever = || {
            let strongest = rules.kinds.first().map(|_| kind_name(rules, 0).to_string()).unwrap_or_default();
            format!("what is seen together is taken in another order, {strongest} first")
        };
        let reason = of_blocked.or_else(of_old_parts).or(reason).or_else(now_shared).or_else(no_longer_shared);
        let reason = reason.or_else(unlisted).or(joined).or_else(by_itself).unwrap_or_else(whatever);
        Because { reason: reason.into(), cuts }
    }
}

/// What was said, and who was named in it: numbers in few lists, because there are millions.
#[derive(Default)]
struct Told {
    arrivals: Vec<Arrival>,
    /// Where each row's names end in `named`.
    ends: Vec<u32>,
    named: Vec<u32>,
    /// The row of each entry of `named`.
    rows: Vec<u32>,
    /// The entry before that names the same.
    before: Vec<u32>,
    /// The last entry that names it, of each name.
    last: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;
/// No version of the rules: later than any.
pub(crate) const NEVER: i64 = i64::MAX;

impl Told {
    fn push(&mut self, arrival: Arrival, names: &[NameIx]) {
        let row = self.arrivals.len() as u32;
        self.arrivals.push(arrival);
        for &name in names {
            self.before.push(self.last[name]);
            self.last[name] = self.named.len() as u32;
            self.named.push(name as u32);
            self.rows.push(row);
        }
        self.ends.push(self.named.len() as u32);
    }

    /// Whether any row names it.
    fn names_it(&self, name: NameIx) -> bool {
        self.last[name] != NOWHERE
    }

    fn names(&self, row: usize) -> &[u32] {
        let begin = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.named[begin as usize..self.ends[row] as usize]
    }

    /// Who was seen with it before, in the latest rows that name it.
    fn earlier(&self, arrival: Arrival, name: NameIx) -> Vec<NameIx> {
        let is_entry = |entry: u32| (entry != NOWHERE).then_some(entry);
        let entries = std::iter::successors(is_entry(self.last[name]), |&entry| is_entry(self.before[entry as usize]));
        let rows = entries.map(|entry| self.rows[entry as usize] as usize);
        let rows = rows.filter(|&row| self.arrivals[row] < arrival).take(sharing::SIGHTINGS);
        let mut names: Vec<NameIx> = rows.flat_map(|row| self.names(row)).map(|&name| name as NameIx).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The rows that name one of these, each once.
    fn rows_of(&self, names: &[NameIx]) -> Vec<usize> {
        let mut rows = Vec::new();
        for &name in names {
            let mut entry = self.last[name];
            while entry != NOWHERE {
                rows.push(self.rows[entry as usize] as usize);
                entry = self.before[entry as usize];
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

fn of_shared(kind: &str) -> String {
    format!("{kind} is of a device that several people use, so it binds nobody")
}

/// Nobody asks for an id in a replay.
fn nobody() -> CustomerId {
    CustomerId("".into())
}
