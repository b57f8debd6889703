//! Filters the change log by kind and by customer.
//!
//! A customer is followed along the log: the filter accepts a change of the customer that the id stood for at that
//! place of the log. The id of a merged customer stands for the customer it was merged into. An id that a split gives
//! back stands for itself again. So a later read of the log gives the same changes as a live subscription.

use crate::domain::change::{Change, ChangePlace};
use crate::domain::change_details::{ChangeDetails, ChangeKind};
use crate::domain::customer::CustomerId;
use crate::store::{Result, Store};

/// A filter for changes. A change must meet all its conditions.
#[derive(Clone, Debug, Default)]
pub struct ChangeFilter {
    kinds: Vec<ChangeKind>,
    followed: Option<FollowedCustomer>,
}

/// The requested id, then each customer it was merged into. The id stands for the last one.
#[derive(Clone, Debug)]
struct FollowedCustomer(Vec<CustomerId>);

impl ChangeFilter {
    /// Accepts changes of `kinds` (of all kinds when it is empty) that concern `customer` (any customer when it is
    /// `None`). The caller passes the changes after `after`, which is a place of the log. The answer is `None` when
    /// no customer ever had that id.
    pub async fn new(
        store: &dyn Store,
        kinds: Vec<ChangeKind>,
        customer: Option<CustomerId>,
        after: ChangePlace,
    ) -> Result<Option<Self>> {
        let Some(customer) = customer else { return Ok(Some(ChangeFilter { kinds, followed: None })) };
        // When `after` is in the middle of a batch, the filter reads that batch from its beginning.
        let begin = if after.is_behind_all() { after.seq } else { after.seq - 1 };
        let ids = store.became(&customer, begin).await?;
        if ids.is_empty() {
            return Ok(None);
        }
        let mut filter = ChangeFilter { kinds, followed: Some(FollowedCustomer(ids)) };
        if !after.is_behind_all() {
            let run = store.changes(ChangePlace::behind(begin), after.index as usize + 1).await?;
            run.changes.iter().for_each(|change| {
                filter.accepts(change);
            });
        }
        Ok(Some(filter))
    }

    /// Whether the filter accepts this change. The caller passes every change of the log, in order.
    pub fn accepts(&mut self, change: &Change) -> bool {
        if self.kinds.is_empty() && self.followed.is_none() {
            return true;
        }
        let details = change.details();
        let concerned = self.followed.as_mut().is_none_or(|followed| followed.is_concerned_by(&details));
        concerned && (self.kinds.is_empty() || self.kinds.contains(&details.kind))
    }

    /// Whether the filter accepts every change.
    pub fn is_all(&self) -> bool {
        self.kinds.is_empty() && self.followed.is_none()
    }
}

impl FollowedCustomer {
    fn is_concerned_by(&mut self, details: &ChangeDetails) -> bool {
        let FollowedCustomer(ids) = self;
        let names = |id: &CustomerId| details.customer.as_ref() == Some(id) || details.others.contains(id);
        let concerned = ids.last().is_some_and(names);
        match (details.kind, &details.customer) {
            (ChangeKind::CustomersMerged, Some(survivor)) if concerned && ids.last() != Some(survivor) => {
                ids.push(survivor.clone());
            }
            // The split gave back an id in this chain of merges: the followed id stands for that id again.
            (ChangeKind::CustomerSplit, _) if concerned => {
                if let Some(back) = ids.iter().position(|id| details.others.contains(id)) {
                    ids.truncate(back + 1);
                }
            }
            _ => {}
        }
        concerned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::change::ChangeEntry;

    fn id(name: &str) -> CustomerId {
        CustomerId(name.into())
    }

    fn change(entry: ChangeEntry) -> Change {
        Change { place: ChangePlace::BEGINNING, at: Timestamp(0), entry }
    }

    fn touched(customer: &str) -> Change {
        change(ChangeEntry::TouchpointRecorded { customer: Some(id(customer)), message: "m".into() })
    }

    fn merged(survivor: &str, other: &str) -> Change {
        change(ChangeEntry::CustomersMerged {
            customer: id(survivor),
            others: vec![id(other)],
            identifiers: Vec::new(),
            message: Some("m".into()),
            reason: None,
        })
    }

    fn following(asked: &str) -> ChangeFilter {
        ChangeFilter { kinds: Vec::new(), followed: Some(FollowedCustomer(vec![id(asked)])) }
    }

    #[test]
    fn an_id_that_is_merged_away_goes_on_as_what_it_became() {
        let mut filter = following("b");
        let log =
            [touched("a"), touched("b"), merged("a", "b"), touched("a"), merged("z", "a"), touched("z"), touched("y")];
        let taken: Vec<bool> = log.iter().map(|change| filter.accepts(change)).collect();
        assert_eq!(taken, [false, true, true, true, true, true, false]);
    }

    fn split(customer: &str, back: &str) -> Change {
        change(ChangeEntry::CustomerSplit {
            customer: id(customer),
            others: vec![id(back)],
            identifiers: Vec::new(),
            message: None,
            rule: "decision".into(),
            reason: None,
        })
    }

    #[test]
    fn an_id_that_a_split_gives_back_stands_for_itself_again() {
        let mut filter = following("c");
        let log = [merged("b", "c"), merged("a", "b"), touched("a"), split("a", "b"), touched("a"), touched("b")];
        let taken: Vec<bool> = log.iter().map(|change| filter.accepts(change)).collect();
        assert_eq!(taken, [true, true, true, true, false, true], "what it had become has its id back");
        let log = [split("b", "x"), touched("x"), split("b", "c"), touched("b"), touched("c")];
        let taken: Vec<bool> = log.iter().map(|change| filter.accepts(change)).collect();
        assert_eq!(taken, [true, false, true, false, true], "a new id that is split off is another");
    }

    #[test]
    fn what_the_absorbed_did_before_is_not_the_survivors() {
        let mut filter = following("a");
        let log = [touched("b"), merged("a", "b"), touched("a")];
        let taken: Vec<bool> = log.iter().map(|change| filter.accepts(change)).collect();
        assert_eq!(taken, [false, true, true]);
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let mut filter = following("a");
        filter.kinds = vec![ChangeKind::TouchpointRecorded];
        assert!(filter.accepts(&touched("a")) && !filter.accepts(&touched("b")) && !filter.accepts(&merged("a", "b")));
        let mut filter = ChangeFilter { kinds: vec![ChangeKind::CustomersMerged], followed: None };
        assert!(!filter.accepts(&touched("a")) && filter.accepts(&merged("a", "b")));
        assert!(ChangeFilter::default().accepts(&touched("a")));
    }
}
