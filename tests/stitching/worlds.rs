//! Random inputs, small enough that the same identifiers occur often.

use proptest::prelude::*;
use throughline::domain::consent::ConsentStatus;
use throughline::domain::fact::Fact;

use crate::common::facts::{Event, event};

/// Facts, the same in another order, and the sizes of batches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    pub(crate) facts: Vec<Fact>,
    pub(crate) shuffled: Vec<Fact>,
    pub(crate) sizes: Vec<usize>,
}

/// Events of all kinds of identifier.
pub(crate) fn inputs() -> impl Strategy<Value = Input> {
    inputs_with(7)
}

/// Events of listed kinds only.
pub(crate) fn inputs_of_listed_kinds() -> impl Strategy<Value = Input> {
    inputs_with(6)
}

fn inputs_with(kinds: usize) -> impl Strategy<Value = Input> {
    let facts = prop::collection::vec(event_specs(kinds), 1..40).prop_map(|specs| {
        let mut facts: Vec<Fact> = Vec::new();
        for (n, spec) in specs.into_iter().enumerate() {
            // Sometimes an event that was ingested before.
            let fact = if spec.again && n > 0 { facts[n / 2].clone() } else { spec.into_fact(n) };
            facts.push(fact);
        }
        facts
    });
    let shuffled = facts.prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()));
    (shuffled, prop::collection::vec(1..8_usize, 1..5)).prop_map(|((facts, shuffled), sizes)| Input {
        facts,
        shuffled,
        sizes,
    })
}

/// An event, as numbers.
#[derive(Clone, Debug)]
struct EventSpec {
    names: Vec<(usize, u8)>,
    minute: i64,
    act: u8,
    number: u8,
    again: bool,
}

fn event_specs(kinds: usize) -> impl Strategy<Value = EventSpec> {
    let names = prop::collection::vec((0..kinds, 0..5_u8), 1..5);
    (names, 0..30_i64, 0..11_u8, 0..4_u8, prop::bool::weighted(0.05))
        .prop_map(|(names, minute, act, number, again)| EventSpec { names, minute, act, number, again })
}

impl EventSpec {
    fn into_fact(self, n: usize) -> Fact {
        const KINDS: [&str; 7] =
            ["user_id", "email", "phone", "loyalty_card", "name_and_birth", "anonymous_id", "crm_row"];
        let mut event = event(&format!("m{n}")).minute(self.minute);
        for (kind, value) in &self.names {
            event = event.named(KINDS[*kind], &value.to_string());
        }
        self.act(event).into()
    }

    fn act(&self, event: Event) -> Event {
        let number = self.number.to_string();
        match self.act {
            0 => event.view(),
            1 => event.sent("email"),
            2 => event.completed(&number, "30", &[("hat", 2, "10"), ("sock", 1, "10")]).view(),
            3 => event.refunded(&number, "12"),
            4 => event.returned(&number, &[("hat", 1)]),
            5 => event.cancelled(&number),
            6 => event.updated(&number, "25").view(),
            7 => event.claim("city", &format!("\"{number}\"")),
            8 => event.consent("marketing", None, ConsentStatus::Granted),
            9 => event.consent("marketing", Some("email"), ConsentStatus::Revoked).device("d", "phone", None),
            _ => event,
        }
    }
}
