//! A customer's identifiers and traits, unique in generated data by construction.

use std::sync::Arc;

use super::{
    ids::Id,
    names::{self, CITIES, City, FIRST_NAMES, SURNAMES},
    random::Random,
    shop,
    timestamp::Date,
};

/// A customer's fixed data.
pub(super) struct Person {
    /// Counted from 1 in its world.
    pub(super) number: u64,
    pub(super) customer_type: CustomerType,
    pub(super) user_id: Id,
    pub(super) card: Option<Id>,
    pub(super) first_name: &'static str,
    pub(super) last_name: Arc<str>,
    pub(super) birth_date: Date,
    pub(super) email: Arc<str>,
    /// A second address, which some orders have.
    pub(super) work_email: Option<Arc<str>>,
    pub(super) city: &'static City,
    pub(super) favourite: u64,
    phone: u64,
}

/// How the shop knows a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CustomerType {
    /// Opens an account at some time.
    Account,
    /// Has a loyalty card and no account.
    Member,
    /// Orders as a guest, with a mail address.
    Guest,
    /// Only browses.
    Anonymous,
}

/// Browse-only customers per thousand.
pub(super) const ANONYMOUS_SHARE: u64 = 60;

/// The number of different telephone numbers, and of pairs of surname and birthday.
const PLACES: u64 = 300_000_000;
/// How many of these each seed owns before it reaches the numbers of the next.
const PLACES_OF_A_SEED: u64 = 250_000;
/// Birthdays from 1 January 1950 on.
const BIRTHDAYS: u64 = 20_000;
const FIRST_BIRTHDAY: i64 = -7_305;

impl Person {
    /// The customer with this number.
    pub(super) fn new(random: &mut Random, seed: u64, number: u64) -> Self {
        let customer_type = random.weighted(&[
            (1_000 - ANONYMOUS_SHARE - 80 - 80, CustomerType::Account),
            (80, CustomerType::Member),
            (80, CustomerType::Guest),
            (ANONYMOUS_SHARE, CustomerType::Anonymous),
        ]);
        let member = match customer_type {
            CustomerType::Account => random.chance(350),
            CustomerType::Member => true,
            CustomerType::Guest | CustomerType::Anonymous => false,
        };
        let place = place(seed, number);
        let (last_name, birth_date) = name_and_birth(place);
        let (first_name, ascii) = *random.pick(&FIRST_NAMES);
        let mailbox = format!("{ascii}.{}.{seed}-{number}", last_name.to_ascii_lowercase());
        let host = random.pick(&["example.com", "example.org", "example.net"]);
        let work_email = (customer_type == CustomerType::Account && random.chance(120))
            .then(|| format!("{ascii}.{seed}-{number}@work.example.com").into());
        Self {
            number,
            customer_type,
            user_id: Id::user(seed, number),
            card: member.then(|| Id::loyalty_card(seed, number)),
            first_name,
            last_name: last_name.into(),
            birth_date,
            email: format!("{mailbox}@{host}").into(),
            work_email,
            city: random.pick(&CITIES),
            favourite: shop::shelf(random),
            phone: phone(place),
        }
    }

    /// First and last name.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// The mail address as typed: sometimes in capitals.
    pub(super) fn typed_email(&self, random: &mut Random) -> Arc<str> {
        if random.chance(40) { self.email.to_uppercase().into() } else { Arc::clone(&self.email) }
    }

    /// The telephone number in one of several usual formats.
    pub(super) fn typed_phone(&self, random: &mut Random) -> Arc<str> {
        let digits = self.phone.to_string();
        let (area, rest) = digits.split_at(4);
        let typed = match random.below(6) {
            0 | 1 => format!("+44{digits}"),
            2 => format!("0{digits}"),
            3 => format!("0{area} {rest}"),
            4 => format!("+44 {area} {rest}"),
            _ => format!("0044 {area} {rest}"),
        };
        typed.into()
    }
}

/// A number below [`PLACES`], different for each customer and each seed, if worlds have at most 250,000 customers and
/// seeds differ modulo 1,200. Phone numbers and birthdays are too few for all seeds.
fn place(seed: u64, number: u64) -> u64 {
    (seed % (PLACES / PLACES_OF_A_SEED) * PLACES_OF_A_SEED + number) % PLACES
}

/// A British mobile number without its leading 0: 71, 72 and 73 with any eight digits. Nearby places get distant
/// numbers: the multiplier is coprime to the number of places.
fn phone(place: u64) -> u64 {
    7_100_000_000 + place * 185_410_199 % PLACES
}

/// A pair of surname and birthday that occurs once. There are six rounds of 50 million pairs: the first with single
/// surnames, the others with double ones.
fn name_and_birth(place: u64) -> (String, Date) {
    let pairs = SURNAMES * BIRTHDAYS;
    let (round, place) = (place / pairs, place % pairs);
    let spread = place * 30_901_699 % pairs;
    let (surname, birthday) = (spread % SURNAMES, spread / SURNAMES);
    let plain = names::surname(surname);
    let last_name = match round {
        0 => plain,
        _ => format!("{plain}-{}", names::surname(surname + 41 * round)),
    };
    (last_name, Date(FIRST_BIRTHDAY + birthday as i64))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn two_worlds_of_neighbouring_seeds_share_no_phone_and_no_name_with_birth_date() {
        let (mut phones, mut births) = (HashSet::new(), HashSet::new());
        for seed in [0, 1, 199, 200, 1_199] {
            for number in (1..=250_000).step_by(9) {
                let place = place(seed, number);
                let (name, birth) = name_and_birth(place);
                assert!(phones.insert(phone(place)));
                assert!(births.insert((name.to_lowercase(), birth.0)));
            }
        }
    }

    #[test]
    fn phones_are_valid_british_mobiles_that_come_out_the_same_however_typed() {
        for number in (1..250_000).step_by(997) {
            let mut random = Random::new(3, number);
            let person = Person::new(&mut random, number % 1_200, number);
            let plain = format!("+44{}", person.phone);
            for _ in 0..8 {
                let typed = person.typed_phone(&mut random);
                let parsed =
                    phonenumber::parse(Some(phonenumber::country::GB), &typed).expect("a number that can be read");
                assert!(parsed.is_valid(), "{typed}");
                assert_eq!(parsed.format().mode(phonenumber::Mode::E164).to_string(), plain);
            }
        }
    }

    #[test]
    fn multipliers_reach_every_place() {
        fn common(a: u64, b: u64) -> u64 {
            if b == 0 { a } else { common(b, a % b) }
        }
        assert_eq!(common(185_410_199, PLACES), 1);
        assert_eq!(common(30_901_699, SURNAMES * BIRTHDAYS), 1);
    }
}
