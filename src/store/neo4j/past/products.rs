//! Products, as they had been called.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::super::rows::{column, product};
use super::super::statement::{Statement, statement};
use super::AsOf;
use crate::domain::order::Order;
use crate::domain::product::Product;
use crate::store::Result;

static PRODUCTS: Statement = statement!("products/fetch_as_of");

impl AsOf {
    pub(super) async fn products_then(&self, skus: &[Arc<str>]) -> Result<Vec<Option<Product>>> {
        let mut found = vec![None; skus.len()];
        if !skus.is_empty() {
            for row in &self.rows(&PRODUCTS, self.params().with("keys", skus)).await? {
                found[column::<usize>(row, "n")?] = Some(product(column(row, "item")?));
            }
        }
        Ok(found)
    }

    /// Gives the products of orders, and others, the names they had.
    pub(super) async fn name_products<'o>(
        &self,
        orders: impl Iterator<Item = &'o mut Order>,
        others: impl IntoIterator<Item = &'o mut Product>,
    ) -> Result<()> {
        let mut orders: Vec<&mut Order> = orders.collect();
        let mut others: Vec<&mut Product> = others.into_iter().collect();
        let of_orders = orders.iter().flat_map(|order| order.skus());
        let skus: BTreeSet<Arc<str>> = of_orders.chain(others.iter().map(|product| &product.sku)).cloned().collect();
        let skus: Vec<Arc<str>> = skus.into_iter().collect();
        let known: HashMap<Arc<str>, Product> =
            self.products_then(&skus).await?.into_iter().flatten().map(|p| (p.sku.clone(), p)).collect();
        orders.iter_mut().for_each(|order| order.name_products(&known));
        let said = orders.iter().flat_map(|order| &order.events).map(|event| event.arrival);
        let owners = self.owners_then(said.collect::<Vec<_>>().into_iter()).await?;
        for order in orders.iter_mut().filter(|_| !owners.is_empty()) {
            order.give_back(&owners);
        }
        for product in &mut others {
            if let Some(then) = known.get(&product.sku) {
                **product = then.clone();
            }
        }
        Ok(())
    }
}
