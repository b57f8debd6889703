//! Every pair of concurrent writes, each stopped while the other continues: the result equals that of a serial execution,
//! in one order or the other.

use std::time::Duration;

use throughline::domain::{Arrival, CustomerId, IdentifierId, IdentifierKey, Timestamp};
use throughline::stitching::moves::Move;
use throughline::stitching::restitch::Explanation;
use throughline::stitching::{Batch, DecisionAction, DecisionRequest};
use throughline::store::neo4j::{Neo4jStore, Step};
use throughline::store::query::{CustomerKey, FirstPages, IdentifierRef, Shape};
use throughline::store::rules::Rulebook;
use throughline::store::{Reads, Store};

use crate::gate::Gate;
use crate::interleavings::consistent;
use crate::world::{World, fact, rules};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    /// An event that merges both customers.
    Join,
    /// An event that adds an identifier to the second customer.
    Bring,
    /// An event after which the device of the first customer is shared.
    Share,
    /// A decision merges them.
    Merge,
    /// A decision splits the first customer.
    Split,
    /// A decision keeps them apart.
    KeepApart,
    /// Other rules split the first customer.
    Settle,
}

const WRITES: [Write; 7] =
    [Write::Join, Write::Bring, Write::Share, Write::Merge, Write::Split, Write::KeepApart, Write::Settle];

/// All identifiers that may exist, in the notation of `fact`.
const NAMES: [&str; 7] =
    ["user_id:a", "email:a", "anonymous_id:a", "email:b", "anonymous_id:b", "email:new", "user_id:other"];

/// Two new customers for each attempt.
struct People {
    tag: String,
    first: CustomerId,
    second: CustomerId,
    /// The moves by other rules, computed before either write.
    moved: Move,
}

impl People {
    async fn new(store: &Neo4jStore, tag: String) -> People {
        let name = |name: &str| format!("{name}-{tag}");
        let facts = vec![
            fact(&name("m1"), 1, &[&name("user_id:a"), &name("email:a"), &name("anonymous_id:a")]),
            fact(&name("m2"), 1, &[&name("email:b"), &name("anonymous_id:b")]),
        ];
        store.apply(&rules(), &Batch { facts }, NOW).await.expect("applied");
        let (first, born) = held(store, &name("email:a")).await.expect("the first");
        let (second, _) = held(store, &name("email:b")).await.expect("the second");
        let mut ids = Vec::new();
        for one in &NAMES[..3] {
            ids.push(id(store, &name(one)).await);
        }
        let moved = Move {
            members: ids.iter().map(|id| (*id, Some(born))).collect(),
            groups: vec![ids[..2].to_vec(), ids[2..].to_vec()],
            shared: Vec::new(),
            explanation: Explanation { reason: "other rules".into(), cuts: Vec::new() },
        };
        People { tag, first, second, moved }
    }

    fn name(&self, name: &str) -> String {
        format!("{name}-{}", self.tag)
    }

    async fn write(&self, store: &Neo4jStore, write: Write) {
        let event = |message: &str, identifiers: &[&str]| {
            let identifiers: Vec<String> = identifiers.iter().map(|name| self.name(name)).collect();
            let identifiers: Vec<&str> = identifiers.iter().map(String::as_str).collect();
            Batch { facts: vec![fact(&self.name(message), 2, &identifiers)] }
        };
        let action = match write {
            Write::Join => return apply(store, &event("join", &["email:a", "email:b"])).await,
            Write::Bring => return apply(store, &event("bring", &["email:new", "anonymous_id:b"])).await,
            Write::Share => return apply(store, &event("share", &["user_id:other", "anonymous_id:a"])).await,
            Write::Settle => {
                store.apply_moves(&rules(), std::slice::from_ref(&self.moved), NOW).await.expect("settled");
                return;
            }
            Write::Merge => DecisionAction::Merge(vec![self.first.clone(), self.second.clone()]),
            Write::KeepApart => DecisionAction::KeepApart(vec![self.first.clone(), self.second.clone()]),
            Write::Split => {
                let name = self.name("anonymous_id:a");
                let (kind, value) = name.split_once(':').expect("kind:value");
                DecisionAction::Split(self.first.clone(), vec![IdentifierKey::new(kind, value)])
            }
        };
        let request = DecisionRequest { action, by: "clerk".into(), reason: "they called".into() };
        // A decision that is no longer possible is refused, and nothing changes.
        store.decide(&rules(), &request, NOW, false).await.expect("a decision");
    }

    /// The customers, the identifiers without a customer and the shared ones, in a notation that does not depend on ids.
    async fn stand(&self, store: &Neo4jStore) -> String {
        let mut holders: Vec<Option<CustomerId>> = Vec::new();
        let mut words = Vec::new();
        for name in NAMES {
            let holder = held(store, &self.name(name)).await.map(|(id, _)| id);
            let with = holder.as_ref().and_then(|holder| holders.iter().position(|h| h.as_ref() == Some(holder)));
            let with = holder.as_ref().map(|_| NAMES[with.unwrap_or(holders.len())]);
            holders.push(holder);
            let shared = identifier(store, &self.name(name)).await.is_some_and(|found| found.is_shared());
            words.push(format!("{name} {}{}", with.unwrap_or("nobody"), if shared { " shared" } else { "" }));
        }
        words.join(", ")
    }
}

async fn apply(store: &Neo4jStore, batch: &Batch) {
    store.apply(&rules(), batch, NOW).await.expect("applied");
}

async fn held(store: &Neo4jStore, name: &str) -> Option<(CustomerId, Arrival)> {
    let (kind, value) = name.split_once(':').expect("kind:value");
    let key = CustomerKey::Identifier(IdentifierKey::new(kind, value));
    let pages = FirstPages { orders: 0, touchpoints: 0 };
    let found = store.customers(&[key], Shape::Card, pages).await.expect("an answer").remove(0).expect("an answer");
    found.map(|view| (view.customer.id.clone(), view.customer.created_seq))
}

async fn identifier(store: &Neo4jStore, name: &str) -> Option<throughline::domain::identifier::Identifier> {
    let (kind, value) = name.split_once(':').expect("kind:value");
    let key = IdentifierRef::Key(IdentifierKey::new(kind, value));
    store.identifiers(&[key]).await.expect("an answer").remove(0)
}

async fn id(store: &Neo4jStore, name: &str) -> IdentifierId {
    identifier(store, name).await.expect("an identifier").id
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Neo4j: `make test` starts one"]
async fn two_writes_that_meet_leave_what_one_of_their_orders_leaves() {
    let world = World::empty().await;
    for slow in WRITES {
        for fast in WRITES {
            let mut orders = Vec::new();
            for (tag, writes) in [("sf", [slow, fast]), ("fs", [fast, slow])] {
                let people = People::new(&world.store, format!("{tag}{slow:?}{fast:?}")).await;
                for write in writes {
                    people.write(&world.store, write).await;
                }
                orders.push(people.stand(&world.store).await);
            }
            for step in [Step::Begun, Step::Known, Step::Written] {
                let people = People::new(&world.store, format!("{step:?}{slow:?}{fast:?}")).await;
                let mut gate = None;
                let server = world.server(|options| gate = Some(Gate::at(step, options)));
                let gate = gate.expect("a gate");
                tokio::join!(people.write(&server, slow), async {
                    gate.reached.notified().await;
                    let fast = people.write(&world.store, fast);
                    tokio::pin!(fast);
                    // A write that waits for the other's locks continues after it.
                    let waits = tokio::time::timeout(Duration::from_millis(150), &mut fast).await.is_err();
                    gate.go_on.notify_one();
                    if waits {
                        fast.await;
                    }
                });
                let stand = people.stand(&world.store).await;
                assert!(
                    orders.contains(&stand),
                    "{slow:?} held at {step:?} beside {fast:?} left\n  {stand}\nand not\n  {}\nor\n  {}",
                    orders[0],
                    orders[1]
                );
            }
        }
        consistent(&world).await;
    }
}
