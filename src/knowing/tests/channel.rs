//! The preferred channel, sentence by sentence.

use serde_json::json;

use super::super::channel::Sureness;
use super::*;

/// What everybody sees and does on the channels: of ten messages each, by e-mail 2 and by sms 5 are seen; visits on 30 of
/// 300 days. All at the age of 100 days, so that weights cancel out.
fn crowd() -> CustomerFacts {
    let mut touches = Vec::new();
    for n in 0..10 {
        for (channel, seen) in [("email", 2), ("sms", 5)] {
            touches.push(sent(100.0, channel).with(json!({"message_id": format!("{channel}{n}")})));
            if n < seen {
                touches.push(opened(99.0, channel).with(json!({"message_id": format!("{channel}{n}")})));
            }
        }
    }
    with(101.0, touches)
}

#[test]
fn without_a_touchpoint_there_is_no_choice() {
    let facts = person(10.0);
    let choose = |facts: &CustomerFacts| choose(facts, &everybody(&[facts]), &Setting::default().frame(), None);
    assert_eq!(choose(&facts), None);
    let later = with(10.0, [came(-1.0, "website")]);
    assert_eq!(choose(&later), None, "a touchpoint of tomorrow is none yet");
}

#[test]
fn a_score_is_shrunk_to_everybodys_rate_and_ages() {
    let own = with(400.0, [sent(180.0, "email"), opened(179.0, "email"), sent(360.0, "email")]);
    let choice = chosen(&[&own]);
    // Weights 0.5 (seen) and 0.25: everybody is this customer, so p is 0.5 / 0.75.
    close(of(&choice, "email").score, (8.0 * (0.5 / 0.75) + 0.5) / (8.0 + 0.75));
    assert_eq!((of(&choice, "email").sent, of(&choice, "email").seen), (2, 1));
    assert!(choice.reasons[0].contains("1 of 2 messages were seen within 7 days (by age 0.50 of 0.75)"), "{choice:?}");
}

#[test]
fn everybodys_rate_is_weighted_and_has_this_customer_in_it() {
    let (own, other) = (with(30.0, [sent(10.0, "email")]), with(400.0, [sent(180.0, "email"), opened(180.0, "email")]));
    let p = 0.5 / (0.5 + w(10.0));
    close(everybody(&[&own, &other]).seen_rate("email"), p);
    close(of(&chosen(&[&own, &other]), "email").score, 8.0 * p / (8.0 + w(10.0)));
    close(everybody(&[&person(3.0)]).seen_rate("email"), 0.05);
}

#[test]
fn a_message_of_the_last_seven_days_counts_when_it_was_seen() {
    let counts = |touches: Vec<Touch>| {
        let facts = with(50.0, touches);
        let choice = chosen(&[&facts]);
        let score = of(&choice, "email").clone();
        (score.sent, score.seen)
    };
    assert_eq!(counts(vec![sent(6.9, "email")]), (0, 0));
    assert_eq!(counts(vec![sent(7.0, "email")]), (0, 0), "not more than seven days ago");
    assert_eq!(counts(vec![sent(7.1, "email")]), (1, 0));
    assert_eq!(counts(vec![sent(6.9, "email"), opened(6.0, "email")]), (1, 1));
    assert_eq!(counts(vec![sent(20.0, "email"), opened(13.0, "email")]), (1, 1), "after exactly seven days");
    assert_eq!(counts(vec![sent(20.0, "email"), opened(12.9, "email")]), (1, 0), "too late");
    let open = with(50.0, [sent(1.0, "email"), sent(20.0, "email")]);
    let choice = chosen(&[&open]);
    assert!(of(&choice, "email").reason.ends_with("1 of the last 7 days do not count yet"), "{choice:?}");
    let sums = everybody(&[&open]);
    assert_eq!(sums.right_until(NOW), Timestamp((super::super::day(NOW) + 1) * DAY), "midnight comes first");
    let soon = everybody(&[&with(50.0, [sent(6.9, "email")])]);
    assert_eq!(soon.right_until(NOW), Timestamp(ago(6.9).0 + 7 * DAY + 1));
}

#[test]
fn an_open_by_a_machine_is_no_answer() {
    for said in [
        json!({"machine_open": true}),
        json!({"machine_open": "true"}),
        json!({"sg_machine_open": true}),
        json!({"Apple Privacy Open": true}),
        json!({"user_agent": "Mozilla/5.0"}),
        json!({"userAgent": "Mozilla/5.0 (Windows NT 5.1) Firefox/11.0 (via ggpht.com GoogleImageProxy)"}),
    ] {
        let facts = with(50.0, [sent(20.0, "email"), opened(19.0, "email").with(said.clone())]);
        let choice = chosen(&[&facts]);
        assert_eq!((of(&choice, "email").sent, of(&choice, "email").seen), (1, 0), "{said}");
        assert!(of(&choice, "email").reason.ends_with("1 opens by machines do not count"), "{choice:?}");
    }
    for said in [json!({"machine_open": false}), json!({"user_agent": "Mozilla/5.0 (Macintosh)"}), json!({})] {
        let facts = with(50.0, [sent(20.0, "email"), opened(19.0, "email").with(said.clone())]);
        assert_eq!(of(&chosen(&[&facts]), "email").seen, 1, "{said}");
    }
    // A click is a person's.
    let mut click = opened(19.0, "email").with(json!({"machine_open": true}));
    click.kind = "message_clicked";
    assert_eq!(of(&chosen(&[&with(50.0, [sent(20.0, "email"), click])]), "email").seen, 1);
}

#[test]
fn an_answer_belongs_to_the_message_it_names_else_to_the_latest_before_it() {
    use super::super::messages::messages;
    let seen = |touches: Vec<Touch>| {
        let found = messages(&with(50.0, touches).touchpoints);
        found.all.iter().map(|message| message.seen).collect::<Vec<_>>()
    };
    let named = |touch: Touch, name: &str| touch.with(json!({"message_id": name}));
    let two = || vec![named(sent(20.0, "email"), "a"), named(sent(18.0, "email"), "b")];
    let and = |more: Touch| seen([two(), vec![more]].concat());
    assert_eq!(and(named(opened(17.0, "email"), "a")), [true, false]);
    assert_eq!(and(opened(17.0, "email")), [false, true], "the latest before it");
    assert_eq!(and(opened(19.0, "email")), [true, false]);
    assert_eq!(and(opened(21.0, "email")), [false, false], "before all");
    assert_eq!(and(opened(17.0, "sms")), [false, false], "another channel");
    assert_eq!(and(named(opened(17.0, "email"), "z")), [false, true], "no message has this name");
    assert_eq!(and(named(opened(12.0, "email"), "a")), [false, false], "eight days after it");
    // The id of the event of the message is its name too.
    assert_eq!(seen(vec![sent(20.0, "email"), sent(18.0, "email"), named(opened(17.0, "email"), "m1")]), [true, false]);
    // Sent and delivered are one message, with the time of the first.
    assert_eq!(
        seen(vec![named(sent(20.0, "email"), "a"), named(sent(19.9, "email"), "a"), opened(19.0, "email")]),
        [true]
    );
    // A reply counts, a contact of the business does not.
    let reply = |direction| touch(ago(17.0), "email", "contact", direction);
    assert_eq!(and(reply(Direction::Inbound)), [false, true]);
    assert_eq!(and(reply(Direction::Outbound)), [false, false]);
}

#[test]
fn an_answer_with_a_campaign_is_to_a_message_of_that_campaign() {
    use super::super::messages::messages;
    let seen = |more: Touch| {
        let touches = [sent(20.0, "email").of("a"), sent(19.0, "sms").of("a"), sent(18.0, "email").of("b"), more];
        let found = messages(&with(50.0, touches).touchpoints);
        found.all.iter().map(|message| message.seen).collect::<Vec<_>>()
    };
    assert_eq!(seen(opened(17.0, "email").of("a")), [true, false, false]);
    assert_eq!(seen(opened(17.0, "email").of("c")), [false, false, false]);
    assert_eq!(seen(came(17.0, "website").of("a")), [false, true, false], "a visit answers the latest of any channel");
    assert_eq!(seen(came(17.0, "website").of("b")), [false, false, true]);
    assert_eq!(seen(came(17.0, "website")), [false, false, false], "a visit without a campaign is no answer");
    assert_eq!(seen(came(10.0, "website").of("b")), [false, false, false], "after eight days");
    let order = touch(ago(17.0), "other", "order", Direction::Inbound).of("a");
    assert_eq!(seen(order), [false, true, false]);
}

#[test]
fn a_call_is_a_message_that_may_be_answered() {
    let call = |days: f64| touch(ago(days), "telephone", "contact", Direction::Outbound);
    let mut answered = call(30.0);
    answered.name = "Call Answered";
    let touches =
        [call(40.0), answered, call(20.0).with(json!({"answered": true})), call(10.0).with(json!({"answered": false}))];
    let choice = chosen(&[&with(50.0, touches)]);
    assert_eq!((of(&choice, "telephone").sent, of(&choice, "telephone").seen), (4, 2));
    // Where nobody was ever called, customers come to the telephone.
    let choice = chosen(&[&with(9.0, [touch(ago(3.0), "telephone", "contact", Direction::Inbound)])]);
    assert_eq!((of(&choice, "telephone").sent, of(&choice, "telephone").seen), (10, 1));
}

#[test]
fn days_of_visits_are_days_of_utc_with_their_whole_age() {
    // Now is noon. 12.4 and 12.2 hours before are yesterday, 11.9 hours before is today.
    let hours = |hours: f64| came(hours / 24.0, "website");
    let own = with(1.0, [hours(12.4), hours(12.2), hours(11.9), hours(0.0)]);
    let other = person(2.0);
    let sums = everybody(&[&own, &other]);
    // Two days known and three, each with today in it.
    close(sums.tallies.weighted_days, (1.0 + w(1.0)) + (1.0 + w(1.0) + w(2.0)));
    let r0 = (1.0 + w(1.0)) / sums.tallies.weighted_days;
    close(sums.visit_rate("website"), r0);
    let choice = chosen(&[&own, &other]);
    let r = (28.0 * r0 + 1.0 + w(1.0)) / (28.0 + 1.0 + w(1.0));
    close(choice.score, 1.0 - (-7.0 * r).exp());
    assert_eq!((&*choice.channel, of(&choice, "website").sent, of(&choice, "website").seen), ("website", 2, 2));
    assert!(choice.reasons[0].contains("visits on 2 of 2 days since first seen"), "{choice:?}");
    // Deliveries, refunds and answers are no visits.
    for kind in ["delivery", "return", "message_clicked"] {
        let facts = with(1.0, [came(0.5, "website"), touch(ago(0.1), "store", kind, Direction::Inbound)]);
        assert_eq!(chosen(&[&facts]).alternatives.len(), 1, "{kind}");
    }
}

#[test]
fn the_lead_in_standard_deviations_says_how_sure_it_is() {
    // Ten messages each by e-mail, none seen, and by sms, so many seen. n is the sum of the weights.
    let sureness = |seen: usize| {
        let times = (0..10).map(|n| 60.0 - 5.0 * n as f64);
        let touches = times.clone().enumerate().flat_map(|(n, days)| {
            let answer = (n < seen).then(|| opened(days, "sms"));
            [sent(days, "email"), sent(days, "sms")].into_iter().chain(answer)
        });
        let own = with(101.0, touches);
        let choice = chosen(&[&own, &crowd()]);
        let (sms, email) = (of(&choice, "sms"), of(&choice, "email"));
        let n: f64 = times.map(w).sum();
        let of_one = |s: f64| s * (1.0 - s) / (n + 9.0);
        let lead = (sms.score - email.score) / (of_one(sms.score) + of_one(email.score)).sqrt();
        let says = match lead {
            lead if lead > 2.0 => Sureness::Sure,
            lead if lead > 1.0 => Sureness::Likely,
            _ => Sureness::Guess,
        };
        assert_eq!((&*choice.channel, choice.sureness), ("sms", says), "{seen}: {lead}");
        let words = format!("it leads email by {lead:.1} standard deviations of the lead");
        assert!(choice.reasons.contains(&words), "{words}: {choice:?}");
        choice.sureness
    };
    assert_eq!([sureness(0), sureness(1), sureness(6)], [Sureness::Guess, Sureness::Likely, Sureness::Sure]);
    // Both the same: a guess, the first by name.
    let even = with(50.0, [sent(20.0, "email"), sent(20.0, "sms"), opened(19.0, "sms"), opened(19.0, "email")]);
    let choice = chosen(&[&even]);
    assert_eq!((&*choice.channel, choice.sureness), ("email", Sureness::Guess));
}

#[test]
fn one_channel_alone_is_sure_and_nothing_sent_is_a_guess() {
    let alone = with(50.0, [sent(20.0, "email")]);
    let choice = chosen(&[&alone]);
    assert_eq!((choice.sureness, choice.alternatives.len()), (Sureness::Sure, 1));
    let new = with(0.0, [touch(ago(0.0), "other", "other", Direction::Inbound)]);
    let choice = chosen(&[&new, &crowd()]);
    assert_eq!((&*choice.channel, choice.sureness), ("sms", Sureness::Guess));
    close(choice.score, 0.5);
    close(of(&choice, "email").score, 0.2);
    assert_eq!(of(&choice, "sms").sent, 0);
    assert!(choice.reasons.iter().any(|reason| reason.contains("so its rate is everybody's")), "{choice:?}");
    assert!(choice.alternatives.iter().all(|score| &*score.channel != "other"), "{choice:?}");
}

#[test]
fn what_cannot_be_reached_is_out_of_the_choice_with_the_reason() {
    let touches = ["email", "sms", "push", "direct_mail"].map(|channel| sent(20.0, channel));
    let mut facts = with(50.0, touches);
    view(&mut facts).identifiers.truncate(1);
    let choice = chosen(&[&facts]);
    let reasons: Vec<&str> = choice.alternatives.iter().map(|score| &*score.reason).collect();
    assert_eq!(
        reasons,
        [
            "direct_mail: no address is known",
            "email: no e-mail address is known",
            "push: no device token and no app is known",
            "sms: no phone number is known",
        ]
    );
    assert_eq!((choice.sureness, choice.alternatives.iter().any(|score| score.allowed)), (Sureness::Guess, false));
    assert!(choice.reasons.iter().any(|reason| reason.starts_with("no channel is allowed")));

    say(&mut facts, "address", json!({"street": "Mill Lane 1"}));
    view(&mut facts).identifiers[0].rollup.channels.entry("mobile_app".into()).or_default();
    let choice = chosen(&[&facts]);
    let allowed = ["direct_mail", "email", "push", "sms"].map(|channel| of(&choice, channel).allowed);
    assert_eq!(allowed, [true, false, true, false]);
    assert_eq!(&*choice.channel, "direct_mail");
}

#[test]
fn a_channel_is_out_when_all_of_its_addresses_bounced() {
    let failed = |days: f64| touch(ago(days), "email", "message_failed", Direction::Inbound);
    let allowed = |touches: Vec<Touch>| {
        let mut facts = with(50.0, [vec![sent(20.0, "email"), came(1.0, "website")], touches].concat());
        let mut second = facts.view.identifiers[1].clone();
        (second.id, second.key.value, second.first_seen_at) = (Arrival(9), "a2@example.org".into(), ago(15.0));
        view(&mut facts).identifiers.push(second);
        let choice = chosen(&[&facts]);
        of(&choice, "email").allowed
    };
    let to = |touch: Touch, address: &str| touch.with(json!({"email": address}));
    assert!(allowed(vec![to(failed(10.0), "ADA@example.org")]), "the other address is good");
    assert!(!allowed(vec![to(failed(10.0), "ADA@example.org"), to(failed(9.0), "a2@example.org")]));
    assert!(!allowed(vec![failed(10.0)]), "no address is named, so all");
    assert!(allowed(vec![failed(17.0)]), "the second came later");
    assert!(allowed(vec![failed(10.0), opened(5.0, "email")]), "an answer takes it back");
    assert!(allowed(vec![failed(10.0).with(json!({"bounce_type": "Soft"}))]));
    let mut arrived = sent(5.0, "email");
    arrived.name = "Email Delivered";
    assert!(allowed(vec![failed(10.0), arrived]));
    assert!(!allowed(vec![failed(10.0), sent(5.0, "email")]), "that something was sent says nothing");
}

#[test]
fn with_a_purpose_its_consent_on_the_channel_must_be_granted() {
    use ConsentStatus::{Denied, Granted};
    let allowed = |given: &[(&str, Option<&str>, ConsentStatus)]| {
        let mut facts = with(50.0, [sent(20.0, "email"), sent(20.0, "sms"), came(1.0, "website")]);
        given.iter().for_each(|(purpose, channel, status)| consent(&mut facts, purpose, *channel, *status));
        let choice = for_purpose(&[&facts], Some("marketing"));
        assert!(for_purpose(&[&facts], None).alternatives.iter().all(|score| score.allowed), "without a purpose");
        assert!(of(&choice, "website").allowed);
        let email = of(&choice, "email").clone();
        ([email.allowed, of(&choice, "sms").allowed], email.reason)
    };
    let unknown = "email: its consent for \"marketing\" on email is UNKNOWN";
    assert_eq!(allowed(&[]), ([false, false], unknown.to_owned()));
    assert_eq!(allowed(&[("marketing", None, Granted)]).0, [true, true]);
    assert_eq!(allowed(&[("marketing", Some("email"), Granted)]).0, [true, false]);
    assert_eq!(allowed(&[("analytics", None, Granted)]).0, [false, false]);
    let strict = allowed(&[("marketing", None, Granted), ("marketing", Some("email"), Denied)]);
    assert_eq!(strict, ([false, true], unknown.replace("UNKNOWN", "DENIED")));
}

#[test]
fn a_declared_wish_stands_first_with_the_truth_beside_it() {
    let wishing = |wish: &str| {
        let mut facts = with(50.0, [sent(20.0, "email"), came(1.0, "website"), came(2.0, "website")]);
        say(&mut facts, "preferred_channel", json!(wish));
        facts
    };
    let facts = wishing("E-Mail");
    let choice = chosen(&[&facts]);
    assert_eq!(
        (&*choice.channel, choice.sureness, choice.declared.as_deref()),
        ("email", Sureness::Guess, Some("email"))
    );
    assert_eq!(&*choice.alternatives[0].channel, "website", "alternatives are by score");
    let truth = choice.reasons.last().expect("a reason");
    assert!(truth.starts_with("the customer asked for email; by score website "), "{truth}");
    let choice = chosen(&[&wishing("website")]);
    assert_eq!((&*choice.channel, choice.sureness), ("website", Sureness::Sure), "first by score, so as sure as ever");
    // Nothing was ever sent by sms, but there is a phone.
    let choice = chosen(&[&wishing("SMS")]);
    assert_eq!((&*choice.channel, choice.score), ("sms", 0.05));
    // It cannot be had: the choice is by score.
    for (wish, words) in
        [("Direct Mail", "may not be chosen: direct_mail: no address"), ("pigeon", "which is no channel here")]
    {
        let choice = chosen(&[&wishing(wish)]);
        assert_eq!(&*choice.channel, "website", "{wish}");
        assert!(choice.reasons.last().is_some_and(|reason| reason.contains(words)), "{choice:?}");
    }
    // Who may not see the trait does not learn it by the choice.
    let masks = Masks::of(&["traits.preferred_channel".into()], &[], []);
    let masked = Setting { masks, ..Setting::default() };
    let choice = choose(&facts, &everybody(&[&facts]), &masked.frame(), None).expect("a choice");
    assert_eq!((&*choice.channel, choice.declared.as_deref()), ("website", None));
    assert!(choice.reasons.iter().all(|reason| !reason.contains("asked for")), "{choice:?}");
}

#[test]
fn the_best_hours_are_by_the_hour_of_sending_in_the_zone_of_the_customer() {
    // Now is noon of UTC, 15:00 in Moscow. Sent at 23:00 and seen, at 0:00 and seen, at 12:00 and not seen.
    let at = |day: f64, hour: f64| sent(day + 0.5 - hour / 24.0, "email");
    let seen = |day: f64, hour: f64| opened(day + 0.5 - hour / 24.0 - 0.01, "email");
    let touches = [at(20.0, 23.0), seen(20.0, 23.0), at(30.0, 0.0), seen(30.0, 0.0), at(40.0, 12.0)];
    let mut own = with(50.0, touches);
    let best = |facts: &CustomerFacts| chosen(&[facts]).best_hours.iter().map(|of| of.hour).collect::<Vec<_>>();
    let choice = chosen(&[&own]);
    let p = everybody(&[&own]).seen_rate("email");
    let p_23 = (8.0 * p + 1.5) / (8.0 + 1.5);
    close(choice.best_hours[0].score, (8.0 * p_23 + 1.5) / (8.0 + 1.5));
    assert_eq!(best(&own), [0, 23, 1], "equal ones by the hour; 22 and 1 are near one of the two");
    say(&mut own, "timezone", json!("Europe/Moscow"));
    assert_eq!(best(&own), [2, 3, 1], "three hours later");
    let masks = Masks::of(&["traits.timezone".into()], &[], []);
    let masked = Setting { masks, ..Setting::default() };
    let choice = choose(&own, &everybody(&[&own]), &masked.frame(), None).expect("a choice");
    assert_eq!(choice.best_hours[0].hour, 0, "a zone that is masked is not read");
}

#[test]
fn the_best_hours_of_a_visited_channel_are_by_days() {
    // Five days known; visits at 20:00 on two of them, twice on one, and at 9:00 on one.
    let at = |day: f64, hour: f64| came(day + 0.5 - hour / 24.0, "website");
    let own = with(4.0, [at(3.0, 20.0), at(3.0, 20.5), at(2.0, 20.0), at(1.0, 9.0)]);
    let choice = chosen(&[&own]);
    let rate = 3.0 / (24.0 * 5.0);
    let of_all = |a: f64| (8.0 * rate + a) / (8.0 + 10.0);
    let score = |a: f64| (8.0 * of_all(a) + a) / (8.0 + 10.0);
    let expected = [(20, 2.0), (9, 1.0), (19, 1.0)];
    for (found, (hour, a)) in choice.best_hours.iter().zip(expected) {
        assert_eq!(found.hour, hour);
        close(found.score, score(a));
    }
    assert_eq!(choice.best_hours.len(), expected.len());
}
