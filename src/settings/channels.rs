//! `[[channel]]`: rules for the channel of touchpoints whose event does not have one.

use std::sync::Arc;

use super::error::SettingsError;
use super::path::EventPath;
use super::raw::RawValue;
use crate::domain::pattern::Pattern;

/// A rule: the channel is `is` when all conditions hold.
#[derive(Clone, Debug)]
pub struct ChannelRule {
    /// The channel.
    pub is: Arc<str>,
    /// The conditions: the value at the path matches one of the patterns.
    pub when: Vec<(ConditionPath, Vec<Pattern>)>,
}

/// The value that a condition checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionPath {
    /// `type`: track, page or screen.
    Type,
    /// `name` or `event`: the touchpoint's name.
    Name,
    /// `source`: the source of the event.
    Source,
    /// A path of the event, such as `properties.platform`.
    Event(EventPath),
}

pub(super) fn read(given: Option<RawValue>) -> Result<Vec<ChannelRule>, SettingsError> {
    let Some(given) = given else {
        let when = vec![(ConditionPath::Type, vec![Pattern::of_values("page")])];
        return Ok(vec![ChannelRule { is: "website".into(), when }]);
    };
    given.map(|rule| {
        let mut section = rule.section()?;
        let is = section.take("is").ok_or_else(|| section.lacks(&rule.place, "is"))?;
        let name = is.text()?;
        if name.trim().is_empty() {
            return Err(is.bad("the name of the channel is empty"));
        }
        let when = section.take("when").ok_or_else(|| section.lacks(&rule.place, "when"))?;
        section.done()?;
        let mut conditions = Vec::new();
        for (path, values) in when.section()?.take_all() {
            let values = flatten(path, values)?;
            conditions.extend(values);
        }
        if conditions.is_empty() {
            return Err(when.bad("a rule without conditions: add one, such as { type = \"page\" }"));
        }
        Ok(ChannelRule { is: name.trim().into(), when: conditions })
    })
}

/// Joins nested tables to paths: TOML reads `properties.platform = "ios"` as a table in a table.
fn flatten(path: String, given: RawValue) -> Result<Vec<(ConditionPath, Vec<Pattern>)>, SettingsError> {
    if given.is_table() {
        let mut conditions = Vec::new();
        for (step, value) in given.section()?.take_all() {
            conditions.extend(flatten(format!("{path}.{step}"), value)?);
        }
        return Ok(conditions);
    }
    let target = match path.as_str() {
        "type" => ConditionPath::Type,
        "name" | "event" => ConditionPath::Name,
        "source" => ConditionPath::Source,
        other => match other.parse::<EventPath>() {
            Ok(path) => ConditionPath::Event(path),
            Err(_) => return Err(given.bad("neither type, name, source nor a path such as properties.platform")),
        },
    };
    let pattern = if target == ConditionPath::Name { Pattern::of_names } else { Pattern::of_values };
    let values = given.text_or_texts()?.iter().map(|value| pattern(value)).collect();
    Ok(vec![(target, values)])
}
