//! Cuts a file into lines, some hundred kilobytes at a time, for any length of the file and of the lines.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

/// The most bytes of a line. A longer line is skipped and not kept in memory.
pub(crate) const LONGEST_LINE: usize = 1 << 20;
/// A chunk is handed on when it has this many bytes, or when the next read might wait.
const CHUNK: usize = 256 << 10;

/// An open input.
pub(crate) struct Input {
    source: Box<dyn Read + Send>,
    /// Bytes read so far, before they are unpacked.
    pub(crate) position: Arc<AtomicU64>,
    /// Its length, if known.
    pub(crate) length: Option<u64>,
}

impl Input {
    /// Opens a file.
    pub(crate) fn file(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        Ok(Self::new(file, about.is_file().then_some(about.len())))
    }

    /// Takes standard input.
    pub(crate) fn stdin() -> Self {
        Self::new(io::stdin(), None)
    }

    pub(crate) fn new(source: impl Read + Send + 'static, length: Option<u64>) -> Self {
        let position = Arc::new(AtomicU64::new(0));
        let source = Counted { source, position: position.clone() };
        Input { source: Box::new(source), position, length }
    }

    /// The input as bytes. An input that begins like gzip is unpacked.
    pub(crate) fn reader(self) -> io::Result<Box<dyn BufRead>> {
        let mut packed = BufReader::with_capacity(CHUNK, self.source);
        let is_gzip = packed.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        Ok(if is_gzip {
            Box::new(BufReader::with_capacity(CHUNK, MultiGzDecoder::new(packed)))
        } else {
            Box::new(packed)
        })
    }

    /// Cuts the input into chunks of whole lines, until `take` ends this. An input that begins like gzip is unpacked.
    ///
    /// # Errors
    /// When a read fails. The chunks before were handed on.
    pub(crate) fn chunks(self, mut take: impl FnMut(Chunk) -> bool) -> io::Result<()> {
        let mut packed = BufReader::with_capacity(CHUNK, self.source);
        let is_gzip = packed.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        if is_gzip {
            // A file may be several gzip streams, one after the other.
            split(&mut BufReader::with_capacity(CHUNK, MultiGzDecoder::new(packed)), &mut take)
        } else {
            split(&mut packed, &mut take)
        }
    }
}

/// Consecutive lines.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// The number of the first line, from 1.
    pub(crate) first_line: u64,
    bytes: Vec<u8>,
    /// The end of each line in `bytes`; `None` for a line that was too long.
    ends: Vec<Option<usize>>,
}

impl Chunk {
    /// Each line with its number, without its line end; `None` for a line that was too long.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (u64, Option<&[u8]>)> {
        let mut begin = 0;
        self.ends.iter().enumerate().map(move |(i, end)| {
            let line = end.map(|end| {
                let line = &self.bytes[begin..end];
                begin = end;
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                line.strip_suffix(b"\r").unwrap_or(line)
            });
            (self.first_line + i as u64, line)
        })
    }
}

fn split<R: Read>(source: &mut BufReader<R>, take: &mut impl FnMut(Chunk) -> bool) -> io::Result<()> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let mut chunk = Chunk { first_line: 1, ..Chunk::default() };
    // The most bytes of a line with its line end.
    let most = LONGEST_LINE + 2;
    let outcome = loop {
        let begin = chunk.bytes.len();
        let read = match source.by_ref().take(most as u64).read_until(b'\n', &mut chunk.bytes) {
            Ok(read) => read,
            Err(fault) => {
                // Half a line is not a line.
                chunk.bytes.truncate(begin);
                break Err(fault);
            }
        };
        if read == 0 {
            break Ok(());
        }
        if chunk.first_line == 1 && chunk.ends.is_empty() && chunk.bytes.starts_with(BYTE_ORDER_MARK) {
            chunk.bytes.drain(..BYTE_ORDER_MARK.len());
        }
        let line = &chunk.bytes[begin..];
        let ended = line.ends_with(b"\n");
        let length = line.len() - usize::from(ended) - usize::from(line.ends_with(b"\r\n"));
        if length > LONGEST_LINE {
            chunk.bytes.truncate(begin);
            chunk.ends.push(None);
            if !ended && let Err(fault) = skip_line(source) {
                break Err(fault);
            }
        } else {
            chunk.ends.push(Some(chunk.bytes.len()));
        }
        if chunk.bytes.len() >= CHUNK || source.buffer().is_empty() {
            let first_line = chunk.first_line + chunk.ends.len() as u64;
            if !take(std::mem::take(&mut chunk)) {
                return Ok(());
            }
            chunk.first_line = first_line;
        }
    };
    if !chunk.ends.is_empty() {
        take(chunk);
    }
    outcome
}

/// Skips the rest of a line.
fn skip_line(source: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = source.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let skipped = end.map_or(buffer.len(), |end| end + 1);
        source.consume(skipped);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// Counts the bytes that are read through it.
struct Counted<R> {
    source: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn lines(bytes: Vec<u8>) -> Vec<(u64, Option<String>)> {
        let mut found = Vec::new();
        let input = Input::new(Cursor::new(bytes), None);
        let read = input.chunks(|chunk| {
            found.extend(chunk.lines().map(|(n, line)| (n, line.map(|l| String::from_utf8_lossy(l).into_owned()))));
            true
        });
        read.expect("lines");
        found
    }

    fn line(number: u64, text: &str) -> (u64, Option<String>) {
        (number, Some(text.to_owned()))
    }

    #[test]
    fn line_ends_of_any_system_and_a_byte_order_mark_are_no_part_of_a_line() {
        assert_eq!(lines(b"\xef\xbb\xbfa\r\n\nb\nc".to_vec()), [line(1, "a"), line(2, ""), line(3, "b"), line(4, "c")]);
        assert_eq!(lines(Vec::new()), []);
        assert_eq!(lines(b"\n".to_vec()), [line(1, "")]);
    }

    #[test]
    fn a_line_too_long_is_skipped_and_the_rest_is_read() {
        let most = "x".repeat(LONGEST_LINE);
        let text = format!("a\n{}\nb\n{most}\r\n{most}x\nc\n{}", "y".repeat(10 << 20), "z".repeat(2 << 20));
        let expected = [line(1, "a"), (2, None), line(3, "b"), line(4, &most), (5, None), line(6, "c"), (7, None)];
        assert!(lines(text.into_bytes()) == expected);
    }

    #[test]
    fn gzip_is_known_by_its_first_bytes_and_may_be_several_streams() {
        let pack = |text: &str| {
            let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(text.as_bytes()).expect("packed");
            packer.finish().expect("packed")
        };
        let bytes = [pack("a\nb\n"), pack("c\n")].concat();
        assert_eq!(lines(bytes.clone()), [line(1, "a"), line(2, "b"), line(3, "c")]);
        let mut found = 0;
        let cut = Input::new(Cursor::new(bytes[..bytes.len() - 4].to_vec()), None).chunks(|chunk| {
            found += chunk.lines().count();
            true
        });
        assert!(cut.is_err(), "a stream that was cut off is no whole file");
        assert!(found >= 2, "what could be read was handed on");
    }

    #[test]
    fn many_lines_come_in_chunks_and_keep_their_numbers() {
        let text: String = (1..=200_000).map(|n| format!("{n}\n")).collect();
        let mut chunks = 0;
        let mut next = 1;
        let read = Input::new(Cursor::new(text.into_bytes()), None).chunks(|chunk| {
            chunks += 1;
            for (number, line) in chunk.lines() {
                assert_eq!((number, line), (next, Some(next.to_string().as_bytes())));
                next += 1;
            }
            true
        });
        read.expect("lines");
        assert!(chunks > 3 && next == 200_001, "{chunks} chunks");
    }
}
