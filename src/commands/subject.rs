//! `throughline subject`: all that the store holds about one person.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::graphql::claim::unmasked_name;
use crate::graphql::id::NodeId;
use crate::ingest::{Ingest, clock};
use crate::settings::Settings;
use crate::store::Store;
use crate::subject::{self, Setting};

/// Writes all that is held about one person, with where it came from.
///
/// Finds the customer of an identifier and writes two files into DIR. `subject.json` is for machines: identifiers,
/// traits with all their values, the consents that hold, orders, touchpoints, acts on products, devices, links and the
/// identity history. `subject.html` has the same for the person, in plain words; it has no script and loads nothing.
///
/// A decision about consent that a later one replaced is among the touchpoints. Both files show one moment. They have
/// personal data: only you can read them. Files that exist are not overwritten.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct SubjectArgs {
    /// An identifier of the person, such as email:ada@example.org. The value may be written as people write it
    #[arg(long, value_name = "KIND:VALUE", value_parser = identifier)]
    pub identifier: (String, String),

    /// Only when this purpose shows the person. A request of the person for its data has no purpose
    #[arg(long, value_name = "PURPOSE")]
    pub purpose: Option<String>,

    /// Where to write the two files
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

const EXAMPLES: &str = "\
Exit status:
  0  both files are written
  1  no customer has the identifier, or the purpose does not show it, and no file is written; or a file or the store failed
  2  the call cannot work: the identifier is not KIND:VALUE, the purpose is not listed, or one of the files exists already

Examples:
  throughline subject --identifier email:ada@example.org --out ada
  throughline subject --identifier 'phone:07700 900123' --out /srv/requests/17";

/// Reads KIND:VALUE.
pub(super) fn identifier(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once(':').filter(|(kind, value)| !kind.trim().is_empty() && !value.trim().is_empty());
    let (kind, value) = parts.ok_or("write it as KIND:VALUE, such as email:ada@example.org")?;
    Ok((kind.trim().to_owned(), value.to_owned()))
}

/// Writes the two files.
///
/// # Errors
/// When the store fails or a file cannot be written.
pub async fn run(args: &SubjectArgs, settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<ExitCode> {
    let purpose = match super::purpose_of(settings, args.purpose.as_deref()) {
        Ok(purpose) => purpose,
        Err(code) => return Ok(code),
    };
    let files = ["subject.json", "subject.html"].map(|name| args.out.join(name));
    if let Some(file) = files.iter().find(|file| file.exists()) {
        eprintln!("error: {}: exists already, and is not overwritten", file.display());
        return Ok(ExitCode::from(2));
    }
    let ingest = Ingest::new(store.clone(), settings);
    ingest.saved_rules().await.context("the identity rules cannot be read")?;
    let (kind, value) = &args.identifier;
    let setting = Setting { traits: &settings.traits, customer_id: NodeId::of_customer, display_name: unmasked_name };
    let report = match ingest.reader().identifiers().sought(kind, value) {
        Some(key) => {
            let shown = super::shown(store.clone(), purpose.as_ref());
            subject::report(&*shown, &key, clock::system()(), &setting).await?
        }
        None => None,
    };
    ingest.close().await;
    let Some(report) = report else {
        match &purpose {
            None => eprintln!("nobody has this identifier: no customer has it, or several people share it"),
            Some(_) => eprintln!("the purpose shows nobody with this identifier"),
        }
        return Ok(ExitCode::from(1));
    };
    fs::create_dir_all(&args.out).with_context(|| format!("{}: cannot be made", args.out.display()))?;
    let [json, html] = &files;
    write(json, &(serde_json::to_string_pretty(&report)? + "\n"))?;
    write(html, &subject::page(&report))?;
    super::print(&format!("{}\n{}\n", json.display(), html.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// A new file that only its owner can read.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.with_context(|| format!("{}: cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_has_a_kind_and_a_value() {
        let two = |kind: &str, value: &str| Ok((kind.to_owned(), value.to_owned()));
        assert_eq!(identifier("email:a@b.c"), two("email", "a@b.c"));
        assert_eq!(identifier("urn:a:b"), two("urn", "a:b"));
        for text in ["email", "email:", ":a@b.c", " : "] {
            assert!(identifier(text).is_err(), "{text}");
        }
    }
}
