//! The folder of an export: its files, and what a killed export needs to go on.
//!
//! Rows are kept in memory until some mebibytes are there, and then appended to their files. After that, the length of
//! each file and the place in the store are saved in `export.state.json`. An export that goes on cuts each file to its
//! saved length and continues from the saved place. So a kill at any time costs only the work since the last save.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::columns::{Type, What};
use super::encode::{Format, Value};
use super::error::{ExportError, Result, at};
use super::{parquet, singer};
use crate::domain::{Amount, Currency, Timestamp};

const STATE: &str = "export.state.json";
const NEW_STATE: &str = "export.state.json.new";
const LOCK: &str = "export.lock";
const MANIFEST: &str = "manifest.json";
const NEW_MANIFEST: &str = "manifest.json.new";
/// Gathered rows from which files are made last.
const PART: &str = "part";
const SINGER: &str = "singer.ndjson";
const NEW_SINGER: &str = "singer.ndjson.new";
/// Rows are written when this many bytes are in memory.
const MOST_BYTES: usize = 8 << 20;
/// The place is saved at least this often.
const SAVE_EVERY: Duration = Duration::from_millis(500);

/// What decides the content of an export. An unfinished export goes on only with the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arguments {
    /// The format of the files.
    pub format: Format,
    /// The kinds of rows, each once, in the order of [`What::ALL`].
    pub what: Vec<What>,
    /// The cursor after which changes count, as the caller wrote it.
    pub since: Option<String>,
    /// The purpose.
    #[serde(default)]
    pub purpose: Option<String>,
}

/// The moment of an export, and its text for readers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct At {
    pub(super) change: i64,
    pub(super) at: i64,
    pub(super) cursor: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    version: u32,
    arguments: Arguments,
    moment: At,
    /// The place after which each pass goes on.
    places: BTreeMap<String, serde_json::Value>,
    /// The passes that are complete.
    done: Vec<String>,
    files: BTreeMap<String, Written>,
}

/// What is in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Written {
    what: What,
    rows: u64,
    bytes: u64,
    sums: Sums,
}

/// The sums of columns. Money is by currency.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Sums {
    numbers: BTreeMap<String, i64>,
    money: BTreeMap<String, BTreeMap<String, Amount>>,
}

/// The file that tells what an export holds.
#[derive(Debug, Serialize)]
struct Manifest<'m> {
    change: &'m str,
    at: String,
    format: Format,
    purpose: Option<&'m str>,
    since: Option<&'m str>,
    complete: bool,
    files: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    file: String,
    /// Null for a file with all kinds.
    what: Option<What>,
    rows: u64,
    bytes: u64,
    sha256: String,
    sums: serde_json::Map<String, serde_json::Value>,
}

/// What a finished export holds: rows of each kind, files and bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// The rows of each kind.
    pub rows: Vec<(What, u64)>,
    /// The number of files.
    pub files: usize,
    /// Their size.
    pub bytes: u64,
}

/// A folder that takes an export.
pub(super) struct Folder {
    path: PathBuf,
    state: State,
    /// Bytes that are not in their files yet.
    waiting: BTreeMap<String, Vec<u8>>,
    size: usize,
    saved: Instant,
    /// Locked while this process writes here.
    _lock: File,
}

/// What a folder is found to be.
pub(super) enum Found {
    /// Nothing is in it.
    Empty(Claimed),
    /// An unfinished export of the same arguments.
    Unfinished(Box<Folder>),
    /// An export of the same arguments that was killed after its last file was complete.
    Complete(Finished),
}

/// An empty folder that only this process writes to.
pub(super) struct Claimed {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Looks into the folder, which is created when it does not exist.
    pub(super) fn find(path: &Path, arguments: &Arguments) -> Result<Found> {
        fs::create_dir_all(path).map_err(at(path))?;
        let refused = |reason: &str| Err(ExportError::Call(format!("{}: {reason}", path.display())));
        let mut others = false;
        for entry in fs::read_dir(path).map_err(at(path))? {
            let name = entry.map_err(at(path))?.file_name();
            others |= name != LOCK && name != NEW_STATE;
        }
        let state = path.join(STATE);
        let text = match fs::read(&state) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(at(&state)(error)),
        };
        if text.is_none() && others {
            return refused("the folder is not empty, and holds no unfinished export: give an empty one");
        }
        let lock = path.join(LOCK);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock).map_err(at(&lock))?;
        if file.try_lock().is_err() {
            return refused("another export is writing to this folder");
        }
        let Some(text) = text else { return Ok(Found::Empty(Claimed { path: path.to_owned(), lock: file })) };
        let kept: State = serde_json::from_slice(&text).map_err(|error| ExportError::Damaged {
            path: state,
            reason: format!("not the state of an export of this version: {error}"),
        })?;
        if kept.arguments != *arguments {
            let what: Vec<&str> = kept.arguments.what.iter().map(|what| what.as_str()).collect();
            return refused(&format!(
                "holds an unfinished export with other arguments: --format {} --what {}{}",
                kept.arguments.format.as_str(),
                what.join(","),
                kept.arguments.since.iter().map(|since| format!(" --since {since}")).collect::<String>()
            ));
        }
        let folder = Folder {
            path: path.to_owned(),
            state: kept,
            waiting: BTreeMap::new(),
            size: 0,
            saved: Instant::now(),
            _lock: file,
        };
        if folder.is_complete()? {
            let finished = folder.finished()?;
            folder.clear()?;
            return Ok(Found::Complete(finished));
        }
        folder.cut()?;
        Ok(Found::Unfinished(Box::new(folder)))
    }

    /// Cuts each file to its saved length, and removes files that were begun after the save.
    fn cut(&self) -> Result<()> {
        for (name, written) in &self.state.files {
            let path = self.path.join(name);
            let file = OpenOptions::new().write(true).open(&path).map_err(at(&path))?;
            let found = file.metadata().map_err(at(&path))?.len();
            if found < written.bytes {
                let reason = format!(
                    "has {found} bytes of the {} that were written: begin again in an empty folder",
                    written.bytes
                );
                return Err(ExportError::Damaged { path, reason });
            }
            file.set_len(written.bytes).map_err(at(&path))?;
        }
        for what in &self.state.arguments.what {
            let names: Vec<String> = match what {
                What::Touchpoints => {
                    let folder = self.gathered(*what, Some(""));
                    let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
                    match fs::read_dir(self.path.join(folder)) {
                        Ok(entries) => entries
                            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                            .map(|name| format!("{folder}/{name}"))
                            .collect(),
                        Err(_) => Vec::new(),
                    }
                }
                _ => vec![self.gathered(*what, None)],
            };
            for name in names.into_iter().filter(|name| !self.state.files.contains_key(name)) {
                let path = self.path.join(name);
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(&path)(error)),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The moment of the export.
    pub(super) fn moment(&self) -> &At {
        &self.state.moment
    }

    /// The place after which a pass goes on; `None` before its first page.
    pub(super) fn place(&self, pass: &str) -> Option<serde_json::Value> {
        self.state.places.get(pass).cloned()
    }

    pub(super) fn is_done(&self, pass: &str) -> bool {
        self.state.done.iter().any(|done| done == pass)
    }

    /// The rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.state.files.values().map(|file| file.rows).sum()
    }

    /// Adds a row. `day` is the day of a touchpoint.
    pub(super) fn put(&mut self, what: What, day: Option<&str>, row: &[Value]) -> Result<()> {
        let format = self.state.arguments.format;
        let name = self.gathered(what, day);
        self.begin_file(what, &name)?;
        let Some((bytes, written)) = self.waiting.get_mut(&name).zip(self.state.files.get_mut(&name)) else {
            return Ok(());
        };
        let before = bytes.len();
        format.write(what, row, bytes);
        let length = bytes.len() - before;
        written.bytes += length as u64;
        written.rows += 1;
        written.sums.add(what, row);
        self.size += length;
        Ok(())
    }

    /// The name of the file that rows are appended to.
    fn gathered(&self, what: What, day: Option<&str>) -> String {
        let format = self.state.arguments.format;
        let (what, ending) = (what.as_str(), format.ending());
        let part = if format.is_made_last() { "part/" } else { "" };
        match day {
            Some(day) => format!("{part}{what}/{day}.{ending}"),
            None => format!("{part}{what}.{ending}"),
        }
    }

    /// Makes the entry of a file, with its head.
    fn begin_file(&mut self, what: What, name: &str) -> Result<()> {
        if !self.state.files.contains_key(name) {
            let path = self.path.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(at(folder))?;
            }
            File::create(&path).map_err(at(&path))?;
            let head = self.state.arguments.format.head(what).into_bytes();
            let written = Written { what, rows: 0, bytes: head.len() as u64, sums: Sums::default() };
            self.state.files.insert(name.to_owned(), written);
            self.size += head.len();
            self.waiting.insert(name.to_owned(), head);
        } else if !self.waiting.contains_key(name) {
            self.waiting.insert(name.to_owned(), Vec::new());
        }
        Ok(())
    }

    /// Takes note of the end of a page. `after` is the place of the next page; `None` at the end of the pass. Writes
    /// and saves from time to time.
    pub(super) fn turn(&mut self, pass: &str, after: Option<serde_json::Value>) -> Result<()> {
        match after {
            Some(place) => {
                self.state.places.insert(pass.to_owned(), place);
            }
            None => {
                self.state.places.remove(pass);
                self.state.done.push(pass.to_owned());
            }
        }
        if self.size >= MOST_BYTES || self.saved.elapsed() >= SAVE_EVERY { self.save() } else { Ok(()) }
    }

    /// Writes all rows, then the state.
    pub(super) fn save(&mut self) -> Result<()> {
        for (name, bytes) in std::mem::take(&mut self.waiting) {
            let path = self.path.join(name);
            let write = || OpenOptions::new().append(true).open(&path)?.write_all(&bytes);
            write().map_err(at(&path))?;
        }
        self.size = 0;
        self.write_whole(STATE, NEW_STATE, &self.state)?;
        self.saved = Instant::now();
        Ok(())
    }

    /// Writes a file under another name, and gives it its name when it is whole.
    fn write_whole(&self, name: &str, new: &str, content: &impl Serialize) -> Result<()> {
        let path = self.path.join(new);
        let write = || {
            let mut file = File::create(&path)?;
            let mut text = serde_json::to_vec_pretty(content).map_err(io::Error::other)?;
            text.push(b'\n');
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&path, self.path.join(name))
        };
        write().map_err(at(&path))
    }

    /// Writes the manifest of an export that is not complete.
    fn write_unfinished(&self) -> Result<()> {
        self.write_whole(MANIFEST, NEW_MANIFEST, &self.manifest(false, Vec::new()))
    }

    fn manifest(&self, complete: bool, files: Vec<Listed>) -> Manifest<'_> {
        Manifest {
            change: &self.state.moment.cursor,
            at: Timestamp(self.state.moment.at).to_string(),
            format: self.state.arguments.format,
            purpose: self.state.arguments.purpose.as_deref(),
            since: self.state.arguments.since.as_deref(),
            complete,
            files,
        }
    }

    /// Makes the files that are made last, and every row safe on disk; writes the manifest and removes the state.
    pub(super) fn finish(mut self) -> Result<Finished> {
        // A kind without rows has a file too; days without touchpoints have none.
        for what in self.state.arguments.what.clone() {
            if what != What::Touchpoints {
                self.begin_file(what, &self.gathered(what, None))?;
            }
        }
        self.save()?;
        let listed = match self.state.arguments.format {
            Format::Ndjson | Format::Csv => self.list_gathered()?,
            Format::Parquet => self.make_parquet()?,
            Format::Singer => self.make_singer()?,
        };
        self.write_whole(MANIFEST, NEW_MANIFEST, &self.manifest(true, listed))?;
        let finished = self.finished()?;
        self.clear()?;
        Ok(finished)
    }

    fn list_gathered(&self) -> Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for (name, written) in &self.state.files {
            let path = self.path.join(name);
            let (bytes, sha256) = digest(&path).map_err(at(&path))?;
            if bytes != written.bytes {
                let reason = format!("has {bytes} bytes, and {} were written", written.bytes);
                return Err(ExportError::Damaged { path, reason });
            }
            let Written { what, rows, sums, .. } = written.clone();
            listed.push(Listed { file: name.clone(), what: Some(what), rows, bytes, sha256, sums: sums.shown() });
        }
        Ok(listed)
    }

    fn make_parquet(&self) -> Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for (name, Written { what, rows, sums, .. }) in &self.state.files {
            let stem = name.strip_prefix("part/").unwrap_or(name);
            let file = format!("{}.parquet", stem.strip_suffix(".ndjson").unwrap_or(stem));
            let (path, new) = (self.path.join(&file), self.path.join(format!("{file}.new")));
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(at(folder))?;
            }
            let from = self.read_gathered(name)?;
            let into = File::create(&new).map_err(at(&new))?;
            parquet::write(*what, from, into).map_err(at(&new))?;
            let (bytes, sha256) = digest(&new).map_err(at(&new))?;
            fs::rename(&new, &path).map_err(at(&path))?;
            listed.push(Listed { file, what: Some(*what), rows: *rows, bytes, sha256, sums: sums.shown() });
        }
        Ok(listed)
    }

    fn make_singer(&self) -> Result<Vec<Listed>> {
        let (path, new) = (self.path.join(SINGER), self.path.join(NEW_SINGER));
        let mut into = BufWriter::new(File::create(&new).map_err(at(&new))?);
        let mut sums = serde_json::Map::new();
        let mut rows = 0;
        for what in &self.state.arguments.what {
            singer::write_schema(*what, &mut into).map_err(at(&new))?;
            let mut sum = Sums::default();
            for (name, written) in self.state.files.iter().filter(|(_, written)| written.what == *what) {
                singer::write_records(*what, self.read_gathered(name)?, &mut into).map_err(at(&new))?;
                rows += written.rows;
                sum.add_all(&written.sums);
            }
            sums.insert(what.as_str().to_owned(), sum.shown().into());
        }
        singer::write_state(&self.state.moment.cursor, &mut into).map_err(at(&new))?;
        into.flush().map_err(at(&new))?;
        let (bytes, sha256) = digest(&new).map_err(at(&new))?;
        fs::rename(&new, &path).map_err(at(&path))?;
        Ok(vec![Listed { file: SINGER.to_owned(), what: None, rows, bytes, sha256, sums }])
    }

    fn read_gathered(&self, name: &str) -> Result<BufReader<File>> {
        let path = self.path.join(name);
        Ok(BufReader::with_capacity(1 << 16, File::open(&path).map_err(at(&path))?))
    }

    /// Whether the manifest says that all is there.
    fn is_complete(&self) -> Result<bool> {
        match self.read_manifest() {
            Ok(manifest) => Ok(manifest["complete"] == true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at(&self.path.join(MANIFEST))(error)),
        }
    }

    fn read_manifest(&self) -> io::Result<serde_json::Value> {
        Ok(serde_json::from_slice(&fs::read(self.path.join(MANIFEST))?)?)
    }

    /// The rows of each kind, and the files of the manifest.
    fn finished(&self) -> Result<Finished> {
        let manifest = self.read_manifest().map_err(at(&self.path.join(MANIFEST)))?;
        let files = manifest["files"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut rows: BTreeMap<What, u64> = self.state.arguments.what.iter().map(|what| (*what, 0)).collect();
        for written in self.state.files.values() {
            *rows.entry(written.what).or_default() += written.rows;
        }
        let bytes = files.iter().filter_map(|file| file["bytes"].as_u64()).sum();
        Ok(Finished { rows: rows.into_iter().collect(), files: files.len(), bytes })
    }

    /// Removes all that a complete export does not need.
    fn clear(&self) -> Result<()> {
        let gone = |path: &Path, done: io::Result<()>| match done {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(at(path)(error)),
            _ => Ok(()),
        };
        let part = self.path.join(PART);
        gone(&part, fs::remove_dir_all(&part))?;
        for name in [STATE, LOCK] {
            let path = self.path.join(name);
            gone(&path, fs::remove_file(&path))?;
        }
        Ok(())
    }
}

impl Claimed {
    /// Begins an export.
    pub(super) fn begin(self, arguments: Arguments, moment: At) -> Result<Folder> {
        let state =
            State { version: 1, arguments, moment, places: BTreeMap::new(), done: Vec::new(), files: BTreeMap::new() };
        let mut folder = Folder {
            path: self.path,
            state,
            waiting: BTreeMap::new(),
            size: 0,
            saved: Instant::now(),
            _lock: self.lock,
        };
        folder.save()?;
        folder.write_unfinished()?;
        Ok(folder)
    }

    /// Leaves the folder as it was found.
    pub(super) fn leave(self) {
        // When this fails, the next export finds the lock file and takes it.
        let _ = fs::remove_file(self.path.join(LOCK));
    }
}

impl Sums {
    fn add(&mut self, what: What, row: &[Value]) {
        let columns = what.columns();
        for (column, value) in columns.iter().zip(row).filter(|(column, _)| column.summed) {
            match value {
                Value::Integer(number) => {
                    let sum = match self.numbers.get_mut(column.name) {
                        Some(sum) => sum,
                        None => self.numbers.entry(column.name.to_owned()).or_default(),
                    };
                    *sum = sum.saturating_add(*number);
                }
                Value::Decimal(amount, _) => {
                    let currency = columns.iter().zip(row).find_map(|(column, value)| match value {
                        Value::Text(text) if column.name == "currency" => Some(&**text),
                        _ => None,
                    });
                    let by_currency = self.money.entry(column.name.to_owned()).or_default();
                    *by_currency.entry(currency.unwrap_or("XXX").to_owned()).or_default() += *amount;
                }
                _ => debug_assert!(!matches!(column.of, Type::Integer | Type::Decimal), "{} has none", column.name),
            }
        }
    }

    /// Adds the sums of another file.
    fn add_all(&mut self, other: &Sums) {
        for (name, number) in &other.numbers {
            let sum = self.numbers.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*number);
        }
        for (name, by_currency) in &other.money {
            let sums = self.money.entry(name.clone()).or_default();
            for (currency, amount) in by_currency {
                *sums.entry(currency.clone()).or_default() += *amount;
            }
        }
    }

    /// As the manifest shows them.
    fn shown(&self) -> serde_json::Map<String, serde_json::Value> {
        let numbers = self.numbers.iter().map(|(name, sum)| (name.clone(), (*sum).into()));
        let money = self.money.iter().map(|(name, by_currency)| {
            let shown: serde_json::Map<String, serde_json::Value> = by_currency
                .iter()
                .map(|(currency, sum)| {
                    let digits = Currency(currency.as_str().into()).digits();
                    (currency.clone(), sum.to_text(digits).into())
                })
                .collect();
            (name.clone(), shown.into())
        });
        numbers.chain(money).collect()
    }
}

/// The length and the hash of a file, once it is safe on disk.
fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    file.sync_all()?;
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut bytes = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut bytes)?;
        if read == 0 {
            return Ok((length, const_hex::encode(hash.finalize())));
        }
        hash.update(&bytes[..read]);
        length += read as u64;
    }
}
