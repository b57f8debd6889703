//! The figures about orders, with numbers worked out by hand, and the model of repeated orders.

use serde_json::json;

use super::super::orders::{CustomerFigures, Period, ReasonCount, Rfm, figures};
use super::super::repeat::{Buyer, Model};
use super::chances::Chances;
use super::*;
use crate::domain::order::{Order, OrderKey, OrderLine, OrderStatus, Placed, Return};
use crate::domain::product::{Product, ProductAct, ProductActed};
use crate::domain::{Amount, Currency};

const POUND: i128 = 1_000_000;

fn pounds(of: i128) -> Amount {
    Amount(of * POUND)
}

/// An order of one line in GBP, so many days ago.
fn order(number: &str, days: f64, total: i128) -> Order {
    let line = OrderLine {
        product: Product { sku: number.into(), name: None, category: Some("Hats".into()) },
        quantity: 1,
        unit_price: pounds(total),
        returned_quantity: 0,
    };
    Order {
        key: OrderKey { source: "shop".into(), number: number.into() },
        placed: Some(Placed { owner: Arrival(1), at: ago(days), arrival: Arrival(1) }),
        currency: Currency("GBP".into()),
        total: pounds(total),
        returned: Amount::ZERO,
        status: OrderStatus::Placed,
        channel: None,
        lines: vec![line],
        returns: Vec::new(),
        events: Vec::new(),
    }
}

fn ordered(orders: impl IntoIterator<Item = Order>) -> CustomerFacts {
    let mut facts = person(400.0);
    facts.orders = orders.into_iter().collect();
    facts
}

fn of_period(people: &[&CustomerFacts], period: &Period) -> CustomerFigures {
    figures(people[0], &everybody(people), &Setting::default().frame(), period)
}

fn of_all(people: &[&CustomerFacts]) -> CustomerFigures {
    of_period(people, &Period::default())
}

#[test]
fn orders_that_are_placed_and_not_cancelled_count_in_one_currency() {
    let mut cancelled = order("4", 1.0, 900);
    cancelled.status = OrderStatus::Cancelled;
    let mut waiting = order("5", 1.0, 900);
    waiting.placed = None;
    let euro = |number: &str, days: f64| Order { currency: Currency("EUR".into()), ..order(number, days, 50) };
    let mut part = order("2", 20.0, 31);
    part.returned = pounds(1);
    let own = ordered([order("3", 5.5, 10), part, order("1", 40.0, 1), cancelled, waiting, euro("6", 2.0)]);
    let all = of_all(&[&own]);
    assert_eq!((all.currency.clone(), all.frequency), (Some(Currency("GBP".into())), 3));
    assert_eq!((all.recency_days, all.monetary), (Some(5.5), pounds(41)));
    // 13.666… and a gap of 14.5 and one of 20 days.
    assert_eq!((all.average, all.usual_gap_days), (Some(Amount(13_670_000)), Some(17.25)));
    close(all.return_rate, 1.0 / 42.0);
    let in_euro = of_period(&[&own], &Period { currency: Some(Currency("EUR".into())), ..Period::default() });
    assert_eq!((in_euro.frequency, in_euro.monetary, in_euro.usual_gap_days), (1, pounds(50), None));
    // A tie is decided by the code.
    let tied = ordered([order("1", 5.0, 1), euro("2", 2.0)]);
    assert_eq!(of_all(&[&tied]).currency, Some(Currency("EUR".into())));
    let none = of_all(&[&person(9.0)]);
    assert_eq!((none.currency, none.frequency, none.average, none.rfm, none.buyer), (None, 0, None, None, None));
    let since = of_period(&[&own], &Period { since: Some(ago(20.0)), until: Some(ago(5.5)), ..Period::default() });
    assert_eq!((since.frequency, since.monetary, since.recency_days, since.rfm), (1, pounds(30), Some(14.5), None));
}

#[test]
fn an_average_is_rounded_half_to_even() {
    let average = |totals: &[i128], currency: &str| {
        let orders = totals.iter().enumerate().map(|(n, total)| Order {
            total: Amount(*total),
            currency: Currency(currency.into()),
            ..order(&n.to_string(), 9.0, 0)
        });
        of_all(&[&ordered(orders)]).average.expect("an average").0
    };
    assert_eq!(average(&[10_000, 20_000], "GBP"), 20_000, "1.5 pence");
    assert_eq!(average(&[20_000, 30_000], "GBP"), 20_000, "2.5 pence");
    assert_eq!(average(&[3_000_000, 4_000_000], "JPY"), 4_000_000, "3.5 yen");
    assert_eq!(average(&[1_000_000, 2_000_000, 2_000_000], "JPY"), 2_000_000);
}

#[test]
fn fifths_are_by_rank_among_the_customers_with_an_order() {
    // Ten customers; the n-th ordered n days ago, n times, for n pounds a time.
    let people: Vec<CustomerFacts> = (1..=10)
        .map(|n: i128| ordered((0..n).map(|k| order(&k.to_string(), n as f64 + k as f64, n))))
        .chain([person(9.0)])
        .collect();
    let rfm = |place: usize| {
        let mut people: Vec<&CustomerFacts> = people.iter().collect();
        people.swap(0, place);
        of_all(&people).rfm.expect("fifths")
    };
    assert_eq!(rfm(0), Rfm { recency: 5, frequency: 1, monetary: 1 });
    assert_eq!(rfm(9), Rfm { recency: 1, frequency: 5, monetary: 5 });
    // Three are better by recency: 5 - floor(5 x 3 / 10); six by the others: 5 - 3.
    assert_eq!(rfm(3), Rfm { recency: 4, frequency: 2, monetary: 2 });
    let (a, b) = (ordered([order("1", 5.0, 7)]), ordered([order("1", 5.0, 7)]));
    assert_eq!(of_all(&[&a, &b]).rfm, Some(Rfm { recency: 5, frequency: 5, monetary: 5 }), "ties share the better one");
}

#[test]
fn reasons_of_returns_are_counted_by_line() {
    let back = |product: bool, amount: i128, reason: Option<&str>| Return {
        product: product.then(|| Product { sku: "p".into(), name: None, category: None }),
        quantity: i64::from(product),
        amount: pounds(amount),
        at: ago(1.0),
        reason: reason.map(Arc::from),
    };
    let mut first = order("1", 9.0, 50);
    first.returns = vec![back(true, 5, Some("too wide")), back(true, 6, Some("too wide")), back(true, 30, None)];
    let mut second = order("2", 8.0, 50);
    second.returns = vec![back(false, 2, Some("late")), back(true, 1, Some("too wide"))];
    let count = |reason: Option<&str>, lines, amount| ReasonCount {
        reason: reason.map(Arc::from),
        lines,
        amount: pounds(amount),
    };
    let expected = [count(Some("too wide"), 3, 12), count(None, 1, 30), count(Some("late"), 0, 2)];
    assert_eq!(of_all(&[&ordered([first, second])]).return_reasons, expected);
}

/// An order with lines, each with its sku, quantity and returned quantity, and the touchpoint that says more of them.
fn with_lines(facts: &mut CustomerFacts, number: &str, days: f64, lines: &[(&str, i64, i64, Value)]) {
    let mut own = order(number, days, 100);
    own.lines = lines
        .iter()
        .map(|(sku, quantity, returned_quantity, _)| OrderLine {
            product: Product { sku: (*sku).into(), name: None, category: None },
            quantity: *quantity,
            unit_price: pounds(10),
            returned_quantity: *returned_quantity,
        })
        .collect();
    let products = lines.iter().map(|(sku, .., said)| {
        let mut said = said.clone();
        said["product_id"] = json!(sku);
        said
    });
    let products: Vec<Value> = products.collect();
    let count = facts.touchpoints.len();
    did(facts, [touch(ago(days), "website", "order", Direction::Inbound).with(json!({ "products": products }))]);
    let arrival = Arrival(count as i64 + 1);
    let placed = facts.touchpoints.iter_mut().find(|touchpoint| touchpoint.arrival == arrival).expect("it");
    placed.order = Some(own.key.clone());
    facts.orders.push(own);
}

#[test]
fn an_order_of_one_product_in_several_sizes_is_bracketed() {
    let habit = |lines: &[(&str, i64, i64, Value)]| {
        let mut facts = person(50.0);
        with_lines(&mut facts, "1", 9.0, lines);
        of_all(&[&facts]).size_habit.map(|habit| (habit.orders, habit.bracketed, habit.returned))
    };
    let line = |sku, returned, said: Value| (sku, 1, returned, said);
    let size = |size: &str| json!({ "size": size });
    assert_eq!(habit(&[line("a", 0, json!({}))]), None);
    assert_eq!(habit(&[line("a", 0, size("M")), line("a", 1, size("L"))]), Some((1, 1, 1)));
    assert_eq!(habit(&[line("a", 0, size("M")), line("a", 0, size("M"))]), Some((1, 0, 0)));
    assert_eq!(habit(&[line("a", 1, size("M")), line("b", 0, size("L"))]), Some((1, 0, 0)), "two products");
    let styled = |style: &str, size: &str, colour: Value| json!({"style": style, "size": size, "color": colour});
    let (m, l) = (styled("s", "M", json!("red")), styled("s", "L", json!("red")));
    assert_eq!(habit(&[line("a", 0, m.clone()), line("b", 0, l)]), Some((1, 1, 0)));
    assert_eq!(habit(&[line("a", 0, m.clone()), line("b", 0, styled("s", "L", json!("blue")))]), Some((1, 0, 0)));
    assert_eq!(habit(&[line("a", 0, m), line("b", 0, styled("s", "L", Value::Null))]), Some((1, 1, 0)));
    // A variant is a size when it looks like one.
    let variant = |variant: &str| json!({ "variant": variant });
    assert_eq!(habit(&[line("a", 0, variant("XL")), line("a", 0, variant("42"))]), Some((1, 1, 0)));
    assert_eq!(habit(&[line("a", 0, variant("Black")), line("a", 0, variant("White"))]), None);
}

#[test]
fn the_size_that_was_kept_most_was_kept_twice_and_the_latest_of_equal_ones() {
    let size = |size: &str| json!({ "size": size });
    let mut facts = person(50.0);
    with_lines(&mut facts, "1", 30.0, &[("a", 1, 0, size("M")), ("a", 1, 1, size("L"))]);
    let habit = of_all(&[&facts]).size_habit.expect("a habit");
    assert_eq!(habit.kept_most, None);
    with_lines(&mut facts, "2", 20.0, &[("b", 1, 0, size("M"))]);
    let habit = of_all(&[&facts]).size_habit.expect("a habit");
    assert_eq!(habit.kept_most.as_deref(), Some("M"));
    let words = "1 of 2 orders with sizes have one product in several sizes, and something came back of 1 of those; size M \
        was kept 2 times, more than any other";
    assert_eq!(habit.reason(), words);
    with_lines(&mut facts, "3", 10.0, &[("c", 3, 1, size("L"))]);
    assert_eq!(of_all(&[&facts]).size_habit.and_then(|habit| habit.kept_most).as_deref(), Some("L"));
    // A caller that may not see sizes is not told.
    let setting = Setting { masks: Masks::of(&["properties.products.size".into()], &[], []), ..Setting::default() };
    assert_eq!(figures(&facts, &everybody(&[&facts]), &setting.frame(), &Period::default()).size_habit, None);
}

#[test]
fn a_bargain_has_a_discount_or_cost_more_before() {
    let share = |said: &[Value]| {
        let mut facts = person(50.0);
        let lines: Vec<_> = said.iter().map(|said| ("a", 1, 0, said.clone())).collect();
        with_lines(&mut facts, "1", 9.0, &lines);
        of_all(&[&facts]).bargain_share
    };
    let before = |price: &str, before: f64| json!({"price": price, "compare_at_price": before});
    let said = [json!({"discount": "0.00"}), json!({"discount": 0.5}), before("10.00", 10.0), before("9.99", 10.0)];
    assert_eq!(share(&said), Some(0.5));
    assert_eq!(share(&[]), None);
}

#[test]
fn a_category_is_compared_with_everybodys_share() {
    let mut own = person(400.0);
    let mut bought = order("1", 180.0, 10);
    bought.lines[0].quantity = 3;
    bought.lines[0].returned_quantity = 1;
    own.orders = vec![bought];
    own.acts = vec![ProductActed {
        owner: Arrival(1),
        product: Product { sku: "c".into(), name: None, category: Some("Coats".into()) },
        act: ProductAct::Added,
        quantity: Some(2),
        at: ago(0.0),
        arrival: Arrival(9),
    }];
    let view = |category: &str| {
        touch(ago(360.0), "website", "product", Direction::Inbound).with(json!({ "category": category }))
    };
    did(&mut own, [view("Coats"), view("Shoes")]);
    let mut other = person(400.0);
    other.orders = vec![order("2", 0.0, 10)];
    let found = of_all(&[&own, &other]).categories;
    // Hats 2 x 0.5, coats 0.3 x 2 + 0.1 x 0.25, shoes 0.1 x 0.25; the other one has 1 hat.
    let (hats, coats, shoes): (f64, f64, f64) = (1.0, 0.625, 0.025);
    let (own_sum, all_sum) = (hats + coats + shoes, hats + coats + shoes + 1.0);
    let lift = |own: f64, all: f64| own / own_sum / (all / all_sum);
    let expected =
        [("Coats", lift(coats, coats), 0, 1), ("Shoes", lift(shoes, shoes), 0, 1), ("Hats", lift(hats, 2.0), 2, 0)];
    assert_eq!(found.len(), expected.len());
    for (category, lift, bought, viewed) in expected {
        let of = found.iter().find(|of| *of.category == *category).expect("the category");
        close(of.lift, lift);
        assert_eq!((of.bought, of.viewed), (bought, viewed), "{category}");
    }
    assert_eq!(&*found[2].category, "Hats", "it is wanted less than by everybody");
}

#[test]
fn a_purchase_is_a_day_of_utc_with_an_order_of_any_currency() {
    let euro = Order { currency: Currency("EUR".into()), ..order("3", 10.0, 1) };
    let own = ordered([order("1", 30.0, 1), order("2", 30.1, 1), euro]);
    assert_eq!(of_all(&[&own]).buyer, Some(Buyer { repeats: 1, last: 20, known: 30 }));
    let until = Period { until: Some(ago(12.0)), ..Period::default() };
    assert_eq!(of_period(&[&own], &until).buyer, Some(Buyer { repeats: 0, last: 0, known: 18 }));
}

/// The published parameters of CDNOW, in weeks (BTYDplus).
const CDNOW: Model = Model { r: 0.525, alpha: 6.183, a: 0.891, b: 1.614 };

#[test]
fn the_likelihood_agrees_with_the_prediction_and_the_published_mean() {
    let new = Buyer { repeats: 0, last: 0, known: 0 };
    let Model { r, alpha, a, b } = CDNOW;
    // Nothing in ten weeks: lost at once, or not lost and no purchase.
    let none = a / (a + b) + b / (a + b) * (alpha / (alpha + 10.0)).powf(r);
    close(CDNOW.log_likelihood(Buyer { known: 70, ..new }), none.ln());
    close(CDNOW.alive(new), b / (a + b));
    // The mean by the hypergeometric function, as Batislam and others give it.
    for (repeats, last, known, days) in [(0, 0, 0, 273), (2, 213, 272, 273), (0, 0, 272, 273), (9, 200, 210, 30)] {
        let buyer = Buyer { repeats, last, known };
        let (x, known, weeks) = (f64::from(repeats), f64::from(known) / 7.0, f64::from(days) / 7.0);
        let z = weeks / (alpha + known + weeks);
        let (mut term, mut sum) = (1.0, 1.0);
        for n in 0..20_000 {
            let n = f64::from(n);
            term *= (r + x + n) * (b + x + 1.0 + n) / ((a + b + x + n) * (n + 1.0)) * z;
            sum += term;
        }
        let mean = (a + b + x) / (a - 1.0) * (1.0 - sum * ((alpha + known) / (alpha + known + weeks)).powf(r + x));
        let found = CDNOW.expect(buyer, days);
        let expected = mean * CDNOW.alive(buyer);
        assert!((found.value - expected).abs() < 1e-6 * expected.max(1.0), "{found:?} {expected}");
        assert!(f64::from(found.low) <= found.value.ceil() && found.low <= found.high, "{found:?}");
    }
}

/// The purchases of a customer of this model in so many days, and in the days after that.
fn bought(chances: &mut Chances, model: &Model, days: u32, more: u32) -> (Buyer, u32) {
    let rate = chances.gamma(model.r) / model.alpha / 7.0;
    let lost = chances.beta(model.a, model.b);
    let (mut at, mut first, mut later) = (0.0, Vec::new(), 0);
    while !chances.is(lost) {
        at += chances.exponential(rate);
        if at > f64::from(days + more) {
            break;
        }
        match at <= f64::from(days) {
            true => first.push(at.floor() as u32),
            false => later += 1,
        }
    }
    let last = first.last().copied().unwrap_or(0);
    (Buyer { repeats: first.len() as u32, last, known: days }, later)
}

#[test]
fn a_fit_finds_the_model_that_made_the_purchases_and_predicts_the_next_ones() {
    let truth = Model { r: 0.8, alpha: 6.0, a: 0.7, b: 2.0 };
    let mut chances = Chances::new(39);
    let all: Vec<(Buyer, u32)> = (0..4_000)
        .map(|_| {
            let days = 100 + chances.below(250) as u32;
            bought(&mut chances, &truth, days, 180)
        })
        .collect();
    let buyers: Vec<Buyer> = all.iter().map(|(buyer, _)| *buyer).collect();
    assert_eq!(Model::fit(&buyers[..199]), None, "too few");
    let fit = Model::fit(&buyers).expect("a model");
    let likelihood = |model: &Model| buyers.iter().map(|buyer| model.log_likelihood(*buyer)).sum::<f64>();
    assert!(likelihood(&fit) > likelihood(&truth), "the most likely: {fit:?}");
    for (found, true_one) in [(fit.r / fit.alpha, truth.r / truth.alpha), (fit.a / (fit.a + fit.b), 0.7 / 2.7)] {
        assert!((found / true_one - 1.0).abs() < 0.15, "{fit:?}");
    }
    // No step away is better.
    for n in 0..4 {
        for factor in [0.98, 1.02] {
            let mut near = fit;
            *[&mut near.r, &mut near.alpha, &mut near.a, &mut near.b][n] *= factor;
            assert!(likelihood(&near) < likelihood(&fit), "{near:?} is better than {fit:?}");
        }
    }
    let expected: f64 = buyers.iter().map(|buyer| fit.expect(*buyer, 180).value).sum();
    let came: u32 = all.iter().map(|(_, later)| later).sum();
    assert!((expected / f64::from(came) - 1.0).abs() < 0.08, "{expected} of {came}");
    // At least 80 % of customers are within the interval, since it is of whole numbers.
    let within = all.iter().filter(|(buyer, later)| {
        let found = fit.expect(*buyer, 180);
        (found.low..=found.high).contains(later)
    });
    let share = within.count() as f64 / all.len() as f64;
    assert!((0.8..1.0).contains(&share), "{share}");
}

#[test]
fn hours_of_visits_are_of_all_channels_and_of_the_period() {
    let at = |day: f64, hour: f64, channel: &'static str| came(day + 0.5 - hour / 24.0, channel);
    let own = with(4.0, [at(3.0, 20.0, "website"), at(3.0, 20.5, "store"), at(1.0, 9.0, "store")]);
    let best = |period: &Period| {
        let found = of_period(&[&own], period).hours;
        (found[0].hour, found[0].score)
    };
    // Five days known, two of them with an hour of a visit.
    let rate = 2.0 / (24.0 * 5.0);
    let of_all = (8.0 * rate + 1.0) / (8.0 + 10.0);
    let (hour, score) = best(&Period::default());
    close(score, (8.0 * of_all + 1.0) / (8.0 + 10.0));
    assert_eq!(hour, 9, "both alike, the earlier one");
    let (hour, score) = best(&Period { until: Some(ago(2.5)), ..Period::default() });
    // The day of the visit and the one before it are in the period.
    close(score, (8.0 * of_all + 1.0) / (8.0 + 4.0));
    assert_eq!(hour, 20);
}
