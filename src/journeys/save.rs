//! A projection as bytes and back: flat columns, little-endian, one section after the other.
//!
//! The caller protects the bytes: it adds a checksum and the change that the projection is of.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::sync::Arc;

use super::base::{Base, Columns, EncodedConsent, Ids, Memberships};
use super::dictionary::{Dictionary, Net, PackedOrders};
use super::dimension::{Dimension, FIXED};
use super::projection::Projection;
use crate::domain::consent::ConsentStatus;
use crate::domain::{Amount, Currency};

/// The format and its version. It changes when the layout or a hash in it changes.
const FORMAT: u64 = 0x544C_4A50_0000_0003;

/// A status is saved as its index.
const STATUSES: [ConsentStatus; 5] = [
    ConsentStatus::Granted,
    ConsentStatus::Unknown,
    ConsentStatus::Expired,
    ConsentStatus::Denied,
    ConsentStatus::Revoked,
];

impl Projection {
    /// Writes it, with its delta folded in.
    ///
    /// # Errors
    /// Errors of the writer.
    pub fn write_to(&self, to: &mut impl Write) -> Result<()> {
        if self.pending() > 0 {
            return self.fold(1).write_to(to);
        }
        write_numbers(to, [FORMAT].into_iter())?;
        write_dictionary(to, &self.dictionary)?;
        write_orders(to, &self.orders.all())?;
        write_columns(to, &self.base)?;
        write_consents(to, &self.base)
    }

    /// Reads what [`write_to`](Projection::write_to) wrote.
    ///
    /// # Errors
    /// Errors of the reader; [`InvalidData`](ErrorKind::InvalidData) when it is not a projection of this version.
    pub fn read_from(from: &mut impl Read) -> Result<Projection> {
        if read_numbers(from)? != [FORMAT] {
            return Err(bad("not a projection of this version"));
        }
        let dictionary = read_dictionary(from)?;
        let orders = read_orders(from, &dictionary)?;
        let (rows, memberships) = read_columns(from, &dictionary, orders.len())?;
        let consents = read_consents(from, &dictionary)?;
        Ok(Projection::of(Base::of(rows, memberships, consents), dictionary, PackedOrders::of(&orders)))
    }
}

// A reader of a section checks every number that is used as an index. Other damage is found by the checksum.

/// The names of the configured dimensions; the values of all kinds; purposes; channels of consents; currencies.
fn write_dictionary(to: &mut impl Write, dictionary: &Dictionary) -> Result<()> {
    let kinds = &dictionary.kinds;
    write_texts(to, kinds.configured().iter().map(|text| Some(&**text)))?;
    let width = FIXED.len() + kinds.configured().len();
    let dimensions = || (0..width).map(Dimension::at);
    write_texts(to, (0..kinds.len() as u32).flat_map(|code| dimensions().map(move |of| kinds.value(code, of))))?;
    write_texts(to, dictionary.purposes.iter().map(|text| Some(&**text)))?;
    write_texts(to, dictionary.channels.iter().map(|text| Some(&**text)))?;
    write_texts(to, dictionary.currencies.iter().map(|currency| Some(&*currency.0)))
}

fn read_dictionary(from: &mut impl Read) -> Result<Dictionary> {
    let configured: Option<Arc<[Arc<str>]>> = read_texts(from)?.into_iter().map(|text| Some(text?.into())).collect();
    let mut dictionary = Dictionary::new(configured.ok_or_else(|| bad("a dimension without a name"))?);
    let width = FIXED.len() + dictionary.kinds.configured().len();
    for (n, values) in read_texts(from)?.chunks(width).enumerate() {
        let values: Vec<_> = values.iter().map(Option::as_deref).collect();
        if values.len() != width || dictionary.kinds.code_of_values(&values) != n as u32 {
            return Err(bad("kinds of touchpoint that are incomplete or not distinct"));
        }
    }
    dictionary.purposes = read_texts(from)?.into_iter().flatten().map(Arc::from).collect();
    dictionary.channels = read_texts(from)?.into_iter().flatten().map(Arc::from).collect();
    dictionary.currencies = read_texts(from)?.into_iter().flatten().map(|text| Currency(text.into())).collect();
    Ok(dictionary)
}

/// Hashes; currencies, where 0 is an order without a net; the low and the high halves of amounts.
fn write_orders(to: &mut impl Write, orders: &[(u64, Option<Net>)]) -> Result<()> {
    write_numbers(to, orders.iter().map(|(hash, _)| *hash))?;
    let currency = |net: &Net| u64::from(net.currency) + 1;
    write_numbers(to, orders.iter().map(|(_, net)| net.as_ref().map_or(0, currency)))?;
    let amounts = orders.iter().map(|(_, net)| net.map_or(0, |net| net.amount.0));
    write_numbers(to, amounts.clone().map(|amount| amount as u64))?;
    write_numbers(to, amounts.map(|amount| (amount >> 64) as u64))
}

fn read_orders(from: &mut impl Read, dictionary: &Dictionary) -> Result<Vec<(u64, Option<Net>)>> {
    let (hashes, currencies) = (read_numbers(from)?, read_numbers(from)?);
    let (low, high) = (read_numbers(from)?, read_numbers(from)?);
    same(&[hashes.len(), currencies.len(), low.len(), high.len()])?;
    below(currencies.iter().copied(), dictionary.currencies.len() + 1)?;
    let amounts = low.iter().zip(&high).map(|(low, high)| i128::from(*high as i64) << 64 | i128::from(*low));
    let net = |(currency, amount): (&u64, i128)| {
        (*currency > 0).then(|| Net { currency: (*currency - 1) as u16, amount: Amount(amount) })
    };
    Ok(hashes.into_iter().zip(currencies.iter().zip(amounts).map(net)).collect())
}

/// The columns of touchpoints and of memberships: first those of 64 bits, then those of 32 bits, then customer ids.
fn write_columns(to: &mut impl Write, base: &Base) -> Result<()> {
    let Base { rows, memberships, .. } = base;
    for column in [&rows.at, &rows.arrival, &rows.owners] {
        write_numbers(to, column.iter().map(|number| *number as u64))?;
    }
    let mut members: Vec<(i64, u32)> = base.members().collect();
    members.sort_unstable();
    write_numbers(to, members.iter().map(|(identifier, _)| *identifier as u64))?;
    write_numbers(to, rows.session_keys.iter().copied())?;
    for column in [&rows.kind, &rows.session, &rows.starts, &rows.order_rows, &rows.order_of] {
        write_words(to, column)?;
    }
    write_words(to, &members.iter().map(|(_, customer)| *customer).collect::<Vec<_>>())?;
    write_texts(to, memberships.customers.iter().map(|id| Some(id.0)))
}

fn read_columns(from: &mut impl Read, dictionary: &Dictionary, orders: usize) -> Result<(Columns, Memberships)> {
    let (at, arrival) = (read_signed(from)?, read_signed(from)?);
    let (owners, members) = (read_signed(from)?, read_signed(from)?);
    let session_keys = read_numbers(from)?;
    let (kind, session, starts) = (read_words(from)?, read_words(from)?, read_words(from)?);
    let (order_rows, order_of, member_of) = (read_words(from)?, read_words(from)?, read_words(from)?);
    let customers = read_texts(from)?;
    let customers = Ids::of(customers.iter().flatten().map(String::as_str));

    let size = at.len();
    same(&[size, arrival.len(), kind.len()])?;
    if !session.is_empty() {
        same(&[size, session.len()])?;
    }
    same(&[owners.len() + 1, starts.len()])?;
    same(&[order_rows.len(), order_of.len()])?;
    same(&[members.len(), member_of.len()])?;
    below(kind.iter().copied().map(u64::from), dictionary.kinds.len())?;
    below(session.iter().copied().map(u64::from), session_keys.len())?;
    below(order_of.iter().copied().map(u64::from), orders)?;
    below(member_of.iter().copied().map(u64::from), customers.len())?;
    if !starts.is_sorted() || starts.last().is_some_and(|end| *end as usize != size) {
        return Err(bad("touchpoints without an owner"));
    }
    let rows = Columns { at, arrival, kind, session, session_keys, owners, starts, order_rows, order_of };
    Ok((rows, Memberships { customers, members, member_of }))
}

/// Identifiers; channel, purpose and status in one number; the time of expiry with its highest bit flipped, where 0 is never.
fn write_consents(to: &mut impl Write, base: &Base) -> Result<()> {
    let consents = &base.consents;
    write_numbers(to, consents.iter().map(|(identifier, _)| identifier as u64))?;
    let index = |status| STATUSES.iter().position(|own| *own == status).unwrap_or_default() as u64;
    let decision = |consent: EncodedConsent| {
        u64::from(consent.channel) << 24 | u64::from(consent.purpose) << 8 | index(consent.status)
    };
    write_numbers(to, consents.iter().map(|(_, consent)| decision(consent)))?;
    write_numbers(to, consents.iter().map(|(_, consent)| consent.expires_at.map_or(0, |at| at as u64 ^ 1 << 63)))
}

fn read_consents(from: &mut impl Read, dictionary: &Dictionary) -> Result<Vec<(i64, EncodedConsent)>> {
    let (identifiers, decisions, ends) = (read_signed(from)?, read_numbers(from)?, read_numbers(from)?);
    same(&[identifiers.len(), decisions.len(), ends.len()])?;
    below(decisions.iter().map(|decision| decision & 0xff), STATUSES.len())?;
    below(decisions.iter().map(|decision| decision >> 24), dictionary.channels.len() + 1)?;
    let consents = decisions.iter().zip(&ends).map(|(decision, end)| EncodedConsent {
        purpose: (decision >> 8) as u16,
        channel: (decision >> 24) as u16,
        status: STATUSES[(decision & 0xff) as usize],
        expires_at: (*end != 0).then_some((*end ^ 1 << 63) as i64),
    });
    Ok(identifiers.into_iter().zip(consents).collect())
}

fn bad(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

fn same(lengths: &[usize]) -> Result<()> {
    if lengths.windows(2).all(|pair| pair[0] == pair[1]) { Ok(()) } else { Err(bad("columns of different lengths")) }
}

fn below(mut numbers: impl Iterator<Item = u64>, end: usize) -> Result<()> {
    if numbers.all(|number| number < end as u64) { Ok(()) } else { Err(bad("a number out of range")) }
}

/// The number of numbers in a buffer.
const BUFFER: usize = 8_192;

fn write_numbers(to: &mut impl Write, numbers: impl Iterator<Item = u64> + Clone) -> Result<()> {
    let count = numbers.clone().count();
    to.write_all(&(count as u64).to_le_bytes())?;
    let mut buffer = Vec::with_capacity(BUFFER * 8);
    for number in numbers {
        buffer.extend_from_slice(&number.to_le_bytes());
        if buffer.len() == BUFFER * 8 {
            to.write_all(&buffer)?;
            buffer.clear();
        }
    }
    to.write_all(&buffer)
}

fn write_words(to: &mut impl Write, words: &[u32]) -> Result<()> {
    to.write_all(&(words.len() as u64).to_le_bytes())?;
    let mut buffer = Vec::with_capacity(BUFFER * 4);
    for part in words.chunks(BUFFER) {
        buffer.clear();
        part.iter().for_each(|word| buffer.extend_from_slice(&word.to_le_bytes()));
        to.write_all(&buffer)?;
    }
    Ok(())
}

/// All lengths, then all bytes. A missing text has the length `u32::MAX`.
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
    // The memory grows with what was really read: a wrong length ends the reading, not the process.
    let mut buffer = vec![0; BUFFER * width];
    while left > 0 {
        let part = left.min(BUFFER as u64) as usize * width;
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

fn read_signed(from: &mut impl Read) -> Result<Vec<i64>> {
    Ok(read_numbers(from)?.into_iter().map(|number| number as i64).collect())
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
        let text = std::str::from_utf8(text).map_err(|_| bad("a text that is not UTF-8"))?;
        texts.push(Some(text.to_owned()));
    }
    Ok(texts)
}
