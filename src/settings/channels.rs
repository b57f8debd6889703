//! `[[channel]]`: what a touchpoint's channel is when the event does not say.

use std::sync::Arc;

use super::error::SettingsError;
use super::given::Given;
use super::path::EventPath;
use crate::domain::pattern::Pattern;

/// One rule: `is` when each of `when` fits.
#[derive(Clone, Debug)]
pub struct ChannelRule {
    /// The channel.
    pub is: Arc<str>,
    /// What must hold: the value at the path is one of these.
    pub when: Vec<(ConditionPath, Vec<Pattern>)>,
}

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionPath {
    /// `type`: track, page, screen.
    Type,
    /// `name` or `event`: the touchpoint's name.
    Name,
    /// `source`: who sent it.
    Source,
    /// A path of the event, such as `properties.platform`.
    Event(EventPath),
}

pub(super) fn read(given: Option<Given>) -> Result<Vec<ChannelRule>, SettingsError> {
    let Some(given) = given else {
        let when = vec![(ConditionPath::Type, vec![Pattern::of_values("page")])];
        return Ok(vec![ChannelRule { is: "website".into(), when }]);
    };
    given.map(|rule| {
        let mut section = rule.section()?;
        let is = section.take("is").ok_or_else(|| section.lacks(&rule.place, "is"))?;
        let name = is.text()?;
        if name.trim().is_empty() {
            return Err(is.bad("a channel without a name"));
        }
        let when = section.take("when").ok_or_else(|| section.lacks(&rule.place, "when"))?;
        section.done()?;
        let mut conditions = Vec::new();
        for (path, values) in when.section()?.take_all() {
            let values = flatten(path, values)?;
            conditions.extend(values);
        }
        if conditions.is_empty() {
            return Err(when.bad("a rule that always fits: name a condition, as { type = \"page\" }"));
        }
        Ok(ChannelRule { is: name.trim().into(), when: conditions })
    })
}

/// TOML reads `properties.platform = "ios"` as a table within a table.
fn flatten(path: String, given: Given) -> Result<Vec<(ConditionPath, Vec<Pattern>)>, SettingsError> {
    if given.is_table() {
        let mut conditions = Vec::new();
        for (step, value) in given.section()?.take_all() {
            conditions.extend(flatten(format!("{path}.{step}"), value)?);
        }
        return Ok(conditions);
    }
    let looks_at = match path.as_str() {
        "type" => ConditionPath::Type,
        "name" | "event" => ConditionPath::Name,
        "source" => ConditionPath::Source,
        other => match other.parse::<EventPath>() {
            Ok(path) => ConditionPath::Event(path),
            Err(_) => return Err(given.bad("neither type, name, source nor a path such as properties.platform")),
        },
    };
    let pattern = if looks_at == ConditionPath::Name { Pattern::of_names } else { Pattern::of_values };
    let values = given.text_or_texts()?.iter().map(|value| pattern(value)).collect();
    Ok(vec![(looks_at, values)])
}
