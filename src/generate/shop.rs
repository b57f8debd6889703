//! What the shop of every world has: products, pages, campaigns and machines that visit it.
//! It is the same shop in all worlds; only the people differ.

use std::sync::LazyLock;

use serde::Serialize;

use super::dice::Dice;

/// Something that is sold, at a price in pence (cents cost a fifth more).
#[derive(Debug)]
pub(super) struct Product {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) category: &'static str,
    pub(super) pence: u64,
}

/// What is sold within one category: its name, what the things are, the cheapest and the dearest.
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
    let mut dice = Dice::new(0, u64::MAX);
    let mut products = Vec::new();
    for (category, things, cheapest, dearest) in &SHELVES {
        for thing in things {
            for made_of in MADE_OF {
                let pounds = dice.between(*cheapest, *dearest);
                products.push(Product {
                    sku: format!("SKU-{:04}", products.len() + 1),
                    name: format!("{made_of} {thing}"),
                    category,
                    pence: pounds * 100 + *dice.pick(&[0, 0, 50, 95, 99]),
                });
            }
        }
    }
    products
});

/// A product, more often from the `favourite` shelf, and more often one of the popular ones.
pub(super) fn product(dice: &mut Dice, favourite: u64) -> &'static Product {
    let size = (CATALOGUE.len() / SHELVES.len()) as u64;
    let shelf = if dice.chance(500) { favourite } else { dice.below(SHELVES.len() as u64) };
    let place = dice.below(size).min(dice.below(size));
    &CATALOGUE[(shelf * size + place) as usize]
}

/// A shelf that a customer likes, and its name.
pub(super) fn shelf(dice: &mut Dice) -> u64 {
    dice.below(SHELVES.len() as u64)
}

/// What the shelf with this number is called.
pub(super) fn shelf_name(number: u64) -> &'static str {
    SHELVES[number as usize % SHELVES.len()].0
}

/// What people type into the search box; some of it needs care in JSON.
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

/// Advertisements that bring people to the site.
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

/// What goes to the telephone as a text or a push message.
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

/// Why things come back.
pub(super) const RETURN_REASONS: [&str; 6] = [
    "too small",
    "too large",
    "not as described",
    "changed my mind",
    "arrived damaged",
    "said \"too tight\" in the shop",
];

/// What people ask customer service.
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
