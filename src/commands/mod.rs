//! The command line: one file per subcommand, with its arguments and its `run`. Only these files print.
//!
//! To add a command: a file with its `Args`, its examples and its `run`; a variant of [`Command`]; a line in `run`.
//! `CONTRIBUTING.md` has the whole list.
//!
//! Exit status: 0 done, 1 failed, 2 the command line or the settings cannot work. The `--help` of a command has its
//! other statuses.

pub mod backup;
mod bar;
pub mod check;
pub mod demo;
mod engine;
mod erase;
pub mod export;
mod identity;
pub mod import;
pub mod journeys;
pub mod key;
mod log;
pub mod presets;
pub mod restitch;
pub mod schema;
pub mod segments;
pub mod serve;
pub mod settings;
pub mod subject;
mod unknown_events;

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::domain::purpose::Purpose;
use crate::generate::command::{self as generate, GenerateArgs};
use crate::ingest::clock;
use crate::purposes::ForPurpose;
use crate::settings::{Settings, SettingsError};
use crate::store::Store;
use log::LogForm;

/// A customer profile explorer on a graph: one profile for each customer, with evidence and all touchpoints.
///
/// Takes in events from all channels, works out, on arrival, which identifiers belong to one customer, and answers
/// through GraphQL with single customer views and customer journeys.
///
/// To try it: run `throughline demo` and open the address that it prints.
#[derive(Parser, Debug)]
#[command(name = "throughline", version, propagate_version = true, after_long_help = SETTINGS_HELP)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The flags of all commands.
#[derive(Args, Clone, Debug)]
struct Global {
    /// The settings file [default: throughline.toml in the working directory, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The store: sqlite:FILE, bolt://HOST:PORT or neo4j://HOST:PORT (bolt+s:// and neo4j+s:// with TLS)
    ///
    /// User and password of a server come from THROUGHLINE_STORE_USER and THROUGHLINE_STORE_PASSWORD, or from the file in
    /// THROUGHLINE_STORE_PASSWORD_FILE. They cannot be given on the command line.
    #[arg(long, global = true, value_name = "URL")]
    store: Option<String>,

    /// The format of log lines on standard error. RUST_LOG sets the level
    #[arg(long, global = true, value_enum, default_value_t = LogForm::Text, value_name = "FORM")]
    log: LogForm,
}

#[derive(Subcommand, Debug)]
enum Command {
    Demo(demo::DemoArgs),
    Serve(serve::ServeArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Subject(subject::SubjectArgs),
    Erase(erase::EraseArgs),
    Presets(presets::PresetsArgs),
    Restitch(restitch::RestitchArgs),
    Journeys(Box<journeys::JourneysArgs>),
    Segments(segments::SegmentsArgs),
    Generate(GenerateArgs),
    Schema(schema::SchemaArgs),
    Settings(settings::SettingsArgs),
    Key(key::KeyArgs),
    Check(check::CheckArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
}

const SETTINGS_HELP: &str = "\
Settings: flags override the environment, the environment overrides the file, the file overrides the defaults.
The key a.b_c of the file is THROUGHLINE_A_B_C in the environment, such as THROUGHLINE_SERVER_LISTEN.
`throughline settings` prints every key with its meaning, `throughline check` finds errors in them.";

/// Runs the command and returns the exit code.
pub fn main(cli: Cli) -> ExitCode {
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<SettingsError>() { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let global = &cli.global;
    match cli.command {
        // These two need no settings.
        Command::Generate(args) => generate::run(&args)?,
        Command::Schema(args) => schema::run(&args)?,
        Command::Presets(args) => return presets::run(&args),
        Command::Settings(args) => {
            let flags = settings::flags(global.store.as_deref())?;
            settings::run(&args, global.config.as_deref(), environment(), &flags)?;
        }
        Command::Serve(args) => {
            let settings = global.settings(args.listen.as_deref())?;
            log::begin(global.log)?;
            let global = global.clone();
            block_on(serve::run(settings, move || global.settings(args.listen.as_deref())))?;
        }
        Command::Demo(args) => {
            let settings = demo::own_store(global.settings(args.listen.as_deref())?);
            log::begin(global.log)?;
            block_on(demo::run(settings))?;
        }
        Command::Import(args) => {
            let settings = global.settings(None)?;
            log::begin(global.log)?;
            if let Some(given) = &args.dry_run {
                return import::dry_run(&args, given, &settings);
            }
            return block_on(engine::import(args, settings));
        }
        Command::Export(args) => {
            let settings = global.settings(None)?;
            log::begin_quietly(global.log)?;
            return block_on(engine::export(args, settings));
        }
        Command::Subject(args) => {
            let settings = global.settings(None)?;
            log::begin_quietly(global.log)?;
            return block_on(engine::subject(args, settings));
        }
        Command::Erase(args) => {
            let settings = global.settings(None)?;
            log::begin_quietly(global.log)?;
            return block_on(engine::erase(args, settings));
        }
        Command::Restitch(_) => {
            let settings = global.settings(None)?;
            log::begin(global.log)?;
            return block_on(engine::restitch(settings));
        }
        Command::Journeys(args) => {
            let settings = global.settings(None)?;
            log::begin_quietly(global.log)?;
            return block_on(engine::journeys(*args, settings));
        }
        Command::Segments(args) => {
            let settings = global.settings(None)?;
            log::begin_quietly(global.log)?;
            return block_on(engine::segments(args, settings));
        }
        Command::Backup(args) => {
            let settings = global.settings(None)?;
            log::begin(global.log)?;
            return backup::run_backup(&args, &settings);
        }
        Command::Restore(args) => {
            let settings = global.settings(None)?;
            log::begin(global.log)?;
            return backup::run_restore(&args, &settings);
        }
        Command::Key(args) => {
            let settings = global.settings(None)?;
            log::begin_quietly(global.log)?;
            return block_on(key::run(args, settings));
        }
        Command::Check(args) => {
            let settings = global.settings(None)?;
            log::begin(global.log)?;
            return block_on(check::run(&args, settings));
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Global {
    /// The settings, with the values of the flags.
    fn settings(&self, listen: Option<&str>) -> Result<Settings, SettingsError> {
        let mut settings = Settings::load(self.config.as_deref(), environment())?;
        if let Some(url) = &self.store {
            settings.set_store_url(url)?;
        }
        if let Some(listen) = listen {
            settings.set_listen(listen)?;
        }
        Ok(settings)
    }
}

/// The purpose of a command that shows people.
///
/// # Errors
/// When the settings do not list it: the exit status, after the reason was printed.
fn purpose_of(settings: &Settings, given: Option<&str>) -> Result<Option<Purpose>, ExitCode> {
    let chosen = given.map(|name| settings.privacy.purposes.listed(name).cloned()).transpose();
    chosen.map_err(|wrong| {
        eprintln!("error: --purpose: {wrong}");
        ExitCode::from(2)
    })
}

/// The store as the purpose of a command shows it.
fn shown(store: Arc<dyn Store>, purpose: Option<&Purpose>) -> Arc<dyn Store> {
    ForPurpose::over(&store, purpose, &clock::system()).map_or(store, |shown| shown as Arc<dyn Store>)
}

/// The environment variables that are valid texts.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
}

fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the threads")?.block_on(command)
}

/// Writes to standard output. A closed pipe, as with `head`, is not an error.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_are_accepted_before_and_after_the_command() {
        for line in ["throughline --store sqlite:a.db serve", "throughline serve --store sqlite:a.db --log text"] {
            let cli = Cli::try_parse_from(line.split(' ')).expect("a command line");
            assert_eq!(cli.global.store.as_deref(), Some("sqlite:a.db"));
        }
    }

    #[test]
    fn every_command_has_a_description_and_an_example() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Examples:") && help.len() > 400, "{}:\n{help}", command.get_name());
        }
    }

    #[test]
    fn an_invalid_command_line_is_a_usage_error() {
        for line in ["throughline", "throughline fly", "throughline serve --port 3", "throughline --log xml serve"] {
            let error = Cli::try_parse_from(line.split(' ')).expect_err("wrong");
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
