//! A cache of recent answers. An answer is valid until the next change.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The maximum number of entries.
const CAPACITY: usize = 64;

/// The entries, the most recently used last.
#[derive(Default)]
pub(super) struct Cache(Mutex<VecDeque<CacheEntry>>);

struct CacheEntry {
    question: Arc<str>,
    change: i64,
    answer: Arc<dyn Any + Send + Sync>,
}

impl Cache {
    /// The answer to a question as of a change.
    pub(super) fn get<A: Send + Sync + 'static>(&self, question: &str, change: i64) -> Option<Arc<A>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = entries.iter().position(|entry| entry.change == change && *entry.question == *question)?;
        let found = entries.remove(place)?;
        let answer = found.answer.clone().downcast().ok();
        entries.push_back(found);
        answer
    }

    /// Adds an answer, and removes those of older changes.
    pub(super) fn insert<A: Send + Sync + 'static>(&self, question: &str, change: i64, answer: &Arc<A>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.change >= change && !(entry.change == change && *entry.question == *question));
        if entries.len() >= CAPACITY {
            entries.pop_front();
        }
        entries.push_back(CacheEntry { question: question.into(), change, answer: answer.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_until_something_changes() {
        let cache = Cache::default();
        cache.insert("a", 7, &Arc::new(1_u8));
        cache.insert("b", 7, &Arc::new(2_u8));
        assert_eq!(cache.get::<u8>("a", 7).as_deref(), Some(&1));
        assert_eq!(cache.get::<u8>("a", 8), None);
        cache.insert("a", 8, &Arc::new(3_u8));
        assert_eq!((cache.get::<u8>("b", 7), cache.get::<u8>("a", 8).as_deref()), (None, Some(&3)));
        assert_eq!(cache.get::<u16>("a", 8), None, "of another kind");
    }

    #[test]
    fn the_least_recently_used_answer_is_removed_first() {
        let cache = Cache::default();
        cache.insert("used", 1, &Arc::new(0_usize));
        for n in 0..2 * CAPACITY {
            assert!(cache.get::<usize>("used", 1).is_some());
            cache.insert(&n.to_string(), 1, &Arc::new(n));
        }
        assert_eq!(cache.get::<usize>("0", 1), None);
        assert_eq!(cache.0.lock().expect("a lock").len(), CAPACITY);
    }
}
