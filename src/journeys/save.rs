//! A projection as bytes and back: flat columns, little-endian, one after the other.
//!
//! What protects them (a checksum, the change they are of) is whoever's who keeps them.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::sync::Arc;

use super::base::{Base, Columns, Held, Ids, People};
use super::dictionary::{Dictionary, Net, PackedOrders};
use super::dimension::{Dimension, FIXED};
use super::projection::Projection;
use crate::domain::consent::ConsentStatus;
use crate::domain::{Amount, Currency};

/// Changed whenever the form or a hash in it does.
const FORM: u64 = 0x544C_4A50_0000_0002;

const STATUSES: [ConsentStatus; 5] = [
    ConsentStatus::Granted,
    ConsentStatus::Unknown,
    ConsentStatus::Expired,
    ConsentStatus::Denied,
    ConsentStatus::Revoked,
];

impl Projection {
    /// Writes it, with its delta sorted in.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_to(&self, to: &mut impl Write) -> Result<()> {
        if self.pending() > 0 {
            return self.fold(1).write_to(to);
        }
        write_numbers(to, [FORM].into_iter())?;
        let kinds = &self.dictionary.kinds;
        write_texts(to, kinds.configured().iter().map(|text| Some(&**text)))?;
        let width = FIXED.len() + kinds.configured().len();
        let dimensions = || (0..width).map(Dimension::at);
        write_texts(to, (0..kinds.len() as u32).flat_map(|code| dimensions().map(move |of| kinds.value(code, of))))?;
        write_texts(to, self.dictionary.purposes.iter().map(|text| Some(&**text)))?;
        write_texts(to, self.dictionary.currencies.iter().map(|currency| Some(&*currency.0)))?;
        let orders = self.orders.all();
        write_numbers(to, orders.iter().map(|(hash, _)| *hash))?;
        let currency = |net: &Net| u64::from(net.currency) + 1;
        write_numbers(to, orders.iter().map(|(_, net)| net.as_ref().map_or(0, currency)))?;
        let amounts = orders.iter().map(|(_, net)| net.map_or(0, |net| net.amount.0));
        write_numbers(to, amounts.clone().map(|amount| amount as u64))?;
        write_numbers(to, amounts.map(|amount| (amount >> 64) as u64))?;
        let Base { rows, people, consents, .. } = &*self.base;
        for column in [&rows.at, &rows.arrival, &rows.owners] {
            write_numbers(to, column.iter().map(|number| *number as u64))?;
        }
        let mut members: Vec<(i64, u32)> = self.base.members().collect();
        members.sort_unstable();
        write_numbers(to, members.iter().map(|(identifier, _)| *identifier as u64))?;
        write_numbers(to, rows.session_keys.iter().copied())?;
        for column in [&rows.kind, &rows.session, &rows.starts, &rows.order_rows, &rows.order_of] {
            write_words(to, column)?;
        }
        write_words(to, &members.iter().map(|(_, customer)| *customer).collect::<Vec<_>>())?;
        write_texts(to, people.customers.iter().map(|id| Some(id.0)))?;
        write_numbers(to, consents.iter().map(|(identifier, _)| identifier as u64))?;
        let place = |status| STATUSES.iter().position(|own| *own == status).unwrap_or_default() as u64;
        write_numbers(to, consents.iter().map(|(_, held)| u64::from(held.purpose) << 8 | place(held.status)))?;
        write_numbers(to, consents.iter().map(|(_, held)| held.expires_at.map_or(0, |at| at as u64 ^ 1 << 63)))
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// The reader's; or that it is no projection, or none of this version, as `InvalidData`.
    pub fn read_from(from: &mut impl Read) -> Result<Projection> {
        if read_numbers(from)? != [FORM] {
            return Err(bad("not a projection of this version"));
        }
        let configured: Option<Arc<[Arc<str>]>> =
            read_texts(from)?.into_iter().map(|text| Some(text?.into())).collect();
        let mut dictionary = Dictionary::new(configured.ok_or_else(|| bad("a dimension without a name"))?);
        let width = FIXED.len() + dictionary.kinds.configured().len();
        for (n, values) in read_texts(from)?.chunks(width).enumerate() {
            let values: Vec<_> = values.iter().map(Option::as_deref).collect();
            if values.len() != width || dictionary.kinds.code_of_values(&values) != n as u32 {
                return Err(bad("kinds of touchpoint that are none"));
            }
        }
        dictionary.purposes = read_texts(from)?.into_iter().flatten().map(Arc::from).collect();
        dictionary.currencies = read_texts(from)?.into_iter().flatten().map(|text| Currency(text.into())).collect();
        let (hashes, currencies) = (read_numbers(from)?, read_numbers(from)?);
        let (low, high) = (read_numbers(from)?, read_numbers(from)?);
        let known = dictionary.currencies.len() as u64;
        same(&[hashes.len(), currencies.len(), low.len(), high.len()])?;
        let amounts = low.iter().zip(&high).map(|(low, high)| i128::from(*high as i64) << 64 | i128::from(*low));
        below(currencies.iter().copied(), known + 1)?;
        let net = |(currency, amount): (&u64, i128)| {
            (*currency > 0).then(|| Net { currency: (*currency - 1) as u16, amount: Amount(amount) })
        };
        let orders: Vec<_> = hashes.into_iter().zip(currencies.iter().zip(amounts).map(net)).collect();
        let signed = |numbers: Vec<u64>| -> Vec<i64> { numbers.into_iter().map(|number| number as i64).collect() };
        let (at, arrival) = (signed(read_numbers(from)?), signed(read_numbers(from)?));
        let (owners, members) = (signed(read_numbers(from)?), signed(read_numbers(from)?));
        let session_keys = read_numbers(from)?;
        let (kind, session, starts) = (read_words(from)?, read_words(from)?, read_words(from)?);
        let (order_rows, order_of, member_of) = (read_words(from)?, read_words(from)?, read_words(from)?);
        let customers = read_texts(from)?;
        let customers = Ids::of(customers.iter().flatten().map(String::as_str));
        let (holders, said, ends) = (signed(read_numbers(from)?), read_numbers(from)?, read_numbers(from)?);
        // What is looked up by number must be there; what merely makes no sense is the checksum's care.
        let size = at.len() as u64;
        same(&[at.len(), arrival.len(), kind.len()])?;
        same(&[owners.len() + 1, starts.len()])?;
        same(&[order_rows.len(), order_of.len()])?;
        same(&[members.len(), member_of.len()])?;
        same(&[holders.len(), said.len(), ends.len()])?;
        if !session.is_empty() {
            same(&[session.len(), at.len()])?;
        }
        let wide = |words: &[u32]| words.iter().map(|word| u64::from(*word)).collect::<Vec<_>>().into_iter();
        below(kind.iter().map(|code| u64::from(*code)), dictionary.kinds.len() as u64)?;
        below(session.iter().map(|number| u64::from(*number)), session_keys.len() as u64)?;
        below(wide(&starts), size + 1)?;
        below(wide(&order_of), orders.len() as u64)?;
        below(wide(&member_of), customers.len() as u64)?;
        below(said.iter().map(|said| said & 0xff), STATUSES.len() as u64)?;
        if !starts.is_sorted() || starts.last().is_some_and(|end| u64::from(*end) != size) {
            return Err(bad("touchpoints that belong to no owner"));
        }
        let held = said.iter().zip(&ends).map(|(said, end)| Held {
            purpose: (said >> 8) as u16,
            status: STATUSES[(said & 0xff) as usize],
            expires_at: (*end != 0).then_some((*end ^ 1 << 63) as i64),
        });
        let consents = holders.into_iter().zip(held).collect();
        let rows = Columns { at, arrival, kind, session, session_keys, owners, starts, order_rows, order_of };
        let people = People { customers, members, member_of };
        Ok(Projection::of(Base::of(rows, people, consents), dictionary, PackedOrders::of(&orders)))
    }
}

fn bad(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

fn same(lengths: &[usize]) -> Result<()> {
    if lengths.windows(2).all(|pair| pair[0] == pair[1]) { Ok(()) } else { Err(bad("columns of different lengths")) }
}

fn below(mut numbers: impl Iterator<Item = u64>, end: u64) -> Result<()> {
    if numbers.all(|number| number < end) { Ok(()) } else { Err(bad("a number that stands for nothing")) }
}

/// How many numbers are turned into bytes at a time.
const AT_ONCE: usize = 8_192;

fn write_numbers(to: &mut impl Write, numbers: impl Iterator<Item = u64> + Clone) -> Result<()> {
    let count = numbers.clone().count();
    to.write_all(&(count as u64).to_le_bytes())?;
    let mut buffer = Vec::with_capacity(AT_ONCE * 8);
    for number in numbers {
        buffer.extend_from_slice(&number.to_le_bytes());
        if buffer.len() == AT_ONCE * 8 {
            to.write_all(&buffer)?;
            buffer.clear();
        }
    }
    to.write_all(&buffer)
}

fn write_words(to: &mut impl Write, words: &[u32]) -> Result<()> {
    to.write_all(&(words.len() as u64).to_le_bytes())?;
    let mut buffer = Vec::with_capacity(AT_ONCE * 4);
    for part in words.chunks(AT_ONCE) {
        buffer.clear();
        part.iter().for_each(|word| buffer.extend_from_slice(&word.to_le_bytes()));
        to.write_all(&buffer)?;
    }
    Ok(())
}

/// Each as its length and its bytes; one that is not there has the length of none.
fn write_texts(to: &mut impl Write, texts: impl Iterator<Item = Option<impl AsRef<str>>>) -> Result<()> {
    let (mut lengths, mut bytes) = (Vec::new(), Vec::new());
    for text in texts {
        lengths.push(text.as_ref().map_or(u32::MAX, |text| text.as_ref().len() as u32));
        bytes.extend_from_slice(text.as_ref().map_or("", AsRef::as_ref).as_bytes());
    }
    write_words(to, &lengths)?;
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    to.write_all(&bytes)
}

fn read_bytes(from: &mut impl Read, width: usize, mut take: impl FnMut(&[u8])) -> Result<()> {
    let mut count = [0; 8];
    from.read_exact(&mut count)?;
    let mut left = u64::from_le_bytes(count);
    // Never more room than was really read: a length that is a lie ends the reading, not the process.
    let mut buffer = vec![0; AT_ONCE * width];
    while left > 0 {
        let part = left.min(AT_ONCE as u64) as usize * width;
        from.read_exact(&mut buffer[..part])?;
        take(&buffer[..part]);
        left -= (part / width) as u64;
    }
    Ok(())
}

fn read_numbers(from: &mut impl Read) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    read_bytes(from, 8, |bytes| {
        numbers.extend(bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
    })?;
    numbers.shrink_to_fit();
    Ok(numbers)
}

fn read_words(from: &mut impl Read) -> Result<Vec<u32>> {
    let mut words = Vec::new();
    read_bytes(from, 4, |bytes| {
        words.extend(bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)));
    })?;
    words.shrink_to_fit();
    Ok(words)
}

fn read_texts(from: &mut impl Read) -> Result<Vec<Option<String>>> {
    let lengths = read_words(from)?;
    let mut bytes = Vec::new();
    read_bytes(from, 1, |part| bytes.extend_from_slice(part))?;
    let mut rest = &bytes[..];
    let mut texts = Vec::with_capacity(lengths.len());
    for length in lengths {
        if length == u32::MAX {
            texts.push(None);
            continue;
        }
        let (text, others) = rest.split_at_checked(length as usize).ok_or_else(|| bad("a text that ends too early"))?;
        rest = others;
        let text = std::str::from_utf8(text).map_err(|_| bad("a text that is none"))?;
        texts.push(Some(text.to_owned()));
    }
    Ok(texts)
}
