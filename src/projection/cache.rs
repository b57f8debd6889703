//! Answers that were given lately. One is good for as long as nothing has changed.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many are kept.
const MOST: usize = 64;

/// The answers, the one that was wanted last at the end.
#[derive(Default)]
pub(super) struct Cache(Mutex<VecDeque<Kept>>);

struct Kept {
    question: Arc<str>,
    change: i64,
    answer: Arc<dyn Any + Send + Sync>,
}

impl Cache {
    /// The answer to a question as of a change.
    pub(super) fn find<A: Send + Sync + 'static>(&self, question: &str, change: i64) -> Option<Arc<A>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|kept| kept.change == change && *kept.question == *question)?;
        let found = kept.remove(place)?;
        let answer = found.answer.clone().downcast().ok();
        kept.push_back(found);
        answer
    }

    /// Keeps an answer, and forgets those of older changes.
    pub(super) fn keep<A: Send + Sync + 'static>(&self, question: &str, change: i64, answer: &Arc<A>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.change >= change && !(kept.change == change && *kept.question == *question));
        if kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back(Kept { question: question.into(), change, answer: answer.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_until_something_changes() {
        let cache = Cache::default();
        cache.keep("a", 7, &Arc::new(1_u8));
        cache.keep("b", 7, &Arc::new(2_u8));
        assert_eq!(cache.find::<u8>("a", 7).as_deref(), Some(&1));
        assert_eq!(cache.find::<u8>("a", 8), None);
        cache.keep("a", 8, &Arc::new(3_u8));
        assert_eq!((cache.find::<u8>("b", 7), cache.find::<u8>("a", 8).as_deref()), (None, Some(&3)));
        assert_eq!(cache.find::<u16>("a", 8), None, "of another kind");
    }

    #[test]
    fn those_that_nobody_wants_go_first() {
        let cache = Cache::default();
        cache.keep("wanted", 1, &Arc::new(0_usize));
        for n in 0..2 * MOST {
            assert!(cache.find::<usize>("wanted", 1).is_some());
            cache.keep(&n.to_string(), 1, &Arc::new(n));
        }
        assert_eq!(cache.find::<usize>("0", 1), None);
        assert_eq!(cache.0.lock().expect("a lock").len(), MOST);
    }
}
