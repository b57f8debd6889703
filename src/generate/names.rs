//! The names of customers and cities. Two halves make one of 2,500 surnames, so no list of real surnames is needed.

use super::money::Currency;

/// First names, as written and as part of a mail address.
pub(super) const FIRST_NAMES: [(&str, &str); 60] = [
    ("Amelia", "amelia"),
    ("Oliver", "oliver"),
    ("Zoë", "zoe"),
    ("Siân", "sian"),
    ("Chloé", "chloe"),
    ("Harry", "harry"),
    ("Isla", "isla"),
    ("Jack", "jack"),
    ("Ava", "ava"),
    ("Noah", "noah"),
    ("Priya", "priya"),
    ("Arjun", "arjun"),
    ("Fatima", "fatima"),
    ("Omar", "omar"),
    ("Mei", "mei"),
    ("Wei", "wei"),
    ("Sofia", "sofia"),
    ("Mateusz", "mateusz"),
    ("Agnieszka", "agnieszka"),
    ("Róisín", "roisin"),
    ("Ciarán", "ciaran"),
    ("Niamh", "niamh"),
    ("Seán", "sean"),
    ("Hamish", "hamish"),
    ("Eilidh", "eilidh"),
    ("Rhys", "rhys"),
    ("Megan", "megan"),
    ("Dylan", "dylan"),
    ("Grace", "grace"),
    ("George", "george"),
    ("Freya", "freya"),
    ("Leo", "leo"),
    ("Ruby", "ruby"),
    ("Theo", "theo"),
    ("Poppy", "poppy"),
    ("Arthur", "arthur"),
    ("Daisy", "daisy"),
    ("Alfie", "alfie"),
    ("Florence", "florence"),
    ("Joshua", "joshua"),
    ("Margaret", "margaret"),
    ("Alan", "alan"),
    ("Susan", "susan"),
    ("Keith", "keith"),
    ("Janet", "janet"),
    ("Trevor", "trevor"),
    ("Brenda", "brenda"),
    ("Derek", "derek"),
    ("Amara", "amara"),
    ("Kwame", "kwame"),
    ("Chidi", "chidi"),
    ("Ngozi", "ngozi"),
    ("Yusuf", "yusuf"),
    ("Leila", "leila"),
    ("Jürgen", "jurgen"),
    ("Françoise", "francoise"),
    ("Matteo", "matteo"),
    ("Ines", "ines"),
    ("Anya", "anya"),
    ("Viktor", "viktor"),
];

const FRONT: [&str; 50] = [
    "Ash", "Barn", "Beck", "Birch", "Black", "Brad", "Bram", "Broad", "Brock", "Burn", //
    "Calder", "Carl", "Chester", "Clay", "Cold", "Copper", "Cran", "Dal", "Dun", "East", //
    "Elder", "Fair", "Fern", "Fox", "Glen", "Gold", "Green", "Hal", "Hart", "Haw", //
    "Hazel", "Hol", "Kirk", "Lang", "Lin", "Mar", "Mill", "Moor", "North", "Oak", //
    "Pem", "Red", "Rose", "Sand", "Sel", "Stan", "Thorn", "Wal", "West", "Whit",
];

const BACK: [&str; 50] = [
    "ley", "ton", "ford", "worth", "wood", "field", "by", "den", "well", "croft", //
    "dale", "gate", "ham", "hurst", "man", "more", "ridge", "shaw", "stead", "stone", //
    "thorpe", "water", "wick", "wright", "bourne", "bridge", "beck", "combe", "cott", "er", //
    "good", "grave", "holme", "house", "land", "low", "mere", "mont", "ner", "over", //
    "pool", "port", "side", "son", "stow", "street", "wall", "way", "win", "yard",
];

/// The number of surnames.
pub(super) const SURNAMES: u64 = (FRONT.len() * BACK.len()) as u64;

/// The surname number `number % SURNAMES`.
pub(super) fn surname(number: u64) -> String {
    let number = (number % SURNAMES) as usize;
    [FRONT[number / BACK.len()], BACK[number % BACK.len()]].concat()
}

/// A place where customers live and the shop has a branch.
pub(super) struct City {
    pub(super) name: &'static str,
    pub(super) store: &'static str,
    pub(super) country: &'static str,
    pub(super) currency: Currency,
}

/// Nine of ten cities use pounds.
pub(super) const CITIES: [City; 20] = [
    british("London", "London Covent Garden"),
    british("London", "London Westfield"),
    british("Birmingham", "Birmingham Bullring"),
    british("Manchester", "Manchester Deansgate"),
    british("Leeds", "Leeds Briggate"),
    british("Glasgow", "Glasgow Buchanan Street"),
    british("Edinburgh", "Edinburgh Princes Street"),
    british("Cardiff", "Cardiff St David's"),
    british("Bristol", "Bristol Cabot Circus"),
    british("Sheffield", "Sheffield Fargate"),
    british("Liverpool", "Liverpool One"),
    british("Newcastle upon Tyne", "Newcastle Grainger"),
    british("Nottingham", "Nottingham Victoria"),
    british("Norwich", "Norwich Chapelfield"),
    british("Brighton", "Brighton Lanes"),
    british("York", "York Coppergate"),
    british("Exeter", "Exeter High Street"),
    british("Belfast", "Belfast Victoria Square"),
    irish("Dublin", "Dublin Grafton Street"),
    irish("Cork", "Cork Opera Lane"),
];

const fn british(name: &'static str, store: &'static str) -> City {
    City { name, store, country: "GB", currency: Currency::Pound }
}

const fn irish(name: &'static str, store: &'static str) -> City {
    City { name, store, country: "IE", currency: Currency::Euro }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn all_surnames_differ() {
        let all: HashSet<_> = (0..SURNAMES).map(|n| surname(n).to_lowercase()).collect();
        assert_eq!(all.len() as u64, SURNAMES);
    }
}
