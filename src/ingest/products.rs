//! Products in an event, and product acts other than orders.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::event::{Event, Type};
use super::json::{Json, Object, check};
use super::notes::{Notes, Weight};
use super::orders::find;
use crate::domain::ProblemCode;
use crate::domain::money::{MoneyError, scaled};
use crate::domain::product::{Product, ProductAct, ProductFact};
use crate::settings::OrderFields;
use crate::settings::events::PropertyPath;

/// Acts of an event about each of its `products`, else about the one product of its properties. A view of a product is
/// not an act.
pub(crate) fn acts(event: &Event<'_>, name: &str, fields: &OrderFields, notes: &mut Notes) -> Vec<ProductFact> {
    if event.kind != Type::Track {
        return Vec::new();
    }
    let act = match name {
        "productadded" | "addedproduct" | "wishlistproductaddedtocart" | "addtocart" => ProductAct::Added,
        "productremoved" | "removedproduct" | "removefromcart" => ProductAct::Removed,
        "productaddedtowishlist" | "addtowishlist" => ProductAct::Wished,
        "productremovedfromwishlist" => ProductAct::Unwished,
        "productliked" => ProductAct::Liked,
        "productdisliked" => ProductAct::Disliked,
        _ => return Vec::new(),
    };
    let one = |line: &Object<'_>, path: &str, notes: &mut Notes| {
        let product = product(line, fields, path, notes);
        let quantity = match act {
            ProductAct::Added | ProductAct::Removed => quantity(line, fields, path, notes),
            _ => Quantity::Unsaid,
        };
        let quantity = match (act, quantity) {
            (_, Quantity::No) => return None,
            (_, Quantity::Of(quantity)) => Some(quantity),
            (ProductAct::Added, Quantity::Unsaid) => Some(1),
            // Without a quantity, all pieces.
            (_, Quantity::Unsaid) => None,
        };
        Some(ProductFact { product: product?, act, quantity })
    };
    match list(event, &fields.lines, notes) {
        Some(given) if !given.entries.is_empty() || given.left_out => {
            let mut acts = Vec::with_capacity(given.entries.len());
            for (path, line) in &given.entries {
                acts.extend(one(&Object::parse(line).unwrap_or_default(), path, notes));
            }
            acts
        }
        _ => one(&event.properties, "properties", notes).into_iter().collect(),
    }
}

/// Lines as given.
pub(crate) struct Given<'a> {
    /// The text of each line that is an object, with its path.
    pub(crate) entries: Vec<(String, Cow<'a, str>)>,
    /// Whether some lines were not objects.
    pub(crate) left_out: bool,
}

/// The list of an event's products. One object is a list of one. A text with JSON is read as JSON. `None` without
/// products.
pub(crate) fn list<'a>(event: &Event<'a>, places: &[PropertyPath], notes: &mut Notes) -> Option<Given<'a>> {
    let mut none = None;
    for place in places {
        let Some((_, raw)) = find(&event.properties, std::slice::from_ref(place)) else { continue };
        let path = format!("properties.{place}");
        match entries(raw, &path, notes) {
            Some(given) => return Some(given),
            None => none = none.or(Some(path)),
        }
    }
    // A number is not a fault here: some senders use this name for a count.
    if let Some(path) = none.filter(|path| places.first().is_some_and(|place| path == &format!("properties.{place}"))) {
        notes.warn(ProblemCode::BadValue, path, "not a list of products; this is as if it was not given");
    }
    None
}

fn entries<'a>(raw: &'a RawValue, path: &str, notes: &mut Notes) -> Option<Given<'a>> {
    match Json::of(raw) {
        Json::List(entries) => {
            let entries = entries.into_iter().map(|entry| match Json::of(entry) {
                Json::Text(text) => text,
                _ => Cow::Borrowed(entry.get()),
            });
            Some(objects(entries, path, notes))
        }
        Json::Object(_) => {
            notes.warn(ProblemCode::BadValue, path, "one product, read as a list of one");
            Some(objects([Cow::Borrowed(raw.get())], path, notes))
        }
        Json::Text(text) if text.trim_start().starts_with(['[', '{']) => {
            let checked = check(&text).ok()?;
            let within: Vec<String> = match text.trim_start().starts_with('[') {
                true => {
                    let entries: Vec<&RawValue> = serde_json::from_str(&text).ok()?;
                    entries.into_iter().map(|entry| entry.get().to_owned()).collect()
                }
                false => vec![Object::parse(&text).map(|_| text.clone().into_owned())?],
            };
            notes.warn(ProblemCode::BadValue, path, "JSON in a text, read as the list that it is");
            for (within, odd) in checked.odd {
                let dot = if within.starts_with('[') { "" } else { "." };
                notes.warn(ProblemCode::BadValue, format!("{path}{dot}{within}"), odd.to_string());
            }
            Some(objects(within.into_iter().map(Cow::Owned), path, notes))
        }
        _ => None,
    }
}

/// The lines that are objects.
fn objects<'a>(given: impl IntoIterator<Item = Cow<'a, str>>, path: &str, notes: &mut Notes) -> Given<'a> {
    let mut found = Given { entries: Vec::new(), left_out: false };
    for (n, text) in given.into_iter().enumerate() {
        let path = format!("{path}[{n}]");
        if Object::parse(&text).is_some() {
            found.entries.push((path, text));
        } else {
            let message = "not an object with sku, price and quantity; it is left out";
            notes.warn(ProblemCode::BadValue, path, message);
            found.left_out = true;
        }
    }
    found
}

/// The product of a line; `None` and a note when it has no sku.
pub(crate) fn product(line: &Object<'_>, fields: &OrderFields, path: &str, notes: &mut Notes) -> Option<Product> {
    let mut text = |places: &[PropertyPath]| {
        places.iter().find_map(|place| {
            let (_, raw) = find(line, std::slice::from_ref(place))?;
            notes.text(Weight::Warning, &format!("{path}.{place}"), Some(raw)).map(Into::into)
        })
    };
    let sku = text(&fields.sku);
    let Some(sku) = sku else {
        notes.warn(ProblemCode::MissingField, path, "no sku or product_id, so this is left out");
        return None;
    };
    Some(Product { sku, name: text(&fields.name), category: text(&fields.category) })
}

/// The quantity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// No quantity, or not a number.
    Unsaid,
    /// So many.
    Of(i64),
    /// An impossible quantity: zero, negative, a fraction, or a thousand million. The line is left out.
    No,
}

/// The quantity of a line, from a number or a text.
pub(crate) fn quantity(line: &Object<'_>, fields: &OrderFields, path: &str, notes: &mut Notes) -> Quantity {
    const MOST: i128 = 1_000_000_000;
    let Some((place, raw)) = find(line, &fields.quantity) else { return Quantity::Unsaid };
    let number = match Json::of(raw) {
        Json::Text(text) if text.trim().is_empty() => return Quantity::Unsaid,
        Json::Text(text) => scaled(&text, 0),
        Json::Number(text) => scaled(text, 0),
        _ => Err(MoneyError::Malformed),
    };
    let path = || format!("{path}.{place}");
    match number {
        Ok((number, true)) if (1..=MOST).contains(&number) => Quantity::Of(number as i64),
        Ok(_) | Err(MoneyError::TooLarge) => {
            notes.warn(ProblemCode::BadValue, path(), "not a whole number of at least 1, so this is left out");
            Quantity::No
        }
        Err(_) => {
            notes.warn(ProblemCode::BadValue, path(), "not a number; this is as if it was not given");
            Quantity::Unsaid
        }
    }
}
