//! `throughline journeys … --svg FILE`: the picture of an answer, from the same document as the console's.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use super::step::StepText;
use super::{JourneysCommand, Per, ScopeArgs, WithArgs};
use crate::changes::feed::Feed;
use crate::domain::purpose::Purpose;
use crate::domain::{Duration, Timestamp};
use crate::graphql::picture::{self, Drawn};
use crate::graphql::{self, Setup};
use crate::ingest::Ingest;
use crate::journeys::credit::Model;
use crate::pictures::Picture;
use crate::projection::Journeys;
use crate::settings::Settings;
use crate::store::Store;

/// The picture of a question, with the variables of its document. `None` when the question has no picture.
pub(super) fn asked(question: &JourneysCommand, scope: &ScopeArgs) -> Option<(Picture, Value)> {
    let (picture, variables) = match question {
        JourneysCommand::Transitions { top } => (Picture::Transitions, json!({ "top": top })),
        JourneysCommand::Flow { anchor, before, after, top } => {
            let anchor = step(anchor);
            (Picture::Flow, json!({ "anchor": anchor, "stepsBefore": before, "stepsAfter": after, "top": top }))
        }
        JourneysCommand::Funnel { steps, within, breakdown, top } => {
            let steps: Vec<Value> = steps.iter().map(step).collect();
            let within = within.map(time);
            (Picture::Funnel, json!({ "steps": steps, "within": within, "breakdown": breakdown, "top": top }))
        }
        JourneysCommand::Paths { to, within, repeats, max_length, top } => {
            let (to, within) = (to.as_ref().map(step), within.map(time));
            let variables =
                json!({ "to": to, "within": within, "collapse": !repeats, "maxLength": max_length, "top": top });
            (Picture::Paths, variables)
        }
        JourneysCommand::TimeBetween { from, to, buckets } => {
            (Picture::TimeBetween, json!({ "from": step(from), "to": step(to), "buckets": buckets }))
        }
        JourneysCommand::Attribution { goal, touches, models, lookback, half_life, top } => {
            let models = if models.is_empty() { Model::ALL.to_vec() } else { models.clone() };
            let models: Vec<&str> = models.into_iter().map(Model::as_str).collect();
            let variables = json!({
                "goal": step(goal),
                "touches": touches.as_ref().map(step),
                "dimension": scope.dimension.as_deref().unwrap_or("channel"),
                "lookback": time(*lookback),
                "halfLife": time(*half_life),
                "models": models,
                "top": top,
            });
            (Picture::Attribution, variables)
        }
        JourneysCommand::Compare { with, top } => (Picture::Comparison, json!({ "with": of_with(with), "top": top })),
        JourneysCommand::Population | JourneysCommand::Match { .. } | JourneysCommand::People { .. } => return None,
    };
    let mut variables = variables;
    variables["scope"] = of_scope(scope);
    Some((picture, picture.variables(&variables)))
}

/// Draws a picture and writes it to a file; `-` is standard output.
///
/// # Errors
/// When the question cannot be answered or the file cannot be written.
pub(super) async fn write(
    file: &Path,
    (picture, variables): (Picture, Value),
    purpose: Option<Purpose>,
    settings: &Settings,
    store: Arc<dyn Store>,
    journeys: Journeys,
) -> anyhow::Result<()> {
    let ingest = Arc::new(Ingest::new(store.clone(), settings));
    ingest.saved_rules().await.context("the rules cannot be read")?;
    let setup = Setup::new(settings, ingest.clone()).with_journeys(journeys);
    let api = graphql::api(&store, setup, ingest.clone(), Feed::new(store.clone()))?;
    let mut request = picture::request(picture, Some(to_raw_value(&variables)?));
    request.caller = Some(Arc::new(crate::access::Caller::everybody()));
    request.purpose = purpose;
    let drawn = picture::draw(&api, picture, request).await;
    ingest.close().await;
    match drawn {
        Drawn::Svg(svg) if file.as_os_str() == "-" => crate::commands::print(&svg),
        Drawn::Svg(svg) => std::fs::write(file, svg).with_context(|| format!("cannot write {}", file.display())),
        Drawn::Failed(answer) => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let reason = body["errors"][0]["message"].as_str().unwrap_or("internal error");
            anyhow::bail!("the picture cannot be drawn: {reason}")
        }
    }
}

/// A step as the API reads it.
fn step(text: &StepText) -> Value {
    let conditions = match text {
        StepText::Name(name) => return json!({ "names": [name] }),
        StepText::Conditions(conditions) => conditions,
    };
    let mut step = Map::new();
    for (dimension, values) in conditions {
        let list = match dimension.as_str() {
            "name" => "names",
            "kind" => "kinds",
            "channel" => "channels",
            "campaign" => "campaigns",
            _ => {
                let wheres = step.entry("where").or_insert_with(|| json!([]));
                wheres
                    .as_array_mut()
                    .into_iter()
                    .for_each(|all| all.push(json!({ "dimension": dimension, "is": values })));
                continue;
            }
        };
        let all = step.entry(list).or_insert_with(|| json!([]));
        all.as_array_mut().into_iter().for_each(|all| all.extend(values.iter().map(|value| json!(value))));
    }
    Value::Object(step)
}

fn time(duration: Duration) -> String {
    duration.to_string()
}

fn at(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}

fn of_scope(scope: &ScopeArgs) -> Value {
    json!({
        "since": at(scope.since),
        "until": at(scope.until),
        "include": scope.include.as_ref().map(step),
        "exclude": scope.exclude.as_ref().map(step),
        "per": (scope.per == Per::Session).then_some("SESSION"),
        "sessionGap": scope.session_gap.map(time),
        "dimension": scope.dimension,
        "purpose": scope.purpose,
    })
}

fn of_with(with: &WithArgs) -> Value {
    json!({
        "since": at(with.with_since),
        "until": at(with.with_until),
        "include": with.with_include.as_ref().map(step),
        "exclude": with.with_exclude.as_ref().map(step),
        "per": with.with_per.map(|per| if per == Per::Session { "SESSION" } else { "CUSTOMER" }),
        "sessionGap": with.with_session_gap.map(time),
        "dimension": with.with_dimension,
        "purpose": with.with_purpose,
    })
}
