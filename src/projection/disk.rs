//! The projection on disk: saved whole, read back only when it is undamaged and of this store.
//!
//! A file is a mark, a line of JSON that says what it is of, the columns, and a checksum over all of it.
//! It is written beside and renamed, so that there is a whole one at any time.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufReader, BufWriter, Error, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Crc;
use serde::{Deserialize, Serialize};

use crate::domain::change::ChangePlace;
use crate::journeys::Projection;
use crate::store::{Result, Store};

const MARK: &[u8; 8] = b"thrl-jp1";
/// The most that the line may take.
const LONGEST_LINE: u32 = 1 << 20;

/// What a saved projection is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Label {
    program: String,
    dimensions: Vec<Arc<str>>,
    /// The change that it is of.
    pub(super) change: i64,
    /// What the store's first change and this one were: another store has others, and so has this one when it
    /// was brought back from a backup and went on in another way.
    first: u64,
    last: u64,
}

impl Label {
    /// Of a projection as of `change`; `None` before anything was stored.
    pub(super) async fn of(store: &dyn Store, dimensions: &[Arc<str>], change: i64) -> Result<Option<Label>> {
        let (Some(first), Some(last)) = (seal(store, 1).await?, seal(store, change).await?) else { return Ok(None) };
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Some(Label { program, dimensions: dimensions.to_vec(), change, first, last }))
    }
}

/// What tells a change from that of another store with the same number. Customers' ids, which are random, are
/// in it sooner or later.
async fn seal(store: &dyn Store, seq: i64) -> Result<Option<u64>> {
    if seq < 1 {
        return Ok(None);
    }
    let run = store.changes(ChangePlace::behind(seq - 1), 1).await?;
    let Some(change) = run.changes.first() else {
        return Ok((run.upto.seq >= seq).then_some(0));
    };
    let mut hasher = DefaultHasher::new();
    (change.place.seq, change.at.0).hash(&mut hasher);
    serde_json::to_string(&change.entry).unwrap_or_default().hash(&mut hasher);
    Ok(Some(hasher.finish()))
}

/// Saves it, in place of what was there.
pub(super) fn save(path: &Path, label: &Label, projection: &Projection) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let beside = beside(path);
    // One that was left by a kill: what is made anew is for this user alone.
    let _ = std::fs::remove_file(&beside);
    let written = write(&beside, label, projection).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn write(path: &Path, label: &Label, projection: &Projection) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    // There are ids of customers in it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let mut summed = Summed { inner: BufWriter::with_capacity(1 << 20, &file), sum: Crc::new() };
    let line = serde_json::to_vec(label)?;
    summed.write_all(MARK)?;
    summed.write_all(&(line.len() as u32).to_le_bytes())?;
    summed.write_all(&line)?;
    projection.write_to(&mut summed)?;
    let sum = summed.sum.sum();
    let mut rest = summed.inner;
    rest.write_all(&sum.to_le_bytes())?;
    rest.flush()?;
    drop(rest);
    file.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// What the file at `path` says it is of. Nothing of it is believed yet but that there is one.
pub(super) fn label(path: &Path) -> io::Result<Label> {
    read_label(&mut BufReader::new(File::open(path)?))
}

/// Reads it back.
///
/// # Errors
/// Of the disk; [`InvalidData`](ErrorKind::InvalidData) when it is damaged or of another form.
pub(super) fn load(path: &Path) -> io::Result<Projection> {
    // All of it is summed up first: what is damaged is never looked into.
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let content = length.checked_sub(4).ok_or_else(|| damaged("too short"))?;
    let mut summed = Summed { inner: io::sink(), sum: Crc::new() };
    let mut reader = BufReader::with_capacity(1 << 20, &file);
    if io::copy(&mut reader.by_ref().take(content), &mut summed)? != content {
        return Err(damaged("too short"));
    }
    let mut sum = [0; 4];
    reader.read_exact(&mut sum)?;
    if u32::from_le_bytes(sum) != summed.sum.sum() {
        return Err(damaged("its checksum does not fit"));
    }
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?.take(content));
    read_label(&mut reader)?;
    Projection::read_from(&mut reader)
}

fn read_label(reader: &mut impl Read) -> io::Result<Label> {
    let mut mark = [0; 8];
    reader.read_exact(&mut mark)?;
    if mark != *MARK {
        return Err(damaged("not a saved projection of this version"));
    }
    let mut length = [0; 4];
    reader.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST_LINE {
        return Err(damaged("what it is of is too long to be true"));
    }
    let mut line = vec![0; length as usize];
    reader.read_exact(&mut line)?;
    serde_json::from_slice(&line).map_err(|_| damaged("it does not say what it is of"))
}

fn damaged(words: &str) -> Error {
    Error::new(ErrorKind::InvalidData, words)
}

/// Passes on what is written, and sums it up.
struct Summed<W> {
    inner: W,
    sum: Crc,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label_of(change: i64) -> Label {
        Label { program: "1".into(), dimensions: vec!["properties.x".into()], change, first: 1, last: 2 }
    }

    #[test]
    fn what_is_saved_is_read_back_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new").join("a.journeys");
        let projection = Projection::empty(Arc::new(["properties.x".into()]));
        save(&path, &label_of(3), &projection).expect("saved");
        save(&path, &label_of(4), &projection).expect("saved in its place");
        assert_eq!(label(&path).expect("a label"), label_of(4));
        assert_eq!(load(&path).expect("a projection").configured(), projection.configured());
        assert_eq!(std::fs::read_dir(path.parent().expect("a folder")).expect("files").count(), 1);
        let whole = std::fs::read(&path).expect("bytes");
        for at in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).expect("written");
            assert_eq!(load(&path).map(|_| ()).expect_err("damaged").kind(), ErrorKind::InvalidData, "{at}");
        }
        for length in [0, 3, 8, 12, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).expect("written");
            assert!(load(&path).is_err(), "{length}");
        }
    }
}
