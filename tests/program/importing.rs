//! `throughline import` as people run it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::running::{ended, program, run};

fn event(id: &str) -> String {
    format!(
        r#"{{"type":"track","messageId":"{id}","userId":"of {id}","event":"Product Viewed","timestamp":"2026-03-31T09:30:00Z"}}"#
    )
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a file");
}

/// The figures of the last row of the closing table: created, unchanged, rejected.
fn figures(out: &str) -> [u64; 3] {
    let row: Vec<&str> = out.lines().last().expect("a row").split_whitespace().collect();
    let figure = |from_end: usize| row[row.len() - from_end].parse().expect("a figure");
    [figure(6), figure(5), figure(4)]
}

#[test]
fn what_is_rejected_is_listed_and_the_rest_goes_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = r#"{"type":"track","userId":"u","event":"Order Completed","timestamp":"2026-01-01","properties":{"currency":"GBP","products":[{"sku":"A","price":1},{"price":1}]}}"#;
    write(folder.path(), "e.ndjson", &format!("{}\nnot json\n{bad}\n{}\n", event("a"), event("b")));
    let (code, out, _) = run(folder.path(), &["import", "--rejects", "r.ndjson", "e.ndjson"]);
    assert_eq!((code, figures(&out)), (3, [2, 0, 2]), "{out}");
    let rejects = std::fs::read_to_string(folder.path().join("r.ndjson")).expect("the rejects");
    let lines: Vec<serde_json::Value> = rejects.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!((&lines[0]["line"], &lines[0]["code"]), (&2.into(), &"NOT_AN_EVENT".into()));
    assert_eq!((&lines[1]["line"], &lines[1]["path"]), (&3.into(), &"properties.order_id".into()));
    let (code, out, error) = run(folder.path(), &["import", "e.ndjson"]);
    assert_eq!((code, figures(&out)), (3, [0, 2, 2]), "{out}");
    assert!(error.contains("rejected: e.ndjson, line 2: NOT_AN_EVENT"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_exit_1_and_the_others_go_in() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "e.ndjson", &event("a"));
    write(folder.path(), "empty.ndjson", "");
    let (code, out, error) = run(folder.path(), &["import", "gone.ndjson", "empty.ndjson", "e.ndjson"]);
    assert_eq!((code, figures(&out)), (1, [1, 0, 0]), "{out}");
    assert!(error.contains("gone.ndjson: cannot be read: there is no such file"), "{error}");
    assert_eq!(run(folder.path(), &["import", "empty.ndjson"]).0, 0, "an empty file is fine");
}

#[test]
fn a_command_that_cannot_work_is_exit_2() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [
        &["import"][..],
        &["import", "-", "-"],
        &["import", "--format", "csv", "e.csv"],
        &["import", "--source", " ", "-"],
        &["import", "--rejects", "no/such/folder", "-"],
    ] {
        let (code, _, error) = run(folder.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}: {error}");
    }
}

#[test]
fn ctrl_c_finishes_what_is_in_hand_and_the_same_again_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = program(folder.path())
        .args(["import", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut pipe = child.stdin.take().expect("piped");
    writeln!(pipe, "{}\n{}", event("a"), event("b")).expect("written");
    pipe.flush().expect("written");
    let store = folder.path().join("throughline.db");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(120);
    // The pipe stays open, so only what came so far can be in hand.
    while !store.exists() {
        assert!(std::time::Instant::now() < until, "no store within half a minute");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    let (code, out, error) = ended(&child.wait_with_output().expect("an end"));
    assert_eq!((code, figures(&out)), (130, [2, 0, 0]), "{out}{error}");
    assert!(error.contains("run the same command again to continue"), "{error}");
    drop(pipe);
    write(folder.path(), "same.ndjson", &format!("{}\n{}\n{}\n", event("a"), event("b"), event("c")));
    let (code, out, _) = run(folder.path(), &["import", "same.ndjson"]);
    assert_eq!((code, figures(&out)), (0, [1, 2, 0]), "{out}");
}

#[test]
fn names_that_stayed_other_are_told_by_check_with_what_the_settings_make_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let named = |id: &str, name: &str| event(id).replace("Product Viewed", name);
    let lines = [named("a", "Basket Opened"), named("b", "Basket Opened"), named("c", "Wheel Spun"), event("d")];
    write(folder.path(), "e.ndjson", &lines.join("\n"));
    assert_eq!(run(folder.path(), &["import", "e.ndjson"]).0, 0);
    let (code, out, _) = run(folder.path(), &["check"]);
    assert_eq!(code, 0, "{out}");
    let told = "3 of the last 4 touchpoints are of kind other, because their names are not in [[event]] or the built-in table: \
                \"Basket Opened\" 2, \"Wheel Spun\" 1; add them to [[event]]";
    assert!(out.contains(told), "{out}");
    write(folder.path(), "throughline.toml", "[[event]]\nname = \"basket *\"\nkind = \"cart\"\n");
    let (_, out, _) = run(folder.path(), &["check"]);
    assert!(out.contains("\"Basket Opened\" 2 (new ones are of kind cart), \"Wheel Spun\" 1;"), "{out}");
    write(folder.path(), "n.ndjson", &named("e", "BasketOpened"));
    assert_eq!(run(folder.path(), &["import", "n.ndjson"]).0, 0);
    let (_, out, _) = run(folder.path(), &["check"]);
    assert!(out.contains("3 of the last 5 touchpoints are"), "{out}");
    write(folder.path(), "throughline.toml", "[[event]]\nname = \"basket *\"\nkind = \"cort\"\n");
    let (code, _, error) = run(folder.path(), &["import", "n.ndjson"]);
    assert!(code == 2 && error.contains("throughline.toml:3: event.kind: not a kind"), "{error}");
}
