//! What the program says when it is called in a wrong way, or cannot do what it was asked.

use std::net::TcpListener;

use crate::running::{program, run};

#[test]
fn a_wrong_line_or_setting_is_exit_2_and_names_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("bad.toml"), "[server]\nlissten = \"127.0.0.1:1\"\n").expect("a file");
    for (line, words) in [
        (&["fly"][..], "unrecognized subcommand"),
        (&["serve", "--port", "3"], "unexpected argument"),
        (&["serve", "--listen", "everywhere"], "--listen"),
        (&["serve", "--store", "mysql://a"], "--store"),
        (&["check", "--store", "bolt://neo4j:secret@host"], "THROUGHLINE_STORE_PASSWORD"),
        (&["serve", "--config", "bad.toml"], "lissten"),
        (&["check", "--config", "none.toml"], "none.toml"),
        (&["import"], "<FILE>"),
    ] {
        let (code, out, error) = run(folder.path(), line);
        assert_eq!((code, out.as_str()), (2, ""), "{line:?}: {error}");
        assert!(error.contains(words) && !error.contains("secret"), "{line:?}: {error}");
    }
}

#[test]
fn the_schema_is_printed_whatever_the_settings_say() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("throughline.toml"), "nonsense").expect("a file");
    let (code, out, error) = run(folder.path(), &["schema"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(out, throughline::graphql::sdl());
}

#[test]
fn an_address_that_is_taken_or_that_others_can_reach_is_exit_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let (code, _, error) = run(folder.path(), &["serve", "--listen", &address]);
    assert_eq!((code, error.contains("is taken")), (1, true), "{error}");
    let (code, _, error) = run(folder.path(), &["demo", "--listen", "0.0.0.0:0"]);
    assert_eq!((code, error.contains("[access]")), (1, true), "{error}");
}

#[test]
fn a_file_that_cannot_be_a_store_ends_the_server_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.db"), "this is no database at all\n".repeat(200)).expect("a file");
    for (store, words) in [("sqlite:none/a.db", "folder must exist"), ("sqlite:a.db", "not an SQLite database")] {
        let (code, _, error) = run(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--store", store]);
        assert_eq!((code, error.contains(words)), (1, true), "{error}");
        let (code, out, _) = run(folder.path(), &["check", "--store", store]);
        assert_eq!((code, out.contains("wrong    store")), (1, true), "{out}");
    }
}

#[test]
fn check_says_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, out, _) = run(folder.path(), &["check"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("not there yet") && !folder.path().join("throughline.db").exists(), "{out}");
}

#[test]
fn a_world_goes_from_generate_through_import_into_a_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, world, _) = run(folder.path(), &["generate", "--customers", "20", "--seed", "3"]);
    assert_eq!(code, 0);
    std::fs::write(folder.path().join("world.ndjson"), world).expect("a file");
    let import = ["import", "--source", "world", "world.ndjson"];
    let (code, out, error) = run(folder.path(), &import);
    assert_eq!((code, out.lines().count()), (0, 2), "{error}");
    let (code, out, _) = run(folder.path(), &["check"]);
    assert!(code == 0 && out.contains("constraints and indexes are there"), "{out}");
    assert!(!out.contains(" 0 customers"), "{out}");
    let (code, out, _) = run(folder.path(), &["check", "--recount"]);
    assert!(code == 0 && out.contains("customers are those of their histories"), "{out}");
}

#[test]
fn a_counter_that_does_not_agree_with_the_change_log_is_told_by_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let event = r#"{"type":"track","messageId":"m","userId":"ada","event":"Login","timestamp":"2026-03-31T09:30:00Z"}"#;
    std::fs::write(folder.path().join("e.ndjson"), event).expect("a file");
    assert_eq!(run(folder.path(), &["import", "e.ndjson"]).0, 0);
    let db = rusqlite::Connection::open(folder.path().join("throughline.db")).expect("the file");
    let last: i64 = db.query_row("SELECT seq FROM counter", [], |row| row.get(0)).expect("a number");
    for (seq, words) in [(last - 1, "every write fails"), (last + 1, "bring back a backup")] {
        db.execute("UPDATE counter SET seq = ?1", [seq]).expect("damaged");
        let (code, out, _) = run(folder.path(), &["check"]);
        assert_eq!((code, out.contains("wrong    store")), (1, true), "{out}");
        assert!(out.contains(&format!("the counter of changes is at {seq} ")) && out.contains(words), "{out}");
    }
    db.execute("UPDATE counter SET seq = ?1", [last - 1]).expect("damaged");
    let (_, out, _) = run(folder.path(), &["check"]);
    let (_, mending) = out.lines().last().and_then(|line| line.split_once("on the database: ")).expect("what to run");
    db.execute(mending, []).expect("mended");
    let (code, out, _) = run(folder.path(), &["check"]);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn a_reader_of_the_schema_that_has_had_enough_is_no_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child =
        program(folder.path()).arg("schema").stdout(std::process::Stdio::piped()).spawn().expect("the program");
    drop(child.stdout.take());
    assert!(child.wait().expect("an end").success());
}

#[test]
fn journeys_are_asked_about_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, world, _) = run(folder.path(), &["generate", "--customers", "30", "--seed", "5"]);
    std::fs::write(folder.path().join("world.ndjson"), world).expect("a file");
    let (code, _, error) = run(folder.path(), &["import", "--source", "world", "world.ndjson"]);
    assert_eq!(code, 0, "{error}");
    let ask = |line: &[&str]| {
        let line: Vec<&str> = ["journeys"].into_iter().chain(line.iter().copied()).collect();
        let (code, out, error) = run(folder.path(), &line);
        assert_eq!(code, 0, "{line:?}: {error}");
        out
    };
    let json = |line: &[&str]| -> serde_json::Value {
        serde_json::from_str(&ask(&[line, &["--format", "json"]].concat())).expect("JSON")
    };
    let population = json(&["population"])["rows"][0].clone();
    let graph = json(&["transitions", "--top", "500"]);
    let size = |name: &str| population[name].as_i64().expect("a number");
    assert_eq!(graph["total"].as_i64(), Some(size("touchpoints") + size("journeys")));
    let funnel = json(&["funnel", "kind=product", "kind=order", "--within", "P30D", "--breakdown", "channel"]);
    assert_eq!(funnel["rows"][0]["number"], 1);
    assert_eq!(funnel["entered"], funnel["rows"][0]["reached"]);
    let csv = ask(&["paths", "--to", "kind=order", "--dimension", "channel", "--per", "session", "--format", "csv"]);
    assert!(csv.starts_with("journeys,share,medianSeconds,values\r\n") && csv.lines().count() > 1, "{csv}");
    let table = ask(&["attribution", "--model", "linear", "--model", "MARKOV", "--since", "2000-01-01"]);
    assert!(table.starts_with("model ") && table.contains("MARKOV") && table.contains("conversions "), "{table}");
    for line in
        [&["flow", "--anchor", "kind=product"][..], &["time-between", "--from", "kind=product", "--to", "kind=order"]]
    {
        assert!(ask(line).lines().count() > 2, "{line:?}");
    }
    assert!(ask(&["match", "* -> $", "--dimension", "kind"]).contains("unknownValues"));
    for (line, words) in [
        (&["funnel", "colour=red"][..], "properties.platform"),
        (&["match", "a -> -> b"], "at character 6"),
        (&["transitions", "--top", "1000000"], "0 to 500"),
        (&["population", "--purpose", "nothing"], "scope.purpose"),
        (&["paths", "--to", "kind="], "STEP"),
    ] {
        let (code, out, error) = run(folder.path(), &[&["journeys"], line].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{line:?}: {error}");
        assert!(error.contains(words), "{line:?}: {error}");
    }
}
