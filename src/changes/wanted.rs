//! Which changes somebody wants to hear of: kinds, and one customer.
//!
//! A customer is followed along the log: what is told is what happened to the customer that the id
//! stood for *then*. An id that is merged away goes on as the customer it became, an id that a split
//! gives back stands for itself again. So a replay tells the same as those heard who listened live.

use crate::domain::change::{Change, ChangePlace};
use crate::domain::customer::CustomerId;
use crate::domain::told::{ChangeKind, Told};
use crate::store::{Result, Store};

/// What is wanted; all that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    kinds: Vec<ChangeKind>,
    followed: Option<Followed>,
}

/// The id that was asked for, then each customer it became; what it stands for is the last.
#[derive(Clone, Debug)]
struct Followed(Vec<CustomerId>);

impl Wanted {
    /// These kinds, all when there are none; of this customer, of everybody without one. The changes
    /// that follow will be those behind `after`, which is a place of the log. `None`: no customer ever
    /// had that id.
    pub async fn new(
        store: &dyn Store,
        kinds: Vec<ChangeKind>,
        customer: Option<CustomerId>,
        after: ChangePlace,
    ) -> Result<Option<Self>> {
        let Some(asked) = customer else { return Ok(Some(Wanted { kinds, followed: None })) };
        // A batch that is told in part is walked through from its beginning.
        let begin = if after.is_behind_all() { after.seq } else { after.seq - 1 };
        let way = store.became(&asked, begin).await?;
        if way.is_empty() {
            return Ok(None);
        }
        let mut wanted = Wanted { kinds, followed: Some(Followed(way)) };
        if !after.is_behind_all() {
            let run = store.changes(ChangePlace::behind(begin), after.index as usize + 1).await?;
            run.changes.iter().for_each(|change| {
                wanted.takes(change);
            });
        }
        Ok(Some(wanted))
    }

    /// Whether this change is wanted. Every change of the log is shown to this, in order.
    pub fn takes(&mut self, change: &Change) -> bool {
        if self.kinds.is_empty() && self.followed.is_none() {
            return true;
        }
        let told = change.told();
        let concerned = self.followed.as_mut().is_none_or(|followed| followed.is_concerned_by(&told));
        concerned && (self.kinds.is_empty() || self.kinds.contains(&told.kind))
    }

    /// Whether everything is wanted.
    pub fn is_all(&self) -> bool {
        self.kinds.is_empty() && self.followed.is_none()
    }
}

impl Followed {
    fn is_concerned_by(&mut self, told: &Told) -> bool {
        let Followed(way) = self;
        let names = |id: &CustomerId| told.customer.as_ref() == Some(id) || told.others.contains(id);
        let concerned = way.last().is_some_and(names);
        match (told.kind, &told.customer) {
            (ChangeKind::CustomersMerged, Some(survivor)) if concerned && way.last() != Some(survivor) => {
                way.push(survivor.clone());
            }
            // Whoever has an id back that this one had become, is what it stands for again.
            (ChangeKind::CustomerSplit, _) if concerned => {
                if let Some(back) = way.iter().position(|id| told.others.contains(id)) {
                    way.truncate(back + 1);
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
        change(ChangeEntry::TouchpointRecorded { c: Some(id(customer)), m: "m".into() })
    }

    fn merged(survivor: &str, other: &str) -> Change {
        let (c, o) = (id(survivor), vec![id(other)]);
        change(ChangeEntry::CustomersMerged { c, o, i: Vec::new(), m: Some("m".into()), w: None })
    }

    fn following(asked: &str) -> Wanted {
        Wanted { kinds: Vec::new(), followed: Some(Followed(vec![id(asked)])) }
    }

    #[test]
    fn an_id_that_is_merged_away_goes_on_as_what_it_became() {
        let mut wanted = following("b");
        let log =
            [touched("a"), touched("b"), merged("a", "b"), touched("a"), merged("z", "a"), touched("z"), touched("y")];
        let taken: Vec<bool> = log.iter().map(|change| wanted.takes(change)).collect();
        assert_eq!(taken, [false, true, true, true, true, true, false]);
    }

    fn split(customer: &str, back: &str) -> Change {
        let (c, o) = (id(customer), vec![id(back)]);
        change(ChangeEntry::CustomerSplit { c, o, i: Vec::new(), m: None, r: "decision".into(), w: None })
    }

    #[test]
    fn an_id_that_a_split_gives_back_stands_for_itself_again() {
        let mut wanted = following("c");
        let log = [merged("b", "c"), merged("a", "b"), touched("a"), split("a", "b"), touched("a"), touched("b")];
        let taken: Vec<bool> = log.iter().map(|change| wanted.takes(change)).collect();
        assert_eq!(taken, [true, true, true, true, false, true], "what it had become has its id back");
        let log = [split("b", "x"), touched("x"), split("b", "c"), touched("b"), touched("c")];
        let taken: Vec<bool> = log.iter().map(|change| wanted.takes(change)).collect();
        assert_eq!(taken, [true, false, true, false, true], "a new id that is split off is another");
    }

    #[test]
    fn what_the_absorbed_did_before_is_not_the_survivors() {
        let mut wanted = following("a");
        let log = [touched("b"), merged("a", "b"), touched("a")];
        let taken: Vec<bool> = log.iter().map(|change| wanted.takes(change)).collect();
        assert_eq!(taken, [false, true, true]);
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let mut wanted = following("a");
        wanted.kinds = vec![ChangeKind::TouchpointRecorded];
        assert!(wanted.takes(&touched("a")) && !wanted.takes(&touched("b")) && !wanted.takes(&merged("a", "b")));
        let mut wanted = Wanted { kinds: vec![ChangeKind::CustomersMerged], followed: None };
        assert!(!wanted.takes(&touched("a")) && wanted.takes(&merged("a", "b")));
        assert!(Wanted::default().takes(&touched("a")));
    }
}
