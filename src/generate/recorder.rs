//! Takes down what happens, numbers it, and lets some of it arrive late or twice, as it does
//! in every real stream.

use super::{
    WorldSummary,
    dice::Dice,
    event::Event,
    ids::Token,
    moment::{HOUR, MINUTE, Moment},
};

/// Out of a thousand events, those that arrive hours or days after they happened.
const LATE: u64 = 20;
/// Out of a thousand events, those that are sent a second time under the same messageId.
const TWICE: u64 = 10;

/// The events of one pair of neighbours.
pub(super) struct Recorder<'a> {
    seed: u64,
    pair: u64,
    recorded: u64,
    events: &'a mut Vec<Event>,
    /// What is counted over the whole world.
    pub(super) summary: &'a mut WorldSummary,
}

impl<'a> Recorder<'a> {
    /// A recorder that adds to `events` and to `summary`.
    pub(super) fn new(seed: u64, pair: u64, events: &'a mut Vec<Event>, summary: &'a mut WorldSummary) -> Self {
        Self { seed, pair, recorded: 0, events, summary }
    }

    /// An event that arrives when it happened, or rarely much later.
    pub(super) fn record(&mut self, dice: &mut Dice, mut event: Event) {
        if dice.chance(LATE) {
            let delay = dice.between(2 * HOUR, 90 * HOUR);
            event.arrives_at = event.arrives_at.after(delay);
            // Kept on the device for so long: its clock and the server's agree on that.
            event.sent_at = event.sent_at.map(|at| at.after(delay));
            event.received_at = event.received_at.map(|at| at.after(delay));
            self.summary.late += 1;
        }
        let arrives_at = event.arrives_at;
        self.record_at(dice, event, arrives_at);
    }

    /// An event that arrives at that moment and no other. Orders and returns come this way, so
    /// that what they add up to does not hang on chance.
    pub(super) fn record_at(&mut self, dice: &mut Dice, mut event: Event, arrives_at: Moment) {
        event.message_id = Token::message(self.seed, self.pair, self.recorded);
        event.arrives_at = arrives_at;
        self.recorded += 1;
        self.summary.events += 1;
        self.summary.touchpoints += u64::from(event.kind.is_touchpoint());
        if dice.chance(TWICE) {
            let again = arrives_at.after(dice.between(MINUTE / 4, 3 * HOUR));
            self.events.push(Event { arrives_at: again, ..event.clone() });
            self.summary.events += 1;
            self.summary.duplicates += 1;
        }
        self.events.push(event);
    }
}
