//! Checks the files of a database before SQLite opens them: whether the log of the file is missing, belongs to another
//! file, or is damaged. SQLite does not report this: it ignores the parts of a log that it cannot read.
//!
//! Byte 18 of a database's header says whether the database has a log (2) or not (1). A clean end makes it one file
//! without a log. Formats: <https://www.sqlite.org/fileformat2.html>, sections 1.3 and 4.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use super::files::{beside, others_read};

/// What is wrong with the files at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileTrouble {
    /// The file needs a log, and the log is missing.
    WalMissing,
    /// The file was closed cleanly, so the log beside it belongs to another file. SQLite would write this log into the
    /// file.
    WalStale,
    /// The file was closed cleanly, but it is shorter than its header says, or ends within a page.
    CutShort,
    /// The log's header cannot be read, so SQLite ignores the whole log.
    WalHeader,
    /// A part of the log cannot be read, so SQLite ignores the commits after it.
    WalDamaged {
        /// The number of the first frame that cannot be read, from 1.
        frame: u64,
        /// The number of commits after it.
        commits: u64,
    },
    /// The log ends in an incomplete frame.
    WalCutOff,
    /// Other users of this machine may read the files.
    Readable,
}

impl FileTrouble {
    /// Whether stored data may be missing, or would be damaged by further writes.
    pub fn is_serious(&self) -> bool {
        !matches!(self, FileTrouble::WalCutOff | FileTrouble::Readable)
    }

    /// What is wrong with the database at `path`, and how to repair it.
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

/// What is wrong with the files at `path`. It ignores a state that lasts only a moment, while another process opens or
/// closes the files.
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

/// The journal mode in a database's header; `None` when the file is not a database.
fn journal(path: &Path) -> Option<u8> {
    let mut head = [0; 20];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    head.starts_with(b"SQLite format 3\0").then_some(head[18])
}

/// Whether a database without a log is too short. SQLite reads the missing part of a page as zeros.
fn is_cut_short(path: &Path) -> bool {
    let mut head = [0; 100];
    let Ok(mut file) = File::open(path) else { return false };
    let (Ok(()), Ok(found)) = (file.read_exact(&mut head), file.metadata()) else { return false };
    let size = match word(&head, 14) & 0xffff {
        1 => 65_536,
        size => u64::from(size),
    };
    // The number of pages is valid only when the last writer wrote it.
    let pages = if word(&head, 24) == word(&head, 92) { u64::from(word(&head, 28)) } else { 0 };
    size > 0 && (!found.len().is_multiple_of(size) || found.len() < size * pages)
}

const WAL_HEADER: u64 = 32;

/// Reads a log as SQLite does, and also the part after the place where SQLite stops.
fn read_wal(path: &Path) -> Option<FileTrouble> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).ok()?);
    let mut header = [0; WAL_HEADER as usize];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        // The log has no commit.
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
        // Frames of an earlier use of the log have another salt.
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

/// The running checksum over a log.
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
