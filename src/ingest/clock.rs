//! The time of day, as a parameter.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::Timestamp;

/// Gives the present time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's clock.
pub fn system() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).min(Timestamp::MAX)
    })
}
