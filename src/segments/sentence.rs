//! A condition in plain English.

use std::fmt::Display;
use std::sync::Arc;

use super::condition::*;
use super::journey::{JourneyCondition, JourneyTest, Progress};
use super::time::{CalendarUnit, TimeCondition};
use super::value::{ListCondition, NumberCondition, TextCondition, ValueCondition};
use crate::domain::product::ProductRelation;
use crate::domain::{Amount, Duration};
use crate::journeys::Step;

impl Condition {
    /// The condition in English, without a full stop.
    pub fn sentence(&self) -> String {
        match self {
            Condition::All(parts) if parts.is_empty() => "everybody".to_owned(),
            Condition::Any(parts) if parts.is_empty() => "nobody".to_owned(),
            Condition::All(parts) => list(parts, " and "),
            Condition::Any(parts) => list(parts, " or "),
            Condition::Not(part) => match &**part {
                Condition::Trait(of) => {
                    format!("not ({}), also those without a value", Condition::Trait(of.clone()).sentence())
                }
                part => format!("not ({})", part.sentence()),
            },
            Condition::Trait(of) => of.sentence(),
            Condition::Identifier(of) => of.sentence(),
            Condition::Did(of) => of.sentence(),
            Condition::Journey(of) => of.sentence(),
            Condition::Orders(of) => of.sentence(),
            Condition::Product(of) => of.sentence(),
            Condition::Spend(of) => of.sentence(),
            Condition::Consent(of) => of.sentence(),
            Condition::Seen(of) => of.sentence(),
            Condition::Segment(of) => format!("is in the segment \"{}\"", of.name),
        }
    }
}

fn list(parts: &[Condition], joint: &str) -> String {
    let inner = |part: &Condition| match part {
        Condition::All(inner) | Condition::Any(inner) if inner.len() > 1 && parts.len() > 1 => {
            format!("({})", part.sentence())
        }
        part => part.sentence(),
    };
    parts.iter().map(inner).collect::<Vec<_>>().join(joint)
}

fn quoted(texts: &[impl Display]) -> String {
    match texts {
        [] => "nothing".to_owned(),
        texts => texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(" or "),
    }
}

/// A duration in words.
fn length(duration: Duration) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    let found = UNITS.into_iter().find(|(size, _)| duration.0 > 0 && duration.0 % size == 0);
    match found.map(|(size, unit)| (duration.0 / size, unit)) {
        Some((1, unit)) => format!("1 {unit}"),
        Some((count, unit)) => format!("{count} {unit}s"),
        None => duration.to_string(),
    }
}

fn range<T: PartialEq>(range: Range<T>, show: impl Fn(T) -> String) -> String {
    match (range.min, range.max) {
        (Some(min), Some(max)) if min == max => format!("exactly {}", show(min)),
        (Some(min), Some(max)) => format!("{} to {}", show(min), show(max)),
        (Some(min), None) => format!("at least {}", show(min)),
        (None, Some(max)) => format!("at most {}", show(max)),
        (None, None) => "any number of".to_owned(),
    }
}

fn count(of: Range<i64>) -> String {
    match (of.min, of.max) {
        (None | Some(0), Some(0)) => "no".to_owned(),
        _ => range(of, |number| number.to_string()),
    }
}

fn money(of: Range<Amount>, currency: &str) -> String {
    range(of, |amount| format!("{} {currency}", amount.to_text(0)).trim_end().to_owned())
}

fn share(of: Range<f64>) -> String {
    range(of, |share| format!("{} %", (share * 1e6).round() / 1e4))
}

impl TextCondition {
    fn sentence(&self) -> String {
        match self {
            TextCondition::In(list) => format!("is {}", quoted(list)),
            TextCondition::StartsWith(list) => format!("begins with {}", quoted(list)),
            TextCondition::EndsWith(list) => format!("ends with {}", quoted(list)),
            TextCondition::Contains(list) => format!("contains {}", quoted(list)),
            TextCondition::Matches(regex) => format!("matches /{regex}/"),
        }
    }
}

impl NumberCondition {
    fn sentence(&self) -> String {
        let list = self.is.as_ref().map(|list| {
            let texts: Vec<&str> = list.iter().map(|number| number.text()).collect();
            if texts.is_empty() { "nothing".to_owned() } else { texts.join(" or ") }
        });
        let bounds = [("at least", &self.min), ("above", &self.above), ("at most", &self.max), ("below", &self.below)];
        let bounds = bounds.into_iter().filter_map(|(word, bound)| Some(format!("{word} {}", bound.as_ref()?.text())));
        let all: Vec<String> = bounds.chain(list).collect();
        if all.is_empty() { "is a number".to_owned() } else { format!("is {}", all.join(" and ")) }
    }
}

impl ListCondition {
    fn sentence(&self) -> String {
        match self {
            ListCondition::AnyOf(list) => format!("has {}", quoted(list)),
            ListCondition::AllOf(list) if list.is_empty() => "is a list".to_owned(),
            ListCondition::AllOf(list) => format!("has {}", quoted(list).replace("\" or \"", "\" and \"")),
            ListCondition::Only(list) => format!("has nothing but {}", quoted(list)),
            ListCondition::Size(size) => format!("has {} elements", count(*size)),
        }
    }
}

impl ValueCondition {
    fn sentence(&self) -> String {
        match self {
            ValueCondition::Exists(true) => "is known".to_owned(),
            ValueCondition::Exists(false) => "is not known".to_owned(),
            ValueCondition::Text(text) => text.sentence(),
            ValueCondition::Number(number) => number.sentence(),
            ValueCondition::Time(time) => format!("lies {}", time.sentence()),
            ValueCondition::Flag(flag) => format!("is {flag}"),
            ValueCondition::List(list) => list.sentence(),
        }
    }
}

impl TimeCondition {
    fn sentence(&self) -> String {
        match self {
            TimeCondition::Last(last) => format!("in the last {}", length(*last)),
            TimeCondition::OlderThan(age) => format!("{} ago or earlier", length(*age)),
            TimeCondition::Next(next) => format!("in the next {}", length(*next)),
            TimeCondition::Between { from, to } => format!("between {} and {} ago", length(*from), length(*to)),
            TimeCondition::Fixed { since, until } => match (since, until) {
                (Some(since), Some(until)) => format!("from {since} until before {until}"),
                (Some(since), None) => format!("since {since}"),
                (None, Some(until)) => format!("before {until}"),
                (None, None) => "at any time".to_owned(),
            },
            TimeCondition::Calendar { unit, back, count } => {
                let unit = match unit {
                    CalendarUnit::Day => "day",
                    CalendarUnit::Week => "week",
                    CalendarUnit::Month => "month",
                    CalendarUnit::Quarter => "quarter",
                    CalendarUnit::Year => "year",
                };
                match (back, count) {
                    (0, 1) => format!("in this {unit} up to now"),
                    (1, 1) => format!("in the {unit} before this one"),
                    (back, 1) => format!("in the {unit} {back} {unit}s before this one"),
                    (0, count) => format!("in the last {count} {unit}s, with this {unit} up to now"),
                    (1, count) => format!("in the {count} {unit}s before this one"),
                    (back, count) => format!("in {count} {unit}s, the last one {back} {unit}s before this one"),
                }
            }
            TimeCondition::Anniversary { from, to } => {
                let day = |days: &i64| match days {
                    0 => "today".to_owned(),
                    ..0 => format!("{} days ago", -days),
                    _ => format!("{days} days from today"),
                };
                format!("on a day of the year from {} to {}", day(from), day(to))
            }
        }
    }
}

fn then(when: &Option<TimeCondition>) -> String {
    when.as_ref().map(|when| format!(" {}", when.sentence())).unwrap_or_default()
}

impl TraitCondition {
    fn sentence(&self) -> String {
        let which = match self.of {
            TraitValues::Chosen => "",
            TraitValues::Any => "one value of ",
            TraitValues::Every => "every value of ",
        };
        let provenance = match &self.provenance[..] {
            [] => String::new(),
            some => {
                let words: Vec<String> = some.iter().map(|one| one.as_str().to_lowercase()).collect();
                format!(", {}", words.join(" or "))
            }
        };
        let said = self.said.as_ref().map(|said| format!(", said {}", said.sentence())).unwrap_or_default();
        format!("{which}{}{provenance}{said} {}", self.name, self.is.sentence())
    }
}

impl IdentifierCondition {
    fn sentence(&self) -> String {
        let value = self.value.as_ref().map(|value| format!(" that {}", value.sentence())).unwrap_or_default();
        format!("has {} identifiers of the kind {}{value}", count(self.count), self.kind)
    }
}

fn step(step: &Step) -> String {
    let lists = [
        (&step.names, "the name"),
        (&step.kinds, "the kind"),
        (&step.channels, "the channel"),
        (&step.campaigns, "the campaign"),
    ];
    let lists = lists.into_iter().filter(|(list, _)| !list.is_empty());
    let mut parts: Vec<String> = lists.map(|(list, name)| format!("{name} {}", quoted(list))).collect();
    parts.extend(step.wheres.iter().map(|(_, list)| format!("a dimension {}", quoted(list))));
    if parts.is_empty() { "touchpoints".to_owned() } else { format!("touchpoints with {}", parts.join(" and ")) }
}

fn properties(wheres: &[PropertyCondition]) -> String {
    wheres.iter().map(|one| format!(" whose {} {}", one.path, one.is.sentence())).collect::<Vec<_>>().join(" and")
}

impl TouchpointCondition {
    fn sentence(&self) -> String {
        let what = format!("{}{}{}", step(&self.what), properties(&self.wheres), then(&self.when));
        let what = match self.only {
            None => what,
            Some(Occurrence::First) => format!("{what}, the first ever of {}", step(&self.what)),
            Some(Occurrence::Last) => format!("{what}, the last of {}", step(&self.what)),
        };
        let counted = match self.count {
            CountedAs::Touchpoints => String::new(),
            CountedAs::Days => "different days with ".to_owned(),
            CountedAs::Weeks => "different weeks with ".to_owned(),
            CountedAs::Months => "different months with ".to_owned(),
            CountedAs::Sessions => "sessions with ".to_owned(),
            CountedAs::Channels => "channels with ".to_owned(),
            CountedAs::Devices => "devices with ".to_owned(),
            CountedAs::Orders => "orders with ".to_owned(),
        };
        let chain: String = self.then.iter().map(ThenCondition::sentence).collect();
        let total = self.total.as_ref().map(|total| {
            let currency = total.currency.as_ref().map_or("", |currency| &currency.0);
            format!(", {} in all of {}", money(total.range, currency), total.path)
        });
        // Who came yesterday did nothing in the last 30 days either.
        let since = match self.times.max == Some(0) && self.when.is_some() {
            true => ", also those who came since",
            false => "",
        };
        format!("had {} {counted}{what}{chain}{}{since}", count(self.times), total.unwrap_or_default())
    }
}

impl JourneyCondition {
    fn sentence(&self) -> String {
        let fixed = TimeCondition::Fixed { since: self.since, until: self.until };
        let when = if self.since.or(self.until).is_some() { format!(" {}", fixed.sentence()) } else { String::new() };
        match &self.is {
            JourneyTest::Pattern(of) => format!("has a journey{when} whose {} matches {}", of.name, of.text),
            JourneyTest::Funnel(of) => {
                let number = |step: usize| format!("step {step} ({})", of.steps[step - 1].shown_label(step));
                let steps: Vec<_> = (1..).zip(&of.steps).map(|(n, step)| step.shown_label(n)).collect();
                let within = of.within.map(|within| format!(" within {}", length(within))).unwrap_or_default();
                let came = match of.progress {
                    Progress::Reached(step) => format!("reached {}", number(step)),
                    Progress::LostAt(step) => format!("reached {} and not {}", number(step - 1), number(step)),
                };
                format!("{came} of the funnel {}{within}{when}", steps.join(", "))
            }
        }
    }
}

impl ThenCondition {
    fn sentence(&self) -> String {
        let within = self.within.map(|within| format!(" within {}", length(within))).unwrap_or_default();
        let what = format!("{}{}", step(&self.what), properties(&self.wheres));
        let same = match &self.same[..] {
            [] => String::new(),
            paths => {
                let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
                format!(" with the same {}", paths.join(" and "))
            }
        };
        let happened = if self.happened { "then" } else { "and then no" };
        format!(", {happened} {what}{same}{within}")
    }
}

impl ProductMatch {
    fn sentence(&self) -> String {
        let skus = self.skus.as_ref().map(|skus| format!("the sku {}", quoted(skus)));
        let categories = self.categories.as_ref().map(|is| format!("a category that {}", is.sentence()));
        let name = self.name.as_ref().map(|is| format!("a name that {}", is.sentence()));
        let parts: Vec<String> = [skus, categories, name].into_iter().flatten().collect();
        if parts.is_empty() { "any product".to_owned() } else { format!("a product with {}", parts.join(" and ")) }
    }
}

impl OrdersCondition {
    fn sentence(&self) -> String {
        let currency = self.currency.as_ref().map_or("", |currency| &currency.0);
        let parts: Vec<String> = [
            self.net.map(|net| format!("a net of {}", money(net, currency))),
            self.gross.map(|gross| format!("a total of {}", money(gross, currency))),
            self.return_rate.map(|rate| format!("{} returned", share(rate))),
            self.containing.as_ref().map(ProductMatch::sentence),
        ]
        .into_iter()
        .flatten()
        .collect();
        let of = if currency.is_empty() { String::new() } else { format!(" in {currency}") };
        let with = if parts.is_empty() { String::new() } else { format!(" with {}", parts.join(" and ")) };
        format!("placed {} orders{of}{with}{}", count(self.count), then(&self.when))
    }
}

impl ProductCondition {
    fn sentence(&self) -> String {
        let relation = match self.relation {
            ProductRelation::Wished => "on the wish list",
            ProductRelation::Liked => "liked",
            ProductRelation::Disliked => "disliked",
            ProductRelation::InCart => "in the cart",
            ProductRelation::Bought => "bought",
            ProductRelation::Returned => "returned",
        };
        let is = self.is.as_ref().map(|is| format!(", each {}", is.sentence())).unwrap_or_default();
        format!("has {} products {relation}{}{is}", count(self.count), then(&self.when))
    }
}

impl SpendCondition {
    fn sentence(&self) -> String {
        let currency = &self.currency.0;
        let parts: Vec<String> = [
            self.net.map(|net| format!("a net of {}", money(net, currency))),
            self.gross.map(|gross| format!("a gross of {}", money(gross, currency))),
            self.returned.map(|returned| format!("{} returned", money(returned, currency))),
            self.return_rate.map(|rate| format!("{} returned", share(rate))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let with = if parts.is_empty() { String::new() } else { format!(", {}", parts.join(" and ")) };
        format!("has spend in {currency}{}{with}", then(&self.when))
    }
}

impl ConsentCondition {
    fn sentence(&self) -> String {
        let statuses: Vec<String> = self.status.iter().map(|status| status.as_str().to_lowercase()).collect();
        let channel = self.channel.as_ref().map(|channel| format!(" on {channel}")).unwrap_or_default();
        let statuses = if statuses.is_empty() { "nothing".to_owned() } else { statuses.join(" or ") };
        format!("consent for {}{channel} is {statuses}", self.purpose)
    }
}

impl SeenCondition {
    fn sentence(&self) -> String {
        let on =
            |list: &Option<Vec<Arc<str>>>, word: &str| list.as_ref().map(|list| format!("{word} {}", quoted(list)));
        let parts: Vec<String> = [
            self.first.as_ref().map(|first| format!("first {}", first.sentence())),
            self.last.as_ref().map(|last| format!("last {}", last.sentence())),
            on(&self.channels, "on"),
            on(&self.devices, "with a device of the kind"),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() { "was seen".to_owned() } else { format!("was seen {}", parts.join(" and ")) }
    }
}
