//! Dimensions: the attributes of a touchpoint, such as its name or channel, and the properties that the settings add.

use std::sync::Arc;

/// The dimensions of every projection, in the order of their numbers.
pub const FIXED: [&str; 8] =
    ["name", "kind", "channel", "direction", "source", "campaign", "campaign_source", "campaign_medium"];

/// The number of a dimension: first the dimensions in [`FIXED`], then the configured ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dimension(u16);

impl Dimension {
    /// The event's own name.
    pub const NAME: Dimension = Dimension(0);
    /// Its meaning.
    pub const KIND: Dimension = Dimension(1);
    /// Where it happened.
    pub const CHANNEL: Dimension = Dimension(2);
    /// Whether the customer came to the business or the other way round.
    pub const DIRECTION: Dimension = Dimension(3);
    /// The source of the touchpoint.
    pub const SOURCE: Dimension = Dimension(4);
    /// The campaign's name.
    pub const CAMPAIGN: Dimension = Dimension(5);
    /// The source of the campaign.
    pub const CAMPAIGN_SOURCE: Dimension = Dimension(6);
    /// The medium of the campaign.
    pub const CAMPAIGN_MEDIUM: Dimension = Dimension(7);

    /// The dimension with this name; `configured` are those of the settings.
    pub fn named(name: &str, configured: &[Arc<str>]) -> Option<Dimension> {
        let names = FIXED.into_iter().chain(configured.iter().map(|name| &**name));
        names.zip(0..).find(|(own, _)| *own == name).map(|(_, number)| Dimension(number))
    }

    /// Its name among the configured ones; `None` for one of [`FIXED`].
    pub fn configured(self, configured: &[Arc<str>]) -> Option<&str> {
        self.index().checked_sub(FIXED.len()).and_then(|place| configured.get(place)).map(|name| &**name)
    }

    pub(crate) fn at(index: usize) -> Dimension {
        Dimension(index as u16)
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Shown for a touchpoint without a value.
pub const NONE: &str = "(none)";
/// Shown before the first touchpoint.
pub const START: &str = "START";
/// Shown after the last touchpoint.
pub const END: &str = "END";
/// The only touch of a conversion without touchpoints before it.
pub const DIRECT: &str = "(direct)";
/// Shown for the part of a path, or of a list of groups, that is cut off.
pub const CUT: &str = "…";

/// A stored value as answers show it: with a `\` before it when it is equal to one of the markers above.
pub fn shown(value: Option<&str>) -> Arc<str> {
    match value {
        None => NONE.into(),
        Some(own @ (NONE | START | END | DIRECT | CUT)) => format!("\\{own}").into(),
        Some(value) => value.into(),
    }
}

/// Whether `written`, a value in a question, matches this stored value: as answers show it, or as it is stored when
/// that is not ambiguous.
pub(crate) fn value_matches(written: &str, value: Option<&str>) -> bool {
    match value {
        None => written == NONE,
        Some(NONE) => written.strip_prefix('\\') == Some(NONE),
        Some(own @ (START | END | DIRECT | CUT)) => written.strip_prefix('\\').unwrap_or(written) == own,
        Some(value) => written == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_value_that_is_equal_to_a_marker_is_escaped() {
        assert_eq!(&*shown(Some("START")), "\\START");
        assert_eq!(&*shown(None), "(none)");
        assert!(
            value_matches("\\(none)", Some("(none)"))
                && !value_matches("(none)", Some("(none)"))
                && value_matches("(none)", None)
        );
        assert!(
            value_matches("START", Some("START"))
                && value_matches("\\START", Some("START"))
                && !value_matches("start", Some("START"))
        );
    }

    #[test]
    fn configured_dimensions_come_after_the_fixed_ones() {
        let configured = ["properties.platform".into()];
        assert_eq!(Dimension::named("channel", &configured), Some(Dimension::CHANNEL));
        assert_eq!(Dimension::named("properties.platform", &configured), Some(Dimension::at(8)));
        assert_eq!(Dimension::named("platform", &configured), None);
    }
}
