//! The files of a store: what a clean end leaves, what damage and other people's hands do to them, copies of them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::{Server, run};

const INGEST: &str = "mutation($events: [JSON!]!) { eventsIngest(events: $events) { outcomes { status } } }";

fn event(id: &str) -> Value {
    json!({"type": "track", "event": "Product Viewed", "userId": format!("of {id}"), "messageId": id,
        "timestamp": "2026-01-01T10:00:00Z", "properties": {"text": "x".repeat(200)}})
}

/// Sends events; the answer's status and body.
async fn send(server: &Server, ids: impl IntoIterator<Item = String>) -> (u16, Value) {
    let events: Vec<Value> = ids.into_iter().map(|id| event(&id)).collect();
    let body = json!({"query": INGEST, "variables": {"events": events}});
    let request = reqwest::Client::new().post(format!("{}/graphql", server.url)).json(&body);
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn send_well(server: &Server, ids: impl IntoIterator<Item = String>) {
    let (status, answer) = send(server, ids).await;
    assert_eq!((status, &answer["errors"]), (200, &Value::Null), "{answer}");
}

async fn ready(server: &Server) -> (u16, String) {
    let answer = reqwest::get(format!("{}/health/ready", server.url)).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

/// Waits until the probe says so, and gives its words.
async fn until_ready_is(server: &Server, status: u16) -> String {
    let until = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let (found, words) = ready(server).await;
        if found == status {
            return words;
        }
        assert!(std::time::Instant::now() < until, "still {found}: {words}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn touchpoints(server: &Server) -> i64 {
    let answer = server.ask(json!({"query": "{ status { touchpoints } }"})).await;
    answer["data"]["status"]["touchpoints"].as_i64().unwrap_or_else(|| panic!("{answer}"))
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        files.map(|file| file.expect("a file").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

fn write_events(folder: &Path, count: usize) {
    let lines: Vec<String> = (0..count).map(|n| event(&format!("m{n}")).to_string()).collect();
    std::fs::write(folder.join("e.ndjson"), lines.join("\n")).expect("a file");
}

/// `check` of a file: whether it finds it fit, and what it says.
fn check(folder: &Path, file: &str) -> (bool, String) {
    let (code, out, error) = run(folder, &["check", "--store", &format!("sqlite:{file}")]);
    assert!(code == 0 || code == 1, "{out}{error}");
    (code == 0, out)
}

#[tokio::test]
async fn a_clean_end_leaves_one_file_that_others_cannot_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write_events(path, 50);
    let alone = |when: &str, also: &[&str]| {
        let mut expected: Vec<&str> = ["e.ndjson", "throughline.db"].into_iter().chain(also.iter().copied()).collect();
        expected.sort_unstable();
        assert_eq!(names(path), expected, "{when}");
        for name in expected.iter().filter(|name| **name != "e.ndjson") {
            let mode = std::fs::metadata(path.join(name)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{when}: {name}");
        }
        // What is copied now is all there is.
        let copy = path.join("copy");
        std::fs::create_dir(&copy).expect("a folder");
        std::fs::copy(path.join("throughline.db"), copy.join("a.db")).expect("a copy");
        std::fs::set_permissions(copy.join("a.db"), PermissionsExt::from_mode(0o600)).expect("a mode");
        let (fit, out) = check(&copy, "a.db");
        assert!(fit && out.contains(" 50 touchpoints"), "{when}: {out}");
        assert_eq!(names(&copy), ["a.db"], "{when}: check itself");
        std::fs::remove_dir_all(copy).expect("removed");
    };
    assert_eq!(run(path, &["import", "e.ndjson"]).0, 0);
    alone("import", &[]);
    assert_eq!(run(path, &["import", "e.ndjson"]).0, 0);
    alone("an import that changes nothing", &[]);
    assert_eq!(run(path, &["restitch"]).0, 0);
    alone("restitch", &[]);
    assert!(check(path, "throughline.db").0);
    alone("check", &[]);
    assert_eq!(run(path, &["journeys", "population"]).0, 0);
    let saved: &[&str] = if path.join("throughline.db.journeys").exists() { &["throughline.db.journeys"] } else { &[] };
    alone("journeys", saved);
    for signal in ["-TERM", "-INT"] {
        let server = Server::start(path, "serve", &[]).ready().await;
        send_well(&server, ["m0".to_owned()]).await;
        assert!(names(path).contains(&"throughline.db-wal".to_owned()));
        for ending in ["-wal", "-shm"] {
            let mode = std::fs::metadata(path.join(format!("throughline.db{ending}"))).expect("a file").permissions();
            assert_eq!(mode.mode() & 0o777, 0o600, "{ending}");
        }
        let (code, log, _) = server.stop_by(signal);
        assert_eq!(code, 0, "{log}");
        alone(signal, &["throughline.db.journeys"]);
    }
    // Of two that share a file the last one leaves it whole.
    let servers = [Server::start(path, "serve", &[]).ready().await, Server::start(path, "serve", &[]).ready().await];
    for server in servers {
        send_well(&server, ["m1".to_owned()]).await;
        assert_eq!(server.stop().0, 0);
    }
    alone("two servers", &["throughline.db.journeys"]);
}

#[tokio::test]
async fn a_copy_without_its_wal_or_with_anothers_is_not_called_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let server = Server::start(path, "serve", &[]).ready().await;
    send_well(&server, (0..50).map(|n| format!("m{n}"))).await;
    std::fs::copy(path.join("throughline.db"), path.join("copy.db")).expect("a copy");
    server.kill();
    let (fit, out) = check(path, "copy.db");
    assert!(!fit && out.contains("copy.db-wal, which is not there"), "{out}");
    assert!(!out.contains("ok       store"), "{out}");
    // What a kill left is whole, with its -wal; and another's -wal beside a whole file would spoil it.
    std::fs::copy(path.join("throughline.db-wal"), path.join("stale")).expect("a copy");
    let (fit, out) = check(path, "throughline.db");
    assert!(fit && out.contains(" 50 touchpoints"), "{out}");
    std::fs::rename(path.join("stale"), path.join("throughline.db-wal")).expect("renamed");
    let before = std::fs::read(path.join("throughline.db")).expect("bytes");
    let (fit, out) = check(path, "throughline.db");
    assert!(!fit && out.contains("throughline.db-wal is of another file"), "{out}");
    let (code, _, error) = run(path, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(code == 1 && error.contains("is of another file"), "{error}");
    assert_eq!(std::fs::read(path.join("throughline.db")).expect("bytes"), before, "nothing was written");
    std::fs::remove_file(path.join("throughline.db-wal")).expect("removed");
    assert!(check(path, "throughline.db").0);
}

/// A database with some pages of everything, ended whole; and the pages of it that tables and indexes begin with.
fn database(path: &Path) -> (PathBuf, Vec<(String, u64)>) {
    write_events(path, 3_000);
    assert_eq!(run(path, &["import", "e.ndjson"]).0, 0);
    let file = path.join("throughline.db");
    let db = rusqlite::Connection::open(&file).expect("the file");
    let mut statement = db
        .prepare("SELECT name, type, rootpage FROM sqlite_schema WHERE rootpage > 0 AND name IN \
            ('touchpoint', 'message', 'identifier', 'change') OR (type = 'index' AND tbl_name IN ('touchpoint', 'identifier'))")
        .expect("a statement");
    let roots = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(2)?.unsigned_abs())))
        .expect("rows")
        .map(|row| row.expect("a row"))
        .collect();
    drop(statement);
    (file, roots)
}

#[test]
fn no_damaged_file_passes_check() {
    const PAGE: usize = 8_192;
    let folder = tempfile::tempdir().expect("a folder");
    let (file, roots) = database(folder.path());
    let whole = std::fs::read(&file).expect("bytes");
    assert!(check(folder.path(), "throughline.db").0 && roots.len() > 4 && whole.len() > 40 * PAGE, "{roots:?}");
    let mut damages: Vec<(String, Vec<u8>)> = Vec::new();
    let mut damage = |what: &str, how: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        how(&mut bytes);
        damages.push((what.to_owned(), bytes));
    };
    damage("no header", &|bytes| bytes[..100].fill(0));
    damage("another mark", &|bytes| bytes[3] = b'X');
    damage("another page size", &|bytes| bytes[16..18].copy_from_slice(&[0x10, 0]));
    damage("another schema format", &|bytes| bytes[44..48].copy_from_slice(&[0, 0, 0, 9]));
    damage("another program's", &|bytes| bytes[68..72].fill(1));
    damage("a newer version", &|bytes| bytes[60..64].copy_from_slice(&[0, 0, 0, 99]));
    damage("no schema", &|bytes| bytes[100..PAGE].fill(0));
    damage("half of it", &|bytes| bytes.truncate(bytes.len() / 2 / PAGE * PAGE));
    damage("but for a page", &|bytes| bytes.truncate(bytes.len() - PAGE));
    damage("cut within a page", &|bytes| bytes.truncate(bytes.len() - PAGE / 3));
    damage("zeros from the middle on", &|bytes| {
        let half = bytes.len() / 2;
        bytes[half..].fill(0);
    });
    for (name, page) in &roots {
        let begin = (*page as usize - 1) * PAGE;
        damage(&format!("{name}: root overwritten"), &|bytes| bytes[begin..begin + PAGE].fill(0x5a));
        damage(&format!("{name}: root of zeros"), &|bytes| bytes[begin..begin + PAGE].fill(0));
        damage(&format!("{name}: head overwritten"), &|bytes| bytes[begin + 1..begin + 7].fill(0xff));
    }
    for page in (1..whole.len() / PAGE).step_by(7) {
        damage(&format!("page {page} overwritten"), &|bytes| bytes[page * PAGE..(page + 1) * PAGE].fill(0x5a));
    }
    assert!(damages.len() > 30, "{}", damages.len());
    for (what, bytes) in damages {
        std::fs::write(&file, bytes).expect("written");
        let (fit, out) = check(folder.path(), "throughline.db");
        assert!(!fit && out.contains("wrong    store"), "{what}: {out}");
        for ending in ["-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(folder.path().join(format!("throughline.db{ending}")));
        }
    }
    std::fs::write(&file, &whole).expect("written");
    assert!(check(folder.path(), "throughline.db").0);
}

#[tokio::test]
async fn a_damaged_wal_does_not_pass_check_and_one_cut_off_by_a_kill_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let server = Server::start(path, "serve", &[]).ready().await;
    for n in 0..20 {
        send_well(&server, (0..5).map(|m| format!("m{n}-{m}"))).await;
    }
    server.kill();
    let (database, wal) = (path.join("throughline.db"), path.join("throughline.db-wal"));
    let whole = (std::fs::read(&database).expect("bytes"), std::fs::read(&wal).expect("bytes"));
    let frame = 24 + 8_192;
    assert!(whole.1.len() > 32 + 20 * frame, "{}", whole.1.len());
    let put = |bytes: &[u8]| {
        std::fs::write(&database, &whole.0).expect("written");
        std::fs::write(&wal, bytes).expect("written");
        let _ = std::fs::remove_file(path.join("throughline.db-shm"));
    };
    for (what, at) in [
        ("header", 5),
        ("its sum", 25),
        ("first frame", 32 + 4_000),
        ("a salt", 32 + 5 * frame + 9),
        ("a sum", 32 + 7 * frame + 17),
    ] {
        let mut bytes = whole.1.clone();
        bytes[at] ^= 1;
        put(&bytes);
        let (fit, out) = check(path, "throughline.db");
        assert!(!fit && out.contains("throughline.db-wal is damaged"), "{what}: {out}");
        assert_eq!(std::fs::read(&wal).expect("bytes"), bytes, "{what}: check leaves it as it was");
    }
    // A kill in the middle of a write.
    put(&whole.1[..whole.1.len() - frame / 2]);
    let (fit, out) = check(path, "throughline.db");
    assert!(fit, "{out}");
    put(&whole.1);
    let (fit, out) = check(path, "throughline.db");
    assert!(fit && out.contains(" 100 touchpoints"), "{out}");
}

#[tokio::test]
async fn a_file_that_is_moved_away_or_replaced_under_a_server_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let server = Server::start(path, "serve", &[]).ready().await;
    send_well(&server, ["a".to_owned()]).await;
    // Its journeys have it in memory.
    let journeys = async || server.ask(json!({"query": "{ journeys { population { touchpoints } } }"})).await;
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while journeys().await["data"]["journeys"]["population"]["touchpoints"] != 1 {
        assert!(std::time::Instant::now() < until, "no journeys");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (file, away) = (path.join("throughline.db"), path.join("moved.db"));
    std::fs::rename(&file, &away).expect("moved");
    let (status, answer) = send(&server, ["b".to_owned()]).await;
    assert_eq!((status, &answer["data"]["eventsIngest"]), (503, &Value::Null), "{answer}");
    let words = until_ready_is(&server, 503).await;
    assert!(words.contains("moved away or removed"), "{words}");
    assert!(!file.exists(), "no other is made in its place");
    let answer = journeys().await;
    assert_eq!(answer["data"]["journeys"]["population"]["touchpoints"], 1, "what is in memory goes on: {answer}");
    std::fs::rename(&away, &file).expect("moved back");
    until_ready_is(&server, 200).await;
    send_well(&server, ["c".to_owned()]).await;
    let found = touchpoints(&server).await;
    assert!(found == 2 || found == 3, "what was not acknowledged may be there: {found}");
    // Another in its place, as who puts a backup back under a server does.
    let (code, _, error) = run(path, &["backup", "backup.db"]);
    assert_eq!(code, 0, "{error}");
    std::fs::rename(path.join("backup.db"), &file).expect("replaced");
    let (status, answer) = send(&server, ["d".to_owned()]).await;
    assert_eq!((status, &answer["data"]["eventsIngest"]), (503, &Value::Null), "{answer}");
    let words = until_ready_is(&server, 503).await;
    assert!(words.contains("another file was put in the place"), "{words}");
    server.stop();
    // Its log is the old one's.
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(path.join(format!("throughline.db{ending}")));
    }
    let server = Server::start(path, "serve", &[]).ready().await;
    assert_eq!(touchpoints(&server).await, found);
    // The log alone: what was acknowledged is in it, and the end brings it into the file.
    send_well(&server, ["e".to_owned()]).await;
    std::fs::remove_file(path.join("throughline.db-wal")).expect("removed");
    let (status, answer) = send(&server, ["f".to_owned()]).await;
    assert_eq!((status, &answer["data"]["eventsIngest"]), (503, &Value::Null), "{answer}");
    let words = until_ready_is(&server, 503).await;
    assert!(words.contains("-wal was taken away"), "{words}");
    assert_eq!(server.stop().0, 0);
    let server = Server::start(path, "serve", &[]).ready().await;
    assert!(touchpoints(&server).await > found);
    let (_, again) = send(&server, ["e".to_owned()]).await;
    assert_eq!(again["data"]["eventsIngest"]["outcomes"][0]["status"], "UNCHANGED", "{again}");
}

#[tokio::test]
async fn a_backup_is_whole_while_a_server_writes_and_can_be_put_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let server = Server::start(path, "serve", &[]).ready().await;
    send_well(&server, (0..400).map(|n| format!("before {n}"))).await;
    let writing = async {
        for n in 0..40 {
            send_well(&server, (0..5).map(|m| format!("m{n}-{m}"))).await;
        }
    };
    let copying = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || run(&path, &["backup", "copy.db"])).await.expect("an end")
    };
    let ((), (code, out, error)) = futures_util::future::join(writing, copying).await;
    assert_eq!(code, 0, "{error}");
    assert!(out.starts_with("copy.db: "), "{out}");
    let mode = std::fs::metadata(path.join("copy.db")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (fit, said) = check(path, "copy.db");
    assert!(fit, "{said}");
    assert_eq!(run(path, &["check", "--recount", "--store", "sqlite:copy.db"]).0, 0);
    assert_eq!(touchpoints(&server).await, 600, "the server went on");
    // What stands in the way is not overwritten.
    for (line, words) in [
        (&["backup", "copy.db"][..], "is there already"),
        (&["backup", "x.db", "--store", "sqlite:none.db"], "there is no such file"),
        (&["restore", "copy.db"], "has a store in it"),
        (&["restore", "none.db", "--store", "sqlite:new.db"], "there is no such file"),
        (&["restore", "e.txt", "--store", "sqlite:new.db"], "not an SQLite database"),
        (&["backup", "x.db", "--store", "bolt://127.0.0.1:1"], "neo4j-admin database dump"),
        (&["restore", "x.db", "--store", "bolt://127.0.0.1:1"], "neo4j-admin database load"),
    ] {
        std::fs::write(path.join("e.txt"), "no database at all\n".repeat(900)).expect("a file");
        let (code, out, error) = run(path, line);
        assert_eq!((code, out.as_str()), (2, ""), "{line:?}: {error}");
        assert!(error.contains(words), "{line:?}: {error}");
        assert!(!path.join("new.db").exists() && !path.join("x.db").exists(), "{line:?}");
    }
    server.kill();
    // What a kill left is copied with what is in its log, and stays as it is.
    let wal = std::fs::metadata(path.join("throughline.db-wal")).expect("a log").len();
    let (code, out, error) = run(path, &["backup", "killed.db"]);
    assert!(code == 0 && out.contains(" 600 touchpoints"), "{out}{error}");
    assert_eq!(std::fs::metadata(path.join("throughline.db-wal")).expect("a log").len(), wal);
    // Put back where nothing is, and where an empty store is.
    for place in ["sqlite:new.db", "sqlite:empty.db"] {
        if place.contains("empty") {
            std::fs::write(path.join("nothing.ndjson"), "").expect("a file");
            assert_eq!(run(path, &["import", "--store", place, "nothing.ndjson"]).0, 0);
        }
        let (code, out, error) = run(path, &["restore", "killed.db", "--store", place]);
        assert!(code == 0 && out.contains(" 600 touchpoints"), "{out}{error}");
        let (fit, out) = check(path, place.trim_start_matches("sqlite:"));
        assert!(fit && out.contains(" 600 touchpoints"), "{out}");
    }
    // One that is damaged is not.
    let mut bytes = std::fs::read(path.join("killed.db")).expect("bytes");
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    std::fs::write(path.join("damaged.db"), bytes).expect("written");
    let (code, _, error) = run(path, &["restore", "damaged.db", "--store", "sqlite:third.db"]);
    assert!(code != 0 && error.contains("damaged"), "{error}");
    assert!(!names(path).iter().any(|name| name.starts_with("third.db")), "{:?}", names(path));
}

/// A disk of a few megabytes, which only root can make.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        let made = Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(at).output();
        match made {
            Ok(output) if output.status.success() => Some(SmallDisk(at.to_owned())),
            _ => {
                eprintln!("SKIPPED: no small disk can be mounted here, so no server was seen on a full one");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_server_on_a_full_disk_says_so_answers_questions_and_goes_on_when_there_is_space() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(_disk) = SmallDisk::mount(folder.path()) else { return };
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    send_well(&server, ["a".to_owned()]).await;
    let filling = folder.path().join("filling");
    // It fails when nothing is left.
    let _ = std::fs::write(&filling, vec![1; 16 << 20]);
    let mut stored = 1;
    let answer = loop {
        let (status, answer) = send(&server, (0..50).map(|m| format!("m{stored}-{m}"))).await;
        if status != 200 {
            assert_eq!(status, 503, "{answer}");
            break answer;
        }
        stored += 50;
        assert!(stored < 100_000);
    };
    assert_eq!(answer["errors"][0]["extensions"]["code"], "STORE_FULL", "{answer}");
    let words = until_ready_is(&server, 503).await;
    assert!(words.contains("the disk of the database is full") && words.contains("\"reads\":true"), "{words}");
    assert_eq!(touchpoints(&server).await, stored);
    std::fs::remove_file(&filling).expect("removed");
    until_ready_is(&server, 200).await;
    send_well(&server, ["b".to_owned()]).await;
    assert_eq!(touchpoints(&server).await, stored + 1);
    let (code, log, _) = server.stop();
    assert_eq!(code, 0, "{log}");
}
