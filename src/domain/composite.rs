//! The value of a composite: its parts one after the other, each after its length, so that two different sets of parts
//! never give the same value.

/// The value of these parts: `4:love 10:1980-12-10`. Lengths are in characters.
pub fn value<'p>(parts: impl IntoIterator<Item = &'p str>) -> String {
    let mut value = String::new();
    for part in parts {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(&format!("{}:{part}", part.chars().count()));
    }
    value
}

/// The parts of a value; `None` for a value that was given by a sender and not [made](value) of two parts or more.
pub fn parts(value: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut rest = value;
    loop {
        let (length, after) = rest.split_once(':')?;
        if !length.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let length: usize = length.parse().ok()?;
        let end = after.char_indices().map(|(at, _)| at).chain([after.len()]).nth(length)?;
        parts.push(&after[..end]);
        match after[end..].strip_prefix(' ') {
            Some(more) => rest = more,
            None if end == after.len() && parts.len() > 1 => return Some(parts),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_parts_can_be_taken_apart() {
        for made in [vec!["love", "1980-12-10"], vec!["o 1:x", "\u{e9}\u{e9}", "3"], vec!["1:a 1:b", "c"]] {
            assert_eq!(parts(&value(made.iter().copied())), Some(made));
        }
        for given in ["", "love", "4:love", "4:love 9:1980", "4:love  1:x", "x:love 1:a", "+1:a 1:b", "4:love 1:a "] {
            assert_eq!(parts(given), None, "{given}");
        }
    }
}
