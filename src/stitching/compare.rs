//! Who is who today beside what a [replay](super::restitch) says: who comes apart and who comes together.

use super::restitch::Partition;

/// Who is who today; in the order of the [partition](Partition) it is compared with, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Who holds each identifier, by numbers from 0 on.
    pub holders: Vec<Option<u32>>,
    /// Whether each is shared.
    pub shared: Vec<bool>,
    /// Whether each is a composite that was made of an event's traits.
    pub made: Vec<bool>,
}

/// How the two differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Customers today.
    pub customers_now: usize,
    /// Customers then.
    pub customers_then: usize,
    /// Customers of today whose members end in more than one group.
    pub splits: usize,
    /// Groups that have members of more than one customer of today.
    pub joins: usize,
    /// What has to change, in pieces that have nothing to do with each other.
    pub pieces: Vec<Piece>,
}

/// Customers of today and the groups that their members end in, with everybody who is in one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Everybody, as places in the lists that were compared.
    pub members: Vec<usize>,
    /// Who is together then. Whoever is in no group is nobody's.
    pub groups: Vec<Vec<usize>>,
    /// Who is shared then.
    pub shared: Vec<usize>,
}

/// Compares. Whom the replay gives to nobody, nobody has; only a customer that would be left with nothing
/// keeps its oldest identifier, since an id always finds somebody. Composites that nobody has and that are
/// together with nobody else are no customer: they would be made of what is said of somebody else.
pub fn compare(today: &Standing, then: &Partition) -> Difference {
    let holders = today.holders.iter().flatten().max().map_or(0, |most| *most as usize + 1);
    let wanted = wanted(today, then, holders);
    let groups = wanted.iter().flatten().max().map_or(0, |most| *most as usize + 1);
    // Holders, then groups, then identifiers that are of neither.
    let mut sets = Sets::new(holders + groups);
    let mut changed = vec![false; holders + groups];
    let (mut group_of, mut holder_of) = (vec![NONE; holders], vec![NONE; groups]);
    let (mut splits, mut joins) = (vec![false; holders], vec![false; groups]);
    let mut alone = Vec::new();
    for (n, (holder, group)) in today.holders.iter().zip(&wanted).enumerate() {
        let (holder, group) = (holder.map(|h| h as usize), group.map(|g| g as usize));
        let flag = today.shared[n] != then.shared[n];
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
    let mut pieces = pieces(today, &wanted, &mut sets, &changed, holders);
    for piece in &mut pieces {
        piece.shared = piece.members.iter().copied().filter(|&n| then.shared[n]).collect();
    }
    pieces.extend(alone.into_iter().map(|n| Piece {
        members: vec![n],
        groups: Vec::new(),
        shared: Vec::from_iter(then.shared[n].then_some(n)),
    }));
    let distinct = |many: &[Option<u32>], most: usize| {
        let mut seen = vec![false; most];
        many.iter().flatten().for_each(|&n| seen[n as usize] = true);
        seen.into_iter().filter(|seen| *seen).count()
    };
    Difference {
        customers_now: distinct(&today.holders, holders),
        customers_then: distinct(&wanted, groups),
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

/// The groups of the replay, and one for each customer that would be left with nothing.
fn wanted(today: &Standing, then: &Partition, holders: usize) -> Vec<Option<u32>> {
    let mut wanted = then.groups.clone();
    let groups = wanted.iter().flatten().max().map_or(0, |most| *most as usize + 1);
    let mut somebody = vec![false; groups];
    for (n, group) in wanted.iter().enumerate() {
        if let Some(group) = group {
            somebody[*group as usize] |= !today.made[n] || today.holders[n].is_some();
        }
    }
    wanted.iter_mut().for_each(|group| *group = group.filter(|group| somebody[*group as usize]));
    let mut next = wanted.iter().flatten().max().map_or(0, |most| most + 1);
    let mut keeps = vec![false; holders];
    for (holder, group) in today.holders.iter().zip(&wanted) {
        if let (Some(holder), Some(_)) = (holder, group) {
            keeps[*holder as usize] = true;
        }
    }
    for (holder, group) in today.holders.iter().zip(&mut wanted) {
        if let (Some(holder), None) = (holder, &group)
            && !std::mem::replace(&mut keeps[*holder as usize], true)
        {
            *group = Some(next);
            next += 1;
        }
    }
    wanted
}

fn pieces(today: &Standing, wanted: &[Option<u32>], sets: &mut Sets, changed: &[bool], holders: usize) -> Vec<Piece> {
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
    for (n, (holder, group)) in today.holders.iter().zip(wanted).enumerate() {
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

/// Sets of numbers that grow together.
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

    fn compared(now: &[Option<u32>], then: &[Option<u32>]) -> Difference {
        let shared = vec![false; now.len()];
        let today = Standing { holders: now.to_vec(), shared: shared.clone(), made: shared.clone() };
        compare(&today, &Partition { groups: then.to_vec(), shared })
    }

    #[test]
    fn the_same_under_other_numbers_is_no_difference() {
        let difference = compared(&[Some(0), Some(1), Some(0), None], &[Some(7), Some(3), Some(7), None]);
        assert_eq!((difference.customers_now, difference.customers_then), (2, 2));
        assert_eq!((difference.splits, difference.joins, difference.pieces.len()), (0, 0, 0));
    }

    #[test]
    fn a_split_and_a_join_are_two_pieces() {
        let now = [Some(0), Some(0), Some(1), Some(2), Some(3)];
        let then = [Some(0), Some(1), Some(2), Some(2), Some(3)];
        let difference = compared(&now, &then);
        assert_eq!((difference.customers_now, difference.customers_then), (4, 4));
        assert_eq!((difference.splits, difference.joins), (1, 1));
        let members: Vec<_> = difference.pieces.iter().map(|piece| piece.members.clone()).collect();
        assert_eq!(members, [vec![0, 1], vec![2, 3]]);
        assert_eq!(difference.pieces[0].groups, [vec![0], vec![1]]);
    }

    #[test]
    fn a_customer_that_would_be_left_with_nothing_keeps_its_oldest() {
        let difference = compared(&[Some(0), Some(0), Some(1), Some(1)], &[None, None, Some(0), None]);
        assert_eq!((difference.customers_now, difference.customers_then, difference.splits), (2, 2, 0));
        assert_eq!(difference.pieces.len(), 2);
        assert_eq!(difference.pieces[0].groups, [vec![0]]);
        assert_eq!(difference.pieces[1].groups, [vec![2]]);
    }

    #[test]
    fn composites_that_nobody_has_are_no_customer_by_themselves() {
        let holders = vec![None, None, None, Some(0), Some(1)];
        let today = Standing { holders, shared: vec![false; 5], made: vec![true, true, true, false, true] };
        let groups = vec![Some(0), Some(0), Some(1), Some(1), Some(2)];
        let difference = compare(&today, &Partition { groups, shared: vec![false; 5] });
        assert_eq!((difference.customers_now, difference.customers_then), (2, 2));
        let members: Vec<_> = difference.pieces.iter().map(|piece| piece.members.clone()).collect();
        assert_eq!(members, [vec![2, 3]], "one joins who it is with, the others wait");
    }

    #[test]
    fn a_flag_alone_is_a_piece() {
        let today = Standing { holders: vec![None, Some(0)], shared: vec![true, false], made: vec![false; 2] };
        let then = Partition { groups: vec![None, Some(0)], shared: vec![false, false] };
        let difference = compare(&today, &then);
        assert_eq!(difference.pieces, [Piece { members: vec![0], groups: vec![], shared: vec![] }]);
    }
}
