//! Products in an event, and what a person did about them apart from orders.

use super::event::{Event, Type};
use super::json::{Json, Object};
use super::notes::{Notes, Weight};
use super::orders::sku;
use crate::domain::ProblemCode;
use crate::domain::product::{Product, ProductAct, ProductFact};

/// Acts of an event about each of its `products`, else about the one product its properties are of.
/// To see a product is no act.
pub(crate) fn acts(event: &Event<'_>, name: &str, notes: &mut Notes) -> Vec<ProductFact> {
    if event.kind != Type::Track {
        return Vec::new();
    }
    let act = match name {
        "productadded" | "addedproduct" | "wishlistproductaddedtocart" => ProductAct::Added,
        "productremoved" | "removedproduct" => ProductAct::Removed,
        "productaddedtowishlist" => ProductAct::Wished,
        "productremovedfromwishlist" => ProductAct::Unwished,
        "productliked" => ProductAct::Liked,
        "productdisliked" => ProductAct::Disliked,
        _ => return Vec::new(),
    };
    let one = |line: &Object<'_>, path: &str, notes: &mut Notes| {
        let product = product(line, path, notes)?;
        let quantity = match act {
            ProductAct::Added => Some(quantity(line, path, notes).unwrap_or(1)),
            // Without a quantity all of it.
            ProductAct::Removed => quantity(line, path, notes),
            _ => None,
        };
        Some(ProductFact { product, act, quantity })
    };
    match list(event, notes) {
        Some(lines) if !lines.is_empty() => lines.iter().filter_map(|(path, line)| one(line, path, notes)).collect(),
        _ => one(&event.properties, "properties", notes).into_iter().collect(),
    }
}

/// `properties.products`, each with its path.
pub(crate) fn list<'a>(event: &Event<'a>, notes: &mut Notes) -> Option<Vec<(String, Object<'a>)>> {
    const PATH: &str = "properties.products";
    let Json::List(entries) = Json::of(event.properties.get("products")?) else {
        notes.fault(ProblemCode::BadValue, PATH, "not a list of products");
        return None;
    };
    let mut lines = Vec::with_capacity(entries.len());
    for (i, entry) in entries.into_iter().enumerate() {
        let path = format!("{PATH}[{i}]");
        match Object::parse(entry.get()) {
            Some(line) => lines.push((path, line)),
            None => notes.fault(ProblemCode::BadValue, path, "not an object with sku, price and quantity"),
        }
    }
    Some(lines)
}

/// The product of a line; one without a sku is a fault.
pub(crate) fn product(line: &Object<'_>, path: &str, notes: &mut Notes) -> Option<Product> {
    let Some(field) = sku(line) else {
        notes.fault(ProblemCode::MissingField, path, "a product without sku or product_id");
        return None;
    };
    let sku = notes.text(Weight::Fault, &format!("{path}.{field}"), line.get(field))?;
    Some(Product {
        sku: sku.into(),
        name: line.get("name").and_then(|raw| notes.word(&format!("{path}.name"), Some(raw))),
        category: line.get("category").and_then(|raw| notes.word(&format!("{path}.category"), Some(raw))),
    })
}

/// A whole number of at least 1, as a number or as text; nothing when it is not given.
pub(crate) fn quantity(line: &Object<'_>, path: &str, notes: &mut Notes) -> Option<i64> {
    const MOST: i64 = 1_000_000_000;
    let given = notes.text(Weight::Fault, &format!("{path}.quantity"), line.get("quantity"))?;
    let whole = given
        .split_once('.')
        .map_or(&*given, |(whole, rest)| if !rest.is_empty() && rest.bytes().all(|b| b == b'0') { whole } else { "" });
    match whole.parse::<i64>() {
        Ok(quantity) if (1..=MOST).contains(&quantity) => Some(quantity),
        _ => {
            notes.fault(ProblemCode::BadValue, format!("{path}.quantity"), "not a whole number of at least 1");
            None
        }
    }
}
