//! `throughline journeys`: questions about the journeys of all customers, answered on the command line.

mod people;
mod sheet;
mod step;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration as Time;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget};

use self::people::Who;
use self::sheet::Sheet;
use self::step::WrittenStep;
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

/// Asks how customers move between touchpoints, where they drop off, and what earned an order.
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
    question: Asked,

    #[command(flatten)]
    scope: ScopeArgs,

    /// How the answer is written
    #[arg(long, global = true, value_enum, default_value_t = Form::Table, value_name = "FORM")]
    format: Form,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Table,
    /// The rows alone, with a head
    Csv,
    /// The rows alone, an object a line
    Ndjson,
    /// The rows, and what they add up to
    Json,
}

/// Of which touchpoints and customers.
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
    include: Option<WrittenStep>,

    /// No touchpoints that match
    #[arg(long, global = true, value_name = "STEP")]
    exclude: Option<WrittenStep>,

    /// What makes a journey
    #[arg(long, global = true, value_enum, default_value_t = Per::Customer, value_name = "UNIT")]
    per: Per,

    /// A longer time than this ends a session that has no id; without it what the rules of the store say
    #[arg(long, global = true, value_name = "DURATION")]
    session_gap: Option<Duration>,

    /// What a touchpoint's value is; in attribution, what earns [default: name, in attribution channel]
    #[arg(long, global = true, value_name = "DIMENSION")]
    dimension: Option<String>,

    /// Only customers who allow this
    #[arg(long, global = true, value_name = "PURPOSE")]
    purpose: Option<String>,
}

/// What makes a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Per {
    /// All of a customer's touchpoints
    Customer,
    /// One session's
    Session,
}

/// The scope that another is compared with. What makes a journey, the gap and the dimension are as there when they
/// are left out.
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
    with_include: Option<WrittenStep>,

    /// No touchpoints that match
    #[arg(long, value_name = "STEP")]
    with_exclude: Option<WrittenStep>,

    /// What makes a journey
    #[arg(long, value_enum, value_name = "UNIT")]
    with_per: Option<Per>,

    /// A longer time than this ends a session that has no id
    #[arg(long, value_name = "DURATION")]
    with_session_gap: Option<Duration>,

    /// What a touchpoint's value is
    #[arg(long, value_name = "DIMENSION")]
    with_dimension: Option<String>,

    /// Only customers who allow this
    #[arg(long, value_name = "PURPOSE")]
    with_purpose: Option<String>,
}

#[derive(Subcommand, Clone, Debug)]
enum Asked {
    /// How much there is, and what stays outside
    Population,
    /// How often one touchpoint follows another
    Transitions {
        /// Links shown
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: usize,
    },
    /// Where journeys go to and come from around a touchpoint
    Flow {
        /// Around the first of these
        #[arg(long, value_name = "STEP", required = true)]
        anchor: WrittenStep,
        /// Columns before it
        #[arg(long, value_name = "N", default_value_t = 0)]
        before: usize,
        /// Columns after it
        #[arg(long, value_name = "N", default_value_t = 5)]
        after: usize,
        /// Values shown in each column
        #[arg(long, value_name = "N", default_value_t = 10)]
        top: usize,
    },
    /// How far journeys get along steps
    Funnel {
        /// The steps, in order
        #[arg(value_name = "STEP", required = true)]
        steps: Vec<WrittenStep>,
        /// At most so long from the first step to any other, such as P7D
        #[arg(long, value_name = "DURATION")]
        within: Option<Duration>,
        /// A funnel for each value that this dimension has at the first step
        #[arg(long, value_name = "DIMENSION")]
        breakdown: Option<String>,
        /// Groups shown
        #[arg(long, value_name = "N", default_value_t = 20)]
        top: usize,
    },
    /// The ways that journeys take
    Paths {
        /// Up to and with the first of these, and only of journeys that have one
        #[arg(long, value_name = "STEP")]
        to: Option<WrittenStep>,
        /// Only touchpoints no longer than this before that one, such as P7D; goes with --to
        #[arg(long, value_name = "DURATION", requires = "to")]
        within: Option<Duration>,
        /// Keep repeats side by side
        #[arg(long)]
        repeats: bool,
        /// Values kept: the last with --to, else the first
        #[arg(long, value_name = "N", default_value_t = 20)]
        max_length: usize,
        /// Paths shown
        #[arg(long, value_name = "N", default_value_t = 20)]
        top: usize,
    },
    /// How long it takes from one touchpoint to another
    TimeBetween {
        /// From the first of these
        #[arg(long, value_name = "STEP", required = true)]
        from: WrittenStep,
        /// To the first of these after it
        #[arg(long, value_name = "STEP", required = true)]
        to: WrittenStep,
        /// Parts of the histogram
        #[arg(long, value_name = "N", default_value_t = 20)]
        buckets: usize,
    },
    /// What earned the conversions
    Attribution {
        /// What a conversion is
        #[arg(long, value_name = "STEP", default_value = "kind=order")]
        goal: WrittenStep,
        /// Which touchpoints can earn; all without it
        #[arg(long, value_name = "STEP")]
        touches: Option<WrittenStep>,
        /// How it is shared; all models without it
        #[arg(long = "model", value_name = "MODEL", value_parser = model)]
        models: Vec<Model>,
        /// How long before a conversion a touchpoint counts
        #[arg(long, value_name = "DURATION", default_value = "P30D")]
        lookback: Duration,
        /// For TIME_DECAY: after how long a touchpoint counts half as much
        #[arg(long, value_name = "DURATION", default_value = "P7D")]
        half_life: Duration,
        /// Rows shown of each model
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: usize,
    },
    /// How many journeys fit a pattern of values
    Match {
        /// The pattern, such as 'Search -> [^"Product Viewed"]* -> $'
        #[arg(value_name = "PATTERN")]
        pattern: String,
    },
    /// Where two scopes differ most: each link's share of all links
    Compare {
        #[command(flatten)]
        with: Box<WithArgs>,
        /// Links shown
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: usize,
    },
    /// Who is behind a figure: a line for each customer
    People {
        #[command(subcommand)]
        who: Who,
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

  What follows what in the sessions of this year, for a spreadsheet:
    throughline journeys transitions --per session --since 2026-01-01 --top 500 --format csv

  The ways to an order by channel, and what earned it:
    throughline journeys paths --to kind=order --dimension channel
    throughline journeys attribution --goal kind=order --model MARKOV --model LINEAR

  How many searched and never came to a product, and who they are:
    throughline journeys match 'Search -> [^\"Product Viewed\"]* -> $'
    throughline journeys people match 'Search -> [^\"Product Viewed\"]* -> $' --format csv

  Who had something in the cart and did not buy within a week:
    throughline journeys people funnel \"Product Added\" kind=order --within P7D --dropped

  What is different since July:
    throughline journeys compare --since 2026-07-01 --with-until 2026-07-01";

/// How long a question may take here, where nobody else waits.
const TIME_LIMIT: Time = Time::from_secs(3_600);

/// Answers, on standard output.
///
/// # Errors
/// When the store cannot be used or standard output cannot be written to.
pub(super) async fn run(args: &JourneysArgs, settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<ExitCode> {
    let clock = clock::system();
    // A question writes nothing: where no rules were saved yet, the settings' will be the first.
    let rules = store.rules().await.context("the rules cannot be read")?;
    let gap = rules.map_or(settings.identity.session_gap, |rules| rules.saved.rules.session_gap);
    let now = clock();
    let understood = args.scope.read(settings, gap, now).and_then(|scope| {
        let question = args.question.read(&args.scope, &scope, settings, now)?;
        question.check().map_err(words)?;
        scope.check().map_err(words)?;
        Ok((scope, question))
    });
    let (scope, question) = match understood {
        Ok(understood) => understood,
        Err(wrong) => return Ok(wrong_call(&wrong)),
    };
    let journeys = Journeys::start(store.clone(), Options::of(settings), clock);
    // Only a person at a terminal sees it.
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
    // What was read is worth keeping for the next question.
    journeys.close().await;
    let answered = match answer {
        Err(ProjectionError::Question(fault @ JourneyError::BadArgument { .. })) => {
            return Ok(wrong_call(&words(fault)));
        }
        other => other.context("the question has no answer")?,
    };
    let (answer, unknown) = &*answered;
    match answer {
        Answer::Customers(people) => people::print(&*store, settings, people, args.format).await?,
        answer => {
            let sheet = Sheet::of(answer);
            super::print(&sheet.written(args.format))?;
        }
    }
    unknown.iter().for_each(note);
    Ok(ExitCode::SUCCESS)
}

/// Tells of a value that no touchpoint has: misspelled, most likely.
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

/// What is wrong, and what would be right.
fn words(fault: JourneyError) -> String {
    match fault {
        JourneyError::BadArgument { argument, message, hint } => format!("{argument}: {message}; {hint}"),
        other => other.to_string(),
    }
}

fn model(text: &str) -> Result<Model, String> {
    let found = Model::ALL.into_iter().find(|model| model.as_str().eq_ignore_ascii_case(&text.replace('-', "_")));
    let known = || Model::ALL.map(Model::as_str).join(", ");
    found.ok_or_else(|| format!("no such model; one of {}", known()))
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
        let step = |step: &Option<WrittenStep>| step.as_ref().map(|step| step.read(settings)).transpose();
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
        })
    }
}

impl WithArgs {
    /// As journeys know it; `other` is the scope that is compared.
    fn read(&self, other: &Scope, settings: &Settings, now: Timestamp) -> Result<Scope, String> {
        let step = |step: &Option<WrittenStep>| step.as_ref().map(|step| step.read(settings)).transpose();
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
        })
    }
}

impl Asked {
    /// As journeys know it, asked of `scope`, which `written` is.
    fn read(
        &self,
        written: &ScopeArgs,
        scope: &Scope,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Question, String> {
        let by = written.dimension.as_deref();
        let read = |step: &WrittenStep| step.read(settings);
        Ok(match self {
            Asked::Population => Question::Population,
            Asked::Transitions { top } => Question::Transitions { top: *top, medians: true },
            Asked::Flow { anchor, before, after, top } => {
                Question::Flow { anchor: read(anchor)?, before: *before, after: *after, top: *top }
            }
            Asked::Funnel { steps, within, breakdown, top } => {
                let steps = steps.iter().map(read).collect::<Result<Vec<Step>, _>>()?;
                let breakdown = breakdown.as_deref().map(|name| dimension(name, settings)).transpose()?;
                let breakdown = breakdown.map(Breakdown::Dimension);
                Question::Funnel { steps: FunnelSteps { steps, within: *within }, breakdown, top: *top, medians: true }
            }
            Asked::Paths { to, within, repeats, max_length, top } => {
                let to = to.as_ref().map(read).transpose()?;
                Question::Paths {
                    form: PathForm { to, within: *within, collapse: !repeats, max_length: *max_length },
                    top: *top,
                }
            }
            Asked::TimeBetween { from, to, buckets } => {
                Question::TimeBetween { from: read(from)?, to: read(to)?, buckets: *buckets }
            }
            Asked::Attribution { goal, touches, models, lookback, half_life, top } => {
                if half_life.as_millis() == 0 {
                    return Err("--half-life: a half-life of nothing; give a duration such as P7D".to_owned());
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
            Asked::Match { pattern } => Question::Match { pattern: pattern.as_str().into() },
            Asked::Compare { with, top } => {
                let with = with.read(scope, settings, now)?;
                with.check().map_err(words)?;
                Question::Compare { with, top: *top }
            }
            Asked::People { who } => who.read(settings)?,
        })
    }
}
