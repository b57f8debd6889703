//! What can go wrong in a store.

/// A fault of a store, told apart by whose it is. Nothing of a person is ever in its text, and it has no `source`:
/// the text of a driver's error can quote a person's value, and logs print sources.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, or refuses the connection: try again later.
    #[error("the store is away: {0}")]
    Away(String),
    /// It answered too late.
    #[error("the store took longer than {0} s")]
    Timeout(u64),
    /// Another write was in the way (a deadlock, a lock wait): the same again may succeed.
    #[error("the store was busy: {0}")]
    Busy(String),
    /// A row was removed while it was read: the same read again finds what is stored now.
    #[error("something was removed while it was read: {0}")]
    Removed(String),
    /// The store will not take these values; in a batch, some event is guilty.
    #[error("the store refused: {0}")]
    Refused(String),
    /// The disk is full: nothing of the write was stored, and a person must make space.
    #[error("the store is full: {0}")]
    Full(String),
    /// The store can be read and not written to: a person must act.
    #[error("the store is read-only: {0}")]
    ReadOnly(String),
    /// What is stored contradicts itself or was made by a newer version.
    #[error("the store's data: {0}")]
    Data(String),
    /// It was set up or called in a way that cannot work: a person must act.
    #[error("{0}")]
    Setup(String),
    /// An order number that several sources share was asked for without its source.
    #[error("several sources have an order of that number: name the source")]
    AmbiguousOrder,
    /// Others rules have been saved than it was asked to go by: read them and call again.
    #[error("the rules were saved anew as version {0}")]
    RulesChanged(i64),
    /// It would have to look at more than it may.
    #[error("{looked_at} links were looked at, and there are more")]
    TooMuch {
        /// How much it looked at.
        looked_at: usize,
        /// How much it may.
        most: usize,
    },
}

impl StoreError {
    /// Whether the same call may succeed when it is made again.
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Away(_) | StoreError::Timeout(_) | StoreError::Busy(_) | StoreError::Removed(_))
    }

    /// Whether no write can be stored until a person has acted, while reads go on.
    pub fn stops_writes(&self) -> bool {
        matches!(self, StoreError::Full(_) | StoreError::ReadOnly(_))
    }
}

/// What a store answers.
pub type Result<T> = std::result::Result<T, StoreError>;
