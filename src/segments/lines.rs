//! The lines of a condition, and how each narrows it.
//!
//! A line is a condition directly below an `all` or `any`, at any depth, that is not itself one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::condition::Condition;
use super::evaluate::{CustomerFacts, Frame};

/// The figures of a trial, filled customer by customer.
#[derive(Clone, Debug)]
pub struct Trial<'c> {
    condition: &'c Condition,
    root: Node,
    /// The parts that are looked at, each once for each customer.
    parts: Vec<&'c Condition>,
    lines: Vec<Line>,
    /// How many fit.
    pub size: u64,
    /// By name of a trait, those with a value of another type than asked for, and an example.
    pub misfits: BTreeMap<String, (u64, Value)>,
    /// The names of its traits that no customer has.
    pub unknown_traits: Vec<String>,
}

/// A line and its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it is in the condition, such as `all.0.any.1`.
    pub path: String,
    /// What it says.
    pub sentence: String,
    /// How many fit it alone.
    pub alone: u64,
    /// How many fit the condition when this line is left out of its list.
    pub without: u64,
    part: usize,
}

/// The shape of a condition; leaves are numbers of parts.
#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not { of: Box<Node>, line: Option<usize> },
    Part { part: usize, line: Option<usize> },
}

impl<'c> Trial<'c> {
    /// A trial without customers.
    pub fn new(condition: &'c Condition) -> Self {
        let (mut parts, mut lines) = (Vec::new(), Vec::new());
        let root = build(condition, "", false, &mut parts, &mut lines);
        let mut unknown: Vec<String> = condition.traits().iter().map(|of| of.name.to_string()).collect();
        unknown.sort();
        unknown.dedup();
        Trial { condition, root, parts, lines, size: 0, misfits: BTreeMap::new(), unknown_traits: unknown }
    }

    /// The lines with their figures, in the order of the condition.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Adds a customer, and returns whether it fits.
    pub fn add(&mut self, facts: &CustomerFacts, frame: &Frame<'_>) -> bool {
        let fits: Vec<bool> = self.parts.iter().map(|part| part.fits(facts, frame)).collect();
        for (number, line) in self.lines.iter_mut().enumerate() {
            line.alone += u64::from(fits[line.part]);
            line.without += u64::from(self.root.fits(&fits, Some(number)));
        }
        let all = self.root.fits(&fits, None);
        self.size += u64::from(all);
        self.unknown_traits.retain(|name| !facts.view.claims.iter().any(|claim| *claim.name == **name));
        let mut misfits: BTreeMap<&str, Value> = BTreeMap::new();
        for of in self.condition.traits() {
            if let Some(value) = of.misfit(facts, frame) {
                misfits.entry(&of.name).or_insert(value);
            }
        }
        for (name, value) in misfits {
            self.misfits.entry(name.to_owned()).or_insert((0, value)).0 += 1;
        }
        all
    }
}

fn build<'c>(
    condition: &'c Condition,
    path: &str,
    in_list: bool,
    parts: &mut Vec<&'c Condition>,
    lines: &mut Vec<Line>,
) -> Node {
    let below = |step: String| if path.is_empty() { step } else { format!("{path}.{step}") };
    let mut line = None;
    let mut part = || {
        parts.push(condition);
        parts.len() - 1
    };
    let is_list = matches!(condition, Condition::All(_) | Condition::Any(_));
    let own = (!is_list && (in_list || !matches!(condition, Condition::Not(_)))).then(&mut part);
    if let (true, Some(part)) = (in_list, own) {
        line = Some(lines.len());
        lines.push(Line { path: path.to_owned(), sentence: condition.sentence(), alone: 0, without: 0, part });
    }
    match condition {
        Condition::All(list) | Condition::Any(list) => {
            let name = if matches!(condition, Condition::All(_)) { "all" } else { "any" };
            let each = list.iter().enumerate();
            let nodes = each.map(|(n, one)| build(one, &below(format!("{name}.{n}")), true, parts, lines)).collect();
            if name == "all" { Node::All(nodes) } else { Node::Any(nodes) }
        }
        Condition::Not(of) => {
            Node::Not { of: Box::new(build(of, &below("not".to_owned()), false, parts, lines)), line }
        }
        _ => Node::Part { part: own.unwrap_or_default(), line },
    }
}

impl Node {
    /// Whether a customer fits, with one line left out of its list.
    fn fits(&self, parts: &[bool], without: Option<usize>) -> bool {
        let stays = |node: &&Node| without.is_none() || node.line() != without;
        match self {
            Node::All(nodes) => nodes.iter().filter(stays).all(|node| node.fits(parts, without)),
            Node::Any(nodes) => nodes.iter().filter(stays).any(|node| node.fits(parts, without)),
            Node::Not { of, .. } => !of.fits(parts, without),
            Node::Part { part, .. } => parts[*part],
        }
    }

    fn line(&self) -> Option<usize> {
        match self {
            Node::All(_) | Node::Any(_) => None,
            Node::Not { line, .. } | Node::Part { line, .. } => *line,
        }
    }
}
