//! How fast customers are found by text, on both stores.
//!
//! `cargo bench --bench search -- [CUSTOMERS]` (200,000 when none is given) makes as many customers with a name, a
//! city, an e-mail address and a telephone number, and searches for them as people type: each kind of search for
//! 200 customers, 20 on a page. The target is a median of 20 ms among 200,000 customers.
#![allow(clippy::print_stdout, reason = "a report")]

mod common;

use std::time::{Duration, Instant};

use throughline::domain::Timestamp;
use throughline::domain::search::{Asked, TextSearch};
use throughline::ingest::event::{Origin, Reader};
use throughline::ingest::message_id::Occurrences;
use throughline::settings::Settings;
use throughline::stitching::Batch;
use throughline::store::Store;
use throughline::store::query::{CustomerFilter, CustomerList, CustomerSort};
use throughline::store::sqlite::{SqliteOptions, SqliteStore};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Searches of each kind.
const ROUNDS: usize = 200;

const FIRST: [&str; 24] = [
    "Amara", "Bela", "Chidi", "Dorota", "Emeka", "Femi", "Gwen", "Hana", "Ilse", "Jürgen", "Kwame", "Lucía", "Maya",
    "Nils", "Oluchi", "Petra", "Quentin", "Rosa", "Søren", "Tomás", "Ursula", "Vera", "Wanda", "Zoë",
];
const FRONT: [&str; 24] = [
    "Ash", "Birk", "Cald", "Dun", "Eller", "Fair", "Green", "Holl", "Ing", "Jarr", "Kirk", "Lang", "Marl", "North",
    "Oaken", "Pem", "Quill", "Rad", "Stan", "Thorn", "Under", "Wal", "Yar", "Zell",
];
const MIDDLE: [&str; 16] =
    ["a", "en", "er", "in", "o", "ist", "ab", "ing", "es", "al", "un", "ov", "ik", "am", "et", "os"];
const BACK: [&str; 20] = [
    "bridge", "by", "combe", "dale", "field", "ford", "ham", "house", "land", "ley", "man", "mere", "more", "ridge",
    "shaw", "stead", "ton", "well", "wick", "worth",
];
const CITIES: [&str; 8] = ["London", "Leeds", "York", "Bristol", "Cardiff", "Glasgow", "Belfast", "Norwich"];

/// An invented person. The same number always gives the same person.
struct Person {
    first: &'static str,
    surname: String,
    city: &'static str,
    phone: u64,
}

impl Person {
    fn of(number: usize) -> Self {
        // Spreads neighbours apart; the factor is odd, so no two numbers meet.
        let mixed = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
        let pick = |shift: u64, of: usize| ((mixed >> shift) % of as u64) as usize;
        Self {
            first: FIRST[pick(0, FIRST.len())],
            surname: format!("{}{}{}", FRONT[pick(5, 24)], MIDDLE[pick(11, 16)], BACK[pick(17, 20)]),
            city: CITIES[pick(23, CITIES.len())],
            // As spread, and as different for each; the modulus is a prime.
            phone: 7_100_000_000 + number as u64 * 402_653_189 % 799_999_999,
        }
    }

    fn event(&self, number: usize) -> String {
        let Self { first, surname, city, phone } = self;
        format!(
            r#"{{"type":"identify","messageId":"m{number}","userId":"u{number}","timestamp":"2026-03-01T10:00:00Z",
            "traits":{{"name":"{first} {surname}","city":"{city}","email":"{surname}.{number}@example.org","phone":"+44{phone}"}}}}"#
        )
    }
}

/// The name of a kind of search, and the text that is typed for a customer.
type Search = (&'static str, fn(usize) -> String);

const KINDS: [Search; 9] = [
    ("a surname", |n| Person::of(n).surname),
    ("first name and surname", |n| format!("{} {}", Person::of(n).first, Person::of(n).surname)),
    ("the beginning of a surname", |n| Person::of(n).surname.chars().take(6).collect()),
    ("the middle of a surname", |n| Person::of(n).surname.chars().skip(2).take(6).collect()),
    ("a surname with a wrong letter", |n| {
        let mut letters: Vec<char> = Person::of(n).surname.chars().collect();
        letters[2] = 'x';
        letters.into_iter().collect()
    }),
    ("an e-mail address", |n| format!("{}.{n}@example.org", Person::of(n).surname)),
    ("a telephone number in national form", |n| {
        let digits = Person::of(n).phone.to_string();
        format!("0{} {}", &digits[..4], &digits[4..])
    }),
    ("a first name, which thousands have", |n| Person::of(n).first.to_owned()),
    ("a word that everybody has", |_| "example".to_owned()),
];

fn main() -> anyhow::Result<()> {
    let customers = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(200_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let store = SqliteStore::open(&folder.path().join("bench.db"), SqliteOptions::default())?;
        store.set_up().await?;
        println!("# SQLite, {customers} customers");
        measure(&store, customers).await?;
        if let Some(store) = common::neo4j().await? {
            println!("# Neo4j, {customers} customers");
            measure(&store, customers).await?;
        }
        Ok(())
    })
}

async fn measure(store: &dyn Store, customers: usize) -> anyhow::Result<()> {
    let settings = Settings::default();
    let (reader, origin) = (Reader::new(&settings), Origin::import(None, "people"));
    let (rules, mut occurrences) = (settings.identity.rules(), Occurrences::default());
    let began = Instant::now();
    for from in (0..customers).step_by(store.batch_size()) {
        let until = customers.min(from + store.batch_size());
        let facts = (from..until).map(|n| match reader.read(&Person::of(n).event(n), &origin, &mut occurrences) {
            Ok(read) => Ok(read.fact),
            Err(rejected) => anyhow::bail!("not an event: {rejected:?}"),
        });
        let batch = Batch { facts: facts.collect::<anyhow::Result<_>>()? };
        store.apply(&rules, &batch, Timestamp(1_772_323_200_000)).await?;
    }
    println!("{:.0} identify events a second", customers as f64 / began.elapsed().as_secs_f64());
    println!(
        "{:<40} {:>9} {:>9} {:>9} {:>11} {:>7}",
        "a page of 20 by", "median", "p99", "slowest", "totalCount", "found"
    );
    for (kind, text) in KINDS {
        let (mut pages, mut counts, mut found) = (Vec::new(), Vec::new(), 0);
        for round in 0..ROUNDS {
            let number = (round * 7_919 + 13) % customers;
            let text = TextSearch { asked: Asked::read(&text(number)), ..TextSearch::default() };
            let filter = CustomerFilter { text: Some(text), ..CustomerFilter::default() };
            let list = CustomerList { filter, sort: CustomerSort::LastSeen, descending: true, after: None, limit: 20 };
            let began = Instant::now();
            let page = store.list_customers(&list).await?;
            pages.push(began.elapsed());
            found += usize::from(!page.items.is_empty());
            if round < 20 {
                let began = Instant::now();
                store.count_customers(&list.filter).await?;
                counts.push(began.elapsed());
            }
        }
        let (median, slow, slowest) = (at(&mut pages, 50), at(&mut pages, 99), at(&mut pages, 100));
        let count = at(&mut counts, 50);
        println!("{kind:<40} {median:>9.1?} {slow:>9.1?} {slowest:>9.1?} {count:>11.1?} {found:>3} of {ROUNDS}");
    }
    Ok(())
}

fn at(figures: &mut [Duration], percent: usize) -> Duration {
    figures.sort();
    figures[(figures.len() * percent / 100).min(figures.len() - 1)]
}
