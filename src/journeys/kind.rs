//! The distinct kinds of touchpoint, each with a code. A kind is the values of all dimensions: everything of a
//! touchpoint except its time, owner, session and order.
//!
//! There are few kinds, also with very many touchpoints. So a condition on a touchpoint is evaluated once per kind, and
//! a scan only looks up codes.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use super::dimension::{Dimension, FIXED};
use crate::domain::touchpoint::{Direction, Touchpoint};

/// The values of a touchpoint's dimensions, borrowed from the row that it was read from.
#[derive(Clone, Copy, Debug)]
pub struct TouchpointKind<'a> {
    /// The event's own name.
    pub name: &'a str,
    /// Its meaning.
    pub kind: &'a str,
    /// Where it happened.
    pub channel: &'a str,
    /// Whether the customer came to the business or the other way round.
    pub direction: Direction,
    /// The source of the touchpoint.
    pub source: &'a str,
    /// The campaign's name.
    pub campaign: Option<&'a str>,
    /// The source of the campaign.
    pub campaign_source: Option<&'a str>,
    /// The medium of the campaign.
    pub campaign_medium: Option<&'a str>,
    /// The configured dimensions, in the order of the settings. Missing ones at the end have no value.
    pub dimensions: &'a [Option<&'a str>],
}

impl<'a> TouchpointKind<'a> {
    /// The kind of a touchpoint. `dimensions` are its values of the configured dimensions.
    pub fn of(touchpoint: &'a Touchpoint, dimensions: &'a [Option<&'a str>]) -> Self {
        let fact = &touchpoint.fact;
        let campaign = fact.campaign.as_deref();
        TouchpointKind {
            name: &fact.name,
            kind: &fact.kind,
            channel: &fact.channel,
            direction: fact.direction,
            source: &touchpoint.source,
            campaign: campaign.and_then(|campaign| campaign.name.as_deref()),
            campaign_source: campaign.and_then(|campaign| campaign.source.as_deref()),
            campaign_medium: campaign.and_then(|campaign| campaign.medium.as_deref()),
            dimensions,
        }
    }

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

/// The dictionary of kinds: code to kind and back. A new kind gets the next code, and a code never changes.
#[derive(Clone, Debug)]
pub(crate) struct Kinds {
    configured: Arc<[Arc<str>]>,
    /// `width` values for each code. Equal texts mostly share one allocation.
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

    /// Whether `code` is the code of `kind`.
    fn is(&self, code: u32, kind: &TouchpointKind<'_>) -> bool {
        (0..self.width()).all(|n| self.value(code, Dimension::at(n)) == kind.value(Dimension::at(n)))
    }

    fn hash(&self, kind: &TouchpointKind<'_>) -> u64 {
        let mut hasher = FxHasher::default();
        (0..self.width()).for_each(|n| kind.value(Dimension::at(n)).hash(&mut hasher));
        hasher.finish()
    }

    /// The code of a kind; `None` for a new one.
    pub(crate) fn find(&self, kind: &TouchpointKind<'_>) -> Option<u32> {
        self.codes.get(&self.hash(kind))?.iter().copied().find(|code| self.is(*code, kind))
    }

    /// The code of a kind; a new kind gets the next code.
    pub(crate) fn code(&mut self, kind: &TouchpointKind<'_>) -> u32 {
        let hash = self.hash(kind);
        let found = self.codes.get(&hash).and_then(|codes| codes.iter().copied().find(|code| self.is(*code, kind)));
        found.unwrap_or_else(|| {
            let values = (0..self.width()).map(|n| kind.value(Dimension::at(n))).collect::<Vec<_>>();
            self.add(hash, &values)
        })
    }

    /// The code here of a kind that has `code` in another dictionary over the same dimensions.
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
