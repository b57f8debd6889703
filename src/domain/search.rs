//! Text as it is searched: the same words in both stores.

/// The words of `text`, lower case, joined by blanks: runs of letters and digits.
/// Both stores index this text by blanks alone, so that they find the same.
pub fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        } else if !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(super::words("  Ada.Lovelace@Example.com!"), "ada lovelace example com");
        assert_eq!(super::words("ÉLAN 42"), "élan 42");
        assert_eq!(super::words("--"), "");
    }
}
