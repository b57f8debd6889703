//! From a scope to its journeys, in parallel: who is in it, whose touchpoints, merged, cut and filtered.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::base::Columns;
use super::delta::{self, Late, Overlay};
use super::projection::Projection;
use super::run::{Fault, Run};
use super::scope::{Scope, Unit};
use super::session::Cutter;
use crate::domain::consent::ConsentStatus;
use crate::domain::nearest::nearest;
use crate::domain::{Duration, Timestamp};

/// A scope made ready for one projection.
pub(crate) struct Asked<'a> {
    pub(crate) projection: &'a Projection,
    overlay: &'a Overlay,
    since: i64,
    until: i64,
    /// Which kinds of touchpoint count, by code; `None` for all.
    keep: Option<Vec<bool>>,
    /// Which customers' journeys are walked; `None` for all.
    who: Option<Vec<bool>>,
    unit: Unit,
    gap: Duration,
}

/// One journey's touchpoints, in order. Never empty.
pub(crate) struct Journey<'a> {
    pub(crate) customer: u32,
    pub(crate) at: &'a [i64],
    pub(crate) kind: &'a [u32],
    rows: Rows<'a>,
}

/// Which touchpoints they are.
#[derive(Clone, Copy)]
enum Rows<'a> {
    /// From this one of the base on.
    From(usize),
    /// Those of the base, and behind its last the late ones.
    These(&'a [u32]),
}

impl Journey<'_> {
    /// The number of its `n`-th touchpoint: what orders and sessions are asked by.
    pub(crate) fn row(&self, n: usize) -> u32 {
        match self.rows {
            Rows::From(begin) => (begin + n) as u32,
            Rows::These(rows) => rows[n],
        }
    }
}

/// Room for one customer's touchpoints, used again for the next.
struct Scratch {
    at: Vec<i64>,
    kind: Vec<u32>,
    row: Vec<u32>,
    keys: Vec<(i64, i64, u32)>,
    heads: Vec<Range<usize>>,
    cutter: Cutter<u64>,
    session: Vec<u32>,
    ends: Vec<usize>,
    sorted: (Vec<i64>, Vec<u32>, Vec<u32>),
}

impl<'a> Asked<'a> {
    /// # Errors
    /// That the scope cannot be, or names a purpose that nobody was asked about.
    pub(crate) fn new(projection: &'a Projection, scope: &Scope) -> Result<Self, Fault> {
        scope.check()?;
        let kinds = &projection.dictionary.kinds;
        let keep = (scope.include.is_some() || scope.exclude.is_some()).then(|| {
            let mut keep = scope.include.as_ref().map_or_else(|| vec![true; kinds.len()], |step| step.table(kinds));
            if let Some(step) = &scope.exclude {
                keep.iter_mut().zip(step.table(kinds)).for_each(|(keep, dropped)| *keep &= !dropped);
            }
            keep
        });
        let mut who = allowed(projection, scope)?;
        if let Some(segment) = &scope.segment {
            let mut inside = vec![false; projection.customers() as usize];
            for number in segment.iter().filter_map(|customer| projection.find_customer(customer)) {
                inside[number as usize] = who.as_ref().is_none_or(|who| who[number as usize]);
            }
            who = Some(inside);
        }
        Ok(Asked {
            projection,
            overlay: projection.delta.overlay(&projection.base),
            since: scope.since.map_or(i64::MIN, |at| at.0),
            until: scope.until.map_or(i64::MAX, |at| at.0),
            keep,
            who,
            unit: scope.per,
            gap: scope.session_gap,
        })
    }

    /// The same by customer, whatever the scope said.
    pub(crate) fn per_customer(mut self) -> Self {
        self.unit = Unit::Customer;
        self
    }

    /// The same of those whom a purpose hides, by customer; `None` when there is no purpose.
    pub(crate) fn hidden(projection: &'a Projection, scope: &Scope) -> Result<Option<Self>, Fault> {
        let Some(allowed) = allowed(projection, scope)? else { return Ok(None) };
        let everybody = Scope { segment: None, purpose: None, per: Unit::Customer, ..scope.clone() };
        let mut asked = Asked::new(projection, &everybody)?;
        asked.who = Some(allowed.iter().map(|allowed| !allowed).collect());
        Ok(Some(asked))
    }

    /// How many touchpoints in time, include and exclude nobody holds.
    pub(crate) fn unowned(&self) -> u64 {
        let rows = &self.projection.base.rows;
        let mut scratch = self.scratch();
        let count = |range: Range<usize>| {
            let range = self.in_time(&rows.at, range);
            match &self.keep {
                None => range.len(),
                Some(keep) => rows.kind[range].iter().filter(|kind| keep[**kind as usize]).count(),
            }
        };
        let base = &self.projection.base;
        let Some(runs) = &self.overlay.unowned else {
            return base.unowned.iter().map(|owner| count(rows.range(*owner)) as u64).sum();
        };
        let mut sum = 0;
        for run in runs {
            self.gather(std::slice::from_ref(run), &mut scratch);
            let range = self.in_time(&scratch.at, 0..scratch.at.len());
            let kept = |kind: &&u32| self.keep.as_ref().is_none_or(|keep| keep[**kind as usize]);
            sum += scratch.kind[range].iter().filter(kept).count() as u64;
        }
        sum
    }

    /// The order that a touchpoint is about, or `NO`.
    pub(crate) fn order(&self, row: u32) -> u32 {
        match self.late(row) {
            Some(late) => late.order,
            None => self.projection.base.rows.order(row),
        }
    }

    /// Shows every journey to `visit`, in parallel; each thread has a state of its own. A customer's
    /// journeys come one after the other, to one thread.
    ///
    /// # Errors
    /// That it was cancelled, or took too long.
    pub(crate) fn walk<S: Send>(
        &self,
        run: &Run,
        new: impl Fn() -> S + Sync,
        visit: impl Fn(&mut S, &Journey<'_>) + Sync,
    ) -> Result<Vec<S>, Fault> {
        let pieces = self.pieces();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut state = new();
            let mut scratch = self.scratch();
            while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                run.cancel.check()?;
                // Whoever reads a profile waits for no more than a piece.
                std::thread::yield_now();
                for customer in piece.clone() {
                    if self.who.as_ref().is_none_or(|who| who[customer as usize]) {
                        self.visit(customer, &mut scratch, &mut |journey| visit(&mut state, journey));
                    }
                }
            }
            Ok(state)
        };
        let threads = run.threads.clamp(1, pieces.len().max(1));
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

    fn pieces(&self) -> Vec<Range<u32>> {
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
        let known = !changed && (customer as usize) < base.people.customers.len();
        if let (true, Unit::Customer) = (known, self.unit)
            && let Some(range) = base.piece_of(customer)
        {
            let range = self.in_time(&rows.at, range);
            let from = Rows::From(range.start);
            return self.show(customer, &rows.at[range.clone()], &rows.kind[range], from, scratch, visit);
        }
        scratch.clear();
        if changed {
            if let Some(runs) = self.overlay.changed.get(&customer) {
                self.gather(runs, scratch);
            }
        } else if known {
            merge(rows, base.runs_of(customer), scratch);
        }
        match self.unit {
            Unit::Customer => {
                let range = self.in_time(&scratch.at, 0..scratch.at.len());
                // Taken out while it is read, since what is kept goes to the scratch too.
                let own = (
                    std::mem::take(&mut scratch.at),
                    std::mem::take(&mut scratch.kind),
                    std::mem::take(&mut scratch.row),
                );
                let these = Rows::These(&own.2[range.clone()]);
                self.show(customer, &own.0[range.clone()], &own.1[range], these, scratch, visit);
                (scratch.at, scratch.kind, scratch.row) = own;
            }
            Unit::Session => self.sessions(customer, scratch, visit),
        }
    }

    /// A journey of what counts of these.
    #[inline]
    fn show(
        &self,
        customer: u32,
        at: &[i64],
        kind: &[u32],
        rows: Rows<'_>,
        scratch: &mut Scratch,
        visit: &mut impl FnMut(&Journey<'_>),
    ) {
        let Some(keep) = &self.keep else {
            if !at.is_empty() {
                visit(&Journey { customer, at, kind, rows });
            }
            return;
        };
        let whole = Journey { customer, at, kind, rows };
        let sorted = &mut scratch.sorted;
        sorted.0.clear();
        sorted.1.clear();
        sorted.2.clear();
        for (n, code) in kind.iter().enumerate() {
            if keep[*code as usize] {
                sorted.0.push(at[n]);
                sorted.1.push(*code);
                sorted.2.push(whole.row(n));
            }
        }
        if !sorted.0.is_empty() {
            visit(&Journey { customer, at: &sorted.0, kind: &sorted.1, rows: Rows::These(&sorted.2) });
        }
    }

    /// Cuts all of a customer's touchpoints, and then leaves out what does not count.
    fn sessions(&self, customer: u32, scratch: &mut Scratch, visit: &mut impl FnMut(&Journey<'_>)) {
        scratch.cutter.reset();
        scratch.session.clear();
        for (at, row) in scratch.at.iter().zip(&scratch.row) {
            let key = match self.late(*row) {
                Some(late) => late.session,
                None => self.projection.base.rows.session_key(*row as usize),
            };
            scratch.session.push(scratch.cutter.next(Timestamp(*at), (key != 0).then_some(key)));
        }
        let counts = |n: usize| {
            let (at, kind) = (scratch.at[n], scratch.kind[n]);
            at >= self.since && at < self.until && self.keep.as_ref().is_none_or(|keep| keep[kind as usize])
        };
        // Sorted by session and, within, as they were.
        scratch.ends.clear();
        scratch.ends.resize(scratch.cutter.count() as usize + 1, 0);
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
                let rows = Rows::These(&row[begin..*end]);
                visit(&Journey { customer, at: &at[begin..*end], kind: &kind[begin..*end], rows });
            }
            begin = *end;
        }
    }

    /// The touchpoints of runs that are not as in the base.
    fn gather(&self, runs: &[delta::Run], scratch: &mut Scratch) {
        let rows = &self.projection.base.rows;
        scratch.clear();
        scratch.keys.clear();
        for run in runs {
            let gone = |row: &u32| run.holes && self.projection.delta.gone.contains(row);
            let old = run.base.clone().filter(|row| !gone(row));
            scratch.keys.extend(old.map(|row| (rows.at[row as usize], rows.arrival[row as usize], row)));
            let begin = rows.at.len() as u32;
            let late = run.late.clone().map(|n| (n + begin, &self.overlay.late[n as usize]));
            scratch.keys.extend(late.map(|(row, late)| (late.at, late.arrival, row)));
        }
        // Runs are sorted each, which this sort makes use of.
        scratch.keys.sort();
        for (at, _, row) in &scratch.keys {
            scratch.at.push(*at);
            scratch.kind.push(self.late(*row).map_or_else(|| rows.kind[*row as usize], |late| late.kind));
            scratch.row.push(*row);
        }
    }

    fn late(&self, row: u32) -> Option<&Late> {
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
            cutter: Cutter::new(self.gap),
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

/// Merges runs of the base. Of more than two always from the one whose next is first, as far as it stays first.
fn merge(rows: &Columns, runs: &[u32], scratch: &mut Scratch) {
    let mut heads = std::mem::take(&mut scratch.heads);
    heads.clear();
    heads.extend(runs.iter().map(|owner| rows.range(*owner)).filter(|range| !range.is_empty()));
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

    /// Two runs merged, neither of them empty: most people have a cookie and an account. Which of them is
    /// next cannot be guessed, so there is no branch that hangs on it.
    fn take_two(&mut self, rows: &Columns, mut one: Range<usize>, mut other: Range<usize>) {
        // Somebody was a stranger until a day, and known from then on.
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

/// Whom a purpose shows: those whose strictest consent for it, of those that have not run out, is a grant.
fn allowed(projection: &Projection, scope: &Scope) -> Result<Option<Vec<bool>>, Fault> {
    let Some(wanted) = &scope.purpose else { return Ok(None) };
    let Some(purpose) = projection.dictionary.find_purpose(&wanted.name) else {
        let mut known: Vec<String> = projection.dictionary.purposes.iter().map(|name| format!("\"{name}\"")).collect();
        // Numbered as a store told of them, in whatever order.
        known.sort_unstable();
        let hint = match known.is_empty() {
            true => "nobody has consented to anything yet; leave it out".to_owned(),
            false => format!("one of {}", known.join(", ")),
        };
        let meant = nearest(&wanted.name, projection.dictionary.purposes.iter().map(|name| &**name));
        let meant = meant.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
        return Err(Fault::bad("scope.purpose", format!("no consent is for \"{}\"{meant}", wanted.name), hint));
    };
    let mut strictest: Vec<Option<ConsentStatus>> = vec![None; projection.customers() as usize];
    for (identifier, held) in projection.held().filter(|(_, held)| held.purpose == purpose) {
        let holder = projection.delta.holder(&projection.base, identifier);
        if let Some(strictest) = strictest.get_mut(holder as usize) {
            *strictest = (*strictest).max(Some(held.status_at(wanted.now.0)));
        }
    }
    Ok(Some(strictest.into_iter().map(|status| status == Some(ConsentStatus::Granted)).collect()))
}
