//! The distinct kinds of touchpoint there are, each with a code: what a touchpoint is beside when and whose.
//!
//! Few are distinct, however many touchpoints there are. So what a question asks of a touchpoint is
//! worked out once per kind, and a scan is look-ups by code.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use super::dimension::{Dimension, FIXED};
use crate::domain::touchpoint::Direction;

/// What a touchpoint is, borrowed from wherever it was read.
#[derive(Clone, Copy, Debug)]
pub struct TouchpointKind<'a> {
    /// The event's own name.
    pub name: &'a str,
    /// What it means.
    pub kind: &'a str,
    /// Where it happened.
    pub channel: &'a str,
    /// Who came to whom.
    pub direction: Direction,
    /// Who sent it.
    pub source: &'a str,
    /// The campaign's name.
    pub campaign: Option<&'a str>,
    /// Where the campaign ran.
    pub campaign_source: Option<&'a str>,
    /// By what means it ran.
    pub campaign_medium: Option<&'a str>,
    /// The configured dimensions, in the order of the settings; what is missing at the end has no value.
    pub dimensions: &'a [Option<&'a str>],
}

impl<'a> TouchpointKind<'a> {
    /// Its value of a dimension, as stored; `None` when it has none.
    pub fn value(&self, dimension: Dimension) -> Option<&'a str> {
        match dimension {
            Dimension::NAME => Some(self.name),
            Dimension::KIND => Some(self.kind),
            Dimension::CHANNEL => Some(self.channel),
            Dimension::DIRECTION => Some(self.direction.as_str()),
            Dimension::SOURCE => Some(self.source),
            Dimension::CAMPAIGN => self.campaign,
            Dimension::CAMPAIGN_SOURCE => self.campaign_source,
            Dimension::CAMPAIGN_MEDIUM => self.campaign_medium,
            configured => self.dimensions.get(configured.index() - FIXED.len()).copied().flatten(),
        }
    }
}

/// The dictionary: code to kind and back. Codes are given in the order of first sight and stay.
#[derive(Clone, Debug)]
pub(crate) struct Kinds {
    configured: Arc<[Arc<str>]>,
    /// `width` values a code; texts that are equal are mostly one.
    values: Vec<Option<Arc<str>>>,
    codes: FxHashMap<u64, Vec<u32>>,
    texts: FxHashMap<Arc<str>, ()>,
    bytes: usize,
}

impl Kinds {
    pub(crate) fn new(configured: Arc<[Arc<str>]>) -> Self {
        Kinds { configured, values: Vec::new(), codes: FxHashMap::default(), texts: FxHashMap::default(), bytes: 0 }
    }

    /// The names of the configured dimensions.
    pub(crate) fn configured(&self) -> &Arc<[Arc<str>]> {
        &self.configured
    }

    fn width(&self) -> usize {
        FIXED.len() + self.configured.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.width()
    }

    /// The value of a dimension of the kind with this code.
    pub(crate) fn value(&self, code: u32, dimension: Dimension) -> Option<&str> {
        self.values[code as usize * self.width() + dimension.index()].as_deref()
    }

    /// Whether `code` is another name for the same as `kind`.
    fn is(&self, code: u32, kind: &TouchpointKind<'_>) -> bool {
        (0..self.width()).all(|n| self.value(code, Dimension::at(n)) == kind.value(Dimension::at(n)))
    }

    fn hash(&self, kind: &TouchpointKind<'_>) -> u64 {
        let mut hasher = FxHasher::default();
        (0..self.width()).for_each(|n| kind.value(Dimension::at(n)).hash(&mut hasher));
        hasher.finish()
    }

    /// The code of a kind that was seen before.
    pub(crate) fn find(&self, kind: &TouchpointKind<'_>) -> Option<u32> {
        self.codes.get(&self.hash(kind))?.iter().copied().find(|code| self.is(*code, kind))
    }

    /// The code of a kind, which gets one at first sight.
    pub(crate) fn code(&mut self, kind: &TouchpointKind<'_>) -> u32 {
        let hash = self.hash(kind);
        let found = self.codes.get(&hash).and_then(|codes| codes.iter().copied().find(|code| self.is(*code, kind)));
        found.unwrap_or_else(|| {
            let values = (0..self.width()).map(|n| kind.value(Dimension::at(n))).collect::<Vec<_>>();
            self.add(hash, &values)
        })
    }

    /// The code of the same kind as `code` of another dictionary over the same dimensions.
    pub(crate) fn adopt(&mut self, other: &Kinds, code: u32) -> u32 {
        let at = code as usize * other.width();
        self.code_of_values(&other.values[at..at + other.width()].iter().map(Option::as_deref).collect::<Vec<_>>())
    }

    /// The code of a kind given by the values of all dimensions, in their order.
    pub(crate) fn code_of_values(&mut self, values: &[Option<&str>]) -> u32 {
        let mut hasher = FxHasher::default();
        values.iter().for_each(|value| value.hash(&mut hasher));
        let hash = hasher.finish();
        let same = |code: &u32| (0..self.width()).all(|n| self.value(*code, Dimension::at(n)) == values[n]);
        let found = self.codes.get(&hash).and_then(|codes| codes.iter().copied().find(same));
        found.unwrap_or_else(|| self.add(hash, values))
    }

    fn add(&mut self, hash: u64, values: &[Option<&str>]) -> u32 {
        let code = self.len() as u32;
        for value in values {
            let text = value.map(|text| self.text(text));
            self.values.push(text);
        }
        self.codes.entry(hash).or_default().push(code);
        self.bytes += values.len() * 16 + 56;
        code
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some((same, ())) = self.texts.get_key_value(text) {
            return same.clone();
        }
        let text: Arc<str> = text.into();
        self.texts.insert(text.clone(), ());
        self.bytes += text.len() + 40;
        text
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}
