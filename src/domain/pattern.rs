//! Patterns with `*`: `Gift *` matches `Gift Sent`.

/// A pattern in which `*` matches any run of characters, also an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
}

impl Pattern {
    /// For names of events: upper and lower case, `snake_case` and `camelCase` are equal ([`name_words`]).
    pub fn of_names(text: &str) -> Self {
        Pattern { text: name_words(text).into() }
    }

    /// For other values: upper and lower case are equal.
    pub fn of_values(text: &str) -> Self {
        Pattern { text: text.trim().to_lowercase().into() }
    }

    /// Whether a text matches. The text must be [in words](name_words), or in lower case, already.
    pub fn fits(&self, text: &str) -> bool {
        let mut parts = self.text.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let mut last = None;
        for part in parts {
            if let Some(middle) = last.replace(part) {
                match rest.find(middle) {
                    Some(at) => rest = &rest[at + middle.len()..],
                    None => return false,
                }
            }
        }
        last.map_or(rest.is_empty(), |end| rest.ends_with(end))
    }
}

/// A name as lower-case words with one blank between: `OrderCompleted`, `order_completed` and
/// `ORDER COMPLETED` are all `order completed`.
pub fn name_words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut before: Option<char> = None;
    let mut chars = name.trim().chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() || c == '_' || c == '-' {
            if !words.is_empty() && !words.ends_with(' ') {
                words.push(' ');
            }
        } else {
            let starts = c.is_uppercase()
                && before.is_some_and(|b| {
                    b.is_lowercase()
                        || b.is_ascii_digit()
                        || (b.is_uppercase() && chars.peek().is_some_and(|n| n.is_lowercase()))
                });
            if starts && !words.ends_with(' ') {
                words.push(' ');
            }
            words.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_however_they_are_written() {
        for name in ["Order Completed", "order_completed", "orderCompleted", "ORDER COMPLETED", " Order  Completed "] {
            assert_eq!(name_words(name), "order completed", "{name}");
        }
        assert_eq!(name_words("SMSSent"), "sms sent");
        assert_eq!(name_words("Élan Vital"), "élan vital");
        assert_eq!(name_words(""), "");
    }

    #[test]
    fn a_star_is_any_run_of_characters() {
        let fits = |pattern: &str, name: &str| Pattern::of_names(pattern).fits(&name_words(name));
        assert!(fits("Gift *", "Gift Sent") && fits("Gift *", "gift_card_bought"));
        assert!(!fits("Gift *", "Gifted Child Seen") && !fits("Gift *", "A Gift Sent"));
        assert!(fits("* Sent", "Email Sent"));
        assert!(fits("Invite Sent", "inviteSent") && !fits("Invite Sent", "Invite Sent Twice"));
        assert!(fits("a*b*c", "abc") && fits("a*b*c", "axbxc") && !fits("a*b*c", "acb"));
        assert!(fits("*", "anything") && fits("*", ""));
        assert!(!fits("ab*ba", "aba"));
        assert!(Pattern::of_values("iOS*").fits("ios 18"));
    }
}
