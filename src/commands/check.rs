//! `throughline check`: finds errors in settings and store, and says how to correct them.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::unknown_events;
use crate::http::tls::Tls;
use crate::ingest::clock;
use crate::settings::Settings;
use crate::store::recount::{Recount, recount};
use crate::store::sqlite::look;
use crate::store::{Store, StoreError, counter, open, statements};

/// Checks settings and store, and says how to repair faults.
///
/// Reads the settings, checks the database file and the files beside it, connects to the store, creates missing
/// constraints and indexes, counts, and compares the change counter with the change log. It does not create a database
/// file. Each line begins with ok, warning or wrong.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct CheckArgs {
    /// Count every customer's figures again from their rows, and name the figures that differ.
    ///
    /// Reads all histories, and compares the indexes of a database file with its tables. This takes a while; writers
    /// can work in the meantime. Progress is in the log.
    #[arg(long)]
    recount: bool,

    /// Print every statement that the configured store sends, name and text, and check nothing.
    ///
    /// Statements made from parts are complete. Metrics and traces name a statement by the same name.
    #[arg(long, conflicts_with = "recount")]
    statements: bool,
}

const EXAMPLES: &str = "\
Exit status:
  0  no errors, perhaps with warnings
  1  the store cannot be used
  2  the settings cannot be read

Examples:
  The settings of the working directory:
    throughline check

  A settings file before its use, and the Neo4j that it names:
    throughline check --config /etc/throughline.toml

  Whether the stored figures of all customers agree with their histories:
    throughline check --recount

  What a slow statement of /metrics is:
    throughline check --statements | grep -A 20 touchpoints/list";

/// How long a store may take to answer. A Neo4j that just started needs a while to create indexes.
const WITHIN: Duration = Duration::from_secs(60);

/// Runs the checks and prints the findings. The settings have been read already.
///
/// # Errors
/// When standard output cannot be written to.
pub async fn run(args: &CheckArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    if args.statements {
        let all = statements::statements(&settings.store).into_iter();
        super::print(&all.map(|(name, text)| format!("{name}\n\n{}\n\n\n", text.trim())).collect::<String>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut findings = about_settings(&settings);
    findings.extend(about_journeys(settings.journeys.folder.as_deref()));
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
            Finding::Ok(message) => format!("ok       {message}"),
            Finding::Warning(message) => format!("warning  {message}"),
            Finding::Wrong(message) => format!("wrong    {message}"),
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
            "settings: {} is a device identifier, people share devices, and no kind has limit = 1: all people who sign in on \
             one device become one customer; set limit = 1 for the kind that people sign in with",
            devices.join(", ")
        )));
    }
    if !settings.server.listen.ip().is_loopback() && settings.access.is_none() {
        findings.push(Finding::Wrong(format!(
            "settings: server.listen is {}, which others can reach, and without [access] every caller sees everything: \
             add [access] and create keys with `throughline key create`, or listen on 127.0.0.1:{}",
            settings.server.listen,
            settings.server.listen.port()
        )));
    }
    if !settings.server.allowed_origins.is_empty() && settings.access.is_none() {
        findings.push(Finding::Warning(
            "settings: server.allowed_origins names pages of other hosts, and without [access] every reader of them can \
             see everything: add [access] and create keys with `throughline key create`"
                .to_owned(),
        ));
    }
    if let Some(Err(error)) = settings.server.tls.as_ref().map(|files| Tls::read(&files.cert, &files.key)) {
        findings.push(Finding::Wrong(format!("settings: {error}")));
    }
    findings
}

/// Whether journeys can be saved in the folder of the settings. A folder that does not exist is created later.
fn about_journeys(folder: Option<&Path>) -> Option<Finding> {
    let folder = folder?;
    let mut parts = folder.ancestors().map(|part| if part.as_os_str().is_empty() { Path::new(".") } else { part });
    let there = parts.find(|part| part.exists()).unwrap_or(Path::new("/"));
    let message =
        |what: String| Some(Finding::Wrong(format!("settings: journeys.folder is {}, {what}", folder.display())));
    if !there.is_dir() {
        return message(format!("and {} is not a folder: choose another", there.display()));
    }
    let tried = there.join(format!(".throughline-check-{}", std::process::id()));
    match std::fs::File::create_new(&tried).and_then(|_| std::fs::remove_file(&tried)) {
        Ok(()) => None,
        Err(error) => message(format!("and {} cannot be written ({error}): choose another", there.display())),
    }
}

/// Names in `privacy.personal` that are not kinds of identifiers: a typing error there leaves values unmasked. Names of
/// the defaults are allowed, because the settings may have removed their kinds.
async fn about_personal(settings: &Settings, store: Option<&dyn Store>) -> Vec<Finding> {
    let usual = Settings::default().privacy.personal;
    let mut kinds: Vec<String> = settings.identity_rules().kinds.iter().map(|kind| kind.name.to_string()).collect();
    if let Some(store) = store
        && let Ok(Some(rules)) = store.rules().await
    {
        kinds.extend(rules.saved.rules.kinds.iter().map(|kind| kind.name.to_string()));
    }
    let mut findings = Vec::new();
    for name in &settings.privacy.personal {
        let is_path = name.starts_with("traits.") || name.starts_with("properties.");
        if is_path || usual.contains(name) || kinds.iter().any(|kind| **kind == **name) {
            continue;
        }
        if let Some(store) = store
            && store.has_kind(name).await.unwrap_or(false)
        {
            continue;
        }
        findings.push(Finding::Wrong(format!(
            "settings: privacy.personal names {name}, which is not a kind of identifiers, so it masks nothing: the kinds \
             are {}; write a trait as traits.{name}, a property as properties.{name}",
            kinds.join(", ")
        )));
    }
    findings
}

/// Checks the database files. The second value is false when the files are damaged: then no other check runs, because
/// it could increase the damage.
async fn about_files(path: &Path, store: &dyn Store, thorough: bool) -> (Vec<Finding>, bool) {
    let shown = path.display();
    if std::fs::metadata(path).is_ok_and(|found| found.len() == 0) {
        return (
            vec![Finding::Warning(format!("store {shown}: the file is empty: nothing has been stored in it"))],
            true,
        );
    }
    let mut findings = Vec::new();
    let mut whole = true;
    for trouble in look(path) {
        let message = format!("store {}", trouble.words(path));
        if trouble.is_serious() {
            whole = false;
            findings.push(Finding::Wrong(message));
        } else {
            findings.push(Finding::Warning(message));
        }
    }
    if !whole {
        return (findings, false);
    }
    match store.examine(thorough).await {
        Ok(faults) if faults.is_empty() => {}
        Ok(faults) => {
            whole = false;
            findings.push(Finding::Wrong(format!(
                "store {shown}: the file is damaged: restore a backup with `throughline restore`, or save what `sqlite3 FILE \
                 .recover` can read; it has {} faults, the first: {}",
                faults.len(),
                faults[0]
            )));
        }
        Err(error) => {
            whole = false;
            findings.push(Finding::Wrong(format!("store {shown}: {error}")));
        }
    }
    (findings, whole)
}

async fn about_store(settings: &Settings, recounts: bool) -> Vec<Finding> {
    let url = &settings.store.url;
    let file = open::file_of(url);
    if let Some(path) = file.filter(|path| !path.exists()) {
        let mut findings = about_personal(settings, None).await;
        findings.push(about_folder(path));
        return findings;
    }
    let store = match open::open(&settings.store) {
        Ok(store) => store,
        Err(error) => return vec![Finding::Wrong(format!("store {url}: {error}"))],
    };
    let mut findings = Vec::new();
    let mut whole = true;
    if let Some(path) = file {
        (findings, whole) = about_files(path, &*store, recounts).await;
    }
    if whole {
        findings.extend(about_data(settings, &*store, recounts).await);
    }
    store.close().await;
    findings
}

async fn about_data(settings: &Settings, store: &dyn Store, recounts: bool) -> Vec<Finding> {
    let url = &settings.store.url;
    let look = async {
        store.set_up().await?;
        Ok((store.status().await?, store.identity_health().await?, counter::look(store).await?))
    };
    let found = tokio::time::timeout(WITHIN, look).await.unwrap_or(Err(StoreError::Timeout(WITHIN.as_secs())));
    match found {
        Ok((status, health, fault)) => {
            let mut findings = vec![Finding::Ok(format!(
                "store {url}: constraints and indexes exist; {} customers, {} touchpoints, change {}",
                status.customers, status.touchpoints, status.change
            ))];
            let cap = settings.identity.max_identifiers;
            findings.extend(health.warning(cap).map(|message| Finding::Warning(format!("store {url}: {message}"))));
            if let Some(fault) = fault {
                findings.push(Finding::Wrong(format!("store {url}: {}", fault.words(&store.mending_counter()))));
            }
            findings.extend(match unknown_events::find(store, settings).await {
                Ok(message) => message.map(|message| Finding::Ok(format!("store {url}: {message}"))),
                Err(error) => Some(Finding::Wrong(format!("store {url}: touchpoints cannot be read: {error}"))),
            });
            if recounts {
                findings.push(about_figures(store, url, status.customers).await);
            }
            findings.extend(about_personal(settings, Some(store)).await);
            findings
        }
        Err(error) => vec![Finding::Wrong(format!("store {url}: {error}"))],
    }
}

/// Whether the stored figures agree with the rows.
async fn about_figures(store: &dyn Store, url: &str, customers: i64) -> Finding {
    let progress = |done: usize| {
        if done.is_multiple_of(10_000) {
            tracing::info!(done, of = customers, "recounting figures");
        }
    };
    match recount(store, clock::system()(), progress).await {
        Ok(Recount { customers, wrong: 0, .. }) => {
            Finding::Ok(format!("store {url}: the figures of {customers} customers agree with their histories"))
        }
        Ok(Recount { customers, wrong, named }) => {
            let named: Vec<&str> = named.iter().map(|id| &*id.0).collect();
            Finding::Wrong(format!(
                "store {url}: the figures of {wrong} of {customers} customers do not agree with their histories, which \
                 is an error of this program: report it; the customers are {}{}",
                named.join(", "),
                if wrong > named.len() { " …" } else { "" }
            ))
        }
        Err(error) => Finding::Wrong(format!("store {url}: the figures cannot be recounted: {error}")),
    }
}

/// A database file that does not exist is fine when its folder exists.
fn about_folder(path: &Path) -> Finding {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match folder.is_dir() {
        true => Finding::Ok(format!("store {}: does not exist yet; serve, import and demo create it", path.display())),
        false => Finding::Wrong(format!(
            "store {}: the folder {} does not exist: create it",
            path.display(),
            folder.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        Settings::read(Some((Path::new("test.toml"), text)), []).expect("settings")
    }

    #[test]
    fn the_default_settings_have_no_errors() {
        assert!(matches!(about_settings(&Settings::default())[..], [Finding::Ok(_)]));
    }

    #[test]
    fn a_device_identifier_without_a_limit_of_1_is_a_warning() {
        let kinds =
            "[[identity.kind]]\nname = \"email\"\nlimit = 5\n[[identity.kind]]\nname = \"cookie\"\ndevice = true\n";
        let findings = about_settings(&settings(kinds));
        assert!(
            matches!(&findings[1], Finding::Warning(message) if message.contains("cookie is a device identifier")),
            "{findings:?}"
        );
        let limited = about_settings(&settings(&kinds.replace("limit = 5", "limit = 1")));
        assert_eq!(limited.len(), 1, "{limited:?}");
    }

    #[test]
    fn an_address_that_others_can_reach_is_wrong() {
        let findings = about_settings(&settings("[server]\nlisten = \"0.0.0.0:8080\"\n"));
        assert!(matches!(&findings[1], Finding::Wrong(message) if message.contains("127.0.0.1:8080")), "{findings:?}");
    }

    #[test]
    fn pages_of_other_hosts_without_keys_are_a_warning() {
        let origins = "[server]\nallowed_origins = [\"https://crm.example\"]\n";
        let findings = about_settings(&settings(origins));
        assert!(
            matches!(&findings[1], Finding::Warning(message) if message.contains("allowed_origins")),
            "{findings:?}"
        );
        assert_eq!(about_settings(&settings(&format!("{origins}[access]\n"))).len(), 1);
    }

    #[test]
    fn files_for_tls_that_do_not_fit_are_wrong() {
        let findings = about_settings(&settings("[server.tls]\ncert = \"/none/a.pem\"\nkey = \"/none/b.pem\"\n"));
        assert!(
            matches!(&findings[1], Finding::Wrong(message) if message.contains("/none/a.pem cannot be read")),
            "{findings:?}"
        );
    }

    #[test]
    fn the_folder_for_journeys_must_be_writable() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a-file");
        std::fs::write(&file, "").expect("a file");
        assert_eq!(about_journeys(None), None);
        assert_eq!(about_journeys(Some(folder.path())), None);
        assert_eq!(about_journeys(Some(&folder.path().join("new/and/deep"))), None, "it is created when it is needed");
        for bad in [file.clone(), file.join("below")] {
            let found = about_journeys(Some(&bad));
            assert!(
                matches!(&found, Some(Finding::Wrong(message)) if message.contains("a-file is not a folder")),
                "{found:?}"
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("files").count(), 1, "nothing is left behind");
    }

    #[tokio::test]
    async fn an_unknown_kind_in_privacy_personal_is_wrong() {
        let given = settings("[privacy]\npersonal = [\"email\", \"phone\", \"loyalty_cart\", \"traits.*\"]\n");
        let findings = about_personal(&given, None).await;
        assert!(
            matches!(&findings[..], [Finding::Wrong(message)] if message.contains("names loyalty_cart") && message.contains("loyalty_card")),
            "{findings:?}"
        );
        // The defaults name kinds that these settings do not have.
        let few = settings("[[identity.kind]]\nname = \"email\"\nlimit = 1\n");
        assert_eq!(about_personal(&few, None).await, []);
    }

    #[tokio::test]
    async fn a_store_is_checked_and_not_created() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.db");
        let of = |path: &Path| settings(&format!("[store]\nurl = \"sqlite:{}\"\n", path.display()));
        assert!(matches!(about_store(&of(&file), false).await[..], [Finding::Ok(_)]));
        assert!(!file.exists());
        assert!(matches!(about_store(&of(&folder.path().join("none/a.db")), false).await[..], [Finding::Wrong(_)]));
        std::fs::write(&file, "no database, and long enough that SQLite reads its first page".repeat(20))
            .expect("a file");
        let findings = about_store(&of(&file), false).await;
        assert!(
            matches!(&findings[..], [.., Finding::Wrong(message)] if message.contains("not an SQLite")),
            "{findings:?}"
        );
    }
}
