//! What the program says when it is called in a wrong way, or cannot do what it was asked.

use std::net::TcpListener;

use crate::running::{ended, program, run};

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
    assert!(out.contains("does not exist yet") && !folder.path().join("throughline.db").exists(), "{out}");
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
    assert!(code == 0 && out.contains("constraints and indexes exist"), "{out}");
    assert!(!out.contains(" 0 customers"), "{out}");
    let (code, out, _) = run(folder.path(), &["check", "--recount"]);
    assert!(code == 0 && out.contains("customers agree with their histories"), "{out}");
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
    let funnel = ask(&["funnel", "kind=product", "kind=order"]);
    assert!(funnel.contains("100.0%") && funnel.contains("median time from previous"), "{funnel}");
    let ways = ask(&["paths", "--to", "kind=order", "--dimension", "channel", "--within", "P7D"]);
    assert!(ways.contains(" \u{2192} ") && !ways.contains(" > "), "{ways}");
    let compared = ask(&["compare", "--per", "session", "--with-exclude", "channel=email", "--top", "3"]);
    assert!(compared.starts_with("from ") && compared.contains(" pp\n"), "{compared}");
    let touched = json(&["attribution", "--touches", "channel=email", "--model", "LINEAR"]);
    let earned: Vec<&str> =
        touched["rows"].as_array().expect("rows").iter().filter_map(|row| row["value"].as_str()).collect();
    assert!(!earned.is_empty() && earned.iter().all(|value| ["email", "(direct)"].contains(value)), "{touched}");
    let table = ask(&["attribution", "--model", "linear", "--model", "MARKOV", "--since", "2000-01-01"]);
    assert!(table.starts_with("model ") && table.contains("MARKOV") && table.contains("conversions "), "{table}");
    for line in
        [&["flow", "--anchor", "kind=product"][..], &["time-between", "--from", "kind=product", "--to", "kind=order"]]
    {
        assert!(ask(line).lines().count() > 2, "{line:?}");
    }
    assert!(ask(&["match", "* -> $", "--dimension", "kind"]).contains("unknown values"));
    for (line, meant) in [
        (
            &["funnel", "kind=prodct", "kind=order"][..],
            "note: no touchpoint has the value \"prodct\"; did you mean \"product\"?",
        ),
        (&["match", "oder -> $", "--dimension", "kind"], "did you mean \"order\"?"),
        (&["population", "--include", "channel=zebra"], "note: no touchpoint has the value \"zebra\""),
    ] {
        let (code, out, error) = run(folder.path(), &[&["journeys"], line].concat());
        assert_eq!(code, 0, "{line:?}: {error}");
        assert!(!out.is_empty() && error.trim_end().lines().all(|line| line.starts_with("note: ")), "{error}");
        assert!(error.contains(meant), "{error}");
    }
    for (line, words) in [
        (&["funnel", "colour=red"][..], "properties.platform"),
        (&["funnel", "chanel=email"], "did you mean \"channel\"?"),
        (&["paths", "--within", "P1D"], "--to"),
        (&["people", "funnel", "kind=order", "--step", "2"], "1 to 1"),
        (&["people", "funnel", "kind=order", "--group", "email"], "--breakdown"),
        (&["compare", "--with-since", "2026-02-01", "--with-until", "2026-01-01"], "earlier"),
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

#[test]
fn who_is_behind_a_figure_is_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let event = |id: &str, user: &str, name: &str, minute: u32| {
        let order = if name == "Order Completed" {
            r#","properties":{"order_id":"1","currency":"GBP","total":"5"}"#
        } else {
            ""
        };
        format!(
            r#"{{"type":"track","messageId":"{id}","userId":"{user}","event":"{name}","timestamp":"2026-03-10T08:{minute:02}:00Z"{order}}}"#
        )
    };
    let ada = r#"{"type":"identify","messageId":"i","userId":"ada","timestamp":"2026-03-01T00:00:00Z","traits":{"name":"Ada, L.","email":"ada@example.org"}}"#;
    let world = [
        ada.to_owned(),
        event("1", "ada", "Product Viewed", 1),
        event("2", "ada", "Order Completed", 2),
        event("3", "ben", "Product Viewed", 3),
    ];
    std::fs::write(folder.path().join("world.ndjson"), world.join("\n")).expect("a file");
    let (code, _, error) = run(folder.path(), &["import", "--source", "world", "world.ndjson"]);
    assert_eq!(code, 0, "{error}");
    let ask = |line: &[&str]| {
        let line: Vec<&str> = ["journeys", "people"].into_iter().chain(line.iter().copied()).collect();
        let (code, out, error) = run(folder.path(), &line);
        assert_eq!((code, error.as_str()), (0, ""), "{line:?}");
        out
    };
    let bought = ["funnel", "Product Viewed", "kind=order"];
    let table = ask(&bought);
    assert!(table.starts_with("customer ") && table.contains("Ada, L.") && table.contains("customers 1"), "{table}");
    assert!(
        table.contains("user_id:ada, email:ada@example.org") || table.contains("email:ada@example.org, user_id:ada"),
        "{table}"
    );
    let csv = ask(&[&bought[..], &["--format", "csv"]].concat());
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines[0], lines.len()), ("customer,name,identifiers", 2), "{csv}");
    assert!(lines[1].contains(",\"Ada, L.\","), "{csv}");
    let dropped = ask(&[&bought[..], &["--dropped", "--format", "ndjson"]].concat());
    let ben: serde_json::Value = serde_json::from_str(&dropped).expect("one line of JSON");
    assert_eq!((&ben["name"], &ben["identifiers"]), (&serde_json::Value::Null, &serde_json::json!(["user_id:ben"])));
    assert!(ben["customer"].as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!(ask(&[&bought[..], &["--step", "1", "--format", "ndjson"]].concat()).lines().count(), 2);
    let group = ["--breakdown", "channel", "--group", "email", "--format", "ndjson"];
    assert_eq!(ask(&[&bought[..], &group].concat()), "");
    let group = ["--breakdown", "channel", "--group", "…", "--top", "0", "--format", "ndjson"];
    assert_eq!(ask(&[&bought[..], &group].concat()).lines().count(), 1);
    let matched = ask(&["match", "\"Product Viewed\" -> $", "--format", "json"]);
    let matched: serde_json::Value = serde_json::from_str(&matched).expect("JSON");
    assert_eq!(
        (&matched["customers"], &matched["rows"][0]["identifiers"][0]),
        (&serde_json::json!(1), &serde_json::json!("user_id:ben"))
    );
}

#[test]
fn settings_tell_what_they_are_and_who_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("throughline.toml"), "[server]\nmax_sockets = 5\n").expect("settings");
    let ask = |arguments: &[&str]| {
        let mut command = program(folder.path());
        let command = command.arg("settings").args(arguments).env("THROUGHLINE_STORE_PASSWORD", "hunter2");
        ended(&command.env("THROUGHLINE_TRAITS_CITY", "oldest").output().expect("the program"))
    };
    let (code, out, error) = ask(&["--format", "json", "--store", "sqlite:a.db"]);
    assert_eq!(code, 0, "{error}");
    let keys: Vec<serde_json::Value> = serde_json::from_str(&out).expect("a list");
    let told = |name: &str| {
        let key = keys.iter().find(|key| key["key"] == name).unwrap_or_else(|| panic!("no {name} in {out}"));
        (key["value"].as_str().unwrap_or("-"), key["from"].as_str().unwrap_or("-"))
    };
    assert_eq!(told("server.max_sockets"), ("5", "throughline.toml:2"));
    assert_eq!(told("store.url"), ("\"sqlite:a.db\"", "--store"));
    assert_eq!(told("traits.city"), ("oldest", "THROUGHLINE_TRAITS_CITY"));
    assert_eq!(told("identity.session_gap"), ("\"PT30M\"", "default"));
    assert_eq!(told("THROUGHLINE_STORE_PASSWORD").0, "set");
    let (code, text, error) = ask(&[]);
    assert_eq!(code, 0, "{error}");
    for words in ["server.max_sockets\n", "THROUGHLINE_IDENTITY_BLOCKED='[", "THROUGHLINE_IDENTITY_KIND='[{ "] {
        assert!(text.contains(words), "no {words} in {text}");
    }
    assert!(!out.contains("hunter2") && !text.contains("hunter2"));
    std::fs::write(folder.path().join("throughline.toml"), "[server]\nport = 5\n").expect("settings");
    let (code, out, error) = ask(&[]);
    assert!(code == 2 && out.is_empty() && error.contains("throughline.toml:2: unknown key server.port"), "{error}");
}
