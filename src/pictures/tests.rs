use serde_json::{Value, json};

use super::{Picture, drawing::Drawing, words};

fn flow(value: &str) -> Value {
    json!({"journeys": {"changeNumber": 7, "flow": {
        "journeys": 3, "unknownValues": [],
        "columns": [
            {"step": 0, "total": 3, "entries": [{"value": value, "kind": "VALUE", "journeys": 3, "share": 1.0}]},
            {"step": 1, "total": 3, "entries": [
                {"value": "b", "kind": "VALUE", "journeys": 2, "share": 0.6666666666666666},
                {"value": "ENDED", "kind": "ENDED", "journeys": 1, "share": 0.3333333333333333}]},
        ],
        "links": [
            {"step": 0, "from": value, "fromKind": "VALUE", "to": "b", "toKind": "VALUE", "journeys": 2},
            {"step": 0, "from": value, "fromKind": "VALUE", "to": "ENDED", "toKind": "ENDED", "journeys": 1},
        ],
    }}})
}

/// The text of an element, with its entities read.
fn inside(svg: &str, element: &str) -> String {
    let text = svg.split_once(&format!("<{element}>")).expect("an element").1.split_once("</").expect("its end").0;
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[test]
fn a_picture_has_its_question_its_change_and_its_table() {
    let variables =
        json!({"top": 5, "scope": {"until": null, "per": "SESSION"}, "anchor": {"names": ["a"]}, "more": 1});
    let svg = Picture::Flow.draw(&variables, &flow("a")).expect("a picture");
    let metadata: Value = serde_json::from_str(&inside(&svg, "metadata")).expect("JSON");
    assert_eq!(metadata["changeNumber"], 7);
    assert_eq!(metadata["query"], Picture::Flow.document());
    assert_eq!(
        metadata["variables"].to_string(),
        "{\"anchor\":{\"names\":[\"a\"]},\"scope\":{\"per\":\"SESSION\"},\"top\":5}",
        "without nulls and what the document does not have, in one order"
    );
    assert_eq!(metadata["table"]["rows"][1], json!([0, "a", "VALUE", "ENDED", "ENDED", 1]));
    assert_eq!(inside(&svg, "desc"), "3 journeys in 2 steps.");
    assert_eq!(svg.matches("class=\"mark\"").count(), 5, "three nodes and two edges: {svg}");
    assert!(svg.contains("<title>From a to ended, anchor to 1: 1 journey, 33.3% of all.</title>"), "{svg}");
    assert!(svg.contains("prefers-color-scheme:dark"));
}

#[test]
fn the_same_answer_gives_the_same_bytes_whatever_the_order_of_the_variables() {
    let one = Picture::Flow.draw(&json!({"top": 5, "anchor": {"kinds": ["k"], "names": ["a"]}}), &flow("a"));
    let other = Picture::Flow.draw(&json!({"anchor": {"names": ["a"], "kinds": ["k"]}, "top": 5}), &flow("a"));
    assert_eq!(one.expect("a picture"), other.expect("a picture"));
}

#[test]
fn a_text_cannot_leave_its_place() {
    let evil = "</title><script>alert(1)</script>\" onload=\"x\u{1}\u{ffff}\r&";
    let svg = Picture::Flow.draw(&json!({"anchor": {"names": [evil]}}), &flow(evil)).expect("a picture");
    assert!(
        !svg.contains("<script") && !svg.contains("\" onload") && !svg.contains('\u{1}') && !svg.contains('\u{ffff}')
    );
    assert!(svg.contains("&lt;script&gt;"));
}

/// Each picture of an answer without anything says so.
#[test]
fn a_picture_of_nothing_says_what_is_missing() {
    let empty = json!({"changeNumber": 0,
        "flow": {"journeys": 0, "unknownValues": ["x"], "columns": [], "links": []},
        "transitions": {"total": 0, "other": 0, "nodes": [], "links": []},
        "funnel": {"entered": 0, "unknownValues": [], "groups": [], "steps": [{"number": 1, "label": "a", "reached": 0,
            "dropped": 0, "ofFirst": 0.0, "ofPrevious": 1.0, "medianSecondsFromPrevious": null}]},
        "paths": {"total": 0, "other": 0, "unknownValues": [], "paths": []},
        "timeBetween": {"pairs": 0, "never": 0, "unknownValues": [], "medianSeconds": null, "p90Seconds": null,
            "histogram": []},
        "attribution": {"conversions": 0, "unknownValues": [], "value": [], "models": [{"model": "LINEAR", "rows": []}]},
        "compare": {"a": {"journeys": 0}, "b": {"journeys": 0}, "links": []},
    });
    for picture in Picture::ALL {
        let svg = picture.draw(&json!({}), &json!({ "journeys": empty })).expect("a picture");
        assert!(svg.contains("class=\"soft\"") && !svg.contains("class=\"mark\""), "{}: {svg}", picture.name());
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", picture.name());
        assert_eq!(Picture::named(picture.name()), Some(picture));
    }
    assert!(Picture::Flow.draw(&json!({}), &json!({"journeys": null})).is_err());
}

#[test]
fn bars_and_cells_have_a_sentence_each() {
    let data = json!({"journeys": {"changeNumber": 1,
        "funnel": {"entered": 4, "unknownValues": [], "steps": [
            {"number": 1, "label": "a", "reached": 4, "dropped": 0, "ofFirst": 1.0, "ofPrevious": 1.0,
                "medianSecondsFromPrevious": null},
            {"number": 2, "label": "b", "reached": 1, "dropped": 3, "ofFirst": 0.25, "ofPrevious": 0.25,
                "medianSecondsFromPrevious": 90.0}],
            "groups": [{"value": "web", "steps": []}]},
        "transitions": {"total": 2, "other": 0, "nodes": [{"value": "a"}, {"value": "START"}, {"value": "END"}], "links": [
            {"from": "START", "to": "a", "count": 1, "journeys": 1, "share": 0.5, "shareOfFrom": 1.0,
                "medianSeconds": null},
            {"from": "a", "to": "END", "count": 1, "journeys": 1, "share": 0.5, "shareOfFrom": 1.0,
                "medianSeconds": null}]},
        "timeBetween": {"pairs": 2, "never": 1, "unknownValues": [], "medianSeconds": 5.0, "p90Seconds": 10.0, "histogram": [
            {"fromSeconds": 0.0, "toSeconds": 10.0, "count": 2}]},
    }});
    let funnel = Picture::Funnel.draw(&json!({}), &data).expect("a picture");
    assert!(funnel.contains("3 journeys dropped out before step 2, b: 75.0% of the step before."), "{funnel}");
    assert!(funnel.contains("data-kind=\"dropped\" data-step=\"2\""), "{funnel}");
    let matrix = Picture::Transitions.draw(&json!({}), &data).expect("a picture");
    assert!(matrix.contains("From the start to a: 1 time in 1 journey, 100.0% of what follows it."), "{matrix}");
    let times = Picture::TimeBetween.draw(&json!({}), &data).expect("a picture");
    assert!(times.contains("0 s to 10 s: 2 journeys."), "{times}");
}

#[test]
fn numbers_are_short_and_texts_are_cut_by_columns() {
    assert_eq!(words::grouped(1_234_567), "1\u{202f}234\u{202f}567");
    assert_eq!((words::cut("abcdef", 6), words::cut("abcdefg", 6)), ("abcdef".to_owned(), "abcde…".to_owned()));
    assert_eq!(words::cut("日本語日本語", 6), "日本…");
    let svg = Drawing::empty("a", "b").svg(&[], &json!({}));
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
}
