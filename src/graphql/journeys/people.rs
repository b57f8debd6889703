//! The customers after a figure, page by page.

use async_graphql::{Context, Error};

use super::{ScopedView, wrong_answer};
use crate::domain::CustomerId;
use crate::domain::page::Page;
use crate::graphql::customer::Customer;
use crate::graphql::customer_parts::CustomerParts;
use crate::graphql::customers::CustomerConnection;
use crate::graphql::error::store_error;
use crate::graphql::id::Cursor;
use crate::graphql::load::Total;
use crate::graphql::page::{Connection, List, read_first};
use crate::graphql::viewer::Viewer;
use crate::journeys::{Answer, Question};
use crate::store::query::CustomerKey;

/// A position in a list by customer id.
struct AfterCustomer(CustomerId);

/// A page of the customers of a figure. `named` is the whole query, as it is encoded in ids.
pub(super) async fn page(
    ctx: &Context<'_>,
    scoped: &ScopedView,
    question: &Question,
    named: &str,
    first: Option<i32>,
    after: Option<String>,
) -> Result<CustomerConnection, Error> {
    let first = read_first(first)?;
    let list = List::of_store("people", named);
    let after = list.read::<AfterCustomer>(after.as_deref())?;
    let answer = scoped.answer(question).await?;
    let Answer::Customers(people) = &*answer else { return Err(wrong_answer()) };
    let (ids, more) = people.page(after.as_ref().map(|after| &after.0), first);
    let parts = CustomerParts::of_connection(ctx);
    // The fetches wait together, so the loader reads them at once.
    let fetches = ids.iter().map(|id| async move {
        let customer = Customer::fetch_at(ctx, None, CustomerKey::Id(id.clone()), parts).await?;
        // An erased customer is left out, a merged one is shown as the customer it was merged into.
        Ok::<_, Error>(customer.map(|customer| (id.clone(), customer)))
    });
    let customers = futures_util::future::try_join_all(fetches).await?;
    let page = Page { items: customers.into_iter().flatten().collect(), more };
    let total = Total::Reached(people.all().len() as i64, count_hidden(ctx, scoped, question).await?);
    let cursor = |(id, _): &(CustomerId, Customer)| AfterCustomer(id.clone());
    let connection = Connection::forward(&list, page, after.is_some(), total, cursor, |(_, customer)| customer);
    Ok(connection.reaching(ids.last().map(|id| list.place(&AfterCustomer(id.clone())).encode())).into())
}

/// The number of customers of a figure whom the purpose of the request hides, when it is selected.
async fn count_hidden(ctx: &Context<'_>, scoped: &ScopedView, question: &Question) -> Result<i64, Error> {
    let selected = ctx.look_ahead().field("hiddenByConsent").exists();
    let Some(shown) = ctx.data_unchecked::<Viewer>().shown().filter(|_| selected) else { return Ok(0) };
    let answer = scoped.answer_of_everybody(question).await?;
    let Answer::Customers(people) = &*answer else { return Err(wrong_answer()) };
    shown.count_hidden(people.all(), None).await.map_err(store_error)
}

/// The length of the id, then each seven bytes as a number.
impl Cursor for AfterCustomer {
    const LIST: &'static str = "people";

    fn numbers(&self) -> Vec<i64> {
        let bytes = self.0.0.as_bytes();
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte));
        std::iter::once(bytes.len() as i64).chain(bytes.chunks(7).map(number)).collect()
    }

    fn from_numbers(numbers: &[i64]) -> Option<Self> {
        let (length, numbers) = numbers.split_first()?;
        let length = usize::try_from(*length).ok().filter(|length| length.div_ceil(7) == numbers.len())?;
        let mut bytes = Vec::with_capacity(length);
        for number in numbers {
            let count = (length - bytes.len()).min(7);
            bytes.extend(&number.to_be_bytes()[8 - count..]);
        }
        String::from_utf8(bytes).ok().map(|id| AfterCustomer(CustomerId(id.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_carries_any_id() {
        for id in ["0194a7b0-5a3e-7c55-9a06-0123456789ab", "c", "seven-7", "12345678"] {
            let numbers = AfterCustomer(CustomerId(id.into())).numbers();
            assert_eq!(AfterCustomer::from_numbers(&numbers).map(|after| after.0.0.to_string()).as_deref(), Some(id));
        }
        assert!(AfterCustomer::from_numbers(&[]).is_none() && AfterCustomer::from_numbers(&[9, 1]).is_none());
        assert!(AfterCustomer::from_numbers(&[i64::MAX, 1]).is_none());
    }
}
