//! What the files of a database say of themselves before SQLite opens them: whether the log beside one is missing,
//! is another's, or is damaged. SQLite itself says nothing of that: it passes over what it cannot read of a log.
//!
//! The header of a database says whether it goes with a log (byte 18 is 2), and a clean end makes it one file that
//! does not (1). Formats: <https://www.sqlite.org/fileformat2.html>, sections 1.3 and 4.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use super::files::{beside, others_read};

/// What is wrong with the files at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileTrouble {
    /// The file goes with a log that is not there.
    WalMissing,
    /// The file was ended whole, so the log beside it is of another one; SQLite would write it into this one.
    WalStale,
    /// The file, which was ended whole, is shorter than its header says, or ends within a page.
    CutShort,
    /// The log's own header cannot be read, so nothing in it counts.
    WalHeader,
    /// A part of the log cannot be read; what was committed behind it does not count.
    WalDamaged {
        /// The first frame that cannot be read, from 1.
        frame: u64,
        /// The commits behind it.
        commits: u64,
    },
    /// The log ends in a frame that is not whole.
    WalCutOff,
    /// Others of this machine may read it.
    Readable,
}

impl FileTrouble {
    /// Whether what was stored may be missing, or would be spoilt by going on.
    pub fn is_serious(&self) -> bool {
        !matches!(self, FileTrouble::WalCutOff | FileTrouble::Readable)
    }

    /// What is wrong with the database at `path`, and what to do.
    pub fn words(&self, path: &Path) -> String {
        let path = path.display();
        match self {
            FileTrouble::WalMissing => format!(
                "{path} goes with {path}-wal, which is not there: it was copied while it was in use, or without its \
                 -wal, and what was stored last is missing; make copies with `throughline backup`, or put the -wal \
                 beside it. When another program ended it whole, starting and ending a server on it mends this"
            ),
            FileTrouble::WalStale => format!(
                "{path}-wal is of another file than {path}, which was ended whole, and would be written into it: move \
                 {path}-wal and {path}-shm away"
            ),
            FileTrouble::CutShort => format!(
                "{path} is cut off: it is shorter than it says of itself; put a backup back, or save what `sqlite3 FILE \
                 .recover` can read"
            ),
            FileTrouble::WalHeader => format!(
                "{path}-wal is damaged at its beginning: nothing of what is in it counts; put a backup back, or move \
                 it away to go on with what is in {path} alone"
            ),
            FileTrouble::WalDamaged { frame, commits } => format!(
                "{path}-wal is damaged at frame {frame}: the last {commits} commits in it do not count; put a backup \
                 back, or go on without them (after a power cut with [store] synchronous = \"normal\", or in the last \
                 commit, nothing can be done)"
            ),
            FileTrouble::WalCutOff => format!(
                "{path}-wal ends in a write that was cut off, as by a kill: nothing that was acknowledged is missing, \
                 unless the disk damaged it"
            ),
            FileTrouble::Readable => {
                format!("{path} can be read by others of this machine, and it is about people: chmod 600 {path}")
            }
        }
    }
}

/// What is wrong with the files at `path`. What is only so for a moment, while another process begins or ends, is not.
pub fn look(path: &Path) -> Vec<FileTrouble> {
    let mut found = look_once(path);
    for _ in 0..3 {
        if !found.iter().any(FileTrouble::is_serious) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        found = look_once(path);
    }
    found
}

fn look_once(path: &Path) -> Vec<FileTrouble> {
    let mut found = Vec::new();
    let wal = beside(path, "-wal");
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    match journal(path) {
        Some(2) if !wal.exists() => found.push(FileTrouble::WalMissing),
        Some(2) => found.extend(read_wal(&wal)),
        Some(1) if length(&wal) > WAL_HEADER => found.push(FileTrouble::WalStale),
        Some(1) if is_cut_short(path) => found.push(FileTrouble::CutShort),
        _ => {}
    }
    if others_read(path) == Some(true) {
        found.push(FileTrouble::Readable);
    }
    found
}

/// The form of the journal that a database's header names; `None` when it is no database.
fn journal(path: &Path) -> Option<u8> {
    let mut head = [0; 20];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    head.starts_with(b"SQLite format 3\0").then_some(head[18])
}

/// Whether a database that goes with no log ends before its end. SQLite takes what is missing of a page for zeros.
fn is_cut_short(path: &Path) -> bool {
    let mut head = [0; 100];
    let Ok(mut file) = File::open(path) else { return false };
    let (Ok(()), Ok(found)) = (file.read_exact(&mut head), file.metadata()) else { return false };
    let size = match word(&head, 14) & 0xffff {
        1 => 65_536,
        size => u64::from(size),
    };
    // The number of pages counts when it was written by whoever wrote last.
    let pages = if word(&head, 24) == word(&head, 92) { u64::from(word(&head, 28)) } else { 0 };
    size > 0 && (!found.len().is_multiple_of(size) || found.len() < size * pages)
}

const WAL_HEADER: u64 = 32;

/// Reads a log as SQLite does, and what is behind the place where SQLite stops.
fn read_wal(path: &Path) -> Option<FileTrouble> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).ok()?);
    let mut header = [0; WAL_HEADER as usize];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        // Nothing was committed to it.
        Err(_) => return None,
    }
    let magic = word(&header, 0);
    let big = magic & 1 == 1;
    let size = word(&header, 8);
    let mut sum = Sum { big, of: (0, 0) };
    sum.add(&header[..24]);
    let good_size = size.is_power_of_two() && (512..=65_536).contains(&size);
    if magic & !1 != 0x377f_0682 || !good_size || sum.of != (word(&header, 24), word(&header, 28)) {
        let mut rest = [0; 1];
        return file.read_exact(&mut rest).is_ok().then_some(FileTrouble::WalHeader);
    }
    let salt = &header[16..24];
    let mut frame = vec![0; 24 + size as usize];
    let (mut at, mut bad, mut commits, mut beyond) = (0_u64, None, 0_u64, 0_u64);
    loop {
        match file.read_exact(&mut frame) {
            Ok(()) => at += 1,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(_) => return Some(FileTrouble::WalDamaged { frame: at + 1, commits }),
        }
        // What an earlier round left has another salt: each has its own.
        let of_now = frame[8..16] == *salt;
        if bad.is_none() {
            sum.add(&frame[..8]);
            sum.add(&frame[24..]);
            if !of_now || sum.of != (word(&frame, 16), word(&frame, 20)) {
                bad = Some((at, of_now));
            }
        } else if of_now {
            beyond += 1;
            commits += u64::from(word(&frame, 4) != 0);
        }
    }
    match bad {
        Some((frame, _)) if commits > 0 => Some(FileTrouble::WalDamaged { frame, commits }),
        Some((_, of_now)) if of_now || beyond > 0 => Some(FileTrouble::WalCutOff),
        _ => None,
    }
}

/// The running sum over a log.
struct Sum {
    big: bool,
    of: (u32, u32),
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let read = |at: usize| {
            let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
            if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        let (mut a, mut b) = self.of;
        for at in (0..bytes.len()).step_by(8) {
            a = a.wrapping_add(read(at)).wrapping_add(b);
            b = b.wrapping_add(read(at + 4)).wrapping_add(a);
        }
        self.of = (a, b);
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
