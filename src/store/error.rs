//! The errors of a store.

/// An error of a store, by its cause. Its text never has data about a person. It has no `source`: the text of a
/// driver's error can contain a person's value, and logs print sources.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, or refuses the connection: try again later.
    #[error("the store is away: {0}")]
    Away(String),
    /// The store answered too late.
    #[error("the store took longer than {0} s")]
    Timeout(u64),
    /// Another write was in conflict (a deadlock, a lock wait): the same call again may succeed.
    #[error("the store was busy: {0}")]
    Busy(String),
    /// A row was removed during the read: the same read again finds the present rows.
    #[error("something was removed while it was read: {0}")]
    Removed(String),
    /// The store refuses these values. In a batch, the values of one event can cause this.
    #[error("the store refused: {0}")]
    Refused(String),
    /// The disk is full: nothing of the write was stored, and a person must make space.
    #[error("the store is full: {0}")]
    Full(String),
    /// The store is read-only: a person must act.
    #[error("the store is read-only: {0}")]
    ReadOnly(String),
    /// The stored data is inconsistent, or a newer version wrote it.
    #[error("the store's data: {0}")]
    Data(String),
    /// The setup or the call cannot work: a person must act.
    #[error("{0}")]
    Setup(String),
    /// A question has an order number without a source, and several sources use this number.
    #[error("several sources have an order of that number: name the source")]
    AmbiguousOrder,
    /// The rules of the call are not the newest: read the newest and call again.
    #[error("the rules were saved anew as version {0}")]
    RulesChanged(i64),
    /// The work for the answer is above the limit.
    #[error("{looked_at} links were looked at, and there are more")]
    TooMuch {
        /// The work done so far.
        looked_at: usize,
        /// The limit.
        most: usize,
    },
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Away(_) | StoreError::Timeout(_) | StoreError::Busy(_) | StoreError::Removed(_))
    }

    /// Whether writes are impossible until a person acts, while reads still work.
    pub fn stops_writes(&self) -> bool {
        matches!(self, StoreError::Full(_) | StoreError::ReadOnly(_))
    }
}

/// The result of a store operation.
pub type Result<T> = std::result::Result<T, StoreError>;
