//! Finds what a caller may not see in a condition. Who could test a masked value would learn it: by its first letters, or
//! by halving a range again and again.

use std::sync::Arc;

use super::condition::{Condition, PropertyCondition, ThenCondition, TouchpointCondition};
use super::journey::JourneyTest;
use super::property_path::PropertyPath;
use super::value::ValueCondition;
use crate::domain::masks::{Masks, Sight};
use crate::journeys::Step;
use crate::journeys::dimension::Dimension;

/// The place of the first test of something masked: `at` is the place of the condition. `dimensions` are the configured
/// ones. The condition of a named segment is looked at too; its place is the name.
pub fn first_hidden(condition: &Condition, at: &str, masks: &Masks, dimensions: &[Arc<str>]) -> Option<String> {
    let below = |name: &str| format!("{at}.{name}");
    let look = |condition: &Condition, at: &str| first_hidden(condition, at, masks, dimensions);
    match condition {
        Condition::All(parts) => parts.iter().enumerate().find_map(|(n, part)| look(part, &below(&format!("all.{n}")))),
        Condition::Any(parts) => parts.iter().enumerate().find_map(|(n, part)| look(part, &below(&format!("any.{n}")))),
        Condition::Not(part) => look(part, &below("not")),
        Condition::Trait(of) => masks.hides_trait(&of.name).then(|| below("trait.name")),
        Condition::Identifier(of) => {
            // How many there are may be asked, but not which.
            (of.value.is_some() && masks.hides_kind(&of.kind)).then(|| below("identifier.value"))
        }
        Condition::Did(did) => in_did(did, &below("did"), masks, dimensions),
        Condition::Journey(of) => match &of.is {
            JourneyTest::Pattern(of) => hides_dimension(&of.name, masks).then(|| below("journey.pattern.dimension")),
            JourneyTest::Funnel(of) => {
                let each = of.steps.iter().enumerate();
                each.map(|(n, step)| (step, below(&format!("journey.funnel.steps.{n}"))))
                    .find_map(|(step, at)| hidden_dimension(step, &at, masks, dimensions))
            }
        },
        Condition::Segment(of) => look(&of.members, at).map(|_| below("segment.name")),
        Condition::Orders(_)
        | Condition::Product(_)
        | Condition::Spend(_)
        | Condition::Consent(_)
        | Condition::Seen(_) => None,
    }
}

fn in_did(did: &TouchpointCondition, at: &str, masks: &Masks, dimensions: &[Arc<str>]) -> Option<String> {
    let then = |(n, then): (usize, &ThenCondition)| {
        let at = format!("{at}.then.{n}");
        let same = |(k, path): (usize, &PropertyPath)| hides_path(path, masks).then(|| format!("{at}.same.{k}"));
        in_step(&then.what, &at, masks, dimensions)
            .or_else(|| in_properties(&then.wheres, &at, masks))
            .or_else(|| then.same.iter().enumerate().find_map(same))
    };
    in_step(&did.what, at, masks, dimensions)
        .or_else(|| in_properties(&did.wheres, at, masks))
        .or_else(|| {
            did.total.as_ref().filter(|total| hides_path(&total.path, masks)).map(|_| format!("{at}.total.path"))
        })
        .or_else(|| did.then.iter().enumerate().find_map(then))
}

fn in_step(step: &Step, at: &str, masks: &Masks, dimensions: &[Arc<str>]) -> Option<String> {
    hidden_dimension(step, &format!("{at}.what"), masks, dimensions)
}

/// The place of the first masked dimension of a step.
fn hidden_dimension(step: &Step, at: &str, masks: &Masks, dimensions: &[Arc<str>]) -> Option<String> {
    let hides =
        |dimension: &Dimension| dimension.configured(dimensions).is_some_and(|name| hides_dimension(name, masks));
    let found = step.wheres.iter().position(|(dimension, _)| hides(dimension));
    found.map(|n| format!("{at}.where.{n}.dimension"))
}

fn in_properties(wheres: &[PropertyCondition], at: &str, masks: &Masks) -> Option<String> {
    let hides = |of: &PropertyCondition| match (sight_of(&of.path, masks), &of.is) {
        (Sight::Whole, _) => false,
        // That an address is there is seen where it is read, too.
        (Sight::Part, ValueCondition::Exists(_)) => false,
        (Sight::Part | Sight::None, _) => true,
    };
    wheres.iter().position(hides).map(|n| format!("{at}.where.{n}.path"))
}

/// Whether a dimension is made of something masked.
pub fn hides_dimension(name: &str, masks: &Masks) -> bool {
    name.strip_prefix("properties.").is_some_and(|path| masks.sight(path.split('.')) != Sight::Whole)
}

fn hides_path(path: &PropertyPath, masks: &Masks) -> bool {
    sight_of(path, masks) != Sight::Whole
}

fn sight_of(path: &PropertyPath, masks: &Masks) -> Sight {
    match path {
        PropertyPath::Properties(steps) => masks.sight(steps.iter().map(|step| &**step)),
        PropertyPath::Campaign(_) => Sight::Whole,
    }
}
