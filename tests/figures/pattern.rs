//! Random patterns, and a matcher by exhaustive search.

use std::collections::BTreeSet;

use proptest::prelude::*;

/// A pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) begin: bool,
    pub(crate) end: bool,
    pub(crate) body: Part,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Value(String),
    Any,
    AnyNumber,
    Of(bool, Vec<String>),
    Sequence(Vec<Part>),
    Choice(Vec<Part>),
    Repeat(Box<Part>, char),
}

pub(crate) fn patterns() -> impl Strategy<Value = Pattern> {
    let value = || prop::sample::select(&["a", "b", "c", "a", "b", "\\START", "START", "zebra", "web", "(none)"][..]);
    let value = move || value().prop_map(str::to_owned);
    let leaf = prop_oneof![
        6 => value().prop_map(Part::Value),
        1 => Just(Part::Any),
        2 => Just(Part::AnyNumber),
        2 => (any::<bool>(), prop::collection::vec(value(), 1..3)).prop_map(|(not, values)| Part::Of(not, values)),
    ];
    let body = leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Part::Sequence),
            1 => prop::collection::vec(inner.clone(), 1..3).prop_map(Part::Choice),
            2 => (inner, prop::sample::select(&['*', '+', '?'][..])).prop_map(|(part, often)| Part::Repeat(Box::new(part), often)),
        ]
    });
    (any::<bool>(), any::<bool>(), body).prop_map(|(a, b, body)| Pattern {
        begin: a && b,
        end: a && !b || b && matches!(body, Part::Choice(_)),
        body,
    })
}

impl Pattern {
    pub(crate) fn text(&self) -> String {
        let (begin, end) = (if self.begin { "^ -> " } else { "" }, if self.end { " -> $" } else { "" });
        format!("{begin}{}{end}", self.body.text())
    }

    /// Whether a journey matches, and the number of matches.
    pub(crate) fn find(&self, values: &[Option<String>]) -> (bool, u64) {
        let ends = |begin: usize| -> BTreeSet<usize> {
            let ends = self.body.ends(values, begin);
            ends.into_iter().filter(|end| !self.end || *end == values.len()).collect()
        };
        let begins = |place: usize| !self.begin || place == 0;
        let fits = (0..=values.len()).filter(|place| begins(*place)).any(|place| !ends(place).is_empty());
        let (mut place, mut occurrences) = (0, 0);
        while place < values.len() {
            let nearest = if begins(place) { ends(place).into_iter().find(|end| *end > place) } else { None };
            match nearest {
                Some(end) => {
                    occurrences += 1;
                    place = end;
                }
                None => place += 1,
            }
        }
        (fits, occurrences)
    }

    /// The values it names.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.body.names(&mut names);
        names
    }
}

/// Whether a name matches a stored value.
pub(crate) fn means(name: &str, value: &Option<String>) -> bool {
    let shown = crate::plain::shown(value.as_deref());
    name == shown || (name != "(none)" && value.as_deref() == Some(name))
}

impl Part {
    /// Its text, in brackets where that is needed.
    fn text(&self) -> String {
        let quoted = |value: &String| match value.chars().all(char::is_alphanumeric) {
            true => value.clone(),
            false => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
        };
        match self {
            Part::Value(value) => quoted(value),
            Part::Any => ".".to_owned(),
            Part::AnyNumber => "*".to_owned(),
            Part::Of(not, values) => {
                let values: Vec<_> = values.iter().map(quoted).collect();
                format!("[{}{}]", if *not { "^" } else { "" }, values.join("|"))
            }
            Part::Sequence(parts) => format!("({})", parts.iter().map(Part::text).collect::<Vec<_>>().join(" -> ")),
            Part::Choice(parts) => format!("({})", parts.iter().map(Part::text).collect::<Vec<_>>().join(" | ")),
            Part::Repeat(part, often) => format!("({}){often}", part.text()),
        }
    }

    fn ends(&self, values: &[Option<String>], begin: usize) -> BTreeSet<usize> {
        let one = |is: bool| if is { BTreeSet::from([begin + 1]) } else { BTreeSet::new() };
        let next = values.get(begin);
        match self {
            Part::Value(name) => one(next.is_some_and(|value| means(name, value))),
            Part::Any => one(next.is_some()),
            Part::AnyNumber => (begin..=values.len()).collect(),
            Part::Of(not, names) => one(next.is_some_and(|value| names.iter().any(|name| means(name, value)) != *not)),
            Part::Sequence(parts) => {
                let mut ends = BTreeSet::from([begin]);
                for part in parts {
                    ends = ends.iter().flat_map(|end| part.ends(values, *end)).collect();
                }
                ends
            }
            Part::Choice(parts) => parts.iter().flat_map(|part| part.ends(values, begin)).collect(),
            Part::Repeat(part, often) => {
                let mut ends = if *often == '+' { part.ends(values, begin) } else { BTreeSet::from([begin]) };
                if *often == '?' {
                    ends.extend(part.ends(values, begin));
                    return ends;
                }
                loop {
                    let more: BTreeSet<usize> = ends.iter().flat_map(|end| part.ends(values, *end)).collect();
                    let before = ends.len();
                    ends.extend(more);
                    if ends.len() == before {
                        return ends;
                    }
                }
            }
        }
    }

    fn names(&self, into: &mut BTreeSet<String>) {
        match self {
            Part::Value(name) => _ = into.insert(name.clone()),
            Part::Any | Part::AnyNumber => {}
            Part::Of(_, names) => into.extend(names.iter().cloned()),
            Part::Sequence(parts) | Part::Choice(parts) => parts.iter().for_each(|part| part.names(into)),
            Part::Repeat(part, _) => part.names(into),
        }
    }
}
