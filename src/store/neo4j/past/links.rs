//! What had been said of pairs.

use std::sync::LazyLock;

use super::super::bolt::{ToBolt, list};
use super::super::links::{LinkRow, page_params};
use super::super::pages::{empty, page};
use super::super::rows::column;
use super::super::statement::{Statement, part, statement};
use super::AsOf;
use crate::domain::IdentifierId;
use crate::domain::link::Link;
use crate::domain::page::Page;
use crate::store::Result;
use crate::store::query::{LinkKey, LinkPage};

static LIST: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("links/list_as_of", &[part!("owners/part_as_of"), part!("links/part_list_as_of")])
});
static COUNT: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("links/count_as_of", &[part!("owners/part_as_of"), part!("links/part_count_as_of")])
});
static LINKS: Statement = statement!("links/fetch_as_of");

impl AsOf {
    pub(super) async fn link_pages(&self, owners: &[Vec<IdentifierId>], asked: &LinkPage) -> Result<Vec<Page<Link>>> {
        let params = page_params(asked).with("seq", self.moment.change);
        self.of_owners(&LIST, owners, params, empty(), |row| page::<LinkRow<'_>, _>(row, asked.limit)).await
    }

    pub(super) async fn link_counts(&self, owners: &[Vec<IdentifierId>], refused: Option<bool>) -> Result<Vec<i64>> {
        let params = self.params().with("refused", refused);
        self.of_owners(&COUNT, owners, params, 0, |row| column(row, "found")).await
    }

    pub(super) async fn links_then(&self, keys: &[LinkKey]) -> Result<Vec<Option<Link>>> {
        let mut found = vec![None; keys.len()];
        let names = keys.iter().map(|key| list([key.from.to_bolt(), key.to.to_bolt(), key.refused.to_bolt()]));
        for row in &self.rows(&LINKS, self.params().with_list("keys", names)).await? {
            found[column::<usize>(row, "n")?] = Some(column::<LinkRow<'_>>(row, "item")?.try_into()?);
        }
        Ok(found)
    }
}
