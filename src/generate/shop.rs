//! The shop of every world: products, pages, campaigns and messages. It is the same in all worlds; only the customers
//! differ.

use std::sync::LazyLock;

use serde::Serialize;

use super::random::Random;

/// A product with its price in pence; the price in cents is a fifth higher.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) category: &'static str,
    pub(super) pence: u64,
}

/// The products of one category: its name, the nouns, the lowest and the highest price.
type Shelf = (&'static str, [&'static str; 5], u64, u64);

const SHELVES: [Shelf; 8] = [
    ("Dresses", ["Wrap Dress", "Shirt Dress", "Midi Dress", "Tea Dress", "Pinafore"], 35, 140),
    ("Knitwear", ["Jumper", "Cardigan", "Roll Neck", "Tank Top", "Poncho"], 25, 120),
    ("Shirts", ["Shirt", "Blouse", "Overshirt", "Polo", "T-Shirt"], 12, 70),
    ("Trousers", ["Jeans", "Chinos", "Culottes", "Joggers", "Shorts"], 20, 95),
    ("Shoes", ["Trainers", "Ankle Boots", "Loafers", "Sandals", "Wellingtons"], 30, 160),
    ("Outerwear", ["Raincoat", "Parka", "Peacoat", "Gilet", "Blazer"], 45, 260),
    ("Accessories", ["Scarf", "Belt", "Beanie", "Tote", "Gloves"], 8, 55),
    ("Home", ["Throw", "Cushion", "Table Runner", "12\" Lampshade", "Candle"], 6, 80),
];

const MADE_OF: [&str; 6] = ["Linen", "Cotton", "Merino", "Recycled", "Striped", "Navy"];

static CATALOGUE: LazyLock<Vec<Product>> = LazyLock::new(|| {
    let mut random = Random::new(0, u64::MAX);
    let mut products = Vec::new();
    for (category, things, cheapest, dearest) in &SHELVES {
        for thing in things {
            for made_of in MADE_OF {
                let pounds = random.between(*cheapest, *dearest);
                products.push(Product {
                    sku: format!("SKU-{:04}", products.len() + 1),
                    name: format!("{made_of} {thing}"),
                    category,
                    pence: pounds * 100 + *random.pick(&[0, 0, 50, 95, 99]),
                });
            }
        }
    }
    products
});

/// A random product: more often from the `favourite` shelf, and more often a popular one.
pub(super) fn product(random: &mut Random, favourite: u64) -> &'static Product {
    let size = (CATALOGUE.len() / SHELVES.len()) as u64;
    let shelf = if random.chance(500) { favourite } else { random.below(SHELVES.len() as u64) };
    let place = random.below(size).min(random.below(size));
    &CATALOGUE[(shelf * size + place) as usize]
}

/// The favourite shelf of a customer.
pub(super) fn shelf(random: &mut Random) -> u64 {
    random.below(SHELVES.len() as u64)
}

/// The name of a shelf.
pub(super) fn shelf_name(number: u64) -> &'static str {
    SHELVES[number as usize % SHELVES.len()].0
}

/// Search queries; some contain characters that JSON escapes.
pub(super) const SEARCHES: [&str; 12] = [
    "raincoat",
    "linen dress",
    "navy jumper",
    "wide fit boots",
    "gift under £20",
    "12\" lampshade",
    "café blind",
    "jeans 34/32",
    "size 16\\18",
    "merino",
    "returns",
    "christmas jumper",
];

/// Pages and screens: title and path.
pub(super) const PAGES: [(&str, &str); 9] = [
    ("New In", "/new"),
    ("Sale", "/sale"),
    ("Dresses", "/c/dresses"),
    ("Shoes", "/c/shoes"),
    ("Home and Gifts", "/c/home"),
    ("Size Guide", "/help/sizes"),
    ("Delivery and Returns", "/help/returns"),
    ("Store Finder", "/stores"),
    ("My Account", "/account"),
];

/// `context.campaign`.
#[derive(Debug, Serialize)]
pub(super) struct Campaign {
    pub(super) name: &'static str,
    source: &'static str,
    medium: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    term: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'static str>,
}

/// Advertisements that lead to visits.
pub(super) const ADVERTISEMENTS: [Campaign; 6] = [
    ad("brand", "google", "cpc", Some("throughline clothing"), None),
    ad("rainwear", "google", "cpc", Some("waterproof coat"), Some("headline-b")),
    ad("spring-lookbook", "instagram", "social", None, Some("carousel")),
    ad("linen-edit", "facebook", "social", None, Some("video")),
    ad("partners", "voucherhub", "affiliate", None, None),
    ad("retargeting", "criteo", "display", None, Some("300x250")),
];

/// Newsletters.
pub(super) const NEWSLETTERS: [Campaign; 6] = [
    ad("weekly-newsletter", "mailer", "email", None, None),
    ad("spring-sale", "mailer", "email", None, Some("hero")),
    ad("autumn-edit", "mailer", "email", None, Some("hero")),
    ad("basket-reminder", "mailer", "email", None, None),
    ad("birthday-treat", "mailer", "email", None, None),
    ad("win-back", "mailer", "email", None, Some("ten-percent")),
];

/// Text messages and push messages.
pub(super) const TEXTS: [Campaign; 3] = [
    ad("flash-sale", "mailer", "sms", None, None),
    ad("back-in-stock", "mailer", "sms", None, None),
    ad("app-only-weekend", "mailer", "push", None, None),
];

const fn ad(
    name: &'static str,
    source: &'static str,
    medium: &'static str,
    term: Option<&'static str>,
    content: Option<&'static str>,
) -> Campaign {
    Campaign { name, source, medium, term, content }
}

/// Reasons of returns.
pub(super) const RETURN_REASONS: [&str; 6] = [
    "too small",
    "too large",
    "not as described",
    "changed my mind",
    "arrived damaged",
    "said \"too tight\" in the shop",
];

/// Topics of contacts with customer service.
pub(super) const QUESTIONS: [&str; 5] = ["where is my order", "return", "sizing", "payment", "complaint"];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_catalogue_has_240_products_with_their_own_numbers() {
        let skus: HashSet<_> = CATALOGUE.iter().map(|product| &product.sku).collect();
        assert_eq!(skus.len(), 240);
        assert!(CATALOGUE.iter().all(|product| product.pence >= 600));
    }
}
