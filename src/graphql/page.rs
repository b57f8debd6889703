//! Connections: the page type of all lists, and the arguments `first` and `after`.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use async_graphql::{Context, Error, Object, OutputType, TypeName};

use super::error::bad_argument;
use super::id::{Cursor, Place};
use super::load::{CountOf, Total};
use super::scalar::int;
use crate::domain::customer::{CustomerId, CustomerView};
use crate::domain::page::Page;
use crate::domain::{IdentifierId, Moment};

/// The largest size of a page.
pub const LARGEST_PAGE: i32 = 100;

/// The size of a page when it is not given, or null.
pub const USUAL_PAGE: i32 = 20;

/// Reads `first`.
///
/// # Errors
/// When it is not between 0 and 100.
pub fn read_first(first: Option<i32>) -> Result<usize, Error> {
    read_size("first", first.unwrap_or(USUAL_PAGE))
}

/// Reads the size of a page.
///
/// # Errors
/// When it is not between 0 and 100.
pub fn read_size(argument: &str, size: i32) -> Result<usize, Error> {
    if (0..=LARGEST_PAGE).contains(&size) {
        Ok(size as usize)
    } else {
        Err(bad_argument(argument, format!("{size} is out of range"), "ask for 0 to 100, and use `after` for more"))
    }
}

/// A list that is read page by page. Its cursors have a seal: a hash of the list's owner, filter and order. So a cursor
/// of another list is recognised and refused.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    owner: ListOwner<'a>,
    /// Hash of the list's name and arguments.
    arguments: u64,
}

#[derive(Clone, Copy, Debug)]
enum ListOwner<'a> {
    /// The change log, which is one list with any filter.
    Log,
    /// A list of the whole store.
    Store,
    /// A list of a customer, with its former ids: cursors stay valid when the customer is merged while a client pages.
    Customer(&'a CustomerId, &'a [CustomerId]),
    Identifier(IdentifierId),
}

impl<'a> List<'a> {
    /// The change log.
    pub fn log() -> Self {
        List { owner: ListOwner::Log, arguments: 0 }
    }

    /// A list of the whole store. `arguments` are all arguments except paging.
    pub fn of_store(name: &str, arguments: impl Hash) -> Self {
        List { owner: ListOwner::Store, arguments: hash((name, arguments)) }
    }

    /// A list of a customer, now or as of the view's moment.
    pub fn of_customer(view: &'a CustomerView, name: &str, arguments: impl Hash) -> Self {
        let change = view.as_of.map(|moment| moment.change);
        List {
            owner: ListOwner::Customer(&view.customer.id, &view.customer.former_ids),
            arguments: hash((name, change, arguments)),
        }
    }

    /// A list of an identifier, now or as of a moment.
    pub fn of_identifier(id: IdentifierId, as_of: Option<Moment>, name: &str, arguments: impl Hash) -> Self {
        List { owner: ListOwner::Identifier(id), arguments: hash((name, as_of.map(|moment| moment.change), arguments)) }
    }

    /// Reads `after` or `before`.
    ///
    /// # Errors
    /// When it is not a cursor of this list.
    pub fn read<C: Cursor>(&self, after: Option<&str>) -> Result<Option<C>, Error> {
        after.map(|text| C::read(text, |seal| self.fits(seal))).transpose()
    }

    /// A cursor of this list.
    pub fn place(&self, cursor: &impl Cursor) -> Place {
        cursor.place(self.seal())
    }

    fn seal(&self) -> Option<u64> {
        match self.owner {
            ListOwner::Log => None,
            ListOwner::Store => Some(self.arguments),
            ListOwner::Customer(id, _) => Some(hash((&id.0, self.arguments))),
            ListOwner::Identifier(id) => Some(hash((id, self.arguments))),
        }
    }

    fn fits(&self, seal: Option<u64>) -> bool {
        if seal == self.seal() {
            return true;
        }
        let ListOwner::Customer(_, former) = self.owner else { return false };
        seal.is_some_and(|seal| former.iter().any(|id| hash((&id.0, self.arguments)) == seal))
    }
}

/// A hash that is the same in every process: the hasher's keys are fixed.
fn hash(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// Refuses two arguments that exclude each other.
pub fn not_both(one: (&str, bool), other: (&str, bool)) -> Result<(), Error> {
    if one.1 && other.1 {
        let hint = "page forwards with `first` and `after`, or backwards with `last` and `before`";
        return Err(bad_argument(other.0, format!("given together with `{}`", one.0), hint));
    }
    Ok(())
}

/// A page of a list.
pub struct Connection<T> {
    edges: Vec<Edge<T>>,
    has_next: bool,
    has_previous: bool,
    pub(super) total: CountOf,
    /// The `endCursor`, when the next page starts further than after the last item.
    reached: Option<String>,
}

/// An item and its cursor.
pub struct Edge<T> {
    place: Place,
    node: T,
}

/// The position of a page in its list.
pub struct PageInfo {
    has_next: bool,
    has_previous: bool,
    start: Option<String>,
    end: Option<String>,
}

impl<T> Connection<T> {
    /// A page read forwards. `cursor` makes the cursor of a row, `node` makes the item. `began` says whether there are
    /// items before the page.
    pub fn forward<R, C: Cursor>(
        list: &List<'_>,
        page: Page<R>,
        began: bool,
        total: impl Into<CountOf>,
        cursor: impl Fn(&R) -> C,
        node: impl Fn(R) -> T,
    ) -> Self {
        let edge = |item| Edge { place: list.place(&cursor(&item)), node: node(item) };
        let edges = page.items.into_iter().map(edge).collect();
        Connection { edges, has_next: page.more, has_previous: began, total: total.into(), reached: None }
    }

    /// Sets the `endCursor`, for a page that scanned further than its last item.
    pub fn reaching(mut self, end: Option<String>) -> Self {
        self.reached = end;
        self
    }

    /// The same page, read backwards. The items are in the list's order already.
    pub fn backward(mut self) -> Self {
        std::mem::swap(&mut self.has_next, &mut self.has_previous);
        self
    }

    /// The items with their cursors.
    pub(super) fn all_edges(&self) -> &[Edge<T>] {
        &self.edges
    }

    /// The items.
    pub(super) fn all_nodes(&self) -> Vec<&T> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// The position of the page in its list.
    pub(super) fn position(&self) -> PageInfo {
        PageInfo {
            has_next: self.has_next,
            has_previous: self.has_previous,
            start: self.edges.first().map(|edge| edge.place.encode()),
            end: self.reached.clone().or_else(|| self.edges.last().map(|edge| edge.place.encode())),
        }
    }

    /// A page of a list in memory.
    pub fn of_slice<R: Clone>(
        list: &List<'_>,
        all: &[R],
        first: usize,
        after: Option<Offset>,
        node: impl Fn(R) -> T,
    ) -> Self {
        let start = after.map_or(0, |offset| offset.0).min(all.len());
        let items: Vec<(usize, R)> = all[start..].iter().take(first).cloned().enumerate().collect();
        let more = start + items.len() < all.len();
        let page = Page { items, more };
        let total = Total::Known(all.len() as i64);
        Self::forward(list, page, start > 0, total, |(n, _)| Offset(start + n + 1), |(_, item)| node(item))
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
    /// The items with their cursors.
    async fn edges(&self) -> &[Edge<T>] {
        self.all_edges()
    }

    /// The items.
    async fn nodes(&self) -> Vec<&T> {
        self.all_nodes()
    }

    /// The position of the page in its list.
    async fn page_info(&self) -> PageInfo {
        self.position()
    }

    /// The length of the whole list. It is counted only when it is selected. Null after an error.
    async fn total_count(&self, ctx: &Context<'_>) -> Option<Result<i32, Error>> {
        Some(Box::pin(self.total.count(ctx)).await.map(int))
    }
}

/// An item of a page and its cursor.
#[Object(name_type)]
impl<T: OutputType> Edge<T> {
    /// The item.
    async fn node(&self) -> &T {
        &self.node
    }

    /// The position in the list. Pass it as `after` to continue after this item. Opaque.
    async fn cursor(&self) -> String {
        self.place.encode()
    }
}

/// The position of a page in its list.
#[Object]
impl PageInfo {
    /// Whether there are items after this page.
    async fn has_next_page(&self) -> bool {
        self.has_next
    }

    /// Whether there are items before this page.
    async fn has_previous_page(&self) -> bool {
        self.has_previous
    }

    /// The cursor of the first item. Null on an empty page.
    async fn start_cursor(&self) -> Option<&str> {
        self.start.as_deref()
    }

    /// The cursor after which the next page starts. Null on an empty page.
    async fn end_cursor(&self) -> Option<&str> {
        self.end.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::customer::Customer;
    use crate::domain::{Arrival, Timestamp};
    use crate::store::query::{LinkKey, TimeKey};

    fn view(id: &str, former: &[&str], change: Option<i64>) -> CustomerView {
        let id_of = |text: &str| CustomerId(text.into());
        let customer = Customer {
            id: id_of(id),
            created_seq: Arrival(1),
            version: 1,
            former_ids: former.iter().map(|id| id_of(id)).collect(),
        };
        let as_of = change.map(|change| Moment { change, at: Timestamp(change) });
        CustomerView::card(as_of, customer, Vec::new(), Vec::new())
    }

    #[test]
    fn a_cursor_is_valid_in_its_own_list_only() {
        let (ada, bob, then) = (view("ada", &[], None), view("bob", &[], None), view("ada", &[], Some(7)));
        let lists = [
            List::of_customer(&ada, "touchpoints", "newest"),
            List::of_customer(&ada, "touchpoints", "oldest"),
            List::of_customer(&ada, "orders", "newest"),
            List::of_customer(&bob, "touchpoints", "newest"),
            List::of_customer(&then, "touchpoints", "newest"),
            List::of_identifier(Arrival(1), None, "touchpoints", "newest"),
            List::of_identifier(Arrival(2), None, "touchpoints", "newest"),
            List::of_store("customers", "newest"),
            List::of_store("customers", "oldest"),
        ];
        let key = TimeKey { at: Timestamp(5), arrival: Arrival(6) };
        for (n, from) in lists.iter().enumerate() {
            let cursor = from.place(&key).encode();
            for (m, to) in lists.iter().enumerate() {
                let read = to.read::<TimeKey>(Some(&cursor));
                assert_eq!(read.is_ok_and(|found| found == Some(key)), n == m, "{n} in {m}");
                assert!(to.read::<LinkKey>(Some(&cursor)).is_err(), "a cursor of another kind");
            }
            // Only cursors of the log have no seal.
            assert!(List::log().read::<TimeKey>(Some(&cursor)).is_err());
            assert!(from.read::<TimeKey>(Some(&List::log().place(&key).encode())).is_err());
        }
    }

    #[test]
    fn a_cursor_outlives_the_merge_of_its_customer() {
        let (before, other) = (view("bob", &[], None), view("cy", &[], None));
        let after = view("ada", &["x", "bob"], None);
        let list = |view: &CustomerView| List::of_customer(view, "links", Some(true)).place(&Arrival(3)).encode();
        let merged = List::of_customer(&after, "links", Some(true));
        assert_eq!(merged.read::<Arrival>(Some(&list(&before))).ok().flatten(), Some(Arrival(3)));
        assert!(merged.read::<Arrival>(Some(&list(&other))).is_err());
        assert!(List::of_customer(&before, "links", Some(true)).read::<Arrival>(Some(&list(&after))).is_err());
    }
}
