//! `throughline import`: imports files of events.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use super::bar;
use crate::domain::money::Currency;
use crate::ingest::event::is_source_name;
use crate::ingest::import::{ImportCounts, ImportFault, ImportProgress, ImportReport, Remark, Trial};
use crate::ingest::mapping::Mapping;
use crate::ingest::mapping::reconciliation::{OtherCurrency, Reconciliation};
use crate::ingest::mapping::rows::FileFormat;
use crate::ingest::{Import, ImportFrom};
use crate::settings::Settings;
use crate::store::Store;

/// Imports files of events.
///
/// Each line is one event in Segment's form, or a batch of them as `{"batch": […]}`. Compressed files (gzip) are
/// recognised by their first bytes. A line that cannot be stored is left out, with its number and the reason; the
/// others are stored. Lines may have up to 1 MiB.
///
/// An event with a bad detail is stored with a warning. --problems lists its line, code and path, and how the detail
/// was changed. Events that were stored before are listed too, so the list can be made later. A time more than 24 h
/// after the event's receivedAt (without one, after now) is replaced by the time of the receipt.
///
/// CSV files and JSON in another form are read through a mapping (--mapping): a file of yours or one of `throughline
/// presets list`. Its rows are counted as a spreadsheet shows them; the head is row 1. A row without any identifier is
/// neither an event nor a reject. The rows of a group stand together. --dry-run stores nothing: it prints the first
/// events and compares what the file holds with what was made of it. docs/mappings.md explains mappings.
///
/// Importing a file again is safe: stored events stay as they are. An event without a messageId is recognised by its
/// source, its content, and the number of this occurrence of the content in its file. So without messageIds, a file
/// counts as another file when it is split differently, or renamed without --source.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct ImportArgs {
    /// The format of a line
    #[arg(long, value_enum, default_value_t = Format::Segment)]
    pub format: Format,

    /// How rows become events: a file, or the name of a preset
    #[arg(long, value_name = "FILE|PRESET")]
    pub mapping: Option<PathBuf>,

    /// With a mapping: store nothing, print the first events made and the reconciliation
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = DryRun::SHOWN, value_parser = DryRun::parse)]
    pub dry_run: Option<DryRun>,

    /// The sender of every event; without it the mapping's source, or an event's context.source, else the file's name
    #[arg(long, value_name = "NAME", value_parser = source)]
    pub source: Option<String>,

    /// Where to write the rejected lines, one JSON object a line: file, line, code, path, message
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,

    /// Where to write all problems, of rejected and of stored events, one JSON object a problem: file, line, event,
    /// status, code, path, message
    #[arg(long, value_name = "FILE")]
    pub problems: Option<PathBuf>,

    /// Files to import, in this order; - is standard input
    #[arg(required_unless_present = "dry_run", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// What follows `--dry-run`.
#[derive(Clone, Debug)]
pub enum DryRun {
    /// The number of events to print.
    Shown(u64),
    /// No number but the first file.
    File(PathBuf),
}

impl DryRun {
    /// The number of events that are printed when none is given.
    const SHOWN: &str = "5";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.parse().map_or_else(|_| DryRun::File(text.into()), DryRun::Shown))
    }
}

/// The format of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// An event of Segment's specification as JSON
    Segment,
    /// Rows of cells below a head, through a mapping
    Csv,
    /// One JSON object a line, through a mapping
    Ndjson,
}

const EXAMPLES: &str = "\
Exit status:
  0    every event is stored
  1    a file could not be read, or the store failed
  2    the command line or the settings cannot work
  3    some events were rejected; with --dry-run also: something in a file differs
  130  stopped by Ctrl-C; the same command continues where it stopped

Examples:
  throughline import events.ndjson
  throughline import --source crm --rejects rejects.ndjson 2025.ndjson.gz 2026.ndjson.gz
  throughline import --problems problems.ndjson events.ndjson
  throughline import --format csv --mapping shopify-orders --dry-run orders_export.csv
  throughline import --format csv --mapping shopify-orders orders_export.csv
  throughline generate --customers 500 | throughline import --source world -";

/// The number of rejected events shown when they are not written to a file.
const SHOWN_REJECTS: u64 = 5;

fn source(text: &str) -> Result<String, String> {
    let good = is_source_name(text);
    good.then(|| text.trim().to_owned()).ok_or_else(|| "a name of 1 to 1,024 bytes without control characters".into())
}

/// Imports the files one after the other and prints a closing table.
///
/// # Errors
/// When the closing table or a list cannot be written. An error in one file is printed, and the next file follows.
pub async fn run(args: &ImportArgs, settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<ExitCode> {
    let mapping = match mapping(args) {
        Ok(mapping) => mapping,
        Err(fault) => return Ok(wrong_call(&fault)),
    };
    let inputs: Vec<ImportFrom> = args.files.iter().map(|path| ImportFrom::argument(path)).collect();
    if inputs.iter().filter(|input| **input == ImportFrom::Stdin).count() > 1 {
        return Ok(wrong_call("standard input can be read only once: give - once"));
    }
    if args.rejects.is_some() && args.rejects == args.problems {
        return Ok(wrong_call("--rejects and --problems need two different files"));
    }
    let mut lists = match Lists::open(args) {
        Ok(lists) => lists,
        Err(fault) => return Ok(wrong_call(&format!("{fault:#}"))),
    };
    let import = Import::new(store, settings, args.source.as_deref().map(Arc::from));
    let import = match mapping {
        Some((mapping, format)) => import.through(mapping, format),
        None => import,
    };
    import.newest_rules().await.context("the identity rules cannot be read")?;
    let mut stop = stop_at_ctrl_c();
    let mut done = Vec::new();
    for input in &inputs {
        let mut shown = Progress::new(&input.to_string());
        let report = import.run(input, &mut stop, |at| shown.progress(at), |remark| lists.take(remark)).await;
        shown.close();
        let ends = report.stopped || matches!(report.fault, Some(ImportFault::Store(_) | ImportFault::Rejects(_)));
        if let Some(fault) = &report.fault {
            eprintln!("error: {fault}");
        }
        done.push((input.to_string(), report));
        if ends {
            break;
        }
    }
    let problems = lists.close()?;
    if !done.iter().any(|(_, report)| report.stopped || matches!(report.fault, Some(ImportFault::Store(_)))) {
        import.assign_visits(&stop).await.context("visits on shared devices cannot be assigned")?;
    }
    let mut out = io::stdout().lock();
    let printed = warnings_note(&done, problems, args.problems.as_deref());
    let walk_ins = import.reconciliation().walk_ins;
    let walk_ins = match walk_ins {
        0 => String::new(),
        count => format!("rows without any identifier, left out: {count}; --dry-run shows their money\n"),
    };
    write!(out, "{}{walk_ins}{printed}", closing_table(&done)).context("cannot write the closing table")?;
    Ok(exit_code(&done))
}

/// The mapping of the command line, if its format needs one.
fn mapping(args: &ImportArgs) -> Result<Option<(Arc<Mapping>, FileFormat)>, String> {
    let format = match (args.format, &args.mapping) {
        (Format::Segment, None) if args.dry_run.is_some() => return Err("--dry-run needs --mapping".into()),
        (Format::Segment, None) => return Ok(None),
        (Format::Segment, Some(_)) => return Err("--mapping needs --format csv or --format ndjson".into()),
        (_, None) => return Err("this format needs --mapping: a file, or one of `throughline presets list`".into()),
        (Format::Csv, Some(_)) => FileFormat::Csv,
        (Format::Ndjson, Some(_)) => FileFormat::Ndjson,
    };
    let Some(path) = &args.mapping else { return Ok(None) };
    let mapping = Mapping::load(path).map_err(|fault| fault.to_string())?;
    Ok(Some((Arc::new(mapping), format)))
}

/// Reads the files through the mapping, stores nothing, and prints the first events and the reconciliation.
///
/// # Errors
/// When the reconciliation or a list cannot be written.
pub fn dry_run(args: &ImportArgs, given: &DryRun, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (mapping, format) = match mapping(args) {
        Ok(Some(mapping)) => mapping,
        Ok(None) => return Ok(wrong_call("--dry-run needs --mapping")),
        Err(fault) => return Ok(wrong_call(&fault)),
    };
    let (mut left, first) = match given {
        DryRun::Shown(count) => (*count, None),
        DryRun::File(path) => (DryRun::SHOWN.parse().unwrap_or_default(), Some(path)),
    };
    let files: Vec<&PathBuf> = first.into_iter().chain(&args.files).collect();
    if files.is_empty() {
        return Ok(wrong_call("no file: give the files to read"));
    }
    let mut lists = match Lists::open(args) {
        Ok(lists) => lists,
        Err(fault) => return Ok(wrong_call(&format!("{fault:#}"))),
    };
    let mut trial = Trial::new(settings, mapping, format, args.source.as_deref().map(Arc::from));
    let mut code = 0;
    let mut out = io::stdout().lock();
    for path in files {
        let mut written = Ok(());
        let outcome = trial.run(
            &ImportFrom::argument(path),
            |json| {
                if left > 0 && written.is_ok() {
                    left -= 1;
                    written = writeln!(out, "{json}");
                }
            },
            |remark| lists.take(remark),
        );
        written.context("cannot write the events")?;
        if let Err(fault) = outcome {
            eprintln!("error: {fault}");
            code = code.max(if matches!(fault, ImportFault::Mapping { .. }) { 2 } else { 1 });
        }
    }
    lists.close()?;
    if code == 2 {
        return Ok(ExitCode::from(2));
    }
    let sums = trial.reconciliation();
    write!(out, "{}", reconciliation(&sums)).context("cannot write the reconciliation")?;
    Ok(ExitCode::from(if code == 0 && sums.is_odd() { 3 } else { code }))
}

/// The figures, one a line.
fn reconciliation(sums: &Reconciliation) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| text.push_str(&format!("{name:<28}{value}\n"));
    line("rows", sums.rows.to_string());
    line("groups", sums.groups.to_string());
    line("events", sums.events.to_string());
    line("rejects", sums.rejects.to_string());
    line("with warnings", sums.warned.to_string());
    line("walk-ins", sums.walk_ins.to_string());
    if sums.repeated > 0 {
        line("in an earlier file", sums.repeated.to_string());
    }
    let (people, more) = sums.people();
    line("people", format!("{people}{}", if more { " or more" } else { "" }));
    if let Some((first, last)) = sums.times {
        line("earliest", first.to_string());
        line("latest", last.to_string());
    }
    for (prefix, money) in [("", &sums.money), ("walk-in ", &sums.walk_in_money)] {
        for ((label, code), sum) in money {
            let digits = code.parse::<Currency>().map_or(2, |currency| currency.digits());
            line(&format!("{prefix}{label}"), format!("{} with {code} {}", sum.events, sum.amount.to_text(digits)));
        }
    }
    line("checks of the file", format!("{} hold", sums.agreed));
    line("differences", sums.differ.to_string());
    for (file, found) in &sums.differences {
        let rows = match (found.first_row, found.last_row) {
            (first, last) if first == last => format!("row {first}"),
            (first, last) => format!("rows {first} to {last}"),
        };
        text.push_str(&format!("differs: {file}, {rows}: {}\n", found.what));
    }
    let more = sums.differ.saturating_sub(sums.differences.len() as u64);
    if more > 0 {
        text.push_str(&format!("and {more} more\n"));
    }
    for OtherCurrency { name, currency, sum, all, is_odd } in sums.other_currencies() {
        let rows: Vec<_> = sum.rows.iter().map(|(file, row)| format!("{file}, row {row}")).collect();
        let more = if sum.events > rows.len() as u64 { " and more" } else { "" };
        let (rows, what) = (rows.join("; "), if is_odd { "differs" } else { "also" });
        text.push_str(&format!("{what}: {rows}{more}: {name} in {currency}, {} of {all}\n", sum.events));
    }
    text
}

fn wrong_call(reason: &str) -> ExitCode {
    eprintln!("error: {reason}");
    ExitCode::from(2)
}

fn exit_code(done: &[(String, ImportReport)]) -> ExitCode {
    const GO_ON: &str = "the counted events are stored; run the same command again to continue";
    let any = |what: fn(&ImportReport) -> bool| done.iter().any(|(_, report)| what(report));
    if any(|report| report.stopped) {
        eprintln!("stopped: {GO_ON}");
        ExitCode::from(130)
    } else if any(|report| matches!(report.fault, Some(ImportFault::Mapping { .. }))) {
        ExitCode::from(2)
    } else if any(|report| report.fault.is_some()) {
        if any(|report| matches!(report.fault, Some(ImportFault::Store(_) | ImportFault::Rejects(_)))) {
            eprintln!("stopped: {GO_ON}");
        }
        ExitCode::from(1)
    } else if any(|report| report.counts.rejected > 0) {
        ExitCode::from(3)
    } else {
        ExitCode::SUCCESS
    }
}

/// Becomes true at the first Ctrl-C. A second one ends the program at once.
pub(super) fn stop_at_ctrl_c() -> watch::Receiver<bool> {
    let (tell, stop) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            eprintln!("stopping after the current piece; press Ctrl-C again to stop at once");
            // An error means that the import has ended.
            let _ = tell.send(true);
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
        // Without a signal handler the channel stays open, and nothing stops.
        std::future::pending::<()>().await;
    });
    stop
}

fn closing_table(done: &[(String, ImportReport)]) -> String {
    let header = ["file", "created", "unchanged", "rejected", "with warnings", "seconds", "events/s"].map(String::from);
    let mut rows = vec![header];
    let mut sum = (ImportCounts::default(), Duration::ZERO);
    for (name, report) in done {
        rows.push(row(name, &report.counts, report.took));
        sum.0.merge(&report.counts);
        sum.1 += report.took;
    }
    if done.len() > 1 {
        rows.push(row("all", &sum.0, sum.1));
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn row(name: &str, counts: &ImportCounts, took: Duration) -> [String; 7] {
    let seconds = took.as_secs_f64();
    [
        name.to_owned(),
        counts.created.to_string(),
        counts.unchanged.to_string(),
        counts.rejected.to_string(),
        counts.warned.to_string(),
        format!("{seconds:.1}"),
        format!("{:.0}", counts.events() as f64 / seconds.max(0.001)),
    ]
}

/// The line below the table: the place of the list of warnings.
fn warnings_note(done: &[(String, ImportReport)], problems: u64, file: Option<&Path>) -> String {
    let warned: u64 = done.iter().map(|(_, report)| report.counts.warned).sum();
    match file {
        Some(file) => format!("problems listed in {}: {problems}\n", file.display()),
        None if warned > 0 => {
            "To see the warnings: --problems FILE lists them, also when the same files are imported again\n".to_owned()
        }
        None => String::new(),
    }
}

/// Writes rejects and problems to files. Without a file, the first rejects are printed to standard error.
struct Lists {
    /// Whether lines are rows of a file that is read through a mapping.
    rows: bool,
    rejects: Option<BufWriter<File>>,
    rejected: u64,
    problems: Option<BufWriter<File>>,
    listed: u64,
}

impl Lists {
    fn open(args: &ImportArgs) -> anyhow::Result<Self> {
        let open = |path: &Option<PathBuf>| {
            let path = path.as_ref();
            let file =
                path.map(|path| File::create(path).with_context(|| format!("{}: cannot be written", path.display())));
            anyhow::Ok(file.transpose()?.map(BufWriter::new))
        };
        let (rejects, problems) = (open(&args.rejects)?, open(&args.problems)?);
        Ok(Lists { rows: args.mapping.is_some(), rejects, rejected: 0, problems, listed: 0 })
    }

    fn take(&mut self, remark: &Remark) -> io::Result<()> {
        if let Some(file) = &mut self.problems {
            for line in remark.lines() {
                self.listed += 1;
                serde_json::to_writer(&mut *file, &line)?;
                file.write_all(b"\n")?;
            }
        }
        let Some(reject) = remark.reject() else { return Ok(()) };
        self.rejected += 1;
        match &mut self.rejects {
            Some(file) => {
                serde_json::to_writer(&mut *file, &reject)?;
                file.write_all(b"\n")
            }
            None if self.rejected <= SHOWN_REJECTS => {
                let event = reject.event.filter(|_| !self.rows);
                let event = event.map_or_else(String::new, |event| format!(", event {event} of its batch"));
                let line = if self.rows { "row" } else { "line" };
                eprintln!("rejected: {}, {line} {}{event}: {}", reject.file, reject.line, reject.problem);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The number of listed problems.
    fn close(self) -> anyhow::Result<u64> {
        let is_elsewhere = self.rejects.is_some() || self.problems.is_some();
        for mut file in [self.rejects, self.problems].into_iter().flatten() {
            file.flush().context("the list of rejects or of problems cannot be written")?;
        }
        if !is_elsewhere && self.rejected > SHOWN_REJECTS {
            eprintln!("and {} more: --rejects FILE lists them all", self.rejected - SHOWN_REJECTS);
        }
        Ok(self.listed)
    }
}

/// The progress of a file on standard error: a bar on a terminal, otherwise a line every few seconds.
struct Progress {
    name: String,
    started: Instant,
    printed: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    const EVERY: Duration = Duration::from_secs(5);

    fn new(name: &str) -> Self {
        let now = Instant::now();
        let bar = bar::on_terminal().inspect(|bar| bar.set_prefix(name.to_owned()));
        Progress { name: name.to_owned(), started: now, printed: now, bar }
    }

    fn progress(&mut self, at: ImportProgress) {
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let rate = at.counts.events() as f64 / seconds;
        if let Some(bar) = &self.bar {
            if let Some(length) = at.length.filter(|_| bar.length().is_none()) {
                bar.set_length(length);
                let form = "{prefix} {bar:30} {bytes}/{total_bytes}, {msg}, {eta} left";
                bar.set_style(ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()));
            } else if at.length.is_none() {
                let form = "{prefix} {spinner} {bytes}, {msg}";
                bar.set_style(ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_spinner()));
            }
            bar.set_position(at.position);
            bar.set_message(format!("{} events, {rate:.0} a second", at.counts.events()));
        } else if self.printed.elapsed() >= Self::EVERY {
            self.printed = Instant::now();
            let part = at.length.filter(|length| *length > 0).map(|length| at.position as f64 / length as f64);
            let rest = part.filter(|part| *part > 0.0).map_or_else(String::new, |part| {
                format!(", {:.0} %, {:.0} s left", part * 100.0, seconds / part - seconds)
            });
            eprintln!("{}: {} events, {rate:.0} a second{rest}", self.name, at.counts.events());
        }
    }

    fn close(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(created: u64, rejected: u64) -> ImportReport {
        let counts = ImportCounts { created, rejected, ..ImportCounts::default() };
        ImportReport { counts, took: Duration::from_secs(2), stopped: false, fault: None }
    }

    #[test]
    fn the_closing_table_has_a_row_for_each_file_and_a_sum() {
        let done = [("a.ndjson".to_owned(), report(1_000, 0)), ("long name.ndjson".to_owned(), report(5, 1))];
        let text = closing_table(&done);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "file              created  unchanged  rejected  with warnings  seconds  events/s");
        assert_eq!(lines[1], "a.ndjson             1000          0         0              0      2.0       500");
        assert_eq!(lines[3], "all                  1005          0         1              0      4.0       252");
        assert_eq!(closing_table(&done[..1]).lines().count(), 2, "one file is its own sum");
    }

    #[test]
    fn a_note_below_the_table_says_where_the_warnings_are() {
        let warned = |warned: u64| {
            let counts = ImportCounts { created: 5, warned, ..ImportCounts::default() };
            [("a".to_owned(), ImportReport { counts, ..report(0, 0) })]
        };
        assert_eq!(warnings_note(&warned(0), 0, None), "");
        assert!(warnings_note(&warned(2), 0, None).contains("--problems FILE"));
        assert_eq!(warnings_note(&warned(2), 3, Some(Path::new("p.ndjson"))), "problems listed in p.ndjson: 3\n");
    }

    #[test]
    fn the_exit_status_depends_on_the_result() {
        let code = |report: ImportReport| format!("{:?}", exit_code(&[("a".to_owned(), report)]));
        let is = |number: u8| format!("{:?}", ExitCode::from(number));
        assert_eq!(code(report(1, 0)), is(0));
        assert_eq!(code(report(1, 1)), is(3));
        assert_eq!(code(ImportReport { stopped: true, ..report(1, 1) }), is(130));
        let fault = Some(ImportFault::Rejects("full".into()));
        assert_eq!(code(ImportReport { fault, ..report(1, 1) }), is(1));
    }

    #[test]
    fn a_source_is_a_name() {
        assert_eq!(source(" crm "), Ok("crm".to_owned()));
        assert!(source(" ").is_err() && source("a\u{7}").is_err());
    }
}
