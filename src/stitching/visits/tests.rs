//! Visits made by hand, and any stream in any order of arrival.

use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const GAP: Duration = Duration::from_secs(1_800);
/// A midnight.
const BASE: i64 = 20_000 * LONGEST;
const DEVICE: IdentifierId = Arrival(1);

fn seen(n: i64, at: i64, session: Option<&str>, owner: Option<i64>) -> Seen {
    Seen {
        arrival: Arrival::new(2, n as u32),
        at: Timestamp(BASE + at),
        owner: owner.map_or(DEVICE, Arrival),
        since: 2,
        alone: owner.is_none(),
        source: "shop".into(),
        session: session.map(Into::into),
    }
}

fn whole(seen: Vec<Seen>) -> Window {
    Window { seen, before: false, after: false }
}

fn visits(window: &Window) -> Vec<Vec<usize>> {
    match cut(window, Timestamp::MIN, Timestamp::MAX, GAP) {
        Cut::Visits(mut visits) => {
            visits.sort();
            visits
        }
        needs => panic!("all of it is there: {needs:?}"),
    }
}

fn at(minutes: &[i64]) -> Vec<Seen> {
    minutes.iter().enumerate().map(|(n, minute)| seen(n as i64, minute * MINUTE, None, None)).collect()
}

#[test]
fn a_gap_ends_a_visit_and_its_own_length_does_not() {
    assert_eq!(visits(&whole(at(&[0, 30, 61]))), [vec![0, 1], vec![2]]);
}

#[test]
fn a_session_is_one_visit_whatever_lies_between() {
    let some = vec![
        seen(0, 0, Some("s"), None),
        seen(1, 10 * MINUTE, None, None),
        seen(2, 5 * HOUR, Some("s"), None),
        seen(3, 6 * HOUR, Some("t"), None),
        Seen { source: "till".into(), ..seen(4, 7 * HOUR, Some("s"), None) },
    ];
    assert_eq!(visits(&whole(some)), [vec![0, 2], vec![1], vec![3], vec![4]]);
}

#[test]
fn no_visit_is_longer_than_a_day() {
    let hours = [20, 30, 40, 44, 45];
    let some: Vec<Seen> = (0..).zip(hours).map(|(n, hour)| seen(n, hour * HOUR, Some("s"), None)).collect();
    assert_eq!(visits(&whole(some[..4].to_vec())), [vec![0, 1, 2, 3]], "just a day");
    assert_eq!(visits(&whole(some)), [vec![0], vec![1, 2, 3, 4]], "longer: cut at midnight");
    let far = vec![seen(0, 0, Some("s"), None), seen(1, 25 * HOUR, Some("s"), None)];
    assert_eq!(visits(&whole(far)), [vec![0], vec![1]]);
}

#[test]
fn a_visit_goes_to_the_one_who_was_signed_in_by_the_strongest_of_their_names() {
    let person =
        |customer, rank: usize, value: &str| SignedIn { customer: Arrival(customer), strength: (rank, value.into()) };
    let people: FxHashMap<IdentifierId, SignedIn> = FxHashMap::from_iter([
        (Arrival(10), person(1, 0, "ruth")),
        (Arrival(11), person(1, 1, "ruth@example.org")),
        (Arrival(12), person(1, 1, "adler@example.org")),
        (Arrival(20), person(2, 0, "sam")),
    ]);
    let visit = |owners: &[Option<i64>]| -> Vec<Seen> {
        (0..).zip(owners).map(|(n, owner)| seen(n, n * MINUTE, None, *owner)).collect()
    };
    let whose = |owners: &[Option<i64>]| super::whose(&visit(owners), &people);
    assert_eq!(whose(&[None, None]), None);
    assert_eq!(whose(&[None, Some(11), Some(10), Some(12)]), Some(Arrival(10)));
    assert_eq!(whose(&[Some(11), Some(12), None]), Some(Arrival(12)), "of two of a kind by the value");
    assert_eq!(whose(&[None, Some(10), Some(20)]), None, "two people");
    assert_eq!(whose(&[None, Some(99)]), None, "nobody holds it");
    // An earlier owner has no influence.
    let given = Seen { alone: true, ..seen(0, 0, None, Some(10)) };
    assert_eq!(super::whose([&given], &people), None);
}

#[test]
fn a_range_is_assigned_as_far_as_its_page_goes() {
    let range = Pending::whole(DEVICE);
    let page = at(&[0, 1, 2]);
    assert_eq!(reach(&page, false, &range), range.to);
    assert_eq!(reach(&page, true, &range), Timestamp(BASE + 2 * MINUTE - 1));
    assert_eq!(reach(&at(&[5, 5, 5]), true, &range), Timestamp(BASE + 5 * MINUTE));
    assert_eq!(range.behind(Timestamp(7)).map(|rest| rest.from), Some(Timestamp(8)));
    assert_eq!(range.behind(range.to), None);
    let moments = [0, 1, LONGEST + 1, 3 * LONGEST].map(Timestamp).to_vec();
    let bounds = |range: &Pending| (range.from.0, range.to.0);
    assert_eq!(
        Pending::around(DEVICE, moments).iter().map(bounds).collect::<Vec<_>>(),
        [(0, LONGEST + 1), (3 * LONGEST, 3 * LONGEST)]
    );
}

/// A stream that is assigned as in a store: by ranges, in windows that grow when the cut needs more.
struct State {
    stream: Vec<Seen>,
    given: FxHashMap<Arrival, Option<IdentifierId>>,
}

impl State {
    fn take(&mut self, batch: &[Seen], people: &FxHashMap<IdentifierId, SignedIn>, page: usize) {
        self.stream.extend(batch.iter().cloned());
        self.stream.sort_by_key(|seen| (seen.at, seen.arrival));
        for mut range in Pending::around(DEVICE, batch.iter().map(|seen| seen.at).collect()) {
            loop {
                let to = self.assign(&range, people, page);
                match range.behind(to) {
                    Some(rest) => range = rest,
                    None => break,
                }
            }
        }
    }

    fn assign(&mut self, range: &Pending, people: &FxHashMap<IdentifierId, SignedIn>, page: usize) -> Timestamp {
        let mut begin = self.stream.partition_point(|seen| seen.at < range.from);
        let mut end = (begin + page).min(self.stream.len());
        let to = reach(&self.stream[begin..end], end < self.stream.len(), range);
        loop {
            let seen = self.stream[begin..end].to_vec();
            let window = Window { seen, before: begin > 0, after: end < self.stream.len() };
            match cut(&window, range.from, to, GAP) {
                Cut::Needs { before, after } => {
                    assert!((before && begin > 0) || (after && end < self.stream.len()), "there is no more");
                    begin = if before { begin.saturating_sub(page) } else { begin };
                    end = if after { (end + page).min(self.stream.len()) } else { end };
                }
                Cut::Visits(visits) => {
                    for visit in visits {
                        let owner = whose(visit.iter().map(|&n| &window.seen[n]), people);
                        for &n in &visit {
                            self.given.insert(window.seen[n].arrival, owner);
                        }
                    }
                    return to;
                }
            }
        }
    }
}

/// Gaps of hours, of minutes, or none; also long runs.
fn stream() -> impl Strategy<Value = Vec<Seen>> {
    let step = prop_oneof![4 => 0..40_i64, 2 => 20..60_i64, 1 => 300..2_000_i64];
    let session = prop_oneof![3 => Just(None), 1 => Just(Some("s")), 1 => Just(Some("t"))];
    let owner = prop_oneof![5 => Just(None), 1 => Just(Some(10)), 1 => Just(Some(11)), 1 => Just(Some(20))];
    let one = (step, session, owner);
    proptest::collection::vec(one, 1..120).prop_map(|steps| {
        let mut now = 0;
        let each = steps.into_iter().enumerate().map(|(n, (step, session, owner))| {
            now += step * MINUTE;
            seen(n as i64, now, session, owner)
        });
        each.collect()
    })
}

proptest! {
    #[test]
    fn whose_visits_are_does_not_depend_on_the_order_of_arrival(
        stream in stream(),
        order in any::<prop::sample::Index>(),
        sizes in proptest::collection::vec(1..9_usize, 1..6),
        page in 1..12_usize,
    ) {
        let person = |customer, rank| SignedIn { customer: Arrival(customer), strength: (rank, "".into()) };
        let people = FxHashMap::from_iter(
            [(Arrival(10), person(1, 0)), (Arrival(11), person(1, 1)), (Arrival(20), person(2, 0))],
        );
        let mut expected = FxHashMap::default();
        let window = whole(stream.clone());
        let mut all = 0;
        for visit in visits(&window) {
            let members = || visit.iter().map(|&n| &window.seen[n]);
            let owner = whose(members(), &people);
            all += visit.len();
            prop_assert!(members().next_back().expect("a member").at.0 - members().next().expect("a member").at.0 <= LONGEST);
            expected.extend(members().map(|seen| (seen.arrival, owner)));
        }
        prop_assert_eq!(all, stream.len(), "each is in one visit");
        // Any order: rotated at some place, or shuffled by a stride.
        let mut shuffled = stream.clone();
        let turn = order.index(stream.len());
        shuffled.rotate_left(turn);
        if turn % 2 == 1 {
            let (even, odd): (Vec<_>, Vec<_>) = shuffled.into_iter().enumerate().partition(|(n, _)| n % 3 == 0);
            shuffled = odd.into_iter().rev().chain(even).map(|(_, seen)| seen).collect();
        }
        let mut state = State { stream: Vec::new(), given: FxHashMap::default() };
        let mut rest = shuffled.as_slice();
        let mut sizes = sizes.into_iter().cycle();
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(sizes.next().unwrap_or(1).min(rest.len()));
            state.take(batch, &people, page);
            rest = later;
        }
        prop_assert_eq!(state.given, expected);
    }
}
