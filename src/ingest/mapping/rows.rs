//! Rows of a file: encodings, delimiters and quotes. Memory depends on the longest row.
//!
//! Not by the `csv` crate: it skips blank lines, so its rows are not those that a spreadsheet counts, and a quote that
//! is never closed would make it read the rest of the file into memory.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::expression::{Cells, Head, Row, plain};
use super::{Encoding, Mapping};
use crate::domain::{Problem, ProblemCode};
use crate::ingest::lines::{Input, LONGEST_LINE};

/// How a mapped file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Rows of cells below a head.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// The rows of a file, below its head.
pub(crate) struct Rows {
    source: Box<dyn BufRead>,
    is_1252: bool,
    delimiter: u8,
    quote: u8,
    pub(crate) head: Head,
    plain_head: Vec<String>,
    number: u64,
}

/// The first bytes, which tell encoding and delimiter.
const PEEKED: u64 = 1 << 20;
/// The most rejected cells do not matter; the most cells of a row do.
const MOST_CELLS: usize = 10_000;

impl Rows {
    /// Opens a file and reads its head.
    pub(crate) fn open(input: Input, format: FileFormat, mapping: &Mapping) -> io::Result<Self> {
        let (begin, source) = peek(input.reader()?)?;
        let encoding = match mapping.encoding {
            Encoding::Auto => detect(&begin),
            given => given,
        };
        let source: Box<dyn BufRead> = match encoding {
            Encoding::Utf16 => {
                let big =
                    begin.starts_with(b"\xfe\xff") || !begin.starts_with(b"\xff\xfe") && begin.first() == Some(&0);
                let decoder = if big { UTF_16BE } else { UTF_16LE }.new_decoder_with_bom_removal();
                Box::new(BufReader::new(Utf16 { source, decoder, text: Vec::new(), at: 0, ended: false }))
            }
            _ => source,
        };
        let (begin, mut source) = peek(source)?;
        if begin.starts_with(b"\xef\xbb\xbf") {
            source.read_exact(&mut [0; 3])?;
        }
        let quote = mapping.quote;
        let delimiter = mapping.delimiter.unwrap_or_else(|| delimiter(&begin, quote));
        let is_1252 = encoding == Encoding::Windows1252;
        let mut rows = Rows { source, is_1252, delimiter, quote, head: Head::Json, plain_head: Vec::new(), number: 0 };
        if format == FileFormat::Csv {
            let mut names = Vec::new();
            while names.is_empty() {
                let Some(cells) = rows.cells()? else { break };
                names = cells.and_then(|cells| rows.texts(cells)).map_err(io::Error::other)?;
            }
            if names.is_empty() {
                return Err(io::Error::other("it is empty: a CSV file begins with the names of its columns"));
            }
            // The head is row 1, also below blank lines.
            rows.number = 1;
            rows.plain_head = names.iter().map(|name| plain(name)).collect();
            rows.head = Head::Names(names.into_iter().map(|name| name.trim().to_owned()).collect());
        }
        Ok(rows)
    }

    /// The next row, or why it is none, with its number. `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Result<Row, Problem>)>> {
        if matches!(self.head, Head::Json) { self.next_line() } else { self.next_cells() }
    }

    fn next_cells(&mut self) -> io::Result<Option<(u64, Result<Row, Problem>)>> {
        loop {
            let Some(cells) = self.cells()? else { return Ok(None) };
            self.number += 1;
            let number = self.number;
            let refuse = |words: String| Problem::whole(ProblemCode::NotAnEvent, words);
            let cells = match cells.and_then(|cells| self.texts(cells)) {
                Ok(cells) if cells.is_empty() => continue,
                Ok(cells) => cells,
                Err(words) => return Ok(Some((number, Err(refuse(words.to_owned()))))),
            };
            let wanted = self.plain_head.len();
            let row = if cells.len() == wanted && cells.iter().zip(&self.plain_head).all(|(a, b)| plain(a) == *b) {
                Err(refuse("the head again".into()))
            } else if cells.len() != wanted {
                Err(refuse(format!("a row of {} cells where the head has {wanted}", cells.len())))
            } else if cells.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            } else {
                Ok(Row { number, cells: Cells::Texts(cells) })
            };
            return Ok(Some((number, row)));
        }
    }

    fn next_line(&mut self) -> io::Result<Option<(u64, Result<Row, Problem>)>> {
        loop {
            let mut line = Vec::new();
            let read = self.source.by_ref().take(LONGEST_LINE as u64 + 2).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let number = self.number;
            let refuse = |words: &str| Ok(Some((number, Err(Problem::whole(ProblemCode::NotAnEvent, words)))));
            if line.len() > LONGEST_LINE && !line.ends_with(b"\n") {
                self.skip_line()?;
                return refuse("a line longer than 1 MiB");
            }
            let Ok(text) = std::str::from_utf8(&line) else { return refuse("bytes that are not UTF-8") };
            if text.trim().is_empty() {
                continue;
            }
            return match serde_json::from_str(text.trim()) {
                Ok(object) => Ok(Some((number, Ok(Row { number, cells: Cells::Json(object) })))),
                Err(fault) => refuse(&format!("not a JSON object, at column {}", fault.column())),
            };
        }
    }

    /// The bytes of each cell of the next row; no cells for a blank line. `None` at the end.
    #[expect(clippy::type_complexity, reason = "bytes of cells, or why they are none, unless it ends")]
    fn cells(&mut self) -> io::Result<Option<Result<Vec<Vec<u8>>, &'static str>>> {
        let (mut cells, mut cell, mut size) = (Vec::new(), Vec::new(), 0_usize);
        // Whether the cell is in quotes, and whether the last byte was a quote in such a cell.
        let (mut quoted, mut closing, mut any) = (false, false, false);
        loop {
            let buffer = self.source.fill_buf()?;
            if buffer.is_empty() {
                if !any {
                    return Ok(None);
                }
                if quoted && !closing {
                    return Ok(Some(Err("a quote that is not closed")));
                }
                cells.push(cell);
                return Ok(Some(Ok(blank(cells))));
            }
            let mut used = 0;
            let mut ended = false;
            for &byte in buffer {
                used += 1;
                any = true;
                size += 1;
                if quoted && !closing {
                    if byte == self.quote {
                        closing = true
                    } else {
                        cell.push(byte)
                    }
                    continue;
                }
                if closing && byte == self.quote {
                    closing = false;
                    cell.push(byte);
                    continue;
                }
                if byte == self.delimiter {
                    (quoted, closing) = (false, false);
                    cells.push(std::mem::take(&mut cell));
                } else if byte == b'\n' {
                    ended = true;
                    break;
                } else if byte == self.quote && cell.is_empty() && !closing {
                    quoted = true;
                } else {
                    if closing && byte != b'\r' {
                        (quoted, closing) = (false, false);
                    }
                    cell.push(byte);
                }
            }
            self.source.consume(used);
            if ended {
                if cell.last() == Some(&b'\r') {
                    cell.pop();
                }
                cells.push(cell);
                return Ok(Some(Ok(blank(cells))));
            }
            if size > LONGEST_LINE || cells.len() > MOST_CELLS {
                self.skip_line()?;
                return Ok(Some(Err("a row longer than 1 MiB: is a quote not closed?")));
            }
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.source.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.source.consume(used);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    fn texts(&self, cells: Vec<Vec<u8>>) -> Result<Vec<String>, &'static str> {
        let read = |cell: Vec<u8>| match String::from_utf8(cell) {
            // No word of Windows-1252 looks like UTF-8, unless someone read UTF-8 as Windows-1252 before.
            Ok(text) if self.is_1252 && !text.is_ascii() => {
                Err("bytes of UTF-8 where the file is Windows-1252: the file mixes encodings")
            }
            Ok(text) => Ok(text),
            Err(cell) if self.is_1252 => Ok(WINDOWS_1252.decode_without_bom_handling(cell.as_bytes()).0.into_owned()),
            Err(_) => Err("bytes that are not UTF-8: the file mixes encodings"),
        };
        cells.into_iter().map(read).collect()
    }
}

/// A blank line is one empty cell.
fn blank(cells: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if cells.len() == 1 && cells[0].iter().all(|byte| byte.is_ascii_whitespace()) { Vec::new() } else { cells }
}

/// The first bytes, and a reader that begins with them.
fn peek(mut source: Box<dyn BufRead>) -> io::Result<(Vec<u8>, Box<dyn BufRead>)> {
    let mut begin = Vec::new();
    source.by_ref().take(PEEKED).read_to_end(&mut begin)?;
    Ok((begin.clone(), Box::new(Cursor::new(begin).chain(source))))
}

/// UTF-16 by its mark or its zeros; Windows-1252 when most bytes beyond ASCII are not UTF-8; else UTF-8.
fn detect(begin: &[u8]) -> Encoding {
    let zeros = begin.iter().take(64).filter(|byte| **byte == 0).count();
    if begin.starts_with(b"\xff\xfe") || begin.starts_with(b"\xfe\xff") || zeros * 3 > begin.len().min(64) {
        return Encoding::Utf16;
    }
    let (mut good, mut bad) = (0_u64, 0_u64);
    for chunk in begin.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count() as u64;
        // The last character may be cut.
        bad += u64::from(!chunk.invalid().is_empty());
    }
    let is_cut = begin.len() as u64 == PEEKED && bad == 1;
    if bad > good && !is_cut { Encoding::Windows1252 } else { Encoding::Utf8 }
}

/// The one of `, ; tab |` that comes most often in the first line, outside of quotes.
fn delimiter(begin: &[u8], quote: u8) -> u8 {
    let line = begin.split(|byte| *byte == b'\n').find(|line| line.iter().any(|byte| !byte.is_ascii_whitespace()));
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut within = false;
    for byte in line.unwrap_or_default() {
        within ^= *byte == quote;
        for (sign, count) in &mut counts {
            *count += usize::from(!within && byte == sign);
        }
    }
    // Of equal counts the first.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(sign, _)| *sign)
}

/// UTF-16 as UTF-8.
struct Utf16 {
    source: Box<dyn BufRead>,
    decoder: Decoder,
    text: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Read for Utf16 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() && !self.ended {
            let bytes = self.source.fill_buf()?;
            let last = bytes.is_empty();
            let mut text = String::with_capacity(self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(1 << 16));
            let (_, used, _) = self.decoder.decode_to_string(bytes, &mut text, last);
            self.source.consume(used);
            (self.text, self.at, self.ended) = (text.into_bytes(), 0, last);
        }
        let length = out.len().min(self.text.len() - self.at);
        out[..length].copy_from_slice(&self.text[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a file as `number:cell|cell`, or the reason of a reject.
    fn rows(bytes: &[u8]) -> Vec<String> {
        let mapping =
            Mapping::parse("m", std::path::Path::new("m.toml"), "[[event]]\ntype = 'identify'\n").expect("one");
        let input = Input::new(Cursor::new(bytes.to_vec()), None);
        let mut rows = Rows::open(input, FileFormat::Csv, &mapping).expect("a head");
        let mut found = Vec::new();
        while let Some((number, row)) = rows.next().expect("a row") {
            found.push(match row {
                Ok(Row { cells: Cells::Texts(cells), .. }) => format!("{number}:{}", cells.join("|")),
                Ok(_) => unreachable!("CSV"),
                Err(problem) => format!("{number}!{}", problem.message),
            });
        }
        found
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_shows_them() {
        let file = "\u{feff}a,b\r\n1,\"two\nlines, \"\"x\"\"\"\r\n\r\n3,4\n5\nA , b\n6,7";
        assert_eq!(
            rows(file.as_bytes()),
            ["2:1|two\nlines, \"x\"", "4:3|4", "5!a row of 1 cells where the head has 2", "6!the head again", "7:6|7"]
        );
        assert_eq!(rows(b"a,b\n1,\"half"), ["2!a quote that is not closed"]);
    }

    #[test]
    fn encodings_and_delimiters_are_found() {
        assert_eq!(rows("a;b\nJosé;1,5\n".as_bytes()), ["2:José|1,5"]);
        assert_eq!(rows(b"a\tb\nJos\xe9\t\x80\n"), ["2:José|€"]);
        for big in [false, true] {
            let bytes = |text: &str| -> Vec<u8> {
                text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
            };
            assert_eq!(rows(&bytes("\u{feff}a,b\nJosé,\"€\"\n")), ["2:José|€"]);
            assert_eq!(rows(&bytes("name,b\nJosé,1\n")), ["2:José|1"], "without a mark");
        }
        let mixed = [b"a,b\n".as_slice(), "José,1\n".as_bytes(), b"Jos\xe9,2\nx,3\n"].concat();
        assert_eq!(rows(&mixed), ["2:José|1", "3!bytes that are not UTF-8: the file mixes encodings", "4:x|3"]);
        let mixed = [b"a,b\nJos\xe9,1\nZo\xeb,2\n".as_slice(), "José,3\n".as_bytes()].concat();
        let words = "4!bytes of UTF-8 where the file is Windows-1252: the file mixes encodings";
        assert_eq!(rows(&mixed), ["2:José|1", "3:Zoë|2", words]);
    }

    #[test]
    fn a_quote_that_is_never_closed_keeps_memory_small() {
        let file = [b"a,b\n1,\"".as_slice(), &b"x".repeat(3 << 20), b"\n2,3\n"].concat();
        assert_eq!(rows(&file), ["2!a row longer than 1 MiB: is a quote not closed?", "3:2|3"]);
    }
}
