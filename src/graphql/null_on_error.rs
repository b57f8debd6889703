//! A nullable field whose argument cannot be read is null by itself.
//!
//! async-graphql reads an argument when its field is resolved, and what it cannot read goes to the field's
//! parent, whatever the field's type: one wrong duration takes the answers beside it. This puts that right, at
//! the cost of a look at each field; so it is for what runs once, and for a query that met such an argument.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo};
use async_graphql::{Response, ServerError, ServerResult, Value};
use async_trait::async_trait;

/// Makes nullable fields null by themselves.
pub(super) struct Alone;

impl ExtensionFactory for Alone {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Failed::default())
    }
}

/// What fields failed with that are null now.
#[derive(Default)]
struct Failed(Mutex<Vec<ServerError>>);

impl Failed {
    fn errors(&self) -> std::sync::MutexGuard<'_, Vec<ServerError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Extension for Failed {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let nullable = !info.return_type.ends_with('!');
        match next.run(ctx, info).await {
            Err(error) if nullable => {
                self.errors().push(error);
                Ok(None)
            }
            other => other,
        }
    }

    async fn execute(&self, ctx: &ExtensionContext<'_>, name: Option<&str>, next: NextExecute<'_>) -> Response {
        let mut response = next.run(ctx, name).await;
        response.errors.append(&mut self.errors());
        response
    }
}
