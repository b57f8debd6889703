//! The words for the search of customers: from identifiers' values and from traits. Each word is stored once.
//!
//! `word_gram` is an index of every three letters of a word, with a mark before the first letter and one after the
//! last. It finds words with some letters inside, and words that differ by one letter: the parts before and after that
//! letter are the same.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::row::str;
use super::statement::{Prepared, statements};
use crate::domain::search::{self, Word};
use crate::domain::{IdentifierId, IdentifierKey};
use crate::stitching::Plan;
use crate::stitching::known::Known;
use crate::store::Result;

statements! {
    WORD = "words/fetch";
    INSERT_WORD = "words/insert";
    INSERT_WORD_GRAM = "words/insert_gram";
    INSERT_WORD_OF = "words/insert_identifier";
    WORDS_THAT_BEGIN = "words/list_beginning";
    WORDS_WITH_GRAMS = "words/list_with_grams";
    CUSTOMERS_WITH_WORD = "words/list_customers";
    ALL_IDENTIFIERS = "words/scan_identifiers";
    ALL_CLAIMS = "words/scan_claims";
}

/// From this length on, a word is cut into pieces, and not at each letter, to find similar words.
const LONG: usize = 12;
const PIECES: usize = 4;
/// How often a long task logs its progress.
const TOLD_EVERY: usize = 200_000;

/// Adds the words of new identifiers, and of claims with a value that is new for their identifier.
pub(super) fn insert(db: &Connection, known: &Known, plan: &Plan) -> Result<()> {
    let mut writer = Writer::new(db)?;
    for row in plan.identifiers.iter().filter(|row| row.new) {
        writer.add(row.identifier.id, &search::identifier_words(&row.identifier.key))?;
    }
    // Events repeat traits often. A known value has its words already.
    let mut said: FxHashSet<(IdentifierId, &str)> = known.claims.iter().map(|c| (c.owner, c.value.get())).collect();
    for claim in &plan.claims_opened {
        if said.insert((claim.owner, claim.value.get())) {
            writer.add(claim.owner, &search::trait_words(&claim.value))?;
        }
    }
    Ok(())
}

/// Makes the words of all stored data, in a file without words.
pub(super) fn fill(db: &Connection) -> Result<()> {
    let mut writer = Writer::new(db)?;
    let mut done = 0;
    let mut tell = move || {
        done += 1;
        if done % TOLD_EVERY == 0 {
            tracing::info!(done, "making the search words of customers");
        }
    };
    let mut statement = ALL_IDENTIFIERS.on(db)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = IdentifierKey { kind: str(row, 1)?.into(), value: str(row, 2)?.into() };
        writer.add(super::row::arrival(row, 0)?, &search::identifier_words(&key))?;
        tell();
    }
    drop(rows);
    let mut statement = ALL_CLAIMS.on(db)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let value = super::row::raw_json(str(row, 1)?)?;
        writer.add(super::row::arrival(row, 0)?, &search::trait_words(&value))?;
        tell();
    }
    Ok(())
}

/// Writes words.
struct Writer<'c> {
    db: &'c Connection,
    find: Prepared<'c>,
    insert: Prepared<'c>,
    insert_gram: Prepared<'c>,
    insert_of: Prepared<'c>,
    /// The words found.
    ids: FxHashMap<Box<str>, i64>,
}

impl<'c> Writer<'c> {
    const REMEMBERED: usize = 50_000;

    fn new(db: &'c Connection) -> Result<Self> {
        Ok(Writer {
            db,
            find: WORD.on(db)?,
            insert: INSERT_WORD.on(db)?,
            insert_gram: INSERT_WORD_GRAM.on(db)?,
            insert_of: INSERT_WORD_OF.on(db)?,
            ids: FxHashMap::default(),
        })
    }

    fn add(&mut self, owner: IdentifierId, words: &str) -> Result<()> {
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            let id = match self.ids.get(word) {
                Some(id) => *id,
                None => self.id_of(word)?,
            };
            self.insert_of.execute([id, owner.0])?;
        }
        Ok(())
    }

    fn id_of(&mut self, word: &str) -> Result<i64> {
        let id = match self.find.first([word], |row| Ok(row.get(0)?))? {
            Some(id) => id,
            None => {
                self.insert.execute([word])?;
                let id = self.db.last_insert_rowid();
                if has_grams(word) {
                    self.insert_gram.execute(params![id, marked(word)])?;
                }
                id
            }
        };
        if self.ids.len() >= Self::REMEMBERED {
            self.ids.clear();
        }
        self.ids.insert(word.into(), id);
        Ok(id)
    }
}

/// The stored words that match `word`; `None` when there are more than `most`.
pub(super) fn found_in(db: &Connection, word: &Word, most: usize) -> Result<Option<Vec<i64>>> {
    let mut begun = Vec::new();
    let (text, room) = (word.text(), most as i64 + 1);
    WORDS_THAT_BEGIN.on(db)?.all((text, end_of(text), room), &mut begun, |row| Ok(row.get::<_, i64>(0)?))?;
    let mut ids: FxHashSet<i64> = begun.into_iter().collect();
    if word.is_found_alike() {
        let mut find = WORD.on(db)?;
        for turned in turned(word.letters()) {
            ids.extend(find.first([turned], |row| Ok(row.get::<_, i64>(0)?))?);
        }
    }
    let inside = word.is_found_inside().then(|| all_of(grams(word.letters())));
    let alike = word.is_found_alike().then(|| alike(word.letters()));
    let mut statement = WORDS_WITH_GRAMS.on(db)?;
    for asked in inside.into_iter().chain(alike) {
        // Words with the letters at other places are skipped, so the limit counts matches only.
        let mut rows = statement.query([asked])?;
        while let Some(row) = rows.next()?.filter(|_| ids.len() <= most) {
            if word.fits(str(row, 1)?) {
                ids.insert(row.get(0)?);
            }
        }
    }
    Ok((ids.len() <= most).then(|| ids.into_iter().collect()))
}

/// The customers of identifiers with one of these words; `None` when there are more than `most`.
pub(super) fn customers_with(db: &Connection, words: &[i64], most: usize) -> Result<Option<Vec<i64>>> {
    let mut statement = CUSTOMERS_WITH_WORD.on(db)?;
    let mut customers = Vec::new();
    for word in words {
        let room = (most + 1).saturating_sub(customers.len()) as i64;
        statement.all([*word, room], &mut customers, |row| Ok(row.get::<_, i64>(0)?))?;
        if customers.len() > most {
            return Ok(None);
        }
    }
    customers.sort_unstable();
    customers.dedup();
    Ok(Some(customers))
}

/// Whether a word is long enough for the index.
pub(super) fn has_grams(word: &str) -> bool {
    word.chars().nth(search::INSIDE - 1).is_some()
}

/// A word in the form of the index. The marks are neither letters nor digits.
pub(super) fn marked(word: &str) -> String {
    format!("^{word}$")
}

/// Every three letters.
fn grams(letters: &[char]) -> BTreeSet<String> {
    letters.windows(3).map(|gram| gram.iter().collect()).collect()
}

/// The index query for words that have all of these.
fn all_of(grams: BTreeSet<String>) -> String {
    let quoted: Vec<String> = grams.into_iter().map(|gram| format!("\"{gram}\"")).collect();
    quoted.join(" AND ")
}

/// The word with two adjacent letters exchanged, for each such pair.
fn turned(letters: &[char]) -> impl Iterator<Item = String> + '_ {
    (1..letters.len()).filter(|at| letters[at - 1] != letters[*at]).map(|at| {
        let mut turned = letters.to_vec();
        turned.swap(at - 1, at);
        turned.into_iter().collect()
    })
}

/// The index query for words with one letter more, one letter less, or one other letter.
fn alike(letters: &[char]) -> String {
    let marked: Vec<char> = std::iter::once('^').chain(letters.iter().copied()).chain(['$']).collect();
    let length = letters.len();
    let mut all: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    let mut without = |from: usize, to: usize| {
        let mut kept = grams(&marked[..from]);
        kept.extend(grams(&marked[to..]));
        all.insert(kept);
    };
    if length >= LONG {
        // The difference is in one piece, or between two pieces.
        for piece in 0..PIECES {
            without(1 + piece * length / PIECES, 1 + (piece + 1) * length / PIECES);
        }
    } else {
        for (at, letter) in marked.iter().enumerate().skip(1) {
            // At each letter there are three cases: a letter is missing before it, it is another letter, or it is too
            // many. Digits must be the same.
            without(at, at);
            if at <= length && !letter.is_numeric() {
                without(at, at + 1);
            }
        }
    }
    let clauses: Vec<String> = all.into_iter().map(|kept| format!("({})", all_of(kept))).collect();
    clauses.join(" OR ")
}

/// The end of the range of words that begin with `word`: no letter or digit is the last code point.
fn end_of(word: &str) -> String {
    format!("{word}{}", char::MAX)
}
