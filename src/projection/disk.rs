//! Saves the projection to disk, and loads it only when the file is not damaged and is from this store.
//!
//! A file is a magic number, a header in JSON, the columns, and a checksum over all of it. It is written to a temporary
//! file and renamed, so there is always a complete file.

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

const MAGIC: &[u8; 8] = b"thrl-jp1";
/// The maximum length of the header.
const MAX_HEADER: u32 = 1 << 20;

/// What identifies a saved projection: it must equal the header that the store would get now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    program: String,
    dimensions: Vec<Arc<str>>,
    /// The change that it is as of.
    pub(super) change: i64,
    /// Fingerprints of the store's first change and of this one. They differ in another store, and in this store when it
    /// was restored from a backup and other changes followed.
    first: u64,
    last: u64,
}

impl Header {
    /// The header of a projection as of `change`; `None` when the store has no changes.
    pub(super) async fn of(store: &dyn Store, dimensions: &[Arc<str>], change: i64) -> Result<Option<Header>> {
        let (Some(first), Some(last)) = (fingerprint(store, 1).await?, fingerprint(store, change).await?) else {
            return Ok(None);
        };
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Some(Header { program, dimensions: dimensions.to_vec(), change, first, last }))
    }
}

/// A hash of a change, which differs from that of another store's change with the same number. It covers the ids of
/// customers, which are random, as soon as a change names one.
async fn fingerprint(store: &dyn Store, seq: i64) -> Result<Option<u64>> {
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

/// Saves the projection, and replaces the file.
pub(super) fn save(path: &Path, header: &Header, projection: &Projection) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let temporary = temporary(path);
    // A process that was killed may have left a file. A new file gets the permissions for this user only.
    let _ = std::fs::remove_file(&temporary);
    let written = write(&temporary, header, projection).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn write(path: &Path, header: &Header, projection: &Projection) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    // The file has ids of customers.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let mut stream = CrcStream { inner: BufWriter::with_capacity(1 << 20, &file), sum: Crc::new() };
    let line = serde_json::to_vec(header)?;
    stream.write_all(MAGIC)?;
    stream.write_all(&(line.len() as u32).to_le_bytes())?;
    stream.write_all(&line)?;
    projection.write_to(&mut stream)?;
    let sum = stream.sum.sum();
    let mut rest = stream.inner;
    rest.write_all(&sum.to_le_bytes())?;
    rest.flush()?;
    drop(rest);
    file.sync_all()
}

/// Where a save writes, before the file gets its name.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// The header of a file. The file is not verified yet.
pub(super) fn header(path: &Path) -> io::Result<Header> {
    read_header(&mut BufReader::new(File::open(path)?))
}

/// Loads a saved projection.
///
/// # Errors
/// Errors of the disk; [`InvalidData`](ErrorKind::InvalidData) when the file is damaged or has another format.
pub(super) fn load(path: &Path) -> io::Result<Projection> {
    // The checksum of the whole file is verified before anything is parsed.
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let content = length.checked_sub(4).ok_or_else(|| damaged("too short"))?;
    let mut stream = CrcStream { inner: io::sink(), sum: Crc::new() };
    let mut reader = BufReader::with_capacity(1 << 20, &file);
    if io::copy(&mut reader.by_ref().take(content), &mut stream)? != content {
        return Err(damaged("too short"));
    }
    let mut sum = [0; 4];
    reader.read_exact(&mut sum)?;
    if u32::from_le_bytes(sum) != stream.sum.sum() {
        return Err(damaged("its checksum does not fit"));
    }
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?.take(content));
    read_header(&mut reader)?;
    Projection::read_from(&mut reader)
}

fn read_header(reader: &mut impl Read) -> io::Result<Header> {
    let mut magic = [0; 8];
    reader.read_exact(&mut magic)?;
    if magic != *MAGIC {
        return Err(damaged("not a saved projection of this version"));
    }
    let mut length = [0; 4];
    reader.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err(damaged("its header is too long"));
    }
    let mut line = vec![0; length as usize];
    reader.read_exact(&mut line)?;
    serde_json::from_slice(&line).map_err(|_| damaged("its header is not valid"))
}

fn damaged(words: &str) -> Error {
    Error::new(ErrorKind::InvalidData, words)
}

/// A writer that passes bytes on and computes their checksum.
struct CrcStream<W> {
    inner: W,
    sum: Crc,
}

impl<W: Write> Write for CrcStream<W> {
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

    fn header_of(change: i64) -> Header {
        Header { program: "1".into(), dimensions: vec!["properties.x".into()], change, first: 1, last: 2 }
    }

    #[test]
    fn a_saved_projection_is_loaded_and_a_damaged_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new").join("a.journeys");
        let projection = Projection::empty(Arc::new(["properties.x".into()]));
        save(&path, &header_of(3), &projection).expect("saved");
        save(&path, &header_of(4), &projection).expect("saved in its place");
        assert_eq!(header(&path).expect("a header"), header_of(4));
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
