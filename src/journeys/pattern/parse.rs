//! The language of patterns.
//!
//! ```text
//! pattern = [ "^" "->" ] seq [ "->" "$" ]        seq  = item { "->" item }
//! item = "*" | atom [ "*" | "+" | "?" ]          atom = value | "." | "[" ["^"] value {"|" value} "]" | "(" seq {"|" seq} ")"
//! value = word | quoted, with \" and \\          word = (letter|digit|_) { letter|digit|_|-|.|:|/ }
//! ```

use std::sync::Arc;

use crate::journeys::run::JourneyError;

/// The maximum depth of nested brackets.
const MAX_DEPTH: usize = 50;

/// A pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    /// Whether a match must begin at the first touchpoint.
    pub(super) begin: bool,
    /// Whether a match must end at the last touchpoint.
    pub(super) end: bool,
    /// The distinct values in the pattern.
    pub(super) names: Vec<Arc<str>>,
    /// The pattern itself.
    pub(super) body: Part,
}

/// A part of a pattern.
#[derive(Debug)]
pub(super) enum Part {
    /// One touchpoint.
    One(Class),
    /// All parts, one after the other.
    Sequence(Vec<Part>),
    /// One of the parts.
    Choice(Vec<Part>),
    /// A repeated part.
    Repeat(Box<Part>, Often),
}

/// How often a part is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Often {
    /// `*`
    Any,
    /// `+`
    OnceOrMore,
    /// `?`
    OnceAtMost,
}

/// The values that a touchpoint may have, as indexes of names.
#[derive(Clone, Debug)]
pub(super) enum Class {
    /// Any.
    Any,
    /// One of these.
    Of(Vec<u16>),
    /// None of these.
    Not(Vec<u16>),
}

/// # Errors
/// The text is not a pattern. The error has the place, in characters from 1, and what was expected there.
pub(super) fn parse(text: &str) -> Result<Pattern, JourneyError> {
    let mut parser = Parser { chars: text.chars().collect(), place: 0, names: Vec::new() };
    let begin = parser.take("^");
    if begin {
        parser.expect("->", "-> behind ^")?;
    }
    let body = parser.sequence(0)?;
    let end = parser.take("->") && parser.take("$");
    parser.space();
    if parser.place < parser.chars.len() {
        return Err(parser.wrong(if end { "the end behind $" } else { "-> or the end" }));
    }
    Ok(Pattern { begin, end, names: parser.names, body })
}

struct Parser {
    chars: Vec<char>,
    place: usize,
    names: Vec<Arc<str>>,
}

impl Parser {
    fn sequence(&mut self, depth: usize) -> Result<Part, JourneyError> {
        let mut items = vec![self.item(depth)?];
        loop {
            let before = self.place;
            if !self.take("->") {
                break;
            }
            if depth == 0 && self.looks_at("$") {
                self.place = before;
                break;
            }
            items.push(self.item(depth)?);
        }
        Ok(match items.len() {
            1 => items.remove(0),
            _ => Part::Sequence(items),
        })
    }

    fn item(&mut self, depth: usize) -> Result<Part, JourneyError> {
        if self.take("*") {
            return Ok(Part::Repeat(Box::new(Part::One(Class::Any)), Often::Any));
        }
        let atom = self.atom(depth)?;
        let often = match self.next_char() {
            Some('*') => Often::Any,
            Some('+') => Often::OnceOrMore,
            Some('?') => Often::OnceAtMost,
            _ => return Ok(atom),
        };
        self.place += 1;
        Ok(Part::Repeat(Box::new(atom), often))
    }

    fn atom(&mut self, depth: usize) -> Result<Part, JourneyError> {
        match self.next_char() {
            Some('.') => {
                self.place += 1;
                Ok(Part::One(Class::Any))
            }
            Some('[') => {
                self.place += 1;
                let not = self.take("^");
                let mut names = vec![self.value()?];
                while self.take("|") {
                    names.push(self.value()?);
                }
                self.expect("]", "| or ]")?;
                Ok(Part::One(if not { Class::Not(names) } else { Class::Of(names) }))
            }
            Some('(') if depth == MAX_DEPTH => {
                Err(self.wrong(&format!("at most {MAX_DEPTH} brackets within each other")))
            }
            Some('(') => {
                self.place += 1;
                let mut choices = vec![self.sequence(depth + 1)?];
                while self.take("|") {
                    choices.push(self.sequence(depth + 1)?);
                }
                self.expect(")", "->, | or )")?;
                Ok(match choices.len() {
                    1 => choices.remove(0),
                    _ => Part::Choice(choices),
                })
            }
            Some(c) if c == '"' || starts_word(c) => Ok(Part::One(Class::Of(vec![self.value()?]))),
            _ => Err(self.wrong("a value, *, ., [ or (")),
        }
    }

    fn value(&mut self) -> Result<u16, JourneyError> {
        let mut value = String::new();
        match self.next_char() {
            Some('"') => {
                self.place += 1;
                loop {
                    match self.chars.get(self.place).copied() {
                        None => return Err(self.wrong("\" at the end of a quoted value")),
                        Some('"') => break,
                        Some('\\') => {
                            self.place += 1;
                            match self.chars.get(self.place) {
                                Some(c @ ('"' | '\\')) => value.push(*c),
                                _ => return Err(self.wrong("\" or \\ behind \\")),
                            }
                        }
                        Some(c) => value.push(c),
                    }
                    self.place += 1;
                }
                self.place += 1;
            }
            Some(c) if starts_word(c) => {
                while let Some(c) = self.chars.get(self.place).copied() {
                    let arrow = c == '-' && self.chars.get(self.place + 1) == Some(&'>');
                    if arrow || !(starts_word(c) || matches!(c, '-' | '.' | ':' | '/')) {
                        break;
                    }
                    value.push(c);
                    self.place += 1;
                }
            }
            _ => return Err(self.wrong("a value: a word, or anything in \"quotes\"")),
        }
        let known = self.names.iter().position(|name| **name == *value);
        Ok(known.unwrap_or_else(|| {
            self.names.push(value.into());
            self.names.len() - 1
        }) as u16)
    }

    fn space(&mut self) {
        while self.chars.get(self.place).is_some_and(|c| c.is_whitespace()) {
            self.place += 1;
        }
    }

    fn next_char(&mut self) -> Option<char> {
        self.space();
        self.chars.get(self.place).copied()
    }

    fn looks_at(&mut self, token: &str) -> bool {
        self.space();
        token.chars().enumerate().all(|(n, c)| self.chars.get(self.place + n) == Some(&c))
    }

    fn take(&mut self, token: &str) -> bool {
        let there = self.looks_at(token);
        if there {
            self.place += token.chars().count();
        }
        there
    }

    fn expect(&mut self, token: &str, expected: &str) -> Result<(), JourneyError> {
        if self.take(token) { Ok(()) } else { Err(self.wrong(expected)) }
    }

    fn wrong(&mut self, expected: &str) -> JourneyError {
        self.space();
        let found = match self.chars.get(self.place) {
            Some(c) => format!("'{c}'"),
            None => "the end".to_owned(),
        };
        JourneyError::bad_argument(
            "pattern",
            format!("at character {}: found {found}, expected {expected}", self.place + 1),
            "write it as product -> [^cart]* -> order; a value with spaces stands in \"quotes\"",
        )
    }
}

fn starts_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_parsed_into_names_and_parts() {
        let pattern = parse("^ -> a->b-c.d:e/f* -> [^x|\"y \\\" \\\\\"]+ -> (a -> . | *)? -> $").expect("a pattern");
        assert!(pattern.begin && pattern.end);
        let names: Vec<&str> = pattern.names.iter().map(|name| &**name).collect();
        assert_eq!(names, ["a", "b-c.d:e/f", "x", "y \" \\"]);
        let Part::Sequence(items) = pattern.body else { panic!("a sequence") };
        assert_eq!(items.len(), 4);
    }

    #[test]
    fn an_error_says_where_and_what_was_expected() {
        let wrong = [
            ("", 1, "a value"),
            ("a ->", 5, "a value"),
            ("a b", 3, "->"),
            ("a -> -> b", 6, "a value"),
            ("[a", 3, "| or ]"),
            ("[^]", 3, "a value"),
            ("(a|b", 5, "->, | or )"),
            ("a**", 3, "->"),
            ("^ a", 3, "->"),
            ("a -> $ -> b", 8, "the end"),
            ("$", 1, "a value"),
            ("\"a", 3, "\""),
            ("\"\\n\"", 3, "\" or \\"),
            ("é -> ü -> !", 11, "a value"),
        ];
        for (text, place, expected) in wrong {
            let Err(JourneyError::BadArgument { argument, message, .. }) = parse(text) else { panic!("{text}") };
            assert_eq!(argument, "pattern");
            assert!(message.starts_with(&format!("at character {place}: ")), "{text}: {message}");
            assert!(message.contains(expected), "{text}: {message}");
        }
        assert!(parse(&"(".repeat(1_000)).is_err());
    }
}
