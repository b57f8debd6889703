//! The mappings that come with the program, for the exports of common tools.

const PRESETS: &[(&str, &str)] = &[
    ("mailchimp-audience", include_str!("../../../presets/mailchimp-audience.toml")),
    ("mailchimp-activity", include_str!("../../../presets/mailchimp-activity.toml")),
    ("zendesk-tickets", include_str!("../../../presets/zendesk-tickets.toml")),
    ("zendesk-users", include_str!("../../../presets/zendesk-users.toml")),
    ("shopify-orders", include_str!("../../../presets/shopify-orders.toml")),
    ("shopify-customers", include_str!("../../../presets/shopify-customers.toml")),
    ("ga4", include_str!("../../../presets/ga4.toml")),
    ("klaviyo-profiles", include_str!("../../../presets/klaviyo-profiles.toml")),
    ("stripe-payments", include_str!("../../../presets/stripe-payments.toml")),
    ("square-items", include_str!("../../../presets/square-items.toml")),
    ("hubspot-contacts", include_str!("../../../presets/hubspot-contacts.toml")),
];

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The text of a preset.
pub fn text(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What a preset reads: its first line.
pub fn about(name: &str) -> &'static str {
    text(name).and_then(|text| text.lines().next()).map_or("", |line| line.trim_start_matches(['#', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_mapping_and_says_what_it_reads() {
        for name in names() {
            let path = std::path::Path::new(name);
            let mapping = super::super::Mapping::load(path).unwrap_or_else(|fault| panic!("{fault}"));
            assert_eq!(&*mapping.name, name);
            assert!(about(name).len() > 20, "{name}");
        }
        assert_eq!(names().count(), 11);
    }
}
