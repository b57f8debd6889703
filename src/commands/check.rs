//! `throughline check`: what is wrong with settings and store, and how to mend it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::others;
use crate::ingest::clock;
use crate::settings::Settings;
use crate::store::recount::{Recount, recount};
use crate::store::{Store, StoreError, counter, open};

/// Says whether settings and store are fit for use, and what to do where not.
///
/// Reads the settings, reaches the store, makes the constraints and indexes that are missing there,
/// counts, and looks whether the counter of changes agrees with the change log. A database file that is not there
/// yet is not made. Each line begins with ok, warning or wrong.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct CheckArgs {
    /// Count every customer's figures again from their rows, and name those that are kept otherwise.
    ///
    /// Reads all histories, which takes a while; writers may go on meanwhile. Progress is in the log.
    #[arg(long)]
    recount: bool,
}

const EXAMPLES: &str = "\
Exit status:
  0  fit for use, perhaps with warnings
  1  the store cannot be used
  2  the settings cannot be read

Examples:
  The settings of the working folder:
    throughline check

  A file before it goes live, and whether its Neo4j is there:
    throughline check --config /etc/throughline.toml

  Whether the figures of all customers are those of their histories:
    throughline check --recount";

/// How long a store may take to answer; making indexes takes a Neo4j that just started a while.
const WITHIN: Duration = Duration::from_secs(60);

/// Checks and prints what it finds. Settings that cannot be read never come as far as this.
///
/// # Errors
/// When standard output cannot be written to.
pub async fn run(args: &CheckArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let mut findings = about_settings(&settings);
    findings.extend(about_store(&settings, args.recount).await);
    let text: String = findings.iter().map(|finding| format!("{}\n", finding.line())).collect();
    super::print(&text)?;
    let wrong = findings.iter().any(|finding| matches!(finding, Finding::Wrong(_)));
    Ok(ExitCode::from(u8::from(wrong)))
}

#[derive(Debug, PartialEq)]
enum Finding {
    Ok(String),
    Warning(String),
    Wrong(String),
}

impl Finding {
    fn line(&self) -> String {
        match self {
            Finding::Ok(words) => format!("ok       {words}"),
            Finding::Warning(words) => format!("warning  {words}"),
            Finding::Wrong(words) => format!("wrong    {words}"),
        }
    }
}

fn about_settings(settings: &Settings) -> Vec<Finding> {
    let kinds = settings.identity_rules().kinds;
    let names: Vec<&str> = kinds.iter().map(|kind| &*kind.name).collect();
    let mut findings =
        vec![Finding::Ok(format!("settings: kinds of identifiers, strongest first: {}", names.join(", ")))];
    let devices: Vec<&str> = kinds.iter().filter(|kind| kind.device).map(|kind| &*kind.name).collect();
    if !devices.is_empty() && kinds.iter().all(|kind| kind.limit != Some(1)) {
        findings.push(Finding::Warning(format!(
            "settings: {} lives on devices, which people share, and no kind has limit = 1: whoever signs in on \
             one device becomes one customer; give the kind that people sign in with limit = 1",
            devices.join(", ")
        )));
    }
    if !settings.server.listen.ip().is_loopback() {
        findings.push(Finding::Wrong(format!(
            "settings: server.listen is {}, which others can reach, and without [access] every caller sees all: \
             listen on 127.0.0.1:{}",
            settings.server.listen,
            settings.server.listen.port()
        )));
    }
    findings
}

async fn about_store(settings: &Settings, recounts: bool) -> Vec<Finding> {
    let url = &settings.store.url;
    if let Some(path) = open::file_of(url).filter(|path| !path.exists()) {
        return vec![about_folder(path)];
    }
    let store = match open::open(&settings.store) {
        Ok(store) => store,
        Err(error) => return vec![Finding::Wrong(format!("store {url}: {error}"))],
    };
    let look = async {
        store.set_up().await?;
        Ok((store.status().await?, store.identity_health().await?, counter::look(&*store).await?))
    };
    let found = tokio::time::timeout(WITHIN, look).await.unwrap_or(Err(StoreError::Timeout(WITHIN.as_secs())));
    match found {
        Ok((status, health, fault)) => {
            let mut findings = vec![Finding::Ok(format!(
                "store {url}: constraints and indexes are there; {} customers, {} touchpoints, change {}",
                status.customers, status.touchpoints, status.change
            ))];
            let cap = settings.identity.max_identifiers;
            findings.extend(health.warning(cap).map(|words| Finding::Warning(format!("store {url}: {words}"))));
            if let Some(fault) = fault {
                findings.push(Finding::Wrong(format!("store {url}: {}", fault.words(&store.mending_counter()))));
            }
            findings.extend(match others::look(&*store, settings).await {
                Ok(words) => words.map(|words| Finding::Ok(format!("store {url}: {words}"))),
                Err(error) => Some(Finding::Wrong(format!("store {url}: touchpoints cannot be read: {error}"))),
            });
            if recounts {
                findings.push(about_figures(&*store, url, status.customers).await);
            }
            findings
        }
        Err(error) => vec![Finding::Wrong(format!("store {url}: {error}"))],
    }
}

/// Whether all figures are what their rows give.
async fn about_figures(store: &dyn Store, url: &str, customers: i64) -> Finding {
    let progress = |done: usize| {
        if done.is_multiple_of(10_000) {
            tracing::info!(done, of = customers, "counting figures again");
        }
    };
    match recount(store, clock::system()(), progress).await {
        Ok(Recount { customers, wrong: 0, .. }) => {
            Finding::Ok(format!("store {url}: the figures of {customers} customers are those of their histories"))
        }
        Ok(Recount { customers, wrong, named }) => {
            let named: Vec<&str> = named.iter().map(|id| &*id.0).collect();
            Finding::Wrong(format!(
                "store {url}: of {customers} customers {wrong} have figures that their histories do not give, which \
                 is a fault of this program: report it; they are {}{}",
                named.join(", "),
                if wrong > named.len() { " …" } else { "" }
            ))
        }
        Err(error) => Finding::Wrong(format!("store {url}: the figures cannot be counted again: {error}")),
    }
}

/// A database that is not there yet is no fault when its folder is.
fn about_folder(path: &Path) -> Finding {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match folder.is_dir() {
        true => Finding::Ok(format!("store {}: not there yet; serve, import and demo make it", path.display())),
        false => Finding::Wrong(format!("store {}: there is no folder {}: make it", path.display(), folder.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        Settings::read(Some((Path::new("test.toml"), text)), []).expect("settings")
    }

    #[test]
    fn the_defaults_are_fit() {
        assert!(matches!(about_settings(&Settings::default())[..], [Finding::Ok(_)]));
    }

    #[test]
    fn a_shared_device_that_no_limit_keeps_apart_is_warned_of() {
        let kinds =
            "[[identity.kind]]\nname = \"email\"\nlimit = 5\n[[identity.kind]]\nname = \"cookie\"\ndevice = true\n";
        let findings = about_settings(&settings(kinds));
        assert!(
            matches!(&findings[1], Finding::Warning(words) if words.contains("cookie lives on devices")),
            "{findings:?}"
        );
        let limited = about_settings(&settings(&kinds.replace("limit = 5", "limit = 1")));
        assert_eq!(limited.len(), 1, "{limited:?}");
    }

    #[test]
    fn an_address_that_others_can_reach_is_wrong() {
        let findings = about_settings(&settings("[server]\nlisten = \"0.0.0.0:8080\"\n"));
        assert!(matches!(&findings[1], Finding::Wrong(words) if words.contains("127.0.0.1:8080")), "{findings:?}");
    }

    #[tokio::test]
    async fn a_store_is_looked_at_and_not_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.db");
        let of = |path: &Path| settings(&format!("[store]\nurl = \"sqlite:{}\"\n", path.display()));
        assert!(matches!(about_store(&of(&file), false).await[..], [Finding::Ok(_)]));
        assert!(!file.exists());
        assert!(matches!(about_store(&of(&folder.path().join("none/a.db")), false).await[..], [Finding::Wrong(_)]));
        std::fs::write(&file, "no database, and long enough that SQLite reads its first page".repeat(20))
            .expect("a file");
        assert!(matches!(about_store(&of(&file), false).await[..], [Finding::Wrong(_)]));
    }
}
