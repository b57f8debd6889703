//! Lists of customers: sorts, filters, search, and pages while data arrives.

use std::sync::Arc;

use throughline::domain::Currency;
use throughline::domain::claim::{TraitPolicies, TraitPolicy};
use throughline::domain::customer::CustomerId;
use throughline::domain::search::{Asked, TextSearch};
use throughline::store::query::CustomerSort::{Created, LastSeen, NetSpend};
use throughline::store::query::{CustomerFilter, CustomerList, CustomerSort, CustomerSortKey, SpendFilter};
use throughline::store::recount::recount;

use crate::common::facts::{Event, amount, event, minute};
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    customers_come_by_when_they_were_last_seen,
    customers_come_in_the_order_in_which_they_were_created,
    customers_come_by_net_spend_and_those_without_stand_at_nothing,
    sums_that_no_integer_holds_are_exact_sorted_paged_and_filtered,
    pages_of_any_sort_hold_everybody_once,
    paging_by_creation_gives_everybody_once_while_data_arrives,
    customers_that_were_merged_away_are_in_no_list,
    customers_are_filtered_by_what_is_given,
    words_are_found_in_any_identifier_or_trait,
    what_an_agent_types_is_found,
    a_phone_is_found_as_it_is_dialled,
    a_value_that_is_not_shown_finds_nobody,
    a_long_trait_is_stored_and_found_by_its_first_words,
    what_everybody_has_is_found_and_counted,
    words_find_in_every_sort,
    what_was_merged_is_found_by_all_its_words,
    a_figure_that_changes_moves_the_customer,
}

fn pounds() -> Currency {
    Currency("GBP".into())
}

fn sorted(sort: CustomerSort, descending: bool) -> CustomerList {
    CustomerList { filter: CustomerFilter::default(), sort, descending, after: None, limit: 100 }
}

fn filtered(filter: CustomerFilter) -> CustomerList {
    CustomerList { filter, ..sorted(Created, false) }
}

fn searched(text: &str) -> CustomerFilter {
    let text = TextSearch { asked: Asked::read(text), ..TextSearch::default() };
    CustomerFilter { text: (!text.asked.is_empty()).then_some(text), ..CustomerFilter::default() }
}

/// The ids of a list, and that a count says the same.
async fn ids(world: &World, list: &CustomerList) -> Vec<CustomerId> {
    let page = world.store.list_customers(list).await.expect("a page");
    assert!(!page.more);
    let count = world.store.count_customers(&list.filter).await.expect("a count");
    assert_eq!(count, page.items.len() as i64, "{list:?}");
    page.items.into_iter().map(|(id, _)| id).collect()
}

/// The accounts of a list, by their user ids.
async fn users(world: &World, list: &CustomerList) -> Vec<String> {
    let mut users = Vec::new();
    for id in ids(world, list).await {
        let view = world.find_by(throughline::store::query::CustomerKey::Id(id)).await.expect("a customer");
        let user = view.identifiers.iter().find(|i| &*i.key.kind == "user_id").expect("an account");
        users.push(user.key.value.to_string());
    }
    users
}

/// Reads a list page by page.
async fn read(world: &World, list: &CustomerList, limit: usize) -> Vec<(CustomerId, CustomerSortKey)> {
    let (mut read, mut list) = (Vec::new(), CustomerList { limit, ..list.clone() });
    loop {
        let page = world.store.list_customers(&list).await.expect("a page");
        assert!(page.items.len() <= limit);
        read.extend(page.items);
        list.after = read.last().map(|(_, key)| *key);
        if !page.more {
            return read;
        }
    }
}

fn spent(id: &str, user: &str, at: i64, total: &str) -> Event {
    event(id).user(user).minute(at).completed(id, total, &[])
}

async fn customers_come_by_when_they_were_last_seen(world: World) {
    world
        .apply_each([
            event("m1").user("ada").minute(5).view(),
            event("m2").user("bob").minute(9).view(),
            event("m3").user("cy").minute(5).view(),
            event("m4").user("ada").minute(1).view(),
        ])
        .await;
    assert_eq!(users(&world, &sorted(LastSeen, true)).await, ["bob", "cy", "ada"], "ties by creation");
    assert_eq!(users(&world, &sorted(LastSeen, false)).await, ["ada", "cy", "bob"]);
    world.apply([event("m5").user("ada").minute(20).view()]).await;
    assert_eq!(users(&world, &sorted(LastSeen, true)).await, ["ada", "bob", "cy"]);
}

async fn customers_come_in_the_order_in_which_they_were_created(world: World) {
    world.apply([event("m1").user("cy").minute(9), event("m2").user("ada").minute(5)]).await;
    world.apply([event("m3").user("bob")]).await;
    assert_eq!(users(&world, &sorted(Created, false)).await, ["cy", "ada", "bob"]);
    assert_eq!(users(&world, &sorted(Created, true)).await, ["bob", "ada", "cy"]);
}

async fn customers_come_by_net_spend_and_those_without_stand_at_nothing(world: World) {
    world
        .apply_each([
            event("m1").user("none").view(),
            spent("m2", "much", 1, "90"),
            spent("m3", "little", 2, "10"),
            spent("m4", "given-back", 3, "50"),
            event("m5").user("given-back").minute(4).refunded("m4", "50"),
            event("m6").user("owed").minute(5).completed("m6", "-5", &[]),
            spent("m7", "called-off", 6, "70"),
            event("m8").user("called-off").minute(7).cancelled("m7"),
        ])
        .await;
    let largest = ["much", "little", "called-off", "given-back", "none", "owed"];
    assert_eq!(users(&world, &sorted(NetSpend(pounds()), true)).await, largest);
    let smallest: Vec<&str> = largest.iter().rev().copied().collect();
    assert_eq!(users(&world, &sorted(NetSpend(pounds()), false)).await, smallest);
    // In a currency that nobody spent, all stand at nothing.
    let euros = sorted(NetSpend(Currency("EUR".into())), false);
    assert_eq!(users(&world, &euros).await, ["none", "much", "little", "given-back", "owed", "called-off"]);
    let page = world.store.list_customers(&sorted(NetSpend(pounds()), true)).await.expect("a page");
    assert_eq!(page.items[1].1.key, amount("10").0);
}

async fn sums_that_no_integer_holds_are_exact_sorted_paged_and_filtered(world: World) {
    const LARGEST: &str = "999999999999999.999999";
    // 2^63 - 1 millionths, the last that an integer holds, and the one behind it.
    let (edge, behind) = ("9223372036854.775807", "9223372036854.775808");
    let many = |user: &'static str| (0..12).map(move |n| spent(&format!("{user}{n}"), user, n, LARGEST));
    world.apply(many("most").chain(many("same")).chain(many("less"))).await;
    world
        .apply_each([
            event("m1").user("none").view(),
            spent("m2", "edge", 1, edge),
            spent("m3", "behind", 2, behind),
            spent("m4", "little", 3, "10"),
            spent("m5", "most", 4, "0.000001"),
            event("m6").user("less").minute(20).refunded("less3", "0.000001"),
        ])
        .await;
    let twelve = "11999999999999999.999988";
    let view = world.customer("user_id", "most").await;
    let pounds_of = |view: &throughline::domain::customer::CustomerView| view.rollup().money[&pounds()];
    assert_eq!(pounds_of(&view).net(), amount("11999999999999999.999989"));
    assert_eq!(pounds_of(&*world.customer("user_id", "same").await).net(), amount(twelve));
    let largest = ["most", "same", "less", "behind", "edge", "little", "none"];
    let smallest: Vec<&str> = largest.iter().rev().copied().collect();
    for (descending, all) in [(true, largest.to_vec()), (false, smallest)] {
        let list = sorted(NetSpend(pounds()), descending);
        assert_eq!(users(&world, &list).await, all);
        let whole = world.store.list_customers(&list).await.expect("a page").items;
        assert_eq!(whole[if descending { 1 } else { 5 }].1.key, amount(twelve).0);
        for limit in 1..=3 {
            assert_eq!(read(&world, &list, limit).await, whole, "pages of {limit}");
        }
    }
    let bound = |low: Option<&str>, high: Option<&str>| {
        let none = (None, None);
        let net = SpendFilter { currency: pounds(), net: (low.map(amount), high.map(amount)), gross: none };
        let gross = SpendFilter { net: none, gross: net.net, ..net.clone() };
        [net, gross].map(|spend| CustomerFilter { spend: Some(spend), ..CustomerFilter::default() })
    };
    let list = |filter: CustomerFilter| CustomerList { filter, ..sorted(NetSpend(pounds()), true) };
    for (low, high, net, gross) in [
        (Some(twelve), None, vec!["most", "same"], vec!["most", "same", "less"]),
        (Some(behind), Some(twelve), vec!["same", "less", "behind"], vec!["same", "less", "behind"]),
        (Some(edge), Some(edge), vec!["edge"], vec!["edge"]),
        (Some(edge), Some(behind), vec!["behind", "edge"], vec!["behind", "edge"]),
        (Some("10"), Some(edge), vec!["edge", "little"], vec!["edge", "little"]),
        (None, Some(behind), vec!["behind", "edge", "little", "none"], vec!["behind", "edge", "little", "none"]),
        (None, Some("0"), vec!["none"], vec!["none"]),
    ] {
        let [by_net, by_gross] = bound(low, high);
        assert_eq!(users(&world, &list(by_net)).await, net, "{low:?} {high:?}");
        assert_eq!(users(&world, &list(by_gross)).await, gross, "{low:?} {high:?}");
    }
    let of = |page: Vec<throughline::journeys::row::OrderNet>| {
        page.into_iter()
            .map(|order| (order.key.number.to_string(), order.net))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let orders = of(world.store.scan_orders(None, 100).await.expect("orders"));
    assert_eq!((orders["most1"], orders["m3"]), (amount(LARGEST), amount(behind)));
    assert_eq!(orders["less3"], amount("999999999999999.999998"));
    assert_eq!(recount(&*world.store, minute(60), |_| {}).await.expect("a recount").wrong, 0);

    // Eleven of twelve called off, and nothing is left over of them.
    let off = |n: i64| event(&format!("off{n}")).user("same").minute(30 + n).cancelled(&format!("same{n}"));
    world.apply((0..11).map(off)).await;
    assert_eq!(pounds_of(&*world.customer("user_id", "same").await).net(), amount(LARGEST));
    world.apply([off(11)]).await;
    assert!(world.customer("user_id", "same").await.rollup().money.is_empty());
    let largest = ["most", "less", "behind", "edge", "little", "same", "none"];
    let order = users(&world, &sorted(NetSpend(pounds()), true)).await;
    assert_eq!((&order[..5], order.len()), (&largest.map(str::to_owned)[..5], 7));
    assert_eq!(recount(&*world.store, minute(90), |_| {}).await.expect("a recount").wrong, 0);
}

/// Forty customers, some of whom bought, with many equal keys.
async fn forty(world: &World) {
    world.apply((0..40).map(|n| event(&format!("m{n}")).user(&format!("u{n}")).minute(n % 7).view())).await;
    let buys = |n: i64| spent(&format!("o{n}"), &format!("u{n}"), n % 7, &(n % 5 * 10 - 10).to_string());
    world.apply((0..40).filter(|n| n % 3 == 0).map(buys)).await;
}

async fn pages_of_any_sort_hold_everybody_once(world: World) {
    forty(&world).await;
    for sort in [LastSeen, Created, NetSpend(pounds())] {
        for descending in [true, false] {
            let list = sorted(sort.clone(), descending);
            let all = world.store.list_customers(&list).await.expect("a page").items;
            assert_eq!(all.len(), 40);
            let keys: Vec<CustomerSortKey> = all.iter().map(|(_, key)| *key).collect();
            assert!(keys.is_sorted_by(|a, b| if descending { a > b } else { a < b }), "{sort:?} {descending}");
            for limit in [1, 6, 40] {
                assert_eq!(read(&world, &list, limit).await, all, "{sort:?} {descending} in pages of {limit}");
            }
        }
    }
}

async fn paging_by_creation_gives_everybody_once_while_data_arrives(world: World) {
    forty(&world).await;
    let before = ids(&world, &sorted(Created, false)).await;
    let mut list = CustomerList { limit: 7, ..sorted(Created, false) };
    let mut read = Vec::new();
    for round in 0.. {
        let page = world.store.list_customers(&list).await.expect("a page");
        read.extend(page.items);
        list.after = read.last().map(|(_, key)| *key);
        if !page.more || round > 30 {
            break;
        }
        if round < 5 {
            let (new, old) = (format!("new-{round}"), format!("u{}", round * 3));
            world.apply([event(&new).user(&new), event(&format!("x{round}")).user(&old).minute(500).view()]).await;
        }
    }
    let read: Vec<CustomerId> = read.into_iter().map(|(id, _)| id).collect();
    assert_eq!(read[..40], before);
    assert_eq!(read.len(), 45, "those that came meanwhile stand at the end");
}

async fn customers_that_were_merged_away_are_in_no_list(world: World) {
    world
        .apply_each([
            spent("m1", "ada", 1, "30"),
            event("m2").email("ada@example.org").minute(2).completed("m2", "20", &[]),
            event("m3").user("ada").email("ada@example.org").minute(3),
        ])
        .await;
    for sort in [LastSeen, Created, NetSpend(pounds()), NetSpend(Currency("EUR".into()))] {
        assert_eq!(users(&world, &sorted(sort.clone(), true)).await, ["ada"], "{sort:?}");
        assert_eq!(users(&world, &sorted(sort, false)).await, ["ada"]);
    }
    assert_eq!(users(&world, &filtered(searched("example"))).await, ["ada"]);
    let page = world.store.list_customers(&sorted(NetSpend(pounds()), true)).await.expect("a page");
    assert_eq!(page.items[0].1.key, amount("50").0, "the survivor has both sums");
}

async fn customers_are_filtered_by_what_is_given(world: World) {
    world
        .apply_each([
            event("m1").user("ada").minute(1).view(),
            spent("m2", "ada", 8, "30"),
            event("m3").user("bob").minute(3).sent("email"),
            spent("m4", "bob", 4, "80"),
            event("m5").user("bob").minute(6).refunded("m4", "70"),
            spent("m6", "bob", 5, "1"),
            event("m7").user("cy").minute(5).sent("sms"),
        ])
        .await;
    let any = CustomerFilter::default;
    let spend = |net: (Option<&str>, Option<&str>), gross: (Option<&str>, Option<&str>)| {
        let both = |bounds: (Option<&str>, Option<&str>)| (bounds.0.map(amount), bounds.1.map(amount));
        let spend = SpendFilter { currency: pounds(), net: both(net), gross: both(gross) };
        CustomerFilter { spend: Some(spend), ..CustomerFilter::default() }
    };
    let channels = |names: &[&str]| names.iter().map(|n| Arc::from(*n)).collect();
    let cases = [
        (any(), vec!["ada", "bob", "cy"]),
        (CustomerFilter { channels: channels(&["website"]), ..any() }, vec!["ada"]),
        (CustomerFilter { channels: channels(&["sms", "email"]), ..any() }, vec!["bob", "cy"]),
        (CustomerFilter { channels: channels(&["fax"]), ..any() }, vec![]),
        (CustomerFilter { first_seen_since: Some(minute(3)), ..any() }, vec!["bob", "cy"]),
        (CustomerFilter { first_seen_until: Some(minute(3)), ..any() }, vec!["ada"]),
        (CustomerFilter { last_seen_since: Some(minute(6)), ..any() }, vec!["ada", "bob"]),
        (CustomerFilter { last_seen_until: Some(minute(8)), ..any() }, vec!["bob", "cy"]),
        (CustomerFilter { order_count: (Some(1), None), ..any() }, vec!["ada", "bob"]),
        (CustomerFilter { order_count: (None, Some(1)), ..any() }, vec!["ada", "cy"]),
        (CustomerFilter { order_count: (Some(2), Some(2)), ..any() }, vec!["bob"]),
        (spend((Some("11"), None), (None, None)), vec!["ada", "bob"]),
        (spend((Some("11.000001"), None), (None, None)), vec!["ada"]),
        (spend((None, Some("29.99")), (None, None)), vec!["bob", "cy"]),
        (spend((None, None), (Some("81"), Some("81"))), vec!["bob"]),
        (spend((None, Some("0")), (None, None)), vec!["cy"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(users(&world, &filtered(filter.clone())).await, expected, "{filter:?}");
        for sort in [LastSeen, NetSpend(pounds())] {
            let mut found = users(&world, &CustomerList { filter: filter.clone(), ..sorted(sort, true) }).await;
            found.sort();
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}

async fn words_are_found_in_any_identifier_or_trait(world: World) {
    world
        .apply_each([
            event("m1").user("ada").email("ada.lovelace@example.org").claim("city", "\"New York\"").claim("shoe", "39"),
            event("m2").user("bob").email("bob@example.org").claim("city", "\"York\""),
            event("m3").user("cy").phone("+4420123").claim("nick", "\"ÉLAN vital\""),
        ])
        .await;
    for (text, expected) in [
        ("ada", vec!["ada"]),
        ("LOVE", vec!["ada"]),
        ("lace", vec!["ada"]),
        ("ve", vec![]),
        ("example", vec!["ada", "bob"]),
        ("york", vec!["ada", "bob"]),
        ("new york", vec!["ada"]),
        ("york example.org bob", vec!["bob"]),
        ("york lovelace bob", vec![]),
        ("442", vec!["cy"]),
        // Inside of Lovelace, too.
        ("éla", vec!["ada", "cy"]),
        ("élan", vec!["cy"]),
        ("39", vec!["ada"]),
        ("exam* NOT", vec![]),
        ("%", vec!["ada", "bob", "cy"]),
    ] {
        assert_eq!(users(&world, &filtered(searched(text))).await, expected, "{text}");
    }
    // A trait that is said later is found too, and one that is said again is found once.
    world.apply([event("m4").user("cy").claim("city", "\"Hull\"")]).await;
    world.apply([event("m5").user("cy").claim("city", "\"Hull\"").minute(1)]).await;
    assert_eq!(users(&world, &filtered(searched("hull"))).await, ["cy"]);
}

/// One customer each, by name, mail and number; the user id says nothing.
async fn named(world: &World, people: &[(&str, &str)]) {
    let one = |(n, (user, name)): (usize, &(&str, &str))| {
        let name = serde_json::to_string(name).expect("a text");
        event(&format!("m{n}")).user(user).claim("name", &name)
    };
    world.apply(people.iter().enumerate().map(one)).await;
}

async fn what_an_agent_types_is_found(world: World) {
    named(
        &world,
        &[
            ("00", "Kwame Mensah"),
            ("01", "J\u{fc}rgen Stra\u{df}er"),
            ("02", "\u{130}stanbul Y\u{131}ld\u{131}z"),
            ("03", "Nguye\u{302}\u{303}n Thi\u{323} \u{110}\u{e0}o"),
            ("04", "Οδυσσεύς Παπαδόπουλος"),
            ("05", "Фёдор Достоевский"),
            ("06", "مُحَمَّد الفارسي"),
            ("07", "山田 太郎"),
            ("08", "Sin\u{e9}ad O\u{2019}Halloran-Smythe"),
            ("09", "Łukasz Żółty"),
            ("10", "김철수"),
            ("11", "Halwell & Sons"),
        ],
    )
    .await;
    world.apply([event("e1").user("00").email("k.mensah+shop@post.example.org")]).await;
    for (text, expected) in [
        ("kwmae", vec!["00"]),
        ("kwame mensa", vec!["00"]),
        ("kwamé", vec!["00"]),
        ("mnesah kwam", vec!["00"]),
        ("ensah", vec!["00"]),
        ("k.mensah+shop@post.example.org", vec!["00"]),
        ("mensah@", vec!["00"]),
        ("kmwea", vec![]),
        ("kwma", vec![]),
        ("ju\u{308}rgen", vec!["01"]),
        ("JURGEN STRASSER", vec!["01"]),
        ("strase", vec![]),
        ("strassr", vec!["01"]),
        ("istanbul", vec!["02"]),
        ("İSTANBUL yildiz", vec!["02"]),
        ("ıstanbul", vec!["02"]),
        ("nguyen thi dao", vec!["03"]),
        ("Nguyễn Đào", vec!["03"]),
        ("οδυσσευσ", vec!["04"]),
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ", vec!["04"]),
        ("федор достоевскии", vec!["05"]),
        ("достоевский", vec!["05"]),
        ("محمد", vec!["06"]),
        ("فارس", vec!["06"]),
        ("山", vec!["07"]),
        ("太郎 山田", vec!["07"]),
        ("郎", vec![]),
        ("sinead ohalloran", vec!["08"]),
        ("o'halloran", vec!["08"]),
        ("halloran smythe", vec!["08"]),
        ("smithe", vec!["08"]),
        ("lukasz zolty", vec!["09"]),
        ("김철", vec!["10"]),
        ("alwell", vec!["11"]),
        ("halwel", vec!["11"]),
        ("hallwell", vec!["11"]),
        ("hal", vec!["08", "11"]),
    ] {
        let list = filtered(searched(text));
        assert_eq!(users(&world, &list).await, expected, "{text}");
        let latest = CustomerList { limit: 1, ..CustomerList { sort: LastSeen, descending: true, ..list } };
        assert_eq!(read(&world, &latest, 1).await.len(), expected.len(), "{text} in pages");
    }
}

async fn a_phone_is_found_as_it_is_dialled(world: World) {
    world
        .apply([
            event("m1").user("gb").phone("+447235978358"),
            event("m2").user("fr").phone("+33612345678"),
            event("m3").user("dk").phone("+4512345678"),
            event("m4").user("us").phone("+12015550123"),
            event("m5").user("de").phone("+4930901820"),
            event("m6").user("firm").phone("+441632960000;ext=12"),
        ])
        .await;
    for (text, expected) in [
        ("07235 978358", vec!["gb"]),
        ("07235978358", vec!["gb"]),
        ("(07235) 978-358", vec!["gb"]),
        ("+44 7235 978358", vec!["gb"]),
        ("+44 (0)7235 978 358", vec!["gb"]),
        ("0044 7235 978358", vec!["gb"]),
        ("978358", vec!["gb"]),
        ("0723", vec!["gb"]),
        ("07235 978359", vec![]),
        ("07235978385", vec![]),
        ("06 12 34 56 78", vec!["fr"]),
        ("12 34 56 78", vec!["fr", "dk"]),
        ("(201) 555-0123", vec!["us"]),
        ("030/901820", vec!["de"]),
        ("01632 960000", vec!["firm"]),
    ] {
        assert_eq!(users(&world, &filtered(searched(text))).await, expected, "{text}");
    }
}

async fn a_value_that_is_not_shown_finds_nobody(world: World) {
    world.apply([event("m1").user("ada").minute(1).claim("city", "\"Leeds\"")]).await;
    world.apply([event("m2").user("ada").minute(2).claim("city", "\"Hull\"")]).await;
    assert_eq!(users(&world, &filtered(searched("hull"))).await, ["ada"]);
    assert_eq!(users(&world, &filtered(searched("leeds"))).await, Vec::<String>::new(), "the newest is shown");
    let mut oldest = searched("leeds");
    let policies = TraitPolicies { default: TraitPolicy::Oldest, ..TraitPolicies::default() };
    oldest.text.as_mut().expect("a search").shown = Arc::new(policies);
    assert_eq!(users(&world, &filtered(oldest)).await, ["ada"], "whatever the settings show is found");
}

async fn a_long_trait_is_stored_and_found_by_its_first_words(world: World) {
    let words = |least: usize| (0..).map(|n| format!("w{n} ")).take(least / 6).collect::<String>();
    world.apply([event("m1").user("ada").claim("notes", &format!("\"{}Oxenhope\"", words(30_000)))]).await;
    for text in ["ox", "oxenh", "enhop", "oxenhopo", "w4444", "oxenhope"] {
        assert_eq!(users(&world, &filtered(searched(text))).await, ["ada"], "{text}");
    }
    let long = format!("\"Haworth {}Keighley\"", words(500_000));
    world.apply([event("m2").user("bob").claim("notes", &long).claim("town", "\"Leeds\"")]).await;
    world.apply([event("m3").user("cy").claim("notes", &format!("\"{}\"", "ox".repeat(100_000)))]).await;
    for (text, found) in [("haworth", vec!["bob"]), ("leeds", vec!["bob"]), ("oxox", vec!["cy"]), ("keighley", vec![])]
    {
        assert_eq!(users(&world, &filtered(searched(text))).await, found, "{text}");
    }
}

/// More than either store gathers: the list is walked.
async fn what_everybody_has_is_found_and_counted(world: World) {
    const MANY: i64 = 5_400;
    for batch in 0..6 {
        let one = |n: i64| {
            let name = if n % 18 == 0 { "Bertram" } else { "Annabel" };
            let told =
                event(&format!("m{n}")).user(&format!("u{n}")).minute(n % 50).claim("name", &format!("\"{name}\""));
            if n % 9 == 0 { told.sent("sms") } else { told.view() }
        };
        world.apply((0..MANY).filter(|n| n % 6 == batch).map(one)).await;
    }
    let annas = MANY - MANY / 18;
    for text in ["an", "nnab", "annabell", "anabel", "anna u"] {
        let filter = searched(text);
        assert_eq!(world.store.count_customers(&filter).await.expect("a count"), annas, "{text}");
        let list = CustomerList { limit: 40, ..filtered(filter) };
        let page = world.store.list_customers(&list).await.expect("a page");
        assert!(page.more && page.items.len() == 40, "{text}");
        let next = CustomerList { after: page.items.last().map(|(_, key)| *key), limit: 40, ..list };
        let next = world.store.list_customers(&next).await.expect("a page");
        assert!(next.items[0].1 > page.items[39].1 && next.items.len() == 40, "{text}");
    }
    let rare = CustomerFilter { channels: vec!["sms".into()], ..searched("annabel") };
    assert_eq!(world.store.count_customers(&rare).await.expect("a count"), MANY / 18, "every second of the ninth");
    let list = CustomerList { sort: LastSeen, descending: true, ..filtered(rare) };
    assert_eq!(read(&world, &list, 77).await.len() as i64, MANY / 18);
    assert_eq!(users(&world, &filtered(searched("u4711"))).await, ["u4711"]);
    assert_eq!(ids(&world, &filtered(searched("anna u4711"))).await.len(), 1);
}

async fn words_find_in_every_sort(world: World) {
    forty(&world).await;
    world
        .apply(
            (0..40)
                .filter(|n| n % 2 == 0)
                .map(|n| event(&format!("c{n}")).user(&format!("u{n}")).claim("team", "\"Red Kite\"")),
        )
        .await;
    for sort in [LastSeen, Created, NetSpend(pounds())] {
        for descending in [true, false] {
            let all = ids(&world, &sorted(sort.clone(), descending)).await;
            let list = CustomerList { filter: searched("kite re"), ..sorted(sort.clone(), descending) };
            let found = ids(&world, &list).await;
            assert_eq!(found.len(), 20);
            let expected: Vec<CustomerId> = all.into_iter().filter(|id| found.contains(id)).collect();
            assert_eq!(found, expected, "{sort:?} {descending}");
            let paged: Vec<CustomerId> = read(&world, &list, 3).await.into_iter().map(|(id, _)| id).collect();
            assert_eq!(paged, found, "{sort:?} {descending} in pages");
        }
    }
    let both = CustomerFilter { order_count: (Some(1), None), ..searched("kite") };
    assert_eq!(ids(&world, &filtered(both)).await.len(), 7, "numbers that 6 divides, to 36");
}

async fn what_was_merged_is_found_by_all_its_words(world: World) {
    world
        .apply_each([
            event("m1").user("ada").claim("city", "\"Leeds\""),
            event("m2").email("lovelace@example.org").claim("birthplace", "\"Hull\""),
        ])
        .await;
    assert_eq!(users(&world, &filtered(searched("leeds lovelace"))).await, Vec::<String>::new());
    world.apply([event("m3").user("ada").email("lovelace@example.org")]).await;
    assert_eq!(users(&world, &filtered(searched("leeds hull lovelace"))).await, ["ada"]);
}

async fn a_figure_that_changes_moves_the_customer(world: World) {
    world.apply_each([spent("o1", "ada", 1, "30"), spent("o2", "bob", 2, "20")]).await;
    let by_spend = sorted(NetSpend(pounds()), true);
    assert_eq!(users(&world, &by_spend).await, ["ada", "bob"]);
    world.apply([event("m3").user("ada").minute(3).refunded("o1", "15")]).await;
    assert_eq!(users(&world, &by_spend).await, ["bob", "ada"]);
    world.apply([event("m4").user("bob").minute(4).cancelled("o2")]).await;
    assert_eq!(users(&world, &by_spend).await, ["ada", "bob"]);
}
