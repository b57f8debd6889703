//! The id of a message, and a made id for an event without one.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::event::{Event, Origin};
use super::identifiers::is_lost;
use super::json::as_text;
use super::notes::{Notes, Weight};
use super::time;

/// Counts how often each content came in one file or one call. Equal rows may all be real events, so the second row
/// gets another id than the first, and the same file again gets the same ids.
///
/// Memory is limited. Up to 65,536 contents are counted exactly. Above this, counts move to a sketch of 32 MB
/// (count-min with conservative update: Estan and Varghese 2002, "New directions in traffic measurement and
/// accounting"). The sketch may count too high, but it never gives the same content the same number twice. This is
/// enough: a number must be different each time, and the same when the file is read again.
#[derive(Debug, Default)]
pub struct Occurrences {
    exact: FxHashMap<[u8; 16], u32>,
    sketch: Option<Box<[u32]>>,
}

impl Occurrences {
    const EXACT: usize = 1 << 16;
    const CELLS: usize = 1 << 22;

    /// The number of this occurrence of a content: 1 for the first, and greater each time.
    pub(crate) fn next(&mut self, content: [u8; 16]) -> u32 {
        if let Some(sketch) = &mut self.sketch {
            let cells = Self::cells(&content);
            let count = cells.map(|cell| sketch[cell]).into_iter().min().unwrap_or_default().saturating_add(1);
            for cell in cells {
                sketch[cell] = sketch[cell].max(count);
            }
            return count;
        }
        let count = self.exact.entry(content).or_default();
        *count += 1;
        let count = *count;
        if self.exact.len() >= Self::EXACT {
            let mut sketch = vec![0; 2 * Self::CELLS].into_boxed_slice();
            for (content, count) in self.exact.drain() {
                for cell in Self::cells(&content) {
                    // The larger count is kept, so the order of these moves does not matter.
                    sketch[cell] = sketch[cell].max(count);
                }
            }
            self.exact.shrink_to_fit();
            self.sketch = Some(sketch);
        }
        count
    }

    /// One cell in each of two rows. The bytes of a hash are random enough.
    fn cells(content: &[u8; 16]) -> [usize; 2] {
        let half = |at: usize| {
            let bytes: [u8; 4] = [content[at], content[at + 1], content[at + 2], content[at + 3]];
            u32::from_le_bytes(bytes) as usize % Self::CELLS
        };
        [half(0), Self::CELLS + half(4)]
    }
}

/// The event's `messageId`, if it is valid and not blocked; else an id made from its source, its content and the number
/// of this occurrence of the content. Content is everything except `sentAt` and `receivedAt`, which are about the
/// transport and not about the event. The order of fields makes no difference. When events come one by one, an event
/// without a time gets a unique id: two equal events are two. `None` is a fault, which is in the notes.
pub(crate) fn message_id(
    event: &Event<'_>,
    source: &str,
    origin: &Origin,
    occurrences: &mut Occurrences,
    notes: &mut Notes,
) -> Option<Arc<str>> {
    let faults = notes.faults.len();
    if let Some(given) = event.ids.id(Weight::Fault, "messageId", event.top.get("messageId"), notes) {
        return Some(given);
    }
    if notes.faults.len() > faults {
        return None;
    }
    if let Some(new_id) = origin.new_id.filter(|_| !time::is_given(event)) {
        return Some(format!("made-{}", new_id()).into());
    }
    let content = hash(event, source);
    let occurrence = occurrences.next(content);
    let mut id = Sha256::new();
    id.update(content);
    id.update(occurrence.to_le_bytes());
    Some(format!("made-{}", const_hex::encode(&id.finalize()[..16])).into())
}

fn hash(event: &Event<'_>, source: &str) -> [u8; 16] {
    let mut fields: Vec<_> = event
        .top
        .entries()
        .filter(|(name, value)| match name.as_ref() {
            "sentAt" | "receivedAt" => false,
            // Here the ids are still different.
            "messageId" => as_text(value).is_some_and(|id| is_lost(&id)),
            _ => true,
        })
        .collect();
    fields.sort_by(|a, b| a.0.cmp(b.0));
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    };
    add(source);
    for (name, value) in fields {
        add(name);
        add(value.get());
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(n: u32) -> [u8; 16] {
        let mut half = [0; 16];
        half.copy_from_slice(&Sha256::digest(n.to_le_bytes())[..16]);
        half
    }

    #[test]
    fn the_same_content_never_gets_the_same_number_twice() {
        let mut counts = Occurrences::default();
        let mut given = FxHashMap::<u32, Vec<u32>>::default();
        // Far above the number of exactly counted contents; each content comes again later.
        for round in 0..3 {
            for n in 0..100_000 {
                let number = counts.next(content(n));
                let before = given.entry(n).or_default();
                assert!(before.iter().all(|b| *b < number), "content {n}, round {round}");
                before.push(number);
            }
        }
        assert!(counts.sketch.is_some() && counts.exact.is_empty());
    }

    #[test]
    fn the_same_file_gets_the_same_numbers() {
        let numbers = || {
            let mut counts = Occurrences::default();
            (0..200_000_u32).map(|n| counts.next(content(n % 70_000))).collect::<Vec<_>>()
        };
        assert!(numbers() == numbers());
    }
}
