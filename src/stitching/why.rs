//! Why two identifiers belong together: the shortest chain of links between them.
//!
//! A [`Search`] walks from both ends at once, a whole level at a time, the shorter frontier first. It returns the links
//! to read next, so both stores use the same code with one read per level. Of equally short chains, it returns the one
//! whose identifiers, from the first end on, have the smallest ids. So the answer depends on the graph only, and not on
//! the order of reads.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::IdentifierId;

/// The most links that one search reads. Unused links of identifiers that thousands of people share count too.
pub const MOST_LINKS: usize = 50_000;

/// How many links of one level are read at first. A level with more links waits while the other end can continue: many
/// chains lead to such an identifier, but few lead through two of these.
const FIRST_TRY: usize = 1_000;

/// A search that is under way.
pub struct Search {
    sides: [Side; 2],
    /// The side whose frontier is being read.
    asked: usize,
    looked_at: usize,
    most: usize,
    at_once: usize,
    met: bool,
}

/// The next read of a search, or its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Read all links of these identifiers, at most `limit`, and give them to [`Search::learn`].
    Read {
        /// The identifiers.
        of: Vec<IdentifierId>,
        /// How many links may be read.
        limit: usize,
    },
    /// The chain, both ends included.
    Chain(Vec<IdentifierId>),
    /// Nothing connects the two.
    Nothing,
    /// The answer needs more than [`MOST_LINKS`] links.
    TooMuch {
        /// The number of links that were read.
        looked_at: usize,
    },
}

/// The identifiers found from one end.
struct Side {
    /// Everything found, with its distance.
    found: FxHashMap<IdentifierId, usize>,
    /// For each found identifier except the end itself: the linked identifiers one step nearer to the end.
    nearer: FxHashMap<IdentifierId, Vec<IdentifierId>>,
    /// The identifiers found last, all at the same distance.
    frontier: Vec<IdentifierId>,
    distance: usize,
    /// Whether the frontier has more links than may be read at once.
    too_wide: bool,
}

/// The chain between two identifiers, when all links that count are in memory, each once.
pub fn chain_of(
    links: &[(IdentifierId, IdentifierId)],
    from: IdentifierId,
    to: IdentifierId,
) -> Option<Vec<IdentifierId>> {
    let mut others: FxHashMap<IdentifierId, Vec<IdentifierId>> = FxHashMap::default();
    for &(one, other) in links {
        others.entry(one).or_default().push(other);
        others.entry(other).or_default().push(one);
    }
    let mut search = Search { most: usize::MAX, at_once: usize::MAX, ..Search::between(from, to) };
    loop {
        match search.proceed() {
            Next::Read { of, .. } => {
                let of_one = |id| others.get(&id).into_iter().flatten().map(move |&other| (id, other));
                let read: Vec<_> = of.into_iter().flat_map(of_one).collect();
                search.learn(&read, read.len(), false);
            }
            Next::Chain(ids) => return Some(ids),
            Next::Nothing | Next::TooMuch { .. } => return None,
        }
    }
}

impl Search {
    /// Begins between two identifiers.
    pub fn between(from: IdentifierId, to: IdentifierId) -> Self {
        Search {
            sides: [Side::at(from), Side::at(to)],
            asked: 0,
            looked_at: 0,
            most: MOST_LINKS,
            at_once: FIRST_TRY,
            met: from == to,
        }
    }

    /// The next step.
    pub fn proceed(&mut self) -> Next {
        if self.met {
            return Next::Chain(self.chain());
        }
        if self.sides.iter().any(|side| side.frontier.is_empty()) {
            return Next::Nothing;
        }
        if self.sides.iter().all(|side| side.too_wide) {
            self.at_once = self.at_once.saturating_mul(8);
            self.sides.iter_mut().for_each(|side| side.too_wide = false);
        }
        if self.looked_at >= self.most {
            return Next::TooMuch { looked_at: self.looked_at };
        }
        let rank = |side: &Side| (side.too_wide, side.frontier.len(), side.distance);
        self.asked = usize::from(rank(&self.sides[1]) < rank(&self.sides[0]));
        Next::Read { of: self.sides[self.asked].frontier.clone(), limit: self.at_once.min(self.most - self.looked_at) }
    }

    /// Takes the links that were read: each as its requested end and its other end, without links that do not count.
    /// `looked_at` is the number of all links that were read. `more` says that there are more than the limit; then the
    /// links are not used.
    pub fn learn(&mut self, links: &[(IdentifierId, IdentifierId)], looked_at: usize, more: bool) {
        self.looked_at += looked_at;
        let (asked, other) = match &mut self.sides {
            [one, other] if self.asked == 0 => (one, other),
            [other, one] => (one, other),
        };
        if more {
            asked.too_wide = true;
            return;
        }
        asked.advance(links);
        self.met = asked.frontier.iter().any(|id| other.found.contains_key(id));
    }

    /// The chain with the smallest ids, after the sides have met. At this point one side has just found its whole
    /// frontier, and the other side has all identifiers up to its distance.
    fn chain(&self) -> Vec<IdentifierId> {
        let [near, far] = &self.sides;
        // For each distance from the first end, the identifiers on any shortest chain.
        let meeting = near.frontier.iter().copied().filter(|id| far.found.get(id) == Some(&far.distance));
        let mut on_chains: Vec<FxHashSet<IdentifierId>> = vec![meeting.collect()];
        for _ in 0..near.distance {
            let nearer = on_chains.last().into_iter().flatten().flat_map(|id| near.nearer_to_end(*id));
            on_chains.push(nearer.collect());
        }
        on_chains.reverse();
        let mut chain: Vec<IdentifierId> = on_chains[0].iter().copied().collect();
        for level in &on_chains[1..] {
            let here = chain.last();
            chain.extend(level.iter().filter(|id| near.nearer_to_end(**id).any(|n| Some(&n) == here)).min().copied());
        }
        while let Some(next) = chain.last().and_then(|here| far.nearer_to_end(*here).min()) {
            chain.push(next);
        }
        chain
    }
}

impl Side {
    fn at(end: IdentifierId) -> Self {
        Side {
            found: FxHashMap::from_iter([(end, 0)]),
            nearer: FxHashMap::default(),
            frontier: vec![end],
            distance: 0,
            too_wide: false,
        }
    }

    fn advance(&mut self, links: &[(IdentifierId, IdentifierId)]) {
        self.distance += 1;
        self.frontier.clear();
        for &(here, there) in links {
            let distance = *self.found.entry(there).or_insert_with(|| {
                self.frontier.push(there);
                self.distance
            });
            if distance == self.distance {
                self.nearer.entry(there).or_default().push(here);
            }
        }
        // Reads are the same for the same level, in any order of discovery.
        self.frontier.sort_unstable();
    }

    fn nearer_to_end(&self, id: IdentifierId) -> impl Iterator<Item = IdentifierId> {
        self.nearer.get(&id).into_iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Arrival;

    type Graph = Vec<(i64, i64)>;

    /// Runs a search on a graph. Returns the chain and the number of links read.
    fn search(graph: &Graph, from: i64, to: i64, most: usize, at_once: usize) -> (Next, usize) {
        let mut search = Search { most, at_once, ..Search::between(Arrival(from), Arrival(to)) };
        loop {
            match search.proceed() {
                Next::Read { of, limit } => {
                    let both = graph.iter().flat_map(|&(a, b)| [(a, b), (b, a)]);
                    let mut links: Vec<_> =
                        both.map(|(a, b)| (Arrival(a), Arrival(b))).filter(|(a, _)| of.contains(a)).collect();
                    let more = links.len() > limit;
                    links.truncate(limit);
                    search.learn(&links, links.len(), more);
                }
                found => return (found, search.looked_at),
            }
        }
    }

    fn chain(ids: &[i64]) -> Next {
        Next::Chain(ids.iter().copied().map(Arrival).collect())
    }

    fn path(graph: &Graph, from: i64, to: i64) -> Next {
        search(graph, from, to, MOST_LINKS, FIRST_TRY).0
    }

    #[test]
    fn the_shortest_chain_with_the_smallest_ids_is_found() {
        let line: Graph = (0..9).map(|n| (n, n + 1)).collect();
        assert_eq!(path(&line, 0, 9), chain(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
        assert_eq!(path(&line, 7, 5), chain(&[7, 6, 5]));
        assert_eq!(path(&line, 3, 3), chain(&[3]));
        assert_eq!(path(&line, 3, 11), Next::Nothing);
        // Two chains of the same length: 0-5-2-9 and 0-1-8-9, and one that is longer.
        let ways = vec![(5, 0), (5, 2), (9, 2), (0, 1), (8, 1), (9, 8), (0, 3), (3, 4), (4, 6), (6, 9)];
        assert_eq!(path(&ways, 0, 9), chain(&[0, 1, 8, 9]));
        assert_eq!(path(&ways, 9, 0), chain(&[9, 2, 5, 0]));
    }

    #[test]
    fn a_wide_identifier_is_reached_without_being_read() {
        let mut graph: Graph = (1..=60_000).map(|n| (0, n)).collect();
        assert_eq!(search(&graph, 5, 59_999, MOST_LINKS, FIRST_TRY), (chain(&[5, 0, 59_999]), 2));
        let (found, looked_at) = search(&graph, 0, 7, MOST_LINKS, FIRST_TRY);
        assert_eq!((found, looked_at <= FIRST_TRY + 1), (chain(&[0, 7]), true));
        // When the chain is behind it, and behind a second one, it must be read. Too many links are a result of their
        // own.
        graph.extend((0..40_000).map(|n| (-1, 60_001 + n)));
        graph.extend([(0, -2), (-2, -1)]);
        let (found, looked_at) = search(&graph, 5, 70_000, MOST_LINKS, FIRST_TRY);
        assert_eq!(found, Next::TooMuch { looked_at: MOST_LINKS }, "{looked_at}");
        assert_eq!(search(&graph, 5, 70_000, 200_000, FIRST_TRY).0, chain(&[5, 0, -2, -1, 70_000]));
        // Without a connection it is not read.
        assert_eq!(search(&graph, 0, -9, MOST_LINKS, FIRST_TRY).0, Next::Nothing);
    }

    /// All shortest chains, from a search of all links.
    fn smallest_of_shortest(graph: &Graph, from: i64, to: i64) -> Option<Vec<i64>> {
        let mut chains = vec![vec![from]];
        let mut seen = std::collections::BTreeSet::from([from]);
        loop {
            if let Some(best) = chains.iter().filter(|chain| chain.last() == Some(&to)).min() {
                return Some(best.clone());
            }
            let mut longer = Vec::new();
            for chain in &chains {
                let here = chain[chain.len() - 1];
                for &(a, b) in graph {
                    let there = if a == here { b } else { a };
                    if (a == here || b == here) && !seen.contains(&there) {
                        longer.push([chain.as_slice(), &[there]].concat());
                    }
                }
            }
            seen.extend(longer.iter().map(|chain| chain[chain.len() - 1]));
            chains = longer;
            if chains.is_empty() {
                return None;
            }
        }
    }

    proptest! {
        #[test]
        fn the_answer_is_that_of_looking_at_everything(
            edges in proptest::collection::btree_set((0_i64..14, 0_i64..14), 0..26),
            from in 0_i64..14,
            to in 0_i64..14,
            at_once in 1_usize..12,
        ) {
            let graph: Graph = edges.into_iter().filter(|(a, b)| a < b).collect();
            let expected = smallest_of_shortest(&graph, from, to);
            let (found, _) = search(&graph, from, to, usize::MAX, at_once);
            let links: Vec<_> = graph.iter().map(|&(a, b)| (Arrival(a), Arrival(b))).collect();
            prop_assert_eq!(
                chain_of(&links, Arrival(from), Arrival(to)).map_or(Next::Nothing, Next::Chain),
                found.clone()
            );
            prop_assert_eq!(found, expected.map_or(Next::Nothing, |ids| chain(&ids)));
        }
    }
}
