//! Paths to what an event said about a touchpoint: dots from the event.

use serde_json::Value;

use crate::domain::touchpoint::Touchpoint;

/// The fields of a campaign that are kept.
pub const CAMPAIGN: [&str; 5] = ["name", "source", "medium", "term", "content"];

/// A path to a property. A list on the way means each of its elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PropertyPath {
    /// Steps below `properties`.
    Properties(Vec<Box<str>>),
    /// A field of `context.campaign`.
    Campaign(&'static str),
}

impl PropertyPath {
    /// From its text, such as `properties.products.0.price` or `context.campaign.name`. `None` for what is not kept.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(field) = text.strip_prefix("context.campaign.") {
            return CAMPAIGN.iter().find(|known| **known == field).map(|field| PropertyPath::Campaign(field));
        }
        let steps: Vec<Box<str>> = text.strip_prefix("properties.")?.split('.').map(Box::from).collect();
        (steps.iter().all(|step| !step.is_empty())).then_some(PropertyPath::Properties(steps))
    }

    /// Its values, null ones left out. `properties` are those of the touchpoint.
    pub fn values(&self, touchpoint: &Touchpoint, properties: &Value) -> Vec<Value> {
        match self {
            PropertyPath::Properties(steps) => {
                let mut found = Vec::new();
                walk(properties, steps, &mut found);
                found
            }
            PropertyPath::Campaign(field) => {
                let campaign = touchpoint.fact.campaign.as_deref();
                let value = campaign.and_then(|campaign| match *field {
                    "name" => campaign.name.as_deref(),
                    "source" => campaign.source.as_deref(),
                    "medium" => campaign.medium.as_deref(),
                    "term" => campaign.term.as_deref(),
                    _ => campaign.content.as_deref(),
                });
                value.map(Value::from).into_iter().collect()
            }
        }
    }
}

impl std::fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PropertyPath::Properties(steps) => write!(f, "properties.{}", steps.join(".")),
            PropertyPath::Campaign(field) => write!(f, "context.campaign.{field}"),
        }
    }
}

fn walk(value: &Value, steps: &[Box<str>], found: &mut Vec<Value>) {
    let Some((step, rest)) = steps.split_first() else {
        if !value.is_null() {
            found.push(value.clone());
        }
        return;
    };
    match value {
        Value::Object(fields) => fields.get(&**step).into_iter().for_each(|value| walk(value, rest, found)),
        Value::Array(elements) => match step.parse::<usize>() {
            Ok(index) => elements.get(index).into_iter().for_each(|value| walk(value, rest, found)),
            Err(_) => elements.iter().for_each(|value| walk(value, steps, found)),
        },
        _ => {}
    }
}

/// The properties of a touchpoint, as JSON; null without any.
pub fn properties(touchpoint: &Touchpoint) -> Value {
    let raw = touchpoint.fact.properties.as_deref();
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_on_the_way_means_each_of_its_elements() {
        let json = r#"{"products": [{"price": 1, "tags": ["a"]}, {"price": null}, {"price": "2"}], "a": {"0": 7}}"#;
        let json: Value = serde_json::from_str(json).expect("JSON");
        let read = |text: &str| {
            let Some(PropertyPath::Properties(steps)) = PropertyPath::parse(text) else { panic!("{text}") };
            let mut found = Vec::new();
            walk(&json, &steps, &mut found);
            serde_json::to_string(&found).expect("JSON")
        };
        assert_eq!(read("properties.products.price"), r#"[1,"2"]"#);
        assert_eq!(read("properties.products.2.price"), r#"["2"]"#);
        assert_eq!(read("properties.products.9.price"), "[]");
        assert_eq!(read("properties.products.tags"), r#"[["a"]]"#);
        assert_eq!(read("properties.a.0"), "[7]");
        assert_eq!(read("properties.a.0.b"), "[]");
        for wrong in
            ["price", "properties", "properties.", "properties..a", "context.app.version", "context.campaign.x"]
        {
            assert_eq!(PropertyPath::parse(wrong), None, "{wrong}");
        }
    }
}
