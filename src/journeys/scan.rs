//! A parallel scan over the journeys of a scope: selects the customers, merges the touchpoints of their owners, cuts
//! these into sessions if the scope says so, and filters them.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashMap;

use super::base::Columns;
use super::delta::{self, LateTouchpoint, Overlay};
use super::dimension::Dimension;
use super::projection::Projection;
use super::run::{JourneyError, Run};
use super::scope::{Purpose, Scope, Unit};
use super::session::Sessionizer;
use crate::domain::consent::ConsentStatus;
use crate::domain::nearest::nearest;
use crate::domain::{Duration, Timestamp};

/// A scope that is prepared for one projection.
pub(crate) struct JourneyScan<'a> {
    pub(crate) projection: &'a Projection,
    overlay: &'a Overlay,
    since: i64,
    until: i64,
    /// By the code of a kind, whether it is in scope; `None` for all.
    included: Option<Vec<bool>>,
    /// By the number of a customer, whether it is in scope; `None` for all.
    customers: Option<Vec<bool>>,
    /// Of customers who refused a channel, by the code of a kind, whether it is in scope.
    kept: FxHashMap<u32, Arc<[bool]>>,
    unit: Unit,
    gap: Duration,
}

/// One journey's touchpoints, in order. It is never empty.
pub(crate) struct Journey<'a> {
    pub(crate) customer: u32,
    pub(crate) at: &'a [i64],
    pub(crate) kind: &'a [u32],
    rows: Rows<'a>,
}

/// The rows of a journey's touchpoints.
#[derive(Clone, Copy)]
enum Rows<'a> {
    /// The rows of the base from this one on.
    Contiguous(usize),
    /// A list of rows. Numbers behind the last row of the base are late touchpoints.
    Listed(&'a [u32]),
}

impl<'a> Journey<'a> {
    /// One that is in no projection.
    pub(crate) fn alone(at: &'a [i64], kind: &'a [u32]) -> Self {
        Journey { customer: 0, at, kind, rows: Rows::Listed(&[]) }
    }
}

impl Journey<'_> {
    /// The row of its `n`-th touchpoint. Look-ups of the order and the session take it.
    pub(crate) fn row(&self, n: usize) -> u32 {
        match self.rows {
            Rows::Contiguous(begin) => (begin + n) as u32,
            Rows::Listed(rows) => rows[n],
        }
    }
}

/// Buffers for one customer's touchpoints, reused for the next customer.
struct Scratch {
    at: Vec<i64>,
    kind: Vec<u32>,
    row: Vec<u32>,
    keys: Vec<(i64, i64, u32)>,
    heads: Vec<Range<usize>>,
    sessionizer: Sessionizer<u64>,
    session: Vec<u32>,
    ends: Vec<usize>,
    sorted: (Vec<i64>, Vec<u32>, Vec<u32>),
}

impl<'a> JourneyScan<'a> {
    /// # Errors
    /// The scope is invalid, or has a purpose that no consent has.
    pub(crate) fn new(projection: &'a Projection, scope: &Scope) -> Result<Self, JourneyError> {
        scope.check()?;
        let kinds = &projection.dictionary.kinds;
        let included = (scope.include.is_some() || scope.exclude.is_some()).then(|| {
            let mut included = scope.include.as_ref().map_or_else(|| vec![true; kinds.len()], |step| step.table(kinds));
            if let Some(step) = &scope.exclude {
                included.iter_mut().zip(step.table(kinds)).for_each(|(included, excluded)| *included &= !excluded);
            }
            included
        });
        let Visible { mut customers, refused } = Visible::of(projection, scope)?;
        if let Some(segment) = &scope.segment {
            let mut inside = vec![false; projection.customers() as usize];
            for number in segment.iter().filter_map(|customer| projection.find_customer(customer)) {
                inside[number as usize] = customers.as_ref().is_none_or(|customers| customers[number as usize]);
            }
            customers = Some(inside);
        }
        Ok(JourneyScan {
            projection,
            overlay: projection.delta.overlay(&projection.base),
            since: scope.since.map_or(i64::MIN, |at| at.0),
            until: scope.until.map_or(i64::MAX, |at| at.0),
            included,
            customers,
            kept: tables(projection, &refused, false),
            unit: scope.per,
            gap: scope.session_gap,
        })
    }

    /// The same scan with one journey per customer. The scope's `per` does not count.
    pub(crate) fn per_customer(mut self) -> Self {
        self.unit = Unit::Customer;
        self
    }

    /// A scan over what the scope's purposes hide: all of some customers, and of others the channels that they refused. It
    /// has one journey per customer. `None` when the scope has no purpose.
    pub(crate) fn hidden(projection: &'a Projection, scope: &Scope) -> Result<Option<Self>, JourneyError> {
        let visible = Visible::of(projection, scope)?;
        let Some(allowed) = visible.customers else { return Ok(None) };
        let everybody = Scope { segment: None, purpose: None, shown_for: None, per: Unit::Customer, ..scope.clone() };
        let mut scan = JourneyScan::new(projection, &everybody)?;
        let mut hidden: Vec<bool> = allowed.iter().map(|allowed| !allowed).collect();
        // A customer who is hidden is hidden with all channels.
        let refused: FxHashMap<u32, Vec<u16>> =
            visible.refused.into_iter().filter(|(customer, _)| allowed[*customer as usize]).collect();
        refused.keys().for_each(|customer| hidden[*customer as usize] = true);
        scan.kept = tables(projection, &refused, true);
        scan.customers = Some(hidden);
        Ok(Some(scan))
    }

    /// The number of touchpoints without a customer that match `since`, `until`, `include` and `exclude`.
    pub(crate) fn unowned(&self) -> u64 {
        let rows = &self.projection.base.rows;
        let mut scratch = self.scratch();
        let count = |range: Range<usize>| {
            let range = self.in_time(&rows.at, range);
            match &self.included {
                None => range.len(),
                Some(included) => rows.kind[range].iter().filter(|kind| included[**kind as usize]).count(),
            }
        };
        let base = &self.projection.base;
        let Some(owner_rows) = &self.overlay.unowned else {
            return base.unowned.iter().map(|owner| count(rows.range(*owner)) as u64).sum();
        };
        let mut sum = 0;
        for own in owner_rows {
            self.gather(std::slice::from_ref(own), &mut scratch);
            let range = self.in_time(&scratch.at, 0..scratch.at.len());
            let kept = |kind: &&u32| self.included.as_ref().is_none_or(|included| included[**kind as usize]);
            sum += scratch.kind[range].iter().filter(kept).count() as u64;
        }
        sum
    }

    /// The order that a row is about, or `NO_INDEX`.
    pub(crate) fn order(&self, row: u32) -> u32 {
        match self.late(row) {
            Some(late) => late.order,
            None => self.projection.base.rows.order(row),
        }
    }

    /// Calls `visit` with every journey, in parallel. Each thread has its own state, which `new` makes; the answer is
    /// the states of all threads. The journeys of one customer are visited one after the other, by one thread.
    ///
    /// # Errors
    /// The run was cancelled or too slow.
    pub(crate) fn for_each_journey<S: Send>(
        &self,
        run: &Run,
        new: impl Fn() -> S + Sync,
        visit: impl Fn(&mut S, &Journey<'_>) + Sync,
    ) -> Result<Vec<S>, JourneyError> {
        let chunks = self.chunks();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut state = new();
            let mut scratch = self.scratch();
            while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
                run.cancel.check()?;
                // Other threads, such as those that read profiles, wait for at most one chunk.
                std::thread::yield_now();
                for customer in chunk.clone() {
                    if self.customers.as_ref().is_none_or(|customers| customers[customer as usize]) {
                        self.visit(customer, &mut scratch, &mut |journey| visit(&mut state, journey));
                    }
                }
            }
            Ok(state)
        };
        let threads = run.threads.clamp(1, chunks.len().max(1));
        if threads == 1 {
            return Ok(vec![work()?]);
        }
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut states = vec![work()];
            for other in others {
                states.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            states.into_iter().collect()
        })
    }

    fn chunks(&self) -> Vec<Range<u32>> {
        let mut ends = self.projection.base.chunks.clone();
        let last = self.projection.customers();
        if ends.last().is_some_and(|end| *end < last) {
            ends.push(last);
        }
        ends.windows(2).map(|ends| ends[0]..ends[1]).collect()
    }

    #[inline]
    fn visit(&self, customer: u32, scratch: &mut Scratch, visit: &mut impl FnMut(&Journey<'_>)) {
        let base = &self.projection.base;
        let rows = &base.rows;
        let changed = !self.overlay.marks.is_empty() && self.overlay.marks[customer as usize];
        let known = !changed && (customer as usize) < base.memberships.customers.len();
        if let (true, Unit::Customer) = (known, self.unit)
            && let Some(range) = base.contiguous_range(customer)
        {
            let range = self.in_time(&rows.at, range);
            let from = Rows::Contiguous(range.start);
            return self.visit_in_scope(customer, &rows.at[range.clone()], &rows.kind[range], from, scratch, visit);
        }
        scratch.clear();
        if changed {
            if let Some(owner_rows) = self.overlay.changed.get(&customer) {
                self.gather(owner_rows, scratch);
            }
        } else if known {
            merge(rows, base.owners_of(customer), scratch);
        }
        match self.unit {
            Unit::Customer => {
                let range = self.in_time(&scratch.at, 0..scratch.at.len());
                // Taken out of the scratch while they are read, since filtering writes to the scratch.
                let own = (
                    std::mem::take(&mut scratch.at),
                    std::mem::take(&mut scratch.kind),
                    std::mem::take(&mut scratch.row),
                );
                let these = Rows::Listed(&own.2[range.clone()]);
                self.visit_in_scope(customer, &own.0[range.clone()], &own.1[range], these, scratch, visit);
                (scratch.at, scratch.kind, scratch.row) = own;
            }
            Unit::Session => self.sessions(customer, scratch, visit),
        }
    }

    /// Visits the journey of the touchpoints that are in scope, unless there are none.
    #[inline]
    fn visit_in_scope(
        &self,
        customer: u32,
        at: &[i64],
        kind: &[u32],
        rows: Rows<'_>,
        scratch: &mut Scratch,
        visit: &mut impl FnMut(&Journey<'_>),
    ) {
        let kept = if self.kept.is_empty() { None } else { self.kept.get(&customer) };
        if self.included.is_none() && kept.is_none() {
            if !at.is_empty() {
                visit(&Journey { customer, at, kind, rows });
            }
            return;
        }
        let whole = Journey { customer, at, kind, rows };
        let sorted = &mut scratch.sorted;
        sorted.0.clear();
        sorted.1.clear();
        sorted.2.clear();
        for (n, code) in kind.iter().enumerate() {
            if self.counts_kind(*code, kept) {
                sorted.0.push(at[n]);
                sorted.1.push(*code);
                sorted.2.push(whole.row(n));
            }
        }
        if !sorted.0.is_empty() {
            visit(&Journey { customer, at: &sorted.0, kind: &sorted.1, rows: Rows::Listed(&sorted.2) });
        }
    }

    /// Cuts all touchpoints of a customer into sessions, and then visits each session's touchpoints that are in scope.
    fn sessions(&self, customer: u32, scratch: &mut Scratch, visit: &mut impl FnMut(&Journey<'_>)) {
        scratch.sessionizer.reset();
        scratch.session.clear();
        for (at, row) in scratch.at.iter().zip(&scratch.row) {
            let key = match self.late(*row) {
                Some(late) => late.session,
                None => self.projection.base.rows.session_key(*row as usize),
            };
            scratch.session.push(scratch.sessionizer.next(Timestamp(*at), (key != 0).then_some(key)));
        }
        let kept = if self.kept.is_empty() { None } else { self.kept.get(&customer) };
        let counts = |n: usize| {
            let at = scratch.at[n];
            at >= self.since && at < self.until && self.counts_kind(scratch.kind[n], kept)
        };
        // A counting sort by session keeps the order within each session.
        scratch.ends.clear();
        scratch.ends.resize(scratch.sessionizer.count() as usize + 1, 0);
        let mut kept = 0;
        for (n, session) in scratch.session.iter().enumerate() {
            if counts(n) {
                scratch.ends[*session as usize + 1] += 1;
                kept += 1;
            }
        }
        (1..scratch.ends.len()).for_each(|n| scratch.ends[n] += scratch.ends[n - 1]);
        let (at, kind, row) = &mut scratch.sorted;
        at.clear();
        at.resize(kept, 0);
        kind.clear();
        kind.resize(kept, 0);
        row.clear();
        row.resize(kept, 0);
        for (n, session) in scratch.session.iter().enumerate() {
            if counts(n) {
                let place = &mut scratch.ends[*session as usize];
                (at[*place], kind[*place], row[*place]) = (scratch.at[n], scratch.kind[n], scratch.row[n]);
                *place += 1;
            }
        }
        let mut begin = 0;
        for end in &scratch.ends[..scratch.ends.len() - 1] {
            if *end > begin {
                let rows = Rows::Listed(&row[begin..*end]);
                visit(&Journey { customer, at: &at[begin..*end], kind: &kind[begin..*end], rows });
            }
            begin = *end;
        }
    }

    /// Collects the touchpoints of owners whose rows differ from the base.
    fn gather(&self, owner_rows: &[delta::OwnerRows], scratch: &mut Scratch) {
        let rows = &self.projection.base.rows;
        scratch.clear();
        scratch.keys.clear();
        for own in owner_rows {
            let gone = |row: &u32| own.has_gone && self.projection.delta.gone.contains(row);
            let old = own.base.clone().filter(|row| !gone(row));
            scratch.keys.extend(old.map(|row| (rows.at[row as usize], rows.arrival[row as usize], row)));
            let begin = rows.at.len() as u32;
            let late = own.late.clone().map(|n| (n + begin, &self.overlay.late[n as usize]));
            scratch.keys.extend(late.map(|(row, late)| (late.at, late.arrival, row)));
        }
        // Each owner's part is sorted already, and this sort takes advantage of that.
        scratch.keys.sort();
        for (at, _, row) in &scratch.keys {
            scratch.at.push(*at);
            scratch.kind.push(self.late(*row).map_or_else(|| rows.kind[*row as usize], |late| late.kind));
            scratch.row.push(*row);
        }
    }

    /// Whether touchpoints of a kind are in scope, for a customer with this table of what is kept.
    #[inline]
    fn counts_kind(&self, kind: u32, kept: Option<&Arc<[bool]>>) -> bool {
        self.included.as_ref().is_none_or(|included| included[kind as usize])
            && kept.is_none_or(|kept| kept[kind as usize])
    }

    fn late(&self, row: u32) -> Option<&LateTouchpoint> {
        let late = (row as usize).checked_sub(self.projection.base.rows.at.len())?;
        self.overlay.late.get(late)
    }

    fn in_time(&self, at: &[i64], range: Range<usize>) -> Range<usize> {
        let mut range = range;
        if self.since > i64::MIN {
            range.start += at[range.clone()].partition_point(|at| *at < self.since);
        }
        if self.until < i64::MAX {
            range.end = range.start + at[range.clone()].partition_point(|at| *at < self.until);
        }
        range
    }

    fn scratch(&self) -> Scratch {
        Scratch {
            at: Vec::new(),
            kind: Vec::new(),
            row: Vec::new(),
            keys: Vec::new(),
            heads: Vec::new(),
            sessionizer: Sessionizer::new(self.gap),
            session: Vec::new(),
            ends: Vec::new(),
            sorted: Default::default(),
        }
    }
}

impl Scratch {
    fn clear(&mut self) {
        self.at.clear();
        self.kind.clear();
        self.row.clear();
    }
}

/// Merges the rows of several owners. While there are more than two owners, it takes rows from the owner with the first
/// next row, as long as its rows are first.
fn merge(rows: &Columns, owners: &[u32], scratch: &mut Scratch) {
    let mut heads = std::mem::take(&mut scratch.heads);
    heads.clear();
    heads.extend(owners.iter().map(|owner| rows.range(*owner)).filter(|range| !range.is_empty()));
    while heads.len() > 2 {
        let (mut first, mut bound) = (0, (i64::MAX, i64::MAX));
        for n in 1..heads.len() {
            let (own, best) = (rows.place(heads[n].start), rows.place(heads[first].start));
            if own < best {
                (first, bound) = (n, best.min(bound));
            } else {
                bound = bound.min(own);
            }
        }
        let begin = heads[first].start;
        let mut end = begin + 1;
        while end < heads[first].end && rows.place(end) < bound {
            end += 1;
        }
        scratch.take(rows, begin..end);
        heads[first].start = end;
        if end == heads[first].end {
            heads.swap_remove(first);
        }
    }
    match &heads[..] {
        [one] => scratch.take(rows, one.clone()),
        [one, other] => scratch.take_two(rows, one.clone(), other.clone()),
        _ => {}
    }
    scratch.heads = heads;
}

impl Scratch {
    fn take(&mut self, rows: &Columns, range: Range<usize>) {
        self.at.extend_from_slice(&rows.at[range.clone()]);
        self.kind.extend_from_slice(&rows.kind[range.clone()]);
        self.row.extend(range.start as u32..range.end as u32);
    }

    /// Merges the rows of two owners, neither of them empty: most customers have a cookie and an account. Which row is
    /// next is not predictable, so the loop has no branch that depends on it.
    fn take_two(&mut self, rows: &Columns, mut one: Range<usize>, mut other: Range<usize>) {
        // Often one owner's rows are all before the other's: an anonymous visitor who signed in.
        if rows.place(other.end - 1) < rows.place(one.start) {
            std::mem::swap(&mut one, &mut other);
        }
        if rows.place(one.end - 1) < rows.place(other.start) {
            self.take(rows, one);
            return self.take(rows, other);
        }
        let begin = self.row.len();
        self.row.reserve(one.len() + other.len());
        while !one.is_empty() && !other.is_empty() {
            let (at, other_at) = (rows.at[one.start], rows.at[other.start]);
            let is_one = at < other_at || at == other_at && rows.arrival[one.start] < rows.arrival[other.start];
            self.row.push(if is_one { one.start } else { other.start } as u32);
            one.start += usize::from(is_one);
            other.start += usize::from(!is_one);
        }
        let rest = if one.is_empty() { other } else { one };
        self.row.extend(rest.start as u32..rest.end as u32);
        self.at.extend(self.row[begin..].iter().map(|row| rows.at[*row as usize]));
        self.kind.extend(self.row[begin..].iter().map(|row| rows.kind[*row as usize]));
    }
}

/// By the number of a customer, whether it has a grant for the scope's purpose: the strictest status of its consents
/// for the purpose, at the time of the question, is a grant. `None` when the scope has no purpose.
fn customers_with_grant(projection: &Projection, scope: &Scope) -> Result<Option<Vec<bool>>, JourneyError> {
    let Some(asked) = &scope.purpose else { return Ok(None) };
    let Some(purpose) = projection.dictionary.find_purpose(&asked.name) else {
        let mut known: Vec<String> = projection.dictionary.purposes.iter().map(|name| format!("\"{name}\"")).collect();
        // The order of their numbers depends on the store.
        known.sort_unstable();
        let hint = match known.is_empty() {
            true => "nobody has consented to anything yet; leave it out".to_owned(),
            false => format!("one of {}", known.join(", ")),
        };
        let meant = nearest(&asked.name, projection.dictionary.purposes.iter().map(|name| &**name));
        let meant = meant.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
        return Err(JourneyError::bad_argument(
            "scope.purpose",
            format!("no consent is for \"{}\"{meant}", asked.name),
            hint,
        ));
    };
    let mut strictest: Vec<Option<ConsentStatus>> = vec![None; projection.customers() as usize];
    for (identifier, consent) in projection.consents().filter(|(_, consent)| consent.purpose == purpose) {
        let holder = projection.delta.holder(&projection.base, identifier);
        if let Some(strictest) = strictest.get_mut(holder as usize) {
            *strictest = (*strictest).max(Some(consent.status_at(asked.now.0)));
        }
    }
    Ok(Some(strictest.into_iter().map(|status| status == Some(ConsentStatus::Granted)).collect()))
}

/// What the purposes of a scope let be seen.
struct Visible {
    /// By the number of a customer; `None` for all.
    customers: Option<Vec<bool>>,
    /// The channels that customers refused, as their numbers in the dictionary.
    refused: FxHashMap<u32, Vec<u16>>,
}

impl Visible {
    fn of(projection: &Projection, scope: &Scope) -> Result<Self, JourneyError> {
        let granted = customers_with_grant(projection, scope)?;
        let Some(purpose) = &scope.shown_for else {
            return Ok(Visible { customers: granted, refused: FxHashMap::default() });
        };
        let (mut shown, refused) = standings(projection, purpose);
        if let Some(granted) = granted {
            shown.iter_mut().zip(granted).for_each(|(shown, granted)| *shown &= granted);
        }
        Ok(Visible { customers: Some(shown), refused })
    }
}

/// By the number of a customer, whether a purpose shows it; and the channels that customers refused. By the rule of
/// [`Standing`](crate::domain::consent::Standing).
fn standings(projection: &Projection, asked: &Purpose) -> (Vec<bool>, FxHashMap<u32, Vec<u16>>) {
    let count = projection.customers() as usize;
    let mut of_all: Vec<Option<ConsentStatus>> = vec![None; count];
    let mut of_channels: FxHashMap<(u32, u16), ConsentStatus> = FxHashMap::default();
    // Nobody has granted anything for a purpose that no consent is for.
    let purpose = projection.dictionary.find_purpose(&asked.name);
    for (identifier, consent) in projection.consents().filter(|(_, consent)| Some(consent.purpose) == purpose) {
        let holder = projection.delta.holder(&projection.base, identifier);
        let Some(strictest) = of_all.get_mut(holder as usize) else { continue };
        let status = consent.status_at(asked.now.0);
        match consent.channel {
            0 => *strictest = (*strictest).max(Some(status)),
            channel => {
                let strictest = of_channels.entry((holder, channel)).or_insert(status);
                *strictest = status.max(*strictest);
            }
        }
    }
    let mut shown: Vec<bool> = of_all.iter().map(|status| *status == Some(ConsentStatus::Granted)).collect();
    let mut refused: FxHashMap<u32, Vec<u16>> = FxHashMap::default();
    for ((holder, channel), status) in of_channels {
        let is_open = matches!(of_all[holder as usize], None | Some(ConsentStatus::Expired));
        shown[holder as usize] |= is_open && status == ConsentStatus::Granted;
        if status > ConsentStatus::Granted {
            refused.entry(holder).or_default().push(channel);
        }
    }
    (shown, refused)
}

/// Of each customer with refused channels, by the code of a kind, whether it is of one of them, or of none.
fn tables(
    projection: &Projection,
    refused: &FxHashMap<u32, Vec<u16>>,
    of_refused: bool,
) -> FxHashMap<u32, Arc<[bool]>> {
    let dictionary = &projection.dictionary;
    let mut known: FxHashMap<Vec<u16>, Arc<[bool]>> = FxHashMap::default();
    let mut tables = FxHashMap::default();
    for (customer, channels) in refused {
        let mut channels = channels.clone();
        channels.sort_unstable();
        let table = known.entry(channels).or_insert_with_key(|channels| {
            let names: Vec<&str> = channels.iter().map(|n| &*dictionary.channels[usize::from(*n) - 1]).collect();
            let is_refused = |code| {
                let channel = dictionary.kinds.value(code, Dimension::CHANNEL);
                channel.is_some_and(|channel| names.contains(&channel))
            };
            (0..dictionary.kinds.len() as u32).map(|code| is_refused(code) == of_refused).collect()
        });
        tables.insert(*customer, table.clone());
    }
    tables
}
