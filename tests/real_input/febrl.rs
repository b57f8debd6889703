//! FEBRL: records with errors, and the true person of each. The customers are the connected components, in any order of
//! the lines.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use throughline::domain::IdentifierKey;
use throughline::ingest::{EventStatus, Ingest, Origin};
use throughline::settings::Settings;
use throughline::store::Store;
use throughline::store::query::IdentifierRef;

use crate::common::stores;

/// For each set: its records, customers, and pairwise precision and recall in thousandths.
const SETS: [(&str, usize, usize, [i64; 2]); 3] = [
    ("dataset1", 1_000, 523, [1_000, 954]),
    ("dataset2", 5_000, 4_028, [999, 962]),
    ("dataset3", 5_000, 2_102, [1_000, 950]),
];

/// The orders of the lines, and the number of lines in one call.
const ORDERS: [(Option<u64>, usize); 4] = [(None, 500), (Some(1), 500), (Some(2), 499), (Some(3), 61)];

#[test]
fn customers_are_the_connected_components_on_sqlite() {
    let Some(folder) = data() else { return };
    for set in SETS {
        for order in ORDERS {
            let store = tempfile::tempdir().expect("a folder");
            stores::run(async { check(&folder, set, order, stores::sqlite(store.path()).await).await });
        }
    }
}

#[test]
#[ignore = "needs a Neo4j: `make test` starts one"]
fn customers_are_the_connected_components_on_neo4j() {
    let Some(folder) = data() else { return };
    let options = stores::neo4j_options();
    let _alone = stores::alone();
    for set in SETS {
        for order in ORDERS {
            stores::run(async { check(&folder, set, order, stores::neo4j(options.clone()).await).await });
        }
    }
}

/// The folder of the data.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("THROUGHLINE_FEBRL").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: no THROUGHLINE_FEBRL; tests/real_input/README.md says where the data comes from");
    }
    folder
}

async fn check(
    folder: &Path,
    (name, records, customers, figures): (&str, usize, usize, [i64; 2]),
    (seed, at_once): (Option<u64>, usize),
    store: Arc<dyn Store>,
) {
    let read = |ending| std::fs::read_to_string(folder.join(format!("{name}.{ending}"))).expect("the data");
    let events: Vec<Value> = read("ndjson").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let people: Vec<String> = read("truth").lines().map(str::to_owned).collect();
    assert_eq!((events.len(), people.len()), (records, records));
    assert!(!events.iter().any(|event| event.to_string().contains("rec-")), "nothing tells who is who");

    let mut order: Vec<usize> = (0..records).collect();
    if let Some(seed) = seed {
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    }
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_input/febrl.toml");
    let settings = Settings::load(Some(&settings), []).expect("settings");
    let ingest = Ingest::new(store.clone(), &settings);
    for lines in order.chunks(at_once) {
        let told = ingest.events(lines.iter().map(|&n| events[n].clone()).collect(), Origin::import(None, name));
        for outcome in told.await.expect("the store takes them").outcomes {
            assert_eq!(outcome.status, EventStatus::Created, "{:?}", outcome.problems);
        }
    }
    ingest.close().await;

    let case = format!("{name} in order {seed:?} on {}", store.name());
    let found = groups(&holders(&*store, &events).await);
    let components = components(&events);
    assert_eq!(found, groups(&components), "{case}");
    assert_eq!(found.len(), customers, "{case}");
    assert_eq!(store.status().await.expect("figures").customers, customers as i64, "{case}");
    let shares = shares(&found, &groups(&people));
    assert_eq!(shares.map(|share| (share * 1_000.0).round() as i64), figures, "{case}");
    eprintln!("{case}: {customers} customers, precision {:.4}, recall {:.4}", shares[0], shares[1]);
    explained(&*store, &events, &components).await;
}

/// The customer of each record, found by its `soc_sec_id`.
async fn holders(store: &dyn Store, events: &[Value]) -> Vec<String> {
    let keys: Vec<IdentifierRef> = events.iter().map(|event| IdentifierRef::Key(number_of(event))).collect();
    let mut holders = Vec::new();
    for keys in keys.chunks(1_000) {
        for identifier in store.identifiers(keys).await.expect("an answer") {
            holders.push(identifier.and_then(|i| i.customer).expect("a customer").to_string());
        }
    }
    holders
}

fn number_of(event: &Value) -> IdentifierKey {
    IdentifierKey::new("soc_sec_id", event["traits"]["soc_sec_id"].as_str().expect("a number"))
}

/// The group of each record, by union-find, without any of Throughline's code.
fn components(events: &[Value]) -> Vec<usize> {
    let mut above: Vec<usize> = (0..events.len()).collect();
    fn top(above: &[usize], mut n: usize) -> usize {
        while above[n] != n {
            n = above[n];
        }
        n
    }
    let mut first: HashMap<(String, String), usize> = HashMap::new();
    for (n, event) in events.iter().enumerate() {
        let text = |name: &str| event["traits"][name].as_str().map(|text| text.trim().to_lowercase());
        let number = text("soc_sec_id").map(|number| (number, String::new()));
        let name_and_birth = text("last_name").zip(text("birth_date"));
        for key in number.into_iter().chain(name_and_birth) {
            let one = top(&above, *first.entry(key).or_insert(n));
            let other = top(&above, n);
            above[one.max(other)] = one.min(other);
        }
    }
    (0..events.len()).map(|n| top(&above, n)).collect()
}

/// The groups of records.
fn groups<T: Ord>(group_of: &[T]) -> BTreeSet<Vec<usize>> {
    let mut groups: BTreeMap<&T, Vec<usize>> = BTreeMap::new();
    for (n, group) in group_of.iter().enumerate() {
        groups.entry(group).or_default().push(n);
    }
    groups.into_values().collect()
}

/// Precision and recall of the pairs of records in one group.
fn shares(found: &BTreeSet<Vec<usize>>, truth: &BTreeSet<Vec<usize>>) -> [f64; 2] {
    let pairs = |groups: &BTreeSet<Vec<usize>>| -> BTreeSet<(usize, usize)> {
        let of = |group: &Vec<usize>| {
            let group = group.clone();
            (0..group.len()).flat_map(move |n| {
                let group = group.clone();
                (0..n).map(move |m| (group[m], group[n]))
            })
        };
        groups.iter().flat_map(of).collect()
    };
    let (found, truth) = (pairs(found), pairs(truth));
    let both = found.intersection(&truth).count() as f64;
    [both / found.len() as f64, both / truth.len() as f64]
}

/// Two records of one customer have an explanation, and two records of different customers have none.
async fn explained(store: &dyn Store, events: &[Value], components: &[usize]) {
    for n in (0..events.len()).step_by(events.len() / 200) {
        let other = if n % 2 == 0 { components[n] } else { (n * 7 + 1) % events.len() };
        let why = store.why_linked(&number_of(&events[n]), &number_of(&events[other])).await.expect("an answer");
        assert_eq!(why.is_some_and(|why| why.same_customer), components[n] == components[other], "{n} and {other}");
    }
}
