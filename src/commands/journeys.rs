//! `throughline journeys`: figures about the journeys of all customers on the command line.

mod people;
mod picture;
mod step;
pub(super) mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration as Time;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget};

use self::people::Figure;
use self::step::StepText;
use self::table::Table;
use crate::domain::nearest::hint;
use crate::domain::{Duration, Timestamp};
use crate::ingest::clock;
use crate::journeys::attribution::Goal;
use crate::journeys::credit::Model;
use crate::journeys::dimension::FIXED;
use crate::journeys::funnel::{Breakdown, FunnelSteps};
use crate::journeys::paths::PathForm;
use crate::journeys::{Answer, Dimension, JourneyError, Purpose, Question, Scope, Step, Unit, UnknownValue};
use crate::projection::{Journeys, Options, ProjectionError};
use crate::settings::Settings;
use crate::store::Store;

/// Shows how customers move between touchpoints, where they drop out, and what led to orders.
///
/// Reads the touchpoints from the store, or from the projection that a server saved, and answers one
/// question with the same figures as the API's `journeys`. `people` lists the customers behind a figure.
/// A STEP is the name of a touchpoint, or DIMENSION=VALUE[,VALUE...], or several of these joined by &, such
/// as "kind=order" or "channel=email,sms&campaign=spring"; a comma, & or backslash in a value has a
/// backslash before it.
/// Dimensions are name, kind, channel, direction, source, campaign, campaign_source, campaign_medium, and
/// those of the settings, such as properties.platform.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct JourneysArgs {
    #[command(subcommand)]
    question: JourneysCommand,

    #[command(flatten)]
    scope: ScopeArgs,

    /// The format of the answer
    #[arg(long, global = true, value_enum, default_value_t = Form::Table, value_name = "FORM")]
    format: Form,

    /// Also draws the answer, as the console shows it, and writes the picture to this file; with - it is printed
    /// instead of the table. For transitions, flow, funnel, paths, time-between, attribution and compare
    #[arg(long, global = true, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// The format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// A table for people
    Table,
    /// The rows, with a header
    Csv,
    /// The rows, one object per line
    Ndjson,
    /// The rows and the totals
    Json,
}

/// Which touchpoints and customers count.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Scope")]
struct ScopeArgs {
    /// Only touchpoints at this time or later, such as 2026-01-01 or 2026-01-01T09:30:00Z
    #[arg(long, global = true, value_name = "TIME", value_parser = Timestamp::parse)]
    since: Option<Timestamp>,

    /// Only touchpoints before this time
    #[arg(long, global = true, value_name = "TIME", value_parser = Timestamp::parse)]
    until: Option<Timestamp>,

    /// Only touchpoints that match
    #[arg(long, global = true, value_name = "STEP")]
    include: Option<StepText>,

    /// Only touchpoints that do not match
    #[arg(long, global = true, value_name = "STEP")]
    exclude: Option<StepText>,

    /// The unit of a journey
    #[arg(long, global = true, value_enum, default_value_t = Per::Customer, value_name = "UNIT")]
    per: Per,

    /// A longer time between two touchpoints without a session id ends a session [default: the gap of the store's rules]
    #[arg(long, global = true, value_name = "DURATION")]
    session_gap: Option<Duration>,

    /// The dimension of a touchpoint's value; in attribution, of the values that receive credit [default: name, in attribution channel]
    #[arg(long, global = true, value_name = "DIMENSION")]
    dimension: Option<String>,

    /// Only customers with consent for this purpose. Where `[privacy] purposes` lists purposes, it is one of these
    #[arg(long, global = true, value_name = "PURPOSE")]
    purpose: Option<String>,
}

/// The unit of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Per {
    /// All touchpoints of a customer
    Customer,
    /// The touchpoints of a session
    Session,
}

/// The other scope of a comparison. Unit, gap and dimension are those of the first scope when they are left out.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "The other scope")]
struct WithArgs {
    /// Only touchpoints at this time or later
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    with_since: Option<Timestamp>,

    /// Only touchpoints before this time
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    with_until: Option<Timestamp>,

    /// Only touchpoints that match
    #[arg(long, value_name = "STEP")]
    with_include: Option<StepText>,

    /// Only touchpoints that do not match
    #[arg(long, value_name = "STEP")]
    with_exclude: Option<StepText>,

    /// The unit of a journey
    #[arg(long, value_enum, value_name = "UNIT")]
    with_per: Option<Per>,

    /// A longer time between two touchpoints without a session id ends a session
    #[arg(long, value_name = "DURATION")]
    with_session_gap: Option<Duration>,

    /// The dimension of a touchpoint's value
    #[arg(long, value_name = "DIMENSION")]
    with_dimension: Option<String>,

    /// Only customers with consent for this purpose
    #[arg(long, value_name = "PURPOSE")]
    with_purpose: Option<String>,
}

#[derive(Subcommand, Clone, Debug)]
enum JourneysCommand {
    /// The number of customers, journeys and touchpoints in the scope
    Population,
    /// How often one touchpoint follows another
    Transitions {
        /// The number of transitions shown
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: usize,
    },
    /// The touchpoints before and after an anchor
    Flow {
        /// The first touchpoint that matches is the anchor
        #[arg(long, value_name = "STEP", required = true)]
        anchor: StepText,
        /// The number of columns before the anchor
        #[arg(long, value_name = "N", default_value_t = 0)]
        before: usize,
        /// The number of columns after the anchor
        #[arg(long, value_name = "N", default_value_t = 5)]
        after: usize,
        /// The number of values shown in each column
        #[arg(long, value_name = "N", default_value_t = 10)]
        top: usize,
    },
    /// How many journeys reach each step
    Funnel {
        /// The steps, in order
        #[arg(value_name = "STEP", required = true)]
        steps: Vec<StepText>,
        /// The longest time from the first step to any other step, such as P7D
        #[arg(long, value_name = "DURATION")]
        within: Option<Duration>,
        /// A funnel for each value of this dimension at the first step
        #[arg(long, value_name = "DIMENSION")]
        breakdown: Option<String>,
        /// The number of groups shown
        #[arg(long, value_name = "N", default_value_t = 20)]
        top: usize,
    },
    /// The most frequent paths
    Paths {
        /// Paths end with the first touchpoint that matches; journeys without one are left out
        #[arg(long, value_name = "STEP")]
        to: Option<StepText>,
        /// The longest time between a touchpoint and the one that matches --to, such as P7D
        #[arg(long, value_name = "DURATION", requires = "to")]
        within: Option<Duration>,
        /// Keep values that repeat directly
        #[arg(long)]
        repeats: bool,
        /// The number of values kept: with --to the last ones, otherwise the first ones
        #[arg(long, value_name = "N", default_value_t = 20)]
        max_length: usize,
        /// The number of paths shown
        #[arg(long, value_name = "N", default_value_t = 20)]
        top: usize,
    },
    /// The time from one touchpoint to another
    TimeBetween {
        /// The first touchpoint that matches
        #[arg(long, value_name = "STEP", required = true)]
        from: StepText,
        /// The first touchpoint after it that matches
        #[arg(long, value_name = "STEP", required = true)]
        to: StepText,
        /// The number of buckets of the histogram
        #[arg(long, value_name = "N", default_value_t = 20)]
        buckets: usize,
    },
    /// The attribution of conversions to touchpoints
    Attribution {
        /// The touchpoints that are conversions
        #[arg(long, value_name = "STEP", default_value = "kind=order")]
        goal: StepText,
        /// The touchpoints that can receive credit [default: all]
        #[arg(long, value_name = "STEP")]
        touches: Option<StepText>,
        /// The attribution model; may be repeated [default: all]
        #[arg(long = "model", value_name = "MODEL", value_parser = model)]
        models: Vec<Model>,
        /// The longest time between a touchpoint and the conversion
        #[arg(long, value_name = "DURATION", default_value = "P30D")]
        lookback: Duration,
        /// For TIME_DECAY: the age at which a touchpoint counts half as much
        #[arg(long, value_name = "DURATION", default_value = "P7D")]
        half_life: Duration,
        /// The number of rows shown for each model
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: usize,
    },
    /// The number of journeys that match a pattern of values
    Match {
        /// The pattern, such as 'Search -> [^"Product Viewed"]* -> $'
        #[arg(value_name = "PATTERN")]
        pattern: String,
    },
    /// Compares the transitions of two scopes
    Compare {
        #[command(flatten)]
        with: Box<WithArgs>,
        /// The number of transitions shown
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: usize,
    },
    /// The customers behind a figure, one line for each
    People {
        #[command(subcommand)]
        figure: Figure,
    },
}

const EXAMPLES: &str = "\
Exit status:
  0  answered
  1  the store cannot be used
  2  the question or the settings cannot work

Examples:
  Where do customers drop off, within a week, on each platform?
    throughline journeys funnel \"Product Viewed\" \"Product Added\" kind=order \\
      --within P7D --breakdown properties.platform

  The transitions in the sessions of this year, for a spreadsheet:
    throughline journeys transitions --per session --since 2026-01-01 --top 500 --format csv

  The paths to an order by channel, and its attribution:
    throughline journeys paths --to kind=order --dimension channel
    throughline journeys attribution --goal kind=order --model MARKOV --model LINEAR

  The journeys with a search and no product view, and their customers:
    throughline journeys match 'Search -> [^\"Product Viewed\"]* -> $'
    throughline journeys people match 'Search -> [^\"Product Viewed\"]* -> $' --format csv

  The customers figure added to the cart and did not buy within a week:
    throughline journeys people funnel \"Product Added\" kind=order --within P7D --dropped

  What is different since July:
    throughline journeys compare --since 2026-07-01 --with-until 2026-07-01

  A Sankey diagram of what follows a search, as the console draws it:
    throughline journeys flow --anchor Search --svg search.svg";

/// The time limit of a question. It is long, because no other client waits.
const TIME_LIMIT: Time = Time::from_secs(3_600);

/// Prints the answer.
///
/// # Errors
/// When the store cannot be used or standard output cannot be written to.
pub(super) async fn run(args: &JourneysArgs, settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<ExitCode> {
    let clock = clock::system();
    // This command writes nothing. Without saved rules, the rules of the settings apply.
    let rules = store.rules().await.context("the rules cannot be read")?;
    let gap = rules.map_or(settings.identity.session_gap, |rules| rules.saved.rules.session_gap);
    let now = clock();
    let (mut written, mut purpose) = (args.scope.clone(), None);
    // Where purposes are listed, it is the purpose of the command, as in other commands. Else it is one of the scope.
    if !settings.privacy.purposes.is_empty() {
        purpose = match super::purpose_of(settings, written.purpose.take().as_deref()) {
            Ok(purpose) => purpose,
            Err(code) => return Ok(code),
        };
    }
    let consent = purpose.as_ref().filter(|purpose| purpose.needs_consent);
    let shown_for = consent.map(|purpose| Purpose { name: purpose.name.clone(), now });
    let understood = written.read(settings, gap, now).and_then(|scope| {
        let scope = Scope { shown_for, ..scope };
        let question = args.question.read(&written, &scope, settings, now)?;
        question.check().map_err(words)?;
        scope.check().map_err(words)?;
        Ok((scope, question))
    });
    let (scope, question) = match understood {
        Ok(understood) => understood,
        Err(wrong) => return Ok(wrong_call(&wrong)),
    };
    let drawing = match &args.svg {
        None => None,
        Some(file) => match picture::asked(&args.question, &written) {
            Some(asked) => Some((file, asked)),
            None => return Ok(wrong_call("--svg: this question has no picture; see --help")),
        },
    };
    let journeys = Journeys::start(store.clone(), Options::of(settings), clock);
    // Drawn on a terminal only.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let view = loop {
        match journeys.view().await {
            Err(ProjectionError::NotReady { read, total }) => {
                bar.set_length(total);
                bar.set_position(read);
            }
            Err(ProjectionError::Behind) => {}
            Err(error) => return Err(error).context("the journeys cannot be read"),
            Ok(view) => break view,
        }
    };
    bar.finish_and_clear();
    let answer = view.ask_within(TIME_LIMIT, "", move |projection, run| {
        let unknown = question.unknown_values(projection, &scope);
        Ok((question.answer(projection, &scope, run)?, unknown))
    });
    let answer = answer.await;
    let drawn = match &drawing {
        Some((file, asked)) if answer.is_ok() => {
            picture::write(file, asked.clone(), purpose.clone(), settings, store.clone(), journeys.clone()).await
        }
        _ => Ok(()),
    };
    // Saves the projection for the next question.
    journeys.close().await;
    let answered = match answer {
        Err(ProjectionError::Question(fault @ JourneyError::BadArgument { .. })) => {
            return Ok(wrong_call(&words(fault)));
        }
        other => other.context("the question cannot be answered")?,
    };
    drawn?;
    let (answer, unknown) = &*answered;
    if args.svg.as_ref().is_some_and(|file| file.as_os_str() == "-") {
        unknown.iter().for_each(note);
        return Ok(ExitCode::SUCCESS);
    }
    match answer {
        Answer::Customers(people) => {
            let shown = super::shown(store.clone(), purpose.as_ref());
            people::print(&*shown, settings, people, args.format).await?
        }
        answer => {
            let table = Table::of(answer);
            super::print(&table.written(args.format))?;
        }
    }
    unknown.iter().for_each(note);
    Ok(ExitCode::SUCCESS)
}

/// Prints a note about a value that no touchpoint has, which is probably misspelled.
fn note(unknown: &UnknownValue) {
    match &unknown.nearest {
        Some(nearest) => {
            eprintln!("note: no touchpoint has the value \"{}\"; did you mean \"{nearest}\"?", unknown.value)
        }
        None => eprintln!("note: no touchpoint has the value \"{}\"", unknown.value),
    }
}

fn wrong_call(reason: &str) -> ExitCode {
    eprintln!("error: {reason}");
    ExitCode::from(2)
}

/// The text of an error.
fn words(fault: JourneyError) -> String {
    match fault {
        JourneyError::BadArgument { argument, message, hint } => format!("{argument}: {message}; {hint}"),
        other => other.to_string(),
    }
}

fn model(text: &str) -> Result<Model, String> {
    let found = Model::ALL.into_iter().find(|model| model.as_str().eq_ignore_ascii_case(&text.replace('-', "_")));
    let known = || Model::ALL.map(Model::as_str).join(", ");
    found.ok_or_else(|| format!("unknown model: use one of {}", known()))
}

fn dimension(name: &str, settings: &Settings) -> Result<Dimension, String> {
    let configured = &settings.journeys.dimensions;
    Dimension::named(name, configured).ok_or_else(|| {
        let known = FIXED.into_iter().chain(configured.iter().map(|name| &**name));
        format!("no dimension is called {name}; {}", hint(name, known))
    })
}

impl ScopeArgs {
    fn read(&self, settings: &Settings, gap: Duration, now: Timestamp) -> Result<Scope, String> {
        let step = |step: &Option<StepText>| step.as_ref().map(|step| step.read(settings)).transpose();
        Ok(Scope {
            since: self.since,
            until: self.until,
            segment: None,
            include: step(&self.include)?,
            exclude: step(&self.exclude)?,
            per: if self.per == Per::Session { Unit::Session } else { Unit::Customer },
            session_gap: self.session_gap.unwrap_or(gap),
            dimension: self.dimension.as_deref().map_or(Ok(Dimension::NAME), |name| dimension(name, settings))?,
            purpose: self.purpose.as_deref().map(|name| Purpose { name: name.into(), now }),
            shown_for: None,
        })
    }
}

impl WithArgs {
    /// The scope for the journeys module. For the second scope of a comparison, `other` is the first one.
    fn read(&self, other: &Scope, settings: &Settings, now: Timestamp) -> Result<Scope, String> {
        let step = |step: &Option<StepText>| step.as_ref().map(|step| step.read(settings)).transpose();
        let per = |per: Per| if per == Per::Session { Unit::Session } else { Unit::Customer };
        Ok(Scope {
            since: self.with_since,
            until: self.with_until,
            segment: None,
            include: step(&self.with_include)?,
            exclude: step(&self.with_exclude)?,
            per: self.with_per.map_or(other.per, per),
            session_gap: self.with_session_gap.unwrap_or(other.session_gap),
            dimension: self.with_dimension.as_deref().map_or(Ok(other.dimension), |name| dimension(name, settings))?,
            purpose: self.with_purpose.as_deref().map(|name| Purpose { name: name.into(), now }),
            shown_for: other.shown_for.clone(),
        })
    }
}

impl JourneysCommand {
    /// The question for the journeys module. `scope` was read from `written`.
    fn read(
        &self,
        written: &ScopeArgs,
        scope: &Scope,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Question, String> {
        let by = written.dimension.as_deref();
        let read = |step: &StepText| step.read(settings);
        Ok(match self {
            JourneysCommand::Population => Question::Population,
            JourneysCommand::Transitions { top } => Question::Transitions { top: *top, medians: true },
            JourneysCommand::Flow { anchor, before, after, top } => {
                Question::Flow { anchor: read(anchor)?, before: *before, after: *after, top: *top }
            }
            JourneysCommand::Funnel { steps, within, breakdown, top } => {
                let steps = steps.iter().map(read).collect::<Result<Vec<Step>, _>>()?;
                let breakdown = breakdown.as_deref().map(|name| dimension(name, settings)).transpose()?;
                let breakdown = breakdown.map(Breakdown::Dimension);
                Question::Funnel { steps: FunnelSteps { steps, within: *within }, breakdown, top: *top, medians: true }
            }
            JourneysCommand::Paths { to, within, repeats, max_length, top } => {
                let to = to.as_ref().map(read).transpose()?;
                Question::Paths {
                    form: PathForm { to, within: *within, collapse: !repeats, max_length: *max_length },
                    top: *top,
                }
            }
            JourneysCommand::TimeBetween { from, to, buckets } => {
                Question::TimeBetween { from: read(from)?, to: read(to)?, buckets: *buckets }
            }
            JourneysCommand::Attribution { goal, touches, models, lookback, half_life, top } => {
                if half_life.as_millis() == 0 {
                    return Err("--half-life: a half-life of zero; give a duration such as P7D".to_owned());
                }
                let goal = Goal {
                    goal: read(goal)?,
                    touches: touches.as_ref().map(read).transpose()?,
                    dimension: dimension(by.unwrap_or("channel"), settings)?,
                    lookback: *lookback,
                    half_life: *half_life,
                    models: if models.is_empty() { Model::ALL.to_vec() } else { models.clone() },
                };
                Question::Attribution { goal, top: *top }
            }
            JourneysCommand::Match { pattern } => Question::Match { pattern: pattern.as_str().into() },
            JourneysCommand::Compare { with, top } => {
                let with = with.read(scope, settings, now)?;
                with.check().map_err(words)?;
                Question::Compare { with, top: *top }
            }
            JourneysCommand::People { figure } => figure.read(settings)?,
        })
    }
}
