//! Automata over the positions of a pattern, by Glushkov's construction: a position matches one touchpoint, and the NFA
//! has as many states as the pattern has positions, at any depth of brackets. The subset construction first makes a DFA
//! of the NFA. If the DFA would have too many states, the NFA is simulated with bit sets. This is slower, but takes at
//! most positions times touchpoints.

use rustc_hash::FxHashMap;

use super::parse::{Class, Often, Part};
use crate::journeys::run::JourneyError;

/// The maximum number of positions of a pattern.
const MAX_POSITIONS: usize = 500;

/// The maximum number of states of a DFA.
const MAX_STATES: usize = 4_096;

/// A set of positions, as bits.
type PositionSet = Vec<u64>;

/// The automata of a pattern, backwards and forwards.
pub(super) struct Automata {
    nfa: Nfa,
    begin: bool,
    end: bool,
    backwards: Option<Dfa>,
    forwards: Option<Dfa>,
}

/// Buffers that are reused for the next journey.
pub(super) struct Buffers {
    classes: Vec<u16>,
    begins: Vec<bool>,
    set: PositionSet,
    next: PositionSet,
}

/// Which positions follow which, and which classes each matches.
struct Nfa {
    words: usize,
    empty: bool,
    first: PositionSet,
    last: PositionSet,
    follow: Vec<PositionSet>,
    precede: Vec<PositionSet>,
    /// By class, the positions that match it.
    matching: Vec<PositionSet>,
}

/// By state and class, the next state, and in the lowest bit whether there is a match.
struct Dfa {
    classes: usize,
    moves: Vec<u32>,
}

impl Automata {
    pub(super) fn new(body: &Part, classes: &[Vec<u16>], begin: bool, end: bool) -> Result<Self, JourneyError> {
        let nfa = Nfa::new(body, classes)?;
        let none = vec![0; nfa.words];
        // Backwards, a match may end anywhere, or only at the last touchpoint.
        let restart = if end { &none } else { &nfa.last };
        let backwards = Dfa::new(&nfa.last, classes.len(), |set, class| {
            let here = and(set, &nfa.matching[class]);
            (or(&nfa.neighbours(&here, &nfa.precede), restart), meets(&here, &nfa.first))
        });
        let forwards = Dfa::new(&nfa.first, classes.len(), |set, class| {
            let here = and(set, &nfa.matching[class]);
            (nfa.neighbours(&here, &nfa.follow), meets(&here, &nfa.last))
        });
        Ok(Automata { nfa, begin, end, backwards, forwards })
    }

    /// Whether the pattern matches no touchpoints at all.
    pub(super) fn empty(&self) -> bool {
        self.nfa.empty
    }

    pub(super) fn buffers(&self) -> Buffers {
        let set = vec![0; self.nfa.words];
        Buffers { classes: Vec::new(), begins: Vec::new(), next: set.clone(), set }
    }

    /// Whether a match of at least one touchpoint begins in a journey; with `keep` the places are recorded.
    #[inline]
    pub(super) fn begins(
        &self,
        classes: impl DoubleEndedIterator<Item = u16> + ExactSizeIterator,
        buffers: &mut Buffers,
        keep: bool,
    ) -> bool {
        let count = classes.len();
        if keep {
            buffers.begins.clear();
            buffers.begins.resize(count, false);
        }
        let mut any = false;
        let mut record = |place: usize, is: bool| {
            // A pattern that is anchored at the beginning matches only from the first touchpoint.
            let is = is && (!self.begin || place == 0);
            any |= is;
            if keep {
                buffers.begins[place] = is;
            }
        };
        match &self.backwards {
            Some(dfa) => {
                let mut state = 0;
                for (n, class) in classes.rev().enumerate() {
                    let (next, is) = dfa.step(state, class);
                    record(count - 1 - n, is);
                    state = next;
                }
            }
            None => {
                buffers.set.copy_from_slice(&self.nfa.last);
                for (n, class) in classes.rev().enumerate() {
                    buffers
                        .set
                        .iter_mut()
                        .zip(&self.nfa.matching[usize::from(class)])
                        .for_each(|(set, matching)| *set &= matching);
                    record(count - 1 - n, meets(&buffers.set, &self.nfa.first));
                    buffers.next.fill(0);
                    if !self.end {
                        buffers.next.copy_from_slice(&self.nfa.last);
                    }
                    self.nfa.add_neighbours(&buffers.set, &self.nfa.precede, &mut buffers.next);
                    std::mem::swap(&mut buffers.set, &mut buffers.next);
                }
            }
        }
        any
    }

    /// The number of matches, from the places that [`begins`](Self::begins) recorded: from the first beginning to the
    /// nearest end, and so on after that.
    pub(super) fn count(&self, classes: impl Iterator<Item = u16>, buffers: &mut Buffers) -> u64 {
        buffers.classes.clear();
        buffers.classes.extend(classes);
        let (mut place, mut occurrences) = (0, 0);
        while let Some(begin) = buffers.begins[place..].iter().position(|begins| *begins).map(|n| place + n) {
            let length = match &self.forwards {
                Some(dfa) => {
                    let mut state = 0;
                    buffers.classes[begin..].iter().position(|class| {
                        let (next, is) = dfa.step(state, *class);
                        state = next;
                        is
                    })
                }
                None => {
                    buffers.set.copy_from_slice(&self.nfa.first);
                    let (set, next) = (&mut buffers.set, &mut buffers.next);
                    buffers.classes[begin..].iter().position(|class| {
                        set.iter_mut()
                            .zip(&self.nfa.matching[usize::from(*class)])
                            .for_each(|(set, matching)| *set &= matching);
                        let is = meets(set, &self.nfa.last);
                        next.fill(0);
                        self.nfa.add_neighbours(set, &self.nfa.follow, next);
                        std::mem::swap(set, next);
                        is
                    })
                }
            };
            let Some(length) = length else { break };
            occurrences += 1;
            place = begin + length + 1;
        }
        occurrences
    }
}

/// Of a part: whether it matches no touchpoints at all, and its first and last positions.
struct Ends {
    empty: bool,
    first: PositionSet,
    last: PositionSet,
}

impl Nfa {
    fn new(body: &Part, classes: &[Vec<u16>]) -> Result<Self, JourneyError> {
        let count = positions(body);
        if count > MAX_POSITIONS {
            return Err(JourneyError::bad_argument(
                "pattern",
                format!("{count} values in a row or to choose from are too many"),
                format!("at most {MAX_POSITIONS}; one of several values is cheaper as [a|b|c]"),
            ));
        }
        let words = count.div_ceil(64);
        let mut nfa = Nfa {
            words,
            empty: false,
            first: Vec::new(),
            last: Vec::new(),
            follow: Vec::new(),
            precede: vec![vec![0; words]; count],
            matching: vec![vec![0; words]; classes.len()],
        };
        let ends = nfa.add(body, classes);
        (nfa.empty, nfa.first, nfa.last) = (ends.empty, ends.first, ends.last);
        for position in 0..count {
            for next in members(&nfa.follow[position]).collect::<Vec<_>>() {
                nfa.precede[next][position / 64] |= 1 << (position % 64);
            }
        }
        Ok(nfa)
    }

    fn add(&mut self, part: &Part, classes: &[Vec<u16>]) -> Ends {
        match part {
            Part::One(class) => {
                let position = self.follow.len();
                self.follow.push(vec![0; self.words]);
                for (matching, class_names) in self.matching.iter_mut().zip(classes) {
                    let among = |names: &Vec<u16>| names.iter().any(|name| class_names.contains(name));
                    let fits = match class {
                        Class::Any => true,
                        Class::Of(names) => among(names),
                        Class::Not(names) => !among(names),
                    };
                    matching[position / 64] |= u64::from(fits) << (position % 64);
                }
                let mut own = vec![0; self.words];
                own[position / 64] |= 1 << (position % 64);
                Ends { empty: false, first: own.clone(), last: own }
            }
            Part::Sequence(parts) => {
                let mut all = Ends { empty: true, first: vec![0; self.words], last: vec![0; self.words] };
                for part in parts {
                    let own = self.add(part, classes);
                    self.join(&all.last, &own.first);
                    if all.empty {
                        all.first = or(&all.first, &own.first);
                    }
                    all.last = if own.empty { or(&all.last, &own.last) } else { own.last };
                    all.empty &= own.empty;
                }
                all
            }
            Part::Choice(parts) => {
                let mut all = Ends { empty: false, first: vec![0; self.words], last: vec![0; self.words] };
                for part in parts {
                    let own = self.add(part, classes);
                    all.empty |= own.empty;
                    all.first = or(&all.first, &own.first);
                    all.last = or(&all.last, &own.last);
                }
                all
            }
            Part::Repeat(part, often) => {
                let mut own = self.add(part, classes);
                if *often != Often::OnceAtMost {
                    self.join(&own.last, &own.first);
                }
                own.empty |= *often != Often::OnceOrMore;
                own
            }
        }
    }

    fn join(&mut self, from: &PositionSet, to: &PositionSet) {
        for position in members(from).collect::<Vec<_>>() {
            self.follow[position].iter_mut().zip(to).for_each(|(follow, to)| *follow |= to);
        }
    }

    /// The positions that follow or precede those of a set.
    fn neighbours(&self, set: &PositionSet, neighbours: &[PositionSet]) -> PositionSet {
        let mut all = vec![0; self.words];
        self.add_neighbours(set, neighbours, &mut all);
        all
    }

    fn add_neighbours(&self, set: &PositionSet, neighbours: &[PositionSet], into: &mut PositionSet) {
        for position in members(set) {
            into.iter_mut().zip(&neighbours[position]).for_each(|(into, own)| *into |= own);
        }
    }
}

impl Dfa {
    /// The subset construction from `start`; `None` when there would be too many states.
    fn new(
        start: &PositionSet,
        classes: usize,
        step: impl Fn(&PositionSet, usize) -> (PositionSet, bool),
    ) -> Option<Dfa> {
        let mut numbers = FxHashMap::from_iter([(start.clone(), 0_u32)]);
        let mut states = vec![start.clone()];
        let mut moves = Vec::new();
        let mut done = 0;
        while let Some(state) = states.get(done).cloned() {
            for class in 0..classes {
                let (next, is) = step(&state, class);
                let number = match numbers.get(&next) {
                    Some(number) => *number,
                    None if states.len() == MAX_STATES => return None,
                    None => {
                        numbers.insert(next.clone(), states.len() as u32);
                        states.push(next);
                        states.len() as u32 - 1
                    }
                };
                moves.push(number << 1 | u32::from(is));
            }
            done += 1;
        }
        Some(Dfa { classes, moves })
    }

    #[inline]
    fn step(&self, state: u32, class: u16) -> (u32, bool) {
        let to = self.moves[state as usize * self.classes + usize::from(class)];
        (to >> 1, to & 1 == 1)
    }
}

fn positions(part: &Part) -> usize {
    match part {
        Part::One(_) => 1,
        Part::Sequence(parts) | Part::Choice(parts) => parts.iter().map(positions).sum(),
        Part::Repeat(part, _) => positions(part),
    }
}

fn members(set: &PositionSet) -> impl Iterator<Item = usize> {
    set.iter().enumerate().flat_map(|(word, bits)| {
        let mut bits = *bits;
        std::iter::from_fn(move || {
            let bit = bits.checked_ilog2()?;
            bits ^= 1 << bit;
            Some(word * 64 + bit as usize)
        })
    })
}

fn and(a: &PositionSet, b: &PositionSet) -> PositionSet {
    a.iter().zip(b).map(|(a, b)| a & b).collect()
}

fn or(a: &PositionSet, b: &PositionSet) -> PositionSet {
    a.iter().zip(b).map(|(a, b)| a | b).collect()
}

fn meets(a: &PositionSet, b: &PositionSet) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}
