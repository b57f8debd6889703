//! Text search: what a word is, and when it matches. It is the same for both stores: a store only finds candidates, and
//! this module decides whether a candidate matches.
//!
//! A search word matches the beginning of a word, the inside of a word (from [`INSIDE`] letters on), and a word that
//! differs by one letter (from [`ALIKE`] letters on): another letter, one too many, one too few, or two adjacent
//! letters exchanged. Digits must be equal: number 20041 is not number 20042.
//!
//! Stores keep the words of [`words`], [`identifier_words`] and [`trait_words`]. A change of these functions must raise
//! the version of the stored words, so that they are made again.

use std::sync::Arc;

use caseless::Caseless;
use phonenumber::metadata::DATABASE;
use serde_json::Value;
use serde_json::value::RawValue;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::claim::{Claim, TraitPolicies};
use super::identifier::IdentifierKey;
use super::masks::Masks;

/// The minimum length of a search word that matches inside a word.
pub const INSIDE: usize = 3;
/// The minimum length of a search word that matches with a wrong letter.
pub const ALIKE: usize = 5;
/// The minimum number of digits in groups that count as a phone number.
const PHONE: usize = 7;

/// Text in the form for comparison: without case and marks, composed or not.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let seen = text.chars().map(|c| if is_apostrophe(c) { '\'' } else { c }).filter(|c| !is_unseen(*c));
    let folded = seen.nfkd().default_case_fold().nfkd().filter(|c| !is_combining_mark(*c));
    let mut plain = String::with_capacity(text.len());
    for c in folded {
        match c {
            'ı' => plain.push('i'),
            'ł' => plain.push('l'),
            'đ' | 'ð' => plain.push('d'),
            'ø' => plain.push('o'),
            'ħ' => plain.push('h'),
            'ŧ' => plain.push('t'),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'þ' => plain.push_str("th"),
            c => plain.push(digit(c).unwrap_or(c)),
        }
    }
    // This composes the letters of Hangul again, which were decomposed above.
    plain.nfc().collect()
}

/// The words of `text`, folded, joined by blanks: runs of letters and digits, each once. Parts joined by an apostrophe
/// are also one word: O'Brien is found as `obrien`.
pub fn words(text: &str) -> String {
    let folded = fold(text);
    let mut words: Vec<&str> = runs(&folded).collect();
    let joined = folded.contains('\'').then(|| folded.replace('\'', ""));
    words.extend(joined.iter().flat_map(|joined| runs(joined)));
    each_once(words).join(" ")
}

/// The search words of an identifier: the words of its value, and for a phone number also its national form.
pub fn identifier_words(key: &IdentifierKey) -> String {
    let mut words = words(&key.value);
    for dialled in dialled(&key.value) {
        words.push(' ');
        words.push_str(&dialled);
    }
    words
}

/// The most bytes of a trait's search words: Neo4j's text index takes a property of less than 32 KiB, and refuses to
/// store a longer one.
const MOST_OF_A_TRAIT: usize = 32_000;

/// The search words of a trait with this value (JSON): the words of its texts and numbers, at any depth. Of a long
/// trait they are the first ones, up to 32,000 bytes.
pub fn trait_words(value: &RawValue) -> String {
    let mut words = all_trait_words(value);
    if words.len() > MOST_OF_A_TRAIT {
        // The last word is left out if it is cut, unless it is the only one.
        let whole = words.as_bytes()[..=MOST_OF_A_TRAIT].iter().rposition(|byte| *byte == b' ');
        words.truncate(whole.unwrap_or_else(|| words.floor_char_boundary(MOST_OF_A_TRAIT)));
    }
    words
}

fn all_trait_words(value: &RawValue) -> String {
    let text = value.get();
    // Most values are one text.
    if text.starts_with('"') {
        return serde_json::from_str::<String>(text).map_or_else(|_| String::new(), |said| words(&said));
    }
    if text.starts_with(['{', '[']) {
        let mut said = Vec::new();
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            leaves(&value, &mut said);
        }
        return words(&said.join(" "));
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') { words(text) } else { String::new() }
}

fn leaves(value: &Value, said: &mut Vec<String>) {
    match value {
        Value::String(text) => said.push(text.clone()),
        Value::Number(number) => said.push(number.to_string()),
        Value::Array(entries) => entries.iter().for_each(|entry| leaves(entry, said)),
        Value::Object(fields) => fields.values().for_each(|field| leaves(field, said)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// A search: all its parts must be found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Asked {
    /// The parts, each of which must be found somewhere.
    pub parts: Vec<Part>,
}

/// Words that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// Each must be found; empty when only a phone number can be meant.
    pub words: Vec<Word>,
    /// Or this, as a part of a phone number: the digits of all groups.
    pub number: Option<Word>,
}

/// A search word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    text: Box<str>,
    letters: Box<[char]>,
}

impl Asked {
    /// A search from typed text. Without any letter or digit there are no parts.
    pub fn read(text: &str) -> Self {
        // The notation of a number with both its international and its national form.
        let folded = fold(&text.replace("(0)", " "));
        let mut parts: Vec<Part> = Vec::new();
        let mut digits: Vec<&str> = Vec::new();
        for word in runs(&folded) {
            if word.bytes().all(|b| b.is_ascii_digit()) {
                digits.push(word);
                continue;
            }
            parts.extend(numbers(std::mem::take(&mut digits)));
            parts.push(Part { words: vec![Word::new(word)], number: None });
        }
        parts.extend(numbers(digits));
        Asked { parts }
    }

    /// The number of words.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.words.len().max(1)).sum()
    }

    /// Whether it has no parts.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The parts, those with the longest words first: long words are rare.
    pub fn rarest_first(&self) -> Vec<&Part> {
        let longest = |part: &Part| part.words.iter().chain(&part.number).map(|word| word.letters.len()).max();
        let mut parts: Vec<&Part> = self.parts.iter().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(longest(part)));
        parts
    }

    /// Whether a customer with these identifiers and claims matches. Claims are only used when the identifiers alone do
    /// not decide. For each trait, its shown value counts.
    ///
    /// # Errors
    /// Those of `claims`.
    pub fn fits<'k, E>(
        &self,
        keys: impl IntoIterator<Item = &'k IdentifierKey>,
        shown: &TraitPolicies,
        claims: impl FnOnce() -> Result<Vec<Claim>, E>,
    ) -> Result<bool, E> {
        let mut missing = Missing::new(self);
        for key in keys {
            let number = key.value.starts_with('+');
            missing.look(&words(&key.value), number);
            for dialled in dialled(&key.value) {
                missing.look(&dialled, number);
            }
            if missing.is_empty() {
                return Ok(true);
            }
        }
        for chosen in shown.choose(&claims()?) {
            missing.look(&trait_words(&chosen.shown.value), false);
        }
        Ok(missing.is_empty())
    }
}

/// Adjacent groups of digits.
fn numbers(groups: Vec<&str>) -> Vec<Part> {
    let all = groups.concat();
    let words = || groups.iter().map(|group| Word::new(group));
    // From abroad.
    let called = all.strip_prefix("00").filter(|called| called.len() >= PHONE);
    if all.len() < PHONE || (groups.len() == 1 && called.is_none()) {
        return words().map(|word| Part { words: vec![word], number: None }).collect();
    }
    // A pair of digits alone is the beginning of too many words, so it does not count.
    let alone = groups.iter().any(|group| group.len() >= INSIDE);
    let words = if alone { words().collect() } else { Vec::new() };
    vec![Part { words, number: Some(Word::new(called.unwrap_or(&all))) }]
}

/// The parts that have not been found yet.
struct Missing<'a>(Vec<(&'a Part, Vec<&'a Word>)>);

impl<'a> Missing<'a> {
    fn new(asked: &'a Asked) -> Self {
        Missing(asked.parts.iter().map(|part| (part, part.words.iter().collect())).collect())
    }

    /// Searches among words; `dialled` when they are words of a phone number.
    fn look(&mut self, among: &str, dialled: bool) {
        for stored in among.split(' ').filter(|word| !word.is_empty()) {
            self.0.retain_mut(|(part, words)| {
                words.retain(|word| !word.fits(stored));
                let found = words.is_empty() && !part.words.is_empty();
                let called = dialled && part.number.as_ref().is_some_and(|number| number.fits(stored));
                !(found || called)
            });
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Word {
    /// From a folded word.
    fn new(text: &str) -> Self {
        Word { text: text.into(), letters: text.chars().collect() }
    }

    /// Its form for comparison.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Letter by letter.
    pub fn letters(&self) -> &[char] {
        &self.letters
    }

    /// Whether it is long enough to match inside a word.
    pub fn is_found_inside(&self) -> bool {
        self.letters.len() >= INSIDE
    }

    /// Whether it is long enough to match with a wrong letter. A number has no letters.
    pub fn is_found_alike(&self) -> bool {
        self.letters.len() >= ALIKE && self.letters.iter().any(|letter| !letter.is_numeric())
    }

    /// Whether it matches a folded word.
    pub fn fits(&self, stored: &str) -> bool {
        stored.starts_with(&*self.text)
            || (self.is_found_inside() && stored.contains(&*self.text))
            || (self.is_found_alike() && is_a_letter_apart(&self.letters, stored))
    }
}

/// Whether two words differ by one letter.
fn is_a_letter_apart(word: &[char], other: &str) -> bool {
    // A letter has at most four bytes.
    if other.len() + 1 < word.len() || other.len() > 4 * (word.len() + 1) {
        return false;
    }
    let other: Vec<char> = other.chars().collect();
    let same = word.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (a, b) = (&word[same..], &other[same..]);
    let letter = |c: &char| !c.is_numeric();
    match (a, b) {
        ([x, a @ ..], [y, b @ ..]) if a.len() == b.len() => {
            let another = a == b && letter(x) && letter(y);
            let turned = a.first() == Some(y) && b.first() == Some(x) && a[1..] == b[1..] && letter(x) && letter(y);
            another || turned
        }
        ([x, a @ ..], b) if a.len() == b.len() => a == b && letter(x),
        (a, [y, b @ ..]) if a.len() == b.len() => a == b && letter(y),
        _ => false,
    }
}

/// The national form of a number (E.164, with or without an extension). Empty for a text that is not such a number.
fn dialled(value: &str) -> Vec<String> {
    let Some(number) = value.strip_prefix('+') else { return Vec::new() };
    let number = number.split(';').next().unwrap_or_default();
    if !(PHONE..=15).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    // No country's code is the beginning of another.
    let country = (1..=3).find_map(|length| {
        let plans = DATABASE.by_code(&number[..length].parse::<u16>().ok()?)?;
        Some((plans, &number[length..]))
    });
    let Some((plans, national)) = country else { return Vec::new() };
    let trunks = each_once(plans.iter().filter_map(|plan| plan.national_prefix()).collect());
    let mut dialled: Vec<String> = trunks.into_iter().map(|trunk| format!("{trunk}{national}")).collect();
    if dialled.is_empty() {
        dialled.push(national.to_owned());
    }
    dialled.retain(|other| other != number);
    dialled
}

fn runs(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn each_once<T: PartialEq>(words: Vec<T>) -> Vec<T> {
    // Names have few words. Only for a long text a set is faster.
    let mut once: Vec<T> = Vec::with_capacity(words.len());
    for word in words {
        if once.len() > 64 || !once.contains(&word) {
            once.push(word);
        }
    }
    once
}

/// All characters that people use as an apostrophe. Some of these are letters or marks in Unicode.
fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{b4}' | '\u{2018}' | '\u{2019}' | '\u{2bb}' | '\u{2bc}' | '\u{ff07}')
}

/// Invisible characters (zero width, soft hyphens, direction marks), and the stroke that makes Arabic words longer.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{640}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The ASCII digit of a digit of another script.
fn digit(c: char) -> Option<char> {
    /// The zeros of scripts; the other digits follow each zero.
    const NOUGHTS: [u32; 24] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
        0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0xa620, 0xa8d0,
    ];
    let code = u32::from(c);
    let nought = NOUGHTS.iter().find(|nought| (**nought..**nought + 10).contains(&code))?;
    char::from_digit(code - nought, 10)
}

/// A search with the policies of traits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextSearch {
    /// The search.
    pub asked: Asked,
    /// The policies that choose the shown value of a trait.
    pub shown: Arc<TraitPolicies>,
    /// What the caller does not see, which is not searched.
    pub masks: Arc<Masks>,
}

impl TextSearch {
    /// Whether a customer with these identifiers and claims matches, by what the caller sees of it.
    ///
    /// # Errors
    /// Those of `claims`.
    pub fn fits<'k, E>(
        &self,
        keys: impl IntoIterator<Item = &'k IdentifierKey>,
        claims: impl FnOnce() -> Result<Vec<Claim>, E>,
    ) -> Result<bool, E> {
        let keys = keys.into_iter().filter(|key| self.masks.searches_kind(&key.kind));
        let claims = || {
            let mut claims = claims()?;
            claims.retain(|claim| self.masks.searches_trait(&claim.name));
            Ok(claims)
        };
        self.asked.fits(keys, &self.shown, claims)
    }
}

/// Equal words are the same search, with any policies.
impl std::hash::Hash for TextSearch {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.asked.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(words("  Ada.Lovelace@Example.com!"), "ada lovelace example com");
        assert_eq!(words("ÉLAN 42"), "elan 42");
        assert_eq!(words("--"), "");
        assert_eq!(words("Jean-Luc O\u{2019}Brien"), "jean luc o brien obrien");
        assert_eq!(words("a b a"), "a b");
    }

    #[test]
    fn case_and_marks_do_not_count_however_they_are_composed() {
        for (written, typed) in [
            ("Jürgen", "jurgen"),
            ("Ju\u{308}rgen", "JÜRGEN"),
            ("İstanbul", "istanbul"),
            ("ISPARTA", "ısparta"),
            ("Straße", "STRASSE"),
            ("GROẞ", "gross"),
            ("Οδυσσεύς", "οδυσσευσ"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("Nguyễn Đình", "nguyen dinh"),
            ("Łukasz Żółć", "lukasz zolc"),
            ("Søren Ærø", "soren aero"),
            ("Фёдор Йолкин", "федор иолкин"),
            ("مُحَمَّد", "محمد"),
            ("شَـــاي", "شاي"),
            ("أحمد", "احمد"),
            ("שָׁלוֹם", "שלום"),
            ("Ｊｕｌｉａ", "julia"),
            ("ﬁona", "fiona"),
            ("김철수", "김철수"),
            ("\u{1100}\u{1175}\u{11b7}", "김"),
            ("ガ", "カ"),
            ("٠٧٢٣٥", "07235"),
            ("zero\u{200b}width", "zerowidth"),
        ] {
            assert_eq!(words(written), words(typed), "{written}");
        }
        assert_eq!(words("山田太郎"), "山田太郎");
    }

    fn finds(typed: &str, stored: &str) -> bool {
        let missing = Asked::read(typed);
        let mut missing = Missing::new(&missing);
        missing.look(&words(stored), false);
        missing.is_empty()
    }

    #[test]
    fn a_word_begins_one_or_stands_inside_one_or_differs_by_a_letter() {
        for (typed, stored) in [
            ("k", "Kwame"),
            ("kw", "Kwame"),
            ("wam", "Kwame"),
            ("alwell", "Halwell"),
            ("kwmae", "Kwame"),
            ("wkame", "Kwame"),
            ("kwaem", "Kwame"),
            ("kwamee", "Kwame"),
            ("kwxame", "Kwame"),
            ("xwame", "Kwame"),
            ("kwamx", "Kwame"),
            ("ukwame", "Kwame"),
            ("smyth", "Smith"),
            ("jonson", "Johnson"),
            ("müeller", "Müller"),
            ("o'brien", "OBrien"),
            ("obrien", "O'Brien"),
            ("mensah kwame", "Kwame Mensah"),
            ("b2c3d", "a1b2c3d4"),
            ("ab1c2x", "abc1c2x"),
        ] {
            assert!(finds(typed, stored), "{typed} in {stored}");
        }
        for (typed, stored) in [
            ("wa", "Kwame"),
            ("kwme", "Kwamena"),
            ("xwam", "Kwame"),
            ("kwmea", "Kwame"),
            ("kmawe", "Kwame"),
            ("kwxxe", "Kwame"),
            ("ameko", "Kwame"),
            ("20041", "20042"),
            ("20041", "20014"),
            ("kwame x", "Kwame"),
        ] {
            assert!(!finds(typed, stored), "{typed} in {stored}");
        }
    }

    #[test]
    fn a_phone_is_found_as_it_is_dialled() {
        let finds = |typed: &str, value: &str| {
            let key = IdentifierKey { kind: "phone".into(), value: value.into() };
            let found = Asked::read(typed).fits([&key], &TraitPolicies::default(), || Ok::<_, ()>(Vec::new()));
            found.expect("no claims fail")
        };
        for (typed, value) in [
            ("07235 978358", "+447235978358"),
            ("07235978358", "+447235978358"),
            ("(07235) 978-358", "+447235978358"),
            ("+44 7235 978358", "+447235978358"),
            ("+44 (0)7235 978358", "+447235978358"),
            ("0044 7235 978 358", "+447235978358"),
            ("00447235978358", "+447235978358"),
            ("978358", "+447235978358"),
            ("06 12 34 56 78", "+33612345678"),
            ("+33 6 12 34 56 78", "+33612345678"),
            ("12 34 56 78", "+4512345678"),
            ("(201) 555-0123", "+12015550123"),
            ("1 201 555 0123", "+12015550123"),
            ("8 912 345-67-89", "+79123456789"),
            ("030 901820", "+4930901820"),
            ("01632 960000", "+441632960000;ext=12"),
            ("٠٧٢٣٥ ٩٧٨٣٥٨", "+447235978358"),
        ] {
            assert!(finds(typed, value), "{typed} for {value}");
        }
        for (typed, value) in [
            ("07235 978359", "+447235978358"),
            ("07235978385", "+447235978358"),
            ("06 12 34 56 79", "+33612345678"),
            ("78 56 34 12 06", "+33612345678"),
            ("07235 978358", "447235978358x"),
        ] {
            assert!(!finds(typed, value), "{typed} for {value}");
        }
    }

    #[test]
    fn a_trait_is_found_by_its_texts_and_numbers() {
        let words = |json: &str| trait_words(&RawValue::from_string(json.to_owned()).expect("JSON"));
        assert_eq!(words("\"New York\""), "new york");
        assert_eq!(words("4711"), "4711");
        assert_eq!(words(r#"{"city": "Bath", "lines": ["1 High St", 7]}"#), "bath 1 high st 7");
        assert_eq!((words("null"), words("true")), (String::new(), String::new()));
    }
}
