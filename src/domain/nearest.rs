//! The known name that is nearest to an unknown one.

/// The name of `known` that is nearest to `written`: it differs by few letters, ignoring case, or one of the two is a
/// part of the other. Of equally near names, the first in byte order; `None` when none is near.
pub fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    /// Longer names are not compared: it would take too much time.
    const LONGEST: usize = 200;
    /// A part with fewer letters does not count.
    const PART: usize = 3;
    let written = plain(written);
    let length = written.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    let distance = |name: &str| {
        let name = plain(name);
        let other = name.chars().count();
        if other == 0 || other > LONGEST {
            return None;
        }
        let differ = strsim::damerau_levenshtein(&written, &name);
        let part = length.min(other) >= PART && (name.contains(&written) || written.contains(&name));
        // A third of the letters, and one at least: `mail` is near to `email`, `sms` is not near to `push`.
        (part || differ <= (length.max(other) / 3).max(1)).then_some(differ)
    };
    let near = known.into_iter().filter_map(|name| distance(name).map(|distance| (distance, name)));
    near.min().map(|(_, name)| name)
}

/// The name in lower case, with one form of separator.
fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-', '.'], "_")
}

/// "did you mean …" with the nearest name, and the known names (the first of many), for people.
pub fn hint<'k>(written: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    /// More names do not help.
    const SHOWN: usize = 40;
    let mut all: Vec<&str> = known.clone().into_iter().collect();
    all.sort_unstable();
    all.dedup();
    let more = if all.len() > SHOWN { format!(" and {} more", all.len() - SHOWN) } else { String::new() };
    all.truncate(SHOWN);
    let there_are = format!("known are {}{more}", all.join(", "));
    match nearest(written, known) {
        Some(name) => format!("did you mean \"{name}\"? {there_are}"),
        None => there_are,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [&str; 6] = ["user_id", "email", "phone", "anonymous_id", "loyalty_card", "crm"];

    #[test]
    fn the_nearest_is_what_was_most_likely_meant() {
        for (written, meant) in [
            ("mail", Some("email")),
            ("E-Mail", Some("email")),
            ("emial", Some("email")),
            ("userid", Some("user_id")),
            ("User ID", Some("user_id")),
            ("phone_number", Some("phone")),
            ("loyalty", Some("loyalty_card")),
            ("anonymousId", Some("anonymous_id")),
            ("CRM", Some("crm")),
            ("passport", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written, KINDS), meant, "{written}");
        }
        assert_eq!(nearest("Prodct Viewed", ["Product Added", "Product Viewed"]), Some("Product Viewed"));
        assert_eq!(nearest(&"a".repeat(100_000), KINDS), None);
    }

    #[test]
    fn a_hint_names_the_nearest_and_those_that_exist() {
        assert_eq!(hint("mail", ["push", "email"]), "did you mean \"email\"? known are email, push");
        assert_eq!(hint("fax", ["push", "email"]), "known are email, push");
        let many: Vec<String> = (0..50).map(|n| format!("k{n:02}")).collect();
        assert!(hint("zebra", many.iter().map(String::as_str)).ends_with("k39 and 10 more"));
    }
}
