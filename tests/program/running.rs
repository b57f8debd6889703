//! Runs the program in a folder of its own, without the settings of whoever runs the tests.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The program, in `folder`.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throughline"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    for name in ["USER", "PASSWORD"] {
        let value = std::env::var(format!("THROUGHLINE_TEST_NEO4J_{name}"));
        command.env(format!("THROUGHLINE_STORE_{name}"), value.unwrap_or_else(|_| "neo4j".to_owned()));
    }
    command
}

/// Runs it to its end: exit code, standard output, standard error.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    ended(&program(folder).args(arguments).output().expect("the program"))
}

pub(crate) fn ended(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A server that runs; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    log: std::thread::JoinHandle<String>,
}

impl Server {
    /// Starts `serve` or `demo` on a free port and waits until it listens.
    pub(crate) fn start(folder: &Path, command: &str, arguments: &[&str]) -> Self {
        let mut child = program(folder)
            .args([command, "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut lines = BufReader::new(child.stderr.take().expect("piped"));
        let mut log = String::new();
        let url = loop {
            let begin = log.len();
            assert!(lines.read_line(&mut log).expect("a line") > 0, "it ended: {log}");
            if let Some((_, rest)) = log[begin..].split_once("http://") {
                let end = rest.find([',', '"', '\n', ' ']).unwrap_or(rest.len());
                break format!("http://{}", &rest[..end]);
            }
        };
        let log = std::thread::spawn(move || {
            for line in lines.lines() {
                log.push_str(&line.expect("a line"));
                log.push('\n');
            }
            log
        });
        Self { child, url, log }
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(self) -> Self {
        // A Neo4j that has just started plans each statement for the first time.
        let until = Instant::now() + Duration::from_secs(120);
        while !reqwest::get(format!("{}/health/ready", self.url)).await.expect("an answer").status().is_success() {
            assert!(Instant::now() < until, "not ready within two minutes");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self
    }

    /// Asks it to end as an operator would; its exit code, its log, and how long it took.
    pub(crate) fn stop(self) -> (i32, String, Duration) {
        self.stop_by("-TERM")
    }

    /// The same with a signal of one's choice.
    pub(crate) fn stop_by(mut self, signal: &str) -> (i32, String, Duration) {
        let begin = Instant::now();
        self.signal(signal);
        let status = self.child.wait().expect("an end");
        let log = std::mem::replace(&mut self.log, std::thread::spawn(String::new));
        (status.code().unwrap_or(-1), log.join().expect("a log"), begin.elapsed())
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
    }

    /// Kills it, as the kernel does when memory is short.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it ran");
    }

    /// Sends a query and gives the answer.
    pub(crate) async fn ask(&self, body: serde_json::Value) -> serde_json::Value {
        let request = reqwest::Client::new().post(format!("{}/graphql", self.url)).json(&body);
        request.send().await.expect("an answer").json().await.expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error here is a server that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
