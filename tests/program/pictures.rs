//! Pictures of journeys: the command line and the console's path draw the same bytes, and the path asks for a caller.

use reqwest::Client;
use serde_json::{Value, json};

use crate::running::{Server, run};

/// A line of the command line, and what the console sends for the same question.
fn questions() -> Vec<(Vec<&'static str>, Value)> {
    let scope = json!({"per": "SESSION"});
    let order = json!({"kinds": ["order"]});
    vec![
        (
            vec!["flow", "--anchor", "kind=product", "--after", "3", "--top", "4", "--per", "session"],
            json!({"picture": "flow", "variables": {"top": 4, "scope": scope, "stepsBefore": 0, "stepsAfter": 3,
                "anchor": {"kinds": ["product"]}}}),
        ),
        (
            vec!["transitions", "--since", "2020-01-01", "--exclude", "channel=email,sms"],
            json!({"picture": "transitions", "variables": {"top": 50, "scope": {"until": null,
                "since": "2020-01-01T00:00:00.000Z", "exclude": {"channels": ["email", "sms"]}}}}),
        ),
        (
            vec!["funnel", "kind=product", "kind=order", "--within", "P30D", "--breakdown", "channel"],
            json!({"picture": "funnel", "variables": {"scope": {}, "steps": [{"kinds": ["product"]}, order],
                "within": "P30D", "breakdown": "channel", "top": 20}}),
        ),
        (
            vec!["paths", "--to", "kind=order", "--dimension", "channel"],
            json!({"picture": "paths", "variables": {"scope": {"dimension": "channel"}, "to": order, "top": 20,
                "collapse": true, "maxLength": 20}}),
        ),
        (
            vec!["time-between", "--from", "kind=product", "--to", "kind=order", "--buckets", "9"],
            json!({"picture": "timeBetween", "variables": {"scope": {}, "from": {"kinds": ["product"]}, "to": order,
                "buckets": 9}}),
        ),
        (
            vec!["attribution", "--model", "LINEAR", "--model", "MARKOV"],
            json!({"picture": "attribution", "variables": {"scope": {}, "goal": order, "dimension": "channel",
                "lookback": "P30D", "halfLife": "P7D", "models": ["LINEAR", "MARKOV"], "top": 50}}),
        ),
        (
            vec!["compare", "--with-include", "kind=page", "--top", "7"],
            json!({"picture": "comparison", "variables": {"scope": {}, "with": {"include": {"kinds": ["page"]}}, "top": 7}}),
        ),
    ]
}

#[tokio::test]
async fn the_command_line_and_the_console_draw_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let (_, world, _) = run(path, &["generate", "--customers", "30", "--seed", "5"]);
    std::fs::write(path.join("world.ndjson"), world).expect("a file");
    assert_eq!(run(path, &["import", "--source", "world", "world.ndjson"]).0, 0);
    let mut drawn = Vec::new();
    for (line, _) in questions() {
        let (code, table, error) = run(path, &[&["journeys"], &line[..], &["--svg", "picture.svg"]].concat());
        assert_eq!(code, 0, "{line:?}: {error}");
        assert!(!table.contains("<svg") && table.lines().count() > 1, "{table}");
        drawn.push(std::fs::read_to_string(path.join("picture.svg")).expect("a picture"));
    }
    let (code, printed, _) = run(path, &[&["journeys"], &questions()[0].0[..], &["--svg", "-"]].concat());
    assert_eq!((code, &printed), (0, &drawn[0]));
    let (code, _, error) = run(path, &["journeys", "population", "--svg", "picture.svg"]);
    assert_eq!((code, error.contains("no picture")), (2, true), "{error}");

    let server = Server::start(path, "serve", &[]).ready().await;
    let draw = async |body: &Value| {
        let answer = Client::new().post(format!("{}/pictures", server.url)).json(body).send().await.expect("an answer");
        let media = answer.headers()["content-type"].to_str().expect("a type").to_owned();
        (answer.status().as_u16(), media, answer.text().await.expect("a text"))
    };
    for ((line, asked), own) in questions().iter().zip(&drawn) {
        // The projection of a server is ready a little after the server.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let (status, media, picture) = loop {
            let answer = draw(asked).await;
            if answer.0 != 503 || std::time::Instant::now() > until {
                break answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        };
        assert_eq!((status, media.as_str()), (200, "image/svg+xml; charset=utf-8"), "{line:?}: {picture}");
        assert!(own == &picture, "{line:?}: the two pictures differ:\n{own}\n{picture}");
        assert!(picture.contains("class=\"mark\""), "{line:?} shows something");
    }

    // A wrong question is answered in the words of the API.
    let (status, media, text) =
        draw(&json!({"picture": "flow", "variables": {"anchor": {}, "scope": {"dimension": "colour"}}})).await;
    assert_eq!((status, media.as_str()), (400, "application/json; charset=utf-8"), "{text}");
    let body: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "BAD_ARGUMENT", "{text}");
    for (wrong, words) in [
        (json!({"picture": "cake"}), "name of a picture"),
        (json!({"picture": "flow", "variables": 3}), "not an object"),
        (json!({"picture": "flow"}), "anchor"),
        (json!([]), "list of operations"),
    ] {
        let (status, _, text) = draw(&wrong).await;
        assert_eq!((status, text.contains(words)), (400, true), "{wrong}: {text}");
    }
    let got = Client::new().get(format!("{}/pictures", server.url)).send().await.expect("an answer");
    assert_eq!(got.status(), 405);
    server.stop();
}

#[tokio::test]
async fn a_picture_is_drawn_for_callers_who_may_see_figures_only() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("throughline.toml"), "[access]\n").expect("written");
    let key = |line: &[&str]| {
        let (code, out, error) = run(folder.path(), &[&["key", "create"], line].concat());
        assert_eq!(code, 0, "{error}");
        out.trim_end().to_owned()
    };
    let admin = key(&["--name", "ada", "--role", "admin"]);
    let shop = key(&["--name", "shop", "--role", "service", "--source", "shop"]);
    let server = Server::start(folder.path(), "serve", &[]).ready().await;
    let status = async |key: Option<&str>| {
        let mut request = Client::new().post(format!("{}/pictures", server.url));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let body = json!({"picture": "transitions", "variables": {}});
        request.json(&body).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(status(None).await, 401);
    assert_eq!(status(Some("thr_wrong")).await, 401);
    assert_eq!(status(Some(&shop)).await, 403);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while status(Some(&admin)).await == 503 && std::time::Instant::now() < until {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(status(Some(&admin)).await, 200);
    server.stop();
}
