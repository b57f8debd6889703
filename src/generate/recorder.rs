//! Records events and gives them message ids. Some events arrive late or twice, as in every real stream.

use super::{
    WorldSummary,
    event::Event,
    ids::Token,
    random::Random,
    timestamp::{HOUR, MINUTE, Timestamp},
};

/// Events per thousand that arrive hours or days after they happened.
const LATE: u64 = 20;
/// Events per thousand that are sent a second time with the same messageId.
const TWICE: u64 = 10;

/// The events of one pair of customers.
pub(super) struct Recorder<'a> {
    seed: u64,
    pair: u64,
    recorded: u64,
    events: &'a mut Vec<Event>,
    /// The figures of the whole world.
    pub(super) summary: &'a mut WorldSummary,
}

impl<'a> Recorder<'a> {
    /// A recorder that adds to `events` and to `summary`.
    pub(super) fn new(seed: u64, pair: u64, events: &'a mut Vec<Event>, summary: &'a mut WorldSummary) -> Self {
        Self { seed, pair, recorded: 0, events, summary }
    }

    /// Records an event that arrives when it happens, or rarely much later.
    pub(super) fn record(&mut self, random: &mut Random, mut event: Event) {
        if random.chance(LATE) {
            let delay = random.between(2 * HOUR, 90 * HOUR);
            event.arrives_at = event.arrives_at.after(delay);
            // The device kept the event: its clock and the server's show the same delay.
            event.sent_at = event.sent_at.map(|at| at.after(delay));
            event.received_at = event.received_at.map(|at| at.after(delay));
            self.summary.late += 1;
        }
        let arrives_at = event.arrives_at;
        self.record_at(random, event, arrives_at);
    }

    /// Records an event that arrives at a fixed time. Orders and returns use this, so that their totals do not depend
    /// on random delays.
    pub(super) fn record_at(&mut self, random: &mut Random, mut event: Event, arrives_at: Timestamp) {
        event.message_id = Token::message(self.seed, self.pair, self.recorded);
        event.arrives_at = arrives_at;
        self.recorded += 1;
        self.summary.events += 1;
        self.summary.touchpoints += u64::from(event.kind.is_touchpoint());
        if random.chance(TWICE) {
            let again = arrives_at.after(random.between(MINUTE / 4, 3 * HOUR));
            self.events.push(Event { arrives_at: again, ..event.clone() });
            self.summary.events += 1;
            self.summary.duplicates += 1;
        }
        self.events.push(event);
    }
}
