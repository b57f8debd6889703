//! An error in an argument nulls its own field, not the parent, when the field is nullable.
//!
//! async-graphql reads an argument when its field is resolved, and passes an error to the field's parent even when the
//! field is nullable: one invalid duration removes all other answers. This extension keeps the error at the field. It
//! costs time for every field, so it is used for operations that must run once, and for a query that had such an error.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo};
use async_graphql::{Response, ServerError, ServerResult, Value};
use async_trait::async_trait;

/// Keeps an error at its own field when the field is nullable.
pub(super) struct NullOnError;

impl ExtensionFactory for NullOnError {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(FieldErrors::default())
    }
}

/// The errors of the fields that became null.
#[derive(Default)]
pub(super) struct FieldErrors(Mutex<Vec<ServerError>>);

impl FieldErrors {
    /// The value of a field. An error of a nullable field is kept here, and the field is null.
    pub(super) fn keep(&self, nullable: bool, resolved: ServerResult<Option<Value>>) -> ServerResult<Option<Value>> {
        match resolved {
            Err(error) if nullable => {
                self.errors().push(error);
                Ok(None)
            }
            other => other,
        }
    }

    /// Moves the errors to the response.
    pub(super) fn add_to(&self, response: &mut Response) {
        response.errors.append(&mut self.errors());
    }

    fn errors(&self) -> std::sync::MutexGuard<'_, Vec<ServerError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a field of this type may be null.
pub(super) fn is_nullable(info: &ResolveInfo<'_>) -> bool {
    !info.return_type.ends_with('!')
}

#[async_trait]
impl Extension for FieldErrors {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let nullable = is_nullable(&info);
        self.keep(nullable, next.run(ctx, info).await)
    }

    async fn execute(&self, ctx: &ExtensionContext<'_>, name: Option<&str>, next: NextExecute<'_>) -> Response {
        let mut response = next.run(ctx, name).await;
        self.add_to(&mut response);
        response
    }
}
