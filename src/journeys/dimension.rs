//! What a touchpoint's value can be: its name, its channel, or whatever the settings carry beside them.

use std::sync::Arc;

/// The dimensions that every projection has, in the order of their numbers.
pub const FIXED: [&str; 8] =
    ["name", "kind", "channel", "direction", "source", "campaign", "campaign_source", "campaign_medium"];

/// A dimension, by its number: those of [`FIXED`], then the configured ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dimension(u16);

impl Dimension {
    /// The event's own name.
    pub const NAME: Dimension = Dimension(0);
    /// What it means.
    pub const KIND: Dimension = Dimension(1);
    /// Where it happened.
    pub const CHANNEL: Dimension = Dimension(2);
    /// Who came to whom.
    pub const DIRECTION: Dimension = Dimension(3);
    /// Who sent it.
    pub const SOURCE: Dimension = Dimension(4);
    /// The campaign's name.
    pub const CAMPAIGN: Dimension = Dimension(5);
    /// Where the campaign ran.
    pub const CAMPAIGN_SOURCE: Dimension = Dimension(6);
    /// By what means it ran.
    pub const CAMPAIGN_MEDIUM: Dimension = Dimension(7);

    /// The one with this name, where `configured` are those of the settings.
    pub fn named(name: &str, configured: &[Arc<str>]) -> Option<Dimension> {
        let names = FIXED.into_iter().chain(configured.iter().map(|name| &**name));
        names.zip(0..).find(|(own, _)| *own == name).map(|(_, number)| Dimension(number))
    }

    pub(crate) fn at(index: usize) -> Dimension {
        Dimension(index as u16)
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What a touchpoint shows that has no value.
pub const NONE: &str = "(none)";
/// What comes before the first touchpoint.
pub const START: &str = "START";
/// What comes after the last.
pub const END: &str = "END";
/// The only touch of a conversion that nothing led to.
pub const DIRECT: &str = "(direct)";
/// What stands for the part of a path that was cut.
pub const CUT: &str = "…";

/// A stored value as answers show it: with a `\` before it where it would be taken for one of ours.
pub fn shown(value: Option<&str>) -> Arc<str> {
    match value {
        None => NONE.into(),
        Some(own @ (NONE | START | END | DIRECT | CUT)) => format!("\\{own}").into(),
        Some(value) => value.into(),
    }
}

/// Whether `wanted`, as somebody wrote it, means this stored value: as it is shown, or as it is stored
/// where that can mean nothing else.
pub(crate) fn means(wanted: &str, value: Option<&str>) -> bool {
    match value {
        None => wanted == NONE,
        Some(NONE) => wanted.strip_prefix('\\') == Some(NONE),
        Some(own @ (START | END | DIRECT | CUT)) => wanted.strip_prefix('\\').unwrap_or(wanted) == own,
        Some(value) => wanted == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_would_be_taken_for_ours_is_told_apart() {
        assert_eq!(&*shown(Some("START")), "\\START");
        assert_eq!(&*shown(None), "(none)");
        assert!(means("\\(none)", Some("(none)")) && !means("(none)", Some("(none)")) && means("(none)", None));
        assert!(means("START", Some("START")) && means("\\START", Some("START")) && !means("start", Some("START")));
    }

    #[test]
    fn configured_dimensions_come_after_the_fixed_ones() {
        let configured = ["properties.platform".into()];
        assert_eq!(Dimension::named("channel", &configured), Some(Dimension::CHANNEL));
        assert_eq!(Dimension::named("properties.platform", &configured), Some(Dimension::at(8)));
        assert_eq!(Dimension::named("platform", &configured), None);
    }
}
