//! Compares the current partition with the one of a [replay](super::restitch): which customers split, which join.

use super::restitch::Partition;

/// The current customers of all identifiers, in the order of the [partition](Partition) it is compared with, oldest first.
#[derive(Clone, Debug, Default)]
pub struct CurrentPartition {
    /// The customer of each identifier, numbered from 0.
    pub holders: Vec<Option<u32>>,
    /// Whether each is shared.
    pub shared: Vec<bool>,
    /// Whether each is a composite that was made of an event's traits.
    pub made: Vec<bool>,
}

/// How the two differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The current number of customers.
    pub customers_now: usize,
    /// The number of customers after the replay.
    pub customers_after: usize,
    /// Current customers whose members end in more than one group.
    pub splits: usize,
    /// Groups with members of more than one current customer.
    pub joins: usize,
    /// The differences, in independent pieces.
    pub pieces: Vec<Piece>,
}

/// Current customers and the groups that their members end in, with all identifiers of both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// All identifiers, as places in the lists that were compared.
    pub members: Vec<usize>,
    /// The groups after the replay. A member of no group has no customer.
    pub groups: Vec<Vec<usize>>,
    /// The identifiers that are shared after the replay.
    pub shared: Vec<usize>,
}

/// Compares. An identifier without a group in the replay has no customer, with one exception: a customer that would be
/// left without identifiers keeps its oldest one, since a customer id must always find a customer. A group of only
/// composites without a present customer is not a customer: composites are made of other identifiers' traits.
pub fn compare(current: &CurrentPartition, replayed: &Partition) -> Difference {
    let holders = current.holders.iter().flatten().max().map_or(0, |most| *most as usize + 1);
    let wanted = wanted(current, replayed, holders);
    let groups = wanted.iter().flatten().max().map_or(0, |most| *most as usize + 1);
    // The nodes are the holders, then the groups.
    let mut sets = Sets::new(holders + groups);
    let mut changed = vec![false; holders + groups];
    let (mut group_of, mut holder_of) = (vec![NONE; holders], vec![NONE; groups]);
    let (mut splits, mut joins) = (vec![false; holders], vec![false; groups]);
    let mut alone = Vec::new();
    for (n, (holder, group)) in current.holders.iter().zip(&wanted).enumerate() {
        let (holder, group) = (holder.map(|h| h as usize), group.map(|g| g as usize));
        let flag = current.shared[n] != replayed.shared[n];
        match (holder, group) {
            (Some(holder), Some(group)) => {
                sets.join(holder, holders + group);
                splits[holder] |= *first(&mut group_of[holder], group) != group;
                joins[group] |= *first(&mut holder_of[group], holder) != holder;
                changed[holder] |= flag || splits[holder];
                changed[holders + group] |= joins[group];
            }
            (Some(holder), None) => changed[holder] = true,
            (None, Some(group)) => changed[holders + group] = true,
            (None, None) if flag => alone.push(n),
            (None, None) => {}
        }
    }
    let mut pieces = pieces(current, &wanted, &mut sets, &changed, holders);
    for piece in &mut pieces {
        piece.shared = piece.members.iter().copied().filter(|&n| replayed.shared[n]).collect();
    }
    pieces.extend(alone.into_iter().map(|n| Piece {
        members: vec![n],
        groups: Vec::new(),
        shared: Vec::from_iter(replayed.shared[n].then_some(n)),
    }));
    let distinct = |many: &[Option<u32>], most: usize| {
        let mut seen = vec![false; most];
        many.iter().flatten().for_each(|&n| seen[n as usize] = true);
        seen.into_iter().filter(|seen| *seen).count()
    };
    Difference {
        customers_now: distinct(&current.holders, holders),
        customers_after: distinct(&wanted, groups),
        splits: splits.into_iter().filter(|split| *split).count(),
        joins: joins.into_iter().filter(|join| *join).count(),
        pieces,
    }
}

const NONE: usize = usize::MAX;

fn first(known: &mut usize, value: usize) -> &usize {
    if *known == NONE {
        *known = value;
    }
    known
}

/// The groups of the replay, and one for each customer that would be left without identifiers.
fn wanted(current: &CurrentPartition, replayed: &Partition, holders: usize) -> Vec<Option<u32>> {
    let mut wanted = replayed.groups.clone();
    let groups = wanted.iter().flatten().max().map_or(0, |most| *most as usize + 1);
    let mut somebody = vec![false; groups];
    for (n, group) in wanted.iter().enumerate() {
        if let Some(group) = group {
            somebody[*group as usize] |= !current.made[n] || current.holders[n].is_some();
        }
    }
    wanted.iter_mut().for_each(|group| *group = group.filter(|group| somebody[*group as usize]));
    let mut next = wanted.iter().flatten().max().map_or(0, |most| most + 1);
    let mut keeps = vec![false; holders];
    for (holder, group) in current.holders.iter().zip(&wanted) {
        if let (Some(holder), Some(_)) = (holder, group) {
            keeps[*holder as usize] = true;
        }
    }
    for (holder, group) in current.holders.iter().zip(&mut wanted) {
        if let (Some(holder), None) = (holder, &group)
            && !std::mem::replace(&mut keeps[*holder as usize], true)
        {
            *group = Some(next);
            next += 1;
        }
    }
    wanted
}

fn pieces(
    current: &CurrentPartition,
    wanted: &[Option<u32>],
    sets: &mut Sets,
    changed: &[bool],
    holders: usize,
) -> Vec<Piece> {
    let mut number = vec![NONE; changed.len()];
    let mut count = 0;
    for (node, _) in changed.iter().enumerate().filter(|(_, changed)| **changed) {
        let root = sets.root(node);
        if number[root] == NONE {
            number[root] = count;
            count += 1;
        }
    }
    let mut pieces = vec![Piece::default(); count];
    let mut place = vec![NONE; changed.len()];
    for (n, (holder, group)) in current.holders.iter().zip(wanted).enumerate() {
        let group = group.map(|g| holders + g as usize);
        let node = holder.map(|h| h as usize).or(group);
        let Some(node) = node else { continue };
        let piece = number[sets.root(node)];
        if piece == NONE {
            continue;
        }
        let piece = &mut pieces[piece];
        piece.members.push(n);
        if let Some(group) = group {
            if place[group] == NONE {
                place[group] = piece.groups.len();
                piece.groups.push(Vec::new());
            }
            piece.groups[place[group]].push(n);
        }
    }
    pieces
}

/// Union-find.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Sets((0..count).collect())
    }

    fn root(&mut self, mut one: usize) -> usize {
        while self.0[one] != one {
            self.0[one] = self.0[self.0[one]];
            one = self.0[one];
        }
        one
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[other.max(one)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(now: &[Option<u32>], replayed: &[Option<u32>]) -> Difference {
        let shared = vec![false; now.len()];
        let current = CurrentPartition { holders: now.to_vec(), shared: shared.clone(), made: shared.clone() };
        compare(&current, &Partition { groups: replayed.to_vec(), shared })
    }

    #[test]
    fn the_same_under_other_numbers_is_no_difference() {
        let difference = compared(&[Some(0), Some(1), Some(0), None], &[Some(7), Some(3), Some(7), None]);
        assert_eq!((difference.customers_now, difference.customers_after), (2, 2));
        assert_eq!((difference.splits, difference.joins, difference.pieces.len()), (0, 0, 0));
    }

    #[test]
    fn a_split_and_a_join_are_two_pieces() {
        let now = [Some(0), Some(0), Some(1), Some(2), Some(3)];
        let replayed = [Some(0), Some(1), Some(2), Some(2), Some(3)];
        let difference = compared(&now, &replayed);
        assert_eq!((difference.customers_now, difference.customers_after), (4, 4));
        assert_eq!((difference.splits, difference.joins), (1, 1));
        let members: Vec<_> = difference.pieces.iter().map(|piece| piece.members.clone()).collect();
        assert_eq!(members, [vec![0, 1], vec![2, 3]]);
        assert_eq!(difference.pieces[0].groups, [vec![0], vec![1]]);
    }

    #[test]
    fn a_customer_that_would_be_left_with_nothing_keeps_its_oldest() {
        let difference = compared(&[Some(0), Some(0), Some(1), Some(1)], &[None, None, Some(0), None]);
        assert_eq!((difference.customers_now, difference.customers_after, difference.splits), (2, 2, 0));
        assert_eq!(difference.pieces.len(), 2);
        assert_eq!(difference.pieces[0].groups, [vec![0]]);
        assert_eq!(difference.pieces[1].groups, [vec![2]]);
    }

    #[test]
    fn composites_that_nobody_has_are_no_customer_by_themselves() {
        let holders = vec![None, None, None, Some(0), Some(1)];
        let current = CurrentPartition { holders, shared: vec![false; 5], made: vec![true, true, true, false, true] };
        let groups = vec![Some(0), Some(0), Some(1), Some(1), Some(2)];
        let difference = compare(&current, &Partition { groups, shared: vec![false; 5] });
        assert_eq!((difference.customers_now, difference.customers_after), (2, 2));
        let members: Vec<_> = difference.pieces.iter().map(|piece| piece.members.clone()).collect();
        assert_eq!(members, [vec![2, 3]], "one joins who it is with, the others wait");
    }

    #[test]
    fn a_flag_alone_is_a_piece() {
        let current =
            CurrentPartition { holders: vec![None, Some(0)], shared: vec![true, false], made: vec![false; 2] };
        let replayed = Partition { groups: vec![None, Some(0)], shared: vec![false, false] };
        let difference = compare(&current, &replayed);
        assert_eq!(difference.pieces, [Piece { members: vec![0], groups: vec![], shared: vec![] }]);
    }
}
