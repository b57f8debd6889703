//! Connections: the one page type, and how `first` and `after` are read.

use std::borrow::Cow;

use async_graphql::{Context, Error, Object, OutputType, TypeName};

use super::error::bad_argument;
use super::id::{Cursor, Place};
use super::load::{CountOf, Total};
use super::scalar::int;
use crate::domain::page::Page;

/// The most that one page may ask for.
pub const LARGEST_PAGE: i32 = 100;

/// What a page holds when its size is not given, or given as null.
pub const USUAL_PAGE: i32 = 20;

/// `first` as a number of items, or an error that names the argument.
pub fn read_first(first: Option<i32>) -> Result<usize, Error> {
    read_size("first", first.unwrap_or(USUAL_PAGE))
}

/// A page's size.
pub fn read_size(argument: &str, size: i32) -> Result<usize, Error> {
    if (0..=LARGEST_PAGE).contains(&size) {
        Ok(size as usize)
    } else {
        Err(bad_argument(argument, format!("{size} is out of range"), "ask for 0 to 100, and for more by `after`"))
    }
}

/// `after` as a place, or an error.
pub fn read_after<C: Cursor>(after: Option<&str>) -> Result<Option<C>, Error> {
    after.map(C::decode).transpose()
}

/// A page of a list.
pub struct Connection<T> {
    edges: Vec<Edge<T>>,
    has_next: bool,
    has_previous: bool,
    total: CountOf,
    /// Where the next page begins, when that is further than the last item.
    reached: Option<String>,
}

/// One item and its place.
pub struct Edge<T> {
    place: Place,
    node: T,
}

/// Where a page stands in its list.
pub struct PageInfo {
    has_next: bool,
    has_previous: bool,
    start: Option<String>,
    end: Option<String>,
}

impl<T> Connection<T> {
    /// A page read forwards: `cursor` gives an item's place, `node` makes it what the schema shows.
    pub fn forward<R, C: Cursor>(
        page: Page<R>,
        began: bool,
        total: impl Into<CountOf>,
        cursor: impl Fn(&R) -> C,
        node: impl Fn(R) -> T,
    ) -> Self {
        let edges =
            page.items.into_iter().map(|item| Edge { place: cursor(&item).place(), node: node(item) }).collect();
        Connection { edges, has_next: page.more, has_previous: began, total: total.into(), reached: None }
    }

    /// The same, when more was looked through than was found: `end` is where the next page begins.
    pub fn reaching(mut self, end: Option<String>) -> Self {
        self.reached = end;
        self
    }

    /// The same, read backwards: the items stand in the list's own order already.
    pub fn backward(mut self) -> Self {
        std::mem::swap(&mut self.has_next, &mut self.has_previous);
        self
    }

    /// A page of a list that is in memory.
    pub fn of_slice<R: Clone>(all: &[R], first: usize, after: Option<Offset>, node: impl Fn(R) -> T) -> Self {
        let start = after.map_or(0, |offset| offset.0).min(all.len());
        let items: Vec<(usize, R)> = all[start..].iter().take(first).cloned().enumerate().collect();
        let more = start + items.len() < all.len();
        let page = Page { items, more };
        let total = Total::Known(all.len() as i64);
        Self::forward(page, start > 0, total, |(n, _)| Offset(start + n + 1), |(_, item)| node(item))
    }
}

pub use super::id::Offset;

impl<T: OutputType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

impl<T: OutputType> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

/// A page of a list.
#[Object(name_type)]
impl<T: OutputType> Connection<T> {
    /// The items with their places.
    async fn edges(&self) -> &[Edge<T>] {
        &self.edges
    }

    /// The items alone.
    async fn nodes(&self) -> Vec<&T> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page stands in its list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next: self.has_next,
            has_previous: self.has_previous,
            start: self.edges.first().map(|edge| edge.place.encode()),
            end: self.reached.clone().or_else(|| self.edges.last().map(|edge| edge.place.encode())),
        }
    }

    /// How long the whole list is; counted only when it is asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Option<Result<i32, Error>> {
        Some(Box::pin(self.total.count(ctx)).await.map(int))
    }
}

/// One item of a page and its place in the list.
#[Object(name_type)]
impl<T: OutputType> Edge<T> {
    /// The item.
    async fn node(&self) -> &T {
        &self.node
    }

    /// Its place: give it as `after` to go on behind it. Opaque.
    async fn cursor(&self) -> String {
        self.place.encode()
    }
}

/// Where a page stands in its list.
#[Object]
impl PageInfo {
    /// Whether the list goes on behind this page.
    async fn has_next_page(&self) -> bool {
        self.has_next
    }

    /// Whether something comes before this page.
    async fn has_previous_page(&self) -> bool {
        self.has_previous
    }

    /// The place of the first item; null on an empty page.
    async fn start_cursor(&self) -> Option<&str> {
        self.start.as_deref()
    }

    /// The place of the last item: the next page's `after`; null on an empty page.
    async fn end_cursor(&self) -> Option<&str> {
        self.end.as_deref()
    }
}
