//! A world in which the truth is known: each person answers on each of four channels with a chance of its own, 30 % of
//! people changed theirs 90 days ago, and machines open half of the e-mails.

use serde_json::json;

use super::super::channel::Sureness;
use super::chances::Chances;
use super::*;

/// The channels with the mean chance of an answer.
const CHANNELS: [(&str, f64); 4] = [("direct_mail", 0.06), ("email", 0.12), ("sms", 0.20), ("push", 0.09)];
const PEOPLE: usize = 3_000;
const CHANGED_AGO: f64 = 90.0;

/// Beta with this mean, as if six messages were known.
fn chance(chances: &mut Chances, mean: f64) -> f64 {
    chances.beta(6.0 * mean, 6.0 * (1.0 - mean))
}

/// A person who was sent `count` messages on each channel on average, and the channel that is best for it now.
fn simulated(chances: &mut Chances, count: usize) -> (CustomerFacts, &'static str) {
    let mut facts = person(400.0);
    say(&mut facts, "address", json!("Mill Lane 1"));
    let token = Identifier { key: IdentifierKey::new("push_token", "t"), ..facts.view.identifiers[0].clone() };
    view(&mut facts).identifiers.push(token);
    let now = CHANNELS.map(|(_, mean)| chance(chances, mean));
    let before = if chances.is(0.3) { CHANNELS.map(|(_, mean)| chance(chances, mean)) } else { now };
    // Some channels are used more than others, with each person other ones.
    let uses = CHANNELS.map(|_| chances.exponential(1.0));
    let mut touches = Vec::new();
    for n in 0..count * CHANNELS.len() {
        let mut at = chances.uniform() * uses.iter().sum::<f64>();
        let channel = uses
            .iter()
            .position(|of| {
                at -= of;
                at <= 0.0
            })
            .unwrap_or(0);
        let (name, days) = (CHANNELS[channel].0, 8.0 + 357.0 * chances.uniform());
        let message = json!({"message_id": n.to_string()});
        touches.push(sent(days, name).with(message.clone()));
        let rate = if days > CHANGED_AGO { before[channel] } else { now[channel] };
        if chances.is(rate) {
            touches.push(opened(days - 0.1, name).with(message));
        }
        if name == "email" && chances.is(0.5) {
            touches.push(opened(days - 0.01, name).with(json!({"message_id": n.to_string(), "machine_open": true})));
        }
    }
    did(&mut facts, touches);
    let best = (0..CHANNELS.len()).max_by(|a, b| now[*a].total_cmp(&now[*b])).unwrap_or(0);
    (facts, CHANNELS[best].0)
}

/// The share that is right of those with at least this sureness, and how many these are.
fn right(count: usize, sureness: Sureness) -> (f64, f64) {
    let mut chances = Chances::new(20_260);
    let people: Vec<_> = (0..PEOPLE).map(|_| simulated(&mut chances, count)).collect();
    let sums = everybody(&people.iter().map(|(facts, _)| facts).collect::<Vec<_>>());
    let setting = Setting::default();
    let choices = people.iter().map(|(facts, best)| {
        let choice = choose(facts, &sums, &setting.frame(), None).expect("a choice");
        (choice.sureness, *choice.channel == **best)
    });
    let said: Vec<bool> = choices.filter(|(said, _)| *said >= sureness).map(|(_, right)| right).collect();
    let share = said.iter().filter(|right| **right).count() as f64 / said.len() as f64;
    (share, said.len() as f64 / PEOPLE as f64)
}

#[test]
fn a_choice_that_is_likely_or_sure_is_right() {
    let (share, said) = right(10, Sureness::Likely);
    assert!(share >= 0.83, "right {share} of {said}");
    assert!(said > 0.1, "it must say so sometimes: {said}");
    let (all, of_all) = right(10, Sureness::Guess);
    assert!(
        (0.5..share).contains(&all) && of_all == 1.0,
        "a guess is better than chance, and worse: {all} of {of_all}"
    );
}
