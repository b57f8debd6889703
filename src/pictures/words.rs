//! Numbers for people.

/// A number with at most `digits` fraction digits.
pub(crate) fn short(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A share as a percentage. A small share is not rounded to 0 %, and a large one not to 100 %.
pub(crate) fn per_cent(share: f64) -> String {
    match share * 100.0 {
        little if little > 0.0 && little < 0.1 => "<0.1%".to_owned(),
        most if most > 99.9 && most < 100.0 => ">99.9%".to_owned(),
        other => format!("{other:.1}%"),
    }
}

/// A time with its two largest units: `2 d 7 h`.
pub(crate) fn with_units(seconds: f64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    if seconds < 10.0 {
        return format!("{} s", short(seconds, 1));
    }
    let mut left = seconds.round() as u64;
    let largest = UNITS.iter().position(|(length, _)| left >= *length).unwrap_or(UNITS.len() - 1);
    let two = &UNITS[largest..(largest + 2).min(UNITS.len())];
    // The smaller unit is rounded, which may fill the larger one.
    let (last, _) = two[two.len() - 1];
    left = (left + last / 2) / last * last;
    if largest > 0 && left >= UNITS[largest - 1].0 {
        return with_units(left as f64);
    }
    let mut parts = Vec::new();
    for (length, unit) in two {
        if left >= *length {
            parts.push(format!("{} {unit}", left / length));
            left %= length;
        }
    }
    parts.join(" ")
}

/// `1 journey`, `2 journeys`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with a thin space between thousands.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A text of at most `columns` columns; what is cut off is `…`. A wide character has two columns.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    let width = |c: char| if c >= '\u{1100}' { 2 } else { 1 };
    if text.chars().map(width).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| {
        let fits = width(*c) <= left;
        left = left.saturating_sub(width(*c));
        fits
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}
