//! Automata over a pattern's places, where each place takes one touchpoint (Glushkov's construction): as
//! many states as the pattern has places, however it is nested. Sets of places that occur are made states
//! of a table beforehand; where there would be too many of them, sets are worked with as they are, which
//! takes longer and never more than places times touchpoints.

use rustc_hash::FxHashMap;

use super::parse::{Class, Often, Part};
use crate::journeys::run::Fault;

/// The most places that a pattern may have.
const MOST_PLACES: usize = 500;

/// The most states of a table.
const MOST_STATES: usize = 4_096;

/// A set of places.
type Places = Vec<u64>;

/// Both automata.
pub(super) struct Machine {
    net: Net,
    begin: bool,
    end: bool,
    backwards: Option<Table>,
    forwards: Option<Table>,
}

/// Room that is used again.
pub(super) struct Reading {
    classes: Vec<u16>,
    begins: Vec<bool>,
    set: Places,
    next: Places,
}

/// Which places follow which, and what each takes.
struct Net {
    words: usize,
    empty: bool,
    first: Places,
    last: Places,
    follow: Vec<Places>,
    precede: Vec<Places>,
    /// By class, the places that take it.
    takes: Vec<Places>,
}

/// Each state's move on each class: the next state, and in the lowest bit whether a match is there.
struct Table {
    classes: usize,
    moves: Vec<u32>,
}

impl Machine {
    pub(super) fn new(body: &Part, classes: &[Vec<u16>], begin: bool, end: bool) -> Result<Self, Fault> {
        let net = Net::new(body, classes)?;
        let none = vec![0; net.words];
        // Backwards a match may end anywhere, or at the last touchpoint alone.
        let again = if end { &none } else { &net.last };
        let backwards = Table::new(&net.last, classes.len(), |set, class| {
            let here = and(set, &net.takes[class]);
            (or(&net.around(&here, &net.precede), again), meets(&here, &net.first))
        });
        let forwards = Table::new(&net.first, classes.len(), |set, class| {
            let here = and(set, &net.takes[class]);
            (net.around(&here, &net.follow), meets(&here, &net.last))
        });
        Ok(Machine { net, begin, end, backwards, forwards })
    }

    /// Whether no touchpoint at all fits it.
    pub(super) fn empty(&self) -> bool {
        self.net.empty
    }

    pub(super) fn reading(&self) -> Reading {
        let set = vec![0; self.net.words];
        Reading { classes: Vec::new(), begins: Vec::new(), next: set.clone(), set }
    }

    /// Whether a match of at least one touchpoint begins in a journey; with `keep` it is noted where.
    #[inline]
    pub(super) fn begins(
        &self,
        classes: impl DoubleEndedIterator<Item = u16> + ExactSizeIterator,
        reading: &mut Reading,
        keep: bool,
    ) -> bool {
        let count = classes.len();
        if keep {
            reading.begins.clear();
            reading.begins.resize(count, false);
        }
        let mut any = false;
        let mut note = |place: usize, is: bool| {
            // Held at the beginning, only the first counts.
            let is = is && (!self.begin || place == 0);
            any |= is;
            if keep {
                reading.begins[place] = is;
            }
        };
        match &self.backwards {
            Some(table) => {
                let mut state = 0;
                for (n, class) in classes.rev().enumerate() {
                    let (next, is) = table.step(state, class);
                    note(count - 1 - n, is);
                    state = next;
                }
            }
            None => {
                reading.set.copy_from_slice(&self.net.last);
                for (n, class) in classes.rev().enumerate() {
                    reading
                        .set
                        .iter_mut()
                        .zip(&self.net.takes[usize::from(class)])
                        .for_each(|(set, takes)| *set &= takes);
                    note(count - 1 - n, meets(&reading.set, &self.net.first));
                    reading.next.fill(0);
                    if !self.end {
                        reading.next.copy_from_slice(&self.net.last);
                    }
                    self.net.spread(&reading.set, &self.net.precede, &mut reading.next);
                    std::mem::swap(&mut reading.set, &mut reading.next);
                }
            }
        }
        any
    }

    /// How often it occurs, where [`begins`](Self::begins) noted where: from each first beginning to the
    /// nearest end, and on behind that.
    pub(super) fn count(&self, classes: impl Iterator<Item = u16>, reading: &mut Reading) -> u64 {
        reading.classes.clear();
        reading.classes.extend(classes);
        let (mut place, mut occurrences) = (0, 0);
        while let Some(begin) = reading.begins[place..].iter().position(|begins| *begins).map(|n| place + n) {
            let length = match &self.forwards {
                Some(table) => {
                    let mut state = 0;
                    reading.classes[begin..].iter().position(|class| {
                        let (next, is) = table.step(state, *class);
                        state = next;
                        is
                    })
                }
                None => {
                    reading.set.copy_from_slice(&self.net.first);
                    let (set, next) = (&mut reading.set, &mut reading.next);
                    reading.classes[begin..].iter().position(|class| {
                        set.iter_mut().zip(&self.net.takes[usize::from(*class)]).for_each(|(set, takes)| *set &= takes);
                        let is = meets(set, &self.net.last);
                        next.fill(0);
                        self.net.spread(set, &self.net.follow, next);
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

/// What is known of a part: whether nothing fits it, and its first and last places.
struct Ends {
    empty: bool,
    first: Places,
    last: Places,
}

impl Net {
    fn new(body: &Part, classes: &[Vec<u16>]) -> Result<Self, Fault> {
        let count = places(body);
        if count > MOST_PLACES {
            return Err(Fault::bad(
                "pattern",
                format!("{count} values in a row or to choose from are too many"),
                format!("at most {MOST_PLACES}; one of several values is cheaper as [a|b|c]"),
            ));
        }
        let words = count.div_ceil(64);
        let mut net = Net {
            words,
            empty: false,
            first: Vec::new(),
            last: Vec::new(),
            follow: Vec::new(),
            precede: vec![vec![0; words]; count],
            takes: vec![vec![0; words]; classes.len()],
        };
        let ends = net.add(body, classes);
        (net.empty, net.first, net.last) = (ends.empty, ends.first, ends.last);
        for place in 0..count {
            for next in members(&net.follow[place]).collect::<Vec<_>>() {
                net.precede[next][place / 64] |= 1 << (place % 64);
            }
        }
        Ok(net)
    }

    fn add(&mut self, part: &Part, classes: &[Vec<u16>]) -> Ends {
        match part {
            Part::One(class) => {
                let place = self.follow.len();
                self.follow.push(vec![0; self.words]);
                for (takes, class_names) in self.takes.iter_mut().zip(classes) {
                    let among = |names: &Vec<u16>| names.iter().any(|name| class_names.contains(name));
                    let fits = match class {
                        Class::Any => true,
                        Class::Of(names) => among(names),
                        Class::Not(names) => !among(names),
                    };
                    takes[place / 64] |= u64::from(fits) << (place % 64);
                }
                let mut own = vec![0; self.words];
                own[place / 64] |= 1 << (place % 64);
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

    fn join(&mut self, from: &Places, to: &Places) {
        for place in members(from).collect::<Vec<_>>() {
            self.follow[place].iter_mut().zip(to).for_each(|(follow, to)| *follow |= to);
        }
    }

    /// All places around those of a set.
    fn around(&self, set: &Places, around: &[Places]) -> Places {
        let mut all = vec![0; self.words];
        self.spread(set, around, &mut all);
        all
    }

    fn spread(&self, set: &Places, around: &[Places], into: &mut Places) {
        for place in members(set) {
            into.iter_mut().zip(&around[place]).for_each(|(into, around)| *into |= around);
        }
    }
}

impl Table {
    /// `None` when there would be too many states.
    fn new(start: &Places, classes: usize, step: impl Fn(&Places, usize) -> (Places, bool)) -> Option<Table> {
        let mut numbers = FxHashMap::from_iter([(start.clone(), 0_u32)]);
        let mut states = vec![start.clone()];
        let mut moves = Vec::new();
        let mut done = 0;
        while let Some(state) = states.get(done).cloned() {
            for class in 0..classes {
                let (next, is) = step(&state, class);
                let number = match numbers.get(&next) {
                    Some(number) => *number,
                    None if states.len() == MOST_STATES => return None,
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
        Some(Table { classes, moves })
    }

    #[inline]
    fn step(&self, state: u32, class: u16) -> (u32, bool) {
        let to = self.moves[state as usize * self.classes + usize::from(class)];
        (to >> 1, to & 1 == 1)
    }
}

fn places(part: &Part) -> usize {
    match part {
        Part::One(_) => 1,
        Part::Sequence(parts) | Part::Choice(parts) => parts.iter().map(places).sum(),
        Part::Repeat(part, _) => places(part),
    }
}

fn members(set: &Places) -> impl Iterator<Item = usize> {
    set.iter().enumerate().flat_map(|(word, bits)| {
        let mut bits = *bits;
        std::iter::from_fn(move || {
            let bit = bits.checked_ilog2()?;
            bits ^= 1 << bit;
            Some(word * 64 + bit as usize)
        })
    })
}

fn and(a: &Places, b: &Places) -> Places {
    a.iter().zip(b).map(|(a, b)| a & b).collect()
}

fn or(a: &Places, b: &Places) -> Places {
    a.iter().zip(b).map(|(a, b)| a | b).collect()
}

fn meets(a: &Places, b: &Places) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}
