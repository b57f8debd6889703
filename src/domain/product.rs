//! Products, and customers' relations to products.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::order::{Order, OrderStatus};
use super::{Arrival, IdentifierId, Timestamp};

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The sender's stock-keeping unit: unique.
    pub sku: Arc<str>,
    /// The latest name.
    pub name: Option<Arc<str>>,
    /// The latest category.
    pub category: Option<Arc<str>>,
}

/// The kinds of product acts other than orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProductAct {
    /// Put on the wish list.
    Wished,
    /// Taken off it.
    Unwished,
    /// Liked.
    Liked,
    /// Disliked.
    Disliked,
    /// Put in the cart.
    Added,
    /// Taken out of the cart; without a quantity, all pieces.
    Removed,
}

impl ProductAct {
    /// Every act.
    pub const ALL: [ProductAct; 6] = [
        ProductAct::Wished,
        ProductAct::Unwished,
        ProductAct::Liked,
        ProductAct::Disliked,
        ProductAct::Added,
        ProductAct::Removed,
    ];

    /// Its name in stores: the relationship's type in Neo4j.
    pub fn as_str(self) -> &'static str {
        match self {
            ProductAct::Wished => "WISHED",
            ProductAct::Unwished => "UNWISHED",
            ProductAct::Liked => "LIKED",
            ProductAct::Disliked => "DISLIKED",
            ProductAct::Added => "ADDED",
            ProductAct::Removed => "REMOVED",
        }
    }

    /// From its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }
}

/// An act as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductFact {
    /// About which product.
    pub product: Product,
    /// What was done.
    pub act: ProductAct,
    /// The quantity, for acts with a quantity.
    pub quantity: Option<i64>,
}

/// An act as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductActed {
    /// The identifier it is attached to.
    pub owner: IdentifierId,
    /// The product.
    pub product: Product,
    /// What was done.
    pub act: ProductAct,
    /// How many.
    pub quantity: Option<i64>,
    /// When.
    pub at: Timestamp,
    /// Its arrival.
    pub arrival: Arrival,
}

/// The relations of a customer to a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProductRelation {
    /// On the wish list.
    Wished,
    /// Liked, and not disliked later.
    Liked,
    /// Disliked, and not liked later.
    Disliked,
    /// Put in the cart, and neither taken out nor bought later.
    InCart,
    /// In an order that was not cancelled.
    Bought,
    /// Came back.
    Returned,
}

/// A product with a relation to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedProduct {
    /// The product.
    pub product: Product,
    /// The begin of the relation, or its last time.
    pub at: Timestamp,
    /// The quantity; `None` for relations without a quantity.
    pub quantity: Option<i64>,
}

/// A customer's relations to products, from all its acts and orders; newest first, ties by sku. Acts are applied in
/// order of time, from all devices: one customer has one cart.
pub fn related(relation: ProductRelation, acts: &[ProductActed], orders: &[Order]) -> Vec<RelatedProduct> {
    let mut now: BTreeMap<Arc<str>, RelatedProduct> = BTreeMap::new();
    let mut steps: Vec<(Timestamp, Arrival, Step<'_>)> =
        acts.iter().map(|act| (act.at, act.arrival, Step::Act(act))).collect();
    for order in orders {
        if let Some(placed) = order.placed {
            steps.push((placed.at, placed.arrival, Step::Order(order)));
        }
    }
    steps.sort_by_key(|(at, arrival, _)| (*at, *arrival));
    for (at, _, step) in steps {
        match step {
            Step::Act(act) => take_act(relation, &mut now, act, at),
            Step::Order(order) => take_order(relation, &mut now, order, at),
        }
    }
    let mut all: Vec<RelatedProduct> = now.into_values().collect();
    all.sort_by_key(|related| Reverse(related.at));
    all
}

enum Step<'a> {
    Act(&'a ProductActed),
    Order(&'a Order),
}

fn take_act(
    relation: ProductRelation,
    now: &mut BTreeMap<Arc<str>, RelatedProduct>,
    act: &ProductActed,
    at: Timestamp,
) {
    use ProductAct::*;
    let sku = &act.product.sku;
    match (relation, act.act) {
        (ProductRelation::Wished, Wished) | (ProductRelation::Liked, Liked) | (ProductRelation::Disliked, Disliked) => {
            add(now, &act.product, at, None);
        }
        (ProductRelation::Wished, Unwished)
        | (ProductRelation::Liked, Disliked)
        | (ProductRelation::Disliked, Liked) => {
            now.remove(sku);
        }
        (ProductRelation::InCart, Added) => add(now, &act.product, at, Some(act.quantity.unwrap_or(1))),
        (ProductRelation::InCart, Removed) => {
            let left = now.get(sku).and_then(|r| r.quantity).unwrap_or(0) - act.quantity.unwrap_or(i64::MAX);
            match now.get_mut(sku) {
                Some(related) if left > 0 => related.quantity = Some(left),
                _ => drop(now.remove(sku)),
            }
        }
        _ => {}
    }
}

fn take_order(relation: ProductRelation, now: &mut BTreeMap<Arc<str>, RelatedProduct>, order: &Order, at: Timestamp) {
    match relation {
        ProductRelation::InCart => order.lines.iter().for_each(|line| drop(now.remove(&line.product.sku))),
        ProductRelation::Bought if order.status != OrderStatus::Cancelled => {
            order.lines.iter().for_each(|line| add(now, &line.product, at, Some(line.quantity)));
        }
        ProductRelation::Returned => {
            for returned in &order.returns {
                if let Some(product) = &returned.product {
                    add(now, product, returned.at, Some(returned.quantity));
                }
            }
        }
        _ => {}
    }
}

fn add(now: &mut BTreeMap<Arc<str>, RelatedProduct>, product: &Product, at: Timestamp, quantity: Option<i64>) {
    let related = now.entry(product.sku.clone()).or_insert_with(|| RelatedProduct {
        product: product.clone(),
        at,
        quantity: quantity.map(|_| 0),
    });
    related.at = related.at.max(at);
    related.quantity = related.quantity.zip(quantity).map(|(a, b)| a + b);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(n: i64, owner: i64, act: ProductAct, quantity: Option<i64>) -> ProductActed {
        ProductActed {
            owner: Arrival(owner),
            product: Product { sku: "p".into(), name: None, category: None },
            act,
            quantity,
            at: Timestamp(n),
            arrival: Arrival(n),
        }
    }

    #[test]
    fn one_customer_has_one_cart_on_all_devices() {
        use ProductAct::*;
        let acts = [act(1, 1, Added, Some(2)), act(2, 2, Added, None), act(3, 3, Removed, Some(1))];
        let cart = related(ProductRelation::InCart, &acts, &[]);
        assert_eq!((cart.len(), cart[0].quantity, cart[0].at), (1, Some(2), Timestamp(2)));
        let emptied = [&acts[..], &[act(4, 1, Removed, None)]].concat();
        assert!(related(ProductRelation::InCart, &emptied, &[]).is_empty());
    }

    #[test]
    fn a_later_dislike_takes_the_like_back() {
        use ProductAct::*;
        let acts = [act(1, 1, Liked, None), act(2, 2, Disliked, None)];
        assert!(related(ProductRelation::Liked, &acts, &[]).is_empty());
        assert_eq!(related(ProductRelation::Disliked, &acts, &[]).len(), 1);
    }
}
