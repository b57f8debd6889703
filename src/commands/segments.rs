//! `throughline segments`: saved segments, trials of conditions, and members, on the command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use async_graphql::{Request, Variables};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::journeys::Form;
use super::journeys::table::Table;
use crate::changes::feed::Feed;
use crate::graphql::{self, Schema, Setup, Viewer};
use crate::ingest::Ingest;
use crate::settings::Settings;
use crate::store::Store;

/// Shows saved segments, tries a condition, and lists the members of a segment.
///
/// The answers are those of the API: `segments`, `segmentTrial` and `segment(name).customers`. A trial reads
/// a condition as JSON, in the form of the API's CustomerCondition, and writes nothing. Every customer is
/// read, so it takes longer the more customers there are.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct SegmentsArgs {
    #[command(subcommand)]
    question: SegmentsCommand,

    /// Only people whom this purpose shows: those with a grant for it
    #[arg(long, global = true, value_name = "PURPOSE")]
    purpose: Option<String>,

    /// The format of the answer
    #[arg(long, global = true, value_enum, default_value_t = Form::Table, value_name = "FORM")]
    format: Form,
}

#[derive(Subcommand, Clone, Debug)]
enum SegmentsCommand {
    /// The saved segments with their sizes, the first saved first
    List,
    /// How many customers fit a condition, and how each of its lines narrows it
    Trial {
        /// A file with a condition as JSON; - is standard input
        file: PathBuf,
        /// The time zone of the condition, such as Europe/London [default: UTC]
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
    },
    /// The members of a segment, one line for each
    Members {
        /// The name of the segment; case does not matter
        name: String,
    },
}

const EXAMPLES: &str = "\
Exit status:
  0  answered
  1  the store cannot be used
  2  the condition, the name, the purpose or the settings cannot work

Examples:
  The saved segments and their sizes:
    throughline segments list

  How many customers bought and did not come back, before it is saved:
    echo '{\"all\": [{\"orders\": {}}, {\"not\": {\"seen\": {\"last\": {\"last\": \"P90D\"}}}}]}' > lost.json
    throughline segments trial lost.json

  The members of a segment, for a spreadsheet:
    throughline segments members VIP --format csv > vip.csv";

/// The number of items that are read at a time.
const PAGE: usize = 100;

/// Prints the answer.
///
/// # Errors
/// When the store cannot be used, the file cannot be read, or standard output cannot be written to.
pub(super) async fn run(args: &SegmentsArgs, settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<ExitCode> {
    let purpose = match super::purpose_of(settings, args.purpose.as_deref()) {
        Ok(purpose) => purpose,
        Err(code) => return Ok(code),
    };
    let ingest = Arc::new(Ingest::new(store.clone(), settings));
    ingest.saved_rules().await.context("the rules cannot be read")?;
    let api = Api {
        viewer: Viewer::all().for_purpose(purpose.as_ref(), &store, ingest.clock()),
        schema: graphql::schema(Setup::new(settings, ingest.clone()), ingest.clone(), Feed::new(store.clone())),
        store,
    };
    let done = match &args.question {
        SegmentsCommand::List => api.list(args.format).await,
        SegmentsCommand::Trial { file, time_zone } => api.try_out(file, time_zone.as_deref(), args.format).await,
        SegmentsCommand::Members { name } => api.members(name, args.format).await,
    };
    ingest.close().await;
    match done {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Stop::Wrong(reason)) => {
            eprintln!("error: {reason}");
            Ok(ExitCode::from(2))
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Why there is no answer.
enum Stop {
    /// The question cannot work.
    Wrong(String),
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Stop::Failed(error)
    }
}

struct Api {
    viewer: Viewer,
    schema: Schema,
    store: Arc<dyn Store>,
}

impl Api {
    /// The answer of the one field of a query.
    async fn ask(&self, query: &str, variables: Value) -> Result<Value, Stop> {
        let request = Request::new(query).variables(Variables::from_json(variables));
        let answer = self.schema.execute(graphql::with_viewer(request, self.store.clone(), self.viewer.clone())).await;
        if let Some(error) = answer.errors.first() {
            let code = error.extensions.as_ref().and_then(|more| more.get("code")).map(ToString::to_string);
            let is_store =
                code.is_some_and(|code| ["STORE_", "TIMEOUT", "INTERNAL"].iter().any(|is| code.contains(is)));
            return Err(match is_store {
                true => Stop::Failed(anyhow!("{}", error.message)),
                false => Stop::Wrong(error.message.clone()),
            });
        }
        let data = answer.data.into_json().context("an answer cannot be read")?;
        Ok(data.as_object().and_then(|fields| fields.values().next()).cloned().unwrap_or_default())
    }

    async fn list(&self, form: Form) -> Result<(), Stop> {
        const QUERY: &str = "query($first: Int, $after: String) { segments(first: $first, after: $after) { nodes { name \
            version size timeZone savedAt savedBy sentence } pageInfo { hasNextPage endCursor } } }";
        let mut table = Table::new(vec!["name", "version", "size", "timeZone", "savedAt", "savedBy", "sentence"]);
        let (mut after, mut more) = (Value::Null, true);
        while more {
            let page = self.ask(QUERY, json!({"first": PAGE, "after": after})).await?;
            table.push_all(&page["nodes"]);
            after = page["pageInfo"]["endCursor"].clone();
            more = page["pageInfo"]["hasNextPage"] == true;
        }
        Ok(super::print(&table.written(form))?)
    }

    async fn try_out(&self, file: &PathBuf, time_zone: Option<&str>, form: Form) -> Result<(), Stop> {
        const QUERY: &str = "query($members: CustomerCondition!, $timeZone: String) { segmentTrial(members: $members, \
            timeZone: $timeZone) { sentence sizeThen lines { path alone without sentence } problems { message } } }";
        let text = match file.as_os_str() == "-" {
            true => std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?,
            false => std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
        };
        let members: Value = serde_json::from_str(&text)
            .map_err(|error| Stop::Wrong(format!("{}: not JSON: {error}", file.display())))?;
        let trial = self.ask(QUERY, json!({"members": members, "timeZone": time_zone})).await?;
        let mut table = Table::new(vec!["path", "alone", "without", "sentence"]);
        table.push_all(&trial["lines"]);
        table.total("size", trial["sizeThen"].clone());
        super::print(&table.written(form))?;
        if form == Form::Table {
            super::print(&format!("{}\n", trial["sentence"].as_str().unwrap_or_default()))?;
        }
        for problem in trial["problems"].as_array().into_iter().flatten() {
            eprintln!("note: {}", problem["message"].as_str().unwrap_or_default());
        }
        Ok(())
    }

    async fn members(&self, name: &str, form: Form) -> Result<(), Stop> {
        const QUERY: &str = "query($name: String!, $first: Int, $after: String) { segment(name: $name) { customers(first: \
            $first, after: $after) { nodes { id displayName identifiers(first: 100) { nodes { kind value } } } pageInfo { \
            hasNextPage endCursor } } } }";
        let mut table = Table::of_people();
        let is_stream = matches!(form, Form::Csv | Form::Ndjson);
        let (mut after, mut more, mut count) = (Value::Null, true, 0);
        while more {
            let segment = self.ask(QUERY, json!({"name": name, "first": PAGE, "after": after})).await?;
            if segment.is_null() {
                return Err(Stop::Wrong(format!(
                    "no segment is called \"{name}\": `throughline segments list` has the names"
                )));
            }
            if is_stream && after.is_null() {
                super::print(&table.written(form))?;
            }
            let page = &segment["customers"];
            for node in page["nodes"].as_array().into_iter().flatten() {
                let identifiers = node["identifiers"]["nodes"].as_array().into_iter().flatten().map(|own| {
                    format!(
                        "{}:{}",
                        own["kind"].as_str().unwrap_or_default(),
                        own["value"].as_str().unwrap_or_default()
                    )
                });
                let identifiers: Vec<String> = identifiers.collect();
                table.push(vec![node["id"].clone(), node["displayName"].clone(), json!(identifiers)]);
                count += 1;
            }
            if is_stream {
                super::print(&table.more(form))?;
            }
            after = page["pageInfo"]["endCursor"].clone();
            more = page["pageInfo"]["hasNextPage"] == true;
        }
        if !is_stream {
            table.total("customers", json!(count));
            super::print(&table.written(form))?;
        }
        Ok(())
    }
}
