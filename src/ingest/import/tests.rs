//! Good and bad files, complete and stopped imports.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::*;
use crate::ingest::fake_store::FakeStore;
use crate::ingest::lines::LONGEST_LINE;

fn event(id: usize) -> String {
    format!(
        r#"{{"type":"track","messageId":"m{id}","userId":"u{id}","event":"Product Viewed","timestamp":"2026-03-31T09:30:00Z"}}"#
    )
}

fn clock() -> Timestamp {
    Timestamp::parse("2026-06-01T00:00:00Z").expect("a time")
}

struct Done {
    report: ImportReport,
    rejects: Vec<Reject>,
    remarks: Vec<Remark>,
    store: Arc<FakeStore>,
}

async fn import_into(store: Arc<FakeStore>, from: &ImportFrom, source: Option<&str>) -> Done {
    let import = Import::with_clock(store.clone(), &Settings::default(), source.map(Arc::from), Arc::new(clock));
    let (_keep, mut stop) = watch::channel(false);
    let mut remarks = Vec::new();
    let report = import.run(
        from,
        &mut stop,
        |_| {},
        |remark| {
            remarks.push(remark.clone());
            Ok(())
        },
    );
    let report = report.await;
    Done { report, rejects: remarks.iter().filter_map(Remark::reject).collect(), remarks, store }
}

async fn import(name: &str, bytes: &[u8]) -> Done {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    import_into(Arc::new(FakeStore::new()), &ImportFrom::File(path), None).await
}

fn said(rejects: &[Reject]) -> Vec<(u64, &'static str)> {
    rejects.iter().map(|r| (r.line, r.problem.code.as_str())).collect()
}

#[tokio::test]
async fn every_event_is_stored_in_the_files_order() {
    let text: String = (0..5_432).map(|n| event(n) + "\n").collect();
    let done = import("a.ndjson", text.as_bytes()).await;
    assert_eq!(done.report.counts, ImportCounts { created: 5_432, ..ImportCounts::default() });
    assert!(done.report.fault.is_none() && !done.report.stopped);
    let expected: Vec<String> = (0..5_432).map(|n| format!("m{n}")).collect();
    assert!(done.store.messages() == expected);
    assert_eq!(done.store.batches.lock().expect("a lock").iter().max(), Some(&1_000));
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let rows = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"x\",\"timestamp\":\"2026-03-31\"}\n".repeat(3);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows.ndjson");
    std::fs::write(&path, rows).expect("a file");
    let store = Arc::new(FakeStore::new());
    let from = ImportFrom::File(path);
    assert_eq!(import_into(store.clone(), &from, None).await.report.counts.created, 3, "equal rows are all real");
    let again = import_into(store, &from, None).await;
    assert_eq!(again.report.counts, ImportCounts { unchanged: 3, ..ImportCounts::default() });
}

#[tokio::test]
async fn bad_lines_are_rejected_with_their_number_and_the_rest_goes_in() {
    let mut bytes = Vec::new();
    bytes.extend_from_slice("\u{feff}".as_bytes());
    bytes.extend(format!("{}\r\n", event(1)).bytes());
    bytes.extend_from_slice(b"\r\n   \nnot json\n\xff\xfe{}\n[1]\n");
    bytes.extend(format!("{{\"type\":\"track\",\"event\":\"x\",\"pad\":\"{}\"}}\n", "x".repeat(10 << 20)).bytes());
    bytes.extend_from_slice(
        b"{\"type\":\"track\",\"userId\":\"u\",\"event\":\"x\",\"timestamp\":\"40000-01-01T00:00:00Z\"}\n",
    );
    bytes.extend_from_slice(b"{\"type\":\"track\",\"userId\":\"u\",\"event\":\"x\",\"timestamp\":\"2026-01-01\",\"properties\":{\"a\":NaN}}\n");
    bytes.extend(event(2).bytes());
    let done = import("bad.ndjson", &bytes).await;
    let expected = [
        (4, "NOT_AN_EVENT"),
        (5, "NOT_AN_EVENT"),
        (6, "NOT_AN_EVENT"),
        (7, "TOO_LARGE"),
        (8, "BAD_TIME"),
        (9, "NOT_AN_EVENT"),
    ];
    assert_eq!(said(&done.rejects), expected);
    assert_eq!(done.report.counts, ImportCounts { created: 2, rejected: 6, ..ImportCounts::default() });
    assert_eq!(done.store.messages(), ["m1", "m2"]);
}

#[tokio::test]
async fn a_reject_is_a_line_of_json_with_line_code_path_and_message() {
    let line = r#"{"type":"track","messageId":"m","userId":"u","event":"Order Completed","timestamp":"2026-01-01","properties":{"total":"1"}}"#;
    let done = import("r.ndjson.gz", line.as_bytes()).await;
    assert_eq!(
        serde_json::to_string(&done.rejects[0]).expect("JSON"),
        r#"{"file":"r.ndjson.gz","line":1,"messageId":"m","code":"MISSING_FIELD","path":"properties.order_id","message":"an order without its number"}"#
    );
}

#[tokio::test]
async fn every_problem_of_a_line_is_a_line_with_what_became_of_the_event() {
    let late = event(1).replace("2026-03-31", "2099-03-31");
    let odd = event(2).replace("\"userId\"", "\"sentAt\":\"then\",\"context\":7,\"userId\"");
    let text = format!("{}\n{{\"batch\":[{late},{{}}]}}\n{odd}\n", event(0));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("p.ndjson");
    std::fs::write(&path, text).expect("a file");
    let (store, from) = (Arc::new(FakeStore::new()), ImportFrom::File(path));
    let lines = |done: &Done| {
        let lines = done.remarks.iter().flat_map(Remark::lines);
        lines.map(|line| serde_json::to_string(&line).expect("JSON")).collect::<Vec<_>>()
    };
    let first = import_into(store.clone(), &from, None).await;
    assert_eq!(first.report.counts, ImportCounts { created: 3, rejected: 1, warned: 2, ..ImportCounts::default() });
    let told = lines(&first);
    assert!(told.iter().any(|line| line
        == r#"{"file":"p.ndjson","line":2,"event":0,"status":"CREATED","messageId":"m1","code":"BAD_TIME","path":"timestamp","message":"a time more than 24 h after it was received, so it is that of the receipt"}"#), "{told:?}");
    assert_eq!(
        told.iter().filter(|line| line.contains("\"line\":3,\"event\":null,\"status\":\"CREATED\"")).count(),
        2,
        "{told:?}"
    );
    assert!(told.iter().any(|line| line.contains("\"line\":2,\"event\":1,\"status\":\"REJECTED\"")), "{told:?}");
    // The list can be written later.
    let again = import_into(store, &from, None).await;
    assert_eq!(lines(&again), told.iter().map(|line| line.replace("CREATED", "UNCHANGED")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_byte_order_mark_at_the_seam_of_two_files_is_skipped() {
    const MARK: &str = "\u{feff}";
    let quoted = event(3).replace("Product Viewed", &format!("a \\\" {MARK} b"));
    let text = format!("{MARK}{}\n{MARK}{}{MARK}{quoted}\n{MARK}\n{MARK} {MARK}{}", event(1), event(2), event(4));
    let done = import("seam.ndjson", text.as_bytes()).await;
    assert_eq!(done.report.counts, ImportCounts { created: 4, ..ImportCounts::default() }, "{:?}", done.remarks);
    assert_eq!(done.store.messages(), ["m1", "m2", "m3", "m4"]);
    let names: Vec<_> = done.store.facts().into_iter().filter_map(|fact| fact.touchpoint).map(|t| t.name).collect();
    assert_eq!(&*names[2], format!("a \" {MARK} b"), "within a text it is the text's");
}

#[tokio::test]
async fn a_batch_envelope_is_its_events() {
    let line = format!(
        r#"{{"batch":[{},{{"type":"x"}},{}],"sentAt":"2026-03-31T10:00:00Z"}}"#,
        event(1).replace('}', r#","receivedAt":"2026-03-31T11:00:00Z"}"#),
        event(2)
    );
    let done = import("b.ndjson", line.as_bytes()).await;
    assert_eq!(done.store.messages(), ["m1", "m2"]);
    assert_eq!((done.rejects[0].line, done.rejects[0].event), (1, Some(1)));
    let at: Vec<String> = done.store.facts().iter().map(|f| f.at.to_string()).collect();
    assert_eq!(
        at,
        ["2026-03-31T10:30:00.000Z", "2026-03-31T09:30:00.000Z"],
        "sentAt of the envelope, receivedAt of the event"
    );
}

#[tokio::test]
async fn the_source_is_the_option_else_the_events_else_the_files_name() {
    let named = event(1).replace("\"userId\"", "\"context\":{\"source\":\"web\"},\"userId\"");
    let text = format!("{named}\n{}\n", event(2));
    let sources = |done: &Done| done.store.facts().iter().map(|f| f.source.to_string()).collect::<Vec<_>>();
    assert_eq!(sources(&import("shop.ndjson", text.as_bytes()).await), ["web", "shop.ndjson"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.ndjson");
    std::fs::write(&path, &text).expect("a file");
    let done = import_into(Arc::new(FakeStore::new()), &ImportFrom::File(path), Some("crm")).await;
    assert_eq!(sources(&done), ["crm", "crm"]);
    assert_eq!(&*ImportFrom::argument(Path::new("/a/shop.ndjson.gz")).name(), "shop.ndjson");
    assert_eq!(ImportFrom::argument(Path::new("-")), ImportFrom::Stdin);
}

#[tokio::test]
async fn an_empty_file_is_fine_and_one_that_is_not_there_is_named() {
    let empty = import("empty.ndjson", b"").await;
    assert!(empty.report.fault.is_none() && empty.report.counts == ImportCounts::default());
    let gone = ImportFrom::File("/nowhere/gone.ndjson".into());
    let fault = import_into(Arc::new(FakeStore::new()), &gone, None).await.report.fault.expect("a fault").to_string();
    assert_eq!(fault, "/nowhere/gone.ndjson: cannot be read: there is no such file");
    let folder = ImportFrom::File(std::env::temp_dir());
    let fault = import_into(Arc::new(FakeStore::new()), &folder, None).await.report.fault.expect("a fault").to_string();
    assert!(fault.ends_with("it is a folder"), "{fault}");
}

#[tokio::test]
async fn a_file_that_is_cut_off_keeps_what_could_be_read_and_says_so() {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let text: String = (0..3_000).map(|n| event(n) + "\n").collect();
    packer.write_all(text.as_bytes()).expect("packed");
    let packed = packer.finish().expect("packed");
    let whole = import("w.ndjson.gz", &packed).await;
    assert_eq!((whole.report.counts.created, whole.report.fault.is_none()), (3_000, true));
    let cut = import("c.ndjson.gz", &packed[..packed.len() / 2]).await;
    let fault = cut.report.fault.expect("a fault").to_string();
    assert!(fault.ends_with("c.ndjson.gz: cannot be read: it ends in the middle of a gzip stream"), "{fault}");
    assert!(cut.report.counts.created > 500 && cut.report.counts.rejected == 0, "{:?}", cut.report.counts);
}

#[tokio::test]
async fn a_stop_finishes_the_batch_in_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.ndjson");
    let text: String = (0..20_000).map(|n| event(n) + "\n").collect();
    std::fs::write(&path, text).expect("a file");
    let store = Arc::new(FakeStore { commits: tokio::sync::Semaphore::new(2), ..FakeStore::new() });
    let import = Import::with_clock(store.clone(), &Settings::default(), None, Arc::new(clock));
    let (stopper, mut stop) = watch::channel(false);
    let running = tokio::spawn(async move { import.run(&ImportFrom::File(path), &mut stop, |_| {}, |_| Ok(())).await });
    while store.batches.lock().expect("a lock").len() < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stopper.send(true).expect("it listens");
    store.commits.add_permits(1_000);
    let report = running.await.expect("a report");
    assert!(report.stopped);
    assert_eq!((report.counts.created, store.messages().len()), (3_000, 3_000), "the third batch was in hand");
}

#[tokio::test]
async fn a_store_that_fails_ends_the_import_and_what_was_counted_is_safe() {
    let store = Arc::new(FakeStore::new());
    store.away.store(true, Ordering::SeqCst);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.ndjson");
    std::fs::write(&path, event(1)).expect("a file");
    let done = import_into(store, &ImportFrom::File(path), None).await;
    assert!(matches!(done.report.fault, Some(ImportFault::Store(StoreError::Away(_)))));
    assert_eq!(done.report.counts, ImportCounts::default());
}

#[tokio::test]
async fn one_refused_event_is_rejected_with_its_line() {
    let store = Arc::new(FakeStore { refuses: ["m3".to_owned()].into(), ..FakeStore::new() });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.ndjson");
    std::fs::write(&path, (0..10).map(|n| event(n) + "\n\n").collect::<String>()).expect("a file");
    let done = import_into(store, &ImportFrom::File(path), None).await;
    assert_eq!(said(&done.rejects), [(7, "STORE_REFUSED")]);
    assert_eq!(done.report.counts.created, 9);
}

#[tokio::test]
async fn what_comes_slowly_is_not_kept_waiting_for_a_full_batch() {
    struct Slow(Mutex<Vec<Vec<u8>>>, Mutex<std::sync::mpsc::Receiver<()>>);
    impl io::Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let next = self.0.lock().expect("a lock").pop();
            match next {
                Some(part) => {
                    buffer[..part.len()].copy_from_slice(&part);
                    Ok(part.len())
                }
                None => {
                    // Open and empty during the test.
                    let _ = self.1.lock().expect("a lock").recv();
                    Ok(0)
                }
            }
        }
    }
    let import = Import::with_clock(Arc::new(FakeStore::new()), &Settings::default(), None, Arc::new(clock));
    let (end, ended) = std::sync::mpsc::channel();
    let input = Input::new(Slow(Mutex::new(vec![(event(1) + "\n").into_bytes()]), Mutex::new(ended)), None);
    let mut parsed = import.read(input, &"pipe".into());
    assert_eq!(parsed.recv().await.expect("a batch").reads.len(), 1);
    drop(end);
}

#[test]
fn a_line_of_one_mebibyte_is_read() {
    let settings = Settings::default();
    let origin = Origin::import(None, "f");
    let rules = SharedRules::new(&settings);
    let (clock, occurrences) = (Arc::new(clock), Occurrences::default());
    let mut parser = Parser { rules, clock, origin, occurrences, batch_size: 1 };
    let pad = "x".repeat(LONGEST_LINE - 200);
    let line = event(1).replacen('{', &format!("{{\"properties\":{{\"pad\":\"{pad}\"}},"), 1);
    let mut batch = Parsed::default();
    parser.line(1, Some(line.as_bytes()), &mut batch);
    assert_eq!(batch.reads.len(), 1);
}
